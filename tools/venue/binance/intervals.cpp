#include "tools/venue/binance/intervals.hpp"

#include <charconv>
#include <chrono>

namespace busbar::venue::binance {
namespace {

constexpr TimeUs second = 1'000'000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr TimeUs monday = 4 * day;  // the first one after the epoch, which was a Thursday

constexpr Interval intervals[] = {
    {"1s", second},       {"1m", minute},       {"3m", 3 * minute}, {"5m", 5 * minute},
    {"15m", 15 * minute}, {"30m", 30 * minute}, {"1h", hour},       {"2h", 2 * hour},
    {"4h", 4 * hour},     {"6h", 6 * hour},     {"8h", 8 * hour},   {"12h", 12 * hour},
    {"1d", day},          {"3d", 3 * day},      {"1w", 7 * day},    {"1M", 31 * day},
};

std::chrono::year_month month_of(TimeUs time) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{time / day}}};
  return date.year() / date.month();
}

TimeUs start_of(std::chrono::year_month month) {
  return std::chrono::sys_days{month / 1}.time_since_epoch().count() * day;
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || text.size() > 2 || error != std::errc{} || end != text.data() + text.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

TimeUs Interval::start_of(TimeUs time, TimeUs zone) const {
  const TimeUs local = time + zone;
  if (name == "1M") return binance::start_of(month_of(local)) - zone;
  const TimeUs origin = name == "1w" ? monday : 0;
  return local - (local - origin) % length - zone;
}

TimeUs Interval::end_of(TimeUs start, TimeUs zone) const {
  if (name == "1M") return binance::start_of(month_of(start + zone) + std::chrono::months{1}) - zone;
  return start + length;
}

std::optional<Interval> interval_named(std::string_view name) {
  for (const Interval& interval : intervals) {
    if (interval.name == name) return interval;
  }
  return std::nullopt;
}

std::optional<TimeUs> time_zone_named(std::string_view name) {
  const bool is_west = name.starts_with('-');
  if (is_west || name.starts_with('+')) name.remove_prefix(1);
  const std::size_t colon = name.find(':');
  const auto hours = number(name.substr(0, colon));
  const auto minutes = colon == name.npos ? std::optional{0} : number(name.substr(colon + 1));
  if (!hours || !minutes || *minutes > 59) return std::nullopt;
  const TimeUs zone = (is_west ? -1 : 1) * (*hours * hour + *minutes * minute);
  if (zone < -12 * hour || zone > 14 * hour) return std::nullopt;
  return zone;
}

}  // namespace busbar::venue::binance
