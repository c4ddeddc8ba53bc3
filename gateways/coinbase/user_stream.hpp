#pragma once
// The user channel: how our orders stand, whenever that changes, and a heartbeat each second beside it, without which a
// quiet channel is closed. Frames are counted: where one is missing, orders and fills are compared.

#include <functional>
#include <string>

#include "gateways/coinbase/config.hpp"
#include "gateways/coinbase/credential.hpp"
#include "gateways/coinbase/decode_stream.hpp"
#include "gateways/framework/rest_line.hpp"
#include "gateways/framework/stream.hpp"

namespace busbar::coinbase {

namespace asio = gateway::asio;

class UserStream {
 public:
  struct Handlers {
    std::function<void(const UserOrder&, bool is_snapshot, Timestamp time_ns, Timestamp receive_time_ns)> on_order;
    std::function<void()> on_up;                     // what came before may be missing
    std::function<void()> on_gap;                    // a frame is missing
    std::function<void(std::string what)> on_doubt;  // something came that we do not understand
    std::function<void(SessionStateKind, std::string reason, Timestamp deadline_ns)> on_state;
  };

  UserStream(gateway::AdapterContext& context, gateway::RestLine& rest, const Credential& credential,
             const CoinbaseConfig& config, Handlers handlers);

  asio::awaitable<Result<void>> start() { return stream_.start(); }
  asio::awaitable<void> stop() { return stream_.stop(); }
  // Coinbase has accepted this order: there must be word of it.
  void expect(const std::string& broker_order_id) { stream_.expect(broker_order_id); }

 private:
  using Link = gateway::Stream::Link;

  asio::awaitable<Result<void>> subscribe(gateway::Stream::LinkPtr link);
  void on_text(Link& link, std::string_view text, Timestamp receive_time_ns, gateway::About& about);

  gateway::RestLine& rest_;
  const Credential& credential_;
  Handlers handlers_;
  FrameCount count_;
  gateway::Stream stream_;
};

}  // namespace busbar::coinbase
