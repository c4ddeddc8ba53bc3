#include "tools/venue/binance/order_reader.hpp"

namespace busbar::venue::binance {

OrderNames leg_names(const std::string& prefix, std::string side, std::string quantity) {
  OrderNames names;
  names.side = std::move(side);
  names.quantity = std::move(quantity);
  names.type = prefix + "Type";
  names.time_in_force = prefix + "TimeInForce";
  names.quote_quantity = prefix + "QuoteOrderQty";
  names.price = prefix + "Price";
  names.stop_price = prefix + "StopPrice";
  names.trailing_delta = prefix + "TrailingDelta";
  names.iceberg_qty = prefix + "IcebergQty";
  names.client_order_id = prefix + "ClientOrderId";
  names.strategy_id = prefix + "StrategyId";
  names.strategy_type = prefix + "StrategyType";
  return names;
}

namespace {

// A whole number by its nature; a decimal by the documentation of some lists.
std::optional<std::int64_t> read_trailing_delta(Params& params, const std::string& name) {
  if (name == "trailingDelta") return params.integer(name);
  const auto delta = params.decimal(name);
  if (!delta) return std::nullopt;
  if (!is_multiple(*delta, Decimal{1, 0}) || *delta > Decimal{10'000, 0}) {
    params.refuse(-1130, "Data sent for parameter '" + name + "' is not valid.");
    return std::nullopt;
  }
  std::int64_t whole = delta->normalized().mantissa();
  for (int exponent = delta->normalized().exponent(); exponent > 0; --exponent) whole *= 10;
  return whole;
}

bool has_time_in_force(OrderType type) { return is_priced(type) && type != OrderType::LimitMaker; }

void read_side_and_type(Params& params, const OrderNames& names, NewOrder& order) {
  const std::string side = params.required_text(names.side);
  const std::string type =
      names.fixed_type ? std::string{name_of(*names.fixed_type)} : params.required_text(names.type);
  if (params.error()) return;
  if (const auto known = side_named(side)) order.side = *known;
  else params.refuse(-1117, "Invalid side.");
  if (const auto known = order_type_named(type)) order.type = *known;
  else params.refuse(-1116, "Invalid orderType.");
}

void read_time_in_force(Params& params, const OrderNames& names, NewOrder& order) {
  if (!has_time_in_force(order.type)) return params.refuse_if_sent(names.time_in_force);
  const std::string name = params.required_text(names.time_in_force);
  if (const auto known = time_in_force_named(name)) order.time_in_force = *known;
  else params.refuse(-1115, "Invalid timeInForce.");
}

void read_quantity(Params& params, const OrderNames& names, const Symbol& rules, NewOrder& order) {
  if (order.type == OrderType::Market) {
    params.require_one_of(names.quantity, names.quote_quantity);
    if (params.has(names.quantity)) params.refuse_if_sent(names.quote_quantity);
    order.qty = params.decimal(names.quantity).value_or(Decimal{});
    order.quote_qty = params.decimal(names.quote_quantity).value_or(Decimal{});
    if (params.has(names.quote_quantity)) {
      if (order.quote_qty.is_zero()) params.refuse(-1013, "Invalid " + names.quote_quantity + ".");
      if (!rules.quote_qty_allowed) {
        params.refuse(-1013, "Quote order qty market orders are not support for this symbol.");
      }
    }
  } else {
    order.qty = params.required_decimal(names.quantity);
    params.refuse_if_sent(names.quote_quantity);
  }
  if (params.has(names.quantity) && order.qty.is_zero()) params.refuse(-1013, "Invalid " + names.quantity + ".");
}

void read_price(Params& params, const OrderNames& names, NewOrder& order) {
  if (!is_priced(order.type)) return params.refuse_if_sent(names.price);
  if (params.has("pegPriceType")) params.refuse(-1013, "Pegged orders are not supported for this symbol.");
  order.price = params.required_decimal(names.price);
  if (order.price.is_zero()) params.refuse(-1013, "Invalid " + names.price + ".");
}

void read_stop(Params& params, const OrderNames& names, const Symbol& rules, NewOrder& order) {
  if (!is_stop(order.type)) {
    params.refuse_if_sent(names.stop_price);
    return params.refuse_if_sent(names.trailing_delta);
  }
  params.require_one_of(names.stop_price, names.trailing_delta);
  order.stop_price = params.decimal(names.stop_price).value_or(Decimal{});
  if (params.has(names.stop_price) && order.stop_price.is_zero()) {
    params.refuse(-1013, "Invalid " + names.stop_price + ".");
  }
  order.trailing_delta = read_trailing_delta(params, names.trailing_delta);
  if (order.trailing_delta && !rules.trailing_allowed) {
    params.refuse(-1013, "Trailing stop orders are not supported for this symbol.");
  }
}

void read_iceberg(Params& params, const OrderNames& names, const Symbol& rules, NewOrder& order) {
  if (!is_priced(order.type)) return params.refuse_if_sent(names.iceberg_qty);
  order.iceberg_qty = params.decimal(names.iceberg_qty).value_or(Decimal{});
  if (!order.iceberg_qty.is_positive()) return;
  if (!rules.iceberg_allowed) params.refuse(-1013, "Iceberg orders are not supported for this symbol.");
  if (has_time_in_force(order.type) && order.time_in_force != TimeInForce::GoodTillCancel) {
    if (names.time_in_force == "timeInForce") params.refuse(-1014, "Unsupported order combination");
    params.refuse(-1160, "Parameter '" + names.iceberg_qty + "' is not supported if `" + names.time_in_force +
                             "` is not GTC.");
  }
  if (order.iceberg_qty > order.qty) params.refuse(-1013, "IcebergQty exceeds QTY.");
}

}  // namespace

// In this order: the first that is wrong is what the answer names.
NewOrder read_order(Params& params, const OrderNames& names, const Symbol& rules) {
  NewOrder order;
  read_side_and_type(params, names, order);
  if (params.error()) return order;
  read_time_in_force(params, names, order);
  read_quantity(params, names, rules, order);
  read_price(params, names, order);
  read_stop(params, names, rules, order);
  read_iceberg(params, names, rules, order);
  order.client_order_id = params.client_order_id(names.client_order_id).value_or(std::string{});
  order.strategy_id = params.integer(names.strategy_id);
  order.strategy_type = params.integer(names.strategy_type);
  if (order.strategy_type && *order.strategy_type < 1'000'000) {
    params.refuse(-1134, "`strategyType` was less than 1000000.");
  }
  return order;
}

void refuse_if_unsupported(Params& params, const NewOrder& order, const Symbol& rules) {
  if (rules.stop_market_allowed) return;
  if (order.type == OrderType::StopLoss) {
    params.refuse(-1013, "Stop loss orders are not supported for this symbol.");
  } else if (order.type == OrderType::TakeProfit) {
    params.refuse(-1013, "Take profit orders are not supported for this symbol.");
  }
}

SelfTrade read_self_trade(Params& params, const Symbol& rules) {
  const auto mode = params.text("selfTradePreventionMode");
  if (!mode) return rules.self_trade_default;
  const auto known = self_trade_named(*mode);
  if (!known) {
    params.refuse(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.");
  } else if (!rules.self_trade_allowed.contains(*known)) {
    params.refuse(-1013, "This symbol does not allow the specified self-trade prevention mode.");
  }
  return known.value_or(rules.self_trade_default);
}

}  // namespace busbar::venue::binance
