#pragma once
// Times as brokers write them.

#include <optional>
#include <string>
#include <string_view>

#include "tools/venue/engine.hpp"

namespace busbar::venue {

std::string rfc3339(TimeUs time, int places = 6);        // "2026-11-26T08:00:00.123456Z"; 0 to 9 places
std::optional<TimeUs> time_from(std::string_view text);  // RFC 3339 with Z or an offset

}  // namespace busbar::venue
