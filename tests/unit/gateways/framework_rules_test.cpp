// The pure halves of the framework: what is done with a command, when to ask again, when to stop sending.
#include <fstream>
#include <random>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "gateways/framework/circuit_breaker.hpp"
#include "gateways/framework/clock_offset.hpp"
#include "gateways/framework/commands.hpp"
#include "gateways/framework/credentials.hpp"
#include "gateways/framework/in_doubt.hpp"
#include "gateways/framework/pages.hpp"
#include "gateways/framework/retry.hpp"
#include "gateways/framework/router_clock.hpp"
#include "tests/unit/gateways/framework_tls_server.hpp"

namespace busbar::gateway {
namespace {

using Act = Verdict::Act;

constexpr std::uint64_t own = 77;
constexpr std::uint64_t other = 66;
constexpr std::int64_t ms = 1'000'000;

Command command(std::uint64_t id, std::uint64_t order_id = 1, std::uint32_t leg = 0) {
  Command c;
  c.command_id = id;
  c.incarnation = own;
  c.order_id = order_id;
  c.leg = leg;
  c.venue_order_id = cut<64>("v" + std::to_string(order_id) + "-" + std::to_string(leg));
  c.account = "main";
  c.symbol = "BTC/USDT";
  c.send_time_ns = 1000 * ms;
  c.expire_time_ns = 2000 * ms;
  return c;
}

Command marked(Command c) {
  c.possible_resend = true;
  return c;
}

Command of_other_life(Command c) {
  c.incarnation = other;
  return c;
}

Circumstances fine(Timestamp router_now = 1500 * ms) {
  Circumstances circumstances;
  circumstances.router_now = router_now;
  return circumstances;
}

Facts accepted(const Command& c) { return {make_fact(c, VenueEvent::Accepted)}; }

VenueEvent only_event(const Verdict& verdict) {
  return verdict.facts.size() == 1 ? verdict.facts[0].event : VenueEvent::Unset;
}

// ---- commands

TEST(CommandBook, ActsOnceAndAnswersEveryCopyFromMemory) {
  CommandBook book{own};
  EXPECT_EQ(book.judge(CommandKind::Place, command(1), fine()).act, Act::Do);
  EXPECT_EQ(book.judge(CommandKind::Place, command(1), fine()).act, Act::Wait) << "while it is being done";
  EXPECT_EQ(book.judge(CommandKind::Place, marked(command(1)), fine()).act, Act::Wait);
  book.on_facts(1, accepted(command(1)), true);
  for (const Command& copy : {command(1), marked(command(1))}) {
    const Verdict verdict = book.judge(CommandKind::Place, copy, fine(9000 * ms));
    EXPECT_EQ(verdict.act, Act::Answer);
    EXPECT_EQ(only_event(verdict), VenueEvent::Accepted);
  }
  EXPECT_EQ(book.open(), 0u);
}

TEST(CommandBook, AMarkedCopyNeverHeardIsNotSentAndNeverWillBe) {
  CommandBook book{own};
  Verdict verdict = book.judge(CommandKind::Place, marked(command(1)), fine());
  EXPECT_EQ(verdict.act, Act::Answer);
  EXPECT_EQ(only_event(verdict), VenueEvent::NotSent);
  EXPECT_EQ(verdict.facts[0].error, ErrorCode::NotSent);
  EXPECT_EQ(verdict.facts[0].command_id, 1u);
  verdict = book.judge(CommandKind::Place, command(1), fine());
  EXPECT_EQ(verdict.act, Act::Answer) << "the first copy, late";
  EXPECT_EQ(only_event(verdict), VenueEvent::NotSent);
}

TEST(CommandBook, OfAnotherLifeIsOnlyAsked) {
  for (const bool is_marked : {false, true}) {
    for (const CommandKind kind : {CommandKind::Place, CommandKind::Cancel, CommandKind::Replace}) {
      CommandBook book{own};
      Command c = of_other_life(command(1));
      c.possible_resend = is_marked;
      EXPECT_EQ(book.judge(kind, c, fine(9000 * ms)).act, Act::Ask) << "expired or not";
      EXPECT_EQ(book.judge(kind, c, fine()).act, Act::Wait);
    }
  }
}

TEST(CommandBook, RefusesWhatMayNotGo) {
  const Error no_line{ErrorCode::ConnectionError, "x"};
  Circumstances no_time = fine();
  no_time.router_now.reset();
  Circumstances other_environment = fine();
  other_environment.is_environment_right = false;
  Circumstances other_account = fine();
  other_account.is_account_ours = false;
  Circumstances moved = fine();
  moved.account_epoch = 2;
  Circumstances stopping = fine();
  stopping.no_new_orders = no_line;
  Circumstances no_stream = fine();
  no_stream.ask_account = [&] { return std::optional{no_line}; };
  const struct {
    const char* what;
    Circumstances circumstances;
    ErrorCode error;
    bool cancel_passes;
  } cases[] = {
      {"expired", fine(2001 * ms), ErrorCode::Expired, false},
      {"the time is not known", no_time, ErrorCode::Expired, false},
      {"other environment", other_environment, ErrorCode::InvalidMessage, false},
      {"other account", other_account, ErrorCode::InvalidOrder, false},
      {"meant for the account before it moved", moved, ErrorCode::NotSent, true},
      {"stopping", stopping, ErrorCode::ConnectionError, true},
      {"no order stream", no_stream, ErrorCode::ConnectionError, true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    CommandBook book{own};
    const Verdict place = book.judge(CommandKind::Place, command(1), c.circumstances);
    EXPECT_EQ(place.act, Act::Answer);
    EXPECT_EQ(only_event(place), VenueEvent::NotSent);
    EXPECT_EQ(place.facts[0].error, c.error);
    EXPECT_FALSE(place.facts[0].text.empty());
    EXPECT_EQ(book.judge(CommandKind::Place, command(1), fine()).act, Act::Answer) << "refused is refused for good";
    const Act cancel = book.judge(CommandKind::Cancel, command(2), c.circumstances).act;
    EXPECT_EQ(cancel, c.cancel_passes ? Act::Do : Act::Answer);
  }
}

TEST(CommandBook, WhatNeverArrivedInTimeHasExpired) {
  CommandBook book{own};
  EXPECT_EQ(book.judge(CommandKind::Place, marked(command(1)), fine()).facts[0].error, ErrorCode::NotSent);
  EXPECT_EQ(book.judge(CommandKind::Place, marked(command(2)), fine(2001 * ms)).facts[0].error, ErrorCode::Expired);
}

TEST(CommandBook, TheExpiryIsTheLastMomentAtWhichItMayStart) {
  CommandBook book{own};
  EXPECT_EQ(book.judge(CommandKind::Place, command(1, 1), fine(2000 * ms)).act, Act::Do);
  Command lasting = command(2, 2);
  lasting.expire_time_ns = 0;
  EXPECT_EQ(book.judge(CommandKind::Cancel, lasting, fine(9000 * ms)).act, Act::Do);
}

TEST(CommandBook, ASecondPlaceForOneLegIsRefusedAndAlarmed) {
  CommandBook book{own};
  EXPECT_EQ(book.judge(CommandKind::Place, command(1), fine()).act, Act::Do);
  const Verdict verdict = book.judge(CommandKind::Place, command(2), fine());
  EXPECT_EQ(verdict.act, Act::Ask) << "not sent it was not: under command 1 it was";
  EXPECT_NE(verdict.alarm.find("order 1 leg 0"), std::string::npos) << verdict.alarm;
  EXPECT_EQ(book.judge(CommandKind::Replace, command(3, 1, 1), fine()).act, Act::Do) << "the next leg is another order";
  EXPECT_EQ(book.judge(CommandKind::Cancel, command(4), fine()).act, Act::Do);
  EXPECT_EQ(book.judge(CommandKind::Cancel, command(5), fine()).act, Act::Do) << "cancels may be many";
}

TEST(CommandBook, WhatWasRefusedCountsAsNoChild) {
  CommandBook book{own};
  EXPECT_EQ(book.judge(CommandKind::Place, command(1), fine(9000 * ms)).act, Act::Answer);
  EXPECT_EQ(book.judge(CommandKind::Place, command(2), fine()).act, Act::Do);
}

TEST(CommandBook, AskIsAlwaysAsked) {
  CommandBook book{own};
  EXPECT_EQ(book.judge(CommandKind::Ask, command(1), fine(9000 * ms)).act, Act::Ask);
  EXPECT_EQ(book.judge(CommandKind::Ask, marked(command(2)), fine()).act, Act::Ask);
}

TEST(CommandBook, WhatItForgotItStillDoesNotDoAgain) {
  CommandBook book{own, 10};
  for (std::uint64_t id = 1; id <= 100; ++id) {
    ASSERT_EQ(book.judge(CommandKind::Place, command(id, id), fine()).act, Act::Do);
    book.on_facts(id, accepted(command(id, id)), true);
  }
  EXPECT_EQ(book.judge(CommandKind::Place, command(100, 100), fine()).act, Act::Answer);
  EXPECT_EQ(book.judge(CommandKind::Place, command(5, 5), fine()).act, Act::Ask);
}

// Copies, marks, other orders of arrival and new lives: whatever the line does, the adapter is told at most once.
TEST(CommandBook, PlacesEachLegAtMostOnceOverAllLives) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random{seed};
    const auto chance = [&](unsigned percent) { return random() % 100 < percent; };
    std::uint64_t life = 1;
    std::uint64_t next_id = 1;
    auto book = std::make_unique<CommandBook>(life, 5);
    std::vector<Command> wire;
    std::map<std::uint64_t, int> done;
    std::map<std::uint64_t, int> not_sent;
    for (int step = 0; step < 200; ++step) {
      if (chance(40)) {  // the router places one more order
        Command c = command(next_id, next_id);
        c.incarnation = life;
        ++next_id;
        wire.push_back(c);
      }
      if (chance(3)) {  // the gateway dies
        ++life;
        book = std::make_unique<CommandBook>(life, 5);
      }
      if (chance(10) && !wire.empty()) wire.push_back(marked(wire[random() % wire.size()]));  // after a welcome
      if (wire.empty()) continue;
      const std::size_t at = random() % wire.size();
      const Command c = wire[at];
      if (chance(70)) wire.erase(wire.begin() + static_cast<std::ptrdiff_t>(at));  // else it comes again
      const Verdict verdict = book->judge(CommandKind::Place, c, fine(chance(5) ? 3000 * ms : 1500 * ms));
      if (verdict.act == Act::Do) {
        EXPECT_FALSE(c.possible_resend);
        EXPECT_EQ(c.incarnation, life);
        EXPECT_EQ(not_sent[c.order_id], 0) << "said not sent, and sent it";
        ++done[c.order_id];
      }
      if (verdict.act == Act::Do && chance(80)) book->on_facts(c.command_id, accepted(c), true);
      if (verdict.act == Act::Answer && only_event(verdict) == VenueEvent::NotSent) {
        EXPECT_EQ(done[c.order_id], 0) << "sent it, and said not sent";
        ++not_sent[c.order_id];
      }
    }
    for (const auto& [order, times] : done) EXPECT_LE(times, 1) << order;
  }
}

TEST(Facts, NoAnswerAtAllIsUnknown) {
  Facts facts;
  complete(facts, command(1));
  ASSERT_EQ(facts.size(), 1u);
  EXPECT_EQ(facts[0].event, VenueEvent::Unknown);
  EXPECT_EQ(facts[0].request_time_ns, 2000 * ms) << "for want of better, the expiry";
  facts = {make_fact(command(9), VenueEvent::Sent)};
  complete(facts, command(1));
  ASSERT_EQ(facts.size(), 2u);
  EXPECT_EQ(facts[1].event, VenueEvent::Unknown);
  EXPECT_EQ(facts[0].command_id, 1u);
}

// ---- in doubt

AbsenceRule rule(std::uint32_t bound_ms, std::uint32_t look_ups = 2) { return {bound_ms, look_ups, false}; }

VenueReport state_of(OrderStatus status) {
  VenueReport fact;
  fact.event = VenueEvent::State;
  fact.order_status = status;
  return fact;
}

VenueReport not_found() {
  VenueReport fact;
  fact.event = VenueEvent::NotFound;
  return fact;
}

TEST(InDoubt, AsksAtGrowingIntervalsAndNeverGivesUpWithoutABound) {
  InDoubt doubts{rule(0)};
  Timestamp now = 1000 * ms;
  EXPECT_TRUE(doubts.add(CommandKind::Place, command(1), now, now));
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 12; ++i) {
    const Timestamp due = *doubts.next_due();
    waits.push_back((due - now) / ms);
    EXPECT_FALSE(doubts.take_due(due - 1));
    now = due;
    ASSERT_TRUE(doubts.take_due(now));
    EXPECT_FALSE(doubts.next_due()) << "one question at a time";
    const auto answer = doubts.on_answer(1, Facts{not_found()}, now + 1'000'000 * ms, now);
    EXPECT_FALSE(answer.is_settled);
  }
  const std::vector<std::int64_t> wanted{200, 200, 500, 1000, 2000, 4000, 8000, 15000, 15000, 15000, 15000, 15000};
  EXPECT_EQ(waits, wanted);
}

