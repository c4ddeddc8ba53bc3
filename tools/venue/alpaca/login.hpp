#pragma once
// Alpaca Connect, the broker's login for other people's programs: OAuth 2.0 with a code and a client's secret. A token lasts
// until it is taken back: there is no refresh token and no expiry. Pure: the time is handed in.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/venue/alpaca/api.hpp"
#include "tools/venue/server.hpp"

namespace busbar::venue::alpaca {

struct LoginSettings {
  std::string client_id = "busbar", client_secret = "venue-client-secret", account;  // account: who consents
  std::vector<std::string> redirect_uris{"http://127.0.0.1/callback", "http://localhost/callback"};  // there at any port
  bool asks_user = false;  // nobody consents before the control interface says so
  TimeUs code_life = 600'000'000;
};

class Login {
 public:
  Login(Api& api, LoginSettings settings) : api_{api}, settings_{std::move(settings)} {}

  // Under which name rules of faults know the request; empty when its path is neither /oauth/authorize nor /oauth/token.
  std::string_view operation(const Request& request) const;
  Reply answer(const Request& request);
  LoginSettings& settings() { return settings_; }
  bool declines = false;  // the next one who is asked says no
  void withdraw();        // the user takes back what was allowed

 private:
  struct Grant {
    AccountId account = 0;
    std::string redirect_uri, scope;
    TimeUs expires = 0;
  };
  using Fields = std::map<std::string, std::string, std::less<>>;
  Reply ask_for_consent(const Fields& query);
  Reply exchange(const Fields& form);

  Api& api_;
  LoginSettings settings_;
  std::map<std::string, Grant> codes_;
  std::uint64_t made_ = 0;
};

}  // namespace busbar::venue::alpaca
