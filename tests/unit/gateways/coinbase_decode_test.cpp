#include "gateways/coinbase/decode.hpp"

#include <gtest/gtest.h>

#include "gateways/coinbase/decode_hot.hpp"
#include "gateways/coinbase/decode_market.hpp"
#include "gateways/coinbase/errors.hpp"
#include "gateways/coinbase/facts.hpp"
#include "gateways/coinbase/instruments.hpp"
#include "tests/unit/gateways/damaged_frames.hpp"

namespace busbar::coinbase {
namespace {

using namespace busbar::literals;

const Symbol symbol{"BTC/USD"};

std::string order_json(std::string_view status, std::string_view more = {}) {
  return R"({"order":{"order_id":"B1","client_order_id":"V1","product_id":"BTC-USD","side":"BUY","status":")" +
         std::string{status} +
         R"(","order_configuration":{"limit_limit_gtc":{"base_size":"2","limit_price":"100.50","post_only":false}},)" +
         R"("created_time":"2024-01-15T10:00:00Z","filled_size":"0.5","filled_value":"50.25","average_filled_price":"100.5")" +
         std::string{more} + "}}";
}

std::string in_words(const Placed& placed) {
  return (placed.success ? "placed " : "not placed ") + placed.order_id + " " + placed.client_order_id.value_or("none") + " " +
         placed.product_id.value_or("none") + " " + placed.side.value_or("none") + " " + placed.reason +
         placed.message.value_or("none") + placed.details.value_or("none");
}

TEST(CoinbaseDecode, AnOrderThatIsReadFastTheStrictReaderReadsAlike) {
  int fast = 0;
  const std::string placed =
      R"({"success":true,"failure_reason":"UNKNOWN_FAILURE_REASON","order_id":"B1","success_response":{"order_id":"B1",)"
      R"("product_id":"BTC-USD","side":"BUY","client_order_id":"V1"},"order_configuration":{"limit_limit_gtc":)"
      R"({"base_size":"1.5","limit_price":"65123.45","post_only":false}}})";
  for_each_damaged(placed, [&](const std::string& text) {
    Placed hot;
    if (!read_hot(text, hot)) return;
    ++fast;
    const auto strict = decode_placed(for_the_strict_reader(text));
    ASSERT_TRUE(strict) << text << " " << strict.error().text;
    EXPECT_EQ(in_words(hot), in_words(*strict)) << text;
  });
  EXPECT_GT(fast, 100);
  Placed none;
  EXPECT_FALSE(read_hot(R"({"success":false,"error_response":{"error":"INSUFFICIENT_FUND"}})", none));
  EXPECT_FALSE(read_hot(R"({"success":true,"success_response":{"order_id":""}})", none));
}

TEST(CoinbaseDecode, AStatusIsReadWithWhatIsFilled) {
  const struct {
    const char* status;
    const char* more;
    OrderStatus expected;
  } cases[] = {
      {"PENDING", "", OrderStatus::PendingNew},
      {"QUEUED", "", OrderStatus::PendingNew},
      {"OPEN", "", OrderStatus::PartiallyFilled},
      {"OPEN", R"(,"pending_cancel":true)", OrderStatus::PendingCancel},
      {"CANCEL_QUEUED", "", OrderStatus::PendingCancel},
      {"EDIT_QUEUED", "", OrderStatus::PendingReplace},
      {"FILLED", "", OrderStatus::Filled},
      {"CANCELLED", R"(,"pending_cancel":true)", OrderStatus::Canceled},
      {"EXPIRED", "", OrderStatus::Expired},
      {"FAILED", R"(,"reject_reason":"HOLD_FAILURE","reject_message":"no hold")", OrderStatus::Rejected},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.status);
    const auto order = decode_order(order_json(c.status, c.more));
    ASSERT_TRUE(order) << order.error().text;
    const auto state = state_of(*order, symbol, VenueSource::Probe);
    ASSERT_TRUE(state) << state.error().text;
    EXPECT_EQ(state->order_status, c.expected);
    EXPECT_EQ(state->event, VenueEvent::State);
    EXPECT_EQ(view(state->venue_order_id), "V1");
    EXPECT_EQ(view(state->broker_order_id), "B1");
    EXPECT_EQ(state->order_qty, "2"_d);
    EXPECT_EQ(state->price, "100.5"_d);
    EXPECT_EQ(state->cum_qty, "0.5"_d);
    EXPECT_EQ(state->cum_quote_qty, "50.25"_d);
    EXPECT_EQ(state->transact_time_ns, 1'705'312'800'000'000'000);
    EXPECT_EQ(state->error, c.expected == OrderStatus::Rejected ? ErrorCode::InsufficientFunds : ErrorCode::None);
  }
  const auto unheard = state_of(*decode_order(order_json("MELTED")), symbol, VenueSource::Probe);
  ASSERT_FALSE(unheard);
  EXPECT_EQ(unheard.error().text, "order.status: MELTED was never seen before");
}

