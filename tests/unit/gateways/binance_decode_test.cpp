#include "gateways/binance/decode.hpp"

#include <gtest/gtest.h>

#include "gateways/binance/decode_hot.hpp"
#include "gateways/binance/instruments.hpp"
#include "tests/unit/gateways/damaged_frames.hpp"

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

std::string in_words(const Order& order) {
  std::string words = order.symbol + " " + std::to_string(order.order_id) + " " + order.client_order_id + ": ";
  for (const auto& text : {order.orig_client_order_id, order.status, order.type, order.side, order.time_in_force,
                           order.self_trade_prevention_mode, order.expiry_reason}) {
    words += text.value_or("none") + " ";
  }
  for (const auto& amount : {order.price, order.stop_price, order.iceberg_qty, order.orig_qty, order.executed_qty,
                             order.cum_quote_qty, order.orig_quote_order_qty, order.prevented_qty}) {
    words += (amount ? to_string(*amount) : "none") + " ";
  }
  for (const auto& number : {order.order_list_id, order.transact_time, order.time, order.update_time, order.working_time,
                             order.trailing_delta}) {
    words += (number ? std::to_string(*number) : "none") + " ";
  }
  if (!order.fills) return words + "no fills";
  for (const OrderFill& fill : *order.fills) {
    words += to_string(fill.price) + " " + to_string(fill.qty) + " " + to_string(fill.commission) + " " +
             fill.commission_asset + " " + std::to_string(fill.trade_id) + " ";
  }
  return words;
}

TEST(BinanceDecode, AnOrderThatIsReadFastTheStrictReaderReadsAlike) {
  int fast = 0;
  const std::string placed =
      R"({"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"V1","transactTime":1507725176595,"price":"1.50",)"
      R"("origQty":"10.0","executedQty":"10.0","origQuoteOrderQty":"0.0","cummulativeQuoteQty":"10.0","status":"FILLED",)"
      R"("timeInForce":"GTC","type":"MARKET","side":"SELL","workingTime":1507725176595,"fills":[{"price":"4000.0","qty":"1.0",)"
      R"("commission":"4.0","commissionAsset":"USDT","tradeId":56}],"selfTradePreventionMode":"NONE"})";
  for_each_damaged(placed, [&](const std::string& text) {
    Order hot;
    if (!read_hot(text, hot)) return;
    ++fast;
    const auto strict = decode_order(for_the_strict_reader(text));
    ASSERT_TRUE(strict) << text << " " << strict.error().text;
    EXPECT_EQ(in_words(hot), in_words(*strict)) << text;
  });
  EXPECT_GT(fast, 100);
  Order order;
  EXPECT_TRUE(read_hot(placed, order));
  EXPECT_FALSE(read_hot(open_order, order)) << "it has members that few orders have";
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

TEST(BinanceDecode, AnAnswerOfTheWebSocketApiReadsAsRestWould) {
  const auto frame = decode_ws_api_frame(
      R"({"id":"a1","status":200,"result":{"symbol":"BTCUSDT","orderId":7,"orderListId":-1,"clientOrderId":"V1",
          "transactTime":1700000000000},"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,
          "limit":50,"count":12},
          {"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}]})");
  ASSERT_TRUE(frame) << frame.error().text;
  const auto& response = std::get<WsResponse>(*frame);
  const auto order = decode_order(response.body());
  ASSERT_TRUE(order) << order.error().text;
  EXPECT_EQ(order->order_id, 7);
  ASSERT_EQ(response.rate_limits.size(), 2u);
  EXPECT_EQ(response.rate_limits[0].type, "ORDERS");
  EXPECT_EQ(response.rate_limits[0].interval, "SECOND");
  EXPECT_EQ(response.rate_limits[0].interval_num, 10);
  EXPECT_EQ(response.rate_limits[0].limit, 50);
  EXPECT_EQ(response.rate_limits[0].count, 12);
  EXPECT_FALSE(response.rate_limits[1].count);

  const auto banned = decode_ws_api_frame(
      R"({"id":"a2","status":418,"error":{"code":-1003,"msg":"Way too much request weight used; IP banned until
          1659146400000.","data":{"serverTime":1659142907531,"retryAfter":1659146400000}}})");
  ASSERT_FALSE(banned) << "a line break inside a text is no JSON";
  const auto refused = decode_ws_api_frame(
      R"({"id":"a2","status":418,"error":{"code":-1003,"msg":"IP banned until 1659146400000.",
          "data":{"serverTime":1659142907531,"retryAfter":1659146400000}}})");
  ASSERT_TRUE(refused) << refused.error().text;
  const auto& refusal = std::get<WsResponse>(*refused);
  EXPECT_EQ(refusal.error->retry_after_ms, 1659146400000);
  EXPECT_EQ(refusal.error->server_time_ms, 1659142907531);
  EXPECT_EQ(decode_error(refusal.body())->code, -1003);
  EXPECT_TRUE(refusal.result.empty());
}

