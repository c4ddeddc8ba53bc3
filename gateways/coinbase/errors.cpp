#include "gateways/coinbase/errors.hpp"

#include <algorithm>
#include <charconv>

#include "gateways/framework/json_reader.hpp"

namespace busbar::coinbase {

using namespace reading;

namespace {

using enum ErrorCode;

struct Known {
  std::string_view word;
  ErrorCode error;
};

template <std::size_t N>
std::optional<ErrorCode> find(const Known (&table)[N], std::string_view word) {
  const auto* found = std::find_if(std::begin(table), std::end(table), [&](const Known& k) { return k.word == word; });
  return found == std::end(table) ? std::nullopt : std::optional{found->error};
}

// What a body calls the error.
constexpr Known ids[] = {
    {"INVALID_ARGUMENT", InvalidOrder},
    {"invalid_request", InvalidOrder},
    {"validation_error", InvalidOrder},
    {"param_required", InvalidOrder},
    {"authentication_error", AuthenticationFailed},
    {"invalid_token", AuthenticationFailed},
    {"expired_token", AuthenticationFailed},
    {"revoked_token", AuthenticationFailed},
    {"invalid_scope", AuthenticationFailed},
    {"invalid_grant", AuthenticationFailed},
    {"unauthorized", AuthenticationFailed},
    {"UNAUTHORIZED", AuthenticationFailed},
    {"UNAUTHENTICATED", AuthenticationFailed},
    {"PERMISSION_DENIED", PermissionDenied},
    {"rate_limit_exceeded", RateLimited},
    {"resource_exhausted", RateLimited},
    {"RESOURCE_EXHAUSTED", RateLimited},
};

// Of orders, without PREVIEW_ in front.
constexpr Known reasons[] = {
    {"INSUFFICIENT_FUND", InsufficientFunds},
    {"INSUFFICIENT_FUNDS", InsufficientFunds},
    {"INVALID_LEDGER_BALANCE", InsufficientFunds},
    {"REJECT_REASON_INSUFFICIENT_FUNDS", InsufficientFunds},
    {"HOLD_FAILURE", InsufficientFunds},
    {"RATE_LIMIT_EXCEEDED", RateLimited},
    {"INVALID_PRODUCT_ID", InvalidSymbol},
    {"INELIGIBLE_PAIR", InvalidSymbol},
    {"ORDER_ENTRY_DISABLED", MarketClosed},
    {"UNTRADABLE_PRODUCT", MarketClosed},
    {"INVALID_FCM_TRADING_SESSION", MarketClosed},
    {"UNSUPPORTED_ORDER_CONFIGURATION", InvalidOrder},
    {"INVALID_ORDER_CONFIG", InvalidOrder},
    {"INVALID_SIDE", InvalidOrder},
    {"INVALID_SIZE_PRECISION", InvalidOrder},
    {"INVALID_PRICE_PRECISION", InvalidOrder},
    {"INVALID_LIMIT_PRICE", InvalidOrder},
    {"INVALID_REQUEST", InvalidOrder},
    {"INVALID_MARGIN_TYPE", InvalidOrder},
    {"INVALID_LEVERAGE", InvalidOrder},
    {"END_TIME_TOO_FAR_IN_FUTURE", InvalidOrder},
    {"LIMIT_PRICE_TOO_FAR_FROM_MARKET", InvalidOrder},
    {"STOP_PRICE_ABOVE_LAST_TRADE_PRICE", InvalidOrder},
    {"STOP_PRICE_BELOW_LAST_TRADE_PRICE", InvalidOrder},
    {"STOP_PRICE_ABOVE_LIMIT_PRICE", InvalidOrder},
    {"STOP_PRICE_BELOW_LIMIT_PRICE", InvalidOrder},
    {"DUPLICATE_CLIENT_ORDER_ID", DuplicateOrder},
};

// The order is gone, or as good as gone: where it stands is asked for.
constexpr Known cancel_reasons[] = {
    {"UNKNOWN_CANCEL_ORDER", OrderNotFound},      {"INVALID_CANCEL_REQUEST", InvalidOrder},
    {"INVALID_CANCEL_PRODUCT_ID", InvalidSymbol}, {"INVALID_CANCEL_FCM_TRADING_SESSION", MarketClosed},
    {"NOT_ALLOWED_TO_CANCEL", PermissionDenied},
};

constexpr Known edit_reasons[] = {
    {"ORDER_NOT_FOUND", OrderNotFound},
    {"CANNOT_EDIT_TO_BELOW_FILLED_SIZE", InvalidOrder},
    {"INVALID_EDITED_SIZE", InvalidOrder},
    {"INVALID_EDITED_PRICE", InvalidOrder},
    {"ONLY_LIMIT_ORDER_EDITS_SUPPORTED", Unsupported},
    {"SIZE_IN_QUOTE_EDITS_NOT_ALLOWED", Unsupported},
};

std::string first_bytes(std::string_view text) { return std::string{text.substr(0, text_max)}; }

// What of these members comes first and is a text.
std::string first_text(const json::object& object, std::initializer_list<std::string_view> members) {
  for (const std::string_view member : members) {
    const json::value* value = object.if_contains(member);
    const json::string* text = value == nullptr ? nullptr : value->if_string();
    if (text != nullptr && !text->empty()) return first_bytes({text->data(), text->size()});
  }
  return {};
}

const json::object* first_of_errors(const json::object& object) {
  const json::value* list = object.if_contains("errors");
  const json::array* errors = list == nullptr ? nullptr : list->if_array();
  return errors == nullptr || errors->empty() ? nullptr : errors->front().if_object();
}

std::optional<std::uint64_t> unsigned_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{number} : std::nullopt;
}

bool is_about(std::string_view path, std::string_view part) { return path.find(part) != std::string_view::npos; }

ErrorCode error_of_404(std::string_view path) {
  return is_about(path, "/products") || is_about(path, "/product_book") ? InvalidSymbol : OrderNotFound;
}

ErrorCode error_of_status(std::uint32_t status, std::string_view path) {
  switch (status) {
    case 400:
      return InvalidOrder;
    case 401:
      return AuthenticationFailed;
    case 403:
      return PermissionDenied;
    case 404:
      return error_of_404(path);
    case 422:
      return InvalidOrder;
    default:
      return UnknownOutcome;
  }
}

Judged judge(std::uint32_t status, std::string_view body, std::string_view path) {
  if (status >= 200 && status < 300) return {.verdict = Verdict::Ok, .error = None, .broker = {}};
  Judged judged;
  judged.broker = decode_error(body);
  const bool is_definite = status == 400 || status == 401 || status == 403 || status == 404 || status == 422;
  auto named = judged.broker ? find(ids, judged.broker->id) : std::nullopt;
  if (judged.broker && !named) named = find(reasons, judged.broker->id);
  if (status == 429) {
    judged.verdict = Verdict::RateLimited;
    judged.error = RateLimited;
  } else if (is_definite) {
    judged.verdict = Verdict::Refused;
    judged.error = named.value_or(error_of_status(status, path));
    if (is_about(path, "/oauth2/")) judged.error = AuthenticationFailed;  // whatever it calls it: there is no token
  }
  return judged;
}

}  // namespace

