#include "gateways/framework/book_sides.hpp"

#include <algorithm>
#include <iterator>

namespace busbar::gateway {

namespace {

template <class Side>
void set(Side& side, const BookLevel& level) {
  if (level.qty.is_zero()) {
    side.erase(level.price);
    return;
  }
  side.insert_or_assign(level.price, level.qty);
  if (side.size() > BookSides::levels_max) side.erase(std::prev(side.end()));
}

template <class Side>
std::vector<BookLevel> best(const Side& side, std::size_t most) {
  const std::size_t count = most != 0 ? std::min(most, side.size()) : side.size();
  std::vector<BookLevel> levels;
  levels.reserve(count);
  for (auto at = side.begin(); levels.size() < count; ++at) levels.push_back({.price = at->first, .qty = at->second});
  return levels;
}

}  // namespace

void BookSides::set_bid(const BookLevel& level) { set(bids_, level); }
void BookSides::set_ask(const BookLevel& level) { set(asks_, level); }

void BookSides::clear() {
  bids_.clear();
  asks_.clear();
}

std::vector<BookLevel> BookSides::bids(std::size_t most) const { return best(bids_, most); }
std::vector<BookLevel> BookSides::asks(std::size_t most) const { return best(asks_, most); }

}  // namespace busbar::gateway
