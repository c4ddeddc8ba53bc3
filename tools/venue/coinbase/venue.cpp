#include "tools/venue/coinbase/venue.hpp"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <spdlog/spdlog.h>

namespace busbar::venue::coinbase {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

struct Opened {
  std::vector<Key> keys;
  std::vector<Bearer> bearers;
};

Opened open_accounts(Engine& engine, const std::vector<AccountSettings>& accounts, TimeUs now) {
  Opened opened;
  for (const AccountSettings& settings : accounts) {
    const AccountId id = engine.open_account(settings.name, settings.maker_rate, settings.taker_rate, true);
    for (const auto& [asset, amount] : settings.balances) engine.deposit(id, asset, amount, now);
    engine.set_may_trade(id, settings.may_trade);
    for (const KeySettings& key : settings.keys) opened.keys.push_back({key.name, key.key, id, key.permissions, false});
    for (const std::string& token : settings.access_tokens) opened.bearers.push_back({token, id, {}, 0, 0});
  }
  return opened;
}

Call call_from(const Request& request) {
  Call call;
  call.method = request.method;
  call.path = request.path;
  call.host = request.header("host");
  call.query = form_fields(request.query);
  call.authorization = request.header("authorization");
  call.address = request.remote;
  if (request.method != "POST") return call;  // the official SDK sends a body with its GET requests too
  boost::system::error_code error;
  const json::value body = json::parse(request.body, error);
  call.is_json = !error && body.is_object();
  if (call.is_json) call.body = body.get_object();
  return call;
}

// What the broker, or whatever stands before it, says with a status.
Reply faulty_reply(const Faults::Plan& plan) {
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

}  // namespace

Venue::Venue(asio::io_context& loop, const Settings& settings)
    : Exchange{loop, settings, Commission::InQuote}, settings_{settings},
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
  Opened opened = open_accounts(engine_, settings.accounts, now());
  api_.keys() = std::move(opened.keys);
  api_.bearers() = std::move(opened.bearers);
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

void Venue::on_request(Request request, std::function<void(Response)> respond) {
  if (!takes_connections()) {  // nor does it answer on those it has
    Response none;
    none.is_dropped = true;
    return respond(std::move(none));
  }
  Call call = call_from(request);
  const Operation* operation = api_.find(request.method, request.path, call.id);
  if (operation == nullptr) {
    if (!login_.operation(request).empty()) return log_in(std::move(request), std::move(respond));
    Reply unknown;
    unknown.status = 404;
    unknown.body =
        json::object{{"errors", json::array(1, json::object{{"id", "not_found"}, {"message", "Not found"}})}};
    return respond(response_of(Fate::Answered, {}, false, std::move(unknown)));
  }
  const std::string client_order_id = api_.client_order_id_of(*operation, call);
  const std::string endpoint = std::string{operation->method} + ' ' + std::string{operation->path};
  std::optional<Arrivals::Arrival> arrival;
  if (operation->is_order) {
    arrival = {request.realtime_ns, request.boottime_ns, "rest", std::string{operation->name}, client_order_id,
               call.body};
  }
  struct Running {
    Call call;
    Reply reply;
  };
  const auto running = std::make_shared<Running>(Running{std::move(call), {}});
  const std::string account = api_.account_named(running->call);
  perform({operation->name, endpoint, "rest", client_order_id, account}, std::move(arrival),
          {[this, operation, running] {
             Reply& reply = running->reply;
             reply = api_.perform(*operation, running->call);
             if (reply.status == 401) {
               last_refusal_ = reply.refusal;
               spdlog::debug("{} {}: {}", running->call.method, running->call.path, reply.refusal);
             }
             json::object record{{"outcome", reply.refusal.empty() ? "accepted" : "refused"}};
             if (!reply.refusal.empty()) {
               record["code"] = reply.status;
               record["msg"] = reply.refusal;
             } else if (const json::object* body = reply.body.if_object(); body->contains("order_id")) {
               record["order_id"] = body->at("order_id");
             }
             if (reply.account) record["account"] = engine_.accounts()[*reply.account].name;
             return record;
           },
           [this, running, respond = std::move(respond)](Fate fate, const Faults::Plan& plan, bool is_replaced) {
             respond(response_of(fate, plan, is_replaced, std::move(running->reply)));
           }});
}

void Venue::log_in(Request request, std::function<void(Response)> respond) {
  const std::string_view operation = login_.operation(request);
  if (operation == "login.consent" && login_.settings().asks_user) {  // a page with a question, and nobody before it yet
    asked_.push_back([this, request = std::move(request), respond = std::move(respond)] {
      respond(response_of(Fate::Answered, {}, false, login_.answer(request)));
    });
    return;
  }
  const std::string endpoint = request.method + ' ' + request.path;
  const auto reply = std::make_shared<Reply>();
  // Without what came: nobody needs to read tokens here.
  Arrivals::Arrival arrival{request.realtime_ns, request.boottime_ns, "rest", std::string{operation}, {}, {}};
  perform({operation, endpoint, "rest", {}, {}}, std::move(arrival),
          {[this, reply, request = std::move(request)] {
             *reply = login_.answer(request);
             return json::object{{"outcome", reply->refusal.empty() ? "accepted" : "refused"}};
           },
           [this, reply, respond = std::move(respond)](Fate fate, const Faults::Plan& plan, bool is_replaced) {
             respond(response_of(fate, plan, is_replaced, std::move(*reply)));
           }});
}

std::size_t Venue::answer_for_user(bool is_yes) {
  const auto asked = std::exchange(asked_, {});
  for (const auto& answer : asked) {
    login_.declines = !is_yes;
    answer();
  }
  return asked.size();
}

Response Venue::response_of(Fate fate, const Faults::Plan& plan, bool is_replaced, Reply reply) const {
  Response response;
  if (fate != Fate::Answered) {
    response.is_dropped = fate == Fate::Dropped;
    response.is_endless = fate == Fate::Endless;
    return response;
  }
  response.content_type = "application/json";
  for (const Faults::Alteration& alteration : plan.alterations) alter(reply.body, alteration);
  if (is_replaced) {
    reply = faulty_reply(plan);
    if (!plan.body.empty() || plan.bytes > 0) reply.text = body_of(plan);
    if (plan.status == 429 && plan.retry_after_s > 0) {
      response.headers.emplace_back("Retry-After", std::to_string(plan.retry_after_s));
    }
  }
  response.status = reply.status;
  response.body = reply.text.empty() ? json::serialize(reply.body) : reply.text;
  if (!reply.text.empty() && reply.text.front() != '{') {
    response.content_type = reply.text.starts_with('<') ? "text/html" : "text/plain; charset=utf-8";
  }
  if (!reply.location.empty()) {
    response.headers.emplace_back("Location", reply.location);
    response.body.clear();
  }
  if (reply.limit > 0) {
    response.headers.emplace_back("x-ratelimit-limit", std::to_string(reply.limit));
    response.headers.emplace_back("x-ratelimit-remaining", std::to_string(reply.left));
    response.headers.emplace_back("x-ratelimit-reset", "1");
  }
  return response;
}

std::shared_ptr<SocketOwner> Venue::on_upgrade(const Request& request, std::shared_ptr<Socket> socket,
                                               Response& refusal) {
  if (request.path != "/" && !request.path.empty()) return nullptr;
  const std::int64_t most = api_.limits().settings().connections_per_second;
  if (api_.limits().left_after_one("connections " + request.remote, most, now()) < 0) {
    refusal = response_of(Fate::Answered, {}, false, Api::too_many());
    return nullptr;
  }
  const auto connection = std::make_shared<StreamConnection>(loop(), std::move(socket), connections(),
                                                             settings_.streams, faults_, api_, request.remote);
  connections_.push_back(connection);
  return connection;
}

}  // namespace busbar::venue::coinbase
