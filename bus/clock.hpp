#pragma once
// The clocks of a process, and record time, which is made of both: it starts where the wall clock or the last record stood,
// whichever is later, and then advances with CLOCK_BOOTTIME alone. A wall clock set back or forward moves no deadline.

#include <string>

#include "bus/messages.hpp"

namespace busbar {

inline constexpr std::int64_t ns_per_ms = 1'000'000;

Timestamp wall_now_ns();      // CLOCK_REALTIME
Timestamp boottime_now_ns();  // CLOCK_BOOTTIME: goes on while the machine sleeps, and never back

// "2024-01-15T10:30:00Z": whole seconds, the fraction cut.
std::string utc_text(Timestamp time_ns);

struct RecordTime {
  Timestamp time_ns = 0;  // record time, never less than any before
  Timestamp wall_ns = 0;  // what the wall clock said at that moment
};

class RecordClock {
 public:
  // `last_record_ns` is the time of the newest record on disk, 0 when there is none.
  explicit RecordClock(Timestamp last_record_ns);
  RecordClock(Timestamp last_record_ns, Timestamp wall_ns, Timestamp boottime_ns);  // both clocks handed in, for tests

  // `sent_ns` is when a peer says that it sent what is stamped, by the wall clock of this host; 0: it says nothing. What was on
  // its way while that clock was set tells the time of before, and is given the wall time of before: it is no older for it.
  RecordTime now(Timestamp sent_ns = 0);
  RecordTime at(Timestamp wall_ns, Timestamp boottime_ns, Timestamp sent_ns = 0);
  // The moment of record time as boottime, for a timer.
  Timestamp boottime_of(Timestamp record_time_ns) const { return record_time_ns - ahead_ns_; }

 private:
  std::int64_t ahead_ns_;  // record time minus boottime
  Timestamp last_ns_;
  std::int64_t wall_ahead_ns_;        // wall clock minus boottime
  std::int64_t wall_ahead_before_ns_; // ... before it was set the last time
  Timestamp set_at_ns_ = 0;           // when that was seen, by the clock of before; 0: it never was
};

}  // namespace busbar
