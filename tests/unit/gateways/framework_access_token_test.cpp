#include "gateways/framework/login/access_token.hpp"

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include <gtest/gtest.h>

#include "bus/clock.hpp"
#include "gateways/framework/login/pkce.hpp"
#include "gateways/framework/rest_line.hpp"
#include "tests/unit/bus/temporary_directory.hpp"
#include "tests/unit/gateways/framework_run.hpp"
#include "tests/unit/gateways/framework_tls_server.hpp"

namespace busbar::login {
namespace {

using gateway::test::Peer;
using gateway::test::run;
using gateway::test::run_until;
using gateway::test::TlsServer;

constexpr std::int64_t s_ns = 1'000'000'000;
constexpr const char* redirect_uri = "http://127.0.0.1:41234/callback";

TEST(OAuth, ComesBackToThisHostAlone) {
  EXPECT_TRUE(is_loopback(redirect_uri));
  for (const char* uri : {"", "http://127.0.0.1/callback", "http://127.0.0.1:/callback", "https://127.0.0.1:1/callback",
                          "http://127.0.0.1:1/callback/", "http://127.0.0.1:1/elsewhere", "http://localhost:1/callback",
                          "http://127.0.0.1:1@elsewhere.example/callback", "http://127.0.0.1:123456/callback",
                          "http://127.0.0.1:1/x/callback"}) {
    EXPECT_FALSE(is_loopback(uri)) << uri;
  }
}

TEST(OAuth, SaysEachThingOnceAndEncoded) {
  const Client client{vault::Secret{"us & co"}, vault::Secret{"hi=den"}};
  EXPECT_EQ(authorization_url("https://broker/auth", client, redirect_uri, "a:b,c", "s+t", "hash"),
            "https://broker/auth?response_type=code&client_id=us%20%26%20co&redirect_uri="
            "http%3A%2F%2F127.0.0.1%3A41234%2Fcallback&scope=a%3Ab%2Cc&state=s%2Bt&code_challenge=hash"
            "&code_challenge_method=S256");
  EXPECT_TRUE(authorization_url("https://broker/auth?x=1", client, "r", "", "s", "h").starts_with(
      "https://broker/auth?x=1&response_type=code"));
  EXPECT_EQ(exchange_form(client, "c/d", "http://r", "v"),
            "grant_type=authorization_code&code=c%2Fd&redirect_uri=http%3A%2F%2Fr&code_verifier=v&client_id=us%20%26%20co"
            "&client_secret=hi%3Dden");
  EXPECT_EQ(refresh_form({vault::Secret{"id"}, {}}, "r"), "grant_type=refresh_token&refresh_token=r&client_id=id");
  EXPECT_EQ(revocation_form({vault::Secret{"id"}, {}}, "r+"), "token=r%2B&client_id=id");
}

TEST(OAuth, KnowsAFinalNoFromAServerInTrouble) {
  const struct {
    unsigned status;
    const char* body;
    ErrorCode error;
    const char* says;
  } cases[] = {
      {200, R"({"access_token":"a","token_type":"bearer","expires_in":3600,"refresh_token":"r"})", ErrorCode::None, ""},
      {200, R"({"access_token":"a","token_type":"Bearer","expires_in":1})", ErrorCode::None, ""},
      {400, R"({"error":"invalid_grant","error_description":"it is over"})", ErrorCode::AuthenticationFailed,
       "the broker says invalid_grant: it is over"},
      {401, R"({"error":"invalid_client"})", ErrorCode::AuthenticationFailed, "the broker says invalid_client"},
      {401, "Unauthorized", ErrorCode::ConnectionError, "HTTP 401"},
      {403, "<html>", ErrorCode::ConnectionError, "HTTP 403"},
      {400, R"({"error":"temporarily_unavailable"})", ErrorCode::ConnectionError, "HTTP 400"},
      {503, R"({"error":"invalid_grant"})", ErrorCode::ConnectionError, "HTTP 503"},
      {429, "", ErrorCode::RateLimited, "HTTP 429"},
      {200, "", ErrorCode::InvalidMessage, "no JSON object"},
      {200, R"({"token_type":"bearer","expires_in":1})", ErrorCode::InvalidMessage, "access_token is no token"},
      {200, R"({"access_token":"a b","token_type":"bearer","expires_in":1})", ErrorCode::InvalidMessage, "no token"},
      {200, R"({"access_token":"a","refresh_token":"\n","token_type":"bearer","expires_in":1})", ErrorCode::InvalidMessage,
       "refresh_token is no token"},
      {200, R"({"access_token":"a","token_type":"mac","expires_in":1})", ErrorCode::InvalidMessage, "bearer is wanted"},
      {200, R"({"access_token":"a","token_type":"bearer"})", ErrorCode::None, ""},
      {200, R"({"access_token":"a","token_type":"bearer","refresh_token":"r"})", ErrorCode::InvalidMessage, "expires_in"},
      {401, R"({"code":40110000,"message":"invalid_client"})", ErrorCode::AuthenticationFailed, "the broker says invalid_client"},
      {200, R"({"access_token":"a","token_type":"bearer","expires_in":-1})", ErrorCode::InvalidMessage, "expires_in"},
      {200, R"({"access_token":"a","token_type":"bearer","expires_in":9223372036854775807})", ErrorCode::InvalidMessage,
       "expires_in"},
  };
  for (const auto& c : cases) {
    const auto tokens = tokens_of_answer(c.status, c.body, s_ns);
    EXPECT_EQ(tokens ? ErrorCode::None : tokens.error().code, c.error) << c.body;
    const std::string said = tokens ? "" : tokens.error().text;
    EXPECT_NE(said.find(c.says), std::string::npos) << said;
  }
  const auto tokens = tokens_of_answer(200, cases[0].body, s_ns);
  EXPECT_EQ(tokens->access.reveal(), "a");
  EXPECT_EQ(tokens->refresh.reveal(), "r");
  EXPECT_EQ(tokens->expires_at, 3601 * s_ns);
}

// What the account hears of its login; nothing else is told here.
struct Heard final : gateway::Events {
  SessionStateKind state = SessionStateKind::Unset;
  std::string reason;
  Timestamp deadline_ns = 0;
  void on_state(Part part, SessionStateKind now, std::string why, Timestamp deadline) override {
    EXPECT_EQ(part, Part::Login);
    state = now;
    reason = std::move(why);
    deadline_ns = deadline;
  }
  void on_report(VenueReport) override {}
  void on_quote(Quote) override {}
  void on_trade(Trade) override {}
  void on_bar(Bar) override {}
  void on_book(Book) override {}
  void on_ticker(Ticker) override {}
  void on_usage(RateUsage) override {}
  void on_instruments(std::vector<Instrument>) override {}
  void on_market_hours(std::vector<MarketHours>) override {}
  void on_clock_offset(std::int64_t) override {}
  void on_order_stream_up() override {}
};

// A vault, and a token endpoint that says what it is told and remembers what it was asked.
class AccessTokenTest : public ::testing::Test {
 protected:
  AccessTokenTest()
      : place_{directory_.path() / "vault/vault", directory_.path() / "kept/generation",
               {vault::KeySource::Kind::File, directory_.path() / "key"}} {
    EXPECT_TRUE(vault::Store{place_}.create([](vault::Vault&) -> Result<void> { return {}; }));
    context_.credentials.client_id = vault::Secret{"id"};
    context_.credentials.client_secret = vault::Secret{"client-secret"};
    context_.credentials.kept_in = place_;
    context_.credentials.tokens = "main.tokens";
  }

