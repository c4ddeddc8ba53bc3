#pragma once
// What answers of REST and frames of the WebSocket have in common.

#include "gateways/ibkr/decode.hpp"
#include "gateways/ibkr/read.hpp"

namespace busbar::ibkr {

Order read_order(Reader& reader);
Execution read_execution(Reader& reader);
SessionStatus read_session_status(Reader& reader);
Accounts read_accounts(Reader& reader);

}  // namespace busbar::ibkr
