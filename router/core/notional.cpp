#include "router/core/notional.hpp"

#include <compare>
#include <limits>
#include <utility>

namespace busbar::router {
namespace {

__extension__ typedef __int128 Wide;
__extension__ typedef unsigned __int128 UnsignedWide;

constexpr Wide wide_max = static_cast<Wide>(~UnsignedWide{0} >> 1);

// Brings `value` from `from` down to the smaller exponent `to`; false when it does not fit.
bool scale(Wide& value, int from, int to) {
  for (; from > to && value != 0; --from) {
    if (value > wide_max / 10 || value < -(wide_max / 10)) return false;
    value *= 10;
  }
  return true;
}

void strip_zeros(Wide& value, int& exponent) {
  while (value != 0 && value % 10 == 0) {
    value /= 10;
    ++exponent;
  }
}

std::strong_ordering compare_product(Decimal a, Decimal b, Decimal limit) {
  Wide product = Wide{a.mantissa()} * b.mantissa();
  Wide other = limit.mantissa();
  if (product == 0 || other == 0) return product == 0 && other == 0 ? std::strong_ordering::equal
                                         : product == 0             ? std::strong_ordering::less
                                                                    : std::strong_ordering::greater;
  const int exponent = a.exponent() + b.exponent();
  if (exponent > limit.exponent()) {
    if (!scale(product, exponent, limit.exponent())) return std::strong_ordering::greater;
  } else if (!scale(other, limit.exponent(), exponent)) {
    return std::strong_ordering::less;
  }
  return product < other   ? std::strong_ordering::less
         : product > other ? std::strong_ordering::greater
                           : std::strong_ordering::equal;
}

}  // namespace

bool is_product_above(Decimal a, Decimal b, Decimal limit) { return compare_product(a, b, limit) > 0; }
bool is_product_below(Decimal a, Decimal b, Decimal limit) { return compare_product(a, b, limit) < 0; }

void Notional::add(Decimal qty, Decimal px) {
  Wide sum = static_cast<Wide>(static_cast<UnsignedWide>(static_cast<std::uint64_t>(high_)) << 64 | low_);
  Wide term = Wide{qty.mantissa()} * px.mantissa();
  int exponent = qty.exponent() + px.exponent();
  int sum_exponent = exponent_;
  strip_zeros(term, exponent);
  if (sum == 0) sum_exponent = exponent;
  if (term == 0) exponent = sum_exponent;
  const int common = exponent < sum_exponent ? exponent : sum_exponent;
  is_exact_ = is_exact_ && scale(sum, sum_exponent, common) && scale(term, exponent, common) &&
              !__builtin_add_overflow(sum, term, &sum);
  if (!is_exact_) return;
  high_ = static_cast<std::int64_t>(sum >> 64);
  low_ = static_cast<std::uint64_t>(sum);
  exponent_ = common;
}

std::optional<Decimal> Notional::average(Decimal qty) const {
  if (!is_exact_ || !qty.is_positive()) return std::nullopt;
  const Wide sum = static_cast<Wide>(static_cast<UnsignedWide>(static_cast<std::uint64_t>(high_)) << 64 | low_);
  const bool negative = sum < 0;
  UnsignedWide rest = negative ? -static_cast<UnsignedWide>(sum) : static_cast<UnsignedWide>(sum);
  const auto divisor = static_cast<UnsignedWide>(qty.mantissa());
  constexpr auto mantissa_max = static_cast<UnsignedWide>(std::numeric_limits<std::int64_t>::max());

  // Long division: `quotient` × 10^`exponent` is what has been found so far, `rest` is below the divisor.
  int exponent = exponent_ - qty.exponent();
  UnsignedWide quotient = rest / divisor;
  rest %= divisor;
  constexpr int places = 12;
  while (exponent > -places && (rest != 0 || exponent > Decimal::exponent_max) && quotient <= (mantissa_max - 9) / 10) {
    rest *= 10;
    quotient = quotient * 10 + rest / divisor;
    rest %= divisor;
    --exponent;
  }
  bool up = rest >= divisor - rest;  // half is away from zero
  while (exponent < -places || quotient > mantissa_max) {
    up = quotient % 10 >= 5;  // the first digit that is dropped decides
    quotient /= 10;
    ++exponent;
    if (quotient == 0 && !up) return Decimal{};
  }
  quotient += up ? 1 : 0;
  if (quotient > mantissa_max || exponent < Decimal::exponent_min || exponent > Decimal::exponent_max)
    return std::nullopt;
  const auto mantissa = static_cast<std::int64_t>(quotient);
  return Decimal{negative ? -mantissa : mantissa, exponent}.normalized();
}

}  // namespace busbar::router
