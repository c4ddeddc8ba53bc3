#include "tools/venue/alpaca/order_reader.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/json/serialize.hpp>

#include "tools/venue/alpaca/wire.hpp"
#include "tools/venue/amount.hpp"

namespace busbar::venue::alpaca {
namespace {

namespace json = boost::json;

constexpr std::size_t client_order_id_max = 128;
constexpr Decimal cent{1, -2};

class Reader {
 public:
  Reader(const json::object& body, const Engine& engine, Refused& refused)
      : body_{body}, engine_{engine}, refused_{refused} {}

  bool is_refused() const { return refused_.status != 0; }
  void refuse(Refused refused) {
    if (!is_refused()) refused_ = std::move(refused);
  }

  std::string text(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || value->is_null()) return {};
    if (!value->is_string()) {
      refuse(invalid(std::string{name} + " must be a string"));
      return {};
    }
    const std::string_view found = value->get_string();
    const bool is_plain = std::none_of(found.begin(), found.end(), [](char c) {
      return static_cast<unsigned char>(c) < ' ' || c == '\x7F';
    });
    if (!is_plain) refuse(invalid("invalid " + std::string{name}));
    return std::string{found};
  }
  bool flag(std::string_view name) {
    const json::value* value = body_.if_contains(name);
    if (value == nullptr || value->is_null()) return false;
    if (!value->is_bool()) refuse(invalid(std::string{name} + " must be a boolean"));
    return value->is_bool() && value->get_bool();
  }
  // Above zero, if it is there at all.
  std::optional<Decimal> amount(const json::object& object, std::string_view name, std::string_view shown) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || value->is_null() || (value->is_string() && value->get_string().empty())) return {};
    const auto number = amount_in(*value);
    if (!number) refuse(invalid(std::string{shown} + " must be a number"));
    else if (!number->is_positive()) refuse(invalid(std::string{shown} + " must be > 0"));
    return number;
  }
  std::optional<Decimal> price(const json::object& object, std::string_view name, const Asset& asset) {
    std::string shown{name};
    std::replace(shown.begin(), shown.end(), '_', ' ');
    const auto number = amount(object, name, shown);
    const bool is_off_grid = asset.is_crypto() ? number && !is_multiple(*number, tick_of(asset))
                                               : number && !is_price_on_grid(*number);
    if (is_off_grid && asset.is_crypto()) {
      refuse(unprocessable("invalid " + std::string{name} + ' ' + plain(*number) +
                           ". it is finer than the price increment"));
    } else if (is_off_grid) {
      refuse(unprocessable("invalid " + std::string{name} + ' ' + plain(*number) +
                           ". sub-penny increment does not fulfill minimum pricing criteria"));
    }
    return number;
  }
  std::string client_order_id() {
    std::string name = text(body_, "client_order_id");
    if (name.size() > client_order_id_max) {
      refuse(invalid("client_order_id must be no more than 128 characters"));
    }
    return name;
  }
  const json::object* object(std::string_view name) {
    const json::value* value = body_.if_contains(name);
    if (value == nullptr || value->is_null()) return nullptr;
    if (!value->is_object()) refuse(invalid(std::string{name} + " must be an object"));
    return value->if_object();
  }

 protected:
  const json::object& body_;

 private:
  Decimal tick_of(const Asset& asset) const { return engine_.symbol(asset.symbol).tick; }

  const Engine& engine_;
  Refused& refused_;
};

class OrderReader : Reader {
 public:
  OrderReader(const json::object& body, const ReaderContext& context, Refused& refused)
      : Reader{body, context.engine, refused}, context_{context} {}

  std::optional<WantedOrder> read() {
    read_words();
    if (!is_refused()) read_size();
    if (!is_refused()) read_prices();
    if (!is_refused()) check_time_in_force();
    if (!is_refused()) read_class();
    if (is_refused()) return std::nullopt;
    wanted_.order.self_trade = SelfTrade::ExpireMaker;
    return std::move(wanted_);
  }

