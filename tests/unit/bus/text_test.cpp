#include "bus/text.hpp"

#include <gtest/gtest.h>

namespace busbar {
namespace {

TEST(Text, WordsAreUtf8WithoutControlCharacters) {
  for (const char* good : {"", "plain", "Grüße", "币安人生USDT", "😀", "\xF4\x8F\xBF\xBF"}) EXPECT_TRUE(is_words(good)) << good;
  for (const char* bad : {"\n", "\x1b[2J", "\x7f", "\xC2\x85", "\xFF", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\xE4\xB8", "\x80"}) {
    EXPECT_FALSE(is_words(bad)) << to_words(bad);
    EXPECT_TRUE(is_words(to_words(bad)));
  }
  EXPECT_EQ(to_words("a\nb\x1b\xFF ü"), "a\\nb\\x1b\\xff ü");
}

TEST(Text, IsCutBetweenCharacters) {
  EXPECT_EQ(view(cut<4>("abcdef")), "abcd");
  EXPECT_EQ(view(cut<4>("abcü")), "abc");
  EXPECT_EQ(view(cut<4>("abü")), "abü");
}

}  // namespace
}  // namespace busbar
