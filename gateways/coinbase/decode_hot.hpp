#pragma once
// The frames that come most often, read fast: those of the channels level2, ticker and market_trades.

#include <string_view>

#include "gateways/coinbase/decode_stream.hpp"

namespace busbar::coinbase {

// False, and a frame that means nothing, for every other one and where anything is not as documented: the strict reader has the
// words for it.
bool read_hot(std::string_view text, Frame& frame);

}  // namespace busbar::coinbase
