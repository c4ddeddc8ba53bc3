#include "gateways/binance/decode.hpp"

#include <gtest/gtest.h>

#include "gateways/binance/instruments.hpp"

namespace busbar::binance {
namespace {

using namespace busbar::literals;

constexpr std::string_view open_order =
    R"({"symbol":"BTCUSDT","orderId":9000000001,"orderListId":-1,"clientOrderId":"V1","price":"55000.00",
        "origQty":"0.500000",
        "executedQty":"0.200000","cummulativeQuoteQty":"11000.000000","status":"PARTIALLY_FILLED","timeInForce":"GTC",
        "type":"LIMIT","side":"BUY","stopPrice":"0.00","time":1700000000000,"updateTime":1700000000001,"isWorking":true,
        "brandNew":{"of":["any","shape",1]}})";

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result{text};
  result.replace(result.find(from), from.size(), to);
  return result;
}

TEST(BinanceDecode, KeepsEveryDigitAndIgnoresWhatItDoesNotKnow) {
  const auto order = decode_order(open_order);
  ASSERT_TRUE(order) << order.error().text;
  EXPECT_EQ(order->order_id, 9000000001);
  EXPECT_EQ(to_string(*order->price), "55000.00");
  EXPECT_EQ(to_string(*order->executed_qty), "0.200000");
  EXPECT_EQ(order->is_working, true);
  EXPECT_FALSE(order->transact_time);
}

TEST(BinanceDecode, RefusesAnotherTypeByTheNameOfTheMember) {
  const struct {
    const char *from, *to, *text;
  } cases[] = {
      {R"("55000.00")", "55000.00", "order.price: a number where a string is documented"},
      {R"("55000.00")", "null", "order.price: null where a string is documented"},
      {R"("55000.00")", R"("55,000")", "order.price: no decimal number of at most 18 digits"},
      {R"("55000.00")", R"("")", "order.price: no decimal number of at most 18 digits"},
      {R"("55000.00")", R"({"a":1})", "order.price: an object where a string is documented"},
      {"9000000001", R"("9000000001")", "order.orderId: a string where a whole number of 64 bits is documented"},
      {"9000000001", "9000000001.5", "order.orderId: a number where a whole number of 64 bits is documented"},
      {"9000000001", "18446744073709551615", "order.orderId: a number where a whole number of 64 bits is documented"},
      {R"("BTCUSDT")", "7", "order.symbol: a number where a string is documented"},
      {R"("symbol":"BTCUSDT",)", "", "order.symbol: missing"},
      {R"("isWorking":true)", R"("isWorking":"true")", "order.isWorking: a string where true or false is documented"},
  };
  for (const auto& c : cases) {
    const auto order = decode_order(replaced(open_order, c.from, c.to));
    ASSERT_FALSE(order) << c.text;
    EXPECT_EQ(order.error().text, c.text);
    EXPECT_EQ(order.error().code, ErrorCode::InvalidMessage);
  }
}

TEST(BinanceDecode, RefusesWhatIsNoAnswerAtAll) {
  for (const std::string_view body :
       {"", "null", "7", "[]", "<html>403</html>", "{", R"({"a":1}trailing)", "\xff\xfe"}) {
    EXPECT_FALSE(decode_order(body)) << body;
  }
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "[";
  EXPECT_FALSE(decode_orders(deep));
  std::string long_text(300, 'x');
  EXPECT_FALSE(decode_order(replaced(open_order, "BTCUSDT", long_text)));
  EXPECT_FALSE(decode_order(std::string((5u << 20), ' ')));
}

TEST(BinanceDecode, LeavesZerosBeforeItLeavesANumber) {
  const auto order = decode_order(replaced(open_order, "11000.000000", "1000000000000000.00000000"));
  ASSERT_TRUE(order) << order.error().text;
  EXPECT_EQ(*order->cum_quote_qty, "1000000000000000"_d);
}

