// WebSocket: one connection to a broker, one life.
#include <deque>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "bus/clock.hpp"
#include "gateways/framework/tls_stream.hpp"

namespace busbar::gateway {

namespace websocket = beast::websocket;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds close_timeout{2000};  // for the other side to say good bye as well

std::string_view text_of(const beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.data().data()), buffer.size()};
}

}  // namespace

class WebSocket::Connection : public std::enable_shared_from_this<WebSocket::Connection> {
 public:
  Connection(asio::io_context& loop, TlsContext& tls, Url url, WebSocketOptions options, OnTape tape)
      : loop_{loop}, tls_{tls}, url_{std::move(url)}, options_{options}, tape_{std::move(tape)}, watchdog_{loop} {}

  static asio::awaitable<Result<void>> open(std::shared_ptr<Connection> self);
  bool send(std::string text, std::string redacted, About about);
  void close();
  // The owner is gone: nothing is told any more.
  void abandon() {
    is_abandoned_ = true;
    close();
  }

  OnText on_text;
  std::function<void(std::string)> on_closed;
  Timestamp last_received_ns = 0;
  bool is_open() const { return state_ == State::Open; }

 private:
  enum class State { New, Opening, Open, Closing, Closed };
  struct Outgoing {
    std::string text;
    std::string redacted;
    About about;
  };
  using Stream = websocket::stream<ByteStream, false>;  // without compression, which halves what there is to compile

  static asio::awaitable<void> read(std::shared_ptr<Connection> self);
  static asio::awaitable<void> write(std::shared_ptr<Connection> self);
  static asio::awaitable<void> say_good_bye(std::shared_ptr<Connection> self);
  void watch(std::chrono::milliseconds limit, const char* reason);
  void cut_off(std::string reason);
  void finish(std::string reason);
  void on_received();
  void tape(TapeDirection direction, std::string_view method, std::string_view body, std::string_view error = {},
            const About& about = {}) const;

  asio::io_context& loop_;
  TlsContext& tls_;
  Url url_;
  WebSocketOptions options_;
  OnTape tape_;
  std::unique_ptr<Stream> stream_;
  asio::steady_timer watchdog_;
  steady_clock::time_point last_received_{};
  std::deque<Outgoing> queue_;
  std::string reason_;  // why we ended it, when it was us
  State state_ = State::New;
  bool is_writing_ = false;
  bool is_abandoned_ = false;
  std::uint64_t number_ = next_connection();
};

void WebSocket::Connection::tape(TapeDirection direction, std::string_view method, std::string_view body,
                                 std::string_view error, const About& about) const {
  if (!tape_) return;
  Tape tape;
  tape.exchange = next_exchange();
  tape.direction = direction;
  tape.channel = options_.channel;
  tape.connection = number_;
  tape.method = cut<32>(method);
  tape.body.assign(body.begin(), body.end());
  tape.error = error;
  tape.order_id = about.order_id;
  tape.client_order_id = about.client_order_id;
  tape.venue_order_id = about.venue_order_id;
  tape.time_ns = wall_now_ns();
  tape_(std::move(tape));
}

void WebSocket::Connection::on_received() {
  last_received_ns = wall_now_ns();
  last_received_ = steady_clock::now();
}

// One look at the time each limit, moved on by what was received meanwhile.
void WebSocket::Connection::watch(std::chrono::milliseconds limit, const char* reason) {
  watchdog_.expires_at(last_received_ + limit);
  watchdog_.async_wait([self = shared_from_this(), limit, reason](error_code error) {
    if (error || self->state_ == State::Closed) return;
    if (steady_clock::now() - self->last_received_ < limit) return self->watch(limit, reason);
    self->cut_off(reason);
  });
}

// Ends the transport; read() then finds the end and tells.
void WebSocket::Connection::cut_off(std::string reason) {
  if (reason_.empty()) reason_ = std::move(reason);
  if (stream_) stream_->next_layer().close();
}

void WebSocket::Connection::finish(std::string reason) {
  if (state_ == State::Closed) return;
  const bool was_open = state_ == State::Open || state_ == State::Closing;
  state_ = State::Closed;
  watchdog_.cancel();
  queue_.clear();
  stream_->next_layer().close();
  tape(TapeDirection::Received, "CLOSED", {}, reason);
  if (was_open && !is_abandoned_ && on_closed) on_closed(std::move(reason));
}