TEST(BinanceDecode, ReadsWhatOnlySomeExecutionReportsCarry) {
  const auto frame = decode_user_frame(replaced(
      execution, R"("Q":"0.0")",
      R"("Q":"0.0","W":5,"V":"DECREMENT","v":3,"A":"3.0","B":"2.0","u":1,"U":37,"Cs":"BTCUSDT","pl":"2.1","pL":"0.1",
         "pY":"0.21","d":4,"D":6,"j":1,"J":1000000,"b":"ONE_PARTY_TRADE_REPORT","a":1234,"k":"SOR","uS":true,
         "gP":"PRIMARY_PEG","gOT":"PRICE_LEVEL","gOV":5,"gp":"1.5","eR":"OCO_TRIGGER")"));
  ASSERT_TRUE(frame) << frame.error().text;
  const auto& report = std::get<ExecutionReportEvent>(frame->event.what);
  EXPECT_EQ(report.working_time, 5);
  EXPECT_EQ(report.prevented_match_id, 3);
  EXPECT_EQ(*report.prevented_qty, "3"_d);
  EXPECT_EQ(*report.last_prevented_qty, "2"_d);
  EXPECT_EQ(report.trade_group_id, 1);
  EXPECT_EQ(report.counter_order_id, 37);
  EXPECT_EQ(report.counter_symbol, "BTCUSDT");
  EXPECT_EQ(*report.prevented_execution_qty, "2.1"_d);
  EXPECT_EQ(*report.prevented_execution_price, "0.1"_d);
  EXPECT_EQ(*report.prevented_execution_quote_qty, "0.21"_d);
  EXPECT_EQ(report.trailing_delta, 4);
  EXPECT_EQ(report.trailing_time, 6);
  EXPECT_EQ(report.strategy_id, 1);
  EXPECT_EQ(report.strategy_type, 1000000);
  EXPECT_EQ(report.match_type, "ONE_PARTY_TRADE_REPORT");
  EXPECT_EQ(report.allocation_id, 1234);
  EXPECT_EQ(report.working_floor, "SOR");
  EXPECT_EQ(report.used_sor, true);
  EXPECT_EQ(report.peg_price_type, "PRIMARY_PEG");
  EXPECT_EQ(report.peg_offset_type, "PRICE_LEVEL");
  EXPECT_EQ(report.peg_offset_value, 5);
  EXPECT_EQ(*report.pegged_price, "1.5"_d);
  EXPECT_EQ(report.expiry_reason, "OCO_TRIGGER");
  EXPECT_FALSE(decode_user_frame(replaced(execution, R"("Q":"0.0")", R"("Q":"0.0","gp":1.5)")));
}

constexpr std::string_view canceled_half =
    R"({"symbol":"BTCUSDT","origClientOrderId":"V1","orderId":9,"orderListId":-1,"clientOrderId":"C1",
        "transactTime":1684804350068,"price":"0.01","origQty":"0.0001","executedQty":"0.00004",
        "cummulativeQuoteQty":"0.0","status":"CANCELED","timeInForce":"GTC","type":"LIMIT","side":"SELL"})";
