#pragma once
// Short texts put behind a longer one, all at once: to append one costs more than to copy it.

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace busbar::gateway {

// Pieces are texts of any kind. None may lie in the text itself. Where it is called, the lengths of some are known.
template <class... Pieces>
[[gnu::always_inline]] inline void append_all(std::string& text, const Pieces&... pieces) {
  const std::size_t at = text.size();
  text.resize(at + (std::string_view{pieces}.size() + ...));
  char* out = text.data() + at;
  ((out = std::copy_n(std::string_view{pieces}.data(), std::string_view{pieces}.size(), out)), ...);
}

}  // namespace busbar::gateway
