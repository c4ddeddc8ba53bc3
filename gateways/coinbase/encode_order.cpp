// What places, changes and cancels orders.

#include <algorithm>

#include <boost/json.hpp>

#include "gateways/coinbase/encode.hpp"
#include "gateways/framework/json_text.hpp"
#include "gateways/framework/order_rules.hpp"
#include "gateways/framework/utc.hpp"

namespace busbar::coinbase {

namespace {

namespace json = boost::json;
using namespace order_rules;
using gateway::JsonText;

constexpr std::int64_t day_ns = 86'400'000'000'000;

Request post(std::string_view path, std::string body) {
  return {.method = "POST",
          .path = "/api/v3/brokerage/orders" + std::string{path},
          .query = {},
          .body = std::move(body),
          .security = Security::Signed};
}

// How long it may work, as Coinbase tells configurations apart by it. Empty when the pair cannot be asked for.
enum class Life { Gtc, Gtd, Ioc, Fok };

Result<Life> life_of(const NewOrder& order) {
  const TimeInForce asked = order.time_in_force;
  const auto refused = [](std::string text) { return unsupported("time_in_force: " + std::move(text)); };
  if (order.order_type == OrderType::Market) {
    // Day and GoodTillCancel say no more than IOC here, for a market order never rests.
    const bool is_plain =
        asked == TimeInForce::Day || asked == TimeInForce::GoodTillCancel || asked == TimeInForce::ImmediateOrCancel;
    if (is_plain) return Life::Ioc;
    return refused("a market order fills what it can: Coinbase has no other time in force for it");
  }
  const bool rests = order.post_only || is_triggered(order.order_type);
  switch (asked) {
    case TimeInForce::GoodTillCancel:
      return Life::Gtc;
    case TimeInForce::Day:
    case TimeInForce::GoodTillDate:
      return Life::Gtd;
    case TimeInForce::ImmediateOrCancel:
    case TimeInForce::FillOrKill:
      if (order.post_only) return refused("a post-only order rests: it cannot be of the moment");
      if (rests) return refused("what waits for its trigger cannot be of the moment");
      return asked == TimeInForce::FillOrKill ? Life::Fok : Life::Ioc;
    default:
      return refused("Coinbase has GoodTillCancel, Day, GoodTillDate, ImmediateOrCancel and FillOrKill");
  }
}

std::optional<Error> refuse(const NewOrder& order, const Instrument& instrument) {
  const std::string product{view(instrument.symbol)};
  if (order.side == Side::Unset) return invalid("side: missing");
  if (order.order_type == OrderType::Unset) return invalid("order_type: missing");
  if (order.order_type == OrderType::Stop || order.order_type == OrderType::MarketIfTouched) {
    return unsupported(
        "order_type: Coinbase has no market order that waits for a trigger, only StopLimit and LimitIfTouched");
  }
  const bool is_listed = instrument.order_types.empty() ||
                         std::find(instrument.order_types.begin(), instrument.order_types.end(), order.order_type) !=
                             instrument.order_types.end();
  if (!is_listed) return unsupported("order_type: " + product + " takes no orders of this type now");
  if (order.reduce_only) return unsupported("reduce_only: spot has no positions");
  if (order.extended_hours) return unsupported("extended_hours: Coinbase never closes");
  if (order.display_qty) return unsupported("display_qty: Coinbase has no iceberg orders");
  if (order.trailing_delta_bps != 0) return unsupported("trailing_delta_bps: Coinbase has no trailing stops");
  if (order.self_trade_prevention != SelfTradePrevention::Unset) {
    return unsupported("self_trade_prevention: Coinbase decides it for the portfolio");
  }
  if (order.post_only && order.order_type != OrderType::Limit) return unsupported("post_only: only for limit orders");
  if (order.price && !has_limit(order.order_type)) return invalid("price: an order of this type has none");
  if (!order.price && has_limit(order.order_type)) return invalid("price: missing");
  if (order.stop_px && !is_triggered(order.order_type)) return invalid("stop_px: an order of this type has none");
  if (!order.stop_px && is_triggered(order.order_type)) return invalid("stop_px: missing");
  if (order.order_qty.has_value() == order.cash_order_qty.has_value()) {
    return invalid("order_qty: exactly one of order_qty and cash_order_qty is wanted");
  }
  if (order.cash_order_qty && order.order_type != OrderType::Market) {
    return unsupported("cash_order_qty: only for market orders");
  }
  if (order.expire_date_ns != 0 && order.time_in_force != TimeInForce::GoodTillDate) {
    return invalid("expire_date_ns: only with GoodTillDate");
  }
  return std::nullopt;
}

// One order_configuration being written. The first complaint is remembered, and what comes after it is written in vain.
class Configuration {
 public:
  Configuration(JsonText& body, std::string_view name, const NewOrder& order, const Instrument& instrument)
      : body_{body}, order_{order}, instrument_{instrument} {
    body_.open("order_configuration").open(name);
  }

