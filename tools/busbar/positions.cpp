// busbar positions: what an account is long or short of, asked at the broker now.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/orders.hpp"
#include "tools/busbar/table.hpp"

namespace busbar::tool {

void add_positions(const Subcommand& app, Tool& tool) {
  auto account = std::make_shared<std::string>();
  const Subcommand command =
      app.subcommand("positions", "Show what an account is long or short of (spot accounts have balances instead)");
  command.option("--account", *account, "Needed when there are several");
  command.run([account, &tool] {
    tool.action = [account, &tool] {
      Query query{.kind = QueryKind::Positions};
      const Asked asked = ask_of_account(tool, *account, query);
      if (!asked.answer) return asked.exit;
      tell_age(*asked.answer);
      Table table{{{"ACCOUNT"}, {"SYMBOL"}, {"QTY", true}, {"AVG PX", true}}};
      for (const Position& position : asked.answer->positions) {
        if (tool.json) {
          json::object line = with_age(to_json(position), *asked.answer);
          line["account"] = view(query.account);
          std::puts(json::serialize(line).c_str());
        }
        table.add({std::string{view(query.account)}, std::string{view(position.symbol)}, cell(position.qty),
                   cell(position.avg_px)});
      }
      if (!tool.json) std::fputs(table.text().c_str(), stdout);
      return Exit::Ok;
    };
  });
}

}  // namespace busbar::tool
