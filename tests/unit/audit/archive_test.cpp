#include "audit/archive.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/mount.h>

#include "tests/unit/audit/records.hpp"

namespace busbar::audit {
namespace {

using namespace test;
namespace fs = std::filesystem;

// A producer or reader of the archive, over a real socket on the same loop.
class Peer {
 public:
  Peer(boost::asio::io_context& loop, const std::string& address, std::string_view sender, std::string_view session = "1")
      : endpoint_{loop, bus::Kind::Dealer, {.frame_size_max = bus::audit_frame_size_max}} {
    header_.environment = Environment::Paper;
    header_.sender = cut<32>(sender);
    header_.session = cut<32>(session);
    endpoint_.on_message([this](const bus::RoutingId&, std::string_view, std::span<const std::uint8_t> bytes) {
      auto message = decode(bytes);
      ASSERT_TRUE(message) << message.error().text;
      heard.push_back(std::move(*message));
    });
    endpoint_.connect(address);
  }

  void send(const Body& body, std::uint64_t correlation_id = 0) {
    header_.correlation_id = correlation_id;
    ASSERT_TRUE(endpoint_.send(encode(header_, body)));
  }
  void send_bytes(const Bytes& bytes) { ASSERT_TRUE(endpoint_.send(bytes)); }
  Header& header() { return header_; }

  std::vector<Message> heard;

 private:
  bus::Endpoint endpoint_;
  Header header_;
};

AuditState question(std::string_view stream, std::uint64_t next = 0) {
  AuditState state;
  state.stream = cut<32>(stream);
  state.next_sequence = next;
  return state;
}

AuditAppend append_of(std::string_view stream, std::uint64_t first, const std::vector<Bytes>& frames) {
  AuditAppend append;
  append.stream = cut<32>(stream);
  append.first_sequence = first;
  append.count = static_cast<std::uint32_t>(frames.size());
  for (const Bytes& bytes : frames) append.records.insert(append.records.end(), bytes.begin(), bytes.end());
  return append;
}

AuditAppend orders(std::uint64_t first, std::uint64_t count) {
  std::vector<Bytes> frames;
  for (std::uint64_t i = first; i < first + count; ++i) frames.push_back(order_frame(i));
  return append_of("core", first, frames);
}

// What a hub sends: its own numbers, and something to tell the records apart.
AuditAppend quotes(std::uint64_t first, std::uint64_t count, std::string_view source) {
  std::vector<Bytes> frames;
  for (std::uint64_t i = first; i < first + count; ++i) {
    Quote quote;
    quote.source = cut<32>(source);
    quote.symbol = cut<32>("BTC/USDT");
    quote.sequence = i;
    quote.incarnation = 1;
    quote.bid_px = Decimal{1, 0};
    quote.bid_qty = Decimal{1, 0};
    quote.receive_time_ns = 1;
    frames.push_back(frame(i, RecordKind::Market, message(source, quote)));
  }
  return append_of("market", first, frames);
}

class ArchiveTest : public testing::Test {
 protected:
  void open(std::string_view stream, const fs::path& directory) {
    config_.stream = stream;
    config_.address = "ipc://" + (place_ / "audit").string();
    config_.environment = Environment::Paper;
    config_.directory = directory;
    config_.segment_bytes = 64 << 20;
    config_.head_interval_ms = 100;
    config_.head_file = place_ / "heads/heads.jsonl";
    archive_.emplace(loop_, config_, [this](std::string_view text) { broken_ = text; });
  }
  void open(std::string_view stream) { open(stream, place_ / stream); }

  void reopen() {
    archive_->stop();
    archive_.reset();
    loop_.restart();
    while (loop_.poll() > 0) {
    }
    archive_.emplace(loop_, config_, [this](std::string_view text) { broken_ = text; });
  }

  // Runs the loop until it holds. Nothing here depends on how long that takes.
  [[nodiscard]] bool until(const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!holds() && std::chrono::steady_clock::now() < deadline) {
      loop_.restart();
      loop_.run_one_for(std::chrono::milliseconds{100});
    }
    return holds();
  }

