#include "gateways/alpaca/decode.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "gateways/alpaca/decode_hot.hpp"
#include "gateways/alpaca/decode_market.hpp"
#include "gateways/alpaca/facts.hpp"
#include "gateways/alpaca/wire.hpp"

namespace busbar::alpaca {
namespace {

using namespace busbar::literals;

const Symbol symbol{"AAPL"};

std::string order_json(std::string_view status, std::string_view more = {}) {
  return R"({"id":"B1","client_order_id":"V1","symbol":"AAPL","side":"buy","type":"limit","time_in_force":"day",)"
         R"("qty":"2","filled_qty":"0.5","filled_avg_price":"3648.1242857142857143","limit_price":"100.50",)"
         R"("created_at":"2024-01-15T05:00:00-05:00","status":")" +
         std::string{status} + "\"" + std::string{more} + "}";
}

std::string update_json(std::string_view event, std::string_view status, std::string_view more = {}) {
  return R"({"stream":"trade_updates","data":{"event":")" + std::string{event} + R"(","order":)" + order_json(status) +
         std::string{more} + "}}";
}

// ---- The wire

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

std::string read(std::string_view frame) {
  const auto value = parse_frame(frame);
  return value ? boost::json::serialize(*value) : value.error().text;
}

TEST(AlpacaWire, NumbersKeepTheirDigits) {
  EXPECT_EQ(read(R"([1.10, 18446744073709551615, -5, 1e-7, "x", null, true])"),
            R"(["1.10","18446744073709551615","-5","1e-7","x",null,true])");
}

TEST(AlpacaWire, ANumberIsNoId) {
  EXPECT_EQ(read(R"({"id":7,"order_id":1.5,"execution_\u0069d":1.5,"qty":7,"i":7,"legs":[{"replaces":-1,"price":1.5}]})"),
            R"({"id":7,"order_id":1.5E0,"execution_id":1.5E0,"qty":"7","i":"7","legs":[{"replaces":-1,"price":"1.5"}]})");
  EXPECT_EQ(read(bytes({0x83, 0xA2, 'i', 'd', 7, 0xA1, 'i', 0xCC, 0xFF, 0xA2, 'i', 'd'})).substr(0, 14), "no MessagePack");
  EXPECT_EQ(read(bytes({0x82, 0xA2, 'i', 'd', 7, 0xA1, 'i', 0xCC, 0xFF})), R"({"id":0,"i":"255"})");
  EXPECT_EQ(read(bytes({0x81, 0xA2, 'i', 'd', 0xCB, 0x40, 0x58, 0xF9, 0x99, 0x99, 0x99, 0x99, 0x9A})), R"({"id":0})");
  EXPECT_EQ(read(bytes({0x81, 0xA2, 'i', 'd', 0xA1, '7'})), R"({"id":"7"})");
}

TEST(AlpacaWire, MessagePackIsReadInEveryWidth) {
  EXPECT_EQ(read(bytes({0x97, 0xC0, 0xC2, 0xC3, 0x7F, 0xE0, 0xCC, 0xFF, 0xD0, 0x80})),
            R"([null,false,true,"127","-32","255","-128"])");
  EXPECT_EQ(read(bytes({0x92, 0xCD, 0x01, 0x00, 0xD1, 0x80, 0x00})), R"(["256","-32768"])");
  EXPECT_EQ(read(bytes({0x92, 0xCE, 0xFF, 0xFF, 0xFF, 0xFF, 0xD2, 0x80, 0, 0, 0})), R"(["4294967295","-2147483648"])");
  EXPECT_EQ(read(bytes({0x92, 0xCF, 255, 255, 255, 255, 255, 255, 255, 255, 0xD3, 128, 0, 0, 0, 0, 0, 0, 0})),
            R"(["18446744073709551615","-9223372036854775808"])");
  EXPECT_EQ(read(bytes({0x91, 0xCA, 0x42, 0xC7, 0xCC, 0xCD})), R"(["99.9"])");
  EXPECT_EQ(read(bytes({0x91, 0xCB, 0x40, 0x58, 0xF9, 0x99, 0x99, 0x99, 0x99, 0x9A})), R"(["99.9"])");
  EXPECT_EQ(read(bytes({0x91, 0xCB, 0x44, 0x4B, 0x1A, 0xE4, 0xD6, 0xE2, 0xEF, 0x50})), R"(["1000000000000000000000"])");
  EXPECT_EQ(read(bytes({0xDC, 0, 1, 0xD9, 1, 'a'})), R"(["a"])");
  EXPECT_EQ(read(bytes({0xDD, 0, 0, 0, 1, 0xDA, 0, 1, 'b'})), R"(["b"])");
  EXPECT_EQ(read(bytes({0xDE, 0, 1, 0xDB, 0, 0, 0, 1, 'c', 1})), R"({"c":"1"})");
  EXPECT_EQ(read(bytes({0xDF, 0, 0, 0, 1, 0xA1, 'd', 0x80})), R"({"d":{}})");
  // What has no word in JSON is nothing: bytes, and extensions that are no times.
  EXPECT_EQ(read(bytes({0x92, 0xC4, 3, 'a', 'b', 'c', 0xD4, 5, 0})), "[null,null]");
}

TEST(AlpacaWire, TimesOfMessagePackAreTimes) {
  EXPECT_EQ(read(bytes({0x91, 0xD6, 0xFF, 0x60, 0x42, 0x55, 0x80})), R"(["2021-03-05T16:00:00.000000000Z"])");
  EXPECT_EQ(read(bytes({0x91, 0xD7, 0xFF, 0, 0, 0, 0x48, 0x60, 0x40, 0xF9, 0xC1})),
            R"(["2021-03-04T15:16:17.000000018Z"])");
  EXPECT_EQ(read(bytes({0x91, 0xC7, 12, 0xFF, 0, 0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 255})),
            R"(["1969-12-31T23:59:59.000000001Z"])");
}

TEST(AlpacaWire, WhatIsNoMessageIsRefusedWithItsPlace) {
  EXPECT_EQ(read(bytes({0x92, 0x01})), "no MessagePack: at byte 2: it ends within a value");
  EXPECT_EQ(read(bytes({0xDD, 255, 255, 255, 255, 0x01})), "no MessagePack: at byte 6: it ends within a value");
  EXPECT_EQ(read(bytes({0x91, 0xC1})), "no MessagePack: at byte 2: a byte that begins no value");
  EXPECT_EQ(read(bytes({0x90, 0x01})), "no MessagePack: at byte 1: more after its end");
  EXPECT_EQ(read(bytes({0x81, 0xC0, 0x01})), "no MessagePack: at byte 2: a name that is no text");
  EXPECT_EQ(read(bytes({0x91, 0xD5, 0xFF, 0, 0})), "no MessagePack: at byte 3: a time of 2 bytes");
  EXPECT_EQ(read(bytes({0x91, 0xD7, 0xFF, 255, 255, 255, 255, 0, 0, 0, 0})),
            "no MessagePack: at byte 11: a time out of range");
  EXPECT_EQ(read(bytes({0x91, 0xA1, 0xFF})), "no MessagePack: at byte 3: a text that is not UTF-8");
  EXPECT_EQ(read(std::string(20, '\x91')), "no MessagePack: at byte 12: deeper than 12 levels");
  EXPECT_EQ(read("[1,").substr(0, 8), "no JSON:");
  EXPECT_EQ(read("").substr(0, 8), "no JSON:");
}

// ---- Orders

TEST(AlpacaDecode, ANumberIsNoId) {
  EXPECT_TRUE(decode_order(R"({"id":"7","client_order_id":"7","asset_id":"7","status":"new","qty":2})"));
  for (const char* answer : {R"({"id":7,"status":"new"})", R"({"id":7e0,"status":"new"})",
                             R"({"id":"B1","client_order_id":7,"status":"new"})",
                             R"({"id":"B1","asset_id":18446744073709551615,"status":"new"})",
                             R"({"id":"B1","replaced_by":7,"status":"replaced"})"}) {
    SCOPED_TRACE(answer);
    EXPECT_FALSE(decode_order(answer));
  }
  const auto execution = [](std::string_view id, std::string_view order_id) {
    return decode_executions(R"([{"id":)" + std::string{id} + R"(,"order_id":)" + std::string{order_id} +
                             R"(,"price":100,"qty":2,"transaction_time":"2024-01-15T10:00:00Z"}])");
  };
  EXPECT_TRUE(execution(R"("7")", R"("B1")"));
  EXPECT_FALSE(execution("7", R"("B1")"));
  EXPECT_FALSE(execution(R"("7")", "7"));
  const auto update = [](std::string_view execution_id) {
    return decode_stream(update_json("fill", "filled", R"(,"execution_id":)" + std::string{execution_id}));
  };
  EXPECT_TRUE(update(R"("7")"));
  EXPECT_FALSE(update("7"));
  EXPECT_FALSE(decode_asset(R"({"id":7,"symbol":"AAPL","status":"active","tradable":true})"));
}

TEST(AlpacaDecode, AStatusIsReadWithWhatIsFilled) {
  using enum OrderStatus;
  const struct {
    const char* status;
    OrderStatus expected;
    bool is_working;
  } cases[] = {
      {"pending_new", PendingNew, false},
      {"accepted", New, false},
      {"new", New, true},
      {"held", New, false},
      {"partially_filled", PartiallyFilled, true},
      {"filled", Filled, false},
      {"done_for_day", PartiallyFilled, true},
      {"pending_cancel", PendingCancel, true},
      {"pending_replace", PendingReplace, true},
      {"canceled", Canceled, false},
      {"expired", Expired, false},
      {"replaced", Replaced, false},
      {"rejected", Rejected, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.status);
    const auto order = decode_order(order_json(c.status));
    ASSERT_TRUE(order) << order.error().text;
    const auto state = state_of(*order, symbol, VenueSource::Probe);
    ASSERT_TRUE(state) << state.error().text;
    EXPECT_EQ(state->event, VenueEvent::State);
    EXPECT_EQ(state->order_status, c.expected);
    EXPECT_EQ(state->is_working, c.is_working);
    EXPECT_EQ(view(state->venue_order_id), "V1");
    EXPECT_EQ(view(state->broker_order_id), "B1");
    EXPECT_EQ(state->order_qty, "2"_d);
    EXPECT_EQ(state->price, "100.5"_d);
    EXPECT_EQ(state->cum_qty, "0.5"_d);
    EXPECT_EQ(state->transact_time_ns, 1'705'312'800'000'000'000);
    EXPECT_EQ(order->filled_avg_price->digits, "3648.1242857142857143");
    EXPECT_EQ(order->filled_avg_price->value, "3648.124285714285714"_d);
  }
  const auto unheard = state_of(*decode_order(order_json("melted")), symbol, VenueSource::Probe);
  ASSERT_FALSE(unheard);
  EXPECT_EQ(unheard.error().text, "order.status: melted was never seen before");
}

TEST(AlpacaDecode, WhatIsWrongIsNamed) {
  const auto refusal = [](const auto& result) { return result ? std::string{"taken"} : result.error().text; };
  EXPECT_EQ(refusal(decode_order(R"({"status":"new"})")), "order.id: missing");
  EXPECT_EQ(refusal(decode_order(R"({"id":"B1"})")), "order.status: missing");
  EXPECT_EQ(refusal(decode_order(order_json("new", R"(,"qty":true)"))),
            "order.qty: a truth value where a string is documented");
  EXPECT_EQ(refusal(decode_order(order_json("new", R"(,"stop_price":"1,5")"))),
            "order.stop_price: no decimal number of at most 18 digits");
  EXPECT_EQ(refusal(decode_order(order_json("new", R"(,"filled_at":"yesterday")"))),
            "order.filled_at: no time of RFC 3339");
  EXPECT_EQ(refusal(decode_order(order_json("new", R"(,"legs":[5])"))), "legs.element: no object");
  EXPECT_EQ(refusal(decode_order("[]")), "order: no object");
  EXPECT_EQ(refusal(decode_orders("{}")), "orders: no array");
  EXPECT_EQ(refusal(decode_each_result(R"([{"id":"B1","status":"well"}])")), "results.status: no status of HTTP");
  EXPECT_EQ(refusal(decode_position(R"({"symbol":"AAPL"})")), "position.qty: missing");
  EXPECT_EQ(refusal(decode_account(R"({"id":"A"})")), "account.status: missing");
  EXPECT_EQ(refusal(decode_clock(R"({"timestamp":"2024-01-15T10:00:00Z","is_open":true,"next_open":null})")),
            "clock.next_open: missing");
  EXPECT_EQ(refusal(decode_stream("{}")), "frame.stream: missing");
  EXPECT_EQ(refusal(decode_stream(R"({"stream":"trade_updates"})")), "frame.data: missing");
  EXPECT_EQ(refusal(decode_event_line("data: {")).substr(0, 8), "no JSON:");
  EXPECT_EQ(refusal(decode_token(R"({"access_token":"S3CRET","token_type":"mac"})")), "token.token_type: not bearer");
  EXPECT_EQ(refusal(decode_data(R"([{"T":"q","bp":1}])")), "quote.S: missing");
  EXPECT_EQ(refusal(decode_data(R"([{"T":"t","S":"AAPL","p":"dear","s":1,"t":""}])")),
            "trade.p: no decimal number of at most 18 digits");
  EXPECT_EQ(refusal(decode_bars(R"({"bars":{"AAPL":[{"o":1,"h":1,"l":1,"c":1,"v":1}]}})")), "bar.t: missing");
  EXPECT_EQ(refusal(decode_bars(R"({"bars":{"AAPL":7}})")), "bars.AAPL: a string where an array is documented");
  EXPECT_EQ(refusal(decode_quotes(R"({"bars":{}})")), "answer.quotes: missing");
  EXPECT_EQ(refusal(decode_snapshots(R"({"AAPL":7})")), "snapshots.AAPL: a string where an object is documented");
}

TEST(AlpacaDecode, OneBadAssetLeavesTheOthers) {
  const auto list = decode_assets(R"([{"symbol":"AAPL","status":"active","tradable":true},{"symbol":"BAD"},5])");
  ASSERT_TRUE(list);
  ASSERT_EQ(list->assets.size(), 1u);
  EXPECT_EQ(list->complaints, (std::vector<std::string>{"BAD: asset.status: missing", "assets.element: no object"}));
}

// ---- Events

VenueReport told(std::string_view event, std::string_view status, std::string_view more = {}) {
  const auto message = decode_stream(update_json(event, status, more));
  EXPECT_TRUE(message) << message.error().text;
  const UpdateFact said = fact_of(std::get<TradeUpdate>(*message), symbol);
  EXPECT_EQ(said.unknown, "");
  return said.fact.value_or(VenueReport{});
}

TEST(AlpacaFacts, AnEventIsWhatHappenedAndTheOrderHowItStands) {
  const struct {
    const char* event;
    const char* status;
    VenueEvent expected;
  } cases[] = {
      {"new", "new", VenueEvent::Accepted},
      {"canceled", "canceled", VenueEvent::Canceled},
      {"expired", "expired", VenueEvent::Expired},
      {"rejected", "rejected", VenueEvent::Rejected},
      {"pending_cancel", "pending_cancel", VenueEvent::State},
      {"order_cancel_rejected", "new", VenueEvent::CancelRejected},
      {"order_replace_rejected", "new", VenueEvent::ReplaceRejected},
      {"restated", "new", VenueEvent::State},
      {"never_heard_of", "new", VenueEvent::State},
      {"fill", "filled", VenueEvent::Unreadable},  // without its price
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.event);
    const VenueReport report = told(c.event, c.status);
    EXPECT_EQ(report.event, c.expected);
    EXPECT_EQ(report.source, VenueSource::Stream);
    EXPECT_EQ(view(report.venue_order_id), "V1");
  }
}

