#include <map>
#include <stdexcept>
#include <string>

#include "gateways/alpaca/decode.hpp"
#include "gateways/alpaca/decode_market.hpp"
#include "gateways/alpaca/errors.hpp"
#include "gateways/alpaca/facts.hpp"
#include "gateways/alpaca/wire.hpp"
#include "gateways/framework/utc.hpp"
#include "tests/vectors/alpaca_checks.hpp"

namespace busbar::vectors {

using namespace busbar::alpaca;

namespace {

// An object in which only what is there is named.
struct Plain {
  json::object members;

  Plain& put(std::string_view name, std::string_view text) {
    if (!text.empty()) members[name] = text;
    return *this;
  }
  Plain& put(std::string_view name, Decimal value) {
    members[name] = to_string(value);
    return *this;
  }
  Plain& put(std::string_view name, const std::optional<Decimal>& value) { return value ? put(name, *value) : *this; }
  Plain& put(std::string_view name, const std::optional<Mean>& value) {
    return value ? put(name, value->digits) : *this;
  }
  Plain& put_flag(std::string_view name, std::optional<bool> value) {
    if (value) members[name] = *value;
    return *this;
  }
  Plain& put_number(std::string_view name, std::optional<std::int64_t> value) {
    if (value) members[name] = *value;
    return *this;
  }
  Plain& put_texts(std::string_view name, const std::vector<std::string>& texts) {
    json::array& array = members[name].emplace_array();
    for (const std::string& text : texts) array.emplace_back(text);
    return *this;
  }
};

json::object as_json(const Order& order) {
  Plain plain;
  plain.put("order_id", order.id).put("client_order_id", order.client_order_id).put("symbol", order.symbol);
  plain.put("asset_id", order.asset_id).put("asset_class", order.asset_class).put("side", order.side);
  plain.put("type", order.type).put("time_in_force", order.time_in_force).put("order_class", order.order_class);
  plain.put("qty", order.qty).put("notional", order.notional).put("filled_qty", order.filled_qty);
  plain.put("filled_avg_price", order.filled_avg_price).put("limit_price", order.limit_price);
  plain.put("stop_price", order.stop_price).put("trail_price", order.trail_price);
  plain.put("trail_percent", order.trail_percent).put("hwm", order.hwm);
  plain.put("replaces", order.replaces).put("replaced_by", order.replaced_by);
  plain.put_flag("extended_hours", order.extended_hours);
  plain.put_number("created_at_ns", order.created_at).put_number("updated_at_ns", order.updated_at);
  plain.put_number("submitted_at_ns", order.submitted_at).put_number("filled_at_ns", order.filled_at);
  plain.put_number("expired_at_ns", order.expired_at).put_number("canceled_at_ns", order.canceled_at);
  plain.put_number("failed_at_ns", order.failed_at).put_number("replaced_at_ns", order.replaced_at);
  plain.put("status_native", order.status);
  if (const auto status = order_status_of(order); status && !order.status.empty()) {
    using enum OrderStatus;
    plain.put("status", wire::EnumNameOrderStatus(*status));
    plain.put_flag("terminal", *status == Filled || *status == Canceled || *status == Expired || *status == Replaced ||
                                   *status == Rejected);
  }
  for (const Order& leg : order.legs) {
    json::value& legs = plain.members["legs"];
    if (!legs.is_array()) legs.emplace_array();
    legs.get_array().push_back(as_json(leg));
  }
  return plain.members;
}

json::value unified_name(ErrorCode error) {
  return error == ErrorCode::None ? json::value(nullptr) : json::value(name_of(error));
}

json::object error_as_json(std::uint32_t status, const std::optional<BrokerError>& broker, ErrorCode unified) {
  Plain plain;
  plain.put_number("http_status", status);
  if (broker) plain.put_number("code", broker->code).put("message", broker->message);
  plain.members["unified"] = unified_name(unified);
  return plain.members;
}

json::object as_json(const EachResult& result) {
  Plain plain;
  plain.put("key", result.key).put_number("status", result.status);
  if (result.order) plain.members["order"] = as_json(*result.order);
  if (result.status >= 400) {
    plain.members["error"] = error_as_json(result.status, result.error, unified_error(result.status, result.error));
  }
  return plain.members;
}

json::object as_json(const AccountFacts& account) {
  Plain plain;
  plain.put("account_id", account.id).put("account_number", account.account_number).put("status", account.status);
  plain.put("currency", account.currency).put("cash", account.cash).put("buying_power", account.buying_power);
  plain.put("non_marginable_buying_power", account.non_marginable_buying_power).put("equity", account.equity);
  plain.put_flag("can_trade", account.can_trade()).put_flag("shorting_enabled", account.can_short);
  return plain.members;
}

json::object as_json(const PositionFacts& position) {
  Plain plain;
  plain.put("asset_id", position.asset_id).put("symbol", position.symbol).put("asset_class", position.asset_class);
  plain.put("exchange", position.exchange).put("side", position.side).put("qty", position.qty);
  plain.put("signed_qty", position.signed_qty()).put("qty_available", position.qty_available);
  plain.put("avg_entry_price", position.avg_entry_price).put("market_value", position.market_value);
  plain.put("cost_basis", position.cost_basis).put("unrealized_pl", position.unrealized_pl);
  plain.put("current_price", position.current_price);
  return plain.members;
}

json::object as_json(const Asset& asset) {
  Plain plain;
  plain.put("asset_id", asset.id).put("symbol", asset.symbol).put("asset_class", asset.asset_class);
  plain.put("exchange", asset.exchange).put("status", asset.status).put_flag("tradable", asset.is_tradable);
  plain.put_flag("fractionable", asset.is_fractionable).put_flag("shortable", asset.is_shortable);
  plain.put("min_order_size", asset.min_order_size).put("min_trade_increment", asset.min_trade_increment);
  plain.put("price_increment", asset.price_increment).put_texts("attributes", asset.attributes);
  return plain.members;
}

json::object as_json(const SessionDay& day) {
  Plain plain;
  plain.put("date", day.date).put("open", day.open).put("close", day.close);
  plain.put("session_open", day.session_open).put("session_close", day.session_close);
  return plain.members;
}

json::object as_json(const Clock& clock) {
  Plain plain;
  plain.put_number("timestamp_ns", clock.time).put_flag("is_open", clock.is_open);
  plain.put_number("next_open_ns", clock.next_open).put_number("next_close_ns", clock.next_close);
  return plain.members;
}

// ---- Market data

json::object as_json(const MarketTrade& trade) {
  Plain plain;
  plain.put("T", "t").put("symbol", trade.symbol).put("trade_id", trade.id).put("price", trade.price);
  plain.put("size", trade.size).put("exchange", trade.exchange).put("tape", trade.tape);
  plain.put("taker_side", trade.taker_side).put_number("t_ns", trade.time).put_texts("conditions", trade.conditions);
  return plain.members;
}

json::object as_json(const MarketQuote& quote) {
  Plain plain;
  plain.put("T", "q").put("symbol", quote.symbol).put("bid", quote.bid).put("bid_size", quote.bid_size);
  plain.put("ask", quote.ask).put("ask_size", quote.ask_size).put_number("t_ns", quote.time);
  plain.put_texts("conditions", quote.conditions);
  return plain.members;
}

json::object as_json(const MarketBar& bar) {
  Plain plain;
  plain.put("T", bar.kind).put("symbol", bar.symbol).put("o", bar.open).put("h", bar.high).put("l", bar.low);
  plain.put("c", bar.close).put("v", bar.volume).put("vw", bar.vwap).put_number("t_ns", bar.time);
  if (bar.trade_count) plain.put("n", std::to_string(*bar.trade_count));
  return plain.members;
}

json::array levels_as_json(const std::vector<BookLevel>& levels) {
  json::array array;
  for (const BookLevel& level : levels) {
    array.push_back(json::object{{"price", to_string(level.price)}, {"size", to_string(level.qty)}});
  }
  return array;
}

json::object as_json(const MarketBook& book) {
  Plain plain;
  plain.put("T", "o").put("symbol", book.symbol).put_number("t_ns", book.time).put_flag("reset", book.is_whole);
  plain.members["bids"] = levels_as_json(book.bids);
  plain.members["asks"] = levels_as_json(book.asks);
  return plain.members;
}

json::object as_json(const Snapshot& snapshot) {
  json::object object;
  if (snapshot.last) object["last"] = as_json(*snapshot.last);
  if (snapshot.quote) object["quote"] = as_json(*snapshot.quote);
  if (snapshot.minute_bar) object["minute_bar"] = as_json(*snapshot.minute_bar);
  if (snapshot.daily_bar) object["daily_bar"] = as_json(*snapshot.daily_bar);
  if (snapshot.prev_daily_bar) object["prev_daily_bar"] = as_json(*snapshot.prev_daily_bar);
  return object;
}

template <class T>
json::array all_as_json(const std::vector<T>& elements) {
  json::array array;
  for (const T& element : elements) array.push_back(as_json(element));
  return array;
}

// In the shape of what is expected: a list, the latest alone, or either by symbol.
template <class T>
json::object page_as_json(const Page<T>& page, const json::object& expected, std::string_view many,
                          std::string_view one) {
  Plain plain;
  plain.put("symbol", page.symbol).put("next_page_token", page.next_page_token);
  plain.put_number("count", static_cast<std::int64_t>(page.elements.size()));
  plain.members[many] = all_as_json(page.elements);
  if (!page.elements.empty()) plain.members[one] = as_json(page.elements.front());
  json::object& by_symbol = plain.members["by_symbol"].emplace_object();
  const json::value* wanted = expected.if_contains("by_symbol");
  if (wanted == nullptr) return plain.members;
  for (const auto& member : wanted->as_object()) {
    if (member.value().is_array()) by_symbol[member.key()].emplace_array();
  }
  for (const T& element : page.elements) {
    json::value& place = by_symbol[element.symbol];
    if (place.is_array()) place.get_array().push_back(as_json(element));
    if (!place.is_array()) place = as_json(element);
  }
  return plain.members;
}

json::object market_as_json(Case& a_case, const std::string& body, const json::object& expected) {
  const auto value = parse_body(body, 64u << 20);
  if (!is_decoded(a_case, value)) return {};
  const json::object& object = value->as_object();
  const auto has = [&](std::string_view many, std::string_view one) {
    return object.contains(many) || object.contains(one);
  };
  if (has("bars", "bar")) {
    const auto page = decode_bars(body);
    return is_decoded(a_case, page) ? page_as_json(*page, expected, "bars", "bar") : json::object{};
  }
  if (has("quotes", "quote")) {
    const auto page = decode_quotes(body);
    return is_decoded(a_case, page) ? page_as_json(*page, expected, "quotes", "quote") : json::object{};
  }
  if (has("trades", "trade")) {
    const auto page = decode_trades(body);
    return is_decoded(a_case, page) ? page_as_json(*page, expected, "trades", "trade") : json::object{};
  }
  json::object got;
  json::object& by_symbol = got["by_symbol"].emplace_object();
  if (object.contains("orderbooks")) {
    const auto books = decode_order_books(body);
    if (!is_decoded(a_case, books)) return {};
    for (const MarketBook& book : *books) by_symbol[book.symbol] = as_json(book);
    return got;
  }
  const auto snapshots = decode_snapshots(body);
  if (!is_decoded(a_case, snapshots)) return {};
  for (const Snapshot& snapshot : *snapshots) by_symbol[snapshot.symbol] = as_json(snapshot);
  if (!snapshots->empty()) {
    got["symbol"] = snapshots->front().symbol;
    got["snapshot"] = as_json(snapshots->front());
  }
  return got;
}

struct Describe {
  json::object operator()(const OtherData& other) const { return {{"T", other.type}}; }
  json::object operator()(const Success& success) const { return {{"T", "success"}, {"msg", success.message}}; }
  json::object operator()(const StreamError& error) const {
    return {{"T", "error"}, {"code", error.code}, {"msg", error.message},
            {"unified", name_of(unified_stream_error(error.code))}};
  }
  json::object operator()(const Subscribed& subscribed) const {
    Plain plain;
    plain.put("T", "subscription");
    for (const auto& [channel, symbols] : subscribed.symbols) plain.put_texts(channel, symbols);
    return plain.members;
  }
  json::object operator()(const SymbolStatus& status) const {
    Plain plain;
    plain.put("T", "s").put("symbol", status.symbol).put("status_code", status.status_code);
    plain.put("status_message", status.status_message).put("reason_code", status.reason_code);
    plain.put_number("t_ns", status.time);
    return plain.members;
  }
  template <class T>
  json::object operator()(const T& data) const {
    return as_json(data);
  }
};

// What nobody here has a struct for, as it came: numbers are texts of their digits.
void add_as_it_came(json::object& message, const json::object& wire) {
  for (const auto& member : wire) message[member.key()] = member.value();
  if (const json::value* symbol = wire.if_contains("S")) message["symbol"] = *symbol;
  const auto time = gateway::parse_utc(text_of(wire, "t"));
  if (time) message["t_ns"] = *time;
}

void check_data(Case& a_case, const std::string& frame) {
  const auto messages = decode_data(frame);
  auto raw = parse_frame(frame);
  if (!is_decoded(a_case, messages) || !is_decoded(a_case, raw)) return;
  json::array list;
  for (std::size_t i = 0; i < messages->size(); ++i) {
    json::object message = std::visit(Describe{}, (*messages)[i]);
    const DataMessage& said = (*messages)[i];
    if (std::holds_alternative<OtherData>(said) || std::holds_alternative<MarketBook>(said)) {
      add_as_it_came(message, raw->is_array() ? raw->get_array()[i].as_object() : raw->get_object());
    }
    list.push_back(std::move(message));
  }
  json::object got;
  got["messages"] = std::move(list);
  compare_alpaca(a_case, got);
}

// ---- The stream of our own orders

json::object as_json(Case& a_case, const TradeUpdate& update) {
  Plain plain;
  plain.put("kind", "trade_update").put("event", update.event).put("execution_id", update.execution_id);
  plain.put("event_id", update.event_id).put_number("t_ns", update.time);
  plain.put("last_px", update.price).put("last_qty", update.qty).put("position_qty", update.position_qty);
  if (const auto status = status_of_event(update.event)) {
    plain.put("status_from_event", wire::EnumNameOrderStatus(*status));
  }
  if (!update.order) return plain.members;
  plain.members["order"] = as_json(*update.order);
  plain.put("client_order_id", update.order->client_order_id);
  const UpdateFact said = fact_of(update, "AAPL");
  const bool is_fill = update.event == "fill" || update.event == "partial_fill";
  if (said.fact.has_value() != said.unknown.empty()) a_case.mismatch("fact", "one, or what is unknown", "both or none");
  if (is_fill && said.fact && update.price && said.fact->last_px != update.price) {
    a_case.mismatch("fact", "a fill at its price", "another one");
  }
  return plain.members;
}

void check_stream(Case& a_case, const std::string& frame) {
  const auto message = decode_stream(frame);
  if (!is_decoded(a_case, message)) return;
  Plain plain;
  if (const auto* update = std::get_if<TradeUpdate>(&*message)) {
    plain.members = as_json(a_case, *update);
  } else if (const auto* authorization = std::get_if<Authorization>(&*message)) {
    plain.put("kind", "authorization").put_flag("ok", authorization->is_authorized);
    plain.put("action", authorization->action).put("message", authorization->message);
    plain.members["unified"] =
        unified_name(authorization->is_authorized ? ErrorCode::None : ErrorCode::AuthenticationFailed);
  } else if (const auto* listening = std::get_if<Listening>(&*message)) {
    plain.put("kind", "listening").put_texts("streams", listening->streams).put("error", listening->error);
  } else {
    plain.put("kind", std::get<OtherStream>(*message).stream);
  }
  compare_alpaca(a_case, plain.members);
}

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16));
  }
  return bytes;
}

