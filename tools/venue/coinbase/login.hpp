#pragma once
// The broker's login for other people's programs, OAuth 2.0 as RFC 6749 with PKCE: a browser is sent here, consent is
// given without asking, a code becomes tokens, and a refresh token works once. Pure: the time is handed in.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/venue/coinbase/api.hpp"
#include "tools/venue/server.hpp"

namespace busbar::venue::coinbase {

struct LoginSettings {
  std::string client_id = "busbar", client_secret = "venue-client-secret", account;  // account: who consents
  TimeUs access_life = 3'600'000'000;
  TimeUs code_life = 300'000'000;
};

class Login {
 public:
  Login(Api& api, LoginSettings settings, std::uint64_t seed)
      : api_{api}, settings_{std::move(settings)}, seed_{seed} {}

  // The answer, when the path is one of its own: /oauth2/auth, /oauth2/token, /oauth2/revoke.
  std::optional<Response> answer(const Request& request);
  LoginSettings& settings() { return settings_; }
  bool declines = false;  // the next one who is asked says no

 private:
  struct Grant {
    AccountId account = 0;
    std::string redirect_uri, challenge, scope;
    TimeUs expires = 0;
  };
  using Fields = std::map<std::string, std::string, std::less<>>;
  Response ask_for_consent(const Fields& query);
  Response exchange(const Fields& form);
  Response tokens_for(const Grant& grant);
  std::string make_token(std::string_view kind);

  Api& api_;
  LoginSettings settings_;
  std::uint64_t seed_, made_ = 0;
  std::map<std::string, Grant> codes_, refreshes_;
};

// "a=1&b=%20" into its members.
std::vector<std::pair<std::string, std::string>> form_fields(std::string_view text);

}  // namespace busbar::venue::coinbase
