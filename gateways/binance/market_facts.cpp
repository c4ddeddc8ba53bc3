#include "gateways/binance/market_facts.hpp"

#include "gateways/binance/facts.hpp"

namespace busbar::binance {

Quote quote_of(const BookTicker& ticker, const Symbol& symbol) {
  Quote quote;
  quote.symbol = symbol;
  quote.bid_px = ticker.bid;
  quote.bid_qty = ticker.bid_qty;
  quote.ask_px = ticker.ask;
  quote.ask_qty = ticker.ask_qty;
  return quote;
}

Bar bar_of(const Kline& kline, const Symbol& symbol, std::uint32_t interval_ms, bool is_final) {
  Bar bar;
  bar.symbol = symbol;
  bar.interval_ms = interval_ms;
  bar.open_time_ns = ns_of(kline.open_time);
  bar.open = kline.open;
  bar.high = kline.high;
  bar.low = kline.low;
  bar.close = kline.close;
  bar.volume = kline.volume;
  bar.is_final = is_final;
  return bar;
}

Ticker ticker_of(const WindowTicker& window, const Symbol& symbol) {
  Ticker ticker;
  ticker.symbol = symbol;
  ticker.open_px = window.open;
  ticker.high_px = window.high;
  ticker.low_px = window.low;
  ticker.last_px = window.last;
  ticker.volume = window.volume;
  ticker.quote_volume = window.quote_volume;
  if (window.close_time) ticker.venue_time_ns = ns_of(*window.close_time);
  return ticker;
}

Trade trade_of(const PublicTrade& said, const Symbol& symbol) {
  Trade trade;
  trade.symbol = symbol;
  trade.trade_id = printable<64>(std::to_string(said.id));
  trade.price = said.price;
  trade.qty = said.qty;
  trade.aggressor = said.buyer_is_maker ? Side::Sell : Side::Buy;
  trade.venue_time_ns = ns_of(said.time);
  return trade;
}

Trade trade_of(const TradeEvent& event, const Symbol& symbol) {
  return trade_of(PublicTrade{.id = event.trade_id,
                              .price = event.price,
                              .qty = event.qty,
                              .time = event.trade_time,
                              .buyer_is_maker = event.buyer_is_maker},
                  symbol);
}

}  // namespace busbar::binance
