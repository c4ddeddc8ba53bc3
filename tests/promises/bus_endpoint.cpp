// B11: ZMQ_FD tells of a change once, and a send or a receive may swallow the news. Two endpoints, each on a loop of its own,
// send each other bursts of any size and then fall silent together: in such a silence nothing comes that would wake a side
// which has missed something, so what waits is seen to wait.

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include "bus/endpoint.hpp"
#include "tests/promises/size.hpp"
#include "tests/unit/bus/random.hpp"
#include "tests/unit/bus/temporary_directory.hpp"

namespace busbar::promises {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A stall is counted in ticks of the side's own loop: a machine that keeps the loop from running makes no ticks.
constexpr auto tick = 5ms;
constexpr int ticks_max = 100 / 5;

// Until when both sides are silent; and whether one of them waits in vain.
class Silence {
 public:
  Silence() : until_{Clock::now().time_since_epoch().count()} {}
  void fall(Clock::duration length) { until_ = (Clock::now() + length).time_since_epoch().count(); }
  bool is_over() const { return Clock::now().time_since_epoch().count() >= until_; }
  void give_up() { is_given_up_ = true; }
  bool is_given_up() const { return is_given_up_; }

 private:
  std::atomic<Clock::rep> until_;
  std::atomic<bool> is_given_up_{false};
};

class Side {
 public:
  Side(bus::Kind kind, std::uint64_t total, std::uint64_t seed, Silence& silence)
      : is_dealer_{kind == bus::Kind::Dealer},
        total_{total},
        random_{seed},
        silence_{silence},
        endpoint_{loop_, kind},
        turn_{loop_},
        ticker_{loop_} {
    endpoint_.on_message([this](const bus::RoutingId& from, std::string_view, std::span<const std::uint8_t> bytes) {
      peer_ = from;
      std::uint64_t number = 0;
      std::memcpy(&number, bytes.data(), sizeof number);
      is_in_order_ = is_in_order_ && number == received_;
      ++received_;
      waited_ = 0;
    });
  }

  bus::Endpoint& endpoint() { return endpoint_; }
  void start(Side& other) {
    other_ = &other;
    thread_ = std::thread{[this] {
      take_turn();
      watch();
      loop_.run();
    }};
  }
  void join() { thread_.join(); }

  // After join().
  std::uint64_t received() const { return received_; }
  bool is_in_order() const { return is_in_order_; }
  std::chrono::milliseconds longest_wait() const { return tick * longest_; }
  std::uint64_t bursts() const { return bursts_; }

 private:
  bool send(std::span<const std::uint8_t> bytes) {
    return is_dealer_ ? endpoint_.send(bytes) : endpoint_.send(peer_, bytes);
  }

  void take_turn() {
    if (silence_.is_over() && may_send()) burst();
    const auto pause = random_.one_in(20) ? std::chrono::microseconds{random_.between(0, 2000)} : 0us;
    turn_.expires_after(silence_.is_over() ? pause : 1ms);
    turn_.async_wait([this](const auto&) {
      if (!is_over_) take_turn();
    });
  }
  bool may_send() const { return sent_ < total_ && (is_dealer_ || !peer_.empty()); }

  void burst() {
    ++bursts_;
    for (auto left = random_.between(1, random_.one_in(10) ? 3000 : 40); left > 0 && sent_ < total_; --left) {
      const std::uint64_t number = sent_;
      std::memcpy(payload_.data(), &number, sizeof number);
      if (!send(payload_)) break;
      ++sent_;
    }
    if (random_.one_in(100)) silence_.fall(std::chrono::milliseconds{random_.between(120, 250)});
  }

  void watch() {
    const bool has_waiting = other_->sent_ > received_;
    waited_ = has_waiting ? waited_ + 1 : 0;
    longest_ = std::max(longest_, waited_);
    is_over_ = sent_ == total_ && received_ == total_ && other_->received_ == total_;
    // Ten seconds of nothing: what was lost or forgotten never comes.
    if (waited_ > 10s / tick) silence_.give_up();
    if (is_over_ || silence_.is_given_up()) return loop_.stop();
    ticker_.expires_after(tick);
    ticker_.async_wait([this](const auto&) { watch(); });
  }

  const bool is_dealer_;
  const std::uint64_t total_;
  Random random_;
  Silence& silence_;
  asio::io_context loop_{1};
  bus::Endpoint endpoint_;
  asio::steady_timer turn_;
  asio::steady_timer ticker_;
  std::thread thread_;
  Side* other_ = nullptr;
  bus::RoutingId peer_;
  std::array<std::uint8_t, 64> payload_{};
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> received_{0};
  std::uint64_t bursts_ = 0;
  int waited_ = 0;
  int longest_ = 0;
  bool is_in_order_ = true;
  bool is_over_ = false;
};

TEST(Endpoint, NothingWaitsUnseenInBurstsBothWays) {
  const auto total = static_cast<std::uint64_t>(times(10'000'000, 200'000));
  const std::uint64_t seed = draw_seed();
  std::printf("B11: seed %llu\n", static_cast<unsigned long long>(seed));
  const TemporaryDirectory directory;
  const std::string address = "ipc://" + (directory.path() / "socket").string();
  Silence silence;
  Side router{bus::Kind::Router, total, seed, silence};
  Side dealer{bus::Kind::Dealer, total, seed + 1, silence};
  router.endpoint().bind(address);
  dealer.endpoint().connect(address);
  const auto begin = Clock::now();
  router.start(dealer);
  dealer.start(router);
  router.join();
  dealer.join();
  const auto longest = std::max(router.longest_wait(), dealer.longest_wait());
  std::printf("B11: %llu messages each way in %llu bursts, %.1f s, all received, in order; longest wait with data there %d ms "
              "(limit 100 ms)\n",
              static_cast<unsigned long long>(std::min(router.received(), dealer.received())),
              static_cast<unsigned long long>(router.bursts() + dealer.bursts()),
              std::chrono::duration<double>(Clock::now() - begin).count(), static_cast<int>(longest.count()));
  EXPECT_LE(longest, tick * ticks_max) << "data waited and was not read";
  EXPECT_EQ(router.received(), total);
  EXPECT_EQ(dealer.received(), total);
  EXPECT_TRUE(router.is_in_order());
  EXPECT_TRUE(dealer.is_in_order());
}

}  // namespace
}  // namespace busbar::promises
