#pragma once
// CDP keys: the public half of what a customer signs with, and the JSON Web Tokens that prove it. Written from the
// specification alone, and strict, so that a client's mistake is found here and not at the broker.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/types.h>

#include "tools/venue/engine.hpp"

namespace busbar::venue::coinbase {

using PublicKey = std::shared_ptr<EVP_PKEY>;

// From a public key in PEM, or from any form of the secret: SEC1 or PKCS#8 in PEM with real or written \n, or base64 of
// an Ed25519 seed, with or without the public key behind it. P-256 and Ed25519; null for anything else.
PublicKey public_key_from(std::string_view text);

// A new Ed25519 secret as the broker hands it out: base64 of seed and public key.
std::string make_ed25519_secret();
// And the older kind: P-256, SEC1 in PEM, on one line with \n written out.
std::string make_ecdsa_secret();

struct Token {
  std::string key_name;
  std::string nonce;
  TimeUs expires = 0;
};

// The key that a token names, whether it is right or not.
std::string key_name_of(std::string_view token);

struct TokenRules {
  TimeUs now = 0;
  TimeUs leeway = 0;     // for a clock that is ahead
  TimeUs life_max = 0;   // from nbf to exp
  // "GET api.coinbase.com/api/v3/brokerage/accounts", under each name of the host; none for a stream.
  std::vector<std::string> uris;
};

// The token, or a sentence on what is wrong with it. `key_of` finds the key of a name, or null.
struct TokenVerdict {
  std::optional<Token> token;
  std::string fault;
};
TokenVerdict check_token(std::string_view text, const TokenRules& rules,
                         const std::function<PublicKey(std::string_view key_name)>& key_of);

}  // namespace busbar::venue::coinbase
