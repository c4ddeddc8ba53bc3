#pragma once
// Coinbase's own keys of [gateways.NAME]. The defaults are Coinbase's production hosts.

#include <cstdint>

#include "bus/config.hpp"
#include "gateways/coinbase/instruments.hpp"
#include "gateways/framework/sessions.hpp"
#include "gateways/framework/stream.hpp"

namespace busbar::coinbase {

struct CoinbaseConfig {
  gateway::Url rest;
  gateway::Url market_stream;
  gateway::Url user_stream;
  std::size_t connections_max = 8;
  Limits limits;
  gateway::StreamOptions stream_options;
};

// Throws ConfigError, naming the key.
CoinbaseConfig read_config(ConfigTable& table, Environment environment);

}  // namespace busbar::coinbase
