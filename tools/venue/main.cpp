// busbar-venue: brokers in a box, for demos and tests.

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <boost/asio/io_context.hpp>
#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>

#include "bus/command_line.hpp"
#include "bus/daemon.hpp"
#include "tools/venue/alpaca/config.hpp"
#include "tools/venue/alpaca/control.hpp"
#include "tools/venue/alpaca/venue.hpp"
#include "tools/venue/binance/config.hpp"
#include "tools/venue/binance/control.hpp"
#include "tools/venue/binance/venue.hpp"
#include "tools/venue/certificate.hpp"
#include "tools/venue/coinbase/config.hpp"
#include "tools/venue/coinbase/control.hpp"
#include "tools/venue/coinbase/venue.hpp"
#include "tools/venue/ctl.hpp"
#include "tools/venue/ibkr/config.hpp"
#include "tools/venue/ibkr/control.hpp"
#include "tools/venue/ibkr/venue.hpp"
#include "tools/venue/server.hpp"
#include "tools/venue/settings.hpp"

namespace busbar::venue {
namespace {

struct Options {
  std::string config, address = "127.0.0.1", folder, certificate, key, arrivals, log_level = "info";
  std::uint16_t port = 0, control_port = 0;
  std::optional<std::uint16_t> orders_port, stream_port;
  std::optional<std::int64_t> seed, market_rate;
};

struct CtlOptions {
  std::uint16_t port = 0;
  std::string method, path, body;
};

template <class Venue, class Control, class Settings>
int run(const char* broker, Settings (*load_settings)(ConfigTable&, const std::filesystem::path&),
        const Options& options) {
  set_up_log("busbar-venue", options.log_level);
  const std::filesystem::path folder = std::filesystem::absolute(options.folder);
  std::filesystem::create_directories(folder);
  TlsFiles tls{options.certificate, options.key};
  std::string ca;
  if (options.certificate.empty()) {
    const Certificates made = make_certificates(folder);
    tls = {made.certificate.string(), made.key.string()};
    ca = made.ca.string();
  }
  ConfigTable root = options.config.empty() ? ConfigFile::parse("", "defaults") : ConfigFile::load(options.config);
  Settings settings = load_settings(root, folder);
  settings.arrivals_file = options.arrivals;
  if (options.seed) settings.seed = static_cast<std::uint64_t>(*options.seed);
  if (options.market_rate) settings.market_steps_per_second = *options.market_rate;

  boost::asio::io_context loop{1};
  Venue venue{loop, settings};
  Control control{venue};
  Server server{loop, venue, options.address, options.port, tls};
  std::optional<Server> orders, streams;
  if (options.orders_port) orders.emplace(loop, venue, options.address, *options.orders_port, tls);
  if (options.stream_port) streams.emplace(loop, venue, options.address, *options.stream_port, tls);
  Server control_server{loop, control, "127.0.0.1", options.control_port, std::nullopt};

  std::optional<boost::asio::steady_timer> farewell;  // the time the closing handshakes may take
  std::optional<Daemon> daemon;
  daemon.emplace(loop, [&] {
    venue.stop();
    server.stop();
    control_server.stop();
    if (orders) orders->stop();
    if (streams) streams->stop();
    farewell.emplace(loop, std::chrono::milliseconds{200});
    farewell->async_wait([&](boost::system::error_code) { loop.stop(); });
  });
  venue.start();
  boost::json::object line{{"port", server.port()}, {"control", control_server.port()}, {"ca", ca}};
  line["ws_api_port"] = orders ? orders->port() : server.port();
  line["stream_port"] = streams ? streams->port() : server.port();
  boost::json::object files;
  for (const auto& account : settings.accounts) {
    if (const auto file = credentials_file(folder, account.name); exists(file)) files[account.name] = file.string();
  }
  line["credentials"] = std::move(files);
  std::printf("%s\n", boost::json::serialize(line).c_str());
  std::fflush(stdout);
  spdlog::info("{} on {}:{}, control on 127.0.0.1:{}, {} symbols, {} accounts", broker, options.address, server.port(),
               control_server.port(), settings.symbols.size(), settings.accounts.size());
  daemon->ready();
  loop.run();
  return EXIT_SUCCESS;
}

// What every venue can be told.
Subcommand add_venue(CommandLine& app, const char* name, const char* about, const char* orders_port, Options& options) {
  const Subcommand venue = app.subcommand(name, about);
  venue.option("--config", options.config, "settings, tables [venue...]; without it a few symbols and one account");
  venue.option("--address", options.address, "where to listen");
  venue.option("--port", options.port, "0: any free one, printed on stdout");
  venue.option("--ws-api-port", options.orders_port, orders_port);
  venue.option("--stream-port", options.stream_port, "a third one, for the market streams");
  venue.option("--control-port", options.control_port, "of the control interface, on 127.0.0.1");
  venue.option("--tls-dir", options.folder, "where certificates, and the credentials made up for accounts, are kept")
      .required();
  venue.option("--tls-key", options.key, "PEM file");
  venue.option("--tls-cert", options.certificate, "PEM file with the chain, instead of one made here")
      .needs("--tls-key");
  venue.option("--arrivals", options.arrivals, "file for a line per order and cancel that arrived");
  venue.option("--seed", options.seed, "of the market and of chance in faults");
  venue.option("--market-rate", options.market_rate, "steps a second; 0: the market stands still").within(0, 1000);
  venue.option("--log-level", options.log_level, "trace, debug, info, warning, error or off");
  return venue;
}

}  // namespace
}  // namespace busbar::venue

