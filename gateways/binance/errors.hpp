#pragma once
// Binance's words for no, in ours. A table, and the few rules for what an answer as a whole means: above all which
// answers leave open whether an order was placed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "bus/messages.hpp"
#include "gateways/binance/decode.hpp"

namespace busbar::binance {

// A code missing from the table is an UnknownOutcome: what we do not understand may be live.
ErrorCode unified(std::int64_t code, std::string_view message);
// The documented name, INVALID_TIMESTAMP for -1021; empty where there is none.
std::string_view documented_name(std::int64_t code);

// The broker's own words, and behind them what to do where a person must do something or when a ban ends.
std::string explained(const BrokerError& error);
inline std::string code_of(const BrokerError& error) { return std::to_string(error.code); }
// "... IP banned until 1659146400000. ...": ms, the broker's clock.
std::optional<std::int64_t> banned_until_ms(std::string_view message);
// Until when Binance wants to hear nothing after a 429 or 418, by its own clock: as the error itself says, as the
// header Retry-After says (seconds), or else a minute, and two for a ban. nullopt for any other status.
std::optional<std::int64_t> blocked_until_ms(std::uint32_t status, const std::optional<BrokerError>& error,
                                             std::string_view retry_after, std::int64_t broker_now_ms);

// What an HTTP answer says about the request.
enum class Verdict {
  Ok,           // 2xx: the body is the answer
  Refused,      // it was not done, and `error` says why
  WrongTime,    // -1021: not accepted, and may be signed anew and sent again
  RateLimited,  // 429 or 418: not accepted, and nothing may be sent until Retry-After
  Unknown,      // it may have been done
};

struct Judged {
  Verdict verdict = Verdict::Unknown;
  ErrorCode error = ErrorCode::UnknownOutcome;
  std::optional<BrokerError> broker;  // what the body said
};

// For writes, that is place and cancel: whatever leaves room for doubt is Unknown.
Judged judge_write(std::uint32_t status, std::string_view body);
// For reads, where asking again does no harm: an error is an error.
Judged judge_read(std::uint32_t status, std::string_view body);

}  // namespace busbar::binance
