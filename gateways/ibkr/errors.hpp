#pragma once
// IBKR's words for no, in ours, and its questions. There are no numbers: texts are matched, and kept. Status 200 says
// nothing, so that every body is looked at; above all for which answers leave open whether something was done.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::ibkr {

struct BrokerError {
  std::string text;                     // as it is
  std::vector<std::string> rejections;  // reasons that stand beside it at times
};

// nullopt when the body is none of IBKR's: HTML of the edge, nothing, an answer.
std::optional<BrokerError> decode_error(std::string_view body);

// What a text means, wherever it stands: an error, the status of an order, a notification. nullopt for one that is in
// no table.
std::optional<ErrorCode> unified_text(std::string_view text);
// Why an order was refused: OrderRejected for what is in no table, since that it was refused is certain.
ErrorCode unified_rejection(std::string_view text);

// The broker's words, and behind them what a person may have to do.
std::string explained(const BrokerError& error);
inline std::string code_of(const BrokerError&) { return {}; }  // IBKR has none

// What an HTTP answer says about the request.
enum class Verdict {
  Ok,           // the body is the answer
  Refused,      // it was not done, and `error` says why
  RateLimited,  // 429: not done; and nothing may be asked for a quarter of an hour, or all behind this address suffer
  Unknown,      // it may have been done
};

struct Judged {
  Verdict verdict = Verdict::Unknown;
  ErrorCode error = ErrorCode::UnknownOutcome;
  std::optional<BrokerError> broker;
};

// What leaves room for doubt is Unknown for what places, changes or cancels orders, and for a reply to a question;
// ConnectionError for all else, which may be asked again. That one order is not found says only that its status is not
// at hand: the live orders and the trades have to agree.
Judged judge(std::string_view method, std::string_view path, std::uint32_t status, std::string_view body);
bool is_worth_asking_again(const Judged& judged);
// There is no brokerage session, or it has to be woken: init, or the question for accounts, and then the request once
// more.
bool wants_session(const Judged& judged);
bool wants_accounts_first(const Judged& judged);

inline constexpr std::int64_t hold_back_ms = 15 * 60'000;  // the longer of the two times that are told

// ---- Questions that IBKR asks before it takes an order

// By the id of its message. An account's policy says which of them are answered with yes.
struct KnownQuestion {
  std::string_view id;
  std::string_view meaning;  // a name, as a policy may write it
};
std::span<const KnownQuestion> known_questions();
std::string_view meaning_of(
    std::string_view message_id);  // empty for one never heard of: then its text is all there is

// Which questions are answered with yes. All else is no, and then the order is not placed.
class AnswerPolicy {
 public:
  // Ids and meanings, mixed: "o163", "no_market_data". An error names what is neither.
  static Result<AnswerPolicy> of(const std::vector<std::string>& answered_yes);
  // All that it is about must be answered with yes; a question about nothing is not.
  bool says_yes(const std::vector<std::string>& message_ids) const;
  const std::vector<std::string>& ids() const { return ids_; }  // to be suppressed, as far as they can be

 private:
  std::vector<std::string> ids_;
};

}  // namespace busbar::ibkr
