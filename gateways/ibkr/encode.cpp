#include "gateways/ibkr/encode.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>

#include "gateways/framework/order_rules.hpp"
#include "gateways/ibkr/brackets.hpp"

namespace busbar::ibkr {

namespace {

namespace json = boost::json;
using namespace order_rules;

// What becomes part of a path: an id with a slash in it would be another request.
std::string segment(std::string_view id) { return gateway::percent_encode(id); }

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

template <class T, class Text>
std::string joined(const std::vector<T>& values, Text text) {
  std::string all;
  for (const T& value : values) all.append(all.empty() ? "" : ",").append(text(value));
  return all;
}
std::string joined(const std::vector<std::string>& values) {
  return joined(values, [](const std::string& value) { return value; });
}
std::string joined(const std::vector<std::int64_t>& values) {
  return joined(values, [](std::int64_t value) { return std::to_string(value); });
}

json::array array_of(const std::vector<std::string>& values) {
  json::array array;
  for (const std::string& value : values) array.emplace_back(value);
  return array;
}

Request get(std::string path, Params query = {}) {
  return {.method = "GET", .path = std::move(path), .query = std::move(query), .body = {}};
}
Request post(std::string path, const json::object& body) {
  return {.method = "POST", .path = std::move(path), .query = {}, .body = json::serialize(body)};
}
Request post(std::string path) { return {.method = "POST", .path = std::move(path), .query = {}, .body = {}}; }

// ---- A ticket

std::string_view type_name(const NewOrder& order) {
  if (order.trailing_delta_bps != 0) return "TRAIL";
  switch (order.order_type) {
    case OrderType::Market: return "MKT";
    case OrderType::Limit: return "LMT";
    case OrderType::Stop: return "STP";
    case OrderType::StopLimit: return "STOP_LIMIT";
    default: return {};
  }
}

std::string_view time_in_force_name(TimeInForce time_in_force) {
  switch (time_in_force) {
    case TimeInForce::Day: return "DAY";
    case TimeInForce::GoodTillCancel: return "GTC";
    case TimeInForce::ImmediateOrCancel: return "IOC";
    case TimeInForce::AtTheOpening: return "OPG";
    default: return {};
  }
}

std::optional<Error> refuse_prices(const NewOrder& order) {
  const bool trails = order.trailing_delta_bps != 0;
  if (trails && order.order_type != OrderType::Stop) {
    return unsupported("trailing_delta_bps: only for Stop orders: IBKR does not say which price of a limit trails");
  }
  if (trails && order.stop_px) return unsupported("stop_px: an order that trails begins where the price is");
  if (order.price && !has_limit(order.order_type)) return invalid("price: an order of this type has none");
  if (!order.price && has_limit(order.order_type)) return invalid("price: missing");
  if (order.stop_px && !is_triggered(order.order_type)) return invalid("stop_px: an order of this type has none");
  if (!order.stop_px && is_triggered(order.order_type) && !trails) return invalid("stop_px: missing");
  return std::nullopt;
}

std::optional<Error> refuse(const NewOrder& order, const Instrument& instrument) {
  if (order.side == Side::Unset) return invalid("side: missing");
  if (order.order_type == OrderType::Unset) return invalid("order_type: missing");
  if (type_name(order).empty()) {
    return unsupported("order_type: IBKR has Market, Limit, Stop and StopLimit orders over this interface");
  }
  if (time_in_force_name(order.time_in_force).empty()) {
    return unsupported("time_in_force: IBKR has Day, GoodTillCancel, ImmediateOrCancel and AtTheOpening");
  }
  const bool is_of_the_moment = order.time_in_force == TimeInForce::ImmediateOrCancel ||
                                order.time_in_force == TimeInForce::AtTheOpening;
  if (is_of_the_moment && is_triggered(order.order_type)) {
    return unsupported("time_in_force: what waits for its trigger cannot be of the moment");
  }
  if (auto error = refuse_prices(order)) return error;
  const bool is_listed = instrument.order_types.empty() ||
                         std::find(instrument.order_types.begin(), instrument.order_types.end(), order.order_type) !=
                             instrument.order_types.end();
  if (!is_listed) {
    return unsupported("order_type: " + std::string{view(instrument.symbol)} + " takes no orders of this type");
  }
  if (order.post_only) return unsupported("post_only: IBKR has no post-only orders");
  if (order.reduce_only) return unsupported("reduce_only: IBKR has no such orders");
  if (order.display_qty) return unsupported("display_qty: IBKR has no iceberg orders over this interface");
  if (order.expire_date_ns != 0) return unsupported("expire_date_ns: IBKR takes no date over this interface");
  if (order.self_trade_prevention != SelfTradePrevention::Unset) {
    return unsupported("self_trade_prevention: IBKR has none to choose from");
  }
  if (order.extended_hours && order.time_in_force == TimeInForce::AtTheOpening) {
    return unsupported("extended_hours: the opening is of the regular hours");
  }
  if (order.extended_hours && order.order_type == OrderType::Stop) {
    return unsupported("extended_hours: a stop order is triggered in regular hours only");
  }
  if (order.order_qty.has_value() == order.cash_order_qty.has_value()) {
    return invalid("order_qty: exactly one of order_qty and cash_order_qty is wanted");
  }
  if (order.cash_order_qty && !instrument.can_cash_order_qty) {
    return unsupported("cash_order_qty: " + std::string{view(instrument.symbol)} + " takes no orders by amount");
  }
  return std::nullopt;
}

// One ticket being written, number by number from its digits: the library's numbers are floats. The first complaint is
// remembered, and what comes after it is written in vain.
class TicketWriter {
 public:
  TicketWriter(const NewOrder& order, const Instrument& instrument) : order_{order}, instrument_{instrument} {}

