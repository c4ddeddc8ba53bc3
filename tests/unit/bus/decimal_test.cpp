#include "bus/decimal.hpp"

#include <limits>

#include <boost/multiprecision/cpp_int.hpp>
#include <gtest/gtest.h>

#include "tests/unit/bus/random.hpp"

namespace busbar {
namespace {

using namespace literals;
using boost::multiprecision::cpp_int;
using boost::multiprecision::cpp_rational;

constexpr int cases = 100'000;
constexpr auto int64_min = std::numeric_limits<std::int64_t>::min();
constexpr auto int64_max = std::numeric_limits<std::int64_t>::max();

// The reference: the same numbers without a bound.
cpp_int power(int exponent) { return boost::multiprecision::pow(cpp_int{10}, static_cast<unsigned>(exponent)); }

cpp_rational exact(Decimal value) {
  const cpp_int mantissa{value.mantissa()};
  return value.exponent() >= 0 ? cpp_rational{mantissa * power(value.exponent())} : cpp_rational{mantissa, power(-value.exponent())};
}

// Is there a Decimal of this value?
bool has_decimal(const cpp_rational& value) {
  const cpp_rational scaled = value * power(-Decimal::exponent_min);
  if (denominator(scaled) != 1) return false;
  cpp_int mantissa = numerator(scaled);
  for (int exponent = Decimal::exponent_min; exponent <= Decimal::exponent_max; ++exponent) {
    if (mantissa >= int64_min && mantissa <= int64_max) return true;
    if (mantissa % 10 != 0) return false;
    mantissa /= 10;
  }
  return false;
}

cpp_int rounded(const cpp_rational& value, Round round) {
  const cpp_int size = abs(numerator(value));
  const cpp_int quotient = size / denominator(value);
  const cpp_int remainder = size % denominator(value);
  const bool away = remainder != 0 && (round == Round::Up || (round == Round::Nearest && remainder * 2 >= denominator(value)));
  const cpp_int result = quotient + (away ? 1 : 0);
  return value < 0 ? cpp_int{-result} : result;
}

Decimal draw(Random& random) {
  const int exponent = static_cast<int>(random.one_in(3) ? random.between(-18, 18) : random.between(-8, 2));
  switch (random.between(0, 5)) {
    case 0: return {random.between(-10, 10), exponent};
    case 1: return {random.one_in(2) ? int64_max - random.between(0, 2) : int64_min + random.between(0, 2), exponent};
    case 2: return {static_cast<std::int64_t>(random.bits()), exponent};
    case 3: {
      std::int64_t mantissa = random.between(-9, 9);
      for (auto i = random.between(0, 18); i > 0; --i) mantissa *= 10;
      return {mantissa, exponent};
    }
    default: return {random.between(-1'000'000'000'000, 1'000'000'000'000), exponent};
  }
}

Round draw_round(Random& random) { return static_cast<Round>(random.between(0, 2)); }

void expect_exact(const std::optional<Decimal>& got, const cpp_rational& want, const char* what, Decimal a, Decimal b) {
  SCOPED_TRACE(std::string{what} + " " + to_string(a) + ", " + to_string(b));
  ASSERT_EQ(got.has_value(), has_decimal(want));
  if (got) {
    ASSERT_EQ(exact(*got), want);
  }
}

TEST(Decimal, ReadsWhatItWrites) {
  Random random;
  BUSBAR_TRACE_SEED(random);
  for (int i = 0; i < cases; ++i) {
    const Decimal value = draw(random);
    const std::string text = to_string(value);
    const auto again = Decimal::parse(text);
    // Zeros before the point are digits like others, so a positive exponent may come back as another of the same value.
    ASSERT_TRUE(again) << text;
    ASSERT_EQ(*again, value) << text;
    if (value.exponent() <= 0) {
      ASSERT_EQ(again->mantissa(), value.mantissa());
      ASSERT_EQ(again->exponent(), value.exponent());
    }
    ASSERT_EQ(text.find_first_not_of("-0123456789."), std::string::npos) << text;
  }
}

TEST(Decimal, ReadsNumbersAndNothingElse) {
  struct {
    const char* text;
    std::int64_t mantissa;
    int exponent;
  } const good[] = {
      {"-12.5", -125, -1},
      {"0.00100000", 100000, -8},
      {"1e-8", 1, -8},
      {"1E+3", 1, 3},
      {"0", 0, 0},
      {"-0.00", 0, -2},
      {"0.10", 10, -2},
      {"007", 7, 0},
      {"9223372036854775807", int64_max, 0},
      {"-9223372036854775808", int64_min, 0},
      {"9.223372036854775807", int64_max, -18},
      {"0.000000000000000001", 1, -18},
      {"0.00000000000000000100", 1, -18},
      {"10000000000000000000", 1000000000000000000, 1},
      {"1.50000000000000000000000000000000000000000000000", 1500000000000000000, -18},
      {"100e16", 100, 16},
      {"1e20", 100, 18},
      {"0e30", 0, 18},
  };
  for (const auto& c : good) {
    SCOPED_TRACE(c.text);
    const auto value = Decimal::parse(c.text);
    ASSERT_TRUE(value);
    EXPECT_EQ(value->mantissa(), c.mantissa);
    EXPECT_EQ(value->exponent(), c.exponent);
  }
  for (const char* bad :
       {"", "-", "+1", ".5", "5.", "1,5", "NaN", "inf", " 1", "1 ", "1e", "1e+", "e5", "1.2.3", "--1", "0x10", "1e1001",
        "9223372036854775808", "-9223372036854775809", "0.0000000000000000001", "1e37", "1.0000000000000000001",
        "123456789012345678901234567890123456789012345678901"}) {
    EXPECT_FALSE(Decimal::parse(bad)) << bad;
  }
  EXPECT_FALSE(Decimal::parse(std::string(200, '0')));
  EXPECT_FALSE(Decimal::parse({"1\0", 2}));
}

// Digits are read eight at a time: wherever the point stands, and whatever byte stands among them, it must not show.
TEST(Decimal, ReadsAnyNumberOfDigitsAndOnlyDigits) {
  for (std::size_t size = 1; size <= 18; ++size) {
    const std::string digits = std::string{"918273645546372819"}.substr(0, size);
    EXPECT_EQ(Decimal::parse(digits)->mantissa(), std::stoll(digits)) << digits;
    for (std::size_t point = 1; point < size; ++point) {
      const std::string text = digits.substr(0, point) + "." + digits.substr(point);
      const auto value = Decimal::parse(text);
      ASSERT_TRUE(value) << text;
      EXPECT_EQ(value->mantissa(), std::stoll(digits)) << text;
      EXPECT_EQ(value->exponent(), static_cast<int>(point) - static_cast<int>(size)) << text;
    }
    for (std::size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        if ((c >= '0' && c <= '9') || c == '.' || c == '-' || c == 'e' || c == 'E') continue;
        std::string text = digits;
        text[at] = c;
        EXPECT_FALSE(Decimal::parse(text)) << size << " digits, byte " << byte << " at " << at;
      }
    }
  }
}

TEST(Decimal, OrdersByValue) {
  Random random;
  BUSBAR_TRACE_SEED(random);
  for (int i = 0; i < cases; ++i) {
    const Decimal a = draw(random);
    const Decimal b = random.one_in(4) ? a.normalized() : draw(random);
    const auto want = exact(a).compare(exact(b));
    const auto got = a <=> b;
    ASSERT_EQ(got < 0, want < 0) << to_string(a) << " " << to_string(b);
    ASSERT_EQ(got > 0, want > 0) << to_string(a) << " " << to_string(b);
    ASSERT_EQ(a == b, want == 0);
  }
}

TEST(Decimal, AddsSubtractsAndMultipliesExactlyOrNotAtAll) {
  Random random;
  BUSBAR_TRACE_SEED(random);
  for (int i = 0; i < cases && !testing::Test::HasFatalFailure(); ++i) {
    const Decimal a = draw(random);
    const Decimal b = draw(random);
    switch (random.between(0, 2)) {
      case 0: expect_exact(add(a, b), exact(a) + exact(b), "add", a, b); break;
      case 1: expect_exact(subtract(a, b), exact(a) - exact(b), "subtract", a, b); break;
      default: expect_exact(multiply(a, b), exact(a) * exact(b), "multiply", a, b); break;
    }
  }
}

TEST(Decimal, KeepsThePlacesOfASum) {
  const auto sum = add("1.10"_d, "2.5"_d);
  ASSERT_TRUE(sum);
  EXPECT_EQ(to_string(*sum), "3.60");
  EXPECT_EQ(to_string(*add("0.00"_d, "7"_d)), "7.00");
}

TEST(Decimal, DividesWithTheRoundingAsked) {
  Random random;
  BUSBAR_TRACE_SEED(random);
  for (int i = 0; i < cases; ++i) {
    const Decimal a = draw(random);
    const Decimal b = draw(random);
    const int places = static_cast<int>(random.between(-20, 20));
    const Round round = draw_round(random);
    const auto got = divide(a, b, places, round);
    SCOPED_TRACE("divide " + to_string(a) + " by " + to_string(b) + " places " + std::to_string(places));
    if (b.is_zero() || places < -18 || places > 18) {
      ASSERT_FALSE(got);
      continue;
    }
    const cpp_rational scaled = exact(a) / exact(b) * (places >= 0 ? cpp_rational{power(places)} : cpp_rational{1, power(-places)});
    const cpp_int want = rounded(scaled, round);
    ASSERT_EQ(got.has_value(), abs(want) <= int64_max);
    if (got) {
      ASSERT_EQ(got->mantissa(), want);
      ASSERT_EQ(got->exponent(), -places);
    }
  }
}

TEST(Decimal, KnowsMultiplesAndRoundsToThem) {
  Random random;
  BUSBAR_TRACE_SEED(random);
  for (int i = 0; i < cases; ++i) {
    const Decimal value = draw(random);
    Decimal step = draw(random);
    if (step.mantissa() == int64_min) step = "0.01"_d;
    step = step.absolute();
    const Round round = draw_round(random);
    SCOPED_TRACE("round " + to_string(value) + " to " + to_string(step));
    const auto got = round_to(value, step, round);
    if (step.is_zero()) {
      ASSERT_TRUE(is_multiple(value, step));
      ASSERT_EQ(*got, value);
      continue;
    }
    const cpp_rational steps = exact(value) / exact(step);
    ASSERT_EQ(is_multiple(value, step), denominator(steps) == 1);
    const cpp_rational want = rounded(steps, round) * exact(step);
    ASSERT_EQ(got.has_value(), has_decimal(want));
    if (got) {
      ASSERT_EQ(exact(*got), want);
      ASSERT_TRUE(is_multiple(*got, step));
    }
  }
}

TEST(Decimal, RoundsTheWayTradersExpect) {
  struct {
    const char* value;
    const char* step;
    Round round;
    const char* want;
  } const cases_of_traders[] = {
      {"190.257", "0.01", Round::Down, "190.25"}, {"190.257", "0.01", Round::Up, "190.26"},
      {"190.255", "0.01", Round::Nearest, "190.26"}, {"-190.255", "0.01", Round::Nearest, "-190.26"},
      {"0.000009", "0.00001", Round::Down, "0.00000"}, {"7", "2.5", Round::Nearest, "7.5"},
      {"7", "5", Round::Down, "5"}, {"190.25", "0.01", Round::Down, "190.25"},
  };
  for (const auto& c : cases_of_traders) {
    const auto got = round_to(*Decimal::parse(c.value), *Decimal::parse(c.step), c.round);
    ASSERT_TRUE(got);
    EXPECT_EQ(to_string(*got), c.want) << c.value << " " << c.step;
  }
}

TEST(Decimal, NormalizesToTheShortestForm) {
  EXPECT_EQ("1.500"_d.normalized().mantissa(), 15);
  EXPECT_EQ("100"_d.normalized().exponent(), 2);
  EXPECT_EQ("0.000"_d.normalized().exponent(), 0);
  EXPECT_EQ("-12.5"_d.absolute(), "12.5"_d);
  EXPECT_EQ("12.5"_d.negated(), "-12.5"_d);
}

TEST(DecimalDeathTest, AMistakeOfOurOwnStops) {
  EXPECT_DEATH(static_cast<void>(Decimal{1, 19}), "");
  EXPECT_DEATH(static_cast<void>(Decimal(int64_min, 0).negated()), "");
}

}  // namespace
}  // namespace busbar
