#pragma once
// Bytes as text, RFC 4648.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace busbar::gateway {

std::string base64(std::span<const std::uint8_t> bytes);
std::string base64url(std::span<const std::uint8_t> bytes);  // without padding
inline std::string base64url(std::string_view text) {
  return base64url({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

}  // namespace busbar::gateway
