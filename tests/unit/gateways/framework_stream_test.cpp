// A conversation kept up, against a server that does what each test wants of each connection.
#include "gateways/framework/stream.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "bus/clock.hpp"
#include "gateways/framework/tasks.hpp"
#include "tests/unit/gateways/framework_run.hpp"
#include "tests/unit/gateways/framework_tls_server.hpp"

namespace busbar::gateway {
namespace {

using namespace std::chrono_literals;
using test::Peer;
using test::TlsServer;

struct Conversation {
  explicit Conversation(const TlsServer& server, StreamOptions options = {}, Subscribing subscribing = {},
                        Stream::Handlers more = {})
      : tls{server.ca_file()} {
    Stream::Handlers handlers = std::move(more);
    handlers.on_text = [this](Stream::Link& link, std::string_view text, Timestamp, About& about) {
      texts.emplace_back(text);
      if (text.starts_with("answer ")) link.on_answer(std::string{text.substr(7)}, text, about);
      if (text == "renew") link.replace("the server says so");
    };
    handlers.on_up = [this] { ++ups; };
    handlers.on_state = [this](SessionStateKind state, std::string reason, Timestamp deadline_ns) {
      states.push_back(state);
      deadlines.push_back(deadline_ns);
      reasons.push_back(std::move(reason));
    };
    stream = std::make_unique<Stream>(loop, tls, *parse_url(server.url("wss", "/ws")), options, OnTape{},
                                      [] { return std::uint64_t{7}; }, std::move(handlers));
    if (subscribing.encode) stream->subscribe_by(std::move(subscribing));
  }
  ~Conversation() {
    bool is_done = false;
    asio::co_spawn(loop, stream->stop(), [&](std::exception_ptr) { is_done = true; });
    test::run_until(loop, [&] { return is_done; });
  }
  void start() {
    const auto started = test::run(loop, stream->start());
    ASSERT_TRUE(started) << started.error().text;
  }
  void until(const std::function<bool()>& condition) { test::run_until(loop, condition); }

