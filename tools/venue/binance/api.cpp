#include "tools/venue/binance/api.hpp"

#include <algorithm>

#include "tools/venue/amount.hpp"
#include "tools/venue/binance/filters.hpp"
#include "tools/venue/binance/signature.hpp"

namespace busbar::venue::binance {
namespace {

namespace json = boost::json;

constexpr std::int64_t weight_1(const Params&) { return 1; }
constexpr std::int64_t weight_2(const Params&) { return 2; }
constexpr std::int64_t weight_4(const Params&) { return 4; }
constexpr std::int64_t weight_20(const Params&) { return 20; }
constexpr std::int64_t weight_25(const Params&) { return 25; }
constexpr std::int64_t weight_40(const Params&) { return 40; }

std::int64_t weight_of_depth(const Params& params) {
  const std::string limit = params.peek("limit");
  if (limit.empty() || limit.size() > 4) return limit.empty() ? 5 : 250;
  const int levels = std::atoi(limit.c_str());
  return levels <= 100 ? 5 : levels <= 500 ? 25 : levels <= 1'000 ? 50 : 250;
}
std::int64_t weight_of_tickers(const Params& params) { return params.has("symbol") ? 2 : 4; }
std::int64_t weight_of_day(const Params& params) { return params.has("symbol") || params.has("symbols") ? 2 : 80; }
std::int64_t weight_of_open(const Params& params) { return params.has("symbol") ? 6 : 80; }
std::int64_t weight_of_trades(const Params& params) { return params.has("orderId") ? 5 : 20; }
std::int64_t weight_of_test(const Params& params) { return params.peek("computeCommissionRates") == "true" ? 20 : 1; }

// Request times may be in milliseconds or microseconds; nobody lives in the year 5138.
TimeUs from_stamp(std::int64_t time) { return time >= 100'000'000'000'000 ? time : time * 1'000; }

}  // namespace

// Next to the class, for it names its private functions.
struct Operations {
  static constexpr Operation all[] = {
      {"ping", "GET", "/api/v3/ping", Security::None, false, false, weight_1, &Api::ping},
      {"time", "GET", "/api/v3/time", Security::None, false, false, weight_1, &Api::time},
      {"exchangeInfo", "GET", "/api/v3/exchangeInfo", Security::None, false, false, weight_20, &Api::exchange_info},
      {"depth", "GET", "/api/v3/depth", Security::None, false, false, weight_of_depth, &Api::depth},
      {"trades.recent", "GET", "/api/v3/trades", Security::None, false, false, weight_25, &Api::trades},
      {"trades.aggregate", "GET", "/api/v3/aggTrades", Security::None, false, false, weight_4, &Api::aggregate_trades},
      {"klines", "GET", "/api/v3/klines", Security::None, false, false, weight_2, &Api::bars},
      {"uiKlines", "GET", "/api/v3/uiKlines", Security::None, false, false, weight_2, &Api::bars},
      {"avgPrice", "GET", "/api/v3/avgPrice", Security::None, false, false, weight_2, &Api::average},
      {"ticker.24hr", "GET", "/api/v3/ticker/24hr", Security::None, false, false, weight_of_day, &Api::day_ticker},
      {"ticker.price", "GET", "/api/v3/ticker/price", Security::None, false, false, weight_of_tickers,
       &Api::price_ticker},
      {"ticker.book", "GET", "/api/v3/ticker/bookTicker", Security::None, false, false, weight_of_tickers,
       &Api::book_ticker},
      {"order.place", "POST", "/api/v3/order", Security::Signed, true, true, weight_1, &Api::place},
      {"order.test", "POST", "/api/v3/order/test", Security::Signed, false, false, weight_of_test, &Api::test},
      {"order.cancel", "DELETE", "/api/v3/order", Security::Signed, true, true, weight_1, &Api::cancel},
      {"openOrders.cancelAll", "DELETE", "/api/v3/openOrders", Security::Signed, true, true, weight_1,
       &Api::cancel_all},
      {"order.status", "GET", "/api/v3/order", Security::Signed, false, false, weight_4, &Api::order_status},
      {"openOrders.status", "GET", "/api/v3/openOrders", Security::Signed, false, false, weight_of_open,
       &Api::open_orders},
      {"allOrders", "GET", "/api/v3/allOrders", Security::Signed, false, false, weight_20, &Api::all_orders},
      {"myTrades", "GET", "/api/v3/myTrades", Security::Signed, false, false, weight_of_trades, &Api::my_trades},
      {"account.status", "GET", "/api/v3/account", Security::Signed, false, false, weight_20, &Api::account_status},
      {"account.commission", "GET", "/api/v3/account/commission", Security::Signed, false, false, weight_20,
       &Api::commission},
      {"account.rateLimits.orders", "GET", "/api/v3/rateLimit/order", Security::Signed, false, false, weight_40,
       &Api::order_limits},
      // What SDKs ask beside the spot API while they load their markets.
      {"", "GET", "/sapi/v1/capital/config/getall", Security::Signed, false, false, weight_1, &Api::coins},
      {"", "GET", "/sapi/v1/margin/allPairs", Security::Key, false, false, weight_1, &Api::nothing},
      {"", "GET", "/sapi/v1/margin/isolated/allPairs", Security::Key, false, false, weight_1, &Api::nothing},
      {"", "GET", "/fapi/v1/exchangeInfo", Security::None, false, false, weight_1, &Api::no_contracts},
      {"", "GET", "/dapi/v1/exchangeInfo", Security::None, false, false, weight_1, &Api::no_contracts},
  };
};

Api::Api(Engine& engine, History& history, Limits& limits, std::vector<Key> keys, std::function<TimeUs()> now,
         OnEvents on_events)
    : engine_{engine}, history_{history}, limits_{limits}, keys_{std::move(keys)}, now_{std::move(now)},
      on_events_{std::move(on_events)} {}

const Operation* Api::by_name(std::string_view name) {
  if (name.starts_with("v3/")) name.remove_prefix(3);
  for (const Operation& operation : Operations::all) {
    if (!name.empty() && operation.name == name) return &operation;
  }
  return nullptr;
}

const Operation* Api::by_path(std::string_view method, std::string_view path) {
  for (const Operation& operation : Operations::all) {
    if (operation.method == method && operation.path == path) return &operation;
  }
  return nullptr;
}

Reply Api::failure(const ApiError& error) {
  Reply reply;
  reply.status = error.status;
  reply.code = error.code;
  reply.retry_at = error.retry_at;
  reply.body = json::object{{"code", error.code}, {"msg", error.text}};
  return reply;
}

Reply Api::perform(const Operation& operation, Call& call) {
  const std::int64_t weight = operation.weight(call.params);
  const Limits::Verdict verdict = limits_.admit(call.address, weight, now_());
  if (verdict.kind == Limits::Verdict::Banned) {
    return failure({-1003,
                    "Way too much request weight used; IP banned until " + std::to_string(verdict.retry_at / 1'000) +
                        ". Please use WebSocket Streams for live updates to avoid bans.",
                    418, verdict.retry_at});
  }
  if (verdict.kind == Limits::Verdict::TooMany) {
    return failure(
        {-1003,
         "Too much request weight used; current limit is " + std::to_string(limits_.settings().weight_per_minute) +
             " request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.",
         429, verdict.retry_at});
  }
  AccountId account = 0;
  if (operation.security == Security::Signed) {
    const Reply proof = authenticate(call);
    if (proof.code != 0) return proof;
    account = *proof.account;
  } else if (operation.security == Security::Key) {
    for (const char* name : {"timestamp", "signature", "recvWindow"}) call.params.forget(name);
  }
  Reply reply = (this->*operation.run)(call, account);
  if (operation.security == Security::Signed) reply.account = account;
  if (operation.is_free_on_success && reply.code == 0) limits_.refund(call.address, weight, now_());
  return reply;
}

Reply Api::authenticate(Call& call) {
  Params& params = call.params;
  const bool by_session = call.session_account && !params.has("signature");
  if (!by_session) {
    if (call.api_key.empty() ||
        !std::all_of(call.api_key.begin(), call.api_key.end(), [](unsigned char c) { return std::isalnum(c) != 0; })) {
      return failure({-2014, "API-key format invalid.", 401});
    }
    params.required_text("signature");
  }
  const std::int64_t timestamp = params.required_integer("timestamp");
  const std::optional<std::string> window_text = params.text("recvWindow");
  if (params.error()) return failure(*params.error());

  Reply proof;
  proof.account = call.session_account;
  if (!by_session) {
    const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& k) { return k.api_key == call.api_key; });
    if (key == keys_.end()) return failure({-2015, "Invalid API-key, IP, or permissions for action.", 401});
    if (!is_signed(key->secret, call.payload, params.peek("signature"))) {
      return failure({-1022, "Signature for this request is not valid."});
    }
    proof.account = key->account;
  }

