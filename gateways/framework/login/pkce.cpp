#include "gateways/framework/login/pkce.hpp"

#include <algorithm>
#include <array>

#include <openssl/sha.h>

#include "gateways/framework/base64.hpp"

namespace busbar::login {

vault::Secret draw_verifier() {
  auto octets = vault::Secret::of_size(32);
  vault::draw(octets.bytes());
  return vault::Secret{gateway::base64url(octets.bytes())};
}

Result<std::string> challenge_of(std::string_view verifier) {
  const auto is_unreserved = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           std::string_view{"-._~"}.find(c) != std::string_view::npos;
  };
  if (verifier.size() < 43 || verifier.size() > 128 || !std::all_of(verifier.begin(), verifier.end(), is_unreserved)) {
    return Error{ErrorCode::InvalidMessage, "a code verifier has 43 to 128 of A-Z a-z 0-9 - . _ ~"};
  }
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> hash{};
  const vault::View bytes = vault::bytes_of(verifier);
  SHA256(bytes.data(), bytes.size(), hash.data());
  return gateway::base64url(hash);
}

}  // namespace busbar::login
