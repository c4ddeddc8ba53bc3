#include "tools/venue/market.hpp"

#include <algorithm>
#include <cassert>

#include "tools/venue/amount.hpp"

namespace busbar::venue {
namespace {

constexpr int levels = 10;
constexpr std::int64_t fortune = 1'000'000'000;  // of every asset, in each of the house's accounts

std::int64_t ticks_of(Decimal price, Decimal tick) {
  const auto count = divide(price, tick, 0, Round::Nearest);
  assert(count);
  std::int64_t ticks = count->mantissa();
  for (int exponent = count->exponent(); exponent > 0; --exponent) ticks *= 10;
  return ticks;
}

Decimal price_of(std::int64_t ticks, Decimal tick) { return times(Decimal{ticks, 0}, tick); }

// What a notional in quote units buys at a price, in whole steps, at least the least quantity.
Decimal qty_for(std::int64_t notional, Decimal price, const Symbol& symbol) {
  const auto raw = divide(Decimal{notional, 0}, price, places_max, Round::Down);
  assert(raw);
  const auto qty = round_to(*raw, symbol.step, Round::Down);
  assert(qty);
  return *qty < symbol.qty_min ? symbol.qty_min : *qty;
}

}  // namespace

Market::Market(Engine& engine, std::uint64_t seed, TimeUs now) : engine_{engine}, random_{seed} {
  maker_ = engine_.open_account("maker", {}, {}, false);
  taker_ = engine_.open_account("taker", {}, {}, false);
  house_ = engine_.open_account("house", {}, {}, true);
  for (const std::string& asset : engine_.assets()) {
    for (const AccountId account : {maker_, taker_, house_}) engine_.deposit(account, asset, Decimal{fortune, 0}, now);
  }
  for (SymbolId id = 0; id < engine_.symbol_count(); ++id) {
    mid_ticks_.push_back(ticks_of(engine_.symbol(id).start_price, engine_.symbol(id).tick));
  }
}

void Market::quote_all(TimeUs now, Events& events) {
  for (SymbolId id = 0; id < engine_.symbol_count(); ++id) quote(id, now, events);
}

void Market::step(TimeUs now, Events& events) {
  const SymbolId id = below(engine_.symbol_count());
  const Symbol& symbol = engine_.symbol(id);
  const std::int64_t start = ticks_of(symbol.start_price, symbol.tick);
  const std::int64_t stride = std::max<std::int64_t>(1, start / 10'000);
  std::int64_t& mid = mid_ticks_[id];
  mid += static_cast<std::int64_t>(below(static_cast<std::uint64_t>(2 * stride + 1))) - stride;
  mid = std::clamp(mid, start - start / 4,
                   start + start / 4);  // far enough to look alive, near enough to stay in the filters
  quote(id, now, events);
  if (below(3) == 0) {
    NewOrder take;
    take.type = OrderType::Market;
    take.side = below(2) == 0 ? Side::Buy : Side::Sell;
    take.qty = qty_for(static_cast<std::int64_t>(50 + below(3'000)), price_of(mid, symbol.tick), symbol);
    static_cast<void>(engine_.place(taker_, id, take, now, events));
  }
}

void Market::clear(TimeUs now, Events& events) {
  for (SymbolId id = 0; id < engine_.symbol_count(); ++id) cancel_quotes(id, now, events);
}

void Market::quote(SymbolId id, TimeUs now, Events& events) {
  cancel_quotes(id, now, events);
  const Symbol& symbol = engine_.symbol(id);
  const std::int64_t mid = mid_ticks_[id];
  const std::int64_t gap = std::max<std::int64_t>(1, mid / 20'000);
  for (int level = 0; level < levels; ++level) {
    for (const Side side : {Side::Buy, Side::Sell}) {
      const std::int64_t away = gap * (level + 1) + static_cast<std::int64_t>(below(static_cast<std::uint64_t>(gap)));
      if (side == Side::Buy && away >= mid) continue;  // of what costs a few ticks there are no ten prices below
      NewOrder order;
      order.side = side;
      order.price = price_of(side == Side::Buy ? mid - away : mid + away, symbol.tick);
      order.qty = qty_for(static_cast<std::int64_t>(2'000 + below(8'000)), order.price, symbol);
      static_cast<void>(engine_.place(maker_, id, order, now, events));
    }
  }
}

void Market::cancel_quotes(SymbolId id, TimeUs now, Events& events) {
  for (const Order* order : engine_.orders(maker_, id, true)) {
    static_cast<void>(engine_.cancel(maker_, id, order->id, {}, CancelRestriction::None, now, events));
  }
}

}  // namespace busbar::venue
