#include "tools/busbar/table.hpp"

#include <gtest/gtest.h>

#include "bus/clock.hpp"
#include "tools/busbar/tool.hpp"

namespace busbar::tool {
namespace {

TEST(Table, AlignsNumbersRightAndWordsLeftWithoutTrailingSpaces) {
  Table table{{{"SYMBOL"}, {"QTY", true}, {"NOTE"}}};
  table.add({"BTC/USDT", "0.01", "first"});
  table.add({"ETH", "12.5", ""});
  EXPECT_EQ(table.text(),
            "SYMBOL     QTY  NOTE\n"
            "BTC/USDT  0.01  first\n"
            "ETH       12.5\n");
}

TEST(Table, CountsCharactersNotBytes) {
  Table table{{{"NAME"}, {"N", true}}};
  table.add({"币安", "1"});
  table.add({"ab", "2"});
  EXPECT_EQ(table.text(),
            "NAME  N\n"
            "币安    1\n"
            "ab    2\n");
}

TEST(TimeOption, IsATimeThatNanosecondsTellOrIsRefused) {
  EXPECT_EQ(time_in("--since", ""), 0);
  EXPECT_EQ(time_in("--since", "2026-11-25T18:20:00Z"), 1'795'630'800'000'000'000);
  EXPECT_EQ(time_in("--since", "1970-01-01"), 0);
  constexpr Timestamp two_days_ns = 172'800'000'000'000;
  const Timestamp before = wall_now_ns() - two_days_ns;
  const Timestamp since = time_in("--since", "2d");
  EXPECT_LE(before, since);
  EXPECT_LE(since, wall_now_ns() - two_days_ns);
  EXPECT_GE(time_in("--since", "1000000d"), 0) << "no further back than 1970";
  for (const char* text : {"9999-01-01", "2300-01-01T00:00:00Z", "0000-01-01T00:00:00Z", "1969-12-31", "d", "-1d", "1000001d", "1w"}) {
    EXPECT_THROW(time_in("--since", text), ConfigError) << text;
  }
}

}  // namespace
}  // namespace busbar::tool
