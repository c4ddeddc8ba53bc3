#include "gateways/binance/decode.hpp"

#include "gateways/binance/decode_hot.hpp"
#include "gateways/binance/read.hpp"
#include "gateways/binance/read_account.hpp"

namespace busbar::binance {

namespace {

constexpr std::size_t legs_max = 100;  // three are the most that is documented

OrderFill read_fill(const json::object& object, Complaint& complaint) {
  Reader reader{object, "fill", complaint};
  return {.price = reader.decimal("price"),
          .qty = reader.decimal("qty"),
          .commission = reader.decimal("commission"),
          .commission_asset = reader.text("commissionAsset"),
          .trade_id = reader.integer("tradeId")};
}

Order read_order(const json::object& object, Complaint& complaint) {
  Reader reader{object, "order", complaint};
  Order order;
  order.symbol = reader.text("symbol");
  order.order_list_id = reader.maybe_integer("orderListId");
  if (const json::array* reports = reader.maybe_array("orderReports")) {  // cancelling an order list
    order.list_orders = read_each(*reports, "orderReports", complaint, legs_max,
                                  [&](const json::object& report) { return read_order(report, complaint); });
    return order;
  }
  order.order_id = reader.integer("orderId");
  order.client_order_id = reader.text("clientOrderId");
  order.orig_client_order_id = reader.maybe_text("origClientOrderId");
  order.status = reader.maybe_text("status");
  order.type = reader.maybe_text("type");
  order.side = reader.maybe_text("side");
  order.time_in_force = reader.maybe_text("timeInForce");
  order.price = reader.maybe_decimal("price");
  order.stop_price = reader.maybe_decimal("stopPrice");
  order.iceberg_qty = reader.maybe_decimal("icebergQty");
  order.orig_qty = reader.maybe_decimal("origQty");
  order.executed_qty = reader.maybe_decimal("executedQty");
  order.cum_quote_qty = reader.maybe_decimal("cummulativeQuoteQty");  // sic
  order.orig_quote_order_qty = reader.maybe_decimal("origQuoteOrderQty");
  order.transact_time = reader.maybe_integer("transactTime");
  order.time = reader.maybe_integer("time");
  order.update_time = reader.maybe_integer("updateTime");
  order.working_time = reader.maybe_integer("workingTime");
  order.is_working = reader.maybe_flag("isWorking");
  order.trailing_delta = reader.maybe_integer("trailingDelta");
  order.self_trade_prevention_mode = reader.maybe_text("selfTradePreventionMode");
  order.prevented_qty = reader.maybe_decimal("preventedQuantity");
  order.expiry_reason = reader.maybe_text("expiryReason");
  if (const json::array* fills = reader.maybe_array("fills")) {
    order.fills = read_each(*fills, "fills", complaint, list_max,
                            [&](const json::object& fill) { return read_fill(fill, complaint); });
  }
  return order;
}

// An order that was amended has names of its own for what every other answer calls origQty and its like.
Order read_amended_order(const json::object& object, Complaint& complaint) {
  Order order = read_order(object, complaint);
  Reader reader{object, "amendedOrder", complaint};
  if (!order.orig_qty) order.orig_qty = reader.decimal("qty");
  if (!order.cum_quote_qty) order.cum_quote_qty = reader.maybe_decimal("cumulativeQuoteQty");
  if (!order.orig_quote_order_qty) order.orig_quote_order_qty = reader.maybe_decimal("quoteOrderQty");
  if (!order.prevented_qty) order.prevented_qty = reader.maybe_decimal("preventedQty");
  return order;
}

OrderList read_order_list(const json::object& object, Complaint& complaint) {
  Reader reader{object, "orderList", complaint};
  OrderList list;
  list.symbol = reader.text("symbol");
  list.order_list_id = reader.integer("orderListId");
  list.contingency = reader.text("contingencyType");
  list.list_status_type = reader.maybe_text("listStatusType").value_or("");
  list.list_order_status = reader.text("listOrderStatus");
  list.list_client_order_id = reader.text("listClientOrderId");
  list.transaction_time = reader.maybe_integer("transactionTime");
  if (const json::array* orders = reader.maybe_array("orders")) {
    list.orders = read_each(*orders, "orders", complaint, legs_max, [&](const json::object& leg) {
      Reader legs{leg, "orderList.orders", complaint};
      return OrderList::Leg{.symbol = legs.text("symbol"),
                            .order_id = legs.integer("orderId"),
                            .client_order_id = legs.text("clientOrderId")};
    });
  } else {
    complaint.add("orderList", "orders", "missing");
  }
  if (const json::array* reports = reader.maybe_array("orderReports")) {
    list.reports = read_each(*reports, "orderReports", complaint, legs_max,
                             [&](const json::object& report) { return read_order(report, complaint); });
  }
  return list;
}

HalfResult read_half_result(Reader& reader, std::string_view member, Complaint& complaint) {
  const std::string result = reader.text(member);
  if (result == "SUCCESS") return HalfResult::Success;
  if (result == "FAILURE") return HalfResult::Failure;
  if (result != "NOT_ATTEMPTED") complaint.add("cancelReplace", member, "neither done, failed nor not attempted");
  return HalfResult::NotAttempted;
}

// A half that was done answers with its order, one that failed with an error, and one never begun with null.
void read_half(const json::object& object, std::string_view member, HalfResult result, std::optional<Order>& order,
               std::optional<BrokerError>& error, Complaint& complaint) {
  if (result == HalfResult::NotAttempted) return;
  const json::value* response = object.if_contains(member);
  const json::object* members = response == nullptr ? nullptr : response->if_object();
  if (members == nullptr) {
    complaint.add("cancelReplace", member, "no object, and it was attempted");
  } else if (result == HalfResult::Success) {
    order = read_order(*members, complaint);
  } else {
    error = read_error(*members, complaint);
  }
}

CancelReplace read_cancel_replace(const json::object& object, Complaint& complaint) {
  CancelReplace answer;
  const json::object* halves = &object;
  if (object.contains("code")) {
    answer.error = read_error(object, complaint);
    const json::value* data = object.if_contains("data");
    halves = data == nullptr ? nullptr : data->if_object();
    if (halves == nullptr) {
      complaint.add("cancelReplace", "data", "missing: an error about the whole request");
      return answer;
    }
  }
  Reader reader{*halves, "cancelReplace", complaint};
  answer.cancel_result = read_half_result(reader, "cancelResult", complaint);
  answer.new_order_result = read_half_result(reader, "newOrderResult", complaint);
  read_half(*halves, "cancelResponse", answer.cancel_result, answer.canceled, answer.cancel_error, complaint);
  read_half(*halves, "newOrderResponse", answer.new_order_result, answer.placed, answer.new_order_error, complaint);
  return answer;
}

AccountTrade read_account_trade(const json::object& object, Complaint& complaint) {
  Reader reader{object, "trade", complaint};
  return {.symbol = reader.text("symbol"),
          .id = reader.integer("id"),
          .order_id = reader.integer("orderId"),
          .price = reader.decimal("price"),
          .qty = reader.decimal("qty"),
          .quote_qty = reader.maybe_decimal("quoteQty").value_or(Decimal{}),
          .commission = reader.decimal("commission"),
          .commission_asset = reader.text("commissionAsset"),
          .time = reader.integer("time"),
          .is_buyer = reader.flag("isBuyer"),
          .is_maker = reader.flag("isMaker")};
}

}  // namespace

BrokerError read_error(const json::object& object, Complaint& complaint) {
  Reader reader{object, "error", complaint};
  BrokerError error;
  error.code = reader.integer("code");
  if (const json::value* message = object.if_contains("msg"); message != nullptr && message->is_string()) {
    const json::string& text = message->get_string();
    error.message.assign(text.data(), std::min(text.size(), text_max));
  } else {
    complaint.add("error", "msg", "missing");
  }
  if (const json::value* data = object.if_contains("data"); data != nullptr && data->is_object()) {
    Complaint ignored;  // what else Binance says of an error does not make it none
    Reader more{data->get_object(), "error.data", ignored};
    error.retry_after_ms = more.maybe_integer("retryAfter");
    error.server_time_ms = more.maybe_integer("serverTime");
  }
  return error;
}

AssetBalance read_balance(const json::object& object, std::string_view what, Complaint& complaint,
                          std::string_view asset, std::string_view free, std::string_view locked) {
  Reader reader{object, what, complaint};
  return {.asset = reader.text(asset), .free = reader.decimal(free), .locked = reader.decimal(locked)};
}

RateLimitCount read_rate_limit_count(const json::object& object, Complaint& complaint) {
  Reader reader{object, "rateLimits", complaint};
  return {.type = reader.text("rateLimitType"),
          .interval = reader.text("interval"),
          .interval_num = reader.integer("intervalNum"),
          .limit = reader.integer("limit"),
          .count = reader.maybe_integer("count")};
}

Result<Order> decode_order(std::string_view body) {
  Result<Order> order{boost::system::in_place_value};
  if (!read_hot(body, *order)) order = decode_object(body, "order", read_order);
  return order;
}

Result<std::vector<Order>> decode_orders(std::string_view body) { return decode_array(body, "orders", read_order); }

Result<OrderList> decode_order_list(std::string_view body) { return decode_object(body, "orderList", read_order_list); }

Result<std::vector<OrderList>> decode_order_lists(std::string_view body) {
  return decode_array(body, "orderLists", read_order_list);
}

Result<CancelReplace> decode_cancel_replace(std::string_view body) {
  return decode_object(body, "cancelReplace", read_cancel_replace);
}

Result<Amended> decode_amend(std::string_view body) {
  return decode_object(body, "amend", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "amend", complaint};
    Amended amended;
    amended.transact_time = reader.integer("transactTime");
    amended.execution_id = reader.integer("executionId");
    if (const json::object* order = reader.maybe_object("amendedOrder")) {
      amended.order = read_amended_order(*order, complaint);
      amended.order.transact_time = amended.transact_time;
      // Here the order bears the new name already, and the old one is history.
      amended.orig_client_order_id = amended.order.orig_client_order_id.value_or("");
      amended.order.orig_client_order_id.reset();
    } else {
      complaint.add("amend", "amendedOrder", "missing");
    }
    if (const json::object* list = reader.maybe_object("listStatus")) amended.list = read_order_list(*list, complaint);
    return amended;
  });
}

