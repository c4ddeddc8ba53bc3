#include "gateways/binance/decode_market.hpp"

#include <gtest/gtest.h>

#include "gateways/binance/decode_hot.hpp"
#include "tests/unit/gateways/damaged_frames.hpp"

namespace busbar::binance {
namespace {

using namespace busbar::literals;
using namespace std::literals;

TEST(BinanceMarket, ReadsABookBestFirstAndRefusesAnotherShape) {
  const auto depth = decode_depth(R"({"lastUpdateId":1027024,"bids":[["4.00000000","431.0"]],"asks":[["4.2","12"]]})");
  ASSERT_TRUE(depth) << depth.error().text;
  EXPECT_EQ(depth->last_update_id, 1027024);
  EXPECT_EQ(to_string(depth->bids.at(0).price), "4.00000000");
  EXPECT_EQ(depth->asks.at(0).qty, "12"_d);
  const struct {
    const char *body, *text;
  } cases[] = {
      {R"({"lastUpdateId":1,"bids":[[4.0,"431"]],"asks":[]})", "depth.bids: a number where a string is documented"},
      {R"({"lastUpdateId":1,"bids":[["4.0",431]],"asks":[]})", "depth.bids: a number where a string is documented"},
      {R"({"lastUpdateId":1,"bids":[["4.0"]],"asks":[]})", "depth.bids: a level that is no pair of price and quantity"},
      {R"({"lastUpdateId":1,"bids":["4.0"],"asks":[]})", "depth.bids: a level that is no pair of price and quantity"},
      {R"({"lastUpdateId":1,"bids":[["4.0","-1"]],"asks":[]})", "depth.bids: a quantity below zero"},
      {R"({"lastUpdateId":1,"bids":[]})", "depth.asks: missing"},
      {R"({"lastUpdateId":"1","bids":[],"asks":[]})",
       "depth.lastUpdateId: a string where a whole number of 64 bits is documented"},
      {R"({"lastUpdateId":-1,"bids":[],"asks":[]})", "depth.lastUpdateId: below zero"},
  };
  for (const auto& c : cases) {
    const auto refused = decode_depth(c.body);
    ASSERT_FALSE(refused) << c.body;
    EXPECT_EQ(refused.error().text, c.text);
  }
  std::string many = R"({"lastUpdateId":1,"asks":[],"bids":[)";
  for (int i = 0; i < 5001; ++i) many += R"(["1","1"],)";
  many.back() = ']';
  EXPECT_FALSE(decode_depth(many + "}"));
}

TEST(BinanceMarket, ABarHasNamesOnlyByItsPlaces) {
  const auto bars = decode_klines(R"([[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100",
      "148976.11427815",1499644799999,"2434.19055334",308,"1756.87402397","28.46694368","0"]])");
  ASSERT_TRUE(bars) << bars.error().text;
  const Kline& bar = bars->at(0);
  EXPECT_EQ(bar.open_time, 1499040000000);
  EXPECT_EQ(bar.open, "0.0163479"_d);
  EXPECT_EQ(bar.high, "0.8"_d);
  EXPECT_EQ(bar.low, "0.015758"_d);
  EXPECT_EQ(bar.close, "0.015771"_d);
  EXPECT_EQ(bar.volume, "148976.11427815"_d);
  EXPECT_EQ(bar.close_time, 1499644799999);
  EXPECT_EQ(bar.trades, 308);
  EXPECT_TRUE(decode_klines("[]")->empty());
  const auto refused = decode_klines(R"([[1,"1",2.0,"1","1","1",2,"1",3]])");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().text, "kline.high: a number where a string is documented");
  for (const char* body : {R"([[1,"1"]])", R"([{"t":1}])", "{}", R"([["1","1","2","1","1","1",2,"1",3]])"}) {
    EXPECT_FALSE(decode_klines(body)) << body;
  }
}

constexpr std::string_view ticker =
    R"({"symbol":"BNBBTC","priceChange":"-94.9","openPrice":"99.0","highPrice":"100.0","lowPrice":"0.1",
        "lastPrice":"4.00000200","bidPrice":"4.0","askPrice":"4.2","volume":"8913.3","quoteVolume":"15.3",
        "openTime":1499783499040,"closeTime":1499869899040,"count":76})";

std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result{text};
  result.replace(result.find(from), from.size(), to);
  return result;
}

