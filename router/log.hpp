#pragma once
// The router's write-ahead log: framed records (bus/record.hpp) in segment files that were written once with zeros, so
// that a commit is one write and one flush. The loop appends to memory; one commit thread writes what has gathered and
// syncs it once. It keeps what the archive has not acknowledged, and leaves indexes, chains and long keeping to the
// archive.
//
// A segment %020llu.log is named by its first sequence and starts with 64 bytes {magic, salt, checksum}. Then come
// batches, one per commit: a header {magic, records, bytes, checksum, first sequence, salt} and the frames. A batch is
// only written when all before it are durable. So a batch with damage is a torn tail when no batch follows it, never
// acknowledged, and cut; else something that was durable has been lost, and opening refuses. Salts keep a client's
// bytes from posing as a batch.

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bus/record.hpp"
#include "bus/result.hpp"

namespace busbar::router {

// The calls that may fail because of the disk, handed in so that a test can make them fail. They answer as POSIX does.
class Disk {
 public:
  virtual ~Disk() = default;
  virtual long pwrite(int file, const void* bytes, std::size_t size, std::int64_t offset);
  virtual int fdatasync(int file);
  virtual int allocate(int file, std::int64_t size);  // 0 or an error number, as posix_fallocate
  virtual std::uint64_t free_bytes(const std::filesystem::path& directory);  // for us to take; no end when nobody knows
  static Disk& system();
};

class OwnedFile {
 public:
  OwnedFile() = default;
  explicit OwnedFile(int file) : file_{file} {}
  OwnedFile(OwnedFile&& other) noexcept : file_{std::exchange(other.file_, -1)} {}
  OwnedFile& operator=(OwnedFile&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~OwnedFile();
  bool is_open() const { return file_ >= 0; }
  int get() const { return file_; }

 private:
  int file_ = -1;
};

struct LogOptions {
  std::filesystem::path directory;
  std::uint64_t segment_bytes = 64u << 20;
  std::uint64_t limit_bytes = 1u << 30;
  // A write or a sync failed. After one, a later sync proves nothing: by default one line on stderr and the end of the
  // process.
  std::function<void(const std::string& what)> on_failure;
};

inline constexpr std::uint64_t log_segment_bytes_min = 1u << 20;

class Log {
 public:
  // Takes the directory for itself, verifies every record, cuts a torn tail and makes sure that the rest is on disk.
  // Throws std::runtime_error naming file, offset and reason; for start-up.
  explicit Log(LogOptions options, Disk& disk = Disk::system());
  ~Log();  // as a crash: what was not handed over is gone
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  std::uint64_t first_sequence() const { return segments_.front().first_sequence; }
  std::uint64_t last_sequence() const { return last_sequence_; }  // of what was appended; 0 when there has been none
  Timestamp last_time_ns() const { return last_time_ns_; }        // of the last record found when it was opened
  std::uint64_t cut_bytes() const { return cut_bytes_; }          // of a torn tail, when it was opened

  // The archive has more than this log: starts anew after it. Only before the first append.
  void restart(std::uint64_t next_sequence);

  // The largest payload that append takes: a segment must hold it.
  std::size_t payload_max() const;
  // Gives the record the next sequence, and gathers it. Not durable, not even on its way, until commit().
  std::uint64_t append(RecordKind kind, Timestamp time_ns, Timestamp wall_ns, std::span<const std::uint8_t> payload);
  // Hands what has gathered to the commit thread.
  void commit();
  // Hands it over, waits until it is durable, and marks the end, so that the next opening can tell damage from a torn
  // tail.
  void close();

  // Everything up to here survives. The event file turns readable when it has moved, and is the reader's to drain.
  std::uint64_t durable_sequence() const { return durable_.load(std::memory_order_acquire); }
  int event_file() const { return event_file_.get(); }
  std::uint64_t commits() const { return commits_.load(std::memory_order_relaxed); }
  std::uint64_t waiting_bytes() const { return appended_bytes_ - written_bytes_.load(std::memory_order_relaxed); }

  // The archive holds everything up to here: segments that end before it may go.
  void set_audited(std::uint64_t sequence);

  std::uint64_t used_bytes() const;
  std::uint64_t limit_bytes() const;  // what it may take, or what its disk has room for where that is less
  bool is_filling() const;      // 80 %: somebody should look after the archive
  bool accepts_orders() const;  // below 95 %; the rest is for cancels and reports
  bool is_full() const;         // the disk gives no more: not even those
  static constexpr const char* lock_name = "lock";

