#include "tools/venue/ibkr/order_reader.hpp"

#include <algorithm>

#include "tools/venue/amount.hpp"
#include "tools/venue/ibkr/numbers.hpp"

namespace busbar::venue::ibkr {
namespace {

namespace json = boost::json;

constexpr std::size_t client_order_id_max = 128;

// Nothing when it is absent; zero, which no price or quantity may be, when it is no number of this venue's.
std::optional<Decimal> amount_in(const json::object& ticket, std::string_view name) {
  const json::value* value = ticket.if_contains(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  const auto number = decimal_from(*value);
  const bool is_usable = number && number->is_positive() && number->normalized().exponent() >= -places_max &&
                         *number <= Decimal{1'000'000'000, 0};
  return is_usable ? *number : Decimal{};
}

std::optional<SymbolId> read_contract(const json::object& ticket, const Contracts& contracts, std::string& conidex,
                                      Refused& refused) {
  const json::value* conid = ticket.if_contains("conid");
  conidex = text_in(ticket, "conidex");
  std::optional<std::int64_t> number;
  std::string exchange;
  if (!conidex.empty()) {
    const std::size_t at = std::min(conidex.find('@'), conidex.size());
    number = integer_from(std::string_view{conidex}.substr(0, at));
    exchange = conidex.substr(std::min(at + 1, conidex.size()));
  } else if (conid != nullptr && conid->is_int64()) {
    number = conid->get_int64();
    conidex = std::to_string(*number);
  } else if (conid != nullptr && conid->is_string()) {
    number = integer_from(conid->get_string());
    conidex = std::string{conid->get_string()};
  } else {
    refused = {400, "conid or conidex is required"};
    return std::nullopt;
  }
  const auto symbol = number ? contracts.find(*number) : std::nullopt;
  if (!symbol) {
    refused.error = "invalid conid : " + conidex;
    return std::nullopt;
  }
  const Contract& contract = contracts.of(*symbol);
  if (!exchange.empty() && exchange != "SMART" && exchange != contract.exchange) {
    refused.error = "invalid exchange : " + exchange;
    return std::nullopt;
  }
  return symbol;
}

std::string off_the_grid(const char* what, Decimal value, Decimal step) {
  return std::string{"The "} + what + ", " + plain(value) + ", does not conform to the minimum variation of " +
         plain(step) + " for this contract.";
}

// By percent: in hundredths of them, which is how finely the engine follows.
std::optional<std::int64_t> read_trail(const json::object& ticket) {
  const auto amount = amount_in(ticket, "trailingAmt");
  const auto hundredths = amount ? multiply(*amount, Decimal{100, 0}) : std::nullopt;
  const bool is_usable = text_in(ticket, "trailingType") == "%" && hundredths && hundredths->is_positive() &&
                         is_multiple(*hundredths, Decimal{1, 0}) && *hundredths < Decimal{10'000, 0};
  return is_usable ? std::optional{static_cast<std::int64_t>(std::stoll(plain(*hundredths)))} : std::nullopt;
}

// Price and stop by the kind of order: of a stop order the price is the stop.
bool read_prices(const json::object& ticket, const Symbol& rules, Wanted& wanted, Refused& refused) {
  const auto price = amount_in(ticket, "price"), aux = amount_in(ticket, "auxPrice");
  const auto is_price = [&](const std::optional<Decimal>& value) { return value && value->is_positive(); };
  if (wanted.order_type == "LMT") {
    if (is_price(price)) wanted.order.price = *price;
    wanted.order.type = OrderType::Limit;
  } else if (wanted.order_type == "MKT") {
    wanted.order.type = OrderType::Market;
  } else if (wanted.order_type == "STP") {
    if (is_price(price)) wanted.order.stop_price = *price;
    wanted.order.type = OrderType::StopLoss;
  } else if (wanted.order_type == "STOP_LIMIT") {
    if (is_price(price)) wanted.order.price = *price;
    if (is_price(aux)) wanted.order.stop_price = *aux;
    wanted.order.type = OrderType::StopLossLimit;
  } else if (wanted.order_type == "TRAIL") {
    wanted.order.type = OrderType::StopLoss;
    wanted.order.trailing_delta = read_trail(ticket);
    if (!wanted.order.trailing_delta) {
      refused.error = "invalid trailing amount";
      return false;
    }
  } else {
    refused.error = "invalid order type : " + wanted.order_type;
    return false;
  }
  const bool has_stop = !wanted.order.stop_price.is_zero() || wanted.order.trailing_delta;
  const bool is_complete = (!wanted.order.price.is_zero() || !is_priced(wanted.order.type)) &&
                           (has_stop || !is_stop(wanted.order.type));
  if (!is_complete) {
    refused.error = "invalid order price fields";
    return false;
  }
  for (const Decimal each : {wanted.order.price, wanted.order.stop_price}) {
    if (!is_multiple(each, rules.tick) || each > rules.price_max) {
      refused.error = off_the_grid("price", each, rules.tick);
      return false;
    }
  }
  return true;
}

bool read_quantity(const json::object& ticket, const Symbol& rules, Wanted& wanted, Refused& refused) {
  const auto quantity = amount_in(ticket, "quantity"), cash = amount_in(ticket, "cashQty");
  if (cash && cash->is_positive()) {
    if (wanted.order.type == OrderType::Market && (!quantity || quantity->is_zero())) {
      wanted.order.quote_qty = *cash;
      return true;
    }
    refused.error = "cashQty is not supported for this order";
    return false;
  }
  if (!quantity || quantity->is_zero()) {
    refused.error = "invalid quantity";
    return false;
  }
  if (!is_multiple(*quantity, rules.step) || *quantity < rules.qty_min) {
    refused.error = off_the_grid("size", *quantity, rules.step);
    return false;
  }
  const Decimal price = is_priced(wanted.order.type) ? wanted.order.price : rules.price_max;
  const auto value = multiply(price.normalized(), quantity->normalized());
  if (*quantity > rules.qty_max || (is_priced(wanted.order.type) && (!value || *value > rules.notional_max))) {
    refused.error = "The size, " + plain(*quantity) + ", exceeds the largest size for this contract.";
    return false;
  }
  wanted.order.qty = *quantity;
  return true;
}

}  // namespace

std::optional<Wanted> read_ticket(const json::object& ticket, const Contracts& contracts, std::string_view account_id,
                                  Refused& refused) {
  Wanted wanted;
  const auto symbol = read_contract(ticket, contracts, wanted.conidex, refused);
  if (!symbol) return std::nullopt;
  const auto refuse = [&](std::string error) {
    refused.error = std::move(error);
    return std::nullopt;
  };
  const Contract& contract = contracts.of(*symbol);
  const Symbol& rules = contracts.rules(*symbol);
  wanted.symbol = *symbol;
  wanted.ticker = contract.ticker();
  wanted.listing_exchange = contract.listing_exchange();
  wanted.currency = rules.quote;
  if (const std::string account = text_in(ticket, "acctId"); !account.empty() && account != account_id) {
    return refuse("invalid account : " + account);
  }

  std::string side = text_in(ticket, "side");  // BUY; Buy in the broker's own examples of brackets
  for (char& c : side) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (side != "BUY" && side != "SELL") return refuse("invalid side : " + side);
  wanted.order.side = side == "BUY" ? Side::Buy : Side::Sell;
  wanted.order_type = text_in(ticket, "orderType");
  if (!read_prices(ticket, rules, wanted, refused) || !read_quantity(ticket, rules, wanted, refused)) {
    return std::nullopt;
  }

  wanted.tif = text_in(ticket, "tif");
  const bool can_open = contract.sec_type == "STK" && contract.is_us();
  const bool is_of_the_moment = wanted.tif == "IOC" || (wanted.tif == "OPG" && can_open);
  if (wanted.tif != "DAY" && wanted.tif != "GTC" && !is_of_the_moment) return refuse("invalid tif : " + wanted.tif);
  if (is_of_the_moment) wanted.order.time_in_force = TimeInForce::ImmediateOrCancel;
  if (is_of_the_moment && is_stop(wanted.order.type)) return refuse("invalid time in force for this order type");
  const json::value* outside = ticket.if_contains("outsideRTH");
  wanted.outside_rth = outside != nullptr && outside->is_bool() && outside->get_bool();
  if (wanted.outside_rth && (!is_priced(wanted.order.type) || wanted.tif == "OPG")) {
    return refuse("invalid order attribute : Outside Regular Trading Hours");
  }

  wanted.client_order_id = text_in(ticket, "cOID");
  wanted.parent_id = text_in(ticket, "parentId");
  if (wanted.client_order_id.size() > client_order_id_max) return refuse("cOID is too long");
  if (!wanted.parent_id.empty() && !wanted.client_order_id.empty()) {
    return refuse("cOID is not allowed together with parentId");
  }
  wanted.order.client_order_id = wanted.client_order_id;
  wanted.order.self_trade = SelfTrade::None;
  const json::value* group = ticket.if_contains("isSingleGroup");
  wanted.is_single_group = group != nullptr && group->is_bool() && group->get_bool();
  return wanted;
}

}  // namespace busbar::venue::ibkr
