#include "bus/decimal.hpp"

#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <utility>

namespace busbar {
namespace {

__extension__ typedef __int128 Wide;
__extension__ typedef unsigned __int128 UnsignedWide;

constexpr int digits_max = 38;  // of a Wide

constexpr std::array<Wide, digits_max + 1> make_powers() {
  std::array<Wide, digits_max + 1> powers{};
  powers[0] = 1;
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}
constexpr auto powers_of_ten = make_powers();

Wide power_of_ten(int exponent) { return powers_of_ten[static_cast<std::size_t>(exponent)]; }

constexpr bool is_mantissa(Wide value) {
  return value >= std::numeric_limits<std::int64_t>::min() && value <= std::numeric_limits<std::int64_t>::max();
}

// An int64 times 10^19 still fits a Wide; 10^20 is more than any int64. Between the two lies every case below.
constexpr int shift_max = 19;

// The same value in a Decimal's bounds, changing the exponent only where it must.
std::optional<Decimal> fit(Wide mantissa, int exponent) {
  if (mantissa == 0) {
    return Decimal{0, exponent < Decimal::exponent_min   ? Decimal::exponent_min
                      : exponent > Decimal::exponent_max ? Decimal::exponent_max
                                                         : exponent};
  }
  while (!is_mantissa(mantissa) || exponent < Decimal::exponent_min) {
    if (mantissa % 10 != 0) return std::nullopt;
    mantissa /= 10;
    ++exponent;
  }
  while (exponent > Decimal::exponent_max) {
    mantissa *= 10;
    --exponent;
    if (!is_mantissa(mantissa)) return std::nullopt;
  }
  return Decimal{static_cast<std::int64_t>(mantissa), exponent};
}

struct Term {
  Wide mantissa;  // an int64, or minus the least of them
  int exponent;
};

std::optional<Decimal> sum(Term a, Term b) {
  if (a.mantissa == 0 && a.exponent > b.exponent) a.exponent = b.exponent;
  if (b.mantissa == 0 && b.exponent > a.exponent) b.exponent = a.exponent;
  for (Term* term : {&a, &b}) {
    // Far apart, they can only be added when the smaller one has zeros to give.
    while (std::abs(a.exponent - b.exponent) > shift_max && term->mantissa % 10 == 0) {
      term->mantissa /= 10;
      ++term->exponent;
      if (term->mantissa == 0) term->exponent = term == &a ? b.exponent : a.exponent;
    }
  }
  if (a.exponent < b.exponent) std::swap(a, b);
  const int shift = a.exponent - b.exponent;
  if (shift > shift_max) return std::nullopt;  // more digits than an int64 has, and the last one is not zero
  return fit(a.mantissa * power_of_ten(shift) + b.mantissa, b.exponent);
}

UnsignedWide magnitude(Wide value) {
  const auto bits = static_cast<UnsignedWide>(value);
  return value < 0 ? 0 - bits : bits;
}

// Does a quotient with this remainder move away from zero?
bool rounds_away(UnsignedWide remainder, UnsignedWide divisor, Round round) {
  if (remainder == 0 || round == Round::Down) return false;
  return round == Round::Up || remainder >= divisor - remainder;
}

std::strong_ordering order(Wide a, Wide b) {
  return a < b ? std::strong_ordering::less : a > b ? std::strong_ordering::greater : std::strong_ordering::equal;
}

// Of the eight bytes from `text` on, the digits in front: how many there are, and what they say. The first byte is the lowest;
// those that are none are shifted out, and zeros come in front. Then pairs are added, then fours, then all.
inline unsigned read_eight(const char* text, std::uint64_t& value) {
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, text, sizeof bytes);
  if constexpr (std::endian::native == std::endian::big) bytes = __builtin_bswap64(bytes);
  constexpr std::uint64_t each = 0x0101010101010101, upper_half = 0xF0 * each, three = 0x30 * each;
  const std::uint64_t others = ((bytes & upper_half) ^ three) | (((bytes + 6 * each) & upper_half) ^ three);
  const auto count = static_cast<unsigned>(std::countr_zero(others)) / 8;
  if (count == 0) return 0;
  bytes = (bytes & ~upper_half) << (64 - 8 * count);
  bytes = bytes * (1 + (10 << 8)) >> 8;
  bytes = (bytes & 0x00FF00FF00FF00FF) * (1 + (100 << 16)) >> 16;
  value = (bytes & 0x0000FFFF0000FFFF) * (1 + (std::uint64_t{10'000} << 32)) >> 32;
  return count;
}

struct Digits {
  std::uint64_t value = 0;
  const char* end = nullptr;
};

// What `value` becomes by the digits from `at` on, and where they end.
inline Digits read_digits(std::uint64_t value, const char* at, const char* end) {
  std::uint64_t eight = 0;
  while (end - at >= 8) {
    const unsigned count = read_eight(at, eight);
    if (count == 0) return {value, at};
    value = value * static_cast<std::uint64_t>(powers_of_ten[count]) + eight;
    at += count;
    if (count < 8) return {value, at};
  }
  for (; at != end && *at >= '0' && *at <= '9'; ++at) value = value * 10 + static_cast<std::uint64_t>(*at - '0');
  return {value, at};
}

// What brokers write, most of the time: up to 18 digits and perhaps a point among them. Where false, it is read with care.
inline bool parse_plain(std::string_view text, std::int64_t& mantissa, int& exponent) {
  constexpr std::size_t length_max = 19;  // with the point: what it holds fits
  if (text.empty() || text.size() > length_max) return false;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  Digits digits = read_digits(0, begin, end);
  const char* const point = digits.end;
  if (point == end) {
    if (text.size() == length_max) return false;
  } else {
    if (*point != '.' || point == begin || point + 1 == end) return false;
    digits = read_digits(digits.value, point + 1, end);
    if (digits.end != end) return false;
    exponent = static_cast<int>(point + 1 - end);
  }
  mantissa = static_cast<std::int64_t>(digits.value);
  return true;
}

// Apart from the plain ones, so that those do not save registers for it.
[[gnu::noinline]] std::optional<Decimal> parse_with_care(std::string_view text) {
  std::size_t at = 0;
  const auto has_digit = [&] { return at < text.size() && text[at] >= '0' && text[at] <= '9'; };
  const bool negative = at < text.size() && text[at] == '-';
  if (negative) ++at;

  Wide mantissa = 0;
  int exponent = 0;
  bool is_full = false;  // what follows may only be zeros
  const auto read_digits = [&](int exponent_per_digit) {
    if (!has_digit()) return false;
    for (; has_digit(); ++at) {
      const int digit = text[at] - '0';
      if (is_full || mantissa >= power_of_ten(digits_max - 1)) {
        if (digit != 0) return false;
        is_full = true;
        exponent += 1 + exponent_per_digit;
      } else {
        mantissa = mantissa * 10 + digit;
        exponent += exponent_per_digit;
      }
    }
    return true;
  };
  constexpr std::size_t length_max = 128;
  if (text.size() > length_max || !read_digits(0)) return std::nullopt;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!read_digits(-1)) return std::nullopt;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    const bool down = at < text.size() && text[at] == '-';
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (!has_digit()) return std::nullopt;
    int power = 0;
    for (; has_digit(); ++at) {
      power = power * 10 + (text[at] - '0');
      if (power > 1000) return std::nullopt;
    }
    exponent += down ? -power : power;
  }
  if (at != text.size()) return std::nullopt;
  return fit(negative ? -mantissa : mantissa, exponent);
}

}  // namespace

std::optional<Decimal> Decimal::from_parts(std::int64_t mantissa, int exponent) {
  if (exponent < exponent_min || exponent > exponent_max) return std::nullopt;
  return Decimal{mantissa, exponent};
}

std::optional<Decimal> Decimal::parse(std::string_view text) {
  std::int64_t mantissa = 0;
  int exponent = 0;
  if (parse_plain(text, mantissa, exponent)) return Decimal{mantissa, exponent};
  return parse_with_care(text);
}

std::strong_ordering operator<=>(Decimal a, Decimal b) {
  const int shift = a.exponent() - b.exponent();
  if (shift == 0 || a.is_zero() || b.is_zero() || a.is_negative() != b.is_negative()) return a.mantissa() <=> b.mantissa();
  if (shift > shift_max) return order(a.mantissa(), 0);   // a is so much larger that only its sign counts
  if (shift < -shift_max) return order(0, b.mantissa());
  return shift > 0 ? order(Wide{a.mantissa()} * power_of_ten(shift), b.mantissa())
                   : order(a.mantissa(), Wide{b.mantissa()} * power_of_ten(-shift));
}

std::optional<Decimal> add(Decimal a, Decimal b) {
  return sum({a.mantissa(), a.exponent()}, {b.mantissa(), b.exponent()});
}

std::optional<Decimal> subtract(Decimal a, Decimal b) {
  return sum({a.mantissa(), a.exponent()}, {-Wide{b.mantissa()}, b.exponent()});
}

std::optional<Decimal> multiply(Decimal a, Decimal b) {
  return fit(Wide{a.mantissa()} * b.mantissa(), a.exponent() + b.exponent());
}

std::optional<Decimal> divide(Decimal a, Decimal b, int places, Round round) {
  if (b.is_zero() || -places < Decimal::exponent_min || -places > Decimal::exponent_max) return std::nullopt;
  if (a.is_zero()) return Decimal{0, -places};
  constexpr auto mantissa_max = static_cast<UnsignedWide>(std::numeric_limits<std::int64_t>::max());
  const bool negative = a.is_negative() != b.is_negative();
  UnsignedWide dividend = magnitude(a.mantissa());
  UnsignedWide divisor = magnitude(b.mantissa());
  int shift = a.exponent() - b.exponent() + places;
  if (shift < -shift_max) {  // less than half of the last place
    return Decimal{round != Round::Up ? 0 : negative ? -1 : 1, -places};
  }
  if (shift < 0) {
    divisor *= static_cast<UnsignedWide>(power_of_ten(-shift));
    shift = 0;
  }
  UnsignedWide quotient = dividend / divisor;
  UnsignedWide remainder = dividend % divisor;
  while (shift > 0) {  // long division, 18 digits at a time
    const int step = shift < 18 ? shift : 18;
    const auto power = static_cast<UnsignedWide>(power_of_ten(step));
    quotient = quotient * power + remainder * power / divisor;
    remainder = remainder * power % divisor;
    if (quotient > mantissa_max) return std::nullopt;
    shift -= step;
  }
  if (rounds_away(remainder, divisor, round)) ++quotient;
  if (quotient > mantissa_max) return std::nullopt;
  const auto mantissa = static_cast<std::int64_t>(quotient);
  return Decimal{negative ? -mantissa : mantissa, -places};
}

Decimal Decimal::normalized() const {
  if (mantissa_ == 0) return {};
  Decimal value = *this;
  while (value.mantissa_ % 10 == 0 && value.exponent_ < exponent_max) {
    value.mantissa_ /= 10;
    ++value.exponent_;
  }
  return value;
}

Decimal Decimal::negated() const {
  if (mantissa_ == std::numeric_limits<std::int64_t>::min()) __builtin_trap();
  return {-mantissa_, exponent_};
}

Decimal Decimal::absolute() const { return is_negative() ? negated() : *this; }

bool is_multiple(Decimal value, Decimal step) {
  if (step.is_zero() || value.is_zero()) return true;
  const int shift = value.exponent() - step.exponent();
  if (shift < -shift_max) return false;
  if (shift < 0) return value.mantissa() % (Wide{step.mantissa()} * power_of_ten(-shift)) == 0;
  const Wide modulus = step.mantissa();
  return (value.mantissa() % modulus) * (power_of_ten(shift) % modulus) % modulus == 0;
}

std::optional<Decimal> round_to(Decimal value, Decimal step, Round round) {
  if (step.is_negative()) __builtin_trap();
  if (is_multiple(value, step)) return value;
  const bool negative = value.is_negative();
  const UnsignedWide size = magnitude(value.mantissa());
  const auto unit = static_cast<UnsignedWide>(step.mantissa());
  const int shift = value.exponent() - step.exponent();
  if (shift < 0) {  // the step is coarser: count steps
    UnsignedWide count = 0;
    if (shift < -shift_max) {
      count = round == Round::Up ? 1 : 0;
    } else {
      const UnsignedWide divisor = unit * static_cast<UnsignedWide>(power_of_ten(-shift));
      count = size / divisor + (rounds_away(size % divisor, divisor, round) ? 1 : 0);
    }
    const auto total = static_cast<Wide>(count * unit);
    return fit(negative ? -total : total, step.exponent());
  }
  // The step is finer, so the remainder is small and the value itself may not fit a Wide: add or take away the difference.
  const UnsignedWide remainder = (size % unit) * (static_cast<UnsignedWide>(power_of_ten(shift)) % unit) % unit;
  const bool away = rounds_away(remainder, unit, round);
  const Decimal difference{static_cast<std::int64_t>(away ? unit - remainder : remainder), step.exponent()};
  return away != negative ? add(value, difference) : subtract(value, difference);
}

std::string to_string(Decimal value) {
  const UnsignedWide size = magnitude(value.mantissa());
  std::string digits = std::to_string(static_cast<std::uint64_t>(size));
  if (value.exponent() > 0 && !value.is_zero()) {
    digits.append(static_cast<std::size_t>(value.exponent()), '0');
  } else if (value.exponent() < 0) {
    const auto places = static_cast<std::size_t>(-value.exponent());
    if (digits.size() <= places) digits.insert(0, places + 1 - digits.size(), '0');
    digits.insert(digits.size() - places, 1, '.');
  }
  if (value.is_negative()) digits.insert(0, 1, '-');
  return digits;
}

namespace literals {
Decimal operator""_d(const char* text, unsigned long length) {
  const auto value = Decimal::parse({text, length});
  if (!value) std::abort();
  return *value;
}
}  // namespace literals

}  // namespace busbar
