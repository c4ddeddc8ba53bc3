#include "gateways/binance/encode.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <boost/json.hpp>

#include "bus/topic.hpp"
#include "gateways/binance/requests.hpp"

namespace busbar::binance {

namespace {

Request public_request(std::string path, Params params) {
  return {.method = "GET", .path = std::move(path), .params = std::move(params), .security = Security::Public};
}

Request listen_key_request(std::string method, std::string_view listen_key) {
  Params params;
  if (!listen_key.empty()) params.emplace_back("listenKey", listen_key);
  return {.method = std::move(method),
          .path = "/api/v3/userDataStream",
          .params = std::move(params),
          .security = Security::Key};
}

}  // namespace

Request encode_query_list(std::string_view venue_list_id) {
  return signed_request("GET", "/api/v3/orderList", {{"origClientOrderId", std::string{venue_list_id}}});
}

Request encode_query_order(std::string_view broker_symbol, std::string_view venue_order_id,
                           std::string_view broker_order_id) {
  return signed_request("GET", "/api/v3/order", order_names(broker_symbol, venue_order_id, broker_order_id));
}

Request encode_open_orders() { return signed_request("GET", "/api/v3/openOrders", {}); }

Request encode_trades_of_order(std::string_view broker_symbol, std::string_view broker_order_id, std::int64_t from_trade_id) {
  return signed_request("GET", "/api/v3/myTrades",
                        {{"symbol", std::string{broker_symbol}},
                         {"orderId", std::string{broker_order_id}},
                         {"fromId", std::to_string(from_trade_id)},
                         {"limit", "1000"}});
}

Request encode_trades_since(std::string_view broker_symbol, std::int64_t start_time_ms) {
  Params params{{"symbol", std::string{broker_symbol}}};
  if (start_time_ms > 0) params.emplace_back("startTime", std::to_string(start_time_ms));
  params.emplace_back("limit", "1000");
  return signed_request("GET", "/api/v3/myTrades", std::move(params));
}

Request encode_trades_from(std::string_view broker_symbol, std::int64_t trade_id) {
  return signed_request(
      "GET", "/api/v3/myTrades",
      {{"symbol", std::string{broker_symbol}}, {"fromId", std::to_string(trade_id)}, {"limit", "1000"}});
}

Request encode_account(bool omits_zeros) {
  return signed_request("GET", "/api/v3/account", omits_zeros ? Params{{"omitZeroBalances", "true"}} : Params{});
}

Request encode_order_count() { return signed_request("GET", "/api/v3/rateLimit/order", {}); }

Request encode_time() { return public_request("/api/v3/time", {}); }

Request encode_exchange_info(bool omits_permissions) {
  // The permission sets are nine tenths of the answer, and nobody here reads them.
  return public_request("/api/v3/exchangeInfo", omits_permissions ? Params{{"showPermissionSets", "false"}} : Params{});
}

Request encode_book_ticker(std::string_view broker_symbol) {
  return public_request("/api/v3/ticker/bookTicker", {{"symbol", std::string{broker_symbol}}});
}

Request encode_ticker_24h(std::string_view broker_symbol) {
  return public_request("/api/v3/ticker/24hr", {{"symbol", std::string{broker_symbol}}});
}

Request encode_depth(std::string_view broker_symbol, std::uint32_t limit) {
  return public_request("/api/v3/depth", {{"symbol", std::string{broker_symbol}},
                                          {"limit", std::to_string(std::clamp<std::uint32_t>(limit, 1, 5000))}});
}

Request encode_klines(std::string_view broker_symbol, std::string_view interval, std::int64_t start_ms,
                      std::int64_t end_ms, std::uint32_t limit) {
  Params params{{"symbol", std::string{broker_symbol}}, {"interval", std::string{interval}}};
  if (start_ms > 0) params.emplace_back("startTime", std::to_string(start_ms));
  if (end_ms > 0) params.emplace_back("endTime", std::to_string(end_ms));
  params.emplace_back("limit", std::to_string(std::clamp<std::uint32_t>(limit, 1, 1000)));
  return public_request("/api/v3/klines", std::move(params));
}

Request encode_recent_trades(std::string_view broker_symbol, std::uint32_t limit) {
  return public_request("/api/v3/trades", {{"symbol", std::string{broker_symbol}},
                                           {"limit", std::to_string(std::clamp<std::uint32_t>(limit, 1, 1000))}});
}

Request encode_listen_key_start() { return listen_key_request("POST", {}); }
Request encode_listen_key_keepalive(std::string_view listen_key) { return listen_key_request("PUT", listen_key); }
Request encode_listen_key_close(std::string_view listen_key) { return listen_key_request("DELETE", listen_key); }

// ---- The WebSocket API

std::optional<std::string_view> ws_method_of(const Request& request) {
  struct Row {
    std::string_view method, path, name;
  };
  constexpr Row rows[] = {
      {"POST", "/api/v3/order", "order.place"},
      {"DELETE", "/api/v3/order", "order.cancel"},
      {"GET", "/api/v3/order", "order.status"},
      {"POST", "/api/v3/order/cancelReplace", "order.cancelReplace"},
      {"PUT", "/api/v3/order/amend/keepPriority", "order.amend.keepPriority"},
      {"GET", "/api/v3/openOrders", "openOrders.status"},
      {"POST", "/api/v3/orderList/oco", "orderList.place.oco"},
      {"POST", "/api/v3/orderList/oto", "orderList.place.oto"},
      {"POST", "/api/v3/orderList/otoco", "orderList.place.otoco"},
      {"DELETE", "/api/v3/orderList", "orderList.cancel"},
      {"GET", "/api/v3/orderList", "orderList.status"},
      {"GET", "/api/v3/myTrades", "myTrades"},
      {"GET", "/api/v3/account", "account.status"},
      {"GET", "/api/v3/rateLimit/order", "account.rateLimits.orders"},
      {"GET", "/api/v3/time", "time"},
      {"GET", "/api/v3/exchangeInfo", "exchangeInfo"},
      {"GET", "/api/v3/depth", "depth"},
      {"GET", "/api/v3/klines", "klines"},
      {"GET", "/api/v3/trades", "trades.recent"},
      {"GET", "/api/v3/ticker/24hr", "ticker.24hr"},
      {"GET", "/api/v3/ticker/bookTicker", "ticker.book"},
  };
  for (const Row& row : rows) {
    if (row.method == request.method && row.path == request.path) return row.name;
  }
  return std::nullopt;
}

namespace {

bool is_number_by_name(std::string_view name) {
  constexpr std::array<std::string_view, 11> names{"timestamp", "recvWindow",     "orderId",      "cancelOrderId",
                                                   "fromId",    "orderListId",    "startTime",    "endTime",
                                                   "limit",     "subscriptionId", "trailingDelta"};
  return std::find(names.begin(), names.end(), name) != names.end() || name.ends_with("TrailingDelta");
}

bool is_flag_by_name(std::string_view name) {
  return name == "omitZeroBalances" || name == "showPermissionSets" || name == "returnRateLimits";
}

// A value as JSON that spells as the text does, which is what was signed: a number only where its digits come out the
// same again.
boost::json::value ws_value(std::string_view name, std::string_view text) {
  if (is_flag_by_name(name) && (text == "true" || text == "false")) return text == "true";
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = error == std::errc{} && end == text.data() + text.size();
  if (is_number_by_name(name) && is_whole && std::to_string(number) == text) return number;
  return boost::json::string_view{text.data(), text.size()};
}

}  // namespace

std::string encode_ws_request(std::string_view id, std::string_view method, const Params& params) {
  boost::json::object values;
  for (const auto& [name, value] : params) values[name] = ws_value(name, value);
  return boost::json::serialize(boost::json::object{{"id", id}, {"method", method}, {"params", std::move(values)}});
}

Params encode_session_logon_params(std::string_view api_key, std::int64_t timestamp_ms, std::uint32_t recv_window_ms) {
  return {{"apiKey", std::string{api_key}},
          {"recvWindow", std::to_string(recv_window_ms)},
          {"timestamp", std::to_string(timestamp_ms)}};
}

Params encode_user_stream_params(std::string_view api_key, std::int64_t timestamp_ms, std::uint32_t recv_window_ms) {
  return encode_session_logon_params(api_key, timestamp_ms, recv_window_ms);
}

std::string encode_session_status(std::string_view id) { return encode_ws_request(id, "session.status", {}); }
std::string encode_session_logout(std::string_view id) { return encode_ws_request(id, "session.logout", {}); }

// ---- Market streams

std::string encode_streams(std::string_view method, const std::vector<std::string>& streams, std::int64_t id) {
  boost::json::array names;
  for (const std::string& stream : streams) names.emplace_back(stream);
  return boost::json::serialize(boost::json::object{{"method", method}, {"params", std::move(names)}, {"id", id}});
}

std::optional<std::string> stream_name(std::string_view broker_symbol, Channel channel, std::uint32_t bar_interval_ms) {
  std::string name{broker_symbol};
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  switch (channel) {
    case Channel::Quote: return name + "@bookTicker";
    case Channel::Trade: return name + "@trade";
    case Channel::Book: return name + "@depth@100ms";
    case Channel::Ticker: return name + "@ticker";
    case Channel::Bar:
      if (const auto interval = interval_name(bar_interval_ms)) return name + "@kline_" + std::string{*interval};
      return std::nullopt;
    case Channel::Unset: break;
  }
  return std::nullopt;
}

}  // namespace busbar::binance
