#pragma once
// What every long-running process of Busbar shares: the end on a signal, a word with systemd, and the log.

#include <exception>
#include <functional>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include "bus/config.hpp"

namespace busbar {

// First of all: memory that holds secrets is written to no core file, and no other process of the same user may look at it.
void keep_memory_private();
// One clear line on the way out; returns EXIT_FAILURE.
int fail_to_start(std::string_view program, const std::exception& error);
// One line to stderr per event, UTC, of 4 KiB at most, with everything escaped that is no plain text; under journald without the time.
// Levels: trace debug info warning error off.
void set_up_log(std::string_view program, std::string_view level);
// Key log.level, "info" when absent.
std::string log_level_config(ConfigTable& root);

// During a long start: it goes on, and systemd is to wait ten seconds more from now, whatever TimeoutStartSec says.
void still_starting();

class Daemon {
 public:
  // SIGTERM and SIGINT call `stop` once, on the loop. What it started to close has 4.5 s; then the loop is stopped regardless.
  Daemon(boost::asio::io_context& loop, std::function<void()> stop);

  // Tells systemd READY=1, and WATCHDOG=1 at a third of the time it asks for: a loop that hangs is restarted.
  void ready();
  // One line for `systemctl status`.
  void status(std::string_view text);
  // The same end as by a signal, for a reason of our own.
  void stop();
  // The last thing left to do is done: lets the loop run out.
  void finished();

 private:
  void wait_for_signal();
  void feed_watchdog();

  boost::asio::io_context& loop_;
  std::function<void()> stop_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer watchdog_;
  boost::asio::steady_timer deadline_;
  bool is_stopping_ = false;
};

}  // namespace busbar
