#include <algorithm>
#include <cstring>
#include <utility>

#include "audit/index.hpp"
#include "audit/segment.hpp"

namespace busbar::audit {

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

}  // namespace busbar::audit