  void say(std::string head, std::string body) {
    const std::lock_guard lock{mutex_};
    answer_ = "HTTP/1.1 " + head + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  void say_tokens(const std::string& number, int life_s) {
    say("200 OK", R"({"access_token":"access-)" + number + R"(","refresh_token":"refresh-)" + number +
                      R"(","token_type":"bearer","expires_in":)" + std::to_string(life_s) + "}");
  }
  // What was to be revoked, in the order in which it came.
  std::vector<std::string> asked_tokens() {
    const std::lock_guard lock{mutex_};
    return revoked_;
  }
  std::string last_asked() {
    const std::lock_guard lock{mutex_};
    return asked_;
  }
  AccessToken make(std::chrono::seconds attempt_life = std::chrono::minutes{10},
                   std::chrono::milliseconds trust = std::chrono::seconds{5}) {
    return AccessToken{context_,
                       {"Broker", "https://broker/auth", *gateway::parse_url(server_.url("https", "/token")), "/revoke", "scope",
                        [this]() -> asio::awaitable<Result<void>> { co_return proof_; }, attempt_life, trust}};
  }
  std::string callback(AccessToken& token, const std::string& code = "code") {
    const auto url = token.auth_url(redirect_uri);
    return redirect_uri + ("?code=" + code + "&state=") + parameter_of(*url, "state");
  }
  std::string kept() {
    const auto tokens = TokenStore{vault::Store{place_}, "main.tokens"}.read();
    return tokens ? std::string{tokens->access.reveal()} : tokens.error().text;
  }
  void keep(const std::string& number, Timestamp life_ns) {
    ASSERT_TRUE((TokenStore{vault::Store{place_}, "main.tokens"}.keep(
        {vault::Secret{"access-" + number}, vault::Secret{"refresh-" + number}, wall_now_ns() + life_ns})));
  }

