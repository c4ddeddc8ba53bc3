#pragma once
// When shares of the United States are traded: New York's clock, the exchange's days with their holidays and early closes, and what a test has
// said instead. Pure: the time is handed in.

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "bus/config.hpp"
#include "tools/venue/engine.hpp"

namespace busbar::venue {

enum class Phase : std::uint8_t { Closed, Extended, Regular };
enum class Hours : std::uint8_t { Open, Extended, Closed, Calendar };  // the first three: always so, on every day

struct HoursSettings {
  Hours hours = Hours::Open;
  std::set<std::string> holidays, early_closes;  // "2026-11-26"; the exchange closes at 13:00 on the latter
  HoursSettings();                               // New York's of 2025 to 2027
};

Hours hours_named(std::string_view name);  // "open", "extended", "closed", "calendar"; throws std::invalid_argument
std::string_view name_of(Hours hours);
HoursSettings read_hours(ConfigTable& venue);  // hours, holidays, early_closes of [venue]; throws ConfigError

// One day's times, in UTC.
struct TradingDay {
  std::chrono::sys_days date;
  TimeUs pre_open = 0, open = 0, close = 0, post_close = 0;
  std::string open_text, close_text;            // "09:30", New York's
  std::string session_open, session_close;      // "0400"
};

class MarketHours {
 public:
  explicit MarketHours(HoursSettings settings) : settings_{std::move(settings)} {}
  const HoursSettings& settings() const { return settings_; }
  TimeUs market_time(TimeUs now) const { return now + offset_; }  // what the exchange's clock shows

  // By the back door: hours, holidays, early_closes, and at: what the exchange's clock shows now. Throws std::invalid_argument.
  void set(const boost::json::object& body, TimeUs now);
  boost::json::object told(TimeUs now) const;

  Phase phase(TimeUs now) const;
  struct Clock {
    TimeUs timestamp = 0, next_open = 0, next_close = 0;
    bool is_open = false;
  };
  Clock clock(TimeUs now) const;
  // None on weekends and holidays. A market that is always open has a session from minute to minute on every day, one
  // that is always closed has none today; so a calendar says the same as the clock.
  std::optional<TradingDay> session(std::chrono::sys_days date, TimeUs now) const;
  // The minute of New York's day, and the session of that day if there is one.
  int minute_of_day(TimeUs now) const;
  // When a day order that comes now is over, in the venue's time.
  TimeUs day_end(TimeUs now, bool is_extended) const;

 private:
  std::optional<TradingDay> session_at(std::chrono::sys_days date, TimeUs market_time) const;
  TradingDay next_session(TimeUs market_time) const;  // the first one that opens later

  HoursSettings settings_;
  TimeUs offset_ = 0;
};

int new_york_offset_minutes(TimeUs utc);  // -240 or -300
std::string new_york_time(TimeUs utc, int places);  // "2026-11-27T12:59:50-05:00"
std::chrono::sys_days new_york_date(TimeUs utc);
TimeUs new_york_midnight(std::chrono::sys_days date);  // in UTC
std::string date_text(std::chrono::sys_days date);     // "2026-11-27"
std::optional<std::chrono::sys_days> date_from(std::string_view text);

}  // namespace busbar::venue
