#pragma once
// The venue's settings from the same kind of file as everybody's: tables [venue], [venue.limits], [venue.connections],
// [venue.login], [venue.accounts.NAME], [venue.accounts.NAME.keys.KEY] and [venue.symbols."BTC/USD"]. Without a file there
// are a few shares and pairs and one account.

#include <filesystem>

#include "bus/config.hpp"
#include "tools/venue/alpaca/venue.hpp"

namespace busbar::venue::alpaca {

// Throws ConfigError. An account without `credentials` gets its key from `default_folder`/NAME.cred, which is made at the
// first start: lines api_key = ... and secret = ..., mode 0600.
Settings load_settings(ConfigTable& root, const std::filesystem::path& default_folder);

struct DefaultSymbols {
  std::vector<Symbol> symbols;
  std::vector<AssetSettings> assets;
};
DefaultSymbols default_symbols();

WashTrades wash_trades_named(std::string_view name);  // "crossing", "all", "off"; throws std::invalid_argument

}  // namespace busbar::venue::alpaca
