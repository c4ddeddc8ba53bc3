#pragma once
// What the hub reads of the configuration: the bus and [hub].

#include <cstddef>
#include <string>

#include "bus/config.hpp"

namespace busbar::hub {

struct Config {
  Environment environment = Environment::Unset;
  BusConfig bus;
  std::size_t topics_max = 20'000;           // topics whose last value is kept; others are forwarded only
  int subscriber_queue_max = 50'000;         // messages for one that is slow; then it misses some, and sees that it did
  std::size_t audit_bytes_max = 16u << 20;   // what waits for auditd while it is away
  std::string log_level = "info";
};

Config read_config(ConfigTable& root);  // throws ConfigError

}  // namespace busbar::hub
