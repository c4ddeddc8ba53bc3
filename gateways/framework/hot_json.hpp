#pragma once
// Market data where it is hot, by simdjson: frames whose members are as they are documented are read in one pass, in the order in
// which they stand. It finds no words for what is wrong: whoever gets nothing asks the strict reader (json_reader), which reads
// everything and says why not. For sources only: the library is one large header. Its elements are two words, which go in
// registers: handed on by value, and members by iterator and not as pairs, they never wait for memory.

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "bus/messages.hpp"

namespace busbar::hot {

using simdjson::SUCCESS;
using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

inline constexpr std::size_t text_max = 256;  // as with the strict reader
inline constexpr std::size_t list_max = 5000;

// What it points to lives until the next frame is parsed.
inline bool parse(std::string_view frame, object& root) {
  constexpr std::size_t frame_max = 1u << 20, depth_max = 12;
  static thread_local simdjson::dom::parser parser = [] {
    simdjson::dom::parser made{frame_max};
    [[maybe_unused]] const auto error = made.allocate(1u << 16, depth_max);  // a frame then finds none
    return made;
  }();
  return frame.size() <= frame_max && parser.parse(frame.data(), frame.size()).get(root) == SUCCESS;
}

// Each is false, and leaves the caller to the strict reader, where the value is of another kind or has other bounds.
inline bool read(element from, std::string_view& text) { return from.get(text) == SUCCESS && text.size() <= text_max; }
inline bool read(element from, std::string& text) {
  std::string_view found;
  if (!read(from, found)) return false;
  text.assign(found);
  return true;
}
inline bool read(element from, std::int64_t& number) { return from.is<std::int64_t>() && from.get(number) == SUCCESS; }
inline bool read(element from, bool& flag) { return from.get(flag) == SUCCESS; }
inline bool read(element from, Decimal& amount) {
  std::string_view text;
  if (!read(from, text)) return false;
  const auto number = Decimal::parse(text);
  if (number) amount = *number;
  return number.has_value();
}
template <class T>
bool read(element from, std::optional<T>& maybe) {
  return read(from, maybe.emplace());
}

// A member's name. Those we know are compared without a call.
class MemberName {
 public:
  explicit MemberName(std::string_view name) : name_{name} {}
  template <std::size_t N>
  bool operator==(const char (&known)[N]) const {
    return name_.size() == N - 1 && std::memcmp(name_.data(), known, N - 1) == 0;
  }
  // The only letter of the name; 0 where it has more.
  char letter() const { return name_.size() == 1 ? name_.front() : '\0'; }

 private:
  std::string_view name_;
};

// `read_one` says which member it has read, as a bit; 0: nobody wants it; -1: it is not as documented. True: all that are needed
// have been seen.
template <class Read>
bool read_members(object from, unsigned needed, Read read_one) {
  unsigned seen = 0;
  const auto end = from.end();
  for (auto at = from.begin(); at != end; ++at) {
    const int bit = read_one(MemberName{at.key()}, at.value());
    if (bit < 0) return false;
    seen |= static_cast<unsigned>(bit);
  }
  return (seen & needed) == needed;
}
template <class Read>
bool read_members(element from, unsigned needed, Read read_one) {
  object members;
  return from.get(members) == SUCCESS && read_members(members, needed, read_one);
}

// For read_members: the bit of a member that was read.
inline int member(unsigned bit, bool is_read) { return is_read ? static_cast<int>(bit) : -1; }
template <class T>
int member(unsigned bit, element from, T& into) {
  return member(bit, read(from, into));
}

// Each element by `read_one(element, T&)`, at most `most`.
template <class T, class Read>
bool read_list(element from, std::size_t most, std::vector<T>& list, Read read_one) {
  array elements;
  if (from.get(elements) != SUCCESS || elements.size() > most) return false;
  list.clear();
  list.reserve(elements.size());
  const auto end = elements.end();
  for (auto at = elements.begin(); at != end; ++at) {
    if (!read_one(*at, list.emplace_back())) return false;
  }
  return true;
}

}  // namespace busbar::hot
