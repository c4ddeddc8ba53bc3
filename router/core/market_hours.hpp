#pragma once
// When a market trades, and the orders that wait for that. Hours come from the broker's own calendar, with the list of
// instruments; what lies beyond its last session is not known, and counts as closed.

#include <optional>
#include <string>

#include "router/core/state.hpp"

namespace busbar::router {

// Whose hours this instrument trades by. nullptr: none are known.
const MarketHours* hours_of(const Gateway& gateway, const Instrument& instrument);

// Would this order work in a session of this kind?
bool works_in(const NewOrder& order, TradingSessionKind kind);

// When the market is next open to this order: `now` within a session, nullopt where none is known.
std::optional<Timestamp> next_open(const MarketHours& hours, const NewOrder& order, Timestamp now);

// Is this moment within a session of that kind?
bool is_within(const MarketHours& hours, TradingSessionKind kind, Timestamp now);

struct Turn;

// The order waits here for its market, until `opens_ns`; its expire_ns is how long it may wait at most.
void wait_for_open(Turn& turn, Order& order, Timestamp opens_ns);
// Its time has come, or the market's hours are other ones now: it leaves, waits on, or is refused.
void on_open_due(Turn& turn, Order& order);

}  // namespace busbar::router
