#include "bus/daemon.hpp"

#include <cstdlib>
#include <stdexcept>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "bus/text.hpp"

namespace busbar {
namespace {

// Logs by `say`, and gives back what stood on stderr. The logger of the other tests comes back.
template <class Say>
std::string logged(const Say& say) {
  const auto before = spdlog::default_logger();
  set_up_log("busbar-test", "info");
  testing::internal::CaptureStderr();
  say();
  spdlog::default_logger()->flush();
  spdlog::set_default_logger(before);
  return testing::internal::GetCapturedStderr();
}

TEST(Daemon, WhateverIsLoggedIsOneLineOf4KiBAtMost) {
  const std::string odd[] = {"a\r\n1999-12-31T23:59:59.999Z busbar-router critical: forged\n", "\x1b[2J\a", std::string("a\0b", 3),
                             "\xE2\x80\xA8", "\xFF\xFE", std::string(1 << 20, 'x'), std::string(1 << 20, '\n')};
  for (const std::string& text : odd) {
    const std::string line = logged([&] { spdlog::warn("the broker says {}", text); });
    SCOPED_TRACE(line.substr(0, 200));
    EXPECT_LE(line.size(), 4096u);
    ASSERT_TRUE(line.ends_with('\n'));
    EXPECT_TRUE(is_words(line.substr(0, line.size() - 1)));
    EXPECT_NE(line.find("Z busbar-test warning: the broker says "), std::string::npos);
  }
}

TEST(Daemon, TakesWhateverStandsInTheWatchdogsVariables) {
  ::unsetenv("NOTIFY_SOCKET");
  ::unsetenv("WATCHDOG_PID");
  for (const char* interval_us : {"1", "30000000", "9223372036854775807", "18446744073709551614", "-1", "soon"}) {
    ::setenv("WATCHDOG_USEC", interval_us, 1);
    boost::asio::io_context loop{1};
    Daemon daemon{loop, [] {}};
    daemon.ready();
    loop.poll();
    EXPECT_FALSE(loop.stopped()) << "it waits for its next turn";
    daemon.finished();
  }
  ::unsetenv("WATCHDOG_USEC");
}

TEST(Daemon, AStartThatFailsSaysOneLine) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(fail_to_start("busbar-test", std::runtime_error{"no \"a\nb\": " + std::string(10'000, 'x')}), EXIT_FAILURE);
  const std::string line = testing::internal::GetCapturedStderr();
  EXPECT_TRUE(line.starts_with("busbar-test: no \"a\\nb\": xxx")) << line;
  EXPECT_LE(line.size(), 4096u);
  EXPECT_TRUE(is_words(line.substr(0, line.size() - 1)));
}

[[noreturn]] void tell_what_a_crash_would_leave() {
  keep_memory_private();
  rlimit limit;
  ::getrlimit(RLIMIT_CORE, &limit);
  std::_Exit(::prctl(PR_GET_DUMPABLE) == 0 && limit.rlim_max == 0 ? 0 : 1);
}

TEST(Daemon, LeavesNoMemoryBehindWhenItCrashes) {
  EXPECT_EXIT(tell_what_a_crash_would_leave(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace busbar
