#pragma once
// An order on the command line: what is placed and what is only asked about are said alike.

#include <memory>
#include <string>

#include "tools/busbar/tool.hpp"

namespace busbar::tool {

struct OrderOptions {
  std::string quantity, symbol, account, id, limit, stop, touched, display, strategy;
  std::string time_in_force = "gtc", rounding = "refuse", self_trade;
  std::uint32_t trailing_bps = 0;
  bool cash = false, post_only = false, extended_hours = false, reduce_only = false;
};

// They live as long as the command line.
void add_order_options(const Subcommand& command, const std::shared_ptr<OrderOptions>& options);
// Throws ConfigError naming the option.
NewOrder order_from(const Tool& tool, const OrderOptions& options, Side side);

}  // namespace busbar::tool
