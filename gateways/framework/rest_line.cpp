#include "gateways/framework/rest_line.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "gateways/framework/facts.hpp"
#include "gateways/framework/redact.hpp"
#include "gateways/framework/words.hpp"

namespace busbar::gateway {

namespace {

constexpr std::int64_t ms_ns = 1'000'000;
constexpr int reads_max = 3;
// Whoever placed an order is told soon that its outcome is unknown, and then it is asked for.
constexpr std::chrono::milliseconds write_answer_max{3'000};
constexpr std::chrono::milliseconds pause_first{400};
constexpr std::chrono::milliseconds pause_most{3'000};
constexpr int clock_samples_max = 6;
constexpr std::chrono::milliseconds look_interval{2'000};
constexpr std::int64_t clock_interval_ns = 60'000 * ms_ns;
constexpr std::int64_t room_wait_max_ns = 5'000 * ms_ns;
constexpr std::int64_t ban_wait_max_ns = 100 * ms_ns;

// Where the line itself tells what became of a write; nullopt: the broker has answered, and its words are to be judged.
std::optional<VenueReport> unanswered(const Command& command, const Sent& sent) {
  const auto fact = [&](VenueEvent event, ErrorCode error) { return make_fact(command, event, error, sent.http.error); };
  if (sent.is_held_back) return fact(VenueEvent::NotSent, ErrorCode::RateLimited);
  if (sent.http.is_too_late) return fact(VenueEvent::NotSent, ErrorCode::Expired);
  if (sent.http.is_busy) return fact(VenueEvent::NotSent, ErrorCode::RateLimited);
  if (sent.http.outcome == HttpOutcome::NotSent) return fact(VenueEvent::NotSent, ErrorCode::ConnectionError);
  if (sent.http.outcome == HttpOutcome::NoAnswer) return fact(VenueEvent::Unknown, ErrorCode::UnknownOutcome);
  return std::nullopt;
}

}  // namespace

void stamp(VenueReport& fact, const Sent& sent) {
  fact.request_time_ns = sent.request_time_ns;
  fact.receive_time_ns = sent.http.received_time_ns;
}

Facts failed(const Command& command, const Sent& sent, VenueEvent refused, const Refusal& said) {
  std::optional<VenueReport> fact = unanswered(command, sent);
  if (!fact) {
    fact = make_fact(command, said.is_unknown ? VenueEvent::Unknown : refused,
                     said.is_unknown ? ErrorCode::UnknownOutcome : said.error, view(words_of(said.text)));
    fact->broker_code = printable<32>(said.broker_code);
  }
  fact->source = fact->event == VenueEvent::NotSent ? VenueSource::Gateway : VenueSource::Rest;
  stamp(*fact, sent);
  return Facts(1, *std::move(fact));
}

RestLine::RestLine(HttpSession& http, AdapterContext& context, Dialect dialect)
    : http_{http},
      context_{context},
      dialect_{std::move(dialect)},
      refresh_{context.loop, look_interval, [this] { return refresh(); }} {}

Timestamp RestLine::broker_time_ns() const { return wall_now_ns() + clock_.offset_ns(); }

std::int64_t RestLine::ban_left_ns() const {
  const auto until = context_.held_back->find(dialect_.limit.scope);
  return until == context_.held_back->end() ? 0 : std::max<std::int64_t>(0, until->second - wall_now_ns());
}

asio::awaitable<std::optional<Sent>> RestLine::held_back(Timestamp expire_time_ns) {
  std::int64_t left_ns = ban_left_ns();
  const bool has_time = expire_time_ns == 0 || broker_time_ns() + left_ns < expire_time_ns;
  if (left_ns > 0 && left_ns <= ban_wait_max_ns && has_time) {
    co_await pause(context_.loop, std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds{left_ns}));
    left_ns = ban_left_ns();  // another may have been told meanwhile
  }
  if (left_ns == 0) co_return std::nullopt;
  Sent sent;
  sent.is_held_back = true;
  sent.http.error =
      dialect_.broker + " takes nothing from here for another " + std::to_string(left_ns / (1000 * ms_ns) + 1) + " s";
  co_return sent;
}

void RestLine::limit_to(const RateLimit& limit) {
  constexpr std::uint64_t week_ms = 7 * 86'400'000;
  const std::uint64_t interval_ms = std::clamp<std::uint64_t>(limit.interval_ms, 1, week_ms);
  pace_.limit_to(limit.limit, static_cast<std::int64_t>(interval_ms) * ms_ns, limit.aligned);
}

// Not for longer than somebody waits for the answer.
asio::awaitable<std::optional<Error>> RestLine::await_room(RequestPace::Kind kind, Timestamp expire_time_ns) {
  Timestamp last = broker_time_ns() + room_wait_max_ns;
  if (expire_time_ns != 0) last = std::min(last, expire_time_ns);
  for (;;) {
    const Timestamp now = broker_time_ns();
    const Timestamp at = pace_.earliest(kind, now);
    if (at <= now) co_return std::nullopt;
    if (at > last) {
      co_return Error{ErrorCode::RateLimited, "as much as " + dialect_.broker + " allows is used for another " +
                                                  std::to_string((at - now) / (1000 * ms_ns) + 1) + " s"};
    }
    co_await pause(context_.loop, std::chrono::ceil<std::chrono::milliseconds>(std::chrono::nanoseconds{at - now}));
  }
}

// The router learns what it has not metered, in time for the orders that come next.
void RestLine::note_unmetered(std::uint64_t under_way) {
  if (++untold_ < pace_.step()) return;
  untold_ = 0;
  RateUsage usage = dialect_.limit;
  usage.account = context_.account;
  usage.used = pace_.used(broker_time_ns()) + under_way;
  context_.events.on_usage(std::move(usage));
}

asio::awaitable<void> RestLine::await_write() {
  const auto full = co_await await_room(RequestPace::Kind::Command, 0);  // named, for g++ 12 loses `this` in if (co_await ...)
  if (full) co_return;  // sending says why
  note_unmetered(1);
}

asio::awaitable<Sent> RestLine::send(Make make, About about, Timestamp expire_time_ns) {
  if (ban_left_ns() > 0) {
    if (auto refused = co_await held_back(expire_time_ns)) co_return *std::move(refused);
  }
  Sent sent;
  // Signed now, before it may have to wait for a connection: signed later it could still act when the absence rule,
  // which counts from a command's expiry, thinks it cannot.
  sent.request_time_ns = broker_time_ns();
  HttpRequest http = make(sent.request_time_ns);
  const bool is_write = http.method != "GET";
  if (is_write && pace_.earliest(RequestPace::Kind::Command, sent.request_time_ns) > sent.request_time_ns) {
    if (auto full = co_await await_room(RequestPace::Kind::Command, expire_time_ns)) {
      sent.is_held_back = true;
      sent.http.error = std::move(full->text);
      co_return sent;
    }
    if (auto refused = co_await held_back(expire_time_ns)) co_return *std::move(refused);  // said meanwhile
    http = make(sent.request_time_ns = broker_time_ns());
  }
  http.about = std::move(about);
  if (is_write) http.answer_timeout = write_answer_max;
  if (expire_time_ns != 0) http.write_until_ns = boottime_now_ns() + (expire_time_ns - broker_time_ns());
  sent.target = http.target;
  const bool is_private = !http.secret_headers.empty();
  const auto kind = is_write ? RequestPace::Kind::Command : RequestPace::Kind::Question;
  bool is_written = false;
  http.on_write = [this, &is_written, kind](Timestamp sent_time_ns) {
    is_written = true;
    pace_.on_written(kind, sent_time_ns + clock_.offset_ns());
  };
  pace_.begin(kind);
  if (!is_write) note_unmetered(0);
  sent.http = co_await http_.request(std::move(http));
  if (!is_written) pace_.on_unsent(kind);
  cut_secrets(sent.http.body);
  const bool is_ours = sent.http.is_too_late || sent.http.is_busy;  // the reason: the line had no part in it
  if (!is_ours) note(sent.http, sent.target, is_private);
  if (is_write) make_ahead_soon();
  // A write is not sent again: but the next one is signed at the right time.
  const bool is_refused_write = is_write && sent.http.outcome == HttpOutcome::Answered && sent.http.status >= 400;
  if (is_refused_write && dialect_.meaning(sent.http, sent.target).is_clock_wrong) {
    static_cast<void>(co_await measure_clock(true));
  }
  co_return sent;
}

void RestLine::cut_secrets(std::string& text) const {
  cut_secret(text, context_.credentials.api_key.reveal());
  cut_secret(text, context_.credentials.secret.reveal());
  if (context_.cut_from) context_.cut_from(text);
}

asio::awaitable<Result<std::string>> RestLine::ask(Make make, About about) {
  Backoff backoff{pause_first, pause_most, random()};
  for (int tries = 1;; ++tries) {
    if (auto full = co_await await_room(RequestPace::Kind::Question, 0)) co_return *std::move(full);
    Sent sent = co_await send(make, about);
    if (sent.is_held_back) co_return Error{ErrorCode::RateLimited, sent.http.error};
    Error error{sent.http.is_busy ? ErrorCode::RateLimited : ErrorCode::ConnectionError, sent.http.error};
    bool may_ask_again = true;
    if (sent.http.outcome == HttpOutcome::Answered) {
      const Meaning meaning = dialect_.meaning(sent.http, sent.target);
      if (!meaning.error) co_return std::move(sent.http.body);
      error = *meaning.error;
      may_ask_again = meaning.may_ask_again;
      if (meaning.is_clock_wrong && tries < 2) {
        if (const auto measured = co_await measure_clock(true); !measured) co_return measured.error();
        continue;
      }
    }
    if (!may_ask_again || tries >= reads_max) co_return error;
    if (error.code == ErrorCode::AuthenticationFailed && context_.settle_login) co_await context_.settle_login();
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
    const auto time = meaning.error              ? Result<Timestamp>{*meaning.error}
                      : dialect_.time_of_answer ? dialect_.time_of_answer(sent.http)
                                                : dialect_.time_of(sent.http.body);
    if (!time) {
      error = {time.error().code, "time: " + time.error().text};
      break;
    }
    if (clock_.sample(sent.http.sent_time_ns, *time, sent.http.received_time_ns) && (i > 0 || !anew)) break;
  }
  if (!clock_.is_known()) co_return error;
  clock_at_ns_ = boottime_now_ns();
  context_.events.on_clock_offset(clock_.offset_ns());
  co_return Result<void>{};
}

// Behind whoever got the answer, and what it does about it.
void RestLine::make_ahead_soon() {
  if (!dialect_.make_ahead || std::exchange(*is_making_ahead_, true)) return;
  asio::post(context_.loop, [this, line = std::weak_ptr{is_making_ahead_}] {
    const auto is_making = line.lock();
    if (!is_making) return;
    *is_making = false;
    dialect_.make_ahead(broker_time_ns());
  });
}

asio::awaitable<void> RestLine::refresh() {
  if (dialect_.make_ahead) dialect_.make_ahead(broker_time_ns());
  const bool is_down = failures_ >= failures_max;
  if (!is_down && boottime_now_ns() - clock_at_ns_ < clock_interval_ns) co_return;
  clock_at_ns_ = boottime_now_ns();  // what fails is tried again in its time
  if (const auto clock = co_await measure_clock(false); !clock) {
    spdlog::warn("{}: clock: {}", view(context_.account), clock.error().text);
  }
}

void RestLine::note(const HttpResponse& http, std::string_view target, bool is_private) {
  if (http.outcome != HttpOutcome::Answered) return note_health(http, false, is_private);
  if (dialect_.note_limits) dialect_.note_limits(http);
  const Meaning meaning = dialect_.meaning(http, target);
  if (dialect_.drop_ahead && (meaning.is_key_refused || meaning.is_clock_wrong)) dialect_.drop_ahead();
  note_health(http, meaning.is_key_refused, is_private);
  if (meaning.hold_back.count() == 0 && !meaning.used) return;
  RateUsage usage = dialect_.limit;
  usage.account = context_.account;
  usage.used = meaning.used.value_or(0);
  note_used(usage.used);
  if (meaning.hold_back.count() != 0) {
    Timestamp& until_ns = (*context_.held_back)[dialect_.limit.scope];
    until_ns = std::max(until_ns, wall_now_ns() + meaning.hold_back.count() * ms_ns);
    usage.blocked_until_ns = until_ns;
  }
  context_.events.on_usage(std::move(usage));
}

void RestLine::note_health(const HttpResponse& http, bool is_key_refused, bool is_private) {
  using enum SessionStateKind;
  const auto tell = [&](SessionStateKind state, std::string reason) {
    if (!dialect_.is_of_trading) return;
    context_.events.on_state(Events::Part::Rest, state, std::move(reason));
  };
  if (http.outcome != HttpOutcome::Answered) {
    if (++failures_ == failures_max) tell(Down, http.error);
    return;
  }
  // One refusal is not believed: good keys have been refused by servers in trouble. And that anybody may ask what the time is
  // does not prove a key that was refused.
  const bool is_well = http.status < 400;
  key_refusals_ = is_key_refused ? key_refusals_ + 1 : is_private && is_well ? 0 : key_refusals_;
  if (is_key_refused && key_refusals_ >= 2) {
    tell(NeedsHuman, "authentication failed: " + dialect_.broker +
                         (context_.credentials.is_login()
                              ? " refuses the login's token: the login may have been revoked, or lack a permission"
                              : " refuses the API key: it may be wrong, revoked or expired, lack a permission, or not be "
                                "allowed from this address"));
  } else if (is_well && key_refusals_ < 2) {
    tell(Ok, {});
  }
  failures_ = 0;
}

}  // namespace busbar::gateway
