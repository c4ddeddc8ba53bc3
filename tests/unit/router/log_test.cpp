#include "router/log.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

namespace busbar::router {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "router_log_XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

LogOptions small(const fs::path& directory) {
  return {.directory = directory, .segment_bytes = 64 << 10, .limit_bytes = 4 * (64 << 10), .on_failure = {}};
}

Bytes payload(std::uint64_t seed, std::size_t size) {
  std::mt19937_64 random{seed};
  Bytes bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

std::uint64_t append(Log& log, std::size_t size = 100) {
  const std::uint64_t sequence = log.last_sequence() + 1;
  return log.append(RecordKind::Input, static_cast<Timestamp>(sequence * 10), static_cast<Timestamp>(sequence),
                    payload(sequence, size));
}

// Waits for the commit thread as the loop does: by its event file.
void wait_durable(const Log& log, std::uint64_t sequence) {
  while (log.durable_sequence() < sequence) {
    pollfd waiting{log.event_file(), POLLIN, 0};
    ASSERT_EQ(::poll(&waiting, 1, 10'000), 1) << "not durable after 10 s: " << sequence;
    std::uint64_t count = 0;
    [[maybe_unused]] const auto size = ::read(log.event_file(), &count, sizeof count);
  }
}

void write_durably(Log& log, int records, std::size_t size = 100) {
  for (int i = 0; i < records; ++i) {
    append(log, size);
    log.commit();
    wait_durable(log, log.last_sequence());
  }
}

// Reads everything and compares it with what append() wrote.
void expect_records(const fs::path& directory, std::uint64_t first, std::uint64_t last, std::size_t size = 100) {
  LogReader reader{directory};
  std::uint64_t expected = first;
  while (expected <= last) {
    const auto chunk = reader.read(expected, last, 10'000);
    ASSERT_TRUE(chunk) << chunk.error().text;
    ASSERT_EQ(chunk->first_sequence, expected);
    std::span<const std::uint8_t> rest = chunk->frames;
    for (std::uint32_t i = 0; i < chunk->count; ++i, ++expected) {
      const auto frame = read_frame(rest);
      ASSERT_TRUE(frame) << frame.error().text;
      ASSERT_EQ(frame->record.header.sequence, expected);
      ASSERT_EQ(frame->record.header.time_ns, static_cast<Timestamp>(expected * 10));
      const Bytes wanted = payload(expected, size);
      ASSERT_TRUE(std::equal(wanted.begin(), wanted.end(), frame->record.payload.begin(), frame->record.payload.end()));
      rest = rest.subspan(frame->size);
    }
    ASSERT_TRUE(rest.empty());
  }
}

Bytes read_file(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

void write_file(const fs::path& path, const Bytes& bytes) {
  std::ofstream out{path, std::ios::binary};
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

fs::path segment(const fs::path& directory, std::uint64_t first) {
  std::string name = std::to_string(first);
  return directory / (std::string(20 - name.size(), '0') + name + ".log");
}

void patch(const fs::path& path, std::size_t offset, std::uint8_t byte) {
  std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(static_cast<char>(byte));
}

// For tests that open a log hundreds of times and care for bytes, not for power cuts.
class QuickDisk : public Disk {
 public:
  int fdatasync(int) override { return 0; }
};

std::size_t end_of_data(const Bytes& bytes) {
  std::size_t end = bytes.size();
  while (end > 0 && bytes[end - 1] == 0) --end;
  return end;
}

std::string refusal(const fs::path& directory) {
  try {
    QuickDisk disk;
    Log log{small(directory), disk};
    return {};
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

TEST(Log, GivesBackWhatWasDurable) {
  Folder folder;
  {
    Log log{small(folder.path())};
    EXPECT_EQ(log.last_sequence(), 0u);
    write_durably(log, 20);
    expect_records(folder.path(), 1, 20);
  }
  Log log{small(folder.path())};
  EXPECT_EQ(log.last_sequence(), 20u);
  EXPECT_EQ(log.last_time_ns(), 200);
  EXPECT_EQ(log.durable_sequence(), 20u);
  EXPECT_EQ(log.cut_bytes(), 0u);
  write_durably(log, 5);
  expect_records(folder.path(), 1, 25);
}

TEST(Log, WhatWasNotHandedOverIsNotThere) {
  Folder folder;
  {
    Log log{small(folder.path())};
    write_durably(log, 3);
    append(log);
  }
  Log log{small(folder.path())};
  EXPECT_EQ(log.last_sequence(), 3u);
}

TEST(Log, CutsATornTailAtEveryByteOfTheLastBatch) {
  Folder folder;
  {
    Log log{small(folder.path())};
    write_durably(log, 3);
    append(log);
    append(log);
    log.commit();
    wait_durable(log, 5);
  }
  const fs::path file = segment(folder.path(), 1);
  const Bytes whole = read_file(file);
  const std::size_t end = end_of_data(whole);
  const std::size_t batch = 32 + 2 * frame_size(100);
  QuickDisk disk;
  for (std::size_t cut = end - 1; cut > end - batch; --cut) {
    Bytes torn = whole;
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(cut), torn.end(), std::uint8_t{0});
    if (torn == whole) continue;  // the byte was zero anyway
    write_file(file, torn);
    {
      Log log{small(folder.path()), disk};
      ASSERT_EQ(log.last_sequence(), 3u) << "cut at " << cut;
      write_durably(log, 1);
    }
    Log again{small(folder.path()), disk};
    ASSERT_EQ(again.last_sequence(), 4u) << "cut at " << cut;
    expect_records(folder.path(), 1, 4);
  }
}

TEST(Log, CutsALastBatchWhoseFirstSectorIsMissing) {
  Folder folder;
  {
    Log log{small(folder.path())};
    write_durably(log, 3);
    for (int i = 0; i < 20; ++i) append(log);
    log.commit();
    wait_durable(log, 23);
  }
  const fs::path file = segment(folder.path(), 1);
  Bytes bytes = read_file(file);
  const std::size_t start = 64 + 3 * (32 + frame_size(100));
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(start), 512, std::uint8_t{0});
  write_file(file, bytes);
  {
    Log log{small(folder.path())};
    EXPECT_EQ(log.last_sequence(), 3u);
    EXPECT_GT(log.cut_bytes(), 0u);
    write_durably(log, 30);
  }
  Log log{small(folder.path())};
  expect_records(folder.path(), 1, 33);
}

TEST(Log, NamesFileAndOffsetOfDamageBeforeTheTail) {
  Folder folder;
  {
    Log log{small(folder.path())};
    write_durably(log, 10);
    log.close();
  }
  const fs::path file = segment(folder.path(), 1);
  const Bytes whole = read_file(file);
  const std::size_t end = end_of_data(whole);
  for (std::size_t at = 0; at < end - 32; ++at) {
    if (at == 20) at = 64;  // the reserved bytes of the segment header are under its checksum too, but say nothing
    patch(file, at, whole[at] ^ 0x10);
    const std::string text = refusal(folder.path());
    ASSERT_NE(text.find(file.string()), std::string::npos) << "byte " << at << ": " << text;
    ASSERT_NE(text.find("offset "), std::string::npos) << text;
    patch(file, at, whole[at]);
  }
  EXPECT_EQ(refusal(folder.path()), "");
}

TEST(Log, ABatchInAPayloadIsNoBatch) {
  // A client's bytes that look like a batch header, but for the salt, must not turn a torn tail into damage.
  Folder folder;
  {
    Log log{small(folder.path())};
    write_durably(log, 2);
    struct {
      std::uint32_t magic = 0x48435442;
      std::uint32_t count = 0, size = 0, crc = 0;
      std::uint64_t first_sequence = 4, salt = 0;
    } header;
    Bytes forged(sizeof header);
    std::memcpy(forged.data(), &header, sizeof header);
    header.crc = crc32c(0, forged);
    std::memcpy(forged.data(), &header, sizeof header);
    log.append(RecordKind::Input, 30, 3, forged);
    log.commit();
    wait_durable(log, 3);
  }
  const fs::path file = segment(folder.path(), 1);
  Bytes bytes = read_file(file);
  bytes[64 + 2 * (32 + frame_size(100)) + 4] ^= 1;
  write_file(file, bytes);
  Log log{small(folder.path())};
  EXPECT_EQ(log.last_sequence(), 2u);
}

TEST(Log, RollsOverManySegmentsAndReadsAcrossThem) {
  Folder folder;
  {
    Log log{small(folder.path())};
    for (int i = 0; i < 50; ++i) {
      for (int k = 0; k < 10; ++k) append(log, 700);
      log.commit();
      if (i % 10 == 9) wait_durable(log, log.last_sequence());
      log.set_audited(log.durable_sequence() > 150 ? log.durable_sequence() - 150 : 0);
    }
    wait_durable(log, 500);
    EXPECT_GT(log.first_sequence(), 1u);
    expect_records(folder.path(), log.first_sequence(), 500, 700);
  }
  Log log{small(folder.path())};
  EXPECT_EQ(log.last_sequence(), 500u);
  expect_records(folder.path(), log.first_sequence(), 500, 700);
}

TEST(Log, KeepsASegmentUntilTheArchiveHasAllOfIt) {
  Folder folder;
  Log log{small(folder.path())};
  do {
    write_durably(log, 1, 700);
  } while (log.last_sequence() == 1 || !fs::exists(segment(folder.path(), log.last_sequence())));
  const std::uint64_t second = log.last_sequence();
  log.set_audited(second - 2);
  EXPECT_EQ(log.first_sequence(), 1u);
  log.set_audited(second - 1);
  EXPECT_EQ(log.first_sequence(), second);
  write_durably(log, 1, 700);
  write_durably(log, 1, 700);
  EXPECT_FALSE(fs::exists(segment(folder.path(), 1)));
  LogReader reader{folder.path()};
  const auto gone = reader.read(1, 1, 1000);
  ASSERT_FALSE(gone);
  EXPECT_NE(gone.error().text.find("does not hold record 1"), std::string::npos) << gone.error().text;
}

TEST(Log, WarnsThenRefusesOrdersThenTakesThemAgain) {
  Folder folder;
  Log log{small(folder.path())};
  std::uint64_t filling = 0;
  std::uint64_t refusing = 0;
  while (log.accepts_orders()) {
    append(log, 700);
    if (filling == 0 && log.is_filling()) filling = log.used_bytes();
    refusing = log.used_bytes();
  }
  EXPECT_GE(filling, log.limit_bytes() / 100 * 80);
  EXPECT_LE(filling, log.limit_bytes() / 100 * 81);
  EXPECT_GE(refusing, log.limit_bytes() / 100 * 95);
  EXPECT_LE(refusing, log.limit_bytes() / 100 * 96);
  // Cancels and reports still fit, even beyond the limit while the disk has room.
  for (int i = 0; i < 100; ++i) append(log, 700);
  log.commit();
  wait_durable(log, log.last_sequence());
  EXPECT_FALSE(log.accepts_orders());
  log.set_audited(log.durable_sequence());
  EXPECT_TRUE(log.accepts_orders());
  EXPECT_FALSE(log.is_filling());
}

// The archive's feed takes batches as they stand; whatever bounds it is given, it gets what one gets who looks at each record.
TEST(LogReader, GivesTheSameRecordsWithoutLookingAtThem) {
  Folder folder;
  Log log{small(folder.path())};
  for (const int records : {5, 1, 7, 3}) {
    for (int i = 0; i < records; ++i) append(log, 100);
    log.commit();
    wait_durable(log, log.last_sequence());
  }
  constexpr std::uint64_t last = 16;
  ASSERT_EQ(log.last_sequence(), last);
  const auto read_all = [&](bool checks, std::uint64_t first, std::uint64_t through, std::size_t bytes_max, std::size_t room) {
    LogReader reader{folder.path(), checks};
    Bytes all;
    while (first <= through) {
      const auto chunk = reader.read(first, through, bytes_max, {}, room);
      EXPECT_TRUE(chunk) << chunk.error().text;
      if (!chunk) break;
      EXPECT_EQ(chunk->first_sequence, first);
      EXPECT_GE(chunk->frames.size(), room);
      EXPECT_TRUE(chunk->count == 1 || chunk->frames.size() - room <= bytes_max);
      all.insert(all.end(), chunk->frames.begin() + static_cast<std::ptrdiff_t>(room), chunk->frames.end());
      first += chunk->count;
    }
    EXPECT_EQ(first, through + 1);
    return all;
  };
  for (std::uint64_t first = 1; first <= last; ++first) {
    for (std::uint64_t through = first; through <= last; ++through) {
      for (const std::size_t bytes_max : {1, 400, 1000, 10'000}) {
        ASSERT_EQ(read_all(false, first, through, bytes_max, 512), read_all(true, first, through, bytes_max, 0))
            << first << " to " << through << ", " << bytes_max;
      }
    }
  }
}

TEST(Log, RefusesASecondOpener) {
  Folder folder;
  Log log{small(folder.path())};
  EXPECT_NE(refusal(folder.path()).find("another router has this log open"), std::string::npos);
}

TEST(Log, RefusesAMissingSegment) {
  Folder folder;
  {
    Log log{small(folder.path())};
    for (int i = 0; i < 30; ++i) write_durably(log, 10, 700);
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator{folder.path()}) {
    if (entry.path().extension() == ".log") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_GE(files.size(), 3u);
  fs::remove(files[1]);
  EXPECT_NE(refusal(folder.path()).find("records are missing"), std::string::npos);
}

TEST(Log, StartsAnewBehindTheArchive) {
  Folder folder;
  {
    Log log{small(folder.path())};
    write_durably(log, 3);
  }
  {
    Log log{small(folder.path())};
    log.restart(100);
    EXPECT_EQ(log.last_sequence(), 99u);
    EXPECT_EQ(append(log), 100u);
    log.commit();
    wait_durable(log, 100);
  }
  Log log{small(folder.path())};
  EXPECT_EQ(log.first_sequence(), 100u);
  EXPECT_EQ(log.last_sequence(), 100u);
}

// A disk that counts, holds back, and fails when told to.
class FaultyDisk : public Disk {
 public:
  long pwrite(int file, const void* bytes, std::size_t size, std::int64_t offset) override {
    if (fails_writes) {
      errno = EIO;
      return -1;
    }
    return Disk::pwrite(file, bytes, is_short && size > 1 ? size / 2 : size, offset);
  }
  int fdatasync(int file) override {
    std::unique_lock lock{mutex_};
    ++waits_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !is_held_; });
    if (fails_syncs) {
      errno = EIO;
      return -1;
    }
    return Disk::fdatasync(file);
  }
  int allocate(int file, std::int64_t size) override { return has_no_space ? ENOSPC : Disk::allocate(file, size); }
  std::uint64_t free_bytes(const fs::path&) override { return free; }

  void hold(bool held) {
    const std::lock_guard lock{mutex_};
    is_held_ = held;
    waits_ = 0;
    changed_.notify_all();
  }
  void wait_for_sync() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return waits_ > 0; });
  }

  std::atomic<bool> fails_writes = false;
  std::atomic<bool> fails_syncs = false;
  std::atomic<bool> is_short = false;
  std::atomic<bool> has_no_space = false;
  std::atomic<std::uint64_t> free = std::uint64_t{1} << 40;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_held_ = false;
  int waits_ = 0;
};

// One segment is all there may be, so no spare is prepared and every sync is a commit's.
LogOptions single(const fs::path& directory) {
  return {.directory = directory, .segment_bytes = 1 << 20, .limit_bytes = 1 << 20, .on_failure = {}};
}

TEST(Log, AFloodSharesOneSync) {
  Folder folder;
  FaultyDisk disk;
  Log log{single(folder.path()), disk};
  disk.hold(true);
  append(log);
  log.commit();
  disk.wait_for_sync();
  for (int i = 0; i < 1000; ++i) {
    append(log);
    log.commit();
  }
  EXPECT_EQ(log.durable_sequence(), 0u);
  disk.hold(false);
  wait_durable(log, 1001);
  EXPECT_EQ(log.commits(), 2u);
}

TEST(Log, NothingIsDurableAfterAFailure) {
  for (const bool by_sync : {false, true}) {
    Folder folder;
    FaultyDisk disk;
    std::mutex mutex;
    std::condition_variable told;
    std::string what;
    LogOptions options = single(folder.path());
    options.on_failure = [&](const std::string& text) {
      const std::lock_guard lock{mutex};
      what = text;
      told.notify_all();
    };
    {
      Log log{options, disk};
      write_durably(log, 2);
      (by_sync ? disk.fails_syncs : disk.fails_writes) = true;
      append(log);
      log.commit();
      {
        std::unique_lock lock{mutex};
        told.wait(lock, [&] { return !what.empty(); });
      }
      EXPECT_NE(what.find(by_sync ? "fdatasync" : "pwrite"), std::string::npos) << what;
      (by_sync ? disk.fails_syncs : disk.fails_writes) = false;
      append(log);
      log.commit();
      log.close();
      EXPECT_EQ(log.durable_sequence(), 2u);
    }
    Log log{options, disk};
    EXPECT_GE(log.last_sequence(), 2u);
    expect_records(folder.path(), 1, log.last_sequence());
  }
}

TEST(Log, EndsTheProcessWhenASyncFails) {
  Folder folder;
  const auto fail = [&] {
    FaultyDisk disk;
    Log log{single(folder.path()), disk};
    disk.fails_syncs = true;
    append(log);
    log.commit();
    log.close();
  };
  EXPECT_EXIT(fail(), testing::ExitedWithCode(EXIT_FAILURE), "fdatasync .*Input/output error");
}

TEST(Log, WritesWhatAShortWriteLeft) {
  Folder folder;
  FaultyDisk disk;
  disk.is_short = true;
  {
    Log log{single(folder.path()), disk};
    write_durably(log, 10);
    disk.is_short = false;
  }
  Log log{single(folder.path())};
  EXPECT_EQ(log.last_sequence(), 10u);
}

TEST(Log, AFullDiskRefusesOrdersFirstAndRecovers) {
  Folder folder;
  FaultyDisk disk;
  Log log{{.directory = folder.path(), .segment_bytes = 64 << 10, .limit_bytes = 100 * (64 << 10), .on_failure = {}},
          disk};
  disk.has_no_space = true;
  while (log.accepts_orders()) write_durably(log, 1, 700);
  EXPECT_FALSE(log.is_full());
  while (!log.is_full()) write_durably(log, 1, 700);
  disk.has_no_space = false;
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!log.accepts_orders() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  EXPECT_TRUE(log.accepts_orders());
}

TEST(Log, TakesNoMoreThanItsDiskHasRoomForAndSeesWhenThatChanges) {
  Folder folder;
  FaultyDisk disk;
  constexpr std::uint64_t segment_bytes = 64 << 10;
  disk.free = 9 * segment_bytes + 1000;  // beside the first segment; each that is made takes of it
  LogOptions options = small(folder.path());
  options.limit_bytes = 100 * segment_bytes;
  Log log{options, disk};
  while (!log.is_filling()) {
    write_durably(log, 1, 700);
    std::uint64_t made = 0;
    for (const auto& entry : fs::directory_iterator{folder.path()}) made += entry.file_size() / segment_bytes;
    disk.free = 10 * segment_bytes + 1000 - made * segment_bytes;
  }
  // Between two looks at the disk a segment may count twice.
  EXPECT_GE(log.used_bytes(), 10 * segment_bytes / 100 * 80);
  EXPECT_LE(log.used_bytes(), 11 * segment_bytes / 100 * 81);
  EXPECT_TRUE(log.accepts_orders());
  disk.free = 0;  // somebody else has taken the rest
  disk.has_no_space = true;
  while (log.accepts_orders() && log.used_bytes() < 12 * segment_bytes) write_durably(log, 1, 700);
  EXPECT_LT(log.used_bytes(), 11 * segment_bytes);
  disk.free = 20 * segment_bytes;
  disk.has_no_space = false;
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (log.is_filling() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  EXPECT_FALSE(log.is_filling());
  EXPECT_TRUE(log.accepts_orders());
}

TEST(Log, IsFullWhenItOwesASegment) {
  Folder folder;
  FaultyDisk disk;
  Log log{single(folder.path()), disk};
  disk.has_no_space = true;
  while (log.used_bytes() < log.limit_bytes() + 1000) append(log, 700);
  log.commit();
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!log.is_full() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
  EXPECT_TRUE(log.is_full());
  EXPECT_FALSE(log.accepts_orders());
  const std::uint64_t last = log.last_sequence();
  disk.has_no_space = false;
  wait_durable(log, last);
  EXPECT_FALSE(log.is_full());
}

TEST(Log, WaitsForSpaceWhenASegmentCannotBeHad) {
  Folder folder;
  FaultyDisk disk;
  Log log{single(folder.path()), disk};
  disk.has_no_space = true;
  while (log.used_bytes() < log.limit_bytes() + 1000) append(log, 700);  // what must be written, whatever the limit
  log.commit();
  const std::uint64_t last = log.last_sequence();
  disk.has_no_space = false;
  wait_durable(log, last);
}

}  // namespace
}  // namespace busbar::router
