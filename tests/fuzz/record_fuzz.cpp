// A log or a journal may hold anything after a crash: frames are read one after the other until one is refused.

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "bus/record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::span<const std::uint8_t> bytes{data, size};
  while (const auto frame = busbar::read_frame(bytes)) {
    const auto& record = frame->record;
    busbar::Bytes again;
    busbar::append_frame(again, record.header, record.payload);
    if (again.size() != frame->size || !std::equal(again.begin(), again.end(), bytes.begin())) std::abort();
    busbar::Bytes renumbered;
    const auto came = busbar::append_renumbered(renumbered, bytes, 1);
    if (!came || !busbar::read_frame(renumbered)) std::abort();
    busbar::number_frame(renumbered, record.header.sequence);
    if (came->size != frame->size || renumbered != again) std::abort();
    bytes = bytes.subspan(frame->size);
  }
  busbar::Bytes none;
  if (const auto last = busbar::append_renumbered(none, bytes, 1); last || !none.empty()) std::abort();
  // The checksum keeps a fuzzer out, so its bytes are also a payload.
  if (size > 0 && size <= busbar::record_size_max) {
    busbar::RecordHeader header;
    header.sequence = size;
    header.kind = static_cast<std::uint8_t>(busbar::RecordKind::Input);
    busbar::Bytes log;
    busbar::append_frame(log, header, {data, size});
    const auto frame = busbar::read_frame(log);
    if (!frame || !std::equal(frame->record.payload.begin(), frame->record.payload.end(), data, data + size)) std::abort();
  }
  return 0;
}
