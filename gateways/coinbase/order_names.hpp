#pragma once
// Names of orders, and what lists show of them.

#include <map>
#include <optional>
#include <string>

#include "bus/messages.hpp"
#include "gateways/framework/order_names.hpp"

namespace busbar::coinbase {

using gateway::OrderNames;

// There is no look-up by our name, so that an order in doubt costs a list. After a crash many are in doubt at once: what a
// complete list of a product's orders shows holds for all of them.
class CompleteLists {
 public:
  // A list of all orders born since then, begun at `begun_ns`: whose name is not known now was not there.
  void add(const std::string& product_id, Timestamp since_ns, Timestamp begun_ns) {
    lists_[product_id] = {since_ns, begun_ns};
  }
  // When the last list was begun, if it lacks every order of this product born at `born_ns` or later whose name is not
  // known, and was not begun before `as_of_ns`.
  std::optional<Timestamp> without(const std::string& product_id, Timestamp born_ns, Timestamp as_of_ns) const {
    const auto found = lists_.find(product_id);
    const bool tells =
        found != lists_.end() && found->second.since_ns <= born_ns && found->second.begun_ns >= as_of_ns;
    return tells ? std::optional{found->second.begun_ns} : std::nullopt;
  }

 private:
  struct List {
    Timestamp since_ns = 0;
    Timestamp begun_ns = 0;
  };
  std::map<std::string, List> lists_;  // the last one, by product
};

}  // namespace busbar::coinbase