constexpr std::string_view placed_half =
    R"({"symbol":"BTCUSDT","orderId":10,"orderListId":-1,"clientOrderId":"V2","transactTime":1652928801803,
        "price":"0.02","origQty":"0.04","executedQty":"0.0","cummulativeQuoteQty":"0.0","status":"NEW",
        "timeInForce":"GTC","type":"LIMIT","side":"SELL","workingTime":1669277163808,"fills":[]})";

std::string halves(std::string_view cancel_result, std::string_view cancel, std::string_view order_result,
                   std::string_view order) {
  return R"({"cancelResult":")" + std::string{cancel_result} + R"(","newOrderResult":")" + std::string{order_result} +
         R"(","cancelResponse":)" + std::string{cancel} + R"(,"newOrderResponse":)" + std::string{order} + "}";
}

TEST(BinanceDecode, ReadsBothHalvesOfACancelReplace) {
  const auto done = decode_cancel_replace(halves("SUCCESS", canceled_half, "SUCCESS", placed_half));
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(done->cancel_result, HalfResult::Success);
  EXPECT_EQ(done->new_order_result, HalfResult::Success);
  EXPECT_EQ(done->canceled->own_client_order_id(), "V1");
  EXPECT_EQ(done->placed->client_order_id, "V2");
  EXPECT_FALSE(done->error);

  const auto partly = decode_cancel_replace(
      R"({"code":-2021,"msg":"Order cancel-replace partially failed.","data":)" +
      halves("SUCCESS", canceled_half, "FAILURE", R"({"code":-2010,"msg":"Order would immediately match and take."})") +
      "}");
  ASSERT_TRUE(partly) << partly.error().text;
  EXPECT_EQ(partly->error->code, -2021);
  EXPECT_TRUE(partly->canceled);
  EXPECT_FALSE(partly->placed);
  EXPECT_EQ(partly->new_order_error->code, -2010);

  const auto failed = decode_cancel_replace(
      R"({"code":-2022,"msg":"Order cancel-replace failed.","data":)" +
      halves("FAILURE", R"({"code":-2011,"msg":"Unknown order sent."})", "NOT_ATTEMPTED", "null") + "}");
  ASSERT_TRUE(failed) << failed.error().text;
  EXPECT_EQ(failed->cancel_error->code, -2011);
  EXPECT_EQ(failed->new_order_result, HalfResult::NotAttempted);
  EXPECT_FALSE(failed->new_order_error);
}

TEST(BinanceDecode, ACancelReplaceThatDoesNotSayWhatWasDoneIsRefused) {
  const std::string bodies[] = {
      R"({"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."})",
      R"({"code":-1015,"msg":"Too many new orders.","data":null})",
      halves("SUCCESS", "null", "SUCCESS", placed_half),
      halves("DONE", canceled_half, "SUCCESS", placed_half),
      halves("SUCCESS", canceled_half, "FAILURE", placed_half),  // an order where an error is announced
      replaced(halves("SUCCESS", canceled_half, "SUCCESS", placed_half), R"("price":"0.02")", R"("price":0.02)"),
      "{}",
  };
  for (const std::string& body : bodies) EXPECT_FALSE(decode_cancel_replace(body)) << body;
}