// Where the order can be told to the router at all, it is told as it stands.
void check_state(Case& a_case, const Order& order) {
  const auto status = order_status_of(order);
  const auto state = state_of(order, "AAPL", VenueSource::Probe);
  if (!status || !order.filled_qty) return;
  if (!is_decoded(a_case, state)) return;
  const bool is_same = state->order_status == *status && state->cum_qty == order.filled_qty;
  if (!is_same) a_case.mismatch("fact", "the state", "another");
}

}  // namespace

json::object alpaca_answer(Case& a_case, const json::object& given, const json::object& expected) {
  const json::object& response = given.at("response").as_object();
  const std::string body = text_of(response, "body_text");
  const auto status = static_cast<std::uint32_t>(response.at("status").as_int64());
  const json::value* request = given.if_contains("request");
  const std::string method = request == nullptr ? "" : text_of(request->as_object(), "method");
  const std::string path = request == nullptr ? "" : text_of(request->as_object(), "path");
  const auto has = [&](std::string_view member) { return expected.contains(member); };
  json::object got;
  if (expected.empty()) return got;
  // One of them, or all in a list.
  const auto read = [&](std::string_view member, auto decode) {
    const auto decoded = decode(body);
    if (is_decoded(a_case, decoded)) got[member] = as_json(*decoded);
  };
  const auto read_all = [&](std::string_view member, auto decode) {
    const auto decoded = decode(body);
    if (is_decoded(a_case, decoded)) got[member] = all_as_json(*decoded);
  };
  if (has("error") || has("accepted")) {
    const Judged judged = method == "GET" ? judge_read(status, body, path) : judge_write(status, body, path);
    got["accepted"] = judged.verdict == Verdict::Ok;
    got["status_after"] = wire::EnumNameOrderStatus(fact_of_cancelled("B1", "AAPL", "V1").order_status);
    got["error"] = error_as_json(status, judged.broker, judged.error);
  } else if (has("order") || has("new_order")) {
    read(has("order") ? "order" : "new_order", decode_order);
    if (const auto order = decode_order(body)) check_state(a_case, *order);
  } else if (has("orders")) {
    read_all("orders", decode_orders);
    if (const auto orders = decode_orders(body)) {
      for (const Order& order : *orders) check_state(a_case, order);
    }
  } else if (has("items")) {
    read_all("items", decode_each_result);
  } else if (has("account")) {
    read("account", decode_account);
  } else if (has("position")) {
    read("position", decode_position);
  } else if (has("positions")) {
    read_all("positions", decode_positions);
  } else if (has("asset")) {
    read("asset", decode_asset);
  } else if (has("assets")) {
    const auto list = decode_assets(body);
    if (!is_decoded(a_case, list)) return got;
    for (const std::string& complaint : list->complaints) a_case.mismatch("asset", "to be decoded", complaint);
    for (const Asset& asset : list->assets) {
      const auto instrument = instrument_of(asset);
      const bool is_same = instrument && instrument->min_qty == asset.min_order_size;
      if (!is_same) a_case.mismatch("instrument", asset.symbol, "another");
    }
    got["assets"] = all_as_json(list->assets);
  } else if (has("days")) {
    read_all("days", decode_calendar);
  } else if (has("is_open")) {
    const auto clock = decode_clock(body);
    if (is_decoded(a_case, clock)) got = as_json(*clock);
  } else {
    got = market_as_json(a_case, body, expected);
  }
  return got;
}

