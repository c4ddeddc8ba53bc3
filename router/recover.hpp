#pragma once
// A router's beginning: the newest snapshot and all records after it, from the log and, where the log has let them go,
// from the archive's journal on this host. Decisions that a crash kept from the log are made again and written.

#include <filesystem>
#include <functional>
#include <vector>

#include "router/log.hpp"
#include "router/replay.hpp"
#include "router/shell.hpp"

namespace busbar::router {

struct Recovered {
  Core core;
  Timestamp last_record_ns = 0;
  std::vector<PastReport> past_reports;
  std::uint64_t snapshot = 0;    // last record that was in it
  std::uint64_t replayed = 0;    // records after it
  std::uint64_t made_again = 0;  // outputs
};

struct RecoverOptions {
  std::filesystem::path log_directory;
  std::filesystem::path snapshots;
  std::filesystem::path journal;  // of stream core; need not exist
  Name journal_id;
  std::function<void()> on_progress = {};  // after each 1,000 records: there may be many
};

// Throws std::runtime_error: records are missing or damaged, or the core decides otherwise now than it did; it names
// the record.
Recovered recover(const RecoverOptions& options, Log& log);

}  // namespace busbar::router
