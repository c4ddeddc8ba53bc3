#pragma once
// Names as brokers give them, the same for the same seed.

#include <cstdint>
#include <string>
#include <string_view>

namespace busbar::venue {

// A UUID of version 4 by its looks, for thing number `a`, `b` of its kind.
std::string uuid_of(std::uint64_t seed, std::string_view kind, std::uint64_t a, std::uint64_t b = 0);

}  // namespace busbar::venue
