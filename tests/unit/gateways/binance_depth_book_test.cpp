#include "gateways/binance/depth_book.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <random>

#include <gtest/gtest.h>

namespace busbar::binance {
namespace {

using namespace busbar::literals;
using Took = DepthBook::Took;

DepthUpdateEvent update(std::int64_t first, std::int64_t last, std::vector<BookLevel> bids = {},
                        std::vector<BookLevel> asks = {}) {
  DepthUpdateEvent event;
  event.symbol = "BTCUSDT";
  event.first_update_id = first;
  event.final_update_id = last;
  event.bids = std::move(bids);
  event.asks = std::move(asks);
  return event;
}

DepthSnapshot snapshot(std::int64_t last) {
  return {.last_update_id = last, .bids = {{"10"_d, "1"_d}, {"9"_d, "2"_d}}, .asks = {{"11"_d, "3"_d}}};
}

std::string text(const std::vector<BookLevel>& levels) {
  std::string said;
  for (const BookLevel& level : levels) said += to_string(level.price) + "x" + to_string(level.qty) + " ";
  return said;
}

TEST(DepthBook, HoldsChangesUntilASnapshotComesThatKnowsTheirBeginning) {
  DepthBook book;
  EXPECT_FALSE(book.wants_snapshot());  // asked for now, it would be older than the first change
  EXPECT_EQ(book.on_update(update(101, 103, {{"10"_d, "5"_d}})), Took::Held);
  EXPECT_TRUE(book.wants_snapshot());
  EXPECT_EQ(book.on_update(update(104, 105, {}, {{"12"_d, "7"_d}})), Took::Held);
  EXPECT_FALSE(book.on_snapshot(snapshot(100)).is_taken);
  EXPECT_TRUE(book.wants_snapshot());
  const auto synced = book.on_snapshot(snapshot(103));
  EXPECT_TRUE(synced.is_taken);
  EXPECT_EQ(synced.dropped, 1u);
  EXPECT_EQ(synced.applied, 1u);
  EXPECT_TRUE(book.is_synced());
  EXPECT_FALSE(book.wants_snapshot());
  EXPECT_EQ(book.last_update_id(), 105);
  EXPECT_EQ(text(book.bids()), "10x1 9x2 ");
  EXPECT_EQ(text(book.asks()), "11x3 12x7 ");
}

TEST(DepthBook, ZeroTakesALevelAwayAndTheBestComeFirst) {
  DepthBook book;
  book.on_update(update(100, 100));
  ASSERT_TRUE(book.on_snapshot(snapshot(100)).is_taken);
  EXPECT_EQ(book.on_update(update(101, 102, {{"10.00"_d, "0"_d}, {"9.5"_d, "4"_d}}, {{"10.8"_d, "1"_d}})),
            Took::Applied);
  EXPECT_EQ(text(book.bids()), "9.5x4 9x2 ");
  EXPECT_EQ(text(book.asks()), "10.8x1 11x3 ");
  EXPECT_EQ(text(book.asks(1)), "10.8x1 ");
  EXPECT_EQ(book.on_update(update(103, 103, {{"7"_d, "0"_d}})), Took::Applied);  // of a level never known
}

TEST(DepthBook, AChangeThatIsKnownAlreadyChangesNothing) {
  DepthBook book;
  book.on_update(update(100, 105, {{"8"_d, "1"_d}}));
  ASSERT_TRUE(book.on_snapshot(snapshot(105)).is_taken);
  EXPECT_EQ(book.on_update(update(100, 105, {{"8"_d, "1"_d}})), Took::Old);
  EXPECT_EQ(text(book.bids()), "10x1 9x2 ");
  EXPECT_EQ(book.on_update(update(104, 106, {{"8"_d, "1"_d}})), Took::Applied);  // overlaps, and brings more
  EXPECT_EQ(book.last_update_id(), 106);
}

TEST(DepthBook, AHoleEndsTheBookAndAsksForAnother) {
  DepthBook book;
  book.on_update(update(100, 100));
  ASSERT_TRUE(book.on_snapshot(snapshot(100)).is_taken);
  EXPECT_EQ(book.on_update(update(102, 103)), Took::Gap);
  EXPECT_FALSE(book.is_synced());
  EXPECT_TRUE(book.wants_snapshot());
  EXPECT_TRUE(book.bids().empty());
  EXPECT_FALSE(book.on_snapshot(snapshot(101)).is_taken);
  EXPECT_EQ(book.on_snapshot(snapshot(102)).applied, 1u);
  EXPECT_EQ(book.last_update_id(), 103);
}

TEST(DepthBook, WhatWasHeldBeforeAHoleIsNoLongerWanted) {
  DepthBook book;
  book.on_update(update(100, 100));
  EXPECT_EQ(book.on_update(update(110, 111)), Took::Held);
  EXPECT_FALSE(book.on_snapshot(snapshot(105)).is_taken);  // newer than the first, older than what followed the hole
  EXPECT_TRUE(book.on_snapshot(snapshot(110)).is_taken);
  EXPECT_EQ(book.last_update_id(), 111);
}

TEST(DepthBook, HoldsNoMoreThanItMay) {
  DepthBook book{10};
  for (std::int64_t id = 1; id <= 100; ++id) book.on_update(update(id, id, {{"1"_d, "1"_d}}));
  EXPECT_FALSE(book.on_snapshot(snapshot(50)).is_taken);  // what followed on it has been let go
  const auto synced = book.on_snapshot(snapshot(97));
  EXPECT_TRUE(synced.is_taken);
  EXPECT_EQ(synced.applied, 3u);
}

TEST(DepthBook, AResetForgetsEverything) {
  DepthBook book;
  book.on_update(update(100, 100));
  ASSERT_TRUE(book.on_snapshot(snapshot(100)).is_taken);
  book.reset();
  EXPECT_FALSE(book.is_synced());
  EXPECT_FALSE(book.wants_snapshot());
  EXPECT_TRUE(book.asks().empty());
  EXPECT_EQ(book.on_update(update(200, 200)), Took::Held);
}

// A venue whose book changes at random. It remembers how the book was at each change.
class Venue {
 public:
  explicit Venue(unsigned seed) : random_{seed} {}

