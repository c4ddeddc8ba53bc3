#pragma once
// The subcommands of `busbar journal`. They read the journal's directory by themselves; no daemon need run.

#include <functional>
#include <memory>
#include <string>

#include "audit/journal.hpp"
#include "tools/busbar/tool.hpp"

namespace busbar::tool {

// Options every journal command knows.
struct JournalOptions {
  std::string directory;  // of the archive; audit.directory of the configuration when not given
};

// Loads the configuration when the directory was not given. Never touches the network.
std::filesystem::path archive_directory(Tool& tool, const JournalOptions& options);
// Prints why when it cannot.
std::unique_ptr<audit::JournalReader> open_stream(const std::filesystem::path& archive, const std::string& stream);
// One record: a JSON line, or a line of text.
void print_record(const Tool& tool, std::string_view stream, const Record& record);
// Under which a record is published again. Market data has its own topic, so that a hub takes it like live data; the other
// streams have their name.
std::string topic_in_replay(const std::string& stream, const Body& body);

using Journal = std::shared_ptr<JournalOptions>;
void add_journal_tail(const Subcommand& journal, Tool& tool, Journal options);
void add_journal_show(const Subcommand& journal, Tool& tool, Journal options);
void add_journal_replay(const Subcommand& journal, Tool& tool, Journal options);
void add_journal_verify(const Subcommand& journal, Tool& tool, Journal options);
void add_journal_recheck(const Subcommand& journal, Tool& tool, Journal options);

}  // namespace busbar::tool
