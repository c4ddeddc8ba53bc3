#pragma once
// What a test may arrange at this venue and at no other: what products allow, keys and tokens, orders that are taken and
// fail, cancels that take their time, and what a user says to a login.

#include "tools/venue/coinbase/venue.hpp"
#include "tools/venue/control.hpp"

namespace busbar::venue::coinbase {

class Control final : public venue::Control {
 public:
  explicit Control(Venue& venue);

 private:
  boost::json::value set_limits(const boost::json::object& body);
  boost::json::value set_rules(const boost::json::object& body);
  boost::json::value set_product(const boost::json::object& body);
  boost::json::value get_keys() const;
  boost::json::value set_keys(const boost::json::object& body);
  boost::json::value set_tokens(const boost::json::object& body);
  void set_lives(const boost::json::object& body);
  boost::json::value fail_orders(const boost::json::object& body);

  Venue& venue_;
};

}  // namespace busbar::venue::coinbase