TEST(AlpacaFacts, AFillBearsItsExecution) {
  const VenueReport report =
      told("partial_fill", "partially_filled",
           R"(,"price":100.25,"qty":"0.5","execution_id":"E1","timestamp":"2024-01-15T10:00:01Z")");
  EXPECT_EQ(report.event, VenueEvent::Fill);
  EXPECT_EQ(view(report.trade_id), "E1");
  EXPECT_EQ(report.last_px, "100.25"_d);
  EXPECT_EQ(report.last_qty, "0.5"_d);
  EXPECT_EQ(report.cum_qty, "0.5"_d);
  EXPECT_EQ(report.order_status, OrderStatus::PartiallyFilled);
  EXPECT_EQ(report.transact_time_ns, 1'705'312'801'000'000'000);
}

TEST(AlpacaFacts, WhatIsNotUnderstoodIsNotGuessed) {
  const auto unknown = [](std::string_view frame) {
    const auto message = decode_stream(frame);
    const UpdateFact said = fact_of(std::get<TradeUpdate>(*message), symbol);
    EXPECT_FALSE(said.fact);
    return said.unknown;
  };
  EXPECT_EQ(unknown(update_json("new", "melted")), "order.status: melted was never seen before");
  EXPECT_EQ(unknown(update_json("replaced", "replaced")), "order.replaced_by: missing");
  EXPECT_EQ(unknown(R"({"stream":"trade_updates","data":{"event":"new"}})"), "trade_update.order: missing");
}

