#pragma once
// From what Coinbase said to facts about an order, in our words. Pure. A fact names the order by our id where Coinbase
// told it, and by Coinbase's always; a fill by its entry_id, so that the same fill heard twice is one.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/coinbase/decode.hpp"
#include "gateways/coinbase/decode_market.hpp"
#include "gateways/coinbase/decode_stream.hpp"

namespace busbar::coinbase {

using Facts = std::vector<VenueReport>;

// How an order stands: OPEN with something filled is PartiallyFilled. nullopt for a status never seen.
std::optional<OrderStatus> order_status_of(std::string_view status, bool is_pending_cancel, bool has_filled);

// The answer to a place: Accepted, which is not yet on the book; or Rejected, and why. Unknown where our name is said
// to be taken: then asking tells whose order it is.
VenueReport fact_of_placed(const Placed& placed, const NewOrder& order, const Symbol& symbol,
                           std::string_view venue_order_id);
// The answer to a cancel of one order: that it has begun is the state PendingCancel, for the end comes later.
VenueReport fact_of_cancelled(const Cancelled& cancelled, const Symbol& symbol, std::string_view venue_order_id);

// What an order stands for by its last edit, or as it was placed. nullopt: it is told incompletely, or by amount.
struct Terms {
  Decimal size;  // with what is filled
  Decimal price;
  bool operator==(const Terms&) const = default;
};
std::optional<Terms> terms_of(const Order& order);

// An answer to a question about the order. An error for a status never seen.
Result<VenueReport> state_of(const Order& order, const Symbol& symbol, VenueSource source);
// One execution. Unreadable for what takes a fill back or corrects it. `instrument` gives the step of sizes and the
// currency of fees.
VenueReport fill_of(const Fill& fill, const Instrument& instrument, std::string_view venue_order_id,
                    VenueSource source);

// How an order stands by the user channel. `unknown` names a value never seen; then there is no fact, for we do not
// guess, and the order is asked for.
struct UpdateFact {
  std::optional<VenueReport> fact;
  std::string unknown;
};
UpdateFact fact_of(const UserOrder& order, const Symbol& symbol, Timestamp time_ns);

// ---- Market data

Quote quote_of(const PriceBook& book, const Symbol& symbol);
Quote quote_of(const TickerUpdate& ticker, const Symbol& symbol, Timestamp time_ns);
Ticker ticker_of(const TickerUpdate& ticker, const Symbol& symbol, Timestamp time_ns);
Trade trade_of(const MarketTrade& trade, const Symbol& symbol);
// As Coinbase lists it: newest first; ours is the other way round.
std::vector<Trade> trades_of(const MarketTrades& said, const Symbol& symbol);
busbar::Preview preview_of(const Preview& said, const Instrument& instrument);
Bar bar_of(const Candle& candle, const Symbol& symbol, std::uint32_t interval_ms, bool is_final);

}  // namespace busbar::coinbase
