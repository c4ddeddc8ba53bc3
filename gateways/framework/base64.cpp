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
  constexpr static char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text((bytes.size() * 4 + 2) / 3, '\0');
  char* at = text.data();
  const auto letter = [](unsigned bits) { return letters[bits & 63]; };
  const std::uint8_t* in = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 3; left -= 3, in += 3, at += 4) {
    const auto three = static_cast<unsigned>(in[0] << 16 | in[1] << 8 | in[2]);
    at[0] = letter(three >> 18);
    at[1] = letter(three >> 12);
    at[2] = letter(three >> 6);
    at[3] = letter(three);
  }
  if (left == 0) return text;
  const auto rest = static_cast<unsigned>(in[0] << 16 | (left == 2 ? in[1] << 8 : 0));
  at[0] = letter(rest >> 18);
  at[1] = letter(rest >> 12);
  if (left == 2) at[2] = letter(rest >> 6);
  return text;
}

}  // namespace busbar::gateway
