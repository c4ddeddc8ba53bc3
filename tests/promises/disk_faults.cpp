// Preloaded into a daemon: watches what it does with its disk, so that a test can build what a power cut would have left,
// and makes one call fail when it is told to. disk_trace.py reads what this writes.
//
//   BUSBAR_DISK_ROOTS   folders to watch, by ':'; nothing happens elsewhere
//   BUSBAR_DISK_TRACE   the file of events, appended to by any number of processes and lives, in their true order
//   BUSBAR_DISK_BYTES   of a write at most so many bytes are kept in the trace; all when it is not set
//   BUSBAR_DISK_FAIL    while this file is there, it says which call shall fail with EIO ("fdatasync .log", "pwrite
//                       data.mdb"); the first such call takes it away
//   BUSBAR_DISK_HOLD    when this file is there, whoever reads LMDB next takes it away and stops, within its transaction
//   BUSBAR_DISK_STATFS  a number, in hex: the file system that statfs says the roots lie on
//
// An event is written before its call, for from then on the disk may hold it. A sync, and a write through an O_DSYNC
// descriptor, have an end as well: from there on it must. A message handed to ZeroMQ is an event too: it may have left.
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

enum Kind : char {
  Opened = 'c',    // flags: 1 it was not there, 2 it was emptied
  MadeFolder = 'm',
  Renamed = 'r',   // the data is the new path
  Removed = 'u',
  Wrote = 'w',     // flags: 1 O_DSYNC, 2 nothing but zeros, which are left out
  Sized = 't',     // flags: 1 it only grows
  Syncing = 's',
  Ended = 'e',     // of this thread's call: it is durable
  Failed = 'f',    // by us
  Mapped = 'x',    // for writing: what it writes there is not seen
  Sent = 'o',
};

struct Event {
  std::uint64_t mark = 0xB05BA2D15C7ACEE5;  // where one begins: the one before may have been cut off by its process's end
  std::uint32_t size = sizeof(Event);  // of all
  char kind = 0;
  std::uint8_t flags = 0;
  std::uint16_t path_size = 0;
  std::uint32_t process = 0;
  std::uint32_t thread = 0;
  std::uint64_t file = 0;  // inode
  std::int64_t offset = 0;
  std::int64_t length = 0;
  std::int64_t time_ns = 0;  // CLOCK_BOOTTIME
};
static_assert(sizeof(Event) == 56);

constexpr std::size_t message_size_max = 64 << 10;  // what is larger carries records to the archive, and is no answer

const char* setting(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

bool is_watched(const char* path) {
  static const char* const roots = setting("BUSBAR_DISK_ROOTS");
  for (const char* root = roots; *root != '\0';) {
    const std::size_t size = std::strcspn(root, ":");
    if (std::strncmp(path, root, size) == 0 && (path[size] == '/' || path[size] == '\0')) return true;
    root += size + (root[size] == ':');
  }
  return false;
}

int trace_file() {
  static const int file = [] {
    const char* name = setting("BUSBAR_DISK_TRACE");
    if (*name == '\0') return -1;
    return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  }();
  return file;
}

// One call, so that the events of all processes stand in one order.
void tell(Event event, const char* path = "", const void* data = nullptr, std::size_t size = 0) {
  if (trace_file() < 0) return;
  const int error = errno;
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  event.time_ns = static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
  event.process = static_cast<std::uint32_t>(::getpid());
  event.thread = static_cast<std::uint32_t>(::syscall(SYS_gettid));
  event.path_size = static_cast<std::uint16_t>(std::strlen(path));
  event.size = static_cast<std::uint32_t>(sizeof event + event.path_size + size);
  const iovec parts[] = {
      {&event, sizeof event}, {const_cast<char*>(path), event.path_size}, {const_cast<void*>(data), size}};
  if (::syscall(SYS_writev, trace_file(), parts, 3) != static_cast<long>(event.size)) std::abort();
  errno = error;
}

// The watched file or folder behind a descriptor.
struct Target {
  char path[512] = {};
  std::uint64_t file = 0;
  bool is_watched = false;

  explicit Target(int fd) {
    const int error = errno;
    struct stat status {};
    if (::fstat(fd, &status) == 0 && (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))) {
      char link[64];
      std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
      const ssize_t length = ::readlink(link, path, sizeof path - 1);
      path[length > 0 ? length : 0] = '\0';
      file = status.st_ino;
      is_watched = ::is_watched(path);
    }
    errno = error;
  }
};

