// What a symbol stands for: a company is renamed, and what was ordered, limited and held under its old ticker is its own still.

#include <gtest/gtest.h>

#include "router/core/symbols.hpp"
#include "tests/unit/router/core_bench.hpp"

namespace busbar::router::test {
namespace {

Instrument listed(std::string_view symbol, std::string_view broker_id, std::string_view base = {}) {
  Instrument instrument = btc();
  instrument.symbol = instrument.broker_symbol = cut<32>(symbol);
  instrument.base = cut<32>(base.empty() ? symbol : base);
  instrument.broker_id = cut<64>(broker_id);
  return instrument;
}

NewOrder order_of(std::string_view id, std::string_view symbol) {
  NewOrder order = limit(id);
  order.symbol = cut<32>(symbol);
  return order;
}

struct SymbolsTest : testing::Test {
  SymbolsTest() {
    b.open();
    b.instruments({listed("FB", "id-1"), listed("GOOG", "id-2")});
  }
  void rename() { b.instruments({listed("META", "id-1"), listed("GOOG", "id-2")}); }
  VenueReport of(VenueReport report, std::string_view symbol) {
    report.symbol = cut<32>(symbol);
    return report;
  }

  Bench b;
};

TEST_F(SymbolsTest, TheOldNameIsAnAliasOfTheNewOne) {
  rename();
  EXPECT_EQ(b.place(order_of("A", "FB")).symbol, "META");
  EXPECT_EQ(b.order("A").symbol, "META");
  b.client(order_of("A", "FB"));  // and the same order again is the same order
  EXPECT_EQ(b.reply().error, ErrorCode::None);
  EXPECT_TRUE(b.commands().empty());
  EXPECT_EQ(b.place(order_of("B", "META")).symbol, "META");
}

TEST_F(SymbolsTest, AnOrderThatRestsGoesOnUnderTheNewName) {
  const Command command = b.working(order_of("A", "FB"));
  rename();
  EXPECT_EQ(b.order("A").symbol, "META");
  b.report(of(b.fill(command, "T1", "0.4"_d, "50000"_d), "META"));
  EXPECT_EQ(b.order("A").cum_qty, "0.4"_d);
  EXPECT_FALSE(has_alarm(b.last())) << view(b.last().text);
  b.client(cancel("C", "A"));
  EXPECT_EQ(b.command().symbol, "META");
}

TEST_F(SymbolsTest, WhatWasHeldUnderTheOldNameCounts) {
  const Command command = b.working(order_of("A", "FB"));
  rename();
  b.report(of(b.fill(command, "T1", "0.4"_d, "50000"_d), "FB"));
  EXPECT_EQ(b.order("A").cum_qty, "0.4"_d);
  EXPECT_FALSE(has_alarm(b.last())) << view(b.last().text);
}

TEST_F(SymbolsTest, SubscribersGoOnUnderTheNewNameAndAreToldIt) {
  b.client(Hello{}, "s1");
  Subscribe quote;
  quote.source = "main";
  quote.symbol = "FB";
  quote.channel = Channel::Quote;
  quote.lease_ms = 5000;
  b.client(quote, "s1");
  b.client(quote);
  rename();
  const auto asked = b.to<Subscribe>(Destination::Gateway);
  ASSERT_FALSE(asked.empty());
  for (const Subscribe& each : asked) EXPECT_EQ(each.symbol, "META");
  const auto ended = b.to<Unsubscribe>(Destination::Gateway);
  ASSERT_FALSE(ended.empty());
  for (const Unsubscribe& each : ended) EXPECT_EQ(each.symbol, "FB");
  const auto told = b.to<SubscribeAck>(Destination::Session);
  ASSERT_EQ(told.size(), 1u) << "a REQ hears nothing that it has not asked for";
  EXPECT_EQ(view(told[0].topic), "quote.main.META");
  b.client(quote);  // which it does when it renews
  EXPECT_EQ(view(b.to<SubscribeAck>(Destination::Request)[0].topic), "quote.main.META");
  b.say_hello();
  ASSERT_EQ(b.to<Subscribe>(Destination::Gateway).size(), 1u);
  EXPECT_EQ(b.to<Subscribe>(Destination::Gateway)[0].symbol, "META");
  b.client(Unsubscribe{quote.source, quote.symbol, quote.channel, 0}, "s1");
  EXPECT_TRUE(b.to<Unsubscribe>(Destination::Gateway).empty()) << "the REQ's lease lasts";
  std::vector<Symbol> over;
  for (const Decision& d : b.wait(6 * second)) {
    if (const auto* end = std::get_if<Unsubscribe>(&d.body)) over.push_back(end->symbol);
  }
  EXPECT_EQ(over, std::vector<Symbol>{"META"});
}

TEST_F(SymbolsTest, SubscribersOfTwoThatExchangeNamesKeepTheirs) {
  b.client(Hello{}, "s1");
  Subscribe quote;
  quote.source = "main";
  quote.channel = Channel::Quote;
  quote.symbol = "FB";
  b.client(quote, "s1");
  quote.symbol = "GOOG";
  b.client(quote);
  b.instruments({listed("GOOG", "id-1"), listed("FB", "id-2")});
  EXPECT_TRUE(b.to<Unsubscribe>(Destination::Gateway).empty());
  const auto told = b.to<SubscribeAck>(Destination::Session);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].symbol, "GOOG");
}

