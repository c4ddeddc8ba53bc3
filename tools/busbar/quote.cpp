// busbar quote SYMBOL: best bid and ask, asked at the broker now.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/orders.hpp"
#include "tools/busbar/table.hpp"

namespace busbar::tool {

void add_quote(const Subcommand& app, Tool& tool) {
  struct Options {
    std::string symbol, account;
  };
  auto options = std::make_shared<Options>();
  const Subcommand command = app.subcommand("quote", "Show best bid and ask, asked at the broker now");
  command.option("SYMBOL", options->symbol, "BTC/USDT").required();
  command.option("--account", options->account, "At whose broker; needed when there are several accounts");
  command.run([options, &tool] {
    tool.action = [options, &tool] {
      Query query{.kind = QueryKind::Quote};
      query.symbol = cut<32>(options->symbol);
      const Asked asked = ask_of_account(tool, options->account, query);
      if (!asked.answer) return asked.exit;
      if (asked.answer->quotes.empty()) return fail(Exit::No, "the broker has no quote for " + options->symbol);
      Table table{{{"SYMBOL"}, {"BID QTY", true}, {"BID", true}, {"ASK", true}, {"ASK QTY", true}}};
      for (const Quote& quote : asked.answer->quotes) {
        if (tool.json) std::puts(json::serialize(to_json(quote)).c_str());
        table.add({std::string{view(quote.symbol)}, cell(quote.bid_qty), cell(quote.bid_px), cell(quote.ask_px),
                   cell(quote.ask_qty)});
      }
      if (!tool.json) std::fputs(table.text().c_str(), stdout);
      return Exit::Ok;
    };
  });
}

}  // namespace busbar::tool
