#include "tools/venue/alpaca/shapes.hpp"

namespace busbar::venue::alpaca {

std::string_view shown_status(const Order& order, const Ticket& ticket) {
  if (order.is_open() && !ticket.shown.empty()) return ticket.shown;
  const bool has_fills = !order.executed.is_zero();
  switch (order.status) {
    case Status::Filled:
#ifdef BUSBAR_VENUE_DEFECT
      return "partially_filled";  // the planted defect of busbar-venue-defect: a filled order is said to be open
#else
      return "filled";
#endif
    case Status::Canceled:
    case Status::ExpiredInMatch: return ticket.replaced_by.empty() ? "canceled" : "replaced";
    case Status::Expired:
      if (order.expiry == ExpiryReason::Rejected) return "rejected";
      return order.expiry == ExpiryReason::None ? "expired" : "canceled";
    default: break;
  }
  if (ticket.is_cancel_pending) return "pending_cancel";
  if (ticket.replacement) return "pending_replace";
  if (order.status == Status::PartiallyFilled || has_fills) return "partially_filled";
  if (order.status != Status::PendingNew) {
    // Of a pair the stop stands back until its price is reached.
    const bool stands_back = order.list != 0 && ticket.parent && order.is_waiting_for_trigger();
    return stands_back ? "held" : "new";
  }
  if (ticket.is_replacing || ticket.waits != Waits::No) return ticket.is_told ? "new" : "accepted";
  return "held";  // a leg whose turn has not come
}

}  // namespace busbar::venue::alpaca
