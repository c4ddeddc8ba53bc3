#pragma once
// A ZeroMQ socket on an Asio loop. The one file that knows ZeroMQ is endpoint.cpp; everyone else sees peers and bytes.
// Every socket is bounded: message size, heartbeats, handshake, linger; sends never block; the edge-triggered ZMQ_FD is
// drained after every send and receive. Not thread-safe: an endpoint belongs to its loop.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <boost/asio/io_context.hpp>

#include "bus/codec.hpp"

namespace busbar::bus {

namespace asio = boost::asio;

enum class Kind {
  Router,  // many peers, each with a routing id
  Dealer,  // one peer
  Req,     // one question, one answer; correlated and relaxed, so a lost answer does not lock it
  XPub,    // publishes; drops for a peer that is too slow, which notices by the sequence numbers. Hears every subscription
  Pub,
  Sub,
  XSub,
};

inline constexpr std::size_t message_frame_size_max = message_size_max + 128;  // room for a topic
// Between auditd and those who send it records: an AuditAppend holds at least one record, whatever its size.
inline constexpr std::size_t audit_frame_size_max = audit_message_size_max;

// Which connection a message came from. Transport only, never identity: a peer that reconnects has another.
using RoutingId = Text<64>;

struct EndpointOptions {
  int send_queue_max = 100'000;     // messages to one peer that is slow; then send() says false
  int receive_queue_max = 100'000;
  std::uint32_t heartbeat_interval_ms = 500;   // ZMTP's own, under ours, on tcp://
  std::uint32_t heartbeat_timeout_ms = 1500;
  int linger_ms = 500;
  bool immediate = false;           // queue only for a peer that is there (ZMQ_IMMEDIATE)
  std::size_t frame_size_max = message_frame_size_max;  // a peer that sends more is cut off
};

class Endpoint {
 public:
  // Bytes are valid during the call and aligned for reading. Router: `peer` says who. Sub: `topic` is set, bytes are the buffer.
  using OnMessage = std::function<void(const RoutingId& peer, std::string_view topic, std::span<const std::uint8_t> bytes)>;

  Endpoint(asio::io_context& loop, Kind kind, EndpointOptions options = {});
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  // Throw std::runtime_error naming the address and the reason; for start-up. Sockets of ipc:// are for owner and group
  // (0660), and one that a running process listens on is not taken from it. tcp:// is refused beyond the loopback.
  void bind(const std::string& address);
  void connect(const std::string& address);
  std::string address() const;  // of the last bind or connect, as it came out: tcp://127.0.0.1:* has a port then

  void on_message(OnMessage handler);
  // Messages are read in batches of at most batch_max per turn of the loop; called after each batch, for group work.
  void on_batch_end(std::function<void()> handler);

  // false: the peer is gone, unroutable or full; nothing was queued.
  [[nodiscard]] bool send(const RoutingId& peer, std::span<const std::uint8_t> bytes);  // Router
  [[nodiscard]] bool send(std::span<const std::uint8_t> bytes);                         // Dealer, Req
  // Would a Dealer's message be taken now? With `immediate`: is the peer connected?
  bool can_send();
  // Dealer: called when the answer to that has changed.
  void on_peer(std::function<void()> handler);
  // One frame: topic, at least one NUL, zeros to a multiple of 16, then the buffer.
  [[nodiscard]] bool publish(std::string_view topic, std::span<const std::uint8_t> bytes);
  // Publishes what `from` is handing over at this moment, as it came. Shared, not copied.
  [[nodiscard]] bool forward(const Endpoint& from);
  void subscribe(std::string_view prefix);
  void unsubscribe(std::string_view prefix);
  // XPub: what subscribers ask for, each time one of them does.
  void on_subscription(std::function<void(std::string_view prefix, bool subscribed)> handler);
  bool has_subscribers() const;  // XPub: otherwise nothing need be written for it

  void pause();   // reads nothing more until resume(): what waits, waits in bounded queues
  void resume();
  std::uint64_t dropped() const;  // messages whose frames were not as they should be, or whose topic was missing

 private:
  class Socket;
  std::shared_ptr<Socket> socket_;
};

}  // namespace busbar::bus
