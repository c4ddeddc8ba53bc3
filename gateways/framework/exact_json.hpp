#pragma once
// JSON of brokers that write amounts as numbers. What has a point or an exponent becomes a string of its own digits, so
// that a price keeps those that it came with and no float comes near. But where a text is due, in members of the names
// `texts`, a number stays one, for its digits to be taken for none.

#include <span>
#include <string_view>

#include <boost/json/value.hpp>

#include "bus/result.hpp"

namespace busbar::reading {

Result<boost::json::value> parse_exact_json(std::string_view body, std::size_t size_max = 4u << 20,
                                           std::span<const std::string_view> texts = {});

}  // namespace busbar::reading
