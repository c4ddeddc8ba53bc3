#include "router/follow.hpp"

#include <cstdio>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include "bus/clock.hpp"
#include "router/snapshots.hpp"

namespace busbar::router {
namespace {

constexpr std::uint64_t turn_records = 4096;  // then the loop gets its turn, for signals and the watchdog
constexpr auto idle = std::chrono::milliseconds{50};

Snapshot first_snapshot(const RouterConfig& config) {
  return newest_snapshot(config.state / "snapshots", UINT64_MAX,
                         [](const std::string& what) { spdlog::warn("snapshot passed over: {}", what); });
}

Replay replay_from(Snapshot snapshot) { return Replay{std::move(snapshot.core), snapshot.through}; }

}  // namespace

Follower::Follower(boost::asio::io_context& loop, const RouterConfig& config,
                   std::function<void(const std::string&)> on_difference)
    : config_{config},
      on_difference_{std::move(on_difference)},
      timer_{loop},
      replay_{replay_from(first_snapshot(config))},
      snapshot_{replay_.through()},
      settled_{replay_.through()},
      snapshot_time_ns_{boottime_now_ns()} {
  spdlog::info("following {} from record {}", config_.journal.string(), replay_.through() + 1);
  turn();
}

bool Follower::open_journal() {
  if (journal_) return true;
  auto journal = audit::JournalReader::open(config_.journal);
  if (!journal) {
    if (!std::exchange(has_told_, true)) spdlog::info("waiting for a journal: {}", journal.error().text);
    return false;
  }
  journal_.emplace(std::move(*journal));
  return true;
}

void Follower::turn() {
  const bool has_more = open_journal() && read_some();
  if (!on_difference_) return;
  const bool is_due = replay_.through() - snapshot_ >= config_.follow_snapshot_records ||
                      boottime_now_ns() - snapshot_time_ns_ >= config_.follow_snapshot_seconds * 1'000'000'000;
  if (is_due) write();
  timer_.expires_after(has_more ? std::chrono::milliseconds{0} : idle);
  timer_.async_wait([this, here = std::weak_ptr<bool>{here_}](const boost::system::error_code& error) {
    if (!error && !here.expired()) turn();  // one that was due just before we went is called all the same
  });
}

bool Follower::read_some() {
  const std::uint64_t last = journal_->last_sequence();
  const std::uint64_t first = replay_.through() + 1;
  if (last < first) return false;
  Result<void> fed;
  // Beyond its share it goes on until no decision is open: only there a snapshot can be taken.
  const auto read = journal_->read(first, last, [&](const audit::JournalRecord& record) {
    fed = replay_.feed(record.record);
    return fed.has_value() && (replay_.through() - first < turn_records || !replay_.is_settled());
  });
  if (read && fed) return replay_.through() < last;
  if (const auto tell = std::exchange(on_difference_, {})) tell(fed ? read.error().text : fed.error().text);
  return false;
}

void Follower::write() {
  snapshot_time_ns_ = boottime_now_ns();
  if (replay_.through() == snapshot_ || !replay_.is_settled()) return;
  const auto written = write_snapshot(config_.state / "snapshots", replay_.core(), replay_.through());
  if (!written) return spdlog::error("no snapshot: {}", written.error().text);
  snapshot_ = replay_.through();
  spdlog::info("snapshot through record {}", snapshot_);
}

void Follower::stop() {
  timer_.cancel();
  if (on_difference_) write();
}

int check_journal(const RouterConfig& config) {
  auto journal = audit::JournalReader::open(config.journal);
  const auto summary = journal ? replay(*journal) : Result<ReplaySummary>{journal.error()};
  if (!summary) {
    std::fprintf(stderr, "busbar-router: %s\n", summary.error().text.c_str());
    return 1;
  }
  if (summary->difference) {
    std::fprintf(stderr, "busbar-router: the core decides otherwise: %s\n", summary->difference->text().c_str());
    return 1;
  }
  std::string hash;
  for (const std::uint8_t byte : summary->state_hash) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    hash += digits;
  }
  std::printf("records %llu to %llu: %llu inputs, %llu decisions agree, state %s\n",
              static_cast<unsigned long long>(summary->first_sequence),
              static_cast<unsigned long long>(summary->last_sequence), static_cast<unsigned long long>(summary->inputs),
              static_cast<unsigned long long>(summary->outputs), hash.c_str());
  return 0;
}

}  // namespace busbar::router
