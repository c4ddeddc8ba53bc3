#include "gateways/framework/tls_stream.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>
#include <span>
#include <stdexcept>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "gateways/framework/base64.hpp"

namespace busbar::gateway {

using asio::ip::tcp;
using std::chrono::steady_clock;

namespace {

// Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
constexpr const char* ciphers_tls12 = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* pin_prefix = "sha256/";

bool is_host(std::string_view text) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  return !text.empty() && text.size() <= 253 && text.find_first_not_of(letters) == std::string_view::npos;
}

bool is_target(std::string_view text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~' || c == '#') return false;
  }
  return true;
}

bool is_address(const std::string& host) {
  error_code error;
  asio::ip::make_address(host, error);
  return !error;
}

Error connection_error(std::string_view step, const Url& url, std::string_view reason) {
  return {ErrorCode::ConnectionError, std::string{step} + " " + url.host + ":" + url.port + ": " + std::string{reason}};
}

// getaddrinfo blocks in a thread of its own and knows no time limit, so it may outlive who asked.
asio::awaitable<std::optional<Error>> resolve(asio::io_context& loop, const Url& url, steady_clock::time_point deadline,
                                              tcp::resolver::results_type& out) {
  struct Waiting {
    explicit Waiting(asio::io_context& io) : resolver{io}, timer{io} {}
    tcp::resolver resolver;
    asio::steady_timer timer;
    bool is_done = false;
    error_code error;
    tcp::resolver::results_type results;
  };
  const auto waiting = std::make_shared<Waiting>(loop);
  waiting->timer.expires_at(deadline);
  waiting->resolver.async_resolve(url.host, url.port, [waiting](error_code error, tcp::resolver::results_type results) {
    waiting->is_done = true;
    waiting->error = error;
    waiting->results = std::move(results);
    waiting->timer.cancel();
  });
  if (!waiting->is_done) co_await waiting->timer.async_wait(no_throw);
  if (!waiting->is_done) {
    waiting->resolver.cancel();
    co_return connection_error("resolve", url, "no answer in time");
  }
  if (waiting->error) co_return connection_error("resolve", url, waiting->error.message());
  out = std::move(waiting->results);
  co_return std::nullopt;
}

// Of a handshake: what OpenSSL thought of the certificate says more than "certificate verify failed".
std::string handshake_reason(ByteStream& stream, const error_code& error) {
  if (error.category() != asio::error::get_ssl_category()) return error.message();
  if (ERR_GET_REASON(static_cast<unsigned long>(error.value())) != SSL_R_CERTIFICATE_VERIFY_FAILED) {
    return error.message();
  }
  const long result = SSL_get_verify_result(stream.ssl());
  if (result == X509_V_ERR_APPLICATION_VERIFICATION) return "no key of the certificate's chain is pinned";
  if (result == X509_V_OK || result == X509_V_ERR_UNSPECIFIED) return "the certificate is not for this host name";
  return X509_verify_cert_error_string(result);
}

std::string pin_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  unsigned char* key = nullptr;
  const int key_size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &key);
  const bool is_hashed = key_size > 0 && EVP_Digest(key, static_cast<std::size_t>(key_size), hash.data(), &size,
                                                    EVP_sha256(), nullptr) == 1;
  OPENSSL_free(key);
  return is_hashed ? pin_prefix + base64(std::span{hash}.first(size)) : std::string{};
}

// In place of OpenSSL's own verification, which it asks first: so no handshake is completed with a key that is not pinned.
int verify_pinned(X509_STORE_CTX* store, void* pinned) {
  if (X509_verify_cert(store) != 1) return 0;
  const auto& pins = *static_cast<const std::vector<std::string>*>(pinned);
  const STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(store);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    if (std::find(pins.begin(), pins.end(), pin_of(sk_X509_value(chain, i))) != pins.end()) return 1;
  }
  X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

}  // namespace

bool is_pin(std::string_view text) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t letters_of_32_bytes = 43;
  if (!text.starts_with(pin_prefix) || !text.ends_with('=')) return false;
  text.remove_prefix(std::string_view{pin_prefix}.size());
  text.remove_suffix(1);
  return text.size() == letters_of_32_bytes && text.find_first_not_of(letters) == std::string_view::npos;
}

