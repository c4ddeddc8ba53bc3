#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "bus/codec.hpp"
#include "router/core/order.hpp"

namespace busbar::router {
namespace {

using namespace busbar::literals;
using enum OrderStatus;
using Event = OrderEvent;

const std::vector<OrderStatus> used = {PendingNew,     New,      PartiallyFilled, Filled,  PendingCancel, Canceled,
                                       PendingReplace, Rejected, Expired,         InDoubt, NeverSeen};

std::vector<Event> all_events() {
  std::vector<Event> events;
  for (std::size_t i = 0; i < order_event_count; ++i) events.push_back(static_cast<Event>(i));
  return events;
}

// The facts of an ordinary order in this status, of 10, with `cum` filled.
Life life_in(OrderStatus status, Decimal cum = {}) {
  Life life;
  life.status = status;
  life.order_qty = "10"_d;
  life.cum_qty = cum;
  life.is_confirmed = status != PendingNew && status != InDoubt && status != NeverSeen && status != Rejected;
  life.is_in_doubt = status == InDoubt;
  life.cancel_pending = status == PendingCancel;
  life.replace_pending = status == PendingReplace;
  if (status == PartiallyFilled && cum.is_zero()) life.cum_qty = "4"_d;
  if (status == Filled) life.cum_qty = "10"_d;
  return life;
}

// As the core does it: the quantity first, then the event.
OrderStatus after(OrderStatus status, Event event) {
  Life life = life_in(status);
  if (event == Event::Fill) life.cum_qty = *add(life.cum_qty, "1"_d);
  if (event == Event::FillComplete) life.cum_qty = std::max(*life.order_qty, life.cum_qty);
  advance(life, event);
  return life.status;
}

std::string name(OrderStatus status) { return std::string{busbar::name_of(status)}; }

TEST(OrderLife, EveryCellIsThoughtAbout) {
  const std::set<Event> ours = {Event::Received, Event::Refused, Event::CancelSent, Event::ReplaceSent};
  const std::set<Event> evidence = {Event::Accepted,     Event::Rejected,   Event::Fill,    Event::FillComplete,
                                    Event::LateFill,     Event::Canceled,   Event::Expired, Event::Replaced,
                                    Event::StateWorking, Event::StateFilled};
  for (const OrderStatus status : used) {
    for (const Event event : all_events()) {
      SCOPED_TRACE(name(status) + " x " + std::string{name_of(event)});
      const Cell& what = cell(status, event);
      const OrderStatus to = after(status, event);
      if (what.step == Step::Keep || what.step == Step::Alarm) {
        EXPECT_EQ(to, status);
      }
      if (what.step == Step::Go || what.step == Step::Correct) {
        EXPECT_EQ(to, what.to);
        EXPECT_NE(what.to, Unset);
      } else {
        EXPECT_EQ(what.to, Unset);
      }
      if (what.step == Step::Correct || what.step == Step::Reopen) {
        EXPECT_TRUE(is_final(status));
      }
      // Only a broker's evidence leads out of an end, and nothing of ours is sent for an order that has ended.
      if (is_final(status) && to != status) {
        EXPECT_TRUE(evidence.contains(event));
      }
      if (is_final(status) && ours.contains(event)) {
        EXPECT_EQ(what.step, Step::Alarm);
      }
      // No order ends by silence: of what is not a broker's word, only NotSent and a proven absence end one.
      if (!is_final(status) && is_final(to) && !evidence.contains(event)) {
        EXPECT_TRUE(event == Event::NotSent || event == Event::Absent || event == Event::Refused);
      }
      EXPECT_NE(to, Replaced);
    }
  }
}

TEST(OrderLife, AnOrderWeDoNotHaveHasNoLife) {
  for (const Event event : all_events()) {
    const Step step = cell(Unset, event).step;
    EXPECT_EQ(step, event == Event::Received || event == Event::Refused ? Step::Go : Step::Alarm) << name_of(event);
    EXPECT_EQ(cell(Replaced, event).step, Step::Alarm) << "Replaced is an event, never a status";
  }
}

// ---- The second table, written from FIX 5.0 SP2, volume 4, "Order State Change Matrices": for an order in a status,
// which OrdStatus may the report of an event carry? Events in FIX's words: ExecType, or the Order Cancel Reject
// message.

struct FixRow {
  OrderStatus from;
  const char* event;
  std::set<OrderStatus> to;
};

const std::vector<FixRow> fix = {
    // A. Vanilla: an order is acknowledged, traded, or refused; executions may overtake the acknowledgement.
    {PendingNew, "PendingCancel", {PendingCancel}},
    {PendingNew, "PendingReplace", {PendingReplace}},
    {PendingNew, "New", {New}},
    {PendingNew, "Rejected", {Rejected}},
    {PendingNew, "Partial fill", {PartiallyFilled}},
    {PendingNew, "Complete fill", {Filled}},
    {PendingNew, "Canceled", {Canceled}},  // IOC, FOK: never on the book
    {PendingNew, "Expired", {Expired}},
    {New, "New", {New}},
    {New, "Rejected", {Rejected}},  // A.1.d: rejected after it was acknowledged
    {New, "Partial fill", {PartiallyFilled}},
    {New, "Complete fill", {Filled}},
    {New, "Canceled", {Canceled}},  // unsolicited, too
    {New, "Expired", {Expired}},
    {New, "PendingCancel", {PendingCancel}},
    {New, "PendingReplace", {PendingReplace}},
    {PartiallyFilled, "Partial fill", {PartiallyFilled}},
    {PartiallyFilled, "Complete fill", {Filled}},
    {PartiallyFilled, "Canceled", {Canceled}},
    {PartiallyFilled, "Expired", {Expired}},
    {PartiallyFilled, "PendingCancel", {PendingCancel}},
    {PartiallyFilled, "PendingReplace", {PendingReplace}},
    // B. Cancels: PendingCancel has the highest precedence of all, so executions keep it until the cancel is answered.
    {PendingCancel, "New", {PendingCancel}},
    {PendingCancel, "Partial fill", {PendingCancel}},
    {PendingCancel, "Complete fill", {PendingCancel}},
    {PendingCancel, "Canceled", {Canceled}},
    {PendingCancel, "Expired", {Expired}},
    {PendingCancel, "Cancel reject", {New, PartiallyFilled, Filled, PendingNew}},
    // C. Replaces: PendingReplace stands above New, PartiallyFilled and Filled.
    {PendingReplace, "New", {PendingReplace}},
    {PendingReplace, "PendingCancel", {PendingCancel}},
    {PendingReplace, "Partial fill", {PendingReplace}},
    {PendingReplace, "Complete fill", {PendingReplace}},
    {PendingReplace, "Replaced", {New, PartiallyFilled, Filled}},
    {PendingReplace, "Replace reject", {New, PartiallyFilled, Filled}},
    {PendingReplace, "Canceled", {Canceled}},
    {PendingReplace, "Expired", {Expired}},
    // D. An end is an end. Only a trade correction or bust changes a filled order, and those are events of their own.
    {Filled,
     "Replaced",
     {New, PartiallyFilled, Filled}},  // C.3.b: a replace that raises the quantity of a filled order
    {Filled, "Canceled", {Filled}},
    {Filled, "Expired", {Filled}},
    {Filled, "Rejected", {Filled}},
    {Filled, "Partial fill", {Filled}},
    {Canceled, "New", {Canceled}},
    {Canceled, "Partial fill", {Canceled}},
    {Canceled, "Complete fill", {Canceled}},
    {Canceled, "Expired", {Canceled}},
    {Canceled, "Rejected", {Canceled}},
    {Expired, "New", {Expired}},
    {Expired, "Partial fill", {Expired}},
    {Expired, "Complete fill", {Expired}},
    {Expired, "Canceled", {Expired}},
    {Expired, "Rejected", {Expired}},
    {Rejected, "New", {Rejected}},
    {Rejected, "Partial fill", {Rejected}},
    {Rejected, "Complete fill", {Rejected}},
    {Rejected, "Canceled", {Rejected}},
    {Rejected, "Expired", {Rejected}},
};

const std::map<std::string, Event> from_fix = {
    {"PendingCancel", Event::CancelSent},
    {"PendingReplace", Event::ReplaceSent},
    {"New", Event::Accepted},
    {"Rejected", Event::Rejected},
    {"Partial fill", Event::Fill},
    {"Complete fill", Event::FillComplete},
    {"Canceled", Event::Canceled},
    {"Expired", Event::Expired},
    {"Replaced", Event::Replaced},
    {"Cancel reject", Event::CancelRejected},
    {"Replace reject", Event::ReplaceRejected},
};

// Where we differ, on purpose.
struct Difference {
  const char* name;
  OrderStatus from;
  const char* event;
  OrderStatus ours;
  const char* reason;
};

const std::vector<Difference> differences = {
    {"FilledIsFilled", PendingCancel, "Complete fill", Filled,
     "FIX shows PendingCancel until the cancel is answered; a client that waits for Filled should not have to wait for "
     "that"},
    {"FilledIsFilledToo", PendingReplace, "Complete fill", Filled,
     "as above; the replace is answered 'too late' at once"},
    {"FillBeatsCancel", Canceled, "Partial fill", PartiallyFilled,
     "a fill that the broker had not counted when it cancelled is evidence that the order lives: it is cancelled "
     "again"},
    {"FillBeatsCancelWhole", Canceled, "Complete fill", Filled, "as above, with nothing left to cancel"},
    {"FillBeatsExpiry", Expired, "Partial fill", PartiallyFilled, "as above"},
    {"FillBeatsExpiryWhole", Expired, "Complete fill", Filled, "as above"},
    {"LifeBeatsRejection", Rejected, "New", New,
     "the broker shows an order that was called rejected: believed, alarmed, cancelled"},
    {"FillBeatsRejection", Rejected, "Partial fill", PartiallyFilled, "as above"},
    {"FillBeatsRejectionWhole", Rejected, "Complete fill", Filled, "as above"},
    {"EndBeatsRejection", Rejected, "Canceled", Canceled, "whoever can be cancelled was not rejected"},
    {"EndBeatsRejectionToo", Rejected, "Expired", Expired, "as above"},
};

TEST(OrderLife, AgreesWithFixWhereFixSpeaksAndDiffersOnlyByName) {
  std::set<std::string> met;
  for (const FixRow& row : fix) {
    SCOPED_TRACE(name(row.from) + " x " + row.event);
    const OrderStatus ours = after(row.from, from_fix.at(row.event));
    const Difference* difference = nullptr;
    for (const Difference& d : differences) {
      if (d.from == row.from && std::string{d.event} == row.event) difference = &d;
    }
    if (!difference) {
      EXPECT_TRUE(row.to.contains(ours)) << "we say " << name(ours);
      continue;
    }
    met.insert(difference->name);
    EXPECT_EQ(ours, difference->ours) << difference->reason;
    EXPECT_FALSE(row.to.contains(ours)) << "this is no difference any more";
  }
  EXPECT_EQ(met.size(), differences.size()) << "a difference is listed that FIX has no row for";
}

// ---- What must hold on every way through the table.

TEST(OrderLife, KeepsItsPromisesOnAHundredThousandRandomWalks) {
  const std::uint32_t seed = std::random_device{}();
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random{seed};
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const std::set<Event> evidence = {Event::Accepted,     Event::Rejected,   Event::Fill,    Event::FillComplete,
                                    Event::LateFill,     Event::Canceled,   Event::Expired, Event::Replaced,
                                    Event::StateWorking, Event::StateFilled};
  for (int walk = 0; walk < 100'000; ++walk) {
    Life life;
    life.order_qty = Decimal{1 + below(20), 0};
    ASSERT_EQ(advance(life, below(20) == 0 ? Event::Refused : Event::Received), Step::Go);
    for (int step = 0; step < 20; ++step) {
      auto event = static_cast<Event>(2 + below(static_cast<int>(order_event_count) - 2));
      const Life before = life;
      if (event == Event::CancelSent || event == Event::ReplaceSent) {
        if (is_final(life.status)) continue;  // nobody sends any
      }
      if (event == Event::Fill || event == Event::FillComplete || event == Event::LateFill) {
        life.cum_qty = *add(life.cum_qty, Decimal{1 + below(3), 0});
        const bool is_complete = life.cum_qty >= *life.order_qty;
        event = is_final(life.status) && below(2) == 0 ? Event::LateFill
                : is_complete                          ? Event::FillComplete
                                                       : Event::Fill;
      }
      const Step taken = advance(life, event);
      const auto where = name(before.status) + " x " + std::string{name_of(event)} + " -> " + name(life.status);
      ASSERT_GE(life.cum_qty, before.cum_qty) << where;
      ASSERT_NE(life.status, Unset) << where;
      ASSERT_NE(life.status, Replaced) << where;
      if (is_final(life.status)) {
        ASSERT_EQ(*life.leaves_qty(), Decimal{}) << where;
        ASSERT_FALSE(life.cancel_pending || life.replace_pending || life.is_in_doubt) << where;
      } else {
        ASSERT_EQ(*add(life.cum_qty, *life.leaves_qty()), *life.order_qty) << where;
        ASSERT_LT(life.cum_qty, *life.order_qty) << where;
        ASSERT_EQ(life.status, settled(life)) << where;
      }
      if (is_final(before.status) && life.status != before.status) {
        ASSERT_TRUE(evidence.contains(event)) << where;
        const bool names_an_alarm = taken == Step::Reopen || taken == Step::Correct;
        const bool is_plain = event == Event::Replaced || (before.status == NeverSeen && event == Event::Rejected);
        ASSERT_TRUE(names_an_alarm || is_plain) << where;
      }
      if (taken == Step::Alarm) {
        ASSERT_EQ(life.status, before.status) << where;
      }
    }
  }
}

TEST(OrderLife, LeavesIsUnknownWhenOnlyCashWasNamed) {
  Life life;
  EXPECT_EQ(advance(life, Event::Received), Step::Go);
  EXPECT_FALSE(life.leaves_qty());
  advance(life, Event::FillComplete);
  EXPECT_EQ(life.leaves_qty(), Decimal{});
}

// ---- The broker's name for an order

TEST(VenueNames, FitEveryBrokerAndComeBackToTheirOrder) {
  const VenueNames names{"journal-1"};
  std::set<std::string> seen;
  for (const std::uint64_t id : {1ull, 2ull, 35ull, 36ull, 1'000'000ull, 101'559'956'668'415ull}) {
    for (const std::uint32_t leg : {0u, 1u, 36u, 46'655u}) {
      const Id name = names.order(id, leg);
      EXPECT_LE(name.size(), 20u);
      EXPECT_EQ(view(name).find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string_view::npos);
      EXPECT_EQ(name[0], 'b');
      EXPECT_TRUE(seen.insert(std::string{view(name)}).second);
      const auto back = names.parse(view(name));
      ASSERT_TRUE(back);
      EXPECT_EQ(back->order_id, id);
      EXPECT_EQ(back->leg, leg);
      EXPECT_FALSE(VenueNames{"journal-2"}.parse(view(name))) << "another journal's orders are not ours";
    }
  }
  EXPECT_FALSE(names.parse(view(names.cancel(1, 1))));
  EXPECT_EQ(names.cancel(1, leg_max + 1), names.cancel(1, 0)) << "somebody cancels it again and again";
  for (const char* other : {"", "b", "web_1234567890123456", "B0000000000000000000", "b0000000000000000-00", "x-ABC"}) {
    EXPECT_FALSE(names.parse(other)) << other;
  }
}

}  // namespace
}  // namespace busbar::router
