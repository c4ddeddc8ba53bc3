#include "tools/venue/coinbase/shapes.hpp"

namespace busbar::venue::coinbase {

std::string_view shown_status(const Order& order, const Ticket& ticket) {
  switch (order.status) {
    case Status::Filled:
#ifdef BUSBAR_VENUE_DEFECT
      return "OPEN";  // the planted defect of busbar-venue-defect: a filled order is said to be open
#else
      return "FILLED";
#endif
    case Status::Canceled:
    case Status::ExpiredInMatch: return "CANCELLED";
    case Status::Expired:
      if (order.expiry == ExpiryReason::Rejected) return "FAILED";
      return order.expiry == ExpiryReason::None ? "EXPIRED" : "CANCELLED";
    default: return ticket.is_cancel_pending ? "CANCEL_QUEUED" : ticket.pending_edit ? "EDIT_QUEUED" : "OPEN";
  }
}

}  // namespace busbar::venue::coinbase
