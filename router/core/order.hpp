#pragma once
// An order's life: which event leads from which status to which. A table, so that every cell has been thought about,
// and a pure function over it. What has happened elsewhere (fills, names, commands) is the business of its callers.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "bus/messages.hpp"

namespace busbar::router {

enum class OrderEvent : std::uint8_t {
  Received,         // a client's order, checked and taken
  Refused,          // ... or not taken
  CancelSent,
  ReplaceSent,
  Accepted,
  Rejected,
  Fill,             // some quantity is left
  FillComplete,     // none is
  LateFill,         // part of the quantity that the broker named when it ended the order: no news about the status
  Canceled,
  Expired,
  Replaced,
  CancelRejected,
  ReplaceRejected,
  Unknown,          // the answer to the new order did not come
  RequestUnknown,   // the answer to a cancel or replace did not come
  StateWorking,     // asked, the broker says: it works
  StateFilled,      // ... it is filled (the fills themselves are facts of their own)
  NotSent,          // the gateway never sent it, and never will
  Absent,           // the absence rule is met
  MAX = Absent
};

enum class Step : std::uint8_t {
  Keep,     // a fact, or nothing new: the status stays
  Alarm,    // contradicts what is known: nothing is changed but a person is told
  Go,       // to the status named in the cell
  Settle,   // to the status that follows from the facts: New, PartiallyFilled, PendingCancel, ...
  Reopen,   // an order that had ended is alive: settle, alarm, and cancel the rest
  Correct,  // an order that had ended, ended otherwise: go to the status named, and alarm
};

struct Cell {
  Step step = Step::Alarm;
  OrderStatus to = OrderStatus::Unset;
};

inline constexpr std::size_t order_status_count = static_cast<std::size_t>(OrderStatus::MAX) + 1;
inline constexpr std::size_t order_event_count = static_cast<std::size_t>(OrderEvent::MAX) + 1;

// The table. Unset is an order that we do not have.
const Cell& cell(OrderStatus status, OrderEvent event);
std::string_view name_of(OrderEvent event);

// Filled, Canceled, Rejected, Expired, NeverSeen: nothing works at the broker, and only evidence leads out.
bool is_final(OrderStatus status);

// The facts that a status follows from.
struct Life {
  OrderStatus status = OrderStatus::Unset;
  bool is_confirmed = false;     // the broker has shown it
  bool is_in_doubt = false;      // the answer to the new order did not come
  bool cancel_pending = false;
  bool replace_pending = false;
  std::optional<Decimal> order_qty;  // absent when only cash was named
  Decimal cum_qty;

  // Absent when order_qty is; never below zero.
  std::optional<Decimal> leaves_qty() const;
};

// The status that follows from the facts alone, for an order that has not ended.
OrderStatus settled(const Life& life);

// Takes the event in: looks the cell up, changes facts and status, and says what kind of step it was.
Step advance(Life& life, OrderEvent event);

template <class A>
void fields(A& a, typename A::template Ref<Life> x) {
  a(x.status, x.is_confirmed, x.is_in_doubt, x.cancel_pending, x.replace_pending, x.order_qty, x.cum_qty);
}

// ---- The broker's name for an order: 'b', the journal, the order, the leg. 19 lower-case letters and digits,
// beginning with a letter, the same after every restart and for every broker; nothing needs to be stored to find the
// order again.

inline constexpr std::uint32_t leg_max = 36 * 36 * 36 - 1;  // zzz

struct VenueName {
  std::uint64_t order_id = 0;
  std::uint32_t leg = 0;
};

class VenueNames {
 public:
  VenueNames() = default;
  explicit VenueNames(std::string_view journal_id);
  Id order(std::uint64_t order_id, std::uint32_t leg) const;
  // A cancel's own name, where the broker wants one: 'c', and the number of the cancel where the leg would stand; it begins
  // again where a leg would end.
  Id cancel(std::uint64_t order_id, std::uint32_t number) const;
  // An order list's own name: 'l', and the number of its first order.
  Id list(std::uint64_t list) const;
  // nullopt: not one of this journal's names of orders.
  std::optional<VenueName> parse(std::string_view name) const;

 private:
  Text<8> journal_;  // its id, hashed to a few digits
};

}  // namespace busbar::router
