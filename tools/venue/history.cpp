#include "tools/venue/history.hpp"

#include "tools/venue/amount.hpp"

namespace busbar::venue {
namespace {
constexpr std::size_t trades_max = 5'000;
constexpr std::size_t minutes_max = 3'000;  // two days
constexpr TimeUs minute = 60'000'000;
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

  const TimeUs open_time = trade.time - trade.time % minute;
  const bool takes_base = !trade.is_buyer_maker;
  Bar one{open_time,
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
  Bar& bar = symbol.minutes[open_time];
  bar.open_time = open_time;
  bar.add(one);
  if (symbol.minutes.size() > minutes_max) symbol.minutes.erase(symbol.minutes.begin());
}

std::vector<Bar> History::bars(SymbolId symbol, TimeUs length) const {
  std::vector<Bar> result;
  for (const auto& [open_time, bar] : symbols_[symbol].minutes) {
    const TimeUs start = open_time - open_time % length;
    if (result.empty() || result.back().open_time != start) {
      result.emplace_back();
      result.back().open_time = start;
    }
    result.back().add(bar);
  }
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
