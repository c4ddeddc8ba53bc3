#pragma once
// The user channel sends no fills: it says how much of an order is filled by now, at which mean price and fees. What
// was filled since the last word is the difference. The fills themselves, with their names, are asked for by REST; this
// tells that there are any, and what they must add up to. Pure.

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "gateways/coinbase/decode_stream.hpp"

namespace busbar::coinbase {

struct FillDelta {
  Decimal qty;
  Decimal price;
  Decimal fee;
};

// The mean price of what was filled between two means, exact until it is rounded to `places` digits behind the point.
// nullopt where a mean is missing or no price comes out.
std::optional<Decimal> price_between(std::string_view avg_before, Decimal cum_before, std::string_view avg_now,
                                     Decimal cum_now, int places = 12);

class CumulativeFills {
 public:
  explicit CumulativeFills(std::size_t orders_max = 100'000) : orders_max_{orders_max} {}

  struct Took {
    bool is_news = false;  // something has changed: the first word of an order, more filled, another status or price
    bool is_repriced = false;
    std::optional<FillDelta> fill;
  };
  // A snapshot only says where the count begins. What counts less than before is old. Without a mean price there is no
  // fill yet, and the next word covers it.
  Took on_update(const UserOrder& order, bool is_snapshot);
  std::optional<Decimal> filled_qty(const std::string& order_id) const;

 private:
  struct State {
    Decimal cum_qty;
    std::string avg_price;
    Decimal fees;
    std::string status;
    std::optional<Decimal> limit_price;
  };
  std::size_t orders_max_;
  std::map<std::string, State> orders_;
  std::deque<std::string> oldest_first_;
};

}  // namespace busbar::coinbase
