#include "tools/venue/alpaca/venue.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

#include "tools/venue/amount.hpp"

namespace busbar::venue::alpaca {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

bool is_terminal(const Execution& execution) { return !execution.order.is_open(); }

}  // namespace

Venue::Venue(asio::io_context& loop, const Settings& settings)
    : RestExchange{loop, settings, Commission::OfWhatIsReceived}, settings_{settings},
      api_{engine_,
           history_,
           settings.assets,
           settings.hours,
           settings.limits,
           settings.rules,
           settings.seed,
           [this] { return now(); },
           [this](const Events& events) { publish(events); }},
      login_{api_, settings.login} {
  open_accounts();
  api_.is_hidden = [this](const Order& order) { return faults_.is_hidden(order.created, now()); };
  api_.on_order_said = [this](const Ticket& ticket, std::string_view event) {
    tell(ticket, event, api_.shape(ticket), now(), nullptr);
  };
  api_.on_halt = [this](const Asset& asset) {
    for (const auto& stream : data_streams_) stream->on_halt(asset, now());
  };
}

void Venue::open_accounts() {
  for (const AccountSettings& account : settings_.accounts) {
    const AccountId id = open_account(account);
    for (const auto& [asset, amount] : account.balances) tell_balances(id, asset, amount);
    for (const KeySettings& key : account.keys) api_.keys().push_back({key.id, key.secret, id, key.may_trade, false});
    for (const std::string& token : account.access_tokens) api_.bearers().push_back({token, id, true, true, false});
  }
}

// No stream tells of money; what came without an order is worth what the market says.
void Venue::tell_balances(AccountId account, const std::string& asset, Decimal change) {
  const Asset* traded = api_.assets().of_holding(asset);
  api_.ledger().deposit(account, asset, change, traded == nullptr ? Decimal{} : engine_.last_price(traded->symbol));
}

void Venue::on_tick(TimeUs now) {
  api_.on_tick();
  std::erase_if(trade_streams_, [](const auto& stream) { return stream->is_closed(); });
  std::erase_if(data_streams_, [](const auto& stream) { return stream->is_closed(); });
  for (const auto& stream : data_streams_) stream->on_tenth_of_second(now);
}

void Venue::each_connection(const Visit& visit) const {
  for (const auto& stream : trade_streams_) visit(*stream);
  for (const auto& stream : data_streams_) visit(*stream);
}

json::value Venue::order_name(const Order& order) const {
  const Ticket* ticket = api_.ledger().find(order.symbol, order.id);
  return ticket == nullptr ? json::value(order.id) : json::value(ticket->order_id);  // the house's have none
}

json::value Venue::trade_name(const AccountTrade& trade) const {
  return json::value(api_.fill_uuid(trade.symbol, trade.fill.trade_id, trade.order_id));
}

json::object Venue::more_of(const Order& order) const {
  const Ticket* ticket = api_.ledger().find(order.symbol, order.id);
  if (ticket == nullptr) return {};
  return {{"words", json::object{{"type", ticket->type},
                                 {"time_in_force", ticket->time_in_force},
                                 {"order_class", ticket->order_class},
                                 {"extended_hours", ticket->extended_hours}}},
          {"replaces", ticket->replaces},
          {"replaced_by", ticket->replaced_by},
          {"waits", ticket->waits != Waits::No}};
}

void Venue::tell(const Ticket& ticket, std::string_view event, json::object order, TimeUs time,
                 const Execution* execution) {
  const std::string& base = engine_.symbol(ticket.symbol).base;
  const bool is_fill = execution != nullptr && execution->fill;
  const std::string id = is_fill ? api_.fill_uuid(ticket.symbol, execution->fill->trade_id, ticket.number)
                                 : api_.ledger().uuid("execution", ++said_);
  json::object data{{"at", rfc3339(time)},
                    {"event", event},
                    {"event_id", std::to_string(time)},
                    {"execution_id", id},
                    {"order", std::move(order)},
                    {"timestamp", rfc3339(time, 9)}};
  if (is_fill) {
    data["position_qty"] = plain(api_.ledger().holding(ticket.account, base).qty);
    data["price"] = plain(execution->fill->price);
    data["qty"] = plain(execution->fill->qty);
  }
  for (const auto& stream : trade_streams_) stream->on_update(ticket.account, event, data, now());
}

