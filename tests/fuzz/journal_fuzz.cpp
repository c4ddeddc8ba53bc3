// What a damaged or forged journal can hold: values, the ids in them, and lines of signed heads.
#include <cstdlib>

#include "audit/head.hpp"
#include "audit/index.hpp"
#include "audit/journal.hpp"

namespace audit = busbar::audit;

namespace {

// The payload of a value is aligned for decode(), as the reader has it.
void read_value(std::span<const std::uint8_t> bytes) {
  const busbar::Bytes value(bytes.begin(), bytes.end());
  const auto record = audit::read_value(value, 1);
  if (!record) return;
  audit::IndexBatch batch;
  static_cast<void>(batch.add(record->record));
}

// The same bytes under a good checksum, or no input would ever get past it.
void read_payload(std::span<const std::uint8_t> bytes, busbar::RecordKind kind) {
  busbar::RecordHeader header;
  header.sequence = 1;
  header.kind = static_cast<std::uint8_t>(kind);
  busbar::Bytes value(32);
  busbar::append_frame(value, header, bytes);
  const auto record = audit::read_value(value, 1);
  if (!record) std::abort();
  audit::IndexBatch batch;
  static_cast<void>(batch.add(record->record));
  for (std::size_t index = 0; index < audit::index_count; ++index) {
    for (const audit::IndexKey& key : batch.sorted(static_cast<audit::Index>(index))) {
      if (key.key.empty() || key.key.size() > 511) std::abort();  // LMDB would refuse it, and the record with it
    }
  }
}

void read_head(std::span<const std::uint8_t> bytes) {
  const auto head = audit::parse_head({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!head) return;
  static_cast<void>(audit::is_signed(*head));
  static_cast<void>(audit::to_json(*head));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > busbar::record_size_max) return 0;
  const std::span<const std::uint8_t> bytes{data + 1, size - 1};
  switch (data[0] % 4) {
    case 0: read_value(bytes); break;
    case 1: read_payload(bytes, busbar::RecordKind::Input); break;
    case 2: read_payload(bytes, busbar::RecordKind::Tape); break;
    default: read_head(bytes);
  }
  return 0;
}
