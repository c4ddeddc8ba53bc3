#pragma once
// Market data as Binance says it: what REST answers, and the frames of the market streams. Pure, and strict about
// types. Everybody's trades and prices; what concerns our own account is in decode.hpp.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/messages.hpp"
#include "gateways/binance/broker_error.hpp"

namespace busbar::binance {

// ---- What both say

struct BookTicker {
  std::string symbol;
  std::optional<std::int64_t> update_id;  // on the stream only
  Decimal bid;
  Decimal bid_qty;
  Decimal ask;
  Decimal ask_qty;
};

struct DepthSnapshot {
  std::int64_t last_update_id = 0;
  std::vector<BookLevel> bids;  // best first
  std::vector<BookLevel> asks;
};

struct Kline {
  std::int64_t open_time = 0;   // ms
  std::int64_t close_time = 0;  // the last ms that still belongs to it
  Decimal open;
  Decimal high;
  Decimal low;
  Decimal close;
  Decimal volume;
  std::int64_t trades = 0;
};

// A window of time: the last 24 hours, a trading day, or one that rolls.
struct WindowTicker {
  std::string symbol;
  Decimal open;
  Decimal high;
  Decimal low;
  Decimal last;
  Decimal volume;
  std::optional<Decimal> quote_volume;  // absent where it has more digits than a Decimal
  std::optional<Decimal> bid;  // not in the shorter forms
  std::optional<Decimal> ask;
  std::optional<std::int64_t> open_time;
  std::optional<std::int64_t> close_time;
};

// ---- REST

struct PublicTrade {
  std::int64_t id = 0;
  Decimal price;
  Decimal qty;
  std::int64_t time = 0;
  bool buyer_is_maker = false;
};

struct AggregateTrade {
  std::int64_t id = 0;
  Decimal price;
  Decimal qty;
  std::int64_t first_trade_id = 0;
  std::int64_t last_trade_id = 0;
  std::int64_t time = 0;
  std::optional<bool> buyer_is_maker;  // not every server has told
};

struct PriceTicker {
  std::string symbol;
  Decimal price;
};

struct AveragePrice {
  std::int64_t minutes = 0;
  Decimal price;
};

Result<BookTicker> decode_book_ticker(std::string_view body);
Result<std::vector<BookTicker>> decode_book_tickers(std::string_view body);
Result<DepthSnapshot> decode_depth(std::string_view body);
Result<std::vector<Kline>> decode_klines(std::string_view body);
Result<WindowTicker> decode_ticker_24h(std::string_view body);  // and every other window
Result<std::vector<WindowTicker>> decode_tickers_24h(std::string_view body);
Result<PriceTicker> decode_price_ticker(std::string_view body);
Result<std::vector<PriceTicker>> decode_price_tickers(std::string_view body);
Result<std::vector<PublicTrade>> decode_recent_trades(std::string_view body);  // and older ones
Result<std::vector<AggregateTrade>> decode_aggregate_trades(std::string_view body);
Result<AveragePrice> decode_average_price(std::string_view body);

// ---- Streams

struct TradeEvent {
  std::string symbol;
  std::int64_t trade_id = 0;
  Decimal price;
  Decimal qty;
  std::int64_t trade_time = 0;
  bool buyer_is_maker = false;
};

struct AggregateTradeEvent {
  std::string symbol;
  AggregateTrade trade;
};

// A level of quantity zero is gone.
struct DepthUpdateEvent {
  std::string symbol;
  std::int64_t event_time = 0;
  std::int64_t first_update_id = 0;
  std::int64_t final_update_id = 0;
  std::vector<BookLevel> bids;
  std::vector<BookLevel> asks;
};

// The best 5, 10 or 20 levels, whole. It names no symbol: MarketFrame::stream does.
struct PartialDepthEvent {
  DepthSnapshot depth;
};

struct KlineEvent {
  std::string symbol;
  std::int64_t event_time = 0;
  std::string interval;
  Kline kline;
  bool is_closed = false;
};

struct TickerEvent {
  std::int64_t event_time = 0;
  bool is_mini = false;
  WindowTicker ticker;
};

struct AveragePriceEvent {
  std::string symbol;
  std::string interval;
  Decimal price;
  std::int64_t last_trade_time = 0;
};

// The answer to SUBSCRIBE and its like.
struct ControlResponse {
  std::optional<std::int64_t> id;
  std::optional<BrokerError> error;
  std::string result;  // as JSON: null, ["btcusdt@trade"], true; empty beside an error
};

struct ServerShutdownEvent {};

// What the unified model has no use for, and what was never seen.
struct OtherMarketEvent {
  std::string name;
};

struct MarketFrame {
  std::optional<std::string> stream;  // where frames come wrapped
  std::string name;                   // `e`, or bookTicker and partialDepth, which carry none
  std::variant<OtherMarketEvent, BookTicker, TradeEvent, ControlResponse, ServerShutdownEvent, AggregateTradeEvent,
               DepthUpdateEvent, PartialDepthEvent, KlineEvent, TickerEvent, AveragePriceEvent,
               std::vector<TickerEvent>>
      what;
};

Result<MarketFrame> decode_market_frame(std::string_view frame);

}  // namespace busbar::binance