  // The last AuditState that a peer heard.
  static const AuditState* state(const Peer& peer) {
    for (auto it = peer.heard.rbegin(); it != peer.heard.rend(); ++it) {
      if (const auto* found = std::get_if<AuditState>(&it->body)) return found;
    }
    return nullptr;
  }
  [[nodiscard]] bool hears_next(const Peer& peer, std::uint64_t next) {
    return until([&] { return state(peer) && state(peer)->next_sequence == next; });
  }
  [[nodiscard]] bool hears_text(const Peer& peer, std::string_view text) {
    return until([&] {
      for (const Message& message : peer.heard) {
        const auto* found = std::get_if<AuditState>(&message.body);
        if (found && view(found->text).find(text) != std::string_view::npos) return true;
      }
      return false;
    });
  }

  const Place place_;
  boost::asio::io_context loop_{1};
  Config config_;
  std::optional<Archive> archive_;
  std::string broken_;
};

TEST_F(ArchiveTest, TakesRecordsInOrderAndSaysHowFarItIsSynced) {
  open("core");
  Peer router{loop_, config_.address, "router"};
  router.send(question("core"));
  ASSERT_TRUE(hears_next(router, 1));
  router.send(orders(1, 100));
  router.send(orders(101, 50));
  ASSERT_TRUE(hears_next(router, 151));
  auto reader = JournalReader::open(place_ / "core");
  ASSERT_TRUE(reader);
  EXPECT_EQ(read_ids(*reader), ids_from_to(1, 150));
}

TEST_F(ArchiveTest, GoesOnAfterARestartOfItself) {
  open("core");
  Peer router{loop_, config_.address, "router"};
  router.send(orders(1, 100));
  ASSERT_TRUE(hears_next(router, 101));
  reopen();
  Peer again{loop_, config_.address, "router"};
  again.send(question("core"));
  ASSERT_TRUE(hears_next(again, 101));
  again.send(orders(101, 1));
  ASSERT_TRUE(hears_next(again, 102));
}

TEST_F(ArchiveTest, AsksForWhatIsMissingAndStoresNothingBehindAGap) {
  open("core");
  Peer router{loop_, config_.address, "router"};
  router.send(orders(1, 10));
  ASSERT_TRUE(hears_next(router, 11));
  router.send(orders(14, 3));
  ASSERT_TRUE(hears_text(router, "record 11 is awaited, not 14"));
  EXPECT_EQ(state(router)->next_sequence, 11u);
  router.send(orders(11, 6));
  ASSERT_TRUE(hears_next(router, 17));
}

TEST_F(ArchiveTest, TakesWhatComesTwiceOnce) {
  open("core");
  Peer router{loop_, config_.address, "router"};
  router.send(orders(1, 10));
  router.send(orders(1, 10));
  router.send(orders(5, 10));
  ASSERT_TRUE(hears_next(router, 15));
  auto reader = JournalReader::open(place_ / "core");
  EXPECT_EQ(read_ids(*reader), ids_from_to(1, 14));
}

TEST_F(ArchiveTest, RefusesAnotherHistoryUnderTheSameNumbers) {
  open("core");
  Peer router{loop_, config_.address, "router"};
  router.send(orders(1, 10));
  ASSERT_TRUE(hears_next(router, 11));
  const auto other = frame(10, RecordKind::Input, message("alpha", new_order("another")));
  router.send(append_of("core", 10, {other, order_frame(11)}));
  ASSERT_TRUE(hears_text(router, "record 10: it differs from the one that is journaled"));
  EXPECT_EQ(state(router)->next_sequence, 11u);
}

TEST_F(ArchiveTest, RefusesADamagedRecordByNameAndKeepsThoseBeforeIt) {
  struct Case {
    const char* what;
    std::function<AuditAppend(std::uint64_t first)> append;
    std::string_view text;
    std::uint64_t kept;
  };
  const Case cases[] = {
      {"a flipped byte",
       [](std::uint64_t first) {
         auto append = orders(first, 3);
         append.records[order_frame(first).size() + 60] ^= 1;
         return append;
       },
       "the checksum does not match its bytes", 1},
      {"another number in a frame",
       [](std::uint64_t first) { return append_of("core", first, {order_frame(first), order_frame(first + 5)}); },
       "its frame says it is record", 1},
      {"fewer records than it says",
       [](std::uint64_t first) {
         auto append = orders(first, 2);
         append.count = 3;
         return append;
       },
       "end", 2},
      {"more records than it says",
       [](std::uint64_t first) {
         auto append = orders(first, 2);
         append.count = 1;
         return append;
       },
       "there are more bytes than 1 records", 1},
      {"a record of another stream",
       [](std::uint64_t first) { return append_of("core", first, {frame(first, RecordKind::Tape, {1, 2, 3})}); },
       "it is neither an input nor an output", 0},
  };
  open("core");
  std::uint64_t next = 1;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    Peer router{loop_, config_.address, "router"};  // a new connection: what is wrong is not repeated at once to one peer
    router.send(c.append(next));
    ASSERT_TRUE(hears_text(router, c.text));
    next += c.kept;
    ASSERT_TRUE(hears_next(router, next));
  }
}

