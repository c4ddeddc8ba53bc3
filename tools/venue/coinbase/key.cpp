#include "tools/venue/coinbase/key.hpp"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

namespace busbar::venue::coinbase {
namespace {

namespace json = boost::json;

constexpr std::size_t signature_size = 64;
constexpr std::size_t nonce_max = 128;
constexpr TimeUs second = 1'000'000;

const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// Standard base64, padded. Nothing when anything else is in it.
std::optional<std::string> from_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  std::string raw(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(raw.data()), bytes(text),
                                   static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  raw.resize(static_cast<std::size_t>(size) - padding);
  return raw;
}

// The alphabet for addresses, never padded.
std::optional<std::string> from_base64url(std::string_view text) {
  std::string standard;
  for (const char c : text) {
    if (c == '+' || c == '/' || c == '=') return std::nullopt;
    standard += c == '-' ? '+' : c == '_' ? '/' : c;
  }
  while (standard.size() % 4 != 0) standard += '=';
  if (standard.ends_with("===")) return std::nullopt;
  return from_base64(standard);
}

std::string to_base64(std::string_view raw) {
  std::string text((raw.size() + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes(raw), static_cast<int>(raw.size()));
  return text;
}

PublicKey owned(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

// Of the kinds that the broker knows.
PublicKey known_kind(PublicKey key) {
  if (!key) return nullptr;
  if (EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519) return key;
  char curve[32] = {};
  const bool is_p256 = EVP_PKEY_get_id(key.get()) == EVP_PKEY_EC &&
                       EVP_PKEY_get_group_name(key.get(), curve, sizeof curve, nullptr) == 1 &&
                       std::string_view{curve} == "prime256v1";
  return is_p256 ? key : nullptr;
}

PublicKey from_pem(const std::string& pem) {
  const auto read = [&](auto reader) {
    const std::unique_ptr<BIO, int (*)(BIO*)> text{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free};
    return owned(reader(text.get(), nullptr, nullptr, nullptr));
  };
  if (pem.find("PUBLIC KEY") != std::string::npos) return known_kind(read(PEM_read_bio_PUBKEY));
  return known_kind(read(PEM_read_bio_PrivateKey));
}

bool verifies_raw(EVP_PKEY* key, const EVP_MD* digest, std::string_view signature, std::string_view signed_text) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  return context && EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(signed_text),
                          signed_text.size()) == 1;
}

// r and s behind each other, which OpenSSL wants as DER.
bool verifies_es256(EVP_PKEY* key, std::string_view signature, std::string_view signed_text) {
  const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> both{ECDSA_SIG_new(), ECDSA_SIG_free};
  BIGNUM* r = BN_bin2bn(bytes(signature), 32, nullptr);
  BIGNUM* s = BN_bin2bn(bytes(signature) + 32, 32, nullptr);
  if (!both || ECDSA_SIG_set0(both.get(), r, s) != 1) return false;
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(both.get(), &der);
  if (size <= 0) return false;
  const std::string text{reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)};
  OPENSSL_free(der);
  return verifies_raw(key, EVP_sha256(), text, signed_text);
}

std::optional<json::object> object_from(std::string_view part) {
  const auto text = from_base64url(part);
  if (!text) return std::nullopt;
  boost::system::error_code error;
  const json::value value = json::parse(*text, error);
  if (error || !value.is_object()) return std::nullopt;
  return value.get_object();
}

std::string text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::optional<TimeUs> time_of(const json::object& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (value == nullptr) return std::nullopt;
  boost::system::error_code error;
  const auto seconds = value->to_number<std::int64_t>(error);
  if (error || seconds < 0 || seconds > 100'000'000'000) return std::nullopt;
  return seconds * second;
}

// `uri` of the broker's own SDK, or the list `uris` of its newer ones.
std::vector<std::string> uris_of(const json::object& claims) {
  std::vector<std::string> found;
  if (const std::string one = text_of(claims, "uri"); !one.empty()) found.push_back(one);
  if (const json::value* list = claims.if_contains("uris"); list != nullptr && list->is_array()) {
    for (const json::value& each : list->get_array()) {
      if (each.is_string()) found.emplace_back(each.get_string());
    }
  }
  return found;
}

std::string fault_of(const json::object& header, const json::object& claims, const TokenRules& rules) {
  if (header.contains("typ") && text_of(header, "typ") != "JWT") return "typ is not JWT";
  const std::string nonce = text_of(header, "nonce");
  if (nonce.empty() || nonce.size() > nonce_max) return "nonce is missing, or too long";
  if (text_of(claims, "sub") != text_of(header, "kid")) return "sub is not the key's name";
  const std::string issuer = text_of(claims, "iss");
  if (issuer != "cdp" && issuer != "coinbase-cloud") return "iss is not cdp";
  const auto not_before = time_of(claims, "nbf"), expires = time_of(claims, "exp");
  if (!not_before || !expires) return "nbf or exp is missing";
  if (*not_before > rules.now + rules.leeway) return "nbf lies in the future";
  if (*expires <= rules.now) return "exp has passed";
  if (*expires - *not_before > rules.life_max) return "exp is too long after nbf";
  const auto uris = uris_of(claims);
  if (rules.uris.empty()) return uris.empty() ? "" : "a stream's token names no uri";
  for (const std::string& uri : uris) {
    if (std::find(rules.uris.begin(), rules.uris.end(), uri) != rules.uris.end()) return {};
  }
  return uris.empty() ? "uri is missing" : "uri is " + uris.front() + " and not " + rules.uris.front();
}

std::string pem_of(EVP_PKEY* key) {
  const std::unique_ptr<BIO, int (*)(BIO*)> text{BIO_new(BIO_s_mem()), BIO_free};
  PEM_write_bio_PrivateKey_traditional(text.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(text.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

}  // namespace

PublicKey public_key_from(std::string_view text) {
  std::string unfolded{text};
  for (std::size_t at = unfolded.find("\\n"); at != std::string::npos; at = unfolded.find("\\n")) {
    unfolded.replace(at, 2, "\n");
  }
  if (unfolded.find("-----BEGIN") != std::string::npos) return from_pem(unfolded);
  std::erase_if(unfolded, [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; });
  const auto raw = from_base64(unfolded);
  if (!raw || (raw->size() != 32 && raw->size() != 64)) return nullptr;
  return owned(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes(*raw), 32));
}

std::string make_ed25519_secret() {
  const PublicKey key = owned(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  std::string raw(64, '\0');
  auto* out = reinterpret_cast<unsigned char*>(raw.data());
  std::size_t size = 32;
  EVP_PKEY_get_raw_private_key(key.get(), out, &size);
  EVP_PKEY_get_raw_public_key(key.get(), out + 32, &size);
  return to_base64(raw);
}

std::string make_ecdsa_secret() {
  const PublicKey key = owned(EVP_EC_gen("P-256"));
  std::string pem = pem_of(key.get());
  for (std::size_t at = pem.find('\n'); at != std::string::npos; at = pem.find('\n')) pem.replace(at, 1, "\\n");
  return pem;
}

std::string key_name_of(std::string_view token) {
  const auto header = object_from(token.substr(0, token.find('.')));
  return header ? text_of(*header, "kid") : std::string{};
}

TokenVerdict check_token(std::string_view text, const TokenRules& rules,
                         const std::function<PublicKey(std::string_view key_name)>& key_of) {
  const auto refused = [](std::string why) { return TokenVerdict{std::nullopt, std::move(why)}; };
  const std::size_t first = text.find('.'), last = text.rfind('.');
  if (first == std::string_view::npos || first == last || text.find('.', first + 1) != last) {
    return refused("not three parts");
  }
  const auto header = object_from(text.substr(0, first));
  const auto claims = object_from(text.substr(first + 1, last - first - 1));
  const auto signature = from_base64url(text.substr(last + 1));
  if (!header || !claims || !signature) return refused("a part is no base64url of JSON");
  const std::string key_name = text_of(*header, "kid");
  const PublicKey key = key_of(key_name);
  if (!key) return refused("kid is no key of anybody");
  const std::string algorithm = text_of(*header, "alg");
  const bool is_ed25519 = EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519;
  if (algorithm != (is_ed25519 ? "EdDSA" : "ES256")) return refused("alg is not that of the key");
  if (signature->size() != signature_size) return refused("the signature has not 64 bytes");
  const std::string_view signed_text = text.substr(0, last);
  const bool is_right = is_ed25519 ? verifies_raw(key.get(), nullptr, *signature, signed_text)
                                   : verifies_es256(key.get(), *signature, signed_text);
  if (!is_right) return refused("the signature does not verify");
  if (const std::string fault = fault_of(*header, *claims, rules); !fault.empty()) return refused(fault);
  return {Token{key_name, text_of(*header, "nonce"), *time_of(*claims, "exp")}, {}};
}

}  // namespace busbar::venue::coinbase
