#pragma once
// What an encoder asks of an order before it says it in a broker's words.

#include <optional>
#include <string>
#include <string_view>

#include "bus/messages.hpp"

namespace busbar::order_rules {

inline Error invalid(std::string text) { return Error{ErrorCode::InvalidOrder, std::move(text)}; }
inline Error unsupported(std::string text) { return Error{ErrorCode::Unsupported, std::move(text)}; }

// Plain digits with no zeros behind: 55000, 0.00078.
inline std::string digits(Decimal value) { return to_string(value.normalized()); }

bool is_triggered(OrderType type);
bool has_limit(OrderType type);

// `value` on the grid of `step`, as the order wants it rounded.
Result<Decimal> on_grid(std::string_view field, Decimal value, const std::optional<Decimal>& step, Rounding rounding);

}  // namespace busbar::order_rules
