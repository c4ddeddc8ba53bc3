#pragma once
// How often a key may ask: so many times within each minute of the clock. Pure: the time is handed in.

#include <cstdint>

#include "tools/venue/number.hpp"
#include "tools/venue/rest.hpp"

namespace busbar::venue::alpaca {

struct LimitSettings {
  std::int64_t requests_per_minute = 200;  // trading, per account
  std::int64_t data_per_minute = 200;      // market data, per account, or per address where no key is needed
  std::int64_t data_connections = 1;       // per account and feed
  std::int64_t stream_symbols = 30;        // of trades and quotes on one connection; 0: any number
  std::int64_t data_page = 10'000;         // points an answer has at most, whatever was asked for
};

constexpr Number<LimitSettings> limit_numbers[] = {
    {"requests_per_minute", &LimitSettings::requests_per_minute},
    {"data_per_minute", &LimitSettings::data_per_minute},
    {"data_connections", &LimitSettings::data_connections},
    {"stream_symbols", &LimitSettings::stream_symbols, 0},
    {"data_page", &LimitSettings::data_page},
};

class Limits : public RestCounters {
 public:
  explicit Limits(const LimitSettings& settings) : RestCounters{minute}, settings_{settings} {}
  const LimitSettings& settings() const { return settings_; }
  void set(const LimitSettings& settings) { settings_ = settings; }
  static std::int64_t reset_s(TimeUs now) { return (now / minute + 1) * 60; }

 private:
  static constexpr TimeUs minute = 60'000'000;
  LimitSettings settings_;
};

}  // namespace busbar::venue::alpaca
