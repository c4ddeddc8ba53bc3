#include "tools/busbar/order_options.hpp"

#include <map>
#include <vector>

namespace busbar::tool {

namespace {

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

}  // namespace

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

void add_order_options(const Subcommand& command, const std::shared_ptr<OrderOptions>& options) {
  command.option("QTY", options->quantity, "How much, in the base currency").required();
  command.option("SYMBOL", options->symbol, "What: BTC/USDT").required();
  command.option("--limit", options->limit, "Limit price; without any price it is a market order");
  command.option("--stop", options->stop, "Stop price: a stop, or with --limit a stop-limit order");
  command.option("--touched", options->touched, "Trigger on the better side: an if-touched order")
      .excludes("--stop");
  command.option("--trailing-bps", options->trailing_bps,
                      "Trailing stop: the distance in hundredths of a percent")
      .within(1, 10'000);  // 0 would be no stop at all, but an order at the market
  command.option("--account", options->account, "Where it trades; needed when there are several");
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
}

}  // namespace busbar::tool
