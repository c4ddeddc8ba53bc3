#pragma once
// What IBKR says about orders, accounts and contracts, as plain facts in IBKR's own terms: amounts as Decimal with the
// digits they came with, times in ns. Pure. Shapes differ by endpoint, and members are left out at will, so that little
// is required; what is of another kind altogether is refused by the name of the member. What the facts mean for an
// order of ours is the matter of facts.hpp; market data and the WebSocket are in decode_market.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::ibkr {

// ---- Orders

// An order, as the list of live orders, the stream of changes and the answer about one order have it. A change has only
// what changed.
struct Order {
  std::string order_id;
  std::string client_order_id;  // our cOID; the answer about one order lacks it
  std::string account;
  std::optional<std::int64_t> conid;
  std::string symbol;
  std::string side;
  std::string order_type;
  std::string time_in_force;  // CLOSE once it is done
  std::string status;
  std::optional<Decimal> price;
  std::optional<Decimal> stop_price;
  std::optional<Decimal> total_qty;
  std::optional<Decimal> filled_qty;
  std::optional<Decimal> remaining_qty;
  std::optional<Decimal> avg_price;  // a mean: cut to what a Decimal holds
  Timestamp last_execution_ns = 0;
  std::string parent_order_id;
  std::string oca_group;
  std::string reason;  // why the system has cancelled it, or what else it says of its state
  std::optional<bool> cannot_cancel;
  std::optional<bool> cannot_edit;
};

struct LiveOrders {
  std::vector<Order> orders;
  bool snapshot = false;  // false: the list has just been woken, and is asked for once more
};

struct Execution {
  std::string execution_id;
  std::string order_id;
  std::string client_order_id;
  std::string account;
  std::optional<std::int64_t> conid;
  std::string symbol;
  std::string side;
  std::optional<Decimal> qty;
  std::optional<Decimal> price;
  std::optional<Decimal> commission;
  std::string exchange;
  Timestamp time_ns = 0;
};

// ---- The answer to an order, to a change, and to a reply

struct Ack {
  std::string order_id;  // -1 for what was refused
  std::string client_order_id;
  std::string status;
  std::string text;
  std::string warning;
};

// Nothing is placed before it is answered.
struct Question {
  std::string reply_id;
  std::vector<std::string> messages;
  std::vector<std::string> message_ids;
  bool is_suppressed = false;
};

// The order is there, and waits for one of the options.
struct Prompt {
  std::string order_id;
  std::string request_id;
  std::string message_id;
  std::string text;
  std::vector<std::string> options;
};

// One of the four; all come with status 200. An error is {"error":...}, which errors.hpp reads.
struct Submitted {
  enum class Kind { Ack, Question, Prompt, Error };
  Kind kind = Kind::Error;
  std::vector<Ack> acks;  // one for each order
  std::vector<Question> questions;
  std::optional<Prompt> prompt;
  std::string error;
};

// A cancel is on its way: how it ends is told by the order.
struct CancelAnswer {
  bool accepted = false;
  std::string order_id;
  std::string message;
};

// What would come of an order. Texts for people: "1,100.5 USD", "23,000 USD (10 Shares)", and of a span, "1.1 ... 1.2 USD", the
// higher end.
struct Money {
  std::optional<Decimal> amount;
  std::string currency;
};
Money money_of(std::string_view text);
struct WhatIf {
  Money amount;
  Money commission;
  Money total;
  Money initial_margin;  // of the account, with the order
  Money maintenance_margin;
  std::string warning;
  std::string error;  // why it would be refused
};

Result<LiveOrders> decode_live_orders(std::string_view body);
Result<Order> decode_order_status(std::string_view body);
Result<std::vector<Execution>> decode_trades(std::string_view body);
Result<Submitted> decode_submitted(std::string_view body);
Result<CancelAnswer> decode_cancel(std::string_view body);
Result<WhatIf> decode_whatif(std::string_view body);

// ---- The session

struct SessionStatus {
  std::optional<bool> authenticated;
  std::optional<bool> connected;
  std::optional<bool> established;  // older answers lack it
  std::optional<bool> competing;    // somebody else is logged in under this name
  std::string message;
  std::string fail;

  // Right after init it may be authenticated and not yet established: then it is asked for again.
  bool may_trade() const {
    return authenticated.value_or(false) && connected.value_or(false) && established.value_or(true) &&
           !competing.value_or(false);
  }
};
struct Tickle {
  std::string session;  // what the WebSocket wants; another one than before: it has to be opened anew
  std::optional<std::int64_t> sso_expires_in_ms;
  SessionStatus status;
};
struct SsoStatus {
  bool is_good = false;
  std::int64_t expires_in_ms = 0;
  std::string user;
};
Result<SessionStatus> decode_session_status(std::string_view body);  // of init as well
Result<Tickle> decode_tickle(std::string_view body);
Result<SsoStatus> decode_sso_status(std::string_view body);
// The short answers to what is only done: suppress, unsubscribe, logout, an answered prompt.
bool is_done(std::string_view body);

