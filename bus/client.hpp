#pragma once
// The client's side of `orders`. Client: one question, one answer, no session. ClientSession: a conversation that outlives
// connections; each report of its orders comes once and in order, whatever was lost on the way.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "bus/endpoint.hpp"

namespace busbar::bus {

struct ClientOptions {
  std::string address;
  Environment environment = Environment::Unset;
  Name client;  // header.sender, whom the configuration names
  std::chrono::milliseconds timeout{3000};
};

class Client {
 public:
  Client(asio::io_context& loop, ClientOptions options);

  // One at a time. ConnectionError: it did not leave. UnknownOutcome: it left, and no answer came in time; what it asked may
  // have happened all the same, and asking again under the same client_order_id tells. InvalidMessage: the answer is not to be
  // read, or of the other environment.
  asio::awaitable<Result<Message>> request(Body body);

 private:
  void connect();

  asio::io_context& loop_;
  ClientOptions options_;
  std::optional<Endpoint> endpoint_;
  asio::steady_timer timer_;
  std::uint64_t correlation_id_ = 0;
  std::optional<Result<Message>> answer_;
};

struct SessionOptions {
  std::string address;
  Environment environment = Environment::Unset;
  Name client;
  Name session;                   // stable over restarts of the client, if it wants to resume
  std::uint64_t last_report = 0;  // the highest seen in this session before, 0 for none
  std::uint32_t heartbeat_interval_ms = 1000;
  bool cancel_on_disconnect = false;
};

class ClientSession {
 public:
  struct Events {
    std::function<void(const ExecutionReport&)> on_report = [](const auto&) {};  // numbered ones: once, and in order
    std::function<void(const Message&)> on_answer = [](const auto&) {};          // all else: Answer, Reject, SubscribeAck, ...
    std::function<void(bool is_up)> on_state = [](bool) {};
    // Reports [first, last] can no longer be had: ask for the orders themselves.
    std::function<void(std::uint64_t first, std::uint64_t last)> on_lost = [](auto, auto) {};
  };

  ClientSession(asio::io_context& loop, SessionOptions options, Events events);

  void start();
  void stop();  // says good bye; the session may be resumed

  // false: not connected, or the router takes no more; nothing was sent, and nothing will be.
  [[nodiscard]] bool send(const Body& body, std::uint64_t correlation_id = 0, Timestamp expire_time_ns = 0);

  bool is_up() const { return is_up_; }
  std::uint64_t last_report() const { return options_.last_report; }

 private:
  void on_bytes(std::span<const std::uint8_t> bytes);
  void on_welcome(const Welcome& welcome);
  void on_execution_report(const Message& message, const ExecutionReport& report);
  void say_hello();
  void set_up(bool is_up);
  void tick();
  bool send_now(const Body& body, std::uint64_t correlation_id, Timestamp expire_time_ns);

  SessionOptions options_;
  Events events_;
  Endpoint endpoint_;
  asio::steady_timer timer_;
  std::uint64_t sequence_ = 0;
  int silent_ticks_ = 0;
  bool is_up_ = false;
};

}  // namespace busbar::bus
