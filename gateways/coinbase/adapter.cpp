#include "gateways/coinbase/adapter.hpp"

#include <algorithm>
#include <stdexcept>

#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "gateways/coinbase/encode.hpp"
#include "gateways/coinbase/errors.hpp"
#include "gateways/framework/words.hpp"
#include "gateways/framework/writes.hpp"

namespace busbar::coinbase {

namespace {

using gateway::Events;
using gateway::printable;
using std::chrono::milliseconds;

constexpr std::int64_t ms_ns = 1'000'000;
constexpr std::int64_t s_ns = 1'000'000'000;
constexpr std::uint32_t server_timeout_ms = 10'000;

Signer make_signer(const gateway::Credentials& credentials) {
  auto signer = Signer::of(credentials.secret.reveal(), credentials.api_key.reveal());
  if (!signer) throw std::runtime_error{"Coinbase credentials: " + signer.error().text};
  return *std::move(signer);
}

// How long a request may act. With a login it is the access token that ends, an hour after it was made: twice that.
constexpr std::int64_t access_token_life_s = 7'200;

gateway::HttpOptions http_options(const CoinbaseConfig& config) {
  gateway::HttpOptions options;
  options.connections_max = config.connections_max;
  options.connections_ready = 2;  // an order that comes while the clock is asked for finds one too
  options.answer_timeout = milliseconds{server_timeout_ms + 2'000};
  options.body_max = 64u << 20;
  return options;
}

std::string_view header_of(const gateway::HttpResponse& http, std::string_view name) {
  const std::string* value = http.header(name);
  return value ? std::string_view{*value} : std::string_view{};
}

gateway::RestLine::Meaning meaning_of(const gateway::HttpResponse& http, std::string_view target,
                                      std::uint64_t private_per_second) {
  const Judged judged = judge_read(http.status, http.body, target);
  gateway::RestLine::Meaning meaning;
  meaning.used =
      used_of(header_of(http, "x-ratelimit-limit"), header_of(http, "x-ratelimit-remaining"), private_per_second);
  if (judged.verdict == Verdict::Ok) return meaning;
  meaning.error =
      Error{judged.error, judged.broker ? explained(*judged.broker) : "HTTP " + std::to_string(http.status)};
  meaning.may_ask_again = judged.verdict != Verdict::RateLimited && is_worth_asking_again(judged);
  meaning.is_key_refused = meaning.is_clock_wrong = http.status == 401;  // the same to a wrong key and a wrong clock
  if (judged.verdict == Verdict::RateLimited) {
    meaning.hold_back = milliseconds{hold_back_ms(header_of(http, "retry-after"))};
  }
  return meaning;
}

// What a key's refusal is to an account of a key, to one of a login is the end of its token.
gateway::RestLine::Meaning meaning_of(const gateway::HttpResponse& http, gateway::RestLine::Meaning meaning,
                                      login::AccessToken& login) {
  meaning.is_key_refused = meaning.is_clock_wrong = false;
  if (http.status == 401) meaning.may_ask_again = login.doubt();
  return meaning;
}

gateway::RestLine::Dialect dialect(Credential& credential, login::AccessToken* login, const Name& account,
                                   const Limits& limits) {
  gateway::RestLine::Dialect said;
  said.broker = "Coinbase";
  said.limit.bucket = "private";
  said.limit.scope = account;
  said.limit.interval_ms = 1000;
  said.meaning = [most = limits.private_per_second, login](const gateway::HttpResponse& http, std::string_view target) {
    auto meaning = meaning_of(http, target, most);
    return login == nullptr ? meaning : meaning_of(http, std::move(meaning), *login);
  };
  said.ask_time = [&credential](Timestamp now) { return credential.whole(encode_time(), now); };
  said.make_ahead = [&credential](Timestamp now) { credential.make_ahead(now); };
  said.drop_ahead = [&credential] { credential.drop_ahead(); };
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

Capabilities coinbase_capabilities(std::int64_t life_s) {
  Capabilities capabilities;
  capabilities.order_types = {OrderType::Market, OrderType::Limit, OrderType::StopLimit, OrderType::LimitIfTouched};
  capabilities.times_in_force = {TimeInForce::Day, TimeInForce::GoodTillCancel, TimeInForce::ImmediateOrCancel,
                                 TimeInForce::FillOrKill, TimeInForce::GoodTillDate};
  using enum TimeInForce;
  const std::vector<TimeInForce> rest{Day, GoodTillCancel, GoodTillDate};
  capabilities.offers = {{OrderType::Market, {Day, GoodTillCancel, ImmediateOrCancel}},  // it never rests
                         {OrderType::StopLimit, rest},
                         {OrderType::LimitIfTouched, rest}};
  capabilities.post_only_times_in_force = rest;
  capabilities.can_replace = true;
  capabilities.can_post_only = true;
  capabilities.can_cash_order_qty = true;
  capabilities.has_order_book = true;
  capabilities.fill_quantity = FillQuantity::Cumulative;
  // A request whose token has expired is refused: later than that it cannot act any more.
  capabilities.absence_rule = {.bound_ms = static_cast<std::uint32_t>(life_s) * 1000 + server_timeout_ms,
                               .look_ups = 2,
                               .full_paging = true};
  capabilities.venue_order_id_length = 36;
  return capabilities;
}

CoinbaseAdapter::CoinbaseAdapter(CoinbaseConfig config, gateway::AdapterContext context)
    : SpotAdapter{std::move(context), "Coinbase"},
      config_{std::move(config)},
      capabilities_{coinbase_capabilities(context_.credentials.is_login() ? access_token_life_s : config_.token_life_s)},
      login_{make_login()},
      credential_{login_ ? Credential{*login_}
                         : Credential{make_signer(context_.credentials),
                                      std::string{context_.credentials.api_key.reveal()}, config_.rest,
                                      config_.token_life_s}},
      http_{context_.loop, context_.tls, config_.rest, http_options(config_), context_.tape},
      rest_{http_, context_, dialect(credential_, login_.get(), context_.account, config_.limits)},
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
                    .on_state = tell_state(Events::Part::OrderStream)}},
      market_stream_{context_, rest_, config_, market_handlers()} {
  rest_.limit_to(coinbase::rate_limits(config_.limits, context_.account).front());
}

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
                            Timestamp receive_time_ns) { tell_book(sides, symbol, time_ns, receive_time_ns); };
  handlers.on_state = tell_state(Events::Part::MarketData);
  return handlers;
}

