#include "router/config.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <system_error>

#include <sys/random.h>
#include <unistd.h>

#include "bus/codec.hpp"
#include "bus/daemon.hpp"
#include "bus/folder.hpp"
#include "router/log.hpp"

namespace busbar::router {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t mebibyte = 1u << 20;

void check_positive(const ConfigTable& table, std::string_view key, const std::optional<Decimal>& value) {
  if (value && !value->is_positive()) table.refuse(key, "must be greater than 0");
}

void read_limits(ConfigTable& table, std::optional<Decimal>& qty, std::optional<Decimal>& notional) {
  qty = table.decimal("max_order_qty");
  notional = table.decimal("max_order_notional");
  check_positive(table, "max_order_qty", qty);
  check_positive(table, "max_order_notional", notional);
}

void read_symbols(ConfigTable& parent, const Name& account, std::vector<SymbolRule>& rules) {
  for (auto& [symbol, table] : parent.tables("symbols")) {
    SymbolRule rule;
    rule.account = account;
    rule.symbol = symbol;
    read_limits(table, rule.max_order_qty, rule.max_order_notional);
    rule.restricted = table.flag("restricted", false);
    rules.push_back(std::move(rule));
  }
}

// Symbols may be written in any script, names on the bus in ASCII only.
void check_name(ConfigTable& parent, const Name& name) {
  const bool is_plain = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!is_plain) parent.refuse(view(name), "is no name: 1 to 32 printable ASCII characters without spaces");
}

void read_clients(ConfigTable& root, std::vector<ClientRule>& rules) {
  ConfigTable clients = root.table("clients");
  for (auto& [name, table] : root.tables("clients")) {
    check_name(clients, name);
    ClientRule rule;
    rule.client = name;
    if (view(name) == "router") table.refuse("accounts", "\"router\" is the router's own name");
    for (const std::string& account : table.texts("accounts", {})) {
      if (account.empty() || account.size() > Name{}.max_size())
        table.refuse("accounts", "\"" + account + "\" is no account's name");
      rule.accounts.emplace_back(account.data(), account.size());
    }
    std::sort(rule.accounts.begin(), rule.accounts.end());
    rule.may_trade = table.flag("may_trade", true);
    rule.may_kill = table.flag("may_kill", false);
    rules.push_back(std::move(rule));
  }
}

void read_market_closed(ConfigTable& table, AccountRule& rule) {
  const std::string policy = table.text("market_closed", "refuse");
  if (policy == "queue") {
    rule.market_closed = MarketClosed::Queue;
  } else if (policy == "extended") {
    rule.market_closed = MarketClosed::Extended;
  } else if (policy != "refuse") {
    table.refuse("market_closed", "\"" + policy + "\" is none of refuse, queue, extended");
  }
  constexpr std::int64_t hours_max = 24 * 30, long_weekend = 96;
  rule.queue_for_open_ms =
      static_cast<std::uint64_t>(table.integer("queue_for_open_hours", 0, hours_max, long_weekend)) * 3'600'000;
}

void read_accounts(ConfigTable& root, Configuration& core) {
  ConfigTable accounts = root.table("accounts");
  for (auto& [name, table] : root.tables("accounts")) {
    check_name(accounts, name);
    AccountRule rule;
    rule.account = name;
    rule.gateway = table.name("gateway");
    if (view(rule.gateway) == "router") table.refuse("gateway", "\"router\" is the router's own name");
    read_limits(table, rule.max_order_qty, rule.max_order_notional);
    rule.session_end_margin_ms =
        static_cast<std::uint32_t>(table.integer("session_end_margin_s", 0, 4'000'000, 0)) * 1'000;
    read_market_closed(table, rule);
    table.ignore("credentials");
    read_symbols(table, name, core.symbols);
    core.accounts.push_back(std::move(rule));
  }
  read_symbols(root, Name{"*"}, core.symbols);
  const auto by_client = [](const auto& a, const auto& b) { return a.client < b.client; };
  const auto by_account = [](const auto& a, const auto& b) { return a.account < b.account; };
  std::sort(core.clients.begin(), core.clients.end(), by_client);
  std::sort(core.accounts.begin(), core.accounts.end(), by_account);
  std::sort(core.symbols.begin(), core.symbols.end(),
            [](const auto& a, const auto& b) { return std::tie(a.account, a.symbol) < std::tie(b.account, b.symbol); });
  for (const ClientRule& client : core.clients) {
    for (const Name& account : client.accounts) {
      const bool is_known =
          view(account) == "*" || std::any_of(core.accounts.begin(), core.accounts.end(),
                                              [&](const AccountRule& rule) { return rule.account == account; });
      if (!is_known) {
        root.table("clients")
            .table(view(client.client))
            .refuse("accounts", "there is no account \"" + std::string{view(account)} + "\"");
      }
    }
  }
}

