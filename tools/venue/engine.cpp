#include "tools/venue/engine.hpp"

#include <cassert>

#include "tools/venue/amount.hpp"

namespace busbar::venue {
namespace {

// Order ids exceed 2^32 and both kinds of id repeat across symbols, as at the real venue: whoever keys by id alone is
// found out.
constexpr std::uint64_t first_order_id = 12'510'000'001;
constexpr std::uint64_t first_trade_id = 700'001;

}  // namespace

Decimal Order::leaves() const { return minus(minus(qty, executed), prevented_qty); }

Engine::Engine(std::vector<Symbol> symbols, Commission commission) : commission_{commission} {
  for (Symbol& symbol : symbols) {
    Book book;
    book.last_price = symbol.start_price;
    book.symbol = std::move(symbol);
    book.next_order_id = first_order_id;
    book.next_trade_id = first_trade_id;
    book.update_id = 1'000'000;
    books_.push_back(std::move(book));
  }
  open_account("fees", {}, {}, false);  // account 0 takes the commissions, so that nothing vanishes
}

AccountId Engine::open_account(std::string name, Decimal maker_rate, Decimal taker_rate, bool keeps_history) {
  accounts_.push_back({std::move(name), maker_rate, taker_rate, {}, keeps_history, true, 0});
  trades_of_.emplace_back();
  return accounts_.size() - 1;
}

void Engine::deposit(AccountId account, const std::string& asset, Decimal amount, TimeUs now) {
  Decimal& free = accounts_[account].balances[asset].free;
  free = plus(free, amount);
  accounts_[account].updated = now;
}

std::optional<AccountId> Engine::account_by_name(std::string_view name) const {
  for (AccountId id = 0; id < accounts_.size(); ++id) {
    if (accounts_[id].name == name) return id;
  }
  return std::nullopt;
}

std::optional<SymbolId> Engine::symbol_by_name(std::string_view name) const {
  for (SymbolId id = 0; id < books_.size(); ++id) {
    if (books_[id].symbol.name == name) return id;
  }
  return std::nullopt;
}

std::vector<std::string> Engine::assets() const {
  std::set<std::string> names;
  for (const Book& book : books_) names.insert({book.symbol.base, book.symbol.quote});
  for (const Account& account : accounts_) {
    for (const auto& [asset, unused] : account.balances) names.insert(asset);
  }
  return {names.begin(), names.end()};
}

Order Engine::order_from(AccountId account, SymbolId symbol, const NewOrder& wanted, TimeUs now) {
  Order order;
  order.symbol = symbol;
  order.account = account;
  order.client_order_id = wanted.client_order_id.empty() ? make_client_order_id() : wanted.client_order_id;
  order.quote_asset = wanted.quote_asset.empty() ? books_[symbol].symbol.quote : wanted.quote_asset;
  order.side = wanted.side;
  order.type = wanted.type;
  order.time_in_force = wanted.time_in_force;
  order.self_trade = wanted.self_trade;
  order.qty = wanted.qty;
  order.quote_qty = wanted.quote_qty;
  order.price = wanted.price;
  order.stop_price = wanted.stop_price;
  order.iceberg_qty = wanted.iceberg_qty;
  order.trailing_delta = wanted.trailing_delta;
  order.strategy_id = wanted.strategy_id;
  order.strategy_type = wanted.strategy_type;
  order.created = order.updated = now;
  return order;
}

bool Engine::is_duplicate(AccountId account, SymbolId symbol, const std::string& client_order_id) const {
  const Order* known = order_by_client_id(account, symbol, client_order_id);
  return known != nullptr && known->is_open();
}

Outcome<Order> Engine::place(AccountId account, SymbolId symbol, const NewOrder& wanted, TimeUs now, Events& events) {
  Book& book = books_[symbol];
  Order order = order_from(account, symbol, wanted, now);
  if (is_duplicate(account, symbol, order.client_order_id)) return Refusal::DuplicateOrder;
  if (!wanted.is_held) {
    if (const auto refusal = refusal_of(book, order)) return *refusal;
    if (!order.quote_qty.is_zero()) order.qty = qty_by_quote(book, order);
  }
  if (!can_afford(book, order)) return Refusal::InsufficientBalance;

  Order& placed = enter(book, std::move(order));
  if (wanted.is_rejected) {
    expire(book, placed, ExpiryReason::Rejected, now, events);
    return placed;
  }
  reserve(placed, reservation(book, placed), events);
  if (wanted.is_held) {
    placed.status = Status::PendingNew;
    tell(ExecutionType::New, placed, now, events);
    return placed;
  }
  start(book, placed, now, events);
  settle_consequences(book, now, events);
  const Order result = placed;
  forget_finished(book, std::exchange(finished_house_orders_, {}));
  return result;
}

Order& Engine::enter(Book& book, Order order) {
  order.id = book.next_order_id++;
  Order& entered = book.orders.emplace(order.id, std::move(order)).first->second;
  book.by_client_id[{entered.account, entered.client_order_id}] = entered.id;
  book.open[entered.account].insert(entered.id);
  return entered;
}

void Engine::start(Book& book, Order& order, TimeUs now, Events& events) {
  if (!order.is_stop()) return work(book, order, now, events);
  book.stops.insert(order.id);
  if (order.trailing_delta && order.stop_price.is_zero()) {  // it follows the price from the start
    order.trailing_since = now;
    order.trailing_extreme = book.last_price;
  }
  tell(ExecutionType::New, order, now, events);
}

Outcome<Order> Engine::cancel(AccountId account, SymbolId symbol, std::uint64_t order_id, const std::string& cancel_id,
                              CancelRestriction restriction, TimeUs now, Events& events) {
  Book& book = books_[symbol];
  const auto found = book.orders.find(order_id);
  if (found == book.orders.end() || found->second.account != account || !found->second.is_open()) {
    return Refusal::UnknownOrder;
  }
  Order& order = found->second;
  if ((restriction == CancelRestriction::OnlyNew && order.status != Status::New) ||
      (restriction == CancelRestriction::OnlyPartiallyFilled && order.status != Status::PartiallyFilled)) {
    return Refusal::CancelRestricted;
  }
  const std::string name = cancel_id.empty() ? make_client_order_id() : cancel_id;
  if (order.list == 0) cancel(book, order, name, now, events);
  else cancel_orders(book, lists_.at(order.list), name, now, events);  // one of a list is all of it
  settle_consequences(book, now, events);
  const Order result = order;
  forget_finished(book, std::exchange(finished_house_orders_, {}));
  return result;
}

void Engine::cancel(Book& book, Order& order, const std::string& cancel_id, TimeUs now, Events& events) {
  withdraw(book, order, events);
  finish(book, order, Status::Canceled, now, events);
  tell(ExecutionType::Canceled, order, now, events).cancel_id = cancel_id;
}

Outcome<Engine::Amended> Engine::amend(AccountId account, SymbolId symbol, std::uint64_t order_id,
                                       const std::string& new_id, Decimal new_qty, TimeUs now, Events& events) {
  Book& book = books_[symbol];
  const auto found = book.orders.find(order_id);
  if (found == book.orders.end() || found->second.account != account || !found->second.is_open()) {
    return Refusal::UnknownOrder;
  }
  Order& order = found->second;
  if (book.symbol.status != SymbolStatus::Trading) return Refusal::MarketClosed;
  if (new_qty == order.qty || order.qty.is_zero()) return Refusal::ChangesNothing;
  if (new_qty > order.qty) return Refusal::AmendIncreases;
  if (new_qty <= minus(order.qty, order.leaves())) return Refusal::ChangesNothing;  // that much is gone already
  const std::string name = new_id.empty() ? make_client_order_id() : new_id;
  if (name != order.client_order_id && is_duplicate(account, symbol, name)) return Refusal::DuplicateOrder;

  const auto reduce = [&](Order& reduced, const std::string& its_name) {
    Amendment amendment{symbol, account, reduced.id, 0, reduced.client_order_id, its_name, reduced.qty, new_qty, now};
    reduced.qty = new_qty;
    reduced.updated = now;
    ++reduced.amends;
    if (reduced.displayed > reduced.leaves()) {  // an iceberg shows as much as before while there is as much
      const Decimal less = minus(reduced.leaves(), reduced.displayed);
      reduced.displayed = reduced.leaves();
      change_level(book, reduced.side, reduced.price, less, events);
    }
    book.by_client_id.erase({account, reduced.client_order_id});
    reduced.client_order_id = its_name;
    book.by_client_id[{account, its_name}] = reduced.id;
    Execution& told = tell(ExecutionType::Replaced, reduced, now, events);
    told.former_id = amendment.former_id;
    amendment.execution_id = told.id;
    amendments_.push_back(std::move(amendment));
  };
  Order* other = partner(book, order);
  if (order.status != Status::PendingNew && other == nullptr) {
    Order as_amended = order;
    as_amended.qty = new_qty;
    reserve(order, reservation(book, as_amended), events);
  }
  reduce(order, name);
  const Amended result{order, amendments_.back()};
  if (other != nullptr && other->is_open()) {  // only one of a pair can ever fill, so both are of one size
    reduce(*other, other->client_order_id);
    if (order.status != Status::PendingNew) reserve_pair(book, order, *other, events);
  }
  if (order.list != 0) {
    OrderList& list = lists_.at(order.list);
    for (OrderList::Leg& leg : list.legs) {
      if (leg.order_id == order.id) leg.client_order_id = name;
    }
    if (name != result.amendment.former_id) tell(ListEvent::Updated, list, now, events);
  }
  return result;
}

Outcome<Order> Engine::edit(AccountId account, SymbolId symbol, std::uint64_t order_id, Decimal new_qty,
                            Decimal new_price, TimeUs now, Events& events) {
  Book& book = books_[symbol];
  const auto found = book.orders.find(order_id);
  if (found == book.orders.end() || found->second.account != account || !found->second.is_open()) {
    return Refusal::UnknownOrder;
  }
  Order& order = found->second;
  assert(order.is_priced() && order.list == 0 && order.iceberg_qty.is_zero());
  Order edited = order;
  edited.qty = new_qty;
  edited.price = new_price;
  const bool rests = !order.is_waiting_for_trigger();
  if (edited.leaves() <= Decimal{} || (new_qty == order.qty && new_price == order.price)) {
    return Refusal::ChangesNothing;
  }
  if (rests && order.type == OrderType::LimitMaker) {
    if (const auto refusal = refusal_of(book, edited)) return *refusal;
  }
  const Decimal need = reservation(book, edited);
  if (minus(need, order.locked) > balance(account, spends(book, order), events).free) {
    return Refusal::InsufficientBalance;
  }
  const bool keeps_place = new_price == order.price && new_qty < order.qty;
  if (rests && keeps_place) {
    change_level(book, order.side, order.price, minus(new_qty, order.qty), events);
    order.displayed = edited.leaves();
  } else if (rests) {
    unrest(book, order, events);
  }
  order.qty = new_qty;
  order.price = new_price;
  order.updated = now;
  ++order.amends;
  reserve(order, need, events);
  tell(ExecutionType::Replaced, order, now, events).former_id = order.client_order_id;
  if (rests && !keeps_place) {
    match(book, order, now, events);
    if (order.is_open()) rest(book, order, events);
    settle_consequences(book, now, events);
  }
  return order;
}

Outcome<Order> Engine::expire(AccountId account, SymbolId symbol, std::uint64_t order_id, TimeUs now, Events& events) {
  Book& book = books_[symbol];
  const auto found = book.orders.find(order_id);
  if (found == book.orders.end() || found->second.account != account || !found->second.is_open()) {
    return Refusal::UnknownOrder;
  }
  withdraw(book, found->second, events);
  expire(book, found->second, ExpiryReason::None, now, events);
  settle_consequences(book, now, events);
  return found->second;
}

const Order* Engine::order(AccountId account, SymbolId symbol, std::uint64_t id) const {
  const auto found = books_[symbol].orders.find(id);
  return found == books_[symbol].orders.end() || found->second.account != account ? nullptr : &found->second;
}

const Order* Engine::order_by_client_id(AccountId account, SymbolId symbol, const std::string& client_order_id) const {
  const auto found = books_[symbol].by_client_id.find({account, client_order_id});
  return found == books_[symbol].by_client_id.end() ? nullptr : order(account, symbol, found->second);
}

std::vector<const Order*> Engine::orders(AccountId account, std::optional<SymbolId> symbol, bool open_only) const {
  std::vector<const Order*> result;
  for (SymbolId id = 0; id < books_.size(); ++id) {
    if (symbol && *symbol != id) continue;
    const Book& book = books_[id];
    if (open_only) {
      const auto open = book.open.find(account);
      if (open == book.open.end()) continue;
      for (const std::uint64_t order_id : open->second) result.push_back(&book.orders.at(order_id));
    } else {
      for (const auto& [unused, order] : book.orders) {
        if (order.account == account) result.push_back(&order);
      }
    }
  }
  return result;
}

Engine::Levels Engine::levels(SymbolId symbol, Side side, std::size_t limit) const {
  Levels result;
  const auto copy = [&](const auto& levels) {
    for (const auto& [price, level] : levels) {
      if (result.size() == limit) return;
      result.emplace_back(price, level.qty);
    }
  };
  if (side == Side::Buy) copy(books_[symbol].bids);
  else copy(books_[symbol].asks);
  return result;
}

void Engine::withdraw(Book& book, Order& order, Events& events) {
  if (order.status == Status::PendingNew) return;
  if (order.is_waiting_for_trigger()) {
    book.stops.erase(order.id);
  } else {
    unrest(book, order, events);
  }
}

void Engine::finish(Book& book, Order& order, Status status, TimeUs now, Events& events) {
  order.status = status;
  order.updated = now;
  book.open[order.account].erase(order.id);
  if (!order.locked.is_zero()) reserve(order, {}, events);
  accounts_[order.account].updated = now;
  if (order.list != 0) touched_lists_.insert(order.list);
  if (!accounts_[order.account].keeps_history) finished_house_orders_.insert(order.id);
}

void Engine::expire(Book& book, Order& order, ExpiryReason reason, TimeUs now, Events& events) {
  order.expiry = reason;
  finish(book, order, Status::Expired, now, events);
  tell(ExecutionType::Expired, order, now, events);
}

// What an order keeps from being spent twice while it is open.
Decimal Engine::reservation(const Book& book, const Order& order) const {
  if (order.type == OrderType::Market) return {};
  if (order.side == Side::Sell) return order.leaves();
  const Decimal price = order.is_priced()            ? order.price
                        : order.stop_price.is_zero() ? book.last_price
                                                     : order.stop_price;
  return with_commission(order, times(price, order.leaves()), Round::Up);
}

Decimal Engine::with_commission(const Order& order, Decimal quote, Round round) const {
  if (commission_ == Commission::OfWhatIsReceived) return quote;
  const Account& account = accounts_[order.account];
  const auto commission = multiply(quote.normalized(), std::max(account.maker_rate, account.taker_rate).normalized());
  assert(commission);
  const auto rounded = divide(*commission, Decimal{1, 0}, places_max, round);
  assert(rounded);
  return plus(quote, *rounded);
}

void Engine::reserve(Order& order, Decimal amount, Events& events) {
  if (amount == order.locked) return;
  Balance& spent = balance(order.account, spends(books_[order.symbol], order), events);
  const Decimal more = minus(amount, order.locked);
  spent.free = minus(spent.free, more);
  spent.locked = plus(spent.locked, more);
  order.locked = amount;
}

Execution& Engine::tell(ExecutionType type, const Order& order, TimeUs now, Events& events) {
  Execution told;
  told.type = type;
  told.order = order;
  told.id = next_execution_id_++;
  told.time = now;
  return events.executions.emplace_back(std::move(told));
}

void Engine::forget_finished(Book& book, const std::set<std::uint64_t>& ids) {
  for (const std::uint64_t id : ids) {
    const auto found = book.orders.find(id);
    book.by_client_id.erase({found->second.account, found->second.client_order_id});
    book.orders.erase(found);
  }
}

Balance& Engine::balance(AccountId account, const std::string& asset, Events& events) {
  events.balances[account].insert(asset);
  return accounts_[account].balances[asset];
}

const std::string& Engine::spends(const Book& book, const Order& order) const {
  return order.side == Side::Buy ? order.quote_asset : book.symbol.base;
}

// 22 letters and digits, like the venue's own.
std::string Engine::make_client_order_id() {
  constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::string id;
  std::uint64_t state = next_made_id_++;
  while (id.size() < 22) {  // splitmix64
    state += 0x9E3779B97F4A7C15;
    std::uint64_t mixed = state;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    id += alphabet[(mixed ^ (mixed >> 31)) % alphabet.size()];
  }
  return id;
}

}  // namespace busbar::venue
