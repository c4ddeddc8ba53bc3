#include "router/snapshots.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "router/log.hpp"

namespace busbar::router {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kept = 3;
constexpr std::string_view extension = ".snap";

// By what is in them, newest first.
std::vector<std::pair<std::uint64_t, fs::path>> list(const fs::path& directory) {
  std::vector<std::pair<std::uint64_t, fs::path>> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator{directory, error}) {
    const std::string name = entry.path().filename().string();
    if (name.size() != 20 + extension.size() || !name.ends_with(extension)) continue;
    if (!std::all_of(name.begin(), name.begin() + 20, [](char c) { return c >= '0' && c <= '9'; })) continue;
    found.emplace_back(std::strtoull(name.c_str(), nullptr, 10), entry.path());
  }
  std::sort(found.rbegin(), found.rend());
  return found;
}

}  // namespace

Snapshot newest_snapshot(const fs::path& directory, std::uint64_t last,
                         const std::function<void(const std::string&)>& on_unusable) {
  for (const auto& [through, path] : list(directory)) {
    if (through > last) {
      on_unusable(path.string() + ": is ahead of the last record, " + std::to_string(last));
      continue;
    }
    std::ifstream in{path, std::ios::binary};
    const Bytes bytes{std::istreambuf_iterator<char>{in}, {}};
    auto core = Core::restore(bytes);
    if (core) return {std::move(*core), through};
    on_unusable(path.string() + ": " + core.error().text);
  }
  return {};
}

Result<void> write_snapshot(const fs::path& directory, const Core& core, std::uint64_t through) {
  char name[32];
  std::snprintf(name, sizeof name, "%020llu.snap", static_cast<unsigned long long>(through));
  const fs::path path = directory / name;
  const fs::path draft = directory / "new";
  const auto failed = [&path] {
    return Error{ErrorCode::Internal, path.string() + ": " + std::system_category().message(errno)};
  };
  std::error_code error;
  fs::create_directories(directory, error);
  const Bytes bytes = core.snapshot();
  {
    const OwnedFile out{::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640)};
    if (!out.is_open()) return failed();
    for (std::span<const std::uint8_t> rest = bytes; !rest.empty();) {
      const auto written = ::write(out.get(), rest.data(), rest.size());
      if (written < 0) return failed();
      rest = rest.subspan(static_cast<std::size_t>(written));
    }
    if (::fsync(out.get()) != 0) return failed();
  }
  if (::rename(draft.c_str(), path.c_str()) != 0) return failed();
  const OwnedFile folder{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!folder.is_open() || ::fsync(folder.get()) != 0) return failed();
  const auto all = list(directory);
  for (std::size_t i = kept; i < all.size(); ++i) fs::remove(all[i].second, error);
  return {};
}

}  // namespace busbar::router
