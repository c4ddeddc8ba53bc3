#pragma once
// What a test may arrange at this venue and at no other: hours and halts, keys and tokens, orders that are taken and then
// rejected or said to have some status, and what a user says to a login.

#include "tools/venue/alpaca/venue.hpp"
#include "tools/venue/control.hpp"

namespace busbar::venue::alpaca {

class Control final : public venue::Control {
 public:
  explicit Control(Venue& venue);

 private:
  boost::json::value set_limits(const boost::json::object& body);
  boost::json::value set_rules(const boost::json::object& body);
  boost::json::value set_hours(const boost::json::object& body);
  boost::json::value set_symbol(const boost::json::object& body);
  boost::json::value get_keys() const;
  boost::json::value set_keys(const boost::json::object& body);
  boost::json::value set_tokens(const boost::json::object& body);
  boost::json::value reject_orders(const boost::json::object& body);
  boost::json::value show_status(const boost::json::object& body);

  Venue& venue_;
};

}  // namespace busbar::venue::alpaca
