// busbar history SYMBOL: bars of the past, asked at the broker now.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "bus/clock.hpp"
#include "bus/topic.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/orders.hpp"
#include "tools/busbar/table.hpp"

namespace busbar::tool {

void add_history(const Subcommand& app, Tool& tool) {
  struct Options {
    std::string symbol, account, interval = "1m", since, until;
    std::uint32_t count = 0;
  };
  auto options = std::make_shared<Options>();
  const Subcommand command = app.subcommand("history", "Show bars of the past, asked at the broker now");
  command.option("SYMBOL", options->symbol, "BTC/USDT").required();
  command.option("--interval", options->interval, "How long a bar lasts: " + interval_names());
  command.option("--since", options->since, "2026-11-25T18:20:00Z, 2026-11-25, or an age: 90m, 6h, 2d");
  command.option("--until", options->until, "The same; now when not given");
  command.option("-n,--count", options->count, "Only the newest so many");
  command.option("--account", options->account, "At whose broker; needed when there are several accounts");
  command.run([options, &tool] {
    tool.action = [options, &tool] {
      const auto interval_ms = interval_of(options->interval);
      if (!interval_ms) throw ConfigError("--interval: " + options->interval + " is none of " + interval_names());
      Query query{.kind = QueryKind::Bars};
      query.symbol = cut<32>(options->symbol);
      query.bar_interval_ms = *interval_ms;
      query.start_time_ns = time_in("--since", options->since);
      query.end_time_ns = time_in("--until", options->until);
      const Asked asked = ask_of_account(tool, options->account, query);
      if (!asked.answer) return asked.exit;
      std::span<const Bar> bars = asked.answer->bars;
      if (options->count != 0 && bars.size() > options->count) bars = bars.last(options->count);
      Table table{{{"OPENED"}, {"OPEN", true}, {"HIGH", true}, {"LOW", true}, {"CLOSE", true}, {"VOLUME", true}, {""}}};
      for (const Bar& bar : bars) {
        if (tool.json) std::puts(json::serialize(to_json(bar)).c_str());
        table.add({time_text(bar.open_time_ns).substr(0, 19), cell(bar.open), cell(bar.high), cell(bar.low),
                   cell(bar.close), cell(bar.volume), bar.is_final ? "" : "still open"});
      }
      if (!tool.json) std::fputs(table.text().c_str(), stdout);
      return Exit::Ok;
    };
  });
}

}  // namespace busbar::tool
