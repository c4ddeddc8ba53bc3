#pragma once
// Coinbase's own keys of [gateways.NAME]. The defaults are Coinbase's production hosts.

#include <cstdint>

#include "bus/config.hpp"
#include "gateways/coinbase/auth.hpp"
#include "gateways/coinbase/instruments.hpp"
#include "gateways/framework/sessions.hpp"
#include "gateways/framework/stream.hpp"

namespace busbar::coinbase {

// Of accounts that a person's login opens, in place of a key.
struct LoginConfig {
  std::string authorize;
  gateway::Url token;
  std::string revoke;  // beside it
  std::string scope;
  bool is_production = false;
};

struct CoinbaseConfig {
  gateway::Url rest;
  gateway::Url market_stream;
  gateway::Url user_stream;
  std::size_t connections_max = 8;
  Limits limits;
  std::int64_t token_life_s = coinbase::token_life_s;  // how long a request may be under way and still act
  bool replaces_in_place = true;  // where Coinbase can; otherwise, and for the rest, an order is cancelled and placed anew
  gateway::StreamOptions stream_options;
  LoginConfig login;
};

// Throws ConfigError, naming the key.
CoinbaseConfig read_config(ConfigTable& table, Environment environment);

}  // namespace busbar::coinbase
