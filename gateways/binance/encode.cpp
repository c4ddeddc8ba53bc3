#include "gateways/binance/encode.hpp"

#include <algorithm>

#include <boost/json.hpp>

namespace busbar::binance {

namespace {

// Plain digits with no zeros behind: 55000, 0.00078.
std::string digits(Decimal value) { return to_string(value.normalized()); }

Error invalid(std::string text) { return Error{ErrorCode::InvalidOrder, std::move(text)}; }
Error unsupported(std::string text) { return Error{ErrorCode::Unsupported, std::move(text)}; }

std::string_view type_name(OrderType type) {
  switch (type) {
    case OrderType::Market: return "MARKET";
    case OrderType::Limit: return "LIMIT";
    case OrderType::Stop: return "STOP_LOSS";
    case OrderType::StopLimit: return "STOP_LOSS_LIMIT";
    case OrderType::MarketIfTouched: return "TAKE_PROFIT";
    case OrderType::LimitIfTouched: return "TAKE_PROFIT_LIMIT";
    case OrderType::Unset: break;
  }
  return {};
}

std::string_view time_in_force_name(TimeInForce time_in_force) {
  switch (time_in_force) {
    case TimeInForce::GoodTillCancel: return "GTC";
    case TimeInForce::ImmediateOrCancel: return "IOC";
    case TimeInForce::FillOrKill: return "FOK";
    default: return {};
  }
}

std::string_view prevention_name(SelfTradePrevention prevention) {
  switch (prevention) {
    case SelfTradePrevention::None: return "NONE";
    case SelfTradePrevention::ExpireTaker: return "EXPIRE_TAKER";
    case SelfTradePrevention::ExpireMaker: return "EXPIRE_MAKER";
    case SelfTradePrevention::ExpireBoth: return "EXPIRE_BOTH";
    case SelfTradePrevention::Decrement: return "DECREMENT";
    case SelfTradePrevention::Unset: break;
  }
  return {};
}

bool is_triggered(OrderType type) {
  return type == OrderType::Stop || type == OrderType::StopLimit || type == OrderType::MarketIfTouched ||
         type == OrderType::LimitIfTouched;
}
bool has_limit(OrderType type) {
  return type == OrderType::Limit || type == OrderType::StopLimit || type == OrderType::LimitIfTouched;
}

// `value` on the grid of `step`, as the order wants it rounded.
Result<Decimal> on_grid(std::string_view field, Decimal value, const std::optional<Decimal>& step, Rounding rounding) {
  if (!value.is_positive()) return invalid(std::string{field} + ": must be greater than zero");
  if (!step || is_multiple(value, *step)) return value;
  std::optional<Decimal> rounded;
  switch (rounding) {
    case Rounding::Refuse: break;
    case Rounding::Down: rounded = round_to(value, *step, Round::Down); break;
    case Rounding::Up: rounded = round_to(value, *step, Round::Up); break;
    case Rounding::Nearest: rounded = round_to(value, *step, Round::Nearest); break;
  }
  if (rounded && rounded->is_positive()) return *rounded;
  return invalid(std::string{field} + ": " + to_string(value) + " is no multiple of " + digits(*step));
}

// Table of time in force against type. Empty when the pair can be asked for.
std::string_view refused_time_in_force(const NewOrder& order) {
  const TimeInForce asked = order.time_in_force;
  if (order.order_type == OrderType::Market) {
    if (asked == TimeInForce::FillOrKill) {
      return "a market order fills what it can: Binance has no all-or-nothing for it";
    }
    // Day and GoodTillCancel say no more than IOC here, for a market order never rests.
    const bool is_plain = asked == TimeInForce::Day || asked == TimeInForce::GoodTillCancel ||
                          asked == TimeInForce::ImmediateOrCancel;
    return is_plain ? std::string_view{} : "Binance has no such time in force for a market order";
  }
  if (time_in_force_name(asked).empty()) {
    return "Binance has GoodTillCancel, ImmediateOrCancel and FillOrKill, and no day or date";
  }
  if (asked == TimeInForce::GoodTillCancel) return {};
  if (order.post_only) return "a post-only order rests: only GoodTillCancel can be asked for";
  if (!has_limit(order.order_type)) return "what is triggered is a market order: its time in force cannot be set";
  if (order.display_qty) return "an iceberg order rests: only GoodTillCancel can be asked for";
  return {};
}

std::optional<Error> refuse(const NewOrder& order, const Instrument& instrument) {
  if (order.side == Side::Unset) return invalid("side: missing");
  if (order.order_type == OrderType::Unset) return invalid("order_type: missing");
  if (const auto reason = refused_time_in_force(order); !reason.empty()) {
    return unsupported("time_in_force: " + std::string{reason});
  }
  const bool is_listed = instrument.order_types.empty() ||
                         std::find(instrument.order_types.begin(), instrument.order_types.end(), order.order_type) !=
                             instrument.order_types.end();
  if (!is_listed) {
    return unsupported("order_type: " + std::string{view(instrument.symbol)} + " takes no " +
                       std::string{type_name(order.order_type)} + " orders");
  }
  if (order.reduce_only) return unsupported("reduce_only: spot has no positions");
  if (order.extended_hours) return unsupported("extended_hours: Binance never closes");
  if (order.expire_date_ns != 0) return unsupported("expire_date_ns: Binance has no date to expire on");
  if (order.post_only && order.order_type != OrderType::Limit) return unsupported("post_only: only for limit orders");
  if (order.price && !has_limit(order.order_type)) return invalid("price: an order of this type has none");
  if (!order.price && has_limit(order.order_type)) return invalid("price: missing");
  if (order.stop_px && !is_triggered(order.order_type)) return invalid("stop_px: an order of this type has none");
  if (order.trailing_delta_bps != 0 && !is_triggered(order.order_type)) {
    return invalid("trailing_delta_bps: an order of this type has none");
  }
  if (order.trailing_delta_bps != 0 && !instrument.can_trailing_stop) {
    return unsupported("trailing_delta_bps: " + std::string{view(instrument.symbol)} + " takes no trailing stops");
  }
  if (is_triggered(order.order_type) && !order.stop_px && order.trailing_delta_bps == 0) {
    return invalid("stop_px: missing, and no trailing_delta_bps either");
  }
  if (order.order_qty.has_value() == order.cash_order_qty.has_value()) {
    return invalid("order_qty: exactly one of order_qty and cash_order_qty is wanted");
  }
  if (order.cash_order_qty && order.order_type != OrderType::Market) {
    return unsupported("cash_order_qty: only for market orders");
  }
  if (order.cash_order_qty && !instrument.can_cash_order_qty) {
    return unsupported("cash_order_qty: " + std::string{view(instrument.symbol)} + " takes no orders by amount");
  }
  if (order.display_qty && !has_limit(order.order_type)) {
    return unsupported("display_qty: only for orders with a limit");
  }
  if (order.display_qty && !instrument.can_iceberg) {
    return unsupported("display_qty: " + std::string{view(instrument.symbol)} + " takes no iceberg orders");
  }
  return std::nullopt;
}

Request signed_request(std::string method, std::string path, Params params) {
  return {
      .method = std::move(method), .path = std::move(path), .params = std::move(params), .security = Security::Signed};
}

Params order_names(std::string_view broker_symbol, std::string_view venue_order_id, std::string_view broker_order_id) {
  Params params{{"symbol", std::string{broker_symbol}}};
  if (!broker_order_id.empty()) params.emplace_back("orderId", broker_order_id);
  if (!venue_order_id.empty()) params.emplace_back("origClientOrderId", venue_order_id);
  return params;
}

}  // namespace

Result<Request> encode_place(const NewOrder& order, const Instrument& instrument, std::string_view venue_order_id) {
  if (auto error = refuse(order, instrument)) return *std::move(error);

  Request request = signed_request("POST", "/api/v3/order", {});
  const auto add = [&](std::string_view name, std::string_view value) { request.params.emplace_back(name, value); };
  const auto add_on_grid = [&](std::string_view name, std::string_view field, Decimal value,
                               const std::optional<Decimal>& step) -> std::optional<Error> {
    const auto rounded = on_grid(field, value, step, order.rounding);
    if (!rounded) return rounded.error();
    add(name, digits(*rounded));
    return std::nullopt;
  };

  add("symbol", view(instrument.broker_symbol));
  add("side", order.side == Side::Buy ? "BUY" : "SELL");
  add("type", order.post_only ? "LIMIT_MAKER" : type_name(order.order_type));
  if (has_limit(order.order_type) && !order.post_only) add("timeInForce", time_in_force_name(order.time_in_force));
  if (order.order_qty) {
    if (auto error = add_on_grid("quantity", "order_qty", *order.order_qty, instrument.lot_size)) {
      return *std::move(error);
    }
  }
  if (order.cash_order_qty) {
    const Decimal smallest{1, -static_cast<int>(instrument.quote_precision)};
    if (auto error = add_on_grid("quoteOrderQty", "cash_order_qty", *order.cash_order_qty, smallest)) {
      return *std::move(error);
    }
  }
  if (order.price) {
    if (auto error = add_on_grid("price", "price", *order.price, instrument.tick_size)) return *std::move(error);
  }
  if (order.stop_px) {
    if (auto error = add_on_grid("stopPrice", "stop_px", *order.stop_px, instrument.tick_size)) {
      return *std::move(error);
    }
  }
  if (order.trailing_delta_bps != 0) add("trailingDelta", std::to_string(order.trailing_delta_bps));
  if (order.display_qty) {
    if (auto error = add_on_grid("icebergQty", "display_qty", *order.display_qty, instrument.lot_size)) {
      return *std::move(error);
    }
  }
  if (const auto name = prevention_name(order.self_trade_prevention); !name.empty()) {
    add("selfTradePreventionMode", name);
  }
  if (!venue_order_id.empty()) add("newClientOrderId", venue_order_id);
  add("newOrderRespType", "FULL");
  return request;
}

Request encode_cancel(std::string_view broker_symbol, std::string_view venue_order_id, std::string_view broker_order_id,
                      std::string_view cancel_venue_order_id) {
  Request request =
      signed_request("DELETE", "/api/v3/order", order_names(broker_symbol, venue_order_id, broker_order_id));
  if (!cancel_venue_order_id.empty()) request.params.emplace_back("newClientOrderId", cancel_venue_order_id);
  return request;
}

Request encode_query_order(std::string_view broker_symbol, std::string_view venue_order_id,
                           std::string_view broker_order_id) {
  return signed_request("GET", "/api/v3/order", order_names(broker_symbol, venue_order_id, broker_order_id));
}

Request encode_open_orders() { return signed_request("GET", "/api/v3/openOrders", {}); }

Request encode_trades_of_order(std::string_view broker_symbol, std::string_view broker_order_id) {
  return signed_request("GET", "/api/v3/myTrades",
                        {{"symbol", std::string{broker_symbol}}, {"orderId", std::string{broker_order_id}}});
}

Request encode_trades_since(std::string_view broker_symbol, std::int64_t start_time_ms) {
  Params params{{"symbol", std::string{broker_symbol}}};
  if (start_time_ms > 0) params.emplace_back("startTime", std::to_string(start_time_ms));
  params.emplace_back("limit", "1000");
  return signed_request("GET", "/api/v3/myTrades", std::move(params));
}

Request encode_trades_from(std::string_view broker_symbol, std::int64_t trade_id) {
  return signed_request(
      "GET", "/api/v3/myTrades",
      {{"symbol", std::string{broker_symbol}}, {"fromId", std::to_string(trade_id)}, {"limit", "1000"}});
}

Request encode_account() { return signed_request("GET", "/api/v3/account", {{"omitZeroBalances", "true"}}); }

Request encode_time() { return {.method = "GET", .path = "/api/v3/time", .params = {}, .security = Security::Public}; }

Request encode_exchange_info() {
  // The permission sets are nine tenths of the answer, and nobody here reads them.
  return {.method = "GET",
          .path = "/api/v3/exchangeInfo",
          .params = {{"showPermissionSets", "false"}},
          .security = Security::Public};
}

Request encode_book_ticker(std::string_view broker_symbol) {
  return {.method = "GET",
          .path = "/api/v3/ticker/bookTicker",
          .params = {{"symbol", std::string{broker_symbol}}},
          .security = Security::Public};
}

Params encode_user_stream_params(std::string_view api_key, std::int64_t timestamp_ms, std::uint32_t recv_window_ms) {
  return {{"apiKey", std::string{api_key}},
          {"recvWindow", std::to_string(recv_window_ms)},
          {"timestamp", std::to_string(timestamp_ms)}};
}

std::string encode_ws_request(std::string_view id, std::string_view method, const Params& params) {
  boost::json::object values;
  for (const auto& [name, value] : params) {
    if (name == "timestamp" || name == "recvWindow") {
      values[name] = std::stoll(value);
    } else {
      values[name] = value;
    }
  }
  return boost::json::serialize(boost::json::object{{"id", id}, {"method", method}, {"params", std::move(values)}});
}

std::string encode_streams(std::string_view method, const std::vector<std::string>& streams, std::int64_t id) {
  boost::json::array names;
  for (const std::string& stream : streams) names.emplace_back(stream);
  return boost::json::serialize(boost::json::object{{"method", method}, {"params", std::move(names)}, {"id", id}});
}

std::optional<std::string> stream_name(std::string_view broker_symbol, Channel channel) {
  if (channel != Channel::Quote && channel != Channel::Trade) return std::nullopt;
  std::string name{broker_symbol};
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name + (channel == Channel::Quote ? "@bookTicker" : "@trade");
}

}  // namespace busbar::binance
