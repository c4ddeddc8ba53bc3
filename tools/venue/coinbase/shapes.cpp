#include "tools/venue/coinbase/shapes.hpp"

#include <algorithm>

#include "tools/venue/amount.hpp"

namespace busbar::venue::coinbase {
namespace {

namespace json = boost::json;

constexpr TimeUs second = 1'000'000;
constexpr TimeUs one_day = 86'400 * second;
constexpr const char* no_time = "0001-01-01T00:00:00Z";

json::object configuration_of(const Ticket& ticket) { return {{ticket.kind, ticket.configuration}}; }

// As many digits as fit.
Decimal quotient(Decimal a, Decimal b) {
  for (int places = 12; places > 0; --places) {
    if (const auto result = divide(a, b, places, Round::Nearest)) return result->normalized();
  }
  return {};
}

std::string percent_of(Decimal part, Decimal whole, int places, Round round) {
  const auto share = divide(part, whole, places, round);
  return share ? plain(Decimal{share->mantissa(), share->exponent() + 2}) : "0";
}

std::string completion(const Order& order, const Ticket& ticket) {
  const Decimal whole = ticket.is_by_money() ? ticket.quote_size : order.qty;
  const Decimal done = ticket.is_by_money() ? plus(order.cum_quote, ticket.fees) : order.executed;
  if (order.status == Status::Filled) return "100.00";
  if (whole.is_zero() || done.is_zero()) return "0";
  return percent_of(done, whole, 4, Round::Down);
}

Decimal after_fees(const Order& order, const Ticket& ticket) {
  return order.side == Side::Buy ? plus(order.cum_quote, ticket.fees) : minus(order.cum_quote, ticket.fees);
}

std::string_view order_type(const Ticket& ticket) {
  return ticket.is_limit() ? "LIMIT" : ticket.is_stop() ? "STOP_LIMIT" : ticket.is_bracket() ? "BRACKET" : "MARKET";
}

// The stream writes them otherwise.
std::string_view stream_order_type(const Ticket& ticket) {
  return ticket.is_limit() ? "Limit" : ticket.is_stop() ? "Stop Limit" : ticket.is_bracket() ? "Bracket" : "Market";
}

json::array levels_of(const Engine::Levels& levels, std::size_t limit) {
  json::array list;
  for (const auto& [price, qty] : levels) {
    if (list.size() == limit) break;
    list.push_back(json::object{{"price", plain(price)}, {"size", plain(qty)}});
  }
  return list;
}

// Levels of a coarser price, away from the market.
Engine::Levels aggregated(const Engine::Levels& levels, Side side, Decimal step) {
  if (step.is_zero()) return levels;
  Engine::Levels result;
  for (const auto& [price, qty] : levels) {
    const Decimal coarse = round_to(price, step, side == Side::Buy ? Round::Down : Round::Up).value_or(price);
    if (!result.empty() && result.back().first == coarse) result.back().second = plus(result.back().second, qty);
    else result.emplace_back(coarse, qty);
  }
  return result;
}

}  // namespace

std::string plain(Decimal value) { return to_string(value.normalized()); }

std::string_view name_of(Side side) { return side == Side::Buy ? "BUY" : "SELL"; }

Decimal average_price(const Order& order) {
  return order.executed.is_zero() ? Decimal{} : quotient(order.cum_quote, order.executed);
}

std::string_view time_in_force(const Ticket& ticket) {
  if (ticket.kind.ends_with("_gtc")) return "GOOD_UNTIL_CANCELLED";
  if (ticket.kind.ends_with("_gtd")) return "GOOD_UNTIL_DATE_TIME";
  if (ticket.kind.ends_with("_fok")) return "FILL_OR_KILL";
  return "IMMEDIATE_OR_CANCEL";
}

std::string_view trigger_status(const Order& order, const Ticket& ticket) {
  if (ticket.is_bracket()) return ticket.is_triggered ? "STOP_TRIGGERED" : "STOP_PENDING";
  if (!ticket.is_stop()) return "INVALID_ORDER_TYPE";
  return order.working == 0 ? "STOP_PENDING" : "STOP_TRIGGERED";
}

json::object order_shape(const Order& order, const Ticket& ticket, const Owner& owner) {
  return {{"order_id", ticket.order_id},
          {"product_id", ticket.product_id},
          {"user_id", owner.user_id},
          {"order_configuration", configuration_of(ticket)},
          {"side", name_of(order.side)},
          {"client_order_id", order.client_order_id},
          {"status", shown_status(order, ticket)},
          {"time_in_force", time_in_force(ticket)},
          {"created_time", rfc3339(order.created)},
          {"completion_percentage", completion(order, ticket)},
          {"filled_size", plain(order.executed)},
          {"average_filled_price", plain(average_price(order))},
          {"fee", ""},
          {"number_of_fills", std::to_string(ticket.fills)},
          {"filled_value", plain(order.cum_quote)},
          {"pending_cancel", ticket.is_cancel_pending},
          {"size_in_quote", ticket.is_by_money()},
          {"total_fees", plain(ticket.fees)},
          {"size_inclusive_of_fees", ticket.is_by_money() && order.side == Side::Buy},
          {"total_value_after_fees", plain(after_fees(order, ticket))},
          {"trigger_status", trigger_status(order, ticket)},
          {"order_type", order_type(ticket)},
          {"reject_reason", ticket.reject_reason.empty() ? "REJECT_REASON_UNSPECIFIED" : ticket.reject_reason},
          {"settled", !order.is_open()},
          {"product_type", "SPOT"},
          {"reject_message", ticket.reject_message},
          {"cancel_message", ticket.cancel_message},
          {"order_placement_source", "RETAIL_ADVANCED"},
          {"outstanding_hold_amount", plain(order.locked)},
          {"is_liquidation", false},
          {"last_fill_time", ticket.fills == 0 ? json::value{} : json::value(rfc3339(ticket.last_fill))},
          {"edit_history", ticket.edits},
          {"leverage", ""},
          {"margin_type", "UNKNOWN_MARGIN_TYPE"},
          {"retail_portfolio_id", owner.portfolio_id},
          {"originating_order_id", ""},
          {"attached_order_id", ""},
          {"attached_order_configuration", nullptr}};
}

json::object user_order(const Order& order, const Ticket& ticket, const Owner& owner, std::string_view status) {
  const bool is_over = !order.is_open();
  const Decimal leaves = is_over || ticket.is_by_money() ? Decimal{} : order.leaves();
  const json::value* post_only = ticket.configuration.if_contains("post_only");
  return {{"avg_price", plain(average_price(order))},
          {"cancel_reason", ticket.cancel_message},
          {"client_order_id", order.client_order_id},
          {"completion_percentage", completion(order, ticket)},
          {"contract_expiry_type", "UNKNOWN_CONTRACT_EXPIRY_TYPE"},
          {"cumulative_quantity", plain(order.executed)},
          {"filled_value", plain(order.cum_quote)},
          {"leaves_quantity", plain(leaves)},
          {"limit_price", order.is_priced() ? plain(order.price) : ""},
          {"number_of_fills", std::to_string(ticket.fills)},
          {"order_id", ticket.order_id},
          {"order_side", name_of(order.side)},
          {"order_type", stream_order_type(ticket)},
          {"outstanding_hold_amount", plain(order.locked)},
          {"post_only", post_only != nullptr && post_only->is_bool() && post_only->get_bool() ? "true" : "false"},
          {"product_id", ticket.product_id},
          {"product_type", "SPOT"},
          {"reject_reason", ticket.reject_reason},
          {"retail_portfolio_id", owner.portfolio_id},
          {"risk_managed_by", "UNKNOWN_RISK_MANAGEMENT_TYPE"},
          {"status", status},
          {"stop_price", ticket.is_bracket() ? plain(*ticket.stop_trigger)
                         : ticket.is_stop() ? plain(order.stop_price)
                                            : ""},
          {"time_in_force", time_in_force(ticket)},
          {"total_fees", plain(ticket.fees)},
          {"total_value_after_fees", plain(after_fees(order, ticket))},
          {"trigger_status", trigger_status(order, ticket)},
          {"creation_time", rfc3339(order.created)},
          {"end_time", ticket.end_time == 0 ? no_time : rfc3339(ticket.end_time)},
          {"start_time", no_time}};
}

json::object fill_shape(const AccountTrade& trade, const Ticket& ticket, const Owner& owner, const FillName& name) {
  return {{"entry_id", name.entry_id},
          {"trade_id", name.trade_id},
          {"order_id", ticket.order_id},
          {"trade_time", rfc3339(trade.time)},
          {"trade_type", "FILL"},
          {"price", plain(trade.fill.price)},
          {"size", plain(ticket.is_by_money() ? trade.fill.quote : trade.fill.qty)},
          {"commission", plain(trade.fill.commission)},
          {"product_id", ticket.product_id},
          {"sequence_timestamp", rfc3339(trade.time)},
          {"liquidity_indicator", trade.fill.is_maker ? "MAKER" : "TAKER"},
          {"size_in_quote", ticket.is_by_money()},
          {"user_id", owner.user_id},
          {"side", name_of(trade.side)},
          {"retail_portfolio_id", owner.portfolio_id}};
}

Day day_of(const Engine& engine, const History& history, SymbolId symbol, TimeUs now) {
  const Bar bar = history.since(symbol, now - one_day);
  if (bar.trades == 0) {
    const Decimal last = engine.last_price(symbol);
    return {last, last, last, last, {}, {}};
  }
  return {bar.open, bar.high, bar.low, bar.close, bar.volume, bar.quote_volume};
}

std::string percent_change(const Day& day) {
  return percent_of(minus(day.close, day.open), day.open, 12, Round::Nearest);
}

json::object product_shape(const Engine& engine, const History& history, const Product& product, TimeUs now) {
  const Symbol& rules = engine.symbol(product.symbol);
  const Day day = day_of(engine, history, product.symbol, now);
  const Restrictions& r = product.restrictions;
  json::array alias_to;
  for (const std::string& other : product.alias_to) alias_to.emplace_back(other);
  return {{"product_id", product.id},
          {"price", plain(engine.last_price(product.symbol))},
          {"price_percentage_change_24h", percent_change(day)},
          {"volume_24h", plain(day.volume)},
          {"volume_percentage_change_24h", "0"},
          {"base_increment", plain(rules.step)},
          {"quote_increment", is_fiat(rules.quote) ? "0.01" : "0.00000001"},
          {"quote_min_size", plain(rules.notional_min)},
          {"quote_max_size", plain(rules.notional_max)},
          {"base_min_size", plain(rules.qty_min)},
          {"base_max_size", plain(rules.qty_max)},
          {"base_name", currency_name(product.base)},
          {"quote_name", currency_name(product.quote)},
          {"watched", false},
          {"is_disabled", r.is_disabled},
          {"new", false},
          {"status", r.status},
          {"cancel_only", r.cancel_only},
          {"limit_only", r.limit_only},
          {"post_only", r.post_only},
          {"trading_disabled", r.trading_disabled},
          {"auction_mode", r.auction_mode},
          {"product_type", "SPOT"},
          {"quote_currency_id", product.quote},
          {"base_currency_id", product.base},
          {"fcm_trading_session_details", nullptr},
          {"mid_market_price", ""},
          {"alias", product.alias},
          {"alias_to", std::move(alias_to)},
          {"base_display_symbol", product.base},
          {"quote_display_symbol", rules.quote},
          {"view_only", r.view_only},
          {"price_increment", plain(rules.tick)},
          {"display_name", product.id},
          {"product_venue", "CBE"},
          {"approximate_quote_24h_volume", plain(day.quote_volume)},
          {"new_at", "2023-01-01T00:00:00Z"},
          {"market_cap", ""},
          {"base_cbrn", ""},
          {"quote_cbrn", ""},
          {"product_cbrn", ""},
          {"icon_color", ""},
          {"icon_url", ""},
          {"display_name_overwrite", ""},
          {"is_alpha_testing", false},
          {"about_description", ""},
          {"best_bid_price", ""},
          {"best_ask_price", ""},
          {"high_24h", plain(day.high)},
          {"low_24h", plain(day.low)},
          {"hidden_from_discovery", false}};
}

json::object status_product(const Engine& engine, const Product& product) {
  const Symbol& rules = engine.symbol(product.symbol);
  return {{"product_type", "SPOT"},
          {"id", product.id},
          {"base_currency", product.base},
          {"quote_currency", product.quote},
          {"base_increment", plain(rules.step)},
          {"quote_increment", plain(rules.tick)},
          {"display_name", product.base + '/' + product.quote},
          {"status", product.restrictions.status},
          {"status_message", ""},
          {"min_market_funds", plain(rules.notional_min)}};
}

json::object price_book(const Engine& engine, const Product& product, std::size_t limit, Decimal aggregation,
                        TimeUs now) {
  const auto side = [&](Side which) {
    const std::size_t depth = aggregation.is_zero() ? limit : SIZE_MAX;
    return levels_of(aggregated(engine.levels(product.symbol, which, depth), which, aggregation), limit);
  };
  return {{"product_id", product.id},
          {"bids", side(Side::Buy)},
          {"asks", side(Side::Sell)},
          {"time", rfc3339(now)}};
}

// The maker's side, as everywhere in market data.
json::object rest_trade(const Trade& trade, const Product& product) {
  return {{"trade_id", std::to_string(trade.id)},
          {"product_id", product.id},
          {"price", plain(trade.price)},
          {"size", plain(trade.qty)},
          {"time", rfc3339(trade.time)},
          {"side", trade.is_buyer_maker ? "BUY" : "SELL"},
          {"bid", ""},
          {"ask", ""},
          {"exchange", "coinbase"}};
}

json::object stream_trade(const Trade& trade, const Product& product) {
  return {{"product_id", product.id},
          {"trade_id", std::to_string(trade.id)},
          {"price", plain(trade.price)},
          {"size", plain(trade.qty)},
          {"time", rfc3339(trade.time)},
          {"side", trade.is_buyer_maker ? "BUY" : "SELL"}};
}

json::object ticker_shape(const Engine& engine, const History& history, const Product& product, bool has_best,
                          TimeUs now) {
  const Day day = day_of(engine, history, product.symbol, now);
  json::object ticker{{"type", "ticker"},
                      {"product_id", product.id},
                      {"price", plain(engine.last_price(product.symbol))},
                      {"volume_24_h", plain(day.volume)},
                      {"low_24_h", plain(day.low)},
                      {"high_24_h", plain(day.high)},
                      {"low_52_w", plain(day.low)},
                      {"high_52_w", plain(day.high)},
                      {"price_percent_chg_24_h", percent_change(day)}};
  if (!has_best) return ticker;
  const auto best = [&](Side side, const char* price_name, const char* qty_name) {
    const auto levels = engine.levels(product.symbol, side, 1);
    ticker[price_name] = levels.empty() ? "" : plain(levels.front().first);
    ticker[qty_name] = levels.empty() ? "" : plain(levels.front().second);
  };
  best(Side::Buy, "best_bid", "best_bid_quantity");
  best(Side::Sell, "best_ask", "best_ask_quantity");
  return ticker;
}

json::object level_update(Side side, Decimal price, Decimal qty, TimeUs time) {
  return {{"side", side == Side::Buy ? "bid" : "offer"},
          {"event_time", rfc3339(time)},
          {"price_level", plain(price)},
          {"new_quantity", plain(qty)}};
}

json::object candle_shape(const Bar& bar) {
  return {{"start", std::to_string(bar.open_time / second)},
          {"low", plain(bar.low)},
          {"high", plain(bar.high)},
          {"open", plain(bar.open)},
          {"close", plain(bar.close)},
          {"volume", plain(bar.volume)}};
}

Periods periods_of(TimeUs length) {
  return {[length](TimeUs time) { return time - time % length; }, [length](TimeUs start) { return start + length; },
          false};
}

}  // namespace busbar::venue::coinbase
