// Questions that the core can answer from what it knows. They change nothing. Who may ask what is the shell's matter: a
// Query carries no name.

#include <algorithm>
#include <charconv>

#include "router/core/checks.hpp"
#include "router/core/names.hpp"
#include "router/core/symbols.hpp"
#include "router/core/turn.hpp"

namespace busbar::router {
namespace {

constexpr std::uint32_t page_size_max = 1000;

std::uint64_t number_of(const Id& token) {
  std::uint64_t number = 0;
  std::from_chars(token.data(), token.data() + token.size(), number);
  return number;
}

std::size_t page_size(const Query& query) { return std::clamp<std::uint32_t>(query.page_size, 1, page_size_max); }

bool is_asked_for(const State& state, const Query& query, const Order& order) {
  if (!query.include_closed && is_final(order.life.status)) return false;
  if (!query.account.empty() && query.account != order.order.account) return false;
  if (!query.symbol.empty() && resolve(state, order.gateway, query.symbol) != order.order.symbol) return false;
  if (query.start_time_ns != 0 && order.receive_ns < query.start_time_ns) return false;
  return query.end_time_ns == 0 || order.receive_ns <= query.end_time_ns;
}

// The token is the last order_id of the page before.
void answer_orders(const State& state, const Query& query, Answer& answer) {
  const auto add = [&](const Order& order) {
    if (!is_asked_for(state, query, order)) return true;
    if (answer.orders.size() == page_size(query)) {
      answer.next_page_token = cut<64>(std::to_string(answer.orders.back().order_id));
      return false;
    }
    answer.orders.push_back(present(state, order));
    return true;
  };
  const std::uint64_t after = number_of(query.page_token);
  if (query.include_closed) {
    for (auto at = state.orders.upper_bound(after); at != state.orders.end() && add(at->second); ++at) {
    }
  } else {
    for (auto at = state.open_orders.upper_bound(after); at != state.open_orders.end() && add(state.orders.at(*at));
         ++at) {
    }
  }
}

// The orders that a client's name stands for: mostly one.
std::vector<std::uint64_t> orders_of(const State& state, const ClientKey& key) {
  const auto known = find_known(state, key.first, key.second);
  if (!known) return {};
  if (const CancelledAll* all = find(state.cancel_alls, key)) return all->orders;
  std::vector<std::uint64_t> orders{known->order_id};
  const OrderList* list = known->type == RequestType::List ? find(state.lists, known->order_id) : nullptr;
  for (std::uint32_t i = 1; list && i < list->size; ++i) orders.push_back(known->order_id + i);
  return orders;
}

// A client_order_id without a client may stand for an order of each client: all of them are answered.
void answer_order(const State& state, const Query& query, Answer& answer) {
  if (query.order_id != 0) {
    if (const Order* order = find(state.orders, query.order_id)) answer.orders.push_back(present(state, *order));
  } else {
    for (const Name& client : clients_who_know(state, query.client_order_id)) {
      for (const std::uint64_t id : orders_of(state, {client, query.client_order_id})) {
        if (answer.orders.size() == page_size_max) break;
        if (const Order* order = find(state.orders, id)) answer.orders.push_back(present(state, *order));
      }
    }
  }
  if (!answer.orders.empty()) return;
  answer.error = ErrorCode::OrderNotFound;
  answer.text = words("no such order is known");
}

// The token counts those before; a list that is replaced between two pages begins again at its own peril.
void answer_instruments(const State& state, const Query& query, Answer& answer) {
  const AccountRule* rule = find(state.account_rules, query.account);
  if (!query.account.empty() && !rule) {
    answer.error = ErrorCode::PermissionDenied;
    answer.text = words("no such account");
    return;
  }
  if (const Gateway* gateway = rule ? find(state.gateways, rule->gateway) : nullptr) {
    answer.as_of_ns = gateway->instruments_as_of_ns;
  }
  const std::uint64_t skip = number_of(query.page_token);
  std::uint64_t count = 0;
  for (const auto& [key, instrument] : state.instruments) {
    if (rule && key.first != rule->gateway) continue;
    if (!query.symbol.empty() && key.second != resolve(state, key.first, query.symbol)) continue;
    if (count++ < skip) continue;
    if (answer.instruments.size() == page_size(query)) {
      answer.next_page_token = cut<64>(std::to_string(count - 1));
      return;
    }
    answer.instruments.push_back(instrument);
  }
}

void answer_accounts(const State& state, const Query& query, Answer& answer) {
  for (const auto& [name, rule] : state.account_rules) {
    if (!query.account.empty() && query.account != name) continue;
    AccountInfo info;
    info.account = name;
    info.gateway = rule.gateway;
    if (const Gateway* gateway = find(state.gateways, rule.gateway)) info.broker = gateway->broker;
    info.environment = state.config.environment;
    info.can_trade = !check_gateway(state, name).has_value();
    answer.accounts.push_back(info);
  }
}

void answer_gateways(const State& state, Answer& answer) {
  for (const auto& [name, gateway] : state.gateways) {
    GatewayStatus status{
        name, gateway.broker, gateway.incarnation, gateway.is_connected, gateway.version, gateway.heard_ns, 0};
    const auto first = state.commands.lower_bound({name, 0});
    const auto is_others = [&name = name](const auto& command) { return command.first.first != name; };
    status.open_commands =
        static_cast<std::uint32_t>(std::distance(first, std::find_if(first, state.commands.end(), is_others)));
    answer.gateways.push_back(status);
  }
}

void answer_buckets(const State& state, Answer& answer) {
  for (const auto& [key, bucket] : state.buckets.all()) {
    BucketStatus status{key.bucket,
                        key.scope,
                        key.interval_ms,
                        bucket.limit(),
                        bucket.used(state.now_ns),
                        0,
                        bucket.blocked_until_ns()};
    for (const auto& [queued, order_id] : state.queue) {
      const Gateway& gateway = state.gateways.at(queued.gateway);
      const auto draws_from = [&key = key](const RateLimit& limit) {
        return limit.bucket == key.bucket && limit.scope == key.scope;
      };
      if (std::ranges::any_of(gateway.rate_limits, draws_from)) ++status.queued;
    }
    answer.buckets.push_back(status);
  }
}

// Hashing reads the whole state, which would hold up orders when it is large: then the follower knows the hash, not we.
Id short_hash(const State& state) {
  constexpr std::size_t orders_max = 5'000;
  if (state.orders.size() > orders_max) return {};
  Id text;
  for (const std::uint8_t byte : hash_of(state)) {
    constexpr std::string_view digits = "0123456789abcdef";
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
  return text;
}

void answer_status(const State& state, Answer& answer) {
  RouterStatus& status = answer.status.emplace();
  status.version = state.version;
  status.core_version = core_version;
  status.environment = state.config.environment;
  status.journal_id = state.config.journal_id;
  status.last_sequence = state.sequence;
  status.state_hash = short_hash(state);
  status.open_orders = static_cast<std::uint32_t>(state.open_orders.size());
  status.in_doubt = static_cast<std::uint32_t>(std::ranges::count_if(
      state.open_orders, [&](std::uint64_t id) { return state.orders.at(id).life.status == OrderStatus::InDoubt; }));
  status.sessions = static_cast<std::uint32_t>(
      std::ranges::count_if(state.sessions, [](const auto& s) { return s.second.is_connected; }));
  status.accepts_orders = state.is_configured;
  if (!state.is_configured) status.reason = words("no configuration yet");
  answer_gateways(state, answer);
  answer_buckets(state, answer);
  for (const auto& [name, account] : state.accounts) {
    if (account.session.state != SessionStateKind::Unset) answer.sessions.push_back(account.session);
  }
}

}  // namespace

Answer answer(const State& state, const Query& query) {
  Answer answer;
  answer.kind = query.kind;
  answer.as_of_ns = state.now_ns;
  switch (query.kind) {
    case QueryKind::Status: answer_status(state, answer); break;
    case QueryKind::Orders: answer_orders(state, query, answer); break;
    case QueryKind::Order: answer_order(state, query, answer); break;
    case QueryKind::Instruments: answer_instruments(state, query, answer); break;
    case QueryKind::Accounts: answer_accounts(state, query, answer); break;
    default:
      answer.error = ErrorCode::Unsupported;
      answer.text = words("this is asked at the broker");
  }
  return answer;
}

}  // namespace busbar::router
