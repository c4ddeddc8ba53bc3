#pragma once
// Messages and records as JSON, for programs: names as in the schemas, decimals and 64-bit identities as strings, times
// as RFC 3339 in UTC with nine digits, enums by name. What was not given (no value, empty text, time 0) is left out.

#include <string>

#include <boost/json/object.hpp>

#include "bus/messages.hpp"
#include "bus/record.hpp"

namespace busbar::tool {

namespace json = boost::json;

std::string time_text(Timestamp ns);  // 2026-11-25T18:20:00.123456789Z
// For people: "ends 2026-11-25 18:20:00 UTC, in 41 min"; an Ok is "renewed by" then. Empty where there is no deadline.
std::string deadline_text(const SessionState& session, Timestamp now);

json::object to_json(const Body& body);  // {"type": "NewOrder", ...}
json::object to_json(const Header& header);
json::object to_json(const Quote& quote);
json::object to_json(const ExecutionReport& report);
json::object to_json(const Balance& balance);
json::object to_json(const Instrument& instrument);
json::object to_json(const AccountInfo& account);
json::object to_json(const Position& position);
json::object to_json(const Bar& bar);
json::object to_json(const Book& book);
json::object to_json(const Ticker& ticker);
json::object to_json(const Trade& trade);
json::object to_json(const Preview& preview);
// With when it was true, and why it is old where it is.
json::object with_age(json::object line, const Answer& answer);
// {"stream", "sequence", "time", "kind", "header", "message"}; an Output's inner message is decoded as well.
// What cannot be decoded is said so, under "error".
json::object to_json(std::string_view stream, const Record& record);

}  // namespace busbar::tool
