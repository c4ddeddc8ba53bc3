#pragma once
// What every signed request is made of.

#include <string>
#include <string_view>
#include <utility>

#include "gateways/binance/encode.hpp"

namespace busbar::binance {

inline Request signed_request(std::string method, std::string path, Params params) {
  return {
      .method = std::move(method), .path = std::move(path), .params = std::move(params), .security = Security::Signed};
}

// The order that a request is about.
inline Params order_names(std::string_view broker_symbol, std::string_view venue_order_id,
                          std::string_view broker_order_id) {
  Params params{{"symbol", std::string{broker_symbol}}};
  if (!broker_order_id.empty()) params.emplace_back("orderId", broker_order_id);
  if (!venue_order_id.empty()) params.emplace_back("origClientOrderId", venue_order_id);
  return params;
}

}  // namespace busbar::binance
