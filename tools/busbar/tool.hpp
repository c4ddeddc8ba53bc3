#pragma once
// What every subcommand of `busbar` shares: the options before the subcommand, the way a command ends, the two ways to
// print. One file per subcommand; each adds itself to the command line and leaves behind what shall be done.

#include <chrono>
#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "bus/command_line.hpp"
#include "bus/config.hpp"
#include "bus/messages.hpp"

namespace busbar::tool {

// How a command ends. Documented in docs/operations.md and in --help, since scripts stand on it.
enum class Exit {
  Ok = 0,           // done, or the answer is yes
  No = 1,           // refused, not found, or the answer is no
  Usage = 2,        // the command line or the configuration is wrong, or the journal named cannot be read
  Unreachable = 3,  // nobody answered, and nothing was sent that could act
  Unknown = 4,      // it was sent, and what became of it is not known yet
};

struct Tool {
  std::string config_file;
  Name client{"cli"};
  std::string endpoint;  // overrides bus.orders
  std::chrono::milliseconds timeout{5000};
  bool json = false;
  std::function<Exit()> action;  // set by the subcommand that was named

  // Read when a command needs it; throws ConfigError.
  void load();
  Environment environment = Environment::Unset;
  BusConfig bus;
  std::string audit_directory;
  std::vector<Name> accounts;

  // The account asked for, or the only one there is. Throws ConfigError naming the choice.
  Name account_or_only(const std::string& asked) const;
};

// Prints a complaint on stderr, and answers with `exit`.
Exit fail(Exit exit, std::string_view text);
// The answer to a refused request, in one line for people: "INVALID_ORDER price=1.234: not a multiple of ... (nearest
// legal 1.23)".
std::string refusal(ErrorCode error, std::string_view field, std::string_view value, std::string_view nearest_legal,
                    std::string_view broker_code, std::string_view text);
// A decimal number, or nothing for an empty text. Throws ConfigError naming the option.
std::optional<Decimal> amount_in(std::string_view option, const std::string& text);
// "2026-11-25T18:20:00Z", "2026-11-25", or how long ago: "90s", "90m", "6h", "2d"; UTC. 0 for an empty text. Throws
// ConfigError naming the option.
Timestamp time_in(std::string_view option, const std::string& text);
// One for this process and moment that no other run draws: cli-<time>-<random>.
Id draw_client_order_id();

void add_order(const Subcommand& app, Tool& tool);
void add_preview(const Subcommand& app, Tool& tool);
void add_replace(const Subcommand& app, Tool& tool);
void add_cancel(const Subcommand& app, Tool& tool);
void add_cancel_all(const Subcommand& app, Tool& tool);
void add_list(const Subcommand& app, Tool& tool);
void add_cancel_list(const Subcommand& app, Tool& tool);
void add_orders(const Subcommand& app, Tool& tool);
void add_fills(const Subcommand& app, Tool& tool);
void add_quote(const Subcommand& app, Tool& tool);
void add_quotes(const Subcommand& app, Tool& tool);
void add_book(const Subcommand& app, Tool& tool);
void add_ticker(const Subcommand& app, Tool& tool);
void add_history(const Subcommand& app, Tool& tool);
void add_trades(const Subcommand& app, Tool& tool);
void add_accounts(const Subcommand& app, Tool& tool);
void add_balances(const Subcommand& app, Tool& tool);
void add_positions(const Subcommand& app, Tool& tool);
void add_symbols(const Subcommand& app, Tool& tool);
void add_status(const Subcommand& app, Tool& tool);
void add_journal(const Subcommand& app, Tool& tool);
void add_vault(const Subcommand& app, Tool& tool);
void add_login(const Subcommand& app, Tool& tool);

}  // namespace busbar::tool
