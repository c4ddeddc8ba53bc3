#pragma once
// Stops sending new orders to a broker that doesn't answer: closed, open, half-open. Cancels never ask it.

#include <cstdint>

#include "bus/messages.hpp"

namespace busbar::gateway {

class CircuitBreaker {
 public:
  enum class State { Closed, Open, HalfOpen };

  explicit CircuitBreaker(unsigned failures_max = 5, std::int64_t open_for_ns = 5'000'000'000)
      : failures_max_{failures_max}, open_for_ns_{open_for_ns} {}

  // May a new order go now? When the time is over one goes as a trial, and the next waits for what becomes of it.
  bool allows(Timestamp now) {
    if (state_ == State::Open && now - opened_at_ >= open_for_ns_) state_ = State::HalfOpen;
    if (state_ == State::Closed) return true;
    if (state_ == State::Open || is_trying_) return false;
    is_trying_ = true;
    return true;
  }
  // Of any request to the broker: an answer, whatever it says, is a success.
  void on_success() {
    failures_ = 0;
    is_trying_ = false;
    state_ = State::Closed;
  }
  void on_failure(Timestamp now) {
    is_trying_ = false;
    if (++failures_ < failures_max_ && state_ != State::HalfOpen) return;
    state_ = State::Open;
    opened_at_ = now;
  }
  // It never left, for a reason of ours: that says nothing, and another may be the trial.
  void on_unsent() { is_trying_ = false; }
  State state() const { return state_; }

 private:
  unsigned failures_max_;
  std::int64_t open_for_ns_;
  State state_ = State::Closed;
  unsigned failures_ = 0;
  bool is_trying_ = false;
  Timestamp opened_at_ = 0;
};

}  // namespace busbar::gateway
