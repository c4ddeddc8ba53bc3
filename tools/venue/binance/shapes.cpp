#include "tools/venue/binance/shapes.hpp"

#include "tools/venue/amount.hpp"
#include "tools/venue/binance/names.hpp"

namespace busbar::venue::binance {
namespace {

namespace json = boost::json;

constexpr TimeUs day = 86'400'000'000;

std::int64_t working_time(const Order& order, TimeUnit unit) {
  return order.working == 0 ? -1 : stamp(order.working, unit);
}

// Members that appear only under certain conditions, after the side.
void add_conditional(json::object& body, const Order& order) {
  if (order.is_stop()) body["stopPrice"] = fixed(order.stop_price);
  if (order.strategy_id) body["strategyId"] = *order.strategy_id;
  if (order.strategy_type) body["strategyType"] = *order.strategy_type;
}

void add_ending(json::object& body, const Order& order) {
  body["selfTradePreventionMode"] = name_of(order.self_trade);
  if (order.prevented_match_id >= 0) {
    body["preventedMatchId"] = order.prevented_match_id;
    body["preventedQuantity"] = fixed(order.prevented_qty);
  }
  if (order.expiry != ExpiryReason::None) body["expiryReason"] = name_of(order.expiry);
}

void add_state(json::object& body, const Order& order) {
  body["price"] = fixed(order.price);
  body["origQty"] = fixed(order.qty);
  body["executedQty"] = fixed(order.executed);
  body["origQuoteOrderQty"] = fixed(order.quote_qty);
  body["cummulativeQuoteQty"] = fixed(order.cum_quote);
  body["status"] = shown_status(order);
  body["timeInForce"] = name_of(order.time_in_force);
  body["type"] = name_of(order.type);
  body["side"] = name_of(order.side);
  add_conditional(body, order);
}

struct Day {
  Bar bar;
  Decimal last, change, weighted;
  std::string percent;
  std::int64_t first = -1, final = -1;
};

Day day_of(const Engine& engine, const History& history, SymbolId symbol, TimeUs now) {
  Day result;
  result.bar = history.since(symbol, now - day);
  result.last = engine.last_price(symbol);
  if (result.bar.trades == 0) {
    result.bar.open = result.bar.high = result.bar.low = result.bar.close = result.last;
  } else {
    result.first = static_cast<std::int64_t>(result.bar.first_trade);
    result.final = static_cast<std::int64_t>(result.bar.last_trade);
  }
  result.change = minus(result.last, result.bar.open);
  result.percent =
      fixed(times(divide(result.change, result.bar.open, 8, Round::Nearest).value_or(Decimal{}), Decimal{100, 0}), 3);
  result.weighted = divide(result.bar.quote_volume, result.bar.volume, 8, Round::Nearest).value_or(result.last);
  return result;
}

std::pair<Decimal, Decimal> best(const Engine& engine, SymbolId symbol, Side side) {
  const auto top = engine.levels(symbol, side, 1);
  return top.empty() ? std::pair{Decimal{}, Decimal{}} : top.front();
}

}  // namespace

json::object placed_order(const Engine& engine, const Order& order, const std::vector<Fill>& fills, TimeUs time,
                          ResponseType type, TimeUnit unit) {
  json::object body;
  body["symbol"] = engine.symbol(order.symbol).name;
  body["orderId"] = order.id;
  body["orderListId"] = -1;
  body["clientOrderId"] = order.client_order_id;
  body["transactTime"] = stamp(time, unit);
  if (type == ResponseType::Ack) return body;
  add_state(body, order);
  body["workingTime"] = working_time(order, unit);
  add_ending(body, order);
  if (type == ResponseType::Full) {
    json::array list;
    for (const Fill& fill : fills) {
      list.push_back({{"price", fixed(fill.price)},
                      {"qty", fixed(fill.qty)},
                      {"commission", fixed(fill.commission)},
                      {"commissionAsset", fill.commission_asset},
                      {"tradeId", fill.trade_id}});
    }
    body["fills"] = std::move(list);
  }
  return body;
}

json::object canceled_order(const Engine& engine, const Order& order, const std::string& cancel_id, TimeUs time,
                            TimeUnit unit) {
  json::object body;
  body["symbol"] = engine.symbol(order.symbol).name;
  body["origClientOrderId"] = order.client_order_id;
  body["orderId"] = order.id;
  body["orderListId"] = -1;
  body["clientOrderId"] = cancel_id;
  body["transactTime"] = stamp(time, unit);
  add_state(body, order);
  add_ending(body, order);
  return body;
}

json::object queried_order(const Engine& engine, const Order& order, TimeUnit unit) {
  json::object body;
  body["symbol"] = engine.symbol(order.symbol).name;
  body["orderId"] = order.id;
  body["orderListId"] = -1;
  body["clientOrderId"] = order.client_order_id;
  body["price"] = fixed(order.price);
  body["origQty"] = fixed(order.qty);
  body["executedQty"] = fixed(order.executed);
  body["cummulativeQuoteQty"] = fixed(order.cum_quote);
  body["status"] = shown_status(order);
  body["timeInForce"] = name_of(order.time_in_force);
  body["type"] = name_of(order.type);
  body["side"] = name_of(order.side);
  body["stopPrice"] = fixed(order.stop_price);
  body["icebergQty"] = fixed({});
  body["time"] = stamp(order.created, unit);
  body["updateTime"] = stamp(order.updated, unit);
  body["isWorking"] = order.working != 0;
  body["workingTime"] = working_time(order, unit);
  body["origQuoteOrderQty"] = fixed(order.quote_qty);
  if (order.strategy_id) body["strategyId"] = *order.strategy_id;
  if (order.strategy_type) body["strategyType"] = *order.strategy_type;
  add_ending(body, order);
  return body;
}

json::object account_trade(const Engine& engine, const AccountTrade& trade, TimeUnit unit) {
  return {{"symbol", engine.symbol(trade.symbol).name},
          {"id", trade.fill.trade_id},
          {"orderId", trade.order_id},
          {"orderListId", -1},
          {"price", fixed(trade.fill.price)},
          {"qty", fixed(trade.fill.qty)},
          {"quoteQty", fixed(trade.fill.quote)},
          {"commission", fixed(trade.fill.commission)},
          {"commissionAsset", trade.fill.commission_asset},
          {"time", stamp(trade.time, unit)},
          {"isBuyer", trade.side == Side::Buy},
          {"isMaker", trade.fill.is_maker},
          {"isBestMatch", true}};
}

json::object account_status(const Engine& engine, AccountId id, bool omits_zeros, TimeUnit unit) {
  const Account& account = engine.accounts()[id];
  json::array balances;
  for (const std::string& asset : engine.assets()) {
    const auto found = account.balances.find(asset);
    const Balance balance = found == account.balances.end() ? Balance{} : found->second;
    if (omits_zeros && balance.free.is_zero() && balance.locked.is_zero()) continue;
    balances.push_back({{"asset", asset}, {"free", fixed(balance.free)}, {"locked", fixed(balance.locked)}});
  }
  const auto basis_points = [](Decimal rate) {
    return divide(times(rate, Decimal{10'000, 0}), Decimal{1, 0}, 0, Round::Down).value_or(Decimal{}).mantissa();
  };
  return {{"makerCommission", basis_points(account.maker_rate)},
          {"takerCommission", basis_points(account.taker_rate)},
          {"buyerCommission", 0},
          {"sellerCommission", 0},
          {"commissionRates",
           {{"maker", fixed(account.maker_rate)},
            {"taker", fixed(account.taker_rate)},
            {"buyer", fixed({})},
            {"seller", fixed({})}}},
          {"canTrade", true},
          {"canWithdraw", true},
          {"canDeposit", true},
          {"brokered", false},
          {"requireSelfTradePrevention", false},
          {"preventSor", false},
          {"updateTime", stamp(account.updated, unit)},
          {"accountType", "SPOT"},
          {"balances", std::move(balances)},
          {"permissions", json::array{"SPOT"}},
          {"uid", 350'000'000 + id}};
}

json::object commission_rates(const Engine& engine, AccountId id, SymbolId symbol) {
  const Account& account = engine.accounts()[id];
  const auto rates = [](Decimal maker, Decimal taker) -> json::object {
    return {{"maker", fixed(maker)}, {"taker", fixed(taker)}, {"buyer", fixed({})}, {"seller", fixed({})}};
  };
  return {{"symbol", engine.symbol(symbol).name},
          {"standardCommission", rates(account.maker_rate, account.taker_rate)},
          {"specialCommission", rates({}, {})},
          {"taxCommission", rates({}, {})},
          {"discount",
           {{"enabledForAccount", false},
            {"enabledForSymbol", true},
            {"discountAsset", "BNB"},
            {"discount", "0.75000000"}}}};
}

json::array order_counts(Limits& limits, AccountId account, TimeUs now) {
  const auto [ten_seconds, today] = limits.order_counts(account, now);
  return {{{"rateLimitType", "ORDERS"},
           {"interval", "SECOND"},
           {"intervalNum", 10},
           {"limit", limits.settings().orders_per_10_seconds},
           {"count", ten_seconds}},
          {{"rateLimitType", "ORDERS"},
           {"interval", "DAY"},
           {"intervalNum", 1},
           {"limit", limits.settings().orders_per_day},
           {"count", today}}};
}

json::object weight_limit(Limits& limits, const std::string& address, TimeUs now) {
  return {{"rateLimitType", "REQUEST_WEIGHT"},
          {"interval", "MINUTE"},
          {"intervalNum", 1},
          {"limit", limits.settings().weight_per_minute},
          {"count", limits.used_weight(address, now)}};
}

json::object symbol_info(const Symbol& symbol, bool shows_permissions) {
  json::array types{"LIMIT", "LIMIT_MAKER", "MARKET"};
  if (symbol.stop_market_allowed) types.emplace_back("STOP_LOSS");
  types.emplace_back("STOP_LOSS_LIMIT");
  if (symbol.stop_market_allowed) types.emplace_back("TAKE_PROFIT");
  types.emplace_back("TAKE_PROFIT_LIMIT");
  const json::array filters{
      {{"filterType", "PRICE_FILTER"},
       {"minPrice", fixed(symbol.price_min)},
       {"maxPrice", fixed(symbol.price_max)},
       {"tickSize", fixed(symbol.tick)}},
      {{"filterType", "LOT_SIZE"},
       {"minQty", fixed(symbol.qty_min)},
       {"maxQty", fixed(symbol.qty_max)},
       {"stepSize", fixed(symbol.step)}},
      {{"filterType", "MARKET_LOT_SIZE"},
       {"minQty", fixed({})},
       {"maxQty", fixed(symbol.market_qty_max)},
       {"stepSize", fixed({})}},
      {{"filterType", "PERCENT_PRICE_BY_SIDE"},
       {"bidMultiplierUp", to_string(symbol.percent_up)},
       {"bidMultiplierDown", to_string(symbol.percent_down)},
       {"askMultiplierUp", to_string(symbol.percent_up)},
       {"askMultiplierDown", to_string(symbol.percent_down)},
       {"avgPriceMins", 5}},
      {{"filterType", "NOTIONAL"},
       {"minNotional", fixed(symbol.notional_min)},
       {"applyMinToMarket", true},
       {"maxNotional", fixed(symbol.notional_max)},
       {"applyMaxToMarket", false},
       {"avgPriceMins", 5}},
      {{"filterType", "MAX_NUM_ORDERS"}, {"maxNumOrders", symbol.orders_max}},
      {{"filterType", "MAX_NUM_ALGO_ORDERS"}, {"maxNumAlgoOrders", symbol.stop_orders_max}},
  };
  return {{"symbol", symbol.name},
          {"status", name_of(symbol.status)},
          {"baseAsset", symbol.base},
          {"baseAssetPrecision", 8},
          {"quoteAsset", symbol.quote},
          {"quotePrecision", 8},
          {"quoteAssetPrecision", 8},
          {"baseCommissionPrecision", 8},
          {"quoteCommissionPrecision", 8},
          {"orderTypes", std::move(types)},
          {"icebergAllowed", false},
          {"ocoAllowed", false},
          {"otoAllowed", false},
          {"opoAllowed", false},
          {"quoteOrderQtyMarketAllowed", true},
          {"allowTrailingStop", false},
          {"cancelReplaceAllowed", false},
          {"amendAllowed", false},
          {"pegInstructionsAllowed", false},
          {"isSpotTradingAllowed", true},
          {"isMarginTradingAllowed", false},
          {"filters", filters},
          {"permissions", json::array{}},
          {"permissionSets", shows_permissions ? json::array{json::array{"SPOT"}} : json::array{}},
          {"defaultSelfTradePreventionMode", "EXPIRE_MAKER"},
          {"allowedSelfTradePreventionModes", json::array{"NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"}}};
}

json::array rate_limits(const LimitSettings& settings) {
  const auto limit = [](const char* type, const char* interval, int count, std::int64_t most) -> json::object {
    return {{"rateLimitType", type}, {"interval", interval}, {"intervalNum", count}, {"limit", most}};
  };
  json::array result;
  result.push_back(limit("REQUEST_WEIGHT", "MINUTE", 1, settings.weight_per_minute));
  result.push_back(limit("ORDERS", "SECOND", 10, settings.orders_per_10_seconds));
  result.push_back(limit("ORDERS", "DAY", 1, settings.orders_per_day));
  result.push_back(limit("RAW_REQUESTS", "MINUTE", 5, settings.raw_per_5_minutes));
  return result;
}

json::array levels(const Engine::Levels& levels) {
  json::array result;
  for (const auto& [price, qty] : levels) result.push_back(json::array{fixed(price), fixed(qty)});
  return result;
}

json::object public_trade(const Trade& trade, TimeUnit unit) {
  return {{"id", trade.id},
          {"price", fixed(trade.price)},
          {"qty", fixed(trade.qty)},
          {"quoteQty", fixed(trade.quote)},
          {"time", stamp(trade.time, unit)},
          {"isBuyerMaker", trade.is_buyer_maker},
          {"isBestMatch", true}};
}

json::object aggregate_trade(const AggregateTrade& trade, TimeUnit unit) {
  return {{"a", trade.id},   {"p", fixed(trade.price)},      {"q", fixed(trade.qty)},     {"f", trade.first},
          {"l", trade.last}, {"T", stamp(trade.time, unit)}, {"m", trade.is_buyer_maker}, {"M", true}};
}

json::array bar(const Bar& bar, TimeUs length, TimeUnit unit) {
  const TimeUs last = bar.open_time + length - (unit == TimeUnit::Microseconds ? 1 : 1'000);
  return {stamp(bar.open_time, unit),
          fixed(bar.open),
          fixed(bar.high),
          fixed(bar.low),
          fixed(bar.close),
          fixed(bar.volume),
          stamp(last, unit),
          fixed(bar.quote_volume),
          bar.trades,
          fixed(bar.taker_volume),
          fixed(bar.taker_quote),
          "0"};
}

json::object book_ticker(const Engine& engine, SymbolId symbol) {
  const auto [bid, bid_qty] = best(engine, symbol, Side::Buy);
  const auto [ask, ask_qty] = best(engine, symbol, Side::Sell);
  return {{"symbol", engine.symbol(symbol).name},
          {"bidPrice", fixed(bid)},
          {"bidQty", fixed(bid_qty)},
          {"askPrice", fixed(ask)},
          {"askQty", fixed(ask_qty)}};
}

json::object day_ticker(const Engine& engine, const History& history, SymbolId symbol, bool is_mini, TimeUs now,
                        TimeUnit unit) {
  const Day figures = day_of(engine, history, symbol, now);
  const auto [bid, bid_qty] = best(engine, symbol, Side::Buy);
  const auto [ask, ask_qty] = best(engine, symbol, Side::Sell);
  json::object body{{"symbol", engine.symbol(symbol).name}};
  if (!is_mini) {
    body["priceChange"] = fixed(figures.change);
    body["priceChangePercent"] = figures.percent;
    body["weightedAvgPrice"] = fixed(figures.weighted);
    body["prevClosePrice"] = fixed(figures.bar.open);
    body["lastPrice"] = fixed(figures.last);
    body["lastQty"] = history.trades(symbol).empty() ? fixed({}) : fixed(history.trades(symbol).back().qty);
    body["bidPrice"] = fixed(bid);
    body["bidQty"] = fixed(bid_qty);
    body["askPrice"] = fixed(ask);
    body["askQty"] = fixed(ask_qty);
  }
  body["openPrice"] = fixed(figures.bar.open);
  body["highPrice"] = fixed(figures.bar.high);
  body["lowPrice"] = fixed(figures.bar.low);
  if (is_mini) body["lastPrice"] = fixed(figures.last);
  body["volume"] = fixed(figures.bar.volume);
  body["quoteVolume"] = fixed(figures.bar.quote_volume);
  body["openTime"] = stamp(now - day, unit);
  body["closeTime"] = stamp(now, unit);
  body["firstId"] = figures.first;
  body["lastId"] = figures.final;
  body["count"] = figures.bar.trades;
  return body;
}

Decimal average_price(const Engine& engine, const History& history, SymbolId symbol, TimeUs now) {
  const Bar bar = history.since(symbol, now - 5 * 60'000'000);
  return divide(bar.quote_volume, bar.volume, 8, Round::Nearest).value_or(engine.last_price(symbol));
}

json::object execution_report(const Engine& engine, const Execution& execution, TimeUs now, TimeUnit unit) {
  const Order& order = execution.order;
  const bool is_trade = execution.fill.has_value();
  const Fill fill = execution.fill.value_or(Fill{});
  const bool is_cancel = execution.type == ExecutionType::Canceled;
  json::object event;
  event["e"] = "executionReport";
  event["E"] = stamp(now, unit);
  event["s"] = engine.symbol(order.symbol).name;
  event["c"] = is_cancel ? execution.cancel_id : order.client_order_id;
  event["S"] = name_of(order.side);
  event["o"] = name_of(order.type);
  event["f"] = name_of(order.time_in_force);
  event["q"] = fixed(order.qty);
  event["p"] = fixed(order.price);
  event["P"] = fixed(order.stop_price);
  event["F"] = fixed({});
  event["g"] = -1;
  event["C"] = is_cancel ? order.client_order_id : std::string{};
  event["x"] = name_of(execution.type);
  event["X"] = shown_status(order);
  event["r"] = "NONE";
  event["i"] = order.id;
  event["l"] = fixed(fill.qty);
  event["z"] = fixed(order.executed);
  event["L"] = fixed(fill.price);
  event["n"] = is_trade ? fixed(fill.commission) : std::string{"0"};
  event["N"] = is_trade ? json::value(fill.commission_asset) : json::value{};
  event["T"] = stamp(execution.time, unit);
  event["t"] = is_trade ? static_cast<std::int64_t>(fill.trade_id) : -1;
  if (order.prevented_match_id >= 0) event["v"] = order.prevented_match_id;
  event["I"] = execution.id;
  event["w"] = order.is_open() && order.working != 0;
  event["m"] = fill.is_maker;
  event["M"] = is_trade;
  event["O"] = stamp(order.created, unit);
  event["Z"] = fixed(order.cum_quote);
  event["Y"] = fixed(fill.quote);
  event["Q"] = fixed(order.quote_qty);
  if (order.strategy_id) event["j"] = *order.strategy_id;
  if (order.strategy_type) event["J"] = *order.strategy_type;
  if (order.working != 0) event["W"] = stamp(order.working, unit);
  event["V"] = name_of(order.self_trade);
  if (execution.type == ExecutionType::TradePrevention) {
    event["A"] = fixed(order.prevented_qty);
    event["B"] = fixed(execution.prevented_qty);
    event["u"] = 1;
    event["U"] = execution.counter_order;
    event["Cs"] = engine.symbol(order.symbol).name;
    event["pl"] = fixed(execution.prevented_qty);
    event["pL"] = fixed(execution.prevented_price);
    event["pY"] = fixed(times(execution.prevented_qty, execution.prevented_price));
  }
  if (order.expiry != ExpiryReason::None) event["eR"] = name_of(order.expiry);
  return event;
}

json::object account_position(const Engine& engine, AccountId id, const std::set<std::string>& assets, TimeUs now,
                              TimeUnit unit) {
  const Account& account = engine.accounts()[id];
  json::array balances;
  for (const std::string& asset : assets) {
    const auto found = account.balances.find(asset);
    const Balance balance = found == account.balances.end() ? Balance{} : found->second;
    balances.push_back({{"a", asset}, {"f", fixed(balance.free)}, {"l", fixed(balance.locked)}});
  }
  return {{"e", "outboundAccountPosition"},
          {"E", stamp(now, unit)},
          {"u", stamp(account.updated, unit)},
          {"B", std::move(balances)}};
}

json::object trade_event(const Engine& engine, const Trade& trade, TimeUs now, TimeUnit unit) {
  return {{"e", "trade"},
          {"E", stamp(now, unit)},
          {"s", engine.symbol(trade.symbol).name},
          {"t", trade.id},
          {"p", fixed(trade.price)},
          {"q", fixed(trade.qty)},
          {"T", stamp(trade.time, unit)},
          {"m", trade.is_buyer_maker},
          {"M", true}};
}

json::object aggregate_event(const Engine& engine, SymbolId symbol, const AggregateTrade& trade, TimeUs now,
                             TimeUnit unit) {
  json::object event{{"e", "aggTrade"}, {"E", stamp(now, unit)}, {"s", engine.symbol(symbol).name}};
  for (const auto& [name, value] : aggregate_trade(trade, unit)) event[name] = value;
  return event;
}

json::object book_ticker_event(const Engine& engine, SymbolId symbol) {
  const auto [bid, bid_qty] = best(engine, symbol, Side::Buy);
  const auto [ask, ask_qty] = best(engine, symbol, Side::Sell);
  return {{"u", engine.update_id(symbol)},
          {"s", engine.symbol(symbol).name},
          {"b", fixed(bid)},
          {"B", fixed(bid_qty)},
          {"a", fixed(ask)},
          {"A", fixed(ask_qty)}};
}

json::object ticker_event(const Engine& engine, const History& history, SymbolId symbol, bool is_mini, TimeUs now,
                          TimeUnit unit) {
  const Day figures = day_of(engine, history, symbol, now);
  json::object event{
      {"e", is_mini ? "24hrMiniTicker" : "24hrTicker"}, {"E", stamp(now, unit)}, {"s", engine.symbol(symbol).name}};
  if (!is_mini) {
    const auto [bid, bid_qty] = best(engine, symbol, Side::Buy);
    const auto [ask, ask_qty] = best(engine, symbol, Side::Sell);
    event["p"] = fixed(figures.change);
    event["P"] = figures.percent;
    event["w"] = fixed(figures.weighted);
    event["x"] = fixed(figures.bar.open);
    event["c"] = fixed(figures.last);
    event["Q"] = history.trades(symbol).empty() ? fixed({}) : fixed(history.trades(symbol).back().qty);
    event["b"] = fixed(bid);
    event["B"] = fixed(bid_qty);
    event["a"] = fixed(ask);
    event["A"] = fixed(ask_qty);
  } else {
    event["c"] = fixed(figures.last);
  }
  event["o"] = fixed(figures.bar.open);
  event["h"] = fixed(figures.bar.high);
  event["l"] = fixed(figures.bar.low);
  event["v"] = fixed(figures.bar.volume);
  event["q"] = fixed(figures.bar.quote_volume);
  if (!is_mini) {
    event["O"] = stamp(now - day, unit);
    event["C"] = stamp(now, unit);
    event["F"] = figures.first;
    event["L"] = figures.final;
    event["n"] = figures.bar.trades;
  }
  return event;
}

json::object bar_event(const Engine& engine, SymbolId symbol, const Bar& bar, std::string_view interval, TimeUs length,
                       TimeUs now, TimeUnit unit) {
  const std::string& name = engine.symbol(symbol).name;
  const TimeUs last = bar.open_time + length - (unit == TimeUnit::Microseconds ? 1 : 1'000);
  const bool is_empty = bar.trades == 0;
  return {{"e", "kline"},
          {"E", stamp(now, unit)},
          {"s", name},
          {"k",
           {{"t", stamp(bar.open_time, unit)},
            {"T", stamp(last, unit)},
            {"s", name},
            {"i", interval},
            {"f", is_empty ? -1 : static_cast<std::int64_t>(bar.first_trade)},
            {"L", is_empty ? -1 : static_cast<std::int64_t>(bar.last_trade)},
            {"o", fixed(bar.open)},
            {"c", fixed(bar.close)},
            {"h", fixed(bar.high)},
            {"l", fixed(bar.low)},
            {"v", fixed(bar.volume)},
            {"n", bar.trades},
            {"x", now >= bar.open_time + length},
            {"q", fixed(bar.quote_volume)},
            {"V", fixed(bar.taker_volume)},
            {"Q", fixed(bar.taker_quote)},
            {"B", "0"}}}};
}

}  // namespace busbar::venue::binance