TEST_F(SymbolsTest, ItIsFoundByTheBrokersNameForIt) {
  const Command command = b.place(order_of("A", "FB"));
  VenueReport accepted = of(b.fact(command, VenueEvent::Accepted), "FB");
  accepted.broker_order_id = "B-1";
  b.report(accepted);
  rename();
  VenueReport fill = of(b.fill(command, "T1", "1"_d, "50000"_d), "META");
  fill.venue_order_id = {};
  fill.broker_order_id = "B-1";
  b.report(fill);
  EXPECT_EQ(b.status("A"), OrderStatus::Filled);
}

TEST_F(SymbolsTest, AReplaceUnderWayIsOfTheNewName) {
  b.working(order_of("A", "FB"));
  ReplaceOrder replace;
  replace.client_order_id = "R";
  replace.orig_client_order_id = "A";
  replace.price = "49000"_d;
  b.client(replace);
  const Command command = b.command();
  rename();
  b.report(of(b.fact(command, VenueEvent::Replaced), "META"));
  EXPECT_EQ(b.order("R").symbol, "META");
  EXPECT_FALSE(has_alarm(b.last())) << view(b.last().text);
}

TEST_F(SymbolsTest, AFillOfNoKnownOrderWaitsUnderTheNewName) {
  VenueReport fill = of(b.fill(Command{}, "T1", "1"_d, "50000"_d), "FB");
  fill.account = "main";
  fill.broker_order_id = "B-9";
  b.report(fill);
  rename();
  const Command command = b.place(order_of("A", "META"));
  VenueReport accepted = of(b.fact(command, VenueEvent::Accepted), "META");
  accepted.broker_order_id = "B-9";
  b.report(accepted);
  EXPECT_EQ(b.status("A"), OrderStatus::Filled);
}

TEST_F(SymbolsTest, RulesOfEitherNameHold) {
  b.config.symbols.push_back({"*", "FB", "2"_d, {}, false});
  b.config.symbols.push_back({"main", "GOOG", {}, {}, true});
  b.tell(b.config);
  rename();
  NewOrder large = order_of("A", "META");
  large.order_qty = "3"_d;
  b.client(large);
  EXPECT_EQ(b.reply().error, ErrorCode::RiskLimit);
  b.instruments({listed("META", "id-1"), listed("ABC", "id-2")});
  b.client(order_of("B", "ABC"));
  EXPECT_EQ(b.reply().error, ErrorCode::PermissionDenied);
}

