// What an Alpaca account does about orders: places, cancels, replaces, asks.
#include <algorithm>
#include <functional>
#include <iterator>

#include <spdlog/spdlog.h>

#include "gateways/alpaca/adapter.hpp"
#include "gateways/alpaca/encode.hpp"
#include "gateways/framework/utc.hpp"
#include "gateways/framework/words.hpp"
#include "gateways/framework/writes.hpp"

namespace busbar::alpaca {

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

constexpr std::int64_t s_ns = 1'000'000'000;
constexpr std::int64_t stamp_margin_ns = 10 * s_ns;  // for Alpaca's stamps, which are not its clock's
// So far back a list is looked for. What was sent earlier is in no doubt any more.
constexpr std::int64_t look_back_ns = 7 * 86'400 * s_ns;
constexpr std::size_t pages_max = 1'000;
constexpr int successors_max = 32;

Judged judge(const Sent& sent) { return judge_write(sent.http.status, sent.http.body, sent.target); }

bool is_done(const Sent& sent) { return gateway::is_done(sent, judge(sent)); }

// What becomes of a write that was not answered well.
Facts failed(const Command& command, const Sent& sent, VenueEvent refused) {
  return gateway::failed(command, sent, refused, judge(sent));
}

// Alpaca has not passed the order on yet, outside the hours of its market, and replaces none of these.
bool is_not_replaceable_yet(const Sent& sent) {
  const Judged said = judge(sent);
  return sent.http.outcome == gateway::HttpOutcome::Answered && said.verdict == Verdict::Refused && said.broker &&
         said.broker->message.find("isn't sent to exchange yet") != std::string::npos;
}

bool has_ended(const Order& order) {
  const auto status = order_status_of(order);
  return status && is_final(*status);
}

bool is_partly_filled(const ReplaceCommand& command) { return command.cum_qty && command.cum_qty->is_positive(); }
bool is_partly_filled(const Order& order) {
  return order.filled_qty && order.filled_qty->is_positive() && !has_ended(order);
}

}  // namespace

// ---- names

std::string AlpacaAdapter::our_name(const Order& order) {
  const auto list = names_in(order.client_order_id);
  if (list) {
    for (const NamedOrder& each : orders_of_list(order, *list)) names_.learn(each.order->id, each.venue_order_id);
  } else if (!is_invented_name(order.client_order_id)) {
    names_.learn(order.id, order.client_order_id);
  }
  return names_.venue_order_id(order.id);
}

// Of an order that works from now on there must be word soon, unless its market is closed.
void AlpacaAdapter::took(const Order& order) {
  const bool is_for_auction = order.time_in_force == "opg" || order.time_in_force == "cls";
  const bool is_awaited = trades_now(order) && !is_for_auction && order.status != "held" && !has_ended(order);
  if (!our_name(order).empty() && is_awaited) order_stream_.expect(order.id);
}

// ---- place

asio::awaitable<Facts> AlpacaAdapter::place(PlaceCommand command) {
  const Command& head = command.command;
  const Instrument* instrument = listed(head.symbol);
  if (instrument == nullptr) co_return not_sent(head, not_listed(view(head.symbol)));
  auto request = encode_place(command.order, *instrument, view(head.venue_order_id));
  if (!request) co_return not_sent(head, request.error());

  About whom = about(head, command.order.client_order_id);
  const Sent sent = co_await rest_.send(make(*std::move(request)), std::move(whom), head.expire_time_ns);
  if (!is_done(sent)) co_return failed(head, sent, VenueEvent::Rejected);
  const auto order = decode_order(sent.http.body);
  if (!order || order->client_order_id != view(head.venue_order_id)) {
    co_return not_understood(head, sent, "an order", order);
  }
  auto fact = fact_of_placed(*order, head.symbol);
  if (!fact) co_return not_understood(head, sent, "an order", fact);
  took(*order);
  stamp(*fact, sent);
  co_return Facts(1, *std::move(fact));
}

