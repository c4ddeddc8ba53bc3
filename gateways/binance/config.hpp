#pragma once
// Binance's own keys of [gateways.NAME]. The defaults are Binance's production hosts.

#include <cstdint>
#include <string>

#include "bus/config.hpp"
#include "gateways/framework/sessions.hpp"
#include "gateways/framework/stream.hpp"

namespace busbar::binance {

enum class KeyType { Hmac, PrivateKey };
enum class OrdersBy { Rest, WsApi };
enum class UserDataBy { WsApi, ListenKey };

struct BinanceConfig {
  gateway::Url rest;
  gateway::Url ws_api;
  gateway::Url streams;       // path /stream
  gateway::Url user_streams;  // path /ws; the listen key follows it
  std::uint32_t recv_window_ms = 5000;
  KeyType key_type = KeyType::Hmac;
  OrdersBy orders_by = OrdersBy::Rest;
  UserDataBy user_data_by = UserDataBy::WsApi;
  bool asks_for_less = true;  // without zero balances and permission sets: Binance.US refuses the words for it
  std::size_t connections_max = 8;
  gateway::StreamOptions stream_options;
};

// Throws ConfigError, naming the key.
BinanceConfig read_config(ConfigTable& table, Environment environment);

}  // namespace busbar::binance