  void add(std::string_view name, std::string_view value) { body_.add(name, value); }
  void add_flag(std::string_view name, bool value) { body_.add_flag(name, value); }

  void sizes() {
    if (order_.order_qty) add_on_grid("base_size", "order_qty", order_.order_qty, instrument_.lot_size);
    if (order_.cash_order_qty) {
      add_on_grid("quote_size", "cash_order_qty", order_.cash_order_qty,
                  Decimal{1, -static_cast<int>(instrument_.quote_precision)});
    }
  }
  void limit_price() { add_on_grid("limit_price", "price", order_.price, instrument_.tick_size); }
  void stop_price(std::string_view name) { add_on_grid(name, "stop_px", order_.stop_px, instrument_.tick_size); }

  void end_time(Timestamp now_ns) {
    const bool is_day = order_.time_in_force == TimeInForce::Day;
    const Timestamp end = is_day ? (now_ns / day_ns + 1) * day_ns : order_.expire_date_ns;
    if (end <= 0) return complain(invalid("expire_date_ns: missing"));
    if (end <= now_ns) return complain(invalid("expire_date_ns: has passed"));
    add("end_time", gateway::utc_text(end));
  }

  std::optional<Error> end() {
    body_.close().close();
    return std::move(error_);
  }

 private:
  void complain(Error error) {
    if (!error_) error_ = std::move(error);
  }
  void add_on_grid(std::string_view name, std::string_view field, const std::optional<Decimal>& value,
                   const std::optional<Decimal>& step) {
    const auto rounded = on_grid(field, value.value_or(Decimal{}), step, order_.rounding);
    if (rounded) {
      add(name, digits(*rounded));
    } else {
      complain(rounded.error());
    }
  }

