// busbar order buy|sell QTY SYMBOL: places one order. busbar order ID: shows one.
#include <cstdio>
#include <thread>

#include <boost/json/serialize.hpp>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/order_options.hpp"
#include "tools/busbar/orders.hpp"

namespace busbar::tool {

namespace {

struct PlaceOptions : OrderOptions {
  bool wait = false, no_wait = false;
};

Exit exit_for(const ExecutionReport& report) {
  switch (report.order_status) {
    case OrderStatus::Rejected:
    case OrderStatus::Expired:
    case OrderStatus::NeverSeen: return Exit::No;
    case OrderStatus::InDoubt: return Exit::Unknown;
    default: return Exit::Ok;
  }
}

Exit place(const Tool& tool, const PlaceOptions& options, Side side) {
  const NewOrder order = order_from(tool, options, side);
  Client client{tool};
  if (!client.is_reachable()) return fail(Exit::Unreachable, "no answer from the router; nothing was sent");
  const auto message = client.ask(order);
  if (!message) {
    return fail(Exit::Unknown,
                "no answer in time; ask again with: busbar order " + std::string{view(order.client_order_id)});
  }
  if (const auto* reject = std::get_if<Reject>(&message->body)) {
    return fail(Exit::No, refusal(reject->error, view(reject->field), view(reject->value), "", "", view(reject->text)));
  }
  const auto* first = std::get_if<ExecutionReport>(&message->body);
  if (!first) return fail(Exit::No, "the router answered with " + std::string{name_of(message->body)});
  ExecutionReport report = *first;

  // One line for each status seen; a table at the end.
  if (tool.json) print_orders(tool, {&report, 1});
  // CONFLICT answers name another order: that one is not followed.
  const auto until = std::chrono::steady_clock::now() + tool.timeout;
  while (report.exec_type != ExecType::Rejected && !options.no_wait &&
         (options.wait ? !is_final(report.order_status) : is_pending(report.order_status))) {
    if (!options.wait && std::chrono::steady_clock::now() > until) break;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    const Found found = look_again(client, report.order_id);
    if (!found.order) return found.exit;
    const bool is_news = found.order->order_status != report.order_status || found.order->cum_qty != report.cum_qty;
    report = *found.order;
    if (tool.json && is_news) print_orders(tool, {&report, 1});
  }
  if (!tool.json) print_orders(tool, {&report, 1});
  if (report.exec_type == ExecType::Rejected || report.order_status == OrderStatus::Rejected) {
    return fail(Exit::No, refusal(report.error, view(report.field), view(report.value), view(report.nearest_legal),
                                  view(report.broker_code), view(report.text)));
  }
  const Exit exit = exit_for(report);
  if (exit != Exit::No) return exit;
  // Part of it may be done all the same: whoever places it again has to know.
  const std::string done = report.cum_qty ? to_string(*report.cum_qty) : "0";
  return fail(exit, std::string{view(order.client_order_id)} + " is " + std::string{name_of(report.order_status)} + ", and " +
                        done + " of it done");
}

void add_side(const Subcommand& order, Tool& tool, Side side) {
  auto options = std::make_shared<PlaceOptions>();
  const std::string name = side == Side::Buy ? "buy" : "sell";
  const Subcommand command = order.subcommand(name, side == Side::Buy ? "Place an order to buy" : "Place an order to sell");
  add_order_options(command, options);
  command.option("--id", options->id, "client_order_id; drawn when not given. The same twice is one order");
  command.flag("--wait", options->wait, "Follow the order until it is final");
  command.flag("--no-wait", options->no_wait, "Return with the first durable report, before the broker answers")
      .excludes("--wait");
  command.run([options, &tool, side] {
    tool.action = [options, &tool, side] {
      tool.load();
      return place(tool, *options, side);
    };
  });
}

}  // namespace

void add_order(const Subcommand& app, Tool& tool) {
  const Subcommand command = app.subcommand("order", "Place an order: order buy|sell QTY SYMBOL. Show one: order ID");
  auto id = std::make_shared<std::string>();
  command.option("ID", *id, "order_id, or the client_order_id of an order of this client");
  add_side(command, tool, Side::Buy);
  add_side(command, tool, Side::Sell);
  command.require_subcommands(0, 1);
  command.run([command, id, &tool] {
    if (command.has_named_subcommand()) return;
    if (id->empty()) throw ConfigError("order: say buy, sell, or the id of an order");
    tool.action = [id, &tool] {
      tool.load();
      Client client{tool};
      const Found found = find_order(client, *id);
      if (found.order) {
        print_orders(tool, {&*found.order, 1});
        return Exit::Ok;
      }
      return found.exit == Exit::No ? fail(Exit::No, "no order " + *id + " is known to the router") : found.exit;
    };
  });
}

}  // namespace busbar::tool
