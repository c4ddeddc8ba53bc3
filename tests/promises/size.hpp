// How much of a promise's full figure a run shows, as size.py says it: BUSBAR_SIZE is full, ci (the default), or sanitizer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace busbar::promises {

// How often: the full figure, what CI runs (2 % of it, 10 at least, unless said), or a tenth of that.
inline std::int64_t times(std::int64_t full, std::int64_t ci = 0) {
  if (ci == 0) ci = std::max<std::int64_t>(10, full / 50);
  const char* size = std::getenv("BUSBAR_SIZE");
  if (size == nullptr || std::string_view{size} == "ci") return ci;
  if (std::string_view{size} == "full") return full;
  return std::max<std::int64_t>(1, ci / 10);
}

}  // namespace busbar::promises
