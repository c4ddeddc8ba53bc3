#pragma once
// The venue's words for what the engine knows, both ways, and its error texts.

#include <optional>
#include <string>
#include <string_view>

#include "tools/venue/engine.hpp"

namespace busbar::venue::binance {

std::string_view name_of(Side side);
std::string_view name_of(OrderType type);
std::string_view name_of(TimeInForce time_in_force);
std::string_view name_of(SelfTrade mode);
std::string_view name_of(Status status);  // the truth; what is told to the world comes from shown_status
std::string_view name_of(ExpiryReason reason);
std::string_view name_of(ExecutionType type);
std::string_view name_of(SymbolStatus status);
std::string_view name_of(Contingency contingency);
std::string_view name_of(ListEvent event);
std::string_view name_of(Refusal refusal);  // as an execution report says it

std::optional<Side> side_named(std::string_view name);
std::optional<OrderType> order_type_named(std::string_view name);
std::optional<TimeInForce> time_in_force_named(std::string_view name);
std::optional<SelfTrade> self_trade_named(std::string_view name);
std::optional<SymbolStatus> symbol_status_named(std::string_view name);

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
