#pragma once
// Waiting in tests that use real sockets: the loop runs until something is so, and a test fails when it never becomes so.

#include <chrono>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace busbar {

template <class Done>
void run_until(boost::asio::io_context& loop, Done done, std::chrono::seconds limit = std::chrono::seconds{60}) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "nothing more happens";
    if (loop.stopped()) loop.restart();
    loop.run_one_for(std::chrono::milliseconds{50});
  }
  if (loop.stopped()) loop.restart();
}

}  // namespace busbar
