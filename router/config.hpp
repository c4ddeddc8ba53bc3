#pragma once
// What the router is told by its TOML file, and the part of it that becomes a record: the core's configuration, sorted,
// so that the same file always makes the same bytes. Limits of [accounts] and [symbols] are judged here; the core
// applies them.

#include <cstdint>
#include <filesystem>
#include <string>

#include "bus/config.hpp"

namespace busbar::router {

struct RouterConfig {
  BusConfig bus;
  std::string log_level = "info";

  std::filesystem::path state = "/var/lib/busbar/router";  // log/, snapshots/, id
  std::uint64_t log_segment_bytes = 64u << 20;
  std::uint64_t log_limit_bytes = 1u << 30;
  bool waits_for_archive = false;  // durability = "journal"
  int gateway_queue_max = 100'000;
  std::filesystem::path journal;   // of stream core, when the archive is on this host

  std::uint64_t follow_snapshot_records = 30'000;  // replaying them takes a start a third of a second
  std::int64_t follow_snapshot_seconds = 60;

  Configuration core;  // without the journal id, which the state directory has
};

// Throws ConfigError.
RouterConfig read_config(ConfigTable root);

// 16 characters, drawn at the first start and kept in <state>/id. Throws std::runtime_error, for start-up.
Name journal_id(const std::filesystem::path& state);

}  // namespace busbar::router
