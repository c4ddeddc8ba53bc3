#pragma once
// When a gateway may send another request under a limit. Commands the router has metered, and they wait only where they
// came late and all at once; what the gateway asks by itself the router learns afterwards, so those questions leave room
// for what it may have let go meanwhile. Pure: the time is handed in.

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>

#include "bus/messages.hpp"

namespace busbar::gateway {

class RequestPace {
 public:
  enum class Kind { Command, Question };

  // Until it is told, there is no limit.
  void limit_to(std::uint64_t limit, std::int64_t interval_ns, bool is_aligned) {
    limit_ = std::max<std::uint64_t>(limit, 1);
    is_aligned_ = is_aligned;
    // What is counted here as it leaves is counted there as it comes.
    window_ns_ = is_aligned ? interval_ns : interval_ns + interval_ns / 16;
  }

  // A request counts from when it begins, though it may wait for a connection; its window begins when it is written.
  void begin(Kind kind) { under_way_.add(1, kind); }
  void on_written(Kind kind, Timestamp now) {
    under_way_.add(-1, kind);
    count(1, kind, now);
  }
  void on_unsent(Kind kind) { under_way_.add(-1, kind); }
  // The broker counts so much in the window.
  void raise(std::uint64_t total, Timestamp now) {
    if (const auto known = used(now); total > known) count(static_cast<std::int64_t>(total - known), Kind::Command, now);
  }

  std::uint64_t used(Timestamp now) {
    forget(now);
    return static_cast<std::uint64_t>(written_.all + under_way_.all);
  }
  // When the next of a kind may go: now where there is room.
  Timestamp earliest(Kind kind, Timestamp now) {
    if (has_room(kind, used(now))) return now;
    if (is_aligned_) return (now / window_ns_ + 1) * window_ns_;
    return sent_.empty() ? now + window_ns_ / 16 : sent_.front().time_ns + window_ns_;
  }
  // So many questions may be told to the router together.
  std::uint64_t step() const { return std::max<std::uint64_t>(limit_ / 32, 1); }

 private:
  struct Sum {
    void add(std::int64_t number, Kind kind) {
      all += number;
      if (kind == Kind::Question) questions += number;
    }
    std::int64_t all = 0;
    std::int64_t questions = 0;
  };
  struct Sent {
    Timestamp time_ns;
    std::int64_t number;
    Kind kind;
  };

  // Questions have half of the limit, and no more than leaves the last tenth to cancels; but a tenth always, so that no
  // flood of orders stops the questions about them.
  bool has_room(Kind kind, std::uint64_t used) const {
    if (kind == Kind::Command || used >= limit_) return used < limit_;
    const std::uint64_t tenth = std::max<std::uint64_t>(limit_ / 10, 1);
    const auto questions = static_cast<std::uint64_t>(written_.questions + under_way_.questions);
    return questions < tenth || (questions < limit_ / 2 && used < limit_ - tenth);
  }
  bool is_over(const Sent& sent, Timestamp now) const {
    if (is_aligned_) return sent.time_ns / window_ns_ != now / window_ns_;
    return sent.time_ns + window_ns_ <= now || sent.time_ns > now;  // the clock was set back
  }
  void forget(Timestamp now) {
    for (; !sent_.empty() && is_over(sent_.front(), now); sent_.pop_front()) {
      written_.add(-sent_.front().number, sent_.front().kind);
    }
  }
  void count(std::int64_t number, Kind kind, Timestamp now) {
    if (window_ns_ == 0) return;
    forget(now);
    sent_.push_back({now, number, kind});
    written_.add(number, kind);
  }

  std::uint64_t limit_ = std::numeric_limits<std::uint64_t>::max();
  std::int64_t window_ns_ = 0;
  bool is_aligned_ = false;
  std::deque<Sent> sent_;
  Sum written_;
  Sum under_way_;
};

}  // namespace busbar::gateway
