#include "gateways/alpaca/decode.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "gateways/alpaca/read.hpp"

namespace busbar::alpaca {

namespace {

constexpr std::size_t assets_max = 100'000;

std::optional<Mean> mean_of(Reader& reader, std::string_view member) {
  const auto value = reader.maybe_cut(member);
  if (!value) return std::nullopt;
  return Mean{.digits = text_or_empty(reader, member), .value = *value};
}

// Twins of one member, of which older replies have the other one.
std::string first_text_of(Reader& reader, std::string_view member, std::string_view twin) {
  std::string text = text_or_empty(reader, member);
  return text.empty() ? text_or_empty(reader, twin) : text;
}

Order read_order(const json::object& object, Complaint& complaint) {
  Reader reader{object, "order", complaint};
  const auto time = [&](std::string_view member) { return time_of(reader, "order", member, complaint); };
  Order order;
  order.id = text_or_empty(reader, "id");
  order.client_order_id = text_or_empty(reader, "client_order_id");
  order.symbol = text_or_empty(reader, "symbol");
  order.asset_id = text_or_empty(reader, "asset_id");
  order.asset_class = text_or_empty(reader, "asset_class");
  order.side = text_or_empty(reader, "side");
  order.type = first_text_of(reader, "type", "order_type");
  order.time_in_force = text_or_empty(reader, "time_in_force");
  order.order_class = text_or_empty(reader, "order_class");
  if (reader.has("order_class") && order.order_class.empty()) order.order_class = "simple";
  order.status = text_or_empty(reader, "status");
  order.qty = reader.maybe_amount("qty");
  order.notional = reader.maybe_amount("notional");
  order.filled_qty = reader.maybe_amount("filled_qty");
  order.filled_avg_price = mean_of(reader, "filled_avg_price");
  order.limit_price = reader.maybe_amount("limit_price");
  order.stop_price = reader.maybe_amount("stop_price");
  order.trail_price = reader.maybe_amount("trail_price");
  order.trail_percent = reader.maybe_amount("trail_percent");
  order.hwm = text_or_empty(reader, "hwm");
  order.extended_hours = flag_of(reader, "extended_hours");
  order.created_at = time("created_at");
  order.updated_at = time("updated_at");
  order.submitted_at = time("submitted_at");
  order.filled_at = time("filled_at");
  order.expired_at = time("expired_at");
  order.canceled_at = time("canceled_at");
  order.failed_at = time("failed_at");
  order.replaced_at = time("replaced_at");
  order.replaced_by = text_or_empty(reader, "replaced_by");
  order.replaces = text_or_empty(reader, "replaces");
  if (const json::array* legs = list_of(reader, "legs")) {
    order.legs = read_each(*legs, "legs", complaint, list_max,
                           [&](const json::object& leg) { return read_order(leg, complaint); });
  }
  return order;
}

// An answer about an order says which one, and how it stands; events of the stream may say less.
Order read_whole_order(const json::object& object, Complaint& complaint) {
  Order order = read_order(object, complaint);
  if (order.id.empty()) complaint.add("order", "id", "missing");
  if (order.status.empty()) complaint.add("order", "status", "missing");
  return order;
}

Execution read_execution(const json::object& object, Complaint& complaint) {
  Reader reader{object, "activity", complaint};
  Execution execution;
  execution.id = reader.text("id");
  const std::size_t colons = execution.id.rfind("::");
  execution.execution_id = colons == std::string::npos ? execution.id : execution.id.substr(colons + 2);
  execution.order_id = reader.text("order_id");
  execution.symbol = text_or_empty(reader, "symbol");
  execution.side = text_or_empty(reader, "side");
  execution.price = reader.decimal("price");
  execution.qty = reader.decimal("qty");
  execution.cum_qty = reader.maybe_amount("cum_qty");
  execution.leaves_qty = reader.maybe_amount("leaves_qty");
  const auto time = time_of(reader, "activity", "transaction_time", complaint);
  if (!time) complaint.add("activity", "transaction_time", "missing");
  execution.time = time.value_or(0);
  if (execution.execution_id.empty()) complaint.add("activity", "id", "names no execution");
  return execution;
}

std::uint32_t read_http_status(Reader& reader, std::string_view what, Complaint& complaint) {
  const std::string text = reader.text("status");
  const bool is_status = text.size() == 3 && text.find_first_not_of("0123456789") == std::string::npos;
  if (!is_status) complaint.add(what, "status", "no status of HTTP");
  return is_status ? static_cast<std::uint32_t>(std::stoul(text)) : 0;
}

EachResult read_each_result(const json::object& object, Complaint& complaint) {
  Reader reader{object, "results", complaint};
  EachResult result;
  result.key = first_text_of(reader, "id", "symbol");
  if (result.key.empty()) complaint.add("results", "id", "missing");
  result.status = read_http_status(reader, "results", complaint);
  const json::value* body = object.if_contains("body");
  if (body == nullptr || body->is_null()) return result;
  if (result.status >= 400) {
    result.error = decode_error(json::serialize(*body));
  } else if (const json::object* order = reader.maybe_object("body")) {
    result.order = read_whole_order(*order, complaint);
  }
  return result;
}

TradeUpdate read_trade_update(const json::object& object, Complaint& complaint) {
  Reader reader{object, "trade_update", complaint};
  TradeUpdate update;
  update.event = text_or_empty(reader, "event");
  update.execution_id = text_or_empty(reader, "execution_id");
  update.event_id = text_or_empty(reader, "event_id");
  update.time = time_of(reader, "trade_update", "timestamp", complaint);
  if (!update.time) update.time = time_of(reader, "trade_update", "at", complaint);
  update.price = reader.maybe_amount("price");
  update.qty = reader.maybe_amount("qty");
  update.position_qty = reader.maybe_amount("position_qty");
  if (const json::object* order = object_of(reader, "order")) update.order = read_order(*order, complaint);
  return update;
}

StreamMessage read_stream(const json::object& object, Complaint& complaint) {
  Reader reader{object, "frame", complaint};
  const std::string stream = reader.text("stream");
  const json::object* data = object_of(reader, "data");
  const bool is_known = stream == "authorization" || stream == "listening" || stream == "trade_updates";
  if (!is_known) return OtherStream{stream};
  if (data == nullptr) {
    complaint.add("frame", "data", "missing");
    return OtherStream{stream};
  }
  if (stream == "trade_updates") return read_trade_update(*data, complaint);
  Reader said{*data, stream, complaint};
  if (stream == "listening") {
    return Listening{.streams = texts_of(*data, stream, "streams", complaint), .error = long_text(*data, "error")};
  }
  const std::string status = said.text("status");
  return Authorization{.is_authorized = status == "authorized",
                       .action = text_or_empty(said, "action"),
                       .message = long_text(*data, "message")};
}

AccountFacts read_account(const json::object& object, Complaint& complaint) {
  Reader reader{object, "account", complaint};
  const auto flag = [&](std::string_view member) { return flag_of(reader, member).value_or(false); };
  AccountFacts account;
  account.id = reader.text("id");
  account.account_number = text_or_empty(reader, "account_number");
  account.status = reader.text("status");
  account.currency = text_or_empty(reader, "currency");
  account.cash = mean_of(reader, "cash");
  account.buying_power = mean_of(reader, "buying_power");
  account.non_marginable_buying_power = mean_of(reader, "non_marginable_buying_power");
  account.equity = mean_of(reader, "equity");
  account.is_trading_blocked = flag("trading_blocked");
  account.is_account_blocked = flag("account_blocked");
  account.is_suspended_by_user = flag("trade_suspended_by_user");
  account.can_short = flag_of(reader, "shorting_enabled");
  return account;
}

PositionFacts read_position(const json::object& object, Complaint& complaint) {
  Reader reader{object, "position", complaint};
  PositionFacts position;
  position.asset_id = text_or_empty(reader, "asset_id");
  position.symbol = reader.text("symbol");
  position.asset_class = text_or_empty(reader, "asset_class");
  position.exchange = text_or_empty(reader, "exchange");
  position.side = text_or_empty(reader, "side");
  position.qty = reader.decimal("qty");
  position.qty_available = reader.maybe_amount("qty_available");
  position.avg_entry_price = mean_of(reader, "avg_entry_price");
  position.market_value = mean_of(reader, "market_value");
  position.cost_basis = mean_of(reader, "cost_basis");
  position.unrealized_pl = mean_of(reader, "unrealized_pl");
  position.current_price = mean_of(reader, "current_price");
  return position;
}

Asset read_asset(const json::object& object, Complaint& complaint) {
  Reader reader{object, "asset", complaint};
  Asset asset;
  asset.id = text_or_empty(reader, "id");
  asset.symbol = reader.text("symbol");
  asset.asset_class = first_text_of(reader, "class", "asset_class");
  asset.exchange = text_or_empty(reader, "exchange");
  asset.status = reader.text("status");
  asset.is_tradable = reader.flag("tradable");
  asset.is_fractionable = flag_of(reader, "fractionable");
  asset.is_shortable = flag_of(reader, "shortable");
  asset.min_order_size = reader.maybe_amount("min_order_size");
  asset.min_trade_increment = reader.maybe_amount("min_trade_increment");
  asset.price_increment = reader.maybe_amount("price_increment");
  asset.attributes = texts_of(object, "asset", "attributes", complaint);
  return asset;
}

Clock read_clock(const json::object& object, Complaint& complaint) {
  Reader reader{object, "clock", complaint};
  const auto time = [&](std::string_view member) {
    const auto found = time_of(reader, "clock", member, complaint);
    if (!found) complaint.add("clock", member, "missing");
    return found.value_or(0);
  };
  return {.time = time("timestamp"),
          .is_open = reader.flag("is_open"),
          .next_open = time("next_open"),
          .next_close = time("next_close")};
}

SessionDay read_day(const json::object& object, Complaint& complaint) {
  Reader reader{object, "calendar", complaint};
  return {.date = reader.text("date"),
          .open = reader.text("open"),
          .close = reader.text("close"),
          .session_open = text_or_empty(reader, "session_open"),
          .session_close = text_or_empty(reader, "session_close")};
}

TokenAnswer read_token(const json::object& object, Complaint& complaint) {
  Reader reader{object, "token", complaint};
  TokenAnswer token;
  token.access_token = reader.text("access_token");
  token.token_type = reader.text("token_type");
  const bool is_bearer = token.token_type == "bearer" || token.token_type == "Bearer";
  if (!is_bearer) complaint.add("token", "token_type", "not bearer");
  const std::string scope = text_or_empty(reader, "scope");
  for (std::size_t begin = 0; begin < scope.size();) {
    const std::size_t end = std::min(scope.find(' ', begin), scope.size());
    if (end > begin) token.scopes.push_back(scope.substr(begin, end - begin));
    begin = end + 1;
  }
  return token;
}

}  // namespace

// ---- Orders

Result<Order> decode_order(std::string_view body) { return read_one(parse_body(body), "order", read_whole_order); }

Result<std::vector<Order>> decode_orders(std::string_view body) {
  return read_list(parse_body(body, 32u << 20), "orders", read_whole_order);
}

Result<std::vector<EachResult>> decode_each_result(std::string_view body) {
  return read_list(parse_body(body, 32u << 20), "results", read_each_result);
}

Result<std::vector<Execution>> decode_executions(std::string_view body) {
  return read_list(parse_body(body), "activities", read_execution);
}

// ---- The stream

Result<StreamMessage> decode_stream(std::string_view frame) {
  return read_one(parse_frame(frame), "frame", read_stream);
}

Result<EventLine> decode_event_line(std::string_view line) {
  using Kind = EventLine::Kind;
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  EventLine event;
  if (line.empty()) return event;
  const std::size_t colon = std::min(line.find(':'), line.size());
  const std::string_view field = line.substr(0, colon);
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field.empty()) {
    event.kind = Kind::Comment;
    event.text = value.substr(0, text_max);
  } else if (field == "data") {
    auto update = read_one(parse_body(value), "trade_update", read_trade_update);
    if (!update) return update.error();
    event.kind = Kind::Data;
    event.update = *std::move(update);
  } else {
    event.kind = Kind::Other;
    event.text = field.substr(0, text_max);
  }
  return event;
}

