#pragma once
// Who calls: consumers with their keys, access tokens, the live session token that each of them has now, and the logins at
// the gateway program. It answers the three steps of OAuth 1.0a and the browser's visit between them.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/value.hpp>

#include "tools/venue/ibkr/oauth.hpp"
#include "tools/venue/rest.hpp"

namespace busbar::venue::ibkr {

using UserId = std::size_t;  // a name that logs in; several may trade one account

using Reply = RestReply;
Reply refused(unsigned status, std::string_view error);     // {"error","statusCode"}
Reply unauthorized(std::string why);                        // which the caller is not told

struct Consumer {
  std::string key;
  RsaKey signature_key, encryption_key;
  std::string dh_prime;  // hex
  UserId user = 0;         // who consents at a login
  bool is_pending = false; // works after the next reset only
  bool is_revoked = false;
};

struct AccessToken {
  std::string token, secret;  // the secret as bytes
  std::size_t consumer = 0;
  UserId user = 0;
  bool is_revoked = false;
  std::string live;        // the live session token, as bytes
  TimeUs live_until = 0;
};

struct IdentityRules {
  std::vector<std::string> hosts{"api.ibkr.com", "1.api.ibkr.com", "2.api.ibkr.com"};  // besides the one that was called
  TimeUs leeway = 300'000'000;     // between a request's timestamp and the venue's clock
  TimeUs backward = 30'000'000;    // a timestamp may lie so far before the newest of its consumer
  bool is_query_signed = true;     // false: what leaves it out is taken as well, as IBKR does today
  TimeUs live_life = 86'400'000'000;
  bool declines = false;           // the next user who is asked says no
};

class Identity {
 public:
  Identity(IdentityRules rules, std::function<TimeUs()> now) : rules_{std::move(rules)}, now_{std::move(now)} {}

  // "oauth.request_token", "oauth.authorize", "oauth.access_token", "oauth.live_session_token"; empty: none of these.
  static std::string_view operation(std::string_view path);
  Reply answer(const Request& request);

  // Whose request this is by its signature; nothing, and why.
  std::optional<UserId> caller_of(const Request& request, std::string& why);
  // Whose token comes with a request, proven or not.
  std::optional<UserId> user_named(const Request& request) const;
  const AccessToken* token_named(std::string_view token) const;

  std::vector<Consumer>& consumers() { return consumers_; }
  std::vector<AccessToken>& tokens() { return tokens_; }
  IdentityRules& rules() { return rules_; }

 private:
  struct Login {  // between its steps
    std::size_t consumer = 0;
    std::string callback, verifier;
  };
  using Members = std::map<std::string, std::string>;
  Consumer* consumer_named(const std::string& key);
  // Empty when timestamp and nonce are good, or why not.
  std::string fault_of(const Members& members);
  // Every form of the signed text that may be meant: one for each host.
  std::vector<std::string> signed_texts(const Request& request, const Members& members) const;
  bool is_signed(const Request& request, const Members& members, const Consumer& consumer,
                 const std::string& prepend) const;

  Reply authorize(const Request& request);
  Reply request_token(const Members& members, std::size_t consumer);
  Reply access_token(const Members& members, std::size_t consumer);
  Reply live_session_token(const Members& members, AccessToken& token);

  IdentityRules rules_;
  std::function<TimeUs()> now_;
  std::vector<Consumer> consumers_;
  std::vector<AccessToken> tokens_;
  std::map<std::string, Login> logins_;  // by request token
  std::map<std::string, TimeUs> nonces_;
  std::map<std::string, std::int64_t> newest_;  // timestamp, by consumer
};

}  // namespace busbar::venue::ibkr
