#include "tools/venue/history.hpp"

#include "tools/venue/amount.hpp"

namespace busbar::venue {
namespace {
constexpr std::size_t trades_max = 5'000;
constexpr std::size_t minutes_max = 3'000;  // two days
constexpr std::size_t seconds_max = 3'600;
constexpr TimeUs second = 1'000'000;
constexpr TimeUs minute = 60 * second;
}  // namespace

void Bar::add(const Bar& later) {
  if (trades == 0) {
    const TimeUs mine = open_time;
    *this = later;
    open_time = mine;
    return;
  }
  high = later.high > high ? later.high : high;
  low = least(low, later.low);
  close = later.close;
  volume = plus(volume, later.volume);
  quote_volume = plus(quote_volume, later.quote_volume);
  taker_volume = plus(taker_volume, later.taker_volume);
  taker_quote = plus(taker_quote, later.taker_quote);
  trades += later.trades;
  last_trade = later.last_trade;
}

void History::add(const Trade& trade) {
  PerSymbol& symbol = symbols_[trade.symbol];
  symbol.trades.push_back(trade);
  if (symbol.trades.size() > trades_max) symbol.trades.pop_front();

  if (!symbol.aggregates.empty() && symbol.aggregates.back().taker_order == trade.taker_order &&
      symbol.aggregates.back().price == trade.price) {
    symbol.aggregates.back().last = trade.id;
    symbol.aggregates.back().qty = plus(symbol.aggregates.back().qty, trade.qty);
  } else {
    symbol.aggregates.push_back({symbol.next_aggregate++, trade.id, trade.id, trade.taker_order, trade.price, trade.qty,
                                 trade.time, trade.is_buyer_maker});
    if (symbol.aggregates.size() > trades_max) symbol.aggregates.pop_front();
  }

  const bool takes_base = !trade.is_buyer_maker;
  Bar one{0,
          trade.price,
          trade.price,
          trade.price,
          trade.price,
          trade.qty,
          trade.quote,
          takes_base ? trade.qty : Decimal{},
          takes_base ? trade.quote : Decimal{},
          1,
          trade.id,
          trade.id};
  const auto add_to = [&](std::map<TimeUs, Bar>& bars, TimeUs length, std::size_t most) {
    const TimeUs open_time = trade.time - trade.time % length;
    Bar& bar = bars[open_time];
    bar.open_time = open_time;
    bar.add(one);
    if (bars.size() > most) bars.erase(bars.begin());
  };
  add_to(symbol.seconds, second, seconds_max);
  add_to(symbol.minutes, minute, minutes_max);
}

std::vector<Bar> History::bars(SymbolId symbol, const Periods& periods, TimeUs now) const {
  std::vector<Bar> result;
  const auto open_next = [&] {
    Bar flat;
    flat.open_time = periods.end_of(result.back().open_time);
    flat.open = flat.high = flat.low = flat.close = result.back().close;
    result.push_back(flat);
  };
  const auto& parts = periods.are_short ? symbols_[symbol].seconds : symbols_[symbol].minutes;
  for (const auto& [open_time, bar] : parts) {
    const TimeUs start = periods.start_of(open_time);
    if (result.empty()) {
      result.emplace_back();
      result.back().open_time = start;
    }
    while (result.back().open_time < start) open_next();
    result.back().add(bar);
  }
  while (!result.empty() && periods.end_of(result.back().open_time) <= now) open_next();
  return result;
}

Bar History::since(SymbolId symbol, TimeUs from) const {
  Bar sum;
  sum.open_time = from;
  const auto& minutes = symbols_[symbol].minutes;
  for (auto bar = minutes.lower_bound(from - from % minute); bar != minutes.end(); ++bar) sum.add(bar->second);
  return sum;
}

}  // namespace busbar::venue
