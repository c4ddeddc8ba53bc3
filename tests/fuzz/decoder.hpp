#pragma once
// One of a broker's decoders, as the fuzz target and the tool that makes its seeds choose it by a letter.

#include <string_view>

namespace busbar::fuzz {

struct Decoder {
  char letter;
  bool (*takes)(std::string_view text);
};

// For what needs no more than to be decoded.
template <auto Decode>
bool only(std::string_view text) {
  return Decode(text).has_value();
}

}  // namespace busbar::fuzz
