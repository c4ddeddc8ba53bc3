#include "gateways/binance/depth_book.hpp"

#include <iterator>

namespace busbar::binance {

namespace {

// Far from the price, levels gather that nobody takes away any more: of a side at most so many are kept.
constexpr std::size_t levels_max = 20'000;

std::size_t levels_of(const DepthUpdateEvent& update) { return 1 + update.bids.size() + update.asks.size(); }

template <class Side>
void set(Side& side, const std::vector<BookLevel>& levels) {
  for (const BookLevel& level : levels) {
    if (level.qty.is_zero()) {
      side.erase(level.price);
    } else {
      side.insert_or_assign(level.price, level.qty);
    }
  }
  while (side.size() > levels_max) side.erase(std::prev(side.end()));
}

template <class Side>
std::vector<BookLevel> best(const Side& side, std::size_t most) {
  std::vector<BookLevel> levels;
  for (const auto& [price, qty] : side) {
    if (most != 0 && levels.size() == most) break;
    levels.push_back({.price = price, .qty = qty});
  }
  return levels;
}

}  // namespace

void DepthBook::reset() {
  held_.clear();
  held_levels_ = 0;
  bids_.clear();
  asks_.clear();
  last_update_id_ = 0;
  is_synced_ = false;
}

void DepthBook::hold(DepthUpdateEvent update) {
  held_levels_ += levels_of(update);
  held_.push_back(std::move(update));
  while (held_levels_ > held_max_ && held_.size() > 1) {
    held_levels_ -= levels_of(held_.front());
    held_.pop_front();
  }
}

void DepthBook::apply(const DepthUpdateEvent& update) {
  set(bids_, update.bids);
  set(asks_, update.asks);
  last_update_id_ = update.final_update_id;
}

DepthBook::Took DepthBook::on_update(DepthUpdateEvent update) {
  if (!is_synced_) {
    // What was held before a hole could only be followed by what fell into it.
    if (!held_.empty() && update.first_update_id - 1 > held_.back().final_update_id) reset();
    if (!held_.empty() && update.final_update_id <= held_.back().final_update_id) return Took::Old;
    hold(std::move(update));
    return Took::Held;
  }
  if (update.final_update_id <= last_update_id_) return Took::Old;
  if (update.first_update_id - 1 > last_update_id_) {
    reset();
    hold(std::move(update));
    return Took::Gap;
  }
  apply(update);
  return Took::Applied;
}

DepthBook::Synced DepthBook::on_snapshot(const DepthSnapshot& snapshot) {
  if (!held_.empty() && snapshot.last_update_id < held_.front().first_update_id) return {};
  Synced synced{.is_taken = true};
  bids_.clear();
  asks_.clear();
  set(bids_, snapshot.bids);
  set(asks_, snapshot.asks);
  last_update_id_ = snapshot.last_update_id;
  is_synced_ = true;
  for (const DepthUpdateEvent& update : held_) {
    if (update.final_update_id <= last_update_id_) {
      ++synced.dropped;
    } else {
      apply(update);
      ++synced.applied;
    }
  }
  held_.clear();
  held_levels_ = 0;
  return synced;
}

std::vector<BookLevel> DepthBook::bids(std::size_t most) const { return best(bids_, most); }
std::vector<BookLevel> DepthBook::asks(std::size_t most) const { return best(asks_, most); }

}  // namespace busbar::binance
