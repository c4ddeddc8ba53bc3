#pragma once
// What an auditd needs to know: which stream it keeps, where, and where its signed heads leave to.

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "bus/config.hpp"

namespace busbar::audit {

struct Config {
  std::string stream;   // core, market or tape
  std::string address;  // of this stream's endpoint
  Environment environment = Environment::Unset;
  std::filesystem::path directory;  // of this stream
  std::uint64_t segment_bytes = std::uint64_t{64} << 30;
  std::int64_t head_interval_ms = 5'000;
  std::filesystem::path head_file;
  std::string log_level;
};

Config read_config(ConfigTable root, std::string_view stream);  // throws ConfigError

}  // namespace busbar::audit
