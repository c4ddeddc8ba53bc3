#include "gateways/coinbase/decode_market.hpp"

#include <charconv>

#include "gateways/coinbase/read.hpp"
#include "gateways/framework/utc.hpp"

namespace busbar::coinbase {

namespace {

std::vector<BookLevel> read_levels(Reader& reader, std::string_view member, Complaint& complaint) {
  const json::array* levels = list_of(reader, member);
  if (levels == nullptr) return {};
  return read_each(*levels, member, complaint, list_max, [&](const json::object& level) {
    Reader one{level, member, complaint};
    BookLevel read{.price = one.decimal("price"), .qty = one.decimal("size")};
    if (read.qty.is_negative()) complaint.add(member, "size", "below zero");
    return read;
  });
}

PriceBook read_book(const json::object& object, Complaint& complaint) {
  Reader reader{object, "pricebook", complaint};
  PriceBook book;
  book.product_id = reader.text("product_id");
  book.bids = read_levels(reader, "bids", complaint);
  book.asks = read_levels(reader, "asks", complaint);
  book.time_ns = gateway::parse_utc(text_or_empty(reader, "time")).value_or(0);
  return book;
}

}  // namespace

Candle read_candle(const json::object& object, Complaint& complaint) {
  Reader reader{object, "candle", complaint};
  Candle candle;
  const std::string start = reader.text("start");
  const auto [end, error] = std::from_chars(start.data(), start.data() + start.size(), candle.start_s);
  constexpr std::int64_t latest_s = 9'000'000'000;  // in the year 2255: what a Timestamp carries
  if (error != std::errc{} || end != start.data() + start.size() || candle.start_s < 0 || candle.start_s > latest_s) {
    complaint.add("candle", "start", "no time in seconds");
    candle.start_s = 0;
  }
  candle.open = reader.decimal("open");
  candle.high = reader.decimal("high");
  candle.low = reader.decimal("low");
  candle.close = reader.decimal("close");
  const auto volume = reader.maybe_cut("volume");
  if (!volume) complaint.add("candle", "volume", "missing");
  candle.volume = volume.value_or(Decimal{});
  candle.product_id = text_or_empty(reader, "product_id");
  return candle;
}

MarketTrade read_market_trade(const json::object& object, Complaint& complaint) {
  Reader reader{object, "trade", complaint};
  return {.trade_id = reader.text("trade_id"),
          .product_id = reader.text("product_id"),
          .price = reader.decimal("price"),
          .size = reader.decimal("size"),
          .side = text_or_empty(reader, "side"),
          .time = reader.text("time")};
}

Result<PriceBook> decode_product_book(std::string_view body) {
  const auto read = [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "answer", complaint};
    const json::object* book = object_of(reader, "pricebook");
    if (book == nullptr) {
      complaint.add("answer", "pricebook", "missing");
      return PriceBook{};
    }
    return read_book(*book, complaint);
  };
  return decode_object(body, "product_book", read, 32u << 20);
}

Result<std::vector<PriceBook>> decode_best_bid_ask(std::string_view body) {
  return decode_object(body, "best_bid_ask", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "answer", complaint};
    std::vector<PriceBook> books;
    if (const json::array* list = needed_list(reader, "answer", "pricebooks", complaint)) {
      books = read_each(*list, "pricebooks", complaint, list_max,
                        [&](const json::object& book) { return read_book(book, complaint); });
    }
    return books;
  });
}

Result<std::vector<Candle>> decode_candles(std::string_view body) {
  return decode_object(body, "candles", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "answer", complaint};
    std::vector<Candle> candles;
    if (const json::array* list = needed_list(reader, "answer", "candles", complaint)) {
      candles = read_each(*list, "candles", complaint, list_max,
                          [&](const json::object& candle) { return read_candle(candle, complaint); });
    }
    return candles;
  });
}

Result<MarketTrades> decode_market_trades(std::string_view body) {
  return decode_object(body, "trades", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "answer", complaint};
    MarketTrades said;
    if (const json::array* list = needed_list(reader, "answer", "trades", complaint)) {
      said.trades = read_each(*list, "trades", complaint, list_max,
                              [&](const json::object& trade) { return read_market_trade(trade, complaint); });
    }
    said.best_bid = reader.maybe_amount("best_bid");
    said.best_ask = reader.maybe_amount("best_ask");
    return said;
  });
}

}  // namespace busbar::coinbase
