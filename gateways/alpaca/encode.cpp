#include "gateways/alpaca/encode.hpp"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "gateways/alpaca/lists.hpp"
#include "gateways/framework/order_rules.hpp"

namespace busbar::alpaca {

namespace {

namespace json = boost::json;
using namespace order_rules;

// What becomes part of a path: an id with a slash in it would be another request.
std::string segment(std::string_view id) { return gateway::percent_encode(id); }

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all.append(all.empty() ? "" : ",").append(text);
  return all;
}

// A question being written: what is absent is left out.
struct Question {
  Request request;

  Question(Host host, std::string path) : request{.method = "GET", .host = host, .path = std::move(path)} {}
  void add(std::string_view name, std::string_view value) {
    if (!value.empty()) request.query.emplace_back(name, value);
  }
  void add(std::string_view name, const std::vector<std::string>& values) { add(name, joined(values)); }
  void add(std::string_view name, std::optional<std::uint32_t> value) {
    if (value) add(name, std::to_string(*value));
  }
};

Request get(std::string path) { return Question{Host::Trading, std::move(path)}.request; }

// ---- Orders

constexpr Decimal one{1, 0};
constexpr Decimal smallest_amount{1, -9};  // of money

std::string_view name_of_time(TimeInForce time_in_force) {
  switch (time_in_force) {
    case TimeInForce::Day: return "day";
    case TimeInForce::GoodTillCancel: return "gtc";
    case TimeInForce::ImmediateOrCancel: return "ioc";
    case TimeInForce::FillOrKill: return "fok";
    case TimeInForce::AtTheOpening: return "opg";
    case TimeInForce::AtTheClose: return "cls";
    default: return {};
  }
}

std::string_view name_of_type(const NewOrder& order) {
  if (order.trailing_delta_bps != 0) return "trailing_stop";
  switch (order.order_type) {
    case OrderType::Market: return "market";
    case OrderType::Limit: return "limit";
    case OrderType::Stop: return "stop";
    case OrderType::StopLimit: return "stop_limit";
    default: return {};
  }
}

bool is_day_or_gtc(const NewOrder& order) {
  return order.time_in_force == TimeInForce::Day || order.time_in_force == TimeInForce::GoodTillCancel;
}

std::optional<Error> refuse_type(const NewOrder& order, AssetClass kind) {
  const bool is_trailing = order.trailing_delta_bps != 0;
  if (order.order_type == OrderType::Unset) return invalid("order_type: missing");
  if (name_of_type(order).empty()) return unsupported("order_type: Alpaca has Market, Limit, Stop and StopLimit");
  if (is_trailing && order.order_type != OrderType::Stop) {
    return unsupported("trailing_delta_bps: at Alpaca only a Stop follows the price");
  }
  if (kind == AssetClass::Crypto && order.order_type == OrderType::Stop) {
    return unsupported("order_type: crypto has Market, Limit and StopLimit at Alpaca");
  }
  if (kind == AssetClass::Option && order.order_type != OrderType::Market && order.order_type != OrderType::Limit) {
    return unsupported("order_type: options have Market and Limit at Alpaca");
  }
  return std::nullopt;
}

std::optional<Error> refuse_time(const NewOrder& order, AssetClass kind) {
  using enum TimeInForce;
  const auto refused = [](std::string_view why) { return unsupported("time_in_force: " + std::string{why}); };
  const TimeInForce asked = order.time_in_force;
  if (name_of_time(asked).empty()) {
    return refused("Alpaca has Day, GoodTillCancel, ImmediateOrCancel, FillOrKill, AtTheOpening and AtTheClose");
  }
  const bool can_extend = order.order_type == OrderType::Limit && kind == AssetClass::Equity && is_day_or_gtc(order);
  if (order.extended_hours && !can_extend) {
    return unsupported("extended_hours: only limit orders for shares, Day or GoodTillCancel, work then");
  }
  if (kind == AssetClass::Crypto) {
    if (asked == GoodTillCancel || asked == ImmediateOrCancel) return std::nullopt;
    return refused("crypto has GoodTillCancel and ImmediateOrCancel at Alpaca");
  }
  if (kind == AssetClass::Option && asked != Day) return refused("options have Day alone at Alpaca");
  if (is_triggered(order.order_type) && !is_day_or_gtc(order)) {
    return refused("what waits for its trigger is Day or GoodTillCancel at Alpaca");
  }
  return std::nullopt;
}

std::optional<Error> refuse_prices(const NewOrder& order) {
  const bool is_trailing = order.trailing_delta_bps != 0;
  if (order.price && !has_limit(order.order_type)) return invalid("price: an order of this type has none");
  if (!order.price && has_limit(order.order_type)) return invalid("price: missing");
  if (is_trailing) {
    constexpr std::uint32_t least = 10;
    if (order.stop_px) return unsupported("stop_px: a trailing stop begins where the price is");
    if (order.trailing_delta_bps < least) return invalid("trailing_delta_bps: at least 10, which is 0.1 percent");
    return std::nullopt;
  }
  if (order.stop_px && !is_triggered(order.order_type)) return invalid("stop_px: an order of this type has none");
  if (!order.stop_px && is_triggered(order.order_type)) return invalid("stop_px: missing");
  return std::nullopt;
}

std::optional<Error> refuse_quantity(const NewOrder& order, AssetClass kind) {
  if (order.order_qty.has_value() == order.cash_order_qty.has_value()) {
    return invalid("order_qty: exactly one of order_qty and cash_order_qty is wanted");
  }
  if (order.cash_order_qty) {
    if (order.order_type != OrderType::Market) return unsupported("cash_order_qty: only for market orders");
    if (kind == AssetClass::Option) return unsupported("cash_order_qty: options are counted");
  }
  const bool is_fraction = order.cash_order_qty || !is_multiple(*order.order_qty, one);
  if (kind == AssetClass::Equity && is_fraction && order.time_in_force != TimeInForce::Day) {
    return unsupported("time_in_force: parts of a share, and amounts of money, are Day orders at Alpaca");
  }
  return std::nullopt;
}

std::optional<Error> refuse_order(const NewOrder& order, AssetClass kind) {
  if (order.side == Side::Unset) return invalid("side: missing");
  if (auto error = refuse_type(order, kind)) return error;
  if (order.reduce_only) return unsupported("reduce_only: Alpaca has no such orders");
  if (order.post_only) return unsupported("post_only: Alpaca has no such orders");
  if (order.display_qty) return unsupported("display_qty: Alpaca has no iceberg orders");
  if (order.self_trade_prevention != SelfTradePrevention::Unset) {
    return unsupported("self_trade_prevention: Alpaca refuses wash trades itself");
  }
  if (order.expire_date_ns != 0) return unsupported("expire_date_ns: Alpaca has no GoodTillDate");
  if (auto error = refuse_time(order, kind)) return error;
  if (auto error = refuse_prices(order)) return error;
  return refuse_quantity(order, kind);
}

// A body being written. The first complaint is remembered, and what comes after it is written in vain.
class OrderBody {
 public:
  OrderBody(const NewOrder& order, const Instrument& instrument)
      : order_{order}, instrument_{instrument}, kind_{class_of(view(instrument.broker_symbol))} {}

