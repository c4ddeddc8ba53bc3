#include "gateways/alpaca/errors.hpp"

#include <algorithm>
#include <charconv>

#include <boost/json.hpp>

#include "gateways/alpaca/read.hpp"

namespace busbar::alpaca {

namespace {

using enum ErrorCode;

// The first whose words stand in the message is meant.
struct Known {
  std::uint32_t status;
  std::string_view words;
  ErrorCode error;
};
constexpr Known known_errors[] = {
    {403, "insufficient", InsufficientFunds},  // buying power, balance, qty, underlying qty
    {403, "potential wash trade", OrderRejected},
    {403, "orders must be submitted after", MarketClosed},  // opg, cls
    {403, "market hours", MarketClosed},
    {403, "cost basis must be", InvalidOrder},
    {403, "is not fractionable", InvalidOrder},
    {403, "pattern day trading", RiskLimit},
    {403, "not allowed", PermissionDenied},
    {403, "not eligible", PermissionDenied},
    {403, "not authorized", PermissionDenied},
    {403, "not permit", PermissionDenied},
    {403, "by user request", PermissionDenied},
    {403, "is disabled", PermissionDenied},
    {403, "is restricted", PermissionDenied},
    {403, "forbidden", PermissionDenied},
    {404, "asset not found", InvalidSymbol},
    {404, "symbol not found", InvalidSymbol},
    {404, "resource not found", InvalidSymbol},
    {404, "position does not exist", OrderRejected},
    {404, "order not found", OrderNotFound},
    {404, "order is not found", OrderNotFound},
    {422, "client_order_id must be unique", DuplicateOrder},
    {422, "could not find asset", InvalidSymbol},
    {422, "invalid symbol", InvalidSymbol},
    {422, "not found", InvalidSymbol},  // asset "X" not found
    {422, "insufficient", InsufficientFunds},
    {422, "during market hours", MarketClosed},
    {422, "orders not allowed for account", PermissionDenied},
    {422, "order is already in", OrderRejected},
    {422, "unable to replace order", OrderRejected},
    {422, "only open orders can be", OrderRejected},
    {422, "parameters are not changed", OrderRejected},
    {422, "not cancelable", OrderRejected},
    {422, "cannot be sold short", OrderRejected},
};

bool has_words(std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; }

ErrorCode error_of_status(std::uint32_t status, bool has_code, std::string_view path) {
  switch (status) {
    case 400: return InvalidOrder;
    case 401: return AuthenticationFailed;
    case 403: return has_code ? OrderRejected : PermissionDenied;  // the latter: another host's key, or another plan
    case 404: return has_words(path, "/assets") || has_words(path, "/stocks") ? InvalidSymbol : OrderNotFound;
    case 422: return InvalidOrder;
    case 429: return RateLimited;
    default: return UnknownOutcome;
  }
}

bool is_definite(std::uint32_t status) {
  return status == 400 || status == 401 || status == 403 || status == 404 || status == 422;
}

Judged judged(std::uint32_t status, std::string_view body, std::string_view path) {
  if (status >= 200 && status < 300) return {.verdict = Verdict::Ok, .error = None, .broker = {}};
  Judged made;
  made.broker = decode_error(body);
  made.error = unified_error(status, made.broker, path);
  if (status == 429) made.verdict = Verdict::RateLimited;
  if (is_definite(status)) made.verdict = Verdict::Refused;
  return made;
}

template <class Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_good = error == std::errc{} && end == text.data() + text.size() && number >= 0;
  return is_good ? std::optional{number} : std::nullopt;
}

bool is_header(std::string_view name, std::string_view lower_case) {
  return std::equal(name.begin(), name.end(), lower_case.begin(), lower_case.end(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

}  // namespace

std::optional<BrokerError> decode_error(std::string_view body) {
  const auto value = parse_body(body, 1u << 20);
  const json::object* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return std::nullopt;
  BrokerError error{.code = number_in<std::int64_t>(long_text(*object, "code", 32)),
                    .message = long_text(*object, "message", text_max),
                    .reject_reason = long_text(*object, "reject_reason", text_max)};
  if (error.message.empty() && !error.code) return std::nullopt;
  return error;
}

std::string explained(const BrokerError& error) {
  if (error.reject_reason.empty()) return error.message;
  return error.message + (error.message.empty() ? "" : ": ") + error.reject_reason;
}

ErrorCode unified_error(std::uint32_t status, const std::optional<BrokerError>& broker, std::string_view path) {
  constexpr std::int64_t day_trading = 40310100;
  if (broker && status == 403 && broker->code == day_trading) return RiskLimit;
  for (const Known& known : known_errors) {
    if (broker && known.status == status && has_words(broker->message, known.words)) return known.error;
  }
  return error_of_status(status, broker && broker->code, path);
}

ErrorCode unified_stream_error(std::int64_t code) {
  switch (code) {
    case 400: return InvalidMessage;
    case 401:
    case 402:
    case 404: return AuthenticationFailed;
    case 405: return RateLimited;  // symbols, not requests: those that there were stay
    case 408:
    case 409:
    case 411: return PermissionDenied;
    case 410: return Unsupported;
    default: return ConnectionError;
  }
}

bool is_final_stream_error(std::int64_t code) { return code == 402 || code == 409 || code == 411; }

Judged judge_write(std::uint32_t status, std::string_view body, std::string_view path) {
  return judged(status, body, path);
}

Judged judge_read(std::uint32_t status, std::string_view body, std::string_view path) {
  Judged made = judged(status, body, path);
  if (made.verdict == Verdict::Unknown) {
    made.verdict = Verdict::Refused;
    made.error = ConnectionError;
  }
  if (status == 404 && made.broker && has_words(made.broker->message, "position does not exist")) {
    made.verdict = Verdict::Flat;
    made.error = None;
  }
  return made;
}

bool is_worth_asking_again(const Judged& judged) {
  return judged.verdict == Verdict::RateLimited || judged.error == ConnectionError;
}

// ---- How often one may ask

RateHeaders read_rate_headers(const std::vector<std::pair<std::string, std::string>>& headers) {
  RateHeaders read;
  for (const auto& [name, value] : headers) {
    if (is_header(name, "x-ratelimit-limit")) read.limit = number_in<std::uint64_t>(value);
    if (is_header(name, "x-ratelimit-remaining")) read.remaining = number_in<std::uint64_t>(value);
    if (is_header(name, "x-ratelimit-reset")) read.reset_s = number_in<std::int64_t>(value);
    if (is_header(name, "retry-after")) read.retry_after_s = number_in<std::int64_t>(value);
  }
  return read;
}

std::int64_t hold_back_ms(const RateHeaders& headers, Timestamp now_ns) {
  constexpr std::int64_t longest_s = 3600;
  const std::int64_t now_s = now_ns / 1'000'000'000;
  std::int64_t seconds = headers.retry_after_s.value_or(0);
  if (!headers.retry_after_s && headers.reset_s && *headers.reset_s > now_s) seconds = *headers.reset_s - now_s;
  return std::clamp<std::int64_t>(std::min(seconds, longest_s), 1, longest_s) * 1'000;
}

std::vector<RateLimit> rate_limits(const Name& account, std::uint32_t per_minute, std::uint32_t data_per_minute) {
  const auto each_minute = [](std::string_view bucket, const Name& scope, std::uint32_t limit) {
    return RateLimit{.bucket = cut<32>(bucket), .scope = scope, .interval_ms = 60'000, .limit = limit, .aligned = false};
  };
  // A 429 of one holds back nothing of the other, so that they have scopes of their own.
  return {each_minute("trading", account, per_minute), each_minute("data", data_scope(account), data_per_minute)};
}

Name data_scope(const Name& account) { return cut<32>("data." + std::string{view(account)}); }

// A question is an order and its fills; a replace may be a cancel, the look whether it was done, and the new order.
std::vector<RateCost> rate_costs() {
  const Name bucket{"trading"};
  return {{"place", bucket, 1}, {"cancel", bucket, 1}, {"replace", bucket, 3}, {"ask", bucket, 2}};
}

}  // namespace busbar::alpaca
