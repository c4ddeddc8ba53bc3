#include "router/shell.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <tuple>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "bus/codec.hpp"
#include "router/replay.hpp"

namespace busbar::router {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::int64_t beat_interval_ns = 50 * ns_per_ms;  // while something waits that can be done at any time
constexpr std::int64_t beat_rest_ns = 250 * ns_per_ms;     // at most, while nothing does
constexpr std::size_t backlog_max = 64u << 20;  // bytes that wait for the disk; then nothing more is read
constexpr std::size_t queries_max = 1000;
constexpr std::int64_t query_patience_ns = 15'000'000'000;
constexpr std::size_t past_lives_max = 64;

// What the waiting costs is measured with a second router (tools/bench). None that is shipped is built so.
#ifdef BUSBAR_OUTPUTS_DO_NOT_WAIT
constexpr bool outputs_wait = false;
#else
constexpr bool outputs_wait = true;
#endif

template <class T, class... Bodies>
constexpr bool is_one_of = (std::is_same_v<T, Bodies> || ...);

template <class... Bodies>
bool holds(const Body& body) {
  return std::visit([]<class T>(const T&) { return is_one_of<T, Bodies...>; }, body);
}

// The commands that a message to a gateway carries; the ids of a list's follow one another.
struct CommandIds {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

CommandIds command_ids_of(const Body& body) {
  return std::visit(
      []<class T>(const T& value) -> CommandIds {
        if constexpr (is_one_of<T, PlaceCommand, CancelCommand, ReplaceCommand, AskCommand>)
          return {value.command.command_id, 1};
        if constexpr (is_one_of<T, PlaceListCommand>)
          return {value.commands.front().command.command_id, value.commands.size()};
        return {};
      },
      body);
}

// What a refused order is told by, before the core has seen it.
ExecutionReport refusal_of(const NewOrder& order) {
  ExecutionReport report;
  report.client_order_id = order.client_order_id;
  report.exec_type = ExecType::Rejected;
  report.account = order.account;
  report.symbol = order.symbol;
  report.side = order.side;
  report.order_type = order.order_type;
  report.order_qty = order.order_qty;
  report.price = order.price;
  return report;
}

constexpr std::string_view alarm = "ALARM: ";

// What a person has to know at once: an order whose fate is unknown, how that ended, and what contradicts our books.
bool is_alarm(const ExecutionReport& report) {
  return report.exec_type == ExecType::InDoubt || report.exec_type == ExecType::NeverSeen ||
         view(report.text).starts_with(alarm);
}

// What one record says of many orders of an account, as our own start does, is one alarm.
void note_alarms(const std::vector<Decision>& decisions) {
  constexpr std::size_t named_max = 5;
  std::map<std::tuple<Name, OrderStatus, std::string_view>, std::vector<const ExecutionReport*>> alarms;
  for (const Decision& decision : decisions) {
    const auto* report = std::get_if<ExecutionReport>(&decision.body);
    const bool is_once = decision.drop_copy || decision.destination == Destination::DropCopy;
    if (!report || !is_once || !is_alarm(*report)) continue;
    alarms[{report->account, report->order_status, view(report->text)}].push_back(report);
  }
  for (const auto& [what, reports] : alarms) {
    const auto& [account, status, said] = what;
    const std::string_view text = said.starts_with(alarm) ? said.substr(alarm.size()) : said;
    std::string names;
    for (std::size_t i = 0; i < std::min(reports.size(), named_max); ++i) {
      names += std::string{i == 0 ? "" : ", "} + std::to_string(reports[i]->order_id) + " (" +
               std::string{view(reports[i]->client_order_id)} + ")";
    }
    if (reports.size() == 1) {
      spdlog::critical("ALARM: order {} of account {} is {}: {}", names, view(account), name_of(status), text);
    } else {
      spdlog::critical("ALARM: {} orders of account {} are {}: {}: {}{}", reports.size(), view(account), name_of(status),
                       text, names, reports.size() > named_max ? ", ..." : "");
    }
  }
}

// What the drop copy hears of a report that went to a session or a REQ: nothing of their conversation.
std::optional<Message> drop_copy_of(std::span<const std::uint8_t> bytes) {
  auto message = decode(bytes);
  auto* report = message ? std::get_if<ExecutionReport>(&message->body) : nullptr;
  if (!report) return std::nullopt;
  report->report_number = 0;
  message->header.session.clear();
  message->header.correlation_id = 0;
  return std::move(*message);
}

std::string topic(std::string_view kind, const Name& account) {
  return std::string{kind} + "." + std::string{view(account)};
}

}  // namespace

Shell::Shell(asio::io_context& loop, ShellOptions options, Core core, Log& log, Timestamp last_record_ns,
             std::vector<PastReport> past_reports)
    : options_{std::move(options)},
      core_{std::move(core)},
      log_{log},
      clock_{last_record_ns},
      orders_{loop, bus::Kind::Router},
      gateways_{loop, bus::Kind::Router, {.send_queue_max = options_.gateway_queue_max}},
      reports_{loop, bus::Kind::XPub},
      sessions_{options_.sessions,
                {[this](const bus::RoutingId& peer, std::span<const std::uint8_t> bytes) {
                   return orders_.send(peer, bytes);
                 },
                 [this](const Name& client, const Name& session, std::uint64_t first) {
                   audit_.fetch(client, session, first);
                 }}},
      audit_{loop,
             options_.bus.audit_core,
             options_.configuration.environment,
             log,
             options_.log_directory,
             {[this](std::uint64_t sequence) {
                log_.set_audited(sequence);
                sessions_.set_audited(sequence);
                if (options_.waits_for_archive) release();
                if (on_stopped_) finish_stop();
              },
              [this](const Name& client, const Name& session, std::uint64_t number,
                     std::span<const std::uint8_t> message) { sessions_.on_fetched(client, session, number, message); },
              [this](const Name& client, const Name& session) { sessions_.on_fetch_end(client, session); }}},
      durable_{loop, ::dup(log.event_file())},
      beat_{loop},
      deadline_{loop},
      output_timer_{loop} {
  for (const ClientRule& rule : options_.configuration.clients) clients_[rule.client] = rule;
  for (const AccountRule& rule : options_.configuration.accounts) {
    gateway_of_[rule.account] = rule.gateway;
    lines_[rule.gateway];
  }
  for (PastReport& past : past_reports) {
    sessions_.on_report(past.client, past.session, past.number, past.record, std::move(past.message));
  }

  CoreStart start;
  start.core_version = core_version;
  start.version = BUSBAR_VERSION;
  note(start);
  note(options_.configuration);
  finish_batch();

  using Peer = const bus::RoutingId&;
  using View = std::span<const std::uint8_t>;
  orders_.on_message([this](Peer peer, std::string_view, View bytes) { on_client_bytes(peer, bytes); });
  gateways_.on_message([this](Peer peer, std::string_view, View bytes) { on_gateway_bytes(peer, bytes); });
  orders_.on_batch_end([this] { finish_batch(); });
  gateways_.on_batch_end([this] { finish_batch(); });
  reports_.bind(options_.bus.reports);
  gateways_.bind(options_.bus.gateways);
  orders_.bind(options_.bus.orders);
  wait_durable();
  beat();
}

Shell::~Shell() = default;

Header Shell::header(Timestamp now_ns) const {
  Header header;
  header.environment = options_.configuration.environment;
  header.sender = "router";
  header.send_time_ns = now_ns;
  return header;
}

Timestamp Shell::now() { return clock_.now().time_ns; }

// ---- What clients say

bool Shell::is_ours(const Header& header, bus::Endpoint& endpoint, const bus::RoutingId& peer) {
  Reject no;
  if (header.environment != options_.configuration.environment) {
    no.error = ErrorCode::InvalidMessage;
    no.field = "environment";
    no.value = cut<64>(name_of(header.environment));
    no.text = cut<256>("this router is " + std::string{name_of(options_.configuration.environment)});
  } else if (view(header.sender) == "router") {
    no.error = ErrorCode::PermissionDenied;
    no.field = "sender";
    no.value = header.sender;
    no.text = "is the router's own name";
  } else {
    return true;
  }
  reject(endpoint, peer, header, std::move(no));
  return false;
}

void Shell::reject(bus::Endpoint& endpoint, const bus::RoutingId& peer, const Header& asked, Reject reject) {
  ++refused_;
  reject.ref_sequence = asked.sequence;
  Header answer = header(now());
  answer.session = asked.session;
  answer.correlation_id = asked.correlation_id;
  static_cast<void>(endpoint.send(peer, encode(answer, Body{std::move(reject)})));
}

void Shell::reject_unreadable(bus::Endpoint& endpoint, const bus::RoutingId& peer, std::span<const std::uint8_t> bytes,
                              const Error& error) {
  const auto asked = decode_header(bytes);
  Reject no;
  no.error = error.code;
  no.text = cut<256>(error.text);
  reject(endpoint, peer, asked ? *asked : Header{}, std::move(no));
}

// What is of a later schema is refused, and written down as it came: a build that knows it can read it there.
void Shell::keep_unread(std::span<const std::uint8_t> bytes, const Error& error) {
  if (error.code != ErrorCode::Unsupported || bytes.size() > log_.payload_max()) return;
  const auto asked = decode_header(bytes);
  const bool is_known = asked && asked->environment == options_.configuration.environment &&
                        (clients_.contains(asked->sender) || lines_.contains(asked->sender));
  if (!is_known || !log_.accepts_orders() || log_.is_full()) return;
  const RecordTime time = clock_.now();
  log_.append(RecordKind::Unread, time.time_ns, time.wall_ns, bytes);
  write_outputs();
}

void Shell::on_client_bytes(const bus::RoutingId& peer, std::span<const std::uint8_t> bytes) {
  auto message = decode(bytes);
  if (!message) {
    keep_unread(bytes, message.error());
    return reject_unreadable(orders_, peer, bytes, message.error());
  }
  if (bytes.size() > log_.payload_max()) {
    return reject_unreadable(orders_, peer, bytes, {ErrorCode::InvalidMessage, "larger than the log's segments take"});
  }
  if (is_ours(message->header, orders_, peer)) on_client_message(peer, std::move(*message), bytes);
}

void Shell::on_client_message(const bus::RoutingId& peer, Message&& message, std::span<const std::uint8_t> bytes) {
  const Header& asked = message.header;
  const Body& body = message.body;
  const bool has_session = !asked.session.empty();
  if (const auto* hello = std::get_if<Hello>(&body); hello && has_session) {
    if (refuse_for_log(peer, message)) return;
    sessions_.on_hello(asked, *hello, peer, boottime_now_ns());
    arm_beat(next_beat_ns());
    return take(peer, std::move(message), bytes);
  }
  if (has_session && !sessions_.hear(asked, peer, boottime_now_ns())) {
    return reject(orders_, peer, asked,
                  {0, ErrorCode::HelloNeeded, cut<32>("session"), cut<64>(view(asked.session)),
                   cut<256>("this connection has not said Hello for it, or has been given up")});
  }
  if (holds<Heartbeat>(body))
    return answer_heartbeat(orders_, peer, asked, has_session ? sessions_.last_sent(asked) : 0);
  if (const auto* query = std::get_if<Query>(&body)) {
    Asked question{peer, asked, *query, {}, 0};
    if (queries_.size() + forwarded_.size() < queries_max) return queries_.push_back(std::move(question));
    return answer_error(question, ErrorCode::RateLimited, "too many questions wait already");
  }
  const bool is_input =
      holds<NewOrder, CancelOrder, ReplaceOrder, CancelAll, NewOrderList, CancelOrderList, Subscribe, Unsubscribe>(
          body) ||
      (has_session && holds<Logout>(body));
  if (!is_input) {
    return reject(orders_, peer, asked,
                  {0, ErrorCode::Unsupported, cut<32>("body"), cut<64>(name_of(body)),
                   cut<256>(holds<ResendRequest>(body) ? "what is missing comes again after a Hello that names the last report"
                                                       : "is not what a client says here")});
  }
  if (refuse_for_log(peer, message)) return;
  if (holds<Logout>(body)) sessions_.on_logout(asked);
  take(peer, std::move(message), bytes);
}

// Before a record is made of it: a log that is nearly full takes no new order, and a full one nothing at all.
bool Shell::refuse_for_log(const bus::RoutingId& peer, const Message& message) {
  const bool is_new = holds<NewOrder, NewOrderList, ReplaceOrder>(message.body);
  if (is_new ? log_.accepts_orders() && !log_.is_full() : !log_.is_full()) return false;
  const std::string_view why = "the log is nearly full: the archive has not taken its records";
  const Header& asked = message.header;
  const auto* order = std::get_if<NewOrder>(&message.body);
  const auto* list = std::get_if<NewOrderList>(&message.body);
  const auto* replace = std::get_if<ReplaceOrder>(&message.body);
  const auto* cancel = std::get_if<CancelOrder>(&message.body);
  ExecutionReport report;
  if (order) {
    report = refusal_of(*order);
  } else if (list && !list->orders.empty()) {
    for (const NewOrder& each : list->orders) {
      report = refusal_of(each);
      report.list_id = list->list_id;
      refuse(peer, asked, std::move(report), why);
      if (asked.session.empty()) break;  // a REQ takes one answer
    }
    return true;
  } else if (replace) {
    report.client_order_id = replace->client_order_id;
    report.orig_client_order_id = replace->orig_client_order_id;
    report.order_id = replace->order_id;
    report.exec_type = ExecType::ReplaceRejected;
  } else if (cancel) {
    report.client_order_id = cancel->client_order_id;
    report.orig_client_order_id = cancel->orig_client_order_id;
    report.order_id = cancel->order_id;
    report.exec_type = ExecType::CancelRejected;
  } else {
    reject(orders_, peer, asked, {0, ErrorCode::JournalDown, {}, {}, cut<256>(why)});
    return true;
  }
  refuse(peer, asked, std::move(report), why);
  return true;
}

void Shell::refuse(const bus::RoutingId& peer, const Header& asked, ExecutionReport report, std::string_view why) {
  ++refused_;
  Header answer = header(now());
  answer.session = asked.session;
  answer.correlation_id = asked.correlation_id;
  report.exec_id = cut<64>("j" + std::to_string(answer.send_time_ns) + "-" + std::to_string(refused_));
  report.order_status = OrderStatus::Rejected;
  report.report_time_ns = answer.send_time_ns;
  report.error = ErrorCode::JournalDown;
  report.text = cut<256>(why);
  static_cast<void>(orders_.send(peer, encode(answer, Body{std::move(report)})));
}

void Shell::answer_heartbeat(bus::Endpoint& endpoint, const bus::RoutingId& peer, const Header& asked,
                             std::uint64_t last_report) {
  Header answer = header(now());
  answer.session = asked.session;
  answer.correlation_id = asked.correlation_id;
  static_cast<void>(
      endpoint.send(peer, encode(answer, Body{Heartbeat{answer.send_time_ns, asked.sequence, last_report}})));
}

// ---- What gateways say

Shell::Line* Shell::find_line(const Name& gateway) {
  if (last_line_ != nullptr && last_line_->first == gateway) return &last_line_->second;
  const auto at = lines_.find(gateway);
  if (at == lines_.end()) return nullptr;
  last_line_ = &*at;
  return &at->second;
}

void Shell::on_gateway_bytes(const bus::RoutingId& peer, std::span<const std::uint8_t> bytes) {
  auto message = decode(bytes);
  if (!message) {
    spdlog::warn("a message to the gateways' endpoint was refused: {}", message.error().text);
    keep_unread(bytes, message.error());
    return reject_unreadable(gateways_, peer, bytes, message.error());
  }
  if (bytes.size() > log_.payload_max()) {
    return reject_unreadable(gateways_, peer, bytes,
                             {ErrorCode::InvalidMessage, "larger than the log's segments take"});
  }
  if (!is_ours(message->header, gateways_, peer)) return;
  if (std::holds_alternative<GatewayHello>(message->body)) return on_gateway_hello(peer, std::move(*message), bytes);
  on_gateway_message(peer, std::move(*message), bytes);
}

void Shell::on_gateway_hello(const bus::RoutingId& peer, Message&& message, std::span<const std::uint8_t> bytes) {
  const auto& hello = std::get<GatewayHello>(message.body);
  const Header& asked = message.header;
  const auto at = lines_.find(asked.sender);
  const auto no = [&](ErrorCode error, std::string_view field, std::string_view value, std::string_view text) {
    spdlog::error("a gateway's hello was refused: {} {} {}", field, value, text);
    reject(gateways_, peer, asked, {0, error, cut<32>(field), cut<64>(value), cut<256>(text)});
  };
  if (at == lines_.end())
    return no(ErrorCode::PermissionDenied, "sender", view(asked.sender), "is the gateway of no account");
  if (hello.gateway != asked.sender)
    return no(ErrorCode::InvalidMessage, "gateway", view(hello.gateway), "is not its sender");
  const std::string life = std::to_string(hello.incarnation);
  if (hello.incarnation == 0 || view(asked.session) != life) {
    return no(ErrorCode::InvalidMessage, "session", view(asked.session), "is not the incarnation");
  }
  Line& line = at->second;
  if (line.past.contains(hello.incarnation))
    return no(ErrorCode::Conflict, "incarnation", life, "is over: a newer life has come");
  if (log_.is_full()) return;
  if (line.incarnation != 0 && line.incarnation != hello.incarnation) {
    if (line.past.size() == past_lives_max) line.past.clear();
    line.past.insert(line.incarnation);
    // What that one was asked nobody answers any more.
    for (auto& [id, question] : forwarded_) {
      if (question.gateway == asked.sender) question.until_ns = 0;
    }
  }
  spdlog::info("gateway {} says hello{}, incarnation {}, version {}", view(hello.gateway),
               hello.accounts.empty() ? " before it connects" : "", life, view(hello.version));
  line.peer = peer;
  line.incarnation = hello.incarnation;
  line.life = cut<32>(life);
  line.is_up = true;
  line.is_ready = !hello.accounts.empty();
  line.is_welcome = false;
  line.durable_report = 0;
  line.heard_ns = boottime_now_ns();
  take(peer, std::move(message), bytes);
}

void Shell::on_gateway_message(const bus::RoutingId& peer, Message&& message, std::span<const std::uint8_t> bytes) {
  const Header& asked = message.header;
  Line* known = find_line(asked.sender);
  if (known != nullptr && known->is_up && known->life != asked.session) {
    ++refused_;  // of a life that is over
    return;
  }
  if (known == nullptr || !known->is_up || known->peer != peer) {
    return reject(gateways_, peer, asked,
                  {0, ErrorCode::HelloNeeded, cut<32>("session"), cut<64>(view(asked.session)),
                   cut<256>("this connection has not said hello, or has been given up")});
  }
  Line& line = *known;
  line.heard_ns = boottime_now_ns();
  if (holds<Heartbeat>(message.body)) return answer_heartbeat(gateways_, peer, asked, 0);
  if (auto* answer = std::get_if<Answer>(&message.body)) return on_forwarded_answer(asked, std::move(*answer));
  if (holds<VenueReport, Instruments, SessionState, RateUsage, Reconciled>(message.body)) {
    // What is not taken is not acknowledged, and comes again.
    if (!log_.is_full()) take(peer, std::move(message), bytes);
    return;
  }
  ++refused_;
  if (const auto* no = std::get_if<Reject>(&message.body)) {
    spdlog::error("gateway {} refused a message: {} {}", view(asked.sender), name_of(no->error), view(no->text));
  } else {
    spdlog::warn("gateway {} said {}, which is nothing for a router", view(asked.sender), name_of(message.body));
  }
}

// ---- The way of a record: stamp, write, decide, release

void Shell::take(const bus::RoutingId& peer, Message&& message, std::span<const std::uint8_t> bytes) {
  // Our own words are told by record time, a peer's by the wall clock.
  const RecordTime time = clock_.now(peer.empty() ? 0 : message.header.send_time_ns);
  const std::uint64_t sequence = log_.append(RecordKind::Input, time.time_ns, time.wall_ns, bytes);
  Taken& taken = batch_.emplace_back(Fresh<Taken>{});
  taken.sequence = sequence;
  taken.time_ns = time.time_ns;
  taken.wall_ns = time.wall_ns;
  taken.message = std::move(message);
  taken.peer = peer;
}

void Shell::note(Body body) {
  Message message{header(now()), std::move(body)};
  encode(message.header, message.body, scratch_);
  take({}, std::move(message), scratch_);
}

void Shell::finish_batch() {
  if (!batch_.empty()) {
    // The commit thread writes and syncs while the core decides.
    log_.commit();
    const RecordTime time = clock_.now();
    for (const Taken& taken : batch_) decide(taken, time);
    batch_.clear();
    write_outputs();
    arm_deadline();
    if constexpr (!outputs_wait) release();
    if (log_.waiting_bytes() > backlog_max) {
      is_paused_ = true;
      orders_.pause();
      gateways_.pause();
    }
  }
  answer_queries();
}

void Shell::decide(const Taken& taken, const RecordTime& time) {
  decisions_.clear();
  core_.apply({taken.sequence, taken.time_ns, taken.wall_ns, &taken.message}, decisions_);
  std::uint32_t index = 0;
  for (const Decision& decision : decisions_) {
    Release& release = releases_.emplace_back();
    release.input = taken.sequence;
    release.destination = decision.destination;
    release.peer = decision.peer;
    release.session = decision.session;
    release.report_number = decision.report_number;
    release.drop_copy = decision.drop_copy;
    release.message = encode_decision(taken.message.header, taken.time_ns, decision);
    release.record = log_.append(RecordKind::Output, time.time_ns, time.wall_ns,
                                 encode_output(taken.message.header, taken.time_ns, taken.sequence, index++, decision,
                                               release.message));
    if (decision.destination == Destination::Gateway) {
      release.incarnation = decision.incarnation;
      const auto* hello = std::get_if<GatewayHello>(&taken.message.body);
      release.is_welcome = hello && !hello->accounts.empty() && std::holds_alternative<GatewayWelcome>(decision.body);
      const CommandIds ids = command_ids_of(decision.body);
      release.command_id = ids.first;
      release.commands = ids.count;
    } else if (const auto* welcome = std::get_if<Welcome>(&decision.body)) {
      release.route = taken.peer;
      release.next_report = welcome->next_report;
      release.last_report = core_.last_session_report(decision.peer, decision.session);
    } else if (decision.destination == Destination::Request) {
      release.route = taken.peer;
    }
  }
  note_alarms(decisions_);
  if (const auto* report = std::get_if<VenueReport>(&taken.message.body)) {
    const Name& gateway = taken.message.header.sender;
    acknowledgements_.push_back(
        {taken.sequence, gateway, report->incarnation, core_.last_report(gateway, report->incarnation)});
  }
}

// Outputs need not be durable before they leave: they are made again from their inputs. So they ride with the next
// commit. Nor need the archive have a record, or a gateway forget a report, at once; each would cost a wake-up an order.
void Shell::write_outputs() {
  if (is_output_timed_) return;
  is_output_timed_ = true;
  output_timer_.expires_after(options_.output_delay);
  output_timer_.async_wait(while_here([this] {
    is_output_timed_ = false;
    log_.commit();
    send_acknowledgements();
    audit_.tick(boottime_now_ns());
  }));
}

void Shell::wait_durable() {
  durable_.async_read_some(asio::buffer(&durable_count_, sizeof durable_count_), while_here([this] {
                             release();
                             if (options_.waits_for_archive || !is_output_timed_) audit_.tick(boottime_now_ns());
                             if (on_stopped_) {
                               finish_stop();
                             } else if (is_paused_ && log_.waiting_bytes() <= backlog_max / 2) {
                               is_paused_ = false;
                               orders_.resume();
                               gateways_.resume();
                             }
                             wait_durable();
                           }));
}

void Shell::release() {
  std::uint64_t durable = outputs_wait ? log_.durable_sequence() : log_.last_sequence();
  if (options_.waits_for_archive) durable = std::min(durable, audit_.audited());
  while (!releases_.empty() && releases_.front().input <= durable) {
    deliver(releases_.front());
    releases_.pop_front();
  }
  acknowledge(durable);
  if (failures_.empty()) return;
  for (const SendFailed& failed : std::exchange(failures_, {})) note(failed);
  finish_batch();
}

void Shell::deliver(Release& release) {
  if (release.drop_copy && reports_.has_subscribers()) {
    if (const auto copy = drop_copy_of(release.message)) {
      const Name& account = std::get<ExecutionReport>(copy->body).account;
      static_cast<void>(reports_.publish(topic("report", account), encode_here(copy->header, copy->body)));
    }
  }
  switch (release.destination) {
    case Destination::Session:
      if (release.next_report != 0) {
        sessions_.on_welcome(release.peer, release.session, release.route, release.next_report, release.last_report,
                             release.message);
      } else if (release.report_number != 0) {
        sessions_.on_report(release.peer, release.session, release.report_number, release.record,
                            std::move(release.message));
      } else {
        sessions_.send_unnumbered(release.peer, release.session, release.message);
      }
      return;
    case Destination::Request: static_cast<void>(orders_.send(release.route, release.message)); return;
    case Destination::Gateway: return deliver_to_gateway(release);
    case Destination::DropCopy: return publish("report", release);
    case Destination::Status: return publish("status", release);
    case Destination::Unset: break;
  }
  assert(!"a decision goes somewhere");
}

void Shell::publish(std::string_view kind, const Release& release) {
  if (!reports_.has_subscribers()) return;
  static_cast<void>(reports_.publish(topic(kind, release.peer), release.message));
}

void Shell::deliver_to_gateway(Release& release) {
  Line* line = find_line(release.peer);
  std::string_view reason = "its gateway is gone";
  if (line != nullptr && line->is_up && line->incarnation == release.incarnation) {
    if (gateways_.send(line->peer, release.message)) {
      if (release.is_welcome) {
        line->is_welcome = true;
        send_forwarded(release.peer);
      }
      return;
    }
    reason = "its gateway takes no more";
  }
  for (std::uint64_t i = 0; i < release.commands; ++i) {
    failures_.push_back({release.peer, release.command_id + i, cut<256>(reason)});
  }
}

void Shell::acknowledge(std::uint64_t durable) {
  while (!acknowledgements_.empty() && acknowledgements_.front().input <= durable) {
    const Acknowledgement& next = acknowledgements_.front();
    Line* line = find_line(next.gateway);
    // Only the newest word counts, for it includes all before.
    if (line != nullptr && line->incarnation == next.incarnation) line->durable_report = next.report_number;
    acknowledgements_.pop_front();
    if (!is_output_timed_) arm_beat(boottime_now_ns() + beat_interval_ns);
  }
}

void Shell::send_acknowledgements() {
  for (auto& [name, line] : lines_) {
    const std::uint64_t number = std::exchange(line.durable_report, 0);
    if (number == 0 || !line.is_up) continue;
    static_cast<void>(gateways_.send(line.peer, encode(header(now()), Body{ReportAck{number}})));
  }
}

// ---- Time

void Shell::beat() {
  const Timestamp now_ns = boottime_now_ns();
  look_for_silence(now_ns);
  watch_log();
  send_acknowledgements();
  audit_.tick(now_ns);
  give_up_questions(now_ns);
  finish_batch();
  beat_at_ns_ = std::numeric_limits<Timestamp>::max();
  arm_beat(next_beat_ns());
}

void Shell::arm_beat(Timestamp at_ns) {
  if (at_ns >= beat_at_ns_) return;
  beat_at_ns_ = at_ns;
  beat_.expires_after(std::chrono::nanoseconds{at_ns - boottime_now_ns()});
  beat_.async_wait(while_here([this] { beat(); }));
}

Timestamp Shell::next_beat_ns() const {
  const Timestamp now_ns = boottime_now_ns();
  const bool owes = std::any_of(lines_.begin(), lines_.end(), [](const auto& line) { return line.second.durable_report != 0; });
  // Several in a heartbeat's time, for by the time between two is told whether we were away.
  Timestamp next_ns = now_ns + std::min(owes || !forwarded_.empty() ? beat_interval_ns : beat_rest_ns, heartbeat_ns() / 4);
  for (const auto& [name, line] : lines_) {
    if (line.is_up) next_ns = std::min(next_ns, line.heard_ns + silence_max_ns() + 1);
  }
  next_ns = std::min(next_ns, sessions_.next_silence_ns());
  return next_ns > now_ns ? next_ns : now_ns + beat_interval_ns;
}

std::int64_t Shell::heartbeat_ns() const { return std::int64_t{options_.configuration.heartbeat_interval_ms} * ns_per_ms; }

// A little less than till the last heartbeat is due: so it is noticed before it would be late.
std::int64_t Shell::silence_max_ns() const {
  return heartbeat_ns() * options_.configuration.heartbeat_liveness - heartbeat_ns() / 10;
}

// A gateway that is lost, or takes too long, answers no more.
void Shell::give_up_questions(Timestamp now_ns) {
  for (auto at = forwarded_.begin(); at != forwarded_.end();) {
    const bool is_lost = !lines_.at(at->second.gateway).is_up;
    if (!is_lost && at->second.until_ns > now_ns) {
      ++at;
      continue;
    }
    answer_error(at->second, ErrorCode::GatewayDown,
                 is_lost               ? "its gateway was lost"
                 : at->second.has_left ? "its gateway did not answer in time"
                                       : "its gateway does not take it");
    at = forwarded_.erase(at);
  }
}

void Shell::look_for_silence(Timestamp now_ns) {
  // After a stop of our own, what was said meanwhile waits to be read: silence would be ours.
  const bool was_away = now_ns - std::exchange(last_beat_ns_, now_ns) > heartbeat_ns();
  if (was_away || log_.is_full()) return;
  for (auto& [name, line] : lines_) {
    if (!line.is_up || now_ns - line.heard_ns <= silence_max_ns()) continue;
    line.is_up = false;
    spdlog::warn("gateway {} is silent", view(name));
    note(Disconnected{name, line.life, line.incarnation, true, cut<256>("no heartbeat")});
  }
  for (const auto& silent : sessions_.take_silent(now_ns)) {
    spdlog::info("session {}/{} is silent", view(silent.client), view(silent.session));
    note(Disconnected{silent.client, silent.session, 0, false, cut<256>("no heartbeat")});
  }
}

void Shell::watch_log() {
  if (const bool is_filling = log_.is_filling(); is_filling != was_filling_) {
    was_filling_ = is_filling;
    if (is_filling) {
      spdlog::warn("the log is filling: {} of {} bytes; the archive has records up to {}", log_.used_bytes(),
                   log_.limit_bytes(), audit_.audited());
    } else {
      spdlog::info("the log has room again");
    }
  }
  if (const bool is_refusing = !log_.accepts_orders(); is_refusing != was_refusing_) {
    was_refusing_ = is_refusing;
    spdlog::warn(is_refusing ? "JOURNAL_DOWN: new orders are refused until the archive has taken records"
                             : "new orders are taken again");
  }
}

void Shell::arm_deadline() {
  const auto due = core_.next_deadline();
  // Each order has a deadline, and is answered long before. One that has gone or moved away is noticed when the timer ends.
  if (!due || (armed_ns_ != 0 && armed_ns_ <= *due)) return;
  armed_ns_ = *due;
  const std::int64_t wait_ns = std::max<std::int64_t>(0, *due - now());
  deadline_.expires_after(std::chrono::nanoseconds{wait_ns});
  deadline_.async_wait(while_here([this] {
    if (on_stopped_) return;
    armed_ns_ = 0;
    if (const auto deadline = core_.next_deadline(); deadline && *deadline <= now() && !log_.is_full()) note(Tick{});
    finish_batch();
    arm_deadline();
  }));
}

// ---- Questions: they yield to orders, and change nothing

bool Shell::may_see(const Name& client, const Name& account) const {
  const auto rule = clients_.find(client);
  if (rule == clients_.end()) return false;
  return std::any_of(rule->second.accounts.begin(), rule->second.accounts.end(),
                     [&](const Name& name) { return name == account || view(name) == "*"; });
}

void Shell::answer_queries() {
  for (Asked& asked : std::exchange(queries_, {})) answer_query(std::move(asked));
}

void Shell::answer(const Asked& asked, Answer answer) {
  Header answering = header(now());
  answering.session = asked.header.session;
  answering.correlation_id = asked.header.correlation_id;
  answer.kind = asked.query.kind;
  if (answer.as_of_ns == 0) answer.as_of_ns = answering.send_time_ns;
  static_cast<void>(orders_.send(asked.peer, encode(answering, Body{std::move(answer)})));
}

void Shell::answer_error(const Asked& asked, ErrorCode error, std::string_view text) {
  Answer no;
  no.error = error;
  no.text = cut<256>(text);
  answer(asked, std::move(no));
}

void Shell::answer_query(Asked asked) {
  const Query& query = asked.query;
  const Name& client = asked.header.sender;
  if (!clients_.contains(client))
    return answer_error(asked, ErrorCode::PermissionDenied, "is no client of this router");
  const bool has_account = !query.account.empty();
  if (has_account && !may_see(client, query.account)) {
    return answer_error(asked, ErrorCode::PermissionDenied, "the account is not this client's");
  }
  switch (query.kind) {
    case QueryKind::Accounts:  // which there are, we know; what one of them may and costs, its broker
      if (has_account) return ask_gateway(std::move(asked));
      [[fallthrough]];
    case QueryKind::Status:
    case QueryKind::Orders:
    case QueryKind::Order:
    case QueryKind::Instruments: {
      Answer found = core_.answer(query);
      std::erase_if(found.orders, [&](const ExecutionReport& report) { return !may_see(client, report.account); });
      std::erase_if(found.accounts, [&](const AccountInfo& info) { return !may_see(client, info.account); });
      if (query.kind == QueryKind::Status) fill_status(found);
      return answer(asked, std::move(found));
    }
    case QueryKind::Balances:
    case QueryKind::Positions:
    case QueryKind::Quote:
    case QueryKind::Bars:
    case QueryKind::Book:
    case QueryKind::Ticker:
    case QueryKind::VenueOrders:
    case QueryKind::VenueTrades:
    case QueryKind::MarketTrades:
    case QueryKind::Preview: return ask_gateway(std::move(asked));
    case QueryKind::AuthUrl:
    case QueryKind::HandleCallback:
    case QueryKind::RefreshToken:
    case QueryKind::RevokeToken:  // whoever logs in says whose money is traded
      if (clients_.at(client).may_trade) return ask_gateway(std::move(asked));
      return answer_error(asked, ErrorCode::PermissionDenied, "a client that may not trade may not log in or out");
    case QueryKind::Unset: break;
  }
  answer_error(asked, ErrorCode::Unsupported, "is no question");
}

void Shell::ask_gateway(Asked asked) {
  const auto gateway = gateway_of_.find(asked.query.account);
  if (gateway != gateway_of_.end()) return forward(std::move(asked), gateway->second);
  answer_error(asked, ErrorCode::InvalidMessage,
               asked.query.account.empty() ? "needs an account" : "there is no such account");
}

void Shell::fill_status(Answer& answer) const {
  if (!answer.status) answer.status.emplace();
  RouterStatus& status = *answer.status;
  status.version = BUSBAR_VERSION;
  status.core_version = core_version;
  status.environment = options_.configuration.environment;
  status.journal_id = options_.configuration.journal_id;
  status.durable_sequence = log_.durable_sequence();
  status.audited_sequence = audit_.audited();
  status.sessions = sessions_.connected();
  status.log_used_bytes = log_.used_bytes();
  status.log_limit_bytes = log_.limit_bytes();
  status.accepts_orders = log_.accepts_orders() && !log_.is_full();
  if (!status.accepts_orders)
    status.reason = "JOURNAL_DOWN: the log is nearly full, the archive has not taken its records";
  for (GatewayStatus& gateway : answer.gateways) {
    const auto line = lines_.find(gateway.gateway);
    gateway.connected = gateway.connected && line != lines_.end() && line->second.is_up;
  }
}

void Shell::forward(Asked asked, const Name& gateway) {
  const Line& line = lines_.at(gateway);
  if (!line.is_up || !line.is_ready)
    return answer_error(asked, ErrorCode::GatewayDown, "gateway " + std::string{view(gateway)} + " is not there");
  asked.gateway = gateway;
  asked.until_ns = boottime_now_ns() + query_patience_ns;
  forwarded_.emplace(next_forward_++, std::move(asked));
  arm_beat(boottime_now_ns() + beat_interval_ns);
  send_forwarded(gateway);
}

// It says hello again whenever it has connected, and may hear nothing before the Welcome: what is asked meanwhile leaves after that.
void Shell::send_forwarded(const Name& gateway) {
  const Line& line = lines_.at(gateway);
  if (!line.is_welcome) return;
  for (auto& [id, asked] : forwarded_) {
    if (asked.has_left || asked.gateway != gateway) continue;
    Header question = header(now());
    question.correlation_id = id;
    asked.has_left = gateways_.send(line.peer, encode(question, Body{asked.query}));
    if (!asked.has_left) asked.until_ns = 0;  // it takes no more
  }
}

void Shell::on_forwarded_answer(const Header& header, Answer found) {
  const auto at = forwarded_.find(header.correlation_id);
  if (at == forwarded_.end()) return;  // too late
  const Asked asked = std::move(at->second);
  forwarded_.erase(at);
  // One account was asked about, and whether orders for it are taken is for us to say as well.
  if (asked.query.kind == QueryKind::Accounts) {
    const Answer known = core_.answer(asked.query);
    std::erase_if(found.accounts, [&](const AccountInfo& info) { return info.account != asked.query.account; });
    for (AccountInfo& info : found.accounts) {
      info.can_trade = info.can_trade && !known.accounts.empty() && known.accounts.front().can_trade;
    }
  }
  answer(asked, std::move(found));
}

// ---- The end

void Shell::stop(std::function<void()> done) {
  orders_.pause();
  gateways_.pause();
  finish_batch();
  log_.commit();
  on_stopped_ = std::move(done);
  for (auto& [id, asked] : std::exchange(forwarded_, {}))
    answer_error(asked, ErrorCode::GatewayDown, "the router is stopping");
  finish_stop();
}

void Shell::finish_stop() {
  release();
  send_acknowledgements();
  log_.commit();
  if (!releases_.empty() || log_.durable_sequence() < log_.last_sequence()) return;
  beat_.cancel();
  deadline_.cancel();
  output_timer_.cancel();
  durable_.cancel();
  log_.close();
  std::exchange(on_stopped_, {})();
}

}  // namespace busbar::router
