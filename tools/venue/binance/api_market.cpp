// What everybody may ask of the market.

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "tools/venue/amount.hpp"
#include "tools/venue/binance/api.hpp"
#include "tools/venue/binance/intervals.hpp"

namespace busbar::venue::binance {

namespace json = boost::json;

namespace {

const ApiError other_status{-1220, "The symbol's status does not match the requested symbolStatus."};

// "1m" to "59m", "1h" to "23h", "1d" to "7d".
std::optional<TimeUs> window_named(const std::string& name) {
  constexpr std::tuple<char, int, TimeUs> units[] = {
      {'m', 59, 60'000'000}, {'h', 23, 3'600'000'000}, {'d', 7, 86'400'000'000}};
  if (name.size() < 2 || name.size() > 3 || name.find_first_not_of("0123456789") != name.size() - 1) {
    return std::nullopt;
  }
  const int count = std::atoi(name.c_str());
  for (const auto& [unit, most, length] : units) {
    if (name.back() == unit && count >= 1 && count <= most) return count * length;
  }
  return std::nullopt;
}

}  // namespace

Reply Api::depth(Call& call, AccountId) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const std::size_t limit = params.limit(100, 5'000);
  const auto status = read_status(params);
  params.finish();
  if (params.error()) return failure(*params.error());
  if (status && engine_.symbol(*id).status != *status) return failure(other_status);
  return {200, json::object{{"lastUpdateId", engine_.update_id(*id)},
                            {"bids", levels(engine_.levels(*id, Side::Buy, limit))},
                            {"asks", levels(engine_.levels(*id, Side::Sell, limit))}}};
}

Reply Api::last_of_trades(Call& call, bool has_from_id) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const auto from_id = has_from_id ? params.integer("fromId") : std::nullopt;
  const std::size_t limit = params.limit();
  params.finish();
  if (params.error()) return failure(*params.error());
  const auto& all = history_.trades(*id);
  std::size_t first = all.size() - std::min(all.size(), limit);
  if (from_id) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Trade& trade) {
      return trade.id >= static_cast<std::uint64_t>(*from_id);
    });
    first = static_cast<std::size_t>(found - all.begin());
  }
  json::array list;
  for (std::size_t i = first; i < std::min(all.size(), first + limit); ++i) {
    list.push_back(public_trade(all[i], call.unit));
  }
  return {200, std::move(list)};
}

Reply Api::trades(Call& call, AccountId) { return last_of_trades(call, false); }

Reply Api::historical_trades(Call& call, AccountId) { return last_of_trades(call, true); }

Reply Api::aggregate_trades(Call& call, AccountId) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const auto from_id = params.integer("fromId");
  const auto start = params.integer("startTime");
  const auto end = params.integer("endTime");
  const std::size_t limit = params.limit();
  params.finish();
  if (params.error()) return failure(*params.error());
  std::vector<const AggregateTrade*> found;
  for (const AggregateTrade& trade : history_.aggregates(*id)) {
    if (from_id && trade.id < static_cast<std::uint64_t>(*from_id)) continue;
    if ((start && trade.time < from_stamp(*start)) || (end && trade.time > from_stamp(*end))) continue;
    found.push_back(&trade);
  }
  const std::size_t count = std::min(found.size(), limit);
  const std::size_t first = from_id || start ? 0 : found.size() - count;
  json::array list;
  for (std::size_t i = first; i < first + count; ++i) list.push_back(aggregate_trade(*found[i], call.unit));
  return {200, std::move(list)};
}

