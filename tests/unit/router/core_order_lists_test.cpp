#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

#include "tests/unit/router/core_bench.hpp"

namespace busbar::router::test {
namespace {

using enum OrderStatus;
using OrderListType::Bracket;
using OrderListType::OneCancelsOther;
using OrderListType::OneTriggersOneCancelsOther;
using OrderListType::OneTriggersOther;

struct OrderLists : testing::Test, Bench {
  OrderLists() { open(); }
  void log_on(std::string_view session) { client(Hello{}, session); }
  std::vector<PlaceListCommand> lists() const { return to<PlaceListCommand>(Destination::Gateway); }
  std::vector<PlaceCommand> places() const { return to<PlaceCommand>(Destination::Gateway); }
  std::vector<CancelCommand> cancels() const { return to<CancelCommand>(Destination::Gateway); }
  // Places a list whose orders all work at once.
  std::vector<Command> working_list(const NewOrderList& list) {
    client(list);
    const std::vector<Command> sent = commands();
    for (const Command& command : sent) report(fact(command, VenueEvent::Accepted));
    return sent;
  }
};

TEST_F(OrderLists, LeaveInOneMessageInWhichEachOrderHasItsOwnCommandAndNames) {
  client(one_triggers_both("L1"));
  ASSERT_EQ(out[0].destination, Destination::Gateway) << "the command goes first";
  ASSERT_EQ(lists().size(), 1u);
  EXPECT_TRUE(places().empty());
  const PlaceListCommand list = lists()[0];
  EXPECT_EQ(list.list_type, OneTriggersOneCancelsOther);
  EXPECT_EQ(list.venue_list_id.size(), 19u);
  ASSERT_EQ(list.commands.size(), 3u);
  std::set<std::string> names{std::string{view(list.venue_list_id)}};
  for (std::size_t i = 0; i < 3; ++i) {
    const PlaceCommand& each = list.commands[i];
    EXPECT_EQ(each.command.command_id, list.commands[0].command.command_id + i);
    EXPECT_EQ(each.command.order_id, i + 1);
    EXPECT_EQ(each.command.incarnation, 7u);
    EXPECT_FALSE(each.command.possible_resend);
    names.insert(std::string{view(each.command.venue_order_id)});
  }
  EXPECT_EQ(names.size(), 4u);
  EXPECT_EQ(list.commands[2].order.stop_px, "48000"_d);
  ASSERT_EQ(drop_copy().size(), 3u);
  for (const ExecutionReport& r : drop_copy()) {
    EXPECT_EQ(r.order_status, PendingNew);
    EXPECT_EQ(view(r.list_id), "L1");
  }
  EXPECT_TRUE(drop_copy()[0].is_working);
  EXPECT_FALSE(drop_copy()[1].is_working) << "it waits for the first";
}

TEST_F(OrderLists, AReqHearsOfTheFirstOrderAndASessionOfAll) {
  client(one_cancels_other("L1"));
  EXPECT_EQ(view(reply().client_order_id), "P1");
  EXPECT_EQ(reply().order_status, PendingNew);
  log_on("s1");
  client(order_list("L2", OneTriggersOther, {limit("B2"), limit("P2", Side::Sell)}), "s1");
  const auto told = to<ExecutionReport>(Destination::Session);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(view(told[0].client_order_id), "B2");
  EXPECT_EQ(view(told[1].client_order_id), "P2");
  EXPECT_TRUE(to<ExecutionReport>(Destination::Request).empty());
}

TEST_F(OrderLists, AListThatIsKnownIsAnsweredAndOtherContentIsAConflict) {
  log_on("s1");
  client(one_cancels_other("L1"), "s1");
  report(fact(commands()[0], VenueEvent::Accepted));
  now += 10 * second;
  client(one_cancels_other("L1"), "s1");
  EXPECT_TRUE(commands().empty());
  const auto told = to<ExecutionReport>(Destination::Session);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].exec_type, ExecType::OrderStatus);
  EXPECT_EQ(told[0].order_status, New);
  EXPECT_EQ(told[1].order_status, PendingNew);

