// Orders that the broker ties to each other. They are taken together or not at all, and leave in one message; from then
// on each is an order like any other, with its own names, its own reports and its own doubts.

#include <algorithm>

#include "bus/codec.hpp"
#include "router/core/checks.hpp"
#include "router/core/names.hpp"
#include "router/core/turn.hpp"

namespace busbar::router {

using busbar::name_of;

namespace {

constexpr std::size_t whole_list = static_cast<std::size_t>(-1);

// A no, and the order that it is about: or the list as such.
struct Refusal {
  std::size_t index = whole_list;
  Reason reason;
};
using ListVerdict = std::optional<Refusal>;
using Legs = std::vector<NewOrder>;

ListVerdict no(std::size_t index, ErrorCode error, std::string_view field, std::string_view value,
               std::string_view nearest, std::string_view text) {
  return Refusal{index, {error, cut<32>(field), cut<64>(value), cut<64>(nearest), {}, words(text)}};
}

std::size_t size_of(OrderListType type) { return type == OrderListType::OneTriggersOneCancelsOther ? 3 : 2; }
bool is_triggering(OrderListType type) { return type != OrderListType::OneCancelsOther; }
bool is_cancelling(OrderListType type) { return type != OrderListType::OneTriggersOther; }

// Why this order is refused: it has a reason of its own, or it goes down with another.
Reason reason_for(const NewOrderList& list, std::size_t index, const Refusal& refusal) {
  if (refusal.index == whole_list || refusal.index == index) return refusal.reason;
  const std::string cause = str(list.orders[refusal.index].client_order_id);
  return {ErrorCode::OrderRejected, cut<32>("list_id"), list.list_id, {}, {},
          words("goes down with " + cause + " of its list: " + str(refusal.reason.text))};
}

// A REQ hears of the first order, a session of all.
bool is_told(const Turn& turn, std::size_t index) { return index == 0 || !turn.header().session.empty(); }

// ---- Known already?

bool is_same(const State& state, const OrderList& known, std::uint64_t number, const NewOrderList& list) {
  if (known.list_type != list.list_type || known.size != list.orders.size()) return false;
  for (std::uint32_t i = 0; i < known.size; ++i) {
    if (!is_same_order(state.orders.at(number + i).request(), list.orders[i])) return false;
  }
  return true;
}

void answer_list(Turn& turn, std::uint64_t number, std::uint32_t size) {
  for (std::uint32_t i = 0; i < size; ++i) {
    if (is_told(turn, i)) answer_asker(turn, describe(turn.state, turn.state.orders.at(number + i)));
  }
}

// Refused before any of its orders has become one: nothing is remembered.
void refuse_unnamed(Turn& turn, const NewOrderList& list, const Refusal& refusal) {
  for (std::size_t i = 0; i < list.orders.size(); ++i) {
    const NewOrder& order = list.orders[i];
    ExecutionReport report;
    report.client_order_id = order.client_order_id;
    report.list_id = list.list_id;
    report.exec_type = ExecType::Rejected;
    report.order_status = OrderStatus::Rejected;
    report.account = order.account;
    report.symbol = order.symbol;
    report.side = order.side;
    put_reason(report, reason_for(list, i, refusal));
    report.exec_id = loose_exec_id(turn);
    if (is_told(turn, i)) answer_asker(turn, report);
    tell_outside(turn, report);
  }
}

// Every order's name must be new, and another than the list's and the other orders'.
ListVerdict check_names(const Turn& turn, const NewOrderList& list) {
  for (std::size_t i = 0; i < list.orders.size(); ++i) {
    const Id& id = list.orders[i].client_order_id;
    const auto is_same_name = [&](const NewOrder& other) { return other.client_order_id == id; };
    if (id == list.list_id || std::any_of(list.orders.begin(), list.orders.begin() + static_cast<std::ptrdiff_t>(i),
                                          is_same_name)) {
      return no(i, ErrorCode::Conflict, "client_order_id", view(id), "", "stands in this list twice");
    }
    const auto known = find_known(turn.state, turn.header().sender, id);
    if (known) return Refusal{i, conflict(turn.state, id, *known)};
  }
  return {};
}

ListVerdict check_permissions(const Turn& turn, const NewOrderList& list) {
  for (std::size_t i = 0; i < list.orders.size(); ++i) {
    if (Verdict verdict = check_permission(turn.state, turn.party(), list.orders[i].account, true))
      return Refusal{i, *verdict};
  }
  return {};
}

// ---- The shape of a list

ListVerdict check_one_market(const NewOrderList& list, const Legs& legs) {
  if (list.list_type == OrderListType::Bracket) {
    return no(whole_list, ErrorCode::Unsupported, "list_type", name_of(list.list_type), "",
              "this version ties no brackets; a OneTriggersOneCancelsOther is one");
  }
  if (legs.size() != size_of(list.list_type)) {
    return no(whole_list, ErrorCode::InvalidOrder, "orders", std::to_string(legs.size()),
              std::to_string(size_of(list.list_type)),
              "is not the number of orders of a " + std::string{name_of(list.list_type)});
  }
  for (std::size_t i = 1; i < legs.size(); ++i) {
    if (legs[i].account != legs[0].account)
      return no(i, ErrorCode::InvalidOrder, "account", view(legs[i].account), view(legs[0].account),
                "a list trades in one account");
    if (legs[i].symbol != legs[0].symbol)
      return no(i, ErrorCode::InvalidOrder, "symbol", view(legs[i].symbol), view(legs[0].symbol),
                "a list trades one symbol");
  }
  return {};
}

ListVerdict check_offered(const State& state, const NewOrderList& list, const Legs& legs) {
  const Name& name = state.account_rules.at(legs[0].account).gateway;
  const Gateway& gateway = state.gateways.at(name);
  const Instrument& instrument = state.instruments.at({name, legs[0].symbol});
  const auto lacks = [&](std::string_view text) {
    return no(whole_list, ErrorCode::Unsupported, "list_type", name_of(list.list_type), "", text);
  };
  if (!gateway.capabilities.can_order_lists) return lacks(str(gateway.broker) + " does not offer it");
  const bool is_offered = (!is_cancelling(list.list_type) || instrument.can_oco) &&
                          (!is_triggering(list.list_type) || instrument.can_oto);
  if (!is_offered) return lacks(str(gateway.broker) + " does not offer it for " + str(instrument.symbol));
  return {};
}

bool is_stop(const NewOrder& o) { return o.order_type == OrderType::Stop || o.order_type == OrderType::StopLimit; }
bool takes_profit(const NewOrder& o) {
  return o.order_type == OrderType::Limit || o.order_type == OrderType::LimitIfTouched ||
         o.order_type == OrderType::MarketIfTouched;
}

// The price at which it comes into play; none of one that trails.
std::optional<Decimal> level_of(const NewOrder& order) {
  return order.order_type == OrderType::Limit ? order.price : order.stop_px;
}

// Of two orders that cancel each other, one takes the profit and one stops the loss, on either side of the market.
ListVerdict check_pair(const Legs& legs, std::size_t first) {
  const std::size_t second = first + 1;
  const NewOrder& a = legs[first];
  const NewOrder& b = legs[second];
  if (a.side != b.side)
    return no(second, ErrorCode::InvalidOrder, "side", name_of(b.side), name_of(a.side), "both must trade one way");
  if (a.order_qty != b.order_qty) {
    return no(second, ErrorCode::InvalidOrder, "order_qty", to_string(*b.order_qty), to_string(*a.order_qty),
              "both must trade as much");
  }
  if (!(takes_profit(a) && is_stop(b)) && !(is_stop(a) && takes_profit(b))) {
    return no(second, ErrorCode::InvalidOrder, "order_type", name_of(b.order_type), "",
              "one must be a Limit, LimitIfTouched or MarketIfTouched, and the other a Stop or StopLimit");
  }
  const std::size_t stop = is_stop(b) ? second : first;
  const auto profit_px = level_of(legs[is_stop(b) ? first : second]);
  const auto stop_px = level_of(legs[stop]);
  if (!profit_px || !stop_px) return {};
  const bool is_apart = a.side == Side::Sell ? *profit_px > *stop_px : *profit_px < *stop_px;
  if (is_apart) return {};
  return no(stop, ErrorCode::InvalidOrder, "stop_px", to_string(*stop_px), "",
            std::string{"must lie "} + (a.side == Side::Sell ? "below " : "above ") + to_string(*profit_px));
}

ListVerdict check_ties(const NewOrderList& list, const Legs& legs) {
  for (std::size_t i = 0; i < legs.size(); ++i) {
    if (!legs[i].order_qty) {
      return no(i, ErrorCode::Unsupported, "cash_order_qty", to_string(*legs[i].cash_order_qty), "",
                "an order of a list names a quantity");
    }
  }
  if (is_triggering(list.list_type) && legs[0].order_type != OrderType::Limit) {
    return no(0, ErrorCode::InvalidOrder, "order_type", name_of(legs[0].order_type), name_of(OrderType::Limit),
              "the order that triggers others must be a Limit");
  }
  return is_cancelling(list.list_type) ? check_pair(legs, legs.size() - 2) : std::nullopt;
}

// All that a single order is asked, and then what the orders must be to each other. Rounds them where they say so.
ListVerdict check_list(const Turn& turn, const NewOrderList& list, Timestamp expire_ns, Legs& legs) {
  const Party party = turn.party();
  if (auto refusal = check_one_market(list, legs)) return refusal;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    Question question{turn.state, party, turn.now, expire_ns, legs[i], nullptr};
    if (Verdict verdict = check(question)) return Refusal{i, *verdict};
  }
  if (auto refusal = check_offered(turn.state, list, legs)) return refusal;
  return check_ties(list, legs);
}

// ---- Taking it

std::vector<Order*> add_orders(Turn& turn, const NewOrderList& list, const Legs& legs, Timestamp expire_ns) {
  State& state = turn.state;
  std::vector<Order*> orders;
  const std::uint64_t number = state.last_order_id + 1;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    Order& order = add_order(turn, list.orders[i], legs[i], expire_ns);
    order.list = number;
    if (i > 0 && is_triggering(list.list_type)) order.is_working = false;
    orders.push_back(&order);
  }
  state.lists[number] = {list.list_id, list.list_type, static_cast<std::uint32_t>(legs.size())};
  remember(state, turn.header().sender, list.list_id, RequestType::List, number);
  return orders;
}

