#pragma once
// Both names of an order: ours, and the one under which Coinbase cancels it and lists its fills. As many as are worth
// remembering: what is forgotten is asked for.

#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "bus/messages.hpp"

namespace busbar::coinbase {

class OrderNames {
 public:
  explicit OrderNames(std::size_t most = 100'000) : most_{most} {}

  void learn(const std::string& broker_order_id, const std::string& venue_order_id) {
    if (broker_order_id.empty() || venue_order_id.empty()) return;
    if (!ours_.emplace(broker_order_id, venue_order_id).second) return;
    theirs_[venue_order_id] = broker_order_id;
    oldest_first_.push_back(broker_order_id);
    if (oldest_first_.size() <= most_) return;
    const auto forgotten = ours_.find(oldest_first_.front());
    theirs_.erase(forgotten->second);
    ours_.erase(forgotten);
    oldest_first_.pop_front();
  }
  // Empty where it is not known.
  std::string broker_order_id(const std::string& venue_order_id) const { return find(theirs_, venue_order_id); }
  std::string venue_order_id(const std::string& broker_order_id) const { return find(ours_, broker_order_id); }

 private:
  using Map = std::map<std::string, std::string>;
  static std::string find(const Map& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? std::string{} : found->second;
  }

  std::size_t most_;
  Map ours_;    // by theirs
  Map theirs_;  // by ours
  std::deque<std::string> oldest_first_;
};

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
