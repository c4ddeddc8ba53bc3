#include "gateways/framework/vault/private_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace busbar::vault {

namespace {

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

// systemd lets the service read its credentials by an access list, and then the group's bits show its mask.
bool is_systemds(const std::filesystem::path& path) {
  const auto folder = credentials_directory();
  return !folder.empty() && path.parent_path() == folder;
}

}  // namespace

Result<Secret> read_private_file(const std::filesystem::path& path, std::size_t size_max, Owner owner) {
  const auto refuse = [&](const std::string& reason) {
    return Error{ErrorCode::PermissionDenied, path.string() + ": " + reason};
  };
  const File file{path};
  if (file.fd < 0) return refuse(std::strerror(errno));
  struct stat status{};
  if (::fstat(file.fd, &status) != 0) return refuse(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return refuse("must be a regular file");
  const bool is_given = is_systemds(path);
  if (status.st_uid != ::geteuid() && (status.st_uid != 0 || (owner == Owner::Us && !is_given))) {
    return refuse(owner == Owner::Us ? "must belong to this user" : "must belong to this user or to root");
  }
  const mode_t mode = status.st_mode & 07777;
  const bool is_ours_alone = mode == 0400 || (mode == 0600 && owner == Owner::UsOrRoot) || (mode == 0440 && is_given);
  if (!is_ours_alone) {
    return refuse(std::string{"must have mode 0400"} + (owner == Owner::Us ? "" : " or 0600") +
                  ", so that nobody else can read it");
  }
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size > size_max) return refuse("too large: " + std::to_string(size_max) + " bytes are the most");
  Secret content = Secret::of_size(size);
  for (std::size_t at = 0; at < size;) {
    const ssize_t got = ::read(file.fd, content.bytes().data() + at, size - at);
    if (got <= 0) return refuse(got < 0 ? std::strerror(errno) : "became shorter while it was read");
    at += static_cast<std::size_t>(got);
  }
  return content;
}

std::filesystem::path credentials_directory() {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  return folder == nullptr ? std::filesystem::path{} : std::filesystem::path{folder};
}

}  // namespace busbar::vault
