#pragma once
// IBKR's one WebSocket: how our orders stand, what was executed, quotes, and the state of the session. It is opened with the
// session of a tickle, and is worth nothing without it: an open socket may well outlive its session, and be dead.

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "gateways/framework/rest_line.hpp"
#include "gateways/framework/stream.hpp"
#include "gateways/ibkr/config.hpp"
#include "gateways/ibkr/credential.hpp"
#include "gateways/ibkr/decode_market.hpp"
#include "gateways/ibkr/session.hpp"

namespace busbar::ibkr {

// Whether a text of the WebSocket, ours or IBKR's, is about prices.
bool is_of_quotes(std::string_view text);

class LiveStream {
 public:
  struct Handlers {
    std::function<void(const Order& change, Timestamp receive_time_ns)> on_order;
    std::function<void(const Execution& execution, Timestamp receive_time_ns)> on_execution;
    std::function<void(const MarketFields& changed, Timestamp receive_time_ns)> on_quote;
    std::function<void(const SessionStatus& changed)> on_status;
    std::function<void(const Notification& said)> on_notification;
    std::function<void(std::string what)> on_doubt;  // something came that we do not understand
    std::function<void()> on_up;                     // what came before may be missing
    std::function<void(SessionStateKind, std::string reason, Timestamp deadline_ns)> on_state;
  };

  LiveStream(gateway::AdapterContext& context, gateway::RestLine& rest, const Credential& credential,
             const Session& session, const IbkrConfig& config, Handlers handlers);

  asio::awaitable<Result<void>> start() { return stream_.start(); }
  asio::awaitable<void> stop();
  // Another session has begun: on this connection nothing comes any more.
  void renew(std::string why);
  // IBKR has taken this order, or its cancel: there must be word of it.
  void expect(const std::string& broker_order_id) { stream_.expect(broker_order_id); }
  void seen(const std::string& broker_order_id) { stream_.seen(broker_order_id); }

  void subscribe(std::int64_t conid);
  void unsubscribe(std::int64_t conid);

 private:
  using Link = gateway::Stream::Link;

  asio::awaitable<Result<gateway::Url>> find_url();
  asio::awaitable<Result<void>> prepare(gateway::Stream::LinkPtr link);
  asio::awaitable<Result<void>> keep_alive();
  asio::awaitable<void> subscribe_again();
  void on_text(Link& link, std::string_view text, Timestamp receive_time_ns, gateway::About& about);
  void on_error(Link& link, const ErrorFrame& error);

  const Credential& credential_;
  const Session& session_;
  gateway::Url url_;
  Handlers handlers_;
  std::set<std::int64_t> wanted_;  // conids
  gateway::Stream stream_;
  gateway::Periodic again_;
};

}  // namespace busbar::ibkr
