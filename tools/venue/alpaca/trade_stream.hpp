#pragma once
// One WebSocket of /stream: who it is, what it listens to, and what happens to the orders of that account. Frames are JSON,
// binary ones at the paper host, or MessagePack for a client that said so when it connected.

#include <optional>
#include <string>

#include "tools/venue/alpaca/api.hpp"
#include "tools/venue/connection.hpp"

namespace busbar::venue::alpaca {

class TradeStream final : public Connection {
 public:
  TradeStream(boost::asio::io_context& loop, std::shared_ptr<Socket> socket, const ConnectionSettings& settings,
              Faults& faults, Api& api, bool is_msgpack);

  void on_text(std::string text) override;
  std::string_view stream() const override { return "orders"; }
  void announce_shutdown(TimeUs) override {}  // the broker says nothing

  void on_update(AccountId account, std::string_view event, const boost::json::object& data, TimeUs now);

 private:
  bool limits_messages() const override { return false; }
  void send_value(const boost::json::value& frame) override;
  void authenticate(const boost::json::object& message, const std::string& action);
  void listen(const boost::json::object& message);
  void say(std::string_view stream, boost::json::object data);

  Api& api_;
  bool is_msgpack_;
  std::optional<AccountId> account_;
  bool listens_ = false;
};

// The words of a client, JSON or MessagePack by their looks.
std::optional<boost::json::object> message_from(const std::string& text);
std::string word_in(const boost::json::object& object, std::string_view name);

}  // namespace busbar::venue::alpaca
