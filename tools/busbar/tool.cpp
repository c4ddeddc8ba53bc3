#include "tools/busbar/tool.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <random>

#include "bus/clock.hpp"
#include "bus/result.hpp"

namespace busbar::tool {

void Tool::load() {
  ConfigTable root = ConfigFile::load(config_file);
  // finish() is left to the daemons that own the other tables: a question must not fail over their keys.
  environment = environment_config(root);
  bus = bus_config(root);
  if (!endpoint.empty()) bus.orders = endpoint;
  audit_directory = root.table("audit").text("directory", "/var/lib/busbar/audit");
  for (auto& [name, table] : root.tables("accounts")) accounts.push_back(name);
}

Name Tool::account_or_only(const std::string& asked) const {
  if (!asked.empty()) {
    if (asked.size() > Name::static_capacity)
      throw ConfigError("--account: " + asked + " is too long for an account's name");
    return Name{asked.data(), asked.size()};
  }
  if (accounts.size() == 1) return accounts.front();
  if (accounts.empty()) throw ConfigError(config_file + " has no [accounts.NAME]: say which with --account");
  std::string names;
  for (const Name& name : accounts) names += (names.empty() ? "" : ", ") + std::string{view(name)};
  throw ConfigError("say which account with --account, one of " + names);
}

Exit fail(Exit exit, std::string_view text) {
  std::fprintf(stderr, "busbar: %.*s\n", static_cast<int>(text.size()), text.data());
  return exit;
}

std::string refusal(ErrorCode error, std::string_view field, std::string_view value, std::string_view nearest_legal,
                    std::string_view broker_code, std::string_view text) {
  std::string line{name_of(error)};
  if (!field.empty()) line += " " + std::string{field} + "=" + std::string{value};
  if (!broker_code.empty()) line += " (broker: " + std::string{broker_code} + ")";
  if (!text.empty()) line += ": " + std::string{text};
  if (!nearest_legal.empty()) line += " (nearest legal: " + std::string{nearest_legal} + ")";
  return line;
}

std::optional<Decimal> amount_in(std::string_view option, const std::string& text) {
  if (text.empty()) return std::nullopt;
  const auto value = Decimal::parse(text);
  if (!value) throw ConfigError(std::string{option} + ": " + text + " is not a decimal number");
  return value;
}

Timestamp time_in(std::string_view option, const std::string& text) {
  if (text.empty()) return 0;
  constexpr std::int64_t second_ns = 1'000'000'000;
  std::tm time{};
  for (const char* format : {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"}) {
    time = {};
    const char* end = ::strptime(text.c_str(), format, &time);
    if (end == nullptr || *end != '\0') continue;
    constexpr std::int64_t latest_s = 9'000'000'000;
    const std::int64_t seconds = ::timegm(&time);
    if (seconds < 0 || seconds > latest_s) throw ConfigError(std::string{option} + ": \"" + text + "\" is not of 1970 to 2255");
    return seconds * second_ns;
  }
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size() - 1, count);
  const std::size_t unit = std::string_view{"smhd"}.find(text.back());
  constexpr std::int64_t seconds[] = {1, 60, 3600, 86400};
  if (error == std::errc{} && end == text.data() + text.size() - 1 && unit < 4 && count >= 0 && count <= 1'000'000) {
    const std::int64_t age_s = std::min(count * seconds[unit], wall_now_ns() / second_ns);  // since 1970 at most
    return wall_now_ns() - age_s * second_ns;
  }
  throw ConfigError(std::string{option} + ": \"" + text +
                    "\" is neither 2026-11-25T18:20:00Z nor 2026-11-25 nor an age like 90m, 6h or 2d");
}

Id draw_client_order_id() {
  std::random_device random;
  char text[64];
  const int length =
      std::snprintf(text, sizeof text, "cli-%llx-%08x", static_cast<unsigned long long>(wall_now_ns() / 1'000'000),
                    static_cast<unsigned>(random()));
  return Id{text, static_cast<std::size_t>(length)};
}

}  // namespace busbar::tool
