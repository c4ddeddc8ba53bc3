// busbar trades SYMBOL: what was traded last at the market, asked at the broker now.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/orders.hpp"
#include "tools/busbar/table.hpp"

namespace busbar::tool {

void add_trades(const Subcommand& app, Tool& tool) {
  struct Options {
    std::string symbol, account;
    std::uint32_t count = 0;
  };
  auto options = std::make_shared<Options>();
  const Subcommand command = app.subcommand("trades", "List the market's latest trades, asked at the broker now");
  command.option("SYMBOL", options->symbol, "BTC/USDT").required();
  command.option("-n,--count", options->count, "Only the newest so many");
  command.option("--account", options->account, "At whose broker; needed when there are several accounts");
  command.run([options, &tool] {
    tool.action = [options, &tool] {
      Query query{.kind = QueryKind::MarketTrades};
      query.symbol = cut<32>(options->symbol);
      const Asked asked = ask_of_account(tool, options->account, query);
      if (!asked.answer) return asked.exit;
      std::span<const Trade> trades = asked.answer->trades;
      if (options->count != 0 && trades.size() > options->count) trades = trades.last(options->count);
      Table table{{{"TIME"}, {"SYMBOL"}, {"QTY", true}, {"PRICE", true}, {"TAKER"}, {"TRADE"}}};
      for (const Trade& trade : trades) {
        if (tool.json) std::puts(json::serialize(to_json(trade)).c_str());
        const bool is_side_known = trade.aggressor != Side::Unset;
        table.add({time_text(trade.venue_time_ns).substr(0, 23), std::string{view(trade.symbol)}, cell(trade.qty),
                   cell(trade.price), is_side_known ? std::string{name_of(trade.aggressor)} : std::string{},
                   std::string{view(trade.trade_id)}});
      }
      if (!tool.json) std::fputs(table.text().c_str(), stdout);
      return Exit::Ok;
    };
  });
}

}  // namespace busbar::tool
