#include "audit/verify.hpp"

#include <fstream>
#include <functional>
#include <random>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <lmdb.h>
#include <unistd.h>

#include "tests/promises/size.hpp"
#include "tests/unit/audit/records.hpp"

namespace busbar::audit {
namespace {

using namespace test;
namespace fs = std::filesystem;

// A segment in the hands of somebody who has LMDB and knows the format, but not the signing key.
class Tamper {
 public:
  explicit Tamper(const fs::path& segment) {
    mdb_env_create(&env_);
    mdb_env_set_maxdbs(env_, 16);
    EXPECT_EQ(mdb_env_open(env_, segment.c_str(), 0, 0640), 0);
    MDB_txn* txn = nullptr;
    EXPECT_EQ(mdb_txn_begin(env_, nullptr, 0, &txn), 0);
    EXPECT_EQ(mdb_dbi_open(txn, "records", MDB_INTEGERKEY, &records_), 0);
    EXPECT_EQ(mdb_txn_commit(txn), 0);
  }
  ~Tamper() { mdb_env_close(env_); }

  std::map<std::uint64_t, Bytes> load() {
    std::map<std::uint64_t, Bytes> values;
    MDB_txn* txn = nullptr;
    EXPECT_EQ(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn), 0);
    MDB_cursor* cursor = nullptr;
    EXPECT_EQ(mdb_cursor_open(txn, records_, &cursor), 0);
    MDB_val key{}, value{};
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
      const auto* bytes = static_cast<const std::uint8_t*>(value.mv_data);
      values[*static_cast<std::uint64_t*>(key.mv_data)] = Bytes(bytes, bytes + value.mv_size);
    }
    mdb_cursor_close(cursor);
    mdb_txn_abort(txn);
    return values;
  }

  void store(std::map<std::uint64_t, Bytes> values) {
    MDB_txn* txn = nullptr;
    EXPECT_EQ(mdb_txn_begin(env_, nullptr, 0, &txn), 0);
    EXPECT_EQ(mdb_drop(txn, records_, 0), 0);
    for (auto& [sequence, bytes] : values) {
      std::uint64_t number = sequence;
      MDB_val key{sizeof number, &number};
      MDB_val value{bytes.size(), bytes.data()};
      EXPECT_EQ(mdb_put(txn, records_, &key, &value, 0), 0);
    }
    EXPECT_EQ(mdb_txn_commit(txn), 0);
  }

 private:
  MDB_env* env_ = nullptr;
  MDB_dbi records_ = 0;
};

using Values = std::map<std::uint64_t, Bytes>;

// The value as the writer would have made it, under a hash of the forger's choice.
Bytes forged(std::uint64_t sequence, std::string_view id, const Bytes& chain_of) {
  Bytes value(chain_of.begin(), chain_of.begin() + 32);
  const Bytes bytes = frame(sequence, RecordKind::Input, message("alpha", new_order(id)));
  value.insert(value.end(), bytes.begin(), bytes.end());
  return value;
}

void hash_anew(Values& values, std::uint64_t from) {
  Chain chain;
  Hash previous;
  std::copy_n(values.at(from - 1).begin(), 32, previous.begin());
  for (auto it = values.find(from); it != values.end(); ++it) {
    previous = chain.next(previous, std::span{it->second}.subspan(32));
    std::copy(previous.begin(), previous.end(), it->second.begin());
  }
}

// 40 records in two segments, 1 to 30 and 31 to 40, with heads at 10, 20, 30 and 40.
class Verify : public testing::Test {
 protected:
  void SetUp() override { write(directory_); }

  void write(const fs::path& directory) {
    auto writer = JournalWriter::open({directory, "core", 8 << 20, head_file_, {}});
    ASSERT_TRUE(writer) << writer.error().text;
    for (int i = 0; i < 4; ++i) {
      ASSERT_TRUE(append_orders(*writer, 10, 10, i < 3 ? noon_ns : noon_ns + day_ns));
      ASSERT_TRUE(writer->sign_head());
    }
  }

  Result<VerifySummary> look(const fs::path& directory) { return verify(directory, {{head_file_}, {}}); }
  Result<VerifySummary> look() { return look(directory_); }

  fs::path segment(std::uint64_t first) const {
    char name[24];
    std::snprintf(name, sizeof name, "%020llu", static_cast<unsigned long long>(first));
    return directory_ / name;
  }

