#include "bus/text.hpp"

#include <cstdint>

namespace busbar {
namespace {

struct Character {
  std::uint32_t code = 0;
  std::size_t size = 0;  // 0: not UTF-8
};

// The character at the start of `text`, which is not empty. Refuses overlong forms, surrogates and what lies beyond Unicode.
Character first_of(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return {};
  std::uint32_t code = lead & (0x7Fu >> size);
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3F);
  }
  if (code < least[size] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, size};
}

// What moves the cursor, ends a line, or turns the direction in which it is read.
bool is_control(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

bool is_words(std::string_view text) {
  while (!text.empty()) {
    const Character character = first_of(text);
    if (character.size == 0 || is_control(character.code)) return false;
    text.remove_prefix(character.size);
  }
  return true;
}

std::string to_words(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  constexpr char digits[] = "0123456789abcdef";
  while (!text.empty()) {
    const Character character = first_of(text);
    const std::size_t size = character.size == 0 ? 1 : character.size;
    if (character.code == '\n' || character.code == '\r' || character.code == '\t') {
      out += '\\';
      out += character.code == '\n' ? 'n' : character.code == '\r' ? 'r' : 't';
    } else if (character.size == 0 || is_control(character.code)) {
      for (const char c : text.substr(0, size)) {
        const auto byte = static_cast<unsigned char>(c);
        out += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
      }
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(size);
  }
  return out;
}

std::string to_line(std::string_view text) {
  constexpr std::size_t most = 3840;
  std::string line = to_words(text.substr(0, most + 1));
  if (text.size() <= most && line.size() <= most) return line;
  const std::string mark = "... (" + std::to_string(text.size()) + " bytes)";
  std::size_t end = most - mark.size();
  while ((static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
  line.resize(end);
  return line + mark;
}

}  // namespace busbar
