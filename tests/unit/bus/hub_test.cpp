#include "bus/hub/hub.hpp"

#include <gtest/gtest.h>

#include "tests/unit/bus/loop.hpp"
#include "tests/unit/bus/temporary_directory.hpp"

namespace busbar::hub {
namespace {

using namespace std::chrono_literals;

Config config_in(const std::filesystem::path& directory) {
  ConfigTable root = ConfigFile::parse("environment = \"paper\"\n[bus]\ndirectory = \"" + directory.string() + "\"\n", "hub.toml");
  return read_config(root);
}

Bytes quote(const char* symbol, std::uint64_t sequence, Environment environment = Environment::Paper) {
  return encode(Header{.environment = environment, .sender = "binance"},
                Quote{.source = "binance", .symbol = symbol, .sequence = sequence, .incarnation = 1});
}

struct Subscriber {
  Subscriber(boost::asio::io_context& loop, const Config& config) : endpoint{loop, bus::Kind::Sub} {
    endpoint.connect(config.bus.quotes_out);
    endpoint.on_message([this](auto&, std::string_view topic, auto bytes) {
      const auto message = decode(bytes);
      ASSERT_TRUE(message);
      const auto sequence = std::get<Quote>(message->body).sequence;
      if (sequence <= seen[std::string{topic}]) return;  // sent again for someone else who subscribed
      seen[std::string{topic}] = sequence;
      heard.emplace_back(topic, sequence);
    });
  }
  bus::Endpoint endpoint;
  std::map<std::string, std::uint64_t> seen;
  std::vector<std::pair<std::string, std::uint64_t>> heard;
};

struct HubTest : testing::Test {
  TemporaryDirectory directory;
  boost::asio::io_context loop;
  Config config = config_in(directory.path());
  bus::Endpoint gateway{loop, bus::Kind::Pub};

