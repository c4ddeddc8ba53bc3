#include "tools/venue/binance/filters.hpp"

#include "tools/venue/amount.hpp"

namespace busbar::venue::binance {
namespace {

bool fits(Decimal value, Decimal least, Decimal most, Decimal step) {
  return value >= least && (most.is_zero() || value <= most) && is_multiple(value, step);
}

bool is_stop(OrderType type) {
  return type == OrderType::StopLoss || type == OrderType::StopLossLimit || type == OrderType::TakeProfit ||
         type == OrderType::TakeProfitLimit;
}

}  // namespace

std::optional<std::string_view> failed_filter(const Symbol& symbol, const NewOrder& order,
                                              const FilterContext& context) {
  const bool is_market = order.type == OrderType::Market;
  for (const Decimal price : {order.price, order.stop_price}) {
    if (!price.is_zero() && !fits(price, symbol.price_min, symbol.price_max, symbol.tick)) return "PRICE_FILTER";
  }
  if (!order.price.is_zero() && (order.price > times(context.average_price, symbol.percent_up) ||
                                 order.price < times(context.average_price, symbol.percent_down))) {
    return "PERCENT_PRICE_BY_SIDE";
  }
  if (!order.qty.is_zero()) {
    if (!fits(order.qty, symbol.qty_min, symbol.qty_max, symbol.step)) return "LOT_SIZE";
    if (is_market && !fits(order.qty, {}, symbol.market_qty_max, {})) return "MARKET_LOT_SIZE";
  }
  // Price and quantity are within their bounds from here on, so their product fits.
  const Decimal price = !order.price.is_zero() ? order.price : is_market ? context.average_price : order.stop_price;
  const Decimal notional = order.quote_qty.is_zero() ? times(price, order.qty) : order.quote_qty;
  if (notional < symbol.notional_min) return "NOTIONAL";
  if (!is_market && !symbol.notional_max.is_zero() && notional > symbol.notional_max) return "NOTIONAL";
  if (context.open_orders >= static_cast<std::size_t>(symbol.orders_max)) return "MAX_NUM_ORDERS";
  if (is_stop(order.type) && context.stop_orders >= static_cast<std::size_t>(symbol.stop_orders_max)) {
    return "MAX_NUM_ALGO_ORDERS";
  }
  return std::nullopt;
}

}  // namespace busbar::venue::binance
