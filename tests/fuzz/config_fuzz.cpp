// A configuration of any bytes is read, or refused with file and line on one line of plain text.

#include <cstdint>
#include <cstdlib>

#include "bus/config.hpp"
#include "bus/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    busbar::ConfigTable root = busbar::ConfigFile::parse({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
    busbar::bus_config(root);
    for (auto& [name, client] : root.tables("clients")) {
      client.texts("accounts", {});
      client.flag("may_trade", true);
    }
    for (auto& [name, account] : root.tables("accounts")) {
      account.name("gateway");
      account.decimal("max_order_qty");
      account.integer("epoch", 0, 100, 1);
    }
    busbar::environment_config(root);
    root.finish();
  } catch (const busbar::ConfigError& error) {
    const std::string_view text = error.what();
    if (!text.starts_with("fuzz.toml:") || !busbar::is_words(text)) std::abort();
  }
  return 0;
}
