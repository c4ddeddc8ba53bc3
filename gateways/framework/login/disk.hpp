#pragma once
// What the disk has to do, or a passphrase that takes half a second to become a key, while the loop goes on.

#include <functional>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bus/result.hpp"

namespace busbar::login {

namespace asio = boost::asio;

class Disk {
 public:
  asio::awaitable<Result<void>> act(std::function<Result<void>()> work) {
    const auto guarded = [&work]() -> asio::awaitable<Result<void>> {
      try {
        co_return work();
      } catch (const std::exception& error) {
        co_return Error{ErrorCode::Internal, error.what()};
      }
    };
    co_return co_await asio::co_spawn(pool_, guarded, asio::use_awaitable);
  }

 private:
  asio::thread_pool pool_{1};
};

}  // namespace busbar::login
