#include "tools/busbar/table.hpp"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace busbar::tool
