#pragma once
// The producer's side of the archive's relaxed streams, `market` and `tape`: numbers records per life of the process, sends
// them in batches, keeps each until auditd has it, and sends again what was under way when auditd went. Its memory is bounded:
// while auditd is away the oldest records not yet sent are let go and counted. Never a reason for an order to wait.

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "bus/clock.hpp"
#include "bus/endpoint.hpp"
#include "bus/record.hpp"

namespace busbar::bus {

struct AuditFeedOptions {
  std::string address;          // audit_market or audit_tape
  Name stream;                  // "market" or "tape"
  RecordKind kind = RecordKind::Market;
  Environment environment = Environment::Unset;
  Name sender;                  // the process
  Name session;                 // its life: auditd starts counting anew with another
  std::size_t bytes_max = 16u << 20;  // of records; half may be under way, since auditd syncs each second. `tape`: 64 MiB
};

class AuditFeed {
 public:
  AuditFeed(asio::io_context& loop, AuditFeedOptions options);

  // `message` is a whole message of the bus. It is copied, and leaves with others: with those of this turn of the loop, or, where
  // it has the patience, with those that come within so long at most, or with the next that has none. Patience ends for all
  // processes of a host at the same moments, so that an archive is woken by all at once.
  void append(std::span<const std::uint8_t> message, RecordTime time, std::chrono::milliseconds patience = {});

  // Calls `done` when auditd has everything, or after two seconds.
  void stop(std::function<void()> done);

  std::uint64_t appended() const { return appended_; }
  std::uint64_t acknowledged() const { return acknowledged_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  // Records as they are sent: their frames lie where they will leave from, with room before them for what an AuditAppend begins
  // with.
  struct Batch {
    Bytes bytes;
    std::size_t begin = 0;  // of the frames; once they are numbered, of the message
    std::uint32_t count = 0;
    std::uint64_t last = 0;  // once they are numbered
    std::size_t size() const { return bytes.size() - begin; }
    std::span<const std::uint8_t> message() const { return std::span{bytes}.subspan(begin); }
  };

  void on_bytes(std::span<const std::uint8_t> bytes);
  void on_state(std::uint64_t next_sequence);
  void ask();
  void schedule_pump();
  void pump_within(std::chrono::milliseconds patience);
  void pump();
  void drop_oldest();
  Batch new_batch();
  void add(Batch& batch, RecordTime time, std::span<const std::uint8_t> message) const;
  void make_batch();
  void number(Batch& batch);
  void note_gap();
  void look_at_losses();
  void keep_spare(Bytes&& bytes);
  void tick();
  void arm_tick();
  void finish_if_done();
  Header header() const;
  std::size_t held_bytes() const { return waiting_bytes_ + sent_bytes_; }

  AuditFeedOptions options_;
  Endpoint endpoint_;
  asio::steady_timer timer_;
  asio::steady_timer gathering_;
  std::deque<Batch> waiting_;    // not numbered yet, so that letting some go leaves no gap
  std::size_t waiting_bytes_ = 0;
  std::deque<Batch> sent_;       // numbered and not acknowledged
  std::vector<Bytes> spares_;    // what acknowledged ones lay in, while there is much to send
  std::size_t unsent_batches_ = 0;  // at the end of sent_: the socket was full
  std::size_t sent_bytes_ = 0;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t appended_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::uint64_t dropped_ = 0;
  std::uint64_t dropped_unnoted_ = 0;  // in no record's gap yet
  std::uint64_t dropped_before_ = 0;   // when records began to be let go
  std::uint64_t dropped_at_tick_ = 0;
  int quiet_ticks_ = 0;
  bool is_losing_ = false;  // as the log has it
  bool is_known_ = false;  // auditd has said where we are
  bool has_resent_ = false;  // since the last tick
  bool is_pump_scheduled_ = false;
  bool is_gathering_ = false;
  std::chrono::steady_clock::time_point heard_{};  // or nothing was under way
  std::chrono::steady_clock::time_point tick_at_{};
  int ticks_to_stop_ = 0;
  bool has_asked_to_stop_ = false;  // since the last tick
  std::function<void()> done_;
};

}  // namespace busbar::bus
