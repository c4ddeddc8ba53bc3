#include "tools/venue/market_hours.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "tools/venue/control.hpp"
#include "tools/venue/time_text.hpp"

namespace busbar::venue {
namespace {

namespace chrono = std::chrono;

constexpr TimeUs one_minute = 60'000'000;
constexpr TimeUs one_hour = 60 * one_minute;
constexpr int pre_open = 4 * 60, opens = 9 * 60 + 30, closes = 16 * 60, closes_early = 13 * 60, post_hours = 4 * 60,
              minutes_a_day = 24 * 60, last_minute = minutes_a_day - 1;

TimeUs time_of(chrono::sys_days date) {
  return chrono::duration_cast<chrono::microseconds>(date.time_since_epoch()).count();
}

chrono::sys_days date_of(TimeUs time) {
  return chrono::floor<chrono::days>(chrono::sys_time<chrono::microseconds>{chrono::microseconds{time}});
}

int minute_at(TimeUs utc) { return static_cast<int>((utc - new_york_midnight(new_york_date(utc))) / one_minute); }

constexpr std::array<std::pair<Hours, std::string_view>, 4> hours_names{{{Hours::Open, "open"},
                                                                         {Hours::Extended, "extended"},
                                                                         {Hours::Closed, "closed"},
                                                                         {Hours::Calendar, "calendar"}}};

std::string clock_text(int minute, std::string_view between) {
  const auto two_digits = [](int number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return two_digits(minute / 60) + std::string{between} + two_digits(minute % 60);
}

}  // namespace

HoursSettings::HoursSettings()
    : holidays{"2025-01-01", "2025-01-09", "2025-01-20", "2025-02-17", "2025-04-18", "2025-05-26", "2025-06-19",
               "2025-07-04", "2025-09-01", "2025-11-27", "2025-12-25", "2026-01-01", "2026-01-19", "2026-02-16",
               "2026-04-03", "2026-05-25", "2026-06-19", "2026-07-03", "2026-09-07", "2026-11-26", "2026-12-25",
               "2027-01-01", "2027-01-18", "2027-02-15", "2027-03-26", "2027-05-31", "2027-06-18", "2027-07-05",
               "2027-09-06", "2027-11-25", "2027-12-24"},
      early_closes{"2025-07-03", "2025-11-28", "2025-12-24", "2026-11-27", "2026-12-24", "2027-11-26"} {}

// From the second Sunday of March to the first of November, at two in the morning.
int new_york_offset_minutes(TimeUs utc) {
  const chrono::year_month_day date{date_of(utc)};
  const chrono::sys_days begins{date.year() / chrono::March / chrono::Sunday[2]};
  const chrono::sys_days ends{date.year() / chrono::November / chrono::Sunday[1]};
  const bool is_summer = utc >= time_of(begins) + 7 * one_hour && utc < time_of(ends) + 6 * one_hour;
  return is_summer ? -240 : -300;
}

std::string new_york_time(TimeUs utc, int places) {
  const int offset = new_york_offset_minutes(utc);
  std::string text = rfc3339(utc + offset * one_minute, places);
  text.pop_back();
  return text + (offset == -240 ? "-04:00" : "-05:00");
}

chrono::sys_days new_york_date(TimeUs utc) { return date_of(utc + new_york_offset_minutes(utc) * one_minute); }

TimeUs new_york_midnight(chrono::sys_days date) {
  const TimeUs as_utc = time_of(date);
  return as_utc - new_york_offset_minutes(as_utc + 5 * one_hour) * one_minute;
}

std::string date_text(chrono::sys_days date) { return rfc3339(time_of(date), 0).substr(0, 10); }

std::optional<chrono::sys_days> date_from(std::string_view text) {
  const auto time = text.size() == 10 ? time_from(std::string{text} + "T00:00:00Z") : time_from(text);
  return time ? std::optional{date_of(*time)} : std::nullopt;
}

std::optional<TradingDay> MarketHours::session(chrono::sys_days date, TimeUs now) const {
  return session_at(date, market_time(now));
}

std::optional<TradingDay> MarketHours::session_at(chrono::sys_days date, TimeUs market_time) const {
  const chrono::weekday day{date};
  const std::string text = date_text(date);
  const bool is_always = settings_.hours == Hours::Open || settings_.hours == Hours::Extended;
  const bool is_free = day == chrono::Saturday || day == chrono::Sunday || settings_.holidays.contains(text) ||
                       (settings_.hours == Hours::Closed && date <= new_york_date(market_time));
  if (is_free && !is_always) return std::nullopt;
  int open = opens, close = settings_.early_closes.contains(text) ? closes_early : closes;
  int begin = pre_open, end = close + post_hours;
  if (is_always) {  // HH:MM cannot say the end of a day; what is open then the clock says
    begin = open = 0;
    close = last_minute;
    end = minutes_a_day;
  }
  if (settings_.hours == Hours::Extended) {  // a day has to have some regular hours: as far from now as can be
    open = (minute_at(market_time) + minutes_a_day / 2) % last_minute;
    close = open + 1;
  }
  const TimeUs midnight = new_york_midnight(date);
  // Clocks change on Sundays, so a trading day has one offset.
  return TradingDay{date,
                 midnight + begin * one_minute,
                 midnight + open * one_minute,
                 midnight + close * one_minute,
                 midnight + end * one_minute,
                 clock_text(open, ":"),
                 clock_text(close, ":"),
                 clock_text(begin, ""),
                 clock_text(end, "")};
}

TradingDay MarketHours::next_session(TimeUs market_time) const {
  for (auto date = new_york_date(market_time);; date += chrono::days{1}) {
    if (auto found = session_at(date, market_time); found && found->open > market_time) return *found;
  }
}

Phase MarketHours::phase(TimeUs now) const {
  switch (settings_.hours) {
    case Hours::Open: return Phase::Regular;
    case Hours::Extended: return Phase::Extended;
    case Hours::Closed: return Phase::Closed;
    case Hours::Calendar: break;
  }
  const TimeUs time = market_time(now);
  const auto today = session_at(new_york_date(time), time);
  if (!today || time < today->pre_open || time >= today->post_close) return Phase::Closed;
  return time >= today->open && time < today->close ? Phase::Regular : Phase::Extended;
}

MarketHours::Clock MarketHours::clock(TimeUs now) const {
  Clock clock;
  clock.timestamp = market_time(now);
  clock.is_open = phase(now) == Phase::Regular;
  const auto today = session_at(new_york_date(clock.timestamp), clock.timestamp);
  const TradingDay next = next_session(clock.timestamp);
  clock.next_open = next.open;
  const bool is_of_today = today && today->close > clock.timestamp && settings_.hours != Hours::Open;
  clock.next_close = is_of_today ? today->close : next.close;  // what is always open does not close tonight
  return clock;
}

int MarketHours::minute_of_day(TimeUs now) const { return minute_at(market_time(now)); }

TimeUs MarketHours::day_end(TimeUs now, bool is_extended) const {
  const TimeUs time = market_time(now);
  const auto today = session_at(new_york_date(time), time);
  const auto end_of = [&](const TradingDay& day) { return (is_extended ? day.post_close : day.close) - offset_; };
  if (today && time < (is_extended ? today->post_close : today->close)) return end_of(*today);
  return end_of(next_session(time));
}

Hours hours_named(std::string_view name) {
  for (const auto& [hours, known] : hours_names) {
    if (name == known) return hours;
  }
  throw std::invalid_argument{"open, extended, closed or calendar"};
}

std::string_view name_of(Hours hours) {
  return std::ranges::find(hours_names, hours, &std::pair<Hours, std::string_view>::first)->second;
}

HoursSettings read_hours(ConfigTable& venue) {
  HoursSettings settings;
  const std::string hours = venue.text("hours", "open");
  try {
    settings.hours = hours_named(hours);
  } catch (const std::invalid_argument& wrong) {
    venue.refuse("hours", wrong.what());
  }
  const auto read_days = [&](std::string_view key, std::set<std::string>& days) {
    if (!venue.has(key)) return;
    days.clear();
    for (std::string& day : venue.texts(key, {})) {
      if (day.size() != 10 || !date_from(day)) venue.refuse(key, "\"" + day + "\" is not like \"2026-11-26\"");
      days.insert(std::move(day));
    }
  };
  read_days("holidays", settings.holidays);
  read_days("early_closes", settings.early_closes);
  return settings;
}

void MarketHours::set(const boost::json::object& body, TimeUs now) {
  if (body.contains("hours")) settings_.hours = hours_named(required(body, "hours"));
  const auto set_days = [&](std::string_view name, std::set<std::string>& days) {
    if (const auto given = texts_if_given(body, name)) days = {given->begin(), given->end()};
  };
  set_days("holidays", settings_.holidays);
  set_days("early_closes", settings_.early_closes);
  if (!body.contains("at")) return;
  const auto at = time_from(required(body, "at"));
  if (!at) throw std::invalid_argument{"at: RFC 3339"};
  offset_ = *at - now;
}

boost::json::object MarketHours::told(TimeUs now) const {
  const Clock said = clock(now);
  return {{"hours", name_of(settings_.hours)},
          {"is_open", said.is_open},
          {"timestamp", new_york_time(said.timestamp, 6)},
          {"next_open", new_york_time(said.next_open, 0)},
          {"next_close", new_york_time(said.next_close, 0)}};
}

}  // namespace busbar::venue
