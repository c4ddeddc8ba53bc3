#include "tests/unit/gateways/framework_tls_server.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <mutex>
#include <stdexcept>

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

namespace busbar::gateway::test {

namespace {

template <class T, void (*release)(T*)>
struct Release {
  void operator()(T* object) const { release(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;

void require(bool is_well, const char* what) {
  if (!is_well) throw std::runtime_error{what};
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  require(extension != nullptr, "extension");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

Certificate make_certificate(const Key& key, const std::string& name, long serial, X509* issuer, const Key& issuer_key,
                             const std::string& host, bool is_expired) {
  Certificate certificate{X509_new()};
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -7200);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), is_expired ? -3600 : 86400);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  const std::basic_string<unsigned char> text{name.begin(), name.end()};
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, text.c_str(), -1, -1, 0);
  X509* const signer = issuer == nullptr ? certificate.get() : issuer;
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  add_extension(certificate.get(), signer, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  if (!host.empty()) add_extension(certificate.get(), signer, NID_subject_alt_name, "DNS:" + host);
  require(X509_sign(certificate.get(), issuer_key.get(), EVP_sha256()) > 0, "sign");
  return certificate;
}

Key make_key() { return Key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")}; }

std::string base64(const unsigned char* bytes, std::size_t size) {
  std::string out(4 * ((size + 2) / 3), '\0');
  std::vector<unsigned char> buffer(out.size() + 1);
  EVP_EncodeBlock(buffer.data(), bytes, static_cast<int>(size));
  std::copy_n(buffer.begin(), out.size(), out.begin());
  return out;
}

class SslPeer : public Peer {
 public:
  SslPeer(SSL* ssl, int fd) : ssl_{ssl}, fd_{fd} {}

  std::string read(std::size_t size) override {
    while (buffer_.size() < size && fill()) {
    }
    if (buffer_.size() < size) return {};
    std::string out = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return out;
  }

  std::string read_request() override {
    std::size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return {};
    }
    std::size_t body = 0;
    if (const std::size_t at = buffer_.find("Content-Length: "); at < end) body = std::stoul(buffer_.substr(at + 16));
    return read(end + 4 + body);
  }

  void write(const std::string& bytes) override { SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())); }

