#pragma once
// The two sides of an order book: prices and what lies there. Who keeps them right is the broker's matter.

#include <cstddef>
#include <functional>
#include <map>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::gateway {

class BookSides {
 public:
  // A quantity of zero takes the level away. Far from the price, levels gather that nobody takes away any more: of a
  // side at most so many are kept.
  static constexpr std::size_t levels_max = 20'000;
  void set_bid(const BookLevel& level);
  void set_ask(const BookLevel& level);
  void clear();

  // Best first; at most `most`, 0 for all.
  std::vector<BookLevel> bids(std::size_t most = 0) const;
  std::vector<BookLevel> asks(std::size_t most = 0) const;

 private:
  std::map<Decimal, Decimal, std::greater<>> bids_;  // price to quantity
  std::map<Decimal, Decimal> asks_;
};

}  // namespace busbar::gateway
