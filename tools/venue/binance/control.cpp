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

json::value Control::answer(const Request& request) {
  const std::string what = request.method + ' ' + request.path;
  Params query = Params::from_form(request.query, {});
  json::object body;
  if (!request.body.empty()) {
    boost::system::error_code error;
    const json::value parsed = json::parse(request.body, error);
    if (error || !parsed.is_object()) throw std::invalid_argument{"the body is no JSON object"};
    body = parsed.get_object();
  }

  if (what == "GET /status") return status();
  if (what == "GET /book") return book(query.peek("account"));
  if (what == "GET /arrivals") {
    const auto since = query.integer("since").value_or(0);
    return json::object{{"arrivals", venue_.arrivals().since(static_cast<std::size_t>(since))}};
  }
  if (what == "GET /faults") return json::object{{"faults", venue_.faults().list()}};
  if (what == "POST /faults") return json::object{{"id", venue_.faults().add(body, venue_.now())}};
  if (what == "DELETE /faults") {
    venue_.faults().clear();
    return json::object{};
  }
  if (request.method == "DELETE" && request.path.starts_with("/faults/")) {
    const std::string id = request.path.substr(8);
    if (id.empty() || id.find_first_not_of("0123456789") != std::string::npos ||
        !venue_.faults().remove(std::stoull(id))) {
      throw std::out_of_range{"no such fault"};
    }
    return json::object{};
  }
  if (what == "POST /market") {
    if (body.contains("steps_per_second")) {
      const std::int64_t rate = integer_of(body, "steps_per_second", 0);
      if (rate < 0 || rate > 1'000) throw std::invalid_argument{"steps_per_second: 0 to 1000"};
      venue_.set_market_rate(rate);
    }
    if (flag_of(body, "clear")) venue_.clear_market();
    if (const std::int64_t steps = integer_of(body, "step", 0); steps < 0 || steps > 100'000) {
      throw std::invalid_argument{"step: 0 to 100000"};
    } else {
      venue_.step_market(steps);
    }
    return status();
  }
  if (what == "POST /orders") return house_order(body);
  if (what == "POST /deposit") return deposit(body);
  if (what == "POST /limits") return limits(body);
  if (what == "POST /symbols") {
    const auto symbol = venue_.engine().symbol_by_name(required(body, "symbol"));
    const auto wanted = symbol_status_named(required(body, "status"));
    if (!symbol) throw std::invalid_argument{"symbol: no such symbol"};
    if (!wanted) throw std::invalid_argument{"status: TRADING, HALT or BREAK"};
    venue_.engine().set_status(*symbol, *wanted);
    return json::object{};
  }
  if (what == "POST /clock") {
    venue_.set_skew(integer_of(body, "skew_ms", 0) * 1'000);
    return json::object{{"now_ms", venue_.now() / 1'000}};
  }
  if (what == "POST /streams/close") {
    const std::string stream = text_of(body, "stream", {});
    if (!stream.empty() && stream != "orders" && stream != "market")
      throw std::invalid_argument{"stream: orders or market"};
    return json::object{{"closed", venue_.close_streams(stream, flag_of(body, "reset"))}};
  }
  throw std::out_of_range{"no such call: " + what};
}

json::object Control::status() const {
  json::array prices;
  Engine& engine = venue_.engine();
  for (SymbolId id = 0; id < engine.symbol_count(); ++id) {
    prices.push_back(json::object{{"symbol", engine.symbol(id).name}, {"last", fixed(engine.last_price(id))}});
  }
  return {{"now_ms", venue_.now() / 1'000},
          {"market_steps_per_second", venue_.market_rate()},
          {"arrivals", venue_.arrivals().size()},
          {"order_streams", venue_.connection_count("orders")},
          {"market_streams", venue_.connection_count("market")},
          {"prices", std::move(prices)}};
}

// The venue's own book of everything its customers did; one account, or all but the house.
json::object Control::book(const std::string& only) const {
  const Engine& engine = venue_.engine();
  json::array orders, trades, accounts, symbols;
  for (AccountId id = 0; id < engine.accounts().size(); ++id) {
    const Account& account = engine.accounts()[id];
    if (only.empty() ? (!account.keeps_history || id == venue_.market().house()) : account.name != only) continue;
    for (const Order* order : engine.orders(id, std::nullopt, false)) orders.push_back(truth(engine, *order));
    for (const AccountTrade& trade : engine.account_trades(id)) trades.push_back(truth(engine, trade));
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
          {"accounts", std::move(accounts)},
          {"symbols", std::move(symbols)}};
}

// A counter-order from the house, so that a test can fill a customer's order in part, at a price of its choosing.
json::object Control::house_order(const json::object& wanted) {
  Engine& engine = venue_.engine();
  const auto symbol = engine.symbol_by_name(required(wanted, "symbol"));
  if (!symbol) throw std::invalid_argument{"symbol: no such symbol"};
  NewOrder order;
  const auto side = side_named(required(wanted, "side"));
  if (!side) throw std::invalid_argument{"side: BUY or SELL"};
  order.side = *side;
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
  if (!placed) throw std::invalid_argument{error_of(placed.error(), false).text};
  venue_.publish(events);
  return truth(engine, *placed);
}

json::object Control::deposit(const json::object& wanted) {
  Engine& engine = venue_.engine();
  const auto account = engine.account_by_name(required(wanted, "account"));
  if (!account) throw std::invalid_argument{"account: no such account"};
  const std::string asset = required(wanted, "asset");
  const Decimal amount = decimal_of(wanted, "amount");
  const auto& balances = engine.accounts()[*account].balances;
  const auto found = balances.find(asset);
  const Decimal free = found == balances.end() ? Decimal{} : found->second.free;
  const auto after = add(free, amount);
  if (!after || after->is_negative() || *after > Decimal{1'000'000'000, 0}) {
    throw std::invalid_argument{"amount: the balance must stay between 0 and 1e9"};
  }
  engine.deposit(*account, asset, amount, venue_.now());
  venue_.tell_balances(*account, asset, amount);
  return {{"free", fixed(*after)}};
}

json::object Control::limits(const json::object& wanted) {
  LimitSettings settings = venue_.limits().settings();
  settings.weight_per_minute = integer_of(wanted, "weight_per_minute", settings.weight_per_minute);
  settings.raw_per_5_minutes = integer_of(wanted, "raw_per_5_minutes", settings.raw_per_5_minutes);
  settings.orders_per_10_seconds = integer_of(wanted, "orders_per_10_seconds", settings.orders_per_10_seconds);
  settings.orders_per_day = integer_of(wanted, "orders_per_day", settings.orders_per_day);
  settings.strikes = integer_of(wanted, "strikes", settings.strikes);
  settings.ban_seconds = integer_of(wanted, "ban_seconds", settings.ban_seconds);
  venue_.limits().set(settings);
  return {{"rate_limits", rate_limits(settings)}};
}

}  // namespace busbar::venue::binance
