// Accounts, limits and the rules of symbols.

#include "tools/venue/binance/shapes.hpp"

#include "tools/venue/amount.hpp"
#include "tools/venue/binance/names.hpp"

namespace busbar::venue::binance {

namespace json = boost::json;

json::object account_trade(const Engine& engine, const AccountTrade& trade, TimeUnit unit) {
  const std::uint64_t list = engine.order(trade.account, trade.symbol, trade.order_id)->list;
  return {{"symbol", engine.symbol(trade.symbol).name},
          {"id", trade.fill.trade_id},
          {"orderId", trade.order_id},
          {"orderListId", list == 0 ? -1 : static_cast<std::int64_t>(list)},
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
          {"canTrade", account.may_trade},
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

json::array symbol_filters(const Symbol& symbol, bool has_older_filters) {
  json::array filters{
      {{"filterType", "PRICE_FILTER"},
       {"minPrice", fixed(symbol.price_min)},
       {"maxPrice", fixed(symbol.price_max)},
       {"tickSize", fixed(symbol.tick)}},
      {{"filterType", "LOT_SIZE"},
       {"minQty", fixed(symbol.qty_min)},
       {"maxQty", fixed(symbol.qty_max)},
       {"stepSize", fixed(symbol.step)}},
      {{"filterType", "ICEBERG_PARTS"}, {"limit", symbol.iceberg_parts_max}},
      {{"filterType", "MARKET_LOT_SIZE"},
       {"minQty", fixed({})},
       {"maxQty", fixed(symbol.market_qty_max)},
       {"stepSize", fixed({})}},
  };
  if (has_older_filters) {
    filters.push_back({{"filterType", "PERCENT_PRICE"},
                       {"multiplierUp", to_string(symbol.percent_up)},
                       {"multiplierDown", to_string(symbol.percent_down)},
                       {"avgPriceMins", 5}});
    filters.push_back({{"filterType", "MIN_NOTIONAL"},
                       {"minNotional", fixed(symbol.notional_min)},
                       {"applyToMarket", true},
                       {"avgPriceMins", 5}});
  } else {
    filters.push_back({{"filterType", "TRAILING_DELTA"},
                       {"minTrailingAboveDelta", symbol.trailing_delta_min},
                       {"maxTrailingAboveDelta", symbol.trailing_delta_max},
                       {"minTrailingBelowDelta", symbol.trailing_delta_min},
                       {"maxTrailingBelowDelta", symbol.trailing_delta_max}});
    filters.push_back({{"filterType", "PERCENT_PRICE_BY_SIDE"},
                       {"bidMultiplierUp", to_string(symbol.percent_up)},
                       {"bidMultiplierDown", to_string(symbol.percent_down)},
                       {"askMultiplierUp", to_string(symbol.percent_up)},
                       {"askMultiplierDown", to_string(symbol.percent_down)},
                       {"avgPriceMins", 5}});
    filters.push_back({{"filterType", "NOTIONAL"},
                       {"minNotional", fixed(symbol.notional_min)},
                       {"applyMinToMarket", true},
                       {"maxNotional", fixed(symbol.notional_max)},
                       {"applyMaxToMarket", false},
                       {"avgPriceMins", 5}});
  }
  if (symbol.position_max.is_positive()) {
    filters.push_back({{"filterType", "MAX_POSITION"}, {"maxPosition", fixed(symbol.position_max)}});
  }
  filters.push_back({{"filterType", "MAX_NUM_ORDERS"}, {"maxNumOrders", symbol.orders_max}});
  filters.push_back({{"filterType", "MAX_NUM_ALGO_ORDERS"}, {"maxNumAlgoOrders", symbol.stop_orders_max}});
  filters.push_back({{"filterType", "MAX_NUM_ICEBERG_ORDERS"}, {"maxNumIcebergOrders", symbol.iceberg_orders_max}});
  if (!has_older_filters) {
    filters.push_back({{"filterType", "MAX_NUM_ORDER_LISTS"}, {"maxNumOrderLists", symbol.order_lists_max}});
    filters.push_back({{"filterType", "MAX_NUM_ORDER_AMENDS"}, {"maxNumOrderAmends", symbol.amends_max}});
  }
  return filters;
}

json::object symbol_info(const Symbol& symbol, bool shows_permissions, bool has_older_filters) {
  json::array types{"LIMIT", "LIMIT_MAKER", "MARKET"};
  if (symbol.stop_market_allowed) types.emplace_back("STOP_LOSS");
  types.emplace_back("STOP_LOSS_LIMIT");
  if (symbol.stop_market_allowed) types.emplace_back("TAKE_PROFIT");
  types.emplace_back("TAKE_PROFIT_LIMIT");
  json::array modes;
  for (const SelfTrade mode : symbol.self_trade_allowed) modes.emplace_back(name_of(mode));
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
          {"icebergAllowed", symbol.iceberg_allowed},
          {"ocoAllowed", symbol.oco_allowed},
          {"otoAllowed", symbol.oto_allowed},
          {"opoAllowed", false},
          {"quoteOrderQtyMarketAllowed", symbol.quote_qty_allowed},
          {"allowTrailingStop", symbol.trailing_allowed},
          {"cancelReplaceAllowed", symbol.cancel_replace_allowed},
          {"amendAllowed", symbol.amend_allowed},
          {"pegInstructionsAllowed", false},
          {"isSpotTradingAllowed", true},
          {"isMarginTradingAllowed", false},
          {"filters", symbol_filters(symbol, has_older_filters)},
          {"permissions", has_older_filters ? json::array{"SPOT"} : json::array{}},
          {"permissionSets", shows_permissions ? json::array(1, json::array{"SPOT"}) : json::array{}},
          {"defaultSelfTradePreventionMode", name_of(symbol.self_trade_default)},
          {"allowedSelfTradePreventionModes", std::move(modes)}};
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

}  // namespace busbar::venue::binance
