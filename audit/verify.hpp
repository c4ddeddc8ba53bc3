#pragma once
// Is the journal still what was written? Needs no running Busbar, changes nothing, and trusts nothing it reads: checksums,
// dense sequences, the hash chain over all segments, and every signed head's signature and place in the chain.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audit/head.hpp"

namespace busbar::audit {

struct VerifyOptions {
  // Heads that were kept elsewhere. Those in the journal's own directory are checked as well.
  std::vector<std::filesystem::path> head_files;
  // Heads must be signed by this key. Without it, by signing.pub in the directory, which whoever can write there can change.
  std::optional<PublicKey> public_key;
};

struct VerifySummary {
  bool is_good = false;
  std::string stream;
  std::uint64_t first_sequence = 0;  // 0 when there are no records
  std::uint64_t last_sequence = 0;
  std::uint64_t records = 0;         // that were read and fit the chain
  std::uint64_t segments = 0;
  std::uint64_t heads = 0;           // signed statements of this stream that hold
  std::uint64_t attested_sequence = 0;  // the last record that a head vouches for; those after it are only chained
  Hash chain{};                      // at last_sequence
  // When it is not good:
  std::optional<std::uint64_t> first_bad_sequence;
  std::string text;                  // what is wrong, and where
};

// An error means that it could not look (no journal there, no right to read it): neither good nor bad.
// The reading runs in a forked child, because LMDB does not survive every damage to its own pages: call it from a process
// that has no other threads at work.
Result<VerifySummary> verify(const std::filesystem::path& directory, const VerifyOptions& options);

// 0 good, 1 bad, 2 could not look.
int exit_code(const Result<VerifySummary>& result);

}  // namespace busbar::audit
