#pragma once
// Snapshots of the core in <state>/snapshots: %020llu.snap, named by the last record that is in them, bytes of
// Core::snapshot(). Written beside the live router by the one that follows it, and only where no decision is open.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "router/core/core.hpp"

namespace busbar::router {

struct Snapshot {
  Core core;
  std::uint64_t through = 0;  // 0: an empty core, before the first record
};

// The newest that restores and whose name is at most `last`. Those that do not are told of, and passed over.
Snapshot newest_snapshot(const std::filesystem::path& directory, std::uint64_t last,
                         const std::function<void(const std::string& what)>& on_unusable);

// Durable under its name when it returns; keeps the newest three. Error: the file and the reason.
Result<void> write_snapshot(const std::filesystem::path& directory, const Core& core, std::uint64_t through);

}  // namespace busbar::router
