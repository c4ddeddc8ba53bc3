#pragma once
// Both names of an order: ours, and the broker's. As many as are worth remembering: what is forgotten is asked for.

#include <cstddef>
#include <deque>
#include <map>
#include <string>

namespace busbar::gateway {

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

}  // namespace busbar::gateway
