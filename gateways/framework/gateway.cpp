#include "gateways/framework/gateway.hpp"

#include <algorithm>
#include <span>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "bus/codec.hpp"
#include "bus/topic.hpp"
#include "gateways/framework/redact.hpp"

namespace busbar::gateway {

namespace {

constexpr std::size_t instruments_page = 500;
constexpr std::size_t market_tables_max = 3000;  // markets and sessions, beside a page of instruments: a message has some 4000
constexpr std::size_t tape_body_max = 512u << 10;  // of one tape message; a longer body goes in several
constexpr std::chrono::milliseconds wind_down_most{2400};
constexpr std::chrono::milliseconds wind_down_least{250};  // what the router sent before it heard of it has come by then
constexpr int read_tries = 3;

// A broker's order or fill in the shape of a report, for people who ask what the broker lists.
ExecutionReport as_report(const VenueReport& fact) {
  ExecutionReport report;
  const Id& id = fact.venue_order_id.empty() ? fact.broker_order_id : fact.venue_order_id;
  report.client_order_id = id;
  report.exec_id = fact.trade_id.empty() ? id : fact.trade_id;
  const bool is_fill = fact.event == VenueEvent::Fill;
  report.exec_type = is_fill ? ExecType::Trade : ExecType::OrderStatus;
  const OrderStatus of_fill = OrderStatus::PartiallyFilled;
  report.order_status = fact.order_status != OrderStatus::Unset ? fact.order_status : of_fill;
  report.account = fact.account;
  report.symbol = fact.symbol;
  report.side = fact.side;
  report.order_qty = fact.order_qty;
  report.price = fact.price;
  report.cum_qty = fact.cum_qty;
  report.last_qty = fact.last_qty;
  report.last_px = fact.last_px;
  report.commission = fact.commission;
  report.commission_asset = fact.commission_asset;
  report.liquidity = fact.liquidity;
  report.venue_order_id = fact.venue_order_id;
  report.broker_order_id = fact.broker_order_id;
  report.trade_id = fact.trade_id;
  report.transact_time_ns = fact.transact_time_ns;
  report.is_working = fact.is_working;
  return report;
}

}  // namespace

Gateway::Gateway(asio::io_context& loop, GatewayOptions options, TapeSink tape)
    : loop_{loop},
      options_{std::move(options)},
      tape_{std::move(tape)},
      incarnation_{draw_incarnation()},
      book_{incarnation_},
      link_{loop,
            LinkOptions{.gateway = options_.name,
                        .environment = options_.environment,
                        .address = options_.gateways_address,
                        .incarnation = incarnation_,
                        .boottime = options_.boottime},
            RouterLink::Handlers{.make_hello = [this] { return make_hello(); },
                                 .is_ready = [this] { return is_ready(); },
                                 .on_acquainted = [this] { start_accounts(); },
                                 .on_welcome = [this](const GatewayWelcome& welcome) { on_welcome(welcome); },
                                 .on_ban = [this](const RateUsage& usage, std::int64_t left_ns) { on_ban(usage, left_ns); },
                                 .on_lost = [] {},
                                 .on_message = [this](Message message) { on_message(std::move(message)); }}},
      quotes_{loop, bus::Kind::Pub},
      timer_{loop} {
  quotes_.connect(options_.quotes_in_address);
}

Gateway::~Gateway() = default;

void Gateway::add_account(const Name& account, TlsContext& tls, Credentials credentials, const MakeAdapter& make) {
  AccountOptions account_options;
  account_options.gateway = options_.name;
  account_options.account = account;
  account_options.trade_without_order_stream = options_.trade_without_order_stream;
  account_options.symbols = options_.reconcile_symbols;
  account_options.probes_per_second = options_.probes_per_second;
  account_options.wall = options_.wall;
  account_options.boottime = options_.boottime;
  account_options.random = options_.random;
  auto made = std::make_unique<Account>(loop_, std::move(account_options), *this);
  const bool is_login = credentials.is_login();
  const bool is_none = credentials.is_none();
  const bool is_consumer = credentials.is_consumer();
  OnTape tape = [this, account, credentials](Tape&& record) { on_tape(std::move(record), account, credentials); };
  made->attach(make(AdapterContext{.loop = loop_,
                                   .tls = tls,
                                   .events = *made,
                                   .tape = std::move(tape),
                                   .gateway = options_.name,
                                   .account = account,
                                   .environment = options_.environment,
                                   .credentials = std::move(credentials),
                                   .cut_from = {},
                                   .held_back = held_back_}));
  if (is_login && made->adapter().auth_url({}).error().code == ErrorCode::Unsupported) {
    throw std::runtime_error{"account " + std::string{view(account)} + ": " + options_.broker +
                             " has no login: api_key and secret are wanted in place of client_id"};
  }
  if ((is_none || is_consumer) && !made->adapter().takes(is_none ? Proof::None : Proof::Consumer)) {
    throw std::runtime_error{"account " + std::string{view(account)} + ": " + options_.broker +
                             " wants other credentials: api_key and secret"};
  }
  accounts_.emplace(account, std::move(made));
}

// A broker is not spoken to before the router has said for how long it wants to hear nothing: our last life may have been told.
void Gateway::start() {
  link_.hello();
  asio::co_spawn(loop_, keep_ticking(), asio::detached);
}

void Gateway::start_accounts() {
  timer_.cancel();  // heartbeats begin
  if (std::exchange(is_started_, true) || is_stopping_) return;
  for (auto& [name, account] : accounts_) account->start();
}

asio::awaitable<void> Gateway::keep_ticking() {
  while (!is_stopping_) {
    link_.tick();
    for (auto& [name, account] : accounts_) account->tick();
    drop_subscriptions();
    timer_.expires_after(until_due());
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

// Whoever makes something due before its rest is over cancels the timer.
std::chrono::nanoseconds Gateway::until_due() {
  const bool is_asking = std::any_of(accounts_.begin(), accounts_.end(),
                                     [](const auto& account) { return account.second->in_doubt() > 0; });
  const std::chrono::nanoseconds left{link_.next_due() - options_.boottime()};
  // What was due and could not be done is tried again.
  if (is_asking || left.count() <= 0) return options_.tick;
  const std::chrono::nanoseconds rest{options_.rest};
  return std::min(left, rest - std::chrono::steady_clock::now().time_since_epoch() % rest);
}

void Gateway::stop(std::function<void()> done) {
  if (std::exchange(is_stopping_, true)) return;
  for (auto& [name, account] : accounts_) account->announce_stop();
  asio::co_spawn(loop_, wind_down(std::move(done)), asio::detached);
}

asio::awaitable<void> Gateway::wind_down(std::function<void()> done) {
  const auto begin = std::chrono::steady_clock::now();
  const auto lasts = [begin] { return std::chrono::steady_clock::now() - begin; };
  asio::steady_timer timer{loop_};
  const auto is_idle = [](const auto& account) { return account.second->running() == 0; };
  const auto is_quiet = [&] {
    return link_.held() == 0 && std::all_of(accounts_.begin(), accounts_.end(), is_idle);
  };
  while (lasts() < wind_down_least || (!is_quiet() && lasts() < wind_down_most)) {
    link_.tick();
    timer.expires_after(std::chrono::milliseconds{10});
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  if (!is_quiet()) spdlog::warn("stopped with {} reports that the router has not acknowledged", link_.held());
  for (auto& [name, account] : accounts_) co_await account->stop();
  co_await asio::post(loop_, asio::use_awaitable);  // what the tape has of the last answers goes first
  done();
}

// ---- to the router

GatewayHello Gateway::make_hello() const {
  GatewayHello hello;
  hello.gateway = options_.name;
  hello.incarnation = incarnation_;
  hello.broker = cut<32>(options_.broker);
  hello.version = BUSBAR_VERSION;
  if (!is_ready()) return hello;  // names no account, and asks for what the router remembers
  for (const auto& [name, account] : accounts_) {
    hello.accounts.push_back({});
    hello.accounts.back().account = name;
    Adapter& adapter = account->adapter();
    hello.capabilities = adapter.capabilities();
    // Accounts of one key or address share buckets; the scope tells them apart.
    for (const RateLimit& limit : adapter.rate_limits()) {
      const auto is_same = [&](const RateLimit& known) {
        return known.bucket == limit.bucket && known.scope == limit.scope && known.interval_ms == limit.interval_ms;
      };
      if (std::none_of(hello.rate_limits.begin(), hello.rate_limits.end(), is_same)) hello.rate_limits.push_back(limit);
    }
    hello.rate_costs = adapter.rate_costs();
  }
  return hello;
}

void Gateway::report(VenueReport report) { link_.report(std::move(report)); }

bool Gateway::tell(const Body& body) { return link_.tell(body); }

bool Gateway::is_up() { return link_.is_up(); }

std::optional<Timestamp> Gateway::router_now() const { return link_.router_now(); }

void Gateway::on_command_facts(std::uint64_t command_id, const Facts& facts, bool is_closed) {
  book_.on_facts(command_id, facts, is_closed);
  if (!is_closed) timer_.cancel();  // it is asked for
}

// The adapter knows our wall clock only; the ledger is kept in the router's time.
void Gateway::on_usage(RateUsage usage) {
  const std::pair key{usage.bucket, usage.scope};
  if (usage.blocked_until_ns != 0) {
    const std::optional<Timestamp> router_now = link_.router_now();
    if (router_now) usage.blocked_until_ns += *router_now - options_.wall();
    blocked_[key] = usage;
  }
  link_.tell(usage);
}

// One that the router could not read would cost it the page, and with that the whole list.
void Gateway::drop_unreadable(std::vector<Instrument>& instruments) const {
  const auto refusal_of = [this](std::vector<Instrument> some) {
    return link_.refusal_of(Instruments{options_.name, 0, true, std::move(some), 0, {}});
  };
  std::vector<Instrument> readable;
  for (std::size_t at = 0; at < instruments.size(); at += instruments_page) {
    const auto page = std::span{instruments}.subspan(at, std::min(instruments_page, instruments.size() - at));
    const bool is_whole = !refusal_of({page.begin(), page.end()});
    for (Instrument& each : page) {
      if (const auto refusal = is_whole ? std::nullopt : refusal_of({each})) {
        spdlog::error("{} {} is left out of the list: {}", view(each.symbol), view(each.broker_symbol), *refusal);
      } else {
        readable.push_back(std::move(each));
      }
    }
  }
  instruments = std::move(readable);
}

void Gateway::on_instruments(std::vector<Instrument> instruments) {
  drop_unreadable(instruments);
  instruments_ = std::move(instruments);
  instruments_as_of_ns_ = options_.wall();
  send_instruments();
}

// They go with the last page of the list, and what did not fit would cost the router the whole list: of so many markets only the
// next sessions are told, and the others with a later list.
void Gateway::on_market_hours(std::vector<MarketHours> markets) {
  std::size_t tables = markets.size();
  for (const MarketHours& each : markets) tables += each.sessions.size();
  if (tables > market_tables_max) {
    markets.resize(std::min(markets.size(), market_tables_max / 2));
    const std::size_t sessions_max = market_tables_max / markets.size() - 1;
    for (MarketHours& each : markets) each.sessions.resize(std::min(each.sessions.size(), sessions_max));
    spdlog::warn("{} markets and sessions are more than can be told: {} markets, and {} sessions of each at most", tables,
                 markets.size(), sessions_max);
  }
  markets_ = std::move(markets);
  send_instruments();
}

void Gateway::send_instruments() {
  if (instruments_.empty() || !link_.is_up()) return;
  std::uint32_t page_number = 0;
  for (std::size_t at = 0; at < instruments_.size(); at += instruments_page) {
    Instruments page;
    page.gateway = options_.name;
    page.page = page_number++;
    const auto piece = std::span{instruments_}.subspan(at, std::min(instruments_page, instruments_.size() - at));
    page.instruments.assign(piece.begin(), piece.end());
    page.is_last = at + piece.size() == instruments_.size();
    page.as_of_ns = instruments_as_of_ns_;
    if (page.is_last) page.markets = markets_;
    link_.tell(page);
  }
}

// The hello that counts names limits, which an adapter knows once it has connected; a broker that is away must not keep us
// silent for ever.
void Gateway::on_first_try(const Name&) {
  if (++tried_; is_ready()) link_.hello();
}

void Gateway::on_connected(const Name&) {
  if (is_ready()) link_.hello();
}

void Gateway::on_ban(const RateUsage& usage, std::int64_t left_ns) {
  if (is_ready()) return;  // what the broker has told this life is known here, and to the moment
  Timestamp& until_ns = (*held_back_)[usage.scope];
  until_ns = std::max(until_ns, options_.wall() + left_ns);
  spdlog::warn("the router remembers that the broker wants to hear nothing from {} for another {} s", view(usage.scope),
               left_ns / 1'000'000'000 + 1);
}

// ---- from the router

Account* Gateway::find(const Name& account) {
  const auto found = accounts_.find(account);
  return found == accounts_.end() ? nullptr : found->second.get();
}

void Gateway::on_welcome(const GatewayWelcome& welcome) {
  timer_.cancel();  // heartbeats begin
  send_instruments();
  for (const auto& [key, usage] : blocked_) link_.tell(usage);
  for (auto& [key, subscription] : subscriptions_) let_go(subscription);  // those still wanted are named again
  for (auto& [name, account] : accounts_) {
    const auto told = std::find_if(welcome.accounts.begin(), welcome.accounts.end(),
                                   [&, wanted = &name](const GatewayAccount& each) { return each.account == *wanted; });
    account->on_welcome(told == welcome.accounts.end() ? nullptr : &*told);
  }
}

void Gateway::on_message(Message message) {
  const bool is_ours = message.header.environment == options_.environment;
  if (const auto* place = std::get_if<PlaceCommand>(&message.body)) {
    const Command command = place->command;
    on_command(CommandKind::Place, std::move(message), command);
  } else if (const auto* cancel = std::get_if<CancelCommand>(&message.body)) {
    const Command command = cancel->command;
    on_command(CommandKind::Cancel, std::move(message), command);
  } else if (const auto* replace = std::get_if<ReplaceCommand>(&message.body)) {
    const Command command = replace->command;
    on_command(CommandKind::Replace, std::move(message), command);
  } else if (auto* list = std::get_if<PlaceListCommand>(&message.body)) {
    on_list(std::move(*list), is_ours);
  } else if (const auto* ask = std::get_if<AskCommand>(&message.body)) {
    const Command command = ask->command;
    on_command(CommandKind::Ask, std::move(message), command);
  } else if (!is_ours) {
    Reject reject;
    reject.ref_sequence = message.header.sequence;
    reject.error = ErrorCode::InvalidMessage;
    reject.field = "environment";
    reject.value = cut<64>(busbar::name_of(message.header.environment));
    link_.tell(reject, message.header.correlation_id);
  } else if (const auto* query = std::get_if<Query>(&message.body)) {
    asio::co_spawn(loop_, answer(*query, message.header.correlation_id), asio::detached);
  } else if (const auto* subscribe = std::get_if<Subscribe>(&message.body)) {
    on_subscribe(*subscribe);
  } else if (const auto* unsubscribe = std::get_if<Unsubscribe>(&message.body)) {
    on_unsubscribe(*unsubscribe);
  } else {
    spdlog::error("the router sent a {}, which is nothing for a gateway", busbar::name_of(message.body));
  }
}

Verdict Gateway::judge(CommandKind kind, const Command& command, bool is_environment_right) {
  Account* const account = find(command.account);
  Circumstances circumstances;
  circumstances.router_now = link_.router_now();
  circumstances.is_environment_right = is_environment_right;
  circumstances.is_account_ours = account != nullptr;
  if (is_stopping_) circumstances.no_new_orders = Error{ErrorCode::ConnectionError, "the gateway is stopping"};
  if (account != nullptr) circumstances.account_epoch = account->epoch();
  if (account != nullptr) circumstances.ask_account = [=] { return account->no_new_orders(); };
  Verdict verdict = book_.judge(kind, command, circumstances);
  if (!verdict.alarm.empty()) spdlog::critical("{}", verdict.alarm);
  if (verdict.act == Verdict::Act::Ask) timer_.cancel();  // it is asked for
  return verdict;
}

void Gateway::on_command(CommandKind kind, Message message, const Command& command) {
  const Verdict verdict = judge(kind, command, message.header.environment == options_.environment);
  switch (verdict.act) {
    case Verdict::Act::Do:
      find(command.account)->act(kind, std::move(message));
      break;
    case Verdict::Act::Ask:
      if (const auto* replace = std::get_if<ReplaceCommand>(&message.body)) find(command.account)->adapter().recall(*replace);
      find(command.account)->ask(kind, command);
      break;
    case Verdict::Act::Answer:
      tell_facts(verdict.facts);
      break;
    case Verdict::Act::Wait:
      break;
  }
}

// A list goes whole or not at all: one order of it that may not be placed now keeps back the others.
void Gateway::on_list(PlaceListCommand list, bool is_environment_right) {
  bool is_whole = !list.commands.empty();
  std::vector<const Command*> kept_back;
  for (const PlaceCommand& place : list.commands) {
    const Verdict verdict = judge(CommandKind::Place, place.command, is_environment_right);
    is_whole = is_whole && verdict.act == Verdict::Act::Do && place.command.account == list.commands[0].command.account;
    if (verdict.act == Verdict::Act::Do) kept_back.push_back(&place.command);
    if (verdict.act == Verdict::Act::Answer) tell_facts(verdict.facts);
    if (verdict.act == Verdict::Act::Ask) {
      find(place.command.account)->ask(CommandKind::Place, place.command);
    }
  }
  if (is_whole) return find(list.commands[0].command.account)->act_on_list(std::move(list));
  for (const Command* command : kept_back) {
    const Facts facts{make_fact(*command, VenueEvent::NotSent, ErrorCode::NotSent,
                                "another order of its list could not be placed now")};
    book_.on_facts(command->command_id, facts, true);
    tell_facts(facts);
  }
}

void Gateway::tell_facts(const Facts& facts) {
  for (VenueReport fact : facts) {
    if (fact.receive_time_ns == 0) fact.receive_time_ns = options_.wall();
    link_.report(std::move(fact));
  }
}

// ---- market data

void Gateway::on_subscribe(const Subscribe& subscribe) {
  if (find(subscribe.source) == nullptr) return;
  const SubscriptionKey key{subscribe.source, subscribe.symbol, subscribe.channel, subscribe.bar_interval_ms};
  Subscription& subscription = subscriptions_[key];
  subscription.drop_at = 0;
  if (subscription.is_active || subscription.is_busy) return;
  subscription.is_busy = true;
  asio::co_spawn(loop_, keep_subscribed(key), asio::detached);
}

void Gateway::on_unsubscribe(const Unsubscribe& unsubscribe) {
  const auto found = subscriptions_.find(
      {unsubscribe.source, unsubscribe.symbol, unsubscribe.channel, unsubscribe.bar_interval_ms});
  if (found != subscriptions_.end()) let_go(found->second);
}

void Gateway::let_go(Subscription& subscription) {
  if (subscription.drop_at != 0) return;
  subscription.drop_at = options_.boottime() + std::chrono::nanoseconds{options_.subscription_kept}.count();
}

void Gateway::drop_subscriptions() {
  const Timestamp now = options_.boottime();
  std::vector<SubscriptionKey> over;  // a coroutine may end at once and take its entry out of the map
  for (const auto& [key, subscription] : subscriptions_) {
    if (subscription.drop_at != 0 && now >= subscription.drop_at && !subscription.is_busy) over.push_back(key);
  }
  for (const SubscriptionKey& key : over) {
    subscriptions_[key].is_busy = true;
    asio::co_spawn(loop_, keep_subscribed(key), asio::detached);
  }
}

// Brings the adapter to where the subscription shall be: subscribed, or after its time, not.
asio::awaitable<void> Gateway::keep_subscribed(SubscriptionKey key) {
  Backoff backoff{std::chrono::milliseconds{500}, std::chrono::milliseconds{15'000}, options_.random};
  asio::steady_timer timer{loop_};
  for (;;) {
    Subscription& subscription = subscriptions_[key];
    const bool is_wanted = subscription.drop_at == 0 || options_.boottime() < subscription.drop_at;
    if (is_stopping_ || (is_wanted && subscription.is_active)) {
      subscription.is_busy = false;
      co_return;
    }
    if (!is_wanted && !subscription.is_active) {
      subscriptions_.erase(key);
      co_return;
    }
    const auto& [account, symbol, channel, bar_interval_ms] = key;
    Adapter& adapter = find(account)->adapter();
    Result<void> done = Error{};
    if (is_wanted) {
      done = co_await adapter.subscribe(symbol, channel, bar_interval_ms);
    } else {
      done = co_await adapter.unsubscribe(symbol, channel, bar_interval_ms);
    }
    Subscription& after = subscriptions_[key];
    if (done) {
      after.is_active = is_wanted;
      continue;
    }
    const Error& error = done.error();
    spdlog::warn("{}: {} of {}: {} {}", view(account), busbar::name_of(channel), view(symbol),
                 busbar::name_of(error.code), to_words(error.text));
    // A no of the broker's will be the same tomorrow; the line may be back in a moment.
    if (error.code != ErrorCode::ConnectionError && error.code != ErrorCode::RateLimited) {
      subscriptions_.erase(key);
      co_return;
    }
    timer.expires_after(backoff.next());
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void Gateway::on_quote(const Name& account, Quote quote) {
  publish(topic_of(Channel::Quote, view(account), view(quote.symbol)), account, std::move(quote));
}

void Gateway::on_trade(const Name& account, Trade trade) {
  publish(topic_of(Channel::Trade, view(account), view(trade.symbol)), account, std::move(trade));
}

void Gateway::on_bar(const Name& account, Bar bar) {
  publish(topic_of(Channel::Bar, view(account), view(bar.symbol), bar.interval_ms), account, std::move(bar));
}

void Gateway::on_book(const Name& account, Book book) {
  publish(topic_of(Channel::Book, view(account), view(book.symbol)), account, std::move(book));
}

void Gateway::on_ticker(const Name& account, Ticker ticker) {
  publish(topic_of(Channel::Ticker, view(account), view(ticker.symbol)), account, std::move(ticker));
}

template <class T>
void Gateway::publish(std::string topic, const Name& account, T tick) {
  tick.source = account;
  tick.incarnation = incarnation_;
  if (tick.receive_time_ns == 0) tick.receive_time_ns = options_.wall();
  tick.sequence = ++topic_sequences_[topic];
  Header header;
  header.environment = options_.environment;
  header.sender = options_.name;
  header.session = cut<32>(std::to_string(incarnation_));
  header.send_time_ns = options_.wall();
  // A hub that is away misses quotes, as it must: the next one is newer.
  static_cast<void>(quotes_.publish(topic, encode(header, Body{std::move(tick)})));
}

// ---- questions

asio::awaitable<void> Gateway::answer(Query query, std::uint64_t correlation_id) {
  if (!query.page_token.empty()) {
    std::optional<Answer> page = pages_.next(view(query.page_token), options_.boottime());
    if (!page) {
      page.emplace();
      page->kind = query.kind;
      page->error = ErrorCode::InvalidMessage;
      page->text = "page_token: unknown here, or too old; ask from the start";
    }
    tell_answer(*std::move(page), correlation_id);
    co_return;
  }
  Answer whole;
  try {
    whole = co_await ask_broker(query);
  } catch (const std::exception& error) {
    whole.error = ErrorCode::Internal;
    whole.text = cut<256>(to_words(error.what()));
  }
  whole.kind = query.kind;
  if (whole.as_of_ns == 0) whole.as_of_ns = options_.wall();
  const bool is_error = whole.error != ErrorCode::None;
  tell_answer(is_error ? std::move(whole) : pages_.split(std::move(whole), query.page_size, options_.boottime()), correlation_id);
}

// Whoever asked would wait in vain for what the router cannot read.
void Gateway::tell_answer(Answer answer, std::uint64_t correlation_id) {
  if (const auto refusal = link_.refusal_of(answer)) {
    spdlog::error("an answer about {} cannot be told: {}", busbar::name_of(answer.kind), *refusal);
    Answer instead;
    instead.kind = answer.kind;
    instead.as_of_ns = answer.as_of_ns;
    instead.error = ErrorCode::Internal;
    instead.text = cut<256>(to_words("what the broker said cannot be told: " + *refusal));
    answer = std::move(instead);
  }
  link_.tell(answer, correlation_id);
}

asio::awaitable<Answer> Gateway::ask_broker(Query query) {
  Answer answer;
  Result<void> done = Error{ErrorCode::InvalidMessage,
                            "account: \"" + std::string{view(query.account)} + "\" is not served here"};
  Account* account = find(query.account);
  if (account == nullptr && query.account.empty() && accounts_.size() == 1) account = accounts_.begin()->second.get();
  if (account != nullptr) done = co_await ask_account(*account, query, answer);
  if (!done) {
    answer.error = done.error().code;
    answer.text = cut<256>(to_words(done.error().text));
  }
  if (account == nullptr) co_return answer;
  for (ExecutionReport& order : answer.orders) order.account = account->name();
  answer.kind = query.kind;
  remember(answer, account->name());
  co_return answer;
}

asio::awaitable<Result<void>> Gateway::ask_account(Account& account, Query& query, Answer& answer) {
  switch (query.kind) {
    case QueryKind::Accounts:
    case QueryKind::Balances:
    case QueryKind::Positions: co_return co_await ask_what_is_held(account, query, answer);
    case QueryKind::Quote:
    case QueryKind::Book:
    case QueryKind::Ticker:
    case QueryKind::MarketTrades:
    case QueryKind::Bars: co_return co_await ask_market(account, query, answer);
    case QueryKind::Preview: co_return co_await ask_preview(account, query, answer);
    case QueryKind::VenueOrders:
    case QueryKind::VenueTrades: co_return co_await ask_venue_lists(account, query, answer);
    case QueryKind::AuthUrl:
    case QueryKind::HandleCallback:
    case QueryKind::RefreshToken:
    case QueryKind::RevokeToken: co_return co_await ask_login(account, query, answer);
    default:
      co_return Error{ErrorCode::Unsupported, "a gateway does not answer " + std::string{busbar::name_of(query.kind)}};
  }
}

template <class T>
asio::awaitable<Result<void>> Gateway::read(std::function<asio::awaitable<Result<T>>()> ask,
                                            std::function<void(T)> put) {
  Result<T> result = co_await retry_read<T>(
      loop_, read_tries, Backoff{std::chrono::milliseconds{100}, std::chrono::milliseconds{1000}, options_.random}, ask);
  if (!result) co_return result.error();
  put(std::move(*result));
  co_return Result<void>{};
}

asio::awaitable<Result<void>> Gateway::ask_what_is_held(Account& account, const Query& query, Answer& answer) {
  Adapter& adapter = account.adapter();
  if (query.kind == QueryKind::Balances) {
    co_return co_await read<std::vector<Balance>>(
        [&] { return adapter.balances(); },
        [&](std::vector<Balance> balances) { answer.balances = std::move(balances); });
  }
  if (query.kind == QueryKind::Positions) {
    co_return co_await read<std::vector<Position>>(
        [&] { return adapter.positions(); },
        [&](std::vector<Position> positions) { answer.positions = std::move(positions); });
  }
  co_return co_await read<std::vector<AccountInfo>>([&] { return adapter.accounts(); },
                                                    [&](std::vector<AccountInfo> accounts) {
                                                      for (AccountInfo& each : accounts) {
                                                        each.account = account.name();
                                                        each.gateway = options_.name;
                                                        each.broker = cut<32>(options_.broker);
                                                        each.environment = options_.environment;
                                                      }
                                                      answer.accounts = std::move(accounts);
                                                    });
}

asio::awaitable<Result<void>> Gateway::ask_market(Account& account, const Query& query, Answer& answer) {
  Adapter& adapter = account.adapter();
  const auto put = [&](auto& list) {
    return [&](auto tick) {
      tick.source = account.name();
      tick.incarnation = incarnation_;
      if (tick.symbol.empty()) tick.symbol = query.symbol;
      if (tick.receive_time_ns == 0) tick.receive_time_ns = options_.wall();
      list.push_back(std::move(tick));
    };
  };
  if (query.kind == QueryKind::Quote) {
    co_return co_await read<Quote>([&] { return adapter.quote(query.symbol); }, put(answer.quotes));
  }
  if (query.kind == QueryKind::Book) {
    co_return co_await read<Book>([&] { return adapter.book(query.symbol); }, put(answer.books));
  }
  if (query.kind == QueryKind::Ticker) {
    co_return co_await read<Ticker>([&] { return adapter.ticker(query.symbol); }, put(answer.tickers));
  }
  if (query.kind == QueryKind::MarketTrades) {
    co_return co_await read<std::vector<Trade>>([&] { return adapter.market_trades(query.symbol); },
                                                [&, put_trade = put(answer.trades)](std::vector<Trade> trades) {
                                                  for (Trade& trade : trades) put_trade(std::move(trade));
                                                });
  }
  if (!interval_name(query.bar_interval_ms)) {
    co_return Error{ErrorCode::InvalidMessage, "bar_interval_ms: " + std::to_string(query.bar_interval_ms) +
                                                   " is none of " + interval_names()};
  }
  co_return co_await read<std::vector<Bar>>(
      [&] { return adapter.history(query.symbol, query.bar_interval_ms, query.start_time_ns, query.end_time_ns); },
      [&, put_bar = put(answer.bars)](std::vector<Bar> bars) {
        for (Bar& bar : bars) put_bar(std::move(bar));
      });
}

asio::awaitable<Result<void>> Gateway::ask_preview(Account& account, const Query& query, Answer& answer) {
  if (!query.order) co_return Error{ErrorCode::InvalidMessage, "order: missing"};
  const NewOrder order = *query.order;
  if (order.account != account.name() || order.symbol != query.symbol) {
    co_return Error{ErrorCode::InvalidMessage, "order: of another account or symbol than the question"};
  }
  co_return co_await read<Preview>([&] { return account.adapter().preview(order); },
                                   [&](Preview preview) {
                                     preview.account = order.account;
                                     preview.symbol = order.symbol;
                                     preview.side = order.side;
                                     answer.previews.push_back(std::move(preview));
                                   });
}

asio::awaitable<Result<void>> Gateway::ask_venue_lists(Account& account, const Query& query, Answer& answer) {
  Adapter& adapter = account.adapter();
  if (query.kind == QueryKind::VenueOrders) {
    co_return co_await read<Facts>([&] { return adapter.orders(); },
                                   [&](Facts facts) {
                                     for (const VenueReport& fact : facts) {
                                       if (!query.symbol.empty() && fact.symbol != query.symbol) continue;
                                       answer.orders.push_back(as_report(fact));
                                     }
                                   });
  }
  if (query.symbol.empty()) co_return Error{ErrorCode::InvalidMessage, "symbol: executions are listed by symbol"};
  co_return co_await read<Facts>(
      [&] { return adapter.trades(std::vector<Symbol>{query.symbol}, query.start_time_ns); },
      [&](Facts facts) {
        for (const VenueReport& fact : facts) {
          if (query.end_time_ns != 0 && fact.transact_time_ns > query.end_time_ns) continue;
          answer.orders.push_back(as_report(fact));
        }
      });
}

// Never asked twice, for a code and a refresh token are good for one use.
asio::awaitable<Result<void>> Gateway::ask_login(Account& account, Query& query, Answer& answer) {
  Adapter& adapter = account.adapter();
  if (query.kind == QueryKind::HandleCallback) co_return co_await adapter.handle_callback(std::move(query.url));
  if (query.kind == QueryKind::RefreshToken) co_return co_await adapter.refresh_token();
  if (query.kind == QueryKind::RevokeToken) co_return co_await adapter.revoke_token();
  auto url = adapter.auth_url(query.url);
  if (!url) co_return url.error();
  answer.url = std::move(*url);
  co_return Result<void>{};
}

// What an account holds is worth knowing when its broker cannot be asked, as long as one sees how old it is.
void Gateway::remember(Answer& answer, const Name& account) {
  const QueryKind kind = answer.kind;
  if (kind != QueryKind::Accounts && kind != QueryKind::Balances && kind != QueryKind::Positions) return;
  const std::pair key{account, kind};
  if (answer.error == ErrorCode::None) {
    answer.as_of_ns = options_.wall();
    last_answers_[key] = answer;
    return;
  }
  const auto last = last_answers_.find(key);
  const bool is_away = answer.error == ErrorCode::ConnectionError || answer.error == ErrorCode::RateLimited;
  if (!is_away || last == last_answers_.end()) return;
  const std::string why{view(answer.text)};
  answer = last->second;
  answer.text = cut<256>("old: the broker could not be asked now: " + why);
}

// ---- the wire tape

// The sessions have cut what they were told to; this cuts the account's own secrets from wherever else they might turn
// up.
void Gateway::on_tape(Tape&& tape, const Name& account, const Credentials& credentials) {
  if (!tape_) return;
  tape.gateway = options_.name;
  tape.account = account;
  tape.incarnation = incarnation_;
  const Credentials::Consumer& consumer = credentials.consumer;
  for (const std::string_view secret : {credentials.api_key.reveal(), credentials.secret.reveal(),
                                        consumer.access_token.reveal(), consumer.access_token_secret.reveal()}) {
    for (std::string* const text : {&tape.target, &tape.headers, &tape.error}) cut_secret(*text, secret);
    cut_secret(tape.body, secret);
  }
  if (tape.body.size() <= tape_body_max) return tape_(std::move(tape));
  const Bytes body = std::move(tape.body);
  for (std::span<const std::uint8_t> rest = body; !rest.empty();) {
    const auto piece = rest.first(std::min(rest.size(), tape_body_max));
    tape.body.assign(piece.begin(), piece.end());
    rest = rest.subspan(piece.size());
    tape_(Tape{tape});
    tape.headers.clear();  // stand with the first piece
  }
}

}  // namespace busbar::gateway
