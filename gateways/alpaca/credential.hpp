#pragma once
// One key at work, or a person's login: what proves a request, and what opens a stream.

#include <string>

#include "gateways/alpaca/encode.hpp"
#include "gateways/alpaca/wire.hpp"
#include "gateways/framework/credentials.hpp"
#include "gateways/framework/login/access_token.hpp"
#include "gateways/framework/redact.hpp"
#include "gateways/framework/sessions.hpp"

namespace busbar::alpaca {

class Credential {
 public:
  explicit Credential(const gateway::Credentials& key) : key_{&key} {}
  explicit Credential(const login::AccessToken& login) : login_{&login} {}

  // With what proves it, which the tape does not see.
  gateway::HttpRequest whole(const Request& request) const {
    gateway::HttpRequest http;
    http.method = request.method;
    http.target = request.target();
    http.body = request.body;
    if (!http.body.empty()) http.content_type = "application/json";
    http.headers = login_ != nullptr ? token_headers(login_->reveal())
                                     : key_headers(key_->api_key.reveal(), key_->secret.reveal());
    http.secret_headers = secret_headers;
    return http;
  }

  // A message, and how the tape sees it.
  struct Message {
    std::string text;
    std::string redacted;
  };
  Message order_login() const {
    if (login_ == nullptr) return key_login();
    return {encode_stream_login_by_token(login_->reveal()), encode_stream_login_by_token(gateway::cut_mark)};
  }
  // Market data take a token in the place of a key's secret.
  Message data_login() const {
    if (login_ == nullptr) return key_login();
    return {encode_stream_login("oauth", login_->reveal()), encode_stream_login("oauth", gateway::cut_mark)};
  }

 private:
  static constexpr std::string_view secret_headers[] = {"APCA-API-KEY-ID", "APCA-API-SECRET-KEY", "Authorization"};

  Message key_login() const {
    return {encode_stream_login(key_->api_key.reveal(), key_->secret.reveal()),
            encode_stream_login(key_->api_key.reveal(), gateway::cut_mark)};
  }

  const gateway::Credentials* key_ = nullptr;
  const login::AccessToken* login_ = nullptr;  // in its place
};

// As the stream speaks; people read JSON on the tape.
inline Credential::Message in_format(Credential::Message message, bool is_msgpack) {
  if (!is_msgpack) return message;
  if (message.redacted.empty()) message.redacted = message.text;
  message.text = packed(message.text);
  return message;
}

}  // namespace busbar::alpaca
