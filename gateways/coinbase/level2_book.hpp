#pragma once
// One product's book, as the level2 channel keeps it: a snapshot, and then absolute quantities. After a gap it is worth
// nothing until the next snapshot. Pure.

#include <vector>

#include "gateways/coinbase/decode_stream.hpp"
#include "gateways/framework/book_sides.hpp"

namespace busbar::coinbase {

class Level2Book {
 public:
  // False: a change without a snapshot before it, which means nothing.
  bool on_event(const Level2Event& event);
  void reset();
  bool is_synced() const { return is_synced_; }
  const gateway::BookSides& sides() const { return sides_; }

 private:
  gateway::BookSides sides_;
  bool is_synced_ = false;
};

}  // namespace busbar::coinbase
