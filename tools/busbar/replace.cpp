// busbar replace ID: changes quantity or price of a working order, and tells what became of it.
#include <cstdio>
#include <thread>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/orders.hpp"

namespace busbar::tool {

namespace {

struct ReplaceOptions {
  std::string id, new_id, quantity, limit, stop, rounding;
};

Exit replace(const Tool& tool, const ReplaceOptions& options) {
  ReplaceOrder request;
  request.client_order_id = options.new_id.empty() ? draw_client_order_id() : cut<64>(options.new_id);
  request.order_qty = amount_in("--qty", options.quantity);
  request.price = amount_in("--limit", options.limit);
  request.stop_px = amount_in("--stop", options.stop);
  if (!request.order_qty && !request.price && !request.stop_px) {
    throw ConfigError("replace: say what shall change: --qty, --limit or --stop");
  }
  if (options.rounding == "down") request.rounding = Rounding::Down;
  if (options.rounding == "up") request.rounding = Rounding::Up;
  if (options.rounding == "nearest") request.rounding = Rounding::Nearest;
  Client client{tool};
  if (!client.is_reachable()) return fail(Exit::Unreachable, "no answer from the router; nothing was sent");
  if (options.id.size() > Id::static_capacity) return fail(Exit::Usage, options.id + " is too long for an id");
  const auto message = ask_about(client, options.id, request);
  if (!message) return fail(Exit::Unknown, "no answer in time; ask again with: busbar order " + options.id);
  if (const auto* reject = std::get_if<Reject>(&message->body)) {
    return fail(Exit::No, refusal(reject->error, view(reject->field), view(reject->value), "", "", view(reject->text)));
  }
  const auto* first = std::get_if<ExecutionReport>(&message->body);
  if (!first) return fail(Exit::No, "the router answered with " + std::string{name_of(message->body)});
  ExecutionReport report = *first;
  const auto refuse = [&] {
    return fail(Exit::No, options.id + ": " + refusal(report.error, view(report.field), view(report.value),
                                                      view(report.nearest_legal), view(report.broker_code),
                                                      view(report.text)));
  };
  if (report.exec_type == ExecType::ReplaceRejected) return refuse();
  const auto until = std::chrono::steady_clock::now() + tool.timeout;
  while (is_pending(report.order_status) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    const Found found = look_again(client, report.order_id);
    if (!found.order) return found.exit;
    report = *found.order;
  }
  print_orders(tool, {&report, 1});
  if (is_pending(report.order_status) || report.order_status == OrderStatus::InDoubt) return Exit::Unknown;
  // The order bears the new name once it has been replaced.
  if (report.client_order_id == request.client_order_id) return Exit::Ok;
  return report.error != ErrorCode::None ? refuse() : fail(Exit::No, options.id + " was not replaced");
}

}  // namespace

void add_replace(const Subcommand& app, Tool& tool) {
  auto options = std::make_shared<ReplaceOptions>();
  const Subcommand command = app.subcommand("replace", "Change quantity or price of a working order");
  command.option("ID", options->id, "order_id, or the client_order_id of an order of this client").required();
  command.option("--qty", options->quantity, "The whole quantity it shall have, what is filled included");
  command.option("--limit", options->limit, "The new limit price");
  command.option("--stop", options->stop, "The new stop price");
  command.option("--id", options->new_id, "The order's new client_order_id; drawn when not given");
  command.option("--rounding", options->rounding, "What to do with digits too many: refuse, down, up, nearest")
      .one_of({"refuse", "down", "up", "nearest"});
  command.run([options, &tool] {
    tool.action = [options, &tool] {
      tool.load();
      return replace(tool, *options);
    };
  });
}

}  // namespace busbar::tool
