#pragma once
// Questions that the broker asks before it takes an order, and the conversation about one order: at most one is open in
// a session. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "tools/venue/ibkr/order_reader.hpp"

namespace busbar::venue::ibkr {

// When questions are asked of themselves.
struct QuestionRules {
  std::vector<std::string> asked{"o163", "o383", "o451"};  // of those below; others are asked on demand alone
  Decimal price_percent{3, 0};         // o163: a price so much worse than the market's
  Decimal size_max{50'000, 0};         // o383
  Decimal value_max{10'000'000, 0};    // o451
};

// The ids of those that an order brings about, in the order in which they are asked. `market`: the price on the other
// side; zero: none.
std::vector<std::string> questions_about(const Wanted& wanted, const QuestionRules& rules, Decimal market);

std::string text_of_question(std::string_view id, const Wanted& wanted, const QuestionRules& rules);

// What the customer wants, and what is still to be asked about it.
struct Conversation {
  std::string reply_id;
  std::string client_order_id;            // of the first order in it
  std::vector<Wanted> orders;
  std::int64_t modifies = 0;              // the order that is to be changed; 0: new ones
  std::vector<std::string> questions;     // the first is being asked
  bool insists = false;                   // asked even if they were suppressed
  TimeUs asked = 0;
};

boost::json::array question_shape(const Conversation& conversation, const QuestionRules& rules);

}  // namespace busbar::venue::ibkr