TEST(CoinbaseDecode, AStopThatWaitsIsNotWorking) {
  const auto order = decode_order(order_json("OPEN", R"(,"trigger_status":"STOP_PENDING")"));
  EXPECT_FALSE(state_of(*order, symbol, VenueSource::Probe)->is_working);
  EXPECT_TRUE(state_of(*decode_order(order_json("OPEN")), symbol, VenueSource::Probe)->is_working);
}

TEST(CoinbaseDecode, HostileAnswersAreRefusedByTheNameOfTheMember) {
  const struct {
    const char* what;
    std::string body;
    const char* complaint;
  } cases[] = {
      {"a number for an amount", order_json("OPEN", R"(,"total_fees":1.5)"),
       "order.total_fees: a number where a string is documented"},
      {"a huge number",
       R"({"order":{"order_id":"B1","product_id":"P","status":"OPEN","filled_size":"99999999999999999999"}})",
       "order.filled_size: no decimal number of at most 18 digits"},
      {"too small a one", R"({"order":{"order_id":"B1","product_id":"P","status":"OPEN","filled_size":"1e-400"}})",
       "order.filled_size: no decimal number of at most 18 digits"},
      {"too small a mean",
       R"({"order":{"order_id":"B1","product_id":"P","status":"OPEN","average_filled_price":"1e-400"}})",
       "order.average_filled_price: no decimal number of at most 18 digits before the point"},
      {"a text for a list", R"({"order":{"order_id":"B1","product_id":"P","status":"OPEN","edit_history":"x"}})",
       "order.edit_history: a string where an array is documented"},
      {"a list for an order", R"({"order":[]})", "answer.order: an array where an object is documented"},
      {"no order", R"({})", "answer.order: missing"},
      {"an order without its name", R"({"order":{"product_id":"P","status":"OPEN"}})", "order.order_id: missing"},
      {"a configuration that is a number",
       R"({"order":{"order_id":"B1","product_id":"P","status":"OPEN","order_configuration":{"x":1}}})",
       "order.order_configuration: a configuration that is no object"},
      {"HTML", "<html><body>502</body></html>", "no JSON"},
      {"nothing", "", "no JSON"},
      {"a list", "[]", "order: no object"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.what);
    const auto order = decode_order(c.body);
    ASSERT_FALSE(order);
    EXPECT_EQ(order.error().code, ErrorCode::InvalidMessage);
    EXPECT_EQ(order.error().text.find(c.complaint), 0u) << order.error().text;
  }
  EXPECT_EQ(decode_orders("{}").error().text, "answer.orders: missing");
  EXPECT_EQ(decode_fills(R"({"fills":[1]})").error().text, "fills.element: no object");
  EXPECT_EQ(decode_fills(R"({"fills":[{"entry_id":"E"}]})").error().text, "fill.trade_id: missing");
  EXPECT_EQ(decode_placed(R"({"success":"yes"})").error().text,
            "placed.success: a string where true or false is documented");
  EXPECT_EQ(decode_placed(R"({"success":true})").error().text, "placed.order_id: missing");
  EXPECT_EQ(decode_time(R"({"epochMillis":"12x"})").error().text, "time.epochMillis: no whole number of 64 bits");
  for (const char* start : {"x", "-1", "9000000001", "9223372036854775807", "92233720368547758070"}) {  // and it is told in ns
    const std::string candle = R"({"candles":[{"start":")" + std::string{start} +
                               R"(","open":"1","high":"1","low":"1","close":"1","volume":"1"}]})";
    const auto decoded = decode_candles(candle);
    ASSERT_FALSE(decoded) << start;
    EXPECT_EQ(decoded.error().text, "candle.start: no time in seconds") << start;
  }
}

