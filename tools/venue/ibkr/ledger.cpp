#include "tools/venue/ibkr/ledger.hpp"

#include "tools/venue/amount.hpp"
#include "tools/venue/ibkr/numbers.hpp"

namespace busbar::venue::ibkr {

Ticket& Ledger::open(AccountId account, const Wanted& wanted, TimeUs now) {
  Ticket& ticket = tickets_.emplace_back();
  ticket.index = tickets_.size() - 1;
  ticket.account = account;
  ticket.order_id = next_order_id_++;
  ticket.wanted = wanted;
  ticket.created = ticket.last_change = now;
  by_id_[ticket.order_id] = ticket.index;
  if (!wanted.client_order_id.empty()) by_client_id_[{account, wanted.client_order_id}] = ticket.index;
  return ticket;
}

void Ledger::bind(Ticket& ticket, std::uint64_t number) {
  ticket.number = number;
  by_number_[{ticket.wanted.symbol, number}] = ticket.index;
}

Ticket* Ledger::find(std::int64_t order_id) {
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

bool Ledger::is_registered(AccountId account, const std::string& client_order_id, TimeUs now) const {
  const auto found = by_client_id_.find({account, client_order_id});
  return found != by_client_id_.end() && now - tickets_[found->second].created < day;
}

void Ledger::apply(const Execution& execution) {
  Ticket* ticket = find(execution.order.symbol, execution.order.id);
  if (ticket == nullptr) return;
  ticket->last_change = execution.time;
  if (!execution.order.is_open()) ticket->is_cancel_pending = false;
  ticket->is_held = ticket->is_held && execution.order.status == Status::PendingNew;
  if (!execution.fill) return;
  ticket->commission = plus(ticket->commission, execution.fill->commission);
  Holding& held = holding(ticket->account, execution.order.symbol);
  const Fill& fill = *execution.fill;
  if (execution.order.side == Side::Buy) {
    held.cost = plus(plus(held.cost, fill.quote), fill.commission);
    held.qty = plus(held.qty, fill.qty);
    return;
  }
  // What is sold takes its share of the cost with it.
  const Decimal average = held.qty.is_zero()
                              ? Decimal{}
                              : divide(held.cost, held.qty, places_max, Round::Down).value_or(Decimal{});
  const Decimal share = fill.qty == held.qty ? held.cost : times(average, fill.qty);
  held.realized = plus(held.realized, minus(minus(fill.quote, fill.commission), share));
  held.cost = minus(held.cost, share);
  held.qty = minus(held.qty, fill.qty);
}

}  // namespace busbar::venue::ibkr
