#include <algorithm>
#include <functional>
#include <string>

#include "gateways/binance/decode.hpp"
#include "gateways/binance/instruments.hpp"
#include "gateways/binance/read.hpp"
#include "tests/vectors/binance_checks.hpp"
#include "tests/vectors/binance_json.hpp"

namespace busbar::vectors {

using namespace busbar::binance;

namespace {

using Names = std::vector<std::string_view>;
using Decoded = Result<void>;

template <auto Decode>
Decoded one(std::string_view body) {
  if (const auto result = Decode(body); !result) return result.error();
  return Decoded{};
}

// Endpoints that answer for one symbol with an object, and for several with an array.
template <auto One, auto Many>
Decoded one_or_many(std::string_view body) {
  const auto first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && body[first] == '[' ? one<Many>(body) : one<One>(body);
}

Decoded exchange_info(std::string_view body) {
  const auto info = decode_exchange_info(body);
  if (!info) return info.error();
  if (!info->complaints.empty()) return Error{ErrorCode::InvalidMessage, info->complaints.front()};
  return Decoded{};
}

// What a ping answers says nothing.
Decoded nothing(std::string_view body) {
  const auto value = parse_json(body);
  if (!value) return value.error();
  if (!value->is_object() || !value->get_object().empty()) return Error{ErrorCode::InvalidMessage, "ping: not empty"};
  return Decoded{};
}

// One endpoint whose decoder ships, under all the names that it has in the vectors.
struct Endpoint {
  Names paths;     // of REST; with its method where that makes a difference
  Names methods;   // of the WebSocket API
  Names headings;  // in the documentation; with an underscore: part of the name of a recorder's file
  Decoded (*decode)(std::string_view body);
  Names amounts = {};               // members that are amounts, and so strings
  std::vector<Place> places = {};   // and those without names
};

const Names order_amounts = {"price", "stopPrice", "origQty", "executedQty", "cummulativeQuoteQty"};

const std::vector<Endpoint> endpoints = {
    {{"/api/v3/ping", "PUT /api/v3/userDataStream", "DELETE /api/v3/userDataStream"},
     {"ping", "userDataStream.ping", "userDataStream.stop"},
     {"Test connectivity", "ping_response"},
     nothing},
    {{"/api/v3/time"}, {"time"}, {"Check server time", "_time"}, one<decode_time>},
    {{"/api/v3/exchangeInfo"},
     {"exchangeInfo"},
     {"Exchange information", "exchange_info"},
     exchange_info,
     {"tickSize", "stepSize"}},
    {{"/api/v3/depth"}, {"depth"}, {"Order book", "_depth"}, one<decode_depth>, {}, {{0, {}}, {1, {}}}},
    {{"/api/v3/trades", "/api/v3/historicalTrades"},
     {"trades.recent", "trades.historical"},
     {"Recent trades list", "Old trade lookup", "Historical Block Trades", "market_trades", "historical_trades"},
     one<decode_recent_trades>,
     {"price", "qty"}},
    {{"/api/v3/aggTrades"},
     {"trades.aggregate"},
     {"Compressed/Aggregate trades list", "agg_trades"},
     one<decode_aggregate_trades>,
     {"p", "q"}},
    {{"/api/v3/klines", "/api/v3/uiKlines"},
     {"klines", "uiKlines"},
     {"Kline/Candlestick data", "UIKlines", "_klines"},
     one<decode_klines>,
     {},
     {{1, "open"}, {2, "high"}, {3, "low"}, {4, "close"}}},
    {{"/api/v3/avgPrice"}, {"avgPrice"}, {"Current average price", "avg_price"}, one<decode_average_price>, {"price"}},
    {{"/api/v3/ticker/24hr", "/api/v3/ticker/tradingDay", "/api/v3/ticker"},
     {"ticker.24hr", "ticker.tradingDay", "ticker"},
     {"24hr ticker price change statistics", "Trading Day Ticker", "Rolling window price change statistics",
      "ticker_24hr", "24hr_ticker"},
     one_or_many<decode_ticker_24h, decode_tickers_24h>,
     {"openPrice", "highPrice", "lowPrice", "lastPrice", "volume", "bidPrice", "askPrice"}},
    {{"/api/v3/ticker/price"},
     {"ticker.price"},
     {"Symbol price ticker", "ticker_price"},
     one_or_many<decode_price_ticker, decode_price_tickers>,
     {"price"}},
    {{"/api/v3/ticker/bookTicker"},
     {"ticker.book"},
     {"Symbol order book ticker", "book_ticker"},
     one_or_many<decode_book_ticker, decode_book_tickers>,
     {"bidPrice", "bidQty", "askPrice", "askQty"}},
    {{"/api/v3/account"},
     {"account.status"},
     {"Account information", "wallet_account", "account_info"},
     one<decode_account>,
     {"free", "locked"}},
    {{"/api/v3/account/commission"},
     {"account.commission"},
     {"Query Commission Rates", "commission_rates"},
     one<decode_commission>,
     {"maker", "taker"}},
    {{"/api/v3/myTrades"},
     {"myTrades"},
     {"Account trade list", "my_trades", "account_trades"},
     one<decode_trades>,
     {"price", "qty", "commission"}},
    {{"/api/v3/rateLimit/order"},
     {"account.rateLimits.orders"},
     {"Query Unfilled Order Count"},
     one<decode_order_counts>},
    {{"/api/v3/userDataStream"}, {"userDataStream.start"}, {"listen_key"}, one<decode_listen_key>},
    {{"/api/v3/order/cancelReplace"},
     {"order.cancelReplace"},
     {"Cancel an Existing Order and Send a New Order"},
     one<decode_cancel_replace>,
     order_amounts},
    {{"/api/v3/order/amend/keepPriority"},
     {"order.amend.keepPriority"},
     {"Order Amend Keep Priority"},
     one<decode_amend>,
     {"price", "qty", "origQty", "executedQty"}},
    {{"/api/v3/order", "/api/v3/sor/order"},
     {"order.place", "order.status", "order.cancel", "sor.order.place"},
     {"New order", "Query order", "Cancel order", "New order using SOR", "new_order", "_order_response"},
     one_or_many<decode_order, decode_orders>,
     order_amounts},
    {{"/api/v3/openOrders", "/api/v3/allOrders"},
     {"openOrders.status", "openOrders.cancelAll", "allOrders"},
     {"Current open orders", "All orders", "Cancel All Open Orders on a Symbol", "open_orders", "all_orders"},
     one<decode_orders>,
     order_amounts},
    {{"/api/v3/orderList", "/api/v3/orderList/oco", "/api/v3/orderList/oto", "/api/v3/orderList/otoco",
      "/api/v3/orderList/opo", "/api/v3/orderList/opoco", "/api/v3/order/oco"},
     {"orderList.place", "orderList.place.oco", "orderList.place.oto", "orderList.place.otoco", "orderList.place.opo",
      "orderList.place.opoco", "orderList.cancel", "orderList.status"},
     {"New OCO - Deprecated", "New Order list - OCO", "New Order list - OTO", "New Order list - OTOCO",
      "New Order List - OPO", "New Order List - OPOCO", "Cancel Order list", "Query Order list"},
     one<decode_order_list>,
     order_amounts},
    {{"/api/v3/openOrderList", "/api/v3/allOrderList"},
     {"openOrderLists.status", "allOrderLists"},
     {"Query Open Order lists", "Query all Order lists"},
     one<decode_order_lists>},
};

bool has(const Names& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "Trading endpoints > Order lists > Cancel Order list (TRADE)" to "Cancel Order list".
std::string_view heading_of(std::string_view section) {
  if (const auto at = section.rfind(" > "); at != std::string_view::npos) section.remove_prefix(at + 3);
  return section.ends_with(')') ? section.substr(0, section.rfind(" (")) : section;
}

const Endpoint* by_heading(std::string_view section) {
  const std::string_view heading = heading_of(section);
  for (const Endpoint& endpoint : endpoints) {
    for (const std::string_view name : endpoint.headings) {
      const bool is_file = name.find('_') != std::string_view::npos;
      if (is_file ? section.find(name) != std::string_view::npos : heading == name) return &endpoint;
    }
  }
  return nullptr;
}

// Of a case that gives a REST body: where it is from stands in `endpoint` ("GET /api/v3/depth") or `section`.
const Endpoint* by_case(const json::object& given) {
  const std::string asked = text_of(given, "endpoint");
  const auto space = asked.find(' ');
  if (space == std::string::npos) return by_heading(text_of(given, "section"));
  for (const Endpoint& endpoint : endpoints) {
    if (has(endpoint.paths, asked) || has(endpoint.paths, asked.substr(space + 1))) return &endpoint;
  }
  return nullptr;
}

const Endpoint* by_method(std::string_view method) {
  for (const Endpoint& endpoint : endpoints) {
    if (has(endpoint.methods, method)) return &endpoint;
  }
  return nullptr;
}

// The body must be taken by the endpoint's decoder, and a copy with an amount of the wrong JSON type refused.
void check_body(Case& a_case, const Endpoint& endpoint, const std::string& body) {
  const json::value value = json::parse(body);
  if (value.is_null()) {  // somebody recorded no answer at all: it may not pass for one
    if (endpoint.decode(body)) a_case.mismatch("body", "null to be refused", "it was taken");
    return;
  }
  // An error is no answer either; only that of a cancelReplace tells what was done.
  if (decode_error(body) && !value.get_object().contains("data")) return;
  if (!is_decoded(a_case, endpoint.decode(body))) return;
  refuses(a_case, spoil(body, endpoint.amounts), endpoint.decode);
  refuses(a_case, spoil_rows(body, endpoint.places), endpoint.decode);
}

// Whatever it is: nothing may break over it.
void feed_every_decoder(Case& a_case, std::string_view text) {
  is_decoded(a_case, parse_json(text));
  for (const Endpoint& endpoint : endpoints) (void)endpoint.decode(text);
  (void)decode_error(text);
  (void)decode_symbol(text);
  (void)decode_user_frame(text);
  (void)decode_ws_api_frame(text);
  (void)decode_market_frame(text);
}

// Members of `expected` that say no more than that it is JSON.
json::object without_parse_flags(const json::value& expected) {
  json::object rest = expected.as_object();
  for (const char* flag : {"must_parse_as_json", "must_not_crash"}) rest.erase(flag);
  return rest;
}

void check_order(Case& a_case, const json::value& expected, const std::string& body) {
  const auto order = decode_order(body);
  if (is_decoded(a_case, order)) a_case.compare(expected, as_json(*order), "expected.order");
}

}  // namespace

void check_rest_answer(Case& a_case) {
  const std::string body = text_of(a_case.given(), "body");
  if (const Endpoint* endpoint = by_case(a_case.given())) return check_body(a_case, *endpoint, body);
  // It is not named as we know it: then one of the decoders must know it by its shape.
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.decode(body)) return check_body(a_case, endpoint, body);
  }
  feed_every_decoder(a_case, body);  // it is of an endpoint that nobody here asks
}