// ---- The account

Result<AccountFacts> decode_account(std::string_view body) {
  return read_one(parse_body(body), "account", read_account);
}

Result<PositionFacts> decode_position(std::string_view body) {
  return read_one(parse_body(body), "position", read_position);
}

Result<std::vector<PositionFacts>> decode_positions(std::string_view body) {
  return read_list(parse_body(body, 32u << 20), "positions", read_position);
}

Result<Asset> decode_asset(std::string_view body) { return read_one(parse_body(body), "asset", read_asset); }

Result<AssetList> decode_assets(std::string_view body) {
  const auto value = parse_body(body, 128u << 20);
  if (!value) return value.error();
  const json::array* assets = value->if_array();
  if (assets == nullptr) return wrong_shape("assets", "no array");
  if (assets->size() > assets_max) return wrong_shape("assets", "too many");
  AssetList list;
  for (const json::value& each : *assets) {
    Complaint about_asset;
    if (!each.is_object()) {
      list.complaints.emplace_back("assets.element: no object");
      continue;
    }
    Asset asset = read_asset(each.get_object(), about_asset);
    if (about_asset.text.empty()) {
      list.assets.push_back(std::move(asset));
    } else {
      list.complaints.push_back(asset.symbol + ": " + about_asset.text);
    }
  }
  return list;
}

Result<Clock> decode_clock(std::string_view body) { return read_one(parse_body(body), "clock", read_clock); }

Result<std::vector<SessionDay>> decode_calendar(std::string_view body) {
  return read_list(parse_body(body), "calendar", read_day);
}

Result<TokenAnswer> decode_token(std::string_view body) { return read_one(parse_body(body), "token", read_token); }

}  // namespace busbar::alpaca
