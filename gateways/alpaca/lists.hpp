#pragma once
// Orders that Alpaca ties to each other. One of them is sent and carries the others, and it alone can bear a name that we
// give: so it bears the names of all, and whoever finds it finds out whose the others are, after a crash too. Pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/alpaca/decode.hpp"

namespace busbar::alpaca {

// "V1.V2.V3": first the one that is sent, then the one that takes the profit, then the one that stops the loss. A name that
// is missing says that there is no such order: "V1..V3".
struct ListNames {
  std::string sent;
  std::string profit;
  std::string loss;

  std::string joined() const;
  bool has(std::string_view venue_order_id) const;
};
ListNames names_of_list(const PlaceListCommand& list);
// nullopt for the name of an order that carries no others.
std::optional<ListNames> names_in(std::string_view client_order_id);

// Of the orders that come with the one that was sent, which is which.
struct NamedOrder {
  const Order* order;
  std::string venue_order_id;  // empty where it is none of ours
};
std::vector<NamedOrder> orders_of_list(const Order& sent, const ListNames& names);

bool is_of_list(const Order& order);

}  // namespace busbar::alpaca
