#include "tools/venue/uuid.hpp"

namespace busbar::venue {
namespace {

std::uint64_t mixed(std::uint64_t state) {  // splitmix64
  state += 0x9E3779B97F4A7C15;
  state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9;
  state = (state ^ (state >> 27)) * 0x94D049BB133111EB;
  return state ^ (state >> 31);
}

}  // namespace

std::string uuid_of(std::uint64_t seed, std::string_view kind, std::uint64_t a, std::uint64_t b) {
  std::uint64_t high = seed;
  for (const char c : kind) high = mixed(high ^ static_cast<unsigned char>(c));
  high = mixed(mixed(high ^ a) ^ b);
  const std::uint64_t low = mixed(high);
  std::string text;
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) text += '-';
    const std::uint64_t half = i < 16 ? high : low;
    unsigned digit = static_cast<unsigned>(half >> (4 * (15 - i % 16))) & 15U;
    if (i == 12) digit = 4;               // version: random
    if (i == 16) digit = 8 | (digit & 3);  // variant
    text += "0123456789abcdef"[digit];
  }
  return text;
}

}  // namespace busbar::venue
