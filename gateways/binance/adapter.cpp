#include "gateways/binance/adapter.hpp"

#include <algorithm>
#include <stdexcept>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "bus/topic.hpp"
#include "gateways/binance/encode.hpp"
#include "gateways/binance/errors.hpp"
#include "gateways/framework/facts.hpp"

namespace busbar::binance {

namespace {

using gateway::Events;
using gateway::Facts;
using gateway::HttpOutcome;
using gateway::make_fact;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

constexpr std::uint32_t server_timeout_ms = 10'000;  // Binance gives up on a request after this, and so must we believe
constexpr std::size_t own_ids_max = 100'000;
constexpr std::size_t trades_page = 1000;
constexpr std::uint32_t klines_page = 1000;
constexpr std::int64_t ms_ns = 1'000'000;
constexpr milliseconds clock_interval{60'000};
constexpr milliseconds clock_interval_down{2'000};
constexpr std::chrono::hours instruments_interval{1};
constexpr std::int64_t doubt_interval_ns = 10'000'000'000;

Signer make_signer(KeyType key_type, const gateway::Credentials& credentials) {
  const std::string_view secret = credentials.secret.reveal();
  auto signer = key_type == KeyType::Hmac ? Signer::hmac(secret)
                                          : Signer::private_key(secret, credentials.passphrase.reveal());
  if (!signer) throw std::runtime_error{"Binance credentials: " + signer.error().text};
  return *std::move(signer);
}

gateway::HttpOptions http_options(const BinanceConfig& config) {
  gateway::HttpOptions options;
  options.connections_max = config.connections_max;
  // Longer than the server's own, so that its word on a slow order is heard.
  options.answer_timeout = milliseconds{server_timeout_ms + 2'000};
  options.body_max = 64u << 20;
  return options;
}

constexpr std::size_t book_levels = 100;  // of each side

Error not_listed(std::string_view symbol) {
  return {ErrorCode::InvalidSymbol, "Binance lists no " + std::string{symbol}};
}
Facts not_sent(const Command& command, const Error& error) {
  return {make_fact(command, VenueEvent::NotSent, error.code, error.text)};
}

Quote quote_of(const BookTicker& ticker, const Symbol& symbol) {
  Quote quote;
  quote.symbol = symbol;
  quote.bid_px = ticker.bid;
  quote.bid_qty = ticker.bid_qty;
  quote.ask_px = ticker.ask;
  quote.ask_qty = ticker.ask_qty;
  return quote;
}

Bar bar_of(const Kline& kline, const Symbol& symbol, std::uint32_t interval_ms, bool is_final) {
  Bar bar;
  bar.symbol = symbol;
  bar.interval_ms = interval_ms;
  bar.open_time_ns = ns_of(kline.open_time);
  bar.open = kline.open;
  bar.high = kline.high;
  bar.low = kline.low;
  bar.close = kline.close;
  bar.volume = kline.volume;
  bar.is_final = is_final;
  return bar;
}

Ticker ticker_of(const WindowTicker& window, const Symbol& symbol) {
  Ticker ticker;
  ticker.symbol = symbol;
  ticker.open_px = window.open;
  ticker.high_px = window.high;
  ticker.low_px = window.low;
  ticker.last_px = window.last;
  ticker.volume = window.volume;
  ticker.quote_volume = window.quote_volume;
  if (window.close_time) ticker.venue_time_ns = ns_of(*window.close_time);
  return ticker;
}

void stamp(Facts& facts, const Sent& sent) {
  for (VenueReport& fact : facts) {
    fact.request_time_ns = sent.request_time_ns;
    fact.receive_time_ns = sent.http.received_time_ns;
  }
}

bool is_done(const Sent& sent) {
  return sent.http.outcome == HttpOutcome::Answered &&
         judge_write(sent.http.status, sent.http.body).verdict == Verdict::Ok;
}

About about(const Command& command, const Id& client_order_id = {}) {
  return {.order_id = command.order_id, .client_order_id = client_order_id, .venue_order_id = command.venue_order_id};
}

}  // namespace

Capabilities binance_capabilities(std::uint32_t recv_window_ms) {
  Capabilities capabilities;
  capabilities.order_types = {OrderType::Market,    OrderType::Limit,           OrderType::Stop,
                              OrderType::StopLimit, OrderType::MarketIfTouched, OrderType::LimitIfTouched};
  capabilities.times_in_force = {TimeInForce::GoodTillCancel, TimeInForce::ImmediateOrCancel, TimeInForce::FillOrKill};
  capabilities.can_replace = true;
  capabilities.can_post_only = true;
  capabilities.can_cash_order_qty = true;
  capabilities.can_iceberg = true;
  capabilities.can_trailing_stop = true;
  capabilities.can_order_lists = true;
  capabilities.has_order_book = true;
  capabilities.fill_quantity = FillQuantity::Cumulative;
  capabilities.absence_rule = {.bound_ms = recv_window_ms + server_timeout_ms, .look_ups = 2, .full_paging = false};
  capabilities.venue_order_id_length = 36;
  return capabilities;
}

// A write that succeeds costs no weight since 2026-04, but one that fails does: the dearer case is counted, headers
// correct it.
std::vector<RateCost> binance_rate_costs() {
  return {{"place", "weight", 1},   {"place", "orders", 1},  {"place", "raw", 1},   {"cancel", "weight", 1},
          {"cancel", "raw", 1},     {"replace", "weight", 8}, {"replace", "orders", 1}, {"replace", "raw", 2},
          {"ask", "weight", 9},     {"ask", "raw", 2}};  // an order, and its trades
}

BinanceAdapter::BinanceAdapter(BinanceConfig config, gateway::AdapterContext context)
    : config_{std::move(config)},
      context_{std::move(context)},
      capabilities_{binance_capabilities(config_.recv_window_ms)},
      http_{context_.loop, context_.tls, config_.rest, http_options(config_), context_.tape},
      rest_{http_, context_, make_signer(config_.key_type, context_.credentials), config_.recv_window_ms},
      order_stream_{context_, rest_, config_,
                    {.on_event = [this](const UserEvent& event, Timestamp time) { on_event(event, time); },
                     .on_up = [this] { context_.events.on_order_stream_up(); },
                     .on_doubt = [this](std::string what) { on_doubt(std::move(what)); },
                     .on_state = [this](SessionStateKind state, std::string reason, Timestamp deadline) {
                       context_.events.on_state(Events::Part::OrderStream, state, std::move(reason), deadline);
                     }}},
      market_stream_{context_, rest_, config_, market_handlers()},
      fresh_timer_{context_.loop} {}

BinanceAdapter::~BinanceAdapter() = default;

MarketStream::Handlers BinanceAdapter::market_handlers() {
  MarketStream::Handlers handlers;
  handlers.on_book_ticker = [this](const BookTicker& ticker, Timestamp time) {
    Quote quote = quote_of(ticker, our_symbol(ticker.symbol));
    quote.receive_time_ns = time;
    context_.events.on_quote(std::move(quote));
  };
  handlers.on_trade = [this](const TradeEvent& event, Timestamp time) {
    Trade trade;
    trade.symbol = our_symbol(event.symbol);
    trade.trade_id = printable<64>(std::to_string(event.trade_id));
    trade.price = event.price;
    trade.qty = event.qty;
    trade.aggressor = event.buyer_is_maker ? Side::Sell : Side::Buy;
    trade.venue_time_ns = ns_of(event.trade_time);
    trade.receive_time_ns = time;
    context_.events.on_trade(std::move(trade));
  };
  handlers.on_kline = [this](const KlineEvent& event, Timestamp time) {
    const auto interval_ms = interval_of(event.interval);
    if (!interval_ms) return;  // nobody here asked for it
    Bar bar = bar_of(event.kline, our_symbol(event.symbol), *interval_ms, event.is_closed);
    bar.receive_time_ns = time;
    context_.events.on_bar(std::move(bar));
  };
  handlers.on_ticker = [this](const TickerEvent& event, Timestamp time) {
    Ticker ticker = ticker_of(event.ticker, our_symbol(event.ticker.symbol));
    ticker.venue_time_ns = ns_of(event.event_time);
    ticker.receive_time_ns = time;
    context_.events.on_ticker(std::move(ticker));
  };
  handlers.on_book = [this](const std::string& symbol, const DepthBook& kept, std::int64_t event_time, Timestamp time) {
    Book book;
    book.symbol = our_symbol(symbol);
    book.is_snapshot = true;  // whole each time, so that who comes late or misses one has it all the same
    book.bids = kept.bids(book_levels);
    book.asks = kept.asks(book_levels);
    book.venue_time_ns = ns_of(event_time);
    book.receive_time_ns = time;
    context_.events.on_book(std::move(book));
  };
  handlers.on_state = [this](SessionStateKind state, std::string reason, Timestamp deadline) {
    context_.events.on_state(Events::Part::MarketData, state, std::move(reason), deadline);
  };
  return handlers;
}

// ---- connection

asio::awaitable<Result<void>> BinanceAdapter::connect() {
  if (const auto clock = co_await rest_.measure_clock(true); !clock) co_return clock.error();
  if (const auto loaded = co_await load_instruments(); !loaded) co_return loaded.error();
  const auto proof = co_await account();
  if (!proof) co_return proof.error();
  if (!proof->can_trade) spdlog::warn("{}: Binance says that this account may not trade", view(context_.account));
  if (!is_streaming_) {
    if (const auto started = co_await order_stream_.start(); !started) co_return started.error();
    market_stream_.start();
    is_streaming_ = true;
  }
  is_connected_ = true;
  if (!is_keeping_) asio::co_spawn(context_.loop, keep_fresh(), asio::detached);
  co_return Result<void>{};
}

asio::awaitable<void> BinanceAdapter::disconnect() {
  is_stopping_ = true;
  is_connected_ = false;
  fresh_timer_.cancel();
  co_await order_stream_.stop();
  co_await market_stream_.stop();
}

asio::awaitable<Result<void>> BinanceAdapter::load_instruments() {
  const auto body = co_await rest_.ask(encode_exchange_info());
  if (!body) co_return body.error();
  const auto info = decode_exchange_info(*body);
  if (!info) co_return info.error();
  for (const std::string& complaint : info->complaints) spdlog::warn("exchangeInfo: {}", complaint);
  std::vector<Instrument> list;
  list.reserve(info->symbols.size());
  for (const SymbolInfo& symbol : info->symbols) {
    if (auto instrument = instrument_of(symbol)) list.push_back(*std::move(instrument));
  }
  symbols_.assign(std::move(list));
  rate_limits_ = info->rate_limits;
  for (RateLimit& limit : rate_limits_) limit.scope = scope_of(view(limit.bucket), context_.account);
  context_.events.on_instruments(symbols_.all());
  co_return Result<void>{};
}

asio::awaitable<Result<Account>> BinanceAdapter::account() {
  const auto body = co_await rest_.ask(encode_account());
  if (!body) co_return body.error();
  co_return decode_account(*body);
}

asio::awaitable<void> BinanceAdapter::keep_fresh() {
  is_keeping_ = true;
  auto instruments_at = steady_clock::now() + instruments_interval;
  auto clock_at = steady_clock::now() + clock_interval;
  while (!is_stopping_) {
    fresh_timer_.expires_after(clock_interval_down);
    co_await fresh_timer_.async_wait(no_throw);
    if (is_stopping_) break;
    if (!rest_.is_down() && steady_clock::now() < clock_at) continue;
    clock_at = steady_clock::now() + clock_interval;
    if (const auto clock = co_await rest_.measure_clock(false); !clock) {
      spdlog::warn("{}: clock: {}", view(context_.account), clock.error().text);
      continue;
    }
    if (steady_clock::now() < instruments_at) continue;
    if (const auto loaded = co_await load_instruments(); !loaded) {
      spdlog::warn("{}: instruments: {}", view(context_.account), loaded.error().text);
    } else {
      instruments_at = steady_clock::now() + instruments_interval;
    }
  }
  is_keeping_ = false;
}

void BinanceAdapter::on_event(const UserEvent& event, Timestamp receive_time_ns) {
  const auto* report = std::get_if<ExecutionReportEvent>(&event.what);
  if (report == nullptr) {
    if (std::holds_alternative<UnknownEvent>(event.what)) on_doubt("user event " + event.name + " was never seen before");
    return;
  }
  remember(report->symbol, report->order_id, report->our_client_order_id());
  EventFacts said_facts = facts_of(*report, our_symbol(report->symbol));
  if (!said_facts.unknown.empty()) {
    on_doubt("order " + report->our_client_order_id() + ": " + said_facts.unknown + " was never seen before");
  }
  for (VenueReport& fact : said_facts.facts) {
    fact.receive_time_ns = receive_time_ns;
    context_.events.on_report(std::move(fact));
  }
}

// Something came that we do not understand, perhaps an event of ours: it is on the tape, an alarm goes to the journal, and
// what it may have said is found by comparing orders and fills, as after a loss of the stream.
void BinanceAdapter::on_doubt(std::string what) {
  spdlog::error("{}: {}", view(context_.account), what);
  VenueReport alarm;
  alarm.event = VenueEvent::Unreadable;
  alarm.text = cut<256>(to_words(what));
  context_.events.on_report(std::move(alarm));
  const Timestamp now = boottime_now_ns();
  if (last_doubt_ns_ != 0 && now - last_doubt_ns_ < doubt_interval_ns) return;
  last_doubt_ns_ = now;
  context_.events.on_order_stream_up();
}

// ---- orders

asio::awaitable<Sent> BinanceAdapter::send_write(Request request, About whom) {
  Sent sent = co_await send_once(request, whom);
  if (sent.http.outcome != HttpOutcome::Answered) co_return sent;
  if (judge_write(sent.http.status, sent.http.body).verdict != Verdict::WrongTime) co_return sent;
  if (!co_await rest_.measure_clock(true)) co_return sent;
  co_return co_await send_once(std::move(request), whom);
}

// While the WebSocket API is away REST carries orders: what was not sent there may go here.
asio::awaitable<Sent> BinanceAdapter::send_once(Request request, About whom) {
  if (config_.orders_by == OrdersBy::WsApi) {
    if (auto sent = co_await order_stream_.send(request, whom)) co_return *std::move(sent);
  }
  co_return co_await rest_.send(std::move(request), std::move(whom));
}

// What becomes of a write that was not answered well.
Facts BinanceAdapter::failed(const Command& command, const Sent& sent, VenueEvent refused) const {
  VenueReport fact;
  if (sent.is_held_back) {
    fact = make_fact(command, VenueEvent::NotSent, ErrorCode::RateLimited, sent.http.error);
  } else if (sent.http.outcome == HttpOutcome::NotSent) {
    fact = make_fact(command, VenueEvent::NotSent, ErrorCode::ConnectionError, sent.http.error);
  } else if (sent.http.outcome == HttpOutcome::NoAnswer) {
    fact = make_fact(command, VenueEvent::Unknown, ErrorCode::UnknownOutcome, sent.http.error);
  } else {
    const Judged judged = judge_write(sent.http.status, sent.http.body);
    const bool is_unknown = judged.verdict == Verdict::Unknown || judged.verdict == Verdict::Ok;
    const std::string text = judged.broker ? explained(*judged.broker) : "HTTP " + std::to_string(sent.http.status);
    fact = make_fact(command, is_unknown ? VenueEvent::Unknown : refused,
                     is_unknown ? ErrorCode::UnknownOutcome : judged.error, view(words_of(text)));
    fact.broker_code = printable<32>(judged.broker ? std::to_string(judged.broker->code)
                                                   : "HTTP" + std::to_string(sent.http.status));
  }
  fact.source = fact.event == VenueEvent::NotSent ? VenueSource::Gateway : VenueSource::Rest;
  fact.request_time_ns = sent.request_time_ns;
  fact.receive_time_ns = sent.http.received_time_ns;
  return {std::move(fact)};
}

void BinanceAdapter::took(const Order& order) {
  remember(order.symbol, order.order_id, order.client_order_id);
  order_stream_.expect(order.client_order_id);
}

asio::awaitable<Facts> BinanceAdapter::place(PlaceCommand command) {
  const Command& head = command.command;
  const Instrument* instrument = symbols_.by_symbol(view(head.symbol));
  if (instrument == nullptr) co_return not_sent(head, not_listed(view(head.symbol)));
  auto request = encode_place(command.order, *instrument, view(head.venue_order_id));
  if (!request) co_return not_sent(head, request.error());

  const Sent sent = co_await send_write(*std::move(request), about(head, command.order.client_order_id));
  if (!is_done(sent)) co_return failed(head, sent, VenueEvent::Rejected);
  const auto order = decode_order(sent.http.body);
  if (!order || view(head.venue_order_id) != order->client_order_id) {
    // It was taken, and we do not know what was said about it: that is asked for.
    spdlog::error("{}: answer to an order: {}", view(context_.account), order ? "another order's" : order.error().text);
    co_return failed(head, sent, VenueEvent::Unknown);
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

  const Sent sent = co_await send_write(*std::move(request), about(head, list.commands.front().order.client_order_id));
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
  if (!order) {
    spdlog::error("{}: answer to a cancel: {}", view(context_.account), order.error().text);
    co_return failed(head, sent, VenueEvent::Unknown);
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

asio::awaitable<Facts> BinanceAdapter::amend(ReplaceCommand command, Instrument instrument) {
  const Command& head = command.command;
  Decimal new_qty = *command.order.order_qty;
  if (head.leg > 1) {  // what a replace before this one placed was what was left, and that is what Binance counts
    const auto body = co_await rest_.ask(encode_query_order(view(instrument.broker_symbol),
                                                            view(command.orig_venue_order_id),
                                                            view(head.broker_order_id)),
                                         about(head));
    if (!body) co_return not_sent(head, body.error());
    const auto order = decode_order(*body);
    const auto decrease = subtract(*command.orig_order_qty, new_qty);
    const auto left = order && order->orig_qty && decrease ? subtract(*order->orig_qty, *decrease) : std::nullopt;
    if (!left) co_return not_sent(head, {ErrorCode::ConnectionError, "what is left of the order is not known"});
    new_qty = *left;
  }
  const Sent sent =
      co_await send_write(encode_amend(view(instrument.broker_symbol), view(command.orig_venue_order_id),
                                       view(head.broker_order_id), new_qty, view(head.venue_order_id)),
                          about(head, command.order.client_order_id));
  if (!is_done(sent)) co_return failed(head, sent, VenueEvent::ReplaceRejected);
  const auto amended = decode_amend(sent.http.body);
  if (!amended) {
    spdlog::error("{}: answer to an amendment: {}", view(context_.account), amended.error().text);
    co_return failed(head, sent, VenueEvent::Unknown);
  }
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
  const Sent sent = co_await send_write(*std::move(request), about(head, command.order.client_order_id));
  if (sent.http.outcome != HttpOutcome::Answered) co_return failed(head, sent, VenueEvent::ReplaceRejected);
  const auto answer = decode_cancel_replace(sent.http.body);
  if (!answer) {  // an error about the request as a whole, or something that we do not understand
    if (is_done(sent)) spdlog::error("{}: answer to a replace: {}", view(context_.account), answer.error().text);
    co_return failed(head, sent, VenueEvent::ReplaceRejected);
  }
  if (answer->placed && answer->placed->client_order_id != view(head.venue_order_id)) {
    spdlog::error("{}: answer to a replace: another order's", view(context_.account));
    co_return failed(head, sent, VenueEvent::Unknown);
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
      about(head, command.order.client_order_id));
  if (!is_done(cancel)) co_return failed(head, cancel, VenueEvent::ReplaceRejected);
  CancelReplace done{.cancel_result = HalfResult::Success};
  auto canceled = decode_order(cancel.http.body);
  if (!canceled || !canceled->orig_qty || !canceled->executed_qty) {
    spdlog::error("{}: answer to a cancel: {}", view(context_.account),
                  canceled ? "it tells no quantities" : canceled.error().text);
    co_return failed(head, cancel, VenueEvent::Unknown);
  }
  done.canceled = *std::move(canceled);
  Facts facts{fact_of_cancel(*done.canceled, head.symbol, view(command.orig_venue_order_id))};
  stamp(facts, cancel);
  const auto refuse = [&](ErrorCode code, std::string_view text) {
    facts.push_back(make_fact(head, VenueEvent::ReplaceRejected, code, text));
    facts.back().source = VenueSource::Gateway;
    facts.back().request_time_ns = cancel.request_time_ns;
  };
  // What was left at the moment of the cancel, more or less by what the order shall be more or less.
  const auto unfilled = subtract(*done.canceled->orig_qty, *done.canceled->executed_qty);
  const auto change = subtract(*command.order.order_qty, *command.orig_order_qty);
  const auto left = unfilled && change ? add(*unfilled, *change) : std::nullopt;
  if (!left || !left->is_positive()) {
    refuse(ErrorCode::OrderRejected, "as much as it shall be was filled before it could be replaced");
    co_return facts;
  }
  command.order.order_qty = *left;
  auto request = encode_place(command.order, instrument, view(head.venue_order_id));
  if (!request) {
    refuse(request.error().code, request.error().text);
    co_return facts;
  }
  const Sent sent = co_await send_write(*std::move(request), about(head, command.order.client_order_id));
  const auto placed = is_done(sent) ? decode_order(sent.http.body) : Result<Order>{Error{}};
  if (!placed) {
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
  auto state = state_of(*order, symbol, VenueSource::Probe);
  if (!state) co_return state.error();
  remember(order->symbol, order->order_id, order->own_client_order_id());
  Facts facts;
  if (state->cum_qty && state->cum_qty->is_positive()) {
    const auto trades_body = co_await rest_.ask(encode_trades_of_order(broker_symbol, std::to_string(order->order_id)),
                                                about(command));
    if (!trades_body) co_return trades_body.error();
    const auto fills = decode_trades(*trades_body);
    if (!fills) co_return fills.error();
    for (const AccountTrade& fill : *fills) {
      facts.push_back(fill_of(fill, symbol, order->own_client_order_id(), VenueSource::Probe));
    }
  }
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
  Request request = encode_trades_since(broker_symbol, std::max<std::int64_t>(since_ns / ms_ns, 0));
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

// ---- what is held, and what is quoted

asio::awaitable<Result<std::vector<AccountInfo>>> BinanceAdapter::accounts() {
  const auto found = co_await account();
  if (!found) co_return found.error();
  AccountInfo info;
  info.account = context_.account;
  info.gateway = context_.gateway;
  info.broker = "binance";
  info.environment = context_.environment;
  if (found->uid) info.broker_account = printable<64>(std::to_string(*found->uid));
  info.can_trade = found->can_trade;
  info.maker_commission = found->maker_commission;
  info.taker_commission = found->taker_commission;
  co_return std::vector<AccountInfo>{std::move(info)};
}

asio::awaitable<Result<std::vector<Balance>>> BinanceAdapter::balances() {
  const auto found = co_await account();
  if (!found) co_return found.error();
  std::vector<Balance> list;
  for (const AssetBalance& balance : found->balances) {
    if (balance.free.is_zero() && balance.locked.is_zero()) continue;
    list.push_back({.asset = printable<32>(balance.asset), .free = balance.free, .locked = balance.locked});
  }
  co_return list;
}

asio::awaitable<Result<std::vector<Position>>> BinanceAdapter::positions() {
  co_return std::vector<Position>{};  // spot has balances and no positions
}

asio::awaitable<Result<Quote>> BinanceAdapter::quote(Symbol symbol) {
  const auto broker_symbol = to_broker_symbol(view(symbol));
  if (!broker_symbol) co_return broker_symbol.error();
  const auto body = co_await rest_.ask(encode_book_ticker(view(*broker_symbol)));
  if (!body) co_return body.error();
  const auto found = decode_book_ticker(*body);
  if (!found) co_return found.error();
  co_return quote_of(*found, symbol);
}

asio::awaitable<Result<std::vector<Bar>>> BinanceAdapter::history(Symbol symbol, std::uint32_t bar_interval_ms,
                                                                  Timestamp start_ns, Timestamp end_ns) {
  const auto broker_symbol = to_broker_symbol(view(symbol));
  if (!broker_symbol) co_return broker_symbol.error();
  const auto interval = interval_name(bar_interval_ms);
  if (!interval) co_return Error{ErrorCode::Unsupported, "Binance has no bars of this length"};
  const auto body = co_await rest_.ask(
      encode_klines(view(*broker_symbol), *interval, start_ns / ms_ns, end_ns / ms_ns, klines_page));
  if (!body) co_return body.error();
  const auto klines = decode_klines(*body);
  if (!klines) co_return klines.error();
  const Timestamp now = rest_.broker_time_ns();
  std::vector<Bar> bars;
  for (const Kline& kline : *klines) {
    bars.push_back(bar_of(kline, symbol, bar_interval_ms, ns_of(kline.close_time) < now));
  }
  co_return bars;
}

asio::awaitable<Result<Book>> BinanceAdapter::book(Symbol symbol) {
  const auto broker_symbol = to_broker_symbol(view(symbol));
  if (!broker_symbol) co_return broker_symbol.error();
  const auto body = co_await rest_.ask(encode_depth(view(*broker_symbol), book_levels));
  if (!body) co_return body.error();
  const auto depth = decode_depth(*body);
  if (!depth) co_return depth.error();
  Book book;
  book.symbol = symbol;
  book.is_snapshot = true;
  book.bids = depth->bids;
  book.asks = depth->asks;
  co_return book;
}

asio::awaitable<Result<Ticker>> BinanceAdapter::ticker(Symbol symbol) {
  const auto broker_symbol = to_broker_symbol(view(symbol));
  if (!broker_symbol) co_return broker_symbol.error();
  const auto body = co_await rest_.ask(encode_ticker_24h(view(*broker_symbol)));
  if (!body) co_return body.error();
  const auto window = decode_ticker_24h(*body);
  if (!window) co_return window.error();
  co_return ticker_of(*window, symbol);
}

asio::awaitable<Result<void>> BinanceAdapter::subscribe(Symbol symbol, Channel channel, std::uint32_t bar_interval_ms) {
  const auto broker_symbol = to_broker_symbol(view(symbol));
  if (!broker_symbol) co_return broker_symbol.error();
  co_return market_stream_.subscribe(view(*broker_symbol), channel, bar_interval_ms);
}

asio::awaitable<Result<void>> BinanceAdapter::unsubscribe(Symbol symbol, Channel channel,
                                                          std::uint32_t bar_interval_ms) {
  const auto broker_symbol = to_broker_symbol(view(symbol));
  if (!broker_symbol) co_return broker_symbol.error();
  market_stream_.unsubscribe(view(*broker_symbol), channel, bar_interval_ms);
  co_return Result<void>{};
}

asio::awaitable<Result<std::vector<Instrument>>> BinanceAdapter::instruments() {
  if (symbols_.all().empty()) {
    if (const auto loaded = co_await load_instruments(); !loaded) co_return loaded.error();
  }
  co_return symbols_.all();
}

Result<Symbol> BinanceAdapter::normalize_symbol(std::string_view broker_symbol) const {
  const Instrument* instrument = symbols_.by_broker_symbol(broker_symbol);
  if (instrument == nullptr) return not_listed(broker_symbol);
  return instrument->symbol;
}

Result<Symbol> BinanceAdapter::to_broker_symbol(std::string_view symbol) const {
  const Instrument* instrument = symbols_.by_symbol(symbol);
  if (instrument == nullptr) return not_listed(symbol);
  return instrument->broker_symbol;
}

Symbol BinanceAdapter::our_symbol(std::string_view broker_symbol) const {
  const Instrument* instrument = symbols_.by_broker_symbol(broker_symbol);
  return instrument != nullptr ? instrument->symbol : cut<32>(broker_symbol);
}

}  // namespace busbar::binance
