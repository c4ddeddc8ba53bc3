#include "gateways/framework/openssl.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <openssl/err.h>

namespace busbar::gateway {

bool can_sign(EVP_PKEY* key) {
  using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
  constexpr std::array<unsigned char, 1> text{'x'};
  const EVP_MD* digest = EVP_PKEY_is_a(key, "ED25519") == 1 ? nullptr : EVP_sha256();  // Ed25519 hashes by itself
  const DigestContext signs{EVP_MD_CTX_new()}, verifies{EVP_MD_CTX_new()};
  std::vector<unsigned char> signature(static_cast<std::size_t>(std::max(EVP_PKEY_get_size(key), 0)));
  std::size_t size = signature.size();
  const bool is_good = signs && verifies && EVP_DigestSignInit(signs.get(), nullptr, digest, nullptr, key) == 1 &&
                       EVP_DigestSign(signs.get(), signature.data(), &size, text.data(), text.size()) == 1 &&
                       EVP_DigestVerifyInit(verifies.get(), nullptr, digest, nullptr, key) == 1 &&
                       EVP_DigestVerify(verifies.get(), signature.data(), size, text.data(), text.size()) == 1;
  ERR_clear_error();
  return is_good;
}

}  // namespace busbar::gateway
