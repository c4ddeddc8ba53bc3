#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "router/core/rate_buckets.hpp"

namespace busbar::router {
namespace {

constexpr Timestamp ms = 1'000'000;
constexpr Timestamp second = 1'000'000'000;
constexpr Timestamp start = 1'790'000'000 * second;

struct Meter {
  std::vector<RateLimit> limits;
  std::vector<RateCost> costs = {{"place", "orders", 1}, {"place", "weight", 2}, {"cancel", "weight", 1}};
  std::vector<GatewayAccount> accounts = {{"main", {}, 0, 0, 0}, {"second", {}, 0, 0, 0}};
  std::pmr::monotonic_buffer_resource memory;
  RateBuckets buckets{&memory};
  std::uint32_t reserve = 10;

  explicit Meter(std::vector<RateLimit> l) : limits{std::move(l)} { buckets.declare(limits); }
  Rate rate(RequestKind kind, const char* account = "main") { return {limits, costs, accounts, Name{account}, kind}; }
  bool draw(RequestKind kind, Timestamp now, const char* account = "main") {
    return buckets.draw(rate(kind, account), reserve, now);
  }
};

TEST(RateBuckets, DrawFromEveryBucketOrFromNone) {
  Meter s{{{"orders", "main", 10'000, 100, true}, {"weight", "ip", 60'000, 10, true}}};
  s.reserve = 0;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(s.draw(RequestKind::Place, start));
  EXPECT_FALSE(s.draw(RequestKind::Place, start)) << "the weight is used up";
  for (const auto& [key, bucket] : s.buckets.all())
    EXPECT_EQ(bucket.used(start), view(key.bucket) == "orders" ? 5u : 10u);
}

TEST(RateBuckets, GiveRoomToManyTogetherOrToNone) {
  Meter s{{{"orders", "main", 10'000, 4, true}, {"weight", "ip", 60'000, 100, true}}};
  s.reserve = 0;
  Rate three = s.rate(RequestKind::Place);
  three.count = 3;
  EXPECT_TRUE(s.buckets.draw(three, 0, start));
  EXPECT_FALSE(s.buckets.draw(three, 0, start)) << "only one has room";
  for (const auto& [key, bucket] : s.buckets.all())
    EXPECT_EQ(bucket.used(start), view(key.bucket) == "orders" ? 3u : 6u) << "and nothing was drawn";
  EXPECT_TRUE(s.draw(RequestKind::Place, start));
}

TEST(RateBuckets, RefillWithTimeNotWithCalls) {
  Meter s{{{"orders", "main", 10'000, 2, true}}};
  s.reserve = 0;
  EXPECT_TRUE(s.draw(RequestKind::Place, start));
  EXPECT_TRUE(s.draw(RequestKind::Place, start));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(s.draw(RequestKind::Place, start + i * ms));
  EXPECT_EQ(s.buckets.earliest(s.rate(RequestKind::Place), 0, start), start + 10 * second);
  EXPECT_TRUE(s.draw(RequestKind::Place, start + 10 * second));
}

TEST(RateBuckets, KeepAReserveThatOnlyCancelsMayUse) {
  Meter s{{{"weight", "ip", 60'000, 100, true}}};
  int orders = 0;
  while (s.draw(RequestKind::Place, start)) ++orders;
  EXPECT_EQ(orders, 45) << "two each, up to 90";
  int cancels = 0;
  while (s.draw(RequestKind::Cancel, start)) ++cancels;
  EXPECT_EQ(cancels, 10);
}

TEST(RateBuckets, AreSharedByScopeAndApartByAccount) {
  Meter s{{{"orders", "main", 10'000, 1, true},
           {"orders", "second", 10'000, 1, true},
           {"weight", "ip", 60'000, 1000, true}}};
  s.reserve = 0;
  EXPECT_TRUE(s.draw(RequestKind::Place, start, "main"));
  EXPECT_FALSE(s.draw(RequestKind::Place, start, "main"));
  EXPECT_TRUE(s.draw(RequestKind::Place, start, "second")) << "its orders count for itself";
  for (const auto& [key, bucket] : s.buckets.all()) {
    if (view(key.bucket) == "weight") {
      EXPECT_EQ(bucket.used(start), 4u) << "the address is one";
    }
  }
}

TEST(RateBuckets, TheBrokersOwnCountOnlyRaises) {
  Meter s{{{"weight", "ip", 60'000, 100, true}}};
  s.draw(RequestKind::Place, start);
  s.buckets.use({"main", "weight", "ip", 60'000, 50, 0}, start);
  EXPECT_EQ(s.buckets.all().begin()->second.used(start), 50u);
  s.buckets.use({"main", "weight", "ip", 60'000, 3, 0}, start);
  EXPECT_EQ(s.buckets.all().begin()->second.used(start), 50u);
  // The echo of the window before, heard just after its end, is not this window's.
  s.buckets.use({"main", "weight", "ip", 60'000, 50, 0}, (start / (60 * second) + 1) * 60 * second + 5 * ms);
  EXPECT_EQ(s.buckets.all().begin()->second.used((start / (60 * second) + 1) * 60 * second + 5 * ms), 0u);
}

TEST(RateBuckets, ABanHoldsForCancelsTooAndIsRememberedBeforeItsBucketIsKnown) {
  Meter s{{}};
  s.buckets.use({"main", "weight", "ip", 60'000, 0, start + 30 * second}, start);
  s.limits = {{"weight", "ip", 60'000, 100, true}};
  s.buckets.declare(s.limits);
  EXPECT_FALSE(s.draw(RequestKind::Cancel, start + 29 * second));
  EXPECT_EQ(s.buckets.earliest(s.rate(RequestKind::Cancel), 10, start), start + 30 * second);
  EXPECT_TRUE(s.draw(RequestKind::Cancel, start + 30 * second));
}

TEST(RateBuckets, WhatCostsMoreThanTheWindowNeverFits) {
  Meter s{{{"weight", "ip", 60'000, 1, true}}};
  EXPECT_EQ(s.buckets.earliest(s.rate(RequestKind::Place), 10, start), never);
}

// The broker counts what arrives, a little later than we count it, in windows of its own clock or in any window at all.
TEST(RateBuckets, NoWindowAtTheBrokerIsEverTooFull) {
  for (const std::uint32_t seed : {1u, 2u, 3u, std::random_device{}()}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    for (const bool aligned : {true, false}) {
      const std::uint64_t interval_ms = 10'000;
      const std::uint64_t limit = 20 + random() % 80;
      Meter s{{{"weight", "ip", interval_ms, limit, aligned}}};
      const Timestamp interval = static_cast<Timestamp>(interval_ms) * ms;
      const Timestamp delay_max = aligned ? second : interval / 16;
      std::vector<std::pair<Timestamp, std::uint64_t>> arrivals;
      Timestamp now = start;
      std::uint64_t reserve_used = 0;
      for (int i = 0; i < 20'000; ++i) {
        now += static_cast<Timestamp>(random() % 60) * ms;
        const auto kind = random() % 8 == 0 ? RequestKind::Cancel : RequestKind::Place;
        if (!s.draw(kind, now)) continue;
        if (kind == RequestKind::Cancel) ++reserve_used;
        arrivals.emplace_back(now + static_cast<Timestamp>(random() % static_cast<std::uint64_t>(delay_max)),
                              kind == RequestKind::Cancel ? 1 : 2);
      }
      EXPECT_GT(reserve_used, 100u);
      std::sort(arrivals.begin(), arrivals.end());
      std::map<Timestamp, std::uint64_t> windows;
      for (const auto& [at, cost] : arrivals) windows[at / interval] += cost;
      if (aligned) {
        for (const auto& [window, used] : windows) ASSERT_LE(used, limit);
        continue;
      }
      std::uint64_t sum = 0;
      std::size_t first = 0;
      for (std::size_t i = 0; i < arrivals.size(); ++i) {
        sum += arrivals[i].second;
        while (arrivals[first].first <= arrivals[i].first - interval) sum -= arrivals[first++].second;
        ASSERT_LE(sum, limit);
      }
    }
  }
}

}  // namespace
}  // namespace busbar::router
