#include "gateways/coinbase/encode.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace busbar::coinbase {
namespace {

using namespace busbar::literals;

constexpr Timestamp now = 1'700'000'000'000'000'000;  // 2023-11-14T22:13:20Z

Instrument btc_usd() {
  Instrument instrument;
  instrument.symbol = "BTC/USD";
  instrument.broker_symbol = "BTC-USD";
  instrument.tick_size = "0.01"_d;
  instrument.lot_size = "0.00000001"_d;
  instrument.quote_precision = 2;
  return instrument;
}

NewOrder with(std::function<void(NewOrder&)> change) {
  NewOrder order;
  order.side = Side::Buy;
  order.order_type = OrderType::Limit;
  order.order_qty = "0.50000"_d;
  order.price = "55000.00"_d;
  change(order);
  return order;
}
NewOrder limit_order() {
  return with([](NewOrder&) {});
}
NewOrder market_order() {
  return with([](NewOrder& o) {
    o.order_type = OrderType::Market;
    o.price.reset();
  });
}
NewOrder triggered(OrderType type, Side side) {
  return with([&](NewOrder& o) {
    o.order_type = type;
    o.side = side;
    o.stop_px = "54000"_d;
  });
}

TEST(CoinbaseEncode, WritesWhatTheOrderSaysUnderTheNameOfItsConfiguration) {
  const struct {
    const char* what;
    NewOrder order;
    const char* configuration;
  } cases[] = {
      {"a limit order rests", limit_order(),
       R"({"limit_limit_gtc":{"base_size":"0.5","limit_price":"55000","post_only":false}})"},
      {"post-only is a flag", with([](NewOrder& o) { o.post_only = true; }),
       R"({"limit_limit_gtc":{"base_size":"0.5","limit_price":"55000","post_only":true}})"},
      {"of the moment it goes by the order router",
       with([](NewOrder& o) { o.time_in_force = TimeInForce::ImmediateOrCancel; }),
       R"({"sor_limit_ioc":{"base_size":"0.5","limit_price":"55000"}})"},
      {"all or nothing", with([](NewOrder& o) { o.time_in_force = TimeInForce::FillOrKill; }),
       R"({"limit_limit_fok":{"base_size":"0.5","limit_price":"55000"}})"},
      {"a day ends at midnight, UTC", with([](NewOrder& o) { o.time_in_force = TimeInForce::Day; }),
       R"({"limit_limit_gtd":{"base_size":"0.5","limit_price":"55000","end_time":"2023-11-15T00:00:00Z","post_only":false}})"},
      {"until a date", with([](NewOrder& o) {
         o.time_in_force = TimeInForce::GoodTillDate;
         o.expire_date_ns = now + 90'500'000'000;
       }),
       R"({"limit_limit_gtd":{"base_size":"0.5","limit_price":"55000","end_time":"2023-11-14T22:14:50Z","post_only":false}})"},
      {"a market order never rests", market_order(), R"({"market_market_ioc":{"base_size":"0.5"}})"},
      {"a market order by amount", with([](NewOrder& o) {
         o.order_type = OrderType::Market;
         o.price.reset();
         o.order_qty.reset();
         o.cash_order_qty = "100.50"_d;
       }),
       R"({"market_market_ioc":{"quote_size":"100.5"}})"},
      {"a stop buys above the price", triggered(OrderType::StopLimit, Side::Buy),
       R"({"stop_limit_stop_limit_gtc":{"base_size":"0.5","limit_price":"55000","stop_price":"54000","stop_direction":"STOP_DIRECTION_STOP_UP"}})"},
      {"and sells below it", triggered(OrderType::StopLimit, Side::Sell),
       R"({"stop_limit_stop_limit_gtc":{"base_size":"0.5","limit_price":"55000","stop_price":"54000","stop_direction":"STOP_DIRECTION_STOP_DOWN"}})"},
      {"its opposite does the opposite", triggered(OrderType::LimitIfTouched, Side::Buy),
       R"({"stop_limit_stop_limit_gtc":{"base_size":"0.5","limit_price":"55000","stop_price":"54000","stop_direction":"STOP_DIRECTION_STOP_DOWN"}})"},
      {"small amounts are plain digits", with([](NewOrder& o) { o.order_qty = Decimal(1, -8); }),
       R"({"limit_limit_gtc":{"base_size":"0.00000001","limit_price":"55000","post_only":false}})"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto request = encode_place(c.order, btc_usd(), "V1", now);
    ASSERT_TRUE(request) << request.error().text;
    EXPECT_EQ(request->method + " " + request->target(), "POST /api/v3/brokerage/orders");
    const std::string side = c.order.side == Side::Buy ? "BUY" : "SELL";
    EXPECT_EQ(request->body, R"({"client_order_id":"V1","product_id":"BTC-USD","side":")" + side +
                                 R"(","order_configuration":)" + c.configuration + "}");
    const auto preview = encode_preview(c.order, btc_usd(), now);
    ASSERT_TRUE(preview);
    EXPECT_EQ(preview->path, "/api/v3/brokerage/orders/preview");
    EXPECT_EQ(preview->body.find("client_order_id"), std::string::npos);
  }
}

