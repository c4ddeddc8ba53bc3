#include "gateways/binance/facts.hpp"

#include <gtest/gtest.h>

namespace busbar::binance {
namespace {

using namespace busbar::literals;

const Symbol btc_usdt{"BTC/USDT"};

Order order_with(std::string_view status, Decimal executed) {
  Order order;
  order.symbol = "BTCUSDT";
  order.order_id = 28;
  order.client_order_id = "V1";
  order.status = std::string{status};
  order.side = "SELL";
  order.type = "LIMIT";
  order.price = "4000"_d;
  order.orig_qty = "10"_d;
  order.executed_qty = executed;
  order.cum_quote_qty = "0"_d;
  order.transact_time = 1700000000000;
  return order;
}

std::vector<VenueEvent> events(const Facts& facts) {
  std::vector<VenueEvent> names;
  for (const VenueReport& fact : facts) names.push_back(fact.event);
  return names;
}

using Events = std::vector<VenueEvent>;

TEST(BinanceFacts, AnAcknowledgementIsAcceptanceAndNoMore) {
  Order ack;
  ack.symbol = "BTCUSDT";
  ack.order_id = 28;
  ack.client_order_id = "V1";
  ack.transact_time = 1700000000000;
  const Facts facts = facts_of_place(ack, btc_usdt);
  ASSERT_EQ(events(facts), Events{VenueEvent::Accepted});
  EXPECT_EQ(view(facts[0].venue_order_id), "V1");
  EXPECT_EQ(view(facts[0].broker_order_id), "28");
  EXPECT_EQ(facts[0].transact_time_ns, 1700000000000000000);
}

TEST(BinanceFacts, AFullAnswerTellsEachFillOnce) {
  Order order = order_with("FILLED", "10"_d);
  order.fills = std::vector<OrderFill>{{"4000"_d, "4"_d, "1"_d, "USDT", 56}, {"3999"_d, "6"_d, "2"_d, "BNB", 57}};
  const Facts facts = facts_of_place(order, btc_usdt);
  ASSERT_EQ(events(facts), (Events{VenueEvent::Accepted, VenueEvent::Fill, VenueEvent::Fill}));
  EXPECT_EQ(view(facts[1].trade_id), "BTCUSDT:56");
  EXPECT_EQ(facts[1].order_status, OrderStatus::PartiallyFilled);
  EXPECT_EQ(*facts[1].cum_qty, "4"_d);
  EXPECT_EQ(facts[2].order_status, OrderStatus::Filled);
  EXPECT_EQ(*facts[2].cum_qty, "10"_d);
  EXPECT_EQ(*facts[2].last_px, "3999"_d);
  EXPECT_EQ(view(facts[2].commission_asset), "BNB");
  EXPECT_EQ(facts[2].liquidity, Liquidity::Taker);
}

TEST(BinanceFacts, AnIocThatFindsPartEndsExpiredAfterItsFills) {
  Order order = order_with("EXPIRED", "4"_d);
  order.fills = std::vector<OrderFill>{{"4000"_d, "4"_d, "1"_d, "USDT", 56}};
  order.expiry_reason = "UNFILLED_IOC_QUANTITY_EXPIRED";
  const Facts facts = facts_of_place(order, btc_usdt);
  ASSERT_EQ(events(facts), (Events{VenueEvent::Accepted, VenueEvent::Fill, VenueEvent::Expired}));
  EXPECT_EQ(*facts[2].cum_qty, "4"_d);
  EXPECT_EQ(view(facts[2].text), "UNFILLED_IOC_QUANTITY_EXPIRED");
  EXPECT_EQ(events(facts_of_place(order_with("EXPIRED_IN_MATCH", "0"_d), btc_usdt)),
            (Events{VenueEvent::Accepted, VenueEvent::Expired}));
}

TEST(BinanceFacts, AnAnswerWithoutItsFillsIsStillToBeAskedFor) {
  EXPECT_EQ(events(facts_of_place(order_with("FILLED", "10"_d), btc_usdt)),
            (Events{VenueEvent::Accepted, VenueEvent::State}));
}

TEST(BinanceFacts, QuantityOfAnOrderByAmountIsNotWhatWasAskedFor) {
  Order order = order_with("FILLED", "10"_d);
  order.orig_quote_order_qty = "40000"_d;
  order.price = "0"_d;
  const Facts facts = facts_of_place(order, btc_usdt);
  EXPECT_FALSE(facts[0].order_qty);
  EXPECT_FALSE(facts[0].price);
}

TEST(BinanceFacts, ACancelNamesTheOrderAndNotItself) {
  Order order = order_with("CANCELED", "1"_d);
  order.client_order_id = "C1";
  order.orig_client_order_id = "V1";
  const VenueReport fact = fact_of_cancel(order, btc_usdt, "V1");
  EXPECT_EQ(fact.event, VenueEvent::Canceled);
  EXPECT_EQ(view(fact.venue_order_id), "V1");
  EXPECT_EQ(*fact.cum_qty, "1"_d);
  EXPECT_FALSE(fact.is_working);
  Order list;
  list.list_orders = {order_with("CANCELED", "0"_d), order};
  EXPECT_EQ(view(fact_of_cancel(list, btc_usdt, "V1").venue_order_id), "V1");
}

TEST(BinanceFacts, AnUnknownStatusIsNoState) {
  EXPECT_TRUE(state_of(order_with("NEW", "0"_d), btc_usdt, VenueSource::Probe));
  const auto strange = state_of(order_with("FROZEN", "0"_d), btc_usdt, VenueSource::Probe);
  ASSERT_FALSE(strange);
  EXPECT_EQ(strange.error().text, "order.status: FROZEN was never seen before");
  Order negative = order_with("FILLED", "10"_d);
  negative.cum_quote_qty = "-1"_d;
  EXPECT_FALSE(state_of(negative, btc_usdt, VenueSource::Probe)->cum_quote_qty);
}

TEST(BinanceFacts, AFillFromTheTradeListHasTheSameNameAsFromAnywhere) {
  AccountTrade trade;
  trade.symbol = "BTCUSDT";
  trade.id = 56;
  trade.order_id = 28;
  trade.price = "4000"_d;
  trade.qty = "4"_d;
  trade.commission_asset = "BNB";
  trade.is_maker = true;
  const VenueReport fill = fill_of(trade, btc_usdt, "V1", VenueSource::Reconcile);
  EXPECT_EQ(view(fill.trade_id), "BTCUSDT:56");
  EXPECT_EQ(fill.liquidity, Liquidity::Maker);
  EXPECT_EQ(fill.side, Side::Sell);
}

ExecutionReportEvent event_of(std::string_view what, std::string_view status) {
  ExecutionReportEvent event;
  event.symbol = "BTCUSDT";
  event.client_order_id = "V1";
  event.side = "BUY";
  event.type = "LIMIT";
  event.qty = "1"_d;
  event.price = "2"_d;
  event.execution_type = what;
  event.order_status = status;
  event.order_id = 28;
  event.on_book = true;
  event.transact_time = 1700000000000;
  return event;
}

TEST(BinanceFacts, EachExecutionTypeSaysItsOwn) {
  const struct {
    const char *what, *status;
    Events expected;
  } cases[] = {
      {"NEW", "NEW", {VenueEvent::Accepted}},
      {"CANCELED", "CANCELED", {VenueEvent::Canceled}},
      {"CANCELED", "PENDING_CANCEL", {VenueEvent::State}},
      {"EXPIRED", "EXPIRED", {VenueEvent::Expired}},
      {"TRADE_PREVENTION", "EXPIRED_IN_MATCH", {VenueEvent::Expired}},
      {"TRADE_PREVENTION", "PARTIALLY_FILLED", {VenueEvent::State}},
      {"REJECTED", "REJECTED", {VenueEvent::Rejected}},
      {"REPLACED", "NEW", {VenueEvent::Replaced}},
      {"TRADE", "NEW", {VenueEvent::State}},       // names no execution
      {"TRADE", "CANCELED", {VenueEvent::Canceled}},
  };
  for (const auto& c : cases) {
    const EventFacts said = facts_of(event_of(c.what, c.status), btc_usdt);
    EXPECT_EQ(events(said.facts), c.expected) << c.what << " " << c.status;
    EXPECT_TRUE(said.unknown.empty());
  }
}

TEST(BinanceFacts, ATradeIsAFillWithItsNameAndItsTotals) {
  ExecutionReportEvent event = event_of("TRADE", "PARTIALLY_FILLED");
  event.trade_id = 77;
  event.last_qty = "0.4"_d;
  event.last_price = "2"_d;
  event.cum_qty = "0.6"_d;
  event.commission = "0.001"_d;
  event.commission_asset = "BNB";
  event.is_maker = true;
  const EventFacts said = facts_of(event, btc_usdt);
  ASSERT_EQ(events(said.facts), Events{VenueEvent::Fill});
  const VenueReport& fill = said.facts[0];
  EXPECT_EQ(view(fill.trade_id), "BTCUSDT:77");
  EXPECT_EQ(*fill.last_qty, "0.4"_d);
  EXPECT_EQ(*fill.cum_qty, "0.6"_d);
  EXPECT_EQ(fill.liquidity, Liquidity::Maker);
  EXPECT_EQ(fill.source, VenueSource::Stream);
  event.last_price = "0"_d;  // seen on the stream: a trade without a price is for the trade list to tell
  EXPECT_EQ(events(facts_of(event, btc_usdt).facts), Events{VenueEvent::State});
}

TEST(BinanceFacts, TheSecondNewOfATriggeredStopIsNoNewOrder) {
  ExecutionReportEvent event = event_of("NEW", "NEW");
  event.type = "STOP_LOSS_LIMIT";
  event.on_book = false;
  EXPECT_EQ(events(facts_of(event, btc_usdt).facts), Events{VenueEvent::Accepted});
  EXPECT_FALSE(facts_of(event, btc_usdt).facts[0].is_working);
  event.on_book = true;
  event.working_time = 1700000000000;
  EXPECT_EQ(events(facts_of(event, btc_usdt).facts), Events{VenueEvent::State});
  EXPECT_TRUE(facts_of(event, btc_usdt).facts[0].is_working);
}

TEST(BinanceFacts, ValuesNeverSeenAreKeptApartAndNotGuessed) {
  EXPECT_EQ(facts_of(event_of("CALCULATED", "FILLED"), btc_usdt).unknown, "executionReport.x: CALCULATED");
  EXPECT_EQ(facts_of(event_of("NEW", "FROZEN"), btc_usdt).unknown, "executionReport.X: FROZEN");
  EXPECT_TRUE(facts_of(event_of("CALCULATED", "FILLED"), btc_usdt).facts.empty());
}

TEST(BinanceFacts, ARejectionOnTheStreamSaysWhy) {
  ExecutionReportEvent event = event_of("REJECTED", "REJECTED");
  event.reject_reason = "INSUFFICIENT_BALANCES";
  const VenueReport fact = facts_of(event, btc_usdt).facts.at(0);
  EXPECT_EQ(fact.error, ErrorCode::InsufficientFunds);
  EXPECT_EQ(view(fact.broker_code), "INSUFFICIENT_BALANCES");
}

TEST(BinanceFacts, TextFromOutsideIsMadeFitForTheBus) {
  EXPECT_EQ(view(printable<64>("web_a b\n币")), "web_a?b????");
  EXPECT_EQ(view(words_of("two\nlines\tand 币")), "two lines and 币");
  EXPECT_EQ(printable<64>(std::string(100, 'x')).size(), 64u);
  EXPECT_EQ(ns_of(-1), 0);
  EXPECT_EQ(ns_of(9300000000000000), 0);
}

}  // namespace
}  // namespace busbar::binance
