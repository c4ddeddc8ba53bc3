#include "router/log.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <system_error>

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "bus/folder.hpp"

namespace busbar::router {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t slice = 1u << 20;  // of a spare segment, prepared between two commits
constexpr std::chrono::milliseconds look_interval{200};  // at the disk, which others fill and empty as well

struct SegmentHeader {
  char magic[8] = {'B', 'B', 'L', 'O', 'G', '0', '0', '1'};
  std::uint64_t salt = 0;
  std::uint32_t crc = 0;  // CRC32C over the header with crc = 0
  std::uint8_t reserved[44] = {};
};
static_assert(sizeof(SegmentHeader) == 64);

struct BatchHeader {
  static constexpr std::uint32_t magic_value = 0x48435442;  // BTCH
  std::uint32_t magic = magic_value;
  std::uint32_t count = 0;  // records; none marks a clean end
  std::uint32_t size = 0;   // bytes of all frames
  std::uint32_t crc = 0;    // CRC32C over the header with crc = 0; the frames have their own
  std::uint64_t first_sequence = 0;
  std::uint64_t salt = 0;
};
static_assert(sizeof(BatchHeader) == 32);

template <class T>
std::span<const std::uint8_t> bytes_of(const T& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

template <class T>
std::uint32_t checksum(T header) {
  header.crc = 0;
  return crc32c(0, bytes_of(header));
}

// Equal to itself moved by one: memcmp goes over a whole unused segment, at each start, faster than any loop of ours.
bool is_zero(std::span<const std::uint8_t> bytes) {
  return bytes.empty() || (bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0);
}

std::string reason(int error) { return std::system_category().message(error); }

[[noreturn]] void refuse(const fs::path& file, const std::string& what) {
  throw std::runtime_error{file.string() + ": " + what};
}

std::uint64_t draw_salt() {
  std::uint64_t salt = 0;
  if (getrandom(&salt, sizeof salt, 0) != sizeof salt) throw std::runtime_error{"getrandom: " + reason(errno)};
  return salt;
}

std::string segment_name(std::uint64_t first_sequence) {
  char name[32];
  std::snprintf(name, sizeof name, "%020llu.log", static_cast<unsigned long long>(first_sequence));
  return name;
}

// The first sequences of the segments in a directory, in order.
std::vector<std::uint64_t> list_segments(const fs::path& directory) {
  std::vector<std::uint64_t> found;
  for (const auto& entry : fs::directory_iterator{directory}) {
    const std::string name = entry.path().filename().string();
    if (name.size() != 24 || !name.ends_with(".log")) continue;
    if (!std::all_of(name.begin(), name.begin() + 20, [](char c) { return c >= '0' && c <= '9'; })) continue;
    found.push_back(std::strtoull(name.c_str(), nullptr, 10));
  }
  std::sort(found.begin(), found.end());
  return found;
}

// The segment's salt; nullopt when its header is not whole.
std::optional<std::uint64_t> salt_of(std::span<const std::uint8_t> segment) {
  SegmentHeader header;
  if (segment.size() < sizeof header) return {};
  std::memcpy(&header, segment.data(), sizeof header);
  if (std::memcmp(header.magic, SegmentHeader{}.magic, sizeof header.magic) != 0 || header.crc != checksum(header))
    return {};
  return header.salt;
}

// The batch header at `offset`, when there is a whole one and its frames fit.
std::optional<BatchHeader> batch_at(std::span<const std::uint8_t> segment, std::size_t offset, std::uint64_t salt) {
  BatchHeader header;
  if (offset > segment.size() || segment.size() - offset < sizeof header) return {};
  std::memcpy(&header, segment.data() + offset, sizeof header);
  if (header.magic != BatchHeader::magic_value || header.salt != salt || header.crc != checksum(header)) return {};
  if (header.size > segment.size() - offset - sizeof header) return {};
  return header;
}

struct Scan {
  std::uint64_t last_sequence = 0;  // expected - 1 when it holds none
  Timestamp last_time_ns = 0;
  std::size_t end = sizeof(SegmentHeader);  // behind the last whole batch
  std::size_t last_batch = 0;               // where that starts, 0 for none
  bool is_torn = false;                     // there is something behind it that is no whole batch
  std::size_t bad_offset = 0;               // what exactly is wrong, when torn
  std::string bad_reason;
};

Scan scan_segment(std::span<const std::uint8_t> segment, std::uint64_t salt, std::uint64_t expected) {
  Scan scan;
  scan.last_sequence = expected - 1;
  const auto torn = [&scan](std::size_t offset, std::string why) {
    scan.is_torn = true;
    scan.bad_offset = offset;
    scan.bad_reason = std::move(why);
    return scan;
  };
  while (scan.end < segment.size()) {
    const auto batch = batch_at(segment, scan.end, salt);
    if (!batch) {
      return is_zero(segment.subspan(scan.end)) ? scan : torn(scan.end, "the header of a batch is damaged");
    }
    if (batch->first_sequence != scan.last_sequence + 1) {
      return torn(scan.end, "a batch starts with " + std::to_string(batch->first_sequence) + " where " +
                                std::to_string(scan.last_sequence + 1) + " should stand");
    }
    std::size_t offset = scan.end + sizeof *batch;
    const std::size_t end = offset + batch->size;
    std::uint64_t sequence = scan.last_sequence;
    Timestamp time_ns = scan.last_time_ns;
    for (std::uint32_t i = 0; i < batch->count; ++i) {
      const auto frame = read_frame(segment.subspan(offset, end - offset));
      if (!frame) return torn(offset, frame.error().text);
      if (frame->record.header.sequence != sequence + 1) {
        return torn(offset, "record " + std::to_string(frame->record.header.sequence) + " where " +
                                std::to_string(sequence + 1) + " should stand");
      }
      ++sequence;
      time_ns = frame->record.header.time_ns;
      offset += frame->size;
    }
    if (offset != end) return torn(offset, "a batch is longer than its records");
    scan.last_batch = scan.end;
    scan.end = end;
    scan.last_sequence = sequence;
    scan.last_time_ns = time_ns;
  }
  return scan;
}

// Is there a batch behind `offset` that was written after the damage? Then what is damaged had been durable.
bool has_later_batch(std::span<const std::uint8_t> segment, std::size_t offset, std::uint64_t salt,
                     std::uint64_t last_sequence) {
  for (std::size_t at = offset + 8; at + sizeof(BatchHeader) <= segment.size(); at += 8) {
    const auto batch = batch_at(segment, at, salt);
    if (batch && batch->first_sequence > last_sequence) return true;
  }
  return false;
}

}  // namespace

long Disk::pwrite(int file, const void* bytes, std::size_t size, std::int64_t offset) {
  return ::pwrite(file, bytes, size, offset);
}
int Disk::fdatasync(int file) { return ::fdatasync(file); }
int Disk::allocate(int file, std::int64_t size) { return ::posix_fallocate(file, 0, size); }
std::uint64_t Disk::free_bytes(const fs::path& directory) {
  struct statvfs status {};
  if (::statvfs(directory.c_str(), &status) != 0) return INT64_MAX;
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

OwnedFile::~OwnedFile() {
  if (file_ >= 0) ::close(file_);
}

Disk& Disk::system() {
  static Disk disk;
  return disk;
}

// A segment, mapped for reading.
struct SegmentMap {
  SegmentMap(const fs::path& path, std::uint64_t first) : first_sequence{first} {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return;
    struct stat status {};
    if (::fstat(file, &status) == 0 && status.st_size > 0) {
      void* map = ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_SHARED, file, 0);
      if (map != MAP_FAILED) bytes = {static_cast<const std::uint8_t*>(map), static_cast<std::size_t>(status.st_size)};
    }
    ::close(file);
    if (const auto found = salt_of(bytes)) {
      salt = *found;
      is_whole = true;
    }
  }
  ~SegmentMap() {
    if (!bytes.empty()) ::munmap(const_cast<std::uint8_t*>(bytes.data()), bytes.size());
  }
  SegmentMap(const SegmentMap&) = delete;
  SegmentMap& operator=(const SegmentMap&) = delete;

  std::uint64_t first_sequence;
  std::span<const std::uint8_t> bytes;
  std::uint64_t salt = 0;
  bool is_whole = false;
};

// ---- opening

Log::Log(LogOptions options, Disk& disk) : options_{std::move(options)}, disk_{disk} {
  if (!options_.on_failure) {
    options_.on_failure = [](const std::string& what) {
      std::fprintf(stderr, "busbar-router: %s: no record can be trusted to this disk any more, ending\n", what.c_str());
      std::_Exit(EXIT_FAILURE);
    };
  }
  event_file_ = OwnedFile{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  if (!event_file_.is_open()) throw std::runtime_error{"eventfd: " + reason(errno)};
  take_directory();
  recover();
  look_at_disk();
  durable_ = last_sequence_;
  may_prepare_ = may_grow();
  thread_ = std::thread{[this] { run(); }};
}

Log::~Log() {
  {
    const std::lock_guard lock{mutex_};
    stops_ = true;
  }
  work_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Log::take_directory() {
  if (const auto error = make_folder(options_.directory)) refuse(options_.directory, error.message());
  const fs::path lock = options_.directory / lock_name;
  lock_file_ = OwnedFile{::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640)};
  if (!lock_file_.is_open()) refuse(lock, reason(errno));
  if (::flock(lock_file_.get(), LOCK_EX | LOCK_NB) != 0) {
    refuse(options_.directory, errno == EWOULDBLOCK ? "another router has this log open" : reason(errno));
  }
  directory_file_ = OwnedFile{::open(options_.directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!directory_file_.is_open()) refuse(options_.directory, reason(errno));
  fs::remove(options_.directory / "spare");
}

fs::path Log::path_of(std::uint64_t first_sequence) const { return options_.directory / segment_name(first_sequence); }

void Log::recover() {
  const auto found = list_segments(options_.directory);
  if (found.empty()) return make_first_segment(1);
  last_sequence_ = found.front() - 1;
  Scan scan;
  for (std::size_t i = 0; i < found.size(); ++i) {
    const fs::path path = path_of(found[i]);
    const bool is_last = i + 1 == found.size();
    if (found[i] != last_sequence_ + 1) {
      refuse(path, "starts with record " + std::to_string(found[i]) + ", but record " +
                       std::to_string(last_sequence_ + 1) + " should come next: records are missing");
    }
    const SegmentMap mapping{path, found[i]};
    if (!mapping.is_whole) refuse(path, "offset 0: this is no log segment, or its header is damaged");
    scan = scan_segment(mapping.bytes, mapping.salt, found[i]);
    if (scan.is_torn && (!is_last || has_later_batch(mapping.bytes, scan.end, mapping.salt, scan.last_sequence))) {
      refuse(path, "offset " + std::to_string(scan.bad_offset) + ": " + scan.bad_reason +
                       "; records after it are whole, so this one had been durable and is damaged");
    }
    last_sequence_ = scan.last_sequence;
    if (scan.last_time_ns != 0) last_time_ns_ = scan.last_time_ns;
    segments_.push_back({found[i], path});
    if (!is_last) continue;

    segment_name_ = path.string();
    segment_salt_ = mapping.salt;
    segment_file_ = OwnedFile{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
    if (!segment_file_.is_open()) refuse(path, reason(errno));
    const auto must = [&](int error) {
      if (error != 0) refuse(path, "cannot make the end of the log durable: " + reason(error));
    };
    // The last commit may have reached the page cache only; after a failed sync the kernel takes its pages for clean.
    // So it is written again, and this sync proves it.
    if (scan.last_batch != 0) {
      const auto batch = mapping.bytes.subspan(scan.last_batch, scan.end - scan.last_batch);
      must(write_all(segment_file_, batch, scan.last_batch));
    }
    const Bytes zeros(slice);
    for (std::size_t at = scan.end; scan.is_torn && at < mapping.bytes.size(); at += slice) {
      const std::size_t size = std::min(slice, mapping.bytes.size() - at);
      if (is_zero(mapping.bytes.subspan(at, size))) continue;
      cut_bytes_ += size;
      must(write_all(segment_file_, std::span{zeros}.first(size), at));
    }
    must(disk_.fdatasync(segment_file_.get()) == 0 ? 0 : errno);
    must(::fsync(directory_file_.get()) == 0 ? 0 : errno);
    // A segment made for other sizes is used up as it is.
    write_offset_ = offset_ = mapping.bytes.size() == options_.segment_bytes ? scan.end : options_.segment_bytes;
  }
}

void Log::make_first_segment(std::uint64_t first_sequence) {
  last_sequence_ = first_sequence - 1;
  while (!has_spare_) {
    const Step step = prepare_spare();
    if (step == Step::NoSpace)
      refuse(options_.directory, "no space for a log segment of " + std::to_string(options_.segment_bytes) + " bytes");
    if (step == Step::Failed) refuse(options_.directory, "cannot write a log segment");
  }
  ++rolls_;
  if (!roll(first_sequence)) refuse(options_.directory, "cannot create a log segment");
  segments_.push_back({first_sequence, path_of(first_sequence)});
  offset_ = write_offset_;
}

void Log::restart(std::uint64_t next_sequence) {
  assert(gathered_.empty() && appended_bytes_ == 0);
  {
    const std::lock_guard lock{mutex_};
    stops_ = true;
  }
  work_.notify_all();
  thread_.join();
  stops_ = is_over_ = false;
  for (const Segment& segment : segments_) fs::remove(segment.path);
  segments_.clear();
  make_first_segment(next_sequence);
  durable_ = last_sequence_;
  thread_ = std::thread{[this] { run(); }};
}

// ---- the loop's side

std::size_t Log::payload_max() const {
  return std::min<std::size_t>(
      record_size_max, options_.segment_bytes - sizeof(SegmentHeader) - sizeof(BatchHeader) - sizeof(RecordHeader) - 8);
}

std::uint64_t Log::append(RecordKind kind, Timestamp time_ns, Timestamp wall_ns,
                          std::span<const std::uint8_t> payload) {
  assert(payload.size() <= payload_max());
  const std::uint64_t sequence = last_sequence_ + 1;
  const std::size_t size = frame_size(payload.size());
  const std::size_t header = is_gathering_ ? 0 : sizeof(BatchHeader);
  const bool rolls = offset_ + header + size > options_.segment_bytes;
  if (rolls) {
    segments_.push_back({sequence, path_of(sequence)});
    ++rolls_;
    offset_ = sizeof(SegmentHeader);
  }
  if (rolls || !is_gathering_) {
    gathered_.push_back({.first_sequence = sequence, .rolls = rolls, .bytes = std::exchange(memory_, {})});
    constexpr std::size_t usual = 64u << 10;  // so that hardly a batch moves while it grows
    gathered_.back().bytes.clear();
    gathered_.back().bytes.reserve(usual);
    gathered_.back().bytes.resize(sizeof(BatchHeader));
    offset_ += sizeof(BatchHeader);
    is_gathering_ = true;
  }
  Batch& batch = gathered_.back();
  append_frame(batch.bytes,
               {.sequence = sequence, .time_ns = time_ns, .wall_ns = wall_ns, .kind = static_cast<std::uint8_t>(kind)},
               payload);
  ++batch.count;
  offset_ += size;
  appended_bytes_ += size;
  last_sequence_ = sequence;
  return sequence;
}

void Log::commit() {
  if (!is_gathering_) return;
  hand_over();
  work_.notify_one();
}

void Log::hand_over() {
  const std::lock_guard lock{mutex_};
  for (Batch& batch : gathered_) {
    // What waits is one batch, one write and one sync for each segment: a torn end is then one batch and never two.
    if (!batch.rolls && !waiting_.empty()) {
      Batch& last = waiting_.back();
      last.bytes.insert(last.bytes.end(), batch.bytes.begin() + sizeof(BatchHeader), batch.bytes.end());
      last.count += batch.count;
      memory_ = std::move(batch.bytes);
    } else {
      waiting_.push_back(std::move(batch));
    }
  }
  gathered_.clear();
  is_gathering_ = false;
  if (memory_.capacity() == 0) memory_.swap(written_memory_);
  may_prepare_ = may_grow();
}

void Log::close() {
  if (is_gathering_) hand_over();
  std::unique_lock lock{mutex_};
  waiting_.push_back({.first_sequence = last_sequence_ + 1, .closes = true, .bytes = Bytes(sizeof(BatchHeader))});
  work_.notify_all();
  closed_.wait(lock, [this] { return is_over_; });
}

void Log::set_audited(std::uint64_t sequence) {
  bool has_work = false;
  while (segments_.size() > 1 && segments_[1].first_sequence <= sequence + 1) {
    const std::lock_guard lock{mutex_};
    removals_.push_back(segments_.front().path);
    segments_.pop_front();
    may_prepare_ = may_grow();
    has_work = true;
  }
  if (has_work) work_.notify_one();
}

std::uint64_t Log::used_bytes() const { return (segments_.size() - 1) * options_.segment_bytes + offset_; }

std::uint64_t Log::limit_bytes() const {
  const std::uint64_t free = segments_free_.load(std::memory_order_relaxed);
  const std::uint64_t reach = segments_.size() + static_cast<std::uint64_t>(spares()) + free;  // spares() may be -1
  return std::min(options_.limit_bytes, reach * options_.segment_bytes);
}

bool Log::is_filling() const { return used_bytes() >= limit_bytes() / 100 * 80 || no_space_; }

bool Log::accepts_orders() const {
  if (used_bytes() >= limit_bytes() / 100 * 95) return false;
  // Without a spare and without space for one, the second half of the segment is for cancels and reports.
  return !no_space_ || spares() > 0 || (spares() == 0 && offset_ < options_.segment_bytes / 2);
}

bool Log::is_full() const {
  return no_space_ && (spares() < 0 || (spares() == 0 && offset_ >= options_.segment_bytes / 8 * 7));
}

// ---- the commit thread's side

void Log::run() {
  ::pthread_setname_np(::pthread_self(), "log");
  std::unique_lock lock{mutex_};
  const auto has_work = [this] { return stops_ || !waiting_.empty() || !removals_.empty(); };
  bool is_working = true;
  auto looked = std::chrono::steady_clock::now();
  while (is_working) {
    const bool wants_spare = may_prepare_ && !has_spare_;
    if (!has_work() && (!wants_spare || no_space_)) work_.wait_for(lock, look_interval, has_work);
    if (stops_) break;
    std::deque<Batch> batches = std::exchange(waiting_, {});
    const std::vector<fs::path> removals = std::exchange(removals_, {});
    lock.unlock();
    is_working = write(batches);
    for (const fs::path& path : removals) ::unlink(path.c_str());
    // A slice between two commits, so that neither an order waits for a spare nor a roll for want of one.
    if (is_working && wants_spare && !has_spare_) is_working = prepare_spare() != Step::Failed;
    if (const auto now = std::chrono::steady_clock::now(); now - looked >= look_interval || !removals.empty()) {
      look_at_disk();
      looked = now;
    }
    lock.lock();
    if (!batches.empty()) keep_memory(batches.back().bytes);
  }
  is_over_ = true;
  closed_.notify_all();
}

void Log::keep_memory(Bytes& bytes) {
  constexpr std::size_t most = 4u << 20;  // a batch that was larger was an exception
  if (written_memory_.capacity() < bytes.capacity() && bytes.capacity() <= most) written_memory_.swap(bytes);
}

bool Log::write(std::deque<Batch>& batches) {
  for (Batch& batch : batches) {
    if (batch.rolls && !roll(batch.first_sequence)) return false;
    const std::uint64_t size = batch.bytes.size();
    if (batch.closes && write_offset_ + size > options_.segment_bytes) {
      // No room for the mark, and none needed: the next opening takes this end for what it is.
    } else {
      BatchHeader header{.count = batch.count,
                         .size = static_cast<std::uint32_t>(size - sizeof header),
                         .first_sequence = batch.first_sequence,
                         .salt = segment_salt_};
      header.crc = checksum(header);
      std::memcpy(batch.bytes.data(), &header, sizeof header);
      if (const int error = write_all(segment_file_, batch.bytes, write_offset_))
        return fail("pwrite " + segment_name_, error);
      if (disk_.fdatasync(segment_file_.get()) != 0) return fail("fdatasync " + segment_name_, errno);
      write_offset_ += size;
    }
    if (batch.closes) return false;
    written_bytes_.fetch_add(size - sizeof(BatchHeader), std::memory_order_relaxed);
    commits_.fetch_add(1, std::memory_order_relaxed);
    publish(batch.first_sequence + batch.count - 1);
  }
  return true;
}

void Log::publish(std::uint64_t sequence) {
  durable_.store(sequence, std::memory_order_release);
  const std::uint64_t one = 1;
  // full only when nobody has looked for 2^64 commits
  [[maybe_unused]] const auto written = ::write(event_file_.get(), &one, sizeof one);
}

// The spare becomes the segment, under its name, before a record is written to it.
bool Log::roll(std::uint64_t first_sequence) {
  while (!has_spare_) {
    const Step step = prepare_spare();
    if (step == Step::Failed) return false;
    if (step != Step::NoSpace) continue;
    // Nothing is written and nothing is lost: whoever frees space, we among them, ends the wait.
    std::unique_lock lock{mutex_};
    work_.wait_for(lock, std::chrono::milliseconds{100}, [this] { return stops_ || !removals_.empty(); });
    if (stops_) return false;
    const std::vector<fs::path> removals = std::exchange(removals_, {});
    lock.unlock();
    for (const fs::path& path : removals) ::unlink(path.c_str());
  }
  const fs::path path = path_of(first_sequence);
  if (::rename((options_.directory / "spare").c_str(), path.c_str()) != 0)
    return fail("rename " + path.string(), errno);
  if (::fsync(directory_file_.get()) != 0) return fail("fsync " + options_.directory.string(), errno);
  segment_file_ = std::move(spare_file_);
  spare_file_ = OwnedFile{};
  segment_salt_ = spare_salt_;
  segment_name_ = path.string();
  write_offset_ = sizeof(SegmentHeader);
  has_spare_ = false;
  return true;
}

Log::Step Log::prepare_spare() {
  const fs::path path = options_.directory / "spare";
  const auto give_up = [&](int error) {
    if (error != ENOSPC && error != EDQUOT) {
      fail("writing " + path.string(), error);
      return Step::Failed;
    }
    spare_file_ = OwnedFile{};
    ::unlink(path.c_str());
    no_space_ = true;
    return Step::NoSpace;
  };
  if (!spare_file_.is_open()) {
    spare_file_ = OwnedFile{::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)};
    if (!spare_file_.is_open()) return give_up(errno);
    if (const int error = disk_.allocate(spare_file_.get(), static_cast<std::int64_t>(options_.segment_bytes)))
      return give_up(error);
    SegmentHeader header;
    header.salt = spare_salt_ = draw_salt();
    header.crc = checksum(header);
    if (const int error = write_all(spare_file_, bytes_of(header), 0)) return give_up(error);
    spare_offset_ = sizeof header;
  }
  static const Bytes zeros(slice);
  const std::size_t size = std::min<std::uint64_t>(slice, options_.segment_bytes - spare_offset_);
  if (const int error = write_all(spare_file_, std::span{zeros}.first(size), spare_offset_)) return give_up(error);
  if (disk_.fdatasync(spare_file_.get()) != 0) return give_up(errno);
  spare_offset_ += size;
  if (spare_offset_ < options_.segment_bytes) return Step::More;
  has_spare_ = true;
  no_space_ = false;
  spares_made_.fetch_add(1, std::memory_order_release);
  look_at_disk();
  return Step::Done;
}

// In whole segments: less is of no use. A spare that is being made has its space already.
void Log::look_at_disk() {
  const std::uint64_t free = disk_.free_bytes(options_.directory) / options_.segment_bytes;
  segments_free_.store(free + (spare_file_.is_open() && !has_spare_ ? 1 : 0), std::memory_order_relaxed);
}

// 0, or the error's number.
int Log::write_all(const OwnedFile& file, std::span<const std::uint8_t> bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const long written = disk_.pwrite(file.get(), bytes.data(), bytes.size(), static_cast<std::int64_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return 0;
}

bool Log::fail(const std::string& what, int error) {
  options_.on_failure(what + ": " + reason(error));
  return false;
}

// ---- reading

LogReader::LogReader(fs::path directory, bool checks_frames)
    : directory_{std::move(directory)}, checks_frames_{checks_frames} {}
LogReader::~LogReader() = default;

// Maps the segment that holds `sequence`, which is the newest that starts at or before it.
bool LogReader::open_segment(std::uint64_t sequence) {
  const auto found = list_segments(directory_);
  const auto after = std::upper_bound(found.begin(), found.end(), sequence);
  if (after == found.begin()) return false;
  const std::uint64_t first = *std::prev(after);
  mapping_ = std::make_unique<SegmentMap>(directory_ / segment_name(first), first);
  next_sequence_ = first;
  offset_ = batch_end_ = sizeof(SegmentHeader);
  return mapping_->is_whole;
}

Result<LogReader::Chunk> LogReader::read(std::uint64_t first, std::uint64_t last, std::size_t bytes_max, Bytes memory,
                                           std::size_t room) {
  const auto bad = [this](const std::string& what) {
    const std::string where =
        mapping_ ? (directory_ / segment_name(mapping_->first_sequence)).string() : directory_.string();
    mapping_.reset();
    return Error{ErrorCode::Internal, where + ": " + what};
  };
  if (!mapping_ || first < next_sequence_) {
    if (!open_segment(first)) return bad("the log does not hold record " + std::to_string(first));
  }
  Chunk chunk;
  chunk.frames = std::move(memory);
  chunk.frames.resize(room);
  while (next_sequence_ <= last) {
    if (offset_ == batch_end_) {
      const auto batch = batch_at(mapping_->bytes, offset_, mapping_->salt);
      if (!batch) {
        // The end of this segment. The next is named by the record that is due; it exists, for that record is durable.
        const std::uint64_t due = next_sequence_;
        const std::uint64_t left = mapping_->first_sequence;
        if (!open_segment(due) || mapping_->first_sequence == left || next_sequence_ != due) {
          return bad("record " + std::to_string(due) + " is missing");
        }
        continue;
      }
      batch_end_ = offset_ + sizeof *batch + batch->size;
      offset_ += sizeof *batch;
      continue;
    }
    const auto frame = read_frame(mapping_->bytes.subspan(offset_, batch_end_ - offset_), !checks_frames_);
    if (!frame) return bad("offset " + std::to_string(offset_) + ": " + frame.error().text);
    if (frame->record.header.sequence != next_sequence_)
      return bad("offset " + std::to_string(offset_) + ": not record " + std::to_string(next_sequence_));
    if (next_sequence_ >= first) {
      if (chunk.count > 0 && chunk.frames.size() - room + frame->size > bytes_max) break;
      if (chunk.count == 0) chunk.first_sequence = next_sequence_;
      const auto bytes = mapping_->bytes.subspan(offset_, frame->size);
      chunk.frames.insert(chunk.frames.end(), bytes.begin(), bytes.end());
      ++chunk.count;
    }
    offset_ += frame->size;
    ++next_sequence_;
  }
  return chunk;
}

}  // namespace busbar::router
