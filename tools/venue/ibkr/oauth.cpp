#include "tools/venue/ibkr/oauth.hpp"

#include <algorithm>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "tools/venue/form.hpp"

namespace busbar::venue::ibkr {
namespace {

constexpr std::size_t number_digits_max = 2'048;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

using Bio = std::unique_ptr<BIO, int (*)(BIO*)>;
using Number = std::unique_ptr<BIGNUM, void (*)(BIGNUM*)>;
using NumberContext = std::unique_ptr<BN_CTX, void (*)(BN_CTX*)>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, void (*)(EVP_PKEY_CTX*)>;

Number number_of(std::string_view hex) {
  BIGNUM* number = nullptr;
  const bool is_hex = !hex.empty() && hex.size() <= number_digits_max &&
                      hex.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (is_hex) BN_hex2bn(&number, std::string{hex}.c_str());
  return {number, BN_free};
}

Number power(const BIGNUM* base, const BIGNUM* exponent, const BIGNUM* modulus) {
  const NumberContext context{BN_CTX_new(), BN_CTX_free};
  Number result{BN_new(), BN_free};
  BN_mod_exp(result.get(), base, exponent, modulus, context.get());
  return result;
}

std::string lower_hex(const BIGNUM* number) {
  char* digits = BN_bn2hex(number);
  std::string text{digits};
  OPENSSL_free(digits);
  for (char& c : text) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  return text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
}

// As Java's BigInteger says them: as few as hold the number and its sign.
std::string signed_bytes(const BIGNUM* number) {
  std::string result(static_cast<std::size_t>(BN_num_bits(number) / 8 + 1), '\0');
  BN_bn2binpad(number, bytes(result), static_cast<int>(result.size()));
  return result;
}

std::string hmac(const char* digest, std::string_view key, std::string_view text) {
  std::string code(EVP_MAX_MD_SIZE, '\0');
  std::size_t size = 0;
  EVP_Q_mac(nullptr, "HMAC", nullptr, digest, nullptr, key.data(), key.size(), bytes(text), text.size(), bytes(code),
            code.size(), &size);
  code.resize(size);
  return code;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

RsaKey private_key_from(std::string_view pem) {
  std::string unfolded{pem};
  for (std::size_t at = unfolded.find("\\n"); at != std::string::npos; at = unfolded.find("\\n")) {
    unfolded.replace(at, 2, "\n");
  }
  const Bio text{BIO_new_mem_buf(unfolded.data(), static_cast<int>(unfolded.size())), BIO_free};
  RsaKey key{PEM_read_bio_PrivateKey(text.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
  const KeyContext context{key ? EVP_PKEY_CTX_new(key.get(), nullptr) : nullptr, EVP_PKEY_CTX_free};
  const bool is_whole = context && EVP_PKEY_is_a(key.get(), "RSA") == 1 && EVP_PKEY_check(context.get()) == 1;
  ERR_clear_error();
  return is_whole ? key : nullptr;
}

std::string make_private_key() {
  const RsaKey key{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2'048}), EVP_PKEY_free};
  const Bio text{BIO_new(BIO_s_mem()), BIO_free};
  PEM_write_bio_PrivateKey(text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  std::string pem{data, static_cast<std::size_t>(size)};
  for (std::size_t at = pem.find('\n'); at != std::string::npos; at = pem.find('\n')) pem.replace(at, 1, "\\n");
  return pem;
}

std::string well_known_prime() {
  const Number prime{BN_get_rfc3526_prime_2048(nullptr), BN_free};
  return lower_hex(prime.get());
}

std::string random_bytes(std::size_t count) {
  std::string result(count, '\0');
  if (RAND_bytes(bytes(result), static_cast<int>(count)) != 1) __builtin_trap();
  return result;
}

std::optional<std::map<std::string, std::string>> members_of(std::string_view authorization) {
  constexpr std::string_view scheme = "OAuth ";
  if (!authorization.starts_with(scheme)) return std::nullopt;
  authorization.remove_prefix(scheme.size());
  std::map<std::string, std::string> members;
  while (!authorization.empty()) {
    const std::string_view member = trimmed(authorization.substr(0, authorization.find(',')));
    authorization.remove_prefix(std::min(authorization.find(','), authorization.size() - 1) + 1);
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view value = member.substr(equals + 1);
    if (value.size() < 2 || !value.starts_with('"') || !value.ends_with('"')) return std::nullopt;
    const std::string_view inner = value.substr(1, value.size() - 2);
    // Only the signature is encoded, and a plus sign in it stands for itself.
    const bool is_signature = member.substr(0, equals) == "oauth_signature";
    if (is_signature && inner.find('+') != std::string_view::npos) return std::nullopt;
    const std::string text = is_signature ? decoded(inner) : std::string{inner};
    if (!members.emplace(member.substr(0, equals), text).second) return std::nullopt;
  }
  return members;
}

std::string base_string(std::string_view method, std::string_view url, Fields list) {
  std::sort(list.begin(), list.end());
  std::string joined;
  for (const auto& [name, value] : list) joined.append(joined.empty() ? "" : "&").append(name).append("=").append(value);
  return std::string{method} + '&' + encoded(url) + '&' + encoded(joined);
}

bool is_signed_by(EVP_PKEY* key, std::string_view signature_base64, std::string_view text) {
  const auto signature = from_base64(signature_base64);
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  const bool is_right = signature && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                        EVP_DigestVerify(context.get(), bytes(*signature), signature->size(), bytes(text),
                                         text.size()) == 1;
  ERR_clear_error();
  return is_right;
}

std::string hmac_sha256(std::string_view key, std::string_view text) { return base64_of(hmac("SHA256", key, text)); }

std::string encrypted(EVP_PKEY* key, std::string_view plain) {
  const KeyContext context{EVP_PKEY_CTX_new(key, nullptr), EVP_PKEY_CTX_free};
  std::string result(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t size = result.size();
  if (EVP_PKEY_encrypt_init(context.get()) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) != 1 ||
      EVP_PKEY_encrypt(context.get(), bytes(result), &size, bytes(plain), plain.size()) != 1) {
    __builtin_trap();
  }
  result.resize(size);
  return base64_of(result);
}

std::optional<std::string> decrypted(EVP_PKEY* key, std::string_view base64) {
  const auto secret = from_base64(base64);
  if (!secret) return std::nullopt;
  const KeyContext context{EVP_PKEY_CTX_new(key, nullptr), EVP_PKEY_CTX_free};
  std::string plain(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t size = plain.size();
  const bool is_good = EVP_PKEY_decrypt_init(context.get()) == 1 &&
                       EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
                       EVP_PKEY_decrypt(context.get(), bytes(plain), &size, bytes(*secret), secret->size()) == 1;
  ERR_clear_error();
  if (!is_good) return std::nullopt;
  plain.resize(size);
  return plain;
}

std::optional<Agreement> agree(std::string_view challenge_hex, std::string_view prime_hex, std::string_view secret) {
  const Number theirs = number_of(challenge_hex), prime = number_of(prime_hex);
  const bool is_usable = theirs && prime && challenge_hex.front() != '0' && !BN_is_one(theirs.get()) &&
                         BN_cmp(theirs.get(), prime.get()) < 0;
  if (!is_usable) return std::nullopt;
  const std::string random = random_bytes(32);
  const Number ours{BN_bin2bn(bytes(random), static_cast<int>(random.size()), nullptr), BN_free};
  const Number two{BN_new(), BN_free};
  BN_set_word(two.get(), 2);
  const Number shared = power(theirs.get(), ours.get(), prime.get());
  return Agreement{lower_hex(power(two.get(), ours.get(), prime.get()).get()),
                   hmac("SHA1", signed_bytes(shared.get()), secret)};
}

std::string token_signature(std::string_view token, std::string_view consumer_key) {
  return hex_of(hmac("SHA1", token, consumer_key));
}

std::string hex_of(std::string_view text) {
  std::string hex;
  for (const char c : text) {
    hex += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    hex += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
  return hex;
}

std::string base64_of(std::string_view raw) {
  std::string text((raw.size() + 2) / 3 * 4 + 1, '\0');
  EVP_EncodeBlock(bytes(text), bytes(raw), static_cast<int>(raw.size()));
  text.pop_back();
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string raw(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(bytes(raw), bytes(text), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  raw.resize(static_cast<std::size_t>(size) - padding);
  return raw;
}

}  // namespace busbar::venue::ibkr
