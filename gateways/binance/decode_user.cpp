// Events about our account, and the frames of the WebSocket API in which they come.

#include "gateways/binance/decode.hpp"
#include "gateways/binance/read.hpp"
#include "gateways/binance/read_account.hpp"

namespace busbar::binance {

namespace {

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
  report.last_prevented_qty = reader.maybe_decimal("B");
  report.counter_order_id = reader.maybe_integer("U");
  report.counter_symbol = reader.maybe_text("Cs");
  report.trade_group_id = reader.maybe_integer("u");
  report.prevented_execution_qty = reader.maybe_decimal("pl");
  report.prevented_execution_price = reader.maybe_decimal("pL");
  report.prevented_execution_quote_qty = reader.maybe_decimal("pY");
  report.trailing_delta = reader.maybe_integer("d");
  report.trailing_time = reader.maybe_integer("D");
  report.strategy_id = reader.maybe_integer("j");
  report.strategy_type = reader.maybe_integer("J");
  report.match_type = reader.maybe_text("b");
  report.allocation_id = reader.maybe_integer("a");
  report.working_floor = reader.maybe_text("k");
  report.used_sor = reader.maybe_flag("uS");
  report.peg_price_type = reader.maybe_text("gP");
  report.peg_offset_type = reader.maybe_text("gOT");
  report.peg_offset_value = reader.maybe_integer("gOV");
  report.pegged_price = reader.maybe_decimal("gp");
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
      position.balances = read_each(*balances, "B", complaint, all_max, [&](const json::object& balance) {
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

}  // namespace

const std::string& ExecutionReportEvent::our_client_order_id() const {
  // Older servers wrote the word null.
  return orig_client_order_id.empty() || orig_client_order_id == "null" ? client_order_id : orig_client_order_id;
}

Result<UserFrame> decode_user_frame(std::string_view frame) { return decode_object(frame, "frame", read_user_frame); }

Result<std::variant<UserFrame, WsResponse>> decode_ws_api_frame(std::string_view frame) {
  using Either = std::variant<UserFrame, WsResponse>;
  constexpr std::size_t size_max = 64u << 20;  // as large as the largest answer of REST, which is exchangeInfo
  const auto read = [](const json::object& object, Complaint& complaint) -> Either {
    if (object.contains("event")) return read_user_frame(object, complaint);
    Reader reader{object, "response", complaint};
    WsResponse response;
    response.id = id_text(object);
    response.status = reader.integer("status");
    if (const json::object* error = reader.maybe_object("error")) {
      response.error = read_error(*error, complaint);
      response.error_body = json::serialize(*error);
    }
    if (const json::value* result = object.if_contains("result")) {
      response.result = json::serialize(*result);
      if (const json::object* members = result->if_object()) {
        response.subscription_id = Reader{*members, "result", complaint}.maybe_integer("subscriptionId");
      }
    }
    if (const json::array* limits = reader.maybe_array("rateLimits")) {
      response.rate_limits = read_each(*limits, "rateLimits", complaint, 100, [&](const json::object& limit) {
        return read_rate_limit_count(limit, complaint);
      });
    }
    return response;
  };
  return decode_object(frame, "frame", read, size_max);
}

}  // namespace busbar::binance
