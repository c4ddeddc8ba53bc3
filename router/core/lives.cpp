// What follows when something happens to an order.

#include <algorithm>

#include "bus/codec.hpp"
#include "router/core/checks.hpp"
#include "router/core/names.hpp"
#include "router/core/turn.hpp"

namespace busbar::router {

using busbar::name_of;

namespace {

void on_end(Turn& turn, Order& order) {
  State& state = turn.state;
  order.end_ns = turn.now;
  order.is_cancel_wanted = false;
  state.open_orders.erase(order.order_id);
  dequeue(turn, order, RequestKind::Place, order.queue_number);
  order.opens_ns = 0;
  if (order.wake_ns != 0) disarm(turn, {order.wake_ns, TimerKind::Open, order.order_id, {}, {}});
  order.wake_ns = 0;
  arm(turn,
      {turn.now + state.config.client_order_id_days * ns_per_day, TimerKind::ForgetOrder, order.order_id, {}, {}});
}

void on_reopen(Turn& turn, Order& order) {
  order.end_ns = 0;
  order.end_transact_ns = 0;
  order.look_ups = 0;
  turn.state.open_orders.insert(order.order_id);
  turn.state.reasons.erase(order.order_id);
}

bool misses_fills(const Order& order) { return order.venue_cum_qty > order.life.cum_qty; }

bool must_ask(const State& state, const Order& order) {
  if (misses_fills(order)) return true;
  if (is_final(order.life.status)) return false;
  if (order.life.is_in_doubt || order.place_command != 0 || order.is_unheard) return true;
  const auto* cancel = find(state.cancels, order.order_id);
  const auto* replace = find(state.replaces, order.order_id);
  return (cancel && cancel->pending.command != 0) || (replace && replace->pending.command != 0);
}

// Answered in time: otherwise each order came back as a Tick of its own, for nothing.
void disarm_ask(Turn& turn, Order& order) {
  if (order.ask_ns == 0 || must_ask(turn.state, order)) return;
  disarm(turn, {order.ask_ns, TimerKind::Ask, order.order_id, {}, {}});
  order.ask_ns = 0;
}

Step take(Turn& turn, Order& order, OrderEvent event) {
  const bool was_open = order.end_ns == 0 && order.life.status != OrderStatus::Unset;
  const OrderStatus before = order.life.status;
  const Step step = advance(order.life, event);
  if (order.life.status != before) order.asks = 0;  // news: what is asked from now on is another question
  const bool is_open = !is_final(order.life.status) && order.life.status != OrderStatus::Unset;
  if (event == OrderEvent::Received) turn.state.open_orders.insert(turn.state.open_orders.end(), order.order_id);
  if (!is_open && (was_open || event == OrderEvent::Refused)) on_end(turn, order);
  if (is_open && !was_open && event != OrderEvent::Received) on_reopen(turn, order);
  const bool has_open_command = order.place_command != 0;
  if (step != Step::Alarm) close_answered(turn, order);
  if (has_open_command && order.place_command == 0) disarm_ask(turn, order);
  return step;
}

std::string alarm_text(Step step, OrderEvent event, OrderStatus before, const Reason& reason) {
  std::string text =
      "ALARM: the broker says " + std::string{name_of(event)} + " of an order that is " + std::string{name_of(before)};
  if (step == Step::Reopen) text += "; it is open again and will be cancelled";
  if (!reason.text.empty()) text += ": " + str(reason.text);
  return text;
}

void put_fill(ExecutionReport& report, const News& news) {
  report.trade_id = news.trade_id;
  if (!news.fill) return;
  report.last_qty = news.fill->qty;
  report.last_px = news.fill->px;
  report.commission = news.fill->commission;
  report.commission_asset = news.fill->commission_asset;
  report.liquidity = news.fill->liquidity;
}

void tell_news(Turn& turn, Order& order, const News& news) {
  ExecutionReport& report = start_report(turn);
  describe(turn.state, order, report);
  report.exec_type = news.exec_type;
  report.transact_time_ns = news.transact_ns;
  put_reason(report, news.reason);
  put_fill(report, news);
  if (!news.client_order_id.empty() && news.client_order_id != order.order.client_order_id) {
    report.client_order_id = news.client_order_id;
    report.orig_client_order_id = order.order.client_order_id;
  }
  tell_started(turn, order, news.audience);
}

bool is_unsent(ErrorCode error) {
  return error == ErrorCode::GatewayDown || error == ErrorCode::NotSent || error == ErrorCode::Expired ||
         error == ErrorCode::ConnectionError || error == ErrorCode::RateLimited;
}

// A request that was still open when its order ended: it came too late.
void tell_too_late(Turn& turn, Order& order, const std::optional<Pending>& pending, ExecType exec_type) {
  if (!pending || pending->client_order_id.empty()) return;
  News news{exec_type, pending->client_order_id, {}, nullptr, {}, 0, false, {false, pending->asker}};
  news.reason.error = ErrorCode::OrderNotFound;
  news.reason.text = words("too late: the order is " + std::string{name_of(order.life.status)});
  tell_news(turn, order, news);
}

std::optional<Pending> pending_cancel(const State& state, const Order& order) {
  const auto* cancel = find(state.cancels, order.order_id);
  return cancel ? std::optional{cancel->pending} : std::nullopt;
}

std::optional<Pending> pending_replace(const State& state, const Order& order) {
  const auto* replace = find(state.replaces, order.order_id);
  return replace ? std::optional{replace->pending} : std::nullopt;
}

}  // namespace

Order* find_order(State& state, std::uint64_t order_id) { return find(state.orders, order_id); }

Step happen(Turn& turn, Order& order, OrderEvent event, News news) {
  const OrderStatus before = order.life.status;
  const auto cancel = pending_cancel(turn.state, order);
  const auto replace = pending_replace(turn.state, order);
  const Step step = take(turn, order, event);
  const OrderStatus after = order.life.status;
  const bool is_alarm = step == Step::Alarm || step == Step::Reopen || step == Step::Correct;
  if (!is_alarm && news.only_if_changed && before == after) return step;

  if (event == OrderEvent::Canceled && cancel && news.client_order_id.empty()) {
    news.client_order_id = cancel->client_order_id;
    news.audience.also = cancel->asker;
  }
  if (is_alarm) news.reason.text = words(alarm_text(step, event, before, news.reason));
  if (step == Step::Alarm && !news.fill) news.exec_type = ExecType::OrderStatus;
  if (is_final(after) && before != after && (news.reason.error != ErrorCode::None || !news.reason.text.empty())) {
    turn.state.reasons[order.order_id] = news.reason;
  }
  tell_news(turn, order, news);

  const bool has_ended = is_final(after) && !is_final(before);
  if (has_ended && event != OrderEvent::Canceled) tell_too_late(turn, order, cancel, ExecType::CancelRejected);
  if (has_ended) tell_too_late(turn, order, replace, ExecType::ReplaceRejected);
  if (step == Step::Reopen && !is_final(after)) want_cancel(turn, order, "it had ended before");
  return step;
}

void start_cancel(Turn& turn, Order& order, const Id& request_id, const Party& asker, bool tell_asker,
                  std::string_view why) {
  State& state = turn.state;
  if (order.queue_number != 0) {  // never sent: nothing to ask the broker
    News news{ExecType::Canceled, request_id, {}, nullptr, {}, 0, false, {tell_asker, asker}};
    news.reason.text = words(why.empty() ? "before it was sent" : why);
    happen(turn, order, OrderEvent::Canceled, news);
    return;
  }
  PendingCancel& cancel = state.cancels[order.order_id];
  cancel.pending.client_order_id = request_id;
  cancel.pending.asker = asker;
  cancel.pending.since_ns = turn.now;
  cancel.pending.is_in_doubt = false;
  cancel.pending.look_ups = 0;
  order.is_cancel_wanted = false;
  dequeue(turn, order, RequestKind::Cancel, cancel.pending.queue_number);
  const Metered metered = meter(turn, order, RequestKind::Cancel, never, cancel.pending.queue_number);
  News news{ExecType::PendingCancel, request_id, {}, nullptr, {}, 0, false, {tell_asker, asker}};
  news.reason.text = words(why);
  if (metered == Metered::Send) send_cancel(turn, order);
  happen(turn, order, OrderEvent::CancelSent, news);
  if (metered == Metered::Refused) {
    end_cancel(turn, order, {ErrorCode::RateLimited, {}, {}, {}, {}, words("costs more than the broker allows at all")},
               0);
  }
}

void want_cancel(Turn& turn, Order& order, std::string_view why) {
  if (is_final(order.life.status) || order.life.cancel_pending) return;
  const Gateway* gateway = find(turn.state.gateways, order.gateway);
  if (order.queue_number != 0 || (gateway && gateway->is_connected))
    return start_cancel(turn, order, {}, {}, false, why);
  order.is_cancel_wanted = true;
}

void end_cancel(Turn& turn, Order& order, const Reason& reason, Timestamp transact_ns) {
  const auto pending = pending_cancel(turn.state, order);
  if (!pending) return;
  // One of ours that never got there: nobody else will say it again.
  const bool is_still_wanted = pending->client_order_id.empty() && is_unsent(reason.error);
  happen(turn, order, OrderEvent::CancelRejected,
         {ExecType::CancelRejected,
          pending->client_order_id,
          reason,
          nullptr,
          {},
          transact_ns,
          false,
          {false, pending->asker}});
  order.is_cancel_wanted = is_still_wanted && !is_final(order.life.status);
}

void end_replace(Turn& turn, Order& order, const Reason& reason, Timestamp transact_ns) {
  const auto* replace = find(turn.state.replaces, order.order_id);
  if (!replace) return;
  const Pending pending = replace->pending;
  const bool is_gone = replace->is_old_leg_gone;
  happen(turn, order, OrderEvent::ReplaceRejected,
         {ExecType::ReplaceRejected,
          pending.client_order_id,
          reason,
          nullptr,
          {},
          transact_ns,
          false,
          {false, pending.asker}});
  if (is_gone)
    happen(turn, order, OrderEvent::Canceled, {ExecType::Canceled, {}, {}, nullptr, {}, transact_ns, false, {}});
}

void refuse_unsent(Turn& turn, Order& order, const Reason& reason) {
  happen(turn, order, OrderEvent::NotSent, {ExecType::Rejected, {}, reason, nullptr, {}, 0, false, {}});
}

bool was_looked_for(const Gateway& gateway, std::uint32_t look_ups) {
  return look_ups >= std::max(1u, gateway.capabilities.absence_rule.look_ups);
}

void arm_ask(Turn& turn, Order& order, std::int64_t delay_ns) {
  const Timestamp at = turn.now + delay_ns;
  if (order.ask_ns != 0 && order.ask_ns <= at && order.ask_ns > turn.now) return;
  if (order.ask_ns != 0) disarm(turn, {order.ask_ns, TimerKind::Ask, order.order_id, {}, {}});
  order.ask_ns = at;
  arm(turn, {at, TimerKind::Ask, order.order_id, {}, {}});
}

// What was asked of an earlier life went with it, and how long that one was silent says nothing about this one. Open commands
// are said again and asked by the gateway itself, and what was not heard of is asked after the comparison.
void ask_anew(Turn& turn, Order& order) {
  order.asks = 0;
  if (misses_fills(order)) arm_ask(turn, order, ns_per_s);
}

void on_ask_due(Turn& turn, Order& order) {
  order.ask_ns = 0;
  if (!must_ask(turn.state, order)) {
    order.asks = 0;
    return;
  }
  const Gateway* gateway = find(turn.state.gateways, order.gateway);
  if (gateway && gateway->is_connected) {
    if (order.life.status == OrderStatus::PendingNew) {
      happen(turn, order, OrderEvent::Unknown,
             {ExecType::InDoubt,
              {},
              {ErrorCode::UnknownOutcome, {}, {}, {}, {}, words("no answer from the broker or its gateway")},
              nullptr,
              {},
              0,
              false,
              {}});
    }
    if (send_ask(turn, order)) ++order.asks;
  }
  constexpr std::int64_t longest = 60 * ns_per_s;
  const std::int64_t pause = 2 * ns_per_s << std::min<std::uint32_t>(order.asks, 5);
  arm_ask(turn, order, std::min(pause, longest));
}

namespace {

void forget_order(Turn& turn, std::uint64_t order_id) {
  State& state = turn.state;
  Order* order = find_order(state, order_id);
  if (!order) return;
  forget_names(state, *order);
  const auto first = std::pair{order_id, Id{}};
  for (auto at = state.order_fills.lower_bound(first); at != state.order_fills.end() && at->first == order_id;) {
    state.fills.erase({order->order.account, at->second});
    at = state.order_fills.erase(at);
  }
  if (order->ask_ns != 0) disarm(turn, {order->ask_ns, TimerKind::Ask, order_id, {}, {}});
  state.reasons.erase(order_id);
  state.orders.erase(order_id);
}

// When the last of those that are forgotten together ended, 0 while one is open.
Timestamp end_of(const State& state, std::uint64_t first, std::uint32_t count) {
  Timestamp last = 0;
  for (std::uint64_t id = first; id < first + count; ++id) {
    const Order* order = find(state.orders, id);
    if (order && order->end_ns == 0) return 0;
    if (order) last = std::max(last, order->end_ns);
  }
  return last;
}

}  // namespace

// The orders of a list share its name, so they are forgotten when the last of them may be.
void forget(Turn& turn, std::uint64_t order_id) {
  State& state = turn.state;
  const Order* order = find_order(state, order_id);
  if (!order) return;
  const std::uint64_t first = order->list == 0 ? order_id : order->list;
  const std::uint32_t count = order->list == 0 ? 1 : state.lists.at(first).size;
  const Timestamp end_ns = end_of(state, first, count);
  if (end_ns == 0) return;  // asked again when the one that is open has ended
  const Timestamp due = end_ns + state.config.client_order_id_days * ns_per_day;
  if (due > turn.now) return arm(turn, {due, TimerKind::ForgetOrder, order_id, {}, {}});
  for (std::uint64_t id = first; id < first + count; ++id) forget_order(turn, id);
  state.lists.erase(first);
}

}  // namespace busbar::router