// ---- login

std::unique_ptr<login::AccessToken> CoinbaseAdapter::make_login() {
  if (!context_.credentials.is_login()) return nullptr;
  if (config_.login.is_production && context_.environment == Environment::Paper) {
    throw std::runtime_error{"login_token: Coinbase's own logins are for real money, and this environment is paper"};
  }
  return std::make_unique<login::AccessToken>(
      context_, login::Provider{"Coinbase", config_.login.authorize, config_.login.token, config_.login.revoke,
                                config_.login.scope, [this] { return prove_login(); }});
}

asio::awaitable<Result<void>> CoinbaseAdapter::prove_login() {
  const auto wallets = co_await ask(encode_accounts(1));
  co_return wallets ? Result<void>{} : Result<void>{wallets.error()};
}

Result<std::string> CoinbaseAdapter::auth_url(std::string redirect_uri) {
  return login_ ? login_->auth_url(redirect_uri) : Adapter::auth_url(std::move(redirect_uri));
}

asio::awaitable<Result<void>> CoinbaseAdapter::handle_callback(std::string url) {
  if (!login_) co_return co_await Adapter::handle_callback(std::move(url));
  co_return co_await login_->handle_callback(std::move(url));
}

asio::awaitable<Result<void>> CoinbaseAdapter::refresh_token() {
  if (!login_) co_return co_await Adapter::refresh_token();
  co_return co_await login_->refresh();
}

asio::awaitable<Result<void>> CoinbaseAdapter::revoke_token() {
  if (!login_) co_return co_await Adapter::revoke_token();
  co_return co_await login_->revoke();
}

// ---- connection

gateway::RestLine::Make CoinbaseAdapter::make(Request request) {
  return [this, request = std::move(request)](Timestamp now) { return credential_.whole(request, now); };
}

asio::awaitable<Result<std::string>> CoinbaseAdapter::ask(Request request, gateway::About about) {
  co_return co_await rest_.ask(make(std::move(request)), std::move(about));
}

asio::awaitable<Result<void>> CoinbaseAdapter::connect() {
  if (login_) {
    if (const auto login = co_await login_->ready(); !login) co_return login.error();
  }
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
  rest_.start();
  start_refreshing();
  co_return Result<void>{};
}

asio::awaitable<void> CoinbaseAdapter::disconnect() {
  is_connected_ = false;
  if (login_) co_await login_->stop();
  rest_.stop();
  stop_refreshing();
  co_await user_stream_.stop();
  co_await market_stream_.stop();
}

asio::awaitable<Result<std::vector<Instrument>>> CoinbaseAdapter::fetch_instruments() {
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
  co_return instruments;
}

// ---- what is held, and what is quoted