Reply Api::bars(Call& call, AccountId) {
  Params& params = call.params;
  const auto id = symbol(params, true);
  const auto interval = interval_named(params.required_text("interval"));
  if (!interval) params.refuse(-1120, "Invalid interval.");
  const auto start = params.integer("startTime");
  const auto end = params.integer("endTime");
  const auto zone = time_zone_named(params.text("timeZone").value_or("0"));
  if (!zone) params.refuse(-1130, "Data sent for parameter 'timeZone' is not valid.");
  const std::size_t limit = params.limit();
  params.finish();
  if (params.error()) return failure(*params.error());
  std::vector<Bar> found = history_.bars(*id, periods_of(*interval, *zone), now_());
  std::erase_if(found, [&](const Bar& bar) {
    return (start && bar.open_time < from_stamp(*start)) || (end && bar.open_time > from_stamp(*end));
  });
  const std::size_t count = std::min(found.size(), limit);
  const std::size_t first = start ? 0 : found.size() - count;
  json::array list;
  for (std::size_t i = first; i < first + count; ++i) {
    list.push_back(bar(found[i], interval->end_of(found[i].open_time, *zone), call.unit));
  }
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

// One that has another status is refused; several are only left out.
Reply Api::tickers(Call& call, const std::function<json::object(SymbolId)>& shape) {
  bool is_single = false;
  std::vector<SymbolId> ids = symbols(call.params, is_single);
  const auto status = read_status(call.params);
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  if (status) std::erase_if(ids, [&](SymbolId id) { return engine_.symbol(id).status != *status; });
  if (is_single) return ids.empty() ? failure(other_status) : Reply{200, shape(ids.front())};
  json::array list;
  for (const SymbolId id : ids) list.push_back(shape(id));
  return {200, std::move(list)};
}

std::optional<SymbolStatus> Api::read_status(Params& params) {
  const auto name = params.text("symbolStatus");
  const auto status = name ? symbol_status_named(*name) : std::nullopt;
  if (name && !status) params.refuse(-1122, "Invalid symbolStatus.");
  return status;
}

bool Api::read_is_mini(Params& params) {
  const std::string type = params.text("type").value_or("FULL");
  if (type != "FULL" && type != "MINI") params.refuse(-1139, "Invalid ticker type.");
  return type == "MINI";
}

Reply Api::day_ticker(Call& call, AccountId) {
  const bool is_mini = read_is_mini(call.params);
  return tickers(call,
                 [&](SymbolId id) { return binance::day_ticker(engine_, history_, id, is_mini, now_(), call.unit); });
}

Reply Api::window_ticker(Call& call, AccountId) {
  Params& params = call.params;
  params.require_one_of("symbol", "symbols");
  const bool is_mini = read_is_mini(params);
  const auto window = window_named(params.text("windowSize").value_or("1d"));
  if (!window) params.refuse(-1130, "Data sent for parameter 'windowSize' is not valid.");
  if (params.error()) return failure(*params.error());
  const TimeUs from = now_() - *window;
  return tickers(call, [&](SymbolId id) {
    return binance::window_ticker(engine_, history_, id, from, is_mini, now_(), call.unit);
  });
}

Reply Api::trading_day_ticker(Call& call, AccountId) {
  Params& params = call.params;
  params.require_one_of("symbol", "symbols");
  const bool is_mini = read_is_mini(params);
  const auto zone = time_zone_named(params.text("timeZone").value_or("0"));
  if (!zone) params.refuse(-1130, "Data sent for parameter 'timeZone' is not valid.");
  if (params.error()) return failure(*params.error());
  const TimeUs from = interval_named("1d")->start_of(now_(), *zone);
  return tickers(call, [&](SymbolId id) {
    return binance::window_ticker(engine_, history_, id, from, is_mini, now_(), call.unit);
  });
}

Reply Api::price_ticker(Call& call, AccountId) {
  return tickers(call, [&](SymbolId id) -> json::object {
    return {{"symbol", engine_.symbol(id).name}, {"price", fixed(engine_.last_price(id))}};
  });
}

Reply Api::book_ticker(Call& call, AccountId) {
  return tickers(call, [&](SymbolId id) { return binance::book_ticker(engine_, id); });
}

// The symbols here have neither a reference price nor rules that would need one.
Reply Api::execution_rules(Call& call, AccountId) {
  bool is_single = false;
  std::vector<SymbolId> ids = symbols(call.params, is_single);
  const auto status = read_status(call.params);
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  if (status) std::erase_if(ids, [&](SymbolId id) { return engine_.symbol(id).status != *status; });
  json::array list;
  for (const SymbolId id : ids) list.push_back({{"symbol", engine_.symbol(id).name}, {"rules", json::array{}}});
  return {200, json::object{{"symbolRules", std::move(list)}}};
}

Reply Api::reference_price(Call& call, AccountId) {
  symbol(call.params, true);
  call.params.text("symbolStatus");
  call.params.finish();
  if (call.params.error()) return failure(*call.params.error());
  return failure({-2043, "This symbol doesn't have a reference price."});
}

}  // namespace busbar::venue::binance
