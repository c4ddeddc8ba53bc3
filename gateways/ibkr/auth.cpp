#include "gateways/ibkr/auth.hpp"

#include <algorithm>
#include <array>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>

#include "gateways/framework/base64.hpp"
#include "gateways/framework/openssl.hpp"
#include "gateways/ibkr/read.hpp"

namespace busbar::ibkr {

namespace {

using gateway::Owned;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using Bio = Owned<BIO, BIO_free_all>;
using Number = Owned<BIGNUM, BN_clear_free>;
using NumberContext = Owned<BN_CTX, BN_CTX_free>;

constexpr std::size_t random_size = 32;
constexpr std::size_t hex_max = 2048;  // digits: no number of an exchange is longer

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Error unusable(std::string text) { return {ErrorCode::AuthenticationFailed, std::move(text)}; }

int no_passphrase(char*, int, int, void*) { return -1; }

// The two characters \n are one line break, where a PEM has been through JSON or a variable of the environment.
Secret with_line_breaks(std::string_view text) {
  Secret lines = Secret::of_size(text.size());
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_break = text[i] == '\\' && i + 1 < text.size() && text[i + 1] == 'n';
    lines.bytes()[size++] = static_cast<std::uint8_t>(is_break ? '\n' : text[i]);
    i += is_break ? 1 : 0;
  }
  lines.shorten(size);
  return lines;
}

bool is_hex(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdefABCDEF";
  return !text.empty() && text.size() <= hex_max && text.find_first_not_of(digits) == std::string_view::npos;
}

Number number_of(std::string_view hex) {
  BIGNUM* number = nullptr;
  if (is_hex(hex)) BN_hex2bn(&number, std::string{hex}.c_str());
  return Number{number};
}

Number number_of(const Secret& bytes) {
  Number number{BN_secure_new()};
  const auto& all = bytes.bytes();
  if (!number || BN_bin2bn(all.data(), static_cast<int>(all.size()), number.get()) == nullptr) __builtin_trap();
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

Secret bytes_of(const BIGNUM* number) {
  const int bits = BN_num_bits(number);
  const int size = bits / 8 + 1;  // the sign's bit has to fit as well
  Secret bytes = Secret::of_size(static_cast<std::size_t>(size));
  if (BN_bn2binpad(number, bytes.bytes().data(), size) != size) __builtin_trap();
  return bytes;
}

// base to the power of `exponent`, modulo an odd number.
Number power(const BIGNUM* base, const BIGNUM* exponent, const BIGNUM* modulus) {
  const NumberContext context{BN_CTX_secure_new()};
  Number result{BN_secure_new()};
  if (!context || !result || BN_mod_exp(result.get(), base, exponent, modulus, context.get()) != 1) __builtin_trap();
  return result;
}

std::string lower_hex(const BIGNUM* number) {
  char* digits = BN_bn2hex(number);
  if (digits == nullptr) __builtin_trap();
  std::string text{digits};
  OPENSSL_free(digits);
  for (char& c : text) c = c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
  return text.erase(0, std::min(text.find_first_not_of('0'), text.size() - 1));
}

Secret hmac(const char* digest, std::string_view key, std::string_view bytes) {
  Secret code = Secret::of_size(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, digest, nullptr, key.data(), key.size(), bytes_of(bytes), bytes.size(),
                code.bytes().data(), EVP_MAX_MD_SIZE, &size) == nullptr) {
    __builtin_trap();  // OpenSSL without HMAC
  }
  code.shorten(size);
  return code;
}

}  // namespace

// ---- What is signed

std::string base_string(const SignedParts& parts) {
  Params all = parts.oauth;
  all.insert(all.end(), parts.query.begin(), parts.query.end());
  std::sort(all.begin(), all.end());
  std::string list;
  for (const auto& [name, value] : all) list.append(list.empty() ? "" : "&").append(name).append("=").append(value);
  std::string text{parts.method};
  text.append("&").append(gateway::percent_encode(parts.url));
  return text.append("&").append(gateway::percent_encode(list));
}

std::string authorization(std::string_view realm, Params oauth, std::string_view signature) {
  oauth.emplace_back("oauth_signature", gateway::percent_encode(signature));
  std::sort(oauth.begin(), oauth.end());
  std::string header{"OAuth realm=\""};
  header.append(realm).append("\"");
  for (const auto& [name, value] : oauth) header.append(", ").append(name).append("=\"").append(value).append("\"");
  return header;
}

