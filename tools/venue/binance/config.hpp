#pragma once
// The venue's settings from the same kind of file as everybody's: tables [venue], [venue.limits], [venue.connections],
// [venue.accounts.NAME], [venue.accounts.NAME.keys.KEY] and [venue.symbols.NAME]. Without a file there are four symbols
// and one account.

#include <filesystem>

#include "bus/config.hpp"
#include "tools/venue/binance/venue.hpp"

namespace busbar::venue::binance {

// Throws ConfigError. An account without `credentials` gets its key and secret from `default_folder`/NAME.cred, which
// is made at the first start: lines api_key = ... and secret = ..., mode 0600.
Settings load_settings(ConfigTable& root, const std::filesystem::path& default_folder);
std::vector<Symbol> default_symbols();

}  // namespace busbar::venue::binance
