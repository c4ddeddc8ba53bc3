#pragma once
// One verified TLS connection, under HttpSession and WebSocket; only their sources include this.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "bus/byte_stream.hpp"
#include "gateways/framework/sessions.hpp"

namespace busbar::gateway {

namespace beast = boost::beast;
using boost::system::error_code;

struct TlsContext::Impl {
  asio::ssl::context context{asio::ssl::context::tls_client};
  std::vector<std::string> pins;
};

inline constexpr auto no_throw = asio::as_tuple(asio::use_awaitable);

// Resolves, connects, shakes hands: one time limit for all three. ConnectionError says at which step and why.
asio::awaitable<Result<std::unique_ptr<ByteStream>>> open_tls(asio::io_context& loop, TlsContext& tls, Url url,
                                                             std::chrono::milliseconds timeout);

std::string host_header(const Url& url);      // with the port unless it is 443
std::uint64_t next_connection();              // numbers for the tape, of this process
std::uint64_t next_exchange();

}  // namespace busbar::gateway
