#pragma once
// What Binance says about our orders and our account, as plain facts in Binance's own terms: amounts as Decimal with
// the digits they came with, times in ms. Pure, and strict about types: a body of another shape is refused by the name
// of the member. What the facts mean for an order of ours is the matter of facts.hpp; market data is in
// decode_market.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/binance/broker_error.hpp"
#include "gateways/binance/decode_market.hpp"

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
  std::optional<std::int64_t> trailing_delta;
  std::optional<std::string> self_trade_prevention_mode;
  std::optional<Decimal> prevented_qty;            // not traded, to prevent a trade with ourselves
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

// What a trade costs at one symbol, as fractions of its amount that add up: the account's own, what is special about
// the symbol, and taxes.
struct Commission {
  struct Rates {
    Decimal maker;
    Decimal taker;
  };
  std::string symbol;
  Rates standard;
  std::optional<Rates> special;
  std::optional<Rates> tax;
};

// Orders that Binance ties to each other. In the answer to a place or a cancel each has its report; in the answer to a
// question there are only their names.
struct OrderList {
  struct Leg {
    std::string symbol;
    std::int64_t order_id = 0;
    std::string client_order_id;
  };
  std::string symbol;
  std::int64_t order_list_id = 0;
  std::string contingency;        // OCO, OTO
  std::string list_status_type;   // not in the answer to an amendment
  std::string list_order_status;  // EXECUTING, ALL_DONE, REJECT
  std::string list_client_order_id;
  std::optional<std::int64_t> transaction_time;
  std::vector<Leg> orders;
  std::vector<Order> reports;
};

// One half of a cancelReplace: done, and then the order it was about; refused, and then why; or never begun.
enum class HalfResult { Success, Failure, NotAttempted };

struct CancelReplace {
  HalfResult cancel_result = HalfResult::NotAttempted;
  HalfResult new_order_result = HalfResult::NotAttempted;
  std::optional<Order> canceled;
  std::optional<BrokerError> cancel_error;
  std::optional<Order> placed;
  std::optional<BrokerError> new_order_error;
  std::optional<BrokerError> error;  // of the whole: -2021 or -2022, where not everything was done
};

struct Amended {
  Order order;                      // under its new name, with its new quantity
  std::string orig_client_order_id; // the name before; empty where it was not told
  std::int64_t transact_time = 0;
  std::int64_t execution_id = 0;
  std::optional<OrderList> list;    // whose leg it is
};

// How far one limit is used up.
struct RateLimitCount {
  std::string type;                   // REQUEST_WEIGHT, ORDERS, ...
  std::string interval;               // SECOND, MINUTE, ...
  std::int64_t interval_num = 0;
  std::int64_t limit = 0;
  std::optional<std::int64_t> count;  // not in exchangeInfo
};

Result<Order> decode_order(std::string_view body);
Result<std::vector<Order>> decode_orders(std::string_view body);  // open orders, all orders, cancel-all
Result<std::vector<AccountTrade>> decode_trades(std::string_view body);
Result<Account> decode_account(std::string_view body);
Result<Commission> decode_commission(std::string_view body);
Result<std::int64_t> decode_time(std::string_view body);  // ms
Result<OrderList> decode_order_list(std::string_view body);
Result<std::vector<OrderList>> decode_order_lists(std::string_view body);
// The answer of 200, and the one inside 400, 409 and 429. An error that speaks of no halves (-1021, -1015) is refused
// here: then nothing was begun, and decode_error reads it.
Result<CancelReplace> decode_cancel_replace(std::string_view body);
Result<Amended> decode_amend(std::string_view body);
Result<std::vector<RateLimitCount>> decode_order_counts(std::string_view body);
Result<std::string> decode_listen_key(std::string_view body);

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
  std::optional<Decimal> last_prevented_qty;
  std::optional<std::int64_t> counter_order_id;    // whom it would have traded with
  std::optional<std::string> counter_symbol;
  std::optional<std::int64_t> trade_group_id;
  std::optional<Decimal> prevented_execution_qty;
  std::optional<Decimal> prevented_execution_price;
  std::optional<Decimal> prevented_execution_quote_qty;
  std::optional<std::int64_t> trailing_delta;
  std::optional<std::int64_t> trailing_time;
  std::optional<std::int64_t> strategy_id;
  std::optional<std::int64_t> strategy_type;
  std::optional<std::string> match_type;
  std::optional<std::int64_t> allocation_id;
  std::optional<std::string> working_floor;
  std::optional<bool> used_sor;
  std::optional<std::string> peg_price_type;
  std::optional<std::string> peg_offset_type;
  std::optional<std::int64_t> peg_offset_value;
  std::optional<Decimal> pegged_price;
  std::optional<std::string> expiry_reason;

  // The order's own name: of the two that come with a cancel, the one that is not the cancel's.
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
  using Leg = OrderList::Leg;
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

// The answer to a request over the WebSocket API. `id` as text, whatever kind it had; nullopt for null. `status` is
// HTTP's, and so the texts read as the bodies of REST do.
struct WsResponse {
  std::optional<std::string> id;
  std::int64_t status = 0;
  std::string result;      // as JSON; empty where there is none
  std::string error_body;  // `error` as JSON: {"code":...,"msg":...}, and `data` where there is some
  std::optional<BrokerError> error;
  std::optional<std::int64_t> subscription_id;
  std::vector<RateLimitCount> rate_limits;

  // What REST would have answered with this status.
  const std::string& body() const { return error ? error_body : result; }
};

Result<UserFrame> decode_user_frame(std::string_view frame);
// A frame of the WebSocket API is an event or an answer.
Result<std::variant<UserFrame, WsResponse>> decode_ws_api_frame(std::string_view frame);

}  // namespace busbar::binance
