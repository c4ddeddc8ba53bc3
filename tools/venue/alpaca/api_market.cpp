// Market data over REST: bars, trades and quotes, the latest of them, and snapshots. Of shares and of crypto, which are
// answered in almost the same way.

#include <algorithm>
#include <charconv>

#include "tools/venue/alpaca/api.hpp"
#include "tools/venue/amount.hpp"

namespace busbar::venue::alpaca {

namespace json = boost::json;

namespace {

constexpr std::size_t points_max = 10'000;
constexpr TimeUs sixty_seconds = 60'000'000;

// A date alone is its midnight in UTC.
std::optional<TimeUs> bound_in(const std::string& text) {
  return time_from(text.size() == 10 ? text + "T00:00:00Z" : text);
}

Refused bad_request(std::string message) { return {400, 0, std::move(message), {}}; }

}  // namespace

// Those that are named and known, of a class; unknown ones are not spoken of.
std::vector<const Asset*> Api::asked_assets(const Call& call, AssetClass of) const {
  std::vector<const Asset*> found;
  const std::string text = call.id.empty() ? call.query_value("symbols") : call.id;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string name = text.substr(begin, end - begin);
    const Asset* asset = assets_.find(name);
    const bool is_by_symbol = asset != nullptr && engine_.symbol(asset->symbol).name == name;
    if (is_by_symbol && asset->asset_class == of) found.push_back(asset);
    begin = end + 1;
  }
  std::sort(found.begin(), found.end(), [&](const Asset* a, const Asset* b) {
    return engine_.symbol(a->symbol).name < engine_.symbol(b->symbol).name;
  });
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

// What a series is asked for, from the call's query.
Refused Api::read_series(const Call& call, AssetClass of, Series kind, SeriesWanted& wanted) const {
  const bool is_crypto = of == AssetClass::Crypto;
  if (call.id.empty() && call.query_value("symbols").empty()) return bad_request("symbols is required");
  const auto read_count = [&](const char* name, std::size_t& value, std::size_t least, std::size_t most) {
    const std::string text = call.query_value(name);
    if (text.empty()) return true;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && value >= least && value <= most;
  };
  if (!read_count("limit", wanted.limit, 1, points_max)) return bad_request("invalid limit");
  wanted.limit = std::min(wanted.limit, static_cast<std::size_t>(limits_.settings().data_page));
  if (!read_count("page_token", wanted.skipped, 0, SIZE_MAX)) return bad_request("invalid page_token");
  wanted.end = now_();
  wanted.start = is_crypto ? wanted.end - wanted.end % (1'440 * sixty_seconds)
                           : new_york_midnight(new_york_date(wanted.end));
  for (const auto& [name, bound] : {std::pair{"start", &wanted.start}, std::pair{"end", &wanted.end}}) {
    const std::string text = call.query_value(name);
    if (text.empty()) continue;
    const auto given = bound_in(text);
    if (!given) return bad_request("invalid " + std::string{name});
    *bound = *given;
  }
  const std::string feed = call.query_value("feed");
  if (!is_crypto && !rules_.has_sip && feed != "iex" && wanted.end > now_() - 15 * sixty_seconds) {
    return {403, 0, "subscription does not permit querying recent SIP data", {}};
  }
  wanted.periods = periods_named(call.query_value("timeframe"), is_crypto);
  if (kind == Series::Bars && !wanted.periods) return bad_request("invalid timeframe");
  wanted.is_descending = call.query_value("sort") == "desc";
  return {};
}

// All that there is of an asset within the window, in the order that was asked for.
json::array Api::points(const Asset& asset, Series kind, const SeriesWanted& wanted) const {
  json::array points;
  const auto take = [&](const auto& list, auto&& time_of, auto&& shape_of) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      const auto& one = list[wanted.is_descending ? list.size() - 1 - i : i];
      const TimeUs time = time_of(one);
      if (time >= wanted.start && time <= wanted.end) points.push_back(shape_of(one));
    }
  };
  switch (kind) {
    case Series::Bars:
      take(traded_bars(asset, *wanted.periods), [](const Bar& bar) { return bar.open_time; }, bar_shape);
      break;
    case Series::Trades:
      take(history_.trades(asset.symbol), [](const Trade& trade) { return trade.time; },
           [&](const Trade& trade) { return trade_shape(trade, asset); });
      break;
    case Series::Quotes:
      take(tops_[asset.symbol], [](const Top& top) { return top.time; },
           [&](const Top& top) { return quote_shape(top, asset); });
  }
  return points;
}

