#pragma once
// Alpaca's words for no, in ours. Its codes say little more than the status of HTTP, and not always the same one: the status
// decides, then the message. Above all: which answers leave open whether something was done.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::alpaca {

// {"code":40310000,"message":"insufficient buying power", ...}
struct BrokerError {
  std::optional<std::int64_t> code;  // market data have none
  std::string message;
  std::string reject_reason;  // where a wash trade was seen
};

// nullopt when the body is no error of this shape: plain text, HTML of the edge, an answer.
std::optional<BrokerError> decode_error(std::string_view body);

// The broker's words, and behind them its reason where it has told one.
std::string explained(const BrokerError& error);
inline std::string code_of(const BrokerError& error) { return error.code ? std::to_string(*error.code) : std::string{}; }

// The code of an error on the stream of market data.
ErrorCode unified_stream_error(std::int64_t code);
// Will it be refused tomorrow, too? 406 is not: Alpaca takes a while to notice that the last connection is gone.
bool is_final_stream_error(std::int64_t code);

// What an HTTP answer says about the request.
enum class Verdict {
  Ok,           // 2xx: the body is the answer
  Flat,         // asked for a position: there is none, and that is no error
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
// For reads, where asking again does no harm: an error is an error, and ConnectionError and RateLimited may be asked again.
Judged judge_read(std::uint32_t status, std::string_view body, std::string_view path = {});
bool is_worth_asking_again(const Judged& judged);
// The same of one entry of many, whose error was read already.
ErrorCode unified_error(std::uint32_t status, const std::optional<BrokerError>& broker, std::string_view path = {});

// ---- How often one may ask

// What headers tell of the limit. They are not always there, and on a 429 neither.
struct RateHeaders {
  std::optional<std::uint64_t> limit;
  std::optional<std::uint64_t> remaining;
  std::optional<std::int64_t> reset_s;  // since the epoch
  std::optional<std::int64_t> retry_after_s;
};
RateHeaders read_rate_headers(const std::vector<std::pair<std::string, std::string>>& headers);  // names in any case
// So long nothing may be sent after a 429: as the headers say, at least a second and at most an hour.
std::int64_t hold_back_ms(const RateHeaders& headers, Timestamp now_ns);

// 200 a minute of one account, for everything on the trading host, and as many of its own for market data.
Name data_scope(const Name& account);
std::vector<RateLimit> rate_limits(const Name& account, std::uint32_t per_minute = 200, std::uint32_t data_per_minute = 200);
std::vector<RateCost> rate_costs();

}  // namespace busbar::alpaca
