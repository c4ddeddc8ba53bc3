#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "tests/unit/router/core_bench.hpp"

namespace busbar::router::test {
namespace {

using enum OrderStatus;

struct Flow : testing::Test, Bench {
  Flow() { open(); }
  void log_on(std::string_view session, bool cancel_on_disconnect = false, std::uint64_t last_report = 0) {
    Hello h;
    h.last_report = last_report;
    h.cancel_on_disconnect = cancel_on_disconnect;
    client(h, session);
  }
  std::vector<ExecutionReport> session_reports() const { return to<ExecutionReport>(Destination::Session); }
  // A1, which its broker calls 77, is to become R1: the commands of both.
  std::pair<Command, Command> replacing_77() {
    const Command sent = working(limit("A1"));
    VenueReport known = fact(sent, VenueEvent::State);
    known.order_status = New;
    known.broker_order_id = "77";
    report(known);
    ReplaceOrder replace;
    replace.client_order_id = "R1";
    replace.orig_client_order_id = "A1";
    replace.price = "49000"_d;
    client(replace);
    return {sent, command()};
  }
};

// ---- The ordinary way

TEST_F(Flow, AnOrderIsSentOnceAndItsReportsGoWhereTheyBelong) {
  log_on("s1");
  client(limit("A1"), "s1");
  ASSERT_EQ(out.size(), 2u) << "one for the session and the drop copy";
  EXPECT_EQ(out[0].destination, Destination::Gateway) << "the command goes first";
  const Command sent = command();
  EXPECT_EQ(sent.incarnation, 7u);
  EXPECT_FALSE(sent.possible_resend);
  EXPECT_EQ(out[1].destination, Destination::Session);
  EXPECT_EQ(out[1].report_number, 1u);
  EXPECT_EQ(out[1].correlation_id, 1000 + sequence - 1);
  EXPECT_TRUE(out[1].drop_copy);
  EXPECT_EQ(session_reports()[0].order_status, PendingNew);

  report(fact(sent, VenueEvent::Accepted));
  EXPECT_EQ(last().exec_type, ExecType::New);
  report(fill(sent, "t1", "0.4"_d, "49999"_d));
  EXPECT_EQ(last().order_status, PartiallyFilled);
  EXPECT_EQ(last().cum_qty, "0.4"_d);
  EXPECT_EQ(last().leaves_qty, "0.6"_d);
  EXPECT_EQ(session_reports()[0].report_number, 3u);
  report(fill(sent, "t2", "0.6"_d, "50000"_d));
  EXPECT_EQ(last().order_status, Filled);
  EXPECT_EQ(last().leaves_qty, Decimal{});
  EXPECT_EQ(last().avg_px, "49999.6"_d);
  EXPECT_FALSE(has_alarm(last()));
}

TEST_F(Flow, AnOrderThatHasBeenAnsweredIsNotComeBackTo) {
  const Command sent = place(limit("A1"));
  ASSERT_TRUE(core.next_deadline()) << "if nobody answers, the broker is asked";
  report(fact(sent, VenueEvent::Accepted));
  EXPECT_FALSE(core.next_deadline());
}

TEST_F(Flow, AReqGetsOneReplyAndTheDropCopyAll) {
  const Command sent = place(limit("A1"));
  EXPECT_EQ(reply().order_status, PendingNew);
  EXPECT_TRUE(session_reports().empty());
  report(fact(sent, VenueEvent::Accepted));
  EXPECT_TRUE(to<ExecutionReport>(Destination::Request).empty());
  EXPECT_EQ(drop_copy().size(), 1u);
}

TEST_F(Flow, TheSameOrderTwiceIsOneOrderAndAnotherUnderItsNameIsAConflict) {
  place(limit("A1"));
  const ExecutionReport first = reply();
  now += 10 * second;  // a copy is answered even when it has expired
  client(limit("A1"));
  EXPECT_TRUE(commands().empty());
  EXPECT_EQ(reply().exec_type, ExecType::OrderStatus);
  EXPECT_EQ(reply().order_id, first.order_id);
  client(limit("A1", Side::Buy, "1.00"_d));
  EXPECT_EQ(reply().order_id, first.order_id) << "1.00 is 1";
  client(limit("A1", Side::Sell));
  EXPECT_EQ(reply().error, ErrorCode::Conflict);
  EXPECT_EQ(reply().order_id, 0u);
  EXPECT_NE(view(reply().text).find("order_id 1"), std::string_view::npos) << view(reply().text);
  client(cancel("A1", "A1"));
  EXPECT_EQ(reply().error, ErrorCode::Conflict) << "a cancel under an order's name";
  client(limit("A1"), "", "beta");
  EXPECT_EQ(reply().error, ErrorCode::PermissionDenied) << "another client's A1 is another name";
}

TEST_F(Flow, ARefusedOrderStaysRefusedUnderItsName) {
  gateway([] { auto s = Bench::session_state("main"); s.rest = SessionStateKind::Down; return s; }());
  client(limit("A1"));
  EXPECT_EQ(reply().error, ErrorCode::ConnectionError);
  gateway(Bench::session_state("main"));
  client(limit("A1"));
  EXPECT_EQ(reply().order_status, Rejected) << "its client may have read the first answer already";
  EXPECT_EQ(reply().error, ErrorCode::ConnectionError);
  EXPECT_TRUE(commands().empty());
}

TEST_F(Flow, NamesAreForgottenThirtyDaysAfterTheEndAndNotBefore) {
  const Command sent = place(limit("A1"));
  report(fill(sent, "t1", "1"_d, "50000"_d));
  wait(30 * 86'400 * second - 1 * second);
  client(limit("A1"));
  EXPECT_EQ(reply().order_status, Filled);
  wait(2 * second);
  EXPECT_EQ(order("A1").order_id, 0u);
  client(limit("A1"));
  EXPECT_EQ(reply().order_status, PendingNew);
  EXPECT_EQ(reply().order_id, 2u) << "numbers are not used again";
}

TEST_F(Flow, ExpiryIsToldByTheWallClockAlsoAfterItWasSetBack) {
  clock_offset = 3600 * second;
  client(limit("A1"));
  EXPECT_EQ(reply().order_status, PendingNew);
  EXPECT_EQ(command().expire_time_ns, now - travel + 1 * second);
  travel = 1 * second + 1;
  client(limit("A2"));
  EXPECT_EQ(reply().error, ErrorCode::Expired);
  travel = -1800 * second;  // sent just before the clock was set back: no longer than its term from now
  client(limit("A3"));
  EXPECT_EQ(command().expire_time_ns, now + 1 * second);
  travel = 1 * ms;
  for (const Timestamp odd : {std::numeric_limits<Timestamp>::max(), std::numeric_limits<Timestamp>::min()}) {
    expire = odd;
    client(limit(odd < 0 ? "A4" : "A5"));
    EXPECT_EQ(reply().error, odd < 0 ? ErrorCode::Expired : ErrorCode::None);
  }
}

TEST_F(Flow, AHelloThatWaitedMakesNoOrderBehindItFresh) {
  travel = 5 * second;  // all of it waited for a router that was away
  log_on("s1");
  client(limit("A1"), "s1");
  EXPECT_EQ(last().error, ErrorCode::Expired);
  EXPECT_TRUE(commands().empty());
}

// ---- Cancels and replaces

TEST_F(Flow, ACancelKeepsExposureUntilTheBrokerHasCancelled) {
  const Command sent = working(limit("A1"));
  client(cancel("C1", "A1"));
  const Command asked = command();
  EXPECT_EQ(asked.venue_order_id, sent.venue_order_id);
  EXPECT_EQ(reply().order_status, PendingCancel);
  EXPECT_EQ(view(reply().client_order_id), "C1");
  EXPECT_EQ(view(reply().orig_client_order_id), "A1");
  EXPECT_EQ(reply().leaves_qty, "1"_d);
  report(fill(sent, "t1", "0.5"_d, "50000"_d));
  EXPECT_EQ(last().order_status, PendingCancel);
  report(fact(asked, VenueEvent::Canceled));
  EXPECT_EQ(last().order_status, Canceled);
  EXPECT_EQ(view(last().client_order_id), "C1");
  EXPECT_EQ(last().cum_qty, "0.5"_d);
  EXPECT_EQ(last().leaves_qty, Decimal{});
  client(cancel("C1", "A1"));
  EXPECT_EQ(reply().exec_type, ExecType::OrderStatus) << "the same request again is answered, not repeated";
  client(cancel("C2", "A1"));
  EXPECT_EQ(reply().exec_type, ExecType::CancelRejected);
  EXPECT_EQ(reply().error, ErrorCode::OrderNotFound);
  client(cancel("C3", "nothing"));
  EXPECT_EQ(reply().error, ErrorCode::OrderNotFound);
}

TEST_F(Flow, ACancelRejectIsItsOwnEventAndTellsWhereTheOrderStands) {
  const Command sent = working(limit("A1"));
  client(cancel("C1", "A1"));
  const Command asked = command();
  VenueReport no = fact(asked, VenueEvent::CancelRejected);
  no.error = ErrorCode::OrderNotFound;
  no.text = "Unknown order sent.";
  report(no);
  EXPECT_EQ(last().exec_type, ExecType::CancelRejected);
  EXPECT_EQ(last().order_status, New);
  wait(3 * second);
  ASSERT_EQ(commands().size(), 0u) << "it is not pending any more; the gateway has asked";
  report(fill(sent, "t1", "1"_d, "50000"_d));
  EXPECT_EQ(last().order_status, Filled);
}

TEST_F(Flow, AFillThatBeatsTheCancelAnswersTheCancel) {
  const Command sent = working(limit("A1"));
  client(cancel("C1", "A1"));
  report(fill(sent, "t1", "1"_d, "50000"_d));
  ASSERT_EQ(drop_copy().size(), 2u);
  EXPECT_EQ(drop_copy()[0].order_status, Filled);
  EXPECT_EQ(drop_copy()[1].exec_type, ExecType::CancelRejected);
  EXPECT_EQ(view(drop_copy()[1].client_order_id), "C1");
}

TEST_F(Flow, AnotherCancelIsOneTooManyUntilTheFirstHasBeenSilent) {
  working(limit("A1"));
  client(cancel("C1", "A1"));
  client(cancel("C2", "A1"));
  EXPECT_EQ(reply().error, ErrorCode::DuplicateOrder);
  now += 2 * second;
  client(cancel("C3", "A1"));
  EXPECT_EQ(reply().order_status, PendingCancel);
  EXPECT_EQ(commands().size(), 2u) << "a question that was due, and the new cancel";
}

TEST_F(Flow, APendingCancelThatTakesLongIsAskedForAtGrowingIntervals) {
  working(limit("A1"));
  client(cancel("C1", "A1"));
  std::vector<Timestamp> asked;
  const Timestamp begin = now;
  while (now < begin + 120 * second) {
    wait(100 * ms);
    for (const Decision& d : out) {
      if (std::holds_alternative<AskCommand>(d.body)) asked.push_back((now - begin) / second);
    }
  }
  ASSERT_GE(asked.size(), 4u);
  EXPECT_EQ(asked[0], 2);
  for (std::size_t i = 2; i < asked.size(); ++i) EXPECT_GE(asked[i] - asked[i - 1], asked[i - 1] - asked[i - 2]);
  EXPECT_LE(asked.size(), 10u);
  EXPECT_EQ(status("A1"), PendingCancel) << "no timer ends an order";
}

TEST_F(Flow, AReplaceIsALegUnderOneOrderId) {
  const Command sent = working(limit("A1"));
  report(fill(sent, "t1", "0.3"_d, "50000"_d));
  ReplaceOrder replace;
  replace.client_order_id = "R1";
  replace.orig_client_order_id = "A1";
  replace.price = "49000"_d;
  client(replace);
  const Command asked = command();
  EXPECT_EQ(reply().order_status, PendingReplace);
  EXPECT_NE(asked.venue_order_id, sent.venue_order_id);
  EXPECT_EQ(asked.order_id, sent.order_id);
  EXPECT_EQ(asked.leg, 1u);
  report(fill(sent, "t2", "0.2"_d, "50000"_d));  // in flight
  EXPECT_EQ(last().order_status, PendingReplace);
  report(fact(asked, VenueEvent::Replaced));
  EXPECT_EQ(last().exec_type, ExecType::Replaced);
  EXPECT_EQ(last().order_status, PartiallyFilled);
  EXPECT_EQ(view(last().client_order_id), "R1");
  EXPECT_EQ(view(last().orig_client_order_id), "A1");
  EXPECT_EQ(last().price, "49000"_d);
  EXPECT_EQ(last().cum_qty, "0.5"_d);
  EXPECT_EQ(last().leaves_qty, "0.5"_d);
  report(fill(asked, "t3", "0.5"_d, "49000"_d));
  EXPECT_EQ(last().order_status, Filled);
  EXPECT_EQ(order("A1").order_id, order("R1").order_id);
}

// Where the broker changes an order in place it may know it by the first of our names for ever: its own name for it stays, too.
TEST_F(Flow, AnOrderChangedInPlaceIsToldUnderItsFirstName) {
  const auto [sent, asked] = replacing_77();
  VenueReport replaced = fact(asked, VenueEvent::Replaced);
  replaced.broker_order_id = "77";
  report(replaced);
  ASSERT_EQ(last().exec_type, ExecType::Replaced);
  for (const auto& [number, expected] : {std::pair{"76", New}, std::pair{"77", Canceled}}) {  // another before it; and itself
    VenueReport canceled = fact(sent, VenueEvent::Canceled);
    canceled.command_id = 0;
    canceled.broker_order_id = number;
    report(canceled);
    EXPECT_EQ(status("R1"), expected) << number;
  }
}

// Whose first word bears no number has none yet: that of the one before it is not its own.
TEST_F(Flow, ANewOrderThatIsToldWithoutANumberIsNotTheOldOne) {
  const auto [sent, asked] = replacing_77();
  report(fact(asked, VenueEvent::Replaced));
  VenueReport canceled = fact(sent, VenueEvent::Canceled);
  canceled.command_id = 0;
  canceled.broker_order_id = "77";
  report(canceled);
  EXPECT_EQ(status("R1"), New);
}

// Its end may be told before it is told that the change was done, and then under the first name: it is no predecessor's.
TEST_F(Flow, AnOrderChangedInPlaceThatHasEndedIsAskedFor) {
  const auto [sent, asked] = replacing_77();
  VenueReport canceled = fact(sent, VenueEvent::Canceled);
  canceled.command_id = 0;
  canceled.broker_order_id = "77";
  report(canceled);
  VenueReport replaced = fact(asked, VenueEvent::Replaced);
  replaced.broker_order_id = "77";
  report(replaced);
  ASSERT_EQ(order("R1").client_order_id, "R1");
  wait(1 * second);
  const auto question = to<AskCommand>(Destination::Gateway);
  ASSERT_EQ(question.size(), 1u);
  EXPECT_EQ(question[0].command.leg, 1u);
  EXPECT_EQ(question[0].command.broker_order_id, "77");
  VenueReport state = fact(question[0].command, VenueEvent::State);
  state.order_status = Canceled;
  state.broker_order_id = "77";
  report(state);
  EXPECT_EQ(status("R1"), Canceled);
}

// A broker that replaces by a new order counts that one from zero; said twice, it is no change of the whole.
TEST_F(Flow, ANewLegsOwnQuantityIsNotTheWholeOrders) {
  const Command sent = working(limit("A1"));
  report(fill(sent, "t1", "0.3"_d, "50000"_d));
  ReplaceOrder replace;
  replace.client_order_id = "R1";
  replace.orig_client_order_id = "A1";
  replace.order_qty = "0.8"_d;
  client(replace);
  const Command asked = command();
  VenueReport replaced = fact(asked, VenueEvent::Replaced);
  replaced.order_qty = "0.5"_d;
  report(replaced);
  EXPECT_EQ(last().order_qty, "0.8"_d);
  EXPECT_EQ(last().leaves_qty, "0.5"_d);
  const auto told = [&](Decimal qty) {  // by the stream, in answer to nothing
    VenueReport again = fact(asked, VenueEvent::Replaced);
    again.command_id = 0;
    again.order_qty = qty;
    report(again);
  };
  told("0.5"_d);
  EXPECT_EQ(order("R1").order_qty, "0.8"_d) << "nothing new";
  told("0.4"_d);  // and this is a change: self-trade prevention took something away
  EXPECT_EQ(last().exec_type, ExecType::Restated);
  EXPECT_EQ(last().order_qty, "0.7"_d);
}

// The stream was faster than the answer, and told no quantity.
TEST_F(Flow, ANewLegSeenBeforeItsAnswerIsStillMadeSmaller) {
  const Command sent = working(limit("A1"));
  report(fill(sent, "t1", "0.3"_d, "50000"_d));
  ReplaceOrder replace;
  replace.client_order_id = "R1";
  replace.orig_client_order_id = "A1";
  replace.order_qty = "0.8"_d;
  client(replace);
  const Command asked = command();
  VenueReport seen = fact(asked, VenueEvent::Accepted);
  seen.command_id = 0;
  report(seen);
  EXPECT_EQ(last().exec_type, ExecType::Replaced);
  VenueReport look = fact(asked, VenueEvent::Replaced);
  look.source = VenueSource::Probe;  // tells what is left by now, and not what was placed
  look.order_qty = "0.4"_d;
  report(look);
  VenueReport answer = fact(asked, VenueEvent::Replaced);
  answer.order_qty = "0.5"_d;
  report(answer);
  EXPECT_EQ(order("R1").order_qty, "0.8"_d) << "as it was asked for";
  VenueReport smaller = fact(asked, VenueEvent::Replaced);
  smaller.command_id = 0;
  smaller.order_qty = "0.4"_d;
  report(smaller);
  EXPECT_EQ(last().exec_type, ExecType::Restated);
  EXPECT_EQ(last().order_qty, "0.7"_d);
  report(fill(asked, "t2", "0.4"_d, "50000"_d));
  EXPECT_EQ(last().order_status, Filled);
}

// It was made smaller and filled before anybody here heard of it: a look-up tells its fills, what was left, and Filled.
TEST_F(Flow, AnOrderMadeSmallerAndFilledWhileNobodyHeardIsFilled) {
  const Command sent = working(limit("A1"));
  report(fill(sent, "t1", "0.6"_d, "50000"_d));
  const auto left = [&](Decimal qty, VenueSource source, Timestamp at) {
    VenueReport restated = fact(sent, VenueEvent::Replaced);
    restated.command_id = 0;
    restated.source = source;
    restated.order_qty = qty;
    restated.transact_time_ns = at;
    report(restated);
  };
  left("0.6"_d, VenueSource::Probe, now);
  EXPECT_EQ(last().exec_type, ExecType::Restated);
  EXPECT_EQ(last().order_status, Filled);
  EXPECT_EQ(last().order_qty, "0.6"_d);
  VenueReport state = fact(sent, VenueEvent::State);
  state.command_id = 0;
  state.order_status = Filled;
  state.cum_qty = "0.6"_d;
  report(state);
  EXPECT_EQ(status("A1"), Filled);
  left("0.8"_d, VenueSource::Rest, now - second);  // asked before, and slow
  EXPECT_EQ(status("A1"), Filled);
  EXPECT_EQ(order("A1").order_qty, "0.6"_d);
  left("0.8"_d, VenueSource::Stream, now);
  EXPECT_EQ(status("A1"), PartiallyFilled) << "somebody made it larger";
}

TEST_F(Flow, AnOrderMadeSmallerUnaskedStillHasItsReplaceAnswered) {
  const Command sent = working(limit("A1"));
  ReplaceOrder replace;
  replace.client_order_id = "R1";
  replace.orig_client_order_id = "A1";
  replace.price = "49000"_d;
  client(replace);
  const Command asked = command();
  VenueReport smaller = fact(sent, VenueEvent::Replaced);
  smaller.command_id = 0;
  smaller.order_qty = "0.7"_d;
  report(smaller);
  EXPECT_EQ(last().exec_type, ExecType::Restated);
  EXPECT_EQ(last().order_status, PendingReplace);
  EXPECT_EQ(last().leaves_qty, "0.7"_d);
  report(fact(asked, VenueEvent::Replaced));
  EXPECT_EQ(last().exec_type, ExecType::Replaced);
  EXPECT_EQ(view(last().client_order_id), "R1");
}

// The broker's name for an order counts its replaces in three digits of 36.
TEST_F(Flow, AnOrderIsReplacedAsOftenAsItsNameTells) {
  static_assert(leg_max == 46'655);
  working(limit("A1"));
  Name name{"A1"};
  const auto replace_it = [&] {
    ReplaceOrder replace;
    replace.orig_client_order_id = cut<64>(view(name));
    name = cut<32>("R" + std::to_string(sequence));
    replace.client_order_id = cut<64>(view(name));
    replace.price = sequence % 2 == 0 ? "49000"_d : "49001"_d;
    now += ms;
    client(replace);
  };
  for (std::uint32_t i = 0; i < leg_max; ++i) {
    replace_it();
    report(fact(command(), VenueEvent::Replaced));
    ASSERT_EQ(last().exec_type, ExecType::Replaced) << i;
  }
  EXPECT_EQ(view(last().venue_order_id).substr(16), "zzz");
  const Id before = cut<64>(view(name));
  replace_it();
  EXPECT_EQ(reply().exec_type, ExecType::ReplaceRejected);
  EXPECT_EQ(reply().error, ErrorCode::OrderRejected);
  EXPECT_NE(view(reply().text).find("46655 times"), std::string_view::npos) << view(reply().text);
  client(cancel("C1", view(before)));
  EXPECT_EQ(reply().exec_type, ExecType::PendingCancel);
}

TEST_F(Flow, AReplaceSaysWhatIsFilledAndWhetherItOnlyDecreases) {
  const auto replace = [](std::string_view id, std::string_view of, std::optional<Decimal> qty,
                          std::optional<Decimal> price) {
    ReplaceOrder r;
    r.client_order_id = cut<64>(id);
    r.orig_client_order_id = cut<64>(of);
    r.order_qty = qty;
    r.price = price;
    return r;
  };
  struct Case {
    const char* what;
    std::optional<Decimal> qty;
    std::optional<Decimal> price;
    bool is_decrease;
  };
  const Case cases[] = {
      {"less", "0.9"_d, {}, true},
      {"less, its price said again", "0.8"_d, "50000.00"_d, true},
      {"as much", "1"_d, {}, false},
      {"more", "1.1"_d, {}, false},
      {"less at another price", "0.9"_d, "49999"_d, false},
      {"another price", {}, "49999"_d, false},
  };
  int number = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const std::string name = "A" + std::to_string(++number);
    const Command sent = working(limit(name));
    report(fill(sent, "t" + name, "0.3"_d, "50000"_d));
    client(replace("R" + name, name, c.qty, c.price));
    const auto commands = to<ReplaceCommand>(Destination::Gateway);
    ASSERT_EQ(commands.size(), 1u);
    EXPECT_EQ(commands[0].orig_order_qty, "1"_d);
    EXPECT_EQ(commands[0].cum_qty, "0.3"_d);
    EXPECT_EQ(commands[0].is_decrease, c.is_decrease);
  }
}

TEST_F(Flow, AnInstrumentThatCannotBeReplacedMayStillBeAmendedToLess) {
  working(limit("A1"));
  working(limit("A2"));
  const auto with = [&](bool can_replace, bool can_amend) {
    Instrument i = btc();
    i.can_replace = can_replace;
    i.can_amend = can_amend;
    instruments({i});
  };
  ReplaceOrder less;
  less.client_order_id = "R1";
  less.orig_client_order_id = "A1";
  less.order_qty = "0.5"_d;
  ReplaceOrder dearer = less;
  dearer.client_order_id = "R2";
  dearer.price = "50001"_d;
  with(false, false);
  client(less);
  EXPECT_EQ(reply().error, ErrorCode::Unsupported);
  EXPECT_EQ(reply().exec_type, ExecType::ReplaceRejected);
  EXPECT_TRUE(commands().empty());
  with(false, true);
  client(dearer);
  EXPECT_EQ(reply().error, ErrorCode::Unsupported);
  EXPECT_TRUE(commands().empty());
  client(less);
  EXPECT_EQ(reply().order_status, PendingReplace);
  with(true, false);
  dearer.orig_client_order_id = "A2";
  client(dearer);
  EXPECT_EQ(reply().order_status, PendingReplace);
}

TEST_F(Flow, AReplaceIsCheckedLikeAnOrder) {
  const Command sent = working(limit("A1"));
  report(fill(sent, "t1", "0.5"_d, "50000"_d));
  const auto refused = [&](std::string_view id, Decimal qty, Decimal price, std::string_view field) {
    ReplaceOrder replace;
    replace.client_order_id = cut<64>(id);
    replace.orig_client_order_id = "A1";
    replace.order_qty = qty;
    replace.price = price;
    client(replace);
    EXPECT_EQ(reply().exec_type, ExecType::ReplaceRejected);
    EXPECT_EQ(view(reply().field), field);
    EXPECT_EQ(reply().order_status, PartiallyFilled);
    EXPECT_TRUE(commands().empty());
  };
  refused("R1", "9001"_d, "1"_d, "order_qty");
  refused("R2", "1"_d, "50000.001"_d, "price");
  refused("R3", "0.5"_d, "50000"_d, "order_qty");  // all of that is filled
  config.accounts[0].max_order_qty = "2"_d;
  tell(config);
  refused("R4", "2.001"_d, "50000"_d, "order_qty");  // a limit is not passed by a modification
}

TEST_F(Flow, ALostReplaceIsSettledByTheNewLegOrByItsAbsence) {
  const Command sent = working(limit("A1"));
  ReplaceOrder replace;
  replace.client_order_id = "R1";
  replace.orig_client_order_id = "A1";
  replace.price = "49000"_d;
  client(replace);
  const Command asked = command();
  VenueReport lost = fact(asked, VenueEvent::Unknown);
  lost.request_time_ns = now;
  report(lost);
  EXPECT_EQ(last().order_status, PendingReplace);
  EXPECT_EQ(last().exec_type, ExecType::InDoubt);
  // The old leg is gone: that alone says nothing about the new one.
  report(fact(sent, VenueEvent::Canceled));
  EXPECT_EQ(status("A1"), PendingReplace);
  VenueReport state = fact(asked, VenueEvent::State);
  state.order_status = New;
  report(state);
  EXPECT_EQ(status("A1"), New);
  EXPECT_EQ(order("A1").price, "49000"_d);

  const Command other = working(limit("B1"));
  replace.client_order_id = "R2";
  replace.orig_client_order_id = "B1";
  client(replace);
  const Command second_asked = command();
  report(fact(other, VenueEvent::Canceled));
  for (int i = 0; i < 2; ++i) {
    now += 20 * second;
    VenueReport none = fact(second_asked, VenueEvent::NotFound);
    none.request_time_ns = now - 20 * second;
    report(none);
  }
  EXPECT_EQ(status("B1"), Canceled) << "the old leg was cancelled, and the new one never came";
}

// A gateway may have died between the cancel and the new order: that this one never came says nothing about the old one.
TEST_F(Flow, OfAReplaceThatNeverArrivedTheOldLegIsAskedBeforeItCountsAsWorking) {
  for (const bool works : {true, false}) {
    const std::string name = works ? "A1" : "B1";
    const Timestamp placed_ns = now;
    working(limit(name));
    ReplaceOrder replace;
    replace.client_order_id = cut<64>("R" + name);
    replace.orig_client_order_id = cut<64>(name);
    replace.price = "49000"_d;
    client(replace);
    const Command asked = command();
    for (int i = 0; i < 2; ++i) {
      now += 20 * second;
      VenueReport none = fact(asked, VenueEvent::NotFound);
      none.request_time_ns = now - 20 * second;
      report(none);
    }
    EXPECT_EQ(status(name), PendingReplace);
    tick();
    const auto question = to<AskCommand>(Destination::Gateway);
    ASSERT_EQ(question.size(), 1u);
    EXPECT_EQ(question[0].command.leg, 0u);
    now += second;
    VenueReport state = fact(question[0].command, VenueEvent::State);
    state.source = VenueSource::Probe;
    state.transact_time_ns = placed_ns;  // the order's last change
    state.order_status = works ? New : Canceled;
    report(state);
    EXPECT_EQ(status(name), works ? New : Canceled);
  }
}

TEST_F(Flow, ALostAnswerDoesNotTakeTheNewLegsNameAway) {
  const Command sent = place(limit("A1"));
  VenueReport accepted = fact(sent, VenueEvent::Accepted);
  accepted.broker_order_id = "111";
  report(accepted);
  ReplaceOrder replace;
  replace.client_order_id = "R1";
  replace.orig_client_order_id = "A1";
  replace.price = "49000"_d;
  client(replace);
  const Command asked = command();
  EXPECT_EQ(view(asked.broker_order_id), "111");
  VenueReport alive = fact(asked, VenueEvent::Accepted);  // by the stream
  alive.command_id = 0;
  alive.broker_order_id = "222";
  report(alive);
  EXPECT_EQ(status("A1"), New);
  VenueReport lost = fact(asked, VenueEvent::Unknown);  // and its answer never came
  lost.broker_order_id = "111";
  report(lost);
  EXPECT_EQ(view(order("R1").broker_order_id), "222");
}

TEST_F(Flow, TheAnswerToAnEarlierReplaceIsNoneToThisOne) {
  working(limit("A1"));
  const auto replace = [&](std::string_view id, std::string_view of, Decimal price) {
    ReplaceOrder r;
    r.client_order_id = cut<64>(id);
    r.orig_client_order_id = cut<64>(of);
    r.price = price;
    client(r);
    return command();
  };
  const auto again = [&](const Command& asked, VenueEvent event) {  // by the stream, in answer to nothing
    VenueReport late = fact(asked, event);
    late.command_id = 0;
    return late;
  };
  const Command first = replace("R1", "A1", "49000"_d);
  report(fact(first, VenueEvent::Replaced));
  const Command second = replace("R2", "R1", "48000"_d);
  report(again(first, VenueEvent::Replaced));
  EXPECT_EQ(status("A1"), PendingReplace);
  EXPECT_EQ(order("A1").price, "49000"_d);
  report(fact(second, VenueEvent::ReplaceRejected));
  EXPECT_EQ(status("A1"), New);
  const Command third = replace("R3", "R1", "47000"_d);
  report(fact(second, VenueEvent::ReplaceRejected));
  EXPECT_EQ(status("A1"), PendingReplace);
  report(again(third, VenueEvent::Replaced));
  EXPECT_EQ(status("A1"), New);
  EXPECT_EQ(order("A1").price, "47000"_d);
}

// ---- In doubt

TEST_F(Flow, NoAnswerIsInDoubtAndNeverRejected) {
  const Command sent = place(limit("A1"));
  VenueReport lost = fact(sent, VenueEvent::Unknown);
  lost.request_time_ns = now;
  lost.text = "HTTP 504";
  report(lost);
  EXPECT_EQ(last().exec_type, ExecType::InDoubt);
  EXPECT_EQ(last().order_status, InDoubt);
  EXPECT_EQ(last().error, ErrorCode::UnknownOutcome);
  EXPECT_EQ(view(last().text), "HTTP 504");
  EXPECT_EQ(last().leaves_qty, "1"_d) << "its exposure stays";
  wait(3600 * second);
  EXPECT_EQ(status("A1"), InDoubt) << "no timer ends it";
  report(fact(sent, VenueEvent::CouldNotAsk));
  EXPECT_EQ(status("A1"), InDoubt) << "could not ask is not not found";
  VenueReport state = fact(sent, VenueEvent::State);
  state.order_status = New;
  report(state);
  EXPECT_EQ(last().exec_type, ExecType::New);
  EXPECT_EQ(last().order_status, New);
}

TEST_F(Flow, AbsenceIsProvenByLookUpsAfterTheBoundOnly) {
  const Command sent = place(limit("A1"));
  const Timestamp signed_at = now;
  VenueReport lost = fact(sent, VenueEvent::Unknown);
  lost.request_time_ns = signed_at;
  report(lost);
  const auto look = [&](Timestamp at) {
    VenueReport none = fact(sent, VenueEvent::NotFound);
    none.request_time_ns = signed_at;
    none.transact_time_ns = at;
    report(none);
  };
  for (const Timestamp early : {1 * ms, 10 * second, 15 * second}) look(signed_at + early);
  EXPECT_EQ(status("A1"), InDoubt) << "up to the bound it proves nothing";
  look(signed_at + 15 * second + 1);
  EXPECT_EQ(status("A1"), InDoubt) << "one is not two";
  look(signed_at + 16 * second);
  EXPECT_EQ(status("A1"), NeverSeen);
  EXPECT_EQ(last().exec_type, ExecType::NeverSeen);
  EXPECT_EQ(last().leaves_qty, Decimal{});
  EXPECT_NE(view(last().text).find("asked 2 times"), std::string_view::npos) << view(last().text);
  // Evidence beats proof: counted, alarmed, and the rest cancelled.
  report(fill(sent, "t1", "0.4"_d, "50000"_d));
  ASSERT_EQ(drop_copy().size(), 2u);
  EXPECT_EQ(drop_copy()[0].exec_type, ExecType::Trade);
  EXPECT_EQ(drop_copy()[0].order_status, PartiallyFilled);
  EXPECT_TRUE(has_alarm(drop_copy()[0]));
  EXPECT_EQ(drop_copy()[1].exec_type, ExecType::PendingCancel);
  EXPECT_EQ(commands().size(), 1u);
  EXPECT_EQ(order("A1").cum_qty, "0.4"_d);
}

TEST_F(Flow, WithoutAPublishedBoundAbsenceIsNeverProven) {
  hello.capabilities.absence_rule.bound_ms = 0;
  say_hello();
  gateway(session_state("main"));
  const Command sent = place(limit("A1"));
  report(fact(sent, VenueEvent::Unknown));
  for (int i = 0; i < 10; ++i) {
    now += 60 * second;
    report(fact(sent, VenueEvent::NotFound));
  }
  EXPECT_EQ(status("A1"), InDoubt);
}

TEST_F(Flow, ANameThatIsTakenIsTheOrderItself) {
  const Command sent = place(limit("A1"));
  VenueReport duplicate = fact(sent, VenueEvent::Rejected);
  duplicate.error = ErrorCode::DuplicateOrder;
  report(duplicate);
  EXPECT_EQ(status("A1"), InDoubt);
}

TEST_F(Flow, NotSentEndsAnOrderAndSaysSo) {
  const Command sent = place(limit("A1"));
  VenueReport none = fact(sent, VenueEvent::NotSent);
  none.error = ErrorCode::Expired;
  report(none);
  EXPECT_EQ(status("A1"), Rejected);
  EXPECT_EQ(last().error, ErrorCode::Expired);
}

TEST_F(Flow, ASilentGatewayLeavesAnOrderInDoubtAndItIsAsked) {
  place(limit("A1"));
  wait(16 * second);
  EXPECT_EQ(status("A1"), InDoubt);
  ASSERT_EQ(commands().size(), 1u);
  EXPECT_TRUE(std::ranges::any_of(out, [](const Decision& d) { return std::holds_alternative<AskCommand>(d.body); }));
}

TEST_F(Flow, AnOrderThatEndedWhileNobodyListenedIsAskedFor) {
  const Command told = working(limit("A1"));
  const Command untold = working(limit("A2"));
  hello.incarnation = 8;
  reports = 0;
  say_hello();
  VenueReport open = fact(told, VenueEvent::State);
  open.order_status = New;
  open.source = VenueSource::Reconcile;
  report(open);
  gateway(Reconciled{"main", 1, 0, now});
  tick();
  ASSERT_EQ(commands().size(), 1u) << "the broker has told of the other";
  EXPECT_EQ(commands()[0].order_id, untold.order_id);
  VenueReport filled = fill(untold, "t1", "1"_d, "50000"_d);
  report(filled);
  EXPECT_EQ(status("A2"), Filled);
  now += 60 * second;
  tick();
  EXPECT_TRUE(commands().empty()) << "asked no more";
}

// The broker said by REST that it was open, while its stream was away; then it ended, and nobody listened.
TEST_F(Flow, WhatWasSaidWhileTheStreamWasAwayIsComparedAgainWhenItIsBack) {
  const Command untold = working(limit("A1"));
  SessionState session = session_state("main");
  session.state = session.order_stream = SessionStateKind::Down;
  gateway(session);
  VenueReport open = fact(untold, VenueEvent::State);
  open.order_status = New;
  open.source = VenueSource::Reconcile;
  report(open);
  gateway(Reconciled{"main", 1, 0, now});
  tick();
  ASSERT_TRUE(commands().empty());
  gateway(session_state("main"));
  gateway(Reconciled{"main", 0, 0, now});
  tick();
  ASSERT_EQ(commands().size(), 1u);
  EXPECT_EQ(commands()[0].order_id, untold.order_id);
}

TEST_F(Flow, AnEndingStreamIsStillListenedTo) {
  working(limit("A1"));
  SessionState session = session_state("main");
  session.state = session.order_stream = SessionStateKind::ExpiresAt;
  session.deadline_ns = now + 60 * second;
  gateway(session);
  const auto told = to<SessionState>(Destination::Status);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].deadline_ns, session.deadline_ns);
  gateway(session_state("main"));
  gateway(Reconciled{"main", 1, 0, now});
  tick();
  EXPECT_TRUE(commands().empty()) << "nothing was missed, so nothing is asked";
}

TEST_F(Flow, AnotherLifeIsAskedSoonHoweverOftenTheLastOneWasAsked) {
  VenueReport filled = fact(working(limit("A1")), VenueEvent::State);
  filled.order_status = Filled;
  filled.cum_qty = "1"_d;
  report(filled);
  wait(130 * second);  // the fill never comes, and the intervals grow
  hello.incarnation = 8;
  reports = 0;
  say_hello();
  wait(1 * second);
  EXPECT_TRUE(std::ranges::any_of(out, [](const Decision& d) { return std::holds_alternative<AskCommand>(d.body); }));
}

TEST_F(Flow, WhatCannotBeToldIsAnAlarmAndItsOrderIsAskedFor) {
  const Command sent = working(limit("A1"));
  VenueReport lost = fact(sent, VenueEvent::Unreadable);
  lost.command_id = 0;
  lost.text = "a Fill of the broker cannot be told: VenueReport.last_px: -1 is negative";
  report(lost);
  EXPECT_TRUE(has_alarm(last()));
  EXPECT_EQ(last().order_id, sent.order_id);
  EXPECT_EQ(status("A1"), New);
  tick();
  ASSERT_EQ(commands().size(), 1u);
  EXPECT_EQ(commands()[0].order_id, sent.order_id);

  lost.report_number = ++reports;
  lost.venue_order_id.clear();
  lost.symbol.clear();
  report(lost);
  EXPECT_TRUE(has_alarm(last()));
  EXPECT_EQ(last().order_id, 0u);
  EXPECT_EQ(view(last().account), "main");
}

// ---- Fills

TEST_F(Flow, AFillBeforeTheAcknowledgementCounts) {
  const Command sent = place(limit("A1"));
  report(fill(sent, "t1", "0.4"_d, "50000"_d));
  EXPECT_EQ(last().order_status, PartiallyFilled);
  report(fact(sent, VenueEvent::Accepted));
  EXPECT_TRUE(drop_copy().empty()) << "nothing new";
  EXPECT_EQ(status("A1"), PartiallyFilled);
}

TEST_F(Flow, AFillIsCountedOnceWhoeverBringsIt) {
  const Command sent = working(limit("A1"));
  for (const VenueSource source :
       {VenueSource::Rest, VenueSource::Stream, VenueSource::Reconcile, VenueSource::Probe}) {
    VenueReport again = fill(sent, "t1", "0.4"_d, "50000"_d);
    again.source = source;
    report(again);
  }
  EXPECT_EQ(order("A1").cum_qty, "0.4"_d);
}

TEST_F(Flow, AFillUnderTheBrokersNameFindsItsOrderLater) {
  const Command sent = place(limit("A1"));
  VenueReport early = fill(sent, "t1", "0.4"_d, "50000"_d);
  early.venue_order_id.clear();
  early.broker_order_id = "4711";
  report(early);
  EXPECT_EQ(last().order_id, 0u);
  EXPECT_EQ(last().exec_type, ExecType::Trade) << "published meanwhile";
  VenueReport accepted = fact(sent, VenueEvent::Accepted);
  accepted.broker_order_id = "4711";
  report(accepted);
  EXPECT_EQ(order("A1").cum_qty, "0.4"_d);
  EXPECT_EQ(order("A1").order_status, PartiallyFilled);
}

TEST_F(Flow, LateFillsThatTheBrokerHadCountedAreNoAlarm) {
  const Command sent = working(limit("A1"));
  VenueReport canceled = fact(sent, VenueEvent::Canceled);
  canceled.cum_qty = "0.4"_d;
  report(canceled);
  EXPECT_EQ(last().order_status, Canceled);
  EXPECT_EQ(last().cum_qty, Decimal{});
  now += 500 * ms;
  report(fill(sent, "t1", "0.4"_d, "50000"_d));
  EXPECT_EQ(last().order_status, Canceled);
  EXPECT_EQ(last().cum_qty, "0.4"_d);
  EXPECT_FALSE(has_alarm(last()));
  EXPECT_TRUE(commands().empty());
  now += 1 * second;
  report(fill(sent, "t2", "0.1"_d, "50000"_d));
  EXPECT_TRUE(has_alarm(drop_copy()[0])) << "this one it had not counted";
  EXPECT_EQ(commands().size(), 1u) << "the rest is cancelled";
}

TEST_F(Flow, MoreFilledThanOrderedIsAFactAndAnAlarm) {
  const Command sent = working(limit("A1"));
  report(fill(sent, "t1", "0.9"_d, "50000"_d));
  report(fill(sent, "t2", "0.2"_d, "50000"_d));
  EXPECT_EQ(last().order_status, Filled);
  EXPECT_EQ(last().cum_qty, "1.1"_d);
  EXPECT_TRUE(has_alarm(last()));
}

TEST_F(Flow, WhenTheBrokerCountsMoreItIsAskedAndThenAlarmed) {
  const Command sent = working(limit("A1"));
  VenueReport state = fact(sent, VenueEvent::State);
  state.order_status = Filled;
  state.cum_qty = "1"_d;
  report(state);
  EXPECT_EQ(status("A1"), New) << "its fills are facts, its sum is not";
  int asked = 0;
  bool told = false;
  for (int i = 0; i < 60; ++i) {
    wait(1 * second);
    asked += static_cast<int>(commands().size());
    if (i == 30) {
      VenueReport again = fact(sent, VenueEvent::State);
      again.order_status = Filled;
      again.cum_qty = "1"_d;
      report(again);
      told = has_alarm(last());
    }
  }
  EXPECT_GE(asked, 3);
  EXPECT_TRUE(told);
  report(fill(sent, "t1", "1"_d, "50000"_d));
  EXPECT_EQ(status("A1"), Filled);
  EXPECT_FALSE(has_alarm(last()));
}

NewOrder for_cash(std::string_view id) {
  NewOrder cash = limit(id);
  cash.order_type = OrderType::Market;
  cash.price.reset();
  cash.order_qty.reset();
  cash.cash_order_qty = "100"_d;
  return cash;
}

TEST_F(Flow, ACashOrderEndsByTheBrokersWord) {
  const Command sent = place(for_cash("A1"));
  VenueReport first = fill(sent, "t1", "0.001"_d, "50000"_d);
  first.order_status = PartiallyFilled;
  first.cum_qty = "0.001"_d;
  report(first);
  EXPECT_EQ(last().order_status, PartiallyFilled);
  EXPECT_FALSE(last().leaves_qty);
  VenueReport rest = fill(sent, "t2", "0.001"_d, "50000"_d);
  rest.order_status = Filled;
  rest.cum_qty = "0.002"_d;
  report(rest);
  EXPECT_EQ(last().order_status, Filled);
}

TEST_F(Flow, ACashOrderEndsWithTheFillsThatTheBrokersWordCounted) {
  const Command sent = place(for_cash("A1"));
  VenueReport word = fact(sent, VenueEvent::State);
  word.command_id = 0;
  word.order_status = Filled;
  word.cum_qty = "0.002"_d;
  report(word);
  EXPECT_FALSE(is_final(status("A1")));
  report(fill(sent, "t1", "0.001"_d, "50000"_d));
  EXPECT_EQ(status("A1"), PartiallyFilled);
  report(fill(sent, "t2", "0.001"_d, "50000"_d));
  EXPECT_EQ(status("A1"), Filled);
}

TEST_F(Flow, WhatBearsOurNameButIsAnotherOrderIsForeign) {
  const Command sent = working(limit("A1"));
  const auto foreign = [&](auto change) {
    VenueReport r = fact(sent, VenueEvent::Canceled);
    r.command_id = 0;
    r.side = Side::Buy;
    r.order_qty = "1"_d;
    r.price = "50000"_d;
    change(r);
    report(r);
    return has_alarm(drop_copy()[0]) && drop_copy()[0].error == ErrorCode::Conflict && status("A1") == New;
  };
  EXPECT_TRUE(foreign([](VenueReport& r) { r.symbol = "ETH/USDT"; }));
  EXPECT_TRUE(foreign([](VenueReport& r) { r.side = Side::Sell; }));
  EXPECT_TRUE(foreign([](VenueReport& r) { r.order_qty = "1.001"_d; }));
  EXPECT_TRUE(foreign([](VenueReport& r) { r.price = "50000.01"_d; }));
  VenueReport ours = fact(sent, VenueEvent::Canceled);
  ours.order_qty = "1.000"_d;
  ours.price = "50000.00"_d;
  report(ours);
  EXPECT_EQ(status("A1"), Canceled);
}

TEST_F(Flow, OrdersOfOthersArePublishedAndTheirFillsCounted) {
  VenueReport outside;
  outside.report_number = ++reports;
  outside.incarnation = 7;
  outside.event = VenueEvent::Fill;
  outside.account = "main";
  outside.symbol = "BTC/USDT";
  outside.venue_order_id = "web_123";
  outside.side = Side::Sell;
  outside.trade_id = "t9";
  outside.last_qty = "2"_d;
  outside.last_px = "50000"_d;
  report(outside);
  ASSERT_EQ(drop_copy().size(), 1u);
  EXPECT_EQ(last().order_id, 0u);
  EXPECT_EQ(view(last().client_order_id), "web_123");
  outside.report_number = ++reports;
  report(outside);
  EXPECT_TRUE(drop_copy().empty()) << "once";
}

// ---- Gateways

TEST_F(Flow, ReportsAreAppliedInTheirNumberingOnly) {
  const Command sent = place(limit("A1"));
  VenueReport second_one = fact(sent, VenueEvent::Accepted);
  second_one.report_number = 2;
  report(second_one);
  EXPECT_EQ(status("A1"), PendingNew);
  EXPECT_EQ(core.last_report("binance", 7), 0u);
  second_one.report_number = 1;
  report(second_one);
  report(second_one);
  EXPECT_EQ(core.last_report("binance", 7), 1u);
  EXPECT_EQ(status("A1"), New);
  EXPECT_EQ(core.last_report("binance", 8), 0u);
}

TEST_F(Flow, AWelcomeIsFollowedByOpenCommandsMarkedAndOnlyThenByLiveOnes) {
  const Command closed = working(limit("A1"));
  const Command open = place(limit("A2"));
  tell(Disconnected{"binance", "7", 7, true, "heartbeats"});
  EXPECT_EQ(status("A2"), InDoubt) << "nobody knows whether it was sent";
  EXPECT_EQ(status("A1"), New);
  client(limit("A3"));
  EXPECT_EQ(reply().error, ErrorCode::GatewayDown);
  client(cancel("C1", "A1"));
  EXPECT_EQ(reply().error, ErrorCode::GatewayDown);

  hello.incarnation = 8;
  reports = 0;
  say_hello();
  ASSERT_EQ(out.size(), 2u);
  const auto& welcome = std::get<GatewayWelcome>(out[0].body);
  EXPECT_EQ(welcome.open_commands, 1u);
  EXPECT_EQ(welcome.incarnation, 8u);
  EXPECT_EQ(welcome.last_report, 0u);
  ASSERT_EQ(welcome.accounts.size(), 2u);
  EXPECT_EQ(welcome.accounts[0].child_orders, 2u);
  EXPECT_EQ(out[1].incarnation, 8u);
  EXPECT_TRUE(command().possible_resend);
  EXPECT_EQ(command().command_id, open.command_id);
  EXPECT_EQ(command().incarnation, 7u) << "the life it was meant for";
  EXPECT_GT(open.command_id, closed.command_id);

  VenueReport state = fact(open, VenueEvent::State);
  state.order_status = New;
  report(state);
  EXPECT_EQ(status("A2"), New);
  say_hello();
  EXPECT_EQ(std::get<GatewayWelcome>(out[0].body).open_commands, 0u) << "answered, so closed";
}

TEST_F(Flow, AnUnknownOutcomeClosesNoCommand) {
  const Command sent = place(limit("A1"));
  report(fact(sent, VenueEvent::Sent));
  report(fact(sent, VenueEvent::Unknown));
  say_hello();
  EXPECT_EQ(std::get<GatewayWelcome>(out[0].body).open_commands, 1u);
}

TEST_F(Flow, AnEndedLifeIsNotListenedTo) {
  const Command sent = place(limit("A1"));
  VenueReport old = fact(sent, VenueEvent::Accepted);
  hello.incarnation = 8;
  say_hello();
  gateway(old);
  EXPECT_EQ(status("A1"), InDoubt);
  feed("binance", "7", Bench::session_state("main"));
  EXPECT_TRUE(out.empty());
}

TEST_F(Flow, WhatTheSocketDidNotTakeWasNotSentButWhatWasSentAgainMayHaveBeen) {
  const Command first = place(limit("A1"));
  tell(SendFailed{"binance", first.command_id, "queue full"});
  EXPECT_EQ(status("A1"), Rejected);
  EXPECT_EQ(last().error, ErrorCode::GatewayDown);
  const Command again = place(limit("A2"));
  say_hello();
  tell(SendFailed{"binance", again.command_id, "gone"});
  EXPECT_EQ(status("A2"), PendingNew);
  tell(CoreStart{core_version, "0.1.0"});
  const Command third = again;
  tell(SendFailed{"binance", third.command_id, "nobody there yet"});
  EXPECT_EQ(status("A2"), InDoubt) << "after a restart nothing proves that it was not sent";
}

TEST_F(Flow, WhatTheSocketDidNotTakeWasNotSentEvenWhenTheSilenceWasNoticedMeanwhile) {
  const Command sent = place(limit("A1"));
  tell(Disconnected{"binance", "7", 7, true, "heartbeats"});
  EXPECT_EQ(status("A1"), InDoubt);
  tell(SendFailed{"binance", sent.command_id, "its gateway is gone"});
  EXPECT_EQ(status("A1"), Rejected);
  EXPECT_EQ(last().error, ErrorCode::GatewayDown);
}

TEST_F(Flow, ALostGatewaysSessionsAreSaidToBeDown) {
  tell(Disconnected{"binance", "7", 7, true, "heartbeats"});
  const auto states = to<SessionState>(Destination::Status);
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].state, SessionStateKind::Down);
}

