#include "bus/clock.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace busbar {
namespace {

TEST(RecordClock, AdvancesWithBoottimeWhateverTheWallClockDoes) {
  RecordClock clock{0, 1000, 50};
  EXPECT_EQ(clock.at(1000, 50).time_ns, 1000);
  EXPECT_EQ(clock.at(400, 60).time_ns, 1010);
  EXPECT_EQ(clock.at(400, 60).wall_ns, 400);
  EXPECT_EQ(clock.at(9999, 70).time_ns, 1020);
  EXPECT_EQ(clock.boottime_of(1100), 150);
}

TEST(RecordClock, WhatWasOnItsWayWhenTheWallClockWasSetIsTimedByTheClockOfBefore) {
  constexpr Timestamp s = 1'000'000'000, hour = 3600 * s, noon = 12 * hour;
  const struct {
    const char* what;
    Timestamp wall_ns, boottime_ns, sent_ns;
    Timestamp wall_of_record_ns;
  } cases[] = {
      {"before the clock was set", noon + 10 * s, 10 * s, noon + 9 * s, noon + 10 * s},
      {"sent before it was set forward, heard after", noon + hour + 11 * s, 11 * s, noon + 10 * s, noon + 11 * s},
      {"sent after", noon + hour + 12 * s, 12 * s, noon + hour + 12 * s, noon + hour + 12 * s},
      {"sent after, and old", noon + hour + 900 * s, 900 * s, noon + hour + 13 * s, noon + hour + 900 * s},
      {"nobody says when it was sent", noon + hour + 900 * s, 900 * s, 0, noon + hour + 900 * s},
      {"sent in a time that never was", noon + hour + 900 * s, 900 * s, std::numeric_limits<Timestamp>::min(), noon + hour + 900 * s},
      {"sent before it was set back, heard after", noon + 901 * s, 901 * s, noon + hour + 900 * s, noon + hour + 901 * s},
      {"sent after, by a clock that is a second ahead", noon + 902 * s, 902 * s, noon + 903 * s, noon + 902 * s},
      {"a slow clock is no clock that was set", noon + 902 * s + s / 20, 903 * s, noon + 902 * s, noon + 902 * s + s / 20},
  };
  RecordClock clock{0, noon, 0};
  for (const auto& c : cases) EXPECT_EQ(clock.at(c.wall_ns, c.boottime_ns, c.sent_ns).wall_ns, c.wall_of_record_ns) << c.what;
}

TEST(RecordClock, StartsNoEarlierThanTheLastRecord) {
  RecordClock clock{5000, 1000, 50};
  EXPECT_EQ(clock.at(1000, 50).time_ns, 5000);
  EXPECT_EQ(clock.at(1001, 51).time_ns, 5001);
}

TEST(RecordClock, NeverGoesBack) {
  RecordClock clock{0, 1000, 50};
  EXPECT_EQ(clock.at(0, 80).time_ns, 1030);
  EXPECT_EQ(clock.at(0, 70).time_ns, 1030);
}

}  // namespace
}  // namespace busbar
