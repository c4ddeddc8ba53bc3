#pragma once
// Records and places for the archive's tests.

#include <filesystem>
#include <string>
#include <vector>

#include <stdlib.h>

#include "audit/journal.hpp"
#include "bus/codec.hpp"

namespace busbar::audit::test {

// A directory of the test's own, gone with it.
class Place {
 public:
  Place() {
    char name[] = "/tmp/busbar-audit-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Place() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  std::filesystem::path operator/(std::string_view name) const { return path_ / name; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline constexpr Timestamp day_ns = Timestamp{24} * 3600 * 1'000'000'000;
inline constexpr Timestamp noon_ns = 20'000 * day_ns + day_ns / 2;

inline Bytes message(std::string_view sender, const Body& body) {
  Header header;
  header.environment = Environment::Paper;
  header.sender = cut<32>(sender);
  return encode(header, body);
}

inline NewOrder new_order(std::string_view id) {
  NewOrder order;
  order.client_order_id = cut<64>(id);
  order.account = cut<32>("main");
  order.symbol = cut<32>("BTC/USDT");
  order.side = Side::Buy;
  order.order_type = OrderType::Limit;
  order.order_qty = Decimal{1, 0};
  order.price = Decimal{50'000, 0};
  return order;
}

inline ExecutionReport execution_report(std::string_view client_order_id, std::uint64_t order_id) {
  ExecutionReport report;
  report.client_order_id = cut<64>(client_order_id);
  report.order_id = order_id;
  report.exec_id = cut<64>("E" + std::to_string(order_id));
  report.exec_type = ExecType::New;
  report.order_status = OrderStatus::New;
  report.account = cut<32>("main");
  report.symbol = cut<32>("BTC/USDT");
  report.side = Side::Buy;
  report.order_type = OrderType::Limit;
  report.time_in_force = TimeInForce::GoodTillCancel;
  report.order_qty = Decimal{1, 0};
  report.cum_qty = Decimal{0, 0};
  report.leaves_qty = Decimal{1, 0};
  return report;
}

inline Output output_to(std::string_view client, std::string_view session, std::uint64_t number, const Body& body) {
  Output output;
  output.input_sequence = 1;
  output.core_version = 1;
  output.destination = session.empty() ? Destination::DropCopy : Destination::Session;
  output.peer = cut<32>(client);
  output.session = cut<32>(session);
  output.report_number = number;
  output.message = message("router", body);
  return output;
}

inline Bytes frame(std::uint64_t sequence, RecordKind kind, const Bytes& payload, Timestamp time_ns = noon_ns) {
  RecordHeader header;
  header.sequence = sequence;
  header.time_ns = time_ns;
  header.wall_ns = time_ns;
  header.kind = static_cast<std::uint8_t>(kind);
  Bytes bytes;
  append_frame(bytes, header, payload);
  return bytes;
}

inline Bytes order_frame(std::uint64_t sequence, Timestamp time_ns = noon_ns) {
  return frame(sequence, RecordKind::Input, message("alpha", new_order("A" + std::to_string(sequence))), time_ns);
}

inline Result<JournalWriter> open_writer(const std::filesystem::path& directory, std::uint64_t segment_bytes = 64 << 20,
                                         std::string_view stream = "core") {
  return JournalWriter::open({directory, std::string{stream}, segment_bytes, {}, {}});
}

// Appends frames as one batch.
inline Result<void> append(JournalWriter& writer, const std::vector<Bytes>& frames) {
  std::vector<Entry> batch;
  for (const Bytes& bytes : frames) batch.push_back({bytes, {}, 0});
  return writer.append(batch);
}

// Appends `count` orders, `each` per batch.
inline Result<void> append_orders(JournalWriter& writer, std::uint64_t count, std::uint64_t each = 100,
                                  Timestamp time_ns = noon_ns) {
  while (count > 0) {
    std::vector<Bytes> frames;
    for (std::uint64_t i = 0; i < std::min(count, each); ++i) {
      frames.push_back(order_frame(writer.next_sequence() + i, time_ns));
    }
    if (const auto appended = append(writer, frames); !appended) return appended;
    count -= frames.size();
  }
  return {};
}

// The client order ids as they stand, one per record.
inline std::vector<std::string> read_ids(JournalReader& reader, std::uint64_t first = 0, std::uint64_t last = UINT64_MAX) {
  std::vector<std::string> ids;
  const auto read = reader.read(first, last, [&ids](const JournalRecord& record) {
    const auto decoded = decode(record.record.payload);
    const auto* order = decoded ? std::get_if<NewOrder>(&decoded->body) : nullptr;
    ids.push_back(order ? std::string{view(order->client_order_id)} : "?");
    return true;
  });
  if (!read) ids.push_back(read.error().text);
  return ids;
}

inline std::vector<std::string> ids_from_to(std::uint64_t first, std::uint64_t last) {
  std::vector<std::string> ids;
  for (std::uint64_t i = first; i <= last; ++i) ids.push_back("A" + std::to_string(i));
  return ids;
}

}  // namespace busbar::audit::test
