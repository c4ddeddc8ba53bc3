#include "tools/venue/alpaca/shapes.hpp"

#include <algorithm>
#include <charconv>

#include "tools/venue/amount.hpp"

namespace busbar::venue::alpaca {
namespace {

namespace json = boost::json;
namespace chrono = std::chrono;

constexpr TimeUs minute_us = 60'000'000;

json::value time_or_null(TimeUs time) { return time == 0 ? json::value(nullptr) : json::value(rfc3339(time)); }

json::value amount_or_null(const std::optional<Decimal>& value) {
  return value ? json::value(plain(*value)) : json::value(nullptr);
}

json::value text_or_null(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

}  // namespace

json::object order_shape(const Order& order, const Ticket& ticket, const Asset& asset, std::string_view symbol,
                         std::string_view status) {
  const bool has_fills = !order.executed.is_zero();
  const json::value average =
      has_fills ? json::value(plain(quotient(order.cum_quote, order.executed, 9))) : json::value(nullptr);
  return {{"id", ticket.order_id},
          {"client_order_id", ticket.client_order_id},
          {"created_at", rfc3339(order.created)},
          {"updated_at", rfc3339(order.updated)},
          {"submitted_at", rfc3339(order.created)},
          {"filled_at", has_fills ? time_or_null(ticket.filled_at) : json::value(nullptr)},
          {"expired_at", order.is_open() ? json::value(nullptr) : time_or_null(ticket.expired_at)},
          {"expires_at", time_or_null(ticket.expires_at)},
          {"cancel_requested_at", time_or_null(ticket.cancel_requested_at)},
          {"canceled_at", order.is_open() || !ticket.replaced_by.empty() ? json::value(nullptr)
                                                                         : time_or_null(ticket.canceled_at)},
          {"failed_at", order.is_open() ? json::value(nullptr) : time_or_null(ticket.failed_at)},
          {"replaced_at", time_or_null(ticket.replaced_at)},
          {"replaced_by", text_or_null(ticket.replaced_by)},
          {"replaces", text_or_null(ticket.replaces)},
          {"asset_id", asset.id},
          {"symbol", symbol},
          {"asset_class", name_of(asset.asset_class)},
          {"notional", amount_or_null(ticket.notional)},
          {"qty", amount_or_null(ticket.qty)},
          {"filled_qty", plain(order.executed)},
          {"filled_avg_price", average},
          {"order_class", ticket.order_class},
          {"order_type", ticket.type},
          {"type", ticket.type},
          {"side", order.side == Side::Buy ? "buy" : "sell"},
          {"position_intent", ticket.position_intent},
          {"time_in_force", ticket.time_in_force},
          {"limit_price", amount_or_null(ticket.limit_price)},
          {"stop_price", amount_or_null(ticket.stop_price)},
          {"status", status},
          {"extended_hours", ticket.extended_hours},
          {"legs", nullptr},
          {"trail_percent", amount_or_null(ticket.trail_percent)},
          {"trail_price", amount_or_null(ticket.trail_price)},
          {"hwm", amount_or_null(ticket.hwm)},
          {"subtag", nullptr},
          {"source", nullptr}};
}

json::object asset_shape(const Asset& asset, const Symbol& symbol) {
  json::object shape{{"id", asset.id},
                     {"class", name_of(asset.asset_class)},
                     {"exchange", asset.exchange},
                     {"symbol", symbol.name},
                     {"name", asset.name},
                     {"status", "active"},
                     {"tradable", asset.tradable},
                     {"marginable", false},
                     {"maintenance_margin_requirement", 100},
                     {"margin_requirement_long", "100"},
                     {"margin_requirement_short", "100"},
                     {"shortable", false},
                     {"easy_to_borrow", false},
                     {"fractionable", asset.fractionable},
                     {"attributes", json::array{}}};
  if (asset.is_crypto()) {
    shape["min_order_size"] = plain(symbol.qty_min);
    shape["min_trade_increment"] = plain(symbol.step);
    shape["price_increment"] = plain(symbol.tick);
  } else if (asset.fractionable) {
    shape["attributes"] = json::array{"fractional_eh_enabled"};
  }
  return shape;
}

json::object position_shape(const Asset& asset, std::string_view symbol, const Holding& holding, Decimal available,
                            Decimal price, Decimal last_day) {
  const Decimal value = product(price, holding.qty), profit = minus(value, holding.cost);
  const Decimal today = product(minus(price, last_day), holding.qty), before = product(last_day, holding.qty);
  return {{"asset_id", asset.id},
          {"symbol", symbol},
          {"exchange", asset.exchange},
          {"asset_class", name_of(asset.asset_class)},
          {"asset_marginable", false},
          {"qty", plain(holding.qty)},
          {"avg_entry_price", plain(quotient(holding.cost, holding.qty, 9))},
          {"side", "long"},
          {"market_value", plain(value)},
          {"cost_basis", plain(holding.cost)},
          {"unrealized_pl", plain(profit)},
          {"unrealized_plpc", plain(quotient(profit, holding.cost, 9))},
          {"unrealized_intraday_pl", plain(today)},
          {"unrealized_intraday_plpc", plain(quotient(today, before, 9))},
          {"current_price", plain(price)},
          {"lastday_price", plain(last_day)},
          {"change_today", plain(quotient(minus(price, last_day), last_day, 9))},
          {"qty_available", plain(available)}};
}

json::object trade_shape(const Trade& trade, const Asset& asset) {
  json::object shape{{"t", moment(trade.time)}, {"p", number(trade.price)}, {"s", number(trade.qty)}, {"i", trade.id}};
  if (asset.is_crypto()) {
    shape["tks"] = trade.is_buyer_maker ? "S" : "B";
  } else {
    shape["x"] = "V";
    shape["c"] = json::array{"@"};
    shape["z"] = asset.exchange == "NASDAQ" ? "C" : "A";
  }
  return shape;
}

// Sizes of shares are round lots of a hundred in older data and shares in newer: here they are shares.
json::object quote_shape(const Top& top, const Asset& asset) {
  json::object shape{{"t", moment(top.time)},
                     {"bp", number(top.bid)},
                     {"bs", number(top.bid_qty)},
                     {"ap", number(top.ask)},
                     {"as", number(top.ask_qty)}};
  if (!asset.is_crypto()) {
    shape["bx"] = top.bid.is_zero() ? " " : "V";
    shape["ax"] = top.ask.is_zero() ? " " : "V";
    shape["c"] = json::array{"R"};
    shape["z"] = asset.exchange == "NASDAQ" ? "C" : "A";
  }
  return shape;
}

json::object bar_shape(const Bar& bar) {
  const Decimal average = bar.volume.is_zero() ? bar.close : quotient(bar.quote_volume, bar.volume, 9);
  return {{"t", moment(bar.open_time)}, {"o", number(bar.open)},   {"h", number(bar.high)}, {"l", number(bar.low)},
          {"c", number(bar.close)},     {"v", number(bar.volume)}, {"n", bar.trades},       {"vw", number(average)}};
}

json::object book_shape(const Engine& engine, SymbolId symbol, TimeUs time) {
  json::object shape{{"t", moment(time)}};
  for (const Side side : {Side::Buy, Side::Sell}) {
    json::array levels;
    for (const auto& [price, qty] : engine.levels(symbol, side, SIZE_MAX)) {
      levels.push_back(json::object{{"p", number(price)}, {"s", number(qty)}});
    }
    shape[side == Side::Buy ? "b" : "a"] = std::move(levels);
  }
  return shape;
}

std::optional<Periods> periods_named(std::string_view timeframe, bool is_crypto) {
  int count = 0;
  const auto [end, error] = std::from_chars(timeframe.data(), timeframe.data() + timeframe.size(), count);
  if (error != std::errc{} || count < 1) return std::nullopt;
  const std::string unit{end, static_cast<std::size_t>(timeframe.data() + timeframe.size() - end)};
  const auto is = [&](std::string_view longer, std::string_view shorter) { return unit == longer || unit == shorter; };
  const auto fixed_length = [](TimeUs length) {
    return Periods{[length](TimeUs t) { return t - t % length; }, [length](TimeUs t) { return t + length; }, false};
  };
  if (is("Min", "T") || unit == "min") return count > 59 ? std::nullopt : std::optional{fixed_length(count * minute_us)};
  if (is("Hour", "H")) return count > 23 ? std::nullopt : std::optional{fixed_length(count * 60 * minute_us)};
  const auto date_at = [is_crypto](TimeUs time) {
    return is_crypto ? chrono::floor<chrono::days>(chrono::sys_time<chrono::microseconds>{chrono::microseconds{time}})
                     : new_york_date(time);
  };
  const auto start_of = [is_crypto](chrono::sys_days date) {
    return is_crypto ? chrono::duration_cast<chrono::microseconds>(date.time_since_epoch()).count()
                     : new_york_midnight(date);
  };
  if (is("Day", "D") && count == 1) {
    return Periods{[=](TimeUs t) { return start_of(date_at(t)); },
                   [=](TimeUs t) { return start_of(date_at(t) + chrono::days{1}); }, false};
  }
  if (is("Week", "W") && count == 1) {
    const auto monday = [=](TimeUs t) {
      const auto date = date_at(t);
      return date - (chrono::weekday{date} - chrono::Monday);
    };
    return Periods{[=](TimeUs t) { return start_of(monday(t)); },
                   [=](TimeUs t) { return start_of(monday(t) + chrono::days{7}); }, false};
  }
  if (!is("Month", "M") || 12 % count != 0 || count > 12) return std::nullopt;
  const auto first_day = [=](TimeUs t, int later) {
    const chrono::year_month_day date{date_at(t)};
    const int month = static_cast<int>(static_cast<unsigned>(date.month()) - 1) / count * count;
    const chrono::year_month first{date.year(), chrono::month{static_cast<unsigned>(month) + 1}};
    return start_of(chrono::sys_days{(first + chrono::months{later}) / chrono::day{1}});
  };
  return Periods{[=](TimeUs t) { return first_day(t, 0); }, [=](TimeUs t) { return first_day(t, count); }, false};
}

}  // namespace busbar::venue::alpaca
