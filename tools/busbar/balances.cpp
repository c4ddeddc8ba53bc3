// busbar balances: what an account holds, asked at the broker now.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/orders.hpp"
#include "tools/busbar/table.hpp"

namespace busbar::tool {

void add_balances(const Subcommand& app, Tool& tool) {
  auto account = std::make_shared<std::string>();
  const Subcommand command = app.subcommand("balances", "Show what an account holds, asked at the broker now");
  command.option("--account", *account, "Needed when there are several");
  command.run([account, &tool] {
    tool.action = [account, &tool] {
      Query query{.kind = QueryKind::Balances};
      const Asked asked = ask_of_account(tool, *account, query);
      if (!asked.answer) return asked.exit;
      tell_age(*asked.answer);
      Table table{{{"ACCOUNT"}, {"ASSET"}, {"FREE", true}, {"LOCKED", true}}};
      for (const Balance& balance : asked.answer->balances) {
        if (tool.json) {
          json::object line = with_age(to_json(balance), *asked.answer);
          line["account"] = view(query.account);
          std::puts(json::serialize(line).c_str());
        }
        table.add({std::string{view(query.account)}, std::string{view(balance.asset)}, cell(balance.free),
                   cell(balance.locked)});
      }
      if (!tool.json) std::fputs(table.text().c_str(), stdout);
      return Exit::Ok;
    };
  });
}

}  // namespace busbar::tool
