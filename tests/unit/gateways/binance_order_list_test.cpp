// Orders that Binance ties to each other, as it wants to be asked for them.

#include <gtest/gtest.h>

#include "gateways/binance/encode.hpp"

namespace busbar::binance {
namespace {

using namespace busbar::literals;

Instrument btc_usdt() {
  Instrument instrument;
  instrument.symbol = "BTC/USDT";
  instrument.broker_symbol = "BTCUSDT";
  instrument.tick_size = "0.01"_d;
  instrument.lot_size = "0.00001"_d;
  instrument.can_iceberg = instrument.can_trailing_stop = instrument.can_oco = instrument.can_oto = true;
  instrument.quote_precision = 8;
  return instrument;
}

PlaceCommand order(std::string_view venue_order_id, Side side, OrderType type, const char* price,
                   const char* stop_px) {
  PlaceCommand command;
  command.command.venue_order_id = cut<64>(venue_order_id);
  command.order.symbol = "BTC/USDT";
  command.order.side = side;
  command.order.order_type = type;
  command.order.order_qty = "0.5"_d;
  if (price != nullptr) command.order.price = Decimal::parse(price);
  if (stop_px != nullptr) command.order.stop_px = Decimal::parse(stop_px);
  return command;
}

PlaceListCommand list_of(OrderListType type, std::vector<PlaceCommand> commands) {
  PlaceListCommand list;
  list.list_type = type;
  list.venue_list_id = "L1";
  list.commands = std::move(commands);
  return list;
}

std::string query(const PlaceListCommand& list, const Instrument& instrument = btc_usdt()) {
  const auto request = encode_order_list(list, instrument);
  if (!request) return request.error().text;
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->security, Security::Signed);
  return request->path + "?" + query_of(request->params);
}

using enum OrderType;

TEST(BinanceOrderList, OfAPairTheStopLossLiesBelowWhatSellsAndAboveWhatBuys) {
  const struct {
    const char* what;
    PlaceCommand one, other;
    const char* query;
  } cases[] = {
      {"a profit above, a loss below", order("V1", Side::Sell, Limit, "60000", nullptr),
       order("V2", Side::Sell, Stop, nullptr, "50000"),
       "/api/v3/orderList/oco?symbol=BTCUSDT&listClientOrderId=L1&side=SELL&quantity=0.5&aboveType=LIMIT_MAKER&"
       "abovePrice=60000&aboveClientOrderId=V1&belowType=STOP_LOSS&belowStopPrice=50000&belowClientOrderId=V2&"
       "newOrderRespType=FULL"},
      {"in either order", order("V2", Side::Sell, Stop, nullptr, "50000"),
       order("V1", Side::Sell, Limit, "60000", nullptr),
       "/api/v3/orderList/oco?symbol=BTCUSDT&listClientOrderId=L1&side=SELL&quantity=0.5&aboveType=LIMIT_MAKER&"
       "abovePrice=60000&aboveClientOrderId=V1&belowType=STOP_LOSS&belowStopPrice=50000&belowClientOrderId=V2&"
       "newOrderRespType=FULL"},
      {"what buys is the other way round", order("V1", Side::Buy, Limit, "50000", nullptr),
       order("V2", Side::Buy, StopLimit, "60010", "60000"),
       "/api/v3/orderList/oco?symbol=BTCUSDT&listClientOrderId=L1&side=BUY&quantity=0.5&aboveType=STOP_LOSS_LIMIT&"
       "aboveTimeInForce=GTC&abovePrice=60010&aboveStopPrice=60000&aboveClientOrderId=V2&belowType=LIMIT_MAKER&"
       "belowPrice=50000&belowClientOrderId=V1&newOrderRespType=FULL"},
      {"a profit that is triggered", order("V1", Side::Sell, LimitIfTouched, "60010", "60000"),
       order("V2", Side::Sell, StopLimit, "49990", "50000"),
       "/api/v3/orderList/oco?symbol=BTCUSDT&listClientOrderId=L1&side=SELL&quantity=0.5&aboveType=TAKE_PROFIT_LIMIT&"
       "aboveTimeInForce=GTC&abovePrice=60010&aboveStopPrice=60000&aboveClientOrderId=V1&belowType=STOP_LOSS_LIMIT&"
       "belowTimeInForce=GTC&belowPrice=49990&belowStopPrice=50000&belowClientOrderId=V2&newOrderRespType=FULL"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    EXPECT_EQ(query(list_of(OrderListType::OneCancelsOther, {c.one, c.other})), c.query);
  }
}

TEST(BinanceOrderList, ATrailingLossAndSelfTradePreventionArePassedOn) {
  PlaceCommand profit = order("V1", Side::Sell, MarketIfTouched, nullptr, "60000");
  PlaceCommand loss = order("V2", Side::Sell, Stop, nullptr, nullptr);
  loss.order.trailing_delta_bps = 300;
  profit.order.self_trade_prevention = loss.order.self_trade_prevention = SelfTradePrevention::ExpireMaker;
  EXPECT_EQ(query(list_of(OrderListType::OneCancelsOther, {profit, loss})),
            "/api/v3/orderList/oco?symbol=BTCUSDT&listClientOrderId=L1&side=SELL&quantity=0.5&aboveType=TAKE_PROFIT&"
            "aboveStopPrice=60000&aboveClientOrderId=V1&belowType=STOP_LOSS&belowTrailingDelta=300&belowClientOrderId="
            "V2&selfTradePreventionMode=EXPIRE_MAKER&newOrderRespType=FULL");
}

TEST(BinanceOrderList, OneThatTriggersAnotherComesFirst) {
  PlaceCommand exit = order("V2", Side::Sell, Market, nullptr, nullptr);
  exit.order.order_qty = "0.4"_d;
  EXPECT_EQ(query(list_of(OrderListType::OneTriggersOther, {order("V1", Side::Buy, Limit, "50000", nullptr), exit})),
            "/api/v3/orderList/oto?symbol=BTCUSDT&listClientOrderId=L1&workingType=LIMIT&workingTimeInForce=GTC&"
            "workingSide=BUY&workingQuantity=0.5&workingPrice=50000&workingClientOrderId=V1&pendingType=MARKET&"
            "pendingSide=SELL&pendingQuantity=0.4&pendingClientOrderId=V2&newOrderRespType=FULL");
}

TEST(BinanceOrderList, ABracketComesInAndGetsOutOneWayOrTheOther) {
  const std::vector<PlaceCommand> commands{order("V1", Side::Buy, Limit, "50000", nullptr),
                                           order("V2", Side::Sell, StopLimit, "44990", "45000"),
                                           order("V3", Side::Sell, Limit, "60000", nullptr)};
  const std::string expected =
      "/api/v3/orderList/otoco?symbol=BTCUSDT&listClientOrderId=L1&workingType=LIMIT&workingTimeInForce=GTC&"
      "workingSide=BUY&workingQuantity=0.5&workingPrice=50000&workingClientOrderId=V1&pendingSide=SELL&"
      "pendingQuantity=0.5&pendingAboveType=LIMIT_MAKER&pendingAbovePrice=60000&pendingAboveClientOrderId=V3&"
      "pendingBelowType=STOP_LOSS_LIMIT&pendingBelowTimeInForce=GTC&pendingBelowPrice=44990&"
      "pendingBelowStopPrice=45000&pendingBelowClientOrderId=V2&newOrderRespType=FULL";
  EXPECT_EQ(query(list_of(OrderListType::OneTriggersOneCancelsOther, commands)), expected);
  EXPECT_EQ(query(list_of(OrderListType::Bracket, commands)), expected);
}

TEST(BinanceOrderList, RefusesWhatIsNoSuchList) {
  const PlaceCommand profit = order("V1", Side::Sell, Limit, "60000", nullptr);
  const PlaceCommand loss = order("V2", Side::Sell, Stop, nullptr, "50000");
  const PlaceCommand entry = order("V3", Side::Buy, Limit, "55000", nullptr);
  PlaceCommand other_symbol = loss, other_qty = loss, other_prevention = loss, no_qty = loss, by_amount = loss;
  other_symbol.order.symbol = "ETH/USDT";
  other_qty.order.order_qty = "0.4"_d;
  other_prevention.order.self_trade_prevention = SelfTradePrevention::None;
  no_qty.order.order_qty.reset();
  by_amount.order.order_type = Market;
  by_amount.order.stop_px.reset();
  by_amount.order.order_qty.reset();
  by_amount.order.cash_order_qty = "100"_d;
  PlaceCommand immediate = profit;
  immediate.order.time_in_force = TimeInForce::ImmediateOrCancel;
  Instrument by_cash = btc_usdt();
  by_cash.can_cash_order_qty = true;
  Instrument older = btc_usdt();
  older.can_oco = older.can_oto = false;
  const auto pair = OrderListType::OneCancelsOther;
  const struct {
    const char* what;
    PlaceListCommand list;
    Instrument instrument;
    ErrorCode code;
    const char* field;
  } cases[] = {
      {"no type", list_of(OrderListType::Unset, {profit, loss}), btc_usdt(), ErrorCode::InvalidOrder, "list_type"},
      {"one order is no list", list_of(pair, {profit}), btc_usdt(), ErrorCode::InvalidOrder, "orders"},
      {"nor are three a pair", list_of(pair, {profit, loss, loss}), btc_usdt(), ErrorCode::InvalidOrder, "orders"},
      {"none at all", list_of(OrderListType::Bracket, {}), btc_usdt(), ErrorCode::InvalidOrder, "orders"},
      {"two losses", list_of(pair, {loss, loss}), btc_usdt(), ErrorCode::InvalidOrder, "order_type"},
      {"two profits", list_of(pair, {profit, profit}), btc_usdt(), ErrorCode::InvalidOrder, "order_type"},
      {"two sides", list_of(pair, {entry, loss}), btc_usdt(), ErrorCode::InvalidOrder, "side"},
      {"two symbols", list_of(pair, {profit, other_symbol}), btc_usdt(), ErrorCode::InvalidOrder, "symbol"},
      {"two quantities", list_of(pair, {profit, other_qty}), btc_usdt(), ErrorCode::InvalidOrder, "order_qty"},
      {"no quantity", list_of(pair, {profit, no_qty}), btc_usdt(), ErrorCode::InvalidOrder, "order_qty"},
      {"two preventions", list_of(pair, {profit, other_prevention}), btc_usdt(), ErrorCode::Unsupported,
       "self_trade_prevention"},
      {"a market order beside another", list_of(pair, {loss, by_amount}), by_cash, ErrorCode::Unsupported,
       "order_type"},
      {"a profit that does not rest", list_of(pair, {immediate, loss}), btc_usdt(), ErrorCode::Unsupported,
       "time_in_force"},
      {"an entry that is no limit order", list_of(OrderListType::OneTriggersOther, {loss, profit}), btc_usdt(),
       ErrorCode::Unsupported, "order_type"},
      {"what waits has a quantity", list_of(OrderListType::OneTriggersOther, {entry, by_amount}), by_cash,
       ErrorCode::Unsupported, "cash_order_qty"},
      {"a symbol without pairs", list_of(pair, {profit, loss}), older, ErrorCode::Unsupported, "list_type"},
      {"a symbol without triggers", list_of(OrderListType::OneTriggersOther, {entry, loss}), older,
       ErrorCode::Unsupported, "list_type"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto request = encode_order_list(c.list, c.instrument);
    ASSERT_FALSE(request) << query_of(request->params);
    EXPECT_EQ(request.error().code, c.code) << request.error().text;
    EXPECT_TRUE(request.error().text.starts_with(std::string{c.field} + ":")) << request.error().text;
  }
}

TEST(BinanceOrderList, AListIsCancelledAndAskedForByItsName) {
  const Request cancel = encode_cancel_list("BTCUSDT", "L1", "C1");
  EXPECT_EQ(cancel.method, "DELETE");
  EXPECT_EQ(cancel.path, "/api/v3/orderList");
  EXPECT_EQ(query_of(cancel.params), "symbol=BTCUSDT&listClientOrderId=L1&newClientOrderId=C1");
  EXPECT_EQ(query_of(encode_cancel_list("BTCUSDT", "L1").params), "symbol=BTCUSDT&listClientOrderId=L1");
  EXPECT_EQ(query_of(encode_query_list("L1").params), "origClientOrderId=L1");
}

}  // namespace
}  // namespace busbar::binance
