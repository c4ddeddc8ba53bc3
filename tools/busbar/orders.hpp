#pragma once
// How an order is shown: the same columns wherever one is printed.

#include <span>
#include <string>

#include "tools/busbar/tool.hpp"

namespace busbar::tool {

// One JSON line per order, or one table.
void print_orders(const Tool& tool, std::span<const ExecutionReport> orders);
std::string cell(const std::optional<Decimal>& value);

// Answers out of memory, because the broker could not be asked now, are told to be so and how old they are.
void tell_age(const Answer& answer);

// While this status lasts, something is still to come: an answer of the broker (is_pending), or anything at all
// (is_open).
bool is_pending(OrderStatus status);
bool is_final(OrderStatus status);
inline bool is_open(OrderStatus status) { return !is_final(status); }

}  // namespace busbar::tool
