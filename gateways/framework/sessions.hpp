#pragma once
// HTTPS and WebSocket to a broker. Beast and OpenSSL live in sessions.cpp and beast.cpp only; others see requests and
// texts. TLS 1.2 and up, peer and host name verified, SNI always, no way to switch that off; a private CA comes by
// file. Nothing here repeats a request: whether a second try is safe is known by who asks.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "bus/messages.hpp"

namespace busbar::gateway {

namespace asio = boost::asio;

struct Url {
  std::string host;
  std::string port;
  std::string target;  // path and query, at least "/"
  bool is_websocket = false;
};
// https://host[:port][/path] or wss://...; anything else is refused by name.
Result<Url> parse_url(std::string_view text);

// SHA-256 of a certificate's public key (its SubjectPublicKeyInfo): "sha256/" and 44 letters of base64.
bool is_pin(std::string_view text);

class TlsContext {  // one per process
 public:
  // Adds the CA certificates of `ca_file` to the system's when it is not empty. With pins, one certificate of each verified
  // chain must have one of these keys. Throws std::runtime_error, for start-up.
  explicit TlsContext(const std::string& ca_file, const std::vector<std::string>& pins = {});
  ~TlsContext();
  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// Which order a request or a frame is about: the tape is indexed by it.
struct About {
  std::uint64_t order_id = 0;
  Id client_order_id = {};
  Id venue_order_id = {};
};

using SecretNames = std::span<const std::string_view>;  // of a constant: no request has them for itself

struct HttpRequest {
  std::string method = {};
  std::string target = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  std::string_view content_type = {};  // of a constant
  // What the tape may not show: the values of these are cut out.
  SecretNames secret_headers = {};
  SecretNames secret_parameters = {};  // of the target and of a form
  SecretNames secret_members = {};     // of JSON, in the answer
  About about = {};
  Timestamp write_until_ns = 0;  // CLOCK_BOOTTIME: later it is not sent any more, whatever it has waited for. 0: whenever
  std::chrono::milliseconds answer_timeout{0};  // 0: that of the session
  std::function<void(Timestamp sent_time_ns)> on_write = {};  // as it leaves, whatever it has waited for
};

enum class HttpOutcome {
  Answered,  // status, headers and body are complete
  NotSent,   // not one byte of the request left this host: nothing can have happened
  NoAnswer,  // it left, wholly or in part, and no complete answer came: the outcome is unknown
};

struct HttpResponse {
  HttpOutcome outcome = HttpOutcome::NotSent;
  std::uint32_t status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::string error;  // why, when not Answered
  bool is_too_late = false;  // NotSent, because write_until_ns had passed
  bool is_busy = false;      // NotSent, because other requests had all connections
  Timestamp sent_time_ns = 0;
  Timestamp received_time_ns = 0;
  const std::string* header(std::string_view lower_case_name) const;
};

// Raw traffic, for the wire tape; secrets already cut.
using OnTape = std::function<void(Tape&&)>;

struct HttpOptions {
  std::size_t connections_max = 8;    // one of several is never a write's
  std::size_t connections_ready = 0;  // so many are kept fresh from the first request on, for who comes after a silence
  std::chrono::milliseconds connect_timeout{3000};  // whoever waits to have an order sent is to know within 5 s
  std::chrono::milliseconds answer_timeout{12000};
  std::chrono::milliseconds idle_max{50000};  // a kept connection older than this is not used again
  std::size_t body_max = 32u << 20;
};

// A pool of kept connections to one host.
class HttpSession {
 public:
  HttpSession(asio::io_context& loop, TlsContext& tls, Url base, HttpOptions options, OnTape tape);
  ~HttpSession();
  // Coroutines may run side by side; a connection carries one request at a time.
  asio::awaitable<HttpResponse> request(HttpRequest&& request);
  // Opens `count` connections ahead of need.
  asio::awaitable<Result<void>> warm(std::size_t count);
  std::uint64_t handshakes() const;

 private:
  class Pool;
  std::shared_ptr<Pool> pool_;
};

struct WebSocketOptions {
  std::chrono::milliseconds connect_timeout{10000};
  std::chrono::milliseconds silence_max{30000};  // nothing received for so long, pings included: the connection is dead
  std::chrono::milliseconds ping_interval{0};    // after so long a silence a ping is sent, which is answered. 0: never
  std::size_t message_max = 16u << 20;
  std::size_t send_queue_max = 1000;
  TapeChannel channel = TapeChannel::MarketData;
  std::vector<std::pair<std::string, std::string>> headers = {};  // of the handshake; no secrets
  bool sends_binary = false;  // what is sent goes in binary frames; what comes may be in either
};

// One connection, one life: open, texts both ways, closed. Reconnecting is the owner's matter.
class WebSocket {
 public:
  WebSocket(asio::io_context& loop, TlsContext& tls, Url url, WebSocketOptions options, OnTape tape);
  ~WebSocket();
  asio::awaitable<Result<void>> open();
  // The handler names the order that the text is about, where it knows.
  using OnText = std::function<void(std::string_view text, Timestamp receive_time_ns, About& about)>;
  void on_text(OnText handler);
  void on_closed(std::function<void(std::string reason)> handler);  // once, whoever closed
  // Queued; false when the queue is full or the connection is not open. `redacted` goes to the tape in its place.
  [[nodiscard]] bool send(std::string text, std::string redacted = {}, About about = {});
  void close();
  bool is_open() const;
  Timestamp last_received_ns() const;

 private:
  class Connection;
  std::shared_ptr<Connection> connection_;
};

}  // namespace busbar::gateway
