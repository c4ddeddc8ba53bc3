// The router with the archive beside it: the feed, what comes back from it, and what a journal is good for afterwards.

#include "audit/archive.hpp"
#include "router/follow.hpp"
#include "router/replay.hpp"
#include "router/snapshots.hpp"
#include "tests/unit/router/bench.hpp"

namespace busbar::router::test {
namespace {

class ArchiveTest : public testing::Test {
 protected:
  void SetUp() override {
    config.stream = "core";
    config.address = "ipc://" + (router.folder.path() / "audit_core").string();
    config.environment = Environment::Paper;
    config.directory = router.folder.path() / "journal" / "core";
    config.segment_bytes = 64u << 20;
    fs::create_directories(config.directory.parent_path());
    router.options.configuration.heartbeat_interval_ms = 20'000;  // the gateway here sends none, and is not to be missed
  }

  void open_archive() {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!archive) {
      try {
        archive.emplace(loop, config, [](std::string_view what) { ADD_FAILURE() << what; });
      } catch (const std::runtime_error& error) {
        if (std::chrono::steady_clock::now() > patience) throw;
      }
    }
  }

  void open() {
    router.start();
    gateway.emplace(loop, router, 7);
    gateway->hello();
  }

  // Places `count` orders and has them accepted: two reports each.
  void trade(Client& client, int count) {
    for (int i = 0; i < count; ++i) {
      client.say(limit("A" + std::to_string(++orders)));
      gateway->accept(gateway->expect<PlaceCommand>().command);
    }
  }

  void expect_reports(Client& client, std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t number = first; number <= last; ++number) {
      ASSERT_EQ(client.expect<ExecutionReport>().report_number, number);
    }
  }

  void wait_archived() {
    run_until(loop, [&] {
      return router.log->durable_sequence() == router.log->last_sequence() && archived() == router.log->last_sequence();
    });
  }
  std::uint64_t archived() {
    auto journal = audit::JournalReader::open(config.directory);
    return journal ? journal->last_sequence() : 0;
  }
  std::string hash_of_journal() {
    auto journal = audit::JournalReader::open(config.directory);
    const auto summary = replay(*journal);
    if (!summary) return summary.error().text;
    if (summary->difference) return summary->difference->text();
    return {summary->state_hash.begin(), summary->state_hash.end()};
  }
  std::string hash_of_router() const {
    const auto hash = router.shell->core().state_hash();
    return {hash.begin(), hash.end()};
  }
  // Nothing moves by itself while two states are compared: what is in doubt after a restart is asked for again and
  // again.
  void settle() {
    wait_archived();
    if (hash_of_journal() != hash_of_router()) wait_archived();
  }

  asio::io_context loop{1};
  Router router{loop};
  audit::Config config;
  std::optional<audit::Archive> archive;
  std::optional<Gateway> gateway;
  int orders = 0;
};

TEST_F(ArchiveTest, GetsEveryRecordAndLetsTheLogGo) {
  open_archive();
  open();
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  wait_archived();  // or the log is full before the archive has said its first word
  const std::uint64_t first = router.log->first_sequence();
  for (int i = 0; i < 100 && router.log->first_sequence() == first; ++i) {
    trade(client, 20);
    client.heard.clear();
  }
  EXPECT_GT(router.log->first_sequence(), first);
  settle();
  EXPECT_EQ(hash_of_journal(), hash_of_router());
}

TEST_F(ArchiveTest, MissesNothingWhoeverDies) {
  open_archive();
  open();
  std::optional<Client> client{std::in_place, loop, router, "alpha", "s1"};
  client->hello();
  trade(*client, 10);
  archive.reset();  // as kill -9; the router goes on
  trade(*client, 10);
  expect_reports(*client, 1, 20);
  open_archive();
  trade(*client, 10);
  wait_archived();
  router.crash();
  open();
  client.emplace(loop, router, "alpha", "s1");
  client->hello(20);
  trade(*client, 10);
  settle();
  EXPECT_EQ(hash_of_journal(), hash_of_router());
}

TEST_F(ArchiveTest, GivesBackTheReportsThatTheRingHasLetGo) {
  router.options.sessions.ring_bytes_max = 2000;  // a handful
  open_archive();
  open();
  {
    Client client{loop, router, "alpha", "s1"};
    client.hello();
    trade(client, 40);
    expect_reports(client, 1, 70);
  }
  wait_archived();
  Client again{loop, router, "alpha", "s1"};
  EXPECT_EQ(again.hello(5).next_report, 6u);
  trade(again, 10);
  expect_reports(again, 6, 100);
}

TEST_F(ArchiveTest, GivesBackTheReportsFromBeforeASnapshot) {
  open_archive();
  open();
  {
    Client client{loop, router, "alpha", "s1"};
    client.hello();
    trade(client, 10);
    expect_reports(client, 1, 20);
  }
  wait_archived();
  ASSERT_TRUE(write_snapshot(router.folder.path() / "snapshots", router.shell->core(), router.log->last_sequence()));
  router.crash();
  open();
  EXPECT_GT(router.recovered.snapshot, 0u);
  EXPECT_TRUE(router.recovered.past_reports.empty());
  Client again{loop, router, "alpha", "s1"};
  again.hello(3);
  expect_reports(again, 4, 20);
}