TEST(CoinbaseDecode, MeansWithMoreDigitsThanADecimalAreCutAndAmountsNever) {
  const auto order = decode_order(
      R"({"order":{"order_id":"B1","product_id":"P","status":"OPEN","filled_size":"","average_filled_price":"26123.45678901234567890123"}})");
  ASSERT_TRUE(order) << order.error().text;
  EXPECT_EQ(order->average_filled_price, "26123.45678901234567"_d);
  EXPECT_FALSE(order->filled_size);
  EXPECT_FALSE(state_of(*order, symbol, VenueSource::Probe));  // how much is filled must be said
}

TEST(CoinbaseDecode, NullIsAnEmptyList) {
  EXPECT_TRUE(decode_orders(R"({"orders":null,"has_next":false})")->orders.empty());
  EXPECT_TRUE(decode_fills(R"({"fills":null,"cursor":""})")->fills.empty());
  EXPECT_TRUE(decode_products(R"({"products":null})")->products.empty());
}

TEST(CoinbaseDecode, ItIsSuccessThatCountsAndNotTheReason) {
  const auto good = decode_placed(
      R"({"success":true,"failure_reason":"UNKNOWN_FAILURE_REASON","order_id":"","success_response":{"order_id":"B1"}})");
  ASSERT_TRUE(good) << good.error().text;
  const VenueReport accepted = fact_of_placed(*good, NewOrder{.order_type = OrderType::Limit}, symbol, "V1");
  EXPECT_EQ(accepted.event, VenueEvent::Accepted);
  EXPECT_EQ(view(accepted.broker_order_id), "B1");
  EXPECT_TRUE(accepted.is_working);
  EXPECT_FALSE(fact_of_placed(*good, NewOrder{.order_type = OrderType::StopLimit}, symbol, "V1").is_working);
  const auto older = decode_placed(R"({"success":true,"order_id":"B2"})");
  ASSERT_TRUE(older) << older.error().text;
  EXPECT_EQ(older->order_id, "B2");
  const auto bad = decode_placed(
      R"({"success":false,"error_response":{"error":"UNKNOWN_FAILURE_REASON","message":"m","preview_failure_reason":"PREVIEW_INSUFFICIENT_FUND"}})");
  ASSERT_TRUE(bad) << bad.error().text;
  const VenueReport rejected = fact_of_placed(*bad, NewOrder{}, symbol, "V1");
  EXPECT_EQ(rejected.event, VenueEvent::Rejected);
  EXPECT_EQ(rejected.error, ErrorCode::InsufficientFunds);
  EXPECT_EQ(view(rejected.broker_code), "PREVIEW_INSUFFICIENT_FUND");
  EXPECT_EQ(view(rejected.text), "PREVIEW_INSUFFICIENT_FUND: m");
}

TEST(CoinbaseDecode, ANameThatIsTakenLeavesOpenWhoseOrderItIs) {
  const auto taken = decode_placed(R"({"success":false,"error_response":{"error":"DUPLICATE_CLIENT_ORDER_ID"}})");
  EXPECT_EQ(fact_of_placed(*taken, NewOrder{}, symbol, "V1").event, VenueEvent::Unknown);
}

