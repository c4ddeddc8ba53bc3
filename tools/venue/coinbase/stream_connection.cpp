#include "tools/venue/coinbase/stream_connection.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace busbar::venue::coinbase {
namespace {

namespace json = boost::json;

constexpr TimeUs second = 1'000'000;
constexpr TimeUs candle_length = 300 * second;
constexpr std::size_t snapshot_trades_max = 50, snapshot_candles_max = 350;
constexpr std::array<std::string_view, 9> names{"heartbeats",    "level2", "ticker", "ticker_batch", "market_trades",
                                                "candles",       "status", "user",   "futures_balance_summary"};

bool needs_token(std::string_view channel) { return channel == "user" || channel == "futures_balance_summary"; }

std::string text_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

// One channel answers under another name.
std::string shown(const std::string& channel) { return channel == "level2" ? "l2_data" : channel; }

// As a Go program prints a time.
std::string go_time(TimeUs now, TimeUs since) {
  std::string text = rfc3339(now, 9);
  text[10] = ' ';
  text.pop_back();
  char offset[40];
  std::snprintf(offset, sizeof offset, " +0000 UTC m=+%lld.%06lld000", static_cast<long long>((now - since) / second),
                static_cast<long long>((now - since) % second));
  return text + offset;
}

}  // namespace

StreamConnection::StreamConnection(boost::asio::io_context& loop, std::shared_ptr<Socket> socket,
                                   const ConnectionSettings& settings, const StreamSettings& streams, Faults& faults,
                                   Api& api, std::string address)
    : Connection{loop, std::move(socket), settings, faults, api.now()}, settings_{streams}, api_{api},
      address_{std::move(address)}, connected_{api.now()}, last_sent_{connected_} {}

bool StreamConnection::has(const std::string& channel, const std::string& product_id) const {
  const auto found = channels_.find(channel);
  return found != channels_.end() && found->second.contains(product_id);
}

void StreamConnection::send_error(std::string_view message) {
  send(json::serialize(json::object{{"type", "error"}, {"message", message}}));
}

void StreamConnection::push(const std::string& channel, json::object event, TimeUs now) {
  last_sent_ = now;
  const std::string name = shown(channel);
  send_event(
      channel == "user" || (channel != "subscriptions" && account_ && channel == "heartbeats") ? "orders" : stream(),
      name, std::move(event),
      [this, name, now](json::value wrapped) -> json::value {
        return json::object{{"channel", name},
                            {"client_id", ""},
                            {"timestamp", rfc3339(now, 9)},
                            {"sequence_num", next_sequence_++},
                            {"events", json::array(1, std::move(wrapped))}};
      },
      now, account_ ? std::string_view{api_.engine().accounts()[*account_].name} : std::string_view{});
}

void StreamConnection::push_list(const std::string& channel, std::string_view type, std::string_view member,
                                 json::array list, TimeUs now) {
  push(channel, json::object{{"type", type}, {member, std::move(list)}}, now);
}

void StreamConnection::on_text(std::string text) {
  const TimeUs now = api_.now();
  boost::system::error_code error;
  const json::value parsed = json::parse(text, error);
  if (error || !parsed.is_object()) return send_error("failed to unmarshal message");
  const json::object& message = parsed.get_object();
  const std::string type = text_in(message, "type"), channel = text_in(message, "channel"),
                    token = text_in(message, "jwt");
  if (token.empty() && api_.limits().left_after_one("messages " + address_,
                                                    api_.limits().settings().messages_per_second, now) < 0) {
    return send_error("rate limit exceeded");
  }
  if (type != "subscribe" && type != "unsubscribe") return send_error("failure to subscribe");
  // A channel that there is not is answered like a token that is wrong.
  if (std::find(names.begin(), names.end(), channel) == names.end()) return send_error("authentication failure");
  std::optional<Api::Caller> caller;
  std::string why;
  if (!token.empty()) caller = api_.caller_of(token, {}, why);
  const bool is_proven = token.empty() ? !needs_token(channel) : caller && caller->permissions.can_view;
  if (!is_proven) return send_error("authentication failure");

  std::set<std::string> product_ids;
  if (const json::value* given = message.if_contains("product_ids"); given != nullptr && !given->is_null()) {
    if (!given->is_array()) return send_error("failure to subscribe");
    for (const json::value& id : given->get_array()) {
      const Product* product = id.is_string() ? api_.products().find(std::string{id.get_string()}) : nullptr;
      if (product == nullptr) return send_error("failure to subscribe");
      product_ids.insert(channel == "user" ? product->id : api_.products().of(product->symbol).id);
    }
  }
  if (type == "unsubscribe") {
    unsubscribe(channel, product_ids);
    return confirm(now);
  }
  const bool is_of_products = channel != "heartbeats" && !needs_token(channel);
  if (is_of_products && product_ids.empty()) {
    if (channel != "status") return send_error("failure to subscribe");
    for (const Product& product : api_.products().all()) product_ids.insert(product.id);
  }
  if (needs_token(channel)) account_ = caller->account;
  subscribe(channel, product_ids, now);
}

