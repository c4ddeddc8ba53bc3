#include "gateways/binance/adapter.hpp"
#include "gateways/framework/run.hpp"

int main(int argc, char** argv) {
  using namespace busbar;
  return gateway::run(argc, argv, "binance", [](ConfigTable& table, Environment environment) -> gateway::MakeAdapter {
    const binance::BinanceConfig config = binance::read_config(table, environment);
    return [config](gateway::AdapterContext context) -> std::unique_ptr<gateway::Adapter> {
      return std::make_unique<binance::BinanceAdapter>(config, std::move(context));
    };
  });
}