bool fails_here(const char* call, const Target& target) {
  static const char* const order = setting("BUSBAR_DISK_FAIL");
  if (*order == '\0') return false;
  const int error = errno;
  bool fails = false;
  if (const int file = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, order, O_RDONLY | O_CLOEXEC)); file >= 0) {
    char text[64] = {};
    const ssize_t size = ::read(file, text, sizeof text - 1);
    ::close(file);
    char* part = size > 0 ? std::strchr(text, ' ') : nullptr;
    if (part) *part++ = '\0';
    fails = part && std::strcmp(text, call) == 0 && std::strstr(target.path, part) != nullptr &&
            ::syscall(SYS_unlinkat, AT_FDCWD, order, 0) == 0;
  }
  errno = error;
  if (fails) {
    tell({.kind = Failed, .file = target.file}, target.path);
    errno = EIO;
  }
  return fails;
}

bool is_zero(const char* bytes, std::size_t size) {
  return size == 0 || (*bytes == 0 && std::memcmp(bytes, bytes + 1, size - 1) == 0);
}

void tell_write(const Target& target, bool is_durable, const char* bytes, std::size_t size, std::int64_t offset) {
  static const std::size_t most =
      *setting("BUSBAR_DISK_BYTES") ? std::strtoul(setting("BUSBAR_DISK_BYTES"), nullptr, 10) : SIZE_MAX;
  const bool zeros = is_zero(bytes, size);
  const auto flags = static_cast<std::uint8_t>((is_durable ? 1 : 0) | (zeros ? 2 : 0));
  const auto length = static_cast<std::int64_t>(size);
  tell({.kind = Wrote, .flags = flags, .file = target.file, .offset = offset, .length = length}, target.path, bytes,
       zeros ? 0 : size < most ? size : most);
}

// A write of one piece: told, done, and told again when it is durable by itself.
template <class Call>
ssize_t write_told(int fd, const char* name, const void* bytes, std::size_t size, std::int64_t offset, Call call) {
  const Target target{fd};
  if (!target.is_watched) return call();
  if (fails_here(name, target)) return -1;
  const int flags = ::fcntl(fd, F_GETFL);
  if (offset < 0) offset = (flags & O_APPEND) ? ::lseek(fd, 0, SEEK_END) : ::lseek(fd, 0, SEEK_CUR);
  const bool is_durable = (flags & O_DSYNC) != 0;
  tell_write(target, is_durable, static_cast<const char*>(bytes), size, offset);
  const ssize_t written = call();
  if (written != static_cast<ssize_t>(size)) std::abort();  // no test has use for a disk that fails by itself
  if (is_durable) tell({.kind = Ended});
  return written;
}

int sync_told(int fd, const char* name, long call) {
  const Target target{fd};
  if (!target.is_watched) return static_cast<int>(::syscall(call, fd));
  if (fails_here(name, target)) return -1;
  tell({.kind = Syncing, .file = target.file}, target.path);
  const int result = static_cast<int>(::syscall(call, fd));
  if (result == 0) tell({.kind = Ended});
  return result;
}

int open_told(const char* path, int flags, mode_t mode) {
  struct stat before {};
  const bool may_change = is_watched(path) && (flags & (O_CREAT | O_TRUNC)) != 0;
  const bool was_there = may_change && ::stat(path, &before) == 0;
  const int fd = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  if (may_change && fd >= 0) {
    const Target target{fd};
    const int what = (was_there ? 0 : 1) | ((flags & O_TRUNC) ? 2 : 0);
    if (what != 0) tell({.kind = Opened, .flags = static_cast<std::uint8_t>(what), .file = target.file}, path);
  }
  return fd;
}

int remove_told(const char* path, int flags) {
  if (is_watched(path)) tell({.kind = Removed}, path);
  return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, path, flags));
}

int size_told(int fd, off_t size) {
  const Target target{fd};
  if (target.is_watched) tell({.kind = Sized, .file = target.file, .length = size}, target.path);
  return static_cast<int>(::syscall(SYS_ftruncate, fd, size));
}

template <class Call>
Call* next(const char* name) {
  return reinterpret_cast<Call*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) ? static_cast<mode_t>(va_arg(more, int)) : 0;
  va_end(more);
  return open_told(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & O_CREAT) ? static_cast<mode_t>(va_arg(more, int)) : 0;
  va_end(more);
  return open_told(path, flags, mode);
}

