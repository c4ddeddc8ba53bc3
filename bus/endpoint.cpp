#include "bus/endpoint.hpp"

#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <malloc.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

namespace busbar::bus {
namespace {

constexpr std::size_t batch_max = 256;
constexpr std::size_t topic_alignment = 16;
constexpr std::uint64_t subscriptions_ended_max = 10'000;  // then the system gets back what they took
constexpr std::size_t subscription_size_max = 512;  // longer than any topic: ZeroMQ keeps a node for each byte of one
constexpr std::uintptr_t payload_alignment = 8;

// One per process, with one I/O thread. Its end waits for the linger of every socket.
class Context {
 public:
  Context() : context_{zmq_ctx_new()} { zmq_ctx_set(context_, ZMQ_IO_THREADS, 1); }
  ~Context() { zmq_ctx_term(context_); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  void* get() const { return context_; }

 private:
  void* context_;
};

void* context() {
  static const Context context;
  return context.get();
}

class Frame {
 public:
  Frame() { zmq_msg_init(&frame_); }
  explicit Frame(std::size_t size) {
    if (zmq_msg_init_size(&frame_, size) != 0) throw std::bad_alloc{};
  }
  ~Frame() { zmq_msg_close(&frame_); }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;

  zmq_msg_t* get() { return &frame_; }
  bool has_more() { return zmq_msg_more(&frame_) != 0; }
  std::span<std::uint8_t> bytes() { return {static_cast<std::uint8_t*>(zmq_msg_data(&frame_)), zmq_msg_size(&frame_)}; }

 private:
  zmq_msg_t frame_;
};

std::size_t header_size(std::size_t topic) { return (topic + 1 + topic_alignment - 1) / topic_alignment * topic_alignment; }

std::string_view as_text(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::runtime_error failure(const std::string& address, std::string_view reason) {
  return std::runtime_error{address + ": " + std::string{reason}};
}

bool is_loopback(std::string_view host_and_port) {
  const std::string_view host = host_and_port.substr(0, host_and_port.rfind(':'));
  if (host == "localhost" || host == "[::1]") return true;
  // "127." must be an address and not the start of a name somewhere else.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos;
}

void check_transport(const std::string& address) {
  if (address.starts_with("ipc://@")) throw failure(address, "an abstract socket has no permissions; name a path");
  if (address.starts_with("ipc://") || address.starts_with("inproc://")) return;
  if (!address.starts_with("tcp://")) throw failure(address, "is not ipc://, or tcp:// on the loopback");
  if (!is_loopback(std::string_view{address}.substr(6))) {
    throw failure(address, "tcp:// beyond the loopback needs CURVE, which is not there yet; use ipc://, 127.0.0.1 or [::1]");
  }
}

bool is_listened_on(const std::string& address) {
  const std::string path = address.substr(std::strlen("ipc://"));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof name.sun_path) {
    throw failure(address, "the path is longer than " + std::to_string(sizeof name.sun_path - 1) + " bytes");
  }
  path.copy(name.sun_path, path.size());
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (probe < 0) throw failure(address, std::strerror(errno));
  const int answer = ::connect(probe, reinterpret_cast<const sockaddr*>(&name), sizeof name);
  const bool is_listening = answer == 0 || errno == EAGAIN;
  close(probe);
  return is_listening;
}

// ZeroMQ unlinks the socket of whoever listens there and takes its place; then two processes believe to be the one. One that
// is just ending is waited for, and a moment longer, because it unlinks the path after it has closed the socket.
void wait_until_free(const std::string& address) {
  using namespace std::chrono_literals;
  if (!is_listened_on(address)) return;
  const auto end = std::chrono::steady_clock::now() + 1s;
  while (is_listened_on(address)) {
    if (std::chrono::steady_clock::now() > end) throw failure(address, "is in use by a running process");
    std::this_thread::sleep_for(10ms);
  }
  std::this_thread::sleep_for(20ms);
}

int type_of(Kind kind) {
  switch (kind) {
    case Kind::Router: return ZMQ_ROUTER;
    case Kind::Dealer: return ZMQ_DEALER;
    case Kind::Req: return ZMQ_REQ;
    case Kind::XPub: return ZMQ_XPUB;
    case Kind::Pub: return ZMQ_PUB;
    case Kind::Sub: return ZMQ_SUB;
    case Kind::XSub: return ZMQ_XSUB;
  }
  __builtin_unreachable();
}

}  // namespace

// Shared with the handlers that wait on the loop, which may outlive the endpoint by a turn.
class Endpoint::Socket : public std::enable_shared_from_this<Socket> {
 public:
  Socket(asio::io_context& loop, Kind kind, const EndpointOptions& options)
      : kind_{kind}, socket_{zmq_socket(context(), type_of(kind))}, signal_{loop} {
    if (socket_ == nullptr) throw std::runtime_error{std::string{"zmq_socket: "} + zmq_strerror(zmq_errno())};
    set(ZMQ_SNDHWM, options.send_queue_max);
    set(ZMQ_RCVHWM, options.receive_queue_max);
    set(ZMQ_LINGER, options.linger_ms);
    set(ZMQ_HEARTBEAT_TIMEOUT, static_cast<int>(options.heartbeat_timeout_ms));
    set(ZMQ_HEARTBEAT_TTL, static_cast<int>(options.heartbeat_timeout_ms));
    heartbeat_interval_ms_ = static_cast<int>(options.heartbeat_interval_ms);
    set(ZMQ_HANDSHAKE_IVL, 5000);
    set(ZMQ_RECONNECT_IVL, 50);
    set(ZMQ_RECONNECT_IVL_MAX, 100);  // peers are on this host: one that has been started again is found at once
    set(ZMQ_TCP_KEEPALIVE, 1);
    set(ZMQ_TCP_KEEPALIVE_IDLE, 10);
    set(ZMQ_IMMEDIATE, options.immediate ? 1 : 0);
    const bool hears_subscriptions_only = kind == Kind::XPub || kind == Kind::Pub;
    const auto size_max = static_cast<std::int64_t>(hears_subscriptions_only ? subscription_size_max : options.frame_size_max);
    zmq_setsockopt(socket_, ZMQ_MAXMSGSIZE, &size_max, sizeof size_max);
    if (kind == Kind::Router) set(ZMQ_ROUTER_MANDATORY, 1);
    if (kind == Kind::XPub) set(ZMQ_XPUB_VERBOSE, 1);
    if (kind == Kind::Req) {
      set(ZMQ_REQ_CORRELATE, 1);
      set(ZMQ_REQ_RELAXED, 1);
    }
    int descriptor = -1;
    std::size_t size = sizeof descriptor;
    zmq_getsockopt(socket_, ZMQ_FD, &descriptor, &size);
    signal_.assign(descriptor);
  }

