// busbar orders: what the router knows about orders, or what the broker lists as open.
#include "tools/busbar/orders.hpp"

#include <algorithm>
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/table.hpp"

namespace busbar::tool {

std::string cell(const std::optional<Decimal>& value) { return value ? to_string(*value) : ""; }

void tell_age(const Answer& answer) {
  if (answer.text.empty()) return;
  const std::string text{view(answer.text)};
  std::fprintf(stderr, "busbar: as of %s: %s\n", time_text(answer.as_of_ns).substr(0, 19).c_str(), text.c_str());
}

bool is_pending(OrderStatus status) {
  return status == OrderStatus::PendingNew || status == OrderStatus::PendingCancel ||
         status == OrderStatus::PendingReplace;
}

bool is_final(OrderStatus status) {
  switch (status) {
    case OrderStatus::Filled:
    case OrderStatus::Canceled:
    case OrderStatus::Rejected:
    case OrderStatus::Expired:
    case OrderStatus::Replaced:
    case OrderStatus::NeverSeen: return true;
    default: return false;
  }
}

void print_orders(const Tool& tool, std::span<const ExecutionReport> orders) {
  if (tool.json) {
    for (const ExecutionReport& order : orders) std::puts(json::serialize(to_json(order)).c_str());
    return;
  }
  Table table{{{"ORDER", true},
               {"CLIENT ID"},
               {"ACCOUNT"},
               {"SYMBOL"},
               {"SIDE"},
               {"TYPE"},
               {"QTY", true},
               {"PRICE", true},
               {"STATUS"},
               {"DONE", true},
               {"LEFT", true},
               {"AVG PX", true}}};
  for (const ExecutionReport& order : orders) {
    const bool is_cancel = !order.orig_client_order_id.empty();
    table.add({order.order_id == 0 ? "" : std::to_string(order.order_id),
               std::string{view(is_cancel ? order.orig_client_order_id : order.client_order_id)},
               std::string{view(order.account)}, std::string{view(order.symbol)}, std::string{name_of(order.side)},
               order.order_type == OrderType::Unset ? "" : std::string{name_of(order.order_type)},
               order.order_qty ? to_string(*order.order_qty)
                               : cell(order.cash_order_qty) + (order.cash_order_qty ? " cash" : ""),
               cell(order.price ? order.price : order.stop_px), std::string{name_of(order.order_status)},
               cell(order.cum_qty), cell(order.leaves_qty), cell(order.avg_px)});
  }
  std::fputs(table.text().c_str(), stdout);
}

void add_orders(const Subcommand& app, Tool& tool) {
  struct Options {
    std::string account, symbol;
    bool all = false, venue = false;
  };
  auto options = std::make_shared<Options>();
  const Subcommand command = app.subcommand("orders", "List open orders");
  command.option("--account", options->account, "Only those of this account");
  command.option("--symbol", options->symbol, "Only those of this symbol");
  command.flag("--all", options->all, "Closed ones too, as long as they are remembered");
  command.flag("--venue", options->venue, "As the broker lists them now, instead of as the router knows them");
  command.run([options, &tool] {
    tool.action = [options, &tool] {
      tool.load();
      Client client{tool};
      Query query;
      query.kind = options->venue ? QueryKind::VenueOrders : QueryKind::Orders;
      if (options->venue || !options->account.empty()) query.account = tool.account_or_only(options->account);
      query.symbol = cut<32>(options->symbol);
      query.include_closed = options->all;
      const Asked asked = ask_all(client, query);
      if (!asked.answer) return asked.exit;
      // That nothing is open is the wrong answer to a slip. What is remembered of an account that was taken out is shown.
      const bool is_ours = options->account.empty() || std::ranges::count(tool.accounts, query.account) > 0;
      if (asked.answer->orders.empty() && !is_ours) {
        return fail(Exit::No, tool.config_file + " has no account " + options->account);
      }
      print_orders(tool, asked.answer->orders);
      return Exit::Ok;
    };
  });
}

}  // namespace busbar::tool
