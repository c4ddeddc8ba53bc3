#pragma once
// The ciphers that the vault is made of, each by OpenSSL: AES-256-GCM, scrypt, HKDF and HMAC with SHA-256.

#include <array>
#include <string_view>

#include "bus/messages.hpp"
#include "bus/result.hpp"
#include "gateways/framework/vault/secret.hpp"

namespace busbar::vault {

using View = std::span<const std::uint8_t>;

inline View bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

constexpr std::size_t key_size = 32;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t seal_size = nonce_size + tag_size;  // what a sealed text is longer than the plain one

// AES-256-GCM under a given nonce: the ciphertext with its tag behind. Keys of another size than 32 bytes and nonces of
// another than 12 are refused. A nonce must never come twice under one key: whoever can, seals.
Result<Bytes> encrypt(View key, View nonce, View associated, View plain);
Result<Secret> decrypt(View key, View nonce, View associated, View ciphertext_and_tag);

// The same with a nonce drawn at random, which stands in front. One key takes 2^32 of them at most.
Result<Bytes> seal(View key, View associated, View plain);
Result<Secret> unseal(View key, View associated, View sealed);

// Random bytes of the system's. Throws std::runtime_error when there are none.
void draw(std::span<std::uint8_t> bytes);

// What a guess at a passphrase costs: 128 · N · r bytes, and time that grows with N · r · p. Half a second here.
struct ScryptCost {
  std::uint8_t log2_n = 17;
  std::uint8_t r = 8;
  std::uint8_t p = 1;
};
// Costs come out of a file, and whoever altered it must not keep us busy: more than N · r · p = 2^23, which takes 1 GiB and
// some seconds, is refused at once.
Result<Secret> scrypt(std::string_view passphrase, View salt, const ScryptCost& cost, std::size_t size);

// HKDF with SHA-256 (RFC 5869): a key for each purpose from one root.
Result<Secret> hkdf(View root, View salt, View purpose, std::size_t size);

std::array<std::uint8_t, 32> hmac(View key, View data);
bool is_equal(View a, View b);  // in a time that tells nothing

}  // namespace busbar::vault
