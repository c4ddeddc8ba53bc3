#include "gateways/coinbase/decode_hot.hpp"

#include "gateways/framework/hot_json.hpp"
#include "gateways/framework/utc.hpp"

namespace busbar::coinbase {

namespace {

using hot::Cursor;
using hot::member;
using hot::MemberName;

int read_member(MemberName name, Cursor& from, Level2Update& update) {
  if (name == "side") {
    std::string_view side;
    const bool is_read = hot::read(from, side);
    update.is_bid = side == "bid";
    return member(1, is_read && (update.is_bid || side == "offer"));
  }
  if (name == "price_level") return member(2, from, update.level.price);
  if (name == "new_quantity") {
    return member(4, hot::read(from, update.level.qty) && !update.level.qty.is_negative());
  }
  return 0;
}

std::optional<Decimal>* amount_of(TickerUpdate& ticker, MemberName name) {
  if (name == "volume_24_h") return &ticker.volume_24_h;
  if (name == "low_24_h") return &ticker.low_24_h;
  if (name == "high_24_h") return &ticker.high_24_h;
  if (name == "best_bid") return &ticker.best_bid;
  if (name == "best_bid_quantity") return &ticker.best_bid_quantity;
  if (name == "best_ask") return &ticker.best_ask;
  if (name == "best_ask_quantity") return &ticker.best_ask_quantity;
  return nullptr;
}

int read_member(MemberName name, Cursor& from, TickerUpdate& ticker) {
  constexpr unsigned not_needed = 8;
  if (name == "product_id") return member(1, from, ticker.product_id);
  if (name == "price") return member(2, from, ticker.price);
  if (name == "price_percent_chg_24_h") return member(not_needed, from, ticker.percent_24_h);
  std::optional<Decimal>* const amount = amount_of(ticker, name);
  return amount == nullptr ? 0 : member(not_needed, from, *amount);
}

int read_member(MemberName name, Cursor& from, MarketTrade& trade) {
  if (name == "trade_id") return member(1, from, trade.trade_id);
  if (name == "product_id") return member(2, from, trade.product_id);
  if (name == "price") return member(4, from, trade.price);
  if (name == "size") return member(8, from, trade.size);
  if (name == "time") return member(16, from, trade.time);
  if (name == "side") return member(32, from, trade.side);
  return 0;
}

// The same in the order in which Coinbase writes them, where no name is looked for.
bool read_in_order(Cursor& from, Level2Update& update) {
  std::string_view time;
  update.is_bid = from.take_word(R"({"side":"bid","event_time":)");
  return (update.is_bid || from.take_word(R"({"side":"offer","event_time":)")) && hot::read(from, time) &&
         from.take_word(R"(,"price_level":)") && hot::read(from, update.level.price) &&
         from.take_word(R"(,"new_quantity":)") && hot::read(from, update.level.qty) && !update.level.qty.is_negative() &&
         from.take_word("}");
}

bool read_in_order(Cursor& from, TickerUpdate& ticker) {
  return from.take_word(R"({"type":"ticker","product_id":)") && hot::read(from, ticker.product_id) &&
         from.take_word(R"(,"price":)") && hot::read(from, ticker.price) &&
         from.take_word(R"(,"volume_24_h":)") && hot::read(from, ticker.volume_24_h) &&
         from.take_word(R"(,"low_24_h":)") && hot::read(from, ticker.low_24_h) &&
         from.take_word(R"(,"high_24_h":)") && hot::read(from, ticker.high_24_h) &&
         from.take_word(R"(,"low_52_w":)") && from.skip_value() &&
         from.take_word(R"(,"high_52_w":)") && from.skip_value() &&
         from.take_word(R"(,"price_percent_chg_24_h":)") && hot::read(from, ticker.percent_24_h) &&
         from.take_word(R"(,"best_bid":)") && hot::read(from, ticker.best_bid) &&
         from.take_word(R"(,"best_bid_quantity":)") && hot::read(from, ticker.best_bid_quantity) &&
         from.take_word(R"(,"best_ask":)") && hot::read(from, ticker.best_ask) &&
         from.take_word(R"(,"best_ask_quantity":)") && hot::read(from, ticker.best_ask_quantity) && from.take_word("}");
}

bool read_in_order(Cursor& from, MarketTrade& trade) {
  return from.take_word(R"({"trade_id":)") && hot::read(from, trade.trade_id) &&
         from.take_word(R"(,"product_id":)") && hot::read(from, trade.product_id) &&
         from.take_word(R"(,"price":)") && hot::read(from, trade.price) &&
         from.take_word(R"(,"size":)") && hot::read(from, trade.size) &&
         from.take_word(R"(,"side":)") && hot::read(from, trade.side) &&
         from.take_word(R"(,"time":)") && hot::read(from, trade.time) && from.take_word("}");
}

// A list of one channel's things under one name; `product_id` where the channel has it beside them. Of a thing, the members
// that are `needed` must be there.
template <class T, std::size_t N>
bool read_event(Cursor& from, const char (&list_name)[N], std::size_t most, unsigned needed, std::string& type,
                std::string* product_id, std::vector<T>& list) {
  const auto read_one = [needed](Cursor& each, T& one) {
    const Cursor begin = each;
    if (read_in_order(each, one)) return true;
    each = begin;
    one = T{};
    return hot::read_members(each, needed, [&one](MemberName name, Cursor& it) { return read_member(name, it, one); });
  };
  return hot::read_members(from, product_id != nullptr ? 0b11 : 0b01, [&](MemberName name, Cursor& each) {
    if (name == "type") return member(4, each, type);
    if (name == "product_id" && product_id != nullptr) return member(2, each, *product_id);
    if (name == list_name) return member(1, hot::read_list(each, most, list, read_one));
    return 0;
  });
}

bool read_event(Cursor& from, std::string_view channel, Frame::Event& into) {
  constexpr std::size_t things_max = 20'000;
  if (channel == "l2_data") {
    auto& event = into.emplace<Level2Event>();
    return read_event(from, "updates", levels_max, 0b111, event.type, &event.product_id, event.updates);
  }
  if (channel == "market_trades") {
    auto& event = into.emplace<TradesEvent>();
    return read_event(from, "trades", things_max, 0b11111, event.type, nullptr, event.trades);
  }
  if (channel == "ticker" || channel == "ticker_batch") {
    auto& event = into.emplace<TickerEvent>();
    return read_event(from, "tickers", things_max, 0b11, event.type, nullptr, event.tickers);
  }
  return false;
}

bool read_events(Cursor& from, Frame& frame) {
  return hot::read_list(from, hot::list_max, frame.events, [&](Cursor& each, Frame::Event& event) {
    return read_event(each, frame.channel, event);
  });
}

bool read_in_order(Cursor& from, Frame& frame) {
  frame.has_client_id = true;
  return from.take_word(R"({"channel":)") && hot::read(from, frame.channel) &&
         from.take_word(R"(,"client_id":"","timestamp":)") && hot::read(from, frame.timestamp) &&
         from.take_word(R"(,"sequence_num":)") && hot::read(from, frame.sequence_num) &&
         from.take_word(R"(,"events":)") && read_events(from, frame) && from.take_word("}");
}

// What the channel is stands before what it tells.
int read_frame_member(MemberName name, Cursor& from, Frame& frame) {
  constexpr unsigned not_needed = 8;
  if (name == "channel") return frame.events.empty() ? member(1, from, frame.channel) : -1;
  if (name == "sequence_num") return member(2, from, frame.sequence_num);
  if (name == "events") return member(4, read_events(from, frame));
  if (name == "timestamp") return member(not_needed, from, frame.timestamp);
  if (name == "client_id") frame.has_client_id = true;
  return name == "type" ? -1 : 0;
}

// ---- The answer to an order

int read_member(MemberName name, Cursor& from, Placed& placed) {
  constexpr unsigned not_needed = 8;
  if (name == "order_id") return member(1, from, placed.order_id);
  if (name == "client_order_id") return member(not_needed, from, placed.client_order_id);
  if (name == "product_id") return member(not_needed, from, placed.product_id);
  if (name == "side") return member(not_needed, from, placed.side);
  return 0;
}

// Only that it was placed. What else stands beside is for an order that was not.
int read_outer_member(MemberName name, Cursor& from, Placed& placed) {
  if (name == "success") return member(1, hot::read(from, placed.success) && placed.success);
  if (!(name == "success_response")) return 0;
  if (!placed.order_id.empty()) return -1;
  return member(2, hot::read_members(from, 1, [&](MemberName inner, Cursor& each) { return read_member(inner, each, placed); }));
}

}  // namespace

bool read_hot(std::string_view text, Placed& placed) {
  Cursor from{text};
  const auto read_one = [&](MemberName name, Cursor& each) { return read_outer_member(name, each, placed); };
  return text.size() <= hot::frame_max && hot::read_members(from, 0b11, read_one) && from.is_at_end() && !placed.order_id.empty();
}

bool read_hot(std::string_view text, Frame& frame) {
  if (text.size() > hot::frame_max) return false;
  Cursor from{text};
  if (!read_in_order(from, frame)) {
    from = Cursor{text};
    frame = {};
    if (!hot::read_members(from, 0b111, [&](MemberName name, Cursor& each) { return read_frame_member(name, each, frame); })) {
      return false;
    }
  }
  constexpr std::int64_t most = 1LL << 53;
  if (!from.is_at_end() || *frame.sequence_num < 0 || *frame.sequence_num > most) return false;
  frame.time_ns = gateway::parse_utc(frame.timestamp).value_or(0);
  return true;
}

}  // namespace busbar::coinbase
