#include "gateways/framework/run.hpp"
#include "gateways/ibkr/adapter.hpp"

int main(int argc, char** argv) {
  using namespace busbar;
  return gateway::run(argc, argv, "ibkr", [](ConfigTable& table, Environment) -> gateway::MakeAdapter {
    const ibkr::IbkrConfig config = ibkr::read_config(table);
    return [config](gateway::AdapterContext context) -> std::unique_ptr<gateway::Adapter> {
      return std::make_unique<ibkr::IbkrAdapter>(config, std::move(context));
    };
  });
}
