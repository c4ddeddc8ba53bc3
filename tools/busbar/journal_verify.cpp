// busbar journal verify: is the journal still what was written? Checksums, sequences, the hash chain and the signed
// heads.
#include <cstdio>

#include <boost/json/serialize.hpp>

#include "audit/verify.hpp"
#include "tools/busbar/journal.hpp"
#include "tools/busbar/json.hpp"

namespace busbar::tool {

namespace {

void print(const Tool& tool, const std::string& stream, const Result<audit::VerifySummary>& result) {
  if (!result) {
    if (tool.json) {
      std::puts(json::serialize(json::object{{"stream", stream}, {"error", result.error().text}}).c_str());
    } else {
      std::printf("%-6s  could not be read: %s\n", stream.c_str(), result.error().text.c_str());
    }
    return;
  }
  if (tool.json) {
    json::object line{{"stream", stream},
                      {"good", result->is_good},
                      {"first_sequence", result->first_sequence},
                      {"last_sequence", result->last_sequence},
                      {"records", result->records},
                      {"segments", result->segments},
                      {"heads", result->heads},
                      {"attested_sequence", result->attested_sequence},
                      {"chain", audit::to_hex(result->chain)}};
    if (result->first_bad_sequence) line["first_bad_sequence"] = *result->first_bad_sequence;
    if (!result->text.empty()) line["text"] = result->text;
    std::puts(json::serialize(line).c_str());
  } else if (result->is_good) {
    std::printf("%-6s  good  %llu records in %llu segments, %llu signed heads up to %llu, chain %s\n", stream.c_str(),
                static_cast<unsigned long long>(result->records), static_cast<unsigned long long>(result->segments),
                static_cast<unsigned long long>(result->heads),
                static_cast<unsigned long long>(result->attested_sequence), audit::to_hex(result->chain).c_str());
  } else {
    std::printf("%-6s  BAD   %s\n", stream.c_str(), result->text.c_str());
  }
}

}  // namespace

void add_journal_verify(const Subcommand& journal, Tool& tool, Journal shared) {
  struct Options {
    std::vector<std::string> streams{"core", "market", "tape"};
    std::vector<std::string> head_files;
    std::string public_key;
  };
  auto options = std::make_shared<Options>();
  const Subcommand command =
      journal.subcommand("verify", "Is the journal still what was written? Exit 0 yes, 1 no, 2 could not look");
  command.option("STREAM", options->streams, "core, market, tape; all of them when none is given")
      .one_of({"core", "market", "tape"});
  command.option("--heads", options->head_files, "Signed heads that were kept elsewhere")
      .existing_file();
  command.option("--key", options->public_key, "Public key (PEM) that must have signed them")
      .existing_file();
  command.run([options, shared, &tool] {
    tool.action = [options, shared, &tool] {
      const auto archive = archive_directory(tool, *shared);
      audit::VerifyOptions what;
      what.head_files.assign(options->head_files.begin(), options->head_files.end());
      if (!options->public_key.empty()) {
        const auto key = audit::read_public_key(options->public_key);
        if (!key) return fail(Exit::Usage, options->public_key + ": " + key.error().text);
        what.public_key = *key;
      }
      Exit worst = Exit::Ok;
      for (const std::string& stream : options->streams) {
        const auto result = audit::verify(archive / stream, what);
        print(tool, stream, result);
        std::fflush(stdout);  // the next one is read by a forked child
        worst = std::max(worst, !result ? Exit::Usage : result->is_good ? Exit::Ok : Exit::No);
      }
      return worst;
    };
  });
}

}  // namespace busbar::tool
