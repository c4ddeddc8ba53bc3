// busbar fills SYMBOL: our executions as the broker lists them now.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/orders.hpp"
#include "tools/busbar/table.hpp"

namespace busbar::tool {

void add_fills(const Subcommand& app, Tool& tool) {
  struct Options {
    std::string symbol, account, since, until;
    std::uint32_t count = 0;
  };
  auto options = std::make_shared<Options>();
  const Subcommand command = app.subcommand("fills", "List our executions of the last day, as the broker has them now");
  command.option("SYMBOL", options->symbol, "BTC/USDT").required();
  command.option("--since", options->since, "2026-11-25T18:20:00Z, 2026-11-25, or an age: 90m, 6h, 2d; a day when not given");
  command.option("--until", options->until, "The same; now when not given");
  command.option("-n,--count", options->count, "Only the newest so many");
  command.option("--account", options->account, "Whose; needed when there are several accounts");
  command.run([options, &tool] {
    tool.action = [options, &tool] {
      Query query{.kind = QueryKind::VenueTrades};
      query.symbol = cut<32>(options->symbol);
      query.start_time_ns = time_in("--since", options->since.empty() ? "1d" : options->since);
      query.end_time_ns = time_in("--until", options->until);
      const Asked asked = ask_of_account(tool, options->account, query);
      if (!asked.answer) return asked.exit;
      std::span<const ExecutionReport> fills = asked.answer->orders;
      if (options->count != 0 && fills.size() > options->count) fills = fills.last(options->count);
      Table table{{{"TIME"}, {"SYMBOL"}, {"SIDE"}, {"QTY", true}, {"PRICE", true}, {"FEE", true}, {"IN"}, {"AS"}, {"TRADE"},
                   {"ORDER THERE"}}};
      for (const ExecutionReport& fill : fills) {
        if (tool.json) std::puts(json::serialize(to_json(fill)).c_str());
        table.add({time_text(fill.transact_time_ns).substr(0, 19), std::string{view(fill.symbol)},
                   std::string{name_of(fill.side)}, cell(fill.last_qty), cell(fill.last_px), cell(fill.commission),
                   std::string{view(fill.commission_asset)}, std::string{name_of(fill.liquidity)},
                   std::string{view(fill.trade_id)}, std::string{view(fill.broker_order_id)}});
      }
      if (!tool.json) std::fputs(table.text().c_str(), stdout);
      return Exit::Ok;
    };
  });
}

}  // namespace busbar::tool
