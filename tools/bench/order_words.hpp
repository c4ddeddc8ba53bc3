#pragma once
// The few messages of the order path that a benchmark says thousands of times a second, written straight into FlatBuffers:
// what is measured is the router between, and its two neighbours should cost no more than those of the floor.

#include <cstring>
#include <span>
#include <string_view>

#include <flatbuffers/flatbuffers.h>

#include "bus/messages.hpp"
#include "schemas/message_generated.h"

namespace busbar::bench {

inline constexpr const char* client_name = "bench";
inline constexpr const char* gateway_name = "bench";
inline constexpr const char* account_name = "main";
inline constexpr const char* symbol_name = "BTC/USDT";

using Builder = flatbuffers::FlatBufferBuilder;

inline std::span<const std::uint8_t> seal(Builder& builder, std::string_view sender, std::string_view session,
                                          std::uint64_t sequence, Timestamp time_ns, wire::Body kind,
                                          flatbuffers::Offset<void> body) {
  const auto sender_text = builder.CreateString(sender.data(), sender.size());
  const auto session_text = builder.CreateString(session.data(), session.size());
  wire::HeaderBuilder header{builder};
  header.add_environment(Environment::Paper);
  header.add_sender(sender_text);
  header.add_session(session_text);
  header.add_sequence(sequence);
  header.add_send_time_ns(time_ns);
  const auto sealed = header.Finish();
  wire::MessageBuilder message{builder};
  message.add_header(sealed);
  message.add_body_type(kind);
  message.add_body(body);
  wire::FinishMessageBuffer(builder, message.Finish());
  return {builder.GetBufferPointer(), builder.GetSize()};
}

// A limit order that rests. Valid until the builder is used again.
inline std::span<const std::uint8_t> new_order(Builder& builder, std::string_view session, std::uint64_t number,
                                               Timestamp time_ns) {
  builder.Clear();
  char name[24];
  const int size = std::snprintf(name, sizeof name, "order-%012llu", static_cast<unsigned long long>(number));
  const auto client_order_id = builder.CreateString(name, static_cast<std::size_t>(size));
  const auto account = builder.CreateString(account_name, std::strlen(account_name));
  const auto symbol = builder.CreateString(symbol_name, std::strlen(symbol_name));
  const wire::Decimal qty{15, -1};
  const wire::Decimal price{6'512'345, -2};
  wire::NewOrderBuilder order{builder};
  order.add_client_order_id(client_order_id);
  order.add_account(account);
  order.add_symbol(symbol);
  order.add_order_qty(&qty);
  order.add_price(&price);
  order.add_side(Side::Buy);
  order.add_order_type(OrderType::Limit);
  return seal(builder, client_name, session, number, time_ns, wire::Body::NewOrder, order.Finish().Union());
}

// The gateway's word that the broker has an order on its book.
inline std::span<const std::uint8_t> accepted(Builder& builder, std::string_view session, std::uint64_t incarnation,
                                              std::uint64_t number, Timestamp time_ns, const wire::Command& command) {
  builder.Clear();
  const auto copy = [&](const flatbuffers::String* text) { return builder.CreateString(text->c_str(), text->size()); };
  const auto account = copy(command.account());
  const auto symbol = copy(command.symbol());
  const auto venue_order_id = copy(command.venue_order_id());
  char name[24];
  const int size = std::snprintf(name, sizeof name, "%llu", static_cast<unsigned long long>(command.order_id()));
  const auto broker_order_id = builder.CreateString(name, static_cast<std::size_t>(size));
  wire::VenueReportBuilder report{builder};
  report.add_report_number(number);
  report.add_incarnation(incarnation);
  report.add_command_id(command.command_id());
  report.add_account(account);
  report.add_symbol(symbol);
  report.add_venue_order_id(venue_order_id);
  report.add_broker_order_id(broker_order_id);
  report.add_request_time_ns(time_ns);
  report.add_transact_time_ns(time_ns);
  report.add_receive_time_ns(time_ns);
  report.add_event(VenueEvent::Accepted);
  report.add_source(VenueSource::Rest);
  report.add_order_status(OrderStatus::New);
  return seal(builder, gateway_name, session, number, time_ns, wire::Body::VenueReport, report.Finish().Union());
}

}  // namespace busbar::bench