TEST_F(ArchiveTest, RefusesAnotherEnvironmentStreamOrKindOfMessageByName) {
  open("core");
  Peer peer{loop_, config_.address, "router"};
  const auto refused = [&](std::string_view field) {
    const bool heard = until([&] { return !peer.heard.empty(); });
    const auto* reject = heard ? std::get_if<Reject>(&peer.heard.back().body) : nullptr;
    EXPECT_TRUE(reject && view(reject->field) == field) << field;
    EXPECT_TRUE(heard && peer.heard.back().header.correlation_id == 7) << field;
    peer.heard.clear();
  };
  peer.send(question("tape"), 7);
  refused("stream");
  peer.send(Heartbeat{}, 7);
  refused("body");
  peer.header().environment = Environment::Live;
  peer.send(orders(1, 1), 7);
  refused("environment");
  peer.send_bytes(Bytes(100, 3));
  ASSERT_TRUE(until([&] { return !peer.heard.empty(); }));
  EXPECT_TRUE(std::holds_alternative<Reject>(peer.heard.back().body));
  EXPECT_FALSE(JournalReader::open(place_ / "core")->last_sequence());
}

TEST_F(ArchiveTest, NumbersTheRecordsOfManyProducersAndTakesEachOnceOverItsOwnRestart) {
  open("market");
  {
    Peer one{loop_, config_.address, "hub", "a"};
    Peer two{loop_, config_.address, "gateway", "b"};
    one.send(question("market"));
    ASSERT_TRUE(hears_next(one, 1));
    one.send(quotes(1, 10, "one"));
    two.send(quotes(1, 5, "two"));
    ASSERT_TRUE(hears_next(one, 11));
    ASSERT_TRUE(hears_next(two, 6));
  }
  reopen();
  Peer one{loop_, config_.address, "hub", "a"};
  Peer later{loop_, config_.address, "hub", "b2"};
  one.send(question("market"));
  ASSERT_TRUE(hears_next(one, 11));
  one.send(quotes(8, 5, "one"));
  later.send(quotes(1, 2, "three"));
  ASSERT_TRUE(hears_next(one, 13));
  ASSERT_TRUE(hears_next(later, 3));

  auto reader = JournalReader::open(place_ / "market");
  ASSERT_TRUE(reader);
  std::map<std::string, std::vector<std::uint64_t>> seen;
  std::uint64_t next = 1;
  ASSERT_TRUE(reader->read(1, UINT64_MAX, [&](const JournalRecord& record) {
    EXPECT_EQ(record.record.header.sequence, next++);
    const auto quote = std::get<Quote>(decode(record.record.payload)->body);
    seen[std::string{view(quote.source)}].push_back(quote.sequence);
    return true;
  }));
  const auto dense = [](std::uint64_t last) {
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t i = 1; i <= last; ++i) numbers.push_back(i);
    return numbers;
  };
  EXPECT_EQ(seen["one"], dense(12));
  EXPECT_EQ(seen["two"], dense(5));
  EXPECT_EQ(seen["three"], dense(2));
}

