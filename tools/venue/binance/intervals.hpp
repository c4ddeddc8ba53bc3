#pragma once
// The lengths of the venue's bars, and where each of them begins: weeks on Mondays, months on their first day, all of
// them shifted by a time zone when one is asked for.

#include <optional>
#include <string_view>

#include "tools/venue/engine.hpp"

namespace busbar::venue::binance {

struct Interval {
  std::string_view name;
  TimeUs length;  // of a month: nothing to rely on

  TimeUs start_of(TimeUs time, TimeUs zone = 0) const;  // the beginning of the bar that holds `time`
  TimeUs end_of(TimeUs start, TimeUs zone = 0) const;   // the beginning of the next one
};

std::optional<Interval> interval_named(std::string_view name);  // "1m", "1h", ...
// "0", "8", "-1:00", "05:45"; from -12:00 to +14:00.
std::optional<TimeUs> time_zone_named(std::string_view name);

}  // namespace busbar::venue::binance
