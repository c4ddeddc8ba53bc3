#include "tools/venue/names.hpp"

#include <array>

namespace busbar::venue {
namespace {

constexpr std::array<std::string_view, 2> sides{"BUY", "SELL"};
constexpr std::array<std::string_view, 7> order_types{
    "LIMIT", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT", "LIMIT_MAKER"};
constexpr std::array<std::string_view, 3> times_in_force{"GTC", "IOC", "FOK"};
constexpr std::array<std::string_view, 5> self_trade_modes{"NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH",
                                                           "DECREMENT"};
constexpr std::array<std::string_view, 7> statuses{"NEW",     "PARTIALLY_FILLED", "FILLED",     "CANCELED",
                                                   "EXPIRED", "EXPIRED_IN_MATCH", "PENDING_NEW"};
constexpr std::array<std::string_view, 7> expiry_reasons{"NONE",
                                                         "REJECTED",
                                                         "UNFILLED_IOC_QUANTITY_EXPIRED",
                                                         "UNFILLED_FOK_ORDER_EXPIRED",
                                                         "INSUFFICIENT_LIQUIDITY",
                                                         "OCO_TRIGGER",
                                                         "OTO_PHASE_ONE_EXPIRED"};
constexpr std::array<std::string_view, 6> execution_types{"NEW",     "TRADE",            "CANCELED",
                                                          "EXPIRED", "TRADE_PREVENTION", "REPLACED"};
constexpr std::array<std::string_view, 5> symbol_statuses{"TRADING", "HALT", "BREAK", "END_OF_DAY", "CANCEL_ONLY"};
constexpr std::array<std::string_view, 2> contingencies{"OCO", "OTO"};
constexpr std::array<std::string_view, 3> list_events{"EXEC_STARTED", "UPDATED", "ALL_DONE"};

template <class Enum, std::size_t N>
std::optional<Enum> named(const std::array<std::string_view, N>& names, std::string_view name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] == name) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Side side) { return sides[static_cast<std::size_t>(side)]; }
std::string_view name_of(OrderType type) { return order_types[static_cast<std::size_t>(type)]; }
std::string_view name_of(TimeInForce time_in_force) { return times_in_force[static_cast<std::size_t>(time_in_force)]; }
std::string_view name_of(SelfTrade mode) { return self_trade_modes[static_cast<std::size_t>(mode)]; }
std::string_view name_of(Status status) { return statuses[static_cast<std::size_t>(status)]; }
std::string_view name_of(ExpiryReason reason) { return expiry_reasons[static_cast<std::size_t>(reason)]; }
std::string_view name_of(ExecutionType type) { return execution_types[static_cast<std::size_t>(type)]; }
std::string_view name_of(SymbolStatus status) { return symbol_statuses[static_cast<std::size_t>(status)]; }
std::string_view name_of(Contingency contingency) { return contingencies[static_cast<std::size_t>(contingency)]; }
std::string_view name_of(ListEvent event) { return list_events[static_cast<std::size_t>(event)]; }

std::optional<Side> side_named(std::string_view name) { return named<Side>(sides, name); }
std::optional<OrderType> order_type_named(std::string_view name) { return named<OrderType>(order_types, name); }
std::optional<TimeInForce> time_in_force_named(std::string_view name) {
  return named<TimeInForce>(times_in_force, name);
}
std::optional<SelfTrade> self_trade_named(std::string_view name) { return named<SelfTrade>(self_trade_modes, name); }
std::optional<SymbolStatus> symbol_status_named(std::string_view name) {
  return named<SymbolStatus>(symbol_statuses, name);
}

std::string_view text_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::MarketClosed: return "Market is closed.";
    case Refusal::DuplicateOrder: return "Duplicate order sent.";
    case Refusal::InsufficientBalance: return "Account has insufficient balance for requested action.";
    case Refusal::WouldTriggerImmediately: return "Order would trigger immediately.";
    case Refusal::WouldMatchImmediately: return "Order would immediately match and take.";
    case Refusal::NoLiquidity: return "Order book liquidity is less than symbol minimum quantity.";
    case Refusal::UnknownOrder: return "Unknown order sent.";
    case Refusal::CancelRestricted: return "Order was not canceled due to cancel restrictions.";
    case Refusal::BadPrices: return "The relationship of the prices for the orders is not correct.";
    case Refusal::AmendIncreases: return "Order amend (quantity increase) is not supported.";
    case Refusal::ChangesNothing: return "The requested action would change no state; rejecting.";
  }
  __builtin_unreachable();
}

}  // namespace busbar::venue
