#include "gateways/framework/words.hpp"

namespace busbar::gateway {

Words words_of(std::string_view text) {
  Words words = cut<256>(text);
  for (char& c : words) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return words;
}

}  // namespace busbar::gateway