  const Place place_;
  const fs::path directory_ = place_ / "core";
  const fs::path head_file_ = place_ / "elsewhere/heads.jsonl";
};

TEST_F(Verify, FindsAnUntouchedJournalGood) {
  const auto result = look();
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_TRUE(result->is_good) << result->text;
  EXPECT_EQ(result->stream, "core");
  EXPECT_EQ(result->first_sequence, 1u);
  EXPECT_EQ(result->last_sequence, 40u);
  EXPECT_EQ(result->records, 40u);
  EXPECT_EQ(result->segments, 2u);
  EXPECT_EQ(result->heads, 4u);
  EXPECT_EQ(result->attested_sequence, 40u);
  EXPECT_EQ(exit_code(result), 0);
}

TEST_F(Verify, WorksBesideARunningWriterInThisProcess) {
  auto writer = open_writer(directory_);
  ASSERT_TRUE(writer) << writer.error().text;
  ASSERT_TRUE(append_orders(*writer, 5, 5, noon_ns + day_ns));
  const auto result = look();
  ASSERT_TRUE(result) << result.error().text;
  EXPECT_TRUE(result->is_good) << result->text;
  EXPECT_EQ(result->last_sequence, 45u);
  EXPECT_EQ(result->attested_sequence, 40u);
  ASSERT_TRUE(append_orders(*writer, 5, 5, noon_ns + day_ns));
}

TEST_F(Verify, SaysWhenItCouldNotLook) {
  EXPECT_EQ(exit_code(verify(place_ / "absent", {})), 2);
  fs::create_directories(place_ / "empty");
  EXPECT_EQ(exit_code(verify(place_ / "empty", {})), 2);
  EXPECT_EQ(exit_code(verify(directory_, {{place_ / "no heads"}, {}})), 2);
}

TEST_F(Verify, AcceptsAJournalWhoseOldSegmentsWereDroppedWhenAHeadVouchesForThem) {
  fs::remove_all(segment(1));
  const auto result = look();
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->is_good) << result->text;
  EXPECT_EQ(result->first_sequence, 31u);
  EXPECT_EQ(result->heads, 2u);
  fs::remove(directory_ / "heads.jsonl");
  const auto unattested = verify(directory_, {});
  ASSERT_TRUE(unattested);
  EXPECT_FALSE(unattested->is_good);
  EXPECT_EQ(unattested->first_bad_sequence, 30u);
}