TlsContext::TlsContext(const std::string& ca_file, const std::vector<std::string>& pins)
    : impl_{std::make_unique<Impl>()} {
  asio::ssl::context& context = impl_->context;
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_compression);
  if (SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context.native_handle(), ciphers_tls12) != 1) {
    throw std::runtime_error{"TLS: this OpenSSL does not know TLS 1.2 or its ciphers"};
  }
  context.set_verify_mode(asio::ssl::verify_peer);
  impl_->pins = pins;
  if (!pins.empty()) SSL_CTX_set_cert_verify_callback(context.native_handle(), verify_pinned, &impl_->pins);
  error_code error;
  context.set_default_verify_paths(error);
  if (error) throw std::runtime_error{"TLS: the system's CA certificates: " + error.message()};
  if (ca_file.empty()) return;
  context.load_verify_file(ca_file, error);
  if (error) throw std::runtime_error{"TLS: ca_file " + ca_file + ": " + error.message()};
}

TlsContext::~TlsContext() = default;

Result<Url> parse_url(std::string_view text) {
  const auto refuse = [&](std::string_view reason) {
    return Error{ErrorCode::InvalidMessage, "url \"" + std::string{text} + "\": " + std::string{reason}};
  };
  Url url;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else if (rest.starts_with("wss://")) {
    rest.remove_prefix(6);
    url.is_websocket = true;
  } else {
    return refuse("must start with https:// or wss://");
  }
  const std::size_t path = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, path);
  url.target = path == std::string_view::npos ? "/" : std::string{rest.substr(path)};
  if (url.target.front() == '?') url.target.insert(0, "/");
  if (authority.find('@') != std::string_view::npos) return refuse("a user name or password has no place in it");
  url.port = "443";
  if (const std::size_t colon = authority.rfind(':'); colon != std::string_view::npos) {
    const std::string_view port = authority.substr(colon + 1);
    authority = authority.substr(0, colon);
    if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string_view::npos ||
        std::stoi(std::string{port}) < 1 || std::stoi(std::string{port}) > 65535) {
      return refuse("the port must be 1 to 65535");
    }
    url.port = std::string{port};
  }
  if (!is_host(authority)) return refuse("the host must be a name or an IPv4 address");
  if (!is_target(url.target)) return refuse("the path must be printable ASCII without spaces or #");
  url.host = std::string{authority};
  return url;
}

asio::awaitable<Result<std::unique_ptr<ByteStream>>> open_tls(asio::io_context& loop, TlsContext& tls, Url url,
                                                             std::chrono::milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  tcp::resolver::results_type addresses;
  const std::optional<Error> unresolved = co_await resolve(loop, url, deadline, addresses);
  if (unresolved) co_return *unresolved;

  auto stream = std::make_unique<ByteStream>(tcp::socket{loop}, &tls.impl().context);
  stream->expires_at(deadline);
  const auto [connect_error] = co_await stream->async_connect(addresses, no_throw);
  if (connect_error) co_return connection_error("connect", url, connect_error.message());
  error_code ignored;
  stream->socket().set_option(tcp::no_delay{true}, ignored);

  // RFC 6066 knows names only. (SSL_set_tlsext_host_name is this line with a C cast.)
  if (!is_address(url.host) && SSL_ctrl(stream->ssl(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                        url.host.data()) != 1) {
    co_return connection_error("TLS with", url, "the host name cannot be asked for");
  }
  stream->verify_host(url.host);
  const auto [handshake_error] = co_await stream->async_handshake(asio::ssl::stream_base::client, no_throw);
  if (handshake_error) co_return connection_error("TLS with", url, handshake_reason(*stream, handshake_error));
  stream->expires_never();
  co_return std::move(stream);
}

std::string host_header(const Url& url) { return url.port == "443" ? url.host : url.host + ":" + url.port; }

std::uint64_t next_connection() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

std::uint64_t next_exchange() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace busbar::gateway
