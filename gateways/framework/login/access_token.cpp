#include "gateways/framework/login/access_token.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <random>
#include <stdexcept>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <openssl/crypto.h>
#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "bus/text.hpp"
#include "gateways/framework/base64.hpp"
#include "gateways/framework/login/pkce.hpp"
#include "gateways/framework/redact.hpp"

namespace busbar::login {

namespace {

using gateway::Events;
using std::chrono::milliseconds;

constexpr std::int64_t s_ns = 1'000'000'000;
constexpr milliseconds look_every{250};
constexpr milliseconds stop_most{3'000};
constexpr std::int64_t margin_most_ns = 300 * s_ns;     // before its end it is renewed, or a fifth of what is left,
constexpr std::int64_t margin_least_ns = s_ns;          // but early enough for the answer to come in time
constexpr std::int64_t trust_doubted_ns = 60 * s_ns;    // of one that came for a doubt: the token was not what was wrong
constexpr milliseconds retry_first{1'000};
constexpr milliseconds retry_most{30'000};

vault::Secret draw_state() {
  auto bytes = vault::Secret::of_size(24);
  vault::draw(bytes.bytes());
  return vault::Secret{gateway::base64url(bytes.bytes())};
}

gateway::Random system_random() {
  return [engine = std::mt19937_64{std::random_device{}()}]() mutable { return engine(); };
}

gateway::HttpOptions http_options() {
  gateway::HttpOptions options;
  options.connections_max = 1;
  options.answer_timeout = milliseconds{8'000};  // who waits for the end of a login waits 15 s in all
  options.body_max = 64u << 10;
  return options;
}

vault::Place place_of(const gateway::AdapterContext& context) {
  if (!context.credentials.kept_in) throw std::runtime_error{"a login without a vault"};
  return *context.credentials.kept_in;
}

}  // namespace

class AccessToken::Known {
 public:
  // From here on nothing of them is told by this account's sessions.
  static std::shared_ptr<Known> kept_from(gateway::AdapterContext& context) {
    auto known = std::make_shared<Known>();
    known->add(context.credentials.client_secret);
    context.cut_from = [known](std::string& text) { known->cut_from(text); };
    if (context.tape) {
      context.tape = [known, tape = std::move(context.tape)](Tape record) {
        for (const vault::Secret& secret : known->secrets_) {
          for (std::string* text : {&record.target, &record.headers, &record.error}) {
            gateway::cut_secret(*text, secret.reveal());
          }
          gateway::cut_secret(record.body, secret.reveal());
        }
        tape(std::move(record));
      };
    }
    return known;
  }
  void add(const vault::Secret& secret) {
    constexpr std::size_t most = 16;
    if (secret.is_empty()) return;
    secrets_.push_back(secret);
    if (secrets_.size() > most) secrets_.erase(secrets_.begin() + 1);  // the first is the client's
  }
  void cut_from(std::string& text) const {
    for (const vault::Secret& secret : secrets_) gateway::cut_secret(text, secret.reveal());
  }

 private:
  std::deque<vault::Secret> secrets_;
};

AccessToken::AccessToken(gateway::AdapterContext& context, Provider provider)
    : context_{context},
      provider_{std::move(provider)},
      client_{context.credentials.client_id, context.credentials.client_secret},
      store_{vault::Store{place_of(context)}, context.credentials.tokens},
      known_{Known::kept_from(context)},
      http_{context.loop, context.tls, provider_.token, http_options(), context.tape},
      turn_{context.loop},
      keeper_{context.loop, look_every, [this] { return keep_good(); }},
      backoff_{retry_first, retry_most, system_random()} {
  context_.settle_login = [this] { return settle_doubt(); };
  auto tokens = store_.read();
  if (!tokens) throw std::runtime_error{"the vault's \"" + context.credentials.tokens + "\": " + tokens.error().text};
  adopt(std::move(*tokens));
}

AccessToken::~AccessToken() = default;

std::string AccessToken::log_in() const { return "busbar login " + std::string{view(context_.account)}; }

bool AccessToken::is_over() const { return tokens_.expires_at != 0 && wall_now_ns() >= tokens_.expires_at; }

// ---- a person's login

Result<std::string> AccessToken::auth_url(const std::string& redirect_uri) {
  if (!is_loopback(redirect_uri)) {
    return Error{ErrorCode::InvalidMessage, "url: logins come back to http://127.0.0.1:PORT" +
                                                std::string{callback_path} + " and to no other place"};
  }
  attempt_ = Attempt{{std::string{callback_path}, draw_state()}, draw_verifier(), redirect_uri,
                     boottime_now_ns() + std::chrono::nanoseconds{provider_.attempt_life}.count()};
  known_->add(attempt_->verifier);
  const auto challenge = challenge_of(attempt_->verifier.reveal());
  if (!challenge) return challenge.error();
  return authorization_url(provider_.authorize, client_, redirect_uri, provider_.scope,
                           attempt_->expected.state.reveal(), *challenge);
}

asio::awaitable<Result<void>> AccessToken::handle_callback(std::string url) {
  const auto turn = co_await turn_.take();
  if (!attempt_ || boottime_now_ns() > attempt_->until) {
    attempt_.reset();
    co_return Error{ErrorCode::AuthenticationFailed,
                    "no login is under way, or it has been for too long: " + log_in() + " begins another"};
  }
  if (!url.starts_with(attempt_->redirect_uri + "?")) {
    co_return Error{ErrorCode::AuthenticationFailed, "the redirect goes to another page than " + attempt_->redirect_uri};
  }
  auto code = code_of_pasted(url, attempt_->expected);
  OPENSSL_cleanse(url.data(), url.size());
  if (!code) {
    if (code.error().code == ErrorCode::PermissionDenied) attempt_.reset();
    co_return code.error();
  }
  // Whatever comes of it: a code is good for one exchange, and a login for one code.
  const Attempt attempt = *std::exchange(attempt_, std::nullopt);
  known_->add(*code);
  auto tokens = co_await ask(exchange_form(client_, code->reveal(), attempt.redirect_uri, attempt.verifier.reveal()));
  if (!tokens) co_return tokens.error();
  unwritten_ = std::move(*tokens);
  auto done = co_await write();
  if (done) spdlog::info("{}: logged in", view(context_.account));
  co_return done;
}

// ---- what keeps it good

asio::awaitable<Result<void>> AccessToken::ready() {
  keeper_.start();
  tell_state();
  if (!refused_.empty()) co_return Error{ErrorCode::AuthenticationFailed, refused_};
  if (!tokens_.access.is_empty() && !is_over()) co_return Result<void>{};
  if (!tokens_.refresh.is_empty()) co_return co_await refresh();
  co_return Error{ErrorCode::AuthenticationFailed,
                  (tokens_.access.is_empty() ? "there is no login: " : "the login is over: ") + log_in()};
}

asio::awaitable<void> AccessToken::stop() {
  using namespace asio::experimental::awaitable_operators;
  keeper_.stop();
  static_cast<void>(co_await (turn_.take() || gateway::pause(context_.loop, stop_most)));
}

bool AccessToken::doubt() {
  if (tokens_.refresh.is_empty() || !refused_.empty()) return false;
  // What is refused while a new one is proven was asked with the one before, or is the proof, which judges for itself.
  if (!is_proving_ && boottime_now_ns() >= trusted_until_) is_doubted_ = true;
  return true;
}

asio::awaitable<void> AccessToken::settle_doubt() {
  const auto turn = co_await turn_.take([this] { return !is_doubted_; });
  if (turn && is_due()) static_cast<void>(co_await renew());
}

bool AccessToken::is_due() const {
  if (!refused_.empty() || boottime_now_ns() < retry_at_) return false;
  return unwritten_ || (!tokens_.refresh.is_empty() && (is_doubted_ || wall_now_ns() >= due_));
}

asio::awaitable<void> AccessToken::keep_good() {
  if (!turn_.is_taken() && is_due()) {
    const auto turn = co_await turn_.take();
    if (const auto done = co_await renew(); !done) {
      spdlog::warn("{}: the access token is not renewed: {}", view(context_.account), to_words(done.error().text));
    }
  }
  tell_state();
}

asio::awaitable<Result<void>> AccessToken::refresh() {
  const auto turn = co_await turn_.take();
  co_return co_await renew();
}

asio::awaitable<Result<void>> AccessToken::renew() {
  if (!unwritten_) {
    if (!refused_.empty()) co_return Error{ErrorCode::AuthenticationFailed, refused_};
    if (tokens_.refresh.is_empty()) {
      co_return Error{ErrorCode::AuthenticationFailed, "there is nothing to renew it with: " + log_in()};
    }
    auto fresh = co_await ask(refresh_form(client_, tokens_.refresh.reveal()));
    if (!fresh) co_return failed(fresh.error());
    if (fresh->refresh.is_empty()) fresh->refresh = tokens_.refresh;  // RFC 6749, section 6: then the old one stays
    unwritten_ = std::move(*fresh);
  }
  co_return co_await write();
}

// With the refresh token need not go what it has brought (RFC 7009, section 2.1).
asio::awaitable<Result<void>> AccessToken::revoke() {
  const auto turn = co_await turn_.take();
  attempt_.reset();
  const Tokens fresh = unwritten_.value_or(Tokens{}), used = tokens_;
  const std::array tokens{&fresh.refresh, &used.refresh, &fresh.access, &used.access};
  for (const vault::Secret* token : tokens) {
    if (token->is_empty() || provider_.revoke.empty()) continue;
    if (const auto done = co_await give_back(*token); !done) co_return done.error();
  }
  unwritten_.reset();
  adopt({});
  const auto forgotten = co_await disk_.act([this] { return store_.forget(); });
  tell_state();
  if (!forgotten) {
    co_return Error{ErrorCode::Internal,
                    "the broker has taken the tokens back, and the vault keeps them: " + forgotten.error().text};
  }
  spdlog::info("{}: logged out{}", view(context_.account),
               provider_.revoke.empty() ? ": the token is forgotten here, and is taken back on the broker's own pages" : "");
  co_return Result<void>{};
}

asio::awaitable<Result<void>> AccessToken::give_back(const vault::Secret& token) {
  const auto answer = co_await post(provider_.revoke, revocation_form(client_, token.reveal()));
  if (!answer) co_return answer.error();
  co_return revocation_of_answer(answer->status, answer->body);
}

asio::awaitable<Result<gateway::HttpResponse>> AccessToken::post(std::string target, std::string form) {
  gateway::HttpRequest request;
  request.method = "POST";
  request.target = std::move(target);
  request.headers.emplace_back("Accept", "application/json");
  request.body = std::move(form);
  request.content_type = "application/x-www-form-urlencoded";
  request.secret_parameters = secret_parameters;
  request.secret_members = secret_members;
  gateway::HttpResponse answer = co_await http_.request(std::move(request));
  if (answer.outcome != gateway::HttpOutcome::Answered) {
    co_return Error{ErrorCode::ConnectionError, "the token endpoint: " + answer.error};
  }
  if (!is_well(answer.status)) known_->cut_from(answer.body);  // before its words are, for half a token is one still
  co_return answer;
}

asio::awaitable<Result<Tokens>> AccessToken::ask(std::string form) {
  const Timestamp asked_at = wall_now_ns();
  auto answer = co_await post(provider_.token.target, std::move(form));
  if (!answer) co_return answer.error();
  auto tokens = tokens_of_answer(answer->status, answer->body, asked_at);
  OPENSSL_cleanse(answer->body.data(), answer->body.size());
  if (tokens) {
    known_->add(tokens->access);
    known_->add(tokens->refresh);
  }
  co_return tokens;
}

asio::awaitable<Result<void>> AccessToken::write() {
  const auto kept = co_await disk_.act([this] { return store_.keep(*unwritten_); });
  // Whatever the vault says of its key, the broker has refused nothing.
  if (!kept) co_return failed({ErrorCode::Internal, "the new tokens cannot be kept: " + kept.error().text});
  adopt(*std::exchange(unwritten_, std::nullopt));
  co_return co_await prove();
}

// A token is proven by a private call. That the broker cannot be asked now is no disproof.
asio::awaitable<Result<void>> AccessToken::prove() {
  is_proving_ = true;
  const auto proof = co_await provider_.prove();
  is_proving_ = false;
  if (proof || proof.error().code != ErrorCode::AuthenticationFailed) {
    tell_state();
    co_return Result<void>{};
  }
  co_return failed({ErrorCode::AuthenticationFailed,
                    provider_.broker + " refuses the access token that it has just given: " + proof.error().text});
}

void AccessToken::adopt(Tokens tokens) {
  tokens_ = std::move(tokens);
  known_->add(tokens_.access);
  known_->add(tokens_.refresh);
  const Timestamp left = tokens_.expires_at - wall_now_ns();
  due_ = tokens_.expires_at - std::clamp<Timestamp>(left / 5, margin_least_ns, margin_most_ns);
  trusted_until_ = boottime_now_ns() + (is_doubted_ ? trust_doubted_ns : std::chrono::nanoseconds{provider_.trust}.count());
  retry_at_ = 0;
  backoff_.reset();
  trouble_.clear();
  refused_.clear();
  is_doubted_ = false;
}

Error AccessToken::failed(Error error) {
  trouble_ = error.text;
  if (error.code == ErrorCode::AuthenticationFailed) refused_ = log_in() + " is needed: " + error.text;
  retry_at_ = boottime_now_ns() + backoff_.next().count() * 1'000'000;
  tell_state();
  return error;
}

void AccessToken::tell_state() {
  const auto tell = [&](SessionStateKind state, std::string reason) {
    context_.events.on_state(Events::Part::Login, state, std::move(reason),
                             tokens_.access.is_empty() ? 0 : tokens_.expires_at);
  };
  using enum SessionStateKind;
  if (!refused_.empty()) return tell(NeedsHuman, refused_);
  if (tokens_.access.is_empty()) return tell(NeedsHuman, "there is no login: " + log_in());
  if (tokens_.refresh.is_empty() && tokens_.expires_at == 0) return tell(Ok, {});
  if (tokens_.refresh.is_empty()) {
    return is_over() ? tell(NeedsHuman, "the login is over: " + log_in())
                     : tell(ExpiresAt, "nothing renews this login: " + log_in());
  }
  if (is_over()) return tell(Down, "the access token is over" + (trouble_.empty() ? "" : ": " + trouble_));
  if (!trouble_.empty()) return tell(ExpiresAt, trouble_);
  tell(Ok, {});
}

}  // namespace busbar::login
