#include "router/core/names.hpp"

#include <algorithm>
#include <tuple>

#include "router/core/turn.hpp"

namespace busbar::router {
namespace {

SymbolKey symbol_key(const Order& order) { return {order.order.account, order.order.symbol}; }

std::uint32_t hash_of_name(const Order& order) { return hash_of_text(view(order.request().client_order_id)); }

bool is_called(const Order& order, const Name& client, const Id& id) {
  return order.owner.client == client && order.request().client_order_id == id;
}

}  // namespace

// ---- Of clients

std::optional<Known> find_known(const State& state, const Name& client, const Id& id) {
  const Order* order =
      state.named_orders.find(hash_of_text(view(id)), [&](const Order& each) { return is_called(each, client, id); });
  if (order) return Known{RequestType::New, order->order_id};
  if (state.known.empty()) return std::nullopt;
  const auto at = state.known.find({client, id});
  return at == state.known.end() ? std::nullopt : std::optional{at->second};
}

std::vector<Name> clients_who_know(const State& state, const Id& id) {
  std::vector<Name> clients;
  state.named_orders.find(hash_of_text(view(id)), [&](const Order& each) {
    if (each.request().client_order_id == id) clients.push_back(each.owner.client);
    return false;
  });
  for (auto at = state.known.lower_bound({Name{}, id}); at != state.known.end() && at->first.second == id; ++at)
    clients.push_back(at->first.first);
  std::sort(clients.begin(), clients.end());
  return clients;
}

void remember(State& state, const Name& client, const Id& id, RequestType type, std::uint64_t order_id) {
  // Clients count, and so do we: what is new mostly belongs at the end, where it is put without a search.
  state.known.try_emplace(state.known.end(), ClientKey{client, id})->second = {type, order_id};
  state.order_names.emplace_hint(state.order_names.end(), order_id, ClientKey{client, id});
}

void remember(State& state, Order& order) { state.named_orders.insert(order, hash_of_name(order)); }

// ---- Of brokers

Order* find_at_broker(State& state, const Name& account, const Symbol& symbol, const Id& id) {
  Order* order = state.orders_at_broker.find(hash_of_text(view(id)), [&](const Order& each) {
    return each.broker_order_id == id && each.order.account == account && each.order.symbol == symbol;
  });
  if (order || state.broker_orders.empty()) return order;
  const auto at = state.broker_orders.find({{account, symbol}, id});
  return at == state.broker_orders.end() ? nullptr : find_order(state, at->second);
}

void put_broker_id_aside(State& state, Order& order) {
  if (!order.by_broker_id.is_in) return;
  state.orders_at_broker.erase(order);
  state.broker_orders.try_emplace({symbol_key(order), order.broker_order_id}, order.order_id);
  state.order_broker_ids.insert({order.order_id, order.broker_order_id});
}

void set_broker_order_id(State& state, Order& order, const Id& id) {
  if (order.broker_order_id == id) return;
  put_broker_id_aside(state, order);
  order.broker_order_id = id;
}

bool name_at_broker(State& state, Order& order, const Id& id) {
  const bool is_its = order.broker_order_id == id;
  if (is_its && order.by_broker_id.is_in) return false;
  if (find_at_broker(state, order.order.account, order.order.symbol, id)) return false;
  if (is_its) {
    state.orders_at_broker.insert(order, hash_of_text(view(id)));
  } else {
    state.broker_orders.try_emplace({symbol_key(order), id}, order.order_id);
    state.order_broker_ids.insert({order.order_id, id});
  }
  return true;
}

// Where another order is found by the same name under that symbol, that one goes on being found.
void move_broker_ids(State& state, Order& order, const Symbol& symbol) {
  const SymbolKey before = symbol_key(order);
  const auto is_taken = [&](const Id& id) { return find_at_broker(state, before.first, symbol, id) != nullptr; };
  for (auto at = state.order_broker_ids.lower_bound({order.order_id, {}});
       at != state.order_broker_ids.end() && at->first == order.order_id; ++at) {
    auto known = state.broker_orders.extract({before, at->second});
    if (known.empty() || is_taken(at->second)) continue;
    known.key().first.second = symbol;
    state.broker_orders.insert(std::move(known));
  }
  if (!order.by_broker_id.is_in || symbol == before.second || !is_taken(order.broker_order_id)) return;
  state.orders_at_broker.erase(order);
  state.order_broker_ids.insert({order.order_id, order.broker_order_id});
}

// ----

void forget_names(State& state, Order& order) {
  if (order.by_name.is_in) state.named_orders.erase(order);
  for (auto at = state.order_names.lower_bound({order.order_id, {}});
       at != state.order_names.end() && at->first == order.order_id;) {
    state.known.erase(at->second);
    state.requests.erase(at->second);
    at = state.order_names.erase(at);
  }
  if (order.by_broker_id.is_in) state.orders_at_broker.erase(order);
  for (auto at = state.order_broker_ids.lower_bound({order.order_id, {}});
       at != state.order_broker_ids.end() && at->first == order.order_id;) {
    const auto found = state.broker_orders.find({symbol_key(order), at->second});
    if (found != state.broker_orders.end() && found->second == order.order_id) state.broker_orders.erase(found);
    at = state.order_broker_ids.erase(at);
  }
}

void settle_names(State& state) {
  for (auto& [id, order] : state.orders) {
    const ClientKey name{order.owner.client, order.request().client_order_id};
    const auto known = state.known.find(name);
    const bool is_named = known != state.known.end() && known->second.type == RequestType::New &&
                          known->second.order_id == id && order.order_id == id;
    if (is_named && state.order_names.erase({id, name}) == 1) {
      state.known.erase(known);
      remember(state, order);
    }
    const auto at_broker = state.broker_orders.find({symbol_key(order), order.broker_order_id});
    const bool is_found = at_broker != state.broker_orders.end() && at_broker->second == id && order.order_id == id;
    if (is_found && state.order_broker_ids.erase({id, order.broker_order_id}) == 1) {
      state.broker_orders.erase(at_broker);
      state.orders_at_broker.insert(order, hash_of_text(view(order.broker_order_id)));
    }
  }
}

// ---- For snapshots

std::vector<KnownEntry> all_known(const State& state) {
  std::vector<KnownEntry> all;
  all.reserve(state.named_orders.size() + state.known.size());
  for (const auto& [id, order] : state.orders) {
    if (!order.by_name.is_in) continue;
    all.push_back({&order.owner.client, &order.request().client_order_id, {RequestType::New, id}});
  }
  for (const auto& [key, known] : state.known) all.push_back({&key.first, &key.second, known});
  std::sort(all.begin(), all.end(), [](const KnownEntry& a, const KnownEntry& b) {
    const auto order = *a.id <=> *b.id;  // as LastFirst has it
    return order != 0 ? order < 0 : *a.client < *b.client;
  });
  return all;
}

std::vector<NameEntry> all_order_names(const State& state) {
  std::vector<NameEntry> all;
  all.reserve(state.named_orders.size() + state.order_names.size());
  for (const auto& [id, order] : state.orders) {
    if (order.by_name.is_in) all.push_back({id, &order.owner.client, &order.request().client_order_id});
  }
  for (const auto& [id, key] : state.order_names) all.push_back({id, &key.first, &key.second});
  std::sort(all.begin(), all.end(), [](const NameEntry& a, const NameEntry& b) {
    return std::tie(a.order_id, *a.client, *a.id) < std::tie(b.order_id, *b.client, *b.id);
  });
  return all;
}

std::vector<BrokerEntry> all_broker_orders(const State& state) {
  std::vector<BrokerEntry> all;
  all.reserve(state.orders_at_broker.size() + state.broker_orders.size());
  for (const auto& [id, order] : state.orders) {
    if (order.by_broker_id.is_in) all.push_back({&order.order.account, &order.order.symbol, &order.broker_order_id, id});
  }
  for (const auto& [key, id] : state.broker_orders)
    all.push_back({&key.first.first, &key.first.second, &key.second, id});
  std::sort(all.begin(), all.end(), [](const BrokerEntry& a, const BrokerEntry& b) {
    const auto order = *a.id <=> *b.id;
    return order != 0 ? order < 0 : std::tie(*a.account, *a.symbol) < std::tie(*b.account, *b.symbol);
  });
  return all;
}

std::vector<BrokerIdEntry> all_order_broker_ids(const State& state) {
  std::vector<BrokerIdEntry> all;
  all.reserve(state.orders_at_broker.size() + state.order_broker_ids.size());
  for (const auto& [id, order] : state.orders) {
    if (order.by_broker_id.is_in) all.push_back({id, &order.broker_order_id});
  }
  for (const auto& [id, broker_id] : state.order_broker_ids) all.push_back({id, &broker_id});
  std::sort(all.begin(), all.end(), [](const BrokerIdEntry& a, const BrokerIdEntry& b) {
    return std::tie(a.order_id, *a.id) < std::tie(b.order_id, *b.id);
  });
  return all;
}

}  // namespace busbar::router
