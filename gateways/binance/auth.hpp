#pragma once
// How Binance knows that a request is ours. Signs with HMAC-SHA256, RSA (PKCS1 v1.5, SHA-256) or Ed25519; the kind is
// the key's. The bytes that are signed are the bytes that are sent: they are built once, here. They are percent-encoded
// before they are signed: since 2026-01-15 Binance refuses the other order.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/framework/query.hpp"

namespace busbar::binance {

inline constexpr std::string_view api_key_header = "X-MBX-APIKEY";

using gateway::Params;
using gateway::percent_encode;
using gateway::query_of;

class Signer {
 public:
  static Result<Signer> hmac(std::string_view secret);
  // A PKCS#8 private key, RSA or Ed25519: PEM, or its base64 alone on one line. `passphrase` opens an encrypted PEM.
  static Result<Signer> private_key(std::string_view text, std::string_view passphrase = {});
  Signer(Signer&&) noexcept;
  Signer& operator=(Signer&&) noexcept;
  ~Signer();

  // Hex in lower case for HMAC, base64 for the others; as a header or a JSON member wants it, not percent-encoded.
  std::string sign(std::string_view payload) const;

 private:
  struct Impl;
  explicit Signer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// REST signs the query followed at once by the body.
std::string rest_payload(std::string_view query, std::string_view body);
// &signature=..., percent-encoded where base64 needs it, appended last.
std::string with_signature(std::string query, std::string_view signature);

// The WebSocket API signs its params sorted by name and not percent-encoded.
std::string ws_payload(Params params);

}  // namespace busbar::binance
