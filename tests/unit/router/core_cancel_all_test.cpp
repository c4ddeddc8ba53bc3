#include <gtest/gtest.h>

#include <map>

#include "tests/unit/router/core_bench.hpp"

namespace busbar::router::test {
namespace {

using enum OrderStatus;

CancelAll all(std::string_view id, Side side = Side::Unset, std::string_view symbol = "") {
  return {cut<64>(id), "main", cut<32>(symbol), side};
}

struct CancelAllTest : testing::Test, Bench {
  CancelAllTest() { open(); }
  void log_on(std::string_view session) { client(Hello{}, session); }
  std::vector<std::uint64_t> cancelled() const {
    std::vector<std::uint64_t> ids;
    for (const CancelCommand& c : to<CancelCommand>(Destination::Gateway)) ids.push_back(c.command.order_id);
    return ids;
  }
  std::vector<std::string> listed() const {
    std::vector<std::string> ids;
    for (const ExecutionReport& r : answered().orders) ids.emplace_back(view(r.client_order_id));
    return ids;
  }
};

TEST_F(CancelAllTest, CancelsWhatIsOpenInTheAccountAndNothingElse) {
  const Command first = working(limit("A1"));
  working(limit("A2", Side::Sell));
  report(fill(place(limit("done")), "t1", "1"_d, "50000"_d));
  NewOrder elsewhere = limit("B1");
  elsewhere.account = "second";
  working(elsewhere);
  client(limit("of beta"), "", "beta");

  client(all("CA"));
  EXPECT_EQ(cancelled(), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(listed(), (std::vector<std::string>{"A1", "A2"}));
  EXPECT_EQ(answered().kind, QueryKind::Orders);
  EXPECT_EQ(answered().error, ErrorCode::None);
  EXPECT_EQ(to<ExecutionReport>(Destination::Request).size(), 0u) << "a REQ takes one answer";
  EXPECT_EQ(status("A1"), PendingCancel);
  EXPECT_EQ(status("B1"), New);
  EXPECT_EQ(drop_copy().size(), 2u);
  EXPECT_EQ(view(last().client_order_id), "CA");
  EXPECT_EQ(view(last().orig_client_order_id), "A2");
  report(fact(first, VenueEvent::Canceled));
  EXPECT_EQ(status("A1"), Canceled);
  EXPECT_EQ(view(last().client_order_id), "CA") << "it answers the request";
}

TEST_F(CancelAllTest, MayMeanOneSideOrOneSymbol) {
  Instrument eth = btc();
  eth.symbol = "ETH/USDT";
  instruments({btc(), eth});
  working(limit("A1"));
  working(limit("A2", Side::Sell));
  NewOrder other = limit("A3", Side::Sell);
  other.symbol = "ETH/USDT";
  working(other);
  client(all("C1", Side::Sell, "BTC/USDT"));
  EXPECT_EQ(listed(), std::vector<std::string>{"A2"});
  client(all("C2", Side::Buy));
  EXPECT_EQ(listed(), std::vector<std::string>{"A1"});
  client(all("C3", Side::Unset, "ETH/USDT"));
  EXPECT_EQ(listed(), std::vector<std::string>{"A3"});
}

TEST_F(CancelAllTest, NothingOpenIsNoErrorButASymbolThatNobodyKnowsIs) {
  client(all("C1"));
  EXPECT_EQ(answered().error, ErrorCode::None);
  EXPECT_EQ(view(answered().text), "nothing is open");
  client(all("C2", Side::Unset, "BTC/USDT"));
  EXPECT_EQ(answered().error, ErrorCode::None);
  client(all("C3", Side::Unset, "BTCUSDT"));
  EXPECT_EQ(answered().error, ErrorCode::InvalidSymbol);
  EXPECT_NE(view(answered().text).find("BTCUSDT"), std::string_view::npos) << view(answered().text);
}

TEST_F(CancelAllTest, TheSameAgainStartsNothingNewAndOtherContentIsAConflict) {
  working(limit("A1"));
  client(all("CA"));
  working(limit("A2"));
  now += 2 * second;
  client(all("CA"));
  EXPECT_TRUE(cancelled().empty());
  EXPECT_EQ(listed(), std::vector<std::string>{"A1"}) << "what it meant then";
  EXPECT_EQ(status("A2"), New);
  client(all("CA", Side::Buy));
  EXPECT_EQ(answered().error, ErrorCode::Conflict);
  EXPECT_TRUE(cancelled().empty());
  client(all("A2"));
  EXPECT_EQ(answered().error, ErrorCode::Conflict) << "an order's name";
  client(limit("CA"));
  EXPECT_EQ(reply().error, ErrorCode::Conflict);
  client(cancel("CA", "A2"));
  EXPECT_EQ(reply().error, ErrorCode::Conflict);
  client(cancel("C9", "CA"));
  EXPECT_EQ(reply().error, ErrorCode::OrderNotFound) << "it names no order";
  EXPECT_TRUE(commands().empty());
}

TEST_F(CancelAllTest, ItsNameIsForgottenAfterThirtyDays) {
  client(all("CA"));
  wait(30 * 86'400 * second - 1 * second);
  client(all("CA", Side::Buy));
  EXPECT_EQ(answered().error, ErrorCode::Conflict);
  wait(2 * second);
  client(all("CA", Side::Buy));
  EXPECT_EQ(answered().error, ErrorCode::None);
}

TEST_F(CancelAllTest, OnlyWhoMayTradeThereIsHeard) {
  working(limit("A1"));
  for (const char* name : {"viewer", "beta", "stranger"}) {
    client(all("CA"), "", name);
    EXPECT_EQ(answered().error, ErrorCode::PermissionDenied) << name;
    EXPECT_TRUE(answered().orders.empty());
    EXPECT_TRUE(commands().empty());
  }
  client(all("CA"));
  EXPECT_EQ(answered().error, ErrorCode::None) << "a refusal is not remembered";
  EXPECT_EQ(cancelled().size(), 1u);
}

TEST_F(CancelAllTest, ASessionHearsOfEachOrderByItsReports) {
  log_on("s1");
  log_on("s2");
  client(limit("A1"), "s1");
  report(fact(command(), VenueEvent::Accepted));
  working(limit("A2"));
  client(all("CA"), "s2");
  const Command of_req_cancel = to<CancelCommand>(Destination::Gateway).at(1).command;
  EXPECT_EQ(listed().size(), 2u);
  std::map<std::string, int> heard;
  for (const Decision& d : out) {
    if (d.destination == Destination::Session) ++heard[std::string{view(d.session)}];
  }
  EXPECT_EQ(heard, (std::map<std::string, int>{{"s1", 1}, {"s2", 2}}));
  for (const Decision& d : out) {
    if (view(d.session) == "s2") {
      EXPECT_EQ(d.correlation_id, 1000 + sequence - 1);
    }
  }
  report(fact(of_req_cancel, VenueEvent::CancelRejected));
  const auto told = to<ExecutionReport>(Destination::Session);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].exec_type, ExecType::CancelRejected);
  EXPECT_EQ(view(told[0].client_order_id), "CA");
}

TEST_F(CancelAllTest, ACancelThatIsOnItsWayIsNotStartedAgainUnlessItHasBeenSilent) {
  working(limit("A1"));
  client(cancel("C1", "A1"));
  client(all("CA"));
  EXPECT_TRUE(cancelled().empty());
  EXPECT_EQ(listed(), std::vector<std::string>{"A1"});
  now += 2 * second;
  client(all("CB"));
  EXPECT_EQ(cancelled().size(), 1u);
}

TEST_F(CancelAllTest, WaitsForAGatewayThatIsAway) {
  working(limit("A1"));
  tell(Disconnected{"binance", "7", 7, true, "gone"});
  client(all("CA"));
  EXPECT_TRUE(commands().empty());
  EXPECT_EQ(listed(), std::vector<std::string>{"A1"});
  EXPECT_NE(view(answered().text).find("1 of which"), std::string_view::npos) << view(answered().text);
  say_hello();
  EXPECT_EQ(cancelled(), std::vector<std::uint64_t>{1});
}

TEST_F(CancelAllTest, IsMeteredAndWhatNeverLeftNeedsNoBroker) {
  hello.rate_limits = {{"orders", "main", 10'000, 10, true}};
  hello.rate_costs = {{"place", "orders", 1}, {"cancel", "orders", 1}};
  now = (now / (10 * second) + 1) * 10 * second + 6 * second;
  say_hello();
  gateway(session_state("main"));
  for (int i = 0; i < 9; ++i) client(limit("A" + std::to_string(i)));
  expire = now + 5 * second;
  client(limit("B1"));
  ASSERT_TRUE(commands().empty()) << "it waits";
  expire = 0;
  client(all("CA"));
  EXPECT_EQ(cancelled().size(), 1u) << "that is all there is room for";
  EXPECT_EQ(status("B1"), Canceled);
  EXPECT_EQ(answered().orders.size(), 10u);
  wait(5 * second);
  EXPECT_EQ(cancelled().size(), 8u) << "the others, once each";
  for (const Decision& d : out) EXPECT_FALSE(std::holds_alternative<PlaceCommand>(d.body));
}

TEST_F(CancelAllTest, ALongListIsAnsweredInPart) {
  for (int i = 0; i < 150; ++i) place(limit("A" + std::to_string(i)));
  client(all("CA"));
  EXPECT_EQ(cancelled().size(), 150u);
  ASSERT_EQ(answered().orders.size(), 100u);
  Query query;
  query.kind = QueryKind::Orders;
  query.page_token = answered().next_page_token;
  EXPECT_EQ(core.answer(query).orders.size(), 50u) << "the rest, as any page of orders";
  query = {};
  query.kind = QueryKind::Order;
  query.client_order_id = "CA";
  EXPECT_EQ(core.answer(query).orders.size(), 150u);
}

TEST_F(CancelAllTest, SurvivesASnapshot) {
  working(limit("A1"));
  client(all("CA"));
  auto restored = Core::restore(core.snapshot());
  ASSERT_TRUE(restored) << restored.error().text;
  EXPECT_EQ(restored->state_hash(), core.state_hash());
  core = std::move(*restored);
  client(all("CA"));
  EXPECT_TRUE(cancelled().empty());
  EXPECT_EQ(listed(), std::vector<std::string>{"A1"});
  client(all("CA", Side::Sell));
  EXPECT_EQ(answered().error, ErrorCode::Conflict);
}

}  // namespace
}  // namespace busbar::router::test
