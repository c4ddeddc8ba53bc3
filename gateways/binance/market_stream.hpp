#pragma once
// Market data: one connection, kept up, with whatever streams are wanted on it. Subscriptions go in batches and slowly,
// for Binance closes a connection on which more than 5 messages a second come in, and bans who repeats it.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateways/binance/decode.hpp"
#include "gateways/binance/order_stream.hpp"

namespace busbar::binance {

class MarketStream {
 public:
  struct Handlers {
    std::function<void(const BookTicker&, Timestamp receive_time_ns)> on_book_ticker;
    std::function<void(const TradeEvent&, Timestamp receive_time_ns)> on_trade;
    std::function<void(SessionStateKind, std::string reason, Timestamp deadline_ns)> on_state;
  };
  static constexpr std::size_t streams_max = 1024;  // of a connection

  MarketStream(gateway::AdapterContext& context, Rest& rest, gateway::Url url, StreamOptions options,
               Handlers handlers);

  void start();
  asio::awaitable<void> stop();
  // False when there are as many streams as a connection takes.
  bool subscribe(const std::string& stream);
  void unsubscribe(const std::string& stream);

 private:
  struct Connection;
  using Shared = std::shared_ptr<Connection>;

  asio::awaitable<void> keep_up();
  asio::awaitable<Shared> open();
  asio::awaitable<void> keep_subscribed(Shared connection);
  void on_text(Connection& connection, std::string_view text, Timestamp receive_time_ns);
  bool is_new(const std::string& stream, std::int64_t number);

  gateway::AdapterContext& context_;
  Rest& rest_;
  gateway::Url url_;
  StreamOptions options_;
  Handlers handlers_;
  std::set<std::string> wanted_;
  Shared current_;
  asio::steady_timer pause_;
  std::map<std::string, std::int64_t> last_number_;  // update or trade id by stream: they only rise
  std::int64_t requests_ = 0;
  int running_ = 0;
  bool is_stopping_ = false;
};

}  // namespace busbar::binance