TEST_F(Flow, APagedInstrumentListReplacesTheOldOneWhenItIsWhole) {
  Instrument eth = btc();
  eth.symbol = "ETH/USDT";
  Instruments page;
  page.gateway = "binance";
  page.instruments = {eth};
  gateway(page);
  Query query;
  query.kind = QueryKind::Instruments;
  EXPECT_EQ(core.answer(query).instruments.size(), 1u);
  EXPECT_EQ(view(core.answer(query).instruments[0].symbol), "BTC/USDT") << "half a list is none";
  page.page = 2;  // one is missing
  page.is_last = true;
  gateway(page);
  EXPECT_EQ(view(core.answer(query).instruments[0].symbol), "BTC/USDT");
  page.page = 1;
  page.instruments = {};
  page.as_of_ns = 77;
  gateway(page);
  ASSERT_EQ(core.answer(query).instruments.size(), 1u);
  EXPECT_EQ(view(core.answer(query).instruments[0].symbol), "ETH/USDT");
  query.account = "main";
  EXPECT_EQ(core.answer(query).as_of_ns, 77) << "how old the list is, not the question";
}

// ---- Rates

struct Metered : Flow {
  Metered() {
    hello.rate_limits = {{"orders", "main", 10'000, 10, true}};
    hello.rate_costs = {{"place", "orders", 1}, {"replace", "orders", 1}, {"cancel", "orders", 1}};
    now = (now / (10 * second) + 1) * 10 * second + 9 * second - 400 * ms;
    say_hello();
    gateway(session_state("main"));
  }
};

TEST_F(Metered, AQueuedOrderLeavesWhenItCanAndCancelsGoFirst) {
  for (int i = 0; i < 9; ++i) ASSERT_EQ((client(limit("A" + std::to_string(i))), commands().size()), 1u);
  expire = now + 5 * second;
  client(limit("B1"));
  EXPECT_EQ(reply().order_status, PendingNew);
  EXPECT_TRUE(commands().empty()) << "the last one is kept for cancels";
  client(limit("B2"));
  client(cancel("C1", "A0"));
  EXPECT_EQ(commands().size(), 1u) << "a cancel may use the reserve";
  client(cancel("C2", "A1"));
  EXPECT_TRUE(commands().empty()) << "that was it";
  EXPECT_EQ(status("A1"), PendingCancel);
  std::vector<std::string> order;
  for (const Decision& d : wait(3 * second)) {
    if (std::holds_alternative<CancelCommand>(d.body)) order.push_back("cancel");
    if (const auto* p = std::get_if<PlaceCommand>(&d.body))
      order.push_back(std::string{view(p->order.client_order_id)});
  }
  EXPECT_EQ(order, (std::vector<std::string>{"cancel", "B1", "B2"}));
}

TEST_F(Metered, AnOrderThatCannotLeaveInTimeIsRefused) {
  for (int i = 0; i < 9; ++i) client(limit("A" + std::to_string(i)));
  expire = now + 500 * ms;
  client(limit("B1"));
  EXPECT_EQ(reply().error, ErrorCode::RateLimited) << "provable at once";
  EXPECT_EQ(reply().order_status, Rejected);
  expire = now + 1500 * ms;
  client(limit("B2"));
  EXPECT_EQ(reply().order_status, PendingNew);
  // Meanwhile the broker bans us for longer than it can wait.
  RateUsage ban;
  ban.account = "main";
  ban.bucket = "orders";
  ban.scope = "main";
  ban.interval_ms = 10'000;
  ban.blocked_until_ns = now + 30 * second;
  gateway(ban);
  wait(2 * second);
  EXPECT_EQ(status("B2"), Rejected);
  EXPECT_EQ(order("B2").error, ErrorCode::RateLimited);
  EXPECT_TRUE(commands().empty());
  client(cancel("C1", "A0"));
  EXPECT_TRUE(commands().empty()) << "a ban is a ban";
  const auto cancels = [&] {
    return std::ranges::count_if(out, [](const Decision& d) { return std::holds_alternative<CancelCommand>(d.body); });
  };
  wait(27 * second);
  EXPECT_EQ(cancels(), 0);
  wait(3 * second);
  EXPECT_EQ(cancels(), 1);
}

// A gateway that has just started, and has not spoken to its broker.
TEST_F(Metered, AHelloThatNamesNoAccountIsToldOfBansAndSentNothing) {
  const Command sent = place(limit("A1"));
  working(limit("A2"));
  client(cancel("C2", "A2"));
  RateUsage ban;
  ban.account = "main";
  ban.bucket = "orders";
  ban.scope = "main";
  ban.interval_ms = 10'000;
  ban.blocked_until_ns = now + 30 * second;
  gateway(ban);
  GatewayHello first = hello;
  first.incarnation = hello.incarnation = 8;
  first.accounts.clear();
  first.rate_limits.clear();
  reports = 0;
  gateway(first);
  std::vector<const Decision*> told;
  for (const Decision& d : out) {
    if (d.destination == Destination::Gateway) told.push_back(&d);
  }
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(std::get<RateUsage>(told[0]->body).blocked_until_ns, ban.blocked_until_ns);
  EXPECT_EQ(view(std::get<RateUsage>(told[0]->body).scope), "main");
  EXPECT_EQ(told[0]->incarnation, 8u);
  EXPECT_EQ(std::get<GatewayWelcome>(told[1]->body).open_commands, 2u);
  EXPECT_EQ(status("A1"), InDoubt) << "the life that had it is over";
  client(limit("A3"));
  EXPECT_EQ(reply().error, ErrorCode::GatewayDown);
  client(cancel("C1", "A1"));
  EXPECT_EQ(reply().error, ErrorCode::GatewayDown);
  gateway(session_state("main"));
  client(limit("A4"));
  EXPECT_EQ(reply().error, ErrorCode::GatewayDown);

  say_hello();
  EXPECT_TRUE(std::holds_alternative<RateUsage>(out[0].body));
  EXPECT_TRUE(std::holds_alternative<GatewayWelcome>(out[1].body));
  EXPECT_TRUE(command().possible_resend);
  wait(31 * second);
  say_hello();
  EXPECT_TRUE(std::holds_alternative<GatewayWelcome>(out[0].body)) << "the ban is over";
  EXPECT_EQ(sent.incarnation, 7u);
}

TEST_F(Flow, WhatNeverLeftForALifeThatIsOverWasNotSent) {
  const Command sent = place(limit("A1"));
  GatewayHello first = hello;
  first.incarnation = hello.incarnation = 8;
  first.accounts.clear();
  gateway(first);
  EXPECT_EQ(status("A1"), InDoubt);
  tell(SendFailed{"binance", sent.command_id, "its gateway is gone"});
  EXPECT_EQ(status("A1"), Rejected);
  EXPECT_EQ(last().error, ErrorCode::GatewayDown);
}

TEST_F(Metered, ACancelOfAQueuedOrderNeedsNoBroker) {
  for (int i = 0; i < 9; ++i) client(limit("A" + std::to_string(i)));
  expire = now + 5 * second;
  client(limit("B1"));
  client(cancel("C1", "B1"));
  EXPECT_EQ(reply().order_status, Canceled);
  EXPECT_TRUE(commands().empty());
  for (const Decision& d : wait(5 * second)) EXPECT_FALSE(std::holds_alternative<PlaceCommand>(d.body));
}

TEST_F(Metered, AQueueEndsWithItsGateway) {
  for (int i = 0; i < 9; ++i) client(limit("A" + std::to_string(i)));
  expire = now + 5 * second;
  client(limit("B1"));
  tell(Disconnected{"binance", "7", 7, true, "gone"});
  EXPECT_EQ(status("B1"), Rejected);
  EXPECT_EQ(order("B1").error, ErrorCode::GatewayDown);
}

// ---- Sessions

TEST_F(Flow, ASessionResumesWhereItsClientStopped) {
  log_on("s1");
  EXPECT_EQ(std::get<Welcome>(out[0].body).next_report, 1u);
  client(limit("A1"), "s1");
  client(limit("A2"), "s1");
  EXPECT_EQ(session_reports()[0].report_number, 2u);
  log_on("s1", false, 1);
  EXPECT_EQ(std::get<Welcome>(out[0].body).next_report, 2u);
  log_on("s1", false, 99);
  EXPECT_EQ(std::get<Welcome>(out[0].body).next_report, 3u);
  client(limit("A3"), "s2");
  EXPECT_EQ(rejected().error, ErrorCode::HelloNeeded);
}

TEST_F(Flow, CancelOnDisconnectTakesThatSessionsOrdersOnly) {
  log_on("s1", true);
  log_on("s2", false);
  client(limit("A1"), "s1");
  report(fact(command(), VenueEvent::Accepted));
  client(limit("B1"), "s2");
  NewOrder own = limit("B2");
  own.cancel_on_disconnect = true;
  client(own, "s2");
  place(limit("C1"));
  tell(Disconnected{"alpha", "s1", 0, false, "heartbeats"});
  ASSERT_EQ(commands().size(), 1u);
  EXPECT_EQ(last().exec_type, ExecType::PendingCancel);
  EXPECT_EQ(view(last().client_order_id), "A1");
  client(Logout{}, "s2");
  ASSERT_EQ(commands().size(), 1u);
  EXPECT_EQ(view(last().client_order_id), "B2");
}

TEST_F(Flow, ACancelThatNobodyCanTakeIsKeptForTheGatewaysReturn) {
  log_on("s1", true);
  client(limit("A1"), "s1");
  report(fact(command(), VenueEvent::Accepted));
  tell(Disconnected{"binance", "7", 7, true, "gone"});
  tell(Disconnected{"alpha", "s1", 0, false, "gone"});
  EXPECT_TRUE(commands().empty());
  say_hello();
  ASSERT_EQ(commands().size(), 1u);
  EXPECT_FALSE(command().possible_resend);
  EXPECT_EQ(status("A1"), PendingCancel);
}

TEST_F(Flow, ACancelOfOursThatDidNotGetThereIsSaidAgainAndABrokersNoIsTheEndOfIt) {
  const auto cancels = [&] { return to<CancelCommand>(Destination::Gateway).size(); };
  log_on("s1", true);
  client(limit("A1"), "s1");
  report(fact(command(), VenueEvent::Accepted));
  tell(Disconnected{"alpha", "s1", 0, false, "heartbeats"});
  ASSERT_EQ(cancels(), 1u);
  const Command sent = command();
  tell(Disconnected{"binance", "7", 7, true, "heartbeats"});
  tell(SendFailed{"binance", sent.command_id, "its gateway is gone"});
  say_hello();
  ASSERT_EQ(cancels(), 1u);
  VenueReport unsent = fact(command(), VenueEvent::NotSent);
  unsent.error = ErrorCode::Expired;
  report(unsent);
  EXPECT_EQ(status("A1"), New);
  Reconciled compared;
  compared.account = "main";
  gateway(compared);
  ASSERT_EQ(cancels(), 1u);
  EXPECT_FALSE(command().possible_resend);
  VenueReport refused = fact(command(), VenueEvent::CancelRejected);
  refused.error = ErrorCode::OrderNotFound;
  report(refused);
  gateway(compared);
  EXPECT_EQ(cancels(), 0u);
}

TEST_F(Metered, QueuedCancelsOfOursOutliveARestartThatTakesLongerThanTheirWait) {
  log_on("s1", true);
  for (int i = 0; i < 9; ++i) {
    client(limit("A" + std::to_string(i)), "s1");
    report(fact(command(), VenueEvent::Accepted));
  }
  tell(Disconnected{"alpha", "s1", 0, false, "heartbeats"});
  ASSERT_EQ(commands().size(), 1u) << "the others wait for the next window";
  now += 20 * second;
  tell(CoreStart{core_version, "0.1.0"});
  for (const Command& never : commands()) tell(SendFailed{"binance", never.command_id, "its gateway is gone"});
  say_hello();
  for (int i = 0; i < 9; ++i) EXPECT_EQ(status("A" + std::to_string(i)), PendingCancel) << i;
}

TEST_F(Flow, OurOwnRestartGivesSessionsTimeToComeBack) {
  log_on("s1", true);
  log_on("s2", true);
  for (const char* session : {"s1", "s2"}) {
    client(limit(std::string{"A-"} + session), session);
    report(fact(command(), VenueEvent::Accepted));
  }
  tell(CoreStart{core_version, "0.1.0"});
  say_hello();
  client(limit("X"), "s1");
  EXPECT_EQ(rejected().error, ErrorCode::HelloNeeded);
  log_on("s1", true);
  wait(4 * second);
  EXPECT_EQ(status("A-s1"), New);
  EXPECT_EQ(status("A-s2"), PendingCancel);
}

TEST_F(Flow, EachSideRefusesTheOthersEnvironment) {
  Message message;
  message.header.environment = Environment::Live;
  message.header.sender = "alpha";
  message.body = limit("A1");
  feed(message);
  EXPECT_EQ(rejected().error, ErrorCode::InvalidMessage);
  EXPECT_EQ(view(rejected().field), "environment");
}

// ---- Subscriptions

TEST_F(Flow, AGatewayHearsOfTheFirstSubscriberAndOfTheLastOnesLeaving) {
  Subscribe quote;
  quote.source = "main";
  quote.symbol = "BTC/USDT";
  quote.channel = Channel::Quote;
  log_on("s1");
  const auto heard = [&](auto&& what) { return to<std::decay_t<decltype(what)>>(Destination::Gateway).size(); };
  client(quote, "s1");
  EXPECT_EQ(heard(Subscribe{}), 1u);
  EXPECT_EQ(view(to<SubscribeAck>(Destination::Request)[0].topic), "quote.main.BTC/USDT");
  quote.lease_ms = 5000;
  client(quote);
  EXPECT_EQ(heard(Subscribe{}), 0u);
  EXPECT_EQ(to<SubscribeAck>(Destination::Request)[0].lease_until_ns, now + 5 * second);
  say_hello();
  EXPECT_EQ(heard(Subscribe{}), 1u) << "a hello gets them again";
  client(Logout{}, "s1");
  EXPECT_EQ(heard(Unsubscribe{}), 0u) << "the REQ's lease lasts";
  now += 4 * second;
  client(quote);  // renewed
  wait(4 * second);
  EXPECT_EQ(heard(Unsubscribe{}), 0u);
  wait(2 * second);
  EXPECT_EQ(heard(Unsubscribe{}), 1u);
  client(quote, "", "stranger");
  EXPECT_EQ(rejected().error, ErrorCode::PermissionDenied);
  quote.symbol = "NO/SUCH";
  client(quote);
  EXPECT_EQ(rejected().error, ErrorCode::InvalidSymbol);
}

TEST_F(Flow, BarsOfEachIntervalAreATopicOfTheirOwn) {
  const auto asked = [&](auto what) { return to<decltype(what)>(Destination::Gateway); };
  const auto topic = [&] {
    const auto acks = to<SubscribeAck>(Destination::Request);
    return acks.size() == 1 ? std::string{view(acks[0].topic)} : std::string{};
  };
  log_on("s1");
  client(Subscribe{"main", "BTC/USDT", Channel::Bar, 60'000, 0}, "s1");
  EXPECT_EQ(topic(), "bar.1m.main.BTC/USDT");
  ASSERT_EQ(asked(Subscribe{}).size(), 1u);
  EXPECT_EQ(asked(Subscribe{})[0].bar_interval_ms, 60'000u);
  client(Subscribe{"main", "BTC/USDT", Channel::Bar, 3'600'000, 0}, "s1");
  EXPECT_EQ(topic(), "bar.1h.main.BTC/USDT");
  EXPECT_EQ(asked(Subscribe{}).size(), 1u);
  client(Subscribe{"main", "BTC/USDT", Channel::Bar, 60'000, 5000});
  EXPECT_EQ(asked(Subscribe{}).size(), 0u) << "the second subscriber of this topic";
  say_hello();
  EXPECT_EQ(asked(Subscribe{}).size(), 2u);
  client(Unsubscribe{"main", "BTC/USDT", Channel::Bar, 3'600'000}, "s1");
  EXPECT_EQ(topic(), "bar.1h.main.BTC/USDT");
  ASSERT_EQ(asked(Unsubscribe{}).size(), 1u);
  EXPECT_EQ(asked(Unsubscribe{})[0].bar_interval_ms, 3'600'000u);
  client(Unsubscribe{"main", "BTC/USDT", Channel::Bar, 300'000}, "s1");
  EXPECT_EQ(rejected().error, ErrorCode::InvalidMessage) << "never subscribed to";
  for (const std::uint32_t odd : {0u, 59'999u, 120'000u, 2'592'000'000u}) {
    client(Subscribe{"main", "BTC/USDT", Channel::Bar, odd, 0}, "s1");
    EXPECT_EQ(view(rejected().field), "bar_interval_ms") << odd;
    EXPECT_EQ(view(rejected().value), std::to_string(odd));
    EXPECT_NE(view(rejected().text).find("1s 1m"), std::string_view::npos) << view(rejected().text);
    EXPECT_TRUE(asked(Subscribe{}).empty());
  }
}

TEST_F(Flow, BooksAndTickersHaveTopicsAndAnIntervalMeansNothingToThem) {
  const auto topic = [&] { return std::string{view(to<SubscribeAck>(Destination::Request).at(0).topic)}; };
  client(Subscribe{"main", "BTC/USDT", Channel::Book, 0, 5000});
  EXPECT_EQ(topic(), "book.main.BTC/USDT");
  client(Subscribe{"main", "BTC/USDT", Channel::Ticker, 777, 5000});
  EXPECT_EQ(topic(), "ticker.main.BTC/USDT");
  client(Subscribe{"main", "BTC/USDT", Channel::Ticker, 0, 5000});
  EXPECT_TRUE(to<Subscribe>(Destination::Gateway).empty()) << "it is the same";
  client(Unsubscribe{"main", "BTC/USDT", Channel::Ticker, 777});
  EXPECT_EQ(to<Unsubscribe>(Destination::Gateway).size(), 1u);
}

// ---- Questions

TEST_F(Flow, QuestionsAreAnsweredInPages) {
  for (int i = 0; i < 25; ++i) place(limit("A" + std::to_string(i)));
  report(fill(place(limit("done")), "t1", "1"_d, "50000"_d));
  Query query;
  query.kind = QueryKind::Orders;
  query.page_size = 10;
  std::size_t count = 0;
  int pages = 0;
  do {
    const Answer page = core.answer(query);
    count += page.orders.size();
    query.page_token = page.next_page_token;
    ++pages;
  } while (!query.page_token.empty());
  EXPECT_EQ(count, 25u);
  EXPECT_EQ(pages, 3);
  query.include_closed = true;
  query.page_size = 200;
  EXPECT_EQ(core.answer(query).orders.size(), 26u);
  query.kind = QueryKind::Status;
  const Answer answer = core.answer(query);
  EXPECT_EQ(answer.status->open_orders, 25u);
  EXPECT_EQ(answer.status->state_hash.size(), 64u);
  ASSERT_EQ(answer.gateways.size(), 1u);
  EXPECT_EQ(answer.gateways[0].open_commands, 25u);
  EXPECT_EQ(answer.sessions.size(), 2u);
  query.kind = QueryKind::Accounts;
  EXPECT_EQ(core.answer(query).accounts.size(), 3u);
  query.kind = QueryKind::Order;
  query.client_order_id = "nothing";
  EXPECT_EQ(core.answer(query).error, ErrorCode::OrderNotFound);
}

TEST_F(Flow, EveryDecisionSurvivesTheCodec) {
  log_on("s1");
  std::size_t count = 0;
  const auto check = [&] {
    for (const Decision& d : out) {
      Header header;
      header.environment = Environment::Paper;
      header.sender = "router";
      const auto back = decode(encode(header, d.body));
      EXPECT_TRUE(back) << name_of(d.body) << ": " << (back ? "" : back.error().text);
      ++count;
    }
  };
  client(limit("A1"), "s1");
  check();
  const Command sent = command();
  report(fill(sent, "t1", "0.4"_d, "50000"_d));
  check();
  client(cancel("C1", "A1"));
  check();
  report(fact(command(), VenueEvent::Canceled));
  check();
  client(cancel("C2", "none"));
  check();
  client(limit("A1", Side::Sell));
  check();
  client(one_cancels_other("L1"), "s1");
  check();
  client(CancelOrderList{"CL1", "L1"}, "s1");
  check();
  client(CancelOrderList{"CL2", "L2"});
  check();
  client(CancelAll{"CA1", "main", {}, Side::Unset}, "s1");
  check();
  client(CancelAll{"CA1", "second", {}, Side::Unset});
  check();
  client(Subscribe{"main", "BTC/USDT", Channel::Bar, 60'000, 0}, "s1");
  check();
  tell(Disconnected{"binance", "7", 7, true, "gone"});
  check();
  say_hello();
  check();
  EXPECT_GT(count, 20u);
}

}  // namespace
}  // namespace busbar::router::test
