#include "gateways/coinbase/decode_hot.hpp"

#include "gateways/framework/hot_json.hpp"
#include "gateways/framework/utc.hpp"

namespace busbar::coinbase {

namespace {

using hot::element;
using hot::member;
using hot::MemberName;

int read_member(MemberName name, element from, Level2Update& update) {
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

int read_member(MemberName name, element from, TickerUpdate& ticker) {
  constexpr unsigned not_needed = 8;
  if (name == "product_id") return member(1, from, ticker.product_id);
  if (name == "price") return member(2, from, ticker.price);
  if (name == "volume_24_h") return member(not_needed, from, ticker.volume_24_h);
  if (name == "low_24_h") return member(not_needed, from, ticker.low_24_h);
  if (name == "high_24_h") return member(not_needed, from, ticker.high_24_h);
  if (name == "best_bid") return member(not_needed, from, ticker.best_bid);
  if (name == "best_bid_quantity") return member(not_needed, from, ticker.best_bid_quantity);
  if (name == "best_ask") return member(not_needed, from, ticker.best_ask);
  if (name == "best_ask_quantity") return member(not_needed, from, ticker.best_ask_quantity);
  if (name == "price_percent_chg_24_h") return member(not_needed, from, ticker.percent_24_h);
  return 0;
}

int read_member(MemberName name, element from, MarketTrade& trade) {
  if (name == "trade_id") return member(1, from, trade.trade_id);
  if (name == "product_id") return member(2, from, trade.product_id);
  if (name == "price") return member(4, from, trade.price);
  if (name == "size") return member(8, from, trade.size);
  if (name == "time") return member(16, from, trade.time);
  if (name == "side") return member(32, from, trade.side);
  return 0;
}

// A list of one channel's things under one name; `product_id` where the channel has it beside them. Of a thing, the members
// that are `needed` must be there.
template <class T, std::size_t N>
bool read_event(element from, const char (&list_name)[N], std::size_t most, unsigned needed, std::string& type,
                std::string* product_id, std::vector<T>& list) {
  const auto read_one = [needed](element each, T& one) {
    return hot::read_members(each, needed, [&one](MemberName name, element it) { return read_member(name, it, one); });
  };
  return hot::read_members(from, product_id != nullptr ? 0b11 : 0b01, [&](MemberName name, element each) {
    if (name == "type") return member(4, each, type);
    if (name == "product_id" && product_id != nullptr) return member(2, each, *product_id);
    if (name == list_name) return member(1, hot::read_list(each, most, list, read_one));
    return 0;
  });
}

bool read_event(element from, std::string_view channel, Frame::Event& into) {
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

// What the channel is stands before what it tells.
int read_frame_member(MemberName name, element from, Frame& frame) {
  constexpr unsigned not_needed = 8;
  if (name == "channel") return frame.events.empty() ? member(1, from, frame.channel) : -1;
  if (name == "sequence_num") return member(2, from, frame.sequence_num);
  if (name == "events") {
    return member(4, hot::read_list(from, hot::list_max, frame.events, [&](element each, Frame::Event& event) {
                    return read_event(each, frame.channel, event);
                  }));
  }
  if (name == "timestamp") return member(not_needed, from, frame.timestamp);
  if (name == "client_id") frame.has_client_id = true;
  return name == "type" ? -1 : 0;
}

}  // namespace

bool read_hot(std::string_view text, Frame& frame) {
  hot::object root;
  const bool is_read = hot::parse(text, root) && hot::read_members(root, 0b111, [&](MemberName name, element each) {
                         return read_frame_member(name, each, frame);
                       });
  constexpr std::int64_t most = 1LL << 53;
  if (!is_read || *frame.sequence_num < 0 || *frame.sequence_num > most) return false;
  frame.time_ns = gateway::parse_utc(frame.timestamp).value_or(0);
  return true;
}

}  // namespace busbar::coinbase
