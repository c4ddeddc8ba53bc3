#pragma once
// One CDP key at work, or a person's login: the token of a request, and of a subscription.

#include <optional>
#include <string>
#include <string_view>

#include "bus/clock.hpp"
#include "gateways/coinbase/auth.hpp"
#include "gateways/coinbase/encode.hpp"
#include "gateways/coinbase/tokens_ahead.hpp"
#include "gateways/framework/login/access_token.hpp"
#include "gateways/framework/sessions.hpp"

namespace busbar::coinbase {

class Credential {
 public:
  Credential(Signer signer, std::string key_name, const gateway::Url& rest, std::int64_t life_s = token_life_s)
      : signer_{std::move(signer)},
        key_name_{std::move(key_name)},
        life_s_{life_s},
        ahead_{life_s},
        host_{rest.port == "443" ? rest.host : rest.host + ":" + rest.port} {}
  explicit Credential(const login::AccessToken& login) : login_{&login} {}

  // With a token, which the tape does not see.
  gateway::HttpRequest whole(const Request& request, Timestamp broker_time_ns) {
    gateway::HttpRequest http;
    http.method = request.method;
    http.target = request.target();
    http.body = request.body;
    if (!http.body.empty()) http.content_type = "application/json";
    if (request.security == Security::Signed) {
      http.headers.emplace_back("Authorization", authorization(request.method, request.path, broker_time_ns));
      http.secret_headers = secret_headers;
    }
    return http;
  }
  // What the next order, cancel and edit will show. A login's token there is already.
  void make_ahead(Timestamp broker_time_ns) {
    if (login_ != nullptr) return;
    ahead_.make({broker_time_ns, boottime_now_ns()},
                [&](std::string_view path) { return bearer("POST", path, broker_time_ns); });
  }
  void drop_ahead() { ahead_.drop(); }
  std::string stream_token(Timestamp broker_time_ns) const { return token({}, broker_time_ns); }

 private:
  static constexpr std::string_view secret_headers[] = {"Authorization"};

  std::string authorization(std::string_view method, std::string_view path, Timestamp broker_time_ns) {
    std::string made;
    if (login_ == nullptr && method == "POST") made = ahead_.take(path, {broker_time_ns, boottime_now_ns()});
    return made.empty() ? bearer(method, path, broker_time_ns) : made;
  }
  std::string bearer(std::string_view method, std::string_view path, Timestamp broker_time_ns) const {
    return "Bearer " + token(token_uri(method, host_, path), broker_time_ns);
  }
  std::string token(std::string_view uri, Timestamp broker_time_ns) const {
    if (login_ != nullptr) return std::string{login_->reveal()};
    return make_token(*signer_, key_name_, uri, broker_time_ns / 1'000'000'000, make_nonce(), life_s_);
  }

  std::optional<Signer> signer_;
  const login::AccessToken* login_ = nullptr;  // in its place
  std::string key_name_;
  std::int64_t life_s_ = token_life_s;
  TokensAhead ahead_{token_life_s};
  std::string host_;
};

}  // namespace busbar::coinbase
