#include "gateways/coinbase/decode_stream.hpp"

#include <gtest/gtest.h>

#include "gateways/coinbase/cumulative.hpp"
#include "gateways/coinbase/decode_hot.hpp"
#include "gateways/coinbase/facts.hpp"
#include "gateways/coinbase/level2_book.hpp"
#include "gateways/coinbase/order_names.hpp"
#include "gateways/framework/utc.hpp"
#include "tests/unit/gateways/damaged_frames.hpp"

namespace busbar::coinbase {
namespace {

using namespace busbar::literals;

UserOrder update(std::string_view status, std::string_view cum, std::string_view avg, std::string_view fees) {
  UserOrder order;
  order.order_id = "B1";
  order.client_order_id = "V1";
  order.status = status;
  order.cumulative_quantity = Decimal::parse(cum);
  order.avg_price = avg;
  order.total_fees = Decimal::parse(fees);
  return order;
}

TEST(CoinbaseCumulative, WhatWasFilledIsTheDifference) {
  CumulativeFills fills;
  EXPECT_TRUE(fills.on_update(update("OPEN", "0", "0", "0"), false).is_news);
  const auto first = fills.on_update(update("OPEN", "0.1", "30000.01", "0.18"), false);
  ASSERT_TRUE(first.fill);
  EXPECT_EQ(first.fill->qty, "0.1"_d);
  EXPECT_EQ(first.fill->price, "30000.01"_d);
  const auto second = fills.on_update(update("FILLED", "0.3", "30000.03", "0.54"), false);
  ASSERT_TRUE(second.fill);
  EXPECT_EQ(second.fill->qty, "0.2"_d);
  EXPECT_EQ(second.fill->price, "30000.04"_d);
  EXPECT_EQ(second.fill->fee, "0.36"_d);
}

TEST(CoinbaseCumulative, RepeatsAndOldWordsAreNoNews) {
  CumulativeFills fills;
  fills.on_update(update("OPEN", "0.5", "100", "1"), false);
  EXPECT_FALSE(fills.on_update(update("OPEN", "0.5", "100", "1"), false).is_news);
  const auto old = fills.on_update(update("OPEN", "0.2", "100", "0.4"), false);
  EXPECT_FALSE(old.is_news || old.fill);
  EXPECT_TRUE(fills.on_update(update("CANCELLED", "0.5", "100", "1"), false).is_news);  // another status is
  EXPECT_EQ(fills.filled_qty("B1"), "0.5"_d);
  EXPECT_FALSE(fills.filled_qty("B2"));
}

TEST(CoinbaseCumulative, AMeanThatIsStillMissingPutsTheFillOff) {
  CumulativeFills fills;
  EXPECT_FALSE(fills.on_update(update("OPEN", "0.5", "0", "0"), false).fill);
  EXPECT_FALSE(fills.on_update(update("OPEN", "0.5", "", "0"), false).fill);
  const auto whole = fills.on_update(update("OPEN", "1", "100", "1"), false);
  ASSERT_TRUE(whole.fill);
  EXPECT_EQ(whole.fill->qty, "1"_d);
}

TEST(CoinbaseCumulative, MeansAreExactWhateverTheirLength) {
  // Three fills of 1 at 1, 1 at 2 and 1 at 2: the means are 1, 1.5, 1.666...
  EXPECT_EQ(price_between("1.5", "2"_d, "1.66666666666666666666666666666667", "3"_d), "2"_d);
  // Twenty digits and more on the way: 10000000.5 × 1000000000.5 has them.
  EXPECT_EQ(price_between("10000000.5", "1000000000.5"_d, "10000000.5", "1000000001.5"_d), "10000000.5"_d);
  EXPECT_FALSE(price_between("100", "1"_d, "1", "2"_d));  // below zero: no price
  EXPECT_FALSE(price_between("x", "1"_d, "1", "2"_d));
  EXPECT_FALSE(price_between("1e5", "1"_d, "1", "2"_d));
  EXPECT_FALSE(price_between("1", "2"_d, "1", "2"_d));
  EXPECT_FALSE(price_between("1", "1"_d, std::string(100, '9'), "2"_d));
  EXPECT_EQ(price_between("007", Decimal{}, "0.00", "1"_d), std::nullopt);
  EXPECT_EQ(price_between({}, Decimal{}, "010.50", "2"_d), "10.5"_d);
}

TEST(CoinbaseCumulative, OnlySoManyOrdersAreKept) {
  CumulativeFills fills{2};
  for (const char* id : {"a", "b", "c"}) {
    UserOrder order = update("OPEN", "1", "1", "0");
    order.order_id = id;
    fills.on_update(order, false);
  }
  EXPECT_FALSE(fills.filled_qty("a"));
  EXPECT_TRUE(fills.filled_qty("c"));
}

TEST(CoinbaseSequence, CountsAConnectionFromZeroOverAllItsChannels) {
  using enum Sequence::Took;
  Sequence sequence;
  EXPECT_EQ(sequence.on_frame(0), InOrder);
  EXPECT_EQ(sequence.on_frame(1), InOrder);
  EXPECT_EQ(sequence.on_frame(1), Old);
  EXPECT_EQ(sequence.on_frame(4), Gap);
  EXPECT_EQ(sequence.on_frame(5), InOrder);
  sequence.reset();
  EXPECT_EQ(sequence.on_frame(3), Gap);  // the first ones were lost
}

TEST(CoinbaseSequence, AConnectionThatLiesWhereOneOfBeforeHasLainIsAnother) {
  using enum Sequence::Took;
  FrameCount count;
  const int place = 0, other = 0;
  for (int number = 0; number < 3; ++number) EXPECT_EQ(count.on_frame(&place, number), InOrder);
  EXPECT_EQ(count.on_frame(&other, 0), InOrder) << "two overlap";
  EXPECT_EQ(count.on_frame(&place, 1), Old);
  EXPECT_EQ(count.on_frame(&place, 3), InOrder);
  for (int number = 0; number < 2; ++number) EXPECT_EQ(count.on_frame(&place, number), InOrder) << "the next there";
  EXPECT_EQ(count.on_frame(&other, 1), InOrder);
}

TEST(CoinbaseBook, IsASnapshotAndAbsoluteQuantities) {
  Level2Book book;
  const Level2Event change{.type = "update", .product_id = "BTC-USD", .updates = {{true, {"9"_d, "1"_d}}}};
  EXPECT_FALSE(book.on_event(change));
  EXPECT_TRUE(book.on_event({.type = "snapshot",
                             .product_id = "BTC-USD",
                             .updates = {{true, {"10"_d, "1"_d}}, {true, {"9"_d, "4"_d}}, {false, {"11"_d, "2"_d}}}}));
  EXPECT_TRUE(book.on_event(change));
  EXPECT_TRUE(book.on_event({.type = "update", .product_id = "BTC-USD", .updates = {{true, {"10"_d, Decimal{}}}}}));
  ASSERT_EQ(book.sides().bids().size(), 1u);
  EXPECT_EQ(book.sides().bids().front().qty, "1"_d);
  EXPECT_EQ(book.sides().asks().front().price, "11"_d);
  book.reset();
  EXPECT_FALSE(book.is_synced());
  EXPECT_FALSE(book.on_event(change));
}

TEST(CoinbaseStream, HostileFramesAreRefusedByTheNameOfTheMember) {
  const struct {
    const char* frame;
    const char* complaint;
  } cases[] = {
      {"<html>", "no JSON"},
      {"[1]", "frame: no object"},
      {"{}", "frame.channel: missing"},
      {R"({"channel":"user","sequence_num":"1"})",
       "frame.sequence_num: a string where a whole number of 64 bits is documented"},
      {R"({"channel":"user","sequence_num":-1})", "frame.sequence_num: no count of frames"},
      {R"({"channel":"user","sequence_num":9223372036854775807})", "frame.sequence_num: no count of frames"},
      {R"({"channel":"user","events":[7]})", "events.element: no object"},
      {R"({"channel":"user","events":[{"type":"update"}]})", "event.orders: missing"},
      {R"({"channel":"user","events":[{"orders":[{}]}]})", "user.order_id: missing"},
      {R"({"channel":"user","events":[{"orders":[{"order_id":"B1","avg_price":"cheap"}]}]})",
       "user.avg_price: no decimal number of at most 18 digits before the point"},
      {R"({"channel":"user","events":[{"orders":[{"order_id":"B1","number_of_fills":1.5}]}]})",
       "user.number_of_fills: a number where a whole number of 64 bits is documented"},
      {R"({"channel":"l2_data","events":[{"product_id":"P","updates":[{"side":"ask","price_level":"1","new_quantity":"1"}]}]})",
       "level2.side: neither bid nor offer"},
      {R"({"channel":"l2_data","events":[{"product_id":"P","updates":[{"side":"bid","price_level":"1","new_quantity":"-1"}]}]})",
       "level2.new_quantity: below zero"},
      {R"({"channel":"heartbeats","events":[{"heartbeat_counter":"many"}]})",
       "heartbeat.heartbeat_counter: no whole number of 64 bits"},
  };
  for (const auto& c : cases) {
    const auto frame = decode_frame(c.frame);
    ASSERT_FALSE(frame) << c.frame;
    EXPECT_EQ(frame.error().text.find(c.complaint), 0u) << frame.error().text;
  }
}

TEST(CoinbaseStream, WhatIsHotIsReadFastAndInAnotherOrderAllTheSame) {
  const std::string trade = R"({"trade_id":"7","product_id":"BTC-USD","price":"65000.12","size":"0.5","side":"SELL",)"
                            R"("time":"2023-02-09T20:32:50Z"})";
  const std::string events = R"("events":[{"type":"update","trades":[)" + trade + "]}]";
  const std::string channel = R"("channel":"market_trades")";
  const std::string rest = R"("client_id":"","timestamp":"1970-01-01T00:00:01Z","sequence_num":5)";
  const std::string begin = "{" + channel + "," + rest + ",";
  Frame hot;
  ASSERT_TRUE(read_hot(begin + events + "}", hot));
  for (const std::string& text : {begin + events + "}", "{" + events + "," + rest + "," + channel + "}"}) {
    const auto frame = decode_frame(text);
    ASSERT_TRUE(frame) << frame.error().text;
    EXPECT_EQ(frame->sequence_num, 5);
    EXPECT_EQ(frame->time_ns, 1'000'000'000);
    EXPECT_TRUE(frame->has_client_id);
    ASSERT_EQ(frame->events.size(), 1u);
    const auto& trades = std::get<TradesEvent>(frame->events[0]).trades;
    ASSERT_EQ(trades.size(), 1u);
    EXPECT_EQ(trades[0].trade_id, "7");
    EXPECT_EQ(trades[0].price, "65000.12"_d);
    EXPECT_EQ(trades[0].side, "SELL");
  }
  for (const std::string& bad : {begin + events + "}x", begin + R"("events":[{"trades":[)" + trade + ",]}]}",
                                 begin + R"("x":tru,)" + events + "}"}) {
    EXPECT_FALSE(decode_frame(bad)) << bad;
  }
}

std::string in_words(const std::optional<Decimal>& amount) { return amount ? to_string(*amount) + " " : "none "; }

std::string in_words(const Frame& frame) {
  std::string words = frame.channel + " " + std::to_string(frame.sequence_num.value_or(-1)) + " " + frame.timestamp + " " +
                      std::to_string(frame.time_ns) + (frame.has_client_id ? " named: " : ": ");
  for (const Frame::Event& event : frame.events) {
    if (const auto* tickers = std::get_if<TickerEvent>(&event)) {
      words += tickers->type + " ";
      for (const TickerUpdate& one : tickers->tickers) {
        words += one.product_id + " " + to_string(one.price) + " " + one.percent_24_h + " " + in_words(one.volume_24_h) +
                 in_words(one.low_24_h) + in_words(one.high_24_h) + in_words(one.best_bid) + in_words(one.best_bid_quantity) +
                 in_words(one.best_ask) + in_words(one.best_ask_quantity);
      }
    } else if (const auto* level2 = std::get_if<Level2Event>(&event)) {
      words += level2->type + " " + level2->product_id + " ";
      for (const Level2Update& one : level2->updates) {
        words += (one.is_bid ? "bid " : "ask ") + to_string(one.level.price) + " " + to_string(one.level.qty) + " ";
      }
    } else if (const auto* trades = std::get_if<TradesEvent>(&event)) {
      words += trades->type + " ";
      for (const MarketTrade& one : trades->trades) {
        words += one.trade_id + " " + one.product_id + " " + to_string(one.price) + " " + to_string(one.size) + " " + one.side +
                 " " + one.time;
      }
    }
  }
  return words;
}

TEST(CoinbaseStream, WhatIsReadFastTheStrictReaderReadsAlike) {
  const std::string begin = R"(","client_id":"","timestamp":"2023-02-09T20:32:50.7149Z","sequence_num":5,"events":[{"type":"update",)";
  int fast = 0;
  for (const std::string& frame :
       {R"({"channel":"ticker)" + begin +
            R"("tickers":[{"type":"ticker","product_id":"B","price":"1.5","volume_24_h":"16038.28770938","low_24_h":"21835.29",)"
            R"("high_24_h":"23011.18","low_52_w":"15460","high_52_w":"48240","price_percent_chg_24_h":"-4.15",)"
            R"("best_bid":"21931","best_bid_quantity":"8000.2","best_ask":"21933.98","best_ask_quantity":"1"}]}]})",
        R"({"channel":"l2_data)" + begin +
            R"("product_id":"B","updates":[{"side":"bid","event_time":"1970-01-01T00:00:00Z","price_level":"21921.73",)"
            R"("new_quantity":"0.06317902"},{"new_quantity":"0","price_level":"1","side":"offer"}]}]})",
        R"({"channel":"market_trades)" + begin +
            R"("trades":[{"trade_id":"7","product_id":"B","price":"1260.01","size":"0.3","side":"BUY","time":"2019-08-14T20:42:27.265Z"}]}]})"}) {
    for_each_damaged(frame, [&](const std::string& text) {
      Frame hot;
      if (!read_hot(text, hot)) return;
      ++fast;
      const auto strict = decode_frame(for_the_strict_reader(text));
      ASSERT_TRUE(strict) << text << " " << strict.error().text;
      EXPECT_EQ(in_words(hot), in_words(*strict)) << text;
    });
  }
  EXPECT_GT(fast, 100);
}

TEST(CoinbaseStream, AChannelNeverHeardOfIsPassedOver) {
  const auto frame = decode_frame(R"({"channel":"weather","sequence_num":4,"events":[{"type":"update","rain":true}]})");
  ASSERT_TRUE(frame) << frame.error().text;
  EXPECT_TRUE(std::holds_alternative<OtherEvent>(frame->events.at(0)));
  EXPECT_EQ(decode_frame(R"({"type":"error","message":"failure to subscribe"})")->error, "failure to subscribe");
  EXPECT_EQ(decode_frame(R"({"type":"error"})")->error, "");
}

TEST(CoinbaseStream, HowAnOrderStandsIsOneFact) {
  const struct {
    const char* status;
    const char* cum;
    VenueEvent event;
    OrderStatus expected;
  } cases[] = {
      {"PENDING", "0", VenueEvent::State, OrderStatus::PendingNew},
      {"OPEN", "0", VenueEvent::Accepted, OrderStatus::New},
      {"OPEN", "0.5", VenueEvent::State, OrderStatus::PartiallyFilled},
      {"FILLED", "1", VenueEvent::State, OrderStatus::Filled},
      {"CANCEL_QUEUED", "0", VenueEvent::State, OrderStatus::PendingCancel},
      {"CANCELLED", "0.5", VenueEvent::Canceled, OrderStatus::Canceled},
      {"EXPIRED", "0", VenueEvent::Expired, OrderStatus::Expired},
      {"FAILED", "0", VenueEvent::Rejected, OrderStatus::Rejected},
  };
  for (const auto& c : cases) {
    const UpdateFact said = fact_of(update(c.status, c.cum, "1", "0"), "BTC/USD", 7);
    ASSERT_TRUE(said.fact) << c.status;
    EXPECT_EQ(said.fact->event, c.event) << c.status;
    EXPECT_EQ(said.fact->order_status, c.expected) << c.status;
    EXPECT_EQ(said.fact->transact_time_ns, 7);
    EXPECT_EQ(view(said.fact->broker_order_id), "B1");
  }
  EXPECT_EQ(fact_of(update("MELTED", "0", "1", "0"), "BTC/USD", 7).unknown, "user.status: MELTED");
}

TEST(CoinbaseCompleteLists, HoldForWhatIsNotYoungerAndReachesNotFurtherBack) {
  CompleteLists lists;
  EXPECT_FALSE(lists.without("BTC-USD", 1000, 2000));
  lists.add("BTC-USD", 1000, 2000);
  EXPECT_EQ(lists.without("BTC-USD", 1000, 2000), 2000);
  EXPECT_FALSE(lists.without("BTC-USD", 999, 2000)) << "born before what the list shows";
  EXPECT_FALSE(lists.without("BTC-USD", 1000, 2001)) << "the list was begun before";
  EXPECT_FALSE(lists.without("ETH-USD", 1000, 2000)) << "another product";
}

TEST(CoinbaseOrderNames, KnowsBothNamesOfTheNewestOrders) {
  OrderNames names{2};
  names.learn("b1", "v1");
  names.learn("b1", "v2");  // an order never changes its name
  names.learn("", "v3");
  EXPECT_EQ(names.broker_order_id("v1"), "b1");
  EXPECT_EQ(names.venue_order_id("b1"), "v1");
  EXPECT_EQ(names.broker_order_id("v3"), "");
  names.learn("b2", "v4");
  names.learn("b3", "v5");
  EXPECT_EQ(names.venue_order_id("b1"), "");
  EXPECT_EQ(names.broker_order_id("v1"), "");
  EXPECT_EQ(names.broker_order_id("v5"), "b3");
}

TEST(Utc, ReadsTimesAsTheyAreWritten) {
  using gateway::parse_utc;
  EXPECT_EQ(parse_utc("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(parse_utc("2023-02-09T20:33:57.609931463Z"), 1'675'974'837'609'931'463);
  EXPECT_EQ(parse_utc("2023-07-11T22:34:09+02:00"), parse_utc("2023-07-11T20:34:09Z"));
  EXPECT_EQ(parse_utc("2023-07-11T22:34:09.1234567891234Z"), parse_utc("2023-07-11T22:34:09.123456789Z"));
  EXPECT_EQ(parse_utc("2024-02-29T00:00:00-00:30"), parse_utc("2024-02-29T00:30:00Z"));
  for (const char* text :
       {"", "0001-01-01T00:00:00Z", "2023-02-29T00:00:00Z", "2023-01-01", "2023-01-01T00:00:00", "2023-01-01T24:00:00Z",
        "2023-01-01T00:00:00.Z", "2023-01-01T00:00:00+2:00", "2023-01-01T00:00:00Zx", "9999-01-01T00:00:00Z",
        "2023-1-01T00:00:00Z", "-023-01-01T00:00:00Z", "2026-04-07 14:30:10.000000000+00:00"}) {
    EXPECT_FALSE(parse_utc(text)) << text;
  }
  // On the day of before, which is read in another way.
  EXPECT_EQ(parse_utc("2023-02-09T20:33:57.6Z"), 1'675'974'837'600'000'000);
  EXPECT_EQ(parse_utc("2023-02-09T23:59:60Z"), 1'675'987'200'000'000'000);
  EXPECT_EQ(parse_utc("2023-02-09T20:33:57.609931463+00:00"), 1'675'974'837'609'931'463);
  for (const char* text : {"2023-02-09T24:00:00Z", "2023-02-09T20:60:00Z", "2023-02-09T20:00:61Z", "2023-02-09T20:00:00.Z",
                           "2023-02-09T20:00:00.1", "2023-02-09T20:00:00", "2023-02-09T20:0a:00Z", "2023-02-09T20:00:00.1aZ",
                           "2023-02-09T", "2023-02-09T20:00:00Z ", "2023-02-09T20-00:00Z"}) {
    EXPECT_FALSE(parse_utc(text)) << text;
  }
  EXPECT_EQ(gateway::utc_text(1'675'974'837'609'931'463), "2023-02-09T20:33:57Z");
  EXPECT_EQ(gateway::utc_text(0), "1970-01-01T00:00:00Z");
}

}  // namespace
}  // namespace busbar::coinbase
