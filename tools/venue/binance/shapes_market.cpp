// What the market does, asked for or told.

#include "tools/venue/binance/shapes.hpp"

#include "tools/venue/amount.hpp"
#include "tools/venue/binance/names.hpp"

namespace busbar::venue::binance {
namespace {

namespace json = boost::json;

constexpr TimeUs minute = 60'000'000, day = 1'440 * minute;

struct Figures {
  Bar bar;
  Decimal last, change, weighted;
  std::string percent;
  std::int64_t first = -1, final = -1;
};

// Of all trades since a moment, to the minute.
Figures figures_since(const Engine& engine, const History& history, SymbolId symbol, TimeUs from) {
  Figures result;
  result.bar = history.since(symbol, from);
  result.last = engine.last_price(symbol);
  if (result.bar.trades == 0) {
    result.bar.open = result.bar.high = result.bar.low = result.bar.close = result.last;
  } else {
    result.first = static_cast<std::int64_t>(result.bar.first_trade);
    result.final = static_cast<std::int64_t>(result.bar.last_trade);
  }
  result.change = minus(result.last, result.bar.open);
  result.percent =
      fixed(times(divide(result.change, result.bar.open, 8, Round::Nearest).value_or(Decimal{}), Decimal{100, 0}), 3);
  result.weighted = divide(result.bar.quote_volume, result.bar.volume, 8, Round::Nearest).value_or(result.last);
  return result;
}

std::pair<Decimal, Decimal> best(const Engine& engine, SymbolId symbol, Side side) {
  const auto top = engine.levels(symbol, side, 1);
  return top.empty() ? std::pair{Decimal{}, Decimal{}} : top.front();
}

}  // namespace

json::array levels(const Engine::Levels& levels) {
  json::array result;
  for (const auto& [price, qty] : levels) result.push_back(json::array{fixed(price), fixed(qty)});
  return result;
}

json::object public_trade(const Trade& trade, TimeUnit unit) {
  return {{"id", trade.id},
          {"price", fixed(trade.price)},
          {"qty", fixed(trade.qty)},
          {"quoteQty", fixed(trade.quote)},
          {"time", stamp(trade.time, unit)},
          {"isBuyerMaker", trade.is_buyer_maker},
          {"isBestMatch", true}};
}

json::object aggregate_trade(const AggregateTrade& trade, TimeUnit unit) {
  return {{"a", trade.id},   {"p", fixed(trade.price)},      {"q", fixed(trade.qty)},     {"f", trade.first},
          {"l", trade.last}, {"T", stamp(trade.time, unit)}, {"m", trade.is_buyer_maker}, {"M", true}};
}

Periods periods_of(const Interval& interval, TimeUs zone) {
  return {[interval, zone](TimeUs time) { return interval.start_of(time, zone); },
          [interval, zone](TimeUs start) { return interval.end_of(start, zone); }, interval.length < 60'000'000};
}

json::array bar(const Bar& bar, TimeUs end, TimeUnit unit) {
  const TimeUs last = end - (unit == TimeUnit::Microseconds ? 1 : 1'000);
  return {stamp(bar.open_time, unit),
          fixed(bar.open),
          fixed(bar.high),
          fixed(bar.low),
          fixed(bar.close),
          fixed(bar.volume),
          stamp(last, unit),
          fixed(bar.quote_volume),
          bar.trades,
          fixed(bar.taker_volume),
          fixed(bar.taker_quote),
          "0"};
}

json::object book_ticker(const Engine& engine, SymbolId symbol) {
  const auto [bid, bid_qty] = best(engine, symbol, Side::Buy);
  const auto [ask, ask_qty] = best(engine, symbol, Side::Sell);
  return {{"symbol", engine.symbol(symbol).name},
          {"bidPrice", fixed(bid)},
          {"bidQty", fixed(bid_qty)},
          {"askPrice", fixed(ask)},
          {"askQty", fixed(ask_qty)}};
}

json::object day_ticker(const Engine& engine, const History& history, SymbolId symbol, bool is_mini, TimeUs now,
                        TimeUnit unit) {
  const Figures figures = figures_since(engine, history, symbol, now - day);
  const auto [bid, bid_qty] = best(engine, symbol, Side::Buy);
  const auto [ask, ask_qty] = best(engine, symbol, Side::Sell);
  json::object body{{"symbol", engine.symbol(symbol).name}};
  if (!is_mini) {
    body["priceChange"] = fixed(figures.change);
    body["priceChangePercent"] = figures.percent;
    body["weightedAvgPrice"] = fixed(figures.weighted);
    body["prevClosePrice"] = fixed(figures.bar.open);
    body["lastPrice"] = fixed(figures.last);
    body["lastQty"] = history.trades(symbol).empty() ? fixed({}) : fixed(history.trades(symbol).back().qty);
    body["bidPrice"] = fixed(bid);
    body["bidQty"] = fixed(bid_qty);
    body["askPrice"] = fixed(ask);
    body["askQty"] = fixed(ask_qty);
  }
  body["openPrice"] = fixed(figures.bar.open);
  body["highPrice"] = fixed(figures.bar.high);
  body["lowPrice"] = fixed(figures.bar.low);
  if (is_mini) body["lastPrice"] = fixed(figures.last);
  body["volume"] = fixed(figures.bar.volume);
  body["quoteVolume"] = fixed(figures.bar.quote_volume);
  body["openTime"] = stamp(now - day, unit);
  body["closeTime"] = stamp(now, unit);
  body["firstId"] = figures.first;
  body["lastId"] = figures.final;
  body["count"] = figures.bar.trades;
  return body;
}

json::object window_ticker(const Engine& engine, const History& history, SymbolId symbol, TimeUs from, bool is_mini,
                           TimeUs now, TimeUnit unit) {
  const Figures figures = figures_since(engine, history, symbol, from);
  json::object body{{"symbol", engine.symbol(symbol).name}};
  if (!is_mini) {
    body["priceChange"] = fixed(figures.change);
    body["priceChangePercent"] = figures.percent;
    body["weightedAvgPrice"] = fixed(figures.weighted);
  }
  body["openPrice"] = fixed(figures.bar.open);
  body["highPrice"] = fixed(figures.bar.high);
  body["lowPrice"] = fixed(figures.bar.low);
  body["lastPrice"] = fixed(figures.last);
  body["volume"] = fixed(figures.bar.volume);
  body["quoteVolume"] = fixed(figures.bar.quote_volume);
  body["openTime"] = stamp(from - from % minute, unit);
  body["closeTime"] = stamp(now, unit);
  body["firstId"] = figures.first;
  body["lastId"] = figures.final;
  body["count"] = figures.bar.trades;
  return body;
}

json::object window_ticker_event(const Engine& engine, const History& history, SymbolId symbol,
                                 std::string_view window, TimeUs from, TimeUs now, TimeUnit unit) {
  const Figures figures = figures_since(engine, history, symbol, from);
  return {{"e", std::string{window} + "Ticker"},
          {"E", stamp(now, unit)},
          {"s", engine.symbol(symbol).name},
          {"p", fixed(figures.change)},
          {"P", figures.percent},
          {"o", fixed(figures.bar.open)},
          {"h", fixed(figures.bar.high)},
          {"l", fixed(figures.bar.low)},
          {"c", fixed(figures.last)},
          {"w", fixed(figures.weighted)},
          {"v", fixed(figures.bar.volume)},
          {"q", fixed(figures.bar.quote_volume)},
          {"O", stamp(from - from % minute, unit)},
          {"C", stamp(now, unit)},
          {"F", figures.first},
          {"L", figures.final},
          {"n", figures.bar.trades}};
}

Decimal average_price(const Engine& engine, const History& history, SymbolId symbol, TimeUs now) {
  const Bar bar = history.since(symbol, now - 5 * 60'000'000);
  return divide(bar.quote_volume, bar.volume, 8, Round::Nearest).value_or(engine.last_price(symbol));
}

json::object trade_event(const Engine& engine, const Trade& trade, TimeUs now, TimeUnit unit) {
  return {{"e", "trade"},
          {"E", stamp(now, unit)},
          {"s", engine.symbol(trade.symbol).name},
          {"t", trade.id},
          {"p", fixed(trade.price)},
          {"q", fixed(trade.qty)},
          {"T", stamp(trade.time, unit)},
          {"m", trade.is_buyer_maker},
          {"M", true}};
}

json::object aggregate_event(const Engine& engine, SymbolId symbol, const AggregateTrade& trade, TimeUs now,
                             TimeUnit unit) {
  json::object event{{"e", "aggTrade"}, {"E", stamp(now, unit)}, {"s", engine.symbol(symbol).name}};
  for (const auto& [name, value] : aggregate_trade(trade, unit)) event[name] = value;
  return event;
}

json::object book_ticker_event(const Engine& engine, SymbolId symbol) {
  const auto [bid, bid_qty] = best(engine, symbol, Side::Buy);
  const auto [ask, ask_qty] = best(engine, symbol, Side::Sell);
  return {{"u", engine.update_id(symbol)},
          {"s", engine.symbol(symbol).name},
          {"b", fixed(bid)},
          {"B", fixed(bid_qty)},
          {"a", fixed(ask)},
          {"A", fixed(ask_qty)}};
}

json::object ticker_event(const Engine& engine, const History& history, SymbolId symbol, bool is_mini, TimeUs now,
                          TimeUnit unit) {
  const Figures figures = figures_since(engine, history, symbol, now - day);
  json::object event{
      {"e", is_mini ? "24hrMiniTicker" : "24hrTicker"}, {"E", stamp(now, unit)}, {"s", engine.symbol(symbol).name}};
  if (!is_mini) {
    const auto [bid, bid_qty] = best(engine, symbol, Side::Buy);
    const auto [ask, ask_qty] = best(engine, symbol, Side::Sell);
    event["p"] = fixed(figures.change);
    event["P"] = figures.percent;
    event["w"] = fixed(figures.weighted);
    event["x"] = fixed(figures.bar.open);
    event["c"] = fixed(figures.last);
    event["Q"] = history.trades(symbol).empty() ? fixed({}) : fixed(history.trades(symbol).back().qty);
    event["b"] = fixed(bid);
    event["B"] = fixed(bid_qty);
    event["a"] = fixed(ask);
    event["A"] = fixed(ask_qty);
  } else {
    event["c"] = fixed(figures.last);
  }
  event["o"] = fixed(figures.bar.open);
  event["h"] = fixed(figures.bar.high);
  event["l"] = fixed(figures.bar.low);
  event["v"] = fixed(figures.bar.volume);
  event["q"] = fixed(figures.bar.quote_volume);
  if (!is_mini) {
    event["O"] = stamp(now - day, unit);
    event["C"] = stamp(now, unit);
    event["F"] = figures.first;
    event["L"] = figures.final;
    event["n"] = figures.bar.trades;
  }
  return event;
}

json::object bar_event(const Engine& engine, SymbolId symbol, const Bar& bar, std::string_view interval, TimeUs end,
                       TimeUs now, TimeUnit unit) {
  const std::string& name = engine.symbol(symbol).name;
  const TimeUs last = end - (unit == TimeUnit::Microseconds ? 1 : 1'000);
  const bool is_empty = bar.trades == 0;
  return {{"e", "kline"},
          {"E", stamp(now, unit)},
          {"s", name},
          {"k",
           {{"t", stamp(bar.open_time, unit)},
            {"T", stamp(last, unit)},
            {"s", name},
            {"i", interval},
            {"f", is_empty ? -1 : static_cast<std::int64_t>(bar.first_trade)},
            {"L", is_empty ? -1 : static_cast<std::int64_t>(bar.last_trade)},
            {"o", fixed(bar.open)},
            {"c", fixed(bar.close)},
            {"h", fixed(bar.high)},
            {"l", fixed(bar.low)},
            {"v", fixed(bar.volume)},
            {"n", bar.trades},
            {"x", now >= end},
            {"q", fixed(bar.quote_volume)},
            {"V", fixed(bar.taker_volume)},
            {"Q", fixed(bar.taker_quote)},
            {"B", "0"}}}};
}

std::string event_name(const json::value& event) {
  const json::object* object = event.if_object();
  if (object == nullptr) return {};
  if (const json::value* name = object->if_contains("e"); name != nullptr && name->is_string()) {
    return std::string{name->get_string()};
  }
  return object->contains("lastUpdateId") ? "partialDepth" : "bookTicker";
}

}  // namespace busbar::venue::binance
