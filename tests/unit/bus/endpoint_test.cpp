#include "bus/endpoint.hpp"

#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>

#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zmq.h>

#include "tests/unit/bus/loop.hpp"
#include "tests/unit/bus/random.hpp"
#include "tests/unit/bus/temporary_directory.hpp"

namespace busbar::bus {
namespace {

using namespace std::chrono_literals;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
std::string text_of(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

struct EndpointTest : testing::Test {
  TemporaryDirectory directory;
  std::string address = "ipc://" + (directory.path() / "socket").string();
  asio::io_context loop;
};

TEST_F(EndpointTest, AnswersDealersAndReqsOnOneRouterEachInItsKind) {
  Endpoint router{loop, Kind::Router};
  router.bind(address);
  router.on_message([&](const RoutingId& peer, std::string_view, std::span<const std::uint8_t> bytes) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % 8, 0u);
    EXPECT_TRUE(router.send(peer, bytes_of("answer to " + text_of(bytes))));
  });
  Endpoint dealer{loop, Kind::Dealer};
  Endpoint req{loop, Kind::Req};
  std::string dealer_heard;
  std::string req_heard;
  dealer.on_message([&](auto&, auto, auto bytes) { dealer_heard = text_of(bytes); });
  req.on_message([&](auto&, auto, auto bytes) { req_heard = text_of(bytes); });
  dealer.connect(address);
  req.connect(address);
  ASSERT_TRUE(dealer.send(bytes_of("dealer")));
  ASSERT_TRUE(req.send(bytes_of("req")));
  run_until(loop, [&] { return !dealer_heard.empty() && !req_heard.empty(); });
  EXPECT_EQ(dealer_heard, "answer to dealer");
  EXPECT_EQ(req_heard, "answer to req");

