// What a Binance account does about orders: places, cancels, replaces, asks.
#include <algorithm>

#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "gateways/binance/adapter.hpp"
#include "gateways/binance/encode.hpp"
#include "gateways/binance/errors.hpp"
#include "gateways/framework/writes.hpp"

namespace busbar::binance {

namespace {

using gateway::about;
using gateway::Facts;
using gateway::HttpOutcome;
using gateway::make_fact;
using gateway::not_sent;
using gateway::not_understood;

constexpr std::size_t own_ids_max = 100'000;
constexpr std::size_t trades_page = 1000;

std::string order_key(std::string_view broker_symbol, std::string_view broker_order_id) {
  return std::string{broker_symbol}.append(":").append(broker_order_id);
}

void stamp(Facts& facts, const Sent& sent) {
  for (VenueReport& fact : facts) gateway::stamp(fact, sent);
}

Judged judge(const Sent& sent) { return judge_write(sent.http.status, sent.http.body); }

bool is_done(const Sent& sent) { return gateway::is_done(sent, judge(sent)); }

// What becomes of a write that was not answered well.
Facts failed(const Command& command, const Sent& sent, VenueEvent refused) {
  return gateway::failed(command, sent, refused, judge(sent));
}

bool is_another(const Order& order, std::string_view venue_order_id, const Id& broker_order_id) {
  const auto is_named = [&](const Order& leg) { return leg.own_client_order_id() == venue_order_id; };
  if (!order.list_orders.empty()) return std::ranges::none_of(order.list_orders, is_named);
  return !is_named(order) && std::to_string(order.order_id) != view(broker_order_id);
}

}  // namespace

// Once, and never again: a time stamp that Binance does not like (-1021) is answered by measuring its clock, for the next
// one. While the WebSocket API is away REST carries orders: what was not sent there may go here. A cancel is never too late.
asio::awaitable<Sent> BinanceAdapter::send_write(Request request, About whom, Timestamp expire_time_ns) {
  std::optional<Sent> sent;
  if (config_.orders_by == OrdersBy::WsApi) sent = co_await order_stream_.send(request, whom, expire_time_ns);
  if (!sent) co_return co_await rest_.send(std::move(request), std::move(whom), expire_time_ns);
  const bool is_answered = sent->http.outcome == HttpOutcome::Answered;
  if (is_answered && judge(*sent).verdict == Verdict::WrongTime) {
    static_cast<void>(co_await rest_.measure_clock(true));
  }
  co_return *std::move(sent);
}

void BinanceAdapter::took(const Order& order) {
  remember(order.symbol, order.order_id, order.client_order_id);
  note_prevented(order.symbol, order.order_id, order.prevented_qty);
  order_stream_.expect(order.client_order_id);
}

asio::awaitable<Facts> BinanceAdapter::place(PlaceCommand command) {
  const Command& head = command.command;
  const Instrument* instrument = symbols_.by_symbol(view(head.symbol));
  if (instrument == nullptr) co_return not_sent(head, not_listed(view(head.symbol)));
  auto request = encode_place(command.order, *instrument, view(head.venue_order_id));
  if (!request) co_return not_sent(head, request.error());

  const Sent sent =
      co_await send_write(*std::move(request), about(head, command.order.client_order_id), head.expire_time_ns);
  if (!is_done(sent)) co_return failed(head, sent, VenueEvent::Rejected);
  const auto order = decode_order(sent.http.body);
  if (!order || view(head.venue_order_id) != order->client_order_id) {
    co_return not_understood(head, sent, "an order", order);
  }
  took(*order);
  Facts facts = facts_of_place(*order, head.symbol);
  stamp(facts, sent);
  co_return facts;
}

asio::awaitable<Facts> BinanceAdapter::place_list(PlaceListCommand list) {
  const Command& head = list.commands.front().command;
  const Instrument* instrument = symbols_.by_symbol(view(head.symbol));
  auto request = instrument ? encode_order_list(list, *instrument) : Result<Request>{not_listed(view(head.symbol))};
  const auto each = [&](auto&& facts_of_command) {
    Facts all;
    for (const PlaceCommand& place : list.commands) {
      for (VenueReport& fact : facts_of_command(place.command)) {
        fact.command_id = place.command.command_id;
        all.push_back(std::move(fact));
      }
    }
    return all;
  };
  if (!request) co_return each([&](const Command& command) { return not_sent(command, request.error()); });

  const Sent sent = co_await send_write(
      *std::move(request), about(head, list.commands.front().order.client_order_id), head.expire_time_ns);
  if (!is_done(sent)) {
    co_return each([&](const Command& command) { return failed(command, sent, VenueEvent::Rejected); });
  }
  const auto answer = decode_order_list(sent.http.body);
  if (!answer) {
    spdlog::error("{}: answer to an order list: {}", view(context_.account), answer.error().text);
    co_return each([&](const Command& command) { return failed(command, sent, VenueEvent::Unknown); });
  }
  for (const Order& order : answer->reports) took(order);
  co_return each([&](const Command& command) {
    Facts facts = facts_of_leg(*answer, command.symbol, view(command.venue_order_id));
    if (facts.empty()) return failed(command, sent, VenueEvent::Unknown);  // taken, and nothing said of it
    stamp(facts, sent);
    return facts;
  });
}

asio::awaitable<Facts> BinanceAdapter::cancel(CancelCommand command) {
  const Command& head = command.command;
  const Instrument* instrument = symbols_.by_symbol(view(head.symbol));
  if (instrument == nullptr) co_return not_sent(head, not_listed(view(head.symbol)));
  const Sent sent = co_await send_write(encode_cancel(view(instrument->broker_symbol), view(head.venue_order_id),
                                                      view(head.broker_order_id), view(command.cancel_venue_order_id)),
                                        about(head));
  if (!is_done(sent)) co_return failed(head, sent, VenueEvent::CancelRejected);
  const auto order = decode_order(sent.http.body);
  if (!order || is_another(*order, view(head.venue_order_id), head.broker_order_id)) {
    co_return not_understood(head, sent, "a cancel", order);
  }
  Facts facts{fact_of_cancel(*order, head.symbol, view(head.venue_order_id))};
  stamp(facts, sent);
  co_return facts;
}

asio::awaitable<Facts> BinanceAdapter::replace(ReplaceCommand command) {
  const Command& head = command.command;
  const Instrument* instrument = symbols_.by_symbol(view(head.symbol));
  if (instrument == nullptr) co_return not_sent(head, not_listed(view(head.symbol)));
  if (!command.order.order_qty || !command.orig_order_qty) {
    co_return not_sent(head, {ErrorCode::InvalidOrder, "order_qty: an order by amount cannot be replaced"});
  }
  if (command.is_decrease && instrument->can_amend) co_return co_await amend(command, *instrument);
  const bool is_filled = command.cum_qty && command.cum_qty->is_positive();
  if (is_filled) co_return co_await cancel_then_place(command, *instrument);
  co_return co_await cancel_replace(command, *instrument);
}

// Binance counts what its order was placed for: after a replace that was what was left, and after self-trade prevention it
// is more than the order can still come to.
asio::awaitable<Result<Decimal>> BinanceAdapter::amended_qty(ReplaceCommand command, Instrument instrument) {
  const Command& head = command.command;
  const Decimal wanted = *command.order.order_qty;
  const std::string broker_symbol{view(instrument.broker_symbol)};
  const bool is_first = head.leg <= 1;  // the order is still the one that was placed
  if (is_first && !was_prevented(broker_symbol, view(head.broker_order_id))) co_return wanted;
  const auto body = co_await rest_.ask(
      encode_query_order(broker_symbol, view(command.orig_venue_order_id), view(head.broker_order_id)), about(head));
  if (!body) co_return body.error();
  const auto order = decode_order(*body);
  std::optional<Decimal> qty;
  if (order && is_first) {
    qty = add(wanted, order->prevented_qty.value_or(Decimal{}));
  } else if (order && order->orig_qty) {
    const auto decrease = subtract(*command.orig_order_qty, wanted);
    qty = decrease ? subtract(*order->orig_qty, *decrease) : std::nullopt;
  }
  if (!qty) co_return Error{ErrorCode::ConnectionError, "what is left of the order is not known"};
  co_return *qty;
}

asio::awaitable<Facts> BinanceAdapter::amend(ReplaceCommand command, Instrument instrument) {
  const Command& head = command.command;
  const Result<Decimal> new_qty = co_await amended_qty(command, instrument);
  if (!new_qty) co_return not_sent(head, new_qty.error());
  const Sent sent =
      co_await send_write(encode_amend(view(instrument.broker_symbol), view(command.orig_venue_order_id),
                                       view(head.broker_order_id), *new_qty, view(head.venue_order_id)),
                          about(head, command.order.client_order_id), head.expire_time_ns);
  if (!is_done(sent)) co_return failed(head, sent, VenueEvent::ReplaceRejected);
  const auto amended = decode_amend(sent.http.body);
  if (!amended) co_return not_understood(head, sent, "an amendment", amended);
  took(amended->order);
  Facts facts = facts_of_amend(*amended, head.symbol);
  stamp(facts, sent);
  co_return facts;
}

asio::awaitable<Facts> BinanceAdapter::cancel_replace(ReplaceCommand command, Instrument instrument) {
  const Command& head = command.command;
  auto request = encode_cancel_replace(command.order, instrument, view(command.orig_venue_order_id),
                                       view(head.broker_order_id), view(head.venue_order_id), {},
                                       CancelRestriction::OnlyNew);
  if (!request) co_return not_sent(head, request.error());
  const Sent sent =
      co_await send_write(*std::move(request), about(head, command.order.client_order_id), head.expire_time_ns);
  if (sent.http.outcome != HttpOutcome::Answered) co_return failed(head, sent, VenueEvent::ReplaceRejected);
  const auto answer = decode_cancel_replace(sent.http.body);
  if (!answer) {  // an error about the request as a whole, or something that we do not understand
    if (is_done(sent)) spdlog::error("{}: answer to a replace: {}", view(context_.account), answer.error().text);
    co_return failed(head, sent, VenueEvent::ReplaceRejected);
  }
  if (answer->placed && answer->placed->client_order_id != view(head.venue_order_id)) {
    co_return not_understood(head, sent, "a replace", answer);
  }
  if (answer->placed) took(*answer->placed);
  Facts facts = facts_of_cancel_replace(*answer, head.symbol, view(command.orig_venue_order_id),
                                        view(head.venue_order_id));
  stamp(facts, sent);
  co_return facts;
}

asio::awaitable<Facts> BinanceAdapter::cancel_then_place(ReplaceCommand command, Instrument instrument) {
  const Command& head = command.command;
  const Sent cancel = co_await send_write(
      encode_cancel(view(instrument.broker_symbol), view(command.orig_venue_order_id), view(head.broker_order_id), {}),
      about(head, command.order.client_order_id), head.expire_time_ns);
  if (!is_done(cancel)) co_return failed(head, cancel, VenueEvent::ReplaceRejected);
  CancelReplace done{.cancel_result = HalfResult::Success};
  auto canceled = decode_order(cancel.http.body);
  if (!canceled || !canceled->orig_qty || !canceled->executed_qty ||
      is_another(*canceled, view(command.orig_venue_order_id), head.broker_order_id)) {
    co_return not_understood(head, cancel, "a cancel that shall tell quantities", canceled);
  }
  done.canceled = *std::move(canceled);
  Facts facts{fact_of_cancel(*done.canceled, head.symbol, view(command.orig_venue_order_id))};
  stamp(facts, cancel);
  const auto refuse = [&](const Error& why) {
    facts.push_back(make_fact(head, VenueEvent::ReplaceRejected, why.code, why.text));
    facts.back().source = VenueSource::Gateway;
    facts.back().request_time_ns = cancel.request_time_ns;
  };
  const auto left = gateway::left_to_place(command, quantity_of(*done.canceled), done.canceled->executed_qty, rest_.broker_time_ns());
  if (!left) {
    refuse(left.error());
    co_return facts;
  }
  command.order.order_qty = *left;
  auto request = encode_place(command.order, instrument, view(head.venue_order_id));
  if (!request) {
    refuse(request.error());
    co_return facts;
  }
  const Sent sent =
      co_await send_write(*std::move(request), about(head, command.order.client_order_id), head.expire_time_ns);
  const auto placed = is_done(sent) ? decode_order(sent.http.body) : Result<Order>{Error{}};
  if (!placed || placed->client_order_id != view(head.venue_order_id)) {
    Facts more = failed(head, sent, VenueEvent::ReplaceRejected);
    facts.insert(facts.end(), more.begin(), more.end());
    co_return facts;
  }
  took(*placed);
  done.new_order_result = HalfResult::Success;
  done.placed = *placed;
  facts = facts_of_cancel_replace(done, head.symbol, view(command.orig_venue_order_id), view(head.venue_order_id));
  stamp(facts, sent);
  co_return facts;
}

asio::awaitable<Result<Facts>> BinanceAdapter::fills_of(Order order, Symbol symbol, About whom) {
  Facts facts;
  for (std::int64_t from_id = 0;;) {
    const std::int64_t asked_from = from_id;
    const auto body =
        co_await rest_.ask(encode_trades_of_order(order.symbol, std::to_string(order.order_id), from_id), whom);
    if (!body) co_return body.error();
    const auto page = decode_trades(*body);
    if (!page) co_return page.error();
    for (const AccountTrade& fill : *page) {
      from_id = std::max(from_id, fill.id + 1);
      facts.push_back(fill_of(fill, symbol, order.own_client_order_id(), VenueSource::Probe));
    }
    if (page->size() < trades_page) co_return facts;
    if (from_id == asked_from) co_return Error{ErrorCode::InvalidMessage, "trades of an order: the list does not go on"};
  }
}

asio::awaitable<Result<Facts>> BinanceAdapter::order_status(Command command) {
  const Instrument* instrument = symbols_.by_symbol(view(command.symbol));
  if (instrument == nullptr) {
    co_return not_listed(view(command.symbol));
  }
  const Symbol symbol = instrument->symbol;
  const std::string broker_symbol{view(instrument->broker_symbol)};
  const Timestamp asked_at = rest_.broker_time_ns();
  const auto body = co_await rest_.ask(
      encode_query_order(broker_symbol, view(command.venue_order_id), view(command.broker_order_id)), about(command));
  if (!body && body.error().code == ErrorCode::Expired) {  // ended without a fill more than 90 days ago
    VenueReport archived = make_fact(command, VenueEvent::State, ErrorCode::None, view(words_of(body.error().text)));
    archived.source = VenueSource::Probe;
    archived.order_status = OrderStatus::Expired;
    archived.cum_qty = Decimal{};
    archived.is_working = false;
    co_return Facts{std::move(archived)};
  }
  if (!body) {
    if (body.error().code != ErrorCode::OrderNotFound) co_return body.error();
    VenueReport nothing =
        make_fact(command, VenueEvent::NotFound, ErrorCode::OrderNotFound, view(words_of(body.error().text)));
    nothing.source = VenueSource::Probe;
    nothing.transact_time_ns = asked_at;
    co_return Facts{std::move(nothing)};
  }
  const auto order = decode_order(*body);
  if (!order) co_return order.error();
  if (is_another(*order, view(command.venue_order_id), command.broker_order_id)) {
    co_return Error{ErrorCode::InvalidMessage, "order: another order's"};
  }
  auto state = state_of(*order, symbol, VenueSource::Probe);
  if (!state) co_return state.error();
  remember(order->symbol, order->order_id, order->own_client_order_id());
  note_prevented(order->symbol, order->order_id, order->prevented_qty);
  Facts facts;
  if (state->cum_qty && state->cum_qty->is_positive()) {
    auto fills = co_await fills_of(*order, symbol, about(command));
    if (!fills) co_return fills.error();
    facts = *std::move(fills);
  }
  if (auto restated = restated_of(*order, symbol, VenueSource::Probe)) facts.push_back(*std::move(restated));
  facts.push_back(*std::move(state));
  co_return facts;
}

asio::awaitable<Result<Facts>> BinanceAdapter::orders() {
  const auto body = co_await rest_.ask(encode_open_orders());
  if (!body) co_return body.error();
  const auto list = decode_orders(*body);
  if (!list) co_return list.error();
  Facts facts;
  for (const Order& order : *list) {
    auto state = state_of(order, our_symbol(order.symbol), VenueSource::Reconcile);
    if (!state) co_return state.error();
    remember(order.symbol, order.order_id, order.own_client_order_id());
    note_prevented(order.symbol, order.order_id, order.prevented_qty);
    if (auto restated = restated_of(order, state->symbol, VenueSource::Reconcile)) {
      context_.events.on_report(*std::move(restated));  // one fact for each order in the list
    }
    facts.push_back(*std::move(state));
  }
  co_return facts;
}

asio::awaitable<Result<std::string>> BinanceAdapter::own_id(const std::string& broker_symbol, std::int64_t order_id) {
  if (const auto found = own_ids_.find({broker_symbol, order_id}); found != own_ids_.end()) co_return found->second;
  const auto body = co_await rest_.ask(encode_query_order(broker_symbol, {}, std::to_string(order_id)));
  if (!body) co_return body.error();
  const auto order = decode_order(*body);
  if (!order) co_return order.error();
  remember(broker_symbol, order_id, order->own_client_order_id());
  co_return order->own_client_order_id();
}

asio::awaitable<Result<Facts>> BinanceAdapter::trades_of(Symbol symbol, std::string broker_symbol, Timestamp since_ns) {
  Facts facts;
  Request request = encode_trades_since(broker_symbol, std::max<std::int64_t>(since_ns / ns_per_ms, 0));
  for (;;) {
    const auto body = co_await rest_.ask(request);
    if (!body) co_return body.error();
    const auto page = decode_trades(*body);
    if (!page) co_return page.error();
    std::int64_t last = 0;
    for (const AccountTrade& trade : *page) {
      last = std::max(last, trade.id);
      const auto id = co_await own_id(broker_symbol, trade.order_id);
      const bool is_lost =
          !id && (id.error().code == ErrorCode::OrderNotFound || id.error().code == ErrorCode::Expired);
      if (!id && !is_lost) co_return id.error();
      facts.push_back(fill_of(trade, symbol, id ? *id : std::string{}, VenueSource::Reconcile));
    }
    if (page->size() < trades_page) co_return facts;
    request = encode_trades_from(broker_symbol, last + 1);
  }
}

asio::awaitable<Result<Facts>> BinanceAdapter::trades(std::vector<Symbol> symbols, Timestamp since_ns) {
  Facts facts;
  for (const Symbol& symbol : symbols) {
    const Instrument* instrument = symbols_.by_symbol(view(symbol));
    if (instrument == nullptr) continue;  // what Binance does not list has no trades there
    auto more = co_await trades_of(symbol, std::string{view(instrument->broker_symbol)}, since_ns);
    if (!more) co_return more.error();
    facts.insert(facts.end(), std::make_move_iterator(more->begin()), std::make_move_iterator(more->end()));
  }
  co_return facts;
}

void BinanceAdapter::remember(const std::string& broker_symbol, std::int64_t order_id,
                              const std::string& client_order_id) {
  OrderKey key{broker_symbol, order_id};
  if (!own_ids_.insert_or_assign(key, client_order_id).second) return;
  own_ids_order_.push_back(std::move(key));
  if (own_ids_order_.size() <= own_ids_max) return;
  own_ids_.erase(own_ids_order_.front());
  own_ids_order_.pop_front();
}

void BinanceAdapter::note_prevented(const std::string& broker_symbol, std::int64_t order_id,
                                    const std::optional<Decimal>& qty) {
  if (qty && qty->is_positive()) made_smaller_.add(order_key(broker_symbol, std::to_string(order_id)));
}

bool BinanceAdapter::was_prevented(std::string_view broker_symbol, std::string_view broker_order_id) const {
  return made_smaller_.contains(order_key(broker_symbol, broker_order_id));
}

}  // namespace busbar::binance
