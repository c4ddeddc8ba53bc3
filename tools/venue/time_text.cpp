#include "tools/venue/time_text.hpp"

#include <chrono>
#include <cstdio>

namespace busbar::venue {
namespace {

constexpr TimeUs one_second = 1'000'000;

}  // namespace

std::string rfc3339(TimeUs time, int places) {
  const auto moment = std::chrono::sys_time<std::chrono::microseconds>{std::chrono::microseconds{time}};
  const auto date = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day calendar{date};
  const std::chrono::hh_mm_ss clock{moment - date};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(calendar.year()),
                static_cast<unsigned>(calendar.month()), static_cast<unsigned>(calendar.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  std::string result = text;
  if (places > 0) {
    std::snprintf(text, sizeof text, "%06d000", static_cast<int>(clock.subseconds().count()));
    result += '.' + std::string{text, static_cast<std::size_t>(places)};
  }
  return result + 'Z';
}

std::optional<TimeUs> time_from(std::string_view text) {
  int year = 0, month = 0, day_of_month = 0, hour = 0, minute = 0, whole_second = 0, end = 0;
  const std::string copy{text};
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day_of_month, &hour, &minute,
                  &whole_second, &end) != 6) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day_of_month)}};
  const bool is_time = hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && whole_second >= 0 && whole_second < 61;
  if (!date.ok() || !is_time) return std::nullopt;
  TimeUs time = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::sys_days{date}.time_since_epoch())
                    .count() +
                ((hour * 60 + minute) * 60 + whole_second) * one_second;
  text.remove_prefix(static_cast<std::size_t>(end));
  if (text.starts_with('.')) {
    TimeUs part = one_second;
    text.remove_prefix(1);
    if (text.empty() || text[0] < '0' || text[0] > '9') return std::nullopt;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
      part /= 10;
      time += (text[0] - '0') * part;
    }
  }
  if (text == "Z" || text == "z") return time;
  int offset_hour = 0, offset_minute = 0;
  const std::string offset{text};
  char sign = 0;
  if (std::sscanf(offset.c_str(), "%c%2d:%2d%n", &sign, &offset_hour, &offset_minute, &end) != 3 ||
      (sign != '+' && sign != '-') || end != std::ssize(offset)) {
    return std::nullopt;
  }
  const TimeUs shift = (offset_hour * 60 + offset_minute) * 60 * one_second;
  return sign == '+' ? time - shift : time + shift;
}

}  // namespace busbar::venue
