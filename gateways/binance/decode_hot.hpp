#pragma once
// The three frames that come most often, read fast: bookTicker, trade and depthUpdate.

#include <string_view>

#include "gateways/binance/decode_market.hpp"

namespace busbar::binance {

// False, and a frame that means nothing, for every other one and where anything is not as documented: the strict reader has the
// words for it.
bool read_hot(std::string_view text, MarketFrame& frame);

}  // namespace busbar::binance