void check_alpaca_answer(Case& a_case) {
  compare_alpaca(a_case, alpaca_answer(a_case, a_case.given(), a_case.expected().as_object()));
}

void check_alpaca_session(Case& a_case) {
  const json::array& steps = a_case.given().at("steps").as_array();
  const json::array& expected = a_case.expected().at("steps").as_array();
  if (steps.size() != expected.size()) throw std::runtime_error{"as many replies as requests are wanted"};
  json::array answers;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    answers.push_back(alpaca_answer(a_case, steps[i].as_object(), expected[i].as_object()));
  }
  json::object got;
  got["steps"] = std::move(answers);
  compare_alpaca(a_case, got);
}

void check_alpaca_rate_headers(Case& a_case) {
  const json::object& given = a_case.given();
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto& header : given.at("headers").as_object()) {
    const json::value& value = header.value();
    headers.emplace_back(header.key(), value.is_string() ? std::string{value.get_string()} : json::serialize(value));
  }
  const RateHeaders read = read_rate_headers(headers);
  const auto number = [](auto value) { return value ? json::value(*value) : json::value(nullptr); };
  const auto status = static_cast<std::uint32_t>(given.at("status").as_int64());
  const Judged judged = judge_read(status, text_of(given, "body_text"));
  json::object got{{"limit", number(read.limit)},         {"remaining", number(read.remaining)},
                   {"reset", number(read.reset_s)},       {"reset_unix_s", number(read.reset_s)},
                   {"retry_after_s", number(read.retry_after_s)}, {"unified", unified_name(judged.error)}};
  compare_alpaca(a_case, got);
}

void check_alpaca_frame(Case& a_case) {
  const json::object& given = a_case.given();
  const bool is_text = given.contains("frame_text");
  const std::string frame = is_text ? text_of(given, "frame_text") : bytes_of_hex(text_of(given, "payload_hex"));
  a_case.expected().as_object().contains("kind") ? check_stream(a_case, frame) : check_data(a_case, frame);
}

void check_alpaca_event_line(Case& a_case) {
  const auto line = decode_event_line(text_of(a_case.given(), "line_text"));
  if (!is_decoded(a_case, line)) return;
  json::object got{{"event", nullptr}};
  if (line->kind == EventLine::Kind::Data) got["event"] = as_json(a_case, line->update);
  if (line->kind == EventLine::Kind::Comment) got["comment"] = line->text;
  compare_alpaca(a_case, got);
}

}  // namespace busbar::vectors
