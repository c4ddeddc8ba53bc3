#include <cstdlib>

#include <boost/asio/io_context.hpp>
#include <spdlog/spdlog.h>

#include "audit/archive.hpp"
#include "audit/config.hpp"
#include "bus/command_line.hpp"
#include "bus/daemon.hpp"

int main(int argc, char** argv) try {
  using namespace busbar;
  std::string stream;
  std::string file;
  CommandLine line{"busbar-auditd", "journals one stream of the bus into LMDB, chained, signed and indexed"};
  add_config_option(line, file);
  line.option("--stream", stream, "core, market or tape").required();
  if (const auto exit = line.parse(argc, argv)) return *exit;

  keep_memory_private();
  const audit::Config config = audit::read_config(ConfigFile::load(file), stream);
  set_up_log("busbar-auditd", config.log_level);
  boost::asio::io_context loop{1};
  audit::Archive archive{loop, config, [](std::string_view text) {
                           // No word more to anyone: after a failed sync nothing is known of what is on disk.
                           spdlog::critical("the journal failed: {}", text);
                           spdlog::shutdown();
                           std::_Exit(EXIT_FAILURE);
                         }};
  Daemon daemon{loop, [&] {
                  archive.stop();
                  daemon.finished();
                  loop.stop();
                }};
  daemon.ready();
  spdlog::info("journaling {} into {}, taking records at {}", config.stream, config.directory.string(), archive.address());
  loop.run();
  return EXIT_SUCCESS;
} catch (const std::exception& error) {
  return busbar::fail_to_start("busbar-auditd", error);
}
