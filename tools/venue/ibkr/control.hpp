#pragma once
// What a test may arrange at this venue and at no other: what is asked about orders, who else logs in, the night, keys,
// names of contracts, and how often one may ask.

#include "tools/venue/control.hpp"
#include "tools/venue/ibkr/venue.hpp"

namespace busbar::venue::ibkr {

class Control final : public venue::Control {
 public:
  explicit Control(Venue& venue);

 private:
  boost::json::value set_limits(const boost::json::object& body);
  boost::json::value set_rules(const boost::json::object& body);
  boost::json::value set_hours(const boost::json::object& body);
  boost::json::value set_symbol(const boost::json::object& body);
  boost::json::value set_questions(const boost::json::object& body);
  boost::json::value refuse_orders(const boost::json::object& body);
  boost::json::value get_sessions() const;
  boost::json::value set_sessions(const boost::json::object& body);
  boost::json::value get_keys() const;
  boost::json::value set_keys(const boost::json::object& body);
  boost::json::value send_bulletin(const boost::json::object& body);
  User& user_of(const boost::json::object& body);

  Venue& venue_;
};

}  // namespace busbar::venue::ibkr