 private:
  void read_words() {
    const std::string symbol = text(body_, "symbol"), side = text(body_, "side");
    wanted_.type = text(body_, "type");
    wanted_.time_in_force = text(body_, "time_in_force");
    wanted_.order_class = text(body_, "order_class");
    wanted_.order.client_order_id = client_order_id();
    wanted_.extended_hours = flag("extended_hours");
    if (is_refused()) return;
    if (symbol.empty()) return refuse(invalid("symbol is required"));
    wanted_.asset = context_.assets.find(symbol);
    if (wanted_.asset == nullptr) return refuse(invalid("could not find asset \"" + symbol + '"'));
    if (!wanted_.asset->tradable) return refuse(unprocessable("asset \"" + symbol + "\" is not tradable"));
    if (side != "buy" && side != "sell") return refuse(invalid("side must be buy or sell"));
    wanted_.order.side = side == "buy" ? Side::Buy : Side::Sell;
    constexpr std::array<std::string_view, 5> types{"market", "limit", "stop", "stop_limit", "trailing_stop"};
    if (std::find(types.begin(), types.end(), wanted_.type) == types.end()) {
      return refuse(invalid("invalid order type"));
    }
    constexpr std::array<std::string_view, 6> times{"day", "gtc", "opg", "cls", "ioc", "fok"};
    if (std::find(times.begin(), times.end(), wanted_.time_in_force) == times.end()) {
      return refuse(invalid("invalid time_in_force"));
    }
    constexpr std::array<std::string_view, 5> classes{"", "simple", "bracket", "oco", "oto"};
    if (std::find(classes.begin(), classes.end(), wanted_.order_class) == classes.end()) {
      return refuse(invalid("invalid order_class"));
    }
    const bool is_simple = wanted_.order_class.empty() || wanted_.order_class == "simple";
    if (is_simple) wanted_.order_class.clear();
    if (!wanted_.asset->is_crypto()) return;
    if (wanted_.type == "stop" || wanted_.type == "trailing_stop") {
      refuse(invalid("invalid order type for crypto order"));
    }
    if (wanted_.time_in_force != "gtc" && wanted_.time_in_force != "ioc") {
      refuse(unprocessable("invalid crypto time_in_force"));
    }
    if (!is_simple) refuse(unprocessable("crypto orders not allowed for advanced order_class: " + wanted_.order_class));
    if (wanted_.extended_hours) refuse(unprocessable("crypto orders have no extended hours"));
  }

  void read_size() {
    const auto qty = amount(body_, "qty", "qty");
    wanted_.notional = amount(body_, "notional", "notional");
    if (is_refused()) return;
    if (qty && wanted_.notional) return refuse(invalid("only one of qty or notional is accepted"));
    if (!qty && !wanted_.notional) return refuse(invalid("qty or notional is required"));
    const Symbol& rules = context_.engine.symbol(wanted_.asset->symbol);
    const std::string name = '"' + rules.name + '"';
    if (wanted_.notional) {
      if (wanted_.type != "market") return refuse(unprocessable("notional orders must be market orders"));
      if (*wanted_.notional < Decimal{1, 0}) return refuse(unprocessable("notional must be >= 1"));
      if (*wanted_.notional > rules.notional_max) return refuse(unprocessable("notional is too large"));
      wanted_.order.quote_qty = *wanted_.notional;
    } else {
      if (*qty > rules.qty_max) return refuse(unprocessable("qty must be <= " + plain(rules.qty_max)));
      if (!is_multiple(*qty, rules.step)) {
        return refuse(unprocessable("qty increment must be " + plain(rules.step) + " for " + name));
      }
      wanted_.order.qty = *qty;
    }
    const bool is_fractional = wanted_.notional || !is_multiple(*qty, Decimal{1, 0});
    if (wanted_.asset->is_crypto() || !is_fractional) return;
    if (!wanted_.asset->fractionable) return refuse(forbidden("asset " + name + " is not fractionable"));
    if (wanted_.time_in_force != "day") return refuse(unprocessable("fractional orders must be DAY orders"));
    if (!wanted_.order_class.empty()) return refuse(unprocessable("fractional orders must be simple orders"));
  }