asio::awaitable<Facts> AlpacaAdapter::place_list(PlaceListCommand list) {
  const Command head = list.commands.front().command;
  const auto each = [&list](auto&& facts_of_command) {
    Facts all;
    for (const PlaceCommand& place : list.commands) {
      for (VenueReport& fact : facts_of_command(place.command)) {
        fact.command_id = place.command.command_id;
        all.push_back(std::move(fact));
      }
    }
    return all;
  };
  const Instrument* instrument = listed(head.symbol);
  auto request = instrument ? encode_place_list(list, *instrument) : Result<Request>{not_listed(view(head.symbol))};
  if (!request) co_return each([&](const Command& command) { return not_sent(command, request.error()); });

  const ListNames names = names_of_list(list);
  lists_[names.sent] = names;
  ++lists_under_way_;
  About whom = about(head, list.commands.front().order.client_order_id);
  const Sent sent = co_await rest_.send(make(*std::move(request)), std::move(whom), head.expire_time_ns);
  --lists_under_way_;
  const auto order = is_done(sent) ? decode_order(sent.http.body) : Result<Order>{Error{}};
  const bool is_taken = order && order->client_order_id == names.joined();
  if (is_taken) {
    static_cast<void>(our_name(*order));  // and the others'
    took(*order);
  }
  tell_held_back();
  if (!is_done(sent)) {
    Facts facts = each([&](const Command& command) { return failed(command, sent, VenueEvent::Rejected); });
    if (facts.back().event != VenueEvent::Unknown) lists_.erase(names.sent);
    co_return facts;
  }
  if (!is_taken) {
    co_return each([&](const Command& command) { return not_understood(command, sent, "an order list", order); });
  }
  lists_.erase(names.sent);
  const std::vector<NamedOrder> orders = orders_of_list(*order, names);
  co_return each([&](const Command& command) {
    const auto mine = std::ranges::find(orders, view(command.venue_order_id), &NamedOrder::venue_order_id);
    if (mine == orders.end()) return failed(command, sent, VenueEvent::Unknown);  // taken, and nothing said of it
    auto fact = fact_of_placed(*mine->order, command.symbol);
    if (!fact) return not_understood(command, sent, "an order list", fact);
    fact->venue_order_id = command.venue_order_id;
    stamp(*fact, sent);
    return Facts(1, *std::move(fact));
  });
}

// ---- cancel

asio::awaitable<Result<std::string>> AlpacaAdapter::broker_id_of(Command command) {
  std::string id = names_.broker_order_id(std::string{view(command.venue_order_id)});
  if (id.empty()) id = view(command.broker_order_id);
  if (!id.empty()) co_return id;
  const auto found = co_await find_order(command);
  if (!found) co_return found.error();
  if (!*found) co_return Error{ErrorCode::OrderNotFound, "Alpaca has no such order"};
  co_return (*found)->id;
}

asio::awaitable<VenueReport> AlpacaAdapter::begin_cancel(Command command, std::string broker_order_id, About whom,
                                                         VenueEvent refused, Timestamp expire_time_ns) {
  const Sent sent = co_await rest_.send(make(encode_cancel(broker_order_id)), std::move(whom), expire_time_ns);
  if (!is_done(sent)) co_return failed(command, sent, refused).back();
  VenueReport fact = fact_of_cancelled(broker_order_id, command.symbol, view(command.venue_order_id));
  stamp(fact, sent);
  co_return fact;
}

// That the cancel has begun is all that the answer says; how it ends the stream tells.
asio::awaitable<Facts> AlpacaAdapter::cancel(CancelCommand command) {
  const Command& head = command.command;
  const auto id = co_await broker_id_of(head);
  if (!id && id.error().code == ErrorCode::OrderNotFound) {
    co_return Facts(1, make_fact(head, VenueEvent::CancelRejected, ErrorCode::OrderNotFound, id.error().text));
  }
  if (!id) co_return not_sent(head, id.error());
  co_return Facts(1, co_await begin_cancel(head, *id, about(head), VenueEvent::CancelRejected, 0));
}