  void add(std::string_view name, std::string_view text) {
    if (!text.empty()) add_raw(name, json::serialize(json::string{text}));
  }
  void add_flag(std::string_view name, bool flag) { add_raw(name, flag ? "true" : "false"); }
  void add_number(std::string_view name, Decimal value) { add_raw(name, digits(value)); }
  void add_on_grid(std::string_view name, std::string_view field, const std::optional<Decimal>& value,
                   const std::optional<Decimal>& step) {
    if (!value) return;
    const auto rounded = on_grid(field, *value, step, order_.rounding);
    if (rounded) return add_number(name, *rounded);
    if (!error_) error_ = rounded.error();
  }

  void contract() {
    const std::string_view named = view(instrument_.broker_symbol);
    if (is_number(named)) return add_raw("conid", named);
    add("conidex", named);
  }
  // A stop's own price is `price`, unless it becomes a limit order: then that has `price`, and the stop is `auxPrice`.
  void prices() {
    add_on_grid("price", "price", order_.price, instrument_.tick_size);
    add_on_grid(order_.price ? "auxPrice" : "price", "stop_px", order_.stop_px, instrument_.tick_size);
    if (order_.trailing_delta_bps == 0) return;
    add("trailingType", "%");
    add_number("trailingAmt", Decimal{order_.trailing_delta_bps, -2});
  }
  void quantity() {
    add_on_grid("quantity", "order_qty", order_.order_qty, instrument_.lot_size);
    add_on_grid("cashQty", "cash_order_qty", order_.cash_order_qty,
                Decimal{1, -static_cast<int>(instrument_.quote_precision)});
  }

  Result<std::string> take() {
    if (error_) return *std::move(error_);
    return "{" + members_ + "}";
  }

 private:
  void add_raw(std::string_view name, std::string_view value) {
    members_.append(members_.empty() ? "\"" : ",\"").append(name).append("\":").append(value);
  }

