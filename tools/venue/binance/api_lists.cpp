// Order lists: pairs, and orders that wait for another one.

#include <algorithm>

#include "tools/venue/binance/api.hpp"

namespace busbar::venue::binance {
namespace {

namespace json = boost::json;

bool is_stop_loss(const NewOrder& order) {
  return order.type == OrderType::StopLoss || order.type == OrderType::StopLossLimit;
}
bool is_take_profit(const NewOrder& order) {
  return order.type == OrderType::TakeProfit || order.type == OrderType::TakeProfitLimit;
}

// Which kinds of order may make a pair, and on which side of the market each belongs.
void refuse_bad_pair(Params& params, const NewOrder& above, const NewOrder& below) {
  const bool buys = above.side == Side::Buy;
  for (const NewOrder* leg : {&above, &below}) {
    if (leg->type != OrderType::LimitMaker && !is_stop_loss(*leg) && !is_take_profit(*leg)) {
      return params.refuse(-1158, "Order type not supported in OCO.");
    }
  }
  if (above.type == OrderType::LimitMaker && below.type == OrderType::LimitMaker) {
    return params.refuse(-1168, "At least one OCO order must be contingent.");
  }
  const NewOrder& wrong = buys ? above : below;  // the place of a stop loss
  const NewOrder& other = buys ? below : above;
  if (wrong.type == OrderType::LimitMaker) {
    return buys ? params.refuse(-1165, "A limit order in a buy OCO must be below.")
                : params.refuse(-1166, "A limit order in a sell OCO must be above.");
  }
  if (is_stop_loss(other)) {
    return buys ? params.refuse(-1196, "A stop loss order in a buy OCO must be above.")
                : params.refuse(-1197, "A stop loss order in a sell OCO must be below.");
  }
  if (is_take_profit(wrong)) {
    return buys ? params.refuse(-1198, "A take profit order in a buy OCO must be below.")
                : params.refuse(-1199, "A take profit order in a sell OCO must be above.");
  }
}

}  // namespace

Reply Api::place_list(Call& call, AccountId account, SymbolId symbol, NewOrderList wanted) {
  Params& params = call.params;
  const Symbol& rules = engine_.symbol(symbol);
  wanted.client_id = params.client_order_id("listClientOrderId").value_or(std::string{});
  const SelfTrade self_trade = read_self_trade(params, rules);
  const ResponseType response = read_response_type(params, ResponseType::Result);
  params.finish();
  if (wanted.legs.size() == 2 && !rules.oco_allowed) {
    params.refuse(-1013, "OCO orders are not supported for this symbol");
  }
  if (wanted.working && !rules.oto_allowed) params.refuse(-1013, "OTO orders are not supported for this symbol");
  std::vector<NewOrder> orders;
  if (wanted.working) {
    wanted.working->self_trade = self_trade;
    orders.push_back(*wanted.working);
  }
  for (NewOrder& leg : wanted.legs) {
    leg.self_trade = self_trade;
    refuse_if_unsupported(params, leg, rules);
    orders.push_back(leg);
  }
  refuse_by_filters(params, account, symbol, orders, 1);
  if (params.error()) return failure(*params.error());
  if (const auto error = admit_orders(account, static_cast<std::int64_t>(orders.size()))) return failure(*error);

  const TimeUs now = now_();
  Events events;
  const auto placed = engine_.place_list(account, symbol, wanted, now, events);
  if (!placed) return failure(error_of(placed.error(), Action::Place));
  json::object body = order_list(engine_, placed->list, call.unit);
  json::array reports;
  for (const Order& order : placed->orders) {
    std::vector<Fill> fills;
    for (const Execution& execution : events.executions) {
      if (execution.fill && execution.order.id == order.id && execution.order.account == account &&
          execution.order.executed <= order.executed) {
        fills.push_back(*execution.fill);
      }
    }
    reports.push_back(placed_order(engine_, order, fills, now, response, call.unit));
  }
  body["orderReports"] = std::move(reports);
  publish(events);
  Reply reply{200, std::move(body)};
  reply.counts_orders = true;
  return reply;
}

// The oldest kind of pair: one limit order and one stop, by names of their own.
Reply Api::place_old_oco(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  if (!id) return failure(*params.error());
  OrderNames limit;
  limit.fixed_type = OrderType::LimitMaker;
  limit.client_order_id = "limitClientOrderId";
  limit.iceberg_qty = "limitIcebergQty";
  limit.strategy_id = "limitStrategyId";
  limit.strategy_type = "limitStrategyType";
  limit.stop_price = limit.trailing_delta = limit.time_in_force = "";  // the stop's
  OrderNames stop;
  stop.fixed_type = params.has("stopLimitPrice") ? OrderType::StopLossLimit : OrderType::StopLoss;
  stop.price = "stopLimitPrice";
  stop.time_in_force = "stopLimitTimeInForce";
  stop.client_order_id = "stopClientOrderId";
  stop.iceberg_qty = "stopIcebergQty";
  stop.strategy_id = "stopStrategyId";
  stop.strategy_type = "stopStrategyType";
  NewOrderList wanted;
  wanted.legs.push_back(read_order(params, limit, engine_.symbol(*id)));
  wanted.legs.push_back(read_order(params, stop, engine_.symbol(*id)));
  if (params.error()) return failure(*params.error());
  return place_list(call, account, *id, std::move(wanted));
}

Reply Api::place_oco(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  if (!id) return failure(*params.error());
  NewOrderList wanted;
  for (const char* prefix : {"above", "below"}) {
    wanted.legs.push_back(read_order(params, leg_names(prefix, "side", "quantity"), engine_.symbol(*id)));
  }
  if (!params.error()) refuse_bad_pair(params, wanted.legs[0], wanted.legs[1]);
  if (params.error()) return failure(*params.error());
  return place_list(call, account, *id, std::move(wanted));
}

Reply Api::place_oto(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  if (!id) return failure(*params.error());
  const Symbol& rules = engine_.symbol(*id);
  NewOrderList wanted;
  wanted.working = read_order(params, leg_names("working", "workingSide", "workingQuantity"), rules);
  wanted.legs.push_back(read_order(params, leg_names("pending", "pendingSide", "pendingQuantity"), rules));
  if (!params.error() && !wanted.legs[0].quote_qty.is_zero()) params.refuse(-1014, "Unsupported order combination");
  if (!params.error() && wanted.working->type != OrderType::Limit && wanted.working->type != OrderType::LimitMaker) {
    params.refuse(-1014, "Unsupported order combination");
  }
  if (params.error()) return failure(*params.error());
  return place_list(call, account, *id, std::move(wanted));
}

Reply Api::place_otoco(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  if (!id) return failure(*params.error());
  const Symbol& rules = engine_.symbol(*id);
  NewOrderList wanted;
  wanted.working = read_order(params, leg_names("working", "workingSide", "workingQuantity"), rules);
  for (const char* prefix : {"pendingAbove", "pendingBelow"}) {
    wanted.legs.push_back(read_order(params, leg_names(prefix, "pendingSide", "pendingQuantity"), rules));
  }
  if (!params.error() && wanted.working->type != OrderType::Limit && wanted.working->type != OrderType::LimitMaker) {
    params.refuse(-1014, "Unsupported order combination");
  }
  if (!params.error()) refuse_bad_pair(params, wanted.legs[0], wanted.legs[1]);
  if (params.error()) return failure(*params.error());
  return place_list(call, account, *id, std::move(wanted));
}

json::object Api::canceled_list(const OrderList& list, const Events& events, TimeUs now, TimeUnit unit) const {
  json::object body = order_list(engine_, list, unit);
  json::array reports;
  for (const Execution& execution : events.executions) {
    if (execution.type != ExecutionType::Canceled || execution.order.list != list.id) continue;
    reports.push_back(canceled_order(engine_, execution.order, execution.cancel_id, now, unit));
  }
  body["orderReports"] = std::move(reports);
  return body;
}

Reply Api::cancel_list(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const OrderName name = read_name(params, "orderListId", "listClientOrderId");
  const std::string own_name = params.client_order_id("newClientOrderId").value_or(std::string{});
  params.finish();
  if (params.error()) return failure(*params.error());
  const OrderList* list = name.id ? engine_.order_list(account, static_cast<std::uint64_t>(*name.id))
                                  : engine_.order_list_by_client_id(account, *name.client_id);
  if (list == nullptr || list->symbol != *id || (name.client_id && list->client_id != *name.client_id)) {
    return failure(error_of(Refusal::UnknownOrder, Action::Cancel));
  }
  const TimeUs now = now_();
  Events events;
  const auto canceled = engine_.cancel_list(account, list->id, own_name, now, events);
  if (!canceled) return failure(error_of(canceled.error(), Action::Cancel));
  publish(events);
  return {200, canceled_list(*canceled, events, now, call.unit)};
}

Reply Api::list_status(Call& call, AccountId account) {
  const OrderName name = read_name(call.params, "orderListId", "origClientOrderId");
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  const OrderList* list = name.id ? engine_.order_list(account, static_cast<std::uint64_t>(*name.id))
                                  : engine_.order_list_by_client_id(account, *name.client_id);
  const bool is_found = list != nullptr && (!name.client_id || list->client_id == *name.client_id);
  if (!is_found || is_hidden(*engine_.order(account, list->symbol, list->legs.front().order_id))) {
    return failure({-2013, "Order does not exist."});
  }
  return {200, order_list(engine_, *list, call.unit)};
}

Reply Api::open_lists(Call& call, AccountId account) {
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  json::array lists;
  for (const OrderList* list : engine_.order_lists(account, true)) {
    lists.push_back(order_list(engine_, *list, call.unit));
  }
  return {200, std::move(lists)};
}

Reply Api::all_lists(Call& call, AccountId account) {
  Params& params = call.params;
  const auto from_id = params.integer("fromId");
  const auto start = params.integer("startTime");
  const auto end = params.integer("endTime");
  const std::size_t limit = params.limit();
  params.finish();
  if (from_id && (start || end)) params.refuse(-1128, "Combination of optional parameters invalid.");
  if (start && end && from_stamp(*end) - from_stamp(*start) > 86'400'000'000) {
    params.refuse(-1127, "More than 24 hours between startTime and endTime.");
  }
  if (params.error()) return failure(*params.error());
  std::vector<const OrderList*> found = engine_.order_lists(account, false);
  std::erase_if(found, [&](const OrderList* list) {
    return (from_id && list->id < static_cast<std::uint64_t>(*from_id)) ||
           (start && list->updated < from_stamp(*start)) || (end && list->updated > from_stamp(*end));
  });
  const std::size_t count = std::min(found.size(), limit);
  const std::size_t first = from_id || start ? 0 : found.size() - count;
  json::array lists;
  for (std::size_t i = first; i < first + count; ++i) lists.push_back(order_list(engine_, *found[i], call.unit));
  return {200, std::move(lists)};
}

}  // namespace busbar::venue::binance
