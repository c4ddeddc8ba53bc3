#include "gateways/alpaca/config.hpp"

#include <algorithm>
#include <array>

#include "gateways/alpaca/encode.hpp"

namespace busbar::alpaca {

namespace {

using std::chrono::milliseconds;

// Alpaca's own places, by the name under which `endpoint` chooses them. Keys of one are refused by the other, market data
// are the same for both.
struct Endpoint {
  std::string_view name;
  std::string_view rest;
  std::string_view order_stream;
  bool is_paper;
};
constexpr std::array endpoints{
    Endpoint{"paper", "https://paper-api.alpaca.markets", "wss://paper-api.alpaca.markets/stream", true},
    Endpoint{"production", "https://api.alpaca.markets", "wss://api.alpaca.markets/stream", false},
};
constexpr std::string_view data_host = "https://data.alpaca.markets";
constexpr std::string_view stream_host = "wss://stream.data.alpaca.markets";

const Endpoint& read_endpoint(ConfigTable& table, Environment environment) {
  const bool is_paper = environment == Environment::Paper;
  const std::string name = table.text("endpoint", is_paper ? "paper" : "production");
  const auto* const found =
      std::find_if(endpoints.begin(), endpoints.end(), [&](const Endpoint& each) { return each.name == name; });
  if (found == endpoints.end()) table.refuse("endpoint", "\"" + name + "\" is neither \"paper\" nor \"production\"");
  return *found;
}

gateway::Url read_url(ConfigTable& table, std::string_view key, std::string fallback, bool is_websocket) {
  std::string text = table.text(key, std::move(fallback));
  while (text.ends_with('/')) text.pop_back();
  const auto parsed = gateway::parse_url(text);
  if (!parsed) table.refuse(key, parsed.error().text);
  if (parsed->is_websocket != is_websocket) table.refuse(key, is_websocket ? "wss:// is wanted" : "https:// is wanted");
  return *parsed;
}

// Another address is somebody's own: a proxy, a venue in a box. Alpaca's are what they are, whichever key names them.
void refuse_other_environment(ConfigTable& table, std::string_view key, const gateway::Url& url,
                              Environment environment) {
  for (const Endpoint& each : endpoints) {
    const bool is_its_host = gateway::parse_url(each.rest)->host == url.host;
    if (!is_its_host || each.is_paper == (environment == Environment::Paper)) continue;
    table.refuse(key, "\"" + url.host + "\" is " + (each.is_paper ? "paper" : "real money") + ", and this environment is " +
                          (each.is_paper ? "live" : "paper"));
  }
}

std::uint32_t read_number(ConfigTable& table, std::string_view key, std::int64_t least, std::int64_t most,
                          std::uint32_t fallback) {
  return static_cast<std::uint32_t>(table.integer(key, least, most, fallback));
}

std::string read_feed(ConfigTable& table) {
  constexpr std::array<std::string_view, 6> feeds{"iex", "sip", "delayed_sip", "boats", "overnight", "otc"};
  std::string feed = table.text("feed", "iex");
  if (std::find(feeds.begin(), feeds.end(), feed) == feeds.end()) {
    table.refuse("feed", "\"" + feed + "\" is none of iex, sip, delayed_sip, boats, overnight, otc");
  }
  return feed;
}

std::vector<std::string> read_asset_classes(ConfigTable& table) {
  std::vector<std::string> classes = table.texts("asset_classes", {"us_equity", "crypto"});
  for (const std::string& each : classes) {
    if (each == "us_equity" || each == "crypto") continue;
    table.refuse("asset_classes", "\"" + each + "\" is neither \"us_equity\" nor \"crypto\"");
  }
  if (classes.empty()) table.refuse("asset_classes", "there is nothing to trade");
  return classes;
}

// One login serves paper and real money: where its orders go `rest` decides.
LoginConfig read_login(ConfigTable& table) {
  LoginConfig login;
  login.authorize = table.text("login_authorize", std::string{authorize_url});
  static_cast<void>(read_url(table, "login_authorize", std::string{authorize_url}, false));
  login.token = read_url(table, "login_token", std::string{token_url}, false);
  for (const std::string& scope : table.texts("login_scopes", {"trading", "data"})) {
    login.scope.append(login.scope.empty() ? "" : " ").append(scope);
  }
  return login;
}

}  // namespace

AlpacaConfig read_config(ConfigTable& table, Environment environment) {
  AlpacaConfig config;
  const Endpoint& endpoint = read_endpoint(table, environment);
  config.rest = read_url(table, "rest", std::string{endpoint.rest}, false);
  refuse_other_environment(table, table.has("rest") ? "rest" : "endpoint", config.rest, environment);
  config.order_stream = read_url(table, "order_stream", std::string{endpoint.order_stream}, true);
  refuse_other_environment(table, table.has("order_stream") ? "order_stream" : "endpoint", config.order_stream, environment);
  config.data = read_url(table, "data", std::string{data_host}, false);
  config.feed = read_feed(table);
  config.stock_stream = read_url(table, "stock_stream", std::string{stream_host} + "/v2/" + config.feed, true);
  config.crypto_stream = read_url(table, "crypto_stream", std::string{stream_host} + "/v1beta3/crypto/us", true);
  config.asset_classes = read_asset_classes(table);
  config.connections_max = static_cast<std::size_t>(table.integer("connections_max", 1, 64, 8));
  config.requests_per_minute = read_number(table, "requests_per_minute", 1, 1'000'000, config.requests_per_minute);
  config.data_per_minute = read_number(table, "data_per_minute", 1, 1'000'000, config.data_per_minute);
  config.absence_ms = read_number(table, "absence_ms", 1'000, 86'400'000, config.absence_ms);
  const std::string replace = table.text("replace", "cancel_first");
  if (replace != "cancel_first" && replace != "in_place") {
    table.refuse("replace", "\"" + replace + "\" is neither \"cancel_first\" nor \"in_place\"");
  }
  config.replaces_in_place = replace == "in_place";
  // Nothing comes by itself on a quiet stream: it is asked every ten seconds whether it lives, as Alpaca's own programs do.
  gateway::StreamOptions& stream = config.stream_options;
  stream.ping_interval = milliseconds{10'000};
  stream.answer_max = milliseconds{5'000};
  stream.silence_max = milliseconds{table.integer("stream_silence_ms", 1'000, 600'000, 25'000)};
  stream.event_max = milliseconds{table.integer("order_event_ms", 100, 600'000, 10'000)};
  stream.renew_after = milliseconds{table.integer("stream_renew_ms", 1'000, 86'000'000, 82'800'000)};
  const std::string format = table.text("stream_format", "json");
  if (format != "json" && format != "msgpack") {
    table.refuse("stream_format", "\"" + format + "\" is neither \"json\" nor \"msgpack\"");
  }
  config.is_msgpack = stream.sends_binary = format == "msgpack";
  if (config.is_msgpack) stream.headers = {{"Content-Type", "application/msgpack"}};
  config.login = read_login(table);
  return config;
}

}  // namespace busbar::alpaca
