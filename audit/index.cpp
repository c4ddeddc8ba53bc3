#include "audit/index.hpp"

#include <algorithm>
#include <variant>

#include "bus/codec.hpp"

namespace busbar::audit {

namespace {

std::string joined(std::string_view first, std::string_view second) {
  std::string key{first};
  key += '\0';
  key += second;
  return key;
}

void append_big_endian(std::string& key, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) key += static_cast<char>(value >> shift & 0xff);
}

// Collects the keys of one record. `client` is who sent or gets the message.
class Keys {
 public:
  Keys(std::vector<IndexKey>& out, const RecordHeader& header) : out_{out}, begin_{out.size()}, time_ns_{header.time_ns} {}

  void order(std::uint64_t order_id) {
    if (order_id != 0) add(Index::OrderId, std::to_string(order_id));
  }
  void client_order(std::string_view client, std::string_view id) {
    if (!id.empty()) add(Index::ClientOrderId, client_order_key(client, id));
  }
  void venue_order(std::string_view id) {
    if (!id.empty()) add(Index::VenueOrderId, std::string{id});
  }
  void execution(std::string_view account, std::string_view trade_id) {
    if (!trade_id.empty()) add(Index::ExecutionId, execution_key(account, trade_id));
  }
  void exec(std::string_view exec_id) {
    if (!exec_id.empty()) add(Index::ExecutionId, std::string{exec_id});
  }
  void account(std::string_view account) {
    if (!account.empty()) add(Index::AccountTime, account_time_key(account, time_ns_));
  }
  void session_report(std::string_view client, std::string_view session, std::uint64_t number) {
    if (number != 0) add(Index::SessionReport, session_report_key(client, session, number));
  }

  void command(const Command& command) {
    order(command.order_id);
    venue_order(view(command.venue_order_id));
    venue_order(view(command.broker_order_id));
    account(view(command.account));
  }

  void body(const Body& body, std::string_view client) {
    std::visit([this, client](const auto& words) { say(words, client); }, body);
  }

 private:
  void say(const NewOrder& order, std::string_view client) {
    client_order(client, view(order.client_order_id));
    account(view(order.account));
  }
  void say(const CancelOrder& cancel, std::string_view client) {
    order(cancel.order_id);
    client_order(client, view(cancel.client_order_id));
    client_order(client, view(cancel.orig_client_order_id));
  }
  void say(const ReplaceOrder& replace, std::string_view client) {
    order(replace.order_id);
    client_order(client, view(replace.client_order_id));
    client_order(client, view(replace.orig_client_order_id));
  }
  void say(const CancelAll& cancel, std::string_view client) {
    client_order(client, view(cancel.client_order_id));
    account(view(cancel.account));
  }
  // A list's name is found as a client order id is: it is one more name for each of its orders.
  void say(const NewOrderList& list, std::string_view client) {
    client_order(client, view(list.list_id));
    for (const NewOrder& order : list.orders) say(order, client);
  }
  void say(const CancelOrderList& cancel, std::string_view client) {
    client_order(client, view(cancel.client_order_id));
    client_order(client, view(cancel.list_id));
  }
  void say(const ExecutionReport& report, std::string_view client) {
    order(report.order_id);
    client_order(client, view(report.client_order_id));
    client_order(client, view(report.orig_client_order_id));
    client_order(client, view(report.list_id));
    venue_order(view(report.venue_order_id));
    venue_order(view(report.broker_order_id));
    exec(view(report.exec_id));
    execution(view(report.account), view(report.trade_id));
    account(view(report.account));
  }
  void say(const PlaceCommand& place, std::string_view) { command(place.command); }
  void say(const PlaceListCommand& list, std::string_view client) {
    venue_order(view(list.venue_list_id));
    for (const PlaceCommand& place : list.commands) say(place, client);
  }
  void say(const CancelCommand& cancel, std::string_view) {
    command(cancel.command);
    venue_order(view(cancel.cancel_venue_order_id));
  }
  void say(const ReplaceCommand& replace, std::string_view) {
    command(replace.command);
    venue_order(view(replace.orig_venue_order_id));
  }
  void say(const AskCommand& ask, std::string_view) { command(ask.command); }
  void say(const VenueReport& report, std::string_view) {
    venue_order(view(report.venue_order_id));
    venue_order(view(report.broker_order_id));
    execution(view(report.account), view(report.trade_id));
    account(view(report.account));
  }
  // What a cancel of all is answered with: each order, by name.
  void say(const Answer& answer, std::string_view client) {
    for (const ExecutionReport& report : answer.orders) say(report, client);
  }
  void say(const Reconciled& reconciled, std::string_view) { account(view(reconciled.account)); }
  void say(const SessionState& state, std::string_view) { account(view(state.account)); }
  void say(const Tape& tape, std::string_view) {
    order(tape.order_id);
    client_order({}, view(tape.client_order_id));  // a gateway does not know whose it is
    venue_order(view(tape.venue_order_id));
    account(view(tape.account));
  }
  template <class Other>
  void say(const Other&, std::string_view) {}

  // A record has a handful of keys, so looking through them is the cheapest set.
  void add(Index index, std::string key) {
    IndexKey entry{index, std::move(key)};
    if (std::find(out_.begin() + static_cast<std::ptrdiff_t>(begin_), out_.end(), entry) == out_.end()) {
      out_.push_back(std::move(entry));
    }
  }

  std::vector<IndexKey>& out_;
  std::size_t begin_;
  Timestamp time_ns_;
};

}  // namespace

bool index_keys(const Record& record, std::vector<IndexKey>& keys) {
  if (record.kind() == RecordKind::Market || record.kind() == RecordKind::Unread) return true;
  const auto message = decode(record.payload);
  if (!message) return false;
  Keys collect{keys, record.header};
  const auto* output = std::get_if<Output>(&message->body);
  if (!output) {
    collect.body(message->body, view(message->header.sender));
    return true;
  }
  if (output->destination == Destination::Session) {
    collect.session_report(view(output->peer), view(output->session), output->report_number);
  }
  const auto inner = decode(output->message);
  if (!inner) return false;
  collect.body(inner->body, view(output->peer));
  return true;
}

std::string client_order_key(std::string_view client, std::string_view id) { return joined(id, client); }

std::string execution_key(std::string_view account, std::string_view trade_id) { return joined(account, trade_id); }

std::string account_time_key(std::string_view account, Timestamp time_ns) {
  std::string key = joined(account, {});
  // Times before 1970 do not occur; clamped, they would still sort first.
  append_big_endian(key, time_ns < 0 ? 0 : static_cast<std::uint64_t>(time_ns));
  return key;
}

std::string session_report_key(std::string_view client, std::string_view session, std::uint64_t report_number) {
  std::string key = joined(joined(client, session), {});
  append_big_endian(key, report_number);
  return key;
}

}  // namespace busbar::audit
