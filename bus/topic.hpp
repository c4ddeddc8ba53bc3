#pragma once
// The names that market data is published under: the router tells them to whoever subscribes, the gateway publishes under
// them and the hub holds it to them, so they are written in one place.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bus/messages.hpp"

namespace busbar {

// How long a bar lasts, as a topic spells it: 1s 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w. nullopt: no bar lasts so
// long. A month has no fixed length, so it is none.
std::optional<std::string_view> interval_name(std::uint32_t interval_ms);
std::optional<std::uint32_t> interval_of(std::string_view name);
// All of the names, for a refusal to say what would have been taken.
std::string interval_names();

// quote.<source>.<symbol>, trade. and book. and ticker. likewise, bar.<interval>.<source>.<symbol>. Empty: there is no such
// channel, or no bar of this interval.
std::string topic_of(Channel channel, std::string_view source, std::string_view symbol, std::uint32_t bar_interval_ms = 0);

// Is this that name? Nothing is written for the answer.
bool is_topic_of(std::string_view topic, Channel channel, std::string_view source, std::string_view symbol,
                 std::uint32_t bar_interval_ms = 0);

}  // namespace busbar
