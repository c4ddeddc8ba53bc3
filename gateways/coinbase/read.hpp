#pragma once
// What answers of REST and frames of the streams have in common.

#include <string>
#include <string_view>

#include "gateways/coinbase/decode_market.hpp"
#include "gateways/framework/go_json.hpp"

namespace busbar::coinbase {

using namespace reading;

// A list that must be there, be it null.
inline const json::array* needed_list(Reader& reader, std::string_view what, std::string_view member,
                                      Complaint& complaint) {
  if (!reader.has(member)) complaint.add(what, member, "missing");
  return list_of(reader, member);
}

Candle read_candle(const json::object& object, Complaint& complaint);
MarketTrade read_market_trade(const json::object& object, Complaint& complaint);

}  // namespace busbar::coinbase
