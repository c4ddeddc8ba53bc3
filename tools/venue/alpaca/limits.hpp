#pragma once
// How often a key may ask: so many times within each minute of the clock. Pure: the time is handed in.

#include <cstdint>
#include <map>
#include <string>

#include "tools/venue/engine.hpp"

namespace busbar::venue::alpaca {

struct LimitSettings {
  std::int64_t requests_per_minute = 200;  // trading, per account
  std::int64_t data_per_minute = 200;      // market data, per account, or per address where no key is needed
  std::int64_t data_connections = 1;       // per account and feed
  std::int64_t stream_symbols = 30;        // of trades and quotes on one connection; 0: any number
};

class Limits {
 public:
  explicit Limits(const LimitSettings& settings) : settings_{settings} {}
  const LimitSettings& settings() const { return settings_; }
  void set(const LimitSettings& settings) { settings_ = settings; }

  // Counts one, and says how many are left; less than none when it was too many.
  std::int64_t left_after_one(const std::string& name, std::int64_t most, TimeUs now) {
    Counter& counter = counters_[name];
    if (counter.minute != now / minute) counter = {now / minute, 0};
    return most - ++counter.count;
  }
  static std::int64_t reset_s(TimeUs now) { return (now / minute + 1) * 60; }

 private:
  static constexpr TimeUs minute = 60'000'000;
  struct Counter {
    TimeUs minute = 0;
    std::int64_t count = 0;
  };
  LimitSettings settings_;
  std::map<std::string, Counter> counters_;
};

}  // namespace busbar::venue::alpaca
