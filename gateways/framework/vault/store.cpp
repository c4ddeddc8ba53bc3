#include "gateways/framework/vault/store.hpp"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus/clock.hpp"
#include "bus/folder.hpp"
#include "gateways/framework/vault/private_file.hpp"

namespace busbar::vault {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds lock_patience{5};
constexpr std::size_t key_file_size_max = 1024;
constexpr std::string_view passphrase_credential = "vault.passphrase";

Error refuse(const fs::path& path, const std::string& reason, ErrorCode code = ErrorCode::InvalidMessage) {
  return {code, path.string() + ": " + reason};
}

fs::path with(const fs::path& path, const char* behind) { return path.string() + behind; }

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

// Held by whoever changes the vault, until it ends.
class Lock {
 public:
  static Result<Lock> take(const fs::path& vault) {
    const fs::path path = with(vault, ".lock");
    Lock lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)};
    if (lock.fd_ < 0) return refuse(path, std::strerror(errno));
    const auto end = std::chrono::steady_clock::now() + lock_patience;
    while (::flock(lock.fd_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) return refuse(path, std::strerror(errno));
      if (std::chrono::steady_clock::now() > end) {
        return refuse(path, "another process has been changing the vault for 5 s");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    return lock;
  }
  Lock(Lock&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Lock& operator=(Lock&&) = delete;
  ~Lock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit Lock(int fd) : fd_{fd} {}
  int fd_;
};

std::optional<std::uint8_t> digit(std::uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

// 64 digits of `openssl rand -hex 32`, and a line's end.
Result<Secret> parse_key(const fs::path& path, const Secret& text) {
  std::span<const std::uint8_t> digits = text.bytes();
  if (!digits.empty() && digits.back() == '\n') digits = digits.first(digits.size() - 1);
  const auto malformed = [&] { return refuse(path, "a master key is 64 hexadecimal digits, in lower case"); };
  if (digits.size() != 2 * key_size) return malformed();
  Secret key = Secret::of_size(key_size);
  for (std::size_t i = 0; i < key_size; ++i) {
    const auto high = digit(digits[2 * i]);
    const auto low = digit(digits[2 * i + 1]);
    if (!high || !low) return malformed();
    key.bytes()[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  return key;
}

Result<Master> read_master(const fs::path& path, Derivation derivation) {
  auto text = read_private_file(path, key_file_size_max, Owner::Us);
  if (!text) return text.error();
  if (derivation == Derivation::Passphrase) {
    const std::size_t size = text->reveal().find_last_not_of("\r\n") + 1;
    if (size == 0) return refuse(path, "the passphrase is empty");
    text->shorten(size);
    return Master{derivation, std::move(*text)};
  }
  auto key = parse_key(path, *text);
  if (!key) return key.error();
  return Master{derivation, std::move(*key)};
}

Result<void> replace(const fs::path& path, View content, mode_t mode) {
  if (const auto error = replace_file(path, content, mode)) return refuse(path, error.message(), ErrorCode::Internal);
  return {};
}

Result<void> make_key_file(const fs::path& path) {
  Secret key = Secret::of_size(key_size);
  draw(key.bytes());
  constexpr char digits[] = "0123456789abcdef";
  Secret text = Secret::of_size(2 * key_size + 1);
  for (std::size_t i = 0; i < key_size; ++i) {
    text.bytes()[2 * i] = static_cast<std::uint8_t>(digits[key.bytes()[i] >> 4]);
    text.bytes()[2 * i + 1] = static_cast<std::uint8_t>(digits[key.bytes()[i] & 15]);
  }
  text.bytes().back() = '\n';
  return replace(path, text.bytes(), 0400);
}

// What the generation file says: "3f…  17", the vault's id and the highest generation that was written.
struct Recorded {
  std::string id;
  std::uint64_t generation = 0;
};

Result<std::optional<Recorded>> read_generation(const fs::path& path) {
  if (!is_there(path)) return std::optional<Recorded>{};
  const auto text = read_private_file(path, 128, Owner::UsOrRoot);
  if (!text) return text.error();
  const std::string_view line = text->reveal();
  Recorded recorded{std::string{line.substr(0, 32)}};
  const char* end = line.data() + line.size();
  const char* number = line.data() + std::min<std::size_t>(line.size(), 33);
  const auto [behind, error] = std::from_chars(number, end, recorded.generation);
  const bool has_id =
      line.size() > 33 && recorded.id.find_first_not_of("0123456789abcdef") == std::string::npos && line[32] == ' ';
  const bool has_number = error == std::errc{} && std::string_view(behind, end) == "\n";
  const bool is_good = has_id && has_number && recorded.generation <= generation_max;
  if (!is_good) return refuse(path, "this is no generation file: a line of the vault's id and a number");
  return std::optional{recorded};
}

Result<void> write_generation(const fs::path& path, const Id16& id, std::uint64_t generation) {
  return replace(path, bytes_of(hex(id) + " " + std::to_string(generation) + "\n"), 0600);
}

KeySource parse_source(ConfigTable& table, const std::string& text) {
  const std::string_view view = text;
  if (view == "passphrase") return {KeySource::Kind::Passphrase, {}};
  if (view.starts_with("file:/")) return {KeySource::Kind::File, text.substr(5)};
  const std::string_view name = view.substr(std::min(view.size(), std::size_t{11}));
  if (view.starts_with("credential:") && !name.empty() && name.find('/') == std::string_view::npos) {
    return {KeySource::Kind::Credential, std::string{name}};
  }
  table.refuse("key", "\"" + to_words(text) + "\" is none of \"file:/PATH\", \"credential:NAME\" and \"passphrase\"");
}

}  // namespace

Place vault_config(ConfigTable& root) {
  ConfigTable table = root.table("vault");
  Place place;
  const auto path = [&](std::string_view key, const char* fallback) -> fs::path {
    const std::string text = table.text(key, fallback);
    if (!text.starts_with('/')) table.refuse(key, "\"" + to_words(text) + "\" is not an absolute path");
    return text;
  };
  place.file = path("file", "/var/lib/busbar/vault/vault");
  place.generation_file = path("generation_file", "/var/lib/busbar/generation/vault.generation");
  if (place.file.parent_path() == place.generation_file.parent_path()) {
    table.refuse("generation_file", "must lie in another folder than the vault, or both are brought back together");
  }
  place.key = parse_source(table, table.text("key", "file:/var/lib/busbar/vault.key"));
  table.finish();
  return place;
}

Result<void> Store::create(const std::function<Result<void>(Vault&)>& fill) {
  for (const fs::path& path : {place_.file, place_.generation_file}) {
    if (const auto error = make_folder(path.parent_path())) return refuse(path.parent_path(), error.message());
  }
  const auto lock = Lock::take(place_.file);
  if (!lock) return lock.error();
  if (is_there(place_.file)) return refuse(place_.file, "there is a vault already");
  const auto recorded = read_generation(place_.generation_file);
  if (!recorded && !accepts_older_) return recorded.error();
  if (!accepts_older_ && *recorded && (*recorded)->generation > 0) {
    return refuse(place_.file, "is gone: " + place_.generation_file.string() + " tells of its generation " +
                                   std::to_string((*recorded)->generation) + "; --accept-older begins another vault");
  }
  if (place_.key.kind == KeySource::Kind::File && !is_there(place_.key.path)) {
    if (const auto error = make_folder(place_.key.path.parent_path())) {
      return refuse(place_.key.path.parent_path(), error.message());
    }
    if (auto made = make_key_file(place_.key.path); !made) return made;
  }
  auto all = masters(true);
  if (!all) return all.error();
  auto vault = Vault::make(std::move(all->front()));
  if (!vault) return vault.error();
  if (auto filled = fill(*vault); !filled) return filled;
  if (auto done = write_generation(place_.generation_file, vault->id(), 0); !done) return done;
  return write(*vault);
}

Result<Vault> Store::read() const {
  auto opened = open();
  if (!opened) return opened.error();
  return std::move(opened->vault);
}

Result<void> Store::change(const std::function<Result<void>(Vault&)>& change) {
  const auto lock = Lock::take(place_.file);
  if (!lock) return lock.error();
  auto opened = open();
  if (!opened) return opened.error();
  if (opened->by_new_key) {
    if (auto done = put_new_key_in_place(); !done) return done;
  }
  if (auto changed = change(opened->vault); !changed) return changed;
  return write(opened->vault);
}

Result<void> Store::change_master() {
  auto changed = change([this](Vault& vault) -> Result<void> {
    auto master = new_master();
    if (!master) return master.error();
    return vault.change_master(std::move(*master));
  });
  if (!changed) return changed;
  return put_new_key_in_place();
}

Result<Store::Opened> Store::open() const {
  const auto file = read_private_file(place_.file, file_size_max, Owner::UsOrRoot);
  if (!file) return file.error();
  // First what costs nothing: nobody is asked for the passphrase of a file that is no vault.
  if (const auto contents = parse(file->bytes()); !contents) return refuse(place_.file, contents.error().text);
  const auto all = masters(false);
  if (!all) return all.error();
  Error reason;
  for (std::size_t i = 0; i < all->size(); ++i) {
    auto vault = Vault::open(file->bytes(), (*all)[i]);
    if (vault) {
      auto recorded = check_generation(*vault);
      if (!recorded) return recorded.error();
      vault->raise_generation(*recorded);
      return Opened{std::move(*vault), i > 0};
    }
    reason = refuse(place_.file, vault.error().text, vault.error().code);
    if (reason.code != ErrorCode::AuthenticationFailed) break;
  }
  return reason;
}

// The one of now, and where there is one its successor: a crash between two files leaves either in use.
Result<std::vector<Master>> Store::masters(bool is_new) const {
  fs::path path = place_.key.path;
  const bool is_passphrase = place_.key.kind == KeySource::Kind::Passphrase;
  const Derivation derivation = is_passphrase ? Derivation::Passphrase : Derivation::Key;
  if (place_.key.kind != KeySource::Kind::File) {
    const fs::path folder = credentials_directory();
    if (derivation == Derivation::Passphrase) path = passphrase_credential;
    if (folder.empty() && derivation == Derivation::Key) {
      return Error{ErrorCode::PermissionDenied, "vault.key names the credential \"" + path.string() +
                                                    "\", and systemd has given this process none"};
    }
    path = folder / path;
    if (derivation == Derivation::Passphrase && (folder.empty() || !is_there(path))) {
      auto asked = passphrase(is_new);
      if (!asked) return asked.error();
      return std::vector<Master>(1, std::move(*asked));
    }
  }
  std::vector<Master> all;
  for (const fs::path& candidate : {path, with(path, ".new")}) {
    if (!all.empty() && !is_there(candidate)) continue;
    auto master = read_master(candidate, derivation);
    if (!master) return master.error();
    all.push_back(std::move(*master));
  }
  return all;
}

// Throws nothing away: until the vault is written under it, it is only one more file.
Result<Master> Store::new_master() const {
  const bool is_passphrase = place_.key.kind == KeySource::Kind::Passphrase;
  if (place_.key.kind == KeySource::Kind::File) {
    const fs::path path = with(place_.key.path, ".new");
    if (auto made = make_key_file(path); !made) return made.error();
    return read_master(path, Derivation::Key);
  }
  const fs::path folder = credentials_directory();
  const fs::path path =
      folder / with(is_passphrase ? fs::path{passphrase_credential} : place_.key.path, ".new");
  if (is_passphrase && (folder.empty() || !is_there(path))) return passphrase(true);
  return read_master(path, is_passphrase ? Derivation::Passphrase : Derivation::Key);
}

Result<Master> Store::passphrase(bool is_new) const {
  if (!ask_) {
    return Error{ErrorCode::PermissionDenied,
                 "nobody can be asked for the vault's passphrase here: hand it over as systemd's credential " +
                     std::string{passphrase_credential}};
  }
  auto typed = ask_((is_new ? "new passphrase of " : "passphrase of ") + place_.file.string(), is_new);
  if (!typed) return typed.error();
  return Master{Derivation::Passphrase, std::move(*typed)};
}

// The highest generation there has been.
Result<std::uint64_t> Store::check_generation(const Vault& vault) const {
  auto recorded = read_generation(place_.generation_file);
  const auto decide = [&](const std::string& reason) -> Result<std::uint64_t> {
    if (accepts_older_) return vault.generation();
    return Error{ErrorCode::Conflict, reason + "; --accept-older takes it as it is"};
  };
  if (!recorded) return decide(recorded.error().text);
  const std::string file = place_.generation_file.string();
  const std::string ours = place_.file.string();
  if (!*recorded) return decide(file + ": is not there, so nobody knows whether " + ours + " is the newest");
  if ((*recorded)->id != hex(vault.id())) return decide(ours + ": is another vault than the one of " + file);
  const std::uint64_t highest = (*recorded)->generation;
  if (vault.generation() < highest) {
    const auto older = decide(ours + ": is generation " + std::to_string(vault.generation()) +
                              ", an older copy: there has been generation " + std::to_string(highest) + " (" + file +
                              ")");
    if (!older) return older;
  }
  return std::max(highest, vault.generation());
}

// The vault first: between the two it is newer than what is recorded, which is good.
Result<void> Store::write(const Vault& vault) const {
  const auto file = vault.write(wall_now_ns());
  if (!file) return file.error();
  if (auto done = replace(place_.file, *file, 0600); !done) return done;
  if (auto done = write_generation(place_.generation_file, vault.id(), vault.next_generation()); !done) {
    return Error{done.error().code, done.error().text + " (the vault itself is written)"};
  }
  return {};
}

Result<void> Store::put_new_key_in_place() const {
  if (place_.key.kind != KeySource::Kind::File) return {};
  const fs::path& path = place_.key.path;
  if (::rename(with(path, ".new").c_str(), path.c_str()) != 0) {
    return refuse(path, std::strerror(errno), ErrorCode::Internal);
  }
  if (const auto error = sync_folder(path.parent_path())) return refuse(path, error.message(), ErrorCode::Internal);
  return {};
}

}  // namespace busbar::vault
