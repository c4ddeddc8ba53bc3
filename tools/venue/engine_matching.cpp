// How orders trade: by price and then by time, with what rests, waits for its trigger, or belongs to the same account.

#include <algorithm>
#include <cassert>

#include "tools/venue/amount.hpp"
#include "tools/venue/engine.hpp"

namespace busbar::venue {
namespace {

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

// One's own order expires instead.
bool will_not_trade(const Order& taker, const Order& maker) {
  return maker.account == taker.account && taker.self_trade != SelfTrade::None;
}

}  // namespace

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

std::optional<Refusal> Engine::refusal_of(const Book& book, const Order& order) const {
  if (book.symbol.status != SymbolStatus::Trading) return Refusal::MarketClosed;
  if (order.is_stop() && !order.stop_price.is_zero()) {
    if (order.belongs_above() ? book.last_price >= order.stop_price : book.last_price <= order.stop_price) {
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
  return std::nullopt;
}

// What a market order by quote quantity will trade: as many whole steps as the book gives for it.
Decimal Engine::qty_by_quote(const Book& book, const Order& order) const {
  Decimal quote = order.quote_qty;
  Decimal qty;
  walk(book, order.side, [&](const Order& maker) {
    if (will_not_trade(order, maker)) return true;
    const Decimal part = least(qty_for(quote, maker.price, book.symbol.step), maker.leaves());
    quote = minus(quote, times(part, maker.price));
    qty = plus(qty, part);
    return !qty_for(quote, maker.price, book.symbol.step).is_zero();  // done where match() is
  });
  return qty;
}

// A market order reserves nothing, so what it will cost is looked up in the book before it starts.
bool Engine::can_afford(const Book& book, const Order& order) const {
  const auto& balances = accounts_[order.account].balances;
  const auto found = balances.find(spends(book, order));
  const Decimal free = found == balances.end() ? Decimal{} : found->second.free;
  if (order.type != OrderType::Market) return reservation(book, order) <= free;
  if (order.side == Side::Sell) return order.qty <= free;
  if (!order.quote_qty.is_zero()) return with_commission(order, order.quote_qty, Round::Up) <= free;
  Decimal qty = order.qty;
  Decimal cost;
  walk(book, order.side, [&](const Order& maker) {
    if (will_not_trade(order, maker)) return true;
    const Decimal part = least(qty, maker.leaves());
    cost = plus(cost, times(part, maker.price));
    qty = minus(qty, part);
    return !qty.is_zero();
  });
  return with_commission(order, cost, Round::Up) <= free;
}

bool Engine::is_fillable(const Book& book, const Order& order) const {
  Decimal wanted = order.leaves();
  walk(book, order.side, [&](const Order& maker) {
    if (is_worse(order.side, maker.price, order.price)) return false;
    if (maker.account == order.account && order.self_trade != SelfTrade::None) {
      return order.self_trade == SelfTrade::ExpireMaker;
    }
    wanted = minus(wanted, least(wanted, maker.leaves()));
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
  expire(book, order,
         kills               ? ExpiryReason::UnfilledFillOrKill
         : order.is_priced() ? ExpiryReason::UnfilledImmediate
                             : ExpiryReason::InsufficientLiquidity,
         now, events);
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
    const Decimal wanted = is_by_quote ? affordable(taker.cum_quote) : taker.leaves();
    if (wanted.is_zero()) return;  // not even one step; once something was bought, fill() has completed it
    const Decimal qty = least(wanted, maker->displayed);
    if (maker->account == taker.account && taker.self_trade != SelfTrade::None) {
      prevent_self_trade(book, taker, *maker, qty, now, events);
      continue;
    }
    const bool completes =
        is_by_quote ? affordable(plus(taker.cum_quote, times(qty, maker->price))).is_zero() : qty == taker.leaves();
    fill(book, taker, completes, *maker, qty, now, events);
  }
}

void Engine::fill(Book& book, Order& taker, bool completes, Order& maker, Decimal qty, TimeUs now, Events& events) {
  claim(book, taker, now, events);
  claim(book, maker, now, events);
  const Decimal price = maker.price;
  const std::uint64_t trade_id = book.next_trade_id++;
  const Decimal quote = times(price, qty);
  book.last_price = price;
  book.fresh_prices.push_back(price);

  change_level(book, maker.side, maker.price, qty.negated(), events);
  maker.displayed = minus(maker.displayed, qty);
  const bool maker_done = maker.leaves() == qty;
  if (maker.displayed.is_zero()) leave_queue(book, maker);
  const auto [buy, sell] = taker.side == Side::Buy ? std::pair{taker.id, maker.id} : std::pair{maker.id, taker.id};
  events.trades.push_back(
      {taker.symbol, trade_id, price, qty, quote, now, maker.side == Side::Buy, buy, sell, taker.id});
  settle(book, taker, completes, {trade_id, price, qty, quote, {}, {}, false}, now, events);
  settle(book, maker, maker_done, {trade_id, price, qty, quote, {}, {}, true}, now, events);
  if (maker.is_open() && maker.displayed.is_zero()) rest(book, maker, events);  // an iceberg's next part, at the end
}

void Engine::settle(Book& book, Order& order, bool completes, const Fill& traded, TimeUs now, Events& events) {
  Fill fill = traded;
  const bool buys = order.side == Side::Buy;
  const bool is_on_top = buys && commission_ == Commission::InQuote;
  const Account& account = accounts_[order.account];
  fill.commission_asset = buys && !is_on_top ? book.symbol.base : order.quote_asset;
  const Decimal taxed = buys && !is_on_top ? fill.qty : fill.quote;
  fill.commission = times(taxed, fill.is_maker ? account.maker_rate : account.taker_rate);
  const Decimal gets = is_on_top ? fill.qty : minus(taxed, fill.commission);
  const Decimal pays = is_on_top ? plus(fill.quote, fill.commission) : buys ? fill.quote : fill.qty;

  Balance& received = balance(order.account, buys ? book.symbol.base : order.quote_asset, events);
  received.free = plus(received.free, gets);
  Balance& fees = balance(0, fill.commission_asset, events);
  fees.free = plus(fees.free, fill.commission);

  Balance& spent = balance(order.account, spends(book, order), events);
  Decimal released;  // reserved at the order's own price; a better one gives the difference back
  if (!order.locked.is_zero()) {
    const Decimal reserved = times(order.is_priced() ? order.price : order.stop_price, fill.qty);
    released = buys ? least(order.locked, with_commission(order, reserved, Round::Down)) : fill.qty;
  }
  order.locked = minus(order.locked, released);
  spent.locked = minus(spent.locked, released);
  spent.free = minus(plus(spent.free, released), pays);

  order.executed = plus(order.executed, fill.qty);
  order.cum_quote = plus(order.cum_quote, fill.quote);
  order.updated = now;
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
  tell(ExecutionType::Trade, order, now, events).fill = std::move(fill);
}

void Engine::settle_consequences(Book& book, TimeUs now, Events& events) {
  do {
    trigger(book, now, events);
    for (const std::uint64_t id : std::exchange(touched_lists_, {})) progress(book, lists_.at(id), now, events);
  } while (!book.fresh_prices.empty() || !touched_lists_.empty());
}

// Price after price, as they were traded: a trailing stop depends on the way and not on its ends.
void Engine::trigger(Book& book, TimeUs now, Events& events) {
  for (std::size_t seen = 0; seen < book.fresh_prices.size(); ++seen) {
    const Decimal price = book.fresh_prices[seen];
    std::vector<std::uint64_t> due;
    for (const std::uint64_t id : book.stops) {
      Order& order = book.orders.at(id);
      const bool is_at_stop = order.belongs_above() ? price >= order.stop_price : price <= order.stop_price;
      if (!order.trailing_delta) {
        if (is_at_stop) due.push_back(id);
      } else if (order.trailing_since == 0) {
        if (!is_at_stop) continue;
        order.trailing_since = now;
        order.trailing_extreme = price;
      } else {
        const bool buys = order.side == Side::Buy;
        order.trailing_extreme =
            buys ? least(order.trailing_extreme, price) : std::max(order.trailing_extreme, price);
        const Decimal part{10'000 + (buys ? *order.trailing_delta : -*order.trailing_delta), -4};
        const Decimal turn = times(order.trailing_extreme, part);
        if (buys ? price >= turn : price <= turn) due.push_back(id);
      }
    }
    for (const std::uint64_t id : due) {
      if (book.stops.erase(id) != 0) trigger(book, book.orders.at(id), now, events);
    }
  }
  book.fresh_prices.clear();
}

void Engine::trigger(Book& book, Order& due, TimeUs now, Events& events) {
  claim(book, due, now, events);
  if (!due.is_priced()) {  // a market order from here on: it pays from what is free
    reserve(due, {}, events);
    Order as_market = due;
    as_market.type = OrderType::Market;
    if (!can_afford(book, as_market)) return expire(book, due, ExpiryReason::Rejected, now, events);
  }
  work(book, due, now, events);
}

void Engine::rest(Book& book, Order& order, Events& events) {
  order.displayed = order.iceberg_qty.is_zero() ? order.leaves() : least(order.iceberg_qty, order.leaves());
  if (order.side == Side::Buy) book.bids[order.price].queue.push_back(&order);
  else book.asks[order.price].queue.push_back(&order);
  change_level(book, order.side, order.price, order.displayed, events);
}

void Engine::unrest(Book& book, Order& order, Events& events) {
  change_level(book, order.side, order.price, order.displayed.negated(), events);
  order.displayed = {};
  leave_queue(book, order);
}

void Engine::leave_queue(Book& book, Order& order) {
  const auto remove = [&](auto& levels) {
    const auto level = levels.find(order.price);
    auto& queue = level->second.queue;
    queue.erase(std::find(queue.begin(), queue.end(), &order));
    if (queue.empty()) levels.erase(level);
  };
  if (order.side == Side::Buy) remove(book.bids);
  else remove(book.asks);
}

// The taker's mode decides. A market order by quote quantity has no quantity of which a part could go: all of it does.
void Engine::prevent_self_trade(Book& book, Order& taker, Order& maker, Decimal qty, TimeUs now, Events& events) {
  const bool is_decrement = taker.self_trade == SelfTrade::Decrement;
  const bool has_parts = taker.quote_qty.is_zero();
  PreventedMatch match;
  match.symbol = taker.symbol;
  match.account = taker.account;
  match.id = book.next_prevented_id++;
  match.taker_order = taker.id;
  match.maker_order = maker.id;
  match.mode = taker.self_trade;
  match.price = maker.price;
  match.time = now;
  if (taker.self_trade != SelfTrade::ExpireMaker) {
    match.taker_prevented = is_decrement && has_parts ? qty : taker.leaves();
  }
  if (taker.self_trade != SelfTrade::ExpireTaker) match.maker_prevented = is_decrement ? qty : maker.leaves();
  const auto complete = [&](std::uint64_t counter, Decimal expired) {
    Execution& told = events.executions.back();
    told.expired_qty = expired;
    told.prevented_qty = qty;
    told.prevented_price = match.price;
    told.counter_order = counter;
  };
  if (match.maker_prevented) {
    const bool is_over = *match.maker_prevented == maker.leaves();
    if (is_over) {
      unrest(book, maker, events);
    } else {
      change_level(book, maker.side, maker.price, match.maker_prevented->negated(), events);
      maker.displayed = minus(maker.displayed, *match.maker_prevented);
      if (maker.displayed.is_zero()) leave_queue(book, maker);
    }
    prevent(book, maker, *match.maker_prevented, match.id, now, events);
    complete(taker.id, *match.maker_prevented);
    if (maker.is_open() && maker.displayed.is_zero()) rest(book, maker, events);
  }
  if (match.taker_prevented) {
    prevent(book, taker, *match.taker_prevented, match.id, now, events);
    complete(maker.id, *match.taker_prevented);
  }
  if (accounts_[match.account].keeps_history) prevented_matches_.push_back(std::move(match));
}

void Engine::prevent(Book& book, Order& order, Decimal amount, std::int64_t match_id, TimeUs now, Events& events) {
  order.prevented_qty = plus(order.prevented_qty, amount);
  order.prevented_match_id = match_id;
  order.updated = now;
  if (order.leaves().is_zero()) finish(book, order, Status::ExpiredInMatch, now, events);
  else if (!order.locked.is_zero()) reserve(order, reservation(book, order), events);
  tell(ExecutionType::TradePrevention, order, now, events);
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

}  // namespace busbar::venue