  void read_prices() {
    const Asset& asset = *wanted_.asset;
    const auto limit = price(body_, "limit_price", asset), stop = price(body_, "stop_price", asset);
    wanted_.trail_price = price(body_, "trail_price", asset);
    wanted_.trail_percent = amount(body_, "trail_percent", "trail percent");
    if (is_refused()) return;
    NewOrder& order = wanted_.order;
    const bool trails = wanted_.trail_price || wanted_.trail_percent;
    const std::string& type = wanted_.type;
    if (trails && type != "trailing_stop") return refuse(invalid(type + " orders require no trail"));
    // An oco names the prices of its orders with their legs.
    const bool has_leg_price = wanted_.order_class == "oco" && type == "limit" && !limit && !stop;
    if (type == "market" && (limit || stop)) return refuse(invalid("market orders require no stop or limit price"));
    if (type == "limit" && stop) return refuse(invalid("limit orders require only limit price"));
    if (type == "limit" && !limit && !has_leg_price) return refuse(invalid("limit orders require a limit price"));
    if (type == "stop" && (!stop || limit)) return refuse(invalid("stop orders require only stop price"));
    if (type == "stop_limit" && (!stop || !limit)) {
      return refuse(invalid("stop limit orders require both stop and limit price"));
    }
    const Symbol& rules = context_.engine.symbol(asset.symbol);
    for (const auto& given : {limit, stop}) {
      if (given && *given > rules.price_max) return refuse(unprocessable("price must be <= " + plain(rules.price_max)));
    }
    order.price = limit.value_or(Decimal{});
    order.stop_price = stop.value_or(Decimal{});
    order.type = type == "market"       ? OrderType::Market
                 : type == "limit"      ? OrderType::Limit
                 : type == "stop_limit" ? OrderType::StopLossLimit
                                        : OrderType::StopLoss;
    if (type == "trailing_stop") read_trail();
    else if (order.type != OrderType::Market && order.type != OrderType::Limit) check_stop(order);
    if (asset.is_crypto() && limit && !is_refused()) check_cost(times(*limit, order.qty));
    if (asset.is_crypto() && wanted_.notional) check_cost(*wanted_.notional);
  }

  void read_trail() {
    const auto limit = body_.if_contains("limit_price"), stop = body_.if_contains("stop_price");
    const auto is_there = [](const json::value* value) { return value != nullptr && !value->is_null(); };
    if (wanted_.trail_price.has_value() == wanted_.trail_percent.has_value()) {
      return refuse(invalid("trailing stop orders must specify one of trail_price or trail_percent"));
    }
    if (is_there(limit) || is_there(stop)) {
      return refuse(invalid("trailing stop orders require no stop or limit price"));
    }
    if (!wanted_.order_class.empty()) return refuse(unprocessable("trailing stop orders must be simple orders"));
    if (wanted_.trail_percent && (*wanted_.trail_percent < Decimal{1, -1} || *wanted_.trail_percent >= Decimal{100, 0})) {
      return refuse(unprocessable("trail_percent must be >= 0.1 and < 100"));
    }
    const Decimal last = context_.engine.last_price(wanted_.asset->symbol);
    if (wanted_.trail_price && *wanted_.trail_price >= last) {
      return refuse(unprocessable("trail_price must be less than current price"));
    }
  }

  void check_stop(const NewOrder& order) {
    const Decimal last = context_.engine.last_price(wanted_.asset->symbol);
    const bool buys = order.side == Side::Buy;
    if (buys ? order.stop_price > last : order.stop_price < last) return;
    Refused refused =
        unprocessable(std::string{"stop price must be "} + (buys ? "greater" : "less") + " than current price");
    refused.extras = {{"market_price", plain(last)}, {"stop_price", plain(order.stop_price)}};
    refuse(std::move(refused));
  }

  // Sales have no floor.
  void check_cost(Decimal cost) {
    if (wanted_.order.side == Side::Sell) return;
    const Decimal least = context_.engine.symbol(wanted_.asset->symbol).notional_min;
    if (cost < least) refuse(forbidden("cost basis must be >= minimal amount of order " + plain(least)));
  }

