#include "gateways/coinbase/config.hpp"

namespace busbar::coinbase {

namespace {

constexpr std::string_view rest = "https://api.coinbase.com";
constexpr std::string_view market_stream = "wss://advanced-trade-ws.coinbase.com";
constexpr std::string_view user_stream = "wss://advanced-trade-ws-user.coinbase.com";
constexpr std::string_view login_authorize = "https://login.coinbase.com/oauth2/auth";
constexpr std::string_view login_token = "https://login.coinbase.com/oauth2/token";

gateway::Url read_url(ConfigTable& table, std::string_view key, std::string_view fallback, bool is_websocket) {
  const auto parsed = gateway::parse_url(table.text(key, std::string{fallback}));
  if (!parsed) table.refuse(key, parsed.error().text);
  if (parsed->is_websocket != is_websocket) table.refuse(key, is_websocket ? "wss:// is wanted" : "https:// is wanted");
  return *parsed;
}

// Coinbase writes nowhere which scopes its trading needs, so they are configuration. Without offline_access nothing renews a
// login.
LoginConfig read_login(ConfigTable& table) {
  LoginConfig login;
  login.authorize = table.text("login_authorize", std::string{login_authorize});
  static_cast<void>(read_url(table, "login_authorize", login_authorize, false));
  login.token = read_url(table, "login_token", login_token, false);
  login.revoke = login.token.target.substr(0, login.token.target.rfind('/')) + "/revoke";
  login.is_production = login.token.host == gateway::parse_url(login_token)->host;
  for (const std::string& scope :
       table.texts("login_scopes", {"wallet:accounts:read", "wallet:trades:read", "wallet:trades:create",
                                    "wallet:orders:read", "wallet:orders:create", "wallet:user:read", "offline_access"})) {
    login.scope.append(login.scope.empty() ? "" : ",").append(scope);
  }
  return login;
}

std::uint32_t read_limit(ConfigTable& table, std::string_view key, std::uint32_t fallback) {
  return static_cast<std::uint32_t>(table.integer(key, 1, 10'000, fallback));
}

}  // namespace

CoinbaseConfig read_config(ConfigTable& table, Environment environment) {
  CoinbaseConfig config;
  config.rest = read_url(table, "rest", rest, false);
  // Another address is somebody's own: a proxy, a venue in a box. Coinbase's own is real money: its sandbox answers the
  // same whatever one asks, and is nothing to trade at.
  const bool is_production = config.rest.host == gateway::parse_url(rest)->host;
  if (is_production && environment == Environment::Paper) {
    table.refuse("rest", "\"" + std::string{rest} + "\" is real money, and this environment is paper");
  }
  config.market_stream = read_url(table, "market_stream", market_stream, true);
  config.user_stream = read_url(table, "user_stream", user_stream, true);
  config.connections_max = static_cast<std::size_t>(table.integer("connections_max", 1, 64, 8));
  config.limits.private_per_second = read_limit(table, "private_per_second", config.limits.private_per_second);
  config.limits.public_per_second = read_limit(table, "public_per_second", config.limits.public_per_second);
  config.token_life_s = table.integer("token_life_s", 2, token_life_s, token_life_s);
  const std::string replace = table.text("replace", "in_place");
  if (replace != "cancel_first" && replace != "in_place") {
    table.refuse("replace", "\"" + replace + "\" is neither \"in_place\" nor \"cancel_first\"");
  }
  config.replaces_in_place = replace == "in_place";
  // A heartbeat comes every second: a few that are missing are a line that is dead.
  gateway::StreamOptions& stream = config.stream_options;
  stream.answer_max = std::chrono::milliseconds{3'000};  // Coinbase itself wants the first subscription within 5 s
  stream.silence_max = std::chrono::milliseconds{table.integer("stream_silence_ms", 1'000, 600'000, 5'000)};
  stream.event_max = std::chrono::milliseconds{table.integer("order_event_ms", 100, 600'000, 10'000)};
  stream.renew_after = std::chrono::milliseconds{table.integer("stream_renew_ms", 1'000, 86'000'000, 82'800'000)};
  config.login = read_login(table);
  return config;
}

}  // namespace busbar::coinbase
