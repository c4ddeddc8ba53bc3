#pragma once
// What Binance says, as plain facts in Binance's own terms: amounts as Decimal with the digits they came with, times in
// ms. Pure, and strict about types: a body of another shape is refused by the name of the member. What the facts mean
// for an order of ours is the matter of facts.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::binance {

// ---- REST

struct OrderFill {
  Decimal price;
  Decimal qty;
  Decimal commission;
  std::string commission_asset;
  std::int64_t trade_id = 0;
};

// Any answer about an order: ACK, RESULT and FULL, cancel, query, open and all orders. Absent is what was not sent.
struct Order {
  std::string symbol;
  std::int64_t order_id = 0;                       // 0 for an order list
  std::optional<std::int64_t> order_list_id;       // -1: none
  std::string client_order_id;                     // in the answer to a cancel: the cancel's own name,
  std::optional<std::string> orig_client_order_id; // and this is the order's
  std::optional<std::string> status;
  std::optional<std::string> type;
  std::optional<std::string> side;
  std::optional<std::string> time_in_force;
  std::optional<Decimal> price;
  std::optional<Decimal> stop_price;
  std::optional<Decimal> iceberg_qty;
  std::optional<Decimal> orig_qty;
  std::optional<Decimal> executed_qty;
  std::optional<Decimal> cum_quote_qty;            // negative on some old orders: unknown
  std::optional<Decimal> orig_quote_order_qty;
  std::optional<std::int64_t> transact_time;
  std::optional<std::int64_t> time;
  std::optional<std::int64_t> update_time;
  std::optional<std::int64_t> working_time;
  std::optional<bool> is_working;
  std::optional<std::string> self_trade_prevention_mode;
  std::optional<std::string> expiry_reason;
  std::optional<std::vector<OrderFill>> fills;
  std::vector<Order> list_orders;                  // of an order list in the answer to a cancel

  // The order's own name, whatever the answer is about.
  const std::string& own_client_order_id() const {
    return orig_client_order_id && !orig_client_order_id->empty() ? *orig_client_order_id : client_order_id;
  }
};

struct AccountTrade {
  std::string symbol;
  std::int64_t id = 0;
  std::int64_t order_id = 0;
  Decimal price;
  Decimal qty;
  Decimal quote_qty;
  Decimal commission;
  std::string commission_asset;
  std::int64_t time = 0;
  bool is_buyer = false;
  bool is_maker = false;
};

struct AssetBalance {
  std::string asset;
  Decimal free;
  Decimal locked;
};

struct Account {
  bool can_trade = false;
  std::optional<std::int64_t> uid;
  std::optional<Decimal> maker_commission;
  std::optional<Decimal> taker_commission;
  std::vector<AssetBalance> balances;
};

struct BookTicker {
  std::string symbol;
  std::optional<std::int64_t> update_id;  // on the stream only
  Decimal bid;
  Decimal bid_qty;
  Decimal ask;
  Decimal ask_qty;
};

struct BrokerError {
  std::int64_t code = 0;
  std::string message;
  std::optional<std::int64_t> retry_after_ms;  // WebSocket API: absolute, broker's clock
};

Result<Order> decode_order(std::string_view body);
Result<std::vector<Order>> decode_orders(std::string_view body);  // open orders, all orders, cancel-all
Result<std::vector<AccountTrade>> decode_trades(std::string_view body);
Result<Account> decode_account(std::string_view body);
Result<std::int64_t> decode_time(std::string_view body);  // ms
Result<BookTicker> decode_book_ticker(std::string_view body);
// nullopt when the body is no error of Binance's: HTML of a firewall, nothing at all, an answer.
std::optional<BrokerError> decode_error(std::string_view body);

// ---- user data

