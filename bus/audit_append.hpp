#pragma once
// What an AuditAppend begins with. Its records lie at its end, so whoever has them lays it out before them, and need not copy
// them into it.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "bus/messages.hpp"

namespace busbar::bus {

// Room for it: with the longest names it is half of that.
inline constexpr std::size_t audit_append_head_max = 512;

// Up to the records, of which `size` bytes follow.
Bytes audit_append_head(const Header& header, std::string_view stream, std::uint64_t first_sequence, std::uint32_t count,
                        std::size_t size);

}  // namespace busbar::bus
