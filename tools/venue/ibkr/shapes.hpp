#pragma once
// What engine and ledger know, in the broker's JSON: member order, spelling and types as they were recorded. The same
// thing has other names and types from endpoint to endpoint.

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tools/venue/history.hpp"
#include "tools/venue/ibkr/ledger.hpp"

namespace busbar::venue::ibkr {

// What requests and streams say of an order's status. Kept in a file of its own: one program is built with a version of
// it that is wrong on purpose, to prove that the comparing tests can fail.
std::string_view shown_status(const Order& order, const Ticket& ticket);
Decimal average_price(const Order& order);  // zero before the first fill
std::string short_time(TimeUs time);        // "240103201041"
std::string dashed_time(TimeUs time);       // "20240103-20:10:41"

struct OrderFacts {
  const Order& order;
  const Ticket& ticket;
  const Contracts& contracts;
  std::string_view account_id;
};
boost::json::object live_order(const OrderFacts& facts);    // also of the topic sor
boost::json::object order_status(const OrderFacts& facts);  // of one that is asked for
boost::json::object ack(const OrderFacts& facts);

// One fill, as trades and the topic str tell it. The latter has the conid as text.
boost::json::object execution(const AccountTrade& trade, const OrderFacts& facts, bool is_frame);

// The market as its numbered fields: 31 last, 84 bid, ... `names` empty: all of them.
boost::json::object market_fields(const Engine& engine, const History& history, const Contracts& contracts,
                                  SymbolId symbol, const std::vector<std::string>& names, TimeUs now);

}  // namespace busbar::venue::ibkr