TEST(BinanceDecode, TellsTheOrdersNameFromThatOfItsCancel) {
  const auto order = decode_order(R"({"symbol":"LTCBTC","origClientOrderId":"V1","orderId":4,"orderListId":-1,
      "clientOrderId":"C1","status":"CANCELED","executedQty":"0.1"})");
  ASSERT_TRUE(order);
  EXPECT_EQ(order->client_order_id, "C1");
  EXPECT_EQ(order->own_client_order_id(), "V1");
}

TEST(BinanceDecode, ReadsErrorsAndNothingElseAsErrors) {
  const auto error =
      decode_error(R"({"code":-1121,"msg":"Invalid symbol.","data":{"serverTime":1,"retryAfter":1700000000000}})");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, -1121);
  EXPECT_EQ(error->message, "Invalid symbol.");
  EXPECT_EQ(error->retry_after_ms, 1700000000000);
  for (const std::string_view body :
       {"", "<html></html>", "{}", R"({"code":"-1121","msg":"x"})", R"({"code":-1121})", "[]"}) {
    EXPECT_FALSE(decode_error(body)) << body;
  }
}

constexpr std::string_view execution =
    R"({"e":"executionReport","E":1700000000000,"s":"BTCUSDT","c":"V1","S":"BUY","o":"LIMIT","f":"GTC","q":"1.0",
        "p":"2.0",
        "P":"0.0","F":"0.0","g":-1,"C":"","x":"NEW","X":"NEW","r":"NONE","i":42,"l":"0.0","z":"0.0","L":"0.0",
        "n":"0","N":null,
        "T":1700000000000,"t":-1,"I":7,"w":true,"m":false,"M":false,"O":1700000000000,"Z":"0.0","Y":"0.0","Q":"0.0"})";

TEST(BinanceDecode, TellsMembersApartThatDifferOnlyByCase) {
  const auto frame = decode_user_frame(replaced(execution, R"("C":"")", R"("C":"V0")"));
  ASSERT_TRUE(frame) << frame.error().text;
  const auto& report = std::get<ExecutionReportEvent>(frame->event.what);
  EXPECT_EQ(report.client_order_id, "V1");
  EXPECT_EQ(report.orig_client_order_id, "V0");
  EXPECT_EQ(report.our_client_order_id(), "V0");
  EXPECT_EQ(report.order_id, 42);
  EXPECT_EQ(report.execution_id, 7);
}

TEST(BinanceDecode, ReadsEventsInAllThreeWrappings) {
  const std::string raw{execution};
  const struct {
    std::string frame;
    Envelope envelope;
  } cases[] = {{raw, Envelope::Raw},
               {R"({"stream":"abc","data":)" + raw + "}", Envelope::CombinedStream},
               {R"({"subscriptionId":3,"event":)" + raw + "}", Envelope::WsApi}};
  for (const auto& c : cases) {
    const auto frame = decode_user_frame(c.frame);
    ASSERT_TRUE(frame) << frame.error().text;
    EXPECT_EQ(frame->envelope, c.envelope);
    EXPECT_TRUE(std::holds_alternative<ExecutionReportEvent>(frame->event.what));
  }
}

TEST(BinanceDecode, KnowsTheEventsThatAreAboutTheStreamItself) {
  const auto shutdown = decode_ws_api_frame(R"({"event":{"e":"serverShutdown","E":1700000000000}})");
  ASSERT_TRUE(shutdown);
  EXPECT_TRUE(std::holds_alternative<ServerShutdownEvent>(std::get<UserFrame>(*shutdown).event.what));
  const auto ended =
      decode_ws_api_frame(R"({"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1700000000000}})");
  ASSERT_TRUE(ended);
  EXPECT_TRUE(std::holds_alternative<StreamTerminatedEvent>(std::get<UserFrame>(*ended).event.what));
  const auto strange = decode_ws_api_frame(R"({"subscriptionId":0,"event":{"e":"neverSeen","E":1700000000000,"p":1}})");
  ASSERT_TRUE(strange);
  EXPECT_TRUE(std::holds_alternative<UnknownEvent>(std::get<UserFrame>(*strange).event.what));
}