  void add(std::string_view name, std::string_view value) { members_[name] = value; }
  void add_object(std::string_view name, json::object object) { members_[name] = std::move(object); }
  void refuse(std::optional<Error> error) {
    if (!error_) error_ = std::move(error);
  }

  void whole(std::string_view venue_order_id) {
    refuse(refuse_order(order_, kind_));
    if (error_) return;
    // A share by its id, which Alpaca takes in the symbol's place: a ticker may be another company's by now.
    const bool has_id = kind_ == AssetClass::Equity && !instrument_.broker_id.empty();
    add("symbol", has_id ? view(instrument_.broker_id) : view(instrument_.broker_symbol));
    quantity();
    add("side", order_.side == Side::Buy ? "buy" : "sell");
    add("type", name_of_type(order_));
    add("time_in_force", name_of_time(order_.time_in_force));
    prices(members_);
    if (order_.trailing_delta_bps != 0) add("trail_percent", digits(Decimal{order_.trailing_delta_bps, -2}));
    if (order_.extended_hours) members_["extended_hours"] = true;
    if (!venue_order_id.empty()) add("client_order_id", venue_order_id);
  }

  void quantity() {
    const bool takes_parts = order_.time_in_force == TimeInForce::Day && instrument_.fraction_size;
    const auto& step = takes_parts ? instrument_.fraction_size : instrument_.lot_size;
    if (order_.order_qty) put_on_grid(members_, "qty", "order_qty", *order_.order_qty, step);
    if (order_.cash_order_qty) {
      put_on_grid(members_, "notional", "cash_order_qty", *order_.cash_order_qty, smallest_amount);
    }
  }
  void prices(json::object& into) {
    if (order_.price) put_on_grid(into, "limit_price", "price", *order_.price, step_at(*order_.price));
    if (order_.stop_px) put_on_grid(into, "stop_price", "stop_px", *order_.stop_px, step_at(*order_.stop_px));
  }
  void trail(Decimal trail_price) {
    put_on_grid(members_, "trail_price", "trail_price", trail_price, step_at(trail_price));
  }

