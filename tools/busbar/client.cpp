#include "tools/busbar/client.hpp"

#include <algorithm>
#include <charconv>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/pfr.hpp>

#include "bus/clock.hpp"
#include "bus/codec.hpp"

namespace busbar::tool {

namespace {

template <class T>
constexpr bool is_list = false;
template <class T>
constexpr bool is_list<std::vector<T>> = true;

constexpr const char* nobody = "no answer from the router; is busbar-router running, and is bus.orders its endpoint?";

}  // namespace

Client::Client(const Tool& tool)
    : client_{loop_, {tool.bus.orders, tool.environment, tool.client, tool.timeout}} {}

std::optional<Message> Client::ask(const Body& body) {
  std::optional<Result<Message>> answer;
  boost::asio::co_spawn(loop_, client_.request(body), [&](std::exception_ptr error, Result<Message> result) {
    if (error) std::rethrow_exception(error);
    answer = std::move(result);
  });
  loop_.restart();
  while (!answer) loop_.run_one();
  if (*answer) return **std::move(answer);
  const Error& error = answer->error();
  if (error.code == ErrorCode::InvalidMessage) fail(Exit::Unknown, "an answer could not be read: " + error.text);
  return std::nullopt;
}

bool Client::is_reachable() { return ask(Heartbeat{.time_ns = wall_now_ns()}).has_value(); }

Asked ask_all(Client& client, Query query) {
  Answer whole;
  for (bool is_first = true;; is_first = false) {
    const auto message = client.ask(query);
    if (!message) return {std::nullopt, fail(Exit::Unreachable, nobody)};
    if (const auto* reject = std::get_if<Reject>(&message->body)) {
      return {std::nullopt, fail(Exit::No, refusal(reject->error, view(reject->field), view(reject->value), "", "",
                                                   view(reject->text)))};
    }
    const auto* page = std::get_if<Answer>(&message->body);
    if (!page) return {std::nullopt, fail(Exit::No, "the router answered with " + std::string{name_of(message->body)})};
    if (page->error != ErrorCode::None)
      return {std::nullopt, fail(Exit::No, refusal(page->error, "", "", "", "", view(page->text)))};
    if (is_first) {
      whole = *page;
    } else {
      boost::pfr::for_each_field(*page, [&](const auto& from, auto field) {
        auto& to = boost::pfr::get<decltype(field)::value>(whole);
        if constexpr (is_list<std::remove_cvref_t<decltype(to)>>) to.insert(to.end(), from.begin(), from.end());
      });
    }
    if (page->next_page_token.empty()) break;
    query.page_token = page->next_page_token;
  }
  return {std::move(whole), Exit::Ok};
}

Asked ask_of_account(Tool& tool, const std::string& account, Query& query) {
  tool.load();
  query.account = tool.account_or_only(account);
  Client client{tool};
  return ask_all(client, query);
}

std::optional<std::uint64_t> order_id_in(const std::string& id) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error != std::errc{} || end != id.data() + id.size() || number == 0) return std::nullopt;
  return number;
}

Found find_order(Client& client, const std::string& id) {
  if (id.size() > Id::static_capacity) return {std::nullopt, fail(Exit::Usage, id + " is too long for an id")};
  const auto look = [&](const Query& query) -> Found {
    const auto message = client.ask(query);
    if (!message) return {std::nullopt, fail(Exit::Unreachable, nobody)};
    if (const auto* answer = std::get_if<Answer>(&message->body)) {
      if (!answer->orders.empty()) return {answer->orders.front(), Exit::Ok};
      if (answer->error == ErrorCode::None || answer->error == ErrorCode::OrderNotFound)
        return {std::nullopt, Exit::No};
      return {std::nullopt, fail(Exit::No, refusal(answer->error, "", "", "", "", view(answer->text)))};
    }
    const auto* reject = std::get_if<Reject>(&message->body);
    if (reject && reject->error == ErrorCode::OrderNotFound) return {std::nullopt, Exit::No};
    if (reject)
      return {std::nullopt, fail(Exit::No, refusal(reject->error, view(reject->field), view(reject->value), "", "",
                                                   view(reject->text)))};
    return {std::nullopt, fail(Exit::No, "the router answered with " + std::string{name_of(message->body)})};
  };
  Query query;
  query.kind = QueryKind::Order;
  if (const auto number = order_id_in(id)) {
    query.order_id = *number;
    if (Found found = look(query); found.order || found.exit == Exit::Unreachable) return found;
  }
  query.order_id = 0;
  query.client_order_id = Id{id.data(), id.size()};
  return look(query);
}

Found look_again(Client& client, std::uint64_t order_id) {
  const std::string id = std::to_string(order_id);
  Found found = find_order(client, id);
  if (!found.order) found.exit = fail(Exit::Unknown, "what became of it is not known yet; ask again with: busbar order " + id);
  return found;
}

Exit follow(Client& client, const Tool& tool, std::vector<ExecutionReport>& orders, bool (*is_awaited)(OrderStatus)) {
  const auto until = std::chrono::steady_clock::now() + tool.timeout;
  const auto waits = [&](const ExecutionReport& order) { return is_awaited(order.order_status); };
  while (std::ranges::any_of(orders, waits) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    for (ExecutionReport& order : orders) {
      if (!waits(order)) continue;
      const Found found = look_again(client, order.order_id);
      if (!found.order) return found.exit;
      order = *found.order;
    }
  }
  return std::ranges::any_of(orders, waits) ? Exit::Unknown : Exit::Ok;
}

}  // namespace busbar::tool