TEST(BinanceMarket, ATickerIsReadInItsLongAndItsShortForm) {
  const auto day = decode_ticker_24h(ticker);
  ASSERT_TRUE(day) << day.error().text;
  EXPECT_EQ(day->symbol, "BNBBTC");
  EXPECT_EQ(day->open, "99"_d);
  EXPECT_EQ(day->high, "100"_d);
  EXPECT_EQ(day->low, "0.1"_d);
  EXPECT_EQ(to_string(day->last), "4.00000200");
  EXPECT_EQ(day->volume, "8913.3"_d);
  EXPECT_EQ(*day->quote_volume, "15.3"_d);
  EXPECT_EQ(*day->ask, "4.2"_d);
  EXPECT_EQ(day->close_time, 1499869899040);
  const auto mini = decode_tickers_24h("[" + replaced(ticker, R"("bidPrice":"4.0","askPrice":"4.2",)", "") + "]");
  ASSERT_TRUE(mini) << mini.error().text;
  EXPECT_FALSE(mini->at(0).bid);
  EXPECT_FALSE(decode_ticker_24h(replaced(ticker, R"("4.00000200")", "4.00000200")));
  EXPECT_FALSE(decode_ticker_24h("[" + std::string{ticker} + "]"));
}

TEST(BinanceMarket, ASumWithTooManyDigitsCostsNoPrice) {
  const auto day = decode_ticker_24h(replaced(ticker, R"("15.3")", R"("98765432109876.12345678")"));
  ASSERT_TRUE(day) << day.error().text;
  EXPECT_FALSE(day->quote_volume);
  EXPECT_FALSE(decode_ticker_24h(replaced(ticker, R"("15.3")", R"("much")")));
  EXPECT_FALSE(decode_ticker_24h(replaced(ticker, R"("15.3")", "15.3")));
  EXPECT_FALSE(decode_ticker_24h(replaced(ticker, R"("15.3")", R"("")")));
}

TEST(BinanceMarket, ReadsTradesAndPrices) {
  const auto trades = decode_recent_trades(
      R"([{"id":28457,"price":"4.000001","qty":"12.0","quoteQty":"48","time":1499865549590,"isBuyerMaker":true}])");
  ASSERT_TRUE(trades) << trades.error().text;
  EXPECT_EQ(trades->at(0).price, "4.000001"_d);
  EXPECT_TRUE(trades->at(0).buyer_is_maker);
  const auto aggregates = decode_aggregate_trades(
      R"([{"a":26129,"p":"0.01633102","q":"4.70443515","f":27781,"l":27782,"T":1498793709153,"m":true,"M":true}])");
  ASSERT_TRUE(aggregates) << aggregates.error().text;
  EXPECT_EQ(aggregates->at(0).last_trade_id, 27782);
  EXPECT_EQ(decode_average_price(R"({"mins":5,"price":"9.35"})")->price, "9.35"_d);
  EXPECT_EQ(decode_price_ticker(R"({"symbol":"LTCBTC","price":"4.2"})")->price, "4.2"_d);
  EXPECT_EQ(decode_price_tickers(R"([{"symbol":"LTCBTC","price":"4.2"}])")->size(), 1u);
  EXPECT_EQ(decode_book_tickers(R"([{"symbol":"LTCBTC","bidPrice":"4.0","bidQty":"431","askPrice":"4.2",
      "askQty":"9"}])")->at(0).ask_qty, "9"_d);
  EXPECT_FALSE(decode_recent_trades(R"([{"id":1,"price":4.0,"qty":"12","time":1,"isBuyerMaker":true}])"));
  EXPECT_FALSE(decode_aggregate_trades(R"([{"a":1,"p":"1","q":4,"f":1,"l":1,"T":1,"m":true}])"));
  EXPECT_FALSE(decode_average_price(R"({"mins":5,"price":9.35})"));
  EXPECT_FALSE(decode_price_ticker(R"({"symbol":"LTCBTC","price":4.2})"));
  EXPECT_FALSE(decode_book_ticker(R"({"symbol":"LTCBTC","bidPrice":"4.0","bidQty":431,"askPrice":"4","askQty":"9"})"));
}

template <class T>
T decoded(std::string_view frame) {
  const auto market = decode_market_frame(frame);
  if (!market) {
    ADD_FAILURE() << market.error().text;
    return {};
  }
  if (!std::holds_alternative<T>(market->what)) {
    ADD_FAILURE() << "another event: " << market->name;
    return {};
  }
  return std::get<T>(market->what);
}

