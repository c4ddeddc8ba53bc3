// Whatever bytes come over the bus, decode answers; and what it lets through is written and read again the same.

#include <cstdint>
#include <cstdlib>

#include "bus/codec.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static_cast<void>(busbar::decode_header({data, size}));
  const auto message = busbar::decode({data, size});
  if (!message) {
    if (message.error().text.empty() || !busbar::is_words(message.error().text)) std::abort();
    return 0;
  }
  const busbar::Bytes bytes = busbar::encode(*message);
  const auto again = busbar::decode(bytes);
  if (!again || busbar::encode(*again) != bytes) std::abort();
  return 0;
}
