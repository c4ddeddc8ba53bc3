#include "gateways/binance/adapter.hpp"

#include <algorithm>
#include <stdexcept>

#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "bus/topic.hpp"
#include "gateways/binance/encode.hpp"
#include "gateways/binance/market_facts.hpp"
#include "gateways/framework/writes.hpp"

namespace busbar::binance {

namespace {

using gateway::Events;
using std::chrono::milliseconds;

constexpr std::uint32_t server_timeout_ms = 10'000;  // Binance gives up on a request after this, and so must we believe
constexpr std::uint32_t klines_page = 1000;

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
  options.connections_ready = 2;  // an order that comes while the clock is asked for finds one too
  // Longer than the server's own, so that its word on a slow question is heard.
  options.answer_timeout = milliseconds{server_timeout_ms + 2'000};
  options.body_max = 64u << 20;
  return options;
}

}  // namespace

Capabilities binance_capabilities(std::uint32_t recv_window_ms) {
  Capabilities capabilities;
  capabilities.order_types = {OrderType::Market,    OrderType::Limit,           OrderType::Stop,
                              OrderType::StopLimit, OrderType::MarketIfTouched, OrderType::LimitIfTouched};
  capabilities.times_in_force = {TimeInForce::GoodTillCancel, TimeInForce::ImmediateOrCancel, TimeInForce::FillOrKill};
  // A market order never rests, and neither does what becomes one.
  using enum TimeInForce;
  capabilities.offers = {{OrderType::Market, {GoodTillCancel, ImmediateOrCancel}},
                         {OrderType::Stop, {GoodTillCancel}},
                         {OrderType::MarketIfTouched, {GoodTillCancel}}};
  capabilities.post_only_times_in_force = {GoodTillCancel};
  capabilities.can_prevent_self_trade = true;
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
    : SpotAdapter{std::move(context), "Binance"},
      config_{std::move(config)},
      capabilities_{binance_capabilities(config_.recv_window_ms)},
      http_{context_.loop, context_.tls, config_.rest, http_options(config_), context_.tape},
      rest_{http_, context_, make_signer(config_.key_type, context_.credentials), config_.recv_window_ms},
      order_stream_{context_, rest_, config_,
                    {.on_event = [this](const UserEvent& event, Timestamp time) { on_event(event, time); },
                     .on_up = [this] { context_.events.on_order_stream_up(); },
                     .on_doubt = [this](std::string what) { on_doubt(std::move(what)); },
                     .on_state = tell_state(Events::Part::OrderStream)}},
      market_stream_{context_, rest_, config_, market_handlers()} {}

BinanceAdapter::~BinanceAdapter() = default;

MarketStream::Handlers BinanceAdapter::market_handlers() {
  MarketStream::Handlers handlers;
  handlers.on_book_ticker = [this](const BookTicker& ticker, Timestamp time) {
    Quote quote = quote_of(ticker, our_symbol(ticker.symbol));
    quote.receive_time_ns = time;
    context_.events.on_quote(std::move(quote));
  };
  handlers.on_trade = [this](const TradeEvent& event, Timestamp time) {
    Trade trade = trade_of(event, our_symbol(event.symbol));
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
    tell_book(kept.sides(), our_symbol(symbol), ns_of(event_time), time);
  };
  handlers.on_state = tell_state(Events::Part::MarketData);
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
  rest_.start();
  start_refreshing();
  co_return Result<void>{};
}

asio::awaitable<void> BinanceAdapter::disconnect() {
  is_connected_ = false;
  rest_.stop();
  stop_refreshing();
  co_await order_stream_.stop();
  co_await market_stream_.stop();
}

asio::awaitable<Result<std::vector<Instrument>>> BinanceAdapter::fetch_instruments() {
  const auto body = co_await rest_.ask(encode_exchange_info(config_.asks_for_less));
  if (!body) co_return body.error();
  const auto info = decode_exchange_info(*body);
  if (!info) co_return info.error();
  for (const std::string& complaint : info->complaints) spdlog::warn("exchangeInfo: {}", complaint);
  std::vector<Instrument> list;
  list.reserve(info->symbols.size());
  for (const SymbolInfo& symbol : info->symbols) {
    if (auto instrument = instrument_of(symbol)) list.push_back(*std::move(instrument));
  }
  rate_limits_ = info->rate_limits;
  for (RateLimit& limit : rate_limits_) {
    limit.scope = scope_of(view(limit.bucket), context_.account);
    if (is_weight_of_minute(view(limit.bucket), limit.interval_ms)) rest_.limit_to(limit);
  }
  co_return list;
}

asio::awaitable<Result<Account>> BinanceAdapter::account() {
  const auto body = co_await rest_.ask(encode_account(config_.asks_for_less));
  if (!body) co_return body.error();
  co_return decode_account(*body);
}

void BinanceAdapter::on_event(const UserEvent& event, Timestamp receive_time_ns) {
  const auto* report = std::get_if<ExecutionReportEvent>(&event.what);
  if (report == nullptr) {
    if (std::holds_alternative<UnknownEvent>(event.what)) on_doubt("user event " + event.name + " was never seen before");
    return;
  }
  remember(report->symbol, report->order_id, report->our_client_order_id());
  note_prevented(report->symbol, report->order_id, report->prevented_qty);
  EventFacts said_facts = facts_of(*report, our_symbol(report->symbol));
  if (!said_facts.unknown.empty()) {
    on_doubt("order " + report->our_client_order_id() + ": " + said_facts.unknown + " was never seen before");
  }
  // Where such an order's event does not say how much was prevented, it does not tell how much the order is for.
  const bool is_qty_known =
      report->prevented_qty || !was_prevented(report->symbol, std::to_string(report->order_id));
  for (VenueReport& fact : said_facts.facts) {
    if (!is_qty_known) fact.order_qty.reset();
    fact.receive_time_ns = receive_time_ns;
    context_.events.on_report(std::move(fact));
  }
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
      encode_klines(view(*broker_symbol), *interval, start_ns / ns_per_ms, end_ns / ns_per_ms, klines_page));
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

asio::awaitable<Result<std::vector<Trade>>> BinanceAdapter::market_trades(Symbol symbol) {
  constexpr std::uint32_t trades_max = 500;
  const auto broker_symbol = to_broker_symbol(view(symbol));
  if (!broker_symbol) co_return broker_symbol.error();
  const auto body = co_await rest_.ask(encode_recent_trades(view(*broker_symbol), trades_max));
  if (!body) co_return body.error();
  const auto list = decode_recent_trades(*body);
  if (!list) co_return list.error();
  std::vector<Trade> trades;
  trades.reserve(list->size());
  for (const PublicTrade& each : *list) trades.push_back(trade_of(each, symbol));
  co_return trades;
}

// Binance tries the order as far as its rules go, and says no more than whether it would take it.
asio::awaitable<Result<Preview>> BinanceAdapter::preview(NewOrder order) {
  const Instrument* instrument = symbols_.by_symbol(view(order.symbol));
  if (instrument == nullptr) co_return not_listed(view(order.symbol));
  auto request = encode_test(order, *instrument);
  if (!request) co_return request.error();
  const auto body = co_await rest_.ask(*std::move(request));
  if (!body) {
    if (const auto refused = gateway::refused_preview(body.error())) co_return *refused;
    co_return body.error();
  }
  Preview preview;
  preview.is_accepted = true;
  preview.order_qty = order.order_qty;
  preview.cash_order_qty = order.cash_order_qty;
  co_return preview;
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

}  // namespace busbar::binance
