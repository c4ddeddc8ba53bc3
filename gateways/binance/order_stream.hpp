#pragma once
// User data over the WebSocket API, kept up: subscribed anew after each loss, renewed before Binance ends it at 24 h
// with two connections overlapping, and not believed because a socket is open: an order that was accepted and of which
// no event comes means that the stream is lost.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateways/binance/decode.hpp"
#include "gateways/binance/recent.hpp"
#include "gateways/binance/rest.hpp"

namespace busbar::binance {

struct StreamOptions {
  std::chrono::milliseconds silence_max{30'000};
  std::chrono::milliseconds renew_after{std::chrono::hours{23}};
  std::chrono::milliseconds overlap{5'000};
  std::chrono::milliseconds answer_max{10'000};   // to a subscription
  std::chrono::milliseconds event_max{10'000};    // from an order's acceptance to its first event
};

class OrderStream {
 public:
  struct Handlers {
    std::function<void(const UserEvent&, Timestamp receive_time_ns)> on_event;  // each event once
    std::function<void()> on_up;     // events before may be missing
    std::function<void(std::string what)> on_doubt;  // something came that we do not understand
    std::function<void(SessionStateKind, std::string reason, Timestamp deadline_ns)> on_state;
  };

  OrderStream(gateway::AdapterContext& context, Rest& rest, gateway::Url url, StreamOptions options, Handlers handlers);

  // The first subscription, whose failure is the caller's to tell; then keeps itself up.
  asio::awaitable<Result<void>> start();
  asio::awaitable<void> stop();
  // Binance has accepted this order: there must be an event of it.
  void expect(std::string_view venue_order_id);

 private:
  struct Connection;
  using Shared = std::shared_ptr<Connection>;

  asio::awaitable<Result<Shared>> open();
  asio::awaitable<void> keep_up();
  asio::awaitable<void> close_later(Shared connection);
  asio::awaitable<void> watch_expected();
  void on_text(Connection& connection, std::string_view text, Timestamp receive_time_ns);
  void adopt(Shared connection, bool overlaps);

  gateway::AdapterContext& context_;
  Rest& rest_;
  gateway::Url url_;
  StreamOptions options_;
  Handlers handlers_;
  Shared current_;
  Shared closing_;  // while two overlap
  asio::steady_timer pause_;
  asio::steady_timer expect_timer_;
  std::map<std::string, std::chrono::steady_clock::time_point> expected_;
  Recent seen_events_{4096};
  Recent seen_orders_{4096};
  std::uint64_t requests_ = 0;
  int running_ = 0;  // coroutines
  bool is_stopping_ = false;
};

}  // namespace busbar::binance
