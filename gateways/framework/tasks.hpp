#pragma once
// What goes on beside the questions that an adapter is asked, on the same loop.

#include <chrono>
#include <functional>
#include <memory>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "bus/result.hpp"

namespace busbar::gateway {

namespace asio = boost::asio;

void spawn(asio::io_context& loop, asio::awaitable<void> task);
asio::awaitable<void> pause(asio::io_context& loop, std::chrono::milliseconds time);

// Done again and again until it is stopped; never twice at a time. Its owner outlives the loop.
class Periodic {
 public:
  Periodic(asio::io_context& loop, std::chrono::milliseconds interval, std::function<asio::awaitable<void>()> act);
  void start();
  void stop();

 private:
  asio::awaitable<void> keep_acting();

  asio::io_context& loop_;
  std::chrono::milliseconds interval_;
  std::function<asio::awaitable<void>()> act_;
  asio::steady_timer timer_;
  bool is_running_ = false;
  bool is_stopping_ = false;
};

// What is dear is done for everybody who wants it by one of them, while the others wait.
class Turn {
  struct State {
    asio::steady_timer over;
    bool is_taken = false;
  };
  struct Leave {
    std::shared_ptr<State> kept;  // who holds it may outlive its owner: a coroutine goes with the loop
    void operator()(State* state) const;
  };

 public:
  explicit Turn(asio::io_context& loop)
      : state_{std::make_shared<State>(State{asio::steady_timer{loop, asio::steady_timer::time_point::max()}})} {}
  using Held = std::unique_ptr<State, Leave>;
  // Nothing: what was wanted is there, be it that another has brought it. Otherwise it is ours to bring, while we hold this.
  asio::awaitable<Held> take(std::function<bool()> is_there = [] { return false; });
  bool is_taken() const { return state_->is_taken; }

 private:
  std::shared_ptr<State> state_;
};

// Asks until the answer is enough, with pauses that double; the last answer.
template <class T>
asio::awaitable<Result<T>> ask_until(asio::io_context& loop, int tries, std::chrono::milliseconds first_pause,
                                     std::function<asio::awaitable<Result<T>>()> ask,
                                     std::function<bool(const T&)> is_enough) {
  for (int i = 1;; ++i, first_pause *= 2) {
    Result<T> answer = co_await ask();
    if (i >= tries || (answer && is_enough(*answer))) co_return answer;
    co_await pause(loop, first_pause);
  }
}

}  // namespace busbar::gateway
