#pragma once
// Market data where it is hot, by simdjson: frames whose members are as they are documented are read in one pass. It finds
// no words for what is wrong: whoever gets nothing asks the strict reader (json_reader), which reads everything and says why
// not. For sources only: the library is one large header.

#include <optional>
#include <string>
#include <string_view>

#include <simdjson.h>

#include "bus/messages.hpp"

namespace busbar::hot {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

inline constexpr std::size_t text_max = 256;  // as with the strict reader
inline constexpr std::size_t list_max = 5000;

// What it points to lives until the next frame is parsed.
inline std::optional<element> parse(std::string_view frame) {
  constexpr std::size_t frame_max = 1u << 20, depth_max = 12;
  static thread_local simdjson::dom::parser parser = [] {
    simdjson::dom::parser made{frame_max};
    [[maybe_unused]] const auto error = made.allocate(1u << 16, depth_max);  // a frame then finds none
    return made;
  }();
  element root;
  if (frame.size() > frame_max || parser.parse(frame.data(), frame.size()).get(root) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return root;
}

// Each is false, and leaves the caller to the strict reader, where the value is of another kind or has other bounds.
inline bool read(const element& value, std::string_view& text) {
  return value.get(text) == simdjson::SUCCESS && text.size() <= text_max;
}
inline bool read(const element& value, std::string& text) {
  std::string_view found;
  if (!read(value, found)) return false;
  text = found;
  return true;
}
inline bool read(const element& value, std::int64_t& number) {
  return value.is<std::int64_t>() && value.get(number) == simdjson::SUCCESS;
}
inline bool read(const element& value, bool& flag) { return value.get(flag) == simdjson::SUCCESS; }
inline bool read(const element& value, Decimal& amount) {
  std::string_view text;
  if (!read(value, text)) return false;
  const auto number = Decimal::parse(text);
  if (number) amount = *number;
  return number.has_value();
}
template <class T>
bool read(const element& value, std::optional<T>& maybe) {
  return read(value, maybe.emplace());
}

// Which members have been seen, as bits.
template <class Read>
bool read_members(const object& from, unsigned needed, Read read_one) {
  unsigned seen = 0;
  for (const auto [name, value] : from) {
    const int bit = read_one(name, value);  // -1: it is not as documented; 0: of no interest
    if (bit < 0) return false;
    seen |= static_cast<unsigned>(bit);
  }
  return (seen & needed) == needed;
}

// For read_members: the bit of a member that was read.
template <class T>
int member(unsigned bit, const element& value, T& into) {
  return read(value, into) ? static_cast<int>(bit) : -1;
}

}  // namespace busbar::hot
