#pragma once
// How often a caller may ask: so many times within each second of the clock, by name. Pure: the time is handed in.

#include <cstdint>

#include "tools/venue/number.hpp"
#include "tools/venue/rest.hpp"

namespace busbar::venue::coinbase {

struct LimitSettings {
  std::int64_t private_per_second = 30;      // per user
  std::int64_t public_per_second = 10;       // per address
  std::int64_t connections_per_second = 8;   // per address
  std::int64_t messages_per_second = 8;      // without a token, per address
  std::int64_t fills_page = 3'000;           // fills an answer has at most, whatever was asked for
};

constexpr Number<LimitSettings> limit_numbers[] = {
    {"private_per_second", &LimitSettings::private_per_second},
    {"public_per_second", &LimitSettings::public_per_second},
    {"connections_per_second", &LimitSettings::connections_per_second},
    {"messages_per_second", &LimitSettings::messages_per_second},
    {"fills_page", &LimitSettings::fills_page},
};

class Limits : public RestCounters {
 public:
  explicit Limits(const LimitSettings& settings) : RestCounters{second}, settings_{settings} {}
  const LimitSettings& settings() const { return settings_; }
  void set(const LimitSettings& settings) { settings_ = settings; }

 private:
  static constexpr TimeUs second = 1'000'000;
  LimitSettings settings_;
};

}  // namespace busbar::venue::coinbase
