#include "gateways/binance/config.hpp"

namespace busbar::binance {

namespace {

gateway::Url url(ConfigTable& table, std::string_view key, std::string fallback, bool is_websocket,
                 std::string_view path = {}) {
  std::string text = table.text(key, std::move(fallback));
  while (text.ends_with('/')) text.pop_back();
  const auto parsed = gateway::parse_url(text + std::string{path});
  if (!parsed) table.refuse(key, parsed.error().text);
  if (parsed->is_websocket != is_websocket) table.refuse(key, is_websocket ? "wss:// is wanted" : "https:// is wanted");
  return *parsed;
}

}  // namespace

BinanceConfig read_config(ConfigTable& table) {
  BinanceConfig config;
  config.rest = url(table, "rest", "https://api.binance.com", false);
  config.ws_api = url(table, "ws_api", "wss://ws-api.binance.com:443/ws-api/v3", true);
  config.streams = url(table, "streams", "wss://stream.binance.com:9443", true, "/stream");
  // A small window bounds how late a lost request can still act; Binance takes no more than a minute.
  config.recv_window_ms = static_cast<std::uint32_t>(table.integer("recv_window_ms", 1, 60'000, 5'000));
  // With "private_key" the credentials' secret is a PKCS#8 key in base64 on one line: RSA or Ed25519.
  const std::string key_type = table.text("key_type", "hmac");
  if (key_type != "hmac" && key_type != "private_key") {
    table.refuse("key_type", "\"" + key_type + "\" is neither \"hmac\" nor \"private_key\"");
  }
  config.key_type = key_type == "hmac" ? KeyType::Hmac : KeyType::PrivateKey;
  config.connections_max = static_cast<std::size_t>(table.integer("connections_max", 1, 64, 8));
  // Binance pings every 20 s, so silence longer than that is the line's.
  config.stream_options.silence_max =
      std::chrono::milliseconds{table.integer("stream_silence_ms", 1'000, 600'000, 30'000)};
  config.stream_options.event_max = std::chrono::milliseconds{table.integer("order_event_ms", 100, 600'000, 10'000)};
  return config;
}

}  // namespace busbar::binance
