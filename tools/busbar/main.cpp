// busbar: the command line. Each subcommand lives in the file of its name.
#include <cstdio>
#include <cstdlib>

#include "tools/busbar/tool.hpp"

int main(int argc, char** argv) {
  using namespace busbar;
  using namespace busbar::tool;
  Tool tool;
  std::string client{view(tool.client)};
  double timeout = 5;
  CommandLine app{"busbar", "Orders, quotes, accounts and the journal of Busbar"};
  app.footer(
      "Exit codes: 0 done or yes; 1 refused, not found or no; 2 the command line or the configuration is wrong;\n"
      "3 nobody answered and nothing was sent; 4 it was sent and the outcome is not known yet.");
  add_config_option(app, tool.config_file).from_environment("BUSBAR_CONFIG");
  app.option("--client", client, "Who is asking: a client named in the configuration").from_environment("BUSBAR_CLIENT");
  app.option("--endpoint", tool.endpoint, "Endpoint for orders, instead of bus.orders of the configuration");
  app.option("--timeout", timeout, "Seconds to wait for an answer");
  app.flag("--json", tool.json, "One JSON value per line, for programs");
  app.require_subcommands(1, 1);
  app.fallthrough();  // --json may stand at the end, where people put it
  add_order(app, tool);
  add_preview(app, tool);
  add_replace(app, tool);
  add_cancel(app, tool);
  add_cancel_all(app, tool);
  add_list(app, tool);
  add_cancel_list(app, tool);
  add_orders(app, tool);
  add_fills(app, tool);
  add_quote(app, tool);
  add_quotes(app, tool);
  add_book(app, tool);
  add_ticker(app, tool);
  add_history(app, tool);
  add_trades(app, tool);
  add_accounts(app, tool);
  add_balances(app, tool);
  add_positions(app, tool);
  add_symbols(app, tool);
  add_status(app, tool);
  add_journal(app, tool);
  add_vault(app, tool);
  add_login(app, tool);
  const Subcommand completion = app.subcommand("completion", "Print what makes a shell complete commands and options");
  std::string shell;
  completion.option("SHELL", shell, "bash: eval \"$(busbar completion bash)\"").required().one_of({"bash"});
  completion.run([&] {
    tool.action = [&] {
      std::fputs(app.bash_completion().c_str(), stdout);
      return Exit::Ok;
    };
  });
  try {
    if (const auto exit = app.parse(argc, argv, static_cast<int>(Exit::Usage))) return *exit;
    if (client.empty() || client.size() > Name::static_capacity) throw ConfigError("--client: 1 to 32 characters");
    tool.client = Name{client.data(), client.size()};
    if (!(timeout >= 0 && timeout <= 86'400)) throw ConfigError("--timeout: 0 to 86400 seconds");  // nor is it nan
    tool.timeout = std::chrono::milliseconds{static_cast<std::int64_t>(timeout * 1000)};
    return static_cast<int>(tool.action());
  } catch (const ConfigError& error) {
    return static_cast<int>(fail(Exit::Usage, error.what()));
  } catch (const std::exception& error) {
    return static_cast<int>(fail(Exit::Unreachable, error.what()));
  }
}
