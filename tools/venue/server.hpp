#pragma once
// HTTP/1.1 with keep-alive and WebSockets, over TLS or plain TCP, behind an interface without Beast in it. It knows no
// broker and no order: a handler answers requests, now or later, and talks through sockets.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

namespace busbar::venue {

struct Request {
  std::string method;
  std::string path;
  std::string query;  // raw, without the question mark
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string remote;                                        // address of the caller
  std::int64_t realtime_ns = 0;                              // when it was read completely, CLOCK_REALTIME
  std::int64_t boottime_ns = 0;                              // the same moment, CLOCK_BOOTTIME

  std::string_view header(std::string_view lower_case_name) const;
};

struct Response {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json;charset=UTF-8";
  std::vector<std::pair<std::string, std::string>> headers;
  bool is_dropped = false;  // no answer at all: the connection is reset
  bool is_endless = false;  // it begins, and goes on until the other side has had enough
};

// One open WebSocket, as its owner sees it. Everything is queued and sent in order; after the end, calls do nothing.
class Socket {
 public:
  virtual ~Socket() = default;
  virtual void send(std::string text) = 0;
  virtual void send_binary(std::string bytes) = 0;
  virtual void ping(std::string payload) = 0;
  virtual void close(std::uint16_t code, std::string reason) = 0;
  virtual void reset() = 0;  // the TCP connection, without a closing handshake
};

class SocketOwner {
 public:
  virtual ~SocketOwner() = default;
  virtual void on_text(std::string text) = 0;  // or bytes: whatever the frame is called
  virtual void on_control(bool is_pong) = 0;
  virtual void on_closed() = 0;  // once, whoever closed
};

class Handler {
 public:
  virtual ~Handler() = default;
  // `respond` may be called later, once, from the loop's thread.
  virtual void on_request(Request request, std::function<void(Response)> respond) = 0;
  // An owner accepts the upgrade; null refuses it with what `refusal` then says, 404 unless it was changed.
  virtual std::shared_ptr<SocketOwner> on_upgrade(const Request& request, std::shared_ptr<Socket> socket,
                                                  Response& refusal) = 0;
  virtual bool takes_connections() const { return true; }  // or resets each one at once
  virtual std::int64_t date_us() const;                      // what answers bear as their Date; the true time
};

struct TlsFiles {
  std::string certificate;  // PEM chain
  std::string key;
};

class Server {
 public:
  // Listens at once; throws std::runtime_error with address and reason when it can't. Port 0: any free one.
  Server(boost::asio::io_context& loop, Handler& handler, const std::string& address, std::uint16_t port,
         const std::optional<TlsFiles>& tls);
  ~Server();
  std::uint16_t port() const;
  void stop();  // accepts no more

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

std::int64_t realtime_ns();
std::int64_t boottime_ns();

}  // namespace busbar::venue
