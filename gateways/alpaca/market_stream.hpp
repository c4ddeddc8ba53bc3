#pragma once
// One connection for market data of shares, or of crypto, opened with the first subscription: Alpaca lets an account have one
// of each, and whoever wants none here may use it elsewhere.

#include <functional>
#include <map>
#include <set>
#include <string>

#include "gateways/alpaca/config.hpp"
#include "gateways/alpaca/credential.hpp"
#include "gateways/alpaca/decode_market.hpp"
#include "gateways/framework/book_sides.hpp"
#include "gateways/framework/rest_line.hpp"
#include "gateways/framework/stream.hpp"

namespace busbar::alpaca {

namespace asio = gateway::asio;

class MarketStream {
 public:
  struct Handlers {
    std::function<void(const MarketQuote&, const Symbol&, Timestamp receive_time_ns)> on_quote;
    std::function<void(const MarketTrade&, const Symbol&, Timestamp receive_time_ns)> on_trade;
    std::function<void(const MarketBar&, const Symbol&, Timestamp receive_time_ns)> on_bar;
    std::function<void(const gateway::BookSides&, const Symbol&, Timestamp time_ns, Timestamp receive_time_ns)> on_book;
    std::function<void(SessionStateKind, std::string reason, Timestamp deadline_ns)> on_state;
  };

  MarketStream(gateway::AdapterContext& context, gateway::RestLine& rest, const Credential& credential,
               const AlpacaConfig& config, gateway::Url url, Handlers handlers);

  asio::awaitable<void> stop() { return stream_.stop(); }
  Result<void> subscribe(const Instrument& instrument, Channel channel, std::uint32_t bar_interval_ms);
  void unsubscribe(const Instrument& instrument, Channel channel, std::uint32_t bar_interval_ms);

 private:
  using Link = gateway::Stream::Link;

  asio::awaitable<Result<void>> log_in(gateway::Stream::LinkPtr link);
  std::string ask_for(bool is_more, const std::vector<std::string>& names, std::int64_t id);
  void on_text(Link& link, std::string_view text, Timestamp receive_time_ns, gateway::About& about);
  void on_message(Link& link, const DataMessage& message, std::string_view text, Timestamp receive_time_ns,
                  gateway::About& about);
  void on_error(Link& link, const StreamError& error, std::string_view text, gateway::About& about);
  void on_book(const MarketBook& book, Timestamp receive_time_ns);
  const Symbol* symbol_of(std::string_view channel, const std::string& broker_symbol) const;

  gateway::AdapterContext& context_;
  const Credential& credential_;
  bool is_msgpack_;
  Handlers handlers_;
  std::map<std::string, Symbol> wanted_;  // by "quotes AAPL"
  std::map<std::string, gateway::BookSides> books_;  // by Alpaca's name
  std::string asked_;  // the id of what is asked for now, one at a time: answers have no number
  bool is_started_ = false;
  gateway::Stream stream_;
};

}  // namespace busbar::alpaca
