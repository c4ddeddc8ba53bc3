// What leaves for gateways: metered, named, and open until something durable answers it.

#include <algorithm>
#include <cassert>

#include <boost/container/small_vector.hpp>

#include "router/core/checks.hpp"
#include "router/core/turn.hpp"

namespace busbar::router {
namespace {

constexpr std::int64_t place_silence = 15 * ns_per_s;  // longer than a gateway waits for its broker

Rate rate_of(const Gateway& gateway, const Name& account, RequestKind kind) {
  return {gateway.rate_limits, gateway.rate_costs, gateway.accounts, account, kind};
}

bool draw(Turn& turn, const Gateway& gateway, const Order& order, RequestKind kind) {
  return turn.state.buckets.draw(rate_of(gateway, order.order.account, kind), turn.state.config.rate_reserve_percent,
                                 turn.now);
}

Timestamp earliest(const Turn& turn, const Gateway& gateway, const Order& order, RequestKind kind) {
  return turn.state.buckets.earliest(rate_of(gateway, order.order.account, kind),
                                     turn.state.config.rate_reserve_percent, turn.now);
}

// Does anybody of the same or an earlier kind wait already?
bool has_queue_before(const State& state, const Name& gateway, RequestKind kind) {
  const auto first = state.queue.lower_bound({gateway, RequestKind::Cancel, 0});
  return first != state.queue.end() && first->first.gateway == gateway && first->first.kind <= kind;
}

// Opens a command under `id`, the next of its gateway.
const OpenCommand& open_command(Turn& turn, const Order& order, RequestKind kind, std::uint32_t leg, Timestamp expire_ns,
                                std::uint64_t& id) {
  Gateway& gateway = gateway_of(turn.state, order.gateway);
  id = ++gateway.last_command;
  auto& commands = turn.state.commands;
  OpenCommand& command = commands.try_emplace(commands.end(), CommandKey{order.gateway, id})->second;
  command = {kind, order.order_id, leg, gateway.incarnation, account_of(turn.state, order.order.account).epoch,
             turn.now, expire_ns, 1};
  return command;
}

Command describe(const State& state, const Order& order, std::uint64_t id, const OpenCommand& open) {
  Command command;
  command.command_id = id;
  command.incarnation = open.incarnation;
  command.account_epoch = open.epoch;
  command.possible_resend = open.sends > 1;
  command.order_id = order.order_id;
  command.leg = open.leg;
  command.venue_order_id = state.venue_names.order(order.order_id, open.leg);
  command.broker_order_id = order.broker_order_id;
  command.account = order.order.account;
  command.symbol = order.order.symbol;
  command.send_time_ns = open.send_ns;
  command.expire_time_ns = open.expire_ns;
  return command;
}

// A command, to be filled in where it is sent from.
template <class T>
T& to_gateway(Turn& turn, const Name& gateway) {
  Decision& decision = turn.out.emplace_back(Fresh<Decision>{});
  decision.destination = Destination::Gateway;
  decision.peer = gateway;
  decision.incarnation = gateway_of(turn.state, gateway).incarnation;
  return decision.body.emplace<T>(Fresh<T>{});
}

template <class T>
void to_gateway(Turn& turn, const Name& gateway, T command) {
  to_gateway<T>(turn, gateway) = std::move(command);
}

// Says a command, for the first time or again.
void say(Turn& turn, const Order& order, std::uint64_t id, const OpenCommand& open) {
  const State& state = turn.state;
  if (open.kind == RequestKind::Place) {
    auto& place = to_gateway<PlaceCommand>(turn, order.gateway);
    place.command = describe(state, order, id, open);
    place.order = order.order;
    return;
  }
  const Command command = describe(state, order, id, open);
  if (open.kind == RequestKind::Cancel) {
    const auto* cancel = find(state.cancels, order.order_id);
    const std::uint32_t number = cancel ? cancel->number : order.cancels;
    to_gateway(turn, order.gateway, CancelCommand{command, state.venue_names.cancel(order.order_id, number)});
  } else {
    const auto* replace = find(state.replaces, order.order_id);
    assert(replace != nullptr);
    to_gateway(turn, order.gateway,
               ReplaceCommand{command, state.venue_names.order(order.order_id, order.leg), replace->order,
                              order.order.order_qty, order.life.cum_qty, is_decrease(order.order, replace->order)});
  }
}

void leave_queue(Turn& turn, Order& order, RequestKind kind) {
  if (kind == RequestKind::Cancel) return send_cancel(turn, order);
  if (kind == RequestKind::Replace) return send_replace(turn, order);
  send_place(turn, order);
}

void refuse_queued(Turn& turn, Order& order, RequestKind kind, const Reason& reason) {
  if (kind == RequestKind::Replace) return end_replace(turn, order, reason, 0);
  refuse_unsent(turn, order, reason);
}

std::uint64_t& queue_number_of(State& state, Order& order, RequestKind kind) {
  if (kind == RequestKind::Cancel) return state.cancels.at(order.order_id).pending.queue_number;
  if (kind == RequestKind::Replace) return state.replaces.at(order.order_id).pending.queue_number;
  return order.queue_number;
}

// The queue is looked at again when its first entry of some kind could leave.
void arm_pump(Turn& turn, const Name& name, Gateway& gateway, Timestamp at) {
  if (gateway.pump_ns == at) return;
  if (gateway.pump_ns != 0) disarm(turn, {gateway.pump_ns, TimerKind::Pump, 0, name, {}});
  gateway.pump_ns = at;
  if (at != 0) arm(turn, {at, TimerKind::Pump, 0, name, {}});
}

}  // namespace

Metered meter(Turn& turn, Order& order, RequestKind kind, Timestamp expire_ns, std::uint64_t& queue_number) {
  State& state = turn.state;
  Gateway& gateway = gateway_of(state, order.gateway);
  if (!has_queue_before(state, order.gateway, kind) && draw(turn, gateway, order, kind)) return Metered::Send;
  const Timestamp at = earliest(turn, gateway, order, kind);
  if (at == never || (kind != RequestKind::Cancel && at > expire_ns)) return Metered::Refused;
  queue_number = ++state.last_queue_number;
  state.queue[{order.gateway, kind, queue_number}] = order.order_id;
  const Timestamp next = at > turn.now ? at : turn.now + ns_per_ms;  // behind others: soon
  if (gateway.pump_ns == 0 || next < gateway.pump_ns) arm_pump(turn, order.gateway, gateway, next);
  if (kind == RequestKind::Place) arm(turn, {expire_ns + 1, TimerKind::ExpirePlace, order.order_id, {}, {}});
  if (kind == RequestKind::Replace) arm(turn, {expire_ns + 1, TimerKind::ExpireReplace, order.order_id, {}, {}});
  return Metered::Queued;
}

bool meter_list(Turn& turn, std::span<Order* const> orders) {
  const Order& first = *orders.front();
  if (has_queue_before(turn.state, first.gateway, RequestKind::Place)) return false;
  Rate rate = rate_of(gateway_of(turn.state, first.gateway), first.order.account, RequestKind::Place);
  rate.count = static_cast<std::uint32_t>(orders.size());
  return turn.state.buckets.draw(rate, turn.state.config.rate_reserve_percent, turn.now);
}

void dequeue(Turn& turn, Order& order, RequestKind kind, std::uint64_t& queue_number) {
  if (queue_number == 0) return;
  turn.state.queue.erase({order.gateway, kind, queue_number});
  queue_number = 0;
}

void pump(Turn& turn, const Name& name) {
  State& state = turn.state;
  Gateway* gateway = find(state.gateways, name);
  if (!gateway) return;
  // Accounts that must wait, and with their cancels all that comes after; mostly none or one.
  boost::container::small_vector<Name, 8> blocked;
  Timestamp next = never;
  auto at = state.queue.lower_bound({name, RequestKind::Cancel, 0});
  while (at != state.queue.end() && at->first.gateway == name) {
    const QueueKey key = at->first;
    ++at;
    Order& order = state.orders.at(state.queue.at(key));
    const Name& account = order.order.account;
    if (std::find(blocked.begin(), blocked.end(), account) != blocked.end()) continue;
    if (key.kind != RequestKind::Cancel) {
      if (const Verdict verdict = check_gateway(state, account)) {
        refuse_queued(turn, order, key.kind, *verdict);
        at = state.queue.upper_bound(key);
        continue;
      }
    }
    if (!draw(turn, *gateway, order, key.kind)) {
      next = std::min(next, earliest(turn, *gateway, order, key.kind));
      blocked.push_back(account);
      continue;
    }
    dequeue(turn, order, key.kind, queue_number_of(state, order, key.kind));
    leave_queue(turn, order, key.kind);
    at = state.queue.upper_bound(key);
  }
  arm_pump(turn, name, *gateway, next == never ? 0 : std::max(next, turn.now + ns_per_ms));
}

void send_place(Turn& turn, Order& order) {
  ++account_of(turn.state, order.order.account).child_orders;
  const OpenCommand& open =
      open_command(turn, order, RequestKind::Place, order.leg, order.expire_ns, order.place_command);
  say(turn, order, order.place_command, open);
  arm_ask(turn, order, place_silence);
}

void send_list(Turn& turn, std::span<Order* const> orders) {
  State& state = turn.state;
  const Order& first = *orders.front();
  const OrderList& list = state.lists.at(first.list);
  PlaceListCommand command{list.list_type, state.venue_names.list(first.list), {}};
  for (Order* order : orders) {
    ++account_of(state, order->order.account).child_orders;
    const OpenCommand& open =
        open_command(turn, *order, RequestKind::Place, order->leg, order->expire_ns, order->place_command);
    command.commands.push_back({describe(state, *order, order->place_command, open), order->order});
    arm_ask(turn, *order, place_silence);
  }
  to_gateway(turn, first.gateway, std::move(command));
}

void send_cancel(Turn& turn, Order& order) {
  Pending& pending = turn.state.cancels.at(order.order_id).pending;
  close_command(turn, order.gateway, pending.command);
  turn.state.cancels.at(order.order_id).number = ++order.cancels;
  pending.expire_ns = turn.now + turn.state.config.order_ttl_ms * ns_per_ms;
  const OpenCommand& open =
      open_command(turn, order, RequestKind::Cancel, order.leg, pending.expire_ns, pending.command);
  say(turn, order, pending.command, open);
  arm_ask(turn, order, 2 * ns_per_s);
}

void send_replace(Turn& turn, Order& order) {
  PendingReplace& replace = turn.state.replaces.at(order.order_id);
  ++account_of(turn.state, order.order.account).child_orders;
  std::uint64_t& command = replace.pending.command;
  const OpenCommand& open =
      open_command(turn, order, RequestKind::Replace, replace.leg, replace.pending.expire_ns, command);
  say(turn, order, command, open);
  arm_ask(turn, order, 2 * ns_per_s);
}

bool send_ask(Turn& turn, Order& order) {
  Gateway& gateway = gateway_of(turn.state, order.gateway);
  if (!draw(turn, gateway, order, RequestKind::Ask)) return false;
  const auto* replace = find(turn.state.replaces, order.order_id);
  const bool seeks_new_leg = replace && replace->pending.is_in_doubt &&  //
                             !was_looked_for(gateway, replace->pending.look_ups);
  const bool asks_new_leg =
      replace && replace->pending.command != 0 && (seeks_new_leg || replace->is_old_leg_gone);
  const OpenCommand ask{RequestKind::Ask, order.order_id, asks_new_leg ? replace->leg : order.leg, gateway.incarnation,
                        account_of(turn.state, order.order.account).epoch, turn.now,
                        turn.now + 10 * ns_per_s, 1};
  AskCommand question{describe(turn.state, order, ++gateway.last_command, ask)};
  if (asks_new_leg) question.command.broker_order_id = {};  // that is the name of the order before it
  to_gateway(turn, order.gateway, std::move(question));
  return true;
}

std::uint32_t resend_commands(Turn& turn, const Name& gateway, bool count_only) {
  State& state = turn.state;
  std::uint32_t count = 0;
  for (auto at = state.commands.lower_bound({gateway, 0}); at != state.commands.end() && at->first.first == gateway;
       ++at) {
    ++count;
    if (count_only) continue;
    ++at->second.sends;
    say(turn, state.orders.at(at->second.order_id), at->first.second, at->second);
  }
  return count;
}

void close_command(Turn& turn, const Name& gateway, std::uint64_t& command_id) {
  if (command_id == 0) return;
  // By finding it: erasing by the key would look for both ends of what has it.
  if (const auto at = turn.state.commands.find({gateway, command_id}); at != turn.state.commands.end())
    turn.state.commands.erase(at);
  command_id = 0;
}

void close_answered(Turn& turn, Order& order) {
  const Life& life = order.life;
  if (life.is_confirmed || is_final(life.status)) close_command(turn, order.gateway, order.place_command);
  if (auto at = turn.state.cancels.find(order.order_id); at != turn.state.cancels.end() && !life.cancel_pending) {
    Pending& pending = at->second.pending;
    dequeue(turn, order, RequestKind::Cancel, pending.queue_number);
    close_command(turn, order.gateway, pending.command);
    turn.state.cancels.erase(at);
  }
  if (auto at = turn.state.replaces.find(order.order_id); at != turn.state.replaces.end() && !life.replace_pending) {
    Pending& pending = at->second.pending;
    dequeue(turn, order, RequestKind::Replace, pending.queue_number);
    close_command(turn, order.gateway, pending.command);
    turn.state.replaces.erase(at);
  }
}

}  // namespace busbar::router
