#include "gateways/alpaca/facts.hpp"

#include <algorithm>
#include <array>

#include "gateways/alpaca/errors.hpp"
#include "gateways/framework/words.hpp"

namespace busbar::alpaca {

namespace {

using gateway::printable;
using gateway::words_of;

using StatusRow = std::pair<std::string_view, OrderStatus>;

template <std::size_t N>
std::optional<OrderStatus> find_status(const std::array<StatusRow, N>& rows, std::string_view name) {
  const auto* const found =
      std::find_if(rows.begin(), rows.end(), [&](const StatusRow& row) { return row.first == name; });
  return found == rows.end() ? std::nullopt : std::optional{found->second};
}

Side side_of(std::string_view side) {
  if (side == "buy") return Side::Buy;
  if (side == "sell") return Side::Sell;
  return Side::Unset;
}

std::optional<Decimal> above_zero(const std::optional<Decimal>& value) {
  return value && value->is_positive() ? value : std::nullopt;
}

// The latest time that is told of an order.
Timestamp latest_time(const Order& order) {
  Timestamp latest = 0;
  for (const auto& time : {order.created_at, order.submitted_at, order.updated_at, order.filled_at, order.canceled_at,
                           order.expired_at, order.failed_at, order.replaced_at}) {
    latest = std::max(latest, time.value_or(0));
  }
  return latest;
}

bool is_working(const Order& order, OrderStatus status) {
  const bool is_live = status == OrderStatus::New || status == OrderStatus::PartiallyFilled ||
                       status == OrderStatus::PendingCancel || status == OrderStatus::PendingReplace;
  // At Alpaca, and not yet where it trades: it waits for its parent, or for the morning.
  return is_live && order.status != "held" && order.status != "accepted";
}

VenueReport report_of(const Order& order, const Symbol& symbol, VenueSource source, OrderStatus status) {
  VenueReport report;
  report.event = VenueEvent::State;
  report.source = source;
  report.symbol = symbol;
  report.venue_order_id = printable<64>(order.client_order_id);
  report.broker_order_id = printable<64>(order.id);
  report.side = side_of(order.side);
  report.order_qty = order.notional ? std::nullopt : above_zero(order.qty);  // one by amount has none before it is done
  report.price = above_zero(order.limit_price);
  report.order_status = status;
  report.cum_qty = order.filled_qty;
  report.is_working = is_working(order, status);
  report.transact_time_ns = latest_time(order);
  return report;
}

Error never_seen(const Order& order) {
  const std::string what = order.status.empty() ? "missing" : order.status + " was never seen before";
  return Error{ErrorCode::InvalidMessage, "order.status: " + what};
}

Result<VenueReport> answer_of(const Order& order, const Symbol& symbol, VenueEvent well, VenueEvent refused) {
  const auto status = order_status_of(order);
  if (!status) return never_seen(order);
  VenueReport report = report_of(order, symbol, VenueSource::Rest, *status);
  report.event = well;
  if (*status == OrderStatus::Rejected) {
    report.event = refused;
    report.error = ErrorCode::OrderRejected;
  }
  return report;
}

VenueReport unreadable(VenueReport report, const TradeUpdate& update, std::string_view why) {
  report.event = VenueEvent::Unreadable;
  report.text = words_of(update.event + ": " + std::string{why} + ", execution " + update.execution_id);
  return report;
}

VenueReport fill_of(VenueReport report, const TradeUpdate& update) {
  if (update.execution_id.empty() || !above_zero(update.price) || !above_zero(update.qty)) {
    return unreadable(std::move(report), update, "execution_id, price or qty is missing");
  }
  report.event = VenueEvent::Fill;
  report.trade_id = printable<64>(update.execution_id);
  report.last_px = update.price;
  report.last_qty = update.qty;
  return report;
}

struct EventRow {
  std::string_view name;
  VenueEvent event;
};
// What is in none is the State that the order is in.
constexpr EventRow events[] = {
    {"new", VenueEvent::Accepted},
    {"accepted", VenueEvent::Accepted},
    {"canceled", VenueEvent::Canceled},
    {"expired", VenueEvent::Expired},
    {"rejected", VenueEvent::Rejected},
    {"order_cancel_rejected", VenueEvent::CancelRejected},
    {"order_replace_rejected", VenueEvent::ReplaceRejected},
    {"replaced", VenueEvent::Replaced},
};

// BTCUSD: shares have five letters at most.
bool is_pair_without_slash(std::string_view symbol) {
  constexpr std::string_view quotes[] = {"USD", "USDT", "USDC", "BTC"};
  return symbol.size() > 5 && std::all_of(symbol.begin(), symbol.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) &&
         std::any_of(std::begin(quotes), std::end(quotes), [&](auto quote) { return symbol.ends_with(quote); });
}

VenueEvent event_of(std::string_view name) {
  const auto* const found =
      std::find_if(std::begin(events), std::end(events), [&](const EventRow& row) { return row.name == name; });
  return found == std::end(events) ? VenueEvent::State : found->event;
}

}  // namespace

std::optional<OrderStatus> order_status_of(const Order& order) {
  using enum OrderStatus;
  constexpr std::array<StatusRow, 16> statuses{{
      {"pending_new", PendingNew},
      {"pending_review", PendingNew},
      {"accepted", New},
      {"new", New},
      {"accepted_for_bidding", New},
      {"held", New},
      {"partially_filled", PartiallyFilled},
      {"partial_fill", PartiallyFilled},
      {"filled", Filled},
      {"fill", Filled},
      {"pending_cancel", PendingCancel},
      {"pending_replace", PendingReplace},
      {"canceled", Canceled},
      {"expired", Expired},
      {"replaced", Replaced},
      {"rejected", Rejected},
  }};
  constexpr std::string_view for_today[] = {"done_for_day", "stopped", "suspended", "calculated"};
  if (std::find(std::begin(for_today), std::end(for_today), order.status) == std::end(for_today)) {
    return find_status(statuses, order.status);
  }
  const Decimal filled = order.filled_qty.value_or(Decimal{});
  if (order.qty && filled >= *order.qty && filled.is_positive()) return Filled;
  return filled.is_positive() ? PartiallyFilled : New;
}

std::optional<OrderStatus> status_of_event(std::string_view event) {
  using enum OrderStatus;
  constexpr std::array<StatusRow, 17> statuses{{
      {"pending_new", PendingNew},
      {"pending_review", PendingNew},
      {"accepted", New},
      {"new", New},
      {"held", New},
      {"done_for_day", New},
      {"stopped", New},
      {"suspended", New},
      {"calculated", New},
      {"partial_fill", PartiallyFilled},
      {"fill", Filled},
      {"pending_cancel", PendingCancel},
      {"pending_replace", PendingReplace},
      {"canceled", Canceled},
      {"expired", Expired},
      {"replaced", Replaced},
      {"rejected", Rejected},
  }};
  return find_status(statuses, event);
}

Result<VenueReport> fact_of_placed(const Order& order, const Symbol& symbol) {
  return answer_of(order, symbol, VenueEvent::Accepted, VenueEvent::Rejected);
}

Result<VenueReport> fact_of_replaced(const Order& order, const Symbol& symbol) {
  return answer_of(order, symbol, VenueEvent::Replaced, VenueEvent::ReplaceRejected);
}

VenueReport fact_of_cancelled(std::string_view broker_order_id, const Symbol& symbol, std::string_view venue_order_id) {
  VenueReport report;
  report.event = VenueEvent::State;
  report.source = VenueSource::Rest;
  report.symbol = symbol;
  report.venue_order_id = printable<64>(venue_order_id);
  report.broker_order_id = printable<64>(broker_order_id);
  report.order_status = OrderStatus::PendingCancel;
  return report;
}

Result<VenueReport> state_of(const Order& order, const Symbol& symbol, VenueSource source) {
  const auto status = order_status_of(order);
  if (!status) return never_seen(order);
  if (!order.filled_qty) return Error{ErrorCode::InvalidMessage, "order.filled_qty: missing in an answer about it"};
  VenueReport report = report_of(order, symbol, source, *status);
  if (*status == OrderStatus::Rejected) report.error = ErrorCode::OrderRejected;
  return report;
}

UpdateFact fact_of(const TradeUpdate& update, const Symbol& symbol) {
  if (!update.order) return {.fact = {}, .unknown = "trade_update.order: missing"};
  const Order& order = *update.order;
  const auto status = order.status.empty() ? status_of_event(update.event) : order_status_of(order);
  if (!status) return {.fact = {}, .unknown = never_seen(order).text};
  VenueReport report = report_of(order, symbol, VenueSource::Stream, *status);
  if (update.time) report.transact_time_ns = *update.time;
  if (update.event == "fill" || update.event == "partial_fill") {
    return {.fact = fill_of(std::move(report), update), .unknown = {}};
  }
  if (update.event == "trade_bust" || update.event == "trade_correct") {
    return {.fact = unreadable(std::move(report), update, "a fill is taken back or corrected"), .unknown = {}};
  }
  report.event = event_of(update.event);
  if (report.event == VenueEvent::Replaced) {
    if (order.replaced_by.empty()) return {.fact = {}, .unknown = "order.replaced_by: missing"};
    report.venue_order_id = {};
    report.broker_order_id = printable<64>(order.replaced_by);
    report.order_qty.reset();
    report.price.reset();
  }
  const bool is_refusal = report.event == VenueEvent::Rejected || report.event == VenueEvent::CancelRejected ||
                          report.event == VenueEvent::ReplaceRejected;
  if (is_refusal) report.error = ErrorCode::OrderRejected;
  return {.fact = std::move(report), .unknown = {}};
}

VenueReport fill_of(const Execution& execution, const Symbol& symbol, std::string_view venue_order_id,
                    VenueSource source) {
  VenueReport report;
  report.event = VenueEvent::Fill;
  report.source = source;
  report.symbol = symbol;
  report.venue_order_id = printable<64>(venue_order_id);
  report.broker_order_id = printable<64>(execution.order_id);
  report.trade_id = printable<64>(execution.execution_id);
  // "sell_short" is a sale as well.
  report.side = execution.side.starts_with("sell") ? Side::Sell : side_of(execution.side);
  report.last_px = execution.price;
  report.last_qty = execution.qty;
  report.cum_qty = execution.cum_qty;
  if (execution.leaves_qty) {
    report.order_status = execution.leaves_qty->is_zero() ? OrderStatus::Filled : OrderStatus::PartiallyFilled;
  }
  report.transact_time_ns = execution.time;
  return report;
}

bool is_invented_name(std::string_view name) {
  constexpr std::string_view form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::equal(name.begin(), name.end(), form.begin(), form.end(), [](char c, char kind) {
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    return kind == '-' ? c == '-' : is_hex;
  });
}

// ---- The account

AccountInfo account_info_of(const AccountFacts& account) {
  AccountInfo info;
  info.broker_account = printable<64>(account.account_number.empty() ? account.id : account.account_number);
  info.can_trade = account.can_trade();
  return info;
}

std::vector<Balance> balances_of(const AccountFacts& account) {
  if (!account.cash) return {};
  Balance balance;
  balance.asset = printable<32>(account.currency);
  balance.free = account.cash->value;
  return {std::move(balance)};
}

Position position_of(const PositionFacts& said, const Symbol& symbol) {
  Position position;
  position.symbol = symbol;
  position.qty = said.signed_qty();
  if (said.avg_entry_price) position.avg_px = said.avg_entry_price->value;
  return position;
}

// ---- Instruments

AssetClass class_of(std::string_view symbol) {
  if (symbol.find('/') != std::string_view::npos || is_pair_without_slash(symbol)) return AssetClass::Crypto;
  // Root, six digits of the day, C or P, eight digits of the strike.
  constexpr std::size_t tail = 15;
  const auto all_digits = [](std::string_view text) {
    return text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (symbol.size() <= tail) return AssetClass::Equity;
  const std::string_view end = symbol.substr(symbol.size() - tail);
  const bool is_option = all_digits(end.substr(0, 6)) && (end[6] == 'C' || end[6] == 'P') && all_digits(end.substr(7));
  return is_option ? AssetClass::Option : AssetClass::Equity;
}

std::optional<Instrument> instrument_of(const Asset& asset) {
  const AssetClass kind = class_of(asset.symbol);
  const bool fits = !asset.symbol.empty() && asset.symbol.size() <= Symbol{}.max_size() &&
                    std::all_of(asset.symbol.begin(), asset.symbol.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!fits || asset.status == "inactive") return std::nullopt;
  Instrument instrument;
  instrument.symbol = instrument.broker_symbol = cut<32>(asset.symbol);
  instrument.broker_id = printable<64>(asset.id);
  const std::size_t slash = asset.symbol.find('/');
  instrument.base = cut<32>(asset.symbol.substr(0, slash));
  instrument.quote = slash == std::string::npos ? Name{"USD"} : cut<32>(asset.symbol.substr(slash + 1));
  instrument.status = asset.is_tradable && asset.status == "active" ? TradingStatus::Trading : TradingStatus::Halted;
  instrument.can_replace = true;
  const bool is_fractionable = asset.is_fractionable.value_or(false);
  using enum OrderType;
  if (kind == AssetClass::Crypto) {
    instrument.order_types = {Market, Limit, StopLimit};
    instrument.tick_size = above_zero(asset.price_increment);
    instrument.lot_size = above_zero(asset.min_trade_increment);
    instrument.min_qty = above_zero(asset.min_order_size);
    instrument.times_in_force = {TimeInForce::GoodTillCancel, TimeInForce::ImmediateOrCancel};
    instrument.can_cash_order_qty = true;
  } else if (kind == AssetClass::Option) {
    instrument.order_types = {Market, Limit};
    instrument.times_in_force = {TimeInForce::Day};
    instrument.tick_size = Decimal{1, -2};
    instrument.lot_size = Decimal{1, 0};
  } else {
    instrument.order_types = {Market, Limit, Stop, StopLimit};
    instrument.tick_size = Decimal{1, -2};
    instrument.low_price = Decimal{1, 0};  // below it there are four digits behind the point
    instrument.low_tick_size = Decimal{1, -4};
    instrument.lot_size = Decimal{1, 0};
    if (is_fractionable) instrument.fraction_size = Decimal{1, -9};
    instrument.can_cash_order_qty = is_fractionable;
    instrument.cash_order_qty_times_in_force = {TimeInForce::Day};
    instrument.can_trailing_stop = true;
    instrument.trailing_delta_min_bps = 10;
    instrument.trailing_order_types = {Stop};
    instrument.can_oco = instrument.can_oto = true;
  }
  instrument.base_precision = 9;
  instrument.quote_precision = 9;
  return instrument;
}

// ---- Market data

Quote quote_of(const MarketQuote& said, const Symbol& symbol) {
  Quote quote;
  quote.symbol = symbol;
  if (above_zero(said.bid)) {  // zero is no price but says that nobody quotes
    quote.bid_px = said.bid;
    quote.bid_qty = said.bid_size;
  }
  if (above_zero(said.ask)) {
    quote.ask_px = said.ask;
    quote.ask_qty = said.ask_size;
  }
  quote.venue_time_ns = said.time;
  return quote;
}

Trade trade_of(const MarketTrade& said, const Symbol& symbol) {
  Trade trade;
  trade.symbol = symbol;
  trade.trade_id = printable<64>(said.id);
  trade.price = said.price;
  trade.qty = said.size;
  trade.aggressor = said.taker_side == "B" ? Side::Buy : said.taker_side == "S" ? Side::Sell : Side::Unset;
  trade.venue_time_ns = said.time;
  return trade;
}

Bar bar_of(const MarketBar& said, const Symbol& symbol, std::uint32_t interval_ms) {
  Bar bar;
  bar.symbol = symbol;
  bar.interval_ms = interval_ms;
  bar.open_time_ns = said.time;
  bar.open = said.open;
  bar.high = said.high;
  bar.low = said.low;
  bar.close = said.close;
  bar.volume = said.volume;
  bar.is_final = said.kind != "d";  // of the day the bar so far
  return bar;
}

Book book_of(const MarketBook& said, const Symbol& symbol) {
  Book book;
  book.symbol = symbol;
  book.is_snapshot = said.is_whole;
  book.bids = said.bids;
  book.asks = said.asks;
  book.venue_time_ns = said.time;
  return book;
}

Ticker ticker_of(const Snapshot& snapshot, const Symbol& symbol) {
  Ticker ticker;
  ticker.symbol = symbol;
  if (snapshot.daily_bar) {
    ticker.open_px = snapshot.daily_bar->open;
    ticker.high_px = snapshot.daily_bar->high;
    ticker.low_px = snapshot.daily_bar->low;
    ticker.volume = snapshot.daily_bar->volume;
  }
  if (snapshot.last) {
    ticker.last_px = snapshot.last->price;
    ticker.venue_time_ns = snapshot.last->time;
  }
  return ticker;
}

}  // namespace busbar::alpaca
