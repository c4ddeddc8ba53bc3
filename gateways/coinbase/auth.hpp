#pragma once
// How Coinbase knows that a request is ours: a JSON Web Token, made anew for each request and each subscription, signed
// with the key of the Coinbase Developer Platform: ES256 (P-256) or EdDSA (Ed25519), as the key is.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bus/messages.hpp"

namespace busbar::coinbase {

class Signer {
 public:
  // What Coinbase gives out as `privateKey`: a P-256 key in PEM (SEC1 or PKCS#8), an Ed25519 key in PEM or as base64 of
  // its 32 bytes or of those and the 32 public ones. A line break may be written as \n. Or the whole file that it is
  // downloaded in,
  // {"name":...,"privateKey":...}; then the name must be `key_name`. No error shows any of it.
  static Result<Signer> of(std::string_view secret, std::string_view key_name = {});
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;
  ~Signer();

  std::string_view algorithm() const;  // ES256, EdDSA
  // 64 bytes as JWS wants them: r and s side by side, and no DER.
  std::string sign(std::string_view bytes) const;

 private:
  struct Impl;
  explicit Signer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

inline constexpr std::int64_t token_life_s = 120;  // so long, Coinbase takes it

// "GET api.coinbase.com/api/v3/brokerage/accounts": the request that a token is good for. The query is no part of it.
std::string token_uri(std::string_view method, std::string_view host, std::string_view target);

// Empty `uri`: for a WebSocket.
std::string make_token(const Signer& signer, std::string_view key_name, std::string_view uri, std::int64_t now_s,
                       std::string_view nonce, std::int64_t life_s = token_life_s);

// 16 random bytes as hex.
std::string make_nonce();

}  // namespace busbar::coinbase
