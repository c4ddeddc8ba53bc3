#pragma once
// What comes most often, read fast: the frames of the channels level2, ticker and market_trades, and that an order was placed.

#include <string_view>

#include "gateways/coinbase/decode.hpp"
#include "gateways/coinbase/decode_stream.hpp"

namespace busbar::coinbase {

// False, and a frame or an answer that means nothing, for every other one and where anything is not as documented: the strict
// reader has the words for it.
bool read_hot(std::string_view text, Frame& frame);
bool read_hot(std::string_view text, Placed& placed);

}  // namespace busbar::coinbase
