#include "gateways/framework/account.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <spdlog/spdlog.h>

#include "bus/codec.hpp"
#include "gateways/framework/reconcile.hpp"

namespace busbar::gateway {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t state_interval_ns = 10 * second_ns;
constexpr std::int64_t trades_overlap_ns = 60 * second_ns;        // brokers stamp and list with some delay
constexpr std::int64_t trades_first_ns = 24 * 3600 * second_ns;   // orders were sent, and no fill is known
constexpr std::size_t probing_max = 4;                            // questions under way at a time
constexpr double probe_burst = 25;  // seconds' worth: after a crash many orders are in doubt at once, and then none

// The worst of the parts, where worse is later in this list.
int badness(SessionStateKind state) {
  switch (state) {
    case SessionStateKind::Ok: return 0;
    case SessionStateKind::ExpiresAt: return 1;
    case SessionStateKind::Stale: return 2;
    case SessionStateKind::Competing: return 3;
    case SessionStateKind::NeedsHuman: return 4;
    case SessionStateKind::Unset:
    case SessionStateKind::Down: return 5;
  }
  return 5;
}

bool works(SessionStateKind state) { return badness(state) <= badness(SessionStateKind::ExpiresAt); }

Command& command_of(Message& message) {
  if (auto* place = std::get_if<PlaceCommand>(&message.body)) return place->command;
  if (auto* cancel = std::get_if<CancelCommand>(&message.body)) return cancel->command;
  if (auto* replace = std::get_if<ReplaceCommand>(&message.body)) return replace->command;
  return std::get<AskCommand>(message.body).command;
}

std::string_view words_of(Events::Part part) {
  switch (part) {
    case Events::Part::Rest: return "rest";
    case Events::Part::OrderStream: return "order stream";
    case Events::Part::MarketData: return "market data";
    case Events::Part::Login: return "login";
  }
  return "";
}

}  // namespace

Account::Account(asio::io_context& loop, AccountOptions options, AccountOwner& owner)
    : loop_{loop},
      options_{std::move(options)},
      owner_{owner},
      probe_tokens_{static_cast<double>(options_.probes_per_second), options_.probes_per_second * probe_burst},
      symbols_{options_.symbols},
      timer_{loop},
      reconcile_timer_{loop} {
  part(Part::Login) = {SessionStateKind::Ok, {}, 0};  // most have none
}

void Account::attach(std::unique_ptr<Adapter> adapter) {
  adapter_ = std::move(adapter);
  in_doubt_ = InDoubt{adapter_->capabilities().absence_rule};
}

void Account::start() { asio::co_spawn(loop_, keep_connected(), asio::detached); }

