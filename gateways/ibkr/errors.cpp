#include "gateways/ibkr/errors.hpp"

#include <algorithm>

#include "gateways/ibkr/read.hpp"

namespace busbar::ibkr {

namespace {

using enum ErrorCode;

// What a text contains, in small letters. The first row that fits counts.
struct Known {
  std::string_view part;
  ErrorCode error;
};
constexpr Known texts[] = {
    {"no bridge", AuthenticationFailed},         // no brokerage session
    {"invalid consumer", AuthenticationFailed},  // of a new key: not before the next night
    {"access secret key", AuthenticationFailed},
    {"failed to generate sso dh token", AuthenticationFailed},  // the live session token is stale
    {"not authenticated", AuthenticationFailed},
    {"query /accounts first", ConnectionError},  // nothing was done
    {"is already registered", DuplicateOrder},   // a cOID: the first one arrived
    {"doesn't exist", OrderNotFound},            // of an OrderID
    {"too many requests", RateLimited},
    {"too many history", RateLimited},
    {"reply id not found", UnknownOutcome},
    {"java.lang.", UnknownOutcome},
    {"no trading permission", PermissionDenied},
    {"not have trading permission", PermissionDenied},
    {"not allowed to trade", PermissionDenied},
    {"must exceed the initial margin", InsufficientFunds},
    {"must exceed the margin req", InsufficientFunds},
    {"insufficient", InsufficientFunds},
    {"not enough", InsufficientFunds},
    {"required to purchase on margin", InsufficientFunds},
    {"cash needed for this order", InsufficientFunds},
    {"exceeds your available", InsufficientFunds},
    {"conid or conidex is required", InvalidOrder},
    {"minimum variation", InvalidOrder},
    {"minimum price variation", InvalidOrder},
    {"invalid order", InvalidOrder},
    {"invalid price", InvalidOrder},
    {"invalid quantity", InvalidOrder},
    {"not supported for this", InvalidOrder},
    {"no security definition", InvalidSymbol},
    {"symbol found", InvalidSymbol},
    {"contract found", InvalidSymbol},
    {"invalid symbol", InvalidSymbol},
    {"unknown contract", InvalidSymbol},
    {"invalid conid", InvalidSymbol},
    {"contract not found", InvalidSymbol},
    {"limit price you selected", OrderRejected},
    {"order not confirmed", OrderRejected},
    {"order is not accepted", OrderRejected},
    {"order rejected", OrderRejected},
};

constexpr KnownQuestion questions[] = {
    {"o163", "price_percentage"},
    {"o354", "no_market_data"},
    {"o382", "tick_size"},
    {"o383", "order_size"},
    {"o403", "trigger_and_fill"},
    {"o451", "order_value"},
    {"o2136", "mixed_allocation"},
    {"o2137", "cross_side"},
    {"o2165", "fractions_outside_hours"},
    {"o10082", "called_bond"},
    {"o10138", "size_modification"},
    {"o10151", "market_order_risk"},
    {"o10152", "stop_order_risk"},
    {"o10153", "mandatory_cap_price"},
    {"o10164", "cash_quantity"},
    {"o10223", "cash_quantity_order"},
    {"o10288", "crypto_market_order"},
    {"o10331", "stop_order_types"},
    {"o10332", "regional_crypto"},
    {"o10333", "option_exercise"},
    {"o10334", "omnibus_account"},
    {"o10335", "rapid_entry"},
    {"o10336", "illiquid_security"},
    {"p6", "several_accounts"},
    {"p12", "disruptive_orders"},  // a prompt: the order waits
};

std::string lower(std::string_view text) {
  std::string small{text.substr(0, words_max)};
  for (char& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return small;
}

bool is_about(std::string_view path, std::string_view part) { return path.find(part) != std::string_view::npos; }

// What may leave an order behind, or end one.
bool is_write(std::string_view method, std::string_view path) {
  if (method != "POST" && method != "DELETE") return false;
  if (is_about(path, "/whatif") || is_about(path, "/positions")) return false;
  return is_about(path, "/orders") || is_about(path, "/order/") || is_about(path, "/reply/") ||
         is_about(path, "/notification");
}

bool is_about_orders(std::string_view path) { return is_about(path, "/order") || is_about(path, "/reply/"); }
bool is_about_contracts(std::string_view path) {
  return is_about(path, "/secdef") || is_about(path, "/contract") || is_about(path, "/trsrv");
}

// A search that found nothing says no more than this.
bool finds_nothing(std::string_view path, std::string_view body) {
  return (is_about(path, "/secdef/search") || is_about(path, "/trsrv/stocks")) && (body == "[]" || body == "{}");
}

struct Meaning {
  Verdict verdict;
  ErrorCode error;
};

Meaning refused(ErrorCode error) { return {Verdict::Refused, error}; }

// A broken server, seen from who asked. What one contract's schedule ails is no reason to trade nothing.
Meaning broken(std::string_view path, bool write) {
  if (write) return {Verdict::Unknown, UnknownOutcome};
  return refused(is_about(path, "/trading-schedule") ? InvalidSymbol : ConnectionError);
}

// By the status alone, where the words say nothing.
Meaning meaning_of_status(std::uint32_t status, std::string_view path, bool write) {
  switch (status) {
    case 400: return refused(InvalidOrder);
    case 401: return refused(AuthenticationFailed);
    case 403: return refused(PermissionDenied);
    case 404:
      return refused(is_about_contracts(path) ? InvalidSymbol
                     : is_about_orders(path)  ? OrderNotFound
                                              : ConnectionError);
    case 410: return refused(ConnectionError);  // another host, or a new live session token
    case 429: return {Verdict::RateLimited, RateLimited};
    // Nothing is known of an order that ended on an earlier day, or of another account.
    case 503: return !write && is_about(path, "/order/status") ? refused(OrderNotFound) : broken(path, write);
    default: break;
  }
  if (status >= 200 && status < 300) return refused(is_about_orders(path) ? OrderRejected : ConnectionError);
  return broken(path, write);
}

Meaning meaning_of_error(const BrokerError& said, std::uint32_t status, std::string_view path, bool write) {
  if (status == 429) return {Verdict::RateLimited, RateLimited};
  const auto known = unified_text(said.text);
  if (!known) return meaning_of_status(status, path, write);
  if (*known == UnknownOutcome) return broken(path, write);
  if (*known == RateLimited) return {Verdict::RateLimited, RateLimited};
  // Our name is taken, perhaps by the same order, sent before.
  if (*known == DuplicateOrder && write) return {Verdict::Unknown, DuplicateOrder};
  return refused(*known);
}

}  // namespace

std::optional<BrokerError> decode_error(std::string_view body) {
  const auto value = reading::parse_exact_json(body, 1u << 20);
  const json::object* object = value ? value->if_object() : nullptr;
  if (object == nullptr) return std::nullopt;
  Complaint complaint;
  Reader reader{*object, "error", complaint};
  BrokerError said;
  said.text = reader.words("error");
  if (said.text.empty()) return std::nullopt;
  const json::object* cqe = reader.maybe_object("cqe");
  if (cqe == nullptr) return said;
  Reader outer{*cqe, "cqe", complaint};
  if (const json::object* payload = outer.maybe_object("post_payload")) {
    said.rejections = Reader{*payload, "post_payload", complaint}.texts("rejections");
  }
  return said;
}

std::optional<ErrorCode> unified_text(std::string_view text) {
  const std::string small = lower(text);
  for (const Known& known : texts) {
    if (small.find(known.part) != std::string::npos) return known.error;
  }
  return std::nullopt;
}

ErrorCode unified_rejection(std::string_view text) {
  const ErrorCode error = unified_text(text).value_or(OrderRejected);
  return error == UnknownOutcome ? OrderRejected : error;
}

std::string explained(const BrokerError& error) {
  std::string text = error.text;
  for (const std::string& reason : error.rejections) text.append("; ").append(reason);
  if (is_about(error.text, "invalid consumer")) {
    text += " (a new consumer key works from the next night on, and after a weekend at times)";
  } else if (is_about(error.text, "Outside Regular Trading Hours")) {
    text += " (this type of order has no extended_hours)";
  }
  return text;
}

Judged judge(std::string_view method, std::string_view path, std::uint32_t status, std::string_view body) {
  Judged judged;
  judged.broker = decode_error(body);
  const bool is_good = status >= 200 && status < 300;
  if (is_good && finds_nothing(path, body)) return {.verdict = Verdict::Refused, .error = InvalidSymbol, .broker = {}};
  if (is_good && !judged.broker) return {.verdict = Verdict::Ok, .error = None, .broker = {}};
  const bool write = is_write(method, path);
  const Meaning meaning =
      judged.broker ? meaning_of_error(*judged.broker, status, path, write) : meaning_of_status(status, path, write);
  judged.verdict = meaning.verdict;
  judged.error = meaning.error;
  return judged;
}

bool is_worth_asking_again(const Judged& judged) {
  return judged.verdict == Verdict::RateLimited || judged.error == ConnectionError;
}

bool wants_session(const Judged& judged) { return judged.broker && is_about(lower(judged.broker->text), "no bridge"); }

bool wants_accounts_first(const Judged& judged) {
  return judged.broker && is_about(lower(judged.broker->text), "query /accounts first");
}

// ---- Questions

std::span<const KnownQuestion> known_questions() { return questions; }

std::string_view meaning_of(std::string_view message_id) {
  for (const KnownQuestion& question : questions) {
    if (question.id == message_id) return question.meaning;
  }
  return {};
}

Result<AnswerPolicy> AnswerPolicy::of(const std::vector<std::string>& answered_yes) {
  // o and digits: the number of an error of the desktop's interface; p and digits: of allocation.
  const auto is_id = [](std::string_view word) {
    return word.size() > 1 && word.size() < 10 && (word.front() == 'o' || word.front() == 'p') &&
           word.find_first_not_of("0123456789", 1) == std::string_view::npos;
  };
  AnswerPolicy policy;
  for (const std::string& word : answered_yes) {
    const std::size_t known = policy.ids_.size();
    for (const KnownQuestion& question : questions) {
      if (question.meaning == word) policy.ids_.emplace_back(question.id);
    }
    if (policy.ids_.size() > known) continue;
    if (!is_id(word)) {
      return Error{ErrorCode::InvalidMessage, "answers: " + word + " is neither the id of a question nor its meaning"};
    }
    policy.ids_.push_back(word);
  }
  return policy;
}

bool AnswerPolicy::says_yes(const std::vector<std::string>& message_ids) const {
  return !message_ids.empty() && std::ranges::all_of(message_ids, [this](const std::string& id) {
    return std::ranges::find(ids_, id) != ids_.end();
  });
}

}  // namespace busbar::ibkr