TEST(CoinbaseEncode, RefusesBeforeTheBrokerWhatItCannotDo) {
  const auto of = [](TimeInForce time_in_force, NewOrder order) {
    order.time_in_force = time_in_force;
    return order;
  };
  const struct {
    const char* what;
    NewOrder order;
    ErrorCode code;
    const char* field;
  } cases[] = {
      {"a stop without a limit", with([](NewOrder& o) {
         o.order_type = OrderType::Stop;
         o.price.reset();
         o.stop_px = "1"_d;
       }),
       ErrorCode::Unsupported, "order_type"},
      {"its opposite without one", with([](NewOrder& o) {
         o.order_type = OrderType::MarketIfTouched;
         o.price.reset();
         o.stop_px = "1"_d;
       }),
       ErrorCode::Unsupported, "order_type"},
      {"a market order, all or nothing", of(TimeInForce::FillOrKill, market_order()), ErrorCode::Unsupported,
       "time_in_force"},
      {"a market order until a date", of(TimeInForce::GoodTillDate, market_order()), ErrorCode::Unsupported,
       "time_in_force"},
      {"a stop of the moment", of(TimeInForce::ImmediateOrCancel, triggered(OrderType::StopLimit, Side::Buy)),
       ErrorCode::Unsupported, "time_in_force"},
      {"at the opening", of(TimeInForce::AtTheOpening, limit_order()), ErrorCode::Unsupported, "time_in_force"},
      {"post-only of the moment", of(TimeInForce::ImmediateOrCancel, with([](NewOrder& o) { o.post_only = true; })),
       ErrorCode::Unsupported, "time_in_force"},
      {"an iceberg", with([](NewOrder& o) { o.display_qty = "0.1"_d; }), ErrorCode::Unsupported, "display_qty"},
      {"a trailing stop", with([](NewOrder& o) { o.trailing_delta_bps = 5; }), ErrorCode::Unsupported,
       "trailing_delta_bps"},
      {"self-trade prevention", with([](NewOrder& o) { o.self_trade_prevention = SelfTradePrevention::ExpireBoth; }),
       ErrorCode::Unsupported, "self_trade_prevention"},
      {"reducing", with([](NewOrder& o) { o.reduce_only = true; }), ErrorCode::Unsupported, "reduce_only"},
      {"a limit by amount", with([](NewOrder& o) {
         o.order_qty.reset();
         o.cash_order_qty = "10"_d;
       }),
       ErrorCode::Unsupported, "cash_order_qty"},
      {"no price", with([](NewOrder& o) { o.price.reset(); }), ErrorCode::InvalidOrder, "price"},
      {"a trigger for a limit order", with([](NewOrder& o) { o.stop_px = "1"_d; }), ErrorCode::InvalidOrder, "stop_px"},
      {"off the grid", with([](NewOrder& o) { o.price = "55000.001"_d; }), ErrorCode::InvalidOrder, "price"},
      {"nothing", with([](NewOrder& o) { o.order_qty = Decimal{}; }), ErrorCode::InvalidOrder, "order_qty"},
      {"a date without its kind", with([](NewOrder& o) { o.expire_date_ns = now + 1; }), ErrorCode::InvalidOrder,
       "expire_date_ns"},
      {"a date that has passed", of(TimeInForce::GoodTillDate, limit_order()), ErrorCode::InvalidOrder,
       "expire_date_ns"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    NewOrder order = c.order;
    if (order.time_in_force == TimeInForce::GoodTillDate && order.order_type == OrderType::Limit)
      order.expire_date_ns = now;
    const auto request = encode_place(order, btc_usd(), "V1", now);
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().code, c.code) << request.error().text;
    EXPECT_EQ(request.error().text.substr(0, request.error().text.find(':')), c.field) << request.error().text;
  }
}

