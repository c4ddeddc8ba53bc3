#pragma once
// What the broker knows of an order beside the engine: its own names for it, the configuration it came with, fees and
// fills so far, when it ends, and why it failed. Pure: the time is handed in.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tools/venue/tickets.hpp"
#include "tools/venue/uuid.hpp"

namespace busbar::venue::coinbase {

struct Ticket {
  std::size_t index = 0;  // of all orders ever taken, in order
  AccountId account = 0;
  SymbolId symbol = 0;
  std::uint64_t number = 0;  // the engine's
  std::string order_id;      // the broker's: a UUID
  std::string product_id;
  std::string kind;                     // "limit_limit_gtc"
  boost::json::object configuration;    // its members, as they stand now
  Decimal quote_size;                   // of a market order by money
  TimeUs end_time = 0;                  // 0: none
  std::optional<Decimal> stop_trigger;  // of a bracket
  bool is_triggered = false;            // that bracket
  bool is_cancel_pending = false;
  TimeUs cancel_due = 0;
  Decimal fees;
  std::uint64_t fills = 0;
  TimeUs last_fill = 0;
  std::string reject_reason, reject_message, cancel_message;
  boost::json::array edits;
  struct PendingEdit {
    Decimal size;
    Decimal price;
    TimeUs due = 0;
  };
  std::optional<PendingEdit> pending_edit;

  bool is_by_money() const { return !quote_size.is_zero(); }
  bool is_limit() const { return kind.starts_with("limit") || kind.starts_with("sor"); }
  bool is_stop() const { return kind.starts_with("stop"); }
  bool is_bracket() const { return kind.starts_with("trigger"); }
  bool is_editable() const { return kind.ends_with("_gtc"); }
};

class Ledger : public Tickets<Ticket> {
 public:
  explicit Ledger(std::uint64_t seed) : seed_{seed} {}

  // Opens a ticket under names of its own; the caller says the rest.
  Ticket& open(AccountId account, const std::string& client_order_id, SymbolId symbol, std::uint64_t number);

  void apply(const Execution& execution);  // a fill is added up
  std::vector<Ticket*> open_tickets();     // those that may still need care
  void close(const Ticket& ticket) { open_.erase(ticket.index); }

  // The broker's names for things, the same for the same seed.
  std::string uuid(std::string_view kind, std::uint64_t a, std::uint64_t b = 0) const {
    return uuid_of(seed_, kind, a, b);
  }

 private:
  std::uint64_t seed_;
  std::set<std::size_t> open_;
};

}  // namespace busbar::venue::coinbase
