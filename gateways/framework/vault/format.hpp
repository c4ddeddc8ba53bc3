#pragma once
// The vault's file as bytes: docs/vault.md describes each of them. Nothing here knows a key; what a seal is worth is
// judged in vault.cpp.

#include <array>
#include <string>
#include <vector>

#include "gateways/framework/vault/cipher.hpp"

namespace busbar::vault {

constexpr std::size_t header_size = 128;
constexpr std::size_t entry_head_size = 32;
constexpr std::size_t wrapped_size = seal_size + key_size;
constexpr std::size_t trailer_size = 32;  // HMAC-SHA-256 of all before
constexpr std::size_t name_size_max = 64;
constexpr std::size_t secret_size_max = 16u << 10;
constexpr std::size_t entries_max = 256;
constexpr std::uint64_t generation_max = std::uint64_t{1} << 48;
constexpr std::size_t file_size_max =
    header_size + trailer_size +
    entries_max * (entry_head_size + wrapped_size + name_size_max + secret_size_max + seal_size);

using Id16 = std::array<std::uint8_t, 16>;

// How the master key comes from what the operator hands over.
enum class Derivation : std::uint8_t { Key = 1, Passphrase = 2 };

struct Entry {
  std::string name;
  std::uint64_t version = 0;  // the vault's generation when it was sealed: no two are the same
  Timestamp set_at = 0;
  Timestamp sealed_at = 0;  // later than set_at when its data key has been rotated since
  Bytes wrapped;            // the data key, sealed under the wrapping key
  Bytes sealed;             // the secret, sealed under the data key
};

struct Contents {
  Id16 id{};
  std::uint64_t generation = 0;  // of the file: one more at each write
  Timestamp written_at = 0;
  std::uint64_t wraps = 0;       // data keys sealed under the wrapping key so far
  Derivation derivation = Derivation::Key;
  ScryptCost cost{0, 0, 0};      // zeros for Derivation::Key, as the salt is
  Id16 scrypt_salt{};
  std::array<std::uint8_t, 32> wrap_salt{};
  Id16 check{};                  // tells a wrong key from an altered file
  std::vector<Entry> entries;    // ascending by name
};

// 1 to 64 letters, digits, and - _ . : /
std::optional<Error> check_name(std::string_view name);

// The file without its trailer.
Bytes write(const Contents& contents);
// What both seals of an entry are bound to, so that neither serves under another name, version, time or vault.
Bytes associated(const Id16& vault, const Entry& entry, char purpose);

// Refuses what the format excludes, by entry and place. The trailer is not looked at.
Result<Contents> parse(View file);

std::string hex(View bytes);

}  // namespace busbar::vault
