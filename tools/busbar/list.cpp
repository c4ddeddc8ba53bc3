// busbar list oco|oto|bracket buy|sell QTY SYMBOL: places orders that the broker ties to each other. busbar cancel-list ID.
#include <algorithm>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/orders.hpp"

namespace busbar::tool {

namespace {

struct ListOptions {
  std::string type, side, quantity, symbol, account, id, limit, profit, stop, stop_limit, time_in_force = "gtc";
  bool no_wait = false;
};

constexpr std::size_t suffix_max = 7;  // "-profit"

// The orders of a list are named after it.
NewOrder leg(const Tool& tool, const ListOptions& options, const Id& list_id, std::string_view what, Side side) {
  NewOrder order;
  const std::string id = std::string{view(list_id)}.append("-").append(what);
  order.client_order_id = Id{id.data(), id.size()};
  order.account = tool.account_or_only(options.account);
  order.symbol = cut<32>(options.symbol);
  order.side = side;
  order.order_qty = amount_in("QTY", options.quantity);
  order.time_in_force = options.time_in_force == "day" ? TimeInForce::Day : TimeInForce::GoodTillCancel;
  return order;
}

NewOrder limit_at(NewOrder order, std::string_view option, const std::string& price) {
  order.order_type = OrderType::Limit;
  order.price = amount_in(option, price);
  return order;
}

NewOrder stop_at(NewOrder order, const ListOptions& options) {
  order.order_type = options.stop_limit.empty() ? OrderType::Stop : OrderType::StopLimit;
  order.stop_px = amount_in("--stop", options.stop);
  order.price = amount_in("--stop-limit", options.stop_limit);
  return order;
}

// Which prices a type needs, said before anything is sent.
void check_prices(const ListOptions& options) {
  const auto refuse = [&](const std::string& text) { throw ConfigError{options.type + ": " + text}; };
  const bool has_first = options.type != "oco";
  if (!has_first && !options.limit.empty()) refuse("--limit is the price of an order that comes first; here is none");
  if (has_first && options.limit.empty()) refuse("--limit, the price of the order that comes first, is missing");
  const bool has_both = !options.profit.empty() && !options.stop.empty();
  if (options.type != "oto" && !has_both) refuse("--profit and --stop are both needed");
  if (options.type == "oto" && (has_both || (options.profit.empty() && options.stop.empty()))) {
    refuse("either --profit or --stop is needed; a bracket has both");
  }
}

NewOrderList list_from(const Tool& tool, const ListOptions& options) {
  check_prices(options);
  if (options.id.size() > Id::static_capacity - suffix_max) throw ConfigError{"--id: 1 to 57 characters"};
  NewOrderList list;
  list.list_id = options.id.empty() ? draw_client_order_id() : Id{options.id.data(), options.id.size()};
  list.list_type = options.type == "oco"   ? OrderListType::OneCancelsOther
                   : options.type == "oto" ? OrderListType::OneTriggersOther
                                           : OrderListType::OneTriggersOneCancelsOther;
  const Side side = options.side == "buy" ? Side::Buy : Side::Sell;
  const Side other = side == Side::Buy ? Side::Sell : Side::Buy;
  const Side exit = options.type == "oco" ? side : other;  // what comes first is undone by what it triggers
  const auto leg_of = [&](std::string_view what, Side way) { return leg(tool, options, list.list_id, what, way); };
  if (!options.limit.empty()) list.orders.push_back(limit_at(leg_of("entry", side), "--limit", options.limit));
  if (!options.profit.empty()) list.orders.push_back(limit_at(leg_of("profit", exit), "--profit", options.profit));
  if (!options.stop.empty()) list.orders.push_back(stop_at(leg_of("stop", exit), options));
  return list;
}

// The first report on a request, or why there is none.
struct Told {
  std::optional<ExecutionReport> report;
  Exit exit = Exit::Ok;
};
Told ask_for_report(Client& client, const Body& request, const std::string& how_to_ask_again) {
  const auto message = client.ask(request);
  if (!message) return {{}, fail(Exit::Unknown, "no answer in time; ask again with: " + how_to_ask_again)};
  if (const auto* reject = std::get_if<Reject>(&message->body)) {
    return {{}, fail(Exit::No, refusal(reject->error, view(reject->field), view(reject->value), "", "",
                                       view(reject->text)))};
  }
  const auto* report = std::get_if<ExecutionReport>(&message->body);
  if (!report) return {{}, fail(Exit::No, "the router answered with " + std::string{name_of(message->body)})};
  return {*report, Exit::Ok};
}

Exit refused(const ExecutionReport& report) {
  return fail(Exit::No, refusal(report.error, view(report.field), view(report.value), view(report.nearest_legal),
                                view(report.broker_code), view(report.text)));
}

Exit place(const Tool& tool, const ListOptions& options) {
  const NewOrderList list = list_from(tool, options);
  Client client{tool};
  if (!client.is_reachable()) return fail(Exit::Unreachable, "no answer from the router; nothing was sent");
  const std::string first{view(list.orders.front().client_order_id)};
  const Told told = ask_for_report(client, list, "busbar order " + first);
  if (!told.report) return told.exit;
  if (told.report->exec_type == ExecType::Rejected) return refused(*told.report);
  std::vector<ExecutionReport> orders;
  for (const NewOrder& order : list.orders) {
    const Found found = find_order(client, std::string{view(order.client_order_id)});
    if (!found.order) return Exit::Unknown;
    orders.push_back(*found.order);
  }
  const Exit exit = options.no_wait ? Exit::Ok : follow(client, tool, orders, is_pending);
  print_orders(tool, orders);
  for (const ExecutionReport& order : orders) {
    if (order.order_status == OrderStatus::Rejected) return refused(order);
    if (order.order_status == OrderStatus::InDoubt) return Exit::Unknown;
  }
  return exit;
}

Exit cancel(const Tool& tool, const std::string& id) {
  if (id.size() > Id::static_capacity) return fail(Exit::Usage, id + " is too long for an id");
  Client client{tool};
  if (!client.is_reachable()) return fail(Exit::Unreachable, "no answer from the router; nothing was sent");
  Query query;
  query.kind = QueryKind::Orders;
  Asked open = ask_all(client, query);
  if (!open.answer) return open.exit;
  const CancelOrderList request{draw_client_order_id(), Id{id.data(), id.size()}};
  const Told told = ask_for_report(client, request, "busbar orders");
  if (!told.report) return told.exit;
  if (told.report->exec_type == ExecType::CancelRejected) return refused(*told.report);
  std::vector<ExecutionReport>& orders = open.answer->orders;
  std::erase_if(orders, [&](const ExecutionReport& order) { return order.list_id != request.list_id; });
  const Exit exit = follow(client, tool, orders, is_open);
  print_orders(tool, orders);
  return exit == Exit::Unknown ? fail(exit, "not all of them are final yet") : exit;
}

}  // namespace

void add_list(const Subcommand& app, Tool& tool) {
  auto options = std::make_shared<ListOptions>();
  const Subcommand command = app.subcommand("list", "Place orders that the broker ties to each other");
  command.option("TYPE", options->type,
                 "oco: one cancels the other; oto: one triggers the other; bracket: one triggers two that cancel each other")
      .required()
      .one_of({"oco", "oto", "bracket"});
  command.option("SIDE", options->side,
                 "buy or sell: of both orders of an oco, or of the order that comes first; what it triggers trades the other way")
      .required()
      .one_of({"buy", "sell"});
  command.option("QTY", options->quantity, "How much, in the base currency").required();
  command.option("SYMBOL", options->symbol, "What: BTC/USDT").required();
  command.option("--limit", options->limit, "Limit price of the order that comes first");
  command.option("--profit", options->profit, "Limit price of the order that takes the profit");
  command.option("--stop", options->stop, "Stop price of the order that stops the loss");
  command.option("--stop-limit", options->stop_limit, "Its limit price; without one it is a market order then");
  command.option("--account", options->account, "Where they trade; needed when there are several");
  command.option("--id", options->id, "The list's name, drawn when not given: its orders are ID-entry, ID-profit and ID-stop");
  command.option("--tif", options->time_in_force, "day or gtc").one_of({"day", "gtc"});
  command.flag("--no-wait", options->no_wait, "Return before the broker answers");
  command.run([options, &tool] {
    tool.action = [options, &tool] {
      tool.load();
      return place(tool, *options);
    };
  });
}

void add_cancel_list(const Subcommand& app, Tool& tool) {
  auto id = std::make_shared<std::string>();
  const Subcommand command = app.subcommand("cancel-list", "Cancel what is open of an order list");
  command.option("ID", *id, "The list's name, as this client gave it").required();
  command.run([id, &tool] {
    tool.action = [id, &tool] {
      tool.load();
      return cancel(tool, *id);
    };
  });
}

}  // namespace busbar::tool
