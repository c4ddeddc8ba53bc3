#include "bus/byte_stream.hpp"

#include <boost/asio/compose.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket/ssl.hpp>

namespace busbar {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using error_code = boost::system::error_code;

namespace {

class CountedStream : public beast::tcp_stream {
 public:
  using beast::tcp_stream::tcp_stream;

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return asio::async_compose<Token, void(error_code, std::size_t)>(
        [this, buffers, is_started = false](auto& self, error_code error = {}, std::size_t size = 0) mutable {
          if (!is_started) {
            is_started = true;
            return beast::tcp_stream::async_write_some(buffers, std::move(self));
          }
          written += size;
          self.complete(error, size);
        },
        token, *this);
  }
  std::uint64_t written = 0;
};

// Beast looks this up for the layer below TLS.
template <class Handler>
void async_teardown(beast::role_type role, CountedStream& stream, Handler&& handler) {
  beast::async_teardown(role, static_cast<beast::tcp_stream&>(stream), std::forward<Handler>(handler));
}

using TlsStream = beast::ssl_stream<CountedStream>;

}  // namespace

struct ByteStream::Layer {
  explicit Layer(Socket socket, asio::ssl::context* context) {
    if (context) {
      tls = std::make_unique<TlsStream>(CountedStream{std::move(socket)}, *context);
    } else {
      plain = std::make_unique<CountedStream>(std::move(socket));
    }
  }
  CountedStream& transport() { return tls ? tls->next_layer() : *plain; }

  // Its memory is given back before the handler runs, which may start the next one.
  static auto handler(Done done) {
    return [done = std::move(done)](error_code error, std::size_t size = 0) mutable {
      const Done last = std::move(done);
      last->call(error, size);
    };
  }

  std::unique_ptr<TlsStream> tls;
  std::unique_ptr<CountedStream> plain;
};

ByteStream::ByteStream(Socket socket, asio::ssl::context* tls)
    : layer_{std::make_unique<Layer>(std::move(socket), tls)} {}
ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream::~ByteStream() = default;

ByteStream::Socket& ByteStream::socket() { return layer_->transport().socket(); }
SSL* ByteStream::ssl() { return layer_->tls ? layer_->tls->native_handle() : nullptr; }
std::uint64_t ByteStream::written() const { return layer_->transport().written; }
void ByteStream::expires_at(std::chrono::steady_clock::time_point deadline) {
  layer_->transport().expires_at(deadline);
}
void ByteStream::expires_never() { layer_->transport().expires_never(); }
void ByteStream::close() { layer_->transport().close(); }

void ByteStream::verify_host(const std::string& host) {
  layer_->tls->set_verify_mode(asio::ssl::verify_peer);
  layer_->tls->set_verify_callback(asio::ssl::host_name_verification{host});
}

void ByteStream::connect(const tcp::resolver::results_type& addresses, Done done) {
  layer_->transport().async_connect(addresses,
                                    [next = Layer::handler(std::move(done))](error_code error, const tcp::endpoint&) mutable {
                                      next(error);
                                    });
}

void ByteStream::handshake(asio::ssl::stream_base::handshake_type type, Done done) {
  if (layer_->tls) return layer_->tls->async_handshake(type, Layer::handler(std::move(done)));
  asio::post(get_executor(), [next = Layer::handler(std::move(done))]() mutable { next({}); });
}

void ByteStream::teardown(beast::role_type role, Done done) {
  if (layer_->tls) return beast::async_teardown(role, *layer_->tls, Layer::handler(std::move(done)));
  beast::async_teardown(role, static_cast<beast::tcp_stream&>(*layer_->plain), Layer::handler(std::move(done)));
}

void ByteStream::read_some(const ReadBuffers& buffers, Done done) {
  if (layer_->tls) return layer_->tls->async_read_some(buffers, Layer::handler(std::move(done)));
  layer_->plain->async_read_some(buffers, Layer::handler(std::move(done)));
}

void ByteStream::write_some(const WriteBuffers& buffers, Done done) {
  if (layer_->tls) return layer_->tls->async_write_some(buffers, Layer::handler(std::move(done)));
  layer_->plain->async_write_some(buffers, Layer::handler(std::move(done)));
}

}  // namespace busbar
