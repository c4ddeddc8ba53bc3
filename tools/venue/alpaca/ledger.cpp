#include "tools/venue/alpaca/ledger.hpp"

#include "tools/venue/alpaca/wire.hpp"
#include "tools/venue/amount.hpp"

namespace busbar::venue::alpaca {

Ticket& Ledger::open(AccountId account, const std::string& client_order_id, SymbolId symbol, std::uint64_t number) {
  Ticket& ticket = add(account, uuid("order", symbol, number), client_order_id);
  bind(ticket, symbol, number);
  ticket.symbol = symbol;
  ticket.client_order_id = client_order_id;
  open_.insert(ticket.index);
  return ticket;
}

void Ledger::apply(const Execution& execution, const std::string& base, const std::string& quote) {
  const Order& order = execution.order;
  Ticket* ticket = find(order.symbol, order.id);
  if (ticket == nullptr) return;
  if (execution.fill) {
    const Fill& fill = *execution.fill;
    const bool buys = order.side == Side::Buy;
    hold(order.account, base, buys ? minus(fill.qty, fill.commission) : fill.qty.negated(), fill.quote);
    if (quote != "USD") hold(order.account, quote, buys ? fill.quote.negated() : fill.quote, fill.quote);
    ticket->filled_at = execution.time;
  }
  if (order.is_open()) return;
  open_.erase(ticket->index);
  ticket->is_cancel_pending = false;
  if (order.status == Status::Canceled) ticket->canceled_at = execution.time;
  if (order.status != Status::Expired) return;
  if (order.expiry == ExpiryReason::None) ticket->expired_at = execution.time;
  else if (order.expiry == ExpiryReason::Rejected) ticket->failed_at = execution.time;
  else ticket->canceled_at = execution.time;
}

std::vector<Ticket*> Ledger::open_tickets() {
  std::vector<Ticket*> result;
  for (const std::size_t index : open_) result.push_back(&all()[index]);
  return result;
}

const Holding& Ledger::holding(AccountId account, const std::string& asset) const {
  static const Holding none;
  const auto found = holdings_.find({account, asset});
  return found == holdings_.end() ? none : found->second;
}

// More of it came for so much money; less of it takes its share of the cost along.
void Ledger::hold(AccountId account, const std::string& asset, Decimal change, Decimal money) {
  Holding& holding = holdings_[{account, asset}];
  const Decimal before = holding.qty;
  holding.qty = plus(before, change);
  if (change.is_positive()) {
    holding.cost = plus(holding.cost, money);
  } else if (holding.qty.is_zero() || before.is_zero()) {
    holding.cost = {};
  } else {
    holding.cost = product(quotient(holding.cost, before, places_max), holding.qty);
  }
}

void Ledger::deposit(AccountId account, const std::string& asset, Decimal change, Decimal price) {
  if (asset != "USD") hold(account, asset, change, product(price, change.absolute()));
}

}  // namespace busbar::venue::alpaca
