#pragma once
// Orders and questions in IBKR's words. Pure: how a request is signed and sent comes later. Amounts are JSON numbers
// here, written from their digits.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/framework/query.hpp"

namespace busbar::ibkr {

using gateway::Params;

struct Request {
  std::string method;
  std::string path;       // below /v1/api
  Params query = {};      // part of what is signed
  std::string body = {};  // JSON; empty where there is none

  std::string target() const;  // path and query
};

// ---- Orders

// What a ticket says besides the order: how it hangs together with others, and where it goes.
struct Ticket {
  std::string_view account;
  std::string_view venue_order_id;         // cOID: unique in an account for a day; a child of a bracket has none
  std::string_view parent_id = {};         // the cOID of its parent
  std::string_view listing_exchange = {};  // SMART where nothing is said
  std::string_view referrer = {};
  std::string_view ext_operator = {};  // who is behind it: futures of the United States want to know
  bool is_single_group = false;  // one of orders of which one cancels the others
};

// What IBKR cannot do is refused in words: Unsupported; what an order cannot be: InvalidOrder. Amounts are brought to
// the instrument's steps as order.rounding says. The instrument's broker_symbol is its conid, 265598, or that and an
// exchange, 265598@NASDAQ.
Result<Request> encode_place(const NewOrder& order, const Instrument& instrument, const Ticket& ticket);
// A bracket, or orders of which one cancels the others; nothing else may be placed in one request.
struct TicketOrder {
  NewOrder order;
  const Instrument& instrument;
  Ticket ticket;
};
Result<Request> encode_place_all(std::string_view account, std::span<const TicketOrder> orders);
// A pair of which one cancels the other; or one that triggers another, or such a pair. Those that wait have no names of ours.
Result<Request> encode_place_list(const PlaceListCommand& list, const Instrument& instrument, std::string_view account);
// Whether it would be taken, and what it would cost.
Result<Request> encode_preview(const NewOrder& order, const Instrument& instrument, const Ticket& ticket);
// The whole ticket, as it is to be. Orders are changed and cancelled by IBKR's number alone: -1 would mean all of them,
// and so whatever is no number is refused.
Result<Request> encode_replace(std::string_view broker_order_id, const NewOrder& order, const Instrument& instrument,
                               const Ticket& ticket);
Result<Request> encode_cancel(std::string_view account, std::string_view broker_order_id,
                              std::string_view ext_operator = {});

// ---- Questions that IBKR asks about an order

inline constexpr std::size_t suppressed_max = 51;

Request encode_reply(std::string_view reply_id, bool confirmed);
Request encode_prompt_answer(std::string_view broker_order_id, std::string_view request_id, std::string_view option);
Request encode_suppress(const std::vector<std::string>& message_ids);  // in place of those of before
Request encode_suppress_reset();

// ---- The session

Request encode_session_init(bool compete);  // with true, whoever else is logged in under this name is thrown out
Request encode_auth_status();
Request encode_tickle();
Request encode_sso_validate();
Request encode_logout();

// ---- What is asked

// The first asking of a session only wakes the list. `force` empties it, and then it is asked once more without.
Request encode_live_orders(bool force = false, std::string_view account = {});
Request encode_order_status(std::string_view broker_order_id);
Request encode_trades(std::uint32_t days = 0);  // at most 7; 0: today's

Request encode_accounts();  // has to be asked once in a session, before anything about orders
Request encode_portfolio_accounts();
Request encode_select_account(std::string_view account);
Request encode_ledger(std::string_view account);
Request encode_summary(std::string_view account);
inline constexpr std::size_t positions_page = 100;
Request encode_positions(std::string_view account, std::uint32_t page);
Request encode_positions_invalidate(std::string_view account);

Request encode_stocks(const std::vector<std::string>& symbols);
inline constexpr std::size_t secdef_max = 200;
Request encode_futures(const std::vector<std::string>& symbols);
Request encode_secdef(const std::vector<std::int64_t>& conids);
Request encode_search(std::string_view symbol, std::string_view sec_type = {});
Request encode_info_and_rules(std::int64_t conid);
Request encode_rules(std::int64_t conid, bool is_buy);
Request encode_trading_schedule(std::int64_t conid);  // at the exchange where it is listed

inline constexpr std::size_t snapshot_conids_max = 100;
inline constexpr std::size_t snapshot_fields_max = 50;
Request encode_snapshot(const std::vector<std::int64_t>& conids, const std::vector<std::string>& fields);
Request encode_unsubscribe(std::int64_t conid);
Request encode_unsubscribe_all();

struct HistoryQuery {
  std::int64_t conid = 0;
  std::string period;  // 1d, 2w, ...
  std::string bar;     // 1min, 1h, ...
  std::string exchange = {};
  std::string start_time = {};  // UTC, 20240102-14:30:00
  std::optional<bool> outside_rth = {};
  std::string source = {};  // Last, Midpoint, Bid_Ask; of the stream: trades, midpoint, ...
  std::string format = {};  // of the stream alone: which parts of a bar it tells
};
Request encode_history(const HistoryQuery& asked);
// 1min, ... nullopt for a length that IBKR has no bars of.
std::optional<std::string_view> bar_of_interval(std::uint32_t bar_interval_ms);

// ---- The WebSocket: texts, not JSON

std::string encode_session(std::string_view session);  // of a tickle, where it wants one
std::string encode_subscribe_quote(std::int64_t conid, const std::vector<std::string>& fields);
std::string encode_unsubscribe_quote(std::int64_t conid);
std::string encode_subscribe_history(const HistoryQuery& asked);
std::string encode_unsubscribe_history(std::string_view server_id);
std::string encode_subscribe_orders();
std::string encode_unsubscribe_orders();
std::string encode_subscribe_trades(bool realtime_only = false, std::uint32_t days = 0);
std::string encode_unsubscribe_trades();
std::string encode_subscribe_pnl();
std::string encode_unsubscribe_pnl();
std::string encode_subscribe_summary(std::string_view account);
std::string encode_unsubscribe_summary(std::string_view account);
std::string encode_subscribe_ledger(std::string_view account);
std::string encode_unsubscribe_ledger(std::string_view account);
inline constexpr std::string_view keepalive = "tic";  // at least once a minute
inline constexpr std::string_view echo = "ech+hb";    // comes back as it is

}  // namespace busbar::ibkr
