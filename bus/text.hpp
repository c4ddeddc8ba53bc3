#pragma once
// Short text inside a struct: no allocation, a bound that the codec enforces on everything from outside.

#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <boost/static_string/static_string.hpp>

// Texts are short and compared by the dozen for each order, so they are compared in place, without a call. And keys are pairs
// of texts: a pair asks twice what has no three-way comparison, less? or greater?
namespace boost::static_strings {

template <class Word>
[[gnu::always_inline]] inline std::strong_ordering compare_words(const char* a, const char* b) {
  Word left = 0;
  Word right = 0;
  std::memcpy(&left, a, sizeof left);
  std::memcpy(&right, b, sizeof right);
  if (left == right) return std::strong_ordering::equal;
  if constexpr (std::endian::native == std::endian::big) return left <=> right;
  const int first = std::countr_zero(left ^ right) / 8 * 8;  // bit of the first byte that differs
  return (left >> first & 0xFF) <=> (right >> first & 0xFF);
}

// What is no whole number of words ends with one that overlaps those before it.
[[gnu::always_inline]] inline std::strong_ordering compare_bytes(const char* a, const char* b, std::size_t size) {
  constexpr std::size_t wide = sizeof(std::uint64_t);
  constexpr std::size_t narrow = sizeof(std::uint32_t);
  if (size >= wide) {
    for (std::size_t at = 0; at + wide < size; at += wide) {
      if (const auto order = compare_words<std::uint64_t>(a + at, b + at); order != 0) return order;
    }
    return compare_words<std::uint64_t>(a + size - wide, b + size - wide);
  }
  if (size >= narrow) {
    if (const auto order = compare_words<std::uint32_t>(a, b); order != 0) return order;
    return compare_words<std::uint32_t>(a + size - narrow, b + size - narrow);
  }
  for (std::size_t at = 0; at < size; ++at) {
    if (a[at] != b[at]) return static_cast<unsigned char>(a[at]) <=> static_cast<unsigned char>(b[at]);
  }
  return std::strong_ordering::equal;
}

template <std::size_t N>
std::strong_ordering operator<=>(const static_string<N>& a, const static_string<N>& b) {
  const auto order = compare_bytes(a.data(), b.data(), a.size() < b.size() ? a.size() : b.size());
  return order != 0 ? order : a.size() <=> b.size();
}

template <std::size_t N>
bool operator==(const static_string<N>& a, const static_string<N>& b) {
  return a.size() == b.size() && compare_bytes(a.data(), b.data(), a.size()) == 0;
}

}  // namespace boost::static_strings

namespace busbar {

template <std::size_t N>
using Text = boost::static_strings::static_string<N>;

using Id = Text<64>;         // client_order_id, exec_id, venue and broker ids: printable ASCII, no space
using Name = Text<32>;       // accounts, clients, gateways, sessions, assets, buckets: printable ASCII, no space
using Symbol = Text<32>;     // BTC/USDT; UTF-8, for venues list non-ASCII symbols
using Words = Text<256>;     // what a person reads: UTF-8, control characters escaped at the door

// Cuts at the bound, between characters. For our own words only; what comes from outside is refused by the codec.
template <std::size_t N>
Text<N> cut(std::string_view text) {
  if (text.size() > N) {
    std::size_t end = N;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  return Text<N>{text.data(), text.size()};
}

// Is it UTF-8 without control characters?
bool is_words(std::string_view text);
// A stranger's text on one line that any terminal and the codec will take: what is not words is escaped, \n or \x1b.
std::string to_words(std::string_view text);
// The same for a log: cut where a line would be longer than 4 KiB with what stands before it, and then it says how long it was.
std::string to_line(std::string_view text);

template <std::size_t N>
constexpr std::string_view view(const Text<N>& text) {
  return {text.data(), text.size()};
}

}  // namespace busbar