asio::awaitable<Result<Order>> AlpacaAdapter::await_end(std::string broker_order_id) {
  constexpr int looks = 5;
  constexpr milliseconds first_pause{100};
  std::function<asio::awaitable<Result<MaybeOrder>>()> look = [this, broker_order_id] {
    return get_order(encode_get_order(broker_order_id));
  };
  std::function<bool(const MaybeOrder&)> is_over = [](const MaybeOrder& order) { return order && has_ended(*order); };
  const auto found = co_await gateway::ask_until<MaybeOrder>(context_.loop, looks, first_pause, look, is_over);
  if (!found) co_return found.error();
  if (!*found) co_return Error{ErrorCode::OrderNotFound, "Alpaca has no such order"};
  co_return **found;
}

// ---- replace

// A cancel, whose end says how much is left to place. Alpaca's own replace gives the new order the whole quantity whatever the
// old one was filled with: so it is asked for where nothing is filled, and somebody has chosen it; and for the orders of a list,
// of which a cancel would end the others, too.
asio::awaitable<Facts> AlpacaAdapter::replace(ReplaceCommand command) {
  const Command& head = command.command;
  const Instrument* instrument = listed(head.symbol);
  if (instrument == nullptr) co_return not_sent(head, not_listed(view(head.symbol)));
  if (!command.order.order_qty || !command.orig_order_qty) {
    co_return not_sent(head, {ErrorCode::InvalidOrder, "order_qty: an order by amount cannot be replaced"});
  }
  const Instrument rules = *instrument;
  // What cannot be placed is refused while the old order still stands.
  if (const auto tried = encode_place(command.order, rules, view(head.venue_order_id)); !tried) {
    co_return not_sent(head, tried.error());
  }
  Command old = head;
  old.venue_order_id = command.orig_venue_order_id;
  old.send_time_ns = 0;
  const auto id = co_await broker_id_of(old);
  if (!id) co_return not_sent(head, id.error());
  // A fill of which nobody has heard would be bought again: Alpaca is asked, and not the command alone.
  const auto before = co_await get_order(encode_get_order(*id));
  if (!before) co_return not_sent(head, before.error());
  const bool is_in_part = is_partly_filled(command) || (*before && is_partly_filled(**before));
  const bool is_listed = *before && is_of_list(**before);
  if (is_in_part || (!config_.replaces_in_place && !is_listed)) {
    co_return co_await cancel_then_place(std::move(command), rules, *id, is_listed);
  }

  ReplaceCommand as_sent = command;
  as_sent.command.broker_order_id = printable<64>(*id);
  as_sent.order.time_in_force = TimeInForce::Unset;  // it stays, and to name one that Alpaca takes in no replace is an error
  auto request = encode_replace(as_sent, rules);
  if (!request) co_return not_sent(head, request.error());
  About whom = about(head, command.order.client_order_id);
  replacing_[*id] = view(head.venue_order_id);
  const Sent sent = co_await rest_.send(make(*std::move(request)), std::move(whom), head.expire_time_ns);
  if (is_not_replaceable_yet(sent)) {
    replacing_.erase(*id);
    co_return co_await cancel_then_place(std::move(command), rules, *id, is_listed);
  }
  if (!is_done(sent)) {
    Facts facts = failed(head, sent, VenueEvent::ReplaceRejected);
    if (facts.back().event != VenueEvent::Unknown) replacing_.erase(*id);
    co_return facts;
  }
  replacing_.erase(*id);
  const auto order = decode_order(sent.http.body);
  if (!order || order->client_order_id != view(head.venue_order_id)) {
    co_return not_understood(head, sent, "a replace", order);
  }
  auto fact = fact_of_replaced(*order, head.symbol);
  if (!fact) co_return not_understood(head, sent, "a replace", fact);
  took(*order);
  stamp(*fact, sent);
  co_return Facts(1, *std::move(fact));
}

