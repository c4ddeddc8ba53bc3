#pragma once
// The frames of Coinbase's WebSockets: an envelope with a number that counts every frame of a connection, and events of
// one channel. Market data and our own orders come in the same envelope.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/coinbase/decode_market.hpp"

namespace busbar::coinbase {

// An order as the user channel has it: how it stands, and never what has just happened. What is not told is absent.
struct UserOrder {
  std::string order_id;
  std::string client_order_id;
  std::string product_id;
  std::string status;
  std::optional<std::string> order_side;
  std::optional<std::string> order_type;  // Limit, Stop Limit: spelled otherwise than by REST
  std::optional<std::string> time_in_force;
  std::optional<Decimal> cumulative_quantity;
  std::optional<Decimal> leaves_quantity;  // 0 once it has ended
  std::string avg_price;                   // a mean, with all its digits
  std::optional<Decimal> total_fees;
  std::optional<Decimal> filled_value;
  std::optional<std::int64_t> number_of_fills;
  std::optional<Decimal> limit_price;
  std::optional<Decimal> stop_price;
  std::optional<std::string> reject_reason;
  std::optional<std::string> cancel_reason;
  std::optional<std::string> trigger_status;
  std::optional<std::string> creation_time;
};

struct UserEvent {
  std::string type;  // snapshot, update
  std::vector<UserOrder> orders;
};

struct TickerUpdate {
  std::string product_id;
  Decimal price;
  std::optional<Decimal> volume_24_h;  // a sum: cut
  std::optional<Decimal> low_24_h;
  std::optional<Decimal> high_24_h;
  std::optional<Decimal> best_bid;  // not in a ticker_batch
  std::optional<Decimal> best_bid_quantity;
  std::optional<Decimal> best_ask;
  std::optional<Decimal> best_ask_quantity;
  std::string percent_24_h;  // -4.15775596190603
};
struct TickerEvent {
  std::string type;
  std::vector<TickerUpdate> tickers;
};

// Absolute quantities; zero takes the level away.
struct Level2Update {
  bool is_bid = false;
  BookLevel level;
};
struct Level2Event {
  std::string type;
  std::string product_id;
  std::vector<Level2Update> updates;
};

struct TradesEvent {
  std::string type;  // a snapshot has trades of before
  std::vector<MarketTrade> trades;
};

struct CandlesEvent {
  std::string type;
  std::vector<Candle> candles;
};

// Of the status channel: what a product is, and whether it trades.
struct ProductStatus {
  std::string id;
  std::string product_type;
  std::string base_currency;
  std::string quote_currency;
  std::optional<Decimal> base_increment;
  std::optional<Decimal> quote_increment;
  std::optional<Decimal> min_market_funds;
  std::string status;
  std::string status_message;
};
struct StatusEvent {
  std::string type;
  std::vector<ProductStatus> products;
};

struct HeartbeatEvent {
  std::int64_t counter = 0;
};

// All that is subscribed to on the connection, by channel.
struct SubscriptionsEvent {
  std::map<std::string, std::vector<std::string>> subscriptions;
};

// Of a channel that nobody here subscribes to.
struct OtherEvent {
  std::string type;
};

struct Frame {
  std::string channel;
  std::optional<std::int64_t> sequence_num;
  std::string timestamp;
  Timestamp time_ns = 0;
  bool has_client_id = false;
  using Event = std::variant<OtherEvent, UserEvent, TickerEvent, Level2Event, TradesEvent, CandlesEvent, StatusEvent,
                             HeartbeatEvent, SubscriptionsEvent>;
  std::vector<Event> events;
  std::optional<std::string> error;  // {"type":"error","message":...}: then there is nothing else
};

inline constexpr std::size_t frame_max = 24u << 20;  // a snapshot of a busy book has megabytes
inline constexpr std::size_t levels_max = 200'000;

Result<Frame> decode_frame(std::string_view text);

// Frames counted as they come: all channels of a connection are one count, acknowledgements and heartbeats too.
class Sequence {
 public:
  enum class Took { InOrder, Gap, Old };
  Took on_frame(std::int64_t number) {
    const std::int64_t expected = next_;
    if (has_begun_ && number < expected) return Took::Old;
    const bool is_gap = has_begun_ ? number > expected : number != 0;
    next_ = number + 1;
    has_begun_ = true;
    return is_gap ? Took::Gap : Took::InOrder;
  }
  void reset() { *this = {}; }

 private:
  std::int64_t next_ = 0;
  bool has_begun_ = false;
};

// Which frame of which connection has come last: while two overlap, each is counted by itself.
class FrameCount {
 public:
  Sequence::Took on_frame(const void* link, std::int64_t number) {
    constexpr std::size_t links_max = 4;  // two overlap; those before are gone
    if (number == 0 && links_.size() >= links_max) links_.clear();
    if (number == 0) links_.erase(link);  // a new connection, which may lie where one of before has lain
    return links_[link].on_frame(number);
  }

 private:
  std::map<const void*, Sequence> links_;
};

}  // namespace busbar::coinbase
