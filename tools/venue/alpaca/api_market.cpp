// Market data over REST: bars, trades and quotes, the latest of them, and snapshots. Of shares and of crypto, which are
// answered in almost the same way.

#include <algorithm>
#include <charconv>

#include "tools/venue/alpaca/api.hpp"
#include "tools/venue/amount.hpp"

namespace busbar::venue::alpaca {

namespace json = boost::json;

namespace {

constexpr std::size_t points_usual = 1'000, points_max = 10'000;
constexpr TimeUs sixty_seconds = 60'000'000;

struct Window {
  TimeUs start = 0, end = 0;
  bool holds(TimeUs time) const { return time >= start && time <= end; }
};

// A date alone is its midnight in UTC.
std::optional<TimeUs> bound_in(const std::string& text) {
  return time_from(text.size() == 10 ? text + "T00:00:00Z" : text);
}

Reply bad_request(std::string_view message) { return Api::failure(400, 0, message); }

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

// Symbol by symbol, each from the oldest on, unless asked otherwise; one limit for all of them. A page's token is the
// number of points before it.
Reply Api::series(const Call& call, AssetClass of, Series kind) const {
  const char* member = kind == Series::Bars ? "bars" : kind == Series::Trades ? "trades" : "quotes";
  const bool is_crypto = of == AssetClass::Crypto;
  if (call.id.empty() && call.query_value("symbols").empty()) return bad_request("symbols is required");
  std::size_t limit = points_usual, skipped = 0;
  const auto read_count = [&](const char* name, std::size_t& value, std::size_t least, std::size_t most) {
    const std::string text = call.query_value(name);
    if (text.empty()) return true;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() && value >= least && value <= most;
  };
  if (!read_count("limit", limit, 1, points_max)) return bad_request("invalid limit");
  if (!read_count("page_token", skipped, 0, SIZE_MAX)) return bad_request("invalid page_token");
  const TimeUs time = now_();
  const TimeUs midnight = is_crypto ? time - time % (1'440 * sixty_seconds) : new_york_midnight(new_york_date(time));
  Window window{midnight, time};
  for (const auto& [name, bound] : {std::pair{"start", &window.start}, std::pair{"end", &window.end}}) {
    const std::string text = call.query_value(name);
    if (text.empty()) continue;
    const auto given = bound_in(text);
    if (!given) return bad_request("invalid " + std::string{name});
    *bound = *given;
  }
  const std::string feed = call.query_value("feed");
  if (!is_crypto && !rules_.has_sip && feed != "iex" && window.end > time - 15 * sixty_seconds) {
    return failure(403, 0, "subscription does not permit querying recent SIP data");
  }
  const auto periods = periods_named(call.query_value("timeframe"), is_crypto);
  if (kind == Series::Bars && !periods) return bad_request("invalid timeframe");
  const bool is_descending = call.query_value("sort") == "desc";

  json::object by_symbol;
  std::size_t seen = 0, taken = 0;
  bool has_more = false;
  for (const Asset* asset : asked_assets(call, of)) {
    json::array points;
    const auto add = [&](TimeUs when, auto&& shape_of) {
      if (!window.holds(when) || seen++ < skipped) return;
      if (taken == limit) {
        has_more = true;
        return;
      }
      ++taken;
      points.push_back(shape_of());
    };
    const auto each = [&](const auto& list, auto&& time_of, auto&& shape_of) {
      for (std::size_t i = 0; i < list.size(); ++i) {
        const auto& one = list[is_descending ? list.size() - 1 - i : i];
        add(time_of(one), [&] { return json::value(shape_of(one)); });
      }
    };
    if (kind == Series::Bars) {
      auto bars = history_.bars(asset->symbol, *periods, time);
      std::erase_if(bars, [](const Bar& bar) { return bar.trades == 0; });
      each(bars, [](const Bar& bar) { return bar.open_time; }, [](const Bar& bar) { return bar_shape(bar); });
    } else if (kind == Series::Trades) {
      each(history_.trades(asset->symbol), [](const Trade& trade) { return trade.time; },
           [&](const Trade& trade) { return trade_shape(trade, *asset); });
    } else {
      each(tops_[asset->symbol], [](const Top& top) { return top.time; },
           [&](const Top& top) { return quote_shape(top, *asset); });
    }
    if (!points.empty()) by_symbol[engine_.symbol(asset->symbol).name] = std::move(points);
  }
  const json::value next = has_more ? json::value(std::to_string(skipped + taken)) : json::value(nullptr);
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

json::value Api::latest_bar(const Asset& asset) const {
  auto bars = history_.bars(asset.symbol, *periods_named("1Min", asset.is_crypto()), now_());
  std::erase_if(bars, [](const Bar& bar) { return bar.trades == 0; });
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
  if (call.id.empty() && call.query_value("symbols").empty()) return bad_request("symbols is required");
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
  auto days = history_.bars(asset.symbol, *periods_named("1Day", asset.is_crypto()), now_());
  std::erase_if(days, [](const Bar& bar) { return bar.trades == 0; });
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
