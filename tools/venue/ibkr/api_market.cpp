// Instruments, prices of now, and prices of before.

#include <algorithm>

#include "tools/venue/amount.hpp"
#include "tools/venue/ibkr/api.hpp"
#include "tools/venue/ibkr/numbers.hpp"

namespace busbar::venue::ibkr {

namespace json = boost::json;

namespace {

constexpr std::size_t snapshot_conids_max = 100, snapshot_fields_max = 50, definitions_max = 200, bars_max = 1'000;

std::optional<std::int64_t> conid_in(const json::object& body) {
  const json::value* value = body.if_contains("conid");
  if (value != nullptr && value->is_int64()) return value->get_int64();
  return value != nullptr && value->is_string() ? integer_from(value->get_string()) : std::nullopt;
}

// 1min, 2h, 1d: its length; zero for what it is not. "m" alone is a month in periods.
TimeUs length_of(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = integer_from(text.substr(0, digits));
  const std::string_view unit = text.substr(digits);
  const TimeUs one = unit == "S" || unit == "s" ? second
                     : unit == "min"             ? 60 * second
                     : unit == "h"               ? 3'600 * second
                     : unit == "d"               ? 86'400 * second
                     : unit == "w"               ? 7 * 86'400 * second
                     : unit == "m"               ? 30 * 86'400 * second
                     : unit == "y"               ? 365 * 86'400 * second
                                                 : 0;
  return count && *count > 0 && *count <= 1'000 ? *count * one : 0;
}

}  // namespace

Reply Api::stocks(const Call& call) {
  Reply reply;
  reply.body = contracts_.stocks(call.query_list("symbols"));
  return reply;
}

Reply Api::futures(const Call& call) {
  Reply reply;
  reply.body = contracts_.futures(call.query_list("symbols"));
  return reply;
}

Reply Api::definitions(const Call& call) {
  std::vector<std::string> conids = call.query_list("conids");
  if (const json::value* list = call.object().if_contains("conids"); list != nullptr && list->is_array()) {
    for (const json::value& each : list->get_array()) {
      if (each.is_int64()) conids.push_back(std::to_string(each.get_int64()));
    }
  }
  if (conids.empty() || conids.size() > definitions_max) return refused(400, "conids is required, 200 at most");
  json::array list;
  for (const std::string& text : conids) {
    const auto conid = integer_from(text);
    const auto symbol = conid ? contracts_.find(*conid) : std::nullopt;
    if (symbol) list.push_back(contracts_.definition(*symbol));
  }
  Reply reply;
  reply.body = json::object{{"secdef", std::move(list)}};
  return reply;
}

Reply Api::all_conids(const Call& call) {
  Reply reply;
  reply.body = contracts_.conids(call.query_value("exchange"));
  return reply;
}

Reply Api::search(const Call& call) {
  const auto member = [&](std::string_view name) {
    const json::value* value = call.object().if_contains(name);
    if (value == nullptr) return call.query_value(name);
    return value->is_string() ? std::string{value->get_string()} : written(*value);
  };
  const std::string symbol = member("symbol"), by_name = member("name");
  if (symbol.empty()) return refused(400, "symbol is required");
  Reply reply;
  reply.body = contracts_.search(symbol, by_name == "true" || by_name == "True", member("secType"));
  return reply;
}

Reply Api::search_info(const Call& call) {
  const auto conid = integer_from(call.query_value("conid"));
  const std::string type = call.query_value("secType"), month = call.query_value("month");
  json::array list;
  for (SymbolId id = 0; id < engine_.symbol_count(); ++id) {
    const Contract& contract = contracts_.of(id);
    const bool is_it = conid && (contract.conid == *conid || contract.underlying_conid == *conid);
    if (!is_it || (!type.empty() && type != contract.sec_type)) continue;
    json::object shape = contracts_.section_info(id);
    if (month.empty() || shape.at("desc2") == json::value(month)) list.push_back(std::move(shape));
  }
  Reply reply;
  reply.body = std::move(list);
  return reply;
}

Reply Api::contract_info(const Call& call) {
  const auto conid = integer_from(call.ids.front());
  const auto symbol = conid ? contracts_.find(*conid) : std::nullopt;
  if (!symbol) return refused(404, "contract not found");
  Reply reply;
  reply.body = contracts_.info(*symbol);
  return reply;
}

Reply Api::contract_info_and_rules(const Call& call) {
  Reply reply = contract_info(call);
  if (!reply.refusal.empty()) return reply;
  const SymbolId symbol = *contracts_.find(*integer_from(call.ids.front()));
  reply.body.as_object()["rules"] =
      contracts_.trading_rules(symbol, call.user->account_id, engine_.last_price(symbol));
  return reply;
}

Reply Api::contract_rules(const Call& call) {
  const auto conid = conid_in(call.object());
  const auto symbol = conid ? contracts_.find(*conid) : std::nullopt;
  if (!symbol) return refused(400, "conid is required");
  Reply reply;
  reply.body = contracts_.trading_rules(*symbol, call.user->account_id, engine_.last_price(*symbol));
  return reply;
}

// Six days on which it is traded, by New York's dates, the next of them first.
Reply Api::trading_schedule(const Call& call) {
  const auto conid = integer_from(call.query_value("conid"));
  const auto symbol = conid ? contracts_.find(*conid) : std::nullopt;
  if (!symbol) return refused(400, "conid is required");
  constexpr int days_told = 6, days_looked_at = 14;
  const auto span = [](TimeUs opening, TimeUs closing) {
    return json::object{{"opening", opening / second}, {"closing", closing / second}};
  };
  const Hours hours = has_hours(*symbol) ? hours_.settings().hours : Hours::Open;
  const auto day_of = [&](std::chrono::sys_days date) {
    const TimeUs midnight = new_york_midnight(date), next = new_york_midnight(date + std::chrono::days{1});
    if (hours == Hours::Open) return json::object{{"liquid_hours", json::array(1, span(midnight, next))}};
    if (hours == Hours::Extended) return json::object{{"extended_hours", json::array(1, span(midnight, next))}};
    const auto session = hours_.session(date, now_());
    if (!session) return json::object{};
    json::object whole = span(session->pre_open, session->post_close);
    whole["cancel_daily_orders"] = true;
    return json::object{{"liquid_hours", json::array(1, span(session->open, session->close))},
                        {"extended_hours", json::array(1, std::move(whole))}};
  };
  json::object schedules;
  const auto today = new_york_date(hours_.market_time(now_()));
  for (int i = 0; i < days_looked_at && schedules.size() < days_told; ++i) {
    std::string date = date_text(today + std::chrono::days{i});
    std::erase(date, '-');
    if (json::object told = day_of(today + std::chrono::days{i}); !told.empty()) schedules[date] = std::move(told);
  }
  Reply reply;
  reply.body = json::object{{"exchange_time_zone", "US/Eastern"}, {"schedules", std::move(schedules)}};
  return reply;
}

// The first asking for a conid only wakes it.
Reply Api::snapshot(const Call& call) {
  const auto conids = call.query_list("conids"), fields = call.query_list("fields");
  if (conids.empty()) return refused(400, "conids is required");
  if (conids.size() > snapshot_conids_max) return refused(400, "at most 100 conids");
  if (fields.size() > snapshot_fields_max) return refused(400, "at most 50 fields");
  json::array list;
  for (const std::string& text : conids) {
    const auto conid = integer_from(text.substr(0, text.find('@')));
    const auto symbol = conid ? contracts_.find(*conid) : std::nullopt;
    if (!symbol) {
      list.push_back(json::object{{"conid", -1}, {"conidEx", text}});
      continue;
    }
    json::object shape{{"conidEx", text}, {"conid", *conid}};
    if (!call.user->session.warm.insert(*conid).second) {
      shape["_updated"] = now_() / 1'000;
      shape["server_id"] = "q" + std::to_string(*symbol);
      shape["6119"] = "q" + std::to_string(*symbol);
      shape["6509"] = "RpB";
      for (auto& each : market_fields(engine_, history_, contracts_, *symbol, fields, now_())) {
        shape[each.key()] = each.value();
      }
    }
    list.push_back(std::move(shape));
  }
  Reply reply;
  reply.body = std::move(list);
  return reply;
}

// Bars of the trades that the venue has seen; before it was started there are none. Volumes are given in hundreds.
json::object Api::history_shape(SymbolId symbol, const std::string& period, const std::string& bar,
                                const std::string& start_time, const std::string& source) const {
  const TimeUs length = length_of(bar), all = length_of(period), time = now_();
  const bool is_of_trades = source.empty() || source == "Last" || source == "trades";
  const Periods periods{[length](TimeUs moment) { return moment / length * length; },
                        [length](TimeUs start) { return start + length; }, length < 60 * second};
  std::vector<Bar> bars = history_.bars(symbol, periods, time);
  std::erase_if(bars, [&](const Bar& each) {
    return each.open_time < time - all || (!start_time.empty() && dashed_time(each.open_time) > start_time);
  });
  if (bars.size() > bars_max) bars.erase(bars.begin(), bars.end() - static_cast<std::ptrdiff_t>(bars_max));
  const Contract& contract = contracts_.of(symbol);
  const Decimal factor{100, 0};
  json::array data;
  Decimal high, low;
  for (const Bar& each : bars) {
    high = std::max(high, each.high);
    low = low.is_zero() ? each.low : std::min(low, each.low);
    const Decimal volume =
        is_of_trades ? divide(each.volume, factor, places_max, Round::Down).value_or(Decimal{}) : Decimal{};
    data.push_back(json::object{{"o", number(each.open)},
                                {"c", number(each.close)},
                                {"h", number(each.high)},
                                {"l", number(each.low)},
                                {"v", number(volume)},
                                {"t", each.open_time / 1'000}});
  }
  const auto extreme = [&](Decimal price) { return plain(times(price, factor)) + "/0/0"; };
  return {{"serverId", std::to_string(20'962'328 + symbol)},
          {"symbol", contract.ticker()},
          {"text", contract.name},
          {"priceFactor", 100},
          {"startTime", dashed_time(bars.empty() ? time : bars.front().open_time)},
          {"high", extreme(high)},
          {"low", extreme(low)},
          {"timePeriod", period},
          {"barLength", length / second},
          {"mdAvailability", "S"},
          {"mktDataDelay", 0},
          {"outsideRth", false},
          {"volumeFactor", 100},
          {"priceDisplayRule", 1},
          {"priceDisplayValue", std::to_string(places_of(engine_.symbol(symbol).tick))},
          {"negativeCapable", false},
          {"messageVersion", 2},
          {"data", std::move(data)},
          {"points", bars.empty() ? 0 : bars.size() - 1},
          {"travelTime", 3}};
}

Reply Api::market_history(const Call& call) {
  const auto conid = integer_from(call.query_value("conid"));
  const auto symbol = conid ? contracts_.find(*conid) : std::nullopt;
  if (!symbol) return refused(400, "conid is required");
  const std::string period = call.query_value("period").empty() ? "1w" : call.query_value("period");
  const std::string bar = call.query_value("bar").empty() ? "1d" : call.query_value("bar");
  if (length_of(period) == 0 || length_of(bar) == 0) return refused(400, "invalid period or bar");
  Reply reply;
  reply.body = history_shape(*symbol, period, bar, call.query_value("startTime"), call.query_value("source"));
  return reply;
}

Reply Api::unsubscribe(const Call& call) {
  const auto conid = conid_in(call.object());
  if (!conid || call.user->session.warm.erase(*conid) == 0) return refused(500, "unknown");
  Reply reply;
  reply.body = json::object{{"success", true}};
  return reply;
}

Reply Api::unsubscribe_all(const Call& call) {
  call.user->session.warm.clear();
  Reply reply;
  reply.body = json::object{{"unsubscribed", true}};
  return reply;
}

}  // namespace busbar::venue::ibkr