TEST(InDoubt, IsSettledByTheBrokersEvidenceOnly) {
  InDoubt doubts{rule(15'000)};
  Timestamp now = 1000 * ms;
  const Timestamp request = 500'000 * ms;  // broker's clock
  Command c = command(1);
  EXPECT_TRUE(doubts.add(CommandKind::Place, c, request, now));
  const auto say = [&](Result<Facts> facts, std::int64_t after_ms) {
    now = *doubts.next_due();
    EXPECT_TRUE(doubts.take_due(now));
    return doubts.on_answer(1, std::move(facts), request + after_ms * ms, now);
  };
  auto answer = say(Facts{not_found()}, 200);
  EXPECT_FALSE(answer.is_settled);
  ASSERT_EQ(answer.facts.size(), 1u);
  EXPECT_EQ(answer.facts[0].event, VenueEvent::NotFound);
  EXPECT_EQ(answer.facts[0].command_id, 1u);
  EXPECT_EQ(answer.facts[0].source, VenueSource::Probe);
  EXPECT_EQ(answer.facts[0].request_time_ns, request);
  EXPECT_EQ(answer.facts[0].transact_time_ns, request + 200 * ms);

  answer = say(Error{ErrorCode::ConnectionError, "down"}, 100'000);
  EXPECT_FALSE(answer.is_settled) << "could not ask is not not found";
  EXPECT_EQ(answer.facts[0].event, VenueEvent::CouldNotAsk);
  EXPECT_EQ(answer.facts[0].error, ErrorCode::ConnectionError);

  EXPECT_FALSE(say(Facts{not_found()}, 15'000).is_settled) << "at the bound is not beyond it";
  EXPECT_FALSE(say(Facts{not_found()}, 15'001).is_settled) << "once";
  EXPECT_FALSE(say(Error{ErrorCode::RateLimited, ""}, 15'500).is_settled);
  EXPECT_TRUE(say(Facts{not_found()}, 16'001).is_settled) << "twice";
  EXPECT_EQ(doubts.size(), 0u);
}

TEST(InDoubt, WhatAListSaysIsAsOldAsTheList) {
  InDoubt doubts{rule(15'000, 2)};
  const Timestamp request = 500'000 * ms, now = 1000 * ms;
  EXPECT_TRUE(doubts.add(CommandKind::Place, command(1), request, now));
  const auto say = [&](Timestamp list_begun) {
    EXPECT_TRUE(doubts.take_due(*doubts.next_due()));
    VenueReport fact = not_found();
    fact.transact_time_ns = list_begun;
    return doubts.on_answer(1, Facts{fact}, request + 15'400 * ms, now);
  };
  const auto early = say(request + 14'999 * ms);
  EXPECT_FALSE(early.is_settled) << "begun when the request could still act";
  EXPECT_EQ(early.facts[0].transact_time_ns, request + 14'999 * ms);
  EXPECT_FALSE(say(request + 15'100 * ms).is_settled);
  EXPECT_FALSE(say(request + 15'100 * ms).is_settled) << "the same list is no second look";
  EXPECT_TRUE(say(request + 16'000 * ms).is_settled) << "nor is it younger than the question";
}

TEST(InDoubt, KnowsSinceWhenAnOrderCanExist) {
  InDoubt doubts{rule(15'000)};
  Command placed = command(1), cancelled = command(2);
  placed.venue_order_id = "new";
  placed.send_time_ns = 77;
  cancelled.venue_order_id = "old";
  cancelled.send_time_ns = 88;
  ASSERT_TRUE(doubts.add(CommandKind::Place, placed, 100, 100));
  ASSERT_TRUE(doubts.add(CommandKind::Cancel, cancelled, 100, 100));
  EXPECT_EQ(doubts.birth_of("new"), 77);
  EXPECT_EQ(doubts.birth_of("old"), 0) << "a cancel is not the order's birth";
  EXPECT_EQ(doubts.birth_of("another"), 0);
}

TEST(InDoubt, ASuccessorIsAskedForByOurNameAlone) {
  InDoubt doubts{rule(15'000)};
  Command replace = command(1);
  replace.broker_order_id = "111";  // of the order that is replaced
  ASSERT_TRUE(doubts.add(CommandKind::Replace, replace, 1, 1));
  Command cancel = command(2);
  cancel.broker_order_id = "222";
  ASSERT_TRUE(doubts.add(CommandKind::Cancel, cancel, 1, 1));
  for (int i = 0; i < 2; ++i) {
    const auto asked = doubts.take_due(1000 * ms);
    ASSERT_TRUE(asked);
    EXPECT_EQ(view(asked->broker_order_id), asked->command_id == 1 ? "" : "222");
  }
}

TEST(InDoubt, FoundIsSettled) {
  InDoubt doubts{rule(15'000)};
  EXPECT_TRUE(doubts.add(CommandKind::Place, command(1), 0, 1000 * ms));
  doubts.take_due(1200 * ms);
  VenueReport fill;
  fill.event = VenueEvent::Fill;
  const auto answer = doubts.on_answer(1, Facts{fill, state_of(OrderStatus::PartiallyFilled)}, 0, 1300 * ms);
  EXPECT_TRUE(answer.is_settled);
  ASSERT_EQ(answer.facts.size(), 2u);
  EXPECT_EQ(answer.facts[0].event, VenueEvent::Fill);
  EXPECT_EQ(answer.facts[1].venue_order_id, "v1-0");
}

TEST(InDoubt, ALiveOrderSaysNothingYetAboutItsCancel) {
  const Timestamp request = 1000 * ms;
  InDoubt doubts{rule(15'000)};
  EXPECT_TRUE(doubts.add(CommandKind::Cancel, command(1), request, 1000 * ms));
  const auto say = [&](OrderStatus status, std::int64_t after_ms) {
    const Timestamp now = *doubts.next_due();
    EXPECT_TRUE(doubts.take_due(now));
    return doubts.on_answer(1, Facts{state_of(status)}, request + after_ms * ms, now);
  };
  EXPECT_FALSE(say(OrderStatus::New, 300).is_settled);
  EXPECT_FALSE(say(OrderStatus::New, 15'100).is_settled);
  const auto answer = say(OrderStatus::New, 16'200);
  EXPECT_TRUE(answer.is_settled);
  EXPECT_EQ(answer.facts.back().event, VenueEvent::CancelRejected);

  EXPECT_TRUE(doubts.add(CommandKind::Cancel, command(1), request, 1000 * ms));
  EXPECT_TRUE(say(OrderStatus::Canceled, 300).is_settled);
}

TEST(InDoubt, ComesBackJustAfterTheBound) {
  InDoubt doubts{rule(15'000)};
  EXPECT_TRUE(doubts.add(CommandKind::Place, command(1), 0, 0));
  Timestamp now = 0;
  int asked = 0;
  bool is_settled = false;
  while (!is_settled) {
    now = *doubts.next_due();
    ASSERT_TRUE(doubts.take_due(now));
    ++asked;
    is_settled = doubts.on_answer(1, Facts{not_found()}, now, now).is_settled;
  }
  EXPECT_LE(now, 17'000 * ms);
  EXPECT_LE(asked, 10);
}

TEST(InDoubt, QuestionsOfTheRouterGoAtOnce) {
  InDoubt doubts{rule(15'000)};
  EXPECT_TRUE(doubts.add(CommandKind::Ask, command(1), 0, 1000 * ms));
  EXPECT_TRUE(doubts.add(CommandKind::Place, marked(of_other_life(command(2))), 0, 1000 * ms));
  EXPECT_TRUE(doubts.take_due(1000 * ms));
  EXPECT_TRUE(doubts.take_due(1000 * ms));
  EXPECT_FALSE(doubts.take_due(1000 * ms));
}

TEST(InDoubt, WhatIsInDoubtComesBeforeQuestions) {
  InDoubt doubts{rule(15'000)};
  EXPECT_TRUE(doubts.add(CommandKind::Ask, command(7), 0, 1000 * ms));
  EXPECT_TRUE(doubts.add(CommandKind::Place, command(8, 2), 1000 * ms, 1000 * ms));
  const auto first = doubts.take_due(5000 * ms);
  const auto second = doubts.take_due(5000 * ms);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->command_id, 8u);
  EXPECT_EQ(second->command_id, 7u);
}

TEST(InDoubt, AQuestionOfTheRouterIsAnsweredOnce) {
  InDoubt doubts{rule(0)};
  EXPECT_TRUE(doubts.add(CommandKind::Ask, command(1), 5, 1000 * ms));
  doubts.take_due(1000 * ms);
  EXPECT_FALSE(doubts.on_answer(1, Error{ErrorCode::ConnectionError, ""}, 0, 1000 * ms).is_settled);
  doubts.take_due(9000 * ms);
  const auto answer = doubts.on_answer(1, Facts{not_found()}, 77, 9000 * ms);
  EXPECT_TRUE(answer.is_settled) << "not found is an answer; what follows from it is the router's to say";
  EXPECT_EQ(answer.facts[0].request_time_ns, 0) << "it knows the request's time better";
  EXPECT_EQ(answer.facts[0].transact_time_ns, 77);
}

TEST(InDoubt, ManyQuestionsAboutOneOrderAreOne) {
  InDoubt doubts{rule(0)};
  EXPECT_TRUE(doubts.add(CommandKind::Place, command(1), 0, 0));
  Command again = command(1);
  again.command_id = 2;
  EXPECT_FALSE(doubts.add(CommandKind::Ask, again, 0, 0));
  again.command_id = 3;
  EXPECT_TRUE(doubts.add(CommandKind::Cancel, again, 0, 0)) << "another matter";
  EXPECT_EQ(doubts.size(), 2u);
}

TEST(InDoubt, WhatIsHeardOfAnOrderMeanwhileSettlesIt) {
  InDoubt doubts{rule(15'000)};
  Command cancel = command(1);
  cancel.command_id = 2;
  EXPECT_TRUE(doubts.add(CommandKind::Place, command(1), 0, 0));
  EXPECT_TRUE(doubts.add(CommandKind::Cancel, cancel, 0, 0));
  VenueReport open = state_of(OrderStatus::New);
  open.venue_order_id = "someone else's";
  EXPECT_TRUE(doubts.on_news(open).empty());
  VenueReport fill;
  fill.event = VenueEvent::Fill;
  fill.venue_order_id = open.venue_order_id = cancel.venue_order_id;
  EXPECT_TRUE(doubts.on_news(fill).empty()) << "says not where it stands";
  EXPECT_EQ(doubts.on_news(open), std::vector<std::uint64_t>{1});
  EXPECT_TRUE(doubts.on_news(open).empty()) << "of the cancel a live order says nothing";
  open.event = VenueEvent::Canceled;
  EXPECT_EQ(doubts.on_news(open), std::vector<std::uint64_t>{2});
  EXPECT_EQ(doubts.size(), 0u);
  EXPECT_TRUE(doubts.add(CommandKind::Ask, command(1), 0, 0));
  EXPECT_TRUE(doubts.on_news(open).empty()) << "what the router asks is answered, with the fills";
}

TEST(TokenBucket, RefillsWithTimeNotWithCalls) {
  TokenBucket bucket{2, 3};
  Timestamp now = 1000 * ms;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now));
  EXPECT_FALSE(bucket.take(now + 400 * ms));
  EXPECT_TRUE(bucket.take(now + 600 * ms));
  EXPECT_FALSE(bucket.take(now + 700 * ms));
  now += 100'000 * ms;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.take(now)) << "never more than its size";
  EXPECT_FALSE(bucket.take(now));
}

// ---- breaker, backoff, clocks

TEST(CircuitBreaker, OpensAfterFailuresAndTriesOneOrderWhenTheTimeIsOver) {
  CircuitBreaker breaker{3, 5000 * ms};
  Timestamp now = 0;
  breaker.on_failure(now);
  breaker.on_failure(now);
  EXPECT_TRUE(breaker.allows(now));
  breaker.on_success();
  breaker.on_failure(now);
  breaker.on_failure(now);
  EXPECT_TRUE(breaker.allows(now)) << "failures in a row count";
  breaker.on_failure(now);
  EXPECT_EQ(breaker.state(), CircuitBreaker::State::Open);
  EXPECT_FALSE(breaker.allows(now + 4999 * ms));
  now += 5000 * ms;
  EXPECT_TRUE(breaker.allows(now));
  EXPECT_FALSE(breaker.allows(now)) << "one trial";
  breaker.on_failure(now);
  EXPECT_FALSE(breaker.allows(now + 4999 * ms));
  EXPECT_TRUE(breaker.allows(now + 5000 * ms));
  breaker.on_unsent();
  EXPECT_EQ(breaker.state(), CircuitBreaker::State::HalfOpen);
  EXPECT_TRUE(breaker.allows(now + 5000 * ms)) << "what never left was no trial";
  breaker.on_success();
  EXPECT_EQ(breaker.state(), CircuitBreaker::State::Closed);
  EXPECT_TRUE(breaker.allows(now));
  EXPECT_TRUE(breaker.allows(now));
}

TEST(Backoff, WaitsAnythingUpToACeilingThatDoubles) {
  using std::chrono::milliseconds;
  std::uint64_t next = 0;
  Backoff backoff{milliseconds{100}, milliseconds{1000}, [&] { return next; }};
  EXPECT_EQ(backoff.next(), milliseconds{0}) << "full jitter: nothing is a wait as well";
  for (const std::uint64_t ceiling : {200u, 400u, 800u, 1000u, 1000u}) {
    next = ceiling;
    EXPECT_EQ(backoff.next(), milliseconds{ceiling});
  }
  backoff.reset();
  next = 101;
  EXPECT_EQ(backoff.next(), milliseconds{0});
}

TEST(ClockOffset, BelievesTheShortestRecentTrip) {
  ClockOffset clock{1000 * ms, 3};
  EXPECT_FALSE(clock.is_known());
  EXPECT_FALSE(clock.age_ns(0));
  EXPECT_TRUE(clock.sample(1000 * ms, 1250 * ms, 1100 * ms));
  EXPECT_EQ(clock.offset_ns(), 200 * ms);
  EXPECT_TRUE(clock.sample(2000 * ms, 2205 * ms, 2010 * ms));
  EXPECT_EQ(clock.offset_ns(), 200 * ms);
  EXPECT_EQ(clock.round_trip_ns(), 10 * ms);
  EXPECT_FALSE(clock.sample(3000 * ms, 9000 * ms, 4001 * ms)) << "too long to tell anything";
  EXPECT_FALSE(clock.sample(3000 * ms, 3000 * ms, 2000 * ms)) << "our clock went back";
  EXPECT_EQ(clock.offset_ns(), 200 * ms);
  EXPECT_EQ(clock.age_ns(2510 * ms), 500 * ms);
  for (int i = 0; i < 3; ++i) clock.sample(5000 * ms, 4950 * ms, 5100 * ms);
  EXPECT_EQ(clock.offset_ns(), -100 * ms) << "the best of long ago is forgotten";
  clock.forget();
  EXPECT_FALSE(clock.is_known());
}

TEST(RouterClock, OldHeartbeatsInAQueueDoNotSetItBack) {
  RouterClock clock;
  EXPECT_FALSE(clock.now(0));
  clock.sample(10'000 * ms, 1000 * ms, std::nullopt);
  EXPECT_FALSE(clock.now(1000 * ms)) << "how old it was nobody knows";
  clock.sample(10'001 * ms, 1001 * ms, 1000 * ms);
  EXPECT_EQ(clock.now(2001 * ms), 11'001 * ms);
  // Stopped for five seconds, then five old heartbeats at once.
  for (int i = 1; i <= 5; ++i) clock.sample((10'001 + 1000 * i) * ms, 6001 * ms, std::nullopt);
  EXPECT_EQ(clock.now(6001 * ms), 15'001 * ms);
  clock.forget();
  EXPECT_FALSE(clock.now(6001 * ms));
  clock.sample(15'001 * ms, 12'001 * ms, 6001 * ms);
  EXPECT_FALSE(clock.now(12'001 * ms)) << "the trip was too long";
}

// ---- pages

TEST(Pages, AreOfOneMomentAndComeOnce) {
  Answer whole;
  whole.kind = QueryKind::Balances;
  whole.as_of_ns = 5;
  for (int i = 0; i < 5; ++i) {
    whole.balances.push_back({});
    whole.balances.back().asset = cut<32>("A" + std::to_string(i));
  }
  Pages pages;
  const Answer first = pages.split(whole, 2, 0);
  EXPECT_EQ(first.balances.size(), 2u);
  EXPECT_EQ(first.as_of_ns, 5);
  ASSERT_FALSE(first.next_page_token.empty());
  const auto second = pages.next(view(first.next_page_token), 1);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->balances[0].asset, "A2");
  EXPECT_EQ(second->kind, QueryKind::Balances);
  const auto third = pages.next(view(second->next_page_token), 2);
  ASSERT_TRUE(third);
  EXPECT_EQ(third->balances.size(), 1u);
  EXPECT_TRUE(third->next_page_token.empty());
  EXPECT_FALSE(pages.next(view(first.next_page_token), 3));
  EXPECT_FALSE(pages.next("p99", 3));

  const Answer again = pages.split(whole, 2, 0);
  EXPECT_FALSE(pages.next(view(again.next_page_token), 61'000 * ms)) << "too old";
  EXPECT_TRUE(pages.split(whole, 5, 0).next_page_token.empty());
  EXPECT_TRUE(pages.split(Answer{}, 5, 0).balances.empty());
}

// ---- credentials

class CredentialsFile : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& text, mode_t mode = 0600) {
    const auto path = dir_.path() / "main.cred";
    std::filesystem::remove(path);
    std::ofstream{path} << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  std::string refusal(const std::filesystem::path& path) {
    try {
      load_credentials(path);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return {};
  }
  test::TempDir dir_;
};

TEST_F(CredentialsFile, GivesKeyAndSecret) {
  for (const mode_t mode : {0400u, 0600u}) {
    const auto path = write("# ours\n\napi_key = abc = def\n  secret=\tgh i \r\n", mode);
    const Credentials credentials = load_credentials(path);
    EXPECT_EQ(credentials.api_key.reveal(), "abc = def");
    EXPECT_EQ(credentials.secret.reveal(), "gh i");
  }
}

TEST_F(CredentialsFile, IsRefusedWithoutShowingAValue) {
  const std::string good = "api_key = canary-key\nsecret = canary-secret\n";
  const struct {
    std::string text;
    mode_t mode;
    const char* reason;
  } cases[] = {
      {good, 0640, "0400 or 0600"},
      {good, 0644, "0400 or 0600"},
      {good, 0700, "0400 or 0600"},
      {"api_key = canary-key\n", 0600, "secret is missing"},
      {"secret = canary-secret\n", 0600, "api_key is missing"},
      {good + "canary-loose\n", 0600, "line 3"},
      {good + "canary = x\n", 0600, "line 3"},
      {good + "canaryMC4CAQAwBQYDK2VwBCIE=\n", 0600, "line 3"},
      {"api_key = \nsecret = canary\n", 0600, "line 1: api_key is empty"},
      {good + std::string(70'000, '#'), 0600, "too large"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.reason);
    const std::string reason = refusal(write(c.text, c.mode));
    EXPECT_NE(reason.find(c.reason), std::string::npos) << reason;
    EXPECT_EQ(reason.find("canary"), std::string::npos) << reason;
    EXPECT_NE(reason.find("main.cred"), std::string::npos);
  }
  EXPECT_NE(refusal(dir_.path() / "absent").find("No such file"), std::string::npos);
  EXPECT_NE(refusal(dir_.path()).find("regular file"), std::string::npos);
}

}  // namespace
}  // namespace busbar::gateway
