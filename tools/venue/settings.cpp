#include "tools/venue/settings.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "tools/venue/amount.hpp"

namespace busbar::venue {
namespace {

std::string trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string{text.substr(first, text.find_last_not_of(" \t\r") - first + 1)};
}

}  // namespace

std::string contents(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::ostringstream text;
  if (!in || !(text << in.rdbuf())) throw ConfigError{"cannot read " + file.string()};
  return text.str();
}

std::map<std::string, std::string> read_credentials(const std::filesystem::path& file) {
  struct ::stat facts {};
  if (::stat(file.c_str(), &facts) != 0) throw ConfigError{"cannot read " + file.string()};
  if ((facts.st_mode & 0077) != 0) throw ConfigError{file.string() + ": others may read it; chmod 0600"};
  std::map<std::string, std::string> result;
  std::istringstream lines{contents(file)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = trimmed(std::string_view{line}.substr(0, equals));
    std::string value = trimmed(std::string_view{line}.substr(equals + 1));
    const auto is_cut = [&] { return value.starts_with("-----BEGIN") && value.find("-----END") == std::string::npos; };
    while (is_cut() && std::getline(lines, line)) value += '\n' + trimmed(line);  // a key in PEM, on many lines
    result[name] = std::move(value);
  }
  return result;
}

void write_credentials(const std::filesystem::path& file, std::string_view lines) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (descriptor < 0) throw ConfigError{"cannot write " + file.string()};
  const bool is_written = ::write(descriptor, lines.data(), lines.size()) == std::ssize(lines);
  ::close(descriptor);
  if (!is_written) throw ConfigError{"cannot write " + file.string()};
}

std::filesystem::path credentials_file(const std::filesystem::path& folder, std::string_view account) {
  return folder / (std::string{account} + ".cred");
}

Decimal amount(ConfigTable& table, std::string_view key, std::optional<Decimal> fallback) {
  const auto value = table.decimal(key);
  if (!value && !fallback) table.refuse(key, "is missing");
  const Decimal number = value.value_or(fallback.value_or(Decimal{}));
  if (number.is_negative() || number.normalized().exponent() < -places_max)
    table.refuse(key, "no amount of at most 8 places");
  return number;
}

std::vector<std::pair<std::string, Decimal>> read_balances(ConfigTable& table) {
  std::vector<std::pair<std::string, Decimal>> balances;
  for (const std::string& text : table.texts("balances", {})) {
    const std::size_t space = text.find(' ');
    const auto number =
        space == std::string::npos ? std::nullopt : Decimal::parse(std::string_view{text}.substr(space + 1));
    if (!number || number->is_negative() || *number > Decimal{1'000'000'000, 0} ||
        number->normalized().exponent() < -places_max) {
      table.refuse("balances", "\"" + text + "\" is not like \"BTC 10.5\", at most 1e9");
    }
    balances.emplace_back(text.substr(0, space), *number);
  }
  return balances;
}

Symbol read_rules(std::string_view name, ConfigTable& table) {
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
  symbol.notional_min = amount(table, "notional_min", Decimal{5, 0});
  symbol.notional_max = amount(table, "notional_max", Decimal{9'000'000, 0});
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
  if (symbol.start_price > symbol.price_max) table.refuse("start_price", "must not be above price_max");
  return symbol;
}

Symbol usual_symbol(const char* name, const char* base, const char* quote, const char* tick, const char* step,
                    const char* price_max, const char* qty_max, const char* start_price) {
  const auto number = [](const char* text) { return *Decimal::parse(text); };
  Symbol symbol;
  symbol.name = name;
  symbol.base = base;
  symbol.quote = quote;
  symbol.price_min = symbol.tick = number(tick);
  symbol.price_max = number(price_max);
  symbol.qty_min = symbol.step = number(step);
  symbol.qty_max = symbol.market_qty_max = number(qty_max);
  symbol.start_price = number(start_price);
  return symbol;
}

std::filesystem::path read_credentials_file(ConfigTable& table, std::string_view account,
                                            const std::filesystem::path& folder,
                                            const std::function<void(const std::filesystem::path&)>& make) {
  std::filesystem::path file = table.text("credentials", "");
  if (!file.empty()) return file;
  file = credentials_file(folder, account);
  if (!exists(file)) make(file);
  return file;
}

void read_exchange_account(ConfigTable& table, ExchangeAccount& account,
                           std::vector<std::pair<std::string, Decimal>> usual_balances,
                           std::optional<int> rate_places) {
  const auto read_rate = [&](std::string_view key, Decimal& rate) {
    rate = amount(table, key, rate);
    if (rate <= Decimal{1, -1} && rate.normalized().exponent() >= -*rate_places) return;
    table.refuse(key, "at most 0.1, with " + std::to_string(*rate_places) + " places");
  };
  if (rate_places) {
    read_rate("maker_rate", account.maker_rate);
    read_rate("taker_rate", account.taker_rate);
  }
  account.may_trade = table.flag("may_trade", true);
  account.balances = read_balances(table);
  if (account.balances.empty()) account.balances = std::move(usual_balances);
}

ConfigTable read_login(ConfigTable& venue, OAuthSettings& login, const std::vector<std::string>& accounts) {
  ConfigTable table = venue.table("login");
  login.client_id = table.text("client_id", login.client_id);
  if (const std::string file = table.text("client_secret_file", ""); !file.empty()) {
    login.client_secret = contents(file);
    while (login.client_secret.ends_with('\n')) login.client_secret.pop_back();
  }
  login.account = table.text("account", accounts.front());
  if (std::find(accounts.begin(), accounts.end(), login.account) == accounts.end()) {
    table.refuse("account", "no such account");
  }
  login.redirect_uris = table.texts("redirect_uris", login.redirect_uris);
  login.asks_user = table.flag("asks_user", login.asks_user);
  login.code_life = table.integer("code_life_s", 1, 1'000'000'000, login.code_life / 1'000'000) * 1'000'000;
  return table;
}

void read_exchange(ConfigTable& venue, ExchangeSettings& settings) {
  settings.seed = static_cast<std::uint64_t>(venue.integer("seed", 0, INT64_MAX, 1));
  settings.market_steps_per_second = venue.integer("market_steps_per_second", 0, 1'000, 10);
  ConfigTable connections = venue.table("connections");
  ConnectionSettings& life = settings.connections;
  life.ping_interval_ms = connections.integer("ping_interval_ms", 100, 3'600'000, life.ping_interval_ms);
  life.pong_timeout_ms = connections.integer("pong_timeout_ms", 100, 3'600'000, life.pong_timeout_ms);
  life.life_ms = connections.integer("life_ms", 100, 86'400'000, life.life_ms);
  life.messages_per_second = connections.integer("messages_per_second", 1, 1'000'000, life.messages_per_second);
}

}  // namespace busbar::venue
