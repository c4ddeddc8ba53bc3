#pragma once
// What the market has traded: recent trades, trades of one taker at one price together, and bars of a second and of a
// minute, from which every longer bar, the day's figures and the average price are made.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "tools/venue/engine.hpp"

namespace busbar::venue {

struct AggregateTrade {
  std::uint64_t id = 0, first = 0, last = 0, taker_order = 0;
  Decimal price, qty;
  TimeUs time = 0;
  bool is_buyer_maker = false;
};

struct Bar {
  TimeUs open_time = 0;
  Decimal open, high, low, close, volume, quote_volume, taker_volume, taker_quote;
  std::uint64_t trades = 0, first_trade = 0, last_trade = 0;
  void add(const Bar& later);
};

// How time is cut into bars.
struct Periods {
  std::function<TimeUs(TimeUs)> start_of;  // of the bar that holds a moment
  std::function<TimeUs(TimeUs)> end_of;    // of the bar that begins at a moment
  bool are_short = false;                  // less than a minute
};

class History {
 public:
  explicit History(std::size_t symbols) : symbols_(symbols) {}

  void add(const Trade& trade);

  const std::deque<Trade>& trades(SymbolId symbol) const { return symbols_[symbol].trades; }
  const std::deque<AggregateTrade>& aggregates(SymbolId symbol) const { return symbols_[symbol].aggregates; }
  // Every bar from the first trade that is still known until now, oldest first; one without a trade is flat.
  std::vector<Bar> bars(SymbolId symbol, const Periods& periods, TimeUs now) const;
  // All trades since `from`, to the minute; trades == 0 when there were none.
  Bar since(SymbolId symbol, TimeUs from) const;

 private:
  struct PerSymbol {
    std::deque<Trade> trades;
    std::deque<AggregateTrade> aggregates;
    std::map<TimeUs, Bar> seconds, minutes;
    std::uint64_t next_aggregate = 400'001;
  };
  std::vector<PerSymbol> symbols_;
};

}  // namespace busbar::venue
