#include "bus/daemon.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "bus/text.hpp"

namespace busbar {
namespace {

// spdlog's own stderr sink would write a stranger's line breaks and terminal codes as they are.
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit LineSink(std::string_view program) : program_{program}, in_journal_{std::getenv("JOURNAL_STREAM") != nullptr} {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const std::string text = to_line({message.payload.data(), message.payload.size()});
    const auto level = spdlog::level::to_string_view(message.level);
    if (in_journal_) {
      std::fprintf(stderr, "<%d>%s\n", priority_of(message.level), text.c_str());
      return;
    }
    const auto since_epoch = message.time.time_since_epoch();
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count() % 1000;
    const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count();
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    char time[32];
    std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
    std::fprintf(stderr, "%s.%03dZ %s %.*s: %s\n", time, static_cast<int>(milliseconds), program_.c_str(),
                 static_cast<int>(level.size()), level.data(), text.c_str());
  }
  void flush_() override { std::fflush(stderr); }

 private:
  static int priority_of(spdlog::level::level_enum level) {  // syslog's numbers
    switch (level) {
      case spdlog::level::critical: return 2;
      case spdlog::level::err: return 3;
      case spdlog::level::warn: return 4;
      case spdlog::level::info: return 6;
      default: return 7;
    }
  }

  std::string program_;
  bool in_journal_;
};

}  // namespace

void keep_memory_private() {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::prctl(PR_SET_DUMPABLE, 0);  // a pipe in core_pattern asks no limit
}

int fail_to_start(std::string_view program, const std::exception& error) {
  std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(program.size()), program.data(), to_line(error.what()).c_str());
  return EXIT_FAILURE;
}

void set_up_log(std::string_view program, std::string_view level) {
  auto logger = std::make_shared<spdlog::logger>(std::string{program}, std::make_shared<LineSink>(program));
  logger->set_level(spdlog::level::from_str(std::string{level}));
  spdlog::set_default_logger(std::move(logger));
}

std::string log_level_config(ConfigTable& root) {
  ConfigTable log = root.table("log");
  const std::string level = log.text("level", "info");
  for (const std::string_view known : {"trace", "debug", "info", "warning", "error", "off"}) {
    if (level == known) return level;
  }
  log.refuse("level", "\"" + to_words(level) + "\" is not trace, debug, info, warning, error or off");
}

void still_starting() { sd_notify(0, "EXTEND_TIMEOUT_USEC=10000000"); }

Daemon::Daemon(boost::asio::io_context& loop, std::function<void()> stop)
    : loop_{loop}, stop_{std::move(stop)}, signals_{loop, SIGTERM, SIGINT}, watchdog_{loop}, deadline_{loop} {
  std::signal(SIGPIPE, SIG_IGN);
  wait_for_signal();
}

void Daemon::ready() {
  sd_notify(0, "READY=1");
  feed_watchdog();
}

void Daemon::status(std::string_view text) { sd_notify(0, ("STATUS=" + to_words(text)).c_str()); }

void Daemon::stop() {
  if (is_stopping_) return;
  is_stopping_ = true;
  sd_notify(0, "STOPPING=1");
  deadline_.expires_after(std::chrono::milliseconds{4500});
  deadline_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    spdlog::warn("closing took longer than 4.5 s; leaving");
    loop_.stop();
  });
  stop_();
}

void Daemon::finished() {
  signals_.cancel();
  watchdog_.cancel();
  deadline_.cancel();
}

void Daemon::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    spdlog::info("stopping on {}", number == SIGTERM ? "SIGTERM" : "SIGINT");
    wait_for_signal();
    stop();
  });
}

void Daemon::feed_watchdog() {
  std::uint64_t interval_us = 0;
  if (sd_watchdog_enabled(0, &interval_us) <= 0) return;
  sd_notify(0, "WATCHDOG=1");
  constexpr std::uint64_t least_us = 1'000, most_us = 3'600'000'000;  // whatever stands in WATCHDOG_USEC
  watchdog_.expires_after(std::chrono::microseconds{std::clamp(interval_us / 3, least_us, most_us)});
  watchdog_.async_wait([this](const boost::system::error_code& error) {
    if (!error) feed_watchdog();
  });
}

}  // namespace busbar
