// busbar journal replay: records again, in their order and at a speed: printed, or published to a bus.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include <boost/asio/io_context.hpp>

#include "bus/codec.hpp"
#include "bus/endpoint.hpp"
#include "bus/topic.hpp"
#include "tools/busbar/journal.hpp"

namespace busbar::tool {

namespace {

struct ReplayOptions {
  std::string stream = "core", to;
  std::uint64_t first = 1, last = 0;
  double speed = 0;
};

Exit replay(Tool& tool, const JournalOptions& shared, const ReplayOptions& options) {
  const auto reader = open_stream(archive_directory(tool, shared), options.stream);
  if (!reader) return Exit::Usage;
  boost::asio::io_context loop{1};
  std::unique_ptr<bus::Endpoint> out;
  if (!options.to.empty()) {
    constexpr int linger_ms = 60'000;  // for what a slow subscriber has not taken yet
    out = std::make_unique<bus::Endpoint>(loop, bus::Kind::XPub, bus::EndpointOptions{.linger_ms = linger_ms});
    bool has_subscriber = false;
    out->on_subscription([&](std::string_view, bool subscribed) { has_subscriber = has_subscriber || subscribed; });
    out->connect(options.to);
    const auto until = std::chrono::steady_clock::now() + tool.timeout;
    while (!has_subscriber && std::chrono::steady_clock::now() < until) {
      loop.restart();
      loop.run_one_until(until);
    }
    if (!has_subscriber) return fail(Exit::Unreachable, "nobody subscribes at " + options.to);
  }
  const std::uint64_t last =
      options.last == 0 ? reader->last_sequence() : std::min(options.last, reader->last_sequence());
  const std::uint64_t first = std::max(options.first, reader->first_sequence());
  if (last == 0 || first > last) return Exit::Ok;
  const auto start = std::chrono::steady_clock::now();
  Timestamp start_ns = 0;
  std::uint64_t dropped = 0;
  const auto done = reader->read(first, last, [&](const audit::JournalRecord& entry) {
    const Record& record = entry.record;
    if (start_ns == 0) start_ns = record.header.time_ns;
    if (options.speed > 0) {
      constexpr double year_ns = 3.2e16;  // at a speed of next to nothing
      const double ns = std::clamp(static_cast<double>(record.header.time_ns - start_ns) / options.speed, 0.0, year_ns);
      std::this_thread::sleep_until(start + std::chrono::nanoseconds{static_cast<std::int64_t>(ns)});
    }
    if (!out) {
      print_record(tool, options.stream, record);
      if (options.speed > 0) std::fflush(stdout);
      return true;
    }
    const auto message = decode(record.payload);
    if (!message || !out->publish(topic_in_replay(options.stream, message->body), record.payload)) ++dropped;
    loop.restart();
    loop.poll();
    return true;
  });
  if (!done) return fail(Exit::No, done.error().text);
  if (dropped > 0) return fail(Exit::No, std::to_string(dropped) + " records could not be published");
  return Exit::Ok;
}

}  // namespace

std::string topic_in_replay(const std::string& stream, const Body& body) {
  const auto of = [](Channel channel, const auto& data, std::uint32_t bar_interval_ms = 0) {
    return topic_of(channel, view(data.source), view(data.symbol), bar_interval_ms);
  };
  if (const auto* quote = std::get_if<Quote>(&body)) return of(Channel::Quote, *quote);
  if (const auto* trade = std::get_if<Trade>(&body)) return of(Channel::Trade, *trade);
  if (const auto* bar = std::get_if<Bar>(&body)) return of(Channel::Bar, *bar, bar->interval_ms);
  if (const auto* book = std::get_if<Book>(&body)) return of(Channel::Book, *book);
  if (const auto* ticker = std::get_if<Ticker>(&body)) return of(Channel::Ticker, *ticker);
  return stream;
}

void add_journal_replay(const Subcommand& journal, Tool& tool, Journal shared) {
  auto options = std::make_shared<ReplayOptions>();
  const Subcommand command = journal.subcommand("replay", "Print or publish records again, at a speed");
  command.option("--stream", options->stream, "core, market or tape")
      .one_of({"core", "market", "tape"})
      ;
  command.option("--first", options->first, "First sequence");
  command.option("--last", options->last, "Last sequence; the end when not given");
  command.option("--speed", options->speed,
                      "1 is as it happened, 10 ten times faster; without it as fast as possible");
  command.option("--to", options->to,
                      "Publish to this endpoint, a hub's bus.quotes_in for instance, instead of printing");
  command.run(
      [options, shared, &tool] { tool.action = [options, shared, &tool] { return replay(tool, *shared, *options); }; });
}

}  // namespace busbar::tool
