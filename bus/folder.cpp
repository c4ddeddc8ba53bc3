#include "bus/folder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace busbar {

std::error_code sync_folder(const std::filesystem::path& folder) {
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return {errno, std::system_category()};
  const int failed = ::fsync(file) == 0 ? 0 : errno;
  ::close(file);
  return {failed, std::system_category()};
}

std::error_code make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  const std::filesystem::path above = folder.parent_path();
  if (!above.empty() && !std::filesystem::exists(above, error)) error = make_folder(above);
  if (!error) std::filesystem::create_directory(folder, error);
  if (error) return error;
  error = sync_folder(above.empty() ? "." : above);
  // Where we may not look we have not made anything either.
  return error == std::errc::permission_denied ? std::error_code{} : error;
}

std::error_code replace_file(const std::filesystem::path& file, std::span<const std::uint8_t> content, unsigned mode) {
  const std::filesystem::path draft = file.string() + ".draft";
  ::unlink(draft.c_str());  // of who was killed
  const int out = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (out < 0) return {errno, std::system_category()};
  int failed = ::fchmod(out, mode) == 0 ? 0 : errno;  // whatever the umask says
  while (failed == 0 && !content.empty()) {
    const ssize_t written = ::write(out, content.data(), content.size());
    if (written < 0) failed = errno;
    content = content.subspan(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
  }
  if (failed == 0 && ::fsync(out) != 0) failed = errno;
  if (::close(out) != 0 && failed == 0) failed = errno;
  if (failed == 0 && ::rename(draft.c_str(), file.c_str()) != 0) failed = errno;
  if (failed == 0) return sync_folder(file.has_parent_path() ? file.parent_path() : ".");
  ::unlink(draft.c_str());
  return {failed, std::system_category()};
}

}  // namespace busbar