  void check_time_in_force() {
    const std::string& time = wanted_.time_in_force;
    const bool is_limit = wanted_.type == "limit", is_market = wanted_.type == "market";
    if (wanted_.extended_hours && (!is_limit || (time != "day" && time != "gtc"))) {
      return refuse(unprocessable("extended hours order must be DAY or GTC limit orders"));
    }
    if (!is_limit && !is_market && time != "day" && time != "gtc") {
      return refuse(unprocessable(wanted_.type + " orders must be DAY or GTC orders"));
    }
    wanted_.order.time_in_force = time == "fok"                    ? TimeInForce::FillOrKill
                                  : time == "day" || time == "gtc" ? TimeInForce::GoodTillCancel
                                                                   : TimeInForce::ImmediateOrCancel;
    if (time != "opg" && time != "cls") return;
    const int minute = context_.hours.minute_of_day(context_.now);
    const bool is_open = context_.hours.phase(context_.now) == Phase::Regular;
    const bool is_calendar = context_.hours.settings().hours == Hours::Calendar;
    constexpr int evening = 19 * 60, before_open = 9 * 60 + 28, before_close = 15 * 60 + 50;
    if (time == "opg" && (is_calendar ? minute >= before_open && minute < evening : is_open)) {
      refuse(forbidden("opg orders must be submitted after 7:00pm and before 9:28am"));
    }
    if (time == "cls" && is_calendar && minute >= before_close && minute < evening) {
      refuse(forbidden("cls orders must be submitted after 7:00pm and before 3:50pm"));
    }
  }

  void read_class() {
    const std::string& order_class = wanted_.order_class;
    const json::object* profit = object("take_profit");
    const json::object* loss = object("stop_loss");
    if (is_refused()) return;
    if (order_class.empty()) {
      if (profit != nullptr || loss != nullptr) {
        refuse(invalid("take_profit and stop_loss are of bracket, oco and oto orders"));
      }
      return;
    }
    if (wanted_.time_in_force != "day" && wanted_.time_in_force != "gtc") {
      return refuse(unprocessable(order_class + " orders must be DAY or GTC orders"));
    }
    if (wanted_.extended_hours) return refuse(unprocessable(order_class + " orders have no extended hours"));
    if (order_class == "oco" && wanted_.type != "limit") return refuse(unprocessable("oco orders must be limit orders"));
    if (order_class != "oco" && wanted_.type != "limit" && wanted_.type != "market" && wanted_.type != "stop" &&
        wanted_.type != "stop_limit") {
      return refuse(unprocessable("invalid order type for " + order_class + " orders"));
    }
    if (order_class == "oto" ? (profit == nullptr) == (loss == nullptr) : profit == nullptr || loss == nullptr) {
      return refuse(invalid(order_class == "oto" ? "oto orders require one of take_profit or stop_loss"
                                                 : order_class + " orders require take_profit and stop_loss"));
    }
    const Asset& asset = *wanted_.asset;
    const bool is_exit = order_class == "oco";
    NewOrder leg = wanted_.order;
    leg.client_order_id.clear();
    leg.price = leg.stop_price = {};
    leg.time_in_force = TimeInForce::GoodTillCancel;
    if (!is_exit) leg.side = wanted_.order.side == Side::Buy ? Side::Sell : Side::Buy;
    std::optional<NewOrder> take, stop;
    if (profit != nullptr) {
      take = leg;
      take->type = OrderType::Limit;
      auto given = price(*profit, "limit_price", asset);
      if (!given && is_exit && wanted_.order.price.is_positive()) given = wanted_.order.price;
      if (!given) return refuse(invalid(order_class + " orders require take_profit.limit_price"));
      take->price = *given;
    }
    if (loss != nullptr) {
      stop = leg;
      const auto given = price(*loss, "stop_price", asset), limit = price(*loss, "limit_price", asset);
      if (!given) return refuse(invalid(order_class + " orders require stop_loss.stop_price"));
      stop->stop_price = *given;
      stop->price = limit.value_or(Decimal{});
      stop->type = limit ? OrderType::StopLossLimit : OrderType::StopLoss;
    }
    if (is_refused()) return;
    check_legs(take, stop, leg.side == Side::Sell);
    for (const auto& each : {take, stop}) {
      if (each) wanted_.legs.push_back(*each);
    }
  }

