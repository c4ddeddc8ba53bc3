#include "gateways/binance/auth.hpp"

#include <algorithm>
#include <array>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/params.h>

#include "gateways/framework/base64.hpp"
#include "gateways/framework/openssl.hpp"

namespace busbar::binance {

namespace {

using gateway::Owned;
using Mac = Owned<EVP_MAC, EVP_MAC_free>;
using MacContext = Owned<EVP_MAC_CTX, EVP_MAC_CTX_free>;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using Bio = Owned<BIO, BIO_free_all>;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::string hex(const unsigned char* data, std::size_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(size * 2, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    text[2 * i] = digits[data[i] >> 4];
    text[2 * i + 1] = digits[data[i] & 15];
  }
  return text;
}

int give_passphrase(char* buffer, int size, int /*writing*/, void* passphrase) {
  const auto& text = *static_cast<const std::string_view*>(passphrase);
  if (text.size() > static_cast<std::size_t>(size)) return -1;
  std::copy(text.begin(), text.end(), buffer);
  return static_cast<int>(text.size());
}

}  // namespace

struct Signer::Impl {
  MacContext mac;  // keyed once; each signature starts it again without deriving the key anew
  Key key;
  bool is_rsa = false;
};

Signer::Signer(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;

Result<Signer> Signer::hmac(std::string_view secret) {
  if (secret.empty()) return Error{ErrorCode::AuthenticationFailed, "the secret key is empty"};
  const Mac mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  auto impl = std::make_unique<Impl>();
  impl->mac.reset(mac ? EVP_MAC_CTX_new(mac.get()) : nullptr);
  std::array<char, 7> digest{"SHA256"};
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", digest.data(), 0),
                               OSSL_PARAM_construct_end()};
  if (!impl->mac || EVP_MAC_init(impl->mac.get(), bytes(secret), secret.size(), params) != 1) {
    return Error{ErrorCode::Internal, "OpenSSL has no HMAC-SHA256"};
  }
  return Signer{std::move(impl)};
}

Result<Signer> Signer::private_key(std::string_view text, std::string_view passphrase) {
  std::string pem{text};
  if (text.find("-----BEGIN") == std::string_view::npos) {
    pem = "-----BEGIN PRIVATE KEY-----\n" + pem + "\n-----END PRIVATE KEY-----\n";
  }
  const Bio bio{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
  auto impl = std::make_unique<Impl>();
  impl->key.reset(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &passphrase) : nullptr);
  std::fill(pem.begin(), pem.end(), '\0');
  if (!impl->key) {
    ERR_clear_error();
    return Error{ErrorCode::AuthenticationFailed, "the private key cannot be read: PKCS#8 in PEM is wanted, and its "
                                                  "passphrase where it has one"};
  }
  impl->is_rsa = EVP_PKEY_is_a(impl->key.get(), "RSA") == 1;
  if (!impl->is_rsa && EVP_PKEY_is_a(impl->key.get(), "ED25519") != 1) {
    return Error{ErrorCode::AuthenticationFailed, "the private key is neither RSA nor Ed25519"};
  }
  if (!gateway::can_sign(impl->key.get())) {
    return Error{ErrorCode::AuthenticationFailed, "the private key is damaged and cannot sign"};
  }
  return Signer{std::move(impl)};
}

std::string Signer::sign(std::string_view payload) const {
  if (impl_->mac) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    std::size_t size = 0;
    if (EVP_MAC_init(impl_->mac.get(), nullptr, 0, nullptr) != 1 ||
        EVP_MAC_update(impl_->mac.get(), bytes(payload), payload.size()) != 1 ||
        EVP_MAC_final(impl_->mac.get(), digest.data(), &size, digest.size()) != 1) {
      __builtin_trap();  // a keyed context and memory: nothing from outside can make this fail
    }
    return hex(digest.data(), size);
  }
  const DigestContext context{EVP_MD_CTX_new()};
  const EVP_MD* digest = impl_->is_rsa ? EVP_sha256() : nullptr;  // Ed25519 hashes by itself
  std::size_t size = 0;
  std::vector<unsigned char> signature;
  if (context && EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, impl_->key.get()) == 1 &&
      EVP_DigestSign(context.get(), nullptr, &size, bytes(payload), payload.size()) == 1) {
    signature.resize(size);
    if (EVP_DigestSign(context.get(), signature.data(), &size, bytes(payload), payload.size()) == 1) {
      signature.resize(size);
      return gateway::base64(signature);
    }
  }
  __builtin_trap();
}

std::string rest_payload(std::string_view query, std::string_view body) {
  std::string payload{query};
  payload += body;
  return payload;
}

std::string with_signature(std::string query, std::string_view signature) {
  if (!query.empty()) query += '&';
  query.append("signature=");
  gateway::append_encoded(query, signature);
  return query;
}

std::string ws_payload(Params params) {
  std::sort(params.begin(), params.end());
  std::string payload;
  for (const auto& [name, value] : params) {
    if (name == "signature") continue;
    if (!payload.empty()) payload += '&';
    payload.append(name).append("=").append(value);
  }
  return payload;
}

}  // namespace busbar::binance