TEST_F(ArchiveTest, ANewSessionDoesNotWaitForIt) {
  open();  // and no archive
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  trade(client, 1);
  expect_reports(client, 1, 2);
}

TEST_F(ArchiveTest, OutputsWaitForItWhenTheConfigurationSaysSo) {
  router.options.waits_for_archive = true;
  router.start();
  Request request{loop, router};
  request.say(limit("A1"));
  run_until(loop, [&] { return router.log->durable_sequence() >= 3; });
  for (int i = 0; i < 20; ++i) loop.run_one_for(std::chrono::milliseconds{5});
  EXPECT_TRUE(request.heard.empty());
  open_archive();
  EXPECT_EQ(request.expect<ExecutionReport>().error, ErrorCode::GatewayDown);
}

TEST_F(ArchiveTest, IsWhereTheRouterGoesOnWithoutItsLog) {
  open_archive();
  open();
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  trade(client, 10);
  expect_reports(client, 1, 20);
  wait_archived();
  const std::uint64_t last = router.log->last_sequence();
  router.crash();
  fs::remove_all(router.options.log_directory);
  open();
  EXPECT_EQ(router.recovered.replayed, last);
  EXPECT_EQ(router.log->first_sequence(), last + 1);
  Request request{loop, router};
  request.say(limit("A1"));
  EXPECT_EQ(request.expect<ExecutionReport>().order_status, OrderStatus::New);
  settle();
  EXPECT_EQ(hash_of_journal(), hash_of_router());
}

TEST_F(ArchiveTest, WithNeitherLogNorJournalItDoesNotBeginAgainWithTheSameNames) {
  open_archive();
  open();
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  trade(client, 3);
  wait_archived();
  ASSERT_TRUE(write_snapshot(router.folder.path() / "snapshots", router.shell->core(), router.log->last_sequence()));
  router.crash();
  archive.reset();
  fs::remove_all(router.options.log_directory);
  fs::remove_all(config.directory);
  EXPECT_THROW(router.start(), std::runtime_error);
}

TEST(Sessions, WhatTheArchiveStillHasComesThoughWhatWasBeforeIsGone) {
  std::vector<std::uint64_t> sent;
  std::vector<std::uint64_t> asked;
  Sessions sessions{{.ring_bytes_max = 100},
                    {[&](const bus::RoutingId&, std::span<const std::uint8_t> bytes) {
                       if (bytes.size() == 50) sent.push_back(bytes[0]);
                       return true;
                     },
                     [&](const Name&, const Name&, std::uint64_t first) { asked.push_back(first); }}};
  const auto bytes = [](std::uint64_t number) { return Bytes(50, static_cast<std::uint8_t>(number)); };
  for (std::uint64_t number = 1; number <= 10; ++number) sessions.on_report("a", "s", number, number, bytes(number));
  sessions.set_audited(10);  // the last two stay in the ring
  Header header;
  header.sender = "a";
  header.session = "s";
  sessions.on_hello(header, Hello{}, {}, 1);
  sessions.on_welcome("a", "s", {}, 1, 10, Bytes(1));
  for (std::size_t i = 0; i < asked.size() && i < 3; ++i) {
    for (std::uint64_t number = std::max<std::uint64_t>(asked[i], 4); number <= 10; ++number)
      sessions.on_fetched("a", "s", number, bytes(number));
    sessions.on_fetch_end("a", "s");
  }
  EXPECT_EQ(asked, (std::vector<std::uint64_t>{1, 4}));
  EXPECT_EQ(sent, (std::vector<std::uint64_t>{4, 5, 6, 7, 8, 9, 10}));
}

// ---- Following