TEST_F(Verify, FindsEachKindOfTamperingAndNamesTheFirstBadRecord) {
  struct Case {
    const char* what;
    std::uint64_t segment;
    std::function<void(Values&)> change;
    std::uint64_t first_bad;
    const char* text;
  };
  const Case cases[] = {
      {"a record removed", 1, [](Values& values) { values.erase(17); }, 17, "record 17 is missing"},
      {"the first record removed", 1, [](Values& values) { values.erase(1); }, 1, "record 1 is missing"},
      {"the last record of a segment removed", 1, [](Values& values) { values.erase(30); }, 30, "record 30 is missing"},
      {"all records removed", 1, [](Values& values) { values.clear(); }, 1, "record 1 is missing"},
      {"two records swapped", 1, [](Values& values) { std::swap(values.at(12), values.at(13)); }, 12,
       "its frame says it is record 13"},
      {"two records swapped and numbered anew", 1,
       [](Values& values) {
         values[12] = forged(12, "A13", values.at(12));
         values[13] = forged(13, "A12", values.at(13));
       },
       12, "the chain is broken"},
      {"a record changed, its checksum made good", 1,
       [](Values& values) { values[15] = forged(15, "A999", values.at(15)); }, 15, "the chain is broken"},
      {"a record inserted", 31,
       [](Values& values) {
         for (std::uint64_t i = 41; i > 35; --i) values[i] = forged(i, "A" + std::to_string(i - 1), values.at(i - 1));
         values[35] = forged(35, "A1000", values.at(35));
       },
       35, "the chain is broken"},
      {"a hash changed", 1, [](Values& values) { values.at(9)[3] ^= 1; }, 9, "the chain is broken"},
      {"changed and hashed anew from there on", 31,
       [](Values& values) {
         values[33] = forged(33, "A999", values.at(33));
         hash_anew(values, 33);
       },
       31, "a record from 31 to 40 was changed and hashed anew"},
      {"changed and hashed anew to the end of its segment", 1,
       [](Values& values) {
         values[5] = forged(5, "A999", values.at(5));
         hash_anew(values, 5);
       },
       1, "a record from 1 to 10 was changed and hashed anew"},
      {"the tail cut off", 31,
       [](Values& values) {
         values.erase(39);
         values.erase(40);
       },
       39, "its tail was cut, or an old copy was put back"},
      {"a value cut short", 1, [](Values& values) { values.at(20).resize(40); }, 20, "its value is too short"},
      {"a frame cut short", 1, [](Values& values) { values.at(20).resize(96); }, 20, "too short for a frame"},
      {"bytes behind a frame", 1, [](Values& values) { values.at(20).resize(values.at(20).size() + 8); }, 20,
       "longer than its frame"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const auto backup = place_ / "backup";
    fs::copy(directory_, backup, fs::copy_options::recursive);
    {
      Tamper tamper{segment(c.segment)};
      Values values = tamper.load();
      c.change(values);
      tamper.store(std::move(values));
    }
    const auto result = look();
    ASSERT_TRUE(result) << result.error().text;
    EXPECT_FALSE(result->is_good);
    EXPECT_EQ(result->first_bad_sequence, c.first_bad) << result->text;
    EXPECT_NE(result->text.find(c.text), std::string::npos) << result->text;
    EXPECT_EQ(exit_code(result), 1);
    fs::remove_all(directory_);
    fs::rename(backup, directory_);
  }
  EXPECT_TRUE(look()->is_good);
}

TEST_F(Verify, FindsASegmentThatIsGone) {
  fs::remove_all(segment(31));
  const auto tail = look();
  ASSERT_TRUE(tail);
  EXPECT_FALSE(tail->is_good);
  EXPECT_EQ(tail->first_bad_sequence, 31u);
  {
    auto writer = JournalWriter::open({directory_, "core", 8 << 20, {}, {}});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(append_orders(*writer, 5, 5, noon_ns + 2 * day_ns));
    ASSERT_TRUE(append_orders(*writer, 5, 5, noon_ns + 3 * day_ns));
    EXPECT_TRUE(fs::exists(segment(36)));
  }
  fs::remove_all(segment(31));
  const auto middle = look();
  ASSERT_TRUE(middle);
  EXPECT_FALSE(middle->is_good);
  EXPECT_EQ(middle->first_bad_sequence, 31u) << middle->text;
}

TEST_F(Verify, FindsAnOldCopyByTheHeadsKeptElsewhere) {
  fs::copy(directory_, place_ / "old", fs::copy_options::recursive);
  {
    auto writer = JournalWriter::open({directory_, "core", 8 << 20, head_file_, {}});
    ASSERT_TRUE(writer);
    ASSERT_TRUE(append_orders(*writer, 5, 5, noon_ns + day_ns));
    ASSERT_TRUE(writer->sign_head());
  }
  const auto old = look(place_ / "old");
  ASSERT_TRUE(old);
  EXPECT_FALSE(old->is_good);
  EXPECT_EQ(old->first_bad_sequence, 41u);
  EXPECT_NE(old->text.find("an old copy was put back"), std::string::npos) << old->text;
  EXPECT_TRUE(verify(place_ / "old", {})->is_good) << "it was good in its day";
  EXPECT_TRUE(look()->is_good);
}

TEST_F(Verify, FindsAJournalWrittenAnewUnderAnotherKeyByTheKeyKeptElsewhere) {
  const PublicKey true_key = *read_public_key(directory_ / "signing.pub");
  const Place other;
  auto writer = JournalWriter::open({other / "core", "core", 8 << 20, {}, {}});
  ASSERT_TRUE(writer);
  ASSERT_TRUE(append_orders(*writer, 40, 40));
  ASSERT_TRUE(writer->sign_head());
  EXPECT_TRUE(verify(other / "core", {})->is_good);
  const auto by_key = verify(other / "core", {{}, true_key});
  ASSERT_TRUE(by_key);
  EXPECT_FALSE(by_key->is_good);
  EXPECT_NE(by_key->text.find("signed by another key"), std::string::npos) << by_key->text;
  EXPECT_FALSE(verify(other / "core", {{head_file_}, true_key})->is_good);
}

TEST_F(Verify, FindsAChangedHead) {
  std::ifstream file{head_file_};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  const std::size_t place = text.find("\"sequence\":20");
  ASSERT_NE(place, std::string::npos);
  text[place + 12] = '1';
  std::ofstream{head_file_} << text;
  const auto result = look();
  ASSERT_TRUE(result);
  EXPECT_FALSE(result->is_good);
  EXPECT_NE(result->text.find("the signature of the head at record 21 is wrong"), std::string::npos) << result->text;
  EXPECT_NE(result->text.find("heads.jsonl:2"), std::string::npos) << result->text;
}

// One segment written by one transaction, so that the file holds no stale page with the same bytes.
class VerifyFlips : public testing::Test {
 protected:
  void SetUp() override {
    auto writer = open_writer(directory_, 8 << 20);
    ASSERT_TRUE(writer);
    std::vector<Bytes> frames;
    for (std::uint64_t i = 1; i <= 60; ++i) frames.push_back(order_frame(i));
    frames.push_back(frame(61, RecordKind::Input, Bytes(9'000, 7)));  // on pages of its own
    ASSERT_TRUE(append(*writer, frames));
    ASSERT_TRUE(writer->sign_head());
    auto reader = JournalReader::open(directory_);
    ASSERT_TRUE(reader);
    std::ifstream file{data_, std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{file}, {}};
    size_ = bytes.size();
    ASSERT_TRUE(reader->read(1, UINT64_MAX, [&](const JournalRecord& record) {
      const std::string_view chain{reinterpret_cast<const char*>(record.chain.data()), record.chain.size()};
      const std::size_t at = bytes.find(chain);
      EXPECT_NE(at, std::string::npos);
      EXPECT_EQ(bytes.find(chain, at + 1), std::string::npos);
      values_.push_back({at, record.frame.size() + 32});
      last_ = record.chain;
      return true;
    }));
    ASSERT_EQ(values_.size(), 61u);
  }

  Result<VerifySummary> look_with_flip(std::size_t offset, std::uint8_t mask) {
    const int fd = ::open(data_.c_str(), O_RDWR | O_CLOEXEC);
    std::uint8_t byte = 0;
    EXPECT_EQ(::pread(fd, &byte, 1, static_cast<off_t>(offset)), 1);
    byte ^= mask;
    EXPECT_EQ(::pwrite(fd, &byte, 1, static_cast<off_t>(offset)), 1);
    auto result = verify(directory_, {});
    byte ^= mask;
    EXPECT_EQ(::pwrite(fd, &byte, 1, static_cast<off_t>(offset)), 1);
    ::close(fd);
    return result;
  }

  const Place place_;
  const fs::path directory_ = place_ / "core";
  const fs::path data_ = directory_ / "00000000000000000001" / "data.mdb";
  std::vector<std::pair<std::size_t, std::size_t>> values_;
  std::size_t size_ = 0;
  Hash last_{};
  std::mt19937_64 random_{42};
};

TEST_F(VerifyFlips, FindsEveryFlippedByteOfARecordAndNamesTheRecord) {
  for (std::int64_t i = promises::times(300, 300); i > 0; --i) {
    const std::size_t record = random_() % values_.size();
    const auto [offset, size] = values_[record];
    const auto mask = static_cast<std::uint8_t>(1 + random_() % 255);
    const std::size_t at = offset + random_() % size;
    const auto result = look_with_flip(at, mask);
    ASSERT_TRUE(result) << result.error().text;
    ASSERT_FALSE(result->is_good) << "record " << record + 1 << ", offset " << at - offset;
    EXPECT_EQ(result->first_bad_sequence, record + 1) << result->text;
  }
  EXPECT_TRUE(verify(directory_, {})->is_good);
}

TEST_F(VerifyFlips, IsNeverFooledNorStoppedByAFlipAnywhereInTheFile) {
  int harmless = 0;
  for (std::int64_t i = promises::times(200, 200); i > 0; --i) {
    const auto result = look_with_flip(random_() % size_, static_cast<std::uint8_t>(1 + random_() % 255));
    if (exit_code(result) != 0) continue;
    // Good may only be said of the very same records: the flip was in a free page or an index.
    ++harmless;
    EXPECT_EQ(result->records, values_.size());
    EXPECT_EQ(result->chain, last_);
  }
  EXPECT_GT(harmless, 0);
}

}  // namespace
}  // namespace busbar::audit
