#pragma once
// What the broker knows of an order beside the engine: its own names for it, the words it came with, its place in a chain
// of replacements or under another order, what it waits for; and what each account holds, and for how much it came.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/venue/tickets.hpp"
#include "tools/venue/uuid.hpp"

namespace busbar::venue::alpaca {

enum class Waits : std::uint8_t { No, ForHours, ForOpening, ForClosing };  // outside of the book

struct Ticket {
  std::size_t index = 0;  // of all orders ever taken, in order
  AccountId account = 0;
  SymbolId symbol = 0;
  std::uint64_t number = 0;  // the engine's
  std::string order_id;      // the broker's: a UUID
  std::string client_order_id;
  std::string type, time_in_force, order_class;  // "limit", "day", "bracket"
  bool extended_hours = false;
  std::optional<Decimal> qty, notional, limit_price, stop_price, trail_price, trail_percent, hwm;
  std::string position_intent;
  std::string replaces, replaced_by;
  TimeUs replaced_at = 0, filled_at = 0, expired_at = 0, canceled_at = 0, failed_at = 0, cancel_requested_at = 0;
  TimeUs expires_at = 0;  // of a day order; 0: never
  std::vector<std::size_t> legs;
  std::optional<std::size_t> parent;
  Waits waits = Waits::No;
  bool is_told = false;             // that it is new
  bool is_cancel_pending = false;
  TimeUs cancel_due = 0;
  std::optional<std::size_t> replacement;  // that is under way, and when it is there
  TimeUs replacement_due = 0;
  bool is_replacing = false;        // it is such a one
  std::string shown;                // a status that a test has said

  bool is_day() const { return time_in_force == "day"; }
  bool is_trailing() const { return type == "trailing_stop"; }
};

struct Holding {
  Decimal qty, cost;
};

class Ledger : public Tickets<Ticket> {
 public:
  explicit Ledger(std::uint64_t seed) : seed_{seed} {}

  // Opens a ticket under names of its own; the caller says the rest.
  Ticket& open(AccountId account, const std::string& client_order_id, SymbolId symbol, std::uint64_t number);

  bool is_used(AccountId account, const std::string& client_order_id) const {
    return find_by_client_id(account, client_order_id) != nullptr;
  }

  // Times, and what is held. `base` and `quote` are the symbol's.
  void apply(const Execution& execution, const std::string& base, const std::string& quote);
  const std::set<std::size_t>& open_indexes() const { return open_; }
  std::vector<Ticket*> open_tickets();  // those that may still need care, oldest first

  const Holding& holding(AccountId account, const std::string& asset) const;
  // Without an order: from outside, at a price.
  void deposit(AccountId account, const std::string& asset, Decimal change, Decimal price);

  std::string uuid(std::string_view kind, std::uint64_t a, std::uint64_t b = 0) const {
    return uuid_of(seed_, kind, a, b);
  }

 private:
  void hold(AccountId account, const std::string& asset, Decimal change, Decimal money);

  std::uint64_t seed_;
  std::map<std::pair<AccountId, std::string>, Holding> holdings_;
  std::set<std::size_t> open_;
};

}  // namespace busbar::venue::alpaca