TEST(CoinbaseDecode, TheNewestEditIsWhatAnOrderStandsFor) {
  const auto terms = [](std::string_view history) {
    const auto order = decode_order(order_json("OPEN", history));
    EXPECT_TRUE(order) << order.error().text;
    return order ? terms_of(*order) : std::nullopt;
  };
  EXPECT_EQ(terms(""), (Terms{"2"_d, "100.5"_d})) << "as it was placed";
  EXPECT_EQ(terms(R"(,"edit_history":[{"price":"101","size":"4","replace_accept_timestamp":"2026-01-01T00:00:01Z"}])"),
            (Terms{"4"_d, "101"_d}));
  // In whatever order they come, and whatever one of them leaves out.
  EXPECT_EQ(terms(R"(,"edit_history":[{"price":"103","replace_accept_timestamp":"2026-01-01T00:00:03Z"},)"
                  R"({"price":"102","size":"3","replace_accept_timestamp":"2026-01-01T00:00:02Z"}])"),
            (Terms{"3"_d, "103"_d}));
  EXPECT_EQ(terms(R"(,"edit_history":[{"price":"101","size":"4","replace_accept_timestamp":""}])"), (Terms{"4"_d, "101"_d}))
      << "documentation leaves the time out";
  const auto by_amount = decode_order(
      R"({"order":{"order_id":"B1","product_id":"P","status":"OPEN","order_configuration":{"market_market_ioc":{"quote_size":"10"}}}})");
  ASSERT_TRUE(by_amount) << by_amount.error().text;
  EXPECT_EQ(terms_of(*by_amount), std::nullopt);
}

TEST(CoinbaseDecode, APreviewSaysWhyNotAndWarns) {
  const auto said = decode_preview(
      R"({"order_total":"10.06","commission_total":"0.06","errs":["PREVIEW_INSUFFICIENT_FUND","X"],"warning":["BIG_ORDER"],)"
      R"("quote_size":"10","base_size":"0.0001","best_bid":"99999","best_ask":"100001","slippage":"0.0002",)"
      R"("est_average_filled_price":"100000.5","preview_id":"p"})");
  ASSERT_TRUE(said) << said.error().text;
  Instrument instrument;
  instrument.quote = "USD";
  const busbar::Preview preview = preview_of(*said, instrument);
  EXPECT_FALSE(preview.is_accepted);
  EXPECT_EQ(preview.error, ErrorCode::InsufficientFunds);
  EXPECT_EQ(view(preview.reason), "PREVIEW_INSUFFICIENT_FUND, X");
  EXPECT_EQ(view(preview.text), "BIG_ORDER");
  EXPECT_EQ(preview.avg_px, "100000.5"_d);
  EXPECT_EQ(preview.slippage, "0.0002"_d);
  EXPECT_EQ(view(preview.commission_asset), "USD");
}

TEST(CoinbaseDecode, WhatAPortfolioComesToIsReadOutOfItsBreakdown) {
  const auto said = decode_breakdown(
      R"({"breakdown":{"portfolio":{"uuid":"u1"},"portfolio_balances":{"total_balance":{"value":"12.5","currency":"EUR"},)"
      R"("total_cash_equivalent_balance":{"value":"2.5","currency":"EUR"}},"spot_positions":[]}})");
  ASSERT_TRUE(said) << said.error().text;
  EXPECT_EQ(said->total_balance, "12.5"_d);
  EXPECT_EQ(said->total_cash_equivalent_balance, "2.5"_d);
  EXPECT_EQ(said->currency, "EUR");
  EXPECT_FALSE(decode_breakdown("{}"));
}

