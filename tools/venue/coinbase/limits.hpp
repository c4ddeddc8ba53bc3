#pragma once
// How often a caller may ask: so many times within each second of the clock, by name. Pure: the time is handed in.

#include <cstdint>
#include <map>
#include <string>

#include "tools/venue/engine.hpp"

namespace busbar::venue::coinbase {

struct LimitSettings {
  std::int64_t private_per_second = 30;      // per user
  std::int64_t public_per_second = 10;       // per address
  std::int64_t connections_per_second = 8;   // per address
  std::int64_t messages_per_second = 8;      // without a token, per address
};

class Limits {
 public:
  explicit Limits(const LimitSettings& settings) : settings_{settings} {}
  const LimitSettings& settings() const { return settings_; }
  void set(const LimitSettings& settings) { settings_ = settings; }

  // Counts one, and says how many are left; less than none when it was too many.
  std::int64_t left_after_one(const std::string& name, std::int64_t most, TimeUs now) {
    Counter& counter = counters_[name];
    if (counter.second != now / 1'000'000) counter = {now / 1'000'000, 0};
    return most - ++counter.count;
  }

 private:
  struct Counter {
    TimeUs second = 0;
    std::int64_t count = 0;
  };
  LimitSettings settings_;
  std::map<std::string, Counter> counters_;
};

}  // namespace busbar::venue::coinbase
