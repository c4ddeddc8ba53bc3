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
  EXPECT_EQ(view(facts[2].text), "UNFILLED_IOC_QUANTITY_EXPIRED: what could not be filled at once");
  Order prevented = order_with("EXPIRED_IN_MATCH", "0"_d);
  prevented.prevented_qty = "10.0"_d;
  const Facts ended = facts_of_place(prevented, btc_usdt);
  ASSERT_EQ(events(ended), (Events{VenueEvent::Accepted, VenueEvent::Expired}));
  EXPECT_EQ(view(ended[1].text), "self-trade prevention: 10.0 not traded");
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

TEST(BinanceFacts, WhatWaitsIsAcceptedAndDoesNotWork) {
  Order waiting = order_with("PENDING_NEW", "0"_d);  // for another order of its list
  waiting.working_time = -1;
  Order stop = order_with("NEW", "0"_d);  // for its trigger
  stop.working_time = -1;
  Order resting = order_with("NEW", "0"_d);
  resting.working_time = 1700000000000;
  const Facts waits = facts_of_place(waiting, btc_usdt);
  ASSERT_EQ(events(waits), Events{VenueEvent::Accepted});
  EXPECT_EQ(waits[0].order_status, OrderStatus::PendingNew);
  EXPECT_FALSE(waits[0].is_working);
  EXPECT_FALSE(facts_of_place(stop, btc_usdt)[0].is_working);
  EXPECT_TRUE(facts_of_place(resting, btc_usdt)[0].is_working);
}

TEST(BinanceFacts, EachOrderOfAListHasFactsOfItsOwn) {
  OrderList list;
  list.reports = {order_with("FILLED", "10"_d), order_with("PENDING_NEW", "0"_d)};
  list.reports[0].fills = std::vector<OrderFill>{{"4000"_d, "10"_d, "1"_d, "USDT", 56}};
  list.reports[1].client_order_id = "V2";
  EXPECT_EQ(events(facts_of_leg(list, btc_usdt, "V1")), (Events{VenueEvent::Accepted, VenueEvent::Fill}));
  const Facts waiting = facts_of_leg(list, btc_usdt, "V2");
  ASSERT_EQ(events(waiting), Events{VenueEvent::Accepted});
  EXPECT_EQ(view(waiting[0].venue_order_id), "V2");
  EXPECT_EQ(waiting[0].order_status, OrderStatus::PendingNew);
  EXPECT_TRUE(facts_of_leg(list, btc_usdt, "V3").empty());
}

CancelReplace cancel_replace(std::string_view new_status) {
  CancelReplace answer;
  answer.cancel_result = answer.new_order_result = HalfResult::Success;
  answer.canceled = order_with("CANCELED", "4"_d);
  answer.canceled->client_order_id = "C1";
  answer.canceled->orig_client_order_id = "V1";
  answer.placed = order_with(new_status, "0"_d);
  answer.placed->order_id = 29;
  answer.placed->client_order_id = "V2";
  return answer;
}

TEST(BinanceFacts, AReplaceEndsOneLegAndBeginsAnother) {
  const Facts facts = facts_of_cancel_replace(cancel_replace("NEW"), btc_usdt, "V1", "V2");
  ASSERT_EQ(events(facts), (Events{VenueEvent::Canceled, VenueEvent::Replaced}));
  EXPECT_EQ(view(facts[0].venue_order_id), "V1");
  EXPECT_EQ(*facts[0].cum_qty, "4"_d);
  EXPECT_EQ(view(facts[1].venue_order_id), "V2");
  EXPECT_EQ(view(facts[1].broker_order_id), "29");
  CancelReplace filled = cancel_replace("FILLED");
  filled.placed->fills = std::vector<OrderFill>{{"4000"_d, "10"_d, "1"_d, "USDT", 56}};
  EXPECT_EQ(events(facts_of_cancel_replace(filled, btc_usdt, "V1", "V2")),
            (Events{VenueEvent::Canceled, VenueEvent::Replaced, VenueEvent::Fill}));
}

TEST(BinanceFacts, AReplaceOfAListsOrderFindsTheOrderAmongThem) {
  CancelReplace answer = cancel_replace("NEW");
  Order list;
  list.list_orders = {order_with("CANCELED", "0"_d), *answer.canceled};
  list.list_orders[0].client_order_id = "V9";
  answer.canceled = list;
  const Facts facts = facts_of_cancel_replace(answer, btc_usdt, "V1", "V2");
  EXPECT_EQ(view(facts.at(0).venue_order_id), "V1");
  EXPECT_EQ(*facts.at(0).cum_qty, "4"_d);
}