asio::awaitable<Result<std::vector<AccountInfo>>> CoinbaseAdapter::accounts() {
  KeyPermissions permissions;
  permissions.can_trade = true;  // what a login may do is told nowhere: an order finds out
  if (login_) {
    if (const auto proof = co_await prove_login(); !proof) co_return proof.error();
  } else {
    const auto body = co_await ask(encode_key_permissions());
    if (!body) co_return body.error();
    auto said = decode_key_permissions(*body);
    if (!said) co_return said.error();
    permissions = *std::move(said);
  }
  AccountInfo info;
  info.account = context_.account;
  info.gateway = context_.gateway;
  info.broker = "coinbase";
  info.environment = context_.environment;
  info.broker_account = printable<64>(permissions.portfolio_uuid);
  info.can_trade = permissions.can_trade;
  if (const auto summary = co_await ask(encode_transaction_summary("SPOT"))) {
    if (const auto fees = decode_fees(*summary)) {
      info.maker_commission = fees->maker;
      info.taker_commission = fees->taker;
    }
  }
  info.portfolios = co_await portfolios(permissions.portfolio_uuid);
  co_return std::vector<AccountInfo>(1, std::move(info));
}

// A key is of one of them; what it may hear of the others Coinbase decides.
asio::awaitable<std::vector<busbar::Portfolio>> CoinbaseAdapter::portfolios(std::string own_uuid) {
  constexpr std::size_t looks_max = 20;
  std::vector<busbar::Portfolio> list;
  const auto body = co_await ask(encode_portfolios());
  const auto said = body ? decode_portfolios(*body) : Result<std::vector<Portfolio>>{body.error()};
  if (!said) {
    spdlog::warn("{}: portfolios: {}", view(context_.account), said.error().text);
    co_return list;
  }
  for (const Portfolio& each : *said) {
    if (each.is_deleted) continue;
    busbar::Portfolio portfolio;
    portfolio.portfolio = printable<64>(each.uuid);
    portfolio.text = gateway::words_of(each.name);
    portfolio.portfolio_type = printable<32>(each.type);
    portfolio.is_own = each.uuid == own_uuid;
    Result<std::string> inside = Error{};
    if (list.size() < looks_max) inside = co_await ask(encode_portfolio(each.uuid));
    if (const auto sums = inside ? decode_breakdown(*inside) : Result<Breakdown>{inside.error()}) {
      portfolio.total = sums->total_balance;
      portfolio.cash = sums->total_cash_equivalent_balance;
      portfolio.asset = printable<32>(sums->currency);
    }
    list.push_back(std::move(portfolio));
  }
  co_return list;
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

// Of a day's highest and lowest price the stream alone tells.
asio::awaitable<Result<Ticker>> CoinbaseAdapter::ticker(Symbol symbol) {
  const auto product_id = to_broker_symbol(view(symbol));
  if (!product_id) co_return product_id.error();
  const auto body = co_await ask(encode_product(view(*product_id)));
  if (!body) co_return body.error();
  const auto product = decode_product(*body);
  if (!product) co_return product.error();
  Ticker ticker;
  ticker.symbol = symbol;
  ticker.last_px = product->price;
  ticker.volume = product->volume_24h;
  ticker.venue_time_ns = rest_.broker_time_ns();
  co_return ticker;
}

asio::awaitable<Result<std::vector<Trade>>> CoinbaseAdapter::market_trades(Symbol symbol) {
  const auto product = to_broker_symbol(view(symbol));
  if (!product) co_return product.error();
  const auto body = co_await ask(encode_market_trades(view(*product), Window{.limit = market_trades_max}));
  if (!body) co_return body.error();
  const auto said = decode_market_trades(*body);
  if (!said) co_return said.error();
  co_return trades_of(*said, symbol);
}

asio::awaitable<Result<busbar::Preview>> CoinbaseAdapter::preview(NewOrder order) {
  const Instrument* instrument = symbols_.by_symbol(view(order.symbol));
  if (instrument == nullptr) co_return not_listed(view(order.symbol));
  const Instrument rules = *instrument;
  auto request = encode_preview(order, rules, rest_.broker_time_ns());
  if (!request) co_return request.error();
  const auto body = co_await ask(*std::move(request));
  if (!body) {
    if (const auto refused = gateway::refused_preview(body.error())) co_return *refused;
    co_return body.error();
  }
  const auto said = decode_preview(*body);
  if (!said) co_return said.error();
  co_return preview_of(*said, rules);
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

std::string CoinbaseAdapter::book_product_of(const Instrument& instrument) const {
  const auto found = aliases_.find(std::string{view(instrument.broker_symbol)});
  return found == aliases_.end() ? std::string{view(instrument.broker_symbol)} : found->second;
}

}  // namespace busbar::coinbase
