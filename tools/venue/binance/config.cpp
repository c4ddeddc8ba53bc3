#include "tools/venue/binance/config.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include "tools/venue/amount.hpp"

namespace busbar::venue::binance {
namespace {

struct Credentials {
  std::string api_key, secret;
};

std::string random_key() {  // 64 letters and digits, as the venue's are
  constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::random_device device;
  std::string key;
  while (key.size() < 64) key += alphabet[device() % alphabet.size()];
  return key;
}

void make_credentials(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) throw ConfigError{"cannot write " + file.string()};
  const std::string text = "api_key = " + random_key() + "\nsecret = " + random_key() + "\n";
  const bool is_written = ::write(descriptor, text.data(), text.size()) == std::ssize(text);
  ::close(descriptor);
  if (!is_written) throw ConfigError{"cannot write " + file.string()};
}

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string{text.substr(first, text.find_last_not_of(" \t\r") - first + 1)};
}

std::string contents(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) throw ConfigError{"cannot read " + file.string()};
  return text.str();
}

Credentials read_credentials(const std::filesystem::path& file) {
  struct ::stat facts {};
  if (::stat(file.c_str(), &facts) != 0) throw ConfigError{"cannot read " + file.string()};
  if ((facts.st_mode & 0077) != 0) throw ConfigError{file.string() + ": others may read it; chmod 0600"};
  Credentials result;
  std::istringstream lines{contents(file)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = trimmed(std::string_view{line}.substr(0, equals));
    const std::string value = trimmed(std::string_view{line}.substr(equals + 1));
    if (name == "api_key") result.api_key = value;
    if (name == "secret") result.secret = value;
    if (name == "public_key_file") result.secret = contents(value);  // RSA or Ed25519, in place of a secret
  }
  if (result.api_key.empty() || result.secret.empty())
    throw ConfigError{file.string() + ": api_key or secret is missing"};
  return result;
}

Decimal amount(ConfigTable& table, std::string_view key, std::optional<Decimal> fallback) {
  const auto value = table.decimal(key);
  if (!value && !fallback) table.refuse(key, "is missing");
  const Decimal number = value.value_or(fallback.value_or(Decimal{}));
  if (number.is_negative() || number.normalized().exponent() < -places_max)
    table.refuse(key, "no amount of at most 8 places");
  return number;
}

constexpr std::pair<const char*, bool Symbol::*> permissions_of_symbols[] = {
    {"stop_market_allowed", &Symbol::stop_market_allowed},
    {"iceberg_allowed", &Symbol::iceberg_allowed},
    {"oco_allowed", &Symbol::oco_allowed},
    {"oto_allowed", &Symbol::oto_allowed},
    {"trailing_allowed", &Symbol::trailing_allowed},
    {"cancel_replace_allowed", &Symbol::cancel_replace_allowed},
    {"amend_allowed", &Symbol::amend_allowed},
    {"quote_qty_allowed", &Symbol::quote_qty_allowed},
};

