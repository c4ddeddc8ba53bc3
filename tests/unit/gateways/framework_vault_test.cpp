#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "gateways/framework/credentials.hpp"
#include "tests/unit/bus/temporary_directory.hpp"

namespace busbar::vault {
namespace {

Master key_of(char c) { return {Derivation::Key, Secret{std::string(key_size, c)}}; }

// The trailer as who has the key makes it, over whatever.
Bytes with_trailer(Bytes body, const Contents& contents, const Master& master) {
  const auto key = hkdf(master.secret.bytes(), contents.wrap_salt, bytes_of("busbar vault 1: file"), key_size);
  const auto trailer = hmac(key->bytes(), body);
  body.insert(body.end(), trailer.begin(), trailer.end());
  return body;
}

TEST(Secret, IsCopiedMovedAndShortened) {
  Secret a{"one secret"};
  Secret b = a;
  const Secret c = std::move(a);
  EXPECT_TRUE(a.is_empty());  // NOLINT: what is left is nothing
  EXPECT_EQ(b.reveal(), c.reveal());
  b.shorten(3);
  EXPECT_EQ(b.reveal(), "one");
  b = c;
  EXPECT_EQ(b.reveal(), "one secret");
  EXPECT_TRUE(Secret{""}.is_empty());
  EXPECT_EQ(Secret::of_size(4u << 20).reveal().size(), 4u << 20) << "more than the locked memory has";
}

TEST(Cipher, DrawsAnotherNonceEachTime) {
  const Secret key = Secret::of_size(key_size);
  const auto one = seal(key.bytes(), bytes_of("bound"), bytes_of("text"));
  const auto two = seal(key.bytes(), bytes_of("bound"), bytes_of("text"));
  EXPECT_NE(*one, *two);
  EXPECT_EQ(unseal(key.bytes(), bytes_of("bound"), *one)->reveal(), "text");
  EXPECT_FALSE(unseal(key.bytes(), bytes_of("loose"), *one));
  EXPECT_FALSE(unseal(key.bytes(), bytes_of("bound"), View{*one}.first(seal_size - 1)));
  EXPECT_FALSE(encrypt(key.bytes().first(16), View{*one}.first(nonce_size), {}, {}));
}

// The seals of an entry stand by themselves, were the trailer's key lost as well.
TEST(Vault, BindsEachEntryToItsNameVersionTimeAndVault) {
  const Master master = key_of('k');
  auto vault = Vault::make(master);
  vault->raise_generation(4);
  vault->set("alpha", Secret{"one"}, 1).value();
  vault->set("beta", Secret{"two"}, 1).value();
  const Contents good = parse(vault->write(2).value()).value();
  const auto refusal = [&](auto change) {
    Contents changed = good;
    change(changed);
    const auto opened = Vault::open(with_trailer(write(changed), good, master), master);
    EXPECT_TRUE(opened) << opened.error().text;
    const auto secret = opened->get("alpha");
    return secret ? "taken: " + std::string{secret->reveal()} : secret.error().text;
  };
  EXPECT_EQ(refusal([](Contents&) {}), "taken: one");
  for (const auto part : {&Entry::wrapped, &Entry::sealed}) {
    const std::string said = refusal([&](Contents& c) { std::swap(c.entries[0].*part, c.entries[1].*part); });
    EXPECT_NE(said.find("\"alpha\""), std::string::npos) << said;
  }
  EXPECT_NE(refusal([](Contents& c) { --c.entries[0].version; }).find("version 4"), std::string::npos);
  EXPECT_NE(refusal([](Contents& c) { ++c.entries[0].set_at; }).find("is altered"), std::string::npos);
  EXPECT_NE(refusal([](Contents& c) { ++c.id[0]; }).find("from another vault"), std::string::npos);
  EXPECT_NE(refusal([](Contents& c) {
              c.entries[0] = c.entries[1];
              c.entries[0].name = "alpha";
              c.entries.erase(c.entries.begin() + 1);
            }).find("exchanged"), std::string::npos);
}

TEST(Vault, KeepsItsBounds) {
  auto vault = Vault::make(key_of('k'));
  EXPECT_FALSE(vault->set("empty", Secret{}, 1));
  EXPECT_TRUE(vault->set("large", Secret::of_size(secret_size_max), 1));
  EXPECT_FALSE(vault->set("larger", Secret::of_size(secret_size_max + 1), 1));
  for (const char* name : {"", "a b", "ä", "a\n", "\"", "../"}) {
    EXPECT_EQ(vault->set(name, Secret{"x"}, 1).has_value(), std::string_view{name} == "../") << name;
  }
  EXPECT_TRUE(vault->set(std::string(name_size_max, 'n'), Secret{"x"}, 1));
  EXPECT_FALSE(vault->set(std::string(name_size_max + 1, 'n'), Secret{"x"}, 1));
  for (int i = static_cast<int>(vault->list().size()); i < 256; ++i) {
    ASSERT_TRUE(vault->set("entry-" + std::to_string(i), Secret::of_size(secret_size_max), 1));
  }
  const auto full = vault->set("one-more", Secret{"x"}, 1);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().text, "the vault is full: 256 entries");
  EXPECT_TRUE(vault->set("large", Secret{"x"}, 1)) << "in place of what is there";
  const Bytes file = vault->write(2).value();
  EXPECT_LE(file.size(), file_size_max);
  EXPECT_EQ(Vault::open(file, key_of('k'))->list().size(), 256u);
}

TEST(Vault, ChangesItsMasterWithoutTouchingASecret) {
  auto vault = Vault::make(key_of('a'));
  vault->set("alpha", Secret{"one"}, 1).value();
  const Contents before = parse(vault->write(2).value()).value();
  ASSERT_TRUE(vault->change_master(key_of('b')));
  const Bytes file = vault->write(3).value();
  const Contents after = parse(file).value();
  EXPECT_EQ(before.entries[0].sealed, after.entries[0].sealed);
  EXPECT_NE(before.entries[0].wrapped, after.entries[0].wrapped);
  EXPECT_EQ(Vault::open(file, key_of('b'))->get("alpha")->reveal(), "one");
  EXPECT_EQ(Vault::open(file, key_of('a')).error().code, ErrorCode::AuthenticationFailed);
}

class StoreTest : public testing::Test {
 protected:
  Place place(const std::string& key = "vault.key") const {
    return {directory_.path() / "vault/vault", directory_.path() / "kept/generation",
            {KeySource::Kind::File, directory_.path() / key}};
  }
  TemporaryDirectory directory_;
};

TEST_F(StoreTest, HasOneWriterAtATimeAndLosesNoChange) {
  ASSERT_TRUE(Store{place()}.create([](Vault&) -> Result<void> { return {}; }));
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([this, writer] {
      for (int i = 0; i < 5; ++i) {
        const std::string name = std::to_string(writer) + "-" + std::to_string(i);
        const auto done = Store{place()}.change([&](Vault& vault) { return vault.set(name, Secret{name}, 1); });
        EXPECT_TRUE(done) << done.error().text;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  const auto vault = Store{place()}.read();
  ASSERT_TRUE(vault);
  EXPECT_EQ(vault->list().size(), 20u);
  EXPECT_EQ(vault->generation(), 21u);
  struct stat status{};
  for (const std::filesystem::path& file : {place().file, place().generation_file}) {
    ASSERT_EQ(::stat(file.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
  }
}

TEST_F(StoreTest, RefusesKeyFilesThatOthersMayReadOrThatAreNone) {
  ASSERT_TRUE(Store{place()}.create([](Vault&) -> Result<void> { return {}; }));
  const auto refusal = [&](const std::string& content, mode_t mode) {
    const auto file = directory_.path() / "other.key";
    std::filesystem::remove(file);
    std::ofstream{file} << content;
    ::chmod(file.c_str(), mode);
    const auto vault = Store{place("other.key")}.read();
    return vault ? "taken" : vault.error().text;
  };
  const std::string digits(64, 'a');
  EXPECT_NE(refusal(digits, 0400).find("another key"), std::string::npos);
  EXPECT_NE(refusal(digits + "\n", 0400).find("another key"), std::string::npos);
  for (const mode_t mode : {0600u, 0440u, 0444u, 0404u}) {
    EXPECT_NE(refusal(digits, mode).find("mode 0400"), std::string::npos);
  }
  const std::string less = digits.substr(1);
  for (const std::string& content : {std::string{}, digits + "a", less, less + "A", digits + "\n\n"}) {
    EXPECT_NE(refusal(content, 0400).find("64 hexadecimal digits"), std::string::npos) << content;
  }
  EXPECT_NE(refusal(std::string(2000, 'a'), 0400).find("too large"), std::string::npos);
}

TEST_F(StoreTest, AsksNobodyWhereThereIsNobody) {
  Place place = this->place();
  place.key = {KeySource::Kind::Passphrase, {}};
  std::vector<std::string> asked;
  const auto ask = [&](const std::string& what, bool is_new) -> Result<Secret> {
    asked.push_back((is_new ? "new: " : "") + what);
    return Secret{"long enough a passphrase"};
  };
  ASSERT_TRUE((Store{place, ask}.create([](Vault&) -> Result<void> { return {}; })));
  EXPECT_EQ(asked, std::vector<std::string>(1, "new: new passphrase of " + place.file.string()));
  EXPECT_TRUE((Store{place, ask}.read()));
  const auto vault = Store{place}.read();
  ASSERT_FALSE(vault);
  EXPECT_NE(vault.error().text.find("nobody can be asked"), std::string::npos);
}

// docs/vault.md says what the code does.
TEST(VaultPage, ShowsAVaultByteByByte) {
  std::ifstream page{BUSBAR_SOURCE_DIR "/docs/vault.md"};
  bool is_inside = false;
  std::string digits;
  std::map<std::string, std::size_t> places;  // by what stands there
  std::string key;
  std::string secret;
  for (std::string line; std::getline(page, line);) {
    if (is_inside && line == "```") break;
    if (line == "```example") is_inside = true;
    std::istringstream words{line};
    std::string at, bytes, what;
    if (!is_inside || !(words >> at >> bytes)) continue;
    std::getline(words >> std::ws, what);
    if (at == "key") key = bytes;
    if (at == "secret") secret = bytes + " " + what;
    if (at.find_first_not_of("0123456789") != std::string::npos) continue;
    EXPECT_EQ(std::stoul(at), digits.size() / 2) << line;
    digits += bytes;
    places[what] = std::stoul(at);
  }
  const auto bytes_of_hex = [](const std::string& hex) {
    Bytes out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
      out.push_back(static_cast<std::uint8_t>(std::stoul(hex.substr(i, 2), nullptr, 16)));
    }
    return out;
  };
  const Bytes file = bytes_of_hex(digits);
  const Bytes master = bytes_of_hex(key);
  const auto vault = Vault::open(file, {Derivation::Key, Secret{std::string{master.begin(), master.end()}}});
  ASSERT_TRUE(vault) << vault.error().text;
  ASSERT_EQ(vault->list().size(), 1u);
  EXPECT_EQ(vault->get("main")->reveal(), secret);
  const Contents contents = parse(file).value();
  const auto there = [&](const char* what, View bytes) {
    ASSERT_TRUE(places.contains(what)) << what;
    EXPECT_TRUE(std::ranges::equal(bytes, View{file}.subspan(places[what], bytes.size()))) << what;
  };
  there("id", contents.id);
  there("salt of the keys", contents.wrap_salt);
  there("check", contents.check);
  there("data key: nonce", View{contents.entries[0].wrapped}.first(nonce_size));
  there("name", bytes_of("main"));
  there("secret: nonce", View{contents.entries[0].sealed}.first(nonce_size));
  EXPECT_EQ(places["trailer"] + trailer_size, file.size());
}

}  // namespace
}  // namespace busbar::vault

namespace busbar::gateway {
namespace {

TEST(Credentials, TakeAKeyOfManyLinesInPlace) {
  const std::string pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEI=\nabc=\n-----END PRIVATE KEY-----\n";
  const auto credentials = parse_credentials("api_key = k\nsecret = " + pem + "passphrase = p\n", {});
  ASSERT_TRUE(credentials) << credentials.error().text;
  EXPECT_EQ(credentials->secret.reveal(), pem);
  EXPECT_EQ(credentials->passphrase.reveal(), "p");
  const auto last = parse_credentials("api_key = k\nsecret = " + pem.substr(0, pem.size() - 1), {});
  ASSERT_TRUE(last) << last.error().text;
  EXPECT_EQ(last->secret.reveal() , pem.substr(0, pem.size() - 1));
  const auto cut = parse_credentials("api_key = k\n\nsecret = " + pem.substr(0, 60) + "\n", {});
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().text, "line 3: secret begins with -----BEGIN and has no line -----END");
  const std::string line = R"(-----BEGIN EC PRIVATE KEY-----\nabc=\n-----END EC PRIVATE KEY-----\n)";
  const auto escaped = parse_credentials("secret = " + line + "\napi_key = k\n", {});
  ASSERT_TRUE(escaped) << escaped.error().text;
  EXPECT_EQ(escaped->secret.reveal(), line);
  const auto behind = parse_credentials("api_key = k\nsecret = " + pem + "loose\n", {});
  ASSERT_FALSE(behind);
  EXPECT_EQ(behind.error().text, "line 6: expected `name = value`");
}

TEST(Credentials, TakeAConsumerInPlaceOfAKey) {
  const std::string keys =
      "consumer_key = BUSBARTST\nsignature_key = -----BEGIN X-----\\nabc=\\n-----END X-----\\n\n"
      "encryption_key = -----BEGIN X-----\nabc=\n-----END X-----\ndh_prime = ff\n";
  const auto whole = parse_credentials(keys + "access_token = t\naccess_token_secret = c2VjcmV0\n", {});
  ASSERT_TRUE(whole) << whole.error().text;
  EXPECT_TRUE(whole->is_consumer() && !whole->is_none() && !whole->is_login());
  EXPECT_EQ(whole->consumer.key.reveal(), "BUSBARTST");
  EXPECT_EQ(whole->consumer.access_token_secret.reveal(), "c2VjcmV0");
  EXPECT_EQ(whole->consumer.encryption_key.reveal(), "-----BEGIN X-----\nabc=\n-----END X-----\n");
  EXPECT_TRUE(parse_credentials(keys, {})) << "the tokens are yet to come";
  const auto refusal = [](const std::string& text) {
    const auto read = parse_credentials(text, {});
    return read ? std::string{} : read.error().text;
  };
  EXPECT_EQ(refusal(keys + "access_token = t\n"), "access_token_secret is missing");
  EXPECT_EQ(refusal("consumer_key = BUSBARTST\n"), "signature_key is missing");
  EXPECT_EQ(refusal(keys + "api_key = k\nsecret = s\n"),
            "either a key, api_key and secret, or a consumer, consumer_key");
  EXPECT_EQ(refusal("signature_key_file = x\n"),
            "line 1: signature_key_file names a file, and there is none beside this: put the key here, as `signature_key`");
  EXPECT_EQ(refusal("access_token = t\naccess_token_secret = x\n"), "api_key is missing");
}

}  // namespace
}  // namespace busbar::gateway
