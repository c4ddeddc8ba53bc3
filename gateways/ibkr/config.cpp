#include "gateways/ibkr/config.hpp"

#include "gateways/ibkr/encode.hpp"

namespace busbar::ibkr {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view oauth_rest = "https://api.ibkr.com/v1/api";
constexpr std::string_view oauth_stream = "wss://api.ibkr.com/v1/api/ws";
constexpr std::string_view login_authorize = "https://www.interactivebrokers.com/authorize";
constexpr std::string_view gateway_rest = "https://localhost:5000/v1/api";
constexpr std::string_view gateway_stream = "wss://localhost:5000/v1/api/ws";

gateway::Url read_url(ConfigTable& table, std::string_view key, std::string_view fallback, bool is_websocket) {
  auto parsed = gateway::parse_url(table.text(key, std::string{fallback}));
  if (!parsed) table.refuse(key, parsed.error().text);
  if (parsed->is_websocket != is_websocket) table.refuse(key, is_websocket ? "wss:// is wanted" : "https:// is wanted");
  while (parsed->target.ends_with('/')) parsed->target.pop_back();
  return *std::move(parsed);
}

OwnRules read_rules(ConfigTable& table, const std::vector<std::string>& answered_yes, const std::string& broker_account) {
  OwnRules rules;
  rules.broker_account = table.text("broker_account", broker_account);
  auto answers = AnswerPolicy::of(table.texts("answers", answered_yes));
  if (!answers) table.refuse("answers", answers.error().text);
  rules.answers = *std::move(answers);
  return rules;
}

std::vector<Wanted> read_symbols(ConfigTable& table) {
  std::vector<Wanted> symbols;
  for (const std::string& symbol : table.texts("symbols", {})) {
    auto wanted = wanted_of(symbol);
    if (!wanted) table.refuse("symbols", wanted.error().text);
    for (const Wanted& other : symbols) {
      if (other.symbol == wanted->symbol) table.refuse("symbols", "\"" + symbol + "\" is there twice");
    }
    symbols.push_back(*std::move(wanted));
  }
  return symbols;
}

// IBKR's published intervals hold unless an operator's table knows better.
std::vector<PaceRule> read_paces(ConfigTable& table) {
  std::vector<PaceRule> rules = published_paces();
  ConfigTable paces = table.table("pace");
  const auto change = [&](std::string_view key, std::string_view path) {
    if (!paces.has(key)) return;
    for (PaceRule& rule : rules) {
      if (rule.path.starts_with(path)) rule.interval_ms = paces.integer(key, 1, 3'600'000);
    }
  };
  change("orders_ms", "/iserver/account/orders");
  change("trades_ms", "/iserver/account/trades");
  change("portfolio_ms", "/portfolio");
  change("tickle_ms", "/tickle");
  change("snapshot_ms", "/iserver/marketdata/snapshot");
  paces.finish();
  return rules;
}

}  // namespace

IbkrConfig read_config(ConfigTable& table) {
  IbkrConfig config;
  const std::string way = table.text("way", "oauth");
  if (way != "oauth" && way != "gateway") table.refuse("way", "\"oauth\" or \"gateway\" is wanted");
  config.line = way == "oauth" ? Line::OAuth : Line::Gateway;
  const bool is_straight = config.line == Line::OAuth;
  config.rest = read_url(table, "rest", is_straight ? oauth_rest : gateway_rest, false);
  config.stream = read_url(table, "stream", is_straight ? oauth_stream : gateway_stream, true);
  config.login_authorize = table.text("login_authorize", std::string{login_authorize});
  if (const auto page = gateway::parse_url(config.login_authorize); !page || page->is_websocket) {
    table.refuse("login_authorize", "https:// is wanted");
  }
  config.gateway_page = "https://" + config.rest.host + ":" + config.rest.port;
  const std::string competing = table.text("competing", "yield");
  if (competing != "yield" && competing != "take_over") {
    table.refuse("competing", "\"yield\" or \"take_over\" is wanted");
  }
  config.competing = competing == "yield" ? Competing::Yield : Competing::TakeOver;
  const auto region = region_of(table.text("region", "america"));
  if (!region) table.refuse("region", "\"america\", \"europe\" or \"asia\" is wanted");
  config.region = *region;

  const std::vector<std::string> answered_yes = table.texts("answers", {});
  auto answers = AnswerPolicy::of(answered_yes);
  if (!answers) table.refuse("answers", answers.error().text);
  config.rules.answers = *std::move(answers);
  config.rules.broker_account = table.text("broker_account", "");
  for (auto& [account, own] : table.tables("accounts")) {
    config.rules_of[account] = read_rules(own, answered_yes, config.rules.broker_account);
    own.finish();
  }
  const std::string replace = table.text("replace", "in_place");
  if (replace != "in_place" && replace != "cancel_first") {
    table.refuse("replace", "\"in_place\" or \"cancel_first\" is wanted");
  }
  config.replaces_in_place = replace == "in_place";
  const auto suppressed = AnswerPolicy::of(table.texts("suppress", {}));
  if (!suppressed) table.refuse("suppress", suppressed.error().text);
  if (suppressed->ids().size() > suppressed_max) table.refuse("suppress", "IBKR takes 51 at most");
  config.suppressed = suppressed->ids();
  config.symbols = read_symbols(table);
  config.ext_operator = table.text("ext_operator", "");
  config.connections_max = static_cast<std::size_t>(table.integer("connections_max", 2, 64, 4));
  config.requests_per_second =
      static_cast<std::uint32_t>(table.integer("requests_per_second", 1, 10'000, is_straight ? 50 : 10));
  config.paces = read_paces(table);
  config.tickle_interval = milliseconds{table.integer("tickle_interval_ms", 100, 300'000, 60'000)};
  config.penalty = milliseconds{table.integer("penalty_ms", 1'000, 86'400'000, hold_back_ms)};
  config.lost_after_ms = static_cast<std::uint32_t>(table.integer("lost_after_ms", 1'000, 3'600'000, 60'000));
  // A heartbeat comes every ten seconds.
  gateway::StreamOptions& stream = config.stream_options;
  stream.silence_max = milliseconds{table.integer("stream_silence_ms", 1'000, 600'000, 30'000)};
  stream.event_max = milliseconds{table.integer("order_event_ms", 100, 600'000, 10'000)};
  stream.renew_after = milliseconds{table.integer("stream_renew_ms", 1'000, 86'000'000, 82'800'000)};
  stream.keep_alive_interval = milliseconds{30'000};
  return config;
}

}  // namespace busbar::ibkr
