#include "audit/index.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <flatbuffers/flatbuffers.h>

#include "bus/codec.hpp"
#include "schemas/message_generated.h"

namespace busbar::audit {

namespace {

constexpr std::size_t key_size_max = 511;  // LMDB's

using BigEndian = std::array<char, 8>;

BigEndian big_endian(std::uint64_t value) {
  BigEndian bytes;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(value >> (56 - 8 * i) & 0xff);
  return bytes;
}

std::string_view view(const BigEndian& bytes) { return {bytes.data(), bytes.size()}; }

// Times before 1970 do not occur; clamped, they would still sort first.
BigEndian big_endian_time(Timestamp time_ns) { return big_endian(time_ns < 0 ? 0 : static_cast<std::uint64_t>(time_ns)); }

constexpr std::string_view nul{"\0", 1};

template <class... Parts>
std::string joined(Parts... parts) {
  std::string key;
  (key.append(parts), ...);
  return key;
}

std::string_view words(const flatbuffers::String* text) {
  return text == nullptr ? std::string_view{} : std::string_view{text->data(), text->size()};
}

// nullptr: not a message of this schema, or none that may be read.
const wire::Message* message_in(std::span<const std::uint8_t> bytes) {
  constexpr flatbuffers::uoffset_t depth_max = 8;
  constexpr flatbuffers::uoffset_t tables_max = 4096;
  constexpr std::size_t size_min = 24;  // as in bus/codec.cpp
  if (bytes.size() < size_min || bytes.size() > audit_message_size_max) return nullptr;
  flatbuffers::Verifier verifier{bytes.data(), bytes.size(), depth_max, tables_max};
  if (!wire::VerifyMessageBuffer(verifier)) return nullptr;
  const wire::Message* message = wire::GetMessage(bytes.data());
  const bool is_known = message->body() != nullptr && message->body_type() <= wire::Body::MAX;
  return is_known && message->header()->schema_version() == 1 ? message : nullptr;
}

}  // namespace

// The ids of one record. `client` is who sent or gets the message.
class IndexBatch::Ids {
 public:
  Ids(IndexBatch& batch, const RecordHeader& header) : batch_{batch}, header_{header} {}

  // false: one of them was too long.
  bool is_good() const { return is_good_; }

  void session_report(std::string_view client, std::string_view session, std::uint64_t number) {
    if (number != 0) add(Index::SessionReport, client, nul, session, nul, view(big_endian(number)));
  }

  void body(const wire::Message& message, std::string_view client) {
    switch (message.body_type()) {
      case wire::Body::NewOrder: return say(*message.body_as_NewOrder(), client);
      case wire::Body::CancelOrder: return say(*message.body_as_CancelOrder(), client);
      case wire::Body::ReplaceOrder: return say(*message.body_as_ReplaceOrder(), client);
      case wire::Body::CancelAll: return say(*message.body_as_CancelAll(), client);
      case wire::Body::NewOrderList: return say(*message.body_as_NewOrderList(), client);
      case wire::Body::CancelOrderList: return say(*message.body_as_CancelOrderList(), client);
      case wire::Body::ExecutionReport: return say(*message.body_as_ExecutionReport(), client);
      case wire::Body::PlaceCommand: return command(message.body_as_PlaceCommand()->command());
      case wire::Body::PlaceListCommand: return say(*message.body_as_PlaceListCommand());
      case wire::Body::CancelCommand: return say(*message.body_as_CancelCommand());
      case wire::Body::ReplaceCommand: return say(*message.body_as_ReplaceCommand());
      case wire::Body::AskCommand: return command(message.body_as_AskCommand()->command());
      case wire::Body::VenueReport: return say(*message.body_as_VenueReport());
      case wire::Body::Answer: return say(*message.body_as_Answer(), client);
      case wire::Body::Reconciled: return account(message.body_as_Reconciled()->account());
      case wire::Body::SessionState: return account(message.body_as_SessionState()->account());
      case wire::Body::Tape: return say(*message.body_as_Tape());
      default: return;
    }
  }

 private:
  using Text = const flatbuffers::String*;

