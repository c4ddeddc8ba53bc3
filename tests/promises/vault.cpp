// D12: whatever is done to the vault's file, it is refused, or it is the vault. D13: no nonce comes twice under one key.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <random>
#include <set>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateways/framework/vault/vault.hpp"
#include "tests/promises/size.hpp"

namespace busbar::promises {
namespace {

using namespace busbar::vault;

const std::string plain = "canary, which nobody shall see: 0123456789";

Master key_of(char c) { return {Derivation::Key, Secret{std::string(key_size, c)}}; }
Master passphrase_of(const char* text) { return {Derivation::Passphrase, Secret{text}}; }

Bytes vault_of(const Master& master, const std::vector<std::string>& names) {
  auto vault = Vault::make(master);
  for (const std::string& name : names) vault->set(name, Secret{plain + name}, 1'800'000'000'000'000'000).value();
  return vault->write(1'800'000'000'000'000'001).value();
}

class Tampering : public testing::Test {
 protected:
  // Refused, in words, and without a word of a secret's.
  void refused(const Bytes& file, const Master& master, const std::string& what, const std::string& says = "") {
    ++tried_;
    const auto vault = Vault::open(file, master);
    if (vault) {
      ++taken_;
      ADD_FAILURE() << what << " was taken";
      return;
    }
    const std::string& text = vault.error().text;
    EXPECT_FALSE(text.empty()) << what;
    EXPECT_EQ(text.find("canary"), std::string::npos) << what << ": " << text;
    EXPECT_NE(text.find(says), std::string::npos) << what << ": " << text;
  }
  void tell(const char* what) const { std::printf("D12: %s: %d of %d refused\n", what, tried_ - taken_, tried_); }

