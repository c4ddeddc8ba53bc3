#include "tools/venue/ibkr/venue.hpp"

#include <algorithm>

#include "tools/venue/form.hpp"
#include "tools/venue/ibkr/numbers.hpp"

namespace busbar::venue::ibkr {

namespace asio = boost::asio;
namespace json = boost::json;

Venue::Venue(asio::io_context& loop, const Settings& settings)
    : RestExchange{loop, settings, Commission::InQuote}, settings_{settings},
      api_{engine_,
           history_,
           Contracts{engine_, settings.contracts},
           settings.identity,
           settings.limits,
           settings.rules,
           settings.hours,
           settings.seed,
           [this] { return now(); },
           [this](const Events& events) { publish(events); }} {
  Identity& identity = api_.identity();
  for (const AccountSettings& account : settings.accounts) {
    const AccountId id = open_account(account);
    for (const auto& [asset, amount] : account.balances) {
      for (SymbolId symbol = 0; symbol < engine_.symbol_count(); ++symbol) {  // bought at the price of the start
        const Symbol& rules = engine_.symbol(symbol);
        if (rules.base != asset || settings.contracts[symbol].sec_type == "CASH") continue;
        api_.ledger().holding(id, symbol) = {amount, *multiply(rules.start_price, amount), {}};
      }
    }
    for (const UserSettings& user : account.users) {
      const UserId user_id = api_.add_user(id, user.name, account.account_id);
      identity.consumers().push_back(user.consumer);
      identity.consumers().back().user = user_id;
      if (!user.access_token.empty()) {
        identity.tokens().push_back({user.access_token, user.access_token_secret, identity.consumers().size() - 1,
                                     user_id, false, {}, 0});
      }
      if (user.name == settings.at_gateway) api_.log_in_at_gateway(api_.users().at(user_id));
    }
  }
  api_.is_hidden = [this](const Order& order) { return faults_.is_hidden(order.created, now()); };
  api_.on_order_changed = [this](const Ticket& ticket) {
    for (const auto& connection : connections_) connection->on_order(ticket, api_.order_of(ticket));
  };
  api_.on_prompt = [this](const Ticket& ticket, const json::object& prompt) {
    for (const auto& connection : connections_) connection->on_prompt(ticket, prompt);
  };
  api_.on_session_changed = [this](const User& user) {
    for (const auto& connection : connections_) connection->on_session_changed(user);
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
  const Ticket* ticket = api_.ledger().find(trade.symbol, trade.order_id);
  if (ticket == nullptr) return trade.fill.trade_id;
  return execution(trade, api_.facts_of(*ticket), false).at("execution_id");
}

json::object Venue::more_of(const Order& order) const {
  const Ticket* ticket = api_.ledger().find(order.symbol, order.id);
  if (ticket == nullptr) return {};
  return {{"words", json::object{{"orderType", ticket->wanted.order_type},
                                 {"tif", ticket->wanted.tif},
                                 {"outsideRTH", ticket->wanted.outside_rth}}},
          {"waits", ticket->is_held}};
}

void Venue::publish(const Events& events) {
  for (const Trade& trade : events.trades) history_.add(trade);
  for (const Execution& told : events.executions) {
    api_.ledger().apply(told);
    const Order& order = told.order;
    const Ticket* ticket = std::as_const(api_).ledger().find(order.symbol, order.id);
    if (ticket == nullptr) continue;
    if (told.fill) {
      const AccountTrade trade{order.symbol, order.account, order.id, order.client_order_id, order.side, told.time,
                               *told.fill};
      for (const auto& connection : connections_) connection->on_fill(*ticket, trade);
    }
    for (const auto& connection : connections_) connection->on_order(*ticket, order);
  }
}

void Venue::send_bulletin(const std::string& text) {
  for (const auto& connection : connections_) connection->bulletin(text);
}

// Where a person types a name and a password into the gateway program.
Reply Venue::gateway_login(const Request& request) {
  Reply reply;
  reply.content_type = "text/html";
  std::string name = settings_.accounts.front().name;
  for (const std::string* fields : {&request.query, &request.body}) {
    for (const auto& [key, value] : form_fields(*fields)) {
      if (key == "user_name") name = value;
    }
  }
  for (auto& [unused, user] : api_.users()) {
    if (user.name != name) continue;
    api_.log_in_at_gateway(user);
    reply.cookie = "api=" + user.session.id + "; Path=/; Secure; HttpOnly";
    reply.text = "Client login succeeds";
    return reply;
  }
  reply.status = 401;
  reply.text = "Invalid username password combination";
  return reply;
}

RestExchange::Task Venue::task_of(const std::shared_ptr<const Request>& request) {
  Task task;
  if (request->path == "/sso/Login") {
    task.answer = [this, request] { return gateway_login(*request); };
    return task;
  }
  if (!Identity::operation(request->path).empty()) return identity_task(request);
  const auto call = std::make_shared<Call>();
  call->request = request.get();
  call->query = form_fields(request->query);
  call->body = parsed(request->body);
  const Operation* operation = api_.find(request->method, request->path, call->ids);
  if (operation == nullptr) {
    task.answer = [] { return refused(404, "Resource not found"); };
    return task;
  }
  task.operation = operation->name;
  task.endpoint = request->method + " /v1/api/" + std::string{operation->path};
  task.client_order_id = api_.client_order_id_of(*operation, *call);
  task.account = api_.account_named(*request);
  if (operation->is_order) task.recorded = call->object();
  task.answer = [this, operation, call, request] { return api_.perform(*operation, *call); };
  return task;
}

// Recorded without what came: nobody needs to read tokens here.
RestExchange::Task Venue::identity_task(const std::shared_ptr<const Request>& request) {
  const auto user = api_.identity().user_named(*request);
  std::string account = user ? engine_.accounts()[api_.users().at(*user).account].name : std::string{};
  return {Identity::operation(request->path), request->method + ' ' + request->path, {}, std::move(account),
          json::object{}, [this, request] { return api_.identity().answer(*request); }};
}

Reply Venue::faulty_reply(const Faults::Plan& plan) const {
  switch (plan.status) {
    case 401: return refused(401, "not authenticated");
    case 429: return refused(429, "Too many requests");
    case 403:
    case 502:
    case 504: {
      Reply reply = refused(plan.status, "by a fault");
      reply.text = gateway_page(plan.status);
      return reply;
    }
    case 500: return refused(500, "java.lang.Exception");
    case 503: return refused(503, "Service Unavailable");
    case 410: return refused(410, "Gone");
    default: return refused(plan.status, "failed to process request");
  }
}

std::string Venue::written(const json::value& body) const { return ibkr::written(body); }

// The session comes in a cookie, api=ID or api={"session":"ID"}; or later in a text.
std::shared_ptr<SocketOwner> Venue::on_upgrade(const Request& request, std::shared_ptr<Socket> socket,
                                               Response& refusal) {
  if (request.path != "/v1/api/ws" && request.path != "/v1/portal/ws") return nullptr;
  for (const auto& [name, value] : form_fields(request.query)) {
    const AccessToken* token = name == "oauth_token" ? api_.identity().token_named(value) : nullptr;
    if (name == "oauth_token" && (token == nullptr || token->is_revoked)) {
      refusal = response_to(unauthorized("oauth_token of a stream is not known"));
      return nullptr;
    }
  }
  const auto connection = std::make_shared<StreamConnection>(loop(), std::move(socket), connections(),
                                                             settings_.streams, faults_, api_);
  connections_.push_back(connection);
  std::string cookie{request.header("cookie")}, session;
  if (const std::size_t at = cookie.find("api="); at != std::string::npos) {
    session = cookie.substr(at + 4, cookie.find(';', at) - at - 4);
    if (session.starts_with('{')) {
      const json::value value = parsed(session);
      session = value.is_object() ? text_in(value.get_object(), "session") : std::string{};
    }
  }
  connection->log_in(session);
  return connection;
}

}  // namespace busbar::venue::ibkr
