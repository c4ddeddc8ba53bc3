#include "tools/venue/coinbase/config.hpp"

#include <algorithm>
#include <random>
#include <set>

#include "tools/venue/settings.hpp"

namespace busbar::venue::coinbase {
namespace {

void make_credentials(const std::filesystem::path& file, bool is_ecdsa) {
  std::random_device device;
  const Ledger names{(std::uint64_t{device()} << 32) | device()};
  const std::string name = "organizations/" + names.uuid("organization", 1) + "/apiKeys/" + names.uuid("key", 1);
  const std::string secret = is_ecdsa ? make_ecdsa_secret() : make_ed25519_secret();
  write_credentials(file, "api_key = " + name + "\nsecret = " + secret + "\n");
}

struct Read {
  KeySettings key;
  std::string access_token;
};

Read read_key(ConfigTable& table, const std::filesystem::path& file) {
  auto lines = read_credentials(file);
  Read read;
  read.access_token = lines["access_token"];
  read.key.name = lines["api_key"];
  const std::string secret = lines.contains("public_key_file") ? contents(lines["public_key_file"])
                             : lines.contains("secret_file")   ? contents(lines["secret_file"])
                                                               : lines["secret"];
  read.key.key = public_key_from(secret);
  const bool has_key = !read.key.name.empty() || !secret.empty();
  if (has_key && read.key.name.empty()) throw ConfigError{file.string() + ": api_key is missing"};
  if (has_key && !read.key.key) throw ConfigError{file.string() + ": the secret is no P-256 or Ed25519 key"};
  if (!has_key && read.access_token.empty()) throw ConfigError{file.string() + ": neither a key nor an access_token"};
  read.key.permissions = {false, false, false};
  for (const std::string& permission : table.texts("permissions", {"view", "trade"})) {
    if (permission == "view") read.key.permissions.can_view = true;
    else if (permission == "trade") read.key.permissions.can_trade = true;
    else if (permission == "transfer") read.key.permissions.can_transfer = true;
    else table.refuse("permissions", "\"" + permission + "\" is not view, trade or transfer");
  }
  return read;
}

std::vector<std::pair<std::string, Decimal>> default_balances() {
  return {{"BTC", Decimal{10, 0}},
          {"ETH", Decimal{100, 0}},
          {"LTC", Decimal{1'000, 0}},
          {"USD", Decimal{1'000'000, 0}},
          {"USDC", Decimal{1'000'000, 0}}};
}

AccountSettings read_account(std::string_view name, ConfigTable& table, const std::filesystem::path& folder) {
  AccountSettings account;
  account.name = name;
  const std::string key_type = table.text("key_type", "ed25519");
  if (key_type != "ed25519" && key_type != "ecdsa") table.refuse("key_type", "ed25519 or ecdsa");
  const std::filesystem::path file =
      read_credentials_file(table, name, folder, [&](const auto& made) { make_credentials(made, key_type == "ecdsa"); });
  const auto add = [&](Read read) {
    if (read.key.key) account.keys.push_back(std::move(read.key));
    if (!read.access_token.empty()) account.access_tokens.push_back(std::move(read.access_token));
  };
  add(read_key(table, file));
  for (auto& [unused, key] : table.tables("keys")) add(read_key(key, key.text("credentials")));
  read_exchange_account(table, account, default_balances(), 4);
  return account;
}

// The broker's are finer than the 8 places that price and size have here together.
Symbol symbol(const char* name, const char* base, const char* quote, const char* tick, const char* step,
              const char* price_max, const char* qty_max, const char* start_price) {
  Symbol result = usual_symbol(name, base, quote, tick, step, price_max, qty_max, start_price);
  result.notional_min = std::string_view{quote} == "USD" ? Decimal{1, 0} : Decimal{1, -5};
  result.notional_max = std::string_view{quote} == "USD" ? Decimal{150'000'000, 0} : Decimal{5'000, 0};
  return result;
}

}  // namespace

std::vector<Symbol> default_symbols() {
  return {symbol("BTC-USD", "BTC", "USD", "0.01", "0.000001", "1000000", "3400", "67250"),
          symbol("ETH-USD", "ETH", "USD", "0.01", "0.000001", "1000000", "49000", "3480"),
          symbol("LTC-USD", "LTC", "USD", "0.01", "0.000001", "100000", "380000", "84.2")};
}

Settings load_settings(ConfigTable& root, const std::filesystem::path& default_folder) {
  root.ignore_others();
  ConfigTable venue = root.table("venue");
  Settings settings;
  settings.connections.ping_interval_ms = 3'600'000;  // no rule of the broker's for pings is known
  settings.connections.pong_timeout_ms = 3'600'000;
  read_exchange(venue, settings);
  settings.rules.hosts = venue.texts("hosts", settings.rules.hosts);
  settings.rules.leeway = venue.integer("clock_leeway_s", 0, 3'600, settings.rules.leeway / 1'000'000) * 1'000'000;
  settings.rules.cancel_delay = venue.integer("cancel_delay_ms", 0, 60'000, 0) * 1'000;
  settings.rules.edit_delay = venue.integer("edit_delay_ms", 0, 60'000, 0) * 1'000;
  settings.rules.streams_take_access_tokens = venue.flag("stream_access_tokens", true);
  settings.rules.end_time_max =
      venue.integer("end_time_days_max", 1, 3'650, settings.rules.end_time_max / 86'400'000'000) * 86'400'000'000;
  settings.streams.subscribe_within =
      venue.integer("subscribe_within_ms", 100, 3'600'000, settings.streams.subscribe_within / 1'000) * 1'000;
  settings.streams.idle_max = venue.integer("idle_ms", 100, 86'400'000, settings.streams.idle_max / 1'000) * 1'000;
  settings.streams.snapshot_orders_max = static_cast<std::size_t>(venue.integer(
      "snapshot_orders", 1, 100'000, static_cast<std::int64_t>(settings.streams.snapshot_orders_max)));

  ConfigTable limits = venue.table("limits");
  read_numbers(limits, limit_numbers, settings.limits);

  for (auto& [name, table] : venue.tables("symbols")) settings.symbols.push_back(read_rules(view(name), table));
  if (settings.symbols.empty()) {
    settings.symbols = default_symbols();
    settings.aliases = {{"BTC-USDC", "BTC-USD", "USDC"}};
  }
  for (auto& [name, table] : venue.tables("aliases")) {
    AliasSettings alias{std::string{view(name)}, table.text("of"), table.text("quote")};
    const auto known = std::find_if(settings.symbols.begin(), settings.symbols.end(),
                                    [&](const Symbol& symbol) { return symbol.name == alias.of; });
    if (known == settings.symbols.end()) table.refuse("of", "no such product");
    settings.aliases.push_back(std::move(alias));
  }

  settings.accounts = read_accounts<AccountSettings>(
      venue, "two accounts have the same key",
      [&](std::string_view name, ConfigTable& table) { return read_account(name, table, default_folder); },
      [](const AccountSettings& account) {
        std::vector<std::string> names;
        for (const KeySettings& key : account.keys) names.push_back(key.name);
        return names;
      });
  LoginSettings& login = settings.login;
  ConfigTable table = read_login(venue, login, settings.accounts);
  login.view_scope = table.text("view_scope", login.view_scope);
  login.trade_scope = table.text("trade_scope", login.trade_scope);
  login.is_pkce_needed = table.flag("pkce_needed", login.is_pkce_needed);
  read_numbers(table, login_lives, login);
  root.finish();
  return settings;
}

}  // namespace busbar::venue::coinbase
