#include "tools/venue/coinbase/ledger.hpp"

#include "tools/venue/amount.hpp"

namespace busbar::venue::coinbase {

Ticket& Ledger::open(AccountId account, const std::string& client_order_id, SymbolId symbol, std::uint64_t number) {
  Ticket& ticket = add(account, uuid("order", symbol, number), client_order_id);
  bind(ticket, symbol, number);
  ticket.symbol = symbol;
  open_.insert(ticket.index);
  return ticket;
}

void Ledger::apply(const Execution& execution) {
  Ticket* ticket = find(execution.order.symbol, execution.order.id);
  if (ticket == nullptr) return;
  if (execution.fill) {
    ticket->fees = plus(ticket->fees, execution.fill->commission);
    ticket->last_fill = execution.time;
    ++ticket->fills;
  }
  if (!execution.order.is_open()) {
    ticket->is_cancel_pending = false;
    ticket->pending_edit.reset();
    close(*ticket);
  }
}

std::vector<Ticket*> Ledger::open_tickets() {
  std::vector<Ticket*> result;
  for (const std::size_t index : open_) result.push_back(&all()[index]);
  return result;
}

}  // namespace busbar::venue::coinbase