 private:
  struct Segment {
    std::uint64_t first_sequence;
    std::filesystem::path path;
  };
  struct Batch {  // frames for one segment, with room for the batch header in front
    std::uint64_t first_sequence = 0;
    std::uint32_t count = 0;
    bool rolls = false;  // goes into a new segment
    bool closes = false;
    Bytes bytes;
  };

  void take_directory();
  void recover();
  std::filesystem::path path_of(std::uint64_t first_sequence) const;
  void hand_over();
  bool may_grow() const { return (segments_.size() + 1) * options_.segment_bytes <= options_.limit_bytes; }
  // Fewer than none: what was appended goes into a segment that is still to be had.
  std::int64_t spares() const {
    return static_cast<std::int64_t>(spares_made_.load(std::memory_order_acquire)) - static_cast<std::int64_t>(rolls_);
  }

  // The commit thread's side.
  void run();
  bool write(std::deque<Batch>& batches);
  void keep_memory(Bytes& bytes);
  bool roll(std::uint64_t first_sequence);
  enum class Step { Done, More, NoSpace, Failed };
  Step prepare_spare();  // one slice of a spare segment
  void look_at_disk();
  void make_first_segment(std::uint64_t first_sequence);
  int write_all(const OwnedFile& file, std::span<const std::uint8_t> bytes, std::uint64_t offset);
  bool fail(const std::string& what, int error);
  void publish(std::uint64_t sequence);

  LogOptions options_;
  Disk& disk_;
  OwnedFile lock_file_;
  OwnedFile directory_file_;
  OwnedFile event_file_;

  // The loop's.
  std::deque<Segment> segments_;
  std::uint64_t offset_ = 0;  // in the last segment, behind everything appended; never less than where it will stand
  std::uint64_t last_sequence_ = 0;
  Timestamp last_time_ns_ = 0;
  std::uint64_t cut_bytes_ = 0;
  std::uint64_t appended_bytes_ = 0;
  std::uint64_t rolls_ = 0;
  std::deque<Batch> gathered_;
  bool is_gathering_ = false;
  Bytes memory_;  // for the next batch

  // Handed over, under the mutex.
  std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Batch> waiting_;
  Bytes written_memory_;  // of a batch that has been written: touched already, where new pages are cleared one by one
  std::vector<std::filesystem::path> removals_;
  bool may_prepare_ = false;  // one more segment would still be within the limit
  bool stops_ = false;
  bool is_over_ = false;  // the commit thread writes nothing more
  std::condition_variable closed_;

  // The commit thread's.
  OwnedFile segment_file_;
  std::string segment_name_;
  std::uint64_t segment_salt_ = 0;
  std::uint64_t write_offset_ = 0;
  OwnedFile spare_file_;
  std::uint64_t spare_salt_ = 0;
  std::uint64_t spare_offset_ = 0;  // zeros up to here
  bool has_spare_ = false;

  std::atomic<std::uint64_t> durable_{0};
  std::atomic<std::uint64_t> commits_{0};
  std::atomic<std::uint64_t> written_bytes_{0};
  std::atomic<std::uint64_t> spares_made_{0};
  std::atomic<std::uint64_t> segments_free_{0};  // that the disk has room for, beside those that are there
  std::atomic<bool> no_space_{false};
  std::thread thread_;
};

struct SegmentMap;

// Reads durable records of a log, in order, while it is being written: for the archive's feed and for recovery.
class LogReader {
 public:
  // `checks_frames` false: whoever gets the frames checks them.
  explicit LogReader(std::filesystem::path directory, bool checks_frames = true);
  ~LogReader();
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;

  struct Chunk {
    std::uint64_t first_sequence = 0;
    std::uint32_t count = 0;
    Bytes frames;
  };
  // Records [first, last], as many whole ones as fit in bytes_max, but at least one. All of them must be durable.
  // Error: the log does not hold `first`, or its bytes are damaged.
  // `memory` is used for the frames, before which `room` bytes are left.
  Result<Chunk> read(std::uint64_t first, std::uint64_t last, std::size_t bytes_max, Bytes memory = {}, std::size_t room = 0);

 private:
  bool open_segment(std::uint64_t sequence);

  std::filesystem::path directory_;
  bool checks_frames_;
  std::unique_ptr<SegmentMap> mapping_;
  std::uint64_t next_sequence_ = 0;  // stands at offset_ in the mapping
  std::size_t offset_ = 0;
  std::size_t batch_end_ = 0;
};

}  // namespace busbar::router
