// What an account may ask about itself.

#include <algorithm>

#include "tools/venue/amount.hpp"
#include "tools/venue/binance/api.hpp"

namespace busbar::venue::binance {

namespace json = boost::json;

Reply Api::order_status(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const OrderName name = read_name(params, "orderId", "origClientOrderId");
  params.finish();
  if (params.error()) return failure(*params.error());
  std::optional<ApiError> error;
  const Order* order = find_order(account, *id, name, false, error);
  if (order == nullptr) return failure(*error);
  if (is_hidden(*order)) return failure({-2013, "Order does not exist."});
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
  const std::size_t limit = params.limit();
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
  const std::size_t count = std::min(found.size(), limit);
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
  const std::size_t limit = params.limit();
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
  const std::size_t count = std::min(found.size(), limit);
  const std::size_t first = from_id || start ? 0 : found.size() - count;
  json::array list;
  for (std::size_t i = first; i < first + count; ++i) list.push_back(account_trade(engine_, *found[i], call.unit));
  return {200, std::move(list)};
}

Reply Api::account_status(Call& call, AccountId account) {
  const bool omits_zeros = features_.has_newer_members && call.params.flag("omitZeroBalances").value_or(false);
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

Reply Api::prevented_matches(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const auto match_id = params.integer("preventedMatchId");
  const auto order_id = params.integer("orderId");
  const auto from_id = params.integer("fromPreventedMatchId");
  const std::size_t limit = params.limit();
  params.finish();
  if (match_id.has_value() == order_id.has_value() || (from_id && !order_id)) {
    params.refuse(-1128, "Combination of optional parameters invalid.");
  }
  if (params.error()) return failure(*params.error());
  json::array list;
  for (const PreventedMatch& match : engine_.prevented_matches()) {
    if (match.symbol != *id || match.account != account || list.size() == limit) continue;
    if ((match_id && match.id != *match_id) || (from_id && match.id < *from_id)) continue;
    if (order_id && match.taker_order != static_cast<std::uint64_t>(*order_id) &&
        match.maker_order != static_cast<std::uint64_t>(*order_id)) {
      continue;
    }
    list.push_back(prevented_match(engine_, match, call.unit));
  }
  return {200, std::move(list)};
}

Reply Api::amendments(Call& call, AccountId account) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const auto order_id = static_cast<std::uint64_t>(params.required_integer("orderId"));
  const auto from_id = static_cast<std::uint64_t>(params.integer("fromExecutionId").value_or(0));
  const std::size_t limit = params.limit();
  params.finish();
  if (params.error()) return failure(*params.error());
  json::array list;
  for (const Amendment& change : engine_.amendments()) {
    const bool is_asked = change.symbol == *id && change.account == account && change.order_id == order_id;
    if (is_asked && change.execution_id >= from_id && list.size() < limit) {
      list.push_back(amendment(engine_, change, call.unit));
    }
  }
  return {200, std::move(list)};
}

// There is no smart order routing here, so nothing was ever allocated.
Reply Api::allocations(Call& call, AccountId) {
  Params& params = call.params;
  symbol(params, true);
  for (const char* name : {"startTime", "endTime", "fromAllocationId", "orderId"}) params.integer(name);
  params.limit();
  params.finish();
  if (params.error()) return failure(*params.error());
  return {200, json::array{}};
}

Reply Api::filters(Call& call, AccountId) {
  const auto id = symbol(call.params, true);
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  return {200, json::object{{"exchangeFilters", json::array{}},
                            {"symbolFilters", symbol_filters(engine_.symbol(*id), features_.has_older_filters)},
                            {"assetFilters", json::array{}}}};
}

Reply Api::open_listen_key(Call& call, AccountId account) {
  call.params.finish_none();
  if (call.params.error()) return failure(*call.params.error());
  return {200, json::object{{"listenKey", listen_keys_.open(account, now_())}}};
}

Reply Api::extend_listen_key(Call& call, AccountId account) {
  const std::string key = call.params.required_text("listenKey");
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  if (!listen_keys_.extend(account, key, now_())) return failure({-1125, "This listenKey does not exist."});
  return {200, json::object{}};
}

Reply Api::close_listen_key(Call& call, AccountId account) {
  const std::string key = call.params.required_text("listenKey");
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  if (!listen_keys_.close(account, key, now_())) return failure({-1125, "This listenKey does not exist."});
  return {200, json::object{}};
}

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

Reply Api::trade_fees(Call& call, AccountId account) {
  bool is_single = false;
  const std::vector<SymbolId> ids = symbols(call.params, is_single);
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  const Account& rates = engine_.accounts()[account];
  json::array list;
  for (const SymbolId id : ids) {
    list.push_back({{"symbol", engine_.symbol(id).name},
                    {"makerCommission", to_string(rates.maker_rate)},
                    {"takerCommission", to_string(rates.taker_rate)}});
  }
  return {200, std::move(list)};
}

}  // namespace busbar::venue::binance