std::optional<BrokerError> decode_error(std::string_view body) {
  const auto value = parse_json(body, 1u << 20);
  const json::object* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return std::nullopt;
  const json::object* inner = first_of_errors(*object);
  const json::object& error = inner == nullptr ? *object : *inner;
  BrokerError said{.id = first_text(error, {"id", "error"}),
                   .message = first_text(error, {"message", "error_details", "error_description"})};
  // {"error":"unknown",...} names nothing, and its details say as much as the message.
  if (said.id.empty() || (inner == nullptr && !object->contains("error"))) return std::nullopt;
  return said;
}

ErrorCode unified_reason(std::string_view reason) {
  constexpr std::string_view preview = "PREVIEW_";
  if (reason.starts_with(preview)) reason.remove_prefix(preview.size());
  if (const auto known = find(reasons, reason)) return *known;
  if (is_about(reason, "SIZE_TOO_SMALL") || is_about(reason, "SIZE_TOO_LARGE")) return InvalidOrder;
  return OrderRejected;
}

ErrorCode unified_cancel_reason(std::string_view reason) {
  return find(cancel_reasons, reason).value_or(OrderRejected);
}

ErrorCode unified_edit_reason(std::string_view reason) {
  if (const auto known = find(edit_reasons, reason)) return *known;
  return unified_reason(reason);
}

ErrorCode unified_stream_error(std::string_view message) {
  if (is_about(message, "authentication")) return AuthenticationFailed;
  if (is_about(message, "rate limit")) return RateLimited;
  return ConnectionError;
}

std::string explained(const BrokerError& error) {
  std::string text = error.id;
  if (!error.message.empty() && error.message != error.id) text += (text.empty() ? "" : ": ") + error.message;
  if (is_about(error.message, "account is not available")) {
    text +=
        " (is there a wallet in this quote currency, for USD and USDC are two; is the key of this portfolio; may this "
        "product be traded where the account is held?)";
  } else if (is_about(error.message, "timestamp expired")) {
    text += " (is this host's clock right?)";
  }
  return text;
}

Judged judge_write(std::uint32_t status, std::string_view body, std::string_view path) {
  return judge(status, body, path);
}

Judged judge_read(std::uint32_t status, std::string_view body, std::string_view path) {
  Judged judged = judge(status, body, path);
  if (judged.verdict == Verdict::Unknown) {
    judged.verdict = Verdict::Refused;
    judged.error = ConnectionError;
  }
  return judged;
}

bool is_worth_asking_again(const Judged& judged) {
  return judged.verdict == Verdict::RateLimited || judged.error == ConnectionError;
}

std::int64_t hold_back_ms(std::string_view retry_after) {
  constexpr std::uint64_t longest_s = 7 * 86'400;
  const std::uint64_t seconds = std::min(unsigned_number(retry_after).value_or(0), longest_s);
  return std::max<std::int64_t>(static_cast<std::int64_t>(seconds) * 1'000, 1'000);
}

std::optional<std::uint64_t> used_of(std::string_view limit, std::string_view remaining, std::uint64_t ours) {
  const auto most = unsigned_number(limit), left = unsigned_number(remaining);
  if (most != ours || !left || *left > *most / 2) return std::nullopt;
  return *most - *left;
}

}  // namespace busbar::coinbase
