// What clients ask for: orders, cancels, replaces, sessions. Order lists are in order_lists.cpp.

#include <tuple>

#include "bus/clock.hpp"
#include "bus/codec.hpp"
#include "router/core/checks.hpp"
#include "router/core/market_hours.hpp"
#include "router/core/names.hpp"
#include "router/core/symbols.hpp"
#include "router/core/turn.hpp"

namespace busbar::router {

using busbar::name_of;

namespace {

auto amounts(const NewOrder& o) { return std::tie(o.order_qty, o.cash_order_qty, o.price, o.stop_px, o.display_qty); }

bool is_same_but_for_amounts(const NewOrder& a, const NewOrder& b) {
  const auto others = [](const NewOrder& o) {
    return std::tie(o.client_order_id, o.account, o.symbol, o.side, o.order_type, o.time_in_force, o.trailing_delta_bps,
                    o.expire_date_ns, o.post_only, o.reduce_only, o.extended_hours, o.rounding, o.self_trade_prevention,
                    o.cancel_on_disconnect, o.allow_duplicate, o.strategy, o.approval_id);
  };
  return others(a) == others(b);
}

bool has_same_digits(const std::optional<Decimal>& a, const std::optional<Decimal>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->mantissa() == b->mantissa() && a->exponent() == b->exponent();
}

}  // namespace

bool is_same_order(const NewOrder& a, const NewOrder& b) {
  return is_same_but_for_amounts(a, b) && amounts(a) == amounts(b);
}

bool is_identical(const NewOrder& a, const NewOrder& b) {
  return has_same_digits(a.order_qty, b.order_qty) && has_same_digits(a.cash_order_qty, b.cash_order_qty) &&
         has_same_digits(a.price, b.price) && has_same_digits(a.stop_px, b.stop_px) &&
         has_same_digits(a.display_qty, b.display_qty) && is_same_but_for_amounts(a, b);
}

namespace {

bool is_same(const ReplaceOrder& a, const ReplaceOrder& b) {
  const auto all = [](const ReplaceOrder& o) {
    return std::tie(o.client_order_id, o.orig_client_order_id, o.order_id, o.order_qty, o.price, o.stop_px, o.rounding);
  };
  return all(a) == all(b);
}

bool is_same(const CancelAll& a, const CancelAll& b) {
  const auto all = [](const CancelAll& c) { return std::tie(c.client_order_id, c.account, c.symbol, c.side); };
  return all(a) == all(b);
}

}  // namespace

// In router time. A client's clock is the wall clock of this host or kept to it (NTP), so the record tells the difference. It
// is not measured by how long messages took: a Hello that waited for a router that was away would make all the orders
// behind it look fresh. Nothing lives longer than its term from now, even when the clock was set back meanwhile.
Timestamp expire_time(const Turn& turn) {
  const Header& header = turn.header();
  const std::int64_t offset = turn.now - turn.input.wall_ns;
  if (header.expire_time_ns != 0) {
    return std::clamp<Timestamp>(header.expire_time_ns, 0, turn.input.wall_ns + ns_per_day) + offset;
  }
  const std::int64_t ttl = turn.state.config.order_ttl_ms * ns_per_ms;
  if (header.send_time_ns == 0) return turn.now + ttl;
  return std::clamp<Timestamp>(header.send_time_ns, 0, turn.input.wall_ns) + offset + ttl;
}

void answer_refusal(Turn& turn, const Id& client_order_id, const Id& orig_client_order_id, ExecType exec_type,
                    const Reason& reason, ExecutionReport report) {
  report.client_order_id = client_order_id;
  report.orig_client_order_id = orig_client_order_id;
  report.exec_type = exec_type;
  if (report.order_status == OrderStatus::Unset) report.order_status = OrderStatus::Rejected;
  put_reason(report, reason);
  answer_refused(turn, std::move(report));
}

Reason conflict(const State& state, const Id& id, const Known& known) {
  constexpr std::string_view types[] = {"order",      "cancel",           "replace",
                                        "order list", "cancel of a list", "cancel of all"};
  std::string text = "this name stands for another " + std::string{types[static_cast<std::size_t>(known.type)]};
  if (const Order* order = find(state.orders, known.order_id)) {
    text += ", order_id " + std::to_string(order->order_id) + ", now " + std::string{name_of(order->life.status)};
  }
  return {ErrorCode::Conflict, cut<32>("client_order_id"), id, {}, {}, words(text)};
}

namespace {

ExecType refusal_of(RequestType type) {
  if (type == RequestType::New) return ExecType::Rejected;
  return type == RequestType::Replace ? ExecType::ReplaceRejected : ExecType::CancelRejected;
}

// FIX's way with a name seen before: the same content gets the current report, other content a refusal.
void answer_as_known(Turn& turn, RequestType type, const Id& id, const Known& known, bool is_same_content) {
  if (!is_same_content || known.type != type) {
    return answer_refusal(turn, id, {}, refusal_of(type), conflict(turn.state, id, known));
  }
  ExecutionReport report = describe(turn.state, turn.state.orders.at(known.order_id));
  if (report.client_order_id != id) {
    report.orig_client_order_id = report.client_order_id;
    report.client_order_id = id;
  }
  answer_asker(turn, report);
}

bool answer_known_order(Turn& turn, const NewOrder& request) {
  const auto known = find_known(turn.state, turn.header().sender, request.client_order_id);
  if (!known) return false;
  const Order* order = find(turn.state.orders, known->order_id);
  const bool is_same = order && is_same_order(order->request(), request);
  answer_as_known(turn, RequestType::New, request.client_order_id, *known, is_same);
  return true;
}

}  // namespace

bool answer_known(Turn& turn, RequestType type, const Id& id, const ReplaceOrder& content) {
  const ClientKey key{turn.header().sender, id};
  const auto known = find_known(turn.state, key.first, key.second);
  if (!known) return false;
  const ReplaceOrder* request = find(turn.state.requests, key);
  answer_as_known(turn, type, id, *known, request && is_same(*request, content));
  return true;
}

Order& add_order(Turn& turn, const NewOrder& request, const NewOrder& rounded, Timestamp expire_ns) {
  State& state = turn.state;
  const std::uint64_t id = ++state.last_order_id;
  Order& order = state.orders.try_emplace(state.orders.end(), id)->second;
  order.order_id = id;
  order.owner = turn.party();
  if (const AccountRule* rule = find(state.account_rules, request.account)) order.gateway = rule->gateway;
  order.order = rounded;
  if (!is_identical(request, rounded)) order.sent.keep(request);
  order.life.order_qty = rounded.order_qty;
  order.is_working = rounded.order_type == OrderType::Market || rounded.order_type == OrderType::Limit;
  order.receive_ns = turn.now;
  order.expire_ns = expire_ns;
  remember(state, order);
  return order;
}

Reason rate_limited(const Name& gateway) {
  return {ErrorCode::RateLimited,
          {},
          {},
          {},
          {},
          words("the limits of " + str(gateway) + " leave no room before it expires")};
}

std::optional<Reason> not_cancelable(const Turn& turn, const Order& order) {
  const Gateway* gateway = find(turn.state.gateways, order.gateway);
  if (order.queue_number == 0 && (!gateway || !gateway->is_connected)) {
    return Reason{
        ErrorCode::GatewayDown, {}, {}, {}, {}, words("its gateway " + str(order.gateway) + " is not there")};
  }
  // One cancel is under way; another makes sense only when the first has been silent for a while.
  const auto* pending = find(turn.state.cancels, order.order_id);
  const bool is_fresh = pending && !pending->pending.is_in_doubt && turn.now < pending->pending.since_ns + ns_per_s;
  if (is_fresh) return Reason{ErrorCode::DuplicateOrder, {}, {}, {}, {}, words("a cancel is on its way already")};
  return std::nullopt;
}

namespace {

// Whoever names an expiry means it; without one the account says how long an order waits for its market.
Timestamp wait_until(const Turn& turn, const Name& account, Timestamp expire_ns) {
  if (turn.header().expire_time_ns != 0) return expire_ns;
  return turn.now + static_cast<std::int64_t>(find(turn.state.account_rules, account)->queue_for_open_ms) * ns_per_ms;
}

void on_new_order(Turn& turn, const NewOrder& request) {
  State& state = turn.state;
  if (answer_known_order(turn, request)) return;
  const Party party = turn.party();
  if (const Verdict verdict = check_permission(state, party, request.account, true)) {
    ExecutionReport report;
    report.account = request.account;
    report.symbol = request.symbol;
    report.side = request.side;
    return answer_refusal(turn, request.client_order_id, {}, ExecType::Rejected, *verdict, report);
  }
  NewOrder rounded = request;
  Question question{state, party, turn.now, expire_time(turn), rounded, nullptr, true};
  question.wait_until_ns = wait_until(turn, request.account, question.expire_ns);
  Verdict verdict = check(question);
  const bool waits = !verdict && question.opens_ns != 0;
  Order& order = add_order(turn, request, verdict ? request : rounded, waits ? question.wait_until_ns : question.expire_ns);
  if (waits) {
    wait_for_open(turn, order, question.opens_ns);
    News news{ExecType::PendingNew, {}, {}, nullptr, {}, 0, false, {true, {}}};
    news.reason.text = words("waits for its market, which opens " + utc_text(question.opens_ns));
    happen(turn, order, OrderEvent::Received, news);
    return;
  }
  Metered metered = Metered::Refused;
  if (!verdict) {
    metered = meter(turn, order, RequestKind::Place, order.expire_ns, order.queue_number);
    if (metered == Metered::Refused) verdict = rate_limited(order.gateway);
  }
  if (verdict) {
    happen(turn, order, OrderEvent::Refused, {ExecType::Rejected, {}, *verdict, nullptr, {}, 0, false, {true, {}}});
    return;
  }
  if (metered == Metered::Send) send_place(turn, order);
  happen(turn, order, OrderEvent::Received, {ExecType::PendingNew, {}, {}, nullptr, {}, 0, false, {true, {}}});
}

// The order that a cancel or replace means: by its client's own name, or by ours.
Order* find_named(State& state, const Name& client, const Id& orig_client_order_id, std::uint64_t order_id) {
  if (orig_client_order_id.empty()) return find_order(state, order_id);
  const auto known = find_known(state, client, orig_client_order_id);
  const bool is_of_one_order = known && known->type <= RequestType::Replace;
  Order* order = is_of_one_order ? find_order(state, known->order_id) : nullptr;
  return order && (order_id == 0 || order_id == order->order_id) ? order : nullptr;
}

struct Request {
  Id client_order_id;
  Id orig_client_order_id;
  std::uint64_t order_id = 0;
  ExecType refusal = ExecType::CancelRejected;
};

// What cancels and replaces have in common: the order must be there, open to the client, and working. nullptr:
// answered.
Order* find_target(Turn& turn, const Request& request) {
  Order* order = find_named(turn.state, turn.header().sender, request.orig_client_order_id, request.order_id);
  Verdict verdict = order ? check_permission(turn.state, turn.party(), order->order.account, true) : std::nullopt;
  // Who may not see an account learns nothing about its orders, not even that there is one.
  const bool is_hidden = verdict.has_value();
  if (is_hidden) order = nullptr;
  if (is_hidden && view(verdict->field) != "sender") verdict.reset();
  if (!order && !verdict) {
    const bool by_name = !request.orig_client_order_id.empty();
    verdict = Reason{ErrorCode::OrderNotFound, cut<32>(by_name ? "orig_client_order_id" : "order_id"),
                     by_name ? request.orig_client_order_id : cut<64>(std::to_string(request.order_id)), {}, {},
                     words("names no order of this client")};
  }
  if (order && is_final(order->life.status)) {
    verdict = Reason{ErrorCode::OrderNotFound, cut<32>("order_status"), cut<64>(name_of(order->life.status)), {}, {},
                     words("too late: the order is " + std::string{name_of(order->life.status)})};
  }
  if (!verdict) return order;
  ExecutionReport report;
  if (order) report = describe(turn.state, *order);
  const Id& original = order ? order->order.client_order_id : request.orig_client_order_id;
  answer_refusal(turn, request.client_order_id, original, request.refusal, *verdict, report);
  return nullptr;
}

void refuse_request(Turn& turn, const Order& order, const Request& request, const Reason& reason) {
  answer_refusal(turn, request.client_order_id, order.order.client_order_id, request.refusal, reason,
                 describe(turn.state, order));
}

void on_cancel_order(Turn& turn, const CancelOrder& cancel) {
  State& state = turn.state;
  ReplaceOrder content;
  content.client_order_id = cancel.client_order_id;
  content.orig_client_order_id = cancel.orig_client_order_id;
  content.order_id = cancel.order_id;
  if (answer_known(turn, RequestType::Cancel, cancel.client_order_id, content)) return;
  const Request request{cancel.client_order_id, cancel.orig_client_order_id, cancel.order_id, ExecType::CancelRejected};
  Order* order = find_target(turn, request);
  if (!order) return;

  if (const auto reason = not_cancelable(turn, *order)) return refuse_request(turn, *order, request, *reason);
  remember(state, turn.header().sender, cancel.client_order_id, RequestType::Cancel, order->order_id);
  state.requests[{turn.header().sender, cancel.client_order_id}] = content;
  start_cancel(turn, *order, cancel.client_order_id, turn.party(), true, {});
}

// ---- Every open order of an account

// One answer, for a REQ takes no more; what becomes of each order is told in reports, as after any cancel.
void answer_cancel_all(Turn& turn, const std::vector<std::uint64_t>& orders, std::string_view text) {
  constexpr std::size_t answered_max = 100;  // an answer is a record and must fit one
  Answer answer;
  answer.kind = QueryKind::Orders;
  answer.as_of_ns = turn.now;
  answer.text = words(text);
  for (const std::uint64_t id : orders) {
    if (answer.orders.size() == answered_max) {
      answer.next_page_token = cut<64>(std::to_string(answer.orders.back().order_id));
      break;
    }
    if (const Order* order = find_order(turn.state, id)) answer.orders.push_back(present(turn.state, *order));
  }
  answer_request(turn, std::move(answer));
}

void refuse_cancel_all(Turn& turn, const Reason& reason) {
  Answer answer;
  answer.kind = QueryKind::Orders;
  answer.as_of_ns = turn.now;
  answer.error = reason.error;
  const std::string subject = reason.field.empty() ? "" : str(reason.field) + " " + str(reason.value) + ": ";
  answer.text = words(subject + str(reason.text));
  answer_request(turn, std::move(answer));
}

std::vector<std::uint64_t> open_orders_of(const State& state, const CancelAll& cancel) {
  std::vector<std::uint64_t> meant;
  const Symbol symbol = resolve(state, state.account_rules.at(cancel.account).gateway, cancel.symbol);
  for (const std::uint64_t id : state.open_orders) {
    const NewOrder& order = state.orders.at(id).order;
    const bool is_meant = order.account == cancel.account && (symbol.empty() || order.symbol == symbol) &&
                          (cancel.side == Side::Unset || order.side == cancel.side);
    if (is_meant) meant.push_back(id);
  }
  return meant;
}

// Nothing open is no error. But a symbol that nobody knows is a slip, and "nothing is open" the wrong answer to it.
Verdict check_symbol(const State& state, const CancelAll& cancel) {
  const Name& gateway = state.account_rules.at(cancel.account).gateway;
  const Symbol symbol = resolve(state, gateway, cancel.symbol);
  if (symbol.empty() || find(state.instruments, SymbolKey{gateway, symbol})) return std::nullopt;
  return Reason{ErrorCode::InvalidSymbol, cut<32>("symbol"), Id{cancel.symbol}, {}, {},
                words(no_symbol(state, gateway, view(cancel.symbol)).text)};
}

void on_cancel_all(Turn& turn, const CancelAll& cancel) {
  State& state = turn.state;
  const Party party = turn.party();
  const ClientKey key{party.client, cancel.client_order_id};
  if (const auto known = find_known(state, key.first, key.second)) {
    const CancelledAll* before = find(state.cancel_alls, key);
    if (before && is_same(before->request, cancel)) return answer_cancel_all(turn, before->orders, "known already");
    return refuse_cancel_all(turn, conflict(state, cancel.client_order_id, *known));
  }
  if (const Verdict verdict = check_permission(state, party, cancel.account, true))
    return refuse_cancel_all(turn, *verdict);
  const std::vector<std::uint64_t> orders = open_orders_of(state, cancel);
  if (orders.empty()) {
    if (const Verdict verdict = check_symbol(state, cancel)) return refuse_cancel_all(turn, *verdict);
  }
  state.known[key] = {RequestType::CancelAll, 0};
  state.cancel_alls[key] = {cancel, orders};
  const Timestamp forget_ns = turn.now + state.config.client_order_id_days * ns_per_day;
  arm(turn, {forget_ns, TimerKind::ForgetCancelAll, 0, party.client, cancel.client_order_id});

  std::size_t waiting = 0;
  for (const std::uint64_t id : orders) {
    Order& order = state.orders.at(id);
    const auto reason = not_cancelable(turn, order);
    if (!reason) {
      start_cancel(turn, order, cancel.client_order_id, party, !party.session.empty(), {});
    } else if (reason->error == ErrorCode::GatewayDown) {
      want_cancel(turn, order, {});
      ++waiting;
    }
  }
  std::string text = orders.empty() ? "nothing is open" : std::to_string(orders.size()) + " orders";
  if (waiting > 0) text += ", " + std::to_string(waiting) + " of which are cancelled when their gateway is back";
  answer_cancel_all(turn, orders, text);
}

// The order as it shall be.
NewOrder replaced(const Order& order, const ReplaceOrder& replace) {
  NewOrder wanted = order.order;
  if (replace.order_qty) wanted.order_qty = replace.order_qty;
  if (replace.price) wanted.price = replace.price;
  if (replace.stop_px) wanted.stop_px = replace.stop_px;
  wanted.rounding = replace.rounding;
  wanted.client_order_id = replace.client_order_id;
  return wanted;
}

// Changing an order that still waits in the queue would be easy; that it might leave meanwhile is not: it is refused.
std::optional<Reason> not_replaceable(const Order& order) {
  if (order.list != 0) {
    return Reason{
        ErrorCode::Unsupported, cut<32>("list_id"), {}, {}, {}, words("an order of a list cannot be replaced")};
  }
  if (order.last_leg == leg_max) {
    return Reason{ErrorCode::OrderRejected, cut<32>("order_id"), cut<64>(std::to_string(order.order_id)), {}, {},
                  words("was replaced " + std::to_string(leg_max) + " times, and a broker's name for it counts no further: "
                        "cancel it and place another")};
  }
  const OrderStatus status = order.life.status;
  if (status == OrderStatus::New || status == OrderStatus::PartiallyFilled) return std::nullopt;
  return Reason{ErrorCode::OrderRejected, cut<32>("order_status"), cut<64>(name_of(status)), {}, {},
                words("an order that is " + std::string{name_of(status)} + " cannot be replaced now")};
}

void on_replace_order(Turn& turn, const ReplaceOrder& replace) {
  State& state = turn.state;
  if (answer_known(turn, RequestType::Replace, replace.client_order_id, replace)) return;
  const Request request{replace.client_order_id, replace.orig_client_order_id, replace.order_id,
                        ExecType::ReplaceRejected};
  Order* order = find_target(turn, request);
  if (!order) return;
  NewOrder wanted = replaced(*order, replace);
  const Party party = turn.party();
  Question question{state, party, turn.now, expire_time(turn), wanted, order};
  Verdict verdict = not_replaceable(*order);
  if (!verdict) verdict = check(question);
  if (verdict) return refuse_request(turn, *order, request, *verdict);

  std::uint64_t queue_number = 0;
  const Metered metered = meter(turn, *order, RequestKind::Replace, question.expire_ns, queue_number);
  if (metered == Metered::Refused) return refuse_request(turn, *order, request, rate_limited(order->gateway));
  remember(state, turn.header().sender, replace.client_order_id, RequestType::Replace, order->order_id);
  state.requests[{turn.header().sender, replace.client_order_id}] = replace;
  PendingReplace& pending = state.replaces[order->order_id];
  pending = {{replace.client_order_id, party, 0, queue_number, turn.now, question.expire_ns, false, 0, 0}, wanted,
             ++order->last_leg, false};
  if (metered == Metered::Send) send_replace(turn, *order);
  happen(turn, *order, OrderEvent::ReplaceSent,
         {ExecType::PendingReplace, replace.client_order_id, {}, nullptr, {}, 0, false, {true, {}}});
}

// ---- Sessions

void on_hello(Turn& turn, const Hello& hello) {
  State& state = turn.state;
  const Party party = turn.party();
  if (party.session.empty()) return reject(turn, ErrorCode::InvalidMessage, "session", "", "a Hello needs a session");
  if (!find(state.clients, party.client)) {
    return reject(turn, ErrorCode::PermissionDenied, "sender", view(party.client), "is no client of this router");
  }
  Session& session = state.sessions[party];
  if (session.end_ns != 0) disarm(turn, {session.end_ns, TimerKind::EndSession, 0, party.client, Id{party.session}});
  session.end_ns = 0;
  session.is_connected = true;
  session.is_awaited = false;
  session.cancel_on_disconnect = hello.cancel_on_disconnect;

  Decision& decision = turn.out.emplace_back();
  decision.destination = Destination::Session;
  decision.peer = party.client;
  decision.session = party.session;
  decision.correlation_id = turn.header().correlation_id;
  const std::uint64_t next = std::min(hello.last_report, session.last_report) + 1;
  decision.body = Welcome{next, 0, state.config.heartbeat_interval_ms, turn.now, state.version};
}

// May this message be looked at at all? Otherwise it has been answered.
bool is_heard(Turn& turn) {
  const State& state = turn.state;
  if (!state.is_configured) {
    reject(turn, ErrorCode::Internal, "", "", "the router has no configuration yet");
    return false;
  }
  if (turn.header().environment != state.config.environment) {
    reject(turn, ErrorCode::InvalidMessage, "environment", name_of(turn.header().environment),
           "this router is " + std::string{name_of(state.config.environment)});
    return false;
  }
  if (std::holds_alternative<Hello>(turn.input.message->body) || turn.header().session.empty()) return true;
  const auto session = state.sessions.find(turn.party());
  if (session != state.sessions.end() && session->second.is_connected) return true;
  reject(turn, ErrorCode::HelloNeeded, "session", view(turn.header().session), "say Hello first");
  return false;
}

}  // namespace

void on_client_message(Turn& turn) {
  if (!is_heard(turn)) return;
  const Body& body = turn.input.message->body;
  if (const auto* order = std::get_if<NewOrder>(&body)) return on_new_order(turn, *order);
  if (const auto* cancel = std::get_if<CancelOrder>(&body)) return on_cancel_order(turn, *cancel);
  if (const auto* replace = std::get_if<ReplaceOrder>(&body)) return on_replace_order(turn, *replace);
  if (const auto* cancel = std::get_if<CancelAll>(&body)) return on_cancel_all(turn, *cancel);
  if (const auto* list = std::get_if<NewOrderList>(&body)) return on_new_order_list(turn, *list);
  if (const auto* cancel = std::get_if<CancelOrderList>(&body)) return on_cancel_order_list(turn, *cancel);
  if (const auto* subscribe = std::get_if<Subscribe>(&body)) return on_subscribe(turn, *subscribe);
  if (const auto* unsubscribe = std::get_if<Unsubscribe>(&body)) return on_unsubscribe(turn, *unsubscribe);
  if (const auto* hello = std::get_if<Hello>(&body)) return on_hello(turn, *hello);
  if (const auto* logout = std::get_if<Logout>(&body)) return on_session_lost(turn, turn.party(), view(logout->reason));
}

void on_session_lost(Turn& turn, const Party& party, std::string_view reason) {
  State& state = turn.state;
  Session* session = find(state.sessions, party);
  if (!session || !(session->is_connected || session->is_awaited)) return;
  session->is_connected = session->is_awaited = false;
  if (session->end_ns != 0) disarm(turn, {session->end_ns, TimerKind::EndSession, 0, party.client, Id{party.session}});
  session->end_ns = 0;
  end_leases(turn, party);

  const std::vector<std::uint64_t> open{state.open_orders.begin(), state.open_orders.end()};
  const std::string why = "session lost" + (reason.empty() ? std::string{} : ": " + std::string{reason});
  for (const std::uint64_t id : open) {
    Order& order = state.orders.at(id);
    if (!(order.owner == party) || !(session->cancel_on_disconnect || order.order.cancel_on_disconnect)) continue;
    want_cancel(turn, order, why);
  }
}

}  // namespace busbar::router
