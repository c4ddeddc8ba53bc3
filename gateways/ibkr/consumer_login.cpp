#include "gateways/ibkr/consumer_login.hpp"

#include <stdexcept>

#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "gateways/framework/login/oauth.hpp"
#include "gateways/framework/login/redirect.hpp"
#include "gateways/ibkr/errors.hpp"

namespace busbar::ibkr {

namespace {

constexpr std::int64_t attempt_life_ns = 600'000'000'000;  // so long a browser may take

}  // namespace

ConsumerLogin::ConsumerLogin(gateway::AdapterContext& context, gateway::RestLine& rest, Credential& credential,
                             std::string authorize)
    : context_{context}, rest_{rest}, credential_{credential}, authorize_{std::move(authorize)} {
  const gateway::Credentials& known = context.credentials;
  if (!known.is_consumer() || !known.kept_in || !known.consumer.access_token.is_empty()) return;
  store_.emplace(vault::Store{*known.kept_in}, known.tokens);
  const auto tokens = store_->read();
  if (!tokens) throw std::runtime_error{"tokens of the login: " + tokens.error().text};
  if (!tokens->access.is_empty()) credential_.take_access(tokens->access, tokens->refresh);
}

std::string ConsumerLogin::log_in() const {
  return "nobody has allowed it to trade yet: busbar login " + std::string{view(context_.account)};
}

// The line sends it once: a verifier is good for one token.
asio::awaitable<Result<std::string>> ConsumerLogin::post(Result<gateway::HttpRequest> request, std::string_view path) {
  if (!request) co_return request.error();
  gateway::RestLine::Make make = [http = *std::move(request)](Timestamp) { return http; };
  gateway::Sent sent = co_await rest_.send(std::move(make));
  if (sent.is_held_back) co_return Error{ErrorCode::RateLimited, sent.http.error};
  if (sent.http.outcome != gateway::HttpOutcome::Answered) co_return Error{ErrorCode::ConnectionError, sent.http.error};
  const Judged judged = judge("GET", path, sent.http.status, sent.http.body);
  if (judged.verdict == Verdict::Ok) co_return std::move(sent.http.body);
  co_return Error{judged.error, judged.broker ? explained(*judged.broker) : "HTTP " + std::to_string(sent.http.status)};
}

asio::awaitable<Result<void>> ConsumerLogin::prepare() {
  if (!request_token_.is_empty() && boottime_now_ns() < request_token_until_ns_ - attempt_life_ns / 2) {
    co_return Result<void>{};
  }
  auto request = credential_.ask_request_token(rest_.broker_time_ns());
  auto body = co_await post(std::move(request), "/oauth/request_token");
  if (!body) co_return body.error();
  const auto token = decode_request_token(*body);
  if (!token) co_return token.error();
  request_token_ = Secret{*token};
  credential_.keep_untold(request_token_);
  request_token_until_ns_ = boottime_now_ns() + attempt_life_ns;
  co_return Result<void>{};
}

void ConsumerLogin::prepare_beside() {
  if (!std::exchange(is_preparing_, true)) gateway::spawn(context_.loop, prepare_and_tell());
}

asio::awaitable<void> ConsumerLogin::prepare_and_tell() {
  const auto prepared = co_await prepare();
  is_preparing_ = false;
  if (!prepared) spdlog::warn("{}: request token: {}", view(context_.account), prepared.error().text);
}

Result<std::string> ConsumerLogin::auth_url(const std::string& redirect_uri) {
  if (!login::is_loopback(redirect_uri)) {
    return Error{ErrorCode::InvalidMessage, "url: a login ends at http://127.0.0.1:PORT/callback and nowhere else"};
  }
  if (request_token_.is_empty() || boottime_now_ns() >= request_token_until_ns_) {
    prepare_beside();
    return Error{ErrorCode::ConnectionError, "IBKR is asked for a request token: again in a moment"};
  }
  return authorize_ + "?" + gateway::query_of({{"oauth_token", std::string{request_token_.reveal()}},
                                               {"redirect_uri", redirect_uri}});
}

asio::awaitable<Result<void>> ConsumerLogin::handle_callback(std::string url) {
  if (request_token_.is_empty() || boottime_now_ns() >= request_token_until_ns_) {
    co_return Error{ErrorCode::AuthenticationFailed, "no login was begun, or it took longer than ten minutes"};
  }
  const auto verifier = login::code_of_pasted(url, {.path = std::string{login::callback_path}, .state = request_token_});
  if (!verifier) co_return verifier.error();
  credential_.keep_untold(*verifier);
  const Secret request_token = std::exchange(request_token_, {});
  auto request = credential_.ask_access_token(request_token, *verifier, rest_.broker_time_ns());
  const auto body = co_await post(std::move(request), "/oauth/access_token");
  if (!body) co_return body.error();
  auto said = decode_access_token(*body);
  if (!said) co_return said.error();
  const login::Tokens tokens{.access = Secret{said->token}, .refresh = Secret{said->secret}, .expires_at = 0};
  if (const auto secret = credential_.decrypted(tokens.refresh); !secret) co_return secret.error();
  std::function<Result<void>()> keep = [this, &tokens] { return store_->keep(tokens); };
  if (const auto kept = co_await disk_.act(std::move(keep)); !kept) {
    co_return Error{ErrorCode::Internal, "the access token cannot be kept: " + kept.error().text};
  }
  credential_.take_access(tokens.access, tokens.refresh);
  prepare_beside();  // for who wants to do it again
  co_return Result<void>{};
}

asio::awaitable<Result<void>> ConsumerLogin::forget() {
  std::function<Result<void>()> forget = [this] { return store_->forget(); };
  if (const auto forgotten = co_await disk_.act(std::move(forget)); !forgotten) co_return forgotten.error();
  credential_.take_access({}, {});
  prepare_beside();
  co_return Result<void>{};
}

}  // namespace busbar::ibkr
