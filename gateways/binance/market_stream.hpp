#pragma once
// Market data: one connection, kept up, with whatever streams are wanted on it. Subscriptions go in batches and slowly,
// for Binance closes a connection on which more than 5 messages a second come in, and bans who repeats it. Books are
// kept from their changes and a snapshot asked for beside them.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "gateways/binance/config.hpp"
#include "gateways/binance/decode_market.hpp"
#include "gateways/binance/depth_book.hpp"
#include "gateways/binance/rest.hpp"
#include "gateways/framework/stream.hpp"

namespace busbar::binance {

class MarketStream {
 public:
  struct Handlers {
    std::function<void(const BookTicker&, Timestamp receive_time_ns)> on_book_ticker;
    std::function<void(const TradeEvent&, Timestamp receive_time_ns)> on_trade;
    std::function<void(const KlineEvent&, Timestamp receive_time_ns)> on_kline;
    std::function<void(const TickerEvent&, Timestamp receive_time_ns)> on_ticker;
    // The book as of this change, whole.
    std::function<void(const std::string& broker_symbol, const DepthBook&, std::int64_t event_time_ms, Timestamp)>
        on_book;
    std::function<void(SessionStateKind, std::string reason, Timestamp deadline_ns)> on_state;
  };
  static constexpr std::size_t streams_max = 1024;  // of a connection

  MarketStream(gateway::AdapterContext& context, Rest& rest, const BinanceConfig& config, Handlers handlers);

  void start() { stream_.start_unwaited(); }
  asio::awaitable<void> stop() { return stream_.stop(); }
  // Binance takes a subscription to a symbol it does not have, and never sends anything: the caller knows the list.
  Result<void> subscribe(std::string_view broker_symbol, Channel channel, std::uint32_t bar_interval_ms);
  void unsubscribe(std::string_view broker_symbol, Channel channel, std::uint32_t bar_interval_ms);

 private:
  struct Kept {
    DepthBook book;
    bool is_asking = false;
    Timestamp next_ask_ns = 0;  // a snapshot weighs much: not more than one a second
  };
  void on_text(gateway::Stream::Link& link, std::string_view text, Timestamp receive_time_ns, gateway::About& about);
  void on_depth(const DepthUpdateEvent& update, Timestamp receive_time_ns);
  asio::awaitable<void> fetch_snapshot(std::string broker_symbol);
  // Two connections overlap at times, and then everything comes twice. Numbers of one kind and symbol only rise.
  bool is_new(const std::string& key, std::int64_t number);

  gateway::AdapterContext& context_;
  Rest& rest_;
  Handlers handlers_;
  std::map<std::string, std::int64_t> last_number_;
  std::map<std::string, std::shared_ptr<Kept>> books_;  // by Binance's symbol
  gateway::Stream stream_;
};

}  // namespace busbar::binance
