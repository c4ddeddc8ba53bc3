#pragma once
// User data, over the WebSocket API or by listen key, and not believed because a socket is open: an order that was
// accepted and of which no event comes means that the stream is lost. The same connection of the WebSocket API carries
// orders, where the configuration says so.

#include <functional>
#include <optional>
#include <string>

#include "gateways/binance/config.hpp"
#include "gateways/binance/decode.hpp"
#include "gateways/binance/recent.hpp"
#include "gateways/binance/rest.hpp"
#include "gateways/framework/stream.hpp"

namespace busbar::binance {

class OrderStream {
 public:
  struct Handlers {
    std::function<void(const UserEvent&, Timestamp receive_time_ns)> on_event;  // each event once
    std::function<void()> on_up;                     // events before may be missing
    std::function<void(std::string what)> on_doubt;  // something came that we do not understand
    std::function<void(SessionStateKind, std::string reason, Timestamp deadline_ns)> on_state;
  };

  OrderStream(gateway::AdapterContext& context, Rest& rest, const BinanceConfig& config, Handlers handlers);

  asio::awaitable<Result<void>> start() { return stream_.start(); }
  asio::awaitable<void> stop() { return stream_.stop(); }
  // Binance has accepted this order: there must be an event of it.
  void expect(const std::string& venue_order_id);
  // Carries a request over the WebSocket API; its answer in the words of REST. nullopt: nothing was sent, for there is no
  // connection or no such method.
  asio::awaitable<std::optional<Sent>> send(Request request, About about, Timestamp expire_time_ns = 0);

 private:
  using Link = gateway::Stream::Link;

  asio::awaitable<Result<gateway::Url>> new_listen_key();
  asio::awaitable<Result<void>> keep_listen_key();
  asio::awaitable<Result<void>> subscribe(gateway::Stream::LinkPtr link);
  void on_text(Link& link, std::string_view text, Timestamp receive_time_ns, About& about);
  void on_event(Link& link, const UserEvent& event, Timestamp receive_time_ns, About& about);
  // With key, time stamp and signature, as text to send and as text for the tape.
  std::pair<std::string, std::string> signed_request(std::string_view id, std::string_view method, Params params,
                                                     std::int64_t timestamp_ms) const;

  std::string broker_words(const BrokerError& error) const;

  Rest& rest_;
  gateway::Url user_streams_;
  UserDataBy user_data_by_;
  Handlers handlers_;
  std::string listen_key_;
  Recent seen_events_{4096};
  Recent seen_orders_{4096};
  std::uint64_t requests_ = 0;
  gateway::Stream stream_;
};

}  // namespace busbar::binance