TEST(BinanceMarket, EachStreamHasItsEvent) {
  const auto update = decoded<DepthUpdateEvent>(
      R"({"e":"depthUpdate","E":5,"s":"BNBBTC","U":157,"u":160,"b":[["0.0024","10"]],"a":[["0.0026","0"]]})");
  EXPECT_EQ(update.first_update_id, 157);
  EXPECT_EQ(update.final_update_id, 160);
  EXPECT_EQ(update.bids.at(0).price, "0.0024"_d);
  EXPECT_TRUE(update.asks.at(0).qty.is_zero());

  const auto partial = decode_market_frame(
      R"({"stream":"bnbbtc@depth5","data":{"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[]}})");
  ASSERT_TRUE(partial) << partial.error().text;
  EXPECT_EQ(partial->stream, "bnbbtc@depth5");  // it alone says whose book it is
  EXPECT_EQ(std::get<PartialDepthEvent>(partial->what).depth.last_update_id, 160);

  const auto bar = decoded<KlineEvent>(
      R"({"e":"kline","E":5,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,
          "L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":true,"q":"1.0"}})");
  EXPECT_EQ(bar.interval, "1m");
  EXPECT_TRUE(bar.is_closed);
  EXPECT_EQ(bar.kline.close, "0.002"_d);
  EXPECT_EQ(bar.kline.open_time, 1672515780000);

  constexpr std::string_view day =
      R"({"e":"24hrTicker","E":5,"s":"BNBBTC","p":"0.0015","c":"0.0025","b":"0.0024","a":"0.0026","o":"0.0010",
          "h":"0.0025","l":"0.0010","v":"10000","q":"18","O":0,"C":86400000})";
  EXPECT_EQ(*decoded<TickerEvent>(day).ticker.bid, "0.0024"_d);
  EXPECT_FALSE(decoded<TickerEvent>(day).is_mini);
  const std::string mini = replaced(day, "24hrTicker", "24hrMiniTicker");
  EXPECT_TRUE(decoded<TickerEvent>(mini).is_mini);
  const auto all = decoded<std::vector<TickerEvent>>(R"({"stream":"!miniTicker@arr","data":[)" + mini + "]}");
  EXPECT_EQ(all.size(), 1u);

  const auto trade = decoded<AggregateTradeEvent>(
      R"({"e":"aggTrade","E":5,"s":"BNBBTC","a":12345,"p":"0.001","q":"100","f":100,"l":105,"T":4,"m":true,"M":true})");
  EXPECT_EQ(trade.symbol, "BNBBTC");
  EXPECT_EQ(trade.trade.id, 12345);
  const auto average =
      decoded<AveragePriceEvent>(R"({"e":"avgPrice","E":5,"s":"BTCUSDT","i":"5m","w":"25776.86","T":4})");
  EXPECT_EQ(average.price, "25776.86"_d);
  EXPECT_EQ(decoded<OtherMarketEvent>(R"({"e":"1hTicker","E":5,"s":"BNBBTC"})").name, "1hTicker");
  EXPECT_EQ(decoded<OtherMarketEvent>(R"({"stream":"!ticker_1h@arr","data":[{"e":"1hTicker"}]})").name, "1hTicker");
  EXPECT_EQ(decoded<OtherMarketEvent>(R"({"stream":"!x@arr","data":[]})").name, "");
}

TEST(BinanceMarket, AFrameWithAnotherTypeIsRefusedByName) {
  const struct {
    const char *frame, *text;
  } cases[] = {
      {R"({"e":"depthUpdate","E":5,"s":"B","U":157,"u":160,"b":[[0.0024,"10"]],"a":[]})",
       "depthUpdate.b: a number where a string is documented"},
      {R"({"e":"depthUpdate","E":5,"s":"B","U":161,"u":160,"b":[],"a":[]})",
       "depthUpdate.u: before U, or U is below zero"},
      {R"({"e":"kline","E":5,"s":"B","k":7})", "kline.k: a number where an object is documented"},
      {R"({"e":"24hrTicker","E":5,"s":"B","o":"1","h":"1","l":"1","c":1,"v":"1","q":"1"})",
       "ticker.c: a number where a string is documented"},
      {R"({"e":"aggTrade","E":5,"s":"B","a":1,"p":1,"q":"1","f":1,"l":1,"T":1,"m":true})",
       "aggTrade.p: a number where a string is documented"},
      {R"({"e":"avgPrice","E":5,"s":"B","i":"5m","w":2,"T":4})", "avgPrice.w: a number where a string is documented"},
      {R"({"e":7})", "frame.e: a number where a string is documented"},
      {R"({"stream":"x","data":7})", "frame.data: neither an object nor an array"},
      {R"({"stream":"x"})", "frame.data: missing"},
      {R"({"stream":"!miniTicker@arr","data":[7]})", "frame.element: no object"},
  };
  for (const auto& c : cases) {
    const auto refused = decode_market_frame(c.frame);
    ASSERT_FALSE(refused) << c.frame;
    EXPECT_EQ(refused.error().text, c.text);
  }
}

