#pragma once
// JSON of brokers that write amounts as numbers. What has a point or an exponent becomes a string of its own digits, so
// that a price keeps those that it came with and no float comes near.

#include <string_view>

#include <boost/json/value.hpp>

#include "bus/result.hpp"

namespace busbar::reading {

Result<boost::json::value> parse_exact_json(std::string_view body, std::size_t size_max = 4u << 20);

}  // namespace busbar::reading
