// What gateways say about themselves and their brokers; what they report about orders is in on_report.cpp.

#include <algorithm>

#include "router/core/checks.hpp"
#include "router/core/market_hours.hpp"
#include "router/core/symbols.hpp"
#include "router/core/turn.hpp"

namespace busbar::router {

namespace {

bool is_account_of(const State& state, const Name& account, const Name& gateway) {
  const AccountRule* rule = find(state.account_rules, account);
  return rule && rule->gateway == gateway;
}

void publish(Turn& turn, const SessionState& session) {
  Decision& decision = turn.out.emplace_back();
  decision.destination = Destination::Status;
  decision.peer = session.account;
  decision.body = session;
}

GatewayWelcome welcome_of(Turn& turn, const Name& name, const Gateway& gateway) {
  GatewayWelcome welcome;
  welcome.incarnation = gateway.incarnation;
  welcome.router_time_ns = turn.now;
  welcome.heartbeat_interval_ms = turn.state.config.heartbeat_interval_ms;
  welcome.last_report = gateway.last_report;
  for (const GatewayAccount& each : gateway.accounts) {
    const Account& account = turn.state.accounts[each.account];
    welcome.accounts.push_back(
        {each.account, account.last_trade_id, account.last_trade_ns, account.epoch, account.child_orders});
  }
  welcome.open_commands = resend_commands(turn, name, true);
  return welcome;
}

void welcome(Turn& turn, const Name& name, const Gateway& gateway) {
  Decision& decision = turn.out.emplace_back();
  decision.destination = Destination::Gateway;
  decision.peer = name;
  decision.incarnation = gateway.incarnation;
  decision.correlation_id = turn.header().correlation_id;
  decision.body = welcome_of(turn, name, gateway);
}

// Cancels of our own that had nobody to go to, or did not get there.
void send_wanted_cancels(Turn& turn, const Name& name) {
  const std::vector<std::uint64_t> open{turn.state.open_orders.begin(), turn.state.open_orders.end()};
  for (const std::uint64_t id : open) {
    Order& order = turn.state.orders.at(id);
    if (order.is_cancel_wanted && order.gateway == name) want_cancel(turn, order, "still wanted: it could not be sent, or did not get there");
  }
}

// Whatever happened to an order since nobody has listened, the comparison that follows will say, or a question after it.
template <class Which>
void mark_unheard(Turn& turn, Which is_meant) {
  for (const std::uint64_t id : turn.state.open_orders) {
    Order& order = turn.state.orders.at(id);
    if (order.life.is_confirmed && is_meant(order)) order.is_unheard = true;
  }
}

// Before its welcome a gateway hears who wants to hear nothing for a while, and until when: its last life may have been told.
void tell_bans(Turn& turn, const Name& name, const Gateway& gateway) {
  if (gateway.accounts.empty()) return;
  for (const auto& [key, bucket] : turn.state.buckets.all()) {
    if (bucket.blocked_until_ns() <= turn.now) continue;
    Decision& decision = turn.out.emplace_back();
    decision.destination = Destination::Gateway;
    decision.peer = name;
    decision.incarnation = gateway.incarnation;
    RateUsage usage;
    usage.account = gateway.accounts.front().account;
    usage.bucket = key.bucket;
    usage.scope = key.scope;
    usage.interval_ms = key.interval_ms;
    usage.blocked_until_ns = bucket.blocked_until_ns();
    decision.body = std::move(usage);
  }
}

// The first word, also of a life that was connected before: it goes on where its reports stopped. One that names no account
// asks for what is remembered, before its gateway speaks to its broker; until it names them no command is sent to it.
void on_hello(Turn& turn, const GatewayHello& hello) {
  State& state = turn.state;
  const Name name = turn.header().sender;
  const bool is_ready = !hello.accounts.empty();
  const Gateway* known = find(state.gateways, name);
  if (known && known->is_connected && (known->incarnation != hello.incarnation || !is_ready)) {
    on_gateway_lost(turn, name, "another life of it came");
  }
  Gateway& gateway = state.gateways[name];
  if (gateway.incarnation != hello.incarnation) {
    gateway.incarnation = hello.incarnation;
    gateway.last_report = 0;
  }
  gateway.accounts.clear();
  for (const auto& [account, rule] : state.account_rules) {
    if (rule.gateway == name) gateway.accounts.push_back({account, {}, 0, 0, 0});
  }
  tell_bans(turn, name, gateway);
  if (!is_ready) return welcome(turn, name, gateway);
  gateway.broker = hello.broker;
  gateway.version = hello.version;
  gateway.is_connected = true;
  gateway.connect_ns = gateway.heard_ns = turn.now;
  gateway.capabilities = hello.capabilities;
  gateway.rate_limits = hello.rate_limits;
  gateway.rate_costs = hello.rate_costs;
  gateway.next_page = 0;
  state.buckets.declare(gateway.rate_limits);

  welcome(turn, name, gateway);
  resend_commands(turn, name, false);
  resend_subscriptions(turn, name);
  mark_unheard(turn, [&](const Order& order) { return order.gateway == name; });
  for (const std::uint64_t id : state.open_orders) {
    if (Order& order = state.orders.at(id); order.gateway == name) ask_anew(turn, order);
  }
  send_wanted_cancels(turn, name);
}

void on_session_state(Turn& turn, const SessionState& session) {
  if (!is_account_of(turn.state, session.account, turn.header().sender)) return;
  SessionState& known = turn.state.accounts[session.account].session;
  // When the stream ends, and when it is back: what the broker was asked meanwhile was true only then.
  if (is_up(known.order_stream) != is_up(session.order_stream))
    mark_unheard(turn, [&](const Order& order) { return order.order.account == session.account; });
  known = session;
  known.gateway = turn.header().sender;
  publish(turn, known);
}

// The last page makes the list whole: what it lacks is no longer listed.
void on_instruments(Turn& turn, Gateway& gateway, const Instruments& page) {
  State& state = turn.state;
  const Name& name = turn.header().sender;
  if (page.page == 0) {
    std::erase_if(state.staged_instruments, [&](const auto& i) { return i.first.first == name; });
  } else if (page.page != gateway.next_page) {
    return;  // a page is missing, so this list never becomes whole
  }
  gateway.next_page = page.page + 1;
  for (const Instrument& instrument : page.instruments)
    state.staged_instruments[{name, instrument.symbol}] = instrument;
  if (!page.is_last) return;
  take_list(turn, name);
  gateway.next_page = 0;
  gateway.instruments_as_of_ns = page.as_of_ns;
  gateway.markets = page.markets;
  const std::vector<std::uint64_t> open{state.open_orders.begin(), state.open_orders.end()};
  for (const std::uint64_t id : open) {
    Order& order = state.orders.at(id);
    if (order.opens_ns != 0 && order.gateway == name) on_open_due(turn, order);
  }
}

// The broker has told of every order that it has open. One that we believe open, and of which it did not tell, has ended
// while nobody listened: how is asked.
void on_reconciled(Turn& turn, const Reconciled& reconciled) {
  if (!is_account_of(turn.state, reconciled.account, turn.header().sender)) return;
  Account& account = turn.state.accounts[reconciled.account];
  account.reconciled_ns = reconciled.through_time_ns;
  account.unknown_orders = reconciled.unknown_orders;
  for (const std::uint64_t id : turn.state.open_orders) {
    Order& order = turn.state.orders.at(id);
    if (order.is_unheard && order.order.account == reconciled.account) arm_ask(turn, order, 0);
  }
  send_wanted_cancels(turn, turn.header().sender);
}

}  // namespace

void on_gateway_message(Turn& turn) {
  State& state = turn.state;
  const Body& body = turn.input.message->body;
  if (!state.is_configured || turn.header().environment != state.config.environment)
    return;  // the shell has told it why
  if (const auto* hello = std::get_if<GatewayHello>(&body)) return on_hello(turn, *hello);
  // Only the life that was welcomed last is listened to. It names itself in every report, and in its session elsewhere.
  Gateway* gateway = find(state.gateways, turn.header().sender);
  if (!gateway || !gateway->is_connected) return;
  if (const auto* report = std::get_if<VenueReport>(&body)) {
    if (report->incarnation != gateway->incarnation) return;
    // What was held while the router was away may bear a name that is another one by now.
    const Symbol symbol = state.aliases.empty() ? report->symbol : resolve(state, turn.header().sender, report->symbol);
    if (symbol == report->symbol) return on_venue_report(turn, *gateway, *report);
    VenueReport renamed = *report;
    renamed.symbol = symbol;
    return on_venue_report(turn, *gateway, renamed);
  }
  if (view(turn.header().session) != std::to_string(gateway->incarnation)) return;
  gateway->heard_ns = turn.now;
  if (const auto* session = std::get_if<SessionState>(&body)) {
    on_session_state(turn, *session);
  } else if (const auto* page = std::get_if<Instruments>(&body)) {
    on_instruments(turn, *gateway, *page);
  } else if (const auto* usage = std::get_if<RateUsage>(&body)) {
    if (is_account_of(state, usage->account, turn.header().sender)) state.buckets.use(*usage, turn.now);
  } else if (const auto* reconciled = std::get_if<Reconciled>(&body)) {
    on_reconciled(turn, *reconciled);
  }
  pump(turn, turn.header().sender);
}

void on_gateway_lost(Turn& turn, const Name& name, std::string_view reason) {
  State& state = turn.state;
  Gateway& gateway = state.gateways.at(name);
  gateway.is_connected = false;
  for (const GatewayAccount& each : gateway.accounts) {
    SessionState& session = state.accounts[each.account].session;
    if (session.state == SessionStateKind::Unset) continue;
    session.state = session.rest = session.order_stream = session.market_data = SessionStateKind::Down;
    session.reconciled = false;
    session.reason = words("gateway " + str(name) + " lost: " + std::string{reason});
    publish(turn, session);
  }
  const Reason down{
      ErrorCode::GatewayDown, {}, {}, {}, {}, words("gateway " + str(name) + " was lost before this was sent")};
  const std::vector<std::uint64_t> open{state.open_orders.begin(), state.open_orders.end()};
  for (const std::uint64_t id : open) {
    Order& order = state.orders.at(id);
    if (order.gateway != name) continue;
    const auto* cancel = find(state.cancels, id);
    const auto* replace = find(state.replaces, id);
    if (replace && replace->pending.queue_number != 0) end_replace(turn, order, down, 0);
    if (cancel && cancel->pending.queue_number != 0) {
      end_cancel(turn, order, down, 0);
    }
    if (order.opens_ns != 0) continue;  // it has time until its market opens
    if (order.queue_number != 0) {
      refuse_unsent(turn, order, down);
    } else if (order.life.status == OrderStatus::PendingNew) {
      happen(turn, order, OrderEvent::Unknown,
             {ExecType::InDoubt,
              {},
              {ErrorCode::UnknownOutcome,
               {},
               {},
               {},
               {},
               words("gateway " + str(name) + " was lost: " + std::string{reason})},
              nullptr,
              {},
              0,
              false,
              {}});
      arm_ask(turn, order, 5 * ns_per_s);
    }
  }
  if (gateway.pump_ns != 0) disarm(turn, {gateway.pump_ns, TimerKind::Pump, 0, name, {}});
  gateway.pump_ns = 0;
}

}  // namespace busbar::router
