#include "gateways/framework/utc.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <string>

namespace busbar::gateway {

namespace {

constexpr std::int64_t per_s = 1'000'000'000;

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads a text from left to right; what does not fit stays, and then nothing fits any more.
struct Scanner {
  std::string_view rest;
  bool is_good = true;

  int number(std::size_t digits) {
    int value = 0;
    is_good = is_good && rest.size() >= digits;
    for (std::size_t at = 0; is_good && at < digits; ++at) {
      is_good = is_digit(rest[at]);
      value = value * 10 + (rest[at] - '0');
    }
    if (is_good) rest.remove_prefix(digits);
    return value;
  }
  bool take(char c) {
    if (!is_good || rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  void want(char c) { is_good = take(c); }

  std::int64_t fraction_ns() {
    std::int64_t value = 0;
    std::int64_t place = per_s / 10;
    is_good = is_good && !rest.empty() && is_digit(rest.front());
    for (; !rest.empty() && is_digit(rest.front()); rest.remove_prefix(1)) {
      value += (rest.front() - '0') * place;
      place /= 10;
    }
    return value;
  }
};

}  // namespace

std::optional<Timestamp> parse_utc(std::string_view text) {
  using namespace std::chrono;
  Scanner scan{text};
  const int y = scan.number(4);
  scan.want('-');
  const int m = scan.number(2);
  scan.want('-');
  const int d = scan.number(2);
  if (!scan.take('T')) scan.want('t');
  const int hour = scan.number(2);
  scan.want(':');
  const int minute = scan.number(2);
  scan.want(':');
  const int second = scan.number(2);
  const std::int64_t fraction = scan.take('.') ? scan.fraction_ns() : 0;
  std::int64_t offset_s = 0;
  if (!scan.take('Z') && !scan.take('z')) {
    const bool is_west = scan.take('-');
    if (!is_west) scan.want('+');
    const int hours = scan.number(2);
    scan.want(':');
    const int minutes = scan.number(2);
    scan.is_good = scan.is_good && hours < 24 && minutes < 60;
    offset_s = (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(m)}, day{static_cast<unsigned>(d)}};
  const bool is_time = hour < 24 && minute < 60 && second <= 60;  // a leap second is the next one
  if (!scan.is_good || !scan.rest.empty() || !date.ok() || !is_time) return std::nullopt;
  const std::int64_t days = sys_days{date}.time_since_epoch().count();
  const std::int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset_s;
  constexpr std::int64_t most = std::numeric_limits<Timestamp>::max() / per_s - 1;
  if (seconds > most || seconds < -most) return std::nullopt;
  return seconds * per_s + fraction;
}

std::optional<Timestamp> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  constexpr std::size_t month_at = 8;
  constexpr std::string_view zone = " GMT";
  if (text.size() != 29 || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text[16] != ' ' ||
      text.substr(25) != zone) {
    return std::nullopt;
  }
  const auto month = std::ranges::find(months, text.substr(month_at, 3));
  if (month == months.end()) return std::nullopt;
  const std::string number = std::to_string(month - months.begin() + 1);
  std::string iso{text.substr(12, 4)};
  iso.append(number.size() == 1 ? "-0" : "-").append(number).append("-").append(text.substr(5, 2));
  return parse_utc(iso.append("T").append(text.substr(17, 8)).append("Z"));
}

}  // namespace busbar::gateway
