#pragma once
// The broker's login for other people's programs, OAuth 2.0 as RFC 6749 with PKCE: a browser is sent here, the user says yes
// or no, a code becomes tokens, and a refresh token works once. Pure: the time is handed in. Where the broker is lax, as with
// PKCE, this is strict: a client's mistake is found here.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/venue/coinbase/api.hpp"
#include "tools/venue/form.hpp"
#include "tools/venue/server.hpp"

namespace busbar::venue::coinbase {

struct LoginSettings {
  std::string client_id = "busbar", client_secret = "venue-client-secret", account;  // account: who consents
  std::vector<std::string> redirect_uris{"http://127.0.0.1/callback", "http://localhost/callback"};  // there at any port
  std::string view_scope = "wallet:accounts:read", trade_scope = "wallet:orders:create";  // what a token needs for it
  bool is_pkce_needed = true;
  bool asks_user = false;  // nobody consents before the control interface says so
  TimeUs access_life = 3'600'000'000;
  TimeUs refresh_life = 547LL * 86'400'000'000;  // a year and a half
  TimeUs code_life = 300'000'000;
};

class Login {
 public:
  Login(Api& api, LoginSettings settings, std::uint64_t seed)
      : api_{api}, settings_{std::move(settings)}, seed_{seed} {}

  // Under which name rules of faults know the request; empty when its path is none of /oauth2/auth, /token and /revoke.
  std::string_view operation(const Request& request) const;
  Reply answer(const Request& request);
  LoginSettings& settings() { return settings_; }
  bool declines = false;  // the next one who is asked says no

  // The user takes back what was allowed: no token of a login is good any more.
  void withdraw();
  void end_refresh_tokens();  // they have run out
  std::size_t refresh_token_count() const { return refreshes_.size(); }

 private:
  struct Grant {
    std::uint64_t number = 0;  // of the consent, which all its tokens share
    AccountId account = 0;
    std::string redirect_uri, challenge, scope;
    TimeUs expires = 0;
  };
  using Grants = std::map<std::string, Grant>;
  using Fields = std::map<std::string, std::string, std::less<>>;
  Reply ask_for_consent(const Fields& query);
  Reply exchange(const Fields& form);
  Reply tokens_for(const Grant& grant);
  Reply revoke(const std::string& token);
  bool is_registered(std::string_view redirect_uri) const;
  bool is_client(const Fields& form) const;
  std::optional<Grant> take(Grants& grants, const std::string& name) const;
  std::string make_token(std::string_view kind);

  Api& api_;
  LoginSettings settings_;
  std::uint64_t seed_, made_ = 0, consents_ = 0;
  Grants codes_, refreshes_;
};

}  // namespace busbar::venue::coinbase
