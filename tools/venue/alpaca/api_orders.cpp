// Orders: placed, replaced, cancelled, and what hours and time do to them.

#include <algorithm>

#include "tools/venue/alpaca/api.hpp"
#include "tools/venue/amount.hpp"

namespace busbar::venue::alpaca {

namespace json = boost::json;

namespace {

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
  }
  return true;
}

Refused not_found(const std::string& order_id) { return {404, 40410000, "order not found for " + order_id, {}}; }

// What a buy at the market may come to: so much above it.
Decimal with_room(Decimal price) { return times(price, price < Decimal{50, 0} ? Decimal{104, -2} : Decimal{1025, -3}); }

// Where a stop that follows has its price while the market's best was `best`: in whole cents.
Decimal turning_point(Decimal best, Side side, const std::optional<Decimal>& trail_price,
                      const std::optional<Decimal>& trail_percent) {
  const Decimal trail =
      trail_price.value_or(product(best, times(trail_percent.value_or(Decimal{}), Decimal{1, -2})));
  const Decimal away = side == Side::Sell ? minus(best, trail) : plus(best, trail);
  return round_to(away, Decimal{1, -2}, Round::Nearest).value_or(best);
}

// As it was when it was taken, whatever has become of it since.
Order as_taken(Order order) {
  order.executed = order.cum_quote = {};
  order.status = Status::New;
  order.updated = order.created;
  return order;
}

}  // namespace

std::string Api::invented_name() { return ledger_.uuid("client order", ++invented_); }

Ticket* Api::own(AccountId account, const std::string& order_id) {
  Ticket* ticket = ledger_.find(order_id);
  return ticket == nullptr || ticket->account != account ? nullptr : ticket;
}

bool Api::may_work(const Asset& asset, const Ticket& ticket) const {
  if (asset.is_halted) return false;
  return asset.is_crypto() || phase_ == Phase::Regular || (phase_ == Phase::Extended && ticket.extended_hours);
}

Waits Api::waits_for(const Asset& asset, const WantedOrder& wanted) const {
  if (wanted.time_in_force == "opg") return Waits::ForOpening;
  if (wanted.time_in_force == "cls") return Waits::ForClosing;
  Ticket words;
  words.extended_hours = wanted.extended_hours;
  return may_work(asset, words) ? Waits::No : Waits::ForHours;
}

Refused Api::refusal_of_money(AccountId account, const WantedOrder& wanted) const {
  const Symbol& symbol = engine_.symbol(wanted.asset->symbol);
  const NewOrder& order = wanted.order;
  const bool is_crypto = wanted.asset->is_crypto();
  const Top& now = top(wanted.asset->symbol);
  const Decimal last = engine_.last_price(wanted.asset->symbol);
  const auto short_of = [&](const std::string& asset, Decimal needed, Decimal available) {
    const auto& balances = engine_.accounts()[account].balances;
    const auto found = balances.find(asset);
    const Decimal all = found == balances.end() ? Decimal{} : plus(found->second.free, found->second.locked);
    return forbidden(
        "insufficient balance for " + asset + " (requested: " + plain(needed) + ", available: " + plain(available) + ')',
        {{"available", plain(available)}, {"balance", plain(all)}, {"symbol", asset}});
  };
  if (order.side == Side::Buy) {
    const Decimal market = now.ask.is_zero() ? last : now.ask;
    const Decimal price = order.price.is_positive()        ? order.price
                          : order.stop_price.is_positive() ? order.stop_price
                                                           : market;
    const bool is_at_market = wanted.type == "market" && !is_crypto;
    const Decimal cost = wanted.notional ? *wanted.notional
                                         : times(is_at_market ? with_room(price) : price, order.qty);
    const Decimal available = free(account, symbol.quote);
    if (cost <= available) return {};
    if (is_crypto) return short_of(symbol.quote, cost, available);
    return forbidden("insufficient buying power", {{"buying_power", plain(available)}, {"cost_basis", plain(cost)}});
  }
  const Decimal qty =
      wanted.notional ? divide(*wanted.notional, last, places_max, Round::Down).value_or(Decimal{}) : order.qty;
  const Decimal available = free(account, symbol.base);
  if (qty <= available) return {};
  if (is_crypto) return short_of(symbol.base, qty, available);
  const Decimal existing = ledger_.holding(account, symbol.base).qty;
  if (!existing.is_positive()) return forbidden("account is not allowed to short");
  json::array related;
  for (const std::size_t index : ledger_.open_indexes()) {
    const Ticket& ticket = ledger_.all()[index];
    if (ticket.account != account || ticket.symbol != wanted.asset->symbol) continue;
    const Order& other = order_of(ticket);
    if (other.is_open() && other.side == Side::Sell) related.push_back(json::value(ticket.order_id));
  }
  return forbidden("insufficient qty available for order (requested: " + plain(qty) + ", available: " +
                       plain(available) + ')',
                   {{"available", plain(available)},
                    {"existing_qty", plain(existing)},
                    {"held_for_orders", plain(minus(existing, available))},
                    {"related_orders", std::move(related)},
                    {"symbol", symbol.name}});
}

