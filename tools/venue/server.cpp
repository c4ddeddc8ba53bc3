#include "tools/venue/server.hpp"

#include <time.h>

#include <algorithm>
#include <deque>
#include <stdexcept>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "bus/byte_stream.hpp"

namespace busbar::venue {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;
using asio::ip::tcp;
using error_code = boost::system::error_code;

constexpr std::size_t body_max = 4u << 20;
constexpr std::size_t queue_max = 100'000;  // frames a slow reader may be behind before it is cut off

std::int64_t read_clock(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// A reset and not a close: the caller must not be able to tell how far its request came.
void reset_connection(ByteStream& stream) {
  error_code ignored;
  stream.socket().set_option(asio::socket_base::linger{true, 0}, ignored);
  stream.socket().close(ignored);
}

Request request_from(const http::request<http::string_body>& message, std::string remote) {
  Request request;
  request.realtime_ns = realtime_ns();
  request.boottime_ns = boottime_ns();
  request.method = std::string{message.method_string()};
  const std::string_view target{message.target().data(), message.target().size()};
  const std::size_t mark = target.find('?');
  request.path = std::string{target.substr(0, mark)};
  if (mark != std::string_view::npos) request.query = std::string{target.substr(mark + 1)};
  request.body = message.body();
  request.remote = std::move(remote);
  for (const auto& field : message) {
    std::string name{field.name_string()};
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    request.headers.emplace_back(std::move(name), std::string{field.value()});
  }
  return request;
}

// A WebSocket with a queue: everything sent goes out in order, control frames too.
class BeastSocket final : public Socket, public std::enable_shared_from_this<BeastSocket> {
 public:
  explicit BeastSocket(ByteStream&& stream) : socket_{std::move(stream)} {}

  void send(std::string text) override { push({Frame::Text, std::move(text), 0}); }
  void send_binary(std::string bytes) override { push({Frame::Binary, std::move(bytes), 0}); }
  void ping(std::string payload) override { push({Frame::Ping, std::move(payload), 0}); }
  void close(std::uint16_t code, std::string reason) override { push({Frame::Close, std::move(reason), code}); }
  void reset() override { reset_connection(socket_.next_layer()); }

  asio::awaitable<void> run(http::request<http::string_body> upgrade, std::shared_ptr<SocketOwner> owner) {
    const auto self = shared_from_this();
    error_code error;
    socket_.next_layer().expires_never();
    socket_.set_option(websocket::stream_base::timeout{std::chrono::seconds{5}, websocket::stream_base::none(), false});
    socket_.control_callback([weak = std::weak_ptr{owner}](websocket::frame_type kind, beast::string_view) {
      if (const auto alive = weak.lock(); alive && kind != websocket::frame_type::close) {
        alive->on_control(kind == websocket::frame_type::pong);
      }
    });
    socket_.text(true);
    socket_.auto_fragment(false);  // the venue's word: one message per frame
    co_await socket_.async_accept(upgrade, asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      is_open_ = true;
      if (!queue_.empty()) start_writing();
      beast::flat_buffer buffer;
      for (;;) {
        co_await socket_.async_read(buffer, asio::redirect_error(asio::use_awaitable, error));
        if (error) break;
        owner->on_text(beast::buffers_to_string(buffer.data()));
        buffer.consume(buffer.size());
      }
    }
    is_open_ = false;
    is_over_ = true;
    owner->on_closed();
  }

 private:
  struct Frame {
    enum Kind { Text, Binary, Ping, Close } kind;
    std::string text;
    std::uint16_t code;
  };

  void push(Frame frame) {
    if (is_over_) return;
    if (queue_.size() >= queue_max) return reset();
    queue_.push_back(std::move(frame));
    if (is_open_ && !is_writing_) start_writing();
  }

  void start_writing() {
    is_writing_ = true;
    asio::co_spawn(
        socket_.get_executor(), [self = shared_from_this()] { return self->write(); }, asio::detached);
  }

  asio::awaitable<void> write() {
    error_code error;
    while (!queue_.empty() && !error) {
      const Frame frame = std::move(queue_.front());
      queue_.pop_front();
      switch (frame.kind) {
        case Frame::Text:
        case Frame::Binary:
          socket_.binary(frame.kind == Frame::Binary);
          co_await socket_.async_write(asio::buffer(frame.text), asio::redirect_error(asio::use_awaitable, error));
          break;
        case Frame::Ping:
          co_await socket_.async_ping(websocket::ping_data{frame.text},
                                      asio::redirect_error(asio::use_awaitable, error));
          break;
        case Frame::Close:
          co_await socket_.async_close({static_cast<websocket::close_code>(frame.code), frame.text},
                                       asio::redirect_error(asio::use_awaitable, error));
          break;
      }
    }
    is_writing_ = false;
  }

  websocket::stream<ByteStream, false> socket_;  // without compression, which it would not offer anyway
  std::deque<Frame> queue_;
  bool is_open_ = false, is_over_ = false, is_writing_ = false;
};

// The handler's answer, when it comes.
asio::awaitable<Response> ask(Handler& handler, Request request) {
  struct Pending {
    asio::steady_timer arrived;
    std::optional<Response> response;
  };
  const auto executor = co_await asio::this_coro::executor;
  const auto pending = std::make_shared<Pending>(Pending{asio::steady_timer{executor}, std::nullopt});
  pending->arrived.expires_at(asio::steady_timer::time_point::max());
  handler.on_request(std::move(request), [pending](Response response) {
    pending->response = std::move(response);
    pending->arrived.cancel();
  });
  if (!pending->response) {
    error_code canceled;
    co_await pending->arrived.async_wait(asio::redirect_error(asio::use_awaitable, canceled));
  }
  co_return std::move(*pending->response);
}

std::string http_date(std::int64_t time_us) {
  const time_t seconds = time_us / 1'000'000;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[40];
  return {text, ::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

void fill(http::response<http::string_body>& answer, Response response, std::int64_t time_us) {
  answer.result(response.status);
  answer.set(http::field::server, "nginx");
  answer.set(http::field::date, http_date(time_us));
  answer.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) answer.set(name, value);
  answer.body() = std::move(response.body);
}

asio::awaitable<void> pour(ByteStream& stream) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string chunk = "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
  error_code error;
  co_await asio::async_write(stream, asio::buffer(head), asio::redirect_error(asio::use_awaitable, error));
  while (!error) {
    co_await asio::async_write(stream, asio::buffer(chunk), asio::redirect_error(asio::use_awaitable, error));
  }
}

asio::awaitable<void> converse(ByteStream stream, Handler& handler, std::string remote) {
  error_code error;
  beast::flat_buffer buffer;
  for (;;) {
    http::request_parser<http::string_body> parser;
    parser.body_limit(body_max);
    stream.expires_after(std::chrono::minutes{10});  // an idle connection is kept that long
    co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    if (error) break;
    stream.expires_never();
    auto message = parser.release();
    Request request = request_from(message, remote);

    http::response<http::string_body> answer;
    answer.version(message.version());
    answer.keep_alive(message.keep_alive());
    if (websocket::is_upgrade(message)) {
      struct Late final : Socket {  // handed out before the stream moves into its socket
        std::shared_ptr<Socket> real;
        std::vector<std::string> early;  // what its owner has to say at once
        void send(std::string text) override { real ? real->send(std::move(text)) : early.push_back(std::move(text)); }
        void send_binary(std::string bytes) override { real->send_binary(std::move(bytes)); }
        void ping(std::string payload) override { real->ping(std::move(payload)); }
        void close(std::uint16_t code, std::string reason) override { real->close(code, std::move(reason)); }
        void reset() override { real->reset(); }
      };
      const auto late = std::make_shared<Late>();
      Response refusal;
      refusal.status = 404;
      if (const auto owner = handler.on_upgrade(request, late, refusal)) {
        const auto socket = std::make_shared<BeastSocket>(std::move(stream));
        late->real = socket;
        for (std::string& text : late->early) socket->send(std::move(text));
        co_await socket->run(std::move(message), owner);
        co_return;
      }
      fill(answer, std::move(refusal), handler.date_us());
    } else {
      Response response = co_await ask(handler, std::move(request));
      if (response.is_dropped) {
        reset_connection(stream);
        co_return;
      }
      if (response.is_endless) co_return co_await pour(stream);
      fill(answer, std::move(response), handler.date_us());
    }
    answer.prepare_payload();
    co_await http::async_write(stream, answer, asio::redirect_error(asio::use_awaitable, error));
    if (error || !answer.keep_alive()) break;
  }
  if (error && error != http::error::end_of_stream) co_return;
  stream.expires_after(std::chrono::seconds{5});
  co_await stream.async_teardown(beast::role_type::server, asio::redirect_error(asio::use_awaitable, error));
}

}  // namespace

std::int64_t Handler::date_us() const { return realtime_ns() / 1'000; }

std::int64_t realtime_ns() { return read_clock(CLOCK_REALTIME); }
std::int64_t boottime_ns() { return read_clock(CLOCK_BOOTTIME); }

std::string_view Request::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers) {
    if (name == lower_case_name) return value;
  }
  return {};
}

