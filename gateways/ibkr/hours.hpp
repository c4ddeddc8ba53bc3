#pragma once
// When contracts trade: IBKR's schedule of each, as times of ours. Pure.

#include <string_view>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/ibkr/decode.hpp"

namespace busbar::ibkr {

// The regular hours, and of the others those before, between and after them. In their order.
std::vector<TradingSession> sessions_of(const TradingHours& said);

// Adds these sessions to the markets that are told, and returns whose they are: the exchange's, or where another contract of
// the same exchange has other hours, the contract's own, NYSE@8314.
Name market_of(std::vector<MarketHours>& markets, std::string_view exchange, std::int64_t conid,
               std::vector<TradingSession> sessions);

}  // namespace busbar::ibkr
