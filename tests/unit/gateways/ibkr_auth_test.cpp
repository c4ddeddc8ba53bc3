#include "gateways/ibkr/auth.hpp"

#include <gtest/gtest.h>

#include "tests/unit/gateways/damaged_keys.hpp"

namespace busbar::ibkr {
namespace {

// 256 bits: enough to count with, and worth nothing.
constexpr std::string_view prime = "ed2c6805029feda17723343878c774e28c0dd574b1a579d19a748d4ae2928b69";

// The frame of a key, and nothing in it.
constexpr std::string_view no_key =
    "-----BEGIN PRIVATE KEY-----\\nMIIBAAAAAAAAAAAAAAAAAAAA\\n-----END PRIVATE KEY-----\\n";

TEST(IbkrAuth, NamesAndValuesAreSortedTogetherAndEncodedOnce) {
  const SignedParts parts{.method = "GET",
                          .url = "https://host/v1/api/x",
                          .query = {{"fields", "31,84"}, {"conids", "1,2"}},
                          .oauth = {{"oauth_token", "t"}, {"oauth_nonce", "n"}}};
  EXPECT_EQ(
      base_string(parts),
      "GET&https%3A%2F%2Fhost%2Fv1%2Fapi%2Fx&conids%3D1%2C2%26fields%3D31%2C84%26oauth_nonce%3Dn%26oauth_token%3Dt");
}

TEST(IbkrAuth, OnlyTheSignatureIsEncodedInTheHeader) {
  EXPECT_EQ(authorization("limited_poa", {{"oauth_token", "t"}, {"diffie_hellman_challenge", "7d"}}, "a+/="),
            "OAuth realm=\"limited_poa\", diffie_hellman_challenge=\"7d\", oauth_signature=\"a%2B%2F%3D\", "
            "oauth_token=\"t\"");
}

TEST(IbkrAuth, TheRealmIsTheConsumersAndATokenIsNamedOnceThereIsOne) {
  Consumer consumer{.key = "TESTCONS", .access_token = {}};
  EXPECT_EQ(consumer.realm(), "test_realm");
  EXPECT_EQ(oauth_params(consumer, rsa_sha256, "n", 1).size(), 4u);
  consumer = {.key = "BUSBARTST", .access_token = "t"};
  EXPECT_EQ(consumer.realm(), "limited_poa");
  EXPECT_EQ(oauth_params(consumer, hmac_sha256, "n", 1, {{"oauth_verifier", "v"}}).size(), 6u);
}

TEST(IbkrAuth, NoTwoNoncesAreTheSameAndTheyAreLettersAndDigits) {
  const std::string nonce = make_nonce();
  EXPECT_EQ(nonce.size(), 32u);
  EXPECT_EQ(nonce.find_first_not_of("0123456789abcdef"), std::string::npos);
  EXPECT_NE(nonce, make_nonce());
}

TEST(IbkrAuth, BothSidesOfAnExchangeComeToTheSame) {
  for (int i = 0; i < 20; ++i) {  // with and without a zero in front
    const auto ours = KeyExchange::of(prime, 2, KeyExchange::make_random());
    const auto theirs = KeyExchange::of(prime, 2, KeyExchange::make_random());
    ASSERT_TRUE(ours && theirs);
    EXPECT_NE(ours->challenge().front(), '0');
    const auto one = ours->shared(theirs->challenge());
    const auto other = theirs->shared(ours->challenge());
    ASSERT_TRUE(one && other);
    EXPECT_EQ(one->reveal(), other->reveal());
    EXPECT_LT(one->bytes().front(), 0x80);
  }
}

TEST(IbkrAuth, ATokenIsProvenByItsConsumerAlone) {
  const Secret token = live_session_token(Secret{"shared"}, Secret{"secret"});
  EXPECT_EQ(token.bytes().size(), 20u);
  // What the other side would send: the token's own code of the consumer.
  const std::string proof{hex_of(live_session_token(token, Secret{"BUSBARTST"})).reveal()};
  EXPECT_TRUE(is_proven(token, "BUSBARTST", proof));
  EXPECT_FALSE(is_proven(token, "BUSBARTSU", proof));
  EXPECT_FALSE(is_proven(token, "BUSBARTST", proof.substr(2)));
  EXPECT_FALSE(is_proven(token, "BUSBARTST", ""));
  EXPECT_FALSE(is_proven(token, "BUSBARTST", "no hex"));
}

TEST(IbkrAuth, ANumberThatMakesNoSecretIsRefused) {
  const auto exchange = KeyExchange::of(prime, 2, KeyExchange::make_random());
  ASSERT_TRUE(exchange);
  const std::string less_one{"ed2c6805029feda17723343878c774e28c0dd574b1a579d19a748d4ae2928b68"};
  for (const std::string& response : {std::string{}, std::string{"0"}, std::string{"1"}, less_one, std::string{prime},
                                      std::string{"0x7f"}, std::string(4096, 'f')}) {
    const auto shared = exchange->shared(response);
    ASSERT_FALSE(shared) << response;
    EXPECT_TRUE(shared.error().text.starts_with("diffie_hellman_response: ")) << shared.error().text;
  }
  const struct {
    std::string_view prime;
    std::uint32_t generator;
    std::string_view names;
  } cases[] = {{"", 2, "prime"},
               {"xyz", 2, "prime"},
               {"ff", 2, "prime"},
               {"10000000000000000", 2, "prime"},
               {prime, 1, "generator"}};
  for (const auto& c : cases) {
    const auto refused = KeyExchange::of(c.prime, c.generator, KeyExchange::make_random());
    ASSERT_FALSE(refused) << c.prime;
    EXPECT_NE(refused.error().text.find(c.names), std::string::npos) << refused.error().text;
  }
  EXPECT_FALSE(KeyExchange::of(prime, 2, Secret{}));
}

TEST(IbkrAuth, AKeyThatCannotBeUsedIsNamedAndNotShown) {
  const std::string ed25519 =
      "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE "
      "KEY-----\n";
  for (const std::string_view pem :
       {std::string_view{}, std::string_view{"nothing"}, no_key, std::string_view{ed25519}}) {
    const auto key = RsaKey::of(pem, "signature key");
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().code, ErrorCode::AuthenticationFailed);
    EXPECT_TRUE(key.error().text.starts_with("signature key: ")) << key.error().text;
    EXPECT_EQ(key.error().text.find("MII"), std::string::npos);
    EXPECT_EQ(key.error().text.find("MC4"), std::string::npos);
  }
}

TEST(IbkrAuth, ADamagedKeyIsRefusedBeforeItIsToSign) {
  int refused = 0;
  for (const std::string& pem : damaged(make_rsa_key())) {
    const auto key = RsaKey::of(pem, "signature key");
    if (key) { EXPECT_FALSE(key->sign("x").empty()); }
    refused += !key && key.error().text == "signature key: a damaged RSA key, which cannot sign" ? 1 : 0;
  }
  EXPECT_GT(refused, 100);  // its modulus alone has 128 bytes
}

TEST(IbkrAuth, BytesAsTextAreReadStrictly) {
  for (const std::string_view text : {"", "A", "AAA", "AA=A", "A===", "AA A", "AAA\n"}) {
    const auto bytes = decode_base64(text, "oauth_token_secret");
    ASSERT_FALSE(bytes) << text;
    EXPECT_EQ(bytes.error().text, "oauth_token_secret: no base64");
  }
  EXPECT_EQ(decode_base64("AAE=", "x")->bytes().size(), 2u);
  EXPECT_FALSE(decode_hex("abc", "x"));
  EXPECT_FALSE(decode_hex("zz", "x"));
  EXPECT_EQ(hex_of(*decode_hex("0AfF", "x")).reveal(), "0aff");
}

TEST(IbkrAuth, WhatALoginAnswersIsNamedWhereItIsMissing) {
  EXPECT_EQ(*decode_request_token(R"({"oauth_token":"t"})"), "t");
  EXPECT_EQ(decode_request_token(R"({"error":"no"})").error().text, "request_token.oauth_token: missing");
  EXPECT_EQ(decode_access_token(R"({"oauth_token":"t"})").error().text, "access_token.oauth_token_secret: missing");
  EXPECT_EQ(decode_live_session(R"({"diffie_hellman_response":"7f","live_session_token_signature":"aa"})").error().text,
            "live_session_token.live_session_token_expiration: missing");
  EXPECT_EQ(decode_live_session("[]").error().text, "live_session_token: no object");
}

}  // namespace
}  // namespace busbar::ibkr