// Orders of both sides that could meet each other. Legs of complex orders are the customer's way around it.
Refused Api::refusal_of_wash_trade(AccountId account, const Asset& asset, const NewOrder& order,
                                   const Ticket* except) const {
  if (rules_.wash_trades == WashTrades::Off) return {};
  for (const std::size_t index : ledger_.open_indexes()) {
    const Ticket& ticket = ledger_.all()[index];
    if (ticket.account != account || ticket.symbol != asset.symbol || &ticket == except) continue;
    if (!ticket.order_class.empty()) continue;
    const Order& other = order_of(ticket);
    if (!other.is_open() || other.side == order.side) continue;
    const bool has_price = order.type == OrderType::Limit, is_limit = other.type == OrderType::Limit;
    const Decimal buys = order.side == Side::Buy ? order.price : other.price;
    const Decimal sells = order.side == Side::Buy ? other.price : order.price;
    if (rules_.wash_trades == WashTrades::Crossing && has_price && is_limit && buys < sells) continue;
    return forbidden("potential wash trade detected. use complex orders",
                     {{"existing_order_id", ticket.order_id},
                      {"reject_reason", is_limit ? "opposite side limit order exists"
                                                 : "opposite side market/stop order exists"}});
  }
  return {};
}

Refused Api::worded(Refusal refusal, AccountId account, const Asset& asset, const NewOrder& order) const {
  switch (refusal) {
    case Refusal::InsufficientBalance: {
      WantedOrder wanted;
      wanted.asset = &asset;
      wanted.order = order;
      const Refused refused = refusal_of_money(account, wanted);
      return refused.status != 0 ? refused : forbidden("insufficient buying power");
    }
    case Refusal::DuplicateOrder: return invalid("client_order_id must be unique");
    case Refusal::NoLiquidity: return forbidden("no quote is available for the asset");
    case Refusal::WouldTriggerImmediately:
    case Refusal::BadPrices: return unprocessable("the market has passed a price of the order");
    default: return unprocessable("the order cannot be taken");
  }
}

Ticket& Api::open_ticket(const Order& placed, const WantedOrder& wanted) {
  Ticket& ticket = ledger_.open(placed.account, placed.client_order_id, placed.symbol, placed.id);
  ticket.type = wanted.type;
  ticket.time_in_force = wanted.time_in_force;
  ticket.order_class = wanted.order_class;
  ticket.extended_hours = wanted.extended_hours;
  ticket.notional = wanted.notional;
  if (!wanted.notional) ticket.qty = placed.qty;
  if (placed.price.is_positive()) ticket.limit_price = placed.price;
  if (placed.stop_price.is_positive()) ticket.stop_price = placed.stop_price;
  ticket.trail_price = wanted.trail_price;
  ticket.trail_percent = wanted.trail_percent;
  if (ticket.is_trailing()) ticket.hwm = engine_.last_price(placed.symbol);
  ticket.position_intent = placed.side == Side::Buy ? "buy_to_open" : "sell_to_close";
  const bool has_end = !assets_.of(placed.symbol).is_crypto() && ticket.is_day();
  if (has_end) ticket.expires_at = hours_.day_end(now_(), ticket.extended_hours);
  return ticket;
}

