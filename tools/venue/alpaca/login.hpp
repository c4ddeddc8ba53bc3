#pragma once
// Alpaca Connect, the broker's login for other people's programs: OAuth 2.0 with a code and a client's secret. A token lasts
// until it is taken back: there is no refresh token and no expiry. Pure: the time is handed in.

#include <map>
#include <string>
#include <string_view>

#include "tools/venue/alpaca/api.hpp"
#include "tools/venue/oauth_login.hpp"

namespace busbar::venue::alpaca {

using LoginSettings = OAuthSettings;

class Login final : public OAuthLogin {
 public:
  Login(Api& api, LoginSettings settings) : api_{api}, settings_{std::move(settings)} {}

  std::string_view operation(const Request& request) const override;  // of /oauth/authorize and /oauth/token
  Reply answer(const Request& request) override;
  LoginSettings& settings() override { return settings_; }
  void withdraw() override;

 private:
  struct Grant {
    AccountId account = 0;
    std::string redirect_uri, scope;
    TimeUs expires = 0;
  };
  Reply ask_for_consent(const Fields& query);
  Reply exchange(const Fields& form);

  Api& api_;
  LoginSettings settings_;
  std::map<std::string, Grant> codes_;
  std::uint64_t made_ = 0;
};

}  // namespace busbar::venue::alpaca
