#pragma once
// The venue's own words beside the engine's, and its errors.

#include <string>
#include <string_view>

#include "tools/venue/names.hpp"

namespace busbar::venue::binance {

std::string_view name_of(Refusal refusal);  // as an execution report says it

// What requests and streams say of an order's status. Kept in a file of its own: one program is built with a version of
// it that is wrong on purpose, to prove that the comparing tests can fail.
std::string_view shown_status(const Order& order);

struct ApiError {
  int code = 0;
  std::string text;
  unsigned status = 400;  // HTTP
  TimeUs retry_at = 0;    // of 429 and 418
};
enum class Action : std::uint8_t { Place, Cancel, Amend };
ApiError error_of(Refusal refusal, Action action);

}  // namespace busbar::venue::binance
