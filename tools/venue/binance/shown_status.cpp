#include "tools/venue/binance/names.hpp"

namespace busbar::venue::binance {

std::string_view shown_status(const Order& order) {
#ifdef BUSBAR_VENUE_DEFECT
  // The planted defect of busbar-venue-defect: a filled order is said to be filled in part.
  if (order.status == Status::Filled) return name_of(Status::PartiallyFilled);
#endif
  return name_of(order.status);
}

}  // namespace busbar::venue::binance
