#pragma once
// From what Binance said about the market to what is told on the bus. Pure; who received it when comes later.

#include "bus/messages.hpp"
#include "gateways/binance/decode_market.hpp"

namespace busbar::binance {

Quote quote_of(const BookTicker& ticker, const Symbol& symbol);
Trade trade_of(const TradeEvent& event, const Symbol& symbol);
Trade trade_of(const PublicTrade& said, const Symbol& symbol);
Bar bar_of(const Kline& kline, const Symbol& symbol, std::uint32_t interval_ms, bool is_final);
Ticker ticker_of(const WindowTicker& window, const Symbol& symbol);

}  // namespace busbar::binance
