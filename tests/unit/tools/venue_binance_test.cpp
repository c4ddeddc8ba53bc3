#include "tools/venue/binance/api.hpp"

#include <cctype>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "tools/venue/binance/config.hpp"
#include "tools/venue/binance/signature.hpp"
#include "tools/venue/binance/venue.hpp"

namespace busbar::venue::binance {
namespace {

namespace json = boost::json;
using namespace busbar::literals;

// The example key pair of the documentation.
constexpr std::string_view documented_key = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
constexpr std::string_view documented_secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

TEST(VenueSignature, AcceptsTheDocumentedExamplesAndNothingBesides) {
  const std::string payload =
      "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559";
  const std::string signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71";
  EXPECT_TRUE(is_signed(documented_secret, payload, signature));
  std::string upper = signature;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_TRUE(is_signed(documented_secret, payload, upper)) << "either case of the hex";
  EXPECT_FALSE(is_signed(documented_secret, payload + "0", signature));
  EXPECT_FALSE(is_signed("another", payload, signature));
  EXPECT_FALSE(is_signed(documented_secret, payload, ""));
}

TEST(VenueSignature, QueryAndBodyAreSignedOneRightAfterTheOther) {
  EXPECT_EQ(signing_payload("symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC", "quantity=1&price=0.1&signature=00"),
            "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTCquantity=1&price=0.1");
  EXPECT_EQ(signing_payload("a=1&signature=00&b=2", ""), "a=1&b=2");
}

// A venue without sockets: requests go straight to the API.
struct VenueBinance : testing::Test {
  static constexpr TimeUs start = 1'700'000'000'000'000;
  TimeUs clock = start;
  Engine engine{default_symbols()};
  History history{engine.symbol_count()};
  Limits limits{{}};
  Events told;
  AccountId main = engine.open_account("main", "0.001"_d, "0.001"_d, true);
  AccountId other = engine.open_account("other", {}, {}, true);
  Api api{engine,
          history,
          limits,
          {{std::string{documented_key}, std::string{documented_secret}, main}},
          [this] { return clock; },
          [this](const Events& events) { told = events; }};

