#pragma once
// The two tiers: an outer session, of a live session token or of a login at the gateway program, and the brokerage
// session above it, of which one name has one in all the world. Pure: the time is handed in.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "tools/venue/ibkr/questions.hpp"

namespace busbar::venue::ibkr {

struct SessionRules {
  TimeUs idle_max = 330'000'000;  // without a word, and the brokerage session ends
  TimeUs established_after = 0;   // of its opening: until then authenticated, but not established
  TimeUs reply_within = 60'000'000;
};

struct Session {
  std::string id;             // what a tickle tells, and a WebSocket shows
  bool is_open = false;       // the brokerage session
  bool has_rival = false;     // somebody else is logged in under the name
  bool was_opened = false;    // ever, since the login
  TimeUs opened = 0, heard = 0;
  TimeUs away_until = 0;      // of the nightly reset: nothing of /iserver answers
  // All of these are gone with the session.
  bool has_asked_accounts = false, has_asked_portfolio = false, has_asked_orders = false;
  std::set<std::string> suppressed;       // questions that are not asked
  std::optional<Conversation> conversation;
  std::set<std::int64_t> warm;            // conids whose snapshot was asked for

  bool is_established(TimeUs now, const SessionRules& rules) const {
    return is_open && now >= opened + rules.established_after;
  }
  void open(TimeUs now);
  void close();  // whatever was arranged in it goes too
  // {"authenticated","competing","connected",...}
  boost::json::object status(TimeUs now, const SessionRules& rules) const;
};

}  // namespace busbar::venue::ibkr
