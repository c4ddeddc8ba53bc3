// What the acting half of the gateway declares and reads, without a line.

#include "gateways/binance/rest.hpp"

#include <gtest/gtest.h>

#include "gateways/binance/adapter.hpp"

namespace busbar::binance {
namespace {

TEST(BinanceRest, HeadersTellWhatHasBeenUsed) {
  const Name account{"main"};
  const auto weight = usage_of("x-mbx-used-weight-1m", "321", account);
  ASSERT_TRUE(weight);
  EXPECT_EQ(view(weight->bucket), "weight");
  EXPECT_EQ(view(weight->scope), "binance-ip");
  EXPECT_EQ(weight->interval_ms, 60000u);
  EXPECT_EQ(weight->used, 321u);
  const auto orders = usage_of("x-mbx-order-count-10s", "12", account);
  ASSERT_TRUE(orders);
  EXPECT_EQ(view(orders->bucket), "orders");
  EXPECT_EQ(view(orders->scope), "main");
  for (const auto& [name, value] :
       {std::pair{"x-mbx-used-weight", "5"}, {"x-mbx-used-weight-1m", "many"}, {"date", "1"}}) {
    EXPECT_FALSE(usage_of(name, value, account)) << name;
  }
}

TEST(BinanceAdapter, DeclaresHowLongALostRequestCanStillAct) {
  const Capabilities capabilities = binance_capabilities(5000);
  EXPECT_EQ(capabilities.absence_rule.bound_ms, 15000u);
  EXPECT_EQ(capabilities.absence_rule.look_ups, 2u);
  EXPECT_TRUE(capabilities.can_replace);
  EXPECT_EQ(capabilities.venue_order_id_length, 36u);
}

TEST(BinanceAdapter, ForgetsTheOldestOfWhatItHasSeen) {
  Recent recent{2};
  EXPECT_TRUE(recent.add("a"));
  EXPECT_FALSE(recent.add("a"));
  EXPECT_TRUE(recent.add("b"));
  EXPECT_TRUE(recent.add("c"));
  EXPECT_FALSE(recent.contains("a"));
  EXPECT_TRUE(recent.contains("c"));
}

TEST(BinanceConfig, DefaultsAreBinancesOwnHostsAndWrongKeysAreNamed) {
  ConfigTable empty = ConfigFile::parse("", "test.toml");
  const BinanceConfig config = read_config(empty, Environment::Live);
  EXPECT_EQ(config.rest.host, "api.binance.com");
  EXPECT_EQ(config.ws_api.target, "/ws-api/v3");
  EXPECT_EQ(config.streams.target, "/stream");
  EXPECT_EQ(config.streams.port, "9443");
  EXPECT_EQ(config.recv_window_ms, 5000u);
  for (const char* text : {"rest = \"http://api.binance.com\"", "ws_api = \"https://x\"", "recv_window_ms = 60001",
                           "key_type = \"rot13\""}) {
    ConfigTable table = ConfigFile::parse(text, "test.toml");
    EXPECT_THROW(read_config(table, Environment::Live), ConfigError) << text;
  }
}

}  // namespace
}  // namespace busbar::binance
