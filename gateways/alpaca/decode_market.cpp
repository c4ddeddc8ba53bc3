#include "gateways/alpaca/decode_market.hpp"

#include <charconv>

#include <boost/json.hpp>

#include "gateways/alpaca/decode_hot.hpp"
#include "gateways/alpaca/read.hpp"

namespace busbar::alpaca {

namespace {

// 0 for a time that says not where: a price is one without it.
Timestamp time_or_none(Reader& reader) { return gateway::parse_utc(text_or_empty(reader, "t")).value_or(0); }

std::optional<std::int64_t> count_of(Reader& reader, std::string_view what, std::string_view member,
                                     Complaint& complaint) {
  const auto text = reader.maybe_text(member);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error == std::errc{} && end == text->data() + text->size()) return number;
  complaint.add(what, member, "no whole number of 64 bits");
  return std::nullopt;
}

MarketTrade read_trade(const json::object& object, Complaint& complaint) {
  Reader reader{object, "trade", complaint};
  return {.symbol = text_or_empty(reader, "S"),
          .id = text_or_empty(reader, "i"),
          .price = reader.decimal("p"),
          .size = reader.decimal("s"),
          .exchange = text_or_empty(reader, "x"),
          .tape = text_or_empty(reader, "z"),
          .taker_side = text_or_empty(reader, "tks"),
          .conditions = texts_of(object, "trade", "c", complaint),
          .time = time_or_none(reader)};
}

MarketQuote read_quote(const json::object& object, Complaint& complaint) {
  Reader reader{object, "quote", complaint};
  return {.symbol = text_or_empty(reader, "S"),
          .bid = reader.maybe_amount("bp"),
          .bid_size = reader.maybe_amount("bs"),
          .ask = reader.maybe_amount("ap"),
          .ask_size = reader.maybe_amount("as"),
          .conditions = texts_of(object, "quote", "c", complaint),
          .time = time_or_none(reader)};
}

MarketBar read_bar(const json::object& object, Complaint& complaint) {
  Reader reader{object, "bar", complaint};
  MarketBar bar;
  bar.symbol = text_or_empty(reader, "S");
  bar.open = reader.decimal("o");
  bar.high = reader.decimal("h");
  bar.low = reader.decimal("l");
  bar.close = reader.decimal("c");
  const auto volume = reader.maybe_cut("v");
  if (!volume) complaint.add("bar", "v", "missing");
  bar.volume = volume.value_or(Decimal{});
  bar.trade_count = count_of(reader, "bar", "n", complaint);
  static_cast<void>(reader.maybe_cut("vw"));  // a complaint, if it is no number
  bar.vwap = text_or_empty(reader, "vw");
  bar.time = time_or_none(reader);
  if (!reader.has("t")) complaint.add("bar", "t", "missing");
  return bar;
}

std::vector<BookLevel> read_levels(Reader& reader, std::string_view member, Complaint& complaint) {
  const json::array* levels = list_of(reader, member);
  if (levels == nullptr) return {};
  return read_each(*levels, member, complaint, all_max, [&](const json::object& level) {
    Reader one{level, member, complaint};
    BookLevel read{.price = one.decimal("p"), .qty = one.decimal("s")};
    if (read.qty.is_negative()) complaint.add(member, "s", "below zero");
    return read;
  });
}

MarketBook read_book(const json::object& object, Complaint& complaint) {
  Reader reader{object, "orderbook", complaint};
  return {.symbol = text_or_empty(reader, "S"),
          .is_whole = flag_of(reader, "r").value_or(false),
          .bids = read_levels(reader, "b", complaint),
          .asks = read_levels(reader, "a", complaint),
          .time = time_or_none(reader)};
}

// ---- Answers of REST

template <class T>
using ReadOne = T (*)(const json::object& object, Complaint& complaint);

// What an answer has of one symbol: a list, the latest alone, or nothing.
template <class T>
void read_of_symbol(std::string_view symbol, const json::value& value, std::string_view what, ReadOne<T> read,
                    std::vector<T>& into, Complaint& complaint) {
  const auto take = [&](const json::object& object) {
    into.push_back(read(object, complaint));
    into.back().symbol = symbol;
  };
  if (const json::object* one = value.if_object()) {
    take(*one);
  } else if (const json::array* list = value.if_array()) {
    for (const json::value& element : *list) {
      if (element.is_object() && into.size() < all_max) {
        take(element.get_object());
      } else {
        return complaint.add(what, symbol, element.is_object() ? "too many elements" : "an element that is no object");
      }
    }
  } else if (!value.is_null()) {
    complaint.add_type(what, symbol, value, "an array");
  }
}

// {"bars":{"AAPL":[...],...}}, {"bars":{"AAPL":{...}}}; of one symbol {"symbol":"AAPL","bars":[...]}, and with the latest
// alone {"symbol":"AAPL","bar":{...}}.
template <class T>
Result<Page<T>> read_page(std::string_view body, std::string_view many, std::string_view one, ReadOne<T> read) {
  return read_one(parse_body(body, 64u << 20), many, [&](const json::object& object, Complaint& complaint) {
    Reader reader{object, many, complaint};
    Page<T> page;
    page.symbol = text_or_empty(reader, "symbol");
    page.next_page_token = long_text(object, "next_page_token", 1u << 16);
    const json::value* all = object.if_contains(many);
    const json::value* latest = object.if_contains(one);
    if (latest != nullptr) {
      read_of_symbol(page.symbol, *latest, one, read, page.elements, complaint);
    } else if (all == nullptr) {
      complaint.add("answer", many, "missing");
    } else if (all->is_object()) {
      for (const auto& member : all->get_object()) {
        read_of_symbol(member.key(), member.value(), many, read, page.elements, complaint);
      }
    } else {
      read_of_symbol(page.symbol, *all, many, read, page.elements, complaint);
    }
    return page;
  });
}

template <class T>
std::optional<T> maybe_one(Reader& reader, std::string_view member, std::string_view symbol, ReadOne<T> read,
                           Complaint& complaint) {
  const json::object* object = object_of(reader, member);
  if (object == nullptr) return std::nullopt;
  T one = read(*object, complaint);
  one.symbol = symbol;
  return one;
}

Snapshot read_snapshot(std::string_view symbol, const json::object& object, Complaint& complaint) {
  Reader reader{object, "snapshot", complaint};
  return {.symbol = std::string{symbol},
          .last = maybe_one(reader, "latestTrade", symbol, read_trade, complaint),
          .quote = maybe_one(reader, "latestQuote", symbol, read_quote, complaint),
          .minute_bar = maybe_one(reader, "minuteBar", symbol, read_bar, complaint),
          .daily_bar = maybe_one(reader, "dailyBar", symbol, read_bar, complaint),
          .prev_daily_bar = maybe_one(reader, "prevDailyBar", symbol, read_bar, complaint)};
}

// ---- The stream

// On the stream each says whose it is.
template <class T>
T of_symbol(T read, std::string_view what, Complaint& complaint) {
  if (read.symbol.empty()) complaint.add(what, "S", "missing");
  return read;
}

DataMessage read_data(const json::object& object, Complaint& complaint) {
  Reader reader{object, "message", complaint};
  const std::string type = reader.text("T");
  if (type == "t") return of_symbol(read_trade(object, complaint), "trade", complaint);
  if (type == "q") return of_symbol(read_quote(object, complaint), "quote", complaint);
  if (type == "b" || type == "u" || type == "d") {
    MarketBar bar = of_symbol(read_bar(object, complaint), "bar", complaint);
    bar.kind = type;
    return bar;
  }
  if (type == "o") return of_symbol(read_book(object, complaint), "orderbook", complaint);
  if (type == "s") {
    Reader status{object, "status", complaint};
    return SymbolStatus{.symbol = status.text("S"),
                        .status_code = status.text("sc"),
                        .status_message = long_text(object, "sm"),
                        .reason_code = text_or_empty(status, "rc"),
                        .time = time_or_none(status)};
  }
  if (type == "success") return Success{long_text(object, "msg")};
  if (type == "error") {
    return StreamError{.code = count_of(reader, "error", "code", complaint).value_or(0),
                       .message = long_text(object, "msg")};
  }
  if (type == "subscription") {
    Subscribed subscribed;
    for (const auto& member : object) {
      if (member.key() == "T") continue;
      const std::string_view channel = member.key();
      subscribed.symbols.emplace_back(channel, texts_of(object, "subscription", channel, complaint));
    }
    return subscribed;
  }
  return OtherData{type};
}

}  // namespace

