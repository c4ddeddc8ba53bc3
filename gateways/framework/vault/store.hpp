#pragma once
// Where the vault lies, what opens it, and how it changes: whole file by whole file, so that a crash leaves the old one or
// the new one. One writes at a time; readers take the file as it is.

#include <filesystem>
#include <functional>
#include <optional>

#include "bus/config.hpp"
#include "gateways/framework/vault/vault.hpp"

namespace busbar::vault {

// Where the master key comes from: "file:/etc/busbar/vault.key", "credential:vault.key", "passphrase".
struct KeySource {
  enum class Kind { File, Credential, Passphrase };
  Kind kind = Kind::File;
  std::filesystem::path path;  // of a file; of a credential its name
};

struct Place {
  std::filesystem::path file;
  std::filesystem::path generation_file;  // in another folder, for who brings back the one should not bring back the other
  KeySource key;
};

// Table [vault]; without it, what a host installed by the docs has.
Place vault_config(ConfigTable& root);

// Asks a person: "passphrase of the vault"; twice where it is a new one. None: there is nobody to ask.
using AskPassphrase = std::function<Result<Secret>(const std::string& what, bool is_new)>;

class Store {
 public:
  explicit Store(Place place, AskPassphrase ask = nullptr) : place_{std::move(place)}, ask_{std::move(ask)} {}
  // An older file than there has been is taken: what was set since is gone, and the next change makes it good.
  void accept_older() { accepts_older_ = true; }

  // Refuses when there is a vault already. Makes the key file where one is named that is not there.
  Result<void> create(const std::function<Result<void>(Vault&)>& fill);
  Result<Vault> read() const;
  // Under the lock: reads, changes and writes. It is on disk when this returns well.
  Result<void> change(const std::function<Result<void>(Vault&)>& change);
  // Another master key, from where the old one comes. A key file is replaced; a credential NAME is succeeded by NAME.new,
  // which has to be there.
  Result<void> change_master();

 private:
  struct Opened {
    Vault vault;
    bool by_new_key = false;
  };
  Result<Opened> open() const;
  Result<std::vector<Master>> masters(bool is_new) const;
  Result<Master> new_master() const;
  Result<Master> passphrase(bool is_new) const;
  Result<std::uint64_t> check_generation(const Vault& vault) const;
  Result<void> write(const Vault& vault) const;
  Result<void> put_new_key_in_place() const;

  Place place_;
  AskPassphrase ask_;
  bool accepts_older_ = false;
};

}  // namespace busbar::vault