Params oauth_params(const Consumer& consumer, std::string_view signature_method, std::string_view nonce,
                    std::int64_t now_s, Params more) {
  Params params = std::move(more);
  params.emplace_back("oauth_consumer_key", consumer.key);
  params.emplace_back("oauth_nonce", nonce);
  params.emplace_back("oauth_signature_method", signature_method);
  params.emplace_back("oauth_timestamp", std::to_string(now_s));
  if (!consumer.access_token.empty()) params.emplace_back("oauth_token", consumer.access_token);
  return params;
}

std::string make_nonce() {
  std::array<unsigned char, 16> random{};
  if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1) __builtin_trap();  // no randomness, no signature
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : random) text.append({digits[byte >> 4], digits[byte & 15]});
  return text;
}

// ---- RSA

struct RsaKey::Impl {
  Key key;
};

RsaKey::RsaKey(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
RsaKey::RsaKey(RsaKey&&) noexcept = default;
RsaKey& RsaKey::operator=(RsaKey&&) noexcept = default;
RsaKey::~RsaKey() = default;

Result<RsaKey> RsaKey::of(std::string_view pem, std::string_view what) {
  const Secret lines = with_line_breaks(pem);
  const Bio bio{BIO_new_mem_buf(lines.bytes().data(), static_cast<int>(lines.bytes().size()))};
  auto impl = std::make_unique<Impl>();
  impl->key.reset(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  ERR_clear_error();
  if (!impl->key) {
    return unusable(std::string{what} + ": cannot be read: a private key in PEM is wanted, without a passphrase");
  }
  if (EVP_PKEY_is_a(impl->key.get(), "RSA") != 1) return unusable(std::string{what} + ": no RSA key");
  if (EVP_PKEY_get_bits(impl->key.get()) < 1024)
    return unusable(std::string{what} + ": an RSA key of less than 1024 bits");
  if (!gateway::can_sign(impl->key.get())) return unusable(std::string{what} + ": a damaged RSA key, which cannot sign");
  return RsaKey{std::move(impl)};
}

std::string RsaKey::sign(std::string_view bytes, const Secret& prepend) const {
  const DigestContext context{EVP_MD_CTX_new()};
  const Secret hex = hex_of(prepend);
  std::vector<std::uint8_t> signature(static_cast<std::size_t>(EVP_PKEY_get_size(impl_->key.get())));
  std::size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, impl_->key.get()) != 1 ||
      EVP_DigestSignUpdate(context.get(), hex.bytes().data(), hex.bytes().size()) != 1 ||
      EVP_DigestSignUpdate(context.get(), bytes.data(), bytes.size()) != 1 ||
      EVP_DigestSignFinal(context.get(), signature.data(), &size) != 1) {
    __builtin_trap();
  }
  signature.resize(size);
  return gateway::base64(signature);
}

Result<Secret> RsaKey::decrypt(std::string_view base64) const {
  const auto encrypted = decode_base64(base64, "access token secret");
  if (!encrypted) return encrypted.error();
  const KeyContext context{EVP_PKEY_CTX_new(impl_->key.get(), nullptr)};
  Secret plain = Secret::of_size(static_cast<std::size_t>(EVP_PKEY_get_size(impl_->key.get())));
  std::size_t size = plain.bytes().size();
  const bool is_good = context && EVP_PKEY_decrypt_init(context.get()) == 1 &&
                       EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
                       EVP_PKEY_decrypt(context.get(), plain.bytes().data(), &size, encrypted->bytes().data(),
                                        encrypted->bytes().size()) == 1;
  ERR_clear_error();
  if (!is_good || size == 0) return unusable("access token secret: cannot be decrypted with this encryption key");
  plain.shorten(size);
  return plain;
}

// ---- Diffie-Hellman

Secret KeyExchange::make_random() {
  Secret random = Secret::of_size(random_size);
  if (RAND_priv_bytes(random.bytes().data(), static_cast<int>(random_size)) != 1) __builtin_trap();
  return random;
}

Result<KeyExchange> KeyExchange::of(std::string_view prime, std::uint32_t generator, const Secret& random) {
  const Number modulus = number_of(prime);
  if (!modulus) return unusable("Diffie-Hellman prime: no hexadecimal number");
  if (BN_is_odd(modulus.get()) != 1 || BN_num_bits(modulus.get()) < 64) {
    return unusable("Diffie-Hellman prime: too small, or no prime");
  }
  if (generator < 2) return unusable("Diffie-Hellman generator: less than 2");
  if (random.is_empty()) return unusable("Diffie-Hellman exponent: missing");
  const Number base{BN_new()};
  if (!base || BN_set_word(base.get(), generator) != 1) __builtin_trap();
  KeyExchange exchange;
  exchange.prime_ = prime;
  exchange.random_ = random;
  exchange.challenge_ = lower_hex(power(base.get(), number_of(random).get(), modulus.get()).get());
  return exchange;
}

