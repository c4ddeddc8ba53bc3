#pragma once
// One verified TLS connection, under HttpSession and WebSocket; only their sources include this.
// It counts the bytes that the kernel took, for only a count of none proves that a request was not sent.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include "gateways/framework/sessions.hpp"

namespace busbar::gateway {

namespace beast = boost::beast;
using boost::system::error_code;

struct TlsContext::Impl {
  asio::ssl::context context{asio::ssl::context::tls_client};
};

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
          written_ += size;
          self.complete(error, size);
        },
        token, *this);
  }
  std::uint64_t written() const { return written_; }

 private:
  std::uint64_t written_ = 0;
};

// Beast's ssl_stream looks these up for the layer below it.
template <class Handler>
void async_teardown(beast::role_type role, CountedStream& stream, Handler&& handler) {
  beast::async_teardown(role, static_cast<beast::tcp_stream&>(stream), std::forward<Handler>(handler));
}
inline void teardown(beast::role_type role, CountedStream& stream, error_code& error) {
  beast::teardown(role, static_cast<beast::tcp_stream&>(stream), error);
}

using TlsStream = beast::ssl_stream<CountedStream>;
inline constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

// Resolves, connects, shakes hands: one time limit for all three. ConnectionError says at which step and why.
asio::awaitable<Result<std::unique_ptr<TlsStream>>> open_tls(asio::io_context& loop, TlsContext& tls, Url url,
                                                             std::chrono::milliseconds timeout);

std::string host_header(const Url& url);      // with the port unless it is 443
std::uint64_t next_connection();              // numbers for the tape, of this process
std::uint64_t next_exchange();

}  // namespace busbar::gateway
