#include "tests/vectors/ccxt_order.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace busbar::vectors {

namespace {

namespace json = boost::json;

std::string upper(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return result;
}

// The digits of a number or of a string that holds one. A float's digits beyond the 18th place are below every step.
std::optional<Decimal> number(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  if (value == nullptr || value->is_null()) return std::nullopt;
  std::string text = value->is_string() ? std::string{value->get_string()} : json::serialize(*value);
  if (const auto point = text.find('.'); point != std::string::npos && text.find_first_of("eE") == std::string::npos) {
    text.resize(std::min(text.size(), point + 19));
  }
  const auto parsed = Decimal::parse(text);
  if (!parsed) throw std::runtime_error{std::string{member} + ": no number: " + text};
  return parsed;
}

std::string word(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

bool flag(const json::object& object, std::string_view member) {
  const json::value* value = object.if_contains(member);
  return value != nullptr && value->is_bool() && value->get_bool();
}

template <class Value>
Value look_up(std::string_view what, const std::string& name,
              std::initializer_list<std::pair<std::string_view, Value>> table) {
  for (const auto& [known, value] : table) {
    if (known == name) return value;
  }
  throw std::runtime_error{std::string{what} + ": " + name + " is not known"};
}

std::optional<Decimal> to_tick(std::optional<Decimal> price, const Instrument& instrument) {
  return price && instrument.tick_size ? round_to(*price, *instrument.tick_size, Round::Nearest) : price;
}

// The first of two names that is there.
std::optional<Decimal> either(const json::object& params, std::string_view first, std::string_view second) {
  const auto value = number(params, first);
  return value ? value : number(params, second);
}

// Arguments that say how a call is made, and nothing about the order.
constexpr std::string_view about_the_call[] = {"type", "recvWindow", "timestamp"};
constexpr std::string_view understood[] = {
    "triggerPrice", "stopPrice", "stopLossPrice", "takeProfitPrice", "trailingDelta", "trailingPercent",
    "trailingTriggerPrice", "stopLossOrTakeProfit", "postOnly", "timeInForce", "clientOrderId", "newClientOrderId",
    "icebergAmount", "icebergQty", "selfTradePrevention", "selfTradePreventionMode", "cost", "quoteOrderQty"};

void refuse_unknown(const json::object& params) {
  for (const auto& member : params) {
    const std::string_view name{member.key().data(), member.key().size()};
    const bool is_known =
        std::find(std::begin(understood), std::end(understood), name) != std::end(understood) ||
        std::find(std::begin(about_the_call), std::end(about_the_call), name) != std::end(about_the_call);
    if (!is_known) throw std::runtime_error{"params." + std::string{name} + " is not known"};
  }
}

}  // namespace

NewOrder order_of_ccxt(const json::object& call, const Instrument& instrument) {
  static const json::object nothing;
  const json::value* given = call.if_contains("params");
  const json::object& params = given != nullptr && given->is_object() ? given->get_object() : nothing;
  refuse_unknown(params);

  NewOrder order;
  order.symbol = instrument.symbol;
  order.rounding = Rounding::Down;
  order.side = look_up<Side>("side", upper(word(call, "side")), {{"BUY", Side::Buy}, {"SELL", Side::Sell}});
  const std::string type = upper(word(call, "type"));
  order.order_type = look_up<OrderType>("type", type,
                                        {{"MARKET", OrderType::Market},
                                         {"LIMIT", OrderType::Limit},
                                         {"LIMIT_MAKER", OrderType::Limit},
                                         {"STOP_LOSS", OrderType::Stop},
                                         {"STOP_LOSS_LIMIT", OrderType::StopLimit},
                                         {"TAKE_PROFIT", OrderType::MarketIfTouched},
                                         {"TAKE_PROFIT_LIMIT", OrderType::LimitIfTouched}});
  order.post_only = type == "LIMIT_MAKER" || flag(params, "postOnly");

  // A trigger turns a market or limit order into a stop or, by its name, into its opposite.
  std::optional<Decimal> stop_loss = either(params, "triggerPrice", "stopPrice");
  if (const auto named = number(params, "stopLossPrice")) stop_loss = named;
  const std::optional<Decimal> take_profit = number(params, "takeProfitPrice");
  const std::optional<Decimal> trailing_percent = number(params, "trailingPercent");
  const std::optional<Decimal> trailing_delta = number(params, "trailingDelta");
  std::optional<Decimal> trigger = stop_loss ? stop_loss : take_profit;
  bool is_take_profit = !stop_loss && !trailing_delta && take_profit;
  if (trailing_percent) {
    is_take_profit = upper(word(params, "stopLossOrTakeProfit")) == "TAKEPROFIT";
    trigger = number(params, "trailingTriggerPrice");
  }
  if (trigger || trailing_percent || trailing_delta) {
    if (order.order_type == OrderType::Market) {
      order.order_type = is_take_profit ? OrderType::MarketIfTouched : OrderType::Stop;
    } else if (order.order_type == OrderType::Limit) {
      order.order_type = is_take_profit ? OrderType::LimitIfTouched : OrderType::StopLimit;
    }
  }
  order.stop_px = to_tick(trigger, instrument);
  const auto bps = trailing_percent ? multiply(*trailing_percent, Decimal{100, 0}) : trailing_delta;
  if (bps) order.trailing_delta_bps = static_cast<std::uint32_t>(std::stoul(to_string(bps->normalized())));

  const std::string time_in_force = upper(word(params, "timeInForce"));
  if (time_in_force == "PO" || time_in_force == "GTX") {
    order.post_only = true;
  } else if (!time_in_force.empty()) {
    order.time_in_force = look_up<TimeInForce>("timeInForce", time_in_force,
                                               {{"GTC", TimeInForce::GoodTillCancel},
                                                {"IOC", TimeInForce::ImmediateOrCancel},
                                                {"FOK", TimeInForce::FillOrKill},
                                                {"DAY", TimeInForce::Day}});
  }

  const std::optional<Decimal> amount = number(call, "amount");
  const std::optional<Decimal> price = number(call, "price");
  const bool has_limit = order.order_type == OrderType::Limit || order.order_type == OrderType::StopLimit ||
                         order.order_type == OrderType::LimitIfTouched;
  if (has_limit) order.price = to_tick(price, instrument);
  std::optional<Decimal> cost = either(params, "quoteOrderQty", "cost");
  if (!cost && order.order_type == OrderType::Market && amount && price) cost = multiply(*amount, *price);
  if (order.order_type == OrderType::Market && cost) {
    order.cash_order_qty = instrument.tick_size ? round_to(*cost, *instrument.tick_size, Round::Down) : cost;
  } else {
    order.order_qty = amount;
  }
  order.display_qty = either(params, "icebergAmount", "icebergQty");
  std::string prevention = upper(word(params, "selfTradePrevention"));
  if (prevention.empty()) prevention = upper(word(params, "selfTradePreventionMode"));
  if (!prevention.empty()) {
    order.self_trade_prevention = look_up<SelfTradePrevention>("selfTradePrevention", prevention,
                                                               {{"NONE", SelfTradePrevention::None},
                                                                {"EXPIRE_TAKER", SelfTradePrevention::ExpireTaker},
                                                                {"EXPIRE_MAKER", SelfTradePrevention::ExpireMaker},
                                                                {"EXPIRE_BOTH", SelfTradePrevention::ExpireBoth},
                                                                {"DECREMENT", SelfTradePrevention::Decrement}});
  }
  return order;
}

}  // namespace busbar::vectors
