// Any text is a number or none; and a number's text is the same number.

#include <cstdint>
#include <cstdlib>

#include "bus/decimal.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto value = busbar::Decimal::parse(text);
  if (!value) return 0;
  const auto again = busbar::Decimal::parse(to_string(*value));
  if (!again || *again != *value || value->normalized() != *value) std::abort();
  if (const auto sum = add(*value, *again); sum && subtract(*sum, *again) != *value) std::abort();
  return 0;
}
