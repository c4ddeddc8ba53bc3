#include "gateways/alpaca/adapter.hpp"

#include <algorithm>
#include <stdexcept>

#include <spdlog/spdlog.h>

#include "gateways/alpaca/encode.hpp"
#include "gateways/alpaca/hours.hpp"
#include "gateways/framework/utc.hpp"
#include "gateways/framework/words.hpp"

namespace busbar::alpaca {

namespace {

using gateway::Events;
using std::chrono::milliseconds;

gateway::HttpOptions http_options(const AlpacaConfig& config) {
  gateway::HttpOptions options;
  options.connections_max = config.connections_max;
  options.connections_ready = 2;  // an order that comes while the clock is asked for finds one too
  options.body_max = 64u << 20;   // all shares there are
  return options;
}

gateway::HttpOptions data_options() {
  gateway::HttpOptions options;
  options.connections_max = 2;
  options.body_max = 64u << 20;
  return options;
}

gateway::RestLine::Meaning meaning_of(const gateway::HttpResponse& http, std::string_view target, Timestamp now) {
  const Judged judged = judge_read(http.status, http.body, target);
  const RateHeaders limits = read_rate_headers(http.headers);
  gateway::RestLine::Meaning meaning;
  if (limits.limit && limits.remaining && *limits.remaining <= *limits.limit) {
    meaning.used = *limits.limit - *limits.remaining;
  }
  if (judged.verdict == Verdict::Ok) return meaning;
  meaning.error =
      Error{judged.error, judged.broker ? to_words(explained(*judged.broker)) : "HTTP " + std::to_string(http.status)};
  meaning.may_ask_again = judged.verdict != Verdict::RateLimited && is_worth_asking_again(judged);
  meaning.is_key_refused = http.status == 401;
  if (judged.verdict == Verdict::RateLimited) meaning.hold_back = milliseconds{hold_back_ms(limits, now)};
  return meaning;
}

}  // namespace

// Market orders that shall be filled at once or not at all are not among them: nobody has seen Alpaca take one.
Capabilities alpaca_capabilities(std::uint32_t absence_ms) {
  using enum TimeInForce;
  Capabilities capabilities;
  capabilities.order_types = {OrderType::Market, OrderType::Limit, OrderType::Stop, OrderType::StopLimit};
  capabilities.times_in_force = {Day,        GoodTillCancel, ImmediateOrCancel,
                                 FillOrKill, AtTheOpening,   AtTheClose};
  capabilities.offers = {{OrderType::Market, {Day, GoodTillCancel, AtTheOpening, AtTheClose}},
                         {OrderType::Stop, {Day, GoodTillCancel}},
                         {OrderType::StopLimit, {Day, GoodTillCancel}}};
  capabilities.can_replace = true;
  capabilities.can_cash_order_qty = true;
  capabilities.can_trailing_stop = true;
  capabilities.can_extended_hours = true;
  capabilities.can_order_lists = true;
  capabilities.has_order_book = true;  // of crypto
  capabilities.fill_quantity = FillQuantity::Cumulative;
  // A request bears no time, and Alpaca tells no bound: this one is the configuration's.
  capabilities.absence_rule = {.bound_ms = absence_ms, .look_ups = 2, .full_paging = true};
  capabilities.venue_order_id_length = 36;  // three of them make the name of a list, and 128 is the most
  return capabilities;
}

AlpacaAdapter::AlpacaAdapter(AlpacaConfig config, gateway::AdapterContext context)
    : SpotAdapter{std::move(context), "Alpaca"},
      config_{std::move(config)},
      capabilities_{alpaca_capabilities(config_.absence_ms)},
      login_{make_login()},
      credential_{login_ ? Credential{*login_} : Credential{context_.credentials}},
      http_{context_.loop, context_.tls, config_.rest, http_options(config_), context_.tape},
      rest_{http_, context_, dialect("trading")},
      data_http_{context_.loop, context_.tls, config_.data, data_options(), context_.tape},
      data_{data_http_, context_, dialect("data")},
      order_stream_{context_,
                    rest_,
                    credential_,
                    config_,
                    {.on_update = [this](const TradeUpdate& update,
                                         Timestamp receive_time) { return on_update(update, receive_time); },
                     .on_up = [this] { context_.events.on_order_stream_up(); },
                     .on_doubt = [this](std::string what) { on_doubt(std::move(what)); },
                     .on_state = tell_state(Events::Part::OrderStream)}},
      stock_stream_{context_, rest_, credential_, config_, config_.stock_stream, market_handlers(0)},
      crypto_stream_{context_, rest_, credential_, config_, config_.crypto_stream, market_handlers(1)} {
  if (!login_ && (context_.credentials.api_key.is_empty() || context_.credentials.secret.is_empty())) {
    throw std::runtime_error{"Alpaca credentials: api_key and secret are wanted, or client_id and client_secret"};
  }
  const std::vector<RateLimit> limits = rate_limits();
  rest_.limit_to(limits[0]);
  data_.limit_to(limits[1]);
}

AlpacaAdapter::~AlpacaAdapter() = default;

gateway::RestLine::Dialect AlpacaAdapter::dialect(std::string_view bucket) {
  gateway::RestLine::Dialect said;
  said.broker = "Alpaca";
  said.is_of_trading = bucket == "trading";
  said.limit.bucket = cut<32>(bucket);
  said.limit.scope = said.is_of_trading ? context_.account : data_scope(context_.account);
  said.limit.interval_ms = 60'000;
  said.meaning = [this](const gateway::HttpResponse& http, std::string_view target) {
    auto meaning = meaning_of(http, target, rest_.broker_time_ns());
    if (login_ && http.status == 401) {
      meaning.may_ask_again = login_->doubt();
      meaning.is_key_refused = !meaning.may_ask_again;  // nothing renews it
    }
    return meaning;
  };
  said.ask_time = [this](Timestamp) { return credential_.whole(encode_clock()); };
  said.time_of = [this](std::string_view body) -> Result<Timestamp> {
    const auto clock = decode_clock(body);
    if (!clock) return clock.error();
    clock_ = *clock;
    if (hours_ && !agrees(*hours_, *clock_)) tell_hours(*hours_);
    return clock->time;
  };
  return said;
}

// ---- login

std::unique_ptr<login::AccessToken> AlpacaAdapter::make_login() {
  if (!context_.credentials.is_login()) return nullptr;
  return std::make_unique<login::AccessToken>(
      context_, login::Provider{"Alpaca", config_.login.authorize, config_.login.token, {}, config_.login.scope,
                                [this] { return prove_login(); }});
}

asio::awaitable<Result<void>> AlpacaAdapter::prove_login() {
  const auto account = co_await ask(encode_account());
  co_return account ? Result<void>{} : Result<void>{account.error()};
}

Result<std::string> AlpacaAdapter::auth_url(std::string redirect_uri) {
  return login_ ? login_->auth_url(redirect_uri) : Adapter::auth_url(std::move(redirect_uri));
}

asio::awaitable<Result<void>> AlpacaAdapter::handle_callback(std::string url) {
  if (!login_) co_return co_await Adapter::handle_callback(std::move(url));
  co_return co_await login_->handle_callback(std::move(url));
}

asio::awaitable<Result<void>> AlpacaAdapter::refresh_token() {
  if (!login_) co_return co_await Adapter::refresh_token();
  co_return co_await login_->refresh();
}

asio::awaitable<Result<void>> AlpacaAdapter::revoke_token() {
  if (!login_) co_return co_await Adapter::revoke_token();
  co_return co_await login_->revoke();
}

// ---- connection

gateway::RestLine::Make AlpacaAdapter::make(Request request) const {
  return [this, request = std::move(request)](Timestamp) { return credential_.whole(request); };
}

asio::awaitable<Result<std::string>> AlpacaAdapter::ask(Request request, gateway::About about) {
  gateway::RestLine& line = request.host == Host::Data ? data_ : rest_;
  co_return co_await line.ask(make(std::move(request)), std::move(about));
}

asio::awaitable<Result<void>> AlpacaAdapter::connect() {
  if (login_) {
    if (const auto login = co_await login_->ready(); !login) co_return login.error();
  }
  if (const auto clock = co_await rest_.measure_clock(true); !clock) co_return clock.error();
  const auto proof = co_await accounts();
  if (!proof) co_return proof.error();
  if (!proof->front().can_trade) spdlog::warn("{}: Alpaca says that this account may not trade", view(context_.account));
  if (const auto loaded = co_await load_instruments(); !loaded) co_return loaded.error();
  if (!is_streaming_) {
    if (const auto started = co_await order_stream_.start(); !started) co_return started.error();
    is_streaming_ = true;
    context_.events.on_state(Events::Part::MarketData, SessionStateKind::Ok, {});  // until somebody wants any
  }
  is_connected_ = true;
  rest_.start();
  start_refreshing();
  co_return Result<void>{};
}

asio::awaitable<void> AlpacaAdapter::disconnect() {
  is_connected_ = false;
  if (login_) co_await login_->stop();
  rest_.stop();
  stop_refreshing();
  co_await order_stream_.stop();
  co_await stock_stream_.stop();
  co_await crypto_stream_.stop();
}

asio::awaitable<Result<void>> AlpacaAdapter::load_hours() {
  constexpr std::int64_t day_ns = 86'400'000'000'000;
  const Timestamp now = rest_.broker_time_ns();
  const std::string first = gateway::utc_text(now - day_ns), last = gateway::utc_text(now + 14 * day_ns);
  const auto body = co_await ask(encode_calendar(first.substr(0, 10), last.substr(0, 10)));
  if (!body) co_return body.error();
  const auto days = decode_calendar(*body);
  if (!days) co_return days.error();
  auto hours = hours_of(*days);
  if (!hours) co_return hours.error();
  tell_hours(*std::move(hours));
  co_return Result<void>{};
}

void AlpacaAdapter::tell_hours(MarketHours hours) {
  hours_ = clock_ ? corrected(std::move(hours), *clock_) : std::move(hours);
  context_.events.on_market_hours(std::vector<MarketHours>(1, *hours_));
}

// A list of names by Alpaca's ids, so that an asset that is renamed is found as what it was.
asio::awaitable<Result<std::vector<Instrument>>> AlpacaAdapter::fetch_instruments() {
  if (const auto loaded = co_await load_hours(); !loaded) co_return loaded.error();
  std::vector<Instrument> instruments;
  std::map<std::string, Symbol> assets;
  std::map<std::string, Symbol> pairs;
  for (const std::string& asset_class : config_.asset_classes) {
    AssetsQuery query;
    query.status = "active";
    query.asset_class = asset_class;
    const auto body = co_await ask(encode_assets(query));
    if (!body) co_return body.error();
    const auto list = decode_assets(*body);
    if (!list) co_return list.error();
    for (const std::string& complaint : list->complaints) spdlog::warn("assets: {}", complaint);
    for (const Asset& asset : list->assets) {
      auto instrument = instrument_of(asset);
      if (!instrument) continue;
      if (asset_class == "us_equity") instrument->market = cut<32>(share_market);
      assets[asset.id] = instrument->symbol;
      std::string flat = asset.symbol;
      if (std::erase(flat, '/') > 0) pairs[flat] = instrument->symbol;
      instruments.push_back(*std::move(instrument));
    }
  }
  for (const auto& [id, symbol] : assets) {
    const auto before = assets_.find(id);
    if (before == assets_.end() || before->second == symbol) continue;
    spdlog::info("{}: {} is {} from now on", view(context_.account), view(before->second), view(symbol));
  }
  assets_ = std::move(assets);
  pairs_ = std::move(pairs);
  co_return instruments;
}

// ---- what is held

asio::awaitable<Result<std::vector<AccountInfo>>> AlpacaAdapter::accounts() {
  const auto body = co_await ask(encode_account());
  if (!body) co_return body.error();
  const auto account = decode_account(*body);
  if (!account) co_return account.error();
  AccountInfo info = account_info_of(*account);
  info.account = context_.account;
  info.gateway = context_.gateway;
  info.broker = "alpaca";
  info.environment = context_.environment;
  co_return std::vector<AccountInfo>(1, std::move(info));
}

asio::awaitable<Result<std::vector<Balance>>> AlpacaAdapter::balances() {
  const auto body = co_await ask(encode_account());
  if (!body) co_return body.error();
  const auto account = decode_account(*body);
  if (!account) co_return account.error();
  co_return balances_of(*account);
}

asio::awaitable<Result<std::vector<Position>>> AlpacaAdapter::positions() {
  const auto body = co_await ask(encode_positions());
  if (!body) co_return body.error();
  const auto list = decode_positions(*body);
  if (!list) co_return list.error();
  std::vector<Position> positions;
  for (const PositionFacts& each : *list) positions.push_back(position_of(each, symbol_of(each.asset_id, each.symbol)));
  co_return positions;
}

Symbol AlpacaAdapter::symbol_of(const std::string& asset_id, const std::string& symbol) const {
  if (const auto asset = assets_.find(asset_id); asset != assets_.end()) return asset->second;
  if (const auto pair = pairs_.find(symbol); pair != pairs_.end()) return pair->second;
  return our_symbol(symbol);
}

// Whether the market of this order is open, as the broker's clock told last.
bool AlpacaAdapter::trades_now(const Order& order) const {
  if (order.asset_class == "crypto") return true;
  if (!clock_) return false;
  const Timestamp now = rest_.broker_time_ns();
  return clock_->is_open ? now < clock_->next_close : now >= clock_->next_open && clock_->next_open < clock_->next_close;
}

}  // namespace busbar::alpaca
