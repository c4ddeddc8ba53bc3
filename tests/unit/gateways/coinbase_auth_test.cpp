#include "gateways/coinbase/auth.hpp"

#include <algorithm>

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "gateways/coinbase/credential.hpp"
#include "gateways/framework/base64.hpp"
#include "tests/unit/gateways/damaged_keys.hpp"

namespace busbar::coinbase {
namespace {

using gateway::base64url;

// RFC 8410's example key, and RFC 6979's for P-256 in SEC1.
const std::string ed25519_pem =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE "
    "KEY-----\n";
const std::string ed25519_seed = "1O5y2/kTWErVttjx92n4rTr+fCjL8dT74Jeoj0R1WEI=";
const std::string ed25519_pair =
    "1O5y2/kTWErVttjx92n4rTr+fCjL8dT74Jeoj0R1WEIZvwRJ4+jZsKkHKaFM5tZBq0zWdGLkNnGCQQ1I5hC5Tg==";

std::string escaped(std::string pem) {
  for (std::size_t at = 0; (at = pem.find('\n', at)) != std::string::npos; at += 2) pem.replace(at, 1, "\\n");
  return pem;
}

TEST(CoinbaseAuth, TakesOneKeyInAllTheFormsItIsGivenOutIn) {
  const auto reference = Signer::of(ed25519_pem);
  ASSERT_TRUE(reference) << reference.error().text;
  EXPECT_EQ(reference->algorithm(), "EdDSA");
  const std::string signature = reference->sign("x");
  EXPECT_EQ(signature.size(), 64u);
  for (const std::string& form :
       {escaped(ed25519_pem), "\n " + ed25519_pem, ed25519_seed,
        " " + ed25519_seed.substr(0, 20) + "\n" + ed25519_seed.substr(20), ed25519_pair,
        R"({"name":"organizations/o/apiKeys/k","privateKey":")" + escaped(ed25519_pem) + "\"}",
        R"({"id":"organizations/o/apiKeys/k","privateKey":")" + ed25519_pair + "\"}"}) {
    const auto signer = Signer::of(form, "organizations/o/apiKeys/k");
    ASSERT_TRUE(signer) << form << signer.error().text;
    EXPECT_EQ(signer->sign("x"), signature) << form;
  }
}

TEST(CoinbaseAuth, RefusesAKeyItCannotUseWithoutShowingIt) {
  const std::string bad[] = {"",
                             "  ",
                             "hunter2hunter2",
                             "-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----\n",
                             ed25519_seed.substr(4),
                             ed25519_seed + "hunter2=",
                             "hunter2",
                             "{\"privateKey\":\"hunter2\"}",
                             "{\"privateKey\":7}",
                             "{hunter2",
                             "[\"hunter2\"]"};
  for (const std::string& text : bad) {
    const auto signer = Signer::of(text);
    ASSERT_FALSE(signer) << text;
    EXPECT_EQ(signer.error().code, ErrorCode::AuthenticationFailed);
    EXPECT_EQ(signer.error().text.find("hunter2"), std::string::npos) << signer.error().text;
  }
  // Of another curve: secp384r1, which signs ES384 and nothing that Coinbase takes.
  const auto other_curve = Signer::of(
      "-----BEGIN PRIVATE "
      "KEY-----\nMIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBp1bBIZMbLBPaQ8j2vyjEJuGxCQFbb8XbY\n-----END PRIVATE "
      "KEY-----\n");
  EXPECT_FALSE(other_curve);
}

TEST(CoinbaseAuth, ADamagedKeyIsRefusedBeforeItIsToSign) {
  int refused = 0;
  for (const std::string& pem : damaged(make_p256_key())) {
    const auto signer = Signer::of(pem);
    if (signer) { EXPECT_EQ(signer->sign("x").size(), 64u); }
    refused += !signer && signer.error().text == "the private key is damaged and cannot sign" ? 1 : 0;
  }
  EXPECT_GT(refused, 25);  // the number that is secret has 32 bytes
}