TEST(AlpacaFacts, AReplacedOrderIsToldByTheOneInItsPlace) {
  const std::string frame = R"({"stream":"trade_updates","data":{"event":"replaced","order":)" +
                            order_json("replaced", R"(,"replaced_by":"B2")") + "}}";
  const UpdateFact said = fact_of(std::get<TradeUpdate>(*decode_stream(frame)), symbol);
  ASSERT_TRUE(said.fact) << said.unknown;
  EXPECT_EQ(said.fact->event, VenueEvent::Replaced);
  EXPECT_EQ(view(said.fact->broker_order_id), "B2");
  EXPECT_EQ(view(said.fact->venue_order_id), "");
}

TEST(AlpacaFacts, LinesOfEventsAreDataCommentsAndTheRest) {
  using Kind = EventLine::Kind;
  EXPECT_EQ(decode_event_line("")->kind, Kind::Blank);
  EXPECT_EQ(decode_event_line("event: x\r\n")->kind, Kind::Other);
  const auto comment = decode_event_line(": you are reading too slowly, dropped 10000 messages\n");
  EXPECT_EQ(comment->kind, Kind::Comment);
  EXPECT_EQ(comment->text, "you are reading too slowly, dropped 10000 messages");
  EXPECT_EQ(decode_event_line("data: {\"event\":\"fill\"}")->update.event, "fill");
}