  TimeUs window = 5'000'000;
  if (window_text) {
    const auto milliseconds = Decimal::parse(*window_text);
    if (!milliseconds || milliseconds->is_negative() || milliseconds->normalized().exponent() < -3) {
      return failure(
          {-1100, "Illegal characters found in parameter 'recvWindow'; legal range is '^\\d{1,5}(\\.\\d{1,3})?$'."});
    }
    if (*milliseconds > Decimal{60'000, 0}) {
      return failure({-1102, "'recvWindow' contains unexpected value. Cannot be greater than 60000."});
    }
    const Decimal micros = times(*milliseconds, Decimal{1'000, 0}).normalized();
    window = micros.mantissa();
    for (int exponent = micros.exponent(); exponent > 0; --exponent) window *= 10;
  }
  const TimeUs sent = from_stamp(timestamp);
  const TimeUs server = now_();
  if (sent >= server + 1'000'000) {
    return failure({-1021, "Timestamp for this request was 1000ms ahead of the server's time."});
  }
  if (server - sent > window) return failure({-1021, "Timestamp for this request is outside of the recvWindow."});
  return proof;
}

void Api::publish(const Events& events) { on_events_(events); }

std::optional<SymbolId> Api::symbol(Params& params, bool is_required) {
  const std::optional<std::string> name =
      is_required ? std::optional{params.required_text("symbol")} : params.text("symbol");
  if (!name || params.error()) return std::nullopt;
  const auto id = engine_.symbol_by_name(*name);
  if (!id) {
    const bool is_legal =
        name->size() <= 20 && std::all_of(name->begin(), name->end(), [](char c) {
          return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c < 0;
        });
    if (is_legal) params.refuse(-1121, "Invalid symbol.");
    else params.refuse(-1100, "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'.");
  }
  return id;
}

// One by `symbol`, some by `symbols`, or all.
std::vector<SymbolId> Api::symbols(Params& params, bool& is_single) {
  is_single = false;
  if (params.has("symbol") && params.has("symbols")) {
    params.refuse(-1128, "Combination of optional parameters invalid.");
    return {};
  }
  if (const auto one = symbol(params, false)) {
    is_single = true;
    return {*one};
  }
  std::vector<SymbolId> result;
  if (const auto names = params.list("symbols")) {
    for (const std::string& name : *names) {
      const auto id = engine_.symbol_by_name(name);
      if (!id) {
        params.refuse(-1121, "Invalid symbol.");
      } else if (std::find(result.begin(), result.end(), *id) != result.end()) {
        params.refuse(-1151, "Symbol is present multiple times in the list.");
      } else {
        result.push_back(*id);
      }
    }
    return result;
  }
  for (SymbolId id = 0; id < engine_.symbol_count(); ++id) result.push_back(id);
  return result;
}

Reply Api::ping(Call& call, AccountId) {
  call.params.finish_none();
  if (call.params.error()) return failure(*call.params.error());
  return {200, json::object{}};
}

Reply Api::time(Call& call, AccountId) {
  call.params.finish_none();
  if (call.params.error()) return failure(*call.params.error());
  return {200, json::object{{"serverTime", stamp(now_(), call.unit)}}};
}

Reply Api::exchange_info(Call& call, AccountId) {
  Params& params = call.params;
  bool is_single = false;
  const bool names_symbols = params.has("symbol") || params.has("symbols");
  const std::vector<SymbolId> ids = symbols(params, is_single);
  std::vector<std::string> permissions{"SPOT"};
  if (params.has("permissions")) {
    if (params.peek("permissions").starts_with('[')) permissions = params.list("permissions").value_or(permissions);
    else permissions = {params.required_text("permissions")};
    if (names_symbols) params.refuse(-1128, "Combination of optional parameters invalid.");
  }
  const bool shows_permissions = params.flag("showPermissionSets").value_or(true);
  const auto status_name = params.text("symbolStatus");
  const auto status = status_name ? symbol_status_named(*status_name) : std::nullopt;
  if (status_name && !status) params.refuse(-1122, "Invalid symbolStatus.");
  if (status_name && names_symbols) params.refuse(-1128, "Combination of optional parameters invalid.");
  params.finish();
  if (params.error()) return failure(*params.error());

  json::array list;
  const bool is_spot = std::find(permissions.begin(), permissions.end(), "SPOT") != permissions.end();
  for (const SymbolId id : ids) {
    if (!is_spot || (status && engine_.symbol(id).status != *status)) continue;
    list.push_back(symbol_info(engine_.symbol(id), shows_permissions));
  }
  return {200, json::object{{"timezone", "UTC"},
                            {"serverTime", stamp(now_(), call.unit)},
                            {"rateLimits", rate_limits(limits_.settings())},
                            {"exchangeFilters", json::array{}},
                            {"symbols", std::move(list)}}};
}

// This venue has no futures; an SDK that asks for all markets learns so.
Reply Api::no_contracts(Call& call, AccountId) {
  return {200, json::object{{"timezone", "UTC"},
                            {"serverTime", stamp(now_(), call.unit)},
                            {"rateLimits", json::array{}},
                            {"exchangeFilters", json::array{}},
                            {"assets", json::array{}},
                            {"symbols", json::array{}}}};
}

Reply Api::nothing(Call&, AccountId) { return {200, json::array{}}; }

Reply Api::coins(Call& call, AccountId account) {
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  json::array list;
  for (const std::string& asset : engine_.assets()) {
    const auto& balances = engine_.accounts()[account].balances;
    const auto found = balances.find(asset);
    const Balance balance = found == balances.end() ? Balance{} : found->second;
    json::object coin{{"coin", asset},
                      {"depositAllEnable", true},
                      {"withdrawAllEnable", true},
                      {"name", asset},
                      {"free", fixed(balance.free)},
                      {"locked", fixed(balance.locked)},
                      {"freeze", "0"},
                      {"withdrawing", "0"},
                      {"ipoing", "0"},
                      {"ipoable", "0"},
                      {"storage", "0"},
                      {"isLegalMoney", false},
                      {"trading", true}};
    coin["networkList"] = json::array{};
    list.push_back(std::move(coin));
  }
  return {200, std::move(list)};
}

Reply Api::depth(Call& call, AccountId) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const std::int64_t limit = std::min<std::int64_t>(params.integer("limit").value_or(100), 5'000);
  params.finish();
  if (params.error()) return failure(*params.error());
  const auto count = static_cast<std::size_t>(limit);
  return {200, json::object{{"lastUpdateId", engine_.update_id(*id)},
                            {"bids", levels(engine_.levels(*id, Side::Buy, count))},
                            {"asks", levels(engine_.levels(*id, Side::Sell, count))}}};
}

Reply Api::trades(Call& call, AccountId) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const std::int64_t limit = std::min<std::int64_t>(params.integer("limit").value_or(500), 1'000);
  params.finish();
  if (params.error()) return failure(*params.error());
  const auto& all = history_.trades(*id);
  json::array list;
  for (std::size_t i = all.size() - std::min(all.size(), static_cast<std::size_t>(limit)); i < all.size(); ++i) {
    list.push_back(public_trade(all[i], call.unit));
  }
  return {200, std::move(list)};
}

Reply Api::aggregate_trades(Call& call, AccountId) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const auto from_id = params.integer("fromId");
  const auto start = params.integer("startTime");
  const auto end = params.integer("endTime");
  const std::int64_t limit = std::min<std::int64_t>(params.integer("limit").value_or(500), 1'000);
  params.finish();
  if (params.error()) return failure(*params.error());
  std::vector<const AggregateTrade*> found;
  for (const AggregateTrade& trade : history_.aggregates(*id)) {
    if (from_id && trade.id < static_cast<std::uint64_t>(*from_id)) continue;
    if ((start && trade.time < from_stamp(*start)) || (end && trade.time > from_stamp(*end))) continue;
    found.push_back(&trade);
  }
  const std::size_t count = std::min(found.size(), static_cast<std::size_t>(limit));
  const std::size_t first = from_id || start ? 0 : found.size() - count;
  json::array list;
  for (std::size_t i = first; i < first + count; ++i) list.push_back(aggregate_trade(*found[i], call.unit));
  return {200, std::move(list)};
}

Reply Api::bars(Call& call, AccountId) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const auto length = interval_length(params.required_text("interval"));
  if (!length) params.refuse(-1120, "Invalid interval.");
  const auto start = params.integer("startTime");
  const auto end = params.integer("endTime");
  params.text("timeZone");
  const std::int64_t limit = std::min<std::int64_t>(params.integer("limit").value_or(500), 1'000);
  params.finish();
  if (params.error()) return failure(*params.error());
  std::vector<Bar> found = history_.bars(*id, *length);
  std::erase_if(found, [&](const Bar& bar) {
    return (start && bar.open_time < from_stamp(*start)) || (end && bar.open_time > from_stamp(*end));
  });
  const std::size_t count = std::min(found.size(), static_cast<std::size_t>(limit));
  const std::size_t first = start ? 0 : found.size() - count;
  json::array list;
  for (std::size_t i = first; i < first + count; ++i) list.push_back(bar(found[i], *length, call.unit));
  return {200, std::move(list)};
}

Reply Api::average(Call& call, AccountId) {
  const auto id = symbol(call.params, true);
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  const auto& all = history_.trades(*id);
  return {200, json::object{{"mins", 5},
                            {"price", fixed(average_price(engine_, history_, *id, now_()))},
                            {"closeTime", stamp(all.empty() ? now_() : all.back().time, call.unit)}}};
}

Reply Api::tickers(Call& call, const std::function<json::object(SymbolId)>& shape) {
  bool is_single = false;
  const std::vector<SymbolId> ids = symbols(call.params, is_single);
  call.params.text("symbolStatus");
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  if (is_single) return {200, shape(ids.front())};
  json::array list;
  for (const SymbolId id : ids) list.push_back(shape(id));
  return {200, std::move(list)};
}

Reply Api::day_ticker(Call& call, AccountId) {
  const std::string type = call.params.text("type").value_or("FULL");
  if (type != "FULL" && type != "MINI") call.params.refuse(-1139, "Invalid ticker type.");
  return tickers(
      call, [&](SymbolId id) { return binance::day_ticker(engine_, history_, id, type == "MINI", now_(), call.unit); });
}

Reply Api::price_ticker(Call& call, AccountId) {
  return tickers(call, [&](SymbolId id) -> json::object {
    return {{"symbol", engine_.symbol(id).name}, {"price", fixed(engine_.last_price(id))}};
  });
}

Reply Api::book_ticker(Call& call, AccountId) {
  return tickers(call, [&](SymbolId id) { return binance::book_ticker(engine_, id); });
}

// Which parameters each type needs and which it must not have, then the filters.
std::optional<Api::Wanted> Api::read_order(Call& call, AccountId account) {
  Params& params = call.params;
  Wanted wanted;
  NewOrder& order = wanted.order;
  const auto id = symbol(params, true);
  const std::string side = params.required_text("side");
  const std::string type = params.required_text("type");
  if (params.error()) return std::nullopt;
  wanted.symbol = *id;
  if (const auto known = side_named(side)) order.side = *known;
  else params.refuse(-1117, "Invalid side.");
  if (const auto known = order_type_named(type)) order.type = *known;
  else params.refuse(-1116, "Invalid orderType.");
  if (params.error()) return std::nullopt;

  const bool is_market = order.type == OrderType::Market;
  const bool is_limit_stop = order.type == OrderType::StopLossLimit || order.type == OrderType::TakeProfitLimit;
  const bool is_stop = is_limit_stop || order.type == OrderType::StopLoss || order.type == OrderType::TakeProfit;
  const bool is_priced = order.type == OrderType::Limit || order.type == OrderType::LimitMaker || is_limit_stop;
  const bool has_time_in_force = order.type == OrderType::Limit || is_limit_stop;

  if (has_time_in_force) {
    const std::string name = params.required_text("timeInForce");
    if (const auto known = time_in_force_named(name)) order.time_in_force = *known;
    else params.refuse(-1115, "Invalid timeInForce.");
  } else {
    params.refuse_if_sent("timeInForce");
  }
  if (is_market) {
    params.require_one_of("quantity", "quoteOrderQty");
    if (params.has("quantity")) params.refuse_if_sent("quoteOrderQty");
    order.qty = params.decimal("quantity").value_or(Decimal{});
    order.quote_qty = params.decimal("quoteOrderQty").value_or(Decimal{});
    if (params.has("quoteOrderQty") && order.quote_qty.is_zero()) params.refuse(-1013, "Invalid quoteOrderQty.");
  } else {
    order.qty = params.required_decimal("quantity");
    params.refuse_if_sent("quoteOrderQty");
  }
  if (params.has("quantity") && order.qty.is_zero()) params.refuse(-1013, "Invalid quantity.");
  if (is_priced) {
    if (params.has("pegPriceType")) params.refuse(-1013, "Pegged orders are not supported for this symbol.");
    order.price = params.required_decimal("price");
    if (order.price.is_zero()) params.refuse(-1013, "Invalid price.");
  } else {
    params.refuse_if_sent("price");
  }
  if (is_stop) {
    params.require_one_of("stopPrice", "trailingDelta");
    if (params.has("trailingDelta")) params.refuse(-1013, "Trailing stop orders are not supported for this symbol.");
    order.stop_price = params.decimal("stopPrice").value_or(Decimal{});
    if (order.stop_price.is_zero()) params.refuse(-1013, "Invalid stopPrice.");
  } else {
    params.refuse_if_sent("stopPrice");
    params.refuse_if_sent("trailingDelta");
  }
  if (params.decimal("icebergQty").value_or(Decimal{}).is_positive()) {
    params.refuse(-1013, "Iceberg orders are not supported for this symbol.");
  }
  order.client_order_id = params.client_order_id("newClientOrderId").value_or(std::string{});
  order.strategy_id = params.integer("strategyId");
  order.strategy_type = params.integer("strategyType");
  if (order.strategy_type && *order.strategy_type < 1'000'000) {
    params.refuse(-1134, "`strategyType` was less than 1000000.");
  }
  if (const auto mode = params.text("selfTradePreventionMode")) {
    if (const auto known = self_trade_named(*mode)) order.self_trade = *known;
    else params.refuse(-1130, "Data sent for parameter 'selfTradePreventionMode' is not valid.");
  }
  wanted.response = is_market || order.type == OrderType::Limit ? ResponseType::Full : ResponseType::Ack;
  if (const auto response = params.text("newOrderRespType")) {
    if (*response == "ACK") wanted.response = ResponseType::Ack;
    else if (*response == "RESULT") wanted.response = ResponseType::Result;
    else if (*response == "FULL") wanted.response = ResponseType::Full;
    else params.refuse(-1130, "Data sent for parameter 'newOrderRespType' is not valid.");
  }
  params.finish();
  if (params.error()) return std::nullopt;

  const Symbol& rules = engine_.symbol(wanted.symbol);
  if (is_stop && !is_limit_stop && !rules.stop_market_allowed) {
    params.refuse(-1013, order.type == OrderType::StopLoss ? "Stop loss orders are not supported for this symbol."
                                                           : "Take profit orders are not supported for this symbol.");
    return std::nullopt;
  }
  FilterContext context;
  context.average_price = average_price(engine_, history_, wanted.symbol, now_());
  for (const Order* open : engine_.orders(account, wanted.symbol, true)) {
    ++context.open_orders;
    if (open->is_waiting_for_trigger()) ++context.stop_orders;
  }
  if (const auto filter = failed_filter(rules, order, context)) {
    params.refuse(-1013, "Filter failure: " + std::string{*filter});
    return std::nullopt;
  }
  return wanted;
}

Reply Api::place(Call& call, AccountId account) {
  const auto wanted = read_order(call, account);
  if (!wanted) return failure(*call.params.error());
  const TimeUs now = now_();
  if (const auto verdict = limits_.admit_order(account, now); !verdict.passes) {
    const std::string limit = verdict.is_day
                                  ? std::to_string(limits_.settings().orders_per_day) + " orders per 1 DAY."
                                  : std::to_string(limits_.settings().orders_per_10_seconds) + " orders per 10 SECOND.";
    return failure({-1015, "Too many new orders; current limit is " + limit, 429, verdict.retry_at});
  }
  limits_.count_order(account, now);
  Events events;
  const auto placed = engine_.place(account, wanted->symbol, wanted->order, now, events);
  if (!placed) return failure(error_of(placed.error(), false));
  std::vector<Fill> fills;
  for (const Execution& execution : events.executions) {
    if (execution.fill && execution.order.id == placed->id && execution.order.account == account) {
      fills.push_back(*execution.fill);
    }
  }
  publish(events);
  Reply reply{200, placed_order(engine_, *placed, fills, now, wanted->response, call.unit)};
  reply.counts_orders = true;
  return reply;
}

Reply Api::test(Call& call, AccountId account) {
  const bool wants_rates = call.params.flag("computeCommissionRates").value_or(false);
  const auto wanted = read_order(call, account);
  if (!wanted) return failure(*call.params.error());
  if (!wants_rates) return {200, json::object{}};
  const Account& rates = engine_.accounts()[account];
  const auto both = [](Decimal maker, Decimal taker) -> json::object {
    return {{"maker", fixed(maker)}, {"taker", fixed(taker)}};
  };
  return {200, json::object{{"standardCommissionForOrder", both(rates.maker_rate, rates.taker_rate)},
                            {"specialCommissionForOrder", both({}, {})},
                            {"taxCommissionForOrder", both({}, {})},
                            {"discount",
                             {{"enabledForAccount", false},
                              {"enabledForSymbol", true},
                              {"discountAsset", "BNB"},
                              {"discount", "0.25000000"}}}}};
}

// By orderId first; the client's name is then compared.
const Order* Api::find_order(Params& params, AccountId account, SymbolId symbol, bool is_cancel) {
  const auto order_id = params.integer("orderId");
  const auto client_id = params.text("origClientOrderId");
  if (params.error()) return nullptr;
  const Order* order = order_id ? engine_.order(account, symbol, static_cast<std::uint64_t>(*order_id))
                                : engine_.order_by_client_id(account, symbol, *client_id);
  if (order != nullptr && order_id && client_id && order->client_order_id != *client_id) {
    params.refuse(-2039, "Client order ID is not correct for this order ID.");
    return nullptr;
  }
  if (order == nullptr) {
    if (is_cancel) params.refuse(-2011, "Unknown order sent.");
    else params.refuse(-2013, "Order does not exist.");
  }
  return order;
}

Reply Api::cancel(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  params.require_one_of("origClientOrderId", "orderId");
  const std::string cancel_id = params.client_order_id("newClientOrderId").value_or(std::string{});
  CancelRestriction restriction = CancelRestriction::None;
  if (const auto text = params.text("cancelRestrictions")) {
    if (*text == "ONLY_NEW") restriction = CancelRestriction::OnlyNew;
    else if (*text == "ONLY_PARTIALLY_FILLED") restriction = CancelRestriction::OnlyPartiallyFilled;
    else params.refuse(-1145, "Invalid cancelRestrictions");
  }
  if (params.error()) return failure(*params.error());
  const Order* order = find_order(params, account, *id, true);
  if (order != nullptr) params.finish();
  if (params.error()) return failure(*params.error());
  const TimeUs now = now_();
  Events events;
  const auto canceled = engine_.cancel(account, *id, order->id, cancel_id, restriction, now, events);
  if (!canceled) return failure(error_of(canceled.error(), true));
  publish(events);
  return {200, canceled_order(engine_, *canceled, events.executions.back().cancel_id, now, call.unit)};
}

Reply Api::cancel_all(Call& call, AccountId account) {
  const auto id = symbol(call.params, true);
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  const TimeUs now = now_();
  std::vector<std::uint64_t> ids;
  for (const Order* order : engine_.orders(account, *id, true)) ids.push_back(order->id);
  if (ids.empty()) return failure(error_of(Refusal::UnknownOrder, true));
  json::array list;
  Events events;
  std::string cancel_id;  // one name for the whole request
  for (const std::uint64_t order_id : ids) {
    const auto canceled = engine_.cancel(account, *id, order_id, cancel_id, CancelRestriction::None, now, events);
    cancel_id = events.executions.back().cancel_id;
    list.push_back(canceled_order(engine_, *canceled, cancel_id, now, call.unit));
  }
  publish(events);
  return {200, std::move(list)};
}

Reply Api::order_status(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  params.require_one_of("origClientOrderId", "orderId");
  if (params.error()) return failure(*params.error());
  const Order* order = find_order(params, account, *id, false);
  if (order != nullptr && is_hidden(*order)) params.refuse(-2013, "Order does not exist.");
  if (order != nullptr) params.finish();
  if (params.error()) return failure(*params.error());
  return {200, queried_order(engine_, *order, call.unit)};
}

Reply Api::open_orders(Call& call, AccountId account) {
  const auto id = symbol(call.params, false);
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  json::array list;
  for (const Order* order : engine_.orders(account, id, true)) {
    if (!is_hidden(*order)) list.push_back(queried_order(engine_, *order, call.unit));
  }
  return {200, std::move(list)};
}

Reply Api::all_orders(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const auto order_id = params.integer("orderId");
  const auto start = params.integer("startTime");
  const auto end = params.integer("endTime");
  const std::int64_t limit = std::min<std::int64_t>(params.integer("limit").value_or(500), 1'000);
  params.finish();
  if (start && end && from_stamp(*end) - from_stamp(*start) > 86'400'000'000) {
    params.refuse(-1127, "More than 24 hours between startTime and endTime.");
  }
  if (params.error()) return failure(*params.error());
  std::vector<const Order*> found = engine_.orders(account, *id, false);
  std::erase_if(found, [&](const Order* order) {
    return (order_id && order->id < static_cast<std::uint64_t>(*order_id)) ||
           (start && order->created < from_stamp(*start)) || (end && order->created > from_stamp(*end)) ||
           is_hidden(*order);
  });
  const std::size_t count = std::min(found.size(), static_cast<std::size_t>(limit));
  const std::size_t first = order_id || start ? 0 : found.size() - count;
  json::array list;
  for (std::size_t i = first; i < first + count; ++i) list.push_back(queried_order(engine_, *found[i], call.unit));
  return {200, std::move(list)};
}

Reply Api::my_trades(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const auto order_id = params.integer("orderId");
  const auto from_id = params.integer("fromId");
  const auto start = params.integer("startTime");
  const auto end = params.integer("endTime");
  const std::int64_t limit = std::min<std::int64_t>(params.integer("limit").value_or(500), 1'000);
  params.finish();
  if ((start || end) && (order_id || from_id)) params.refuse(-1128, "Combination of optional parameters invalid.");
  if (start && end && from_stamp(*end) - from_stamp(*start) > 86'400'000'000) {
    params.refuse(-1127, "More than 24 hours between startTime and endTime.");
  }
  if (params.error()) return failure(*params.error());
  std::vector<const AccountTrade*> found;
  for (const AccountTrade& trade : engine_.account_trades(account)) {
    if (trade.symbol != *id || (order_id && trade.order_id != static_cast<std::uint64_t>(*order_id))) continue;
    if (from_id && trade.fill.trade_id < static_cast<std::uint64_t>(*from_id)) continue;
    if ((start && trade.time < from_stamp(*start)) || (end && trade.time > from_stamp(*end))) continue;
    found.push_back(&trade);
  }
  const std::size_t count = std::min(found.size(), static_cast<std::size_t>(limit));
  const std::size_t first = from_id || start ? 0 : found.size() - count;
  json::array list;
  for (std::size_t i = first; i < first + count; ++i) list.push_back(account_trade(engine_, *found[i], call.unit));
  return {200, std::move(list)};
}

Reply Api::account_status(Call& call, AccountId account) {
  const bool omits_zeros = call.params.flag("omitZeroBalances").value_or(false);
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  return {200, binance::account_status(engine_, account, omits_zeros, call.unit)};
}

Reply Api::commission(Call& call, AccountId account) {
  const auto id = symbol(call.params, true);
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  return {200, commission_rates(engine_, account, *id)};
}

Reply Api::order_limits(Call& call, AccountId account) {
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  return {200, order_counts(limits_, account, now_())};
}

std::optional<TimeUs> interval_length(std::string_view name) {
  constexpr TimeUs second = 1'000'000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
  constexpr std::pair<std::string_view, TimeUs> known[] = {
      {"1s", second},       {"1m", minute},       {"3m", 3 * minute}, {"5m", 5 * minute},
      {"15m", 15 * minute}, {"30m", 30 * minute}, {"1h", hour},       {"2h", 2 * hour},
      {"4h", 4 * hour},     {"6h", 6 * hour},     {"8h", 8 * hour},   {"12h", 12 * hour},
      {"1d", day},          {"3d", 3 * day},      {"1w", 7 * day},    {"1M", 30 * day}};
  for (const auto& [interval, length] : known) {
    if (interval == name) return length;
  }
  return std::nullopt;
}

}  // namespace busbar::venue::binance
