#pragma once
// One symbol's book, kept from the stream of its changes and one snapshot, as Binance documents it: changes are held
// back until a snapshot has come that is no older than the first of them, and one that does not follow on the last
// means that something was missed and all begins anew. Pure. Levels beyond a snapshot's are unknown until they change.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "gateways/binance/decode_market.hpp"
#include "gateways/framework/book_sides.hpp"

namespace busbar::binance {

class DepthBook {
 public:
  // held_max: changed levels held back while there is no snapshot. When there are more, the oldest changes go, and a
  // newer snapshot is needed than would have been.
  explicit DepthBook(std::size_t held_max = 100'000) : held_max_{held_max} {}

  enum class Took {
    Held,     // there is no snapshot yet
    Old,      // known already
    Applied,  // the book is as of this change
    Gap,      // a change before it is missing: the book is empty, this one is held, and a snapshot is needed
  };
  Took on_update(DepthUpdateEvent update);

  struct Synced {
    bool is_taken = false;    // false: it is older than the changes held, and another must be asked for
    std::size_t applied = 0;  // of the changes held
    std::size_t dropped = 0;  // in it already
  };
  Synced on_snapshot(const DepthSnapshot& snapshot);

  // The connection was lost: whatever came before is followed by nothing.
  void reset();

  bool is_synced() const { return is_synced_; }
  // Is it time to ask for a snapshot? Asked before the first change, it would be older than that.
  bool wants_snapshot() const { return !is_synced_ && !held_.empty(); }
  std::int64_t last_update_id() const { return last_update_id_; }

  const gateway::BookSides& sides() const { return sides_; }
  // Best first; at most `most`, 0 for all.
  std::vector<BookLevel> bids(std::size_t most = 0) const { return sides_.bids(most); }
  std::vector<BookLevel> asks(std::size_t most = 0) const { return sides_.asks(most); }

 private:
  void apply(const DepthUpdateEvent& update);
  void hold(DepthUpdateEvent update);

  std::size_t held_max_;
  std::size_t held_levels_ = 0;
  std::deque<DepthUpdateEvent> held_;
  gateway::BookSides sides_;
  std::int64_t last_update_id_ = 0;
  bool is_synced_ = false;
};

}  // namespace busbar::binance
