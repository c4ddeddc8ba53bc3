#pragma once
// Binance's own keys of [gateways.NAME]. The defaults are Binance's production hosts.

#include <cstdint>
#include <string>

#include "bus/config.hpp"
#include "gateways/binance/order_stream.hpp"
#include "gateways/framework/sessions.hpp"

namespace busbar::binance {

enum class KeyType { Hmac, PrivateKey };

struct BinanceConfig {
  gateway::Url rest;
  gateway::Url ws_api;
  gateway::Url streams;
  std::uint32_t recv_window_ms = 5000;
  KeyType key_type = KeyType::Hmac;
  std::size_t connections_max = 8;
  StreamOptions stream_options;
};

// Throws ConfigError, naming the key.
BinanceConfig read_config(ConfigTable& table);

}  // namespace busbar::binance
