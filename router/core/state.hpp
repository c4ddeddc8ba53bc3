#pragma once
// All that the core knows, in ordered containers and found by hash besides, and how each struct is written down. Whatever is not in here does not
// exist after a restart. Nodes come from one pool, so that a state that has been warm allocates nothing for the next
// order.

#include <cassert>
#include <cstdint>
#include <map>
#include <memory_resource>
#include <new>
#include <set>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "bus/messages.hpp"
#include "router/core/canonical.hpp"
#include "router/core/chains.hpp"
#include "router/core/node_pool.hpp"
#include "router/core/notional.hpp"
#include "router/core/order.hpp"
#include "router/core/rate_buckets.hpp"

namespace busbar::router {

// Who speaks: a client and its session; a REQ has none.
struct Party {
  Name client;
  Name session;
  friend bool operator==(const Party&, const Party&) = default;
  friend bool operator<(const Party& a, const Party& b) {
    return std::tie(a.client, a.session) < std::tie(b.client, b.session);
  }
};

template <class A>
void fields(A& a, typename A::template Ref<Party> x) {
  a(x.client, x.session);
}

// An order as its client sent it, kept only where it says anything else than the order as it stands.
class Sent {
 public:
  explicit Sent(std::pmr::memory_resource* memory) : memory_{memory} {}
  Sent(const Sent&) = delete;
  Sent& operator=(const Sent&) = delete;
  ~Sent() {
    if (request_ != nullptr) memory_->deallocate(request_, sizeof *request_, alignof(NewOrder));
  }
  void keep(const NewOrder& request) {
    static_assert(std::is_trivially_destructible_v<NewOrder>);
    if (request_ == nullptr) request_ = ::new (memory_->allocate(sizeof request, alignof(NewOrder))) NewOrder{request};
  }
  const NewOrder* get() const { return request_; }

 private:
  std::pmr::memory_resource* memory_;
  NewOrder* request_ = nullptr;
};

struct Order {
  using allocator_type = std::pmr::polymorphic_allocator<>;
  explicit Order(const allocator_type& memory = {}) : sent{memory.resource()} {}

  std::uint64_t order_id = 0;
  Party owner;
  Name gateway;
  NewOrder order;  // as it stands: rounded, and after each replace
  Sent sent;       // before `order` becomes another, what was sent is kept
  Life life;
  std::uint64_t list = 0;      // the order list that it belongs to, 0 for none
  std::uint32_t leg = 0;       // the one that works
  std::uint32_t last_leg = 0;  // the newest ever named
  std::uint32_t cancels = 0;   // ever sent
  Id broker_order_id;
  bool is_working = false;     // false for a stop that waits for its trigger
  bool is_cancel_wanted = false;  // by us: a lost session, or later evidence; sent as soon as it can be
  Notional paid;
  Decimal venue_cum_qty;       // as the broker counts
  // Of order.order_qty, what earlier legs had filled when this one was placed: to the broker it is a new order over the
  // rest. Empty: not known.
  std::optional<Decimal> leg_base_qty;
  std::uint64_t place_command = 0;  // open command, 0 for none
  std::uint64_t queue_number = 0;   // place in the queue, 0 when it is not waiting
  Timestamp opens_ns = 0;      // waits for its market to open then, before it joins the queue; 0: it does not
  Timestamp wake_ns = 0;       // when that is looked at, 0 for never
  std::uint64_t events = 0;
  Timestamp receive_ns = 0;
  Timestamp expire_ns = 0;     // for being sent
  Timestamp end_ns = 0;        // router time
  Timestamp end_transact_ns = 0;    // broker's time
  Timestamp last_fill_ns = 0;       // broker's time
  Timestamp request_time_ns = 0;    // of a lost request, broker's clock; the absence rule counts from it
  std::uint32_t look_ups = 0;  // that found nothing, after the bound
  std::uint32_t asks = 0;
  Timestamp ask_ns = 0;        // when we will ask, 0 for never
  bool has_told_difference = false;  // between the broker's count and the fills
  bool is_filled_there = false;  // the broker has said so, and perhaps before all of its fills
  bool is_unheard = false;  // nobody listened to the broker for a while; until it says how the order stands
  // How it is found (names.hpp); follows from the rest.
  Link<Order> by_name;
  Link<Order> by_broker_id;

