// busbar cancel-all: asks for the end of every open order of an account, and tells how each ended.
#include <algorithm>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/orders.hpp"

namespace busbar::tool {

namespace {

struct CancelAllOptions {
  std::string account, symbol, side;
};

constexpr std::size_t meant_max = 1000;  // so many the router tells of one request

// The orders that it meant. The first answer has a hundred of them; of more than that they are asked for by its name.
Asked meant_by(Client& client, const CancelAll& request, const Answer& first) {
  if (first.next_page_token.empty()) return {first, Exit::Ok};
  return ask_all(client, {.kind = QueryKind::Order, .client_order_id = request.client_order_id});
}

Exit cancel_all(const Tool& tool, const CancelAllOptions& options) {
  CancelAll request;
  request.client_order_id = draw_client_order_id();
  request.account = tool.account_or_only(options.account);
  request.symbol = cut<32>(options.symbol);
  if (!options.side.empty()) request.side = options.side == "buy" ? Side::Buy : Side::Sell;
  Client client{tool};
  if (!client.is_reachable()) return fail(Exit::Unreachable, "no answer from the router; nothing was sent");
  const auto message = client.ask(request);
  if (!message) return fail(Exit::Unknown, "no answer in time; see what is open with: busbar orders");
  if (const auto* reject = std::get_if<Reject>(&message->body)) {
    return fail(Exit::No, refusal(reject->error, view(reject->field), view(reject->value), "", "", view(reject->text)));
  }
  const auto* answer = std::get_if<Answer>(&message->body);
  if (!answer) return fail(Exit::No, "the router answered with " + std::string{name_of(message->body)});
  if (answer->error != ErrorCode::None) return fail(Exit::No, refusal(answer->error, "", "", "", "", view(answer->text)));

  Asked meant = meant_by(client, request, *answer);
  if (!meant.answer) return fail(Exit::Unknown, "they were asked for; see what is still open with: busbar orders");
  std::vector<ExecutionReport>& orders = meant.answer->orders;
  static_cast<void>(follow(client, tool, orders, is_open));
  print_orders(tool, orders);
  const auto left = std::ranges::count_if(orders, is_open, &ExecutionReport::order_status);
  if (left != 0) return fail(Exit::Unknown, std::to_string(left) + " of them are not final yet");
  if (orders.size() < meant_max) return Exit::Ok;
  return fail(Exit::Unknown, "there may be more than these; see what is still open with: busbar orders");
}

}  // namespace

void add_cancel_all(const Subcommand& app, Tool& tool) {
  auto options = std::make_shared<CancelAllOptions>();
  const Subcommand command = app.subcommand("cancel-all", "Cancel every open order of an account that Busbar knows");
  command.option("--account", options->account, "Needed when there are several");
  command.option("--symbol", options->symbol, "Only those of this symbol");
  command.option("--side", options->side, "Only buys, or only sells").one_of({"buy", "sell"});
  command.run([options, &tool] {
    tool.action = [options, &tool] {
      tool.load();
      return cancel_all(tool, *options);
    };
  });
}

}  // namespace busbar::tool