asio::awaitable<Facts> AlpacaAdapter::cancel_then_place(ReplaceCommand command, Instrument rules,
                                                        std::string broker_order_id, bool is_listed) {
  const Command& head = command.command;
  if (is_listed) {  // its cancel would be that of the others, too
    co_return not_sent(head, {ErrorCode::Unsupported, "order_id: an order of a list that is filled in part, or waits for its "
                                                      "market, is not replaced at Alpaca"});
  }
  Command old = head;
  old.venue_order_id = command.orig_venue_order_id;
  VenueReport begun = co_await begin_cancel(old, broker_order_id, about(head, command.order.client_order_id),
                                            VenueEvent::ReplaceRejected, head.expire_time_ns);
  if (begun.event != VenueEvent::State) {
    begun.venue_order_id = head.venue_order_id;
    co_return Facts(1, std::move(begun));
  }
  const auto ended = co_await await_end(broker_order_id);
  if (!ended || !has_ended(*ended)) co_return gateway::cancel_takes_long(head, begun.request_time_ns);
  Facts facts;
  if (auto of_old = co_await facts_of_order(*ended, VenueSource::Rest)) {
    facts = *std::move(of_old);
    gateway::put_end_of_old(facts, command);
  }
  const Facts of_new = co_await place_what_is_left(std::move(command), rules, *ended, begun.request_time_ns);
  facts.insert(facts.end(), of_new.begin(), of_new.end());
  co_return facts;
}

asio::awaitable<Facts> AlpacaAdapter::place_what_is_left(ReplaceCommand command, Instrument rules, Order old,
                                                         Timestamp cancel_time_ns) {
  const Command& head = command.command;
  const auto size = old.status == "canceled" ? old.qty : std::nullopt;
  const auto left = gateway::left_to_place(command, size, old.filled_qty, rest_.broker_time_ns());
  if (!left) co_return replace_refused(head, cancel_time_ns, left.error());
  command.order.order_qty = *left;
  auto request = encode_place(command.order, rules, view(head.venue_order_id));
  if (!request) co_return replace_refused(head, cancel_time_ns, request.error());
  About whom = about(head, command.order.client_order_id);
  const Sent sent = co_await rest_.send(make(*std::move(request)), std::move(whom), head.expire_time_ns);
  const auto order = is_done(sent) ? decode_order(sent.http.body) : Result<Order>{Error{}};
  auto fact = order ? fact_of_replaced(*order, head.symbol) : Result<VenueReport>{order.error()};
  if (!fact || order->client_order_id != view(head.venue_order_id)) {
    Facts facts = failed(head, sent, VenueEvent::ReplaceRejected);
    facts.back().broker_order_id = {};
    co_return facts;
  }
  took(*order);
  stamp(*fact, sent);
  co_return Facts(1, *std::move(fact));
}

// ---- questions

asio::awaitable<Result<AlpacaAdapter::MaybeOrder>> AlpacaAdapter::get_order(Request request) {
  const auto body = co_await ask(std::move(request));
  if (!body && body.error().code == ErrorCode::OrderNotFound) co_return MaybeOrder{};
  if (!body) co_return body.error();
  auto order = decode_order(*body);
  if (!order) co_return order.error();
  static_cast<void>(our_name(*order));
  co_return MaybeOrder{*std::move(order)};
}

// The whole of it, of which the name that was sent finds one order alone.
asio::awaitable<Result<AlpacaAdapter::MaybeOrder>> AlpacaAdapter::get_list(ListNames names, std::string venue_order_id) {
  const auto sent = co_await get_order(encode_get_order_by_name(names.joined()));
  if (!sent || !*sent) co_return sent;
  const auto whole = co_await get_order(encode_get_list((*sent)->id));
  if (!whole || !*whole) co_return whole;
  lists_.erase(names.sent);
  for (const NamedOrder& each : orders_of_list(**whole, names)) {
    if (each.venue_order_id == venue_order_id) co_return MaybeOrder{*each.order};
  }
  co_return Error{ErrorCode::InvalidMessage, "order.legs: one of them is missing"};
}