TEST_F(ArchiveTest, AcceptsThatAProducerLostRecordsWhenItSaysSo) {
  open("market");
  Peer hub{loop_, config_.address, "hub", "a"};
  hub.send(quotes(1, 3, "one"));
  ASSERT_TRUE(hears_next(hub, 4));
  hub.send(quotes(10, 3, "one"));
  ASSERT_TRUE(hears_text(hub, "record 4 is awaited, not 10"));
  hub.send(question("market", 10));
  ASSERT_TRUE(hears_next(hub, 10));
  hub.send(quotes(10, 3, "one"));
  ASSERT_TRUE(hears_next(hub, 13));
}

TEST_F(ArchiveTest, AcceptsThatAProducerLostRecordsWhenItKeepsBeginningLater) {
  open("market");
  Peer hub{loop_, config_.address, "hub", "a"};
  hub.send(quotes(5, 3, "one"));
  ASSERT_TRUE(hears_text(hub, "record 1 is awaited, not 5"));
  ASSERT_TRUE(until([&] {
    if (state(hub)->next_sequence == 8) return true;
    hub.send(quotes(5, 3, "one"));
    return false;
  }));
}

TEST_F(ArchiveTest, AnswersAQuestionForRecordsInPagesAndThenSaysItIsTheEnd) {
  open("core");
  Peer router{loop_, config_.address, "router"};
  for (std::uint64_t first = 1; first <= 3'000; first += 500) router.send(orders(first, 500));
  ASSERT_TRUE(hears_next(router, 3'001));

  Peer asker{loop_, config_.address, "router", "2"};
  AuditQuery query;
  query.stream = cut<32>("core");
  query.first_sequence = 100;
  query.last_sequence = 2'900;
  asker.send(query, 5);
  query.first_sequence = 2'999;
  query.last_sequence = 0;
  asker.send(query, 6);
  ASSERT_TRUE(until([&] {
    return std::count_if(asker.heard.begin(), asker.heard.end(), [](const Message& message) {
             return std::holds_alternative<AuditState>(message.body);
           }) == 2;
  }));
  std::map<std::uint64_t, std::uint64_t> next = {{5, 100}, {6, 2'999}};
  int pages = 0;
  for (const Message& message : asker.heard) {
    std::uint64_t& expected = next[message.header.correlation_id];
    if (const auto* append = std::get_if<AuditAppend>(&message.body)) {
      ++pages;
      EXPECT_EQ(append->first_sequence, expected);
      std::span<const std::uint8_t> rest = append->records;
      for (std::uint32_t i = 0; i < append->count; ++i) {
        const auto record = read_frame(rest);
        ASSERT_TRUE(record);
        EXPECT_EQ(record->record.header.sequence, expected++);
        rest = rest.subspan(record->size);
      }
      EXPECT_TRUE(rest.empty());
    } else {
      EXPECT_EQ(std::get<AuditState>(message.body).next_sequence, expected);
    }
  }
  EXPECT_EQ(next[5], 2'901u);
  EXPECT_EQ(next[6], 3'001u);
  EXPECT_GE(pages, 4);
}

TEST_F(ArchiveTest, AnswersForTheReportsOfOneSession) {
  open("core");
  Peer router{loop_, config_.address, "router"};
  std::vector<Bytes> frames;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const auto output = output_to("alpha", i % 2 == 0 ? "s1" : "s2", (i + 1) / 2, execution_report("A" + std::to_string(i), i));
    frames.push_back(frame(i, RecordKind::Output, message("router", output)));
  }
  router.send(append_of("core", 1, frames));
  ASSERT_TRUE(hears_next(router, 21));
  router.heard.clear();
  AuditQuery query;
  query.stream = cut<32>("core");
  query.client = cut<32>("alpha");
  query.session = cut<32>("s1");
  query.first_report = 4;
  router.send(query, 9);
  ASSERT_TRUE(until([&] { return state(router) != nullptr; }));
  std::vector<std::uint64_t> numbers;
  for (const Message& message : router.heard) {
    EXPECT_EQ(message.header.correlation_id, 9u);
    const auto* append = std::get_if<AuditAppend>(&message.body);
    if (!append) continue;
    std::span<const std::uint8_t> rest = append->records;
    while (!rest.empty()) {
      const auto record = read_frame(rest);
      ASSERT_TRUE(record);
      numbers.push_back(std::get<Output>(decode(record->record.payload)->body).report_number);
      rest = rest.subspan(record->size);
    }
  }
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{4, 5, 6, 7, 8, 9, 10}));
}

TEST_F(ArchiveTest, SignsHeadsAsTimePassesAndOneAtTheEnd) {
  open("core");
  Peer router{loop_, config_.address, "router"};
  router.send(orders(1, 10));
  ASSERT_TRUE(hears_next(router, 11));
  ASSERT_TRUE(until([&] { return fs::exists(config_.head_file) && fs::file_size(config_.head_file) > 0; }));
  router.send(orders(11, 10));
  ASSERT_TRUE(hears_next(router, 21));
  archive_->stop();
  std::ifstream file{config_.head_file};
  std::string line, last;
  while (std::getline(file, line)) last = line;
  EXPECT_NE(last.find("\"sequence\":20,"), std::string::npos) << last;
}

TEST_F(ArchiveTest, IsRefusedWhereAnotherWrites) {
  open("core");
  boost::asio::io_context other_loop{1};
  Config other = config_;
  other.address = "ipc://" + (place_ / "other").string();
  try {
    const Archive second{other_loop, other, [](std::string_view) {}};
    ADD_FAILURE() << "a second archive was opened";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string_view{error.what()}.find("another busbar-auditd"), std::string_view::npos) << error.what();
  }
  Peer router{loop_, config_.address, "router"};
  router.send(orders(1, 1));
  ASSERT_TRUE(hears_next(router, 2));
}

TEST_F(ArchiveTest, KeepsWhatItHasWhileTheDiskIsFullAndWritesItAfterwards) {
  fs::create_directories(place_ / "disk");
  if (::mount("tmpfs", (place_ / "disk").c_str(), "tmpfs", 0, "size=24m") != 0) {
    GTEST_SKIP() << "no right to mount a small tmpfs here";
  }
  open("core", place_ / "disk/core");
  Peer router{loop_, config_.address, "router"};
  router.send(orders(1, 10));
  ASSERT_TRUE(hears_next(router, 11));
  {
    std::ofstream filler{place_ / "disk/filler"};
    filler << std::string(23 << 20, 'x');
  }
  router.send(orders(11, 100));
  ASSERT_TRUE(until([&] { return !archive_->trouble().empty(); }));
  EXPECT_NE(archive_->trouble().find("no space left"), std::string_view::npos);
  EXPECT_EQ(state(router)->next_sequence, 11u);
  fs::remove(place_ / "disk/filler");
  ASSERT_TRUE(hears_next(router, 111));
  EXPECT_TRUE(archive_->trouble().empty());
  EXPECT_TRUE(broken_.empty());
  archive_.reset();
  ::umount2((place_ / "disk").c_str(), MNT_DETACH);
}

TEST(AuditConfig, ReadsItsStreamAndRefusesNonsenseByName) {
  const char* const text = "environment = \"paper\"\n[bus]\ndirectory = \"/tmp/x\"\n[audit]\ndirectory = \"/tmp/a\"\n[router]\n";
  const Config config = read_config(ConfigFile::parse(text, "busbar.toml"), "tape");
  EXPECT_EQ(config.address, "ipc:///tmp/x/audit_tape");
  EXPECT_EQ(config.directory, "/tmp/a/tape");
  EXPECT_EQ(config.segment_bytes, std::uint64_t{64} << 30);
  const char* const cases[][3] = {
      {text, "orders", "none of core, market, tape"},
      {"environment = \"paper\"\n[audit]\nsegment_bytes = 5\n", "core", "segment_bytes"},
      {"environment = \"paper\"\n[audit]\ndirectory = \"here\"\n", "core", "absolute path"},
      {"environment = \"paper\"\n[audit]\nhead_interval = 5\n", "core", "head_interval"},
  };
  for (const auto& [bytes, stream, expected] : cases) {
    try {
      static_cast<void>(read_config(ConfigFile::parse(bytes, "busbar.toml"), stream));
      ADD_FAILURE() << expected;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string_view{error.what()}.find(expected), std::string_view::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace busbar::audit
