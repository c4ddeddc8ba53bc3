// A reader with a mistake: it believes the length that a frame states. A fuzzer that does not find it finds nothing.

#include <cstdint>
#include <cstring>
#include <memory>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 8 || std::memcmp(data, "BBUS", 4) != 0) return 0;
  std::uint32_t length = 0;
  std::memcpy(&length, data + 4, sizeof length);
  if (length > 4096) return 0;
  const auto payload = std::make_unique<std::uint8_t[]>(size - 8 + 1);
  std::memcpy(payload.get(), data + 8, size - 8);
  static volatile std::uint32_t sum;
  for (std::uint32_t i = 0; i < length; ++i) sum = sum + payload[i];
  return 0;
}