// One that another life of this gateway may have sent, and that bears the names of all.
asio::awaitable<Result<AlpacaAdapter::MaybeOrder>> AlpacaAdapter::find_in_lists(Command command) {
  const Timestamp oldest = rest_.broker_time_ns() - look_back_ns;
  const Timestamp birth = command.send_time_ns == 0 ? oldest : std::max(oldest, command.send_time_ns - stamp_margin_ns);
  OrdersQuery query;
  query.status = "all";
  query.after = gateway::utc_text(birth);
  const auto orders = co_await list_orders(std::move(query));
  if (!orders) co_return orders.error();
  for (const Order& order : *orders) {
    const auto names = names_in(order.client_order_id);
    if (names && names->has(view(command.venue_order_id))) {
      co_return co_await get_list(*names, std::string{view(command.venue_order_id)});
    }
  }
  co_return MaybeOrder{};
}

asio::awaitable<Result<AlpacaAdapter::MaybeOrder>> AlpacaAdapter::find_order(Command command) {
  const std::string ours{view(command.venue_order_id)};
  std::string theirs = names_.broker_order_id(ours);
  if (theirs.empty()) theirs = view(command.broker_order_id);
  Result<MaybeOrder> found = MaybeOrder{};
  if (!theirs.empty()) {
    found = co_await get_order(encode_get_order(theirs));
    if (!found) co_return found;
    if (*found && our_name(**found).empty()) names_.learn((*found)->id, ours);  // Alpaca has named it
    if (*found && !ours.empty() && our_name(**found) != ours) found = MaybeOrder{};
  }
  if (*found || ours.empty()) co_return found;
  const auto in_doubt = std::ranges::find_if(lists_, [&](const auto& list) { return list.second.has(ours); });
  if (in_doubt != lists_.end()) co_return co_await get_list(in_doubt->second, ours);
  found = co_await get_order(encode_get_order_by_name(ours));
  if (!found) co_return found;
  if (*found && our_name(**found) != ours) co_return Error{ErrorCode::InvalidMessage, "order: another order's"};
  const bool may_be_in_list = command.possible_resend || command.send_time_ns == 0;
  if (!*found && may_be_in_list) co_return co_await find_in_lists(std::move(command));
  co_return found;
}

asio::awaitable<Result<std::vector<Order>>> AlpacaAdapter::list_orders(OrdersQuery query) {
  query.limit = orders_page;
  query.direction = "asc";
  std::vector<Order> orders;
  for (std::size_t pages = 0; pages < pages_max; ++pages) {
    const auto body = co_await ask(encode_list_orders(query));
    if (!body) co_return body.error();
    auto page = decode_orders(*body);
    if (!page) co_return page.error();
    const std::size_t size = page->size();
    const std::string last = size == 0 ? std::string{} : page->back().id;
    orders.insert(orders.end(), std::make_move_iterator(page->begin()), std::make_move_iterator(page->end()));
    if (size < orders_page) co_return orders;
    if (last == query.after_order_id) break;  // more, and no way to it
    query.after_order_id = last;
    query.after.clear();  // either says where the page begins
  }
  co_return Error{ErrorCode::InvalidMessage, "orders: the list does not end"};
}

