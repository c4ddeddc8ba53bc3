#include "gateways/binance/rest.hpp"

#include <algorithm>
#include <charconv>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bus/clock.hpp"
#include "gateways/binance/errors.hpp"
#include "gateways/binance/instruments.hpp"
#include "gateways/framework/redact.hpp"

namespace busbar::binance {

namespace {

using gateway::HttpOutcome;
using gateway::HttpResponse;

constexpr std::int64_t day_ms = 86'400'000;
constexpr int reads_max = 3;
// Binance itself gives up after 10 s. Whoever placed an order is told sooner that its outcome is unknown, and it is asked for.
constexpr std::chrono::milliseconds write_answer_max{3'000};
constexpr int clock_samples_max = 6;

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

Name scope_of(std::string_view bucket, const Name& account) {
  return bucket == "orders" ? account : Name{"binance-ip"};
}

std::optional<RateUsage> usage_of(std::string_view header, std::string_view value, const Name& account) {
  constexpr std::string_view weight = "x-mbx-used-weight-";
  constexpr std::string_view orders = "x-mbx-order-count-";
  const bool is_weight = header.starts_with(weight);
  if (!is_weight && !header.starts_with(orders)) return std::nullopt;
  const std::uint64_t interval = interval_ms_of(header.substr(is_weight ? weight.size() : orders.size()));
  const auto used = whole_number(value);
  if (interval == 0 || !used) return std::nullopt;
  RateUsage usage;
  usage.account = account;
  usage.bucket = is_weight ? "weight" : "orders";
  usage.scope = scope_of(view(usage.bucket), account);
  usage.interval_ms = interval;
  usage.used = static_cast<std::uint64_t>(*used);
  return usage;
}

Rest::Rest(gateway::HttpSession& http, gateway::AdapterContext& context, Signer signer, std::uint32_t recv_window_ms)
    : http_{http}, context_{context}, signer_{std::move(signer)}, recv_window_ms_{recv_window_ms} {}

Timestamp Rest::broker_time_ns() const { return wall_now_ns() + clock_.offset_ns(); }

std::chrono::milliseconds Rest::jitter(std::chrono::milliseconds most) {
  return std::chrono::milliseconds{std::uniform_int_distribution<std::int64_t>{0, most.count()}(random_)};
}

// Going on after a 429 turns it into a ban, which stops cancels too.
std::optional<Sent> Rest::held_back() const {
  const Timestamp left_ns = held_back_until_ns_ - wall_now_ns();
  if (left_ns <= 0) return std::nullopt;
  Sent sent;
  sent.is_held_back = true;
  sent.http.error =
      "Binance takes nothing from this address for another " + std::to_string(left_ns / (1000 * ns_per_ms) + 1) + " s";
  return sent;
}

asio::awaitable<Sent> Rest::send(Request request, About about, Timestamp expire_time_ns) {
  if (auto refused = held_back()) co_return *std::move(refused);
  Sent sent;
  gateway::HttpRequest http;
  http.method = request.method;
  http.target = request.path;
  if (request.security != Security::Public) {
    http.headers.emplace_back(api_key_header, api_key());
    http.secret_headers.emplace_back(api_key_header);
  }
  http.secret_parameters = {"signature", "listenKey"};
  http.secret_members = {"listenKey"};
  http.about = std::move(about);
  if (request.method != "GET") http.answer_timeout = write_answer_max;
  if (expire_time_ns != 0) http.write_until_ns = boottime_now_ns() + (expire_time_ns - broker_time_ns());
  // Now, before it may have to wait for a connection: one that has aged there is refused by Binance, and one stamped
  // later could still act when the absence rule, which counts from a command's expiry, thinks it cannot.
  if (request.security == Security::Signed) sent.request_time_ns = timestamp_ms() * ns_per_ms;
  put_params(http, std::move(request), sent.request_time_ns);
  sent.http = co_await http_.request(std::move(http));
  cut_secrets(sent.http.body);
  if (!sent.http.is_too_late) note(sent.http);
  co_return sent;
}

void Rest::cut_secrets(std::string& text) const {
  gateway::cut_secret(text, api_key());
  gateway::cut_secret(text, context_.credentials.secret.reveal());
}

// Signed where it must be, and where the method wants it: in the body or in the target.
void Rest::put_params(gateway::HttpRequest& http, Request request, Timestamp time_ns) const {
  Params& params = request.params;
  if (request.security == Security::Signed) {
    params.emplace_back("recvWindow", std::to_string(recv_window_ms_));
    params.emplace_back("timestamp", std::to_string(time_ns / ns_per_ms));
  }
  std::string query = query_of(params);
  if (request.security == Security::Signed) query = with_signature(query, signer_.sign(rest_payload(query, {})));
  if (request.method == "POST") {
    http.body = std::move(query);
    http.content_type = "application/x-www-form-urlencoded";
  } else if (!query.empty()) {
    http.target += "?" + query;
  }
}

void Rest::note(const HttpResponse& http) {
  if (http.outcome != HttpOutcome::Answered) return note_health(http, false);
  for (const auto& [name, value] : http.headers) {
    if (auto usage = usage_of(name, value, context_.account)) context_.events.on_usage(*std::move(usage));
  }
  const Judged judged = judge_read(http.status, http.status < 400 ? std::string_view{} : std::string_view{http.body});
  const bool is_key_refused =
      judged.error == ErrorCode::AuthenticationFailed && judged.broker && judged.broker->code != -1021;
  note_health(http, is_key_refused);
  const std::string* after = http.header("retry-after");
  const auto until_ms = blocked_until_ms(http.status, judged.broker, after ? *after : std::string_view{}, timestamp_ms());
  if (!until_ms) return;
  const Timestamp until = wall_now_ns() + std::clamp<std::int64_t>(*until_ms - timestamp_ms(), 0, 7 * day_ms) * ns_per_ms;
  RateUsage blocked;
  blocked.account = context_.account;
  // -1015 is about orders alone; everything else counts the address, and then nothing at all may be sent.
  blocked.bucket = judged.broker && judged.broker->code == -1015 ? "orders" : "weight";
  blocked.scope = scope_of(view(blocked.bucket), context_.account);
  blocked.interval_ms = 60000;
  blocked.blocked_until_ns = until;
  if (blocked.bucket == "weight") held_back_until_ns_ = std::max(held_back_until_ns_, until);
  context_.events.on_usage(std::move(blocked));
}

void Rest::note_health(const HttpResponse& http, bool is_key_refused) {
  using enum SessionStateKind;
  const auto tell = [&](SessionStateKind state, std::string reason) {
    context_.events.on_state(gateway::Events::Part::Rest, state, std::move(reason));
  };
  if (http.outcome != HttpOutcome::Answered) {
    if (++failures_ == failures_max) tell(Down, http.error);
    return;
  }
  // During a ban a good key has been refused, so one refusal is not believed.
  key_refusals_ = is_key_refused ? key_refusals_ + 1 : http.status < 400 ? 0 : key_refusals_;
  if (key_refusals_ == 2) {
    tell(NeedsHuman,
         "Binance refuses the API key: it may be wrong, lack the permission to trade spot, or not be allowed from "
         "this address");
  } else if (key_refusals_ == 0 && http.status < 400) {
    tell(Ok, {});
  }
  failures_ = 0;
}

asio::awaitable<Result<std::string>> Rest::ask(Request request, About about) {
  for (int tries = 1;; ++tries) {
    Sent sent = co_await send(request, about);
    if (sent.is_held_back) co_return Error{ErrorCode::RateLimited, sent.http.error};
    Error error{ErrorCode::ConnectionError, sent.http.error};
    if (sent.http.outcome == HttpOutcome::Answered) {
      const Judged judged = judge_read(sent.http.status, sent.http.body);
      if (judged.verdict == Verdict::Ok) co_return std::move(sent.http.body);
      error.code = judged.error;
      if (judged.error == ErrorCode::OrderNotFound && judged.broker->code == -2026) error.code = ErrorCode::Expired;
      if (judged.error == ErrorCode::OrderNotFound && judged.broker->code == -2039) error.code = ErrorCode::Conflict;
      error.text = judged.broker ? std::to_string(judged.broker->code) + " " + explained(*judged.broker)
                                 : "HTTP " + std::to_string(sent.http.status);
      if (judged.verdict == Verdict::WrongTime && tries < 2) {
        if (const auto measured = co_await measure_clock(true); !measured) co_return measured.error();
        continue;
      }
    }
    if (error.code != ErrorCode::ConnectionError || tries >= reads_max) co_return error;
    asio::steady_timer pause{context_.loop, jitter(std::chrono::milliseconds{200 << tries})};
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

asio::awaitable<Result<void>> Rest::measure_clock(bool anew) {
  if (anew) clock_.forget();
  Error error{ErrorCode::ConnectionError, "the clock could not be measured: each answer took longer than a second"};
  for (int i = 0; i < clock_samples_max; ++i) {
    Sent sent = co_await send(encode_time(), {});
    if (sent.is_held_back) co_return Error{ErrorCode::RateLimited, sent.http.error};
    if (sent.http.outcome != HttpOutcome::Answered) {
      error.text = sent.http.error;
      break;
    }
    const Judged judged = judge_read(sent.http.status, sent.http.body);
    const auto time = decode_time(sent.http.body);
    if (judged.verdict != Verdict::Ok || !time) {
      error.code = judged.verdict == Verdict::Ok ? ErrorCode::InvalidMessage : judged.error;
      error.text =
          "time: " + (judged.verdict == Verdict::Ok ? time.error().text : "HTTP " + std::to_string(sent.http.status));
      break;
    }
    if (clock_.sample(sent.http.sent_time_ns, *time * ns_per_ms, sent.http.received_time_ns) && (i > 0 || !anew)) break;
  }
  if (!clock_.is_known()) co_return error;
  context_.events.on_clock_offset(clock_.offset_ns());
  co_return Result<void>{};
}

}  // namespace busbar::binance
