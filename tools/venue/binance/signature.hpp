#pragma once
// Proof that a request comes from the holder of a key: HMAC-SHA256 in hex, or an RSA or Ed25519 signature in base64.

#include <cstdint>
#include <string>
#include <string_view>

namespace busbar::venue::binance {

enum class KeyKind : std::uint8_t { Hmac, Rsa, Ed25519, Unknown };
// Of an HMAC secret, or of a public key in PEM.
KeyKind kind_of(std::string_view key);

// Lower-case hex.
std::string hmac_sha256(std::string_view secret, std::string_view payload);

// `key`: an HMAC secret, or a public key in PEM (RSA or Ed25519).
bool is_signed(std::string_view key, std::string_view payload, std::string_view signature);

// What a REST request signs: query and body, one right after the other, without the signature parameter.
std::string signing_payload(std::string_view query, std::string_view body);

}  // namespace busbar::venue::binance
