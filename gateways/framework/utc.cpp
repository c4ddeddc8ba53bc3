#include "gateways/framework/utc.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>

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

// What has the form of `zeros`, with any digit for each 0.
bool has_form(const char* text, std::string_view zeros) {
  for (std::size_t at = 0; at < zeros.size(); ++at) {
    if (zeros[at] == '0' ? !is_digit(text[at]) : text[at] != zeros[at]) return false;
  }
  return true;
}
int two_digits(const char* text) { return (text[0] - '0') * 10 + (text[1] - '0'); }

// A day that was read, for what comes next is mostly of the same.
struct Day {
  std::array<char, 11> text{};  // 2023-02-09T
  std::int64_t begin_s = 0;
};

// "2023-02-09T20:32:50.714964855Z" on the day of before, as brokers write it all day long. nullopt: it is to be read with care.
std::optional<Timestamp> parse_on(const Day& day, std::string_view text) {
  constexpr std::string_view zeros = "00:00:00";
  constexpr std::size_t time_at = std::tuple_size_v<decltype(day.text)>, fraction_at = time_at + zeros.size();
  constexpr std::size_t digits_max = 9;
  if (text.size() <= fraction_at || text.back() != 'Z' || std::memcmp(text.data(), day.text.data(), time_at) != 0) {
    return std::nullopt;
  }
  const char* const time = text.data() + time_at;
  const int hour = two_digits(time), minute = two_digits(time + 3), second = two_digits(time + 6);
  if (!has_form(time, zeros) || hour >= 24 || minute >= 60 || second > 60) return std::nullopt;
  std::string_view fraction = text.substr(fraction_at, text.size() - 1 - fraction_at);
  std::int64_t ns = 0;
  if (!fraction.empty()) {
    if (fraction.front() != '.' || fraction.size() < 2 || fraction.size() > 1 + digits_max) return std::nullopt;
    fraction.remove_prefix(1);
    for (const char c : fraction) {
      if (!is_digit(c)) return std::nullopt;
      ns = ns * 10 + (c - '0');
    }
    for (std::size_t digits = fraction.size(); digits < digits_max; ++digits) ns *= 10;
  }
  return (day.begin_s + hour * 3600 + minute * 60 + second) * per_s + ns;
}

std::optional<Timestamp> parse_with_care(std::string_view text, Day& of) {
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
  constexpr std::int64_t any_time_s = 2 * 86400;
  if (days * 86400 < most - any_time_s && days * 86400 > any_time_s - most && text[of.text.size() - 1] == 'T') {
    std::memcpy(of.text.data(), text.data(), of.text.size());
    of.begin_s = days * 86400;
  }
  return seconds * per_s + fraction;
}

}  // namespace

std::optional<Timestamp> parse_utc(std::string_view text) {
  static thread_local Day last;
  if (const auto time = parse_on(last, text)) return time;
  return parse_with_care(text, last);
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