Refusal no_room(const Name& gateway) {
  const std::string text = "the limits of " + str(gateway) + " leave no room for a whole list now; it does not wait";
  return {whole_list, {ErrorCode::RateLimited, {}, {}, {}, {}, words(text)}};
}

}  // namespace

void on_new_order_list(Turn& turn, const NewOrderList& list) {
  State& state = turn.state;
  if (list.orders.size() < 2 || list.orders.size() > 3) {
    return reject(turn, ErrorCode::InvalidOrder, "orders", std::to_string(list.orders.size()),
                  "a list has two orders or three");
  }
  if (const auto known = find_known(state, turn.header().sender, list.list_id)) {
    const OrderList* before = known->type == RequestType::List ? find(state.lists, known->order_id) : nullptr;
    if (before && is_same(state, *before, known->order_id, list))
      return answer_list(turn, known->order_id, before->size);
    Refusal refusal{whole_list, conflict(state, list.list_id, *known)};
    refusal.reason.field = cut<32>("list_id");
    return refuse_unnamed(turn, list, refusal);
  }
  if (const auto refusal = check_names(turn, list)) return refuse_unnamed(turn, list, *refusal);
  if (const auto refusal = check_permissions(turn, list)) return refuse_unnamed(turn, list, *refusal);

  const Timestamp expire_ns = expire_time(turn);
  Legs legs = list.orders;
  ListVerdict refusal = check_list(turn, list, expire_ns, legs);
  const std::vector<Order*> orders = add_orders(turn, list, refusal ? list.orders : legs, expire_ns);
  if (!refusal && !meter_list(turn, orders)) refusal = no_room(orders.front()->gateway);
  if (!refusal) send_list(turn, orders);
  for (std::size_t i = 0; i < orders.size(); ++i) {
    const Audience audience{is_told(turn, i), {}};
    if (refusal) {
      const Reason reason = reason_for(list, i, *refusal);
      happen(turn, *orders[i], OrderEvent::Refused, {ExecType::Rejected, {}, reason, nullptr, {}, 0, false, audience});
    } else {
      happen(turn, *orders[i], OrderEvent::Received, {ExecType::PendingNew, {}, {}, nullptr, {}, 0, false, audience});
    }
  }
}

