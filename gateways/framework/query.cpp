#include "gateways/framework/query.hpp"

#include <algorithm>
#include <array>

namespace busbar::gateway {

namespace {

constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (const char c : std::string_view{"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_.~"}) {
    plain[static_cast<unsigned char>(c)] = true;
  }
  return plain;
}
constexpr std::array<bool, 256> plain = make_plain();
bool is_plain(char c) { return plain[static_cast<unsigned char>(c)]; }

void append_encoded(std::string& query, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  if (std::ranges::all_of(text, is_plain)) {
    query.append(text);
    return;
  }
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_plain(c)) {
      query += c;
    } else {
      query.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
  }
}

}  // namespace

std::string percent_encode(std::string_view text) {
  std::string encoded;
  encoded.reserve(text.size());
  append_encoded(encoded, text);
  return encoded;
}

std::string query_of(const Params& params) {
  std::size_t size = 0;
  for (const auto& [name, value] : params) size += name.size() + value.size() + 2;
  std::string query;
  query.reserve(size);
  for (const auto& [name, value] : params) {
    if (!query.empty()) query += '&';
    query.append(name) += '=';
    append_encoded(query, value);
  }
  return query;
}

}  // namespace busbar::gateway
