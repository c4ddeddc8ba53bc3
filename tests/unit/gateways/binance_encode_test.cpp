#include "gateways/binance/encode.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace busbar::binance {
namespace {

using namespace busbar::literals;

Instrument btc_usdt() {
  Instrument instrument;
  instrument.symbol = "BTC/USDT";
  instrument.broker_symbol = "BTCUSDT";
  instrument.status = TradingStatus::Trading;
  instrument.order_types = {OrderType::Market, OrderType::Limit, OrderType::Stop, OrderType::StopLimit,
                            OrderType::MarketIfTouched, OrderType::LimitIfTouched};
  instrument.tick_size = "0.01"_d;
  instrument.lot_size = "0.00001"_d;
  instrument.can_iceberg = instrument.can_cash_order_qty = instrument.can_trailing_stop = true;
  instrument.can_replace = instrument.can_amend = true;
  instrument.quote_precision = 8;
  return instrument;
}

NewOrder limit_order() {
  NewOrder order;
  order.client_order_id = "A1";
  order.account = "main";
  order.symbol = "BTC/USDT";
  order.side = Side::Buy;
  order.order_type = OrderType::Limit;
  order.order_qty = "0.50000"_d;
  order.price = "55000.00"_d;
  return order;
}

NewOrder with(std::function<void(NewOrder&)> change) {
  NewOrder order = limit_order();
  change(order);
  return order;
}

NewOrder market_order() {
  return with([](NewOrder& o) {
    o.order_type = OrderType::Market;
    o.price.reset();
  });
}

NewOrder stop_order(OrderType type) {
  return with([type](NewOrder& o) {
    o.order_type = type;
    o.stop_px = "54000"_d;
    if (type == OrderType::Stop || type == OrderType::MarketIfTouched) o.price.reset();
  });
}

TEST(BinanceEncode, WritesWhatTheOrderSaysAndNothingElse) {
  const struct {
    const char* what;
    NewOrder order;
    const char* query;
  } cases[] = {
      {"a limit order carries its price", limit_order(),
       "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.5&price=55000&newClientOrderId=V1&"
       "newOrderRespType=FULL"},
      {"a sell is a sell", with([](NewOrder& o) { o.side = Side::Sell; }),
       "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=0.5&price=55000&newClientOrderId=V1&"
       "newOrderRespType=FULL"},
      {"IOC is asked for", with([](NewOrder& o) { o.time_in_force = TimeInForce::ImmediateOrCancel; }),
       "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=0.5&price=55000&newClientOrderId=V1&"
       "newOrderRespType=FULL"},
      {"FOK is asked for", with([](NewOrder& o) { o.time_in_force = TimeInForce::FillOrKill; }),
       "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=FOK&quantity=0.5&price=55000&newClientOrderId=V1&"
       "newOrderRespType=FULL"},
      {"post-only is a type of its own, without a time in force", with([](NewOrder& o) { o.post_only = true; }),
       "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=0.5&price=55000&newClientOrderId=V1&newOrderRespType=FULL"},
      {"an iceberg shows a part", with([](NewOrder& o) { o.display_qty = "0.1"_d; }),
       "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.5&price=55000&icebergQty=0.1&newClientOrderId=V1&"
       "newOrderRespType=FULL"},
      {"self-trade prevention is passed on",
       with([](NewOrder& o) { o.self_trade_prevention = SelfTradePrevention::ExpireBoth; }),
       "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.5&price=55000&selfTradePreventionMode=EXPIRE_"
       "BOTH&newClientOrderId=V1&newOrderRespType=FULL"},
      {"a market order has neither price nor time in force", market_order(),
       "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5&newClientOrderId=V1&newOrderRespType=FULL"},
      {"a market order by amount",
       [] {
         NewOrder o = market_order();
         o.order_qty.reset();
         o.cash_order_qty = "100.50"_d;
         return o;
       }(),
       "symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=100.5&newClientOrderId=V1&newOrderRespType=FULL"},
      {"a stop", stop_order(OrderType::Stop),
       "symbol=BTCUSDT&side=BUY&type=STOP_LOSS&quantity=0.5&stopPrice=54000&newClientOrderId=V1&newOrderRespType=FULL"},
      {"a stop with a limit", stop_order(OrderType::StopLimit),
       "symbol=BTCUSDT&side=BUY&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.5&price=55000&stopPrice=54000&"
       "newClientOrderId=V1&newOrderRespType=FULL"},
      {"its opposite", stop_order(OrderType::MarketIfTouched),
       "symbol=BTCUSDT&side=BUY&type=TAKE_PROFIT&quantity=0.5&stopPrice=54000&newClientOrderId=V1&newOrderRespType="
       "FULL"},
      {"its opposite with a limit", stop_order(OrderType::LimitIfTouched),
       "symbol=BTCUSDT&side=BUY&type=TAKE_PROFIT_LIMIT&timeInForce=GTC&quantity=0.5&price=55000&stopPrice=54000&"
       "newClientOrderId=V1&newOrderRespType=FULL"},
      {"a trailing stop needs no trigger price",
       [] {
         NewOrder o = stop_order(OrderType::StopLimit);
         o.stop_px.reset();
         o.trailing_delta_bps = 500;
         return o;
       }(),
       "symbol=BTCUSDT&side=BUY&type=STOP_LOSS_LIMIT&timeInForce=GTC&quantity=0.5&price=55000&trailingDelta=500&"
       "newClientOrderId=V1&newOrderRespType=FULL"},
      {"small amounts are plain digits", with([](NewOrder& o) { o.order_qty = Decimal(1, -5); }),
       "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.00001&price=55000&newClientOrderId=V1&"
       "newOrderRespType=FULL"},
      {"large ones too", with([](NewOrder& o) { o.order_qty = Decimal(9, 6); }),
       "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=9000000&price=55000&newClientOrderId=V1&"
       "newOrderRespType=FULL"},
      {"an order that says so is rounded", with([](NewOrder& o) {
         o.rounding = Rounding::Down;
         o.order_qty = "0.123456789"_d;
         o.price = "55000.019"_d;
       }),
       "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.12345&price=55000.01&newClientOrderId=V1&"
       "newOrderRespType=FULL"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto request = encode_place(c.order, btc_usdt(), "V1");
    ASSERT_TRUE(request) << request.error().text;
    EXPECT_EQ(request->method, "POST");
    EXPECT_EQ(request->path, "/api/v3/order");
    EXPECT_EQ(request->security, Security::Signed);
    EXPECT_EQ(query_of(request->params), c.query);
  }
}

TEST(BinanceEncode, RefusesWhatBinanceCannotDoByNameOfTheField) {
  const struct {
    const char* what;
    NewOrder order;
    ErrorCode code;
    const char* field;
  } cases[] = {
      {"there is no day", with([](NewOrder& o) { o.time_in_force = TimeInForce::Day; }), ErrorCode::Unsupported,
       "time_in_force"},
      {"there is no date", with([](NewOrder& o) { o.time_in_force = TimeInForce::GoodTillDate; }),
       ErrorCode::Unsupported, "time_in_force"},
      {"no time in force is none", with([](NewOrder& o) { o.time_in_force = TimeInForce::Unset; }),
       ErrorCode::Unsupported, "time_in_force"},
      {"a market order cannot be all or nothing",
       [] {
         NewOrder o = market_order();
         o.time_in_force = TimeInForce::FillOrKill;
         return o;
       }(),
       ErrorCode::Unsupported, "time_in_force"},
      {"what is triggered as market has no time in force",
       [] {
         NewOrder o = stop_order(OrderType::Stop);
         o.time_in_force = TimeInForce::ImmediateOrCancel;
         return o;
       }(),
       ErrorCode::Unsupported, "time_in_force"},
      {"post-only rests", with([](NewOrder& o) {
         o.post_only = true;
         o.time_in_force = TimeInForce::ImmediateOrCancel;
       }),
       ErrorCode::Unsupported, "time_in_force"},
      {"post-only is for limit orders",
       [] {
         NewOrder o = market_order();
         o.post_only = true;
         return o;
       }(),
       ErrorCode::Unsupported, "post_only"},
      {"an iceberg rests", with([](NewOrder& o) {
         o.display_qty = "0.1"_d;
         o.time_in_force = TimeInForce::ImmediateOrCancel;
       }),
       ErrorCode::Unsupported, "time_in_force"},
      {"a limit order needs a price", with([](NewOrder& o) { o.price.reset(); }), ErrorCode::InvalidOrder, "price"},
      {"a market order has none",
       [] {
         NewOrder o = market_order();
         o.price = "1"_d;
         return o;
       }(),
       ErrorCode::InvalidOrder, "price"},
      {"a stop needs a trigger",
       [] {
         NewOrder o = stop_order(OrderType::Stop);
         o.stop_px.reset();
         return o;
       }(),
       ErrorCode::InvalidOrder, "stop_px"},
      {"a limit order has no trigger", with([](NewOrder& o) { o.stop_px = "1"_d; }), ErrorCode::InvalidOrder,
       "stop_px"},
      {"a quantity is wanted", with([](NewOrder& o) { o.order_qty.reset(); }), ErrorCode::InvalidOrder, "order_qty"},
      {"and only one", with([](NewOrder& o) { o.cash_order_qty = "1"_d; }), ErrorCode::InvalidOrder, "order_qty"},
      {"by amount is for market orders", with([](NewOrder& o) {
         o.order_qty.reset();
         o.cash_order_qty = "1"_d;
       }),
       ErrorCode::Unsupported, "cash_order_qty"},
      {"zero is no quantity", with([](NewOrder& o) { o.order_qty = "0"_d; }), ErrorCode::InvalidOrder, "order_qty"},
      {"nor is less", with([](NewOrder& o) { o.order_qty = "-1"_d; }), ErrorCode::InvalidOrder, "order_qty"},
      {"a price off the tick", with([](NewOrder& o) { o.price = "55000.001"_d; }), ErrorCode::InvalidOrder, "price"},
      {"a quantity off the step", with([](NewOrder& o) { o.order_qty = "0.000001"_d; }), ErrorCode::InvalidOrder,
       "order_qty"},
      {"rounded down to nothing is nothing", with([](NewOrder& o) {
         o.order_qty = "0.000001"_d;
         o.rounding = Rounding::Down;
       }),
       ErrorCode::InvalidOrder, "order_qty"},
      {"spot reduces nothing", with([](NewOrder& o) { o.reduce_only = true; }), ErrorCode::Unsupported, "reduce_only"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto request = encode_place(c.order, btc_usdt(), "V1");
    ASSERT_FALSE(request) << query_of(request->params);
    EXPECT_EQ(request.error().code, c.code) << request.error().text;
    EXPECT_TRUE(request.error().text.starts_with(std::string{c.field} + ":")) << request.error().text;
  }
}

TEST(BinanceEncode, RefusesATypeThatTheSymbolDoesNotListAndNeverConvertsIt) {
  Instrument instrument = btc_usdt();
  std::erase(instrument.order_types, OrderType::Stop);
  const auto refused = encode_place(stop_order(OrderType::Stop), instrument, "V1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::Unsupported);
  EXPECT_EQ(refused.error().text, "order_type: BTC/USDT takes no STOP_LOSS orders");
  EXPECT_TRUE(encode_place(stop_order(OrderType::StopLimit), instrument, "V1"));
}

TEST(BinanceEncode, DayAndGoodTillCancelOnAMarketOrderSayNoMoreThanIoc) {
  for (const TimeInForce asked : {TimeInForce::Day, TimeInForce::GoodTillCancel, TimeInForce::ImmediateOrCancel}) {
    NewOrder order = market_order();
    order.time_in_force = asked;
    const auto request = encode_place(order, btc_usdt(), "");
    ASSERT_TRUE(request);
    EXPECT_EQ(query_of(request->params), "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.5&newOrderRespType=FULL");
  }
}

TEST(BinanceEncode, NamesAnOrderByOurIdAndByBinancesWhereItIsKnown) {
  EXPECT_EQ(query_of(encode_cancel("BTCUSDT", "V1", "28", "C1").params),
            "symbol=BTCUSDT&orderId=28&origClientOrderId=V1&newClientOrderId=C1");
  EXPECT_EQ(query_of(encode_cancel("BTCUSDT", "V1", "", "").params), "symbol=BTCUSDT&origClientOrderId=V1");
  EXPECT_EQ(encode_cancel("BTCUSDT", "V1", "", "").method, "DELETE");
  EXPECT_EQ(query_of(encode_query_order("BTCUSDT", "V1", "").params), "symbol=BTCUSDT&origClientOrderId=V1");
  EXPECT_EQ(query_of(encode_query_order("BTCUSDT", "", "28").params), "symbol=BTCUSDT&orderId=28");
}

TEST(BinanceEncode, AsksForTradesOnlyInCombinationsThatAreDocumented) {
  EXPECT_EQ(query_of(encode_trades_of_order("BTCUSDT", "28", 9).params), "symbol=BTCUSDT&orderId=28&fromId=9&limit=1000");
  EXPECT_EQ(query_of(encode_trades_since("BTCUSDT", 1700000000000).params),
            "symbol=BTCUSDT&startTime=1700000000000&limit=1000");
  EXPECT_EQ(query_of(encode_trades_since("BTCUSDT", 0).params), "symbol=BTCUSDT&limit=1000");
  EXPECT_EQ(query_of(encode_trades_from("BTCUSDT", 57).params), "symbol=BTCUSDT&fromId=57&limit=1000");
}

TEST(BinanceEncode, AReplaceIsACancelAndAnOrderOfWhichTheSecondNeedsTheFirst) {
  const auto request =
      encode_cancel_replace(limit_order(), btc_usdt(), "V1", "28", "V2", "C1", CancelRestriction::None);
  ASSERT_TRUE(request) << request.error().text;
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->path, "/api/v3/order/cancelReplace");
  EXPECT_EQ(query_of(request->params),
            "symbol=BTCUSDT&side=BUY&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=28&cancelOrigClientOrderId=V1&"
            "cancelNewClientOrderId=C1&type=LIMIT&timeInForce=GTC&quantity=0.5&price=55000&newClientOrderId=V2&"
            "newOrderRespType=FULL");
  const auto only_new =
      encode_cancel_replace(limit_order(), btc_usdt(), "V1", "", "V2", "", CancelRestriction::OnlyNew);
  ASSERT_TRUE(only_new);
  EXPECT_EQ(query_of(only_new->params),
            "symbol=BTCUSDT&side=BUY&cancelReplaceMode=STOP_ON_FAILURE&cancelOrigClientOrderId=V1&cancelRestrictions="
            "ONLY_NEW&type=LIMIT&timeInForce=GTC&quantity=0.5&price=55000&newClientOrderId=V2&newOrderRespType=FULL");
  const auto only_partly =
      encode_cancel_replace(limit_order(), btc_usdt(), "V1", "", "V2", "", CancelRestriction::OnlyPartiallyFilled);
  ASSERT_TRUE(only_partly);
  EXPECT_NE(query_of(only_partly->params).find("cancelRestrictions=ONLY_PARTIALLY_FILLED"), std::string::npos);
}

TEST(BinanceEncode, AReplaceThatCannotBeIsRefusedBeforeAnythingIsCancelled) {
  const auto code = [](const NewOrder& order, const Instrument& instrument, std::string_view orig) {
    const auto request = encode_cancel_replace(order, instrument, orig, "", "V2", "", CancelRestriction::None);
    return request ? ErrorCode::None : request.error().code;
  };
  EXPECT_EQ(code(with([](NewOrder& o) { o.price = "55000.001"_d; }), btc_usdt(), "V1"), ErrorCode::InvalidOrder);
  EXPECT_EQ(code(with([](NewOrder& o) { o.time_in_force = TimeInForce::Day; }), btc_usdt(), "V1"),
            ErrorCode::Unsupported);
  EXPECT_EQ(code(limit_order(), btc_usdt(), ""), ErrorCode::InvalidOrder);
  Instrument older = btc_usdt();
  older.can_replace = false;
  EXPECT_EQ(code(limit_order(), older, "V1"), ErrorCode::Unsupported);
}

TEST(BinanceEncode, AnAmendmentNamesTheOrderItsNewQuantityAndItsNewName) {
  const Request request = encode_amend("BTCUSDT", "V1", "28", "0.40000"_d, "V2");
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.path, "/api/v3/order/amend/keepPriority");
  EXPECT_EQ(query_of(request.params), "symbol=BTCUSDT&orderId=28&origClientOrderId=V1&newQty=0.4&newClientOrderId=V2");
}

TEST(BinanceEncode, AsksForMarketDataWithinTheDocumentedLimits) {
  EXPECT_EQ(query_of(encode_depth("BTCUSDT", 100).params), "symbol=BTCUSDT&limit=100");
  EXPECT_EQ(query_of(encode_depth("BTCUSDT", 50000).params), "symbol=BTCUSDT&limit=5000");
  EXPECT_EQ(query_of(encode_klines("BTCUSDT", "1h", 1700000000000, 1700003600000, 24).params),
            "symbol=BTCUSDT&interval=1h&startTime=1700000000000&endTime=1700003600000&limit=24");
  EXPECT_EQ(query_of(encode_klines("BTCUSDT", "1d", 0, 0, 0).params), "symbol=BTCUSDT&interval=1d&limit=1");
  EXPECT_EQ(query_of(encode_recent_trades("BTCUSDT", 5000).params), "symbol=BTCUSDT&limit=1000");
  EXPECT_EQ(encode_ticker_24h("BTCUSDT").path, "/api/v3/ticker/24hr");
  for (const Request& request : {encode_depth("X", 1), encode_klines("X", "1m", 0, 0, 1), encode_recent_trades("X", 1),
                                 encode_ticker_24h("X"), encode_book_ticker("X"), encode_time()}) {
    EXPECT_EQ(request.security, Security::Public) << request.path;
    EXPECT_EQ(request.method, "GET") << request.path;
  }
  EXPECT_EQ(encode_order_count().security, Security::Signed);
}

TEST(BinanceEncode, AListenKeyNeedsTheKeyAndNoSignature) {
  const Request start = encode_listen_key_start();
  EXPECT_EQ(start.method, "POST");
  EXPECT_TRUE(start.params.empty());
  EXPECT_EQ(encode_listen_key_keepalive("abc").method, "PUT");
  EXPECT_EQ(query_of(encode_listen_key_keepalive("abc").params), "listenKey=abc");
  EXPECT_EQ(encode_listen_key_close("abc").method, "DELETE");
  for (const Request& request : {start, encode_listen_key_keepalive("abc"), encode_listen_key_close("abc")}) {
    EXPECT_EQ(request.path, "/api/v3/userDataStream");
    EXPECT_EQ(request.security, Security::Key);
    EXPECT_EQ(ws_method_of(request), std::nullopt);
  }
}

TEST(BinanceEncode, EveryWriteAndMostQuestionsHaveTheirMethodOfTheWebSocketApi) {
  const struct {
    Request request;
    const char* method;
  } cases[] = {
      {*encode_place(limit_order(), btc_usdt(), "V1"), "order.place"},
      {encode_cancel("BTCUSDT", "V1", "", ""), "order.cancel"},
      {*encode_cancel_replace(limit_order(), btc_usdt(), "V1", "", "V2", "", CancelRestriction::None),
       "order.cancelReplace"},
      {encode_amend("BTCUSDT", "V1", "", "1"_d, "V2"), "order.amend.keepPriority"},
      {encode_cancel_list("BTCUSDT", "L1"), "orderList.cancel"},
      {encode_query_list("L1"), "orderList.status"},
      {encode_query_order("BTCUSDT", "V1", ""), "order.status"},
      {encode_open_orders(), "openOrders.status"},
      {encode_trades_from("BTCUSDT", 1), "myTrades"},
      {encode_account(), "account.status"},
      {encode_order_count(), "account.rateLimits.orders"},
      {encode_time(), "time"},
      {encode_exchange_info(), "exchangeInfo"},
      {encode_depth("BTCUSDT", 5), "depth"},
      {encode_klines("BTCUSDT", "1m", 0, 0, 1), "klines"},
      {encode_recent_trades("BTCUSDT", 1), "trades.recent"},
      {encode_ticker_24h("BTCUSDT"), "ticker.24hr"},
      {encode_book_ticker("BTCUSDT"), "ticker.book"},
  };
  for (const auto& c : cases) EXPECT_EQ(ws_method_of(c.request), c.method);
  EXPECT_EQ(ws_method_of({.method = "POST", .path = "/api/v3/order/test", .params = {}}), std::nullopt);
  EXPECT_EQ(ws_method_of({.method = "PATCH", .path = "/api/v3/order", .params = {}}), std::nullopt);
}

TEST(BinanceEncode, TheWebSocketApiGetsNumbersTruthsAndAmountsEachInItsType) {
  EXPECT_EQ(encode_ws_request("1", "order.cancel",
                              {{"symbol", "BTCUSDT"},
                               {"orderId", "9000000001"},
                               {"quantity", "1"},
                               {"trailingDelta", "50"},
                               {"pendingAboveTrailingDelta", "60"},
                               {"omitZeroBalances", "true"},
                               {"newClientOrderId", "123"}}),
            R"({"id":"1","method":"order.cancel","params":{"symbol":"BTCUSDT","orderId":9000000001,"quantity":"1",)"
            R"("trailingDelta":50,"pendingAboveTrailingDelta":60,"omitZeroBalances":true,"newClientOrderId":"123"}})");
  // What would come out spelt otherwise than it was signed stays text.
  EXPECT_EQ(encode_ws_request("1", "m", {{"orderId", "007"}, {"limit", ""}, {"recvWindow", "5000.5"}}),
            R"({"id":"1","method":"m","params":{"orderId":"007","limit":"","recvWindow":"5000.5"}})");
}

TEST(BinanceEncode, LogsOnAndAsksHowTheSessionStands) {
  EXPECT_EQ(ws_payload(encode_session_logon_params("key", 1700000000000, 5000)),
            "apiKey=key&recvWindow=5000&timestamp=1700000000000");
  EXPECT_EQ(encode_session_status("s1"), R"({"id":"s1","method":"session.status","params":{}})");
  EXPECT_EQ(encode_session_logout("s2"), R"({"id":"s2","method":"session.logout","params":{}})");
}

TEST(BinanceEncode, StreamNamesAreLowerCase) {
  EXPECT_EQ(stream_name("BTCUSDT", Channel::Quote), "btcusdt@bookTicker");
  EXPECT_EQ(stream_name("1000SATSUSDT", Channel::Trade), "1000satsusdt@trade");
  EXPECT_EQ(stream_name("BTCUSDT", Channel::Book), "btcusdt@depth@100ms");
  EXPECT_EQ(stream_name("BTCUSDT", Channel::Ticker), "btcusdt@ticker");
  EXPECT_EQ(stream_name("BTCUSDT", Channel::Bar, 60'000), "btcusdt@kline_1m");
  EXPECT_EQ(stream_name("BTCUSDT", Channel::Bar, 604'800'000), "btcusdt@kline_1w");
  EXPECT_EQ(stream_name("BTCUSDT", Channel::Bar), std::nullopt);
  EXPECT_EQ(stream_name("BTCUSDT", Channel::Bar, 61'000), std::nullopt);
  EXPECT_EQ(stream_name("BTCUSDT", Channel::Unset), std::nullopt);
  EXPECT_EQ(encode_streams("SUBSCRIBE", {"btcusdt@bookTicker", "ethusdt@trade"}, 7),
            R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker","ethusdt@trade"],"id":7})");
}

TEST(BinanceEncode, SubscribesToUserDataWithNumbersAsNumbers) {
  Params params = encode_user_stream_params("key", 1700000000000, 5000);
  EXPECT_EQ(ws_payload(params), "apiKey=key&recvWindow=5000&timestamp=1700000000000");
  params.emplace_back("signature", "s");
  EXPECT_EQ(encode_ws_request("1", "userDataStream.subscribe.signature", params),
            R"({"id":"1","method":"userDataStream.subscribe.signature","params":{"apiKey":"key","recvWindow":5000,)"
            R"("timestamp":1700000000000,"signature":"s"}})");
}

}  // namespace
}  // namespace busbar::binance