// Symbol by symbol, each from the oldest on, unless asked otherwise; one limit for all of them. A page's token is the
// number of points before it.
Reply Api::series(const Call& call, AssetClass of, Series kind) const {
  SeriesWanted wanted;
  if (const Refused refused = read_series(call, of, kind, wanted); refused.status != 0) return failure(refused);
  json::object by_symbol;
  std::size_t before = 0, left = wanted.limit;  // points of symbols that came earlier; room on the page
  for (const Asset* asset : asked_assets(call, of)) {
    json::array all = points(*asset, kind, wanted);
    const std::size_t first = std::min(wanted.skipped - std::min(wanted.skipped, before), all.size());
    const std::size_t count = std::min(left, all.size() - first);
    const json::value* begin = all.data() + first;
    if (count > 0) by_symbol[engine_.symbol(asset->symbol).name] = json::array(begin, begin + count);
    left -= count;
    before += all.size();
  }
  const bool has_more = before > wanted.skipped && before - wanted.skipped > wanted.limit;
  const json::value next = has_more ? json::value(std::to_string(wanted.skipped + wanted.limit)) : json::value(nullptr);
  const char* member = kind == Series::Bars ? "bars" : kind == Series::Trades ? "trades" : "quotes";
  Reply reply;
  if (call.id.empty()) {
    reply.body = json::object{{member, std::move(by_symbol)}, {"next_page_token", next}};
  } else {
    const auto found = by_symbol.find(call.id);
    reply.body = json::object{{member, found == by_symbol.end() ? json::value(nullptr) : found->value()},
                              {"symbol", call.id},
                              {"next_page_token", next}};
  }
  return reply;
}

std::vector<Bar> Api::traded_bars(const Asset& asset, const Periods& periods) const {
  auto bars = history_.bars(asset.symbol, periods, now_());
  std::erase_if(bars, [](const Bar& bar) { return bar.trades == 0; });
  return bars;
}

json::value Api::latest_bar(const Asset& asset) const {
  const auto bars = traded_bars(asset, *periods_named("1Min", asset.is_crypto()));
  return bars.empty() ? json::value(nullptr) : json::value(bar_shape(bars.back()));
}

json::value Api::latest_trade(const Asset& asset) const {
  const auto& trades = history_.trades(asset.symbol);
  return trades.empty() ? json::value(nullptr) : json::value(trade_shape(trades.back(), asset));
}

json::value Api::latest_quote(const Asset& asset) const {
  const Top& now = top(asset.symbol);
  return now.time == 0 ? json::value(nullptr) : json::value(quote_shape(now, asset));
}

// "bars" by symbol, or one "bar" where the path names its symbol.
Reply Api::latest(const Call& call, AssetClass of, std::string_view member,
                  const std::function<json::value(const Asset&)>& shape_of) const {
  if (call.id.empty() && call.query_value("symbols").empty()) return failure(bad_request("symbols is required"));
  json::object by_symbol;
  for (const Asset* asset : asked_assets(call, of)) {
    if (auto point = shape_of(*asset); !point.is_null()) by_symbol[engine_.symbol(asset->symbol).name] = std::move(point);
  }
  Reply reply;
  if (call.id.empty()) {
    reply.body = json::object{{member, std::move(by_symbol)}};
    return reply;
  }
  if (by_symbol.empty()) {
    return failure(404, 0, "no " + std::string{member.substr(0, member.size() - 1)} + " found for " + call.id);
  }
  reply.body = json::object{{"symbol", call.id}, {member.substr(0, member.size() - 1), by_symbol.begin()->value()}};
  return reply;
}