  ~Socket() { close(); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  void close() {
    if (socket_ == nullptr) return;
    signal_.release();  // the descriptor is ZeroMQ's to close
    zmq_close(socket_);
    socket_ = nullptr;
  }

  void bind(const std::string& address) {
    check_transport(address);
    set_heartbeat(address);
    const bool is_ipc = address.starts_with("ipc://");
    if (is_ipc) wait_until_free(address);
    const mode_t before = umask(is_ipc ? 0117 : 0077);
    const int failed = zmq_bind(socket_, address.c_str());
    const int error = zmq_errno();
    umask(before);
    if (failed != 0) throw failure(address, zmq_strerror(error));
    schedule();
  }

  void connect(const std::string& address) {
    check_transport(address);
    set_heartbeat(address);
    if (zmq_connect(socket_, address.c_str()) != 0) throw failure(address, zmq_strerror(zmq_errno()));
    schedule();
  }

  std::string address() const {
    std::array<char, 512> text{};
    std::size_t size = text.size();
    zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, text.data(), &size);
    return text.data();
  }

  // Every part but the last of what the peer sent is kept and given back: the routing id, then the envelope of a REQ.
  bool send(const RoutingId& peer, std::span<const std::uint8_t> bytes) {
    assert(kind_ == Kind::Router);
    schedule();
    std::string_view parts = view(peer);
    if (parts.empty()) return false;
    while (!parts.empty()) {
      const auto size = static_cast<unsigned char>(parts.front());
      if (size >= parts.size()) return false;
      if (zmq_send(socket_, parts.data() + 1, size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0) return false;
      parts.remove_prefix(std::size_t{1} + size);
    }
    return zmq_send(socket_, bytes.data(), bytes.size(), ZMQ_DONTWAIT) >= 0;
  }

  bool send(std::span<const std::uint8_t> bytes) {
    assert(kind_ == Kind::Dealer || kind_ == Kind::Req);
    schedule();
    return zmq_send(socket_, bytes.data(), bytes.size(), ZMQ_DONTWAIT) >= 0;
  }

  bool can_send() {
    schedule();
    return (events() & ZMQ_POLLOUT) != 0;
  }

  bool publish(std::string_view topic, std::span<const std::uint8_t> bytes) {
    assert(kind_ == Kind::Pub || kind_ == Kind::XPub);
    schedule();
    const std::size_t header = header_size(topic.size());
    Frame frame{header + bytes.size()};
    std::uint8_t* out = frame.bytes().data();
    std::memcpy(out, topic.data(), topic.size());
    std::memset(out + topic.size(), 0, header - topic.size());
    if (!bytes.empty()) std::memcpy(out + header, bytes.data(), bytes.size());
    return zmq_msg_send(frame.get(), socket_, ZMQ_DONTWAIT) >= 0;
  }

  bool forward(const Socket& from) {
    assert(kind_ == Kind::XPub && from.delivering_ != nullptr);
    schedule();
    Frame frame;
    zmq_msg_copy(frame.get(), from.delivering_->get());
    return zmq_msg_send(frame.get(), socket_, ZMQ_DONTWAIT) >= 0;
  }

  void subscribe(std::string_view prefix, bool on) {
    if (kind_ == Kind::Sub) {
      zmq_setsockopt(socket_, on ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, prefix.data(), prefix.size());
    } else {
      assert(kind_ == Kind::XSub);
      const std::string request = (on ? '\1' : '\0') + std::string{prefix};
      zmq_send(socket_, request.data(), request.size(), ZMQ_DONTWAIT);
    }
    schedule();
  }

  bool has_subscribers() const { return !subscriptions_.empty(); }

  void pause() { is_paused_ = true; }

  void resume() {
    is_paused_ = false;
    schedule();
  }

  OnMessage on_message;
  std::function<void()> on_batch_end;
  std::function<void(std::string_view, bool)> on_subscription;
  std::function<void()> on_peer;
  std::uint64_t dropped = 0;

 private:
  void set(int option, int value) {
    if (zmq_setsockopt(socket_, option, &value, sizeof value) != 0) {
      throw std::runtime_error{"zmq option " + std::to_string(option) + ": " + zmq_strerror(zmq_errno())};
    }
  }

  // Half-open connections are TCP's; a socket of ipc:// tells its end. There libzmq 4.3.4 would only be harmed: it aborts the
  // process (restart_input, !_io_error) when a ping comes due on a connection that broke while its queue was full.
  void set_heartbeat(const std::string& address) {
    set(ZMQ_HEARTBEAT_IVL, address.starts_with("tcp://") ? heartbeat_interval_ms_ : 0);
  }

  // ZMQ_FD tells only of changes, and any call on the socket may swallow one. So after every send, and after every batch read,
  // the socket is looked at again in this turn of the loop, before anything waits on the descriptor. A Pub has nothing to read:
  // whoever subscribes is heard of when it next publishes.
  void schedule() {
    if (kind_ == Kind::Pub) return;
    is_used_ = true;
    if (is_scheduled_ || is_draining_) return;
    is_scheduled_ = true;
    asio::post(signal_.get_executor(), [self = shared_from_this()] {
      self->is_scheduled_ = false;
      self->drain();
    });
  }

  void wait() {
    if (is_waiting_) return;
    is_waiting_ = true;
    signal_.async_wait(asio::posix::stream_descriptor::wait_read, [self = shared_from_this()](const auto& error) {
      self->is_waiting_ = false;
      if (!error) self->drain();
    });
  }

  int events() const {
    int events = 0;
    std::size_t size = sizeof events;
    return zmq_getsockopt(socket_, ZMQ_EVENTS, &events, &size) == 0 ? events : 0;
  }
  bool has_input() const { return (events() & ZMQ_POLLIN) != 0; }

  void drain() {
    const auto keep = shared_from_this();  // a handler may end the endpoint
    if (socket_ == nullptr || is_draining_) return;
    is_draining_ = true;
    std::size_t count = 0;
    bool is_dry = false;
    while (count < batch_max && socket_ != nullptr && !is_paused_) {
      if (receive()) {
        ++count;
        continue;
      }
      // Finding nothing, it has looked at all that ZMQ_FD told: until the next call, what comes is told anew.
      is_dry = zmq_errno() == EAGAIN;
      is_used_ = false;
      if (is_dry || !has_input()) break;
    }
    if (count > 0 && socket_ != nullptr && on_batch_end) on_batch_end();
    is_draining_ = false;
    if (socket_ == nullptr || is_paused_) return;
    if (is_dry && !is_used_ && !on_peer) return wait();
    const int now = events();
    if ((now & ZMQ_POLLIN) != 0) {
      schedule();
    } else {
      wait();
    }
    const bool has_peer = (now & ZMQ_POLLOUT) != 0;
    if (on_peer && std::exchange(had_peer_, has_peer) != has_peer) on_peer();
  }

  // One message, whatever its form. false: there is none.
  bool receive() {
    Frame frame;
    if (zmq_msg_recv(frame.get(), socket_, ZMQ_DONTWAIT) < 0) return false;
    RoutingId peer;
    bool is_whole = true;
    while (frame.has_more()) {
      const auto part = frame.bytes();
      if (kind_ == Kind::Router && part.size() < peer.max_size() - peer.size()) {
        peer += static_cast<char>(part.size());
        peer.append(reinterpret_cast<const char*>(part.data()), part.size());
      } else {
        is_whole = false;
      }
      if (zmq_msg_recv(frame.get(), socket_, ZMQ_DONTWAIT) < 0) return false;
    }
    if (!is_whole) {
      ++dropped;
      return true;
    }
    delivering_ = &frame;
    deliver(peer, frame.bytes());
    delivering_ = nullptr;
    return true;
  }

  // Of the last one who leaves a prefix alone we are told that he left.
  void on_subscription_bytes(std::string_view prefix, bool is_subscribed) {
    if (is_subscribed) {
      subscriptions_.emplace(prefix);
    } else if (const auto at = subscriptions_.find(prefix); at != subscriptions_.end()) {
      subscriptions_.erase(at);
      if (++subscriptions_ended_ % subscriptions_ended_max == 0) malloc_trim(0);
    }
    if (on_subscription) on_subscription(prefix, is_subscribed);
  }

  void deliver(const RoutingId& peer, std::span<const std::uint8_t> bytes) {
    if (kind_ == Kind::XPub) {
      if (!bytes.empty() && bytes.front() <= 1) on_subscription_bytes(as_text(bytes.subspan(1)), bytes.front() == 1);
      return;
    }
    std::string_view topic;
    if (kind_ == Kind::Sub || kind_ == Kind::XSub) {
      const std::string_view text = as_text(bytes);
      topic = text.substr(0, text.find('\0'));
      const std::size_t header = header_size(topic.size());
      if (topic.empty() || header >= bytes.size()) {
        ++dropped;
        return;
      }
      bytes = bytes.subspan(header);
    }
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % payload_alignment != 0) {
      aligned_.resize((bytes.size() + payload_alignment - 1) / payload_alignment);
      std::memcpy(aligned_.data(), bytes.data(), bytes.size());
      bytes = {reinterpret_cast<const std::uint8_t*>(aligned_.data()), bytes.size()};
    }
    if (on_message) on_message(peer, topic, bytes);
  }

