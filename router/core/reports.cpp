#include <charconv>
#include <utility>

#include "router/core/turn.hpp"

namespace busbar::router {
namespace {

template <std::size_t N>
void append(Text<N>& text, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  text.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

// ---- To whom a decision goes that carries a report.

void address(Decision& decision, const Party& party, Session& session, std::uint64_t correlation_id) {
  decision.destination = Destination::Session;
  decision.peer = party.client;
  decision.session = party.session;
  decision.report_number = ++session.last_report;
  decision.correlation_id = correlation_id;
  std::get<ExecutionReport>(decision.body).report_number = decision.report_number;
}

void address_asker(const Turn& turn, Decision& decision) {
  decision.destination = Destination::Request;
  decision.peer = turn.header().sender;
  decision.session = turn.header().session;
  decision.correlation_id = turn.header().correlation_id;
}

void address_drop_copy(Decision& decision) {
  decision.destination = Destination::DropCopy;
  decision.peer = std::get<ExecutionReport>(decision.body).account;
}

// Of the decisions from `first` on, which tell this report to somebody, one stands for the drop copy too.
void to_drop_copy(Turn& turn, std::size_t first, const ExecutionReport& report) {
  if (first < turn.out.size()) {
    turn.out[first].drop_copy = true;
    return;
  }
  Decision& decision = turn.out.emplace_back(Fresh<Decision>{});
  decision.body.emplace<ExecutionReport>(report);
  address_drop_copy(decision);
}

void to_session(Turn& turn, const Party& party, std::uint64_t correlation_id, const ExecutionReport& report) {
  Session* session = find(turn.state.sessions, party);
  if (!session) return;  // a REQ's client names no session
  Decision& decision = turn.out.emplace_back(Fresh<Decision>{});
  decision.body.emplace<ExecutionReport>(report);
  address(decision, party, *session, correlation_id);
}

}  // namespace

void answer_request(Turn& turn, Body body) {
  Decision& decision = turn.out.emplace_back(Fresh<Decision>{});
  address_asker(turn, decision);
  decision.body = std::move(body);
}

ExecutionReport describe(const State& state, const Order& order) {
  ExecutionReport report;
  describe(state, order, report);
  return report;
}

void describe(const State& state, const Order& order, ExecutionReport& report) {
  report.client_order_id = order.order.client_order_id;
  report.order_id = order.order_id;
  report.exec_type = ExecType::OrderStatus;
  report.order_status = order.life.status;
  report.account = order.order.account;
  report.symbol = order.order.symbol;
  report.side = order.order.side;
  report.order_type = order.order.order_type;
  report.time_in_force = order.order.time_in_force;
  report.order_qty = order.order.order_qty;
  report.cash_order_qty = order.order.cash_order_qty;
  report.price = order.order.price;
  report.stop_px = order.order.stop_px;
  report.cum_qty = order.life.cum_qty;
  report.leaves_qty = order.life.leaves_qty();
  report.avg_px = order.paid.average(order.life.cum_qty);
  report.venue_order_id = state.venue_names.order(order.order_id, order.leg);
  report.broker_order_id = order.broker_order_id;
  report.is_working = order.is_working && !is_final(order.life.status);
  report.strategy = order.order.strategy;
  if (const OrderList* list = order.list != 0 ? find(state.lists, order.list) : nullptr) report.list_id = list->list_id;
  report.report_time_ns = state.now_ns;
  if (const Reason* reason = find(state.reasons, order.order_id)) put_reason(report, *reason);
}

ExecutionReport present(const State& state, const Order& order) {
  ExecutionReport report = describe(state, order);
  append(report.exec_id, order.order_id);
  report.exec_id.push_back('-');
  append(report.exec_id, order.events);
  return report;
}

void put_reason(ExecutionReport& report, const Reason& reason) {
  report.error = reason.error;
  report.field = reason.field;
  report.value = reason.value;
  report.nearest_legal = reason.nearest_legal;
  report.broker_code = reason.broker_code;
  report.text = reason.text;
}

Id loose_exec_id(const Turn& turn) {
  Id id{"x"};
  append(id, turn.input.sequence);
  id.push_back('-');
  append(id, turn.out.size());
  return id;
}

ExecutionReport& start_report(Turn& turn) {
  return turn.out.emplace_back(Fresh<Decision>{}).body.emplace<ExecutionReport>(Fresh<ExecutionReport>{});
}

void tell_started(Turn& turn, Order& order, const Audience& audience) {
  const std::size_t first = turn.out.size() - 1;
  auto& report = std::get<ExecutionReport>(turn.out[first].body);
  report.exec_id.clear();
  append(report.exec_id, order.order_id);
  report.exec_id.push_back('-');
  append(report.exec_id, ++order.events);
  report.report_time_ns = turn.now;

  // The first receiver gets it where it stands, another one a copy.
  bool is_given = false;
  const auto next = [&]() -> Decision& {
    if (!std::exchange(is_given, true)) return turn.out[first];
    Decision& decision = turn.out.emplace_back(Fresh<Decision>{});
    decision.body.emplace<ExecutionReport>(std::get<ExecutionReport>(turn.out[first].body));
    return decision;
  };
  const auto give = [&](const Party& party, std::uint64_t correlation_id) {
    Session* session = find(turn.state.sessions, party);
    if (session) address(next(), party, *session, correlation_id);
  };
  const Party asker = audience.asker ? turn.party() : Party{};
  if (audience.asker && asker.session.empty()) address_asker(turn, next());
  if (!order.owner.session.empty()) give(order.owner, asker == order.owner ? turn.header().correlation_id : 0);
  const Party& other = audience.asker ? asker : audience.also;
  if (!other.session.empty() && !(other == order.owner))
    give(other, audience.asker ? turn.header().correlation_id : 0);
  // One of them stands for the drop copy too.
  if (is_given) {
    turn.out[first].drop_copy = true;
  } else {
    address_drop_copy(turn.out[first]);
  }
}

void tell(Turn& turn, Order& order, const ExecutionReport& report, const Audience& audience) {
  start_report(turn) = report;
  tell_started(turn, order, audience);
}

void answer_asker(Turn& turn, ExecutionReport report) {
  if (report.exec_id.empty()) report.exec_id = loose_exec_id(turn);
  report.report_time_ns = turn.now;
  if (turn.header().session.empty()) return answer_request(turn, std::move(report));
  to_session(turn, turn.party(), turn.header().correlation_id, report);
}

void reject(Turn& turn, ErrorCode error, std::string_view field, std::string_view value, std::string_view text) {
  answer_request(turn, Reject{turn.header().sequence, error, cut<32>(field), cut<64>(value), words(text)});
}

void tell_outside(Turn& turn, ExecutionReport report) {
  if (report.exec_id.empty()) report.exec_id = loose_exec_id(turn);
  report.report_time_ns = turn.now;
  to_drop_copy(turn, turn.out.size(), report);
}

void answer_refused(Turn& turn, ExecutionReport report) {
  const std::size_t first = turn.out.size();
  report.exec_id = loose_exec_id(turn);
  answer_asker(turn, report);
  report.report_time_ns = turn.now;
  if (!report.account.empty()) to_drop_copy(turn, first, report);
}

}  // namespace busbar::router