  // A cent at least between each leg and where it starts from.
  void check_legs(const std::optional<NewOrder>& take, const std::optional<NewOrder>& stop, bool sells) {
    const NewOrder& entry = wanted_.order;
    const Decimal last = context_.engine.last_price(wanted_.asset->symbol);
    const bool is_exit = wanted_.order_class == "oco";
    const Decimal base = is_exit ? last : entry.price.is_positive() ? entry.price
                         : entry.stop_price.is_positive()           ? entry.stop_price
                                                                    : last;
    const auto check = [&](Decimal price, bool above, const char* name) {
      const Decimal bound = above ? plus(base, cent) : minus(base, cent);
      if (above ? price >= bound : price <= bound) return;
      Refused refused = unprocessable(std::string{name} + " must be " + (above ? ">= base_price + 0.01"
                                                                               : "<= base_price - 0.01"));
      refused.extras = {{"base_price", plain(base)}};
      refuse(std::move(refused));
    };
    if (take) check(take->price, sells, "take_profit.limit_price");
    if (stop) check(stop->stop_price, !sells, "stop_loss.stop_price");
  }

  const ReaderContext& context_;
  WantedOrder wanted_;
};

}  // namespace

Refused invalid(std::string message) { return {422, 40010001, std::move(message), {}}; }
Refused unprocessable(std::string message) { return {422, 42210000, std::move(message), {}}; }
Refused forbidden(std::string message, json::object extras) {
  return {403, 40310000, std::move(message), std::move(extras)};
}

bool is_price_on_grid(Decimal price) {
  return is_multiple(price, price >= Decimal{1, 0} ? cent : Decimal{1, -4});
}

std::optional<Decimal> amount_in(const json::value& value) {
  std::string text;
  if (const json::string* given = value.if_string()) {
    text = {given->data(), given->size()};
  } else if (value.is_number()) {
    char digits[400];
    const auto number = value.to_number<double>();
    text = value.is_double() ? std::string{digits, std::to_chars(digits, digits + sizeof digits, number,
                                                                 std::chars_format::fixed).ptr}
                             : json::serialize(value);
  }
  if (text.starts_with('-')) return Decimal::parse(text) ? std::optional{Decimal{-1, 0}} : std::nullopt;
  const auto amount = Decimal::parse(text);
  if (!amount || amount->normalized().exponent() < -places_max || *amount > Decimal{90'000'000'000, 0}) {
    return std::nullopt;
  }
  return amount;
}

std::optional<WantedOrder> read_order(const json::object& body, const ReaderContext& context, Refused& refused) {
  refused = {};
  return OrderReader{body, context, refused}.read();
}

std::optional<WantedChange> read_change(const json::object& body, const Asset& asset, const Engine& engine,
                                        Refused& refused) {
  refused = {};
  Reader reader{body, engine, refused};
  WantedChange change;
  change.qty = reader.amount(body, "qty", "qty");
  change.limit_price = reader.price(body, "limit_price", asset);
  change.stop_price = reader.price(body, "stop_price", asset);
  change.trail = reader.amount(body, "trail", "trail");
  change.time_in_force = reader.text(body, "time_in_force");
  change.client_order_id = reader.client_order_id();
  if (change.qty && !asset.is_crypto() && !is_multiple(*change.qty, Decimal{1, 0})) {
    reader.refuse(unprocessable("qty must be integer"));
  }
  if (!change.time_in_force.empty() && change.time_in_force != "day" && change.time_in_force != "gtc" &&
      change.time_in_force != "ioc" && change.time_in_force != "fok") {
    reader.refuse(invalid("invalid time_in_force"));
  }
  if (reader.is_refused()) return std::nullopt;
  return change;
}

}  // namespace busbar::venue::alpaca
