#include "gateways/coinbase/facts.hpp"

#include <algorithm>
#include <array>

#include "gateways/coinbase/errors.hpp"
#include "gateways/framework/utc.hpp"
#include "gateways/framework/words.hpp"

namespace busbar::coinbase {

namespace {

using gateway::parse_utc;
using gateway::printable;
using gateway::words_of;

Side side_of(std::string_view side) {
  if (side == "BUY") return Side::Buy;
  if (side == "SELL") return Side::Sell;
  return Side::Unset;
}

std::optional<Decimal> positive(const std::optional<Decimal>& value) {
  return value && value->is_positive() ? value : std::nullopt;
}

// The latest time that an answer tells of an order.
Timestamp time_of(const Order& order) {
  Timestamp latest = 0;
  const auto take = [&](const std::optional<std::string>& text) {
    if (text) latest = std::max(latest, parse_utc(*text).value_or(0));
  };
  take(order.created_time);
  take(order.last_fill_time);
  for (const Edit& edit : order.edit_history) take(edit.replace_accept_timestamp);
  return latest;
}

// REJECT_REASON_UNSPECIFIED and its like say nothing.
std::string_view reject_reason(const std::optional<std::string>& reason) {
  const bool says_nothing = !reason || reason->find("UNSPECIFIED") != std::string::npos;
  return says_nothing ? std::string_view{} : std::string_view{*reason};
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) {
    if (!part.empty()) text.append(text.empty() ? "" : ": ").append(part);
  }
  return text;
}

void put_rejection(VenueReport& report, std::string_view reason, std::string_view message) {
  report.error = reason.empty() ? ErrorCode::OrderRejected : unified_reason(reason);
  report.broker_code = printable<32>(reason);
  report.text = words_of(explained({.id = std::string{reason}, .message = std::string{message}}));
}

bool waits_for_trigger(const std::optional<std::string>& trigger_status) { return trigger_status == "STOP_PENDING"; }

bool is_live(OrderStatus status) {
  return status == OrderStatus::New || status == OrderStatus::PartiallyFilled || status == OrderStatus::PendingCancel ||
         status == OrderStatus::PendingReplace;
}

}  // namespace

std::optional<OrderStatus> order_status_of(std::string_view status, bool is_pending_cancel, bool has_filled) {
  constexpr std::array<std::pair<std::string_view, OrderStatus>, 9> statuses{{
      {"PENDING", OrderStatus::PendingNew},
      {"QUEUED", OrderStatus::PendingNew},
      {"OPEN", OrderStatus::New},
      {"CANCEL_QUEUED", OrderStatus::PendingCancel},
      {"EDIT_QUEUED", OrderStatus::PendingReplace},
      {"FILLED", OrderStatus::Filled},
      {"CANCELLED", OrderStatus::Canceled},
      {"EXPIRED", OrderStatus::Expired},
      {"FAILED", OrderStatus::Rejected},
  }};
  const auto* const found =
      std::find_if(statuses.begin(), statuses.end(), [&](const auto& row) { return row.first == status; });
  if (found == statuses.end()) return std::nullopt;
  const bool is_open = found->second == OrderStatus::New || found->second == OrderStatus::PendingNew;
  if (is_pending_cancel && is_open) return OrderStatus::PendingCancel;
  if (found->second == OrderStatus::New && has_filled) return OrderStatus::PartiallyFilled;
  return found->second;
}

VenueReport fact_of_placed(const Placed& placed, const NewOrder& order, const Symbol& symbol,
                           std::string_view venue_order_id) {
  VenueReport report;
  report.source = VenueSource::Rest;
  report.symbol = symbol;
  report.venue_order_id = printable<64>(venue_order_id);
  report.side = order.side;
  if (placed.success) {
    report.event = VenueEvent::Accepted;
    report.broker_order_id = printable<64>(placed.order_id);
    report.order_status = OrderStatus::New;
    report.is_working = order.order_type == OrderType::Market || order.order_type == OrderType::Limit;
    return report;
  }
  report.event = VenueEvent::Rejected;
  report.order_status = OrderStatus::Rejected;
  put_rejection(report, placed.reason, joined({placed.message.value_or(""), placed.details.value_or("")}));
  if (report.error == ErrorCode::DuplicateOrder) {
    report.event = VenueEvent::Unknown;
    report.error = ErrorCode::UnknownOutcome;
  }
  return report;
}

