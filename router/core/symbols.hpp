#pragma once
// What a symbol stands for. A broker's list says it, and where it names instruments by lasting ids, a symbol that has become
// another one goes on as an alias of it, with the date: orders, positions and rules under the old name are the new one's.

#include <optional>
#include <string>
#include <string_view>

#include "router/core/state.hpp"

namespace busbar::router {

struct Turn;

// The symbol that the broker's list has for it: itself, or what it has become. Itself where nobody knows it.
Symbol resolve(const State& state, const Name& gateway, const Symbol& symbol);

// Asks about a listed symbol, and about each that it was called before, until there is an answer.
template <class Ask>
auto ask_by_names(const State& state, const Name& gateway, const Symbol& symbol, Ask&& ask) -> decltype(ask(symbol)) {
  if (auto answer = ask(symbol)) return answer;
  for (auto at = state.aliases.lower_bound({gateway, {}}); at != state.aliases.end() && at->first.first == gateway; ++at) {
    if (at->second.symbol != symbol) continue;
    if (auto answer = ask(at->first.second)) return answer;
  }
  return {};
}

// Why there is no such symbol: with the few that are of the same thing, which one is for a person to say.
struct NoSymbol {
  std::string text;
  std::string nearest;  // where there is one alone
};
NoSymbol no_symbol(const State& state, const Name& gateway, std::string_view symbol);

// The staged list of a gateway is whole and becomes its list.
void take_list(Turn& turn, const Name& gateway);

}  // namespace busbar::router