  int tried_ = 0;
  int taken_ = 0;
  const Master key_ = key_of('k');
  const Bytes file_ = vault_of(key_, {"alpha", "beta", "gamma"});
};

TEST_F(Tampering, EachByteFlipped) {
  const std::int64_t bits = times(8, 3);
  std::mt19937 chance{std::random_device{}()};
  for (std::size_t at = 0; at < file_.size(); ++at) {
    for (std::int64_t i = 0; i < bits; ++i) {
      Bytes file = file_;
      file[at] ^= static_cast<std::uint8_t>(bits == 8 ? 1 << i : 1 + chance() % 255);
      refused(file, key_, "byte " + std::to_string(at) + " flipped");
    }
  }
  // What an entry seals is named; its size and its name are told by their place.
  const auto contents = parse(file_);
  ASSERT_TRUE(contents);
  std::size_t at = header_size;
  for (const Entry& entry : contents->entries) {
    const std::size_t end = at + entry_head_size + wrapped_size + entry.name.size() + entry.sealed.size();
    for (std::size_t byte = at + entry_head_size; byte < end; ++byte) {
      const bool is_name = byte >= at + entry_head_size + wrapped_size && byte < end - entry.sealed.size();
      if (is_name) continue;
      Bytes file = file_;
      file[byte] ^= 1;
      refused(file, key_, "byte " + std::to_string(byte) + " flipped", "entry \"" + entry.name + "\"");
    }
    at = end;
  }
  tell("each byte flipped");
}

TEST_F(Tampering, CutAndLengthened) {
  for (std::size_t size = 0; size < file_.size(); ++size) {
    refused({file_.begin(), file_.begin() + static_cast<std::ptrdiff_t>(size)}, key_, "cut to " + std::to_string(size));
  }
  for (const std::size_t more : {1u, 32u, 4096u}) {
    Bytes file = file_;
    file.resize(file.size() + more);
    refused(file, key_, "longer by " + std::to_string(more));
  }
  tell("cut to each length, and longer");
}

// By somebody who can write the file and does not have the key, and so cannot make the trailer.
Bytes rewritten(const Contents& contents, const Bytes& original) {
  Bytes file = vault::write(contents);
  file.insert(file.end(), original.end() - trailer_size, original.end());
  return file;
}

TEST_F(Tampering, EntriesExchanged) {
  const Bytes other = vault_of(key_, {"alpha", "beta", "gamma"});
  const Contents ours = parse(file_).value();
  const Contents theirs = parse(other).value();
  const auto with = [&](auto change) {
    Contents changed = ours;
    change(changed.entries);
    return rewritten(changed, file_);
  };
  const auto count = ours.entries.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::string named = "\"" + ours.entries[i].name + "\"";
    for (std::size_t j = 0; j < count; ++j) {
      if (i == j) continue;
      refused(with([&](auto& e) { std::swap(e[i].wrapped, e[j].wrapped); }), key_, "data keys exchanged", "exchanged");
      refused(with([&](auto& e) { std::swap(e[i].sealed, e[j].sealed); }), key_, "secrets exchanged", "entry \"");
      refused(with([&](auto& e) { std::swap(e[i].name, e[j].name); }), key_, "names exchanged", "stands behind");
      refused(with([&](auto& e) {
        std::swap(e[i], e[j]);
        std::swap(e[i].name, e[j].name);
      }), key_, "all but the names exchanged", "entry \"");
      refused(with([&](auto& e) { e[i] = e[j]; }), key_, "one entry twice", "stands behind");
    }
    refused(with([&](auto& e) { e[i] = theirs.entries[i]; }), key_, "of another vault", "entry " + named);
    refused(with([&](auto& e) { e[i].wrapped = theirs.entries[i].wrapped; }), key_, "its key", "entry " + named);
    refused(with([&](auto& e) { e[i].version += 1; }), key_, "another version", named);
    refused(with([&](auto& e) { e[i].set_at += 1; }), key_, "another time", "entry " + named);
    const auto place = static_cast<std::ptrdiff_t>(i);
    refused(with([&](auto& e) { e.erase(e.begin() + place); }), key_, "taken out", "taken out");
  }
  // An entry of an earlier state of the same vault, and the whole of it under today's header.
  auto vault = Vault::open(file_, key_);
  vault->set("beta", Secret{"canary, the newer one"}, 1'800'000'000'000'000'002).value();
  const Bytes newer = vault->write(1'800'000'000'000'000'003).value();
  Contents back = parse(newer).value();
  back.entries[1] = ours.entries[1];
  refused(rewritten(back, newer), key_, "an older entry put back", "older version");
  refused(rewritten(back, file_), key_, "an older entry put back, with the older trailer", "older version");
  // Whoever has the whole of the other vault, but not ours: their header in front of our entries.
  Contents mixed = theirs;
  mixed.entries = ours.entries;
  refused(rewritten(mixed, other), key_, "our entries in their vault", "entry \"alpha\"");
  tell("entries exchanged, doubled, from another vault, older ones put back");
}

TEST_F(Tampering, AnotherKey) {
  refused(file_, key_of('q'), "another key", "another key");
  refused(file_, passphrase_of("a passphrase"), "a passphrase for a key", "opened by a key");
  refused(file_, {Derivation::Key, Secret{"short"}}, "a short key", "32 bytes");
  const Bytes locked = vault_of(passphrase_of("correct horse battery"), {"alpha"});
  EXPECT_TRUE(Vault::open(locked, passphrase_of("correct horse battery")));
  for (const char* wrong : {"correct horse batterz", "correct horse battery ", "Correct horse battery", ""}) {
    refused(locked, passphrase_of(wrong), "a wrong passphrase", "another passphrase");
  }
  refused(locked, key_, "a key for a passphrase", "opened by a passphrase");
  tell("wrong keys and passphrases");
}

TEST_F(Tampering, CostsThatNobodyPays) {
  const Bytes locked = vault_of(passphrase_of("correct horse battery"), {"alpha"});
  ASSERT_EQ(locked[57], 17) << "log2 N";
  double longest_ms = 0;
  const auto costs = [&](std::uint8_t log2_n, std::uint8_t r, std::uint8_t p) {
    Bytes file = locked;
    file[57] = log2_n;
    file[58] = r;
    file[59] = p;
    // What it costs this process, and not what others take of the processor meanwhile.
    const std::clock_t begin = std::clock();
    refused(file, passphrase_of("correct horse battery"), "N=2^" + std::to_string(log2_n), "is no cost that is paid");
    longest_ms = std::max(longest_ms, 1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
  };
  for (const int log2_n : {21, 22, 24, 30, 31, 32, 63, 64, 255}) costs(static_cast<std::uint8_t>(log2_n), 8, 1);
  costs(17, 255, 255);
  costs(17, 8, 255);
  costs(20, 9, 1);
  costs(0, 8, 1);
  costs(17, 0, 1);
  costs(17, 8, 0);
  EXPECT_LE(longest_ms, 10);
  tell("costs raised, to N=2^30 as well, or made zero");
  std::printf("D12: such a file took %.2f ms of a processor at most (limit 10 ms)\n", longest_ms);
}

// ---- D13

// A process that has the vault as it was left, seals and ends: what it writes to `pipe` are the nonces of its data keys.
void seal_and_tell(const Bytes& file, int count, int pipe) {
  auto vault = Vault::open(file, key_of('k'));
  Bytes nonces;
  for (int i = 0; i < count; ++i) {
    vault->set("token", Secret{plain}, i).value();
    const Contents contents = parse(vault->write(i).value()).value();
    const Bytes& wrapped = contents.entries.at(0).wrapped;
    nonces.insert(nonces.end(), wrapped.begin(), wrapped.begin() + nonce_size);
  }
  for (std::size_t at = 0; at < nonces.size();) {
    const ssize_t written = ::write(pipe, nonces.data() + at, nonces.size() - at);
    if (written <= 0) ::_exit(1);
    at += static_cast<std::size_t>(written);
  }
}

TEST(Restarted, SealsAndTells) {
  const char* file = std::getenv("BUSBAR_VAULT");
  if (file == nullptr) GTEST_SKIP() << "run by Nonces";
  std::ifstream stream{file, std::ios::binary};
  const std::string bytes{std::istreambuf_iterator<char>{stream}, {}};
  seal_and_tell({bytes.begin(), bytes.end()}, std::atoi(std::getenv("BUSBAR_SEALS")), 3);
}

TEST(Nonces, NeverComeTwiceUnderOneKey) {
  const std::int64_t processes = times(1000, 100);
  const int seals = 1000;
  const Bytes file = vault_of(key_of('k'), {"token"});
  const std::string name = testing::TempDir() + "busbar-nonces-" + std::to_string(::getpid());
  std::ofstream{name, std::ios::binary} << std::string{file.begin(), file.end()};
  ::setenv("BUSBAR_VAULT", name.c_str(), 1);
  ::setenv("BUSBAR_SEALS", std::to_string(seals).c_str(), 1);
  std::vector<std::array<std::uint8_t, nonce_size>> nonces;
  for (std::int64_t i = 0; i < processes; ++i) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      if (i % 2 == 0) {  // a fork goes on with what its parent's generator was, a restart begins anew
        seal_and_tell(file, seals, ends[1]);
        ::_exit(0);
      }
      ::dup2(ends[1], 3);
      ::close(STDOUT_FILENO);
      ::execl("/proc/self/exe", "restarted", "--gtest_filter=Restarted.*", nullptr);
      ::_exit(1);
    }
    ::close(ends[1]);
    std::array<std::uint8_t, nonce_size> nonce;
    std::size_t at = 0;
    for (ssize_t got; (got = ::read(ends[0], nonce.data() + at, nonce.size() - at)) > 0;) {
      at += static_cast<std::size_t>(got);
      if (at < nonce.size()) continue;
      nonces.push_back(nonce);
      at = 0;
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_EQ(status, 0) << "process " << i;
  }
  std::remove(name.c_str());
  ASSERT_EQ(nonces.size(), static_cast<std::size_t>(processes * seals));
  std::sort(nonces.begin(), nonces.end());
  EXPECT_EQ(std::adjacent_find(nonces.begin(), nonces.end()), nonces.end());
  std::printf("D13: %zu encryptions under one key over %lld restarts and forks: 0 repeats\n", nonces.size(),
              static_cast<long long>(processes));
}

TEST(Nonces, TheKeyIsRotatedBeforeThereAreTooMany) {
  static_assert(Vault::wraps_max_default < std::uint64_t{1} << 32);
  constexpr std::uint64_t wraps_max = 50;
  Bytes file = vault_of(key_of('k'), {"a", "b", "c"});
  std::map<std::array<std::uint8_t, 32>, std::uint64_t> seals;  // data keys under each wrapping key, by its salt
  for (int i = 0; i < 1000; ++i) {
    auto vault = Vault::open(file, key_of('k'), wraps_max);
    ASSERT_TRUE(vault);
    vault->set("b", Secret{plain}, i).value();
    file = vault->write(i).value();
    const Contents contents = parse(file).value();
    auto& count = seals[contents.wrap_salt];
    count = std::max(count, contents.wraps);
  }
  std::uint64_t most = 0;
  for (const auto& [salt, count] : seals) most = std::max(most, count);
  EXPECT_LE(most, wraps_max);
  EXPECT_GE(seals.size(), 1000 / wraps_max);
  // Counted over restarts, it is renewed without anybody's doing, and what was sealed before stays readable.
  EXPECT_EQ(Vault::open(file, key_of('k'))->get("a")->reveal(), plain + "a");
  std::printf("D13: 1000 encryptions, at most %llu under a key where %llu are permitted (in the field 2^31): %zu keys\n",
              static_cast<unsigned long long>(most), static_cast<unsigned long long>(wraps_max), seals.size());
}

}  // namespace
}  // namespace busbar::promises