TEST(CoinbaseDecode, ACancelThatHasBegunIsNotDone) {
  const auto results = decode_cancelled(
      R"({"results":[{"success":true,"failure_reason":"UNKNOWN_CANCEL_FAILURE_REASON","order_id":"B1"},)"
      R"({"success":false,"failure_reason":"UNKNOWN_CANCEL_ORDER","order_id":"B2"}]})");
  ASSERT_TRUE(results) << results.error().text;
  const VenueReport begun = fact_of_cancelled(results->at(0), symbol, "V1");
  EXPECT_EQ(begun.event, VenueEvent::State);
  EXPECT_EQ(begun.order_status, OrderStatus::PendingCancel);
  const VenueReport refused = fact_of_cancelled(results->at(1), symbol, "V2");
  EXPECT_EQ(refused.event, VenueEvent::CancelRejected);
  EXPECT_EQ(refused.error, ErrorCode::OrderNotFound);
}

TEST(CoinbaseDecode, AnEditSaysWhyNot) {
  const auto edited =
      decode_edited(R"({"success":false,"errors":[{"edit_failure_reason":"CANNOT_EDIT_TO_BELOW_FILLED_SIZE"}]})");
  ASSERT_TRUE(edited) << edited.error().text;
  EXPECT_EQ(edited->reason, "CANNOT_EDIT_TO_BELOW_FILLED_SIZE");
  EXPECT_EQ(unified_edit_reason(edited->reason), ErrorCode::InvalidOrder);
  EXPECT_TRUE(decode_edited(R"({"success":true,"errors":[]})")->success);
}

Instrument btc_usd() {
  Instrument instrument;
  instrument.symbol = symbol;
  instrument.quote = "USD";
  instrument.lot_size = "0.00000001"_d;
  return instrument;
}

TEST(CoinbaseDecode, AFillInQuoteIsASizeAllTheSame) {
  const Fill fill{.entry_id = "E1",
                  .trade_id = "T1",
                  .order_id = "B1",
                  .trade_time = "2024-01-15T10:30:00.5Z",
                  .trade_type = "FILL",
                  .price = "30000"_d,
                  .size = "100"_d,
                  .commission = "0.6"_d,
                  .product_id = "BTC-USD",
                  .liquidity_indicator = "TAKER",
                  .size_in_quote = true,
                  .side = "BUY"};
  const VenueReport fact = fill_of(fill, btc_usd(), "V1", VenueSource::Reconcile);
  EXPECT_EQ(fact.event, VenueEvent::Fill);
  EXPECT_EQ(fact.last_qty, "0.00333333"_d);
  EXPECT_EQ(view(fact.trade_id), "E1");
  EXPECT_EQ(view(fact.commission_asset), "USD");
  EXPECT_EQ(fact.liquidity, Liquidity::Taker);
  EXPECT_EQ(fact.transact_time_ns, 1'705'314'600'500'000'000);
}

TEST(CoinbaseDecode, WhatTakesAFillBackIsAnAlarmAndNoFill) {
  Fill fill{.entry_id = "E1",
            .trade_id = "T1",
            .order_id = "B1",
            .trade_time = "2024-01-15T10:30:00Z",
            .trade_type = "REVERSAL",
            .price = "3"_d,
            .size = "1"_d,
            .commission = {},
            .product_id = "BTC-USD",
            .liquidity_indicator = {},
            .size_in_quote = false,
            .side = "BUY"};
  const VenueReport fact = fill_of(fill, btc_usd(), "V1", VenueSource::Reconcile);
  EXPECT_EQ(fact.event, VenueEvent::Unreadable);
  EXPECT_EQ(view(fact.text), "a REVERSAL of 1 at 3, entry E1");
  fill.trade_type = "FILL";
  fill.size_in_quote = true;
  fill.price = Decimal{};  // nothing can be divided by it
  EXPECT_EQ(fill_of(fill, btc_usd(), "V1", VenueSource::Reconcile).event, VenueEvent::Unreadable);
}