  Kind kind_;
  void* socket_;
  int heartbeat_interval_ms_ = 0;
  asio::posix::stream_descriptor signal_;
  std::vector<std::uint64_t> aligned_;
  Frame* delivering_ = nullptr;  // while its owner looks at it
  bool is_scheduled_ = false;
  bool is_waiting_ = false;
  bool is_draining_ = false;
  bool is_used_ = false;  // since it was last found dry
  bool is_paused_ = false;
  bool had_peer_ = false;  // Dealer
  std::uint64_t subscriptions_ended_ = 0;
  std::set<std::string, std::less<>> subscriptions_;  // XPub: all prefixes that somebody asked for
};

Endpoint::Endpoint(asio::io_context& loop, Kind kind, EndpointOptions options)
    : socket_{std::make_shared<Socket>(loop, kind, options)} {}

Endpoint::~Endpoint() { socket_->close(); }

void Endpoint::bind(const std::string& address) { socket_->bind(address); }
void Endpoint::connect(const std::string& address) { socket_->connect(address); }
std::string Endpoint::address() const { return socket_->address(); }
void Endpoint::on_message(OnMessage handler) { socket_->on_message = std::move(handler); }
void Endpoint::on_batch_end(std::function<void()> handler) { socket_->on_batch_end = std::move(handler); }
bool Endpoint::send(const RoutingId& peer, std::span<const std::uint8_t> bytes) { return socket_->send(peer, bytes); }
bool Endpoint::send(std::span<const std::uint8_t> bytes) { return socket_->send(bytes); }
bool Endpoint::can_send() { return socket_->can_send(); }
void Endpoint::on_peer(std::function<void()> handler) { socket_->on_peer = std::move(handler); }
bool Endpoint::publish(std::string_view topic, std::span<const std::uint8_t> bytes) { return socket_->publish(topic, bytes); }
bool Endpoint::forward(const Endpoint& from) { return socket_->forward(*from.socket_); }
void Endpoint::subscribe(std::string_view prefix) { socket_->subscribe(prefix, true); }
void Endpoint::unsubscribe(std::string_view prefix) { socket_->subscribe(prefix, false); }
void Endpoint::on_subscription(std::function<void(std::string_view, bool)> handler) {
  socket_->on_subscription = std::move(handler);
}
bool Endpoint::has_subscribers() const { return socket_->has_subscribers(); }
void Endpoint::pause() { socket_->pause(); }
void Endpoint::resume() { socket_->resume(); }
std::uint64_t Endpoint::dropped() const { return socket_->dropped; }

}  // namespace busbar::bus
