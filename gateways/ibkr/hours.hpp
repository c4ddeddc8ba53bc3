#pragma once
// When contracts trade: IBKR's schedule of each, as times of ours. Pure.

#include <string_view>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/ibkr/decode.hpp"

namespace busbar::ibkr {

// The regular hours, and of the others those before, between and after them. In their order.
std::vector<TradingSession> sessions_of(const TradingHours& said);

// Each contract's own, NYSE@8314: what several of an exchange have in common may part from day to day, and a name that goes to
// another's hours would do so while orders wait for them.
Name market_of(std::string_view exchange, std::int64_t conid);

}  // namespace busbar::ibkr