void check_any_payload(Case& a_case) {
  const json::object& given = a_case.given();
  if (given.contains("response")) {
    feed_every_decoder(a_case, text_of(given, "response"));
    return check_ws_exchange(a_case);
  }
  const std::string body = text_of(given, "body");
  feed_every_decoder(a_case, body);
  const json::object expected = without_parse_flags(a_case.expected());
  const Endpoint* endpoint = by_case(given);
  if (expected.contains("order_id")) {
    check_order(a_case, expected, body);
    endpoint = by_method("order.place");
  }
  if (endpoint != nullptr) check_body(a_case, *endpoint, body);
}

void check_ws_exchange(Case& a_case) {
  const auto frame = decode_ws_api_frame(text_of(a_case.given(), "response"));
  if (!is_decoded(a_case, frame)) return;
  const auto* response = std::get_if<WsResponse>(&*frame);
  if (response == nullptr) return a_case.mismatch("response", "an answer", "an event");

  json::object expected = without_parse_flags(a_case.expected());
  if (const json::value* id = expected.if_contains("id"); id != nullptr && !id->is_string()) {
    expected["id"] = id->is_null() ? json::value{nullptr} : json::value(json::serialize(*id));
  }
  if (const json::value* order = expected.if_contains("order")) check_order(a_case, *order, response->result);
  expected.erase("order");
  json::value got = as_json(*response);
  if (!response->id) got.as_object()["id"] = nullptr;
  if (!response->result.empty()) got.as_object()["result"] = json::parse(response->result);
  a_case.compare(expected, got);

  const std::string request = text_of(a_case.given(), "request");
  if (request.empty()) return;
  const json::object asked = json::parse(request).as_object();
  const std::string method = text_of(asked, "method");
  if (const json::value* params = asked.if_contains("params")) check_spelling(a_case, method, params->as_object());
  const Endpoint* endpoint = by_method(method);
  if (endpoint != nullptr) check_body(a_case, *endpoint, response->body());
}

void check_rate_limits(Case& a_case) {
  const std::string text = text_of(a_case.given(), "response");
  const json::value response = json::parse(text);
  const json::object* object = response.if_object();
  if (object != nullptr && object->contains("status")) return check_ws_exchange(a_case);
  // Limits alone, or those of exchangeInfo.
  const json::value* limits = object == nullptr ? &response : object->if_contains("rateLimits");
  const auto counts = decode_order_counts(limits == nullptr ? text : json::serialize(*limits));
  if (is_decoded(a_case, counts)) {
    a_case.compare(a_case.expected(), json::object{{"rate_limits", as_json(*counts)}});
  }
}

}  // namespace busbar::vectors
