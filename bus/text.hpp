#pragma once
// Short text inside a struct: no allocation, a bound that the codec enforces on everything from outside.

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

#include <boost/static_string/static_string.hpp>

// Keys are pairs of texts, and a pair asks twice what has no three-way comparison: less? or greater?
namespace boost::static_strings {

template <std::size_t N>
std::strong_ordering operator<=>(const static_string<N>& a, const static_string<N>& b) {
  return std::string_view{a.data(), a.size()} <=> std::string_view{b.data(), b.size()};
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