// It becomes a record at every start. One that is too large for the log, or that nobody can read again, would be the last: the
// router could never be started from its log any more.
void check_record(const ConfigTable& root, Configuration core) {
  constexpr std::size_t size_max = message_size_max - 4096;  // so that it fits the smallest segment
  core.journal_id = "0000000000000000";
  const Bytes bytes = encode(Header{.environment = core.environment, .sender = Name{"router"}}, Body{core});
  const std::string rules = std::to_string(core.clients.size()) + " clients, " + std::to_string(core.accounts.size()) +
                            " accounts and " + std::to_string(core.symbols.size()) + " symbols";
  if (bytes.size() > size_max) {
    root.refuse("clients", rules + " make a record of " + std::to_string(bytes.size()) + " bytes, at most " +
                               std::to_string(size_max) + " fit");
  }
  if (const auto read = decode(bytes); !read) root.refuse("clients", rules + " make no record: " + read.error().text);
}

}  // namespace

RouterConfig read_config(ConfigTable root) {
  RouterConfig config;
  config.core.environment = environment_config(root);
  config.bus = bus_config(root);
  config.log_level = log_level_config(root);

  ConfigTable router = root.table("router");
  config.state = router.text("state", config.state.string());
  if (!config.state.is_absolute()) router.refuse("state", "must be an absolute path");
  const auto positive = [&](std::string_view key, std::uint64_t least, std::uint64_t most, std::uint64_t fallback) {
    return static_cast<std::uint64_t>(router.integer(
        key, static_cast<std::int64_t>(least), static_cast<std::int64_t>(most), static_cast<std::int64_t>(fallback)));
  };
  config.log_segment_bytes =
      positive("log_segment_bytes", log_segment_bytes_min, 1024 * mebibyte, config.log_segment_bytes);
  config.log_limit_bytes =
      positive("log_limit_bytes", log_segment_bytes_min, std::uint64_t{1} << 50, config.log_limit_bytes);
  if (config.log_limit_bytes < 3 * config.log_segment_bytes) {
    router.refuse("log_limit_bytes", std::to_string(config.log_limit_bytes) + " is too small, at least 3 segments, " +
                                         std::to_string(3 * config.log_segment_bytes));
  }
  const std::string durability = router.text("durability", "log");
  if (durability != "log" && durability != "journal") {
    router.refuse("durability", "\"" + durability + "\" is neither \"log\" nor \"journal\"");
  }
  config.waits_for_archive = durability == "journal";
  const auto small = [&](std::string_view key, std::uint64_t least, std::uint64_t most, std::uint32_t fallback) {
    return static_cast<std::uint32_t>(positive(key, least, most, fallback));
  };
  config.gateway_queue_max = static_cast<int>(small("gateway_queue_max", 100, 10'000'000, 100'000));
  config.core.order_ttl_ms = small("order_ttl_ms", 1, 86'400'000, config.core.order_ttl_ms);
  config.core.heartbeat_interval_ms = small("heartbeat_interval_ms", 50, 60'000, config.core.heartbeat_interval_ms);
  config.core.rate_reserve_percent = small("rate_reserve_percent", 0, 90, config.core.rate_reserve_percent);
  config.core.client_order_id_days = small("client_order_id_days", 1, 3650, config.core.client_order_id_days);
  config.follow_snapshot_records =
      positive("follow_snapshot_records", 1, std::uint64_t{1} << 40, config.follow_snapshot_records);
  config.follow_snapshot_seconds = router.integer("follow_snapshot_seconds", 1, 86'400, config.follow_snapshot_seconds);

  ConfigTable audit = root.table("audit");
  config.journal = fs::path{audit.text("directory", "/var/lib/busbar/audit")} / "core";
  for (const std::string_view key : {"segment_bytes", "head_interval_ms", "head_file"}) audit.ignore(key);

  read_clients(root, config.core.clients);
  read_accounts(root, config.core);
  root.ignore_others();
  root.finish();
  check_record(root, config.core);
  return config;
}

Name journal_id(const fs::path& state) {
  constexpr std::size_t length = 16;
  constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuv";  // 32 of them: 5 random bits each
  const fs::path file = state / "id";
  if (std::ifstream in{file}) {
    std::string id;
    in >> id;
    if (id.size() != length || id.find_first_not_of(letters) != id.npos) {
      throw std::runtime_error{file.string() + ": is no journal id: 16 characters of 0-9 and a-v"};
    }
    return Name{id.data(), id.size()};
  }
  std::error_code is_unknown;
  if (fs::symlink_status(file, is_unknown).type() != fs::file_type::not_found) {
    throw std::runtime_error{file.string() + ": cannot be read, and no other id may be drawn in its place"};
  }
  std::array<std::uint8_t, length> random;
  if (getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    throw std::runtime_error{"the system has no random bytes"};
  }
  Name id;
  for (const std::uint8_t byte : random) id.push_back(letters[byte % letters.size()]);

  // Drawn once and for ever: the names of all orders at the brokers come from it.
  if (const auto error = make_folder(state)) throw std::runtime_error{state.string() + ": " + error.message()};
  const std::string line = std::string{view(id)} + "\n";
  const auto error = replace_file(file, {reinterpret_cast<const std::uint8_t*>(line.data()), line.size()}, 0640);
  if (error) throw std::runtime_error{file.string() + ": " + error.message()};
  return id;
}

}  // namespace busbar::router
