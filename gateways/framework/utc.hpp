#pragma once
// Times as text, as RFC 3339 and ISO 8601 write them.

#include <optional>
#include <string>
#include <string_view>

#include "bus/clock.hpp"

namespace busbar::gateway {

// "2024-01-15T10:30:00.123456789Z", "2023-07-11T22:34:09+02:00". Digits beyond the ninth are cut. nullopt for what is
// no such time, or not within the years that a Timestamp has.
std::optional<Timestamp> parse_utc(std::string_view text);

// "Wed, 21 Oct 2015 07:28:00 GMT", as HTTP's Date header writes it: whole seconds. The day of the week is not looked at.
std::optional<Timestamp> parse_http_date(std::string_view text);

using busbar::utc_text;

}  // namespace busbar::gateway
