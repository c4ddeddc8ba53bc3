#pragma once
// The records of the core, fed to it again. How a decision is written down, which the live router and every replay
// share; and the comparison of what was written with what the core decides now. Recovery, --follow and recheck are
// this, and no more.

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "audit/journal.hpp"
#include "bus/record.hpp"
#include "router/core/core.hpp"

namespace busbar::router {

// The message of a decision, byte for byte what its receiver gets: nothing in it but the input and the decision.
Bytes encode_decision(const Header& input, Timestamp input_time_ns, const Decision& decision);
// The payload of its Output record, around that message, until this thread encodes again. `message` is only lent.
std::span<const std::uint8_t> encode_output(const Header& input, Timestamp input_time_ns, std::uint64_t input_sequence,
                                            std::uint32_t index, const Decision& decision, Bytes& message);

// A decision that was made from a record and has not been seen as a record itself.
struct Unrecorded {
  std::uint64_t input_sequence = 0;
  std::uint32_t index = 0;
  Decision decision;
  Bytes message;
  Bytes payload;  // of its Output record
};

// What was written is not what the core decides.
struct Difference {
  std::uint64_t sequence = 0;        // of the Output record
  std::uint64_t input_sequence = 0;  // of the input that made it
  std::uint32_t index = 0;
  std::string recorded;  // in words
  std::string decided;
  std::string text() const;
};

class Replay {
 public:
  // Goes on behind `through`, the last record whose decisions are all in `core`.
  explicit Replay(Core core = {}, std::uint64_t through = 0);

  // The next record. Error: it is not the next or of another journal, cannot be read, was decided by another version, or
  // difference() is set.
  Result<void> feed(const Record& record);
  const std::optional<Difference>& difference() const { return difference_; }

  Core& core() { return core_; }
  const Core& core() const { return core_; }
  std::uint64_t through() const { return through_; }
  Timestamp last_time_ns() const { return last_time_ns_; }
  // Decisions without a record so far, in order. When there are none the state and through() belong together: a
  // snapshot.
  std::deque<Unrecorded>& open() { return open_; }
  bool is_settled() const { return open_.empty(); }
  std::uint64_t inputs() const { return inputs_; }
  std::uint64_t outputs() const { return outputs_; }

 private:
  Result<void> feed_input(const Record& record);
  Result<void> feed_output(const Record& record);

  Core core_;
  std::uint64_t through_;
  Timestamp last_time_ns_ = 0;
  Timestamp last_input_ns_;
  std::uint64_t inputs_ = 0;
  std::uint64_t outputs_ = 0;
  std::deque<Unrecorded> open_;
  std::vector<Decision> decisions_;
  std::optional<Difference> difference_;
};

struct ReplaySummary {
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  std::uint64_t inputs = 0;
  std::uint64_t outputs = 0;
  std::uint64_t open = 0;  // decisions of the last inputs whose records are not in the journal yet
  std::array<std::uint8_t, 32> state_hash{};
  std::optional<Difference> difference;  // the first
};

// Feeds a whole journal from its first record, up to `last` (0: its end) or the first difference.
// Error: the journal does not begin with record 1, is damaged, or was written by another version of the core.
Result<ReplaySummary> replay(audit::JournalReader& journal, std::uint64_t last = 0);

}  // namespace busbar::router