  // As the client sent it; what a copy is compared with.
  const NewOrder& request() const { return sent.get() != nullptr ? *sent.get() : order; }
};

// To the last digit and zero: what is written down for one is what is written down for the other.
bool is_identical(const NewOrder& a, const NewOrder& b);

template <class A>
void fields(A& a, typename A::template Ref<Order> x) {
  a(x.order_id, x.owner, x.gateway);
  if constexpr (A::is_reading) {
    NewOrder request;
    a(request, x.order);
    if (!is_identical(request, x.order)) x.sent.keep(request);
  } else {
    a(x.request(), x.order);
  }
  a(x.life, x.list, x.leg, x.last_leg, x.cancels, x.broker_order_id,
    x.is_working, x.is_cancel_wanted, x.paid, x.venue_cum_qty, x.leg_base_qty, x.place_command, x.queue_number, x.opens_ns, x.wake_ns, x.events,
    x.receive_ns, x.expire_ns, x.end_ns, x.end_transact_ns, x.last_fill_ns, x.request_time_ns, x.look_ups, x.asks, x.ask_ns,
    x.has_told_difference, x.is_filled_there, x.is_unheard);
}

// Orders that the broker ties to each other. Each is an order like any other, and their numbers follow one another; the
// list's number is that of its first.
struct OrderList {
  Id list_id;  // as its client calls it
  OrderListType list_type = OrderListType::Unset;
  std::uint32_t size = 0;
};

template <class A>
void fields(A& a, typename A::template Ref<OrderList> x) {
  a(x.list_id, x.list_type, x.size);
}

// Why an order is as it is: kept beside the order, because most have nothing to say.
struct Reason {
  ErrorCode error = ErrorCode::None;
  Name field;
  Id value;
  Id nearest_legal;
  Name broker_code;
  Words text;
};

template <class A>
void fields(A& a, typename A::template Ref<Reason> x) {
  a(x.error, x.field, x.value, x.nearest_legal, x.broker_code, x.text);
}

// What a cancel and a replace have in common while their answer is awaited.
struct Pending {
  Id client_order_id;  // of the request
  Party asker;
  std::uint64_t command = 0;
  std::uint64_t queue_number = 0;
  Timestamp since_ns = 0;
  Timestamp expire_ns = 0;
  bool is_in_doubt = false;
  Timestamp request_time_ns = 0;
  std::uint32_t look_ups = 0;
};

template <class A>
void fields(A& a, typename A::template Ref<Pending> x) {
  a(x.client_order_id, x.asker, x.command, x.queue_number, x.since_ns, x.expire_ns, x.is_in_doubt, x.request_time_ns,
    x.look_ups);
}

struct PendingCancel {
  Pending pending;
  std::uint32_t number = 0;
};

template <class A>
void fields(A& a, typename A::template Ref<PendingCancel> x) {
  a(x.pending, x.number);
}

struct PendingReplace {
  Pending pending;
  NewOrder order;  // as it shall be
  std::uint32_t leg = 0;
  bool is_old_leg_gone = false;  // the order as it was has ended, and the new one's fate is open
};

template <class A>
void fields(A& a, typename A::template Ref<PendingReplace> x) {
  a(x.pending, x.order, x.leg, x.is_old_leg_gone);
}

// What a client's name stands for.
enum class RequestType : std::uint8_t { New, Cancel, Replace, List, CancelList, CancelAll, MAX = CancelAll };

struct Known {
  RequestType type = RequestType::New;
  std::uint64_t order_id = 0;  // of a list its number, of a cancel of all 0
};

template <class A>
void fields(A& a, typename A::template Ref<Known> x) {
  a(x.type, x.order_id);
}

// A cancel of all, and the orders that it meant: those that were open then.
struct CancelledAll {
  CancelAll request;
  std::vector<std::uint64_t> orders;
};

template <class A>
void fields(A& a, typename A::template Ref<CancelledAll> x) {
  a(x.request, x.orders);
}

struct Fill {
  std::uint64_t order_id = 0;  // 0: of no order that we know
  Symbol symbol;
  Id broker_order_id;
  Side side = Side::Unset;
  Decimal qty;
  Decimal px;
  std::optional<Decimal> commission;
  Name commission_asset;
  Liquidity liquidity = Liquidity::Unset;
  Timestamp transact_ns = 0;
  Timestamp receive_ns = 0;
};

template <class A>
void fields(A& a, typename A::template Ref<Fill> x) {
  a(x.order_id, x.symbol, x.broker_order_id, x.side, x.qty, x.px, x.commission, x.commission_asset, x.liquidity,
    x.transact_ns, x.receive_ns);
}

// What all fills of an account in a symbol add up to, whoever ordered them.
struct Book {
  Decimal net_qty;
  std::uint64_t fills = 0;
  bool is_exact = true;
};

template <class A>
void fields(A& a, typename A::template Ref<Book> x) {
  a(x.net_qty, x.fills, x.is_exact);
}

// What an instrument of a gateway's list was called before.
struct Alias {
  Symbol symbol;  // its name now
  Timestamp since_ns = 0;
};

template <class A>
void fields(A& a, typename A::template Ref<Alias> x) {
  a(x.symbol, x.since_ns);
}

struct Account {
  std::uint32_t epoch = 1;
  Id last_trade_id;
  Timestamp last_trade_ns = 0;
  std::uint64_t child_orders = 0;
  SessionState session;  // state Unset until its gateway has spoken
  Timestamp reconciled_ns = 0;
  std::uint32_t unknown_orders = 0;
};

template <class A>
void fields(A& a, typename A::template Ref<Account> x) {
  a(x.epoch, x.last_trade_id, x.last_trade_ns, x.child_orders, x.session, x.reconciled_ns, x.unknown_orders);
}

struct OpenCommand {
  RequestKind kind = RequestKind::Place;
  std::uint64_t order_id = 0;
  std::uint32_t leg = 0;
  std::uint64_t incarnation = 0;  // the life it was meant for
  std::uint32_t epoch = 0;
  Timestamp send_ns = 0;
  Timestamp expire_ns = 0;
  std::uint32_t sends = 0;
};

template <class A>
void fields(A& a, typename A::template Ref<OpenCommand> x) {
  a(x.kind, x.order_id, x.leg, x.incarnation, x.epoch, x.send_ns, x.expire_ns, x.sends);
}

template <class A>
void fields(A& a, typename A::template Ref<GatewayAccount> x) {
  a(x.account, x.last_trade_id, x.last_trade_time_ns, x.epoch, x.child_orders);
}

struct Gateway {
  Name broker;
  Name version;
  std::uint64_t incarnation = 0;
  bool is_connected = false;
  Timestamp connect_ns = 0;
  Timestamp heard_ns = 0;
  std::uint64_t last_report = 0;
  std::uint64_t last_command = 0;
  std::vector<GatewayAccount> accounts;  // as configured for it
  Capabilities capabilities;
  std::vector<RateLimit> rate_limits;
  std::vector<RateCost> rate_costs;
  std::uint32_t next_page = 0;           // of its instrument list
  Timestamp instruments_as_of_ns = 0;    // when the broker gave the list that is whole
  std::vector<MarketHours> markets;
  Timestamp pump_ns = 0;                 // when its queue is looked at again, 0 for never
};

template <class A>
void fields(A& a, typename A::template Ref<Gateway> x) {
  a(x.broker, x.version, x.incarnation, x.is_connected, x.connect_ns, x.heard_ns, x.last_report, x.last_command,
    x.accounts, x.capabilities, x.rate_limits, x.rate_costs, x.next_page, x.instruments_as_of_ns, x.markets, x.pump_ns);
}

// Never forgotten: its report numbers name records in the journal, and must not come twice.
struct Session {
  std::uint64_t last_report = 0;
  bool is_connected = false;
  bool is_awaited = false;     // our own restart cut it off, and it may come back
  bool cancel_on_disconnect = false;
  Timestamp end_ns = 0;        // when it counts as lost, if it is awaited
};

template <class A>
void fields(A& a, typename A::template Ref<Session> x) {
  a(x.last_report, x.is_connected, x.is_awaited, x.cancel_on_disconnect, x.end_ns);
}

struct LeaseKey {
  Name source;
  Symbol symbol;
  Channel channel = Channel::Unset;
  std::uint32_t bar_interval_ms = 0;  // of bars only
  Party party;
  friend bool operator<(const LeaseKey& a, const LeaseKey& b) {
    return std::tie(a.source, a.symbol, a.channel, a.bar_interval_ms, a.party) <
           std::tie(b.source, b.symbol, b.channel, b.bar_interval_ms, b.party);
  }
};

template <class A>
void fields(A& a, typename A::template Ref<LeaseKey> x) {
  a(x.source, x.symbol, x.channel, x.bar_interval_ms, x.party);
}

struct Lease {
  std::uint64_t number = 0;
  Timestamp end_ns = 0;  // never: with its session
};

template <class A>
void fields(A& a, typename A::template Ref<Lease> x) {
  a(x.number, x.end_ns);
}

// Cancels before replaces before new orders, then in the order they came.
struct QueueKey {
  Name gateway;
  RequestKind kind = RequestKind::Place;
  std::uint64_t number = 0;
  friend bool operator<(const QueueKey& a, const QueueKey& b) {
    return std::tie(a.gateway, a.kind, a.number) < std::tie(b.gateway, b.kind, b.number);
  }
};

template <class A>
void fields(A& a, typename A::template Ref<QueueKey> x) {
  a(x.gateway, x.kind, x.number);
}

enum class TimerKind : std::uint8_t {
  ExpirePlace,    // id: order
  ExpireReplace,  // id: order
  Pump,           // name: gateway
  Ask,            // id: order
  EndLease,       // id: lease
  EndSession,     // name, second: client, session
  ForgetOrder,    // id: order
  ForgetFill,     // name: account, key: trade id
  ForgetCancelAll,  // name: client, key: client_order_id
  Open,           // id: order
  MAX = Open
};

struct Timer {
  Timestamp at_ns = 0;
  TimerKind kind = TimerKind::Ask;
  std::uint64_t id = 0;
  Name name;
  Id key;
  friend bool operator<(const Timer& a, const Timer& b) {
    return std::tie(a.at_ns, a.kind, a.id, a.name, a.key) < std::tie(b.at_ns, b.kind, b.id, b.name, b.key);
  }
};

template <class A>
void fields(A& a, typename A::template Ref<Timer> x) {
  a(x.at_ns, x.kind, x.id, x.name, x.key);
}

using ClientKey = std::pair<Name, Id>;         // client, client_order_id
using TradeKey = std::pair<Name, Id>;          // account, trade id
using SymbolKey = std::pair<Name, Symbol>;     // gateway or account, symbol
using CommandKey = std::pair<Name, std::uint64_t>;                       // gateway, command_id
using BrokerKey = std::pair<SymbolKey, Id>;    // account and symbol, broker_order_id

// Of the many keys of few clients and accounts it is the last part that differs, so that is asked first.
struct LastFirst {
  template <class First, class Last>
  bool operator()(const std::pair<First, Last>& a, const std::pair<First, Last>& b) const {
    const auto order = a.second <=> b.second;
    return order != 0 ? order < 0 : a.first < b.first;
  }
};

// A gateway's commands are looked up for each order, and there are few gateways: mostly the name is the same.
struct NameFirst {
  bool operator()(const CommandKey& a, const CommandKey& b) const {
    return a.first == b.first ? a.second < b.second : a.first < b.first;
  }
};

struct State {
  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  NodePool memory;