TEST(BinanceMarket, WhatIsHotIsReadFastAndWhateverIsNotAsDocumentedIsLeftToTheStrictReader) {
  const std::string best = R"({"u":400,"s":"BNBUSDT","b":"25.35190000","B":"31.2","a":"25.36520000","A":"40.66"})";
  MarketFrame frame;
  ASSERT_TRUE(read_hot(R"({"stream":"bnbusdt@bookTicker","data":)" + best + "}", frame));
  EXPECT_EQ(frame.stream, "bnbusdt@bookTicker");
  const auto& quote = std::get<BookTicker>(frame.what);
  EXPECT_EQ(to_string(quote.bid), "25.35190000");
  EXPECT_EQ(quote.ask_qty, "40.66"_d);
  EXPECT_EQ(quote.update_id, 400);
  const std::string depth = R"({"e":"depthUpdate","E":5,"s":"B","U":157,"u":160,"b":[["0.0024","10"]],"a":[]})";
  MarketFrame book;
  ASSERT_TRUE(read_hot(depth, book));
  EXPECT_EQ(to_string(std::get<DepthUpdateEvent>(book.what).bids.at(0).price), "0.0024");
  MarketFrame deal;
  ASSERT_TRUE(read_hot(R"({"e":"trade","E":1,"s":"B","t":9,"p":"0.001","q":"100","T":7,"m":true,"M":true})", deal));
  EXPECT_TRUE(std::get<TradeEvent>(deal.what).buyer_is_maker);
  for (const std::string& other : {best.substr(0, best.size() - 1), best + "x", R"({"u":400,"s":"B","b":"1"})"s,
                                   R"({"e":"trade","E":1,"s":"B","t":9,"p":0.001,"q":"100","T":7,"m":true})"s,
                                   R"({"e":"trade","E":1,"s":"B","t":9.5,"p":"1","q":"100","T":7,"m":true})"s,
                                   R"({"e":"depthUpdate","E":5,"s":"B","U":1,"u":2,"b":[["1"]],"a":[]})"s,
                                   R"({"e":"depthUpdate","E":5,"s":"B","U":1,"u":2,"b":[["1","-1"]],"a":[]})"s,
                                   R"({"e":"depthUpdate","E":5,"s":"B","U":161,"u":160,"b":[],"a":[]})"s,
                                   R"({"e":"kline","s":"B"})"s, "[]"s, ""s}) {
    MarketFrame none;
    EXPECT_FALSE(read_hot(other, none)) << other;
  }
}

std::string in_words(const std::vector<BookLevel>& levels) {
  std::string words;
  for (const BookLevel& level : levels) words += to_string(level.price) + "x" + to_string(level.qty) + " ";
  return words;
}

std::string in_words(const MarketFrame& frame) {
  std::string words = frame.stream.value_or("none") + " " + frame.name + ": ";
  if (const auto* best = std::get_if<BookTicker>(&frame.what)) {
    words += best->symbol + " " + std::to_string(best->update_id.value_or(-1)) + " ";
    for (const Decimal amount : {best->bid, best->bid_qty, best->ask, best->ask_qty}) words += to_string(amount) + " ";
  } else if (const auto* trade = std::get_if<TradeEvent>(&frame.what)) {
    words += trade->symbol + " " + std::to_string(trade->trade_id) + " " + to_string(trade->price) + " " +
             to_string(trade->qty) + " " + std::to_string(trade->trade_time) + (trade->buyer_is_maker ? " sold" : " bought");
  } else if (const auto* update = std::get_if<DepthUpdateEvent>(&frame.what)) {
    words += update->symbol + " " + std::to_string(update->event_time) + " " + std::to_string(update->first_update_id) + " " +
             std::to_string(update->final_update_id) + " " + in_words(update->bids) + "/ " + in_words(update->asks);
  }
  return words;
}

