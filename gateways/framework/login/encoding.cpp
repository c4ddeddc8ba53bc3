#include "gateways/framework/login/encoding.hpp"

#include <optional>

namespace busbar::login {

namespace {

std::optional<unsigned> base32_value(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<unsigned>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<unsigned>(c - 'a');
  if (c >= '2' && c <= '7') return static_cast<unsigned>(c - '2') + 26;
  return std::nullopt;
}

Error refuse(std::string text) { return {ErrorCode::InvalidMessage, std::move(text)}; }

}  // namespace

Result<vault::Secret> decode_base32(std::string_view text) {
  const std::size_t end = text.find_last_not_of('=') + 1;
  if (end < text.size() && text.size() % 8 != 0) return refuse("base32: padded to no multiple of 8");
  const std::size_t rest = end % 8;
  if (text.size() - end >= 8 || rest == 1 || rest == 3 || rest == 6) {
    return refuse("base32: of a length that no bytes have");
  }
  auto out = vault::Secret::of_size(end * 5 / 8);
  std::size_t at = 0;
  unsigned bits = 0;
  unsigned have = 0;
  for (std::size_t i = 0; i < end; ++i) {
    const auto value = base32_value(text[i]);
    if (!value) return refuse("base32: character " + std::to_string(i + 1) + " is none of A-Z and 2-7");
    bits = (bits << 5 | *value) & 0xFFF;
    have += 5;
    if (have < 8) continue;
    have -= 8;
    out.bytes()[at++] = static_cast<std::uint8_t>(bits >> have);
  }
  if ((bits & ((1u << have) - 1)) != 0) return refuse("base32: bits are left over at the end");
  return out;
}

}  // namespace busbar::login
