#include "gateways/ibkr/credential.hpp"

#include <algorithm>
#include <stdexcept>

#include "gateways/framework/redact.hpp"

namespace busbar::ibkr {

namespace {

RsaKey make_key(const Secret& pem, std::string_view what) {
  auto key = RsaKey::of(pem.reveal(), what);
  if (!key) throw std::runtime_error{"IBKR credentials: " + key.error().text};
  return *std::move(key);
}

}  // namespace

Credential::Credential(const gateway::Credentials& credentials, const gateway::Url& rest, Line line)
    : line_{line},
      base_{"https://" + rest.host + (rest.port == "443" ? "" : ":" + rest.port) + rest.target},
      root_{rest.target} {
  if (!is_straight()) {
    if (credentials.is_none()) return;
    throw std::runtime_error{"IBKR credentials: through IBKR's own program, way = \"gateway\", a person logs in there: "
                             "credentials = \"none\""};
  }
  const auto& consumer = credentials.consumer;
  // Without tokens a person has to be asked, and they are kept in the vault.
  if (!credentials.is_consumer() || (consumer.access_token.is_empty() && !credentials.kept_in)) {
    throw std::runtime_error{"IBKR credentials: consumer_key, access_token, access_token_secret, signature_key, "
                             "encryption_key and dh_prime are wanted"};
  }
  consumer_ = {.key = std::string{consumer.key.reveal()}, .access_token = std::string{consumer.access_token.reveal()}};
  signature_key_ = make_key(consumer.signature_key, "signature_key");
  encryption_key_ = make_key(consumer.encryption_key, "encryption_key");
  prime_ = std::string{consumer.dh_prime.reveal()};
  access_token_secret_ = consumer.access_token_secret;
  keep_untold(consumer.access_token);
  keep_untold(consumer.access_token_secret);
  if (const auto half = KeyExchange::of(prime_, 2, KeyExchange::make_random()); !half) {
    throw std::runtime_error{"IBKR credentials: dh_prime: " + half.error().text};
  }
}

gateway::HttpRequest Credential::plain(const Request& request) const {
  gateway::HttpRequest http;
  http.method = request.method;
  http.target = root_ + request.target();
  http.body = request.body;
  if (!http.body.empty()) http.content_type = "application/json";
  static constexpr std::string_view secret_members[] = {"session"};
  http.secret_members = secret_members;  // of a tickle: with it the stream can be opened
  return http;
}

void Credential::authorize(gateway::HttpRequest& http, std::string header) const {
  http.headers.emplace_back("Authorization", std::move(header));
  static constexpr std::string_view secret_headers[] = {"Authorization"};
  http.secret_headers = secret_headers;
}

gateway::HttpRequest Credential::whole(const Request& request, Timestamp broker_time_ns) const {
  gateway::HttpRequest http = plain(request);
  if (!is_straight()) {
    if (std::string cookies = cookies_.header(); !cookies.empty()) {
      http.headers.emplace_back("Cookie", std::move(cookies));
      static constexpr std::string_view secret_headers[] = {"Cookie"};
      http.secret_headers = secret_headers;
    }
    return http;
  }
  if (live_.is_empty()) return http;
  const SignedParts parts{.method = request.method,
                          .url = base_ + request.path,
                          .query = request.query,
                          .oauth = oauth_params(consumer_, hmac_sha256, make_nonce(), broker_time_ns / 1'000'000'000)};
  authorize(http, authorization(consumer_.realm(), parts.oauth, sign(live_, base_string(parts))));
  return http;
}

gateway::HttpRequest Credential::signed_by_key(std::string path, const Consumer& consumer, Params more,
                                               const Secret& prepend, Timestamp broker_time_ns) const {
  const Request request{.method = "POST", .path = std::move(path), .query = {}, .body = {}};
  const SignedParts parts{.method = request.method,
                          .url = base_ + request.path,
                          .query = {},
                          .oauth = oauth_params(consumer, rsa_sha256, make_nonce(), broker_time_ns / 1'000'000'000,
                                                std::move(more))};
  gateway::HttpRequest http = plain(request);
  authorize(http, authorization(consumer.realm(), parts.oauth, signature_key_->sign(base_string(parts), prepend)));
  static constexpr std::string_view secret_members[] = {"oauth_token", "oauth_token_secret", "diffie_hellman_response",
                                                        "live_session_token_signature"};
  http.secret_members = secret_members;
  return http;
}

Result<gateway::HttpRequest> Credential::ask_request_token(Timestamp broker_time_ns) const {
  const Consumer nobody{.key = consumer_.key, .access_token = {}};
  return signed_by_key("/oauth/request_token", nobody, {{"oauth_callback", "oob"}}, {}, broker_time_ns);
}

Result<gateway::HttpRequest> Credential::ask_access_token(const Secret& request_token, const Secret& verifier,
                                                          Timestamp broker_time_ns) const {
  const Consumer asked{.key = consumer_.key, .access_token = std::string{request_token.reveal()}};
  Params more{{"oauth_verifier", std::string{verifier.reveal()}}};
  return signed_by_key("/oauth/access_token", asked, std::move(more), {}, broker_time_ns);
}

void Credential::take_access(const Secret& token, const Secret& secret) {
  keep_untold(token);
  keep_untold(secret);
  consumer_.access_token = std::string{token.reveal()};
  access_token_secret_ = secret;
  forget_token();
}

Result<Credential::Exchange> Credential::begin_exchange(Timestamp broker_time_ns) const {
  const auto secret = decrypted(access_token_secret_);
  if (!secret) return secret.error();
  auto half = KeyExchange::of(prime_, 2, KeyExchange::make_random());
  if (!half) return half.error();
  Params more{{"diffie_hellman_challenge", half->challenge()}};
  auto http = signed_by_key("/oauth/live_session_token", consumer_, std::move(more), *secret, broker_time_ns);
  return Exchange{std::move(http), *std::move(half)};
}

Result<Timestamp> Credential::end_exchange(const KeyExchange& half, std::string_view body) {
  const auto answer = decode_live_session(body);
  if (!answer) return answer.error();
  const auto shared = half.shared(answer->diffie_hellman_response);
  if (!shared) return shared.error();
  const auto secret = decrypted(access_token_secret_);
  if (!secret) return secret.error();
  Secret live = live_session_token(*shared, *secret);
  if (!is_proven(live, consumer_.key, answer->signature)) {
    return Error{ErrorCode::AuthenticationFailed,
                 "the live session token is not the one that IBKR has: encryption_key, dh_prime or access_token_secret is "
                 "another consumer's"};
  }
  live_ = std::move(live);
  return answer->expires_ns;
}

std::string Credential::stream_target(std::string_view target) const {
  if (!is_straight()) return std::string{target};
  return std::string{target} + "?" + gateway::query_of({{"oauth_token", consumer_.access_token}});
}

void Credential::take_cookies(const gateway::HttpResponse& http) {
  if (is_straight()) return;
  for (const auto& [name, value] : http.headers) {
    if (name == "set-cookie") cookies_.take(value);
  }
}

void Credential::keep_untold(const Secret& secret) {
  constexpr std::size_t most = 16;
  if (secret.is_empty()) return;
  untold_->push_back(secret);
  if (untold_->size() > most) untold_->pop_front();
}

std::function<void(std::string& text)> Credential::cutter() const {
  return [untold = untold_](std::string& text) {
    for (const Secret& secret : *untold) gateway::cut_secret(text, secret.reveal());
  };
}

gateway::OnTape Credential::cut_for(gateway::OnTape tape) const {
  if (!tape) return tape;
  return [untold = untold_, tape = std::move(tape)](Tape record) {
    for (const Secret& secret : *untold) {
      for (std::string* text : {&record.target, &record.headers, &record.error}) {
        gateway::cut_secret(*text, secret.reveal());
      }
      gateway::cut_secret(record.body, secret.reveal());
    }
    tape(std::move(record));
  };
}

}  // namespace busbar::ibkr
