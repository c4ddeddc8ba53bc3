#include "gateways/alpaca/adapter.hpp"
#include "gateways/framework/run.hpp"

int main(int argc, char** argv) {
  using namespace busbar;
  return gateway::run(argc, argv, "alpaca", [](ConfigTable& table, Environment environment) -> gateway::MakeAdapter {
    const alpaca::AlpacaConfig config = alpaca::read_config(table, environment);
    return [config](gateway::AdapterContext context) -> std::unique_ptr<gateway::Adapter> {
      return std::make_unique<alpaca::AlpacaAdapter>(config, std::move(context));
    };
  });
}