TEST(BinanceFacts, AReplaceThatFailsSaysWhetherTheOldOrderIsGone) {
  CancelReplace kept;
  kept.cancel_result = HalfResult::Failure;
  kept.cancel_error = BrokerError{.code = -2011, .message = "Unknown order sent."};
  kept.error = BrokerError{.code = -2022, .message = "Order cancel-replace failed."};
  const Facts refused = facts_of_cancel_replace(kept, btc_usdt, "V1", "V2");
  ASSERT_EQ(events(refused), Events{VenueEvent::ReplaceRejected});
  EXPECT_EQ(refused[0].error, ErrorCode::OrderNotFound);
  EXPECT_EQ(view(refused[0].broker_code), "-2011");

  CancelReplace gone = cancel_replace("NEW");
  gone.placed.reset();
  gone.new_order_result = HalfResult::Failure;
  gone.new_order_error =
      BrokerError{.code = -2010, .message = "Account has insufficient balance for requested action."};
  const Facts half = facts_of_cancel_replace(gone, btc_usdt, "V1", "V2");
  ASSERT_EQ(events(half), (Events{VenueEvent::Canceled, VenueEvent::ReplaceRejected}));
  EXPECT_EQ(half[1].error, ErrorCode::InsufficientFunds);
}

TEST(BinanceFacts, WhatBinanceDoesNotKnowOfAReplaceIsAskedFor) {
  const BrokerError open_ones[] = {{.code = -1007, .message = "Timeout waiting for response from backend server."},
                                   {.code = -1001, .message = "Internal error"},
                                   {.code = -2010, .message = "Duplicate order sent."},
                                   {.code = -9999, .message = "never seen"}};
  for (const BrokerError& error : open_ones) {
    CancelReplace answer = cancel_replace("NEW");
    answer.placed.reset();
    answer.new_order_result = HalfResult::Failure;
    answer.new_order_error = error;
    const Facts facts = facts_of_cancel_replace(answer, btc_usdt, "V1", "V2");
    ASSERT_EQ(events(facts), (Events{VenueEvent::Canceled, VenueEvent::Unknown})) << error.code;
    EXPECT_EQ(facts[1].error, ErrorCode::UnknownOutcome);
  }
  CancelReplace both = cancel_replace("NEW");  // the old order works on, and the new one works as well
  both.canceled.reset();
  both.cancel_result = HalfResult::Failure;
  both.cancel_error = BrokerError{.code = -2011, .message = "Unknown order sent."};
  EXPECT_EQ(events(facts_of_cancel_replace(both, btc_usdt, "V1", "V2")), Events{VenueEvent::Unknown});
}

TEST(BinanceFacts, AnAmendmentReplacesTheOrderUnderItsNewName) {
  Amended amended;
  amended.order = order_with("PARTIALLY_FILLED", "4"_d);
  amended.order.client_order_id = "V2";
  amended.orig_client_order_id = "V1";
  const Facts facts = facts_of_amend(amended, btc_usdt);
  ASSERT_EQ(events(facts), Events{VenueEvent::Replaced});
  EXPECT_EQ(view(facts[0].venue_order_id), "V2");
  EXPECT_EQ(*facts[0].order_qty, "10"_d);
  EXPECT_EQ(*facts[0].cum_qty, "4"_d);
  EXPECT_EQ(facts[0].order_status, OrderStatus::PartiallyFilled);
}

