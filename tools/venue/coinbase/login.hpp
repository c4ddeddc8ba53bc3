#pragma once
// The broker's login for other people's programs, OAuth 2.0 as RFC 6749 with PKCE: a browser is sent here, the user says yes
// or no, a code becomes tokens, and a refresh token works once. Pure: the time is handed in. Where the broker is lax, as with
// PKCE, this is strict: a client's mistake is found here.

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tools/venue/coinbase/api.hpp"
#include "tools/venue/number.hpp"
#include "tools/venue/oauth_login.hpp"

namespace busbar::venue::coinbase {

struct LoginSettings : OAuthSettings {
  LoginSettings() { code_life = 300'000'000; }
  std::string view_scope = "wallet:accounts:read", trade_scope = "wallet:orders:create";  // what a token needs for it
  bool is_pkce_needed = true;
  TimeUs access_life = 3'600'000'000;
  TimeUs refresh_life = 547LL * 86'400'000'000;  // a year and a half
};

constexpr Number<LoginSettings> login_lives[] = {
    {"access_life_s", &LoginSettings::access_life, 1, 1'000'000'000, 1'000'000},
    {"refresh_life_s", &LoginSettings::refresh_life, 1, 1'000'000'000, 1'000'000},
};

class Login final : public OAuthLogin {
 public:
  Login(Api& api, LoginSettings settings, std::uint64_t seed)
      : api_{api}, settings_{std::move(settings)}, seed_{seed} {}

  std::string_view operation(const Request& request) const override;  // of /oauth2/auth, /token and /revoke
  Reply answer(const Request& request) override;
  LoginSettings& settings() override { return settings_; }
  void withdraw() override;
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
  Reply ask_for_consent(const Fields& query);
  Reply exchange(const Fields& form);
  Reply tokens_for(const Grant& grant);
  Reply revoke(const std::string& token);
  std::optional<Grant> take(Grants& grants, const std::string& name) const;
  std::string make_token(std::string_view kind);

  Api& api_;
  LoginSettings settings_;
  std::uint64_t seed_, made_ = 0, consents_ = 0;
  Grants codes_, refreshes_;
};

}  // namespace busbar::venue::coinbase
