#pragma once
// One segment of a journal: an LMDB environment, opened once per process however many use it. LMDB is known here and in the
// two that read and write segments (journal_reader.cpp, journal_writer.cpp); only they include this.

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <lmdb.h>
#include <sys/types.h>

#include "audit/journal.hpp"

namespace busbar::audit {

namespace fs = std::filesystem;

inline constexpr std::size_t hash_size = std::tuple_size_v<Hash>;  // a value is the chain hash, then the frame
inline constexpr std::string_view producer_prefix{"producer\0", 9};

Error broken(const fs::path& where, std::string_view verb, int code);  // an errno, or LMDB's
Error no_space(const fs::path& where, std::string_view text);
Error damaged(const fs::path& where, std::string_view text);

std::string segment_name(std::uint64_t first_sequence);
// First sequences of the segments, in order.
Result<std::vector<std::uint64_t>> list_segments(const fs::path& directory);
// Locks and maps need a file system of this machine.
Result<void> require_local(const fs::path& directory);

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

inline MDB_val value_of(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // LMDB reads through it only
}

inline std::string_view text_of(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

inline MDB_val value_of(std::uint64_t& number) { return {sizeof number, &number}; }

std::optional<std::uint64_t> number_of(const MDB_val& value);

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
  int put(MDB_val key, MDB_val* value, unsigned flags) {
    if (code == 0) code = mdb_cursor_put(cursor, &key, value, flags);
    return code;
  }
};

using Producers = std::map<std::string, ProducerPosition, std::less<>>;

int put_producer(const Segment& segment, MDB_txn* txn, std::string_view name, const ProducerPosition& position);
// The oldest transaction that a reader is in, 0 for none.
std::uint64_t oldest_held(MDB_env* env);
// The last sequence in a segment, or the one before its first when it is empty.
Result<std::uint64_t> last_in(const Segment& segment, MDB_txn* txn);

// LMDB forbids a second opening of one environment in one process, for closing the one breaks the locks of the other. So
// all who need a segment share it, and the last to let go closes it.
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

  static Result<SegmentHandle> open(const fs::path& path, bool is_writable);
  // Made under another name, described and synced, and only then named: nobody ever sees half a segment.
  static Result<SegmentHandle> create(const fs::path& directory, std::string_view stream, std::uint64_t first_sequence,
                                      const Hash& previous, std::uint64_t map_bytes, const Producers& producers);

  Segment* operator->() const { return segment_; }
  const Segment& operator*() const { return *segment_; }
  explicit operator bool() const { return segment_ != nullptr; }
  void release();

 private:
  class Registry;
  using Key = std::pair<dev_t, ino_t>;  // by identity, not by name: a segment is renamed once it is ready
  SegmentHandle(Key key, Segment& segment) : key_{key}, segment_{&segment} {}

  Key key_{};
  Segment* segment_ = nullptr;
};

}  // namespace busbar::audit
