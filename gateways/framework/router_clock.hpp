#pragma once
// Router time, followed from its heartbeats, for the expiry check at the last hop. A sample that arrives late makes the
// router seem earlier than it is, never later; so the largest of the recent ones is the nearest, and a gateway that was
// stopped and reads a queue of old heartbeats believes none of them. A first sample counts only when its round trip is
// known and short.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "bus/messages.hpp"

namespace busbar::gateway {

class RouterClock {
 public:
  static constexpr std::int64_t round_trip_max_ns = 500'000'000;
  static constexpr std::int64_t memory_ns = 60'000'000'000;  // two hosts' clocks drift apart by a few ms in that time

  // Router time as it arrived at `received`, boottime. `sent`: when the question left that this answers, where that is
  // known.
  void sample(Timestamp router_time, Timestamp received, std::optional<Timestamp> sent) {
    if (sent && received - *sent <= round_trip_max_ns) is_trusted_ = true;
    recent_.push_back({router_time - received, received});
    while (received - recent_.front().received > memory_ns) recent_.pop_front();
  }
  void forget() {
    recent_.clear();
    is_trusted_ = false;
  }
  std::optional<Timestamp> now(Timestamp boottime) const {
    if (!is_trusted_ || recent_.empty()) return std::nullopt;
    const auto best = std::max_element(recent_.begin(), recent_.end(),
                                       [](const Sample& a, const Sample& b) { return a.offset_ns < b.offset_ns; });
    return boottime + best->offset_ns;
  }

 private:
  struct Sample {
    std::int64_t offset_ns;
    Timestamp received;
  };
  std::deque<Sample> recent_;
  bool is_trusted_ = false;
};

}  // namespace busbar::gateway
