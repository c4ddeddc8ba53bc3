#include "gateways/coinbase/adapter.hpp"
#include "gateways/framework/run.hpp"

int main(int argc, char** argv) {
  using namespace busbar;
  return gateway::run(argc, argv, "coinbase", [](ConfigTable& table, Environment environment) -> gateway::MakeAdapter {
    const coinbase::CoinbaseConfig config = coinbase::read_config(table, environment);
    return [config](gateway::AdapterContext context) -> std::unique_ptr<gateway::Adapter> {
      return std::make_unique<coinbase::CoinbaseAdapter>(config, std::move(context));
    };
  });
}