TEST(BinanceDecode, AnAmendedOrderBearsItsNewName) {
  const auto amended = decode_amend(
      R"({"transactTime":1741926410255,"executionId":75,"amendedOrder":{"symbol":"BTCUSDT","orderId":33,
          "orderListId":-1,"origClientOrderId":"V1","clientOrderId":"V2","price":"6.00000000","qty":"5.00000000",
          "executedQty":"1.0","preventedQty":"0.5","quoteOrderQty":"0.0","cumulativeQuoteQty":"6.0",
          "status":"PARTIALLY_FILLED","timeInForce":"GTC","type":"LIMIT","side":"SELL"},
          "listStatus":{"orderListId":4,"contingencyType":"OTO","listOrderStatus":"EXECUTING",
          "listClientOrderId":"L1","symbol":"BTCUSDT","orders":[{"symbol":"BTCUSDT","orderId":33,
          "clientOrderId":"V2"}]}})");
  ASSERT_TRUE(amended) << amended.error().text;
  EXPECT_EQ(amended->order.own_client_order_id(), "V2");
  EXPECT_EQ(amended->orig_client_order_id, "V1");
  EXPECT_EQ(*amended->order.orig_qty, "5"_d);
  EXPECT_EQ(*amended->order.executed_qty, "1"_d);
  EXPECT_EQ(*amended->order.cum_quote_qty, "6"_d);
  EXPECT_EQ(*amended->order.prevented_qty, "0.5"_d);
  EXPECT_EQ(amended->order.transact_time, 1741926410255);
  EXPECT_EQ(amended->execution_id, 75);
  EXPECT_EQ(amended->list->list_client_order_id, "L1");
  const std::string shape = R"({"transactTime":1,"executionId":7,"amendedOrder":{"symbol":"B","orderId":3,)";
  EXPECT_FALSE(decode_amend(shape + R"("clientOrderId":"V2","qty":5}})"));
  EXPECT_FALSE(decode_amend(shape + R"("clientOrderId":"V2"}})")) << "without a quantity";
  EXPECT_FALSE(decode_amend(R"({"transactTime":1,"executionId":7})"));
}

constexpr std::string_view order_list =
    R"({"orderListId":1,"contingencyType":"OTO","listStatusType":"EXEC_STARTED","listOrderStatus":"EXECUTING",
        "listClientOrderId":"L1","transactionTime":1712291372842,"symbol":"LTCBTC","orders":[
        {"symbol":"LTCBTC","orderId":6,"clientOrderId":"V1"},{"symbol":"LTCBTC","orderId":7,"clientOrderId":"V2"}],
        "orderReports":[{"symbol":"LTCBTC","orderId":6,"orderListId":1,"clientOrderId":"V1",
        "transactTime":1712291372842,"price":"1.00","origQty":"1.00","executedQty":"0.00","status":"NEW"},
        {"symbol":"LTCBTC","orderId":7,"orderListId":1,"clientOrderId":"V2","transactTime":1712291372842,
        "price":"0.00","origQty":"5.00","executedQty":"0.00","status":"PENDING_NEW","workingTime":-1}]})";

TEST(BinanceDecode, AnOrderListNamesItsOrdersAndMayReportOnThem) {
  const auto list = decode_order_list(order_list);
  ASSERT_TRUE(list) << list.error().text;
  EXPECT_EQ(list->list_client_order_id, "L1");
  ASSERT_EQ(list->orders.size(), 2u);
  EXPECT_EQ(list->orders[1].client_order_id, "V2");
  ASSERT_EQ(list->reports.size(), 2u);
  EXPECT_EQ(list->reports[1].status, "PENDING_NEW");
  const auto asked = decode_order_lists("[" + std::string{order_list.substr(0, order_list.find(R"(,
        "orderReports")"))} + "}]");
  ASSERT_TRUE(asked) << asked.error().text;
  EXPECT_TRUE(asked->at(0).reports.empty());
  EXPECT_FALSE(decode_order_list(replaced(order_list, R"("price":"1.00")", R"("price":1.00)")));
  EXPECT_FALSE(decode_order_list(replaced(order_list, R"("orders":[)", R"("others":[)")));
  EXPECT_FALSE(decode_order_list(replaced(order_list, R"("listClientOrderId":"L1",)", "")));
}

TEST(BinanceDecode, ReadsCountsCommissionsAndListenKeys) {
  const auto counts = decode_order_counts(
      R"([{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":160000,"count":7}])");
  ASSERT_TRUE(counts) << counts.error().text;
  EXPECT_EQ(counts->at(0).count, 7);
  EXPECT_FALSE(decode_order_counts(R"([{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":"1"}])"));
  const auto commission = decode_commission(
      R"({"symbol":"BTCUSDT","standardCommission":{"maker":"0.1","taker":"0.2"},"taxCommission":{"maker":"0.3",
          "taker":"0.4"}})");
  ASSERT_TRUE(commission) << commission.error().text;
  EXPECT_EQ(commission->standard.taker, "0.2"_d);
  EXPECT_EQ(commission->tax->maker, "0.3"_d);
  EXPECT_FALSE(commission->special);
  EXPECT_FALSE(decode_commission(R"({"symbol":"BTCUSDT","standardCommission":{"maker":0.1,"taker":"0.2"}})"));
  EXPECT_EQ(*decode_listen_key(R"({"listenKey":"abc"})"), "abc");
  EXPECT_FALSE(decode_listen_key(R"({"listenKey":""})"));
  EXPECT_FALSE(decode_listen_key(R"({"listenKey":7})"));
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

