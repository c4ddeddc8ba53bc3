#pragma once
// From what Alpaca said to facts about an order, in our words. Pure. A fact names the order by our id, which Alpaca calls
// client_order_id, and by Alpaca's; a fill by its execution_id, so that the same fill heard twice is one.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/alpaca/decode.hpp"
#include "gateways/alpaca/decode_market.hpp"

namespace busbar::alpaca {

// How an order stands. What has ended for the day may go on tomorrow: then what is filled tells. nullopt for a status never
// seen, and where none is told.
std::optional<OrderStatus> order_status_of(const Order& order);
// What the name of an event alone says about it: less than the order that comes along. nullopt for those that say nothing
// of it (restated), and for names never seen.
std::optional<OrderStatus> status_of_event(std::string_view event);

// The answer to a place, which is no last word: Accepted, which may still be refused or wait for the morning; or Rejected.
// An error for a status never seen.
Result<VenueReport> fact_of_placed(const Order& order, const Symbol& symbol);
// The answer to a replace: a new order with a new id, which the stream may still refuse.
Result<VenueReport> fact_of_replaced(const Order& order, const Symbol& symbol);
// The answer to a cancel, 204: that it has begun is the state PendingCancel, for the end comes later.
VenueReport fact_of_cancelled(std::string_view broker_order_id, const Symbol& symbol, std::string_view venue_order_id);
// An answer to a question about the order. An error for a status never seen.
Result<VenueReport> state_of(const Order& order, const Symbol& symbol, VenueSource source);

// What has happened, by the stream. `unknown` names what is not understood; then there is no fact, for we do not guess, and
// the order is asked for. A replaced order's event is named by the id of the order that took its place.
struct UpdateFact {
  std::optional<VenueReport> fact;
  std::string unknown;
};
UpdateFact fact_of(const TradeUpdate& update, const Symbol& symbol);

// A fill, as REST lists it: the same one as the stream's by its trade_id.
VenueReport fill_of(const Execution& execution, const Symbol& symbol, std::string_view venue_order_id,
                    VenueSource source);

// The name that Alpaca gives to an order which brings none of ours: a UUID.
bool is_invented_name(std::string_view client_order_id);

// ---- The account

AccountInfo account_info_of(const AccountFacts& account);
std::vector<Balance> balances_of(const AccountFacts& account);
Position position_of(const PositionFacts& position, const Symbol& symbol);

// ---- Instruments

enum class AssetClass { Equity, Option, Crypto };
// By the name alone: BTC/USD, or BTCUSD as positions have it; AAPL250620C00100000, as the OCC writes options; and all
// others.
AssetClass class_of(std::string_view symbol);
inline AssetClass class_of(const Instrument& instrument) { return class_of(view(instrument.broker_symbol)); }

// nullopt for names that the bus cannot carry, and for what is no longer listed.
std::optional<Instrument> instrument_of(const Asset& asset);

// ---- Market data

Quote quote_of(const MarketQuote& quote, const Symbol& symbol);
Trade trade_of(const MarketTrade& trade, const Symbol& symbol);
Bar bar_of(const MarketBar& bar, const Symbol& symbol, std::uint32_t interval_ms);
Book book_of(const MarketBook& book, const Symbol& symbol);
Ticker ticker_of(const Snapshot& snapshot, const Symbol& symbol);

}  // namespace busbar::alpaca
