#include "bus/config.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace busbar {
namespace {

using namespace literals;

std::string refusal(std::string_view text, const std::function<void(ConfigTable&)>& use) {
  try {
    ConfigTable root = ConfigFile::parse(text, "busbar.toml");
    use(root);
    root.finish();
    return "taken";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

TEST(Config, ReadsWhatAProcessAsksFor) {
  ConfigTable root = ConfigFile::parse(R"(
environment = "paper"
[bus]
directory = "/tmp/x"
orders = "ipc:///tmp/y/orders"
[clients.alpha]
accounts = ["*", "main"]
may_trade = true
[clients.beta]
[symbols."BTC/USDT"]
max_order_qty = "0.5"
[other]
a = 1
)", "busbar.toml");
  EXPECT_EQ(environment_config(root), Environment::Paper);
  const BusConfig bus = bus_config(root);
  EXPECT_EQ(bus.orders, "ipc:///tmp/y/orders");
  EXPECT_EQ(bus.audit_tape, "ipc:///tmp/x/audit_tape");
  auto clients = root.tables("clients");
  ASSERT_EQ(clients.size(), 2u);
  EXPECT_EQ(view(clients[0].first), "alpha");
  EXPECT_EQ(clients[0].second.texts("accounts", {}), (std::vector<std::string>{"*", "main"}));
  EXPECT_TRUE(clients[0].second.flag("may_trade", false));
  EXPECT_TRUE(clients[1].second.flag("may_trade", true));
  auto symbols = root.tables("symbols");
  ASSERT_EQ(symbols.size(), 1u);
  EXPECT_EQ(view(symbols[0].first), "BTC/USDT");
  EXPECT_EQ(symbols[0].second.decimal("max_order_qty"), "0.5"_d);
  EXPECT_FALSE(symbols[0].second.decimal("max_order_notional"));
  root.ignore("other");
  root.finish();
}

TEST(Config, AnErrorNamesFileLineAndKey) {
  const struct {
    const char* what;
    const char* text;
    std::function<void(ConfigTable&)> use;
    const char* want;
  } cases[] = {
      {"no TOML", "a = \n", [](ConfigTable&) {}, "busbar.toml:1: "},
      {"twice the same key", "a = 1\na = 2\n", [](ConfigTable&) {}, "busbar.toml:2: "},
      {"an unknown key", "[router]\n\nlog_limit = 5\n", [](ConfigTable& root) { root.table("router"); },
       "busbar.toml:3: router.log_limit: nobody knows this key; is it misspelt?"},
      {"an unknown table", "[ruoter]\n", [](ConfigTable&) {}, "busbar.toml:1: ruoter: nobody knows this key; is it misspelt?"},
      {"an unknown table among those of others", "[router]\nx = 1\n[acounts.a]\n",
       [](ConfigTable& root) {
         root.ignore_others();
         root.finish_here();
       },
       "busbar.toml:3: acounts: nobody knows this key; is it misspelt?"},
      {"too small", "[router]\nlog = 5\n", [](ConfigTable& root) { root.table("router").integer("log", 6, 9); },
       "busbar.toml:2: router.log: 5 is too small, at least 6"},
      {"too large", "log = 50\n", [](ConfigTable& root) { root.integer("log", 6, 9, 7); }, "busbar.toml:1: log: 50 is too large, at most 9"},
      {"missing", "\n[bus]\n", [](ConfigTable& root) { root.table("bus").text("name"); }, "busbar.toml:2: bus.name: is missing"},
      {"a number for a text", "a = 1\n", [](ConfigTable& root) { root.text("a"); },
       "busbar.toml:1: a: a text in quotes is wanted, not the number 1"},
      {"a float for money", "a = 0.5\n", [](ConfigTable& root) { root.decimal("a"); },
       "busbar.toml:1: a: a decimal number in quotes is wanted, such as \"0.5\", not a floating-point number"},
      {"no number", "a = \"1,5\"\n", [](ConfigTable& root) { root.decimal("a"); },
       "busbar.toml:1: a: the text \"1,5\" is not a decimal number"},
      {"no flag", "a = \"yes\"\n", [](ConfigTable& root) { root.flag("a", true); },
       "busbar.toml:1: a: true or false is wanted, not the text \"yes\""},
      {"no table", "a = 1\n", [](ConfigTable& root) { root.table("a"); }, "busbar.toml:1: a: a table is wanted, not the number 1"},
      {"no list", "a = 1\n", [](ConfigTable& root) { root.texts("a", {}); }, "busbar.toml:1: a: a list of texts is wanted, not the number 1"},
      {"a list of others", "a = [\"b\", 2]\n", [](ConfigTable& root) { root.texts("a", {}); },
       "busbar.toml:1: a: a list of texts is wanted, and one of them is the number 2"},
      {"no name", "a = \"b c\"\n", [](ConfigTable& root) { root.name("a"); },
       "busbar.toml:1: a: \"b c\" is no name: 1 to 32 printable ASCII characters without spaces"},
      {"no name for a table", "[clients.\"a b\"]\n", [](ConfigTable& root) { root.tables("clients"); },
       "busbar.toml:1: clients.a b: is no name: 1 to 32 bytes of UTF-8 without spaces"},
      {"neither live nor paper", "environment = \"test\"\n", [](ConfigTable& root) { environment_config(root); },
       "busbar.toml:1: environment: \"test\" is neither \"live\" nor \"paper\""},
      {"no endpoint", "[bus]\norders = \"udp://x\"\n", [](ConfigTable& root) { bus_config(root); },
       "busbar.toml:2: bus.orders: \"udp://x\" is no endpoint: ipc:///path or tcp://host:port"},
      {"a relative directory", "[bus]\ndirectory = \"run\"\n", [](ConfigTable& root) { bus_config(root); },
       "busbar.toml:2: bus.directory: \"run\" is not an absolute path"},
  };
  for (const auto& c : cases) EXPECT_EQ(refusal(c.text, c.use).substr(0, std::string{c.want}.size()), c.want) << c.what;
}

TEST(Config, AFileThatIsNotThereIsNamed) {
  try {
    ConfigFile::load("/nonexistent/busbar.toml");
    FAIL();
  } catch (const ConfigError& error) {
    EXPECT_STREQ(error.what(), "/nonexistent/busbar.toml: No such file or directory");
  }
}

}  // namespace
}  // namespace busbar
