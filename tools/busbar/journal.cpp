#include "tools/busbar/journal.hpp"

#include <cstdio>

#include <boost/json/serialize.hpp>

#include "tools/busbar/json.hpp"
#include "tools/busbar/story.hpp"

namespace busbar::tool {

std::filesystem::path archive_directory(Tool& tool, const JournalOptions& options) {
  if (!options.directory.empty()) return options.directory;
  tool.load();
  return tool.audit_directory;
}

std::unique_ptr<audit::JournalReader> open_stream(const std::filesystem::path& archive, const std::string& stream) {
  auto reader = audit::JournalReader::open(archive / stream);
  if (!reader) {
    fail(Exit::Usage, (archive / stream).string() + ": " + reader.error().text);
    return nullptr;
  }
  return std::make_unique<audit::JournalReader>(std::move(*reader));
}

void print_record(const Tool& tool, std::string_view stream, const Record& record) {
  if (tool.json) {
    std::puts(json::serialize(to_json(stream, record)).c_str());
  } else {
    std::printf("%s  %s %llu  %s\n", time_text(record.header.time_ns).substr(0, 26).c_str(),
                std::string{stream}.c_str(), static_cast<unsigned long long>(record.header.sequence),
                describe(record).c_str());
  }
}

void add_journal(const Subcommand& app, Tool& tool) {
  const Subcommand command = app.subcommand("journal", "Read, replay and prove the journal; no daemon need run");
  auto options = std::make_shared<JournalOptions>();
  command.option("--directory", options->directory,
                      "The archive, instead of audit.directory of the configuration");
  command.require_subcommands(1, 1);
  command.fallthrough();
  add_journal_tail(command, tool, options);
  add_journal_show(command, tool, options);
  add_journal_replay(command, tool, options);
  add_journal_verify(command, tool, options);
  add_journal_recheck(command, tool, options);
}

}  // namespace busbar::tool
