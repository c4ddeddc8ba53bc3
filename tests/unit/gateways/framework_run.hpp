#pragma once
// Runs a coroutine on a loop from a test.

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <stdexcept>
#include <type_traits>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/awaitable.hpp>

namespace busbar::gateway::test {

namespace asio = boost::asio;

// Serves the loop until the condition holds. A minute without it is a failure, not a wait.
inline void run_until(asio::io_context& loop, const std::function<bool()>& is_done) {
  loop.restart();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
  while (!is_done()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error{"run_until: it did not come to be"};
    if (loop.run_one_until(deadline) == 0) loop.restart();
  }
}

template <class T>
void start(asio::io_context& loop, asio::awaitable<T> task, std::type_identity_t<std::function<void(T)>> then) {
  asio::co_spawn(loop, std::move(task), [then = std::move(then)](std::exception_ptr error, T value) {
    if (error) std::rethrow_exception(error);
    then(std::move(value));
  });
}

template <class T>
T run(asio::io_context& loop, asio::awaitable<T> task) {
  std::optional<T> result;
  start<T>(loop, std::move(task), [&](T value) { result.emplace(std::move(value)); });
  run_until(loop, [&] { return result.has_value(); });
  return std::move(*result);
}

}  // namespace busbar::gateway::test