TEST(CoinbaseDecode, ProductsBecomeInstrumentsWithTheirOwnPriceStep) {
  const std::string rest =
      R"("product_id":"BTC-USDC","base_currency_id":"BTC","quote_currency_id":"USDC","product_type":"SPOT",)"
      R"("status":"online","base_increment":"0.00000001","quote_increment":"0.01","price_increment":"0.5",)"
      R"("base_min_size":"0.0001","base_max_size":"10","quote_min_size":"1","quote_max_size":"1000000","alias":"BTC-USD")";
  const auto of = [&](std::string_view more) {
    return *instrument_of(*decode_product("{" + rest + std::string{more} + "}"));
  };
  const Instrument instrument = of("");
  EXPECT_EQ(view(instrument.symbol), "BTC/USDC");
  EXPECT_EQ(instrument.tick_size, "0.5"_d);
  EXPECT_EQ(instrument.lot_size, "0.00000001"_d);
  EXPECT_EQ(instrument.quote_precision, 2);
  EXPECT_EQ(instrument.min_notional, "1"_d);
  EXPECT_EQ(instrument.status, TradingStatus::Trading);
  EXPECT_EQ(book_product(*decode_product("{" + rest + "}")), "BTC-USD");
  EXPECT_EQ(of(R"(,"trading_disabled":true)").status, TradingStatus::Halted);
  EXPECT_EQ(of(R"(,"cancel_only":true)").status, TradingStatus::CancelOnly);
  EXPECT_EQ(of(R"(,"auction_mode":true)").status, TradingStatus::PreOpen);
  EXPECT_FALSE(of(R"(,"limit_only":true)").can_cash_order_qty);
  EXPECT_EQ(of(R"(,"limit_only":true)").order_types.size(), 3u);
  const auto traded = decode_product("{" + rest + R"(,"price":"67250.1","volume_24h":"12.5"})");
  EXPECT_EQ(traded->price, "67250.1"_d);
  EXPECT_EQ(traded->volume_24h, "12.5"_d);
  EXPECT_FALSE(decode_product("{" + rest + R"(,"price":""})")->price) << "nothing was traded yet";
}

TEST(CoinbaseDecode, OneBadProductLeavesTheOthers) {
  const auto list = decode_products(R"({"products":[{"product_id":"A-B","base_increment":1},7,{"product_id":"C-D"}]})");
  ASSERT_TRUE(list) << list.error().text;
  ASSERT_EQ(list->products.size(), 1u);
  EXPECT_EQ(list->complaints,
            (std::vector<std::string>{"A-B: product.base_increment: a number where a string is documented",
                                      "products.element: no object"}));
  EXPECT_FALSE(instrument_of(list->products.front()));  // no currencies: none are guessed
}

TEST(CoinbaseDecode, TheMakersSideIsTheOtherOne) {
  const auto said = decode_market_trades(
      R"({"trades":[{"trade_id":"1","product_id":"BTC-USD","price":"2","size":"1","side":"SELL","time":"2024-01-15T10:30:00Z"},)"
      R"({"trade_id":"2","product_id":"BTC-USD","price":"2","size":"1","side":"UNKNOWN_ORDER_SIDE","time":"2024-01-15T10:30:00Z"}]})");
  ASSERT_TRUE(said) << said.error().text;
  EXPECT_EQ(trade_of(said->trades[0], symbol).aggressor, Side::Buy);
  EXPECT_EQ(trade_of(said->trades[1], symbol).aggressor, Side::Unset);
}

