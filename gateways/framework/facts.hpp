#pragma once
// Facts that the framework makes itself, and what it asks of those that adapters bring.

#include <string_view>

#include "gateways/framework/adapter.hpp"

namespace busbar::gateway {

enum class CommandKind { Place, Cancel, Replace, Ask };

// About the order of a command, in answer to it.
VenueReport make_fact(const Command& command, VenueEvent event, ErrorCode error = ErrorCode::None,
                      std::string_view text = {});

// What never left, and why.
Facts not_sent(const Command& command, const Error& error);

// Completes what an adapter answered to a command: its id, account, symbol and order where they were left out; and no
// facts, or none that closes the command, are an answer that did not come: Unknown.
void complete(Facts& facts, const Command& command);

bool is_final(OrderStatus status);  // no broker goes on working it
bool is_unknown(const Facts& facts);
bool has(const Facts& facts, VenueEvent event);

}  // namespace busbar::gateway
