#pragma once
// The last so many things seen: what tells that an event has come before, in bounded memory.

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>

namespace busbar::gateway {

class Recent {
 public:
  explicit Recent(std::size_t most) : most_{most} {}
  // False when it had been seen.
  bool add(const std::string& key) {
    if (!keys_.insert(key).second) return false;
    order_.push_back(key);
    if (order_.size() > most_) {
      keys_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }
  bool contains(const std::string& key) const { return keys_.contains(key); }

 private:
  std::size_t most_;
  std::unordered_set<std::string> keys_;
  std::deque<std::string> order_;
};

}  // namespace busbar::gateway