VenueReport fact_of_cancelled(const Cancelled& cancelled, const Symbol& symbol, std::string_view venue_order_id) {
  VenueReport report;
  report.source = VenueSource::Rest;
  report.symbol = symbol;
  report.venue_order_id = printable<64>(venue_order_id);
  report.broker_order_id = printable<64>(cancelled.order_id);
  report.event = cancelled.success ? VenueEvent::State : VenueEvent::CancelRejected;
  if (cancelled.success) {
    report.order_status = OrderStatus::PendingCancel;
    return report;
  }
  report.error = unified_cancel_reason(cancelled.failure_reason);
  report.broker_code = printable<32>(cancelled.failure_reason);
  report.text = words_of(cancelled.failure_reason);
  return report;
}

// Of its edits, and what it was placed for, the last word on each counts, in whatever order they stand.
std::optional<Terms> terms_of(const Order& order) {
  if (!order.configuration) return std::nullopt;
  auto size = positive(order.configuration->base_size);
  auto price = positive(order.configuration->limit_price);
  std::vector<Edit> edits = order.edit_history;
  std::ranges::stable_sort(edits, {}, [](const Edit& edit) { return parse_utc(edit.replace_accept_timestamp).value_or(0); });
  for (const Edit& edit : edits) {
    if (edit.size) size = edit.size;
    if (edit.price) price = edit.price;
  }
  if (!size || !price) return std::nullopt;
  return Terms{*size, *price};
}

Result<VenueReport> state_of(const Order& order, const Symbol& symbol, VenueSource source) {
  const bool has_filled = order.filled_size && order.filled_size->is_positive();
  const auto status = order_status_of(order.status, order.pending_cancel.value_or(false), has_filled);
  if (!status) return Error{ErrorCode::InvalidMessage, "order.status: " + order.status + " was never seen before"};
  if (!order.filled_size) return Error{ErrorCode::InvalidMessage, "order.filled_size: missing in an answer about it"};
  VenueReport report;
  report.event = VenueEvent::State;
  report.source = source;
  report.symbol = symbol;
  report.venue_order_id = printable<64>(order.client_order_id);
  report.broker_order_id = printable<64>(order.order_id);
  report.side = side_of(order.side);
  if (order.configuration) {  // of an order by amount, the size is not known until it is done
    report.order_qty = positive(order.configuration->base_size);
    report.price = positive(order.configuration->limit_price);
  }
  report.order_status = *status;
  report.cum_qty = order.filled_size;
  report.cum_quote_qty = order.filled_value;
  report.is_working = is_live(*status) && !waits_for_trigger(order.trigger_status);
  report.transact_time_ns = time_of(order);
  if (*status == OrderStatus::Rejected) {
    put_rejection(report, reject_reason(order.reject_reason), order.reject_message.value_or(""));
  } else if (*status == OrderStatus::Canceled) {
    report.text = words_of(order.cancel_message.value_or(""));
  }
  return report;
}

VenueReport fill_of(const Fill& fill, const Instrument& instrument, std::string_view venue_order_id,
                    VenueSource source) {
  VenueReport report;
  report.event = VenueEvent::Fill;
  report.source = source;
  report.symbol = instrument.symbol;
  report.venue_order_id = printable<64>(venue_order_id);
  report.broker_order_id = printable<64>(fill.order_id);
  report.side = side_of(fill.side);
  report.trade_id = printable<64>(fill.entry_id);
  report.last_px = fill.price;
  report.last_qty = fill.size;
  if (fill.size_in_quote) {
    const auto qty = divide(fill.size, fill.price, 12, Round::Nearest);
    report.last_qty = qty && instrument.lot_size ? round_to(*qty, *instrument.lot_size, Round::Nearest) : qty;
  }
  report.commission = fill.commission;
  report.commission_asset = instrument.quote;
  report.liquidity = fill.liquidity_indicator == "MAKER"   ? Liquidity::Maker
                     : fill.liquidity_indicator == "TAKER" ? Liquidity::Taker
                                                           : Liquidity::Unset;
  report.transact_time_ns = parse_utc(fill.trade_time).value_or(0);
  if (fill.trade_type != "FILL" || !report.last_qty) {
    report.event = VenueEvent::Unreadable;
    report.text = words_of("a " + fill.trade_type + " of " + to_string(fill.size) + " at " + to_string(fill.price) +
                           ", entry " + fill.entry_id);
  }
  return report;
}

