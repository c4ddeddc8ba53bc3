#include "gateways/coinbase/auth.hpp"

#include <gtest/gtest.h>

#include "gateways/framework/base64.hpp"

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

TEST(CoinbaseAuth, EncodesForUrlsWithoutPadding) {
  EXPECT_EQ(base64url(""), "");
  EXPECT_EQ(base64url("f"), "Zg");  // RFC 4648, section 10
  EXPECT_EQ(base64url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64url("\xfb\xff\xfe"), "-__-");
}

}  // namespace
}  // namespace busbar::coinbase
