#pragma once
// What came over the wire, JSON or MessagePack, as one kind of value: every number in it is a text of its own digits, so
// that no float comes near, and an amount reads the same with quotes and without. But an id is a text (UUIDs, and what we
// have named an order), so a number in the place of one stays a number, which no reader takes. A time of MessagePack is a
// text as JSON has them.

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "bus/result.hpp"

namespace busbar::alpaca {

inline constexpr std::size_t frame_max = 8u << 20;

Result<boost::json::value> parse_body(std::string_view body, std::size_t size_max = 4u << 20);
// Of a stream. The paper host sends JSON in binary frames, and either host MessagePack where the handshake asked for it: the
// first byte tells, and the kind of frame never.
Result<boost::json::value> parse_frame(std::string_view frame);

// What we say, in JSON, as MessagePack. Texts, lists and names are all there is in it.
std::string packed(std::string_view json);

}  // namespace busbar::alpaca