  std::uint64_t sequence = 0;  // of the last input
  Timestamp now_ns = 0;        // its time
  Name version;                // of the program, as CoreStart says
  bool is_configured = false;
  Configuration config;        // its lists are moved into the maps below
  std::pmr::map<Name, ClientRule> clients{&memory};
  std::pmr::map<Name, AccountRule> account_rules{&memory};
  std::pmr::map<SymbolKey, SymbolRule> symbol_rules{&memory};

  std::uint64_t last_order_id = 0;
  std::uint64_t last_queue_number = 0;
  std::uint64_t last_lease = 0;

  std::pmr::map<std::uint64_t, Order> orders{&memory};
  std::pmr::set<std::uint64_t> open_orders{&memory};
  std::pmr::map<std::uint64_t, OrderList> lists{&memory};
  std::pmr::map<std::uint64_t, Reason> reasons{&memory};
  std::pmr::map<std::uint64_t, PendingCancel> cancels{&memory};
  std::pmr::map<std::uint64_t, PendingReplace> replaces{&memory};
  // What clients' names stand for. That an order's own stands for it is not written down: it is found by its name.
  Chains<Order, &Order::by_name> named_orders{&memory};
  std::pmr::map<ClientKey, Known, LastFirst> known{&memory};
  std::pmr::map<ClientKey, ReplaceOrder> requests{&memory};  // what cancels and replaces said; of a cancel only whom
  std::pmr::map<ClientKey, CancelledAll> cancel_alls{&memory};
  std::pmr::set<std::pair<std::uint64_t, ClientKey>> order_names{&memory};  // what an order's requests are called, and its list
  // So are orders by what the broker calls them now. What it called them before, and to which order_id that leads:
  Chains<Order, &Order::by_broker_id> orders_at_broker{&memory};
  std::pmr::map<BrokerKey, std::uint64_t, LastFirst> broker_orders{&memory};
  std::pmr::set<std::pair<std::uint64_t, Id>> order_broker_ids{&memory};
  std::pmr::map<TradeKey, Fill> fills{&memory};
  std::pmr::set<std::pair<std::uint64_t, Id>> order_fills{&memory};   // order_id, trade id
  std::pmr::set<std::pair<BrokerKey, Id>> unmatched_fills{&memory};   // of orders unknown so far, by the broker's id
  std::pmr::map<SymbolKey, Book> books{&memory};                      // by account