  client(one_cancels_other("L1"));
  EXPECT_EQ(view(reply().client_order_id), "P1") << "one answer to a REQ";
  client(stop_limit("S1"));
  EXPECT_EQ(reply().order_status, PendingNew) << "each of its orders is known by its own name too";
  EXPECT_TRUE(commands().empty());

  NewOrderList other = one_cancels_other("L1");
  other.orders[1].stop_px = "47999"_d;
  client(other, "s1");
  for (const ExecutionReport& r : to<ExecutionReport>(Destination::Session)) {
    EXPECT_EQ(r.error, ErrorCode::Conflict);
    EXPECT_EQ(view(r.field), "list_id");
    EXPECT_EQ(r.order_id, 0u);
  }
  EXPECT_EQ(to<ExecutionReport>(Destination::Session).size(), 2u);
  other = one_cancels_other("L1");
  other.orders.push_back(limit("X"));
  client(other);
  EXPECT_EQ(reply().error, ErrorCode::Conflict);
  client(one_cancels_other("S1", "P9", "S9"));
  EXPECT_EQ(reply().error, ErrorCode::Conflict) << "an order's name is none for a list";
  client(limit("L1"));
  EXPECT_EQ(reply().error, ErrorCode::Conflict) << "nor a list's for an order";
  client(cancel("C1", "L1"));
  EXPECT_EQ(reply().error, ErrorCode::OrderNotFound) << "a list is cancelled by its own request";
  EXPECT_TRUE(commands().empty());
}

TEST_F(OrderLists, ANameThatIsTakenRefusesTheListAndIsNotTouched) {
  const Command sent = working(limit("P1"));
  client(one_cancels_other("L1"));
  EXPECT_TRUE(commands().empty());
  ASSERT_EQ(drop_copy().size(), 2u);
  EXPECT_EQ(drop_copy()[0].error, ErrorCode::Conflict);
  EXPECT_EQ(drop_copy()[1].error, ErrorCode::OrderRejected);
  EXPECT_NE(view(drop_copy()[1].text).find("P1"), std::string_view::npos) << view(drop_copy()[1].text);
  EXPECT_EQ(status("P1"), New);
  EXPECT_EQ(order("P1").order_id, sent.order_id);
  EXPECT_EQ(order("S1").order_id, 0u) << "nothing is remembered";
  client(one_cancels_other("L1", "P2", "S2"));
  EXPECT_EQ(lists().size(), 1u);
  for (NewOrderList twice : {one_cancels_other("L2", "P3", "P3"), one_cancels_other("P4", "P4", "S4")}) {
    client(twice);
    EXPECT_TRUE(commands().empty());
    EXPECT_EQ(last().error == ErrorCode::Conflict || drop_copy()[0].error == ErrorCode::Conflict, true);
  }
}

struct Case {
  const char* what;
  std::function<void(Bench&, NewOrderList&)> change;
  ErrorCode error = ErrorCode::None;
  const char* field = "";
  int index = -1;  // of the order that is at fault; -1: the list is
  const char* nearest = "";
};

using B = Bench;
using L = NewOrderList;

void with_instrument(Bench& b, const std::function<void(Instrument&)>& change) {
  Instrument i = btc();
  change(i);
  b.instruments({i});
}

// What of an entry and its two exits the case is about: exits alone are the last two.
void exits_alone(NewOrderList& list) {
  list.list_type = OneCancelsOther;
  list.orders.erase(list.orders.begin());
}
void entry_and_one_exit(NewOrderList& list) {
  list.list_type = OneTriggersOther;
  list.orders.pop_back();
}

