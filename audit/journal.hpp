#pragma once
// The journal of one stream: LMDB environments (segments) in one directory, each named by its first sequence; records keyed
// by sequence, chained by SHA-256, indexed. LMDB lives in journal.cpp only. One writer (auditd), readers in any process.

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

#include "bus/record.hpp"

namespace busbar::audit {

using Hash = std::array<std::uint8_t, 32>;

enum class Index : std::uint8_t {
  OrderId,        // decimal
  ClientOrderId,  // "client\0id"; find() also takes the bare id and finds every client's
  VenueOrderId,
  ExecutionId,    // "account\0trade id", and our own exec_id
  AccountTime,    // "account\0" + big-endian time
  SessionReport,  // "client\0session\0" + big-endian report number: for resume
};

struct JournalRecord {
  Record record;  // payload lies in the map: valid during the visit only
  Hash chain;     // SHA-256(previous chain, frame bytes)
};

class JournalReader {
 public:
  // Error: no such directory, no segment, not a journal, or a remote file system.
  static Result<JournalReader> open(const std::filesystem::path& directory);
  ~JournalReader();
  JournalReader(JournalReader&&) noexcept;
  JournalReader& operator=(JournalReader&&) noexcept;

  std::uint64_t first_sequence() const;  // 0 when empty
  std::uint64_t last_sequence();         // synced ones; looks anew
  // Visits [first, last] in order, renewing its read transaction every few thousand records; visit returns false to stop.
  // Follows into segments that the writer opened meanwhile. A missing sequence or a bad checksum is an error naming it.
  Result<void> read(std::uint64_t first, std::uint64_t last, const std::function<bool(const JournalRecord&)>& visit);
  // Sequences under a key, in order.
  Result<std::vector<std::uint64_t>> find(Index index, std::string_view key);
  Result<std::vector<std::uint64_t>> find_session_reports(std::string_view client, std::string_view session,
                                                          std::uint64_t first_report);

 private:
  class Impl;
  explicit JournalReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace busbar::audit
