#include "tools/venue/binance/config.hpp"

#include <random>
#include <set>

#include "tools/venue/settings.hpp"

namespace busbar::venue::binance {
namespace {

std::string random_key() {  // 64 letters and digits, as the venue's are
  constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::random_device device;
  std::string key;
  while (key.size() < 64) key += alphabet[device() % alphabet.size()];
  return key;
}

struct Credentials {
  std::string api_key, secret;
};

void make_credentials(const std::filesystem::path& file) {
  write_credentials(file, "api_key = " + random_key() + "\nsecret = " + random_key() + "\n");
}

Credentials credentials_of(const std::filesystem::path& file) {
  auto lines = read_credentials(file);
  Credentials result{lines["api_key"], lines["secret"]};
  if (lines.contains("public_key_file")) result.secret = contents(lines["public_key_file"]);  // RSA or Ed25519
  if (result.api_key.empty() || result.secret.empty())
    throw ConfigError{file.string() + ": api_key or secret is missing"};
  return result;
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
  Symbol symbol = read_rules(name, table);
  symbol.market_qty_max = amount(table, "market_qty_max", symbol.qty_max);
  symbol.percent_up = amount(table, "percent_up", Decimal{5, 0});
  symbol.percent_down = amount(table, "percent_down", Decimal{2, -1});
  for (const auto& [key, value] : {std::pair{"percent_up", symbol.percent_up}, std::pair{"percent_down", symbol.percent_down}}) {
    if (value > Decimal{1'000, 0} || value.normalized().exponent() < -4) table.refuse(key, "at most 1000, with 4 places");
  }
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
  const Credentials read = credentials_of(credentials);
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
  const std::filesystem::path file = read_credentials_file(table, name, folder, make_credentials);
  account.keys.push_back(read_key(table, file));
  for (auto& [unused, key] : table.tables("keys")) account.keys.push_back(read_key(key, key.text("credentials")));
  read_exchange_account(table, account, default_balances(), 8);
  return account;
}

}  // namespace

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
    Symbol symbol = usual_symbol(row.name, row.base, "USDT", row.tick, row.step, row.price_max, row.qty_max,
                                 row.start_price);
    symbol.market_qty_max = *Decimal::parse(row.market_qty_max);
    symbol.notional_min = Decimal{5, 0};
    symbol.notional_max = Decimal{9'000'000, 0};
    symbol.percent_up = Decimal{5, 0};
    symbol.percent_down = Decimal{2, -1};
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
  root.ignore_others();
  ConfigTable venue = root.table("venue");
  Settings settings;
  read_exchange(venue, settings);
  set_flavour(settings, venue);

  ConfigTable limits = venue.table("limits");
  read_numbers(limits, limit_numbers, settings.limits);

  for (auto& [name, table] : venue.tables("symbols")) settings.symbols.push_back(read_symbol(view(name), table));
  if (settings.symbols.empty()) settings.symbols = default_symbols();

  settings.accounts = read_accounts<AccountSettings>(
      venue, "two accounts have the same key",
      [&](std::string_view name, ConfigTable& table) { return read_account(name, table, default_folder); },
      [](const AccountSettings& account) {
        std::vector<std::string> names;
        for (const KeySettings& key : account.keys) names.push_back(key.api_key);
        return names;
      });
  if (settings.features.has_older_filters) {
    for (Symbol& symbol : settings.symbols) {
      symbol.oto_allowed = symbol.amend_allowed = symbol.trailing_allowed = false;
    }
  }
  root.finish();
  return settings;
}

}  // namespace busbar::venue::binance
