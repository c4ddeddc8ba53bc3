#pragma once
// Text from outside, made fit for the bus.

#include <string_view>

#include "bus/text.hpp"

namespace busbar::gateway {

// Fit for an Id or Name: what is not printable ASCII becomes '?'.
template <std::size_t N>
Text<N> printable(std::string_view text) {
  Text<N> fit;
  for (const char c : text.substr(0, N)) fit.push_back(c > ' ' && c <= '~' ? c : '?');
  return fit;
}

// Fit for people: control characters become spaces.
Words words_of(std::string_view text);

}  // namespace busbar::gateway
