#include "gateways/ibkr/facts.hpp"

#include <algorithm>
#include <array>

#include "gateways/framework/order_rules.hpp"
#include "gateways/framework/words.hpp"
#include "gateways/ibkr/errors.hpp"

namespace busbar::ibkr {

namespace {

using gateway::printable;
using gateway::words_of;

constexpr std::string_view failed_order_id = "-1";

template <class T>
struct Named {
  std::string_view name;
  T value;
};

template <class T, std::size_t N>
std::optional<T> find(const std::array<Named<T>, N>& table, std::string_view name) {
  const auto found = std::ranges::find(table, name, &Named<T>::name);
  return found == table.end() ? std::nullopt : std::optional{found->value};
}

// "STOP_LIMIT", "Stop Limit", "StopLimit": letters and digits, large.
std::string letters_of(std::string_view text) {
  std::string letters;
  for (const char c : text.substr(0, 64)) {
    if (c >= 'a' && c <= 'z') letters += static_cast<char>(c - 'a' + 'A');
    if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) letters += c;
  }
  return letters;
}

bool is_live(OrderStatus status) {
  return status == OrderStatus::New || status == OrderStatus::PartiallyFilled || status == OrderStatus::PendingCancel;
}

VenueReport report_of(VenueSource source, const Symbol& symbol, std::string_view venue_order_id,
                      std::string_view broker_order_id) {
  VenueReport report;
  report.source = source;
  report.symbol = symbol;
  report.venue_order_id = printable<64>(venue_order_id);
  report.broker_order_id = printable<64>(broker_order_id);
  return report;
}

void reject(VenueReport& report, std::string_view text) {
  report.event = VenueEvent::Rejected;
  report.order_status = OrderStatus::Rejected;
  report.error = unified_rejection(text);
  report.text = words_of(text);
}

// What an order and a change of it tell alike.
void put_state(VenueReport& report, const Order& order, OrderStatus status) {
  report.side = side_of(order.side);
  report.order_qty = order.total_qty;
  if (order_rules::has_limit(order_type_of(order.order_type))) report.price = order.price;
  report.order_status = status;
  report.cum_qty = order.filled_qty;
  if (order.filled_qty && order.avg_price) report.cum_quote_qty = multiply(*order.filled_qty, *order.avg_price);
  // PreSubmitted is held at IBKR: a stop, a child, or a market that is closed.
  report.is_working = is_live(status) && order.status != "PreSubmitted";
  report.transact_time_ns = order.last_execution_ns;
  report.text = words_of(order.reason);
  if (status == OrderStatus::Rejected) report.error = unified_rejection(order.reason);
}

bool has_filled(const Order& order) { return order.filled_qty && order.filled_qty->is_positive(); }

// 0000e0d5.6576fd38.01.01: the last group counts its versions.
bool is_correction(std::string_view execution_id) {
  const std::size_t dot = execution_id.rfind('.');
  const std::string_view version = dot == std::string_view::npos ? "" : execution_id.substr(dot + 1);
  return version.size() == 2 && version != "01" && version.find_first_not_of("0123456789") == std::string_view::npos;
}

std::uint8_t places_of(const std::optional<Decimal>& step) {
  return step ? static_cast<std::uint8_t>(std::max(0, -step->normalized().exponent())) : std::uint8_t{0};
}

bool fits_name(std::string_view text) {
  return !text.empty() && text.size() <= Name{}.max_size() &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~' && c != '/'; });
}

std::optional<Decimal> positive(const std::optional<Decimal>& value) {
  return value && value->is_positive() ? value : std::nullopt;
}

// The step of prices that are not near zero: the one with the highest lower edge up to one unit.
std::optional<Decimal> step_of(const SecDef& secdef) {
  const PriceStep* found = nullptr;
  for (const PriceStep& step : secdef.increments) {
    if (step.lower_edge > Decimal{1, 0}) continue;
    if (found == nullptr || step.lower_edge > found->lower_edge) found = &step;
  }
  return found == nullptr ? std::nullopt : positive(found->increment);
}

// Near zero prices go in smaller steps.
void put_low_step(Instrument& instrument, const SecDef& secdef) {
  for (const PriceStep& low : secdef.increments) {
    for (const PriceStep& next : secdef.increments) {
      const bool is_low = low.lower_edge.is_zero() && next.lower_edge.is_positive() && next.lower_edge <= Decimal{1, 0};
      if (!is_low || !positive(low.increment)) continue;
      instrument.low_price = next.lower_edge;
      instrument.low_tick_size = low.increment;
    }
  }
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

void put_rules(Instrument& instrument, const ContractRules& rules) {
  constexpr std::array<Named<OrderType>, 4> types{{{"market", OrderType::Market},
                                                   {"limit", OrderType::Limit},
                                                   {"stop", OrderType::Stop},
                                                   {"stop_limit", OrderType::StopLimit}}};
  for (const auto& [name, type] : types) {
    if (contains(rules.order_types, name)) instrument.order_types.push_back(type);
  }
  // "DAY/o", "IOC/MARKET,LIMIT": behind the slash stands what else can be said with it.
  for (const std::string& said : rules.tif_types) {
    const TimeInForce time = time_in_force_of(said.substr(0, said.find('/')));
    if (time != TimeInForce::Unset) instrument.times_in_force.push_back(time);
  }
  instrument.can_trailing_stop = contains(rules.order_types, "trailing_stop");
  if (instrument.can_trailing_stop) instrument.trailing_order_types = {OrderType::Stop};
  instrument.can_cash_order_qty = contains(rules.cash_types, "market");
  if (positive(rules.increment)) instrument.tick_size = rules.increment;
  if (rules.fraction_digits > 0 && rules.fraction_digits <= 8) {
    instrument.lot_size = Decimal{1, -static_cast<int>(rules.fraction_digits)};
  }
}

}  // namespace

// ---- Orders

std::optional<OrderStatus> order_status_of(std::string_view status, bool has_filled, std::string_view reason) {
  constexpr std::array<Named<OrderStatus>, 13> statuses{{
      {"PENDINGSUBMIT", OrderStatus::PendingNew},
      {"APIPENDING", OrderStatus::PendingNew},
      {"WARNSTATE", OrderStatus::PendingNew},
      {"PRESUBMITTED", OrderStatus::New},
      {"SUBMITTED", OrderStatus::New},
      {"FILLED", OrderStatus::Filled},
      {"PENDINGCANCEL", OrderStatus::PendingCancel},
      {"PRECANCELLED", OrderStatus::PendingCancel},
      {"CANCELLED", OrderStatus::Canceled},
      {"APICANCELLED", OrderStatus::Canceled},
      {"CANCELED", OrderStatus::Canceled},
      {"INACTIVE", OrderStatus::Rejected},
      {"FAILED", OrderStatus::Rejected},
  }};
  const auto found = find(statuses, letters_of(status));
  if (!found) return std::nullopt;
  if (*found == OrderStatus::New && has_filled) return OrderStatus::PartiallyFilled;
  const bool has_expired = reason.find("order expired") != std::string_view::npos;
  return *found == OrderStatus::Canceled && has_expired ? OrderStatus::Expired : *found;
}

Side side_of(std::string_view side) {
  constexpr std::array<Named<Side>, 8> sides{{{"BUY", Side::Buy},
                                              {"B", Side::Buy},
                                              {"BOT", Side::Buy},
                                              {"BOUGHT", Side::Buy},
                                              {"SELL", Side::Sell},
                                              {"S", Side::Sell},
                                              {"SLD", Side::Sell},
                                              {"SOLD", Side::Sell}}};
  return find(sides, letters_of(side)).value_or(Side::Unset);
}

OrderType order_type_of(std::string_view type) {
  constexpr std::array<Named<OrderType>, 15> types{{
      {"MKT", OrderType::Market},
      {"MARKET", OrderType::Market},
      {"LMT", OrderType::Limit},
      {"LIMIT", OrderType::Limit},
      {"STP", OrderType::Stop},
      {"STOP", OrderType::Stop},
      {"TRAIL", OrderType::Stop},
      {"TRAILINGSTOP", OrderType::Stop},
      {"STOPLIMIT", OrderType::StopLimit},
      {"STPLMT", OrderType::StopLimit},
      {"TRAILLMT", OrderType::StopLimit},
      {"TRAILINGSTOPLIMIT", OrderType::StopLimit},
      {"MIT", OrderType::MarketIfTouched},
      {"MARKETIFTOUCHED", OrderType::MarketIfTouched},
      {"LIT", OrderType::LimitIfTouched},
  }};
  return find(types, letters_of(type)).value_or(OrderType::Unset);
}

TimeInForce time_in_force_of(std::string_view time_in_force) {
  constexpr std::array<Named<TimeInForce>, 6> times{{{"DAY", TimeInForce::Day},
                                                     {"GTC", TimeInForce::GoodTillCancel},
                                                     {"IOC", TimeInForce::ImmediateOrCancel},
                                                     {"FOK", TimeInForce::FillOrKill},
                                                     {"GTD", TimeInForce::GoodTillDate},
                                                     {"OPG", TimeInForce::AtTheOpening}}};
  return find(times, letters_of(time_in_force)).value_or(TimeInForce::Unset);
}

std::optional<VenueReport> fact_of_placed(const Submitted& submitted, const NewOrder& order, const Symbol& symbol,
                                          std::string_view venue_order_id) {
  if (submitted.kind == Submitted::Kind::Question) return std::nullopt;
  VenueReport report = report_of(VenueSource::Rest, symbol, venue_order_id, {});
  report.side = order.side;
  const auto unknown = [&](std::string_view text) {
    report.event = VenueEvent::Unknown;
    report.error = ErrorCode::UnknownOutcome;
    report.text = words_of(text);
    return report;
  };
  if (submitted.kind == Submitted::Kind::Prompt) {  // it is there, and waits
    report.broker_order_id = printable<64>(submitted.prompt->order_id);
    return unknown("IBKR asks before it goes on: " + submitted.prompt->text);
  }
  if (submitted.kind == Submitted::Kind::Error) {
    const ErrorCode error = unified_text(submitted.error).value_or(ErrorCode::OrderRejected);
    // A name that is taken proves that an order of this name has arrived before: asking tells whose it is.
    if (error == ErrorCode::DuplicateOrder || error == ErrorCode::UnknownOutcome) return unknown(submitted.error);
    reject(report, submitted.error);
    return report;
  }
  const auto own = std::ranges::find(submitted.acks, venue_order_id, &Ack::client_order_id);
  const Ack& ack = own == submitted.acks.end() ? submitted.acks.front() : *own;
  if (own == submitted.acks.end() && !ack.client_order_id.empty()) {
    return unknown("IBKR answers about another order: " + ack.client_order_id);
  }
  const std::string_view text = ack.text.empty() ? ack.warning : ack.text;
  const auto status = order_status_of(ack.status, false);
  if (ack.order_id != failed_order_id) report.broker_order_id = printable<64>(ack.order_id);
  if (!status) return unknown("order_status: " + ack.status + " was never seen before");
  report.order_status = *status;
  report.text = words_of(text);
  if (*status == OrderStatus::Rejected || ack.order_id == failed_order_id) {
    reject(report, text);
    report.broker_code = printable<32>(ack.status);
    return report;
  }
  // It is over before it was answered: how much of it is done, asking tells.
  if (*status == OrderStatus::Canceled) return unknown("order_status: " + ack.status);
  report.event = VenueEvent::Accepted;
  report.is_working = ack.status == "Submitted";
  return report;
}

VenueReport fact_of_declined(const Question& question, const NewOrder& order, const Symbol& symbol,
                             std::string_view venue_order_id) {
  VenueReport report = report_of(VenueSource::Rest, symbol, venue_order_id, {});
  report.side = order.side;
  report.event = VenueEvent::Rejected;
  report.order_status = OrderStatus::Rejected;
  report.error = ErrorCode::OrderRejected;
  std::string ids;
  for (const std::string& id : question.message_ids) ids.append(ids.empty() ? "" : ",").append(id);
  report.broker_code = printable<32>(ids);
  report.text = words_of("not confirmed: " + (question.messages.empty() ? ids : question.messages.front()));
  return report;
}

VenueReport fact_of_cancelled(const CancelAnswer& answer, const Symbol& symbol, std::string_view venue_order_id,
                              std::string_view broker_order_id) {
  VenueReport report = report_of(VenueSource::Rest, symbol, venue_order_id, broker_order_id);
  report.event = answer.accepted ? VenueEvent::State : VenueEvent::CancelRejected;
  if (answer.accepted) {
    report.order_status = OrderStatus::PendingCancel;
    return report;
  }
  report.error = unified_rejection(answer.message);
  report.text = words_of(answer.message);
  return report;
}

Result<VenueReport> state_of(const Order& order, const Symbol& symbol, VenueSource source) {
  const auto status = order_status_of(order.status, has_filled(order), order.reason);
  if (!status) return Error{ErrorCode::InvalidMessage, "order.status: " + order.status + " was never seen before"};
  if (!order.filled_qty) {
    return Error{ErrorCode::InvalidMessage, "order.filledQuantity: missing in an answer about it"};
  }
  VenueReport report = report_of(source, symbol, order.client_order_id, order.order_id);
  report.event = VenueEvent::State;
  put_state(report, order, *status);
  return report;
}

UpdateFact fact_of(const Order& order, const Symbol& symbol) {
  if (order.status.empty()) return {};
  const auto status = order_status_of(order.status, has_filled(order), order.reason);
  if (!status) return {.fact = {}, .unknown = "sor.status: " + order.status};
  VenueReport report = report_of(VenueSource::Stream, symbol, order.client_order_id, order.order_id);
  put_state(report, order, *status);
  switch (*status) {
    case OrderStatus::New: report.event = VenueEvent::Accepted; break;
    case OrderStatus::Canceled: report.event = VenueEvent::Canceled; break;
    case OrderStatus::Expired: report.event = VenueEvent::Expired; break;
    case OrderStatus::Rejected: report.event = VenueEvent::Rejected; break;
    default: report.event = VenueEvent::State; break;
  }
  return {.fact = std::move(report), .unknown = {}};
}

std::optional<VenueReport> terms_of(const Order& order, const VenueReport& state) {
  const bool is_ours = !order.client_order_id.empty();
  // An order by amount has no quantity of ours.
  const bool is_sized = !order.oca_group.empty() || order_rules::has_limit(order_type_of(order.order_type));
  if (!is_ours || !is_sized || !positive(order.total_qty)) return std::nullopt;
  VenueReport report = state;
  report.event = VenueEvent::Replaced;
  report.order_status = OrderStatus::Unset;
  report.cum_qty.reset();
  report.cum_quote_qty.reset();
  if (report.price && report.price->is_zero()) report.price.reset();  // none is shown
  return report;
}

VenueReport fill_of(const Execution& execution, const Instrument& instrument, VenueSource source) {
  VenueReport report = report_of(source, instrument.symbol, execution.client_order_id, execution.order_id);
  report.event = VenueEvent::Fill;
  report.side = side_of(execution.side);
  report.trade_id = printable<64>(execution.execution_id);
  report.last_qty = execution.qty;
  report.last_px = execution.price;
  report.commission = execution.commission;
  if (execution.commission) report.commission_asset = instrument.quote;
  report.transact_time_ns = execution.time_ns;
  const bool is_whole = execution.qty && execution.price && execution.qty->is_positive();
  if (is_whole && !is_correction(execution.execution_id)) return report;
  const auto printed = [](const std::optional<Decimal>& value) { return value ? to_string(*value) : "?"; };
  report.event = VenueEvent::Unreadable;
  report.text = words_of((is_whole ? "a correction to " : "an execution of ") + printed(execution.qty) + " at " +
                         printed(execution.price) + ", execution " + execution.execution_id);
  return report;
}

Preview preview_of(const WhatIf& said, const NewOrder& order, const Instrument& instrument) {
  Preview preview;
  preview.is_accepted = said.error.empty();
  if (!preview.is_accepted) preview.error = unified_rejection(said.error);
  preview.reason = words_of(said.error);
  preview.text = words_of(said.warning);
  preview.order_qty = order.order_qty;
  preview.cash_order_qty = said.amount.amount;
  preview.commission = said.commission.amount;
  preview.commission_asset = fits_name(said.commission.currency) ? cut<32>(said.commission.currency) : instrument.quote;
  preview.order_total = said.total.amount;
  preview.initial_margin = said.initial_margin.amount;
  preview.maintenance_margin = said.maintenance_margin.amount;
  return preview;
}

// ---- The account

std::vector<Balance> balances_of(const std::vector<LedgerRow>& ledger) {
  std::vector<Balance> balances;
  for (const LedgerRow& row : ledger) {
    if (row.currency == "BASE" || !row.cash || !fits_name(row.currency)) continue;
    balances.push_back({.asset = cut<32>(row.currency), .free = row.cash, .locked = Decimal{}});
  }
  return balances;
}

std::optional<Position> position_of(const PositionRow& row, const Symbol& symbol) {
  if (!row.qty || row.qty->is_zero()) return std::nullopt;
  return Position{.symbol = symbol, .qty = row.qty, .avg_px = row.avg_price};
}

// ---- Instruments

std::optional<Listing> us_listing(const StockList& list) {
  for (const Company& company : list.companies) {
    const auto found = std::ranges::find(company.listings, true, &Listing::is_us);
    if (found != company.listings.end()) return *found;
  }
  return std::nullopt;
}

std::optional<Instrument> instrument_of(const SecDef& secdef, const std::optional<ContractRules>& rules) {
  const bool is_stock = secdef.asset_class == "STK" && secdef.is_us;
  const bool is_pair = secdef.asset_class == "CASH" || secdef.asset_class == "CRYPTO";
  if ((!is_stock && !is_pair) || !fits_name(secdef.ticker) || !fits_name(secdef.currency)) return std::nullopt;
  // 2147483647 stands for bonds, of which there are many.
  if (secdef.conid <= 0 || secdef.conid == 2'147'483'647) return std::nullopt;
  const std::string name = is_pair ? secdef.ticker + "/" + secdef.currency : secdef.ticker;
  if (name.size() > Symbol{}.max_size()) return std::nullopt;
  return instrument_of(cut<32>(name), secdef, rules);
}

Instrument instrument_of(const Symbol& symbol, const SecDef& secdef, const std::optional<ContractRules>& rules) {
  Instrument instrument;
  instrument.symbol = symbol;
  instrument.broker_symbol = cut<32>(std::to_string(secdef.conid));
  instrument.broker_id = cut<64>(view(instrument.broker_symbol));
  instrument.base = gateway::printable<32>(secdef.ticker);
  instrument.quote = gateway::printable<32>(secdef.currency);
  instrument.status = TradingStatus::Trading;
  instrument.tick_size = step_of(secdef);
  put_low_step(instrument, secdef);
  const bool is_pair = secdef.asset_class == "CASH" || secdef.asset_class == "CRYPTO";
  if (!is_pair) instrument.lot_size = Decimal{1, 0};
  instrument.can_oco = instrument.can_oto = secdef.asset_class == "STK";
  if (rules) put_rules(instrument, *rules);
  instrument.can_replace = true;
  instrument.base_precision = places_of(instrument.lot_size);
  instrument.quote_precision = 2;
  return instrument;
}

// ---- Market data

std::optional<Quote> quote_of(const MarketFields& fields, const Symbol& symbol) {
  if (!fields.bid && !fields.ask && !fields.bid_size && !fields.ask_size) return std::nullopt;
  Quote quote;
  quote.symbol = symbol;
  quote.bid_px = fields.bid;
  quote.bid_qty = fields.bid_size;
  quote.ask_px = fields.ask;
  quote.ask_qty = fields.ask_size;
  quote.venue_time_ns = fields.updated_ns;
  return quote;
}

std::optional<Ticker> ticker_of(const MarketFields& fields, const Symbol& symbol) {
  if (!fields.has_prices()) return std::nullopt;
  Ticker ticker;
  ticker.symbol = symbol;
  ticker.open_px = fields.open;
  ticker.high_px = fields.high;
  ticker.low_px = fields.low;
  ticker.last_px = fields.last;
  ticker.volume = fields.exact_volume;
  ticker.venue_time_ns = fields.updated_ns;
  return ticker;
}

Bar bar_of(const HistoryBar& said, const History& history, const Symbol& symbol, bool is_final) {
  constexpr std::int64_t longest_s = 31 * 86'400;
  Bar bar;
  bar.symbol = symbol;
  bar.interval_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(history.bar_seconds, 0, longest_s) * 1000);
  bar.open_time_ns = said.time_ns;
  bar.open = said.open;
  bar.high = said.high;
  bar.low = said.low;
  bar.close = said.close;
  if (said.volume) bar.volume = multiply(*said.volume, Decimal{history.volume_factor, 0});
  bar.is_final = is_final;
  return bar;
}

// ---- Limits

std::vector<RateLimit> rate_limits(Line line, const Name& account) {
  const auto limit = [&](std::string_view bucket, std::uint64_t interval_ms, std::uint64_t most) {
    return RateLimit{
        .bucket = cut<32>(bucket), .scope = account, .interval_ms = interval_ms, .limit = most, .aligned = false};
  };
  // Whoever goes over the first is shut out for a quarter of an hour, with all behind the same address.
  return {limit("requests", 1000, line == Line::OAuth ? 50 : 10), limit("snapshot", 1000, 10), limit("orders", 5000, 1),
          limit("trades", 5000, 1)};
}

// An order may be asked about in three steps, with a reply to each question.
std::vector<RateCost> rate_costs() {
  return {{"place", "requests", 3}, {"cancel", "requests", 1}, {"replace", "requests", 3}, {"ask", "requests", 2}};
}

}  // namespace busbar::ibkr
