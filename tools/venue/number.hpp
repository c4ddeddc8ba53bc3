#pragma once
// A number that settings give a venue at its start, and the control interface while it runs, under one name.

#include <cstdint>

namespace busbar::venue {

template <class Settings>
struct Number {
  const char* name;
  std::int64_t Settings::*member;
  std::int64_t least = 1, most = INT32_MAX;  // of what is given
  std::int64_t unit = 1;                     // so many of the member's are one of what is given
};

}  // namespace busbar::venue
