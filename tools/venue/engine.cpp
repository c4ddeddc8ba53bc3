#include "tools/venue/engine.hpp"

#include <algorithm>
#include <cassert>

#include "tools/venue/amount.hpp"

namespace busbar::venue {
namespace {

// Order ids exceed 2^32 and both kinds of id repeat across symbols, as at the real venue: whoever keys by id alone is
// found out.
constexpr std::uint64_t first_order_id = 12'510'000'001;
constexpr std::uint64_t first_trade_id = 700'001;

Decimal floor_to(Decimal value, Decimal step) {
  const auto rounded = round_to(value, step, Round::Down);
  assert(rounded);
  return *rounded;
}

// How many steps `quote` pays for at `price`.
Decimal qty_for(Decimal quote, Decimal price, Decimal step) {
  const auto qty = divide(quote, price, places_max, Round::Down);
  return floor_to(qty.value_or(Decimal{90'000'000'000, 0}), step);  // too many to count: more than any book holds
}

bool is_worse(Side taker_side, Decimal price, Decimal limit) {
  return taker_side == Side::Buy ? price > limit : price < limit;
}

Decimal leaves(const Order& order) { return minus(order.qty, order.executed); }

}  // namespace

Engine::Engine(std::vector<Symbol> symbols) {
  for (Symbol& symbol : symbols) {
    Book book;
    book.last_price = book.low = book.high = symbol.start_price;
    book.symbol = std::move(symbol);
    book.next_order_id = first_order_id;
    book.next_trade_id = first_trade_id;
    book.update_id = 1'000'000;
    books_.push_back(std::move(book));
  }
  open_account("fees", {}, {}, false);  // account 0 takes the commissions, so that nothing vanishes
}

AccountId Engine::open_account(std::string name, Decimal maker_rate, Decimal taker_rate, bool keeps_history) {
  accounts_.push_back({std::move(name), maker_rate, taker_rate, {}, keeps_history, 0});
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

Outcome<Order> Engine::place(AccountId account, SymbolId symbol, const NewOrder& wanted, TimeUs now, Events& events) {
  Book& book = books_[symbol];
  if (book.symbol.status != SymbolStatus::Trading) return Refusal::MarketClosed;

  Order order;
  order.symbol = symbol;
  order.account = account;
  order.client_order_id = wanted.client_order_id.empty() ? make_client_order_id() : wanted.client_order_id;
  order.side = wanted.side;
  order.type = wanted.type;
  order.time_in_force = wanted.time_in_force;
  order.self_trade = wanted.self_trade;
  order.qty = wanted.qty;
  order.quote_qty = wanted.quote_qty;
  order.price = wanted.price;
  order.stop_price = wanted.stop_price;
  order.strategy_id = wanted.strategy_id;
  order.strategy_type = wanted.strategy_type;
  order.created = order.updated = now;

  if (const Order* known = order_by_client_id(account, symbol, order.client_order_id); known && known->is_open()) {
    return Refusal::DuplicateOrder;
  }
  if (order.is_stop()) {
    const bool rises =
        (order.type == OrderType::StopLoss || order.type == OrderType::StopLossLimit) == (order.side == Side::Buy);
    if (rises ? book.last_price >= order.stop_price : book.last_price <= order.stop_price) {
      return Refusal::WouldTriggerImmediately;
    }
  }
  if (order.type == OrderType::LimitMaker) {
    bool matches = false;
    walk(book, order.side, [&](const Order& maker) {
      matches = !is_worse(order.side, maker.price, order.price);
      return false;
    });
    if (matches) return Refusal::WouldMatchImmediately;
  }
  if (!order.quote_qty.is_zero()) {
    bool has_liquidity = false;
    walk(book, order.side, [&](const Order&) { return !(has_liquidity = true); });
    if (!has_liquidity) return Refusal::NoLiquidity;
  }
  if (!can_afford(book, order)) return Refusal::InsufficientBalance;

  order.id = book.next_order_id++;
  Order& placed = book.orders.emplace(order.id, std::move(order)).first->second;
  book.by_client_id[{account, placed.client_order_id}] = placed.id;
  book.open[account].insert(placed.id);
  if (placed.side == Side::Sell) {
    if (placed.type != OrderType::Market) lock(placed, placed.qty, events);
  } else if (placed.is_priced()) {
    lock(placed, times(placed.price, placed.qty), events);
  } else if (placed.is_stop()) {
    lock(placed, times(placed.stop_price, placed.qty), events);
  }
  if (placed.is_stop()) {
    book.stops.insert(placed.id);
    tell(ExecutionType::New, placed, now, events);
  } else {
    work(book, placed, now, events);
  }
  trigger(book, now, events);
  const Order result = placed;
  forget_finished(book, std::exchange(finished_house_orders_, {}));
  return result;
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
  if (order.is_waiting_for_trigger()) {
    book.stops.erase(order.id);
  } else {
    unrest(book, order, events);
  }
  finish(book, order, Status::Canceled, now, events);
  tell(ExecutionType::Canceled, order, now, events);
  events.executions.back().cancel_id = cancel_id.empty() ? make_client_order_id() : cancel_id;
  const Order result = order;
  forget_finished(book, std::exchange(finished_house_orders_, {}));
  return result;
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

template <class Visitor>
void Engine::walk(const Book& book, Side taker_side, Visitor visit) const {
  const auto each = [&](const auto& levels) {
    for (const auto& [unused, level] : levels) {
      for (const Order* order : level.queue) {
        if (!visit(*order)) return;
      }
    }
  };
  if (taker_side == Side::Buy) each(book.asks);
  else each(book.bids);
}

// A market order reserves nothing, so what it will cost is looked up in the book before it starts.
bool Engine::can_afford(const Book& book, const Order& order) const {
  const auto is_own = [&](const Order& maker) {  // will expire instead of trading
    return maker.account == order.account && order.self_trade != SelfTrade::None;
  };
  const auto& balances = accounts_[order.account].balances;
  const auto found = balances.find(spends(book, order));
  const Decimal free = found == balances.end() ? Decimal{} : found->second.free;
  if (order.side == Side::Sell) {
    if (order.quote_qty.is_zero()) return order.qty <= free;
    Decimal quote = order.quote_qty;
    Decimal qty;
    walk(book, order.side, [&](const Order& maker) {
      if (is_own(maker)) return true;
      const Decimal part = least(qty_for(quote, maker.price, book.symbol.step), leaves(maker));
      quote = minus(quote, times(part, maker.price));
      qty = plus(qty, part);
      return !part.is_zero();
    });
    return qty <= free;
  }
  if (order.is_priced()) return times(order.price, order.qty) <= free;
  if (order.is_stop()) return times(order.stop_price, order.qty) <= free;
  if (!order.quote_qty.is_zero()) return order.quote_qty <= free;
  Decimal qty = order.qty;
  Decimal cost;
  walk(book, order.side, [&](const Order& maker) {
    if (is_own(maker)) return true;
    const Decimal part = least(qty, leaves(maker));
    cost = plus(cost, times(part, maker.price));
    qty = minus(qty, part);
    return !qty.is_zero();
  });
  return cost <= free;
}

bool Engine::is_fillable(const Book& book, const Order& order) const {
  Decimal wanted = leaves(order);
  walk(book, order.side, [&](const Order& maker) {
    if (is_worse(order.side, maker.price, order.price)) return false;
    if (maker.account == order.account && order.self_trade != SelfTrade::None) {
      return order.self_trade == SelfTrade::ExpireMaker;
    }
    wanted = minus(wanted, least(wanted, leaves(maker)));
    return !wanted.is_zero();
  });
  return wanted.is_zero();
}

void Engine::work(Book& book, Order& order, TimeUs now, Events& events) {
  order.working = order.updated = now;
  tell(ExecutionType::New, order, now, events);
  const bool kills = order.is_priced() && order.time_in_force == TimeInForce::FillOrKill;
  if (!kills || is_fillable(book, order)) match(book, order, now, events);
  if (!order.is_open()) return;
  if (order.is_priced() && order.time_in_force == TimeInForce::GoodTillCancel) return rest(book, order, events);
  order.expiry = kills               ? ExpiryReason::UnfilledFillOrKill
                 : order.is_priced() ? ExpiryReason::UnfilledImmediate
                                     : ExpiryReason::InsufficientLiquidity;
  finish(book, order, Status::Expired, now, events);
  tell(ExecutionType::Expired, order, now, events);
}

void Engine::match(Book& book, Order& taker, TimeUs now, Events& events) {
  const bool is_by_quote = !taker.quote_qty.is_zero();
  while (taker.is_open()) {
    Order* maker = nullptr;
    if (taker.side == Side::Buy) {
      if (!book.asks.empty()) maker = book.asks.begin()->second.queue.front();
    } else {
      if (!book.bids.empty()) maker = book.bids.begin()->second.queue.front();
    }
    if (maker == nullptr || (taker.is_priced() && is_worse(taker.side, maker->price, taker.price))) return;

    // By quote quantity: as many steps as what is left to spend pays for at this price.
    const auto affordable = [&](Decimal spent) {
      return qty_for(minus(taker.quote_qty, spent), maker->price, book.symbol.step);
    };
    const Decimal wanted = is_by_quote ? affordable(taker.cum_quote) : leaves(taker);
    if (wanted.is_zero()) return;  // not even one step; once something was bought, fill() has completed it
    const Decimal qty = least(wanted, leaves(*maker));
    if (maker->account == taker.account && taker.self_trade != SelfTrade::None) {
      const Decimal price = maker->price;
      const std::uint64_t maker_id = maker->id;
      if (taker.self_trade != SelfTrade::ExpireTaker) {
        unrest(book, *maker, events);
        prevent(book, *maker, qty, price, taker.id, now, events);
      }
      if (taker.self_trade != SelfTrade::ExpireMaker) prevent(book, taker, qty, price, maker_id, now, events);
      continue;
    }
    const bool completes =
        is_by_quote ? affordable(plus(taker.cum_quote, times(qty, maker->price))).is_zero() : qty == leaves(taker);
    fill(book, taker, completes, *maker, qty, now, events);
  }
}

void Engine::fill(Book& book, Order& taker, bool completes, Order& maker, Decimal qty, TimeUs now, Events& events) {
  const Decimal price = maker.price;
  const std::uint64_t trade_id = book.next_trade_id++;
  const Decimal quote = times(price, qty);
  book.last_price = price;
  book.low = least(book.low, price);
  book.high = price > book.high ? price : book.high;

  change_level(book, maker.side, maker.price, qty.negated(), events);
  const bool maker_done = plus(maker.executed, qty) == maker.qty;
  if (maker_done) {
    const auto pop = [&](auto& levels) {
      const auto level = levels.find(maker.price);
      level->second.queue.pop_front();
      if (level->second.queue.empty()) levels.erase(level);
    };
    if (maker.side == Side::Buy) pop(book.bids);
    else pop(book.asks);
  }
  const auto [buy, sell] = taker.side == Side::Buy ? std::pair{taker.id, maker.id} : std::pair{maker.id, taker.id};
  events.trades.push_back(
      {taker.symbol, trade_id, price, qty, quote, now, maker.side == Side::Buy, buy, sell, taker.id});
  settle(book, taker, completes, {trade_id, price, qty, quote, {}, {}, false}, now, events);
  settle(book, maker, maker_done, {trade_id, price, qty, quote, {}, {}, true}, now, events);
}

void Engine::settle(Book& book, Order& order, bool completes, const Fill& traded, TimeUs now, Events& events) {
  Fill fill = traded;
  const bool buys = order.side == Side::Buy;
  const Decimal gets = buys ? fill.qty : fill.quote;
  const Decimal pays = buys ? fill.quote : fill.qty;
  const Account& account = accounts_[order.account];
  fill.commission_asset = buys ? book.symbol.base : book.symbol.quote;
  fill.commission = times(gets, fill.is_maker ? account.maker_rate : account.taker_rate);

  Balance& received = balance(order.account, fill.commission_asset, events);
  received.free = plus(received.free, minus(gets, fill.commission));
  Balance& fees = balance(0, fill.commission_asset, events);
  fees.free = plus(fees.free, fill.commission);

  Balance& spent = balance(order.account, spends(book, order), events);
  Decimal released;  // reserved at the order's own price; a better one gives the difference back
  if (!order.locked.is_zero()) {
    released =
        buys ? least(order.locked, times(order.is_priced() ? order.price : order.stop_price, fill.qty)) : fill.qty;
  }
  order.locked = minus(order.locked, released);
  spent.locked = minus(spent.locked, released);
  spent.free = minus(plus(spent.free, released), pays);

  order.executed = plus(order.executed, fill.qty);
  order.cum_quote = plus(order.cum_quote, fill.quote);
  order.updated = now;
  if (!order.quote_qty.is_zero()) order.qty = order.executed;  // it is known only by what it has bought
  if (completes) {
    finish(book, order, Status::Filled, now, events);
  } else {
    order.status = Status::PartiallyFilled;
  }
  accounts_[order.account].updated = now;
  if (account.keeps_history) {
    trades_of_[order.account].push_back(
        {order.symbol, order.account, order.id, order.client_order_id, order.side, now, fill});
  }
  tell(ExecutionType::Trade, order, now, events);
  events.executions.back().fill = std::move(fill);
}

void Engine::trigger(Book& book, TimeUs now, Events& events) {
  for (;;) {
    Order* due = nullptr;
    for (const std::uint64_t id : book.stops) {
      Order& order = book.orders.at(id);
      const bool rises =
          (order.type == OrderType::StopLoss || order.type == OrderType::StopLossLimit) == (order.side == Side::Buy);
      if (rises ? book.high >= order.stop_price : book.low <= order.stop_price) {
        due = &order;
        break;
      }
    }
    if (due == nullptr) break;
    book.stops.erase(due->id);
    if (!due->is_priced()) {  // a market order from here on: it pays from what is free
      Balance& reserved = balance(due->account, spends(book, *due), events);
      reserved.locked = minus(reserved.locked, due->locked);
      reserved.free = plus(reserved.free, due->locked);
      due->locked = {};
      Order as_market = *due;
      as_market.type = OrderType::Market;
      if (!can_afford(book, as_market)) {
        due->expiry = ExpiryReason::Rejected;
        finish(book, *due, Status::Expired, now, events);
        tell(ExecutionType::Expired, *due, now, events);
        continue;
      }
    }
    work(book, *due, now, events);
  }
  book.low = book.high = book.last_price;
}

void Engine::rest(Book& book, Order& order, Events& events) {
  const Decimal qty = leaves(order);
  if (order.side == Side::Buy) book.bids[order.price].queue.push_back(&order);
  else book.asks[order.price].queue.push_back(&order);
  change_level(book, order.side, order.price, qty, events);
}

void Engine::unrest(Book& book, Order& order, Events& events) {
  change_level(book, order.side, order.price, leaves(order).negated(), events);
  const auto remove = [&](auto& levels) {
    const auto level = levels.find(order.price);
    auto& queue = level->second.queue;
    queue.erase(std::find(queue.begin(), queue.end(), &order));
    if (queue.empty()) levels.erase(level);
  };
  if (order.side == Side::Buy) remove(book.bids);
  else remove(book.asks);
}

void Engine::finish(Book& book, Order& order, Status status, TimeUs now, Events& events) {
  order.status = status;
  order.updated = now;
  book.open[order.account].erase(order.id);
  if (!order.locked.is_zero()) {
    Balance& reserved = balance(order.account, spends(book, order), events);
    reserved.locked = minus(reserved.locked, order.locked);
    reserved.free = plus(reserved.free, order.locked);
    order.locked = {};
  }
  accounts_[order.account].updated = now;
  if (!accounts_[order.account].keeps_history) finished_house_orders_.insert(order.id);
}

void Engine::prevent(Book& book, Order& order, Decimal qty, Decimal price, std::uint64_t counter, TimeUs now,
                     Events& events) {
  order.prevented_qty = leaves(order);
  order.prevented_match_id = static_cast<std::int64_t>(book.next_prevented_id++);
  finish(book, order, Status::ExpiredInMatch, now, events);
  tell(ExecutionType::TradePrevention, order, now, events);
  Execution& told = events.executions.back();
  told.prevented_qty = qty;
  told.prevented_price = price;
  told.counter_order = counter;
}

void Engine::lock(Order& order, Decimal amount, Events& events) {
  Balance& spent = balance(order.account, spends(books_[order.symbol], order), events);
  spent.free = minus(spent.free, amount);
  spent.locked = plus(spent.locked, amount);
  order.locked = amount;
}

void Engine::change_level(Book& book, Side side, Decimal price, Decimal difference, Events& events) {
  const auto change = [&](auto& levels) {
    Level& level = levels.at(price);
    level.qty = plus(level.qty, difference);
    return level.qty;
  };
  const Decimal qty = side == Side::Buy ? change(book.bids) : change(book.asks);
  const auto symbol = static_cast<SymbolId>(&book - books_.data());
  events.levels.push_back({symbol, side, price, qty, ++book.update_id});
}

void Engine::tell(ExecutionType type, const Order& order, TimeUs now, Events& events) {
  Execution told;
  told.type = type;
  told.order = order;
  told.id = next_execution_id_++;
  told.time = now;
  events.executions.push_back(std::move(told));
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
  return order.side == Side::Buy ? book.symbol.quote : book.symbol.base;
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
