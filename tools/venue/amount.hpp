#pragma once
// Money inside the venue. Every asset has at most 8 places and no amount exceeds 9e10, which the configuration and the
// parameter checks see to; so a sum or product that does not fit is a mistake of our own and stops the process.

#include <cassert>
#include <string>

#include "bus/decimal.hpp"

namespace busbar::venue {

constexpr int places_max = 8;

inline Decimal plus(Decimal a, Decimal b) {
  const auto sum = add(a, b);
  assert(sum);
  return *sum;
}

inline Decimal minus(Decimal a, Decimal b) {
  const auto difference = subtract(a, b);
  assert(difference);
  return *difference;
}

// Cut to 8 places, toward zero, as the venue cuts commissions.
inline Decimal times(Decimal a, Decimal b) {
  const auto product = multiply(a.normalized(), b.normalized());
  assert(product);
  if (product->exponent() >= -places_max) return *product;
  const auto cut = divide(*product, Decimal{1, 0}, places_max, Round::Down);
  assert(cut);
  return *cut;
}

inline Decimal least(Decimal a, Decimal b) { return b < a ? b : a; }

// "0.10000000": the venue writes every amount with all its places.
inline std::string fixed(Decimal value, int places = places_max) {
  const Decimal short_form = value.normalized();
  std::int64_t mantissa = short_form.mantissa();
  for (int exponent = short_form.exponent(); exponent > -places; --exponent) {
    const bool fits = !__builtin_mul_overflow(mantissa, std::int64_t{10}, &mantissa);
    assert(fits);
  }
  if (short_form.exponent() < -places) {
    const auto cut = divide(short_form, Decimal{1, 0}, places, Round::Down);
    assert(cut);
    mantissa = cut->mantissa();
    for (int exponent = cut->exponent(); exponent > -places; --exponent) mantissa *= 10;
  }
  return to_string(Decimal{mantissa, -places});
}

}  // namespace busbar::venue
