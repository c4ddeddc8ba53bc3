#include "router/recover.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "bus/codec.hpp"
#include "router/snapshots.hpp"

namespace busbar::router {
namespace {

constexpr std::size_t chunk_bytes = 4u << 20;
constexpr std::uint64_t progress_records = 1'000;

[[noreturn]] void refuse(const std::string& what) { throw std::runtime_error{what}; }

class Recovery {
 public:
  Recovery(const RecoverOptions& options, Log& log) : options_{options}, log_{log} {}

  Recovered run() {
    open_journal();
    std::string passed_over;
    Snapshot snapshot = newest_snapshot(options_.snapshots, log_.last_sequence(), [&](const std::string& what) {
      spdlog::warn("snapshot passed over: {}", what);
      passed_over = what;
    });
    // Beginning again with the same names at the brokers, and none of its clients' remembered, it would send orders twice.
    if (log_.last_sequence() == 0 && !passed_over.empty())
      refuse("there are snapshots, and neither log nor journal has a record: " + passed_over);
    recovered_.snapshot = snapshot.through;
    replay_.emplace(std::move(snapshot.core), snapshot.through);
    read_journal();
    read_log();
    recovered_.replayed = replay_->through() - recovered_.snapshot;
    check_identity();
    make_again();
    recovered_.last_record_ns = std::max({recovered_.last_record_ns, log_.last_time_ns(), replay_->last_time_ns()});
    recovered_.core = std::move(replay_->core());
    return std::move(recovered_);
  }

 private:
  // An archive that has more than the log outlived it: the log goes on after the archive.
  void open_journal() {
    if (!std::filesystem::exists(options_.journal)) return;
    auto journal = audit::JournalReader::open(options_.journal);
    if (!journal) {
      spdlog::info("no journal to read beside the log: {}", journal.error().text);
      return;
    }
    journal_.emplace(std::move(*journal));
    const std::uint64_t archived = journal_->last_sequence();
    if (archived <= log_.last_sequence()) return;
    spdlog::warn("the log ends with record {} and the archive with {}: starting a new log after the archive",
                 log_.last_sequence(), archived);
    log_.restart(archived + 1);
  }

  void read_journal() {
    const std::uint64_t first = replay_->through() + 1;
    const std::uint64_t last = log_.first_sequence() - 1;
    if (first > last) return;
    if (!journal_) {
      refuse("records " + std::to_string(first) + " to " + std::to_string(last) +
             " are neither in a snapshot nor in the log, and there is no journal at " + options_.journal.string());
    }
    const auto read = journal_->read(first, last, [this](const audit::JournalRecord& record) {
      feed(record.record);
      return true;
    });
    if (!read) refuse(options_.journal.string() + ": " + read.error().text);
    if (replay_->through() != last)
      refuse(options_.journal.string() + ": ends with record " + std::to_string(replay_->through()) + ", " +
             std::to_string(last) + " is needed");
  }

  void read_log() {
    LogReader reader{options_.log_directory};
    while (replay_->through() < log_.last_sequence()) {
      const auto chunk = reader.read(replay_->through() + 1, log_.last_sequence(), chunk_bytes);
      if (!chunk) refuse(chunk.error().text);
      std::span<const std::uint8_t> rest = chunk->frames;
      while (!rest.empty()) {
        const auto frame = read_frame(rest);
        if (!frame) refuse(frame.error().text);
        feed(frame->record);
        rest = rest.subspan(frame->size);
      }
    }
  }

  void feed(const Record& record) {
    if (record.kind() == RecordKind::Output) keep(record);
    const auto fed = replay_->feed(record);
    if (!fed) refuse("the records cannot be trusted: " + fed.error().text);
    if (record.header.sequence % progress_records == 0 && options_.on_progress) options_.on_progress();
  }

  void keep(const Record& record) {
    auto message = decode(record.payload);
    auto* output = message ? std::get_if<Output>(&message->body) : nullptr;
    if (!output || output->report_number == 0) return;
    recovered_.past_reports.push_back(
        {output->peer, output->session, output->report_number, record.header.sequence, std::move(output->message)});
  }

  void check_identity() {
    Query query;
    query.kind = QueryKind::Status;
    const auto status = replay_->core().answer(query).status;
    if (status && !status->journal_id.empty() && status->journal_id != options_.journal_id) {
      refuse("the records are of journal " + std::string{view(status->journal_id)} +
             ", and the state directory is of journal " + std::string{view(options_.journal_id)});
    }
  }

  void make_again() {
    RecordClock clock{std::max(log_.last_time_ns(), replay_->last_time_ns())};
    for (Unrecorded& open : replay_->open()) {
      const RecordTime time = clock.now();
      const std::uint64_t record = log_.append(RecordKind::Output, time.time_ns, time.wall_ns, open.payload);
      recovered_.last_record_ns = time.time_ns;
      ++recovered_.made_again;
      if (open.decision.report_number == 0) continue;
      recovered_.past_reports.push_back(
          {open.decision.peer, open.decision.session, open.decision.report_number, record, std::move(open.message)});
    }
    replay_->open().clear();
    log_.commit();
  }

  const RecoverOptions& options_;
  Log& log_;
  std::optional<audit::JournalReader> journal_;
  std::optional<Replay> replay_;
  Recovered recovered_;
};

}  // namespace

Recovered recover(const RecoverOptions& options, Log& log) { return Recovery{options, log}.run(); }

}  // namespace busbar::router
