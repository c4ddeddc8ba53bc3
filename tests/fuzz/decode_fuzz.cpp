// Whatever a broker's hosts may send: each of its decoders by turns. Nothing may crash, and what was decoded must make
// facts. BUSBAR_DECODERS names the broker's.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include BUSBAR_DECODERS

// The first byte chooses the decoder, the rest is what came.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data + 1), size - 1};
  for (const busbar::fuzz::Decoder& decoder : busbar::fuzz::decoders) {
    if (decoder.letter == static_cast<char>(data[0])) (void)decoder.takes(text);
  }
  return 0;
}
