// busbar cancel ID...: asks for the end of orders, and tells how each ended.
#include <cstdio>
#include <thread>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/orders.hpp"

namespace busbar::tool {

namespace {

Exit cancel(Client& client, const Tool& tool, const std::string& id, bool no_wait) {
  if (id.size() > Id::static_capacity) return fail(Exit::Usage, id + " is too long for an id");
  CancelOrder request;
  request.client_order_id = draw_client_order_id();
  const auto message = ask_about(client, id, request);
  if (!message) return fail(Exit::Unknown, "no answer in time; ask again with: busbar order " + id);
  if (const auto* reject = std::get_if<Reject>(&message->body)) {
    return fail(Exit::No, refusal(reject->error, view(reject->field), view(reject->value), "", "", view(reject->text)));
  }
  const auto* first = std::get_if<ExecutionReport>(&message->body);
  if (!first) return fail(Exit::No, "the router answered with " + std::string{name_of(message->body)});
  ExecutionReport report = *first;
  if (report.exec_type == ExecType::CancelRejected) {
    return fail(Exit::No, id + ": " +
                              refusal(report.error, view(report.field), view(report.value), "",
                                      view(report.broker_code), view(report.text)));
  }
  const auto until = std::chrono::steady_clock::now() + tool.timeout;
  while (!no_wait && is_pending(report.order_status) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    const Found found = look_again(client, report.order_id);
    if (!found.order) return found.exit;
    report = *found.order;
  }
  print_orders(tool, {&report, 1});
  if (report.order_status == OrderStatus::Canceled || no_wait) return Exit::Ok;
  if (is_pending(report.order_status) || report.order_status == OrderStatus::InDoubt) return Exit::Unknown;
  return fail(Exit::No, id + " is " + std::string{name_of(report.order_status)} + ", not canceled");
}

}  // namespace

void add_cancel(const Subcommand& app, Tool& tool) {
  struct Options {
    std::vector<std::string> ids;
    bool no_wait = false;
  };
  auto options = std::make_shared<Options>();
  const Subcommand command = app.subcommand("cancel", "Cancel orders");
  command.option("ID", options->ids, "order_id, or the client_order_id of an order of this client").required();
  command.flag("--no-wait", options->no_wait, "Return before the broker answers");
  command.run([options, &tool] {
    tool.action = [options, &tool] {
      tool.load();
      Client client{tool};
      if (!client.is_reachable()) return fail(Exit::Unreachable, "no answer from the router; nothing was sent");
      Exit worst = Exit::Ok;
      for (const std::string& id : options->ids) worst = std::max(worst, cancel(client, tool, id, options->no_wait));
      return worst;
    };
  });
}

}  // namespace busbar::tool
