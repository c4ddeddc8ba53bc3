#include "gateways/binance/decode.hpp"

#include "gateways/binance/reader.hpp"

namespace busbar::binance {

namespace {

constexpr std::size_t list_max = 5000;  // elements; the largest documented limit is 1000
constexpr std::size_t account_list_max = 20000;

Error shape(std::string_view what, std::string_view reason) {
  return Error{ErrorCode::InvalidMessage, std::string{what} + ": " + std::string{reason}};
}

template <class T>
Result<T> answer(T value, const Complaint& complaint) {
  if (!complaint.text.empty()) return Error{ErrorCode::InvalidMessage, complaint.text};
  return value;
}

// Reads each object of an array with `read`, up to `most` of them.
template <class Read>
auto read_each(const json::array& array, std::string_view what, Complaint& complaint, std::size_t most, Read read) {
  using Element = decltype(read(std::declval<const json::object&>()));
  std::vector<Element> elements;
  if (array.size() > most) {
    complaint.add(what, "size", "more than " + std::to_string(most) + " elements");
    return elements;
  }
  elements.reserve(array.size());
  for (const json::value& value : array) {
    const json::object* object = value.if_object();
    if (object == nullptr) {
      complaint.add(what, "element", "no object");
      break;
    }
    elements.push_back(read(*object));
  }
  return elements;
}

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
    order.list_orders = read_each(*reports, "orderReports", complaint, 100,
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
  order.self_trade_prevention_mode = reader.maybe_text("selfTradePreventionMode");
  order.expiry_reason = reader.maybe_text("expiryReason");
  if (const json::array* fills = reader.maybe_array("fills")) {
    order.fills = read_each(*fills, "fills", complaint, list_max,
                            [&](const json::object& fill) { return read_fill(fill, complaint); });
  }
  return order;
}

AssetBalance read_balance(const json::object& object, std::string_view what, Complaint& complaint,
                          std::string_view asset, std::string_view free, std::string_view locked) {
  Reader reader{object, what, complaint};
  return {.asset = reader.text(asset), .free = reader.decimal(free), .locked = reader.decimal(locked)};
}

BrokerError read_error(const json::object& object, Complaint& complaint) {
  Reader reader{object, "error", complaint};
  BrokerError error{.code = reader.integer("code"), .message = {}, .retry_after_ms = {}};
  if (const json::value* message = object.if_contains("msg"); message != nullptr && message->is_string()) {
    const json::string& text = message->get_string();
    error.message.assign(text.data(), std::min(text.size(), text_max));
  } else {
    complaint.add("error", "msg", "missing");
  }
  if (const json::value* data = object.if_contains("data"); data != nullptr && data->is_object()) {
    if (const json::value* after = data->get_object().if_contains("retryAfter");
        after != nullptr && after->is_int64()) {
      error.retry_after_ms = after->get_int64();
    }
  }
  return error;
}

ExecutionReportEvent read_execution_report(const json::object& object, Complaint& complaint) {
  Reader reader{object, "executionReport", complaint};
  ExecutionReportEvent report;
  report.symbol = reader.text("s");
  report.client_order_id = reader.text("c");
  report.orig_client_order_id = reader.maybe_text("C").value_or("");
  report.side = reader.text("S");
  report.type = reader.text("o");
  report.time_in_force = reader.text("f");
  report.qty = reader.decimal("q");
  report.price = reader.decimal("p");
  report.stop_price = reader.maybe_decimal("P").value_or(Decimal{});
  report.iceberg_qty = reader.maybe_decimal("F");
  report.order_list_id = reader.maybe_integer("g").value_or(-1);
  report.execution_type = reader.text("x");
  report.order_status = reader.text("X");
  report.reject_reason = reader.maybe_text("r").value_or("NONE");
  report.order_id = reader.integer("i");
  report.last_qty = reader.decimal("l");
  report.cum_qty = reader.decimal("z");
  report.last_price = reader.decimal("L");
  report.commission = reader.maybe_decimal("n").value_or(Decimal{});
  report.commission_asset = reader.maybe_text("N");
  report.transact_time = reader.integer("T");
  report.trade_id = reader.integer("t");
  report.execution_id = reader.maybe_integer("I").value_or(0);
  report.on_book = reader.flag("w");
  report.is_maker = reader.flag("m");
  report.created_time = reader.maybe_integer("O").value_or(0);
  report.cum_quote_qty = reader.maybe_decimal("Z").value_or(Decimal{});
  report.last_quote_qty = reader.maybe_decimal("Y");
  report.quote_order_qty = reader.maybe_decimal("Q");
  report.working_time = reader.maybe_integer("W");
  report.self_trade_prevention_mode = reader.maybe_text("V");
  report.prevented_match_id = reader.maybe_integer("v");
  report.prevented_qty = reader.maybe_decimal("A");
  report.trailing_delta = reader.maybe_integer("d");
  report.expiry_reason = reader.maybe_text("eR");
  return report;
}

ListStatusEvent read_list_status(const json::object& object, Complaint& complaint) {
  Reader reader{object, "listStatus", complaint};
  ListStatusEvent status;
  status.symbol = reader.text("s");
  status.order_list_id = reader.integer("g");
  status.contingency = reader.text("c");
  status.list_status_type = reader.text("l");
  status.list_order_status = reader.text("L");
  status.reject_reason = reader.maybe_text("r").value_or("NONE");
  status.list_client_order_id = reader.text("C");
  status.transact_time = reader.integer("T");
  if (const json::array* orders = reader.maybe_array("O")) {
    status.orders = read_each(*orders, "O", complaint, 100, [&](const json::object& leg) {
      Reader legs{leg, "listStatus.O", complaint};
      return ListStatusEvent::Leg{
          .symbol = legs.text("s"), .order_id = legs.integer("i"), .client_order_id = legs.text("c")};
    });
  }
  return status;
}

UserEvent read_user_event(const json::object& object, Complaint& complaint) {
  Reader reader{object, "event", complaint};
  UserEvent event;
  event.name = reader.text("e");
  event.event_time = reader.maybe_integer("E");
  if (event.name == "executionReport") {
    event.what = read_execution_report(object, complaint);
  } else if (event.name == "outboundAccountPosition") {
    AccountPositionEvent position;
    position.update_time = reader.integer("u");
    if (const json::array* balances = reader.maybe_array("B")) {
      position.balances = read_each(*balances, "B", complaint, account_list_max, [&](const json::object& balance) {
        return read_balance(balance, "outboundAccountPosition.B", complaint, "a", "f", "l");
      });
    } else {
      complaint.add("outboundAccountPosition", "B", "missing");
    }
    event.what = std::move(position);
  } else if (event.name == "balanceUpdate") {
    event.what = BalanceUpdateEvent{
        .asset = reader.text("a"), .delta = reader.decimal("d"), .clear_time = reader.integer("T")};
  } else if (event.name == "listStatus") {
    event.what = read_list_status(object, complaint);
  } else if (event.name == "externalLockUpdate") {
    event.what = ExternalLockEvent{
        .asset = reader.text("a"), .delta = reader.decimal("d"), .transact_time = reader.integer("T")};
  } else if (event.name == "listenKeyExpired") {
    event.what = ListenKeyExpiredEvent{.listen_key = reader.maybe_text("listenKey").value_or("")};
  } else if (event.name == "eventStreamTerminated") {
    event.what = StreamTerminatedEvent{};
  } else if (event.name == "serverShutdown") {
    event.what = ServerShutdownEvent{};
  }
  return event;
}

UserFrame read_user_frame(const json::object& object, Complaint& complaint) {
  Reader reader{object, "frame", complaint};
  UserFrame frame;
  const json::object* event = &object;
  if (object.contains("event")) {
    frame.envelope = Envelope::WsApi;
    frame.subscription_id = reader.maybe_integer("subscriptionId");  // serverShutdown comes without
    event = reader.maybe_object("event");
  } else if (object.contains("stream")) {
    frame.envelope = Envelope::CombinedStream;
    frame.stream = reader.text("stream");
    event = reader.maybe_object("data");
    if (event == nullptr) complaint.add("frame", "data", "missing");
  }
  if (event != nullptr) frame.event = read_user_event(*event, complaint);
  return frame;
}

std::optional<std::string> id_text(const json::object& object) {
  const json::value* id = object.if_contains("id");
  if (id == nullptr || id->is_null()) return std::nullopt;
  if (const json::string* text = id->if_string()) return std::string{text->data(), std::min(text->size(), text_max)};
  return json::serialize(*id);
}

BookTicker read_book_ticker(const json::object& object, Complaint& complaint) {
  Reader reader{object, "bookTicker", complaint};
  return {.symbol = reader.text("s"),
          .update_id = reader.integer("u"),
          .bid = reader.decimal("b"),
          .bid_qty = reader.decimal("B"),
          .ask = reader.decimal("a"),
          .ask_qty = reader.decimal("A")};
}

TradeEvent read_trade_event(const json::object& object, Complaint& complaint) {
  Reader reader{object, "trade", complaint};
  return {.symbol = reader.text("s"),
          .trade_id = reader.integer("t"),
          .price = reader.decimal("p"),
          .qty = reader.decimal("q"),
          .trade_time = reader.integer("T"),
          .buyer_is_maker = reader.flag("m")};
}

// Parses a body that must be one object, and reads it.
template <class Read>
auto decode_object(std::string_view body, std::string_view what, Read read)
    -> Result<decltype(read(std::declval<const json::object&>(), std::declval<Complaint&>()))> {
  const auto value = parse_json(body);
  if (!value) return value.error();
  const json::object* object = value->if_object();
  if (object == nullptr) return shape(what, "no object");
  Complaint complaint;
  auto result = read(*object, complaint);
  return answer(std::move(result), complaint);
}

template <class Read>
auto decode_array(std::string_view body, std::string_view what, Read read)
    -> Result<std::vector<decltype(read(std::declval<const json::object&>(), std::declval<Complaint&>()))>> {
  const auto value = parse_json(body, 32u << 20);
  if (!value) return value.error();
  const json::array* array = value->if_array();
  if (array == nullptr) return shape(what, "no array");
  Complaint complaint;
  auto result = read_each(*array, what, complaint, list_max,
                          [&](const json::object& object) { return read(object, complaint); });
  return answer(std::move(result), complaint);
}

}  // namespace

const std::string& ExecutionReportEvent::our_client_order_id() const {
  // Older servers wrote the word null.
  return orig_client_order_id.empty() || orig_client_order_id == "null" ? client_order_id : orig_client_order_id;
}

Result<Order> decode_order(std::string_view body) { return decode_object(body, "order", read_order); }

Result<std::vector<Order>> decode_orders(std::string_view body) { return decode_array(body, "orders", read_order); }

Result<std::vector<AccountTrade>> decode_trades(std::string_view body) {
  return decode_array(body, "trades", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "trade", complaint};
    return AccountTrade{.symbol = reader.text("symbol"),
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
  });
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
      account.balances =
          read_each(*balances, "balances", complaint, account_list_max, [&](const json::object& balance) {
            return read_balance(balance, "account.balances", complaint, "asset", "free", "locked");
          });
    } else {
      complaint.add("account", "balances", "missing");
    }
    return account;
  });
}

