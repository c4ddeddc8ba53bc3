#pragma once
// Binance's no: a number, words, and at times until when it wants to hear nothing. What it means in our words is the
// matter of errors.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace busbar::binance {

struct BrokerError {
  std::int64_t code = 0;
  std::string message;
  std::optional<std::int64_t> retry_after_ms;  // WebSocket API: absolute, broker's clock
  std::optional<std::int64_t> server_time_ms;  // beside it
};

// nullopt when the body is no error of Binance's: HTML of a firewall, nothing at all, an answer.
std::optional<BrokerError> decode_error(std::string_view body);

}  // namespace busbar::binance
