// Orders, order lists and their events.

#include "tools/venue/binance/shapes.hpp"

#include "tools/venue/amount.hpp"
#include "tools/venue/binance/names.hpp"

namespace busbar::venue::binance {
namespace {

namespace json = boost::json;

std::int64_t working_time(const Order& order, TimeUnit unit) {
  return order.working == 0 ? -1 : stamp(order.working, unit);
}

std::int64_t list_id(const Order& order) { return order.list == 0 ? -1 : static_cast<std::int64_t>(order.list); }

void add_trailing(json::object& body, const Order& order, TimeUnit unit) {
  if (!order.trailing_delta) return;
  body["trailingDelta"] = *order.trailing_delta;
  body["trailingTime"] = order.trailing_since == 0 ? -1 : stamp(order.trailing_since, unit);
}

// Members that appear only under certain conditions, after the side.
void add_conditional(json::object& body, const Order& order, TimeUnit unit) {
  if (order.is_stop()) body["stopPrice"] = fixed(order.stop_price);
  if (order.iceberg_qty.is_positive()) body["icebergQty"] = fixed(order.iceberg_qty);
  add_trailing(body, order, unit);
  if (order.strategy_id) body["strategyId"] = *order.strategy_id;
  if (order.strategy_type) body["strategyType"] = *order.strategy_type;
}

void add_ending(json::object& body, const Order& order) {
  body["selfTradePreventionMode"] = name_of(order.self_trade);
  if (order.prevented_match_id >= 0) {
    body["preventedMatchId"] = order.prevented_match_id;
    body["preventedQuantity"] = fixed(order.prevented_qty);
  }
  if (order.expiry != ExpiryReason::None) body["expiryReason"] = name_of(order.expiry);
}

void add_state(json::object& body, const Order& order, TimeUnit unit) {
  body["price"] = fixed(order.price);
  body["origQty"] = fixed(order.qty);
  body["executedQty"] = fixed(order.executed);
  body["origQuoteOrderQty"] = fixed(order.quote_qty);
  body["cummulativeQuoteQty"] = fixed(order.cum_quote);
  body["status"] = shown_status(order);
  body["timeInForce"] = name_of(order.time_in_force);
  body["type"] = name_of(order.type);
  body["side"] = name_of(order.side);
  add_conditional(body, order, unit);
}

json::array legs_of(const Engine& engine, const OrderList& list) {
  json::array orders;
  for (const OrderList::Leg& leg : list.legs) {
    orders.push_back({{"symbol", engine.symbol(list.symbol).name},
                      {"orderId", leg.order_id},
                      {"clientOrderId", leg.client_order_id}});
  }
  return orders;
}

}  // namespace

json::object placed_order(const Engine& engine, const Order& order, const std::vector<Fill>& fills, TimeUs time,
                          ResponseType type, TimeUnit unit) {
  json::object body;
  body["symbol"] = engine.symbol(order.symbol).name;
  body["orderId"] = order.id;
  body["orderListId"] = list_id(order);
  body["clientOrderId"] = order.client_order_id;
  body["transactTime"] = stamp(time, unit);
  if (type == ResponseType::Ack) return body;
  add_state(body, order, unit);
  body["workingTime"] = working_time(order, unit);
  add_ending(body, order);
  if (type == ResponseType::Full) {
    json::array list;
    for (const Fill& fill : fills) {
      list.push_back({{"price", fixed(fill.price)},
                      {"qty", fixed(fill.qty)},
                      {"commission", fixed(fill.commission)},
                      {"commissionAsset", fill.commission_asset},
                      {"tradeId", fill.trade_id}});
    }
    body["fills"] = std::move(list);
  }
  return body;
}

json::object canceled_order(const Engine& engine, const Order& order, const std::string& cancel_id, TimeUs time,
                            TimeUnit unit) {
  json::object body;
  body["symbol"] = engine.symbol(order.symbol).name;
  body["origClientOrderId"] = order.client_order_id;
  body["orderId"] = order.id;
  body["orderListId"] = list_id(order);
  body["clientOrderId"] = cancel_id;
  body["transactTime"] = stamp(time, unit);
  add_state(body, order, unit);
  add_ending(body, order);
  return body;
}

json::object queried_order(const Engine& engine, const Order& order, TimeUnit unit) {
  json::object body;
  body["symbol"] = engine.symbol(order.symbol).name;
  body["orderId"] = order.id;
  body["orderListId"] = list_id(order);
  body["clientOrderId"] = order.client_order_id;
  body["price"] = fixed(order.price);
  body["origQty"] = fixed(order.qty);
  body["executedQty"] = fixed(order.executed);
  body["cummulativeQuoteQty"] = fixed(order.cum_quote);
  body["status"] = shown_status(order);
  body["timeInForce"] = name_of(order.time_in_force);
  body["type"] = name_of(order.type);
  body["side"] = name_of(order.side);
  body["stopPrice"] = fixed(order.stop_price);
  body["icebergQty"] = fixed(order.iceberg_qty);
  add_trailing(body, order, unit);
  body["time"] = stamp(order.created, unit);
  body["updateTime"] = stamp(order.updated, unit);
  body["isWorking"] = order.working != 0;
  body["workingTime"] = working_time(order, unit);
  body["origQuoteOrderQty"] = fixed(order.quote_qty);
  if (order.strategy_id) body["strategyId"] = *order.strategy_id;
  if (order.strategy_type) body["strategyType"] = *order.strategy_type;
  add_ending(body, order);
  return body;
}

json::object amended_order(const Engine& engine, const Engine::Amended& amended, TimeUnit unit) {
  const auto& [order, change] = amended;
  json::object body;
  body["symbol"] = engine.symbol(order.symbol).name;
  body["orderId"] = order.id;
  body["orderListId"] = list_id(order);
  body["origClientOrderId"] = change.former_id;
  body["clientOrderId"] = order.client_order_id;
  body["price"] = fixed(order.price);
  body["qty"] = fixed(order.qty);
  body["executedQty"] = fixed(order.executed);
  body["preventedQty"] = fixed(order.prevented_qty);
  body["quoteOrderQty"] = fixed(order.quote_qty);
  body["cumulativeQuoteQty"] = fixed(order.cum_quote);
  body["status"] = shown_status(order);
  body["timeInForce"] = name_of(order.time_in_force);
  body["type"] = name_of(order.type);
  body["side"] = name_of(order.side);
  add_conditional(body, order, unit);
  if (order.working != 0) body["workingTime"] = stamp(order.working, unit);
  body["selfTradePreventionMode"] = name_of(order.self_trade);
  json::object result{{"transactTime", stamp(change.time, unit)},
                      {"executionId", change.execution_id},
                      {"amendedOrder", std::move(body)}};
  if (const OrderList* list = order.list == 0 ? nullptr : engine.order_list(order.account, order.list)) {
    result["listStatus"] = {{"orderListId", list->id},
                            {"contingencyType", name_of(list->contingency)},
                            {"listOrderStatus", list->is_done ? "ALL_DONE" : "EXECUTING"},
                            {"listClientOrderId", list->client_id},
                            {"symbol", engine.symbol(list->symbol).name},
                            {"orders", legs_of(engine, *list)}};
  }
  return result;
}

json::object amendment(const Engine& engine, const Amendment& change, TimeUnit unit) {
  return {{"symbol", engine.symbol(change.symbol).name},
          {"orderId", change.order_id},
          {"executionId", change.execution_id},
          {"origClientOrderId", change.former_id},
          {"newClientOrderId", change.new_id},
          {"origQty", fixed(change.former_qty)},
          {"newQty", fixed(change.new_qty)},
          {"time", stamp(change.time, unit)}};
}

json::object prevented_match(const Engine& engine, const PreventedMatch& match, TimeUnit unit) {
  const std::string& symbol = engine.symbol(match.symbol).name;
  json::object body{{"symbol", symbol},
                    {"preventedMatchId", match.id},
                    {"takerOrderId", match.taker_order},
                    {"makerSymbol", symbol},
                    {"makerOrderId", match.maker_order},
                    {"tradeGroupId", -1},
                    {"selfTradePreventionMode", name_of(match.mode)},
                    {"price", fixed(match.price)}};
  if (match.taker_prevented) body["takerPreventedQuantity"] = fixed(*match.taker_prevented);
  if (match.maker_prevented) body["makerPreventedQuantity"] = fixed(*match.maker_prevented);
  body["transactTime"] = stamp(match.time, unit);
  return body;
}

json::object prevented_in_order(const PreventedMatch& match) {
  json::object body{
      {"preventedMatchId", match.id}, {"makerOrderId", match.maker_order}, {"price", fixed(match.price)}};
  if (match.taker_prevented) body["takerPreventedQuantity"] = fixed(*match.taker_prevented);
  if (match.maker_prevented) body["makerPreventedQuantity"] = fixed(*match.maker_prevented);
  return body;
}

json::object order_list(const Engine& engine, const OrderList& list, TimeUnit unit) {
  return {{"orderListId", list.id},
          {"contingencyType", name_of(list.contingency)},
          {"listStatusType", list.is_done ? "ALL_DONE" : "EXEC_STARTED"},
          {"listOrderStatus", list.is_done ? "ALL_DONE" : "EXECUTING"},
          {"listClientOrderId", list.client_id},
          {"transactionTime", stamp(list.updated, unit)},
          {"symbol", engine.symbol(list.symbol).name},
          {"orders", legs_of(engine, list)}};
}

json::object execution_report(const Engine& engine, const Execution& execution, TimeUs now, TimeUnit unit) {
  const Order& order = execution.order;
  const bool is_trade = execution.fill.has_value();
  const Fill fill = execution.fill.value_or(Fill{});
  const bool is_cancel = execution.type == ExecutionType::Canceled;
  const bool is_stp = order.prevented_match_id >= 0;
  json::object event;
  event["e"] = "executionReport";
  event["E"] = stamp(now, unit);
  event["s"] = engine.symbol(order.symbol).name;
  event["c"] = is_cancel ? execution.cancel_id : order.client_order_id;
  event["S"] = name_of(order.side);
  event["o"] = name_of(order.type);
  event["f"] = name_of(order.time_in_force);
  event["q"] = fixed(order.qty);
  event["p"] = fixed(order.price);
  event["P"] = fixed(order.stop_price);
  if (order.trailing_delta) {
    event["d"] = *order.trailing_delta;
    event["D"] = order.trailing_since == 0 ? -1 : stamp(order.trailing_since, unit);
  }
  event["F"] = fixed(order.iceberg_qty);
  event["g"] = list_id(order);
  event["C"] = is_cancel ? order.client_order_id : execution.former_id;
  event["x"] = name_of(execution.type);
  event["X"] = shown_status(order);
  event["r"] = execution.refusal ? name_of(*execution.refusal) : "NONE";
  event["i"] = order.id;
  event["l"] = fixed(fill.qty);
  event["z"] = fixed(order.executed);
  event["L"] = fixed(fill.price);
  event["n"] = is_trade ? fixed(fill.commission) : std::string{"0"};
  event["N"] = is_trade ? json::value(fill.commission_asset) : json::value{};
  event["T"] = stamp(execution.time, unit);
  event["t"] = is_trade ? static_cast<std::int64_t>(fill.trade_id) : -1;
  if (is_stp) event["v"] = order.prevented_match_id;
  event["I"] = execution.id;
  const bool may_rest = order.is_priced() || execution.type == ExecutionType::New;
  event["w"] = order.is_open() && order.working != 0 && may_rest;
  event["m"] = fill.is_maker;
  event["M"] = is_trade;
  event["O"] = stamp(order.created, unit);
  event["Z"] = fixed(order.cum_quote);
  event["Y"] = fixed(fill.quote);
  event["Q"] = fixed(order.quote_qty);
  if (order.strategy_id) event["j"] = *order.strategy_id;
  if (order.strategy_type) event["J"] = *order.strategy_type;
  if (order.working != 0) event["W"] = stamp(order.working, unit);
  event["V"] = name_of(order.self_trade);
  if (is_stp) event["A"] = fixed(order.prevented_qty);
  if (execution.type == ExecutionType::TradePrevention) {
    event["B"] = fixed(execution.expired_qty);
    event["u"] = -1;
    event["U"] = execution.counter_order;
    event["Cs"] = engine.symbol(order.symbol).name;
    event["pl"] = fixed(execution.prevented_qty);
    event["pL"] = fixed(execution.prevented_price);
    event["pY"] = fixed(times(execution.prevented_qty, execution.prevented_price));
  }
  if (order.expiry != ExpiryReason::None) event["eR"] = name_of(order.expiry);
  return event;
}

json::object list_status(const Engine& engine, const ListChange& change, TimeUs now, TimeUnit unit) {
  const OrderList& list = change.list;
  const std::string& symbol = engine.symbol(list.symbol).name;
  json::array orders;
  for (const OrderList::Leg& leg : list.legs) {
    orders.push_back({{"s", symbol}, {"i", leg.order_id}, {"c", leg.client_order_id}});
  }
  return {{"e", "listStatus"},
          {"E", stamp(now, unit)},
          {"s", symbol},
          {"g", list.id},
          {"c", name_of(list.contingency)},
          {"l", name_of(change.event)},
          {"L", change.event == ListEvent::AllDone ? "ALL_DONE" : "EXECUTING"},
          {"r", "NONE"},
          {"C", list.client_id},
          {"T", stamp(list.updated, unit)},
          {"O", std::move(orders)}};
}

}  // namespace busbar::venue::binance