// ---- Errors, limits, instruments, market data

TEST(AlpacaErrors, OnlyWhatIsCertainIsARefusal) {
  EXPECT_EQ(judge_write(504, "<html>").verdict, Verdict::Unknown);
  EXPECT_EQ(judge_write(500, R"({"code":50010000,"message":"internal server error occurred"})").error,
            ErrorCode::UnknownOutcome);
  EXPECT_EQ(judge_read(504, "").error, ErrorCode::ConnectionError);
  EXPECT_TRUE(is_worth_asking_again(judge_read(429, "slow down")));
  EXPECT_FALSE(is_worth_asking_again(judge_read(401, "<html>")));
  EXPECT_EQ(judge_read(404, R"({"code":40410000,"message":"position does not exist"})").verdict, Verdict::Flat);
  EXPECT_EQ(judge_write(422, R"({"code":40010001,"message":"client_order_id must be unique"})").error,
            ErrorCode::DuplicateOrder);
  EXPECT_EQ(judge_write(403, R"({"code":40310100,"message":"trade denied"})").error, ErrorCode::RiskLimit);
  EXPECT_EQ(judge_read(404, "", "/v2/assets/X").error, ErrorCode::InvalidSymbol);
  EXPECT_EQ(explained({.message = "potential wash trade", .reject_reason = "opposite side"}),
            "potential wash trade: opposite side");
}

