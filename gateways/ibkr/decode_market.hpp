#pragma once
// What IBKR says about markets, and the frames of its WebSocket. Pure. Prices come by field tags, as texts, and not all
// of them in any one answer: the first one for a contract has none at all.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/ibkr/decode.hpp"

namespace busbar::ibkr {

// ---- Market data

namespace field {
inline constexpr std::string_view last = "31";
inline constexpr std::string_view bid = "84";
inline constexpr std::string_view ask = "86";
inline constexpr std::string_view bid_size = "88";
inline constexpr std::string_view ask_size = "85";
inline constexpr std::string_view last_size = "7059";
inline constexpr std::string_view volume = "87";
inline constexpr std::string_view exact_volume = "7762";
inline constexpr std::string_view high = "70";
inline constexpr std::string_view low = "71";
inline constexpr std::string_view open = "7295";
inline constexpr std::string_view close = "7296";
inline constexpr std::string_view prior_close = "7741";
inline constexpr std::string_view mark = "7635";
inline constexpr std::string_view change = "82";
inline constexpr std::string_view change_percent = "83";
inline constexpr std::string_view symbol = "55";
inline constexpr std::string_view company = "7051";
inline constexpr std::string_view availability = "6509";
}  // namespace field

// One contract, as far as it is told: a snapshot, or what has changed.
struct MarketFields {
  std::int64_t conid = 0;
  Timestamp updated_ns = 0;
  std::optional<Decimal> last, bid, ask, bid_size, ask_size, last_size;
  std::optional<Decimal> high, low, open, close, prior_close, mark, change, change_percent;
  std::optional<Decimal> exact_volume;
  std::string volume;  // as it is printed, 24.2M: rounded, and good for people only
  std::string symbol;
  std::string company;
  std::string availability;
  bool is_prior_close = false;  // `last` is yesterday's close: today nothing has traded
  bool is_halted = false;       // `last` is of before the halt

  bool has_prices() const { return last || bid || ask || high || low || open || close || mark; }
  // Real time, and not delayed, frozen, or a picture of it. Nothing is said: not known.
  std::optional<bool> is_real_time() const {
    return availability.empty() ? std::nullopt : std::optional{availability.front() == 'R'};
  }
};

struct HistoryBar {
  Timestamp time_ns = 0;
  Decimal open, high, low, close;
  std::optional<Decimal> volume;  // times the factor, it is shares
};
struct History {
  std::string symbol;
  std::int64_t bar_seconds = 0;
  std::int64_t volume_factor = 1;
  std::int64_t price_factor = 1;  // of the texts for people; the bars' prices are plain
  std::vector<HistoryBar> bars;   // oldest first
};

Result<std::vector<MarketFields>> decode_snapshot(std::string_view body);
Result<History> decode_history(std::string_view body);

// ---- Frames of the WebSocket, by topic

struct QuoteFrame {
  MarketFields fields;
};
struct OrdersFrame {
  std::vector<Order> orders;  // all of them at first, then what changed of some
};
struct ExecutionsFrame {
  std::vector<Execution> executions;
};
struct PnlRow {
  std::string key;  // DU123.Core
  std::optional<Decimal> daily, unrealized, realized, net_liquidation, excess_liquidity, market_value;
};
struct PnlFrame {
  std::vector<PnlRow> rows;
};
// A heartbeat each ten seconds; at the beginning, who is logged in.
struct SystemFrame {
  Timestamp heartbeat_ns = 0;
  std::string user;
};
struct StatusFrame {
  SessionStatus status;  // what changed of it
};
struct AccountsFrame {
  Accounts accounts;
};
struct Notification {
  bool is_prompt = false;  // then an order waits for one of the options
  std::string id;
  std::string order_id;
  std::string request_id;
  std::string title;
  std::string text;
  std::string url;
  std::vector<std::string> options;
};
struct NotificationsFrame {
  std::vector<Notification> items;
};
struct BulletinsFrame {
  std::vector<Notification> items;
};
struct LedgerFrame {
  std::string account;
  std::vector<LedgerRow> rows;
};
struct SummaryFrame {
  std::string account;
  std::vector<SummaryValue> values;
};
struct HistoryFrame {
  std::string server_id;  // by which it is ended
  std::int64_t conid = 0;
  History history;
};
struct KeepaliveFrame {
  bool is_alive = false;
};
struct EchoFrame {};
struct SessionWantedFrame {};  // it is answered with the session of a tickle
struct MessageFrame {
  std::string text;
};
struct ErrorFrame {
  std::string topic;
  std::string text;
  std::int64_t code = 0;
};
struct OtherFrame {
  std::string topic;
};

using Frame = std::variant<QuoteFrame, OrdersFrame, ExecutionsFrame, PnlFrame, SystemFrame, StatusFrame, AccountsFrame,
                           NotificationsFrame, BulletinsFrame, LedgerFrame, SummaryFrame, HistoryFrame, KeepaliveFrame,
                           EchoFrame, SessionWantedFrame, MessageFrame, ErrorFrame, OtherFrame>;

Result<Frame> decode_frame(std::string_view text);

}  // namespace busbar::ibkr
