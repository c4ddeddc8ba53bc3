#include "bus/result.hpp"

#include <array>

namespace busbar {

std::string_view name_of(ErrorCode code) {
  static constexpr std::array<std::string_view, static_cast<std::size_t>(ErrorCode::MAX) + 1> names = {
      "NONE",           "INSUFFICIENT_FUNDS", "INVALID_SYMBOL", "MARKET_CLOSED",         "ORDER_REJECTED",
      "RATE_LIMITED",   "AUTHENTICATION_FAILED", "CONNECTION_ERROR", "INVALID_ORDER",    "ORDER_NOT_FOUND",
      "DUPLICATE_ORDER", "CONFLICT",          "PERMISSION_DENIED", "RISK_LIMIT",         "UNSUPPORTED",
      "EXPIRED",        "NOT_SENT",           "GATEWAY_DOWN",   "JOURNAL_DOWN",          "HELLO_NEEDED",
      "UNKNOWN_OUTCOME", "INVALID_MESSAGE",   "INTERNAL"};
  static_assert(!names.back().empty());
  const auto index = static_cast<std::size_t>(code);
  return index < names.size() ? names[index] : "UNKNOWN";
}

}  // namespace busbar
