#include "router/core/order.hpp"

#include <cassert>

#include <openssl/sha.h>

namespace busbar::router {
namespace {

constexpr Cell keep{Step::Keep};
constexpr Cell alarm{Step::Alarm};
constexpr Cell settle{Step::Settle};
constexpr Cell reopen{Step::Reopen};
constexpr Cell go(OrderStatus to) { return {Step::Go, to}; }
constexpr Cell correct(OrderStatus to) { return {Step::Correct, to}; }

using enum OrderStatus;
using Row = std::array<Cell, order_event_count>;

// A cell for each event, in the events' order:
//  Received, Refused, CancelSent, ReplaceSent,
//  Accepted, Rejected, Fill, FillComplete, LateFill,
//  Canceled, Expired, Replaced, CancelRejected, ReplaceRejected,
//  Unknown, RequestUnknown, StateWorking, StateFilled, NotSent, Absent
constexpr std::array<Row, order_status_count> table{{
    // Unset: we have no such order. What a broker says about it is published as an outside fact, never as an order's.
    {go(PendingNew), go(Rejected), alarm, alarm, alarm, alarm, alarm, alarm, alarm, alarm,
     alarm,          alarm,        alarm, alarm, alarm, alarm, alarm, alarm, alarm, alarm},
    // PendingNew: on its way. Any sign of life confirms it, in whatever order the signs come.
    {alarm,
     go(Rejected),
     go(PendingCancel),
     go(PendingReplace),
     settle,
     go(Rejected),
     settle,
     go(Filled),
     settle,
     go(Canceled),
     go(Expired),
     settle,
     keep,
     keep,
     go(InDoubt),
     keep,
     settle,
     settle,
     go(Rejected),
     go(NeverSeen)},
    // New: a second Accepted is a stop that triggers; the lost answer to an order that the stream has shown is no
    // doubt.
    {alarm,
     alarm,
     go(PendingCancel),
     go(PendingReplace),
     keep,
     go(Rejected),
     settle,
     go(Filled),
     settle,
     go(Canceled),
     go(Expired),
     settle,
     keep,
     keep,
     keep,
     keep,
     settle,
     settle,
     alarm,
     alarm},
    // PartiallyFilled: a broker that rejects it now (a triggered order's rest) has ended it; the fills stay.
    {alarm,
     alarm,
     go(PendingCancel),
     go(PendingReplace),
     keep,
     go(Rejected),
     settle,
     go(Filled),
     settle,
     go(Canceled),
     go(Expired),
     settle,
     keep,
     keep,
     keep,
     keep,
     settle,
     settle,
     alarm,
     alarm},
    // Filled: more fills than ordered are facts all the same. A replace that raised the quantity may be heard of late.
    {alarm, alarm,  alarm, alarm, keep, alarm, alarm, alarm, keep,  alarm,
     alarm, settle, keep,  keep,  keep, keep,  keep,  keep,  alarm, alarm},
    // PendingCancel: keeps its exposure until the broker says that the order has ended.
    {alarm,       alarm,  keep,   alarm,  settle, go(Rejected), settle, go(Filled), settle,       go(Canceled),
     go(Expired), settle, settle, settle, settle, keep,         settle, settle,     go(Rejected), go(NeverSeen)},
    // Canceled: acknowledgements may come late. A fill that the broker had not counted when it cancelled reopens.
    {alarm, alarm, alarm, alarm, keep, alarm, reopen, correct(Filled), keep,  keep,
     keep,  keep,  keep,  keep,  keep, keep,  reopen, correct(Filled), alarm, alarm},
    // PendingReplace: the order as it was goes on working.
    {alarm,  alarm,        go(PendingCancel), alarm,        settle, go(Rejected), settle, go(Filled),
     settle, go(Canceled), go(Expired),       settle,       settle, settle,       settle, keep,
     settle, settle,       go(Rejected),      go(NeverSeen)},
    // Replaced: an event with us and never a status, as in FIX since 4.3.
    {alarm, alarm, alarm, alarm, alarm, alarm, alarm, alarm, alarm, alarm,
     alarm, alarm, alarm, alarm, alarm, alarm, alarm, alarm, alarm, alarm},
    // Rejected: by us, by the broker, or never sent. Any sign of life is evidence against it.
    {alarm,
     alarm,
     alarm,
     alarm,
     reopen,
     keep,
     reopen,
     correct(Filled),
     keep,
     correct(Canceled),
     correct(Expired),
     keep,
     keep,
     keep,
     keep,
     keep,
     reopen,
     correct(Filled),
     keep,
     keep},
    // Expired: as Canceled.
    {alarm, alarm, alarm, alarm, keep, alarm, reopen, correct(Filled), keep,  keep,
     keep,  keep,  keep,  keep,  keep, keep,  reopen, correct(Filled), alarm, alarm},
    // InDoubt: a cancel may be sent, and changes nothing about the doubt.
    {alarm,       alarm,  keep, alarm, settle, go(Rejected), settle, go(Filled), settle,       go(Canceled),
     go(Expired), settle, keep, keep,  keep,   keep,         settle, settle,     go(Rejected), go(NeverSeen)},
    // NeverSeen: ended by proof of absence, and still evidence beats proof.
    {alarm,
     alarm,
     alarm,
     alarm,
     reopen,
     go(Rejected),
     reopen,
     correct(Filled),
     reopen,
     correct(Canceled),
     correct(Expired),
     reopen,
     keep,
     keep,
     keep,
     keep,
     reopen,
     correct(Filled),
     keep,
     keep},
}};

// What the event says about the facts, whatever becomes of the status.
void learn(Life& life, OrderEvent event) {
  using enum OrderEvent;
  switch (event) {
    case Accepted:
    case Fill:
    case FillComplete:
    case LateFill:
    case OrderEvent::Canceled:
    case OrderEvent::Expired:
    case StateWorking:
    case StateFilled:
      life.is_confirmed = true;
      life.is_in_doubt = false;
      break;
    case OrderEvent::Replaced:
      life.is_confirmed = true;
      life.is_in_doubt = false;
      life.replace_pending = false;
      break;
    case CancelSent:
      life.cancel_pending = true;
      break;
    case ReplaceSent:
      life.replace_pending = true;
      break;
    case CancelRejected:
      life.cancel_pending = false;
      break;
    case ReplaceRejected:
      life.replace_pending = false;
      break;
    case Unknown:
      life.is_in_doubt = !life.is_confirmed;
      break;
    case Received:
    case Refused:
    case OrderEvent::Rejected:
    case RequestUnknown:
    case NotSent:
    case Absent:
      break;
  }
}

constexpr std::string_view event_names[] = {
    "Received",       "Refused",        "CancelSent",   "ReplaceSent", "Accepted", "Rejected", "Fill",
    "FillComplete",   "LateFill",       "Canceled",     "Expired",     "Replaced", "CancelRejected",
    "ReplaceRejected", "Unknown",       "RequestUnknown", "StateWorking", "StateFilled", "NotSent", "Absent"};

constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr std::size_t journal_digits = 6;
constexpr std::size_t order_digits = 9;
constexpr std::size_t leg_digits = 3;

template <std::size_t N>
void append_number(Text<N>& name, std::uint64_t number, std::size_t width) {
  name.append(width, '0');
  for (std::size_t at = name.size(); number > 0; number /= digits.size()) {
    assert(width > 0);
    --width;
    name[--at] = digits[number % digits.size()];
  }
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  for (const char c : text) {
    const bool is_letter = c >= 'a' && c <= 'z';
    if (!is_letter && (c < '0' || c > '9')) return std::nullopt;
    number = number * digits.size() + static_cast<std::uint64_t>(is_letter ? c - 'a' + 10 : c - '0');
  }
  return number;
}

Id venue_name(char first, std::string_view journal, std::uint64_t order_id, std::uint32_t number) {
  Id name(1, first);  // braces would make two characters of it
  name.append(journal.data(), journal.size());
  append_number(name, order_id, order_digits);
  append_number(name, number, leg_digits);
  return name;
}

}  // namespace

const Cell& cell(OrderStatus status, OrderEvent event) {
  return table[static_cast<std::size_t>(status)][static_cast<std::size_t>(event)];
}

std::string_view name_of(OrderEvent event) { return event_names[static_cast<std::size_t>(event)]; }

bool is_final(OrderStatus status) {
  return status == Filled || status == Canceled || status == Rejected || status == Expired || status == NeverSeen;
}

std::optional<Decimal> Life::leaves_qty() const {
  if (is_final(status)) return Decimal{};
  if (!order_qty) return std::nullopt;
  return cum_qty < *order_qty ? subtract(*order_qty, cum_qty) : Decimal{};
}

OrderStatus settled(const Life& life) {
  if (life.order_qty && life.cum_qty >= *life.order_qty) return Filled;
  if (life.is_in_doubt) return InDoubt;
  if (life.cancel_pending) return PendingCancel;
  if (life.replace_pending) return PendingReplace;
  if (!life.is_confirmed) return PendingNew;
  return life.cum_qty.is_zero() ? New : PartiallyFilled;
}

Step advance(Life& life, OrderEvent event) {
  const Cell& what = cell(life.status, event);
  if (what.step == Step::Alarm) return Step::Alarm;
  learn(life, event);
  if (what.step == Step::Go || what.step == Step::Correct) life.status = what.to;
  if (what.step == Step::Settle || what.step == Step::Reopen) life.status = settled(life);
  if (is_final(life.status)) life.is_in_doubt = life.cancel_pending = life.replace_pending = false;
  return what.step;
}

VenueNames::VenueNames(std::string_view journal_id) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> hash;
  SHA256(reinterpret_cast<const std::uint8_t*>(journal_id.data()), journal_id.size(), hash.data());
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8 | hash[i];
  constexpr std::uint64_t journals = 36ull * 36 * 36 * 36 * 36 * 36;
  append_number(journal_, number % journals, journal_digits);
}

Id VenueNames::order(std::uint64_t order_id, std::uint32_t leg) const {
  return venue_name('b', view(journal_), order_id, leg);
}

Id VenueNames::cancel(std::uint64_t order_id, std::uint32_t number) const {
  return venue_name('c', view(journal_), order_id, number % (leg_max + 1));
}

Id VenueNames::list(std::uint64_t list) const { return venue_name('l', view(journal_), list, 0); }

std::optional<VenueName> VenueNames::parse(std::string_view name) const {
  constexpr std::size_t size = 1 + journal_digits + order_digits + leg_digits;
  if (name.size() != size || name[0] != 'b' || name.substr(1, journal_digits) != view(journal_)) return std::nullopt;
  const auto order_id = parse_number(name.substr(1 + journal_digits, order_digits));
  const auto leg = parse_number(name.substr(1 + journal_digits + order_digits));
  if (!order_id || !leg) return std::nullopt;
  return VenueName{*order_id, static_cast<std::uint32_t>(*leg)};
}

}  // namespace busbar::router
