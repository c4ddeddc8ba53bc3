#pragma once
// The venue's meters: request weight and raw requests per address, unfilled orders per account, in intervals aligned to
// the clock; who goes on after a 429 is banned. Pure: the time is handed in.

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "tools/venue/engine.hpp"
#include "tools/venue/number.hpp"

namespace busbar::venue::binance {

struct LimitSettings {
  std::int64_t weight_per_minute = 6'000;
  std::int64_t raw_per_5_minutes = 300'000;
  std::int64_t orders_per_10_seconds = 100;
  std::int64_t orders_per_day = 200'000;
  std::int64_t connections_per_5_minutes = 300;
  std::int64_t strikes = 10;  // requests over the limit before the ban
  std::int64_t ban_seconds = 120;
};

constexpr Number<LimitSettings> limit_numbers[] = {
    {"weight_per_minute", &LimitSettings::weight_per_minute, 1, INT64_MAX},
    {"raw_per_5_minutes", &LimitSettings::raw_per_5_minutes, 1, INT64_MAX},
    {"orders_per_10_seconds", &LimitSettings::orders_per_10_seconds, 0, INT64_MAX},
    {"orders_per_day", &LimitSettings::orders_per_day, 0, INT64_MAX},
    {"connections_per_5_minutes", &LimitSettings::connections_per_5_minutes, 1, INT64_MAX},
    {"strikes", &LimitSettings::strikes, 0, INT64_MAX},
    {"ban_seconds", &LimitSettings::ban_seconds, 1, 259'200},
};

class Limits {
 public:
  explicit Limits(const LimitSettings& settings) : settings_{settings} {}
  const LimitSettings& settings() const { return settings_; }
  void set(const LimitSettings& settings) { settings_ = settings; }

  struct Verdict {
    enum { Pass, TooMany, Banned } kind = Pass;
    TimeUs retry_at = 0;
  };
  // Counts one request of `weight` and says whether it may go on.
  Verdict admit(const std::string& address, std::int64_t weight, TimeUs now);
  void refund(const std::string& address, std::int64_t weight,
              TimeUs now);  // successful orders and cancels cost nothing
  Verdict admit_connection(const std::string& address, TimeUs now);  // counts it
  void ban(const std::string& address, TimeUs until);
  std::int64_t used_weight(const std::string& address, TimeUs now);

  struct OrderVerdict {
    bool passes = true;
    bool is_day = false;  // which interval is exhausted
    TimeUs retry_at = 0;
  };
  OrderVerdict admit_order(AccountId account, TimeUs now, std::int64_t orders = 1);  // counts nothing yet
  void count_order(AccountId account, TimeUs now, std::int64_t orders = 1);
  void count_first_fill(AccountId account, TimeUs now);                     // gives one back
  std::array<std::int64_t, 2> order_counts(AccountId account, TimeUs now);  // 10 s, day

 private:
  struct Counter {
    TimeUs start = 0;
    std::int64_t count = 0;
    std::int64_t& at(TimeUs now, TimeUs length);
  };
  struct Address {
    Counter weight, raw, connections;
    std::int64_t strikes = 0, bans = 0;
    TimeUs banned_until = 0;
  };
  struct Orders {
    Counter ten_seconds, day;
  };
  LimitSettings settings_;
  std::map<std::string, Address> addresses_;
  std::map<AccountId, Orders> orders_;
};

}  // namespace busbar::venue::binance