const std::vector<Case> cases = {
    {"an entry and both exits", [](B&, L&) {}},
    {"both exits", [](B&, L& l) { exits_alone(l); }},
    {"an entry and one exit", [](B&, L& l) { entry_and_one_exit(l); }},
    {"post-only exits and entries",
     [](B&, L& l) { l.orders[0].post_only = l.orders[1].post_only = true; }},
    {"the stop comes first", [](B&, L& l) { exits_alone(l), std::swap(l.orders[0], l.orders[1]); }},
    {"a market exit at a profit",
     [](B&, L& l) {
       exits_alone(l);
       l.orders[0].order_type = OrderType::MarketIfTouched, l.orders[0].price.reset(), l.orders[0].stop_px = "52000"_d;
     }},
    {"a stop that trails has no place yet",
     [](B&, L& l) { exits_alone(l), l.orders[1].stop_px.reset(), l.orders[1].trailing_delta_bps = 100; }},
    {"to buy back, the other way round",
     [](B&, L& l) {
       exits_alone(l);
       for (NewOrder& o : l.orders) o.side = Side::Buy;
       l.orders[0].price = "47000"_d;
     }},

    {"a bracket", [](B&, L& l) { l.list_type = Bracket; }, ErrorCode::Unsupported, "list_type"},
    {"two orders of three", [](B&, L& l) { l.orders.pop_back(); }, ErrorCode::InvalidOrder, "orders", -1, "3"},
    {"three orders of two", [](B&, L& l) { l.list_type = OneCancelsOther; }, ErrorCode::InvalidOrder, "orders", -1,
     "2"},
    {"two accounts", [](B&, L& l) { l.orders[2].account = "second"; }, ErrorCode::InvalidOrder, "account", 2, "main"},
    {"two symbols", [](B&, L& l) { l.orders[1].symbol = "ETH/USDT"; }, ErrorCode::InvalidOrder, "symbol", 1,
     "BTC/USDT"},
    {"a broker without lists", [](B& b, L&) { b.hello.capabilities.can_order_lists = false; b.say_hello();
       b.gateway(Bench::session_state("main")); },
     ErrorCode::Unsupported, "list_type"},
    {"no pairs for this symbol",
     [](B& b, L& l) { exits_alone(l), with_instrument(b, [](auto& i) { i.can_oco = false; }); },
     ErrorCode::Unsupported, "list_type"},
    {"nor pairs behind an entry", [](B& b, L&) { with_instrument(b, [](auto& i) { i.can_oco = false; }); },
     ErrorCode::Unsupported, "list_type"},
    {"which an entry and one exit are not",
     [](B& b, L& l) { entry_and_one_exit(l), with_instrument(b, [](auto& i) { i.can_oco = false; }); }},
    {"no triggers for this symbol",
     [](B& b, L& l) { entry_and_one_exit(l), with_instrument(b, [](auto& i) { i.can_oto = false; }); },
     ErrorCode::Unsupported, "list_type"},
    {"exits that trade both ways", [](B&, L& l) { l.orders[2].side = Side::Buy; }, ErrorCode::InvalidOrder, "side", 2,
     "Sell"},
    {"exits of two sizes", [](B&, L& l) { l.orders[2].order_qty = "2"_d; }, ErrorCode::InvalidOrder, "order_qty", 2,
     "1"},
    {"1.0 is 1", [](B&, L& l) { l.orders[2].order_qty = "1.0"_d; }},
    {"two profits", [](B&, L& l) { l.orders[2] = limit("S1", Side::Sell, "1"_d, "53000"_d); }, ErrorCode::InvalidOrder,
     "order_type", 2},
    {"two stops", [](B&, L& l) { l.orders[1] = stop_limit("P1"); }, ErrorCode::InvalidOrder, "order_type", 2},
    {"a stop above the profit", [](B&, L& l) { l.orders[2].stop_px = "52000"_d; }, ErrorCode::InvalidOrder, "stop_px",
     2},
    {"an entry at any price",
     [](B&, L& l) { l.orders[0].order_type = OrderType::Market, l.orders[0].price.reset(); }, ErrorCode::InvalidOrder,
     "order_type", 0, "Limit"},
    {"an exit for cash",
     [](B&, L& l) {
       entry_and_one_exit(l);
       l.orders[1].order_type = OrderType::Market, l.orders[1].price.reset();
       l.orders[1].order_qty.reset(), l.orders[1].cash_order_qty = "100"_d;
     },
     ErrorCode::Unsupported, "cash_order_qty", 1},
    {"an order that would be refused alone", [](B&, L& l) { l.orders[1].price = "52000.001"_d; },
     ErrorCode::InvalidOrder, "price", 1, "52000.00"},
    {"an account's limit",
     [](B& b, L& l) {
       b.config.accounts[0].max_order_qty = "1.5"_d;
       b.tell(b.config);
       l.orders[1].order_qty = l.orders[2].order_qty = "2"_d;
     },
     ErrorCode::RiskLimit, "order_qty", 1, "1.5"},
    {"late", [](B& b, L&) { b.expire = b.now - 1; }, ErrorCode::Expired, "expire_time_ns", 0},
    {"a gateway that is gone", [](B& b, L&) { b.tell(Disconnected{"binance", "7", 7, true, {}}); },
     ErrorCode::GatewayDown, "account", 0},
};

