// busbar accounts: the accounts there are, and what their brokers say of them.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/orders.hpp"
#include "tools/busbar/table.hpp"

namespace busbar::tool {

void add_accounts(const Subcommand& app, Tool& tool) {
  auto account = std::make_shared<std::string>();
  const Subcommand command = app.subcommand("accounts", "Show the accounts, and what their brokers say of them");
  command.option("--account", *account, "Only this one");
  command.run([account, &tool] {
    tool.action = [account, &tool] {
      tool.load();
      Client client{tool};
      std::vector<Name> names = tool.accounts;
      if (!account->empty()) names = {tool.account_or_only(*account)};
      Table table{{{"ACCOUNT"}, {"GATEWAY"}, {"BROKER"}, {"NUMBER THERE"}, {"ENVIRONMENT"}, {"MAY TRADE"},
                   {"MAKER", true}, {"TAKER", true}}};
      Table portfolios{{{"ACCOUNT"}, {"PORTFOLIO"}, {"NAME"}, {"KIND"}, {"ITS OWN"}, {"WORTH", true}, {"MONEY", true}, {"IN"}}};
      bool has_portfolios = false;
      Exit worst = Exit::Ok;
      for (const Name& name : names) {
        Query query;
        query.kind = QueryKind::Accounts;
        query.account = name;
        const Asked asked = ask_all(client, query);
        worst = std::max(worst, asked.exit);
        if (!asked.answer) continue;
        tell_age(*asked.answer);
        for (const AccountInfo& info : asked.answer->accounts) {
          if (tool.json) std::puts(json::serialize(with_age(to_json(info), *asked.answer)).c_str());
          table.add({std::string{view(info.account)}, std::string{view(info.gateway)}, std::string{view(info.broker)},
                     std::string{view(info.broker_account)}, std::string{name_of(info.environment)},
                     info.can_trade ? "yes" : "no", cell(info.maker_commission), cell(info.taker_commission)});
          for (const Portfolio& each : info.portfolios) {
            has_portfolios = true;
            portfolios.add({std::string{view(info.account)}, std::string{view(each.portfolio)}, std::string{view(each.text)},
                            std::string{view(each.portfolio_type)}, each.is_own ? "yes" : "", cell(each.total),
                            cell(each.cash), each.total ? std::string{view(each.asset)} : std::string{}});
          }
        }
      }
      if (tool.json) return worst;
      std::fputs(table.text().c_str(), stdout);
      if (has_portfolios) std::printf("\n%s", portfolios.text().c_str());
      return worst;
    };
  });
}

}  // namespace busbar::tool
