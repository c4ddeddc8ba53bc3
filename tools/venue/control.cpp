#include "tools/venue/control.hpp"

#include <stdexcept>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "tools/venue/amount.hpp"
#include "tools/venue/names.hpp"

namespace busbar::venue {

namespace json = boost::json;

std::string text_of(const json::object& object, std::string_view name, std::string_view fallback) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return std::string{fallback};
  if (!value->is_string()) throw std::invalid_argument{std::string{name} + ": a string is needed"};
  return std::string{value->get_string()};
}

std::string required(const json::object& object, std::string_view name) {
  const std::string text = text_of(object, name, {});
  if (text.empty()) throw std::invalid_argument{std::string{name} + ": is missing"};
  return text;
}

std::int64_t integer_of(const json::object& object, std::string_view name, std::int64_t fallback) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return fallback;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  if (error) throw std::invalid_argument{std::string{name} + ": a whole number is needed"};
  return number;
}

bool flag_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<bool> flag_if_given(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) throw std::invalid_argument{std::string{name} + ": true or false"};
  return value->get_bool();
}

std::optional<std::vector<std::string>> texts_if_given(const json::object& object, std::string_view name) {
  const json::value* given = object.if_contains(name);
  if (given == nullptr) return std::nullopt;
  const std::string reason = std::string{name} + ": a list of strings is needed";
  if (!given->is_array()) throw std::invalid_argument{reason};
  std::vector<std::string> texts;
  for (const json::value& text : given->get_array()) {
    if (!text.is_string()) throw std::invalid_argument{reason};
    texts.emplace_back(text.get_string());
  }
  return texts;
}

namespace {

constexpr std::int64_t day_ms = 86'400'000;

Decimal decimal_of(const json::object& object, std::string_view name) {
  const std::string text = text_of(object, name, "0");
  const auto number = Decimal::parse(text);
  if (!number || number->normalized().exponent() < -places_max) {
    throw std::invalid_argument{std::string{name} + ": no amount: " + text};
  }
  return *number;
}

std::string stream_of(const json::object& body) {
  std::string stream = text_of(body, "stream", {});
  if (!stream.empty() && stream != "orders" && stream != "market") {
    throw std::invalid_argument{"stream: orders or market"};
  }
  return stream;
}

json::array levels_of(const Engine::Levels& levels) {
  json::array list;
  for (const auto& [price, qty] : levels) list.push_back(json::array{fixed(price), fixed(qty)});
  return list;
}

std::map<std::string, std::string, std::less<>> query_of(std::string_view text) {
  std::map<std::string, std::string, std::less<>> query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    query.emplace(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  }
  return query;
}

std::uint64_t number_of(std::string_view text, const char* reason) {
  const bool is_number = !text.empty() && text.size() < 18 && text.find_first_not_of("0123456789") == text.npos;
  if (!is_number) throw std::out_of_range{reason};
  return std::stoull(std::string{text});
}

}  // namespace

