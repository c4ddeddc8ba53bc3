// Orders: placed, tested, cancelled, replaced and made smaller.

#include "tools/venue/amount.hpp"
#include "tools/venue/binance/api.hpp"
#include "tools/venue/binance/filters.hpp"

namespace busbar::venue::binance {

namespace json = boost::json;

ResponseType Api::read_response_type(Params& params, ResponseType fallback) {
  const auto text = params.text("newOrderRespType");
  if (!text) return fallback;
  if (*text == "ACK") return ResponseType::Ack;
  if (*text == "RESULT") return ResponseType::Result;
  if (*text == "FULL") return ResponseType::Full;
  params.refuse(-1130, "Data sent for parameter 'newOrderRespType' is not valid.");
  return fallback;
}

// Which parameters each type needs and which it must not have, then the filters.
std::optional<Api::Wanted> Api::read_wanted(Call& call, AccountId account) {
  Params& params = call.params;
  Wanted wanted;
  const auto id = symbol(params, true);
  if (!id) {
    for (const char* name : {"side", "type"}) params.required_text(name);
    return std::nullopt;
  }
  wanted.symbol = *id;
  const Symbol& rules = engine_.symbol(*id);
  wanted.order = read_order(params, {}, rules);
  if (params.error()) return std::nullopt;
  wanted.order.self_trade = read_self_trade(params, rules);
  const bool is_full = wanted.order.type == OrderType::Market || wanted.order.type == OrderType::Limit;
  wanted.response = read_response_type(params, is_full ? ResponseType::Full : ResponseType::Ack);
  params.finish();
  if (params.error()) return std::nullopt;
  refuse_if_unsupported(params, wanted.order, rules);
  refuse_by_filters(params, account, *id, {wanted.order}, 0);
  if (params.error()) return std::nullopt;
  return wanted;
}

// As if each order were open already when the next one is looked at.
void Api::refuse_by_filters(Params& params, AccountId account, SymbolId symbol, const std::vector<NewOrder>& orders,
                            std::size_t lists) {
  if (params.error()) return;
  FilterContext context = filter_context(engine_, account, symbol);
  context.average_price = average_price(engine_, history_, symbol, now_());
  context.has_older_filters = features_.has_older_filters;
  for (const NewOrder& order : orders) {
    if (const auto filter = failed_filter(engine_.symbol(symbol), order, context)) {
      return params.refuse(-1013, "Filter failure: " + std::string{*filter});
    }
    ++context.open_orders;
    if (!order.stop_price.is_zero() || order.trailing_delta) ++context.stop_orders;
    if (order.iceberg_qty.is_positive()) ++context.iceberg_orders;
  }
  if (lists == 0) return;
  for (const OrderList* open : engine_.order_lists(account, true)) {
    if (open->symbol == symbol) ++lists;
  }
  if (lists > static_cast<std::size_t>(engine_.symbol(symbol).order_lists_max)) {
    params.refuse(-1013, "Filter failure: MAX_NUM_ORDER_LISTS");
  }
}

// Counts them, or says which limit they would break.
std::optional<ApiError> Api::admit_orders(AccountId account, std::int64_t count) {
  const TimeUs now = now_();
  if (const auto verdict = limits_.admit_order(account, now, count); !verdict.passes) {
    const std::string limit = verdict.is_day
                                  ? std::to_string(limits_.settings().orders_per_day) + " orders per 1 DAY."
                                  : std::to_string(limits_.settings().orders_per_10_seconds) + " orders per 10 SECOND.";
    return ApiError{-1015, "Too many new orders; current limit is " + limit, 429, verdict.retry_at};
  }
  limits_.count_order(account, now, count);
  return std::nullopt;
}

Reply Api::place(Call& call, AccountId account) {
  const auto wanted = read_wanted(call, account);
  if (!wanted) return failure(*call.params.error());
  if (const auto error = admit_orders(account, 1)) return failure(*error);
  return place(*wanted, account, call.unit);
}

Reply Api::place(const Wanted& wanted, AccountId account, TimeUnit unit) {
  const TimeUs now = now_();
  Events events;
  const std::size_t matches_before = engine_.prevented_matches().size();
  const auto placed = engine_.place(account, wanted.symbol, wanted.order, now, events);
  if (!placed) return failure(error_of(placed.error(), Action::Place));
  std::vector<Fill> fills;
  for (const Execution& execution : events.executions) {
    if (execution.fill && execution.order.id == placed->id && execution.order.account == account) {
      fills.push_back(*execution.fill);
    }
  }
  Reply reply{200, placed_order(engine_, *placed, fills, now, wanted.response, unit)};
  const auto& matches = engine_.prevented_matches();
  json::array prevented;
  for (std::size_t i = matches_before; i < matches.size(); ++i) {
    if (matches[i].taker_order == placed->id) prevented.push_back(prevented_in_order(matches[i]));
  }
  if (!prevented.empty() && wanted.response == ResponseType::Full) {
    reply.body.get_object()["preventedMatches"] = std::move(prevented);
  }
  reply.counts_orders = true;
  publish(events);
  return reply;
}

Reply Api::test(Call& call, AccountId account) {
  const bool wants_rates = call.params.flag("computeCommissionRates").value_or(false);
  const auto wanted = read_wanted(call, account);
  if (!wanted) return failure(*call.params.error());
  if (!wants_rates) return {200, json::object{}};
  const Account& rates = engine_.accounts()[account];
  const auto both = [](Decimal maker, Decimal taker) -> json::object {
    return {{"maker", fixed(maker)}, {"taker", fixed(taker)}};
  };
  return {200, json::object{{"standardCommissionForOrder", both(rates.maker_rate, rates.taker_rate)},
                            {"specialCommissionForOrder", both({}, {})},
                            {"taxCommissionForOrder", both({}, {})},
                            {"discount",
                             {{"enabledForAccount", false},
                              {"enabledForSymbol", true},
                              {"discountAsset", "BNB"},
                              {"discount", "0.25000000"}}}}};
}

Api::OrderName Api::read_name(Params& params, std::string_view id_name, std::string_view client_id_name) {
  params.require_one_of(client_id_name, id_name);
  OrderName name;
  name.id = params.integer(id_name);
  name.client_id = params.text(client_id_name);
  return name;
}

// By orderId first; the client's name is then compared.
const Order* Api::find_order(AccountId account, SymbolId symbol, const OrderName& name, bool is_cancel,
                             std::optional<ApiError>& error) {
  const Order* order = name.id ? engine_.order(account, symbol, static_cast<std::uint64_t>(*name.id))
                               : engine_.order_by_client_id(account, symbol, *name.client_id);
  if (order == nullptr) {
    error = is_cancel ? ApiError{-2011, "Unknown order sent."} : ApiError{-2013, "Order does not exist."};
  } else if (name.id && name.client_id && order->client_order_id != *name.client_id) {
    error = ApiError{-2039, "Client order ID is not correct for this order ID."};
    order = nullptr;
  }
  return order;
}

CancelRestriction Api::read_restriction(Params& params) {
  const auto text = params.text("cancelRestrictions");
  if (!text) return CancelRestriction::None;
  if (*text == "ONLY_NEW") return CancelRestriction::OnlyNew;
  if (*text == "ONLY_PARTIALLY_FILLED") return CancelRestriction::OnlyPartiallyFilled;
  params.refuse(-1145, "Invalid cancelRestrictions");
  return CancelRestriction::None;
}

Reply Api::cancel(Call& call, AccountId account) {
  Params& params = call.params;
  CancelWanted wanted;
  const auto id = symbol(params, true);
  wanted.symbol = id.value_or(0);
  wanted.order = read_name(params, "orderId", "origClientOrderId");
  wanted.own_name = params.client_order_id("newClientOrderId").value_or(std::string{});
  wanted.restriction = read_restriction(params);
  params.finish();
  if (params.error()) return failure(*params.error());
  return cancel(wanted, account, call.unit);
}

// One order of a list takes the others with it, and the answer is the list's.
Reply Api::cancel(const CancelWanted& wanted, AccountId account, TimeUnit unit) {
  std::optional<ApiError> error;
  const Order* order = find_order(account, wanted.symbol, wanted.order, true, error);
  if (order == nullptr) return failure(*error);
  const TimeUs now = now_();
  Events events;
  const auto canceled =
      engine_.cancel(account, wanted.symbol, order->id, wanted.own_name, wanted.restriction, now, events);
  if (!canceled) return failure(error_of(canceled.error(), Action::Cancel));
  publish(events);
  if (canceled->list != 0) {
    return {200, canceled_list(*engine_.order_list(account, canceled->list), events, now, unit)};
  }
  return {200, canceled_order(engine_, *canceled, events.executions.front().cancel_id, now, unit)};
}

Reply Api::cancel_all(Call& call, AccountId account) {
  const auto id = symbol(call.params, true);
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  const TimeUs now = now_();
  std::vector<std::uint64_t> ids;
  for (const Order* order : engine_.orders(account, *id, true)) ids.push_back(order->id);
  if (ids.empty()) return failure(error_of(Refusal::UnknownOrder, Action::Cancel));
  json::array orders, lists;
  Events events;
  std::string cancel_id;  // one name for the whole request
  for (const std::uint64_t order_id : ids) {
    const std::size_t before = events.executions.size();
    const auto canceled = engine_.cancel(account, *id, order_id, cancel_id, CancelRestriction::None, now, events);
    if (!canceled) continue;  // went with its list
    cancel_id = events.executions[before].cancel_id;
    if (canceled->list == 0) orders.push_back(canceled_order(engine_, *canceled, cancel_id, now, call.unit));
    else lists.push_back(canceled_list(*engine_.order_list(account, canceled->list), events, now, call.unit));
  }
  publish(events);
  for (json::value& list : lists) orders.push_back(std::move(list));
  return {200, std::move(orders)};
}

// Not atomic, and not all or nothing: what became of each half stands in the answer.
Reply Api::cancel_replace(Call& call, AccountId account) {
  Params& params = call.params;
  const std::string mode = params.required_text("cancelReplaceMode");
  const bool stops = mode == "STOP_ON_FAILURE";
  if (!stops && mode != "ALLOW_FAILURE") {
    params.refuse(-1130, "Data sent for parameter 'cancelReplaceMode' is not valid.");
  }
  CancelWanted cancels;
  cancels.order = read_name(params, "cancelOrderId", "cancelOrigClientOrderId");
  cancels.own_name = params.client_order_id("cancelNewClientOrderId").value_or(std::string{});
  cancels.restriction = read_restriction(params);
  const std::string exceeded = params.text("orderRateLimitExceededMode").value_or("DO_NOTHING");
  const bool cancels_anyway = exceeded == "CANCEL_ONLY";
  if (!cancels_anyway && exceeded != "DO_NOTHING") {
    params.refuse(-1130, "Data sent for parameter 'orderRateLimitExceededMode' is not valid.");
  }
  const auto wanted = read_wanted(call, account);
  if (!wanted) return failure(*params.error());
  if (!engine_.symbol(wanted->symbol).cancel_replace_allowed) {
    return failure({-1013, "Order cancel-replace is not supported for this symbol."});
  }
  cancels.symbol = wanted->symbol;
  const auto over_limit = admit_orders(account, 1);
  if (over_limit && !cancels_anyway) return failure(*over_limit);

  const Reply canceled = cancel(cancels, account, call.unit);
  std::optional<Reply> placed;
  if (canceled.code == 0 || !stops) {
    placed = over_limit ? failure(*over_limit) : place(*wanted, account, call.unit);
  }
  const auto result_of = [](const Reply& reply) { return reply.code == 0 ? "SUCCESS" : "FAILURE"; };
  json::object data{{"cancelResult", result_of(canceled)},
                    {"newOrderResult", placed ? result_of(*placed) : "NOT_ATTEMPTED"},
                    {"cancelResponse", canceled.body},
                    {"newOrderResponse", placed ? placed->body : json::value{}}};
  const bool is_placed = placed && placed->code == 0;
  Reply reply;
  reply.counts_orders = true;
  if (canceled.code == 0 && is_placed) {
    reply.body = std::move(data);
    return reply;
  }
  const bool is_partial = canceled.code == 0 || is_placed;
  reply.code = is_partial ? -2021 : -2022;
  reply.status = over_limit && stops ? 429 : is_partial ? 409 : 400;
  if (over_limit && stops) reply.retry_at = over_limit->retry_at;
  reply.body = json::object{
      {"code", reply.code},
      {"msg", is_partial ? "Order cancel-replace partially failed." : "Order cancel-replace failed."},
      {"data", std::move(data)}};
  return reply;
}

Reply Api::amend(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const OrderName name = read_name(params, "orderId", "origClientOrderId");
  const std::string new_id = params.client_order_id("newClientOrderId").value_or(std::string{});
  const Decimal qty = params.required_decimal("newQty");
  if (!params.error() && qty.is_zero()) params.refuse(-1013, "Invalid newQty.");
  params.finish();
  if (params.error()) return failure(*params.error());
  const Symbol& rules = engine_.symbol(*id);
  if (!rules.amend_allowed) return failure({-1013, "Order amend is not supported for this symbol."});
  std::optional<ApiError> error;
  const Order* order = find_order(account, *id, name, false, error);
  if (order == nullptr) return failure(error->code == -2013 ? ApiError{-2038, "Unknown order sent."} : *error);
  if (order->amends >= rules.amends_max) return failure({-2038, "Filter failure: MAX_NUM_ORDER_AMENDS"});
  NewOrder changed;  // what the filters have to say about its size
  changed.side = order->side;
  changed.type = order->type;
  changed.qty = qty;
  changed.price = order->price;
  changed.stop_price = order->stop_price;
  FilterContext context;
  context.average_price = average_price(engine_, history_, *id, now_());
  context.has_older_filters = features_.has_older_filters;
  if (const auto filter = failed_filter(rules, changed, context); filter && !filter->starts_with("P")) {
    return failure({-1013, "Filter failure: " + std::string{*filter}});
  }
  const TimeUs now = now_();
  Events events;
  const auto amended = engine_.amend(account, *id, order->id, new_id, qty, now, events);
  if (!amended) return failure(error_of(amended.error(), Action::Amend));
  publish(events);
  return {200, amended_order(engine_, *amended, call.unit)};
}

}  // namespace busbar::venue::binance
