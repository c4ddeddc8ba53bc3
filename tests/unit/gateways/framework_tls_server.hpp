#pragma once
// A TLS server for tests that does exactly what it is told: blocking, one thread a connection, certificates of its own
// making.

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace busbar::gateway::test {

// A folder of the test's own, gone with it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// One accepted and encrypted connection.
class Peer {
 public:
  virtual ~Peer() = default;
  virtual std::string read_request() = 0;  // head and body as they came; empty at the end
  virtual std::string read(std::size_t size) = 0;
  virtual void write(const std::string& bytes) = 0;
  virtual void reset() = 0;  // RST instead of a good bye
  int number = 0;            // of the connection, from 1

  void answer(const std::string& body, const std::string& headers = {});
  // Reads the upgrade and answers it.
  void accept_websocket(const std::function<void(const std::string& request)>& on_request = {});
  std::string read_frame(int* opcode);    // unmasked; empty with opcode -1 at the end
  void write_frame(int opcode, const std::string& payload);
};

struct ServerOptions {
  std::string host = "localhost";  // in the certificate
  int protocol_max = 0;            // TLS1_1_VERSION and the like; 0 is the newest
  bool is_expired = false;
};

class TlsServer {
 public:
  TlsServer(std::function<void(Peer&)> serve, ServerOptions options = {});
  ~TlsServer();
  std::string ca_file() const;
  std::string url(std::string_view scheme = "https", std::string_view path = "/") const;
  int accepted() const { return accepted_; }
  int closed() const { return closed_; }

 private:
  void run();
  TempDir dir_;
  std::function<void(Peer&)> serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::atomic<int> closed_ = 0;
  std::atomic<bool> is_stopping_ = false;
  struct Tls;
  std::unique_ptr<Tls> tls_;
  std::thread thread_;
};

// A port of this host on which nobody listens.
std::uint16_t closed_port();

}  // namespace busbar::gateway::test