TEST(BinanceDecode, ReadsAccountPositionsLocksAndExpiries) {
  const auto position = decode_user_frame(
      R"({"e":"outboundAccountPosition","E":2,"u":1,"B":[{"a":"ETH","f":"10000.000000","l":"0.000000"}]})");
  ASSERT_TRUE(position) << position.error().text;
  const auto& balances = std::get<AccountPositionEvent>(position->event.what).balances;
  ASSERT_EQ(balances.size(), 1u);
  EXPECT_EQ(to_string(balances[0].free), "10000.000000");
  EXPECT_FALSE(decode_user_frame(R"({"e":"outboundAccountPosition","E":2,"u":1,"B":[{"a":"ETH","f":1,"l":"0"}]})"));
  EXPECT_FALSE(decode_user_frame(R"({"e":"outboundAccountPosition","E":2,"u":1})"));
  const auto lock = decode_user_frame(R"({"e":"externalLockUpdate","E":2,"a":"NEO","d":"-10.0","T":1})");
  ASSERT_TRUE(lock);
  EXPECT_EQ(std::get<ExternalLockEvent>(lock->event.what).delta, "-10"_d);
  const auto expired = decode_user_frame(R"({"e":"listenKeyExpired","E":2,"listenKey":"abc"})");
  ASSERT_TRUE(expired);
  EXPECT_EQ(std::get<ListenKeyExpiredEvent>(expired->event.what).listen_key, "abc");
}

TEST(BinanceDecode, MatchesAnswersOfTheWebSocketApiByIdOfAnyKind) {
  const struct {
    const char* frame;
    std::optional<std::string> id;
  } cases[] = {
      {R"({"id":"a1","status":200,"result":{"subscriptionId":5}})", "a1"},
      {R"({"id":12,"status":200,"result":null})", "12"},
      {R"({"id":null,"status":401,"error":{"code":-2015,"msg":"Invalid API-key, IP, or permissions for action."}})",
       std::nullopt}};
  for (const auto& c : cases) {
    const auto frame = decode_ws_api_frame(c.frame);
    ASSERT_TRUE(frame) << frame.error().text;
    EXPECT_EQ(std::get<WsResponse>(*frame).id, c.id);
  }
}

TEST(BinanceDecode, TellsMarketFramesApart) {
  const auto ticker = decode_market_frame(
      R"({"stream":"btcusdt@bookTicker","data":{"u":4,"s":"BTCUSDT","b":"25.35","B":"31.2","a":"25.36","A":"40.6"}})");
  ASSERT_TRUE(ticker) << ticker.error().text;
  EXPECT_EQ(std::get<BookTicker>(ticker->what).ask, "25.36"_d);
  const auto trade = decode_market_frame(
      R"({"e":"trade","E":1,"s":"BTCUSDT","t":12345,"p":"0.001","q":"100","T":1672515782136,"m":true,"M":true})");
  ASSERT_TRUE(trade) << trade.error().text;
  EXPECT_TRUE(std::get<TradeEvent>(trade->what).buyer_is_maker);
  const auto answer = decode_market_frame(R"({"result":null,"id":3})");
  ASSERT_TRUE(answer);
  EXPECT_EQ(std::get<ControlResponse>(answer->what).id, 3);
  const auto refusal = decode_market_frame(R"({"error":{"code":2,"msg":"Invalid request"},"id":3})");
  ASSERT_TRUE(refusal);
  EXPECT_EQ(std::get<ControlResponse>(refusal->what).error->code, 2);
  const auto other = decode_market_frame(R"({"stream":"!miniTicker@arr","data":[{"e":"24hrMiniTicker"}]})");
  ASSERT_TRUE(other);
  EXPECT_TRUE(std::holds_alternative<OtherMarketEvent>(other->what));
  EXPECT_FALSE(decode_market_frame(R"({"e":"trade","E":1,"s":"BTCUSDT","t":1,"p":0.001,"q":"100","T":1,"m":true})"));
}

