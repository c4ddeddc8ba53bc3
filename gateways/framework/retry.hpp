#pragma once
// Waiting before another try: exponential backoff with full jitter, for reads and connections. Writes are never tried
// again; what became of one is asked.

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bus/result.hpp"

namespace busbar::gateway {

namespace asio = boost::asio;

using Random = std::function<std::uint64_t()>;  // all 64 bits

class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds most, Random random)
      : first_{first}, most_{most}, random_{std::move(random)}, ceiling_{first} {}

  // Anything up to a ceiling that doubles, so that many who fail together don't come back together.
  std::chrono::milliseconds next() {
    const auto range = static_cast<std::uint64_t>(ceiling_.count()) + 1;
    ceiling_ = std::min(ceiling_ * 2, most_);
    return std::chrono::milliseconds{static_cast<std::int64_t>(random_() % range)};
  }
  void reset() { ceiling_ = first_; }

 private:
  std::chrono::milliseconds first_;
  std::chrono::milliseconds most_;
  Random random_;
  std::chrono::milliseconds ceiling_;
};

// Asks up to `tries` times while the line fails; an answer of the broker's, be it a no, is an answer. For reads only.
template <class T>
asio::awaitable<Result<T>> retry_read(asio::io_context& loop, int tries, Backoff backoff,
                                      std::function<asio::awaitable<Result<T>>()> read) {
  for (int i = 1;; ++i) {
    Result<T> result = co_await read();
    if (result || result.error().code != ErrorCode::ConnectionError || i >= tries) co_return result;
    asio::steady_timer timer{loop, backoff.next()};
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

}  // namespace busbar::gateway
