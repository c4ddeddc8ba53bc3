// Preloaded into every process of a scenario: the wall clock shows BUSBAR_CLOCK_AHEAD_NS more than it is (or less, below zero).
// What is on a bell, or around a holiday, is lived through in some seconds and on any day. CLOCK_BOOTTIME and the others are
// left alone, so that it is as on a host whose clock was set before anything was started.
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

namespace {

constexpr long long ns_per_s = 1'000'000'000;

long long ahead_ns() {
  static const long long ahead = [] {
    const char* given = std::getenv("BUSBAR_CLOCK_AHEAD_NS");
    return given ? std::atoll(given) : 0;
  }();
  return ahead;
}

long long shown_ns(clockid_t clock) {
  timespec real{};
  ::syscall(SYS_clock_gettime, clock, &real);
  return real.tv_sec * ns_per_s + real.tv_nsec + ahead_ns();
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  if (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE) {
    return static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  }
  const long long shown = shown_ns(clock);
  time->tv_sec = shown / ns_per_s;
  time->tv_nsec = shown % ns_per_s;
  return 0;
}

extern "C" int gettimeofday(timeval* time, void*) noexcept {
  const long long shown = shown_ns(CLOCK_REALTIME);
  time->tv_sec = shown / ns_per_s;
  time->tv_usec = shown % ns_per_s / 1'000;
  return 0;
}

extern "C" time_t time(time_t* out) noexcept {
  const time_t seconds = shown_ns(CLOCK_REALTIME_COARSE) / ns_per_s;
  if (out) *out = seconds;
  return seconds;
}
