#include "gateways/framework/vault/cipher.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include "gateways/framework/openssl.hpp"

namespace busbar::vault {

namespace {

using CipherContext = gateway::Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using Kdf = gateway::Owned<EVP_KDF, EVP_KDF_free>;
using KdfContext = gateway::Owned<EVP_KDF_CTX, EVP_KDF_CTX_free>;

constexpr std::size_t text_size_max = std::size_t{1} << 30;  // OpenSSL counts in int
constexpr int scrypt_work_max_log2 = 23;

Error refuse(std::string text) { return {ErrorCode::InvalidMessage, std::move(text)}; }
Error broken() { return refuse("the seal is broken"); }

std::optional<Error> misfit(View key, View nonce, View associated, View text) {
  if (key.size() != key_size) return refuse("a key has 32 bytes, not " + std::to_string(key.size()));
  if (nonce.size() != nonce_size) return refuse("a nonce has 12 bytes, not " + std::to_string(nonce.size()));
  if (std::max(associated.size(), text.size()) > text_size_max) return refuse("longer than 1 GiB");
  return std::nullopt;
}

int size_of(View bytes) { return static_cast<int>(bytes.size()); }

}  // namespace

Result<Bytes> encrypt(View key, View nonce, View associated, View plain) {
  if (auto error = misfit(key, nonce, associated, plain)) return *error;
  Bytes out(plain.size() + tag_size);
  const CipherContext context{EVP_CIPHER_CTX_new()};
  int size = 0;
  const bool is_done =
      context && EVP_EncryptInit_ex2(context.get(), EVP_aes_256_gcm(), key.data(), nonce.data(), nullptr) == 1 &&
      (associated.empty() ||
       EVP_EncryptUpdate(context.get(), nullptr, &size, associated.data(), size_of(associated)) == 1) &&
      (plain.empty() || EVP_EncryptUpdate(context.get(), out.data(), &size, plain.data(), size_of(plain)) == 1) &&
      EVP_EncryptFinal_ex(context.get(), out.data() + plain.size(), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_size, out.data() + plain.size()) == 1;
  if (!is_done) return refuse("AES-256-GCM cannot be had from OpenSSL");
  return out;
}

Result<Secret> decrypt(View key, View nonce, View associated, View ciphertext_and_tag) {
  if (auto error = misfit(key, nonce, associated, ciphertext_and_tag)) return *error;
  if (ciphertext_and_tag.size() < tag_size) return broken();
  const View ciphertext = ciphertext_and_tag.first(ciphertext_and_tag.size() - tag_size);
  std::array<std::uint8_t, tag_size> tag;
  std::copy_n(ciphertext_and_tag.end() - tag_size, tag_size, tag.begin());
  Secret out = Secret::of_size(ciphertext.size());
  const CipherContext context{EVP_CIPHER_CTX_new()};
  int size = 0;
  std::uint8_t nothing = 0;
  const bool is_whole =
      context && EVP_DecryptInit_ex2(context.get(), EVP_aes_256_gcm(), key.data(), nonce.data(), nullptr) == 1 &&
      (associated.empty() ||
       EVP_DecryptUpdate(context.get(), nullptr, &size, associated.data(), size_of(associated)) == 1) &&
      (ciphertext.empty() ||
       EVP_DecryptUpdate(context.get(), out.bytes().data(), &size, ciphertext.data(), size_of(ciphertext)) == 1) &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_size, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), &nothing, &size) == 1;
  if (!is_whole) return broken();
  return out;
}

Result<Bytes> seal(View key, View associated, View plain) {
  Bytes out(nonce_size);
  draw(out);
  const auto sealed = encrypt(key, out, associated, plain);
  if (!sealed) return sealed.error();
  out.insert(out.end(), sealed->begin(), sealed->end());
  return out;
}

Result<Secret> unseal(View key, View associated, View sealed) {
  if (sealed.size() < seal_size) return broken();
  return decrypt(key, sealed.first(nonce_size), associated, sealed.subspan(nonce_size));
}

void draw(std::span<std::uint8_t> bytes) {
  if (RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) {
    throw std::runtime_error{"the system gives no random numbers"};
  }
}

Result<Secret> scrypt(std::string_view passphrase, View salt, const ScryptCost& cost, std::size_t size) {
  const auto is_affordable = [&] {
    if (cost.log2_n < 1 || cost.log2_n > scrypt_work_max_log2 || cost.r < 1 || cost.p < 1) return false;
    return (std::uint64_t{cost.r} * cost.p << cost.log2_n) <= std::uint64_t{1} << scrypt_work_max_log2;
  };
  const std::uint64_t n = std::uint64_t{1} << std::min<int>(cost.log2_n, 63);
  if (!is_affordable()) {
    return refuse("scrypt with N=2^" + std::to_string(cost.log2_n) + " r=" + std::to_string(cost.r) +
                  " p=" + std::to_string(cost.p) + " is no cost that is paid here: N*r*p may be 2^23, each at least 1");
  }
  // What OpenSSL holds against its own, lower limit: the table, and for each lane a block and a half.
  const std::uint64_t memory_max = 128 * cost.r * (n + cost.p + 2) + 4096;
  Secret out = Secret::of_size(size);
  if (EVP_PBE_scrypt(passphrase.data(), passphrase.size(), salt.data(), salt.size(), n, cost.r, cost.p, memory_max,
                     out.bytes().data(), size) != 1) {
    return refuse("scrypt failed: is there memory for it?");
  }
  return out;
}

Result<Secret> hkdf(View root, View salt, View purpose, std::size_t size) {
  const Kdf kdf{EVP_KDF_fetch(nullptr, "HKDF", nullptr)};
  const KdfContext context{kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr};
  char hash[] = "SHA256";
  const auto octets = [](const char* name, View bytes) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()), bytes.size());
  };
  OSSL_PARAM params[5] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, hash, 0),
                          octets(OSSL_KDF_PARAM_KEY, root)};
  std::size_t count = 2;
  if (!salt.empty()) params[count++] = octets(OSSL_KDF_PARAM_SALT, salt);
  if (!purpose.empty()) params[count++] = octets(OSSL_KDF_PARAM_INFO, purpose);
  params[count] = OSSL_PARAM_construct_end();
  Secret out = Secret::of_size(size);
  if (!context || EVP_KDF_derive(context.get(), out.bytes().data(), size, params) != 1) return refuse("HKDF failed");
  return out;
}

std::array<std::uint8_t, 32> hmac(View key, View data) {
  std::array<std::uint8_t, 32> out{};
  unsigned size = 0;
  const std::uint8_t nothing = 0;  // an empty key has no address
  if (HMAC(EVP_sha256(), key.empty() ? &nothing : key.data(), size_of(key), data.data(), data.size(), out.data(),
           &size) == nullptr) {
    throw std::runtime_error{"HMAC with SHA-256 cannot be had from OpenSSL"};
  }
  return out;
}

bool is_equal(View a, View b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace busbar::vault
