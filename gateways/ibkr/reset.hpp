#pragma once
// When IBKR ends sessions: each night at one o'clock, and what a person has logged in to at midnight, by the clock of the
// region that serves the account. Pure.

#include <optional>
#include <string_view>

#include "bus/messages.hpp"

namespace busbar::ibkr {

enum class Region { America, Europe, Asia };  // New York, Zug, Hong Kong
std::optional<Region> region_of(std::string_view name);  // america, europe, asia

// The first time after `now_ns` at which it is this hour there. Summer time is followed as it is kept since 2007.
Timestamp next_hour(Region region, int hour, Timestamp now_ns);

inline Timestamp next_reset(Region region, Timestamp now_ns) { return next_hour(region, 1, now_ns); }
inline Timestamp next_login_end(Region region, Timestamp now_ns) { return next_hour(region, 0, now_ns); }

}  // namespace busbar::ibkr
