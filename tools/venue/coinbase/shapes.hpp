#pragma once
// What engine and ledger know, in the broker's JSON: member order, spelling and types as they were recorded. Amounts are
// strings without trailing zeros, times are RFC 3339 in UTC.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tools/venue/coinbase/ledger.hpp"
#include "tools/venue/coinbase/products.hpp"
#include "tools/venue/history.hpp"
#include "tools/venue/time_text.hpp"

namespace busbar::venue::coinbase {

std::string plain(Decimal value);                     // "0.001"
std::string_view name_of(Side side);
Decimal average_price(const Order& order);            // zero before the first fill

// What requests and streams say of an order's status. Kept in a file of its own: one program is built with a version of
// it that is wrong on purpose, to prove that the comparing tests can fail.
std::string_view shown_status(const Order& order, const Ticket& ticket);
std::string_view time_in_force(const Ticket& ticket);
std::string_view trigger_status(const Order& order, const Ticket& ticket);

// Whose it is, under names that the broker gave.
struct Owner {
  std::string user_id, portfolio_id;
};
boost::json::object order_shape(const Order& order, const Ticket& ticket, const Owner& owner);
boost::json::object user_order(const Order& order, const Ticket& ticket, const Owner& owner, std::string_view status);
struct FillName {
  std::string entry_id, trade_id;
};
boost::json::object fill_shape(const AccountTrade& trade, const Ticket& ticket, const Owner& owner,
                               const FillName& name);

// What a product did in the last day.
struct Day {
  Decimal open, high, low, close, volume, quote_volume;
};
Day day_of(const Engine& engine, const History& history, SymbolId symbol, TimeUs now);
std::string percent_change(const Day& day);
boost::json::object product_shape(const Engine& engine, const History& history, const Product& product, TimeUs now);
boost::json::object status_product(const Engine& engine, const Product& product);
boost::json::object price_book(const Engine& engine, const Product& product, std::size_t limit, Decimal aggregation,
                               TimeUs now);
boost::json::object rest_trade(const Trade& trade, const Product& product);
boost::json::object stream_trade(const Trade& trade, const Product& product);
boost::json::object ticker_shape(const Engine& engine, const History& history, const Product& product, bool has_best,
                                 TimeUs now);
boost::json::object level_update(Side side, Decimal price, Decimal qty, TimeUs time);
boost::json::object candle_shape(const Bar& bar);
Periods periods_of(TimeUs length);

}  // namespace busbar::venue::coinbase
