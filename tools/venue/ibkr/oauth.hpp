#pragma once
// OAuth 1.0a as this broker has it, from its side: what a request's signature covers, whether it is right, and the live
// session token that both sides make by Diffie-Hellman. Pure.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <openssl/types.h>

namespace busbar::venue::ibkr {

using RsaKey = std::shared_ptr<EVP_PKEY>;
using Fields = std::vector<std::pair<std::string, std::string>>;

RsaKey private_key_from(std::string_view pem);  // line breaks may be written as \n; null for what is none
std::string make_private_key();                 // 2048 bits, PEM in one line with \n
std::string well_known_prime();                 // 2048 bits, hex: group 14 of RFC 3526
std::string random_bytes(std::size_t count);

// The members of "OAuth realm=..., oauth_token=..., ...", the signature decoded; nothing where that is not what it is,
// or has a member twice.
std::optional<std::map<std::string, std::string>> members_of(std::string_view authorization);

// METHOD & url & list: names and values are decoded, sorted, joined and then encoded once.
std::string base_string(std::string_view method, std::string_view url, Fields list);

bool is_signed_by(EVP_PKEY* key, std::string_view signature_base64, std::string_view text);  // RSA-SHA256, PKCS#1 v1.5
std::string hmac_sha256(std::string_view key, std::string_view text);                        // base64

std::string encrypted(EVP_PKEY* key, std::string_view bytes);                  // PKCS#1 v1.5, base64
std::optional<std::string> decrypted(EVP_PKEY* key, std::string_view base64);

// One exchange from this side: the half that goes back, and the token.
struct Agreement {
  std::string response;  // hex
  std::string token;     // bytes
};
std::optional<Agreement> agree(std::string_view challenge_hex, std::string_view prime_hex, std::string_view secret);
std::string token_signature(std::string_view token, std::string_view consumer_key);  // hex

std::string hex_of(std::string_view bytes);
std::string base64_of(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);

}  // namespace busbar::venue::ibkr
