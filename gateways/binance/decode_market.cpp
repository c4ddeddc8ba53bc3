#include "gateways/binance/decode_market.hpp"

#include "gateways/binance/decode_hot.hpp"
#include "gateways/binance/read.hpp"

namespace busbar::binance {

namespace {

PublicTrade read_public_trade(const json::object& object, Complaint& complaint) {
  Reader reader{object, "trade", complaint};
  return {.id = reader.integer("id"),
          .price = reader.decimal("price"),
          .qty = reader.decimal("qty"),
          .time = reader.integer("time"),
          .buyer_is_maker = reader.flag("isBuyerMaker")};
}

AggregateTrade read_aggregate_trade(const json::object& object, Complaint& complaint) {
  Reader reader{object, "aggTrade", complaint};
  return {.id = reader.integer("a"),
          .price = reader.decimal("p"),
          .qty = reader.decimal("q"),
          .first_trade_id = reader.integer("f"),
          .last_trade_id = reader.integer("l"),
          .time = reader.integer("T"),
          .buyer_is_maker = reader.maybe_flag("m")};
}

BookTicker read_rest_book_ticker(const json::object& object, Complaint& complaint) {
  Reader reader{object, "bookTicker", complaint};
  return {.symbol = reader.text("symbol"),
          .update_id = std::nullopt,
          .bid = reader.decimal("bidPrice"),
          .bid_qty = reader.decimal("bidQty"),
          .ask = reader.decimal("askPrice"),
          .ask_qty = reader.decimal("askQty")};
}

WindowTicker read_rest_ticker(const json::object& object, Complaint& complaint) {
  Reader reader{object, "ticker", complaint};
  return {.symbol = reader.text("symbol"),
          .open = reader.decimal("openPrice"),
          .high = reader.decimal("highPrice"),
          .low = reader.decimal("lowPrice"),
          .last = reader.decimal("lastPrice"),
          .volume = reader.decimal("volume"),
          .quote_volume = reader.total("quoteVolume"),
          .bid = reader.maybe_decimal("bidPrice"),
          .ask = reader.maybe_decimal("askPrice"),
          .open_time = reader.maybe_integer("openTime"),
          .close_time = reader.maybe_integer("closeTime")};
}

PriceTicker read_price_ticker(const json::object& object, Complaint& complaint) {
  Reader reader{object, "ticker", complaint};
  return {.symbol = reader.text("symbol"), .price = reader.decimal("price")};
}

DepthSnapshot read_depth(const json::object& object, Complaint& complaint) {
  DepthSnapshot depth;
  depth.last_update_id = Reader{object, "depth", complaint}.integer("lastUpdateId");
  if (depth.last_update_id < 0) complaint.add("depth", "lastUpdateId", "below zero");
  depth.bids = read_levels(object, "depth", "bids", complaint);
  depth.asks = read_levels(object, "depth", "asks", complaint);
  return depth;
}

// Twelve values without names: open time, open, high, low, close, volume, close time, quote volume, trades, and what
// takers bought.
Kline read_kline_row(const json::array& row, Complaint& complaint) {
  constexpr std::size_t read_values = 9;
  if (row.size() < read_values) {
    complaint.add("kline", "size", "less than " + std::to_string(read_values) + " values");
    return {};
  }
  const auto integer = [&](std::size_t at, std::string_view name) {
    return read_integer(row[at], "kline", name, complaint);
  };
  const auto decimal = [&](std::size_t at, std::string_view name) {
    return read_decimal(row[at], "kline", name, complaint);
  };
  return {.open_time = integer(0, "openTime"),
          .close_time = integer(6, "closeTime"),
          .open = decimal(1, "open"),
          .high = decimal(2, "high"),
          .low = decimal(3, "low"),
          .close = decimal(4, "close"),
          .volume = decimal(5, "volume"),
          .trades = integer(8, "trades")};
}

// ---- Streams

BookTicker read_book_ticker(const json::object& object, Complaint& complaint) {
  Reader reader{object, "bookTicker", complaint};
  return {.symbol = reader.text("s"),
          .update_id = reader.integer("u"),
          .bid = reader.decimal("b"),
          .bid_qty = reader.decimal("B"),
          .ask = reader.decimal("a"),
          .ask_qty = reader.decimal("A")};
}

TradeEvent read_trade_event(const json::object& object, Complaint& complaint) {
  Reader reader{object, "trade", complaint};
  return {.symbol = reader.text("s"),
          .trade_id = reader.integer("t"),
          .price = reader.decimal("p"),
          .qty = reader.decimal("q"),
          .trade_time = reader.integer("T"),
          .buyer_is_maker = reader.flag("m")};
}

AggregateTradeEvent read_aggregate_trade_event(const json::object& object, Complaint& complaint) {
  return {.symbol = Reader{object, "aggTrade", complaint}.text("s"), .trade = read_aggregate_trade(object, complaint)};
}

DepthUpdateEvent read_depth_update(const json::object& object, Complaint& complaint) {
  Reader reader{object, "depthUpdate", complaint};
  DepthUpdateEvent update{.symbol = reader.text("s"),
                          .event_time = reader.integer("E"),
                          .first_update_id = reader.integer("U"),
                          .final_update_id = reader.integer("u"),
                          .bids = read_levels(object, "depthUpdate", "b", complaint),
                          .asks = read_levels(object, "depthUpdate", "a", complaint)};
  if (update.first_update_id < 0 || update.final_update_id < update.first_update_id) {
    complaint.add("depthUpdate", "u", "before U, or U is below zero");
  }
  return update;
}

KlineEvent read_kline_event(const json::object& object, Complaint& complaint) {
  Reader outer{object, "kline", complaint};
  KlineEvent event;
  event.symbol = outer.text("s");
  event.event_time = outer.integer("E");
  const json::object* bar = outer.maybe_object("k");
  if (bar == nullptr) {
    complaint.add("kline", "k", "missing");
    return event;
  }
  Reader reader{*bar, "kline.k", complaint};
  event.interval = reader.text("i");
  event.is_closed = reader.flag("x");
  event.kline = {.open_time = reader.integer("t"),
                 .close_time = reader.integer("T"),
                 .open = reader.decimal("o"),
                 .high = reader.decimal("h"),
                 .low = reader.decimal("l"),
                 .close = reader.decimal("c"),
                 .volume = reader.decimal("v"),
                 .trades = reader.integer("n")};
  return event;
}

TickerEvent read_ticker_event(const json::object& object, bool is_mini, Complaint& complaint) {
  Reader reader{object, "ticker", complaint};
  TickerEvent event{.event_time = reader.integer("E"), .is_mini = is_mini, .ticker = {}};
  WindowTicker& ticker = event.ticker;
  ticker.symbol = reader.text("s");
  ticker.open = reader.decimal("o");
  ticker.high = reader.decimal("h");
  ticker.low = reader.decimal("l");
  ticker.last = reader.decimal("c");
  ticker.volume = reader.decimal("v");
  ticker.quote_volume = reader.total("q");
  if (is_mini) return event;
  ticker.bid = reader.maybe_decimal("b");
  ticker.ask = reader.maybe_decimal("a");
  ticker.open_time = reader.maybe_integer("O");
  ticker.close_time = reader.maybe_integer("C");
  return event;
}

AveragePriceEvent read_average_price_event(const json::object& object, Complaint& complaint) {
  Reader reader{object, "avgPrice", complaint};
  return {.symbol = reader.text("s"),
          .interval = reader.text("i"),
          .price = reader.decimal("w"),
          .last_trade_time = reader.integer("T")};
}

ControlResponse read_control_response(const json::object& object, Complaint& complaint) {
  ControlResponse response;
  if (const json::value* id = object.if_contains("id"); id != nullptr && id->is_int64()) response.id = id->get_int64();
  if (const json::value* error = object.if_contains("error"); error != nullptr && error->is_object()) {
    response.error = read_error(error->get_object(), complaint);
  } else if (object.contains("code")) {
    response.error = read_error(object, complaint);
  } else if (const json::value* result = object.if_contains("result")) {
    response.result = json::serialize(*result);
  }
  return response;
}

// The events that name themselves.
void read_named(const json::object& object, MarketFrame& market, Complaint& complaint) {
  const std::string& name = market.name;
  if (name == "trade") {
    market.what = read_trade_event(object, complaint);
  } else if (name == "aggTrade") {
    market.what = read_aggregate_trade_event(object, complaint);
  } else if (name == "depthUpdate") {
    market.what = read_depth_update(object, complaint);
  } else if (name == "kline") {
    market.what = read_kline_event(object, complaint);
  } else if (name == "24hrTicker" || name == "24hrMiniTicker") {
    market.what = read_ticker_event(object, name == "24hrMiniTicker", complaint);
  } else if (name == "avgPrice") {
    market.what = read_average_price_event(object, complaint);
  } else if (name == "serverShutdown") {
    market.what = ServerShutdownEvent{};
  } else {
    market.what = OtherMarketEvent{.name = name};
  }
}

void read_market_object(const json::object& object, MarketFrame& market, Complaint& complaint) {
  if (object.contains("e")) {
    market.name = Reader{object, "frame", complaint}.text("e");
    read_named(object, market, complaint);
  } else if (object.contains("u") && object.contains("b") && object.contains("a")) {
    market.name = "bookTicker";
    market.what = read_book_ticker(object, complaint);
  } else if (object.contains("lastUpdateId")) {
    market.name = "partialDepth";
    market.what = PartialDepthEvent{.depth = read_depth(object, complaint)};
  } else if (object.contains("result") || object.contains("error") || object.contains("code")) {
    market.what = read_control_response(object, complaint);
  }
}

// The streams of all symbols send arrays of one kind of event: tickers, or something we have no use for.
void read_market_array(const json::array& array, MarketFrame& market, Complaint& complaint) {
  std::vector<MarketFrame> events = read_each(array, "frame", complaint, all_max, [&](const json::object& object) {
    MarketFrame one;
    read_market_object(object, one, complaint);
    return one;
  });
  if (events.empty()) return;
  market.name = events.front().name;
  market.what = OtherMarketEvent{.name = market.name};
  std::vector<TickerEvent> tickers;
  for (MarketFrame& event : events) {
    auto* ticker = std::get_if<TickerEvent>(&event.what);
    if (ticker == nullptr) return;
    tickers.push_back(std::move(*ticker));
  }
  market.what = std::move(tickers);
}

void read_market(const json::value& value, MarketFrame& market, Complaint& complaint) {
  if (const json::array* array = value.if_array()) {
    read_market_array(*array, market, complaint);
  } else if (const json::object* object = value.if_object()) {
    read_market_object(*object, market, complaint);
  } else {
    complaint.add("frame", "data", "neither an object nor an array");
  }
}

Result<MarketFrame> read_market_frame(std::string_view frame) {
  MarketFrame market;
  const auto value = parse_json(frame);
  if (!value) return value.error();
  Complaint complaint;
  const json::object* object = value->if_object();
  if (object != nullptr && object->contains("stream")) {
    market.stream = Reader{*object, "frame", complaint}.text("stream");
    if (const json::value* data = object->if_contains("data")) {
      read_market(*data, market, complaint);
    } else {
      complaint.add("frame", "data", "missing");
    }
  } else if (object != nullptr && object->contains("event")) {  // serverShutdown, as the WebSocket API wraps it
    read_market(object->at("event"), market, complaint);
  } else {
    read_market(*value, market, complaint);
  }
  return answer(std::move(market), complaint);
}

}  // namespace

// [["4.00000000","431.00000000"],...]: price and quantity.
std::vector<BookLevel> read_levels(const json::object& object, std::string_view what, std::string_view member,
                                   Complaint& complaint) {
  std::vector<BookLevel> levels;
  const json::array* array = Reader{object, what, complaint}.maybe_array(member);
  if (array == nullptr) {
    complaint.add(what, member, "missing");
    return levels;
  }
  if (array->size() > list_max) {
    complaint.add(what, member, "more than " + std::to_string(list_max) + " levels");
    return levels;
  }
  levels.reserve(array->size());
  for (const json::value& value : *array) {
    const json::array* level = value.if_array();
    if (level == nullptr || level->size() < 2) {
      complaint.add(what, member, "a level that is no pair of price and quantity");
      return levels;
    }
    levels.push_back({.price = read_decimal((*level)[0], what, member, complaint),
                      .qty = read_decimal((*level)[1], what, member, complaint)});
    if (levels.back().qty.is_negative()) complaint.add(what, member, "a quantity below zero");
  }
  return levels;
}

Result<BookTicker> decode_book_ticker(std::string_view body) {
  return decode_object(body, "bookTicker", read_rest_book_ticker);
}

Result<std::vector<BookTicker>> decode_book_tickers(std::string_view body) {
  return decode_array(body, "bookTickers", read_rest_book_ticker, all_max);
}

Result<DepthSnapshot> decode_depth(std::string_view body) { return decode_object(body, "depth", read_depth); }

Result<std::vector<Kline>> decode_klines(std::string_view body) {
  const auto value = parse_json(body);
  if (!value) return value.error();
  const json::array* rows = value->if_array();
  if (rows == nullptr) return wrong_shape("klines", "no array");
  if (rows->size() > list_max) return wrong_shape("klines", "more than " + std::to_string(list_max) + " elements");
  Complaint complaint;
  std::vector<Kline> klines;
  klines.reserve(rows->size());
  for (const json::value& row : *rows) {
    if (!row.is_array()) return wrong_shape("klines.element", "no array");
    klines.push_back(read_kline_row(row.get_array(), complaint));
  }
  return answer(std::move(klines), complaint);
}

Result<WindowTicker> decode_ticker_24h(std::string_view body) {
  return decode_object(body, "ticker", read_rest_ticker);
}

Result<std::vector<WindowTicker>> decode_tickers_24h(std::string_view body) {
  return decode_array(body, "tickers", read_rest_ticker, all_max);
}

Result<PriceTicker> decode_price_ticker(std::string_view body) {
  return decode_object(body, "ticker", read_price_ticker);
}

Result<std::vector<PriceTicker>> decode_price_tickers(std::string_view body) {
  return decode_array(body, "tickers", read_price_ticker, all_max);
}

Result<std::vector<PublicTrade>> decode_recent_trades(std::string_view body) {
  return decode_array(body, "trades", read_public_trade);
}

Result<std::vector<AggregateTrade>> decode_aggregate_trades(std::string_view body) {
  return decode_array(body, "aggTrades", read_aggregate_trade);
}

Result<AveragePrice> decode_average_price(std::string_view body) {
  return decode_object(body, "avgPrice", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "avgPrice", complaint};
    return AveragePrice{.minutes = reader.integer("mins"), .price = reader.decimal("price")};
  });
}

Result<MarketFrame> decode_market_frame(std::string_view frame) {
  Result<MarketFrame> market{boost::system::in_place_value};  // read where it is wanted, and not moved there
  if (!read_hot(frame, *market)) market = read_market_frame(frame);
  return market;
}

}  // namespace busbar::binance