// For each order of a list but the one that the customer named, under names of the broker's.
void Api::open_legs(const Engine::PlacedList& placed, const WantedOrder& wanted, Ticket& parent) {
  std::vector<Order> orders = placed.orders;
  std::stable_sort(orders.begin(), orders.end(), [](const Order& a, const Order& b) {
    return !a.is_stop_loss() && b.is_stop_loss();  // the profit before the loss
  });
  for (const Order& order : orders) {
    if (order.id == parent.number) continue;
    WantedOrder words;
    words.type = order.type == OrderType::Limit           ? "limit"
                 : order.type == OrderType::StopLossLimit ? "stop_limit"
                                                          : "stop";
    words.time_in_force = wanted.time_in_force;
    words.order_class = wanted.order_class;
    Ticket& leg = open_ticket(order, words);
    leg.parent = parent.index;
    if (wanted.order_class == "oco") leg.waits = parent.waits;
    parent.legs.push_back(leg.index);
  }
}

Reply Api::submit(AccountId account, WantedOrder wanted) {
  follow_hours();
  const Asset& asset = *wanted.asset;
  NewOrder& order = wanted.order;
  const bool is_exit = wanted.order_class == "oco";
  if (!engine_.accounts()[account].may_trade) return failure(forbidden("new orders are rejected by user request"));
  if (!order.client_order_id.empty() && ledger_.is_used(account, order.client_order_id)) {
    return failure(invalid("client_order_id must be unique"));
  }
  if (wanted.order_class.empty()) {
    if (const Refused wash = refusal_of_wash_trade(account, asset, order, nullptr); wash.status != 0) {
      return failure(wash);
    }
  }
  if (const Refused money = refusal_of_money(account, wanted); money.status != 0) return failure(money);
  if (order.client_order_id.empty()) order.client_order_id = invented_name();
  if (wanted.type == "trailing_stop") {
    order.stop_price = turning_point(engine_.last_price(asset.symbol), order.side, wanted.trail_price,
                                     wanted.trail_percent);
  }
  const Waits waits = waits_for(asset, wanted);
  const bool is_immediate = wanted.time_in_force == "ioc" || wanted.time_in_force == "fok";
  order.is_held = waits != Waits::No;
  if (auto& count = rejections_[account]; count > 0 && wanted.legs.empty()) {
    --count;
    order.is_rejected = true;
  }
  Events events;
  Ticket* ticket = nullptr;
  Order taken;
  if (wanted.legs.empty()) {
    const auto placed = engine_.place(account, asset.symbol, order, now_(), events);
    if (!placed) return failure(worded(placed.error(), account, asset, order));
    ticket = &open_ticket(*placed, wanted);
    taken = as_taken(*placed);
  } else {
    NewOrderList list;
    for (NewOrder leg : wanted.legs) {
      leg.is_held = order.is_held;
      leg.client_order_id = invented_name();
      list.legs.push_back(std::move(leg));
    }
    if (is_exit) list.legs.front().client_order_id = order.client_order_id;
    else list.working = order;
    const auto placed = engine_.place_list(account, asset.symbol, list, now_(), events);
    if (!placed) return failure(worded(placed.error(), account, asset, order));
    const auto main = std::find_if(placed->orders.begin(), placed->orders.end(), [&](const Order& each) {
      return each.client_order_id == order.client_order_id;
    });
    ticket = &open_ticket(*main, wanted);
    ticket->waits = waits;
    taken = as_taken(*main);
    open_legs(*placed, wanted, *ticket);
  }
  ticket->waits = waits;
  Reply reply;
  json::object body = shape(*ticket, taken, waits == Waits::No ? "pending_new" : "accepted");
  json::array legs;
  for (const std::size_t leg : ticket->legs) {
    const Ticket& its = ledger_.all()[leg];
    legs.push_back(shape(its, as_taken(order_of(its)), "held"));
  }
  if (!legs.empty()) body["legs"] = std::move(legs);
  reply.body = std::move(body);
  reply.order_id = ticket->order_id;
  publish(events);
  if (waits == Waits::ForHours && is_immediate) cancel_now(*ticket);  // there is nobody to trade with at once
  return reply;
}

Reply Api::place(const Call& call, AccountId account) {
  Refused refused;
  auto wanted = read_order(call.body, {assets_, engine_, hours_, now_()}, refused);
  if (!wanted) return failure(refused);
  return submit(account, std::move(*wanted));
}

void Api::cancel_now(Ticket& ticket) {
  Events events;
  static_cast<void>(
      engine_.cancel(ticket.account, ticket.symbol, ticket.number, {}, CancelRestriction::None, now_(), events));
  publish(events);
}

