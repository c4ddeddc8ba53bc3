// busbar quotes SYMBOL...: market data as it moves. Asks the router for each symbol, renews the lease, prints what the
// hub sends.
#include <cstdio>
#include <map>
#include <set>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/serialize.hpp>

#include "bus/codec.hpp"
#include "tools/busbar/client.hpp"
#include "tools/busbar/json.hpp"
#include "tools/busbar/orders.hpp"

namespace busbar::tool {

namespace {

struct QuotesOptions {
  std::vector<std::string> symbols;
  std::string account;
  std::uint64_t count = 0;
  double seconds = 0;
};

void print(const Tool& tool, const Quote& quote) {
  if (tool.json) {
    std::puts(json::serialize(to_json(quote)).c_str());
  } else {
    std::printf("%s  %-12s  %14s @ %-14s  %14s @ %s\n", time_text(quote.receive_time_ns).substr(11, 12).c_str(),
                std::string{view(quote.symbol)}.c_str(), cell(quote.bid_qty).c_str(), cell(quote.bid_px).c_str(),
                cell(quote.ask_qty).c_str(), cell(quote.ask_px).c_str());
  }
  std::fflush(stdout);
}

Exit follow(Tool& tool, const QuotesOptions& options) {
  constexpr std::uint32_t lease_ms = 60000;
  if (!(options.seconds >= 0 && options.seconds <= 1e9)) throw ConfigError("--seconds: 0 to 1e9");  // nor is it nan
  Client client{tool};
  auto& loop = client.loop();
  std::uint64_t printed = 0;
  bool is_done = false;

  bus::Endpoint quotes{loop, bus::Kind::Sub};
  // A last value comes again with its old sequence when somebody else subscribes: numbers seen are let go.
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> seen;  // topic: incarnation, sequence
  quotes.on_message([&](const bus::RoutingId&, std::string_view topic, std::span<const std::uint8_t> bytes) {
    const auto message = decode(bytes);
    const Quote* quote = message ? std::get_if<Quote>(&message->body) : nullptr;
    if (!quote || is_done) return;
    auto& last = seen[std::string{topic}];
    if (last.first == quote->incarnation && quote->sequence <= last.second) return;
    last = {quote->incarnation, quote->sequence};
    print(tool, *quote);
    is_done = options.count != 0 && ++printed >= options.count;
  });
  quotes.connect(tool.bus.quotes_out);

  const Name source = tool.account_or_only(options.account);
  std::set<std::string> topics;
  const auto subscribe = [&](bool is_first) -> Exit {
    for (const std::string& symbol : options.symbols) {
      Subscribe request;
      request.source = source;
      request.symbol = cut<32>(symbol);
      request.channel = Channel::Quote;
      request.lease_ms = lease_ms;
      const auto message = client.ask(request);
      if (!message)
        return is_first ? fail(Exit::Unreachable, "no answer from the router")
                        : Exit::Ok;  // the next renewal may reach it
      if (const auto* reject = std::get_if<Reject>(&message->body)) {
        return fail(Exit::No,
                    refusal(reject->error, view(reject->field), view(reject->value), "", "", view(reject->text)));
      }
      const auto* ack = std::get_if<SubscribeAck>(&message->body);
      if (!ack) return fail(Exit::No, "the router answered with " + std::string{name_of(message->body)});
      // A symbol that is called otherwise by now has another topic.
      if (topics.insert(std::string{view(ack->topic)}).second) quotes.subscribe(std::string{view(ack->topic)} + '\0');
    }
    return Exit::Ok;
  };
  if (const Exit exit = subscribe(true); exit != Exit::Ok) return exit;

  boost::asio::signal_set signals{loop, SIGINT, SIGTERM};
  signals.async_wait([&](const auto& error, int) { is_done = is_done || !error; });
  const auto start = std::chrono::steady_clock::now();
  const auto end = start + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                               std::chrono::duration<double>(options.seconds));
  auto renewal = start + std::chrono::milliseconds{lease_ms / 2};
  while (!is_done) {
    const auto now = std::chrono::steady_clock::now();
    if (options.seconds > 0 && now >= end) {
      if (options.count != 0) return fail(Exit::Unknown, "only " + std::to_string(printed) + " quotes came in time");
      break;
    }
    if (now >= renewal) {
      if (const Exit exit = subscribe(false); exit != Exit::Ok) return exit;
      renewal = now + std::chrono::milliseconds{lease_ms / 2};
    }
    loop.restart();
    loop.run_one_until(options.seconds > 0 ? std::min(end, renewal) : renewal);
  }
  return Exit::Ok;
}

}  // namespace

void add_quotes(const Subcommand& app, Tool& tool) {
  auto options = std::make_shared<QuotesOptions>();
  const Subcommand command = app.subcommand("quotes", "Show quotes as they move, until interrupted");
  command.option("SYMBOL", options->symbols, "BTC/USDT ETH/USDT ...").required();
  command.option("--account", options->account, "At whose broker; needed when there are several accounts");
  command.option("-n,--count", options->count, "End after so many");
  command.option("--seconds", options->seconds, "End after so long; with -n, exit 4 when they did not come");
  command.run([options, &tool] {
    tool.action = [options, &tool] {
      tool.load();
      return follow(tool, *options);
    };
  });
}

}  // namespace busbar::tool
