#pragma once
// Coinbase's words for no, in ours. Tables, and the few rules for what an answer as a whole means: above all which
// answers leave open whether something was done.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bus/messages.hpp"

namespace busbar::coinbase {

// Coinbase's no to a request. Its shapes are {"error","message","error_details"}, {"errors":[{"id","message"}]} and
// OAuth's
// {"error","error_description"}.
struct BrokerError {
  std::string id;  // INVALID_ARGUMENT, not_found, ...
  std::string message;
};

// nullopt when the body is no error of these shapes: plain text, HTML of the edge, an answer.
std::optional<BrokerError> decode_error(std::string_view body);

// Why an order was not accepted, or has failed: new_order_failure_reason, preview_failure_reason, reject_reason. What
// is in no table is OrderRejected: that it was refused is certain, and the word goes along.
ErrorCode unified_reason(std::string_view reason);
// Why a cancel was refused.
ErrorCode unified_cancel_reason(std::string_view reason);
// Why an edit was.
ErrorCode unified_edit_reason(std::string_view reason);
// The message of an error frame of a WebSocket.
ErrorCode unified_stream_error(std::string_view message);

// The broker's words, and behind them what a person may have to look for.
std::string explained(const BrokerError& error);
inline std::string code_of(const BrokerError& error) { return error.id; }

// What an HTTP answer says about the request.
enum class Verdict {
  Ok,           // 2xx: the body is the answer, and it may say no all the same
  Refused,      // it was not done, and `error` says why
  RateLimited,  // 429: not accepted; a read may be asked again in a while
  Unknown,      // it may have been done
};

struct Judged {
  Verdict verdict = Verdict::Unknown;
  ErrorCode error = ErrorCode::UnknownOutcome;
  std::optional<BrokerError> broker;  // what the body said
};

// `path` tells what a 404 was about. For writes whatever leaves room for doubt is Unknown.
Judged judge_write(std::uint32_t status, std::string_view body, std::string_view path = {});
// For reads, where asking again does no harm: an error is an error, and ConnectionError and RateLimited may be asked
// again.
Judged judge_read(std::uint32_t status, std::string_view body, std::string_view path = {});
bool is_worth_asking_again(const Judged& judged);
// So long nothing may be sent after a 429: Retry-After in seconds, a week at most, and without one, for Coinbase documents
// none, a second.
std::int64_t hold_back_ms(std::string_view retry_after);
// How much of a limit is used, as the headers X-RateLimit-Limit and -Remaining tell it. nullopt: they tell of another limit,
// or of less than half.
std::optional<std::uint64_t> used_of(std::string_view limit, std::string_view remaining, std::uint64_t ours);

}  // namespace busbar::coinbase
