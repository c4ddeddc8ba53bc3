#include "gateways/framework/order_rules.hpp"

namespace busbar::order_rules {

bool is_triggered(OrderType type) {
  return type == OrderType::Stop || type == OrderType::StopLimit || type == OrderType::MarketIfTouched ||
         type == OrderType::LimitIfTouched;
}
bool has_limit(OrderType type) {
  return type == OrderType::Limit || type == OrderType::StopLimit || type == OrderType::LimitIfTouched;
}

Result<Decimal> on_grid(std::string_view field, Decimal value, const std::optional<Decimal>& step, Rounding rounding) {
  if (!value.is_positive()) return invalid(std::string{field} + ": must be greater than zero");
  if (!step || is_multiple(value, *step)) return value;
  std::optional<Decimal> rounded;
  switch (rounding) {
    case Rounding::Refuse: break;
    case Rounding::Down: rounded = round_to(value, *step, Round::Down); break;
    case Rounding::Up: rounded = round_to(value, *step, Round::Up); break;
    case Rounding::Nearest: rounded = round_to(value, *step, Round::Nearest); break;
  }
  if (rounded && rounded->is_positive()) return *rounded;
  return invalid(std::string{field} + ": " + to_string(value) + " is no multiple of " + digits(*step));
}

}  // namespace busbar::order_rules
