#include "gateways/binance/depth_book.hpp"

namespace busbar::binance {

namespace {

std::size_t levels_of(const DepthUpdateEvent& update) { return 1 + update.bids.size() + update.asks.size(); }

void set(gateway::BookSides& sides, const std::vector<BookLevel>& bids, const std::vector<BookLevel>& asks) {
  for (const BookLevel& level : bids) sides.set_bid(level);
  for (const BookLevel& level : asks) sides.set_ask(level);
}

}  // namespace

void DepthBook::reset() {
  held_.clear();
  held_levels_ = 0;
  sides_.clear();
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
  set(sides_, update.bids, update.asks);
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
  sides_.clear();
  set(sides_, snapshot.bids, snapshot.asks);
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

}  // namespace busbar::binance
