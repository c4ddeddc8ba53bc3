#include "gateways/binance/facts.hpp"

#include <array>
#include <limits>
#include <utility>

#include "gateways/binance/errors.hpp"

namespace busbar::binance {

namespace {

Side side_of(std::string_view side) {
  if (side == "BUY") return Side::Buy;
  if (side == "SELL") return Side::Sell;
  return Side::Unset;
}

Id fill_id(std::string_view broker_symbol, std::int64_t trade_id) {
  return printable<64>(std::string{broker_symbol} + ":" + std::to_string(trade_id));
}

// Zero stands for "none" in Binance's prices and quantities.
std::optional<Decimal> positive(const std::optional<Decimal>& value) {
  return value && value->is_positive() ? value : std::nullopt;
}

// A negative total is Binance's word for "not known", on orders from before it was counted.
std::optional<Decimal> not_negative(const std::optional<Decimal>& value) {
  return value && !value->is_negative() ? value : std::nullopt;
}

// An order of a list that waits for another, and a stop that waits for its trigger, are on no book.
bool is_working(const Order& order, OrderStatus status) {
  if (status == OrderStatus::PendingNew) return false;
  if (order.is_working) return *order.is_working;
  return order.working_time.value_or(1) > 0;
}

std::optional<Decimal> left_of(const std::optional<Decimal>& qty, const std::optional<Decimal>& prevented) {
  const auto whole = positive(qty);
  const auto lost = positive(prevented);
  return whole && lost ? positive(subtract(*whole, *lost)) : whole;
}

// Prevention makes an order smaller and leaves the quantity that Binance shows. Restated facts alone tell what is left: no
// other can be compared with what is known, for they may come before or after them.
bool is_made_smaller(const Order& order) { return positive(order.prevented_qty).has_value(); }
bool tells_quantity(const ExecutionReportEvent& event) {
  const bool may_shrink_at_once = event.self_trade_prevention_mode == "DECREMENT";
  return event.execution_type == "REPLACED" || (event.execution_type == "NEW" && !may_shrink_at_once);
}

VenueReport report_of(const Order& order, const Symbol& symbol, VenueSource source) {
  VenueReport report;
  report.source = source;
  report.symbol = symbol;
  report.venue_order_id = printable<64>(order.own_client_order_id());
  report.broker_order_id = printable<64>(std::to_string(order.order_id));
  report.side = side_of(order.side.value_or(""));
  // Of an order by amount, Binance reports as quantity what the amount came to: not what was asked for.
  if (!is_made_smaller(order) && !positive(order.orig_quote_order_qty)) report.order_qty = positive(order.orig_qty);
  report.price = positive(order.price);
  report.order_status = order.status ? order_status_of(*order.status).value_or(OrderStatus::Unset) : OrderStatus::Unset;
  report.cum_qty = not_negative(order.executed_qty);
  report.cum_quote_qty = not_negative(order.cum_quote_qty);
  report.is_working = is_working(order, report.order_status);
  report.transact_time_ns =
      ns_of(order.transact_time ? *order.transact_time : order.update_time.value_or(order.time.value_or(0)));
  return report;
}

// Why it ended, where Binance says so.
Words end_text(const Order& order) {
  std::string text = expiry_text(order.expiry_reason.value_or(""));
  if (text.empty() && order.status == "EXPIRED_IN_MATCH") {
    text = "self-trade prevention";
    if (order.prevented_qty) text += ": " + to_string(*order.prevented_qty) + " not traded";
  }
  return words_of(text);
}

std::optional<VenueEvent> end_of(OrderStatus status) {
  if (status == OrderStatus::Canceled) return VenueEvent::Canceled;
  if (status == OrderStatus::Expired) return VenueEvent::Expired;
  if (status == OrderStatus::Rejected) return VenueEvent::Rejected;
  return std::nullopt;
}

ErrorCode reject_error(std::string_view reason) {
  return reason == "INSUFFICIENT_BALANCES" ? ErrorCode::InsufficientFunds : ErrorCode::OrderRejected;
}

VenueReport report_of(const ExecutionReportEvent& event, const Symbol& symbol, OrderStatus status) {
  VenueReport report;
  report.source = VenueSource::Stream;
  report.symbol = symbol;
  report.venue_order_id = printable<64>(event.our_client_order_id());
  report.broker_order_id = printable<64>(std::to_string(event.order_id));
  report.side = side_of(event.side);
  if (tells_quantity(event) && !positive(event.quote_order_qty)) report.order_qty = left_of(event.qty, event.prevented_qty);
  report.price = positive(event.price);
  report.order_status = status;
  report.cum_qty = not_negative(event.cum_qty);
  report.cum_quote_qty = not_negative(event.cum_quote_qty);
  report.is_working = event.on_book && status != OrderStatus::PendingNew;
  report.transact_time_ns = ns_of(event.transact_time);
  return report;
}

VenueReport with(VenueReport report, VenueEvent event) {
  report.event = event;
  return report;
}

std::string prevention_text(const ExecutionReportEvent& event) {
  std::string text = "self-trade prevention";
  if (event.last_prevented_qty) text += ": " + to_string(*event.last_prevented_qty) + " not traded";
  if (event.counter_order_id) text += " with our order " + std::to_string(*event.counter_order_id);
  return text;
}

// An order that prevention made smaller works on for what is left, or has: Filled is for that quantity too.
bool is_told_smaller(OrderStatus status) {
  return status == OrderStatus::New || status == OrderStatus::PartiallyFilled || status == OrderStatus::Filled;
}

std::optional<Decimal> restated_qty(const ExecutionReportEvent& event, OrderStatus status) {
  if (!is_told_smaller(status) || positive(event.quote_order_qty) || !positive(event.prevented_qty)) return std::nullopt;
  return left_of(event.qty, event.prevented_qty);
}

// Our no to a replace, in Binance's words. Where those leave open what happened, so does ours.
VenueReport refusal_of(const BrokerError& error, const Symbol& symbol, std::string_view venue_order_id) {
  VenueReport report;
  report.source = VenueSource::Rest;
  report.symbol = symbol;
  report.venue_order_id = printable<64>(venue_order_id);
  report.error = unified(error.code, error.message);
  // Somebody's order of the new name is live: ours, or a stranger's. Asking tells.
  const bool is_open = report.error == ErrorCode::UnknownOutcome || report.error == ErrorCode::DuplicateOrder ||
                       error.code == -1001;
  report.event = is_open ? VenueEvent::Unknown : VenueEvent::ReplaceRejected;
  if (is_open) report.error = ErrorCode::UnknownOutcome;
  report.broker_code = printable<32>(std::to_string(error.code));
  report.text = words_of(explained(error));
  return report;
}

// A stop that has triggered says NEW a second time, now with a working time. It is the same order.
bool is_trigger(const ExecutionReportEvent& event) {
  const bool is_triggered_type = event.type == "STOP_LOSS" || event.type == "STOP_LOSS_LIMIT" ||
                                 event.type == "TAKE_PROFIT" || event.type == "TAKE_PROFIT_LIMIT";
  return is_triggered_type && event.on_book && event.working_time.value_or(-1) > 0;
}

}  // namespace

Timestamp ns_of(std::int64_t ms) {
  constexpr std::int64_t per_ms = 1000000;
  if (ms <= 0 || ms > std::numeric_limits<std::int64_t>::max() / per_ms) return 0;
  return ms * per_ms;
}

std::optional<OrderStatus> order_status_of(std::string_view status) {
  constexpr std::array<std::pair<std::string_view, OrderStatus>, 9> statuses{{
      {"NEW", OrderStatus::New},
      {"PENDING_NEW", OrderStatus::PendingNew},
      {"PARTIALLY_FILLED", OrderStatus::PartiallyFilled},
      {"FILLED", OrderStatus::Filled},
      {"CANCELED", OrderStatus::Canceled},
      {"PENDING_CANCEL", OrderStatus::PendingCancel},
      {"REJECTED", OrderStatus::Rejected},
      {"EXPIRED", OrderStatus::Expired},
      {"EXPIRED_IN_MATCH", OrderStatus::Expired},
  }};
  for (const auto& [name, value] : statuses) {
    if (name == status) return value;
  }
  return std::nullopt;
}

std::string expiry_text(std::string_view reason) {
  struct Row {
    std::string_view reason, words;
  };
  constexpr Row rows[] = {
      {"REJECTED", "refused when it was about to be put on the book"},
      {"EXCHANGE_CANCELED", "canceled by Binance"},
      {"OCO_TRIGGER", "the other order of the pair has begun to work"},
      {"OTO_PHASE_ONE_EXPIRED", "the order that it waited for has ended"},
      {"UNFILLED_IOC_QUANTITY_EXPIRED", "what could not be filled at once"},
      {"UNFILLED_FOK_ORDER_EXPIRED", "it could not be filled whole at once"},
      {"INSUFFICIENT_LIQUIDITY", "there was nobody left to trade with"},
      {"EXECUTION_RULE_PRICE_RANGE_EXCEEDED", "it would have traded outside the price range that Binance allows"},
  };
  if (reason.empty() || reason == "NONE") return {};
  std::string text{reason};
  for (const Row& row : rows) {
    if (row.reason == reason) text.append(": ").append(row.words);
  }
  return text;
}

std::optional<Decimal> quantity_of(const Order& order) {
  return positive(order.orig_quote_order_qty) ? std::nullopt : left_of(order.orig_qty, order.prevented_qty);
}

std::optional<VenueReport> restated_of(const Order& order, const Symbol& symbol, VenueSource source) {
  if (!is_made_smaller(order)) return std::nullopt;
  VenueReport report = with(report_of(order, symbol, source), VenueEvent::Replaced);
  report.order_qty = quantity_of(order);
  if (!is_told_smaller(report.order_status) || !report.order_qty) return std::nullopt;
  report.text = words_of("self-trade prevention: " + to_string(*order.prevented_qty) + " not traded");
  return report;
}

Facts facts_of_place(const Order& order, const Symbol& symbol) {
  const VenueReport base = report_of(order, symbol, VenueSource::Rest);
  const OrderStatus status = base.order_status;
  Facts facts;
  VenueReport accepted = with(base, VenueEvent::Accepted);
  accepted.order_status = status == OrderStatus::PendingNew ? status : OrderStatus::New;
  accepted.cum_qty.reset();
  accepted.cum_quote_qty.reset();
  if (status != OrderStatus::Rejected) facts.push_back(std::move(accepted));
  if (auto restated = restated_of(order, symbol, VenueSource::Rest)) facts.push_back(*std::move(restated));

  std::optional<Decimal> done = Decimal{};
  std::optional<Decimal> quote_done = Decimal{};
  const std::size_t fills = order.fills ? order.fills->size() : 0;
  for (std::size_t i = 0; i < fills; ++i) {
    const OrderFill& fill = (*order.fills)[i];
    VenueReport report = with(base, VenueEvent::Fill);
    report.trade_id = fill_id(order.symbol, fill.trade_id);
    report.last_qty = fill.qty;
    report.last_px = fill.price;
    report.commission = fill.commission;
    report.commission_asset = printable<32>(fill.commission_asset);
    report.liquidity = Liquidity::Taker;  // what fills before it rests has taken
    done = done ? add(*done, fill.qty) : std::nullopt;
    const auto quote = multiply(fill.qty, fill.price);
    quote_done = quote_done && quote ? add(*quote_done, *quote) : std::nullopt;
    report.cum_qty = done;
    report.cum_quote_qty = quote_done;
    const bool is_last = i + 1 == fills;
    report.order_status = is_last && status == OrderStatus::Filled ? status : OrderStatus::PartiallyFilled;
    facts.push_back(std::move(report));
  }
  if (const auto end = end_of(status)) {
    VenueReport report = with(base, *end);
    report.text = end_text(order);
    if (*end == VenueEvent::Rejected) report.error = ErrorCode::OrderRejected;
    facts.push_back(std::move(report));
  } else if (fills == 0 && positive(order.executed_qty)) {  // RESULT: filled, and the trades are still to be asked for
    facts.push_back(with(base, VenueEvent::State));
  }
  return facts;
}

Facts facts_of_leg(const OrderList& list, const Symbol& symbol, std::string_view venue_order_id) {
  for (const Order& order : list.reports) {
    if (order.own_client_order_id() == venue_order_id) return facts_of_place(order, symbol);
  }
  return {};
}

VenueReport fact_of_cancel(const Order& order, const Symbol& symbol, std::string_view venue_order_id) {
  const Order* found = &order;
  for (const Order& leg : order.list_orders) {
    if (leg.own_client_order_id() == venue_order_id) found = &leg;
  }
  VenueReport report = report_of(*found, symbol, VenueSource::Rest);
  report.event = report.order_status == OrderStatus::Canceled ? VenueEvent::Canceled : VenueEvent::State;
  report.is_working = report.is_working && report.event == VenueEvent::State;
  return report;
}

Facts facts_of_cancel_replace(const CancelReplace& answer, const Symbol& symbol, std::string_view orig_venue_order_id,
                              std::string_view venue_order_id) {
  Facts facts;
  if (answer.canceled) facts.push_back(fact_of_cancel(*answer.canceled, symbol, orig_venue_order_id));
  if (answer.placed) {
    if (answer.cancel_error) {  // never asked for: both work now, and only asking tells how far
      facts.push_back(refusal_of(*answer.cancel_error, symbol, venue_order_id));
      facts.back().event = VenueEvent::Unknown;
      facts.back().error = ErrorCode::UnknownOutcome;
      return facts;
    }
    Facts placed = facts_of_place(*answer.placed, symbol);
    if (!placed.empty() && placed.front().event == VenueEvent::Accepted) {
      placed.front().event = VenueEvent::Replaced;
      placed.front().order_qty = positive(answer.placed->orig_qty);  // as it was asked for
    }
    facts.insert(facts.end(), placed.begin(), placed.end());
    return facts;
  }
  const BrokerError nothing_said{.code = 0, .message = "the order was not replaced, and Binance does not say why"};
  const BrokerError& why = answer.cancel_error      ? *answer.cancel_error
                           : answer.new_order_error ? *answer.new_order_error
                           : answer.error           ? *answer.error
                                                    : nothing_said;
  facts.push_back(refusal_of(why, symbol, venue_order_id));
  return facts;
}

Facts facts_of_amend(const Amended& amended, const Symbol& symbol) {
  VenueReport report = with(report_of(amended.order, symbol, VenueSource::Rest), VenueEvent::Replaced);
  report.order_qty = quantity_of(amended.order);
  return {std::move(report)};
}

Result<VenueReport> state_of(const Order& order, const Symbol& symbol, VenueSource source) {
  if (!order.status || !order.executed_qty) {
    return Error{ErrorCode::InvalidMessage, "order: no status or executedQty in an answer about it"};
  }
  VenueReport report = with(report_of(order, symbol, source), VenueEvent::State);
  if (report.order_status == OrderStatus::Unset) {
    return Error{ErrorCode::InvalidMessage, "order.status: " + *order.status + " was never seen before"};
  }
  report.text = end_text(order);
  return report;
}

VenueReport fill_of(const AccountTrade& trade, const Symbol& symbol, std::string_view venue_order_id,
                    VenueSource source) {
  VenueReport report;
  report.event = VenueEvent::Fill;
  report.source = source;
  report.symbol = symbol;
  report.venue_order_id = printable<64>(venue_order_id);
  report.broker_order_id = printable<64>(std::to_string(trade.order_id));
  report.side = trade.is_buyer ? Side::Buy : Side::Sell;
  report.trade_id = fill_id(trade.symbol, trade.id);
  report.last_qty = trade.qty;
  report.last_px = trade.price;
  report.commission = trade.commission;
  report.commission_asset = printable<32>(trade.commission_asset);
  report.liquidity = trade.is_maker ? Liquidity::Maker : Liquidity::Taker;
  report.transact_time_ns = ns_of(trade.time);
  return report;
}

EventFacts facts_of(const ExecutionReportEvent& event, const Symbol& symbol) {
  const auto status = order_status_of(event.order_status);
  if (!status) return {.facts = {}, .unknown = "executionReport.X: " + event.order_status};
  const VenueReport base = report_of(event, symbol, *status);
  const std::string& what = event.execution_type;

  if (what == "NEW") {
    return {.facts = {with(base, is_trigger(event) ? VenueEvent::State : VenueEvent::Accepted)}, .unknown = {}};
  }
  if (what == "TRADE") {
    EventFacts said;
    const bool is_fill = event.trade_id >= 0 && event.last_qty.is_positive() && event.last_price.is_positive();
    if (is_fill) {
      VenueReport fill = with(base, VenueEvent::Fill);
      fill.trade_id = fill_id(event.symbol, event.trade_id);
      fill.last_qty = event.last_qty;
      fill.last_px = event.last_price;
      fill.commission = event.commission;
      fill.commission_asset = printable<32>(event.commission_asset.value_or(""));
      fill.liquidity = event.is_maker ? Liquidity::Maker : Liquidity::Taker;
      said.facts.push_back(std::move(fill));
    }
    const auto end = end_of(*status);
    if (end && *end != VenueEvent::Rejected) {
      said.facts.push_back(with(base, *end));
      said.facts.back().text = words_of(expiry_text(event.expiry_reason.value_or("")));
    }
    // A trade that names no execution is none; where the order stands it still tells.
    if (said.facts.empty()) said.facts.push_back(with(base, VenueEvent::State));
    return said;
  }
  if (what == "CANCELED" || what == "EXPIRED" || what == "TRADE_PREVENTION") {
    const auto end = end_of(*status);
    VenueReport report = with(base, end && *end != VenueEvent::Rejected ? *end : VenueEvent::State);
    report.text = words_of(expiry_text(event.expiry_reason.value_or("")));
    if (what == "TRADE_PREVENTION" && report.text.empty()) report.text = words_of(prevention_text(event));
    if (const auto left = restated_qty(event, *status); left && what == "TRADE_PREVENTION") {
      report.event = VenueEvent::Replaced;
      report.order_qty = left;
    }
    return {.facts = {std::move(report)}, .unknown = {}};
  }
  if (what == "REJECTED") {
    VenueReport report = with(base, VenueEvent::Rejected);
    report.error = reject_error(event.reject_reason);
    report.broker_code = printable<32>(event.reject_reason);
    report.text = words_of(event.reject_reason);
    return {.facts = {std::move(report)}, .unknown = {}};
  }
  if (what == "REPLACED") {  // amended: of its two names the order now bears the other one
    VenueReport report = with(base, VenueEvent::Replaced);
    report.venue_order_id = printable<64>(event.client_order_id);
    return {.facts = {std::move(report)}, .unknown = {}};
  }
  return {.facts = {}, .unknown = "executionReport.x: " + what};
}

}  // namespace busbar::binance
