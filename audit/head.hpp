#pragma once
// Signed heads: how far a stream's chain reached, when, and its hash there, under Ed25519. They leave the machine, for a
// chain alone lets its owner rewrite it all. Formats stand in docs/journal_format.md.

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "audit/chain.hpp"
#include "bus/messages.hpp"

struct evp_pkey_st;

namespace busbar::audit {

using PublicKey = std::array<std::uint8_t, 32>;

struct Head {
  std::string stream;
  std::uint64_t sequence = 0;
  Timestamp time_ns = 0;
  Hash chain{};
  PublicKey public_key{};
  std::array<std::uint8_t, 64> signature{};
};

// The bytes that are signed: five lines, "busbar head 1", stream, sequence, time_ns, chain hash in hex, each ended by \n.
std::string signing_text(const Head& head);
bool is_signed(const Head& head);  // by head.public_key

// One line of JSON without the line end, and back. An error names the member that is wrong.
std::string to_json(const Head& head);
Result<Head> parse_head(std::string_view line);

// Appends one line and syncs it. Several processes may share the file. What a crash left without a line end goes first.
Result<void> append_line(const std::filesystem::path& file, std::string_view line);

std::string to_hex(std::span<const std::uint8_t> bytes);

// A PEM file, as signing.pub is.
Result<PublicKey> read_public_key(const std::filesystem::path& file);

class SigningKey {
 public:
  // <directory>/signing.key, made at the first start with signing.pub beside it. One that others may read is refused.
  static Result<SigningKey> open(const std::filesystem::path& directory);
  const PublicKey& public_key() const { return public_key_; }
  void sign(Head& head) const;  // sets public_key and signature

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  std::unique_ptr<evp_pkey_st, Free> key_;
  PublicKey public_key_{};
};

}  // namespace busbar::audit
