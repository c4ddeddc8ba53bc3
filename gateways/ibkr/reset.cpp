#include "gateways/ibkr/reset.hpp"

#include <chrono>

namespace busbar::ibkr {

namespace {

using namespace std::chrono;

// A Sunday of a month, and the hour in UTC at which the clocks are changed on it.
sys_seconds change(year y, month m, bool is_last, unsigned which, hours at) {
  const sys_days day = is_last ? sys_days{y / m / Sunday[last]} : sys_days{y / m / Sunday[which]};
  return sys_seconds{day} + at;
}

hours offset_of(Region region, sys_seconds time) {
  const year y = year_month_day{floor<days>(time)}.year();
  switch (region) {
    case Region::America: {  // at two o'clock there
      const bool is_summer = time >= change(y, March, false, 2, hours{7}) && time < change(y, November, false, 1, hours{6});
      return hours{is_summer ? -4 : -5};
    }
    case Region::Europe: {  // everywhere at once
      const bool is_summer = time >= change(y, March, true, 0, hours{1}) && time < change(y, October, true, 0, hours{1});
      return hours{is_summer ? 2 : 1};
    }
    case Region::Asia: return hours{8};
  }
  return hours{0};
}

}  // namespace

std::optional<Region> region_of(std::string_view name) {
  if (name == "america") return Region::America;
  if (name == "europe") return Region::Europe;
  if (name == "asia") return Region::Asia;
  return std::nullopt;
}

Timestamp next_hour(Region region, int hour, Timestamp now_ns) {
  const sys_seconds now{floor<seconds>(nanoseconds{now_ns})};
  const auto local_day = floor<days>(now + offset_of(region, now));
  for (int i = 0;; ++i) {
    const sys_seconds local = sys_seconds{local_day} + days{i} + hours{hour};
    // What the clock there is ahead or behind by then, give or take the hour in which it is changed.
    const sys_seconds time = local - offset_of(region, local - offset_of(region, now));
    if (time > now) return nanoseconds{time.time_since_epoch()}.count();
  }
}

}  // namespace busbar::ibkr
