#include "tools/venue/binance/filters.hpp"

#include "tools/venue/amount.hpp"

namespace busbar::venue::binance {
namespace {

bool fits(Decimal value, Decimal least, Decimal most, Decimal step) {
  return value >= least && (most.is_zero() || value <= most) && is_multiple(value, step);
}

// More than can be counted is more than any limit.
Decimal sum_of(Decimal a, Decimal b) { return add(a, b).value_or(Decimal{90'000'000'000, 0}); }

bool is_in_parts(const Symbol& symbol, const NewOrder& order) {
  const auto parts = divide(order.qty, order.iceberg_qty, 0, Round::Up);
  return parts && *parts <= Decimal{symbol.iceberg_parts_max, 0};
}

}  // namespace

FilterContext filter_context(const Engine& engine, AccountId account, SymbolId symbol) {
  FilterContext context;
  const auto& balances = engine.accounts()[account].balances;
  if (const auto base = balances.find(engine.symbol(symbol).base); base != balances.end()) {
    context.position = sum_of(base->second.free, base->second.locked);
  }
  for (const Order* open : engine.orders(account, symbol, true)) {
    ++context.open_orders;
    if (open->is_stop() && open->working == 0) ++context.stop_orders;
    if (open->iceberg_qty.is_positive()) ++context.iceberg_orders;
    if (open->side == Side::Buy) context.position = sum_of(context.position, minus(open->qty, open->executed));
  }
  return context;
}

std::optional<std::string_view> failed_filter(const Symbol& symbol, const NewOrder& order,
                                              const FilterContext& context) {
  const bool is_market = order.type == OrderType::Market;
  for (const Decimal price : {order.price, order.stop_price}) {
    if (!price.is_zero() && !fits(price, symbol.price_min, symbol.price_max, symbol.tick)) return "PRICE_FILTER";
  }
  if (!order.price.is_zero() && (order.price > times(context.average_price, symbol.percent_up) ||
                                 order.price < times(context.average_price, symbol.percent_down))) {
    return context.has_older_filters ? "PERCENT_PRICE" : "PERCENT_PRICE_BY_SIDE";
  }
  for (const Decimal qty : {order.qty, order.iceberg_qty}) {
    if (!qty.is_zero() && !fits(qty, symbol.qty_min, symbol.qty_max, symbol.step)) return "LOT_SIZE";
  }
  if (is_market && !order.qty.is_zero() && !fits(order.qty, {}, symbol.market_qty_max, {})) return "MARKET_LOT_SIZE";
  // Price and quantity are within their bounds from here on, so their product fits.
  const Decimal price = !order.price.is_zero()        ? order.price
                        : !order.stop_price.is_zero() ? order.stop_price
                                                      : context.average_price;
  const Decimal notional = order.quote_qty.is_zero() ? times(price, order.qty) : order.quote_qty;
  if (notional < symbol.notional_min) return context.has_older_filters ? "MIN_NOTIONAL" : "NOTIONAL";
  if (!context.has_older_filters && !is_market && !symbol.notional_max.is_zero() && notional > symbol.notional_max) {
    return "NOTIONAL";
  }
  if (order.iceberg_qty.is_positive()) {
    if (!is_in_parts(symbol, order)) return "ICEBERG_PARTS";
    if (context.iceberg_orders >= static_cast<std::size_t>(symbol.iceberg_orders_max)) return "MAX_NUM_ICEBERG_ORDERS";
  }
  if (order.trailing_delta &&
      (*order.trailing_delta < symbol.trailing_delta_min || *order.trailing_delta > symbol.trailing_delta_max)) {
    return "TRAILING_DELTA";
  }
  if (order.side == Side::Buy && symbol.position_max.is_positive() &&
      sum_of(context.position, order.qty) > symbol.position_max) {
    return "MAX_POSITION";
  }
  if (context.open_orders >= static_cast<std::size_t>(symbol.orders_max)) return "MAX_NUM_ORDERS";
  if (is_stop(order.type) && context.stop_orders >= static_cast<std::size_t>(symbol.stop_orders_max)) {
    return "MAX_NUM_ALGO_ORDERS";
  }
  return std::nullopt;
}

}  // namespace busbar::venue::binance
