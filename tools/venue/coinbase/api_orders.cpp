// Orders: placed, previewed, cancelled, edited, and ended by time.

#include <algorithm>
#include <set>

#include "tools/venue/amount.hpp"
#include "tools/venue/coinbase/api.hpp"

namespace busbar::venue::coinbase {

namespace json = boost::json;

namespace {

constexpr std::size_t client_order_id_max = 128;

std::string text_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

// The engine's refusal as the broker words it.
Refused refused_by(Refusal refusal) {
  switch (refusal) {
    case Refusal::InsufficientBalance:
      return {false, "PREVIEW_INSUFFICIENT_FUND", "Insufficient balance in source account"};
    case Refusal::WouldMatchImmediately: return {false, "INVALID_LIMIT_PRICE_POST_ONLY", ""};
    case Refusal::WouldTriggerImmediately: return {false, "PREVIEW_STOP_PRICE_ABOVE_LAST_TRADE_PRICE", ""};
    case Refusal::NoLiquidity: return {false, "INVALID_NO_LIQUIDITY", ""};
    case Refusal::MarketClosed: return {false, "ORDER_ENTRY_DISABLED", "Orders are currently disabled"};
    default: return {false, "COMMANDER_REJECTED_NEW_ORDER", ""};
  }
}

// Which of the three names of a reason are filled differs from reason to reason.
json::object error_response(const Refused& refused) {
  std::string_view reason = refused.reason;
  const bool is_of_preview = reason.starts_with("PREVIEW_");
  if (reason == "UNSUPPORTED_ORDER_CONFIGURATION") {
    return {{"error", reason},
            {"message", refused.message},
            {"error_details", ""},
            {"new_order_failure_reason", reason}};
  }
  const bool is_named = !refused.message.empty();
  std::string_view error = reason;
  if (is_of_preview) error.remove_prefix(8);
  return {{"error", is_named ? error : "UNKNOWN_FAILURE_REASON"},
          {"message", refused.message},
          {"error_details", ""},
          {"preview_failure_reason", is_of_preview ? reason : "UNKNOWN_PREVIEW_FAILURE_REASON"},
          {"new_order_failure_reason", is_of_preview ? "UNKNOWN_FAILURE_REASON" : reason}};
}

}  // namespace

ReaderContext Api::reader_context(AccountId account) const {
  return {products_, engine_, now_(), rules_.end_time_max, engine_.accounts()[account].taker_rate};
}

json::object Api::created(const Ticket& ticket, const Order& order) const {
  json::object success{{"order_id", ticket.order_id},
                       {"product_id", ticket.product_id},
                       {"side", coinbase::name_of(order.side)},
                       {"client_order_id", order.client_order_id}};
  return {{"success", true},
          {"failure_reason", "UNKNOWN_FAILURE_REASON"},
          {"order_id", ticket.order_id},
          {"success_response", std::move(success)},
          {"order_configuration", json::object{{ticket.kind, ticket.configuration}}}};
}

Reply Api::not_created(const Refused& refused, const Call& call) const {
  if (refused.is_bad_request) return failure(400, "INVALID_ARGUMENT", refused.message);
  Reply reply;
  reply.body = json::object{{"success", false},
                            {"failure_reason", "UNKNOWN_FAILURE_REASON"},
                            {"order_id", ""},
                            {"error_response", error_response(refused)},
                            {"order_configuration", call.body.at("order_configuration")}};
  reply.refusal = refused.reason;
  return reply;
}

// An id that was used before brings the order that has it, whatever else is said this time.
Reply Api::place(const Call& call, AccountId account) {
  const std::string client_order_id = text_in(call.body, "client_order_id");
  if (client_order_id.empty() || client_order_id.size() > client_order_id_max) {
    return failure(400, "INVALID_ARGUMENT", "client_order_id is required, of at most 128 characters");
  }
  Reply reply;
  if (const Ticket* known = ledger_.find_by_client_id(account, client_order_id)) {
    reply.body = created(*known, order_of(*known));
    return reply;
  }
  Refused refused;
  auto wanted = read_order(call.body, reader_context(account), refused);
  if (!wanted) return not_created(refused, call);
  const std::string portfolio = text_in(call.body, "retail_portfolio_id");
  const bool has_wallet = engine_.accounts()[account].balances.contains(wanted->product->quote);
  if (!engine_.accounts()[account].may_trade || !has_wallet ||
      (!portfolio.empty() && portfolio != owner_of(account).portfolio_id)) {
    return not_created({false, "UNKNOWN_FAILURE_REASON", "account is not available"}, call);
  }
  std::string failure_reason;
  if (auto& [count, reason] = failures_[account]; count > 0) {
    --count;
    failure_reason = reason;
  }
  wanted->order.is_rejected = !failure_reason.empty();
  Events events;
  const auto placed = engine_.place(account, wanted->product->symbol, wanted->order, now_(), events);
  if (!placed) return not_created(refused_by(placed.error()), call);
  Ticket& ticket = ledger_.open(account, placed->client_order_id, placed->symbol, placed->id);
  ticket.product_id = wanted->product->id;
  ticket.kind = std::move(wanted->kind);
  ticket.configuration = std::move(wanted->configuration);
  ticket.quote_size = wanted->quote_size;
  ticket.end_time = wanted->end_time;
  ticket.stop_trigger = wanted->stop_trigger;
  if (wanted->order.is_rejected) {
    ticket.reject_reason = failure_reason;
    ticket.reject_message = "the order failed after it was taken";
  }
  reply.body = created(ticket, *placed);
  publish(events);
  return reply;
}

Reply Api::preview(const Call& call, AccountId account) {
  Refused refused;
  const auto wanted = read_order(call.body, reader_context(account), refused);
  if (!wanted && refused.is_bad_request) return not_created(refused, call);
  Decimal base, quote;
  const auto best = [&](Side side) {
    const auto levels = engine_.levels(wanted ? wanted->product->symbol : 0, side, 1);
    return levels.empty() ? Decimal{} : levels.front().first;
  };
  const Decimal bid = best(Side::Buy), ask = best(Side::Sell);
  if (wanted) {
    const NewOrder& order = wanted->order;
    const Decimal price = order.price.is_zero() ? order.side == Side::Buy ? ask : bid : order.price;
    quote = order.quote_qty.is_zero() ? times(price, order.qty) : order.quote_qty;
    base = order.qty.is_zero() && !price.is_zero() ? divide(quote, price, places_max, Round::Down).value_or(Decimal{})
                                                   : order.qty;
    const auto& balances = engine_.accounts()[account].balances;
    const auto wallet =
        balances.find(order.side == Side::Buy ? wanted->product->quote : wanted->product->base);
    const Decimal needed =
        order.side == Side::Buy ? plus(quote, times(quote, engine_.accounts()[account].taker_rate)) : base;
    if (wallet == balances.end() || wallet->second.free < needed) refused.reason = "PREVIEW_INSUFFICIENT_FUND";
  }
  const Decimal commission = times(quote, engine_.accounts()[account].taker_rate);
  json::array errors;
  if (!refused.reason.empty()) {
    errors.push_back(json::value((refused.reason.starts_with("PREVIEW_") ? "" : "PREVIEW_") + refused.reason));
  }
  Reply reply;
  reply.body = json::object{{"order_total", plain(plus(quote, commission))},
                            {"commission_total", plain(commission)},
                            {"errs", std::move(errors)},
                            {"warning", json::array{}},
                            {"quote_size", plain(quote)},
                            {"base_size", plain(base)},
                            {"best_bid", plain(bid)},
                            {"best_ask", plain(ask)},
                            {"is_max", false},
                            {"order_margin_total", ""},
                            {"leverage", ""},
                            {"long_leverage", ""},
                            {"short_leverage", ""},
                            {"slippage", "0"},
                            {"preview_id", ledger_.uuid("preview", static_cast<std::uint64_t>(now_()))},
                            {"current_liquidation_buffer", ""},
                            {"projected_liquidation_buffer", ""},
                            {"max_leverage", ""}};
  return reply;
}

void Api::cancel_now(const Ticket& ticket) {
  Events events;
  static_cast<void>(engine_.cancel(ticket.account, ticket.symbol, ticket.number, {}, CancelRestriction::None, now_(),
                                   events));
  publish(events);
}

std::string Api::cancel_one(AccountId account, const std::string& order_id) {
  if (order_id.empty()) return "INVALID_CANCEL_REQUEST";
  Ticket* ticket = ledger_.find(order_id);
  if (ticket == nullptr || ticket->account != account) return "UNKNOWN_CANCEL_ORDER";
  const Order& order = order_of(*ticket);
  if (order.status == Status::Filled) return "ORDER_IS_FULLY_FILLED";
  if (ticket->is_cancel_pending || order.status == Status::Canceled) return "DUPLICATE_CANCEL_REQUEST";
  if (!order.is_open()) return "UNKNOWN_CANCEL_ORDER";
  if (ticket->pending_edit) return "ORDER_IS_BEING_REPLACED";
  if (!engine_.accounts()[account].may_trade) return "NOT_ALLOWED_TO_CANCEL";
  if (rules_.cancel_delay > 0) {
    ticket->is_cancel_pending = true;
    ticket->cancel_due = now_() + rules_.cancel_delay;
    on_order_changed(order);
    return {};
  }
  ticket->cancel_message = "User requested cancel";
  cancel_now(*ticket);
  return {};
}

Reply Api::cancel(const Call& call, AccountId account) {
  const json::value* ids = call.body.if_contains("order_ids");
  if (ids == nullptr || !ids->is_array()) return failure(400, "INVALID_ARGUMENT", "order_ids is required");
  json::array results;
  bool any = false;
  std::string reason;
  for (const json::value& id : ids->get_array()) {
    const std::string order_id = id.is_string() ? std::string{id.get_string()} : std::string{};
    const std::string why = cancel_one(account, order_id);
    any = any || why.empty();
    if (reason.empty()) reason = why;
    results.push_back(json::object{{"success", why.empty()},
                                   {"failure_reason", why.empty() ? "UNKNOWN_CANCEL_FAILURE_REASON" : why},
                                   {"order_id", order_id}});
  }
  Reply reply;
  reply.body = json::object{{"results", std::move(results)}};
  if (!any) reply.refusal = reason.empty() ? "INVALID_CANCEL_REQUEST" : reason;
  return reply;
}

// A member that is missing reads as zero, as it does at the broker.
std::string Api::read_edit(const Call& call, AccountId account, EditWanted& wanted) {
  wanted.ticket = ledger_.find(text_in(call.body, "order_id"));
  if (wanted.ticket == nullptr) return "ORDER_NOT_FOUND";
  const Ticket& ticket = *wanted.ticket;
  if (ticket.account != account) return "CALLER_ID_MISMATCH";
  const Order& order = order_of(ticket);
  if (ticket.is_by_money()) return "SIZE_IN_QUOTE_EDITS_NOT_ALLOWED";
  if (!ticket.is_editable()) return "ONLY_LIMIT_ORDER_EDITS_SUPPORTED";
  if (!order.is_open()) return "ONLY_OPEN_ORDERS_CAN_BE_EDITED";
  if (ticket.is_cancel_pending) return "CANNOT_EDIT_ORDER_PENDING_CANCEL";
  if (ticket.pending_edit) return "ORDER_IS_ALREADY_BEING_REPLACED";
  if (ticket.is_triggered || (ticket.is_stop() && order.working != 0)) return "CANNOT_EDIT_TRIGGERED_ORDER";
  const Symbol& rules = engine_.symbol(ticket.symbol);
  wanted.size = plain_amount(text_in(call.body, "size")).value_or(Decimal{});
  wanted.price = plain_amount(text_in(call.body, "price")).value_or(Decimal{});
  const auto is_within = [](Decimal value, Decimal least, Decimal most, Decimal step) {
    return value.is_positive() && value >= least && value <= most && is_multiple(value, step);
  };
  if (!is_within(wanted.size, rules.qty_min, rules.qty_max, rules.step)) return "INVALID_EDITED_SIZE";
  if (!is_within(wanted.price, {}, rules.price_max, rules.tick)) return "INVALID_EDITED_PRICE";
  if (wanted.size <= order.executed) return "CANNOT_EDIT_TO_BELOW_FILLED_SIZE";
  if (wanted.size == order.qty && wanted.price == order.price) return "EDIT_REQUEST_EQUAL_TO_ORIGINAL_REQUEST";
  return {};
}

Outcome<Order> Api::apply_edit(Ticket& ticket, Decimal size, Decimal price, Events& events) {
  auto edited = engine_.edit(ticket.account, ticket.symbol, ticket.number, size, price, now_(), events);
  if (!edited) return edited;
  ticket.configuration["base_size"] = plain(size);
  ticket.configuration["limit_price"] = plain(price);
  ticket.edits.push_back(json::object{
      {"price", plain(price)}, {"size", plain(size)}, {"replace_accept_timestamp", rfc3339(now_())}});
  return edited;
}

Reply Api::edit(const Call& call, AccountId account) {
  EditWanted wanted;
  std::string reason = read_edit(call, account, wanted), preview_reason;
  Events events;
  if (reason.empty() && rules_.edit_delay > 0) {
    wanted.ticket->pending_edit = {wanted.size, wanted.price, now_() + rules_.edit_delay};
    on_order_changed(order_of(*wanted.ticket));
  } else if (reason.empty()) {
    const auto edited = apply_edit(*wanted.ticket, wanted.size, wanted.price, events);
    if (!edited && edited.error() == Refusal::InsufficientBalance) {
      preview_reason = "PREVIEW_INSUFFICIENT_FUND";
    } else if (!edited) {
      const bool would_take = edited.error() == Refusal::WouldMatchImmediately;
      reason = would_take ? "INVALID_EDITED_PRICE" : "COMMANDER_REJECTED_EDIT_ORDER";
    }
  }
  Reply reply;
  if (reason.empty() && preview_reason.empty()) {
    reply.body = json::object{{"success", true},
                              {"success_response", json::object{{"order_id", wanted.ticket->order_id}}},
                              {"errors", json::array{}}};
    publish(events);
    return reply;
  }
  reply.refusal = reason.empty() ? preview_reason : reason;
  json::object error{{"edit_failure_reason", reason.empty() ? "UNKNOWN_EDIT_ORDER_FAILURE_REASON" : reason},
                     {"preview_failure_reason",
                      preview_reason.empty() ? "UNKNOWN_PREVIEW_FAILURE_REASON" : preview_reason}};
  reply.body = json::object{{"success", false}, {"errors", json::array(1, std::move(error))}};
  return reply;
}

Reply Api::edit_preview(const Call& call, AccountId account) {
  EditWanted wanted;
  const std::string reason = read_edit(call, account, wanted);
  json::array errors;
  if (!reason.empty()) {
    errors.push_back(json::object{{"edit_failure_reason", reason},
                                  {"preview_failure_reason", "UNKNOWN_PREVIEW_FAILURE_REASON"}});
  }
  const Decimal quote = reason.empty() ? times(wanted.price, wanted.size) : Decimal{};
  const Decimal commission = times(quote, engine_.accounts()[account].taker_rate);
  const auto best = [&](Side side) {
    const auto levels = engine_.levels(wanted.ticket == nullptr ? 0 : wanted.ticket->symbol, side, 1);
    return levels.empty() ? std::string{} : plain(levels.front().first);
  };
  Reply reply;
  reply.body = json::object{{"errors", std::move(errors)},
                            {"slippage", "0"},
                            {"order_total", plain(plus(quote, commission))},
                            {"commission_total", plain(commission)},
                            {"quote_size", plain(quote)},
                            {"base_size", plain(wanted.size)},
                            {"best_bid", best(Side::Buy)},
                            {"best_ask", best(Side::Sell)},
                            {"average_filled_price", "0"}};
  return reply;
}

void Api::on_tick() {
  const TimeUs time = now_();
  for (Ticket* ticket : ledger_.open_tickets()) {
    if (ticket->is_cancel_pending && ticket->cancel_due <= time) {
      ledger_.find(ticket->order_id)->cancel_message = "User requested cancel";
      cancel_now(*ticket);
    } else if (ticket->pending_edit && ticket->pending_edit->due <= time) {
      const Ticket::PendingEdit edit = *std::exchange(ticket->pending_edit, std::nullopt);
      Events events;
      if (!apply_edit(*ticket, edit.size, edit.price, events)) on_order_changed(order_of(*ticket));
      publish(events);
    } else if (ticket->end_time != 0 && ticket->end_time <= time) {
      Events events;
      static_cast<void>(engine_.expire(ticket->account, ticket->symbol, ticket->number, time, events));
      publish(events);
    }
  }
}

// Once the stop is reached the order goes for what it can get, within a twentieth.
void Api::follow_brackets() {
  for (Ticket* ticket : ledger_.open_tickets()) {
    if (!ticket->is_bracket() || ticket->is_triggered) continue;
    const Order& order = order_of(*ticket);
    const Decimal last = engine_.last_price(ticket->symbol), stop = *ticket->stop_trigger;
    const bool sells = order.side == Side::Sell;
    if (!order.is_open() || (sells ? last > stop : last < stop)) continue;
    ticket->is_triggered = true;
    const Decimal far = times(stop, Decimal{sells ? 95 : 105, -2});
    const Decimal price =
        round_to(far, engine_.symbol(ticket->symbol).tick, sells ? Round::Up : Round::Down).value_or(stop);
    Events events;
    static_cast<void>(
        engine_.edit(ticket->account, ticket->symbol, ticket->number, order.qty, price, now_(), events));
    publish(events);
  }
}

}  // namespace busbar::venue::coinbase
