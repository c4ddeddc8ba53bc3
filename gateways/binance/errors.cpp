#include "gateways/binance/errors.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>

namespace busbar::binance {

namespace {

using enum ErrorCode;

struct KnownCode {
  std::int64_t code;
  ErrorCode error;
  std::string_view name;
};

constexpr KnownCode codes[] = {
    {-1000, UnknownOutcome, "UNKNOWN"},
    {-1001, ConnectionError, "DISCONNECTED"},  // to a write it means that nobody knows: judge_write
    {-1002, AuthenticationFailed, "UNAUTHORIZED"},
    {-1003, RateLimited, "TOO_MANY_REQUESTS"},
    {-1004, ConnectionError, "SERVER_BUSY"},
    {-1006, UnknownOutcome, "UNEXPECTED_RESP"},
    {-1007, UnknownOutcome, "TIMEOUT"},
    {-1008, ConnectionError, "SERVER_BUSY"},
    {-1010, OrderRejected, "ERROR_MSG_RECEIVED"},  // by message
    {-1013, OrderRejected, "INVALID_MESSAGE"},     // by message
    {-1014, InvalidOrder, "UNKNOWN_ORDER_COMPOSITION"},
    {-1015, RateLimited, "TOO_MANY_ORDERS"},
    {-1016, ConnectionError, "SERVICE_SHUTTING_DOWN"},
    {-1020, InvalidOrder, "UNSUPPORTED_OPERATION"},
    {-1021, AuthenticationFailed, "INVALID_TIMESTAMP"},
    {-1022, AuthenticationFailed, "INVALID_SIGNATURE"},
    {-1033, UnknownOutcome, "COMP_ID_IN_USE"},  // FIX alone says this and the next but one
    {-1034, RateLimited, "TOO_MANY_CONNECTIONS"},
    {-1035, UnknownOutcome, "LOGGED_OUT"},
    {-1099, AuthenticationFailed, {}},
    {-1100, InvalidOrder, "ILLEGAL_CHARS"},
    {-1101, InvalidOrder, "TOO_MANY_PARAMETERS"},
    {-1102, InvalidOrder, "MANDATORY_PARAM_EMPTY_OR_MALFORMED"},
    {-1103, InvalidOrder, "UNKNOWN_PARAM"},
    {-1104, InvalidOrder, "UNREAD_PARAMETERS"},
    {-1105, InvalidOrder, "PARAM_EMPTY"},
    {-1106, InvalidOrder, "PARAM_NOT_REQUIRED"},
    {-1108, InvalidOrder, "PARAM_OVERFLOW"},
    {-1111, InvalidOrder, "BAD_PRECISION"},
    {-1112, InvalidOrder, "NO_DEPTH"},
    {-1114, InvalidOrder, "TIF_NOT_REQUIRED"},
    {-1115, InvalidOrder, "INVALID_TIF"},
    {-1116, InvalidOrder, "INVALID_ORDER_TYPE"},
    {-1117, InvalidOrder, "INVALID_SIDE"},
    {-1118, InvalidOrder, "EMPTY_NEW_CL_ORD_ID"},
    {-1119, InvalidOrder, "EMPTY_ORG_CL_ORD_ID"},
    {-1120, InvalidOrder, "BAD_INTERVAL"},
    {-1121, InvalidSymbol, "BAD_SYMBOL"},
    {-1122, InvalidOrder, "INVALID_SYMBOLSTATUS"},
    {-1125, AuthenticationFailed, "INVALID_LISTEN_KEY"},
    {-1127, InvalidOrder, "MORE_THAN_XX_HOURS"},
    {-1128, InvalidOrder, "OPTIONAL_PARAMS_BAD_COMBO"},
    {-1130, InvalidOrder, "INVALID_PARAMETER"},
    {-1134, InvalidOrder, "BAD_STRATEGY_TYPE"},
    {-1135, InvalidOrder, "INVALID_JSON"},
    {-1139, InvalidOrder, "INVALID_TICKER_TYPE"},
    {-1145, InvalidOrder, "INVALID_CANCEL_RESTRICTIONS"},
    {-1151, InvalidOrder, "DUPLICATE_SYMBOLS"},
    {-1152, InvalidOrder, "INVALID_SBE_HEADER"},
    {-1153, InvalidOrder, "UNSUPPORTED_SCHEMA_ID"},
    {-1155, InvalidOrder, "SBE_DISABLED"},
    {-1158, InvalidOrder, "OCO_ORDER_TYPE_REJECTED"},
    {-1160, InvalidOrder, "OCO_ICEBERGQTY_TIMEINFORCE"},
    {-1161, InvalidOrder, "DEPRECATED_SCHEMA"},
    {-1165, InvalidOrder, "BUY_OCO_LIMIT_MUST_BE_BELOW"},
    {-1166, InvalidOrder, "SELL_OCO_LIMIT_MUST_BE_ABOVE"},
    {-1168, InvalidOrder, "BOTH_OCO_ORDERS_CANNOT_BE_LIMIT"},
    {-1169, InvalidOrder, "INVALID_TAG_NUMBER"},
    {-1170, InvalidOrder, "TAG_NOT_DEFINED_IN_MESSAGE"},
    {-1171, InvalidOrder, "TAG_APPEARS_MORE_THAN_ONCE"},
    {-1172, InvalidOrder, "TAG_OUT_OF_ORDER"},
    {-1173, InvalidOrder, "GROUP_FIELDS_OUT_OF_ORDER"},
    {-1174, InvalidOrder, "INVALID_COMPONENT"},
    {-1175, InvalidOrder, "RESET_SEQ_NUM_SUPPORT"},
    {-1176, InvalidOrder, "ALREADY_LOGGED_IN"},
    {-1177, InvalidOrder, "GARBLED_MESSAGE"},
    {-1178, InvalidOrder, "BAD_SENDER_COMPID"},
    {-1179, InvalidOrder, "BAD_SEQ_NUM"},
    {-1180, InvalidOrder, "EXPECTED_LOGON"},
    {-1181, InvalidOrder, "TOO_MANY_MESSAGES"},
    {-1182, InvalidOrder, "PARAMS_BAD_COMBO"},
    {-1183, InvalidOrder, "NOT_ALLOWED_IN_DROP_COPY_SESSIONS"},
    {-1184, InvalidOrder, "DROP_COPY_SESSION_NOT_ALLOWED"},
    {-1185, InvalidOrder, "DROP_COPY_SESSION_REQUIRED"},
    {-1186, InvalidOrder, "NOT_ALLOWED_IN_ORDER_ENTRY_SESSIONS"},
    {-1187, InvalidOrder, "NOT_ALLOWED_IN_MARKET_DATA_SESSIONS"},
    {-1188, InvalidOrder, "INCORRECT_NUM_IN_GROUP_COUNT"},
    {-1189, InvalidOrder, "DUPLICATE_ENTRIES_IN_A_GROUP"},
    {-1190, InvalidOrder, "INVALID_REQUEST_ID"},
    {-1191, InvalidOrder, "TOO_MANY_SUBSCRIPTIONS"},
    {-1194, InvalidOrder, "INVALID_TIME_UNIT"},
    {-1196, InvalidOrder, "BUY_OCO_STOP_LOSS_MUST_BE_ABOVE"},
    {-1197, InvalidOrder, "SELL_OCO_STOP_LOSS_MUST_BE_BELOW"},
    {-1198, InvalidOrder, "BUY_OCO_TAKE_PROFIT_MUST_BE_BELOW"},
    {-1199, InvalidOrder, "SELL_OCO_TAKE_PROFIT_MUST_BE_ABOVE"},
    {-1210, InvalidOrder, "INVALID_PEG_PRICE_TYPE"},
    {-1211, InvalidOrder, "INVALID_PEG_OFFSET_TYPE"},
    {-1220, InvalidOrder, "SYMBOL_DOES_NOT_MATCH_STATUS"},
    {-1221, InvalidOrder, "INVALID_SBE_MESSAGE_FIELD"},
    {-1222, InvalidOrder, "OPO_WORKING_MUST_BE_BUY"},
    {-1223, InvalidOrder, "OPO_PENDING_MUST_BE_SELL"},
    {-1224, InvalidOrder, "WORKING_PARAM_REQUIRED"},
    {-1225, InvalidOrder, "PENDING_PARAM_NOT_REQUIRED"},
    {-2008, AuthenticationFailed, {}},
    {-2010, OrderRejected, "NEW_ORDER_REJECTED"},  // by message
    {-2011, OrderRejected, "CANCEL_REJECTED"},     // by message
    {-2013, OrderNotFound, "NO_SUCH_ORDER"},
    {-2014, AuthenticationFailed, "BAD_API_KEY_FMT"},
    {-2015, AuthenticationFailed, "REJECTED_MBX_KEY"},
    {-2016, MarketClosed, "NO_TRADING_WINDOW"},
    {-2021, OrderRejected, "ORDER_CANCEL_REPLACE_PARTIALLY_FAILED"},  // `data` says which half
    {-2022, OrderRejected, "ORDER_CANCEL_REPLACE_FAILED"},
    {-2026, OrderNotFound, "ORDER_ARCHIVED"},
    {-2035, Internal, "SUBSCRIPTION_ACTIVE"},  // the user stream's own affairs
    {-2036, Internal, "SUBSCRIPTION_INACTIVE"},
    {-2038, OrderRejected, "ORDER_AMEND_REJECTED"},  // by message
    {-2039, OrderNotFound, "CLIENT_ORDER_ID_INVALID"},
    {-2042, Internal, "MAXIMUM_SUBSCRIPTION_IDS"},
    {-2043, InvalidSymbol, "NO_REFERENCE_PRICE"},
};

struct KnownMessage {
  std::string_view start;
  ErrorCode error;
};

// Of -1010, -1013, -2010, -2011 and -2038, whose meaning is in the text alone. The first that fits.
constexpr KnownMessage messages[] = {
    {"Account has insufficient balance for requested action.", InsufficientFunds},
    {"Duplicate order sent.", DuplicateOrder},
    {"Market is closed.", MarketClosed},
    {"Unknown order sent.", OrderNotFound},
    {"Filter failure: MAX_", OrderRejected},
    {"Filter failure: EXCHANGE_MAX_", OrderRejected},
    {"Filter failure: ", InvalidOrder},
    {"Price * QTY is zero or less.", InvalidOrder},
    {"IcebergQty exceeds QTY.", InvalidOrder},
    {"Unsupported order combination", InvalidOrder},
    {"Cancel order is invalid.", InvalidOrder},
    {"The relationship of the prices", InvalidOrder},
    {"Order amend (", InvalidOrder},
    {"Order would trigger immediately.", OrderRejected},
    {"Order would immediately match and take.", OrderRejected},
    {"Order book liquidity is", OrderRejected},
    {"Order was not canceled due to cancel restrictions.", OrderRejected},
    {"The requested action would change no state", OrderRejected},
    {"This action is disabled on this account.", OrderRejected},
    {"This account may not place or cancel orders.", OrderRejected},
    {"This symbol is not permitted", OrderRejected},
    {"This symbol is restricted", OrderRejected},
};

bool is_told_by_message(std::int64_t code) {
  return code == -1010 || code == -1013 || code == -2010 || code == -2011 || code == -2038;
}

const KnownCode* find(std::int64_t code) {
  for (const KnownCode& known : codes) {
    if (known.code == code) return &known;
  }
  return nullptr;
}

// The whole number that the text begins with.
std::optional<std::int64_t> leading_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  return number;
}

// 2022-07-30 02:00:00 UTC
std::string utc_text(std::int64_t ms) {
  using namespace std::chrono;
  const sys_seconds time{seconds{ms / 1000}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  const auto two = [](auto number) {
    const std::string text = std::to_string(number);
    return text.size() < 2 ? "0" + text : text;
  };
  return std::to_string(static_cast<int>(date.year())) + "-" + two(static_cast<unsigned>(date.month())) + "-" +
         two(static_cast<unsigned>(date.day())) + " " + two(clock.hours().count()) + ":" +
         two(clock.minutes().count()) + ":" + two(clock.seconds().count()) + " UTC";
}

// What the body and the status say, without asking whether it was a write.
Judged judge(std::uint32_t status, std::string_view body) {
  if (status >= 200 && status < 300) return {.verdict = Verdict::Ok, .error = None, .broker = {}};
  Judged judged;
  judged.broker = decode_error(body);
  if (status == 429 || status == 418) {  // whatever the body: during a ban even -2015 has been seen
    judged.verdict = Verdict::RateLimited;
    judged.error = RateLimited;
  } else if (status >= 500 || status < 400) {
    judged.verdict = Verdict::Unknown;
    judged.error = judged.broker ? unified(judged.broker->code, judged.broker->message) : UnknownOutcome;
  } else if (judged.broker) {
    judged.error = unified(judged.broker->code, judged.broker->message);
    judged.verdict = judged.broker->code == -1021 ? Verdict::WrongTime
                     : judged.error == UnknownOutcome ? Verdict::Unknown
                     : judged.error == RateLimited ? Verdict::RateLimited
                                                   : Verdict::Refused;
  } else if (status == 403) {  // the web firewall, which lets nothing through to the engine
    judged.verdict = Verdict::Refused;
    judged.error = PermissionDenied;
  }
  return judged;
}

}  // namespace

ErrorCode unified(std::int64_t code, std::string_view message) {
  if (is_told_by_message(code)) {
    for (const KnownMessage& known : messages) {
      if (message.starts_with(known.start)) return known.error;
    }
    // "Market orders are not supported for this symbol." and its sisters; one says "not support".
    if (message.find("not support") != std::string_view::npos) return InvalidOrder;
    return OrderRejected;
  }
  if (const KnownCode* known = find(code)) return known->error;
  if (code <= -1100 && code >= -1199) return InvalidOrder;  // the whole range is about the request's form
  return UnknownOutcome;
}

std::string_view documented_name(std::int64_t code) {
  const KnownCode* known = find(code);
  return known == nullptr ? std::string_view{} : known->name;
}

std::string explained(const BrokerError& error) {
  std::string text = error.message;
  if (error.code == -2015 || error.code == -2014 || error.code == -2008) {
    text +=
        " (is the key right and of this environment, is this host's address on its list, and may it trade spot? During "
        "a ban a good key is refused as well)";
  } else if (error.code == -1022) {
    text += " (does the secret belong to this key?)";
  } else if (error.code == -1021) {
    text += " (the clock of Binance is measured anew; is this host's right?)";
  } else if (const auto until = banned_until_ms(error.message)) {
    text += " (that is " + utc_text(*until) + ")";
  }
  return text;
}

std::optional<std::int64_t> banned_until_ms(std::string_view message) {
  constexpr std::string_view words = "banned until ";
  const auto at = message.find(words);
  if (at == std::string_view::npos) return std::nullopt;
  constexpr std::int64_t latest = 9'999'999'999'999;  // in the year 2286: what is later is no time in ms
  const auto until = leading_number(message.substr(at + words.size()));
  return until && *until <= latest ? until : std::nullopt;
}

std::optional<std::int64_t> blocked_until_ms(std::uint32_t status, const std::optional<BrokerError>& error,
                                             std::string_view retry_after, std::int64_t broker_now_ms) {
  if (status != 429 && status != 418) return std::nullopt;
  constexpr std::int64_t longest_s = 7 * 86400;  // a ban is of three days at most: what is longer is a mistake
  const std::int64_t latest = broker_now_ms + longest_s * 1000;
  std::optional<std::int64_t> until;
  if (const auto seconds = leading_number(retry_after)) until = broker_now_ms + std::min(*seconds, longest_s) * 1000;
  if (error) {
    for (const auto& said : {error->retry_after_ms, banned_until_ms(error->message)}) {
      if (said) until = std::max(until.value_or(*said), *said);
    }
  }
  if (!until) until = broker_now_ms + (status == 418 ? 120'000 : 60'000);
  return std::clamp(*until, broker_now_ms, latest);
}

Judged judge_write(std::uint32_t status, std::string_view body) {
  Judged judged = judge(status, body);
  if (judged.broker && judged.broker->code == -1001 && judged.verdict == Verdict::Refused) {
    judged.verdict = Verdict::Unknown;
  }
  // Somebody's order of this name is live: ours from before, or a stranger's. Asking tells.
  if (judged.error == DuplicateOrder) judged.verdict = Verdict::Unknown;
  if (judged.verdict == Verdict::Unknown) judged.error = UnknownOutcome;
  return judged;
}

Judged judge_read(std::uint32_t status, std::string_view body) {
  Judged judged = judge(status, body);
  if (judged.verdict == Verdict::Unknown) {
    judged.verdict = Verdict::Refused;
    judged.error = ConnectionError;  // even where the body speaks of an order: "not found" is only believed in a 4xx
  }
  return judged;
}

}  // namespace busbar::binance
