#include "gateways/framework/base64.hpp"

#include <openssl/evp.h>

namespace busbar::gateway {

std::string base64(std::span<const std::uint8_t> bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // EncodeBlock writes a NUL behind
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::string base64url(std::span<const std::uint8_t> bytes) {
  static constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text((bytes.size() * 4 + 2) / 3, '\0');
  char* at = text.data();
  const auto letter = [](unsigned bits) { return letters[bits & 63]; };
  for (; bytes.size() >= 3; bytes = bytes.subspan(3)) {
    const auto three = static_cast<unsigned>(bytes[0] << 16 | bytes[1] << 8 | bytes[2]);
    *at++ = letter(three >> 18);
    *at++ = letter(three >> 12);
    *at++ = letter(three >> 6);
    *at++ = letter(three);
  }
  if (bytes.empty()) return text;
  const auto rest = static_cast<unsigned>(bytes[0] << 16 | (bytes.size() == 2 ? bytes[1] << 8 : 0));
  *at++ = letter(rest >> 18);
  *at++ = letter(rest >> 12);
  if (bytes.size() == 2) *at = letter(rest >> 6);
  return text;
}

}  // namespace busbar::gateway