Result<Page<MarketBar>> decode_bars(std::string_view body) { return read_page(body, "bars", "bar", read_bar); }
Result<Page<MarketQuote>> decode_quotes(std::string_view body) {
  return read_page(body, "quotes", "quote", read_quote);
}
Result<Page<MarketTrade>> decode_trades(std::string_view body) {
  return read_page(body, "trades", "trade", read_trade);
}

Result<std::vector<Snapshot>> decode_snapshots(std::string_view body) {
  return read_one(parse_body(body, 64u << 20), "snapshots", [](const json::object& object, Complaint& complaint) {
    std::vector<Snapshot> snapshots;
    if (const json::value* symbol = object.if_contains("symbol"); symbol != nullptr && symbol->is_string()) {
      snapshots.push_back(read_snapshot(symbol->get_string(), object, complaint));
      return snapshots;
    }
    Reader reader{object, "answer", complaint};
    const json::object* wrapped = object_of(reader, "snapshots");
    for (const auto& member : wrapped == nullptr ? object : *wrapped) {
      if (const json::object* one = member.value().if_object()) {
        snapshots.push_back(read_snapshot(member.key(), *one, complaint));
      } else if (!member.value().is_null() && member.key() != "next_page_token") {
        complaint.add_type("snapshots", member.key(), member.value(), "an object");
      }
    }
    return snapshots;
  });
}

Result<std::vector<MarketBook>> decode_order_books(std::string_view body) {
  auto page = read_page(body, "orderbooks", "orderbook", read_book);
  if (!page) return page.error();
  for (MarketBook& book : page->elements) book.is_whole = true;
  return std::move(page->elements);
}

Result<std::vector<DataMessage>> decode_data(std::string_view frame) {
  if (std::vector<DataMessage> messages; read_hot(frame, messages)) return messages;
  auto value = parse_frame(frame);
  if (value && value->is_object()) value = json::value(json::array(1, std::move(*value)));
  return read_list(value, "message", read_data);
}

}  // namespace busbar::alpaca
