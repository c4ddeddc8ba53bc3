#include "gateways/coinbase/auth.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include <boost/json.hpp>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>

#include "gateways/framework/base64.hpp"
#include "gateways/framework/json_text.hpp"
#include "gateways/framework/openssl.hpp"

namespace busbar::coinbase {

namespace {

namespace json = boost::json;

using gateway::Owned;
using Key = Owned<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Digest = Owned<EVP_MD, EVP_MD_free>;
using DigestContext = Owned<EVP_MD_CTX, EVP_MD_CTX_free>;
using Bio = Owned<BIO, BIO_free_all>;
using EcSignature = Owned<ECDSA_SIG, ECDSA_SIG_free>;

constexpr std::size_t seed_size = 32;
constexpr int half_size = 32;  // of an ECDSA signature over P-256

// A copy of something secret, overwritten when it goes.
struct Wiped {
  std::string text;
  ~Wiped() { OPENSSL_cleanse(text.data(), text.size()); }
};

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Error unusable(std::string text) { return {ErrorCode::AuthenticationFailed, std::move(text)}; }

int no_passphrase(char*, int, int, void*) { return -1; }

// The two characters \n are one line break, where a PEM has been through JSON or a variable of the environment.
std::string with_line_breaks(std::string_view text) {
  std::string lines;
  lines.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_break = text[i] == '\\' && i + 1 < text.size() && text[i + 1] == 'n';
    lines += is_break ? '\n' : text[i];
    i += is_break ? 1 : 0;
  }
  return lines;
}

Result<Key> key_of_pem(std::string_view text) {
  const Wiped pem{with_line_breaks(text)};
  const Bio bio{BIO_new_mem_buf(pem.text.data(), static_cast<int>(pem.text.size()))};
  Key key{bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr};
  ERR_clear_error();
  if (!key)
    return unusable("the private key cannot be read: a PEM as Coinbase gives it out is wanted, without a passphrase");
  if (EVP_PKEY_is_a(key.get(), "ED25519") == 1) return key;
  if (EVP_PKEY_is_a(key.get(), "EC") != 1) return unusable("the private key is neither for P-256 nor Ed25519");
  std::array<char, 64> curve{};
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key.get(), curve.data(), curve.size(), &size) != 1 ||
      std::string_view(curve.data(), size) != "prime256v1") {
    return unusable("the private key is of another curve than P-256");
  }
  return key;
}

Result<Key> key_of_base64(std::string_view text) {
  const auto no_base64 = [] { return unusable("the private key is neither PEM nor base64 of 32 or 64 bytes"); };
  Wiped digits;
  digits.text.reserve(text.size());
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits.text),
               [](char c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; });
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string_view all = digits.text;
  const std::size_t end = std::min(all.find_first_not_of(alphabet), all.size());
  const std::size_t padding = all.size() - end;
  if (all.empty() || all.size() % 4 != 0 || padding > 2 ||
      all.substr(end) != std::string_view("==").substr(0, padding)) {
    return no_base64();
  }
  Wiped raw{std::string(all.size() / 4 * 3, '\0')};
  if (EVP_DecodeBlock(bytes_of(raw.text), bytes_of(all), static_cast<int>(all.size())) < 0) return no_base64();
  const std::size_t size = raw.text.size() - padding;
  if (size != seed_size && size != 2 * seed_size) return no_base64();
  Key key{EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, bytes_of(raw.text), seed_size)};
  if (!key) return no_base64();
  return key;
}

Result<Key> key_of(std::string_view secret) {
  const std::size_t first = secret.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return unusable("the private key is empty");
  return secret.substr(first).starts_with("-----BEGIN") ? key_of_pem(secret.substr(first)) : key_of_base64(secret);
}

// The file that Coinbase lets one download: {"name":...,"privateKey":...}, or `id` for the name.
Result<Wiped> private_key_of_file(std::string_view text, std::string_view key_name) {
  json::error_code error;
  json::value value = json::parse(text, error);
  json::object* file = error ? nullptr : value.if_object();
  const auto member = [&](std::string_view name) -> json::string* {
    json::value* found = file ? file->if_contains(name) : nullptr;
    return found ? found->if_string() : nullptr;
  };
  json::string* key = member("privateKey");
  if (!key) return unusable("the key file has no privateKey: the JSON that Coinbase gives out is wanted");
  Wiped secret{std::string{key->data(), key->size()}};
  OPENSSL_cleanse(key->data(), key->size());
  const json::string* name = member("name");
  if (!name) name = member("id");
  if (name && !key_name.empty() && std::string_view{*name} != key_name) {
    return unusable("the key file is of another key than api_key names");
  }
  return secret;
}

