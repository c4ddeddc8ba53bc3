#include "gateways/alpaca/encode.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace busbar::alpaca {
namespace {

using namespace busbar::literals;
using enum OrderType;

Instrument share() {
  return *instrument_of({.symbol = "AAPL", .asset_class = "us_equity", .status = "active", .is_tradable = true,
                         .is_fractionable = true});
}
Instrument coin() {
  return *instrument_of({.symbol = "BTC/USD", .asset_class = "crypto", .status = "active", .is_tradable = true,
                         .min_order_size = "0.0001"_d, .min_trade_increment = "0.0001"_d, .price_increment = "0.5"_d});
}
Instrument option() {
  return *instrument_of({.symbol = "AAPL250620C00100000", .status = "active", .is_tradable = true});
}

NewOrder with(std::function<void(NewOrder&)> change) {
  NewOrder order;
  order.symbol = "AAPL";
  order.side = Side::Buy;
  order.order_type = Limit;
  order.time_in_force = TimeInForce::Day;
  order.order_qty = "3"_d;
  order.price = "150.250"_d;
  change(order);
  return order;
}
NewOrder of_type(OrderType type, TimeInForce time_in_force = TimeInForce::Day) {
  return with([&](NewOrder& o) {
    o.order_type = type;
    o.time_in_force = time_in_force;
    if (type == Market || type == Stop) o.price.reset();
    if (type == Stop || type == StopLimit) o.stop_px = "149"_d;
  });
}
NewOrder trailing(std::uint32_t bps) {
  NewOrder order = of_type(Stop);
  order.stop_px.reset();
  order.trailing_delta_bps = bps;
  return order;
}

TEST(AlpacaEncode, WritesWhatTheOrderSays) {
  const struct {
    const char* what;
    NewOrder order;
    Instrument instrument;
    const char* body;
  } cases[] = {
      {"a limit order", of_type(Limit), share(),
       R"("qty":"3","side":"buy","type":"limit","time_in_force":"day","limit_price":"150.25")"},
      {"in the hours before and after", with([](NewOrder& o) { o.extended_hours = true; }), share(),
       R"("qty":"3","side":"buy","type":"limit","time_in_force":"day","limit_price":"150.25","extended_hours":true)"},
      {"a market order for the opening", of_type(Market, TimeInForce::AtTheOpening), share(),
       R"("qty":"3","side":"buy","type":"market","time_in_force":"opg")"},
      {"part of a share", with([](NewOrder& o) { o.order_qty = "0.123456789"_d; }), share(),
       R"("qty":"0.123456789","side":"buy","type":"limit","time_in_force":"day","limit_price":"150.25")"},
      {"by amount", with([](NewOrder& o) {
         o.order_type = Market;
         o.price.reset();
         o.order_qty.reset();
         o.cash_order_qty = "500.75"_d;
       }),
       share(), R"("notional":"500.75","side":"buy","type":"market","time_in_force":"day")"},
      {"a stop", of_type(Stop, TimeInForce::GoodTillCancel), share(),
       R"("qty":"3","side":"buy","type":"stop","time_in_force":"gtc","stop_price":"149")"},
      {"a stop with a limit", of_type(StopLimit), share(),
       R"("qty":"3","side":"buy","type":"stop_limit","time_in_force":"day","limit_price":"150.25","stop_price":"149")"},
      {"a stop that follows", trailing(125), share(),
       R"("qty":"3","side":"buy","type":"trailing_stop","time_in_force":"day","trail_percent":"1.25")"},
      {"below one dollar there are four places", with([](NewOrder& o) { o.price = "0.1234"_d; }), share(),
       R"("qty":"3","side":"buy","type":"limit","time_in_force":"day","limit_price":"0.1234")"},
      {"to the cent, as the order wants it", with([](NewOrder& o) {
         o.price = "150.257"_d;
         o.rounding = Rounding::Down;
       }),
       share(), R"("qty":"3","side":"buy","type":"limit","time_in_force":"day","limit_price":"150.25")"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto request = encode_place(c.order, c.instrument, "V1");
    ASSERT_TRUE(request) << request.error().text;
    EXPECT_EQ(request->method, "POST");
    EXPECT_EQ(request->target(), "/v2/orders");
    EXPECT_EQ(request->body, std::string{R"({"symbol":"AAPL",)"} + c.body + R"(,"client_order_id":"V1"})");
  }
}

TEST(AlpacaEncode, RefusesWhatAlpacaCannotDoByTheNameOfTheField) {
  const struct {
    NewOrder order;
    Instrument instrument;
    ErrorCode code;
    const char* text;
  } cases[] = {
      {with([](NewOrder& o) { o.side = Side::Unset; }), share(), ErrorCode::InvalidOrder, "side: missing"},
      {with([](NewOrder& o) { o.price.reset(); }), share(), ErrorCode::InvalidOrder, "price: missing"},
      {with([](NewOrder& o) { o.price = "150.257"_d; }), share(), ErrorCode::InvalidOrder, "price: 150.257 is no"},
      {with([](NewOrder& o) { o.price = "0.12345"_d; }), share(), ErrorCode::InvalidOrder, "price: 0.12345 is no"},
      {with([](NewOrder& o) { o.order_qty.reset(); }), share(), ErrorCode::InvalidOrder, "order_qty: exactly one"},
      {with([](NewOrder& o) { o.order_qty = "0"_d; }), share(), ErrorCode::InvalidOrder, "order_qty: must be"},
      {with([](NewOrder& o) {
         o.order_qty = "1.5"_d;
         o.time_in_force = TimeInForce::GoodTillCancel;
       }),
       share(), ErrorCode::Unsupported, "time_in_force: parts of a share"},
      {with([](NewOrder& o) {
         o.extended_hours = true;
         o.time_in_force = TimeInForce::FillOrKill;
       }),
       share(), ErrorCode::Unsupported, "extended_hours: only limit orders"},
      {of_type(Stop, TimeInForce::ImmediateOrCancel), share(), ErrorCode::Unsupported, "time_in_force: what waits"},
      {of_type(Limit, TimeInForce::GoodTillDate), share(), ErrorCode::Unsupported, "time_in_force: Alpaca has"},
      {of_type(MarketIfTouched), share(), ErrorCode::Unsupported, "order_type: Alpaca has"},
      {trailing(5), share(), ErrorCode::InvalidOrder, "trailing_delta_bps: at least 10"},
      {of_type(Limit), coin(), ErrorCode::Unsupported, "time_in_force: crypto has"},
      {of_type(Stop, TimeInForce::GoodTillCancel), coin(), ErrorCode::Unsupported, "order_type: crypto has"},
      {of_type(StopLimit), option(), ErrorCode::Unsupported, "order_type: options have"},
      {of_type(Limit, TimeInForce::GoodTillCancel), option(), ErrorCode::Unsupported, "time_in_force: options have"},
      {with([](NewOrder& o) { o.post_only = true; }), share(), ErrorCode::Unsupported, "post_only: "},
      {with([](NewOrder& o) { o.reduce_only = true; }), share(), ErrorCode::Unsupported, "reduce_only: "},
      {with([](NewOrder& o) { o.display_qty = "1"_d; }), share(), ErrorCode::Unsupported, "display_qty: "},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const auto request = encode_place(c.order, c.instrument, "V1");
    ASSERT_FALSE(request) << request->body;
    EXPECT_EQ(request.error().code, c.code);
    EXPECT_EQ(request.error().text.substr(0, std::string_view{c.text}.size()), c.text);
  }
}

PlaceListCommand list_of(OrderListType type, const std::vector<NewOrder>& orders) {
  PlaceListCommand list;
  list.list_type = type;
  for (const NewOrder& order : orders) {
    PlaceCommand command;
    command.command.venue_order_id = cut<64>("V" + std::to_string(list.commands.size() + 1));
    command.order = order;
    list.commands.push_back(std::move(command));
  }
  return list;
}
NewOrder sold(NewOrder order) {
  order.side = Side::Sell;
  return order;
}

TEST(AlpacaEncode, OneOrderOfAListCarriesTheOthers) {
  const NewOrder entry = of_type(Limit), profit = sold(with([](NewOrder& o) { o.price = "160"_d; }));
  const NewOrder loss = sold(of_type(Stop)), limited_loss = sold(with([](NewOrder& o) {
    o.order_type = StopLimit;
    o.price = "148.5"_d;
    o.stop_px = "149"_d;
  }));
  const struct {
    PlaceListCommand list;
    const char* body;
  } cases[] = {
      {list_of(OrderListType::OneTriggersOneCancelsOther, {entry, loss, profit}),
       R"("side":"buy","type":"limit","time_in_force":"day","limit_price":"150.25","client_order_id":"V1.V3.V2",)"
       R"("order_class":"bracket","take_profit":{"limit_price":"160"},"stop_loss":{"stop_price":"149"}})"},
      {list_of(OrderListType::OneTriggersOther, {entry, limited_loss}),
       R"("side":"buy","type":"limit","time_in_force":"day","limit_price":"150.25","client_order_id":"V1..V2",)"
       R"("order_class":"oto","stop_loss":{"limit_price":"148.5","stop_price":"149"}})"},
      {list_of(OrderListType::OneCancelsOther, {loss, profit}),
       R"("side":"sell","type":"limit","time_in_force":"day","client_order_id":"V2..V1",)"
       R"("order_class":"oco","take_profit":{"limit_price":"160"},"stop_loss":{"stop_price":"149"}})"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.body);
    const auto request = encode_place_list(c.list, share());
    ASSERT_TRUE(request) << request.error().text;
    EXPECT_EQ(request->body, std::string{R"({"symbol":"AAPL","qty":"3",)"} + c.body);
  }
}

TEST(AlpacaEncode, AListThatAlpacaCannotTieIsRefused) {
  const NewOrder entry = of_type(Limit), profit = sold(of_type(Limit)), loss = sold(of_type(Stop));
  const auto refusal = [](OrderListType type, const std::vector<NewOrder>& orders, const Instrument& instrument) {
    const auto request = encode_place_list(list_of(type, orders), instrument);
    return request ? request->body : request.error().text;
  };
  const auto starts = [](const std::string& text, std::string_view start) {
    return text.starts_with(start) ? std::string{} : text;
  };
  using enum OrderListType;
  NewOrder more = loss, night = profit;
  more.order_qty = "4"_d;
  night.time_in_force = TimeInForce::GoodTillCancel;
  EXPECT_EQ(starts(refusal(OneTriggersOther, {entry}, share()), "orders: a list of this type has 2"), "");
  EXPECT_EQ(starts(refusal(Unset, {entry, loss}, share()), "list_type: missing"), "");
  EXPECT_EQ(starts(refusal(OneTriggersOther, {entry, entry}, share()), "side: "), "");
  EXPECT_EQ(starts(refusal(OneCancelsOther, {entry, loss}, share()), "side: "), "");
  EXPECT_EQ(starts(refusal(OneCancelsOther, {profit, more}, share()), "order_qty: "), "");
  EXPECT_EQ(starts(refusal(OneCancelsOther, {profit, profit}, share()), "order_type: "), "");
  EXPECT_EQ(starts(refusal(OneTriggersOther, {entry, night}, share()), "time_in_force: all orders"), "");
  EXPECT_EQ(starts(refusal(OneCancelsOther, {profit, loss}, coin()), "list_type: Alpaca ties"), "");
}

TEST(AlpacaEncode, AReplaceSaysWhatTheOrderShallBe) {
  ReplaceCommand command;
  command.command.broker_order_id = "B1";
  command.command.venue_order_id = "V1-2";
  command.order = with([](NewOrder& o) { o.price = "151"_d; });
  const auto request = encode_replace(command, share());
  ASSERT_TRUE(request) << request.error().text;
  EXPECT_EQ(request->method + " " + request->target(), "PATCH /v2/orders/B1");
  EXPECT_EQ(request->body, R"({"qty":"3","limit_price":"151","time_in_force":"day","client_order_id":"V1-2"})");
  command.order.order_qty = "2.5"_d;
  EXPECT_EQ(encode_replace(command, share()).error().text, "order_qty: Alpaca replaces orders for whole shares alone");
  command.command.broker_order_id = {};
  EXPECT_EQ(encode_replace(command, share()).error().text, "broker_order_id: missing, and Alpaca replaces by it");
}

TEST(AlpacaEncode, AnIdIsOnePartOfAPath) {
  EXPECT_EQ(encode_cancel("a/../b").target(), "/v2/orders/a%2F..%2Fb");
  EXPECT_EQ(encode_get_order_by_name("V 1&x=y").target(),
            "/v2/orders:by_client_order_id?client_order_id=V%201%26x%3Dy");
  EXPECT_EQ(encode_asset("BTC/USD").target(), "/v2/assets/BTC%2FUSD");
}

TEST(AlpacaEncode, MarketDataAreAskedForByClass) {
  const HistoryQuery asked{.symbols = {"AAPL", "AMD"}, .timeframe = "1Min", .start = "2024-01-15", .feed = "iex"};
  EXPECT_EQ(encode_history(History::Bars, AssetClass::Equity, asked).target(),
            "/v2/stocks/bars?symbols=AAPL%2CAMD&timeframe=1Min&start=2024-01-15&feed=iex");
  EXPECT_EQ(encode_history(History::Trades, AssetClass::Crypto, {.symbols = {"BTC/USD"}}).target(),
            "/v1beta3/crypto/us/trades?symbols=BTC%2FUSD");
  EXPECT_EQ(encode_latest(Latest::OrderBooks, AssetClass::Crypto, {"BTC/USD"}).target(),
            "/v1beta3/crypto/us/latest/orderbooks?symbols=BTC%2FUSD");
  EXPECT_EQ(encode_latest(Latest::Quotes, AssetClass::Option, {"AAPL250620C00100000"}).target(),
            "/v1beta1/options/quotes/latest?symbols=AAPL250620C00100000");
  EXPECT_EQ(encode_snapshots(AssetClass::Equity, {"AAPL"}, "iex").host, Host::Data);
  EXPECT_EQ(timeframe_of(60'000), "1Min");
  EXPECT_EQ(timeframe_of(4 * 3'600'000), "4Hour");
  EXPECT_EQ(timeframe_of(86'400'000), "1Day");
  EXPECT_EQ(timeframe_of(30'000), std::nullopt);
  EXPECT_EQ(timeframe_of(0), std::nullopt);
}

}  // namespace
}  // namespace busbar::alpaca
