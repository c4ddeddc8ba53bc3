#pragma once
// How frames and answers are written: JSON, or MessagePack where a stream's client asked for it. Market data have numbers
// and times that the two write in their own ways: a number is its digits in JSON and a double in MessagePack, a time is
// text in JSON and a timestamp there. Both are marked strings until then.

#include <optional>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "tools/venue/engine.hpp"

namespace busbar::venue::alpaca {

boost::json::value number(Decimal value);
boost::json::value moment(TimeUs time);
std::string plain(Decimal value);  // "0.001"

// For what is only told and never paid: as many digits as fit.
Decimal product(Decimal a, Decimal b);
Decimal quotient(Decimal a, Decimal b, int places);  // zero for nothing

std::string to_json(const boost::json::value& value);
std::string to_msgpack(const boost::json::value& value);

// What a client sent: binary strings and times are not among it. Nothing where it is no MessagePack, or is too deep.
std::optional<boost::json::value> from_msgpack(std::string_view bytes);

}  // namespace busbar::venue::alpaca