  // A REQ as other languages open it: without the correlation that ours asks for.
  void* context = zmq_ctx_new();
  void* plain = zmq_socket(context, ZMQ_REQ);
  const int no_linger = 0;
  zmq_setsockopt(plain, ZMQ_LINGER, &no_linger, sizeof no_linger);
  ASSERT_EQ(zmq_connect(plain, address.c_str()), 0);
  ASSERT_EQ(zmq_send(plain, "plain", 5, 0), 5);
  char answer[64] = {};
  int size = -1;
  run_until(loop, [&] { return (size = zmq_recv(plain, answer, sizeof answer, ZMQ_DONTWAIT)) >= 0; });
  EXPECT_EQ(std::string(answer, static_cast<std::size_t>(size)), "answer to plain");
  zmq_close(plain);
  zmq_ctx_term(context);
  EXPECT_EQ(router.dropped(), 0u);
}

TEST_F(EndpointTest, AReqWhoseAnswerWasLostAsksAgainAndHearsTheRightAnswer) {
  Endpoint router{loop, Kind::Router};
  router.bind(address);
  std::optional<RoutingId> first;
  router.on_message([&](const RoutingId& peer, std::string_view, std::span<const std::uint8_t> bytes) {
    if (!first) {
      first = peer;
      return;
    }
    EXPECT_TRUE(router.send(*first, bytes_of("late")));
    EXPECT_TRUE(router.send(peer, bytes));
  });
  Endpoint req{loop, Kind::Req};
  std::vector<std::string> heard;
  req.on_message([&](auto&, auto, auto bytes) { heard.push_back(text_of(bytes)); });
  req.connect(address);
  ASSERT_TRUE(req.send(bytes_of("one")));
  run_until(loop, [&] { return first.has_value(); });
  ASSERT_TRUE(req.send(bytes_of("two")));
  run_until(loop, [&] { return !heard.empty(); });
  EXPECT_EQ(heard, std::vector<std::string>{"two"});
}

TEST_F(EndpointTest, SaysSoWhenThePeerIsNotThere) {
  Endpoint router{loop, Kind::Router};
  router.bind(address);
  EXPECT_FALSE(router.send(RoutingId{"\5abcde", 6}, bytes_of("x")));
  EXPECT_FALSE(router.send(RoutingId{}, bytes_of("x")));
  EXPECT_FALSE(router.send(RoutingId{"\77a"}, bytes_of("x")));
  Endpoint dealer{loop, Kind::Dealer, {.immediate = true}};
  dealer.connect("ipc://" + (directory.path() / "nobody").string());
  EXPECT_FALSE(dealer.send(bytes_of("x")));
}

TEST_F(EndpointTest, APeerThatLeftIsNoLongerSentTo) {
  Endpoint router{loop, Kind::Router};
  router.bind(address);
  RoutingId peer;
  router.on_message([&](const RoutingId& from, auto, auto) { peer = from; });
  {
    Endpoint dealer{loop, Kind::Dealer};
    dealer.connect(address);
    ASSERT_TRUE(dealer.send(bytes_of("x")));
    run_until(loop, [&] { return !peer.empty(); });
    EXPECT_TRUE(router.send(peer, bytes_of("y")));
  }
  run_until(loop, [&] { return !router.send(peer, bytes_of("z")); });
}

TEST_F(EndpointTest, TellsWhenThePeerComesAndGoes) {
  Endpoint dealer{loop, Kind::Dealer, {.immediate = true}};
  std::vector<bool> told;
  dealer.on_peer([&] { told.push_back(dealer.can_send()); });
  dealer.connect(address);
  for (std::size_t life = 1; life <= 3; ++life) {
    Endpoint router{loop, Kind::Router};
    router.bind(address);
    run_until(loop, [&] { return told.size() >= 2 * life - 1; });
    EXPECT_TRUE(told.back());
  }
  run_until(loop, [&] { return told.size() >= 6; });
  EXPECT_EQ(told, (std::vector<bool>{true, false, true, false, true, false}));
}

// ZMQ_FD tells of changes only once, and a send may swallow the news. Both sides send in bursts from timers while they read,
// and nothing may stay behind.
TEST_F(EndpointTest, NoMessageStallsOrIsLostInBurstsBothWays) {
  Random random;
  BUSBAR_TRACE_SEED(random);
  constexpr std::uint64_t total = 200'000;
  Endpoint router{loop, Kind::Router, {.send_queue_max = 0, .receive_queue_max = 0}};
  Endpoint dealer{loop, Kind::Dealer, {.send_queue_max = 0, .receive_queue_max = 0}};
  router.bind(address);
  dealer.connect(address);

  struct Side {
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
    bool in_order = true;
  } at_router, at_dealer;
  RoutingId peer;
  const auto receive = [](Side& side, std::span<const std::uint8_t> bytes) {
    std::uint64_t number = 0;
    std::memcpy(&number, bytes.data(), sizeof number);
    side.in_order = side.in_order && number == side.received;
    ++side.received;
  };
  router.on_message([&](const RoutingId& from, auto, auto bytes) {
    peer = from;
    receive(at_router, bytes);
  });
  dealer.on_message([&](auto&, auto, auto bytes) { receive(at_dealer, bytes); });

  std::vector<std::uint8_t> payload(64);
  const auto send_burst = [&](Side& side, auto send) {
    for (auto n = random.between(1, random.one_in(10) ? 3000 : 40); n > 0 && side.sent < total; --n) {
      std::memcpy(payload.data(), &side.sent, sizeof side.sent);
      if (!send(payload)) return;
      ++side.sent;
    }
  };
  asio::steady_timer dealer_timer{loop};
  asio::steady_timer router_timer{loop};
  std::function<void()> dealer_turn = [&] {
    send_burst(at_dealer, [&](auto& bytes) { return dealer.send(bytes); });
    if (at_dealer.sent == total) return;
    dealer_timer.expires_after(std::chrono::microseconds{random.one_in(20) ? random.between(0, 2000) : 0});
    dealer_timer.async_wait([&](auto) { dealer_turn(); });
  };
  std::function<void()> router_turn = [&] {
    if (!peer.empty()) send_burst(at_router, [&](auto& bytes) { return router.send(peer, bytes); });
    if (at_router.sent == total) return;
    router_timer.expires_after(std::chrono::microseconds{random.one_in(20) ? random.between(0, 2000) : 0});
    router_timer.async_wait([&](auto) { router_turn(); });
  };
  dealer_turn();
  router_turn();
  run_until(loop, [&] { return at_router.received == total && at_dealer.received == total; }, 60s);
  EXPECT_TRUE(at_router.in_order);
  EXPECT_TRUE(at_dealer.in_order);
}

TEST_F(EndpointTest, APausedEndpointReadsNothingAndLosesNothing) {
  Endpoint router{loop, Kind::Router};
  router.bind(address);
  Endpoint dealer{loop, Kind::Dealer};
  dealer.connect(address);
  int heard = 0;
  bool is_paused = false;
  int batches = 0;
  router.on_message([&](auto&, auto, auto) {
    EXPECT_FALSE(is_paused);
    if (++heard == 10) {
      router.pause();
      is_paused = true;
    }
  });
  router.on_batch_end([&] { ++batches; });
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(dealer.send(bytes_of("x")));
  run_until(loop, [&] { return heard == 10; });
  loop.run_for(50ms);
  EXPECT_EQ(heard, 10);
  is_paused = false;
  router.resume();
  run_until(loop, [&] { return heard == 1000; });
  EXPECT_GE(batches, 4) << "at most 256 messages are read in one turn";
}

TEST_F(EndpointTest, APeerThatSendsTooMuchIsCutOff) {
  Endpoint router{loop, Kind::Router};
  router.bind(address);
  std::vector<std::string> heard;
  router.on_message([&](auto&, auto, auto bytes) { heard.push_back(bytes.size() < 10 ? text_of(bytes) : "large"); });
  Endpoint dealer{loop, Kind::Dealer};
  dealer.connect(address);
  ASSERT_TRUE(dealer.send(Bytes(message_size_max, 1)));
  ASSERT_TRUE(dealer.send(Bytes(message_frame_size_max + 1, 1)));
  Endpoint other{loop, Kind::Dealer};
  other.connect(address);
  run_until(loop, [&] { return !heard.empty(); });
  // The one is cut off and comes back; the other never notices.
  run_until(loop, [&] {
    static_cast<void>(dealer.send(bytes_of("small")));
    static_cast<void>(other.send(bytes_of("other")));
    loop.run_for(10ms);
    return std::count(heard.begin(), heard.end(), "small") > 0 && std::count(heard.begin(), heard.end(), "other") > 0;
  });
  EXPECT_EQ(std::count(heard.begin(), heard.end(), "large"), 1);
}

TEST_F(EndpointTest, WhatIsNotOneFrameIsDroppedAndCounted) {
  Endpoint router{loop, Kind::Router};
  router.bind(address);
  int heard = 0;
  router.on_message([&](auto&, auto, auto) { ++heard; });
  void* context = zmq_ctx_new();
  void* dealer = zmq_socket(context, ZMQ_DEALER);
  const int no_linger = 0;
  zmq_setsockopt(dealer, ZMQ_LINGER, &no_linger, sizeof no_linger);
  ASSERT_EQ(zmq_connect(dealer, address.c_str()), 0);
  const std::string long_part(100, 'x');
  zmq_send(dealer, long_part.data(), long_part.size(), ZMQ_SNDMORE);
  zmq_send(dealer, "x", 1, 0);
  for (int i = 0; i < 40; ++i) zmq_send(dealer, "abc", 3, ZMQ_SNDMORE);
  zmq_send(dealer, "x", 1, 0);
  zmq_send(dealer, "good", 4, 0);
  run_until(loop, [&] { return heard == 1; });
  EXPECT_EQ(router.dropped(), 2u);
  zmq_close(dealer);
  zmq_ctx_term(context);
}

TEST_F(EndpointTest, ASubscriberHearsItsTopicAndAPublisherHearsOfTheSubscription) {
  Endpoint publisher{loop, Kind::XPub};
  publisher.bind(address);
  std::vector<std::string> subscriptions;
  publisher.on_subscription([&](std::string_view prefix, bool on) { subscriptions.push_back((on ? "+" : "-") + std::string{prefix}); });
  Endpoint subscriber{loop, Kind::Sub};
  subscriber.connect(address);
  subscriber.subscribe(std::string_view{"quote.a\0", 8});
  std::vector<std::string> heard;
  subscriber.on_message([&](auto&, std::string_view topic, auto bytes) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % 8, 0u);
    heard.push_back(std::string{topic} + "=" + text_of(bytes));
  });
  EXPECT_FALSE(publisher.has_subscribers());
  run_until(loop, [&] { return !subscriptions.empty(); });
  EXPECT_TRUE(publisher.has_subscribers());
  EXPECT_EQ(subscriptions.front(), (std::string{"+quote.a\0", 9}));
  EXPECT_TRUE(publisher.publish("quote.ab", bytes_of("no")));
  for (std::size_t size = 1; size < 40; ++size) EXPECT_TRUE(publisher.publish("quote.a", bytes_of(std::string(size, 'v'))));
  run_until(loop, [&] { return heard.size() >= 39; });
  EXPECT_EQ(heard.front(), "quote.a=v");

  // Each subscription is heard of, not only the first of its kind: a late subscriber is owed the last value.
  Endpoint late{loop, Kind::Sub};
  late.connect(address);
  late.subscribe(std::string_view{"quote.a\0", 8});
  run_until(loop, [&] { return subscriptions.size() >= 2; });
  subscriber.unsubscribe(std::string_view{"quote.a\0", 8});
  late.unsubscribe(std::string_view{"quote.a\0", 8});
  run_until(loop, [&] { return subscriptions.size() >= 3; });
  EXPECT_FALSE(publisher.has_subscribers());
}

