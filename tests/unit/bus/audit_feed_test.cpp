#include "bus/audit_feed.hpp"

#include <memory>
#include <sstream>
#include <vector>

#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include "tests/unit/bus/loop.hpp"
#include "tests/unit/bus/temporary_directory.hpp"

namespace busbar::bus {
namespace {

using namespace std::chrono_literals;

// auditd as far as a producer can see it: takes what comes next, and says what it wants next.
class Archive {
 public:
  Archive(asio::io_context& loop, const std::string& address, std::uint64_t next)
      : endpoint_{loop, Kind::Router, {.linger_ms = 0, .frame_size_max = audit_frame_size_max}}, next_{next} {
    endpoint_.bind(address);
    endpoint_.on_message([this](const RoutingId& peer, std::string_view, std::span<const std::uint8_t> bytes) {
      const auto message = decode(bytes);
      ASSERT_TRUE(message) << message.error().text;
      sender = message->header.sender;
      session = message->header.session;
      if (const auto* append = std::get_if<AuditAppend>(&message->body)) take(*append);
      if (is_silent) return;
      static_cast<void>(endpoint_.send(peer, encode(Header{.environment = Environment::Paper, .sender = "auditd"},
                                                    AuditState{.stream = "tape", .next_sequence = next_})));
    });
  }

  std::vector<std::uint64_t> sequences;
  std::vector<Bytes> payloads;
  Name sender, session;
  bool is_silent = false;
  std::size_t batches = 0;
  std::uint64_t next() const { return next_; }

 private:
  void take(const AuditAppend& append) {
    ++batches;
    std::span<const std::uint8_t> frames = append.records;
    std::uint64_t sequence = append.first_sequence;
    for (std::uint32_t i = 0; i < append.count; ++i, ++sequence) {
      const auto frame = read_frame(frames);
      ASSERT_TRUE(frame) << frame.error().text;
      EXPECT_EQ(frame->record.header.sequence, sequence);
      frames = frames.subspan(frame->size);
      if (next_ != 0 && sequence != next_) continue;  // seen before, or after a gap
      next_ = sequence + 1;
      sequences.push_back(sequence);
      payloads.emplace_back(frame->record.payload.begin(), frame->record.payload.end());
    }
    EXPECT_TRUE(frames.empty());
  }

  Endpoint endpoint_;
  std::uint64_t next_;
};

struct AuditFeedTest : testing::Test {
  TemporaryDirectory directory;
  asio::io_context loop;
  AuditFeedOptions options{.address = "ipc://" + (directory.path() / "tape").string(),
                           .stream = "tape",
                           .kind = RecordKind::Tape,
                           .environment = Environment::Paper,
                           .sender = "binance",
                           .session = "42"};

