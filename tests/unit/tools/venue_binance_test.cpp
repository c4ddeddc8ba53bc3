#include "tools/venue/binance/api.hpp"

#include <cctype>
#include <memory>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

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
    const Operation* operation = api.by_path(method, path);
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
  // A trade of the other account with itself, so that there is a last price.
  void trade_at(Decimal price, Decimal qty = "0.01"_d) {
    NewOrder order;
    order.self_trade = SelfTrade::None;
    order.qty = qty;
    order.price = price;
    Events events;
    for (const Side side : {Side::Sell, Side::Buy}) {
      order.side = side;
      ASSERT_TRUE(engine.place(other, 0, order, clock, events));
    }
    for (const Trade& trade : events.trades) history.add(trade);
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
  EXPECT_EQ(error(api.perform(*api.by_name("account.status"), call)), "-2014 API-key format invalid.");
  call.params = Params::from_form(sign(""), "");
  call.api_key = std::string(64, 'x');
  EXPECT_EQ(error(api.perform(*api.by_name("account.status"), call)),
            "-2015 Invalid API-key, IP, or permissions for action.");
}

TEST_F(VenueBinance, AnAnswerHasTheDocumentedMembersInTheirOrder) {
  rest(Side::Sell, "0.01"_d, "67300"_d);
  const std::string order =
      "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.02&price=67300&newClientOrderId=";
  EXPECT_EQ(
      json::serialize(place(order + "one").body),
      R"({"symbol":"BTCUSDT","orderId":12510000002,"orderListId":-1,"clientOrderId":"one",)"
      R"("transactTime":1700000000000,)"
      R"("price":"67300.00000000","origQty":"0.02000000","executedQty":"0.01000000","origQuoteOrderQty":"0.00000000",)"
      R"("cummulativeQuoteQty":"673.00000000","status":"PARTIALLY_FILLED","timeInForce":"GTC","type":"LIMIT",)"
      R"("side":"BUY",)"
      R"("workingTime":1700000000000,"selfTradePreventionMode":"EXPIRE_MAKER","fills":[{"price":"67300.00000000",)"
      R"("qty":"0.01000000","commission":"0.00001000","commissionAsset":"BTC","tradeId":700001}]})");
  EXPECT_EQ(
      json::serialize(place(order + "two&newOrderRespType=ACK").body),
      R"({"symbol":"BTCUSDT","orderId":12510000003,"orderListId":-1,"clientOrderId":"two",)"
      R"("transactTime":1700000000000})");
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
      R"("origQuoteOrderQty":"0.00000000","cummulativeQuoteQty":"673.00000000","status":"CANCELED",)"
      R"("timeInForce":"GTC",)"
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
  faults.add({{"kind", "drop_answer"}, {"account", "main"}}, 0);
  EXPECT_FALSE(faults.plan(order, 0).after) << "nobody's key came with it";
  EXPECT_TRUE(faults.plan({"order.place", "POST /api/v3/order", "rest", "A-1", "main"}, 0).after);
  EXPECT_FALSE(faults.plan({"order.place", "POST /api/v3/order", "rest", "A-1", "other"}, 0).after);
  EXPECT_FALSE(faults.plan(order, 0).after);
  faults.clear();
  faults.add({{"kind", "answer_instead"}, {"endpoint", "order.place"}, {"status", 429}, {"retry_after_s", 2}, {"next", 1}}, 0);
  static_cast<void>(faults.plan(order, 1'000'000));
  static_cast<void>(faults.plan(query, 2'999'999));
  static_cast<void>(faults.plan(query, 3'000'000));
  EXPECT_EQ(faults.list().front().at("early"), 1) << "of two that came afterwards";
  faults.clear();
  faults.add({{"kind", "drop_request"}, {"probability", 0.25}}, 0);
  int struck = 0;
  for (int i = 0; i < 1'000; ++i) struck += faults.plan(order, 0).instead.has_value() ? 1 : 0;
  EXPECT_NEAR(struck, 250, 60);
  EXPECT_THROW(faults.add({{"kind", "explode"}}, 0), std::invalid_argument);
  EXPECT_THROW(faults.add({{"kind", "silence"}, {"colour", "red"}}, 0), std::invalid_argument);
}

TEST_F(VenueBinance, ACancelReplaceSaysWhatBecameOfEachHalf) {
  const std::string order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=60000";
  const auto replace = [&](const std::string& rest) {
    return signed_ask("POST", "/api/v3/order/cancelReplace", order + "&" + rest);
  };
  const auto data = [](const Reply& reply) -> const json::value& {
    return reply.code == 0 ? reply.body : reply.body.at("data");
  };
  struct Case {
    const char* what;
    bool is_open, is_placeable;
    const char* mode;
    unsigned status;
    int code;
    const char *canceled, *placed;
  };
  const Case cases[] = {
      {"both", true, true, "STOP_ON_FAILURE", 200, 0, "SUCCESS", "SUCCESS"},
      {"nothing to cancel, so not tried", false, true, "STOP_ON_FAILURE", 400, -2022, "FAILURE", "NOT_ATTEMPTED"},
      {"cancelled, but not placed", true, false, "STOP_ON_FAILURE", 409, -2021, "SUCCESS", "FAILURE"},
      {"nothing to cancel, placed all the same", false, true, "ALLOW_FAILURE", 409, -2021, "FAILURE", "SUCCESS"},
      {"neither", false, false, "ALLOW_FAILURE", 400, -2022, "FAILURE", "FAILURE"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const Reply before = place(order);
    ASSERT_EQ(before.code, 0);
    const std::string id = c.is_open ? std::to_string(before.body.at("orderId").to_number<std::uint64_t>()) : "1";
    const std::string name = c.is_placeable ? "" : "&newClientOrderId=in-use";
    if (!c.is_placeable) {
      ASSERT_EQ(place(order + name).code, 0);
    }
    const Reply reply = replace(std::string{"cancelReplaceMode="} + c.mode + "&cancelOrderId=" + id + name);
    EXPECT_EQ(reply.status, c.status);
    EXPECT_EQ(reply.code, c.code);
    EXPECT_EQ(data(reply).at("cancelResult").as_string(), c.canceled);
    EXPECT_EQ(data(reply).at("newOrderResult").as_string(), c.placed);
    EXPECT_EQ(data(reply).at("newOrderResponse").is_null(), std::string_view{c.placed} == "NOT_ATTEMPTED");
    ASSERT_EQ(signed_ask("DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").code, 0);
  }
  EXPECT_EQ(error(replace("cancelReplaceMode=MAYBE&cancelOrderId=1")),
            "-1130 Data sent for parameter 'cancelReplaceMode' is not valid.");
  EXPECT_EQ(replace("cancelReplaceMode=STOP_ON_FAILURE").code, -1102);
}

TEST_F(VenueBinance, ACancelReplaceOverTheOrderLimitCancelsOnlyWhenToldTo) {
  LimitSettings few;
  few.orders_per_10_seconds = 1;
  limits.set(few);
  const std::string order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=60000";
  ASSERT_EQ(place(order + "&newClientOrderId=old").code, 0);
  const auto replace = [&](const std::string& exceeded) {
    return signed_ask("POST", "/api/v3/order/cancelReplace",
                      order + "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrigClientOrderId=old" + exceeded);
  };
  const Reply kept = replace("");
  EXPECT_EQ(error(kept), "-1015 Too many new orders; current limit is 1 orders per 10 SECOND.");
  EXPECT_EQ(kept.status, 429U);
  EXPECT_EQ(engine.orders(main, 0, true).size(), 1U);
  const Reply canceled = replace("&orderRateLimitExceededMode=CANCEL_ONLY");
  EXPECT_EQ(canceled.code, -2021);
  EXPECT_EQ(canceled.body.at("data").at("cancelResult"), "SUCCESS");
  EXPECT_EQ(canceled.body.at("data").at("newOrderResponse").at("code"), -1015);
  EXPECT_TRUE(engine.orders(main, 0, true).empty());
}

TEST_F(VenueBinance, AnAmendmentIsAnsweredToldAndRemembered) {
  ASSERT_EQ(place("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.02&price=60000&newClientOrderId=big")
                .code,
            0);
  const std::string amend = "symbol=BTCUSDT&origClientOrderId=big&newClientOrderId=small&newQty=";
  EXPECT_EQ(error(signed_ask("PUT", "/api/v3/order/amend/keepPriority", amend + "0.03")),
            "-2038 Order amend (quantity increase) is not supported.");
  EXPECT_EQ(error(signed_ask("PUT", "/api/v3/order/amend/keepPriority", amend + "0.02")),
            "-2038 The requested action would change no state; rejecting.");
  EXPECT_EQ(
      json::serialize(signed_ask("PUT", "/api/v3/order/amend/keepPriority", amend + "0.01").body),
      R"({"transactTime":1700000000000,"executionId":5000000001,"amendedOrder":{"symbol":"BTCUSDT",)"
      R"("orderId":12510000001,)"
      R"("orderListId":-1,"origClientOrderId":"big","clientOrderId":"small","price":"60000.00000000",)"
      R"("qty":"0.01000000",)"
      R"("executedQty":"0.00000000","preventedQty":"0.00000000","quoteOrderQty":"0.00000000",)"
      R"("cumulativeQuoteQty":"0.00000000","status":"NEW","timeInForce":"GTC","type":"LIMIT","side":"BUY",)"
      R"("workingTime":1700000000000,"selfTradePreventionMode":"EXPIRE_MAKER"}})");
  ASSERT_EQ(told.executions.size(), 1U);
  const json::object event = execution_report(engine, told.executions[0], clock, TimeUnit::Milliseconds);
  EXPECT_EQ(event.at("x"), "REPLACED");
  EXPECT_EQ(event.at("c"), "small");
  EXPECT_EQ(event.at("C"), "big");
  EXPECT_EQ(
      json::serialize(signed_ask("GET", "/api/v3/order/amendments", "symbol=BTCUSDT&orderId=12510000001").body),
      R"([{"symbol":"BTCUSDT","orderId":12510000001,"executionId":5000000001,"origClientOrderId":"big",)"
      R"("newClientOrderId":"small","origQty":"0.02000000","newQty":"0.01000000","time":1700000000000}])");
}

TEST_F(VenueBinance, APairIsPlacedAskedForAndCancelledAsOne) {
  const std::string pair =
      "symbol=BTCUSDT&side=SELL&quantity=0.01&listClientOrderId=pair&aboveType=LIMIT_MAKER&abovePrice=70000"
      "&aboveClientOrderId=up&belowType=STOP_LOSS_LIMIT&belowStopPrice=60000&belowPrice=59000&belowTimeInForce=GTC"
      "&belowClientOrderId=down";
  const Reply placed = signed_ask("POST", "/api/v3/orderList/oco", pair);
  ASSERT_EQ(placed.code, 0) << error(placed);
  EXPECT_EQ(
      json::serialize(placed.body),
      R"({"orderListId":1000001,"contingencyType":"OCO","listStatusType":"EXEC_STARTED","listOrderStatus":"EXECUTING",)"
      R"("listClientOrderId":"pair","transactionTime":1700000000000,"symbol":"BTCUSDT","orders":[{"symbol":"BTCUSDT",)"
      R"("orderId":12510000001,"clientOrderId":"down"},{"symbol":"BTCUSDT","orderId":12510000002,)"
      R"("clientOrderId":"up"}],)"
      R"("orderReports":[{"symbol":"BTCUSDT","orderId":12510000001,"orderListId":1000001,"clientOrderId":"down",)"
      R"("transactTime":1700000000000,"price":"59000.00000000","origQty":"0.01000000","executedQty":"0.00000000",)"
      R"("origQuoteOrderQty":"0.00000000","cummulativeQuoteQty":"0.00000000","status":"NEW","timeInForce":"GTC",)"
      R"("type":"STOP_LOSS_LIMIT","side":"SELL","stopPrice":"60000.00000000","workingTime":-1,)"
      R"("selfTradePreventionMode":"EXPIRE_MAKER"},{"symbol":"BTCUSDT","orderId":12510000002,"orderListId":1000001,)"
      R"("clientOrderId":"up","transactTime":1700000000000,"price":"70000.00000000","origQty":"0.01000000",)"
      R"("executedQty":"0.00000000","origQuoteOrderQty":"0.00000000","cummulativeQuoteQty":"0.00000000",)"
      R"("status":"NEW",)"
      R"("timeInForce":"GTC","type":"LIMIT_MAKER","side":"SELL","workingTime":1700000000000,)"
      R"("selfTradePreventionMode":"EXPIRE_MAKER"}]})");
  EXPECT_EQ(limits.order_counts(main, clock)[0], 2) << "two orders";
  ASSERT_EQ(told.lists.size(), 1U);
  EXPECT_EQ(
      json::serialize(list_status(engine, told.lists[0], clock, TimeUnit::Milliseconds)),
      R"({"e":"listStatus","E":1700000000000,"s":"BTCUSDT","g":1000001,"c":"OCO","l":"EXEC_STARTED","L":"EXECUTING",)"
      R"("r":"NONE","C":"pair","T":1700000000000,"O":[{"s":"BTCUSDT","i":12510000001,"c":"down"},)"
      R"({"s":"BTCUSDT","i":12510000002,"c":"up"}]})");
  EXPECT_EQ(signed_ask("GET", "/api/v3/orderList", "origClientOrderId=pair").body.at("orderListId"), 1000001);
  EXPECT_EQ(signed_ask("GET", "/api/v3/openOrderList", "").body.as_array().size(), 1U);
  const Reply canceled =
      signed_ask("DELETE", "/api/v3/order", "symbol=BTCUSDT&origClientOrderId=up&newClientOrderId=away");
  ASSERT_EQ(canceled.code, 0);
  EXPECT_EQ(canceled.body.at("listOrderStatus"), "ALL_DONE") << "one of a list is all of it";
  ASSERT_EQ(canceled.body.at("orderReports").as_array().size(), 2U);
  for (const json::value& report : canceled.body.at("orderReports").as_array()) {
    EXPECT_EQ(report.at("status"), "CANCELED");
    EXPECT_EQ(report.at("clientOrderId"), "away");
  }
  EXPECT_TRUE(signed_ask("GET", "/api/v3/openOrderList", "").body.as_array().empty());
  EXPECT_EQ(signed_ask("GET", "/api/v3/allOrderList", "").body.as_array().size(), 1U);
  EXPECT_EQ(error(signed_ask("DELETE", "/api/v3/orderList", "symbol=BTCUSDT&listClientOrderId=pair")),
            "-2011 Unknown order sent.");
}

TEST_F(VenueBinance, WhatMakesNoListIsRefusedInTheDocumentedWords) {
  struct Case {
    const char *what, *path, *query, *error;
  };
  const Case cases[] = {
      {"a limit order above in a buy", "oco",
       "side=BUY&quantity=0.01&aboveType=LIMIT_MAKER&abovePrice=70000&belowType=STOP_LOSS&belowStopPrice=60000",
       "-1165 A limit order in a buy OCO must be below."},
      {"a limit order below in a sell", "oco",
       "side=SELL&quantity=0.01&aboveType=STOP_LOSS&aboveStopPrice=70000&belowType=LIMIT_MAKER&belowPrice=60000",
       "-1166 A limit order in a sell OCO must be above."},
      {"two limit orders", "oco",
       "side=SELL&quantity=0.01&aboveType=LIMIT_MAKER&abovePrice=70000&belowType=LIMIT_MAKER&belowPrice=60000",
       "-1168 At least one OCO order must be contingent."},
      {"an order at the market", "oco",
       "side=SELL&quantity=0.01&aboveType=MARKET&belowType=STOP_LOSS&belowStopPrice=60000",
       "-1158 Order type not supported in OCO."},
      {"a stop loss on both sides", "oco",
       "side=SELL&quantity=0.01&aboveType=STOP_LOSS&aboveStopPrice=70000&belowType=STOP_LOSS&belowStopPrice=60000",
       "-1197 A stop loss order in a sell OCO must be below."},
      {"prices on one side of the market", "oco",
       "side=SELL&quantity=0.01&aboveType=LIMIT_MAKER&abovePrice=67000&belowType=STOP_LOSS&belowStopPrice=60000",
       "-2010 The relationship of the prices for the orders is not correct."},
      {"a hidden part that is not good till cancel", "oco",
       "side=SELL&quantity=0.01&aboveType=LIMIT_MAKER&abovePrice=70000&belowType=STOP_LOSS_LIMIT&belowStopPrice=60000"
       "&belowPrice=59000&belowTimeInForce=IOC&belowIcebergQty=0.005",
       "-1160 Parameter 'belowIcebergQty' is not supported if `belowTimeInForce` is not GTC."},
      {"a working order that would not rest", "oto",
       "workingType=MARKET&workingSide=BUY&workingQuantity=0.01&pendingType=MARKET&pendingSide=SELL"
       "&pendingQuantity=0.01",
       "-1014 Unsupported order combination"},
      {"a pending order without its price", "oto",
       "workingType=LIMIT&workingSide=BUY&workingQuantity=0.01&workingPrice=60000&workingTimeInForce=GTC"
       "&pendingType=LIMIT&pendingSide=SELL&pendingQuantity=0.01&pendingTimeInForce=GTC",
       "-1102 Mandatory parameter 'pendingPrice' was not sent, was empty/null, or malformed."},
      {"a member nobody knows", "oto",
       "workingType=LIMIT&workingSide=BUY&workingQuantity=0.01&workingPrice=60000&workingTimeInForce=GTC"
       "&pendingType=MARKET&pendingSide=SELL&pendingQuantity=0.01&pendingColour=red",
       "-1104 Not all sent parameters were read; read '11' parameter(s) but was sent '12'."},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(error(signed_ask("POST", std::string{"/api/v3/orderList/"} + c.path,
                               std::string{"symbol=BTCUSDT&"} + c.query)),
              c.error);
  }
  EXPECT_TRUE(engine.orders(main, std::nullopt, false).empty());
}

TEST_F(VenueBinance, TheOldestKindOfPairIsStillPlaced) {
  const Reply placed = signed_ask("POST", "/api/v3/order/oco",
                                  "symbol=BTCUSDT&side=SELL&quantity=0.01&price=70000&stopPrice=60000"
                                  "&stopLimitPrice=59000&stopLimitTimeInForce=GTC&limitClientOrderId=up");
  ASSERT_EQ(placed.code, 0) << error(placed);
  const json::array& reports = placed.body.at("orderReports").as_array();
  EXPECT_EQ(reports[0].at("type"), "STOP_LOSS_LIMIT");
  EXPECT_EQ(reports[1].at("clientOrderId"), "up");
}

TEST_F(VenueBinance, AListOfThreeWaitsForItsFirstOrder) {
  const Reply placed = signed_ask(
      "POST", "/api/v3/orderList/otoco",
      "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingQuantity=0.01&workingPrice=60000&workingTimeInForce=GTC"
      "&pendingSide=SELL&pendingQuantity=0.01&pendingAboveType=TAKE_PROFIT_LIMIT&pendingAboveStopPrice=70000"
      "&pendingAbovePrice=70000&pendingAboveTimeInForce=GTC&pendingBelowType=STOP_LOSS&pendingBelowTrailingDelta=100");
  ASSERT_EQ(placed.code, 0) << error(placed);
  EXPECT_EQ(placed.body.at("contingencyType"), "OTO");
  const json::array& reports = placed.body.at("orderReports").as_array();
  ASSERT_EQ(reports.size(), 3U);
  EXPECT_EQ(reports[0].at("status"), "NEW");
  EXPECT_EQ(reports[1].at("status"), "PENDING_NEW");
  EXPECT_EQ(reports[1].at("trailingDelta"), 100);
  EXPECT_EQ(reports[1].at("trailingTime"), -1) << "it does not follow the price yet";
  EXPECT_EQ(reports[2].at("workingTime"), -1);
}

TEST_F(VenueBinance, PartsAndTrailsAreCheckedAndShown) {
  const std::string limit = "symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=0.01&price=60000&timeInForce=";
  EXPECT_EQ(error(place(limit + "IOC&icebergQty=0.001")), "-1014 Unsupported order combination");
  EXPECT_EQ(error(place(limit + "GTC&icebergQty=0.02")), "-1013 IcebergQty exceeds QTY.");
  EXPECT_EQ(error(place(limit + "GTC&icebergQty=0.00009")), "-1013 Filter failure: ICEBERG_PARTS");
  EXPECT_EQ(place(limit + "GTC&icebergQty=0.001").body.at("icebergQty"), "0.00100000");
  EXPECT_EQ(error(place("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01&icebergQty=0.001")),
            "-1106 Parameter 'icebergQty' sent when not required.");
  const std::string stop =
      "symbol=BTCUSDT&side=SELL&type=STOP_LOSS&quantity=0.01&newOrderRespType=RESULT&trailingDelta=";
  EXPECT_EQ(error(place(stop + "5")), "-1013 Filter failure: TRAILING_DELTA");
  const Reply trails = place(stop + "50");
  ASSERT_EQ(trails.code, 0) << error(trails);
  EXPECT_EQ(trails.body.at("trailingTime"), clock / 1'000) << "without a stop price it follows at once";
}

TEST_F(VenueBinance, SelfTradesAreShownInTheAnswerAndCanBeAskedFor) {
  const std::string order = "symbol=BTCUSDT&type=LIMIT&timeInForce=GTC&quantity=0.01&price=67000&side=";
  ASSERT_EQ(place(order + "SELL").code, 0);
  const Reply taker = place(order + "BUY&selfTradePreventionMode=EXPIRE_BOTH");
  EXPECT_EQ(taker.body.at("status"), "EXPIRED_IN_MATCH");
  EXPECT_EQ(json::serialize(taker.body.at("preventedMatches")),
            R"([{"preventedMatchId":1,"makerOrderId":12510000001,"price":"67000.00000000",)"
            R"("takerPreventedQuantity":"0.01000000","makerPreventedQuantity":"0.01000000"}])");
  EXPECT_EQ(
      json::serialize(signed_ask("GET", "/api/v3/myPreventedMatches", "symbol=BTCUSDT&orderId=12510000002").body),
      R"([{"symbol":"BTCUSDT","preventedMatchId":1,"takerOrderId":12510000002,"makerSymbol":"BTCUSDT",)"
      R"("makerOrderId":12510000001,"tradeGroupId":-1,"selfTradePreventionMode":"EXPIRE_BOTH",)"
      R"("price":"67000.00000000","takerPreventedQuantity":"0.01000000","makerPreventedQuantity":"0.01000000",)"
      R"("transactTime":1700000000000}])");
  EXPECT_EQ(signed_ask("GET", "/api/v3/myPreventedMatches", "symbol=BTCUSDT").code, -1128);
}

TEST_F(VenueBinance, BarsAreDenseAndBeginWhereTheirIntervalSays) {
  clock = 1'700'000'040'000'000;  // 22:14:00 on a Tuesday
  trade_at("67000"_d);
  clock += 180'000'000;
  trade_at("67100"_d);
  const auto bars = [&](const std::string& rest) {
    return ask("GET", "/api/v3/klines", "symbol=BTCUSDT&interval=" + rest).body.as_array();
  };
  const json::array minutes = bars("1m");
  ASSERT_EQ(minutes.size(), 4U) << "two of them without a trade";
  EXPECT_EQ(minutes[1].at(4), "67000.00000000");
  EXPECT_EQ(minutes[1].at(8), 0);
  EXPECT_EQ(minutes[3].at(0), 1'700'000'220'000);
  EXPECT_EQ(minutes[3].at(6), 1'700'000'279'999);
  EXPECT_EQ(bars("1s").size(), 181U);
  EXPECT_EQ(bars("1w").at(0).at(0), 1'699'833'600'000) << "a Monday";
  EXPECT_EQ(bars("1M").at(0).at(0), 1'698'796'800'000) << "the first of November";
  EXPECT_EQ(bars("1d&timeZone=-1:30").at(0).at(0), 1'699'925'400'000);
  EXPECT_EQ(ask("GET", "/api/v3/klines", "symbol=BTCUSDT&interval=1d&timeZone=15").code, -1130);
  EXPECT_EQ(ask("GET", "/api/v3/klines", "symbol=BTCUSDT&interval=7m").code, -1120);
}

TEST_F(VenueBinance, FiguresOfAWindowLeaveOutWhatCameBeforeIt) {
  clock = 1'700'000'040'000'000;
  trade_at("67000"_d);
  clock += 7'200'000'000;
  trade_at("67100"_d);
  const auto first_id = [&](const std::string& path, const std::string& rest) {
    return ask("GET", "/api/v3/ticker" + path, "symbol=BTCUSDT" + rest).body.at("firstId").to_number<std::int64_t>();
  };
  EXPECT_EQ(first_id("", "&windowSize=1h"), 700'002);
  EXPECT_EQ(first_id("", "&windowSize=3h"), 700'001);
  EXPECT_EQ(first_id("", ""), 700'001) << "a day";
  EXPECT_EQ(first_id("/tradingDay", ""), 700'002) << "midnight lies between them";
  EXPECT_EQ(first_id("/tradingDay", "&timeZone=-3"), 700'001);
  for (const char* window : {"60m", "24h", "8d", "0h", "h", "1w", "1d2h"}) {
    EXPECT_EQ(ask("GET", "/api/v3/ticker", "symbol=BTCUSDT&windowSize=" + std::string{window}).code, -1130) << window;
  }
  EXPECT_EQ(ask("GET", "/api/v3/ticker", "").code, -1102);
}

TEST_F(VenueBinance, ASymbolOfAnotherStatusIsLeftOutOrRefused) {
  engine.set_status(0, SymbolStatus::Halt);
  const std::string refused = "-1220 The symbol's status does not match the requested symbolStatus.";
  EXPECT_EQ(error(ask("GET", "/api/v3/depth", "symbol=BTCUSDT&symbolStatus=TRADING")), refused);
  EXPECT_EQ(error(ask("GET", "/api/v3/ticker/price", "symbol=BTCUSDT&symbolStatus=TRADING")), refused);
  EXPECT_EQ(ask("GET", "/api/v3/ticker/price", "symbolStatus=TRADING").body.as_array().size(), 3U);
  EXPECT_EQ(ask("GET", "/api/v3/ticker/price", "symbolStatus=HALT").body.as_array().size(), 1U);
  EXPECT_EQ(ask("GET", "/api/v3/ticker/price", "symbolStatus=ASLEEP").code, -1122);
}

TEST_F(VenueBinance, TradesCanBeReadFromAnId) {
  for (const Decimal price : {"67000"_d, "67001"_d, "67002"_d}) trade_at(price);
  const auto ids = [&](const std::string& path, const std::string& rest) {
    std::vector<std::int64_t> result;
    const Reply reply = ask("GET", "/api/v3/" + path, "symbol=BTCUSDT" + rest);
    for (const json::value& trade : reply.body.as_array()) {
      result.push_back(trade.at("id").to_number<std::int64_t>());
    }
    return result;
  };
  EXPECT_EQ(ids("trades", "&limit=2"), (std::vector<std::int64_t>{700'002, 700'003}));
  EXPECT_EQ(ids("historicalTrades", "&fromId=700002"), (std::vector<std::int64_t>{700'002, 700'003}));
  EXPECT_EQ(ids("historicalTrades", "&fromId=700001&limit=1"), (std::vector<std::int64_t>{700'001}));
  EXPECT_EQ(ask("GET", "/api/v3/trades", "symbol=BTCUSDT&limit=0").code, -1130);
}

TEST_F(VenueBinance, AKeyMayDoWhatItWasGivenAndOnlyWhileItStands) {
  const std::string order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=60000";
  const std::string refused = "-2015 Invalid API-key, IP, or permissions for action.";
  Key& key = api.keys().front();
  key.may_trade = false;
  EXPECT_EQ(signed_ask("GET", "/api/v3/account", "").code, 0);
  EXPECT_EQ(error(place(order)), refused);
  EXPECT_EQ(error(signed_ask("DELETE", "/api/v3/openOrders", "symbol=BTCUSDT")), refused);
  key.may_trade = true;
  key.addresses = {"10.0.0.1"};
  EXPECT_EQ(error(place(order)), refused) << "not from this address";
  key.addresses.emplace_back("127.0.0.1");
  EXPECT_EQ(place(order).code, 0);
  key.is_revoked = true;
  EXPECT_EQ(error(signed_ask("GET", "/api/v3/account", "")), refused);
  key.is_revoked = false;
  engine.set_may_trade(main, false);
  EXPECT_EQ(signed_ask("GET", "/api/v3/account", "").body.at("canTrade"), false);
  EXPECT_EQ(error(place(order)), "-2010 This account may not place or cancel orders.");
}

TEST_F(VenueBinance, AnOlderMarketSaysAndKnowsLess) {
  Features older;
  older.has_listen_keys = older.has_older_filters = true;
  older.has_amend = older.has_order_lists = older.has_newer_members = false;
  Api old{engine, history, limits, api.keys(), [this] { return clock; }, [](const Events&) {}, older};
  EXPECT_EQ(old.by_path("POST", "/api/v3/orderList/oco"), nullptr);
  EXPECT_EQ(old.by_name("order.amend.keepPriority"), nullptr);
  EXPECT_NE(old.by_path("POST", "/api/v3/order/oco"), nullptr);
  Call call;
  call.params = Params::from_form("symbol=BTCUSDT", "");
  const Reply info = old.perform(*old.by_name("exchangeInfo"), call);
  const json::object& symbol = info.body.at("symbols").at(0).as_object();
  EXPECT_FALSE(symbol.contains("permissionSets"));
  std::set<std::string> filters;
  for (const json::value& filter : symbol.at("filters").as_array()) {
    filters.emplace(filter.at("filterType").as_string());
  }
  EXPECT_TRUE(filters.contains("PERCENT_PRICE") && filters.contains("MIN_NOTIONAL"));
  EXPECT_FALSE(filters.contains("NOTIONAL") || filters.contains("PERCENT_PRICE_BY_SIDE"));
}

TEST_F(VenueBinance, AListenKeyLivesForAnHourAtATime) {
  Features features;
  features.has_listen_keys = true;
  Api old{engine, history, limits, api.keys(), [this] { return clock; }, [](const Events&) {}, features};
  const auto key_call = [&](std::string_view method, const std::string& query, const std::string& api_key) {
    Call call;
    call.params = Params::from_form(query, "");
    call.api_key = api_key;
    return old.perform(*old.by_path(method, "/api/v3/userDataStream"), call);
  };
  EXPECT_EQ(api.by_path("POST", "/api/v3/userDataStream"), nullptr) << "gone unless switched on";
  const std::string mine{documented_key};
  EXPECT_EQ(key_call("POST", "", "nobody").code, -2015);
  const std::string key{key_call("POST", "", mine).body.at("listenKey").as_string()};
  EXPECT_EQ(key.size(), 64U);
  clock += 3'599'000'000;
  EXPECT_EQ(key_call("POST", "", mine).body.at("listenKey").as_string(), key) << "the same one, for longer";
  clock += 3'599'000'000;
  EXPECT_EQ(key_call("PUT", "listenKey=" + key, mine).code, 0);
  EXPECT_EQ(old.listen_keys().account_of(key, clock), main);
  clock += 3'600'000'000;
  EXPECT_EQ(error(key_call("PUT", "listenKey=" + key, mine)), "-1125 This listenKey does not exist.");
  EXPECT_EQ(old.listen_keys().take_expired(clock), std::vector<std::string>{key});
}

std::string pem_of(EVP_PKEY* key) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out{BIO_new(BIO_s_mem()), BIO_free};
  PEM_write_bio_PUBKEY(out.get(), key);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string signed_by(EVP_PKEY* key, const EVP_MD* digest, std::string_view payload) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  const auto* bytes = reinterpret_cast<const unsigned char*>(payload.data());
  std::vector<unsigned char> raw(512), text(1'024);
  std::size_t size = raw.size();
  EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key);
  EVP_DigestSign(context.get(), raw.data(), &size, bytes, payload.size());
  const int length = EVP_EncodeBlock(text.data(), raw.data(), static_cast<int>(size));
  return {reinterpret_cast<const char*>(text.data()), static_cast<std::size_t>(length)};
}

TEST(VenueSignature, KeysOfThreeKindsAreToldApartAndEachVerifiesItsOwn) {
  using PrivateKey = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;
  const PrivateKey ed25519{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
  const PrivateKey rsa{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}), EVP_PKEY_free};
  EXPECT_EQ(kind_of(documented_secret), KeyKind::Hmac);
  EXPECT_EQ(kind_of(pem_of(ed25519.get())), KeyKind::Ed25519);
  EXPECT_EQ(kind_of(pem_of(rsa.get())), KeyKind::Rsa);
  EXPECT_EQ(kind_of("-----BEGIN NOTHING-----"), KeyKind::Unknown);
  const std::string payload = "symbol=BTCUSDT&timestamp=1645423376532";
  for (const auto& [key, digest] : {std::pair{ed25519.get(), static_cast<const EVP_MD*>(nullptr)},
                                    std::pair{rsa.get(), EVP_sha256()}}) {
    const std::string signature = signed_by(key, digest, payload);
    EXPECT_TRUE(is_signed(pem_of(key), payload, signature));
    EXPECT_FALSE(is_signed(pem_of(key), payload + "0", signature));
    EXPECT_FALSE(is_signed(pem_of(key == rsa.get() ? ed25519.get() : rsa.get()), payload, signature));
  }
}

TEST(VenueFaults, AnAnswerOrAnEventCanSayWhatNobodyExpects) {
  Faults faults{1};
  faults.add({{"kind", "alter_answer"}, {"endpoint", "order.place"}, {"member", "fills.price"}, {"value", 1.5}}, 0);
  faults.add({{"kind", "alter_event"}, {"event", "executionReport"}, {"member", "X"}, {"value", "MELTED"}}, 0);
  faults.add({{"kind", "silence"}, {"event", "depthUpdate"}, {"next", 1}}, 0);
  const Faults::Plan plan = faults.plan({"order.place", "POST /api/v3/order", "rest", ""}, 0);
  ASSERT_EQ(plan.alterations.size(), 1U);
  json::value body = {{"status", "NEW"}, {"fills", {{{"price", "1"}}, {{"price", "2"}}}}};
  alter(body, plan.alterations[0]);
  EXPECT_EQ(json::serialize(body), R"({"status":"NEW","fills":[{"price":1.5E0},{"price":1.5E0}]})");
  EXPECT_TRUE(faults.plan_event("orders", "listStatus", 0).alterations.empty());
  EXPECT_EQ(faults.plan_event("orders", "executionReport", 0).alterations.size(), 1U);
  EXPECT_TRUE(faults.plan_event("market", "depthUpdate", 0).is_lost);
  EXPECT_FALSE(faults.plan_event("market", "depthUpdate", 0).is_lost) << "once and no more";
  EXPECT_THROW(faults.add({{"kind", "alter_event"}}, 0), std::invalid_argument);
  body = {{"status", "NEW"}};
  alter(body, {"status", std::nullopt});
  EXPECT_EQ(json::serialize(body), "{}") << "without a value the member goes";
}

}  // namespace
}  // namespace busbar::venue::binance
