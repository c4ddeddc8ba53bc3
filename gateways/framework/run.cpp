#include "gateways/framework/run.hpp"

#include <random>

#include <spdlog/spdlog.h>

#include "bus/audit_feed.hpp"
#include "bus/clock.hpp"
#include "bus/codec.hpp"
#include "bus/command_line.hpp"
#include "bus/daemon.hpp"
#include "gateways/framework/gateway.hpp"

namespace busbar::gateway {

namespace {

struct Setup {
  GatewayOptions options;
  BusConfig bus;
  std::string ca_file;
  std::vector<std::string> pins;
  MakeAdapter make;
  vault::Place vault;
  std::vector<std::pair<Name, std::string>> accounts;  // and what they name as their credentials
};

Setup read_setup(ConfigTable& root, const std::string& name, std::string_view broker, const ReadConfig& read_config) {
  Setup setup;
  GatewayOptions& options = setup.options;
  options.name = cut<32>(name);
  options.broker = broker;
  options.environment = environment_config(root);
  setup.bus = bus_config(root);
  setup.vault = vault::vault_config(root);
  options.gateways_address = setup.bus.gateways;
  options.quotes_in_address = setup.bus.quotes_in;

  ConfigTable gateways = root.table("gateways");
  if (!gateways.has(name)) root.refuse("gateways", "there is no table [gateways." + name + "]");
  ConfigTable table = gateways.table(name);
  if (const std::string wanted = table.text("broker"); wanted != broker) {
    table.refuse("broker", "\"" + wanted + "\" is not spoken by this program, which is for \"" + options.broker + "\"");
  }
  setup.ca_file = table.text("ca_file", "");
  setup.pins = table.texts("pins", {});
  for (const std::string& pin : setup.pins) {
    if (!is_pin(pin)) table.refuse("pins", "\"" + pin + "\" is no pin: sha256/ and a SHA-256 in base64");
  }
  options.trade_without_order_stream = table.flag("trade_without_order_stream", false);
  options.probes_per_second = static_cast<std::uint32_t>(table.integer("probes_per_second", 1, 1000, 5));
  for (const std::string& symbol : table.texts("reconcile_symbols", {})) {
    if (symbol.empty() || symbol.size() > Symbol{}.max_size()) {
      table.refuse("reconcile_symbols", "\"" + symbol + "\" is no symbol: 1 to 32 bytes");
    }
    options.reconcile_symbols.insert(cut<32>(symbol));
  }
  setup.make = read_config(table, options.environment);
  table.finish();

  for (auto& [symbol, limits] : root.tables("symbols")) options.reconcile_symbols.insert(Symbol{symbol});
  for (auto& [account, keys] : root.tables("accounts")) {
    if (keys.text("gateway") != name) continue;
    setup.accounts.emplace_back(account, keys.text("credentials"));
  }
  root.ignore_others();
  root.finish_here();
  if (setup.accounts.empty()) root.refuse("accounts", "no account has gateway = \"" + name + "\"");
  return setup;
}

using namespace std::chrono_literals;
// What was sent and answered about orders goes to the archive at once. Market data waits for more: each sync costs the same.
constexpr auto market_data_gather = 500ms;

bus::AuditFeedOptions tape_options(const Setup& setup) {
  bus::AuditFeedOptions options;
  options.address = setup.bus.audit_tape;
  options.stream = "tape";
  options.kind = RecordKind::Tape;
  options.environment = setup.options.environment;
  options.sender = setup.options.name;
  options.session = cut<32>(std::to_string(draw_incarnation()));
  options.bytes_max = 64u << 20;
  return options;
}

Random system_random() {
  std::random_device seed;
  const std::uint64_t words = std::uint64_t{seed()} << 32 | seed();
  return [engine = std::mt19937_64{words}]() mutable { return engine(); };
}

void serve(Setup setup) {
  asio::io_context loop{1};
  setup.options.wall = wall_now_ns;
  setup.options.boottime = boottime_now_ns;
  setup.options.random = system_random();
  TlsContext tls{setup.ca_file, setup.pins};
  bus::AuditFeed archive{loop, tape_options(setup)};
  RecordClock clock{0};
  Header header;  // of every tape message
  Body body{Tape{}};
  header.environment = setup.options.environment;
  header.sender = setup.options.name;
  Gateway gateway{loop, std::move(setup.options), [&](Tape&& tape) {
                    const RecordTime now = clock.now();
                    header.send_time_ns = now.wall_ns;
                    const auto patience = tape.channel == TapeChannel::MarketData ? market_data_gather : 0ms;
                    std::get<Tape>(body) = std::move(tape);
                    archive.append(encode_here(header, body), now, patience);
                  }};
  for (CredentialsSource credentials{setup.vault}; const auto& [account, named] : setup.accounts) {
    gateway.add_account(account, tls, credentials.load(named), setup.make);
  }
  Daemon daemon{loop, [&] { gateway.stop([&] { archive.stop([&] { loop.stop(); }); }); }};
  gateway.start();
  daemon.ready();
  spdlog::info("started, incarnation {}", gateway.incarnation());
  loop.run();
  spdlog::info("stopped");
}

}  // namespace

int run(int argc, char** argv, std::string_view broker, const ReadConfig& read_config) {
  const std::string program = "busbar-gateway-" + std::string{broker};
  std::string name{broker};
  std::string file;
  CommandLine line{program, "trades the accounts of one broker for the bus"};
  add_config_option(line, file);
  line.option("--name", name, "which gateway of the file: [gateways.NAME]");
  if (const auto exit = line.parse(argc, argv)) return *exit;
  try {
    keep_memory_private();
    ConfigTable root = ConfigFile::load(file);
    set_up_log(program, log_level_config(root));
    serve(read_setup(root, name, broker, read_config));
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    return fail_to_start(program, error);
  }
}

}  // namespace busbar::gateway