TEST(CoinbaseAuth, AKeyFileOfAnotherKeyIsRefused) {
  const std::string file = R"({"name":"organizations/o/apiKeys/k","privateKey":")" + escaped(ed25519_pem) + "\"}";
  EXPECT_TRUE(Signer::of(file, "organizations/o/apiKeys/k"));
  const auto other = Signer::of(file, "organizations/o/apiKeys/j");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().text, "the key file is of another key than api_key names");
}

TEST(CoinbaseAuth, ATokenIsBoundToItsRequestWithoutTheQuery) {
  EXPECT_EQ(token_uri("GET", "api.coinbase.com", "/api/v3/brokerage/accounts?limit=250&cursor=x"),
            "GET api.coinbase.com/api/v3/brokerage/accounts");
  const auto signer = Signer::of(ed25519_seed);
  ASSERT_TRUE(signer);
  // Ed25519 signs the same twice: a token is its inputs alone.
  const std::string token = make_token(*signer, "k\"1", "GET h/p", 1'700'000'000, "0f");
  EXPECT_EQ(token, make_token(*signer, "k\"1", "GET h/p", 1'700'000'000, "0f"));
  EXPECT_EQ(token.substr(0, token.find('.')), base64url(R"({"alg":"EdDSA","kid":"k\"1","nonce":"0f","typ":"JWT"})"));
  EXPECT_EQ(token.find('='), std::string::npos);
  EXPECT_NE(token, make_token(*signer, "k\"1", {}, 1'700'000'000, "0f"));
}

TEST(CoinbaseAuth, NoTwoTokensAreTheSame) {
  EXPECT_EQ(make_nonce().size(), 32u);
  EXPECT_NE(make_nonce(), make_nonce());
}

constexpr std::int64_t s_ns = 1'000'000'000;
constexpr TokensAhead::Moment begin{1'700'000'000 * s_ns, 5'000 * s_ns};
TokensAhead::Moment after(std::int64_t s) { return {begin.broker_ns + s * s_ns, begin.boottime_ns + s * s_ns}; }

// Stands for a token: which one it is, and of which path.
struct Numbered {
  std::string operator()(std::string_view path) { return std::to_string(++count) + std::string{path}; }
  int& count;
};

TEST(CoinbaseTokensAhead, EachIsGivenOutOnceAndForItsPathOnly) {
  TokensAhead ahead{120};
  int count = 0;
  ahead.make(begin, Numbered{count});
  EXPECT_EQ(count, 6);
  EXPECT_EQ(ahead.take("/api/v3/brokerage/orders/preview", begin), "");
  for (const char* const number : {"1", "2", "3"}) {
    EXPECT_EQ(ahead.take("/api/v3/brokerage/orders", after(1)), number + std::string{"/api/v3/brokerage/orders"});
  }
  ahead.make(after(2), Numbered{count});
  EXPECT_EQ(count, 9) << "one was left, and it stays";
  for (const char* const number : {"4", "7", "8", "9"}) {
    EXPECT_EQ(ahead.take("/api/v3/brokerage/orders", after(2)), number + std::string{"/api/v3/brokerage/orders"});
  }
  EXPECT_EQ(ahead.take("/api/v3/brokerage/orders", after(2)), "");
  EXPECT_EQ(ahead.take("/api/v3/brokerage/orders/edit", after(2)), "6/api/v3/brokerage/orders/edit");
  EXPECT_EQ(ahead.take("/api/v3/brokerage/orders/batch_cancel", after(2)), "5/api/v3/brokerage/orders/batch_cancel");
  EXPECT_EQ(ahead.take("/api/v3/brokerage/orders/batch_cancel", after(2)), "");
}

TEST(CoinbaseTokensAhead, AreNotGivenOutWhenTooOldOrWhenAClockHasMoved) {
  const auto taken = [](std::int64_t life_s, TokensAhead::Moment at) {
    TokensAhead ahead{life_s};
    int count = 0;
    ahead.make(begin, Numbered{count});
    return !ahead.take("/api/v3/brokerage/orders", at).empty();
  };
  EXPECT_TRUE(taken(120, after(30)));
  EXPECT_FALSE(taken(120, after(31)));
  EXPECT_FALSE(taken(20, after(6))) << "a quarter of a short life";
  for (const std::int64_t moved_ms : {150, -150, 60'000, -60'000}) {
    const TokensAhead::Moment moved{after(5).broker_ns + moved_ms * 1'000'000, after(5).boottime_ns};
    EXPECT_FALSE(taken(120, moved)) << moved_ms;
  }
}

TEST(CoinbaseTokensAhead, AreMadeAnewBeforeTheyAreTooOldAndWhenDropped) {
  TokensAhead ahead{120};
  int count = 0;
  ahead.make(begin, Numbered{count});
  ahead.make(after(16), Numbered{count});
  EXPECT_EQ(count, 12);
  EXPECT_EQ(ahead.take("/api/v3/brokerage/orders", after(40)), "7/api/v3/brokerage/orders");
  ahead.drop();
  EXPECT_EQ(ahead.take("/api/v3/brokerage/orders/edit", after(40)), "");
  ahead.make(after(40), Numbered{count});
  EXPECT_EQ(count, 18);
}

// The claims of what a request shows.
std::string claims_of(const gateway::HttpRequest& http) {
  const std::string& shown = http.headers.at(0).second;
  const std::size_t begin_at = shown.find('.') + 1;
  std::string text = shown.substr(begin_at, shown.rfind('.') - begin_at);
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  text.resize((text.size() + 3) / 4 * 4, '=');
  std::string claims(text.size() / 4 * 3, '\0');
  EVP_DecodeBlock(reinterpret_cast<unsigned char*>(claims.data()), reinterpret_cast<const unsigned char*>(text.data()),
                  static_cast<int>(text.size()));
  return claims;
}

TEST(CoinbaseTokensAhead, AnOrderShowsTheOneMadeBeforeAndTheNextOneIsMadeForIt) {
  Credential credential{*Signer::of(ed25519_seed), "k", gateway::Url{.host = "broker", .port = "443", .target = "/"}};
  const Request order{.method = "POST", .path = "/api/v3/brokerage/orders", .query = {}, .body = "{}", .security = Security::Signed};
  const Timestamp now = 1'700'000'000 * s_ns;
  credential.make_ahead(now);
  const auto first = credential.whole(order, now + s_ns / 20);
  const auto second = credential.whole(order, now + s_ns / 20);
  EXPECT_TRUE(first.headers.at(0).second.starts_with("Bearer "));
  ASSERT_EQ(first.secret_headers.size(), 1u);
  EXPECT_EQ(first.secret_headers[0], "Authorization");
  EXPECT_NE(first.headers, second.headers);
  EXPECT_NE(claims_of(first).find(R"("nbf":1700000000,"exp":1700000120,"uri":"POST broker/api/v3/brokerage/orders"})"),
            std::string::npos)
      << claims_of(first);
  credential.make_ahead(now);
  const Request question{.method = "GET", .path = order.path, .query = {}, .body = {}, .security = Security::Signed};
  EXPECT_NE(claims_of(credential.whole(question, now)).find(R"("uri":"GET broker)"), std::string::npos);
  const auto later = credential.whole(order, now + 50 * s_ns);  // the clock has moved, for no time has passed
  EXPECT_NE(claims_of(later).find(R"("nbf":1700000050)"), std::string::npos) << claims_of(later);
}

TEST(CoinbaseAuth, EncodesForUrlsWithoutPadding) {
  EXPECT_EQ(base64url(""), "");
  EXPECT_EQ(base64url("f"), "Zg");  // RFC 4648, section 10
  EXPECT_EQ(base64url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64url("\xfb\xff\xfe"), "-__-");
}

}  // namespace
}  // namespace busbar::coinbase
