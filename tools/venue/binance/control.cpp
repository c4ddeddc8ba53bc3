#include "tools/venue/binance/control.hpp"

#include <stdexcept>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "tools/venue/amount.hpp"

namespace busbar::venue::binance {
namespace {

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

Decimal decimal_of(const json::object& object, std::string_view name) {
  const std::string text = text_of(object, name, "0");
  const auto number = Decimal::parse(text);
  if (!number || number->normalized().exponent() < -places_max) {
    throw std::invalid_argument{std::string{name} + ": no amount: " + text};
  }
  return *number;
}

// An order as the engine has it, under names of its own: a comparison must not rest on the code that it checks.
json::object truth(const Engine& engine, const Order& order) {
  return {{"account", engine.accounts()[order.account].name},
          {"symbol", engine.symbol(order.symbol).name},
          {"order_id", order.id},
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
}

json::object truth(const Engine& engine, const AccountTrade& trade) {
  return {{"account", engine.accounts()[trade.account].name},
          {"symbol", engine.symbol(trade.symbol).name},
          {"trade_id", trade.fill.trade_id},
          {"order_id", trade.order_id},
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

json::object truth(const Engine& engine, const OrderList& list) {
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

}  // namespace

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

namespace {

std::string stream_of(const json::object& body) {
  std::string stream = text_of(body, "stream", {});
  if (!stream.empty() && stream != "orders" && stream != "market") {
    throw std::invalid_argument{"stream: orders or market"};
  }
  return stream;
}

std::optional<bool> flag_if_given(const json::object& body, std::string_view name) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) throw std::invalid_argument{std::string{name} + ": true or false"};
  return value->get_bool();
}

}  // namespace

struct Control::Call {
  std::string_view method, path, about;
  json::value (Control::*run)(const json::object& body, Params& query);
};

const std::vector<Control::Call>& Control::calls() {
  static const std::vector<Call> all{
      {"GET", "/help", "these lines", &Control::help},
      {"GET", "/status", "time, market rate, streams, last prices", &Control::get_status},
      {"GET", "/book", "?account=NAME: orders, trades, order lists, balances and the books as they are",
       &Control::get_book},
      {"GET", "/arrivals", "?since=N: order and cancel requests as they came", &Control::get_arrivals},
      {"GET", "/faults", "the rules and how often each has struck", &Control::get_faults},
      {"POST", "/faults", "a rule: kind, endpoint, transport, client_order_id, stream, event, next, probability, ...",
       &Control::add_fault},
      {"DELETE", "/faults", "all rules; /faults/ID: one of them", &Control::clear_faults},
      {"POST", "/market", "steps_per_second, step, clear", &Control::move_market},
      {"POST", "/orders", "symbol, side, quantity, price, time_in_force: an order of the house", &Control::house_order},
      {"POST", "/deposit", "account, asset, amount", &Control::deposit},
      {"POST", "/limits", "any key of [venue.limits]", &Control::limits},
      {"POST", "/ban", "address, seconds: 418 from now on", &Control::ban},
      {"POST", "/symbols", "symbol, status", &Control::set_symbol},
      {"POST", "/clock", "skew_ms: the venue's clock against the true one", &Control::set_clock},
      {"POST", "/accounts", "account, may_trade", &Control::set_account},
      {"GET", "/keys", "the keys without their secrets", &Control::get_keys},
      {"POST", "/keys", "account or api_key; revoked, may_trade, addresses", &Control::set_keys},
      {"POST", "/listen-keys/expire", "account, or everybody's", &Control::expire_listen_keys},
      {"POST", "/streams/close", "stream, reset", &Control::close_streams},
      {"POST", "/streams/shutdown", "stream: says serverShutdown and goes on", &Control::announce_shutdown},
      {"POST", "/connections",
       "refuse_ms: nothing is taken or answered; reset; any key of [venue.connections]", &Control::set_connections},
  };
  return all;
}

json::value Control::answer(const Request& request) {
  Params query = Params::from_form(request.query, {});
  json::object body;
  if (!request.body.empty()) {
    boost::system::error_code error;
    const json::value parsed = json::parse(request.body, error);
    if (error || !parsed.is_object()) throw std::invalid_argument{"the body is no JSON object"};
    body = parsed.get_object();
  }
  if (request.method == "DELETE" && request.path.starts_with("/faults/")) return remove_fault(request.path.substr(8));
  for (const Call& call : calls()) {
    if (call.method == request.method && call.path == request.path) return (this->*call.run)(body, query);
  }
  throw std::out_of_range{"no such call: " + request.method + ' ' + request.path + "; GET /help tells them"};
}

json::value Control::help(const json::object&, Params&) {
  json::object lines;
  for (const Call& call : calls()) lines[std::string{call.method} + ' ' + std::string{call.path}] = call.about;
  return lines;
}

json::value Control::get_status(const json::object&, Params&) { return status(); }

json::value Control::get_book(const json::object&, Params& query) { return book(query.peek("account")); }

json::value Control::get_arrivals(const json::object&, Params& query) {
  const auto since = query.integer("since").value_or(0);
  return json::object{{"arrivals", venue_.arrivals().since(static_cast<std::size_t>(since))}};
}

json::value Control::get_faults(const json::object&, Params&) {
  return json::object{{"faults", venue_.faults().list()}};
}

json::value Control::add_fault(const json::object& body, Params&) {
  return json::object{{"id", venue_.faults().add(body, venue_.now())}};
}

json::value Control::clear_faults(const json::object&, Params&) {
  venue_.faults().clear();
  return json::object{};
}

json::value Control::remove_fault(const std::string& id) {
  const bool is_number = !id.empty() && id.size() < 18 && id.find_first_not_of("0123456789") == std::string::npos;
  if (!is_number || !venue_.faults().remove(std::stoull(id))) throw std::out_of_range{"no such fault"};
  return json::object{};
}

json::value Control::move_market(const json::object& body, Params&) {
  if (body.contains("steps_per_second")) {
    const std::int64_t rate = integer_of(body, "steps_per_second", 0);
    if (rate < 0 || rate > 1'000) throw std::invalid_argument{"steps_per_second: 0 to 1000"};
    venue_.set_market_rate(rate);
  }
  if (flag_of(body, "clear")) venue_.clear_market();
  const std::int64_t steps = integer_of(body, "step", 0);
  if (steps < 0 || steps > 100'000) throw std::invalid_argument{"step: 0 to 100000"};
  venue_.step_market(steps);
  return status();
}

json::value Control::set_symbol(const json::object& body, Params&) {
  const auto symbol = venue_.engine().symbol_by_name(required(body, "symbol"));
  const auto wanted = symbol_status_named(required(body, "status"));
  if (!symbol) throw std::invalid_argument{"symbol: no such symbol"};
  if (!wanted) throw std::invalid_argument{"status: TRADING, HALT, BREAK, END_OF_DAY or CANCEL_ONLY"};
  venue_.engine().set_status(*symbol, *wanted);
  return json::object{};
}

json::value Control::set_clock(const json::object& body, Params&) {
  venue_.set_skew(integer_of(body, "skew_ms", 0) * 1'000);
  return json::object{{"now_ms", venue_.now() / 1'000}};
}

json::value Control::ban(const json::object& body, Params&) {
  const std::int64_t seconds = integer_of(body, "seconds", 120);
  if (seconds < 0 || seconds > 259'200) throw std::invalid_argument{"seconds: 0 to 259200"};
  const TimeUs until = venue_.now() + seconds * 1'000'000;
  venue_.limits().ban(text_of(body, "address", "127.0.0.1"), until);
  return json::object{{"until_ms", until / 1'000}};
}

AccountId Control::account_of(const json::object& body) const {
  const auto account = venue_.engine().account_by_name(required(body, "account"));
  if (!account) throw std::invalid_argument{"account: no such account"};
  return *account;
}

json::value Control::set_account(const json::object& body, Params&) {
  const auto may_trade = flag_if_given(body, "may_trade");
  if (!may_trade) throw std::invalid_argument{"may_trade: is missing"};
  venue_.engine().set_may_trade(account_of(body), *may_trade);
  return json::object{};
}

json::value Control::get_keys(const json::object&, Params&) {
  json::array list;
  for (const Key& key : venue_.api().keys()) {
    json::array addresses;
    for (const std::string& address : key.addresses) addresses.emplace_back(address);
    list.push_back(json::object{{"api_key", key.api_key},
                                {"account", venue_.engine().accounts()[key.account].name},
                                {"may_trade", key.may_trade},
                                {"revoked", key.is_revoked},
                                {"addresses", std::move(addresses)}});
  }
  return json::object{{"keys", std::move(list)}};
}

json::value Control::set_keys(const json::object& body, Params& query) {
  const std::string api_key = text_of(body, "api_key", {});
  std::optional<AccountId> account;
  if (body.contains("account") || api_key.empty()) account = account_of(body);
  const auto is_revoked = flag_if_given(body, "revoked");
  const auto may_trade = flag_if_given(body, "may_trade");
  std::optional<std::vector<std::string>> addresses;
  if (const json::value* given = body.if_contains("addresses")) {
    if (!given->is_array()) throw std::invalid_argument{"addresses: a list of strings is needed"};
    addresses.emplace();
    for (const json::value& address : given->get_array()) {
      if (!address.is_string()) throw std::invalid_argument{"addresses: a list of strings is needed"};
      addresses->emplace_back(address.get_string());
    }
  }
  for (Key& key : venue_.api().keys()) {
    if ((account && key.account != *account) || (!api_key.empty() && key.api_key != api_key)) continue;
    if (is_revoked) key.is_revoked = *is_revoked;
    if (may_trade) key.may_trade = *may_trade;
    if (addresses) key.addresses = *addresses;
  }
  return get_keys(body, query);
}

json::value Control::expire_listen_keys(const json::object& body, Params&) {
  venue_.expire_listen_keys(body.contains("account") ? std::optional{account_of(body)} : std::nullopt);
  return json::object{};
}

json::value Control::close_streams(const json::object& body, Params&) {
  return json::object{{"closed", venue_.close_streams(stream_of(body), flag_of(body, "reset"))}};
}

json::value Control::announce_shutdown(const json::object& body, Params&) {
  return json::object{{"told", venue_.announce_shutdown(stream_of(body))}};
}

json::value Control::set_connections(const json::object& body, Params&) {
  ConnectionSettings settings = venue_.settings().connections;
  const auto set = [&](std::string_view name, std::int64_t& member) {
    member = integer_of(body, name, member);
    if (member < 1) throw std::invalid_argument{std::string{name} + ": at least 1"};
  };
  set("ping_interval_ms", settings.ping_interval_ms);
  set("pong_timeout_ms", settings.pong_timeout_ms);
  set("life_ms", settings.life_ms);
  set("messages_per_second", settings.messages_per_second);
  venue_.set_connections(settings);
  if (body.contains("refuse_ms")) {
    venue_.refuse_connections_until(venue_.now() + integer_of(body, "refuse_ms", 0) * 1'000);
  }
  return json::object{{"reset", flag_of(body, "reset") ? venue_.close_streams({}, true) : 0}};
}

json::object Control::status() const {
  json::array prices;
  Engine& engine = venue_.engine();
  for (SymbolId id = 0; id < engine.symbol_count(); ++id) {
    prices.push_back(json::object{{"symbol", engine.symbol(id).name}, {"last", fixed(engine.last_price(id))}});
  }
  return {{"now_ms", venue_.now() / 1'000},
          {"flavour", venue_.settings().flavour},
          {"environment", venue_.settings().environment},
          {"market_steps_per_second", venue_.market_rate()},
          {"arrivals", venue_.arrivals().size()},
          {"order_streams", venue_.connection_count("orders")},
          {"market_streams", venue_.connection_count("market")},
          {"prices", std::move(prices)}};
}

// The venue's own book of everything its customers did; one account, or all but the house.
json::object Control::book(const std::string& only) const {
  const Engine& engine = venue_.engine();
  json::array orders, trades, lists, accounts, symbols;
  for (AccountId id = 0; id < engine.accounts().size(); ++id) {
    const Account& account = engine.accounts()[id];
    if (only.empty() ? (!account.keeps_history || id == venue_.market().house()) : account.name != only) continue;
    for (const Order* order : engine.orders(id, std::nullopt, false)) orders.push_back(truth(engine, *order));
    for (const AccountTrade& trade : engine.account_trades(id)) trades.push_back(truth(engine, trade));
    for (const OrderList* list : engine.order_lists(id, false)) lists.push_back(truth(engine, *list));
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
                                   {"bids", levels(engine.levels(id, Side::Buy, 20))},
                                   {"asks", levels(engine.levels(id, Side::Sell, 20))}});
  }
  return {{"time_us", venue_.now()},
          {"orders", std::move(orders)},
          {"trades", std::move(trades)},
          {"order_lists", std::move(lists)},
          {"accounts", std::move(accounts)},
          {"symbols", std::move(symbols)}};
}

// A counter-order from the house, so that a test can fill a customer's order in part, at a price of its choosing.
json::value Control::house_order(const json::object& wanted, Params&) {
  Engine& engine = venue_.engine();
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
  const auto placed = engine.place(venue_.market().house(), *symbol, order, venue_.now(), events);
  if (!placed) throw std::invalid_argument{error_of(placed.error(), Action::Place).text};
  venue_.publish(events);
  return truth(engine, *placed);
}

json::value Control::deposit(const json::object& wanted, Params&) {
  Engine& engine = venue_.engine();
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
  engine.deposit(account, asset, amount, venue_.now());
  venue_.tell_balances(account, asset, amount);
  return json::object{{"free", fixed(*after)}};
}

json::value Control::limits(const json::object& wanted, Params&) {
  LimitSettings settings = venue_.limits().settings();
  settings.weight_per_minute = integer_of(wanted, "weight_per_minute", settings.weight_per_minute);
  settings.raw_per_5_minutes = integer_of(wanted, "raw_per_5_minutes", settings.raw_per_5_minutes);
  settings.orders_per_10_seconds = integer_of(wanted, "orders_per_10_seconds", settings.orders_per_10_seconds);
  settings.orders_per_day = integer_of(wanted, "orders_per_day", settings.orders_per_day);
  settings.connections_per_5_minutes =
      integer_of(wanted, "connections_per_5_minutes", settings.connections_per_5_minutes);
  settings.strikes = integer_of(wanted, "strikes", settings.strikes);
  settings.ban_seconds = integer_of(wanted, "ban_seconds", settings.ban_seconds);
  venue_.limits().set(settings);
  return json::object{{"rate_limits", rate_limits(settings)}};
}

}  // namespace busbar::venue::binance
