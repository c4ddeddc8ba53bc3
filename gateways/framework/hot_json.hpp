#pragma once
// Market data where it is hot: frames whose members are as they are documented are read in one pass, from the first byte to the
// last, in the order in which they stand. Nothing is laid out in between, and each byte is looked at: also of what nobody wants.
// It finds no words for what is wrong, and leaves whatever is unusual (escapes, exponents, deep nesting): whoever gets nothing asks
// the strict reader (json_reader), which reads everything and says why not. What is read here, that one reads alike.

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "bus/messages.hpp"

namespace busbar::hot {

inline constexpr std::size_t frame_max = 1u << 20;
inline constexpr std::size_t text_max = 256;  // as with the strict reader
inline constexpr std::size_t list_max = 5000;

namespace detail {

constexpr bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_plain(char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; }

#if defined(__SSE2__)
constexpr std::ptrdiff_t look = 16;  // bytes

inline __m128i each(char c) { return _mm_set1_epi8(c); }
inline __m128i load(const char* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }
inline unsigned bits(__m128i bytes) { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }

// Of sixteen bytes, those that are not plain. Signed: what is no ASCII is below the space.
inline unsigned not_plain(__m128i bytes) {
  const __m128i quotes = _mm_cmpeq_epi8(bytes, each('"'));
  const __m128i escapes = _mm_cmpeq_epi8(bytes, each('\\'));
  return bits(_mm_or_si128(_mm_or_si128(quotes, escapes), _mm_cmplt_epi8(bytes, each(' '))));
}
inline unsigned not_digits(__m128i bytes) {
  const __m128i numbers = _mm_sub_epi8(bytes, each('0'));
  return bits(_mm_cmpeq_epi8(_mm_min_epu8(numbers, each(9)), numbers)) ^ 0xFFFF;
}
#endif

// The first byte that is not plain.
[[gnu::always_inline]] inline const char* skip_plain(const char* at, const char* end) {
#if defined(__SSE2__)
  for (; end - at >= look; at += look) {
    if (const unsigned others = not_plain(load(at)); others != 0) return at + std::countr_zero(others);
  }
#endif
  while (at != end && is_plain(*at)) ++at;
  return at;
}

// The quote that ends a text in which not all is plain; null where it is no UTF-8, or has escapes.
[[gnu::noinline]] inline const char* end_of_words(const char* begin, const char* end) {
  const char* at = begin;
  while (at != end && *at != '"' && *at != '\\') ++at;
  const bool is_good = at != end && *at == '"' && is_words({begin, static_cast<std::size_t>(at - begin)});
  return is_good ? at : nullptr;
}

// Eight digits or less, the last in the highest byte and zeros before the first: pairs are added, then fours, then all.
[[gnu::always_inline]] inline std::uint64_t number_of(std::uint64_t digits) {
  digits = (digits & 0x0F0F0F0F0F0F0F0F) * (1 + (10 << 8)) >> 8;
  digits = (digits & 0x00FF00FF00FF00FF) * (1 + (100 << 16)) >> 16;
  return (digits & 0x0000FFFF0000FFFF) * (1 + (std::uint64_t{10'000} << 32)) >> 32;
}
[[gnu::always_inline]] inline std::uint64_t number_at(const char* at, int count) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, at, sizeof bytes);
  return number_of(bytes << (64 - 8 * count));
}
inline constexpr std::array<std::uint64_t, 9> powers = {1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};

// "65000.01000000": up to eight digits, a point, up to eight more and the quote, by one look. Behind the quote; null: it is another
// amount, or stands too near the frame's end.
[[gnu::always_inline]] inline const char* read_short_amount(const char* at, const char* end, Decimal& amount) {
#if defined(__SSE2__)
  if constexpr (std::endian::native == std::endian::little) {
    if (end - at < look + 8) return nullptr;
    const unsigned others = not_digits(load(at));
    const unsigned behind = others & (others - 1);  // without the first; 0: there is no second
    if (behind == 0) return nullptr;
    const int whole = std::countr_zero(others), places = std::countr_zero(behind) - whole - 1;
    const bool is_short = whole >= 1 && whole <= 8 && places >= 1 && places <= 8;
    if (!is_short || at[whole] != '.' || at[whole + 1 + places] != '"') return nullptr;
    const std::uint64_t mantissa =
        number_at(at, whole) * powers[static_cast<std::size_t>(places)] + number_at(at + whole + 1, places);
    amount = Decimal{static_cast<std::int64_t>(mantissa), -places};
    return at + whole + places + 2;
  }
#endif
  return nullptr;
}

// A whole number of up to 18 digits; null where it is another.
[[gnu::always_inline]] inline const char* read_whole(const char* at, const char* end, std::int64_t& number) {
  constexpr std::ptrdiff_t digits_max = 18;
  const bool is_negative = at != end && *at == '-';
  if (is_negative) ++at;
  const char* const begin = at;
  std::int64_t value = 0;
  for (; at != end && is_digit(*at); ++at) {
    if (at - begin == digits_max) return nullptr;
    value = value * 10 + (*at - '0');
  }
  if (at == begin || at == end || *at == '.' || *at == 'e' || *at == 'E') return nullptr;
  if (*begin == '0' && (is_negative || at - begin > 1)) return nullptr;
  number = is_negative ? -value : value;
  return at;
}

}  // namespace detail

// Printable ASCII without quotes and backslashes: JSON has it as it is.
inline bool is_plain(std::string_view text) {
  return detail::skip_plain(text.data(), text.data() + text.size()) == text.data() + text.size();
}

// Where a frame is read. By value it stays in registers.
class Cursor {
 public:
  explicit Cursor(std::string_view frame) : at_{frame.data()}, end_{frame.data() + frame.size()} {}

