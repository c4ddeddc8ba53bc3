#include "gateways/coinbase/cumulative.hpp"

#include <boost/multiprecision/cpp_int.hpp>

namespace busbar::coinbase {

namespace {

using Whole = boost::multiprecision::cpp_int;

// value × 10^-places, of any length.
struct Exact {
  Whole value;
  unsigned places = 0;
};

constexpr std::size_t digits_max = 64;  // of a mean: what is longer is none

Whole power_of_ten(unsigned exponent) { return boost::multiprecision::pow(Whole{10}, exponent); }

std::optional<Exact> exact_of(std::string_view text) {
  const std::size_t point = text.find('.');
  std::string digits{text.substr(0, point)};
  unsigned places = 0;
  if (point != std::string_view::npos) {
    digits += text.substr(point + 1);
    places = static_cast<unsigned>(text.size() - point - 1);
  }
  const bool is_number =
      !digits.empty() && digits.size() <= digits_max && digits.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number) return std::nullopt;
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size() - 1));  // a leading zero would be octal
  return Exact{Whole{digits}, places};
}

Exact exact_of(Decimal number) {
  Exact exact{Whole{number.mantissa()}, 0};
  if (number.exponent() >= 0) {
    exact.value *= power_of_ten(static_cast<unsigned>(number.exponent()));
  } else {
    exact.places = static_cast<unsigned>(-number.exponent());
  }
  return exact;
}

Exact times(const Exact& a, const Exact& b) { return {a.value * b.value, a.places + b.places}; }

Exact minus(const Exact& a, const Exact& b) {
  const unsigned places = std::max(a.places, b.places);
  return {a.value * power_of_ten(places - a.places) - b.value * power_of_ten(places - b.places), places};
}

// a / b with so many digits behind the point, half away from zero; both positive.
std::optional<Decimal> over(const Exact& a, const Exact& b, int places) {
  const Whole numerator = a.value * power_of_ten(b.places + static_cast<unsigned>(places));
  const Whole denominator = b.value * power_of_ten(a.places);
  Whole quotient = (2 * numerator + denominator) / (2 * denominator);
  int exponent = -places;
  while (exponent < 0 && quotient % 10 == 0) {
    quotient /= 10;
    ++exponent;
  }
  while (exponent < 0 && quotient > std::numeric_limits<std::int64_t>::max()) {
    quotient /= 10;
    ++exponent;
  }
  if (quotient > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return Decimal::from_parts(static_cast<std::int64_t>(quotient), exponent);
}

}  // namespace

std::optional<Decimal> price_between(std::string_view avg_before, Decimal cum_before, std::string_view avg_now,
                                     Decimal cum_now, int places) {
  const auto now = exact_of(avg_now);
  const auto before = cum_before.is_zero() ? Exact{} : exact_of(avg_before);
  if (!now || !before || cum_before.is_negative()) return std::nullopt;
  const Exact qty = minus(exact_of(cum_now), exact_of(cum_before));
  const Exact paid = minus(times(*now, exact_of(cum_now)), times(*before, exact_of(cum_before)));
  if (qty.value <= 0 || paid.value <= 0) return std::nullopt;
  return over(paid, qty, places);
}

CumulativeFills::Took CumulativeFills::on_update(const UserOrder& order, bool is_snapshot) {
  const auto [at, is_new] = orders_.try_emplace(order.order_id);
  State& state = at->second;
  if (is_new) {
    oldest_first_.push_back(order.order_id);
    if (oldest_first_.size() > orders_max_) {
      orders_.erase(oldest_first_.front());
      oldest_first_.pop_front();
    }
  }
  const Decimal cum_qty = order.cumulative_quantity.value_or(state.cum_qty);
  if (cum_qty < state.cum_qty) return {};  // said again after a reconnection, or overtaken
  const bool has_price = order.limit_price && order.limit_price->is_positive();  // often missing
  Took took{.is_news = is_new || cum_qty > state.cum_qty || order.status != state.status,
            .is_repriced = has_price && state.limit_price && *order.limit_price != *state.limit_price,
            .fill = {}};
  took.is_news = took.is_news || took.is_repriced;
  state.status = order.status;
  if (has_price) state.limit_price = order.limit_price;
  if (cum_qty == state.cum_qty) return took;
  const Decimal fees = order.total_fees.value_or(state.fees);
  if (!is_snapshot) {
    const auto price = price_between(state.avg_price, state.cum_qty, order.avg_price, cum_qty);
    const auto qty = subtract(cum_qty, state.cum_qty);
    const auto fee = subtract(fees, state.fees);
    if (!price || !qty || !fee) return took;
    took.fill = FillDelta{.qty = *qty, .price = *price, .fee = *fee};
  }
  state.cum_qty = cum_qty;
  state.avg_price = order.avg_price;
  state.fees = fees;
  return took;
}

std::optional<Decimal> CumulativeFills::filled_qty(const std::string& order_id) const {
  const auto found = orders_.find(order_id);
  return found == orders_.end() ? std::nullopt : std::optional{found->second.cum_qty};
}

}  // namespace busbar::coinbase
