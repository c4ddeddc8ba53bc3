#include "bus/record.hpp"

#include <cstring>

#include <gtest/gtest.h>

#include "tests/unit/bus/random.hpp"

namespace busbar {
namespace {

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

RecordHeader header_of(std::uint64_t sequence) {
  RecordHeader header;
  header.sequence = sequence;
  header.time_ns = 1;
  header.wall_ns = 2;
  header.kind = static_cast<std::uint8_t>(RecordKind::Input);
  return header;
}

TEST(Crc32c, GivesThePublishedValues) {  // RFC 3720, B.4, and the check value of every catalogue
  EXPECT_EQ(crc32c(0, bytes_of("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c(0, Bytes(32, 0)), 0x8A9136AAu);
  EXPECT_EQ(crc32c(0, Bytes(32, 0xFF)), 0x62A8AB43u);
  EXPECT_EQ(crc32c(crc32c(0, bytes_of("12345")), bytes_of("6789")), 0xE3069283u);
}

TEST(Record, ComesBackAsItWasWritten) {
  Bytes log;
  append_frame(log, header_of(7), bytes_of("hello"));
  append_frame(log, header_of(8), bytes_of("12345678"));
  ASSERT_EQ(log.size(), frame_size(5) + frame_size(8));
  const auto first = read_frame(log);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->record.header.sequence, 7u);
  EXPECT_EQ(first->record.kind(), RecordKind::Input);
  EXPECT_EQ(first->record.payload.size(), 5u);
  const auto second = read_frame(std::span{log}.subspan(first->size));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->record.header.sequence, 8u);
  EXPECT_EQ(std::memcmp(second->record.payload.data(), "12345678", 8), 0);
}

TEST(Record, IsTheSameHoweverItGotItsNumber) {
  Random random;
  BUSBAR_TRACE_SEED(random);
  Bytes at_once, later, again;
  for (std::uint64_t sequence = 1; sequence <= 300; ++sequence) {
    Bytes payload(static_cast<std::size_t>(random.between(1, 300)));
    for (auto& byte : payload) byte = static_cast<std::uint8_t>(random.bits());
    append_frame(at_once, header_of(sequence), payload);
    append_unnumbered(later, header_of(0), payload);
  }
  ASSERT_FALSE(read_frame(later)) << "without its number it is no record";
  std::span<std::uint8_t> rest{later};
  for (std::uint64_t sequence = 1; sequence <= 300; ++sequence) rest = rest.subspan(number_frame(rest, sequence));
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(later, at_once);

  Bytes far;
  std::span<const std::uint8_t> frames{at_once};
  for (std::uint64_t sequence = 1; sequence <= 300; ++sequence) {
    const auto frame = append_renumbered(far, frames, sequence + 1'000'000);
    ASSERT_TRUE(frame) << frame.error().text;
    EXPECT_EQ(frame->record.header.sequence, sequence) << "as it came";
    frames = frames.subspan(frame->size);
  }
  frames = far;
  for (std::uint64_t sequence = 1; sequence <= 300; ++sequence) {
    const auto frame = append_renumbered(again, frames, sequence);
    ASSERT_TRUE(frame) << frame.error().text;
    frames = frames.subspan(frame->size);
  }
  EXPECT_EQ(again, at_once);
}

TEST(Record, ZerosAndNothingAreTheEnd) {
  EXPECT_TRUE(is_end(read_frame({}).error()));
  EXPECT_TRUE(is_end(read_frame(Bytes(4096, 0)).error()));
  EXPECT_TRUE(is_end(read_frame(Bytes(8, 0)).error()));
}

TEST(Record, AnyChangedBitAnywhereIsFound) {
  Random random;
  BUSBAR_TRACE_SEED(random);
  Bytes payload(static_cast<std::size_t>(random.between(1, 40)));
  for (auto& byte : payload) byte = static_cast<std::uint8_t>(random.bits());
  Bytes frame;
  append_frame(frame, header_of(1), payload);
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    Bytes changed = frame;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    const auto read = read_frame(changed);
    ASSERT_FALSE(read) << "bit " << bit;
    ASSERT_FALSE(is_end(read.error()));
    Bytes renumbered{1, 2, 3};
    const auto again = append_renumbered(renumbered, changed, 5);
    ASSERT_FALSE(again) << "bit " << bit;
    ASSERT_EQ(again.error().text, read.error().text);
    ASSERT_EQ(renumbered, (Bytes{1, 2, 3}));
  }
  for (std::size_t size = 1; size < frame.size(); ++size) ASSERT_FALSE(read_frame(std::span{frame}.first(size))) << size;
}

TEST(Record, NamesWhatIsWrong) {
  const auto error_of = [](const auto& change) {
    RecordHeader header = header_of(3);
    change(header);
    Bytes frame;
    append_frame(frame, header, bytes_of("x"));
    return read_frame(frame).error().text;
  };
  EXPECT_EQ(error_of([](RecordHeader& header) { header.sequence = 0; }), "record.sequence: 0 is no sequence");
  EXPECT_EQ(error_of([](RecordHeader& header) { header.kind = 9; }), "record 3.kind: 9 is not a RecordKind");
  Bytes frame;
  append_frame(frame, header_of(3), bytes_of("x"));
  frame[40] ^= 1;
  EXPECT_EQ(read_frame(frame).error().text, "record 3: the checksum does not match its bytes");
}

TEST(Record, WhatHasBeenCheckedIsSparedItsChecksumAndNothingElse) {
  Bytes frame;
  append_frame(frame, header_of(3), bytes_of("x"));
  frame[40] ^= 1;
  ASSERT_TRUE(read_frame(frame, true));
  frame.resize(frame.size() - 1);
  EXPECT_FALSE(read_frame(frame, true)) << "too short is too short";
}

}  // namespace
}  // namespace busbar
