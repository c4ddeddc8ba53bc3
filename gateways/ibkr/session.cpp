#include "gateways/ibkr/session.hpp"

#include <algorithm>
#include <functional>

#include <spdlog/spdlog.h>

#include "bus/clock.hpp"

namespace busbar::ibkr {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr milliseconds keep_interval{250};
constexpr milliseconds retry_first{1'000};
constexpr milliseconds retry_most{30'000};
constexpr milliseconds competing_look{5'000};  // whether the other has gone
constexpr std::int64_t calm_ns = 60 * second_ns;    // a session that has lasted so long was a success
constexpr std::int64_t token_early_ns = 600 * second_ns;
constexpr std::int64_t login_ends_soon_ns = 3'600 * second_ns;

Error error_of(const Judged& judged, const gateway::Sent& sent) {
  if (sent.is_held_back) return {ErrorCode::RateLimited, sent.http.error};
  if (sent.http.outcome != gateway::HttpOutcome::Answered) return {ErrorCode::ConnectionError, sent.http.error};
  return {judged.error, judged.broker ? explained(*judged.broker) : "HTTP " + std::to_string(sent.http.status)};
}

bool is_stale_token(const Error& error) {
  return error.code == ErrorCode::AuthenticationFailed && error.text.find("invalid consumer") == std::string::npos;
}

}  // namespace

Session::Session(gateway::AdapterContext& context, gateway::RestLine& rest, Credential& credential,
                 const IbkrConfig& config, Handlers handlers)
    : context_{context},
      rest_{rest},
      credential_{credential},
      config_{config},
      handlers_{std::move(handlers)},
      turn_{context.loop},
      keeper_{context.loop, keep_interval, [this] { return keep(); }},
      backoff_{retry_first, retry_most, rest.random()} {}

asio::awaitable<Result<std::string>> Session::post(Request request) {
  const std::string path = request.path;
  const std::string method = request.method;
  gateway::RestLine::Make make = [this, request = std::move(request)](Timestamp now) {
    return credential_.whole(request, now);
  };
  gateway::Sent sent = co_await rest_.send(std::move(make));
  const Judged judged = judge("GET", path, sent.http.status, sent.http.body);  // asking for a session trades nothing
  const bool is_answered = sent.http.outcome == gateway::HttpOutcome::Answered && !sent.is_held_back;
  if (is_answered && judged.verdict == Verdict::Ok) co_return std::move(sent.http.body);
  co_return error_of(judged, sent);
}

// ---- the live session token

asio::awaitable<Result<void>> Session::make_token() {
  Error error;
  std::optional<KeyExchange> half;
  gateway::RestLine::Make make = [&](Timestamp now) {
    auto exchange = credential_.begin_exchange(now);
    if (!exchange) {
      error = exchange.error();
      return gateway::HttpRequest{};
    }
    half = std::move(exchange->half);
    return std::move(exchange->request);
  };
  gateway::Sent sent = co_await rest_.send(std::move(make));
  if (!half) co_return error;
  const Judged judged = judge("GET", "/oauth/live_session_token", sent.http.status, sent.http.body);
  if (sent.http.outcome != gateway::HttpOutcome::Answered || judged.verdict != Verdict::Ok) co_return error_of(judged, sent);
  const auto ends_ns = credential_.end_exchange(*half, sent.http.body);
  if (!ends_ns) co_return ends_ns.error();
  token_ends_ns_ = *ends_ns;
  const Timestamp now = rest_.broker_time_ns();
  token_due_ns_ = std::max(now + (*ends_ns - now) / 2, *ends_ns - token_early_ns);
  spdlog::info("{}: live session token made, good for {} min", view(context_.account), (*ends_ns - now) / (60 * second_ns));
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Session::ready_token() {
  if (!credential_.is_straight()) co_return Result<void>{};
  if (credential_.has_token() && rest_.broker_time_ns() < token_due_ns_) co_return Result<void>{};
  co_return co_await make_token();
}

// ---- the brokerage session

asio::awaitable<Result<SessionStatus>> Session::ask_status() {
  auto body = co_await post(encode_auth_status());
  if (!body) co_return body.error();
  co_return decode_session_status(*body);
}

asio::awaitable<Result<SessionStatus>> Session::init() {
  auto body = co_await post(encode_session_init(config_.competing == Competing::TakeOver));
  if (!body) co_return body.error();
  co_return decode_session_status(*body);
}

asio::awaitable<Result<SessionStatus>> Session::until_established(SessionStatus status) {
  constexpr int looks = 7;
  constexpr milliseconds first_pause{100};
  if (status.may_trade() || status.competing.value_or(false)) co_return status;
  std::function<asio::awaitable<Result<SessionStatus>>()> look = [this] { return ask_status(); };
  std::function<bool(const SessionStatus&)> is_enough = [](const SessionStatus& said) {
    return said.may_trade() || said.competing.value_or(false);
  };
  co_return co_await gateway::ask_until<SessionStatus>(context_.loop, looks, first_pause, look, is_enough);
}

asio::awaitable<Result<std::string>> Session::tickle() {
  auto body = co_await post(encode_tickle());
  if (!body) co_return body.error();
  const auto said = decode_tickle(*body);
  if (!said) co_return said.error();
  tickle_at_ns_ = boottime_now_ns() + std::chrono::nanoseconds{config_.tickle_interval}.count();
  if (!said->session.empty() && said->session != id_) {
    const bool is_another = !std::exchange(id_, said->session).empty();
    if (is_another && is_up_) handlers_.on_renewed("IBKR has begun another session");
  }
  if (said->status.competing.value_or(false)) co_return std::string{"somebody else has logged in"};
  const bool is_over = said->status.authenticated && !said->status.may_trade();
  co_return std::string{is_over ? "it has ended" : ""};
}

asio::awaitable<Result<void>> Session::open() {
  if (auto token = co_await ready_token(); !token) co_return token.error();
  auto status = co_await ask_status();
  if (!status && is_stale_token(status.error()) && credential_.is_straight()) {
    credential_.forget_token();
    if (auto token = co_await ready_token(); !token) co_return token.error();
    status = co_await ask_status();
  }
  if (!status) co_return status.error();
  const bool is_taken = status->competing.value_or(false);
  if (is_taken && config_.competing == Competing::Yield) co_return Error{ErrorCode::Conflict, {}};
  if (!status->may_trade()) {
    auto begun = co_await init();
    if (!begun && is_stale_token(begun.error()) && credential_.is_straight()) {
      credential_.forget_token();
      if (auto token = co_await ready_token(); !token) co_return token.error();
      begun = co_await init();
    }
    if (!begun) co_return begun.error();
    status = co_await until_established(*std::move(begun));
    if (!status) co_return status.error();
  }
  if (status->competing.value_or(false)) co_return Error{ErrorCode::Conflict, {}};
  if (!status->may_trade()) {
    const std::string why = !status->fail.empty() ? status->fail : status->message;
    co_return Error{ErrorCode::ConnectionError, "the brokerage session does not come up" + (why.empty() ? "" : ": " + why)};
  }
  if (auto prepared = co_await handlers_.prepare(); !prepared) co_return prepared.error();
  const auto over = co_await tickle();
  if (!over) co_return over.error();
  if (!over->empty()) co_return Error{ErrorCode::ConnectionError, *over};
  co_return Result<void>{};
}

// Why there is none, as a state. The line's own troubles are told by the line.
Error Session::failed(Error error) {
  using enum SessionStateKind;
  if (error.code == ErrorCode::Conflict) {
    error = {ErrorCode::ConnectionError,
             config_.competing == Competing::Yield
                 ? "somebody else is logged in at IBKR under this name, and competing = \"yield\" leaves it to them"
                 : "somebody else is logged in at IBKR under this name, and has not given way yet"};
    handlers_.on_state(Competing, error.text, 0);
    return error;
  }
  if (error.code == ErrorCode::AuthenticationFailed) {
    if (!credential_.is_straight()) {
      error.text = "nobody is logged in at IBKR's program (" + error.text + "): a person has to, with the second factor, at " +
                   config_.gateway_page;
    } else {
      error.text = "IBKR refuses the consumer: " + error.text;
    }
    handlers_.on_state(NeedsHuman, error.text, login_ends_ns_);  // by which that person should have come, or should come
    return error;
  }
  if (error.code == ErrorCode::PermissionDenied) {
    handlers_.on_state(NeedsHuman, error.text, 0);
    return error;
  }
  handlers_.on_state(Down, "no brokerage session: " + error.text, 0);
  return error;
}

void Session::tell_up() {
  using enum SessionStateKind;
  const Timestamp now = rest_.broker_time_ns();
  Timestamp deadline = next_reset(config_.region, now);  // which it survives, with a pause
  if (credential_.is_straight()) return handlers_.on_state(Ok, {}, std::min(deadline, token_ends_ns_));
  // A login is over at midnight, and only a person can make another one.
  deadline = login_ends_ns_ = next_login_end(config_.region, now);
  const bool is_soon = deadline - now < login_ends_soon_ns;
  handlers_.on_state(is_soon ? ExpiresAt : Ok,
                     is_soon ? "the login at IBKR's program ends: a person has to log in again, at " + config_.gateway_page : "",
                     deadline);
}

asio::awaitable<Result<void>> Session::begin() {
  const auto held = co_await turn_.take();
  const bool was_begun = has_begun_;
  auto opened = co_await open();
  if (!opened) co_return failed(opened.error());
  is_up_ = has_begun_ = true;
  doubt_.clear();
  up_since_ns_ = boottime_now_ns();
  tell_up();
  if (was_begun) handlers_.on_renewed("a new session has begun");
  co_return Result<void>{};
}

void Session::end(std::string why) {
  is_up_ = has_begun_ = false;
  handlers_.on_state(SessionStateKind::NeedsHuman, std::move(why), 0);
}

void Session::doubt(std::string why) {
  if (doubt_.empty()) doubt_ = std::move(why);
}

void Session::on_status(const SessionStatus& changed) {
  if (changed.competing.value_or(false)) return doubt("somebody else has logged in");
  const bool is_over = !changed.authenticated.value_or(true) || !changed.connected.value_or(true);
  if (is_over) doubt("IBKR says that the session is over");
}

void Session::lose(std::string why) {
  if (std::exchange(is_up_, false)) {
    spdlog::warn("{}: session: {}", view(context_.account), why);
    handlers_.on_state(SessionStateKind::Down, "the session at IBKR: " + why + ", and is begun anew", 0);
    if (boottime_now_ns() - up_since_ns_ >= calm_ns) backoff_.reset();
  }
  retry_at_ns_ = 0;
}

asio::awaitable<void> Session::renew_token() {
  const auto token = co_await make_token();
  if (token) co_return;
  spdlog::warn("{}: live session token: {}", view(context_.account), token.error().text);
  token_due_ns_ = rest_.broker_time_ns() + 30 * second_ns;
  if (rest_.broker_time_ns() >= token_ends_ns_) co_return;
  handlers_.on_state(SessionStateKind::ExpiresAt, "the live session token cannot be renewed: " + token.error().text,
                     token_ends_ns_);
}

asio::awaitable<void> Session::keep() {
  const auto held = co_await turn_.take();
  if (!has_begun_) co_return;  // until then whoever connects, or logs in, tries
  if (is_up_) {
    const bool is_token_due = credential_.is_straight() && rest_.broker_time_ns() >= token_due_ns_;
    if (is_token_due) co_await renew_token();
    if (boottime_now_ns() < tickle_at_ns_ && doubt_.empty()) co_return;
    const std::string why = std::exchange(doubt_, {});
    const auto over = co_await tickle();
    const bool is_refused = !over && over.error().code == ErrorCode::AuthenticationFailed;
    if (!over && !is_refused) {  // the line's trouble: the session may well live
      tickle_at_ns_ = boottime_now_ns() + 5 * second_ns;
      co_return;
    }
    if (over && over->empty()) {
      if (!is_token_due) tell_up();
      co_return;
    }
    lose(!why.empty() ? why : over ? *over : over.error().text);
  }
  if (boottime_now_ns() < retry_at_ns_) co_return;
  const auto opened = co_await open();
  if (opened) {
    is_up_ = true;
    doubt_.clear();
    up_since_ns_ = boottime_now_ns();
    tell_up();
    handlers_.on_renewed("a new session has begun");
    co_return;
  }
  const bool is_left = opened.error().code == ErrorCode::Conflict && config_.competing == Competing::Yield;
  static_cast<void>(failed(opened.error()));
  const milliseconds wait = is_left ? competing_look : retry_first + backoff_.next();
  retry_at_ns_ = boottime_now_ns() + std::chrono::nanoseconds{wait}.count();
}

}  // namespace busbar::ibkr
