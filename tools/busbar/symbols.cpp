// busbar symbols: what may be traded, and the rules an order is held to.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/orders.hpp"
#include "tools/busbar/table.hpp"

namespace busbar::tool {

void add_symbols(const Subcommand& app, Tool& tool) {
  struct Options {
    std::string account;
    std::vector<std::string> symbols;
  };
  auto options = std::make_shared<Options>();
  const Subcommand command = app.subcommand("symbols", "List what may be traded, and the rules an order is held to");
  command.option("SYMBOL", options->symbols, "Only these");
  command.option("--account", options->account, "At whose broker; needed when there are several accounts");
  command.run([options, &tool] {
    tool.action = [options, &tool] {
      Query query{.kind = QueryKind::Instruments};
      const Asked asked = ask_of_account(tool, options->account, query);
      if (!asked.answer) return asked.exit;
      std::size_t shown = 0;
      Table table{{{"SYMBOL"},
                   {"BROKER'S"},
                   {"STATUS"},
                   {"TICK", true},
                   {"LOT", true},
                   {"MIN QTY", true},
                   {"MAX QTY", true},
                   {"MIN NOTIONAL", true}}};
      for (const Instrument& instrument : asked.answer->instruments) {
        const auto& wanted = options->symbols;
        if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), view(instrument.symbol)) == wanted.end())
          continue;
        ++shown;
        if (tool.json) std::puts(json::serialize(with_age(to_json(instrument), *asked.answer)).c_str());
        table.add({std::string{view(instrument.symbol)}, std::string{view(instrument.broker_symbol)},
                   std::string{name_of(instrument.status)}, cell(instrument.tick_size), cell(instrument.lot_size),
                   cell(instrument.min_qty), cell(instrument.max_qty), cell(instrument.min_notional)});
      }
      if (!tool.json) std::fputs(table.text().c_str(), stdout);
      if (!tool.json && shown > 0) std::printf("as the broker listed them at %s\n", time_text(asked.answer->as_of_ns).substr(0, 19).c_str());
      return shown > 0 ? Exit::Ok : fail(Exit::No, "no such symbol is known; has the gateway connected?");
    };
  });
}

}  // namespace busbar::tool
