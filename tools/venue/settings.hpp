#pragma once
// What every venue reads from its settings in the same way: credentials, balances, and the trading rules of a symbol.

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bus/config.hpp"
#include "tools/venue/exchange.hpp"
#include "tools/venue/number.hpp"
#include "tools/venue/oauth_login.hpp"

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

// A symbol of a venue that nobody has told any.
Symbol usual_symbol(const char* name, const char* base, const char* quote, const char* tick, const char* step,
                    const char* price_max, const char* qty_max, const char* start_price);

// The file that the key "credentials" names; or the account's own in the folder, which `make` writes where there is none.
std::filesystem::path read_credentials_file(ConfigTable& table, std::string_view account,
                                            const std::filesystem::path& folder,
                                            const std::function<void(const std::filesystem::path&)>& make);
// may_trade, balances, and, with so many places, maker_rate and taker_rate.
void read_exchange_account(ConfigTable& table, ExchangeAccount& account,
                           std::vector<std::pair<std::string, Decimal>> usual_balances, std::optional<int> rate_places);

// All of [accounts], or one called main. No two may have a name in common that `names_of` tells: of keys, for example.
template <class Account>
std::vector<Account> read_accounts(ConfigTable& venue, const char* wrong,
                                   const std::function<Account(std::string_view, ConfigTable&)>& read,
                                   const std::function<std::vector<std::string>(const Account&)>& names_of) {
  std::vector<Account> accounts;
  std::set<std::string> names;
  for (auto& [name, table] : venue.tables("accounts")) {
    accounts.push_back(read(view(name), table));
    for (std::string& one : names_of(accounts.back())) {
      if (!names.insert(std::move(one)).second) table.refuse("credentials", wrong);
    }
  }
  if (!accounts.empty()) return accounts;
  ConfigTable none = ConfigFile::parse("", "defaults");
  accounts.push_back(read("main", none));
  return accounts;
}

// [login]; the table is returned for what only one broker's has.
ConfigTable read_login(ConfigTable& venue, OAuthSettings& login, const std::vector<std::string>& accounts);
template <class Account>
ConfigTable read_login(ConfigTable& venue, OAuthSettings& login, const std::vector<Account>& accounts) {
  std::vector<std::string> names;
  for (const Account& account : accounts) names.push_back(account.name);
  return read_login(venue, login, names);
}

template <class Settings, std::size_t count>
void read_numbers(ConfigTable& table, const Number<Settings> (&all)[count], Settings& settings) {
  for (const Number<Settings>& number : all) {
    std::int64_t& member = settings.*number.member;
    member = table.integer(number.name, number.least, number.most, member / number.unit) * number.unit;
  }
}

// seed, market_steps_per_second, [connections]
void read_exchange(ConfigTable& venue, ExchangeSettings& settings);

}  // namespace busbar::venue
