#include "gateways/framework/rest_line.hpp"

#include <algorithm>

#include "bus/clock.hpp"
#include "gateways/framework/facts.hpp"
#include "gateways/framework/redact.hpp"
#include "gateways/framework/tasks.hpp"

namespace busbar::gateway {

namespace {

constexpr std::int64_t ms_ns = 1'000'000;
constexpr int reads_max = 3;
// Whoever placed an order is told soon that its outcome is unknown, and then it is asked for.
constexpr std::chrono::milliseconds write_answer_max{3'000};
constexpr std::chrono::milliseconds pause_first{400};
constexpr std::chrono::milliseconds pause_most{3'000};
constexpr int clock_samples_max = 6;

}  // namespace

RestLine::RestLine(HttpSession& http, AdapterContext& context, Dialect dialect)
    : http_{http}, context_{context}, dialect_{std::move(dialect)} {}

Timestamp RestLine::broker_time_ns() const { return wall_now_ns() + clock_.offset_ns(); }

std::optional<VenueReport> unanswered(const Command& command, const Sent& sent) {
  const auto fact = [&](VenueEvent event, ErrorCode error) { return make_fact(command, event, error, sent.http.error); };
  if (sent.is_held_back) return fact(VenueEvent::NotSent, ErrorCode::RateLimited);
  if (sent.http.is_too_late) return fact(VenueEvent::NotSent, ErrorCode::Expired);
  if (sent.http.outcome == HttpOutcome::NotSent) return fact(VenueEvent::NotSent, ErrorCode::ConnectionError);
  if (sent.http.outcome == HttpOutcome::NoAnswer) return fact(VenueEvent::Unknown, ErrorCode::UnknownOutcome);
  return std::nullopt;
}

std::optional<Sent> RestLine::held_back() const {
  const Timestamp left_ns = held_back_until_ns_ - wall_now_ns();
  if (left_ns <= 0) return std::nullopt;
  Sent sent;
  sent.is_held_back = true;
  sent.http.error =
      dialect_.broker + " takes nothing from here for another " + std::to_string(left_ns / (1000 * ms_ns) + 1) + " s";
  return sent;
}

asio::awaitable<Sent> RestLine::send(Make make, About about, Timestamp expire_time_ns) {
  if (auto refused = held_back()) co_return *std::move(refused);
  Sent sent;
  // Signed now, before it may have to wait for a connection: signed later it could still act when the absence rule,
  // which counts from a command's expiry, thinks it cannot.
  sent.request_time_ns = broker_time_ns();
  HttpRequest http = make(sent.request_time_ns);
  http.about = std::move(about);
  if (http.method != "GET") http.answer_timeout = write_answer_max;
  if (expire_time_ns != 0) http.write_until_ns = boottime_now_ns() + (expire_time_ns - broker_time_ns());
  const std::string target = http.target;
  sent.http = co_await http_.request(std::move(http));
  cut_secret(sent.http.body, context_.credentials.secret.reveal());
  if (!sent.http.is_too_late) note(sent.http, target);
  co_return sent;
}

asio::awaitable<Result<std::string>> RestLine::ask(Make make, About about) {
  Backoff backoff{pause_first, pause_most, random()};
  for (int tries = 1;; ++tries) {
    Sent sent = co_await send(make, about);
    if (sent.is_held_back) co_return Error{ErrorCode::RateLimited, sent.http.error};
    Error error{ErrorCode::ConnectionError, sent.http.error};
    bool may_ask_again = true;
    if (sent.http.outcome == HttpOutcome::Answered) {
      const Meaning meaning = dialect_.meaning(sent.http, make(sent.request_time_ns).target);
      if (!meaning.error) co_return std::move(sent.http.body);
      error = *meaning.error;
      may_ask_again = meaning.may_ask_again;
    }
    if (!may_ask_again || tries >= reads_max) co_return error;
    co_await pause(context_.loop, backoff.next());
  }
}

asio::awaitable<Result<void>> RestLine::measure_clock(bool anew) {
  if (anew) clock_.forget();
  Error error{ErrorCode::ConnectionError, "the clock could not be measured: each answer took longer than a second"};
  for (int i = 0; i < clock_samples_max; ++i) {
    Sent sent = co_await send(dialect_.ask_time);
    if (sent.is_held_back) co_return Error{ErrorCode::RateLimited, sent.http.error};
    if (sent.http.outcome != HttpOutcome::Answered) {
      error.text = sent.http.error;
      break;
    }
    const Meaning meaning = dialect_.meaning(sent.http, {});
    const auto time = meaning.error ? Result<Timestamp>{*meaning.error} : dialect_.time_of(sent.http.body);
    if (!time) {
      error = {time.error().code, "time: " + time.error().text};
      break;
    }
    if (clock_.sample(sent.http.sent_time_ns, *time, sent.http.received_time_ns) && (i > 0 || !anew)) break;
  }
  if (!clock_.is_known()) co_return error;
  context_.events.on_clock_offset(clock_.offset_ns());
  co_return Result<void>{};
}

void RestLine::note(const HttpResponse& http, std::string_view target) {
  if (http.outcome != HttpOutcome::Answered) return note_health(http, false);
  const Meaning meaning = dialect_.meaning(http, target);
  note_health(http, meaning.is_key_refused);
  if (meaning.hold_back.count() == 0) return;
  held_back_until_ns_ = std::max(held_back_until_ns_, wall_now_ns() + meaning.hold_back.count() * ms_ns);
  RateUsage blocked = dialect_.limit;
  blocked.account = context_.account;
  blocked.blocked_until_ns = held_back_until_ns_;
  context_.events.on_usage(std::move(blocked));
}

void RestLine::note_health(const HttpResponse& http, bool is_key_refused) {
  using enum SessionStateKind;
  const auto tell = [&](SessionStateKind state, std::string reason) {
    context_.events.on_state(Events::Part::Rest, state, std::move(reason));
  };
  if (http.outcome != HttpOutcome::Answered) {
    if (++failures_ == failures_max) tell(Down, http.error);
    return;
  }
  // One refusal is not believed: good keys have been refused by servers in trouble.
  key_refusals_ = is_key_refused ? key_refusals_ + 1 : http.status < 400 ? 0 : key_refusals_;
  if (key_refusals_ == 2) {
    tell(NeedsHuman, dialect_.broker +
                         " refuses the API key: it may be wrong, lack a permission, or not be allowed from this "
                         "address");
  } else if (key_refusals_ == 0 && http.status < 400) {
    tell(Ok, {});
  }
  failures_ = 0;
}

}  // namespace busbar::gateway