// The broker ends the rest of a list with the first of its orders that is cancelled, and tells of each.
void on_cancel_order_list(Turn& turn, const CancelOrderList& cancel) {
  State& state = turn.state;
  const Name& client = turn.header().sender;
  ReplaceOrder content;
  content.client_order_id = cancel.client_order_id;
  content.orig_client_order_id = cancel.list_id;
  if (answer_known(turn, RequestType::CancelList, cancel.client_order_id, content)) return;

  const auto known = find_known(state, client, cancel.list_id);
  const OrderList* list = known && known->type == RequestType::List ? find(state.lists, known->order_id) : nullptr;
  ExecutionReport report;
  report.list_id = cancel.list_id;
  const auto refuse = [&](const Reason& reason) {
    answer_refusal(turn, cancel.client_order_id, report.client_order_id, ExecType::CancelRejected, reason, report);
  };
  if (!list) {
    return refuse({ErrorCode::OrderNotFound, cut<32>("list_id"), cancel.list_id, {}, {},
                   words("names no order list of this client")});
  }
  const std::uint64_t number = known->order_id;
  const auto is_open = [&](std::uint64_t id) { return !is_final(state.orders.at(id).life.status); };
  std::uint64_t id = number;
  while (id + 1 < number + list->size && !is_open(id)) ++id;
  Order& order = state.orders.at(id);
  if (const Verdict verdict = check_permission(state, turn.party(), order.order.account, true)) return refuse(*verdict);
  report = describe(state, order);
  if (!is_open(id)) {
    return refuse({ErrorCode::OrderNotFound, cut<32>("order_status"), cut<64>(name_of(order.life.status)), {}, {},
                   words("too late: every order of the list has ended")});
  }
  if (const auto reason = not_cancelable(turn, order)) return refuse(*reason);
  remember(state, client, cancel.client_order_id, RequestType::CancelList, id);
  state.requests[{client, cancel.client_order_id}] = content;
  start_cancel(turn, order, cancel.client_order_id, turn.party(), true, {});
}

}  // namespace busbar::router
