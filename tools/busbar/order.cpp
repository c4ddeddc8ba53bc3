// busbar order buy|sell QTY SYMBOL: places one order. busbar order ID: shows one.
#include <cstdio>
#include <map>
#include <thread>

#include <boost/json/serialize.hpp>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/orders.hpp"

namespace busbar::tool {

namespace {

struct OrderOptions {
  std::string quantity, symbol, account, id, limit, stop, touched, display, strategy;
  std::string time_in_force = "gtc", rounding = "refuse", self_trade;
  std::uint32_t trailing_bps = 0;
  bool cash = false, post_only = false, extended_hours = false, reduce_only = false, wait = false, no_wait = false;
};

const std::map<std::string, TimeInForce> times_in_force = {{"day", TimeInForce::Day},
                                                           {"gtc", TimeInForce::GoodTillCancel},
                                                           {"ioc", TimeInForce::ImmediateOrCancel},
                                                           {"fok", TimeInForce::FillOrKill},
                                                           {"opening", TimeInForce::AtTheOpening},
                                                           {"close", TimeInForce::AtTheClose}};
const std::map<std::string, Rounding> roundings = {
    {"refuse", Rounding::Refuse}, {"down", Rounding::Down}, {"up", Rounding::Up}, {"nearest", Rounding::Nearest}};
const std::map<std::string, SelfTradePrevention> preventions = {{"none", SelfTradePrevention::None},
                                                                {"expire-taker", SelfTradePrevention::ExpireTaker},
                                                                {"expire-maker", SelfTradePrevention::ExpireMaker},
                                                                {"expire-both", SelfTradePrevention::ExpireBoth},
                                                                {"decrement", SelfTradePrevention::Decrement}};

std::vector<std::string> words(const auto& values) {
  std::vector<std::string> words;
  for (const auto& [word, value] : values) words.push_back(word);
  return words;
}

template <std::size_t N>
Text<N> bounded(const std::string& option, const std::string& text) {
  if (text.size() > N) throw ConfigError(option + ": " + text + " is longer than " + std::to_string(N) + " characters");
  return Text<N>{text.data(), text.size()};
}

NewOrder order_from(const Tool& tool, const OrderOptions& options, Side side) {
  NewOrder order;
  order.client_order_id = options.id.empty() ? draw_client_order_id() : bounded<64>("--id", options.id);
  order.account = tool.account_or_only(options.account);
  order.symbol = bounded<32>("SYMBOL", options.symbol);
  order.side = side;
  (options.cash ? order.cash_order_qty : order.order_qty) = amount_in("QTY", options.quantity);
  order.price = amount_in("--limit", options.limit);
  order.stop_px = amount_in("--stop", options.stop);
  if (!options.touched.empty()) order.stop_px = amount_in("--touched", options.touched);
  // The type follows from the prices given, so that no combination contradicts itself.
  if (!options.touched.empty()) {
    order.order_type = order.price ? OrderType::LimitIfTouched : OrderType::MarketIfTouched;
  } else if (order.stop_px || options.trailing_bps != 0) {
    order.order_type = order.price ? OrderType::StopLimit : OrderType::Stop;
  } else {
    order.order_type = order.price ? OrderType::Limit : OrderType::Market;
  }
  order.time_in_force = times_in_force.at(options.time_in_force);
  order.rounding = roundings.at(options.rounding);
  if (!options.self_trade.empty()) order.self_trade_prevention = preventions.at(options.self_trade);
  order.trailing_delta_bps = options.trailing_bps;
  order.display_qty = amount_in("--display", options.display);
  order.post_only = options.post_only;
  order.extended_hours = options.extended_hours;
  order.reduce_only = options.reduce_only;
  order.strategy = bounded<32>("--strategy", options.strategy);
  return order;
}

Exit exit_for(const ExecutionReport& report) {
  switch (report.order_status) {
    case OrderStatus::Rejected:
    case OrderStatus::Expired:
    case OrderStatus::NeverSeen: return Exit::No;
    case OrderStatus::InDoubt: return Exit::Unknown;
    default: return Exit::Ok;
  }
}

Exit place(const Tool& tool, const OrderOptions& options, Side side) {
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
    Found found = find_order(client, std::to_string(report.order_id));
    if (!found.order) return found.exit == Exit::Ok ? Exit::Unknown : found.exit;
    const bool is_news = found.order->order_status != report.order_status || found.order->cum_qty != report.cum_qty;
    report = *found.order;
    if (tool.json && is_news) print_orders(tool, {&report, 1});
  }
  if (!tool.json) print_orders(tool, {&report, 1});
  if (report.exec_type == ExecType::Rejected || report.order_status == OrderStatus::Rejected) {
    return fail(Exit::No, refusal(report.error, view(report.field), view(report.value), view(report.nearest_legal),
                                  view(report.broker_code), view(report.text)));
  }
  return exit_for(report);
}

void add_side(const Subcommand& order, Tool& tool, Side side) {
  auto options = std::make_shared<OrderOptions>();
  const std::string name = side == Side::Buy ? "buy" : "sell";
  const Subcommand command = order.subcommand(name, side == Side::Buy ? "Place an order to buy" : "Place an order to sell");
  command.option("QTY", options->quantity, "How much, in the base currency").required();
  command.option("SYMBOL", options->symbol, "What: BTC/USDT").required();
  command.option("--limit", options->limit, "Limit price; without any price it is a market order");
  command.option("--stop", options->stop, "Stop price: a stop, or with --limit a stop-limit order");
  command.option("--touched", options->touched, "Trigger on the better side: an if-touched order")
      .excludes("--stop");
  command.option("--trailing-bps", options->trailing_bps,
                      "Trailing stop: the distance in hundredths of a percent");
  command.option("--account", options->account, "Where it trades; needed when there are several");
  command.option("--id", options->id, "client_order_id; drawn when not given. The same twice is one order");
  command.option("--tif", options->time_in_force, "day, gtc, ioc or fok; opening or close: in that auction")
      .one_of(words(times_in_force));
  command.option("--rounding", options->rounding,
                   "What to do with digits too many: refuse, down, up, nearest")
      .one_of(words(roundings));
  command.option("--self-trade", options->self_trade,
                   "none, expire-taker, expire-maker, expire-both, decrement")
      .one_of(words(preventions));
  command.option("--display", options->display, "Iceberg: the visible part");
  command.option("--strategy", options->strategy, "Whose order it is; only reported back");
  command.flag("--cash", options->cash, "QTY is money: spend or earn this much of the quote currency");
  command.flag("--post-only", options->post_only, "Refuse rather than take");
  command.flag("--extended-hours", options->extended_hours, "Work in the hours before and after the regular ones as well");
  command.flag("--reduce-only", options->reduce_only, "Only towards a smaller position");
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
