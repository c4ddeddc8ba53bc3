#pragma once
// What comes most often, read fast: the frames bookTicker, trade and depthUpdate, and the answer to an order.

#include <string_view>

#include "gateways/binance/decode.hpp"
#include "gateways/binance/decode_market.hpp"

namespace busbar::binance {

// False, and a frame or an order that means nothing, for every other one and where anything is not as documented: the strict
// reader has the words for it.
bool read_hot(std::string_view text, MarketFrame& frame);
bool read_hot(std::string_view text, Order& order);

}  // namespace busbar::binance
