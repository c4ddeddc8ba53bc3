#include "bus/topic.hpp"

#include <gtest/gtest.h>

namespace busbar {
namespace {

TEST(Topic, SaysChannelSourceAndSymbolAndOfABarItsInterval) {
  EXPECT_EQ(topic_of(Channel::Quote, "main", "BTC/USDT"), "quote.main.BTC/USDT");
  EXPECT_EQ(topic_of(Channel::Trade, "main", "BTC/USDT"), "trade.main.BTC/USDT");
  EXPECT_EQ(topic_of(Channel::Book, "main", "BTC/USDT"), "book.main.BTC/USDT");
  EXPECT_EQ(topic_of(Channel::Ticker, "main", "BTC/USDT"), "ticker.main.BTC/USDT");
  EXPECT_EQ(topic_of(Channel::Bar, "main", "BTC/USDT", 60'000), "bar.1m.main.BTC/USDT");
  EXPECT_EQ(topic_of(Channel::Bar, "main", "BTC/USDT", 0), "") << "a bar without a length";
  EXPECT_EQ(topic_of(Channel::Unset, "main", "BTC/USDT"), "");
}

TEST(Topic, IsHeldToWhatItNames) {
  EXPECT_TRUE(is_topic_of("quote.main.BTC/USDT", Channel::Quote, "main", "BTC/USDT"));
  EXPECT_TRUE(is_topic_of("bar.1m.main.BTC/USDT", Channel::Bar, "main", "BTC/USDT", 60'000));
  EXPECT_TRUE(is_topic_of("quote.a.b.c", Channel::Quote, "a.b", "c")) << "a source may have a point";
  for (const std::string_view other :
       {"", "quote.main.BTC/USD", "quote.main.BTC/USDTX", "quote.other.BTC/USDT", "trade.main.BTC/USDT", "quote.mainBTC/USDT",
        "quote.main.", "bar.1m.main.BTC/USDT"}) {
    EXPECT_FALSE(is_topic_of(other, Channel::Quote, "main", "BTC/USDT")) << other;
  }
  EXPECT_FALSE(is_topic_of("bar.1m.main.BTC/USDT", Channel::Bar, "main", "BTC/USDT", 180'000));
  EXPECT_FALSE(is_topic_of("bar..main.BTC/USDT", Channel::Bar, "main", "BTC/USDT", 61'000)) << "the length of no bar";
  EXPECT_FALSE(is_topic_of("main.BTC/USDT", Channel::Unset, "main", "BTC/USDT"));
}

TEST(Topic, AnIntervalHasOneNameAndOneLength) {
  const struct {
    std::string_view name;
    std::uint32_t ms;
  } cases[] = {
      {"1s", 1'000},       {"1m", 60'000},      {"3m", 180'000},     {"5m", 300'000},      {"15m", 900'000},
      {"30m", 1'800'000},  {"1h", 3'600'000},   {"2h", 7'200'000},   {"4h", 14'400'000},   {"6h", 21'600'000},
      {"8h", 28'800'000},  {"12h", 43'200'000}, {"1d", 86'400'000},  {"3d", 259'200'000},  {"1w", 604'800'000},
  };
  std::string all;
  for (const auto& c : cases) {
    EXPECT_EQ(interval_name(c.ms), c.name);
    EXPECT_EQ(interval_of(c.name), c.ms);
    all.append(all.empty() ? "" : " ").append(c.name);
  }
  EXPECT_EQ(interval_names(), all);
}

TEST(Topic, WhatIsNoIntervalHasNoName) {
  for (const std::uint32_t ms : {0u, 1u, 999u, 60'001u, 120'000u, 2'592'000'000u}) {
    EXPECT_FALSE(interval_name(ms)) << ms;
  }
  for (const std::string_view name : {"", "1M", "1", "60s", "1m ", "01m", "1y"}) {
    EXPECT_FALSE(interval_of(name)) << name;
  }
}

}  // namespace
}  // namespace busbar
