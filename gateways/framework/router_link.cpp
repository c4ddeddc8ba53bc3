#include "gateways/framework/router_link.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include <spdlog/spdlog.h>
#include <sys/random.h>

#include "bus/clock.hpp"
#include "bus/codec.hpp"

namespace busbar::gateway {

namespace {

constexpr std::int64_t hello_interval_ns = 1'000'000'000;
constexpr std::int64_t acknowledge_ns = 1'000'000'000;  // a report without an acknowledgement for so long is sent again
constexpr std::size_t burst_max = 1000;                  // reports sent again at once
constexpr std::size_t asked_max = 16;

bus::EndpointOptions endpoint_options() {
  bus::EndpointOptions options;
  options.immediate = true;  // what cannot go now is not wanted later: reports are held here, not in a queue
  return options;
}

// Its plain members are copied; those that may be what is wrong are not.
VenueReport unreadable(const VenueReport& report, std::string_view why) {
  VenueReport instead;
  instead.report_number = report.report_number;
  instead.incarnation = report.incarnation;
  instead.event = VenueEvent::Unreadable;
  instead.source = VenueSource::Gateway;
  instead.account = report.account;
  instead.venue_order_id = report.venue_order_id;
  instead.broker_order_id = report.broker_order_id;
  instead.receive_time_ns = report.receive_time_ns;
  instead.error = ErrorCode::Internal;
  const std::string what{busbar::name_of(report.event)};
  instead.text = cut<256>(to_words("a " + what + " of the broker cannot be told: " + std::string{why}));
  return instead;
}

}  // namespace

std::uint64_t draw_incarnation() {
  std::uint64_t number = 0;
  while (number == 0) {
    if (::getrandom(&number, sizeof number, 0) != sizeof number) {
      throw std::runtime_error{"the system has no random bytes"};
    }
    number >>= 1;
  }
  return number;
}

RouterLink::RouterLink(asio::io_context& loop, LinkOptions options, Handlers handlers)
    : options_{std::move(options)},
      handlers_{std::move(handlers)},
      endpoint_{loop, bus::Kind::Dealer, endpoint_options()} {
  using Frame = std::span<const std::uint8_t>;
  endpoint_.on_message([this](const bus::RoutingId&, std::string_view, Frame bytes) { on_bytes(bytes); });
  endpoint_.on_peer([this] { tick(); });
  endpoint_.connect(options_.address);
}

void RouterLink::hello() {
  if (is_acquainted_) last_hello_ = 0;  // that one has been answered
  wants_hello_ = true;
  tick();
}

bool RouterLink::is_up() {
  lose_if_silent();
  return is_welcomed_;
}

std::optional<Timestamp> RouterLink::router_now() const { return clock_.now(options_.boottime()); }

// A little less than till the last heartbeat is due: so it is noticed before it would be late.
std::int64_t RouterLink::silence_max_ns() const { return interval_ns_ * options_.liveness - interval_ns_ / 10; }

void RouterLink::lose_if_silent() {
  if (!is_welcomed_ || options_.boottime() - last_heard_ <= silence_max_ns()) return;
  lose("the router is silent");
}

// A connection that broke and is there again may lead to another life of the router, which has not heard of us.
void RouterLink::lose_if_cut() {
  const bool was_cut = std::exchange(is_cut_, !endpoint_.can_send());
  if (is_cut_ && is_welcomed_) lose("the connection to the router broke");
  if (was_cut && !is_cut_) last_hello_ = 0;
}

void RouterLink::lose(std::string_view why) {
  is_welcomed_ = false;
  wants_hello_ = true;
  last_hello_ = 0;
  spdlog::warn("{}: nothing is placed until it answers a hello", why);
  handlers_.on_lost();
}

void RouterLink::tick() {
  lose_if_silent();
  lose_if_cut();
  const Timestamp now = options_.boottime();
  if (wants_hello_ && (last_hello_ == 0 || now - last_hello_ >= hello_interval_ns)) {
    sequence_ = 0;
    if (send(handlers_.make_hello(), ask(now))) {
      is_cut_ = false;  // it may have come up since this was looked at, and one hello is enough
      last_hello_ = now;
      if (first_hello_ == 0) first_hello_ = now;
    }
  }
  if ((is_welcomed_ || is_acquainted_) && now >= next_heartbeat()) {
    last_heartbeat_ = now;
    send(Heartbeat{wall_now_ns(), last_received_, 0}, ask(now));
  }
  if (is_welcomed_ && !held_.empty() && now - held_.front().sent_at >= acknowledge_ns) send_held(now, true);
}

// An interval after the last at most, and for all gateways of a host at the same moments, so that they wake the router together.
Timestamp RouterLink::next_heartbeat() const { return (last_heartbeat_ / interval_ns_ + 1) * interval_ns_; }

Timestamp RouterLink::next_due() const {
  Timestamp due = std::numeric_limits<Timestamp>::max();
  const auto is_due = [&](Timestamp time) { due = std::min(due, time); };
  if (wants_hello_) is_due(last_hello_ == 0 ? 0 : last_hello_ + hello_interval_ns);
  if (is_welcomed_ || is_acquainted_) is_due(next_heartbeat());
  if (is_welcomed_) is_due(last_heard_ + silence_max_ns() + 1);
  if (is_welcomed_ && !held_.empty()) is_due(held_.front().sent_at + acknowledge_ns);
  return due;
}

// Remembers when a question left, under a number that comes back with the answer.
std::uint64_t RouterLink::ask(Timestamp now) {
  asked_.emplace(next_asked_, now);
  if (asked_.size() > asked_max) asked_.erase(asked_.begin());
  return next_asked_++;
}

std::optional<Timestamp> RouterLink::take_asked(std::uint64_t correlation_id) {
  const auto asked = asked_.find(correlation_id);
  if (asked == asked_.end()) return std::nullopt;
  const Timestamp sent = asked->second;
  asked_.erase(asked_.begin(), std::next(asked));
  return sent;
}

bool RouterLink::send(const Body& body, std::uint64_t correlation_id) {
  Header header;
  header.environment = options_.environment;
  header.sender = options_.gateway;
  header.session = cut<32>(std::to_string(options_.incarnation));
  header.sequence = sequence_ + 1;
  header.correlation_id = correlation_id;
  header.send_time_ns = wall_now_ns();
  if (!endpoint_.send(encode(header, body))) return false;
  ++sequence_;
  return true;
}

bool RouterLink::tell(const Body& body, std::uint64_t correlation_id) {
  return is_welcomed_ && send(body, correlation_id);
}

void RouterLink::report(VenueReport report) {
  report.report_number = next_report_;
  report.incarnation = options_.incarnation;
  report.text = cut<256>(to_words(view(report.text)));
  // One report that the router cannot read would hold up all behind it. What can be said in its place is that it was there.
  if (const auto refusal = refusal_of(report)) {
    spdlog::critical("a fact about order {} {} cannot be reported: {}", view(report.venue_order_id),
                     view(report.broker_order_id), *refusal);
    VenueReport instead = unreadable(report, *refusal);
    if (refusal_of(instead)) instead.venue_order_id = instead.broker_order_id = {};
    report = std::move(instead);
  }
  ++next_report_;
  held_.push_back({std::move(report), 0});
  if (is_welcomed_) send_held(options_.boottime(), false);
}

std::optional<std::string> RouterLink::refusal_of(const Body& body) const {
  Header header;
  header.environment = options_.environment;
  header.sender = options_.gateway;
  const Result<Message> read = decode(encode(header, body));
  if (read) return std::nullopt;
  return read.error().text;
}

// In order of number, for the router takes only the next one. A queue that is full ends the round; the next tick goes
// on.
void RouterLink::send_held(Timestamp now, bool is_all) {
  std::size_t sent = 0;
  for (Held& held : held_) {
    if (!is_all && held.sent_at != 0) continue;
    if (sent++ == burst_max || !send(held.report, 0)) return;
    held.sent_at = now;
  }
}

void RouterLink::on_ack(std::uint64_t report_number) {
  while (!held_.empty() && held_.front().report.report_number <= report_number) held_.pop_front();
}

void RouterLink::on_bytes(std::span<const std::uint8_t> bytes) {
  // A process that was stopped reads what waited as if it were new; the silence is noticed first.
  lose_if_silent();
  Result<Message> message = decode(bytes);
  if (!message) {
    spdlog::error("a message of the router was dropped: {}", message.error().text);
    return;
  }
  last_heard_ = options_.boottime();
  last_received_ = message->header.sequence;
  const bool is_ours = message->header.environment == options_.environment;
  if (const auto* welcome = std::get_if<GatewayWelcome>(&message->body)) {
    if (is_ours && welcome->incarnation == options_.incarnation) on_welcome(message->header, *welcome);
  } else if (const auto* heartbeat = std::get_if<Heartbeat>(&message->body)) {
    on_heartbeat(message->header, *heartbeat);
  } else if (const auto* ack = std::get_if<ReportAck>(&message->body)) {
    if (is_ours) on_ack(ack->report_number);
  } else if (const auto* ban = std::get_if<RateUsage>(&message->body)) {
    if (is_ours) handlers_.on_ban(*ban, ban->blocked_until_ns - message->header.send_time_ns);
  } else if (const auto* reject = std::get_if<Reject>(&message->body)) {
    if (reject->error == ErrorCode::HelloNeeded) {
      const bool was_welcomed = std::exchange(is_welcomed_, false);
      if (was_welcomed) handlers_.on_lost();
      if (was_welcomed) last_hello_ = 0;
      hello();
    } else {
      spdlog::error("the router refused a message: {} {}", name_of(reject->error), view(reject->text));
    }
  } else if (is_welcomed_) {
    handlers_.on_message(std::move(*message));
  }
  // What comes before a welcome is of an earlier conversation; the router sends it again, marked, after the welcome.
}

// A report that it called durable is dropped here, so that to a router whose log has lost it (a disk that lied, an older backup)
// every later one comes out of turn, for ever. A life of which it knows nothing begins with a comparison instead.
void RouterLink::check_memory(std::uint64_t last_report) const {
  const std::uint64_t dropped = (held_.empty() ? next_report_ : held_.front().report.report_number) - 1;
  if (last_report >= dropped) return;
  throw std::runtime_error{"the router has lost the reports " + std::to_string(last_report + 1) + " to " +
                           std::to_string(dropped) + ", which it had called durable: start this gateway again"};
}

void RouterLink::on_welcome(const Header& header, const GatewayWelcome& welcome) {
  wants_hello_ = false;
  if (welcome.heartbeat_interval_ms != 0) interval_ns_ = std::int64_t{welcome.heartbeat_interval_ms} * 1'000'000;
  if (!handlers_.is_ready()) {
    is_acquainted_ = true;
    first_hello_ = 0;
    return handlers_.on_acquainted();
  }
  is_acquainted_ = false;
  const bool was_welcomed = std::exchange(is_welcomed_, true);
  // A router that was started again counts its record time anew.
  if (!was_welcomed) clock_.forget();
  std::optional<Timestamp> sent = take_asked(header.correlation_id);
  if (!sent && first_hello_ != 0) sent = first_hello_;
  first_hello_ = 0;
  clock_.sample(welcome.router_time_ns, last_heard_, sent);
  // It took too long to tell the time by: asked again, for without it nothing can be placed.
  if (!clock_.now(last_heard_)) wants_hello_ = true;
  check_memory(welcome.last_report);
  on_ack(welcome.last_report);
  if (!was_welcomed) spdlog::info("the router has welcomed us, {} reports are held", held_.size());
  handlers_.on_welcome(welcome);  // the list of instruments goes first: reports may bear names that are new in it
  for (Held& held : held_) held.sent_at = 0;
  send_held(last_heard_, true);
}

void RouterLink::on_heartbeat(const Header& header, const Heartbeat& heartbeat) {
  if (heartbeat.time_ns != 0) clock_.sample(heartbeat.time_ns, last_heard_, take_asked(header.correlation_id));
}

}  // namespace busbar::gateway
