#pragma once
// What shows IBKR who we are, at work. Straight it is a consumer, whose requests are signed with a live session token that is
// made here and renewed each day; through IBKR's program on this host it is the login that a person has made there, in cookies.

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gateways/framework/credentials.hpp"
#include "gateways/framework/sessions.hpp"
#include "gateways/ibkr/auth.hpp"
#include "gateways/ibkr/cookies.hpp"
#include "gateways/ibkr/encode.hpp"
#include "gateways/ibkr/facts.hpp"

namespace busbar::ibkr {

class Credential {
 public:
  // Throws std::runtime_error where the keys cannot be used, for start-up.
  Credential(const gateway::Credentials& credentials, const gateway::Url& rest, Line line);

  // Signed, where there is a live session token to sign with. The tape does not see what is secret.
  gateway::HttpRequest whole(const Request& request, Timestamp broker_time_ns) const;
  // The three steps before there is a live session token, for consumers of whom a person is asked.
  Result<gateway::HttpRequest> ask_request_token(Timestamp broker_time_ns) const;
  Result<gateway::HttpRequest> ask_access_token(const Secret& request_token, const Secret& verifier,
                                                Timestamp broker_time_ns) const;
  void take_access(const Secret& token, const Secret& secret);  // both empty: there is none any more
  bool has_access() const { return !is_straight() || !consumer_.access_token.empty(); }
  Result<Secret> decrypted(const Secret& access_token_secret) const {
    return encryption_key_->decrypt(access_token_secret.reveal());
  }

  // The question for a live session token, and our half of it.
  struct Exchange {
    gateway::HttpRequest request;
    KeyExchange half;
  };
  Result<Exchange> begin_exchange(Timestamp broker_time_ns) const;
  // With the other half. When the token ends; an error: both sides do not have the same.
  Result<Timestamp> end_exchange(const KeyExchange& half, std::string_view body);
  void forget_token() { live_ = {}; }

  bool is_straight() const { return line_ == Line::OAuth; }
  bool has_token() const { return !is_straight() || !live_.is_empty(); }
  std::string stream_target(std::string_view target) const;  // with what it wants to know there
  void take_cookies(const gateway::HttpResponse& http);
  // What a login brings comes and goes, and is cut out of all that is told from then on. Both may outlive this.
  void keep_untold(const Secret& secret);
  std::function<void(std::string& text)> cutter() const;
  gateway::OnTape cut_for(gateway::OnTape tape) const;  // empty: empty

 private:
  gateway::HttpRequest signed_by_key(std::string path, const Consumer& consumer, Params more, const Secret& prepend,
                                     Timestamp broker_time_ns) const;
  gateway::HttpRequest plain(const Request& request) const;
  void authorize(gateway::HttpRequest& http, std::string header) const;

  Line line_;
  std::string base_;  // https://api.ibkr.com/v1/api
  std::string root_;  // /v1/api
  Consumer consumer_;
  std::optional<RsaKey> signature_key_;
  std::optional<RsaKey> encryption_key_;
  std::string prime_;
  Secret access_token_secret_;  // encrypted, base64
  Secret live_;
  Cookies cookies_;
  std::shared_ptr<std::deque<Secret>> untold_ = std::make_shared<std::deque<Secret>>();
};

}  // namespace busbar::ibkr
