#include "gateways/binance/config.hpp"

#include <array>

namespace busbar::binance {

namespace {

// Binance's own places, by the name under which `endpoints` chooses them.
struct Endpoints {
  std::string_view name;
  std::string_view rest;
  std::string_view ws_api;
  std::string_view streams;
  bool is_paper;
  UserDataBy user_data_by;
  bool asks_for_less = true;
};
constexpr std::array all_endpoints{
    Endpoints{"production", "https://api.binance.com", "wss://ws-api.binance.com:443/ws-api/v3",
              "wss://stream.binance.com:9443", false, UserDataBy::WsApi},
    Endpoints{"testnet", "https://testnet.binance.vision", "wss://ws-api.testnet.binance.vision/ws-api/v3",
              "wss://stream.testnet.binance.vision", true, UserDataBy::WsApi},
    Endpoints{"demo", "https://demo-api.binance.com", "wss://demo-ws-api.binance.com/ws-api/v3",
              "wss://demo-stream.binance.com", true, UserDataBy::WsApi},
    Endpoints{"us", "https://api.binance.us", "wss://ws-api.binance.us:443/ws-api/v3", "wss://stream.binance.us:9443",
              false, UserDataBy::ListenKey, false},
};

const Endpoints& read_endpoints(ConfigTable& table) {
  const std::string name = table.text("endpoints", "production");
  std::string names;
  for (const Endpoints& each : all_endpoints) {
    if (each.name == name) return each;
    names += (names.empty() ? "" : ", ") + std::string{each.name};
  }
  table.refuse("endpoints", "\"" + name + "\" is none of " + names);
}

gateway::Url read_url(ConfigTable& table, std::string_view key, std::string text, bool is_websocket,
                      std::string_view path = {}) {
  while (text.ends_with('/')) text.pop_back();
  const auto parsed = gateway::parse_url(text + std::string{path});
  if (!parsed) table.refuse(key, parsed.error().text);
  if (parsed->is_websocket != is_websocket) table.refuse(key, is_websocket ? "wss:// is wanted" : "https:// is wanted");
  return *parsed;
}

// One of two words.
template <class Choice>
Choice read_choice(ConfigTable& table, std::string_view key, std::pair<std::string_view, Choice> first,
                   std::pair<std::string_view, Choice> second, Choice fallback) {
  const std::string word = table.text(key, std::string{fallback == first.second ? first.first : second.first});
  if (word == first.first) return first.second;
  if (word == second.first) return second.second;
  table.refuse(key, "\"" + word + "\" is neither \"" + std::string{first.first} + "\" nor \"" +
                        std::string{second.first} + "\"");
}

}  // namespace

BinanceConfig read_config(ConfigTable& table, Environment environment) {
  BinanceConfig config;
  const Endpoints& places = read_endpoints(table);
  const std::string rest = table.text("rest", std::string{places.rest});
  // Another address is somebody's own: a proxy, a venue in a box. Binance's are what they are.
  if (rest == places.rest && places.is_paper != (environment == Environment::Paper)) {
    table.refuse("endpoints", "\"" + std::string{places.name} + "\" is " + (places.is_paper ? "paper" : "real money") +
                                  ", and this environment is " + (places.is_paper ? "live" : "paper"));
  }
  config.rest = read_url(table, "rest", rest, false);
  config.ws_api = read_url(table, "ws_api", table.text("ws_api", std::string{places.ws_api}), true);
  const std::string streams = table.text("streams", std::string{places.streams});
  config.streams = read_url(table, "streams", streams, true, "/stream");
  config.user_streams = read_url(table, "streams", streams, true, "/ws");
  // A small window bounds how late a lost request can still act; Binance takes no more than a minute.
  config.recv_window_ms = static_cast<std::uint32_t>(table.integer("recv_window_ms", 1, 60'000, 5'000));
  // With "private_key" the credentials' secret is a PKCS#8 key: RSA or Ed25519.
  config.key_type = read_choice<KeyType>(table, "key_type", {"hmac", KeyType::Hmac},
                                         {"private_key", KeyType::PrivateKey}, KeyType::Hmac);
  config.user_data_by = read_choice<UserDataBy>(table, "user_data", {"ws_api", UserDataBy::WsApi},
                                                {"listen_key", UserDataBy::ListenKey}, places.user_data_by);
  config.orders_by = read_choice<OrdersBy>(table, "orders", {"rest", OrdersBy::Rest}, {"ws_api", OrdersBy::WsApi},
                                           OrdersBy::Rest);
  if (config.orders_by == OrdersBy::WsApi && config.user_data_by == UserDataBy::ListenKey) {
    table.refuse("orders", "\"ws_api\" shares the connection of user_data, which is \"listen_key\" here");
  }
  config.asks_for_less = places.asks_for_less;
  config.connections_max = static_cast<std::size_t>(table.integer("connections_max", 1, 64, 8));
  // Binance pings every 20 s, so silence longer than that is the line's.
  gateway::StreamOptions& stream = config.stream_options;
  stream.answer_max = std::chrono::milliseconds{3'000};  // as for orders by REST
  stream.silence_max = std::chrono::milliseconds{table.integer("stream_silence_ms", 1'000, 600'000, 30'000)};
  stream.event_max = std::chrono::milliseconds{table.integer("order_event_ms", 100, 600'000, 10'000)};
  stream.renew_after = std::chrono::milliseconds{table.integer("stream_renew_ms", 1'000, 86'000'000, 82'800'000)};
  return config;
}

}  // namespace busbar::binance
