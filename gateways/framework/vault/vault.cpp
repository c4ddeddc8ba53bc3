#include "gateways/framework/vault/vault.hpp"

#include <algorithm>

namespace busbar::vault {

namespace {

constexpr std::size_t passphrase_size_min = 12;

Error refuse(std::string text) { return {ErrorCode::InvalidMessage, std::move(text)}; }

std::string words_of(const Entry& entry) {
  return "entry \"" + entry.name + "\", version " + std::to_string(entry.version) + ",";
}

// The master key: what was handed over, or what scrypt makes of it at the costs of the file.
Result<Secret> root_of(const Master& master, const Contents& contents) {
  if (master.derivation != contents.derivation) {
    return Error{ErrorCode::AuthenticationFailed, contents.derivation == Derivation::Key
                                                      ? "this vault is opened by a key, not by a passphrase"
                                                      : "this vault is opened by a passphrase, not by a key"};
  }
  if (master.derivation == Derivation::Passphrase) {
    return scrypt(master.secret.reveal(), contents.scrypt_salt, contents.cost, key_size);
  }
  if (master.secret.bytes().size() != key_size) return refuse("the master key must have 32 bytes");
  return master.secret;
}

}  // namespace

Result<Vault> Vault::make(Master master) {
  Vault vault;
  draw(vault.contents_.id);
  if (auto done = vault.change_master(std::move(master)); !done) return done.error();
  return vault;
}

Result<Vault> Vault::open(View file, const Master& master, std::uint64_t wraps_max) {
  auto contents = parse(file);
  if (!contents) return contents.error();
  Vault vault;
  vault.contents_ = std::move(*contents);
  vault.next_generation_ = vault.contents_.generation + 1;
  vault.wraps_max_ = wraps_max;
  auto root = root_of(master, vault.contents_);
  if (!root) return root.error();
  vault.root_ = std::move(*root);
  auto keys = vault.derive();
  if (!keys) return keys.error();
  vault.keys_ = std::move(*keys);
  if (!is_equal(vault.keys_.check.bytes(), vault.contents_.check)) {
    const bool is_key = master.derivation == Derivation::Key;
    return Error{ErrorCode::AuthenticationFailed,
                 std::string{is_key ? "another key" : "another passphrase"} + " is needed, or the header is altered"};
  }
  const View body = file.first(file.size() - trailer_size);
  if (!is_equal(hmac(vault.keys_.file.bytes(), body), file.last(trailer_size))) return vault.find_what_is_altered();
  return vault;
}

std::vector<EntryInfo> Vault::list() const {
  std::vector<EntryInfo> all;
  for (const Entry& entry : contents_.entries) {
    all.push_back({entry.name, entry.version, entry.set_at, entry.sealed_at});
  }
  return all;
}

bool Vault::has(std::string_view name) const { return find(name) != nullptr; }

Result<Secret> Vault::get(std::string_view name) const {
  const Entry* entry = find(name);
  if (entry == nullptr) return refuse("there is no entry \"" + to_words(name) + "\"");
  return reveal(*entry);
}

Result<void> Vault::set(std::string_view name, const Secret& secret, Timestamp now) {
  if (auto error = check_name(name)) return *error;
  if (secret.is_empty()) return refuse("an entry cannot be empty");
  if (secret.bytes().size() > secret_size_max) {
    return refuse(std::to_string(secret.bytes().size()) + " bytes are too many for an entry; 16384 is the most");
  }
  const bool is_new = !has(name);
  if (is_new && contents_.entries.size() == entries_max) return refuse("the vault is full: 256 entries");
  auto entry = sealed(name, secret, now, now);
  if (!entry) return entry.error();
  const auto place = place_of(name);
  if (is_new) {
    contents_.entries.insert(place, std::move(*entry));
  } else {
    *place = std::move(*entry);
  }
  return {};
}

bool Vault::remove(std::string_view name) {
  if (!has(name)) return false;
  contents_.entries.erase(place_of(name));
  return true;
}

Result<void> Vault::rotate(std::string_view name, Timestamp now) {
  const Entry* old = find(name);
  if (old == nullptr) return refuse("there is no entry \"" + to_words(name) + "\"");
  const auto secret = reveal(*old);
  if (!secret) return secret.error();
  auto entry = sealed(name, *secret, old->set_at, now);
  if (!entry) return entry.error();
  *place_of(name) = std::move(*entry);
  return {};
}

Result<void> Vault::rotate_all(Timestamp now) {
  for (const EntryInfo& entry : list()) {
    if (auto done = rotate(entry.name, now); !done) return done.error();
  }
  return rekey(root_, contents_);
}

Result<void> Vault::change_master(Master master) {
  Contents next = contents_;
  next.derivation = master.derivation;
  next.cost = {0, 0, 0};
  next.scrypt_salt = {};
  if (master.derivation == Derivation::Passphrase) {
    if (master.secret.bytes().size() < passphrase_size_min) {
      return refuse("a new passphrase needs 12 characters at least");
    }
    next.cost = {};
    draw(next.scrypt_salt);
  }
  auto root = root_of(master, next);
  if (!root) return root.error();
  return rekey(std::move(*root), std::move(next));
}

Result<Bytes> Vault::write(Timestamp now) const {
  Contents next = contents_;
  next.generation = next_generation_;
  next.written_at = now;
  Bytes file = vault::write(next);
  const auto trailer = hmac(keys_.file.bytes(), file);
  file.insert(file.end(), trailer.begin(), trailer.end());
  return file;
}

void Vault::raise_generation(std::uint64_t at_least) { next_generation_ = std::max(next_generation_, at_least + 1); }

Result<Vault::Keys> Vault::derive() const {
  const auto key = [&](std::string_view purpose, std::size_t size) {
    return hkdf(root_.bytes(), contents_.wrap_salt, bytes_of(purpose), size);
  };
  auto wrapping = key("busbar vault 1: data keys", key_size);
  auto file = key("busbar vault 1: file", key_size);
  auto check = key("busbar vault 1: check", contents_.check.size());
  for (const auto* made : {&wrapping, &file, &check}) {
    if (!*made) return made->error();
  }
  return Keys{std::move(*wrapping), std::move(*file), std::move(*check)};
}

// Every data key is sealed anew, under the wrapping key that comes from `root` and another salt. All or nothing.
Result<void> Vault::rekey(Secret root, Contents contents) {
  Vault next = *this;
  next.contents_ = std::move(contents);
  next.root_ = std::move(root);
  draw(next.contents_.wrap_salt);
  next.contents_.wraps = 0;
  auto keys = next.derive();
  if (!keys) return keys.error();
  next.keys_ = std::move(*keys);
  std::ranges::copy(next.keys_.check.bytes(), next.contents_.check.begin());
  for (Entry& entry : next.contents_.entries) {
    const auto data_key = unwrap(entry);
    if (!data_key) return data_key.error();
    if (auto done = next.wrap(entry, data_key->bytes()); !done) return done.error();
  }
  *this = std::move(next);
  return {};
}

Result<void> Vault::wrap(Entry& entry, View data_key) {
  auto wrapped = seal(keys_.wrapping.bytes(), associated(contents_.id, entry, 'K'), data_key);
  if (!wrapped) return wrapped.error();
  entry.wrapped = std::move(*wrapped);
  ++contents_.wraps;
  return {};
}

Result<Secret> Vault::unwrap(const Entry& entry) const {
  auto key = unseal(keys_.wrapping.bytes(), associated(contents_.id, entry, 'K'), entry.wrapped);
  if (key) return key;
  return refuse(words_of(entry) + " is altered, exchanged with another one, or from another vault");
}

Result<Secret> Vault::reveal(const Entry& entry) const {
  const auto key = unwrap(entry);
  if (!key) return key.error();
  auto secret = unseal(key->bytes(), associated(contents_.id, entry, 'S'), entry.sealed);
  if (secret) return secret;
  return refuse(words_of(entry) + " has an altered secret, or that of another version");
}

// As the next generation's: a data key that seals once.
Result<Entry> Vault::sealed(std::string_view name, const Secret& secret, Timestamp set_at, Timestamp now) {
  if (contents_.wraps >= wraps_max_) {
    if (auto done = rekey(root_, contents_); !done) return done.error();
  }
  Entry entry;
  entry.name = name;
  entry.version = next_generation_;
  entry.set_at = set_at;
  entry.sealed_at = now;
  entry.sealed.resize(secret.bytes().size() + seal_size);  // its size is part of what the seals are bound to
  Secret key = Secret::of_size(key_size);
  draw(key.bytes());
  auto secret_sealed = seal(key.bytes(), associated(contents_.id, entry, 'S'), secret.bytes());
  if (!secret_sealed) return secret_sealed.error();
  entry.sealed = std::move(*secret_sealed);
  if (auto done = wrap(entry, key.bytes()); !done) return done.error();
  return entry;
}

// The trailer says that something is; the entries' own seals say which, where it is one of them.
Error Vault::find_what_is_altered() const {
  for (const Entry& entry : contents_.entries) {
    if (const auto secret = reveal(entry); !secret) return secret.error();
  }
  return refuse(
      "the header or the trailer is altered, or an entry was added, taken out, or put back as an older version: each of "
      "the " + std::to_string(contents_.entries.size()) + " entries is whole by itself");
}

std::vector<Entry>::iterator Vault::place_of(std::string_view name) {
  return std::lower_bound(contents_.entries.begin(), contents_.entries.end(), name,
                          [](const Entry& entry, std::string_view wanted) { return entry.name < wanted; });
}

const Entry* Vault::find(std::string_view name) const {
  const auto is_it = [&](const Entry& entry) { return entry.name == name; };
  const auto found = std::find_if(contents_.entries.begin(), contents_.entries.end(), is_it);
  return found == contents_.entries.end() ? nullptr : &*found;
}

}  // namespace busbar::vault