Refused Api::cancel_one(Ticket& ticket) {
  const Order& order = order_of(ticket);
  if (!order.is_open() || ticket.is_cancel_pending || ticket.replacement) {
    return unprocessable("order is already in \"" + std::string{shown_status(order, ticket)} + "\" state");
  }
  ticket.shown.clear();
  ticket.cancel_requested_at = now_();
  if (rules_.cancel_delay == 0) {
    cancel_now(ticket);
    return {};
  }
  ticket.is_cancel_pending = true;
  ticket.cancel_due = now_() + rules_.cancel_delay;
  on_order_said(ticket, "pending_cancel");
  return {};
}

Reply Api::cancel(const Call& call, AccountId account) {
  if (!is_uuid(call.id)) return failure(invalid("order_id is missing"));
  Ticket* ticket = own(account, call.id);
  if (ticket == nullptr) return failure(not_found(call.id));
  if (const Refused refused = cancel_one(*ticket); refused.status != 0) return failure(refused);
  Reply reply;
  reply.status = 204;
  reply.is_empty = true;
  reply.order_id = ticket->order_id;
  return reply;
}

Reply Api::cancel_all(const Call&, AccountId account) {
  json::array results;
  for (Ticket* ticket : ledger_.open_tickets()) {
    if (ticket->account != account || ticket->parent || !order_of(*ticket).is_open()) continue;
    const Refused refused = cancel_one(*ticket);
    json::object result{{"id", ticket->order_id}, {"status", refused.status == 0 ? 200 : 500}};
    const Order& order = order_of(*ticket);
    if (refused.status == 0) result["body"] = shape(*ticket, order, "pending_cancel");
    else result["body"] = failure(refused).body;
    results.push_back(std::move(result));
  }
  // Legs whose parent is long filled.
  for (Ticket* ticket : ledger_.open_tickets()) {
    if (ticket->account != account || !order_of(*ticket).is_open() || ticket->is_cancel_pending) continue;
    const Refused refused = cancel_one(*ticket);
    results.push_back(json::object{{"id", ticket->order_id}, {"status", refused.status == 0 ? 200 : 500}});
  }
  Reply reply;
  reply.status = 207;
  reply.body = std::move(results);
  return reply;
}

Refused Api::refusal_of_change(const Ticket& ticket, const WantedChange& change) const {
  const Order& order = order_of(ticket);
  const std::string_view status = shown_status(order, ticket);
  if (!order.is_open()) return invalid("only open orders can be replaced");
  if (status == "accepted" || status.starts_with("pending")) {
    return invalid("unable to replace order, order isn't sent to exchange yet");
  }
  if (ticket.notional) return unprocessable("notional orders cannot be replaced");
  const bool is_fractional =
      !assets_.of(ticket.symbol).is_crypto() && !is_multiple(ticket.qty.value_or(Decimal{}), Decimal{1, 0});
  if (change.qty && is_fractional) return unprocessable("qty of fractional orders cannot be replaced");
  if (change.limit_price && !ticket.limit_price) return invalid(ticket.type + " orders require no limit price");
  if (change.stop_price && (!ticket.stop_price || ticket.is_trailing())) {
    return invalid(ticket.type + " orders require no stop price");
  }
  if (change.trail && !ticket.is_trailing()) return invalid(ticket.type + " orders require no trail");
  if (!change.client_order_id.empty() && ledger_.is_used(ticket.account, change.client_order_id)) {
    return invalid("client_order_id must be unique");
  }
  const auto is_same = [](const std::optional<Decimal>& wanted, const std::optional<Decimal>& has) {
    return !wanted || wanted == has;
  };
  const auto& trail = ticket.trail_price ? ticket.trail_price : ticket.trail_percent;
  const bool changes_nothing = is_same(change.qty, ticket.qty) && is_same(change.limit_price, ticket.limit_price) &&
                               is_same(change.stop_price, ticket.stop_price) && is_same(change.trail, trail) &&
                               (change.time_in_force.empty() || change.time_in_force == ticket.time_in_force);
  if (changes_nothing) return invalid("order parameters are not changed");
  const Symbol& rules = engine_.symbol(ticket.symbol);
  if (change.trail && !ticket.trail_price && (*change.trail < Decimal{1, -1} || *change.trail >= Decimal{100, 0})) {
    return unprocessable("trail_percent must be >= 0.1 and < 100");
  }
  if (change.qty && (*change.qty > rules.qty_max || !is_multiple(*change.qty, rules.step))) {
    return unprocessable("invalid qty");
  }
  for (const auto& price : {change.limit_price, change.stop_price}) {
    if (price && *price > rules.price_max) return unprocessable("price must be <= " + plain(rules.price_max));
  }
  if (change.time_in_force == "ioc" || change.time_in_force == "fok") {
    return unprocessable("invalid time_in_force for a replacement");
  }
  return {};
}