  JsonText& body_;
  const NewOrder& order_;
  const Instrument& instrument_;
  std::optional<Error> error_;
};

std::string_view limit_name(Life life) {
  switch (life) {
    case Life::Gtc:
      return "limit_limit_gtc";
    case Life::Gtd:
      return "limit_limit_gtd";
    case Life::Ioc:
      return "sor_limit_ioc";
    case Life::Fok:
      return "limit_limit_fok";
  }
  return {};
}

// A stop buys above the price and sells below it; what waits for a better price does the opposite.
std::string_view direction_of(const NewOrder& order) {
  const bool is_up = (order.side == Side::Buy) == (order.order_type == OrderType::StopLimit);
  return is_up ? "STOP_DIRECTION_STOP_UP" : "STOP_DIRECTION_STOP_DOWN";
}

std::string_view name_of(const NewOrder& order, Life life) {
  if (order.order_type == OrderType::Market) return "market_market_ioc";
  if (!is_triggered(order.order_type)) return limit_name(life);
  return life == Life::Gtd ? "stop_limit_stop_limit_gtd" : "stop_limit_stop_limit_gtc";
}

// Writes the order_configuration, or says why there is none; then what is written is of no use.
using WriteConfiguration = std::optional<Error> (*)(JsonText& body, const NewOrder& order, const Instrument& instrument,
                                                    Timestamp now_ns);

std::optional<Error> write_plain(JsonText& body, const NewOrder& order, const Instrument& instrument, Timestamp now_ns) {
  if (auto error = refuse(order, instrument)) return error;
  const auto life = life_of(order);
  if (!life) return life.error();
  Configuration configuration{body, name_of(order, *life), order, instrument};
  configuration.sizes();
  if (order.order_type == OrderType::Market) return configuration.end();
  configuration.limit_price();
  if (is_triggered(order.order_type)) {
    configuration.stop_price("stop_price");
    if (*life == Life::Gtd) configuration.end_time(now_ns);
    configuration.add("stop_direction", direction_of(order));
    return configuration.end();
  }
  if (*life == Life::Gtd) configuration.end_time(now_ns);
  if (*life == Life::Gtc || *life == Life::Gtd) configuration.add_flag("post_only", order.post_only);
  return configuration.end();
}

std::optional<Error> write_bracket(JsonText& body, const NewOrder& order, const Instrument& instrument, Timestamp now_ns) {
  if (!order.stop_px) return invalid("stop_px: missing");
  NewOrder limit = order;
  limit.stop_px.reset();
  if (auto error = refuse(limit, instrument)) return error;
  const auto life = life_of(limit);
  if (!life) return life.error();
  if (order.order_type != OrderType::Limit || order.post_only || (*life != Life::Gtc && *life != Life::Gtd)) {
    return unsupported("order_type: a bracket is a limit order that rests, and not post-only");
  }
  Configuration configuration{body, *life == Life::Gtd ? "trigger_bracket_gtd" : "trigger_bracket_gtc", order, instrument};
  configuration.sizes();
  configuration.limit_price();
  configuration.stop_price("stop_trigger_price");
  if (*life == Life::Gtd) configuration.end_time(now_ns);
  return configuration.end();
}

// An empty name: a preview has none.
Result<Request> order_request(std::string_view path, const NewOrder& order, const Instrument& instrument,
                              std::string_view venue_order_id, WriteConfiguration write, Timestamp now_ns) {
  JsonText body;
  if (!venue_order_id.empty()) body.add("client_order_id", venue_order_id);
  body.add("product_id", view(instrument.broker_symbol)).add("side", order.side == Side::Buy ? "BUY" : "SELL");
  if (auto error = write(body, order, instrument, now_ns)) return *std::move(error);
  return post(path, body.take());
}

std::string edit_body(std::string_view broker_order_id, Decimal size, Decimal price) {
  return JsonText{}.add("order_id", broker_order_id).add("size", digits(size)).add("price", digits(price)).take();
}

}  // namespace

Result<Request> encode_place(const NewOrder& order, const Instrument& instrument, std::string_view venue_order_id,
                             Timestamp now_ns) {
  return order_request("", order, instrument, venue_order_id, write_plain, now_ns);
}

Result<Request> encode_preview(const NewOrder& order, const Instrument& instrument, Timestamp now_ns) {
  return order_request("/preview", order, instrument, {}, write_plain, now_ns);
}

Result<Request> encode_bracket(const NewOrder& order, const Instrument& instrument, std::string_view venue_order_id,
                               Timestamp now_ns) {
  return order_request("", order, instrument, venue_order_id, write_bracket, now_ns);
}

Result<Request> encode_preview_bracket(const NewOrder& order, const Instrument& instrument, Timestamp now_ns) {
  return order_request("/preview", order, instrument, {}, write_bracket, now_ns);
}

Request encode_edit(std::string_view broker_order_id, Decimal size, Decimal price) {
  return post("/edit", edit_body(broker_order_id, size, price));
}

Request encode_preview_edit(std::string_view broker_order_id, Decimal size, Decimal price) {
  return post("/edit_preview", edit_body(broker_order_id, size, price));
}

Request encode_cancel(const std::vector<std::string>& broker_order_ids) {
  json::array ids;
  for (const std::string& id : broker_order_ids) ids.emplace_back(id);
  json::object body;
  body["order_ids"] = std::move(ids);
  return post("/batch_cancel", json::serialize(body));
}

}  // namespace busbar::coinbase
