#include "tools/venue/coinbase/order_reader.hpp"

#include <algorithm>
#include <array>

#include "tools/venue/amount.hpp"
#include "tools/venue/coinbase/shapes.hpp"

namespace busbar::venue::coinbase {
namespace {

namespace json = boost::json;

struct Kind {
  std::string_view name;
  OrderType type;
  TimeInForce time_in_force;
  bool has_end = false, has_stop = false, has_trigger = false, takes_post_only = false;
};

constexpr std::array<Kind, 9> kinds{{
    {"market_market_ioc", OrderType::Market, TimeInForce::ImmediateOrCancel},
    {"sor_limit_ioc", OrderType::Limit, TimeInForce::ImmediateOrCancel},
    {"limit_limit_gtc", OrderType::Limit, TimeInForce::GoodTillCancel, false, false, false, true},
    {"limit_limit_gtd", OrderType::Limit, TimeInForce::GoodTillCancel, true, false, false, true},
    {"limit_limit_fok", OrderType::Limit, TimeInForce::FillOrKill},
    {"stop_limit_stop_limit_gtc", OrderType::StopLossLimit, TimeInForce::GoodTillCancel, false, true},
    {"stop_limit_stop_limit_gtd", OrderType::StopLossLimit, TimeInForce::GoodTillCancel, true, true},
    {"trigger_bracket_gtc", OrderType::Limit, TimeInForce::GoodTillCancel, false, false, true},
    {"trigger_bracket_gtd", OrderType::Limit, TimeInForce::GoodTillCancel, true, false, true},
}};

// Known to the broker, and not offered on spot or not here.
constexpr std::array<std::string_view, 3> unsupported{"market_market_fok", "twap_limit_gtd", "scaled_limit_gtc"};

class Reader {
 public:
  Reader(const json::object& body, const ReaderContext& context, Refused& refused)
      : body_{body}, context_{context}, refused_{refused} {}

  std::optional<WantedOrder> read() {
    WantedOrder wanted;
    const std::string product_id = text(body_, "product_id"), side = text(body_, "side");
    wanted.order.client_order_id = text(body_, "client_order_id");
    const json::value* configuration = body_.if_contains("order_configuration");
    if (is_refused()) return std::nullopt;
    if (configuration == nullptr || !configuration->is_object()) return bad_request("order_configuration is required");
    if (side != "BUY" && side != "SELL") return failed("INVALID_SIDE", "side must be BUY or SELL");
    wanted.order.side = side == "BUY" ? Side::Buy : Side::Sell;
    wanted.product = context_.products.find(product_id);
    if (wanted.product == nullptr) return failed("INVALID_PRODUCT_ID", "valid product_id is required");
    wanted.order.quote_asset = wanted.product->quote;
    wanted.order.self_trade = SelfTrade::ExpireMaker;
    if (body_.contains("attached_order_configuration") && !body_.at("attached_order_configuration").is_null()) {
      return failed("UNSUPPORTED_ORDER_CONFIGURATION", "attached orders are not enabled for trading");
    }
    const json::object& only = configuration->get_object();
    if (only.size() != 1) return failed("PREVIEW_INVALID_ORDER_CONFIG", "exactly one order configuration is needed");
    wanted.kind = std::string{only.begin()->key()};
    if (std::find(unsupported.begin(), unsupported.end(), wanted.kind) != unsupported.end()) {
      return failed("UNSUPPORTED_ORDER_CONFIGURATION", "source is not enabled for trading");
    }
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& k) { return k.name == wanted.kind; });
    if (kind == kinds.end()) return bad_request("unknown order configuration: " + wanted.kind);
    if (!only.begin()->value().is_object()) return bad_request(wanted.kind + " is no object");
    wanted.configuration = only.begin()->value().get_object();
    read_configuration(*kind, wanted);
    if (is_refused()) return std::nullopt;
    return wanted;
  }

 private:
  bool is_refused() const { return refused_.is_bad_request || !refused_.reason.empty(); }
  std::nullopt_t bad_request(std::string message) {
    if (!is_refused()) refused_ = {true, {}, std::move(message)};
    return std::nullopt;
  }
  std::nullopt_t failed(std::string reason, std::string message) {
    if (!is_refused()) refused_ = {false, std::move(reason), std::move(message)};
    return std::nullopt;
  }

