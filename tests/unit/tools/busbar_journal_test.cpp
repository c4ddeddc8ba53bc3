#include "tools/busbar/journal.hpp"

#include <gtest/gtest.h>

#include "bus/topic.hpp"

namespace busbar::tool {
namespace {

template <class T>
T of_main() {
  T data;
  data.source = Name{"main"};
  data.symbol = Symbol{"BTC/USDT"};
  return data;
}

// A hub drops what does not come under its own topic.
TEST(Replay, MarketDataOfEachKindHasItsOwnTopic) {
  Bar bar = of_main<Bar>();
  bar.interval_ms = 60'000;
  EXPECT_EQ(topic_in_replay("market", of_main<Quote>()), topic_of(Channel::Quote, "main", "BTC/USDT"));
  EXPECT_EQ(topic_in_replay("market", of_main<Trade>()), topic_of(Channel::Trade, "main", "BTC/USDT"));
  EXPECT_EQ(topic_in_replay("market", bar), topic_of(Channel::Bar, "main", "BTC/USDT", 60'000));
  EXPECT_EQ(topic_in_replay("market", of_main<Book>()), topic_of(Channel::Book, "main", "BTC/USDT"));
  EXPECT_EQ(topic_in_replay("market", of_main<Ticker>()), topic_of(Channel::Ticker, "main", "BTC/USDT"));
  EXPECT_EQ(topic_in_replay("core", Tick{}), "core");
}

}  // namespace
}  // namespace busbar::tool
