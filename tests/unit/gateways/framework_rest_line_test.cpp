// What one line to a broker does about limits, bans and a full pool.
#include "gateways/framework/rest_line.hpp"

#include <future>

#include <gtest/gtest.h>

#include "bus/clock.hpp"
#include "gateways/framework/gateway.hpp"
#include "tests/unit/gateways/framework_run.hpp"
#include "tests/unit/gateways/framework_tls_server.hpp"

namespace busbar::gateway {
namespace {

using namespace std::chrono_literals;
using test::Peer;
using test::run;
using test::TlsServer;

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second = 1'000 * ms;

// ---- the pace of questions

using Kind = RequestPace::Kind;

struct Pace {
  explicit Pace(std::uint64_t limit, bool is_aligned = false) { pace.limit_to(limit, second, is_aligned); }
  void write(Kind kind, Timestamp now) {
    pace.begin(kind);
    pace.on_written(kind, now);
  }
  void commands(int number, Timestamp now) {
    for (int i = 0; i < number; ++i) write(Kind::Command, now);
  }
  // As many as may go at that time.
  int room(Kind kind, Timestamp now) {
    int number = 0;
    for (; pace.earliest(kind, now) <= now; ++number) write(kind, now);
    return number;
  }
  int questions(Timestamp now) { return room(Kind::Question, now); }
  RequestPace pace;
};

TEST(RequestPace, QuestionsTakeHalfOfALimitThatNobodyElseUses) {
  Pace p{30};
  EXPECT_EQ(p.questions(10 * second), 15);
  EXPECT_EQ(p.questions(10 * second + 900 * ms), 0);
  EXPECT_EQ(p.pace.used(10 * second + 900 * ms), 15u);
  const Timestamp next = p.pace.earliest(Kind::Question, 10 * second + 900 * ms);
  EXPECT_GT(next, 11 * second) << "what left at the end of a second may be counted in the next one";
  EXPECT_EQ(p.questions(next), 15);
}

TEST(RequestPace, CommandsGoFirstAndCannotStopThemAll) {
  const struct {
    int commands, questions;
  } cases[] = {{0, 15}, {12, 15}, {20, 7}, {24, 3}, {27, 3}, {29, 1}, {30, 0}, {40, 0}};
  for (const auto& c : cases) {
    Pace p{30};
    p.commands(c.commands, second);
    EXPECT_EQ(p.questions(second), c.questions) << "beside " << c.commands;
  }
}

// The router lets 27 go each second; a gateway that was late with them may not send twice as many in the next.
TEST(RequestPace, CommandsThatComeLateTogetherAreNotMoreThanTheLimit) {
  Pace p{30};
  p.commands(27, second + 900 * ms);
  EXPECT_EQ(p.room(Kind::Command, second + 950 * ms), 3);
  EXPECT_EQ(p.room(Kind::Command, 2 * second + 900 * ms), 0);
  EXPECT_EQ(p.room(Kind::Command, 2 * second + 970 * ms), 27);
}

TEST(RequestPace, WhatWaitsForAConnectionCountsFromWhenItIsWritten) {
  Pace p{10};
  for (int i = 0; i < 10; ++i) p.pace.begin(Kind::Command);
  EXPECT_GT(p.pace.earliest(Kind::Command, 5 * second), 5 * second);
  for (int i = 0; i < 4; ++i) p.pace.on_written(Kind::Command, 6 * second);
  for (int i = 0; i < 4; ++i) p.pace.on_unsent(Kind::Command);
  EXPECT_EQ(p.pace.used(6 * second), 6u);
  EXPECT_EQ(p.pace.used(6 * second + 900 * ms), 6u);
  EXPECT_EQ(p.pace.used(8 * second), 2u) << "two still wait";
}

TEST(RequestPace, ASmallLimitLetsOneThrough) {
  Pace p{1};
  EXPECT_EQ(p.questions(second), 1);
  EXPECT_EQ(p.questions(3 * second), 1);
}

TEST(RequestPace, AnAlignedWindowEndsWithTheClock) {
  Pace p{30, true};
  p.pace.raise(30, 5 * second + 800 * ms);
  EXPECT_EQ(p.pace.earliest(Kind::Question, 5 * second + 900 * ms), 6 * second);
  EXPECT_EQ(p.questions(6 * second), 15);
}

TEST(RequestPace, WhatTheBrokerCountsIsNotCountedTwice) {
  Pace p{30};
  p.commands(10, second);
  p.pace.raise(8, second);
  EXPECT_EQ(p.pace.used(second), 10u);
  p.pace.raise(24, second);  // somebody else uses the same key
  EXPECT_EQ(p.pace.used(second), 24u);
  EXPECT_EQ(p.questions(second), 3);
}

TEST(RequestPace, AClockThatIsSetBackStopsNothing) {
  Pace p{30};
  EXPECT_EQ(p.questions(100 * second), 15);
  EXPECT_EQ(p.questions(80 * second), 15);
}

TEST(RequestPace, WithoutALimitNobodyWaits) {
  RequestPace pace;
  for (int i = 0; i < 1000; ++i) pace.begin(Kind::Question);
  EXPECT_EQ(pace.earliest(Kind::Question, second), second);
  EXPECT_EQ(pace.earliest(Kind::Command, second), second);
}

// ---- the line

struct Heard final : Events {
  std::vector<std::pair<SessionStateKind, std::string>> states;
  std::vector<RateUsage> usages;
  void on_state(Part part, SessionStateKind state, std::string why, Timestamp) override {
    EXPECT_EQ(part, Part::Rest);
    states.emplace_back(state, std::move(why));
  }
  void on_usage(RateUsage usage) override { usages.push_back(std::move(usage)); }
  void on_report(VenueReport) override {}
  void on_quote(Quote) override {}
  void on_trade(Trade) override {}
  void on_bar(Bar) override {}
  void on_book(Book) override {}
  void on_ticker(Ticker) override {}
  void on_instruments(std::vector<Instrument>) override {}
  void on_market_hours(std::vector<MarketHours>) override {}
  void on_clock_offset(std::int64_t) override {}
  void on_order_stream_up() override {}
};

HttpRequest get(Timestamp) {
  HttpRequest http;
  http.method = "GET";
  http.target = "/";
  static constexpr std::string_view secret_headers[] = {"Authorization"};
  http.secret_headers = secret_headers;
  return http;
}

HttpRequest post(Timestamp now) {
  HttpRequest http = get(now);
  http.method = "POST";
  return http;
}

// A broker of the test's making: 418 holds back for `ban`, 401 is a refused key, all else is well.
class RestLineTest : public ::testing::Test {
 protected:
  struct Line {
    Line(RestLineTest& test, const std::string& url, Name scope, HttpOptions options)
        : context{.loop = test.loop_,
                  .tls = test.tls_,
                  .events = heard,
                  .tape = {},
                  .gateway = "gateway",
                  .account = "main",
                  .environment = Environment::Paper,
                  .credentials = {},
                  .cut_from = {},
                  .held_back = test.held_back_},
          http{test.loop_, test.tls_, *parse_url(url), options, {}},
          rest{http, context, dialect(test, scope)} {}
    Heard heard;
    AdapterContext context;
    HttpSession http;
    RestLine rest;
  };
  std::unique_ptr<Line> make(HttpOptions options = {}, Name scope = "address") {
    return std::make_unique<Line>(*this, server_.url(), scope, options);
  }
  static RestLine::Dialect dialect(RestLineTest& test, Name scope) {
    RestLine::Dialect said;
    said.broker = "Broker";
    said.limit.bucket = "weight";
    said.limit.scope = scope;
    said.limit.interval_ms = 1000;
    said.meaning = [&test](const HttpResponse& http, std::string_view) {
      RestLine::Meaning meaning;
      if (http.status < 400) return meaning;
      meaning.error = Error{http.status == 401 ? ErrorCode::AuthenticationFailed : ErrorCode::RateLimited, "no"};
      meaning.is_key_refused = http.status == 401;
      if (http.status == 418) meaning.hold_back = test.ban_;
      return meaning;
    };
    said.ask_time = get;
    said.time_of = [](std::string_view) -> Result<Timestamp> { return wall_now_ns(); };
    said.make_ahead = [&test](Timestamp) { test.ahead_.emplace_back("made"); };
    said.drop_ahead = [&test] { test.ahead_.emplace_back("dropped"); };
    return said;
  }
  Sent send(Line& line, const RestLine::Make& make) { return run(loop_, line.rest.send(make)); }
  ErrorCode ask(Line& line) {
    const auto answer = run(loop_, line.rest.ask(get));
    return answer ? ErrorCode::None : answer.error().code;
  }

