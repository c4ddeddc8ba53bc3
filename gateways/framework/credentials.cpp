#include "gateways/framework/credentials.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <stdexcept>

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

namespace busbar::gateway {

namespace {

constexpr std::size_t file_size_max = 64u << 10;

struct File {
  explicit File(const std::filesystem::path& path)
      : fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)} {}
  ~File() {
    if (fd >= 0) ::close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd;
};

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

}  // namespace

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  value_ = other.value_;
  other.wipe();
  return *this;
}

void Secret::wipe() noexcept {
  OPENSSL_cleanse(value_.data(), value_.size());
  value_.clear();
}

namespace {

// systemd lets the service read its credentials by an access list, and then the group's bits show its mask.
bool is_systemds(const std::filesystem::path& path) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder != nullptr && path.parent_path() == std::filesystem::path{folder};
}

std::string read_secret_file(const std::filesystem::path& path) {
  const auto refuse = [&](const std::string& reason) { return std::runtime_error{path.string() + ": " + reason}; };
  const File file{path};
  if (file.fd < 0) throw refuse(std::strerror(errno));
  struct stat status{};
  if (::fstat(file.fd, &status) != 0) throw refuse(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) throw refuse("credentials must be a regular file");
  if (status.st_uid != ::geteuid() && status.st_uid != 0) {
    throw refuse("credentials must belong to this user or to root");
  }
  const mode_t mode = status.st_mode & 07777;
  if (mode != 0400 && mode != 0600 && !(mode == 0440 && is_systemds(path))) {
    throw refuse("credentials must have mode 0400 or 0600, so that nobody else can read them");
  }

  std::string text(file_size_max, '\0');
  const ssize_t size = ::read(file.fd, text.data(), text.size());
  if (size < 0) throw refuse(std::strerror(errno));
  if (static_cast<std::size_t>(size) == text.size()) throw refuse("too large for credentials");
  text.resize(static_cast<std::size_t>(size));
  return text;
}

}  // namespace

Credentials load_credentials(const std::filesystem::path& path) {
  const auto refuse = [&](const std::string& reason) { return std::runtime_error{path.string() + ": " + reason}; };
  std::string text = read_secret_file(path);
  const struct Wipe {
    std::string& text;
    ~Wipe() { OPENSSL_cleanse(text.data(), text.size()); }
  } wipe{text};

  Credentials credentials;
  std::string_view rest = text;
  for (int line = 1; !rest.empty(); ++line) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view entry = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (entry.empty() || entry.front() == '#') continue;
    const std::size_t equals = entry.find('=');
    if (equals == std::string_view::npos) throw refuse("line " + std::to_string(line) + ": expected `name = value`");
    const std::string_view name = trim(entry.substr(0, equals));
    const std::string_view value = trim(entry.substr(equals + 1));
    Secret* const member = name == "api_key"      ? &credentials.api_key
                           : name == "secret"     ? &credentials.secret
                           : name == "passphrase" ? &credentials.passphrase
                                                  : nullptr;
    // A name that is not known is not told: a private key's own lines end in "=", and may stand here by mistake.
    if (member == nullptr && name != "secret_file") {
      throw refuse("line " + std::to_string(line) + ": only api_key, secret, secret_file and passphrase are known here");
    }
    if (value.empty()) throw refuse("line " + std::to_string(line) + ": " + std::string{name} + " is empty");
    if (member == nullptr) {
      credentials.secret = Secret{read_secret_file(path.parent_path() / value)};
      continue;
    }
    *member = Secret{std::string{value}};
  }
  if (credentials.api_key.is_empty()) throw refuse("api_key is missing");
  if (credentials.secret.is_empty()) throw refuse("secret is missing");
  return credentials;
}

}  // namespace busbar::gateway