TEST(BinanceMarket, WhatIsReadFastTheStrictReaderReadsAlike) {
  int fast = 0;
  for (const char* frame :
       {R"({"stream":"b@bookTicker","data":{"u":400,"s":"B","b":"25.35190000","B":"31.2","a":"25","A":"123456789.5"}})",
        R"({"e":"trade","E":1,"s":"\xe5\xb8\x81","t":9,"p":"0.001","q":"100","T":7,"m":false,"M":[{"x":[1.5,null]}]})",
        R"({"stream":"b","data":{"e":"depthUpdate","E":5,"s":"B","U":157,"u":160,"b":[["0.0024","10.0"]],"a":[["1.5","0.00"],["2","3"]]}})"}) {
    for_each_damaged(frame, [&](const std::string& text) {
      MarketFrame hot;
      if (!read_hot(text, hot)) return;
      ++fast;
      const auto strict = decode_market_frame(for_the_strict_reader(text));
      ASSERT_TRUE(strict) << text << " " << strict.error().text;
      EXPECT_EQ(in_words(hot), in_words(*strict)) << text;
    });
  }
  EXPECT_GT(fast, 100);
}

// What nobody wants is looked at all the same: a frame is JSON as a whole, or it is none.
TEST(BinanceMarket, WhatIsNoJsonIsRefusedWhereverItStands) {
  const std::string best = R"("u":400,"s":"B","b":"1","B":"2","a":"3","A":"4")";
  EXPECT_TRUE(decode_market_frame("{" + best + R"(,"x":null,"y":-1.5e3,"z":true})"));
  for (const char* more : {R"(,"x":tru)", R"(,"x":01)", R"(,"x":1.)", R"(,"x":"\q")", R"(,"\q":1)", R"(,"x")", R"(,"x":)",
                           R"(,"x":"y":1)", R"(,"x":[1,])", R"(,"x":{"y"})", R"(,"s":"B":"C")", R"(,"b":"1":"2")",
                           R"(,"u":1:2)", R"(,x:1)", ",", "}", R"(,"x":"y)"}) {
    const std::string bare = "{" + best + more + "}";
    EXPECT_FALSE(decode_market_frame(bare)) << bare;
    const std::string wrapped = R"({"stream":"b@bookTicker","data":)" + bare + "}";
    EXPECT_FALSE(decode_market_frame(wrapped)) << wrapped;
  }
  for (const char* behind : {"x", "}", "{}", ",", "1", "\"\""}) {
    EXPECT_FALSE(decode_market_frame(R"({"stream":"b@bookTicker","data":{)" + best + "}}" + behind)) << behind;
  }
}

TEST(BinanceMarket, MembersInAnotherOrderAndWithEscapesMeanTheSame) {
  for (const char* same : {R"({"A":"4","a":"3","B":"2","b":"1","s":"B","u":400})",
                           R"( { "u" : 400 , "s" : "B" , "b" : "1" , "B" : "2" , "a" : "3" , "A" : "4" } )",
                           R"({"\u0075":400,"s":"\u0042","b":"\u0031","B":"2","a":"3","A":"4"})",
                           R"({"data":{"u":400,"s":"B","b":"1","B":"2","a":"3","A":"4"},"stream":"b@bookTicker"})",
                           R"({"u":400,"s":"B","b":"1","B":"2","a":"3","A":"4","x":{"y":[1,"]}"]}})"}) {
    const auto frame = decode_market_frame(same);
    ASSERT_TRUE(frame) << same << " " << frame.error().text;
    const auto& told = std::get<BookTicker>(frame->what);
    EXPECT_EQ(told.update_id, 400) << same;
    EXPECT_EQ(told.symbol, "B") << same;
    EXPECT_EQ(told.bid, "1"_d) << same;
    EXPECT_EQ(told.ask_qty, "4"_d) << same;
  }
  const auto trade = decode_market_frame(R"({"E":1,"s":"B","t":9,"p":"0.001","q":"100","T":7,"m":true,"M":true,"e":"trade"})");
  ASSERT_TRUE(trade) << trade.error().text;
  EXPECT_EQ(std::get<TradeEvent>(trade->what).trade_id, 9);
}

TEST(BinanceMarket, AnAnswerOfTheControlChannelKeepsItsResult) {
  EXPECT_EQ(decoded<ControlResponse>(R"({"result":["btcusdt@trade"],"id":3})").result, R"(["btcusdt@trade"])");
  EXPECT_EQ(decoded<ControlResponse>(R"({"result":null,"id":3})").result, "null");
  const auto refusal = decoded<ControlResponse>(R"({"code":2,"msg":"Invalid request"})");
  EXPECT_EQ(refusal.error->code, 2);
  EXPECT_TRUE(refusal.result.empty());
}

}  // namespace
}  // namespace busbar::binance