TEST(BinanceFacts, ExpiriesAreExplainedAndUnknownOnesPassedOn) {
  EXPECT_EQ(expiry_text("OCO_TRIGGER"), "OCO_TRIGGER: the other order of the pair has begun to work");
  EXPECT_EQ(expiry_text("NEW_REASON"), "NEW_REASON");
  EXPECT_EQ(expiry_text("NONE"), "");
  EXPECT_EQ(expiry_text(""), "");
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

TEST(BinanceFacts, AnAmendedOrderIsReplacedUnderTheNameThatItNowBears) {
  ExecutionReportEvent event = event_of("REPLACED", "PARTIALLY_FILLED");
  event.client_order_id = "V2";
  event.orig_client_order_id = "V1";
  event.qty = "0.7"_d;
  event.cum_qty = "0.2"_d;
  const VenueReport fact = facts_of(event, btc_usdt).facts.at(0);
  EXPECT_EQ(fact.event, VenueEvent::Replaced);
  EXPECT_EQ(view(fact.venue_order_id), "V2");
  EXPECT_EQ(*fact.order_qty, "0.7"_d);
  EXPECT_EQ(*fact.cum_qty, "0.2"_d);
}

TEST(BinanceFacts, SelfTradePreventionSaysHowMuchAndAgainstWhat) {
  ExecutionReportEvent event = event_of("TRADE_PREVENTION", "NEW");
  event.last_prevented_qty = "0.3"_d;
  event.counter_order_id = 37;
  const VenueReport fact = facts_of(event, btc_usdt).facts.at(0);
  EXPECT_EQ(fact.event, VenueEvent::State);
  EXPECT_EQ(view(fact.text), "self-trade prevention: 0.3 not traded with our order 37");
}

TEST(BinanceFacts, AnOrderThatSelfTradePreventionMadeSmallerIsRestated) {
  ExecutionReportEvent event = event_of("TRADE_PREVENTION", "NEW");
  event.prevented_qty = "0.3"_d;
  event.last_prevented_qty = "0.1"_d;
  const VenueReport fact = facts_of(event, btc_usdt).facts.at(0);
  EXPECT_EQ(fact.event, VenueEvent::Replaced);
  EXPECT_EQ(*fact.order_qty, "0.7"_d) << "all that was prevented, and not only the last of it";
  // Later words show the quantity that was asked for: they say nothing of it, and an end takes nothing away.
  event.execution_type = "CANCELED";
  event.order_status = "CANCELED";
  EXPECT_EQ(facts_of(event, btc_usdt).facts.at(0).event, VenueEvent::Canceled);
  EXPECT_FALSE(facts_of(event, btc_usdt).facts.at(0).order_qty);
  event.execution_type = "TRADE_PREVENTION";
  event.order_status = "EXPIRED_IN_MATCH";
  EXPECT_EQ(facts_of(event, btc_usdt).facts.at(0).event, VenueEvent::Expired);
  // What may be made smaller while it is placed is not compared with what was asked for.
  event = event_of("NEW", "NEW");
  EXPECT_EQ(*facts_of(event, btc_usdt).facts.at(0).order_qty, "1"_d);
  event.self_trade_prevention_mode = "DECREMENT";
  EXPECT_FALSE(facts_of(event, btc_usdt).facts.at(0).order_qty);
}

TEST(BinanceFacts, AnswersTellWhatPreventionHasLeft) {
  Order order = order_with("PARTIALLY_FILLED", "4"_d);
  EXPECT_FALSE(restated_of(order, btc_usdt, VenueSource::Probe));
  EXPECT_EQ(*quantity_of(order), "10"_d);
  order.prevented_qty = "2.5"_d;
  const auto restated = restated_of(order, btc_usdt, VenueSource::Probe);
  ASSERT_TRUE(restated);
  EXPECT_EQ(restated->event, VenueEvent::Replaced);
  EXPECT_EQ(*restated->order_qty, "7.5"_d);
  EXPECT_FALSE(state_of(order, btc_usdt, VenueSource::Probe)->order_qty);
  const Facts placed = facts_of_place(order, btc_usdt);
  EXPECT_EQ(events(placed), (Events{VenueEvent::Accepted, VenueEvent::Replaced, VenueEvent::State}));
  EXPECT_FALSE(placed[0].order_qty);
  order.status = "EXPIRED_IN_MATCH";
  EXPECT_FALSE(restated_of(order, btc_usdt, VenueSource::Probe)) << "it has ended: nothing is left";
}

TEST(BinanceFacts, FilledIsForWhatPreventionHasLeft) {
  Order order = order_with("FILLED", "6"_d);
  EXPECT_FALSE(restated_of(order, btc_usdt, VenueSource::Probe)) << "nothing was prevented";
  order.prevented_qty = "4"_d;
  const auto restated = restated_of(order, btc_usdt, VenueSource::Probe);
  ASSERT_TRUE(restated);
  EXPECT_EQ(restated->event, VenueEvent::Replaced);
  EXPECT_EQ(*restated->order_qty, "6"_d);
  // An answer tells it before that it is Filled.
  EXPECT_EQ(events(facts_of_place(order, btc_usdt)),
            (Events{VenueEvent::Accepted, VenueEvent::Replaced, VenueEvent::State}));
  order.fills = std::vector<OrderFill>{{"4000"_d, "6"_d, "1"_d, "USDT", 56}};
  const Facts placed = facts_of_place(order, btc_usdt);
  ASSERT_EQ(events(placed), (Events{VenueEvent::Accepted, VenueEvent::Replaced, VenueEvent::Fill}));
  EXPECT_EQ(*placed[1].order_qty, "6"_d);
  EXPECT_EQ(placed[2].order_status, OrderStatus::Filled);
}

TEST(BinanceFacts, AWaitingLegIsAcceptedOnTheStreamAndDoesNotWork) {
  const VenueReport fact = facts_of(event_of("NEW", "PENDING_NEW"), btc_usdt).facts.at(0);
  EXPECT_EQ(fact.event, VenueEvent::Accepted);
  EXPECT_EQ(fact.order_status, OrderStatus::PendingNew);
  EXPECT_FALSE(fact.is_working);
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