// First what there is, then the confirmation: in this order it was recorded.
void StreamConnection::subscribe(const std::string& channel, const std::set<std::string>& product_ids, TimeUs now) {
  was_subscribed_ = true;
  std::set<std::string>& known = channels_[channel];
  known.insert(product_ids.begin(), product_ids.end());
  if (channel == "user" && product_ids.empty()) known.clear();
  send_snapshot(channel, product_ids, now);
  confirm(now);
  if (channel == "heartbeats") next_heartbeat_ = now + second;
  if (channel == "ticker_batch") next_batch_ = now + 5 * second;
}

void StreamConnection::unsubscribe(const std::string& channel, const std::set<std::string>& product_ids) {
  const auto found = channels_.find(channel);
  if (found == channels_.end()) return;
  for (const std::string& id : product_ids) found->second.erase(id);
  if (product_ids.empty() || found->second.empty()) channels_.erase(found);
  if (!has("user")) account_.reset();
}

void StreamConnection::confirm(TimeUs now) {
  json::object all;
  for (const auto& [channel, product_ids] : channels_) {
    json::array list;
    if (channel == "heartbeats") list.emplace_back("heartbeats");
    else if (needs_token(channel)) list.emplace_back(api_.owner_of(*account_).user_id);
    else for (const std::string& id : product_ids) list.emplace_back(id);
    all[channel] = std::move(list);
  }
  push("subscriptions", json::object{{"subscriptions", std::move(all)}}, now);
}

void StreamConnection::send_open_orders(TimeUs now) {
  const std::set<std::string>& products = channels_["user"];
  json::array orders;
  const auto send_page = [&] {
    json::object positions{{"perpetual_futures_positions", json::array{}},
                           {"expiring_futures_positions", json::array{}},
                           {"prediction_market_positions", json::array{}}};
    push("user",
         json::object{{"type", "snapshot"}, {"orders", std::exchange(orders, {})}, {"positions", std::move(positions)}},
         now);
  };
  for (const Order* order : api_.engine().orders(*account_, std::nullopt, true)) {
    const Ticket* ticket = api_.ledger().find(order->symbol, order->id);
    if (!products.empty() && !products.contains(ticket->product_id)) continue;
    orders.push_back(user_order(*order, *ticket, api_.owner_of(*account_), shown_status(*order, *ticket)));
    if (orders.size() == settings_.snapshot_orders_max) send_page();
  }
  send_page();
}

void StreamConnection::send_snapshot(const std::string& channel, const std::set<std::string>& product_ids,
                                     TimeUs now) {
  const Engine& engine = api_.engine();
  if (channel == "user") return send_open_orders(now);
  json::array list;
  for (const std::string& id : product_ids) {
    const Product& product = *api_.products().find(id);
    const SymbolId symbol = product.symbol;
    if (channel == "level2") {
      json::array updates;
      for (const Side side : {Side::Buy, Side::Sell}) {
        for (const auto& [price, qty] : engine.levels(symbol, side, SIZE_MAX)) {
          updates.push_back(level_update(side, price, qty, now));
        }
      }
      push(channel, json::object{{"type", "snapshot"}, {"product_id", id}, {"updates", std::move(updates)}}, now);
    } else if (channel == "ticker" || channel == "ticker_batch") {
      list.push_back(ticker_shape(engine, api_.history(), product, channel == "ticker", now));
    } else if (channel == "market_trades") {
      const auto& trades = api_.history().trades(symbol);
      std::size_t count = 0;
      for (auto trade = trades.rbegin(); trade != trades.rend() && count < snapshot_trades_max; ++trade, ++count) {
        list.push_back(stream_trade(*trade, product));
      }
    } else if (channel == "candles") {
      const auto bars = api_.history().bars(symbol, periods_of(candle_length), now);
      std::size_t count = 0;
      for (auto bar = bars.rbegin(); bar != bars.rend() && count < snapshot_candles_max; ++bar, ++count) {
        json::object candle = candle_shape(*bar);
        candle["product_id"] = id;
        if (count == 0) last_candles_[id] = json::serialize(candle);
        list.push_back(std::move(candle));
      }
    } else if (channel == "status") {
      list.push_back(status_product(engine, product));
    }
  }
  if (channel == "ticker" || channel == "ticker_batch") push_list(channel, "snapshot", "tickers", std::move(list), now);
  if (channel == "market_trades" && !list.empty()) push_list(channel, "snapshot", "trades", std::move(list), now);
  if (channel == "candles") push_list(channel, "snapshot", "candles", std::move(list), now);
  if (channel == "status") push_list(channel, "snapshot", "products", std::move(list), now);
}

