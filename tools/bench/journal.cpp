// The journal beside its floors, in one run: appending beside a bare write and sync of the same bytes, reading beside a bare
// LMDB cursor, verifying beside that cursor with SHA-256 over what it passes. Both take turns; medians of five pairs.
//   journal_bench [records] [folder]

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <lmdb.h>
#include <openssl/evp.h>
#include <unistd.h>

#include "audit/journal.hpp"
#include "audit/verify.hpp"
#include "bus/codec.hpp"

using namespace busbar;
using namespace busbar::audit;

namespace {

constexpr Timestamp noon_ns = 1'728'043'200'000'000'000;
constexpr int pairs = 5;

[[noreturn]] void fail(const std::string& what) {
  std::fprintf(stderr, "journal_bench: %s\n", what.c_str());
  std::exit(EXIT_FAILURE);
}

// An order, as a client sends it.
Bytes record(std::uint64_t sequence) {
  NewOrder order;
  order.client_order_id = cut<64>("order-" + std::to_string(sequence));
  order.account = "main";
  order.symbol = "BTC/USDT";
  order.side = Side::Buy;
  order.order_type = OrderType::Limit;
  order.time_in_force = TimeInForce::GoodTillCancel;
  order.order_qty = Decimal{1, 0};
  order.price = Decimal{50'000, 0};
  Header header;
  header.environment = Environment::Paper;
  header.sender = "alpha";
  RecordHeader about;
  about.sequence = sequence;
  about.time_ns = about.wall_ns = noon_ns + static_cast<Timestamp>(sequence) * 1000;
  about.kind = static_cast<std::uint8_t>(RecordKind::Input);
  Bytes frame;
  append_frame(frame, about, encode(header, order));
  return frame;
}

std::vector<Bytes> records(std::uint64_t first, std::uint64_t count) {
  std::vector<Bytes> frames;
  for (std::uint64_t i = 0; i < count; ++i) frames.push_back(record(first + i));
  return frames;
}

void append(JournalWriter& writer, const std::vector<Bytes>& frames) {
  std::vector<Entry> batch;
  for (const Bytes& frame : frames) batch.push_back({frame, {}, 0});
  if (const auto done = writer.append(batch); !done) fail(done.error().text);
}

double seconds(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// What `work` does in records a second, and how that compares with the floor, taken in turns.
void compare(const char* what, const char* floor_name, std::uint64_t count, const std::function<void()>& work,
             const std::function<void()>& floor) {
  std::array<double, pairs> ours{}, theirs{}, ratios{};
  for (int i = 0; i < pairs; ++i) {
    const auto at = static_cast<std::size_t>(i);
    ours[at] = static_cast<double>(count) / seconds(work);
    theirs[at] = static_cast<double>(count) / seconds(floor);
    ratios[at] = ours[at] / theirs[at];
  }
  for (auto* figures : {&ours, &theirs, &ratios}) std::sort(figures->begin(), figures->end());
  std::printf("%-28s %10.0f records/s   %-38s %10.0f   ratio %.2f\n", what, ours[pairs / 2], floor_name,
              theirs[pairs / 2], ratios[pairs / 2]);
}

void walk(const std::filesystem::path& segment, const std::function<void(const MDB_val&)>& visit) {
  MDB_env* env = nullptr;
  MDB_txn* txn = nullptr;
  MDB_dbi records = 0;
  MDB_cursor* cursor = nullptr;
  mdb_env_create(&env);
  mdb_env_set_maxdbs(env, 16);
  if (mdb_env_open(env, segment.c_str(), MDB_RDONLY, 0640) != 0 || mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn) != 0 ||
      mdb_dbi_open(txn, "records", 0, &records) != 0 || mdb_cursor_open(txn, records, &cursor) != 0) {
    fail(segment.string() + ": cannot be opened");
  }
  MDB_val key, value;
  while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) visit(value);
  mdb_cursor_close(cursor);
  mdb_txn_abort(txn);
  mdb_env_close(env);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  std::string folder = argc > 2 ? argv[2] : std::filesystem::temp_directory_path().string();
  folder += "/busbar-bench-XXXXXX";
  if (count < 10'000 || mkdtemp(folder.data()) == nullptr) fail("journal_bench [records, 10000 at least] [folder]");
  const std::filesystem::path place = folder;
  const std::filesystem::path stream = place / "core";
  {
    WriterOptions options;
    options.directory = stream;
    options.stream = "core";
    auto writer = JournalWriter::open(options);
    if (!writer) fail(writer.error().text);
    const int bare = open((place / "bare").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0640);
    for (const std::uint64_t batch : {1, 100, 1000}) {
      const std::uint64_t rounds = batch == 1 ? 50 : 10;
      std::vector<Bytes> frames;
      const auto append_rounds = [&] {
        for (std::uint64_t i = 0; i < rounds; ++i) append(*writer, records(writer->next_sequence(), batch));
      };
      const auto write_rounds = [&] {
        for (std::uint64_t i = 0; i < rounds; ++i) {
          Bytes bytes;
          for (const Bytes& frame : records(1, batch)) bytes.insert(bytes.end(), frame.begin(), frame.end());
          if (write(bare, bytes.data(), bytes.size()) < 0 || fdatasync(bare) != 0) fail("cannot write");
        }
      };
      compare(("append, " + std::to_string(batch) + " at a time").c_str(), "bare write and fdatasync", rounds * batch,
              append_rounds, write_rounds);
    }
    close(bare);
    while (writer->next_sequence() <= count) append(*writer, records(writer->next_sequence(), 5000));
    if (const auto done = writer->sign_head(); !done) fail(done.error().text);
  }

  const auto segment = stream / "00000000000000000001";
  std::uint64_t there = 0;
  walk(segment, [&](const MDB_val&) { ++there; });
  std::uint64_t bytes = 0;
  const auto bare_walk = [&] { walk(segment, [&](const MDB_val& value) { bytes += value.mv_size; }); };
  const auto read = [&] {
    auto reader = JournalReader::open(stream);
    if (!reader) fail(reader.error().text);
    const auto done = reader->read(1, there, [&](const JournalRecord& found) {
      bytes += found.record.payload.size();
      return true;
    });
    if (!done) fail(done.error().text);
  };
  compare("read, checksums looked at", "bare LMDB cursor", there, read, bare_walk);
  const auto hash_walk = [&] {
    std::array<unsigned char, 32> hash{};
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    walk(segment, [&](const MDB_val& value) {
      EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
      EVP_DigestUpdate(context, value.mv_data, value.mv_size);
      EVP_DigestFinal_ex(context, hash.data(), nullptr);
    });
    EVP_MD_CTX_free(context);
  };
  const auto check = [&] {
    const auto summary = verify(stream, {});
    if (!summary || !summary->is_good || summary->records != there) fail("the journal does not verify");
  };
  compare("verify", "bare LMDB cursor and SHA-256", there, check, hash_walk);
  std::filesystem::remove_all(place);
  return bytes > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
