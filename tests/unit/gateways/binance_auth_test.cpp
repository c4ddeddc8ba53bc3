#include "gateways/binance/auth.hpp"

#include <gtest/gtest.h>

#include "tests/unit/gateways/damaged_keys.hpp"

namespace busbar::binance {
namespace {

TEST(BinanceAuth, EncodesBeforeItSignsAndSignsWhatIsSent) {
  const Params params{{"symbol", "１２３４５６USDT"}, {"note", "a b+c/d=e&f"}};
  EXPECT_EQ(query_of(params),
            "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96USDT&note=a%20b%2Bc%2Fd%3De%26f");
  EXPECT_EQ(percent_encode("AZaz09-_.~"), "AZaz09-_.~");
}

TEST(BinanceAuth, PutsNothingBetweenQueryAndBody) {
  EXPECT_EQ(rest_payload("quantity=1", "price=0.1"), "quantity=1price=0.1");
  EXPECT_EQ(rest_payload("", "price=0.1"), "price=0.1");
}

TEST(BinanceAuth, AppendsTheSignatureLastAndPercentEncoded) {
  EXPECT_EQ(with_signature("a=1", "x+/="), "a=1&signature=x%2B%2F%3D");
  EXPECT_EQ(with_signature("", "x"), "signature=x");
}

TEST(BinanceAuth, SortsForTheWebSocketApiAndLeavesTheSignatureOut) {
  EXPECT_EQ(ws_payload({{"timestamp", "1"}, {"signature", "x"}, {"apiKey", "k k"}, {"Zed", "2"}}),
            "Zed=2&apiKey=k k&timestamp=1");
}

TEST(BinanceAuth, SignsTheSameTwiceWithOneKeyedContext) {
  // RFC 4231, test case 2.
  const auto signer = Signer::hmac("Jefe");
  ASSERT_TRUE(signer);
  const std::string expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
  EXPECT_EQ(signer->sign("what do ya want for nothing?"), expected);
  EXPECT_EQ(signer->sign("something else"), signer->sign("something else"));
  EXPECT_EQ(signer->sign("what do ya want for nothing?"), expected);
}

TEST(BinanceAuth, TakesAPrivateKeyWithOrWithoutItsArmour) {
  // RFC 8410's example key.
  const std::string bare = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
  const auto one = Signer::private_key(bare);
  const auto other = Signer::private_key("-----BEGIN PRIVATE KEY-----\n" + bare + "\n-----END PRIVATE KEY-----\n");
  ASSERT_TRUE(one) << one.error().text;
  ASSERT_TRUE(other) << other.error().text;
  EXPECT_EQ(one->sign("x").size(), 88u);  // 64 bytes in base64
  EXPECT_EQ(one->sign("x"), other->sign("x"));
}

TEST(BinanceAuth, RefusesAKeyItCannotUseWithoutShowingIt) {
  for (const char* text : {"", "hunter2-hunter2", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
    const auto signer = Signer::private_key(text);
    ASSERT_FALSE(signer);
    EXPECT_EQ(signer.error().code, ErrorCode::AuthenticationFailed);
    EXPECT_EQ(signer.error().text.find("hunter2"), std::string::npos);
  }
  EXPECT_FALSE(Signer::hmac(""));
}

TEST(BinanceAuth, ADamagedKeyIsRefusedBeforeItIsToSign) {
  int refused = 0;
  for (const std::string& pem : damaged(make_rsa_key())) {
    const auto signer = Signer::private_key(pem);
    if (signer) { EXPECT_FALSE(signer->sign("x").empty()); }
    refused += !signer && signer.error().text == "the private key is damaged and cannot sign" ? 1 : 0;
  }
  EXPECT_GT(refused, 100);  // its modulus alone has 128 bytes
}

}  // namespace
}  // namespace busbar::binance
