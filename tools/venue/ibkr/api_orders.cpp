// Orders: the conversation before they are taken, and what becomes of them.

#include <algorithm>
#include <set>

#include "tools/venue/amount.hpp"
#include "tools/venue/ibkr/api.hpp"
#include "tools/venue/ibkr/numbers.hpp"
#include "tools/venue/names.hpp"
#include "tools/venue/uuid.hpp"

namespace busbar::venue::ibkr {

namespace json = boost::json;

namespace {

constexpr std::size_t live_orders_max = 1'000, suppressed_max = 51;

std::optional<std::int64_t> order_id_from(std::string_view text) {
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return std::nullopt;
  }
  return std::stoll(std::string{text});
}

Reply no_such_order(std::string_view order_id) {
  return refused(200, "OrderID " + std::string{order_id} + " doesn't exist");
}

std::string already_registered(const std::string& client_order_id) {
  return "Order couldn't be submitted: Local order ID=" + client_order_id + " is already registered.";
}

// PreSubmitted is pre_submitted in filters.
std::string filter_name(std::string_view status) {
  std::string name;
  for (const char c : status) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper && !name.empty()) name += '_';
    name += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return name;
}

}  // namespace

Decimal Api::market_price(SymbolId symbol, Side side) const {
  const auto levels = engine_.levels(symbol, side == Side::Buy ? Side::Sell : Side::Buy, 1);
  return levels.empty() ? engine_.last_price(symbol) : levels.front().first;
}

std::string Api::refusal_text(AccountId account, const Wanted& wanted, Refusal refusal) const {
  switch (refusal) {
    case Refusal::InsufficientBalance: {
      const bool is_buy = wanted.order.side == Side::Buy;
      const std::string& asset = is_buy ? wanted.currency : engine_.symbol(wanted.symbol).base;
      const auto& balances = engine_.accounts()[account].balances;
      const auto found = balances.find(asset);
      const Decimal free = found == balances.end() ? Decimal{} : found->second.free;
      const Decimal price = wanted.order.price.is_zero() ? market_price(wanted.symbol, wanted.order.side)
                                                         : wanted.order.price;
      const Decimal needed = is_buy ? times(price, wanted.order.qty) : wanted.order.qty;
      return "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE [" +
             fixed(free, 2) + ' ' + asset + "] MUST EXCEED THE INITIAL MARGIN [" + fixed(needed, 2) + ' ' + asset + ']';
    }
    case Refusal::DuplicateOrder: return already_registered(wanted.client_order_id);
    case Refusal::NoLiquidity: return "There is no market for this order.";
    default: return "Order rejected: " + std::string{text_of(refusal)};
  }
}

void Api::let_go(Ticket& ticket) {
  Events events;
  ticket.prompt_id.clear();
  ticket.last_change = now_();
  const auto released = engine_.release(ticket.account, ticket.wanted.symbol, ticket.number, now_(), events);
  if (released && released->expiry == ExpiryReason::Rejected) {
    ticket.is_inactive = true;
    ticket.reason = refusal_text(ticket.account, ticket.wanted, Refusal::InsufficientBalance);
  }
  if (events.executions.empty()) on_order_changed(ticket);
  publish(events);
}

bool Api::has_hours(SymbolId symbol) const {
  const Contract& contract = contracts_.of(symbol);
  return contract.sec_type == "STK" && contract.is_us();
}

bool Api::may_work(const Wanted& wanted) const {
  if (wanted.tif == "OPG") return false;  // but in the moment of the opening
  return !has_hours(wanted.symbol) || phase_ == Phase::Regular || (phase_ == Phase::Extended && wanted.outside_rth);
}

