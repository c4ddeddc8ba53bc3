// busbar preview buy|sell QTY SYMBOL: what would come of an order, asked at the broker now. Nothing is placed.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/order_options.hpp"
#include "tools/busbar/orders.hpp"
#include "tools/busbar/table.hpp"

namespace busbar::tool {

namespace {

void print(const Tool& tool, const Preview& preview) {
  if (tool.json) {
    std::puts(json::serialize(to_json(preview)).c_str());
    return;
  }
  Table table{{{"SYMBOL"}, {"SIDE"}, {"QTY", true}, {"WORTH", true}, {"PRICE", true}, {"BID", true}, {"ASK", true},
               {"FEE", true}, {"IN"}, {"TOTAL", true}, {"MARGIN", true}}};
  table.add({std::string{view(preview.symbol)}, std::string{name_of(preview.side)}, cell(preview.order_qty),
             cell(preview.cash_order_qty), cell(preview.avg_px), cell(preview.bid_px), cell(preview.ask_px),
             cell(preview.commission), preview.commission ? std::string{view(preview.commission_asset)} : std::string{},
             cell(preview.order_total), cell(preview.initial_margin)});
  std::fputs(table.text().c_str(), stdout);
  if (preview.is_accepted) std::puts("the broker would take it");
  if (!preview.text.empty()) std::printf("it warns of: %s\n", std::string{view(preview.text)}.c_str());
}

Exit preview(const Tool& tool, const OrderOptions& options, Side side) {
  Client client{tool};
  Query query;
  query.kind = QueryKind::Preview;
  query.order = order_from(tool, options, side);
  query.account = query.order->account;
  query.symbol = query.order->symbol;
  const Asked asked = ask_all(client, query);
  if (!asked.answer) return asked.exit;
  Exit exit = Exit::Ok;
  for (const Preview& each : asked.answer->previews) {
    print(tool, each);
    if (!each.is_accepted) exit = fail(Exit::No, refusal(each.error, "", "", "", "", view(each.reason)));
  }
  return exit;
}

void add_previewed(const Subcommand& app, Tool& tool, Side side) {
  auto options = std::make_shared<OrderOptions>();
  const Subcommand command = app.subcommand(side == Side::Buy ? "buy" : "sell", side == Side::Buy ? "An order to buy" : "An order to sell");
  add_order_options(command, options);
  command.run([options, &tool, side] {
    tool.action = [options, &tool, side] {
      tool.load();
      return preview(tool, *options, side);
    };
  });
}

}  // namespace

void add_preview(const Subcommand& app, Tool& tool) {
  const Subcommand command = app.subcommand("preview", "Ask the broker what would come of an order, and place nothing");
  add_previewed(command, tool, Side::Buy);
  add_previewed(command, tool, Side::Sell);
  command.require_subcommands(1, 1);
}

}  // namespace busbar::tool
