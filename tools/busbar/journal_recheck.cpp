// busbar journal recheck: the core is fed every recorded input again, and each decision is compared with the recorded
// one.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "audit/head.hpp"
#include "router/replay.hpp"
#include "tools/busbar/journal.hpp"
#include "tools/busbar/json.hpp"

namespace busbar::tool {

namespace {

Exit recheck(Tool& tool, const JournalOptions& options, std::uint64_t last) {
  const auto reader = open_stream(archive_directory(tool, options), "core");
  if (!reader) return Exit::Usage;
  const auto summary = router::replay(*reader, last);
  if (!summary) return fail(Exit::Usage, "cannot be rechecked: " + summary.error().text);
  const auto& difference = summary->difference;
  if (tool.json) {
    json::object line{{"agrees", !difference},
                      {"first_sequence", summary->first_sequence},
                      {"last_sequence", summary->last_sequence},
                      {"inputs", summary->inputs},
                      {"outputs", summary->outputs},
                      {"open", summary->open},
                      {"state_hash", audit::to_hex(summary->state_hash)}};
    if (difference) {
      line["difference"] = json::object{{"sequence", difference->sequence},
                                        {"input_sequence", difference->input_sequence},
                                        {"index", difference->index},
                                        {"recorded", difference->recorded},
                                        {"decided", difference->decided}};
    }
    std::puts(json::serialize(line).c_str());
  } else if (difference) {
    std::printf("DIFFERS at record %llu: %s\n", static_cast<unsigned long long>(difference->sequence),
                difference->text().c_str());
  } else {
    std::printf("agrees: %llu inputs make the same %llu decisions, records %llu to %llu, state %s\n",
                static_cast<unsigned long long>(summary->inputs), static_cast<unsigned long long>(summary->outputs),
                static_cast<unsigned long long>(summary->first_sequence),
                static_cast<unsigned long long>(summary->last_sequence), audit::to_hex(summary->state_hash).c_str());
  }
  return difference ? Exit::No : Exit::Ok;
}

}  // namespace

void add_journal_recheck(const Subcommand& journal, Tool& tool, Journal shared) {
  auto last = std::make_shared<std::uint64_t>(0);
  const Subcommand command =
      journal.subcommand("recheck", "Would the core decide the same again? Exit 0 yes, 1 no, 2 could not look");
  command.option("--last", *last, "Up to this record; the end when not given");
  command.run([=, &tool] { tool.action = [=, &tool] { return recheck(tool, *shared, *last); }; });
}

}  // namespace busbar::tool
