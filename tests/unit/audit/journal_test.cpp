#include "audit/journal.hpp"

#include <csignal>
#include <fstream>
#include <limits>
#include <random>
#include <thread>

#include <gtest/gtest.h>
#include <lmdb.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/index.hpp"
#include "tests/unit/audit/records.hpp"

namespace busbar::audit {
namespace {

using namespace test;
namespace fs = std::filesystem;

std::vector<std::string> segment_names(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator{directory}) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::uint64_t bytes_on_disk(const fs::path& directory) {
  std::uint64_t total = 0;
  for (const auto& entry : fs::recursive_directory_iterator{directory}) {
    struct ::stat status;
    if (entry.path().filename() == "data.mdb" && ::stat(entry.path().c_str(), &status) == 0) {
      total += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
  }
  return total;
}

TEST(Journal, GivesBackWhatWasAppended) {
  const Place place;
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer) << writer.error().text;
  EXPECT_EQ(writer->next_sequence(), 1u);
  ASSERT_TRUE(append_orders(*writer, 2'500));
  EXPECT_EQ(writer->next_sequence(), 2'501u);

  auto reader = JournalReader::open(place / "core");
  ASSERT_TRUE(reader) << reader.error().text;
  EXPECT_EQ(reader->stream(), "core");
  EXPECT_EQ(reader->first_sequence(), 1u);
  EXPECT_EQ(reader->last_sequence(), 2'500u);
  EXPECT_EQ(read_ids(*reader), ids_from_to(1, 2'500));
  EXPECT_EQ(read_ids(*reader, 17, 19), ids_from_to(17, 19));
  EXPECT_EQ(read_ids(*reader, 2'500), ids_from_to(2'500, 2'500));
  EXPECT_EQ(read_ids(*reader, 2'501), std::vector<std::string>{});

  std::uint64_t seen = 0;
  ASSERT_TRUE(reader->read(1, UINT64_MAX, [&seen](const JournalRecord& record) {
    const auto expected = order_frame(record.record.header.sequence);
    EXPECT_TRUE(std::equal(record.frame.begin(), record.frame.end(), expected.begin(), expected.end()));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(record.record.payload.data()) % 8, 0u);
    return ++seen < 10;
  }));
  EXPECT_EQ(seen, 10u);
}

TEST(Journal, IsEmptyAtFirst) {
  const Place place;
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer);
  auto reader = JournalReader::open(place / "core");
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->first_sequence(), 0u);
  EXPECT_EQ(reader->last_sequence(), 0u);
  EXPECT_EQ(read_ids(*reader), std::vector<std::string>{});
  ASSERT_TRUE(append_orders(*writer, 1));
  EXPECT_EQ(reader->first_sequence(), 1u);
  EXPECT_EQ(read_ids(*reader), ids_from_to(1, 1));
}

TEST(Journal, CarriesTheLargestRecord) {
  const Place place;
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer);
  const Bytes large = frame(1, RecordKind::Input, Bytes(record_size_max, 0x5a));
  ASSERT_TRUE(append(*writer, {large}));
  EXPECT_EQ(writer->not_indexed(), 1u);
  auto reader = JournalReader::open(place / "core");
  ASSERT_TRUE(reader);
  std::size_t size = 0;
  ASSERT_TRUE(reader->read(1, 1, [&size](const JournalRecord& record) {
    size = record.record.payload.size();
    return true;
  }));
  EXPECT_EQ(size, record_size_max);
}

TEST(Journal, GoesOnWhereItStoodAfterARestart) {
  const Place place;
  {
    auto writer = open_writer(place / "core");
    ASSERT_TRUE(writer);
    ASSERT_TRUE(append_orders(*writer, 300));
  }
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer) << writer.error().text;
  EXPECT_EQ(writer->next_sequence(), 301u);
  ASSERT_TRUE(append_orders(*writer, 10));
  auto reader = JournalReader::open(place / "core");
  ASSERT_TRUE(reader);
  EXPECT_EQ(read_ids(*reader), ids_from_to(1, 310));
  // The chain of one life is the chain of two.
  const Place other;
  auto whole = open_writer(other / "core");
  ASSERT_TRUE(append_orders(*whole, 310));
  auto whole_reader = JournalReader::open(other / "core");
  Hash one{}, two{};
  ASSERT_TRUE(reader->read(310, 310, [&one](const JournalRecord& record) { return one = record.chain, true; }));
  ASSERT_TRUE(whole_reader->read(310, 310, [&two](const JournalRecord& record) { return two = record.chain, true; }));
  EXPECT_EQ(one, two);
}

TEST(Journal, RefusesWhatIsNoJournal) {
  const Place place;
  fs::create_directories(place / "empty");
  fs::create_directories(place / "strange" / "00000000000000000001");
  std::ofstream{place / "strange" / "00000000000000000001" / "data.mdb"} << std::string(8192, 'x');
  struct Case {
    const char* what;
    fs::path path;
    const char* text;
  };
  const Case cases[] = {
      {"no directory", place / "absent", "no such directory"},
      {"no segment", place / "empty", "holds no journal"},
      {"another file", place / "strange", "not an LMDB database"},
      {"a file system without locks", "/proc/self", "holds no journal"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const auto reader = JournalReader::open(c.path);
    ASSERT_FALSE(reader);
    EXPECT_NE(reader.error().text.find(c.text), std::string::npos) << reader.error().text;
  }
  {
    auto writer = open_writer(place / "market", 64 << 20, "market");
    ASSERT_TRUE(writer);
  }
  const auto writer = open_writer(place / "market", 64 << 20, "core");
  ASSERT_FALSE(writer);
  EXPECT_NE(writer.error().text.find("belongs to the stream market"), std::string::npos) << writer.error().text;
}

TEST(Journal, RollsAtANewDayAndTheReaderFollows) {
  const Place place;
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer);
  ASSERT_TRUE(append_orders(*writer, 5));
  auto reader = JournalReader::open(place / "core");  // before there is a second segment
  ASSERT_TRUE(reader);
  EXPECT_EQ(read_ids(*reader), ids_from_to(1, 5));
  std::vector<Bytes> over_midnight;
  for (std::uint64_t i = 6; i <= 8; ++i) over_midnight.push_back(order_frame(i, noon_ns));
  for (std::uint64_t i = 9; i <= 12; ++i) over_midnight.push_back(order_frame(i, noon_ns + day_ns / 2));
  for (std::uint64_t i = 13; i <= 14; ++i) over_midnight.push_back(order_frame(i, noon_ns + day_ns));
  ASSERT_TRUE(append(*writer, over_midnight));
  EXPECT_EQ(segment_names(place / "core"), (std::vector<std::string>{"00000000000000000001", "00000000000000000009"}));
  EXPECT_EQ(reader->last_sequence(), 14u);
  EXPECT_EQ(read_ids(*reader), ids_from_to(1, 14));
  EXPECT_EQ(read_ids(*reader, 8, 9), ids_from_to(8, 9));
  // A clock set back does not roll, for what comes then belongs to the segment that is open.
  ASSERT_TRUE(append(*writer, {order_frame(15, noon_ns)}));
  EXPECT_EQ(segment_names(place / "core").size(), 2u);
}

TEST(Journal, RollsWhenASegmentIsFullAndLosesNothing) {
  const Place place;
  auto writer = open_writer(place / "core", 1 << 20);
  ASSERT_TRUE(writer) << writer.error().text;
  auto reader = JournalReader::open(place / "core");
  ASSERT_TRUE(reader);
  ASSERT_TRUE(append_orders(*writer, 5'000, 700));
  const auto segments = reader->segments();
  ASSERT_TRUE(segments);
  EXPECT_GE(segments->size(), 3u);
  for (const SegmentInfo& segment : *segments) {
    EXPECT_EQ(segment.map_bytes, 1u << 20);
    EXPECT_LE(segment.used_bytes, segment.map_bytes);
  }
  EXPECT_EQ(read_ids(*reader), ids_from_to(1, 5'000));
  // And over a restart in the middle of it.
  *writer = *open_writer(place / "other");
  auto again = open_writer(place / "core", 1 << 20);
  ASSERT_TRUE(again) << again.error().text;
  ASSERT_TRUE(append_orders(*again, 2'000, 50));
  EXPECT_EQ(read_ids(*reader), ids_from_to(1, 7'000));
}

TEST(Journal, SaysSoWhenNoSegmentCouldHoldARecord) {
  const Place place;
  auto writer = open_writer(place / "core", 1 << 20);
  ASSERT_TRUE(writer);
  const auto appended = append(*writer, {frame(1, RecordKind::Input, Bytes(record_size_max, 1))});
  ASSERT_FALSE(appended);
  EXPECT_EQ(appended.error().code, ErrorCode::JournalDown);
  EXPECT_NE(appended.error().text.find("has no room for record 1"), std::string::npos) << appended.error().text;
  EXPECT_EQ(writer->next_sequence(), 1u);
  ASSERT_TRUE(append_orders(*writer, 1));
}

TEST(Journal, FollowsAWriterInAnotherThreadOverManySegments) {
  const Place place;
  auto writer = open_writer(place / "core", 1 << 20);
  ASSERT_TRUE(writer);
  constexpr std::uint64_t count = 6'000;
  std::thread appends{[&writer] { EXPECT_TRUE(append_orders(*writer, count, 43)); }};
  auto reader = JournalReader::open(place / "core");
  ASSERT_TRUE(reader);
  std::uint64_t next = 1;
  while (next <= count) {
    const auto read = reader->read(next, UINT64_MAX, [&next](const JournalRecord& record) {
      EXPECT_EQ(record.record.header.sequence, next);
      ++next;
      return true;
    });
    ASSERT_TRUE(read) << read.error().text;
  }
  appends.join();
}

TEST(Journal, HasOneWriter) {
  const Place place;
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer);
  ASSERT_TRUE(append_orders(*writer, 3));
  for (int i = 0; i < 100; ++i) {
    const auto second = open_writer(place / "core");
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().text.find("process " + std::to_string(::getpid())), std::string::npos) << second.error().text;
  }
  ASSERT_TRUE(append_orders(*writer, 3));
  EXPECT_EQ(writer->next_sequence(), 7u);
}

TEST(Journal, FindsRecordsByEveryId) {
  const Place place;
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer);
  auto report = execution_report("A1", 7);
  report.venue_order_id = cut<64>("bb7");
  report.broker_order_id = cut<64>("991");
  report.trade_id = cut<64>("T5");
  PlaceCommand place_order;
  place_order.command.command_id = 1;
  place_order.command.order_id = 7;
  place_order.command.venue_order_id = cut<64>("bb7");
  place_order.command.account = cut<32>("main");
  place_order.command.symbol = cut<32>("BTC/USDT");
  place_order.order = new_order("A1");
  Output to_gateway = output_to("binance", {}, 0, place_order);
  to_gateway.destination = Destination::Gateway;
  VenueReport fact;
  fact.report_number = 1;
  fact.incarnation = 9;
  fact.event = VenueEvent::Fill;
  fact.source = VenueSource::Stream;
  fact.account = cut<32>("main");
  fact.venue_order_id = cut<64>("bb7");
  fact.trade_id = cut<64>("T5");
  fact.last_qty = Decimal{1, 0};
  fact.last_px = Decimal{50'000, 0};
  ASSERT_TRUE(append(*writer, {
                                  frame(1, RecordKind::Input, message("alpha", new_order("A1")), noon_ns),
                                  frame(2, RecordKind::Output, message("router", to_gateway), noon_ns),
                                  frame(3, RecordKind::Input, message("binance", fact), noon_ns + 5),
                                  frame(4, RecordKind::Output, message("router", output_to("alpha", "s1", 1, report)), noon_ns + 5),
                                  frame(5, RecordKind::Input, message("beta", new_order("A1")), noon_ns + 6),
                                  frame(6, RecordKind::Output, message("router", output_to("alpha", "s1", 2, report)), noon_ns + day_ns),
                                  frame(7, RecordKind::Output, message("router", output_to("alpha", "s11", 1, report)), noon_ns + day_ns),
                              }));
  EXPECT_EQ(writer->not_indexed(), 0u);
  auto reader = JournalReader::open(place / "core");
  ASSERT_TRUE(reader);
  using Sequences = std::vector<std::uint64_t>;
  const auto found = [&reader](Index index, std::string_view key) {
    auto sequences = reader->find(index, key);
    EXPECT_TRUE(sequences);
    return sequences ? *sequences : Sequences{};
  };
  using namespace std::string_view_literals;
  EXPECT_EQ(found(Index::OrderId, "7"), (Sequences{2, 4, 6, 7}));
  EXPECT_EQ(found(Index::OrderId, "70"), Sequences{});
  EXPECT_EQ(found(Index::ClientOrderId, "alpha\0A1"sv), (Sequences{1, 4, 6, 7}));
  EXPECT_EQ(found(Index::ClientOrderId, "beta\0A1"sv), Sequences{5});
  EXPECT_EQ(found(Index::ClientOrderId, "A1"), (Sequences{1, 4, 5, 6, 7}));
  EXPECT_EQ(found(Index::ClientOrderId, "A"), Sequences{});
  EXPECT_EQ(found(Index::VenueOrderId, "bb7"), (Sequences{2, 3, 4, 6, 7}));
  EXPECT_EQ(found(Index::VenueOrderId, "991"), (Sequences{4, 6, 7}));
  EXPECT_EQ(found(Index::ExecutionId, "main\0T5"sv), (Sequences{3, 4, 6, 7}));
  EXPECT_EQ(found(Index::ExecutionId, "E7"), (Sequences{4, 6, 7}));
  EXPECT_EQ(found(Index::ExecutionId, ""), Sequences{});
  EXPECT_EQ(*reader->find_account("main", noon_ns, noon_ns + 5), (Sequences{1, 2, 3, 4}));
  EXPECT_EQ(*reader->find_account("main", noon_ns + 6, noon_ns + 2 * day_ns), (Sequences{5, 6, 7}));
  EXPECT_EQ(*reader->find_account("mai", 0, INT64_MAX), Sequences{});
  EXPECT_EQ(*reader->find_session_reports("alpha", "s1", 1), (Sequences{4, 6}));
  EXPECT_EQ(*reader->find_session_reports("alpha", "s1", 2), Sequences{6});
  EXPECT_EQ(*reader->find_session_reports("alpha", "s1", 3), Sequences{});
}

TEST(Journal, FindsListsAndCancelsOfManyByEachNameInThem) {
  const Place place;
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer);
  const NewOrderList list{"L1", OrderListType::OneTriggersOther, {new_order("A1"), new_order("A2")}};
  PlaceListCommand places;
  places.list_type = list.list_type;
  places.venue_list_id = cut<64>("lb7");
  for (std::uint64_t i : {7u, 8u}) {
    PlaceCommand& each = places.commands.emplace_back();
    each.command.command_id = i;
    each.command.order_id = i;
    each.command.venue_order_id = cut<64>("bb" + std::to_string(i));
    each.command.account = cut<32>("main");
    each.command.symbol = cut<32>("BTC/USDT");
    each.order = list.orders[i - 7];
  }
  Output to_gateway = output_to("binance", {}, 0, places);
  to_gateway.destination = Destination::Gateway;
  auto report = execution_report("A2", 8);
  report.list_id = "L1";
  Answer answer;
  answer.kind = QueryKind::Orders;
  answer.orders = {execution_report("A1", 7), execution_report("A2", 8)};
  Output to_asker = output_to("alpha", {}, 0, answer);
  to_asker.destination = Destination::Request;
  ASSERT_TRUE(append(
      *writer, {
                   frame(1, RecordKind::Input, message("alpha", list), noon_ns),
                   frame(2, RecordKind::Output, message("router", to_gateway), noon_ns),
                   frame(3, RecordKind::Output, message("router", output_to("alpha", "s1", 1, report)), noon_ns),
                   frame(4, RecordKind::Input, message("alpha", CancelOrderList{"C1", "L1"}), noon_ns),
                   frame(5, RecordKind::Input, message("alpha", CancelAll{"C2", "main", {}, Side::Unset}), noon_ns),
                   frame(6, RecordKind::Output, message("router", to_asker), noon_ns),
               }));
  EXPECT_EQ(writer->not_indexed(), 0u);
  auto reader = JournalReader::open(place / "core");
  ASSERT_TRUE(reader);
  using Sequences = std::vector<std::uint64_t>;
  const auto found = [&reader](Index index, std::string_view key) { return *reader->find(index, key); };
  EXPECT_EQ(found(Index::ClientOrderId, "L1"), (Sequences{1, 3, 4}));
  EXPECT_EQ(found(Index::ClientOrderId, "A1"), (Sequences{1, 6}));
  EXPECT_EQ(found(Index::ClientOrderId, "A2"), (Sequences{1, 3, 6}));
  EXPECT_EQ(found(Index::ClientOrderId, "C1"), Sequences{4});
  EXPECT_EQ(found(Index::ClientOrderId, "C2"), Sequences{5});
  EXPECT_EQ(found(Index::OrderId, "7"), (Sequences{2, 6}));
  EXPECT_EQ(found(Index::OrderId, "8"), (Sequences{2, 3, 6}));
  EXPECT_EQ(found(Index::VenueOrderId, "lb7"), Sequences{2});
  EXPECT_EQ(found(Index::VenueOrderId, "bb8"), Sequences{2});
  EXPECT_EQ(*reader->find_account("main", 0, INT64_MAX), (Sequences{1, 2, 3, 5, 6}));
}

TEST(Journal, StoresStrangeBytesAndCountsThem) {
  const Place place;
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer);
  std::mt19937 random{1};
  std::vector<Bytes> frames;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    Bytes payload = message("alpha", new_order("A" + std::to_string(i)));
    for (int flips = 0; flips < 4; ++flips) payload[random() % payload.size()] ^= static_cast<std::uint8_t>(1 + random() % 255);
    frames.push_back(frame(i, RecordKind::Input, payload));
  }
  ASSERT_TRUE(append(*writer, frames));
  EXPECT_GT(writer->not_indexed(), 0u);
  EXPECT_EQ(writer->next_sequence(), 501u);
}

TEST(IndexBatch, HasItsKeysInOrderAndNoneTwice) {
  IndexBatch batch;
  std::vector<Bytes> frames;
  for (const char* id : {"order-of-a-long-name-2", "A", "order-of-a-long-name-1", "A"}) {
    frames.push_back(frame(frames.size() + 1, RecordKind::Input, message("alpha", new_order(id)), noon_ns));
    const auto read = read_frame(frames.back());
    ASSERT_TRUE(read);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(batch.add(read->record));
  }
  const std::string a = client_order_key("alpha", "A");
  const std::string one = client_order_key("alpha", "order-of-a-long-name-1");
  const std::string two = client_order_key("alpha", "order-of-a-long-name-2");
  const auto keys = batch.sorted(Index::ClientOrderId);
  EXPECT_EQ(std::vector(keys.begin(), keys.end()), (std::vector<IndexKey>{{a, 2}, {a, 4}, {one, 3}, {two, 1}}));
  EXPECT_EQ(batch.sorted(Index::AccountTime).size(), 4u);
  EXPECT_TRUE(batch.sorted(Index::VenueOrderId).empty());
  batch.clear();
  EXPECT_TRUE(batch.sorted(Index::ClientOrderId).empty());
}

TEST(Journal, RemembersProducersOverRestartsAndSegments) {
  const Place place;
  {
    auto writer = open_writer(place / "tape", 64 << 20, "tape");
    ASSERT_TRUE(writer);
    EXPECT_EQ(writer->position("hub\0a"), std::nullopt);
    using namespace std::string_view_literals;
    const Timestamp now = std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
    const Bytes one = frame(1, RecordKind::Market, {1}, now), two = frame(2, RecordKind::Market, {2}, now);
    const Bytes never = frame(3, RecordKind::Market, {3}, std::numeric_limits<Timestamp>::min());
    const Bytes tomorrow = frame(4, RecordKind::Market, {4}, now + day_ns);
    ASSERT_TRUE(writer->append(std::vector<Entry>{{one, "hub\0a"sv, 8}, {two, "gw\0b"sv, 3}, {never, "gw\0c"sv, 5}}));
    ASSERT_TRUE(writer->append(std::vector<Entry>{{tomorrow, "hub\0a"sv, 9}}));
  }
  EXPECT_EQ(segment_names(place / "tape").size(), 2u);
  auto writer = open_writer(place / "tape", 64 << 20, "tape");
  ASSERT_TRUE(writer);
  using namespace std::string_view_literals;
  EXPECT_EQ(writer->position("hub\0a"sv)->next, 9u);
  EXPECT_EQ(writer->position("gw\0b"sv)->next, 3u);
  EXPECT_EQ(writer->position("gw\0c"sv), std::nullopt) << "by its own clock it is long gone";
}

// Runs in a child: appends batches of random size for ever and tells the parent what was acknowledged.
[[noreturn]] void append_for_ever(const fs::path& directory, int out, unsigned seed) {
  auto writer = open_writer(directory, 4 << 20);
  if (!writer) ::_exit(3);
  std::mt19937 random{seed};
  for (;;) {
    if (!append_orders(*writer, 1 + random() % 40, 40)) ::_exit(4);
    const std::uint64_t acknowledged = writer->next_sequence() - 1;
    if (::write(out, &acknowledged, sizeof acknowledged) != sizeof acknowledged) ::_exit(5);
  }
}

TEST(Journal, LosesNothingAcknowledgedWhenItsWriterIsKilled) {
  const Place place;
  std::mt19937 random{7};
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < 50; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      append_for_ever(place / "core", ends[1], static_cast<unsigned>(round));
    }
    ::close(ends[1]);
    // Killed after some acknowledgements and a random moment more.
    std::uint64_t heard = 0;
    for (unsigned wait = random() % 10; wait > 0; --wait) {
      ASSERT_EQ(::read(ends[0], &heard, sizeof heard), static_cast<ssize_t>(sizeof heard));
      acknowledged = heard;
    }
    std::this_thread::sleep_for(std::chrono::microseconds{random() % 3'000});
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << status;
    while (::read(ends[0], &heard, sizeof heard) == static_cast<ssize_t>(sizeof heard)) acknowledged = heard;
    ::close(ends[0]);

    if (!fs::exists(place / "core")) continue;
    auto reader = JournalReader::open(place / "core");
    if (!reader) {
      EXPECT_EQ(acknowledged, 0u) << reader.error().text;
      continue;
    }
    const std::uint64_t last = reader->last_sequence();
    EXPECT_GE(last, acknowledged);
    std::uint64_t next = 1;
    const auto read = reader->read(1, UINT64_MAX, [&next](const JournalRecord& record) {
      return record.record.header.sequence == next++;
    });
    ASSERT_TRUE(read) << read.error().text;
    ASSERT_EQ(next, last + 1);
  }
  EXPECT_GT(acknowledged, 0u);
}

// A child that visits one record and then stays in that visit until it is killed.
pid_t visit_for_ever(const fs::path& directory, int out) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  auto reader = JournalReader::open(directory);
  if (reader) {
    static_cast<void>(reader->read(1, UINT64_MAX, [out](const JournalRecord&) {
      if (::write(out, "v", 1) != 1) ::_exit(1);
      for (;;) ::pause();
      return true;
    }));
  }
  ::_exit(2);
}

TEST(Journal, DoesNotGrowBehindASlowReader) {
  std::uint64_t size[2] = {};
  for (const bool has_reader : {false, true}) {
    const Place place;
    auto writer = open_writer(place / "core");
    ASSERT_TRUE(writer);
    ASSERT_TRUE(append_orders(*writer, 10));
    pid_t child = 0;
    if (has_reader) {
      int ends[2];
      ASSERT_EQ(::pipe(ends), 0);
      child = visit_for_ever(place / "core", ends[1]);
      ASSERT_GT(child, 0);
      ::close(ends[1]);
      char word = 0;
      ASSERT_EQ(::read(ends[0], &word, 1), 1);
      ::close(ends[0]);
    }
    ASSERT_TRUE(append_orders(*writer, 300, 1));
    size[has_reader ? 1 : 0] = bytes_on_disk(place / "core");
    if (child > 0) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
      EXPECT_EQ(writer->look_after_readers(), 1);
      EXPECT_EQ(writer->look_after_readers(), 0);
    }
  }
  EXPECT_LE(static_cast<double>(size[1]), 1.5 * static_cast<double>(size[0]));
}

// A child that is stopped within a transaction, as a reader of LMDB's own tools may be.
pid_t hold_for_ever(const fs::path& segment, int out) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  mdb_env_create(&env);
  if (mdb_env_open(env, segment.c_str(), MDB_RDONLY, 0640) != 0) ::_exit(1);
  if (mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn) != 0 || ::write(out, "t", 1) != 1) ::_exit(1);
  for (;;) ::pause();
}

TEST(Journal, LeavesASegmentToAReaderThatHoldsOnToIt) {
  const Place place;
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer);
  ASSERT_TRUE(append_orders(*writer, 10));
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = hold_for_ever(place / "core/00000000000000000001", ends[1]);
  ASSERT_GT(child, 0);
  ::close(ends[1]);
  char word = 0;
  ASSERT_EQ(::read(ends[0], &word, 1), 1);
  ::close(ends[0]);
  EXPECT_EQ(writer->look_after_readers(), 0);
  for (int i = 0; i < 1000 && segment_names(place / "core").size() == 1; ++i) {
    ASSERT_TRUE(append_orders(*writer, 10, 1));
    EXPECT_EQ(writer->look_after_readers(), 0);
  }
  EXPECT_EQ(segment_names(place / "core").size(), 2u);
  EXPECT_LE(bytes_on_disk(place / "core"), 8u << 20);
  ASSERT_TRUE(append_orders(*writer, 300, 1));
  EXPECT_EQ(segment_names(place / "core").size(), 2u);  // nobody holds on to this one
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  auto reader = JournalReader::open(place / "core");
  ASSERT_TRUE(reader);
  EXPECT_EQ(read_ids(*reader), ids_from_to(1, writer->next_sequence() - 1));
}

TEST(Journal, SaysWhenAllReaderSlotsAreTaken) {
  const Place place;
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer);
  ASSERT_TRUE(append_orders(*writer, 10));
  std::vector<JournalReader> readers;
  std::string refused;
  while (readers.size() < 600 && refused.empty()) {
    auto reader = JournalReader::open(place / "core");
    if (!reader) {
      refused = reader.error().text;
      break;
    }
    const auto read = reader->read(1, 1, [](const JournalRecord&) { return true; });
    if (!read) refused = read.error().text;
    readers.push_back(std::move(*reader));
  }
  EXPECT_NE(refused.find("all 512 reader slots are taken"), std::string::npos) << refused;
  ASSERT_TRUE(append_orders(*writer, 10));
  readers.clear();
  auto reader = JournalReader::open(place / "core");
  ASSERT_TRUE(reader);
  EXPECT_EQ(read_ids(*reader), ids_from_to(1, 20));
}

TEST(Journal, WaitsForSpaceAndThenGoesOn) {
  const Place place;
  fs::create_directories(place / "disk");
  if (::mount("tmpfs", (place / "disk").c_str(), "tmpfs", 0, "size=24m") != 0) {
    GTEST_SKIP() << "no right to mount a small tmpfs here";
  }
  {
    auto writer = open_writer(place / "disk/core");
    ASSERT_TRUE(writer) << writer.error().text;
    std::ofstream filler{place / "disk/filler"};
    filler << std::string(14 << 20, 'x') << std::flush;
    Result<void> appended;
    do {
      appended = append_orders(*writer, 500, 500);
    } while (appended);
    EXPECT_EQ(appended.error().code, ErrorCode::JournalDown);
    EXPECT_NE(appended.error().text.find("no space left on the disk"), std::string::npos) << appended.error().text;
    const std::uint64_t stood = writer->next_sequence();
    EXPECT_GT(stood, 1u);
    EXPECT_LT(fs::space(place / "disk").available, 2u << 20) << "what was too much at once went in smaller steps";
    filler.close();
    fs::remove(place / "disk/filler");
    ASSERT_TRUE(append_orders(*writer, 500, 500));
    auto reader = JournalReader::open(place / "disk/core");
    ASSERT_TRUE(reader);
    EXPECT_EQ(read_ids(*reader), ids_from_to(1, stood + 499));
  }
  ::umount2((place / "disk").c_str(), MNT_DETACH);
}

TEST(Journal, WritesNothingMoreAfterAFailedWrite) {
  const Place place;
  {
    auto writer = open_writer(place / "core");
    ASSERT_TRUE(writer);
    ASSERT_TRUE(append_orders(*writer, 10));
  }
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    // A file that may not grow stands for a disk that fails.
    std::signal(SIGXFSZ, SIG_IGN);
    auto writer = open_writer(place / "core");
    if (!writer) ::_exit(1);
    const rlimit small{300'000, 300'000};
    ::setrlimit(RLIMIT_FSIZE, &small);
    Result<void> appended;
    while (appended) appended = append_orders(*writer, 100, 100);
    if (appended.error().code != ErrorCode::Internal) ::_exit(2);
    const rlimit large{RLIM_INFINITY, RLIM_INFINITY};
    ::setrlimit(RLIMIT_FSIZE, &large);
    const auto again = append_orders(*writer, 1);
    ::_exit(!again && again.error().code == ErrorCode::Internal ? 0 : 3);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer) << writer.error().text;
  ASSERT_TRUE(append_orders(*writer, 10));
}

TEST(Journal, ReadsACopyWithoutLeavingATrace) {
  const Place place;
  {
    auto writer = open_writer(place / "core");
    ASSERT_TRUE(writer);
    ASSERT_TRUE(append_orders(*writer, 10));
  }
  fs::create_directories(place / "copy/00000000000000000001");
  fs::copy_file(place / "core/00000000000000000001/data.mdb", place / "copy/00000000000000000001/data.mdb");
  auto reader = JournalReader::open(place / "copy");
  ASSERT_TRUE(reader) << reader.error().text;
  EXPECT_EQ(read_ids(*reader), ids_from_to(1, 10));
  EXPECT_FALSE(fs::exists(place / "copy/00000000000000000001/lock.mdb"));
}

TEST(Journal, ForgetsAnUnfinishedSegment) {
  const Place place;
  {
    auto writer = open_writer(place / "core");
    ASSERT_TRUE(writer);
    ASSERT_TRUE(append_orders(*writer, 10));
  }
  fs::create_directories(place / "core/00000000000000000011.new");
  std::ofstream{place / "core/00000000000000000011.new/data.mdb"} << "half";
  auto writer = open_writer(place / "core");
  ASSERT_TRUE(writer) << writer.error().text;
  EXPECT_EQ(writer->next_sequence(), 11u);
  EXPECT_EQ(segment_names(place / "core"), std::vector<std::string>{"00000000000000000001"});
}

}  // namespace
}  // namespace busbar::audit