struct Server::Impl {
  Impl(asio::io_context& loop, Handler& the_handler) : acceptor{loop}, handler{the_handler} {}
  tcp::acceptor acceptor;
  Handler& handler;
  std::optional<asio::ssl::context> tls;
};

namespace {

asio::awaitable<void> serve(std::shared_ptr<asio::ssl::context> tls, tcp::socket socket, Handler& handler) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  const std::string remote = error ? std::string{} : endpoint.address().to_string();
  socket.set_option(tcp::no_delay{true}, error);
  ByteStream stream{std::move(socket), tls.get()};
  stream.expires_after(std::chrono::seconds{10});
  co_await stream.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return;
  co_await converse(std::move(stream), handler, remote);
}

template <class Impl>
asio::awaitable<void> accept(std::shared_ptr<Impl> impl) {
  const auto executor = co_await asio::this_coro::executor;
  std::shared_ptr<asio::ssl::context> tls;
  if (impl->tls) tls = std::shared_ptr<asio::ssl::context>(impl, &*impl->tls);
  for (;;) {
    error_code error;
    tcp::socket socket = co_await impl->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (error == asio::error::operation_aborted || !impl->acceptor.is_open()) co_return;
    if (error) continue;
    if (!impl->handler.takes_connections()) {
      socket.set_option(asio::socket_base::linger{true, 0}, error);
      socket.close(error);
      continue;
    }
    asio::co_spawn(executor, serve(tls, std::move(socket), impl->handler), asio::detached);
  }
}

}  // namespace

Server::Server(asio::io_context& loop, Handler& handler, const std::string& address, std::uint16_t port,
               const std::optional<TlsFiles>& tls)
    : impl_{std::make_shared<Impl>(loop, handler)} {
  try {
    if (tls) {
      impl_->tls.emplace(asio::ssl::context::tls_server);
      impl_->tls->set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
      impl_->tls->use_certificate_chain_file(tls->certificate);
      impl_->tls->use_private_key_file(tls->key, asio::ssl::context::pem);
    }
    const tcp::endpoint endpoint{asio::ip::make_address(address), port};
    impl_->acceptor.open(endpoint.protocol());
    impl_->acceptor.set_option(tcp::acceptor::reuse_address{true});
    impl_->acceptor.bind(endpoint);
    impl_->acceptor.listen();
  } catch (const std::exception& error) {
    throw std::runtime_error{"cannot serve on " + address + ":" + std::to_string(port) + ": " + error.what()};
  }
  asio::co_spawn(loop, accept(impl_), asio::detached);
}

Server::~Server() { stop(); }

std::uint16_t Server::port() const { return impl_->acceptor.local_endpoint().port(); }

void Server::stop() {
  error_code ignored;
  impl_->acceptor.close(ignored);
}

}  // namespace busbar::venue