asio::awaitable<Result<void>> WebSocket::Connection::open(std::shared_ptr<Connection> self) {
  if (self->state_ != State::New) co_return Error{ErrorCode::Internal, "a WebSocket opens once"};
  self->state_ = State::Opening;
  const auto deadline = steady_clock::now() + self->options_.connect_timeout;
  auto bytes = co_await open_tls(self->loop_, self->tls_, self->url_, self->options_.connect_timeout);
  if (!bytes) {
    self->state_ = State::Closed;
    co_return bytes.error();
  }
  self->stream_ = std::make_unique<Stream>(std::move(**bytes));
  Stream& stream = *self->stream_;
  stream.set_option(websocket::stream_base::timeout{close_timeout, websocket::stream_base::none(), false});
  stream.set_option(websocket::stream_base::decorator([headers = self->options_.headers](websocket::request_type& request) {
    request.set(beast::http::field::user_agent, "busbar/" BUSBAR_VERSION);
    for (const auto& [name, value] : headers) request.set(name, value);
  }));
  stream.read_message_max(self->options_.message_max);
  stream.control_callback([connection = self.get()](websocket::frame_type kind, beast::string_view payload) {
    connection->on_received();
    const std::string_view method = kind == websocket::frame_type::ping   ? "PING"
                                    : kind == websocket::frame_type::pong ? "PONG"
                                                                          : "CLOSE";
    connection->tape(TapeDirection::Received, method, {payload.data(), payload.size()});
  });
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady_clock::now());
  stream.set_option(websocket::stream_base::timeout{std::max(left, std::chrono::milliseconds{1}),
                                                    websocket::stream_base::none(), false});
  const auto [error] = co_await stream.async_handshake(host_header(self->url_), self->url_.target, no_throw);
  if (error || self->is_abandoned_ || self->state_ != State::Opening) {
    const std::string reason = error ? error.message() : "closed meanwhile";
    self->tape(TapeDirection::Received, "CLOSED", {}, reason);
    self->state_ = State::Closed;
    self->stream_.reset();  // with the timers that it keeps
    co_return Error{ErrorCode::ConnectionError,
                    "WebSocket with " + self->url_.host + ":" + self->url_.port + ": " + reason};
  }
  // Beast sends a ping when half of its idle time has gone by; that nothing came at all is noticed by watch().
  const bool sends_pings = self->options_.ping_interval.count() > 0;
  const websocket::stream_base::duration idle =
      sends_pings ? websocket::stream_base::duration{2 * self->options_.ping_interval} : websocket::stream_base::none();
  stream.set_option(websocket::stream_base::timeout{close_timeout, idle, sends_pings});
  stream.text(!self->options_.sends_binary);
  stream.auto_fragment(false);  // a message is one frame, for brokers who know no other
  self->state_ = State::Open;
  self->on_received();
  self->tape(TapeDirection::Sent, "OPENED", {});
  self->watch(self->options_.silence_max, "silence: nothing was received in time");
  asio::co_spawn(self->loop_, read(self), asio::detached);
  co_return Result<void>{};
}

asio::awaitable<void> WebSocket::Connection::read(std::shared_ptr<Connection> self) {
  beast::flat_buffer buffer;
  for (;;) {
    const auto [error, size] = co_await self->stream_->async_read(buffer, no_throw);
    if (error) {
      std::string reason = self->reason_.empty() ? error.message() : self->reason_;
      const auto& why = self->stream_->reason();
      if (why && self->reason_.empty()) {
        const std::string words{why.reason.data(), why.reason.size()};
        reason = "closed by the broker: " + std::to_string(why.code) + " " + words;
      }
      self->finish(std::move(reason));
      co_return;
    }
    self->on_received();
    const std::string_view text = text_of(buffer);
    About about;
    if (!self->is_abandoned_ && self->on_text) self->on_text(text, self->last_received_ns, about);
    self->tape(TapeDirection::Received, self->stream_->got_text() ? "TEXT" : "BINARY", text, {}, about);
    buffer.consume(buffer.size());
  }
}

bool WebSocket::Connection::send(std::string text, std::string redacted, About about) {
  if (state_ != State::Open || queue_.size() >= options_.send_queue_max) return false;
  queue_.push_back({std::move(text), std::move(redacted), std::move(about)});
  if (!is_writing_) {
    is_writing_ = true;
    asio::co_spawn(loop_, write(shared_from_this()), asio::detached);
  }
  return true;
}

asio::awaitable<void> WebSocket::Connection::write(std::shared_ptr<Connection> self) {
  while (!self->queue_.empty() && self->state_ == State::Open) {
    const Outgoing outgoing = std::move(self->queue_.front());
    self->queue_.pop_front();
    self->tape(TapeDirection::Sent, self->options_.sends_binary ? "BINARY" : "TEXT",
               outgoing.redacted.empty() ? outgoing.text : outgoing.redacted, {}, outgoing.about);
    const auto [error, size] = co_await self->stream_->async_write(asio::buffer(outgoing.text), no_throw);
    if (error) {
      self->cut_off("write: " + error.message());
      break;
    }
  }
  self->is_writing_ = false;
}

void WebSocket::Connection::close() {
  if (state_ == State::Opening) {
    state_ = State::Closing;  // open() sees it
    return cut_off("closed");
  }
  if (state_ != State::Open) return;
  state_ = State::Closing;
  reason_ = "closed by us";
  last_received_ = steady_clock::now();
  watchdog_.cancel();
  watch(close_timeout, "closed by us");
  asio::co_spawn(loop_, say_good_bye(shared_from_this()), asio::detached);
}

asio::awaitable<void> WebSocket::Connection::say_good_bye(std::shared_ptr<Connection> self) {
  co_await self->stream_->async_close(websocket::close_code::normal, no_throw);
  self->cut_off("closed by us");
}

WebSocket::WebSocket(asio::io_context& loop, TlsContext& tls, Url url, WebSocketOptions options, OnTape tape)
    : connection_{std::make_shared<Connection>(loop, tls, std::move(url), options, std::move(tape))} {}

WebSocket::~WebSocket() { connection_->abandon(); }

asio::awaitable<Result<void>> WebSocket::open() { return Connection::open(connection_); }

void WebSocket::on_text(OnText handler) {
  connection_->on_text = std::move(handler);
}

void WebSocket::on_closed(std::function<void(std::string)> handler) { connection_->on_closed = std::move(handler); }

bool WebSocket::send(std::string text, std::string redacted, About about) {
  return connection_->send(std::move(text), std::move(redacted), std::move(about));
}

void WebSocket::close() { connection_->close(); }

bool WebSocket::is_open() const { return connection_->is_open(); }

Timestamp WebSocket::last_received_ns() const { return connection_->last_received_ns; }

}  // namespace busbar::gateway
