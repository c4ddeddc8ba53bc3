// Market data that clients have asked for: leased to their session, or for a time. A gateway hears of a topic's first
// subscriber and of its last one's leaving; quotes themselves never come this way.

#include <algorithm>
#include <vector>

#include "bus/topic.hpp"
#include "router/core/checks.hpp"
#include "router/core/symbols.hpp"
#include "router/core/turn.hpp"

namespace busbar::router {

namespace {

constexpr std::int64_t lease_least_ms = 1'000;
constexpr std::int64_t lease_most_ms = 3'600'000;

template <class Request>
LeaseKey key_of(const Turn& turn, const Request& request) {
  const std::uint32_t interval_ms = request.channel == Channel::Bar ? request.bar_interval_ms : 0;
  const AccountRule* rule = find(turn.state.account_rules, request.source);
  return {request.source, rule ? resolve(turn.state, rule->gateway, request.symbol) : request.symbol, request.channel, interval_ms, turn.party()};
}

Text<96> topic_of(const LeaseKey& key) {
  return cut<96>(busbar::topic_of(key.channel, view(key.source), view(key.symbol), key.bar_interval_ms));
}

// The same market data, whoever asks for it.
bool is_same_topic(const LeaseKey& a, const LeaseKey& b) {
  return a.source == b.source && a.symbol == b.symbol && a.channel == b.channel &&
         a.bar_interval_ms == b.bar_interval_ms;
}

bool has_subscriber(const State& state, const LeaseKey& key) {
  const auto at = state.leases.lower_bound({key.source, key.symbol, key.channel, key.bar_interval_ms, {}});
  return at != state.leases.end() && is_same_topic(at->first, key);
}

void to_gateway(Turn& turn, const Name& account, Body body) {
  const AccountRule* rule = find(turn.state.account_rules, account);
  const Gateway* gateway = rule ? find(turn.state.gateways, rule->gateway) : nullptr;
  if (!gateway || !gateway->is_connected) return;  // its next hello gets them all
  Decision& decision = turn.out.emplace_back();
  decision.destination = Destination::Gateway;
  decision.peer = rule->gateway;
  decision.incarnation = gateway->incarnation;
  decision.body = std::move(body);
}

void end(Turn& turn, std::pmr::map<LeaseKey, Lease>::iterator at) {
  const LeaseKey key = at->first;
  if (at->second.end_ns != never) disarm(turn, {at->second.end_ns, TimerKind::EndLease, at->second.number, {}, {}});
  turn.state.leases.erase(at);
  if (has_subscriber(turn.state, key)) return;
  to_gateway(turn, key.source, Unsubscribe{key.source, key.symbol, key.channel, key.bar_interval_ms});
}

}  // namespace

void on_subscribe(Turn& turn, const Subscribe& subscribe) {
  State& state = turn.state;
  if (const Verdict verdict = check_permission(state, turn.party(), subscribe.source, false)) {
    return reject(turn, verdict->error, "source", view(subscribe.source), view(verdict->text));
  }
  if (subscribe.channel == Channel::Bar && !interval_name(subscribe.bar_interval_ms)) {
    return reject(turn, ErrorCode::InvalidMessage, "bar_interval_ms", std::to_string(subscribe.bar_interval_ms),
                  "is the length of no bar; there are " + interval_names());
  }
  const Name& gateway = state.account_rules.at(subscribe.source).gateway;
  const LeaseKey key = key_of(turn, subscribe);
  if (!find(state.instruments, SymbolKey{gateway, key.symbol})) {
    return reject(turn, ErrorCode::InvalidSymbol, "symbol", view(subscribe.symbol),
                  no_symbol(state, gateway, view(subscribe.symbol)).text);
  }
  const bool is_first = !has_subscriber(state, key);
  Lease& lease = state.leases[key];
  if (lease.number == 0) lease.number = ++state.last_lease;
  if (lease.end_ns != 0 && lease.end_ns != never)
    disarm(turn, {lease.end_ns, TimerKind::EndLease, lease.number, {}, {}});
  const std::int64_t term_ms = std::clamp<std::int64_t>(subscribe.lease_ms, lease_least_ms, lease_most_ms);
  lease.end_ns = key.party.session.empty() ? turn.now + term_ms * ns_per_ms : never;
  if (lease.end_ns != never) arm(turn, {lease.end_ns, TimerKind::EndLease, lease.number, {}, {}});
  if (is_first) to_gateway(turn, key.source, Subscribe{key.source, key.symbol, key.channel, key.bar_interval_ms, 0});
  const Timestamp until = lease.end_ns == never ? 0 : lease.end_ns;
  answer_request(turn, SubscribeAck{key.source, key.symbol, key.channel, topic_of(key), until});
}

void on_unsubscribe(Turn& turn, const Unsubscribe& unsubscribe) {
  const LeaseKey key = key_of(turn, unsubscribe);
  const auto at = turn.state.leases.find(key);
  if (at == turn.state.leases.end()) {
    return reject(turn, ErrorCode::InvalidMessage, "symbol", view(unsubscribe.symbol), "is not subscribed to");
  }
  end(turn, at);
  answer_request(turn, SubscribeAck{key.source, key.symbol, key.channel, topic_of(key), turn.now});
}

void end_lease(Turn& turn, std::uint64_t number) {
  const auto at =
      std::ranges::find_if(turn.state.leases, [&](const auto& lease) { return lease.second.number == number; });
  if (at != turn.state.leases.end()) end(turn, at);
}

void end_leases(Turn& turn, const Party& party) {
  for (auto at = turn.state.leases.begin(); at != turn.state.leases.end();) {
    const auto lease = at++;
    if (lease->first.party == party) end(turn, lease);
  }
}

void rename_leases(Turn& turn, const Name& gateway, const Renamed& renamed) {
  auto& leases = turn.state.leases;
  std::vector<std::pair<LeaseKey, Lease>> moved;
  for (auto at = leases.begin(); at != leases.end();) {
    const AccountRule* rule = find(turn.state.account_rules, at->first.source);
    const bool is_moved = rule && rule->gateway == gateway && renamed.contains(at->first.symbol);
    if (is_moved) moved.emplace_back(at->first, at->second);
    at = is_moved ? leases.erase(at) : std::next(at);
  }
  const auto disarm_end = [&](const Lease& lease) {
    if (lease.end_ns != never) disarm(turn, {lease.end_ns, TimerKind::EndLease, lease.number, {}, {}});
  };
  for (const auto& [before, lease] : moved) {
    LeaseKey key = before;
    key.symbol = renamed.at(before.symbol);
    to_gateway(turn, key.source, Subscribe{key.source, key.symbol, key.channel, key.bar_interval_ms, 0});
    Lease& known = leases[key];  // its party may have asked for both names
    const bool is_longer = lease.end_ns > known.end_ns;
    if (known.number != 0) disarm_end(is_longer ? known : lease);
    if (is_longer) known = lease;
    if (key.party.session.empty()) continue;
    Decision& decision = turn.out.emplace_back();
    decision.destination = Destination::Session;
    decision.peer = key.party.client;
    decision.session = key.party.session;
    decision.body = SubscribeAck{key.source, key.symbol, key.channel, topic_of(key), 0};
  }
  for (const auto& [before, lease] : moved) {
    if (has_subscriber(turn.state, before)) continue;
    to_gateway(turn, before.source, Unsubscribe{before.source, before.symbol, before.channel, before.bar_interval_ms});
  }
}

void resend_subscriptions(Turn& turn, const Name& gateway) {
  const LeaseKey* last = nullptr;
  for (const auto& [key, lease] : turn.state.leases) {
    const bool is_new = !last || !is_same_topic(*last, key);
    last = &key;
    const AccountRule* rule = find(turn.state.account_rules, key.source);
    if (!is_new || !rule || rule->gateway != gateway) continue;
    to_gateway(turn, key.source, Subscribe{key.source, key.symbol, key.channel, key.bar_interval_ms, 0});
  }
}

}  // namespace busbar::router
