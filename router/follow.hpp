#pragma once
// busbar-router --follow: reads the journal behind the live router, feeds the same core, compares every decision byte
// for byte, and writes the snapshots that the live router starts from. A difference ends it.

#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "router/config.hpp"
#include "router/replay.hpp"

namespace busbar::router {

class Follower {
 public:
  // Starts from the newest snapshot. `on_difference` is called once, with words for a person; then nothing more is
  // followed.
  Follower(boost::asio::io_context& loop, const RouterConfig& config,
           std::function<void(const std::string&)> on_difference);

  // Writes a last snapshot when something has moved since.
  void stop();
  std::uint64_t through() const { return replay_.through(); }

 private:
  void turn();
  bool read_some();
  void write();
  bool open_journal();

  const RouterConfig& config_;
  std::function<void(const std::string&)> on_difference_;
  boost::asio::steady_timer timer_;
  std::optional<audit::JournalReader> journal_;
  Replay replay_;
  std::uint64_t snapshot_ = 0;      // through which record the newest snapshot is
  std::uint64_t settled_ = 0;       // the last record after which no decision was open
  Timestamp snapshot_time_ns_ = 0;  // boottime
  bool has_told_ = false;           // that there is no journal
  std::shared_ptr<bool> here_ = std::make_shared<bool>(true);
};

// --check: the whole journal once. 0: every decision agrees, 1: it does not or cannot be told. Says so on stdout or
// stderr.
int check_journal(const RouterConfig& config);

}  // namespace busbar::router