  void reset() override {
    const linger hard{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    is_reset = true;
  }

  bool is_reset = false;

 private:
  bool fill() {
    std::array<char, 16384> bytes{};
    const int size = SSL_read(ssl_, bytes.data(), bytes.size());
    if (size <= 0) return false;
    buffer_.append(bytes.data(), static_cast<std::size_t>(size));
    return true;
  }

  SSL* ssl_;
  int fd_;
  std::string buffer_;
};

}  // namespace

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "busbar-test-XXXXXX").string();
  require(::mkdtemp(pattern.data()) != nullptr, "mkdtemp");
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void Peer::answer(const std::string& body, const std::string& headers) {
  write("HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

void Peer::accept_websocket(const std::function<void(const std::string& request)>& on_request) {
  const std::string request = read_request();
  if (on_request) on_request(request);
  const std::string name = "Sec-WebSocket-Key: ";
  const std::size_t at = request.find(name);
  if (at == std::string::npos) return;
  const std::string key = request.substr(at + name.size(), request.find("\r\n", at) - at - name.size()) +
                          "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  const std::basic_string<unsigned char> bytes{key.begin(), key.end()};
  SHA1(bytes.data(), bytes.size(), digest.data());
  write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
        base64(digest.data(), digest.size()) + "\r\n\r\n");
}

std::string Peer::read_frame(int* opcode) {
  *opcode = -1;
  const std::string head = read(2);
  if (head.empty()) return {};
  std::size_t size = static_cast<unsigned char>(head[1]) & 0x7Fu;
  if (size == 126) {
    const std::string more = read(2);
    if (more.empty()) return {};
    size = static_cast<std::size_t>(static_cast<unsigned char>(more[0])) << 8 | static_cast<unsigned char>(more[1]);
  }
  const std::string mask = read(4);
  if (mask.empty()) return {};
  std::string payload = size == 0 ? std::string{} : read(size);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  *opcode = static_cast<unsigned char>(head[0]) & 0x0F;
  return payload;
}

void Peer::write_frame(int opcode, const std::string& payload) {
  std::string frame{static_cast<char>(0x80 | opcode)};
  if (payload.size() < 126) {
    frame.push_back(static_cast<char>(payload.size()));
  } else {
    frame.push_back(126);
    frame.push_back(static_cast<char>(payload.size() >> 8));
    frame.push_back(static_cast<char>(payload.size() & 0xFF));
  }
  write(frame + payload);
}

struct TlsServer::Tls {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  Key ca_key = make_key();
  Key key = make_key();
  Certificate ca;
  Certificate certificate;
  std::mutex mutex;  // guards open
  std::vector<int> open;
  std::vector<std::thread> threads;
  ~Tls() { SSL_CTX_free(context); }
};

TlsServer::TlsServer(std::function<void(Peer&)> serve, ServerOptions options)
    : serve_{std::move(serve)}, tls_{std::make_unique<Tls>()} {
  tls_->ca = make_certificate(tls_->ca_key, "Test CA", 1, nullptr, tls_->ca_key, {}, false);
  tls_->certificate =
      make_certificate(tls_->key, "Test server", 2, tls_->ca.get(), tls_->ca_key, options.host, options.is_expired);
  FILE* const file = std::fopen(ca_file().c_str(), "w");
  require(file != nullptr && PEM_write_X509(file, tls_->ca.get()) == 1, "ca file");
  std::fclose(file);
  SSL_CTX_use_certificate(tls_->context, tls_->certificate.get());
  SSL_CTX_use_PrivateKey(tls_->context, tls_->key.get());
  if (options.protocol_max != 0) {
    SSL_CTX_set_security_level(tls_->context, 0);
    SSL_CTX_set_min_proto_version(tls_->context, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(tls_->context, options.protocol_max);
    SSL_CTX_set_cipher_list(tls_->context, "ALL:@SECLEVEL=0");
  }

  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  require(::bind(listener_, generic, size) == 0 && ::listen(listener_, 100) == 0, "listen");
  require(::getsockname(listener_, generic, &size) == 0, "getsockname");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread{[this] { run(); }};
}

TlsServer::~TlsServer() {
  is_stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
  {
    const std::lock_guard lock{tls_->mutex};
    for (const int fd : tls_->open) ::shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : tls_->threads) thread.join();
}

void TlsServer::run() {
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0 || is_stopping_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    const int number = ++accepted_;
    {
      const std::lock_guard lock{tls_->mutex};
      tls_->open.push_back(fd);
    }
    tls_->threads.emplace_back([this, fd, number] {
      SSL* const ssl = SSL_new(tls_->context);
      SSL_set_fd(ssl, fd);
      bool is_reset = false;
      if (SSL_accept(ssl) == 1) {
        SslPeer peer{ssl, fd};
        peer.number = number;
        serve_(peer);
        is_reset = peer.is_reset;
        if (!is_reset) SSL_shutdown(ssl);
      }
      SSL_free(ssl);
      const std::lock_guard lock{tls_->mutex};
      std::erase(tls_->open, fd);
      ::close(fd);
      ++closed_;
    });
  }
}

std::string TlsServer::ca_file() const { return (dir_.path() / "ca.pem").string(); }

std::string TlsServer::url(std::string_view scheme, std::string_view path) const {
  return std::string{scheme} + "://localhost:" + std::to_string(port_) + std::string{path};
}

std::uint16_t closed_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  require(::bind(fd, generic, size) == 0 && ::getsockname(fd, generic, &size) == 0, "bind");
  ::close(fd);
  return ntohs(address.sin_port);
}

}  // namespace busbar::gateway::test
