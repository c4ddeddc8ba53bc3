#pragma once
// A broker's login for other people's programs, OAuth 2.0: a browser is sent here, the user says yes or no, and a code
// becomes a token. What tokens are, and the words of refusals, are its descendants'. Pure: the time is handed in.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/venue/rest.hpp"

namespace busbar::venue {

struct OAuthSettings {
  std::string client_id = "busbar", client_secret = "venue-client-secret", account;  // account: who consents
  std::vector<std::string> redirect_uris{"http://127.0.0.1/callback", "http://localhost/callback"};  // there at any port
  bool asks_user = false;  // nobody consents before the control interface says so
  TimeUs code_life = 600'000'000;
};

class OAuthLogin {
 public:
  virtual ~OAuthLogin() = default;
  // Under which name rules of faults know the request; "login.consent" is a browser's. Empty when its path is none of a
  // login's.
  virtual std::string_view operation(const Request& request) const = 0;
  virtual RestReply answer(const Request& request) = 0;
  virtual OAuthSettings& settings() = 0;
  virtual void withdraw() = 0;  // the user takes back what was allowed: no token of a login is good any more
  bool declines = false;        // the next one who is asked says no

 protected:
  using Fields = std::map<std::string, std::string, std::less<>>;
  // Of a browser's query, or of a client's form. Returns the name of one that is there twice, or nothing.
  static std::optional<std::string> read(const Request& request, Fields& fields);
  static std::string value_of(const Fields& fields, std::string_view name);  // empty when absent
  bool is_client(const Fields& form);
  bool is_registered(std::string_view redirect_uri);
  // The browser goes back to where it came from, with these members of a query.
  static RestReply sent_back(const Fields& query, const std::string& what);
};

// Each of them stands between some of these characters.
std::vector<std::string> scopes_in(std::string_view text, std::string_view between = " ");
bool has_scope(std::string_view text, std::string_view wanted, std::string_view between = " ");

}  // namespace busbar::venue
