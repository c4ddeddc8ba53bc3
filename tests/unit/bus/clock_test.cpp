#include "bus/clock.hpp"

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
