#pragma once
// Bytes as text, the ways of RFC 4648 that logins need.

#include <span>
#include <string>
#include <string_view>

#include "gateways/framework/vault/cipher.hpp"

namespace busbar::login {

// As the seeds of one-time codes are given out: with or without padding, in either case. Spaces between groups, letters of
// another alphabet and bits left over are refused.
Result<vault::Secret> decode_base32(std::string_view text);

}  // namespace busbar::login
