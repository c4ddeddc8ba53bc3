#include "tools/venue/ibkr/ledger.hpp"

#include "tools/venue/amount.hpp"
#include "tools/venue/ibkr/numbers.hpp"

namespace busbar::venue::ibkr {

Ticket& Ledger::open(AccountId account, const Wanted& wanted, TimeUs now) {
  Ticket& ticket = add(account, next_order_id_++, wanted.client_order_id);
  ticket.wanted = wanted;
  ticket.created = ticket.last_change = now;
  return ticket;
}

bool Ledger::is_registered(AccountId account, const std::string& client_order_id, TimeUs now) const {
  const Ticket* ticket = find_by_client_id(account, client_order_id);
  return ticket != nullptr && now - ticket->created < day;
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
