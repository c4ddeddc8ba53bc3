#pragma once
// Market data as Coinbase says it in answers of REST. Pure, and strict about types.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::coinbase {

struct PriceBook {
  std::string product_id;
  std::vector<BookLevel> bids;  // best first
  std::vector<BookLevel> asks;
  Timestamp time_ns = 0;  // 0 where it is not told
};

struct Candle {
  std::int64_t start_s = 0;
  Decimal open;
  Decimal high;
  Decimal low;
  Decimal close;
  Decimal volume;          // a sum: cut to what a Decimal holds
  std::string product_id;  // on the stream only
};

struct MarketTrade {
  std::string trade_id;
  std::string product_id;
  Decimal price;
  Decimal size;
  std::string side;  // the maker's; UNKNOWN_ORDER_SIDE is possible
  std::string time;
};

struct MarketTrades {
  std::vector<MarketTrade> trades;  // newest first
  std::optional<Decimal> best_bid;
  std::optional<Decimal> best_ask;
};

Result<PriceBook> decode_product_book(std::string_view body);
Result<std::vector<PriceBook>> decode_best_bid_ask(std::string_view body);
Result<std::vector<Candle>> decode_candles(std::string_view body);  // newest first
Result<MarketTrades> decode_market_trades(std::string_view body);

}  // namespace busbar::coinbase
