#pragma once
// What REST answers and the WebSocket API's frames have in common about an account.

#include <string_view>

#include "gateways/binance/decode.hpp"
#include "gateways/binance/read.hpp"

namespace busbar::binance {

// Its members are named otherwise on the stream.
AssetBalance read_balance(const json::object& object, std::string_view what, Complaint& complaint,
                          std::string_view asset, std::string_view free, std::string_view locked);
RateLimitCount read_rate_limit_count(const json::object& object, Complaint& complaint);

}  // namespace busbar::binance
