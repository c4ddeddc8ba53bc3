#include "audit/config.hpp"

#include "bus/daemon.hpp"

namespace busbar::audit {

Config read_config(ConfigTable root, std::string_view stream) {
  Config config;
  config.environment = environment_config(root);
  config.log_level = log_level_config(root);
  const BusConfig bus = bus_config(root);
  config.stream = stream;
  if (stream == "core") config.address = bus.audit_core;
  else if (stream == "market") config.address = bus.audit_market;
  else if (stream == "tape") config.address = bus.audit_tape;
  else throw ConfigError{"--stream: \"" + std::string{stream} + "\" is none of core, market, tape"};

  ConfigTable audit = root.table("audit");
  constexpr std::int64_t mebibyte = 1 << 20;
  config.directory = std::filesystem::path{audit.text("directory", "/var/lib/busbar/audit")} / config.stream;
  if (!config.directory.is_absolute()) audit.refuse("directory", "must be an absolute path");
  // A map is a multiple of the page size. The least holds the largest record, whatever else it must hold for it.
  const std::int64_t segment = audit.integer("segment_bytes", 4 * mebibyte, std::int64_t{1} << 46, std::int64_t{64} << 30);
  config.segment_bytes = static_cast<std::uint64_t>(segment / mebibyte * mebibyte);
  config.head_interval_ms = audit.integer("head_interval_ms", 100, 3'600'000, config.head_interval_ms);
  config.head_file = audit.text("head_file", "/var/lib/busbar/heads/heads.jsonl");
  if (!config.head_file.is_absolute()) audit.refuse("head_file", "must be an absolute path");
  root.ignore_others();
  root.finish();
  return config;
}

}  // namespace busbar::audit
