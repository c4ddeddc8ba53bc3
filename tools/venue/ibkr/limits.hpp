#pragma once
// How often one may ask: so many times a second in all, so many times within a while at some endpoints, and the penalty
// box for an address that asks too often. Pure: the time is handed in.

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "tools/venue/engine.hpp"
#include "tools/venue/number.hpp"

namespace busbar::venue::ibkr {

struct LimitSettings {
  std::int64_t per_second = 50;          // per user, straight
  std::int64_t gateway_per_second = 10;  // through the gateway program
  std::int64_t endpoint_times = 1;       // so many times what single endpoints allow: live orders 1 in 5 s, ...
  std::int64_t penalty_s = 600;          // for all of an address; 0: none
  bool endpoints_penalize = false;       // or only what is over the limit of all together
};

constexpr Number<LimitSettings> limit_numbers[] = {
    {"per_second", &LimitSettings::per_second},
    {"gateway_per_second", &LimitSettings::gateway_per_second},
    {"endpoint_times", &LimitSettings::endpoint_times},
    {"penalty_s", &LimitSettings::penalty_s, 0, 86'400},
};

struct Pace {
  std::int64_t most = 0;  // 0: no limit of its own
  std::int64_t seconds = 0;
};

class Limits {
 public:
  explicit Limits(const LimitSettings& settings) : settings_{settings} {}
  const LimitSettings& settings() const { return settings_; }
  void set(const LimitSettings& settings) { settings_ = settings; }

  // Counts one; false when it was one too many.
  bool takes(const std::string& name, Pace pace, TimeUs now) {
    std::deque<TimeUs>& times = times_[name];
    const TimeUs since = now - pace.seconds * 1'000'000;
    while (!times.empty() && times.front() <= since) times.pop_front();
    if (static_cast<std::int64_t>(times.size()) >= pace.most) return false;
    times.push_back(now);
    return true;
  }
  void forget(const std::string& name) { times_.erase(name); }

  void penalize(const std::string& address, TimeUs until) { boxed_until_[address] = until; }
  bool is_boxed(const std::string& address, TimeUs now) const {
    const auto found = boxed_until_.find(address);
    return found != boxed_until_.end() && now < found->second;
  }
  void release() { boxed_until_.clear(); }

 private:
  LimitSettings settings_;
  std::map<std::string, std::deque<TimeUs>> times_;
  std::map<std::string, TimeUs> boxed_until_;
};

}  // namespace busbar::venue::ibkr