Result<Secret> KeyExchange::shared(std::string_view response) const {
  const Number theirs = number_of(response);
  if (!theirs) return unusable("diffie_hellman_response: no hexadecimal number");
  const Number modulus = number_of(prime_);
  const Number highest{BN_dup(modulus.get())};
  if (!highest || BN_sub_word(highest.get(), 1) != 1) __builtin_trap();
  // 0, 1 and p - 1 would make a secret that anybody knows.
  if (BN_is_zero(theirs.get()) || BN_is_one(theirs.get()) || BN_cmp(theirs.get(), highest.get()) >= 0) {
    return unusable("diffie_hellman_response: not between 1 and the prime less 1");
  }
  return bytes_of(power(theirs.get(), number_of(random_).get(), modulus.get()).get());
}

Result<Secret> number_bytes(std::string_view hex) {
  const Number number = number_of(hex);
  if (!number) return unusable("no hexadecimal number");
  return bytes_of(number.get());
}

// ---- The live session token

Secret live_session_token(const Secret& shared, const Secret& access_token_secret) {
  return hmac("SHA1", shared.reveal(), access_token_secret.reveal());
}

bool is_proven(const Secret& live_session_token, std::string_view consumer_key, std::string_view signature_hex) {
  const auto signature = decode_hex(signature_hex, "live_session_token_signature");
  if (!signature) return false;
  const Secret proof = hmac("SHA1", live_session_token.reveal(), consumer_key);
  return signature->bytes().size() == proof.bytes().size() &&
         CRYPTO_memcmp(signature->bytes().data(), proof.bytes().data(), proof.bytes().size()) == 0;
}

std::string sign(const Secret& live_session_token, std::string_view bytes) {
  return gateway::base64(hmac("SHA256", live_session_token.reveal(), bytes).bytes());
}

// ---- Bytes as text

Result<Secret> decode_base64(std::string_view text, std::string_view what) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t end = std::min(text.find_first_not_of(alphabet), text.size());
  const std::size_t padding = text.size() - end;
  const bool is_base64 = !text.empty() && text.size() <= 1u << 16 && text.size() % 4 == 0 && padding <= 2 &&
                         text.substr(end) == std::string_view("==").substr(0, padding);
  if (!is_base64) return unusable(std::string{what} + ": no base64");
  Secret bytes = Secret::of_size(text.size() / 4 * 3);
  if (EVP_DecodeBlock(bytes.bytes().data(), bytes_of(text), static_cast<int>(text.size())) < 0) {
    return unusable(std::string{what} + ": no base64");
  }
  bytes.shorten(bytes.bytes().size() - padding);
  return bytes;
}

Result<Secret> decode_hex(std::string_view text, std::string_view what) {
  if (!is_hex(text) || text.size() % 2 != 0) return unusable(std::string{what} + ": no bytes in hexadecimal digits");
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  Secret bytes = Secret::of_size(text.size() / 2);
  for (std::size_t i = 0; i < text.size() / 2; ++i) {
    bytes.bytes()[i] = static_cast<std::uint8_t>(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
  }
  return bytes;
}

Secret hex_of(const Secret& bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  Secret hex = Secret::of_size(2 * bytes.bytes().size());
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes.bytes()) {
    hex.bytes()[at++] = static_cast<std::uint8_t>(digits[byte >> 4]);
    hex.bytes()[at++] = static_cast<std::uint8_t>(digits[byte & 15]);
  }
  return hex;
}

// ---- What the three steps answer

Result<std::string> decode_request_token(std::string_view body) {
  return decode_one(body, "request_token", [](Reader& reader) { return reader.text("oauth_token"); });
}

Result<AccessToken> decode_access_token(std::string_view body) {
  return decode_one(body, "access_token", [](Reader& reader) {
    return AccessToken{.token = reader.text("oauth_token"),
                       .secret = reader.long_text("oauth_token_secret"),
                       .is_paper = reader.maybe_flag("is_paper").value_or(false)};
  });
}

Result<LiveSession> decode_live_session(std::string_view body) {
  return decode_one(body, "live_session_token", [](Reader& reader) {
    return LiveSession{.diffie_hellman_response = reader.long_text("diffie_hellman_response"),
                       .signature = reader.text("live_session_token_signature"),
                       .expires_ns = reader.time_ms("live_session_token_expiration")};
  });
}

}  // namespace busbar::ibkr