int main(int argc, char** argv) try {
  using namespace busbar;
  using namespace busbar::venue;
  CommandLine app{"busbar-venue", "Brokers in a box: they speak the real protocols, and trade with nobody's money."};
  app.require_subcommands(1, 1);

  Options options;
  add_venue(app, "binance", "Binance spot: REST, WebSocket API and market streams over TLS",
            "a second port, for the WebSocket API", options);
  const Subcommand spoken_coinbase = add_venue(app, "coinbase", "Coinbase Advanced Trade: REST and WebSocket over TLS",
                                               "a second port, for the user's own channel", options);
  const Subcommand spoken_ibkr =
      add_venue(app, "ibkr", "Interactive Brokers' Client Portal Web API: REST and WebSocket over TLS",
                "a second port, for the same", options);

  const Subcommand spoken_alpaca = add_venue(app, "alpaca", "Alpaca: trading and market data, REST and WebSocket over TLS",
                                             "a second port, for the stream of order updates", options);

  CtlOptions ctl_options;
  const Subcommand ctl = app.subcommand(
      "ctl", "Ask or change a running venue: ctl --port N GET /book; ctl --port N POST /faults '{...}'");
  ctl.option("--port", ctl_options.port, "its control port").required();
  ctl.option("method", ctl_options.method, "GET, POST or DELETE").required();
  ctl.option("path", ctl_options.path, "/book, /arrivals, /faults, /market, /orders, ...; GET /help tells all")
      .required();
  ctl.option("body", ctl_options.body, "JSON");

  if (const auto exit = app.parse(argc, argv)) return *exit;
  if (ctl.is_named()) return run_ctl(ctl_options.port, ctl_options.method, ctl_options.path, ctl_options.body);
  if (spoken_coinbase.is_named()) {
    return run<coinbase::Venue, coinbase::Control>("coinbase", coinbase::load_settings, options);
  }
  if (spoken_ibkr.is_named()) return run<ibkr::Venue, ibkr::Control>("ibkr", ibkr::load_settings, options);
  if (spoken_alpaca.is_named()) return run<alpaca::Venue, alpaca::Control>("alpaca", alpaca::load_settings, options);
  return run<binance::Venue, binance::Control>("binance", binance::load_settings, options);
} catch (const std::exception& error) {
  std::fprintf(stderr, "busbar-venue: %s\n", error.what());
  return EXIT_FAILURE;
}
