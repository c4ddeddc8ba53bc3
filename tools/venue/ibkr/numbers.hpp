#pragma once
// Amounts as JSON numbers, which is how this broker takes and tells most of them: 1.0, 317.56. On its wire they are a
// Java program's doubles; here they are decimals, and become a double for no longer than a JSON value lives. One of at
// most 15 digits keeps every digit on that way.

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "tools/venue/engine.hpp"

namespace busbar::venue::ibkr {

inline constexpr TimeUs second = 1'000'000, day = 86'400 * second;

// A member's text; empty where there is none.
std::string text_in(const boost::json::object& object, std::string_view name);
std::optional<std::int64_t> integer_from(std::string_view text);

// JSON with its numbers read to the nearest double, which the library's own way of reading is not always. Null for what
// is none.
boost::json::value parsed(std::string_view text);
std::optional<Decimal> decimal_from(const boost::json::value& number);  // nothing of what is no number
boost::json::value number(Decimal value);
std::string plain(Decimal value);                   // "317.56", without zeros at the end
std::string written(const boost::json::value& value);  // numbers without an exponent, as the broker writes them
// "124,995": with commas, and as many places as are given.
std::string with_commas(Decimal value, int places);

}  // namespace busbar::venue::ibkr
