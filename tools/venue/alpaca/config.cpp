#include "tools/venue/alpaca/config.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <stdexcept>

#include "tools/venue/settings.hpp"

namespace busbar::venue::alpaca {
namespace {

void make_credentials(const std::filesystem::path& file) {
  constexpr std::string_view capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  std::random_device device;
  const auto make = [&](std::string_view alphabet, std::size_t size) {
    std::string text;
    while (text.size() < size) text += alphabet[device() % alphabet.size()];
    return text;
  };
  write_credentials(file, "api_key = PK" + make(capitals, 18) + "\nsecret = " + make(letters, 40) + "\n");
}

void read_key(ConfigTable& table, const std::filesystem::path& file, AccountSettings& account) {
  auto lines = read_credentials(file);
  const bool may_trade = table.flag("key_may_trade", true);
  const bool has_key = !lines["api_key"].empty(), has_secret = !lines["secret"].empty();
  if (has_key != has_secret) throw ConfigError{file.string() + ": api_key and secret belong together"};
  if (has_key) account.keys.push_back({lines["api_key"], lines["secret"], may_trade});
  if (!lines["access_token"].empty()) account.access_tokens.push_back(lines["access_token"]);
  if (!has_key && lines["access_token"].empty()) {
    throw ConfigError{file.string() + ": neither a key nor an access_token"};
  }
}

std::vector<std::pair<std::string, Decimal>> default_balances() {
  return {{"AAPL", Decimal{10'000, 0}}, {"BRK.B", Decimal{1'000, 0}},   {"TSLA", Decimal{1'000, 0}},
          {"BTC", Decimal{10, 0}},      {"ETH", Decimal{100, 0}},       {"USD", Decimal{1'000'000, 0}},
          {"USDT", Decimal{100'000, 0}}};
}

AccountSettings read_account(std::string_view name, ConfigTable& table, const std::filesystem::path& folder) {
  AccountSettings account;
  account.name = name;
  const std::filesystem::path file = read_credentials_file(table, name, folder, make_credentials);
  read_key(table, file, account);
  for (auto& [unused, key] : table.tables("keys")) read_key(key, key.text("credentials"), account);
  read_exchange_account(table, account, default_balances(), std::nullopt);
  return account;
}

AssetSettings read_asset(std::string_view name, ConfigTable& table) {
  AssetSettings asset;
  const bool has_slash = name.find('/') != std::string_view::npos;
  const std::string asset_class = table.text("class", has_slash ? "crypto" : "us_equity");
  if (asset_class != "crypto" && asset_class != "us_equity") table.refuse("class", "us_equity or crypto");
  asset.asset_class = asset_class == "crypto" ? AssetClass::Crypto : AssetClass::UsEquity;
  asset.exchange = table.text("exchange", asset_class == "crypto" ? "CRYPTO" : "NASDAQ");
  asset.name = table.text("name", "");
  asset.id = table.text("asset_id", "");
  asset.tradable = table.flag("tradable", true);
  asset.fractionable = table.flag("fractionable", true);
  return asset;
}

void add(DefaultSymbols& all, const char* name, const char* base, const char* quote, const char* tick,
         const char* start_price, const char* qty_max, AssetSettings asset) {
  // The broker's sizes have 9 places; price and size have 8 here together.
  const char* step = std::string_view{tick} == "0.0001" ? "0.0001" : "0.000001";
  const bool is_crypto = asset.asset_class == AssetClass::Crypto;
  Symbol symbol = usual_symbol(name, base, quote, tick, step, "1000000", qty_max, start_price);
  symbol.notional_min = Decimal{is_crypto && symbol.quote == "USD" ? 10 : 1, 0};  // of purchases
  symbol.notional_max = is_crypto ? Decimal{200'000, 0} : Decimal{10'000'000, 0};
  all.symbols.push_back(std::move(symbol));
  all.assets.push_back(std::move(asset));
}

template <class Named>
auto read_named(ConfigTable& table, std::string_view key, std::string fallback, Named named) {
  const std::string text = table.text(key, std::move(fallback));
  try {
    return named(text);
  } catch (const std::invalid_argument& wrong) {
    table.refuse(key, wrong.what());
  }
}

}  // namespace

WashTrades wash_trades_named(std::string_view name) {
  if (name == "crossing") return WashTrades::Crossing;
  if (name == "all") return WashTrades::All;
  if (name == "off") return WashTrades::Off;
  throw std::invalid_argument{"crossing, all or off"};
}

DefaultSymbols default_symbols() {
  DefaultSymbols all;
  const auto share = [](const char* id, const char* exchange, const char* name) {
    return AssetSettings{id, AssetClass::UsEquity, exchange, name, true, true};
  };
  const auto pair = [](const char* id, const char* name) {
    return AssetSettings{id, AssetClass::Crypto, "CRYPTO", name, true, true};
  };
  add(all, "AAPL", "AAPL", "USD", "0.01", "190.25", "90000",
      share("b0b6dd9d-8b9b-48a9-ba46-b9d54906e415", "NASDAQ", "Apple Inc. Common Stock"));
  add(all, "BRK.B", "BRK.B", "USD", "0.01", "480.50", "90000",
      share("", "NYSE", "BERKSHIRE HATHAWAY Class B"));
  add(all, "TSLA", "TSLA", "USD", "0.01", "345.10", "90000",
      share("8ccae427-5dd0-45b3-b5fe-7ba5e422c766", "NASDAQ", "Tesla, Inc. Common Stock"));
  add(all, "BTC/USD", "BTC", "USD", "0.01", "67250", "9000",
      pair("276e2673-764b-4ab6-a611-caf665ca6340", "Bitcoin / US Dollar"));
  add(all, "ETH/USD", "ETH", "USD", "0.01", "3480", "9000", pair("", "Ethereum / US Dollar"));
  add(all, "BTC/USDT", "BTC", "USDT", "0.01", "67250", "9000", pair("", "Bitcoin / USD Tether"));
  add(all, "USDT/USD", "USDT", "USD", "0.0001", "1", "90000", pair("", "USD Tether / US Dollar"));
  return all;
}

Settings load_settings(ConfigTable& root, const std::filesystem::path& default_folder) {
  root.ignore_others();
  ConfigTable venue = root.table("venue");
  Settings settings;
  settings.connections.ping_interval_ms = 3'600'000;  // no rule of the broker's for pings is known
  settings.connections.pong_timeout_ms = 3'600'000;
  read_exchange(venue, settings);
  Rules& rules = settings.rules;
  rules.cancel_delay = venue.integer("cancel_delay_ms", 0, 60'000, 0) * 1'000;
  rules.replace_delay = venue.integer("replace_delay_ms", 0, 60'000, 0) * 1'000;
  rules.wash_trades = read_named(venue, "wash_trades", "crossing", wash_trades_named);
  rules.has_sip = venue.flag("sip", true);
  rules.binary_frames = venue.flag("binary_frames", true);
  rules.auth_within = venue.integer("auth_within_ms", 100, 3'600'000, rules.auth_within / 1'000) * 1'000;
  settings.hours = read_hours(venue);

  ConfigTable limits = venue.table("limits");
  read_numbers(limits, limit_numbers, settings.limits);

  for (auto& [name, table] : venue.tables("symbols")) {
    settings.symbols.push_back(read_rules(view(name), table));
    settings.assets.push_back(read_asset(view(name), table));
  }
  if (settings.symbols.empty()) {
    DefaultSymbols usual = default_symbols();
    settings.symbols = std::move(usual.symbols);
    settings.assets = std::move(usual.assets);
  }

  settings.accounts = read_accounts<AccountSettings>(
      venue, "two accounts have the same key",
      [&](std::string_view name, ConfigTable& table) { return read_account(name, table, default_folder); },
      [](const AccountSettings& account) {
        std::vector<std::string> names;
        for (const KeySettings& key : account.keys) names.push_back(key.id);
        return names;
      });
  read_login(venue, settings.login, settings.accounts);
  root.finish();
  return settings;
}

}  // namespace busbar::venue::alpaca