void StreamConnection::on_events(const Events& events, const std::vector<SymbolId>& new_tops, TimeUs now) {
  for (SymbolId symbol = 0; symbol < api_.engine().symbol_count(); ++symbol) {
    const Product& product = api_.products().of(symbol);
    if (has("level2", product.id)) {
      json::array updates;
      for (const LevelChange& level : events.levels) {
        if (level.symbol == symbol) updates.push_back(level_update(level.side, level.price, level.qty, now));
      }
      if (!updates.empty()) {
        push("level2",
             json::object{{"type", "update"}, {"product_id", product.id}, {"updates", std::move(updates)}}, now);
      }
    }
    json::array trades;
    for (const Trade& trade : events.trades) {
      if (trade.symbol == symbol) trades.insert(trades.begin(), stream_trade(trade, product));  // newest first
    }
    const bool has_traded = !trades.empty();
    if (has_traded && has("market_trades", product.id)) {
      push_list("market_trades", "update", "trades", std::move(trades), now);
    }
    const bool has_new_top = std::find(new_tops.begin(), new_tops.end(), symbol) != new_tops.end();
    if ((has_traded || has_new_top) && has("ticker", product.id)) {
      push_list("ticker", "update", "tickers",
                json::array(1, ticker_shape(api_.engine(), api_.history(), product, true, now)), now);
    }
    if (has_traded && has("ticker_batch", product.id)) batch_.insert(product.id);
  }
}

void StreamConnection::on_order(const Order& order, const Ticket& ticket, std::string_view status, TimeUs now) {
  const auto user = channels_.find("user");
  if (user == channels_.end() || account_ != order.account) return;
  if (!user->second.empty() && !user->second.contains(ticket.product_id)) return;
  push_list("user", "update", "orders",
            json::array(1, user_order(order, ticket, api_.owner_of(order.account), status)), now);
}

void StreamConnection::on_restrictions(const Product& product, TimeUs now) {
  if (!has("status", product.id)) return;
  push_list("status", "update", "products", json::array(1, status_product(api_.engine(), product)), now);
}

void StreamConnection::push_candles(TimeUs now) {
  const auto subscribed = channels_.find("candles");
  if (subscribed == channels_.end()) return;
  for (const std::string& id : subscribed->second) {
    const auto bars = api_.history().bars(api_.products().find(id)->symbol, periods_of(candle_length), now);
    if (bars.empty()) continue;
    json::object candle = candle_shape(bars.back());
    candle["product_id"] = id;
    std::string text = json::serialize(candle);
    if (std::exchange(last_candles_[id], text) == text) continue;
    push_list("candles", "update", "candles", json::array(1, std::move(candle)), now);
  }
}

void StreamConnection::on_tenth_of_second(TimeUs now) {
  if (!was_subscribed_ && now - connected_ > settings_.subscribe_within) return close(1008, "no subscription");
  if (now - last_sent_ > settings_.idle_max) return close(1000, "no updates");
  if (has("heartbeats") && now >= next_heartbeat_) {
    next_heartbeat_ = now + second;
    push("heartbeats",
         json::object{{"current_time", go_time(now, connected_)}, {"heartbeat_counter", heartbeats_++}}, now);
  }
  if (now >= next_candles_) {
    next_candles_ = now + second;
    push_candles(now);
  }
  if (has("ticker_batch") && now >= next_batch_) {
    next_batch_ = now + 5 * second;
    json::array tickers;
    for (const std::string& id : std::exchange(batch_, {})) {
      tickers.push_back(ticker_shape(api_.engine(), api_.history(), *api_.products().find(id), false, now));
    }
    if (!tickers.empty()) push_list("ticker_batch", "update", "tickers", std::move(tickers), now);
  }
}

}  // namespace busbar::venue::coinbase