// The new order has the whole quantity that was asked for, whatever the old one has filled.
Reply Api::replace(const Call& call, AccountId account) {
  follow_hours();
  if (!is_uuid(call.id)) return failure(invalid("order_id is missing"));
  Ticket* old = own(account, call.id);
  if (old == nullptr) return failure(not_found(call.id));
  const Asset& asset = assets_.of(old->symbol);
  Refused refused;
  const auto change = read_change(call.body, asset, engine_, refused);
  if (!change) return failure(refused);
  if (refused = refusal_of_change(*old, *change); refused.status != 0) return failure(refused);

  const Order former = order_of(*old);
  NewOrder order;
  order.client_order_id = change->client_order_id.empty() ? invented_name() : change->client_order_id;
  order.side = former.side;
  order.type = former.type;
  order.time_in_force = former.time_in_force;
  order.self_trade = former.self_trade;
  order.qty = change->qty.value_or(old->qty.value_or(former.qty));
  order.price = change->limit_price.value_or(former.price);
  order.stop_price = change->stop_price.value_or(former.stop_price);
  if (change->trail && old->hwm) {
    const bool is_price = old->trail_price.has_value();
    order.stop_price = turning_point(*old->hwm, former.side, is_price ? change->trail : std::nullopt,
                                     is_price ? std::nullopt : change->trail);
  }
  if (old->order_class.empty()) {
    if (refused = refusal_of_wash_trade(account, asset, order, old); refused.status != 0) return failure(refused);
  }
  Events events;
  const auto placed = engine_.prepare_replacement(account, old->symbol, old->number, order, now_(), events);
  if (!placed) return failure(worded(placed.error(), account, asset, order));

  WantedOrder words;
  words.type = old->type;
  words.time_in_force = change->time_in_force.empty() ? old->time_in_force : change->time_in_force;
  words.order_class = old->order_class;
  words.extended_hours = old->extended_hours;
  words.trail_price = old->trail_price ? change->trail ? change->trail : old->trail_price : std::nullopt;
  words.trail_percent = old->trail_percent ? change->trail ? change->trail : old->trail_percent : std::nullopt;
  Ticket& fresh = open_ticket(*placed, words);
  fresh.replaces = old->order_id;
  fresh.is_replacing = true;
  if (fresh.is_trailing()) fresh.hwm = old->hwm;
  old->replacement = fresh.index;
  old->replacement_due = now_() + rules_.replace_delay;
  replacing_.insert(old->index);
  old->shown.clear();
  Reply reply;
  reply.body = shape(fresh, as_taken(*placed), rules_.replace_delay == 0 ? "new" : "accepted");
  reply.order_id = fresh.order_id;
  publish(events);
  if (rules_.replace_delay == 0) finish_replacement(*old);
  else on_order_said(*old, "pending_replace");
  return reply;
}

void Api::finish_replacement(Ticket& old) {
  Ticket& fresh = ledger_.all()[*old.replacement];
  old.replacement.reset();
  replacing_.erase(old.index);
  fresh.is_replacing = false;
  const bool was_open = order_of(old).is_open();
  if (was_open) {
    old.replaced_by = fresh.order_id;
    old.replaced_at = now_();
    fresh.parent = old.parent;
    fresh.legs = std::exchange(old.legs, {});
    for (const std::size_t leg : fresh.legs) ledger_.all()[leg].parent = fresh.index;
    if (fresh.parent) {
      auto& legs = ledger_.all()[*fresh.parent].legs;
      std::replace(legs.begin(), legs.end(), old.index, fresh.index);
    }
    if (!may_work(assets_.of(fresh.symbol), fresh)) fresh.waits = Waits::ForHours;
  }
  Events events;
  static_cast<void>(
      engine_.complete_replacement(old.account, old.symbol, old.number, fresh.number, now_(), events));
  publish(events);
  if (!was_open) on_order_said(old, "order_replace_rejected");
}

