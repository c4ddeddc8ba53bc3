#include "tools/venue/binance/signature.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <vector>

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

namespace busbar::venue::binance {
namespace {

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string without_signature(std::string_view part) {
  std::string result;
  while (!part.empty()) {
    const std::size_t end = std::min(part.find('&'), part.size());
    const std::string_view pair = part.substr(0, end);
    if (!pair.starts_with("signature=")) {
      if (!result.empty()) result += '&';
      result += pair;
    }
    part.remove_prefix(std::min(end + 1, part.size()));
  }
  return result;
}

std::vector<unsigned char> from_base64(std::string_view text) {
  std::vector<unsigned char> result(text.size());
  const int size = EVP_DecodeBlock(result.data(), bytes(text), static_cast<int>(text.size()));
  if (size < 0) return {};
  const auto padding =
      static_cast<std::size_t>(std::count(text.end() - std::min<std::ptrdiff_t>(2, std::ssize(text)), text.end(), '='));
  result.resize(static_cast<std::size_t>(size) - padding);
  return result;
}

using PublicKey = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
PublicKey public_key_of(std::string_view pem) {
  const std::unique_ptr<BIO, int (*)(BIO*)> text{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
  return {PEM_read_bio_PUBKEY(text.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
}

bool is_pem(std::string_view key) { return key.starts_with("-----BEGIN"); }

}  // namespace

KeyKind kind_of(std::string_view key) {
  if (!is_pem(key)) return KeyKind::Hmac;
  const PublicKey public_key = public_key_of(key);
  const int kind = public_key ? EVP_PKEY_get_base_id(public_key.get()) : 0;
  return kind == EVP_PKEY_ED25519 ? KeyKind::Ed25519 : kind == EVP_PKEY_RSA ? KeyKind::Rsa : KeyKind::Unknown;
}

std::string hmac_sha256(std::string_view secret, std::string_view payload) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), bytes(payload), payload.size(), digest, &size);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4];
    hex += "0123456789abcdef"[digest[i] & 15];
  }
  return hex;
}

bool is_signed(std::string_view key, std::string_view payload, std::string_view signature) {
  if (!is_pem(key)) {
    std::string given{signature};
    std::transform(given.begin(), given.end(), given.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    const std::string right = hmac_sha256(key, payload);
    return given.size() == right.size() && CRYPTO_memcmp(given.data(), right.data(), right.size()) == 0;
  }
  const PublicKey public_key = public_key_of(key);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  if (!public_key || !context) return false;
  const EVP_MD* digest = EVP_PKEY_get_id(public_key.get()) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  const std::vector<unsigned char> raw = from_base64(signature);
  return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, public_key.get()) == 1 &&
         EVP_DigestVerify(context.get(), raw.data(), raw.size(), bytes(payload), payload.size()) == 1;
}

std::string signing_payload(std::string_view query, std::string_view body) {
  return without_signature(query) + without_signature(body);
}

}  // namespace busbar::venue::binance
