#pragma once
// What answers of REST and frames of the streams have in common. Servers written in Go say null for what is empty.

#include <string>
#include <string_view>

#include "gateways/coinbase/decode_market.hpp"
#include "gateways/framework/json_reader.hpp"

namespace busbar::coinbase {

using namespace reading;

inline const json::array* list_of(Reader& reader, std::string_view member) {
  return reader.is_null(member) ? nullptr : reader.maybe_array(member);
}

// A list that must be there, be it null.
inline const json::array* needed_list(Reader& reader, std::string_view what, std::string_view member,
                                      Complaint& complaint) {
  if (!reader.has(member)) complaint.add(what, member, "missing");
  return list_of(reader, member);
}

inline const json::object* object_of(Reader& reader, std::string_view member) {
  return reader.is_null(member) ? nullptr : reader.maybe_object(member);
}

inline std::string text_or_empty(Reader& reader, std::string_view member) {
  return reader.maybe_text(member).value_or("");
}

Candle read_candle(const json::object& object, Complaint& complaint);
MarketTrade read_market_trade(const json::object& object, Complaint& complaint);

}  // namespace busbar::coinbase
