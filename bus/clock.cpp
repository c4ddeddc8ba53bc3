#include "bus/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
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

std::string utc_text(Timestamp time_ns) {
  using namespace std::chrono;
  const auto time = floor<seconds>(sys_time<nanoseconds>{nanoseconds{time_ns}});
  const auto midnight = floor<days>(time);
  const year_month_day date{midnight};
  const hh_mm_ss clock{time - midnight};
  const auto padded = [](auto number, std::size_t width) {
    const std::string digits = std::to_string(number);
    return std::string(width - std::min(width, digits.size()), '0') + digits;
  };
  return padded(static_cast<int>(date.year()), 4) + '-' + padded(static_cast<unsigned>(date.month()), 2) + '-' +
         padded(static_cast<unsigned>(date.day()), 2) + 'T' + padded(clock.hours().count(), 2) + ':' +
         padded(clock.minutes().count(), 2) + ':' + padded(clock.seconds().count(), 2) + 'Z';
}

RecordClock::RecordClock(Timestamp last_record_ns) : RecordClock{last_record_ns, wall_now_ns(), boottime_now_ns()} {}

RecordClock::RecordClock(Timestamp last_record_ns, Timestamp wall_ns, Timestamp boottime_ns)
    : ahead_ns_{std::max(wall_ns, last_record_ns) - boottime_ns},
      last_ns_{std::max(wall_ns, last_record_ns)},
      wall_ahead_ns_{wall_ns - boottime_ns},
      wall_ahead_before_ns_{wall_ahead_ns_} {}

// Both clocks at one moment: whoever is kept from running between two looks would believe that a clock was set.
RecordTime RecordClock::now(Timestamp sent_ns) {
  constexpr std::int64_t moment_ns = 1'000'000;
  while (true) {
    const Timestamp before_ns = boottime_now_ns();
    const Timestamp wall_ns = wall_now_ns();
    const Timestamp boottime_ns = boottime_now_ns();
    if (boottime_ns - before_ns < moment_ns) return at(wall_ns, boottime_ns, sent_ns);
  }
}

RecordTime RecordClock::at(Timestamp wall_ns, Timestamp boottime_ns, Timestamp sent_ns) {
  constexpr std::int64_t slew_max_ns = 100'000'000;  // between two looks; more is a clock that was set
  const std::int64_t ahead = wall_ns - boottime_ns;
  if (std::abs(ahead - wall_ahead_ns_) > slew_max_ns) {
    wall_ahead_before_ns_ = wall_ahead_ns_;
    set_at_ns_ = boottime_ns + wall_ahead_before_ns_;
  }
  wall_ahead_ns_ = ahead;
  last_ns_ = std::max(last_ns_, boottime_ns + ahead_ns_);
  const Timestamp before_ns = boottime_ns + wall_ahead_before_ns_;
  const bool is_of_before = sent_ns > 0 && sent_ns <= set_at_ns_ && std::abs(before_ns - sent_ns) < std::abs(wall_ns - sent_ns);
  return {last_ns_, is_of_before ? before_ns : wall_ns};
}

}  // namespace busbar
