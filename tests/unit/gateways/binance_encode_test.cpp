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
  EXPECT_EQ(query_of(encode_trades_of_order("BTCUSDT", "28").params), "symbol=BTCUSDT&orderId=28");
  EXPECT_EQ(query_of(encode_trades_since("BTCUSDT", 1700000000000).params),
            "symbol=BTCUSDT&startTime=1700000000000&limit=1000");
  EXPECT_EQ(query_of(encode_trades_since("BTCUSDT", 0).params), "symbol=BTCUSDT&limit=1000");
  EXPECT_EQ(query_of(encode_trades_from("BTCUSDT", 57).params), "symbol=BTCUSDT&fromId=57&limit=1000");
}

TEST(BinanceEncode, StreamNamesAreLowerCase) {
  EXPECT_EQ(stream_name("BTCUSDT", Channel::Quote), "btcusdt@bookTicker");
  EXPECT_EQ(stream_name("1000SATSUSDT", Channel::Trade), "1000satsusdt@trade");
  EXPECT_EQ(stream_name("BTCUSDT", Channel::Book), std::nullopt);
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
