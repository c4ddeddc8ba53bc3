#include "audit/segment.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bus/folder.hpp"

namespace busbar::audit {

namespace {

constexpr std::string_view format_name = "busbar journal 1";
constexpr unsigned reader_slots = 512;
constexpr std::array<const char*, index_count> index_names = {"order_id",     "client_order_id", "venue_order_id",
                                                              "execution_id", "account_time",    "session_report"};

}  // namespace

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

std::string segment_name(std::uint64_t first_sequence) {
  char name[24];
  std::snprintf(name, sizeof name, "%020llu", static_cast<unsigned long long>(first_sequence));
  return name;
}

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

std::optional<std::uint64_t> number_of(const MDB_val& value) {
  if (value.mv_size != sizeof(std::uint64_t)) return std::nullopt;
  std::uint64_t number = 0;
  std::memcpy(&number, value.mv_data, sizeof number);
  return number;
}

namespace {

Result<void> sync_directory(const fs::path& directory) {
  if (const auto error = sync_folder(directory)) return broken(directory, "sync", error.value());
  return {};
}

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

}  // namespace

int put_producer(const Segment& segment, MDB_txn* txn, std::string_view name, const ProducerPosition& position) {
  std::uint64_t numbers[2] = {position.next, static_cast<std::uint64_t>(position.heard_ns)};
  return put_about(segment, txn, std::string{producer_prefix} + std::string{name},
                   {reinterpret_cast<const char*>(numbers), sizeof numbers});
}

namespace {

Result<void> describe(Segment& segment, const Producers& producers) {
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

}  // namespace

// The last word of each line of LMDB's table.
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

// Taken under its lock by all who open and close.
class SegmentHandle::Registry {
 public:
  struct Opened {
    Segment segment;
    unsigned users = 0;
    Segment& use() {
      ++users;
      return segment;
    }
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

Result<SegmentHandle> SegmentHandle::open(const fs::path& path, bool is_writable) {
  Registry& registry = Registry::instance();
  const std::lock_guard lock{registry.mutex};
  registry.forget_parents();
  struct ::stat status;
  if (::stat(path.c_str(), &status) != 0) return broken(path, "look at", errno);
  const Key key{status.st_dev, status.st_ino};
  const auto known = registry.opened.find(key);
  if (known != registry.opened.end()) {
    if (is_writable && !known->second.segment.is_writable) {
      return Error{ErrorCode::Internal, path.string() + ": this process reads it already; a writer opens first"};
    }
    return SegmentHandle{key, known->second.use()};
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
  return SegmentHandle{key, registry.opened.emplace(key, Registry::Opened{std::move(segment), 0}).first->second.use()};
}

Result<SegmentHandle> SegmentHandle::create(const fs::path& directory, std::string_view stream,
                                            std::uint64_t first_sequence, const Hash& previous, std::uint64_t map_bytes,
                                            const Producers& producers) {
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
  const Key key{status.st_dev, status.st_ino};
  return SegmentHandle{key, registry.opened.emplace(key, Registry::Opened{std::move(segment), 0}).first->second.use()};
}

void SegmentHandle::release() {
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

}  // namespace busbar::audit
