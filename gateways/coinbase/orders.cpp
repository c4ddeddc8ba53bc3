// What a Coinbase account does about orders: places, cancels, replaces, asks.
#include <algorithm>
#include <functional>
#include <iterator>

#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "gateways/coinbase/adapter.hpp"
#include "gateways/coinbase/encode.hpp"
#include "gateways/coinbase/errors.hpp"
#include "gateways/framework/utc.hpp"
#include "gateways/framework/words.hpp"
#include "gateways/framework/writes.hpp"

namespace busbar::coinbase {

namespace {

using gateway::about;
using gateway::About;
using gateway::Facts;
using gateway::is_final;
using gateway::make_fact;
using gateway::not_sent;
using gateway::not_understood;
using gateway::printable;
using gateway::replace_refused;
using gateway::Sent;
using std::chrono::milliseconds;

// So far back an order is looked for by our name. What was sent earlier is in no doubt any more.
constexpr std::int64_t look_back_ns = 7 * 86'400'000'000'000;
constexpr std::int64_t birth_margin_ns = 10'000'000'000;  // for Coinbase's stamps, which are not its clock's
constexpr std::int64_t birth_step_ns = 30'000'000'000;    // so that one list serves orders of about the same age
// What a list shows holds for so long, but not for an order that may have come only after it was begun.
constexpr std::int64_t list_good_ns = 2'000'000'000;
constexpr std::int64_t arrival_ns = 1'000'000'000;
constexpr std::size_t pages_max = 1'000;
constexpr std::size_t ended_max = 10'000;

Judged judge(const Sent& sent) { return judge_write(sent.http.status, sent.http.body); }

bool is_done(const Sent& sent) { return gateway::is_done(sent, judge(sent)); }

// What becomes of a write that was not answered well.
Facts failed(const Command& command, const Sent& sent, VenueEvent refused) {
  return gateway::failed(command, sent, refused, judge(sent));
}

bool is_of(const Placed& placed, const Command& command) {
  return !placed.client_order_id || *placed.client_order_id == view(command.venue_order_id);
}

// What is said of one order, once; a single answer to a single question need not repeat its name.
const Cancelled* find_one(const std::vector<Cancelled>& results, std::string_view broker_order_id, std::size_t asked) {
  if (asked == 1 && results.size() == 1 && results.front().order_id.empty()) return &results.front();
  const auto is_its = [&](const Cancelled& each) { return each.order_id == broker_order_id; };
  const auto found = std::ranges::find_if(results, is_its);
  return found != results.end() && std::ranges::count_if(results, is_its) == 1 ? &*found : nullptr;
}

// One order that Coinbase cannot read may have spoiled the request for all.
bool is_spoiled(const Sent& sent) {
  const auto status = sent.http.status;
  return sent.http.outcome == gateway::HttpOutcome::Answered && (status == 400 || status == 404 || status == 422);
}

Error another_order(std::string_view what) {
  return {ErrorCode::InvalidMessage, std::string{what}.append(": another order's")};
}

bool has_ended(const Order& order) {
  const auto status = order_status_of(order.status, false, false);
  return status && is_final(*status);
}

constexpr std::string_view edit_queued = "EDIT_QUEUED";

bool is_of_editable_type(const NewOrder& order) {
  return order.order_type == OrderType::Limit && order.time_in_force == TimeInForce::GoodTillCancel;
}

// What Coinbase would have to round could not be recognized afterwards.
bool is_editable(const NewOrder& order, const Instrument& rules) {
  const auto is_on_grid = [](const std::optional<Decimal>& value, const std::optional<Decimal>& step) {
    return value && (!step || is_multiple(*value, *step));
  };
  return is_of_editable_type(order) && is_on_grid(order.order_qty, rules.lot_size) && is_on_grid(order.price, rules.tick_size);
}

// The channel tells of no edits: which price it means, and whether the order works as before, is for REST to say.
void take_terms(VenueReport& word) {
  word.price = std::nullopt;
  if (word.order_status == OrderStatus::PartiallyFilled) word.event = VenueEvent::Accepted;
}

// Coinbase counts the whole of an order, with what is filled. After a cancel and a new order for the rest its order is smaller
// than ours, and is replaced the same way again: what our number means there is not known to another life of this gateway.
bool is_editable(const Order& order, Decimal size) {
  const auto terms = terms_of(order);
  return terms && terms->size == size && !has_ended(order) && order.configuration_names.size() == 1 &&
         order.configuration_names.front() == "limit_limit_gtc";
}

// It is refused for what the order is, and not for how it stands.
bool is_no_edit_for_it(std::string_view reason) {
  constexpr std::string_view reasons[] = {"EXCEEDED_MAX_ALLOWED_EDIT_REQUEST_COUNT", "ONLY_LIMIT_ORDER_EDITS_SUPPORTED",
                                          "PORTFOLIO_NOT_ALLOWED_FOR_EDITS", "STRATEGY_NOT_SUPPORTED"};
  return std::ranges::find(reasons, reason) != std::end(reasons);
}

}  // namespace

void CoinbaseAdapter::took(const Placed& placed, const Command& command) {
  names_.learn(placed.order_id, std::string{view(command.venue_order_id)});
  if (!cumulative_.filled_qty(placed.order_id)) user_stream_.expect(placed.order_id);
}

asio::awaitable<Facts> CoinbaseAdapter::place(PlaceCommand command) {
  const Command& head = command.command;
  const Instrument* instrument = symbols_.by_symbol(view(head.symbol));
  if (instrument == nullptr) co_return not_sent(head, not_listed(view(head.symbol)));
  auto request = encode_place(command.order, *instrument, view(head.venue_order_id), rest_.broker_time_ns());
  if (!request) co_return not_sent(head, request.error());

  About whom = about(head, command.order.client_order_id);
  const Sent sent = co_await rest_.send(make(*std::move(request)), std::move(whom), head.expire_time_ns);
  if (!is_done(sent)) co_return failed(head, sent, VenueEvent::Rejected);
  const auto placed = decode_placed(sent.http.body);
  if (!placed || !is_of(*placed, head)) {
    co_return not_understood(head, sent, "an order", placed);
  }
  if (placed->success) took(*placed, head);
  VenueReport fact = fact_of_placed(*placed, command.order, head.symbol, view(head.venue_order_id));
  stamp(fact, sent);
  co_return Facts(1, std::move(fact));
}

// ---- cancel and replace

asio::awaitable<void> CoinbaseAdapter::send(std::shared_ptr<CancelBatch> batch, About whom, Timestamp expire_time_ns) {
  batch->has_left = true;
  batch->sent.http.outcome = gateway::HttpOutcome::NoAnswer;  // until there is one
  batch->sent = co_await rest_.send(make(encode_cancel(batch->broker_order_ids)), std::move(whom), expire_time_ns);
  if (is_done(batch->sent)) batch->results = decode_cancelled(batch->sent.http.body);
}

asio::awaitable<std::shared_ptr<const CoinbaseAdapter::CancelBatch>> CoinbaseAdapter::send_alone(
    std::string broker_order_id, About whom, Timestamp expire_time_ns) {
  auto batch = std::make_shared<CancelBatch>(CancelBatch{.turn = gateway::Turn{context_.loop}});
  batch->broker_order_ids.push_back(std::move(broker_order_id));
  co_await send(batch, std::move(whom), expire_time_ns);
  co_return batch;
}

// Those that are there in the same turn of the loop, and those that come while there is no room for another request.
asio::awaitable<std::shared_ptr<const CoinbaseAdapter::CancelBatch>> CoinbaseAdapter::send_with_others(
    std::string broker_order_id, About whom) {
  if (!gathering_ || gathering_->broker_order_ids.size() >= cancels_max) {
    gathering_ = std::make_shared<CancelBatch>(CancelBatch{.turn = gateway::Turn{context_.loop}});
  }
  const std::shared_ptr<CancelBatch> batch = gathering_;
  batch->broker_order_ids.push_back(std::move(broker_order_id));
  std::function<bool()> has_left = [batch] { return batch->has_left; };
  if (const auto held = co_await batch->turn.take(has_left)) {
    for (std::size_t known = 0; known != batch->broker_order_ids.size();) {
      known = batch->broker_order_ids.size();
      co_await gateway::pause(context_.loop, milliseconds{0});
    }
    co_await rest_.await_write();
    if (gathering_ == batch) gathering_.reset();
    co_await send(batch, std::move(whom), 0);
  }
  co_return batch;
}

asio::awaitable<CoinbaseAdapter::Begun> CoinbaseAdapter::begin_cancel(Command command, About whom, VenueEvent refused) {
  const bool is_replace = refused == VenueEvent::ReplaceRejected;
  Begun begun;
  begun.broker_order_id = std::string{view(command.broker_order_id)};
  if (begun.broker_order_id.empty())
    begun.broker_order_id = names_.broker_order_id(std::string{view(command.venue_order_id)});
  if (begun.broker_order_id.empty()) {  // it is cancelled by Coinbase's name alone
    const auto found = co_await find_order(command, rest_.broker_time_ns());
    if (!found) {
      begun.facts = not_sent(command, found.error());
    } else if (!found->order) {
      begun.facts.push_back(make_fact(command, refused, ErrorCode::OrderNotFound, "Coinbase has no such order"));
    }
    if (!begun.facts.empty()) co_return begun;
    begun.broker_order_id = found->order->order_id;
  }
  std::shared_ptr<const CancelBatch> batch;
  if (!is_replace) batch = co_await send_with_others(begun.broker_order_id, whom);
  if (!batch || (batch->broker_order_ids.size() > 1 && is_spoiled(batch->sent))) {
    if (!is_replace) co_await rest_.await_write();
    batch = co_await send_alone(begun.broker_order_id, whom, is_replace ? command.expire_time_ns : 0);
  }
  if (!is_done(batch->sent)) {
    begun.facts = failed(command, batch->sent, refused);
    co_return begun;
  }
  const Cancelled* said =
      batch->results ? find_one(*batch->results, begun.broker_order_id, batch->broker_order_ids.size()) : nullptr;
  if (said == nullptr) {
    begun.facts = not_understood(command, batch->sent, "a cancel", batch->results);
    co_return begun;
  }
  VenueReport fact = fact_of_cancelled(*said, command.symbol, view(command.venue_order_id));
  fact.broker_order_id = printable<64>(begun.broker_order_id);
  if (fact.event == VenueEvent::CancelRejected) fact.event = refused;
  stamp(fact, batch->sent);
  begun.facts.push_back(std::move(fact));
  co_return begun;
}

// That the cancel has begun is all that the answer says; how it ends the user channel tells.
asio::awaitable<Facts> CoinbaseAdapter::cancel(CancelCommand command) {
  Begun begun = co_await begin_cancel(command.command, about(command.command), VenueEvent::CancelRejected);
  co_return std::move(begun.facts);
}

asio::awaitable<Result<Order>> CoinbaseAdapter::await_order(std::string broker_order_id,
                                                            std::function<bool(const Order&)> is_so) {
  constexpr int looks = 6;
  constexpr milliseconds first_pause{50};
  std::function<asio::awaitable<Result<MaybeOrder>>()> look = [this, broker_order_id] {
    return get_order(broker_order_id);
  };
  std::function<bool(const MaybeOrder&)> is_over = [is_so](const MaybeOrder& order) { return order && is_so(*order); };
  const auto found = co_await gateway::ask_until<MaybeOrder>(context_.loop, looks, first_pause, look, is_over);
  if (!found) co_return found.error();
  if (!*found) co_return Error{ErrorCode::OrderNotFound, "Coinbase has no such order"};
  co_return **found;
}

// In place where Coinbase can; or else a cancel, whose end says how much is left to place.
asio::awaitable<Facts> CoinbaseAdapter::replace(ReplaceCommand command) {
  const Command& head = command.command;
  const Instrument* instrument = symbols_.by_symbol(view(head.symbol));
  if (instrument == nullptr) co_return not_sent(head, not_listed(view(head.symbol)));
  if (!command.order.order_qty || !command.orig_order_qty) {
    co_return not_sent(head, {ErrorCode::InvalidOrder, "order_qty: an order by amount cannot be replaced"});
  }
  // What cannot be placed is refused while the old order still stands.
  if (const auto tried = encode_place(command.order, *instrument, view(head.venue_order_id), rest_.broker_time_ns());
      !tried) {
    co_return not_sent(head, tried.error());
  }
  const Instrument rules = *instrument;
  if (config_.replaces_in_place && is_editable(command.order, rules)) {
    Facts facts = co_await edit(command);
    if (!facts.empty()) co_return facts;
  }
  co_return co_await cancel_then_place(std::move(command), rules);
}

// ---- in place

asio::awaitable<Facts> CoinbaseAdapter::edit(ReplaceCommand command) {
  const Command& head = command.command;
  std::string id{view(head.broker_order_id)};
  if (id.empty()) id = names_.broker_order_id(std::string{view(command.orig_venue_order_id)});
  if (id.empty()) co_return Facts{};
  const auto before = co_await get_order(id);
  if (!before) co_return not_sent(head, before.error());
  if (!*before || !is_editable(**before, *command.orig_order_qty)) co_return Facts{};

  const Terms wanted{*command.order.order_qty, *command.order.price};
  edits_.want(id, {.venue_order_id = std::string{view(head.venue_order_id)}, .wanted = wanted});
  About whom = about(head, command.order.client_order_id);
  const Sent sent =
      co_await rest_.send(make(encode_edit(id, wanted.size, wanted.price)), std::move(whom), head.expire_time_ns);
  if (!is_done(sent)) {
    Facts facts = failed(head, sent, VenueEvent::ReplaceRejected);
    if (facts.back().event != VenueEvent::Unknown) edits_.refused(id);
    co_return facts;
  }
  const auto edited = decode_edited(sent.http.body);
  if (!edited || (!edited->order_id.empty() && edited->order_id != id)) {
    co_return not_understood(head, sent, "an edit", edited);
  }
  if (edited->success) co_return co_await facts_of_edited(std::move(command), sent, id);
  edits_.refused(id);
  if (is_no_edit_for_it(edited->reason)) co_return Facts{};
  VenueReport fact = make_fact(head, VenueEvent::ReplaceRejected, unified_edit_reason(edited->reason),
                               view(gateway::words_of(edited->reason)));
  fact.broker_code = printable<32>(edited->reason);
  stamp(fact, sent);
  co_return Facts(1, std::move(fact));
}

// That the edit was taken does not say that it is done: the order does.
asio::awaitable<Facts> CoinbaseAdapter::facts_of_edited(ReplaceCommand command, Sent sent, std::string broker_order_id) {
  const Command& head = command.command;
  const Terms wanted{*command.order.order_qty, *command.order.price};
  std::function<bool(const Order&)> is_over = [wanted](const Order& order) {
    return has_ended(order) || (order.status != edit_queued && terms_of(order) == wanted);
  };
  const auto order = co_await await_order(broker_order_id, is_over);
  if (!order || !is_over(*order)) {
    VenueReport fact = make_fact(head, VenueEvent::Unknown, ErrorCode::UnknownOutcome, "the edit takes long");
    stamp(fact, sent);
    co_return Facts(1, std::move(fact));
  }
  if (terms_of(*order) != wanted) {
    edits_.refused(broker_order_id);
    co_return replace_refused(head, sent.request_time_ns,
                              {ErrorCode::OrderRejected, "the order ended before it could be replaced"});
  }
  VenueReport fact = make_fact(head, VenueEvent::Replaced, ErrorCode::None, {});
  fact.source = VenueSource::Rest;
  fact.broker_order_id = printable<64>(broker_order_id);
  fact.order_qty = wanted.size;
  fact.price = wanted.price;
  stamp(fact, sent);
  Facts facts(1, std::move(fact));
  if (has_ended(*order)) {
    const auto end = co_await facts_of_order(*order, head.symbol, VenueSource::Rest);
    if (end) facts.insert(facts.end(), end->begin(), end->end());
  }
  co_return facts;
}

// It has the terms of the edit, or was not edited by then. Another life of the gateway may have cancelled it and placed anew.
asio::awaitable<Result<Facts>> CoinbaseAdapter::edit_status(Command command, std::string broker_order_id) {
  VenueReport nothing = make_fact(command, VenueEvent::NotFound, ErrorCode::OrderNotFound, "the order was not edited");
  nothing.source = VenueSource::Probe;
  nothing.transact_time_ns = rest_.broker_time_ns();
  const auto order = co_await get_order(broker_order_id);
  if (!order) co_return order.error();
  if (!*order) co_return Facts(1, std::move(nothing));
  if ((*order)->status == edit_queued) co_return Error{ErrorCode::ConnectionError, "the edit waits at Coinbase"};
  auto facts = co_await facts_of_order(**order, command.symbol, VenueSource::Probe);
  if (!facts) co_return facts.error();
  const bool is_edited = facts->back().venue_order_id == command.venue_order_id;
  if (!is_edited) facts = Facts(1, std::move(nothing));
  const Edits::Edit* edit = edits_.of(broker_order_id);
  const bool may_be_another = edit != nullptr && edit->is_recalled && (*order)->status == "CANCELLED";
  if (!may_be_another) co_return facts;
  const auto another = co_await find_order(command, rest_.broker_time_ns());
  if (!another) co_return another.error();
  if (another->order) facts = co_await facts_of_order(*another->order, command.symbol, VenueSource::Probe);
  co_return facts;
}

// What an order that may have been edited says of its terms may be of before: they are told where they are the edit's, and then
// under the name that the edit gave it.
void CoinbaseAdapter::put_terms(VenueReport& state, const Order& order) const {
  const Edits::Edit* edit = edits_.of(order.order_id);
  if (edit == nullptr && order.edit_history.empty()) return;
  state.order_qty = state.price = std::nullopt;
  const bool may_be_its = edit != nullptr && !edit->venue_order_id.empty();
  if (!may_be_its || order.status == edit_queued || terms_of(order) != edit->wanted) return;
  state.venue_order_id = printable<64>(edit->venue_order_id);
  state.order_qty = edit->wanted.size;
  state.price = edit->wanted.price;
}

// Of what is never edited, size and price tell nothing: a replace may be of its stop alone.
void CoinbaseAdapter::recall(const ReplaceCommand& command) {
  if (!is_of_editable_type(command.order) || command.command.broker_order_id.empty()) return;
  if (!command.order.order_qty || !command.order.price) return;
  edits_.want(std::string{view(command.command.broker_order_id)},
              {.venue_order_id = std::string{view(command.command.venue_order_id)},
               .wanted = {*command.order.order_qty, *command.order.price},
               .is_recalled = true});
}

// ---- by a cancel and a new order

asio::awaitable<Facts> CoinbaseAdapter::cancel_then_place(ReplaceCommand command, Instrument rules) {
  const Command& head = command.command;
  Command old = head;
  old.venue_order_id = command.orig_venue_order_id;
  old.send_time_ns = 0;
  Begun begun = co_await begin_cancel(old, about(head, command.order.client_order_id), VenueEvent::ReplaceRejected);
  VenueReport& said = begun.facts.back();
  if (said.event != VenueEvent::State) {
    said.venue_order_id = head.venue_order_id;
    co_return std::move(begun.facts);
  }
  const auto ended = co_await await_order(begun.broker_order_id, has_ended);
  if (!ended || !has_ended(*ended)) co_return gateway::cancel_takes_long(head, said.request_time_ns);
  Facts facts;
  if (auto of_old = co_await facts_of_order(*ended, head.symbol, VenueSource::Rest)) {
    facts = *std::move(of_old);
    gateway::put_end_of_old(facts, command);
  }
  const Facts of_new = co_await place_what_is_left(std::move(command), rules, *ended, said.request_time_ns);
  facts.insert(facts.end(), of_new.begin(), of_new.end());
  co_return facts;
}

asio::awaitable<Facts> CoinbaseAdapter::place_what_is_left(ReplaceCommand command, Instrument rules, Order old,
                                                           Timestamp cancel_time_ns) {
  const Command& head = command.command;
  const auto terms = terms_of(old);
  const auto size = terms && old.status == "CANCELLED" ? std::optional{terms->size} : std::nullopt;
  const auto left = gateway::left_to_place(command, size, old.filled_size, rest_.broker_time_ns());
  if (!left) co_return replace_refused(head, cancel_time_ns, left.error());
  command.order.order_qty = *left;
  auto request = encode_place(command.order, rules, view(head.venue_order_id), rest_.broker_time_ns());
  if (!request) co_return replace_refused(head, cancel_time_ns, request.error());
  About whom = about(head, command.order.client_order_id);
  const Sent sent = co_await rest_.send(make(*std::move(request)), std::move(whom), head.expire_time_ns);
  const auto placed = is_done(sent) ? decode_placed(sent.http.body) : Result<Placed>{Error{}};
  if (!placed || !is_of(*placed, head)) {
    Facts facts = failed(head, sent, VenueEvent::ReplaceRejected);
    facts.back().broker_order_id = {};
    co_return facts;
  }
  VenueReport fact = fact_of_placed(*placed, command.order, head.symbol, view(head.venue_order_id));
  if (placed->success) {
    took(*placed, head);
    fact.event = VenueEvent::Replaced;
    fact.order_qty = *left;
    fact.price = command.order.price;
  } else if (fact.event == VenueEvent::Rejected) {
    fact.event = VenueEvent::ReplaceRejected;
  }
  stamp(fact, sent);
  co_return Facts(1, std::move(fact));
}

// ---- questions

asio::awaitable<Result<CoinbaseAdapter::MaybeOrder>> CoinbaseAdapter::get_order(std::string broker_order_id) {
  const auto body = co_await ask(encode_get_order(broker_order_id));
  if (!body && body.error().code == ErrorCode::OrderNotFound) co_return MaybeOrder{};
  if (!body) co_return body.error();
  auto order = decode_order(*body);
  if (!order) co_return order.error();
  if (order->order_id != broker_order_id) co_return another_order("order");
  names_.learn(order->order_id, order->client_order_id);
  co_return MaybeOrder{*std::move(order)};
}

asio::awaitable<Result<std::vector<Order>>> CoinbaseAdapter::list_orders(OrdersQuery query, std::string wanted) {
  query.limit = orders_page;
  std::vector<Order> orders;
  for (std::size_t pages = 0; pages < pages_max; ++pages) {
    const auto body = co_await ask(encode_list_orders(query));
    if (!body) co_return body.error();
    auto page = decode_orders(*body);
    if (!page) co_return page.error();
    bool is_found = false;
    for (Order& order : page->orders) {
      names_.learn(order.order_id, order.client_order_id);
      is_found = is_found || (!wanted.empty() && order.client_order_id == wanted);
      orders.push_back(std::move(order));
    }
    if (!page->has_next || is_found) co_return orders;
    if (page->cursor.empty() || page->cursor == query.cursor) break;  // more, and no way to it
    query.cursor = page->cursor;
  }
  co_return Error{ErrorCode::InvalidMessage, "orders: the list does not end"};
}

asio::awaitable<Result<std::vector<Fill>>> CoinbaseAdapter::list_fills(FillsQuery query) {
  query.limit = fills_page;
  std::vector<Fill> fills;
  for (std::size_t pages = 0; pages < pages_max; ++pages) {
    const auto body = co_await ask(encode_list_fills(query));
    if (!body) co_return body.error();
    auto page = decode_fills(*body);
    if (!page) co_return page.error();
    const bool is_asked_for = std::ranges::all_of(page->fills, [&query](const Fill& fill) {
      return query.order_ids.empty() || std::ranges::find(query.order_ids, fill.order_id) != query.order_ids.end();
    });
    if (!is_asked_for) co_return another_order("fills");
    fills.insert(fills.end(), std::make_move_iterator(page->fills.begin()), std::make_move_iterator(page->fills.end()));
    // One that is full of what Coinbase gives is not the last.
    if (page->fills.size() < fills_usual || page->cursor.empty() || page->cursor == query.cursor) co_return fills;
    query.cursor = page->cursor;
  }
  co_return Error{ErrorCode::InvalidMessage, "fills: the list does not end"};
}

Timestamp CoinbaseAdapter::earliest_birth(Timestamp send_time_ns) const {
  const Timestamp oldest = rest_.broker_time_ns() - look_back_ns;
  const Timestamp birth = send_time_ns == 0 ? oldest : std::max(oldest, send_time_ns - birth_margin_ns);
  return birth - birth % birth_step_ns;
}

asio::awaitable<Result<CoinbaseAdapter::Sought>> CoinbaseAdapter::find_order(Command command, Timestamp as_of_ns) {
  const std::string ours{view(command.venue_order_id)};
  std::string theirs{view(command.broker_order_id)};
  const Instrument* instrument = symbols_.by_symbol(view(command.symbol));
  if (instrument == nullptr) co_return not_listed(view(command.symbol));
  const std::string product{view(instrument->broker_symbol)};
  const Timestamp born_ns = earliest_birth(command.send_time_ns);
  std::function<bool()> is_known = [&] {
    if (theirs.empty()) theirs = names_.broker_order_id(ours);
    return !theirs.empty() || ended_[product].contains(ours) || complete_lists_.without(product, born_ns, as_of_ns) ||
           (list_failure_ && list_failure_->first >= as_of_ns);
  };
  Sought sought{.order = {}, .as_of_ns = rest_.broker_time_ns()};
  Result<MaybeOrder> found = MaybeOrder{};
  if (const auto held = co_await list_turn_.take(is_known)) {
    sought.as_of_ns = rest_.broker_time_ns();
    found = co_await find_in_list(ours, product, born_ns);
    list_failure_.reset();
    if (!found) list_failure_.emplace(sought.as_of_ns, found.error());
  } else if (const auto ended = ended_[product].find(ours); ended != ended_[product].end()) {
    found = MaybeOrder{ended->second};
  } else if (!theirs.empty()) {
    found = co_await get_order(theirs);
  } else if (const auto begun_ns = complete_lists_.without(product, born_ns, as_of_ns)) {
    sought.as_of_ns = *begun_ns;
  } else {
    found = list_failure_->second;
  }
  if (!found) co_return found.error();
  sought.order = *std::move(found);
  co_return sought;
}

asio::awaitable<Result<CoinbaseAdapter::MaybeOrder>> CoinbaseAdapter::find_in_list(std::string venue_order_id,
                                                                                   std::string product_id,
                                                                                   Timestamp since_ns) {
  OrdersQuery query;
  query.product_ids.push_back(product_id);
  query.start_date = gateway::utc_text(since_ns);
  const Timestamp begun_ns = rest_.broker_time_ns();
  auto orders = co_await list_orders(std::move(query), venue_order_id);
  if (!orders) co_return orders.error();
  MaybeOrder found;
  auto& ended = ended_[product_id] = {};
  for (Order& order : *orders) {
    if (order.client_order_id == venue_order_id) {
      found = std::move(order);
    } else if (has_ended(order) && ended.size() < ended_max) {
      std::string name = order.client_order_id;
      ended.insert_or_assign(std::move(name), std::move(order));
    }
  }
  if (!found) complete_lists_.add(product_id, since_ns, begun_ns);
  co_return found;
}

// How it stands, behind its fills.
asio::awaitable<Result<Facts>> CoinbaseAdapter::facts_of_order(Order order, Symbol symbol, VenueSource source) {
  auto state = state_of(order, symbol, source);
  if (!state) co_return state.error();
  put_terms(*state, order);
  Facts facts;
  const Instrument* instrument = symbols_.by_symbol(view(symbol));
  if (instrument != nullptr && state->cum_qty->is_positive()) {
    FillsQuery query;
    query.order_ids.push_back(order.order_id);
    const auto fills = co_await list_fills(std::move(query));
    if (!fills) co_return fills.error();
    instrument = symbols_.by_symbol(view(symbol));  // the list may be another one by now
    if (instrument == nullptr) co_return not_listed(view(symbol));
    for (const Fill& fill : *fills) facts.push_back(fill_of(fill, *instrument, order.client_order_id, source));
  }
  facts.push_back(*std::move(state));
  co_return facts;
}

asio::awaitable<Result<Facts>> CoinbaseAdapter::order_status(Command command) {
  if (const std::string edited = edits_.broker_order_id(view(command.venue_order_id));
      !edited.empty() && command.broker_order_id.empty()) {
    co_return co_await edit_status(std::move(command), edited);
  }
  const Timestamp now = rest_.broker_time_ns();
  auto found = co_await find_order(command, std::min(now, std::max(now - list_good_ns, command.send_time_ns + arrival_ns)));
  if (!found) co_return found.error();
  if (!found->order) {
    VenueReport nothing =
        make_fact(command, VenueEvent::NotFound, ErrorCode::OrderNotFound, "Coinbase has no such order");
    nothing.source = VenueSource::Probe;
    nothing.transact_time_ns = found->as_of_ns;
    co_return Facts(1, std::move(nothing));
  }
  co_return co_await facts_of_order(*std::move(found->order), command.symbol, VenueSource::Probe);
}

// OPEN leaves out what is only on its way there, and cannot be asked for together with it.
asio::awaitable<Result<Facts>> CoinbaseAdapter::orders() {
  Facts facts;
  for (const bool is_open : {true, false}) {
    OrdersQuery query;
    query.order_status = is_open ? std::vector<std::string>(1, "OPEN")
                                 : std::vector<std::string>{"PENDING", "QUEUED", "CANCEL_QUEUED", "EDIT_QUEUED"};
    const auto list = co_await list_orders(std::move(query));
    if (!list) co_return list.error();
    for (const Order& order : *list) {
      auto state = state_of(order, our_symbol(order.product_id), VenueSource::Reconcile);
      if (!state) co_return state.error();
      put_terms(*state, order);
      facts.push_back(*std::move(state));
    }
  }
  co_return facts;
}

asio::awaitable<Result<Facts>> CoinbaseAdapter::trades(std::vector<Symbol> symbols, Timestamp since_ns) {
  FillsQuery query;
  for (const Symbol& symbol : symbols) {
    const Instrument* instrument = symbols_.by_symbol(view(symbol));
    if (instrument != nullptr) query.product_ids.emplace_back(view(instrument->broker_symbol));
  }
  Facts facts;
  if (query.product_ids.empty()) co_return facts;  // what Coinbase does not list has no trades there
  if (since_ns > 0) query.start_sequence_timestamp = gateway::utc_text(since_ns);
  const auto fills = co_await list_fills(std::move(query));
  if (!fills) co_return fills.error();
  for (const Fill& fill : *fills) {
    const Instrument* instrument = by_broker_symbol(fill.product_id);
    if (instrument == nullptr) continue;
    facts.push_back(fill_of(fill, *instrument, names_.venue_order_id(fill.order_id), VenueSource::Reconcile));
  }
  // Newest first; facts are told as they happened.
  std::stable_sort(facts.begin(), facts.end(),
                   [](const VenueReport& a, const VenueReport& b) { return a.transact_time_ns < b.transact_time_ns; });
  co_return facts;
}

// ---- word of orders

void CoinbaseAdapter::on_order(const UserOrder& order, bool is_snapshot, Timestamp time_ns, Timestamp receive_time_ns) {
  names_.learn(order.order_id, order.client_order_id);
  const auto took = cumulative_.on_update(order, is_snapshot);
  if (!took.is_news) return;
  UpdateFact said = fact_of(order, our_symbol(order.product_id), time_ns);
  if (!said.fact) return on_doubt("order " + order.client_order_id + ": " + said.unknown + " was never seen before");
  said.fact->receive_time_ns = receive_time_ns;
  const bool is_edited_elsewhere = took.is_repriced && edits_.of(order.order_id) == nullptr;
  if (is_edited_elsewhere) gateway::spawn(context_.loop, tell_edited(order.order_id));
  if (is_snapshot || is_edited_elsewhere || edits_.of(order.order_id) != nullptr) take_terms(*said.fact);
  const bool has_filled = order.cumulative_quantity && order.cumulative_quantity->is_positive();
  context_.events.on_report(*said.fact);
  // A snapshot's fills are those of before: they are compared when the stream comes up.
  if (!has_filled || is_snapshot) return;
  wants_fills_.insert_or_assign(order.order_id, *std::move(said.fact));
  if (!std::exchange(is_fetching_fills_, true)) gateway::spawn(context_.loop, fetch_fills());
}

// Which price is the newer one the channel does not say, for it repeats what it has said.
asio::awaitable<void> CoinbaseAdapter::tell_edited(std::string broker_order_id) {
  const auto found = co_await get_order(broker_order_id);
  if (!found || !*found) co_return on_doubt("order " + broker_order_id + ": edited by somebody else, and it could not be asked for");
  const Order& order = **found;
  const auto terms = terms_of(order);
  auto report = state_of(order, our_symbol(order.product_id), VenueSource::Stream);
  if (!terms || !report || edits_.of(broker_order_id) != nullptr) co_return;
  report->event = VenueEvent::Replaced;
  report->order_qty = terms->size;
  report->price = terms->price;
  context_.events.on_report(*std::move(report));
}

// The channel tells how much is filled; each fill with its name and price is told by REST, at times a moment later.
asio::awaitable<void> CoinbaseAdapter::fetch_fills() {
  constexpr int looks = 5;
  constexpr milliseconds first_pause{100};
  while (!wants_fills_.empty()) {
    const std::string order_id = wants_fills_.begin()->first;
    const VenueReport word = wants_fills_.extract(order_id).mapped();
    std::function<asio::awaitable<Result<std::vector<Fill>>>()> look = [this, order_id] {
      FillsQuery query;
      query.order_ids.push_back(order_id);
      return list_fills(std::move(query));
    };
    std::function<bool(const std::vector<Fill>&)> is_whole = [this, order_id](const std::vector<Fill>& listed) {
      std::optional<Decimal> sum = Decimal{};
      for (const Fill& fill : listed) {
        if (fill.size_in_quote) return true;
        if (sum) sum = add(*sum, fill.size);
      }
      const auto told = cumulative_.filled_qty(order_id);
      return !sum || !told || *sum >= *told;
    };
    const auto fills =
        co_await gateway::ask_until<std::vector<Fill>>(context_.loop, looks, first_pause, look, is_whole);
    if (!fills) {  // the router misses them, and asks
      spdlog::warn("{}: fills of order {}: {}", view(context_.account), order_id, fills.error().text);
      continue;
    }
    const auto newer = wants_fills_.find(order_id);
    const VenueReport& last_word = newer == wants_fills_.end() ? word : newer->second;
    for (auto fill = fills->rbegin(); fill != fills->rend(); ++fill) {  // newest first
      const Instrument* instrument = by_broker_symbol(fill->product_id);
      if (instrument == nullptr) continue;
      VenueReport report = fill_of(*fill, *instrument, names_.venue_order_id(order_id), VenueSource::Stream);
      report.order_status = last_word.order_status;  // with all of them
      report.cum_qty = last_word.cum_qty;
      report.is_working = last_word.is_working;
      context_.events.on_report(std::move(report));
    }
  }
  is_fetching_fills_ = false;
}

}  // namespace busbar::coinbase
