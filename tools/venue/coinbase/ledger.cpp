#include "tools/venue/coinbase/ledger.hpp"

#include "tools/venue/amount.hpp"

namespace busbar::venue::coinbase {

Ticket& Ledger::open(AccountId account, const std::string& client_order_id, SymbolId symbol, std::uint64_t number) {
  Ticket& ticket = tickets_.emplace_back();
  ticket.index = tickets_.size() - 1;
  ticket.account = account;
  ticket.symbol = symbol;
  ticket.number = number;
  ticket.order_id = uuid("order", symbol, number);
  by_id_[ticket.order_id] = ticket.index;
  by_number_[{symbol, number}] = ticket.index;
  by_client_id_[{account, client_order_id}] = ticket.index;
  open_.insert(ticket.index);
  return ticket;
}

Ticket* Ledger::find(std::string_view order_id) {
  const auto found = by_id_.find(order_id);
  return found == by_id_.end() ? nullptr : &tickets_[found->second];
}

const Ticket* Ledger::find(SymbolId symbol, std::uint64_t number) const {
  const auto found = by_number_.find({symbol, number});
  return found == by_number_.end() ? nullptr : &tickets_[found->second];
}

Ticket* Ledger::find(SymbolId symbol, std::uint64_t number) {
  return const_cast<Ticket*>(std::as_const(*this).find(symbol, number));
}

Ticket* Ledger::find_by_client_id(AccountId account, const std::string& client_order_id) {
  const auto found = by_client_id_.find({account, client_order_id});
  return found == by_client_id_.end() ? nullptr : &tickets_[found->second];
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
    close(*ticket);
  }
}

std::vector<Ticket*> Ledger::open_tickets() {
  std::vector<Ticket*> result;
  for (const std::size_t index : open_) result.push_back(&tickets_[index]);
  return result;
}

}  // namespace busbar::venue::coinbase
