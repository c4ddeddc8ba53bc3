#pragma once
// One input's turn in the core: the state, the record, and the decisions so far. The functions here are the few verbs
// that everything else is said with: tell a report, send or queue a command, take an event into an order's life, set a
// timer.

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "router/core/core.hpp"
#include "router/core/state.hpp"

namespace busbar::router {

struct Turn {
  State& state;
  const Input& input;
  std::vector<Decision>& out;
  Timestamp now = 0;

  const Header& header() const { return input.message->header; }
  Party party() const { return {header().sender, header().session}; }
};

// ---- Telling (reports.cpp)

// The order as it stands: a report of no event.
ExecutionReport describe(const State& state, const Order& order);
void describe(const State& state, const Order& order, ExecutionReport& report);  // into one that is new

// The same under the name of its last event, as questions are answered.
ExecutionReport present(const State& state, const Order& order);

// Who hears a report besides the order's owner and the drop copy.
struct Audience {
  bool asker = false;  // whoever sent this turn's message: its REQ reply, or its session
  Party also;          // somebody who asked earlier
};
// Gives the report its exec_id and time and sends it to everyone it concerns.
void tell(Turn& turn, Order& order, const ExecutionReport& report, const Audience& audience = {});
// The same of a report that is made where it is sent from, for a copy costs as much as making it: nothing else is decided
// between the two.
ExecutionReport& start_report(Turn& turn);
void tell_started(Turn& turn, Order& order, const Audience& audience);
// Only to whoever sent this turn's message.
void answer_asker(Turn& turn, ExecutionReport report);
// The same for a refusal of what would have been an event: whoever watches the account hears it too.
void answer_refused(Turn& turn, ExecutionReport report);
void reject(Turn& turn, ErrorCode error, std::string_view field, std::string_view value, std::string_view text);
// Whatever answers this turn's message and is no report.
void answer_request(Turn& turn, Body body);
// What happened to no order of ours: to the drop copy alone.
void tell_outside(Turn& turn, ExecutionReport report);
void put_reason(ExecutionReport& report, const Reason& reason);
// An exec_id for what is no event of a stored order: 'x', the input, how many decisions came before.
Id loose_exec_id(const Turn& turn);

// ---- Lives (lives.cpp)

Order* find_order(State& state, std::uint64_t order_id);
// What a report of an event says beyond where the order stands.
struct News {
  ExecType exec_type = ExecType::OrderStatus;
  Id client_order_id;  // of the request it answers; empty: the order's own, or the cancel's that it ends
  Reason reason;
  const Fill* fill = nullptr;
  Id trade_id;
  Timestamp transact_ns = 0;
  bool only_if_changed = false;  // say nothing when the status stays
  Audience audience;
};
// Takes the event in, does what follows from the change of status, and tells it. Whatever the event cuts short (a
// cancel of an order that has just filled) is answered as well; an order that later evidence has reopened is cancelled.
Step happen(Turn& turn, Order& order, OrderEvent event, News news);

// Starts a cancel for `asker`, or for ourselves when request_id is empty.
void start_cancel(Turn& turn, Order& order, const Id& request_id, const Party& asker, bool tell_asker,
                  std::string_view why);
// A cancel of our own: now if its gateway is there, else as soon as it is.
void want_cancel(Turn& turn, Order& order, std::string_view why);
// The cancel or replace that is pending was refused or never sent.
void end_cancel(Turn& turn, Order& order, const Reason& reason, Timestamp transact_ns);
void end_replace(Turn& turn, Order& order, const Reason& reason, Timestamp transact_ns);
// Ended without the broker's word, because it was never sent: RateLimited, GatewayDown.
void refuse_unsent(Turn& turn, Order& order, const Reason& reason);
// Asks the broker about this order after `delay_ns` at the latest, and again at growing intervals while it must be
// asked.
void arm_ask(Turn& turn, Order& order, std::int64_t delay_ns);
// Were these look-ups, each after the bound, as many as the broker's absence rule asks for?
bool was_looked_for(const Gateway& gateway, std::uint32_t look_ups);
// Another life of its gateway came: asking starts at short intervals again.
void ask_anew(Turn& turn, Order& order);
void on_ask_due(Turn& turn, Order& order);
void forget(Turn& turn, std::uint64_t order_id);

// ---- Sending (send.cpp)

enum class Metered : std::uint8_t { Send, Queued, Refused };
// May a request leave now? Queued: it has got `queue_number` and leaves by pump(). Refused: not before it expires.
Metered meter(Turn& turn, Order& order, RequestKind kind, Timestamp expire_ns, std::uint64_t& queue_number);
// May a list leave now, all of its orders together? It does not wait: half a list is none, and prices move.
bool meter_list(Turn& turn, std::span<Order* const> orders);
void dequeue(Turn& turn, Order& order, RequestKind kind, std::uint64_t& queue_number);
void pump(Turn& turn, const Name& gateway);
void send_place(Turn& turn, Order& order);
// One message, in which each order has a command of its own: from the next connection on they are sent again one by one.
void send_list(Turn& turn, std::span<Order* const> orders);
void send_cancel(Turn& turn, Order& order);
void send_replace(Turn& turn, Order& order);
bool send_ask(Turn& turn, Order& order);  // false: its limits leave no room now
// Every open command of a gateway again, marked possible_resend; how many there are.
std::uint32_t resend_commands(Turn& turn, const Name& gateway, bool count_only);
void close_command(Turn& turn, const Name& gateway, std::uint64_t& command_id);
// What became of an order's commands: those that have been answered are closed.
void close_answered(Turn& turn, Order& order);

// ---- Timers (core.cpp)

void arm(Turn& turn, Timer timer);
void disarm(Turn& turn, const Timer& timer);

// ---- The whole (core.cpp, answers.cpp); Core is these functions with their state behind a door

void apply(State& state, const Input& input, std::vector<Decision>& out);
std::array<std::uint8_t, 32> hash_of(const State& state);
Answer answer(const State& state, const Query& query);

// ---- Inputs

void on_client_message(Turn& turn);   // on_client.cpp
void on_gateway_message(Turn& turn);  // on_gateway.cpp
void on_shell_message(Turn& turn);    // on_shell.cpp
void on_venue_report(Turn& turn, Gateway& gateway, const VenueReport& report);  // on_report.cpp
void on_session_lost(Turn& turn, const Party& party, std::string_view reason);
void on_gateway_lost(Turn& turn, const Name& name, std::string_view reason);

// What clients' requests have in common (on_client.cpp)
bool is_same_order(const NewOrder& a, const NewOrder& b);
Timestamp expire_time(const Turn& turn);  // of this turn's message, in router time
// Why a name seen before cannot be taken again.
Reason conflict(const State& state, const Id& id, const Known& known);
// Is it known already? Then it has been answered: the same content with where its order stands, another as a conflict.
bool answer_known(Turn& turn, RequestType type, const Id& id, const ReplaceOrder& content);
// A request that is refused and changes nothing: answered, published for whoever watches, and not remembered.
void answer_refusal(Turn& turn, const Id& client_order_id, const Id& orig_client_order_id, ExecType exec_type,
                    const Reason& reason, ExecutionReport report = {});
Order& add_order(Turn& turn, const NewOrder& request, const NewOrder& rounded, Timestamp expire_ns);
Reason rate_limited(const Name& gateway);
// Only for an order that nobody has cancelled a moment ago, and whose gateway is there.
std::optional<Reason> not_cancelable(const Turn& turn, const Order& order);

// Order lists (order_lists.cpp)
void on_new_order_list(Turn& turn, const NewOrderList& list);
void on_cancel_order_list(Turn& turn, const CancelOrderList& cancel);

// Subscriptions (leases.cpp)
void on_subscribe(Turn& turn, const Subscribe& subscribe);
void on_unsubscribe(Turn& turn, const Unsubscribe& unsubscribe);
void end_lease(Turn& turn, std::uint64_t number);
void end_leases(Turn& turn, const Party& party);
void resend_subscriptions(Turn& turn, const Name& gateway);
// What has become what in a gateway's list, all at once: two may have changed names.
using Renamed = std::map<Symbol, Symbol>;
// They go on under the new name, which a session is told at once, and a REQ when it renews its lease.
void rename_leases(Turn& turn, const Name& gateway, const Renamed& renamed);

// ---- Small words

inline constexpr std::int64_t ns_per_ms = 1'000'000;
inline constexpr std::int64_t ns_per_s = 1'000'000'000;
inline constexpr std::int64_t ns_per_day = 86'400 * ns_per_s;

inline Words words(std::string_view text) { return cut<256>(text); }
inline std::string str(const auto& text) { return std::string{text.data(), text.size()}; }

}  // namespace busbar::router