class FollowTest : public ArchiveTest {
 protected:
  RouterConfig follow_config() const {
    RouterConfig follow;
    follow.state = router.folder.path();
    follow.journal = config.directory;
    follow.follow_snapshot_records = 20;
    return follow;
  }
  std::vector<std::uint64_t> snapshots() const {
    std::vector<std::uint64_t> found;
    if (!fs::exists(router.folder.path() / "snapshots")) return found;
    for (const auto& entry : fs::directory_iterator{router.folder.path() / "snapshots"}) {
      found.push_back(std::stoull(entry.path().stem().string()));
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  // The log's records in a new journal, one of them changed.
  void write_journal(const std::function<void(std::uint64_t sequence, Output&)>& change) {
    auto writer = audit::JournalWriter::open({config.directory, "core", config.segment_bytes, {}, {}});
    ASSERT_TRUE(writer) << writer.error().text;
    LogReader reader{router.options.log_directory};
    const auto chunk = reader.read(1, router.log->durable_sequence(), 100u << 20);
    ASSERT_TRUE(chunk) << chunk.error().text;
    std::span<const std::uint8_t> rest = chunk->frames;
    while (!rest.empty()) {
      const auto frame = read_frame(rest);
      ASSERT_TRUE(frame);
      rest = rest.subspan(frame->size);
      auto message = decode(frame->record.payload);
      ASSERT_TRUE(message);
      if (auto* output = std::get_if<Output>(&message->body)) change(frame->record.header.sequence, *output);
      Bytes bytes;
      append_frame(bytes, frame->record.header,
                   frame->record.kind() == RecordKind::Output
                       ? encode(*message)
                       : Bytes{frame->record.payload.begin(), frame->record.payload.end()});
      const audit::Entry entry{bytes, {}, 0};
      ASSERT_TRUE(writer->append({&entry, 1}));
    }
  }
};

TEST_F(FollowTest, WritesSnapshotsThatTheRouterStartsFrom) {
  open_archive();
  open();
  const RouterConfig follow = follow_config();
  std::optional<Follower> follower{std::in_place, loop, follow, [](const std::string& what) { ADD_FAILURE() << what; }};
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  for (int i = 0; i < 6; ++i) {
    trade(client, 5);
    wait_archived();
    run_until(loop, [&] { return follower->through() == router.log->last_sequence(); });
  }
  EXPECT_EQ(snapshots().size(), 3u);
  follower->stop();
  follower.reset();
  EXPECT_EQ(snapshots().back(), router.log->last_sequence());
  // It goes on from there.
  follower.emplace(loop, follow, [](const std::string& what) { ADD_FAILURE() << what; });
  EXPECT_EQ(follower->through(), router.log->last_sequence());

  const std::string before = hash_of_router();
  router.crash();
  open();
  EXPECT_EQ(router.recovered.snapshot, snapshots().back());
  EXPECT_EQ(router.recovered.replayed, 0u);
  settle();
  EXPECT_EQ(hash_of_journal(), hash_of_router());
  EXPECT_NE(before, hash_of_router());
}

TEST_F(FollowTest, ADamagedSnapshotIsPassedOver) {
  open_archive();
  open();
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  trade(client, 3);
  wait_archived();
  const fs::path folder = router.folder.path() / "snapshots";
  ASSERT_TRUE(write_snapshot(folder, router.shell->core(), router.log->last_sequence()));
  const std::uint64_t good = router.log->last_sequence();
  trade(client, 3);
  wait_archived();
  ASSERT_TRUE(write_snapshot(folder, router.shell->core(), router.log->last_sequence()));
  std::string name = std::to_string(router.log->last_sequence());
  name = std::string(20 - name.size(), '0') + name + ".snap";
  fs::resize_file(folder / name, fs::file_size(folder / name) / 2);
  router.crash();
  router.start();
  EXPECT_EQ(router.recovered.snapshot, good);
  EXPECT_GT(router.recovered.replayed, 0u);
}

TEST_F(FollowTest, NamesTheDecisionThatWasAltered) {
  open();
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  trade(client, 5);
  expect_reports(client, 1, 10);
  run_until(loop, [&] { return router.log->durable_sequence() == router.log->last_sequence(); });
  std::uint64_t altered = 0;
  write_journal([&](std::uint64_t sequence, Output& output) {
    auto message = decode(output.message);
    ASSERT_TRUE(message);
    auto* report = std::get_if<ExecutionReport>(&message->body);
    if (altered != 0 || !report || report->client_order_id != "A3") return;
    report->order_qty = "9"_d;  // what a person telling the archive another story would change
    output.message = encode(*message);
    altered = sequence;
  });
  ASSERT_NE(altered, 0u);
  auto journal = audit::JournalReader::open(config.directory);
  ASSERT_TRUE(journal);
  const auto summary = replay(*journal);
  ASSERT_TRUE(summary) << summary.error().text;
  ASSERT_TRUE(summary->difference);
  EXPECT_EQ(summary->difference->sequence, altered);
  EXPECT_NE(summary->difference->recorded, summary->difference->decided);

  const RouterConfig follow = follow_config();
  std::string told;
  Follower follower{loop, follow, [&](const std::string& what) { told = what; }};
  EXPECT_NE(told.find("record " + std::to_string(altered)), std::string::npos) << told;
  EXPECT_EQ(check_journal(follow), 1);
}

TEST_F(FollowTest, AgreesWithAnHonestJournal) {
  open();
  Client client{loop, router, "alpha", "s1"};
  client.hello();
  trade(client, 5);
  expect_reports(client, 1, 10);
  run_until(loop, [&] { return router.log->durable_sequence() == router.log->last_sequence(); });
  write_journal([](std::uint64_t, Output&) {});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(hash_of_journal(), hash_of_router());
  EXPECT_EQ(check_journal(follow_config()), 0);
}

}  // namespace
}  // namespace busbar::router::test
