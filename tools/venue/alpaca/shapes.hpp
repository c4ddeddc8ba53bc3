#pragma once
// What engine and ledger know, in the broker's JSON: member order, spelling and types as they were recorded. Trading has
// amounts as strings, market data have them as numbers; times are RFC 3339.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tools/venue/alpaca/assets.hpp"
#include "tools/venue/alpaca/ledger.hpp"
#include "tools/venue/alpaca/wire.hpp"
#include "tools/venue/history.hpp"
#include "tools/venue/market_hours.hpp"
#include "tools/venue/time_text.hpp"

namespace busbar::venue::alpaca {

// What requests and streams say of an order's status. Kept in a file of its own: one program is built with a version of
// it that is wrong on purpose, to prove that the comparing tests can fail.
std::string_view shown_status(const Order& order, const Ticket& ticket);

boost::json::object order_shape(const Order& order, const Ticket& ticket, const Asset& asset, std::string_view symbol,
                                std::string_view status);
boost::json::object asset_shape(const Asset& asset, const Symbol& symbol);
boost::json::object position_shape(const Asset& asset, std::string_view symbol, const Holding& holding,
                                   Decimal available, Decimal price, Decimal last_day);

// Best bid and ask as they stand.
struct Top {
  Decimal bid, bid_qty, ask, ask_qty;
  TimeUs time = 0;
};
boost::json::object trade_shape(const Trade& trade, const Asset& asset);
boost::json::object quote_shape(const Top& top, const Asset& asset);
boost::json::object bar_shape(const Bar& bar);
boost::json::object book_shape(const Engine& engine, SymbolId symbol, TimeUs time);

// "5Min", "1Hour", "1D"; nothing for what is none. Days of shares begin at New York's midnight.
std::optional<Periods> periods_named(std::string_view timeframe, bool is_crypto);

}  // namespace busbar::venue::alpaca
