// Orders outside their market's hours: refused, kept for the open, or sent as extended. The days are those around a holiday
// and a half day: New York closes on Thursday, 2026-11-26, and at 13:00 on the Friday after it.

#include <gtest/gtest.h>

#include "bus/clock.hpp"
#include "router/core/market_hours.hpp"
#include "tests/unit/router/core_bench.hpp"

namespace busbar::router::test {
namespace {

constexpr Timestamp minute = 60 * second;
constexpr Timestamp hour = 60 * minute;
constexpr Timestamp wednesday = 1'795'564'800 * second;  // 2026-11-25T00:00:00Z
constexpr Timestamp thursday = wednesday + 24 * hour;
constexpr Timestamp friday = thursday + 24 * hour;
constexpr Timestamp open_at = 14 * hour + 30 * minute;  // 9:30 in New York, in winter
constexpr Timestamp close_at = 21 * hour;
constexpr Timestamp half_day_close_at = 18 * hour;

MarketHours new_york() {
  using enum TradingSessionKind;
  return {"XNYS",
          {{Extended, wednesday + 9 * hour, wednesday + open_at},
           {Regular, wednesday + open_at, wednesday + close_at},
           {Extended, wednesday + close_at, wednesday + 25 * hour},
           {Extended, friday + 9 * hour, friday + open_at},
           {Regular, friday + open_at, friday + half_day_close_at},
           {Extended, friday + half_day_close_at, friday + 22 * hour}}};
}

NewOrder share(std::string_view id) {
  NewOrder order = limit(id);
  order.symbol = "AAPL";
  order.time_in_force = TimeInForce::Day;
  return order;
}

struct MarketHoursTest : testing::Test {
  MarketHoursTest() { b.now = wednesday; }

  void open(MarketClosed policy, std::uint64_t wait_hours = 96) {
    b.config.accounts[0].market_closed = policy;
    b.config.accounts[0].queue_for_open_ms = wait_hours * 3'600'000;
    b.open();
    list({new_york()});
  }
  void list(std::vector<MarketHours> markets) {
    Instrument apple = btc();
    apple.symbol = apple.broker_symbol = "AAPL";
    apple.market = "XNYS";
    Instruments page;
    page.gateway = "binance";
    page.is_last = true;
    page.instruments = {apple, btc()};
    page.markets = std::move(markets);
    b.gateway(page);
  }
  // Time passes, and the gateway says now and then that it is there.
  void at(Timestamp time) { b.wait(time - b.now); }
  ExecutionReport said_to(const NewOrder& order) {
    b.client(order);
    return b.reply();
  }
  void expect_closed(const NewOrder& order, std::string_view opens) {
    const ExecutionReport said = said_to(order);
    EXPECT_EQ(said.error, ErrorCode::MarketClosed) << view(said.text);
    EXPECT_EQ(said.field, "symbol");
    EXPECT_EQ(view(said.nearest_legal), opens);
    EXPECT_TRUE(b.commands().empty());
  }