  const TemporaryDirectory directory_;
  vault::Place place_;
  std::mutex mutex_;
  std::string answer_, asked_;
  std::vector<std::string> revoked_;
  std::condition_variable asked_again_;
  std::chrono::milliseconds slowness_{0};
  int refused_ = 0, answered_ = 0;  // questions
  TlsServer server_{[this](Peer& peer) {
    for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
      std::unique_lock lock{mutex_};
      if (request.starts_with("GET ")) {  // a question, to which the first token is over
        const bool is_over = request.find("access-1\r\n") != std::string::npos;
        ++(is_over ? refused_ : answered_);
        asked_again_.notify_one();
        peer.write(is_over ? "HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n" : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        continue;
      }
      // As slow as it takes to be asked all that is asked meanwhile.
      asked_again_.wait_for(lock, slowness_, [this] { return refused_ > 2; });
      asked_ = request;
      const std::size_t token = request.find("\r\n\r\ntoken=") + 10;
      if (token >= 10) revoked_.push_back(request.substr(token, request.find('&', token) - token));
      if (answer_.empty()) return peer.reset();
      peer.write(answer_);
    }
  }};
  asio::io_context loop_{1};
  gateway::TlsContext tls_{server_.ca_file()};
  Heard heard_;
  std::vector<Tape> tape_;
  gateway::AdapterContext context_{.loop = loop_,
                                   .tls = tls_,
                                   .events = heard_,
                                   .tape = [this](Tape tape) { tape_.push_back(std::move(tape)); },
                                   .gateway = Name{"broker"},
                                   .account = Name{"main"},
                                   .environment = Environment::Paper,
                                   .credentials = {}};
  Result<void> proof_;
};

TEST_F(AccessTokenTest, IsBegunByALoginAndInTheVaultBeforeItIsUsed) {
  AccessToken token = make();
  const auto none = run(loop_, token.ready());
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().text, "there is no login: busbar login main");
  EXPECT_EQ(heard_.state, SessionStateKind::NeedsHuman);
  say_tokens("1", 3600);
  const std::string url = callback(token);
  ASSERT_TRUE(run(loop_, token.handle_callback(url)));
  EXPECT_EQ(token.reveal(), "access-1");
  EXPECT_EQ(kept(), "access-1");
  EXPECT_EQ(heard_.state, SessionStateKind::Ok);
  EXPECT_NEAR(static_cast<double>(heard_.deadline_ns - wall_now_ns()), 3600e9, 60e9);
  EXPECT_NE(last_asked().find("&code_verifier="), std::string::npos);
  const auto again = run(loop_, token.handle_callback(url));
  ASSERT_FALSE(again) << "a login ends once";
  EXPECT_NE(again.error().text.find("no login is under way"), std::string::npos);
  // Nothing of it is on the tape.
  run(loop_, token.ready());
  run_until(loop_, [&] { return tape_.size() >= 2; });
  for (const Tape& tape : tape_) {
    const std::string all = tape.target + tape.headers + std::string{tape.body.begin(), tape.body.end()} + tape.error;
    for (const char* secret : {"access-1", "refresh-1", "client-secret", "code=code", "code_verifier=A"}) {
      EXPECT_EQ(all.find(secret), std::string::npos) << all;
    }
  }
}

