#include "audit/journal.hpp"

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <lmdb.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "audit/head.hpp"
#include "audit/index.hpp"
#include "bus/clock.hpp"
#include "bus/folder.hpp"

namespace busbar::audit {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view format_name = "busbar journal 1";
constexpr unsigned reader_slots = 512;
constexpr std::size_t batch_records_max = 4096;
constexpr std::size_t batch_bytes_max = 4 << 20;
constexpr std::uint64_t held_bytes_max = 2 << 20;  // a segment may grow so much behind one reader's transaction
constexpr Timestamp day_ns = Timestamp{24} * 3600 * 1'000'000'000;
constexpr Timestamp producer_forgotten_ns = 7 * day_ns;
constexpr std::array<const char*, index_count> index_names = {"order_id",     "client_order_id", "venue_order_id",
                                                              "execution_id", "account_time",    "session_report"};

Error broken(const fs::path& where, std::string_view verb, int code) {
  std::string text = where.string() + ": cannot " + std::string{verb} + ": ";
  text += code == MDB_READERS_FULL ? "all " + std::to_string(reader_slots) + " reader slots are taken" : mdb_strerror(code);
  // LMDB's own complaints are about the file, the rest about this machine.
  const bool is_damage = code < 0 && code != MDB_READERS_FULL && code != MDB_MAP_RESIZED && code != MDB_TLS_FULL;
  return {is_damage ? ErrorCode::InvalidMessage : ErrorCode::Internal, std::move(text)};
}

Error no_space(const fs::path& where, std::string_view text) {
  return {ErrorCode::JournalDown, where.string() + ": " + std::string{text}};
}

Error damaged(const fs::path& where, std::string_view text) {
  return {ErrorCode::InvalidMessage, where.string() + ": " + std::string{text}};
}

// ---- directories

std::string segment_name(std::uint64_t first_sequence) {
  char name[24];
  std::snprintf(name, sizeof name, "%020llu", static_cast<unsigned long long>(first_sequence));
  return name;
}

// First sequences of the segments, in order.
Result<std::vector<std::uint64_t>> list_segments(const fs::path& directory) {
  std::vector<std::uint64_t> found;
  std::error_code error;
  for (fs::directory_iterator it{directory, error}, end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.size() != 20) continue;
    std::uint64_t first = 0;
    const auto [stop, bad] = std::from_chars(name.data(), name.data() + name.size(), first);
    if (bad == std::errc{} && stop == name.data() + name.size() && first != 0) found.push_back(first);
  }
  if (error) return broken(directory, "list", error.value());
  std::sort(found.begin(), found.end());
  return found;
}

// Locks and maps need a file system of this machine.
Result<void> require_local(const fs::path& directory) {
  struct ::statfs status;
  if (::statfs(directory.c_str(), &status) != 0) return broken(directory, "look at", errno);
  struct Remote {
    std::uint32_t magic;
    const char* name;
  };
  static constexpr Remote remote[] = {
      {0x6969, "NFS"},      {0xFF534D42, "CIFS"}, {0xFE534D42, "SMB2"},   {0x517B, "SMB"},       {0x65735546, "FUSE"},
      {0x01021997, "9p"},   {0x5346414F, "AFS"},  {0x00C36400, "Ceph"},   {0x47504653, "GPFS"},  {0x0BD00BD0, "Lustre"},
      {0x7461636F, "OCFS2"}, {0x01161970, "GFS2"}, {0x73757245, "Coda"}, {0x564C, "NCP"},
  };
  const auto magic = static_cast<std::uint32_t>(status.f_type);
  for (const Remote& kind : remote) {
    if (kind.magic == magic) {
      return Error{ErrorCode::Internal,
                   directory.string() + ": lies on " + kind.name + "; a journal needs a local file system"};
    }
  }
  return {};
}

Result<void> sync_directory(const fs::path& directory) {
  if (const auto error = sync_folder(directory)) return broken(directory, "sync", error.value());
  return {};
}

// ---- one segment: an LMDB environment, opened once per process however many use it

struct Segment {
  MDB_env* env = nullptr;
  MDB_dbi records = 0;
  MDB_dbi about = 0;
  std::array<MDB_dbi, index_count> indexes{};
  fs::path path;
  std::string stream;
  std::uint64_t first_sequence = 0;
  Hash previous{};
  bool is_writable = false;
};

MDB_val value_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // LMDB reads through it only
}