json::object Api::snapshot(const Asset& asset) const {
  const auto days = traded_bars(asset, *periods_named("1Day", asset.is_crypto()));
  const auto day = [&](std::size_t from_end) {
    return days.size() < from_end ? json::value(nullptr) : json::value(bar_shape(days[days.size() - from_end]));
  };
  return {{"latestTrade", latest_trade(asset)},
          {"latestQuote", latest_quote(asset)},
          {"minuteBar", latest_bar(asset)},
          {"dailyBar", day(1)},
          {"prevDailyBar", day(2)}};
}

Reply Api::stock_bars(const Call& call, AccountId) { return series(call, AssetClass::UsEquity, Series::Bars); }
Reply Api::stock_trades(const Call& call, AccountId) { return series(call, AssetClass::UsEquity, Series::Trades); }
Reply Api::stock_quotes(const Call& call, AccountId) { return series(call, AssetClass::UsEquity, Series::Quotes); }
Reply Api::crypto_bars(const Call& call, AccountId) { return series(call, AssetClass::Crypto, Series::Bars); }
Reply Api::crypto_trades(const Call& call, AccountId) { return series(call, AssetClass::Crypto, Series::Trades); }
Reply Api::crypto_quotes(const Call& call, AccountId) { return series(call, AssetClass::Crypto, Series::Quotes); }

Reply Api::stock_latest_bars(const Call& call, AccountId) {
  return latest(call, AssetClass::UsEquity, "bars", [this](const Asset& asset) { return latest_bar(asset); });
}
Reply Api::stock_latest_trades(const Call& call, AccountId) {
  return latest(call, AssetClass::UsEquity, "trades", [this](const Asset& asset) { return latest_trade(asset); });
}
Reply Api::stock_latest_quotes(const Call& call, AccountId) {
  return latest(call, AssetClass::UsEquity, "quotes", [this](const Asset& asset) { return latest_quote(asset); });
}
Reply Api::crypto_latest_bars(const Call& call, AccountId) {
  return latest(call, AssetClass::Crypto, "bars", [this](const Asset& asset) { return latest_bar(asset); });
}
Reply Api::crypto_latest_trades(const Call& call, AccountId) {
  return latest(call, AssetClass::Crypto, "trades", [this](const Asset& asset) { return latest_trade(asset); });
}
Reply Api::crypto_latest_quotes(const Call& call, AccountId) {
  return latest(call, AssetClass::Crypto, "quotes", [this](const Asset& asset) { return latest_quote(asset); });
}
Reply Api::crypto_latest_books(const Call& call, AccountId) {
  return latest(call, AssetClass::Crypto, "orderbooks",
                [this](const Asset& asset) { return json::value(book_shape(engine_, asset.symbol, now_())); });
}

// Those of shares stand at the top, those of crypto under a name.
Reply Api::stock_snapshots(const Call& call, AccountId) {
  Reply reply = latest(call, AssetClass::UsEquity, "snapshots",
                       [this](const Asset& asset) { return json::value(snapshot(asset)); });
  if (reply.status != 200) return reply;
  json::object& body = reply.body.get_object();
  if (call.id.empty()) {
    json::value inner = body.at("snapshots");
    reply.body = std::move(inner);
    return reply;
  }
  json::object inner = body.at("snapshot").get_object();
  inner["symbol"] = call.id;
  reply.body = std::move(inner);
  return reply;
}

Reply Api::crypto_snapshots(const Call& call, AccountId) {
  return latest(call, AssetClass::Crypto, "snapshots",
                [this](const Asset& asset) { return json::value(snapshot(asset)); });
}

}  // namespace busbar::venue::alpaca
