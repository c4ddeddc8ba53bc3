#include "gateways/binance/rest.hpp"

#include <algorithm>
#include <charconv>

#include "bus/clock.hpp"
#include "gateways/binance/decode.hpp"
#include "gateways/binance/errors.hpp"
#include "gateways/binance/instruments.hpp"
#include "gateways/framework/append_all.hpp"

namespace busbar::binance {

namespace {

using gateway::HttpResponse;
using gateway::RestLine;

constexpr std::int64_t week_ms = 7 * 86'400'000;
constexpr std::uint64_t minute_ms = 60'000;

constexpr std::string_view secret_headers[] = {api_key_header};
constexpr std::string_view secret_parameters[] = {"signature", "listenKey"};
constexpr std::string_view secret_members[] = {"listenKey"};

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

// How long Binance wants to hear nothing. Going on after a 429 turns it into a ban, which stops cancels too.
std::chrono::milliseconds hold_back_of(const HttpResponse& http, const Judged& judged, std::int64_t broker_now_ms) {
  const std::string* after = http.header("retry-after");
  const auto until_ms =
      blocked_until_ms(http.status, judged.broker, after ? *after : std::string_view{}, broker_now_ms);
  return std::chrono::milliseconds{until_ms ? std::clamp<std::int64_t>(*until_ms - broker_now_ms, 0, week_ms) : 0};
}

// -1015 is about orders alone; every other limit counts the address, and then nothing at all may be sent.
bool is_about_orders(const Judged& judged) { return judged.broker && judged.broker->code == -1015; }

RestLine::Meaning meaning_of(const HttpResponse& http, const Rest& line) {
  const Judged judged = judge_read(http.status, http.body);
  RestLine::Meaning meaning;
  if (judged.verdict == Verdict::Ok) return meaning;
  Error error{judged.error, "HTTP " + std::to_string(http.status)};
  if (judged.broker) {
    const std::int64_t code = judged.broker->code;
    error.text = std::to_string(code) + " " + explained(*judged.broker);
    if (error.code == ErrorCode::OrderNotFound && code == -2026) error.code = ErrorCode::Expired;
    if (error.code == ErrorCode::OrderNotFound && code == -2039) error.code = ErrorCode::Conflict;
  }
  meaning.may_ask_again = error.code == ErrorCode::ConnectionError;
  meaning.is_clock_wrong = judged.verdict == Verdict::WrongTime;
  meaning.is_key_refused = judged.error == ErrorCode::AuthenticationFailed && judged.broker && !meaning.is_clock_wrong;
  if (!is_about_orders(judged)) meaning.hold_back = hold_back_of(http, judged, line.timestamp_ms());
  meaning.error = std::move(error);
  return meaning;
}

void note_limits(Rest& line, gateway::AdapterContext& context, const HttpResponse& http) {
  for (const auto& [name, value] : http.headers) {
    auto usage = usage_of(name, value, context.account);
    if (!usage) continue;
    if (is_weight_of_minute(view(usage->bucket), usage->interval_ms)) line.note_used(usage->used);
    context.events.on_usage(*std::move(usage));
  }
  if (http.status < 400) return;
  const Judged judged = judge_read(http.status, http.body);
  const auto hold_back = hold_back_of(http, judged, line.timestamp_ms());
  if (!is_about_orders(judged) || hold_back.count() == 0) return;
  RateUsage blocked;
  blocked.account = context.account;
  blocked.bucket = "orders";
  blocked.scope = scope_of("orders", context.account);
  blocked.interval_ms = minute_ms;
  blocked.blocked_until_ns = wall_now_ns() + hold_back.count() * ns_per_ms;
  context.events.on_usage(std::move(blocked));
}

RestLine::Dialect dialect(const gateway::AdapterContext& context) {
  RestLine::Dialect said;
  said.broker = "Binance";
  said.limit.bucket = "weight";
  said.limit.scope = scope_of("weight", context.account);
  said.limit.interval_ms = minute_ms;
  said.time_of = [](std::string_view body) -> Result<Timestamp> {
    const auto time = decode_time(body);
    if (!time) return time.error();
    constexpr std::int64_t latest_ms = 9'000'000'000'000;
    if (*time < 0 || *time > latest_ms) return Error{ErrorCode::InvalidMessage, "serverTime: no time in ms"};
    return *time * ns_per_ms;
  };
  return said;
}

}  // namespace

Name scope_of(std::string_view bucket, const Name& account) {
  return bucket == "orders" ? account : Name{"binance-ip"};
}

bool is_weight_of_minute(std::string_view bucket, std::uint64_t interval_ms) {
  return bucket == "weight" && interval_ms == minute_ms;
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
    : RestLine{http, context, whole_dialect(context)},
      signer_{std::move(signer)},
      api_key_{context.credentials.api_key.reveal()},
      recv_window_ms_{recv_window_ms} {}

gateway::RestLine::Dialect Rest::whole_dialect(gateway::AdapterContext& context) {
  RestLine::Dialect said = dialect(context);
  said.meaning = [this](const HttpResponse& http, std::string_view) { return meaning_of(http, *this); };
  said.note_limits = [this, &context](const HttpResponse& http) { note_limits(*this, context, http); };
  said.ask_time = make(encode_time());
  return said;
}

gateway::RestLine::Make Rest::make(Request request) const {
  return [this, request = std::move(request)](Timestamp now) { return whole(request, now); };
}

gateway::HttpRequest Rest::whole(const Request& request, Timestamp broker_time_ns) const {
  gateway::HttpRequest http;
  http.method = request.method;
  http.target = request.path;
  http.secret_parameters = secret_parameters;
  http.secret_members = secret_members;
  if (request.security != Security::Public) {
    http.headers.emplace_back(api_key_header, api_key_);
    http.secret_headers = secret_headers;
  }
  constexpr std::size_t signing = 256;  // letters: window, time and signature; that of a private key is longer
  std::string query = query_of(request.params, signing);
  if (request.security == Security::Signed) {
    if (!query.empty()) query += '&';
    gateway::append_all(query, "recvWindow=", std::to_string(recv_window_ms_), "&timestamp=",
                        std::to_string(broker_time_ns / ns_per_ms));
    const std::string signature = signer_.sign(query);  // there is nothing behind it
    query = with_signature(std::move(query), signature);
  }
  if (request.method == "POST") {
    http.body = std::move(query);
    http.content_type = "application/x-www-form-urlencoded";
  } else if (!query.empty()) {
    http.target += "?" + query;
  }
  return http;
}

}  // namespace busbar::binance
