#pragma once
// What a broker's main.cpp needs: it names the broker, reads the broker's own keys and makes adapters. The rest of a
// gateway process is the same for every broker.
//
//   int main(int argc, char** argv) {
//     return gateway::run(argc, argv, "binance", [](ConfigTable& table, Environment environment) {
//       return [config = binance::read_config(table, environment)](gateway::AdapterContext context) {
//         return std::make_unique<binance::BinanceAdapter>(config, std::move(context));
//       };
//     });
//   }

#include <functional>
#include <map>
#include <memory>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "bus/config.hpp"
#include "gateways/framework/adapter.hpp"
#include "gateways/framework/credentials.hpp"
#include "gateways/framework/sessions.hpp"

namespace busbar::gateway {

// Until when, by our wall clock, a broker wants to hear nothing, by whom it counts: an address, an account.
using HeldBack = std::map<Name, Timestamp>;

// What an adapter for one account is given. References outlive the adapter.
struct AdapterContext {
  asio::io_context& loop;
  TlsContext& tls;
  Events& events;
  OnTape tape;  // for the sessions; gateway, account and incarnation are filled in, known secrets are cut once more
  Name gateway;
  Name account;
  Environment environment;
  Credentials credentials;
  std::function<void(std::string& text)> cut_from = {};  // secrets that come and go, out of what a broker repeats
  std::function<asio::awaitable<void>()> settle_login = {};  // waits for what a refused token has brought about
  std::shared_ptr<HeldBack> held_back = std::make_shared<HeldBack>();  // one for all accounts of a gateway
};

using MakeAdapter = std::function<std::unique_ptr<Adapter>(AdapterContext context)>;
// Reads the broker's own keys of [gateways.NAME]; throws ConfigError. The framework reads `broker`, `ca_file`,
// `trade_without_order_stream`, `reconcile_symbols` and `probes_per_second`, and refuses what nobody asked for.
using ReadConfig = std::function<MakeAdapter(ConfigTable& table, Environment environment)>;

// The whole of main(): command line (--config, --name, --version), configuration, run until told to stop. Answers the
// exit code.
int run(int argc, char** argv, std::string_view broker, const ReadConfig& read_config);

}  // namespace busbar::gateway
