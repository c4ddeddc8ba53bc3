#pragma once
// What Coinbase says about our orders and our account, as plain facts in Coinbase's own terms: amounts as Decimal with
// the digits they came with, times in ns. Pure, and strict about types: a body of another shape is refused by the name
// of the member. Coinbase leaves members out at will, so what is not needed may be absent. What the facts mean for an
// order of ours is the matter of facts.hpp; market data is in decode_market.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::coinbase {

// ---- Orders

// What an order is, under the one name that its configuration has.
struct OrderConfiguration {
  std::string name;  // limit_limit_gtc, ...
  std::optional<Decimal> base_size;
  std::optional<Decimal> quote_size;
  std::optional<Decimal> limit_price;
  std::optional<Decimal> stop_price;  // or stop_trigger_price
  std::optional<std::string> end_time;
  std::optional<bool> post_only;
};

struct Edit {
  std::optional<Decimal> price;
  std::optional<Decimal> size;
  std::string replace_accept_timestamp;
};

// An order as REST has it.
struct Order {
  std::string order_id;
  std::string client_order_id;
  std::string product_id;
  std::string side;  // BUY, SELL; empty where it is not told
  std::string status;
  std::optional<std::string> order_type;
  std::optional<std::string> time_in_force;
  std::vector<std::string> configuration_names;     // one; documentation shows them all
  std::optional<OrderConfiguration> configuration;  // of that one
  std::optional<std::string> created_time;
  std::optional<std::string> last_fill_time;
  std::optional<Decimal> completion_percentage;
  std::optional<Decimal> filled_size;           // in the base currency
  std::optional<Decimal> average_filled_price;  // a mean: cut to what a Decimal holds
  std::optional<Decimal> filled_value;
  std::optional<Decimal> total_fees;
  std::optional<bool> pending_cancel;
  std::optional<std::string> trigger_status;
  std::optional<std::string> reject_reason;
  std::optional<std::string> reject_message;
  std::optional<std::string> cancel_message;
  std::vector<Edit> edit_history;  // oldest first
};

// A page of something, and where the next one begins.
struct OrdersPage {
  std::vector<Order> orders;
  bool has_next = false;
  std::string cursor;
};

struct Fill {
  std::string entry_id;  // one for each: what tells that a fill has come before
  std::string trade_id;
  std::string order_id;
  std::string trade_time;
  std::string trade_type;  // FILL; REVERSAL, CORRECTION and SYNTHETIC are none
  Decimal price;
  Decimal size;
  Decimal commission;
  std::string product_id;
  std::string liquidity_indicator;
  bool size_in_quote = false;  // then `size` is an amount of the quote currency
  std::string side;
};
struct FillsPage {
  std::vector<Fill> fills;
  std::string cursor;  // empty at the end, or the one asked with: there is no has_next
};

// The answer to an order. Accepted is not yet on the book: it may still fail, and then the user channel tells.
struct Placed {
  bool success = false;
  // of success
  std::string order_id;
  std::optional<std::string> client_order_id;
  std::optional<std::string> product_id;
  std::optional<std::string> side;
  // of failure: the first reason that says something
  std::string reason;
  std::optional<std::string> message;
  std::optional<std::string> details;
};

struct Cancelled {
  std::string order_id;
  bool success = false;  // it has begun; how it ends the user channel tells
  std::string failure_reason;
};

struct Edited {
  bool success = false;
  std::string order_id;
  std::string reason;
};

struct Preview {
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
  std::optional<Decimal> order_total;
  std::optional<Decimal> commission_total;
  std::optional<Decimal> quote_size;
  std::optional<Decimal> base_size;
  std::optional<Decimal> best_bid;
  std::optional<Decimal> best_ask;
  std::optional<Decimal> slippage;              // a part of the price
  std::optional<Decimal> average_filled_price;  // as far as it would trade at once
  std::optional<std::string> preview_id;
};

Result<Order> decode_order(std::string_view body);
Result<OrdersPage> decode_orders(std::string_view body);
Result<FillsPage> decode_fills(std::string_view body);
Result<Placed> decode_placed(std::string_view body);
Result<std::vector<Cancelled>> decode_cancelled(std::string_view body);
Result<Edited> decode_edited(std::string_view body);
Result<Preview> decode_preview(std::string_view body);

// ---- The account

struct Wallet {
  std::string uuid;
  std::string currency;
  Decimal available;
  Decimal hold;
  bool is_active = true;
  bool is_ready = true;
};
struct WalletsPage {
  std::vector<Wallet> wallets;
  bool has_next = false;
  std::string cursor;
};

struct Portfolio {
  std::string uuid;
  std::string name;
  std::string type;
  bool is_deleted = false;
};

// What a portfolio comes to.
struct Breakdown {
  std::string portfolio_uuid;
  std::optional<Decimal> total_balance;
  std::optional<Decimal> total_cash_equivalent_balance;
  std::string currency;
};

struct KeyPermissions {
  bool can_view = false;
  bool can_trade = false;
  bool can_transfer = false;
  std::string portfolio_uuid;
  std::string portfolio_type;
};

struct Fees {
  std::optional<Decimal> maker;
  std::optional<Decimal> taker;
};

Result<WalletsPage> decode_wallets(std::string_view body);
Result<Wallet> decode_wallet(std::string_view body);
Result<std::vector<Portfolio>> decode_portfolios(std::string_view body);
Result<Breakdown> decode_breakdown(std::string_view body);
Result<KeyPermissions> decode_key_permissions(std::string_view body);
Result<Fees> decode_fees(std::string_view body);          // of a transaction summary
Result<std::int64_t> decode_time(std::string_view body);  // ms

}  // namespace busbar::coinbase
