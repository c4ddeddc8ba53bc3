#include "gateways/framework/facts.hpp"

#include <algorithm>

namespace busbar::gateway {

VenueReport make_fact(const Command& command, VenueEvent event, ErrorCode error, std::string_view text) {
  VenueReport fact;
  fact.command_id = command.command_id;
  fact.event = event;
  fact.source = VenueSource::Gateway;
  fact.account = command.account;
  fact.symbol = command.symbol;
  fact.venue_order_id = command.venue_order_id;
  fact.broker_order_id = command.broker_order_id;
  fact.error = error;
  fact.text = cut<256>(text);
  return fact;
}

Facts not_sent(const Command& command, const Error& error) {
  return {make_fact(command, VenueEvent::NotSent, error.code, error.text)};
}

void complete(Facts& facts, const Command& command) {
  if (facts.empty() || facts.back().event == VenueEvent::Sent || facts.back().event == VenueEvent::Unset) {
    facts.push_back(make_fact(command, VenueEvent::Unknown, ErrorCode::UnknownOutcome, "the adapter has no answer"));
  }
  for (VenueReport& fact : facts) {
    fact.command_id = command.command_id;
    fact.account = command.account;
    if (fact.symbol.empty()) fact.symbol = command.symbol;
    if (fact.venue_order_id.empty() && fact.broker_order_id.empty()) fact.venue_order_id = command.venue_order_id;
    if (fact.source == VenueSource::Unset) fact.source = VenueSource::Rest;
    if (fact.event == VenueEvent::Unknown && fact.request_time_ns == 0) fact.request_time_ns = command.expire_time_ns;
  }
}

bool is_final(OrderStatus status) {
  switch (status) {
    case OrderStatus::Filled:
    case OrderStatus::Canceled:
    case OrderStatus::Replaced:
    case OrderStatus::Rejected:
    case OrderStatus::Expired:
      return true;
    default:
      return false;
  }
}

bool is_unknown(const Facts& facts) { return !facts.empty() && facts.back().event == VenueEvent::Unknown; }

bool has(const Facts& facts, VenueEvent event) {
  return std::any_of(facts.begin(), facts.end(), [&](const VenueReport& fact) { return fact.event == event; });
}

}  // namespace busbar::gateway
