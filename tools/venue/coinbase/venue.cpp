#include "tools/venue/coinbase/venue.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>

namespace busbar::venue::coinbase {

namespace asio = boost::asio;
namespace json = boost::json;

Venue::Venue(asio::io_context& loop, const Settings& settings)
    : RestExchange{loop, settings, Commission::InQuote}, settings_{settings},
      api_{engine_,
           history_,
           settings.aliases,
           {},
           {},
           settings.limits,
           settings.rules,
           settings.seed,
           [this] { return now(); },
           [this](const Events& events) { publish(events); }},
      login_{api_, settings.login, settings.seed} {
  for (const AccountSettings& account : settings.accounts) {
    const AccountId id = open_account(account);
    for (const KeySettings& key : account.keys) api_.keys().push_back({key.name, key.key, id, key.permissions, false});
    for (const std::string& token : account.access_tokens) api_.bearers().push_back({token, id, {}, 0, 0});
  }
  api_.is_hidden = [this](const Order& order) { return faults_.is_hidden(order.created, now()); };
  api_.on_order_changed = [this](const Order& order) {
    const Ticket& ticket = *api_.ledger().find(order.symbol, order.id);
    for (const auto& connection : connections_) {
      connection->on_order(order, ticket, shown_status(order, ticket), now());
    }
  };
}

void Venue::on_tick(TimeUs now) {
  api_.on_tick();
  std::erase_if(connections_, [](const auto& connection) { return connection->is_closed(); });
  for (const auto& connection : connections_) connection->on_tenth_of_second(now);
}

void Venue::each_connection(const Visit& visit) const {
  for (const auto& connection : connections_) visit(*connection);
}

json::value Venue::order_name(const Order& order) const {
  const Ticket* ticket = api_.ledger().find(order.symbol, order.id);
  return ticket == nullptr ? json::value(order.id) : json::value(ticket->order_id);  // the house's have none
}

json::value Venue::trade_name(const AccountTrade& trade) const {
  return json::value(api_.fill_name(trade.symbol, trade.fill.trade_id, trade.order_id).trade_id);
}

std::string Venue::symbol_name(const Order& order) const {
  const Ticket* ticket = api_.ledger().find(order.symbol, order.id);
  return ticket == nullptr ? engine_.symbol(order.symbol).name : ticket->product_id;
}

void Venue::publish(const Events& events) {
  const TimeUs time = now();
  for (const Trade& trade : events.trades) history_.add(trade);
  for (const Execution& execution : events.executions) {
    api_.ledger().apply(execution);
    const Order& order = execution.order;
    const Ticket* ticket = std::as_const(api_).ledger().find(order.symbol, order.id);
    if (ticket == nullptr) continue;
    const bool is_first = execution.type == ExecutionType::New && order.updated == order.created;
    const std::string_view status = shown_status(order, *ticket);
    for (const auto& connection : connections_) {
      if (is_first || order.expiry == ExpiryReason::Rejected) connection->on_order(order, *ticket, "PENDING", time);
      connection->on_order(order, *ticket, status, time);
    }
  }

  const std::vector<SymbolId> new_tops = take_new_tops(events);
  for (const auto& connection : connections_) connection->on_events(events, new_tops, time);
  if (!events.trades.empty()) api_.follow_brackets();
}

void Venue::tell_restrictions(const Product& product) {
  for (const auto& connection : connections_) connection->on_restrictions(product, now());
}

RestExchange::Task Venue::task_of(const std::shared_ptr<const Request>& request) {
  const auto call = std::make_shared<Call>(call_from(*request));
  const Operation* operation = api_.find(request->method, request->path, call->id);
  Task task;
  if (operation == nullptr) {
    task.answer = [] {
      Reply unknown;
      unknown.status = 404;
      unknown.body =
          json::object{{"errors", json::array(1, json::object{{"id", "not_found"}, {"message", "Not found"}})}};
      return unknown;
    };
    return task;
  }
  task.operation = operation->name;
  task.endpoint = std::string{operation->method} + ' ' + std::string{operation->path};
  task.client_order_id = api_.client_order_id_of(*operation, *call);
  task.account = api_.account_named(*call);
  if (operation->is_order) task.recorded = call->body;
  task.answer = [this, operation, call] {
    Reply reply = api_.perform(*operation, *call);
    const json::object* body = reply.refusal.empty() ? reply.body.if_object() : nullptr;
    if (body != nullptr && body->contains("order_id")) reply.order_id = body->at("order_id");
    return reply;
  };
  return task;
}

Reply Venue::faulty_reply(const Faults::Plan& plan) const {
  Reply reply;
  switch (plan.status) {
    case 401: return Api::unauthorized("by a fault");
    case 429: return Api::too_many();
    case 403:
    case 502:
    case 504:
      reply.status = plan.status;
      reply.text = gateway_page(plan.status);
      return reply;
    case 503:
      reply.status = 503;
      reply.text = "upstream connect error or disconnect/reset before headers. reset reason: connection failure";
      return reply;
    default: return Api::failure(plan.status, "unknown", "an internal error occurred");
  }
}

std::string Venue::written(const json::value& body) const { return json::serialize(body); }

void Venue::finish(const Reply& reply, Response& response) {
  response.content_type = "application/json";
  if (reply.limit == 0) return;
  response.headers.emplace_back("x-ratelimit-limit", std::to_string(reply.limit));
  response.headers.emplace_back("x-ratelimit-remaining", std::to_string(reply.left));
  response.headers.emplace_back("x-ratelimit-reset", "1");
}

std::shared_ptr<SocketOwner> Venue::on_upgrade(const Request& request, std::shared_ptr<Socket> socket,
                                               Response& refusal) {
  if (request.path != "/" && !request.path.empty()) return nullptr;
  const std::int64_t most = api_.limits().settings().connections_per_second;
  if (api_.limits().left_after_one("connections " + request.remote, most, now()) < 0) {
    refusal = response_to(Api::too_many());
    return nullptr;
  }
  const auto connection = std::make_shared<StreamConnection>(loop(), std::move(socket), connections(),
                                                             settings_.streams, faults_, api_, request.remote);
  connections_.push_back(connection);
  return connection;
}

}  // namespace busbar::venue::coinbase
