#include "gateways/ibkr/decode.hpp"

#include <gtest/gtest.h>

#include "gateways/ibkr/decode_market.hpp"
#include "gateways/ibkr/errors.hpp"
#include "gateways/ibkr/facts.hpp"
#include "gateways/ibkr/hours.hpp"
#include "gateways/ibkr/read.hpp"

namespace busbar::ibkr {
namespace {

using namespace busbar::literals;

const Symbol symbol{"AAPL"};

TEST(IbkrRead, AmountsComeInManyForms) {
  const struct {
    const char* text;
    const char* digits;  // null: none
  } cases[] = {{"1,300", "1300"},
               {"-402,158.50", "-402158.50"},
               {"1,234,567", "1234567"},
               {"0.90000", "0.90000"},
               {"1.0E7", "10000000"},
               {"372", "372"},
               {"", nullptr},
               {"1,30", nullptr},
               {",300", nullptr},
               {"1,3000", nullptr},
               {"1.5,000", nullptr},
               {"24.2M", nullptr},
               {"abc", nullptr},
               {"1 000", nullptr}};
  for (const auto& c : cases) {
    const auto amount = amount_of(c.text);
    ASSERT_EQ(amount.has_value(), c.digits != nullptr) << c.text;
    if (amount) {
      EXPECT_EQ(to_string(*amount), c.digits) << c.text;
    }
  }
  EXPECT_FALSE(amount_of("0.1234567890123456789"));
  EXPECT_EQ(to_string(*cut_amount_of("0.1234567890123456789")), "0.123456789012345678");
  EXPECT_EQ(to_string(*amount_of("12345678901234567.8900000")), "12345678901234567.89");
}

TEST(IbkrDecode, DigitsOfNumbersAreKept) {
  const auto live =
      decode_live_orders(R"({"orders":[{"orderId":1,"status":"Submitted","totalSize":2806.4600,"filledQuantity":0.1,)"
                         R"("price":100.10}],"snapshot":true})");
  ASSERT_TRUE(live) << live.error().text;
  EXPECT_EQ(to_string(*live->orders.at(0).total_qty), "2806.4600");
  EXPECT_EQ(to_string(*live->orders.at(0).filled_qty), "0.1");
  EXPECT_EQ(to_string(*live->orders.at(0).price), "100.10");
}

TEST(IbkrDecode, AnOrderWithoutAParentHasNone) {
  const auto live = decode_live_orders(R"({"orders":[{"orderId":1,"parentId":0},{"orderId":2,"parentId":"-1"},)"
                                       R"({"orderId":3,"parentId":3},{"orderId":4,"parentId":3}],"snapshot":true})");
  ASSERT_TRUE(live) << live.error().text;
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(live->orders.at(i).parent_order_id, "") << i;
  EXPECT_EQ(live->orders.at(3).parent_order_id, "3");
}

TEST(IbkrDecode, WhatIsOfAnotherKindIsNamed) {
  const struct {
    Error error;
    const char* text;
  } cases[] = {
      {decode_live_orders("{").error(), "no JSON: incomplete JSON"},
      {decode_live_orders("[]").error(), "live orders: no object"},
      {decode_live_orders("{}").error(), "live orders.orders: missing"},
      {decode_live_orders(R"({"orders":{}})").error(), "live orders.orders: an object where an array is documented"},
      {decode_live_orders(R"({"orders":[7]})").error(), "order.element: no object"},
      {decode_live_orders(R"({"orders":[{"status":"Filled"}]})").error(), "order.orderId: missing"},
      {decode_live_orders(R"({"orders":[{"orderId":1,"filledQuantity":true}]})").error(),
       "order.filledQuantity: a truth value where a number is documented"},
      {decode_live_orders(R"({"orders":[{"orderId":1,"filledQuantity":"many"}]})").error(),
       "order.filledQuantity: no decimal number of at most 18 digits"},
      {decode_live_orders(R"({"orders":[{"orderId":1,"conid":"x"}]})").error(),
       "order.conid: no whole number of 64 bits"},
      {decode_live_orders(R"({"orders":[{"orderId":1,"lastExecutionTime_r":-1}]})").error(),
       "order.lastExecutionTime_r: no time in ms"},
      {decode_trades(R"([{"size":1}])").error(), "execution.execution_id: missing"},
      {decode_submitted("[]").error(), "submitted: an empty list"},
      {decode_submitted(R"([{"message":["?"]}])").error(), "submitted.id: missing"},
      {decode_cancel("{}").error(), "cancel.order_id: missing"},
      {decode_positions(R"({"DU1":7})").error(), "positions.DU1: no array"},
      {decode_positions(R"({"error":"x"})").error(), "positions: neither a list nor one for each account"},
      {decode_ledger(R"({"USD":7})").error(), "ledger.USD: no object"},
      {decode_secdefs("{}").error(), "secdefs.secdef: missing"},
      {decode_snapshot(R"([{"31":"1"}])").error(), "snapshot.conid: missing"},
      {decode_snapshot(R"([{"conid":1,"84":"x1"}])").error(), "snapshot.84: no price"},
      {decode_history("{}").error(), "history.data: missing"},
      {decode_history(R"({"data":[{"t":1,"o":1,"h":1,"l":1}]})").error(), "data.c: missing"},
      {decode_frame("{}").error(), "frame.topic: missing, and no message either"},
      {decode_frame(R"({"topic":"smd","31":"1"})").error(), "frame.conid: missing, and not in the topic either"},
      {decode_frame(R"({"topic":"sor","args":7})").error(), "frame.args: neither an array nor an object"},
      {decode_frame("tic").error(), "no JSON: syntax error"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(c.error.code, ErrorCode::InvalidMessage);
    EXPECT_EQ(c.error.text, c.text);
  }
}

TEST(IbkrDecode, AnIdThatIsATextIsTakenAsOneAlone) {
  const struct {
    Error error;
    const char* text;
  } cases[] = {
      {decode_trades(R"([{"execution_id":7}])").error(), "execution.execution_id: a number where a text is documented"},
      {decode_trades(R"([{"execution_id":7.5}])").error(), "execution.execution_id: a number where a text is documented"},
      {decode_trades(R"([{"execution_id":1e300}])").error(),
       "execution.execution_id: a number where a text is documented"},
      {decode_trades(R"([{"execution_id":-7}])").error(), "execution.execution_id: a number where a text is documented"},
      {decode_trades(R"([{"execution_id":18446744073709551615}])").error(),
       "execution.execution_id: a number where a text is documented"},
      {decode_trades(R"([{"execution_id":true}])").error(),
       "execution.execution_id: a truth value where a text is documented"},
      {decode_trades(R"([{"execution_id":null}])").error(), "execution.execution_id: missing"},
      {decode_trades(R"([{"execution_id":""}])").error(), "execution.execution_id: missing"},
      {decode_trades(R"([{"execution_id":"1.01","order_ref":7}])").error(),
       "execution.order_ref: a number where a text is documented"},
      {decode_frame(R"({"topic":"str","args":[{"execution_id":"1.01"},{"execution_id":7}]})").error(),
       "str.execution_id: a number where a text is documented"},
      {decode_frame(R"({"topic":"sor","args":[{"orderId":1,"order_ref":7}]})").error(),
       "sor.order_ref: a number where a text is documented"},
      {decode_live_orders(R"({"orders":[{"orderId":1,"order_ref":7}]})").error(),
       "order.order_ref: a number where a text is documented"},
      {decode_submitted(R"([{"order_id":"1","local_order_id":7}])").error(),
       "submitted.local_order_id: a number where a text is documented"},
      {decode_submitted(R"([{"id":7,"message":["?"]}])").error(), "submitted.id: a number where a text is documented"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(c.error.code, ErrorCode::InvalidMessage);
    EXPECT_EQ(c.error.text, c.text);
  }
}

TEST(IbkrDecode, AnIdOfAnOrderIsANumberHereAndATextThere) {
  for (const char* id : {"1370093239", R"("1370093239")"}) {
    const std::string member = std::string{R"("order_id":)"} + id;
    EXPECT_EQ(decode_trades(R"([{"execution_id":"1.01",)" + member + "}]")->at(0).order_id, "1370093239");
    EXPECT_EQ(decode_submitted("[{" + member + "}]")->acks.at(0).order_id, "1370093239");
    EXPECT_EQ(decode_cancel("{" + member + "}")->order_id, "1370093239");
    EXPECT_EQ(decode_order_status("{" + member + "}")->order_id, "1370093239");
  }
}

TEST(IbkrFacts, AStatusIsReadWithWhatIsFilledAndWhy) {
  const struct {
    const char* status;
    bool has_filled;
    const char* reason;
    std::optional<OrderStatus> expected;
  } cases[] = {
      {"PendingSubmit", false, "", OrderStatus::PendingNew},
      {"WarnState", false, "", OrderStatus::PendingNew},
      {"PreSubmitted", false, "", OrderStatus::New},
      {"Submitted", false, "", OrderStatus::New},
      {"Submitted", true, "", OrderStatus::PartiallyFilled},
      {"PreSubmitted", true, "", OrderStatus::PartiallyFilled},
      {"Filled", true, "", OrderStatus::Filled},
      {"PendingCancel", true, "", OrderStatus::PendingCancel},
      {"PreCancelled", false, "", OrderStatus::PendingCancel},
      {"Cancelled", false, "", OrderStatus::Canceled},
      {"Cancelled", false, "Cancelled by System: order expired", OrderStatus::Expired},
      {"Inactive", false, "", OrderStatus::Rejected},
      {"Failed", false, "", OrderStatus::Rejected},
      {"Dreaming", false, "", std::nullopt},
      {"", false, "", std::nullopt},
  };
  for (const auto& c : cases) EXPECT_EQ(order_status_of(c.status, c.has_filled, c.reason), c.expected) << c.status;
}

ibkr::Order order_named(std::string_view status) {
  ibkr::Order order;
  order.order_id = "11";
  order.client_order_id = "V1";
  order.side = "BUY";
  order.order_type = "Limit";
  order.status = status;
  order.price = "190.50"_d;
  order.total_qty = "10"_d;
  order.filled_qty = "4"_d;
  order.avg_price = "190.25"_d;
  return order;
}

TEST(IbkrFacts, TheStateOfAnOrderHasWhatIsDoneAndWhatItCame) {
  const auto state = state_of(order_named("Submitted"), symbol, VenueSource::Probe);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->order_status, OrderStatus::PartiallyFilled);
  EXPECT_EQ(state->cum_qty, "4"_d);
  EXPECT_EQ(state->cum_quote_qty, "761.00"_d);
  EXPECT_EQ(view(state->venue_order_id), "V1");
  EXPECT_EQ(view(state->broker_order_id), "11");
  EXPECT_TRUE(state->is_working);
  EXPECT_FALSE(state_of(order_named("PreSubmitted"), symbol, VenueSource::Probe)->is_working);
  EXPECT_EQ(state_of(order_named("Dreaming"), symbol, VenueSource::Probe).error().text,
            "order.status: Dreaming was never seen before");
  ibkr::Order silent = order_named("Submitted");
  silent.filled_qty.reset();
  EXPECT_EQ(state_of(silent, symbol, VenueSource::Probe).error().text,
            "order.filledQuantity: missing in an answer about it");
}

TEST(IbkrFacts, AChangeWithoutAStatusChangesNothing) {
  ibkr::Order change = order_named("");
  EXPECT_FALSE(fact_of(change, symbol).fact);
  EXPECT_TRUE(fact_of(change, symbol).unknown.empty());
  change.status = "Dreaming";
  EXPECT_FALSE(fact_of(change, symbol).fact);
  EXPECT_EQ(fact_of(change, symbol).unknown, "sor.status: Dreaming");
  const struct {
    const char* status;
    VenueEvent event;
  } cases[] = {{"Submitted", VenueEvent::State},     {"Filled", VenueEvent::State},
               {"Cancelled", VenueEvent::Canceled},  {"Inactive", VenueEvent::Rejected},
               {"PendingCancel", VenueEvent::State}, {"PendingSubmit", VenueEvent::State}};
  for (const auto& c : cases) EXPECT_EQ(fact_of(order_named(c.status), symbol).fact->event, c.event) << c.status;
}

VenueReport placed(std::string_view body) {
  NewOrder order;
  order.side = Side::Buy;
  const auto submitted = decode_submitted(body);
  EXPECT_TRUE(submitted) << submitted.error().text;
  const auto fact = fact_of_placed(*submitted, order, symbol, "V1");
  EXPECT_TRUE(fact);
  return fact.value_or(VenueReport{});
}

TEST(IbkrFacts, TheFourAnswersToAnOrderAreToldApart) {
  const VenueReport held = placed(R"([{"order_id":"11","order_status":"PreSubmitted","local_order_id":"V1"}])");
  EXPECT_EQ(held.event, VenueEvent::Accepted);
  EXPECT_EQ(view(held.broker_order_id), "11");
  EXPECT_FALSE(held.is_working);
  EXPECT_TRUE(placed(R"({"order_id":11,"order_status":"Submitted"})").is_working);
  EXPECT_EQ(placed(R"({"order_id":11,"order_status":"Filled"})").event, VenueEvent::Accepted);  // its fills come apart

  const VenueReport failed =
      placed(R"([{"order_id":"-1","order_status":"Failed","text":"does not conform to the minimum variation of 100"},)"
             R"({"order_id":"12","order_status":"Inactive"}])");
  EXPECT_EQ(failed.event, VenueEvent::Rejected);
  EXPECT_EQ(failed.error, ErrorCode::InvalidOrder);
  EXPECT_TRUE(failed.broker_order_id.empty());

  const VenueReport others = placed(R"([{"order_id":"21","order_status":"Submitted","local_order_id":"V0"}])");
  EXPECT_EQ(others.event, VenueEvent::Unknown);
  EXPECT_TRUE(others.broker_order_id.empty());
  const VenueReport own = placed(R"([{"order_id":"21","order_status":"Failed","local_order_id":"V0"},)"
                                 R"({"order_id":"22","order_status":"Submitted","local_order_id":"V1"}])");
  EXPECT_EQ(own.event, VenueEvent::Accepted);
  EXPECT_EQ(view(own.broker_order_id), "22");

  const VenueReport refused = placed(R"({"error":"No trading permissions."})");
  EXPECT_EQ(refused.event, VenueEvent::Rejected);
  EXPECT_EQ(refused.error, ErrorCode::PermissionDenied);
  EXPECT_EQ(view(refused.text), "No trading permissions.");

  // Whose order it is that has our name, asking tells; so it does where IBKR has lost the question.
  for (const std::string_view body :
       {R"({"error":"Order couldn't be submitted: Local order ID=V1 is already registered."})",
        R"({"error":"reply id not found: 'x'"})",
        R"({"orderId":11,"reqId":"7","text":"which?","options":["a"],"messageId":"p12","prompt":true})",
        R"([{"order_id":"11","order_status":"Dreaming"}])", R"([{"order_id":"11","order_status":"Cancelled"}])"}) {
    const VenueReport unknown = placed(body);
    EXPECT_EQ(unknown.event, VenueEvent::Unknown) << body;
    EXPECT_EQ(unknown.error, ErrorCode::UnknownOutcome);
  }

  const auto question = decode_submitted(R"([{"id":"q1","message":["sure?"],"messageIds":["o163"]}])");
  ASSERT_TRUE(question);
  EXPECT_FALSE(fact_of_placed(*question, NewOrder{}, symbol, "V1"));
  const VenueReport declined = fact_of_declined(question->questions.at(0), NewOrder{}, symbol, "V1");
  EXPECT_EQ(declined.event, VenueEvent::Rejected);
  EXPECT_EQ(view(declined.broker_code), "o163");
  EXPECT_EQ(view(declined.text), "not confirmed: sure?");
}

TEST(IbkrFacts, ACancelIsNeverTheEnd) {
  const auto taken = decode_cancel(R"({"msg":"Request was submitted","order_id":11,"conid":-1,"account":null})");
  EXPECT_EQ(fact_of_cancelled(*taken, symbol, "V1", "11").order_status, OrderStatus::PendingCancel);
  const auto refused = decode_cancel(R"({"error":"OrderID 11 doesn't exist"})");
  const VenueReport fact = fact_of_cancelled(*refused, symbol, "V1", "11");
  EXPECT_EQ(fact.event, VenueEvent::CancelRejected);
  EXPECT_EQ(fact.error, ErrorCode::OrderNotFound);
}

TEST(IbkrFacts, ACorrectionIsNoFill) {
  const auto fill = [](std::string_view body) {
    Instrument instrument;
    instrument.symbol = symbol;
    instrument.quote = "USD";
    return fill_of(decode_trades(body)->at(0), instrument, VenueSource::Reconcile);
  };
  const VenueReport good = fill(R"([{"execution_id":"1.2.01.01","order_ref":"V1","side":"SLD","size":5.0,)"
                                R"("price":"192.26","commission":"1.01"}])");
  EXPECT_EQ(good.event, VenueEvent::Fill);
  EXPECT_EQ(good.side, Side::Sell);
  EXPECT_EQ(view(good.trade_id), "1.2.01.01");
  EXPECT_EQ(view(good.commission_asset), "USD");
  EXPECT_EQ(fill(R"([{"execution_id":"1.2.01.02","side":"B","size":5.0,"price":"192.26"}])").event,
            VenueEvent::Unreadable);
  EXPECT_EQ(fill(R"([{"execution_id":"1.2.01.01","side":"B","size":"","price":"192.26"}])").event,
            VenueEvent::Unreadable);
}

TEST(IbkrErrors, WhatLeavesRoomForDoubtIsUnknownForOrdersAlone) {
  const std::string orders = "/iserver/account/DU1/orders", reply = "/iserver/reply/q1",
                    trades = "/iserver/account/trades";
  const struct {
    const char* method;
    std::string path;
    std::uint32_t status;
    const char* body;
    Verdict verdict;
    ErrorCode error;
  } cases[] = {
      {"POST", orders, 200, "[]", Verdict::Ok, ErrorCode::None},
      {"POST", orders, 500, "", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {"POST", orders, 503, "<html>", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {"POST", orders, 0, "", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {"POST", orders, 200, R"({"error":"never heard of"})", Verdict::Refused, ErrorCode::OrderRejected},
      {"POST", orders, 500, R"({"error":"java.lang.Exception: x"})", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {"POST", orders, 400, R"({"error":"Bad Request: no bridge"})", Verdict::Refused, ErrorCode::AuthenticationFailed},
      {"POST", orders, 429, "", Verdict::RateLimited, ErrorCode::RateLimited},
      {"POST", orders, 200, R"({"error":"invalid order attribute : Outside Regular Trading Hours"})", Verdict::Refused,
       ErrorCode::InvalidOrder},
      {"POST", orders, 200, R"({"error":"Local order ID=V1 is already registered."})", Verdict::Unknown,
       ErrorCode::DuplicateOrder},
      {"POST", orders, 403, "", Verdict::Refused, ErrorCode::PermissionDenied},
      {"POST", orders + "/whatif", 500, "", Verdict::Refused, ErrorCode::ConnectionError},
      {"POST", reply, 400, R"({"error":"reply id not found: 'q1'"})", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {"DELETE", "/iserver/account/DU1/order/11", 502, "", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {"GET", trades, 500, "", Verdict::Refused, ErrorCode::ConnectionError},
      {"GET", trades, 401, "", Verdict::Refused, ErrorCode::AuthenticationFailed},
      {"GET", trades, 410, "", Verdict::Refused, ErrorCode::ConnectionError},
      {"GET", "/iserver/account/order/status/11", 503, "", Verdict::Refused, ErrorCode::OrderNotFound},
      {"GET", "/trsrv/secdef", 404, "", Verdict::Refused, ErrorCode::InvalidSymbol},
      {"GET", "/iserver/secdef/search", 200, "[]", Verdict::Refused, ErrorCode::InvalidSymbol},
      {"POST", "/tickle", 500, "", Verdict::Refused, ErrorCode::ConnectionError},
  };
  for (const auto& c : cases) {
    const Judged judged = judge(c.method, c.path, c.status, c.body);
    EXPECT_EQ(judged.verdict, c.verdict) << c.path << ' ' << c.status << ' ' << c.body;
    EXPECT_EQ(name_of(judged.error), name_of(c.error)) << c.path << ' ' << c.status << ' ' << c.body;
  }
  EXPECT_TRUE(wants_session(judge("GET", trades, 401, R"({"error":"no bridge"})")));
  EXPECT_TRUE(wants_accounts_first(judge("GET", trades, 500, R"({"error":"Please query /accounts first"})")));
}

TEST(IbkrErrors, ReasonsBesideAnErrorAreToldAlong) {
  const auto error = decode_error(R"({"error":"no","cqe":{"post_payload":{"rejections":["too small","too late"]}}})");
  ASSERT_TRUE(error);
  EXPECT_EQ(explained(*error), "no; too small; too late");
  EXPECT_FALSE(decode_error(R"([{"error":"no"}])"));
  EXPECT_FALSE(decode_error("Service Unavailable"));
}

TEST(IbkrQuestions, OnlyWhatIsAllowedIsConfirmed) {
  const auto policy = AnswerPolicy::of({"no_market_data", "o163", "p99"});
  ASSERT_TRUE(policy) << policy.error().text;
  EXPECT_TRUE(policy->says_yes({"o354"}));
  EXPECT_TRUE(policy->says_yes({"o354", "o163"}));
  EXPECT_TRUE(policy->says_yes({"p99"}));
  EXPECT_FALSE(policy->says_yes({"o354", "o451"}));
  EXPECT_FALSE(policy->says_yes({"o999"}));
  EXPECT_FALSE(policy->says_yes({}));
  EXPECT_FALSE(AnswerPolicy{}.says_yes({"o354"}));
  EXPECT_EQ(AnswerPolicy::of({"everything"}).error().text,
            "answers: everything is neither the id of a question nor its meaning");
  EXPECT_EQ(meaning_of("o383"), "order_size");
  EXPECT_TRUE(meaning_of("o999").empty());
}

TEST(IbkrMarket, PricesMayHaveALetterInFrontAndSizesOneBehind) {
  const auto all =
      decode_snapshot(R"([{"conid":1,"31":"C123.45","84":"H1,012.5","88":"1,300","85":"1.5K",)"
                      R"("7762":"2M","86":"","82":"+0.5","83":-1.25,"6509":"DPB"},{"conid":"2","31":"H"}])");
  ASSERT_TRUE(all) << all.error().text;
  const MarketFields& fields = all->at(0);
  EXPECT_EQ(fields.last, "123.45"_d);
  EXPECT_TRUE(fields.is_prior_close);
  EXPECT_FALSE(fields.is_halted);
  EXPECT_EQ(fields.bid, "1012.5"_d);
  EXPECT_EQ(fields.bid_size, "1300"_d);
  EXPECT_EQ(fields.ask_size, "1500"_d);
  EXPECT_EQ(fields.exact_volume, "2000000"_d);
  EXPECT_FALSE(fields.ask);
  EXPECT_EQ(fields.change_percent, "-1.25"_d);
  EXPECT_EQ(fields.is_real_time(), false);
  EXPECT_FALSE(all->at(1).has_prices());
  EXPECT_TRUE(all->at(1).is_halted);
  EXPECT_FALSE(quote_of(all->at(1), symbol));
  EXPECT_FALSE(all->at(1).is_real_time());
}

TEST(IbkrMarket, TheFactorMakesVolumesShares) {
  const auto history = decode_history(
      R"({"barLength":60,"volumeFactor":40,"data":[{"t":1787059800000,"o":1,"h":2.50,"l":1,"c":2,"v":700773.675}]})");
  ASSERT_TRUE(history);
  const Bar bar = bar_of(history->bars.at(0), *history, symbol, true);
  EXPECT_EQ(bar.volume, "28030947"_d);
  EXPECT_EQ(bar.interval_ms, 60'000u);
  EXPECT_EQ(to_string(*bar.high), "2.50");
}

TEST(IbkrMarket, FramesMayBeFlat) {
  const auto orders = decode_frame(R"({"topic":"sor","orderId":"11","status":"Filled","filledQuantity":100})");
  ASSERT_TRUE(orders) << orders.error().text;
  EXPECT_EQ(std::get<OrdersFrame>(*orders).orders.at(0).order_id, "11");
  const auto quote = decode_frame(R"({"topic":"smd+265598","31":"150.25"})");
  ASSERT_TRUE(quote) << quote.error().text;
  EXPECT_EQ(std::get<QuoteFrame>(*quote).fields.conid, 265598);
  EXPECT_EQ(std::get<PnlFrame>(*decode_frame(R"({"topic":"spl","acctId":"DU1","dpl":1.5})")).rows.at(0).key, "DU1");
  EXPECT_EQ(std::get<ErrorFrame>(*decode_frame(R"({"error":"no","code":500,"topic":"sor"})")).topic, "sor");
  EXPECT_EQ(std::get<OtherFrame>(*decode_frame(R"({"topic":"xyz+1"})")).topic, "xyz+1");
}

TEST(IbkrInstruments, StocksGoByTheirTickerAndPairsByBoth) {
  const auto secdefs =
      decode_secdefs(R"({"secdef":[{"conid":265598,"currency":"USD","assetClass":"STK","ticker":"AAPL","isUS":true,)"
                     R"("incrementRules":[{"lowerEdge":0.0,"increment":0.0001},)"
                     R"({"lowerEdge":1.0,"increment":0.01},{"lowerEdge":1000.0,"increment":0.05}]},)"
                     R"({"conid":"12087792","currency":"USD","assetClass":"CASH","ticker":"EUR"},)"
                     R"({"conid":7,"currency":"EUR","assetClass":"STK","ticker":"SAP","isUS":false},)"
                     R"({"conid":2147483647,"currency":"USD","assetClass":"STK","ticker":"X","isUS":true}]})");
  ASSERT_TRUE(secdefs) << secdefs.error().text;
  const auto apple = instrument_of(secdefs->at(0));
  ASSERT_TRUE(apple);
  EXPECT_EQ(view(apple->symbol), "AAPL");
  EXPECT_EQ(view(apple->broker_symbol), "265598");
  EXPECT_EQ(apple->tick_size, "0.01"_d);
  EXPECT_EQ(apple->lot_size, "1"_d);
  EXPECT_EQ(apple->low_price, "1"_d);
  EXPECT_EQ(apple->low_tick_size, "0.0001"_d);
  EXPECT_EQ(view(instrument_of(secdefs->at(1))->symbol), "EUR/USD");
  EXPECT_FALSE(instrument_of(secdefs->at(2)));
  EXPECT_FALSE(instrument_of(secdefs->at(3)));
  const auto rules = decode_rules(R"({"orderTypes":["limit","market","midprice","trailing_stop"],)"
                                  R"("tifTypes":["IOC/MARKET,LIMIT,a","DAY/o,a","NEW/x"],)"
                                  R"("cqtTypes":["market"],"fraqInt":4,"increment":0.05})");
  const auto ruled = instrument_of(secdefs->at(0), *rules);
  EXPECT_EQ(ruled->order_types, (std::vector{OrderType::Market, OrderType::Limit}));
  EXPECT_EQ(ruled->lot_size, "0.0001"_d);
  EXPECT_EQ(ruled->tick_size, "0.05"_d);
  EXPECT_EQ(ruled->times_in_force, (std::vector{TimeInForce::ImmediateOrCancel, TimeInForce::Day}));
  EXPECT_TRUE(ruled->can_cash_order_qty);
  EXPECT_TRUE(ruled->can_trailing_stop);
}

TEST(IbkrInstruments, TheUsListingIsTheOneThatIsMeant) {
  const auto lists =
      decode_stocks(R"({"AAPL":[{"name":"LS 1X","contracts":[{"conid":1,"exchange":"LSEETF","isUS":false}]},)"
                    R"({"name":"APPLE INC","contracts":[{"conid":2,"exchange":"MEXI","isUS":false},)"
                    R"({"conid":265598,"exchange":"NASDAQ","isUS":true}]}],"NONE":[]})");
  ASSERT_TRUE(lists);
  EXPECT_EQ(us_listing(lists->at(0))->conid, 265598);
  EXPECT_FALSE(us_listing(lists->at(1)));
}

TEST(IbkrSession, TradingNeedsAllFour) {
  const auto may_trade = [](std::string_view body) { return decode_session_status(body)->may_trade(); };
  EXPECT_TRUE(may_trade(R"({"authenticated":true,"connected":true,"established":true,"competing":false})"));
  EXPECT_TRUE(may_trade(R"({"authenticated":true,"connected":true,"competing":false})"));
  EXPECT_FALSE(may_trade(R"({"authenticated":true,"connected":true,"established":false})"));
  EXPECT_FALSE(may_trade(R"({"authenticated":true,"connected":true,"competing":true})"));
  EXPECT_FALSE(may_trade(R"({"connected":true,"fail":"x"})"));
  EXPECT_FALSE(may_trade("{}"));
  EXPECT_TRUE(is_done(R"({"status":"submitted"})"));
  EXPECT_TRUE(is_done("Success"));
  EXPECT_TRUE(is_done(R"("Request was submitted")"));
  EXPECT_FALSE(is_done(R"({"status":false})"));
  EXPECT_FALSE(is_done(R"({"error":"unknown","status":"x"})"));
  EXPECT_FALSE(is_done(""));
}

TEST(IbkrAccount, TheBaseRowIsNoCurrency) {
  const auto ledger = decode_ledger(R"({"USD":{"cashbalance":-402158.5},"BASE":{"cashbalance":7},"EUR":{}})");
  const auto balances = balances_of(*ledger);
  ASSERT_EQ(balances.size(), 1u);
  EXPECT_EQ(view(balances[0].asset), "USD");
  EXPECT_EQ(balances[0].free, "-402158.5"_d);
  PositionRow row;
  row.qty = "-3.5"_d;
  EXPECT_EQ(position_of(row, symbol)->qty, "-3.5"_d);
  row.qty = "0"_d;
  EXPECT_FALSE(position_of(row, symbol));
}

TEST(IbkrLimits, StraightIsFasterThanThroughTheGateway) {
  EXPECT_EQ(rate_limits(Line::OAuth, "a").at(0).limit, 50u);
  EXPECT_EQ(rate_limits(Line::Gateway, "a").at(0).limit, 10u);
}

// ---- Hours

constexpr Timestamp s_ns = 1'000'000'000;

// As IBKR's page on it shows them: a day whose extended hours end with the regular ones, and one without regular hours.
TEST(IbkrHours, ExtendedHoursAreWhatTheRegularOnesLeave) {
  const auto said = decode_trading_schedule(R"({"exchange_time_zone":"US/Central","schedules":{
      "20251218":{"extended_hours":[{"cancel_daily_orders":true,"closing":1766095200,"opening":1766012400}],
                  "liquid_hours":[{"closing":1766095200,"opening":1766068200}]},
      "20251226":{"extended_hours":[{"cancel_daily_orders":true,"closing":1766786400,"opening":1766703600}]}}})");
  ASSERT_TRUE(said) << said.error().text;
  const auto sessions = sessions_of(*said);
  ASSERT_EQ(sessions.size(), 3u);
  EXPECT_EQ(sessions[0].kind, TradingSessionKind::Extended);
  EXPECT_EQ(sessions[0].open_ns, 1'766'012'400 * s_ns);
  EXPECT_EQ(sessions[0].close_ns, 1'766'068'200 * s_ns);
  EXPECT_EQ(sessions[1].kind, TradingSessionKind::Regular);
  EXPECT_EQ(sessions[1].close_ns, 1'766'095'200 * s_ns);
  EXPECT_EQ(sessions[2].kind, TradingSessionKind::Extended);
}

TEST(IbkrHours, ADayMayHaveALunch) {
  const TradingHours said{.liquid = {{50, 60}, {20, 40}}, .extended = {{10, 70}}};
  std::string text;
  for (const TradingSession& each : sessions_of(said)) {
    text += (each.kind == TradingSessionKind::Regular ? "R" : "E") + std::to_string(each.open_ns) + "-" +
            std::to_string(each.close_ns) + " ";
  }
  EXPECT_EQ(text, "E10-20 R20-40 E40-50 R50-60 E60-70 ");
}

TEST(IbkrHours, WhatIsNoScheduleIsRefused) {
  for (const char* body : {"[]", "{}", R"({"schedules":[]})", R"({"schedules":{"20251218":{"liquid_hours":[{"opening":1}]}}})",
                           R"({"schedules":{"20251218":{"liquid_hours":[{"opening":1,"closing":99999999999}]}}})",
                           R"({"schedules":{"20251218":{"liquid_hours":[{"opening":-5,"closing":9}]}}})"}) {
    EXPECT_FALSE(decode_trading_schedule(body)) << body;
  }
  const auto empty = decode_trading_schedule(R"({"schedules":{"20251218":{"liquid_hours":[{"opening":9,"closing":9}]}}})");
  ASSERT_TRUE(empty);
  EXPECT_TRUE(sessions_of(*empty).empty());
}

TEST(IbkrHours, EachContractHasItsOwn) {
  EXPECT_EQ(view(market_of("CME", 1)), "CME@1");
  EXPECT_EQ(view(market_of("", 4)), "4");
}

TEST(IbkrDecode, WhatAnOrderWouldComeToIsWrittenForPeople) {
  const auto whole = [](std::string_view text) {
    const Money money = money_of(text);
    return (money.amount ? to_string(*money.amount) : std::string{"?"}) + " " + money.currency;
  };
  EXPECT_EQ(whole("1,977.60 USD (10 Shares)"), "1977.60 USD");
  EXPECT_EQ(whole("1.1 ... 1.2 USD"), "1.2 USD") << "the highest";
  EXPECT_EQ(whole("214,413,456"), "214413456 ");
  EXPECT_EQ(whole("-12.5 EUR"), "-12.5 EUR");
  for (const char* text : {"", " ", "N/A", "1,2 usd", "USD 7"}) EXPECT_FALSE(money_of(text).amount) << text;

  const auto said = decode_whatif(R"x({"amount":{"amount":"1,977.60 USD (10 Shares)","commission":"1 USD","total":"1,978.60 USD"},
    "equity":{"current":"9","change":"0","after":"9"},"initial":{"current":"100","change":"2","after":"1,102"},
    "maintenance":{"current":"50","change":"1","after":"51"},"warn":"21/no market data","error":null})x");
  ASSERT_TRUE(said) << said.error().text;
  Instrument instrument;
  instrument.quote = "EUR";
  const Preview preview = preview_of(*said, {}, instrument);
  EXPECT_TRUE(preview.is_accepted);
  EXPECT_EQ(preview.cash_order_qty, "1977.60"_d);
  EXPECT_EQ(preview.commission, "1"_d);
  EXPECT_EQ(view(preview.commission_asset), "USD");
  EXPECT_EQ(preview.order_total, "1978.60"_d);
  EXPECT_EQ(preview.initial_margin, "1102"_d) << "of the account, with the order";
  EXPECT_EQ(preview.maintenance_margin, "51"_d);
  EXPECT_EQ(view(preview.text), "21/no market data");
  EXPECT_FALSE(decode_whatif("{}"));
  const auto no = decode_whatif(R"({"amount":{"amount":"9 USD"},"error":"No trading permissions."})");
  ASSERT_TRUE(no);
  EXPECT_EQ(preview_of(*no, {}, {}).error, ErrorCode::PermissionDenied);
}

}  // namespace
}  // namespace busbar::ibkr
