#pragma once
// How far a broker's clock is from ours: offset = server - (t0 + t1) / 2, right to half the round trip. Samples with a
// long round trip are refused; of the recent ones the shortest trip counts. One clock all through, handed in.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "bus/messages.hpp"

namespace busbar::gateway {

class ClockOffset {
 public:
  explicit ClockOffset(std::int64_t round_trip_max_ns = 1'000'000'000, std::size_t recent_max = 8)
      : round_trip_max_ns_{round_trip_max_ns}, recent_max_{recent_max} {}

  // Asked at t0, answered at t1, by our wall clock; false when the trip was too long to tell anything.
  bool sample(Timestamp t0, Timestamp server_time, Timestamp t1) {
    const std::int64_t round_trip = t1 - t0;
    if (round_trip < 0 || round_trip > round_trip_max_ns_) return false;
    recent_.push_back({server_time - t0 - round_trip / 2, round_trip, t1});
    if (recent_.size() > recent_max_) recent_.pop_front();
    return true;
  }
  // A jump of either clock makes the old samples worthless.
  void forget() { recent_.clear(); }

  bool is_known() const { return !recent_.empty(); }
  std::int64_t offset_ns() const { return is_known() ? best().offset_ns : 0; }  // broker minus ours
  std::int64_t round_trip_ns() const { return is_known() ? best().round_trip_ns : 0; }
  // Since the newest sample; nullopt when there is none.
  std::optional<std::int64_t> age_ns(Timestamp now) const {
    return is_known() ? std::optional{now - recent_.back().time_ns} : std::nullopt;
  }

 private:
  struct Sample {
    std::int64_t offset_ns;
    std::int64_t round_trip_ns;
    Timestamp time_ns;
  };
  const Sample& best() const {
    return *std::min_element(recent_.begin(), recent_.end(),
                             [](const Sample& a, const Sample& b) { return a.round_trip_ns < b.round_trip_ns; });
  }
  std::int64_t round_trip_max_ns_;
  std::size_t recent_max_;
  std::deque<Sample> recent_;
};

}  // namespace busbar::gateway