  const char* at() const { return at_; }
  bool is_at_end() {
    skip_space();
    return at_ == end_;
  }
  [[gnu::always_inline]] bool take(char c) {
    if (at_ == end_) return false;
    if (*at_ != c) {
      if (!detail::is_space(*at_)) return false;
      skip_space();
      if (at_ == end_ || *at_ != c) return false;
    }
    ++at_;
    return true;
  }
  // Without escapes.
  [[gnu::always_inline]] bool take_text(std::string_view& text) {
    if (!take('"')) return false;
    const char* const begin = at_;
    const char* stop = detail::skip_plain(begin, end_);
    if (stop == end_ || *stop != '"') {
      stop = detail::end_of_words(begin, end_);
      if (stop == nullptr) return false;
    }
    text = {begin, static_cast<std::size_t>(stop - begin)};
    at_ = stop + 1;
    return true;
  }
  [[gnu::always_inline]] bool take_whole(std::int64_t& number) {
    skip_space();
    return move_to(detail::read_whole(at_, end_, number));
  }
  [[gnu::always_inline]] bool take_short_amount(Decimal& amount) {
    return at_ != end_ && *at_ == '"' && move_to(detail::read_short_amount(at_ + 1, end_, amount));
  }
  [[gnu::always_inline]] bool take_word(std::string_view word) {
    skip_space();
    if (!std::string_view{at_, static_cast<std::size_t>(end_ - at_)}.starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  // What nobody wants.
  bool skip_value() { return move_to(end_of_value(*this, nesting_max)); }

 private:
  static constexpr int nesting_max = 8;

  [[gnu::always_inline]] void skip_space() {
    while (at_ != end_ && detail::is_space(*at_)) ++at_;
  }
  [[gnu::always_inline]] bool move_to(const char* at) {
    if (at == nullptr) return false;
    at_ = at;
    return true;
  }
  static const char* end_of_value(Cursor from, int nesting);
  bool skip_member(int nesting);
  bool skip_number();

  const char* at_;
  const char* end_;
};

inline bool Cursor::skip_number() {
  std::int64_t unused = 0;
  const char* const begin = at_;
  if (take_whole(unused)) return true;
  at_ = begin;
  take('-');
  const char* const whole = at_;
  while (at_ != end_ && detail::is_digit(*at_)) ++at_;
  if (at_ == whole || (*whole == '0' && at_ - whole > 1) || at_ == end_ || *at_ != '.') return false;
  const char* const point = at_++;
  while (at_ != end_ && detail::is_digit(*at_)) ++at_;
  return at_ - point > 1 && at_ - begin <= 40 && at_ != end_ && *at_ != 'e' && *at_ != 'E';
}

inline bool Cursor::skip_member(int nesting) {
  std::string_view name;
  return take_text(name) && take(':') && move_to(end_of_value(*this, nesting));
}

inline const char* Cursor::end_of_value(Cursor from, int nesting) {
  from.skip_space();
  if (from.at_ == from.end_) return nullptr;
  std::string_view unused;
  bool is_good = false;
  if (const char first = *from.at_; first == '"') {
    is_good = from.take_text(unused);
  } else if (first == '{' || first == '[') {
    const char last = first == '{' ? '}' : ']';
    ++from.at_;
    if (nesting == 0) return nullptr;
    is_good = from.take(last);
    while (!is_good) {
      const bool is_one = first == '{' ? from.skip_member(nesting - 1) : from.move_to(end_of_value(from, nesting - 1));
      if (!is_one) return nullptr;
      is_good = from.take(last);
      if (!is_good && !from.take(',')) return nullptr;
    }
  } else if (first == 't' || first == 'f' || first == 'n') {
    is_good = from.take_word("true") || from.take_word("false") || from.take_word("null");
  } else {
    is_good = from.skip_number();
  }
  return is_good ? from.at_ : nullptr;
}

// Each is false, and leaves the caller to the strict reader, where the value is of another kind or has other bounds.
[[gnu::always_inline]] inline bool read(Cursor& from, std::string_view& text) {
  return from.take_text(text) && text.size() <= text_max;
}
[[gnu::always_inline]] inline bool read(Cursor& from, std::string& text) {
  std::string_view found;
  if (!read(from, found)) return false;
  text.assign(found);
  return true;
}
[[gnu::always_inline]] inline bool read(Cursor& from, std::int64_t& number) { return from.take_whole(number); }
[[gnu::always_inline]] inline bool read(Cursor& from, bool& flag) {
  flag = from.take_word("true");
  return flag || from.take_word("false");
}
[[gnu::always_inline]] inline bool read(Cursor& from, Decimal& amount) {
  if (from.take_short_amount(amount)) return true;
  std::string_view text;
  if (!read(from, text)) return false;
  const auto number = Decimal::parse(text);
  if (number) amount = *number;
  return number.has_value();
}
template <class T>
[[gnu::always_inline]] inline bool read(Cursor& from, std::optional<T>& maybe) {
  return read(from, maybe.emplace());
}

// A member's name. Those we know are compared without a call.
class MemberName {
 public:
  explicit MemberName(std::string_view name) : name_{name} {}
  template <std::size_t N>
  bool operator==(const char (&known)[N]) const {
    return name_.size() == N - 1 && std::memcmp(name_.data(), known, N - 1) == 0;
  }
  // The only letter of the name; 0 where it has more.
  char letter() const { return name_.size() == 1 ? name_.front() : '\0'; }

 private:
  std::string_view name_;
};

// `read_one` reads a member that is wanted and says which, as a bit; 0: nobody wants it, and what was not read is skipped; -1: it is
// not as documented. True: all that are needed have been seen.
template <class Read>
[[gnu::always_inline]] inline bool read_members(Cursor& from, unsigned needed, Read read_one) {
  unsigned seen = 0;
  if (!from.take('{')) return false;
  if (from.take('}')) return needed == 0;
  do {
    std::string_view name;
    if (!from.take_text(name) || !from.take(':')) return false;
    const char* const value = from.at();
    const int bit = read_one(MemberName{name}, from);
    if (bit < 0 || (from.at() == value && !from.skip_value())) return false;
    seen |= static_cast<unsigned>(bit);
  } while (from.take(','));
  return from.take('}') && (seen & needed) == needed;
}

// For read_members: the bit of a member that was read.
inline int member(unsigned bit, bool is_read) { return is_read ? static_cast<int>(bit) : -1; }
template <class T>
[[gnu::always_inline]] inline int member(unsigned bit, Cursor& from, T& into) {
  return member(bit, read(from, into));
}

// Each element by `read_one(Cursor&, T&)`, at most `most`.
template <class T, class Read>
bool read_list(Cursor& cursor, std::size_t most, std::vector<T>& list, Read read_one) {
  constexpr std::size_t usual = 16;  // numbers come many at a time, others seldom
  Cursor from = cursor;
  list.clear();
  if (!from.take('[')) return false;
  if (!from.take(']')) {
    if constexpr (std::is_trivially_copyable_v<T>) list.reserve(usual);
    do {
      if (list.size() == most || !read_one(from, list.emplace_back())) return false;
    } while (from.take(','));
    if (!from.take(']')) return false;
  }
  cursor = from;
  return true;
}

}  // namespace busbar::hot
