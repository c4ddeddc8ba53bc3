#pragma once
// Files whose content is nobody else's business.

#include <filesystem>

#include "bus/result.hpp"
#include "gateways/framework/vault/secret.hpp"

namespace busbar::vault {

enum class Owner { UsOrRoot, Us };

// Regular files with mode 0400 or 0600, or 0400 alone where it is ours alone to have; in the folder of systemd's credentials
// also 0440, which is how they come. A refusal begins with the path.
Result<Secret> read_private_file(const std::filesystem::path& path, std::size_t size_max, Owner owner);

// systemd's folder of this service's credentials; empty when there is none.
std::filesystem::path credentials_directory();

}  // namespace busbar::vault