void Api::follow_hours() {
  const Phase before = std::exchange(phase_, hours_.phase(now_()));
  if (before == phase_) return;
  for (Ticket& ticket : ledger_.all()) {
    const bool is_opening = phase_ == Phase::Regular && ticket.wanted.tif == "OPG" && ticket.is_held && ticket.prompt_id.empty();
    if (is_opening) let_go(ticket);
    if (phase_ == Phase::Regular) continue;
    if (order_of(ticket).is_open() && !ticket.is_held && !may_work(ticket.wanted)) leave_market(ticket);
  }
}

void Api::leave_market(Ticket& ticket) {
  Events events;
  if (ticket.wanted.tif == "DAY") {
    ticket.reason = "order expired";
    static_cast<void>(engine_.expire(ticket.account, ticket.wanted.symbol, ticket.number, now_(), events));
  } else {
    ticket.is_held = true;
    static_cast<void>(engine_.hold(ticket.account, ticket.wanted.symbol, ticket.number, events));
  }
  if (events.executions.empty()) on_order_changed(ticket);
  publish(events);
}

json::object Api::prompt_shape(const Ticket& ticket) const {
  return {{"orderId", ticket.order_id},
          {"reqId", std::to_string(29'042 + ticket.index)},
          {"dismissable", json::array{}},
          {"text",
           "If your order is not immediately executable, our systems may, depending on market conditions, reject your "
           "order if its limit price is more than the allowed amount away from the reference price at that time. If "
           "this happens, you will not receive a fill.\nUse the Price Management Algo?"},
          {"options", json::array{"Use on this order", "Always use", "Do not use"}},
          {"type", "M"},
          {"messageId", ticket.prompt_id},
          {"prompt", true}};
}

Ticket* Api::place_one(const Call& call, const Wanted& wanted, std::string& error) {
  const AccountId account = call.account;
  if (ledger_.is_registered(account, wanted.client_order_id, now_())) {
    error = already_registered(wanted.client_order_id);
    return nullptr;
  }
  if (!engine_.accounts()[account].may_trade) {
    error = "No trading permissions.";
    return nullptr;
  }
  Arranged& arranged = call.user->arranged;
  const bool is_prompted = arranged.prompts > 0;
  std::string inactive;
  NewOrder order = wanted.order;
  order.is_held = !may_work(wanted);
  if (is_prompted) {
    --arranged.prompts;
    order.is_held = true;
  } else if (arranged.inactivates > 0) {
    --arranged.inactivates;
    inactive = arranged.inactive;
    order.is_rejected = true;
  }
  Events events;
  auto placed = engine_.place(account, wanted.symbol, order, now_(), events);
  if (!placed && placed.error() == Refusal::WouldTriggerImmediately) {  // then it does
    order.type = order.type == OrderType::StopLossLimit ? OrderType::Limit : OrderType::Market;
    order.stop_price = {};
    placed = engine_.place(account, wanted.symbol, order, now_(), events);
  }
  if (!placed && placed.error() == Refusal::MarketClosed) {  // it waits for the open
    order.is_held = true;
    placed = engine_.place(account, wanted.symbol, order, now_(), events);
  }
  if (!placed) {
    error = refusal_text(account, wanted, placed.error());
    return nullptr;
  }
  Ticket& ticket = ledger_.open(account, wanted, now_());
  ticket.is_inactive = !inactive.empty();
  ticket.reason = std::move(inactive);
  ticket.is_held = order.is_held;
  if (is_prompted) ticket.prompt_id = arranged.prompt;
  ledger_.bind(ticket, placed->id);
  publish(events);
  if (is_prompted) on_prompt(ticket, prompt_shape(ticket));
  return &ticket;
}

// A parent, and one order or a pair that waits until it is filled; or a pair of which one cancels the other.
Reply Api::place_list(const Call& call, const std::vector<Wanted>& orders) {
  const bool is_group = orders.front().is_single_group;
  NewOrderList list;
  if (!is_group) list.working = orders.front().order;
  for (std::size_t i = is_group ? 0 : 1; i < orders.size(); ++i) list.legs.push_back(orders[i].order);
  if (list.legs.size() > 2) return refused(200, "a bracket has at most two children here");
  if (is_group && is_stop(list.legs.front().type) == is_stop(list.legs.back().type)) {
    return refused(200, "a group has one stop and one limit here");
  }
  if (is_group && !may_work(orders.front())) return refused(200, "a group waits for no open here");
  for (NewOrder& leg : list.legs) {  // the engine knows pairs of a stop and of a limit that does not take
    if (list.legs.size() == 2 && leg.type == OrderType::Limit) leg.type = OrderType::LimitMaker;
  }
  if (list.legs.size() == 2 && !is_stop(list.legs.front().type)) std::swap(list.legs.front(), list.legs.back());
  Events events;
  const auto placed = engine_.place_list(call.account, orders.front().symbol, list, now_(), events);
  if (!placed) return refused(200, refusal_text(call.account, orders.front(), placed.error()));
  Reply reply;
  json::array acks;
  std::int64_t first = 0;
  std::vector<Ticket*> tickets;
  for (const Wanted& wanted : orders) {
    const auto found = std::find_if(placed->orders.begin(), placed->orders.end(), [&](const Order& order) {
      return order.type == wanted.order.type || (order.type == OrderType::LimitMaker && wanted.order.type == OrderType::Limit)
                 ? std::none_of(tickets.begin(), tickets.end(), [&](Ticket* t) { return t->number == order.id; }) &&
                       order.side == wanted.order.side
                 : false;
    });
    Ticket& ticket = ledger_.open(call.account, wanted, now_());
    ledger_.bind(ticket, found->id);
    ticket.parent = is_group ? 0 : first;
    if (first == 0) reply.order_id = first = ticket.order_id;
    else if (!is_group) ticket.group = std::to_string(first);
    if (is_group) ticket.group = "oco-" + std::to_string(first);
    tickets.push_back(&ticket);
  }
  publish(events);
  for (const Ticket* ticket : tickets) acks.push_back(ack(facts_of(*ticket)));
  reply.body = std::move(acks);
  return reply;
}

Reply Api::place_all(const Call& call, const std::vector<Wanted>& orders) {
  for (const Wanted& wanted : orders) {
    if (ledger_.is_registered(call.account, wanted.client_order_id, now_())) {
      return refused(200, already_registered(wanted.client_order_id));
    }
  }
  if (orders.size() > 1) return place_list(call, orders);
  std::string error;
  const Ticket* ticket = place_one(call, orders.front(), error);
  if (ticket == nullptr) return refused(200, error);
  Reply reply;
  reply.order_id = ticket->order_id;
  reply.body = json::array(1, ticket->prompt_id.empty() ? ack(facts_of(*ticket)) : prompt_shape(*ticket));
  return reply;
}

std::vector<std::string> Api::questions_for(const Call& call, const std::vector<Wanted>& orders, bool& insists) {
  Arranged& arranged = call.user->arranged;
  if (arranged.asks > 0) {
    --arranged.asks;
    insists = arranged.insists;
    return arranged.questions;
  }
  std::vector<std::string> questions;
  for (const Wanted& wanted : orders) {
    for (std::string& id : questions_about(wanted, rules_.questions, market_price(wanted.symbol, wanted.order.side))) {
      if (std::find(questions.begin(), questions.end(), id) == questions.end()) questions.push_back(std::move(id));
    }
  }
  return questions;
}

Reply Api::go_on(const Call& call) {
  auto& conversation = call.user->session.conversation;
  auto& questions = conversation->questions;
  const auto is_silent = [&](const std::string& id) {
    return !conversation->insists && call.user->session.suppressed.contains(id);
  };
  while (!questions.empty() && is_silent(questions.front())) questions.erase(questions.begin());
  if (questions.empty()) return carry_out(call, *std::exchange(conversation, std::nullopt));
  conversation->reply_id = reply_id();
  conversation->asked = now_();
  Reply reply;
  reply.is_question = true;
  reply.body = question_shape(*conversation, rules_.questions);
  return reply;
}

Reply Api::carry_out(const Call& call, Conversation conversation) {
  if (conversation.modifies == 0) return place_all(call, conversation.orders);
  Ticket* ticket = ledger_.find(conversation.modifies);
  const std::string error = change(*ticket, conversation.orders.front());
  if (!error.empty()) return refused(200, error);
  Reply reply;
  reply.order_id = ticket->order_id;
  reply.body = json::array(1, ack(facts_of(*ticket)));
  return reply;
}

Reply Api::place(const Call& call) {
  call.user->session.conversation.reset();  // whatever was being asked
  if (!owns(call, call.ids.front())) return refused(400, "Account " + call.ids.front() + " is not yours");
  const json::value* member = call.object().if_contains("orders");
  const json::array* tickets = member != nullptr ? member->if_array() : call.body.if_array();
  if (tickets == nullptr || tickets->empty()) return refused(400, "orders is required");
  Arranged& arranged = call.user->arranged;
  if (arranged.refuses > 0) {
    --arranged.refuses;
    return refused(200, arranged.error);
  }
  Conversation conversation;
  for (const json::value& ticket : *tickets) {
    Refused refusal;
    if (!ticket.is_object()) return refused(400, "an order is no object");
    auto wanted = read_ticket(ticket.get_object(), contracts_, call.user->account_id, refusal);
    if (!wanted) return refused(refusal.status, refusal.error);
    conversation.orders.push_back(std::move(*wanted));
  }
  const Wanted& first = conversation.orders.front();
  const bool is_bracket =
      conversation.orders.size() <= 3 && first.parent_id.empty() && !first.client_order_id.empty() &&
      std::all_of(conversation.orders.begin() + 1, conversation.orders.end(), [&](const Wanted& child) {
        return child.parent_id == first.client_order_id && child.symbol == first.symbol;
      });
  const bool is_group = conversation.orders.size() == 2 &&
                        std::all_of(conversation.orders.begin(), conversation.orders.end(), [&](const Wanted& each) {
                          return each.is_single_group && each.parent_id.empty() && each.symbol == first.symbol &&
                                 each.order.side == first.order.side;
                        });
  if (conversation.orders.size() > 1 && !is_bracket && !is_group) {
    return refused(200, "orders that are no bracket and no group are submitted one at a time");
  }
  if (conversation.orders.size() == 1 && !first.parent_id.empty()) return refused(200, "the parent order is not known");
  if (ledger_.is_registered(call.account, first.client_order_id, now_())) {
    return refused(200, already_registered(first.client_order_id));
  }
  conversation.client_order_id = first.client_order_id;
  conversation.questions = questions_for(call, conversation.orders, conversation.insists);
  call.user->session.conversation = std::move(conversation);
  return go_on(call);
}

Reply Api::reply(const Call& call) {
  auto& conversation = call.user->session.conversation;
  const std::string& id = call.ids.front();
  if (!conversation || conversation->reply_id != id) return refused(400, "reply id not found: '" + id + "'");
  const json::value* confirmed = call.object().if_contains("confirmed");
  if (confirmed == nullptr || !confirmed->is_bool()) return refused(400, "confirmed is required");
  if (!confirmed->get_bool()) {
    conversation.reset();
    return refused(200, "Order not confirmed ");
  }
  conversation->questions.erase(conversation->questions.begin());
  return go_on(call);
}

Reply Api::answer_prompt(const Call& call) {
  const json::value* named = call.object().if_contains("orderId");
  std::optional<std::int64_t> order_id;
  if (named != nullptr && named->is_int64()) order_id = named->get_int64();
  if (named != nullptr && named->is_string()) order_id = order_id_from(named->get_string());
  Ticket* ticket = order_id ? ledger_.find(*order_id) : nullptr;
  const json::value* text = call.object().if_contains("text");
  if (ticket == nullptr || ticket->account != call.account || ticket->prompt_id.empty()) {
    return refused(400, "there is no such prompt");
  }
  const auto prompt = prompt_shape(*ticket);
  const auto& options = prompt.at("options").get_array();
  if (text == nullptr || std::find(options.begin(), options.end(), *text) == options.end()) {
    return refused(400, "text is none of the options");
  }
  let_go(*ticket);
  Reply reply;
  reply.order_id = ticket->order_id;
  reply.text = "Success";
  return reply;
}

Reply Api::suppress(const Call& call) {
  const json::value* ids = call.object().if_contains("messageIds");
  if (ids == nullptr || !ids->is_array()) return refused(400, "messageIds is required");
  if (ids->get_array().size() > suppressed_max) return refused(400, "too many messageIds");
  auto& suppressed = call.user->session.suppressed;
  suppressed.clear();  // a new list replaces the former one
  for (const json::value& id : ids->get_array()) {
    if (id.is_string()) suppressed.insert(std::string{id.get_string()});
  }
  Reply reply;
  reply.body = json::object{{"status", "submitted"}};
  return reply;
}

Reply Api::reset_suppressed(const Call& call) {
  call.user->session.suppressed.clear();
  Reply reply;
  reply.body = json::object{{"status", "submitted"}};
  return reply;
}

std::string Api::change(Ticket& ticket, const Wanted& wanted) {
  const Order& order = order_of(ticket);
  if (!order.is_open()) return "OrderID " + std::to_string(ticket.order_id) + " doesn't exist";
  if (order.list != 0) return "an order of a bracket cannot be modified";
  if (wanted.order.qty <= order.executed) return "The size, " + plain(wanted.order.qty) + ", is not above what is filled.";
  Wanted changed = wanted;
  changed.client_order_id = changed.order.client_order_id = ticket.wanted.client_order_id;
  const bool is_edit = !ticket.is_held && order.is_priced() && changed.order.type == ticket.wanted.order.type &&
                       changed.order.stop_price == ticket.wanted.order.stop_price;
  Events events;
  if (is_edit) {
    const auto edited = engine_.edit(ticket.account, ticket.wanted.symbol, ticket.number, changed.order.qty,
                                     changed.order.price, now_(), events);
    if (!edited && edited.error() != Refusal::ChangesNothing) {
      return refusal_text(ticket.account, changed, edited.error());
    }
    ticket.wanted = changed;
    publish(events);
    return {};
  }
  if (!order.executed.is_zero()) return "an order that has begun to fill cannot become another kind";
  // Another stop, or another kind: for the engine another order, under the broker's same number.
  Events unheard;
  static_cast<void>(engine_.cancel(ticket.account, ticket.wanted.symbol, ticket.number, {}, CancelRestriction::None,
                                   now_(), unheard));
  NewOrder anew = changed.order;
  anew.is_held = ticket.is_held;
  const auto placed = engine_.place(ticket.account, changed.symbol, anew, now_(), events);
  if (!placed) {
    ticket.is_inactive = true;
    ticket.reason = refusal_text(ticket.account, changed, placed.error());
    on_order_changed(ticket);
    return ticket.reason;
  }
  ticket.wanted = changed;
  ledger_.bind(ticket, placed->id);
  publish(events);
  return {};
}

Reply Api::modify(const Call& call) {
  call.user->session.conversation.reset();
  if (!owns(call, call.ids.front())) return refused(400, "Account " + call.ids.front() + " is not yours");
  const auto order_id = order_id_from(call.ids[1]);
  Ticket* ticket = order_id ? ledger_.find(*order_id) : nullptr;
  if (ticket == nullptr || ticket->account != call.account || !order_of(*ticket).is_open()) {
    return no_such_order(call.ids[1]);
  }
  if (!call.body.is_object()) return refused(400, "one order is modified at a time");
  Arranged& arranged = call.user->arranged;
  if (arranged.refuses > 0) {
    --arranged.refuses;
    return refused(200, arranged.error);
  }
  Refused refusal;
  auto wanted = read_ticket(call.object(), contracts_, call.user->account_id, refusal);
  if (!wanted) return refused(refusal.status, refusal.error);
  if (wanted->symbol != ticket->wanted.symbol || wanted->order.side != ticket->wanted.order.side) {
    return refused(200, "contract and side of an order cannot be modified");
  }
  Conversation conversation;
  conversation.modifies = *order_id;
  conversation.client_order_id = ticket->wanted.client_order_id;
  conversation.orders.push_back(std::move(*wanted));
  conversation.questions = questions_for(call, conversation.orders, conversation.insists);
  call.user->session.conversation = std::move(conversation);
  return go_on(call);
}

void Api::cancel_now(Ticket& ticket) {
  ticket.is_cancel_pending = false;
  ticket.last_change = now_();
  ticket.prompt_id.clear();
  Events events;
  static_cast<void>(engine_.cancel(ticket.account, ticket.wanted.symbol, ticket.number, {}, CancelRestriction::None,
                                   now_(), events));
  publish(events);
}

Reply Api::cancel(const Call& call) {
  if (!owns(call, call.ids.front())) return refused(400, "Account " + call.ids.front() + " is not yours");
  Reply reply;
  if (call.ids[1] == "-1") {  // all that is open
    for (Ticket& ticket : ledger_.all()) {
      if (ticket.account == call.account && order_of(ticket).is_open()) cancel_now(ticket);
    }
    reply.body =
        json::object{{"msg", "Request was submitted"}, {"order_id", -1}, {"conid", -1}, {"account", nullptr}};
    return reply;
  }
  const auto order_id = order_id_from(call.ids[1]);
  Ticket* ticket = order_id ? ledger_.find(*order_id) : nullptr;
  if (ticket == nullptr || ticket->account != call.account || ticket->is_inactive || !order_of(*ticket).is_open()) {
    return no_such_order(call.ids[1]);
  }
  reply.order_id = *order_id;
  reply.body = json::object{{"msg", "Request was submitted"},
                            {"order_id", *order_id},
                            {"conid", contracts_.of(ticket->wanted.symbol).conid},
                            {"account", call.user->account_id}};
  if (rules_.cancel_delay == 0) {
    cancel_now(*ticket);
  } else if (!ticket->is_cancel_pending) {
    ticket->is_cancel_pending = true;
    ticket->cancel_due = now_() + rules_.cancel_delay;
    on_order_changed(*ticket);
  }
  return reply;
}

json::array Api::live_orders(AccountId account) const {
  json::array list;
  const auto& tickets = ledger_.all();
  for (auto ticket = tickets.rbegin(); ticket != tickets.rend() && list.size() < live_orders_max; ++ticket) {
    if (ticket->account != account) continue;
    const Order& order = order_of(*ticket);
    if (is_hidden(order) || (!order.is_open() && now_() - ticket->last_change > day)) continue;
    list.push_back(live_order(facts_of(*ticket)));
  }
  return list;
}

Reply Api::orders(const Call& call) {
  Session& session = call.user->session;
  Reply reply;
  const bool is_forced = call.query_value("force") == "true" || call.query_value("force") == "True";
  if (!session.has_asked_orders || is_forced) {  // this one only wakes it
    session.has_asked_orders = true;
    limits_.forget("orders of " + call.user->name);
    reply.body = json::object{{"orders", json::array{}}, {"snapshot", false}};
    return reply;
  }
  std::set<std::string> filters;
  for (const std::string& each : call.query_list("filters")) {
    filters.insert(each.find('_') == std::string::npos ? filter_name(each) : each);
  }
  filters.erase("sort_by_time");
  json::array list;
  for (json::value& order : live_orders(call.account)) {
    if (filters.empty() || filters.contains(filter_name(order.at("status").get_string()))) list.push_back(std::move(order));
  }
  reply.body = json::object{{"orders", std::move(list)}, {"snapshot", true}};
  return reply;
}

Reply Api::order_status(const Call& call) {
  const auto order_id = order_id_from(call.ids.front());
  const Ticket* ticket = order_id ? ledger_.find(*order_id) : nullptr;
  const bool is_known = ticket != nullptr && ticket->account == call.account && !is_hidden(order_of(*ticket)) &&
                        (order_of(*ticket).is_open() || now_() - ticket->last_change <= day);
  Reply reply;
  if (!is_known) {  // nothing is cached
    reply = refused(503, "no such order");
    reply.text = "\n";
    return reply;
  }
  reply.body = ibkr::order_status(facts_of(*ticket));
  return reply;
}

json::array Api::executions(AccountId account, std::int64_t days, bool is_frame) const {
  json::array list;
  const auto& trades = engine_.account_trades(account);
  for (auto trade = trades.rbegin(); trade != trades.rend(); ++trade) {
    const Ticket* ticket = ledger_.find(trade->symbol, trade->order_id);
    if (ticket == nullptr || now_() - trade->time > days * day) continue;
    list.push_back(execution(*trade, facts_of(*ticket), is_frame));
  }
  return list;
}

Reply Api::trades(const Call& call) {
  const std::string days = call.query_value("days");
  const bool is_usable = days.size() <= 1 && days.find_first_not_of("1234567") == std::string::npos;
  if (!is_usable) return refused(400, "days is not 1 to 7");
  Reply reply;
  reply.body = executions(call.account, days.empty() ? 1 : days.front() - '0', false);
  return reply;
}

Reply Api::preview(const Call& call) {
  const json::value* member = call.object().if_contains("orders");
  const json::array* tickets = member != nullptr ? member->if_array() : nullptr;
  if (tickets == nullptr || tickets->empty() || !tickets->front().is_object()) return refused(400, "orders is required");
  Refused refusal;
  const auto wanted = read_ticket(tickets->front().get_object(), contracts_, call.user->account_id, refusal);
  if (!wanted) return refused(refusal.status, refusal.error);
  const Decimal price = wanted->order.price.is_zero() ? market_price(wanted->symbol, wanted->order.side)
                                                      : wanted->order.price;
  const Decimal amount = times(price, wanted->order.qty);
  const Decimal commission = times(amount, engine_.accounts()[call.account].taker_rate);
  const auto money = [&](Decimal value) { return with_commas(value, 2) + ' ' + wanted->currency; };
  const Decimal cash = value_in(call.account, wanted->currency, false);
  const Decimal after = wanted->order.side == Side::Buy ? minus(minus(cash, amount), commission)
                                                        : minus(plus(cash, amount), commission);
  const bool is_dear = wanted->order.side == Side::Buy && plus(amount, commission) > cash;
  const auto change_of = [&](Decimal current, Decimal next) {
    return json::object{{"current", with_commas(current, 2)},
                        {"change", with_commas(minus(next, current), 2)},
                        {"after", with_commas(next, 2)}};
  };
  Reply reply;
  reply.body = json::object{{"amount", json::object{{"amount", money(amount)},
                                                    {"commission", money(commission)},
                                                    {"total", money(plus(amount, commission))}}},
                            {"equity", change_of(cash, after)},
                            {"initial", change_of({}, amount)},
                            {"maintenance", change_of({}, amount)},
                            {"warn", nullptr},
                            {"error", nullptr}};
  const auto conid = order_id_from(std::string_view{wanted->conidex}.substr(0, wanted->conidex.find('@')));
  if (conid && !call.user->session.warm.contains(*conid)) {  // a snapshot comes first, it says
    reply.body.get_object()["warn"] = "21/You are trying to submit an order without having market data for this instrument.";
  }
  if (is_dear) reply.body.get_object()["error"] = refusal_text(call.account, *wanted, Refusal::InsufficientBalance);
  return reply;
}

}  // namespace busbar::venue::ibkr
