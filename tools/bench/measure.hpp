#pragma once
// What every measuring program shares: the clock, the figures of one run, and the line that scripts/bench reads. A program
// prints one JSON object a line; medians over runs and ratios between programs are scripts/bench's.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

namespace busbar::bench {

inline std::int64_t now_ns() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

// The thread's own time, for what does not wait: what others do meanwhile is not to count.
inline std::int64_t thread_ns() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

[[noreturn]] inline void fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(EXIT_FAILURE);
}

inline void require(bool holds, const char* what) {
  if (!holds) fail(what);
}

// How long each of many things took.
class Latencies {
 public:
  void add(std::int64_t ns) { ns_.push_back(ns); }
  std::size_t count() const { return ns_.size(); }
  void clear() { ns_.clear(); }
  double percentile_us(double percent) {
    if (ns_.empty()) return 0;
    const auto rank = static_cast<std::size_t>(percent / 100 * static_cast<double>(ns_.size()));
    const auto at = ns_.begin() + static_cast<std::ptrdiff_t>(std::min(rank, ns_.size() - 1));
    std::nth_element(ns_.begin(), at, ns_.end());
    return static_cast<double>(*at) / 1000;
  }

 private:
  std::vector<std::int64_t> ns_;
};

// One line: `in_flight` things at a time, `latencies` of them finished within `elapsed_ns`.
inline void print_window(std::size_t in_flight, Latencies& latencies, std::int64_t elapsed_ns) {
  std::printf("{\"in_flight\": %zu, \"rate\": %.1f, \"p50_us\": %.2f, \"p99_us\": %.2f, \"count\": %zu}\n", in_flight,
              static_cast<double>(latencies.count()) * 1e9 / static_cast<double>(elapsed_ns), latencies.percentile_us(50),
              latencies.percentile_us(99), latencies.count());
  std::fflush(stdout);
}

// "1,16,128": numbers of a list.
inline std::vector<std::size_t> numbers(const std::string& list) {
  std::vector<std::size_t> found;
  for (std::size_t at = 0; at < list.size(); at = std::min(list.find(',', at), list.size() - 1) + 1) {
    found.push_back(std::strtoull(list.c_str() + at, nullptr, 10));
  }
  return found;
}

}  // namespace busbar::bench
