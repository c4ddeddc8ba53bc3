#pragma once
// Bare ZeroMQ for the floors and for the two ends of the order path, whose own cost should be as small as it can be made.

#include <span>
#include <string>

#include <zmq.h>

#include "tools/bench/measure.hpp"

namespace busbar::bench {

inline constexpr int queue_max = 100'000;

class Socket {
 public:
  explicit Socket(int type) : socket_{zmq_socket(context(), type)} {
    require(socket_ != nullptr, "zmq_socket");
    set(ZMQ_SNDHWM, queue_max);
    set(ZMQ_RCVHWM, queue_max);
    set(ZMQ_LINGER, 0);
  }
  ~Socket() { zmq_close(socket_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void set(int option, int value) { require(zmq_setsockopt(socket_, option, &value, sizeof value) == 0, "zmq_setsockopt"); }
  void bind(const std::string& address) {
    if (zmq_bind(socket_, address.c_str()) != 0) fail(address + ": " + zmq_strerror(zmq_errno()));
  }
  void connect(const std::string& address) {
    if (zmq_connect(socket_, address.c_str()) != 0) fail(address + ": " + zmq_strerror(zmq_errno()));
  }
  void send(std::span<const std::uint8_t> bytes) {
    require(zmq_send(socket_, bytes.data(), bytes.size(), 0) >= 0, "zmq_send");
  }
  void* get() const { return socket_; }

 private:
  static void* context() {
    static void* const context = zmq_ctx_new();
    return context;
  }
  void* socket_;
};

// One frame, given back however a function ends.
class Part {
 public:
  Part() { zmq_msg_init(&message_); }
  ~Part() { zmq_msg_close(&message_); }
  Part(Part&& other) noexcept {
    zmq_msg_init(&message_);
    zmq_msg_move(&message_, &other.message_);
  }
  Part& operator=(Part&&) = delete;

  bool receive(const Socket& from, bool waits = false) {
    return zmq_msg_recv(&message_, from.get(), waits ? 0 : ZMQ_DONTWAIT) >= 0;
  }
  bool has_more() const { return zmq_msg_more(&message_) != 0; }
  void send(const Socket& to, bool more) {
    require(zmq_msg_send(&message_, to.get(), more ? ZMQ_SNDMORE : 0) >= 0, "zmq_msg_send");
  }
  std::span<const std::uint8_t> bytes() {
    return {static_cast<const std::uint8_t*>(zmq_msg_data(&message_)), zmq_msg_size(&message_)};
  }

 private:
  zmq_msg_t message_;
};

}  // namespace busbar::bench
