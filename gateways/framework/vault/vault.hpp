#pragma once
// The vault: secrets under names, each sealed under a data key of its own, which is sealed under a key from the master
// key. All of it in memory; where the file lies and who may read it is store.hpp's.

#include "gateways/framework/vault/format.hpp"

namespace busbar::vault {

// What the operator hands over: 32 bytes of chance, or a passphrase.
struct Master {
  Derivation derivation = Derivation::Key;
  Secret secret;
};

struct EntryInfo {
  std::string name;
  std::uint64_t version = 0;
  Timestamp set_at = 0;
  Timestamp sealed_at = 0;
};

class Vault {
 public:
  // The wrapping key is replaced by itself before it has sealed so many data keys; SP 800-38D permits 2^32.
  static constexpr std::uint64_t wraps_max_default = std::uint64_t{1} << 31;

  static Result<Vault> make(Master master);
  // Refuses a file that was not written by whoever has the master key, in words that name the entry where there is one.
  // AuthenticationFailed: the master key is another one.
  static Result<Vault> open(View file, const Master& master, std::uint64_t wraps_max = wraps_max_default);

  const Id16& id() const { return contents_.id; }
  std::uint64_t generation() const { return contents_.generation; }  // as it was read
  std::uint64_t next_generation() const { return next_generation_; }  // as it will be written
  std::vector<EntryInfo> list() const;
  bool has(std::string_view name) const;
  Result<Secret> get(std::string_view name) const;

  // Changes are for one write(), after which the file is opened anew.
  Result<void> set(std::string_view name, const Secret& secret, Timestamp now);
  bool remove(std::string_view name);
  Result<void> rotate(std::string_view name, Timestamp now);  // another data key
  Result<void> rotate_all(Timestamp now);                     // of each entry, and another wrapping key
  Result<void> change_master(Master master);

  // The file of the next generation, which is the version of every entry sealed meanwhile.
  Result<Bytes> write(Timestamp now) const;
  // After an older file was accepted: the next one is newer than all there have been.
  void raise_generation(std::uint64_t at_least);

 private:
  struct Keys {
    Secret wrapping;
    Secret file;
    Secret check;
  };

  Result<Keys> derive() const;
  Result<void> rekey(Secret root, Contents contents);
  Result<void> wrap(Entry& entry, View data_key);
  Result<Secret> unwrap(const Entry& entry) const;
  Result<Secret> reveal(const Entry& entry) const;
  Result<Entry> sealed(std::string_view name, const Secret& secret, Timestamp set_at, Timestamp now);
  Error find_what_is_altered() const;
  std::vector<Entry>::iterator place_of(std::string_view name);
  const Entry* find(std::string_view name) const;

  Contents contents_;
  std::uint64_t next_generation_ = 1;
  std::uint64_t wraps_max_ = wraps_max_default;
  Secret root_;  // the master key, 32 bytes
  Keys keys_;
};

}  // namespace busbar::vault
