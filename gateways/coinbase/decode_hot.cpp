#include "gateways/coinbase/decode_hot.hpp"

#include "gateways/framework/hot_json.hpp"
#include "gateways/framework/utc.hpp"

namespace busbar::coinbase {

namespace {

using hot::element;
using hot::member;
using hot::object;

bool read_level(const object& from, Level2Update& update) {
  std::string_view side;
  const bool is_whole = hot::read_members(from, 0b111, [&](std::string_view name, const element& value) {
    if (name == "side") return member(1, value, side);
    if (name == "price_level") return member(2, value, update.level.price);
    if (name == "new_quantity") return member(4, value, update.level.qty);
    return 0;
  });
  update.is_bid = side == "bid";
  return is_whole && (update.is_bid || side == "offer") && !update.level.qty.is_negative();
}

bool read_ticker(const object& from, TickerUpdate& ticker) {
  return hot::read_members(from, 0b11, [&](std::string_view name, const element& value) {
    if (name == "product_id") return member(1, value, ticker.product_id);
    if (name == "price") return member(2, value, ticker.price);
    if (name == "volume_24_h") return member(0, value, ticker.volume_24_h);
    if (name == "low_24_h") return member(0, value, ticker.low_24_h);
    if (name == "high_24_h") return member(0, value, ticker.high_24_h);
    if (name == "best_bid") return member(0, value, ticker.best_bid);
    if (name == "best_bid_quantity") return member(0, value, ticker.best_bid_quantity);
    if (name == "best_ask") return member(0, value, ticker.best_ask);
    if (name == "best_ask_quantity") return member(0, value, ticker.best_ask_quantity);
    if (name == "price_percent_chg_24_h") return member(0, value, ticker.percent_24_h);
    return 0;
  });
}

bool read_trade(const object& from, MarketTrade& trade) {
  return hot::read_members(from, 0b11111, [&](std::string_view name, const element& value) {
    if (name == "trade_id") return member(1, value, trade.trade_id);
    if (name == "product_id") return member(2, value, trade.product_id);
    if (name == "price") return member(4, value, trade.price);
    if (name == "size") return member(8, value, trade.size);
    if (name == "time") return member(16, value, trade.time);
    if (name == "side") return member(0, value, trade.side);
    return 0;
  });
}

template <class T, class Read>
bool read_list(const element& value, std::size_t most, std::vector<T>& list, Read read_one) {
  hot::array elements;
  if (value.get(elements) != simdjson::SUCCESS || elements.size() > most) return false;
  list.clear();
  list.reserve(elements.size());
  for (const element each : elements) {
    object from;
    if (each.get(from) != simdjson::SUCCESS || !read_one(from, list.emplace_back())) return false;
  }
  return true;
}

// A list of one channel's things under one name; `product_id` where the channel has it beside them.
template <class T, class Read>
bool read_event(const object& from, std::string_view list_name, std::size_t most, std::string& type,
                std::string* product_id, std::vector<T>& list, Read read_one) {
  const unsigned needed = product_id != nullptr ? 0b11 : 0b01;
  return hot::read_members(from, needed, [&](std::string_view name, const element& value) {
    if (name == "type") return member(0, value, type);
    if (name == "product_id" && product_id != nullptr) return member(2, value, *product_id);
    if (name == list_name) return read_list(value, most, list, read_one) ? 1 : -1;
    return 0;
  });
}

bool read_events(const element& value, Frame& frame) {
  constexpr std::size_t things_max = 20'000;
  hot::array events;
  if (value.get(events) != simdjson::SUCCESS || events.size() > hot::list_max) return false;
  frame.events.reserve(events.size());
  for (const element each : events) {
    object from;
    if (each.get(from) != simdjson::SUCCESS) return false;
    bool is_read = false;
    if (frame.channel == "l2_data") {
      auto& event = frame.events.emplace_back().emplace<Level2Event>();
      is_read = read_event(from, "updates", levels_max, event.type, &event.product_id, event.updates, read_level);
    } else if (frame.channel == "market_trades") {
      auto& event = frame.events.emplace_back().emplace<TradesEvent>();
      is_read = read_event(from, "trades", things_max, event.type, nullptr, event.trades, read_trade);
    } else if (frame.channel == "ticker" || frame.channel == "ticker_batch") {
      auto& event = frame.events.emplace_back().emplace<TickerEvent>();
      is_read = read_event(from, "tickers", things_max, event.type, nullptr, event.tickers, read_ticker);
    }
    if (!is_read) return false;
  }
  return true;
}

}  // namespace

bool read_hot(std::string_view text, Frame& frame) {
  const auto root = hot::parse(text);
  object outer;
  element channel, events;
  if (!root || root->get(outer) != simdjson::SUCCESS) return false;
  if (outer.at_key("channel").get(channel) != simdjson::SUCCESS || !hot::read(channel, frame.channel)) return false;
  const bool is_whole = hot::read_members(outer, 0b11, [&](std::string_view name, const element& value) {
    if (name == "sequence_num") return member(1, value, frame.sequence_num);
    if (name == "events") return read_events(value, frame) ? 2 : -1;
    if (name == "timestamp") return member(0, value, frame.timestamp);
    if (name == "client_id") frame.has_client_id = true;
    return name == "type" ? -1 : 0;
  });
  constexpr std::int64_t most = 1LL << 53;
  if (!is_whole || *frame.sequence_num < 0 || *frame.sequence_num > most) return false;
  frame.time_ns = gateway::parse_utc(frame.timestamp).value_or(0);
  return true;
}

}  // namespace busbar::coinbase