TEST_F(SymbolsTest, RenamedAgainBothOldNamesLeadToTheLast) {
  rename();
  b.instruments({listed("MVRS", "id-1")});
  EXPECT_EQ(b.place(order_of("A", "FB")).symbol, "MVRS");
  EXPECT_EQ(b.place(order_of("B", "META")).symbol, "MVRS");
  b.instruments({listed("FB", "id-1")});  // and back
  EXPECT_EQ(b.place(order_of("C", "FB")).symbol, "FB");
  EXPECT_EQ(b.place(order_of("D", "META")).symbol, "FB");
}

TEST_F(SymbolsTest, ATickerThatAnotherCompanyTakesIsThatCompanys) {
  rename();
  b.instruments({listed("META", "id-1"), listed("FB", "id-3")});
  EXPECT_EQ(b.place(order_of("A", "FB")).symbol, "FB");
}

TEST_F(SymbolsTest, TwoThatChangeTickersKeepTheirOrders) {
  b.working(order_of("A", "FB"));
  b.working(order_of("B", "GOOG"));
  b.instruments({listed("GOOG", "id-1"), listed("FB", "id-2")});
  EXPECT_EQ(b.order("A").symbol, "GOOG");
  EXPECT_EQ(b.order("B").symbol, "FB");
}

TEST_F(SymbolsTest, WithoutALastingIdAnotherNameIsAnotherThing) {
  b.instruments({listed("FB", "")});
  b.instruments({listed("META", "")});
  b.client(order_of("A", "FB"));
  EXPECT_EQ(b.reply().error, ErrorCode::InvalidSymbol);
}

TEST_F(SymbolsTest, QuestionsAndCancelsKnowTheOldName) {
  b.working(order_of("A", "FB"));
  rename();
  Query query;
  query.kind = QueryKind::Instruments;
  query.symbol = "FB";
  ASSERT_EQ(b.core.answer(query).instruments.size(), 1u);
  EXPECT_EQ(b.core.answer(query).instruments[0].symbol, "META");
  query.kind = QueryKind::Orders;
  EXPECT_EQ(b.core.answer(query).orders.size(), 1u);
  CancelAll all;
  all.client_order_id = "C";
  all.account = "main";
  all.symbol = "FB";
  b.client(all);
  EXPECT_EQ(b.command().symbol, "META");
}

TEST_F(SymbolsTest, ASubscriptionToTheOldNameIsToTheNewOne) {
  rename();
  Subscribe subscribe;
  subscribe.source = "main";
  subscribe.symbol = "FB";
  subscribe.channel = Channel::Quote;
  b.client(subscribe);
  const auto acks = b.to<SubscribeAck>(Destination::Request);
  ASSERT_EQ(acks.size(), 1u);
  EXPECT_EQ(acks[0].symbol, "META");
}

TEST_F(SymbolsTest, WhichOfSeveralIsForAPersonToSay) {
  b.instruments({listed("RELIANCE.XNSE", "1", "RELIANCE"), listed("RELIANCE.XBOM", "2", "RELIANCE"), listed("AAPL", "3")});
  b.client(order_of("A", "RELIANCE"));
  EXPECT_EQ(b.reply().error, ErrorCode::InvalidSymbol);
  EXPECT_EQ(view(b.reply().text), "is not in the list of binance; there are RELIANCE.XBOM, RELIANCE.XNSE");
  EXPECT_EQ(b.reply().nearest_legal, "");
  b.client(order_of("B", "XNSE"));
  EXPECT_EQ(view(b.reply().text), "is not in the list of binance");
  b.instruments({listed("RELIANCE.XNSE", "1", "RELIANCE")});
  b.client(order_of("C", "RELIANCE"));
  EXPECT_EQ(b.reply().nearest_legal, "RELIANCE.XNSE");
}

}  // namespace
}  // namespace busbar::router::test