  std::int64_t pick(std::int64_t most) { return std::uniform_int_distribution<std::int64_t>{0, most}(random_); }

  // One to four changes in one event.
  DepthUpdateEvent change() {
    DepthUpdateEvent event = update(last() + 1, last() + 1);
    for (std::int64_t changes = pick(3); changes >= 0; --changes) {
      Sides sides = history_.back();
      const bool is_bid = pick(1) == 0;
      const std::int64_t price = 1 + pick(9);
      const std::int64_t qty = pick(3);
      (is_bid ? sides.bids : sides.asks)[price] = qty;
      (is_bid ? event.bids : event.asks).push_back({Decimal{price, 0}, Decimal{qty, 0}});
      history_.push_back(std::move(sides));
    }
    event.final_update_id = last();
    return event;
  }

  // As it was a little while ago, for the copies that are asked lag behind the stream.
  DepthSnapshot snapshot() {
    const std::int64_t at = std::max<std::int64_t>(0, last() - pick(2));
    return {.last_update_id = at, .bids = bids(at), .asks = asks(at)};
  }

  std::vector<BookLevel> bids(std::int64_t at) const {
    std::vector<BookLevel> levels = levels_of(history_.at(static_cast<std::size_t>(at)).bids);
    std::reverse(levels.begin(), levels.end());
    return levels;
  }
  std::vector<BookLevel> asks(std::int64_t at) const {
    return levels_of(history_.at(static_cast<std::size_t>(at)).asks);
  }

 private:
  using Side = std::map<std::int64_t, std::int64_t>;  // price to quantity; zero is no level
  struct Sides {
    Side bids, asks;
  };

  std::int64_t last() const { return static_cast<std::int64_t>(history_.size()) - 1; }
  static std::vector<BookLevel> levels_of(const Side& side) {
    std::vector<BookLevel> levels;
    for (const auto& [price, qty] : side) {
      if (qty != 0) levels.push_back({Decimal{price, 0}, Decimal{qty, 0}});
    }
    return levels;
  }

  std::mt19937 random_;
  std::vector<Sides> history_{1};
};

// Over a line that loses, repeats and delays: whenever the book says that it is in step, it is what the venue's book
// was at that change.
TEST(DepthBook, IsTheVenuesBookWheneverItSaysSo) {
  for (unsigned seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    Venue venue{seed};
    DepthBook book{static_cast<std::size_t>(20 + venue.pick(200))};
    std::vector<DepthUpdateEvent> sent;
    std::optional<DepthSnapshot> on_its_way;
    int compared = 0;
    int gaps = 0;
    for (int step = 0; step < 300; ++step) {
      sent.push_back(venue.change());
      if (venue.pick(9) == 0) continue;  // lost
      const Took took = book.on_update(sent.back());
      gaps += took == Took::Gap ? 1 : 0;
      EXPECT_EQ(took == Took::Held || took == Took::Gap, !book.is_synced());
      if (venue.pick(9) == 0) {
        book.on_update(sent[static_cast<std::size_t>(venue.pick(step))]);  // once more, or late
      }
      if (on_its_way && venue.pick(2) == 0) {
        if (!book.is_synced()) book.on_snapshot(*on_its_way);
        on_its_way.reset();
      }
      if (book.wants_snapshot() && !on_its_way) on_its_way = venue.snapshot();
      if (!book.is_synced()) continue;
      ++compared;
      ASSERT_EQ(text(book.bids()), text(venue.bids(book.last_update_id())));
      ASSERT_EQ(text(book.asks()), text(venue.asks(book.last_update_id())));
    }
    EXPECT_GT(compared, 50);
    EXPECT_GT(gaps, 5);
  }
}

}  // namespace
}  // namespace busbar::binance
