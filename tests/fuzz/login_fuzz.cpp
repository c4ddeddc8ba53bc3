// What a browser, a person, a broker and a vault bring to a login: redirects, pasted addresses, answers with tokens, tokens,
// seeds of one-time codes.

#include <cstdint>
#include <cstdlib>

#include "gateways/framework/login/encoding.hpp"
#include "gateways/framework/login/oauth.hpp"
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

// What is taken can be kept, and sent in a header and a form.
void check_tokens(const Result<Tokens>& tokens) {
  if (!tokens) return check_refusal(tokens.error());
  const auto again = parse_tokens(write(*tokens).reveal());
  if (!again || again->access.reveal() != tokens->access.reveal() || again->refresh.reveal() != tokens->refresh.reveal()) {
    std::abort();
  }
  if (refresh_form({}, tokens->refresh.reveal()).find_first_of(" \r\n") != std::string::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Expected expected{"/callback", vault::Secret{"drawn"}};
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data + 1), size - 1};
  switch (data[0] % 8) {
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
    case 4: check_tokens(tokens_of_answer(200, text, 0)); break;
    case 5:
      check_tokens(tokens_of_answer(400, text, 0));
      if (revocation_of_answer(400, text)) std::abort();
      break;
    case 6:
      static_cast<void>(parameter_of(text, "state"));
      if (is_loopback(text) && !text.starts_with("http://127.0.0.1:")) std::abort();
      break;
    default:
      if (const auto challenge = challenge_of(text); challenge && challenge->size() != 43) std::abort();
  }
  return 0;
}
