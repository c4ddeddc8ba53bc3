#pragma once
// A record in one line for people: who said what to whom. Programs read JSON instead.

#include <string>

#include "bus/record.hpp"

namespace busbar::tool {

std::string describe(const Body& body);
// With who said it: "client alpha: NewOrder A1 buy ...", "to gateway binance: PlaceCommand ...". Tape records have more
// lines.
std::string describe(const Record& record);

}  // namespace busbar::tool
