#include "gateways/coinbase/adapter.hpp"

#include <algorithm>
#include <stdexcept>

#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "bus/topic.hpp"
#include "gateways/coinbase/encode.hpp"
#include "gateways/coinbase/errors.hpp"
#include "gateways/framework/words.hpp"

namespace busbar::coinbase {

namespace {

using gateway::Events;
using gateway::printable;
using std::chrono::milliseconds;

constexpr std::int64_t ms_ns = 1'000'000;
constexpr std::int64_t s_ns = 1'000'000'000;
constexpr std::int64_t doubt_interval_ns = 10 * s_ns;
constexpr std::uint32_t server_timeout_ms = 10'000;
constexpr milliseconds hold_back{1'000};  // Coinbase names no time after a 429
constexpr std::size_t book_levels = 100;  // of each side

Signer make_signer(const gateway::Credentials& credentials) {
  auto signer = Signer::of(credentials.secret.reveal(), credentials.api_key.reveal());
  if (!signer) throw std::runtime_error{"Coinbase credentials: " + signer.error().text};
  return *std::move(signer);
}

gateway::HttpOptions http_options(const CoinbaseConfig& config) {
  gateway::HttpOptions options;
  options.connections_max = config.connections_max;
  options.answer_timeout = milliseconds{server_timeout_ms + 2'000};
  options.body_max = 64u << 20;
  return options;
}

gateway::RestLine::Meaning meaning_of(const gateway::HttpResponse& http, std::string_view target) {
  const Judged judged = judge_read(http.status, http.body, target);
  gateway::RestLine::Meaning meaning;
  if (judged.verdict == Verdict::Ok) return meaning;
  meaning.error =
      Error{judged.error, judged.broker ? explained(*judged.broker) : "HTTP " + std::to_string(http.status)};
  meaning.may_ask_again = judged.verdict != Verdict::RateLimited && is_worth_asking_again(judged);
  meaning.is_key_refused = http.status == 401;
  if (judged.verdict == Verdict::RateLimited) meaning.hold_back = hold_back;
  return meaning;
}

gateway::RestLine::Dialect dialect(const Credential& credential, const Name& account) {
  gateway::RestLine::Dialect said;
  said.broker = "Coinbase";
  said.limit.bucket = "private";
  said.limit.scope = account;
  said.limit.interval_ms = 1000;
  said.meaning = meaning_of;
  said.ask_time = [&credential](Timestamp now) { return credential.whole(encode_time(), now); };
  said.time_of = [](std::string_view body) -> Result<Timestamp> {
    const auto time = decode_time(body);
    if (!time) return time.error();
    constexpr std::int64_t latest_ms = 9'000'000'000'000;
    if (*time < 0 || *time > latest_ms) return Error{ErrorCode::InvalidMessage, "time.epochMillis: no time in ms"};
    return *time * ms_ns;
  };
  return said;
}

}  // namespace

Capabilities coinbase_capabilities() {
  Capabilities capabilities;
  capabilities.order_types = {OrderType::Market, OrderType::Limit, OrderType::StopLimit, OrderType::LimitIfTouched};
  capabilities.times_in_force = {TimeInForce::Day, TimeInForce::GoodTillCancel, TimeInForce::ImmediateOrCancel,
                                 TimeInForce::FillOrKill, TimeInForce::GoodTillDate};
  capabilities.can_replace = true;
  capabilities.can_post_only = true;
  capabilities.can_cash_order_qty = true;
  capabilities.has_order_book = true;
  capabilities.fill_quantity = FillQuantity::Cumulative;
  // A request whose token has expired is refused: later than that it cannot act any more.
  capabilities.absence_rule = {.bound_ms = static_cast<std::uint32_t>(token_life_s) * 1000 + server_timeout_ms,
                               .look_ups = 2,
                               .full_paging = true};
  capabilities.venue_order_id_length = 36;
  return capabilities;
}

CoinbaseAdapter::CoinbaseAdapter(CoinbaseConfig config, gateway::AdapterContext context)
    : config_{std::move(config)},
      context_{std::move(context)},
      capabilities_{coinbase_capabilities()},
      credential_{make_signer(context_.credentials), std::string{context_.credentials.api_key.reveal()}, config_.rest},
      http_{context_.loop, context_.tls, config_.rest, http_options(config_), context_.tape},
      rest_{http_, context_, dialect(credential_, context_.account)},
      user_stream_{context_,
                   rest_,
                   credential_,
                   config_,
                   {.on_order = [this](const UserOrder& order, bool is_snapshot, Timestamp time,
                                       Timestamp receive_time) { on_order(order, is_snapshot, time, receive_time); },
                    .on_up = [this] { context_.events.on_order_stream_up(); },
                    .on_gap =
                        [this] {
                          spdlog::warn("{}: user stream: frames are missing", view(context_.account));
                          context_.events.on_order_stream_up();
                        },
                    .on_doubt = [this](std::string what) { on_doubt(std::move(what)); },
                    .on_state =
                        [this](SessionStateKind state, std::string reason, Timestamp deadline) {
                          context_.events.on_state(Events::Part::OrderStream, state, std::move(reason), deadline);
                        }}},
      market_stream_{context_, rest_, config_, market_handlers()},
      clock_refresh_{context_.loop, milliseconds{60'000}, [this] { return refresh_clock(); }},
      instruments_refresh_{context_.loop, std::chrono::hours{1}, [this] { return refresh_instruments(); }} {}

CoinbaseAdapter::~CoinbaseAdapter() = default;

MarketStream::Handlers CoinbaseAdapter::market_handlers() {
  MarketStream::Handlers handlers;
  handlers.on_ticker = [this](const TickerUpdate& update, const Symbol& symbol, Channel channel, Timestamp time_ns,
                              Timestamp receive_time_ns) {
    if (channel == Channel::Quote) {
      Quote quote = quote_of(update, symbol, time_ns);
      quote.receive_time_ns = receive_time_ns;
      return context_.events.on_quote(std::move(quote));
    }
    Ticker ticker = ticker_of(update, symbol, time_ns);
    ticker.receive_time_ns = receive_time_ns;
    context_.events.on_ticker(std::move(ticker));
  };
  handlers.on_trade = [this](const MarketTrade& said, const Symbol& symbol, Timestamp receive_time_ns) {
    Trade trade = trade_of(said, symbol);
    trade.receive_time_ns = receive_time_ns;
    context_.events.on_trade(std::move(trade));
  };
  handlers.on_candle = [this](const Candle& candle, const Symbol& symbol, Timestamp receive_time_ns) {
    constexpr std::uint32_t five_minutes_ms = 300'000;
    const bool is_over = candle.start_s * s_ns + five_minutes_ms * ms_ns <= rest_.broker_time_ns();
    Bar bar = bar_of(candle, symbol, five_minutes_ms, is_over);
    bar.receive_time_ns = receive_time_ns;
    context_.events.on_bar(std::move(bar));
  };
  handlers.on_book = [this](const gateway::BookSides& sides, const Symbol& symbol, Timestamp time_ns,
                            Timestamp receive_time_ns) {
    Book book;
    book.symbol = symbol;
    book.is_snapshot = true;  // whole each time, so that who comes late or misses one has it all the same
    book.bids = sides.bids(book_levels);
    book.asks = sides.asks(book_levels);
    book.venue_time_ns = time_ns;
    book.receive_time_ns = receive_time_ns;
    context_.events.on_book(std::move(book));
  };
  handlers.on_state = [this](SessionStateKind state, std::string reason, Timestamp deadline) {
    context_.events.on_state(Events::Part::MarketData, state, std::move(reason), deadline);
  };
  return handlers;
}

// ---- connection

gateway::RestLine::Make CoinbaseAdapter::make(Request request) const {
  return [this, request = std::move(request)](Timestamp now) { return credential_.whole(request, now); };
}

asio::awaitable<Result<std::string>> CoinbaseAdapter::ask(Request request, gateway::About about) {
  co_return co_await rest_.ask(make(std::move(request)), std::move(about));
}

asio::awaitable<Result<void>> CoinbaseAdapter::connect() {
  if (const auto clock = co_await rest_.measure_clock(true); !clock) co_return clock.error();
  const auto proof = co_await accounts();
  if (!proof) co_return proof.error();
  if (!proof->front().can_trade) spdlog::warn("{}: Coinbase says that this key may not trade", view(context_.account));
  if (const auto loaded = co_await load_instruments(); !loaded) co_return loaded.error();
  if (!is_streaming_) {
    if (const auto started = co_await user_stream_.start(); !started) co_return started.error();
    market_stream_.start();
    is_streaming_ = true;
  }
  is_connected_ = true;
  clock_refresh_.start();
  instruments_refresh_.start();
  co_return Result<void>{};
}

asio::awaitable<void> CoinbaseAdapter::disconnect() {
  is_connected_ = false;
  clock_refresh_.stop();
  instruments_refresh_.stop();
  co_await user_stream_.stop();
  co_await market_stream_.stop();
}

asio::awaitable<Result<void>> CoinbaseAdapter::load_instruments() {
  const ProductsQuery query{.product_type = "SPOT", .get_tradability_status = true};
  const auto body = co_await ask(encode_products(query));
  if (!body) co_return body.error();
  const auto list = decode_products(*body);
  if (!list) co_return list.error();
  for (const std::string& complaint : list->complaints) spdlog::warn("products: {}", complaint);
  std::vector<Instrument> instruments;
  instruments.reserve(list->products.size());
  aliases_.clear();
  for (const Product& product : list->products) {
    auto instrument = instrument_of(product);
    if (!instrument) continue;
    aliases_[product.product_id] = book_product(product);
    instruments.push_back(*std::move(instrument));
  }
  symbols_.assign(std::move(instruments));
  context_.events.on_instruments(symbols_.all());
  co_return Result<void>{};
}

asio::awaitable<void> CoinbaseAdapter::refresh_clock() {
  if (const auto clock = co_await rest_.measure_clock(false); !clock) {
    spdlog::warn("{}: clock: {}", view(context_.account), clock.error().text);
  }
}

asio::awaitable<void> CoinbaseAdapter::refresh_instruments() {
  if (const auto loaded = co_await load_instruments(); !loaded) {
    spdlog::warn("{}: products: {}", view(context_.account), loaded.error().text);
  }
}

// Something came that we do not understand, perhaps word of an order of ours: it is on the tape, an alarm goes to the
// journal, and what it may have said is found by comparing orders and fills.
void CoinbaseAdapter::on_doubt(std::string what) {
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

// ---- what is held, and what is quoted

asio::awaitable<Result<std::vector<AccountInfo>>> CoinbaseAdapter::accounts() {
  const auto body = co_await ask(encode_key_permissions());
  if (!body) co_return body.error();
  const auto permissions = decode_key_permissions(*body);
  if (!permissions) co_return permissions.error();
  AccountInfo info;
  info.account = context_.account;
  info.gateway = context_.gateway;
  info.broker = "coinbase";
  info.environment = context_.environment;
  info.broker_account = printable<64>(permissions->portfolio_uuid);
  info.can_trade = permissions->can_trade;
  if (const auto summary = co_await ask(encode_transaction_summary("SPOT"))) {
    if (const auto fees = decode_fees(*summary)) {
      info.maker_commission = fees->maker;
      info.taker_commission = fees->taker;
    }
  }
  co_return std::vector<AccountInfo>(1, std::move(info));
}

asio::awaitable<Result<std::vector<Balance>>> CoinbaseAdapter::balances() {
  std::vector<Balance> list;
  std::string cursor;
  for (;;) {
    const auto body = co_await ask(encode_accounts(accounts_page, cursor));
    if (!body) co_return body.error();
    const auto page = decode_wallets(*body);
    if (!page) co_return page.error();
    for (const Wallet& wallet : page->wallets) {
      if (wallet.available.is_zero() && wallet.hold.is_zero()) continue;
      list.push_back({.asset = printable<32>(wallet.currency), .free = wallet.available, .locked = wallet.hold});
    }
    if (!page->has_next || page->cursor.empty() || page->cursor == cursor) co_return list;
    cursor = page->cursor;
  }
}

asio::awaitable<Result<std::vector<Position>>> CoinbaseAdapter::positions() {
  co_return std::vector<Position>{};  // spot has balances and no positions
}

asio::awaitable<Result<Quote>> CoinbaseAdapter::quote(Symbol symbol) {
  const auto product = to_broker_symbol(view(symbol));
  if (!product) co_return product.error();
  std::vector<std::string> products(1, std::string{view(*product)});
  const auto body = co_await ask(encode_best_bid_ask(products));
  if (!body) co_return body.error();
  const auto books = decode_best_bid_ask(*body);
  if (!books) co_return books.error();
  if (books->empty()) co_return Error{ErrorCode::InvalidMessage, "answer.pricebooks: empty"};
  co_return quote_of(books->front(), symbol);
}

asio::awaitable<Result<std::vector<Bar>>> CoinbaseAdapter::history(Symbol symbol, std::uint32_t bar_interval_ms,
                                                                   Timestamp start_ns, Timestamp end_ns) {
  const auto product = to_broker_symbol(view(symbol));
  if (!product) co_return product.error();
  const auto granularity = granularity_of(bar_interval_ms);
  if (!granularity) co_return Error{ErrorCode::Unsupported, "Coinbase has no bars of this length"};
  // Both ends must be said, and not more bars between them than it gives.
  const std::int64_t length_s = bar_interval_ms / 1000;
  const Timestamp now = rest_.broker_time_ns();
  std::int64_t end_s = (end_ns > 0 ? end_ns : now) / s_ns;
  const std::int64_t start_s = start_ns > 0 ? start_ns / s_ns : end_s - (candles_max - 1) * length_s;
  end_s = std::min(end_s, start_s + (candles_max - 1) * length_s);
  const Window window{.start_s = start_s, .end_s = end_s, .limit = candles_max};
  const auto body = co_await ask(encode_candles(view(*product), *granularity, window));
  if (!body) co_return body.error();
  const auto candles = decode_candles(*body);
  if (!candles) co_return candles.error();
  std::vector<Bar> bars;
  for (auto candle = candles->rbegin(); candle != candles->rend(); ++candle) {  // newest first
    bars.push_back(bar_of(*candle, symbol, bar_interval_ms, (candle->start_s + length_s) * s_ns <= now));
  }
  co_return bars;
}

asio::awaitable<Result<Book>> CoinbaseAdapter::book(Symbol symbol) {
  const auto product = to_broker_symbol(view(symbol));
  if (!product) co_return product.error();
  const auto body = co_await ask(encode_product_book(view(*product), static_cast<std::uint32_t>(book_levels)));
  if (!body) co_return body.error();
  const auto said = decode_product_book(*body);
  if (!said) co_return said.error();
  Book book;
  book.symbol = symbol;
  book.is_snapshot = true;
  book.bids = said->bids;
  book.asks = said->asks;
  book.venue_time_ns = said->time_ns;
  co_return book;
}

asio::awaitable<Result<void>> CoinbaseAdapter::subscribe(Symbol symbol, Channel channel,
                                                         std::uint32_t bar_interval_ms) {
  const Instrument* instrument = symbols_.by_symbol(view(symbol));
  if (instrument == nullptr) co_return not_listed(view(symbol));
  co_return market_stream_.subscribe(symbol, book_product_of(*instrument), channel, bar_interval_ms);
}

asio::awaitable<Result<void>> CoinbaseAdapter::unsubscribe(Symbol symbol, Channel channel,
                                                           std::uint32_t bar_interval_ms) {
  const Instrument* instrument = symbols_.by_symbol(view(symbol));
  if (instrument == nullptr) co_return not_listed(view(symbol));
  market_stream_.unsubscribe(symbol, book_product_of(*instrument), channel, bar_interval_ms);
  co_return Result<void>{};
}

asio::awaitable<Result<std::vector<Instrument>>> CoinbaseAdapter::instruments() {
  if (symbols_.all().empty()) {
    if (const auto loaded = co_await load_instruments(); !loaded) co_return loaded.error();
  }
  co_return symbols_.all();
}

Result<Symbol> CoinbaseAdapter::normalize_symbol(std::string_view broker_symbol) const {
  const Instrument* instrument = symbols_.by_broker_symbol(broker_symbol);
  if (instrument == nullptr) return not_listed(broker_symbol);
  return instrument->symbol;
}

Result<Symbol> CoinbaseAdapter::to_broker_symbol(std::string_view symbol) const {
  const Instrument* instrument = symbols_.by_symbol(symbol);
  if (instrument == nullptr) return not_listed(symbol);
  return instrument->broker_symbol;
}

Symbol CoinbaseAdapter::our_symbol(std::string_view broker_symbol) const {
  const Instrument* instrument = symbols_.by_broker_symbol(broker_symbol);
  return instrument != nullptr ? instrument->symbol : cut<32>(broker_symbol);
}

std::string CoinbaseAdapter::book_product_of(const Instrument& instrument) const {
  const auto found = aliases_.find(std::string{view(instrument.broker_symbol)});
  return found == aliases_.end() ? std::string{view(instrument.broker_symbol)} : found->second;
}

}  // namespace busbar::coinbase