Result<std::vector<AccountTrade>> decode_trades(std::string_view body) {
  return decode_array(body, "trades", read_account_trade);
}

Result<Account> decode_account(std::string_view body) {
  return decode_object(body, "account", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "account", complaint};
    Account account;
    account.can_trade = reader.flag("canTrade");
    account.uid = reader.maybe_integer("uid");
    if (const json::object* rates = reader.maybe_object("commissionRates")) {
      Reader rate{*rates, "account.commissionRates", complaint};
      account.maker_commission = rate.maybe_decimal("maker");
      account.taker_commission = rate.maybe_decimal("taker");
    }
    if (const json::array* balances = reader.maybe_array("balances")) {
      account.balances = read_each(*balances, "balances", complaint, all_max, [&](const json::object& balance) {
        return read_balance(balance, "account.balances", complaint, "asset", "free", "locked");
      });
    } else {
      complaint.add("account", "balances", "missing");
    }
    return account;
  });
}

Result<Commission> decode_commission(std::string_view body) {
  return decode_object(body, "commission", [](const json::object& object, Complaint& complaint) {
    Commission commission;
    Reader reader{object, "commission", complaint};
    commission.symbol = reader.text("symbol");
    const auto rates = [&](std::string_view member) -> std::optional<Commission::Rates> {
      const json::object* members = reader.maybe_object(member);
      if (members == nullptr) return std::nullopt;
      Reader rate{*members, "commission", complaint};
      return Commission::Rates{.maker = rate.decimal("maker"), .taker = rate.decimal("taker")};
    };
    const auto standard = rates("standardCommission");
    if (!standard) complaint.add("commission", "standardCommission", "missing");
    commission.standard = standard.value_or(Commission::Rates{});
    commission.special = rates("specialCommission");
    commission.tax = rates("taxCommission");
    return commission;
  });
}

Result<std::int64_t> decode_time(std::string_view body) {
  return decode_object(body, "time", [](const json::object& object, Complaint& complaint) {
    return Reader{object, "time", complaint}.integer("serverTime");
  });
}

Result<std::vector<RateLimitCount>> decode_order_counts(std::string_view body) {
  return decode_array(body, "rateLimits", read_rate_limit_count);
}

Result<std::string> decode_listen_key(std::string_view body) {
  return decode_object(body, "userDataStream", [](const json::object& object, Complaint& complaint) {
    std::string key = Reader{object, "userDataStream", complaint}.text("listenKey");
    if (key.empty()) complaint.add("userDataStream", "listenKey", "empty");
    return key;
  });
}

std::optional<BrokerError> decode_error(std::string_view body) {
  const auto value = parse_json(body, 1u << 20);
  if (!value || !value->is_object()) return std::nullopt;
  Complaint complaint;
  BrokerError error = read_error(value->get_object(), complaint);
  if (!complaint.text.empty()) return std::nullopt;
  return error;
}

}  // namespace busbar::binance