TEST_F(EndpointTest, ASubscriptionLongerThanAnyTopicIsNotHeard) {
  Endpoint publisher{loop, Kind::XPub};
  publisher.bind(address);
  std::vector<std::size_t> subscriptions;
  publisher.on_subscription([&](std::string_view prefix, bool) { subscriptions.push_back(prefix.size()); });
  Endpoint greedy{loop, Kind::Sub};
  greedy.connect(address);
  greedy.subscribe(std::string(100'000, 'q'));
  Endpoint subscriber{loop, Kind::Sub};
  subscriber.connect(address);
  subscriber.subscribe(std::string(400, 'q'));
  run_until(loop, [&] { return !subscriptions.empty(); });
  loop.run_for(100ms);
  EXPECT_EQ(subscriptions, std::vector<std::size_t>{400});
}

TEST_F(EndpointTest, AFrameWithoutTopicIsDropped) {
  Endpoint forwarder{loop, Kind::XSub};
  forwarder.bind(address);
  forwarder.subscribe("");
  int heard = 0;
  forwarder.on_message([&](auto&, std::string_view topic, auto) {
    EXPECT_EQ(topic, "t");
    ++heard;
  });
  void* context = zmq_ctx_new();
  void* pub = zmq_socket(context, ZMQ_PUB);
  ASSERT_EQ(zmq_connect(pub, address.c_str()), 0);
  Endpoint publisher{loop, Kind::Pub};
  publisher.connect(address);
  run_until(loop, [&] {
    static_cast<void>(publisher.publish("t", bytes_of("v")));
    zmq_send(pub, "short", 5, 0);
    loop.run_for(5ms);
    return heard > 0 && forwarder.dropped() > 0;
  });
  zmq_close(pub);
  zmq_ctx_term(context);
}

TEST_F(EndpointTest, ASocketIsForOwnerAndGroupAndIsNotTakenFromALivingProcess) {
  Endpoint first{loop, Kind::Router};
  first.bind(address);
  struct stat status{};
  ASSERT_EQ(stat(address.c_str() + 6, &status), 0);
  EXPECT_EQ(status.st_mode & 0777u, 0660u);
  Endpoint second{loop, Kind::Router};
  try {
    second.bind(address);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), address + ": is in use by a running process");
  }
}