TEST(CoinbaseEncode, RoundsOnlyAsTheOrderSays) {
  NewOrder order = with([](NewOrder& o) {
    o.price = "55000.005"_d;
    o.rounding = Rounding::Down;
  });
  EXPECT_NE(encode_place(order, btc_usd(), "V1", now)->body.find(R"("limit_price":"55000")"), std::string::npos);
  order.rounding = Rounding::Up;
  EXPECT_NE(encode_place(order, btc_usd(), "V1", now)->body.find(R"("limit_price":"55000.01")"), std::string::npos);
}

TEST(CoinbaseEncode, ABracketIsALimitOrderThatRests) {
  NewOrder order = with([](NewOrder& o) { o.stop_px = "50000"_d; });
  const auto request = encode_bracket(order, btc_usd(), "V1", now);
  ASSERT_TRUE(request) << request.error().text;
  EXPECT_NE(request->body.find(
                R"({"trigger_bracket_gtc":{"base_size":"0.5","limit_price":"55000","stop_trigger_price":"50000"}})"),
            std::string::npos)
      << request->body;
  order.time_in_force = TimeInForce::FillOrKill;
  EXPECT_EQ(encode_bracket(order, btc_usd(), "V1", now).error().code, ErrorCode::Unsupported);
  order.stop_px.reset();
  EXPECT_EQ(encode_bracket(order, btc_usd(), "V1", now).error().code, ErrorCode::InvalidOrder);
}

TEST(CoinbaseEncode, AsksForPagesWithAllThatWasAskedBefore) {
  OrdersQuery query{.product_ids = {"BTC-USD"}, .order_status = {"OPEN", "PENDING"}, .limit = orders_page};
  EXPECT_EQ(
      encode_list_orders(query).target(),
      "/api/v3/brokerage/orders/historical/batch?product_ids=BTC-USD&order_status=OPEN&order_status=PENDING&limit=250");
  query.cursor = "a b&c";
  EXPECT_TRUE(encode_list_orders(query).target().ends_with("&limit=250&cursor=a%20b%26c"));
  EXPECT_EQ(encode_cancel({"a", "b"}).body, R"({"order_ids":["a","b"]})");
  EXPECT_EQ(encode_edit("a", "1.50"_d, "100"_d).body, R"({"order_id":"a","size":"1.5","price":"100"})");
}

TEST(CoinbaseEncode, AnIdNeverBecomesAnotherRequest) {
  EXPECT_EQ(encode_get_order("../accounts?x=1").path, "/api/v3/brokerage/orders/historical/..%2Faccounts%3Fx%3D1");
  EXPECT_EQ(encode_product("BTC-USD/candles").path, "/api/v3/brokerage/products/BTC-USD%2Fcandles");
}

TEST(CoinbaseEncode, SubscribesToOneChannelAMessage) {
  EXPECT_EQ(encode_subscription(Subscription::Start, "user", std::nullopt, "a.b.c"),
            R"({"type":"subscribe","channel":"user","jwt":"a.b.c"})");
  EXPECT_EQ(encode_subscription(Subscription::End, "level2", std::vector<std::string>{"BTC-USD"}, {}),
            R"({"type":"unsubscribe","product_ids":["BTC-USD"],"channel":"level2"})");
  EXPECT_EQ(channel_of(Channel::Book, 0), "level2");  // frames of it bear another name: l2_data
  EXPECT_EQ(channel_of(Channel::Bar, 60'000), std::nullopt);
  EXPECT_EQ(channel_of(Channel::Bar, 300'000), "candles");
}

}  // namespace
}  // namespace busbar::coinbase