TEST_F(AccessTokenTest, OneThatTellsNoEndIsGoodUntilItIsTakenBack) {
  AccessToken token{context_,
                    {"Broker", "https://broker/auth", *gateway::parse_url(server_.url("https", "/token")), {}, "scope",
                     [this]() -> asio::awaitable<Result<void>> { co_return proof_; }}};
  say("200 OK", R"({"access_token":"endless","token_type":"bearer","scope":"trading"})");
  ASSERT_TRUE(run(loop_, token.handle_callback(callback(token))));
  EXPECT_EQ(heard_.state, SessionStateKind::Ok);
  EXPECT_EQ(heard_.deadline_ns, 0);
  EXPECT_TRUE(run(loop_, token.ready()));
  EXPECT_FALSE(token.doubt()) << "nothing renews it";
  AccessToken next{context_,
                   {"Broker", "https://broker/auth", *gateway::parse_url(server_.url("https", "/token")), {}, "scope",
                    [this]() -> asio::awaitable<Result<void>> { co_return proof_; }}};
  EXPECT_TRUE(run(loop_, next.ready())) << "out of the vault";
  EXPECT_EQ(next.reveal(), "endless");
  // Where nobody takes tokens back it is forgotten here.
  ASSERT_TRUE(run(loop_, next.revoke()));
  EXPECT_EQ(kept(), "");
  EXPECT_TRUE(asked_tokens().empty());
}

TEST_F(AccessTokenTest, TakesTheRedirectThatWasAskedForWithinItsTime) {
  AccessToken token = make(std::chrono::seconds{0});
  EXPECT_FALSE(token.auth_url("http://elsewhere.example/callback"));
  const std::string late = callback(token);
  auto refused = run(loop_, token.handle_callback(late));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("for too long"), std::string::npos);
  AccessToken other = make();
  const std::string good = callback(other);
  const std::string state = parameter_of(good, "state");
  for (const std::string& url : {std::string{redirect_uri} + "?code=code&state=guessed",
                                 "http://127.0.0.1:41235/callback?code=code&state=" + state,
                                 std::string{redirect_uri} + "/x?code=code&state=" + state, std::string{"code"}}) {
    EXPECT_FALSE(run(loop_, other.handle_callback(url))) << url;
  }
  EXPECT_EQ(server_.accepted(), 0) << "nobody was asked for tokens";
  say_tokens("1", 3600);
  EXPECT_TRUE(run(loop_, other.handle_callback(good))) << "the right one is waited for";
  // The broker's own no ends it.
  const std::string no = callback(other);
  refused = run(loop_, other.handle_callback(std::string{redirect_uri} + "?error=access_denied&state=" +
                                             parameter_of(no, "state")));
  EXPECT_EQ(refused.error().text, "the broker says access_denied");
  EXPECT_FALSE(run(loop_, other.handle_callback(no)));
}

TEST_F(AccessTokenTest, IsRenewedBeforeItEndsAndItsSuccessorIsWrittenFirst) {
  keep("1", 2 * s_ns);
  AccessToken token = make();
  say_tokens("2", 3600);
  ASSERT_TRUE(run(loop_, token.ready()));
  EXPECT_EQ(token.reveal(), "access-1");
  run_until(loop_, [&] { return token.reveal() == "access-2"; });
  EXPECT_EQ(kept(), "access-2");
  EXPECT_NE(last_asked().find("refresh_token=refresh-1"), std::string::npos);
  // A vault that cannot be written: the new ones are not used, nor lost.
  const auto away = directory_.path() / "vault.away";
  std::filesystem::rename(directory_.path() / "vault", away);
  say_tokens("3", 3600);
  EXPECT_FALSE(run(loop_, token.refresh()));
  EXPECT_EQ(token.reveal(), "access-2");
  EXPECT_EQ(heard_.state, SessionStateKind::ExpiresAt);
  EXPECT_NE(heard_.reason.find("the new tokens cannot be kept"), std::string::npos) << heard_.reason;
  say("500 No", "");  // nobody is asked again for what is there
  std::filesystem::rename(away, directory_.path() / "vault");
  run_until(loop_, [&] { return token.reveal() == "access-3"; });
  EXPECT_EQ(kept(), "access-3");
}