TEST_F(EndpointTest, TcpStaysOnTheLoopback) {
  Endpoint router{loop, Kind::Router};
  for (const char* bad : {"tcp://0.0.0.0:5555", "tcp://*:5555", "tcp://192.168.1.1:5555", "tcp://127.evil.example:5555", "udp://127.0.0.1:1",
                          "ipc://@abstract"}) {
    EXPECT_THROW(router.bind(bad), std::runtime_error) << bad;
    EXPECT_THROW(router.connect(bad), std::runtime_error) << bad;
  }
  router.bind("tcp://127.0.0.1:*");
  EXPECT_TRUE(router.address().starts_with("tcp://127.0.0.1:")) << router.address();
  Endpoint req{loop, Kind::Req};
  req.connect(router.address());
  bool heard = false;
  router.on_message([&](auto&, auto, auto) { heard = true; });
  ASSERT_TRUE(req.send(bytes_of("x")));
  run_until(loop, [&] { return heard; });
}

TEST_F(EndpointTest, MayEndInsideItsOwnHandler) {
  Endpoint router{loop, Kind::Router};
  router.bind(address);
  RoutingId peer;
  router.on_message([&](const RoutingId& from, auto, auto) { static_cast<void>(router.send(from, bytes_of("x"))); });
  auto dealer = std::make_unique<Endpoint>(loop, Kind::Dealer);
  dealer->connect(address);
  bool ended = false;
  dealer->on_message([&](auto&, auto, auto) {
    dealer.reset();
    ended = true;
  });
  ASSERT_TRUE(dealer->send(bytes_of("x")));
  run_until(loop, [&] { return ended; });
  loop.run_for(20ms);
}

}  // namespace
}  // namespace busbar::bus
