#include "tools/venue/alpaca/data_stream.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "tools/venue/alpaca/trade_stream.hpp"

namespace busbar::venue::alpaca {
namespace {

namespace json = boost::json;

constexpr TimeUs minute_length = 60'000'000;
// Their order is that of a confirmation.
constexpr std::array<const char*, 7> stock_channels{"trades",    "quotes",   "bars", "updatedBars",
                                                    "dailyBars", "statuses", "lulds"};
constexpr std::array<const char*, 6> crypto_channels{"trades", "quotes",      "orderbooks",
                                                     "bars",   "updatedBars", "dailyBars"};

std::vector<std::string> channels_of(bool is_crypto) {
  if (is_crypto) return {crypto_channels.begin(), crypto_channels.end()};
  return {stock_channels.begin(), stock_channels.end()};
}

}  // namespace

DataStream::DataStream(boost::asio::io_context& loop, std::shared_ptr<Socket> socket,
                       const ConnectionSettings& settings, Faults& faults, Api& api, std::string feed, bool is_msgpack,
                       std::function<std::int64_t(AccountId, const std::string&)> peers)
    : Connection{loop, std::move(socket), settings, faults, api.now()}, api_{api}, feed_{std::move(feed)},
      is_msgpack_{is_msgpack}, is_crypto_{feed_ == "crypto"}, peers_{std::move(peers)}, connected_{api.now()},
      last_minute_{connected_ / minute_length} {}

void DataStream::greet() { say("success", "connected"); }

void DataStream::send_value(const json::value& frame) {
  if (is_msgpack_) send_binary(to_msgpack(frame));
  else send(to_json(frame));
}

void DataStream::say(std::string_view kind, std::string_view text, std::int64_t code) {
  json::object said{{"T", kind}};
  if (code != 0) said["code"] = code;
  said["msg"] = text;
  send_value(json::array(1, std::move(said)));
}

void DataStream::on_text(std::string text) {
  const auto message = message_from(text);
  const std::string action = message ? word_in(*message, "action") : std::string{};
  if (action == "auth") return authenticate(*message);
  if (action != "subscribe" && action != "unsubscribe") return say("error", "invalid syntax", 400);
  if (!account_) return say("error", "not authenticated", 401);
  change(*message, action == "subscribe");
}

void DataStream::authenticate(const json::object& message) {
  if (account_) return say("error", "already authenticated", 403);
  const std::string key = word_in(message, "key"), secret = word_in(message, "secret");
  const auto caller = key == "oauth" ? api_.caller_of_token(secret) : api_.caller_of_key(key, secret);
  if (!caller) {
    is_refused_ = true;
    return say("error", "auth failed", 402);
  }
  const bool is_in_plan = feed_ == "iex" || is_crypto_ || feed_ == "delayed_sip" || api_.rules().has_sip;
  if (!is_in_plan) return say("error", "insufficient subscription", 409);
  if (!caller->may_read_data) return say("error", "insufficient scope", 411);
  const std::int64_t most = api_.limits().settings().data_connections;
  if (peers_(caller->account, feed_) >= most) {
    say("error", "connection limit exceeded", 406);
    return close(1000, "connection limit exceeded");
  }
  account_ = caller->account;
  say("success", "authenticated");
}

void DataStream::change(const json::object& message, bool adds) {
  const auto known = channels_of(is_crypto_);
  auto changed = channels_;
  std::set<std::string> books;
  for (const auto& member : message) {
    const std::string channel{member.key()};
    if (channel == "action") continue;
    const json::array* symbols = member.value().if_array();
    if (symbols == nullptr) return say("error", "invalid syntax", 400);
    if (std::find(known.begin(), known.end(), channel) == known.end()) {
      if (symbols->empty()) continue;
      return say("error", "invalid subscribe action for this feed", 410);
    }
    for (const json::value& symbol : *symbols) {
      const bool is_name = symbol.is_string() && !symbol.get_string().empty() && symbol.get_string().front() >= ' ';
      if (!is_name) return say("error", "invalid syntax", 400);
      const std::string name{symbol.get_string()};
      if (!adds) changed[channel].erase(name);
      else if (changed[channel].insert(name).second && channel == "orderbooks") books.insert(name);
    }
  }
  const auto most = static_cast<std::size_t>(api_.limits().settings().stream_symbols);
  if (most != 0 && !is_crypto_ && changed["trades"].size() + changed["quotes"].size() > most) {
    return say("error", "symbol limit exceeded", 405);
  }
  channels_ = std::move(changed);
  confirm();
  for (const Asset& asset : api_.assets().all()) {
    const std::string& name = api_.engine().symbol(asset.symbol).name;
    if (!asset.is_crypto() || (!books.contains(name) && !books.contains("*"))) continue;
    json::object book = book_shape(api_.engine(), asset.symbol, api_.now());
    book["r"] = true;
    push("o", asset, std::move(book), api_.now());
  }
}

// All that is subscribed now. With trades come their corrections.
void DataStream::confirm() {
  json::object said{{"T", "subscription"}};
  const auto list = [&](const std::string& channel) {
    json::array symbols;
    for (const std::string& symbol : channels_[channel]) symbols.emplace_back(symbol);
    return symbols;
  };
  for (const std::string& channel : channels_of(is_crypto_)) said[channel] = list(channel);
  if (!is_crypto_) {
    for (const char* channel : {"corrections", "cancelErrors"}) said[channel] = list("trades");
  }
  send_value(json::array(1, std::move(said)));
}

bool DataStream::wants(const std::string& channel, const Asset& asset) const {
  const auto found = channels_.find(channel);
  if (found == channels_.end() || asset.is_crypto() != is_crypto_) return false;
  return found->second.contains("*") || found->second.contains(api_.engine().symbol(asset.symbol).name);
}

void DataStream::push(std::string_view kind, const Asset& asset, json::object fields, TimeUs now) {
  json::object event{{"T", kind}, {"S", api_.engine().symbol(asset.symbol).name}};
  for (auto& member : fields) event[member.key()] = std::move(member.value());
  send_event(
      "market", kind, std::move(event),
      [](json::value wrapped) -> json::value { return json::array(1, std::move(wrapped)); }, now,
      account_ ? std::string_view{api_.engine().accounts()[*account_].name} : std::string_view{});
}

void DataStream::on_events(const Events& events, const std::vector<SymbolId>& new_tops, TimeUs now) {
  if (!account_) return;
  for (const Trade& trade : events.trades) {
    const Asset& asset = api_.assets().of(trade.symbol);
    if (wants("trades", asset)) push("t", asset, trade_shape(trade, asset), now);
  }
  for (const SymbolId symbol : new_tops) {
    const Asset& asset = api_.assets().of(symbol);
    if (wants("quotes", asset)) push("q", asset, quote_shape(api_.top(symbol), asset), now);
  }
  for (const Asset& asset : api_.assets().all()) {
    if (!wants("orderbooks", asset)) continue;
    json::array bids, asks;
    for (const LevelChange& level : events.levels) {
      if (level.symbol != asset.symbol) continue;
      (level.side == Side::Buy ? bids : asks)
          .push_back(json::object{{"p", number(level.price)}, {"s", number(level.qty)}});
    }
    if (bids.empty() && asks.empty()) continue;
    push("o", asset, json::object{{"t", moment(now)}, {"b", std::move(bids)}, {"a", std::move(asks)}}, now);
  }
}

void DataStream::on_halt(const Asset& asset, TimeUs now) {
  if (!account_ || !wants("statuses", asset)) return;
  const bool is_halted = asset.is_halted;
  push("s", asset,
       json::object{{"sc", is_halted ? "H" : "T"},
                    {"sm", is_halted ? "Trading Halt" : "Trading Resumption"},
                    {"rc", is_halted ? "T12" : "C11"},
                    {"rm", is_halted ? "Trading Halted; For information requested by NASDAQ" : ""},
                    {"t", moment(now)},
                    {"z", asset.exchange == "NASDAQ" ? "C" : "A"}},
       now);
}

// A minute's bar once the minute is over, and the day's as it stands then.
void DataStream::push_bars(TimeUs now) {
  for (const Asset& asset : api_.assets().all()) {
    for (const auto& [channel, kind, timeframe] :
         {std::tuple{"bars", "b", "1Min"}, std::tuple{"dailyBars", "d", "1Day"}}) {
      if (!wants(channel, asset)) continue;
      const auto bars = api_.history().bars(asset.symbol, *periods_named(timeframe, asset.is_crypto()), now);
      const std::size_t from_end = *kind == 'b' ? 2 : 1;  // the minute that has begun is not told yet
      if (bars.size() < from_end) continue;
      const Bar& bar = bars[bars.size() - from_end];
      if (bar.trades > 0) push(kind, asset, bar_shape(bar), now);
    }
  }
}

void DataStream::on_tenth_of_second(TimeUs now) {
  if (is_closed()) return;
  if (!account_ && !is_refused_ && now - connected_ > api_.rules().auth_within) {
    is_refused_ = true;
    say("error", "auth timeout", 404);
    return close(1000, "auth timeout");
  }
  if (account_ && now / minute_length != last_minute_) {
    last_minute_ = now / minute_length;
    push_bars(now);
  }
}

}  // namespace busbar::venue::alpaca