TEST(BinanceInstruments, WhatIsNotSaidToBeAllowedIsNot) {
  const auto older = decode_symbol(symbol_json);
  ASSERT_TRUE(older);
  const auto instrument = instrument_of(*older);
  EXPECT_FALSE(instrument->can_replace);
  EXPECT_FALSE(instrument->can_amend);
  EXPECT_FALSE(instrument->can_oco);
  EXPECT_FALSE(instrument->can_oto);
  EXPECT_EQ(instrument->iceberg_parts_max, 0u);
  EXPECT_EQ(instrument->trailing_delta_max_bps, 0u);
  const auto newer = decode_symbol(replaced(symbol_json, R"("icebergAllowed":true)",
                                            R"("icebergAllowed":true,"ocoAllowed":true,"otoAllowed":true,)"
                                            R"("cancelReplaceAllowed":true,"amendAllowed":true)"));
  ASSERT_TRUE(newer) << newer.error().text;
  const auto modern = instrument_of(*newer);
  EXPECT_TRUE(modern->can_replace);
  EXPECT_TRUE(modern->can_amend);
  EXPECT_TRUE(modern->can_oco);
  EXPECT_TRUE(modern->can_oto);
  const auto with_old_pairs = decode_symbol(replaced(symbol_json, R"("icebergAllowed":true)", R"("ocoAllowed":true)"));
  ASSERT_TRUE(with_old_pairs) << with_old_pairs.error().text;
  EXPECT_FALSE(instrument_of(*with_old_pairs)->can_oco);
  EXPECT_FALSE(decode_symbol(replaced(symbol_json, R"("icebergAllowed":true)", R"("ocoAllowed":"true")")));
}

TEST(BinanceInstruments, OfATrailingStopsBoundsThoseHoldThatHoldOnBothSides) {
  const auto bounds = [](std::string_view above_min, std::string_view above_max, std::string_view below_min,
                         std::string_view below_max) {
    std::string filters = R"({"filterType":"ICEBERG_PARTS","limit":10},{"filterType":"TRAILING_DELTA")";
    filters.append(R"(,"minTrailingAboveDelta":)").append(above_min);
    filters.append(R"(,"maxTrailingAboveDelta":)").append(above_max);
    filters.append(R"(,"minTrailingBelowDelta":)").append(below_min);
    filters.append(R"(,"maxTrailingBelowDelta":)").append(below_max).append("},");
    return decode_symbol(replaced(symbol_json, R"({"filterType":"NEVER_SEEN")",
                                  filters + R"({"filterType":"NEVER_SEEN")"));
  };
  const auto info = bounds("10", "2000", "20", "1000");
  ASSERT_TRUE(info) << info.error().text;
  const auto instrument = instrument_of(*info);
  EXPECT_EQ(instrument->iceberg_parts_max, 10u);
  EXPECT_EQ(instrument->trailing_delta_min_bps, 20u);
  EXPECT_EQ(instrument->trailing_delta_max_bps, 1000u);
  EXPECT_EQ(instrument_of(*bounds("10", "0", "10", "1000"))->trailing_delta_max_bps, 1000u) << "zero is no bound";
  EXPECT_EQ(instrument_of(*bounds("-5", "99999999999", "0", "0"))->trailing_delta_max_bps, 4294967295u);
  EXPECT_FALSE(bounds(R"("10")", "2000", "20", "1000"));
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
