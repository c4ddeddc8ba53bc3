#pragma once
// From what Binance said to facts about an order, in our words. Pure. Each fact names the order by our id where Binance
// told it, and a fill by symbol and trade id, so that the same fill from REST and stream is one.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/binance/decode.hpp"
#include "gateways/framework/words.hpp"

namespace busbar::binance {

using Facts = std::vector<VenueReport>;
using gateway::printable;
using gateway::words_of;

Timestamp ns_of(std::int64_t ms);  // 0 for what is no time

// nullopt for a status never seen.
std::optional<OrderStatus> order_status_of(std::string_view status);

// The answer to a place: Accepted, each fill, and how it ended if it did. An order that waits for another one of its
// list is PendingNew and not working.
Facts facts_of_place(const Order& order, const Symbol& symbol);
// One order of a list, out of the answer to placing it: as facts_of_place. None where the answer has no report of it,
// and then it is to be asked for.
Facts facts_of_leg(const OrderList& list, const Symbol& symbol, std::string_view venue_order_id);
// The answer to a cancel of `venue_order_id`: Canceled, or State where Binance calls it something else.
VenueReport fact_of_cancel(const Order& order, const Symbol& symbol, std::string_view venue_order_id);
// The answer to a replace of `orig_venue_order_id`, done as a cancel and a new order. Done: Canceled of the old leg,
// then Replaced and what the new one has seen. Refused: ReplaceRejected, after Canceled where only the old leg went.
// Where Binance does not know itself what became of it: Unknown. The caller adds the time of the request.
Facts facts_of_cancel_replace(const CancelReplace& answer, const Symbol& symbol, std::string_view orig_venue_order_id,
                              std::string_view venue_order_id);
// The answer to a replace done as an amendment: Replaced, under the new name and with the new quantity.
Facts facts_of_amend(const Amended& amended, const Symbol& symbol);
// How much it is for, when self-trade prevention has taken its part. Nothing where it is by amount, or nothing is told.
std::optional<Decimal> quantity_of(const Order& order);
// What prevention has left of an order that works on, or is filled: Replaced, for that quantity, to be told before that it
// is Filled. Nothing where prevention has taken nothing.
std::optional<VenueReport> restated_of(const Order& order, const Symbol& symbol, VenueSource source);
// An answer to a question about the order. An error for a status never seen.
Result<VenueReport> state_of(const Order& order, const Symbol& symbol, VenueSource source);
VenueReport fill_of(const AccountTrade& trade, const Symbol& symbol, std::string_view venue_order_id,
                    VenueSource source);

// What one executionReport says. `unknown` names a value never seen; then there are no facts, for we do not guess, and
// the order is asked for.
struct EventFacts {
  Facts facts;
  std::string unknown;
};
EventFacts facts_of(const ExecutionReportEvent& report, const Symbol& symbol);

// Why an order expired, in words, with Binance's own in front. Empty for none.
std::string expiry_text(std::string_view reason);

}  // namespace busbar::binance