// ---- Accounts

struct Accounts {
  std::vector<std::string> accounts;
  std::string selected;
  std::optional<bool> is_paper;
};
struct PortfolioAccount {
  std::string account;
  std::string currency;
  std::string type;
  std::string trading_type;
};
struct SelectedAccount {
  bool accepted = false;
  std::optional<bool> is_set;
  std::string account;
  std::string message;
};
Result<Accounts> decode_accounts(std::string_view body);
Result<std::vector<PortfolioAccount>> decode_portfolio_accounts(std::string_view body);
Result<SelectedAccount> decode_selected_account(std::string_view body);

// One currency, and one row BASE for all of them in the account's own.
struct LedgerRow {
  std::string currency;
  std::optional<Decimal> cash;
  std::optional<Decimal> settled_cash;
  std::optional<Decimal> net_liquidation;
  std::optional<Decimal> unrealized_pnl;
  std::optional<Decimal> realized_pnl;
};
struct SummaryValue {
  std::string name;  // netliquidation, availablefunds-s, ...
  std::optional<Decimal> amount;
  std::string currency;
  std::string text;
};
// The shorter summary of the brokerage session.
struct AccountSummary {
  std::optional<Decimal> net_liquidation;
  std::optional<Decimal> buying_power;
  std::optional<Decimal> available_funds;
  std::optional<Decimal> cash;
};
// Balances, margins, available funds: texts for people, "994,831 USD", by segment of the account.
struct Segment {
  std::string name;  // total, securities, ...
  std::vector<std::pair<std::string, std::string>> values;
};
Result<std::vector<LedgerRow>> decode_ledger(std::string_view body);
Result<std::vector<SummaryValue>> decode_summary(std::string_view body);
Result<AccountSummary> decode_account_summary(std::string_view body);
Result<std::vector<Segment>> decode_segments(std::string_view body);

struct PositionRow {
  std::string account;
  std::optional<std::int64_t> conid;
  std::string description;
  std::string asset_class;
  std::string symbol;
  std::optional<Decimal> qty;  // below zero when short
  std::optional<Decimal> avg_price;
  std::optional<Decimal> market_price;
  std::optional<Decimal> market_value;
  std::string currency;
  std::optional<Decimal> unrealized_pnl;
  std::optional<Decimal> realized_pnl;
};
// A list, or one for each account that holds it.
Result<std::vector<PositionRow>> decode_positions(std::string_view body);

// ---- Contracts

struct Listing {
  std::int64_t conid = 0;
  std::string exchange;
  bool is_us = false;
};
struct Company {
  std::string name;
  std::string asset_class;
  std::vector<Listing> listings;
};
struct StockList {
  std::string symbol;
  std::vector<Company> companies;
};
struct SearchMatch {
  std::int64_t conid = 0;
  std::string symbol;
  std::string description;  // the exchange
  std::string company;
  std::vector<std::string> sec_types;
};
struct NamedConid {
  std::string ticker;
  std::int64_t conid = 0;
  std::string exchange;
};
struct Future {
  std::string symbol;  // of what it is one: ES
  std::int64_t conid = 0;
  std::string expiry;  // 20261218
};
struct PriceStep {
  Decimal lower_edge;
  Decimal increment;
};
struct SecDef {
  std::int64_t conid = 0;
  std::string ticker;
  std::string currency;
  std::string asset_class;
  std::string name;
  std::string listing_exchange;
  bool is_us = false;
  std::vector<PriceStep> increments;
};
struct ContractRules {
  std::vector<std::string> order_types;
  std::vector<std::string> order_types_outside;
  std::vector<std::string> tif_types;
  std::vector<std::string> cash_types;  // order types that may be given by amount
  std::optional<Decimal> increment;
  std::optional<Decimal> size_increment;
  std::int64_t fraction_digits = 0;
  std::string error;
};
struct ContractInfo {
  std::int64_t conid = 0;
  std::string symbol;
  std::string currency;
  std::string exchange;
  std::string instrument_type;
  std::optional<ContractRules> rules;
};
// From when to when, and beyond the regular hours as well.
struct TradingSpan {
  Timestamp open_ns = 0;
  Timestamp close_ns = 0;
};
struct TradingHours {
  std::vector<TradingSpan> liquid;
  std::vector<TradingSpan> extended;  // with the regular ones in it
};
Result<std::vector<StockList>> decode_stocks(std::string_view body);
Result<std::vector<SearchMatch>> decode_search(std::string_view body);
Result<std::vector<NamedConid>> decode_conids(std::string_view body);
Result<std::vector<Future>> decode_futures(std::string_view body);
Result<std::vector<SecDef>> decode_secdefs(std::string_view body);
Result<ContractInfo> decode_contract_info(std::string_view body);  // with the rules where they were asked for
Result<ContractRules> decode_rules(std::string_view body);
Result<TradingHours> decode_trading_schedule(std::string_view body);  // of six days; those without any trading are left out

}  // namespace busbar::ibkr
