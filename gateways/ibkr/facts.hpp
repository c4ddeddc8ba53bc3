#pragma once
// From what IBKR said to facts about an order, and to instruments, positions and prices, in our words. Pure. A fact
// names the order by our cOID where IBKR told it, and by IBKR's number always; a fill by its execution_id, so that the
// same fill heard twice is one.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/ibkr/decode.hpp"
#include "gateways/ibkr/decode_market.hpp"

namespace busbar::ibkr {

// ---- Orders

// IBKR has no word for partly filled or replaced: the first comes from the numbers, the second from what was asked.
// Inactive is told as Rejected: it does not work, for want of margin or permission, and mostly never will. nullopt:
// never seen.
std::optional<OrderStatus> order_status_of(std::string_view status, bool has_filled, std::string_view reason = {});
Side side_of(std::string_view side);             // BUY, B, BOT; SELL, S, SLD
OrderType order_type_of(std::string_view type);  // Limit, LMT, LIMIT, ...; Unset for what the bus has no word for
TimeInForce time_in_force_of(std::string_view time_in_force);

// The answer to an order of ours: Accepted, Rejected and why, or Unknown where only a look tells. A question is no
// answer yet: nullopt. Of several acks, the one of this order.
std::optional<VenueReport> fact_of_placed(const Submitted& submitted, const NewOrder& order, const Symbol& symbol,
                                          std::string_view venue_order_id);
// A question that was answered with no, or by nobody in time.
VenueReport fact_of_declined(const Question& question, const NewOrder& order, const Symbol& symbol,
                             std::string_view venue_order_id);
// A cancel that was taken is the state PendingCancel, for the end comes later.
VenueReport fact_of_cancelled(const CancelAnswer& answer, const Symbol& symbol, std::string_view venue_order_id,
                              std::string_view broker_order_id);

// An answer to a question about the order. An error for a status never seen, and for one that does not say how much is
// done.
Result<VenueReport> state_of(const Order& order, const Symbol& symbol, VenueSource source);
// A change heard in the stream. No status, no fact: what is left out has not changed. `unknown` names a status never
// seen; then there is no fact either, and the order is asked for.
struct UpdateFact {
  std::optional<VenueReport> fact;
  std::string unknown;
};
UpdateFact fact_of(const Order& order, const Symbol& symbol);
// For how much an order of ours is, and at what price, told before how it stands: one of a group is made smaller as the other one
// is filled in part, and a person may change any order.
std::optional<VenueReport> terms_of(const Order& order, const VenueReport& state);
// One execution. Unreadable for one that corrects another, or lacks size or price.
VenueReport fill_of(const Execution& execution, const Instrument& instrument, VenueSource source);

Preview preview_of(const WhatIf& said, const NewOrder& order, const Instrument& instrument);

// ---- The account

std::vector<Balance> balances_of(const std::vector<LedgerRow>& ledger);  // a currency each; BASE is none
std::optional<Position> position_of(const PositionRow& row, const Symbol& symbol);

// ---- Instruments

// The one listing of a US stock under this symbol.
std::optional<Listing> us_listing(const StockList& list);
// US stocks by their ticker, pairs of currencies and coins as EUR/USD. nullopt for what the bus has no name for.
// Without rules the steps are those of the definition, and whole shares.
std::optional<Instrument> instrument_of(const SecDef& secdef, const std::optional<ContractRules>& rules = {});
// Any contract, under the name by which it was asked for.
Instrument instrument_of(const Symbol& symbol, const SecDef& secdef, const std::optional<ContractRules>& rules);

// ---- Market data. nullopt: an answer without prices, and so no news.

std::optional<Quote> quote_of(const MarketFields& fields, const Symbol& symbol);
std::optional<Ticker> ticker_of(const MarketFields& fields, const Symbol& symbol);
Bar bar_of(const HistoryBar& bar, const History& history, const Symbol& symbol, bool is_final);

// ---- Limits on how often one may ask

enum class Line { OAuth, Gateway };  // straight, or through IBKR's program on this host
std::vector<RateLimit> rate_limits(Line line, const Name& account);
std::vector<RateCost> rate_costs();

}  // namespace busbar::ibkr