// All since a time; or of one order alone, as soon as they add up to what is filled.
asio::awaitable<Result<std::vector<Execution>>> AlpacaAdapter::list_executions(Timestamp since_ns, std::string order_id,
                                                                               std::optional<Decimal> until_cum_qty) {
  ActivitiesQuery query;
  query.activity_types = "FILL";
  query.direction = "asc";
  query.page_size = activities_page;
  if (since_ns > 0) query.after = gateway::utc_text(since_ns - s_ns);
  std::vector<Execution> executions;
  std::optional<Decimal> sum = Decimal{};
  for (std::size_t pages = 0; pages < pages_max; ++pages) {
    const auto body = co_await ask(encode_activities(query));
    if (!body) co_return body.error();
    auto page = decode_executions(*body);
    if (!page) co_return page.error();
    const std::string last = page->empty() ? std::string{} : page->back().id;
    for (Execution& each : *page) {
      if (!order_id.empty() && each.order_id != order_id) continue;
      if (sum) sum = add(*sum, each.qty);
      executions.push_back(std::move(each));
    }
    const bool is_whole = until_cum_qty && sum && *sum >= *until_cum_qty;
    if (page->size() < activities_page || is_whole) co_return executions;
    if (last == query.page_token) break;
    query.page_token = last;
  }
  co_return Error{ErrorCode::InvalidMessage, "activities: the list does not end"};
}

Result<VenueReport> AlpacaAdapter::state(const Order& order, VenueSource source) {
  auto report = state_of(order, symbol_of(order), source);
  if (report) report->venue_order_id = printable<64>(our_name(order));
  return report;
}

// How it stands, behind its fills.
asio::awaitable<Result<Facts>> AlpacaAdapter::facts_of_order(Order order, VenueSource source) {
  auto last = state(order, source);
  if (!last) co_return last.error();
  Facts facts;
  if (last->cum_qty->is_positive()) {
    const Timestamp born_ns = order.submitted_at ? *order.submitted_at : order.created_at.value_or(0);
    const auto executions =
        co_await list_executions(std::max<Timestamp>(born_ns - stamp_margin_ns, 0), order.id, order.filled_qty);
    if (!executions) co_return executions.error();
    for (const Execution& each : *executions) {
      VenueReport fill = fill_of(each, last->symbol, view(last->venue_order_id), source);
      fill.trade_id = executions_.name_of(fill);
      facts.push_back(std::move(fill));
    }
  }
  facts.push_back(*std::move(last));
  co_return facts;
}

asio::awaitable<Result<Facts>> AlpacaAdapter::order_status(Command command) {
  const Timestamp asked_at = rest_.broker_time_ns();
  auto found = co_await find_order(command);
  if (!found) co_return found.error();
  if (!*found) {
    VenueReport nothing =
        make_fact(command, VenueEvent::NotFound, ErrorCode::OrderNotFound, "Alpaca has no such order");
    nothing.source = VenueSource::Probe;
    nothing.transact_time_ns = asked_at;
    co_return Facts(1, std::move(nothing));
  }
  Order order = **std::move(found);
  Facts facts;
  // Each of a chain has fills of its own, and how the last of them stands is how the order does.
  for (int i = 0; i < successors_max; ++i) {
    const auto of_one = co_await facts_of_order(order, VenueSource::Probe);
    if (!of_one) co_return of_one.error();
    const bool is_last = order.status != "replaced" || order.replaced_by.empty();
    facts.insert(facts.end(), of_one->begin(), is_last ? of_one->end() : std::prev(of_one->end()));
    if (is_last) co_return facts;
    const auto next = co_await get_order(encode_get_order(order.replaced_by));
    if (!next) co_return next.error();
    if (!*next) co_return Error{ErrorCode::InvalidMessage, "order.replaced_by: there is no such order"};
    if (our_name(**next).empty()) names_.learn((*next)->id, our_name(order));  // others have replaced it
    order = **next;
  }
  co_return Error{ErrorCode::InvalidMessage, "order.replaced_by: the chain does not end"};
}

asio::awaitable<Result<Facts>> AlpacaAdapter::orders() {
  OrdersQuery query;
  query.status = "open";
  const auto list = co_await list_orders(std::move(query));
  if (!list) co_return list.error();
  Facts facts;
  for (const Order& order : *list) {
    auto report = state(order, VenueSource::Reconcile);
    if (!report) co_return report.error();
    facts.push_back(*std::move(report));
  }
  co_return facts;
}