TEST(OrderListChecks, OneFaultRefusesAllAndEachIsToldWhoseItWas) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Bench bench;
    bench.open();
    NewOrderList list = one_triggers_both("L1");
    c.change(bench, list);
    bench.client(list);
    const auto told = bench.drop_copy();
    ASSERT_EQ(told.size(), list.orders.size());
    EXPECT_EQ(bench.to<PlaceListCommand>(Destination::Gateway).size(), c.error == ErrorCode::None ? 1u : 0u)
        << view(told.back().text);
    for (std::size_t i = 0; i < told.size(); ++i) {
      EXPECT_EQ(told[i].client_order_id, list.orders[i].client_order_id);
      EXPECT_EQ(view(told[i].list_id), "L1");
      EXPECT_EQ(told[i].order_status, c.error == ErrorCode::None ? PendingNew : Rejected);
      if (c.error == ErrorCode::None) continue;
      const bool is_at_fault = c.index < 0 || static_cast<std::size_t>(c.index) == i;
      EXPECT_EQ(told[i].error, is_at_fault ? c.error : ErrorCode::OrderRejected) << view(told[i].text);
      EXPECT_EQ(view(told[i].field), std::string_view{is_at_fault ? c.field : "list_id"}) << view(told[i].text);
      if (is_at_fault) {
        EXPECT_EQ(view(told[i].nearest_legal), std::string_view{c.nearest});
      } else {
        const auto culprit = view(list.orders[static_cast<std::size_t>(c.index)].client_order_id);
        EXPECT_NE(view(told[i].text).find(culprit), std::string_view::npos) << view(told[i].text);
      }
    }
    if (c.error == ErrorCode::None) continue;
    EXPECT_TRUE(bench.commands().empty());
    bench.expire = 0;
    bench.client(list);
    EXPECT_EQ(bench.reply().exec_type, ExecType::OrderStatus) << "refused, it stays refused under its name";
    EXPECT_EQ(bench.reply().order_status, Rejected);
  }
}

TEST_F(OrderLists, WhatHasNotTwoOrThreeOrdersIsNoList) {
  for (const std::size_t count : {0u, 1u, 4u}) {
    NewOrderList list = order_list("L1", OneCancelsOther, {});
    for (std::size_t i = 0; i < count; ++i) list.orders.push_back(limit("A" + std::to_string(i)));
    client(list);
    EXPECT_EQ(view(rejected().field), "orders");
    EXPECT_TRUE(commands().empty());
    EXPECT_TRUE(drop_copy().empty());
  }
}

TEST_F(OrderLists, OnlyWhoMayTradeThereIsHeardAndNothingIsRemembered) {
  client(one_cancels_other("L1"), "", "viewer");
  EXPECT_EQ(reply().error, ErrorCode::PermissionDenied);
  EXPECT_TRUE(commands().empty());
  NewOrderList list = one_cancels_other("L1");
  list.orders[0].account = "second";
  client(list, "", "beta");
  ASSERT_EQ(drop_copy().size(), 2u);
  EXPECT_EQ(drop_copy()[1].error, ErrorCode::PermissionDenied);
  EXPECT_EQ(drop_copy()[0].error, ErrorCode::OrderRejected);
  EXPECT_EQ(order("P1").order_id, 0u);
}

