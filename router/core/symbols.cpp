#include "router/core/symbols.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "bus/clock.hpp"
#include "router/core/names.hpp"
#include "router/core/turn.hpp"

namespace busbar::router {

namespace {

auto of_gateway(auto& map, const Name& gateway) {
  const auto first = map.lower_bound({gateway, {}});
  return std::pair{first, std::find_if(first, map.end(), [&](const auto& each) { return each.first.first != gateway; })};
}

bool is_traded_through(const State& state, const Name& account, const Name& gateway) {
  const AccountRule* rule = find(state.account_rules, account);
  return rule && rule->gateway == gateway;
}

void rename_order(State& state, Order& order, const Symbol& now) {
  move_broker_ids(state, order, now);
  order.sent.keep(order.order);
  order.order.symbol = now;
  if (auto* replace = find(state.replaces, order.order_id)) replace->order.symbol = now;
}

void rename_fills(State& state, const Name& gateway, const Renamed& renamed) {
  for (auto& [key, fill] : state.fills) {
    const Symbol* now = find(renamed, fill.symbol);
    if (!now || !is_traded_through(state, key.first, gateway)) continue;
    auto unmatched = state.unmatched_fills.extract({{{key.first, fill.symbol}, fill.broker_order_id}, key.second});
    fill.symbol = *now;
    if (unmatched.empty()) continue;
    unmatched.value().first.first.second = *now;
    state.unmatched_fills.insert(std::move(unmatched));
  }
}

void rename_books(State& state, const Name& gateway, const Renamed& renamed) {
  std::vector<std::pair<SymbolKey, Book>> moved;
  for (const auto& [account, rule] : state.account_rules) {
    for (const auto& [before, now] : renamed) {
      const auto old = rule.gateway == gateway ? state.books.find({account, before}) : state.books.end();
      if (old == state.books.end()) continue;
      moved.push_back({{account, now}, old->second});
      state.books.erase(old);
    }
  }
  for (const auto& [key, old] : moved) {
    Book& book = state.books[key];
    const auto net = add(book.net_qty, old.net_qty);
    book.is_exact = book.is_exact && old.is_exact && net.has_value();
    if (net) book.net_qty = *net;
    book.fills += old.fills;
  }
}

void rename_aliases(State& state, const Name& gateway, const Renamed& renamed, Timestamp now) {
  const auto [first, end] = of_gateway(state.aliases, gateway);
  for (auto at = first; at != end; ++at) {
    if (const Symbol* symbol = find(renamed, at->second.symbol)) at->second.symbol = *symbol;
  }
  for (const auto& [before, symbol] : renamed) state.aliases[{gateway, before}] = {symbol, now};
  // What is listed under that name now is meant by it.
  std::erase_if(state.aliases, [&](const auto& alias) {
    return alias.first.first == gateway && state.instruments.contains(alias.first);
  });
}

}  // namespace

Symbol resolve(const State& state, const Name& gateway, const Symbol& symbol) {
  if (find(state.instruments, SymbolKey{gateway, symbol})) return symbol;
  const Alias* alias = find(state.aliases, SymbolKey{gateway, symbol});
  return alias ? alias->symbol : symbol;
}

NoSymbol no_symbol(const State& state, const Name& gateway, std::string_view symbol) {
  constexpr std::size_t named_max = 6;
  std::vector<std::string> candidates;
  const auto [first, end] = of_gateway(state.instruments, gateway);
  for (auto at = first; at != end && candidates.size() <= named_max; ++at) {
    if (view(at->second.base) == symbol) candidates.push_back(str(at->second.symbol));
  }
  NoSymbol said{"is not in the list of " + str(gateway), {}};
  if (candidates.size() == 1) said.nearest = candidates.front();
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    said.text += i == 0 ? "; there are " : ", ";
    said.text += i == named_max ? "more" : candidates[i];
  }
  return said;
}

void take_list(Turn& turn, const Name& gateway) {
  State& state = turn.state;
  const auto [staged, staged_end] = of_gateway(state.staged_instruments, gateway);
  std::map<Id, Symbol> symbols;  // by the broker's id
  for (auto at = staged; at != staged_end; ++at) {
    if (!at->second.broker_id.empty()) symbols[at->second.broker_id] = at->first.second;
  }
  Renamed renamed;
  const auto [listed, listed_end] = of_gateway(state.instruments, gateway);
  for (auto at = listed; at != listed_end; ++at) {
    const Symbol* symbol = find(symbols, at->second.broker_id);
    if (symbol && *symbol != at->first.second) renamed[at->first.second] = *symbol;
  }
  state.instruments.erase(listed, listed_end);
  for (auto at = staged; at != staged_end;) state.instruments.insert(state.staged_instruments.extract(at++));
  rename_aliases(state, gateway, renamed, turn.now);
  if (renamed.empty()) return;
  for (auto& [id, order] : state.orders) {
    const Symbol* symbol = order.gateway == gateway ? find(renamed, order.order.symbol) : nullptr;
    if (symbol) rename_order(state, order, *symbol);
  }
  rename_fills(state, gateway, renamed);
  rename_books(state, gateway, renamed);
  rename_leases(turn, gateway, renamed);
}

}  // namespace busbar::router
