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
  CLI::App app{"Orders, quotes, accounts and the journal of Busbar", "busbar"};
  app.footer(
      "Exit codes: 0 done or yes; 1 refused, not found or no; 2 the command line or the configuration is wrong;\n"
      "3 nobody answered and nothing was sent; 4 it was sent and the outcome is not known yet.");
  app.set_version_flag("--version", BUSBAR_VERSION);
  app.add_option("--config", tool.config_file, "Configuration file")->envname("BUSBAR_CONFIG")->capture_default_str();
  app.add_option("--client", client, "Who is asking: a client named in the configuration")
      ->envname("BUSBAR_CLIENT")
      ->capture_default_str();
  app.add_option("--endpoint", tool.endpoint, "Endpoint for orders, instead of bus.orders of the configuration");
  app.add_option("--timeout", timeout, "Seconds to wait for an answer")->capture_default_str();
  app.add_flag("--json", tool.json, "One JSON value per line, for programs");
  app.require_subcommand(1);
  app.fallthrough();  // --json may stand at the end, where people put it
  add_order(app, tool);
  add_cancel(app, tool);
  add_orders(app, tool);
  add_quote(app, tool);
  add_quotes(app, tool);
  add_balances(app, tool);
  add_symbols(app, tool);
  add_status(app, tool);
  add_journal(app, tool);
  try {
    app.parse(argc, argv);
    if (client.empty() || client.size() > Name::static_capacity) throw ConfigError("--client: 1 to 32 characters");
    tool.client = Name{client.data(), client.size()};
    tool.timeout = std::chrono::milliseconds{static_cast<std::int64_t>(timeout * 1000)};
    return static_cast<int>(tool.action());
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : static_cast<int>(Exit::Usage);
  } catch (const ConfigError& error) {
    return static_cast<int>(fail(Exit::Usage, error.what()));
  } catch (const std::exception& error) {
    return static_cast<int>(fail(Exit::Unreachable, error.what()));
  }
}
