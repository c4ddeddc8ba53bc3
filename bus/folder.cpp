#include "bus/folder.hpp"

#include <cerrno>

#include <fcntl.h>
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

}  // namespace busbar
