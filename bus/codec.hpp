#pragma once
// Bytes to plain structs and back: the one place where FlatBuffers are read or written.
// decode() is also the one place where bytes from outside are judged: size, alignment, the FlatBuffers verifier, then enum
// ranges, signs, lengths, UTF-8 and required members. What it lets through is well-formed; what it means is the core's matter.

#include <cstddef>
#include <cstdint>
#include <span>

#include "bus/messages.hpp"

namespace busbar {

inline constexpr std::size_t message_size_max = 1 << 20;
// An AuditAppend carries records that carry messages, so it alone may be larger.
inline constexpr std::size_t audit_message_size_max = 2 << 20;

// An error names the table and field: "NewOrder.side: 7 is no Side". ErrorCode::InvalidMessage, or Unsupported for a body
// of a later schema or one that this build does not speak; then header() may still tell who asked.
Result<Message> decode(std::span<const std::uint8_t> bytes);
// The header alone, for answering what could not be decoded. Also verified.
Result<Header> decode_header(std::span<const std::uint8_t> bytes);

Bytes encode(const Message& message);
Bytes encode(const Header& header, const Body& body);
void encode(const Header& header, const Body& body, Bytes& out);  // into memory that is used again
// Where it was made: until this thread encodes again.
std::span<const std::uint8_t> encode_here(const Header& header, const Body& body);
std::span<const std::uint8_t> encode_here(const Header& header, const Output& output);

// The body's name as in the schema: "NewOrder".
std::string_view name_of(const Body& body);

// Enum names as the schema spells them, for people and for JSON: "Buy", "GoodTillCancel", "PartiallyFilled".
std::string_view name_of(Side);
std::string_view name_of(OrderType);
std::string_view name_of(TimeInForce);
std::string_view name_of(OrderListType);
std::string_view name_of(OrderStatus);
std::string_view name_of(ExecType);
std::string_view name_of(Environment);
std::string_view name_of(Rounding);
std::string_view name_of(Liquidity);
std::string_view name_of(SessionStateKind);
std::string_view name_of(VenueEvent);
std::string_view name_of(VenueSource);
std::string_view name_of(Destination);
std::string_view name_of(TradingStatus);
std::string_view name_of(TradingSessionKind);
std::string_view name_of(MarketClosed);
std::string_view name_of(Channel);
std::string_view name_of(QueryKind);
std::string_view name_of(TapeDirection);
std::string_view name_of(TapeChannel);
std::string_view name_of(SelfTradePrevention);

}  // namespace busbar
