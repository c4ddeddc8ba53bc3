// Preloaded into busbar-router: writes down when each batch of the log had been synced, as the kernel answered, so that
// a test can hold it against the moment the broker heard of an order. Lines, CLOCK_BOOTTIME in ns:
//   w FIRST LAST      records handed to the kernel; a kill may come before they are synced
//   s TIME            everything written before is synced: after a batch, or when a log was opened
// The file is named by BUSBAR_SYNC_TIMES and appended to, over any number of lives.
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

struct BatchHeader {  // as router/log.cpp writes it
  std::uint32_t magic, count, size, crc;
  std::uint64_t first_sequence, salt;
};
constexpr std::uint32_t batch_magic = 0x48435442;

int times_file() {
  static const int out = [] {
    const char* name = std::getenv("BUSBAR_SYNC_TIMES");
    return name ? ::open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
  }();
  return out;
}

void tell(const char* text, int length) {
  if (times_file() < 0) return;
  [[maybe_unused]] const auto written = ::write(times_file(), text, static_cast<std::size_t>(length));
}

// Segments are called NUMBER.log; what is being prepared for later has another name.
bool is_segment(int fd) {
  char link[64], target[512];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t length = ::readlink(link, target, sizeof target);
  return length > 4 && std::memcmp(target + length - 4, ".log", 4) == 0;
}

}  // namespace

extern "C" ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  using Call = ssize_t (*)(int, const void*, size_t, off_t);
  static const auto real = reinterpret_cast<Call>(dlsym(RTLD_NEXT, "pwrite"));
  BatchHeader header;
  if (size >= sizeof header) {
    std::memcpy(&header, bytes, sizeof header);
    if (header.magic == batch_magic && header.count > 0) {
      char line[64];
      tell(line,
           std::snprintf(line, sizeof line, "w %llu %llu\n", static_cast<unsigned long long>(header.first_sequence),
                         static_cast<unsigned long long>(header.first_sequence + header.count - 1)));
    }
  }
  return real(fd, bytes, size, offset);
}

extern "C" ssize_t pwrite64(int fd, const void* bytes, size_t size, off_t offset) {
  return pwrite(fd, bytes, size, offset);
}

extern "C" int fdatasync(int fd) {
  using Call = int (*)(int);
  static const auto real = reinterpret_cast<Call>(dlsym(RTLD_NEXT, "fdatasync"));
  const int result = real(fd);
  const int error = errno;
  if (result == 0 && is_segment(fd)) {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    char line[64];
    tell(line, std::snprintf(line, sizeof line, "s %lld\n",
                             static_cast<long long>(now.tv_sec) * 1'000'000'000 + now.tv_nsec));
  }
  errno = error;
  return result;
}
