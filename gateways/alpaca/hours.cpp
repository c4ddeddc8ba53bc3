#include "gateways/alpaca/hours.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace busbar::alpaca {

namespace {

namespace chrono = std::chrono;

std::optional<int> number_of(std::string_view digits) {
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_good = error == std::errc{} && end == digits.data() + digits.size() && number >= 0;
  return is_good ? std::optional{number} : std::nullopt;
}

// Since 2007 summer time begins with the second Sunday of March and ends with the first of November, before anything trades.
chrono::hours behind_utc(chrono::year_month_day day) {
  const chrono::sys_days begin = day.year() / chrono::March / chrono::Sunday[2];
  const chrono::sys_days end = day.year() / chrono::November / chrono::Sunday[1];
  const chrono::sys_days today = day;
  return chrono::hours{today >= begin && today < end ? 4 : 5};
}

bool is_of_this_moment(const TradingSession& session, const Clock& clock) {
  return session.kind == TradingSessionKind::Regular && session.open_ns <= clock.time && clock.time < session.close_ns;
}

}  // namespace

bool agrees(const MarketHours& hours, const Clock& clock) {
  const auto now = std::ranges::find_if(
      hours.sessions, [&](const TradingSession& session) { return is_of_this_moment(session, clock); });
  if (now == hours.sessions.end() || !clock.is_open) return (now == hours.sessions.end()) != clock.is_open;
  return now->close_ns == clock.next_close || clock.next_close <= clock.time;
}

MarketHours corrected(MarketHours hours, const Clock& clock) {
  if (agrees(hours, clock)) return hours;
  if (clock.is_open) {
    if (clock.next_close <= clock.time) return hours;
    Timestamp open_ns = clock.time;
    std::erase_if(hours.sessions, [&](const TradingSession& session) {
      if (!is_of_this_moment(session, clock)) return false;
      open_ns = std::min(open_ns, session.open_ns);
      return true;
    });
    hours.sessions.push_back({TradingSessionKind::Regular, open_ns, clock.next_close});
  } else {
    for (TradingSession& session : hours.sessions) {
      if (is_of_this_moment(session, clock)) session.open_ns = std::max(clock.next_open, clock.time);
    }
    std::erase_if(hours.sessions, [](const TradingSession& session) { return session.open_ns >= session.close_ns; });
  }
  std::ranges::sort(hours.sessions, {}, &TradingSession::open_ns);
  return hours;
}

std::optional<Timestamp> new_york_time(std::string_view date, std::string_view time) {
  std::string digits{time};
  std::erase(digits, ':');
  if (date.size() != 10 || date[4] != '-' || date[7] != '-' || digits.size() != 4) return std::nullopt;
  const auto year = number_of(date.substr(0, 4)), month = number_of(date.substr(5, 2)), day = number_of(date.substr(8));
  const auto hour = number_of(digits.substr(0, 2)), minute = number_of(digits.substr(2));
  if (!year || !month || !day || !hour || !minute || *hour > 24 || *minute > 59) return std::nullopt;
  const chrono::year_month_day when{chrono::year{*year}, chrono::month{static_cast<unsigned>(*month)},
                                    chrono::day{static_cast<unsigned>(*day)}};
  const bool is_carried = when.ok() && *year >= 2007 && *year < 2200;  // by the rule above, and by a Timestamp
  if (!is_carried) return std::nullopt;
  const auto local = chrono::sys_days{when} + chrono::hours{*hour} + chrono::minutes{*minute};
  return chrono::duration_cast<chrono::nanoseconds>((local + behind_utc(when)).time_since_epoch()).count();
}

Result<MarketHours> hours_of(const std::vector<SessionDay>& days) {
  MarketHours hours;
  hours.market = cut<32>(share_market);
  const auto add = [&](TradingSessionKind kind, std::optional<Timestamp> open, std::optional<Timestamp> close) {
    if (open && close && *open < *close) hours.sessions.push_back({kind, *open, *close});
  };
  for (const SessionDay& day : days) {
    const auto open = new_york_time(day.date, day.open), close = new_york_time(day.date, day.close);
    if (!open || !close || *open >= *close) {
      return Error{ErrorCode::InvalidMessage, "calendar: " + to_words(day.date) + " has no hours"};
    }
    add(TradingSessionKind::Extended, new_york_time(day.date, day.session_open), open);
    add(TradingSessionKind::Regular, open, close);
    add(TradingSessionKind::Extended, close, new_york_time(day.date, day.session_close));
  }
  std::ranges::sort(hours.sessions, {}, &TradingSession::open_ns);
  return hours;
}

}  // namespace busbar::alpaca
