// What a browser, a person and a vault bring to a login: redirects, pasted addresses, tokens, seeds of one-time codes.

#include <cstdint>
#include <cstdlib>

#include "gateways/framework/login/encoding.hpp"
#include "gateways/framework/login/pkce.hpp"
#include "gateways/framework/login/redirect.hpp"
#include "gateways/framework/login/tokens.hpp"

using namespace busbar;
using namespace busbar::login;

namespace {

void check_refusal(const Error& error) {
  if (error.text.empty() || !is_words(error.text)) std::abort();
}

void check_code(const Result<vault::Secret>& code) {
  if (!code) return check_refusal(code.error());
  if (code->is_empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Expected expected{"/callback", vault::Secret{"drawn"}};
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data + 1), size - 1};
  switch (data[0] % 5) {
    case 0: check_code(code_of(text, expected)); break;
    case 1: check_code(code_of_pasted(text, expected)); break;
    case 2:
      if (const auto tokens = parse_tokens(text); !tokens) {
        check_refusal(tokens.error());
      } else if (!parse_tokens(write(*tokens).reveal())) {
        std::abort();
      }
      break;
    case 3:
      if (const auto seed = decode_base32(text); !seed) check_refusal(seed.error());
      break;
    default:
      if (const auto challenge = challenge_of(text); challenge && challenge->size() != 43) std::abort();
  }
  return 0;
}