  Bench b;
};

TEST_F(MarketHoursTest, WithinItsHoursAnOrderLeavesAtOnce) {
  open(MarketClosed::Refuse);
  at(wednesday + open_at);
  EXPECT_EQ(b.place(share("A")).symbol, "AAPL");
  at(wednesday + close_at - 1);
  EXPECT_EQ(b.place(share("B")).symbol, "AAPL");
}

TEST_F(MarketHoursTest, OutsideItIsRefusedWithTheNextOpen) {
  open(MarketClosed::Refuse);
  at(wednesday + open_at - 1);
  expect_closed(share("early"), "2026-11-25T14:30:00Z");
  at(wednesday + close_at);
  expect_closed(share("late"), "2026-11-27T14:30:00Z");
  at(thursday + 16 * hour);
  expect_closed(share("holiday"), "2026-11-27T14:30:00Z");
  at(friday + half_day_close_at);
  expect_closed(share("half day"), "");  // beyond what the broker has told
  EXPECT_EQ(view(b.reply().text), "XNYS is closed, and when it opens is not known");
}

TEST_F(MarketHoursTest, WithoutHoursItIsClosed) {
  open(MarketClosed::Queue);
  list({});
  at(wednesday + open_at + hour);
  expect_closed(share("A"), "");
}

TEST_F(MarketHoursTest, WhatAlwaysTradesHasNone) {
  open(MarketClosed::Refuse);
  at(thursday + 3 * hour);
  EXPECT_EQ(b.place(limit("A")).symbol, "BTC/USDT");
}

TEST_F(MarketHoursTest, AnAuctionsOrderComesBeforeIt) {
  open(MarketClosed::Refuse);
  b.hello.capabilities.times_in_force.push_back(TimeInForce::AtTheOpening);
  b.say_hello();
  b.gateway(Bench::session_state("main"));
  NewOrder order = share("A");
  order.time_in_force = TimeInForce::AtTheOpening;
  at(thursday + 3 * hour);
  EXPECT_EQ(b.place(order).symbol, "AAPL");
}

TEST_F(MarketHoursTest, AReplaceOfWhatTheBrokerHasPasses) {
  open(MarketClosed::Refuse);
  at(wednesday + close_at - second);
  b.working(share("A"));
  at(wednesday + close_at + hour);
  ReplaceOrder replace;
  replace.client_order_id = "B";
  replace.orig_client_order_id = "A";
  replace.price = "49000"_d;
  b.client(replace);
  EXPECT_EQ(b.commands().size(), 1u);
}

TEST_F(MarketHoursTest, AskedForItWorksInTheExtendedHours) {
  open(MarketClosed::Refuse);
  NewOrder order = share("A");
  order.extended_hours = true;
  at(wednesday + 9 * hour);
  EXPECT_EQ(b.place(order).symbol, "AAPL");
  order.client_order_id = "B";
  at(thursday + 2 * hour);
  expect_closed(order, "2026-11-27T09:00:00Z");
}

TEST_F(MarketHoursTest, ThePolicyExtendsALimitOrderAndNoOther) {
  open(MarketClosed::Extended);
  at(wednesday + close_at + minute);
  b.client(share("A"));
  const auto sent = b.to<PlaceCommand>(Destination::Gateway);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_TRUE(sent[0].order.extended_hours);
  NewOrder market = share("B");
  market.order_type = OrderType::Market;
  market.price.reset();
  expect_closed(market, "2026-11-27T14:30:00Z");
  NewOrder at_once = share("C");
  at_once.time_in_force = TimeInForce::ImmediateOrCancel;
  expect_closed(at_once, "2026-11-27T14:30:00Z");
  at(thursday + 16 * hour);  // a holiday has no such hours either
  expect_closed(share("D"), "2026-11-27T14:30:00Z");
}

TEST_F(MarketHoursTest, TheSameOrderAgainIsTheOneThatWasExtended) {
  open(MarketClosed::Extended);
  at(wednesday + close_at + minute);
  b.client(share("A"));
  b.client(share("A"));
  EXPECT_TRUE(b.commands().empty());
  EXPECT_EQ(b.reply().error, ErrorCode::None);
}

TEST_F(MarketHoursTest, KeptForTheOpenItLeavesThen) {
  open(MarketClosed::Queue);
  at(wednesday + close_at + minute);
  const ExecutionReport said = said_to(share("A"));
  EXPECT_EQ(said.order_status, OrderStatus::PendingNew);
  EXPECT_EQ(view(said.text), "waits for its market, which opens 2026-11-27T14:30:00Z");
  EXPECT_TRUE(b.commands().empty());
  at(friday + open_at - 1);
  EXPECT_EQ(b.status("A"), OrderStatus::PendingNew);
  b.wait(1);
  const auto sent = b.to<PlaceCommand>(Destination::Gateway);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_FALSE(sent[0].order.extended_hours);
  EXPECT_GE(sent[0].command.expire_time_ns, b.now);
  b.report(b.fact(sent[0].command, VenueEvent::Accepted));
  EXPECT_EQ(b.status("A"), OrderStatus::New);
}

TEST_F(MarketHoursTest, ItWaitsNoLongerThanTheAccountSays) {
  open(MarketClosed::Queue, 24);
  at(wednesday + close_at + minute);
  expect_closed(share("A"), "2026-11-27T14:30:00Z");
  at(thursday + 16 * hour);
  EXPECT_EQ(said_to(share("B")).order_status, OrderStatus::PendingNew);
}

TEST_F(MarketHoursTest, NorThanItsOwnExpiry) {
  open(MarketClosed::Queue);
  at(friday + open_at - hour);
  b.expire = b.now + hour;
  expect_closed(share("A"), "2026-11-27T14:30:00Z");
  b.expire = b.now + hour + 1;
  EXPECT_EQ(said_to(share("B")).order_status, OrderStatus::PendingNew);
  b.expire = 0;
  NewOrder dated = share("C");
  dated.time_in_force = TimeInForce::GoodTillDate;
  dated.expire_date_ns = friday + open_at;
  expect_closed(dated, "2026-11-27T14:30:00Z");
}

TEST_F(MarketHoursTest, CancelledMeanwhileItNeverLeaves) {
  open(MarketClosed::Queue);
  at(friday + open_at - hour);
  said_to(share("A"));
  b.client(cancel("C", "A"));
  EXPECT_EQ(b.status("A"), OrderStatus::Canceled);
  at(friday + open_at + minute);
  EXPECT_TRUE(b.commands().empty());
}

TEST_F(MarketHoursTest, AGatewayThatIsLostMeanwhileCostsNothing) {
  open(MarketClosed::Queue);
  at(friday + open_at - hour);
  said_to(share("A"));
  b.tell(Disconnected{"binance", "7", 7, true, {}});
  EXPECT_EQ(b.status("A"), OrderStatus::PendingNew);
  at(friday + open_at + 10 * second);  // and comes back a little late
  EXPECT_EQ(b.status("A"), OrderStatus::PendingNew);
  b.hello.incarnation = 8;
  b.say_hello();
  b.gateway(Bench::session_state("main"));
  b.wait(second);
  EXPECT_EQ(b.to<PlaceCommand>(Destination::Gateway).size(), 1u);
}

TEST_F(MarketHoursTest, OneThatStaysAwayRefusesItAfterTheOpening) {
  open(MarketClosed::Queue);
  at(friday + open_at - hour);
  said_to(share("A"));
  b.tell(Disconnected{"binance", "7", 7, true, {}});
  at(friday + open_at + minute - 1);
  EXPECT_EQ(b.status("A"), OrderStatus::PendingNew);
  b.wait(second);
  EXPECT_EQ(b.status("A"), OrderStatus::Rejected);
  EXPECT_EQ(b.order("A").error, ErrorCode::GatewayDown);
}

TEST_F(MarketHoursTest, OtherHoursMoveIt) {
  open(MarketClosed::Queue);
  at(friday + open_at - hour);
  said_to(share("A"));
  MarketHours later = new_york();
  later.sessions[4].open_ns += hour;  // it opens late
  list({later});
  at(friday + open_at + minute);
  EXPECT_EQ(b.status("A"), OrderStatus::PendingNew);
  EXPECT_TRUE(b.commands().empty());
  list({new_york()});  // and then not: it is open
  EXPECT_EQ(b.to<PlaceCommand>(Destination::Gateway).size(), 1u);
}

TEST_F(MarketHoursTest, HoursThatGoAwayEndIt) {
  open(MarketClosed::Queue);
  at(friday + open_at - hour);
  said_to(share("A"));
  list({});
  EXPECT_EQ(b.status("A"), OrderStatus::Rejected);
  EXPECT_EQ(b.order("A").error, ErrorCode::MarketClosed);
}

TEST_F(MarketHoursTest, OrdersOfAListWaitForNoMarket) {
  open(MarketClosed::Queue);
  at(friday + open_at - hour);
  NewOrderList pair = one_cancels_other("L");
  for (NewOrder& order : pair.orders) order.symbol = "AAPL";
  b.client(pair);
  EXPECT_EQ(b.status("P1"), OrderStatus::Rejected);
  EXPECT_EQ(b.order("P1").error, ErrorCode::MarketClosed);
}

TEST_F(MarketHoursTest, WhatWaitsIsPartOfTheState) {
  open(MarketClosed::Queue);
  at(friday + open_at - hour);
  said_to(share("A"));
  auto restored = Core::restore(b.core.snapshot());
  ASSERT_TRUE(restored);
  b.core = *std::move(restored);
  at(friday + open_at - 1);
  b.wait(1);
  EXPECT_EQ(b.to<PlaceCommand>(Destination::Gateway).size(), 1u);
}

}  // namespace
}  // namespace busbar::router::test