TEST(BinanceDecode, ReadsAccountsTradesAndTime) {
  const auto account =
      decode_account(R"({"canTrade":true,"uid":354937868,"commissionRates":{"maker":"0.001","taker":"0.002"},
      "balances":[{"asset":"BTC","free":"4723846.89208129","locked":"0.00000000"}]})");
  ASSERT_TRUE(account) << account.error().text;
  EXPECT_EQ(*account->taker_commission, "0.002"_d);
  EXPECT_EQ(account->balances.at(0).asset, "BTC");
  EXPECT_FALSE(decode_account(R"({"canTrade":true})"));
  const auto trades =
      decode_trades(R"([{"symbol":"BNBBTC","id":28457,"orderId":100234,"orderListId":-1,"price":"4.00000100",
      "qty":"12.0","quoteQty":"48.000012","commission":"10.1","commissionAsset":"BNB","time":1499865549590,
        "isBuyer":true,
      "isMaker":false,"isBestMatch":true}])");
  ASSERT_TRUE(trades) << trades.error().text;
  EXPECT_EQ(trades->at(0).id, 28457);
  EXPECT_EQ(*decode_time(R"({"serverTime":1499827319559})"), 1499827319559);
  EXPECT_FALSE(decode_time(R"({"serverTime":"1499827319559"})"));
}

// ---- instruments

constexpr std::string_view symbol_json =
    R"({"symbol":"BTCUSDT","status":"TRADING","baseAsset":"BTC","baseAssetPrecision":8,"quoteAsset":"USDT",
        "quotePrecision":8,
        "orderTypes":["LIMIT","LIMIT_MAKER","MARKET","STOP_LOSS_LIMIT","NEVER_SEEN"],"icebergAllowed":true,
        "quoteOrderQtyMarketAllowed":true,"allowTrailingStop":true,"isSpotTradingAllowed":true,"filters":[
        {"filterType":"PRICE_FILTER","minPrice":"0.01000000","maxPrice":"0.00000000","tickSize":"0.01000000"},
        {"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000","stepSize":"0.00001000"},
        {"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":"100.5","stepSize":"0.00000000"},
        {"filterType":"MIN_NOTIONAL","minNotional":"10.0","applyToMarket":true,"avgPriceMins":5},
        {"filterType":"NEVER_SEEN","limit":{"of":"any shape"}}]})";

TEST(BinanceInstruments, AZeroSwitchesAPartOfAFilterOff) {
  const auto info = decode_symbol(symbol_json);
  ASSERT_TRUE(info) << info.error().text;
  const auto instrument = instrument_of(*info);
  ASSERT_TRUE(instrument);
  EXPECT_EQ(view(instrument->symbol), "BTC/USDT");
  EXPECT_EQ(view(instrument->broker_symbol), "BTCUSDT");
  EXPECT_EQ(instrument->status, TradingStatus::Trading);
  EXPECT_EQ(*instrument->tick_size, "0.01"_d);
  EXPECT_FALSE(instrument->max_price);
  EXPECT_FALSE(instrument->market_lot_size);
  EXPECT_FALSE(instrument->market_min_qty);
  EXPECT_EQ(*instrument->market_max_qty, "100.5"_d);
  EXPECT_EQ(*instrument->min_notional, "10"_d);
  EXPECT_TRUE(instrument->min_notional_applies_to_market);
  EXPECT_FALSE(instrument->max_notional);
  const std::vector<OrderType> types{OrderType::Limit, OrderType::Market, OrderType::StopLimit};
  EXPECT_EQ(instrument->order_types, types);
}

