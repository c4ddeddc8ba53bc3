#pragma once
// The end of a login in the browser (RFC 8252): it is sent to a page of ours on 127.0.0.1 with a code, which is good for one
// exchange. Pure: what was asked for, and whether it is the answer to what we asked.

#include <string>
#include <string_view>

#include "gateways/framework/vault/cipher.hpp"

namespace busbar::login {

struct Expected {
  std::string path;   // "/callback"
  vault::Secret state;  // drawn for this login alone
};

// The code in a request's target, "/callback?code=...&state=...", or with oauth_verifier and oauth_token in their place. Refused: another path, another state, a parameter twice,
// what is no query: AuthenticationFailed. PermissionDenied: it is the answer, and the broker's own no, in its words.
Result<vault::Secret> code_of(std::string_view target, const Expected& expected);

// The same out of what a person pastes on a host without a browser: the whole address the browser went to.
Result<vault::Secret> code_of_pasted(std::string_view address, const Expected& expected);

// The value of a parameter of an address; empty where there is none.
std::string parameter_of(std::string_view url, std::string_view name);

}  // namespace busbar::login
