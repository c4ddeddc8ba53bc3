#pragma once
// The venue's settings from the same kind of file as everybody's: tables [venue], [venue.limits], [venue.connections],
// [venue.login], [venue.accounts.NAME], [venue.accounts.NAME.keys.KEY], [venue.symbols.ID] and [venue.aliases.ID].
// Without a file there are four products and one account.

#include <filesystem>

#include "bus/config.hpp"
#include "tools/venue/coinbase/venue.hpp"

namespace busbar::venue::coinbase {

// Throws ConfigError. An account without `credentials` gets its key from `default_folder`/NAME.cred, which is made at the
// first start: lines api_key = ... and secret = ..., mode 0600. The venue keeps the public half of what stands there.
Settings load_settings(ConfigTable& root, const std::filesystem::path& default_folder);
std::vector<Symbol> default_symbols();

}  // namespace busbar::venue::coinbase