void Api::on_tick() {
  follow_hours();
  const TimeUs time = now_();
  for (Ticket* ticket : ledger_.open_tickets()) {
    if (ticket->is_cancel_pending && ticket->cancel_due <= time) cancel_now(*ticket);
  }
  // One that has ended meanwhile is no longer among those that are open, and its replacement still waits.
  for (const std::size_t index : std::set<std::size_t>{replacing_}) {
    Ticket& ticket = ledger_.all()[index];
    if (ticket.replacement_due <= time) finish_replacement(ticket);
  }
}

void Api::release(Ticket& ticket) {
  ticket.waits = Waits::No;
  Events events;
  static_cast<void>(engine_.release(ticket.account, ticket.symbol, ticket.number, now_(), events));
  publish(events);
}

void Api::expire(Ticket& ticket) {
  Events events;
  static_cast<void>(engine_.expire(ticket.account, ticket.symbol, ticket.number, now_(), events));
  publish(events);
}

void Api::hold(Ticket& ticket) {
  Events events;
  static_cast<void>(engine_.hold(ticket.account, ticket.symbol, ticket.number, events));
  ticket.waits = Waits::ForHours;
  ticket.is_told = true;  // what has worked once is not new again
  publish(events);
}

void Api::set_statuses() {
  for (const Asset& asset : assets_.all()) {
    const bool is_closed = asset.is_halted || (!asset.is_crypto() && phase_ == Phase::Closed);
    engine_.set_status(asset.symbol, is_closed ? SymbolStatus::Halt : SymbolStatus::Trading);
  }
}

void Api::follow_hours() {
  const Phase phase = hours_.phase(now_());
  if (phase_ == phase) return;
  if (phase_) close_session(*phase_, phase);
  const bool opens = phase_ && phase == Phase::Regular;
  phase_ = phase;
  set_statuses();
  if (opens) {
    for (Ticket* ticket : ledger_.open_tickets()) {
      if (ticket->waits == Waits::ForOpening) release(*ticket);
    }
  }
  open_session();
}

void Api::open_session() {
  for (Ticket* ticket : ledger_.open_tickets()) {
    if (ticket->waits != Waits::ForHours || !order_of(*ticket).is_open()) continue;
    if (may_work(assets_.of(ticket->symbol), *ticket)) release(*ticket);
  }
}

// Day orders end with the hours they were for; the others wait for the next ones.
void Api::close_session(Phase before, Phase after) {
  if (after == Phase::Regular) return;  // before it comes the morning
  for (Ticket* ticket : ledger_.open_tickets()) {
    if (before == Phase::Regular && ticket->waits == Waits::ForClosing) release(*ticket);
  }
  for (Ticket* ticket : ledger_.open_tickets()) {
    const Order& order = order_of(*ticket);
    const bool works = order.is_open() && order.status != Status::PendingNew;
    if (!works || assets_.of(ticket->symbol).is_crypto()) continue;
    if (after == Phase::Extended && ticket->extended_hours) continue;
    if (ticket->is_day()) expire(*ticket);
    else hold(*ticket);
  }
}

void Api::on_trades(const std::vector<Trade>& trades) {
  for (const Trade& trade : trades) {
    for (Ticket* ticket : ledger_.open_tickets()) {
      if (ticket->symbol == trade.symbol && ticket->is_trailing()) follow(*ticket, trade.price);
    }
  }
}

void Api::follow(Ticket& ticket, Decimal price) {
  const Order& order = order_of(ticket);
  if (!order.is_waiting_for_trigger() || !ticket.hwm) return;
  const bool sells = order.side == Side::Sell;
  if (sells ? price <= *ticket.hwm : price >= *ticket.hwm) return;
  ticket.hwm = price;
  ticket.stop_price = turning_point(price, order.side, ticket.trail_price, ticket.trail_percent);
  Events events;
  engine_.move_stop(ticket.account, ticket.symbol, ticket.number, *ticket.stop_price, events);
}

}  // namespace busbar::venue::alpaca
