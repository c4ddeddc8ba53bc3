#pragma once
// Proof Key for Code Exchange (RFC 7636), S256 alone: whoever catches the code of a login cannot use it without the
// verifier, which has not left us before.

#include <string>
#include <string_view>

#include "gateways/framework/vault/cipher.hpp"

namespace busbar::login {

vault::Secret draw_verifier();  // 43 characters from 32 random bytes
// Refuses what is not 43 to 128 of A-Z a-z 0-9 - . _ ~.
Result<std::string> challenge_of(std::string_view verifier);

}  // namespace busbar::login
