// What places, changes and cancels orders.

#include <algorithm>

#include "gateways/binance/encode.hpp"
#include "gateways/binance/requests.hpp"
#include "gateways/framework/order_rules.hpp"

namespace busbar::binance {

namespace {

using namespace order_rules;

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

std::string_view side_name(Side side) { return side == Side::Buy ? "BUY" : "SELL"; }

// One order's parameters being written. In a list they carry the place of the order in front: abovePrice,
// workingQuantity. The first complaint is remembered, and what comes after it is written in vain.
class OrderWriter {
 public:
  OrderWriter(Params& params, const NewOrder& order, const Instrument& instrument, std::string_view place = {})
      : params_{params}, order_{order}, instrument_{instrument}, place_{place} {}

  void side() { add("side", side_name(order_.side)); }

  void type() {
    add("type", order_.post_only ? "LIMIT_MAKER" : type_name(order_.order_type));
    if (has_limit(order_.order_type) && !order_.post_only) add("timeInForce", time_in_force_name(order_.time_in_force));
  }

  void quantity() {
    if (order_.order_qty) add_on_grid("quantity", "order_qty", *order_.order_qty, instrument_.lot_size);
    if (!order_.cash_order_qty) return;
    const Decimal smallest{1, -static_cast<int>(instrument_.quote_precision)};
    add_on_grid("quoteOrderQty", "cash_order_qty", *order_.cash_order_qty, smallest);
  }

  void prices() {
    if (order_.price) add_on_grid("price", "price", *order_.price, instrument_.tick_size);
    if (order_.stop_px) add_on_grid("stopPrice", "stop_px", *order_.stop_px, instrument_.tick_size);
    if (order_.trailing_delta_bps != 0) add("trailingDelta", std::to_string(order_.trailing_delta_bps));
    if (order_.display_qty) add_on_grid("icebergQty", "display_qty", *order_.display_qty, instrument_.lot_size);
  }

  void name(std::string_view venue_order_id) {
    if (!venue_order_id.empty()) add(place_.empty() ? "newClientOrderId" : "clientOrderId", venue_order_id);
  }

  const std::optional<Error>& error() const { return error_; }

 private:
  void add(std::string_view name, std::string_view value) {
    if (place_.empty()) {
      params_.emplace_back(name, value);
      return;
    }
    std::string placed{place_};
    placed += name;
    placed[place_.size()] = static_cast<char>(placed[place_.size()] - 'a' + 'A');
    params_.emplace_back(std::move(placed), value);
  }

  void add_on_grid(std::string_view name, std::string_view field, Decimal value, const std::optional<Decimal>& step) {
    const auto rounded = on_grid(field, value, step, order_.rounding);
    if (rounded) {
      add(name, digits(*rounded));
    } else if (!error_) {
      error_ = rounded.error();
    }
  }