Result<std::int64_t> decode_time(std::string_view body) {
  return decode_object(body, "time", [](const json::object& object, Complaint& complaint) {
    return Reader{object, "time", complaint}.integer("serverTime");
  });
}

Result<BookTicker> decode_book_ticker(std::string_view body) {
  return decode_object(body, "bookTicker", [](const json::object& object, Complaint& complaint) {
    Reader reader{object, "bookTicker", complaint};
    return BookTicker{.symbol = reader.text("symbol"),
                      .update_id = std::nullopt,
                      .bid = reader.decimal("bidPrice"),
                      .bid_qty = reader.decimal("bidQty"),
                      .ask = reader.decimal("askPrice"),
                      .ask_qty = reader.decimal("askQty")};
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

Result<UserFrame> decode_user_frame(std::string_view frame) { return decode_object(frame, "frame", read_user_frame); }

Result<std::variant<UserFrame, WsResponse>> decode_ws_api_frame(std::string_view frame) {
  using Either = std::variant<UserFrame, WsResponse>;
  return decode_object(frame, "frame", [](const json::object& object, Complaint& complaint) -> Either {
    if (object.contains("event")) return read_user_frame(object, complaint);
    Reader reader{object, "response", complaint};
    WsResponse response;
    response.id = id_text(object);
    response.status = reader.integer("status");
    if (const json::object* error = reader.maybe_object("error")) response.error = read_error(*error, complaint);
    if (const json::value* result = object.if_contains("result"); result != nullptr && result->is_object()) {
      response.subscription_id = Reader{result->get_object(), "result", complaint}.maybe_integer("subscriptionId");
    }
    return response;
  });
}

Result<MarketFrame> decode_market_frame(std::string_view frame) {
  return decode_object(frame, "frame", [](const json::object& object, Complaint& complaint) {
    MarketFrame market;
    Reader outer{object, "frame", complaint};
    const json::object* data = &object;
    if (object.contains("stream")) {
      market.stream = outer.text("stream");
      data = outer.maybe_object("data");
      if (data == nullptr) {  // arrays of all symbols, which we never ask for
        complaint.text.clear();
        market.what = OtherMarketEvent{.name = *market.stream};
        return market;
      }
    } else if (object.contains("event")) {
      data = outer.maybe_object("event");
      if (data == nullptr) return market;
    }
    Reader reader{*data, "frame", complaint};
    if (const json::value* name = data->if_contains("e")) {
      if (!name->is_string()) {
        complaint.add("frame", "e", "no string");
      } else if (name->get_string() == "trade") {
        market.what = read_trade_event(*data, complaint);
      } else if (name->get_string() == "serverShutdown") {
        market.what = ServerShutdownEvent{};
      } else {
        market.what = OtherMarketEvent{.name = reader.text("e")};
      }
    } else if (data->contains("u") && data->contains("b") && data->contains("a")) {  // bookTicker has no name
      market.what = read_book_ticker(*data, complaint);
    } else if (data->contains("result") || data->contains("error") || data->contains("code")) {
      ControlResponse response;
      if (const json::value* id = data->if_contains("id"); id != nullptr && id->is_int64()) {
        response.id = id->get_int64();
      }
      if (const json::value* error = data->if_contains("error"); error != nullptr && error->is_object()) {
        response.error = read_error(error->get_object(), complaint);
      } else if (data->contains("code")) {
        response.error = read_error(*data, complaint);
      }
      market.what = std::move(response);
    } else {
      market.what = OtherMarketEvent{};
    }
    return market;
  });
}

}  // namespace busbar::binance
