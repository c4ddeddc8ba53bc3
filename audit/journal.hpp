#pragma once
// The journal of one stream: LMDB environments (segments) in one directory, each named by its first sequence; records keyed
// by sequence, chained by SHA-256, indexed. LMDB lives in segment.hpp and behind it. One writer (auditd), readers in any process.
// The layout on disk stands in docs/journal_format.md.

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/chain.hpp"
#include "bus/record.hpp"

namespace busbar::audit {

enum class Index : std::uint8_t {
  OrderId,        // decimal
  ClientOrderId,  // "client\0id"; find() also takes the bare id and finds every client's
  VenueOrderId,   // ours in the broker's alphabet, or the broker's own
  ExecutionId,    // "account\0trade id", and our own exec_id
  AccountTime,    // "account\0" + big-endian record time; find_account() takes a span of time
  SessionReport,  // "client\0session\0" + big-endian report number: for resume
};
inline constexpr std::size_t index_count = 6;

struct JournalRecord {
  Record record;  // payload is valid during the visit only, and aligned for decode()
  Hash chain;     // SHA-256(previous chain, frame bytes)
  std::span<const std::uint8_t> frame;  // the whole frame as it was written, header and padding; valid as the payload is
};

// A value of the records database: the chain hash, then the frame. What is wrong with it names the record.
Result<JournalRecord> read_value(std::span<const std::uint8_t> value, std::uint64_t sequence);

struct SegmentInfo {
  std::uint64_t first_sequence = 0;  // the directory's name
  std::uint64_t last_sequence = 0;   // first_sequence - 1 when it is empty
  Hash previous{};                   // the chain before its first record
  std::uint64_t used_bytes = 0;
  std::uint64_t map_bytes = 0;
};

// A visitor never holds a read transaction, however long it takes: records are copied out in batches under a short one.
// So a slow or stopped reader does not make the journal grow. An object belongs to one thread at a time.
class JournalReader {
 public:
  // Error: no such directory, no segment, not a journal, or a remote file system.
  static Result<JournalReader> open(const std::filesystem::path& directory);
  ~JournalReader();
  JournalReader(JournalReader&&) noexcept;
  JournalReader& operator=(JournalReader&&) noexcept;

  const std::string& stream() const;
  std::uint64_t first_sequence() const;  // 0 when empty
  std::uint64_t last_sequence();         // synced ones; looks anew. 0 when empty
  // Visits [first, last] in order; visit returns false to stop. first 0 means from the beginning, and last may lie beyond the
  // end. Follows into segments that the writer opened meanwhile. A missing sequence or a bad checksum is an error naming it.
  Result<void> read(std::uint64_t first, std::uint64_t last, const std::function<bool(const JournalRecord&)>& visit);
  // Sequences under a key, in order.
  Result<std::vector<std::uint64_t>> find(Index index, std::string_view key);
  Result<std::vector<std::uint64_t>> find_account(std::string_view account, Timestamp first_ns, Timestamp last_ns);
  Result<std::vector<std::uint64_t>> find_session_reports(std::string_view client, std::string_view session,
                                                          std::uint64_t first_report);
  Result<std::vector<SegmentInfo>> segments();

 private:
  friend class JournalWriter;
  class Impl;
  explicit JournalReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct WriterOptions {
  std::filesystem::path directory;  // of the stream; made when it is not there
  std::string stream;               // core, market, tape
  std::uint64_t segment_bytes = std::uint64_t{64} << 30;  // of the map, sparse
  std::filesystem::path head_file;  // signed heads go here as well; empty: only into the directory
  std::function<void(std::string_view line)> on_head;  // and to whoever wants them
};

// One record to append, with what its producer will send next where producers count for themselves (market, tape).
struct Entry {
  std::span<const std::uint8_t> frame;  // whole, with the stream's sequence
  std::string_view producer;            // "sender\0session", or empty
  std::uint64_t producer_next = 0;
};

struct ProducerPosition {
  std::uint64_t next = 1;
  Timestamp heard_ns = 0;  // wall clock
};

class JournalWriter {
 public:
  // Error: another writer is there, a remote file system, a journal of another stream or format, no key.
  static Result<JournalWriter> open(WriterOptions options);
  ~JournalWriter();
  JournalWriter(JournalWriter&&) noexcept;
  JournalWriter& operator=(JournalWriter&&) noexcept;

  std::uint64_t next_sequence() const;
  // Where a producer was, over restarts; nullopt for one never heard or long forgotten.
  std::optional<ProducerPosition> position(std::string_view producer) const;
  // Synced when it returns well. Frames must be good and dense from next_sequence(); else it asserts, for who received them
  // judged them. One transaction, or several when the day changes, the segment is full or the batch is large: after an error
  // next_sequence() tells how far it came. JournalDown: no space now, the same call may succeed later. Any other error is
  // final: a failed sync proves nothing about what went before, and the process has to end.
  Result<void> append(std::span<const Entry> batch);
  // Signs the chain's present head, unless that has been done. JournalDown: try again later.
  Result<void> sign_head();
  // Frees the slots of dead readers, whose transactions would keep pages from being used again. How many were freed. One that
  // lives and holds on to its transaction, stopped perhaps, cannot be helped: the journal leaves that segment to it.
  int look_after_readers();
  int disk_used_percent() const;  // of the file system, as df counts
  std::uint64_t not_indexed() const;  // records that could not be read for their ids

 private:
  class Impl;
  explicit JournalWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::audit
