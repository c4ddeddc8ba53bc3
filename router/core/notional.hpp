#pragma once
// What has been paid for all fills of an order, exactly: price × quantity has twice the digits of a Decimal.

#include <cstdint>
#include <optional>

#include "bus/decimal.hpp"

namespace busbar::router {

class Notional {
 public:
  // Adds qty × px. A sum that fits 128 bits no more is no sum any more: average() then answers nothing.
  void add(Decimal qty, Decimal px);
  // The mean price of `qty` in all, to nearest at 12 places, or as many as fit; without trailing zeros.
  std::optional<Decimal> average(Decimal qty) const;

  template <class A>
  friend void fields(A& a, typename A::template Ref<Notional> x) {
    a(x.high_, x.low_, x.exponent_, x.is_exact_);
  }

 private:
  std::int64_t high_ = 0;  // the two halves of a 128-bit mantissa
  std::uint64_t low_ = 0;
  std::int32_t exponent_ = 0;
  bool is_exact_ = true;
};

// Is a × b more than `limit`, or less? Exact whatever the digits. None of the three may be negative.
bool is_product_above(Decimal a, Decimal b, Decimal limit);
bool is_product_below(Decimal a, Decimal b, Decimal limit);

}  // namespace busbar::router
