#include "gateways/framework/tasks.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace busbar::gateway {

void spawn(asio::io_context& loop, asio::awaitable<void> task) {
  asio::co_spawn(loop, std::move(task), asio::detached);
}

asio::awaitable<void> pause(asio::io_context& loop, std::chrono::milliseconds time) {
  asio::steady_timer timer{loop, time};
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<Turn::Held> Turn::take(std::function<bool()> is_there) {
  while (!is_there()) {
    if (!std::exchange(state_->is_taken, true)) co_return Held{state_.get(), Leave{state_}};
    co_await state_->over.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  co_return Held{};
}

void Turn::Leave::operator()(State* state) const {
  state->is_taken = false;
  state->over.cancel();
}

Periodic::Periodic(asio::io_context& loop, std::chrono::milliseconds interval,
                   std::function<asio::awaitable<void>()> act)
    : loop_{loop}, interval_{interval}, act_{std::move(act)}, timer_{loop} {}

void Periodic::start() {
  if (std::exchange(is_running_, true)) return;
  spawn(loop_, keep_acting());
}

void Periodic::stop() {
  is_stopping_ = true;
  timer_.cancel();
}

asio::awaitable<void> Periodic::keep_acting() {
  while (!is_stopping_) {
    timer_.expires_after(interval_);
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!is_stopping_) co_await act_();
  }
  is_running_ = false;
}

}  // namespace busbar::gateway
