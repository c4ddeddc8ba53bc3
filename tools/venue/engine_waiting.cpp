// Orders that wait outside of the book, and orders that take the place of others.

#include "tools/venue/amount.hpp"
#include "tools/venue/engine.hpp"

namespace busbar::venue {

Order* Engine::open_order(Book& book, AccountId account, std::uint64_t order_id) {
  const auto found = book.orders.find(order_id);
  const bool is_there = found != book.orders.end() && found->second.account == account && found->second.is_open();
  return is_there ? &found->second : nullptr;
}

Outcome<Order> Engine::release(AccountId account, SymbolId symbol, std::uint64_t order_id, TimeUs now, Events& events) {
  Book& book = books_[symbol];
  Order* order = open_order(book, account, order_id);
  if (order == nullptr || order->status != Status::PendingNew) return Refusal::UnknownOrder;
  if (book.symbol.status != SymbolStatus::Trading) return Refusal::MarketClosed;
  order->status = order->executed.is_zero() ? Status::New : Status::PartiallyFilled;
  if (!order->quote_qty.is_zero()) order->qty = qty_by_quote(book, *order);
  const bool has_nothing = order->type == OrderType::Market && (order->qty.is_zero() || !can_afford(book, *order));
  if (has_nothing) expire(book, *order, ExpiryReason::Rejected, now, events);
  else start(book, *order, now, events);
  settle_consequences(book, now, events);
  return *order;
}

Outcome<Order> Engine::hold(AccountId account, SymbolId symbol, std::uint64_t order_id, Events& events) {
  Book& book = books_[symbol];
  Order* order = open_order(book, account, order_id);
  if (order == nullptr || order->status == Status::PendingNew) return Refusal::UnknownOrder;
  withdraw(book, *order, events);
  order->status = Status::PendingNew;
  order->working = 0;
  return *order;
}

void Engine::move_stop(AccountId account, SymbolId symbol, std::uint64_t order_id, Decimal stop_price,
                       Events& events) {
  Book& book = books_[symbol];
  Order* order = open_order(book, account, order_id);
  if (order == nullptr || !order->is_stop()) return;
  order->stop_price = stop_price;
  if (!order->locked.is_zero()) reserve(*order, reservation(book, *order), events);
}

// The old one's money is the new one's, so only the difference has to be there.
Outcome<Order> Engine::prepare_replacement(AccountId account, SymbolId symbol, std::uint64_t order_id,
                                           const NewOrder& wanted, TimeUs now, Events& events) {
  Book& book = books_[symbol];
  Order* old = open_order(book, account, order_id);
  if (old == nullptr) return Refusal::UnknownOrder;
  Order order = order_from(account, symbol, wanted, now);
  if (is_duplicate(account, symbol, order.client_order_id)) return Refusal::DuplicateOrder;
  if (old->status != Status::PendingNew) {
    if (const auto refusal = refusal_of(book, order)) return *refusal;
  }
  const Decimal locked = old->locked;
  if (!locked.is_zero()) {
    reserve(*old, {}, events);
    const bool is_affordable = can_afford(book, order);
    reserve(*old, locked, events);
    if (!is_affordable) return Refusal::InsufficientBalance;
  }
  Order& entered = enter(book, std::move(order));
  entered.status = Status::PendingNew;
  tell(ExecutionType::New, entered, now, events);
  return entered;
}

Outcome<Order> Engine::complete_replacement(AccountId account, SymbolId symbol, std::uint64_t order_id,
                                            std::uint64_t new_order_id, TimeUs now, Events& events) {
  Book& book = books_[symbol];
  Order* old = open_order(book, account, order_id);
  Order* order = open_order(book, account, new_order_id);
  if (order == nullptr) return Refusal::UnknownOrder;
  if (old == nullptr) {
    expire(book, *order, ExpiryReason::Rejected, now, events);
    return *order;
  }
  const bool waits = old->status == Status::PendingNew;
  order->list = std::exchange(old->list, 0);
  if (order->list != 0) {
    for (OrderList::Leg& leg : lists_.at(order->list).legs) {
      if (leg.order_id == old->id) leg = {order->id, order->client_order_id};
    }
  }
  cancel(book, *old, make_client_order_id(), now, events);
  Order* other = partner(book, *order);
  if (waits && order->list != 0) return *order;  // its turn has not come
  if (other != nullptr && other->is_open()) reserve_pair(book, *order, *other, events);
  else if (can_afford(book, *order)) reserve(*order, reservation(book, *order), events);
  else expire(book, *order, ExpiryReason::Rejected, now, events);
  if (order->is_open() && !waits) {
    order->status = Status::New;
    start(book, *order, now, events);
  }
  settle_consequences(book, now, events);
  return *order;
}

}  // namespace busbar::venue
