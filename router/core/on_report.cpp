// What gateways report about orders. A report is applied once, in its gateway's numbering; a fill is a fact whatever
// the order's state, and counted once whoever brings it; what a broker says in answer to a question settles what was in
// doubt.

#include <algorithm>
#include <limits>
#include <utility>

#include "bus/codec.hpp"
#include "router/core/names.hpp"
#include "router/core/turn.hpp"

namespace busbar::router {

using busbar::name_of;

namespace {

// Brokers' times are what they say they are, up to the end of all times.
Timestamp after(Timestamp time, std::int64_t duration) {
  Timestamp sum = 0;
  return __builtin_add_overflow(time, duration, &sum) ? std::numeric_limits<Timestamp>::max() : sum;
}

// One report and what it is about.
struct Fact {
  Turn& turn;
  Gateway& gateway;
  const VenueReport& report;
  Order* order = nullptr;
  std::uint32_t leg = 0;
  std::optional<OpenCommand> command;  // the open command that it answers
};

Reason reason_of(const VenueReport& report, ErrorCode otherwise = ErrorCode::None) {
  return {report.error != ErrorCode::None ? report.error : otherwise, {}, {}, {}, report.broker_code, report.text};
}

News news_of(const VenueReport& report, ExecType exec_type) {
  return {exec_type, {}, reason_of(report), nullptr, {}, report.transact_time_ns, false, {}};
}

PendingReplace* pending_replace(Fact& fact) { return find(fact.turn.state.replaces, fact.order->order_id); }
PendingCancel* pending_cancel(Fact& fact) { return find(fact.turn.state.cancels, fact.order->order_id); }

bool is_of_earlier_leg(const Fact& fact) { return fact.leg < fact.order->leg; }

// By our name for it, by the broker's, or by the command that is answered.
void find_subject(Fact& fact) {
  State& state = fact.turn.state;
  const VenueReport& report = fact.report;
  const auto open = state.commands.find({fact.turn.header().sender, report.command_id});
  if (open != state.commands.end()) fact.command = open->second;
  if (const auto name = state.venue_names.parse(view(report.venue_order_id))) {
    fact.order = find_order(state, name->order_id);
    fact.leg = name->leg;
  }
  // A broker that changes an order in place may go on calling it by the first of our names: its own tells which leg is meant.
  if (fact.order && is_of_earlier_leg(fact) && !report.broker_order_id.empty() &&
      report.broker_order_id == fact.order->broker_order_id) {
    fact.leg = fact.order->leg;
  }
  if (!fact.order && report.venue_order_id.empty() && fact.command) {
    fact.order = find_order(state, fact.command->order_id);
    fact.leg = fact.command->leg;
  }
  if (!fact.order && !report.broker_order_id.empty()) {
    fact.order = find_at_broker(state, report.account, report.symbol, report.broker_order_id);
    if (fact.order) fact.leg = fact.order->leg;
  }
  if (fact.command && (!fact.order || fact.command->order_id != fact.order->order_id)) fact.command.reset();
}

// ---- Is it ours? Under our name but with another symbol, side, quantity or price, it is not.

struct Difference {
  std::string_view field;
  std::string theirs;
  std::string ours;
};

std::optional<Difference> difference(std::string_view field, const std::optional<Decimal>& theirs,
                                     const std::optional<Decimal>& ours) {
  if (!theirs || !ours || theirs->is_zero() || *theirs == *ours) return std::nullopt;
  return Difference{field, to_string(*theirs), to_string(*ours)};
}

// Quantity and price are compared for the leg that works and for the one that may: earlier ones looked otherwise. A leg
// that a replace made may be a new order at the broker, over what was left, so its quantity says nothing.
std::optional<Difference> foreign(Fact& fact) {
  const VenueReport& report = fact.report;
  const NewOrder& ours = fact.order->order;
  if (report.account != ours.account) return Difference{"account", str(report.account), str(ours.account)};
  if (!report.symbol.empty() && report.symbol != ours.symbol)
    return Difference{"symbol", str(report.symbol), str(ours.symbol)};
  if (report.side != Side::Unset && report.side != ours.side) {
    return Difference{"side", std::string{name_of(report.side)}, std::string{name_of(ours.side)}};
  }
  if (fact.leg > fact.order->last_leg)
    return Difference{"leg", std::to_string(fact.leg), std::to_string(fact.order->last_leg)};
  if (report.event == VenueEvent::Replaced) return std::nullopt;
  const PendingReplace* replace = pending_replace(fact);
  const NewOrder* leg = fact.leg == fact.order->leg           ? &ours
                        : replace && fact.leg == replace->leg ? &replace->order
                                                              : nullptr;
  if (!leg) return std::nullopt;
  if (fact.leg == 0) {
    if (auto found = difference("order_qty", report.order_qty, leg->order_qty)) return found;
  }
  return difference("price", report.price, leg->price);
}

void tell_foreign(Fact& fact, const Difference& found) {
  ExecutionReport report = describe(fact.turn.state, *fact.order);
  report.error = ErrorCode::Conflict;
  report.field = cut<32>(found.field);
  report.value = cut<64>(found.theirs);
  report.nearest_legal = cut<64>(found.ours);
  report.broker_order_id = fact.report.broker_order_id;
  report.transact_time_ns = fact.report.transact_time_ns;
  report.text = words("ALARM: foreign: the broker has another order under this name; not applied");
  tell(fact.turn, *fact.order, report);
}

// ---- Fills

void count_in_book(State& state, const Name& account, const Fill& fill) {
  Book& book = state.books[{account, fill.symbol}];
  ++book.fills;
  const Decimal qty = fill.side == Side::Sell ? fill.qty.negated() : fill.qty;
  const auto net = add(book.net_qty, qty);
  book.is_exact = book.is_exact && net.has_value() && fill.side != Side::Unset;
  if (net) book.net_qty = *net;
}

void tell_difference(Turn& turn, Order& order, Decimal theirs) {
  if (std::exchange(order.has_told_difference, true)) return;
  ExecutionReport report = describe(turn.state, order);
  report.text =
      words("ALARM: the broker counts " + to_string(theirs) + ", its fills add up to " + to_string(order.life.cum_qty));
  tell(turn, order, report);
}

// Does the broker count more than the fills we know? Then some are missing, and it is asked; told once, when asking is
// no news.
void compare_counts(Turn& turn, Order& order) {
  if (order.venue_cum_qty <= order.life.cum_qty) {
    order.has_told_difference = false;
    return;
  }
  arm_ask(turn, order, ns_per_s);
  constexpr std::uint32_t asks_enough = 3;
  if (order.asks >= asks_enough) tell_difference(turn, order, order.venue_cum_qty);
}

OrderEvent event_of_fill(const Order& order, const Fill& fill, bool is_broker_done) {
  const Life& life = order.life;
  const bool is_done = (is_broker_done || order.is_filled_there) && life.cum_qty >= order.venue_cum_qty;
  const bool is_complete = life.order_qty ? life.cum_qty >= *life.order_qty : is_done;
  if (life.status == OrderStatus::Filled && (!life.order_qty || life.cum_qty <= *life.order_qty))
    return OrderEvent::LateFill;
  if (is_complete) return OrderEvent::FillComplete;
  // The broker's own last word about the order covers it: it was only told later.
  const bool is_covered = life.cum_qty <= order.venue_cum_qty || fill.transact_ns <= order.end_transact_ns;
  return is_final(life.status) && is_covered ? OrderEvent::LateFill : OrderEvent::Fill;
}

void apply_fill(Turn& turn, Order& order, const Id& trade_id, const Fill& fill, bool is_broker_done) {
  turn.state.order_fills.insert({order.order_id, trade_id});
  const auto cum = add(order.life.cum_qty, fill.qty);
  if (cum) order.life.cum_qty = *cum;
  order.paid.add(fill.qty, fill.px);
  order.is_working = true;
  order.last_fill_ns = std::max(order.last_fill_ns, fill.transact_ns);
  const bool is_over = order.life.order_qty && order.life.cum_qty > *order.life.order_qty;
  News news{ExecType::Trade, {}, {}, &fill, trade_id, fill.transact_ns, false, {}};
  if (!cum) news.reason.text = words("ALARM: the sum of fills does not fit a Decimal; this one is not in cum_qty");
  if (is_over) news.reason.text = words("ALARM: more was filled than ordered");
  happen(turn, order, event_of_fill(order, fill, is_broker_done), news);
  compare_counts(turn, order);
}

// The new leg is alive, so the replace worked, whatever its own answer was.
void complete_replace(Fact& fact) {
  Turn& turn = fact.turn;
  Order& order = *fact.order;
  const PendingReplace replace = *pending_replace(fact);
  const Id old_name = order.order.client_order_id;
  const bool is_in_place = !fact.report.broker_order_id.empty() && fact.report.broker_order_id == order.broker_order_id;
  set_broker_order_id(turn.state, order, fact.report.broker_order_id);  // one that is not told is not the old one
  if (replace.order.symbol != order.order.symbol) put_broker_id_aside(turn.state, order);
  order.sent.keep(order.order);
  order.order = replace.order;
  order.leg = replace.leg;
  order.life.order_qty = replace.order.order_qty;
  order.venue_cum_qty = {};
  order.leg_base_qty = fact.report.order_qty && order.order.order_qty
                           ? subtract(*order.order.order_qty, *fact.report.order_qty)
                           : std::nullopt;
  const bool cancels_old_leg = order.life.cancel_pending;
  News news = news_of(fact.report, ExecType::Replaced);
  news.audience.also = replace.pending.asker;
  const OrderStatus before = order.life.status;
  advance(order.life, OrderEvent::Replaced);
  // Told by hand: the report carries both names, of which the order now bears the new one.
  close_answered(turn, order);
  ExecutionReport report = describe(turn.state, order);
  report.exec_type = ExecType::Replaced;
  report.orig_client_order_id = old_name;
  report.transact_time_ns = fact.report.transact_time_ns;
  tell(turn, order, report, news.audience);
  if (is_final(order.life.status) && !is_final(before)) {  // filled meanwhile, to more than the new quantity
    happen(turn, order, OrderEvent::StateFilled, {ExecType::OrderStatus, {}, {}, nullptr, {}, 0, false, {}});
  } else if (cancels_old_leg && !is_final(order.life.status)) {
    const auto* cancel = find(turn.state.cancels, order.order_id);
    const Pending pending = cancel ? cancel->pending : Pending{};
    start_cancel(turn, order, pending.client_order_id, pending.asker, false, "the order was replaced meanwhile");
  }
  // The end that was told before was this order's, or the change is older than what was told of it: it is asked for.
  if (is_in_place && replace.is_old_leg_gone && !is_final(order.life.status)) {
    order.is_unheard = true;
    arm_ask(turn, order, 0);
  }
}

void reach_new_leg(Fact& fact) {
  const PendingReplace* replace = pending_replace(fact);
  if (replace && fact.leg == replace->leg && fact.leg != fact.order->leg) complete_replace(fact);
}

// Of a request that failed, or was not answered, a gateway repeats what the command said, and to a replace that is the name
// of the order before it.
bool tells_of_order(VenueEvent event) {
  using enum VenueEvent;
  return event == Accepted || event == Fill || event == Canceled || event == Expired || event == Replaced || event == State;
}

// A broker's read copies lag behind its events by this much at most.
constexpr std::int64_t read_lag = 10 * ns_per_s;

// What the report says beside its event: the broker's name for the order, and how much it counts as filled.
void learn(Fact& fact) {
  Order& order = *fact.order;
  State& state = fact.turn.state;
  const VenueReport& report = fact.report;
  if (report.cum_qty && fact.leg == order.leg && order.leg == 0) {
    order.venue_cum_qty = std::max(order.venue_cum_qty, *report.cum_qty);
    const bool is_news = report.event != VenueEvent::Fill && report.transact_time_ns > after(order.last_fill_ns, read_lag);
    if (is_news && *report.cum_qty < order.life.cum_qty) tell_difference(fact.turn, order, *report.cum_qty);
  }
  if (report.broker_order_id.empty() || !tells_of_order(report.event)) return;
  if (fact.leg == order.leg) set_broker_order_id(state, order, report.broker_order_id);
  if (!name_at_broker(state, order, report.broker_order_id) || state.unmatched_fills.empty()) return;
  // Fills that came under the broker's name before we knew whose it was.
  const BrokerKey key{{order.order.account, order.order.symbol}, report.broker_order_id};
  for (auto at = state.unmatched_fills.lower_bound({key, {}}); at != state.unmatched_fills.end() && at->first == key;) {
    const Id trade_id = at->second;
    at = state.unmatched_fills.erase(at);
    Fill& fill = state.fills.at({order.order.account, trade_id});
    fill.order_id = order.order_id;
    apply_fill(fact.turn, order, trade_id, fill, false);
  }
}

void take_fill(Fact& fact) {
  const VenueReport& report = fact.report;
  Turn& turn = fact.turn;
  State& state = turn.state;
  const auto [at, is_new] = state.fills.try_emplace({report.account, report.trade_id});
  Fill& fill = at->second;
  if (!is_new) {  // the same fill again, from another source
    if (fill.order_id != 0 || !fact.order) return;
    state.unmatched_fills.erase({{{report.account, fill.symbol}, fill.broker_order_id}, report.trade_id});
    fill.order_id = fact.order->order_id;
    return apply_fill(turn, *fact.order, report.trade_id, fill, report.order_status == OrderStatus::Filled);
  }
  fill = {fact.order ? fact.order->order_id : 0,
          report.symbol.empty() && fact.order ? fact.order->order.symbol : report.symbol,
          report.broker_order_id,
          report.side == Side::Unset && fact.order ? fact.order->order.side : report.side,
          *report.last_qty, *report.last_px, report.commission, report.commission_asset, report.liquidity,
          report.transact_time_ns, turn.now};
  Account& account = account_of(state, report.account);
  if (report.transact_time_ns >= account.last_trade_ns) {
    account.last_trade_ns = report.transact_time_ns;
    account.last_trade_id = report.trade_id;
  }
  count_in_book(state, report.account, fill);
  if (fact.order)
    return apply_fill(turn, *fact.order, report.trade_id, fill, report.order_status == OrderStatus::Filled);
  if (!report.broker_order_id.empty()) {
    state.unmatched_fills.insert({{{report.account, report.symbol}, report.broker_order_id}, report.trade_id});
  }
  arm(turn, {turn.now + state.config.client_order_id_days * ns_per_day, TimerKind::ForgetFill, 0, report.account,
             report.trade_id});
}

void on_fill(Fact& fact) {
  const VenueReport& report = fact.report;
  const bool is_whole = !report.trade_id.empty() && report.last_qty && report.last_qty->is_positive() && report.last_px;
  if (is_whole) return take_fill(fact);
  ExecutionReport alarm = describe(fact.turn.state, *fact.order);
  alarm.text = words("ALARM: a fill without trade_id, last_qty or last_px; asking instead of counting it");
  tell(fact.turn, *fact.order, alarm);
  arm_ask(fact.turn, *fact.order, ns_per_s);
}

// ---- What is in doubt, and how it ends

// The broker's time from which a lost request counts: as the report says, as the first one said, or else when it
// expired.
Timestamp request_time(const VenueReport& report, Timestamp known, Timestamp expire_ns) {
  return report.request_time_ns != 0 ? report.request_time_ns : known != 0 ? known : expire_ns;
}

// Is this look-up made after the time at which the lost request could still act?
bool is_past_bound(const Fact& fact, Timestamp request_time_ns) {
  const AbsenceRule& rule = fact.gateway.capabilities.absence_rule;
  return rule.bound_ms != 0 && fact.report.transact_time_ns > after(request_time_ns, rule.bound_ms * ns_per_ms);
}

std::string proof(const Fact& fact, std::uint32_t look_ups) {
  return "asked " + std::to_string(look_ups) + " times, more than " +
         std::to_string(fact.gateway.capabilities.absence_rule.bound_ms) + " ms after the request";
}

// A cancel or replace whose answer was lost: does this look-up, one more, prove that it never arrived?
bool is_proven_absent(const Fact& fact, Pending& pending) {
  if (fact.report.command_id != 0 && fact.report.command_id == pending.command) pending.is_in_doubt = true;
  if (!pending.is_in_doubt) return false;
  const Timestamp since = request_time(fact.report, pending.request_time_ns, pending.expire_ns);
  if (!is_past_bound(fact, since)) return false;
  ++pending.look_ups;
  return was_looked_for(fact.gateway, pending.look_ups);
}

Reason never_arrived(const Fact& fact, const Pending& pending, std::string_view so) {
  Reason reason{ErrorCode::NotSent, {}, {}, {}, {}, {}};
  reason.text =
      words("the request never arrived: " + std::string{so} + " (" + proof(fact, pending.look_ups) + ")");
  return reason;
}

void count_look_ups(Fact& fact) {
  constexpr std::string_view so = "the order works as before";
  PendingCancel* cancel = pending_cancel(fact);
  if (cancel && is_proven_absent(fact, cancel->pending))
    end_cancel(fact.turn, *fact.order, never_arrived(fact, cancel->pending, so), fact.report.transact_time_ns);
  PendingReplace* replace = pending_replace(fact);
  if (!replace || fact.leg != fact.order->leg || replace->is_old_leg_gone) return;
  // Asked after the new order was proven absent, or else one more look that proves it.
  const bool is_last_word =
      fact.report.source == VenueSource::Probe && was_looked_for(fact.gateway, replace->pending.look_ups);
  if (is_last_word || is_proven_absent(fact, replace->pending))
    end_replace(fact.turn, *fact.order, never_arrived(fact, replace->pending, so), fact.report.transact_time_ns);
}

// That the new order of a replace never came says nothing about the one before it: perhaps that was cancelled for it.
void end_or_ask_old_leg(Fact& fact, const PendingReplace& replace) {
  if (!replace.is_old_leg_gone) return arm_ask(fact.turn, *fact.order, 0);
  end_replace(fact.turn, *fact.order, never_arrived(fact, replace.pending, "the order was cancelled for it"),
              fact.report.transact_time_ns);
}

void enter_doubt(Fact& fact, std::string_view why) {
  Order& order = *fact.order;
  if (fact.report.request_time_ns != 0) order.request_time_ns = fact.report.request_time_ns;
  News news = news_of(fact.report, ExecType::InDoubt);
  news.reason.error = ErrorCode::UnknownOutcome;
  if (news.reason.text.empty()) news.reason.text = words(why);
  news.only_if_changed = true;
  happen(fact.turn, order, OrderEvent::Unknown, news);
  arm_ask(fact.turn, order, 5 * ns_per_s);
}

void doubt_request(Fact& fact, Pending& pending, std::string_view what) {
  if (fact.report.request_time_ns != 0) pending.request_time_ns = fact.report.request_time_ns;
  if (pending.is_in_doubt) return;
  pending.is_in_doubt = true;
  News news = news_of(fact.report, ExecType::InDoubt);
  news.client_order_id = pending.client_order_id;
  news.audience.also = pending.asker;
  news.reason.error = ErrorCode::UnknownOutcome;
  if (news.reason.text.empty())
    news.reason.text = words("the answer to the " + std::string{what} + " did not come; asking");
  happen(fact.turn, *fact.order, OrderEvent::RequestUnknown, news);
  arm_ask(fact.turn, *fact.order, 5 * ns_per_s);
}

void on_unknown(Fact& fact) {
  PendingCancel* cancel = pending_cancel(fact);
  PendingReplace* replace = pending_replace(fact);
  if (cancel && fact.report.command_id == cancel->pending.command && cancel->pending.command != 0) {
    return doubt_request(fact, cancel->pending, "cancel");
  }
  if (replace && (fact.report.command_id == replace->pending.command || fact.leg == replace->leg)) {
    return doubt_request(fact, replace->pending, "replace");
  }
  if (fact.command && fact.command->kind == RequestKind::Place)
    enter_doubt(fact, "the answer to the order did not come");
}

// The broker was asked completely and does not know it. That is no proof before its own bound has passed.
void on_not_found(Fact& fact) {
  Order& order = *fact.order;
  if (PendingReplace* replace = pending_replace(fact); replace && fact.leg == replace->leg) {
    replace->pending.is_in_doubt = true;
    if (is_proven_absent(fact, replace->pending)) end_or_ask_old_leg(fact, *replace);
    return;
  }
  if (order.life.is_confirmed || is_final(order.life.status)) return;
  if (order.place_command != 0 && !order.life.is_in_doubt) enter_doubt(fact, "the broker does not know it yet");
  if (!order.life.is_in_doubt) return;
  if (!is_past_bound(fact, request_time(fact.report, order.request_time_ns, order.expire_ns))) return;
  if (!was_looked_for(fact.gateway, ++order.look_ups)) return;
  News news = news_of(fact.report, ExecType::NeverSeen);
  news.reason.error = ErrorCode::NotSent;
  news.reason.text = words("the broker never saw it: " + proof(fact, order.look_ups));
  happen(fact.turn, order, OrderEvent::Absent, news);
}

// ---- Answers

void on_accepted(Fact& fact) {
  if (is_of_earlier_leg(fact)) return;
  Order& order = *fact.order;
  const bool was_working = order.is_working;
  order.is_working = fact.report.is_working;
  News news = news_of(fact.report, ExecType::New);
  news.only_if_changed = was_working == order.is_working;
  happen(fact.turn, order, OrderEvent::Accepted, news);
  compare_counts(fact.turn, order);
}

void on_ended(Fact& fact, OrderEvent event, ExecType exec_type) {
  Order& order = *fact.order;
  if (is_of_earlier_leg(fact)) return;
  PendingReplace* replace = pending_replace(fact);
  if (replace && replace->pending.command != 0 && event == OrderEvent::Canceled) {
    replace->is_old_leg_gone = true;  // cancelled for its successor, perhaps: the replace's own outcome decides
    if (was_looked_for(fact.gateway, replace->pending.look_ups)) return end_or_ask_old_leg(fact, *replace);
    arm_ask(fact.turn, order, 2 * ns_per_s);
    return;
  }
  order.end_transact_ns = std::max(order.end_transact_ns, fact.report.transact_time_ns);
  News news = news_of(fact.report, exec_type);
  news.only_if_changed = true;
  if (event == OrderEvent::Rejected && news.reason.error == ErrorCode::None)
    news.reason.error = ErrorCode::OrderRejected;
  happen(fact.turn, order, event, news);
  compare_counts(fact.turn, order);
}

void on_rejected(Fact& fact) {
  // That our name is taken already is no rejection: it is the order itself, seen.
  if (fact.report.error == ErrorCode::DuplicateOrder || fact.report.error == ErrorCode::UnknownOutcome)
    return on_unknown(fact);
  PendingReplace* replace = pending_replace(fact);
  if (replace && fact.leg == replace->leg) {
    return end_replace(fact.turn, *fact.order, reason_of(fact.report, ErrorCode::OrderRejected),
                       fact.report.transact_time_ns);
  }
  on_ended(fact, OrderEvent::Rejected, ExecType::Rejected);
}

// An answer may come twice, by the stream and by the request, and late: to a replace before this one it says nothing new.
bool answers_replace(Fact& fact) {
  const PendingReplace* replace = pending_replace(fact);
  return replace && (fact.leg == replace->leg ||
                     (fact.report.command_id != 0 && fact.report.command_id == replace->pending.command));
}

// The new leg was seen before its answer came, by what told no quantity. The answer says what was placed; later looks may
// tell what has become of that since.
void learn_base(Fact& fact) {
  Order& order = *fact.order;
  const VenueReport& report = fact.report;
  const bool is_answer = report.command_id != 0 && report.source == VenueSource::Rest;
  if (order.leg == 0 || order.leg_base_qty || !is_answer || !report.order_qty || !order.order.order_qty) return;
  order.leg_base_qty = subtract(*order.order.order_qty, *report.order_qty);
}

// A slow answer to a question from before the order was filled: what it shows as larger has been made smaller since.
bool is_outdated(const Fact& fact, const std::optional<Decimal>& total) {
  const Order& order = *fact.order;
  const VenueReport& report = fact.report;
  return order.life.status == OrderStatus::Filled && total && order.life.order_qty && *total > *order.life.order_qty &&
         report.source != VenueSource::Stream && report.transact_time_ns < order.last_fill_ns;
}

// Unasked, the broker may change an order too (self-trade prevention makes it smaller).
void on_replaced(Fact& fact) {
  Order& order = *fact.order;
  if (answers_replace(fact)) return complete_replace(fact);
  if (fact.leg != order.leg) return;
  learn_base(fact);
  std::optional<Decimal> total = fact.report.order_qty;
  if (total && order.leg != 0) total = order.leg_base_qty ? add(*total, *order.leg_base_qty) : std::nullopt;
  const bool is_same = (!total || total == order.order.order_qty) &&
                       (!fact.report.price || fact.report.price == order.order.price);
  if (is_same || is_outdated(fact, total)) return;
  order.sent.keep(order.order);
  if (total) order.order.order_qty = order.life.order_qty = total;
  if (fact.report.price && order.order.price) order.order.price = fact.report.price;
  // A replace of ours that is under way goes on: it has an answer of its own.
  const OrderEvent event = pending_replace(fact) ? OrderEvent::StateWorking : OrderEvent::Replaced;
  happen(fact.turn, order, event, news_of(fact.report, ExecType::Restated));
}

bool answers_cancel(Fact& fact) {
  const PendingCancel* cancel = pending_cancel(fact);
  return cancel && cancel->pending.command != 0 &&
         (fact.report.command_id == 0 || fact.report.command_id == cancel->pending.command);
}

void on_cancel_rejected(Fact& fact) {
  if (!answers_cancel(fact)) return;
  end_cancel(fact.turn, *fact.order, reason_of(fact.report, ErrorCode::OrderRejected), fact.report.transact_time_ns);
  // "No such order" usually means that it ended a moment ago: if nobody says so by then, ask.
  if (!is_final(fact.order->life.status)) arm_ask(fact.turn, *fact.order, 2 * ns_per_s);
}

void on_replace_rejected(Fact& fact) {
  if (!answers_replace(fact)) return;
  end_replace(fact.turn, *fact.order, reason_of(fact.report, ErrorCode::OrderRejected), fact.report.transact_time_ns);
}

// Only the life that the command was meant for can know this, and it must say which command.
void on_not_sent(Fact& fact) {
  if (!fact.command) return;
  const Reason reason = reason_of(fact.report, ErrorCode::NotSent);
  const RequestKind kind = fact.command->kind;
  if (kind == RequestKind::Cancel) return end_cancel(fact.turn, *fact.order, reason, 0);
  if (kind == RequestKind::Replace) return end_replace(fact.turn, *fact.order, reason, 0);
  happen(fact.turn, *fact.order, OrderEvent::NotSent, {ExecType::Rejected, {}, reason, nullptr, {}, 0, false, {}});
}

// What the broker says about the time before an order's end, or just after, is old news.
bool is_old_news(const Fact& fact) {
  const Order& order = *fact.order;
  return is_final(order.life.status) && order.end_transact_ns != 0 &&
         fact.report.transact_time_ns <= after(order.end_transact_ns, read_lag);
}

void on_working_state(Fact& fact) {
  if (is_old_news(fact)) return;
  Order& order = *fact.order;
  order.is_working = fact.report.is_working;
  News news = news_of(fact.report, order.life.cum_qty.is_zero() ? ExecType::New : ExecType::OrderStatus);
  news.only_if_changed = true;
  happen(fact.turn, order, OrderEvent::StateWorking, news);
  count_look_ups(fact);
  compare_counts(fact.turn, order);
}

// Filled, says the broker; by its fills, say we. Only where no quantity was ordered does its word alone end the order.
void on_filled_state(Fact& fact) {
  Order& order = *fact.order;
  order.is_filled_there = true;
  const bool is_all_known = order.life.cum_qty >= order.venue_cum_qty && order.life.cum_qty.is_positive();
  const bool is_complete = order.life.order_qty ? order.life.cum_qty >= *order.life.order_qty : is_all_known;
  News news = news_of(fact.report, ExecType::OrderStatus);
  news.only_if_changed = true;
  if (is_complete && !is_final(order.life.status)) {
    happen(fact.turn, order, OrderEvent::FillComplete, news);
    return;
  }
  happen(fact.turn, order, OrderEvent::StateFilled, news);
  if (!is_final(order.life.status)) arm_ask(fact.turn, order, ns_per_s);
  compare_counts(fact.turn, order);
}

void on_state(Fact& fact) {
  if (is_of_earlier_leg(fact)) return;
  switch (fact.report.order_status) {
    case OrderStatus::Filled: return on_filled_state(fact);
    case OrderStatus::Canceled: return on_ended(fact, OrderEvent::Canceled, ExecType::Canceled);
    case OrderStatus::Expired: return on_ended(fact, OrderEvent::Expired, ExecType::Expired);
    case OrderStatus::Rejected: return on_rejected(fact);
    case OrderStatus::Unset:
    case OrderStatus::InDoubt:
    case OrderStatus::NeverSeen: return;  // no broker's words
    default: return on_working_state(fact);
  }
}

Words alarm_of(const VenueReport& unreadable) { return words("ALARM: " + str(unreadable.text)); }

// It may have been a fill: what the broker has to say of it is asked for.
void on_unreadable(Fact& fact) {
  ExecutionReport report = describe(fact.turn.state, *fact.order);
  report.error = fact.report.error;
  report.text = alarm_of(fact.report);
  tell(fact.turn, *fact.order, report);
  fact.order->is_unheard = true;
  arm_ask(fact.turn, *fact.order, 0);
}

// ---- Orders that were not placed here: published, their fills counted for the account, never lost.

void on_outside(Fact& fact) {
  const VenueReport& report = fact.report;
  const bool is_fill = report.event == VenueEvent::Fill;
  ExecutionReport out;
  switch (report.event) {
    case VenueEvent::Accepted: out.exec_type = ExecType::New; break;
    case VenueEvent::Rejected: out.exec_type = ExecType::Rejected; break;
    case VenueEvent::Fill: out.exec_type = ExecType::Trade; break;
    case VenueEvent::Canceled: out.exec_type = ExecType::Canceled; break;
    case VenueEvent::Expired: out.exec_type = ExecType::Expired; break;
    case VenueEvent::Replaced: out.exec_type = ExecType::Replaced; break;
    case VenueEvent::State:
    case VenueEvent::Unreadable: out.exec_type = ExecType::OrderStatus; break;
    default: return;  // about requests of ours that are closed and forgotten
  }
  if (is_fill) {
    if (report.trade_id.empty() || !report.last_qty || !report.last_px) return;
    if (fact.turn.state.fills.contains({report.account, report.trade_id})) return;
    take_fill(fact);
  }
  // The broker's copy of a client order id is the name that its owner gave it.
  out.client_order_id = report.venue_order_id.empty() ? cut<64>("external") : report.venue_order_id;
  out.order_status = report.order_status != OrderStatus::Unset ? report.order_status
                     : is_fill                                 ? OrderStatus::PartiallyFilled
                     : report.event == VenueEvent::Canceled    ? OrderStatus::Canceled
                     : report.event == VenueEvent::Expired     ? OrderStatus::Expired
                     : report.event == VenueEvent::Rejected    ? OrderStatus::Rejected
                                                               : OrderStatus::New;
  out.account = report.account;
  out.symbol = report.symbol;
  out.side = report.side;
  out.order_qty = report.order_qty;
  out.price = report.price;
  out.cum_qty = report.cum_qty;
  out.last_qty = report.last_qty;
  out.last_px = report.last_px;
  out.commission = report.commission;
  out.commission_asset = report.commission_asset;
  out.liquidity = report.liquidity;
  out.venue_order_id = report.venue_order_id;
  out.broker_order_id = report.broker_order_id;
  out.trade_id = report.trade_id;
  out.transact_time_ns = report.transact_time_ns;
  out.is_working = report.is_working;
  out.text = report.event == VenueEvent::Unreadable ? alarm_of(report) : words("external: not an order of this router");
  tell_outside(fact.turn, out);
}

void apply(Fact& fact) {
  using enum VenueEvent;
  switch (fact.report.event) {
    case Accepted: reach_new_leg(fact); return on_accepted(fact);
    case Rejected: return on_rejected(fact);
    case Fill: reach_new_leg(fact); return on_fill(fact);
    case Canceled: reach_new_leg(fact); return on_ended(fact, OrderEvent::Canceled, ExecType::Canceled);
    case Expired: reach_new_leg(fact); return on_ended(fact, OrderEvent::Expired, ExecType::Expired);
    case Replaced: return on_replaced(fact);
    case CancelRejected: return on_cancel_rejected(fact);
    case ReplaceRejected: return on_replace_rejected(fact);
    case State:
      fact.order->is_unheard = false;
      if (fact.report.order_status != OrderStatus::Rejected) reach_new_leg(fact);
      return on_state(fact);
    case NotFound: return on_not_found(fact);
    case Unknown: return on_unknown(fact);
    case NotSent: return on_not_sent(fact);
    case Unreadable: return on_unreadable(fact);
    case Unset:
    case CouldNotAsk:
    case Sent: return;
  }
}

}  // namespace

void on_venue_report(Turn& turn, Gateway& gateway, const VenueReport& report) {
  if (report.report_number != gateway.last_report + 1) return;  // heard already, or one before it is missing
  ++gateway.last_report;
  gateway.heard_ns = turn.now;
  Fact fact{turn, gateway, report, nullptr, 0, {}};
  find_subject(fact);
  // An account may have moved to another gateway; the orders it had here are still told from here.
  const AccountRule* rule = find(turn.state.account_rules, report.account);
  const bool is_its_account = rule && rule->gateway == turn.header().sender;
  if (!is_its_account && !(fact.order && fact.order->gateway == turn.header().sender)) return;
  if (fact.order) {
    if (const auto found = foreign(fact)) {
      tell_foreign(fact, *found);
      fact.order = nullptr;  // as a fact of the account it counts all the same
    }
  }
  if (!fact.order) return on_outside(fact);
  learn(fact);
  apply(fact);
}

}  // namespace busbar::router
