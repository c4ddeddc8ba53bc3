// D12, the rest: a change of the vault that is cut off before any of its steps, by kill -9 or by a power cut, leaves the
// vault of before or of after; an older copy is refused. The steps are counted where this program takes the place of libc.

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateways/framework/vault/store.hpp"
#include "tests/promises/size.hpp"
#include "tests/unit/bus/temporary_directory.hpp"

namespace {

namespace fs = std::filesystem;

// What the disk is sure to have: of each file what was synced, and of each folder the names that were.
class Disk {
 public:
  void watch(const fs::path& root, int kill_before) {
    root_ = root;
    kill_before_ = kill_before;
    for (const auto& entry : fs::recursive_directory_iterator{root}) {
      if (entry.is_regular_file()) file_of(inode(entry.path())) = std::make_shared<std::string>(content(entry.path()));
    }
    for (const fs::path& folder : folders()) sync_names(folder);
    is_watching_ = true;
  }
  void before_step() {
    if (!is_watching_ || --kill_before_ > 0) return;
    leave();
    ::kill(::getpid(), SIGKILL);
  }
  // A power cut keeps what was synced. Names may have reached the disk without a sync, and then name what was.
  void leave() {
    is_watching_ = false;
    for (const fs::path& folder : folders()) {
      const fs::path part = fs::relative(folder, root_);
      write_all(fs::path{root_.string() + "-synced"} / part, names_[folder]);
      write_all(fs::path{root_.string() + "-named"} / part, names_in(folder));
    }
  }
  void created(const char* path) {
    if (is_watching_) file_of(inode(path)) = std::make_shared<std::string>();
  }
  void synced(int fd) {
    if (!is_watching_) return;
    const fs::path path = fs::read_symlink("/proc/self/fd/" + std::to_string(fd));
    struct stat status{};
    ::fstat(fd, &status);
    if (S_ISDIR(status.st_mode)) return sync_names(path);
    *file_of(status.st_ino) = content(path);
  }

 private:
  using File = std::shared_ptr<std::string>;
  using Names = std::map<std::string, File>;

  static ino_t inode(const fs::path& path) {
    struct stat status{};
    ::stat(path.c_str(), &status);
    return status.st_ino;
  }
  static std::string content(const fs::path& path) {
    std::ifstream stream{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }
  std::vector<fs::path> folders() const {
    std::vector<fs::path> all(1, root_);
    for (const auto& entry : fs::recursive_directory_iterator{root_}) {
      if (entry.is_directory()) all.push_back(entry.path());
    }
    return all;
  }
  File& file_of(ino_t number) { return files_[number]; }
  Names names_in(const fs::path& folder) {
    Names names;
    for (const auto& entry : fs::directory_iterator{folder}) {
      if (entry.is_regular_file()) names[entry.path().filename()] = file_of(inode(entry.path()));
    }
    return names;
  }
  void sync_names(const fs::path& folder) { names_[folder] = names_in(folder); }
  static void write_all(const fs::path& folder, const Names& names) {
    fs::create_directories(folder);
    for (const auto& [name, file] : names) {
      std::ofstream{folder / name, std::ios::binary} << (file ? *file : "");
      const bool is_key = name.ends_with(".key") || name.ends_with(".key.new");
      ::chmod((folder / name).c_str(), is_key ? 0400 : 0600);
    }
  }

  fs::path root_;
  int kill_before_ = 0;
  bool is_watching_ = false;
  std::map<ino_t, File> files_;
  std::map<fs::path, Names> names_;
};

Disk disk;

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const unsigned mode = (flags & O_CREAT) != 0 ? va_arg(more, unsigned) : 0;
  va_end(more);
  if ((flags & O_CREAT) != 0) disk.before_step();
  const bool is_new = (flags & O_EXCL) != 0;
  const int fd = static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
  if (fd >= 0 && is_new) disk.created(path);
  return fd;
}
int fsync(int fd) {
  disk.before_step();
  disk.synced(fd);
  return 0;
}
int rename(const char* from, const char* to) noexcept {
  disk.before_step();
  return static_cast<int>(::syscall(SYS_rename, from, to));
}
int unlink(const char* path) noexcept {
  disk.before_step();
  return static_cast<int>(::syscall(SYS_unlink, path));
}
int fchmod(int fd, mode_t mode) noexcept {
  disk.before_step();
  return static_cast<int>(::syscall(SYS_fchmod, fd, mode));
}
ssize_t write(int fd, const void* bytes, size_t size) {
  disk.before_step();
  if (size > 8) size /= 2;  // and is cut off within
  return ::syscall(SYS_write, fd, bytes, size);
}

}  // extern "C"

