// alter_journal DIRECTORY COPY N: writes a copy of stream `core` in which the Nth order sent (from 0) is another, and
// all that hangs on it is right again: checksums, the chain, heads signed with a key of its own. Prints the altered
// record's sequence. What a forger with the disk, but without the signing key and without the core, could do.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "audit/journal.hpp"
#include "bus/codec.hpp"

namespace {

using namespace busbar;

// A quantity grows by its last digit: any change would do that still reads well.
bool alter(Body& body) {
  if (auto* place = std::get_if<PlaceCommand>(&body); place && place->order.order_qty) {
    const Decimal old = *place->order.order_qty;
    place->order.order_qty = Decimal{old.mantissa() + 1, old.exponent()};
    return true;
  }
  return false;
}

Bytes altered(std::span<const std::uint8_t> payload) {
  auto message = decode(payload);
  auto* output = message ? std::get_if<Output>(&message->body) : nullptr;
  if (!output) return {};
  auto inner = decode(output->message);
  if (!inner || !alter(inner->body)) return {};
  output->message = encode(*inner);
  return encode(*message);
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text);
  return std::move(*result);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) throw std::runtime_error("usage: alter_journal DIRECTORY COPY NTH");
  auto from = must(audit::JournalReader::open(argv[1]));
  auto to = must(audit::JournalWriter::open(
      {.directory = argv[2], .stream = "core", .segment_bytes = 256u << 20, .head_file = {}, .on_head = {}}));
  std::uint64_t changed = 0;
  int wanted = std::atoi(argv[3]);
  std::string failure;
  const auto done = from.read(0, from.last_sequence(), [&](const audit::JournalRecord& entry) {
    Bytes frame{entry.frame.begin(), entry.frame.end()};
    if (changed == 0 && entry.record.kind() == RecordKind::Output) {
      if (const Bytes payload = altered(entry.record.payload); !payload.empty() && wanted-- == 0) {
        RecordHeader header = entry.record.header;
        header.size = static_cast<std::uint32_t>(payload.size());
        frame.clear();
        append_frame(frame, header, payload);
        changed = entry.record.header.sequence;
      }
    }
    const audit::Entry copy{frame, {}, 0};
    if (const auto appended = to.append({&copy, 1}); !appended) failure = appended.error().text;
    return failure.empty();
  });
  if (!done) throw std::runtime_error(done.error().text);
  if (!failure.empty()) throw std::runtime_error(failure);
  if (const auto head = to.sign_head(); !head) throw std::runtime_error(head.error().text);
  if (changed == 0) throw std::runtime_error("no decision that could be altered");
  std::printf("%llu\n", static_cast<unsigned long long>(changed));
  return EXIT_SUCCESS;
} catch (const std::exception& error) {
  std::fprintf(stderr, "alter_journal: %s\n", error.what());
  return EXIT_FAILURE;
}