  const NewOrder& order_;
  const Instrument& instrument_;
  std::string members_;
  std::optional<Error> error_;
};

Result<std::string> ticket_of(const NewOrder& order, const Instrument& instrument, const Ticket& ticket) {
  if (auto error = refuse(order, instrument)) return *std::move(error);
  TicketWriter writer{order, instrument};
  writer.add("acctId", ticket.account);
  writer.contract();
  writer.add("cOID", ticket.venue_order_id);
  writer.add("parentId", ticket.parent_id);
  writer.add("orderType", type_name(order));
  writer.add("listingExchange", ticket.listing_exchange);
  writer.add_flag("outsideRTH", order.extended_hours);
  writer.prices();
  writer.add("side", order.side == Side::Buy ? "BUY" : "SELL");
  writer.add("tif", time_in_force_name(order.time_in_force));
  writer.quantity();
  writer.add("referrer", ticket.referrer);
  if (!ticket.ext_operator.empty()) {
    writer.add_flag("manualIndicator", false);  // no hand has entered it
    writer.add("extOperator", ticket.ext_operator);
  }
  if (ticket.is_single_group) writer.add_flag("isSingleGroup", true);
  return writer.take();
}

Request orders_request(std::string_view account, std::string_view rest, std::string_view tickets) {
  Request request = post("/iserver/account/" + segment(account) + "/orders" + std::string{rest});
  request.body.append("{\"orders\":[").append(tickets).append("]}");
  return request;
}

Result<std::string> order_path(std::string_view account, std::string_view broker_order_id) {
  if (account.empty()) return invalid("account: missing");
  if (!is_number(broker_order_id)) return invalid("broker_order_id: no number of an order of IBKR's");
  return "/iserver/account/" + segment(account) + "/order/" + std::string{broker_order_id};
}

std::string topic(std::string_view name, std::string_view argument, const json::object& more = {}) {
  return std::string{name}.append("+").append(argument).append("+").append(json::serialize(more));
}

}  // namespace

std::string Request::target() const { return query.empty() ? path : path + "?" + gateway::query_of(query); }

// ---- Orders

Result<Request> encode_place(const NewOrder& order, const Instrument& instrument, const Ticket& ticket) {
  const auto text = ticket_of(order, instrument, ticket);
  if (!text) return text.error();
  return orders_request(ticket.account, "", *text);
}

Result<Request> encode_place_all(std::string_view account, std::span<const TicketOrder> orders) {
  std::string tickets;
  for (const TicketOrder& each : orders) {
    const auto text = ticket_of(each.order, each.instrument, each.ticket);
    if (!text) return text.error();
    tickets.append(tickets.empty() ? "" : ",").append(*text);
  }
  return orders_request(account, "", tickets);
}

Result<Request> encode_place_list(const PlaceListCommand& list, const Instrument& instrument, std::string_view account) {
  const bool is_pair = list.list_type == OrderListType::OneCancelsOther;
  const bool is_bracket = list.list_type == OrderListType::OneTriggersOneCancelsOther;
  if (!is_pair && !is_bracket && list.list_type != OrderListType::OneTriggersOther) {
    return unsupported("list_type: IBKR has no lists of this type");
  }
  if (list.commands.size() != (is_bracket ? 3u : 2u)) {
    return invalid(std::string{"orders: a list of this type has "} + (is_bracket ? "3" : "2") + " of them");
  }
  if (is_bracket && !can_be_told_apart(list.commands[1].order, list.commands[2].order)) {
    return unsupported("orders: of the two that wait one is a Limit and the other a Stop or StopLimit: IBKR shows them without names");
  }
  const std::string parent = is_pair ? std::string{} : names_of_bracket(list).joined();
  std::vector<TicketOrder> orders;
  for (const PlaceCommand& place : list.commands) {
    const TimeInForce time = place.order.time_in_force;
    if (time != TimeInForce::Day && time != TimeInForce::GoodTillCancel) {
      return unsupported("time_in_force: the orders of a list are Day or GoodTillCancel");
    }
    if (!instrument.can_oco) return unsupported("list_type: IBKR ties orders for shares alone here");
    Ticket ticket{.account = account, .venue_order_id = {}, .is_single_group = is_pair};
    if (is_pair) ticket.venue_order_id = view(place.command.venue_order_id);
    else (orders.empty() ? ticket.venue_order_id : ticket.parent_id) = parent;
    orders.push_back({place.order, instrument, ticket});
  }
  return encode_place_all(account, orders);
}

Result<Request> encode_preview(const NewOrder& order, const Instrument& instrument, const Ticket& ticket) {
  const auto text = ticket_of(order, instrument, ticket);
  if (!text) return text.error();
  return orders_request(ticket.account, "/whatif", *text);
}

Result<Request> encode_replace(std::string_view broker_order_id, const NewOrder& order, const Instrument& instrument,
                               const Ticket& ticket) {
  auto path = order_path(ticket.account, broker_order_id);
  if (!path) return path.error();
  auto text = ticket_of(order, instrument, ticket);
  if (!text) return text.error();
  Request request = post(*std::move(path));
  request.body = *std::move(text);
  return request;
}

Result<Request> encode_cancel(std::string_view account, std::string_view broker_order_id,
                              std::string_view ext_operator) {
  auto path = order_path(account, broker_order_id);
  if (!path) return path.error();
  Request request{.method = "DELETE", .path = *std::move(path), .query = {}, .body = {}};
  if (!ext_operator.empty()) request.query = {{"manualIndicator", "false"}, {"extOperator", std::string{ext_operator}}};
  return request;
}

// ---- Questions that IBKR asks about an order

Request encode_reply(std::string_view reply_id, bool confirmed) {
  return post("/iserver/reply/" + segment(reply_id), {{"confirmed", confirmed}});
}

Request encode_prompt_answer(std::string_view broker_order_id, std::string_view request_id, std::string_view option) {
  json::object body{{"reqId", request_id}, {"text", option}};
  std::int64_t number = 0;
  const char* const end = broker_order_id.data() + broker_order_id.size();
  if (std::from_chars(broker_order_id.data(), end, number).ec == std::errc{}) body["orderId"] = number;
  return post("/iserver/notification", body);
}

Request encode_suppress(const std::vector<std::string>& message_ids) {
  json::object body;
  body["messageIds"] = array_of(message_ids);
  return post("/iserver/questions/suppress", body);
}

Request encode_suppress_reset() { return post("/iserver/questions/suppress/reset"); }

// ---- The session

Request encode_session_init(bool compete) {
  return post("/iserver/auth/ssodh/init", {{"publish", true}, {"compete", compete}});
}
Request encode_auth_status() { return post("/iserver/auth/status"); }
Request encode_tickle() { return post("/tickle"); }
Request encode_sso_validate() { return get("/sso/validate"); }
Request encode_logout() { return post("/logout"); }

// ---- What is asked

Request encode_live_orders(bool force, std::string_view account) {
  Params query;
  if (force) query.emplace_back("force", "true");
  if (!account.empty()) query.emplace_back("accountId", account);
  return get("/iserver/account/orders", std::move(query));
}

Request encode_order_status(std::string_view broker_order_id) {
  return get("/iserver/account/order/status/" + segment(broker_order_id));
}

Request encode_trades(std::uint32_t days) {
  Params query;
  if (days > 0) query.emplace_back("days", std::to_string(std::min(days, 7u)));
  return get("/iserver/account/trades", std::move(query));
}

Request encode_accounts() { return get("/iserver/accounts"); }
Request encode_portfolio_accounts() { return get("/portfolio/accounts"); }
Request encode_select_account(std::string_view account) { return post("/iserver/account", {{"acctId", account}}); }
Request encode_ledger(std::string_view account) { return get("/portfolio/" + segment(account) + "/ledger"); }
Request encode_summary(std::string_view account) { return get("/portfolio/" + segment(account) + "/summary"); }
Request encode_positions(std::string_view account, std::uint32_t page) {
  return get("/portfolio/" + segment(account) + "/positions/" + std::to_string(page));
}
Request encode_positions_invalidate(std::string_view account) {
  return post("/portfolio/" + segment(account) + "/positions/invalidate");
}

Request encode_stocks(const std::vector<std::string>& symbols) {
  return get("/trsrv/stocks", {{"symbols", joined(symbols)}});
}
Request encode_futures(const std::vector<std::string>& symbols) {
  return get("/trsrv/futures", {{"symbols", joined(symbols)}});
}
Request encode_secdef(const std::vector<std::int64_t>& conids) {
  return get("/trsrv/secdef", {{"conids", joined(conids)}});
}
Request encode_search(std::string_view symbol, std::string_view sec_type) {
  Params query{{"symbol", std::string{symbol}}};
  if (!sec_type.empty()) query.emplace_back("secType", sec_type);
  return get("/iserver/secdef/search", std::move(query));
}
Request encode_info_and_rules(std::int64_t conid) {
  return get("/iserver/contract/" + std::to_string(conid) + "/info-and-rules");
}
Request encode_rules(std::int64_t conid, bool is_buy) {
  return post("/iserver/contract/rules", {{"conid", conid}, {"isBuy", is_buy}});
}

Request encode_trading_schedule(std::int64_t conid) {
  return get("/contract/trading-schedule", {{"conid", std::to_string(conid)}});
}

Request encode_snapshot(const std::vector<std::int64_t>& conids, const std::vector<std::string>& fields) {
  return get("/iserver/marketdata/snapshot", {{"conids", joined(conids)}, {"fields", joined(fields)}});
}
Request encode_unsubscribe(std::int64_t conid) { return post("/iserver/marketdata/unsubscribe", {{"conid", conid}}); }
Request encode_unsubscribe_all() { return get("/iserver/marketdata/unsubscribeall"); }

Request encode_history(const HistoryQuery& asked) {
  Params query{{"conid", std::to_string(asked.conid)}, {"period", asked.period}, {"bar", asked.bar}};
  if (!asked.exchange.empty()) query.emplace_back("exchange", asked.exchange);
  if (!asked.start_time.empty()) query.emplace_back("startTime", asked.start_time);
  if (asked.outside_rth) query.emplace_back("outsideRth", *asked.outside_rth ? "true" : "false");
  if (!asked.source.empty()) query.emplace_back("source", asked.source);
  return get("/iserver/marketdata/history", std::move(query));
}

std::optional<std::string_view> bar_of_interval(std::uint32_t bar_interval_ms) {
  struct Row {
    std::uint32_t minutes;
    std::string_view name;
  };
  constexpr Row rows[] = {{1, "1min"},   {2, "2min"},   {3, "3min"},  {5, "5min"},  {10, "10min"},
                          {15, "15min"}, {30, "30min"}, {60, "1h"},   {120, "2h"},  {180, "3h"},
                          {240, "4h"},   {480, "8h"},   {1440, "1d"}, {10080, "1w"}};
  for (const Row& row : rows) {
    if (row.minutes * 60'000 == bar_interval_ms) return row.name;
  }
  return std::nullopt;
}

// ---- The WebSocket

std::string encode_session(std::string_view session) { return json::serialize(json::object{{"session", session}}); }

std::string encode_subscribe_quote(std::int64_t conid, const std::vector<std::string>& fields) {
  json::object more;
  more["fields"] = array_of(fields);
  return topic("smd", std::to_string(conid), more);
}
std::string encode_unsubscribe_quote(std::int64_t conid) { return topic("umd", std::to_string(conid)); }

std::string encode_subscribe_history(const HistoryQuery& asked) {
  json::object more;
  if (!asked.exchange.empty()) more["exchange"] = asked.exchange;
  if (!asked.period.empty()) more["period"] = asked.period;
  if (!asked.bar.empty()) more["bar"] = asked.bar;
  if (asked.outside_rth) more["outsideRTH"] = *asked.outside_rth;
  if (!asked.source.empty()) more["source"] = asked.source;
  if (!asked.format.empty()) more["format"] = asked.format;
  return topic("smh", std::to_string(asked.conid), more);
}
std::string encode_unsubscribe_history(std::string_view server_id) { return "umh+" + std::string{server_id}; }

std::string encode_subscribe_orders() { return "sor+{}"; }
std::string encode_unsubscribe_orders() { return "uor+{}"; }

std::string encode_subscribe_trades(bool realtime_only, std::uint32_t days) {
  json::object more;
  if (realtime_only) more["realtimeUpdatesOnly"] = true;
  if (days > 0) more["days"] = days;
  return "str+" + json::serialize(more);
}
std::string encode_unsubscribe_trades() { return "utr"; }
std::string encode_subscribe_pnl() { return "spl+{}"; }
std::string encode_unsubscribe_pnl() { return "upl+{}"; }
std::string encode_subscribe_summary(std::string_view account) { return topic("ssd", account); }
std::string encode_unsubscribe_summary(std::string_view account) { return topic("usd", account); }
std::string encode_subscribe_ledger(std::string_view account) { return topic("sld", account); }
std::string encode_unsubscribe_ledger(std::string_view account) { return topic("uld", account); }

}  // namespace busbar::ibkr
