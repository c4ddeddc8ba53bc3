#pragma once
// What the broker knows of an order beside the engine: its number, the customer's name for it, how it was asked for, and
// what it cost; and of a position what it cost on average. Pure: the time is handed in.

#include <map>
#include <set>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/venue/ibkr/order_reader.hpp"
#include "tools/venue/tickets.hpp"

namespace busbar::venue::ibkr {

struct Ticket {
  std::size_t index = 0;  // of all orders ever taken, in order
  AccountId account = 0;
  std::int64_t order_id = 0;  // the broker's, of all its symbols
  Wanted wanted;              // as it stands now
  std::uint64_t number = 0;   // the engine's
  bool is_held = false;       // it waits for a prompt to be answered, or for the market to open
  std::string prompt_id;      // of that prompt
  std::int64_t parent = 0;    // order id
  std::string group;          // of orders of which one cancels the others
  bool is_cancel_pending = false;
  TimeUs cancel_due = 0;
  bool is_inactive = false;   // taken, and not transmitted
  std::string reason;         // why it ended, or does not work
  Decimal commission;
  TimeUs created = 0, last_change = 0;
};

struct Holding {
  Decimal qty, cost, realized;  // cost: of all of it
};

class Ledger : public Tickets<Ticket> {
 public:
  // Opens a ticket with a number of its own; the caller says the rest.
  Ticket& open(AccountId account, const Wanted& wanted, TimeUs now);
  void bind(Ticket& ticket, std::uint64_t number) { Tickets::bind(ticket, ticket.wanted.symbol, number); }

  // A name is taken for a day, whatever became of its order.
  bool is_registered(AccountId account, const std::string& client_order_id, TimeUs now) const;

  void apply(const Execution& execution);
  Holding& holding(AccountId account, SymbolId symbol) { return holdings_[{account, symbol}]; }
  const std::map<std::pair<AccountId, SymbolId>, Holding>& holdings() const { return holdings_; }

 private:
  std::int64_t next_order_id_ = 1'370'093'239;
  std::map<std::pair<AccountId, SymbolId>, Holding> holdings_;
};

}  // namespace busbar::venue::ibkr
