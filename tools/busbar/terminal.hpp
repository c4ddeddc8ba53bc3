#pragma once
// Secrets come by a keyboard that shows nothing, or by a pipe; never on the command line, which every process can read.

#include <string>

#include "bus/result.hpp"
#include "gateways/framework/vault/secret.hpp"

namespace busbar::tool {

bool is_typed_at();  // is our input a terminal?

// Types at the terminal, whatever our input is; twice the same where it is a new one.
Result<vault::Secret> ask(const std::string& prompt, bool is_new);
// All that is piped in.
Result<vault::Secret> read_piped(std::size_t size_max);

}  // namespace busbar::tool
