#include <gtest/gtest.h>

#include "tools/venue/ibkr/config.hpp"
#include "tools/venue/ibkr/numbers.hpp"
#include "tools/venue/ibkr/oauth.hpp"
#include "tools/venue/ibkr/order_reader.hpp"
#include "tools/venue/ibkr/questions.hpp"

namespace busbar::venue::ibkr {
namespace {

namespace json = boost::json;
using namespace busbar::literals;

struct VenueIbkr : testing::Test {
  Engine engine{[] {
                  std::vector<Symbol> symbols;
                  for (Listed& each : default_contracts()) symbols.push_back(std::move(each.rules));
                  return symbols;
                }(), Commission::InQuote};
  Contracts contracts{engine, [] {
                        std::vector<Contract> all;
                        for (Listed& each : default_contracts()) all.push_back(std::move(each.contract));
                        return all;
                      }()};
  Refused refused;

  std::optional<Wanted> read(std::string_view text) {
    refused = {};
    return read_ticket(parsed(text).as_object(), contracts, "DU1", refused);
  }
};

TEST(VenueIbkrNumbers, AmountsAreWrittenWithAllTheirDigitsAndNoExponent) {
  for (const char* text : {"0.00005", "190.25", "123456789.01", "-0.1", "67250.75", "0.000001"}) {
    EXPECT_EQ(written(number(*Decimal::parse(text))), text);
    EXPECT_EQ(*decimal_from(parsed(text)), *Decimal::parse(text));
  }
  EXPECT_EQ(written(number("1000000"_d)), "1000000.0");
  EXPECT_EQ(written(json::object{{"a", 1}, {"b", 1.5}, {"c\"", json::array{nullptr, "x"}}}),
            R"({"a":1,"b":1.5,"c\"":[null,"x"]})");
  EXPECT_EQ(with_commas("1234567.5"_d, 2), "1,234,567.50");
  EXPECT_EQ(with_commas("-999"_d, 0), "-999");
  for (const char* text : {"", "{", "[1,]", "{} x", "1e999999"}) EXPECT_FALSE(decimal_from(parsed(text)).value_or("0"_d).is_positive());
}

// The broker's own worked example has what is asked for in the list, and encodes once.
TEST(VenueIbkrOAuth, TheListIsSortedAndEncodedOnce) {
  const std::string text = base_string("GET", "https://localhost:5000/v1/api/trsrv/secdef",
                                       {{"oauth_token", "t"}, {"conids", "1,2"}, {"oauth_nonce", "n"}});
  EXPECT_EQ(text, "GET&https%3A%2F%2Flocalhost%3A5000%2Fv1%2Fapi%2Ftrsrv%2Fsecdef&conids%3D1%2C2%26oauth_nonce%3Dn%26oauth_token%3Dt");
}

TEST(VenueIbkrOAuth, AHeaderIsReadWholeOrNotAtAll) {
  const auto members = members_of(R"(OAuth realm="limited_poa", oauth_signature="a%2Bb%3D", oauth_token="t")");
  ASSERT_TRUE(members);
  EXPECT_EQ(members->at("oauth_signature"), "a+b=");
  EXPECT_EQ(members->at("oauth_token"), "t");
  for (const char* header : {"", "Bearer x", R"(OAuth realm="a", realm="b")", "OAuth realm=a", R"(OAuth oauth_signature="a+b")",
                             R"(OAuth realm)", R"(OAuth realm=")"}) {
    EXPECT_FALSE(members_of(header)) << header;
  }
}

TEST(VenueIbkrOAuth, KeysSignAndDecryptWhatTheyShould) {
  const std::string pem = make_private_key();
  EXPECT_EQ(pem.find('\n'), std::string::npos);  // one line of a file
  const RsaKey key = private_key_from(pem);
  ASSERT_TRUE(key);
  const std::string secret = random_bytes(32);
  EXPECT_EQ(decrypted(key.get(), encrypted(key.get(), secret)), secret);
  EXPECT_FALSE(is_signed_by(key.get(), base64_of(std::string(256, 'x')), "text"));
  EXPECT_FALSE(is_signed_by(key.get(), "no base64", "text"));
  EXPECT_FALSE(private_key_from("-----BEGIN PRIVATE KEY-----\\nAAAA\\n-----END PRIVATE KEY-----"));
  EXPECT_EQ(hmac_sha256("key", "The quick brown fox jumps over the lazy dog"),
            "97yD9DBThCSxMpjmqm+xQ+9NWaFJRhdZl0edvC0aPNg=");
}

TEST(VenueIbkrOAuth, AnExchangeRefusesNumbersThatMakeASecretEverybodyKnows) {
  const std::string prime = well_known_prime();
  EXPECT_EQ(prime.size(), 512U);
  for (const std::string& challenge : {std::string{}, std::string{"0"}, std::string{"1"}, std::string{"0ff"},
                                       std::string{"xyz"}, prime, "1" + prime}) {
    EXPECT_FALSE(agree(challenge, prime, "secret")) << challenge;
  }
  const auto agreement = agree("abcdef", prime, "secret");
  ASSERT_TRUE(agreement);
  EXPECT_EQ(agreement->token.size(), 20U);
  EXPECT_NE(agreement->response, agree("abcdef", prime, "secret")->response);
  EXPECT_EQ(token_signature("k", "c").size(), 40U);
}

TEST_F(VenueIbkr, ATicketIsReadByItsKind) {
  const auto limit = read(R"({"conid":265598,"side":"Buy","orderType":"LMT","price":165.01,"quantity":100,"tif":"DAY","cOID":"a"})");
  ASSERT_TRUE(limit) << refused.error;
  EXPECT_EQ(limit->order.price, "165.01"_d);
  EXPECT_EQ(limit->order.qty, "100"_d);
  EXPECT_EQ(limit->ticker, "AAPL");
  EXPECT_EQ(limit->order.client_order_id, "a");
  const auto stop = read(R"({"conidex":"265598@NASDAQ","side":"SELL","orderType":"STP","price":150,"quantity":1,"tif":"GTC"})");
  ASSERT_TRUE(stop) << refused.error;
  EXPECT_EQ(stop->order.type, OrderType::StopLoss);
  EXPECT_EQ(stop->order.stop_price, "150"_d);
  const auto both =
      read(R"({"conid":"265598","side":"SELL","orderType":"STOP_LIMIT","price":149,"auxPrice":150,"quantity":1,"tif":"GTC"})");
  ASSERT_TRUE(both) << refused.error;
  EXPECT_EQ(both->order.price, "149"_d);
  EXPECT_EQ(both->order.stop_price, "150"_d);
  const auto coins = read(R"({"conid":479624278,"side":"BUY","orderType":"MKT","cashQty":500,"tif":"IOC"})");
  ASSERT_TRUE(coins) << refused.error;
  EXPECT_EQ(coins->order.quote_qty, "500"_d);
  const auto trailing = read(
      R"({"conid":265598,"side":"SELL","orderType":"TRAIL","trailingType":"%","trailingAmt":1.25,"quantity":1,"tif":"GTC"})");
  ASSERT_TRUE(trailing) << refused.error;
  EXPECT_EQ(trailing->order.type, OrderType::StopLoss);
  EXPECT_EQ(trailing->order.trailing_delta, 125);
  const auto opening = read(R"({"conid":265598,"side":"BUY","orderType":"MKT","quantity":1,"tif":"OPG"})");
  ASSERT_TRUE(opening) << refused.error;
  EXPECT_EQ(opening->order.time_in_force, TimeInForce::ImmediateOrCancel) << "what the opening leaves of it ends";
}

TEST_F(VenueIbkr, WhatIsNoTicketIsRefusedInWords) {
  const auto why = [&](std::string_view text) {
    EXPECT_FALSE(read(text)) << text;
    return refused.error;
  };
  EXPECT_EQ(why("{}"), "conid or conidex is required");
  EXPECT_EQ(refused.status, 400U);
  EXPECT_EQ(why(R"({"conidex":"265598@LSE"})"), "invalid exchange : LSE");
  EXPECT_EQ(why(R"({"conid":265598,"side":"BUY","orderType":"LMT","price":"165","quantity":1,"tif":"DAY"})"),
            "invalid order price fields");
  EXPECT_EQ(why(R"({"conid":265598,"side":"BUY","orderType":"LMT","price":1.001,"quantity":1,"tif":"DAY"})"),
            "The price, 1.001, does not conform to the minimum variation of 0.01 for this contract.");
  EXPECT_EQ(why(R"({"conid":265598,"side":"BUY","orderType":"STP","price":1,"quantity":1,"tif":"IOC"})"),
            "invalid time in force for this order type");
  for (const char* trail : {R"("trailingType":"amt","trailingAmt":1)", R"("trailingType":"%","trailingAmt":100)",
                            R"("trailingType":"%","trailingAmt":0.001)", R"("trailingType":"%")"}) {
    EXPECT_EQ(why(std::string{R"({"conid":265598,"side":"SELL","orderType":"TRAIL","quantity":1,"tif":"DAY",)"} + trail + "}"),
              "invalid trailing amount");
  }
  EXPECT_EQ(why(R"({"conid":479624278,"side":"BUY","orderType":"MKT","quantity":1,"tif":"OPG"})"), "invalid tif : OPG");
  EXPECT_EQ(why(R"({"conid":265598,"side":"BUY","orderType":"LMT","price":1,"quantity":1,"tif":"OPG","outsideRTH":true})"),
            "invalid order attribute : Outside Regular Trading Hours");
  EXPECT_EQ(why(R"({"conid":265598,"side":"BUY","orderType":"LMT","price":1,"quantity":1,"tif":"DAY","cOID":"a","parentId":"b"})"),
            "cOID is not allowed together with parentId");
}

TEST_F(VenueIbkr, QuestionsAreAskedWhenTheyAreDue) {
  const auto asked = [&](const char* side, const char* price, const char* qty) {
    const auto wanted = read(std::string{R"({"conid":265598,"orderType":"LMT","tif":"DAY","side":")"} + side +
                             R"(","price":)" + price + R"(,"quantity":)" + qty + "}");
    return questions_about(*wanted, {}, "190"_d);
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(asked("BUY", "195.70", "1"), Ids{});
  EXPECT_EQ(asked("BUY", "195.71", "1"), Ids{"o163"});
  EXPECT_EQ(asked("SELL", "184.30", "1"), Ids{});
  EXPECT_EQ(asked("SELL", "184.29", "1"), Ids{"o163"});
  EXPECT_EQ(asked("SELL", "300", "1"), Ids{});
  EXPECT_EQ(asked("BUY", "100", "50001"), Ids{"o383"});
  EXPECT_EQ(asked("BUY", "300", "60000"), (Ids{"o163", "o383", "o451"}));
}

}  // namespace
}  // namespace busbar::venue::ibkr
