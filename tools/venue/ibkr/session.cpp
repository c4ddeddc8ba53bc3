#include "tools/venue/ibkr/session.hpp"

namespace busbar::venue::ibkr {

namespace json = boost::json;

void Session::open(TimeUs now) {
  const std::string same = id;
  *this = Session{};
  id = same;
  is_open = was_opened = true;
  opened = heard = now;
}

void Session::close() {
  Session closed;
  closed.id = id;
  closed.has_rival = has_rival;
  closed.was_opened = was_opened;
  closed.away_until = away_until;
  *this = std::move(closed);
}

json::object Session::status(TimeUs now, const SessionRules& rules) const {
  return {{"authenticated", is_open},
          {"established", is_established(now, rules)},
          {"competing", has_rival},
          {"connected", now >= away_until},
          {"message", ""},
          {"MAC", "F4:03:43:CD:BD:C0"},
          {"serverInfo",
           json::object{{"serverName", "JifN19053"}, {"serverVersion", "Build 10.25.0p, Dec 5, 2023 5:48:12 PM"}}},
          {"hardware_info", "1c4558e8|F4:03:43:CD:BD:C0"},
          {"fail", ""}};
}

}  // namespace busbar::venue::ibkr
