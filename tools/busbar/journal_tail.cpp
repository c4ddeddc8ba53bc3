// busbar journal tail: the last records of a stream, and those that follow.
#include <chrono>
#include <cstdio>
#include <thread>

#include "tools/busbar/journal.hpp"

namespace busbar::tool {

void add_journal_tail(const Subcommand& journal, Tool& tool, Journal shared) {
  struct Options {
    std::string stream = "core";
    std::uint64_t count = 20;
    bool follow = false;
  };
  auto options = std::make_shared<Options>();
  const Subcommand command = journal.subcommand("tail", "Show the last records of a stream");
  command.option("--stream", options->stream, "core, market or tape")
      .one_of({"core", "market", "tape"})
      ;
  command.option("-n,--count", options->count, "How many");
  command.flag("-f,--follow", options->follow, "Go on with what is written, until interrupted");
  command.run([options, shared, &tool] {
    tool.action = [options, shared, &tool] {
      const auto reader = open_stream(archive_directory(tool, *shared), options->stream);
      if (!reader) return Exit::Usage;
      std::uint64_t last = reader->last_sequence();
      std::uint64_t next = std::max(reader->first_sequence(), last >= options->count ? last - options->count + 1 : 1);
      for (;;) {
        if (last >= next && last != 0) {
          const auto done = reader->read(next, last, [&](const audit::JournalRecord& record) {
            print_record(tool, options->stream, record.record);
            return true;
          });
          if (!done) return fail(Exit::No, done.error().text);
          next = last + 1;
        }
        if (!options->follow) return Exit::Ok;
        std::fflush(stdout);
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
        last = reader->last_sequence();
      }
    };
  });
}

}  // namespace busbar::tool