Symbol read_symbol(std::string_view name, ConfigTable& table) {
  Symbol symbol;
  symbol.name = name;
  symbol.base = table.text("base");
  symbol.quote = table.text("quote");
  symbol.tick = amount(table, "tick", std::nullopt);
  symbol.price_min = amount(table, "price_min", symbol.tick);
  symbol.price_max = amount(table, "price_max", Decimal{1'000'000, 0});
  symbol.step = amount(table, "step", std::nullopt);
  symbol.qty_min = amount(table, "qty_min", symbol.step);
  symbol.qty_max = amount(table, "qty_max", Decimal{9'000, 0});
  symbol.market_qty_max = amount(table, "market_qty_max", symbol.qty_max);
  symbol.notional_min = amount(table, "notional_min", Decimal{5, 0});
  symbol.notional_max = amount(table, "notional_max", Decimal{9'000'000, 0});
  symbol.percent_up = amount(table, "percent_up", Decimal{5, 0});
  symbol.percent_down = amount(table, "percent_down", Decimal{2, -1});
  symbol.orders_max = table.integer("orders_max", 1, 1'000'000, 200);
  symbol.stop_orders_max = table.integer("stop_orders_max", 0, 1'000'000, 5);
  symbol.iceberg_orders_max = table.integer("iceberg_orders_max", 0, 1'000'000, symbol.iceberg_orders_max);
  symbol.iceberg_parts_max = table.integer("iceberg_parts_max", 1, 1'000'000, symbol.iceberg_parts_max);
  symbol.order_lists_max = table.integer("order_lists_max", 0, 1'000'000, symbol.order_lists_max);
  symbol.amends_max = table.integer("amends_max", 0, 1'000'000, symbol.amends_max);
  symbol.trailing_delta_min = table.integer("trailing_delta_min", 1, 9'999, symbol.trailing_delta_min);
  symbol.trailing_delta_max = table.integer("trailing_delta_max", 1, 9'999, symbol.trailing_delta_max);
  symbol.position_max = amount(table, "position_max", Decimal{});
  for (const auto& [key, member] : permissions_of_symbols) symbol.*member = table.flag(key, symbol.*member);
  if (const auto modes = table.texts("self_trade_modes", {}); !modes.empty()) {
    symbol.self_trade_allowed.clear();
    for (const std::string& mode : modes) {
      const auto known = self_trade_named(mode);
      if (!known) table.refuse("self_trade_modes", "\"" + mode + "\" is no such mode");
      symbol.self_trade_allowed.insert(*known);
    }
  }
  const std::string fallback{name_of(symbol.self_trade_default)};
  const auto usual = self_trade_named(table.text("self_trade_default", fallback));
  if (!usual || !symbol.self_trade_allowed.contains(*usual)) table.refuse("self_trade_default", "is not allowed");
  symbol.self_trade_default = *usual;
  symbol.start_price = amount(table, "start_price", std::nullopt);
  if (symbol.tick.is_zero()) table.refuse("tick", "must be above zero");
  if (symbol.step.is_zero()) table.refuse("step", "must be above zero");
  if (symbol.tick.normalized().exponent() + symbol.step.normalized().exponent() < -places_max) {
    table.refuse("step", "tick and step may have 8 places together, or their products would not be exact");
  }
  const auto most = multiply(symbol.price_max.normalized(), symbol.qty_max.normalized());
  if (symbol.price_max.is_zero() || symbol.qty_max.is_zero() || !most || *most > Decimal{90'000'000'000, 0}) {
    table.refuse("qty_max", "price_max times qty_max must lie between zero and 9e10");
  }
  if (!is_multiple(symbol.start_price, symbol.tick) || !symbol.start_price.is_positive()) {
    table.refuse("start_price", "must be a multiple of tick");
  }
  return symbol;
}

std::vector<std::pair<std::string, Decimal>> default_balances() {
  return {{"BNB", Decimal{100, 0}},
          {"BTC", Decimal{10, 0}},
          {"ETH", Decimal{100, 0}},
          {"LTC", Decimal{1'000, 0}},
          {"USDT", Decimal{1'000'000, 0}}};
}

KeySettings read_key(ConfigTable& table, const std::filesystem::path& credentials) {
  const Credentials read = read_credentials(credentials);
  KeySettings key{read.api_key, read.secret, false, table.texts("addresses", {})};
  for (const std::string& permission : table.texts("permissions", {"reading", "trading"})) {
    if (permission == "trading") key.may_trade = true;
    else if (permission != "reading") table.refuse("permissions", "\"" + permission + "\" is not reading or trading");
  }
  return key;
}

AccountSettings read_account(std::string_view name, ConfigTable& table, const std::filesystem::path& folder) {
  AccountSettings account;
  account.name = name;
  std::filesystem::path file = table.text("credentials", "");
  if (file.empty()) {
    file = credentials_file(folder, name);
    if (!exists(file)) make_credentials(file);
  }
  account.keys.push_back(read_key(table, file));
  for (auto& [unused, key] : table.tables("keys")) account.keys.push_back(read_key(key, key.text("credentials")));
  account.may_trade = table.flag("may_trade", true);
  account.maker_rate = amount(table, "maker_rate", account.maker_rate);
  account.taker_rate = amount(table, "taker_rate", account.taker_rate);
  for (const std::string& text : table.texts("balances", {})) {
    const std::size_t space = text.find(' ');
    const auto number =
        space == std::string::npos ? std::nullopt : Decimal::parse(std::string_view{text}.substr(space + 1));
    if (!number || number->is_negative() || *number > Decimal{1'000'000'000, 0} ||
        number->normalized().exponent() < -places_max) {
      table.refuse("balances", "\"" + text + "\" is not like \"BTC 10.5\", at most 1e9");
    }
    account.balances.emplace_back(text.substr(0, space), *number);
  }
  if (account.balances.empty()) account.balances = default_balances();
  return account;
}

}  // namespace

std::filesystem::path credentials_file(const std::filesystem::path& folder, std::string_view account) {
  return folder / (std::string{account} + ".cred");
}

std::vector<Symbol> default_symbols() {
  struct Default {
    const char *name, *base, *price_max, *tick, *qty_max, *step, *market_qty_max, *start_price;
    bool stop_market_allowed;
  };
  constexpr Default defaults[] = {
      {"BTCUSDT", "BTC", "1000000", "0.01", "9000", "0.00001", "120", "67250", true},
      {"ETHUSDT", "ETH", "1000000", "0.01", "9000", "0.0001", "2500", "3480", true},
      {"BNBUSDT", "BNB", "100000", "0.01", "90000", "0.001", "3000", "596.5", false},
      {"LTCUSDT", "LTC", "100000", "0.01", "90000", "0.001", "9000", "84.2", false},
  };
  std::vector<Symbol> symbols;
  for (const Default& row : defaults) {
    const auto number = [](const char* text) { return *Decimal::parse(text); };
    Symbol symbol;
    symbol.name = row.name;
    symbol.base = row.base;
    symbol.quote = "USDT";
    symbol.price_min = symbol.tick = number(row.tick);
    symbol.price_max = number(row.price_max);
    symbol.qty_min = symbol.step = number(row.step);
    symbol.qty_max = number(row.qty_max);
    symbol.market_qty_max = number(row.market_qty_max);
    symbol.notional_min = Decimal{5, 0};
    symbol.notional_max = Decimal{9'000'000, 0};
    symbol.percent_up = Decimal{5, 0};
    symbol.percent_down = Decimal{2, -1};
    symbol.start_price = number(row.start_price);
    symbol.stop_market_allowed = row.stop_market_allowed;
    symbols.push_back(std::move(symbol));
  }
  return symbols;
}

void set_flavour(Settings& settings, ConfigTable& venue) {
  settings.flavour = venue.text("flavour", settings.flavour);
  settings.environment = venue.text("environment", settings.environment);
  Features& features = settings.features;
  if (settings.flavour == "binance.us") {
    features = {true, false, false, false, true, true, false};
  } else if (settings.flavour != "binance") {
    venue.refuse("flavour", "binance or binance.us");
  }
  if (settings.environment == "testnet") features.has_wallet = false;
  else if (settings.environment != "production") venue.refuse("environment", "production or testnet");
  features.has_listen_keys = venue.flag("listen_keys", features.has_listen_keys);
}

Settings load_settings(ConfigTable& root, const std::filesystem::path& default_folder) {
  for (const char* other :
       {"environment", "bus", "router", "audit", "hub", "clients", "accounts", "symbols", "gateways", "log"}) {
    root.ignore(other);
  }
  ConfigTable venue = root.table("venue");
  Settings settings;
  settings.seed = static_cast<std::uint64_t>(venue.integer("seed", 0, INT64_MAX, 1));
  settings.market_steps_per_second = venue.integer("market_steps_per_second", 0, 1'000, 10);
  set_flavour(settings, venue);

  ConfigTable limits = venue.table("limits");
  LimitSettings& most = settings.limits;
  most.weight_per_minute = limits.integer("weight_per_minute", 1, INT64_MAX, most.weight_per_minute);
  most.raw_per_5_minutes = limits.integer("raw_per_5_minutes", 1, INT64_MAX, most.raw_per_5_minutes);
  most.orders_per_10_seconds = limits.integer("orders_per_10_seconds", 0, INT64_MAX, most.orders_per_10_seconds);
  most.orders_per_day = limits.integer("orders_per_day", 0, INT64_MAX, most.orders_per_day);
  most.connections_per_5_minutes =
      limits.integer("connections_per_5_minutes", 1, INT64_MAX, most.connections_per_5_minutes);
  most.strikes = limits.integer("strikes", 0, INT64_MAX, most.strikes);
  most.ban_seconds = limits.integer("ban_seconds", 1, 259'200, most.ban_seconds);

  ConfigTable connections = venue.table("connections");
  ConnectionSettings& life = settings.connections;
  life.ping_interval_ms = connections.integer("ping_interval_ms", 100, 3'600'000, life.ping_interval_ms);
  life.pong_timeout_ms = connections.integer("pong_timeout_ms", 100, 3'600'000, life.pong_timeout_ms);
  life.life_ms = connections.integer("life_ms", 100, 86'400'000, life.life_ms);
  life.messages_per_second = connections.integer("messages_per_second", 1, 1'000'000, life.messages_per_second);

  for (auto& [name, table] : venue.tables("symbols")) settings.symbols.push_back(read_symbol(view(name), table));
  if (settings.symbols.empty()) settings.symbols = default_symbols();

  std::set<std::string> keys;
  for (auto& [name, table] : venue.tables("accounts")) {
    settings.accounts.push_back(read_account(view(name), table, default_folder));
    for (const KeySettings& key : settings.accounts.back().keys) {
      if (!keys.insert(key.api_key).second) table.refuse("credentials", "two accounts have the same key");
    }
  }
  if (settings.accounts.empty()) {
    const std::filesystem::path file = credentials_file(default_folder, "main");
    if (!exists(file)) make_credentials(file);
    const Credentials credentials = read_credentials(file);
    AccountSettings account;
    account.name = "main";
    account.keys.push_back({credentials.api_key, credentials.secret, true, {}});
    account.balances = default_balances();
    settings.accounts.push_back(std::move(account));
  }
  if (settings.features.has_older_filters) {
    for (Symbol& symbol : settings.symbols) {
      symbol.oto_allowed = symbol.amend_allowed = symbol.trailing_allowed = false;
    }
  }
  root.finish();
  return settings;
}

}  // namespace busbar::venue::binance