TEST(AlpacaErrors, HeadersTellHowLongToWait) {
  const auto headers = read_rate_headers(
      {{"X-RateLimit-Limit", "200"}, {"x-ratelimit-remaining", "0"}, {"X-Ratelimit-Reset", "160"}});
  EXPECT_EQ(headers.limit, 200u);
  EXPECT_EQ(headers.remaining, 0u);
  EXPECT_EQ(headers.reset_s, 160);
  constexpr Timestamp now = 130'000'000'000;
  EXPECT_EQ(hold_back_ms(headers, now), 30'000);
  EXPECT_EQ(hold_back_ms(read_rate_headers({{"Retry-After", "5"}}), now), 5'000);
  EXPECT_EQ(hold_back_ms(read_rate_headers({{"Retry-After", "soon"}}), now), 1'000);
  EXPECT_EQ(hold_back_ms(read_rate_headers({{"Retry-After", "99999999999999"}}), now), 3'600'000);
}

TEST(AlpacaWire, WhatWeSayIsReadBackAsItWasSaid) {
  std::string many = R"({"action":"subscribe","quotes":[)";
  for (int i = 0; i < 40; ++i) many += (i == 0 ? "\"" : ",\"") + std::string(static_cast<std::size_t>(i), 'A') + "\"";
  many += R"(],"trades":[]})";
  for (const std::string& text : {std::string{R"({"action":"auth","key":"k","secret":"s"})"}, many}) {
    const auto back = parse_frame(packed(text));
    ASSERT_TRUE(back) << back.error().text;
    EXPECT_EQ(boost::json::serialize(*back), text);
  }
}

TEST(AlpacaInstruments, WhatCanBeTradedAndByWhichSteps) {
  Asset asset{.symbol = "AAPL", .status = "active", .is_tradable = true, .is_fractionable = true};
  const auto share = instrument_of(asset);
  ASSERT_TRUE(share);
  EXPECT_EQ(share->lot_size, "1"_d);
  EXPECT_EQ(share->fraction_size, "0.000000001"_d);
  EXPECT_EQ(share->tick_size, "0.01"_d);
  EXPECT_EQ(share->low_price, "1"_d);
  EXPECT_EQ(share->low_tick_size, "0.0001"_d);
  EXPECT_EQ(share->cash_order_qty_times_in_force, std::vector{TimeInForce::Day});
  EXPECT_EQ(view(share->quote), "USD");
  EXPECT_TRUE(share->can_oco);
  asset.is_fractionable = false;
  EXPECT_EQ(instrument_of(asset)->fraction_size, std::nullopt);
  asset.is_tradable = false;
  EXPECT_EQ(instrument_of(asset)->status, TradingStatus::Halted);
  asset.status = "inactive";
  EXPECT_FALSE(instrument_of(asset));
  asset = {.symbol = "A NAME", .status = "active", .is_tradable = true};
  EXPECT_FALSE(instrument_of(asset));
  EXPECT_EQ(class_of("BTC/USD"), AssetClass::Crypto);
  EXPECT_EQ(class_of("BTCUSD"), AssetClass::Crypto);
  EXPECT_EQ(class_of("AUSD"), AssetClass::Equity);
  EXPECT_EQ(class_of("AAPL250620C00100000"), AssetClass::Option);
  EXPECT_EQ(class_of("AAPL250620X00100000"), AssetClass::Equity);
}

TEST(AlpacaMarket, ZeroIsNoPrice) {
  const auto messages =
      decode_data(R"([{"T":"q","S":"AAPL","bp":0,"bs":0,"ap":190.10,"as":2,"t":"2024-01-15T10:00:00Z"}])");
  ASSERT_TRUE(messages) << messages.error().text;
  const Quote quote = quote_of(std::get<MarketQuote>(messages->front()), symbol);
  EXPECT_EQ(quote.bid_px, std::nullopt);
  EXPECT_EQ(quote.ask_px, "190.1"_d);
  EXPECT_EQ(to_string(*quote.ask_px), "190.10");
  EXPECT_EQ(quote.venue_time_ns, 1'705'312'800'000'000'000);
}

// Where T comes last, only the strict reader reads it.
TEST(AlpacaMarket, WhatIsReadFastIsReadTheSame) {
  const auto same = [](const DataMessage& one, const DataMessage& other) {
    if (const auto* trade = std::get_if<MarketTrade>(&one)) {
      const auto& t = std::get<MarketTrade>(other);
      return trade->symbol == t.symbol && trade->id == t.id && to_string(trade->price) == to_string(t.price) &&
             trade->size == t.size && trade->exchange == t.exchange && trade->tape == t.tape &&
             trade->taker_side == t.taker_side && trade->conditions == t.conditions && trade->time == t.time;
    }
    if (const auto* quote = std::get_if<MarketQuote>(&one)) {
      const auto& q = std::get<MarketQuote>(other);
      return quote->symbol == q.symbol && quote->bid == q.bid && quote->bid_size == q.bid_size && quote->ask == q.ask &&
             quote->ask_size == q.ask_size && quote->conditions == q.conditions && quote->time == q.time;
    }
    const auto &bar = std::get<MarketBar>(one), &b = std::get<MarketBar>(other);
    return bar.symbol == b.symbol && bar.kind == b.kind && bar.open == b.open && bar.high == b.high &&
           bar.low == b.low && bar.close == b.close && bar.volume == b.volume && bar.trade_count == b.trade_count &&
           bar.vwap == b.vwap && bar.time == b.time;
  };
  const struct {
    const char* type;
    const char* members;
  } cases[] = {
      {"t", R"("S":"AAPL","i":71697353758036,"x":"D","p":126.550,"s":1,"t":"2021-02-22T15:51:44.208Z",)"
            R"("c":["@","I"],"z":"C")"},
      {"t", R"("S":"BTC/USD","i":1,"p":1e-7,"s":0.042919,"t":"2022-12-16T06:43:18.327Z","tks":"B")"},
      {"q", R"("S":"AMD","bx":"U","bp":87.66,"bs":1,"ax":"X","ap":0,"as":0,"t":"2021-02-22T15:51:45Z",)"
            R"("c":["R"],"z":"C")"},
      {"b", R"("S":"SPY","o":388.985,"h":389.13,"l":388.975,"c":389.12,"v":49378 ,"t":"2021-02-22T19:15:00Z",)"
            R"("n":7,"vw":389.0624)"},
      {"d", R"("S":"SPY","o":1,"h":2,"l":1,"c":2,"v":0.5,"t":"2021-02-16T04:00:00Z")"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.members);
    const std::string members = c.members;
    std::vector<DataMessage> fast;
    ASSERT_TRUE(read_hot(R"([{"T":")" + std::string{c.type} + "\"," + members + "}]", fast));
    const std::string last = "[{" + members + R"(,"T":")" + c.type + "\"}]";
    std::vector<DataMessage> none;
    EXPECT_FALSE(read_hot(last, none));
    const auto strict = decode_data(last);
    ASSERT_TRUE(strict) << strict.error().text;
    ASSERT_EQ(fast.size(), 1u);
    EXPECT_TRUE(same(fast.front(), strict->front()));
  }
}

TEST(AlpacaMarket, WhatIsNotAsDocumentedIsLeftToTheStrictReader) {
  const char* const frames[] = {
      R"([{"T":"q","S":"AMD","bp":"87.66"}])", R"([{"T":"q","S":"AMD","new":1}])", R"([{"T":"q","bp":1}])",
      R"([{"T":"q","S":"AMD","bp":null}])",    R"([{"T":"q","S":"AMD"}] x)",       R"({"T":"q","S":"AMD"})",
      R"([{"T":"q","S":"AMD","bp":01}])",      R"([{"T":"t","S":"AMD","p":1}])",   R"([{"T":"n"}])",
      R"([{"T":"q","S":"AMD"},5])",            R"([{"T":"q","S":"AMD"},])",        "[{}]",
  };
  for (const char* frame : frames) {
    std::vector<DataMessage> messages;
    EXPECT_FALSE(read_hot(frame, messages)) << frame;
  }
}

TEST(AlpacaMarket, BooksAreToldWholeOrByTheirChanges) {
  const auto messages = decode_data(
      R"([{"T":"o","S":"BTC/USD","t":"2024-01-15T10:00:00Z","r":true,"b":[{"p":1.5,"s":0}],"a":[]}])");
  ASSERT_TRUE(messages) << messages.error().text;
  const Book book = book_of(std::get<MarketBook>(messages->front()), "BTC/USD");
  EXPECT_TRUE(book.is_snapshot);
  ASSERT_EQ(book.bids.size(), 1u);
  EXPECT_EQ(book.bids.front().price, "1.5"_d);
  EXPECT_TRUE(book.bids.front().qty.is_zero());
}

}  // namespace
}  // namespace busbar::alpaca
