// Every operation of the venue: its names, who may call it, and what it costs.

#include <algorithm>

#include "tools/venue/binance/api.hpp"

namespace busbar::venue::binance {
namespace {

constexpr std::int64_t weight_1(const Params&) { return 1; }
constexpr std::int64_t weight_2(const Params&) { return 2; }
constexpr std::int64_t weight_4(const Params&) { return 4; }
constexpr std::int64_t weight_6(const Params&) { return 6; }
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
std::int64_t count_of_symbols(const Params& params) {
  const std::string list = params.peek("symbols");
  return std::count(list.begin(), list.end(), ',') + 1;
}
std::int64_t weight_of_windows(const Params& params) {
  return std::min<std::int64_t>(200, 4 * count_of_symbols(params));
}
std::int64_t weight_of_rules(const Params& params) {
  if (params.has("symbol")) return 2;
  return params.has("symbols") ? std::min<std::int64_t>(40, 2 * count_of_symbols(params)) : 40;
}
std::int64_t weight_of_day(const Params& params) {
  if (params.has("symbol")) return 2;
  if (!params.has("symbols")) return 80;
  const std::int64_t count = count_of_symbols(params);
  return count <= 20 ? 2 : count <= 100 ? 40 : 80;
}
std::int64_t weight_of_open(const Params& params) { return params.has("symbol") ? 6 : 80; }
std::int64_t weight_of_trades(const Params& params) { return params.has("orderId") ? 5 : 20; }
std::int64_t weight_of_prevented(const Params& params) { return params.has("orderId") ? 20 : 2; }
std::int64_t weight_of_test(const Params& params) { return params.peek("computeCommissionRates") == "true" ? 20 : 1; }

}  // namespace

// A class, for it names the private functions of another.
struct Operations {
  static constexpr Operation all[] = {
      {"ping", "GET", "/api/v3/ping", Security::None, false, false, weight_1, &Api::ping},
      {"time", "GET", "/api/v3/time", Security::None, false, false, weight_1, &Api::time},
      {"exchangeInfo", "GET", "/api/v3/exchangeInfo", Security::None, false, false, weight_20, &Api::exchange_info},
      {"depth", "GET", "/api/v3/depth", Security::None, false, false, weight_of_depth, &Api::depth},
      {"trades.recent", "GET", "/api/v3/trades", Security::None, false, false, weight_25, &Api::trades},
      {"trades.historical", "GET", "/api/v3/historicalTrades", Security::None, false, false, weight_25,
       &Api::historical_trades},
      {"trades.aggregate", "GET", "/api/v3/aggTrades", Security::None, false, false, weight_4, &Api::aggregate_trades},
      {"klines", "GET", "/api/v3/klines", Security::None, false, false, weight_2, &Api::bars},
      {"uiKlines", "GET", "/api/v3/uiKlines", Security::None, false, false, weight_2, &Api::bars},
      {"avgPrice", "GET", "/api/v3/avgPrice", Security::None, false, false, weight_2, &Api::average},
      {"ticker.24hr", "GET", "/api/v3/ticker/24hr", Security::None, false, false, weight_of_day, &Api::day_ticker},
      {"ticker.price", "GET", "/api/v3/ticker/price", Security::None, false, false, weight_of_tickers,
       &Api::price_ticker},
      {"ticker.book", "GET", "/api/v3/ticker/bookTicker", Security::None, false, false, weight_of_tickers,
       &Api::book_ticker},
      {"ticker", "GET", "/api/v3/ticker", Security::None, false, false, weight_of_windows, &Api::window_ticker},
      {"ticker.tradingDay", "GET", "/api/v3/ticker/tradingDay", Security::None, false, false, weight_of_windows,
       &Api::trading_day_ticker},
      {"executionRules", "GET", "/api/v3/executionRules", Security::None, false, false, weight_of_rules,
       &Api::execution_rules, &Features::has_newer_members},
      {"referencePrice", "GET", "/api/v3/referencePrice", Security::None, false, false, weight_2,
       &Api::reference_price, &Features::has_newer_members},
      {"referencePrice.calculation", "GET", "/api/v3/referencePrice/calculation", Security::None, false, false,
       weight_2, &Api::reference_price, &Features::has_newer_members},

      {"order.place", "POST", "/api/v3/order", Security::Trade, true, true, weight_1, &Api::place},
      {"order.test", "POST", "/api/v3/order/test", Security::Trade, false, false, weight_of_test, &Api::test},
      {"order.cancel", "DELETE", "/api/v3/order", Security::Trade, true, true, weight_1, &Api::cancel},
      {"order.cancelReplace", "POST", "/api/v3/order/cancelReplace", Security::Trade, true, true, weight_1,
       &Api::cancel_replace},
      {"order.amend.keepPriority", "PUT", "/api/v3/order/amend/keepPriority", Security::Trade, false, true, weight_4,
       &Api::amend, &Features::has_amend},
      {"openOrders.cancelAll", "DELETE", "/api/v3/openOrders", Security::Trade, true, true, weight_1,
       &Api::cancel_all},
      {"orderList.place", "POST", "/api/v3/order/oco", Security::Trade, true, true, weight_1, &Api::place_old_oco},
      {"orderList.place.oco", "POST", "/api/v3/orderList/oco", Security::Trade, true, true, weight_1, &Api::place_oco,
       &Features::has_order_lists},
      {"orderList.place.oto", "POST", "/api/v3/orderList/oto", Security::Trade, true, true, weight_1, &Api::place_oto,
       &Features::has_order_lists},
      {"orderList.place.otoco", "POST", "/api/v3/orderList/otoco", Security::Trade, true, true, weight_1,
       &Api::place_otoco, &Features::has_order_lists},
      {"orderList.cancel", "DELETE", "/api/v3/orderList", Security::Trade, true, true, weight_1, &Api::cancel_list},

      {"order.status", "GET", "/api/v3/order", Security::Signed, false, false, weight_4, &Api::order_status},
      {"openOrders.status", "GET", "/api/v3/openOrders", Security::Signed, false, false, weight_of_open,
       &Api::open_orders},
      {"allOrders", "GET", "/api/v3/allOrders", Security::Signed, false, false, weight_20, &Api::all_orders},
      {"order.amendments", "GET", "/api/v3/order/amendments", Security::Signed, false, false, weight_4,
       &Api::amendments, &Features::has_amend},
      {"orderList.status", "GET", "/api/v3/orderList", Security::Signed, false, false, weight_4, &Api::list_status},
      {"openOrderLists.status", "GET", "/api/v3/openOrderList", Security::Signed, false, false, weight_6,
       &Api::open_lists},
      {"allOrderLists", "GET", "/api/v3/allOrderList", Security::Signed, false, false, weight_20, &Api::all_lists},
      {"myTrades", "GET", "/api/v3/myTrades", Security::Signed, false, false, weight_of_trades, &Api::my_trades},
      {"myPreventedMatches", "GET", "/api/v3/myPreventedMatches", Security::Signed, false, false, weight_of_prevented,
       &Api::prevented_matches},
      {"myAllocations", "GET", "/api/v3/myAllocations", Security::Signed, false, false, weight_20, &Api::allocations},
      {"myFilters", "GET", "/api/v3/myFilters", Security::Signed, false, false, weight_40, &Api::filters,
       &Features::has_newer_members},
      {"account.status", "GET", "/api/v3/account", Security::Signed, false, false, weight_20, &Api::account_status},
      {"account.commission", "GET", "/api/v3/account/commission", Security::Signed, false, false, weight_20,
       &Api::commission},
      {"account.rateLimits.orders", "GET", "/api/v3/rateLimit/order", Security::Signed, false, false, weight_40,
       &Api::order_limits},

      {"userDataStream.start", "POST", "/api/v3/userDataStream", Security::Stream, false, false, weight_2,
       &Api::open_listen_key, &Features::has_listen_keys},
      {"userDataStream.ping", "PUT", "/api/v3/userDataStream", Security::Stream, false, false, weight_2,
       &Api::extend_listen_key, &Features::has_listen_keys},
      {"userDataStream.stop", "DELETE", "/api/v3/userDataStream", Security::Stream, false, false, weight_2,
       &Api::close_listen_key, &Features::has_listen_keys},

      // What SDKs ask beside the spot API while they load their markets.
      {"", "GET", "/sapi/v1/capital/config/getall", Security::Signed, false, false, weight_1, &Api::coins,
       &Features::has_wallet},
      {"", "GET", "/sapi/v1/asset/tradeFee", Security::Signed, false, false, weight_1, &Api::trade_fees,
       &Features::has_wallet},
      {"", "GET", "/sapi/v1/margin/allPairs", Security::Key, false, false, weight_1, &Api::nothing,
       &Features::has_wallet},
      {"", "GET", "/sapi/v1/margin/isolated/allPairs", Security::Key, false, false, weight_1, &Api::nothing,
       &Features::has_wallet},
      {"", "GET", "/fapi/v1/exchangeInfo", Security::None, false, false, weight_1, &Api::no_contracts},
      {"", "GET", "/dapi/v1/exchangeInfo", Security::None, false, false, weight_1, &Api::no_contracts},
  };
};

const Operation* Api::by_name(std::string_view name) const {
  if (name.starts_with("v3/")) name.remove_prefix(3);
  for (const Operation& operation : Operations::all) {
    if (operation.needs != nullptr && !(features_.*operation.needs)) continue;
    if (!name.empty() && operation.name == name) return &operation;
  }
  return nullptr;
}

const Operation* Api::by_path(std::string_view method, std::string_view path) const {
  for (const Operation& operation : Operations::all) {
    if (operation.needs != nullptr && !(features_.*operation.needs)) continue;
    if (operation.method == method && operation.path == path) return &operation;
  }
  return nullptr;
}

}  // namespace busbar::venue::binance
