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

// Asks until no order is in such a status any more, or the time is over: then Exit::Unknown.
Exit follow(Client& client, const Tool& tool, std::vector<ExecutionReport>& orders, bool (*is_awaited)(OrderStatus));

std::optional<std::uint64_t> order_id_in(const std::string& id);

}  // namespace busbar::tool