std::string raw_signature(const std::string& der) {
  const unsigned char* at = bytes_of(std::string_view{der});
  const EcSignature parsed{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
  std::string raw(2 * half_size, '\0');
  if (!parsed || BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), bytes_of(raw), half_size) != half_size ||
      BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), bytes_of(raw) + half_size, half_size) != half_size) {
    __builtin_trap();  // OpenSSL's own signature, of a key of P-256
  }
  return raw;
}

}  // namespace

struct Signer::Impl {
  Key key;
  // Of a key for P-256, made ready once: looking both up costs a fifth of what a signature does.
  Digest sha256;
  KeyContext context;
};

Signer::Signer(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Signer::Signer(Signer&&) noexcept = default;
Signer& Signer::operator=(Signer&&) noexcept = default;
Signer::~Signer() = default;

Result<Signer> Signer::of(std::string_view secret, std::string_view key_name) {
  const std::size_t first = secret.find_first_not_of(" \t\r\n");
  std::optional<Wiped> inside;
  if (first != std::string_view::npos && secret[first] == '{') {
    auto found = private_key_of_file(secret, key_name);
    if (!found) return found.error();
    inside = *std::move(found);
    secret = inside->text;
  }
  auto key = key_of(secret);
  if (!key) return key.error();
  if (!gateway::can_sign(key->get())) return unusable("the private key is damaged and cannot sign");
  auto impl = std::make_unique<Impl>();
  impl->key = *std::move(key);
  if (EVP_PKEY_is_a(impl->key.get(), "EC") != 1) return Signer{std::move(impl)};
  impl->sha256.reset(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  impl->context.reset(EVP_PKEY_CTX_new(impl->key.get(), nullptr));
  if (!impl->sha256 || !impl->context || EVP_PKEY_sign_init(impl->context.get()) != 1 ||
      EVP_PKEY_CTX_set_signature_md(impl->context.get(), impl->sha256.get()) != 1) {
    ERR_clear_error();
    return unusable("OpenSSL cannot sign with a key for P-256 and SHA-256");
  }
  return Signer{std::move(impl)};
}

std::string_view Signer::algorithm() const { return impl_->context ? "ES256" : "EdDSA"; }

std::string Signer::sign(std::string_view bytes) const {
  std::string signature;
  if (impl_->context) {
    constexpr std::size_t der_size_max = 2 * half_size + 16;
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
    unsigned hash_size = 0;
    std::size_t size = der_size_max;
    signature.resize(size);
    if (EVP_Digest(bytes.data(), bytes.size(), hash.data(), &hash_size, impl_->sha256.get(), nullptr) == 1 &&
        EVP_PKEY_sign(impl_->context.get(), bytes_of(signature), &size, hash.data(), hash_size) == 1) {
      signature.resize(size);
      return raw_signature(signature);
    }
    __builtin_trap();  // a key that was made ready and memory: nothing from outside can make this fail
  }
  const DigestContext context{EVP_MD_CTX_new()};
  std::size_t size = 0;  // Ed25519 hashes by itself
  if (context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, impl_->key.get()) == 1 &&
      EVP_DigestSign(context.get(), nullptr, &size, bytes_of(bytes), bytes.size()) == 1) {
    signature.resize(size);
    if (EVP_DigestSign(context.get(), bytes_of(signature), &size, bytes_of(bytes), bytes.size()) == 1) {
      signature.resize(size);
      return signature;
    }
  }
  __builtin_trap();
}

std::string token_uri(std::string_view method, std::string_view host, std::string_view target) {
  std::string uri{method};
  return uri.append(" ").append(host).append(target.substr(0, target.find('?')));
}

std::string make_token(const Signer& signer, std::string_view key_name, std::string_view uri, std::int64_t now_s,
                       std::string_view nonce, std::int64_t life_s) {
  gateway::JsonText header, claims;
  header.add("alg", signer.algorithm()).add("kid", key_name).add("nonce", nonce).add("typ", "JWT");
  claims.add("sub", key_name).add("iss", "cdp").add_number("nbf", now_s).add_number("exp", now_s + life_s);
  if (!uri.empty()) claims.add("uri", uri);
  std::string token = gateway::base64url(header.take());
  token.append(".").append(gateway::base64url(claims.take()));
  const std::string signature = gateway::base64url(signer.sign(token));
  return token.append(".").append(signature);
}

std::string make_nonce() {
  constexpr std::size_t nonce_size = 16;
  static thread_local std::array<unsigned char, 64 * nonce_size> random{};  // OpenSSL gives many as fast as one
  static thread_local std::size_t used = random.size();
  if (used == random.size()) {
    if (RAND_bytes(random.data(), static_cast<int>(random.size())) != 1)
      __builtin_trap();  // no randomness, no signature either
    used = 0;
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * nonce_size);
  for (const std::size_t end = used + nonce_size; used != end; ++used) {
    text += digits[random[used] >> 4];
    text += digits[random[used] & 15];
  }
  return text;
}

}  // namespace busbar::coinbase
