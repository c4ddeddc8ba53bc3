// busbar-hub: forwards quotes from gateways to subscribers, and gives a late subscriber the last value at once.

#include <cstdlib>
#include <random>

#include <spdlog/spdlog.h>

#include "bus/command_line.hpp"
#include "bus/daemon.hpp"
#include "bus/hub/config.hpp"
#include "bus/hub/hub.hpp"

int main(int argc, char** argv) {
  std::string file;
  busbar::CommandLine line{"busbar-hub",
                           "forwards quotes from gateways to subscribers, and gives a late subscriber the last value at once"};
  busbar::add_config_option(line, file);
  if (const auto exit = line.parse(argc, argv)) return *exit;
  try {
    busbar::keep_memory_private();
    busbar::ConfigTable root = busbar::ConfigFile::load(file);
    const busbar::hub::Config config = busbar::hub::read_config(root);
    busbar::set_up_log("busbar-hub", config.log_level);
    std::random_device chance;
    const std::string life = std::to_string(std::uint64_t{chance()} << 31 | chance() >> 1);
    boost::asio::io_context loop{1};
    busbar::hub::Hub hub{loop, config, busbar::Name{life.data(), life.size()}};
    busbar::Daemon daemon{loop, [&] { hub.stop([&] { loop.stop(); }); }};
    daemon.ready();
    spdlog::info("started, from {} to {}", config.bus.quotes_in, config.bus.quotes_out);
    loop.run();
    spdlog::info("stopped; {} messages forwarded, {} dropped, {} topics", hub.forwarded(), hub.dropped(), hub.topics());
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    return busbar::fail_to_start("busbar-hub", error);
  }
}
