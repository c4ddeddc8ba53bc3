#pragma once
// Market data: one connection, kept up, with whatever is wanted on it. Two products can share one book (BTC-USDC is
// BTC-USD), and then data of both comes under the one's name. A frame that is missing makes books worthless: they are
// subscribed to anew.

#include <functional>
#include <map>
#include <set>
#include <string>

#include "gateways/coinbase/config.hpp"
#include "gateways/coinbase/level2_book.hpp"
#include "gateways/coinbase/user_stream.hpp"

namespace busbar::coinbase {

class MarketStream {
 public:
  // Told once for each symbol that wants it.
  struct Handlers {
    std::function<void(const TickerUpdate&, const Symbol&, Channel, Timestamp time_ns, Timestamp receive_time_ns)>
        on_ticker;
    std::function<void(const MarketTrade&, const Symbol&, Timestamp receive_time_ns)> on_trade;
    std::function<void(const Candle&, const Symbol&, Timestamp receive_time_ns)> on_candle;
    std::function<void(const gateway::BookSides&, const Symbol&, Timestamp time_ns, Timestamp receive_time_ns)> on_book;
    std::function<void(SessionStateKind, std::string reason, Timestamp deadline_ns)> on_state;
  };

  MarketStream(gateway::AdapterContext& context, gateway::RestLine& rest, const CoinbaseConfig& config,
               Handlers handlers);

  void start() { stream_.start_unwaited(); }
  asio::awaitable<void> stop() { return stream_.stop(); }
  // `product_id` is the one under which the data comes.
  Result<void> subscribe(const Symbol& symbol, std::string_view product_id, Channel channel,
                         std::uint32_t bar_interval_ms);
  void unsubscribe(const Symbol& symbol, std::string_view product_id, Channel channel, std::uint32_t bar_interval_ms);

 private:
  using Link = gateway::Stream::Link;
  using Wanted = std::map<std::string, std::set<std::pair<Symbol, Channel>>>;  // by "level2 BTC-USD"

  // What is asked for now, one at a time: answers have no number.
  struct Asked {
    std::string id;
    std::string channel;
    std::string product_id;
    bool is_more = true;
  };

  std::string ask_for(bool is_more, const std::string& name, std::int64_t id);
  bool is_answer(const SubscriptionsEvent& event) const;
  void on_text(Link& link, std::string_view text, Timestamp receive_time_ns, gateway::About& about);
  void on_event(const Frame::Event& event, Timestamp time_ns, Timestamp receive_time_ns);
  void on_gap(Link& link);
  template <class Tell>
  void tell(std::string_view channel, const std::string& product_id, Tell tell_one) const;

  gateway::AdapterContext& context_;
  Handlers handlers_;
  Wanted wanted_;
  std::map<std::string, Level2Book> books_;            // by product_id
  std::map<std::string, std::string> last_trade_ids_;  // snapshots and overlapping connections repeat trades
  FrameCount count_;
  Asked asked_;
  gateway::Stream stream_;
};

}  // namespace busbar::coinbase
