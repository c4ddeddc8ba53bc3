#include "bus/hub/config.hpp"

#include "bus/daemon.hpp"

namespace busbar::hub {

Config read_config(ConfigTable& root) {
  Config config;
  config.environment = environment_config(root);
  config.bus = bus_config(root);
  config.log_level = log_level_config(root);
  ConfigTable hub = root.table("hub");
  config.topics_max = static_cast<std::size_t>(hub.integer("topics_max", 1, 1'000'000, 20'000));
  config.subscriber_queue_max = static_cast<int>(hub.integer("subscriber_queue_max", 100, 10'000'000, 50'000));
  config.audit_bytes_max = static_cast<std::size_t>(hub.integer("audit_bytes_max", 8 << 20, 1 << 30, 16 << 20));
  root.ignore_others();
  root.finish();
  return config;
}

}  // namespace busbar::hub