  // Empty when absent; of another type it is a bad request.
  std::string text(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || value->is_null()) return {};
    if (!value->is_string()) {
      bad_request(std::string{name} + " must be a string");
      return {};
    }
    return std::string{value->get_string()};
  }
  bool flag(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || value->is_null()) return false;
    if (!value->is_bool()) bad_request(std::string{name} + " must be true or false");
    return value->is_bool() && value->get_bool();
  }
  std::optional<Decimal> number(const json::object& object, std::string_view name, const char* reason) {
    const std::string given = text(object, name);
    if (given.empty()) return std::nullopt;
    const auto amount = plain_amount(given);
    if (!amount) failed(reason, std::string{name} + " is no plain decimal number");
    return amount;
  }

  // A whole number of steps, above zero.
  Decimal price(const json::object& object, std::string_view name, const Symbol& rules) {
    const auto given = number(object, name, "INVALID_PRICE_PRECISION");
    if (!given || given->is_zero() || *given > rules.price_max) {
      failed("INVALID_LIMIT_PRICE", std::string{name} + " is missing, zero or too high");
    } else if (!is_multiple(*given, rules.tick)) {
      failed("INVALID_PRICE_PRECISION", std::string{name} + " is finer than the price increment");
    }
    return given.value_or(Decimal{});
  }
  Decimal base_size(const json::object& object, const Symbol& rules) {
    const auto given = number(object, "base_size", "INVALID_SIZE_PRECISION");
    const Decimal size = given.value_or(Decimal{});
    if (size < rules.qty_min || size.is_zero()) failed("PREVIEW_INVALID_BASE_SIZE_TOO_SMALL", "base_size is too small");
    else if (size > rules.qty_max) failed("PREVIEW_INVALID_BASE_SIZE_TOO_LARGE", "base_size is too large");
    else if (!is_multiple(size, rules.step)) {
      failed("INVALID_SIZE_PRECISION", "base_size is finer than the base increment");
    }
    return size;
  }
  void check_notional(Decimal notional, const Symbol& rules) {
    if (notional < rules.notional_min) failed("PREVIEW_INVALID_QUOTE_SIZE_TOO_SMALL", "the order is too small");
    if (notional > rules.notional_max) failed("PREVIEW_INVALID_QUOTE_SIZE_TOO_LARGE", "the order is too large");
  }

  void read_configuration(const Kind& kind, WantedOrder& wanted) {
    const json::object& members = wanted.configuration;
    const Symbol& rules = context_.engine.symbol(wanted.product->symbol);
    NewOrder& order = wanted.order;
    order.type = kind.type;
    order.time_in_force = kind.time_in_force;
    if (kind.type == OrderType::Market) return read_market(members, rules, wanted);
    order.qty = base_size(members, rules);
    order.price = price(members, "limit_price", rules);
    const bool is_post_only = flag(members, "post_only");
    if (is_refused()) return;
    check_notional(times(order.price, order.qty), rules);
    if (is_post_only && !kind.takes_post_only) return void(bad_request("post_only is no member of " + wanted.kind));
    if (is_post_only) order.type = OrderType::LimitMaker;
    if (kind.takes_post_only) wanted.configuration["post_only"] = is_post_only;
    if (kind.has_end) read_end(members, wanted);
    if (kind.has_stop) read_stop(members, rules, order);
    if (kind.has_trigger) read_trigger(members, rules, wanted);
    check_restrictions(*wanted.product, false, is_post_only);
  }

  void read_market(const json::object& members, const Symbol& rules, WantedOrder& wanted) {
    const bool has_base = !text(members, "base_size").empty(), has_quote = !text(members, "quote_size").empty();
    if (has_base == has_quote) {
      return void(failed("PREVIEW_INVALID_ORDER_CONFIG",
                         has_base ? "Market orders are placed with one size"
                                  : "Market orders cannot be placed with empty order sizes"));
    }
    check_restrictions(*wanted.product, true, false);
    if (has_base) {
      wanted.order.qty = base_size(members, rules);
      return;
    }
    const auto money = number(members, "quote_size", "INVALID_SIZE_PRECISION");
    if (!money) return;
    check_notional(*money, rules);
    if (money->normalized().exponent() < (is_fiat(rules.quote) ? -2 : -places_max)) {
      failed("INVALID_SIZE_PRECISION", "quote_size is finer than the quote increment");
    }
    if (is_refused()) return;
    wanted.quote_size = *money;
    wanted.order.quote_qty = *money;
    if (wanted.order.side == Side::Buy) {  // the fee is in it
      const auto without = divide(*money, plus(Decimal{1, 0}, context_.taker_rate), places_max, Round::Down);
      wanted.order.quote_qty = without.value_or(Decimal{});
    }
  }

  void read_end(const json::object& members, WantedOrder& wanted) {
    const std::string given = text(members, "end_time");
    const auto end = time_from(given);
    if (!end) return void(bad_request("end_time must be RFC 3339"));
    if (*end <= context_.now) return void(failed("INVALID_REQUEST", "end_time must be in the future"));
    if (*end > context_.now + context_.end_time_max) {
      return void(failed("END_TIME_TOO_FAR_IN_FUTURE", "end_time is too far in the future"));
    }
    wanted.end_time = *end;
  }

  // The direction is said, and need not be that of a stop loss.
  void read_stop(const json::object& members, const Symbol& rules, NewOrder& order) {
    order.stop_price = price(members, "stop_price", rules);
    const std::string direction = text(members, "stop_direction");
    const bool is_up = direction == "STOP_DIRECTION_STOP_UP";
    if (!is_up && direction != "STOP_DIRECTION_STOP_DOWN") {
      return void(failed("INVALID_REQUEST", "stop_direction is needed"));
    }
    const bool is_stop_loss = is_up == (order.side == Side::Buy);
    order.type = is_stop_loss ? OrderType::StopLossLimit : OrderType::TakeProfitLimit;
    const Decimal last = context_.engine.last_price(*context_.engine.symbol_by_name(rules.name));
    if (is_up && order.stop_price <= last) failed("PREVIEW_STOP_PRICE_BELOW_LAST_TRADE_PRICE", "");
    if (!is_up && order.stop_price >= last) failed("PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE", "");
  }

  // A profit on one side of the market, a stop on the other.
  void read_trigger(const json::object& members, const Symbol& rules, WantedOrder& wanted) {
    const Decimal trigger = price(members, "stop_trigger_price", rules);
    if (is_refused()) return;
    const Decimal last = context_.engine.last_price(wanted.product->symbol);
    const bool sells = wanted.order.side == Side::Sell;
    const bool is_around = sells ? trigger < last && last < wanted.order.price
                                 : trigger > last && last > wanted.order.price;
    if (!is_around) return void(failed("PREVIEW_INVALID_BRACKET_PRICES", "the market must lie between both prices"));
    wanted.stop_trigger = trigger;
  }

  void check_restrictions(const Product& product, bool is_market, bool is_post_only) {
    const Restrictions& now = product.restrictions;
    if (!product.is_tradable() || now.cancel_only) failed("ORDER_ENTRY_DISABLED", "Orders are currently disabled");
    if (now.limit_only && is_market) failed("UNSUPPORTED_ORDER_CONFIGURATION", "The product is in limit only mode");
    if (now.post_only && !is_post_only) failed("UNSUPPORTED_ORDER_CONFIGURATION", "The product is in post only mode");
  }

  const json::object& body_;
  const ReaderContext& context_;
  Refused& refused_;
};

}  // namespace

std::optional<Decimal> plain_amount(std::string_view text) {
  if (text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
  const auto amount = Decimal::parse(text);
  if (!amount || amount->normalized().exponent() < -places_max || *amount > Decimal{90'000'000'000, 0}) {
    return std::nullopt;
  }
  return amount;
}

std::optional<WantedOrder> read_order(const json::object& body, const ReaderContext& context, Refused& refused) {
  refused = {};
  return Reader{body, context, refused}.read();
}

}  // namespace busbar::venue::coinbase