  const std::optional<Error>& error() const { return error_; }
  json::object take() { return std::move(members_); }

 private:
  std::optional<Decimal> step_at(Decimal price) const {
    return instrument_.low_price && price < *instrument_.low_price ? instrument_.low_tick_size : instrument_.tick_size;
  }
  void put_on_grid(json::object& into, std::string_view name, std::string_view field, Decimal value,
                   const std::optional<Decimal>& step) {
    const auto rounded = on_grid(field, value, step, order_.rounding);
    if (rounded) into[name] = digits(*rounded);
    if (!rounded) refuse(rounded.error());
  }

  const NewOrder& order_;
  const Instrument& instrument_;
  AssetClass kind_;
  json::object members_;
  std::optional<Error> error_;
};

Request order_request(std::string_view method, std::string path, const json::object& body) {
  return {.method = std::string{method}, .path = std::move(path), .body = json::serialize(body)};
}

Result<Request> post_order(OrderBody& body) {
  if (body.error()) return *body.error();
  return order_request("POST", "/v2/orders", body.take());
}

// ---- Order lists

// The ways out of a position: at a profit, at a loss. A list has one of them or both.
struct Exits {
  const PlaceCommand* profit = nullptr;
  const PlaceCommand* loss = nullptr;
};

Result<Exits> exits_of(const PlaceListCommand& list, std::size_t first) {
  Exits exits;
  for (std::size_t i = first; i < list.commands.size(); ++i) {
    const NewOrder& order = list.commands[i].order;
    const bool is_profit = order.order_type == OrderType::Limit;
    const bool is_loss = order.order_type == OrderType::Stop || order.order_type == OrderType::StopLimit;
    const PlaceCommand*& place = is_profit ? exits.profit : exits.loss;
    if ((!is_profit && !is_loss) || place != nullptr) {
      return invalid("order_type: a list gets out by one Limit, by one Stop or StopLimit, or by one of each");
    }
    place = &list.commands[i];
  }
  return exits;
}

std::optional<Error> refuse_list(const PlaceListCommand& list, const Instrument& instrument) {
  const bool is_pair = list.list_type == OrderListType::OneCancelsOther;
  const std::size_t wanted = is_pair || list.list_type == OrderListType::OneTriggersOther ? 2 : 3;
  const AssetClass kind = class_of(view(instrument.broker_symbol));
  if (list.list_type == OrderListType::Unset) return invalid("list_type: missing");
  if (list.commands.size() != wanted) {
    return invalid("orders: a list of this type has " + std::to_string(wanted) + " of them");
  }
  if (kind != AssetClass::Equity) return unsupported("list_type: Alpaca ties orders for shares alone");
  const NewOrder& first = list.commands.front().order;
  for (const PlaceCommand& command : list.commands) {
    const NewOrder& order = command.order;
    const bool has_first_side = &order == &first || is_pair;
    if (auto error = refuse_order(order, kind)) return error;
    if (order.symbol != first.symbol) return invalid("symbol: all orders of a list are of one symbol");
    if (order.order_qty != first.order_qty || !order.order_qty || !is_multiple(*order.order_qty, one)) {
      return invalid("order_qty: all orders of a list have one quantity, of whole shares");
    }
    if ((order.side == first.side) != has_first_side) {
      return invalid("side: what gets out of a position is on the other side, and a pair on one");
    }
    if (order.time_in_force != first.time_in_force || !is_day_or_gtc(order)) {
      return unsupported("time_in_force: all orders of a list have one at Alpaca, Day or GoodTillCancel");
    }
    if (order.extended_hours) return unsupported("extended_hours: not for the orders of a list");
    if (order.trailing_delta_bps != 0) return unsupported("trailing_delta_bps: not for the orders of a list");
  }
  return std::nullopt;
}

// take_profit and stop_loss, whose members are the prices alone.
void add_exit(OrderBody& body, std::string_view name, const PlaceCommand* exit, const Instrument& instrument) {
  if (exit == nullptr) return;
  OrderBody leg{exit->order, instrument};
  json::object prices;
  leg.prices(prices);
  body.refuse(leg.error());
  body.add_object(name, std::move(prices));
}

// Of a pair: as the one that takes the profit, with its price in the leg and nowhere else.
NewOrder without_price(NewOrder order) {
  order.order_type = OrderType::Market;
  order.price.reset();
  return order;
}

// ---- Market data

std::string_view data_path(AssetClass kind) {
  switch (kind) {
    case AssetClass::Equity: return "/v2/stocks";
    case AssetClass::Option: return "/v1beta1/options";
    case AssetClass::Crypto: return "/v1beta3/crypto/us";
  }
  return {};
}

json::array texts_as_json(const std::vector<std::string>& texts) {
  json::array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

}  // namespace

std::string Request::target() const { return query.empty() ? path : path + "?" + gateway::query_of(query); }

std::string_view base_url(Host host, Environment environment) {
  if (host == Host::Data) return "https://data.alpaca.markets";
  return environment == Environment::Live ? "https://api.alpaca.markets" : "https://paper-api.alpaca.markets";
}

Params key_headers(std::string_view key_id, std::string_view secret) {
  return {{"APCA-API-KEY-ID", std::string{key_id}}, {"APCA-API-SECRET-KEY", std::string{secret}}};
}

Params token_headers(std::string_view access_token) {
  return {{"Authorization", "Bearer " + std::string{access_token}}};
}

// ---- Orders

Result<Request> encode_place(const NewOrder& order, const Instrument& instrument, std::string_view venue_order_id) {
  OrderBody body{order, instrument};
  body.whole(venue_order_id);
  return post_order(body);
}

Result<Request> encode_trailing_stop(const NewOrder& order, const Instrument& instrument,
                                     std::string_view venue_order_id, Decimal trail_price) {
  if (order.trailing_delta_bps != 0) return invalid("trailing_delta_bps: a distance in money is given");
  NewOrder trailing = order;
  trailing.trailing_delta_bps = 100;  // in its place, so that it is one
  OrderBody body{trailing, instrument};
  body.whole(venue_order_id);
  body.trail(trail_price);
  if (body.error()) return *body.error();
  json::object members = body.take();
  members.erase("trail_percent");
  return order_request("POST", "/v2/orders", members);
}

Result<Request> encode_place_list(const PlaceListCommand& list, const Instrument& instrument) {
  if (auto error = refuse_list(list, instrument)) return *std::move(error);
  const bool is_pair = list.list_type == OrderListType::OneCancelsOther;
  const auto exits = exits_of(list, is_pair ? 0 : 1);
  if (!exits) return exits.error();
  const PlaceCommand& parent = is_pair ? *exits->profit : list.commands.front();
  const NewOrder order = is_pair ? without_price(parent.order) : parent.order;
  OrderBody body{order, instrument};
  body.whole(names_of_list(list).joined());
  if (is_pair) body.add("type", "limit");
  body.add("order_class", is_pair ? "oco" : list.list_type == OrderListType::OneTriggersOther ? "oto" : "bracket");
  add_exit(body, "take_profit", exits->profit, instrument);
  add_exit(body, "stop_loss", exits->loss, instrument);
  return post_order(body);
}

Result<Request> encode_replace(const ReplaceCommand& command, const Instrument& instrument) {
  const NewOrder& order = command.order;
  const AssetClass kind = class_of(view(instrument.broker_symbol));
  if (command.command.broker_order_id.empty()) return invalid("broker_order_id: missing, and Alpaca replaces by it");
  if (order.cash_order_qty) return unsupported("cash_order_qty: an order by amount cannot be replaced at Alpaca");
  if (kind != AssetClass::Crypto && order.order_qty && !is_multiple(*order.order_qty, one)) {
    return unsupported("order_qty: Alpaca replaces orders for whole shares alone");
  }
  OrderBody body{order, instrument};
  json::object prices;
  body.quantity();
  body.prices(prices);
  if (body.error()) return *body.error();
  json::object members = body.take();
  for (auto& price : prices) members[price.key()] = price.value();
  if (order.trailing_delta_bps != 0) members["trail"] = digits(Decimal{order.trailing_delta_bps, -2});
  if (members.empty()) return invalid("order: a replace that changes nothing");
  if (const std::string_view time = name_of_time(order.time_in_force); !time.empty()) members["time_in_force"] = time;
  if (!command.command.venue_order_id.empty()) members["client_order_id"] = view(command.command.venue_order_id);
  return order_request("PATCH", "/v2/orders/" + segment(view(command.command.broker_order_id)), members);
}

Request encode_cancel(std::string_view broker_order_id) {
  return {.method = "DELETE", .path = "/v2/orders/" + segment(broker_order_id)};
}

// ---- Questions

Request encode_get_order(std::string_view broker_order_id) { return get("/v2/orders/" + segment(broker_order_id)); }

Request encode_get_list(std::string_view broker_order_id) {
  Question question{Host::Trading, "/v2/orders/" + segment(broker_order_id)};
  question.add("nested", "true");
  return std::move(question.request);
}

Request encode_get_order_by_name(std::string_view venue_order_id) {
  Question question{Host::Trading, "/v2/orders:by_client_order_id"};
  question.add("client_order_id", venue_order_id);
  return std::move(question.request);
}

Request encode_list_orders(const OrdersQuery& asked) {
  Question question{Host::Trading, "/v2/orders"};
  question.add("status", asked.status);
  question.add("limit", asked.limit);
  question.add("after", asked.after);
  question.add("until", asked.until);
  question.add("direction", asked.direction);
  if (asked.nested) question.add("nested", *asked.nested ? "true" : "false");
  question.add("symbols", asked.symbols);
  question.add("side", asked.side);
  question.add("asset_class", asked.asset_class);
  question.add("before_order_id", asked.before_order_id);
  question.add("after_order_id", asked.after_order_id);
  return std::move(question.request);
}

Request encode_activities(const ActivitiesQuery& asked) {
  Question question{Host::Trading, "/v2/account/activities"};
  question.add("activity_types", asked.activity_types);
  question.add("after", asked.after);
  question.add("until", asked.until);
  question.add("direction", asked.direction);
  question.add("page_size", asked.page_size);
  question.add("page_token", asked.page_token);
  return std::move(question.request);
}

Request encode_account() { return get("/v2/account"); }
Request encode_positions() { return get("/v2/positions"); }
Request encode_position(std::string_view symbol_or_asset_id) {
  return get("/v2/positions/" + segment(symbol_or_asset_id));
}

Request encode_assets(const AssetsQuery& asked) {
  Question question{Host::Trading, "/v2/assets"};
  question.add("status", asked.status);
  question.add("asset_class", asked.asset_class);
  question.add("exchange", asked.exchange);
  question.add("attributes", asked.attributes);
  return std::move(question.request);
}

Request encode_asset(std::string_view symbol_or_asset_id) { return get("/v2/assets/" + segment(symbol_or_asset_id)); }
Request encode_clock() { return get("/v2/clock"); }

Request encode_calendar(std::string_view start, std::string_view end) {
  Question question{Host::Trading, "/v2/calendar"};
  question.add("start", start);
  question.add("end", end);
  return std::move(question.request);
}

// ---- Market data

Request encode_history(History what, AssetClass kind, const HistoryQuery& asked) {
  const std::string_view name = what == History::Bars ? "/bars" : what == History::Quotes ? "/quotes" : "/trades";
  Question question{Host::Data, std::string{data_path(kind)}.append(name)};
  question.add("symbols", asked.symbols);
  if (what == History::Bars) question.add("timeframe", asked.timeframe);
  question.add("start", asked.start);
  question.add("end", asked.end);
  question.add("limit", asked.limit);
  if (what == History::Bars && kind == AssetClass::Equity) question.add("adjustment", asked.adjustment);
  if (kind == AssetClass::Equity) question.add("feed", asked.feed);
  question.add("sort", asked.sort);
  question.add("page_token", asked.page_token);
  return std::move(question.request);
}

Request encode_latest(Latest what, AssetClass kind, const std::vector<std::string>& symbols, std::string_view feed) {
  constexpr std::array<std::string_view, 4> names{"bars", "quotes", "trades", "orderbooks"};
  const std::string name{names[static_cast<std::size_t>(what)]};
  const bool is_crypto = kind == AssetClass::Crypto;
  Question question{Host::Data,
                    std::string{data_path(kind)}.append(is_crypto ? "/latest/" + name : "/" + name + "/latest")};
  question.add("symbols", symbols);
  if (!is_crypto) question.add("feed", feed);
  return std::move(question.request);
}

Request encode_snapshots(AssetClass kind, const std::vector<std::string>& symbols, std::string_view feed) {
  Question question{Host::Data, std::string{data_path(kind)}.append("/snapshots")};
  question.add("symbols", symbols);
  if (kind != AssetClass::Crypto) question.add("feed", feed);
  return std::move(question.request);
}

std::optional<std::string> timeframe_of(std::uint32_t bar_interval_ms) {
  constexpr std::uint32_t minute = 60'000, hour = 60 * minute, day = 24 * hour;
  const auto in = [&](std::uint32_t unit, std::uint32_t most, std::string_view name) {
    const std::uint32_t count = bar_interval_ms / unit;
    const bool fits = bar_interval_ms % unit == 0 && count >= 1 && count <= most;
    return fits ? std::optional{std::to_string(count).append(name)} : std::nullopt;
  };
  if (auto days = in(day, 1, "Day")) return days;
  if (auto weeks = in(7 * day, 1, "Week")) return weeks;
  if (auto hours = in(hour, 23, "Hour")) return hours;
  return in(minute, 59, "Min");
}

// ---- Streams

std::string encode_stream_login(std::string_view key_id, std::string_view secret) {
  return json::serialize(json::object{{"action", "auth"}, {"key", key_id}, {"secret", secret}});
}

std::string encode_stream_login_by_data(std::string_view key_id, std::string_view secret) {
  json::object message{{"action", "authenticate"}};
  message["data"] = json::object{{"key_id", key_id}, {"secret_key", secret}};
  return json::serialize(message);
}

std::string encode_stream_login_by_token(std::string_view access_token) {
  json::object message{{"action", "authenticate"}};
  message["data"] = json::object{{"oauth_token", access_token}};
  return json::serialize(message);
}

std::string encode_listen(const std::vector<std::string>& streams) {
  json::object message{{"action", "listen"}};
  message["data"].emplace_object()["streams"] = texts_as_json(streams);
  return json::serialize(message);
}

std::string encode_subscription(Subscription what, const SymbolsByChannel& symbols) {
  json::object message{{"action", what == Subscription::Start ? "subscribe" : "unsubscribe"}};
  for (const auto& [channel, names] : symbols) message[channel] = texts_as_json(names);
  return json::serialize(message);
}

std::optional<std::string_view> channel_of(Channel channel, AssetClass kind, std::uint32_t bar_interval_ms) {
  switch (channel) {
    case Channel::Quote: return "quotes";
    case Channel::Trade: return "trades";
    case Channel::Book:
      if (kind == AssetClass::Crypto) return "orderbooks";
      break;
    case Channel::Bar:
      if (bar_interval_ms == 60'000) return "bars";
      if (bar_interval_ms == 86'400'000) return "dailyBars";
      break;
    default: break;
  }
  return std::nullopt;
}

}  // namespace busbar::alpaca
