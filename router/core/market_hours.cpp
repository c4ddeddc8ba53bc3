#include "router/core/market_hours.hpp"

#include <algorithm>

#include "bus/clock.hpp"
#include "router/core/checks.hpp"
#include "router/core/turn.hpp"

namespace busbar::router {

namespace {

// So long after the open an order may still leave: many want to at once, and a gateway may be reconnecting.
constexpr std::int64_t opening_ns = 60 * ns_per_s;

Timer timer_of(const Order& order, Timestamp at_ns) { return {at_ns, TimerKind::Open, order.order_id, {}, {}}; }

void wake_at(Turn& turn, Order& order, Timestamp at_ns) {
  if (order.wake_ns == at_ns) return;
  if (order.wake_ns != 0) disarm(turn, timer_of(order, order.wake_ns));
  order.wake_ns = at_ns;
  if (at_ns != 0) arm(turn, timer_of(order, at_ns));
}

// From now on it waits like any order that the broker's limits leave no room for.
void join_queue(Turn& turn, Order& order) {
  order.expire_ns = order.opens_ns + opening_ns;
  order.opens_ns = 0;
  turn.state.queue[{order.gateway, RequestKind::Place, order.queue_number}] = order.order_id;
  arm(turn, {order.expire_ns + 1, TimerKind::ExpirePlace, order.order_id, {}, {}});
  pump(turn, order.gateway);
}

Reason closed(const Order& order, std::string_view text) {
  return {ErrorCode::MarketClosed, cut<32>("symbol"), cut<64>(view(order.order.symbol)), {}, {}, words(text)};
}

}  // namespace

const MarketHours* hours_of(const Gateway& gateway, const Instrument& instrument) {
  const auto at = std::ranges::find(gateway.markets, instrument.market, &MarketHours::market);
  return at == gateway.markets.end() ? nullptr : &*at;
}

bool works_in(const NewOrder& order, TradingSessionKind kind) {
  return kind == TradingSessionKind::Regular || order.extended_hours;
}

std::optional<Timestamp> next_open(const MarketHours& hours, const NewOrder& order, Timestamp now) {
  std::optional<Timestamp> next;
  for (const TradingSession& session : hours.sessions) {
    if (session.close_ns <= now || !works_in(order, session.kind)) continue;
    const Timestamp opens_ns = std::max(session.open_ns, now);
    if (!next || opens_ns < *next) next = opens_ns;
  }
  return next;
}

bool is_within(const MarketHours& hours, TradingSessionKind kind, Timestamp now) {
  return std::ranges::any_of(hours.sessions, [&](const TradingSession& session) {
    return session.kind == kind && session.open_ns <= now && now < session.close_ns;
  });
}

void wait_for_open(Turn& turn, Order& order, Timestamp opens_ns) {
  order.queue_number = ++turn.state.last_queue_number;
  order.opens_ns = opens_ns;
  wake_at(turn, order, opens_ns);
}

void on_open_due(Turn& turn, Order& order) {
  if (order.wake_ns <= turn.now) order.wake_ns = 0;
  if (order.opens_ns == 0) return;
  const State& state = turn.state;
  const Gateway& gateway = state.gateways.at(order.gateway);
  const Instrument* instrument = find(state.instruments, SymbolKey{order.gateway, order.order.symbol});
  const MarketHours* hours = instrument ? hours_of(gateway, *instrument) : nullptr;
  // An instrument that is listed no more, or has no hours any more, opens at no time.
  const auto opens_ns = hours ? next_open(*hours, order.order, turn.now) : std::nullopt;
  if (!opens_ns || *opens_ns > order.expire_ns) {
    return refuse_unsent(turn, order, closed(order, "its market did not open while it could wait"));
  }
  if (*opens_ns > turn.now) {
    order.opens_ns = *opens_ns;
    return wake_at(turn, order, *opens_ns);
  }
  order.opens_ns = std::min(order.opens_ns, turn.now);
  if (const Verdict verdict = check_gateway(state, order.order.account)) {
    if (turn.now >= order.opens_ns + opening_ns) return refuse_unsent(turn, order, *verdict);
    return wake_at(turn, order, turn.now + ns_per_s);
  }
  wake_at(turn, order, 0);
  join_queue(turn, order);
}

}  // namespace busbar::router
