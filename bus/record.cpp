#include "bus/record.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace busbar {
namespace {

constexpr std::array<std::uint32_t, 256> make_crc_table() {
  constexpr std::uint32_t castagnoli_reflected = 0x82F63B78;
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? castagnoli_reflected : 0);
    table[i] = value;
  }
  return table;
}

std::uint32_t crc32c_table(std::uint32_t crc, std::span<const std::uint8_t> bytes) {
  static constexpr auto table = make_crc_table();
  for (const std::uint8_t byte : bytes) crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF];
  return crc;
}

#if defined(__x86_64__)
bool has_instruction() {
  static const bool has = __builtin_cpu_supports("sse4.2") != 0;
  return has;
}

__attribute__((target("sse4.2"))) std::uint32_t crc32c_instruction(std::uint32_t crc, std::span<const std::uint8_t> bytes) {
  std::uint64_t wide = crc;
  const auto word_at = [&bytes](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    return word;
  };
  for (; bytes.size() >= 32; bytes = bytes.subspan(32)) {
    wide = _mm_crc32_u64(wide, word_at(0));
    wide = _mm_crc32_u64(wide, word_at(8));
    wide = _mm_crc32_u64(wide, word_at(16));
    wide = _mm_crc32_u64(wide, word_at(24));
  }
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) wide = _mm_crc32_u64(wide, word_at(0));
  auto narrow = static_cast<std::uint32_t>(wide);
  for (const std::uint8_t byte : bytes) narrow = _mm_crc32_u8(narrow, byte);
  return narrow;
}

// The same bytes after two different beginnings. One instruction waits for the one before, so the second costs next to nothing.
__attribute__((target("sse4.2"))) void crc32c_instruction(std::uint32_t& first, std::uint32_t& second,
                                                          std::span<const std::uint8_t> bytes) {
  std::uint64_t wide_first = first;
  std::uint64_t wide_second = second;
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    wide_first = _mm_crc32_u64(wide_first, word);
    wide_second = _mm_crc32_u64(wide_second, word);
  }
  first = static_cast<std::uint32_t>(wide_first);
  second = static_cast<std::uint32_t>(wide_second);
  for (const std::uint8_t byte : bytes) {
    first = _mm_crc32_u8(first, byte);
    second = _mm_crc32_u8(second, byte);
  }
}
#endif

std::uint32_t checksum(RecordHeader header) {
  header.crc = 0;
  std::array<std::uint8_t, sizeof header> bytes{};
  std::memcpy(bytes.data(), &header, sizeof header);
  return crc32c(0, bytes);
}

std::uint32_t checksum(const RecordHeader& header, std::span<const std::uint8_t> payload) {
  return crc32c(checksum(header), payload);
}

// Both go on with the same bytes.
void crc32c_both(std::uint32_t& first, std::uint32_t& second, std::span<const std::uint8_t> bytes) {
#if defined(__x86_64__)
  if (has_instruction()) {
    first = ~first;
    second = ~second;
    crc32c_instruction(first, second, bytes);
    first = ~first;
    second = ~second;
    return;
  }
#endif
  first = crc32c(first, bytes);
  second = crc32c(second, bytes);
}

RecordHeader header_of(std::span<const std::uint8_t> frame) {
  RecordHeader header;
  std::memcpy(&header, frame.data(), sizeof header);
  return header;
}

void append(Bytes& out, const RecordHeader& header, std::span<const std::uint8_t> payload) {
  const auto* head = reinterpret_cast<const std::uint8_t*>(&header);
  out.insert(out.end(), head, head + sizeof header);
  out.insert(out.end(), payload.begin(), payload.end());
  out.insert(out.end(), frame_size(payload.size()) - sizeof header - payload.size(), 0);
}

bool is_zero(std::span<const std::uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

Error bad(std::string text) { return {ErrorCode::InvalidMessage, std::move(text)}; }

}  // namespace

std::uint32_t crc32c(std::uint32_t crc, std::span<const std::uint8_t> bytes) {
#if defined(__x86_64__)
  if (has_instruction()) return ~crc32c_instruction(~crc, bytes);
#endif
  return ~crc32c_table(~crc, bytes);
}

void append_frame(Bytes& out, const RecordHeader& header, std::span<const std::uint8_t> payload) {
  RecordHeader sealed = header;
  sealed.size = static_cast<std::uint32_t>(payload.size());
  sealed.crc = checksum(sealed, payload);
  append(out, sealed, payload);
}

void append_unnumbered(Bytes& out, const RecordHeader& header, std::span<const std::uint8_t> payload) {
  RecordHeader sized = header;
  sized.size = static_cast<std::uint32_t>(payload.size());
  append(out, sized, payload);
}

std::size_t number_frame(std::span<std::uint8_t> bytes, std::uint64_t sequence) {
  RecordHeader header = header_of(bytes);
  header.sequence = sequence;
  header.crc = checksum(header, bytes.subspan(sizeof header, header.size));
  std::memcpy(bytes.data(), &header, sizeof header);
  return frame_size(header.size);
}

bool is_end(const Error& error) { return error.text == "end"; }

Result<Frame> read_frame(std::span<const std::uint8_t> bytes, bool has_been_checked) {
  if (bytes.empty() || is_zero(bytes.first(std::min(bytes.size(), sizeof(RecordHeader))))) return bad("end");
  if (bytes.size() < sizeof(RecordHeader)) {
    return bad("record: " + std::to_string(bytes.size()) + " bytes are too short for a header");
  }
  Frame frame{};
  const RecordHeader& header = frame.record.header = header_of(bytes);
  if (header.size == 0 || header.size > record_size_max) {
    return bad("record.size: " + std::to_string(header.size) + " is not 1 to " + std::to_string(record_size_max));
  }
  frame.size = frame_size(header.size);
  if (frame.size > bytes.size()) {
    return bad("record: " + std::to_string(bytes.size()) + " bytes are too short for a frame of " + std::to_string(frame.size));
  }
  frame.record.payload = bytes.subspan(sizeof header, header.size);
  const auto padding = bytes.subspan(sizeof header + header.size, frame.size - sizeof header - header.size);
  if (!has_been_checked && (header.crc != checksum(header, frame.record.payload) || !is_zero(padding))) {
    return bad("record " + std::to_string(header.sequence) + ": the checksum does not match its bytes");
  }
  if (header.sequence == 0) return bad("record.sequence: 0 is no sequence");
  if (header.kind == 0 || header.kind > static_cast<std::uint8_t>(RecordKind::Unread)) {
    return bad("record " + std::to_string(header.sequence) + ".kind: " + std::to_string(header.kind) + " is not a RecordKind");
  }
  return frame;
}

Result<Frame> append_renumbered(Bytes& out, std::span<const std::uint8_t> bytes, std::uint64_t sequence) {
  const auto frame = read_frame(bytes, true);
  if (!frame) return read_frame(bytes);  // which says first what is wrong first
  RecordHeader header = frame->record.header;
  header.sequence = sequence;
  std::uint32_t came_with = checksum(frame->record.header);
  header.crc = checksum(header);
  crc32c_both(came_with, header.crc, frame->record.payload);
  const auto padding = bytes.first(frame->size).subspan(sizeof header + header.size);
  if (came_with != frame->record.header.crc || !is_zero(padding)) return read_frame(bytes);
  append(out, header, frame->record.payload);
  return frame;
}

}  // namespace busbar
