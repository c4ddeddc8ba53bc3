#pragma once
// TCP, or TLS over TCP, behind one type. What Beast composes above it is a template over the layers below: over this
// one it is compiled to a fraction of the time and size. Only the sessions of gateways and venue include this.
// One thread runs the loop, so a handler is called straight from it; cancellation slots are not looked at.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream_base.hpp>
#include <boost/beast/core/role.hpp>

namespace busbar {

class ByteStream {
 public:
  using executor_type = boost::asio::any_io_executor;
  using Socket = boost::asio::ip::tcp::socket;
  using error_code = boost::system::error_code;

  ByteStream(Socket socket, boost::asio::ssl::context* tls);  // null: plain TCP
  ByteStream(ByteStream&&) noexcept;
  ~ByteStream();

  executor_type get_executor() { return socket().get_executor(); }
  Socket& socket();
  SSL* ssl();                    // null: plain TCP
  std::uint64_t written() const;  // bytes that the kernel took; none of a request's proves that it was not sent
  // Until then all must have been done: what is under way at that time ends with beast::error::timeout, and the stream with it.
  void expires_at(std::chrono::steady_clock::time_point deadline);
  void expires_after(std::chrono::nanoseconds limit) { expires_at(std::chrono::steady_clock::now() + limit); }
  void expires_never();
  void close();  // at once, without a good bye

  // TLS: the peer's certificate must be this host's; before the handshake.
  void verify_host(const std::string& host);

  // Tries one address after the other. Completes with (error_code).
  template <class Token>
  auto async_connect(const boost::asio::ip::tcp::resolver::results_type& addresses, Token&& token) {
    return start<void(error_code)>([this, addresses](Done done) { connect(addresses, std::move(done)); }, token);
  }
  // Plain TCP has nothing to shake. Completes with (error_code).
  template <class Token>
  auto async_handshake(boost::asio::ssl::stream_base::handshake_type type, Token&& token) {
    return start<void(error_code)>([this, type](Done done) { handshake(type, std::move(done)); }, token);
  }
  // The orderly end of a conversation. Completes with (error_code).
  template <class Token>
  auto async_teardown(boost::beast::role_type role, Token&& token) {
    return start<void(error_code)>([this, role](Done done) { teardown(role, std::move(done)); }, token);
  }
  // Asio's AsyncReadStream and AsyncWriteStream.
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return start<void(error_code, std::size_t)>(
        [this, few = ReadBuffers{buffers}](Done done) { read_some(few, std::move(done)); }, token);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return start<void(error_code, std::size_t)>(
        [this, few = WriteBuffers{buffers}](Done done) { write_some(few, std::move(done)); }, token);
  }

  struct Layer;

 private:
  // Of a longer sequence the first ones: "some" is as many as these hold.
  template <class Buffer>
  struct Few {
    template <class Buffers>
    explicit Few(const Buffers& buffers) {
      for (auto it = boost::asio::buffer_sequence_begin(buffers);
           it != boost::asio::buffer_sequence_end(buffers) && count < all.size(); ++it) {
        if (const Buffer buffer{*it}; buffer.size() != 0) all[count++] = buffer;
      }
    }
    const Buffer* begin() const { return all.data(); }
    const Buffer* end() const { return all.data() + count; }
    std::array<Buffer, 8> all;
    std::size_t count = 0;
  };
  using ReadBuffers = Few<boost::asio::mutable_buffer>;
  using WriteBuffers = Few<boost::asio::const_buffer>;
  struct Completion {
    virtual ~Completion() = default;
    virtual void call(error_code error, std::size_t size) = 0;
  };
  using Done = std::unique_ptr<Completion>;
  template <class Signature, class Handler>
  struct CompletionOf final : Completion {
    explicit CompletionOf(Handler&& its_handler) : handler{std::move(its_handler)} {}
    void call(error_code error, std::size_t size) override {
      if constexpr (std::is_same_v<Signature, void(error_code, std::size_t)>) {
        std::move(handler)(error, size);
      } else {
        std::move(handler)(error);
      }
    }
    Handler handler;
  };
  template <class Signature, class Initiate, class Token>
  static auto start(Initiate initiate, Token& token) {
    return boost::asio::async_initiate<Token, Signature>(
        [](auto handler, Initiate begin) {
          begin(std::make_unique<CompletionOf<Signature, decltype(handler)>>(std::move(handler)));
        },
        token, std::move(initiate));
  }
  void connect(const boost::asio::ip::tcp::resolver::results_type& addresses, Done done);
  void handshake(boost::asio::ssl::stream_base::handshake_type type, Done done);
  void teardown(boost::beast::role_type role, Done done);
  void read_some(const ReadBuffers& buffers, Done done);
  void write_some(const WriteBuffers& buffers, Done done);

  std::shared_ptr<Layer> layer_;
};

// Beast looks these two up.
inline void beast_close_socket(ByteStream& stream) { stream.close(); }
template <class Handler>
void async_teardown(boost::beast::role_type role, ByteStream& stream, Handler&& handler) {
  stream.async_teardown(role, std::forward<Handler>(handler));
}

}  // namespace busbar