  Params& params_;
  const NewOrder& order_;
  const Instrument& instrument_;
  std::string_view place_;
  std::optional<Error> error_;
};

void add_prevention(Params& params, SelfTradePrevention prevention) {
  if (const auto name = prevention_name(prevention); !name.empty()) {
    params.emplace_back("selfTradePreventionMode", name);
  }
}

constexpr std::size_t order_params_usual = 8;

// What a new order says, wherever it stands in a request, behind `params`.
Result<Params> order_params(Params params, const NewOrder& order, const Instrument& instrument,
                            std::string_view venue_order_id) {
  if (auto error = refuse(order, instrument)) return *std::move(error);
  params.reserve(params.size() + order_params_usual);
  OrderWriter writer{params, order, instrument};
  writer.type();
  writer.quantity();
  writer.prices();
  if (writer.error()) return *writer.error();
  add_prevention(params, order.self_trade_prevention);
  writer.name(venue_order_id);
  params.emplace_back("newOrderRespType", "FULL");
  return params;
}

// ---- Order lists

// Does it end a loss? Of an OCO one order does, and the other takes the profit.
bool is_stop_loss(OrderType type) { return type == OrderType::Stop || type == OrderType::StopLimit; }

struct Leg {
  NewOrder order;
  std::string_view venue_order_id;
};

Leg leg_of(const PlaceCommand& command) {
  return {.order = command.order, .venue_order_id = view(command.command.venue_order_id)};
}

struct OcoPair {
  Leg above;
  Leg below;
};

// Two orders, one on each side of the price. What sells at a loss lies below it, what buys at a loss above.
Result<OcoPair> pair_of(Leg one, Leg other, const Instrument& instrument) {
  for (Leg* leg : {&one, &other}) {
    if (leg->order.order_type == OrderType::Market) {
      return unsupported("order_type: a market order cannot wait beside another one");
    }
    // It lies behind the price, so it rests, and Binance has it as LIMIT_MAKER alone.
    if (leg->order.order_type == OrderType::Limit) leg->order.post_only = true;
    if (auto error = refuse(leg->order, instrument)) return *std::move(error);
  }
  if (one.order.side != other.order.side) return invalid("side: both orders of a pair have one side");
  if (is_stop_loss(one.order.order_type) == is_stop_loss(other.order.order_type)) {
    return invalid("order_type: of a pair one order is a Stop or StopLimit, and the other one is not");
  }
  const bool is_one_above = is_stop_loss(one.order.order_type) == (one.order.side == Side::Buy);
  return is_one_above ? OcoPair{std::move(one), std::move(other)} : OcoPair{std::move(other), std::move(one)};
}

// Both orders of a pair under `above` and `below`, their one quantity under `quantity`, of the first complaint.
std::optional<Error> add_pair(Params& params, const OcoPair& pair, const Instrument& instrument,
                              std::string_view place, std::string_view above, std::string_view below) {
  OrderWriter shared{params, pair.above.order, instrument, place};
  shared.side();
  shared.quantity();
  if (shared.error()) return shared.error();
  Params other;
  OrderWriter below_qty{other, pair.below.order, instrument, place};
  below_qty.quantity();
  if (below_qty.error()) return below_qty.error();
  if (other.back() != params.back()) return invalid("order_qty: both orders of a pair have one quantity");
  for (const auto& [leg, name] : {std::pair{&pair.above, above}, std::pair{&pair.below, below}}) {
    OrderWriter writer{params, leg->order, instrument, name};
    writer.type();
    writer.prices();
    writer.name(leg->venue_order_id);
    if (writer.error()) return writer.error();
  }
  return std::nullopt;
}

// The order that works from the start.
std::optional<Error> add_working(Params& params, const Leg& leg, const Instrument& instrument) {
  if (leg.order.order_type != OrderType::Limit) {
    return unsupported("order_type: the first order of such a list is a limit order at Binance");
  }
  if (auto error = refuse(leg.order, instrument)) return error;
  OrderWriter writer{params, leg.order, instrument, "working"};
  writer.type();
  writer.side();
  writer.quantity();
  writer.prices();
  writer.name(leg.venue_order_id);
  return writer.error();
}

std::optional<Error> add_pending(Params& params, const Leg& leg, const Instrument& instrument) {
  if (auto error = refuse(leg.order, instrument)) return error;
  if (leg.order.cash_order_qty) return unsupported("cash_order_qty: not for an order that waits for another one");
  OrderWriter writer{params, leg.order, instrument, "pending"};
  writer.type();
  writer.side();
  writer.quantity();
  writer.prices();
  writer.name(leg.venue_order_id);
  return writer.error();
}

std::optional<Error> refuse_list(const PlaceListCommand& list, const Instrument& instrument) {
  const bool is_pair = list.list_type == OrderListType::OneCancelsOther;
  const std::size_t wanted = is_pair || list.list_type == OrderListType::OneTriggersOther ? 2 : 3;
  if (list.list_type == OrderListType::Unset) return invalid("list_type: missing");
  if (list.commands.size() != wanted) {
    return invalid("orders: a list of this type has " + std::to_string(wanted) + " of them");
  }
  if (is_pair ? !instrument.can_oco : !instrument.can_oto) {
    return unsupported("list_type: " + std::string{view(instrument.symbol)} + " takes no such lists");
  }
  const NewOrder& first = list.commands.front().order;
  for (const PlaceCommand& command : list.commands) {
    if (command.order.symbol != first.symbol) return invalid("symbol: all orders of a list are of one symbol");
    if (command.order.self_trade_prevention != first.self_trade_prevention) {
      return unsupported("self_trade_prevention: all orders of a list have one");
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Request> encode_place(const NewOrder& order, const Instrument& instrument, std::string_view venue_order_id) {
  Params params;
  params.reserve(2 + order_params_usual);
  params.emplace_back("symbol", view(instrument.broker_symbol));
  params.emplace_back("side", side_name(order.side));
  auto whole = order_params(std::move(params), order, instrument, venue_order_id);
  if (!whole) return whole.error();
  return signed_request("POST", "/api/v3/order", *std::move(whole));
}

Result<Request> encode_test(const NewOrder& order, const Instrument& instrument) {
  auto request = encode_place(order, instrument, {});  // the client's name is none of Binance's, and ours it has not got
  if (request) request->path = "/api/v3/order/test";
  return request;
}

Request encode_cancel(std::string_view broker_symbol, std::string_view venue_order_id, std::string_view broker_order_id,
                      std::string_view cancel_venue_order_id) {
  Request request =
      signed_request("DELETE", "/api/v3/order", order_names(broker_symbol, venue_order_id, broker_order_id));
  if (!cancel_venue_order_id.empty()) request.params.emplace_back("newClientOrderId", cancel_venue_order_id);
  return request;
}

Result<Request> encode_cancel_replace(const NewOrder& order, const Instrument& instrument,
                                      std::string_view orig_venue_order_id, std::string_view broker_order_id,
                                      std::string_view venue_order_id, std::string_view cancel_venue_order_id,
                                      CancelRestriction restriction) {
  if (!instrument.can_replace) {
    return unsupported("symbol: " + std::string{view(instrument.symbol)} + " takes no replaces");
  }
  if (orig_venue_order_id.empty() && broker_order_id.empty()) return invalid("orig_venue_order_id: missing");
  Params params{{"symbol", std::string{view(instrument.broker_symbol)}},
                {"side", std::string{side_name(order.side)}},
                {"cancelReplaceMode", "STOP_ON_FAILURE"}};
  if (!broker_order_id.empty()) params.emplace_back("cancelOrderId", broker_order_id);
  if (!orig_venue_order_id.empty()) params.emplace_back("cancelOrigClientOrderId", orig_venue_order_id);
  if (!cancel_venue_order_id.empty()) params.emplace_back("cancelNewClientOrderId", cancel_venue_order_id);
  if (restriction == CancelRestriction::OnlyNew) params.emplace_back("cancelRestrictions", "ONLY_NEW");
  if (restriction == CancelRestriction::OnlyPartiallyFilled) {
    params.emplace_back("cancelRestrictions", "ONLY_PARTIALLY_FILLED");
  }
  auto whole = order_params(std::move(params), order, instrument, venue_order_id);
  if (!whole) return whole.error();
  return signed_request("POST", "/api/v3/order/cancelReplace", *std::move(whole));
}

Request encode_amend(std::string_view broker_symbol, std::string_view orig_venue_order_id,
                     std::string_view broker_order_id, Decimal new_qty, std::string_view venue_order_id) {
  Request request = signed_request("PUT", "/api/v3/order/amend/keepPriority",
                                   order_names(broker_symbol, orig_venue_order_id, broker_order_id));
  request.params.emplace_back("newQty", digits(new_qty));
  if (!venue_order_id.empty()) request.params.emplace_back("newClientOrderId", venue_order_id);
  return request;
}

Result<Request> encode_order_list(const PlaceListCommand& list, const Instrument& instrument) {
  if (auto error = refuse_list(list, instrument)) return *std::move(error);
  Params params{{"symbol", std::string{view(instrument.broker_symbol)}}};
  if (!list.venue_list_id.empty()) params.emplace_back("listClientOrderId", view(list.venue_list_id));
  std::string path = "/api/v3/orderList/";
  std::optional<Error> error;
  if (list.list_type == OrderListType::OneCancelsOther) {
    path += "oco";
    const auto pair = pair_of(leg_of(list.commands[0]), leg_of(list.commands[1]), instrument);
    if (!pair) return pair.error();
    error = add_pair(params, *pair, instrument, "", "above", "below");
  } else if (list.list_type == OrderListType::OneTriggersOther) {
    path += "oto";
    error = add_working(params, leg_of(list.commands[0]), instrument);
    if (!error) error = add_pending(params, leg_of(list.commands[1]), instrument);
  } else {  // a bracket is one as well: an order to come in, and a pair to get out
    path += "otoco";
    const auto pair = pair_of(leg_of(list.commands[1]), leg_of(list.commands[2]), instrument);
    if (!pair) return pair.error();
    error = add_working(params, leg_of(list.commands[0]), instrument);
    if (!error) error = add_pair(params, *pair, instrument, "pending", "pendingAbove", "pendingBelow");
  }
  if (error) return *std::move(error);
  add_prevention(params, list.commands.front().order.self_trade_prevention);
  params.emplace_back("newOrderRespType", "FULL");
  return signed_request("POST", std::move(path), std::move(params));
}

Request encode_cancel_list(std::string_view broker_symbol, std::string_view venue_list_id,
                           std::string_view cancel_venue_order_id) {
  Params params{{"symbol", std::string{broker_symbol}}, {"listClientOrderId", std::string{venue_list_id}}};
  if (!cancel_venue_order_id.empty()) params.emplace_back("newClientOrderId", cancel_venue_order_id);
  return signed_request("DELETE", "/api/v3/orderList", std::move(params));
}

}  // namespace busbar::binance
