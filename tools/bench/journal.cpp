// The journal beside its floors: appending beside a bare write and sync of the same bytes, scanning (checksum of each record,
// FlatBuffers verified) beside a bare LMDB cursor that reads every byte, verifying beside that cursor with SHA-256 over what it
// passes. Both take turns.
//   journal RECORDS FOLDER PAIRS

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
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
#include "schemas/message_generated.h"
#include "tools/bench/measure.hpp"

namespace busbar::bench {
namespace {

using namespace audit;

constexpr Timestamp noon_ns = 1'728'043'200'000'000'000;

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
  const std::int64_t begin_ns = now_ns();
  work();
  return static_cast<double>(now_ns() - begin_ns) / 1e9;
}

struct Compared {
  std::string name;
  std::string words;
  std::uint64_t records;
};

// What `work` does in records a second, and how that compares with the floor, taken in turns.
void compare(std::size_t pairs, const Compared& what, const std::function<void()>& work,
             const std::function<void()>& floor) {
  std::vector<double> ours, theirs, ratios;
  for (std::size_t i = 0; i < pairs; ++i) {
    ours.push_back(static_cast<double>(what.records) / seconds(work));
    theirs.push_back(static_cast<double>(what.records) / seconds(floor));
    ratios.push_back(ours.back() / theirs.back());
  }
  for (auto* figures : {&ours, &theirs, &ratios}) std::sort(figures->begin(), figures->end());
  std::printf("{\"what\": \"%s\", \"words\": \"%s\", \"ours\": %.0f, \"floor\": %.0f, \"ratio\": %.3f, \"unit\": \"/s\"}\n",
              what.name.c_str(), what.words.c_str(), ours[pairs / 2], theirs[pairs / 2], ratios[pairs / 2]);
  std::fflush(stdout);
}

// So that every byte is looked at, and nothing more is done with it.
std::uint64_t sum_of(std::span<const std::uint8_t> bytes) {
  std::uint64_t sum = 0;
  std::size_t at = 0;
  for (; at + sizeof sum <= bytes.size(); at += sizeof sum) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    sum += word;
  }
  return sum;
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

void measure(std::uint64_t count, const std::filesystem::path& folder, std::size_t pairs) {
  const auto stream = folder / "core";
  {
    WriterOptions options;
    options.directory = stream;
    options.stream = "core";
    auto writer = JournalWriter::open(options);
    if (!writer) fail(writer.error().text);
    const int bare = open((folder / "bare").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0640);
    for (const std::uint64_t batch : {1, 100, 1000}) {
      const std::uint64_t rounds = batch == 1 ? 50 : 10;
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
      compare(pairs, {"append", "journal, " + std::to_string(batch) + " a commit, beside a synced write", rounds * batch},
              append_rounds, write_rounds);
    }
    close(bare);
    while (writer->next_sequence() <= count) append(*writer, records(writer->next_sequence(), 5000));
    if (const auto done = writer->sign_head(); !done) fail(done.error().text);
  }

  const auto segment = stream / "00000000000000000001";
  std::uint64_t there = 0;
  walk(segment, [&](const MDB_val&) { ++there; });
  std::uint64_t sum = 0;
  const auto bare_walk = [&] {
    walk(segment, [&](const MDB_val& value) {
      sum += sum_of({static_cast<const std::uint8_t*>(value.mv_data), value.mv_size});
    });
  };
  const auto scan = [&] {
    auto reader = JournalReader::open(stream);
    if (!reader) fail(reader.error().text);
    const auto done = reader->read(1, there, [&](const JournalRecord& found) {
      flatbuffers::Verifier verifier{found.record.payload.data(), found.record.payload.size()};
      sum += wire::VerifyMessageBuffer(verifier) ? 1 : 0;
      return true;
    });
    if (!done) fail(done.error().text);
  };
  compare(pairs, {"scan", "journal scan beside a bare cursor", there}, scan, bare_walk);
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
  compare(pairs, {"verify", "journal verify beside a cursor and SHA-256", there}, check, hash_walk);
  require(sum > 0, "journal: nothing was read");
}

}  // namespace
}  // namespace busbar::bench

int main(int argc, char** argv) {
  using namespace busbar::bench;
  if (argc != 4) fail("journal RECORDS FOLDER PAIRS");
  measure(std::strtoull(argv[1], nullptr, 10), argv[2], std::strtoull(argv[3], nullptr, 10));
}
