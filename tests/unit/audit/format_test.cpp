// docs/journal_format.md says what the code does.
#include <fstream>
#include <map>
#include <sstream>

#include <gtest/gtest.h>

#include "audit/head.hpp"
#include "tests/unit/audit/records.hpp"

namespace busbar::audit {
namespace {

// The lines of the page's one block that is fenced with ```name.
std::vector<std::string> block(const std::string& name) {
  std::ifstream page{BUSBAR_SOURCE_DIR "/docs/journal_format.md"};
  std::vector<std::string> lines;
  bool is_inside = false;
  for (std::string line; std::getline(page, line);) {
    if (is_inside && line == "```") break;
    if (is_inside && !line.empty()) lines.push_back(line);
    if (line == "```" + name) is_inside = true;
  }
  return lines;
}

TEST(JournalFormat, IsWhatThePageShows) {
  std::map<std::string, std::string> shown;
  std::string frame_shown;
  for (const std::string& line : block("example")) {
    std::istringstream words{line};
    std::string name, hex;
    words >> name >> hex;
    shown[name] = hex;
    if (name != "previous" && name != "chain") frame_shown += hex;
  }
  RecordHeader header;
  header.sequence = 1;
  header.time_ns = header.wall_ns = 1'764'000'000'000'000'000;
  header.kind = static_cast<std::uint8_t>(RecordKind::Input);
  const std::string_view payload = "hello order";
  Bytes frame;
  append_frame(frame, header, {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()});
  EXPECT_EQ(to_hex(frame), frame_shown);
  Chain chain;
  const Hash previous = chain.genesis("core");
  EXPECT_EQ(to_hex(previous), shown["previous"]);
  EXPECT_EQ(to_hex(chain.next(previous, frame)), shown["chain"]);

  const auto heads = block("head");
  ASSERT_EQ(heads.size(), 1u);
  const auto head = parse_head(heads[0]);
  ASSERT_TRUE(head) << head.error().text;
  EXPECT_TRUE(is_signed(*head));
  EXPECT_EQ(to_json(*head), heads[0]);
  EXPECT_EQ(to_hex(head->chain), shown["chain"]);
}

TEST(JournalFormat, HasTheChainBeforeTheFrame) {
  const test::Place place;
  auto writer = test::open_writer(place / "core");
  ASSERT_TRUE(writer);
  ASSERT_TRUE(test::append_orders(*writer, 1));
  std::ifstream file{place / "core/00000000000000000001/data.mdb", std::ios::binary};
  const std::string data{std::istreambuf_iterator<char>{file}, {}};
  const Bytes frame = test::order_frame(1);
  Chain chain;
  const Hash hash = chain.next(chain.genesis("core"), frame);
  std::string value{hash.begin(), hash.end()};
  value.append(frame.begin(), frame.end());
  EXPECT_NE(data.find(value), std::string::npos);
}

}  // namespace
}  // namespace busbar::audit
