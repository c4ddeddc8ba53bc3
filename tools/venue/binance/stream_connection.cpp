#include "tools/venue/binance/stream_connection.hpp"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "tools/venue/amount.hpp"
#include "tools/venue/binance/intervals.hpp"

namespace busbar::venue::binance {
namespace {

namespace json = boost::json;

constexpr std::size_t streams_max = 1'024;

// The windows that have a stream.
std::optional<Interval> window_named(std::string_view name) {
  return name == "1h" || name == "4h" || name == "1d" ? interval_named(name) : std::nullopt;
}

json::object fault(int code, std::string_view text) { return {{"code", code}, {"msg", text}}; }

}  // namespace

StreamConnection::StreamConnection(boost::asio::io_context& loop, std::shared_ptr<Socket> socket,
                                   const ConnectionSettings& settings, Faults& faults, const Engine& engine,
                                   const History& history, Options options, TimeUs now)
    : Connection{loop, std::move(socket), settings, faults, now}, engine_{engine}, history_{history},
      options_{std::move(options)}, now_{now} {
  for (const std::string& name : options_.streams) subscribe(name, now);
}

// Names are case-sensitive, and one that means nothing is taken without a word and never sends anything.
StreamConnection::Subscription StreamConnection::parse(std::string name, TimeUs now) const {
  Subscription result;
  result.name = std::move(name);
  if (result.name.starts_with('!')) {
    result.period = 1'000'000;
    result.next_due = now + result.period;
    if (result.name == "!miniTicker@arr") result.kind = Kind::AllMiniTickers;
    if (result.name.starts_with("!ticker_") && result.name.ends_with("@arr")) {
      result.interval = window_named(std::string_view{result.name}.substr(8, result.name.size() - 12));
      if (result.interval) result.kind = Kind::AllWindowTickers;
    }
    return result;
  }
  const std::size_t at = result.name.find('@');
  if (at == std::string::npos) {
    const auto account = options_.account_of ? options_.account_of(result.name) : std::nullopt;
    result.kind = account ? Kind::Account : Kind::Nothing;
    result.account = account.value_or(0);
    return result;
  }
  std::string symbol = result.name.substr(0, at);
  std::string what = result.name.substr(at + 1);
  if (std::any_of(symbol.begin(), symbol.end(), [](unsigned char c) { return std::isupper(c) != 0; })) return result;
  std::transform(symbol.begin(), symbol.end(), symbol.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const auto id = engine_.symbol_by_name(symbol);
  if (!id) return result;
  result.symbol = *id;
  result.period = 1'000'000;
  const bool is_fast = what.ends_with("@100ms");
  if (is_fast) what.resize(what.size() - 6);
  if (what == "trade") result.kind = Kind::Trade;
  else if (what == "aggTrade") result.kind = Kind::AggregateTrade;
  else if (what == "bookTicker") result.kind = Kind::BookTicker;
  else if (what == "ticker") result.kind = Kind::Ticker;
  else if (what == "miniTicker") result.kind = Kind::MiniTicker;
  else if (what == "avgPrice") result.kind = Kind::Average;
  else if (what.starts_with("ticker_")) {
    result.interval = window_named(std::string_view{what}.substr(7));
    if (result.interval) result.kind = Kind::WindowTicker;
  } else if (what.starts_with("kline_")) {
    const std::size_t zone_at = what.find('@');
    result.interval = interval_named(std::string_view{what}.substr(6, zone_at - 6));
    const auto zone = zone_at == what.npos ? std::optional<TimeUs>{0} : time_zone_named(what.substr(zone_at + 1));
    if (result.interval && zone) result.kind = Kind::Bars;
    result.zone = zone.value_or(0);
    if (result.interval && result.interval->name != "1s") result.period = 2'000'000;
  } else if (what == "depth" || what == "depth5" || what == "depth10" || what == "depth20") {
    result.kind = what == "depth" ? Kind::Depth : Kind::PartialDepth;
    result.levels = what == "depth" ? 0 : static_cast<std::size_t>(std::atoi(what.c_str() + 5));
    if (is_fast) result.period = 100'000;
    result.last_update = engine_.update_id(*id);
  }
  result.next_due = now + result.period;
  return result;
}

void StreamConnection::subscribe(const std::string& name, TimeUs now) {
  const bool is_known =
      std::any_of(subscriptions_.begin(), subscriptions_.end(), [&](const Subscription& s) { return s.name == name; });
  if (!is_known && !name.empty()) subscriptions_.push_back(parse(name, now));
}

void StreamConnection::push(const Subscription& subscription, json::value payload, TimeUs now) {
  const auto wrap = [is_combined = options_.is_combined, stream = subscription.name](json::value event) -> json::value {
    if (!is_combined) return event;
    return {{"stream", stream}, {"data", std::move(event)}};
  };
  const std::string name = event_name(payload);
  const bool is_account = subscription.kind == Kind::Account;
  send_event(is_account ? "orders" : "market", name, std::move(payload), wrap, now,
             is_account ? std::string_view{engine_.accounts()[subscription.account].name} : std::string_view{});
}

// The one that is over is told once more, as closed, before its successor.
void StreamConnection::push_bars(Subscription& subscription, TimeUs now) {
  const std::string name{subscription.interval->name};
  const auto bars = history_.bars(subscription.symbol, periods_of(*subscription.interval, subscription.zone), now);
  for (const Bar& bar : bars) {
    if (bar.open_time < subscription.bar_open || (subscription.bar_open == 0 && &bar != &bars.back())) continue;
    const TimeUs end = subscription.interval->end_of(bar.open_time, subscription.zone);
    push(subscription, bar_event(engine_, subscription.symbol, bar, name, end, now, options_.unit), now);
  }
  if (!bars.empty()) subscription.bar_open = bars.back().open_time;
}

json::object StreamConnection::window_event(const Subscription& subscription, SymbolId symbol, TimeUs now) const {
  const Interval& window = *subscription.interval;
  return window_ticker_event(engine_, history_, symbol, window.name, now - window.length, now, options_.unit);
}

void StreamConnection::on_account_event(AccountId account, const std::function<json::object(TimeUnit)>& shape,
                                        TimeUs now) {
  for (const Subscription& subscription : subscriptions_) {
    if (subscription.kind == Kind::Account && subscription.account == account) {
      push(subscription, shape(options_.unit), now);
    }
  }
}

void StreamConnection::on_listen_key_expired(const std::string& key, TimeUs now) {
  for (Subscription& subscription : subscriptions_) {
    if (subscription.kind != Kind::Account || subscription.name != key) continue;
    push(subscription,
         json::object{{"e", "listenKeyExpired"}, {"E", stamp(now, options_.unit)}, {"listenKey", key}}, now);
    subscription.kind = Kind::Nothing;
  }
}

bool StreamConnection::has_account_events() const {
  return std::any_of(subscriptions_.begin(), subscriptions_.end(),
                     [](const Subscription& subscription) { return subscription.kind == Kind::Account; });
}

void StreamConnection::on_events(const Events& events, const std::vector<SymbolId>& new_tops, TimeUs now) {
  now_ = now;
  for (Subscription& subscription : subscriptions_) {
    switch (subscription.kind) {
      case Kind::Trade:
        for (const Trade& trade : events.trades) {
          if (trade.symbol == subscription.symbol)
            push(subscription, trade_event(engine_, trade, now, options_.unit), now);
        }
        break;
      case Kind::AggregateTrade: {  // trades of one taker at one price are told together, once it is done
        const auto first = std::find_if(events.trades.begin(), events.trades.end(),
                                        [&](const Trade& t) { return t.symbol == subscription.symbol; });
        if (first == events.trades.end()) break;
        const auto& all = history_.aggregates(subscription.symbol);
        auto aggregate = all.end();
        while (aggregate != all.begin() && std::prev(aggregate)->last >= first->id) --aggregate;
        for (; aggregate != all.end(); ++aggregate) {
          push(subscription, aggregate_event(engine_, subscription.symbol, *aggregate, now, options_.unit), now);
        }
        break;
      }
      case Kind::BookTicker:
        if (std::find(new_tops.begin(), new_tops.end(), subscription.symbol) != new_tops.end()) {
          push(subscription, book_ticker_event(engine_, subscription.symbol), now);
        }
        break;
      case Kind::Depth:
        for (const LevelChange& level : events.levels) {
          if (level.symbol == subscription.symbol) subscription.changes[{level.side, level.price}] = level.qty;
        }
        break;
      default: break;
    }
  }
}

void StreamConnection::on_tenth_of_second(TimeUs now) {
  now_ = now;
  for (Subscription& subscription : subscriptions_) {
    if (subscription.period == 0 || now < subscription.next_due) continue;
    subscription.next_due = now - now % 100'000 + subscription.period;
    const SymbolId id = subscription.symbol;
    switch (subscription.kind) {
      case Kind::Depth: {
        if (subscription.changes.empty()) break;
        json::array bids, asks;
        for (const auto& [level, qty] : subscription.changes) {
          (level.first == Side::Buy ? bids : asks).push_back(json::array{fixed(level.second), fixed(qty)});
        }
        subscription.changes.clear();
        const std::uint64_t last = engine_.update_id(id);
        push(subscription,
             json::object{{"e", "depthUpdate"},
                          {"E", stamp(now, options_.unit)},
                          {"s", engine_.symbol(id).name},
                          {"U", subscription.last_update + 1},
                          {"u", last},
                          {"b", std::move(bids)},
                          {"a", std::move(asks)}},
             now);
        subscription.last_update = last;
        break;
      }
      case Kind::PartialDepth:
        push(subscription,
             json::object{{"lastUpdateId", engine_.update_id(id)},
                          {"bids", levels(engine_.levels(id, Side::Buy, subscription.levels))},
                          {"asks", levels(engine_.levels(id, Side::Sell, subscription.levels))}},
             now);
        break;
      case Kind::Ticker:
      case Kind::MiniTicker:
        push(subscription,
             ticker_event(engine_, history_, id, subscription.kind == Kind::MiniTicker, now, options_.unit), now);
        break;
      case Kind::AllMiniTickers: {
        json::array all;
        for (SymbolId each = 0; each < engine_.symbol_count(); ++each) {
          all.push_back(ticker_event(engine_, history_, each, true, now, options_.unit));
        }
        push(subscription, std::move(all), now);
        break;
      }
      case Kind::WindowTicker: push(subscription, window_event(subscription, id, now), now); break;
      case Kind::AllWindowTickers: {
        json::array all;
        for (SymbolId each = 0; each < engine_.symbol_count(); ++each) {
          all.push_back(window_event(subscription, each, now));
        }
        push(subscription, std::move(all), now);
        break;
      }
      case Kind::Bars: push_bars(subscription, now); break;
      case Kind::Average:
        push(subscription,
             json::object{
                 {"e", "avgPrice"},
                 {"E", stamp(now, options_.unit)},
                 {"s", engine_.symbol(id).name},
                 {"i", "5m"},
                 {"w", fixed(average_price(engine_, history_, id, now))},
                 {"T", stamp(history_.trades(id).empty() ? now : history_.trades(id).back().time, options_.unit)}},
             now);
        break;
      default: break;
    }
  }
}

void StreamConnection::on_text(std::string text) {
  if (!is_within_message_rate(now_)) return close(1008, "Too many requests");
  boost::system::error_code error;
  const json::value message = json::parse(text, error);
  if (error || !message.is_object()) {
    return send(json::serialize(fault(3, "Invalid JSON: expected value at line 1 column 1")));
  }
  on_control_message(message.get_object());
}

void StreamConnection::on_control_message(const json::object& message) {
  const auto refuse = [&](int code, std::string_view reason) { send(json::serialize(fault(code, reason))); };
  const json::value* id = message.if_contains("id");
  const json::value* method = message.if_contains("method");
  const json::value* params = message.if_contains("params");
  if (method == nullptr || !method->is_string()) {
    return refuse(2, "Invalid request: missing field `method` at line 1 column 1");
  }
  if (id == nullptr ||
      !(id->is_uint64() || id->is_string() || id->is_null() || (id->is_int64() && id->get_int64() >= 0))) {
    return refuse(2, "Invalid request: request ID must be an unsigned integer");
  }
  const auto confirm = [&](json::value result) {
    send(json::serialize(json::object{{"result", std::move(result)}, {"id", *id}}));
  };
  const std::string_view name{method->get_string()};
  const json::array* list = params == nullptr ? nullptr : params->if_array();

  if (name == "SUBSCRIBE" || name == "UNSUBSCRIBE") {
    if (list == nullptr ||
        !std::all_of(list->begin(), list->end(), [](const json::value& v) { return v.is_string(); })) {
      return refuse(2, "Invalid request: params must be an array of strings");
    }
    for (const json::value& stream : *list) {
      const std::string wanted{stream.get_string()};
      if (name == "UNSUBSCRIBE") std::erase_if(subscriptions_, [&](const Subscription& s) { return s.name == wanted; });
      else subscribe(wanted, now_);
    }
    if (subscriptions_.size() > streams_max) return close(1008, "Too many streams");
    return confirm(nullptr);
  }
  if (name == "LIST_SUBSCRIPTIONS") {
    json::array names;
    for (const Subscription& subscription : subscriptions_) names.emplace_back(subscription.name);
    return confirm(std::move(names));
  }
  if (name == "SET_PROPERTY" || name == "GET_PROPERTY") {
    if (list == nullptr || list->empty() || !list->front().is_string()) {
      return refuse(2, "Invalid request: property name must be a string");
    }
    if (list->size() > (name == "SET_PROPERTY" ? 2U : 1U)) return refuse(2, "Invalid request: too many parameters");
    if (list->front().get_string() != "combined") {
      return send(json::serialize(json::object{{"code", 0}, {"msg", "Unknown property"}, {"id", *id}}));
    }
    if (name == "GET_PROPERTY") return confirm(options_.is_combined);
    if (list->size() < 2 || !list->back().is_bool()) return refuse(1, "Invalid value type: expected Boolean");
    options_.is_combined = list->back().get_bool();
    return confirm(nullptr);
  }
  refuse(2, "Invalid request: unknown variant `" + std::string{name} +
                "`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` "
                "at line 1 column 28");
}

void StreamConnection::announce_shutdown(TimeUs now) {
  const json::object event{{"e", "serverShutdown"}, {"E", stamp(now, options_.unit)}};
  send(json::serialize(options_.is_combined ? json::object{{"stream", "!serverShutdown"}, {"data", event}} : event));
}

}  // namespace busbar::venue::binance