TEST(CoinbaseErrors, AWriteIsOnlyRefusedWhereNothingCanHaveHappened) {
  const struct {
    std::uint32_t status;
    const char* body;
    Verdict verdict;
    ErrorCode error;
  } cases[] = {
      {200, R"({"success":false})", Verdict::Ok, ErrorCode::None},
      {400, R"({"error":"INVALID_ARGUMENT","code":3,"message":"x"})", Verdict::Refused, ErrorCode::InvalidOrder},
      {400, R"({"error":"INSUFFICIENT_FUND"})", Verdict::Refused, ErrorCode::InsufficientFunds},
      {400, "", Verdict::Refused, ErrorCode::InvalidOrder},
      {401, "Unauthorized", Verdict::Refused, ErrorCode::AuthenticationFailed},
      {403, R"({"error":"PERMISSION_DENIED","error_details":"Missing required scopes"})", Verdict::Refused,
       ErrorCode::PermissionDenied},
      {404, R"({"error":"NOT_FOUND"})", Verdict::Refused, ErrorCode::OrderNotFound},
      {408, "", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {429, R"({"errors":[{"id":"rate_limit_exceeded","message":"Too many requests"}]})", Verdict::RateLimited,
       ErrorCode::RateLimited},
      {500, R"({"error":"INVALID_ARGUMENT"})", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {502, "<html>bad gateway</html>", Verdict::Unknown, ErrorCode::UnknownOutcome},
      {302, "", Verdict::Unknown, ErrorCode::UnknownOutcome},
  };
  for (const auto& c : cases) {
    const Judged judged = judge_write(c.status, c.body);
    EXPECT_EQ(judged.verdict, c.verdict) << c.status << c.body;
    EXPECT_EQ(judged.error, c.error) << c.status << c.body;
  }
  EXPECT_EQ(judge_read(404, "", "/api/v3/brokerage/products/X").error, ErrorCode::InvalidSymbol);
  EXPECT_EQ(judge_read(503, "").error, ErrorCode::ConnectionError);
  EXPECT_TRUE(is_worth_asking_again(judge_read(503, "")));
  EXPECT_TRUE(is_worth_asking_again(judge_read(429, "")));
  EXPECT_FALSE(is_worth_asking_again(judge_read(401, "")));
}

TEST(CoinbaseErrors, AfterTooManyItIsQuietAsLongAsItWasTold) {
  const struct {
    const char* retry_after;
    std::int64_t ms;
  } cases[] = {{"3", 3'000}, {"0", 1'000}, {"", 1'000}, {"-5", 1'000}, {"soon", 1'000}, {"3 s", 1'000},
               {"99999999999999999999", 1'000}, {"99999999999", 604'800'000}};
  for (const auto& c : cases) EXPECT_EQ(hold_back_ms(c.retry_after), c.ms) << c.retry_after;
}

TEST(CoinbaseErrors, HeadersTellOfALimitThatIsOurs) {
  EXPECT_EQ(used_of("30", "2", 30), 28u);
  EXPECT_EQ(used_of("30", "0", 30), 30u);
  EXPECT_FALSE(used_of("30", "20", 30)) << "no need to tell";
  EXPECT_FALSE(used_of("10000", "2", 30)) << "of an hour, perhaps";
  EXPECT_FALSE(used_of("30", "", 30));
  EXPECT_FALSE(used_of("", "", 30));
  EXPECT_FALSE(used_of("30", "-1", 30));
}

TEST(CoinbaseErrors, AReasonNeverSeenIsARefusalWithItsWordKept) {
  EXPECT_EQ(unified_reason("PREVIEW_INVALID_BASE_SIZE_TOO_SMALL"), ErrorCode::InvalidOrder);
  EXPECT_EQ(unified_reason("ORDER_ENTRY_DISABLED"), ErrorCode::MarketClosed);
  EXPECT_EQ(unified_reason("SOMETHING_NEW"), ErrorCode::OrderRejected);
  EXPECT_EQ(unified_reason(""), ErrorCode::OrderRejected);
  const auto gone = decode_placed(
      R"({"success":false,"error_response":{"error":"SOMETHING_NEW","message":"account is not available"}})");
  const VenueReport fact = fact_of_placed(*gone, NewOrder{}, symbol, "V1");
  EXPECT_EQ(view(fact.text).substr(0, 43), "SOMETHING_NEW: account is not available (is");
}

}  // namespace
}  // namespace busbar::coinbase