TEST_F(AccessTokenTest, NeedsAPersonWhenItsRenewalIsRefused) {
  keep("1", 3600 * s_ns);
  AccessToken token = make();
  ASSERT_TRUE(run(loop_, token.ready()));
  EXPECT_EQ(heard_.state, SessionStateKind::Ok);
  say("503 Later", "");
  EXPECT_FALSE(run(loop_, token.refresh()));
  EXPECT_EQ(heard_.state, SessionStateKind::ExpiresAt) << "a server in trouble says nothing about us";
  say("400 Bad Request", R"({"error":"invalid_grant"})");
  EXPECT_FALSE(run(loop_, token.refresh()));
  EXPECT_EQ(heard_.state, SessionStateKind::NeedsHuman);
  EXPECT_EQ(heard_.reason, "busbar login main is needed: the broker says invalid_grant");
  say_tokens("2", 3600);
  EXPECT_FALSE(run(loop_, token.refresh())) << "it would be refused tomorrow";
  EXPECT_TRUE(run(loop_, token.handle_callback(callback(token))));
  EXPECT_EQ(heard_.state, SessionStateKind::Ok);
  // A token that no private call takes is none.
  proof_ = Error{ErrorCode::AuthenticationFailed, "401"};
  say_tokens("3", 3600);
  EXPECT_FALSE(run(loop_, token.refresh()));
  EXPECT_EQ(heard_.state, SessionStateKind::NeedsHuman);
  EXPECT_NE(heard_.reason.find("Broker refuses the access token that it has just given"), std::string::npos);
}

TEST_F(AccessTokenTest, IsGivenBackAndForgotten) {
  keep("1", 3600 * s_ns);
  AccessToken token = make();
  ASSERT_TRUE(run(loop_, token.ready()));
  say("503 Later", "");
  auto refused = run(loop_, token.revoke());
  EXPECT_EQ(refused.error().text, "the token endpoint answers HTTP 503");
  say("401 Unauthorized",
      R"({"error":"invalid_client","error_description":")" + std::string(154, '-') + R"( refresh-1"})");
  refused = run(loop_, token.revoke());
  EXPECT_NE(refused.error().text.find("the broker says invalid_client"), std::string::npos) << refused.error().text;
  EXPECT_EQ(refused.error().text.find("refre"), std::string::npos) << "nor a part of it, where words are cut";
  EXPECT_EQ(token.reveal(), "access-1") << "what the broker has not taken back is to be given back still";
  EXPECT_EQ(kept(), "access-1");
  say("200 OK", "");
  const std::string begun = callback(token);
  ASSERT_TRUE(run(loop_, token.revoke()));
  EXPECT_EQ(asked_tokens(), (std::vector<std::string>{"refresh-1", "refresh-1", "refresh-1", "access-1"}));
  EXPECT_EQ(last_asked().substr(0, 13), "POST /revoke ");
  EXPECT_EQ(token.reveal(), "");
  EXPECT_EQ(kept(), "");
  EXPECT_EQ(heard_.state, SessionStateKind::NeedsHuman);
  EXPECT_EQ(heard_.reason, "there is no login: busbar login main");
  EXPECT_FALSE(token.doubt());
  EXPECT_FALSE(run(loop_, token.refresh()));
  EXPECT_FALSE(run(loop_, token.handle_callback(begun))) << "a login that had been begun is over, too";
  EXPECT_TRUE(run(loop_, token.revoke())) << "there is nothing, and nobody is asked";
  EXPECT_EQ(asked_tokens().size(), 4U);
  say_tokens("2", 3600);
  EXPECT_TRUE(run(loop_, token.handle_callback(callback(token))));
  EXPECT_EQ(kept(), "access-2");
}

