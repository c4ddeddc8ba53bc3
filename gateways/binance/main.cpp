#include "gateways/binance/adapter.hpp"
#include "gateways/framework/run.hpp"

int main(int argc, char** argv) {
  using namespace busbar;
  return gateway::run(argc, argv, "binance", [](ConfigTable& table, Environment) -> gateway::MakeAdapter {
    const binance::BinanceConfig config = binance::read_config(table);
    return [config](gateway::AdapterContext context) -> std::unique_ptr<gateway::Adapter> {
      return std::make_unique<binance::BinanceAdapter>(config, std::move(context));
    };
  });
}
