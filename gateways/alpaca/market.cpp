// What an Alpaca account is asked about markets: quotes, bars, books, and their streams.
#include <algorithm>

#include "gateways/alpaca/adapter.hpp"
#include "gateways/alpaca/encode.hpp"
#include "gateways/framework/utc.hpp"

namespace busbar::alpaca {

namespace {

using gateway::Events;

constexpr std::int64_t ms_ns = 1'000'000;
constexpr std::uint32_t bars_page = 1'000;
constexpr std::size_t history_pages_max = 20;

std::vector<std::string> only(const Instrument& instrument) {
  return std::vector<std::string>(1, std::string{view(instrument.broker_symbol)});
}

Error nothing_said(std::string_view what) {
  return {ErrorCode::InvalidMessage, "answer." + std::string{what} + ": nothing about this symbol"};
}

// Of what an answer brings, that which is of this symbol.
template <class T>
const T* of_symbol(const std::vector<T>& all, const Instrument& instrument) {
  const auto found = std::ranges::find(all, std::string{view(instrument.broker_symbol)}, &T::symbol);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

asio::awaitable<Result<Quote>> AlpacaAdapter::quote(Symbol symbol) {
  const Instrument* found = listed(symbol);
  if (found == nullptr) co_return not_listed(view(symbol));
  const Instrument instrument = *found;
  const auto body = co_await ask(encode_latest(Latest::Quotes, class_of(instrument), only(instrument), config_.feed));
  if (!body) co_return body.error();
  const auto quotes = decode_quotes(*body);
  if (!quotes) co_return quotes.error();
  const MarketQuote* said = of_symbol(quotes->elements, instrument);
  if (said == nullptr) co_return nothing_said("quotes");
  co_return quote_of(*said, symbol);
}

// "The API may return less, even if there are more available data points": so many as were asked for, by several requests.
template <class T>
asio::awaitable<Result<std::vector<T>>> AlpacaAdapter::history_of(History what, AssetClass of, HistoryQuery query,
                                                                  Result<Page<T>> (*decode)(std::string_view)) {
  std::vector<T> found;
  const std::size_t most = query.limit.value_or(history_page);
  for (std::size_t pages = 0; pages < history_pages_max; ++pages) {
    query.limit = static_cast<std::uint32_t>(most - found.size());
    const auto body = co_await ask(encode_history(what, of, query));
    if (!body) co_return body.error();
    auto page = decode(*body);
    if (!page) co_return page.error();
    page->elements.resize(std::min(page->elements.size(), most - found.size()));
    found.insert(found.end(), std::make_move_iterator(page->elements.begin()), std::make_move_iterator(page->elements.end()));
    if (found.size() == most || page->next_page_token.empty() || page->next_page_token == query.page_token) break;
    query.page_token = std::move(page->next_page_token);
  }
  co_return found;
}

// The newest first where no beginning is asked for; Alpaca itself would begin with today.
asio::awaitable<Result<std::vector<Bar>>> AlpacaAdapter::history(Symbol symbol, std::uint32_t bar_interval_ms,
                                                                 Timestamp start_ns, Timestamp end_ns) {
  const Instrument* found = listed(symbol);
  if (found == nullptr) co_return not_listed(view(symbol));
  const Instrument instrument = *found;
  const auto timeframe = timeframe_of(bar_interval_ms);
  if (!timeframe) co_return Error{ErrorCode::Unsupported, "Alpaca has no bars of this length"};
  const Timestamp now = rest_.broker_time_ns();
  const std::int64_t length_ns = bar_interval_ms * ms_ns;
  constexpr std::int64_t week_ns = 7 * 86'400'000 * ms_ns;
  HistoryQuery query;
  query.symbols = only(instrument);
  query.timeframe = *timeframe;
  query.limit = bars_page;
  query.feed = config_.feed;
  if (end_ns > 0) query.end = gateway::utc_text(end_ns);
  const bool is_from_end = start_ns <= 0;
  const Timestamp end = end_ns > 0 ? end_ns : now;
  const std::int64_t span_ns = std::max(week_ns, bars_page * length_ns);
  query.start = gateway::utc_text(is_from_end ? std::max<Timestamp>(end - span_ns, 0) : start_ns);
  query.sort = is_from_end ? "desc" : "asc";
  const auto found_bars = co_await history_of(History::Bars, class_of(instrument), std::move(query), decode_bars);
  if (!found_bars) co_return found_bars.error();
  std::vector<Bar> bars;
  bars.reserve(found_bars->size());
  for (const MarketBar& said : *found_bars) {
    Bar bar = bar_of(said, symbol, bar_interval_ms);
    bar.is_final = bar.open_time_ns + length_ns <= now;
    bars.push_back(std::move(bar));
  }
  std::ranges::sort(bars, {}, &Bar::open_time_ns);
  co_return bars;
}

asio::awaitable<Result<Book>> AlpacaAdapter::book(Symbol symbol) {
  const Instrument* found = listed(symbol);
  if (found == nullptr) co_return not_listed(view(symbol));
  const Instrument instrument = *found;
  if (class_of(instrument) != AssetClass::Crypto) {
    co_return Error{ErrorCode::Unsupported, "Alpaca has order books of crypto alone"};
  }
  const auto body = co_await ask(encode_latest(Latest::OrderBooks, AssetClass::Crypto, only(instrument)));
  if (!body) co_return body.error();
  const auto books = decode_order_books(*body);
  if (!books) co_return books.error();
  const MarketBook* said = of_symbol(*books, instrument);
  if (said == nullptr) co_return nothing_said("orderbooks");
  co_return book_of(*said, symbol);
}

asio::awaitable<Result<Ticker>> AlpacaAdapter::ticker(Symbol symbol) {
  const Instrument* found = listed(symbol);
  if (found == nullptr) co_return not_listed(view(symbol));
  const Instrument instrument = *found;
  const auto body = co_await ask(encode_snapshots(class_of(instrument), only(instrument), config_.feed));
  if (!body) co_return body.error();
  const auto snapshots = decode_snapshots(*body);
  if (!snapshots) co_return snapshots.error();
  const Snapshot* said = of_symbol(*snapshots, instrument);
  if (said == nullptr) co_return nothing_said("snapshots");
  co_return ticker_of(*said, symbol);
}

// Of the last week, for Alpaca itself would begin with today.
asio::awaitable<Result<std::vector<Trade>>> AlpacaAdapter::market_trades(Symbol symbol) {
  constexpr std::uint32_t trades_max = 500;
  constexpr std::int64_t week_ns = 7 * 86'400'000 * ms_ns;
  const Instrument* found = listed(symbol);
  if (found == nullptr) co_return not_listed(view(symbol));
  const Instrument instrument = *found;
  HistoryQuery query;
  query.symbols = only(instrument);
  query.limit = trades_max;
  query.feed = config_.feed;
  query.start = gateway::utc_text(std::max<Timestamp>(rest_.broker_time_ns() - week_ns, 0));
  query.sort = "desc";
  const auto found_trades = co_await history_of(History::Trades, class_of(instrument), std::move(query), decode_trades);
  if (!found_trades) co_return found_trades.error();
  std::vector<Trade> trades;
  trades.reserve(found_trades->size());
  for (const MarketTrade& said : *found_trades) trades.push_back(trade_of(said, symbol));
  std::ranges::stable_sort(trades, {}, &Trade::venue_time_ns);
  co_return trades;
}

// ---- streams

MarketStream& AlpacaAdapter::stream_of(const Instrument& instrument) {
  return class_of(instrument) == AssetClass::Crypto ? crypto_stream_ : stock_stream_;
}

asio::awaitable<Result<void>> AlpacaAdapter::subscribe(Symbol symbol, Channel channel, std::uint32_t bar_interval_ms) {
  const Instrument* instrument = listed(symbol);
  if (instrument == nullptr) co_return not_listed(view(symbol));
  co_return stream_of(*instrument).subscribe(*instrument, channel, bar_interval_ms);
}

asio::awaitable<Result<void>> AlpacaAdapter::unsubscribe(Symbol symbol, Channel channel,
                                                         std::uint32_t bar_interval_ms) {
  const Instrument* instrument = listed(symbol);
  if (instrument == nullptr) co_return not_listed(view(symbol));
  stream_of(*instrument).unsubscribe(*instrument, channel, bar_interval_ms);
  co_return Result<void>{};
}

MarketStream::Handlers AlpacaAdapter::market_handlers(std::size_t stream) {
  MarketStream::Handlers handlers;
  handlers.on_quote = [this](const MarketQuote& said, const Symbol& symbol, Timestamp receive_time_ns) {
    Quote quote = quote_of(said, symbol);
    quote.receive_time_ns = receive_time_ns;
    context_.events.on_quote(std::move(quote));
  };
  handlers.on_trade = [this](const MarketTrade& said, const Symbol& symbol, Timestamp receive_time_ns) {
    Trade trade = trade_of(said, symbol);
    trade.receive_time_ns = receive_time_ns;
    context_.events.on_trade(std::move(trade));
  };
  handlers.on_bar = [this](const MarketBar& said, const Symbol& symbol, Timestamp receive_time_ns) {
    constexpr std::uint32_t minute_ms = 60'000, day_ms = 86'400'000;
    Bar bar = bar_of(said, symbol, said.kind == "d" ? day_ms : minute_ms);
    bar.receive_time_ns = receive_time_ns;
    context_.events.on_bar(std::move(bar));
  };
  handlers.on_book = [this](const gateway::BookSides& sides, const Symbol& symbol, Timestamp time_ns,
                            Timestamp receive_time_ns) { tell_book(sides, symbol, time_ns, receive_time_ns); };
  // Both have one state between them: it is well while both are, or are not wanted.
  handlers.on_state = [this, stream](SessionStateKind state, std::string reason, Timestamp) {
    const bool is_well = state == SessionStateKind::Ok;
    market_troubles_[stream] = is_well ? std::string{} : std::string{stream == 0 ? "shares: " : "crypto: "} + reason;
    const std::string& other = market_troubles_[1 - stream];
    if (is_well && !other.empty()) {
      state = SessionStateKind::Down;
      reason = other;
    }
    context_.events.on_state(Events::Part::MarketData, state, std::move(reason));
  };
  return handlers;
}

}  // namespace busbar::alpaca
