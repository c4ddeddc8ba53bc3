#pragma once
// What a test may arrange at this venue and at no other: request limits and bans, keys, listen keys, symbol states.

#include "tools/venue/binance/venue.hpp"
#include "tools/venue/control.hpp"

namespace busbar::venue::binance {

class Control final : public venue::Control {
 public:
  explicit Control(Venue& venue);

 private:
  boost::json::value limits(const boost::json::object& body);
  boost::json::value ban(const boost::json::object& body);
  boost::json::value set_symbol(const boost::json::object& body);
  boost::json::value get_keys() const;
  boost::json::value set_keys(const boost::json::object& body);
  boost::json::value expire_listen_keys(const boost::json::object& body);

  Venue& venue_;
};

}  // namespace busbar::venue::binance