std::string_view text_of(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

MDB_val value_of(std::uint64_t& number) { return {sizeof number, &number}; }

std::optional<std::uint64_t> number_of(const MDB_val& value) {
  if (value.mv_size != sizeof(std::uint64_t)) return std::nullopt;
  std::uint64_t number = 0;
  std::memcpy(&number, value.mv_data, sizeof number);
  return number;
}

class Transaction {
 public:
  Transaction(MDB_env* env, unsigned flags) { code_ = mdb_txn_begin(env, nullptr, flags, &txn_); }
  ~Transaction() {
    if (txn_) mdb_txn_abort(txn_);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  int code() const { return code_; }
  MDB_txn* get() const { return txn_; }
  int commit() { return mdb_txn_commit(std::exchange(txn_, nullptr)); }

 private:
  MDB_txn* txn_ = nullptr;
  int code_ = 0;
};

int open_databases(Segment& segment, MDB_txn* txn, unsigned create) {
  int code = mdb_dbi_open(txn, "records", MDB_INTEGERKEY | create, &segment.records);
  if (code == 0) code = mdb_dbi_open(txn, "about", create, &segment.about);
  for (std::size_t i = 0; i < index_count && code == 0; ++i) {
    code = mdb_dbi_open(txn, index_names[i], MDB_DUPSORT | MDB_DUPFIXED | MDB_INTEGERDUP | create, &segment.indexes[i]);
  }
  return code;
}

int put_about(const Segment& segment, MDB_txn* txn, std::string_view name, std::string_view text) {
  MDB_val key = value_of(name);
  MDB_val value = value_of(text);
  return mdb_put(txn, segment.about, &key, &value, 0);
}

int get_about(const Segment& segment, MDB_txn* txn, std::string_view name, std::string_view& text) {
  MDB_val key = value_of(name);
  MDB_val value{};
  const int code = mdb_get(txn, segment.about, &key, &value);
  if (code == 0) text = text_of(value);
  return code;
}

std::string_view bytes_of(const Hash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }
std::string_view bytes_of(const std::uint64_t& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

Result<void> read_about(Segment& segment) {
  Transaction txn{segment.env, MDB_RDONLY};
  if (txn.code() != 0) return broken(segment.path, "read", txn.code());
  int code = open_databases(segment, txn.get(), 0);
  std::string_view format, stream, first, previous;
  if (code == 0) code = get_about(segment, txn.get(), "format", format);
  if (code == 0) code = get_about(segment, txn.get(), "stream", stream);
  if (code == 0) code = get_about(segment, txn.get(), "first_sequence", first);
  if (code == 0) code = get_about(segment, txn.get(), "previous_chain", previous);
  if (code == MDB_NOTFOUND || code == MDB_INCOMPATIBLE) return damaged(segment.path, "not a segment of a Busbar journal");
  if (code != 0) return broken(segment.path, "read", code);
  if (format != format_name) {
    return damaged(segment.path, "its format is not \"" + std::string{format_name} + "\"");
  }
  if (first.size() != sizeof segment.first_sequence || previous.size() != segment.previous.size()) {
    return damaged(segment.path, "its description has members of the wrong size");
  }
  segment.stream = stream;
  std::memcpy(&segment.first_sequence, first.data(), first.size());
  std::memcpy(segment.previous.data(), previous.data(), previous.size());
  if (segment_name(segment.first_sequence) != segment.path.filename().string()) {
    return damaged(segment.path, "its description names another first sequence, " + std::to_string(segment.first_sequence));
  }
  code = txn.commit();  // keeps the database handles for the life of the environment
  if (code != 0) return broken(segment.path, "read", code);
  return {};
}

Result<void> open_environment(Segment& segment, unsigned flags, std::uint64_t map_bytes) {
  // Another process that opens or closes the same environment at this moment can make this fail.
  for (int attempt = 0;; ++attempt) {
    int code = mdb_env_create(&segment.env);
    if (code == 0) code = mdb_env_set_maxdbs(segment.env, 16);
    if (code == 0) code = mdb_env_set_maxreaders(segment.env, reader_slots);
    if (code == 0 && map_bytes != 0) code = mdb_env_set_mapsize(segment.env, map_bytes);
    if (code == 0) code = mdb_env_open(segment.env, segment.path.c_str(), flags | MDB_NOTLS, 0640);
    if (code == 0) return {};
    if (segment.env) mdb_env_close(std::exchange(segment.env, nullptr));
    const bool may_pass = code != ENOENT && code != EACCES && code != EPERM && code != ENOSPC && code != EMFILE &&
                          code != MDB_INVALID && code != MDB_VERSION_MISMATCH;
    if (!may_pass || attempt == 4) {
      if (code == ENOSPC) return no_space(segment.path, "no space left on the disk");
      if (code == MDB_INVALID) return damaged(segment.path, "its file is not an LMDB database");
      return broken(segment.path, "open", code);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
}

// A writer that was killed inside its last commit may have written it, and not told the readers' table, which lives on with
// any reader. A read transaction would then not see records that a write transaction does. Taking the dead one's lock mends
// the table; and what it wrote last is synced before anybody hears of it.
Result<void> take_over(Segment& segment) {
  {
    const Transaction lock{segment.env, 0};
    if (lock.code() != 0) return broken(segment.path, "lock", lock.code());
  }
  if (const int code = mdb_env_sync(segment.env, 1); code != 0) return broken(segment.path, "sync", code);
  return {};
}

// LMDB forbids a second opening of one environment in one process, for closing the one breaks the locks of the other. So
// all who need a segment share it, and it is closed under the lock that openings take.
class Registry {
 public:
  using Key = std::pair<dev_t, ino_t>;  // by identity, not by name: a segment is renamed once it is ready
  struct Opened {
    Segment segment;
    unsigned users = 0;
  };

  static Registry& instance() {
    static Registry registry;
    return registry;
  }

  // An environment must not be used behind a fork; a child opens its own, and leaves its parent's alone.
  void forget_parents() {
    if (pid != ::getpid()) opened.clear();
    pid = ::getpid();
  }

  std::mutex mutex;
  pid_t pid = ::getpid();
  std::map<Key, Opened> opened;
};

class SegmentHandle {
 public:
  SegmentHandle() = default;
  ~SegmentHandle() { release(); }
  SegmentHandle(SegmentHandle&& other) noexcept : key_{other.key_}, segment_{std::exchange(other.segment_, nullptr)} {}
  SegmentHandle& operator=(SegmentHandle&& other) noexcept {
    if (this != &other) {
      release();
      key_ = other.key_;
      segment_ = std::exchange(other.segment_, nullptr);
    }
    return *this;
  }

  static Result<SegmentHandle> open(const fs::path& path, bool is_writable) {
    Registry& registry = Registry::instance();
    const std::lock_guard lock{registry.mutex};
    registry.forget_parents();
    struct ::stat status;
    if (::stat(path.c_str(), &status) != 0) return broken(path, "look at", errno);
    const Registry::Key key{status.st_dev, status.st_ino};
    const auto known = registry.opened.find(key);
    if (known != registry.opened.end()) {
      if (is_writable && !known->second.segment.is_writable) {
        return Error{ErrorCode::Internal, path.string() + ": this process reads it already; a writer opens first"};
      }
      return SegmentHandle{key, known->second};
    }
    Segment segment;
    segment.path = path;
    segment.is_writable = is_writable;
    unsigned flags = 0;
    if (!is_writable) {
      flags = MDB_RDONLY;
      // Writers make the lock file before a segment gets its name. Where there is none, nobody writes: it is a copy, and
      // looking at it shall leave no trace.
      if (::access((path / "lock.mdb").c_str(), F_OK) != 0) flags |= MDB_NOLOCK;
    }
    if (const auto done = open_environment(segment, flags, 0); !done) return done.error();
    if ((flags & MDB_NOLOCK) == 0) mdb_reader_check(segment.env, nullptr);
    if (is_writable) {
      if (const auto done = take_over(segment); !done) {
        mdb_env_close(segment.env);
        return done.error();
      }
    }
    if (const auto done = read_about(segment); !done) {
      mdb_env_close(segment.env);
      return done.error();
    }
    return SegmentHandle{key, registry.opened.emplace(key, Registry::Opened{std::move(segment), 0}).first->second};
  }

  // Made under another name, described and synced, and only then named: nobody ever sees half a segment.
  static Result<SegmentHandle> create(const fs::path& directory, std::string_view stream, std::uint64_t first_sequence,
                                      const Hash& previous, std::uint64_t map_bytes,
                                      const std::map<std::string, ProducerPosition, std::less<>>& producers) {
    Registry& registry = Registry::instance();
    const std::lock_guard lock{registry.mutex};
    registry.forget_parents();
    const fs::path path = directory / segment_name(first_sequence);
    const fs::path draft = path.string() + ".new";
    std::error_code error;
    fs::remove_all(draft, error);
    if (error) return broken(draft, "remove", error.value());
    if (::mkdir(draft.c_str(), 0750) != 0) {
      if (errno == ENOSPC || errno == EDQUOT) return no_space(draft, "no space left on the disk");
      return broken(draft, "create", errno);
    }
    Segment segment;
    segment.path = draft;
    segment.stream = stream;
    segment.first_sequence = first_sequence;
    segment.previous = previous;
    segment.is_writable = true;
    if (const auto done = open_environment(segment, 0, map_bytes); !done) return done.error();
    const auto described = describe(segment, producers);
    if (!described) {
      mdb_env_close(segment.env);
      fs::remove_all(draft, error);
      return described.error();
    }
    // Readers of the same group need to write their slots into the lock file, and nothing else.
    ::chmod((draft / "lock.mdb").c_str(), 0660);
    auto named = sync_directory(draft);
    if (named && ::rename(draft.c_str(), path.c_str()) != 0) named = broken(path, "rename", errno);
    if (named) named = sync_directory(directory);
    struct ::stat status;
    if (named && ::stat(path.c_str(), &status) != 0) named = broken(path, "look at", errno);
    if (!named) {
      mdb_env_close(segment.env);
      return named.error();
    }
    segment.path = path;
    const Registry::Key key{status.st_dev, status.st_ino};
    return SegmentHandle{key, registry.opened.emplace(key, Registry::Opened{std::move(segment), 0}).first->second};
  }

  Segment* operator->() const { return segment_; }
  const Segment& operator*() const { return *segment_; }
  explicit operator bool() const { return segment_ != nullptr; }

  void release() {
    if (!segment_) return;
    Registry& registry = Registry::instance();
    const std::lock_guard lock{registry.mutex};
    const auto known = registry.opened.find(key_);
    const bool is_ours = registry.pid == ::getpid() && known != registry.opened.end() && &known->second.segment == segment_;
    if (is_ours && --known->second.users == 0) {
      mdb_env_close(known->second.segment.env);
      registry.opened.erase(known);
    }
    segment_ = nullptr;
  }

 private:
  SegmentHandle(Registry::Key key, Registry::Opened& opened) : key_{key}, segment_{&opened.segment} { ++opened.users; }

  static Result<void> describe(Segment& segment, const std::map<std::string, ProducerPosition, std::less<>>& producers);

  Registry::Key key_{};
  Segment* segment_ = nullptr;
};

constexpr std::string_view producer_prefix{"producer\0", 9};

int put_producer(const Segment& segment, MDB_txn* txn, std::string_view name, const ProducerPosition& position) {
  std::uint64_t numbers[2] = {position.next, static_cast<std::uint64_t>(position.heard_ns)};
  return put_about(segment, txn, std::string{producer_prefix} + std::string{name},
                   {reinterpret_cast<const char*>(numbers), sizeof numbers});
}

Result<void> SegmentHandle::describe(Segment& segment,
                                     const std::map<std::string, ProducerPosition, std::less<>>& producers) {
  Transaction txn{segment.env, 0};
  int code = txn.code();
  if (code == 0) code = open_databases(segment, txn.get(), MDB_CREATE);
  if (code == 0) code = put_about(segment, txn.get(), "format", format_name);
  if (code == 0) code = put_about(segment, txn.get(), "stream", segment.stream);
  if (code == 0) code = put_about(segment, txn.get(), "first_sequence", bytes_of(segment.first_sequence));
  if (code == 0) code = put_about(segment, txn.get(), "previous_chain", bytes_of(segment.previous));
  for (const auto& [name, position] : producers) {
    if (code == 0) code = put_producer(segment, txn.get(), name, position);
  }
  if (code == 0) code = txn.commit();
  if (code == ENOSPC || code == EDQUOT) return no_space(segment.path, "no space left on the disk");
  if (code == MDB_MAP_FULL) return no_space(segment.path, "the segment is too small to be begun");
  if (code != 0) return broken(segment.path, "describe", code);
  return {};
}

// The oldest transaction that a reader is in, 0 for none: the last word of each line of LMDB's table.
std::uint64_t oldest_held(MDB_env* env) {
  std::uint64_t oldest = 0;
  const auto look = [](const char* line, void* out) {
    const std::string_view text{line};
    const std::size_t end = text.find_last_of("0123456789");
    if (end == text.npos || end + 2 != text.size()) return 0;  // "-", or the heading
    std::uint64_t held = 0;
    std::from_chars(line + text.find_last_of(' ') + 1, line + text.size(), held);
    auto& least = *static_cast<std::uint64_t*>(out);
    if (least == 0 || held < least) least = held;
    return 0;
  };
  mdb_reader_list(env, look, &oldest);
  return oldest;
}

// ---- values: the chain hash, then the frame

constexpr std::size_t hash_size = std::tuple_size_v<Hash>;

struct Cursor {
  MDB_cursor* cursor = nullptr;
  int code = 0;
  Cursor(MDB_txn* txn, MDB_dbi dbi) { code = mdb_cursor_open(txn, dbi, &cursor); }
  ~Cursor() {
    if (cursor) mdb_cursor_close(cursor);
  }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  int get(MDB_val& key, MDB_val& value, MDB_cursor_op op) {
    if (code == 0) code = mdb_cursor_get(cursor, &key, &value, op);
    return code;
  }
};

// The last sequence in a segment, or the one before its first when it is empty.
Result<std::uint64_t> last_in(const Segment& segment, MDB_txn* txn) {
  Cursor cursor{txn, segment.records};
  MDB_val key{}, value{};
  const int code = cursor.get(key, value, MDB_LAST);
  if (code == MDB_NOTFOUND) return segment.first_sequence - 1;
  if (code != 0) return broken(segment.path, "read", code);
  const auto last = number_of(key);
  if (!last || *last < segment.first_sequence) return damaged(segment.path, "its last key is not a sequence of this segment");
  return *last;
}

}  // namespace

Result<JournalRecord> read_value(std::span<const std::uint8_t> value, std::uint64_t sequence) {
  const auto wrong = [sequence](std::string_view what) {
    const std::string name = "record " + std::to_string(sequence);
    return Error{ErrorCode::InvalidMessage, what.starts_with(name) ? std::string{what} : name + ": " + std::string{what}};
  };
  if (value.size() < hash_size + sizeof(RecordHeader)) return wrong("its value is too short");
  JournalRecord record{};
  std::memcpy(record.chain.data(), value.data(), hash_size);
  record.frame = value.subspan(hash_size);
  const auto frame = read_frame(record.frame);
  if (!frame) return wrong(frame.error().text);
  if (frame->size != record.frame.size()) return wrong("its value is longer than its frame");
  if (frame->record.header.sequence != sequence) {
    return wrong("its frame says it is record " + std::to_string(frame->record.header.sequence));
  }
  record.record = frame->record;
  return record;
}

// ---- reader

class JournalReader::Impl {
 public:
  static Result<std::unique_ptr<Impl>> open(const fs::path& directory) {
    std::error_code error;
    if (!fs::is_directory(directory, error)) {
      return Error{ErrorCode::Internal, directory.string() + ": no such directory"};
    }
    if (const auto local = require_local(directory); !local) return local.error();
    auto segments = list_segments(directory);
    if (!segments) return segments.error();
    if (segments->empty()) return Error{ErrorCode::Internal, directory.string() + ": holds no journal"};
    auto impl = std::make_unique<Impl>();
    impl->directory_ = directory;
    impl->segments_ = std::move(*segments);
    if (const auto opened = impl->use(impl->segments_.size() - 1); !opened) return opened.error();
    impl->stream_ = impl->segment_->stream;
    return impl;
  }

  ~Impl() { close(); }

  const std::string& stream() const { return stream_; }

  std::uint64_t first_sequence() { return last_sequence() < segments_.front() ? 0 : segments_.front(); }

  std::uint64_t last_sequence() {
    const auto last = newest();
    return last ? *last : 0;
  }

  Result<std::uint64_t> newest() {
    if (const auto listed = list_anew(); !listed) return listed.error();
    if (const auto opened = use(segments_.size() - 1); !opened) return opened.error();
    return last_of_present();
  }

  Result<void> read(std::uint64_t first, std::uint64_t last, const std::function<bool(const JournalRecord&)>& visit) {
    std::uint64_t next = std::max(first, segments_.front());
    if (first != 0 && first < segments_.front()) {
      return damaged(directory_, "begins at record " + std::to_string(segments_.front()));
    }
    Batch batch;
    while (next <= last) {
      if (const auto copied = copy(next, last, batch); !copied) return copied.error();
      if (batch.values.empty()) {
        const auto more = next_segment_holds(next);
        if (!more) return more.error();
        if (!*more) return {};
        continue;
      }
      for (const auto& [offset, size] : batch.values) {
        const auto record = read_value(std::span{batch.bytes}.subspan(offset, size), next);
        if (!record) return damaged(directory_ / segment_name(batch.segment), record.error().text);
        if (!visit(*record)) return {};
        ++next;
      }
    }
    return {};
  }

  // Sequences under the keys that begin with `prefix`, from the key `first` to the key `last`.
  Result<std::vector<std::uint64_t>> find(Index index, std::string_view first, std::string_view prefix,
                                          std::string_view last) {
    std::vector<std::uint64_t> found;
    if (const auto listed = list_anew(); !listed) return listed.error();
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      if (const auto opened = use(i); !opened) return opened.error();
      if (const auto begun = begin(); !begun) return begun.error();
      const auto collected = collect(index, first, prefix, last, found);
      mdb_txn_reset(txn_);
      if (!collected) return collected.error();
    }
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
    return found;
  }

  Result<std::vector<SegmentInfo>> segments() {
    if (const auto listed = list_anew(); !listed) return listed.error();
    std::vector<SegmentInfo> found;
    for (std::size_t i = 0; i < segments_.size(); ++i) {
      if (const auto opened = use(i); !opened) return opened.error();
      const auto last = last_of_present();
      if (!last) return last.error();
      MDB_envinfo info{};
      MDB_stat stat{};
      mdb_env_info(segment_->env, &info);
      mdb_env_stat(segment_->env, &stat);
      found.push_back({segment_->first_sequence, *last, segment_->previous, (info.me_last_pgno + 1) * stat.ms_psize,
                       info.me_mapsize});
    }
    return found;
  }

 private:
  struct Batch {
    Bytes bytes;  // values one after the other, each a multiple of 8: so payloads are aligned for decode()
    std::vector<std::pair<std::size_t, std::size_t>> values;
    std::uint64_t segment = 0;
  };

  void close() {
    if (txn_) mdb_txn_abort(std::exchange(txn_, nullptr));
    segment_.release();
  }

  Result<void> list_anew() {
    auto segments = list_segments(directory_);
    if (!segments) return segments.error();
    if (segments->empty()) return Error{ErrorCode::Internal, directory_.string() + ": holds no journal any more"};
    segments_ = std::move(*segments);
    return {};
  }

  Result<void> use(std::size_t index) {
    if (segment_ && segment_->first_sequence == segments_[index]) return {};
    close();
    auto opened = SegmentHandle::open(directory_ / segment_name(segments_[index]), false);
    if (!opened) return opened.error();
    segment_ = std::move(*opened);
    if (!stream_.empty() && segment_->stream != stream_) {
      return damaged(segment_->path, "belongs to the stream " + segment_->stream + ", not " + stream_);
    }
    return {};
  }

  // A reset transaction keeps its slot, so renewing it takes no lock.
  Result<void> begin() {
    const int code = txn_ ? mdb_txn_renew(txn_) : mdb_txn_begin(segment_->env, nullptr, MDB_RDONLY, &txn_);
    if (code != 0) return broken(segment_->path, "read", code);
    return {};
  }

  // Copies what is there from `next` on, a batch at most, out of the segment that holds it. Empty: the segment ends before.
  Result<void> copy(std::uint64_t next, std::uint64_t last, Batch& batch) {
    constexpr std::size_t bytes_max = 256 << 10;
    constexpr std::size_t values_max = 1024;
    const auto after = std::upper_bound(segments_.begin(), segments_.end(), next);
    if (const auto opened = use(static_cast<std::size_t>(after - segments_.begin()) - 1); !opened) return opened.error();
    batch.bytes.clear();
    batch.values.clear();
    batch.segment = segment_->first_sequence;
    if (const auto begun = begin(); !begun) return begun.error();
    auto copied = copy_values(next, last, batch, bytes_max, values_max);
    mdb_txn_reset(txn_);
    return copied;
  }

  Result<void> copy_values(std::uint64_t next, std::uint64_t last, Batch& batch, std::size_t bytes_max,
                           std::size_t values_max) {
    Cursor cursor{txn_, segment_->records};
    std::uint64_t sequence = next;
    MDB_val key = value_of(sequence);
    MDB_val value{};
    int code = cursor.get(key, value, MDB_SET_RANGE);
    while (code == 0) {
      const auto found = number_of(key);
      if (!found || *found != next) {
        // What was copied so far is good and is visited first; the next batch begins here and says what is wrong.
        if (!batch.values.empty()) return {};
        return damaged(segment_->path, "record " + std::to_string(next) + " is missing");
      }
      const auto* bytes = static_cast<const std::uint8_t*>(value.mv_data);
      if (value.mv_size > hash_size + frame_size(record_size_max)) {
        if (!batch.values.empty()) return {};
        return damaged(segment_->path, "record " + std::to_string(next) + ": its value is too long");
      }
      batch.values.emplace_back(batch.bytes.size(), value.mv_size);
      batch.bytes.insert(batch.bytes.end(), bytes, bytes + value.mv_size);
      batch.bytes.resize((batch.bytes.size() + 7) & ~std::size_t{7});
      if (next == last || batch.values.size() == values_max || batch.bytes.size() >= bytes_max) return {};
      ++next;
      code = cursor.get(key, value, MDB_NEXT);
    }
    if (code != MDB_NOTFOUND) return broken(segment_->path, "read", code);
    return {};
  }

  // The present segment ends before `next`. Is there another that begins with it?
  Result<bool> next_segment_holds(std::uint64_t next) {
    const std::uint64_t present = segment_->first_sequence;
    if (const auto listed = list_anew(); !listed) return listed.error();
    const auto after = std::upper_bound(segments_.begin(), segments_.end(), present);
    if (after == segments_.end()) return false;
    if (*after > next) {
      // Since there is a newer segment the present one has its last record, perhaps one written after we looked.
      const auto last = last_of_present();
      if (!last) return last.error();
      if (*last < next) return damaged(directory_, "record " + std::to_string(next) + " is missing");
      return true;
    }
    if (const auto opened = use(static_cast<std::size_t>(after - segments_.begin())); !opened) return opened.error();
    const auto last = last_of_present();
    if (!last) return last.error();
    return *last >= next;
  }

  Result<std::uint64_t> last_of_present() {
    if (const auto begun = begin(); !begun) return begun.error();
    auto last = last_in(*segment_, txn_);
    mdb_txn_reset(txn_);
    return last;
  }

  Result<void> collect(Index index, std::string_view first, std::string_view prefix, std::string_view last,
                       std::vector<std::uint64_t>& found) {
    Cursor cursor{txn_, segment_->indexes[static_cast<std::size_t>(index)]};
    MDB_val key = value_of(first);
    MDB_val value{};
    int code = cursor.get(key, value, MDB_SET_RANGE);
    while (code == 0 && text_of(key).starts_with(prefix) && text_of(key) <= last) {
      const auto sequence = number_of(value);
      if (!sequence) return damaged(segment_->path, "an index holds something that is no sequence");
      found.push_back(*sequence);
      code = cursor.get(key, value, MDB_NEXT);
    }
    if (code != 0 && code != MDB_NOTFOUND) return broken(segment_->path, "search", code);
    return {};
  }

  fs::path directory_;
  std::string stream_;
  std::vector<std::uint64_t> segments_;
  SegmentHandle segment_;
  MDB_txn* txn_ = nullptr;
};

JournalReader::JournalReader(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
JournalReader::~JournalReader() = default;
JournalReader::JournalReader(JournalReader&&) noexcept = default;
JournalReader& JournalReader::operator=(JournalReader&&) noexcept = default;

Result<JournalReader> JournalReader::open(const fs::path& directory) {
  auto impl = Impl::open(directory);
  if (!impl) return impl.error();
  return JournalReader{std::move(*impl)};
}

const std::string& JournalReader::stream() const { return impl_->stream(); }
std::uint64_t JournalReader::first_sequence() const { return impl_->first_sequence(); }
std::uint64_t JournalReader::last_sequence() { return impl_->last_sequence(); }

Result<void> JournalReader::read(std::uint64_t first, std::uint64_t last,
                                 const std::function<bool(const JournalRecord&)>& visit) {
  return impl_->read(first, last, visit);
}

Result<std::vector<std::uint64_t>> JournalReader::find(Index index, std::string_view key) {
  if (key.empty()) return std::vector<std::uint64_t>{};
  if (index != Index::ClientOrderId) return impl_->find(index, key, key, key);
  const std::size_t nul = key.find('\0');
  if (nul != std::string_view::npos) {
    const std::string stored = client_order_key(key.substr(0, nul), key.substr(nul + 1));
    return impl_->find(index, stored, stored, stored);
  }
  const std::string prefix = client_order_key({}, key);
  return impl_->find(index, prefix, prefix, prefix + std::string(511, '\xff'));
}

Result<std::vector<std::uint64_t>> JournalReader::find_account(std::string_view account, Timestamp first_ns,
                                                               Timestamp last_ns) {
  const std::string first = account_time_key(account, first_ns);
  return impl_->find(Index::AccountTime, first, std::string_view{first}.substr(0, account.size() + 1),
                     account_time_key(account, last_ns));
}

Result<std::vector<std::uint64_t>> JournalReader::find_session_reports(std::string_view client, std::string_view session,
                                                                       std::uint64_t first_report) {
  const std::string first = session_report_key(client, session, first_report);
  return impl_->find(Index::SessionReport, first, std::string_view{first}.substr(0, client.size() + session.size() + 2),
                     session_report_key(client, session, UINT64_MAX));
}

Result<std::vector<SegmentInfo>> JournalReader::segments() { return impl_->segments(); }

// ---- writer

class JournalWriter::Impl {
 public:
  static Result<std::unique_ptr<Impl>> open(WriterOptions options) {
    auto impl = std::make_unique<Impl>(std::move(options));
    if (const auto ready = impl->start(); !ready) return ready.error();
    return impl;
  }

  explicit Impl(WriterOptions options) : options_{std::move(options)} {}

  ~Impl() {
    segment_.release();
    if (lock_ >= 0) ::close(lock_);
  }

  std::uint64_t next_sequence() const { return next_; }
  std::uint64_t not_indexed() const { return not_indexed_; }

  std::optional<ProducerPosition> position(std::string_view producer) const {
    const auto found = producers_.find(producer);
    if (found == producers_.end()) return std::nullopt;
    return found->second;
  }

  Result<void> append(std::span<const Entry> batch) {
    if (is_broken_) return Error{ErrorCode::Internal, options_.directory.string() + ": an earlier write has failed"};
    const auto appended = append_all(batch);
    is_broken_ = !appended && appended.error().code != ErrorCode::JournalDown;
    return appended;
  }

  Result<void> sign_head() {
    if (next_ == 1 || signed_ == next_ - 1) return {};
    Head head;
    head.stream = options_.stream;
    head.sequence = next_ - 1;
    head.time_ns = wall_now_ns();
    head.chain = chain_;
    key_->sign(head);
    const std::string line = to_json(head);
    if (const auto kept = append_line(options_.directory / "heads.jsonl", line); !kept) return kept.error();
    signed_here_ = head.sequence;
    if (options_.on_head) options_.on_head(line);
    if (!options_.head_file.empty()) {
      if (const auto left = append_line(options_.head_file, line); !left) return left.error();
    }
    signed_ = head.sequence;
    return {};
  }

  int look_after_readers() {
    int freed = 0;
    mdb_reader_check(segment_->env, &freed);
    const std::uint64_t held = oldest_held(segment_->env);
    const std::uint64_t used = used_bytes();
    if (held != held_) {
      held_ = held;
      held_used_ = used;
    } else if (held != 0 && used - held_used_ > held_bytes_max) {
      is_full_ = true;
    }
    return freed;
  }

  int disk_used_percent() const {
    struct ::statvfs status;
    if (::statvfs(segment_->path.c_str(), &status) != 0) return 0;
    const std::uint64_t used = status.f_blocks - status.f_bfree;
    const std::uint64_t all = used + status.f_bavail;
    return all == 0 ? 0 : static_cast<int>(used * 100 / all);
  }

 private:
  bool has_records() const { return next_ != segment_->first_sequence; }

  Result<void> append_all(std::span<const Entry> batch) {
    std::size_t records_max = batch_records_max;
    while (!batch.empty()) {
      if (const auto judged = judge(batch, records_max); !judged) return judged.error();
      const Timestamp day = slice_.front().header.wall_ns / day_ns;
      if (is_full_ || (has_records() && day > day_)) {
        if (const auto rolled = roll(); !rolled) return rolled.error();
      }
      const auto fits = commit(batch.first(slice_.size()));
      if (!fits) return fits.error();
      if (!*fits) {
        // A new segment takes the rest, in smaller steps when even an empty one is too small.
        if (has_records()) {
          is_full_ = true;
        } else if (slice_.size() > 1) {
          records_max = slice_.size() / 2;
        } else {
          return no_space(segment_->path, "a segment of " + std::to_string(options_.segment_bytes) +
                                              " bytes has no room for record " + std::to_string(next_));
        }
        continue;
      }
      batch = batch.subspan(slice_.size());
      records_max = batch_records_max;
    }
    return {};
  }

  Result<void> start() {
    std::error_code error = make_folder(options_.directory);
    if (error) return broken(options_.directory, "create", error.value());
    if (const auto local = require_local(options_.directory); !local) return local.error();
    if (const auto locked = lock(); !locked) return locked.error();
    if (!options_.head_file.empty() && options_.head_file.has_parent_path()) {
      error = make_folder(options_.head_file.parent_path());
      if (error) return broken(options_.head_file.parent_path(), "create", error.value());
    }
    auto key = SigningKey::open(options_.directory);
    if (!key) return key.error();
    key_.emplace(std::move(*key));
    if (const auto cleared = remove_drafts(); !cleared) return cleared.error();
    const auto segments = list_segments(options_.directory);
    if (!segments) return segments.error();
    if (segments->empty()) return create(1, chain_of_.genesis(options_.stream));
    auto opened = SegmentHandle::open(options_.directory / segment_name(segments->back()), true);
    if (!opened) return opened.error();
    segment_ = std::move(*opened);
    if (segment_->stream != options_.stream) {
      return damaged(segment_->path, "belongs to the stream " + segment_->stream + ", not " + options_.stream);
    }
    return find_end();
  }

  // The lock names its holder for whoever is refused. It ends with the process, however that ends.
  Result<void> lock() {
    const fs::path file = options_.directory / "writer.lock";
    lock_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (lock_ < 0) return broken(file, "open", errno);
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return broken(file, "lock", errno);
      char holder[32] = {};
      const ssize_t got = ::pread(lock_, holder, sizeof holder - 1, 0);
      const std::string_view pid{holder, got > 0 ? static_cast<std::size_t>(got) : 0};
      return Error{ErrorCode::Internal, options_.directory.string() + ": another busbar-auditd (process " +
                                            std::string{pid.substr(0, pid.find('\n'))} + ") writes this journal"};
    }
    const std::string pid = std::to_string(::getpid()) + "\n";
    if (::ftruncate(lock_, 0) != 0 || ::pwrite(lock_, pid.data(), pid.size(), 0) < 0) return broken(file, "write", errno);
    return {};
  }

  // What a crash left of a segment that never got its name.
  Result<void> remove_drafts() {
    std::error_code error;
    std::vector<fs::path> drafts;
    for (fs::directory_iterator it{options_.directory, error}, end; !error && it != end; it.increment(error)) {
      const std::string name = it->path().filename().string();
      if (name.size() == 24 && name.ends_with(".new") && it->is_directory()) drafts.push_back(it->path());
    }
    for (const fs::path& draft : drafts) fs::remove_all(draft, error);
    if (error) return broken(options_.directory, "remove an unfinished segment", error.value());
    return {};
  }

  Result<void> create(std::uint64_t first_sequence, const Hash& previous) {
    auto created = SegmentHandle::create(options_.directory, options_.stream, first_sequence, previous,
                                         options_.segment_bytes, producers_);
    if (!created) return created.error();
    segment_ = std::move(*created);
    next_ = first_sequence;
    chain_ = previous;
    day_ = 0;
    is_full_ = false;
    held_ = 0;
    return {};
  }

  Result<void> find_end() {
    Transaction txn{segment_->env, MDB_RDONLY};
    if (txn.code() != 0) return broken(segment_->path, "read", txn.code());
    const auto last = last_in(*segment_, txn.get());
    if (!last) return last.error();
    next_ = *last + 1;
    chain_ = segment_->previous;
    if (has_records()) {
      std::uint64_t ends[2] = {segment_->first_sequence, *last};
      for (std::uint64_t& sequence : ends) {
        MDB_val key = value_of(sequence);
        MDB_val value{};
        const int code = mdb_get(txn.get(), segment_->records, &key, &value);
        if (code != 0) return broken(segment_->path, "read record " + std::to_string(sequence), code);
        const auto record = read_value({static_cast<const std::uint8_t*>(value.mv_data), value.mv_size}, sequence);
        if (!record) return damaged(segment_->path, record.error().text);
        if (&sequence == &ends[0]) day_ = record->record.header.wall_ns / day_ns;
        chain_ = record->chain;
      }
    }
    look_if_full();
    return read_producers(txn.get());
  }

  Result<void> read_producers(MDB_txn* txn) {
    Cursor cursor{txn, segment_->about};
    MDB_val key = value_of(producer_prefix);
    MDB_val value{};
    int code = cursor.get(key, value, MDB_SET_RANGE);
    while (code == 0 && text_of(key).starts_with(producer_prefix)) {
      std::uint64_t numbers[2] = {};
      if (value.mv_size != sizeof numbers) return damaged(segment_->path, "a producer's position has the wrong size");
      std::memcpy(numbers, value.mv_data, sizeof numbers);
      producers_[std::string{text_of(key).substr(producer_prefix.size())}] = {numbers[0], static_cast<Timestamp>(numbers[1])};
      code = cursor.get(key, value, MDB_NEXT);
    }
    if (code != 0 && code != MDB_NOTFOUND) return broken(segment_->path, "read", code);
    return {};
  }

  // Takes from the front what one transaction shall hold: one UTC day, a bounded number and size.
  Result<void> judge(std::span<const Entry> batch, std::size_t records_max) {
    slice_.clear();
    slice_bytes_ = 0;
    const std::size_t bytes_max = std::min<std::size_t>(batch_bytes_max, options_.segment_bytes / 8);
    for (const Entry& entry : batch) {
      const auto frame = read_frame(entry.frame);
      assert(frame && frame->size == entry.frame.size());
      assert(frame->record.header.sequence == next_ + slice_.size());
      const bool is_new_day =
          !slice_.empty() && frame->record.header.wall_ns / day_ns > slice_.front().header.wall_ns / day_ns;
      if (slice_.size() == records_max || is_new_day || (!slice_.empty() && slice_bytes_ + frame->size > bytes_max)) break;
      slice_.push_back(frame->record);
      slice_bytes_ += frame->size;
    }
    return require_space();
  }

  // LMDB turns a write that the disk took in part only into EIO, which is final. So space is looked for beforehand: the
  // records, and for each of them the pages of every tree it may touch.
  Result<void> require_space() {
    struct ::statvfs status;
    if (::statvfs(segment_->path.c_str(), &status) != 0) return broken(segment_->path, "look at", errno);
    const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
    const std::uint64_t need = (1 << 20) + 2 * slice_bytes_ + std::min<std::uint64_t>(slice_.size(), 256) * (32 << 10);
    if (free < need) {
      return no_space(segment_->path, "no space left on the disk: " + std::to_string(free) + " bytes are free, " +
                                          std::to_string(need) + " are needed");
    }
    return {};
  }

  // One transaction. false: the map is full, and nothing was written.
  Result<bool> commit(std::span<const Entry> entries) {
    Transaction txn{segment_->env, 0};
    int code = txn.code();
    Hash chain = chain_;
    std::uint64_t unread = 0;
    for (std::size_t i = 0; i < entries.size() && code == 0; ++i) {
      chain = chain_of_.next(chain, entries[i].frame);
      code = put_record(txn.get(), slice_[i].header.sequence, chain, entries[i].frame);
      if (code == 0) code = put_keys(txn.get(), slice_[i], unread);
    }
    std::map<std::string_view, ProducerPosition> moved;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (!entries[i].producer.empty()) moved[entries[i].producer] = {entries[i].producer_next, slice_[i].header.wall_ns};
    }
    for (const auto& [name, position] : moved) {
      if (code == 0) code = put_producer(*segment_, txn.get(), name, position);
    }
    if (code == 0) code = txn.commit();
    if (code == MDB_MAP_FULL) return false;
    if (code == ENOSPC || code == EDQUOT) return no_space(segment_->path, "no space left on the disk");
    if (code != 0) return broken(segment_->path, "commit records from " + std::to_string(next_), code);
    if (!has_records()) day_ = slice_.front().header.wall_ns / day_ns;
    next_ += entries.size();
    chain_ = chain;
    not_indexed_ += unread;
    for (const auto& [name, position] : moved) producers_[std::string{name}] = position;
    look_if_full();
    return true;
  }

  int put_record(MDB_txn* txn, std::uint64_t sequence, const Hash& chain, std::span<const std::uint8_t> frame) {
    MDB_val key = value_of(sequence);
    MDB_val value{hash_size + frame.size(), nullptr};
    const int code = mdb_put(txn, segment_->records, &key, &value, MDB_APPEND | MDB_RESERVE);
    if (code != 0) return code;
    auto* place = static_cast<std::uint8_t*>(value.mv_data);
    std::memcpy(place, chain.data(), hash_size);
    std::memcpy(place + hash_size, frame.data(), frame.size());
    return 0;
  }

  int put_keys(MDB_txn* txn, const Record& record, std::uint64_t& unread) {
    keys_.clear();
    if (!index_keys(record, keys_)) ++unread;
    std::uint64_t sequence = record.header.sequence;
    for (const IndexKey& entry : keys_) {
      MDB_val key = value_of(entry.key);
      MDB_val value = value_of(sequence);
      const int code = mdb_put(txn, segment_->indexes[static_cast<std::size_t>(entry.index)], &key, &value, 0);
      if (code != 0) return code;
    }
    return 0;
  }

  MDB_envinfo info() const {
    MDB_envinfo info{};
    mdb_env_info(segment_->env, &info);
    return info;
  }

  std::uint64_t used_bytes() const {
    MDB_stat stat{};
    mdb_env_stat(segment_->env, &stat);
    return (std::uint64_t{info().me_last_pgno} + 1) * stat.ms_psize;
  }

  void look_if_full() { is_full_ = has_records() && used_bytes() > info().me_mapsize / 10 * 9; }

  // Every segment ends with a signed head, so that it may be kept or dropped by itself.
  Result<void> roll() {
    if (signed_here_ != next_ - 1) {
      // The copy that leaves the machine may fail without stopping the journal: it is tried again at the next interval.
      const auto signed_head = sign_head();
      if (!signed_head && signed_here_ != next_ - 1) return signed_head.error();
    }
    const Timestamp now = wall_now_ns();
    std::erase_if(producers_, [now](const auto& known) { return now - known.second.heard_ns > producer_forgotten_ns; });
    return create(next_, chain_);
  }

  WriterOptions options_;
  int lock_ = -1;
  std::optional<SigningKey> key_;
  Chain chain_of_;
  SegmentHandle segment_;
  std::uint64_t next_ = 1;
  Hash chain_{};
  Timestamp day_ = 0;  // of the segment's first record
  bool is_full_ = false;
  bool is_broken_ = false;
  std::uint64_t held_ = 0;       // the oldest transaction that a reader held at the last look, 0 for none
  std::uint64_t held_used_ = 0;  // and how large the segment was when it was first seen
  std::uint64_t signed_ = 0;       // the last head that reached every place
  std::uint64_t signed_here_ = 0;  // the last one in the stream's directory
  std::uint64_t not_indexed_ = 0;
  std::map<std::string, ProducerPosition, std::less<>> producers_;
  std::vector<Record> slice_;  // what the present transaction holds
  std::size_t slice_bytes_ = 0;
  std::vector<IndexKey> keys_;
};

JournalWriter::JournalWriter(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
JournalWriter::~JournalWriter() = default;
JournalWriter::JournalWriter(JournalWriter&&) noexcept = default;
JournalWriter& JournalWriter::operator=(JournalWriter&&) noexcept = default;

Result<JournalWriter> JournalWriter::open(WriterOptions options) {
  auto impl = Impl::open(std::move(options));
  if (!impl) return impl.error();
  return JournalWriter{std::move(*impl)};
}

std::uint64_t JournalWriter::next_sequence() const { return impl_->next_sequence(); }
std::optional<ProducerPosition> JournalWriter::position(std::string_view producer) const { return impl_->position(producer); }
Result<void> JournalWriter::append(std::span<const Entry> batch) { return impl_->append(batch); }
Result<void> JournalWriter::sign_head() { return impl_->sign_head(); }
int JournalWriter::look_after_readers() { return impl_->look_after_readers(); }
int JournalWriter::disk_used_percent() const { return impl_->disk_used_percent(); }
std::uint64_t JournalWriter::not_indexed() const { return impl_->not_indexed(); }

}  // namespace busbar::audit