  // A PUB forgets what it publishes before the hub is there.
  void connect(Hub& hub) {
    gateway.connect(config.bus.quotes_in);
    run_until(loop, [&] {
      static_cast<void>(gateway.publish("quote.binance.FIRST", quote("FIRST", 1)));
      loop.run_for(5ms);
      return hub.topics() > 0;
    });
  }
};

TEST_F(HubTest, ALateSubscriberHasTheLastValueAtOnceWithItsOldSequence) {
  Hub hub{loop, config, "1"};
  connect(hub);
  for (std::uint64_t i = 1; i <= 7; ++i) EXPECT_TRUE(gateway.publish("quote.binance.BTC/USDT", quote("BTC/USDT", i)));
  EXPECT_TRUE(gateway.publish("quote.binance.BTC/USDC", quote("BTC/USDC", 3)));
  run_until(loop, [&] { return hub.topics() == 3; });

  Subscriber late{loop, config};
  late.endpoint.subscribe(std::string_view{"quote.binance.BTC/USDT\0", 23});
  run_until(loop, [&] { return !late.heard.empty(); });
  EXPECT_EQ(late.heard, (std::vector<std::pair<std::string, std::uint64_t>>{{"quote.binance.BTC/USDT", 7}}));

  Subscriber wide{loop, config};
  wide.endpoint.subscribe("quote.binance.BTC");
  run_until(loop, [&] { return wide.heard.size() >= 2; });
  EXPECT_TRUE(gateway.publish("quote.binance.BTC/USDT", quote("BTC/USDT", 8)));
  run_until(loop, [&] { return wide.heard.size() >= 3; });
  EXPECT_EQ(wide.heard.back().second, 8u);
}

TEST_F(HubTest, EveryoneHearsEachMessageInOrder) {
  Hub hub{loop, config, "1"};
  connect(hub);
  Subscriber one{loop, config};
  Subscriber two{loop, config};
  for (auto* subscriber : {&one, &two}) subscriber->endpoint.subscribe(std::string_view{"quote.binance.X\0", 16});
  EXPECT_TRUE(gateway.publish("quote.binance.X", quote("X", 1)));
  run_until(loop, [&] { return !one.heard.empty() && !two.heard.empty(); });
  for (std::uint64_t i = 2; i <= 5000; ++i) EXPECT_TRUE(gateway.publish("quote.binance.X", quote("X", i)));
  run_until(loop, [&] { return one.heard.size() >= 5000 && two.heard.size() >= 5000; });
  EXPECT_EQ(one.heard, two.heard);
}

TEST_F(HubTest, WhatIsNotMarketDataUnderItsOwnTopicIsDropped) {
  Hub hub{loop, config, "1"};
  connect(hub);
  Subscriber subscriber{loop, config};
  subscriber.endpoint.subscribe("");
  run_until(loop, [&] { return !subscriber.heard.empty(); });
  const auto forwarded = hub.forwarded();
  EXPECT_TRUE(gateway.publish("quote.binance.A", Bytes(200, 0x42)));
  EXPECT_TRUE(gateway.publish("quote.binance.A", quote("B", 1)));
  EXPECT_TRUE(gateway.publish("quote.binance.A", quote("A", 1, Environment::Live)));
  EXPECT_TRUE(gateway.publish("report.main", encode(Header{.environment = Environment::Paper, .sender = "x"}, Heartbeat{})));
  EXPECT_TRUE(gateway.publish("", encode(Header{.environment = Environment::Paper, .sender = "x"},
                                         Bar{.source = "binance", .symbol = "A", .interval_ms = 61'000})));
  EXPECT_TRUE(gateway.publish("quote.binance.A", quote("A", 2)));
  run_until(loop, [&] { return hub.dropped() == 5 && hub.forwarded() > forwarded; });
  run_until(loop, [&] { return subscriber.heard.back().first == "quote.binance.A"; });
  EXPECT_EQ(subscriber.heard.back().second, 2u);
  EXPECT_EQ(hub.topics(), 2u);
}

TEST_F(HubTest, EachKindOfMarketDataHasItsTopic) {
  Hub hub{loop, config, "1"};
  connect(hub);
  const auto publish = [&](std::string_view topic, const Body& body) {
    return gateway.publish(topic, encode(Header{.environment = Environment::Paper, .sender = "binance"}, body));
  };
  EXPECT_TRUE(publish("trade.main.X", Trade{.source = "main", .symbol = "X"}));
  EXPECT_TRUE(publish("bar.1m.main.X", Bar{.source = "main", .symbol = "X", .interval_ms = 60'000}));
  EXPECT_TRUE(publish("book.main.X", Book{.source = "main", .symbol = "X"}));
  EXPECT_TRUE(publish("ticker.main.X", Ticker{.source = "main", .symbol = "X"}));
  run_until(loop, [&] { return hub.topics() == 5; });
  EXPECT_EQ(hub.dropped(), 0u);
}

TEST_F(HubTest, NoSubscriptionReachesAGatewayAndNoneOfThemFilters) {
  // A PUB filters by what it hears of subscriptions, so the hub asks for everything, once, and then for nothing.
  bus::Endpoint watcher{loop, bus::Kind::XPub};
  std::vector<std::string> asked;
  watcher.on_subscription([&](std::string_view prefix, bool on) { asked.push_back((on ? "+" : "-") + std::string{prefix}); });
  watcher.connect(config.bus.quotes_in);
  Hub hub{loop, config, "1"};
  run_until(loop, [&] { return !asked.empty(); });
  Subscriber subscriber{loop, config};
  for (const char* topic : {"quote.", "trade.", "quote.binance.BTC/USDT"}) subscriber.endpoint.subscribe(topic);
  connect(hub);
  run_until(loop, [&] { return !subscriber.heard.empty(); });
  EXPECT_EQ(asked, std::vector<std::string>{"+"});
}

TEST_F(HubTest, RemembersOnlySoManyTopicsAndForwardsTheOthers) {
  config.topics_max = 2;
  Hub hub{loop, config, "1"};
  connect(hub);
  Subscriber subscriber{loop, config};
  subscriber.endpoint.subscribe("");
  run_until(loop, [&] { return !subscriber.heard.empty(); });
  for (const char* symbol : {"A", "B", "C"}) {
    EXPECT_TRUE(gateway.publish("quote.binance." + std::string{symbol}, quote(symbol, 1)));
  }
  run_until(loop, [&] { return subscriber.heard.back().first == "quote.binance.C"; });
  EXPECT_EQ(hub.topics(), 2u);
}

TEST_F(HubTest, TheArchiveGetsWhatWasForwarded) {
  bus::Endpoint archive{loop, bus::Kind::Router, {.frame_size_max = bus::audit_frame_size_max}};
  archive.bind(config.bus.audit_market);
  std::uint64_t next = 1;
  archive.on_message([&](const bus::RoutingId& peer, auto, auto bytes) {
    const auto message = decode(bytes);
    ASSERT_TRUE(message);
    EXPECT_EQ(view(message->header.sender), "hub");
    EXPECT_EQ(view(message->header.session), "77");
    if (const auto* append = std::get_if<AuditAppend>(&message->body)) next = append->first_sequence + append->count;
    EXPECT_TRUE(archive.send(peer, encode(Header{.environment = Environment::Paper, .sender = "auditd"},
                                          AuditState{.stream = "market", .next_sequence = next})));
  });
  Hub hub{loop, config, "77"};
  connect(hub);
  for (std::uint64_t i = 2; i <= 100; ++i) EXPECT_TRUE(gateway.publish("quote.binance.FIRST", quote("FIRST", i)));
  run_until(loop, [&] { return hub.forwarded() >= 100 && next == hub.forwarded() + 1; });
  bool is_done = false;
  hub.stop([&] { is_done = true; });
  run_until(loop, [&] { return is_done; });
}

}  // namespace
}  // namespace busbar::hub
