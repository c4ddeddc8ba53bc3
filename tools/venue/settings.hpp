#pragma once
// What every venue reads from its settings in the same way: credentials, balances, and the trading rules of a symbol.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/config.hpp"
#include "tools/venue/exchange.hpp"

namespace busbar::venue {

// All of these throw ConfigError.

std::string contents(const std::filesystem::path& file);
// Lines "name = value" of a file that nobody else may read. Secrets are in there: what is wrong is said without them.
std::map<std::string, std::string> read_credentials(const std::filesystem::path& file);
void write_credentials(const std::filesystem::path& file, std::string_view lines);  // a new file, mode 0600
std::filesystem::path credentials_file(const std::filesystem::path& folder, std::string_view account);

// Not negative, at most 8 places.
Decimal amount(ConfigTable& table, std::string_view key, std::optional<Decimal> fallback);
std::vector<std::pair<std::string, Decimal>> read_balances(ConfigTable& table);  // key balances, "BTC 10.5"

// base, quote, tick, step, start_price, and the least and the most of prices, quantities and notionals.
Symbol read_rules(std::string_view name, ConfigTable& table);

// seed, market_steps_per_second, [connections]
void read_exchange(ConfigTable& venue, ExchangeSettings& settings);

}  // namespace busbar::venue