  static Bytes tape(std::uint64_t exchange, std::size_t size = 100) {
    Tape record{.gateway = "binance", .exchange = exchange, .direction = TapeDirection::Sent, .channel = TapeChannel::Rest};
    record.body.resize(size);
    return encode(Header{.environment = Environment::Paper, .sender = "binance"}, record);
  }
};

TEST_F(AuditFeedTest, EverythingArrivesOnceAndInOrder) {
  AuditFeed feed{loop, options};
  Archive archive{loop, options.address, 1};
  for (std::uint64_t i = 1; i <= 20'000; ++i) feed.append(tape(i), {1, 2});
  run_until(loop, [&] { return feed.acknowledged() == 20'000; });
  ASSERT_EQ(archive.payloads.size(), 20'000u);
  for (std::uint64_t i = 1; i <= 20'000; ++i) {
    ASSERT_EQ(std::get<Tape>(decode(archive.payloads[i - 1])->body).exchange, i);
  }
  EXPECT_EQ(feed.dropped(), 0u);
}

TEST_F(AuditFeedTest, RecordsWaitForOthersWhereTheyMay) {
  AuditFeed feed{loop, options};
  Archive archive{loop, options.address, 1};
  feed.append(tape(1), {1, 2}, 1s);
  run_until(loop, [&] { return feed.acknowledged() == 1; });
  const std::size_t before = archive.batches;
  for (std::uint64_t i = 2; i <= 50; ++i) {
    feed.append(tape(i), {1, 2}, 1s);
    loop.poll();
  }
  run_until(loop, [&] { return feed.acknowledged() == 50; });
  EXPECT_LE(archive.batches, before + 3) << "a tick may take some along";
  feed.append(tape(51), {1, 2}, 1h);
  feed.append(tape(52), {1, 2});
  run_until(loop, [&] { return feed.acknowledged() == 52; });  // one that cannot wait takes along what could
  feed.append(tape(53), {1, 2}, 1h);
  bool is_done = false;
  feed.stop([&] { is_done = true; });
  run_until(loop, [&] { return is_done; });
  EXPECT_EQ(archive.next(), 54u) << "what waits at the end goes at once";
}

TEST_F(AuditFeedTest, WhatWasUnderWayWhenTheArchiveDiedIsSentAgain) {
  AuditFeed feed{loop, options};
  auto archive = std::make_unique<Archive>(loop, options.address, 1);
  for (std::uint64_t i = 1; i <= 100; ++i) feed.append(tape(i), {1, 2});
  run_until(loop, [&] { return feed.acknowledged() == 100; });
  archive->is_silent = true;  // takes some, and dies before it says so and before they are on disk
  for (std::uint64_t i = 101; i <= 200; ++i) feed.append(tape(i), {1, 2});
  run_until(loop, [&] { return archive->next() == 201; });
  archive.reset();
  for (std::uint64_t i = 201; i <= 300; ++i) feed.append(tape(i), {1, 2});
  archive = std::make_unique<Archive>(loop, options.address, 101);
  run_until(loop, [&] { return feed.acknowledged() == 300; });
  EXPECT_EQ(archive->sequences.size(), 200u);
  EXPECT_EQ(archive->sequences.front(), 101u);
}

TEST_F(AuditFeedTest, AnArchiveThatKnowsNothingOfUsTakesWhatWeHave) {
  AuditFeed feed{loop, options};
  auto archive = std::make_unique<Archive>(loop, options.address, 1);
  feed.append(tape(1), {1, 2});
  run_until(loop, [&] { return feed.acknowledged() == 1; });
  archive.reset();
  feed.append(tape(2), {1, 2});
  archive = std::make_unique<Archive>(loop, options.address, 0);
  run_until(loop, [&] { return feed.acknowledged() == 2; });
  EXPECT_EQ(archive->sequences, std::vector<std::uint64_t>{2});
}

TEST_F(AuditFeedTest, WithoutAnArchiveTheOldestAreLetGoAndTheTapeSaysSo) {
  options.bytes_max = 1u << 20;
  AuditFeed feed{loop, options};
  for (std::uint64_t i = 1; i <= 200; ++i) feed.append(tape(i, 10'000), {1, 2});
  EXPECT_GT(feed.dropped(), 90u);
  EXPECT_LT(feed.dropped(), 110u);
  Archive archive{loop, options.address, 1};
  run_until(loop, [&] { return feed.acknowledged() > 0 && feed.acknowledged() == 200 - feed.dropped() + 1; });
  const auto note = std::get<Tape>(decode(archive.payloads.front())->body);
  EXPECT_EQ(note.error, std::to_string(feed.dropped()) + " records were let go before this one: the archive could not be reached");
  EXPECT_EQ(std::get<Tape>(decode(archive.payloads.back())->body).exchange, 200u);
}

TEST_F(AuditFeedTest, AnArchiveThatIsTooSlowIsSaidToBeSoOnce) {
  std::ostringstream said;
  const auto logger = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("feed", std::make_shared<spdlog::sinks::ostream_sink_mt>(said)));
  options.bytes_max = 1u << 20;
  AuditFeed feed{loop, options};
  Archive archive{loop, options.address, 1};
  std::uint64_t notes = 0;
  for (std::uint64_t i = 1; i <= 1'000; ++i) {
    feed.append(tape(i, 10'000), {1, 2});
    if (i % 200 != 0) continue;
    ++notes;
    run_until(loop, [&] { return feed.acknowledged() == i - feed.dropped() + notes; });  // it catches up, for a moment
  }
  EXPECT_EQ(said.str().find("takes tape again"), std::string::npos) << said.str();
  const std::string at_last = "auditd takes tape again; " + std::to_string(feed.dropped()) + " records were let go";
  run_until(loop, [&] { return said.str().find(at_last) != std::string::npos; });
  spdlog::set_default_logger(logger);
  EXPECT_EQ(said.str().find("does not take"), said.str().rfind("does not take")) << said.str();
}

TEST_F(AuditFeedTest, BatchesBeginWithTheLongestNamesThereAre) {
  options.sender = Name(options.sender.max_size(), 'x');
  options.session = Name(options.session.max_size(), 'y');
  AuditFeed feed{loop, options};
  Archive archive{loop, options.address, 1};
  for (std::uint64_t i = 1; i <= 10; ++i) feed.append(tape(i, i), {1, 2});  // of all sizes beside a multiple of eight
  run_until(loop, [&] { return feed.acknowledged() == 10; });
  EXPECT_EQ(archive.sender, options.sender);
  EXPECT_EQ(archive.session, options.session);
  for (std::uint64_t i = 1; i <= 10; ++i) EXPECT_EQ(archive.payloads.at(i - 1), tape(i, i));
}

TEST_F(AuditFeedTest, StopsWhenEverythingIsThereOrNobodyTakesIt) {
  AuditFeed feed{loop, options};
  bool is_done = false;
  {
    Archive archive{loop, options.address, 1};
    feed.append(tape(1), {1, 2});
    feed.stop([&] { is_done = true; });
    EXPECT_FALSE(is_done);
    run_until(loop, [&] { return is_done; });
    EXPECT_EQ(feed.acknowledged(), 1u);
  }
  AuditFeed alone{loop, options};
  alone.append(tape(1), {1, 2});
  is_done = false;
  alone.stop([&] { is_done = true; });
  run_until(loop, [&] { return is_done; });
}

}  // namespace
}  // namespace busbar::bus
