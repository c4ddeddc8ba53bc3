#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "audit/head.hpp"
#include "audit/index.hpp"
#include "audit/segment.hpp"
#include "bus/clock.hpp"
#include "bus/folder.hpp"

namespace busbar::audit {

namespace {

constexpr std::size_t indexed_records_max = 4096;  // each may touch a page of every index
constexpr std::size_t plain_records_max = 64 << 10;
constexpr std::size_t batch_bytes_max = 6 << 20;  // what the archive gathers, and a message more
constexpr std::uint64_t held_bytes_max = 2 << 20;  // a segment may grow so much behind one reader's transaction
constexpr Timestamp day_ns = Timestamp{24} * 3600 * 1'000'000'000;
constexpr Timestamp producer_forgotten_ns = 7 * day_ns;

}  // namespace

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
    const std::size_t batch_records_max = options_.stream == "market" ? plain_records_max : indexed_records_max;
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

  // Takes from the front what one transaction shall hold: one UTC day, a bounded number and size, and no more than the disk
  // has room for.
  Result<void> judge(std::span<const Entry> batch, std::size_t records_max) {
    slice_.clear();
    slice_bytes_ = 0;
    const std::size_t bytes_max = std::min<std::size_t>(batch_bytes_max, options_.segment_bytes / 8);
    for (const Entry& entry : batch) {
      assert(read_frame(entry.frame));
      const auto frame = read_frame(entry.frame, true);
      assert(frame->size == entry.frame.size());
      assert(frame->record.header.sequence == next_ + slice_.size());
      const bool is_new_day =
          !slice_.empty() && frame->record.header.wall_ns / day_ns > slice_.front().header.wall_ns / day_ns;
      if (slice_.size() == records_max || is_new_day || (!slice_.empty() && slice_bytes_ + frame->size > bytes_max)) break;
      slice_.push_back(frame->record);
      slice_bytes_ += frame->size;
    }
    return fit_to_disk();
  }

  // LMDB turns a write that the disk took in part only into EIO, which is final. So space is looked for beforehand, and of a
  // slice that is too large for it the first half is tried, down to one record.
  Result<void> fit_to_disk() {
    struct ::statvfs status;
    if (::statvfs(segment_->path.c_str(), &status) != 0) return broken(segment_->path, "look at", errno);
    const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
    while (free < space_needed() && slice_.size() > 1) {
      for (const std::size_t half = slice_.size() / 2; slice_.size() > half; slice_.pop_back()) {
        slice_bytes_ -= frame_size(slice_.back().payload.size());
      }
    }
    if (free >= space_needed()) return {};
    return no_space(segment_->path, "no space left on the disk: " + std::to_string(free) + " bytes are free, " +
                                        std::to_string(space_needed()) + " are needed");
  }

  // The records, and for each of them the pages of every tree it may touch.
  std::uint64_t space_needed() const {
    return (1 << 20) + 2 * slice_bytes_ + std::min<std::uint64_t>(slice_.size(), 256) * (32 << 10);
  }

  // One transaction. false: the map is full, and nothing was written.
  Result<bool> commit(std::span<const Entry> entries) {
    Transaction txn{segment_->env, 0};
    int code = txn.code();
    Hash chain = chain_;
    std::uint64_t unread = 0;
    keys_.clear();
    if (code == 0) code = put_records(txn.get(), entries, chain, unread);
    for (std::size_t index = 0; index < index_count && code == 0; ++index) {
      code = put_keys(txn.get(), static_cast<Index>(index));
    }
    std::map<std::string_view, ProducerPosition> moved;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      // Of many in a row only where that producer is afterwards.
      const bool is_last = i + 1 == entries.size() || entries[i + 1].producer.data() != entries[i].producer.data();
      if (is_last && !entries[i].producer.empty()) moved[entries[i].producer] = {entries[i].producer_next, slice_[i].header.wall_ns};
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

  int put_records(MDB_txn* txn, std::span<const Entry> entries, Hash& chain, std::uint64_t& unread) {
    Cursor cursor{txn, segment_->records};
    for (std::size_t i = 0; i < entries.size() && cursor.code == 0; ++i) {
      const std::span<const std::uint8_t> frame = entries[i].frame;
      chain = chain_of_.next(chain, frame);
      std::uint64_t sequence = slice_[i].header.sequence;
      MDB_val value{hash_size + frame.size(), nullptr};
      if (cursor.put(value_of(sequence), &value, MDB_APPEND | MDB_RESERVE) != 0) break;
      auto* place = static_cast<std::uint8_t*>(value.mv_data);
      std::memcpy(place, chain.data(), hash_size);
      std::memcpy(place + hash_size, frame.data(), frame.size());
      if (!keys_.add(slice_[i])) ++unread;
    }
    return cursor.code;
  }

  // Sorted, so that one cursor goes through the tree once, and each key is looked for once however many records it has.
  int put_keys(MDB_txn* txn, Index index) {
    const std::span<const IndexKey> keys = keys_.sorted(index);
    if (keys.empty()) return 0;
    Cursor cursor{txn, segment_->indexes[static_cast<std::size_t>(index)]};
    for (auto key = keys.begin(); key != keys.end() && cursor.code == 0;) {
      const std::string_view name = key->key;
      sequences_.clear();
      for (; key != keys.end() && key->key == name; ++key) sequences_.push_back(key->sequence);
      MDB_val values[2] = {{sizeof(std::uint64_t), sequences_.data()}, {sequences_.size(), nullptr}};
      cursor.put(value_of(name), values, MDB_MULTIPLE);
    }
    return cursor.code;
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
    const Timestamp long_ago = wall_now_ns() - producer_forgotten_ns;  // of theirs nothing is subtracted: it is what they say
    std::erase_if(producers_, [long_ago](const auto& known) { return known.second.heard_ns < long_ago; });
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
  Producers producers_;
  std::vector<Record> slice_;  // what the present transaction holds
  std::size_t slice_bytes_ = 0;
  IndexBatch keys_;  // of the same
  std::vector<std::uint64_t> sequences_;  // under one of its keys
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
