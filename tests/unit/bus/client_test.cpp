#include "bus/client.hpp"

#include <map>
#include <memory>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include "tests/unit/bus/loop.hpp"
#include "tests/unit/bus/temporary_directory.hpp"

namespace busbar::bus {
namespace {

using namespace std::chrono_literals;

// The router as far as one client can see it: remembers reports by number, and whom it may send to.
class FakeRouter {
 public:
  FakeRouter(asio::io_context& loop, const std::string& address) : endpoint_{loop, Kind::Router, {.linger_ms = 0}} {
    endpoint_.bind(address);
    endpoint_.on_message([this](const RoutingId& peer, std::string_view, std::span<const std::uint8_t> bytes) {
      const auto message = decode(bytes);
      ASSERT_TRUE(message) << message.error().text;
      heard.push_back(*message);
      if (is_silent) return;
      if (message->header.session.empty()) {
        answer(peer, *message, Answer{.kind = QueryKind::Status, .text = "an answer"});
      } else if (const auto* hello = std::get_if<Hello>(&message->body)) {
        peer_ = peer;
        answer(peer, *message, Welcome{.next_report = hello->last_report + 1, .lost_before = lost_before});
        for (std::uint64_t number = std::max(hello->last_report + 1, lost_before); number <= reports; ++number) send_report(number);
      } else if (peer != peer_) {
        answer(peer, *message, Reject{.ref_sequence = message->header.sequence, .error = ErrorCode::HelloNeeded});
      } else if (std::holds_alternative<Heartbeat>(message->body)) {
        answer(peer, *message, Heartbeat{});
      }
    });
  }

  void report() { send_report(++reports); }
  void lose_report() { ++reports; }
  void send_report(std::uint64_t number) {
    ExecutionReport report{.report_number = number, .client_order_id = "A1", .exec_id = "E1"};
    report.exec_type = ExecType::New;
    report.order_status = OrderStatus::New;
    static_cast<void>(endpoint_.send(peer_, encode(Header{.environment = environment, .sender = "router"}, report)));
  }
  void forget() { peer_.clear(); }

  template <class T>
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::count_if(heard.begin(), heard.end(), [](const Message& m) { return std::holds_alternative<T>(m.body); }));
  }

  std::vector<Message> heard;
  std::uint64_t reports = 0;
  std::uint64_t lost_before = 0;
  bool is_silent = false;
  Environment environment = Environment::Paper;

 private:
  void answer(const RoutingId& peer, const Message& question, const Body& body) {
    static_cast<void>(endpoint_.send(
        peer, encode(Header{.environment = environment, .sender = "router", .correlation_id = question.header.correlation_id}, body)));
  }

  Endpoint endpoint_;
  RoutingId peer_;
};

struct ClientTest : testing::Test {
  TemporaryDirectory directory;
  asio::io_context loop;
  std::string address = "ipc://" + (directory.path() / "orders").string();

  Result<Message> ask(Client& client, const Body& body) {
    std::optional<Result<Message>> result;
    asio::co_spawn(
        loop, [&]() -> asio::awaitable<void> { result.emplace(co_await client.request(body)); }, asio::detached);
    run_until(loop, [&] { return result.has_value(); });
    return *result;
  }
};

TEST_F(ClientTest, AQuestionHasItsAnswer) {
  FakeRouter router{loop, address};
  Client client{loop, {.address = address, .environment = Environment::Paper, .client = "alpha"}};
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const auto answer = ask(client, Query{.kind = QueryKind::Status});
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(view(std::get<Answer>(answer->body).text), "an answer");
    EXPECT_EQ(answer->header.correlation_id, i);
  }
}

TEST_F(ClientTest, NoAnswerIsAnUnknownOutcomeAndTheNextQuestionIsStillAsked) {
  FakeRouter router{loop, address};
  router.is_silent = true;
  Client client{loop, {.address = address, .environment = Environment::Paper, .client = "alpha", .timeout = 500ms}};
  const auto none = ask(client, Query{.kind = QueryKind::Status});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::UnknownOutcome);
  EXPECT_EQ(none.error().text, address + ": no answer within 500 ms");
  router.is_silent = false;
  EXPECT_TRUE(ask(client, Query{.kind = QueryKind::Status}));
}

