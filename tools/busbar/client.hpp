#pragma once
// `busbar` as a client of the bus: one question, one answer, over a REQ socket. It waits; nothing else happens
// meanwhile.

#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "bus/client.hpp"
#include "tools/busbar/tool.hpp"

namespace busbar::tool {

class Client {
 public:
  explicit Client(const Tool& tool);

  // Nobody answered in time, or what came is not to be read, which is told: nullopt. What was sent may have arrived all the
  // same.
  std::optional<Message> ask(const Body& body);
  // Is there a router? A heartbeat, answered. Asked before anything is sent that acts, so that Exit::Unreachable is
  // certain.
  bool is_reachable();

  boost::asio::io_context& loop() { return loop_; }

 private:
  boost::asio::io_context loop_{1};
  bus::Client client_;
};

// A query whose pages are put together. Complaints are printed; then `answer` is empty and `exit` says how to end.
struct Asked {
  std::optional<Answer> answer;
  Exit exit = Exit::Ok;
};
Asked ask_all(Client& client, Query query);
// Of this account, or the only one there is, which the query then names. Throws ConfigError, as Tool does.
Asked ask_of_account(Tool& tool, const std::string& account, Query& query);

// The order an id names: digits alone are an order_id first, all else is a client_order_id.
struct Found {
  std::optional<ExecutionReport> order;
  Exit exit = Exit::Ok;
};
Found find_order(Client& client, const std::string& id);

// How an order is now that something was sent about it. Then nothing that keeps it from being told is Exit::Unreachable, or
// a no: it is Exit::Unknown.
Found look_again(Client& client, std::uint64_t order_id);

// Asks until no order is in such a status any more, or the time is over, or nobody answers: then Exit::Unknown.
Exit follow(Client& client, const Tool& tool, std::vector<ExecutionReport>& orders, bool (*is_awaited)(OrderStatus));

std::optional<std::uint64_t> order_id_in(const std::string& id);

// A cancel or replace of the order that an id names: digits alone are an order_id first, and a client_order_id where this
// client has no such order. nullopt as ask().
template <class Request>
std::optional<Message> ask_about(Client& client, const std::string& id, Request request) {
  if (const auto number = order_id_in(id)) {
    request.order_id = *number;
    const auto message = client.ask(request);
    const auto* report = message ? std::get_if<ExecutionReport>(&message->body) : nullptr;
    const bool is_nobodys = report && report->error == ErrorCode::OrderNotFound && report->order_id == 0;
    if (!is_nobodys) return message;
    request.order_id = 0;
  }
  request.orig_client_order_id = Id{id.data(), id.size()};
  return client.ask(request);
}

}  // namespace busbar::tool
