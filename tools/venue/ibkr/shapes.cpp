#include "tools/venue/ibkr/shapes.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "tools/venue/amount.hpp"
#include "tools/venue/ibkr/numbers.hpp"

namespace busbar::venue::ibkr {
namespace {

namespace json = boost::json;


std::tm parts_of(TimeUs time) {
  const std::time_t seconds = static_cast<std::time_t>(time / second);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  return parts;
}

struct TypeNames {
  std::string_view live, original, description;
};
TypeNames names_of(std::string_view order_type) {
  if (order_type == "MKT") return {"Market", "MARKET", "Market"};
  if (order_type == "STP") return {"Stop", "STOP", "Stop"};
  if (order_type == "STOP_LIMIT") return {"Stop Limit", "STOP_LIMIT", "Stop Limit"};
  if (order_type == "TRAIL") return {"Trailing Stop", "TRAIL", "Trailing Stop"};
  return {"Limit", "LIMIT", "Limit"};
}

std::string_view spoken(std::string_view tif) { return tif == "DAY" ? "Day" : tif; }

Decimal qty_of(const Order& order) { return order.qty; }
Decimal left_of(const Order& order) { return order.is_open() ? order.leaves() : minus(order.qty, order.executed); }

std::string price_text(const OrderFacts& facts, Decimal price) {
  if (price.is_zero()) return {};
  return fixed(price, places_of(facts.contracts.rules(facts.order.symbol).tick));
}

// Of a stop order the price is the stop.
Decimal first_price(const Order& order) { return order.is_priced() ? order.price : order.stop_price; }

std::string description(const OrderFacts& facts, bool with_contract) {
  const Order& order = facts.order;
  const std::string_view status = shown_status(order, facts.ticket);
  const bool is_filled = status == "Filled";
  std::string text = status == "Cancelled" ? "Cancelled: " : "";
  text += order.side == Side::Buy ? (is_filled ? "Bought " : "Buy ") : (is_filled ? "Sold " : "Sell ");
  text += plain(qty_of(order)) + ' ';
  if (with_contract) text += facts.ticket.wanted.ticker + ' ';
  text += names_of(facts.ticket.wanted.order_type).description;
  if (const std::string price = price_text(facts, first_price(order)); !price.empty()) text += ' ' + price;
  return text + ", " + std::string{spoken(facts.ticket.wanted.tif)};
}

// The order of the two differs by status: what was recorded has the whole alone once it is filled.
std::string size_and_fills(const Order& order) {
  if (order.status == Status::Filled) return plain(order.executed);
  return plain(order.executed) + '/' + plain(order.qty);
}

std::string_view ccp_status(std::string_view status) {
  if (status == "Filled" || status == "Cancelled") return status;
  return status == "Inactive" ? "Inactive" : "Submitted";
}

std::string execution_id(const AccountTrade& trade) {
  char text[64];
  std::snprintf(text, sizeof text, "%08llx.%08llx.%02d.01",
                static_cast<unsigned long long>(0xe0d5 + trade.symbol),
                static_cast<unsigned long long>(trade.fill.trade_id), trade.side == Side::Buy ? 1 : 2);
  return text;
}

}  // namespace

Decimal average_price(const Order& order) {
  if (order.executed.is_zero()) return {};
  return divide(order.cum_quote, order.executed, places_max, Round::Nearest).value_or(Decimal{});
}

// The year in two digits.
std::string short_time(TimeUs time) {
  const std::tm parts = parts_of(time);
  char text[40];
  return std::string{text, std::strftime(text, sizeof text, "%Y%m%d%H%M%S", &parts)}.substr(2);
}

std::string dashed_time(TimeUs time) {
  const std::tm parts = parts_of(time);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%Y%m%d-%H:%M:%S", &parts)};
}

json::object live_order(const OrderFacts& facts) {
  const Order& order = facts.order;
  const Ticket& ticket = facts.ticket;
  const Contract& contract = facts.contracts.of(order.symbol);
  const std::string_view status = shown_status(order, ticket);
  const TypeNames type = names_of(ticket.wanted.order_type);
  const bool is_done = !order.is_open() || ticket.is_inactive;
  json::object shape{{"acct", facts.account_id},
                     {"conidex", ticket.wanted.conidex},
                     {"conid", contract.conid},
                     {"account", facts.account_id},
                     {"orderId", ticket.order_id},
                     {"cashCcy", facts.contracts.currency(order.symbol)},
                     {"sizeAndFills", size_and_fills(order)},
                     {"orderDesc", description(facts, true)},
                     {"description1", contract.symbol},
                     {"ticker", ticket.wanted.ticker},
                     {"secType", contract.sec_type},
                     {"listingExchange", contract.listing_exchange()},
                     {"remainingQuantity", number(left_of(order))},
                     {"filledQuantity", number(order.executed)},
                     {"totalSize", number(qty_of(order))},
                     {"companyName", contract.name},
                     {"status", status},
                     {"order_ccp_status", ccp_status(status)},
                     {"origOrderType", type.original},
                     {"supportsTaxOpt", contract.sec_type == "STK" ? "1" : "0"},
                     {"lastExecutionTime", short_time(ticket.last_change)},
                     {"orderType", type.live},
                     {"bgColor", is_done ? "#FFFFFF" : "#000000"},
                     {"fgColor", is_done ? "#000000" : "#00F000"},
                     {"isEventTrading", "0"},
                     {"price", price_text(facts, first_price(order))},
                     {"timeInForce", is_done ? std::string_view{"CLOSE"} : ticket.wanted.tif},
                     {"lastExecutionTime_r", ticket.last_change / 1'000'000 * 1'000},
                     {"side", order.side == Side::Buy ? "BUY" : "SELL"},
                     {"outsideRTH", ticket.wanted.outside_rth}};
  if (!ticket.wanted.client_order_id.empty()) shape["order_ref"] = ticket.wanted.client_order_id;
  if (ticket.wanted.order_type == "STOP_LIMIT") shape["auxPrice"] = price_text(facts, order.stop_price);
  if (!order.executed.is_zero()) shape["avgPrice"] = plain(average_price(order));
  if (ticket.parent != 0) shape["parentId"] = ticket.parent;
  if (!ticket.group.empty()) shape["ocaGroupId"] = ticket.group;
  if (!ticket.wanted.order.quote_qty.is_zero()) shape["totalCashSize"] = number(ticket.wanted.order.quote_qty);
  if (!ticket.reason.empty()) shape["order_cancellation_by_system_reason"] = ticket.reason;
  return shape;
}

json::object order_status(const OrderFacts& facts) {
  const Order& order = facts.order;
  const Ticket& ticket = facts.ticket;
  const Contract& contract = facts.contracts.of(order.symbol);
  const std::string_view status = shown_status(order, ticket);
  const bool is_done = !order.is_open() || ticket.is_inactive;
  const auto sized = [](Decimal value) { return written(number(value)); };
  json::object shape{{"sub_type", nullptr},
                     {"request_id", std::to_string(37'888 + ticket.index)},
                     {"server_id", "0"},
                     {"order_id", ticket.order_id},
                     {"conidex", ticket.wanted.conidex},
                     {"conid", contract.conid},
                     {"symbol", ticket.wanted.ticker},
                     {"side", order.side == Side::Buy ? "B" : "S"},
                     {"contract_description_1", contract.symbol},
                     {"listing_exchange", contract.listing_exchange()},
                     {"option_acct", "c"},
                     {"company_name", contract.name},
                     {"size", sized(left_of(order))},
                     {"total_size", sized(qty_of(order))},
                     {"currency", facts.contracts.currency(order.symbol)},
                     {"account", facts.account_id},
                     {"order_type", names_of(ticket.wanted.order_type).original},
                     {"limit_price", order.is_priced() ? price_text(facts, order.price) : std::string{}},
                     {"cum_fill", sized(order.executed)},
                     {"order_status", status},
                     {"order_ccp_status", status == "Filled" ? "2" : status == "Cancelled" ? "4" : "0"},
                     {"order_status_description", "Order " + std::string{ccp_status(status)}},
                     {"tif", ticket.wanted.tif},
                     {"fg_color", is_done ? "#000000" : "#FFFFFF"},
                     {"bg_color", is_done ? "#FFFFFF" : "#0000CC"},
                     {"order_not_editable", is_done},
                     {"editable_fields", "\x1e"},
                     {"cannot_cancel_order", is_done},
                     {"outside_rth", ticket.wanted.outside_rth},
                     {"deactivate_order", false},
                     {"sec_type", contract.sec_type},
                     {"available_chart_periods", "#R|1"},
                     {"order_description", description(facts, false)},
                     {"order_description_with_contract", description(facts, true)},
                     {"clearing_id", "IB"},
                     {"clearing_name", "IB"},
                     {"alert_active", 1},
                     {"child_order_type", "0"},
                     {"order_clearing_account", facts.account_id},
                     {"size_and_fills", size_and_fills(order)},
                     {"allowed_duplicate_opposite", true},
                     {"order_time", short_time(ticket.created)}};
  if (!ticket.group.empty()) shape["oca_group_id"] = ticket.group;
  if (is_stop(ticket.wanted.order.type)) shape["stop_price"] = price_text(facts, order.stop_price);
  if (!order.executed.is_zero()) shape["average_price"] = plain(average_price(order));
  return shape;
}

json::object ack(const OrderFacts& facts) {
  json::object shape{{"order_id", std::to_string(facts.ticket.order_id)},
                     {"order_status", shown_status(facts.order, facts.ticket)}};
  const std::string& name = facts.ticket.wanted.client_order_id;
  if (!name.empty()) shape["local_order_id"] = name;
  shape["encrypt_message"] = "1";
  return shape;
}

json::object execution(const AccountTrade& trade, const OrderFacts& facts, bool is_frame) {
  const Contract& contract = facts.contracts.of(trade.symbol);
  const std::string exchange = contract.sec_type == "STK" && contract.is_us() ? "ISLAND" : contract.exchange;
  const Fill& fill = trade.fill;
  const std::string conid = std::to_string(contract.conid);
  json::object shape{{"execution_id", execution_id(trade)},
                     {"symbol", facts.ticket.wanted.ticker},
                     {"supports_tax_opt", "1"},
                     {"side", trade.side == Side::Buy ? "B" : "S"},
                     {"order_description", std::string{trade.side == Side::Buy ? "Bot " : "Sold "} + plain(fill.qty) +
                                               " @ " + plain(fill.price) + " on " + exchange},
                     {"trade_time", dashed_time(trade.time)},
                     {"trade_time_r", trade.time / 1'000'000 * 1'000},
                     {"size", number(fill.qty)},
                     {"price", price_text(facts, fill.price)},
                     {"exchange", exchange},
                     {"commission", plain(fill.commission)},
                     {"net_amount", number(fill.quote)},
                     {"account", facts.account_id},
                     {"accountCode", facts.account_id},
                     {"account_allocation_name", facts.account_id},
                     {"company_name", contract.name},
                     {"contract_description_1", contract.symbol},
                     {"sec_type", contract.sec_type},
                     {"listing_exchange", contract.listing_exchange()},
                     {"conid", is_frame ? json::value(conid) : json::value(contract.conid)},
                     {is_frame ? "conidex" : "conidEx", conid},
                     {"clearing_id", "IB"},
                     {"clearing_name", "IB"},
                     {"liquidation_trade", "0"},
                     {"is_event_trading", "0"},
                     {"order_id", facts.ticket.order_id}};
  if (!facts.ticket.wanted.client_order_id.empty()) shape["order_ref"] = facts.ticket.wanted.client_order_id;
  return shape;
}

json::object market_fields(const Engine& engine, const History& history, const Contracts& contracts, SymbolId symbol,
                           const std::vector<std::string>& names, TimeUs now) {
  const Contract& contract = contracts.of(symbol);
  const int places = places_of(engine.symbol(symbol).tick);
  const Bar bar = history.since(symbol, now - day);
  const Decimal last = engine.last_price(symbol), open = bar.trades == 0 ? last : bar.open;
  const Decimal change = minus(last, open);
  const Decimal percent =
      open.is_zero() ? Decimal{} : divide(times(change, Decimal{100, 0}), open, 2, Round::Nearest).value_or(Decimal{});
  const auto best = [&](Side side) {
    const auto levels = engine.levels(symbol, side, 1);
    return levels.empty() ? std::pair<Decimal, Decimal>{} : levels.front();
  };
  const auto [bid, bid_size] = best(Side::Buy);
  const auto [ask, ask_size] = best(Side::Sell);
  const auto size = [](Decimal value) { return with_commas(value, std::max(0, -value.normalized().exponent())); };
  const auto price = [&](Decimal value) { return with_commas(value, places); };
  const auto side = [&](Decimal value, const std::string& text) { return value.is_zero() ? std::string{} : text; };
  const std::pair<std::string_view, std::string> all[] = {
      {"31", price(last)},
      {"55", contract.ticker()},
      {"70", price(bar.trades == 0 ? last : bar.high)},
      {"71", price(bar.trades == 0 ? last : bar.low)},
      {"82", (change.is_negative() ? "" : "+") + price(change)},
      {"83", (percent.is_negative() ? "" : "+") + to_string(percent) + '%'},
      {"84", side(bid, price(bid))},
      {"85", side(ask, size(ask_size))},
      {"86", side(ask, price(ask))},
      {"87", size(bar.volume)},
      {"88", side(bid, size(bid_size))},
      {"6008", std::to_string(contract.conid)},
      {"6509", "RpB"},
      {"7051", contract.name},
      {"7059", history.trades(symbol).empty() ? std::string{"0"} : size(history.trades(symbol).back().qty)},
      {"7295", price(open)},
      {"7296", price(last)},
      {"7635", price(last)},
      {"7741", price(engine.symbol(symbol).start_price)},
      {"7762", plain(bar.volume)},
  };
  json::object fields;
  for (const auto& [name, value] : all) {
    const bool is_asked = names.empty() || std::find(names.begin(), names.end(), name) != names.end();
    if (is_asked && !value.empty()) fields[name] = value;
  }
  return fields;
}

}  // namespace busbar::venue::ibkr