// One step of the engine in the broker's words.
void Venue::tell(const Execution& execution) {
  const Order& order = execution.order;
  api_.ledger().apply(execution, engine_.symbol(order.symbol).base, order.quote_asset);
  Ticket* ticket = api_.ledger().find(order.symbol, order.id);
  if (ticket == nullptr) return;
  ticket->shown.clear();
  const std::string_view status = shown_status(order, *ticket);
  const auto say = [&](std::string_view event, std::string_view as) {
    tell(*ticket, event, api_.shape(*ticket, order, as), execution.time, &execution);
  };
  switch (execution.type) {
    case ExecutionType::New:
      if (ticket->is_replacing) return;  // nobody has heard of it until it takes its place
      if (order.status == Status::PendingNew) return say(ticket->waits == Waits::No ? "held" : "accepted", status);
      if (std::exchange(ticket->is_told, true)) return;  // a stop that begins to work is no news
      if (ticket->replaces.empty() && !ticket->parent) say("pending_new", "pending_new");
      return say("new", status);
    case ExecutionType::Trade: return say(order.status == Status::Filled ? "fill" : "partial_fill", status);
    case ExecutionType::Replaced: return;
    default: break;
  }
  if (is_terminal(execution)) say(status, status);
}

void Venue::publish(const Events& events) {
  const TimeUs time = now();
  for (const Trade& trade : events.trades) history_.add(trade);
  for (const Execution& execution : events.executions) tell(execution);
  const std::vector<SymbolId> new_tops = take_new_tops(events);
  for (const SymbolId symbol : new_tops) api_.remember_top(symbol);
  for (const auto& stream : data_streams_) stream->on_events(events, new_tops, time);
  if (!events.trades.empty()) api_.on_trades(events.trades);
}

RestExchange::Task Venue::task_of(const std::shared_ptr<const Request>& request) {
  const auto call = std::make_shared<Call>();
  *call = {venue::call_from(*request), std::string{request->header("apca-api-key-id")},
           std::string{request->header("apca-api-secret-key")}};
  const Operation* operation = api_.find(request->method, request->path, call->id);
  Task task;
  if (operation == nullptr) {
    task.answer = [] { return Api::failure(404, 40410000, "endpoint not found."); };
    return task;
  }
  task.operation = operation->name;
  task.endpoint = std::string{operation->method} + ' ' + std::string{operation->path};
  task.client_order_id = api_.client_order_id_of(*operation, *call);
  task.account = api_.account_named(*call);
  if (operation->is_order) {
    task.recorded = call->body;
    if (!call->id.empty()) (*task.recorded)["id"] = call->id;
  }
  task.answer = [this, operation, call] { return api_.perform(*operation, *call); };
  return task;
}

Reply Venue::faulty_reply(const Faults::Plan& plan) const {
  Reply reply;
  switch (plan.status) {
    case 401: return Api::unauthorized();
    case 403: return Api::failure(403, 0, "forbidden.");
    case 429: return Api::too_many();
    case 500: return Api::failure(500, 50010000, "internal server error occurred");
    case 502:
    case 503:
    case 504:
      reply.status = plan.status;
      reply.text = gateway_page(plan.status);
      return reply;
    default: return Api::failure(plan.status, std::int64_t{plan.status} * 100'000, "request failed");
  }
}

std::string Venue::written(const json::value& body) const { return to_json(body); }

void Venue::finish(const Reply& reply, Response& response) {
  response.content_type = "application/json; charset=UTF-8";
  std::string id = uuid_of(settings_.seed, "request", ++requests_);
  std::erase(id, '-');
  response.headers.emplace_back("X-Request-ID", std::move(id));
  if (reply.limit == 0) return;
  response.headers.emplace_back("X-Ratelimit-Limit", std::to_string(reply.limit));
  response.headers.emplace_back("X-Ratelimit-Remaining", std::to_string(reply.left));
  response.headers.emplace_back("X-Ratelimit-Reset", std::to_string(reply.reset_s));
}

std::shared_ptr<SocketOwner> Venue::on_upgrade(const Request& request, std::shared_ptr<Socket> socket, Response&) {
  const bool is_msgpack = request.header("content-type") == "application/msgpack";
  if (request.path == "/stream") {
    const auto stream =
        std::make_shared<TradeStream>(loop(), std::move(socket), connections(), faults_, api_, is_msgpack);
    trade_streams_.push_back(stream);
    return stream;
  }
  std::string feed;
  for (const char* known : {"iex", "sip", "delayed_sip"}) {
    if (request.path == std::string{"/v2/"} + known) feed = known;
  }
  if (request.path == "/v1beta3/crypto/us") feed = "crypto";
  if (feed.empty()) return nullptr;
  const auto peers = [this](AccountId account, const std::string& of) {
    return std::count_if(data_streams_.begin(), data_streams_.end(),
                         [&](const auto& stream) { return stream->is_of(account, of); });
  };
  const auto stream = std::make_shared<DataStream>(loop(), std::move(socket), connections(), faults_, api_, feed,
                                                   is_msgpack, peers);
  data_streams_.push_back(stream);
  asio::post(loop(), [stream] { stream->greet(); });
  return stream;
}

}  // namespace busbar::venue::alpaca
