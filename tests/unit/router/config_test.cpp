#include "router/config.hpp"

#include <fstream>

#include "bus/codec.hpp"
#include "tests/unit/router/bench.hpp"

namespace busbar::router::test {
namespace {

constexpr std::string_view whole = R"(
environment = "paper"
[bus]
directory = "/run/busbar"
[router]
state = "/var/lib/busbar/router"
log_segment_bytes = 1048576
log_limit_bytes = 4194304
durability = "journal"
order_ttl_ms = 500
[audit]
directory = "/srv/audit"
segment_bytes = 1000000
[hub]
[clients.beta]
accounts = ["second", "main"]
may_trade = false
[clients.alpha]
accounts = ["*"]
[accounts.second]
gateway = "kraken"
[accounts.main]
gateway = "binance"
max_order_qty = "100"
session_end_margin_s = 3600
market_closed = "queue"
queue_for_open_hours = 20
credentials = "/etc/busbar/main.cred"
[accounts.main.symbols."BTC/USDT"]
restricted = true
[symbols."BTC/USDT"]
max_order_notional = "50000"
[gateways.binance]
broker = "binance"
[log]
level = "info"
)";

TEST(RouterConfig, BecomesOneRecordWhateverTheOrderInTheFile) {
  const RouterConfig config = read_config(ConfigFile::parse(whole, "busbar.toml"));
  EXPECT_TRUE(config.waits_for_archive);
  EXPECT_EQ(config.journal, "/srv/audit/core");
  EXPECT_EQ(config.bus.orders, "ipc:///run/busbar/orders");
  const Configuration& core = config.core;
  EXPECT_EQ(core.environment, Environment::Paper);
  EXPECT_EQ(core.order_ttl_ms, 500u);
  ASSERT_EQ(core.clients.size(), 2u);
  EXPECT_EQ(core.clients[0].client, "alpha");
  EXPECT_EQ(core.clients[1].accounts, (std::vector<Name>{Name{"main"}, Name{"second"}}));
  EXPECT_FALSE(core.clients[1].may_trade);
  ASSERT_EQ(core.accounts.size(), 2u);
  EXPECT_EQ(core.accounts[0].account, "main");
  EXPECT_EQ(core.accounts[0].max_order_qty, "100"_d);
  ASSERT_EQ(core.symbols.size(), 2u);
  EXPECT_EQ(core.symbols[0].account, "*");
  EXPECT_EQ(core.accounts[0].session_end_margin_ms, 3'600'000u);
  EXPECT_EQ(core.accounts[1].session_end_margin_ms, 0u);
  EXPECT_EQ(core.accounts[0].market_closed, MarketClosed::Queue);
  EXPECT_EQ(core.accounts[0].queue_for_open_ms, 72'000'000u);
  EXPECT_EQ(core.accounts[1].market_closed, MarketClosed::Refuse);
  EXPECT_EQ(core.symbols[0].max_order_notional, "50000"_d);
  EXPECT_EQ(core.symbols[1].account, "main");
  EXPECT_TRUE(core.symbols[1].restricted);
  Configuration record = core;
  record.journal_id = "0123456789abcdef";
  EXPECT_TRUE(decode(encode(Header{.environment = Environment::Paper, .sender = Name{"router"}}, Body{record})));
}

TEST(RouterConfig, NamesWhatIsWrong) {
  struct Case {
    const char* from;
    const char* to;
    const char* words;
  };
  const Case cases[] = {
      {"log_limit_bytes = 4194304", "log_limit_bytes = 2000000", "at least 3 segments"},
      {"log_segment_bytes = 1048576", "log_segment_bytes = 1000", "too small"},
      {"durability = \"journal\"", "durability = \"hope\"", "neither \"log\" nor \"journal\""},
      {"order_ttl_ms", "order_ttl", "nobody knows this key"},
      {"accounts = [\"second\", \"main\"]", "accounts = [\"third\"]", "there is no account \"third\""},
      {"max_order_qty = \"100\"", "max_order_qty = \"-1\"", "must be greater than 0"},
      {"max_order_notional = \"50000\"", "max_order_notional = 50000.0", "in quotes"},
      {"restricted = true", "restrict = true", "nobody knows this key"},
      {"market_closed = \"queue\"", "market_closed = \"wait\"", "none of refuse, queue, extended"},
      {"[clients.beta]", "[clients.router]", "the router's own name"},
      {"[clients.beta]", "[clients.\"j\u00fcrgen\"]", "clients.j\u00fcrgen: is no name: 1 to 32 printable ASCII"},
      {"[accounts.second]", "[accounts.\"zw\u00f6lf\"]", "accounts.zw\u00f6lf: is no name: 1 to 32 printable ASCII"},
      {"state = \"/var/lib/busbar/router\"", "state = \"router\"", "absolute path"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.to);
    std::string text{whole};
    text.replace(text.find(c.from), std::string_view{c.from}.size(), c.to);
    try {
      read_config(ConfigFile::parse(text, "busbar.toml"));
      ADD_FAILURE() << "it was taken";
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string_view{error.what()}.find(c.words), std::string_view::npos) << error.what();
      EXPECT_NE(std::string_view{error.what()}.find("busbar.toml:"), std::string_view::npos) << error.what();
    }
  }
}

// The router starts from its records, and this is one of them.
TEST(RouterConfig, IsRefusedWhereItMakesNoRecordThatCanBeReadAgain) {
  const auto read = [](std::size_t count, std::string_view name) -> std::string {
    std::string text{whole};
    for (std::size_t i = 0; i < count; ++i) text += "[symbols." + std::string{name} + std::to_string(i) + "]\n";
    try {
      return std::to_string(read_config(ConfigFile::parse(text, "busbar.toml")).core.symbols.size());
    } catch (const ConfigError& error) {
      return error.what();
    }
  };
  EXPECT_EQ(read(4000, "S"), "4002");
  const std::string many = read(5000, "S");
  EXPECT_NE(many.find("2 clients, 2 accounts and 5002 symbols make no record"), std::string::npos) << many;
  const std::string large = read(20'000, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  EXPECT_NE(large.find("20002 symbols make a record of "), std::string::npos) << large;
  EXPECT_NE(large.find("busbar.toml:"), std::string::npos) << large;
}

TEST(JournalId, IsDrawnOnceAndForEver) {
  const Folder one;
  const Folder other;
  const Name id = journal_id(one.path() / "state");
  EXPECT_EQ(id.size(), 16u);
  EXPECT_EQ(view(id).find_first_not_of("0123456789abcdefghijklmnopqrstuv"), std::string_view::npos);
  EXPECT_EQ(journal_id(one.path() / "state"), id);
  EXPECT_NE(journal_id(other.path()), id);
  std::ofstream{other.path() / "id"} << "what?\n";
  EXPECT_THROW(journal_id(other.path()), std::runtime_error);
  const Folder unreadable;  // to root as well
  std::filesystem::create_symlink("id", unreadable.path() / "id");
  EXPECT_THROW(journal_id(unreadable.path()), std::runtime_error);
  EXPECT_TRUE(std::filesystem::is_symlink(unreadable.path() / "id"));
}

}  // namespace
}  // namespace busbar::router::test
