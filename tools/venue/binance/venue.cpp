#include "tools/venue/binance/venue.hpp"

#include <algorithm>

#include <boost/json/serialize.hpp>

#include "tools/venue/amount.hpp"
#include "tools/venue/binance/signature.hpp"

namespace busbar::venue::binance {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

// Values of `name` in a query, as they stand there: streams and flags need no decoding but for the slash and the at
// sign.
std::optional<std::string> query_value(const std::string& query, std::string_view name) {
  const Params params = Params::from_form(query, {});
  if (!params.has(name)) return std::nullopt;
  return params.peek(name);
}

std::optional<TimeUnit> unit_named(std::string_view name) {
  if (name == "MICROSECOND" || name == "microsecond") return TimeUnit::Microseconds;
  if (name.empty() || name == "MILLISECOND" || name == "millisecond") return TimeUnit::Milliseconds;
  return std::nullopt;
}

std::string seconds_until(TimeUs time, TimeUs now) {
  return std::to_string((std::max<TimeUs>(0, time - now) + 999'999) / 1'000'000);
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('/'), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Reply faulty_reply(const Faults::Plan& plan, TimeUs now) {
  const TimeUs retry_at = now + plan.retry_after_s * 1'000'000;
  switch (plan.status) {
    case 418:
      return Api::failure({-1003,
                           "Way too much request weight used; IP banned until " + std::to_string(retry_at / 1'000) +
                               ". Please use WebSocket Streams for live updates to avoid bans.",
                           418, retry_at});
    case 429: return Api::failure({-1003, "Too many requests queued.", 429, retry_at});
    case 503: return Api::failure({-1000, "Unknown error, please check your request or try again later.", 503});
    case 504:
      return Api::failure(
          {-1007, "Timeout waiting for response from backend server. Send status unknown; execution status unknown.",
           504});
    default: return Api::failure({-1000, "An unknown error occurred while processing the request.", plan.status});
  }
}

}  // namespace

Venue::Venue(asio::io_context& loop, const Settings& settings)
    : Exchange{loop, settings, Commission::OfWhatIsReceived}, settings_{settings}, limits_{settings.limits},
      api_{engine_,
           history_,
           limits_,
           {},
           [this] { return now(); },
           [this](const Events& events) { publish(events); },
           settings.features,
           settings.seed} {
  for (const AccountSettings& account : settings.accounts) {
    const AccountId id = open_account(account);
    for (const KeySettings& key : account.keys) {
      api_.keys().push_back({key.api_key, key.secret, id, key.may_trade, false, key.addresses});
    }
  }
  api_.is_hidden = [this](const Order& order) { return faults_.is_hidden(order.created, now()); };
}

// Listen keys end, and some streams have a rhythm.
void Venue::on_tick(TimeUs now) {
  std::erase_if(api_connections_, [](const auto& connection) { return connection->is_closed(); });
  std::erase_if(stream_connections_, [](const auto& connection) { return connection->is_closed(); });
  for (const auto& connection : stream_connections_) connection->on_tenth_of_second(now);
  tell_expired_listen_keys();
}

void Venue::each_connection(const Visit& visit) const {
  for (const auto& connection : api_connections_) visit(*connection);
  for (const auto& connection : stream_connections_) visit(*connection);
}

void Venue::publish(const Events& events) {
  const TimeUs time = now();
  for (const Trade& trade : events.trades) history_.add(trade);
  for (const Execution& execution : events.executions) {
    const bool is_first_fill = execution.fill && execution.order.executed == execution.fill->qty;
    if (is_first_fill) limits_.count_first_fill(execution.order.account, time);
  }

  const std::vector<SymbolId> new_tops = take_new_tops(events);

  for (const Execution& execution : events.executions) {
    tell_account(
        execution.order.account, [&](TimeUnit unit) { return execution_report(engine_, execution, time, unit); }, time);
  }
  for (const ListChange& change : events.lists) {
    tell_account(
        change.list.account, [&](TimeUnit unit) { return list_status(engine_, change, time, unit); }, time);
  }
  for (const auto& [account, assets] : events.balances) {
    tell_account(
        account,
        [&, &account = account, &assets = assets](TimeUnit unit) {
          return account_position(engine_, account, assets, time, unit);
        },
        time);
  }
  for (const auto& connection : stream_connections_) connection->on_events(events, new_tops, time);
}

// To every subscription of the account, whichever way it came to be.
void Venue::tell_account(AccountId account, const std::function<json::object(TimeUnit)>& shape, TimeUs time) {
  const auto shaped = [&](TimeUnit unit) {
    json::value event = shape(unit);
    if (!api_.features().has_newer_members) api_.trim(event);
    return std::move(event.get_object());
  };
  for (const auto& connection : api_connections_) connection->on_event(account, shaped, time);
  for (const auto& connection : stream_connections_) connection->on_account_event(account, shaped, time);
}

void Venue::tell_balances(AccountId account, const std::string& asset, Decimal change) {
  const TimeUs time = now();
  tell_account(
      account, [&](TimeUnit unit) { return account_position(engine_, account, {asset}, time, unit); }, time);
  tell_account(
      account,
      [&](TimeUnit unit) -> json::object {
        return {{"e", "balanceUpdate"},
                {"E", stamp(time, unit)},
                {"a", asset},
                {"d", fixed(change)},
                {"T", stamp(time, unit)}};
      },
      time);
}

void Venue::expire_listen_keys(std::optional<AccountId> account) {
  api_.listen_keys().expire(account);
  tell_expired_listen_keys();
}

void Venue::tell_expired_listen_keys() {
  for (const std::string& key : api_.listen_keys().take_expired(now())) {
    for (const auto& connection : stream_connections_) connection->on_listen_key_expired(key, now());
  }
}

json::object Venue::record_of(const Reply& reply) const {
  json::object record{{"outcome", reply.code == 0 ? "accepted" : "refused"}};
  const json::object* body = reply.body.if_object();
  if (reply.code != 0) {
    record["code"] = reply.code;
    if (body != nullptr && body->contains("msg")) record["msg"] = body->at("msg");
  } else if (body != nullptr && body->contains("orderId")) {
    record["order_id"] = body->at("orderId");
    if (body->contains("symbol")) record["symbol"] = body->at("symbol");
  }
  if (reply.account) record["account"] = engine_.accounts()[*reply.account].name;
  return record;
}

// The same way for both transports.
void Venue::perform(const Operation& operation, Call call, std::string_view transport, const Request& arrived,
                    Finish finish) {
  std::string client_order_id = call.params.peek("newClientOrderId");
  if (client_order_id.empty()) client_order_id = call.params.peek("listClientOrderId");
  if (operation.name != "order.place" || client_order_id.empty()) {
    if (const std::string original = call.params.peek("origClientOrderId"); !original.empty())
      client_order_id = original;
  }
  std::optional<Arrivals::Arrival> arrival;
  if (operation.is_order) {
    arrival = {arrived.realtime_ns, arrived.boottime_ns, std::string{transport}, std::string{operation.name},
               client_order_id, call.params.as_json()};
  }
  const std::string endpoint = std::string{operation.method} + ' ' + std::string{operation.path};
  const Key* key = api_.usable_key(call.api_key.empty() ? call.session_key : call.api_key, call.address);
  const std::string account = key == nullptr ? std::string{} : engine_.accounts()[key->account].name;
  struct Running {
    Call call;
    Reply reply;
  };
  const auto running = std::make_shared<Running>(Running{std::move(call), {}});
  const auto act = [this, &operation, running] {
    running->reply = api_.perform(operation, running->call);
    return record_of(running->reply);
  };
  const auto answer = [this, running, finish = std::move(finish)](Fate fate, const Faults::Plan& plan,
                                                                  bool is_replaced) {
    std::optional<std::string> raw_body;
    Reply reply = std::move(running->reply);
    for (const Faults::Alteration& alteration : plan.alterations) alter(reply.body, alteration);
    if (is_replaced) {
      reply = faulty_reply(plan, now());
      if (!plan.body.empty() || plan.bytes > 0) raw_body = body_of(plan);
      else if (plan.status == 502 || plan.status == 403) raw_body = gateway_page(plan.status);
    }
    finish(fate, std::move(reply), std::move(raw_body));
  };
  Exchange::perform({operation.name, endpoint, transport, client_order_id, account}, std::move(arrival), {act, answer});
}

void Venue::on_request(Request request, std::function<void(Response)> respond) {
  if (!takes_connections()) {  // nor does it answer on those it has
    Response none;
    none.is_dropped = true;
    return respond(std::move(none));
  }
  Call call;
  const bool takes_body = request.method != "GET";
  call.params = Params::from_form(request.query, takes_body ? request.body : std::string{});
  call.payload = signing_payload(request.query, takes_body ? request.body : std::string{});
  call.api_key = request.header("x-mbx-apikey");
  call.address = request.remote;
  const auto unit = unit_named(request.header("x-mbx-time-unit"));
  call.unit = unit.value_or(TimeUnit::Milliseconds);
  if (!unit) {
    Response response;
    response.status = 400;
    response.body = json::serialize(json::object{
        {"code", -1194}, {"msg", "Invalid value for time unit; expected either MICROSECOND or MILLISECOND."}});
    return respond(std::move(response));
  }

  const Operation* operation = api_.by_path(request.method, request.path);
  if (operation == nullptr) {
    Response response;
    response.status = 404;
    response.body = json::serialize(json::object{{"timestamp", now() / 1'000},
                                                 {"status", 404},
                                                 {"error", "Not Found"},
                                                 {"message", "No message available"},
                                                 {"path", request.path}});
    return respond(std::move(response));
  }
  const std::string address = call.address;
  perform(*operation, std::move(call), "rest", request,
          [this, address, respond = std::move(respond)](Fate fate, const Reply& reply,
                                                        const std::optional<std::string>& raw_body) {
            Response response;
            if (fate != Fate::Answered) {
              response.is_dropped = fate == Fate::Dropped;
              response.is_endless = fate == Fate::Endless;
              return respond(std::move(response));
            }
            response.status = reply.status;
            response.body = raw_body ? *raw_body : json::serialize(reply.body);
            if (raw_body && raw_body->starts_with('<')) response.content_type = "text/html";
            const std::string used = std::to_string(limits_.used_weight(address, now()));
            response.headers.emplace_back("x-mbx-used-weight", used);
            response.headers.emplace_back("x-mbx-used-weight-1m", used);
            if (reply.counts_orders && reply.account) {
              const auto [ten_seconds, day] = limits_.order_counts(*reply.account, now());
              response.headers.emplace_back("x-mbx-order-count-10s", std::to_string(ten_seconds));
              response.headers.emplace_back("x-mbx-order-count-1d", std::to_string(day));
            }
            if (reply.retry_at != 0) {
              response.headers.emplace_back("Retry-After", seconds_until(reply.retry_at, now()));
            }
            respond(std::move(response));
          });
}

std::shared_ptr<SocketOwner> Venue::on_upgrade(const Request& request, std::shared_ptr<Socket> socket,
                                               Response& refusal) {
  const bool is_api = request.path == "/ws-api/v3";
  Limits::Verdict verdict = limits_.admit_connection(request.remote, now());
  if (verdict.kind == Limits::Verdict::Pass && is_api) verdict = limits_.admit(request.remote, 2, now());
  if (verdict.kind != Limits::Verdict::Pass) {
    refusal.status = verdict.kind == Limits::Verdict::Banned ? 418 : 429;
    refusal.headers.emplace_back("Retry-After", seconds_until(verdict.retry_at, now()));
    return nullptr;
  }
  const auto unit = unit_named(query_value(request.query, "timeUnit").value_or(std::string{}));
  if (!unit) {
    refusal.status = 400;
    return nullptr;
  }
  if (is_api) return on_api_upgrade(request, std::move(socket), *unit);
  StreamConnection::Options options;
  options.unit = *unit;
  options.account_of = [this](const std::string& name) { return api_.listen_keys().account_of(name, now()); };
  if (request.path == "/ws" || request.path.starts_with("/ws/")) {
    std::string names = request.path.substr(3);
    for (std::size_t at = names.find("%40"); at != std::string::npos; at = names.find("%40")) names.replace(at, 3, "@");
    options.streams = split(names);
  } else if (request.path == "/stream") {
    options.is_combined = true;
    options.streams = split(query_value(request.query, "streams").value_or(std::string{}));
  } else {
    return nullptr;
  }
  const auto connection = std::make_shared<StreamConnection>(loop(), std::move(socket), connections(), faults_,
                                                             engine_, history_, std::move(options), now());
  stream_connections_.push_back(connection);
  return connection;
}

std::shared_ptr<SocketOwner> Venue::on_api_upgrade(const Request& request, std::shared_ptr<Socket> socket,
                                                   TimeUnit unit) {
  const bool shows = query_value(request.query, "returnRateLimits").value_or("true") != "false";
  const auto connection = std::make_shared<ApiConnection>(
      loop(), std::move(socket), connections(), faults_, api_,
      ApiConnection::Options{shows, unit, request.remote},
      [this](const Operation& operation, Call call, const Request& arrived, ApiConnection& from,
             ApiConnection::Answer answer) {
        perform(operation, std::move(call), "ws", arrived,
                [weak = std::weak_ptr<Connection>{from.weak_from_this()}, answer = std::move(answer)](
                    Fate fate, const Reply& reply, const std::optional<std::string>&) {
                  if (fate == Fate::Answered) return answer(reply);
                  if (const auto alive = weak.lock()) alive->reset();
                });
      });
  api_connections_.push_back(connection);
  return connection;
}

}  // namespace busbar::venue::binance
