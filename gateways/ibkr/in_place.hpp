#pragma once
// A replace that IBKR does in place, by which the order keeps its number and the name that it had at first: so that what
// became of it shows in what the order asks for, and in nothing else. Pure.

#include <algorithm>
#include <optional>
#include <string>

#include "gateways/framework/order_rules.hpp"
#include "gateways/ibkr/decode.hpp"
#include "gateways/ibkr/facts.hpp"

namespace busbar::ibkr {

// What the order is to be for, as IBKR counts it: it may have been placed for what another one had left. Never more than the client
// asks for, also where somebody else has made it larger and the router has not heard of it.
inline std::optional<Decimal> total_to_ask_for(Decimal there, Decimal orig_order_qty, Decimal order_qty) {
  const auto more = subtract(order_qty, orig_order_qty);
  const auto total = more ? add(there, *more) : std::nullopt;
  return total ? std::optional{std::min(*total, order_qty)} : std::nullopt;
}

// What the order shows once it is done.
struct Change {
  std::string venue_order_id;  // what we call it from then on
  OrderType order_type = OrderType::Unset;
  std::optional<Decimal> qty;      // as IBKR counts it; nothing: it stays, and how much it is nobody remembers
  std::optional<Decimal> price;
  std::optional<Decimal> stop_px;  // nothing: it trails the market
  std::optional<Decimal> qty_before;  // of a change that another life has asked for
  Timestamp asked_ns = 0;             // what was looked up before says nothing of it
};

inline bool is_done(const Change& change, const Order& order) {
  const bool is_sized = !change.qty || order.total_qty == change.qty;
  const bool is_priced = !order_rules::has_limit(change.order_type) || (order.price && order.price == change.price);
  const bool is_stopped = !order_rules::is_triggered(change.order_type) || !change.stop_px || order.stop_price == change.stop_px;
  return is_sized && is_priced && is_stopped;
}

// IBKR does not tell what would show it; or the order is neither as it was nor as it shall be, for it was placed for what
// another one had left, and of how much nobody remembers.
inline bool is_unreadable(const Change& change, const Order& order) {
  const bool is_told = order.total_qty && (order.price || !order_rules::has_limit(change.order_type)) &&
                       (order.stop_price || !change.stop_px);
  const bool is_strange = change.qty && change.qty_before && order.total_qty != change.qty && order.total_qty != change.qty_before;
  return !is_told || is_strange;
}

// More than it was to be, and than it was: IBKR does not count in what is filled.
inline bool is_too_large(const Change& change, const Order& before, const Order& order) {
  return change.qty && order.total_qty && before.total_qty && *order.total_qty > *change.qty &&
         *order.total_qty > *before.total_qty;
}

// The numbers of the order as it is to be, where they stand on IBKR's grid.
inline Result<Change> change_to(const NewOrder& order, const Id& venue_order_id, const Instrument& instrument) {
  Change change{.venue_order_id = std::string{view(venue_order_id)},
                .order_type = order.order_type,
                .qty = {},
                .price = {},
                .stop_px = {},
                .qty_before = {},
                .asked_ns = 0};
  std::optional<Error> error;
  const auto put = [&](std::string_view field, const std::optional<Decimal>& value, const std::optional<Decimal>& step,
                       std::optional<Decimal>& into) {
    if (!value) return;
    const auto rounded = order_rules::on_grid(field, *value, step, order.rounding);
    if (rounded) into = *rounded;
    if (!rounded && !error) error = rounded.error();
  };
  put("order_qty", order.order_qty, instrument.lot_size, change.qty);
  put("price", order.price, instrument.tick_size, change.price);
  put("stop_px", order.stop_px, instrument.tick_size, change.stop_px);
  if (error) return *std::move(error);
  return change;
}

}  // namespace busbar::ibkr
