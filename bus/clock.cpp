#include "bus/clock.hpp"

#include <algorithm>
#include <ctime>

namespace busbar {
namespace {

Timestamp read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return Timestamp{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

Timestamp wall_now_ns() { return read(CLOCK_REALTIME); }
Timestamp boottime_now_ns() { return read(CLOCK_BOOTTIME); }

RecordClock::RecordClock(Timestamp last_record_ns) : RecordClock{last_record_ns, wall_now_ns(), boottime_now_ns()} {}

RecordClock::RecordClock(Timestamp last_record_ns, Timestamp wall_ns, Timestamp boottime_ns)
    : ahead_ns_{std::max(wall_ns, last_record_ns) - boottime_ns}, last_ns_{std::max(wall_ns, last_record_ns)} {}

RecordTime RecordClock::now() { return at(wall_now_ns(), boottime_now_ns()); }

RecordTime RecordClock::at(Timestamp wall_ns, Timestamp boottime_ns) {
  last_ns_ = std::max(last_ns_, boottime_ns + ahead_ns_);
  return {last_ns_, wall_ns};
}

}  // namespace busbar
