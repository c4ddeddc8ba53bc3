#pragma once
// The stream of our own orders, kept up: what happens to each, and how it stands then. It says nothing of what was before, so
// that orders and fills are compared whenever it comes up.

#include <functional>
#include <string>

#include "gateways/alpaca/config.hpp"
#include "gateways/alpaca/credential.hpp"
#include "gateways/alpaca/decode.hpp"
#include "gateways/framework/recent.hpp"
#include "gateways/framework/rest_line.hpp"
#include "gateways/framework/stream.hpp"

namespace busbar::alpaca {

namespace asio = gateway::asio;

class OrderStream {
 public:
  struct Handlers {
    // Answers our name for the order, for the tape.
    std::function<std::string(const TradeUpdate&, Timestamp receive_time_ns)> on_update;
    std::function<void()> on_up;                     // what came before may be missing
    std::function<void(std::string what)> on_doubt;  // something came that we do not understand
    std::function<void(SessionStateKind, std::string reason, Timestamp deadline_ns)> on_state;
  };

  OrderStream(gateway::AdapterContext& context, gateway::RestLine& rest, const Credential& credential,
              const AlpacaConfig& config, Handlers handlers);

  asio::awaitable<Result<void>> start() { return stream_.start(); }
  asio::awaitable<void> stop() { return stream_.stop(); }
  // Alpaca has accepted this order: there must be word of it, if there was none already.
  void expect(const std::string& broker_order_id) {
    if (!heard_.contains(broker_order_id)) stream_.expect(broker_order_id);
  }
  void seen(const std::string& broker_order_id) {
    heard_.add(broker_order_id);
    stream_.seen(broker_order_id);
  }

 private:
  using Link = gateway::Stream::Link;

  asio::awaitable<Result<void>> log_in(gateway::Stream::LinkPtr link);
  void on_text(Link& link, std::string_view text, Timestamp receive_time_ns, gateway::About& about);

  const Credential& credential_;
  bool is_msgpack_;
  Handlers handlers_;
  gateway::Recent heard_{10'000};  // of which orders there was word
  gateway::Stream stream_;
};

}  // namespace busbar::alpaca