TEST_F(ClientTest, AnAnswerOfTheOtherEnvironmentIsRefused) {
  FakeRouter router{loop, address};
  router.environment = Environment::Live;
  Client client{loop, {.address = address, .environment = Environment::Paper, .client = "alpha"}};
  EXPECT_EQ(ask(client, Query{.kind = QueryKind::Status}).error().code, ErrorCode::InvalidMessage);
}

struct ClientSessionTest : ClientTest {
  std::vector<std::uint64_t> numbers;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> lost;
  std::vector<bool> states;
  int answers = 0;

  SessionOptions options(std::uint32_t heartbeat_interval_ms = 1000) const {
    return {.address = address,
            .environment = Environment::Paper,
            .client = "alpha",
            .session = "s1",
            .heartbeat_interval_ms = heartbeat_interval_ms};
  }
  ClientSession::Events events() {
    return {.on_report = [this](const ExecutionReport& report) { numbers.push_back(report.report_number); },
            .on_answer = [this](const Message&) { ++answers; },
            .on_state = [this](bool is_up) { states.push_back(is_up); },
            .on_lost = [this](std::uint64_t first, std::uint64_t last) { lost.emplace_back(first, last); }};
  }
};

TEST_F(ClientSessionTest, HearsReportsFromTheLastOneItKnew) {
  FakeRouter router{loop, address};
  router.reports = 5;
  SessionOptions resumed = options();
  resumed.last_report = 3;
  ClientSession session{loop, resumed, events()};
  EXPECT_FALSE(session.send(Heartbeat{})) << "nothing waits for a router that is not there";
  session.start();
  run_until(loop, [&] { return numbers.size() >= 2; });
  router.report();
  run_until(loop, [&] { return numbers.size() >= 3; });
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{4, 5, 6}));
  EXPECT_EQ(session.last_report(), 6u);
  EXPECT_TRUE(session.send(CancelOrder{.client_order_id = "C1", .orig_client_order_id = "A1"}, 9));
  run_until(loop, [&] { return router.count<CancelOrder>() == 1; });
  session.stop();
  run_until(loop, [&] { return router.count<Logout>() == 1; });
  EXPECT_EQ(router.count<Hello>(), 1u);
  std::uint64_t sequence = 0;
  for (const Message& message : router.heard) EXPECT_EQ(message.header.sequence, ++sequence);
}

TEST_F(ClientSessionTest, AGapIsNoticedAndFilled) {
  FakeRouter router{loop, address};
  ClientSession session{loop, options(), events()};
  session.start();
  run_until(loop, [&] { return session.is_up(); });
  router.report();
  router.lose_report();
  router.lose_report();
  router.report();
  router.send_report(1);  // and one that comes twice
  run_until(loop, [&] { return numbers.size() >= 4; });
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(router.count<Hello>(), 2u);
}

TEST_F(ClientSessionTest, SaysHelloAgainWhenTheRouterForgotIt) {
  FakeRouter router{loop, address};
  ClientSession session{loop, options(20), events()};
  session.start();
  run_until(loop, [&] { return session.is_up(); });
  router.forget();
  run_until(loop, [&] { return states.size() >= 3 && session.is_up(); });
  EXPECT_FALSE(states[1]);
  router.report();
  run_until(loop, [&] { return numbers.size() >= 1; });
}

TEST_F(ClientSessionTest, ARouterThatFallsSilentIsGivenUpAndFoundAgain) {
  auto router = std::make_unique<FakeRouter>(loop, address);
  ClientSession session{loop, options(20), events()};
  session.start();
  run_until(loop, [&] { return session.is_up(); });
  router->report();
  run_until(loop, [&] { return numbers.size() >= 1; });
  router.reset();
  run_until(loop, [&] { return !session.is_up(); });
  EXPECT_FALSE(session.send(CancelOrder{.client_order_id = "C1", .orig_client_order_id = "A1"}));
  router = std::make_unique<FakeRouter>(loop, address);
  router->reports = 3;
  run_until(loop, [&] { return numbers.size() >= 3; });
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(router->count<CancelOrder>(), 0u);
}

TEST_F(ClientSessionTest, ReportsThatCanNoLongerBeHadAreNamed) {
  FakeRouter router{loop, address};
  router.reports = 12;
  router.lost_before = 10;
  ClientSession session{loop, options(), events()};
  session.start();
  run_until(loop, [&] { return numbers.size() >= 3; });
  EXPECT_EQ(lost, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 9}}));
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{10, 11, 12}));
}

}  // namespace
}  // namespace busbar::bus
