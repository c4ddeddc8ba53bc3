#pragma once
// What all kinds of WebSocket have in common: pings, the time a pong may take, the longest life, and events that are
// lost, doubled, late or out of order on demand.

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/json/value.hpp>

#include "tools/venue/engine.hpp"
#include "tools/venue/faults.hpp"
#include "tools/venue/server.hpp"

namespace busbar::venue {

struct ConnectionSettings {
  std::int64_t ping_interval_ms = 20'000;
  std::int64_t pong_timeout_ms = 60'000;
  std::int64_t life_ms = 24 * 3'600'000;
  std::int64_t messages_per_second = 5;  // of the market streams; more closes the connection
};

class Connection : public SocketOwner, public std::enable_shared_from_this<Connection> {
 public:
  Connection(boost::asio::io_context& loop, std::shared_ptr<Socket> socket, const ConnectionSettings& settings,
             Faults& faults, TimeUs now);

  void on_control(bool is_pong) override;
  void on_closed() override { is_closed_ = true; }
  bool is_closed() const { return is_closed_; }
  void tick(TimeUs now);  // several times a second
  void close(std::uint16_t code, std::string reason) { socket_->close(code, std::move(reason)); }
  void reset() { socket_->reset(); }
  void send_raw(std::string text) { socket_->send(std::move(text)); }
  virtual std::string_view stream() const = 0;  // "orders" or "market", by what it is there for
  virtual void announce_shutdown(TimeUs now) = 0;

 protected:
  void send(std::string frame) { socket_->send(std::move(frame)); }
  void send_binary(std::string frame) { socket_->send_binary(std::move(frame)); }
  // A frame in the connection's own manner: JSON in text, unless it has agreed on something else.
  virtual void send_value(const boost::json::value& frame);
  // Through the faults of a stream, "orders" or "market"; `wrap` makes a frame of what they leave of it, each time that it
  // is said, be it later or again: where frames are numbered, each has a number of its own, and of one that is lost on
  // its way the number is missing. `account`: whose event it is.
  using Wrap = std::function<boost::json::value(boost::json::value)>;
  void send_event(std::string_view stream, std::string_view name, boost::json::value event, Wrap wrap, TimeUs now,
                  std::string_view account = {});
  virtual bool limits_messages() const = 0;
  bool is_within_message_rate(TimeUs now);  // counts one incoming message
  TimeUs connected_since() const { return connected_; }

 private:
  boost::asio::io_context& loop_;
  std::shared_ptr<Socket> socket_;
  const ConnectionSettings& settings_;
  Faults& faults_;
  TimeUs connected_ = 0, last_ping_ = 0, last_pong_ = 0, now_ = 0;
  std::int64_t messages_ = 0;
  TimeUs messages_second_ = 0;
  std::function<boost::json::value()> held_;  // the frame that waits for its successor
  bool is_closed_ = false;
};

}  // namespace busbar::venue
