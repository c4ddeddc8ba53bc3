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

// At most so many letters for one.
constexpr std::size_t encoded_most = 3;

char* put(char* out, std::string_view text) { return std::copy(text.begin(), text.end(), out); }

char* put_encoded(char* out, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_plain(c)) {
      *out++ = c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      *out++ = '%';
      *out++ = digits[byte >> 4];
      *out++ = digits[byte & 15];
    }
  }
  return out;
}

}  // namespace

void append_encoded(std::string& query, std::string_view text) {
  const std::size_t at = query.size();
  query.resize(at + text.size() * encoded_most);
  const char* const end = put_encoded(query.data() + at, text);
  query.resize(static_cast<std::size_t>(end - query.data()));
}

std::string percent_encode(std::string_view text) {
  std::string encoded;
  append_encoded(encoded, text);
  return encoded;
}

std::string query_of(const Params& params, std::size_t room) {
  std::size_t most = 0;
  for (const auto& [name, value] : params) most += name.size() + value.size() * encoded_most + 2;
  std::string query;
  query.reserve(most + room);
  query.resize(most);
  char* out = query.data();
  for (const auto& [name, value] : params) {
    if (out != query.data()) *out++ = '&';
    out = put(out, name);
    *out++ = '=';
    out = put_encoded(out, value);
  }
  query.resize(static_cast<std::size_t>(out - query.data()));
  return query;
}

}  // namespace busbar::gateway
