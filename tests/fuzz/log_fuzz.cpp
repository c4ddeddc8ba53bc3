// A router's log after any damage: what it opens with is the records that were written, without a gap from the first on, or
// it does not open and says why. The bytes are the damage: where, and what stands there now.

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "bus/record.hpp"
#include "router/log.hpp"
#include "tests/unit/bus/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace busbar;
using namespace busbar::router;

namespace {

constexpr std::uint64_t records = 40;

Bytes payload_of(std::uint64_t sequence) { return Bytes(20 + sequence * 7 % 300, static_cast<std::uint8_t>(sequence)); }

LogOptions options_of(const fs::path& directory) {
  return {.directory = directory,
          .segment_bytes = log_segment_bytes_min,
          .limit_bytes = 3 * log_segment_bytes_min,
          .on_failure = [](const std::string&) { std::abort(); }};
}

// A log as a router leaves it: name and bytes of its one segment.
struct Whole {
  std::string name;
  std::string bytes;
  std::size_t used = 16u << 10;  // where records stand, and a little behind them
};

Whole make_whole() {
  const TemporaryDirectory directory;
  {
    Log log{options_of(directory.path())};
    for (std::uint64_t i = 1; i <= records; ++i) {
      log.append(RecordKind::Input, static_cast<Timestamp>(i), static_cast<Timestamp>(i), payload_of(i));
      if (i % 3 == 0) log.commit();
    }
    log.close();
  }
  for (const auto& entry : fs::directory_iterator{directory.path()}) {
    std::ifstream in{entry.path(), std::ios::binary};
    std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    if (bytes.find(static_cast<char>(records)) != bytes.npos && bytes.size() >= log_segment_bytes_min / 2) {
      return {entry.path().filename().string(), std::move(bytes)};
    }
  }
  std::abort();
}

void check_records(const fs::path& directory, const Log& log) {
  LogReader reader{directory};
  const std::uint64_t last = log.last_sequence();
  if (last > records) std::abort();
  if (last == 0) return;
  const auto chunk = reader.read(1, last, 1u << 20);
  if (!chunk || chunk->first_sequence != 1 || chunk->count != last) std::abort();
  std::span<const std::uint8_t> rest = chunk->frames;
  for (std::uint64_t i = 1; i <= last; ++i) {
    const auto frame = read_frame(rest);
    if (!frame || frame->record.header.sequence != i) std::abort();
    const Bytes written = payload_of(i);
    if (!std::equal(written.begin(), written.end(), frame->record.payload.begin(), frame->record.payload.end())) std::abort();
    rest = rest.subspan(frame->size);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Whole whole = make_whole();
  std::string bytes = whole.bytes;
  for (std::size_t at = 0; at + 3 <= size; at += 3) {
    const std::size_t place = data[at] | std::size_t{data[at + 1]} << 8;
    bytes[place % std::min(whole.used, bytes.size())] = static_cast<char>(data[at + 2]);
  }
  if (size % 3 == 1) bytes.resize(std::min<std::size_t>(bytes.size(), std::size_t{data[size - 1]} * 4096));
  const TemporaryDirectory directory;
  std::ofstream{directory.path() / whole.name, std::ios::binary}.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  try {
    const Log log{options_of(directory.path())};
    check_records(directory.path(), log);
  } catch (const std::runtime_error& error) {
    if (*error.what() == '\0') std::abort();
  }
  return 0;
}
