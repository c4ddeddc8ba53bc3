#pragma once
// When shares trade: Alpaca's calendar, whose times are New York's, as times of ours. Pure.

#include <vector>

#include "bus/messages.hpp"
#include "gateways/alpaca/decode.hpp"

namespace busbar::alpaca {

inline constexpr std::string_view share_market = "us_equity";  // as Alpaca calls it

// The regular hours of each day, and those before and after; not the night, which has a market of its own. An error for a day
// that cannot be read.
Result<MarketHours> hours_of(const std::vector<SessionDay>& days);

// The clock knows better of this moment than the calendar does: trading may be halted, or go on, against all plans, and end
// sooner or later than planned.
bool agrees(const MarketHours& hours, const Clock& clock);
MarketHours corrected(MarketHours hours, const Clock& clock);

// "2024-01-15" and "09:30" or "0930", in New York.
std::optional<Timestamp> new_york_time(std::string_view date, std::string_view time);

}  // namespace busbar::alpaca
