#include "bus/text.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace busbar {
namespace {

TEST(Text, WordsAreUtf8WithoutControlCharacters) {
  for (const char* good : {"", "plain", "Grüße", "币安人生USDT", "😀", "\xF4\x8F\xBF\xBF"}) EXPECT_TRUE(is_words(good)) << good;
  for (const char* bad : {"\n", "\x1b[2J", "\x7f", "\xC2\x85", "\xFF", "\xC0\x80", "\xE2\x80\xA8", "\xE2\x80\xAE", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\xE4\xB8", "\x80"}) {
    EXPECT_FALSE(is_words(bad)) << to_words(bad);
    EXPECT_TRUE(is_words(to_words(bad)));
  }
  EXPECT_EQ(to_words("a\nb\x1b\xFF ü"), "a\\nb\\x1b\\xff ü");
}

TEST(Text, ALineOfTheLogIsShortAndSaysHowMuchIsMissing) {
  EXPECT_EQ(to_line("a\nb"), "a\\nb");
  EXPECT_EQ(to_line(std::string(3840, 'x')), std::string(3840, 'x'));
  for (const std::string& long_text : {std::string(1 << 20, 'x'), std::string(2000, '\x1b'), std::string(4000, '\0'), [] {
         std::string text;
         for (int i = 0; i < 3000; ++i) text += "ü";
         return text;
       }()}) {
    const std::string line = to_line(long_text);
    EXPECT_LE(line.size(), 3840u);
    EXPECT_TRUE(is_words(line));
    EXPECT_TRUE(line.ends_with("... (" + std::to_string(long_text.size()) + " bytes)")) << line;
  }
}

TEST(Text, IsOrderedByItsBytes) {
  std::vector<std::string> texts{""};
  for (std::size_t size = 1; size <= 20; ++size) {
    texts.push_back(std::string(size, 'a'));
    for (std::size_t at = 0; at < size; ++at) {
      for (const char other : {'\0', 'A', 'b', '\xFF'}) {
        texts.push_back(std::string(size, 'a'));
        texts.back()[at] = other;
      }
    }
  }
  for (const std::string& a : texts) {
    for (const std::string& b : texts) {
      const Name left{a};
      const Name right{b};
      ASSERT_EQ(left <=> right, std::string_view{a} <=> std::string_view{b}) << a << " " << b;
      ASSERT_EQ(left == right, a == b) << a << " " << b;
      ASSERT_EQ(left != right, a != b) << a << " " << b;
      ASSERT_EQ(left < right, a < b) << a << " " << b;
    }
  }
}

TEST(Text, IsCutBetweenCharacters) {
  EXPECT_EQ(view(cut<4>("abcdef")), "abcd");
  EXPECT_EQ(view(cut<4>("abcü")), "abc");
  EXPECT_EQ(view(cut<4>("abü")), "abü");
}

}  // namespace
}  // namespace busbar
