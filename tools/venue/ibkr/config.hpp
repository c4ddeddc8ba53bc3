#pragma once
// The venue's settings from the same kind of file as everybody's: tables [venue], [venue.limits], [venue.oauth],
// [venue.questions], [venue.session], [venue.connections], [venue.accounts.NAME] and [venue.symbols.NAME]. Without a file
// there are nine contracts and one account.

#include <filesystem>

#include "bus/config.hpp"
#include "tools/venue/ibkr/venue.hpp"

namespace busbar::venue::ibkr {

// Throws ConfigError. An account without `credentials` gets its consumer from `default_folder`/NAME.cred, which is made at
// the first start: lines consumer_key, access_token, access_token_secret, signature_key, encryption_key and dh_prime, mode
// 0600. The venue keeps what the broker would know of it.
Settings load_settings(ConfigTable& root, const std::filesystem::path& default_folder);

struct Listed {
  Symbol rules;
  Contract contract;
};
std::vector<Listed> default_contracts();

}  // namespace busbar::venue::ibkr