int mkdir(const char* path, mode_t mode) {
  if (is_watched(path)) tell({.kind = MadeFolder}, path);
  return static_cast<int>(::syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}
int rename(const char* from, const char* to) {
  if (is_watched(from)) tell({.kind = Renamed}, from, to, std::strlen(to));
  return static_cast<int>(::syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to));
}
int unlink(const char* path) { return remove_told(path, 0); }
int rmdir(const char* path) { return remove_told(path, AT_REMOVEDIR); }
int remove(const char* path) {
  struct stat status {};
  const bool is_folder = ::lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
  return remove_told(path, is_folder ? AT_REMOVEDIR : 0);
}
int unlinkat(int folder, const char* name, int flags) {
  const Target target{folder};
  if (target.is_watched) {
    char path[1024];
    std::snprintf(path, sizeof path, "%s/%s", target.path, name);
    tell({.kind = Removed}, path);
  } else if (folder == AT_FDCWD && is_watched(name)) {
    tell({.kind = Removed}, name);
  }
  return static_cast<int>(::syscall(SYS_unlinkat, folder, name, flags));
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
  return write_told(fd, "pwrite", bytes, size, offset,
                    [&] { return static_cast<ssize_t>(::syscall(SYS_pwrite64, fd, bytes, size, offset)); });
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) { return pwrite(fd, bytes, size, offset); }
ssize_t write(int fd, const void* bytes, size_t size) {
  return write_told(fd, "write", bytes, size, -1,
                    [&] { return static_cast<ssize_t>(::syscall(SYS_write, fd, bytes, size)); });
}
ssize_t writev(int fd, const iovec* parts, int count) {
  const Target target{fd};
  if (!target.is_watched) return static_cast<ssize_t>(::syscall(SYS_writev, fd, parts, count));
  if (fails_here("pwrite", target)) return -1;
  const int flags = ::fcntl(fd, F_GETFL);
  const bool is_durable = (flags & O_DSYNC) != 0;
  std::int64_t offset = (flags & O_APPEND) ? ::lseek(fd, 0, SEEK_END) : ::lseek(fd, 0, SEEK_CUR);
  for (int i = 0; i < count; ++i) {
    tell_write(target, is_durable, static_cast<const char*>(parts[i].iov_base), parts[i].iov_len, offset);
    offset += static_cast<std::int64_t>(parts[i].iov_len);
  }
  const auto written = static_cast<ssize_t>(::syscall(SYS_writev, fd, parts, count));
  if (is_durable && written >= 0) tell({.kind = Ended});
  return written;
}

int ftruncate(int fd, off_t size) { return size_told(fd, size); }
int ftruncate64(int fd, off64_t size) { return size_told(fd, size); }
int posix_fallocate(int fd, off_t offset, off_t size) {
  static const auto real = next<int(int, off_t, off_t)>("posix_fallocate");
  const Target target{fd};
  if (target.is_watched) tell({.kind = Sized, .flags = 1, .file = target.file, .length = offset + size}, target.path);
  return real(fd, offset, size);
}
int posix_fallocate64(int fd, off64_t offset, off64_t size) { return posix_fallocate(fd, offset, size); }

int fsync(int fd) { return sync_told(fd, "fsync", SYS_fsync); }
int fdatasync(int fd) { return sync_told(fd, "fdatasync", SYS_fdatasync); }

void* mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
  if (fd >= 0 && (protection & PROT_WRITE) != 0 && (flags & MAP_TYPE) != MAP_PRIVATE) {
    const Target target{fd};
    if (target.is_watched) tell({.kind = Mapped, .file = target.file}, target.path);
  }
  return reinterpret_cast<void*>(::syscall(SYS_mmap, address, size, protection, flags, fd, offset));
}

int statfs(const char* path, struct statfs* status) {
  static const char* const magic = setting("BUSBAR_DISK_STATFS");
  const auto result = static_cast<int>(::syscall(SYS_statfs, path, status));
  if (result == 0 && *magic != '\0' && is_watched(path)) {
    status->f_type = static_cast<decltype(status->f_type)>(std::strtoul(magic, nullptr, 16));
  }
  return result;
}

// By the signature of lmdb.h.
int mdb_cursor_get(void* cursor, void* key, void* value, int operation) {
  static const auto real = next<int(void*, void*, void*, int)>("mdb_cursor_get");
  static const char* const hold = setting("BUSBAR_DISK_HOLD");
  if (*hold != '\0' && ::syscall(SYS_unlinkat, AT_FDCWD, hold, 0) == 0) std::raise(SIGSTOP);
  return real(cursor, key, value, operation);
}

// ZeroMQ's own, by the signatures of zmq.h.
struct zmq_msg_t;
int zmq_send(void* socket, const void* bytes, size_t size, int flags) {
  constexpr int more = 2;  // ZMQ_SNDMORE: an address, and no message yet
  static const auto real = next<int(void*, const void*, size_t, int)>("zmq_send");
  if ((flags & more) == 0 && size <= message_size_max) {
    tell({.kind = Sent, .length = static_cast<std::int64_t>(size)}, "", bytes, size);
  }
  return real(socket, bytes, size, flags);
}
int zmq_msg_send(zmq_msg_t* message, void* socket, int flags) {
  static const auto real = next<int(zmq_msg_t*, void*, int)>("zmq_msg_send");
  static const auto data = next<void*(zmq_msg_t*)>("zmq_msg_data");
  static const auto size = next<size_t(const zmq_msg_t*)>("zmq_msg_size");
  if (const std::size_t bytes = size(message); bytes <= message_size_max) {
    tell({.kind = Sent, .length = static_cast<std::int64_t>(bytes)}, "", data(message), bytes);
  }
  return real(message, socket, flags);
}

}  // extern "C"
