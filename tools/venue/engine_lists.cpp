// Order lists: pairs of which only one can fill, and orders that wait for another one to fill.

#include <algorithm>
#include <cassert>

#include "tools/venue/amount.hpp"
#include "tools/venue/engine.hpp"

namespace busbar::venue {
namespace {

// The price that is compared with the market's, if the order has one from the start.
std::optional<Decimal> level_of(const Order& order) {
  if (order.is_stop_loss() || order.type == OrderType::TakeProfit) {
    return order.stop_price.is_zero() ? std::nullopt : std::optional{order.stop_price};
  }
  return order.price;
}

}  // namespace

const OrderList* Engine::order_list(AccountId account, std::uint64_t id) const {
  const auto found = lists_.find(id);
  return found == lists_.end() || found->second.account != account ? nullptr : &found->second;
}

const OrderList* Engine::order_list_by_client_id(AccountId account, const std::string& client_id) const {
  const auto found = list_by_client_id_.find({account, client_id});
  return found == list_by_client_id_.end() ? nullptr : order_list(account, found->second);
}

std::vector<const OrderList*> Engine::order_lists(AccountId account, bool open_only) const {
  std::vector<const OrderList*> result;
  if (open_only) {
    const auto open = open_lists_.find(account);
    if (open == open_lists_.end()) return result;
    for (const std::uint64_t id : open->second) result.push_back(&lists_.at(id));
    return result;
  }
  for (const auto& [unused, list] : lists_) {
    if (list.account == account) result.push_back(&list);
  }
  return result;
}

Outcome<Engine::PlacedList> Engine::place_list(AccountId account, SymbolId symbol, const NewOrderList& wanted,
                                               TimeUs now, Events& events) {
  Book& book = books_[symbol];
  OrderList list;
  list.symbol = symbol;
  list.account = account;
  list.client_id = wanted.client_id.empty() ? make_client_order_id() : wanted.client_id;
  list.contingency = wanted.working ? Contingency::Oto : Contingency::Oco;
  if (const OrderList* known = order_list_by_client_id(account, list.client_id); known && !known->is_done) {
    return Refusal::DuplicateOrder;
  }

  std::vector<Order> orders;
  if (wanted.working) orders.push_back(order_from(account, symbol, *wanted.working, now));
  for (const NewOrder& leg : wanted.legs) orders.push_back(order_from(account, symbol, leg, now));
  const std::size_t first_leg = wanted.working ? 1 : 0;
  assert(orders.size() == first_leg + 2 || (wanted.working && orders.size() == 2));
  std::stable_sort(orders.begin() + static_cast<std::ptrdiff_t>(first_leg), orders.end(),
                   [](const Order& a, const Order& b) { return a.is_stop_loss() && !b.is_stop_loss(); });
  std::set<std::string> names;
  for (const Order& order : orders) {
    if (is_duplicate(account, symbol, order.client_order_id) || !names.insert(order.client_order_id).second) {
      return Refusal::DuplicateOrder;
    }
  }
  const bool is_held = wanted.working ? wanted.working->is_held : wanted.legs.front().is_held;
  if (book.symbol.status != SymbolStatus::Trading && !is_held) return Refusal::MarketClosed;
  if (wanted.working) {
    const auto refusal = is_held ? std::nullopt : refusal_of(book, orders.front());
    if (refusal) return *refusal;
    if (!can_afford(book, orders.front())) return Refusal::InsufficientBalance;
  } else if (is_held) {
    for (const Order& order : orders) {
      if (!can_afford(book, order)) return Refusal::InsufficientBalance;
    }
  } else if (const auto refusal = refusal_of_pair(book, orders[0], orders[1])) {
    return *refusal;
  }

  list.id = next_list_id_++;
  std::vector<Order*> entered;
  for (Order& order : orders) {
    order.list = list.id;
    if (is_held || (wanted.working && !entered.empty())) order.status = Status::PendingNew;
    list.legs.push_back({});
    entered.push_back(&enter(book, std::move(order)));
    list.legs.back() = {entered.back()->id, entered.back()->client_order_id};
  }
  OrderList& kept = lists_.emplace(list.id, std::move(list)).first->second;
  open_lists_[account].insert(kept.id);
  list_by_client_id_[{account, kept.client_id}] = kept.id;
  tell(ListEvent::ExecStarted, kept, now, events);
  if (wanted.working) {
    for (std::size_t i = 1; i < entered.size(); ++i) tell(ExecutionType::New, *entered[i], now, events);
    reserve(*entered[0], reservation(book, *entered[0]), events);
    if (is_held) tell(ExecutionType::New, *entered[0], now, events);
    else start(book, *entered[0], now, events);
  } else {
    reserve_pair(book, *entered[0], *entered[1], events);
    for (Order* order : entered) {
      if (is_held) tell(ExecutionType::New, *order, now, events);
      else if (order->is_open()) start(book, *order, now, events);
    }
  }
  PlacedList result{kept, {}};
  for (const Order* order : entered) result.orders.push_back(*order);
  settle_consequences(book, now, events);
  forget_finished(book, std::exchange(finished_house_orders_, {}));
  return result;
}

Outcome<OrderList> Engine::cancel_list(AccountId account, std::uint64_t list_id, const std::string& cancel_id,
                                       TimeUs now, Events& events) {
  const auto found = lists_.find(list_id);
  if (found == lists_.end() || found->second.account != account || found->second.is_done) return Refusal::UnknownOrder;
  OrderList& list = found->second;
  Book& book = books_[list.symbol];
  cancel_orders(book, list, cancel_id.empty() ? make_client_order_id() : cancel_id, now, events);
  settle_consequences(book, now, events);
  return list;
}

void Engine::cancel_orders(Book& book, OrderList& list, const std::string& cancel_id, TimeUs now, Events& events) {
  for (const OrderList::Leg& leg : list.legs) {
    Order& order = book.orders.at(leg.order_id);
    if (order.is_open()) cancel(book, order, cancel_id, now, events);
  }
}

Order* Engine::partner(Book& book, const Order& order) {
  if (order.list == 0) return nullptr;
  const OrderList& list = lists_.at(order.list);
  const std::size_t first = list.contingency == Contingency::Oto ? 1 : 0;
  if (list.legs.size() != first + 2) return nullptr;
  if (list.legs[first].order_id == order.id) return &book.orders.at(list.legs[first + 1].order_id);
  if (list.legs[first + 1].order_id == order.id) return &book.orders.at(list.legs[first].order_id);
  return nullptr;
}

std::optional<Refusal> Engine::refusal_of_pair(const Book& book, const Order& one, const Order& other) const {
  for (const Order* order : {&one, &other}) {
    const auto level = level_of(*order);
    if (!level) continue;
    if (order->belongs_above() ? *level <= book.last_price : *level >= book.last_price) return Refusal::BadPrices;
  }
  for (const Order* order : {&one, &other}) {
    if (const auto refusal = refusal_of(book, *order)) return refusal;
    if (!can_afford(book, *order)) return Refusal::InsufficientBalance;
  }
  return std::nullopt;
}

// Only one of the two will ever pay: the larger need is kept, by the first of them.
void Engine::reserve_pair(const Book& book, Order& one, Order& other, Events& events) {
  const Decimal need = std::max(reservation(book, one), reservation(book, other));
  reserve(other, {}, events);
  reserve(one, need, events);
}

void Engine::claim(Book& book, Order& order, TimeUs now, Events& events) {
  Order* other = partner(book, order);
  if (other == nullptr || !other->is_open()) return;
  order.locked = plus(order.locked, other->locked);
  other->locked = {};
  withdraw(book, *other, events);
  expire(book, *other, ExpiryReason::OcoTrigger, now, events);
  reserve(order, reservation(book, order), events);
}

void Engine::progress(Book& book, OrderList& list, TimeUs now, Events& events) {
  if (list.is_done) return;
  const auto order_at = [&](std::size_t index) -> Order& { return book.orders.at(list.legs[index].order_id); };
  const bool has_working = list.contingency == Contingency::Oto;
  if (has_working && !list.is_triggered && !order_at(0).is_open()) {
    if (order_at(0).status == Status::Filled) {
      list.is_triggered = true;
      start_pending(book, list, now, events);
    } else {
      for (std::size_t i = 1; i < list.legs.size(); ++i) {
        if (order_at(i).is_open()) expire(book, order_at(i), ExpiryReason::OtoPhaseOneExpired, now, events);
      }
    }
  }
  // A pair is over with one of them, however that one ended; unless it ended because the other one acts.
  const std::size_t first = has_working ? 1 : 0;
  if (list.legs.size() == first + 2 && order_at(first).is_open() != order_at(first + 1).is_open()) {
    const bool is_first_open = order_at(first).is_open();
    Order& left = order_at(is_first_open ? first : first + 1);
    if (order_at(is_first_open ? first + 1 : first).expiry != ExpiryReason::OcoTrigger) {
      withdraw(book, left, events);
      expire(book, left, ExpiryReason::OcoTrigger, now, events);
    }
  }
  const bool is_over = std::all_of(list.legs.begin(), list.legs.end(), [&](const OrderList::Leg& leg) {
    return !book.orders.at(leg.order_id).is_open();
  });
  if (!is_over) return;
  list.is_done = true;
  open_lists_[list.account].erase(list.id);
  tell(ListEvent::AllDone, list, now, events);
}

void Engine::start_pending(Book& book, OrderList& list, TimeUs now, Events& events) {
  std::vector<Order*> pending;
  for (std::size_t i = 1; i < list.legs.size(); ++i) pending.push_back(&book.orders.at(list.legs[i].order_id));
  std::optional<Refusal> refusal;
  if (pending.size() == 2) {
    refusal = refusal_of_pair(book, *pending[0], *pending[1]);
  } else {
    refusal = refusal_of(book, *pending[0]);
    if (!refusal && !can_afford(book, *pending[0])) refusal = Refusal::InsufficientBalance;
  }
  if (refusal) {
    for (Order* order : pending) {
      expire(book, *order, ExpiryReason::Rejected, now, events);
      events.executions.back().refusal = refusal;
    }
    return;
  }
  tell(ListEvent::ExecStarted, list, now, events);
  for (Order* order : pending) order->status = Status::New;
  if (pending.size() == 2) reserve_pair(book, *pending[0], *pending[1], events);
  else reserve(*pending[0], reservation(book, *pending[0]), events);
  for (Order* order : pending) {
    if (order->is_open()) start(book, *order, now, events);
  }
}

void Engine::tell(ListEvent event, OrderList& list, TimeUs now, Events& events) {
  list.updated = now;
  events.lists.push_back({list, event});
}

}  // namespace busbar::venue
