#include "audit/chain.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "audit/head.hpp"
#include "tests/unit/audit/records.hpp"

namespace busbar::audit {
namespace {

using namespace test;

Head head_at(std::uint64_t sequence) {
  Head head;
  head.stream = "core";
  head.sequence = sequence;
  head.time_ns = 1'764'000'000'000'000'000;
  head.chain.fill(0xab);
  return head;
}

TEST(Chain, IsSha256OverThePreviousHashAndTheFrame) {
  Chain chain;
  // As sha256sum gives them: of the lines "busbar journal 1" and "core"; of 32 zero bytes and "abc".
  EXPECT_EQ(to_hex(chain.genesis("core")), "c75fc7768c51a9ef70f8eb677e1e87a5516789b72b045181e4ba7a961f747651");
  const Bytes frame{'a', 'b', 'c'};
  const Hash zero{};
  EXPECT_EQ(to_hex(chain.next(zero, frame)), "365aa7d8f7f9402c4b9434502b4cc89ddb09fe50d7cd95b493b834c62d5a5370");
  EXPECT_NE(chain.next(chain.genesis("core"), frame), chain.next(zero, frame));
  EXPECT_EQ(chain.next(zero, frame), chain.next(zero, frame));
}

TEST(Head, SignsFiveLines) {
  EXPECT_EQ(signing_text(head_at(42)),
            "busbar head 1\ncore\n42\n1764000000000000000\n"
            "abababababababababababababababababababababababababababababababab\n");
}

TEST(Head, ComesBackFromItsLineAndAnyChangeShows) {
  const Place place;
  const auto key = SigningKey::open(place.path());
  ASSERT_TRUE(key) << key.error().text;
  Head head = head_at(42);
  key->sign(head);
  const std::string line = to_json(head);
  const auto back = parse_head(line);
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(to_json(*back), line);
  EXPECT_TRUE(is_signed(*back));
  for (std::size_t i = 0; i < line.size(); ++i) {
    std::string changed = line;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto parsed = parse_head(changed);
    EXPECT_FALSE(parsed && is_signed(*parsed)) << changed;
  }
}

TEST(Head, NamesTheMemberThatIsWrong) {
  const char* const cases[][2] = {
      {"", "not a JSON object"},
      {"[]", "not a JSON object"},
      {R"({"stream":1})", "stream"},
      {R"({"stream":"core","sequence":-1})", "sequence"},
      {R"({"stream":"core","sequence":1,"time_ns":"x"})", "time_ns"},
      {R"({"stream":"core","sequence":1,"time_ns":2,"chain_hash":"AB"})", "chain_hash"},
  };
  for (const auto& [line, text] : cases) {
    const auto head = parse_head(line);
    ASSERT_FALSE(head) << line;
    EXPECT_NE(head.error().text.find(text), std::string::npos) << head.error().text;
  }
}

TEST(SigningKey, IsMadeOnceAndKeptToItself) {
  const Place place;
  const auto made = SigningKey::open(place.path());
  ASSERT_TRUE(made);
  struct ::stat status;
  ASSERT_EQ(::stat((place / "signing.key").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto again = SigningKey::open(place.path());
  ASSERT_TRUE(again);
  EXPECT_EQ(made->public_key(), again->public_key());
  EXPECT_EQ(*read_public_key(place / "signing.pub"), made->public_key());
  ::chmod((place / "signing.key").c_str(), 0640);
  const auto open = SigningKey::open(place.path());
  ASSERT_FALSE(open);
  EXPECT_NE(open.error().text.find("must be 0600"), std::string::npos) << open.error().text;
  ::chmod((place / "signing.key").c_str(), 0600);
  std::ofstream{place / "signing.key"} << "nonsense";
  EXPECT_FALSE(SigningKey::open(place.path()));
}

TEST(HeadFile, LosesTheLineThatACrashTore) {
  const Place place;
  ASSERT_TRUE(append_line(place / "heads", "one"));
  std::ofstream{place / "heads", std::ios::app} << "tw";
  ASSERT_TRUE(append_line(place / "heads", "three"));
  std::ifstream file{place / "heads"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  EXPECT_EQ(text, "one\nthree\n");
  EXPECT_FALSE(append_line(place / "absent/heads", "one"));
}

}  // namespace
}  // namespace busbar::audit
