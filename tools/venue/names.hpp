#pragma once
// Names for what the engine knows: those of the back door, and of brokers who have the same.

#include <optional>
#include <string_view>

#include "tools/venue/engine.hpp"

namespace busbar::venue {

std::string_view name_of(Side side);
std::string_view name_of(OrderType type);
std::string_view name_of(TimeInForce time_in_force);
std::string_view name_of(SelfTrade mode);
std::string_view name_of(Status status);  // the truth; what is told to the world is each broker's shown_status
std::string_view name_of(ExpiryReason reason);
std::string_view name_of(ExecutionType type);
std::string_view name_of(SymbolStatus status);
std::string_view name_of(Contingency contingency);
std::string_view name_of(ListEvent event);
std::string_view text_of(Refusal refusal);

std::optional<Side> side_named(std::string_view name);
std::optional<OrderType> order_type_named(std::string_view name);
std::optional<TimeInForce> time_in_force_named(std::string_view name);
std::optional<SelfTrade> self_trade_named(std::string_view name);
std::optional<SymbolStatus> symbol_status_named(std::string_view name);

}  // namespace busbar::venue
