#include "tools/venue/ibkr/shapes.hpp"

namespace busbar::venue::ibkr {

std::string_view shown_status(const Order& order, const Ticket& ticket) {
  if (ticket.is_inactive) return "Inactive";
  if (!ticket.prompt_id.empty()) return "WarnState";
  switch (order.status) {
    case Status::Filled:
#ifdef BUSBAR_VENUE_DEFECT
      return "Submitted";  // the planted defect of busbar-venue-defect: a filled order is said to be working
#else
      return "Filled";
#endif
    case Status::Canceled:
    case Status::Expired:
    case Status::ExpiredInMatch: return "Cancelled";
    case Status::PendingNew:  // of a bracket: until its parent is filled; or until the market opens
      return ticket.is_cancel_pending ? "PendingCancel" : "PreSubmitted";
    default: break;
  }
  if (ticket.is_cancel_pending) return "PendingCancel";
  return order.is_waiting_for_trigger() ? "PreSubmitted" : "Submitted";
}

}  // namespace busbar::venue::ibkr