  asio::io_context loop{1};
  TlsContext tls;
  std::unique_ptr<Stream> stream;
  std::vector<std::string> texts;
  std::vector<SessionStateKind> states;
  std::vector<Timestamp> deadlines;
  std::vector<std::string> reasons;
  int ups = 0;
};

// Reads until the other side is gone, or `on_text` says to go on no more.
void listen(Peer& peer, const std::function<bool(const std::string&)>& on_text = {}) {
  int opcode = 0;
  for (;;) {
    const std::string payload = peer.read_frame(&opcode);
    if (opcode == -1) return;
    if (opcode == 8) return peer.write_frame(8, payload);
    if (opcode == 1 && on_text && !on_text(payload)) return peer.reset();
  }
}

TEST(Stream, ALossIsAGapAndARenewalIsNone) {
  TlsServer server{[](Peer& peer) {
    peer.accept_websocket();
    if (peer.number == 1) return listen(peer, [](const std::string&) { return false; });  // lost
    if (peer.number == 2) peer.write_frame(1, "renew");                                 // announced
    listen(peer);
  }};
  Conversation talk{server, {.overlap = 50ms}};
  talk.start();
  EXPECT_EQ(talk.ups, 1);
  ASSERT_TRUE(talk.stream->link()->send("enough"));
  talk.until([&] { return server.accepted() == 3 && talk.stream->link() && talk.states.size() >= 4; });
  EXPECT_EQ(talk.ups, 2) << "the first and what followed the loss; not the renewal";
  const std::vector<SessionStateKind> expected{SessionStateKind::Ok, SessionStateKind::Down, SessionStateKind::Ok,
                                               SessionStateKind::Ok};
  EXPECT_EQ(talk.states, expected);
  talk.until([&] { return server.closed() == 2; });  // the old one goes when the overlap is over
  EXPECT_FALSE(talk.stream->link()->is_closed());
}

TEST(Stream, TheFirstFailureIsTheCallersAndLaterOnesAreTriedAgain) {
  std::atomic<bool> is_closed{true};
  TlsServer server{[&](Peer& peer) {
    if (is_closed) return;
    peer.accept_websocket();
    listen(peer);
  }};
  Conversation talk{server};
  const auto refused = test::run(talk.loop, talk.stream->start());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::ConnectionError);
  talk.stream->start_unwaited();
  talk.until([&] { return !talk.states.empty(); });
  EXPECT_EQ(talk.states[0], SessionStateKind::Down);
  is_closed = false;
  talk.until([&] { return talk.states.back() == SessionStateKind::Ok; });
}

TEST(Stream, ARenewalThatFailsTellsWhenTheOldOneEnds) {
  std::atomic<bool> is_closed{false};
  TlsServer server{[&](Peer& peer) {
    if (is_closed) return;
    peer.accept_websocket();
    listen(peer);
  }};
  Conversation talk{server, {.life = 60s, .renew_after = 100ms, .overlap = 10ms}};
  const Timestamp before = wall_now_ns();
  talk.start();
  is_closed = true;
  talk.until([&] { return talk.states.back() == SessionStateKind::ExpiresAt; });
  EXPECT_TRUE(talk.reasons.back().starts_with("the connection cannot be renewed: ")) << talk.reasons.back();
  EXPECT_GE(talk.deadlines.back(), before + 60'000'000'000);
  EXPECT_LE(talk.deadlines.back(), wall_now_ns() + 60'000'000'000);
  EXPECT_FALSE(talk.stream->link()->is_closed());
  is_closed = false;
  talk.until([&] { return talk.states.back() == SessionStateKind::Ok; });
  EXPECT_EQ(talk.ups, 1) << "nothing was missed";
  EXPECT_EQ(std::ranges::count(talk.states, SessionStateKind::Down), 0);
}

TEST(Stream, DataThatStopAreStaleAndALineThatEndsIsDown) {
  TlsServer server{[](Peer& peer) {
    peer.accept_websocket();
    listen(peer, [](const std::string&) { return false; });
  }};
  Conversation talk{server, {.silence_max = 1500ms}};
  talk.start();
  talk.until([&] { return talk.states.size() >= 2; });
  EXPECT_EQ(talk.states[1], SessionStateKind::Stale) << talk.reasons[1];
  talk.until([&] { return talk.states.size() >= 3; });
  talk.stream->link()->replace("an event is missing", false);
  talk.until([&] { return talk.states.size() >= 5; });
  EXPECT_EQ(talk.states[3], SessionStateKind::Stale) << talk.reasons[3];
  ASSERT_TRUE(talk.stream->link()->send("end"));
  talk.until([&] { return talk.states.size() >= 6; });
  EXPECT_EQ(talk.states[5], SessionStateKind::Down) << talk.reasons[5];
}

TEST(Stream, WhatPreparingRefusesIsNotUsed) {
  TlsServer server{[](Peer& peer) {
    peer.accept_websocket();
    listen(peer);
  }};
  Stream::Handlers handlers;
  handlers.prepare = [](Stream::LinkPtr) -> asio::awaitable<Result<void>> {
    co_return Error{ErrorCode::AuthenticationFailed, "who are you"};
  };
  Conversation talk{server, {}, {}, std::move(handlers)};
  const auto refused = test::run(talk.loop, talk.stream->start());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "who are you");
  EXPECT_EQ(talk.stream->link(), nullptr);
  talk.stream->start_unwaited();
  talk.until([&] { return !talk.states.empty(); });
  EXPECT_EQ(talk.states[0], SessionStateKind::NeedsHuman);
}

TEST(Stream, ARequestGetsItsAnswerOrNoneInTime) {
  TlsServer server{[](Peer& peer) {
    peer.accept_websocket();
    listen(peer, [&](const std::string& text) {
      if (text == "ask 1") peer.write_frame(1, "answer 1");
      return text != "ask 3";
    });
  }};
  Conversation talk{server, {.answer_max = 2s}};
  talk.start();
  const auto link = talk.stream->link();
  const auto answered = test::run(talk.loop, link->request("1", "ask 1"));
  EXPECT_TRUE(answered.is_sent);
  EXPECT_EQ(answered.text, "answer 1");
  const auto silent = test::run(talk.loop, link->request("2", "ask 2"));
  EXPECT_TRUE(silent.is_sent);
  EXPECT_FALSE(silent.text);
  const auto broken = test::run(talk.loop, link->request("3", "ask 3"));
  EXPECT_TRUE(broken.is_sent) << "it left, and what became of it is unknown";
  EXPECT_FALSE(broken.text);
  talk.until([&] { return link->is_closed(); });
  EXPECT_FALSE(test::run(talk.loop, link->request("4", "ask 4")).is_sent);
  About about;
  EXPECT_FALSE(link->on_answer("2", "too late", about));
}

TEST(Stream, WhatIsExpectedAndDoesNotComeIsALoss) {
  TlsServer server{[](Peer& peer) {
    peer.accept_websocket();
    listen(peer);
  }};
  Conversation talk{server, {.event_max = 50ms}};
  talk.start();
  talk.stream->expect("A1");
  talk.stream->seen("A1");
  talk.stream->expect("A2");
  talk.until([&] { return talk.ups == 2; });
  EXPECT_NE(talk.reasons[1].find("A2"), std::string::npos) << talk.reasons[1];
}

TEST(Stream, WhatIsWantedIsAskedForInBatchesAndAgainAfterALoss) {
  std::mutex mutex;
  std::vector<std::pair<int, std::string>> heard;  // on which connection, what
  TlsServer server{[&](Peer& peer) {
    peer.accept_websocket();
    listen(peer, [&](const std::string& text) {
      {
        const std::lock_guard lock{mutex};
        heard.emplace_back(peer.number, text);
      }
      peer.write_frame(1, "answer " + text.substr(0, text.find(' ')));
      return text.find("-b") == std::string::npos;
    });
  }};
  Subscribing subscribing;
  subscribing.encode = [](bool is_more, const std::vector<std::string>& names, std::int64_t id) {
    std::string text = std::to_string(id) + " ";
    for (const std::string& name : names) text += (is_more ? "+" : "-") + name;
    return text;
  };
  subscribing.interval = 1ms;
  subscribing.batch_max = 2;
  subscribing.names_max = 3;
  Conversation talk{server, {}, std::move(subscribing)};
  for (const char* name : {"a", "b", "c"}) EXPECT_TRUE(talk.stream->want(name));
  EXPECT_FALSE(talk.stream->want("d")) << "a connection takes no more";
  EXPECT_TRUE(talk.stream->want("a"));
  talk.start();
  const auto count = [&] {
    const std::lock_guard lock{mutex};
    return heard.size();
  };
  talk.until([&] { return count() == 2; });
  talk.stream->unwant("b");
  talk.until([&] { return count() == 4; });
  const std::lock_guard lock{mutex};
  EXPECT_EQ(heard[0].second, "1 +a+b");
  EXPECT_EQ(heard[1].second, "2 +c");
  EXPECT_EQ(heard[2].second, "3 -b");
  EXPECT_EQ(heard[3], (std::pair{2, std::string{"4 +a+c"}}));
}

TEST(Stream, AConnectionThatIsNoLongerKeptAliveIsReplaced) {
  TlsServer server{[](Peer& peer) {
    peer.accept_websocket();
    listen(peer);
  }};
  int asked = 0;
  Stream::Handlers handlers;
  handlers.keep_alive = [&]() -> asio::awaitable<Result<void>> {
    ++asked;
    if (asked == 1) co_return Result<void>{};
    if (asked == 2) co_return Error{ErrorCode::ConnectionError, "the line"};  // may be back in a moment
    co_return Error{ErrorCode::AuthenticationFailed, "no such key"};
  };
  Conversation talk{server, {.keep_alive_interval = 10ms}, {}, std::move(handlers)};
  talk.start();
  talk.until([&] { return talk.ups == 2; });
  EXPECT_GE(asked, 3);
  EXPECT_EQ(talk.reasons[1], "no such key");
}

// A turn that woke all who wait whenever one more comes would keep them at it for as long as it lasts.
TEST(Turn, WhoWaitsSleeps) {
  asio::io_context loop;
  Turn turn{loop};
  int asked = 0, served = 0;
  for (int i = 0; i < 4; ++i) {
    spawn(loop, [](asio::io_context& on, Turn& shared, int& count, int& done) -> asio::awaitable<void> {
      const std::function<bool()> is_there = [&] { return ++count, false; };
      const auto held = co_await shared.take(is_there);
      co_await pause(on, 5ms);
      ++done;
    }(loop, turn, asked, served));
  }
  test::run_until(loop, [&] { return served == 4; });
  EXPECT_LE(asked, 4 + 3 + 2 + 1);
}

TEST(Turn, WhoHoldsItMayOutliveItsOwner) {
  auto loop = std::make_unique<asio::io_context>();
  auto turn = std::make_unique<Turn>(*loop);
  spawn(*loop, [](asio::io_context& on, Turn& shared) -> asio::awaitable<void> {
    const auto held = co_await shared.take();
    co_await pause(on, std::chrono::hours{1});
  }(*loop, *turn));
  loop->poll();
  EXPECT_TRUE(turn->is_taken());
  turn.reset();
  loop.reset();  // and with it the coroutine
}

TEST(Turn, OneBringsWhatAllOthersWaitFor) {
  asio::io_context loop;
  Turn turn{loop};
  int brought = 0, served = 0;
  for (int i = 0; i < 3; ++i) {
    spawn(loop, [](asio::io_context& on, Turn& shared, int& count, int& done) -> asio::awaitable<void> {
      const std::function<bool()> is_there = [&] { return count == 2; };
      while (const auto held = co_await shared.take(is_there)) {  // the first one fails: the next who waits tries
        co_await pause(on, 1ms);
        ++count;
        if (count == 1) co_return;
      }
      ++done;
    }(loop, turn, brought, served));
  }
  test::run_until(loop, [&] { return served == 2; });
  EXPECT_EQ(brought, 2);
}

}  // namespace
}  // namespace busbar::gateway
