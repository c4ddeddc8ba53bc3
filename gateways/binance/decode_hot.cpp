#include "gateways/binance/decode_hot.hpp"

#include "gateways/framework/hot_json.hpp"

namespace busbar::binance {

namespace {

using hot::element;
using hot::member;
using hot::object;

// Names of one letter, which is how streams call most of what they say; 0 for longer ones.
char letter(std::string_view name) { return name.size() == 1 ? name.front() : '\0'; }

bool read_book_ticker(const object& data, BookTicker& ticker) {
  return hot::read_members(data, 0b111111, [&](std::string_view name, const element& value) {
    switch (letter(name)) {
      case 'u': return member(1, value, ticker.update_id);
      case 's': return member(2, value, ticker.symbol);
      case 'b': return member(4, value, ticker.bid);
      case 'B': return member(8, value, ticker.bid_qty);
      case 'a': return member(16, value, ticker.ask);
      case 'A': return member(32, value, ticker.ask_qty);
      default: return 0;
    }
  });
}

bool read_trade(const object& data, TradeEvent& trade) {
  return hot::read_members(data, 0b111111, [&](std::string_view name, const element& value) {
    switch (letter(name)) {
      case 's': return member(1, value, trade.symbol);
      case 't': return member(2, value, trade.trade_id);
      case 'p': return member(4, value, trade.price);
      case 'q': return member(8, value, trade.qty);
      case 'T': return member(16, value, trade.trade_time);
      case 'm': return member(32, value, trade.buyer_is_maker);
      default: return 0;
    }
  });
}

// [["4.00000000","431.00000000"],...]: price and quantity.
int read_levels(unsigned bit, const element& value, std::vector<BookLevel>& levels) {
  hot::array list;
  if (value.get(list) != simdjson::SUCCESS || list.size() > hot::list_max) return -1;
  levels.clear();
  levels.reserve(list.size());
  for (const element each : list) {
    hot::array pair;
    if (each.get(pair) != simdjson::SUCCESS) return -1;
    BookLevel& level = levels.emplace_back();
    auto at = pair.begin();
    if (!(at != pair.end()) || !hot::read(*at, level.price)) return -1;
    if (++at; !(at != pair.end()) || !hot::read(*at, level.qty) || level.qty.is_negative()) return -1;
  }
  return static_cast<int>(bit);
}

bool read_depth(const object& data, DepthUpdateEvent& update) {
  const bool is_whole = hot::read_members(data, 0b111111, [&](std::string_view name, const element& value) {
    switch (letter(name)) {
      case 's': return member(1, value, update.symbol);
      case 'E': return member(2, value, update.event_time);
      case 'U': return member(4, value, update.first_update_id);
      case 'u': return member(8, value, update.final_update_id);
      case 'b': return read_levels(16, value, update.bids);
      case 'a': return read_levels(32, value, update.asks);
      default: return 0;
    }
  });
  return is_whole && update.first_update_id >= 0 && update.final_update_id >= update.first_update_id;
}

bool read_data(const object& data, MarketFrame& frame) {
  element name;
  if (data.at_key("e").get(name) != simdjson::SUCCESS) {
    frame.name = "bookTicker";  // the one of the three that does not name itself
    return read_book_ticker(data, frame.what.emplace<BookTicker>());
  }
  if (!hot::read(name, frame.name)) return false;
  if (frame.name == "trade") return read_trade(data, frame.what.emplace<TradeEvent>());
  return frame.name == "depthUpdate" && read_depth(data, frame.what.emplace<DepthUpdateEvent>());
}

}  // namespace

bool read_hot(std::string_view text, MarketFrame& frame) {
  const auto root = hot::parse(text);
  object outer, data;
  if (!root || root->get(outer) != simdjson::SUCCESS) return false;
  element stream;
  if (outer.at_key("stream").get(stream) != simdjson::SUCCESS) return read_data(outer, frame);
  return hot::read(stream, frame.stream) && outer.at_key("data").get(data) == simdjson::SUCCESS && read_data(data, frame);
}

}  // namespace busbar::binance
