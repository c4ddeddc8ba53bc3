#include "gateways/alpaca/lists.hpp"

#include <algorithm>

namespace busbar::alpaca {

std::string ListNames::joined() const { return sent + "." + profit + "." + loss; }

bool ListNames::has(std::string_view venue_order_id) const {
  return !venue_order_id.empty() && (venue_order_id == sent || venue_order_id == profit || venue_order_id == loss);
}

ListNames names_of_list(const PlaceListCommand& list) {
  const bool is_pair = list.list_type == OrderListType::OneCancelsOther;
  ListNames names;
  for (std::size_t i = 0; i < list.commands.size(); ++i) {
    const std::string name{view(list.commands[i].command.venue_order_id)};
    const bool takes_profit = list.commands[i].order.order_type == OrderType::Limit;
    // Of a pair it is the one that takes the profit which is sent.
    const bool is_sent = is_pair ? takes_profit : i == 0;
    (is_sent ? names.sent : takes_profit ? names.profit : names.loss) = name;
  }
  return names;
}

std::optional<ListNames> names_in(std::string_view client_order_id) {
  const std::size_t first = client_order_id.find('.');
  const std::size_t second = first == std::string_view::npos ? first : client_order_id.find('.', first + 1);
  if (second == std::string_view::npos || client_order_id.find('.', second + 1) != std::string_view::npos || first == 0) {
    return std::nullopt;
  }
  return ListNames{.sent = std::string{client_order_id.substr(0, first)},
                   .profit = std::string{client_order_id.substr(first + 1, second - first - 1)},
                   .loss = std::string{client_order_id.substr(second + 1)}};
}

std::vector<NamedOrder> orders_of_list(const Order& sent, const ListNames& names) {
  std::vector<NamedOrder> orders{{&sent, names.sent}};
  for (const Order& leg : sent.legs) {
    const bool stops_loss = leg.type == "stop" || leg.type == "stop_limit";
    orders.push_back({&leg, stops_loss ? names.loss : leg.type == "limit" ? names.profit : std::string{}});
  }
  return orders;
}

bool is_of_list(const Order& order) {
  return order.order_class == "bracket" || order.order_class == "oco" || order.order_class == "oto";
}

}  // namespace busbar::alpaca