UpdateFact fact_of(const UserOrder& order, const Symbol& symbol, Timestamp time_ns) {
  const Decimal cum_qty = order.cumulative_quantity.value_or(Decimal{});
  const auto status = order_status_of(order.status, false, cum_qty.is_positive());
  if (!status) return {.fact = {}, .unknown = "user.status: " + order.status};
  VenueReport report;
  report.source = VenueSource::Stream;
  report.symbol = symbol;
  report.venue_order_id = printable<64>(order.client_order_id);
  report.broker_order_id = printable<64>(order.order_id);
  report.side = side_of(order.order_side.value_or(""));
  report.price = positive(order.limit_price);
  report.order_status = *status;
  report.cum_qty = order.cumulative_quantity;
  report.cum_quote_qty = order.filled_value;
  report.is_working = is_live(*status) && !waits_for_trigger(order.trigger_status);
  report.transact_time_ns = time_ns;
  switch (*status) {
    case OrderStatus::New:
      report.event = VenueEvent::Accepted;
      break;
    case OrderStatus::Canceled:
      report.event = VenueEvent::Canceled;
      report.text = words_of(order.cancel_reason.value_or(""));
      break;
    case OrderStatus::Expired:
      report.event = VenueEvent::Expired;
      break;
    case OrderStatus::Rejected:
      report.event = VenueEvent::Rejected;
      put_rejection(report, reject_reason(order.reject_reason), {});
      break;
    default:
      report.event = VenueEvent::State;
      break;
  }
  return {.fact = std::move(report), .unknown = {}};
}

// ---- Market data

Quote quote_of(const PriceBook& book, const Symbol& symbol) {
  Quote quote;
  quote.symbol = symbol;
  if (!book.bids.empty()) {
    quote.bid_px = book.bids.front().price;
    quote.bid_qty = book.bids.front().qty;
  }
  if (!book.asks.empty()) {
    quote.ask_px = book.asks.front().price;
    quote.ask_qty = book.asks.front().qty;
  }
  quote.venue_time_ns = book.time_ns;
  return quote;
}

Quote quote_of(const TickerUpdate& ticker, const Symbol& symbol, Timestamp time_ns) {
  Quote quote;
  quote.symbol = symbol;
  quote.bid_px = ticker.best_bid;
  quote.bid_qty = ticker.best_bid_quantity;
  quote.ask_px = ticker.best_ask;
  quote.ask_qty = ticker.best_ask_quantity;
  quote.venue_time_ns = time_ns;
  return quote;
}

Ticker ticker_of(const TickerUpdate& update, const Symbol& symbol, Timestamp time_ns) {
  Ticker ticker;
  ticker.symbol = symbol;
  ticker.high_px = update.high_24_h;
  ticker.low_px = update.low_24_h;
  ticker.last_px = update.price;
  ticker.volume = update.volume_24_h;
  ticker.venue_time_ns = time_ns;
  return ticker;
}

Trade trade_of(const MarketTrade& said, const Symbol& symbol) {
  Trade trade;
  trade.symbol = symbol;
  trade.trade_id = printable<64>(said.trade_id);
  trade.price = said.price;
  trade.qty = said.size;
  const Side maker = side_of(said.side);
  trade.aggressor = maker == Side::Buy ? Side::Sell : maker == Side::Sell ? Side::Buy : Side::Unset;
  trade.venue_time_ns = parse_utc(said.time).value_or(0);
  return trade;
}

std::vector<Trade> trades_of(const MarketTrades& said, const Symbol& symbol) {
  std::vector<Trade> trades;
  trades.reserve(said.trades.size());
  for (auto each = said.trades.rbegin(); each != said.trades.rend(); ++each) trades.push_back(trade_of(*each, symbol));
  return trades;
}

busbar::Preview preview_of(const Preview& said, const Instrument& instrument) {
  const auto joined_words = [](const std::vector<std::string>& names) {
    std::string text;
    for (const std::string& name : names) text.append(text.empty() ? "" : ", ").append(name);
    return words_of(text);
  };
  busbar::Preview preview;
  preview.is_accepted = said.errors.empty();
  if (!preview.is_accepted) preview.error = unified_reason(said.errors.front());
  preview.reason = joined_words(said.errors);
  preview.text = joined_words(said.warnings);
  preview.order_qty = said.base_size;
  preview.cash_order_qty = said.quote_size;
  preview.avg_px = positive(said.average_filled_price);
  preview.bid_px = positive(said.best_bid);
  preview.ask_px = positive(said.best_ask);
  preview.slippage = said.slippage;
  preview.commission = said.commission_total;
  preview.commission_asset = instrument.quote;
  preview.order_total = said.order_total;
  return preview;
}

Bar bar_of(const Candle& candle, const Symbol& symbol, std::uint32_t interval_ms, bool is_final) {
  constexpr std::int64_t per_s = 1'000'000'000;
  constexpr std::int64_t latest_s = 9'000'000'000;  // what is later is no time in s
  Bar bar;
  bar.symbol = symbol;
  bar.interval_ms = interval_ms;
  if (candle.start_s > 0 && candle.start_s < latest_s) bar.open_time_ns = candle.start_s * per_s;
  bar.open = candle.open;
  bar.high = candle.high;
  bar.low = candle.low;
  bar.close = candle.close;
  bar.volume = candle.volume;
  bar.is_final = is_final;
  return bar;
}

}  // namespace busbar::coinbase
