#pragma once
// Exact decimal numbers for prices, quantities and money: int64 mantissa, int8 exponent. No float touches one.
// Arithmetic that does not fit answers nullopt; nothing wraps and nothing rounds unless the caller names the rounding.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace busbar {

enum class Round { Down, Up, Nearest };  // Down is toward zero, Up away from zero, Nearest half away from zero

class Decimal {
 public:
  static constexpr int exponent_min = -18;
  static constexpr int exponent_max = 18;

  constexpr Decimal() = default;
  // Any mantissa with any exponent in [exponent_min, exponent_max]; asserts otherwise. What came from outside: from_parts.
  constexpr Decimal(std::int64_t mantissa, int exponent);
  static std::optional<Decimal> from_parts(std::int64_t mantissa, int exponent);

  // "-12.5", "0.00100000", "1e-8" and "1E+3" are numbers; "", "+1", ".5", "5.", "1,5", "NaN", spaces are not.
  // nullopt also when the digits do not fit. Trailing zeros are kept: "0.10" has exponent -2.
  static std::optional<Decimal> parse(std::string_view text);

  constexpr std::int64_t mantissa() const { return mantissa_; }
  constexpr int exponent() const { return exponent_; }
  constexpr bool is_zero() const { return mantissa_ == 0; }
  constexpr bool is_negative() const { return mantissa_ < 0; }
  constexpr bool is_positive() const { return mantissa_ > 0; }

  // By value, exactly: 1.0 == 1.00, and no intermediate overflows.
  friend bool operator==(Decimal a, Decimal b) { return (a <=> b) == 0; }
  friend std::strong_ordering operator<=>(Decimal a, Decimal b);

  friend std::optional<Decimal> add(Decimal a, Decimal b);
  friend std::optional<Decimal> subtract(Decimal a, Decimal b);
  friend std::optional<Decimal> multiply(Decimal a, Decimal b);
  // a / b with `places` digits after the point; nullopt when b is zero or the quotient does not fit.
  friend std::optional<Decimal> divide(Decimal a, Decimal b, int places, Round round);

  // The value with no trailing zeros: 1.500 -> 1.5, 100 -> 1e2. Zero has exponent 0.
  Decimal normalized() const;
  Decimal negated() const;  // asserts on INT64_MIN
  Decimal absolute() const;

 private:
  std::int64_t mantissa_ = 0;
  std::int8_t exponent_ = 0;
};

// Is `value` a whole multiple of `step`? A zero step asks nothing and is always met. step must not be negative.
bool is_multiple(Decimal value, Decimal step);
// The nearest multiple of `step` in the direction asked; value itself when step is zero; nullopt when it does not fit.
std::optional<Decimal> round_to(Decimal value, Decimal step, Round round);

// Plain digits, never an exponent: "0.00000001", "1500". Keeps trailing zeros of a negative exponent.
std::string to_string(Decimal value);

constexpr Decimal::Decimal(std::int64_t mantissa, int exponent)
    : mantissa_{mantissa}, exponent_{static_cast<std::int8_t>(exponent)} {
  if (exponent < exponent_min || exponent > exponent_max) __builtin_trap();
}

namespace literals {
// A constant in code and tests: "190.25"_d. A text that is no number stops the program.
Decimal operator""_d(const char* text, unsigned long length);
}  // namespace literals

}  // namespace busbar
