#include <cstdio>
#include <cstdlib>

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

#include "bus/command_line.hpp"
#include "bus/daemon.hpp"
#include "bus/text.hpp"
#include "router/config.hpp"
#include "router/follow.hpp"
#include "router/recover.hpp"
#include "router/shell.hpp"

namespace busbar::router {
namespace {

int route(const RouterConfig& config) {
  const Name id = journal_id(config.state);
  LogOptions log_options{.directory = config.state / "log",
                         .segment_bytes = config.log_segment_bytes,
                         .limit_bytes = config.log_limit_bytes,
                         .on_failure = {}};
  Log log{log_options};
  if (log.cut_bytes() > 0) spdlog::warn("a torn end was cut from the log, after record {}", log.last_sequence());
  Recovered recovered =
      recover({log_options.directory, config.state / "snapshots", config.journal, id, still_starting}, log);
  spdlog::info("journal {}: snapshot through record {}, {} records after it, {} decisions made again", view(id),
               recovered.snapshot, recovered.replayed, recovered.made_again);

  asio::io_context loop{1};
  ShellOptions options;
  options.bus = config.bus;
  options.log_directory = log_options.directory;
  options.waits_for_archive = config.waits_for_archive;
  options.gateway_queue_max = config.gateway_queue_max;
  options.configuration = config.core;
  options.configuration.journal_id = id;
  Shell shell{loop, std::move(options),       std::move(recovered.core),
              log,  recovered.last_record_ns, std::move(recovered.past_reports)};
  Daemon daemon{loop, [&] {
                  shell.stop([&] {
                    daemon.finished();
                    loop.stop();
                  });
                }};
  daemon.ready();
  spdlog::info("taking orders at {}", config.bus.orders);
  loop.run();
  return EXIT_SUCCESS;
}

int follow(const RouterConfig& config) {
  asio::io_context loop{1};
  int exit_code = EXIT_SUCCESS;
  Follower follower{loop, config, [&](const std::string& what) {
                      std::fprintf(stderr, "busbar-router: following ends: %s\n", to_line(what).c_str());
                      exit_code = EXIT_FAILURE;
                      loop.stop();
                    }};
  if (exit_code != EXIT_SUCCESS) return exit_code;
  Daemon daemon{loop, [&] {
                  follower.stop();
                  loop.stop();
                }};
  daemon.ready();
  loop.run();
  return exit_code;
}

}  // namespace
}  // namespace busbar::router

int main(int argc, char** argv) try {
  using namespace busbar;
  using namespace busbar::router;
  bool follows = false;
  bool checks = false;
  std::string file;
  CommandLine line{"busbar-router", "takes orders, writes them down, and sends each to the gateway of its account"};
  add_config_option(line, file);
  line.flag("--follow", follows, "replay the journal beside the live router: compare every decision, write snapshots");
  line.flag("--check", checks, "replay the whole journal once: 0 when every decision agrees, 1 when not");
  if (const auto exit = line.parse(argc, argv)) return *exit;

  keep_memory_private();
  const RouterConfig config = read_config(ConfigFile::load(file));
  set_up_log("busbar-router", config.log_level);
  if (checks) return check_journal(config);
  return follows ? follow(config) : route(config);
} catch (const std::exception& error) {
  return busbar::fail_to_start("busbar-router", error);
}