TEST_F(OrderLists, DrawTheSumOfTheirCostsAtOnceAndDoNotWait) {
  hello.rate_limits = {{"orders", "main", 10'000, 10, true}};
  hello.rate_costs = {{"place", "orders", 2}, {"cancel", "orders", 1}};
  config.rate_reserve_percent = 0;
  tell(config);
  now = (now / (10 * second) + 1) * 10 * second;
  say_hello();
  gateway(session_state("main"));
  expire = now + 60 * second;
  client(one_triggers_both("L1"));
  EXPECT_EQ(lists().size(), 1u);
  client(one_cancels_other("L2", "P2", "S2"));
  EXPECT_EQ(lists().size(), 1u) << "six and four are ten";
  now += 10 * second;
  client(one_triggers_both("X"));  // of the first list's names
  EXPECT_EQ(reply().error, ErrorCode::Conflict);
  client(limit("A1"));
  client(limit("A2"));
  client(limit("A3"));
  client(order_list("L3", OneTriggersOneCancelsOther,
                    {limit("B3"), limit("P3", Side::Sell, "1"_d, "52000"_d), stop_limit("S3")}));
  EXPECT_TRUE(commands().empty()) << "two would have room, three have not";
  for (const ExecutionReport& r : drop_copy()) {
    EXPECT_EQ(r.error, ErrorCode::RateLimited);
    EXPECT_EQ(r.order_status, Rejected);
  }
  EXPECT_EQ(drop_copy().size(), 3u);
  wait(20 * second);
  EXPECT_TRUE(lists().empty());
  EXPECT_EQ(status("B3"), Rejected);
  client(order_list("L4", OneTriggersOther, {limit("B4"), limit("P4", Side::Sell)}));
  EXPECT_EQ(lists().size(), 1u);
}

TEST_F(OrderLists, EachOrderLivesItsOwnLife) {
  client(one_triggers_both("L1"));
  const auto sent = commands();
  report(fact(sent[0], VenueEvent::Accepted));
  for (std::size_t i : {1u, 2u}) {
    VenueReport waits = fact(sent[i], i == 1 ? VenueEvent::Accepted : VenueEvent::State);
    waits.order_status = PendingNew;
    waits.is_working = false;
    report(waits);
    EXPECT_EQ(last().order_status, New);
    EXPECT_FALSE(last().is_working);
  }
  wait(60 * second);
  EXPECT_TRUE(commands().empty()) << "an order that waits for another is no doubt, and nothing is asked";
  EXPECT_EQ(status("S1"), New);
  report(fill(sent[0], "t1", "1"_d, "50000"_d));
  EXPECT_EQ(status("B1"), Filled);
  report(fact(sent[1], VenueEvent::Accepted));
  EXPECT_TRUE(last().is_working);
  EXPECT_EQ(view(last().client_order_id), "P1");
  VenueReport sold = fill(sent[1], "t2", "1"_d, "52000"_d);
  sold.side = Side::Sell;
  report(sold);
  EXPECT_EQ(status("P1"), Filled);
  report(fact(sent[2], VenueEvent::Expired));
  EXPECT_EQ(status("S1"), Expired);
  EXPECT_FALSE(has_alarm(last()));
  EXPECT_EQ(view(last().list_id), "L1");
}

TEST_F(OrderLists, AreSentAgainOneByOneAndOnlyAsked) {
  client(one_cancels_other("L1"));
  const auto sent = commands();
  report(fact(sent[0], VenueEvent::Accepted));
  tell(Disconnected{"binance", "7", 7, true, "gone"});
  EXPECT_EQ(status("S1"), InDoubt);
  EXPECT_EQ(status("P1"), New);
  ++hello.incarnation;
  reports = 0;
  say_hello();
  EXPECT_TRUE(lists().empty());
  ASSERT_EQ(places().size(), 1u) << "the one that nothing has answered";
  EXPECT_TRUE(places()[0].command.possible_resend);
  EXPECT_EQ(places()[0].command.command_id, sent[1].command_id);
  EXPECT_EQ(places()[0].command.venue_order_id, sent[1].venue_order_id);
  EXPECT_EQ(view(places()[0].order.client_order_id), "S1");
  EXPECT_EQ(to<GatewayWelcome>(Destination::Gateway).at(0).open_commands, 1u);
}

TEST_F(OrderLists, WhatTheSocketDidNotTakeWasNotSent) {
  client(one_cancels_other("L1"));
  for (const Command& command : commands()) tell(SendFailed{"binance", command.command_id, "full"});
  EXPECT_EQ(status("P1"), Rejected);
  EXPECT_EQ(status("S1"), Rejected);
  EXPECT_EQ(order("S1").error, ErrorCode::GatewayDown);
}

TEST_F(OrderLists, ASilentGatewayLeavesEachInDoubtUntilItIsProvenAbsent) {
  client(one_cancels_other("L1"));
  const auto sent = commands();
  wait(16 * second);
  EXPECT_EQ(status("P1"), InDoubt);
  EXPECT_EQ(status("S1"), InDoubt);
  for (const Command& command : sent) {
    for (int i = 0; i < 2; ++i) {
      now += 30 * second;
      report(fact(command, VenueEvent::NotFound));
    }
  }
  EXPECT_EQ(status("P1"), NeverSeen);
  EXPECT_EQ(status("S1"), NeverSeen);
}

// ---- Cancelling

TEST_F(OrderLists, AreCancelledByTheirFirstOpenOrderAndTheBrokerEndsTheRest) {
  const auto sent = working_list(one_cancels_other("L1"));
  client(CancelOrderList{"C1", "L1"});
  ASSERT_EQ(cancels().size(), 1u);
  EXPECT_EQ(cancels()[0].command.venue_order_id, sent[0].venue_order_id);
  EXPECT_EQ(reply().order_status, PendingCancel);
  EXPECT_EQ(view(reply().client_order_id), "C1");
  EXPECT_EQ(view(reply().orig_client_order_id), "P1");
  client(CancelOrderList{"C1", "L1"});
  EXPECT_EQ(reply().exec_type, ExecType::OrderStatus) << "the same request again is answered, not repeated";
  EXPECT_TRUE(commands().empty());
  client(CancelOrderList{"C2", "L1"});
  EXPECT_EQ(reply().error, ErrorCode::DuplicateOrder);
  client(CancelOrderList{"C1", "L2"});
  EXPECT_EQ(reply().error, ErrorCode::Conflict);
  report(fact(sent[1], VenueEvent::Canceled));
  EXPECT_EQ(status("S1"), Canceled);
  report(fact(sent[0], VenueEvent::Canceled));
  EXPECT_EQ(status("P1"), Canceled);
  EXPECT_EQ(view(last().client_order_id), "C1");
  client(CancelOrderList{"C3", "L1"});
  EXPECT_EQ(reply().error, ErrorCode::OrderNotFound) << "too late";
  client(CancelOrderList{"C4", "nothing"});
  EXPECT_EQ(reply().error, ErrorCode::OrderNotFound);
  EXPECT_EQ(view(reply().field), "list_id");
  client(CancelOrderList{"C5", "P1"});
  EXPECT_EQ(reply().error, ErrorCode::OrderNotFound) << "an order is no list";
  client(CancelOrderList{"C6", "L1"}, "", "beta");
  EXPECT_EQ(reply().error, ErrorCode::OrderNotFound) << "another client's L1 is another name";
}

TEST_F(OrderLists, WhenTheEntryIsFilledTheExitsAreCancelled) {
  const auto sent = working_list(one_triggers_both("L1"));
  report(fill(sent[0], "t1", "1"_d, "50000"_d));
  client(CancelOrderList{"C1", "L1"});
  ASSERT_EQ(cancels().size(), 1u);
  EXPECT_EQ(cancels()[0].command.venue_order_id, sent[1].venue_order_id);
}

TEST_F(OrderLists, AnOrderThatWaitsForItsTriggerCanBeCancelled) {
  client(order_list("L1", OneTriggersOther, {limit("B1"), limit("P1", Side::Sell)}));
  const auto sent = commands();
  client(cancel("C1", "P1"));
  ASSERT_EQ(cancels().size(), 1u) << "even before the broker has answered";
  EXPECT_EQ(cancels()[0].command.venue_order_id, sent[1].venue_order_id);
  report(fact(cancels()[0].command, VenueEvent::Canceled));
  report(fact(sent[0], VenueEvent::Canceled));
  EXPECT_EQ(status("P1"), Canceled);
  EXPECT_EQ(status("B1"), Canceled);
}

TEST_F(OrderLists, ALostSessionCancelsTheOrdersThatAskForIt) {
  log_on("s1");
  NewOrderList list = one_cancels_other("L1");
  for (NewOrder& o : list.orders) o.cancel_on_disconnect = true;
  client(list, "s1");
  const auto sent = commands();
  for (const Command& command : sent) report(fact(command, VenueEvent::Accepted));
  tell(Disconnected{"alpha", "s1", 0, false, "gone"});
  EXPECT_EQ(cancels().size(), 2u) << "each for itself: the first may have been filled and have set the second free";
  client(CancelAll{"CA", "main", {}, Side::Unset});
  EXPECT_TRUE(cancels().empty()) << "on their way already";
  EXPECT_EQ(answered().orders.size(), 2u);
}

TEST_F(OrderLists, AnOrderOfAListIsNotReplaced) {
  working_list(one_cancels_other("L1"));
  ReplaceOrder replace;
  replace.client_order_id = "R1";
  replace.orig_client_order_id = "P1";
  replace.price = "53000"_d;
  client(replace);
  EXPECT_EQ(reply().error, ErrorCode::Unsupported);
  EXPECT_EQ(reply().exec_type, ExecType::ReplaceRejected);
  EXPECT_EQ(status("P1"), New);
  EXPECT_TRUE(commands().empty());
}

// ---- Remembering

TEST_F(OrderLists, AreForgottenTogetherThirtyDaysAfterTheirLastOrderEnded) {
  const auto sent = working_list(one_triggers_both("L1"));
  report(fill(sent[0], "t1", "1"_d, "50000"_d));
  wait(40 * 86'400 * second);
  EXPECT_EQ(status("B1"), Filled) << "its exits are open";
  report(fact(sent[1], VenueEvent::Canceled));
  report(fact(sent[2], VenueEvent::Canceled));
  wait(30 * 86'400 * second - 1 * second);
  client(one_triggers_both("L1"));
  EXPECT_EQ(reply().order_status, Filled);
  EXPECT_TRUE(commands().empty());
  wait(2 * second);
  for (const char* id : {"B1", "P1", "S1", "L1"}) EXPECT_EQ(order(id).order_id, 0u) << id;
  client(one_triggers_both("L1"));
  EXPECT_EQ(reply().order_status, PendingNew);
  EXPECT_EQ(reply().order_id, 4u);
}

TEST_F(OrderLists, AListsNameFindsAllItsOrders) {
  working_list(one_triggers_both("L1"));
  Query query;
  query.kind = QueryKind::Order;
  query.client_order_id = "L1";
  const Answer answer = core.answer(query);
  ASSERT_EQ(answer.orders.size(), 3u);
  EXPECT_EQ(view(answer.orders[2].client_order_id), "S1");
  EXPECT_EQ(view(answer.orders[2].list_id), "L1");
}

TEST_F(OrderLists, SurviveASnapshot) {
  client(one_triggers_both("L1"));
  const auto sent = commands();
  report(fact(sent[0], VenueEvent::Accepted));
  client(CancelOrderList{"C1", "L1"});
  auto restored = Core::restore(core.snapshot());
  ASSERT_TRUE(restored) << restored.error().text;
  EXPECT_EQ(restored->state_hash(), core.state_hash());
  core = std::move(*restored);
  client(one_triggers_both("L1"));
  EXPECT_EQ(view(reply().list_id), "L1");
  EXPECT_EQ(reply().order_status, PendingCancel);
  EXPECT_TRUE(commands().empty());
  client(CancelOrderList{"C1", "L1"});
  EXPECT_EQ(reply().exec_type, ExecType::OrderStatus);
  EXPECT_TRUE(commands().empty());
  tell(Disconnected{"binance", "7", 7, true, "gone"});
  say_hello();
  EXPECT_EQ(places().size(), 2u);
  EXPECT_EQ(cancels().size(), 1u);
  EXPECT_TRUE(lists().empty());
}

}  // namespace
}  // namespace busbar::router::test