// Of all symbols: Alpaca does not ask which.
asio::awaitable<Result<Facts>> AlpacaAdapter::trades(std::vector<Symbol>, Timestamp since_ns) {
  const auto executions = co_await list_executions(since_ns, {}, {});
  if (!executions) co_return executions.error();
  Facts facts;
  for (const Execution& each : *executions) {
    VenueReport fill = fill_of(each, symbol_of({}, each.symbol), names_.venue_order_id(each.order_id), VenueSource::Reconcile);
    fill.trade_id = executions_.name_of(fill);
    facts.push_back(std::move(fill));
  }
  co_return facts;
}

// ---- word of orders

std::string AlpacaAdapter::on_update(const TradeUpdate& update, Timestamp receive_time_ns) {
  if (!update.order) {
    on_doubt("order stream: " + update.event + " of no order");
    return {};
  }
  const Order& order = *update.order;
  const std::string name = our_name(order);
  // Alpaca's own name for it says nothing; whose it is, the answer to the list tells in a moment.
  if (name.empty() && is_of_list(order) && lists_under_way_ > 0) {
    held_back_.emplace_back(update, receive_time_ns);
    return {};
  }
  if (update.event == "replaced") {
    on_replaced(order, receive_time_ns);
    return name;
  }
  UpdateFact said = fact_of(update, symbol_of(order));
  if (!said.fact) {
    on_doubt("order " + (name.empty() ? order.id : name) + ": " + said.unknown);
    return name;
  }
  said.fact->venue_order_id = printable<64>(name);
  said.fact->receive_time_ns = receive_time_ns;
  if (said.fact->event == VenueEvent::Fill) executions_.on_stream(*said.fact);
  context_.events.on_report(*std::move(said.fact));
  return name;
}

void AlpacaAdapter::tell_held_back() {
  if (lists_under_way_ > 0) return;
  for (const auto& [update, receive_time_ns] : std::exchange(held_back_, {})) on_update(update, receive_time_ns);
}

// What has taken its place is ours, or somebody else has replaced it.
void AlpacaAdapter::on_replaced(const Order& old, Timestamp receive_time_ns) {
  if (old.replaced_by.empty()) return on_doubt("order " + old.id + ": replaced by nothing");
  order_stream_.seen(old.replaced_by);
  std::string name = names_.venue_order_id(old.replaced_by);
  if (const auto ours = replacing_.find(old.id); name.empty() && ours != replacing_.end()) name = ours->second;
  if (name.empty()) return gateway::spawn(context_.loop, tell_successor(old));
  names_.learn(old.replaced_by, name);
  replacing_.erase(old.id);
  // One that was filled in part would not have been replaced like this: it was in that moment, and its successor is too large.
  if (old.filled_qty && old.filled_qty->is_positive()) {
    on_doubt("order " + name + ": the one before it was filled in part as it was replaced: " + to_string(*old.filled_qty));
  }
  VenueReport report;
  report.event = VenueEvent::Replaced;
  report.source = VenueSource::Stream;
  report.symbol = symbol_of(old);
  report.venue_order_id = printable<64>(name);
  report.broker_order_id = printable<64>(old.replaced_by);
  report.transact_time_ns = old.replaced_at.value_or(0);
  report.receive_time_ns = receive_time_ns;
  context_.events.on_report(std::move(report));
}

asio::awaitable<void> AlpacaAdapter::tell_successor(Order old) {
  const auto found = co_await get_order(encode_get_order(old.replaced_by));
  if (!found || !*found) {
    on_doubt("order " + old.id + ": what has taken its place could not be asked for");
    co_return;
  }
  const Order& order = **found;
  const bool is_foreign = our_name(order).empty();
  if (is_foreign) names_.learn(order.id, our_name(old));
  auto report = state(order, VenueSource::Stream);
  if (!report) {
    on_doubt("order " + order.id + ": " + report.error().text);
    co_return;
  }
  if (is_foreign) report->event = VenueEvent::Replaced;  // it has other terms from now on, and the name that it had
  context_.events.on_report(*std::move(report));
}

}  // namespace busbar::alpaca
