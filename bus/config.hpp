#pragma once
// Configuration from one TOML file. Every error names file, line and key, what was found and what would do; unknown keys
// are errors too, for a misspelt limit is no limit. Secrets are named in the file, by path, and never stand in it.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"

namespace busbar {

struct ConfigError : std::runtime_error {
  using std::runtime_error::runtime_error;  // "busbar.toml:12: router.log_limit: 5 is too small, at least 3 segments"
};

// One table of the file. Each key is asked for once by name; finish() refuses keys that nobody asked for.
class ConfigTable {
 public:
  std::string text(std::string_view key);                       // required
  std::string text(std::string_view key, std::string fallback);
  std::int64_t integer(std::string_view key, std::int64_t least, std::int64_t most);
  std::int64_t integer(std::string_view key, std::int64_t least, std::int64_t most, std::int64_t fallback);
  bool flag(std::string_view key, bool fallback);
  std::optional<Decimal> decimal(std::string_view key);         // a string, "0.5"; a TOML float is refused by name
  std::vector<std::string> texts(std::string_view key, std::vector<std::string> fallback);
  Name name(std::string_view key);                              // a text that fits a Name and its alphabet
  Name name(std::string_view key, std::string_view fallback);
  bool has(std::string_view key) const;
  ConfigTable table(std::string_view key);                      // empty when absent
  // The sub-tables of this table, with their names: [clients.alpha], [clients.beta].
  std::vector<std::pair<Name, ConfigTable>> tables(std::string_view key);
  [[noreturn]] void refuse(std::string_view key, std::string_view reason) const;
  void finish() const;  // throws ConfigError for keys nobody asked for, here and in sub-tables that were asked for
  void finish_here() const;           // as finish(), the sub-tables left to others
  void ignore(std::string_view key);  // another process's table
  void ignore_others();               // of the file's root: whatever any program of Busbar reads there

 private:
  friend class ConfigFile;
  struct Node;
  explicit ConfigTable(std::shared_ptr<Node> node);
  std::shared_ptr<Node> node_;
};

class ConfigFile {
 public:
  static ConfigTable load(const std::filesystem::path& file);            // throws ConfigError
  static ConfigTable parse(std::string_view text, std::string_view name);
};

// Endpoints of the bus, table [bus]; defaults lie under `runtime` (key bus.directory, default /run/busbar).
struct BusConfig {
  std::string orders;      // ipc:///run/busbar/orders
  std::string gateways;
  std::string reports;
  std::string quotes_in;
  std::string quotes_out;
  std::string audit_core;  // one auditd per stream
  std::string audit_market;
  std::string audit_tape;
};
BusConfig bus_config(ConfigTable& root);
Environment environment_config(ConfigTable& root);  // key environment: "live" or "paper", required

}  // namespace busbar
