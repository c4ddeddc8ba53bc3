// A snapshot of the core with any content under a good hash: it is restored, and then it is what it says, or it is refused.

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <openssl/sha.h>

#include "router/core/core.hpp"

using namespace busbar;
using namespace busbar::router;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Magic and version as they are; a fuzzer needs no luck for them.
  static const Bytes head = [] {
    const Bytes empty = Core{}.snapshot();
    return Bytes(empty.begin(), empty.begin() + 8 + sizeof(std::uint32_t));
  }();
  Bytes bytes = head;
  bytes.insert(bytes.end(), data, data + size);
  std::uint8_t hash[SHA256_DIGEST_LENGTH];
  SHA256(bytes.data(), bytes.size(), hash);
  bytes.insert(bytes.end(), hash, hash + sizeof hash);
  const auto core = Core::restore(bytes);
  if (!core) {
    if (core.error().text.empty()) std::abort();
    return 0;
  }
  const Bytes again = core->snapshot();
  const auto restored = Core::restore(again);
  if (!restored || restored->state_hash() != core->state_hash()) std::abort();
  return 0;
}