  std::pmr::map<Name, Account> accounts{&memory};
  std::pmr::map<Name, Gateway> gateways{&memory};
  std::pmr::map<CommandKey, OpenCommand, NameFirst> commands{&memory};
  std::pmr::map<SymbolKey, Instrument> instruments{&memory};          // by gateway
  std::pmr::map<SymbolKey, Instrument> staged_instruments{&memory};   // pages of a list that is not whole yet
  std::pmr::map<SymbolKey, Alias> aliases{&memory};                   // by gateway and former symbol
  RateBuckets buckets{&memory};
  std::pmr::map<QueueKey, std::uint64_t> queue{&memory};              // to order_id
  std::pmr::map<Party, Session> sessions{&memory};
  std::pmr::map<LeaseKey, Lease> leases{&memory};
  std::pmr::set<Timer> timers{&memory};

  VenueNames venue_names;  // follows from config.journal_id
};

// What is under a key, or nullptr. Of gateways, accounts, clients there are mostly one or two, and they are asked for more than
// once for each order: so few are asked in turn whether they are it.
template <class Map, class Key>
auto* find(Map& map, const Key& key) {
  constexpr std::size_t few = 2;
  if (map.size() <= few) {
    for (auto& [name, value] : map) {
      if (name == key) return &value;
    }
    return static_cast<decltype(&map.begin()->second)>(nullptr);
  }
  const auto at = map.find(key);
  return at == map.end() ? nullptr : &at->second;
}

inline Gateway& gateway_of(State& state, const Name& name) {
  Gateway* gateway = find(state.gateways, name);
  assert(gateway != nullptr);
  return *gateway;
}

inline Account& account_of(State& state, const Name& name) {
  Account* account = find(state.accounts, name);
  return account ? *account : state.accounts[name];
}

// What the chains say, in the order and form of the maps that a snapshot has for it (names.cpp).
struct KnownEntry {
  const Name* client;
  const Id* id;
  Known known;
};
struct NameEntry {
  std::uint64_t order_id;
  const Name* client;
  const Id* id;
};
struct BrokerEntry {
  const Name* account;
  const Symbol* symbol;
  const Id* id;
  std::uint64_t order_id;
};
struct BrokerIdEntry {
  std::uint64_t order_id;
  const Id* id;
};
std::vector<KnownEntry> all_known(const State& state);
std::vector<NameEntry> all_order_names(const State& state);
std::vector<BrokerEntry> all_broker_orders(const State& state);
std::vector<BrokerIdEntry> all_order_broker_ids(const State& state);

template <class A>
void fields(A& a, const KnownEntry& x) {
  a(*x.client, *x.id, x.known);
}
template <class A>
void fields(A& a, const NameEntry& x) {
  a(x.order_id, *x.client, *x.id);
}
template <class A>
void fields(A& a, const BrokerEntry& x) {
  a(*x.account, *x.symbol, *x.id, x.order_id);
}
template <class A>
void fields(A& a, const BrokerIdEntry& x) {
  a(x.order_id, *x.id);
}

// Of a state that has been read, settle_names() makes the chains again.
template <class A>
void fields(A& a, typename A::template Ref<State> x) {
  a(x.sequence, x.now_ns, x.version, x.is_configured, x.config, x.clients, x.account_rules, x.symbol_rules,
    x.last_order_id, x.last_queue_number, x.last_lease, x.orders, x.open_orders, x.lists, x.reasons, x.cancels, x.replaces);
  if constexpr (A::is_reading) {
    a(x.known, x.requests, x.cancel_alls, x.order_names, x.broker_orders, x.order_broker_ids);
  } else {
    a(all_known(x), x.requests, x.cancel_alls, all_order_names(x), all_broker_orders(x), all_order_broker_ids(x));
  }
  a(x.fills, x.order_fills, x.unmatched_fills, x.books, x.accounts, x.gateways, x.commands, x.instruments,
    x.staged_instruments, x.aliases, x.buckets, x.queue, x.sessions, x.leases, x.timers);
}

}  // namespace busbar::router