struct ExecutionReportEvent {
  std::string symbol;
  std::string client_order_id;
  std::string orig_client_order_id;  // the order's name when client_order_id is that of a cancel
  std::string side;
  std::string type;
  std::string time_in_force;
  Decimal qty;
  Decimal price;
  Decimal stop_price;
  std::optional<Decimal> iceberg_qty;
  std::int64_t order_list_id = -1;
  std::string execution_type;
  std::string order_status;
  std::string reject_reason;
  std::int64_t order_id = 0;
  Decimal last_qty;
  Decimal cum_qty;
  Decimal last_price;
  Decimal commission;
  std::optional<std::string> commission_asset;
  std::int64_t transact_time = 0;
  std::int64_t trade_id = -1;
  std::int64_t execution_id = 0;
  bool on_book = false;
  bool is_maker = false;
  std::int64_t created_time = 0;
  Decimal cum_quote_qty;
  std::optional<Decimal> last_quote_qty;
  std::optional<Decimal> quote_order_qty;
  std::optional<std::int64_t> working_time;
  std::optional<std::string> self_trade_prevention_mode;
  std::optional<std::int64_t> prevented_match_id;
  std::optional<Decimal> prevented_qty;
  std::optional<std::int64_t> trailing_delta;
  std::optional<std::string> expiry_reason;

  const std::string& our_client_order_id() const;
};

struct AccountPositionEvent {
  std::int64_t update_time = 0;
  std::vector<AssetBalance> balances;
};

struct BalanceUpdateEvent {
  std::string asset;
  Decimal delta;
  std::int64_t clear_time = 0;
};

struct ListStatusEvent {
  struct Leg {
    std::string symbol;
    std::int64_t order_id = 0;
    std::string client_order_id;
  };
  std::string symbol;
  std::int64_t order_list_id = 0;
  std::string contingency;
  std::string list_status_type;
  std::string list_order_status;
  std::string reject_reason;
  std::string list_client_order_id;
  std::int64_t transact_time = 0;
  std::vector<Leg> orders;
};

struct ExternalLockEvent {
  std::string asset;
  Decimal delta;
  std::int64_t transact_time = 0;
};

struct ListenKeyExpiredEvent {
  std::string listen_key;
};

struct StreamTerminatedEvent {};
struct ServerShutdownEvent {};
struct UnknownEvent {};  // a name never seen: kept on the tape, alarmed, and away from orders

struct UserEvent {
  std::string name;                          // `e`
  std::optional<std::int64_t> event_time;    // `E`
  std::variant<UnknownEvent, ExecutionReportEvent, AccountPositionEvent, BalanceUpdateEvent, ListStatusEvent,
               ExternalLockEvent, ListenKeyExpiredEvent, StreamTerminatedEvent, ServerShutdownEvent>
      what;
};

// The three wrappings in which events come.
enum class Envelope { Raw, CombinedStream, WsApi };

struct UserFrame {
  Envelope envelope = Envelope::Raw;
  std::optional<std::string> stream;            // CombinedStream
  std::optional<std::int64_t> subscription_id;  // WsApi
  UserEvent event;
};

// The answer to a request over the WebSocket API. `id` as text, whatever kind it had; nullopt for null.
struct WsResponse {
  std::optional<std::string> id;
  std::int64_t status = 0;
  std::optional<BrokerError> error;
  std::optional<std::int64_t> subscription_id;
};

Result<UserFrame> decode_user_frame(std::string_view frame);
// A frame of the WebSocket API is an event or an answer.
Result<std::variant<UserFrame, WsResponse>> decode_ws_api_frame(std::string_view frame);

// ---- market streams

struct TradeEvent {
  std::string symbol;
  std::int64_t trade_id = 0;
  Decimal price;
  Decimal qty;
  std::int64_t trade_time = 0;
  bool buyer_is_maker = false;
};

// The answer to SUBSCRIBE and its like.
struct ControlResponse {
  std::optional<std::int64_t> id;
  std::optional<BrokerError> error;
};

struct OtherMarketEvent {
  std::string name;
};

struct MarketFrame {
  std::optional<std::string> stream;
  std::variant<OtherMarketEvent, BookTicker, TradeEvent, ControlResponse, ServerShutdownEvent> what;
};

Result<MarketFrame> decode_market_frame(std::string_view frame);

}  // namespace busbar::binance