TEST(BinanceInstruments, NotionalSaysMoreThanItsElder) {
  const auto info = decode_symbol(replaced(
      symbol_json, R"({"filterType":"NEVER_SEEN")",
      R"({"filterType":"NOTIONAL","minNotional":"5.0","applyMinToMarket":false,"maxNotional":"9000",
        "applyMaxToMarket":true},
         {"filterType":"NEVER_SEEN")"));
  ASSERT_TRUE(info) << info.error().text;
  EXPECT_EQ(info->notional_filter, "NOTIONAL");
  EXPECT_EQ(*info->min_notional, "5"_d);
  EXPECT_EQ(*info->max_notional, "9000"_d);
  EXPECT_FALSE(info->min_notional_applies_to_market);
  EXPECT_TRUE(info->max_notional_applies_to_market);
}

TEST(BinanceInstruments, AStatusNeverSeenIsNoneToTradeIn) {
  const struct {
    const char* status;
    TradingStatus expected;
  } cases[] = {{"TRADING", TradingStatus::Trading},        {"HALT", TradingStatus::Halted},
               {"BREAK", TradingStatus::Halted},           {"END_OF_DAY", TradingStatus::Closed},
               {"CANCEL_ONLY", TradingStatus::CancelOnly}, {"NEW_ONE", TradingStatus::Halted}};
  for (const auto& c : cases) {
    const auto info = decode_symbol(replaced(symbol_json, "TRADING", c.status));
    ASSERT_TRUE(info);
    EXPECT_EQ(instrument_of(*info)->status, c.expected) << c.status;
  }
}

TEST(BinanceInstruments, NamesAreTakenFromTheListInAnyScript) {
  const auto info =
      decode_symbol(replaced(replaced(symbol_json, R"("BTCUSDT")", R"("币安人生USDT")"), R"("BTC")", R"("币安人生")"));
  ASSERT_TRUE(info) << info.error().text;
  const auto instrument = instrument_of(*info);
  ASSERT_TRUE(instrument);
  EXPECT_EQ(view(instrument->symbol), "币安人生/USDT");
  EXPECT_TRUE(instrument->base.empty());
  SymbolMap map;
  map.assign({*instrument});
  ASSERT_NE(map.by_broker_symbol("币安人生USDT"), nullptr);
  EXPECT_EQ(map.by_symbol("BTC/USDT"), nullptr);
}

TEST(BinanceInstruments, OneSymbolThatCannotBeReadCostsNoOther) {
  const std::string body = R"({"timezone":"UTC","serverTime":1565246363776,"rateLimits":[{},
      {"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000},
      {"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":50},
      {"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":160000},
      {"rateLimitType":"NEVER_SEEN","interval":"DAY","intervalNum":1,"limit":1}],"exchangeFilters":[],"symbols":[)" +
                           std::string{symbol_json} + "," +
                           replaced(replaced(symbol_json, "BTCUSDT", "ETHUSDT"), R"("0.01000000")", "0.01") + "]}";
  const auto info = decode_exchange_info(body);
  ASSERT_TRUE(info) << info.error().text;
  ASSERT_EQ(info->symbols.size(), 1u);
  ASSERT_EQ(info->complaints.size(), 1u);
  EXPECT_EQ(info->complaints[0], "ETHUSDT: filter.minPrice: a number where a string is documented");
  ASSERT_EQ(info->rate_limits.size(), 3u);
  EXPECT_EQ(view(info->rate_limits[0].bucket), "weight");
  EXPECT_EQ(info->rate_limits[0].interval_ms, 60000u);
  EXPECT_EQ(view(info->rate_limits[2].bucket), "orders");
  EXPECT_EQ(info->rate_limits[2].interval_ms, 86400000u);
  EXPECT_TRUE(info->rate_limits[2].aligned);
}

TEST(BinanceInstruments, ReadsTheIntervalOfAHeadersName) {
  EXPECT_EQ(interval_ms_of("1m"), 60000u);
  EXPECT_EQ(interval_ms_of("10S"), 10000u);
  EXPECT_EQ(interval_ms_of("1d"), 86400000u);
  EXPECT_EQ(interval_ms_of("5H"), 18000000u);
  for (const char* wrong : {"", "m", "1", "1y", "-1m", "99999999m"}) EXPECT_EQ(interval_ms_of(wrong), 0u) << wrong;
}

}  // namespace
}  // namespace busbar::binance
