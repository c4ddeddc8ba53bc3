#pragma once
// What Alpaca says about our orders and our account, as plain facts in Alpaca's own terms: amounts as Decimal with the
// digits they came with, times in ns. Pure, and strict about types: a body of another shape is refused by the name of the
// member. Replies of different ages lack different members, so what is not needed may be absent. What the facts mean for an
// order of ours is the matter of facts.hpp; market data is in decode_market.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/alpaca/errors.hpp"

namespace busbar::alpaca {

// A mean or a sum: with all its digits, 3648.1242857142857143, and as many of them as a Decimal holds.
struct Mean {
  std::string digits;
  Decimal value;
};

// ---- Orders

struct Order {
  std::string id;
  std::string client_order_id;
  std::string symbol;  // empty for several legs of options
  std::string asset_id;
  std::string asset_class;  // us_equity, us_option, crypto
  std::string side;         // buy, sell
  std::string type;
  std::string time_in_force;
  std::string order_class;  // simple, bracket, oco, oto, mleg
  std::string status;
  std::optional<Decimal> qty;  // absent for an order by amount, until it is filled
  std::optional<Decimal> notional;
  std::optional<Decimal> filled_qty;
  std::optional<Mean> filled_avg_price;
  std::optional<Decimal> limit_price;
  std::optional<Decimal> stop_price;
  std::optional<Decimal> trail_price;
  std::optional<Decimal> trail_percent;
  std::string hwm;  // the high water mark of a trailing stop
  std::optional<bool> extended_hours;
  std::optional<Timestamp> created_at;
  std::optional<Timestamp> updated_at;
  std::optional<Timestamp> submitted_at;
  std::optional<Timestamp> filled_at;
  std::optional<Timestamp> expired_at;
  std::optional<Timestamp> canceled_at;
  std::optional<Timestamp> failed_at;
  std::optional<Timestamp> replaced_at;
  std::string replaced_by;  // the order that took its place
  std::string replaces;     // the one whose place it took
  std::vector<Order> legs;
};

Result<Order> decode_order(std::string_view body);
Result<std::vector<Order>> decode_orders(std::string_view body);

// One entry of the answer to a request about all orders or all positions: HTTP 207.
struct EachResult {
  std::string key;  // an order's id; or a position's symbol, or the id of an order that was cancelled for it
  std::uint32_t status = 0;
  std::optional<Order> order;
  std::optional<BrokerError> error;
};
Result<std::vector<EachResult>> decode_each_result(std::string_view body);

// A fill, out of the account's activities: "20220202135509981::<execution>" is its id, and what comes behind the colons is
// the name that the stream gives to the same fill.
struct Execution {
  std::string id;  // where the next page begins
  std::string execution_id;
  std::string order_id;
  std::string symbol;
  std::string side;
  Decimal price;
  Decimal qty;
  std::optional<Decimal> cum_qty;  // of the order, with this fill
  std::optional<Decimal> leaves_qty;
  Timestamp time = 0;
};
Result<std::vector<Execution>> decode_executions(std::string_view body);

// ---- The stream of our own orders

// What happened to an order, and how it stands now.
struct TradeUpdate {
  std::string event;         // new, fill, ...
  std::string execution_id;  // one for each execution: what tells that a fill has come before
  std::string event_id;
  std::optional<Timestamp> time;
  std::optional<Decimal> price;  // of this execution
  std::optional<Decimal> qty;
  std::optional<Decimal> position_qty;  // after it, negative for a short one
  std::optional<Order> order;
};

struct Authorization {
  bool is_authorized = false;
  std::string action;  // what was refused: authenticate, or what came before it
  std::string message;
};

// All that is listened to now. What does not exist is missing in it.
struct Listening {
  std::vector<std::string> streams;
  std::string error;
};

struct OtherStream {
  std::string stream;
};

using StreamMessage = std::variant<OtherStream, Authorization, Listening, TradeUpdate>;
Result<StreamMessage> decode_stream(std::string_view frame);

// The same events as server-sent ones, line by line: "data: {...}". A comment may say that events were dropped.
struct EventLine {
  enum class Kind { Blank, Comment, Data, Other };
  Kind kind = Kind::Blank;
  std::string text;  // of a comment, or the name of another field
  TradeUpdate update;
};
Result<EventLine> decode_event_line(std::string_view line);

// ---- The account

struct AccountFacts {
  std::string id;
  std::string account_number;
  std::string status;
  std::string currency;
  std::optional<Mean> cash;
  std::optional<Mean> buying_power;
  std::optional<Mean> non_marginable_buying_power;  // what crypto is bought with
  std::optional<Mean> equity;
  bool is_trading_blocked = false;
  bool is_account_blocked = false;
  bool is_suspended_by_user = false;
  std::optional<bool> can_short;

  bool can_trade() const {
    return status == "ACTIVE" && !is_trading_blocked && !is_account_blocked && !is_suspended_by_user;
  }
};

struct PositionFacts {
  std::string asset_id;  // what joins it with orders: a position names BTC/USD as BTCUSD
  std::string symbol;
  std::string asset_class;
  std::string exchange;
  std::string side;  // long, short
  Decimal qty;       // as it came
  std::optional<Decimal> qty_available;
  std::optional<Mean> avg_entry_price;
  std::optional<Mean> market_value;
  std::optional<Mean> cost_basis;
  std::optional<Mean> unrealized_pl;
  std::optional<Mean> current_price;

  Decimal signed_qty() const { return side == "short" && qty.is_positive() ? qty.negated() : qty; }
};

// What can be traded.
struct Asset {
  std::string id;
  std::string symbol;
  std::string asset_class;  // empty in some answers
  std::string exchange;
  std::string status;  // active, inactive
  bool is_tradable = false;
  std::optional<bool> is_fractionable;
  std::optional<bool> is_shortable;
  std::optional<Decimal> min_order_size;  // of crypto, as the two that follow
  std::optional<Decimal> min_trade_increment;
  std::optional<Decimal> price_increment;
  std::vector<std::string> attributes;
};
struct AssetList {
  std::vector<Asset> assets;
  std::vector<std::string> complaints;  // assets that could not be read, and why; the others are still good
};

struct Clock {
  Timestamp time = 0;
  bool is_open = false;
  Timestamp next_open = 0;
  Timestamp next_close = 0;
};
// A day on which there is trading, in New York's time.
struct SessionDay {
  std::string date;
  std::string open;  // 09:30
  std::string close;
  std::string session_open;  // 0400: with the hours before and after
  std::string session_close;
};

Result<AccountFacts> decode_account(std::string_view body);
Result<PositionFacts> decode_position(std::string_view body);
Result<std::vector<PositionFacts>> decode_positions(std::string_view body);
Result<Asset> decode_asset(std::string_view body);
Result<AssetList> decode_assets(std::string_view body);
Result<Clock> decode_clock(std::string_view body);
Result<std::vector<SessionDay>> decode_calendar(std::string_view body);

// ---- The answer of the token endpoint. A token has no end that Alpaca tells of: it is good until it is taken back.

struct TokenAnswer {
  std::string access_token;
  std::string token_type;
  std::vector<std::string> scopes;
};
Result<TokenAnswer> decode_token(std::string_view body);

}  // namespace busbar::alpaca