  void order(std::uint64_t order_id) {
    if (order_id == 0) return;
    std::array<char, 20> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), order_id);
    static_cast<void>(error);  // 20 digits hold any
    add(Index::OrderId, std::string_view{digits.data(), end});
  }
  void client_order(std::string_view client, Text id) {
    if (!words(id).empty()) add(Index::ClientOrderId, words(id), nul, client);
  }
  void venue_order(Text id) {
    if (!words(id).empty()) add(Index::VenueOrderId, words(id));
  }
  void execution(Text account, Text trade_id) {
    if (!words(trade_id).empty()) add(Index::ExecutionId, words(account), nul, words(trade_id));
  }
  void exec(Text exec_id) {
    if (!words(exec_id).empty()) add(Index::ExecutionId, words(exec_id));
  }
  void account(Text account) {
    if (!words(account).empty()) add(Index::AccountTime, words(account), nul, view(big_endian_time(header_.time_ns)));
  }
  void command(const wire::Command* command) {
    if (command == nullptr) return;
    order(command->order_id());
    venue_order(command->venue_order_id());
    venue_order(command->broker_order_id());
    account(command->account());
  }

  void say(const wire::NewOrder& order, std::string_view client) {
    client_order(client, order.client_order_id());
    account(order.account());
  }
  void say(const wire::CancelOrder& cancel, std::string_view client) {
    order(cancel.order_id());
    client_order(client, cancel.client_order_id());
    client_order(client, cancel.orig_client_order_id());
  }
  void say(const wire::ReplaceOrder& replace, std::string_view client) {
    order(replace.order_id());
    client_order(client, replace.client_order_id());
    client_order(client, replace.orig_client_order_id());
  }
  void say(const wire::CancelAll& cancel, std::string_view client) {
    client_order(client, cancel.client_order_id());
    account(cancel.account());
  }
  // A list's name is found as a client order id is: it is one more name for each of its orders.
  void say(const wire::NewOrderList& list, std::string_view client) {
    client_order(client, list.list_id());
    if (list.orders() == nullptr) return;
    for (const wire::NewOrder* each : *list.orders()) say(*each, client);
  }
  void say(const wire::CancelOrderList& cancel, std::string_view client) {
    client_order(client, cancel.client_order_id());
    client_order(client, cancel.list_id());
  }
  void say(const wire::ExecutionReport& report, std::string_view client) {
    order(report.order_id());
    client_order(client, report.client_order_id());
    client_order(client, report.orig_client_order_id());
    client_order(client, report.list_id());
    venue_order(report.venue_order_id());
    venue_order(report.broker_order_id());
    exec(report.exec_id());
    execution(report.account(), report.trade_id());
    account(report.account());
  }
  void say(const wire::PlaceListCommand& list) {
    venue_order(list.venue_list_id());
    if (list.commands() == nullptr) return;
    for (const wire::PlaceCommand* each : *list.commands()) command(each->command());
  }
  void say(const wire::CancelCommand& cancel) {
    command(cancel.command());
    venue_order(cancel.cancel_venue_order_id());
  }
  void say(const wire::ReplaceCommand& replace) {
    command(replace.command());
    venue_order(replace.orig_venue_order_id());
  }
  void say(const wire::VenueReport& report) {
    venue_order(report.venue_order_id());
    venue_order(report.broker_order_id());
    execution(report.account(), report.trade_id());
    account(report.account());
  }
  // What a cancel of all is answered with: each order, by name.
  void say(const wire::Answer& answer, std::string_view client) {
    if (answer.orders() == nullptr) return;
    for (const wire::ExecutionReport* each : *answer.orders()) say(*each, client);
  }
  void say(const wire::Tape& tape) {
    order(tape.order_id());
    client_order({}, tape.client_order_id());  // a gateway does not know whose it is
    venue_order(tape.venue_order_id());
    account(tape.account());
  }

  template <class... Parts>
  void add(Index index, Parts... parts) {
    std::string& text = batch_.text_;
    const std::size_t offset = text.size();
    (text.append(parts), ...);
    const std::size_t size = text.size() - offset;
    if (size > key_size_max) {
      text.resize(offset);
      is_good_ = false;
      return;
    }
    std::uint64_t first_bytes = 0;
    std::memcpy(&first_bytes, text.data() + offset, std::min(size, sizeof first_bytes));
    batch_.places_[static_cast<std::size_t>(index)].push_back({__builtin_bswap64(first_bytes), header_.sequence,
                                                               static_cast<std::uint32_t>(offset),
                                                               static_cast<std::uint32_t>(size)});
  }

  IndexBatch& batch_;
  const RecordHeader& header_;
  bool is_good_ = true;
};

bool IndexBatch::add(const Record& record) {
  if (record.kind() == RecordKind::Market || record.kind() == RecordKind::Unread) return true;
  const wire::Message* message = message_in(record.payload);
  if (message == nullptr) return false;
  Ids ids{*this, record.header};
  const wire::Output* output = message->body_as_Output();
  if (output == nullptr) {
    ids.body(*message, words(message->header()->sender()));
    return ids.is_good();
  }
  const std::string_view peer = words(output->peer());
  if (output->destination() == Destination::Session) {
    ids.session_report(peer, words(output->session()), output->report_number());
  }
  const wire::Message* inner = message_in(aligned({output->message()->data(), output->message()->size()}));
  if (inner == nullptr) return false;
  ids.body(*inner, peer);
  return ids.is_good();
}

// Those of an earlier build may lie anywhere.
std::span<const std::uint8_t> IndexBatch::aligned(std::span<const std::uint8_t> bytes) {
  if (reinterpret_cast<std::uintptr_t>(bytes.data()) % sizeof(std::uint64_t) == 0) return bytes;
  aligned_.resize((bytes.size() + 7) / 8);
  if (!bytes.empty()) std::memcpy(aligned_.data(), bytes.data(), bytes.size());
  return {reinterpret_cast<const std::uint8_t*>(aligned_.data()), bytes.size()};
}

std::span<const IndexKey> IndexBatch::sorted(Index index) {
  std::vector<Place>& places = places_[static_cast<std::size_t>(index)];
  const auto is_before = [this](const Place& a, const Place& b) {
    if (a.first_bytes != b.first_bytes) return a.first_bytes < b.first_bytes;
    const int order = text_of(a).compare(text_of(b));
    return order != 0 ? order < 0 : a.sequence < b.sequence;
  };
  // Times and report numbers mostly come in order.
  if (!std::is_sorted(places.begin(), places.end(), is_before)) std::sort(places.begin(), places.end(), is_before);
  sorted_.clear();
  for (const Place& place : places) {
    const IndexKey key{text_of(place), place.sequence};
    if (sorted_.empty() || sorted_.back() != key) sorted_.push_back(key);
  }
  return sorted_;
}

void IndexBatch::clear() {
  text_.clear();
  for (auto& places : places_) places.clear();
}

std::string client_order_key(std::string_view client, std::string_view id) { return joined(id, nul, client); }

std::string execution_key(std::string_view account, std::string_view trade_id) { return joined(account, nul, trade_id); }

std::string account_time_key(std::string_view account, Timestamp time_ns) {
  return joined(account, nul, view(big_endian_time(time_ns)));
}

std::string session_report_key(std::string_view client, std::string_view session, std::uint64_t report_number) {
  return joined(client, nul, session, nul, view(big_endian(report_number)));
}

}  // namespace busbar::audit
