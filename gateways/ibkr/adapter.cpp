#include "gateways/ibkr/adapter.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "gateways/framework/utc.hpp"
#include "gateways/framework/words.hpp"
#include "gateways/ibkr/encode.hpp"
#include "gateways/ibkr/errors.hpp"
#include "gateways/ibkr/hours.hpp"

namespace busbar::ibkr {

namespace {

using gateway::About;
using gateway::Events;
using gateway::printable;
using std::chrono::milliseconds;

constexpr std::int64_t ms_ns = 1'000'000;
constexpr std::int64_t s_ns = 1'000'000'000;
constexpr std::uint32_t server_timeout_ms = 10'000;  // "took longer than this inside" is an answer of IBKR's
constexpr std::size_t bars_most = 1'000;
constexpr std::uint32_t position_pages_most = 100;

gateway::HttpOptions http_options(const IbkrConfig& config) {
  gateway::HttpOptions options;
  options.connections_max = config.connections_max;
  options.connections_ready = 2;
  options.answer_timeout = milliseconds{server_timeout_ms + 2'000};
  return options;
}

Result<Timestamp> time_in(const gateway::HttpResponse& http) {
  const std::string* date = http.header("date");
  const auto time = date ? gateway::parse_http_date(*date) : std::nullopt;
  if (!time) return Error{ErrorCode::InvalidMessage, "no Date header"};
  return *time + s_ns / 2;  // cut to a whole second: half of one is wrong by half of one at most
}

// What has not changed is left out.
void merge(MarketFields& known, const MarketFields& changed) {
  using Amount = std::optional<Decimal> MarketFields::*;
  for (const Amount amount :
       {&MarketFields::last, &MarketFields::bid, &MarketFields::ask, &MarketFields::bid_size, &MarketFields::ask_size,
        &MarketFields::last_size, &MarketFields::high, &MarketFields::low, &MarketFields::open, &MarketFields::close,
        &MarketFields::prior_close, &MarketFields::mark, &MarketFields::exact_volume}) {
    if (changed.*amount) known.*amount = changed.*amount;
  }
  known.conid = changed.conid;
  if (changed.updated_ns != 0) known.updated_ns = changed.updated_ns;
  if (!changed.availability.empty()) known.availability = changed.availability;
}

// IBKR counts back from now, and in units of its own.
std::string period_of(std::int64_t span_s) {
  constexpr std::int64_t hour_s = 3'600;
  constexpr std::int64_t day_s = 24 * hour_s;
  if (span_s <= 8 * hour_s) return std::to_string(std::max<std::int64_t>((span_s + hour_s - 1) / hour_s, 1)) + "h";
  return std::to_string(std::min<std::int64_t>((span_s + day_s - 1) / day_s, 1'000)) + "d";
}

std::vector<std::string> fields_asked() {
  std::vector<std::string> all;
  for (const std::string_view tag : {field::last, field::bid, field::ask, field::bid_size, field::ask_size, field::high,
                                     field::low, field::open, field::exact_volume, field::availability}) {
    all.emplace_back(tag);
  }
  return all;
}

bool wants_accounts(const Error& error) { return error.text.find("query /accounts first") != std::string::npos; }

}  // namespace

Capabilities ibkr_capabilities(std::uint32_t lost_after_ms) {
  using enum TimeInForce;
  Capabilities capabilities;
  capabilities.order_types = {OrderType::Market, OrderType::Limit, OrderType::Stop, OrderType::StopLimit};
  capabilities.times_in_force = {Day, GoodTillCancel, ImmediateOrCancel, AtTheOpening};
  const std::vector<TimeInForce> rest{Day, GoodTillCancel};
  capabilities.offers = {{OrderType::Stop, rest}, {OrderType::StopLimit, rest}};
  capabilities.can_replace = true;
  capabilities.can_cash_order_qty = true;  // where the contract's rules say so
  capabilities.can_extended_hours = true;
  capabilities.can_trailing_stop = true;
  capabilities.can_order_lists = true;
  capabilities.fill_quantity = FillQuantity::Cumulative;
  // IBKR says nowhere until when a lost request can act. Its servers give up after ten seconds, and so much is configured.
  capabilities.absence_rule = {.bound_ms = lost_after_ms, .look_ups = 2, .full_paging = true};
  capabilities.venue_order_id_length = 36;
  return capabilities;
}

IbkrAdapter::IbkrAdapter(IbkrConfig config, gateway::AdapterContext context)
    : SpotAdapter{std::move(context), "IBKR"},
      config_{std::move(config)},
      rules_{config_.rules_for(context_.account)},
      capabilities_{ibkr_capabilities(config_.lost_after_ms)},
      credential_{context_.credentials, config_.rest, config_.line},
      pace_{config_.paces},
      http_{context_.loop, context_.tls, config_.rest, http_options(config_),
            context_.tape = credential_.cut_for(std::move(context_.tape))},
      rest_{http_, context_, dialect()},
      login_{context_, rest_, credential_, config_.login_authorize},
      session_{context_, rest_, credential_, config_,
               {.prepare = [this] { return prepare_session(); },
                .on_renewed = [this](std::string why) { stream_.renew(std::move(why)); },
                .on_state = tell_state(Events::Part::Login)}},
      stream_{context_, rest_, credential_, session_, config_, stream_handlers()} {
  context_.cut_from = credential_.cutter();
  rest_.limit_to(rate_limits().front());
}

IbkrAdapter::~IbkrAdapter() = default;

// ---- asking

// Of a name, and of an address: whoever goes too far is shut out with all behind the same address.
std::vector<RateLimit> IbkrAdapter::rate_limits() const {
  auto limits = ibkr::rate_limits(config_.line, Name{"ibkr-ip"});
  limits.front().limit = config_.requests_per_second;
  return limits;
}

gateway::RestLine::Dialect IbkrAdapter::dialect() {
  gateway::RestLine::Dialect said;
  said.broker = "IBKR";
  said.limit.bucket = "requests";
  said.limit.scope = "ibkr-ip";
  said.limit.interval_ms = 1'000;
  said.meaning = [this](const gateway::HttpResponse& http, std::string_view target) { return meaning_of(http, target); };
  said.note_limits = [this](const gateway::HttpResponse& http) { credential_.take_cookies(http); };
  said.ask_time = [this](Timestamp now) {  // any answer bears a date; and what is a question is no refused write
    return credential_.whole({.method = "GET", .path = "/iserver/auth/status", .query = {}, .body = {}}, now);
  };
  said.time_of_answer = time_in;
  return said;
}

gateway::RestLine::Meaning IbkrAdapter::meaning_of(const gateway::HttpResponse& http, std::string_view target) {
  gateway::RestLine::Meaning meaning;
  if (target.empty()) return meaning;  // only what the time is was asked
  target.remove_prefix(std::min(config_.rest.target.size(), target.size()));
  const std::string_view path = target.substr(0, target.find('?'));
  const Judged judged = judge("GET", path, http.status, http.body);
  if (judged.verdict == Verdict::Ok) return meaning;
  meaning.error = Error{judged.error, judged.broker ? explained(*judged.broker) : "HTTP " + std::to_string(http.status)};
  if (judged.verdict == Verdict::RateLimited) {
    meaning.hold_back = config_.penalty;
    return meaning;
  }
  meaning.may_ask_again = is_worth_asking_again(judged) && !pace_.is_paced(path) && !wants_accounts(*meaning.error);
  const bool is_of_session = path.starts_with("/iserver") || path.starts_with("/portfolio");
  const bool is_away = http.status == 503 && is_of_session && path.find("/order/status/") == std::string_view::npos;
  if (http.status == 410) credential_.forget_token();
  // It says the same to a stamp that is too far from its clock as to a session that has ended.
  meaning.is_clock_wrong = http.status == 401 && credential_.is_straight();
  if (http.status == 401 || http.status == 410 || is_away || wants_session(judged)) session_.doubt(meaning.error->text);
  return meaning;
}

gateway::RestLine::Make IbkrAdapter::make(Request request) const {
  return [this, request = std::move(request)](Timestamp now) { return credential_.whole(request, now); };
}

asio::awaitable<void> IbkrAdapter::pace(std::string path) {
  const Timestamp now = boottime_now_ns();
  const Timestamp at = pace_.take(path, now);
  if (at <= now) co_return;
  co_await gateway::pause(context_.loop, std::chrono::ceil<milliseconds>(std::chrono::nanoseconds{at - now}));
}

asio::awaitable<Result<std::string>> IbkrAdapter::ask(Request request, About about) {
  co_await pace(request.path);
  auto body = co_await rest_.ask(make(request), about);
  if (body || !wants_accounts(body.error())) co_return body;
  if (auto prepared = co_await prepare_session(); !prepared) co_return prepared.error();
  co_await pace(request.path);
  co_return co_await rest_.ask(make(std::move(request)), std::move(about));
}

// What each new session wants to hear before anything else; nothing of the one before holds.
asio::awaitable<Result<void>> IbkrAdapter::prepare_session() {
  is_portfolio_awake_ = false;
  const auto body = co_await rest_.ask(make(encode_accounts()));
  if (!body) co_return body.error();
  const auto said = decode_accounts(*body);
  if (!said) co_return said.error();
  std::string account = rules_.broker_account;
  if (account.empty() && said->accounts.size() == 1) account = said->accounts.front();
  if (std::ranges::find(said->accounts, account) == said->accounts.end()) {
    std::string all;
    for (const std::string& each : said->accounts) all.append(all.empty() ? "" : ", ").append(each);
    co_return Error{ErrorCode::PermissionDenied,
                    "broker_account: " + (account.empty() ? "one of these is wanted" : account + " is none of these") + ": " + all};
  }
  const bool is_paper = said->is_paper.value_or(account.starts_with("DU") || account.starts_with("DF"));
  if (is_paper != (context_.environment == Environment::Paper)) {
    co_return Error{ErrorCode::PermissionDenied,
                    account + (is_paper ? " is a paper account, and this environment is live"
                                        : " is real money, and this environment is paper")};
  }
  if (said->accounts.size() > 1 && said->selected != account) {
    const auto selected = co_await rest_.ask(make(encode_select_account(account)));
    if (!selected) co_return selected.error();
  }
  if (!config_.suppressed.empty()) {
    const auto done = co_await rest_.ask(make(encode_suppress(config_.suppressed)));
    if (!done) co_return done.error();
  }
  broker_account_ = std::move(account);
  co_return Result<void>{};
}

// These have to be woken once in a session.
asio::awaitable<Result<std::string>> IbkrAdapter::ask_portfolio(Request request) {
  if (!is_portfolio_awake_) {
    const auto woken = co_await ask(encode_portfolio_accounts());
    if (!woken) co_return woken.error();
    is_portfolio_awake_ = true;
  }
  co_return co_await ask(std::move(request));
}

// ---- connection

asio::awaitable<Result<void>> IbkrAdapter::connect() {
  if (const auto clock = co_await rest_.measure_clock(true); !clock) {
    spdlog::warn("{}: IBKR's clock is not known, ours has to do: {}", view(context_.account), clock.error().text);
  }
  if (!credential_.has_access()) {  // and the address for it is told as soon as somebody asks
    const auto prepared = co_await login_.prepare();
    const Error error = prepared ? Error{ErrorCode::AuthenticationFailed, login_.log_in()} : prepared.error();
    context_.events.on_state(Events::Part::Login, SessionStateKind::NeedsHuman, error.text);
    co_return error;
  }
  if (!session_.is_up()) {
    if (const auto begun = co_await session_.begin(); !begun) co_return begun.error();
  }
  if (const auto loaded = co_await load_instruments(); !loaded) co_return loaded.error();
  if (!is_streaming_) {
    if (const auto started = co_await stream_.start(); !started) co_return started.error();
    is_streaming_ = true;
  }
  is_connected_ = true;
  session_.start();
  rest_.start();
  start_refreshing();
  co_return Result<void>{};
}

asio::awaitable<void> IbkrAdapter::disconnect() {
  is_connected_ = false;
  session_.stop();
  rest_.stop();
  stop_refreshing();
  co_await stream_.stop();
}

// ---- logins

Result<std::string> IbkrAdapter::auth_url(std::string redirect_uri) {
  if (!login_.is_possible()) return Adapter::auth_url(std::move(redirect_uri));
  return login_.auth_url(redirect_uri);
}

// What a person has allowed is proven by a session.
asio::awaitable<Result<void>> IbkrAdapter::handle_callback(std::string url) {
  if (!login_.is_possible()) co_return co_await Adapter::handle_callback(std::move(url));
  if (const auto allowed = co_await login_.handle_callback(std::move(url)); !allowed) co_return allowed.error();
  co_return co_await session_.begin();
}

// IBKR knows of no end but its own page's; from here on nobody can use it.
asio::awaitable<Result<void>> IbkrAdapter::revoke_token() {
  if (!login_.is_possible()) co_return co_await Adapter::revoke_token();
  if (const auto forgotten = co_await login_.forget(); !forgotten) co_return forgotten.error();
  session_.end(login_.log_in());
  stream_.renew("the login was ended");
  co_return Result<void>{};
}

// ---- contracts

asio::awaitable<Result<std::vector<SecDef>>> IbkrAdapter::ask_secdefs(std::vector<std::int64_t> conids) {
  std::vector<SecDef> all;
  for (std::size_t at = 0; at < conids.size(); at += secdef_max) {
    const auto first = conids.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = static_cast<std::ptrdiff_t>(std::min(secdef_max, conids.size() - at));
    const auto body = co_await ask(encode_secdef(std::vector<std::int64_t>(first, first + count)));
    if (!body) co_return body.error();
    auto page = decode_secdefs(*body);
    if (!page) co_return page.error();
    std::ranges::move(*page, std::back_inserter(all));
  }
  co_return all;
}

asio::awaitable<Result<SecDef>> IbkrAdapter::find_contract(Wanted wanted) {
  std::vector<std::int64_t> conids;
  if (wanted.conid != 0) {
    conids.push_back(wanted.conid);
  } else if (wanted.is_pair()) {
    const auto body = co_await ask(encode_search(wanted.ticker));
    if (!body && body.error().code != ErrorCode::InvalidSymbol) co_return body.error();
    const auto matches = body ? decode_search(*body) : Result<std::vector<SearchMatch>>{std::vector<SearchMatch>{}};
    if (!matches) co_return matches.error();
    conids = candidates_in(wanted, *matches);
  } else {
    const auto body = co_await ask(encode_stocks(spellings_of(wanted)));
    if (!body && body.error().code != ErrorCode::InvalidSymbol) co_return body.error();
    const auto stocks = body ? decode_stocks(*body) : Result<std::vector<StockList>>{std::vector<StockList>{}};
    if (!stocks) co_return stocks.error();
    conids = candidates_in(wanted, *stocks);
    if (conids.empty() && wanted.exchanges.empty()) {
      const auto months = co_await ask(encode_futures(spellings_of(wanted)));
      const auto futures = months ? decode_futures(*months) : Result<std::vector<Future>>{std::vector<Future>{}};
      if (futures && !futures->empty()) co_return futures_instead(wanted, *futures);
    }
  }
  if (conids.empty()) co_return choose(wanted, {});
  const auto secdefs = co_await ask_secdefs(std::move(conids));
  if (!secdefs) co_return secdefs.error();
  co_return choose(wanted, *secdefs);
}

// Where IBKR has no schedule of a contract its hours are not known, and its orders wait for the open there.
asio::awaitable<Result<void>> IbkrAdapter::add_hours(std::int64_t conid, std::string exchange, Instrument& instrument,
                                                     std::vector<MarketHours>& markets) {
  const auto body = co_await ask(encode_trading_schedule(conid));
  const auto said = body ? decode_trading_schedule(*body) : Result<TradingHours>{body.error()};
  using enum ErrorCode;
  const bool is_for_now = !said && (said.error().code == ConnectionError || said.error().code == RateLimited ||
                                    said.error().code == AuthenticationFailed);
  if (is_for_now) co_return said.error();
  if (said) sessions_[conid] = sessions_of(*said);
  const auto known = sessions_.find(conid);
  if (known != sessions_.end() && !known->second.empty()) {
    instrument.market = market_of(exchange, conid);
    const bool is_told = std::ranges::find(markets, instrument.market, &MarketHours::market) != markets.end();
    if (!is_told) markets.push_back({instrument.market, known->second});
    without_hours_.erase(conid);
  } else if (without_hours_.insert(conid).second) {
    on_doubt(std::string{view(instrument.symbol)} + ": when it trades is not known: " +
             (said ? "IBKR has no schedule of it" : said.error().text));
  }
  co_return Result<void>{};
}

// Each name that is configured, by IBKR's own answers. One that is nobody's, or several's, is told, and not traded.
asio::awaitable<Result<std::vector<Instrument>>> IbkrAdapter::fetch_instruments() {
  std::vector<Instrument> instruments;
  std::vector<MarketHours> markets;
  std::string refused;
  for (const Wanted& wanted : config_.symbols) {
    if (!contracts_.contains(wanted.symbol)) {
      auto found = co_await find_contract(wanted);
      if (!found && found.error().code != ErrorCode::InvalidSymbol) co_return found.error();
      if (!found) {
        spdlog::error("{}: {}", view(context_.account), found.error().text);
        refused.append(refused.empty() ? "" : "; ").append(found.error().text);
        continue;
      }
      if (found->asset_class == "FUT") futures_.insert(std::to_string(found->conid));
      contracts_.emplace(wanted.symbol, *std::move(found));
    }
    const SecDef& secdef = contracts_.at(wanted.symbol);
    const auto body = co_await ask(encode_info_and_rules(secdef.conid));
    if (!body) co_return body.error();
    const auto info = decode_contract_info(*body);
    if (!info) co_return info.error();
    Instrument instrument = instrument_of(wanted.symbol, contracts_.at(wanted.symbol), info->rules);
    const std::int64_t conid = contracts_.at(wanted.symbol).conid;
    std::string exchange = contracts_.at(wanted.symbol).listing_exchange;
    const auto hours = co_await add_hours(conid, std::move(exchange), instrument, markets);
    if (!hours) co_return hours.error();
    instruments.push_back(std::move(instrument));
  }
  context_.events.on_market_hours(std::move(markets));
  if (!refused.empty() && std::exchange(refused_symbols_, refused) != refused) on_doubt("symbols: " + refused);
  co_return instruments;
}

const Instrument* IbkrAdapter::by_conid(std::optional<std::int64_t> conid) const {
  return conid ? symbols_.by_broker_symbol(std::to_string(*conid)) : nullptr;
}

std::string_view IbkrAdapter::operator_of(const Instrument& instrument) const {
  const bool is_future = futures_.contains(std::string{view(instrument.broker_symbol)});
  return is_future ? std::string_view{config_.ext_operator} : std::string_view{};
}

// ---- what is held

asio::awaitable<Result<std::vector<AccountInfo>>> IbkrAdapter::accounts() {
  AccountInfo info;
  info.account = context_.account;
  info.gateway = context_.gateway;
  info.broker = "ibkr";
  info.environment = context_.environment;
  info.broker_account = printable<64>(broker_account_);
  info.can_trade = session_.is_up();
  co_return std::vector<AccountInfo>(1, std::move(info));
}

asio::awaitable<Result<std::vector<Balance>>> IbkrAdapter::balances() {
  const auto body = co_await ask_portfolio(encode_ledger(broker_account_));
  if (!body) co_return body.error();
  const auto rows = decode_ledger(*body);
  if (!rows) co_return rows.error();
  co_return balances_of(*rows);
}

asio::awaitable<Result<std::vector<Position>>> IbkrAdapter::positions() {
  // They are kept for a while there, unless one says not to.
  const auto fresh = co_await ask_portfolio(encode_positions_invalidate(broker_account_));
  if (!fresh) co_return fresh.error();
  std::vector<Position> positions;
  for (std::uint32_t page = 0; page < position_pages_most; ++page) {
    const auto body = co_await ask_portfolio(encode_positions(broker_account_, page));
    if (!body) co_return body.error();
    const auto rows = decode_positions(*body);
    if (!rows) co_return rows.error();
    for (const PositionRow& row : *rows) {
      const std::string conid = row.conid ? std::to_string(*row.conid) : row.description;
      if (auto position = position_of(row, our_symbol(conid))) positions.push_back(*std::move(position));
    }
    if (rows->size() < positions_page) co_return positions;
  }
  co_return Error{ErrorCode::InvalidMessage, "positions: the list does not end"};
}

// ---- market data

// The first question only wakes them.
asio::awaitable<Result<MarketFields>> IbkrAdapter::snapshot(std::int64_t conid) {
  constexpr int looks = 6;
  constexpr milliseconds first_pause{200};
  std::function<asio::awaitable<Result<MarketFields>>()> look = [this, conid]() -> asio::awaitable<Result<MarketFields>> {
    const auto body = co_await ask(encode_snapshot(std::vector<std::int64_t>(1, conid), fields_asked()));
    if (!body) co_return body.error();
    const auto all = decode_snapshot(*body);
    if (!all) co_return all.error();
    for (const MarketFields& each : *all) {
      if (each.conid == conid) co_return each;
    }
    co_return MarketFields{};
  };
  std::function<bool(const MarketFields&)> is_enough = [](const MarketFields& said) { return said.has_prices(); };
  const auto said = co_await gateway::ask_until<MarketFields>(context_.loop, looks, first_pause, look, is_enough);
  if (!said) co_return said.error();
  if (!said->has_prices()) co_return Error{ErrorCode::ConnectionError, "IBKR tells no prices of it, yet or at all"};
  if (!said->is_real_time().value_or(true)) {
    co_return Error{ErrorCode::PermissionDenied, "IBKR's prices of it are delayed or frozen: a subscription is missing there"};
  }
  co_return *said;
}

asio::awaitable<Result<Quote>> IbkrAdapter::quote(Symbol symbol) {
  const auto contract = contracts_.find(symbol);
  if (contract == contracts_.end()) co_return not_listed(view(symbol));
  const auto fields = co_await snapshot(contract->second.conid);
  if (!fields) co_return fields.error();
  auto quote = quote_of(*fields, symbol);
  if (!quote) co_return Error{ErrorCode::ConnectionError, "IBKR tells neither bid nor ask of it"};
  co_return *std::move(quote);
}

asio::awaitable<Result<Ticker>> IbkrAdapter::ticker(Symbol symbol) {
  const auto contract = contracts_.find(symbol);
  if (contract == contracts_.end()) co_return not_listed(view(symbol));
  const auto fields = co_await snapshot(contract->second.conid);
  if (!fields) co_return fields.error();
  auto ticker = ticker_of(*fields, symbol);
  if (!ticker) co_return Error{ErrorCode::ConnectionError, "IBKR tells no prices of it"};
  co_return *std::move(ticker);
}

asio::awaitable<Result<std::vector<Bar>>> IbkrAdapter::history(Symbol symbol, std::uint32_t bar_interval_ms,
                                                               Timestamp start_ns, Timestamp end_ns) {
  const auto contract = contracts_.find(symbol);
  if (contract == contracts_.end()) co_return not_listed(view(symbol));
  const auto bar = bar_of_interval(bar_interval_ms);
  if (!bar) co_return Error{ErrorCode::Unsupported, "IBKR has no bars of this length"};
  const Timestamp now = rest_.broker_time_ns();
  const std::int64_t length_s = bar_interval_ms / 1000;
  const std::int64_t most_s = static_cast<std::int64_t>(bars_most) * length_s;
  const std::int64_t span_s = start_ns > 0 ? std::min((now - start_ns) / s_ns + length_s, most_s) : 100 * length_s;
  const HistoryQuery query{.conid = contract->second.conid, .period = period_of(span_s), .bar = std::string{*bar}};
  const auto held = co_await history_turn_.take();  // five at a time are allowed
  const auto body = co_await ask(encode_history(query));
  if (!body) co_return body.error();
  const auto said = decode_history(*body);
  if (!said) co_return said.error();
  std::vector<Bar> bars;
  for (const HistoryBar& each : said->bars) {
    if (each.time_ns < start_ns || (end_ns > 0 && each.time_ns > end_ns)) continue;
    Bar made = bar_of(each, *said, symbol, each.time_ns + bar_interval_ms * ms_ns <= now);
    made.interval_ms = bar_interval_ms;
    bars.push_back(std::move(made));
  }
  co_return bars;
}

asio::awaitable<Result<void>> IbkrAdapter::subscribe(Symbol symbol, Channel channel, std::uint32_t) {
  const auto contract = contracts_.find(symbol);
  if (contract == contracts_.end()) co_return not_listed(view(symbol));
  if (channel != Channel::Quote && channel != Channel::Ticker) {
    co_return Error{ErrorCode::Unsupported, "IBKR streams quotes and tickers, and nothing else"};
  }
  const std::int64_t conid = contract->second.conid;
  auto& wanted = wanted_quotes_[conid];
  wanted.insert({symbol, channel});
  stream_.subscribe(conid);  // again, too: then it tells all, which the new one has not heard
  co_return Result<void>{};
}

asio::awaitable<Result<void>> IbkrAdapter::unsubscribe(Symbol symbol, Channel channel, std::uint32_t) {
  const auto contract = contracts_.find(symbol);
  if (contract == contracts_.end()) co_return not_listed(view(symbol));
  const std::int64_t conid = contract->second.conid;
  wanted_quotes_[conid].erase({symbol, channel});
  if (!wanted_quotes_[conid].empty()) co_return Result<void>{};
  wanted_quotes_.erase(conid);
  quotes_.erase(conid);
  stream_.unsubscribe(conid);
  co_return Result<void>{};
}

void IbkrAdapter::on_quote(const MarketFields& changed, Timestamp receive_time_ns) {
  const auto wanted = wanted_quotes_.find(changed.conid);
  if (wanted == wanted_quotes_.end()) return;
  MarketFields& known = quotes_[changed.conid];
  merge(known, changed);
  if (!known.is_real_time().value_or(true)) {  // nobody shall trade on it
    if (told_delayed_.insert(changed.conid).second) {
      spdlog::warn("{}: quotes of {} are delayed or frozen ({}), and are not told", view(context_.account), changed.conid,
                   known.availability);
    }
    return;
  }
  for (const auto& [symbol, channel] : wanted->second) {
    if (channel == Channel::Quote) {
      if (!changed.bid && !changed.ask && !changed.bid_size && !changed.ask_size) continue;
      if (auto quote = quote_of(known, symbol)) {
        quote->receive_time_ns = receive_time_ns;
        context_.events.on_quote(*std::move(quote));
      }
    } else if (auto ticker = ticker_of(known, symbol); ticker && changed.has_prices()) {
      ticker->receive_time_ns = receive_time_ns;
      context_.events.on_ticker(*std::move(ticker));
    }
  }
}

}  // namespace busbar::ibkr
