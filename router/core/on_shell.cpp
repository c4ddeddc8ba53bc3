// What the router's own shell tells: its configuration, its starts, who came and went.

#include <cassert>

#include "router/core/checks.hpp"
#include "router/core/turn.hpp"

namespace busbar::router {
namespace {

// A rule names a gateway for each account; an account that moves begins a new epoch.
void take_accounts(State& state, const std::vector<AccountRule>& rules) {
  const std::map<Name, AccountRule> before{state.account_rules.begin(), state.account_rules.end()};
  state.account_rules.clear();
  for (auto& [name, gateway] : state.gateways) gateway.accounts.clear();
  for (const AccountRule& rule : rules) {
    state.account_rules[rule.account] = rule;
    Account& account = state.accounts[rule.account];
    const auto old = before.find(rule.account);
    if (old != before.end() && old->second.gateway != rule.gateway) {
      ++account.epoch;
      account.session = {};
    }
    if (Gateway* gateway = find(state.gateways, rule.gateway)) gateway->accounts.push_back({rule.account, {}, 0, 0, 0});
  }
}

void on_configuration(Turn& turn, const Configuration& config) {
  State& state = turn.state;
  // Venue names derive from the journal's id: under another one no order would be found again.
  assert(!state.is_configured || state.config.journal_id == config.journal_id);
  state.is_configured = true;
  state.config = config;
  state.config.clients.clear();
  state.config.accounts.clear();
  state.config.symbols.clear();
  state.venue_names = VenueNames{view(config.journal_id)};
  state.clients.clear();
  for (const ClientRule& rule : config.clients) state.clients[rule.client] = rule;
  state.symbol_rules.clear();
  for (const SymbolRule& rule : config.symbols) state.symbol_rules[{rule.account, rule.symbol}] = rule;
  take_accounts(state, config.accounts);
}

// Our own connections ended with the process before. Sessions get the time of three heartbeats to come back.
void on_core_start(Turn& turn, const CoreStart& start) {
  assert(start.core_version == core_version);
  State& state = turn.state;
  state.version = start.version;
  for (auto& [name, gateway] : state.gateways) {
    if (gateway.is_connected) on_gateway_lost(turn, name, "the router was started");
    gateway.connect_ns = turn.now;  // what was sent before may have arrived, whatever is said of a sending now
  }
  const std::int64_t grace = state.config.heartbeat_interval_ms * ns_per_ms * state.config.heartbeat_liveness;
  for (auto& [party, session] : state.sessions) {
    if (!session.is_connected) continue;
    if (session.end_ns != 0) disarm(turn, {session.end_ns, TimerKind::EndSession, 0, party.client, Id{party.session}});
    session.is_connected = false;
    session.is_awaited = true;
    session.end_ns = turn.now + grace;
    arm(turn, {session.end_ns, TimerKind::EndSession, 0, party.client, Id{party.session}});
  }
}

// The shell's socket did not take it, so the gateway never will. Only a first sending in this connection proves that;
// of any other, a copy may have arrived.
void on_send_failed(Turn& turn, const SendFailed& failed) {
  State& state = turn.state;
  const auto at = state.commands.find({failed.gateway, failed.command_id});
  const Gateway* gateway = find(state.gateways, failed.gateway);
  if (at == state.commands.end() || !gateway) return;
  const OpenCommand command = at->second;
  if (command.sends != 1 || command.send_ns < gateway->connect_ns) return;
  Order& order = state.orders.at(command.order_id);
  const Reason reason{
      ErrorCode::GatewayDown, {}, {}, {}, {}, words("could not be handed to the gateway: " + str(failed.reason))};
  if (command.kind == RequestKind::Cancel) return end_cancel(turn, order, reason, 0);
  if (command.kind == RequestKind::Replace) return end_replace(turn, order, reason, 0);
  refuse_unsent(turn, order, reason);
}

}  // namespace

void on_shell_message(Turn& turn) {
  const Body& body = turn.input.message->body;
  if (const auto* config = std::get_if<Configuration>(&body)) return on_configuration(turn, *config);
  if (const auto* start = std::get_if<CoreStart>(&body)) return on_core_start(turn, *start);
  if (const auto* failed = std::get_if<SendFailed>(&body)) return on_send_failed(turn, *failed);
  const auto* lost = std::get_if<Disconnected>(&body);
  if (!lost) return;  // Tick and Connected: nothing but their time
  if (!lost->is_gateway) return on_session_lost(turn, {lost->peer, lost->session}, view(lost->reason));
  const Gateway* gateway = find(turn.state.gateways, lost->peer);
  if (gateway && gateway->is_connected && gateway->incarnation == lost->incarnation) {
    on_gateway_lost(turn, lost->peer, view(lost->reason));
  }
}

}  // namespace busbar::router
