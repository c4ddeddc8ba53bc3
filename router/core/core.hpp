#pragma once
// The office that decides. Pure functions of (state, record) to (state, outputs): no clock, no random number, no I/O,
// no thread, nothing in the order of a hash. Fed the same inputs, it makes the same decisions, which is what replay and
// recheck rest on. What it leaves to others: stamping, writing, sending (router/shell), and all that is between a
// command and a broker.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::router {

// Rises with every change that could decide differently. A snapshot of another version is only taken at the head.
inline constexpr std::uint32_t core_version = 9;

// One record, as the core sees it. message.header.sender is the authenticated name of who said it.
struct Input {
  std::uint64_t sequence = 0;
  Timestamp time_ns = 0;  // record time
  Timestamp wall_ns = 0;  // the wall clock at that moment, which clients' times are told by
  const Message* message = nullptr;
};

// One decision. The shell sends it once the record `input_sequence` and all before it are durable.
struct Decision {
  Destination destination = Destination::Unset;
  Name peer;  // Session: client. Gateway: gateway. Request: client; the shell knows the connection by input
  Name session;                     // Session only
  std::uint64_t report_number = 0;  // Session only
  std::uint64_t incarnation = 0;    // Gateway only
  std::uint64_t correlation_id = 0; // of the message that is answered
  bool drop_copy = false;           // the drop copy hears it as well
  Body body;
};

class Core {
 public:
  Core();
  ~Core();
  Core(Core&&) noexcept;
  Core& operator=(Core&&) noexcept;

  // Appends decisions to `out`. Inputs must come in the order of their sequence (outputs of ours lie between) and time;
  // one that goes back is a mistake of ours and asserts.
  void apply(const Input& input, std::vector<Decision>& out);

  // When the core wants a Tick, in record time.
  std::optional<Timestamp> next_deadline() const;
  std::uint64_t last_sequence() const;

  // The whole state in its canonical encoding, and its SHA-256. restore() refuses bytes that are damaged or of another
  // version.
  Bytes snapshot() const;
  static Result<Core> restore(std::span<const std::uint8_t> bytes);
  std::array<std::uint8_t, 32> state_hash() const;

  // Highest contiguous report_number of a gateway's life that has been applied; what may be acknowledged once durable.
  std::uint64_t last_report(const Name& gateway, std::uint64_t incarnation) const;
  // The number of the last report that a session was ever told.
  std::uint64_t last_session_report(const Name& client, const Name& session) const;
  // Would a new order from anyone be looked at at all? The configuration has been seen.
  bool is_configured() const;

  // Read-only questions; Orders, Order, Instruments, Accounts, and the core's part of Status. Paged by query.page_size.
  Answer answer(const Query& query) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace busbar::router
