#pragma once
// What the decoders make of Binance's payloads, as JSON under the names that the vectors use.

#include <vector>

#include <boost/json.hpp>

#include "gateways/binance/decode.hpp"
#include "gateways/binance/instruments.hpp"

namespace busbar::vectors {

boost::json::value as_json(const binance::Order& order);
boost::json::value as_json(const binance::UserFrame& frame);
boost::json::value as_json(const binance::SymbolInfo& info);
boost::json::value as_json(const binance::MarketFrame& frame);
boost::json::value as_json(const binance::WsResponse& response);  // without its result
boost::json::array as_json(const std::vector<BookLevel>& levels);
boost::json::array as_json(const std::vector<binance::RateLimitCount>& limits);

}  // namespace busbar::vectors
