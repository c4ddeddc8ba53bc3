#pragma once
// What the engine knows, in the venue's JSON: member order, spelling and types as documented. Amounts are strings with
// all their places, ids and times are numbers.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tools/venue/binance/intervals.hpp"
#include "tools/venue/binance/limits.hpp"
#include "tools/venue/engine.hpp"
#include "tools/venue/history.hpp"

namespace busbar::venue::binance {

// Times leave in milliseconds unless the caller asked for microseconds.
enum class TimeUnit : std::uint8_t { Milliseconds, Microseconds };
inline std::int64_t stamp(TimeUs time, TimeUnit unit) { return unit == TimeUnit::Microseconds ? time : time / 1'000; }

enum class ResponseType : std::uint8_t { Ack, Result, Full };

boost::json::object placed_order(const Engine& engine, const Order& order, const std::vector<Fill>& fills, TimeUs time,
                                 ResponseType type, TimeUnit unit);
boost::json::object canceled_order(const Engine& engine, const Order& order, const std::string& cancel_id, TimeUs time,
                                   TimeUnit unit);
boost::json::object queried_order(const Engine& engine, const Order& order, TimeUnit unit);
boost::json::object amended_order(const Engine& engine, const Engine::Amended& amended, TimeUnit unit);
boost::json::object amendment(const Engine& engine, const Amendment& amendment, TimeUnit unit);
boost::json::object prevented_match(const Engine& engine, const PreventedMatch& match, TimeUnit unit);
boost::json::object prevented_in_order(const PreventedMatch& match);  // as the order that took shows it
boost::json::object order_list(const Engine& engine, const OrderList& list, TimeUnit unit);
boost::json::object account_trade(const Engine& engine, const AccountTrade& trade, TimeUnit unit);
boost::json::object account_status(const Engine& engine, AccountId account, bool omits_zeros, TimeUnit unit);
boost::json::object commission_rates(const Engine& engine, AccountId account, SymbolId symbol);
boost::json::array order_counts(Limits& limits, AccountId account, TimeUs now);
boost::json::object weight_limit(Limits& limits, const std::string& address, TimeUs now);

boost::json::object symbol_info(const Symbol& symbol, bool shows_permissions, bool has_older_filters);
boost::json::array symbol_filters(const Symbol& symbol, bool has_older_filters);
boost::json::array rate_limits(const LimitSettings& settings);
boost::json::array levels(const Engine::Levels& levels);
boost::json::object public_trade(const Trade& trade, TimeUnit unit);
boost::json::object aggregate_trade(const AggregateTrade& trade, TimeUnit unit);
Periods periods_of(const Interval& interval, TimeUs zone);
boost::json::array bar(const Bar& bar, TimeUs end, TimeUnit unit);
boost::json::object book_ticker(const Engine& engine, SymbolId symbol);
boost::json::object day_ticker(const Engine& engine, const History& history, SymbolId symbol, bool is_mini, TimeUs now,
                               TimeUnit unit);
// The same for any other time, and what its stream says.
boost::json::object window_ticker(const Engine& engine, const History& history, SymbolId symbol, TimeUs from,
                                  bool is_mini, TimeUs now, TimeUnit unit);
boost::json::object window_ticker_event(const Engine& engine, const History& history, SymbolId symbol,
                                        std::string_view window, TimeUs from, TimeUs now, TimeUnit unit);
// Weighted over the last five minutes, or the last price when nothing was traded then.
Decimal average_price(const Engine& engine, const History& history, SymbolId symbol, TimeUs now);

// Events of the user data stream.
boost::json::object execution_report(const Engine& engine, const Execution& execution, TimeUs now, TimeUnit unit);
boost::json::object list_status(const Engine& engine, const ListChange& change, TimeUs now, TimeUnit unit);
boost::json::object account_position(const Engine& engine, AccountId account, const std::set<std::string>& assets,
                                     TimeUs now, TimeUnit unit);

// The name by which a rule of the faults asks for an event. Two kinds of payload don't say what they are.
std::string event_name(const boost::json::value& event);

// Payloads of market streams.
boost::json::object trade_event(const Engine& engine, const Trade& trade, TimeUs now, TimeUnit unit);
boost::json::object aggregate_event(const Engine& engine, SymbolId symbol, const AggregateTrade& trade, TimeUs now,
                                    TimeUnit unit);
boost::json::object book_ticker_event(const Engine& engine, SymbolId symbol);
boost::json::object ticker_event(const Engine& engine, const History& history, SymbolId symbol, bool is_mini,
                                 TimeUs now, TimeUnit unit);
boost::json::object bar_event(const Engine& engine, SymbolId symbol, const Bar& bar, std::string_view interval,
                              TimeUs end, TimeUs now, TimeUnit unit);

}  // namespace busbar::venue::binance