  std::vector<std::string> ahead_;  // what became of what is made ahead, and of answers
  std::chrono::milliseconds ban_{30'000};
  std::atomic<int> status_ = 200;
  std::atomic<int> requests_ = 0;
  std::promise<void> over_;
  std::atomic<bool> is_slow_ = false;  // until over_
  TlsServer server_{[this, is_over = over_.get_future().share()](Peer& peer) {
    while (!peer.read_request().empty()) {
      ++requests_;
      if (is_slow_) is_over.wait();
      peer.write("HTTP/1.1 " + std::to_string(status_) + " X\r\nContent-Length: 2\r\n\r\n{}");
    }
  }};
  asio::io_context loop_{1};
  TlsContext tls_{server_.ca_file()};
  std::shared_ptr<HeldBack> held_back_ = std::make_shared<HeldBack>();
};

TEST_F(RestLineTest, QuestionsWaitForRoomAndLeaveItToCommands) {
  auto line = make();
  line->rest.limit_to({.bucket = "weight", .scope = "address", .interval_ms = 2000, .limit = 4, .aligned = false});
  const auto begin = std::chrono::steady_clock::now();
  const auto lasts = [&] { return std::chrono::steady_clock::now() - begin; };
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ask(*line), ErrorCode::None);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(send(*line, post).http.status, 200u);
  EXPECT_LT(lasts(), 2000ms);
  EXPECT_EQ(ask(*line), ErrorCode::None);
  EXPECT_GE(lasts(), 2000ms);
}

TEST_F(RestLineTest, WhatTheNextWriteNeedsIsMadeBehindTheAnswerAndDroppedWithADoubtfulKey) {
  auto line = make();
  const auto place = [&]() -> asio::awaitable<void> {
    static_cast<void>(co_await line->rest.send(post));
    ahead_.emplace_back("answered");
  };
  EXPECT_EQ(ask(*line), ErrorCode::None);
  EXPECT_TRUE(ahead_.empty()) << "a question needs none";
  for (const int status : {200, 401}) {
    status_ = status;
    asio::co_spawn(loop_, place(), asio::detached);
    const std::size_t before = ahead_.size();
    while (ahead_.size() == before || ahead_.back() != "made") {
      loop_.restart();
      loop_.run_one();
    }
  }
  EXPECT_EQ(ahead_, (std::vector<std::string>{"answered", "made", "dropped", "answered", "made"}));
}

TEST_F(RestLineTest, TheRouterHearsOfTheQuestionsAtOnce) {
  auto line = make();
  line->rest.limit_to({.bucket = "weight", .scope = "address", .interval_ms = 60'000, .limit = 30, .aligned = false});
  EXPECT_EQ(send(*line, post).http.status, 200u);
  EXPECT_TRUE(line->heard.usages.empty()) << "it has metered that one itself";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ask(*line), ErrorCode::None);
  ASSERT_EQ(line->heard.usages.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    const RateUsage& usage = line->heard.usages[i];
    EXPECT_EQ(usage.used, i + 2);
    EXPECT_EQ(view(usage.bucket), "weight");
    EXPECT_EQ(view(usage.scope), "address");
    EXPECT_EQ(view(usage.account), "main");
    EXPECT_EQ(usage.blocked_until_ns, 0);
  }
}

TEST_F(RestLineTest, AWriteThatTheRouterHasNotMeteredWaitsForRoomAndIsTold) {
  auto line = make();
  line->rest.limit_to({.bucket = "weight", .scope = "address", .interval_ms = 1000, .limit = 2, .aligned = false});
  const auto begin = std::chrono::steady_clock::now();
  const auto wait = [&]() -> asio::awaitable<bool> {
    co_await line->rest.await_write();
    co_return true;
  };
  const auto await_write = [&] { EXPECT_TRUE(run(loop_, wait())); };
  for (std::uint64_t i = 1; i <= 2; ++i) {
    await_write();
    ASSERT_EQ(line->heard.usages.size(), i);
    EXPECT_EQ(line->heard.usages.back().used, i) << "with the one that leaves now";
    EXPECT_EQ(send(*line, post).http.status, 200u);
  }
  await_write();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1000ms);
}

TEST_F(RestLineTest, AQuestionThatWouldWaitTooLongIsRefused) {
  auto line = make();
  line->rest.limit_to({.bucket = "weight", .scope = "address", .interval_ms = 60'000, .limit = 10, .aligned = false});
  line->rest.note_used(10);
  const auto answer = run(loop_, line->rest.ask(get));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, ErrorCode::RateLimited);
  EXPECT_NE(answer.error().text.find("Broker"), std::string::npos) << answer.error().text;
  const Sent sent = send(*line, post);
  EXPECT_TRUE(sent.is_held_back);
  EXPECT_EQ(failed({}, sent, VenueEvent::Rejected, {})[0].error, ErrorCode::RateLimited);
  EXPECT_EQ(requests_, 0);
}

TEST_F(RestLineTest, ACommandWaitsNoLongerThanItIsGood) {
  auto line = make();
  line->rest.limit_to({.bucket = "weight", .scope = "address", .interval_ms = 2000, .limit = 1, .aligned = false});
  EXPECT_EQ(send(*line, post).http.status, 200u);
  const Timestamp soon = line->rest.broker_time_ns() + 50 * ms;
  EXPECT_TRUE(run(loop_, line->rest.send(post, {}, soon)).is_held_back);
  const Timestamp later = line->rest.broker_time_ns() + 60 * second;
  const Sent sent = run(loop_, line->rest.send(post, {}, later));
  EXPECT_EQ(sent.http.status, 200u);
  EXPECT_GE(sent.request_time_ns, soon + 250 * ms) << "signed when its turn came";
  EXPECT_EQ(requests_, 2);
}

TEST_F(RestLineTest, AFullPoolIsNoBrokenLine) {
  is_slow_ = true;
  auto line = make({.connections_max = 2, .connect_timeout = 2s});
  int answered = 0;
  std::vector<Sent> turned_away;
  for (int i = 0; i < 6; ++i) {
    test::start<Sent>(loop_, line->rest.send(post), [&](Sent sent) {
      sent.http.is_busy ? turned_away.push_back(std::move(sent)) : void(++answered);
    });
  }
  test::run_until(loop_, [&] { return turned_away.size() == 5 && requests_ == 1; });
  test::start<Sent>(loop_, line->rest.send(get), [&](Sent sent) {
    EXPECT_EQ(sent.http.outcome, HttpOutcome::Answered) << sent.http.error;
    ++answered;
  });
  test::run_until(loop_, [&] { return requests_ == 2; });  // the other connection is the questions'
  over_.set_value();
  test::run_until(loop_, [&] { return answered == 2; });
  for (const auto& [state, why] : line->heard.states) EXPECT_EQ(state, SessionStateKind::Ok) << why;
  const Facts facts = failed({}, turned_away[0], VenueEvent::Rejected, {});
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(facts[0].event, VenueEvent::NotSent);
  EXPECT_EQ(facts[0].error, ErrorCode::RateLimited);
}

TEST_F(RestLineTest, ABrokenLineIsDownAfterThree) {
  const auto line = std::make_unique<Line>(*this, "https://localhost:" + std::to_string(test::closed_port()), "address",
                                           HttpOptions{});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(send(*line, post).http.outcome, HttpOutcome::NotSent);
  EXPECT_TRUE(line->heard.states.empty());
  const Sent third = send(*line, post);
  EXPECT_FALSE(third.http.is_busy);
  ASSERT_EQ(line->heard.states.size(), 1u);
  EXPECT_EQ(line->heard.states[0].first, SessionStateKind::Down);
  EXPECT_EQ(failed({}, third, VenueEvent::Rejected, {})[0].error, ErrorCode::ConnectionError);
}

TEST_F(RestLineTest, ARefusalSaysWhetherItIsTheKeyOrTheLogin) {
  status_ = 401;
  for (const bool is_login : {false, true}) {
    auto line = make();
    if (is_login) line->context.credentials.client_id = vault::Secret{"us"};
    EXPECT_EQ(ask(*line), ErrorCode::AuthenticationFailed);
    EXPECT_TRUE(line->heard.states.empty()) << "one refusal is not believed";
    EXPECT_EQ(ask(*line), ErrorCode::AuthenticationFailed);
    ASSERT_EQ(line->heard.states.size(), 1u);
    const auto& [state, why] = line->heard.states[0];
    EXPECT_EQ(state, SessionStateKind::NeedsHuman);
    EXPECT_EQ(why.find("API key") == std::string::npos, is_login) << why;
    EXPECT_EQ(why.find("login") != std::string::npos, is_login) << why;
  }
}

TEST_F(RestLineTest, WhoStartsDuringABanIsToldByTheFirstAnswer) {
  status_ = 418;
  ban_ = 2s;
  auto line = make();
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(run(loop_, line->rest.measure_clock(true)));
  while (std::chrono::steady_clock::now() - begin < 300ms) {
    const auto again = run(loop_, line->rest.measure_clock(true));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::RateLimited);
    run(loop_, [](asio::io_context& loop) -> asio::awaitable<bool> {
      co_await pause(loop, 20ms);
      co_return true;
    }(loop_));
  }
  EXPECT_EQ(requests_, 1) << "gone on during the ban";
  ASSERT_EQ(line->heard.usages.size(), 1u);
  EXPECT_GT(line->heard.usages[0].blocked_until_ns, 0);
  status_ = 200;
  while (run(loop_, line->rest.held_back(0))) std::this_thread::sleep_for(5ms);
  EXPECT_TRUE(run(loop_, line->rest.measure_clock(true)));
}

// The router's clock may be ahead of ours by a little, and it lets go by its own what waited for a ban to end.
TEST_F(RestLineTest, TheLastOfABanIsWaitedForByWhoHasTheTime) {
  auto line = make();
  const auto command = [&](Timestamp expire_in) {
    return run(loop_, line->rest.send(post, {}, line->rest.broker_time_ns() + expire_in)).is_held_back;
  };
  (*held_back_)["address"] = wall_now_ns() + 80'000'000;
  EXPECT_TRUE(command(20'000'000)) << "it would be too late";
  EXPECT_EQ(requests_, 0);
  EXPECT_FALSE(command(10'000'000'000));
  EXPECT_GE(wall_now_ns(), (*held_back_)["address"]);
  EXPECT_EQ(requests_, 1);
  (*held_back_)["address"] = wall_now_ns() + 80'000'000;
  EXPECT_FALSE(run(loop_, line->rest.send(post)).is_held_back) << "a cancel is never too late";
  (*held_back_)["address"] = wall_now_ns() + 1'000'000'000;
  EXPECT_TRUE(command(10'000'000'000)) << "that is no difference of clocks";
}

TEST_F(RestLineTest, ABanOfTheAddressIsHeededByAllItsAccounts) {
  status_ = 418;
  auto told = make();
  auto other = make();
  auto elsewhere = make({}, "another account");
  EXPECT_EQ(ask(*told), ErrorCode::RateLimited);
  status_ = 200;
  const int before = requests_;
  EXPECT_TRUE(send(*other, post).is_held_back);
  EXPECT_EQ(ask(*other), ErrorCode::RateLimited);
  EXPECT_EQ(requests_, before);
  EXPECT_EQ(ask(*elsewhere), ErrorCode::None) << "whom the broker counts by itself";
}

TEST_F(RestLineTest, AllAccountsOfAGatewayAreOfOneAddress) {
  GatewayOptions options;
  options.name = "gateway";
  options.gateways_address = "inproc://gateways";
  options.quotes_in_address = "inproc://quotes";
  options.random = [] { return 0; };
  options.wall = wall_now_ns;
  options.boottime = boottime_now_ns;
  Gateway gateway{loop_, options, {}};
  std::vector<std::shared_ptr<HeldBack>> given;
  const MakeAdapter remember = [&](AdapterContext context) -> std::unique_ptr<Adapter> {
    given.push_back(context.held_back);
    throw std::runtime_error{"no adapter"};
  };
  for (const char* account : {"main", "other"}) {
    EXPECT_THROW(gateway.add_account(Name{account}, tls_, {}, remember), std::runtime_error);
  }
  ASSERT_EQ(given.size(), 2u);
  EXPECT_EQ(given[0], given[1]);
}

}  // namespace
}  // namespace busbar::gateway
