#pragma once
// Orders of which one triggers others. The first alone can bear a name of ours, its cOID, by which the others name it as their
// parent: so it bears the names of all, and whoever finds it finds out whose the others are, after a crash too. Pure.

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::ibkr {

// "V1.V2": the first order and the one that waits for it. "V1.V2.V3": and where two wait, the one that takes the profit comes
// before the one that stops the loss. Those two are told apart by their types.
struct BracketNames {
  std::string parent;
  std::vector<std::string> children;

  std::string joined() const {
    std::string all = parent;
    for (const std::string& child : children) all.append(".").append(child);
    return all;
  }
  // Empty: an order of this type is none of them.
  std::string child_of(OrderType type) const {
    if (children.size() == 1) return children.front();
    if (type == OrderType::Limit) return children.front();
    return type == OrderType::Stop || type == OrderType::StopLimit ? children.back() : std::string{};
  }
};

inline bool can_be_told_apart(const NewOrder& profit, const NewOrder& loss) {
  const auto is_limit = [](const NewOrder& order) { return order.order_type == OrderType::Limit; };
  const auto is_stop = [](const NewOrder& order) {
    return order.order_type == OrderType::Stop || order.order_type == OrderType::StopLimit;
  };
  return (is_limit(profit) && is_stop(loss)) || (is_stop(profit) && is_limit(loss));
}

inline BracketNames names_of_bracket(const PlaceListCommand& list) {
  BracketNames names;
  for (std::size_t i = 0; i < list.commands.size(); ++i) {
    const std::string name{view(list.commands[i].command.venue_order_id)};
    const bool takes_profit = list.commands[i].order.order_type == OrderType::Limit;
    if (i == 0) names.parent = name;
    else names.children.insert(takes_profit ? names.children.begin() : names.children.end(), name);
  }
  return names;
}

// nullopt for the name of an order that triggers no others.
inline std::optional<BracketNames> names_in(std::string_view client_order_id) {
  std::vector<std::string> parts(1);
  for (const char c : client_order_id) {
    if (c == '.') parts.emplace_back();
    else parts.back() += c;
  }
  const bool is_bracket = parts.size() == 2 || parts.size() == 3;
  if (!is_bracket || std::ranges::any_of(parts, &std::string::empty)) return std::nullopt;
  return BracketNames{.parent = parts.front(), .children = {parts.begin() + 1, parts.end()}};
}

// What we call an order that IBKR shows under this name.
inline std::string our_name_in(std::string_view client_order_id) {
  const auto bracket = names_in(client_order_id);
  return bracket ? bracket->parent : std::string{client_order_id};
}

}  // namespace busbar::ibkr
