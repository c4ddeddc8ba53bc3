#include "tools/venue/ibkr/venue.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "tools/venue/form.hpp"
#include "tools/venue/ibkr/numbers.hpp"

namespace busbar::venue::ibkr {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

Call call_from(const Request& request) {
  Call call;
  call.request = &request;
  call.query = form_fields(request.query);
  call.body = parsed(request.body);
  return call;
}

// What the broker, or whatever stands before it, says with a status.
Reply faulty_reply(const Faults::Plan& plan) {
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

}  // namespace

Venue::Venue(asio::io_context& loop, const Settings& settings)
    : Exchange{loop, settings, Commission::InQuote}, settings_{settings},
      api_{engine_,
           history_,
           Contracts{engine_, settings.contracts},
           settings.identity,
           settings.limits,
           settings.rules,
           settings.seed,
           [this] { return now(); },
           [this](const Events& events) { publish(events); }} {
  Identity& identity = api_.identity();
  for (const AccountSettings& account : settings.accounts) {
    const AccountId id = engine_.open_account(account.name, account.maker_rate, account.taker_rate, true);
    engine_.set_may_trade(id, account.may_trade);
    for (const auto& [asset, amount] : account.balances) {
      engine_.deposit(id, asset, amount, now());
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

// What a browser opens at the gateway program, and where a person types a name and a password.
bool Venue::is_gateway_page(const Request& request) const { return request.path == "/sso/Login"; }

Response Venue::gateway_login(const Request& request) {
  Response response;
  response.content_type = "text/html";
  std::string name = settings_.accounts.front().name;
  for (const auto& [key, value] : form_fields(request.query)) {
    if (key == "user_name") name = value;
  }
  for (const auto& [key, value] : form_fields(request.body)) {
    if (key == "user_name") name = value;
  }
  for (auto& [unused, user] : api_.users()) {
    if (user.name != name) continue;
    api_.log_in_at_gateway(user);
    response.headers.emplace_back("Set-Cookie", "api=" + user.session.id + "; Path=/; Secure; HttpOnly");
    response.body = "Client login succeeds";
    return response;
  }
  response.status = 401;
  response.body = "Invalid username password combination";
  return response;
}

void Venue::on_request(Request request, std::function<void(Response)> respond) {
  if (!takes_connections()) {  // nor does it answer on those it has
    Response none;
    none.is_dropped = true;
    return respond(std::move(none));
  }
  if (is_gateway_page(request)) return respond(gateway_login(request));
  if (!Identity::operation(request.path).empty()) return answer_identity(std::move(request), std::move(respond));
  struct Running {
    Request request;
    Call call;
    Reply reply;
  };
  const auto running = std::make_shared<Running>();
  running->request = std::move(request);
  running->call = call_from(running->request);
  Call& call = running->call;
  const Operation* operation = api_.find(running->request.method, running->request.path, call.ids);
  if (operation == nullptr) {
    return respond(response_of(Fate::Answered, {}, false, refused(404, "Resource not found")));
  }
  const std::string client_order_id = api_.client_order_id_of(*operation, call);
  const std::string endpoint = running->request.method + " /v1/api/" + std::string{operation->path};
  std::optional<Arrivals::Arrival> arrival;
  if (operation->is_order) {
    json::object params;
    if (call.body.is_object()) params = call.body.get_object();
    arrival = {running->request.realtime_ns, running->request.boottime_ns, "rest", std::string{operation->name},
               client_order_id, std::move(params)};
  }
  const std::string account = api_.account_named(running->request);
  perform({operation->name, endpoint, "rest", client_order_id, account}, std::move(arrival),
          {[this, operation, running] {
             Reply& reply = running->reply;
             reply = api_.perform(*operation, running->call);
             if (reply.status == 401) {
               last_refusal_ = reply.refusal;
               spdlog::debug("{} {}: {}", running->request.method, running->request.path, reply.refusal);
             }
             json::object record{{"outcome", !reply.refusal.empty() ? "refused"
                                             : reply.is_question    ? "asked"
                                                                    : "accepted"}};
             if (!reply.refusal.empty()) {
               record["code"] = reply.status;
               record["msg"] = reply.refusal;
             }
             if (reply.order_id != 0) record["order_id"] = reply.order_id;
             if (reply.account) record["account"] = engine_.accounts()[*reply.account].name;
             return record;
           },
           [this, running, respond = std::move(respond)](Fate fate, const Faults::Plan& plan, bool is_replaced) {
             respond(response_of(fate, plan, is_replaced, std::move(running->reply)));
           }});
}

void Venue::answer_identity(Request request, std::function<void(Response)> respond) {
  const std::string_view operation = Identity::operation(request.path);
  const std::string endpoint = request.method + ' ' + request.path;
  const auto user = api_.identity().user_named(request);
  const std::string account = user ? engine_.accounts()[api_.users().at(*user).account].name : std::string{};
  const auto reply = std::make_shared<Reply>();
  // Without what came: nobody needs to read tokens here.
  Arrivals::Arrival arrival{request.realtime_ns, request.boottime_ns, "rest", std::string{operation}, {}, {}};
  perform({operation, endpoint, "rest", {}, account}, std::move(arrival),
          {[this, reply, request = std::move(request)] {
             *reply = api_.identity().answer(request);
             if (reply->status == 401) last_refusal_ = reply->refusal;
             return json::object{{"outcome", reply->refusal.empty() ? "accepted" : "refused"}};
           },
           [this, reply, respond = std::move(respond)](Fate fate, const Faults::Plan& plan, bool is_replaced) {
             respond(response_of(fate, plan, is_replaced, std::move(*reply)));
           }});
}

Response Venue::response_of(Fate fate, const Faults::Plan& plan, bool is_replaced, Reply reply) const {
  Response response;
  if (fate != Fate::Answered) {
    response.is_dropped = fate == Fate::Dropped;
    response.is_endless = fate == Fate::Endless;
    return response;
  }
  response.content_type = "application/json;charset=utf-8";
  for (const Faults::Alteration& alteration : plan.alterations) alter(reply.body, alteration);
  if (is_replaced) {
    reply = faulty_reply(plan);
    if (!plan.body.empty() || plan.bytes > 0) reply.text = body_of(plan);
    if (plan.status == 429 && plan.retry_after_s > 0) {
      response.headers.emplace_back("Retry-After", std::to_string(plan.retry_after_s));
    }
  }
  response.status = reply.status;
  response.body = reply.text.empty() ? written(reply.body) : reply.text;
  if (!reply.text.empty() && reply.text.front() != '{' && reply.text.front() != '[') {
    response.content_type = reply.text.starts_with('<') ? "text/html" : "text/plain; charset=utf-8";
  }
  if (!reply.location.empty()) {
    response.headers.emplace_back("Location", reply.location);
    response.body.clear();
  }
  if (!reply.cookie.empty()) response.headers.emplace_back("Set-Cookie", reply.cookie);
  return response;
}

// The session comes in a cookie, api=ID or api={"session":"ID"}; or later in a text.
std::shared_ptr<SocketOwner> Venue::on_upgrade(const Request& request, std::shared_ptr<Socket> socket,
                                               Response& refusal) {
  if (request.path != "/v1/api/ws" && request.path != "/v1/portal/ws") return nullptr;
  for (const auto& [name, value] : form_fields(request.query)) {
    const AccessToken* token = name == "oauth_token" ? api_.identity().token_named(value) : nullptr;
    if (name == "oauth_token" && (token == nullptr || token->is_revoked)) {
      refusal = response_of(Fate::Answered, {}, false, unauthorized("oauth_token of a stream is not known"));
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
