#pragma once
// Market data as Alpaca says it, in answers of REST and in frames of the stream, which have the same short names. Pure, and
// strict about types. A time is 0 where it is not told.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bus/messages.hpp"

namespace busbar::alpaca {

struct MarketTrade {
  std::string symbol;
  std::string id;  // beyond what a double holds
  Decimal price;
  Decimal size;
  std::string exchange;
  std::string tape;
  std::string taker_side;  // B, S: of crypto
  std::vector<std::string> conditions;
  Timestamp time = 0;
};

// A side that nobody quotes has the price zero.
struct MarketQuote {
  std::string symbol;
  std::optional<Decimal> bid;
  std::optional<Decimal> bid_size;
  std::optional<Decimal> ask;
  std::optional<Decimal> ask_size;
  std::vector<std::string> conditions;
  Timestamp time = 0;
};

struct MarketBar {
  std::string symbol;
  std::string kind;  // of the stream: b when it is over, u when late trades change it, d of the day so far
  Decimal open;
  Decimal high;
  Decimal low;
  Decimal close;
  Decimal volume;  // a sum: cut to what a Decimal holds
  std::optional<std::int64_t> trade_count;
  std::string vwap;    // a mean, with all its digits
  Timestamp time = 0;  // when it begins
};

struct MarketBook {
  std::string symbol;
  bool is_whole = false;  // it takes the place of what was known; otherwise a size of zero takes a level away
  std::vector<BookLevel> bids;
  std::vector<BookLevel> asks;
  Timestamp time = 0;
};

// ---- Answers of REST, of one symbol or of many

template <class T>
struct Page {
  std::string symbol;           // of an answer about one symbol
  std::vector<T> elements;      // each with its symbol
  std::string next_page_token;  // empty at the end
};

struct Snapshot {
  std::string symbol;
  std::optional<MarketTrade> last;
  std::optional<MarketQuote> quote;
  std::optional<MarketBar> minute_bar;
  std::optional<MarketBar> daily_bar;
  std::optional<MarketBar> prev_daily_bar;
};

Result<Page<MarketBar>> decode_bars(std::string_view body);
Result<Page<MarketQuote>> decode_quotes(std::string_view body);
Result<Page<MarketTrade>> decode_trades(std::string_view body);
Result<std::vector<Snapshot>> decode_snapshots(std::string_view body);
Result<std::vector<MarketBook>> decode_order_books(std::string_view body);

// ---- The stream

struct Success {
  std::string message;  // connected, authenticated
};
struct StreamError {
  std::int64_t code = 0;
  std::string message;
};
// All that is subscribed to on the connection, by channel.
struct Subscribed {
  std::vector<std::pair<std::string, std::vector<std::string>>> symbols;
};
// Whether a symbol trades now.
struct SymbolStatus {
  std::string symbol;
  std::string status_code;  // H, P: halted; T, Q: trading again
  std::string status_message;
  std::string reason_code;
  Timestamp time = 0;
};
// Corrections, cancels, limits, news: nothing that the bus has a word for.
struct OtherData {
  std::string type;
};

using DataMessage = std::variant<OtherData, Success, StreamError, Subscribed, MarketTrade, MarketQuote, MarketBar,
                                 MarketBook, SymbolStatus>;
// A frame is an array of them; one alone may stand without its brackets.
Result<std::vector<DataMessage>> decode_data(std::string_view frame);

}  // namespace busbar::alpaca