namespace busbar::promises {
namespace {

using namespace busbar::vault;

Place place_in(const fs::path& root) {
  return {root / "vault/vault", root / "kept/generation", {KeySource::Kind::File, root / "keys/vault.key"}};
}

Secret secret(const std::string& text) { return Secret{text}; }

class Crash : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Store{place_in(template_)}.create([](Vault& vault) -> Result<void> {
      vault.set("alpha", secret("one"), 1).value();
      vault.set("beta", secret("two"), 1).value();
      return {};
    }));
  }

  // A vault, as the texts of its entries; or why there is none.
  static std::string state_of(const fs::path& root) {
    const auto vault = Store{place_in(root)}.read();
    if (!vault) return "REFUSED: " + vault.error().text;
    std::string state;
    for (const EntryInfo& entry : vault->list()) {
      state += entry.name + " " + std::string{vault->get(entry.name)->reveal()} + "\n";
    }
    return state;
  }

  struct Operation {
    const char* name;
    std::string after;
    std::function<Result<void>(Store&)> run;
  };

  // Cut off before its n-th step. False when there were fewer.
  bool cut_off(const Operation& operation, int n, const std::string& before) {
    const TemporaryDirectory directory;
    const fs::path root = directory.path() / "live";
    fs::copy(template_, root, fs::copy_options::recursive);
    const pid_t child = ::fork();
    if (child == 0) {
      disk.watch(root, n);
      Store store{place_in(root)};
      const bool is_done = operation.run(store).has_value();
      disk.leave();
      ::_exit(is_done ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    const bool is_whole = WIFEXITED(status);
    EXPECT_TRUE(!is_whole || WEXITSTATUS(status) == 0) << operation.name;
    for (const char* view : {"", "-synced", "-named"}) {
      const std::string state = state_of(root.string() + view);
      SCOPED_TRACE(std::string{operation.name} + view + ", cut off before step " + std::to_string(n));
      ++states_;
      if (is_whole) {
        EXPECT_EQ(state, operation.after) << "it said that it was done";
      } else if (state != before) {
        EXPECT_EQ(state, operation.after);
      }
      // Whoever comes next goes on from there.
      Store next{place_in(root.string() + view)};
      const auto done = next.change([](Vault& vault) { return vault.set("next", secret("three"), 3); });
      EXPECT_TRUE(done) << done.error().text;
      EXPECT_EQ(state_of(root.string() + view), state + "next three\n");
    }
    return !is_whole;
  }

  TemporaryDirectory directory_;
  const fs::path template_ = directory_.path() / "template";
  int states_ = 0;
};

TEST_F(Crash, LeavesTheVaultOfBeforeOrOfAfter) {
  const std::string before = state_of(template_);
  ASSERT_EQ(before, "alpha one\nbeta two\n");
  const auto changing = [](std::function<Result<void>(Vault&)> change) {
    return [change](Store& store) { return store.change(change); };
  };
  const Operation operations[] = {
      {"set of a new entry", "alpha one\nbeta two\ngamma four\n",
       changing([](Vault& vault) { return vault.set("gamma", secret("four"), 2); })},
      {"set", "alpha five\nbeta two\n", changing([](Vault& vault) { return vault.set("alpha", secret("five"), 2); })},
      {"rm", "beta two\n", changing([](Vault& vault) -> Result<void> {
         return vault.remove("alpha") ? Result<void>{} : Error{};
       })},
      {"rotate", before, changing([](Vault& vault) { return vault.rotate_all(2); })},
      {"rotate --master", before, [](Store& store) { return store.change_master(); }},
  };
  int steps = 0;
  for (const Operation& operation : operations) {
    int n = 1;
    while (cut_off(operation, n, before)) ++n;
    steps += n - 1;
    EXPECT_GE(n, 12) << operation.name << " has steps";
  }
  std::printf("D12: %zu kinds of change cut off before each of their %d steps, by kill -9 and by power cuts: %d states, "
              "each the vault of before or of after\n", std::size(operations), steps, states_);
}

TEST_F(Crash, OfTheFirstMakingCanBeMadeAgain) {
  int n = 1;
  for (bool is_whole = false; !is_whole; ++n) {
    const TemporaryDirectory directory;
    const fs::path root = directory.path() / "live";
    for (const char* folder : {"vault", "kept", "keys"}) fs::create_directories(root / folder);
    const auto nothing = [](Vault&) -> Result<void> { return {}; };
    const pid_t child = ::fork();
    if (child == 0) {
      disk.watch(root, n);
      const bool is_done = Store{place_in(root)}.create(nothing).has_value();
      disk.leave();
      ::_exit(is_done ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    is_whole = WIFEXITED(status);
    for (const char* view : {"", "-synced", "-named"}) {
      const fs::path there = root.string() + view;
      SCOPED_TRACE("init" + std::string{view} + ", cut off before step " + std::to_string(n));
      if (!fs::exists(place_in(there).file)) {
        EXPECT_FALSE(is_whole);
        const auto made = Store{place_in(there)}.create(nothing);
        EXPECT_TRUE(made) << made.error().text;
      }
      EXPECT_EQ(state_of(there), "");
    }
  }
  EXPECT_GE(n, 20);
}

TEST_F(Crash, AnOlderCopyIsRefusedUnlessItIsAccepted) {
  const Place place = place_in(template_);
  const fs::path copy = directory_.path() / "copy";
  int refused = 0;
  const int times_older = static_cast<int>(times(100, 20));
  for (int i = 0; i < times_older; ++i) {
    if (i % 4 == 0) fs::copy_file(place.file, copy, fs::copy_options::overwrite_existing);
    Store store{place};
    ASSERT_TRUE(store.change([&](Vault& vault) { return vault.set("alpha", secret("new " + std::to_string(i)), 2); }));
    const fs::path newest = directory_.path() / "newest";
    fs::copy_file(place.file, newest, fs::copy_options::overwrite_existing);
    fs::copy_file(copy, place.file, fs::copy_options::overwrite_existing);
    const std::string said = state_of(template_);
    refused += said.find("REFUSED: ") == 0 && said.find("an older copy") != std::string::npos;
    EXPECT_FALSE(store.change([&](Vault& vault) { return vault.set("alpha", secret("over"), 2); }));
    fs::copy_file(newest, place.file, fs::copy_options::overwrite_existing);
  }
  EXPECT_EQ(refused, times_older);
  EXPECT_NE(state_of(template_).find("new " + std::to_string(times_older - 1)), std::string::npos);

  // Going back on purpose: from then on it is the newest, and the one of before is the older copy.
  const fs::path abandoned = directory_.path() / "abandoned";
  fs::copy_file(place.file, abandoned, fs::copy_options::overwrite_existing);
  fs::copy_file(copy, place.file, fs::copy_options::overwrite_existing);
  Store store{place};
  store.accept_older();
  ASSERT_TRUE(store.change([](Vault& vault) { return vault.set("beta", secret("back"), 3); }));
  EXPECT_NE(state_of(template_).find("beta back"), std::string::npos);
  fs::copy_file(abandoned, place.file, fs::copy_options::overwrite_existing);
  EXPECT_EQ(state_of(template_).find("REFUSED: "), 0u);

  // Without what was kept outside nobody knows; and it is of this vault alone.
  fs::remove(place.generation_file);
  EXPECT_NE(state_of(template_).find("nobody knows"), std::string::npos);
  std::ofstream{place.generation_file} << std::string(32, '0') << " 1\n";
  ::chmod(place.generation_file.c_str(), 0600);
  EXPECT_NE(state_of(template_).find("another vault"), std::string::npos);
  std::ofstream{place.generation_file} << "nonsense\n";
  EXPECT_NE(state_of(template_).find("no generation file"), std::string::npos);
  std::printf("D12: %d of %d older copies refused\n", refused, times_older);
}

}  // namespace
}  // namespace busbar::promises