asio::awaitable<void> Account::wait(std::chrono::milliseconds time) {
  timer_.expires_after(time);
  co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

// Only the first connection is ours to make: an adapter that has connected keeps its sessions up by itself.
asio::awaitable<void> Account::keep_connected() {
  Backoff backoff{options_.connect_first, options_.connect_most, options_.random};
  for (bool is_first = true; !is_stopping_; is_first = false) {
    Result<void> connected = Error{};
    try {
      connected = co_await adapter_->connect();
    } catch (const std::exception& error) {
      connected = Error{ErrorCode::Internal, error.what()};
    }
    if (connected) {
      is_connected_once_ = true;
      part(Part::Rest) = {SessionStateKind::Ok, {}, 0};
      spdlog::info("{}: connected", view(options_.account));
      owner_.on_connected(options_.account);
    } else {
      const Error& error = connected.error();
      spdlog::error("{}: connect: {} {}", view(options_.account), busbar::name_of(error.code), to_words(error.text));
      const bool needs_human = error.code == ErrorCode::AuthenticationFailed;
      part(Part::Rest) = {needs_human ? SessionStateKind::NeedsHuman : SessionStateKind::Down, error.text, 0};
    }
    publish_state();
    if (is_first) owner_.on_first_try(options_.account);
    if (connected) {
      want_reconcile();
      co_return;
    }
    co_await wait(backoff.next());
  }
}

void Account::announce_stop() {
  is_leaving_ = true;
  publish_state();
}

asio::awaitable<void> Account::stop() {
  is_stopping_ = true;
  timer_.cancel();
  reconcile_timer_.cancel();
  try {
    co_await adapter_->disconnect();
  } catch (const std::exception& error) {
    spdlog::error("{}: disconnect: {}", view(options_.account), error.what());
  }
}

std::optional<Error> Account::no_new_orders() {
  if (is_stopping_) return Error{ErrorCode::ConnectionError, "the gateway is stopping"};
  if (const PartState& login = part(Part::Login); !works(login.state)) {
    return Error{ErrorCode::AuthenticationFailed, login.reason};
  }
  if (!works(part(Part::Rest).state)) {
    return Error{ErrorCode::ConnectionError, "no connection to the broker: " + part(Part::Rest).reason};
  }
  if (!works(part(Part::OrderStream).state) && !options_.trade_without_order_stream) {
    return Error{ErrorCode::ConnectionError, "the order stream is down: " + part(Part::OrderStream).reason};
  }
  if (!breaker_.allows(options_.boottime())) {
    return Error{ErrorCode::ConnectionError,
                 "the broker has not answered the last orders; the next may go in some seconds"};
  }
  return std::nullopt;
}

// From its expiry in the broker's time an adapter knows when it is too late to write, and the absence rule counts. While the
// router's time is unknown nothing is started, and what another life of ours started was stamped before now.
Timestamp Account::in_broker_time(Timestamp router_time_ns) const {
  const Timestamp broker_now = adapter_->broker_time_ns();
  const std::optional<Timestamp> router_now = owner_.router_now();
  return router_now ? broker_now + (router_time_ns - *router_now) : std::max(router_time_ns, broker_now);
}

void Account::act(CommandKind kind, Message message) {
  Command& command = command_of(message);
  symbols_.insert(command.symbol);
  if (command.expire_time_ns != 0) command.expire_time_ns = in_broker_time(command.expire_time_ns);
  if (kind == CommandKind::Cancel) command.send_time_ns = in_doubt_.birth_of(command.venue_order_id);
  ++running_;
  asio::co_spawn(loop_, run_command(kind, std::move(message)), asio::detached);
}

asio::awaitable<Facts> Account::carry_out(CommandKind kind, const Message& message) {
  switch (kind) {
    case CommandKind::Place: return adapter_->place(std::get<PlaceCommand>(message.body));
    case CommandKind::Cancel: return adapter_->cancel(std::get<CancelCommand>(message.body));
    case CommandKind::Replace: return adapter_->replace(std::get<ReplaceCommand>(message.body));
    case CommandKind::Ask: break;
  }
  __builtin_unreachable();  // Ask is never acted on
}

asio::awaitable<void> Account::run_command(CommandKind kind, Message message) {
  const Command command = command_of(message);
  Facts facts;
  try {
    facts = co_await carry_out(kind, message);
  } catch (const std::exception& error) {
    // It may have been anywhere when it broke.
    facts.push_back(make_fact(command, VenueEvent::Unknown, ErrorCode::UnknownOutcome, error.what()));
  }
  complete(facts, command);
  --running_;
  const VenueReport& last = facts.back();
  note_line(last);
  if (last.event == VenueEvent::CancelRejected || last.event == VenueEvent::ReplaceRejected) {
    // "Unknown order" mostly means filled or cancelled a moment ago: where it stands is told before the refusal.
    Command question = command;
    question.send_time_ns = 0;
    if (const auto* replace = std::get_if<ReplaceCommand>(&message.body)) {
      question.venue_order_id = replace->orig_venue_order_id;
    }
    Result<Facts> status = co_await order_status(question);
    if (status) {
      for (VenueReport& fact : *status) {
        fact.account = options_.account;
        fact.command_id = 0;  // it answers no command: the refusal does
        if (fact.symbol.empty()) fact.symbol = command.symbol;
        fact.source = VenueSource::Probe;
      }
      if (!has(*status, VenueEvent::NotFound)) report_all(*status);
    }
  }
  settle(kind, command, facts);
}

void Account::note_line(const VenueReport& last) {
  const bool is_line_broken = last.event == VenueEvent::Unknown ||
                              (last.event == VenueEvent::NotSent && last.error == ErrorCode::ConnectionError);
  // One request may have carried many commands.
  const Timestamp failed = is_line_broken ? last.request_time_ns : 0;
  const bool is_same_request = failed != 0 && failed == std::exchange(last_failed_request_ns_, failed);
  if (is_same_request) return;
  if (is_line_broken) {
    breaker_.on_failure(options_.boottime());
  } else if (last.event == VenueEvent::NotSent) {
    breaker_.on_unsent();
  } else {
    breaker_.on_success();
  }
}

void Account::settle(CommandKind kind, const Command& command, const Facts& facts) {
  report_all(facts);
  const bool is_open = is_unknown(facts);
  owner_.on_command_facts(command.command_id, facts, !is_open);
  if (is_open) look_for(kind, command, facts.back().request_time_ns);
}

void Account::act_on_list(PlaceListCommand list) {
  symbols_.insert(list.commands.front().command.symbol);
  for (PlaceCommand& place : list.commands) {
    Timestamp& expiry = place.command.expire_time_ns;
    if (expiry != 0) expiry = in_broker_time(expiry);
  }
  ++running_;
  asio::co_spawn(loop_, run_list(std::move(list)), asio::detached);
}

// One request, and from then on as many orders as it named, each with a fate of its own.
asio::awaitable<void> Account::run_list(PlaceListCommand list) {
  Facts all;
  std::string broken;
  try {
    all = co_await adapter_->place_list(list);
  } catch (const std::exception& error) {
    broken = error.what();
  }
  --running_;
  for (const PlaceCommand& place : list.commands) {
    const Command& command = place.command;
    Facts facts;
    for (const VenueReport& fact : all) {
      if (fact.command_id == command.command_id) facts.push_back(fact);
    }
    if (facts.empty()) {  // it may have been anywhere when it broke
      facts.push_back(make_fact(command, VenueEvent::Unknown, ErrorCode::UnknownOutcome, broken));
    }
    complete(facts, command);
    note_line(facts.back());
    settle(CommandKind::Place, command, facts);
  }
}

asio::awaitable<Result<Facts>> Account::order_status(Command command) {
  try {
    co_return co_await adapter_->order_status(std::move(command));
  } catch (const std::exception& error) {
    co_return Error{ErrorCode::Internal, error.what()};
  }
}

void Account::ask(CommandKind kind, const Command& command) {
  look_for(kind, command, in_broker_time(command.expire_time_ns));
}

// An order that was to be placed did not exist before its command; of any other it is not known since when it does.
void Account::look_for(CommandKind kind, Command command, Timestamp request_time_ns) {
  const bool is_new = (kind == CommandKind::Place || kind == CommandKind::Replace) && owner_.router_now();
  command.send_time_ns = is_new && command.send_time_ns != 0 ? in_broker_time(command.send_time_ns) : 0;
  symbols_.insert(command.symbol);
  if (!in_doubt_.add(kind, command, request_time_ns, options_.boottime())) {
    return owner_.on_command_facts(command.command_id, {}, true);
  }
  start_probes();
}

void Account::start_probes() {
  const Timestamp now = options_.boottime();
  while (probing_ < probing_max && !is_stopping_) {
    const std::optional<Timestamp> due = in_doubt_.next_due();
    if (!due || *due > now || !probe_tokens_.take(now)) return;
    ++probing_;
    asio::co_spawn(loop_, probe(*in_doubt_.take_due(now)), asio::detached);
  }
}

asio::awaitable<void> Account::probe(Command command) {
  const Timestamp asked_at = adapter_->broker_time_ns();
  const std::uint64_t command_id = command.command_id;
  Result<Facts> status = co_await order_status(std::move(command));
  --probing_;
  const InDoubt::Answer answer = in_doubt_.on_answer(command_id, std::move(status), asked_at, options_.boottime());
  report_all(answer.facts);
  owner_.on_command_facts(command_id, answer.facts, answer.is_settled);
  start_probes();
}

void Account::report_all(const Facts& facts) {
  for (const VenueReport& fact : facts) {
    note_fill(fact);
    VenueReport report = fact;
    if (report.receive_time_ns == 0) report.receive_time_ns = options_.wall();
    owner_.report(std::move(report));
  }
}

// A report is held until the router has it, so what was reported need not be asked for again.
void Account::note_fill(const VenueReport& report) {
  if (report.event == VenueEvent::Fill) last_trade_time_ns_ = std::max(last_trade_time_ns_, report.transact_time_ns);
}

void Account::want_reconcile() {
  wants_reconcile_ = true;
  if (is_reconciling_ || !has_welcome_ || !is_connected_once_ || is_stopping_) return;
  is_reconciling_ = true;
  asio::co_spawn(loop_, keep_reconciling(), asio::detached);
}

asio::awaitable<void> Account::keep_reconciling() {
  Backoff backoff{std::chrono::milliseconds{1000}, std::chrono::milliseconds{30'000}, options_.random};
  while (wants_reconcile_ && !is_stopping_ && owner_.is_up()) {
    wants_reconcile_ = false;
    last_reconcile_ = options_.boottime();
    ReconcileTask task;
    task.account = options_.account;
    task.symbols = symbols_;
    const Timestamp broker_now = adapter_->broker_time_ns();
    task.trades_since_ns = last_trade_time_ns_ != 0 ? last_trade_time_ns_ - trades_overlap_ns
                           : child_orders_ == 0     ? broker_now - trades_overlap_ns
                                                    : broker_now - trades_first_ns;
    task.report = [this](VenueReport report) { on_report(std::move(report)); };
    Result<Reconciled> done = Error{};
    try {
      done = co_await reconcile(*adapter_, std::move(task));
    } catch (const std::exception& error) {
      done = Error{ErrorCode::Internal, error.what()};
    }
    if (done) {
      const bool was_reconciled = is_reconciled_;
      is_reconciled_ = works(part(Part::OrderStream).state) || options_.trade_without_order_stream;
      owner_.tell(*done);
      if (is_reconciled_ != was_reconciled) {
        spdlog::info("{}: reconciled, {} open orders", view(options_.account), done->open_orders);
        publish_state();
      }
      backoff.reset();
      continue;
    }
    const Error& error = done.error();
    spdlog::error("{}: reconcile: {} {}", view(options_.account), busbar::name_of(error.code), to_words(error.text));
    wants_reconcile_ = true;
    reconcile_timer_.expires_after(backoff.next());
    co_await reconcile_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  is_reconciling_ = false;
}

void Account::on_welcome(const GatewayAccount* account) {
  has_welcome_ = true;
  if (account != nullptr) {
    last_trade_time_ns_ = std::max(last_trade_time_ns_, account->last_trade_time_ns);
    child_orders_ = account->child_orders;
    epoch_ = account->epoch;
  }
  publish_state();
  want_reconcile();
}

SessionState Account::state() const {
  SessionState state;
  state.gateway = options_.gateway;
  state.account = options_.account;
  state.rest = part(Part::Rest).state;
  state.order_stream = part(Part::OrderStream).state;
  state.market_data = part(Part::MarketData).state;
  state.clock_offset_ns = clock_offset_ns_;
  state.reconciled = is_reconciled_;
  // Market data is no part of being able to trade, nor is an order stream that is not asked for; their own members say
  // how they are.
  const PartState& rest = part(Part::Rest);
  const PartState& stream = part(Part::OrderStream);
  const bool is_stream_worse = !options_.trade_without_order_stream && badness(stream.state) > badness(rest.state);
  const PartState& login = part(Part::Login);
  const PartState* worst = is_stream_worse ? &stream : &rest;
  // Without a login nothing else can be well: it is the cause, and what a person can mend.
  if (!works(login.state) || badness(login.state) > badness(worst->state)) worst = &login;
  state.state = is_leaving_ ? SessionStateKind::Down : worst->state;
  state.reason = is_leaving_ ? cut<256>("the gateway is stopping") : cut<256>(to_words(worst->reason));
  // What is renewed in time is nobody's deadline while another part has no more time than this.
  const bool is_ending = state.state == SessionStateKind::ExpiresAt;
  for (const PartState& each : parts_) {
    if (is_ending && each.state != SessionStateKind::ExpiresAt) continue;
    if (each.deadline_ns != 0 && (state.deadline_ns == 0 || each.deadline_ns < state.deadline_ns)) {
      state.deadline_ns = each.deadline_ns;
    }
  }
  return state;
}

void Account::publish_state() {
  last_state_ = options_.boottime();
  owner_.tell(state());
}

void Account::tick() {
  const Timestamp now = options_.boottime();
  start_probes();
  if (now - last_state_ >= state_interval_ns) publish_state();
  const auto interval = works(part(Part::OrderStream).state) ? options_.reconcile_interval : options_.poll_interval;
  const bool is_time = now - last_reconcile_ >= std::chrono::nanoseconds{interval}.count();
  // A key that was refused is tried again now and then: a person may have mended at the broker what was wrong with it.
  const SessionStateKind rest = part(Part::Rest).state;
  if (is_time && (works(rest) || rest == SessionStateKind::NeedsHuman)) want_reconcile();
}

void Account::on_report(VenueReport report) {
  report.account = options_.account;
  if (report.source == VenueSource::Unset) report.source = VenueSource::Stream;
  if (report.receive_time_ns == 0) report.receive_time_ns = options_.wall();
  note_fill(report);
  for (const std::uint64_t command_id : in_doubt_.on_news(report)) owner_.on_command_facts(command_id, {report}, true);
  owner_.report(std::move(report));
}

void Account::on_quote(Quote quote) { owner_.on_quote(options_.account, std::move(quote)); }

void Account::on_trade(Trade trade) { owner_.on_trade(options_.account, std::move(trade)); }

void Account::on_usage(RateUsage usage) {
  usage.account = options_.account;
  owner_.on_usage(std::move(usage));
}

void Account::on_instruments(std::vector<Instrument> instruments) { owner_.on_instruments(std::move(instruments)); }

void Account::on_state(Part which, SessionStateKind state, std::string reason, Timestamp deadline_ns) {
  PartState& known = part(which);
  const bool is_change = known.state != state;
  if (!is_change && known.reason == reason && known.deadline_ns == deadline_ns) return;
  const bool is_first_word = !known.is_told;  // why it has not come up
  known = {state, std::move(reason), deadline_ns, true};
  if (is_change || is_first_word) {
    spdlog::log(works(state) ? spdlog::level::info : spdlog::level::warn, "{}: {} is {} {}", view(options_.account),
                words_of(which), busbar::name_of(state), to_words(known.reason));
  }
  if (which == Part::OrderStream && !works(state) && !options_.trade_without_order_stream) is_reconciled_ = false;
  if (which == Part::Login && is_change && works(state)) timer_.cancel();  // what waited for it goes on at once
  publish_state();
}

void Account::on_clock_offset(std::int64_t broker_minus_ours_ns) { clock_offset_ns_ = broker_minus_ours_ns; }

void Account::on_order_stream_up() {
  is_reconciled_ = is_reconciled_ && options_.trade_without_order_stream;
  part(Part::OrderStream) = {SessionStateKind::Ok, {}, 0, true};
  publish_state();
  want_reconcile();
}

}  // namespace busbar::gateway