  VenueBinance() {
    for (const AccountId account : {main, other}) {
      engine.deposit(account, "USDT", "100000"_d, 0);
      engine.deposit(account, "BTC", "10"_d, 0);
      engine.deposit(account, "BNB", "1000"_d, 0);
    }
  }
  Reply ask(std::string_view method, std::string_view path, const std::string& query, const std::string& body = {}) {
    Call call;
    call.params = Params::from_form(query, body);
    call.payload = signing_payload(query, body);
    call.api_key = documented_key;
    call.address = "127.0.0.1";
    const Operation* operation = Api::by_path(method, path);
    if (operation == nullptr) return {404, nullptr};
    return api.perform(*operation, call);
  }
  std::string sign(std::string query) const {
    query += (query.empty() ? "timestamp=" : "&timestamp=") + std::to_string(clock / 1'000);
    return query + "&signature=" + hmac_sha256(documented_secret, query);
  }
  Reply signed_ask(std::string_view method, std::string_view path, const std::string& query) {
    return ask(method, path, sign(query));
  }
  Reply place(const std::string& query) { return signed_ask("POST", "/api/v3/order", query); }
  void rest(Side side, Decimal qty, Decimal price) {
    NewOrder order;
    order.side = side;
    order.qty = qty;
    order.price = price;
    Events events;
    ASSERT_TRUE(engine.place(other, 0, order, clock, events));
  }
  static std::string error(const Reply& reply) {
    return reply.code == 0 ? json::serialize(reply.body)
                           : std::to_string(reply.code) + ' ' + std::string{reply.body.at("msg").get_string()};
  }
};

TEST_F(VenueBinance, WhatIsWrongWithAParameterIsSaidInTheDocumentedWords) {
  struct Case {
    const char *what, *query, *error;
  };
  const std::string limit = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=60000";
  const std::string in_use = limit + "&newClientOrderId=in-use";
  ASSERT_EQ(place(in_use).code, 0);
  rest(Side::Sell, "0.5"_d, "67300"_d);
  const Case cases[] = {
      {"no symbol", "side=BUY&type=LIMIT",
       "-1102 Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."},
      {"an unknown symbol", "symbol=NOSUCH&side=BUY&type=MARKET&quantity=1", "-1121 Invalid symbol."},
      {"a lower-case symbol", "symbol=btcusdt&side=BUY&type=MARKET&quantity=1",
       "-1100 Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'."},
      {"no such side", "symbol=BTCUSDT&side=UP&type=MARKET&quantity=1", "-1117 Invalid side."},
      {"no such type", "symbol=BTCUSDT&side=BUY&type=STOP&quantity=1", "-1116 Invalid orderType."},
      {"no such time in force", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=DAY&quantity=1&price=1",
       "-1115 Invalid timeInForce."},
      {"a limit order without a price", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1",
       "-1102 Mandatory parameter 'price' was not sent, was empty/null, or malformed."},
      {"a market order without a quantity", "symbol=BTCUSDT&side=BUY&type=MARKET",
       "-1102 Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"},
      {"a market order with a price", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&price=1",
       "-1106 Parameter 'price' sent when not required."},
      {"a market order with a time in force", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&timeInForce=GTC",
       "-1106 Parameter 'timeInForce' sent when not required."},
      {"a stop without its price", "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=1",
       "-1102 Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!"},
      {"an empty parameter", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&newClientOrderId=",
       "-1105 Parameter 'newClientOrderId' was empty."},
      {"a parameter nobody knows", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&colour=red",
       "-1104 Not all sent parameters were read; read '6' parameter(s) but was sent '7'."},
      {"a parameter twice", "symbol=BTCUSDT&symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1",
       "-1101 Duplicate values for a parameter detected."},
      {"an exponent", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1e-05",
       R"(-1100 Illegal characters found in parameter 'quantity'; legal range is '^([0-9]{1,20})(\.[0-9]{1,20})?$'.)"},
      {"too many digits", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.000000001",
       "-1111 Parameter 'quantity' has too much precision."},
      {"more than any number", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=99999999999999999999",
       "-1108 Parameter 'quantity' overflowed."},
      {"a long client order id",
       "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&newClientOrderId=1234567890123456789012345678901234567",
       "-1100 Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'."},
      {"a dot in a client order id", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&newClientOrderId=a.b",
       "-1100 Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'."},
      {"off the tick", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=60000.001",
       "-1013 Filter failure: PRICE_FILTER"},
      {"off the step", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.010001&price=60000",
       "-1013 Filter failure: LOT_SIZE"},
      {"too much at the market", "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=121",
       "-1013 Filter failure: MARKET_LOT_SIZE"},
      {"too little money", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.00008&price=60000",
       "-1013 Filter failure: NOTIONAL"},
      {"far from the market", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=10000",
       "-1013 Filter failure: PERCENT_PRICE_BY_SIDE"},
      {"a stop at the market where it is not listed",
       "symbol=BNBUSDT&side=SELL&type=STOP_LOSS&quantity=1&stopPrice=500",
       "-1013 Stop loss orders are not supported for this symbol."},
      {"a name in use", in_use.c_str(), "-2010 Duplicate order sent."},
      {"more than the account has", "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=5&price=60000",
       "-2010 Account has insufficient balance for requested action."},
      {"post only that would take", "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.01&price=67300",
       "-2010 Order would immediately match and take."},
      {"a stop on the wrong side", "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.01&stopPrice=70000",
       "-2010 Order would trigger immediately."},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(error(place(c.query)), c.error);
  }
  EXPECT_EQ(engine.orders(main, std::nullopt, false).size(), 1U) << "not one of them became an order";
}

TEST_F(VenueBinance, TimeAndKeyAreProvenBeforeAnythingElse) {
  const auto with_time = [&](TimeUs time, const std::string& rest) {
    const std::string query = "timestamp=" + std::to_string(time) + rest;
    return error(ask("GET", "/api/v3/openOrders", query + "&signature=" + hmac_sha256(documented_secret, query)));
  };
  const std::int64_t now = start / 1'000;
  const std::string late = "-1021 Timestamp for this request is outside of the recvWindow.";
  EXPECT_EQ(with_time(now, ""), "[]");
  EXPECT_EQ(with_time(now * 1'000, ""), "[]") << "microseconds are understood";
  EXPECT_EQ(with_time(now + 999, ""), "[]");
  EXPECT_EQ(with_time(now + 1'000, ""), "-1021 Timestamp for this request was 1000ms ahead of the server's time.");
  EXPECT_EQ(with_time(now - 5'000, ""), "[]");
  EXPECT_EQ(with_time(now - 5'001, ""), late);
  EXPECT_EQ(with_time(now - 5'001, "&recvWindow=60000"), "[]");
  EXPECT_EQ(with_time(now - 100, "&recvWindow=99.999"), late);
  EXPECT_EQ(with_time(now, "&recvWindow=60001"),
            "-1102 'recvWindow' contains unexpected value. Cannot be greater than 60000.");

  const std::string query = "timestamp=" + std::to_string(now);
  EXPECT_EQ(error(ask("GET", "/api/v3/openOrders", query)),
            "-1102 Mandatory parameter 'signature' was not sent, was empty/null, or malformed.");
  EXPECT_EQ(error(ask("GET", "/api/v3/openOrders", query + "&signature=00")),
            "-1022 Signature for this request is not valid.");
  Call call;
  call.params = Params::from_form(sign(""), "");
  EXPECT_EQ(error(api.perform(*Api::by_name("account.status"), call)), "-2014 API-key format invalid.");
  call.params = Params::from_form(sign(""), "");
  call.api_key = std::string(64, 'x');
  EXPECT_EQ(error(api.perform(*Api::by_name("account.status"), call)),
            "-2015 Invalid API-key, IP, or permissions for action.");
}

TEST_F(VenueBinance, AnAnswerHasTheDocumentedMembersInTheirOrder) {
  rest(Side::Sell, "0.01"_d, "67300"_d);
  const std::string order =
      "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.02&price=67300&newClientOrderId=";
  EXPECT_EQ(
      json::serialize(place(order + "one").body),
      R"({"symbol":"BTCUSDT","orderId":12510000002,"orderListId":-1,"clientOrderId":"one","transactTime":1700000000000,)"
      R"("price":"67300.00000000","origQty":"0.02000000","executedQty":"0.01000000","origQuoteOrderQty":"0.00000000",)"
      R"("cummulativeQuoteQty":"673.00000000","status":"PARTIALLY_FILLED","timeInForce":"GTC","type":"LIMIT","side":"BUY",)"
      R"("workingTime":1700000000000,"selfTradePreventionMode":"EXPIRE_MAKER","fills":[{"price":"67300.00000000",)"
      R"("qty":"0.01000000","commission":"0.00001000","commissionAsset":"BTC","tradeId":700001}]})");
  EXPECT_EQ(
      json::serialize(place(order + "two&newOrderRespType=ACK").body),
      R"({"symbol":"BTCUSDT","orderId":12510000003,"orderListId":-1,"clientOrderId":"two","transactTime":1700000000000})");
  EXPECT_EQ(
      json::serialize(signed_ask("GET", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=one").body),
      R"({"symbol":"BTCUSDT","orderId":12510000002,"orderListId":-1,"clientOrderId":"one","price":"67300.00000000",)"
      R"("origQty":"0.02000000","executedQty":"0.01000000","cummulativeQuoteQty":"673.00000000",)"
      R"("status":"PARTIALLY_FILLED","timeInForce":"GTC","type":"LIMIT","side":"BUY","stopPrice":"0.00000000",)"
      R"("icebergQty":"0.00000000","time":1700000000000,"updateTime":1700000000000,"isWorking":true,)"
      R"("workingTime":1700000000000,"origQuoteOrderQty":"0.00000000","selfTradePreventionMode":"EXPIRE_MAKER"})");
  EXPECT_EQ(
      json::serialize(
          signed_ask("DELETE", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=one&newClientOrderId=end").body),
      R"({"symbol":"BTCUSDT","origClientOrderId":"one","orderId":12510000002,"orderListId":-1,"clientOrderId":"end",)"
      R"("transactTime":1700000000000,"price":"67300.00000000","origQty":"0.02000000","executedQty":"0.01000000",)"
      R"("origQuoteOrderQty":"0.00000000","cummulativeQuoteQty":"673.00000000","status":"CANCELED","timeInForce":"GTC",)"
      R"("type":"LIMIT","side":"BUY","selfTradePreventionMode":"EXPIRE_MAKER"})");
  ASSERT_EQ(told.executions.size(), 1U);
  EXPECT_EQ(
      json::serialize(execution_report(engine, told.executions[0], clock, TimeUnit::Milliseconds)),
      R"({"e":"executionReport","E":1700000000000,"s":"BTCUSDT","c":"end","S":"BUY","o":"LIMIT","f":"GTC",)"
      R"("q":"0.02000000","p":"67300.00000000","P":"0.00000000","F":"0.00000000","g":-1,"C":"one","x":"CANCELED",)"
      R"("X":"CANCELED","r":"NONE","i":12510000002,"l":"0.00000000","z":"0.01000000","L":"0.00000000","n":"0",)"
      R"("N":null,"T":1700000000000,"t":-1,"I":5000000005,"w":false,"m":false,"M":false,"O":1700000000000,)"
      R"("Z":"673.00000000","Y":"0.00000000","Q":"0.00000000","W":1700000000000,"V":"EXPIRE_MAKER"})");
  EXPECT_EQ(json::serialize(signed_ask("GET", "/api/v3/myTrades", "symbol=BTCUSDT").body),
            R"([{"symbol":"BTCUSDT","id":700001,"orderId":12510000002,"orderListId":-1,"price":"67300.00000000",)"
            R"("qty":"0.01000000","quoteQty":"673.00000000","commission":"0.00001000","commissionAsset":"BTC",)"
            R"("time":1700000000000,"isBuyer":true,"isMaker":false,"isBestMatch":true}])");
}

TEST_F(VenueBinance, AnOrderIsFoundByItsNumberAndThenItsNameMustFit) {
  ASSERT_EQ(
      place("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=60000&newClientOrderId=mine").code,
      0);
  const std::string number = "symbol=BTCUSDT&orderId=12510000001";
  EXPECT_EQ(signed_ask("GET", "/api/v3/order", number + "&origClientOrderId=mine").code, 0);
  EXPECT_EQ(signed_ask("GET", "/api/v3/order", number + "&origClientOrderId=yours").code, -2039);
  EXPECT_EQ(signed_ask("GET", "/api/v3/order", "symbol=BTCUSDT").code, -1102);
  EXPECT_EQ(signed_ask("GET", "/api/v3/order", "symbol=ETHUSDT&orderId=12510000001").code, -2013)
      << "numbers belong to a symbol";
  EXPECT_EQ(error(signed_ask("DELETE", "/api/v3/order", "symbol=BTCUSDT&orderId=1")), "-2011 Unknown order sent.");
  EXPECT_EQ(signed_ask("DELETE", "/api/v3/order", number + "&cancelRestrictions=ONLY_PARTIALLY_FILLED").code, -2011);
  EXPECT_EQ(signed_ask("DELETE", "/api/v3/order", number).code, 0);
  EXPECT_EQ(error(signed_ask("DELETE", "/api/v3/order", number)), "-2011 Unknown order sent.");
}

TEST_F(VenueBinance, WeightIsCountedPerMinuteAndOrdersThatSucceedCostNone) {
  const auto used = [&] { return limits.used_weight("127.0.0.1", clock); };
  ask("GET", "/api/v3/exchangeInfo", "");
  EXPECT_EQ(used(), 20);
  ask("GET", "/api/v3/depth", "symbol=BTCUSDT&limit=5000");
  EXPECT_EQ(used(), 270);
  signed_ask("GET", "/api/v3/openOrders", "");
  EXPECT_EQ(used(), 350);
  signed_ask("GET", "/api/v3/openOrders", "symbol=BTCUSDT");
  EXPECT_EQ(used(), 356);
  ASSERT_EQ(place("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=60000").code, 0);
  EXPECT_EQ(used(), 356);
  ASSERT_NE(place("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=1").code, 0);
  EXPECT_EQ(used(), 357);
  clock += 60'000'000;
  EXPECT_EQ(used(), 0);
}

TEST_F(VenueBinance, GoingOnAfter429EndsInABan) {
  LimitSettings small;
  small.weight_per_minute = 5;
  small.strikes = 2;
  limits.set(small);
  clock = start - start % 60'000'000 + 20'000'000;
  const auto ping = [&] { return ask("GET", "/api/v3/ping", ""); };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ping().status, 200U);
  const Reply refused = ping();
  EXPECT_EQ(refused.status, 429U);
  EXPECT_EQ(refused.code, -1003);
  EXPECT_EQ(refused.retry_at, clock + 40'000'000) << "when the minute is over";
  EXPECT_EQ(ping().status, 429U);
  const Reply banned = ping();
  EXPECT_EQ(banned.status, 418U);
  EXPECT_EQ(banned.retry_at, clock + 120'000'000);
  clock += 119'000'000;
  EXPECT_EQ(ping().status, 418U) << "a new minute does not end it";
  clock += 2'000'000;
  EXPECT_EQ(ping().status, 200U);
}

TEST_F(VenueBinance, UnfilledOrdersAreCountedAndAFillGivesOneBack) {
  LimitSettings few;
  few.orders_per_10_seconds = 2;
  limits.set(few);
  clock = start - start % 10'000'000;
  const std::string order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=60000";
  ASSERT_EQ(place(order).code, 0);
  ASSERT_EQ(place(order).code, 0);
  const Reply refused = place(order);
  EXPECT_EQ(error(refused), "-1015 Too many new orders; current limit is 2 orders per 10 SECOND.");
  EXPECT_EQ(refused.status, 429U);
  EXPECT_EQ(refused.retry_at, clock + 10'000'000);
  limits.count_first_fill(main, clock);
  EXPECT_EQ(place(order).code, 0);
  clock += 10'000'000;
  EXPECT_EQ(limits.order_counts(main, clock)[0], 0);
  EXPECT_EQ(limits.order_counts(main, clock)[1], 2);
}

TEST_F(VenueBinance, ATestOrderIsCheckedAndNeverReachesTheEngine) {
  const std::string order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=";
  EXPECT_EQ(json::serialize(signed_ask("POST", "/api/v3/order/test", order + "60000").body), "{}");
  EXPECT_EQ(signed_ask("POST", "/api/v3/order/test", order + "1").code, -1013);
  EXPECT_TRUE(engine.orders(main, std::nullopt, false).empty());
}

TEST(VenueParams, TheWebSocketApiSignsSortedNamesAndPlainValues) {
  Params params = Params::from_json({{"symbol", "BTCUSDT"},
                                     {"quantity", "0.01000000"},
                                     {"apiKey", "key"},
                                     {"timestamp", 1645423376532},
                                     {"flag", true},
                                     {"price", 0.5}});
  EXPECT_EQ(params.sorted_payload(),
            "apiKey=key&flag=true&price=0.5&quantity=0.01000000&symbol=BTCUSDT&timestamp=1645423376532");
}

TEST(VenueFaults, ARuleStrikesWhatItNamesAsOftenAsItSays) {
  Faults faults{1};
  const Faults::RequestFacts order{"order.place", "POST /api/v3/order", "rest", "A-1"};
  const Faults::RequestFacts query{"order.status", "GET /api/v3/order", "rest", "A-1"};
  faults.add({{"kind", "drop_answer"}, {"endpoint", "POST /api/v3/order"}, {"client_order_id", "A-"}, {"next", 2}}, 0);
  EXPECT_FALSE(faults.plan(query, 0).after);
  EXPECT_EQ(faults.plan(order, 0).after, FaultKind::DropAnswer);
  EXPECT_EQ(faults.plan(order, 0).after, FaultKind::DropAnswer);
  EXPECT_FALSE(faults.plan(order, 0).after) << "twice and no more";
  faults.clear();
  faults.add({{"kind", "answer_instead"}, {"endpoint", "order.place"}, {"status", 503}, {"for_ms", 10}}, 1'000);
  EXPECT_EQ(faults.plan(order, 10'999).instead, FaultKind::AnswerInstead);
  EXPECT_FALSE(faults.plan(order, 11'000).instead) << "its time is over";
  faults.clear();
  faults.add({{"kind", "delay_answer"}, {"ms", 50}}, 0);
  faults.add({{"kind", "drop_answer"}, {"transport", "ws"}}, 0);
  EXPECT_EQ(faults.plan(order, 0).delay_answer.count(), 50);
  EXPECT_FALSE(faults.plan(order, 0).after);
  faults.clear();
  faults.add({{"kind", "drop_request"}, {"probability", 0.25}}, 0);
  int struck = 0;
  for (int i = 0; i < 1'000; ++i) struck += faults.plan(order, 0).instead.has_value() ? 1 : 0;
  EXPECT_NEAR(struck, 250, 60);
  EXPECT_THROW(faults.add({{"kind", "explode"}}, 0), std::invalid_argument);
  EXPECT_THROW(faults.add({{"kind", "silence"}, {"colour", "red"}}, 0), std::invalid_argument);
}

}  // namespace
}  // namespace busbar::venue::binance
