#include "bus/byte_stream.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/teardown.hpp>

namespace busbar {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using error_code = boost::system::error_code;
using std::chrono::steady_clock;

namespace {

class CountedSocket : public tcp::socket {
 public:
  explicit CountedSocket(tcp::socket socket) : tcp::socket{std::move(socket)} {}

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& all) {
          auto count = [this, next = std::move(handler)](error_code error, std::size_t size) mutable {
            written += size;
            std::move(next)(error, size);
          };
          tcp::socket::async_write_some(all, std::move(count));
        },
        token, buffers);
  }
  std::uint64_t written = 0;
};

// Beast looks this up for the layer below TLS.
template <class Handler>
void async_teardown(beast::role_type role, CountedSocket& socket, Handler&& handler) {
  beast::websocket::async_teardown(role, static_cast<tcp::socket&>(socket), std::forward<Handler>(handler));
}

using TlsStream = asio::ssl::stream<CountedSocket>;

}  // namespace

// Lives until the last of its operations has ended.
struct ByteStream::Layer : std::enable_shared_from_this<Layer> {
  Layer(Socket socket, asio::ssl::context* context) : timer{socket.get_executor()} {
    if (context) {
      tls = std::make_unique<TlsStream>(CountedSocket{std::move(socket)}, *context);
    } else {
      plain = std::make_unique<CountedSocket>(std::move(socket));
    }
  }
  CountedSocket& transport() { return tls ? tls->next_layer() : *plain; }

  // Its memory is given back before the handler runs, which may start the next one.
  auto handler(Done done) {
    return [self = shared_from_this(), done = std::move(done)](error_code error, std::size_t size = 0) mutable {
      const Done last = std::move(done);
      last->call(error && self->is_too_late ? beast::error::timeout : error, size);
    };
  }

  // A deadline is moved with each request and hardly ever met. So the timer is not: it looks at the deadline when it fires.
  void expires_at(steady_clock::time_point time) {
    deadline = time;
    if (deadline < looks_at) look_at(deadline);
  }
  void look_at(steady_clock::time_point time) {
    looks_at = time;
    timer.expires_at(time);
    timer.async_wait([weak = weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (error || !self) return;
      self->looks_at = steady_clock::time_point::max();
      if (self->deadline > steady_clock::now()) return self->expires_at(self->deadline);
      self->is_too_late = true;
      self->close();
    });
  }
  void close() {
    error_code ignored;
    transport().close(ignored);
    timer.cancel();
  }

  std::unique_ptr<TlsStream> tls;
  std::unique_ptr<CountedSocket> plain;
  asio::steady_timer timer;
  steady_clock::time_point deadline = steady_clock::time_point::max();
  steady_clock::time_point looks_at = steady_clock::time_point::max();
  bool is_too_late = false;
};

ByteStream::ByteStream(Socket socket, asio::ssl::context* tls)
    : layer_{std::make_shared<Layer>(std::move(socket), tls)} {}
ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream::~ByteStream() {
  if (layer_) layer_->close();
}

ByteStream::Socket& ByteStream::socket() { return layer_->transport(); }
SSL* ByteStream::ssl() { return layer_->tls ? layer_->tls->native_handle() : nullptr; }
std::uint64_t ByteStream::written() const { return layer_->transport().written; }
void ByteStream::expires_at(steady_clock::time_point deadline) { layer_->expires_at(deadline); }
void ByteStream::expires_never() { layer_->expires_at(steady_clock::time_point::max()); }
void ByteStream::close() { layer_->close(); }

void ByteStream::verify_host(const std::string& host) {
  layer_->tls->set_verify_mode(asio::ssl::verify_peer);
  layer_->tls->set_verify_callback(asio::ssl::host_name_verification{host});
}

void ByteStream::connect(const tcp::resolver::results_type& addresses, Done done) {
  asio::async_connect(socket(), addresses,
                      [next = layer_->handler(std::move(done))](error_code error, const tcp::endpoint&) mutable { next(error); });
}

void ByteStream::handshake(asio::ssl::stream_base::handshake_type type, Done done) {
  if (layer_->tls) return layer_->tls->async_handshake(type, layer_->handler(std::move(done)));
  asio::post(get_executor(), [next = layer_->handler(std::move(done))]() mutable { next({}); });
}

void ByteStream::teardown(beast::role_type role, Done done) {
  if (layer_->tls) return beast::async_teardown(role, *layer_->tls, layer_->handler(std::move(done)));
  beast::websocket::async_teardown(role, socket(), layer_->handler(std::move(done)));
}

void ByteStream::read_some(const ReadBuffers& buffers, Done done) {
  if (layer_->tls) return layer_->tls->async_read_some(buffers, layer_->handler(std::move(done)));
  layer_->plain->async_read_some(buffers, layer_->handler(std::move(done)));
}

void ByteStream::write_some(const WriteBuffers& buffers, Done done) {
  if (layer_->tls) return layer_->tls->async_write_some(buffers, layer_->handler(std::move(done)));
  layer_->plain->async_write_some(buffers, layer_->handler(std::move(done)));
}

}  // namespace busbar