TEST_F(AccessTokenTest, ThatIsNewIsNotReplacedForADoubt) {
  keep("1", 3600 * s_ns);
  AccessToken token = make();
  say_tokens("2", 3600);
  ASSERT_TRUE(run(loop_, token.ready()));
  EXPECT_TRUE(token.doubt());
  asio::steady_timer timer{loop_, std::chrono::milliseconds{600}};
  run(loop_, [](asio::steady_timer& wait) -> asio::awaitable<bool> {
    co_await wait.async_wait(asio::use_awaitable);
    co_return true;
  }(timer));
  EXPECT_EQ(token.reveal(), "access-1") << "it is new: what was refused was the one before";
}

// Two questions with a token that is over: each is refused once, and asked again with the next, of which there is one.
TEST_F(AccessTokenTest, AQuestionThatMeetsItsEndWaitsForTheNext) {
  keep("1", 3600 * s_ns);
  AccessToken token = make(std::chrono::minutes{10}, std::chrono::milliseconds{0});
  say_tokens("2", 3600);
  slowness_ = std::chrono::milliseconds{1'500};  // longer than all pauses between three tries
  gateway::RestLine::Dialect dialect;
  dialect.is_of_trading = false;
  dialect.meaning = [&](const gateway::HttpResponse& http, std::string_view) {
    gateway::RestLine::Meaning meaning;
    if (http.status == 200) return meaning;
    meaning.error = Error{ErrorCode::AuthenticationFailed, "no"};
    meaning.may_ask_again = token.doubt();
    return meaning;
  };
  gateway::HttpSession http{loop_, tls_, *gateway::parse_url(server_.url()), {}, {}};
  gateway::RestLine line{http, context_, dialect};
  const auto make_question = [&](Timestamp) {
    gateway::HttpRequest question;
    question.method = "GET";
    question.target = "/";
    question.headers = {{"Authorization", "Bearer " + std::string{token.reveal()}}};
    return question;
  };
  std::vector<ErrorCode> ended;
  const auto end = [&](Result<std::string> answer) {
    ended.push_back(answer ? ErrorCode::None : answer.error().code);
  };
  gateway::test::start<Result<std::string>>(loop_, line.ask(make_question), end);
  ASSERT_TRUE(run(loop_, line.ask(make_question)));
  run_until(loop_, [&] { return ended.size() >= 1; });
  EXPECT_EQ(ended[0], ErrorCode::None);
  EXPECT_EQ(token.reveal(), "access-2");
  const std::lock_guard lock{mutex_};
  EXPECT_EQ(refused_, 2);
  EXPECT_EQ(answered_, 2);
}

TEST_F(AccessTokenTest, ADoubtThatCannotBeSettledEndsTheQuestion) {
  keep("1", 3600 * s_ns);
  AccessToken token = make(std::chrono::minutes{10}, std::chrono::milliseconds{0});
  say("503 Later", "");
  ASSERT_TRUE(token.doubt());
  EXPECT_TRUE(run(loop_, [](AccessToken& doubted) -> asio::awaitable<bool> {
    co_await doubted.settle_doubt();
    co_await doubted.settle_doubt();  // not asked again before its time
    co_return true;
  }(token)));
  EXPECT_EQ(token.reveal(), "access-1");
  EXPECT_EQ(heard_.state, SessionStateKind::ExpiresAt);
  EXPECT_TRUE(token.doubt());
}

TEST_F(AccessTokenTest, WithoutARefreshTokenTellsItsEnd) {
  ASSERT_TRUE((TokenStore{vault::Store{place_}, "main.tokens"}.keep(
      {vault::Secret{"access-1"}, {}, wall_now_ns() + 3600 * s_ns})));
  AccessToken token = make();
  ASSERT_TRUE(run(loop_, token.ready()));
  EXPECT_EQ(heard_.state, SessionStateKind::ExpiresAt);
  EXPECT_FALSE(token.doubt());
  EXPECT_FALSE(run(loop_, token.refresh()));
}

}  // namespace
}  // namespace busbar::login
