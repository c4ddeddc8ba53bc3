#pragma once
// How a record stands in the router's log, travels to the archive and lies in the journal: one frame, one format.
// A frame is this header, little-endian, then `size` bytes, then zeros to a multiple of 8.

#include <cstddef>
#include <cstdint>
#include <span>

#include "bus/messages.hpp"

namespace busbar {

enum class RecordKind : std::uint8_t {
  Invalid = 0,
  Input = 1,   // something the core was told: payload is a bus Message as it arrived, or as the shell wrote it
  Output = 2,  // something the core decided: payload is a bus Message whose body is wire::Output
  Market = 3,  // a market-data message, stream `market`
  Tape = 4,    // a Tape message, stream `tape`
  Unread = 5,  // stream `core`: a message of a later schema, as it arrived. It was refused; a build that knows it can read it
};

struct RecordHeader {
  std::uint32_t size = 0;     // of the payload, 1 to record_size_max
  std::uint32_t crc = 0;      // CRC32C over the header with crc = 0, then the payload
  std::uint64_t sequence = 0; // dense in its stream, from 1
  std::int64_t time_ns = 0;   // record time: never goes back, advances with CLOCK_BOOTTIME
  std::int64_t wall_ns = 0;   // the wall clock at that moment
  std::uint8_t kind = 0;      // RecordKind
  std::uint8_t reserved[7] = {};
};
static_assert(sizeof(RecordHeader) == 40);

struct Record {
  RecordHeader header;
  std::span<const std::uint8_t> payload;  // owned by whoever handed it over
  RecordKind kind() const { return static_cast<RecordKind>(header.kind); }
};

inline constexpr std::size_t record_size_max = (1 << 20) + 4096;  // a message of the largest size, wrapped in an Output

// Castagnoli; starts from 0, and continues from the value before.
std::uint32_t crc32c(std::uint32_t crc, std::span<const std::uint8_t> bytes);

constexpr std::size_t frame_size(std::size_t payload) { return sizeof(RecordHeader) + ((payload + 7) & ~std::size_t{7}); }

// Appends one frame to `out`, computing the checksum.
void append_frame(Bytes& out, const RecordHeader& header, std::span<const std::uint8_t> payload);
// The same of a record whose sequence is not known yet: with neither sequence nor checksum, until number_frame() gives it both.
void append_unnumbered(Bytes& out, const RecordHeader& header, std::span<const std::uint8_t> payload);
// Of a frame that lies at the start of `bytes` and was appended here. The size of the frame.
std::size_t number_frame(std::span<std::uint8_t> bytes, std::uint64_t sequence);

// Reads the frame at the start of `bytes`. InvalidMessage names what is wrong: short, size, checksum, sequence 0, kind.
// Nothing, or zeros where a header should be, is the end: not damage, and is_end() tells the two apart.
struct Frame {
  Record record;
  std::size_t size;  // whole frame
};
// What has been checked, or will be by whoever gets it, is spared its checksum.
Result<Frame> read_frame(std::span<const std::uint8_t> bytes, bool has_been_checked = false);
// Reads the frame at the start of `bytes`, and appends it to `out` under another sequence. What is wrong with it is not appended.
// Both checksums, the one it came with and the one it gets, are taken in one pass. The frame returned is the one that came.
Result<Frame> append_renumbered(Bytes& out, std::span<const std::uint8_t> bytes, std::uint64_t sequence);
bool is_end(const Error& error);

}  // namespace busbar