Control::Control(Exchange& exchange) : exchange_{exchange} {
  offer({"GET", "/help", "these lines", [this](const auto&, const auto&) { return help(); }});
  offer({"GET", "/status", "time, market rate, streams, last prices",
       [this](const auto&, const auto&) { return json::value(status()); }});
  offer({"GET", "/book", "?account=NAME: orders, trades, order lists, balances and the books as they are",
       [this](const auto&, const auto& query) {
         const auto account = query.find("account");
         return json::value(book(account == query.end() ? std::string{} : account->second));
       }});
  offer({"GET", "/arrivals", "?since=N: order and cancel requests as they came",
       [this](const auto&, const auto& query) { return get_arrivals(query); }});
  offer({"GET", "/faults", "the rules and how often each has struck",
       [this](const auto&, const auto&) { return json::value(json::object{{"faults", exchange_.faults().list()}}); }});
  offer({"POST", "/faults", "a rule: kind, endpoint, transport, client_order_id, account, stream, event, next, probability, ...",
       [this](const auto& body, const auto&) {
         return json::value(json::object{{"id", exchange_.faults().add(body, exchange_.now())}});
       }});
  offer({"DELETE", "/faults", "all rules; /faults/ID: one of them", [this](const auto&, const auto&) {
         exchange_.faults().clear();
         return json::value(json::object{});
       }});
  offer({"POST", "/market", "steps_per_second, step, clear",
       [this](const auto& body, const auto&) { return move_market(body); }});
  offer({"POST", "/orders", "symbol, side, quantity, price, time_in_force: an order of the house",
       [this](const auto& body, const auto&) { return house_order(body); }});
  offer({"POST", "/deposit", "account, asset, amount",
         [this](const auto& body, const auto&) { return deposit(body); }});
  offer({"POST", "/clock", "skew_ms: the venue's clock against the true one",
       [this](const auto& body, const auto&) { return set_clock(body); }});
  offer({"POST", "/accounts", "account, may_trade", [this](const auto& body, const auto&) {
         const auto may_trade = flag_if_given(body, "may_trade");
         if (!may_trade) throw std::invalid_argument{"may_trade: is missing"};
         exchange_.engine().set_may_trade(account_of(body), *may_trade);
         return json::value(json::object{});
       }});
  offer({"POST", "/streams/close", "stream, reset", [this](const auto& body, const auto&) {
         const std::size_t closed = exchange_.close_streams(stream_of(body), flag_of(body, "reset"));
         return json::value(json::object{{"closed", closed}});
       }});
  offer({"POST", "/streams/shutdown", "stream: says that it will end, where the broker says so, and goes on",
       [this](const auto& body, const auto&) {
         return json::value(json::object{{"told", exchange_.announce_shutdown(stream_of(body))}});
       }});
  offer({"POST", "/streams/send", "stream, text, bytes: this text, again and again until it is so long, as one frame",
         [this](const auto& body, const auto&) {
           Faults::Plan plan;
           plan.body = required(body, "text");
           plan.bytes = integer_of(body, "bytes", 0);
           if (plan.bytes < 0 || plan.bytes > 1'000'000'000) throw std::invalid_argument{"bytes: 0 to 1e9"};
           return json::value(json::object{{"told", exchange_.send_raw(stream_of(body), body_of(plan))}});
         }});
  offer({"POST", "/connections", "refuse_ms: nothing is taken or answered; reset; any key of [venue.connections]",
       [this](const auto& body, const auto&) { return set_connections(body); }});
}

void Control::on_request(Request request, std::function<void(Response)> respond) {
  Response response;
  try {
    response.body = json::serialize(answer(request));
  } catch (const std::out_of_range& unknown) {
    response.status = 404;
    response.body = json::serialize(json::object{{"error", unknown.what()}});
  } catch (const std::invalid_argument& refused) {
    response.status = 400;
    response.body = json::serialize(json::object{{"error", refused.what()}});
  }
  response.body += '\n';
  respond(std::move(response));
}

json::value Control::answer(const Request& request) {
  json::object body;
  if (!request.body.empty()) {
    boost::system::error_code error;
    const json::value parsed = json::parse(request.body, error);
    if (error || !parsed.is_object()) throw std::invalid_argument{"the body is no JSON object"};
    body = parsed.get_object();
  }
  if (request.method == "DELETE" && request.path.starts_with("/faults/")) return remove_fault(request.path.substr(8));
  for (const Call& call : calls_) {
    if (call.method == request.method && call.path == request.path) return call.run(body, query_of(request.query));
  }
  throw std::out_of_range{"no such call: " + request.method + ' ' + request.path + "; GET /help tells them"};
}

json::value Control::help() const {
  json::object lines;
  for (const Call& call : calls_) lines[std::string{call.method} + ' ' + std::string{call.path}] = call.about;
  return lines;
}

json::value Control::get_arrivals(const Query& query) const {
  const auto since = query.find("since");
  const std::uint64_t first = since == query.end() ? 0 : number_of(since->second, "since: a whole number is needed");
  return json::object{{"arrivals", exchange_.arrivals().since(first)}};
}

json::value Control::remove_fault(const std::string& id) {
  if (!exchange_.faults().remove(number_of(id, "no such fault"))) throw std::out_of_range{"no such fault"};
  return json::object{};
}

json::value Control::move_market(const json::object& body) {
  if (body.contains("steps_per_second")) {
    const std::int64_t rate = integer_of(body, "steps_per_second", 0);
    if (rate < 0 || rate > 1'000) throw std::invalid_argument{"steps_per_second: 0 to 1000"};
    exchange_.set_market_rate(rate);
  }
  if (flag_of(body, "clear")) exchange_.clear_market();
  const std::int64_t steps = integer_of(body, "step", 0);
  if (steps < 0 || steps > 100'000) throw std::invalid_argument{"step: 0 to 100000"};
  exchange_.step_market(steps);
  return status();
}

json::value Control::set_clock(const json::object& body) {
  const std::int64_t skew_ms = integer_of(body, "skew_ms", 0);
  constexpr std::int64_t ten_years_ms = 3'650 * 86'400'000ll;
  if (skew_ms < -ten_years_ms || skew_ms > ten_years_ms) throw std::invalid_argument{"skew_ms: ten years at most"};
  exchange_.set_skew(skew_ms * 1'000);
  return json::object{{"now_ms", exchange_.now() / 1'000}};
}

AccountId Control::account_of(const json::object& body) const {
  const auto account = exchange_.engine().account_by_name(required(body, "account"));
  if (!account) throw std::invalid_argument{"account: no such account"};
  return *account;
}

json::value Control::set_connections(const json::object& body) {
  ConnectionSettings settings = exchange_.connections();
  const auto set = [&](std::string_view name, std::int64_t& member) {
    member = integer_of(body, name, member);
    if (member < 1 || member > day_ms) throw std::invalid_argument{std::string{name} + ": 1 to 86400000"};
  };
  set("ping_interval_ms", settings.ping_interval_ms);
  set("pong_timeout_ms", settings.pong_timeout_ms);
  set("life_ms", settings.life_ms);
  set("messages_per_second", settings.messages_per_second);
  exchange_.set_connections(settings);
  if (body.contains("refuse_ms")) {
    const std::int64_t refuse_ms = integer_of(body, "refuse_ms", 0);
    if (refuse_ms < 0 || refuse_ms > day_ms) throw std::invalid_argument{"refuse_ms: 0 to 86400000"};
    exchange_.refuse_connections_until(exchange_.now() + refuse_ms * 1'000);
  }
  return json::object{{"reset", flag_of(body, "reset") ? exchange_.close_streams({}, true) : 0}};
}

json::object Control::status() const {
  json::array prices;
  Engine& engine = exchange_.engine();
  for (SymbolId id = 0; id < engine.symbol_count(); ++id) {
    prices.push_back(json::object{{"symbol", engine.symbol(id).name}, {"last", fixed(engine.last_price(id))}});
  }
  json::object status{{"now_ms", exchange_.now() / 1'000},
          {"market_steps_per_second", exchange_.market_rate()},
          {"arrivals", exchange_.arrivals().size()},
          {"order_streams", exchange_.connection_count("orders")},
          {"market_streams", exchange_.connection_count("market")},
          {"prices", std::move(prices)}};
  for (auto& [name, value] : exchange_.more_status()) status[name] = std::move(value);
  return status;
}

std::function<bool(AccountId, std::string_view)> Control::is_meant_by(const json::object& body) const {
  std::string api_key = text_of(body, "api_key", {});
  std::optional<AccountId> account;
  if (body.contains("account") || api_key.empty()) account = account_of(body);
  return [api_key = std::move(api_key), account](AccountId of, std::string_view name) {
    return (!account || of == *account) && (api_key.empty() || name == api_key);
  };
}

json::value Control::set_login(RestExchange& venue, const json::object& body) const {
  OAuthLogin& login = *venue.login();
  OAuthSettings& settings = login.settings();
  login.declines = flag_if_given(body, "declines").value_or(login.declines);
  settings.asks_user = flag_if_given(body, "asks_user").value_or(settings.asks_user);
  if (body.contains("account")) {
    static_cast<void>(account_of(body));
    settings.account = required(body, "account");
  }
  const auto approve = flag_if_given(body, "approve");
  const std::size_t answered = approve ? venue.answer_for_user(*approve) : 0;
  return json::object{{"client_id", settings.client_id}, {"account", settings.account}, {"answered", answered}};
}

// An order as the engine has it, under names of its own: a comparison must not rest on the code that it checks.
json::object Control::truth(const Order& order) const {
  const Engine& engine = exchange_.engine();
  json::object told = exchange_.more_of(order);
  const json::object truth{
          {"account", engine.accounts()[order.account].name},
          {"symbol", exchange_.symbol_name(order)},
          {"order_id", exchange_.order_name(order)},
          {"client_order_id", order.client_order_id},
          {"side", name_of(order.side)},
          {"type", name_of(order.type)},
          {"time_in_force", name_of(order.time_in_force)},
          {"price", fixed(order.price)},
          {"stop_price", fixed(order.stop_price)},
          {"qty", fixed(order.qty)},
          {"quote_qty", fixed(order.quote_qty)},
          {"executed", fixed(order.executed)},
          {"cum_quote", fixed(order.cum_quote)},
          {"status", name_of(order.status)},
          {"expiry_reason", name_of(order.expiry)},
          {"iceberg_qty", fixed(order.iceberg_qty)},
          {"prevented_qty", fixed(order.prevented_qty)},
          {"list_id", order.list},
          {"is_open", order.is_open()},
          {"is_working", order.working != 0},
          {"created_us", order.created},
          {"updated_us", order.updated}};
  for (const auto& member : truth) told[member.key()] = member.value();
  return told;
}

json::object Control::truth(const AccountTrade& trade) const {
  const Engine& engine = exchange_.engine();
  const Order* order = engine.order(trade.account, trade.symbol, trade.order_id);
  return {{"account", engine.accounts()[trade.account].name},
          {"symbol", exchange_.symbol_name(*order)},
          {"trade_id", exchange_.trade_name(trade)},
          {"order_id", exchange_.order_name(*order)},
          {"client_order_id", trade.client_order_id},
          {"side", name_of(trade.side)},
          {"price", fixed(trade.fill.price)},
          {"qty", fixed(trade.fill.qty)},
          {"quote", fixed(trade.fill.quote)},
          {"commission", fixed(trade.fill.commission)},
          {"commission_asset", trade.fill.commission_asset},
          {"is_maker", trade.fill.is_maker},
          {"time_us", trade.time}};
}

json::object Control::truth(const OrderList& list) const {
  const Engine& engine = exchange_.engine();
  json::array orders;
  for (const OrderList::Leg& leg : list.legs) orders.emplace_back(leg.order_id);
  return {{"account", engine.accounts()[list.account].name},
          {"symbol", engine.symbol(list.symbol).name},
          {"list_id", list.id},
          {"client_id", list.client_id},
          {"contingency", name_of(list.contingency)},
          {"is_triggered", list.is_triggered},
          {"is_done", list.is_done},
          {"orders", std::move(orders)}};
}

// The venue's own book of everything its customers did; one account, or all but the house.
json::object Control::book(const std::string& only) const {
  const Engine& engine = exchange_.engine();
  json::array orders, trades, lists, accounts, symbols;
  for (AccountId id = 0; id < engine.accounts().size(); ++id) {
    const Account& account = engine.accounts()[id];
    if (only.empty() ? (!account.keeps_history || id == exchange_.market().house()) : account.name != only) continue;
    for (const Order* order : engine.orders(id, std::nullopt, false)) orders.push_back(truth(*order));
    for (const AccountTrade& trade : engine.account_trades(id)) trades.push_back(truth(trade));
    for (const OrderList* list : engine.order_lists(id, false)) lists.push_back(truth(*list));
    json::object balances;
    for (const auto& [asset, balance] : account.balances) {
      balances[asset] = json::object{{"free", fixed(balance.free)}, {"locked", fixed(balance.locked)}};
    }
    accounts.push_back(json::object{{"account", account.name}, {"balances", std::move(balances)}});
  }
  for (SymbolId id = 0; id < engine.symbol_count(); ++id) {
    symbols.push_back(json::object{{"symbol", engine.symbol(id).name},
                                   {"status", name_of(engine.symbol(id).status)},
                                   {"last", fixed(engine.last_price(id))},
                                   {"bids", levels_of(engine.levels(id, Side::Buy, 20))},
                                   {"asks", levels_of(engine.levels(id, Side::Sell, 20))}});
  }
  return {{"time_us", exchange_.now()},
          {"orders", std::move(orders)},
          {"trades", std::move(trades)},
          {"order_lists", std::move(lists)},
          {"accounts", std::move(accounts)},
          {"symbols", std::move(symbols)}};
}

// A counter-order from the house, so that a test can fill a customer's order in part, at a price of its choosing.
json::value Control::house_order(const json::object& wanted) {
  Engine& engine = exchange_.engine();
  const auto symbol = engine.symbol_by_name(required(wanted, "symbol"));
  if (!symbol) throw std::invalid_argument{"symbol: no such symbol"};
  NewOrder order;
  const auto side = side_named(required(wanted, "side"));
  if (!side) throw std::invalid_argument{"side: BUY or SELL"};
  order.side = *side;
  order.self_trade = SelfTrade::None;  // the house against itself makes a last price
  order.qty = decimal_of(wanted, "quantity");
  order.price = decimal_of(wanted, "price");
  const auto time_in_force = time_in_force_named(text_of(wanted, "time_in_force", "GTC"));
  if (!time_in_force) throw std::invalid_argument{"time_in_force: GTC, IOC or FOK"};
  order.time_in_force = *time_in_force;
  order.type = wanted.contains("price") ? OrderType::Limit : OrderType::Market;
  const Symbol& rules = engine.symbol(*symbol);
  if (!order.qty.is_positive() || order.qty > rules.qty_max || !is_multiple(order.qty, rules.step)) {
    throw std::invalid_argument{"quantity: outside of the symbol's rules"};
  }
  if (order.type == OrderType::Limit &&
      (!order.price.is_positive() || order.price > rules.price_max || !is_multiple(order.price, rules.tick))) {
    throw std::invalid_argument{"price: outside of the symbol's rules"};
  }
  Events events;
  const auto placed = engine.place(exchange_.market().house(), *symbol, order, exchange_.now(), events);
  if (!placed) throw std::invalid_argument{std::string{text_of(placed.error())}};
  exchange_.publish(events);
  return truth(*placed);
}

json::value Control::deposit(const json::object& wanted) {
  Engine& engine = exchange_.engine();
  const AccountId account = account_of(wanted);
  const std::string asset = required(wanted, "asset");
  const Decimal amount = decimal_of(wanted, "amount");
  const auto& balances = engine.accounts()[account].balances;
  const auto found = balances.find(asset);
  const Decimal free = found == balances.end() ? Decimal{} : found->second.free;
  const auto after = add(free, amount);
  if (!after || after->is_negative() || *after > Decimal{1'000'000'000, 0}) {
    throw std::invalid_argument{"amount: the balance must stay between 0 and 1e9"};
  }
  engine.deposit(account, asset, amount, exchange_.now());
  exchange_.tell_balances(account, asset, amount);
  return json::object{{"free", fixed(*after)}};
}

}  // namespace busbar::venue
