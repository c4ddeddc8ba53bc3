#pragma once
// The frames that come most often, read fast: trades, quotes and bars.

#include <string_view>
#include <vector>

#include "gateways/alpaca/decode_market.hpp"

namespace busbar::alpaca {

// False, and messages that mean nothing, for every other frame and where anything is not as documented: the strict reader has
// the words for it. Numbers are read from their own digits here as well.
bool read_hot(std::string_view frame, std::vector<DataMessage>& messages);

}  // namespace busbar::alpaca
