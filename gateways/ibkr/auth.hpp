#pragma once
// How Interactive Brokers knows that a request is ours: OAuth 1.0a, as it does it. Three steps are signed with an RSA
// key; the last of them agrees on a live session token by Diffie-Hellman, and with that everything later is signed.
// What is secret is held as the vault holds it. Pure: numbers that must be random, and the time, may be given.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bus/messages.hpp"
#include "gateways/framework/query.hpp"
#include "gateways/framework/vault/secret.hpp"

namespace busbar::ibkr {

using gateway::Params;
using vault::Secret;

// ---- What is signed

// The parts of a request that a signature covers. A body in JSON is none.
struct SignedParts {
  std::string method;
  std::string url;    // without a query
  Params query = {};  // and the fields of a form
  Params oauth = {};  // oauth_consumer_key, ...: no realm and no signature
};

// Names and values are taken as they are and encoded once, all together: not as RFC 5849 has it, but as IBKR does.
std::string base_string(const SignedParts& parts);
// OAuth realm="...", and the rest in order of their names.
std::string authorization(std::string_view realm, Params oauth, std::string_view signature);

inline constexpr std::string_view rsa_sha256 = "RSA-SHA256";
inline constexpr std::string_view hmac_sha256 = "HMAC-SHA256";

struct Consumer {
  std::string key;
  std::string access_token;  // empty before there is one
  std::string_view realm() const { return key == "TESTCONS" ? "test_realm" : "limited_poa"; }
};
// What every request says; `more` is what one step says besides: oauth_callback, diffie_hellman_challenge, ...
Params oauth_params(const Consumer& consumer, std::string_view signature_method, std::string_view nonce,
                    std::int64_t now_s, Params more = {});
std::string make_nonce();  // 32 letters and digits

// ---- RSA

// The signature key or the encryption key of a consumer.
class RsaKey {
 public:
  // PEM, PKCS#1 or PKCS#8, without a passphrase; a line break may be written as \n. `what` names it in errors, which
  // show nothing of it.
  static Result<RsaKey> of(std::string_view pem, std::string_view what);
  RsaKey(RsaKey&&) noexcept;
  RsaKey& operator=(RsaKey&&) noexcept;
  ~RsaKey();

  // RSASSA-PKCS1-v1_5 with SHA-256, base64. `prepend` is signed in front, as hex: the decrypted secret of the access
  // token, for the live session token alone.
  std::string sign(std::string_view bytes, const Secret& prepend = {}) const;
  // PKCS#1 v1.5. OpenSSL 3.2 and later answer a wrong key with random bytes: that shows in the live session token.
  Result<Secret> decrypt(std::string_view base64) const;

 private:
  struct Impl;
  explicit RsaKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// ---- Diffie-Hellman

// Our half of one exchange.
class KeyExchange {
 public:
  // Numbers as hex. `random` is 256 bits that were never used before.
  static Result<KeyExchange> of(std::string_view prime, std::uint32_t generator, const Secret& random);
  static Secret make_random();

  const std::string& challenge() const { return challenge_; }  // lower-case hex without zeros in front
  // K as bytes, from the other half.
  Result<Secret> shared(std::string_view response) const;

 private:
  std::string prime_;
  Secret random_;
  std::string challenge_;
};

// A number as bytes in two's complement, as few as hold it: a zero leads when the highest bit is set. Half of all
// exchanges need it.
Result<Secret> number_bytes(std::string_view hex);

// ---- The live session token, as bytes

Secret live_session_token(const Secret& shared, const Secret& access_token_secret);
// Does the signature that came along prove that both sides have the same?
bool is_proven(const Secret& live_session_token, std::string_view consumer_key, std::string_view signature_hex);
// HMAC-SHA256, base64.
std::string sign(const Secret& live_session_token, std::string_view bytes);

Result<Secret> decode_base64(std::string_view text, std::string_view what);
Result<Secret> decode_hex(std::string_view text, std::string_view what);
Secret hex_of(const Secret& bytes);  // lower-case

// ---- What the three steps answer

struct AccessToken {
  std::string token;
  std::string secret;  // encrypted, base64
  bool is_paper = false;
};
struct LiveSession {
  std::string diffie_hellman_response;
  std::string signature;
  Timestamp expires_ns = 0;
};
Result<std::string> decode_request_token(std::string_view body);
Result<AccessToken> decode_access_token(std::string_view body);
Result<LiveSession> decode_live_session(std::string_view body);

}  // namespace busbar::ibkr
