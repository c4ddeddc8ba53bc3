#pragma once
// Alpaca's own keys of [gateways.NAME]. `endpoint` chooses paper or production; each place may be named by itself too.

#include <cstdint>
#include <string>
#include <vector>

#include "bus/config.hpp"
#include "gateways/framework/sessions.hpp"
#include "gateways/framework/stream.hpp"

namespace busbar::alpaca {

// Of accounts that a person's login opens, in place of a key.
struct LoginConfig {
  std::string authorize;
  gateway::Url token;
  std::string scope;
};

struct AlpacaConfig {
  gateway::Url rest;
  gateway::Url data;
  gateway::Url order_stream;
  gateway::Url stock_stream;
  gateway::Url crypto_stream;
  std::string feed;  // of shares: iex, sip, ...
  std::vector<std::string> asset_classes;
  std::size_t connections_max = 8;
  std::uint32_t requests_per_minute = 200;
  std::uint32_t data_per_minute = 200;
  // Alpaca tells nowhere how long a request that was lost on the way may still act. So long we think it may.
  std::uint32_t absence_ms = 120'000;
  // Alpaca's own replace keeps an order where it is, and gives what has taken its place the whole quantity, whatever the old
  // one was filled with meanwhile: it may buy more than was asked. By a cancel first it can't.
  bool replaces_in_place = false;
  bool is_msgpack = false;  // what the streams speak, in place of JSON
  gateway::StreamOptions stream_options;
  LoginConfig login;
};

// Throws ConfigError, naming the key.
AlpacaConfig read_config(ConfigTable& table, Environment environment);

}  // namespace busbar::alpaca
